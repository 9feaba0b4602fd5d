//! Fluid mode: transfers at max-min fair rates instead of packets (`[run] fidelity = "fluid"`).
//!
//! The same scenario, for sizes that packets cannot reach. A transfer takes the path that its packets would take; its first
//! bit needs the propagation delay, and then all transfers share the links max-min fairly, the rates changing only where
//! one begins or ends. On a single bottleneck this is processor sharing, M/G/1-PS for Poisson arrivals (Kleinrock 1976,
//! Queueing Systems vol. 2, ch. 4; Massoulie & Roberts 2000, doi:10.1023/A:1019146925423 (both from memory)).
//!
//! Open-loop traffic sends its mean rate, whatever becomes of it. In a queue that all share (`fifo`, `red`, `codel`, `pie`) it
//! does not give way: transfers share what it leaves, and beyond the link's rate it loses in proportion (file `open_loop`).
//! Where each flow has a queue of its own (`fq_codel`), it gets its max-min fair share at most, as each transfer, and loses the
//! rest. Behind such a queue it may not come to a shared one that can be full: how much it brings there would depend on
//! transfers that depend on it. What passes a link has used the links before, lost or not.
//!
//! Links fail, recover and change, and paths follow, as interventions say or by chance; what is under way goes on by the new path,
//! and waits while there is none. Of paths of equal cost each transfer takes the one that its packets would take, by the same
//! hash. A connection takes a receiver's window a round trip of the empty path at most. A token bucket at a link
//! (`tbf`) is a link of its rate; the queue inside shares it.
//!
//! There is no waiting, no headers of acknowledgements, no handshakes and no slow starts here: what depends on them (delay
//! under active queue management, bursts shorter than a round trip) needs packets. What is not named here is refused (file
//! `build/fluid/meaning.rs`): stages, packets that wander, paths that packets take in turn, classes with shares of their own,
//! sources whose rate varies by chance.
//!
//! A change of rates costs O(bundles x hops + links), a beginning or an end O(log n) besides, n the transfers under way.
//!
//! Validated against: max-min allocations by hand, transfers over one link and over a triangle, E[T | x] = x / (1 - rho)
//! of processor sharing for exponential, lognormal, constant and Pareto sizes; packets of TCP up to load 0.72, and beside
//! open-loop traffic in shared and fair queues; windows of few segments.

mod best;
mod bundle;
mod conversations;
pub(super) mod driver;
mod max_min;
mod meter;
mod model;
pub(super) mod open_loop;
mod stream;
#[cfg(test)]
mod tests;
pub(super) mod ways;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sim_core::config::Diagnostics;
use sim_core::rng::Streams;
use sim_core::stats::{Component, ComponentKind, Extra, Form, RunRecord, Window, observe};
use sim_core::{RunError, SimDuration, SimTime};

use super::failures::FailurePlan;
use super::routing::Routes;
use super::traffic;
use super::transport::Application;
use crate::System;
use driver::{Driver, DriverPlan};
use meter::Meter;
use model::{BILLIONTH, Client, FluidNetwork, Link, MILLIONTH, Turns};
use stream::Stream;
use ways::{Links, WayMaker};

/// What is served in a fluid network.
pub(super) const ENTITY: &str = "transfer";

/// One flow of a fluid network, as every replication starts it.
#[derive(Debug)]
pub(super) struct FlowPlan {
    pub(super) name: String,
    pub(super) stream: String,
    pub(super) start: SimDuration,
    pub(super) stop: SimTime,
    pub(super) load: LoadPlan,
    /// Its number among all flows of the packets.
    pub(super) number: u32,
    /// Whether its transfers may take different ways.
    pub(super) splits: bool,
}

/// What a flow carries.
#[derive(Debug)]
pub(super) enum LoadPlan {
    /// Transfers.
    Transfers {
        application: Box<dyn Application>,
        /// Bits on the wire of a byte of payload.
        wire: f64,
    },
    /// A steady rate, which its ways have as their ceiling.
    Steady,
}

/// The way of a flow while nothing changes.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The links of its path; of steady traffic, from the first on where each flow has a queue of its own.
    pub(super) path: Vec<u32>,
    /// Propagation along it, in ticks; of the next one if there is none now.
    pub(super) delay: u64,
    /// What it takes at most, in bit/s on the wire: of each transfer a window a round trip, or 0 if there is no way; of steady
    /// traffic, what comes to the links of `path`.
    pub(super) ceiling: f64,
    /// What steady traffic sends, in bit/s.
    pub(super) offered: f64,
}

/// What holds from a time on.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) at: SimTime,
    /// Of each link, in bit/s: infinite if it has no rate, 0 if it is down.
    pub(super) capacities: Vec<f64>,
    /// Of each link, in bit/s: what steady traffic has taken before it is shared.
    pub(super) taken: Vec<f64>,
    /// Of each flow.
    pub(super) ways: Vec<Way>,
    /// What the ways of single transfers follow from, where they may differ.
    pub(super) standing: Option<Arc<(Arc<Routes>, Links)>>,
}

/// What holds when.
#[derive(Debug)]
pub(super) enum Course {
    /// Known beforehand, in order of time; the first is at time zero.
    Planned(Arc<[Turn]>),
    /// Worked out as it comes.
    Driven(Box<DriverPlan>),
}

/// A link of a fluid network.
#[derive(Debug)]
pub(super) struct LinkPlan {
    pub(super) name: String,
    /// Whether it has a rate.
    pub(super) is_rated: bool,
}

/// Everything about a fluid network that replications share.
#[derive(Debug)]
pub(super) struct FluidSystem {
    components: Vec<Component>,
    flows: Vec<FlowPlan>,
    links: Vec<LinkPlan>,
    course: Course,
    /// What the ways of single transfers are made from, if any flow splits.
    maker: Option<Arc<WayMaker>>,
    event_rate: f64,
    warnings: Diagnostics,
}

const GOODPUT: Extra = Extra { metric: "goodput", unit: "bit/s", scale: 1.0, form: Form::Rate };
const LOST: Extra = Extra { metric: "lost", unit: "bit/s", scale: 1.0, form: Form::Rate };
const SLOWDOWN: Extra = Extra { metric: "slowdown", unit: "1", scale: MILLIONTH, form: Form::Sample };
/// In whole numbers, so that where a run is looked at leaves no trace in the sum.
const UTILIZATION: Extra = Extra { metric: "utilization", unit: "1", scale: BILLIONTH, form: Form::Level };
const BIT_RATE: Extra = Extra { metric: "bit_rate", unit: "bit/s", scale: 1.0, form: Form::Rate };

impl FluidSystem {
    pub(super) fn new(
        flows: Vec<FlowPlan>,
        links: Vec<LinkPlan>,
        course: Course,
        maker: Option<Arc<WayMaker>>,
        warnings: Diagnostics,
    ) -> Self {
        let of_flow = |f: &FlowPlan| {
            let extras = match f.load {
                LoadPlan::Transfers { .. } => vec![GOODPUT, SLOWDOWN],
                LoadPlan::Steady => vec![GOODPUT, LOST],
            };
            Component { extras, ..Component::new(&f.name, ComponentKind::Flow, ENTITY) }
        };
        let of_link = |l: &LinkPlan| {
            let extras = if l.is_rated { vec![BIT_RATE, UTILIZATION] } else { vec![BIT_RATE] };
            Component { extras, ..Component::new(&l.name, ComponentKind::Pathway { saturable: false }, ENTITY) }
        };
        let components = flows.iter().map(of_flow).chain(links.iter().map(of_link)).collect();
        // Three events a transfer; where nothing is known of them, they are taken to be of 100 kB.
        let rate = |f: &FlowPlan| match &f.load {
            LoadPlan::Transfers { application, .. } => {
                let rate = application.transfer_rate().or_else(|| Some(application.mean_rate()? / 1e5));
                3.0 * rate.unwrap_or(0.0)
            }
            LoadPlan::Steady => 0.0,
        };
        let turns: f64 = match &course {
            Course::Planned(_) => 0.0,
            Course::Driven(plan) => plan.knowledge.failures.iter().map(FailurePlan::event_rate).sum(),
        };
        let event_rate = flows.iter().map(rate).sum::<f64>() + turns;
        Self { components, flows, links, course, maker, event_rate, warnings }
    }

    /// The network at time zero of a replication.
    fn start(&self, streams: Streams) -> FluidNetwork {
        let (mut clients, mut flows, mut steady) = (Vec::new(), Vec::new(), Vec::new());
        // The first turn gives ways and rates.
        for (i, f) in self.flows.iter().enumerate() {
            match &f.load {
                LoadPlan::Transfers { application, wire } => {
                    let draws = traffic::Streams {
                        gap: streams.stream(&f.stream, "gap"),
                        size: streams.stream(&f.stream, "size"),
                    };
                    let client = Client::new(application.boxed_clone(), draws, *wire, f.start, f.stop);
                    clients.push(client.of(f.number, f.splits));
                    flows.push(i as u32);
                }
                LoadPlan::Steady => steady.push(Stream::new(i as u32)),
            }
        }
        let first = self.flows.len() as u32;
        let link = |(l, plan): (usize, &LinkPlan)| Link {
            component: first + l as u32,
            is_rated: plan.is_rated,
            capacity: 0.0,
            taken: 0.0,
            load: 0.0,
            carried: Meter::default(),
        };
        let links = self.links.iter().enumerate().map(link).collect();
        let course = match &self.course {
            Course::Planned(turns) => Turns::Planned(Arc::clone(turns)),
            Course::Driven(plan) => Turns::Driven(Box::new(Driver::start(plan, streams))),
        };
        FluidNetwork::new((clients, flows), steady, links, course, self.maker.clone())
    }
}

impl System for FluidSystem {
    fn components(&self) -> &[Component] {
        &self.components
    }
    fn run_unless(&self, cancel: &AtomicBool, streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        observe(self.start(streams), &self.components, window, cancel)
    }
    fn event_rate(&self) -> f64 {
        self.event_rate
    }
    fn warnings(&self) -> Diagnostics {
        self.warnings.clone()
    }
}
