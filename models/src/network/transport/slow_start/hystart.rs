//! Hybrid slow start (Ha & Rhee 2011, doi:10.1016/j.comnet.2011.01.014; DOI from memory), as Linux has it.
//!
//! Two signs that the path is full end slow start. A *train*: acknowledgements of a round that follow each other within
//! `ack_gap` last for longer than `train` times the least round trip. A *delay*: the least of the first eight round trips of a
//! round exceeds the least of the connection by `delay` times that, but at least `delay_min` and at most `delay_max`. Neither
//! is looked for below `low_window` segments.
//!
//! The defaults are those of Linux (from memory). ns-3 has `train = 1`, `delay = 1` and `delay_max = "1 s"`: there a train ends
//! slow start twice as late, and delay hardly ever does.
//!
//! Validated against: both signs, at the acknowledgement that gives them; the first peak of ns-3's CUBIC.

use sim_core::config::{Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::{SimDuration, SimTime};

use super::super::congestion::{Ack, Window};
use super::{MakeSlowStart, Round, SlowStart};
use crate::registry::Kind;

const TIME: Type = Type::Quantity(&[Dimension::TIME]);
const SHARE: Type = Type::Number { min: 1e-3, max: 1e3 };

pub(super) const KIND: Kind<MakeSlowStart> = Kind {
    name: "hystart",
    doc: "Ends where a train of acknowledgements or growing round trips tell that the path is full (Ha & Rhee 2011; Linux).",
    fields: &[
        Field::default(
            "train",
            SHARE,
            "0.5",
            "A train of acknowledgements ends it if it lasts for so many least round trips; ns-3 has 1.",
        ),
        Field::default(
            "ack_gap",
            TIME,
            "\"2 ms\"",
            "Acknowledgements that follow each other within this are of one train.",
        ),
        Field::default(
            "delay",
            SHARE,
            "0.125",
            "Round trips that are longer by so much of the least one end it; ns-3 has 1.",
        ),
        Field::default("delay_min", TIME, "\"4 ms\"", "But they must be longer by this at least."),
        Field::default("delay_max", TIME, "\"16 ms\"", "And by this they are longer enough; ns-3 has 1 s."),
        Field::default(
            "low_window",
            Type::Number { min: 0.0, max: 1e9 },
            "16",
            "Segments below which the window grows whatever acknowledgements tell.",
        ),
    ],
    make: |table| Ok(Some(Box::new(HyStart::read(table)))),
};

/// Round trips that are looked at in each round.
const SAMPLES: u32 = 8;

#[derive(Clone, Debug)]
struct HyStart {
    train: f64,
    ack_gap: SimDuration,
    delay: f64,
    /// In s.
    delay_min: f64,
    delay_max: f64,
    low_window: f64,
    round: Round,
    /// When the round began, and the last acknowledgement of its train.
    began: SimTime,
    last: SimTime,
    /// The least round trip of the connection, and that of the first ones in this round; in s.
    least: f64,
    least_now: f64,
    samples: u32,
}

impl HyStart {
    fn read(table: &Table) -> Self {
        Self {
            train: table.number("train"),
            ack_gap: SimDuration::from_secs_f64(table.quantity("ack_gap").value),
            delay: table.number("delay"),
            delay_min: table.quantity("delay_min").value,
            delay_max: table.quantity("delay_max").value,
            low_window: table.number("low_window"),
            round: Round::default(),
            began: SimTime::ZERO,
            last: SimTime::ZERO,
            least: f64::INFINITY,
            least_now: f64::INFINITY,
            samples: 0,
        }
    }
    /// Whether the train of acknowledgements is long enough.
    fn is_train(&mut self, now: SimTime) -> bool {
        if now - self.last > self.ack_gap {
            return false;
        }
        self.last = now;
        (now - self.began).as_secs_f64() > self.train * self.least
    }
    /// Whether round trips have grown enough.
    fn is_late(&mut self, round_trip: f64) -> bool {
        if self.samples < SAMPLES {
            self.samples += 1;
            self.least_now = self.least_now.min(round_trip);
            return false;
        }
        self.least_now > self.least + (self.delay * self.least).max(self.delay_min).min(self.delay_max)
    }
}

impl SlowStart for HyStart {
    fn open(&mut self) {
        (self.round, self.least) = (Round::default(), f64::INFINITY);
        (self.least_now, self.samples) = (f64::INFINITY, 0);
    }
    fn on_ack(&mut self, window: &mut Window, _before: f64, ack: &Ack) {
        if self.round.turns(ack) {
            (self.began, self.last) = (ack.now, ack.now);
            (self.least_now, self.samples) = (f64::INFINITY, 0);
        }
        let Some(round_trip) = ack.round_trip.map(SimDuration::as_secs_f64) else { return };
        self.least = self.least.min(round_trip);
        if window.size < self.low_window {
            return;
        }
        // Both are looked at every time: each keeps books of its own.
        let (train, late) = (self.is_train(ack.now), self.is_late(round_trip));
        if train || late {
            window.threshold = window.size;
        }
    }
    fn on_timeout(&mut self) {
        self.open();
    }
    fn boxed_clone(&self) -> Box<dyn SlowStart> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::congestion::fixture::ack;
    use super::super::fixture::law;
    use super::*;

    /// Acknowledgements of one segment each at these times, with these round trips, in one round of which the window grows;
    /// the index of the one that ends slow start.
    fn ends(law: &mut dyn SlowStart, acks: &[(f64, f64)]) -> Option<usize> {
        let mut window = Window { size: 20.0, threshold: f64::INFINITY };
        acks.iter().position(|&(at, round_trip)| {
            let before = window.size;
            window.size += 1.0;
            law.on_ack(&mut window, before, &Ack { next: 1000, first: 1, ..ack(at, 1, round_trip) });
            !window.in_slow_start()
        })
    }

    #[test]
    fn a_train_of_half_the_least_round_trip_ends_it() {
        // 100 ms: acknowledgements 1 ms apart from the first on, the 51st after which is more than 50 ms late.
        let acks: Vec<_> = (0..80).map(|i| (f64::from(i) * 1e-3, 0.1)).collect();
        assert_eq!(ends(law("{ kind = 'hystart' }").as_mut(), &acks), Some(51));
        assert_eq!(ends(law("{ kind = 'hystart', train = 0.25 }").as_mut(), &acks), Some(26));
        // The train breaks at a gap, and is over: 3 ms from one to the next are no train at all.
        let acks: Vec<_> = (0..80).map(|i| (f64::from(i) * 3e-3, 0.1)).collect();
        assert_eq!(ends(law("{ kind = 'hystart' }").as_mut(), &acks), None);
    }

    #[test]
    fn round_trips_longer_by_an_eighth_end_it() {
        let mut law = law("{ kind = 'hystart', train = 1000 }");
        // Least 80 ms, an eighth 10 ms.
        assert_eq!(ends(law.as_mut(), &[(0.0, 0.08)]), None);
        let round = |round_trip: f64| -> Vec<_> { (0..12).map(|i| (1.0 + f64::from(i) * 1e-3, round_trip)).collect() };
        for (round_trip, end) in [(0.0899, None), (0.0901, Some(8))] {
            let mut law = law.boxed_clone();
            // The next round: its first eight are looked at, the ninth decides.
            let mut window = Window { size: 40.0, threshold: f64::INFINITY };
            let found = round(round_trip).iter().position(|&(at, round_trip)| {
                law.on_ack(&mut window, 40.0, &Ack { next: 2000, first: 1001, ..ack(at, 1, round_trip) });
                !window.in_slow_start()
            });
            assert_eq!(found, end, "{round_trip}");
        }
    }

    #[test]
    fn small_windows_grow_whatever_comes() {
        let mut law = law("{ kind = 'hystart', low_window = 1000 }");
        let acks: Vec<_> = (0..80).map(|i| (f64::from(i) * 1e-3, 0.1)).collect();
        assert_eq!(ends(law.as_mut(), &acks), None);
    }
}
