//! When entities pass a component: the gaps between them, and when the first or the n-th passes, as far as it is asked for.

use std::sync::Arc;

use super::component::{Component, Measure};
use super::observe::Watch;
use super::places::Places;
use super::sketch::Sketch;
use super::station::Times;
use super::window::Window;
use crate::probe::{ComponentId, Departure, Probe};
use crate::time::{SimTime, TICKS_PER_SECOND};

/// A question about passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageQuestion {
    /// A station, of which departures count, or a pathway, forwards.
    pub of: ComponentId,
    /// When this one passes, counted from 1 at time zero; if none, the gaps between those that pass in the window and the
    /// ones before them.
    pub number: Option<u64>,
}

/// Answers questions about passages. The components of the questions are in a row, in their order.
#[derive(Clone, Debug)]
pub struct Passages {
    questions: Arc<[PassageQuestion]>,
    /// The component of the first.
    first: ComponentId,
    places: Places,
    /// By place.
    seen: Vec<Seen>,
    answers: Vec<Answer>,
}

/// What is kept of a component.
#[derive(Clone, Debug, Default)]
struct Seen {
    n: u64,
    last: u64,
    /// By question.
    questions: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Answer {
    /// In s; NaN if it was not within the run.
    Time(f64),
    Gaps(Box<Times>),
}

impl Passages {
    /// Nothing seen yet, with components from `first` on for the answers.
    pub fn new(questions: Arc<[PassageQuestion]>, first: ComponentId) -> Self {
        let mut places = Places::new(first as usize);
        let mut seen: Vec<Seen> = Vec::new();
        for (i, question) in questions.iter().enumerate() {
            let place = places.enter(question.of);
            if place == seen.len() {
                seen.push(Seen::default());
            }
            seen[place].questions.push(i);
        }
        let answer = |question: &PassageQuestion| match question.number {
            Some(_) => Answer::Time(f64::NAN),
            None => Answer::Gaps(Box::default()),
        };
        let answers = questions.iter().map(answer).collect();
        Self { questions, first, places, seen, answers }
    }
    #[inline]
    fn pass(&mut self, c: ComponentId, at: SimTime) {
        let Some(place) = self.places.get(c) else { return };
        let seen = &mut self.seen[place];
        let at = at.ticks();
        seen.n += 1;
        for &question in &seen.questions {
            match &mut self.answers[question] {
                Answer::Gaps(times) if seen.n > 1 => times.add(at - seen.last),
                Answer::Time(time) if self.questions[question].number == Some(seen.n) => {
                    *time = at as f64 / TICKS_PER_SECOND as f64;
                }
                _ => {}
            }
        }
        seen.last = at;
    }
}

impl Probe for Passages {
    #[inline]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        self.pass(c, d.at);
    }
    #[inline]
    fn count(&mut self, c: ComponentId, at: SimTime, n: u64, inward: bool) {
        if !inward {
            (0..n).for_each(|_| self.pass(c, at));
        }
    }
}

impl Watch for Passages {
    fn open_window(&mut self, _at: SimTime) {
        for answer in &mut self.answers {
            if let Answer::Gaps(times) = answer {
                times.clear();
            }
        }
    }
    fn report(&self, _window: Window, _components: &[Component], out: &mut Vec<Measure>) {
        for (component, answer) in (self.first..).zip(&self.answers) {
            let mut add = |metric, stat, value| out.push(Measure { component, metric, stat, value, unit: "s" });
            match answer {
                Answer::Time(time) => add("passage_time", "mean", *time),
                Answer::Gaps(times) => {
                    times.report(1.0 / TICKS_PER_SECOND as f64, |stat, value| add("interval", stat, value));
                }
            }
        }
    }
    fn sketches(&self, out: &mut Vec<(ComponentId, Sketch)>) {
        for (component, answer) in (self.first..).zip(&self.answers) {
            if let Answer::Gaps(times) = answer
                && times.n() > 0
            {
                out.push((component, times.sketch.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_numbers() {
        let secs = SimTime::from_secs;
        let ask = |of, number| PassageQuestion { of, number };
        let questions = [ask(0, None), ask(0, Some(1)), ask(1, Some(3)), ask(0, Some(9))];
        let mut passages = Passages::new(Arc::new(questions), 2);
        for at in [1, 2, 4] {
            passages.leave(0, Departure { at: secs(at), ..Departure::default() });
        }
        passages.open_window(secs(4));
        for at in [7, 8] {
            passages.leave(0, Departure { at: secs(at), ..Departure::default() });
        }
        passages.count(1, secs(5), 2, false);
        passages.count(1, secs(6), 9, true);
        passages.count(1, secs(7), 2, false);
        let mut out = Vec::new();
        passages.report(Window { warmup: secs(4), end: secs(9), bins: 1 }, &[], &mut out);
        let of = |component, stat| out.iter().find(|m| m.component == component && m.stat == stat).unwrap().value;
        assert_eq!((of(2, "mean"), of(2, "max"), of(3, "mean"), of(4, "mean")), (2.0, 3.0, 1.0, 7.0));
        assert!(of(5, "mean").is_nan());
        let mut sketches = Vec::new();
        passages.sketches(&mut sketches);
        assert_eq!((sketches.len(), sketches[0].1.total()), (1, 2));
    }
}
