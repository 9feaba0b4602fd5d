//! The tails of distributions of times: which share is longer than so much, and percentiles, as far as they are asked for.
//!
//! Shares are counted, each time against each threshold, so that they are exact. Percentiles are read off a sketch of their own.

use std::sync::Arc;

use super::component::{Component, Measure};
use super::observe::Watch;
use super::places::Places;
use super::station::Times;
use super::window::Window;
use crate::probe::{ComponentId, Departure, Probe};
use crate::time::{SimTime, TICKS_PER_SECOND};

/// Which times of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailOf {
    /// From coming in to leaving.
    Sojourns,
    /// The part before service.
    Waits,
    /// From one passage to the next.
    Gaps,
    /// What is recorded for this extra measure.
    Extra(u16),
}

/// A question about the times of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct TailQuestion {
    /// Its component.
    pub of: ComponentId,
    /// Which times.
    pub times: TailOf,
    /// What shares are longer than these, in ticks.
    pub longer_than: Vec<u64>,
    /// Below what these shares, 0 to 1, lie.
    pub quantiles: Vec<f64>,
}

impl TailQuestion {
    /// How many components the answers have.
    pub fn answers(&self) -> usize {
        self.longer_than.len() + self.quantiles.len()
    }
}

/// Answers questions about tails. The components of the answers are in a row: for each question those of its thresholds, then
/// those of its quantiles.
#[derive(Clone, Debug)]
pub struct Tails {
    questions: Arc<[TailQuestion]>,
    /// The component of the first answer.
    first: ComponentId,
    places: Places,
    /// By place: the questions.
    at: Vec<Vec<usize>>,
    /// By question.
    seen: Vec<Seen>,
}

/// What is kept for a question.
#[derive(Clone, Debug, Default)]
struct Seen {
    n: u64,
    /// By threshold.
    longer: Vec<u64>,
    /// If quantiles are asked for.
    times: Option<Box<Times>>,
    /// The passage before, if gaps are asked for.
    last: Option<SimTime>,
}

impl Seen {
    #[inline]
    fn add(&mut self, question: &TailQuestion, ticks: u64) {
        self.n += 1;
        for (longer, threshold) in self.longer.iter_mut().zip(&question.longer_than) {
            *longer += u64::from(ticks > *threshold);
        }
        if let Some(times) = &mut self.times {
            times.add(ticks);
        }
    }
}

impl Tails {
    /// Nothing seen yet, with components from `first` on for the answers.
    pub fn new(questions: Arc<[TailQuestion]>, first: ComponentId) -> Self {
        let mut places = Places::new(first as usize);
        let mut at: Vec<Vec<usize>> = Vec::new();
        for (i, question) in questions.iter().enumerate() {
            let place = places.enter(question.of);
            at.resize(at.len().max(place + 1), Vec::new());
            at[place].push(i);
        }
        let seen = questions.iter().map(|question| Seen {
            longer: vec![0; question.longer_than.len()],
            times: (!question.quantiles.is_empty()).then(Box::default),
            ..Seen::default()
        });
        let seen = seen.collect();
        Self { questions, first, places, at, seen }
    }
    /// Tells each question about `c` what `times` makes of what has happened there, if that is anything.
    #[inline]
    fn tell(&mut self, c: ComponentId, times: impl Fn(TailOf, &mut Seen) -> Option<u64>) {
        let Some(place) = self.places.get(c) else { return };
        for &i in &self.at[place] {
            let (question, seen) = (&self.questions[i], &mut self.seen[i]);
            if let Some(ticks) = times(question.times, seen) {
                seen.add(question, ticks);
            }
        }
    }
}

/// The gap that ends at `at`.
#[inline]
fn gap(seen: &mut Seen, at: SimTime) -> Option<u64> {
    seen.last.replace(at).map(|last| (at - last).ticks())
}

impl Probe for Tails {
    #[inline]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        self.tell(c, |of, seen| match of {
            TailOf::Sojourns => Some((d.at - d.since).ticks()),
            TailOf::Waits => Some(d.wait),
            TailOf::Gaps => gap(seen, d.at),
            TailOf::Extra(_) => None,
        });
    }
    #[inline]
    fn record(&mut self, c: ComponentId, extra: u16, _at: SimTime, value: u64) {
        self.tell(c, |of, _| (of == TailOf::Extra(extra)).then_some(value));
    }
    #[inline]
    fn count(&mut self, c: ComponentId, at: SimTime, n: u64, inward: bool) {
        for _ in 0..if inward { 0 } else { n } {
            self.tell(c, |of, seen| if of == TailOf::Gaps { gap(seen, at) } else { None });
        }
    }
}

impl Watch for Tails {
    fn open_window(&mut self, _at: SimTime) {
        for seen in &mut self.seen {
            seen.n = 0;
            seen.longer.fill(0);
            seen.times.iter_mut().for_each(|times| times.clear());
        }
    }
    fn report(&self, _window: Window, _components: &[Component], out: &mut Vec<Measure>) {
        let mut first = self.first;
        for (question, seen) in self.questions.iter().zip(&self.seen) {
            let shares = seen.longer.iter().map(|n| ("exceedance", *n as f64 / seen.n as f64, "1"));
            let times = seen.times.as_ref();
            let quantile = |&p: &f64| times.map_or(f64::NAN, |t| t.quantile(p)) / TICKS_PER_SECOND as f64;
            let quantiles = question.quantiles.iter().map(|p| ("percentile", quantile(p), "s"));
            for (component, (metric, value, unit)) in (first..).zip(shares.chain(quantiles)) {
                out.push(Measure { component, metric, stat: "mean", value, unit });
            }
            first += question.answers() as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_counted_and_percentiles_are_of_the_window() {
        let ticks = SimTime::from_ticks;
        let ask = |times, longer_than: &[u64], quantiles: &[f64]| TailQuestion {
            of: 0,
            times,
            longer_than: longer_than.into(),
            quantiles: quantiles.into(),
        };
        let questions = [
            ask(TailOf::Sojourns, &[10_000_000, 10_000_001], &[0.25, 0.999]),
            ask(TailOf::Waits, &[0], &[]),
            ask(TailOf::Gaps, &[999], &[]),
            ask(TailOf::Extra(3), &[5], &[0.5]),
        ];
        let mut tails = Tails::new(Arc::new(questions), 1);
        let leave = |tails: &mut Tails, at: u64, spent: u64, wait: u64| {
            tails.leave(0, Departure { at: ticks(at), since: ticks(at - spent), wait, ..Departure::default() });
        };
        leave(&mut tails, 20_000_000, 20_000_000, 7);
        tails.record(0, 3, ticks(20_000_000), 9);
        tails.open_window(ticks(20_000_000));
        // Equal is not longer; the neighbours are in one bucket of the sketch.
        leave(&mut tails, 20_000_999, 10_000_000, 0);
        leave(&mut tails, 20_001_999, 10_000_001, 1);
        leave(&mut tails, 20_002_999, 10_000_002, 0);
        leave(&mut tails, 20_003_999, 100, 0);
        tails.record(0, 3, ticks(20_004_000), 4);
        tails.record(0, 2, ticks(20_004_000), 900);
        let mut out = Vec::new();
        tails.report(Window { warmup: ticks(20_000_000), end: ticks(30_000_000), bins: 1 }, &[], &mut out);
        let told: Vec<(u32, &str, f64)> = out.iter().map(|m| (m.component, m.metric, m.value)).collect();
        assert_eq!(told[..3], [(1, "exceedance", 0.5), (2, "exceedance", 0.25), (3, "percentile", 100e-12)]);
        // No percentile is beyond what was seen.
        assert_eq!(told[3..5], [(4, "percentile", 10_000_002e-12), (5, "exceedance", 0.25)]);
        assert_eq!(told[5..], [(6, "exceedance", 0.75), (7, "exceedance", 0.0), (8, "percentile", 4e-12)]);
    }
}
