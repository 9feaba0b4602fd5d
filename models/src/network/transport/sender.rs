//! The sending end: what is sent, when, and how the window moves.
//!
//! RFC 5681, RFC 6675 and RFC 6298, with the parts that have files of their own: the scoreboard, recovery, the time-out,
//! the congestion control. A sender knows no engine: it is told what comes and asked what to send. The connection opens with
//! a SYN; it does not close (no FIN).
//!
//! New data may be sent as long as the pipe is below the window and the receive window has room. The window may grow only
//! if it was what held the sender back: in congestion avoidance if it was full, in slow start if more than half of it was in
//! use. After a pause of more than a time-out it starts again from the initial window (RFC 5681 section 4.1).

use sim_core::{SimDuration, SimTime};

use super::congestion::{Ack, CongestionControl, RateSample, Window};
use super::recovery::{Recovery, State};
use super::rto::Rto;
use super::scoreboard::{DUP_THRESHOLD, News, RateMark, Scoreboard};
use super::settings::Settings;
use super::slow_start::SlowStart;
use super::tag::Tag;

/// A transfer without end.
pub(super) const ENDLESS: u64 = u64::MAX;

/// Whether the connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    /// The SYN is to be sent, again if `lost`.
    Opening {
        lost: bool,
    },
    /// The SYN was sent at this time, for the first time if not `lost`.
    Greeting {
        at: u64,
        lost: bool,
    },
    Open,
}

/// What a sender does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Sends this: payload bytes, and how long ago they were sent last, in ticks, if they were.
    Segment { tag: Tag, length: u32, again: Option<u64> },
    /// Waits until this time, to keep its pace.
    Later(SimTime),
    /// Waits for acknowledgements, for the timer or for the application.
    Nothing,
}

/// The state of a sender. Times in ticks.
#[derive(Debug)]
pub(super) struct Sender {
    phase: Phase,
    board: Scoreboard,
    pub(super) window: Window,
    control: Box<dyn CongestionControl>,
    slow_start: Option<Box<dyn SlowStart>>,
    rto: Rto,
    recovery: Recovery,
    /// When the timer expires; `u64::MAX` if it is off.
    deadline: u64,
    /// Bytes that were not sent yet.
    left: u64,
    /// No new data from here on.
    stop: u64,
    /// The first segment outstanding when the timer expired last; `u64::MAX` if it never did.
    expired: u64,
    /// The first segment sent after the last reduction by a mark: marks count again once it is acknowledged.
    marked_until: u64,
    /// The next new segment says that the window was reduced.
    tell_reduced: bool,
    /// The next segment may not go before.
    pace: u64,
    last_sent: u64,
    delivered: RateMark,
    mss: u32,
    initial: Window,
    receive_window: u64,
    selective: bool,
}

impl Sender {
    pub(super) fn new(settings: &Settings) -> Self {
        let initial = Window { size: settings.initial_window, threshold: settings.initial_threshold };
        Self {
            phase: Phase::Closed,
            board: Scoreboard::default(),
            window: initial,
            control: settings.control.boxed_clone(),
            slow_start: settings.slow_start.as_ref().map(|law| law.boxed_clone()),
            rto: Rto::new(settings.rto_min, settings.rto_max),
            recovery: Recovery::new(settings.style),
            deadline: u64::MAX,
            left: 0,
            stop: u64::MAX,
            expired: u64::MAX,
            marked_until: 0,
            tell_reduced: false,
            pace: 0,
            last_sent: 0,
            delivered: RateMark::default(),
            mss: settings.mss,
            initial,
            receive_window: settings.receive_window,
            selective: settings.manner.selective,
        }
    }
    /// Opens a connection at `now`; no new data from `stop` on.
    pub(super) fn open(&mut self, handshake: bool, stop: SimTime, now: SimTime) {
        self.board.clear();
        self.recovery.clear();
        self.rto.restart();
        self.control.open(self.initial, now);
        if let Some(law) = &mut self.slow_start {
            law.open();
        }
        self.window = self.initial;
        self.phase = if handshake { Phase::Opening { lost: false } } else { Phase::Open };
        (self.deadline, self.left, self.stop) = (u64::MAX, 0, stop.ticks());
        (self.expired, self.marked_until, self.tell_reduced) = (u64::MAX, 0, false);
        (self.pace, self.last_sent) = (0, now.ticks());
        self.delivered = RateMark { delivered_at: now.ticks(), first_sent: now.ticks(), ..RateMark::default() };
    }
    /// The application hands over `bytes`, or [`ENDLESS`].
    pub(super) fn give(&mut self, bytes: u64, now: SimTime) {
        self.left = self.left.saturating_add(bytes);
        let idle = now.ticks() - self.last_sent;
        if self.board.outstanding() == 0 && idle > self.rto.timeout() {
            self.window.size = self.window.size.min(self.initial.size);
        }
    }
    /// Nothing more is sent.
    pub(super) fn close(&mut self) {
        (self.phase, self.deadline) = (Phase::Closed, u64::MAX);
    }
    /// Everything that was handed over is acknowledged.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.board.outstanding() == 0 && self.phase == Phase::Open
    }
    #[inline]
    pub(super) fn deadline(&self) -> SimTime {
        SimTime::from_ticks(self.deadline)
    }
    /// The round-trip time sampled since this was asked last, if one was.
    pub(super) fn take_round_trip(&mut self) -> Option<u64> {
        self.rto.take_sample()
    }
    /// The smoothed round-trip time, its variation and the time-out.
    pub(super) fn levels(&self) -> [u64; 3] {
        [self.rto.smoothed().round() as u64, self.rto.variation().round() as u64, self.rto.timeout()]
    }
    #[inline]
    pub(super) fn first(&self) -> u64 {
        self.board.first()
    }

    /// What to send now. To be asked until it has nothing.
    #[inline]
    pub(super) fn next(&mut self, now: SimTime) -> Next {
        match self.phase {
            Phase::Open => {}
            Phase::Opening { lost } => return self.greet(lost, now.ticks()),
            Phase::Closed | Phase::Greeting { .. } => return Next::Nothing,
        }
        let room = f64::from(self.board.pipe() + 1) <= self.window.size;
        if !room && !self.recovery.forced {
            return Next::Nothing;
        }
        let lost = self.board.next_lost();
        if lost.is_none() && !(room && self.has_new(now.ticks())) {
            return Next::Nothing;
        }
        if now.ticks() < self.pace {
            return Next::Later(SimTime::from_ticks(self.pace));
        }
        if let Some(number) = lost {
            self.recovery.forced = false;
            let mark = self.mark_of(now.ticks());
            let (length, sent) = self.board.resend(number, now.ticks(), mark);
            return self.sent(number, length, Some(now.ticks() - sent), now.ticks());
        }
        let length = u64::from(self.mss).min(self.left) as u32;
        if self.left != ENDLESS {
            self.left -= u64::from(length);
        }
        let mark = self.mark_of(now.ticks());
        let number = self.board.push(now.ticks(), length, mark);
        self.sent(number, length, None, now.ticks())
    }
    /// Whether there are new data that the receiver has room for.
    #[inline]
    fn has_new(&self, now: u64) -> bool {
        self.left > 0 && u64::from(self.board.outstanding()) < self.receive_window && now < self.stop
    }
    fn greet(&mut self, lost: bool, now: u64) -> Next {
        self.phase = Phase::Greeting { at: now, lost };
        self.deadline = now + self.rto.timeout();
        let before = std::mem::replace(&mut self.last_sent, now);
        Next::Segment { tag: Tag::new(0, Tag::SYN), length: 0, again: lost.then(|| now - before) }
    }
    #[inline]
    fn mark_of(&mut self, now: u64) -> RateMark {
        if self.board.outstanding() == 0 {
            (self.delivered.first_sent, self.delivered.delivered_at) = (now, now);
        }
        self.delivered.limited = self.left == 0;
        self.delivered
    }
    #[inline]
    fn sent(&mut self, number: u64, length: u32, again: Option<u64>, now: u64) -> Next {
        if self.recovery.state == State::Recovery {
            self.recovery.count_sent();
        }
        if self.deadline == u64::MAX {
            self.deadline = now.saturating_add(self.rto.timeout());
        }
        if let Some(rate) = self.control.pacing_rate() {
            let gap = SimDuration::from_secs_f64(1.0 / rate).ticks();
            self.pace = now.saturating_add(gap);
        }
        self.last_sent = now;
        // Congestion is answered with the first new segment (RFC 3168 section 6.1.5: not on one sent again).
        let reduced = again.is_none() && std::mem::take(&mut self.tell_reduced);
        let last = self.left == 0 && number + 1 == self.board.next();
        let flags = if reduced { Tag::ECN } else { 0 } | if last { Tag::MORE } else { 0 };
        Next::Segment { tag: Tag::new(number, flags), length, again }
    }

    /// The receiver has accepted the connection.
    pub(super) fn accepted(&mut self, now: SimTime) {
        let Phase::Greeting { at, lost } = self.phase else { return };
        self.phase = Phase::Open;
        self.deadline = u64::MAX;
        if lost {
            self.rto.after_syn_loss();
            self.window.size = 1.0;
        } else {
            self.rto.sample(now.ticks() - at);
        }
    }

    /// An acknowledgement of everything below `ack` and of the `blocks` above. Returns whether it told anything new.
    pub(super) fn acknowledge(&mut self, ack: u64, blocks: &[(u64, u64)], marked: bool, now: SimTime) {
        if ack < self.board.first() || self.phase != Phase::Open {
            return;
        }
        let flight = self.board.pipe();
        let mut news = News::default();
        let acknowledged = self.board.advance(ack, &mut news);
        if !blocks.is_empty() {
            self.board.report(blocks, &mut news);
        }
        if !self.selective {
            self.count_duplicates(acknowledged, &mut news);
        }
        let round_trip = news.sent.filter(|_| !news.ambiguous).map(|at| now.ticks() - at);
        if let Some(round_trip) = round_trip {
            self.rto.sample(round_trip);
        }
        if acknowledged > 0 {
            let timeout = now.ticks().saturating_add(self.rto.timeout());
            self.deadline = if self.board.outstanding() == 0 { u64::MAX } else { timeout };
        }
        let rate = if news.delivered > 0 { self.rate(&news, now.ticks()) } else { None };
        self.recover(ack, acknowledged, &news, now);
        if marked || news.delivered > 0 {
            let used = f64::from(if self.window.in_slow_start() { 2 * flight } else { flight + 1 });
            let ack = Ack {
                now,
                delivered: news.delivered,
                acknowledged,
                marked,
                recovering: self.recovery.state == State::Recovery,
                limited: used > self.window.size,
                round_trip: round_trip.map(SimDuration::from_ticks),
                smoothed: SimDuration::from_ticks(self.rto.smoothed() as u64),
                flight,
                first: self.board.first(),
                next: self.board.next(),
                rate,
            };
            let before = self.window;
            self.control.on_ack(&mut self.window, &ack);
            if let Some(law) = &mut self.slow_start
                && before.in_slow_start()
                && !ack.recovering
                && self.control.pacing_rate().is_none()
            {
                law.on_ack(&mut self.window, before.size, &ack);
            }
        }
        if marked && self.recovery.state == State::Open && ack > self.marked_until {
            self.marked_until = self.board.next();
            self.tell_reduced = true;
            let flight = self.flight_size();
            self.control.on_mark(&mut self.window, flight, now);
            if self.control.pacing_rate().is_none() {
                self.window.size = self.window.threshold;
            }
        }
    }
    /// The flight that a reduction starts from: what is outstanding, but not what duplicates added to the window.
    fn flight_size(&self) -> f64 {
        f64::from(self.board.outstanding()).min(self.window.size)
    }
    fn count_duplicates(&mut self, acknowledged: u32, news: &mut News) {
        if acknowledged > 0 {
            news.delivered -= self.board.explain_duplicates(acknowledged).min(news.delivered);
        } else if self.board.outstanding() > 0 && self.recovery.state != State::Timeout {
            self.board.duplicate();
            news.delivered += 1;
        }
    }
    fn rate(&mut self, news: &News, now: u64) -> Option<RateSample> {
        self.delivered.delivered += u64::from(news.delivered);
        self.delivered.delivered_at = now;
        let (at, mark) = news.latest?;
        let interval = (at - mark.first_sent).max(now - mark.delivered_at);
        self.delivered.first_sent = at;
        Some(RateSample {
            segments: self.delivered.delivered - mark.delivered,
            interval: SimDuration::from_ticks(interval),
            before: mark.delivered,
            total: self.delivered.delivered,
            limited: mark.limited,
        })
    }

    /// Ends, begins and continues the repair of losses.
    #[inline]
    fn recover(&mut self, ack: u64, acknowledged: u32, news: &News, now: SimTime) {
        let own_window = self.control.pacing_rate().is_some();
        if self.recovery.ends(ack) {
            if self.recovery.state == State::Recovery && !own_window {
                self.window.size = self.window.threshold;
            }
            self.recovery.state = State::Open;
            if !self.selective {
                self.board.forget_duplicates();
            }
        }
        if self.selective {
            self.board.find_losses();
        } else {
            let third = self.recovery.state == State::Open && self.board.duplicates() >= DUP_THRESHOLD as u32;
            // A partial acknowledgement tells of the next loss (RFC 6582).
            if third || acknowledged > 0 && self.recovery.state == State::Recovery {
                self.board.lose_first();
            }
        }
        if self.recovery.state == State::Open && self.board.lost() > 0 {
            self.recovery.enter(self.board.next(), self.board.outstanding());
            let flight = self.flight_size();
            self.control.on_loss(&mut self.window, flight, now);
        }
        if self.recovery.state == State::Recovery && !own_window {
            self.window.size = self.recovery.window(self.board.pipe(), self.window.threshold, news.delivered);
        }
    }

    /// The timer expired. True if data have to be sent again.
    pub(super) fn time_out(&mut self, now: SimTime) -> bool {
        self.rto.back_off();
        self.deadline = u64::MAX;
        if let Phase::Greeting { .. } = self.phase {
            self.phase = Phase::Opening { lost: true };
            return false;
        }
        if self.phase != Phase::Open || self.board.outstanding() == 0 {
            return false;
        }
        // Only the first expiry for a segment lowers the threshold (RFC 5681 section 3.1).
        if self.expired != self.board.first() {
            self.expired = self.board.first();
            let flight = self.flight_size();
            self.control.on_timeout(&mut self.window, flight, now);
            if let Some(law) = &mut self.slow_start {
                law.on_timeout();
            }
        }
        self.window.size = 1.0;
        self.pace = 0;
        self.recovery.time_out(self.board.next());
        self.board.lose_all(self.selective);
        true
    }
}
