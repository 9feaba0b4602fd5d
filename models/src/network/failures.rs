//! Links that fail at random, and what the network knows of its links.
//!
//! Times up and down alternate, each drawn from a law, and the first one is up. A link that fails this way is down as one that
//! an intervention fails: it loses what it holds and what is sent over it. Where an intervention fails it besides, it is up
//! while neither has it down. Each link has streams of its own, and fails whether or not anything is sent over it.
//!
//! Routes follow what is known. Whatever happens to links, by an intervention or by itself, is known everywhere a time of
//! convergence later, which is drawn once for each such event, from a stream of what has happened; all that one intervention
//! does (a node fails with its links) is known at once. News tell what is so of a link when they are sent. Those that others
//! have overtaken are dropped: nobody notices a failure that is over and told to be over.
//!
//! Validated against: point and interval availability and the law of the number of failures of an alternating renewal process
//! with exponential times (Barlow & Proschan 1965, Mathematical Theory of Reliability, ch. 3 (from memory)); the same
//! failures as interventions; what is lost until failures are noticed after uniform times; news that overtake each other.

use std::sync::Arc;

use sim_core::rng::{Rng, Streams};
use sim_core::{SimDuration, SimTime};

use super::routing::{LinkState, Routes, State, Tables};
use crate::common::service::Service;

/// A link that fails at random, as every replication starts it.
#[derive(Debug)]
pub(super) struct FailurePlan {
    /// What its random streams are named after.
    pub(super) stream: String,
    pub(super) link: usize,
    /// The stations of its directions, as far as they are used.
    pub(super) stations: Vec<u32>,
    pub(super) up: Service,
    pub(super) down: Service,
}

impl FailurePlan {
    /// Whether anything is drawn for it.
    pub(super) fn draws(&self) -> bool {
        [&self.up, &self.down].iter().any(|law| !is_constant(law))
    }
    /// Events a second: it fails and recovers, and routes follow both.
    pub(super) fn event_rate(&self) -> f64 {
        4.0 / (self.up.mean(0.0) + self.down.mean(0.0))
    }
}

/// Whether nothing is drawn from a law.
pub(super) fn is_constant(law: &Service) -> bool {
    matches!(law, Service::Constant { .. })
}

/// What an intervention does to links.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct News {
    /// What the stream is named after from which the time is drawn until it is known.
    pub(super) stream: String,
    /// The links that it changes, and what becomes of them as far as interventions decide.
    pub(super) links: Vec<(usize, LinkState)>,
}

/// What becomes known of links, as every replication starts it.
#[derive(Debug)]
pub(super) struct KnowledgePlan {
    pub(super) failures: Vec<FailurePlan>,
    /// How long it takes until something is known.
    pub(super) convergence: Service,
    pub(super) tables: Arc<Tables>,
    /// The state at the start; of no links if nothing ever changes.
    pub(super) first: State,
}

/// A link that fails at random, in a run.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) link: usize,
    pub(super) stations: Vec<u32>,
    /// Of times up, and of times down.
    laws: [Service; 2],
    rngs: [Rng; 2],
    /// Of times until what happens to it is known.
    convergence: Rng,
    pub(super) is_down: bool,
}

impl Failing {
    fn start(plan: &FailurePlan, streams: Streams) -> Self {
        Self {
            link: plan.link,
            stations: plan.stations.clone(),
            laws: [plan.up.clone(), plan.down.clone()],
            rngs: ["up", "down"].map(|what| streams.stream(&plan.stream, what)),
            convergence: streams.stream(&plan.stream, "convergence"),
            is_down: false,
        }
    }
    /// For how long it stays as it is.
    fn stay(&mut self) -> SimDuration {
        let now = usize::from(self.is_down);
        SimDuration::from_ticks(self.laws[now].draw(&mut self.rngs[now], 0))
    }
}

/// Of a link, what is known from a time on.
#[derive(Clone, Copy, Debug)]
struct Report {
    at: SimTime,
    link: usize,
    state: LinkState,
}

/// What is and what is known of links, in a run.
#[derive(Debug)]
pub(super) struct Knowledge {
    pub(super) failing: Vec<Failing>,
    convergence: Service,
    streams: Streams,
    tables: Arc<Tables>,
    /// What interventions have made of links.
    planned: State,
    known: State,
    /// What is not known yet, in the order in which it happened.
    coming: Vec<Report>,
}

impl Knowledge {
    pub(super) fn start(plan: &KnowledgePlan, streams: Streams) -> Self {
        Self {
            failing: plan.failures.iter().map(|link| Failing::start(link, streams)).collect(),
            convergence: plan.convergence.clone(),
            streams,
            tables: Arc::clone(&plan.tables),
            planned: plan.first.clone(),
            known: plan.first.clone(),
            coming: Vec::new(),
        }
    }
    /// When each link fails first.
    pub(super) fn first(&mut self) -> impl Iterator<Item = SimDuration> {
        self.failing.iter_mut().map(Failing::stay)
    }
    /// Link `k` of those that fail at random fails or recovers: for how long it then stays so, and when that is known.
    pub(super) fn turn(&mut self, k: usize, now: SimTime) -> (SimDuration, SimDuration) {
        let failing = &mut self.failing[k];
        failing.is_down = !failing.is_down;
        let stay = failing.stay();
        let after = SimDuration::from_ticks(self.convergence.draw(&mut failing.convergence, 0));
        self.report(self.failing[k].link, now + after);
        (stay, after)
    }
    /// An intervention changes links; when that is known.
    pub(super) fn take(&mut self, news: &News, now: SimTime) -> SimDuration {
        let mut rng = self.streams.stream(&news.stream, "convergence");
        let after = SimDuration::from_ticks(self.convergence.draw(&mut rng, 0));
        for &(link, state) in &news.links {
            self.planned.links[link] = state;
            self.report(link, now + after);
        }
        after
    }
    /// What is so of `link` now is known at `at`.
    fn report(&mut self, link: usize, at: SimTime) {
        let mut state = self.planned.links[link];
        state.down |= self.failing.iter().any(|failing| failing.link == link && failing.is_down);
        self.coming.push(Report { at, link, state });
    }
    /// Takes up what is known at `now`; the table that follows from it.
    pub(super) fn learn(&mut self, now: SimTime) -> Arc<Routes> {
        let known = &mut self.known;
        let mut later = Vec::new();
        for report in self.coming.drain(..) {
            if report.at <= now {
                // What happened before and is not known yet has been overtaken.
                later.retain(|r: &Report| r.link != report.link);
                known.links[report.link] = report.state;
            } else {
                later.push(report);
            }
        }
        self.coming = later;
        self.tables.of(&self.known)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::routing::{Destination, Ends, Plan, Step};
    use super::*;

    #[test]
    fn overtaken_news_are_dropped() {
        let plan = Plan {
            nodes: 2,
            links: vec![Ends { from: 0, to: 1, duplex: false }; 2],
            destinations: vec![Destination { nodes: vec![1], address: 0, length: 0 }],
            statics: BTreeMap::new(),
            multipath: false,
            relations: None,
        };
        let up = LinkState::up([1.0; 2]);
        let mut knowledge = Knowledge::start(
            &KnowledgePlan {
                failures: Vec::new(),
                convergence: Service::Constant { ticks: 0 },
                tables: Arc::new(Tables::new(plan, BTreeMap::new())),
                first: State { links: vec![up; 2] },
            },
            Streams::new(1, 0),
        );
        let at = SimTime::from_ticks;
        let turn = |knowledge: &mut Knowledge, down, known| {
            let links = vec![(0, LinkState { down, ..up })];
            knowledge.convergence = Service::Constant { ticks: known };
            knowledge.take(&News { stream: String::new(), links }, at(0));
        };
        // The recovery is known before the failure, which is never noticed.
        turn(&mut knowledge, true, 40);
        turn(&mut knowledge, false, 31);
        assert_eq!(knowledge.learn(at(31)).step(0, 0), Step::Link(0));
        assert_eq!(knowledge.learn(at(40)).step(0, 0), Step::Link(0));
        // In order, and all that is due at once.
        turn(&mut knowledge, true, 50);
        turn(&mut knowledge, false, 60);
        assert_eq!(knowledge.learn(at(50)).step(0, 0), Step::Link(2));
        assert_eq!(knowledge.learn(at(60)).step(0, 0), Step::Link(0));
        turn(&mut knowledge, false, 70);
        turn(&mut knowledge, true, 70);
        assert_eq!(knowledge.learn(at(70)).step(0, 0), Step::Link(2));
        assert!(knowledge.coming.is_empty());
    }
}
