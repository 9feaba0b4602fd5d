//! For what share of the time a component holds so many, and when it first does: the law of its number, as far as it is
//! asked for.

use std::sync::Arc;

use super::component::{Component, ComponentKind, Measure};
use super::observe::Watch;
use super::places::Places;
use super::window::Window;
use crate::probe::{ComponentId, Departure, LossReason, Probe};
use crate::time::{SimTime, TICKS_PER_SECOND};

/// A question about the number that a component holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateQuestion {
    /// A station or a population.
    pub of: ComponentId,
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// Not for what share of the window it holds from `least` to `most`, but when it first does, since time zero.
    pub first: bool,
}

impl StateQuestion {
    fn holds(&self, n: u64) -> bool {
        (self.least..=self.most).contains(&n)
    }
}

/// Answers questions about states. The components of the questions are in a row, in their order.
#[derive(Clone, Debug)]
pub struct States {
    questions: Arc<[StateQuestion]>,
    /// The component of the first.
    first: ComponentId,
    places: Places,
    /// By place.
    seen: Vec<Seen>,
    /// By question: when what it awaits was the case, in ticks.
    times: Vec<Option<u64>>,
}

/// What is kept of a component.
#[derive(Clone, Debug)]
struct Seen {
    /// A population tells its levels, and who comes and goes only besides, if entities are followed.
    tells_levels: bool,
    now: u64,
    since: u64,
    /// By number: for how many ticks. All from the last on are taken together.
    ticks: Vec<u64>,
    /// What has not been the case yet, and the place of its answer.
    awaited: Vec<(StateQuestion, usize)>,
}

impl Seen {
    /// The number has been what it is until `at`.
    #[inline]
    fn stay(&mut self, at: u64) {
        let last = self.ticks.len() - 1;
        self.ticks[last.min(usize::try_from(self.now).unwrap_or(last))] += at - self.since;
        self.since = at;
    }
    /// For how many ticks of a window up to `end` it was in what `question` asks.
    fn within(&self, question: StateQuestion, end: u64) -> u64 {
        let mut seen = self.clone();
        seen.stay(end);
        seen.ticks.iter().enumerate().filter(|(i, _)| question.holds(*i as u64)).map(|(_, t)| t).sum()
    }
}

impl States {
    /// Nothing seen yet, of `components`, of which those from `first` on are for the answers.
    pub fn new(questions: Arc<[StateQuestion]>, first: ComponentId, components: &[Component]) -> Self {
        let mut places = Places::new(first as usize);
        let mut seen: Vec<Seen> = Vec::new();
        let mut times = vec![None; questions.len()];
        for (i, question) in questions.iter().enumerate() {
            let place = places.enter(question.of);
            if place == seen.len() {
                let (tells_levels, now) = match components[question.of as usize].kind {
                    ComponentKind::Population { initial, .. } => (true, initial as u64),
                    _ => (false, 0),
                };
                seen.push(Seen { tells_levels, now, since: 0, ticks: vec![0], awaited: Vec::new() });
            }
            let seen = &mut seen[place];
            if question.first {
                if question.holds(seen.now) {
                    times[i] = Some(0);
                } else {
                    seen.awaited.push((*question, i));
                }
                continue;
            }
            // Whatever is beyond the greatest number that is asked for lies in one row.
            let bounded = if question.most == u64::MAX { question.least } else { question.most + 1 };
            seen.ticks.resize(seen.ticks.len().max(bounded as usize + 1), 0);
        }
        Self { questions, first, places, seen, times }
    }
    /// The number that `c` holds is `next` of what it was, from `at` on; `level`: this tells of its level.
    #[inline]
    fn turn(&mut self, c: ComponentId, at: SimTime, level: bool, next: impl FnOnce(u64) -> u64) {
        let Some(place) = self.places.get(c) else { return };
        let (seen, times) = (&mut self.seen[place], &mut self.times);
        if seen.tells_levels != level {
            return;
        }
        seen.stay(at.ticks());
        seen.now = next(seen.now);
        let now = seen.now;
        seen.awaited.retain(|&(question, i)| {
            let holds = question.holds(now);
            if holds {
                times[i] = Some(at.ticks());
            }
            !holds
        });
    }
}

impl Probe for States {
    #[inline]
    fn enter(&mut self, c: ComponentId, at: SimTime) {
        self.turn(c, at, false, |n| n + 1);
    }
    #[inline]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        self.turn(c, d.at, false, |n| n - 1);
    }
    fn lose(&mut self, c: ComponentId, at: SimTime, _since: SimTime, _service: u64, _reason: LossReason) {
        self.turn(c, at, false, |n| n - 1);
    }
    #[inline]
    fn level(&mut self, c: ComponentId, at: SimTime, level: f64) {
        self.turn(c, at, true, |_| level as u64);
    }
}

impl Watch for States {
    fn open_window(&mut self, at: SimTime) {
        for seen in &mut self.seen {
            seen.ticks.fill(0);
            seen.since = at.ticks();
        }
    }
    fn report(&self, window: Window, _components: &[Component], out: &mut Vec<Measure>) {
        let all = (window.end - window.warmup).ticks() as f64;
        for ((component, question), time) in (self.first..).zip(self.questions.iter()).zip(&self.times) {
            if question.first {
                // None: not within the run.
                let value = time.map_or(f64::NAN, |t| t as f64 / TICKS_PER_SECOND as f64);
                out.push(Measure { component, metric: "first_passage_time", stat: "mean", value, unit: "s" });
                continue;
            }
            let place = self.places.get(question.of).expect("each that is asked about has one");
            let value = self.seen[place].within(*question, window.end.ticks()) as f64 / all;
            out.push(Measure { component, metric: "time_share", stat: "time_mean", value, unit: "1" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let secs = SimTime::from_secs;
        let component = Component::new("link", ComponentKind::Station { servers: 1, paced: false }, "packet");
        let species = Component::new("cell.A", ComponentKind::Population { initial: 7.0, tagged: false }, "molecule");
        let ask = |of, least, most| StateQuestion { of, least, most, first: false };
        let first = |of, least, most| StateQuestion { first: true, ..ask(of, least, most) };
        let questions = [
            ask(0, 0, 0),
            ask(0, 1, 1),
            ask(0, 2, u64::MAX),
            ask(1, 7, 7),
            ask(1, 3, 5),
            first(0, 0, 0),
            first(0, 3, u64::MAX),
            first(1, 0, 4),
            first(1, 0, 2),
        ];
        let mut states = States::new(Arc::new(questions), 2, &[component, species]);
        states.enter(0, secs(1));
        states.enter(0, secs(2));
        states.open_window(secs(4));
        states.enter(0, secs(5));
        for at in [6, 7, 8] {
            states.leave(0, Departure { at: secs(at), ..Departure::default() });
        }
        states.level(1, secs(6), 5.0);
        // One of those that left is followed.
        states.leave(1, Departure { at: secs(6), ..Departure::default() });
        states.level(1, secs(8), 1e9);
        states.level(1, secs(9), 3.0);
        let mut out = Vec::new();
        states.report(Window { warmup: secs(4), end: secs(14), bins: 1 }, &[], &mut out);
        let values: Vec<f64> = out.iter().map(|m| m.value).collect();
        assert_eq!(values[..8], [0.6, 0.1, 0.3, 0.2, 0.7, 0.0, 5.0, 9.0]);
        assert!(values[8].is_nan());
        assert_eq!(out.iter().map(|m| m.component).collect::<Vec<_>>(), (2..11).collect::<Vec<_>>());
    }
}
