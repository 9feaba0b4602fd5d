//! The pending events: a total order `(time, priority, sequence)`.
//!
//! Few are in a 4-ary heap, with a first-in-first-out line beside it for events at the present instant. From some dozens
//! on, nearly all are in a calendar and its bucket in hand, and the heap has what neither takes. The caller never sees
//! which; users do not choose.
//!
//! The event taken last leaves a hole at the heap's root that the next push fills in one walk: a pop and a push for the
//! price of one.

mod calendar;
mod entry;
mod hand;
mod heap;

use std::collections::VecDeque;

use crate::time::SimTime;
use calendar::Calendar;
use entry::{Entry, LAST, NO_TIMER};
use hand::Hand;
use heap::Heap;

/// A place in the order of ties, drawn now and used later: what a lane of packets in flight keeps for each, so that
/// having only its head in the queue is invisible in the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A timer that can be set again or cleared; see [`Queue::set_timer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerSlot(u32);

const SEQUENCE_BITS: u32 = 56;
/// From this many pending events on there is a calendar.
const CALENDAR_FROM: usize = 48;
/// Below this many it is given up again.
const CALENDAR_UNTIL: usize = 24;
/// At least so many events are taken between two looks at whether the calendar fits.
const LOOK_AFTER: u64 = 1024;
/// Timer entries that were set anew are left in place and skipped; beyond this many (and half of all) they are removed.
const STALE_MAX: usize = 64;

/// A queue of events of type `E`.
#[derive(Debug)]
pub struct Queue<E> {
    now: u64,
    sequence: u64,
    heap: Heap<E>,
    /// The entry at the heap's root was taken and is not replaced yet.
    hole: bool,
    shape: Shape,
    instant: VecDeque<Entry<E>>,
    /// The calendar's bucket in hand.
    hand: Hand<E>,
    calendar: Option<Calendar<E>>,
    pace: Pace,
    /// The order word that is valid for each timer slot; 0 for none.
    timers: Vec<u64>,
    stale: usize,
}

/// Which places the next event may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Everything pending is in the heap: what small systems have all the time.
    Heap,
    /// Everything pending is in the calendar and its bucket in hand: what larger ones have nearly all the time.
    Hand,
    /// Anything else.
    Mixed,
}

/// How fast events are taken, to size the calendar by.
#[derive(Debug)]
struct Pace {
    since: u64,
    /// Events taken since then (into the bucket in hand or from the heap), and how many call for the next look.
    taken: u64,
    interval: u64,
    /// Mean ticks between events that the calendar was made for.
    gap: f64,
}

impl<E: Copy> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> Queue<E> {
    /// An empty queue at time zero.
    pub fn new() -> Self {
        Self {
            now: 0,
            sequence: 1,
            heap: Heap::new(),
            hole: false,
            shape: Shape::Heap,
            instant: VecDeque::new(),
            hand: Hand::new(),
            calendar: None,
            pace: Pace { since: 0, taken: 0, interval: LOOK_AFTER, gap: 0.0 },
            timers: Vec::new(),
            stale: 0,
        }
    }
    /// The time of the event taken last.
    #[inline]
    pub fn now(&self) -> SimTime {
        SimTime::from_ticks(self.now)
    }
    /// How many entries are held (timers set anew may count twice).
    pub fn len(&self) -> usize {
        let calendar = self.calendar.as_ref().map_or(0, Calendar::len);
        self.heap.len() - usize::from(self.hole) + self.instant.len() + self.hand.len() + calendar
    }
    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Draws a place in the order of ties.
    #[inline]
    pub fn ticket(&mut self, priority: u8) -> Ticket {
        let order = (u64::from(priority) << SEQUENCE_BITS) | self.sequence;
        self.sequence += 1;
        Ticket(order)
    }
    /// Adds an event at `at`, which must not lie before [`Queue::now`], in the place of `ticket`.
    #[expect(clippy::inline_always, reason = "the entry stays in registers: copied by way of the stack, it stalls")]
    #[inline(always)]
    pub fn push(&mut self, at: SimTime, ticket: Ticket, event: E) {
        self.insert(Entry { time: at.ticks(), order: ticket.0, timer: NO_TIMER, event });
    }
    #[expect(clippy::inline_always, reason = "the entry stays in registers: copied by way of the stack, it stalls")]
    #[inline(always)]
    fn insert(&mut self, entry: Entry<E>) {
        debug_assert!(entry.time >= self.now, "an event in the past");
        if let Some(calendar) = &mut self.calendar {
            if calendar.takes(entry.time) {
                calendar.push(entry);
            } else {
                self.insert_near(entry.time, entry.order, entry.timer, entry.event);
            }
        } else if entry.time == self.now && self.instant.back().is_none_or(|last| last.order < entry.order) {
            // In order among themselves; `pop` compares their first with the heap's.
            self.shape = Shape::Mixed;
            self.instant.push_back(entry);
        } else if self.hole {
            self.hole = false;
            self.heap.replace_min(entry);
        } else {
            self.heap.push(entry);
        }
    }
    /// Adds an entry that falls due within the calendar's bucket in hand. Its parts come in registers.
    #[inline(never)]
    fn insert_near(&mut self, time: u64, order: u64, timer: u32, event: E) {
        let entry = Entry { time, order, timer, event };
        if self.hand.insert(entry) {
            self.pace.taken += 1;
        } else {
            self.heap.push(entry);
            self.shape = Shape::Mixed;
        }
        if self.pace.taken >= self.pace.interval {
            // So that the next event is taken by way of `look`.
            self.shape = Shape::Mixed;
        }
    }
    /// A new timer, not set.
    pub fn new_timer(&mut self) -> TimerSlot {
        self.timers.push(0);
        TimerSlot(self.timers.len() as u32 - 1)
    }
    /// Sets `timer` to fire `event` at `at`; what it was set to before is void.
    pub fn set_timer(&mut self, timer: TimerSlot, at: SimTime, ticket: Ticket, event: E) {
        self.clear_timer(timer);
        self.timers[timer.0 as usize] = ticket.0;
        self.insert(Entry { time: at.ticks(), order: ticket.0, timer: timer.0, event });
    }
    /// Makes what `timer` was set to void.
    pub fn clear_timer(&mut self, timer: TimerSlot) {
        let valid = &mut self.timers[timer.0 as usize];
        if *valid != 0 {
            *valid = 0;
            self.stale += 1;
            if self.stale > STALE_MAX && 2 * self.stale > self.len() {
                self.remove_stale();
            }
        }
    }
    fn remove_stale(&mut self) {
        self.fill_hole();
        let timers = &self.timers;
        let live = |e: &Entry<E>| e.timer == NO_TIMER || timers[e.timer as usize] == e.order;
        self.heap.retain(live);
        self.instant.retain(live);
        self.hand.retain(live);
        self.stale = 0;
        if self.calendar.is_some() {
            let mut all = self.drain();
            all.retain(|e| e.timer == NO_TIMER || self.timers[e.timer as usize] == e.order);
            self.refill(all);
        }
    }
    #[inline]
    fn fill_hole(&mut self) {
        if self.hole {
            self.hole = false;
            self.heap.remove_min();
        }
    }
    /// The time of the next event, or [`SimTime::NEVER`].
    #[inline]
    pub fn next_time(&mut self) -> SimTime {
        self.prepare();
        let key = self.heap.min_key().min(self.hand.min_key());
        let key = key.min(self.instant.front().map_or(LAST, Entry::key));
        SimTime::from_ticks((key >> 64) as u64)
    }
    /// Moves the clock to `at` if everything pending is later, and tells whether it did.
    #[inline]
    pub fn skip_to(&mut self, at: SimTime) -> bool {
        let free = match self.shape {
            Shape::Heap => at.ticks() < self.heap.time_behind(self.hole),
            Shape::Hand => at.ticks() < self.hand.min_time().unwrap_or_else(|| self.next_time().ticks()),
            Shape::Mixed => false,
        };
        if free {
            self.now = at.ticks();
        }
        free
    }
    /// Makes sure that the next event is in the heap, in hand or due now.
    #[inline]
    fn prepare(&mut self) {
        self.fill_hole();
        if self.heap.len() + self.instant.len() + self.hand.len() == 0
            && let Some(calendar) = &mut self.calendar
        {
            calendar.advance(&mut self.hand);
            self.pace.taken += self.hand.len() as u64;
        }
    }
    /// Takes the next event if it lies before `end`. Calls `prefetch` for events that will be taken soon, if there are so
    /// many pending that it may be worth while to fetch what they need.
    #[inline]
    pub fn pop_before(&mut self, end: SimTime, prefetch: impl FnMut(E)) -> Option<E> {
        match self.shape {
            Shape::Hand => {
                if let Some(entry) = self.hand.pop_before(end.ticks()) {
                    self.now = entry.time;
                    if entry.timer == NO_TIMER || self.is_live(entry.timer, entry.order) {
                        return Some(entry.event);
                    }
                }
            }
            Shape::Heap => {
                self.fill_hole();
                let &Entry { time, order, timer, event } = self.heap.min().filter(|e| e.time < end.ticks())?;
                self.hole = true;
                self.now = time;
                self.pace.taken += 1;
                self.look(event);
                if timer == NO_TIMER || self.is_live(timer, order) {
                    return Some(event);
                }
            }
            Shape::Mixed => {}
        }
        self.pop_from_any(end, prefetch)
    }
    /// As [`Queue::pop_before`], wherever the next event is.
    #[inline(never)]
    fn pop_from_any(&mut self, end: SimTime, mut prefetch: impl FnMut(E)) -> Option<E> {
        loop {
            self.prepare();
            self.hand.announce(&mut prefetch);
            let entry = self.take_from_any(end)?;
            self.now = entry.time;
            self.look(entry.event);
            if entry.timer == NO_TIMER || self.is_live(entry.timer, entry.order) {
                return Some(entry.event);
            }
        }
    }
    fn take_from_any(&mut self, end: SimTime) -> Option<Entry<E>> {
        let heap = self.heap.min_key();
        let hand = self.hand.min_key();
        let instant = self.instant.front().map_or(LAST, Entry::key);
        let least = heap.min(hand).min(instant);
        if least >= u128::from(end.ticks()) << 64 {
            return None;
        }
        let entry = if least == hand {
            self.hand.pop()
        } else if least == instant {
            self.pace.taken += 1;
            self.instant.pop_front()
        } else {
            self.pace.taken += 1;
            let entry = self.heap.min().copied();
            if self.calendar.is_some() {
                self.heap.remove_min();
            } else {
                self.hole = true;
            }
            entry
        };
        if self.instant.is_empty() {
            if self.calendar.is_none() && self.hand.is_empty() {
                self.shape = Shape::Heap;
            } else if self.heap.len() == 0 {
                self.shape = Shape::Hand;
            }
        }
        entry
    }
    /// Whether the timer that armed an entry with this `order` still means it; it is not set any more afterwards.
    #[cold]
    fn is_live(&mut self, timer: u32, order: u64) -> bool {
        let valid = &mut self.timers[timer as usize];
        let live = *valid == order;
        if live {
            *valid = 0;
        } else {
            self.stale -= 1;
        }
        live
    }
    /// Looks whether the calendar fits, if it is time to.
    #[inline]
    fn look(&mut self, event: E) {
        if self.pace.taken >= self.pace.interval {
            self.retune(event);
        }
    }
    /// Now and then: gives the calendar the size that the load asks for, or makes or drops it.
    #[cold]
    fn retune(&mut self, event: E) {
        let pending = self.len();
        let gap = (self.now - self.pace.since) as f64 / self.pace.taken as f64;
        let fits = self.calendar.is_some() && gap < 2.0 * self.pace.gap && gap > 0.5 * self.pace.gap;
        let wanted = pending >= CALENDAR_FROM || (self.calendar.is_some() && pending > CALENDAR_UNTIL);
        let interval = (2 * pending as u64).max(LOOK_AFTER);
        self.pace = Pace { since: self.now, taken: 0, interval, gap: self.pace.gap };
        if !wanted {
            if self.calendar.is_some() {
                let all = self.drain();
                self.calendar = None;
                self.refill(all);
            }
        } else if !fits && gap > 0.0 {
            let all = self.drain();
            self.calendar.get_or_insert_with(Calendar::new).fit(pending, gap, event);
            self.pace.gap = gap;
            self.refill(all);
        }
    }
    /// Takes out everything pending; [`Queue::refill`] follows.
    fn drain(&mut self) -> Vec<Entry<E>> {
        self.fill_hole();
        let mut all = Vec::with_capacity(self.len());
        self.heap.drain_into(&mut all);
        all.extend(self.instant.drain(..));
        self.hand.drain_into(&mut all);
        if let Some(calendar) = &mut self.calendar {
            calendar.drain_into(&mut all);
        }
        all
    }
    fn refill(&mut self, all: Vec<Entry<E>>) {
        let Some(calendar) = &mut self.calendar else {
            self.shape = Shape::Heap;
            for entry in all {
                self.heap.push(entry);
            }
            return;
        };
        self.shape = Shape::Hand;
        calendar.start(self.now);
        for entry in all {
            if calendar.takes(entry.time) {
                calendar.push(entry);
            } else {
                self.hand.add(entry);
            }
        }
        calendar.sort(&mut self.hand);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// The oracle: a map from the total order to the event.
    #[derive(Default)]
    struct Oracle {
        pending: BTreeMap<(u64, Ticket), u32>,
        timers: Vec<Option<(u64, Ticket)>>,
    }

    #[derive(Clone, Debug)]
    enum Op {
        /// Push this far ahead, with this priority.
        Push(u64, u8),
        Pop,
        SetTimer(usize, u64),
        ClearTimer(usize),
    }

    fn delay() -> impl Strategy<Value = u64> {
        // Ties at once, bursts, ordinary increments and far ones.
        prop_oneof![Just(0u64), 0u64..10, 0u64..100_000, 0u64..(1 << 50)]
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (delay(), prop_oneof![Just(0u8), Just(128u8)]).prop_map(|(d, p)| Op::Push(d, p)),
            3 => Just(Op::Pop),
            1 => (0usize..4, delay()).prop_map(|(t, d)| Op::SetTimer(t, d)),
            1 => (0usize..4).prop_map(Op::ClearTimer),
        ]
    }

    fn run_against_oracle(ops: &[Op]) {
        let mut queue = Queue::new();
        let mut oracle = Oracle::default();
        let slots: Vec<TimerSlot> = (0..4).map(|_| queue.new_timer()).collect();
        oracle.timers = vec![None; 4];
        for (id, op) in ops.iter().enumerate() {
            let now = queue.now().ticks();
            match *op {
                Op::Push(d, p) => {
                    let ticket = queue.ticket(p);
                    queue.push(SimTime::from_ticks(now + d), ticket, id as u32);
                    oracle.pending.insert((now + d, ticket), id as u32);
                }
                Op::SetTimer(t, d) => {
                    let ticket = queue.ticket(128);
                    queue.set_timer(slots[t], SimTime::from_ticks(now + d), ticket, id as u32);
                    if let Some(old) = oracle.timers[t].replace((now + d, ticket)) {
                        oracle.pending.remove(&old);
                    }
                    oracle.pending.insert((now + d, ticket), id as u32);
                }
                Op::ClearTimer(t) => {
                    queue.clear_timer(slots[t]);
                    if let Some(old) = oracle.timers[t].take() {
                        oracle.pending.remove(&old);
                    }
                }
                Op::Pop => {
                    let expected = oracle.pending.pop_first();
                    let got = queue.pop_before(SimTime::NEVER, |_| ());
                    assert_eq!(got, expected.map(|e| e.1));
                    if let Some((key, _)) = expected {
                        assert_eq!(queue.now().ticks(), key.0);
                        for t in &mut oracle.timers {
                            if *t == Some(key) {
                                *t = None;
                            }
                        }
                    }
                }
            }
        }
        while let Some((_, id)) = oracle.pending.pop_first() {
            assert_eq!(queue.pop_before(SimTime::NEVER, |_| ()), Some(id));
        }
        assert_eq!(queue.pop_before(SimTime::NEVER, |_| ()), None);
        assert!(queue.is_empty());
    }

    proptest! {
        #[test]
        fn agrees_with_an_ordered_map(ops in prop::collection::vec(op(), 0..600)) {
            run_against_oracle(&ops);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn agrees_with_an_ordered_map_when_large(
            first in prop::collection::vec(delay(), 1500..4000),
            ops in prop::collection::vec(op(), 8000..12000),
        ) {
            // Large enough for the calendar, and long enough for it to be tuned again and given up.
            let mut all: Vec<Op> = first.into_iter().map(|d| Op::Push(d, 128)).collect();
            all.extend(ops);
            all.extend(std::iter::repeat_n(Op::Pop, 6000));
            run_against_oracle(&all);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn agrees_with_an_ordered_map_when_middling(
            first in prop::collection::vec(delay(), 40..300),
            ops in prop::collection::vec(op(), 2500..3500),
        ) {
            // A calendar of a few entries a bucket, with timers, at once and in the present.
            let mut all: Vec<Op> = first.into_iter().map(|d| Op::Push(d, 128)).collect();
            all.extend(ops);
            run_against_oracle(&all);
        }
    }

    #[test]
    fn what_comes_is_announced_once() {
        let mut queue = Queue::new();
        let mut rng = crate::rng::Rng::seed_from_u64(1);
        let push = |queue: &mut Queue<u32>, id, delay: f64| {
            let ticket = queue.ticket(128);
            queue.push(queue.now() + crate::SimDuration::from_secs_f64(delay), ticket, id);
        };
        for id in 0..4000 {
            push(&mut queue, id, rng.exponential());
        }
        let mut announced = vec![0u32; 64_000];
        for id in 4000..64_000 {
            let taken = queue.pop_before(SimTime::NEVER, |coming| announced[coming as usize] += 1);
            let times = announced[taken.unwrap() as usize];
            assert!(times <= 1);
            // Once there is a calendar, all but those that fell into the bucket in hand.
            announced[taken.unwrap() as usize] = 1 + times;
            push(&mut queue, id, rng.exponential());
        }
        let missed = announced[8000..].iter().filter(|&&n| n == 1).count();
        let hit = announced[8000..].iter().filter(|&&n| n == 2).count();
        assert!(missed * 50 < hit, "{missed} events came unannounced, {hit} announced");
    }

    #[test]
    fn pop_before_is_half_open() {
        let mut queue = Queue::new();
        let ticket = queue.ticket(128);
        queue.push(SimTime::from_ticks(5), ticket, 'a');
        assert_eq!(queue.pop_before(SimTime::from_ticks(5), |_| ()), None);
        assert_eq!(queue.next_time(), SimTime::from_ticks(5));
        assert_eq!(queue.pop_before(SimTime::from_ticks(6), |_| ()), Some('a'));
    }

    #[test]
    fn void_timers_do_not_pile_up() {
        let mut queue = Queue::new();
        let timer = queue.new_timer();
        for i in 0..100_000 {
            let ticket = queue.ticket(128);
            queue.set_timer(timer, SimTime::from_ticks(1_000_000 + i), ticket, i);
        }
        assert!(queue.len() < 3 * STALE_MAX, "{} entries held", queue.len());
        assert_eq!(queue.pop_before(SimTime::NEVER, |_| ()), Some(99_999));
        assert_eq!(queue.pop_before(SimTime::NEVER, |_| ()), None);
    }
}
