//! `HyStart`++ (RFC 9406): a slower slow start where round trips grow, and congestion avoidance if they stay so.
//!
//! In every round the least of at least eight round trips is compared with that of the round before. If it is longer by
//! an eighth of that (4 ms at least, 16 ms are enough), *conservative slow start* begins, in which the window grows by a
//! quarter: it ends after five rounds, with the threshold at the window, or goes back to slow start if round trips become
//! shorter than they were when it began. An acknowledgement adds eight segments at most. Only the first slow start of a connection
//! is like this, as the RFC recommends: that which has no threshold.
//!
//! Validated against: the rounds of the RFC's section 4.2, one after the other.

use sim_core::SimDuration;

use super::super::congestion::{Ack, Window};
use super::{MakeSlowStart, Round, SlowStart};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeSlowStart> = Kind {
    name: "hystart_plus_plus",
    doc: "Grows more slowly where round trips grow, and ends if they stay longer (HyStart++, RFC 9406).",
    fields: &[],
    make: |_| Ok(Some(Box::new(HyStartPlusPlus::NEW))),
};

/// RFC 9406 section 4.3.
const MIN_RTT_THRESH: f64 = 4e-3;
const MAX_RTT_THRESH: f64 = 16e-3;
const MIN_RTT_DIVISOR: f64 = 8.0;
const N_RTT_SAMPLE: u32 = 8;
const CSS_GROWTH_DIVISOR: f64 = 4.0;
const CSS_ROUNDS: u32 = 5;
const L: f64 = 8.0;

#[derive(Clone, Copy, Debug)]
struct HyStartPlusPlus {
    round: Round,
    /// The least round trip of the last round and of this one, in s; infinite without samples.
    last: f64,
    current: f64,
    samples: u32,
    conservative: Option<Conservative>,
    /// The first slow start is over.
    done: bool,
}

/// Conservative slow start.
#[derive(Clone, Copy, Debug)]
struct Conservative {
    /// The least round trip of the round in which it began, in s.
    baseline: f64,
    /// The rounds that it has been through.
    rounds: u32,
}

impl HyStartPlusPlus {
    const NEW: Self = Self {
        round: Round { end: 0 },
        last: f64::INFINITY,
        current: f64::INFINITY,
        samples: 0,
        conservative: None,
        done: false,
    };

    /// A round is over; true if it was the last of conservative slow start.
    fn turn(&mut self) -> bool {
        (self.last, self.current, self.samples) = (self.current, f64::INFINITY, 0);
        let Some(conservative) = &mut self.conservative else { return false };
        conservative.rounds += 1;
        conservative.rounds >= CSS_ROUNDS
    }
    /// Enough round trips are known to compare them.
    fn compare(&mut self) {
        match self.conservative {
            None if self.last.is_finite() => {
                let threshold = (self.last / MIN_RTT_DIVISOR).clamp(MIN_RTT_THRESH, MAX_RTT_THRESH);
                if self.current >= self.last + threshold {
                    self.conservative = Some(Conservative { baseline: self.current, rounds: 0 });
                }
            }
            Some(conservative) if self.current < conservative.baseline => self.conservative = None,
            _ => {}
        }
    }
}

impl SlowStart for HyStartPlusPlus {
    fn open(&mut self) {
        *self = Self::NEW;
    }
    fn on_ack(&mut self, window: &mut Window, before: f64, ack: &Ack) {
        // Once there is a threshold, a loss, a mark or a time-out has ended the first slow start, or there never was one.
        self.done |= window.threshold.is_finite();
        if self.done {
            return;
        }
        let growth = (window.size - before).min(L);
        let divisor = if self.conservative.is_some() { CSS_GROWTH_DIVISOR } else { 1.0 };
        window.size = before + growth / divisor;
        if self.round.turns(ack) && self.turn() {
            self.done = true;
            window.threshold = window.size;
            return;
        }
        if let Some(round_trip) = ack.round_trip.map(SimDuration::as_secs_f64) {
            self.current = self.current.min(round_trip);
            self.samples += 1;
            if self.samples >= N_RTT_SAMPLE {
                self.compare();
            }
        }
    }
    fn boxed_clone(&self) -> Box<dyn SlowStart> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::congestion::fixture::ack;
    use super::super::fixture::law;
    use super::*;

    /// A connection that the test sends rounds of acknowledgements.
    struct Course {
        law: Box<dyn SlowStart>,
        window: Window,
        first: u64,
    }

    impl Course {
        fn new() -> Self {
            let window = Window { size: 100.0, threshold: f64::INFINITY };
            Self { law: law("{ kind = 'hystart_plus_plus' }"), window, first: 1 }
        }
        /// A round of ten acknowledgements of `n` segments with this round trip, in ms; by how much the window grew.
        fn round(&mut self, n: u32, round_trip: f64) -> f64 {
            let start = self.window.size;
            let next = self.first + 10 * u64::from(n);
            for _ in 0..10 {
                if !self.window.in_slow_start() {
                    break;
                }
                let before = self.window.size;
                self.window.size += f64::from(n);
                let ack = Ack { first: self.first, next, ..ack(0.0, n, round_trip * 1e-3) };
                self.law.on_ack(&mut self.window, before, &ack);
            }
            self.first = next + 1;
            self.window.size - start
        }
    }

    #[test]
    fn growing_round_trips_make_it_conservative_and_end_it_after_five_rounds() {
        let mut course = Course::new();
        // An eighth of 80 ms is 10 ms: 9 are too little, whatever the rounds before were.
        assert_eq!([80.0, 89.0, 80.0].map(|ms| course.round(2, ms)), [20.0; 3]);
        // At the eighth acknowledgement the growth is known; the last two add a quarter.
        assert_eq!(course.round(2, 90.0), 17.0);
        assert_eq!([90.0; 4].map(|ms| course.round(2, ms)), [5.0; 4]);
        assert!(course.window.in_slow_start());
        // The fifth round is over with the first acknowledgement of the next.
        assert_eq!(course.round(2, 90.0), 0.5);
        assert!(!course.window.in_slow_start() && course.window.threshold == course.window.size);
    }

    #[test]
    fn shorter_round_trips_bring_slow_start_back() {
        let mut course = Course::new();
        course.round(1, 80.0);
        assert_eq!(course.round(1, 90.0), 8.5);
        // Found out at the eighth.
        assert_eq!(course.round(1, 89.0), 4.0);
        // Round trips are compared with those of the round before again: 89 and 99 ms.
        assert_eq!([99.0, 111.5].map(|ms| course.round(1, ms)), [10.0, 8.5]);
    }

    #[test]
    fn thresholds_have_bounds() {
        for (least, too_little, enough) in [(8.0, 11.9, 12.0), (400.0, 415.9, 416.1)] {
            for (ms, growth) in [(too_little, 10.0), (enough, 8.5)] {
                let mut course = Course::new();
                course.round(1, least);
                assert_eq!(course.round(1, ms), growth, "{least} to {ms} ms");
            }
        }
    }

    #[test]
    fn an_acknowledgement_adds_eight_segments_at_most() {
        assert_eq!(Course::new().round(20, 50.0), 80.0);
    }

    #[test]
    fn only_the_first_slow_start_is_like_this() {
        let mut course = Course::new();
        course.round(1, 80.0);
        // A loss has set a threshold.
        course.window.threshold = 1000.0;
        assert_eq!(course.round(20, 200.0), 200.0);
        course.law.open();
        course.window.threshold = f64::INFINITY;
        assert_eq!(course.round(20, 200.0), 80.0);
    }
}
