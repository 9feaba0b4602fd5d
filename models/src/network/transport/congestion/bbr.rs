//! BBR, version 1 (Cardwell et al. 2016, doi:10.1145/3009824; draft-cardwell-iccrg-bbr-congestion-control-00).
//!
//! A model of the path in place of losses: the bottleneck's rate is the greatest delivery rate of the last ten round trips,
//! the propagation time the least round-trip time of the last ten seconds. Segments are paced at a gain times the rate;
//! the window is a gain times rate x propagation time.
//!
//! | mode | pacing gain | window gain | until |
//! |---|---|---|---|
//! | startup | 2/ln 2 | 2/ln 2 | the rate grew by less than a quarter in three round trips |
//! | drain | ln 2/2 | 2/ln 2 | the pipe holds no more than rate x propagation time |
//! | probe bandwidth | 1.25, 0.75, then 1 six times | 2 | each for a propagation time |
//! | probe round trip | 1 | four segments | 200 ms and a round trip, every ten seconds without a lower sample |
//!
//! In the first round trip of a recovery the window conserves packets. The cycle starts at the first phase with gain 1
//! (the draft draws one at random).
//!
//! Validated against: the gains of ns-3's `tcp-bbr-test.cc`; the rate under random loss, where Reno is a sixth as fast.

use sim_core::config::Type;
use sim_core::{SimDuration, SimTime};

use super::{Ack, CongestionControl, MakeCongestionControl, RateSample, Window};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeCongestionControl> = Kind {
    name: "bbr",
    doc: "Paces at the measured rate of the bottleneck and keeps its queue short (BBR version 1).",
    fields: &[sim_core::config::Field::default(
        "probe_rtt",
        Type::Bool,
        "true",
        "Whether the window falls to four segments every ten seconds, to see the propagation time.",
    )],
    make: |table| Ok(Box::new(Bbr::new(table.bool("probe_rtt")))),
};

/// 2/ln 2: the least gain that doubles the rate every round trip.
const HIGH_GAIN: f64 = 2.0 / std::f64::consts::LN_2;
/// The gains of a cycle that probes for bandwidth.
const CYCLE: [f64; 8] = [1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
/// The window gain meanwhile: room for delayed acknowledgements.
const WINDOW_GAIN: f64 = 2.0;
/// Round trips that a rate is remembered for.
const RATE_ROUNDS: usize = 10;
/// How long a propagation time is believed.
const ROUND_TRIP_LASTS: SimDuration = SimDuration::from_secs(10);
/// How long the window is small to see the propagation time.
const PROBE_LASTS: SimDuration = SimDuration::from_ticks(200_000_000_000);
/// The least window, in segments.
const WINDOW_MIN: f64 = 4.0;
/// Room for segments that wait at the ends for their pace and their acknowledgement.
const QUANTA: f64 = 3.0;
/// Growth of the rate in a round trip that shows that the pipe is not full, and how often it may be missing.
const FULL_GROWTH: f64 = 1.25;
const FULL_ROUNDS: u32 = 3;
/// The round-trip time that the first pace is for, in seconds.
const FIRST_ROUND_TRIP: f64 = 1e-3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Startup,
    Drain,
    /// In this phase of the cycle, since.
    Bandwidth(usize, SimTime),
    /// Until; unknown as long as the pipe holds more than the window.
    RoundTrip(Option<SimTime>),
}

#[derive(Clone, Debug)]
struct Bbr {
    probes_round_trip: bool,
    mode: Mode,
    /// The greatest rate of each of the last round trips, in segments/s, by their number.
    rates: [f64; RATE_ROUNDS],
    round: usize,
    /// A round trip ends with a segment sent when so many had been delivered.
    round_ends: u64,
    /// Seconds, and when it was seen.
    round_trip: f64,
    seen: SimTime,
    /// The rate that growth is measured from, and round trips without it.
    full_rate: f64,
    full_rounds: u32,
    filled: bool,
    /// The window before it was made small.
    before: f64,
    /// The number of the round trip in which recovery began, if it goes on.
    recovery: Option<usize>,
    pacing: f64,
}

impl Bbr {
    fn new(probes_round_trip: bool) -> Self {
        Self {
            probes_round_trip,
            mode: Mode::Startup,
            rates: [0.0; RATE_ROUNDS],
            round: 0,
            round_ends: 0,
            round_trip: f64::INFINITY,
            seen: SimTime::ZERO,
            full_rate: 0.0,
            full_rounds: 0,
            filled: false,
            before: 0.0,
            recovery: None,
            pacing: 0.0,
        }
    }
    fn rate(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }
    /// Pacing and window gain.
    fn gains(&self) -> (f64, f64) {
        match self.mode {
            Mode::Startup => (HIGH_GAIN, HIGH_GAIN),
            Mode::Drain => (1.0 / HIGH_GAIN, HIGH_GAIN),
            Mode::Bandwidth(phase, _) => (CYCLE[phase], WINDOW_GAIN),
            Mode::RoundTrip(_) => (1.0, 1.0),
        }
    }
    /// What `gain` times rate x propagation time amounts to, in segments.
    fn pipe(&self, gain: f64) -> f64 {
        if self.round_trip.is_finite() { gain * self.rate() * self.round_trip } else { f64::INFINITY }
    }

    /// Takes a sample of the rate; true if it ends a round trip.
    fn measure(&mut self, sample: &RateSample) -> bool {
        let ends = sample.before >= self.round_ends;
        if ends {
            self.round_ends = sample.total;
            self.round += 1;
            self.rates[self.round % RATE_ROUNDS] = 0.0;
        }
        let seconds = sample.interval.as_secs_f64();
        // No interval shorter than the propagation time can be right.
        if seconds > 0.0 && (seconds >= self.round_trip || !self.round_trip.is_finite()) {
            let rate = sample.segments as f64 / seconds;
            if !sample.limited || rate >= self.rate() {
                let now = &mut self.rates[self.round % RATE_ROUNDS];
                *now = now.max(rate);
            }
        }
        if ends && !self.filled && !sample.limited {
            if self.rate() >= self.full_rate * FULL_GROWTH {
                (self.full_rate, self.full_rounds) = (self.rate(), 0);
            } else {
                self.full_rounds += 1;
                self.filled = self.full_rounds >= FULL_ROUNDS;
            }
        }
        ends
    }

    fn change_mode(&mut self, flight: f64, lost: bool, now: SimTime) {
        match self.mode {
            Mode::Startup if self.filled => self.mode = Mode::Drain,
            Mode::Drain if flight <= self.pipe(1.0) => self.mode = Mode::Bandwidth(2, now),
            Mode::Bandwidth(phase, since) => {
                let lasted = (now - since).as_secs_f64() > self.round_trip;
                let gain = CYCLE[phase];
                let over = if gain > 1.0 {
                    lasted && (lost || flight >= self.pipe(gain))
                } else if gain < 1.0 {
                    lasted || flight <= self.pipe(1.0)
                } else {
                    lasted
                };
                if over {
                    self.mode = Mode::Bandwidth((phase + 1) % CYCLE.len(), now);
                }
            }
            _ => {}
        }
    }

    /// Looks for the propagation time.
    fn see_round_trip(&mut self, window: &mut Window, ack: &Ack, flight: f64) {
        let old = ack.now > self.seen + ROUND_TRIP_LASTS;
        if let Some(sample) = ack.round_trip.map(SimDuration::as_secs_f64)
            && (sample <= self.round_trip || old)
        {
            (self.round_trip, self.seen) = (sample, ack.now);
        }
        match self.mode {
            Mode::RoundTrip(None) if flight <= WINDOW_MIN => {
                let round_trip = SimDuration::from_secs_f64(self.round_trip);
                self.mode = Mode::RoundTrip(Some(ack.now + PROBE_LASTS.max(round_trip)));
            }
            Mode::RoundTrip(Some(until)) if ack.now >= until => {
                self.seen = ack.now;
                window.size = window.size.max(self.before);
                self.mode = if self.filled { Mode::Bandwidth(2, ack.now) } else { Mode::Startup };
            }
            Mode::RoundTrip(_) => {}
            _ if old && self.probes_round_trip => {
                self.before = window.size;
                self.mode = Mode::RoundTrip(None);
            }
            _ => {}
        }
    }

    fn set_window(&mut self, window: &mut Window, ack: &Ack, flight: f64) {
        let delivered = f64::from(ack.delivered);
        let conserves = match (ack.recovering, self.recovery) {
            (true, Some(round)) => self.round <= round + 1,
            (false, Some(_)) => {
                self.recovery = None;
                window.size = window.size.max(self.before);
                false
            }
            _ => false,
        };
        let target = self.pipe(self.gains().1) + QUANTA;
        if conserves {
            window.size = window.size.max(flight + delivered);
        } else if self.filled {
            window.size = (window.size + delivered).min(target);
        } else if window.size < target {
            window.size += delivered;
        }
        window.size = window.size.max(WINDOW_MIN);
        if let Mode::RoundTrip(_) = self.mode {
            window.size = window.size.min(WINDOW_MIN);
        }
    }
}

impl CongestionControl for Bbr {
    fn open(&mut self, window: Window, now: SimTime) {
        *self = Self { seen: now, ..Self::new(self.probes_round_trip) };
        self.pacing = HIGH_GAIN * window.size / FIRST_ROUND_TRIP;
    }
    fn on_ack(&mut self, window: &mut Window, ack: &Ack) {
        let flight = f64::from(ack.flight.saturating_sub(ack.delivered));
        if let Some(sample) = &ack.rate {
            self.measure(sample);
        }
        self.change_mode(flight, ack.recovering, ack.now);
        self.see_round_trip(window, ack, flight);
        let pacing = self.gains().0 * self.rate();
        if pacing > 0.0 && (self.filled || pacing > self.pacing || self.full_rate == 0.0 || self.round == 1) {
            self.pacing = pacing;
        }
        self.set_window(window, ack, flight);
    }
    fn on_loss(&mut self, window: &mut Window, flight: f64, _now: SimTime) {
        self.before = if self.recovery.is_none() { window.size } else { self.before.max(window.size) };
        self.recovery = Some(self.round);
        window.size = flight.clamp(WINDOW_MIN, window.size.max(WINDOW_MIN));
    }
    fn on_mark(&mut self, _window: &mut Window, _flight: f64, _now: SimTime) {}
    fn pacing_rate(&self) -> Option<f64> {
        Some(self.pacing)
    }
    fn boxed_clone(&self) -> Box<dyn CongestionControl> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::ack;
    use super::*;

    #[test]
    fn gains_are_those_of_the_draft() {
        let mut bbr = Bbr::new(true);
        let gains = |bbr: &Bbr| bbr.gains();
        assert!((gains(&bbr).0 - 2.885).abs() < 1e-3 && (gains(&bbr).1 - 2.885).abs() < 1e-3);
        bbr.mode = Mode::Drain;
        assert!((gains(&bbr).0 - 1.0 / 2.885).abs() < 1e-3);
        bbr.mode = Mode::Bandwidth(0, SimTime::ZERO);
        assert_eq!(gains(&bbr), (1.25, 2.0));
        bbr.mode = Mode::Bandwidth(1, SimTime::ZERO);
        assert_eq!(gains(&bbr), (0.75, 2.0));
        for phase in 2..8 {
            bbr.mode = Mode::Bandwidth(phase, SimTime::ZERO);
            assert_eq!(gains(&bbr), (1.0, 2.0));
        }
        bbr.mode = Mode::RoundTrip(None);
        assert_eq!(gains(&bbr), (1.0, 1.0));
    }

    fn ms(t: u64) -> SimTime {
        SimTime::from_ticks(t * 1_000_000_000)
    }

    /// One that knows 1000 segments/s and 0.1 s: a pipe of a hundred segments.
    fn knowing() -> Bbr {
        let mut bbr = Bbr::new(true);
        (bbr.rates[0], bbr.round_trip, bbr.filled, bbr.mode) = (1000.0, 0.1, true, Mode::Bandwidth(2, ms(0)));
        bbr
    }

    #[test]
    fn a_cycle_takes_eight_propagation_times() {
        // An acknowledgement every millisecond, and always more in flight than even the gain of 1.25 asks for.
        let (mut bbr, mut changes) = (knowing(), Vec::new());
        for t in 1..=1700 {
            let before = bbr.gains().0;
            let mode = bbr.mode;
            bbr.change_mode(130.0, false, ms(t));
            if bbr.mode != mode {
                changes.push((t, before));
            }
        }
        let gains: Vec<f64> = changes.iter().map(|c| c.1).collect();
        assert_eq!(gains, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.25, 0.75]);
        assert!(changes.iter().enumerate().all(|(i, c)| c.0 == 101 * (i as u64 + 1)), "{changes:?}");
        // Probing up goes on until a quarter more is in flight or something is lost; draining ends when the pipe holds no
        // more than it should.
        let mut bbr = knowing();
        bbr.mode = Mode::Bandwidth(0, ms(0));
        bbr.change_mode(124.0, false, ms(500));
        assert_eq!(bbr.gains().0, 1.25);
        bbr.change_mode(124.0, true, ms(501));
        assert_eq!(bbr.gains().0, 0.75);
        bbr.change_mode(100.0, false, ms(502));
        assert_eq!((bbr.gains().0, bbr.mode), (1.0, Mode::Bandwidth(2, ms(502))));
    }

    #[test]
    fn a_rate_is_remembered_for_ten_round_trips() {
        let mut bbr = Bbr::new(true);
        let mut total = 0;
        let mut round = |bbr: &mut Bbr, segments: u64| {
            let interval = SimDuration::from_secs_f64(0.1);
            let sample = RateSample { segments, interval, before: total, total: total + segments, limited: false };
            total += segments;
            assert!(bbr.measure(&sample));
            bbr.rate()
        };
        assert_eq!(round(&mut bbr, 200), 2000.0);
        assert!((0..9).all(|_| round(&mut bbr, 100) == 2000.0));
        assert_eq!(round(&mut bbr, 100), 1000.0);
    }

    #[test]
    fn a_propagation_time_is_believed_for_ten_seconds_and_looked_for_during_200_ms() {
        let mut bbr = knowing();
        let mut window = Window { size: 203.0, threshold: f64::INFINITY };
        let mut see = |bbr: &mut Bbr, t: u64, round_trip: f64, flight: f64| {
            bbr.see_round_trip(&mut window, &Ack { now: ms(t), ..ack(0.0, 1, round_trip) }, flight);
            (bbr.mode, bbr.round_trip)
        };
        assert_eq!(see(&mut bbr, 0, 0.1, 100.0), (Mode::Bandwidth(2, ms(0)), 0.1));
        assert_eq!(see(&mut bbr, 10_000, 0.15, 100.0), (Mode::Bandwidth(2, ms(0)), 0.1));
        // A longer one is taken up once the old one is too old.
        assert_eq!(see(&mut bbr, 10_001, 0.15, 100.0), (Mode::RoundTrip(None), 0.15));
        // 200 ms from when no more than four segments are in flight.
        assert_eq!(see(&mut bbr, 10_100, 0.15, 5.0).0, Mode::RoundTrip(None));
        assert_eq!(see(&mut bbr, 10_150, 0.15, 4.0).0, Mode::RoundTrip(Some(ms(10_350))));
        assert_eq!(see(&mut bbr, 10_349, 0.12, 4.0), (Mode::RoundTrip(Some(ms(10_350))), 0.12));
        assert_eq!(see(&mut bbr, 10_350, 0.12, 4.0).0, Mode::Bandwidth(2, ms(10_350)));
        assert_eq!(window.size, 203.0);
    }

    /// Acknowledgements of a path that delivers `rate` segments/s with `round_trip` s, from `from` to `to` s, each of a
    /// round trip's worth.
    fn feed(bbr: &mut Bbr, window: &mut Window, rate: f64, round_trip: f64, from: f64, to: f64) {
        let n = rate * round_trip;
        let mut delivered = (from * rate) as u64;
        for i in 0..((to - from) / round_trip) as u32 {
            let before = delivered;
            delivered += n as u64;
            let sample = RateSample {
                segments: n as u64,
                interval: SimDuration::from_secs_f64(round_trip),
                before,
                total: delivered,
                limited: false,
            };
            let now = from + f64::from(i + 1) * round_trip;
            bbr.on_ack(window, &Ack { rate: Some(sample), flight: n as u32, ..ack(now, n as u32, round_trip) });
        }
    }

    #[test]
    fn a_steady_path_is_found_and_probed_in_turn() {
        let mut bbr = Bbr::new(true);
        let mut window = Window { size: 10.0, threshold: f64::INFINITY };
        bbr.open(window, SimTime::ZERO);
        feed(&mut bbr, &mut window, 1000.0, 0.1, 0.0, 1.0);
        assert!(bbr.filled && matches!(bbr.mode, Mode::Bandwidth(..)), "{bbr:?}");
        assert!((bbr.rate() - 1000.0).abs() < 1e-6 && (bbr.round_trip - 0.1).abs() < 1e-9, "{bbr:?}");
        // Twice what the path holds, and the quanta.
        assert!((window.size - 203.0).abs() < 1e-6, "{window:?}");
        // Longer round trips for ten seconds: the window falls to four segments, to see the propagation time.
        feed(&mut bbr, &mut window, 1000.0, 0.15, 1.0, 11.2);
        assert!(matches!(bbr.mode, Mode::RoundTrip(_)), "{bbr:?}");
        assert_eq!(window.size, 4.0);
    }
}
