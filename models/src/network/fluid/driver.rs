//! What happens to a fluid network during a run, where chance or waveforms say when: the turns are made as they come.
//!
//! Links fail by their own laws, and routes follow what is known of them, as those of packets do and by the same draws.
//!
//! A steady rate that follows a waveform is held from one value to the next where the waveform has steps. Where it has not, it
//! is held for stretches in which the waveform covers no more than a hundredth of its greatest value, at its mean over the
//! stretch: the bits sent up to the end of each are those of the waveform, and the rate in between is off by a hundredth at most.

use std::sync::Arc;

use sim_core::rng::Streams;
use sim_core::{SimDuration, SimTime};

use super::Turn;
use super::ways::{Change, Links, Refusal, WayMaker};
use crate::common::waveform::Course;
use crate::network::failures::{Knowledge, KnowledgePlan, News};
use crate::network::routing::Routes;

/// How much of its greatest value a waveform covers while its mean stands for it.
const WITHIN: f64 = 0.01;

/// What a steady flow sends.
#[derive(Clone, Debug)]
pub(in crate::network) struct Rate {
    /// bit/s; where the shape is 1, if there is one.
    pub(in crate::network) rate: f64,
    /// What it is multiplied by, and the greatest value of that.
    pub(in crate::network) shape: Option<(Course, f64)>,
}

impl Rate {
    /// In bit/s from `at` on, and until when.
    pub(in crate::network) fn hold(&mut self, at: SimTime) -> (f64, SimTime) {
        let Some((course, most)) = &mut self.shape else { return (self.rate, SimTime::NEVER) };
        let (until, mean) = course.hold(at.ticks(), WITHIN * *most);
        (self.rate * mean, SimTime::from_ticks(until))
    }
}

/// Something that an intervention does, or that a source begins or ends.
#[derive(Clone, Debug)]
pub(in crate::network) enum Step {
    Link(Change),
    /// Steady flow `.0` sends at this rate.
    Rate(usize, Rate),
    /// Routes follow when it is known.
    News(News),
    /// A steady flow begins or ends.
    Look,
}

/// What turns are made from, as every replication starts it.
#[derive(Debug)]
pub(in crate::network) struct DriverPlan {
    pub(in crate::network) maker: Arc<WayMaker>,
    pub(in crate::network) links: Links,
    /// Of each flow that is steady.
    pub(in crate::network) rates: Vec<Option<Rate>>,
    pub(in crate::network) routes: Arc<Routes>,
    pub(in crate::network) knowledge: KnowledgePlan,
    /// In order of time.
    pub(in crate::network) steps: Arc<[(SimTime, Step)]>,
    /// Whether ways of transfers have to be worked out one by one.
    pub(in crate::network) splits: bool,
}

/// What has to be looked at again, and after how long.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// Link `.0` of those that fail by chance fails or recovers.
    Fail(usize, SimDuration),
    /// Something comes to be known.
    Learn(SimDuration),
}

/// The course of things in a run.
#[derive(Debug)]
pub(super) struct Driver {
    maker: Arc<WayMaker>,
    links: Links,
    rates: Vec<Option<Rate>>,
    routes: Arc<Routes>,
    knowledge: Knowledge,
    steps: Arc<[(SimTime, Step)]>,
    done: usize,
    splits: bool,
}

impl Driver {
    pub(super) fn start(plan: &DriverPlan, streams: Streams) -> Self {
        Self {
            maker: Arc::clone(&plan.maker),
            links: plan.links.clone(),
            rates: plan.rates.clone(),
            routes: Arc::clone(&plan.routes),
            knowledge: Knowledge::start(&plan.knowledge, streams),
            steps: Arc::clone(&plan.steps),
            done: 0,
            splits: plan.splits,
        }
    }
    /// When links fail first.
    pub(super) fn first(&mut self) -> Vec<Due> {
        self.knowledge.first().enumerate().map(|(k, after)| Due::Fail(k, after)).collect()
    }
    /// Does what is planned up to `now`.
    pub(super) fn advance(&mut self, now: SimTime) -> Vec<Due> {
        let (steps, mut due) = (Arc::clone(&self.steps), Vec::new());
        while let Some((_, step)) = steps.get(self.done).filter(|s| s.0 <= now) {
            self.done += 1;
            match step {
                Step::Link(change) => self.links.take(*change),
                Step::Rate(flow, rate) => self.rates[*flow] = Some(rate.clone()),
                Step::News(news) => due.push(Due::Learn(self.knowledge.take(news, now))),
                Step::Look => {}
            }
        }
        due
    }
    /// Link `k` of those that fail by chance fails or recovers.
    pub(super) fn fail(&mut self, k: usize, now: SimTime) -> [Due; 2] {
        let (stay, known) = self.knowledge.turn(k, now);
        let failing = &self.knowledge.failing[k];
        self.links.take(if failing.is_down { Change::Down(failing.link) } else { Change::Up(failing.link) });
        [Due::Fail(k, stay), Due::Learn(known)]
    }
    pub(super) fn learn(&mut self, now: SimTime) {
        self.routes = self.knowledge.learn(now);
    }
    /// What holds from now on, and when something planned comes next.
    pub(super) fn turn(&mut self, now: SimTime, found: &mut Vec<Refusal>) -> (Turn, SimTime) {
        let mut next = self.steps.get(self.done).map_or(SimTime::NEVER, |s| s.0);
        let mut rates = Vec::with_capacity(self.rates.len());
        for rate in &mut self.rates {
            let (rate, until) = rate.as_mut().map_or((0.0, SimTime::NEVER), |rate| rate.hold(now));
            rates.push(rate);
            next = next.min(until);
        }
        let mut turn = self.maker.turn(&self.routes, &self.links, &rates, now, found);
        if self.splits {
            turn.standing = Some(Arc::new((Arc::clone(&self.routes), self.links.clone())));
        }
        (turn, next)
    }
}
