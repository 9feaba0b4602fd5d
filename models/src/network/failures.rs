//! Links that fail at random: times up and down alternate, each drawn from a law, and the first one is up.
//!
//! A link that fails this way is down as one that an intervention fails: it loses what it holds and what is sent over it, and
//! routes follow when they have converged. Where an intervention fails it besides, it is up while neither has it down. Each
//! link has streams of its own, and fails whether or not anything is sent over it.
//!
//! Validated against: point and interval availability and the law of the number of failures of an alternating renewal process
//! with exponential times (Barlow & Proschan 1965, Mathematical Theory of Reliability, ch. 3 (from memory)); the same
//! failures as interventions.

use std::collections::VecDeque;

use sim_core::rng::{Rng, Streams};
use sim_core::{SimDuration, SimTime};

use crate::common::service::Service;

/// A link that fails at random, as every replication starts it.
#[derive(Debug)]
pub(super) struct FailurePlan {
    /// What its random streams are named after.
    pub(super) stream: String,
    /// The stations of its directions, as far as they are used.
    pub(super) stations: Vec<u32>,
    pub(super) up: Service,
    pub(super) down: Service,
}

impl FailurePlan {
    /// Whether anything is drawn for it.
    pub(super) fn draws(&self) -> bool {
        [&self.up, &self.down].iter().any(|law| !matches!(law, Service::Constant { .. }))
    }
    /// Events a second: it fails and recovers, and routes follow both.
    pub(super) fn event_rate(&self) -> f64 {
        4.0 / (self.up.mean(0.0) + self.down.mean(0.0))
    }
    fn start(&self, streams: Streams) -> Failing {
        Failing {
            stations: self.stations.clone(),
            laws: [self.up.clone(), self.down.clone()],
            rngs: ["up", "down"].map(|what| streams.stream(&self.stream, what)),
            is_down: false,
        }
    }
}

/// A link that fails at random, in a run.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) stations: Vec<u32>,
    /// Of times up, and of times down.
    laws: [Service; 2],
    rngs: [Rng; 2],
    pub(super) is_down: bool,
}

impl Failing {
    /// For how long it stays as it is.
    fn stay(&mut self) -> SimDuration {
        let now = usize::from(self.is_down);
        SimDuration::from_ticks(self.laws[now].draw(&mut self.rngs[now], 0))
    }
    /// It fails or recovers; for how long it then stays so.
    pub(super) fn turn(&mut self) -> SimDuration {
        self.is_down = !self.is_down;
        self.stay()
    }
}

/// What routes are made from: the state of the topology as far as it is known, after the time of convergence.
#[derive(Debug)]
pub(super) struct Failures {
    pub(super) links: Vec<Failing>,
    /// How many states of the topology there are if no link fails at random.
    states: usize,
    /// Which of those is known.
    state: usize,
    /// Which links are known to be down: bit k is link k's.
    down: usize,
    pub(super) convergence: SimDuration,
    /// What is not known yet: from when on it is, and the link that has failed or recovered.
    coming: VecDeque<(SimTime, usize)>,
}

impl Failures {
    pub(super) fn start(plans: &[FailurePlan], states: usize, convergence: SimDuration, streams: Streams) -> Self {
        let links = plans.iter().map(|plan| plan.start(streams)).collect();
        Self { links, states, state: 0, down: 0, convergence, coming: VecDeque::new() }
    }
    /// When each link fails first.
    pub(super) fn first(&mut self) -> impl Iterator<Item = SimDuration> {
        self.links.iter_mut().map(Failing::stay)
    }
    /// That link `k` has turned is known at `at`, no earlier than what was told before.
    pub(super) fn tell(&mut self, k: usize, at: SimTime) {
        self.coming.push_back((at, k));
    }
    /// Takes up what is known at `now`; the table that follows from it.
    pub(super) fn learn(&mut self, now: SimTime) -> usize {
        while let Some((_, k)) = self.coming.pop_front_if(|(at, _)| *at <= now) {
            self.down ^= 1 << k;
        }
        self.table()
    }
    /// Interventions have led to `state`; the table that follows from it.
    pub(super) fn settle(&mut self, state: usize) -> usize {
        self.state = state;
        self.table()
    }
    /// Tables of all states are in a row for each set of links that are down.
    fn table(&self) -> usize {
        self.down * self.states + self.state
    }
}
