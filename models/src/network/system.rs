//! A network made ready to run.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sim_core::config::Diagnostics;
use sim_core::rng::Streams;
use sim_core::stats::{
    Attribution, Component, Grouping, Measure, RunRecord, Window, numbers_with, observe, observe_with,
};
use sim_core::{RunError, SimDuration, SimTime};

use super::discipline::{Discipline, Effects, Reason, SignalMap};
use super::failures::{FailurePlan, Knowledge, KnowledgePlan, News, is_constant};
use super::gate::{Checkpoint, Gate};
use super::model::{Branch, Hop, Network, Origin, Source};
use super::packet::Ecn;
use super::routing::{Ecmp, Routes, Spread};
use super::station::{Core, Fused, HalfDuplex, LinePlan, Placement, Queued, Serialisation, ServiceLaw, Spare, Varying};
use super::traffic::{self, Traffic};
use super::transport::{Application, Client, Header, Measures, RoundTrips, Settings, Transport};
use crate::System;
use crate::common::service::Service;
use crate::probe::{Answers, Asked};

/// What sends the packets of a flow, as every replication starts it.
#[derive(Debug)]
pub(super) enum OriginPlan {
    Source(Box<dyn Traffic>),
    /// An application; the next flow carries its acknowledgements.
    Client(Box<dyn Application>, Settings, Measures, Option<RoundTrips>),
    Acknowledgements,
}

impl OriginPlan {
    /// Whether it may draw.
    fn draws(&self) -> bool {
        match self {
            Self::Source(traffic) => traffic.draws(),
            Self::Client(application, ..) => application.draws(),
            Self::Acknowledgements => false,
        }
    }
}

/// A source of packets, as every replication starts it.
#[derive(Debug)]
pub(super) struct SourcePlan {
    /// What its random streams are named after.
    pub(super) stream: String,
    pub(super) origin: OriginPlan,
    pub(super) node: u32,
    /// The station that its packets come to first, if it is always the same.
    pub(super) entry: Option<u32>,
    /// Its row in the routing tables, or [`Packet::WANDERING`].
    pub(super) target: u32,
    pub(super) class: u8,
    pub(super) dscp: u8,
    /// Whether its packets bring code points of their own.
    pub(super) coded: bool,
    pub(super) ecn: Ecn,
    pub(super) start: SimDuration,
    pub(super) stop: SimTime,
}

impl SourcePlan {
    fn streams(&self, streams: Streams) -> traffic::Streams {
        traffic::Streams { gap: streams.stream(&self.stream, "gap"), size: streams.stream(&self.stream, "size") }
    }
}

/// How a station serves.
#[derive(Debug)]
pub(super) enum ServicePlan {
    None,
    Rate(Serialisation),
    /// With so many bits of framing around each packet.
    Framed(Serialisation, u32),
    /// At a rate that varies.
    Varying(Varying),
    Drawn(Service),
}

/// A link or stage, as every replication starts it.
#[derive(Debug)]
pub(super) struct StationPlan {
    pub(super) stream: String,
    pub(super) place: Placement,
    pub(super) behind: (u32, u32),
    /// It fails or changes during the run: departures cannot be worked out ahead.
    pub(super) changes: bool,
    /// It shares a transmitter: with the station after or before it, which is the way back or forth of the same link.
    pub(super) half: bool,
    pub(super) signals: SignalMap,
    /// The reasons of a gate's own verdicts.
    pub(super) verdicts: Arc<[Reason]>,
    /// What is wrong with it, if it is a link.
    pub(super) line: LinePlan,
    pub(super) works: Works,
}

impl StationPlan {
    /// Whether the next one is the way back of the same half-duplex link.
    fn is_half_of(&self, next: &Self) -> bool {
        next.stream == format!("{}.reverse", self.stream)
    }
    /// Whether packets can spend time here: only gates are passed at once, however many times.
    pub(super) fn takes_time(&self) -> bool {
        matches!(self.works, Works::Serves { .. })
    }
    /// Whether it may draw: of disciplines that is known of the simplest only.
    fn draws(&self) -> bool {
        let (service, discipline) = match &self.works {
            Works::Serves { service, discipline, .. } => (service, discipline),
            Works::Judges(gate) => return gate.draws(),
        };
        let is_drawn = matches!(service, ServicePlan::Drawn(law) if !matches!(law, Service::Constant { .. }));
        is_drawn || self.line.loss.is_some() || self.line.jitter.is_some() || discipline.as_fifo().is_none()
    }
}

/// Something that a scenario makes happen during a run.
#[derive(Debug)]
pub(super) enum Action {
    /// A link fails: its station.
    Down(u32),
    Up(u32),
    Rate(u32, Serialisation),
    /// Ticks of propagation.
    Delay(u32, u64),
    /// A source sends by another law until `stop`.
    Traffic {
        source: u32,
        traffic: Box<dyn Traffic>,
        stop: SimTime,
    },
    /// Routes follow when it is known what has happened to links.
    News(News),
}

/// What a station does with packets.
#[derive(Debug)]
pub(super) enum Works {
    /// Holds and serves them.
    Serves { servers: u32, service: ServicePlan, discipline: Box<dyn Discipline> },
    /// Judges them as they pass.
    Judges(Box<dyn Gate>),
}

/// A node that draws the next hop.
#[derive(Debug)]
pub(super) struct BranchPlan {
    pub(super) stream: String,
    pub(super) ways: Vec<(f64, Hop)>,
}

/// Everything about a network that replications share.
#[derive(Debug)]
pub(super) struct NetworkSystem {
    pub(super) components: Vec<Component>,
    pub(super) names: Arc<Vec<String>>,
    pub(super) sources: Vec<SourcePlan>,
    pub(super) stations: Vec<StationPlan>,
    pub(super) stages: Vec<u32>,
    pub(super) first: Vec<u32>,
    /// At the start.
    pub(super) routes: Arc<Routes>,
    pub(super) ecmp: Ecmp,
    /// What is hashed of each flow; empty if the conversation is.
    pub(super) hash_keys: Arc<[u64]>,
    /// What happens, in order of time.
    pub(super) actions: Arc<[(SimTime, Action)]>,
    /// What becomes known of links.
    pub(super) knowledge: KnowledgePlan,
    pub(super) link_stations: Vec<u32>,
    pub(super) branches: Vec<Option<BranchPlan>>,
    pub(super) event_rate: f64,
    /// Whose delays and losses are split.
    pub(super) grouping: Option<Arc<Grouping>>,
    /// What is asked besides; the last components are for the answers.
    pub(super) asked: Asked,
    pub(super) warnings: Diagnostics,
}

impl System for NetworkSystem {
    fn components(&self) -> &[Component] {
        &self.components
    }
    fn numbers(&self) -> Vec<Measure> {
        numbers_with(&self.watch(), &self.components)
    }
    fn run_unless(&self, cancel: &AtomicBool, streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        let network = self.start(streams);
        // What watches nothing costs something.
        if self.grouping.is_none() && self.asked.is_empty() {
            return observe(network, &self.components, window, cancel);
        }
        observe_with(self.watch(), network, &self.components, window, cancel)
    }
    fn event_rate(&self) -> f64 {
        self.event_rate
    }
    fn draws(&self) -> bool {
        let changes = |(_, action): &(SimTime, Action)| match action {
            Action::Traffic { traffic, .. } => traffic.draws(),
            Action::News(_) => !is_constant(&self.knowledge.convergence),
            _ => false,
        };
        self.sources.iter().any(|s| s.origin.draws())
            || self.stations.iter().any(StationPlan::draws)
            || self.branches.iter().any(Option::is_some)
            || self.actions.iter().any(changes)
            || self.knowledge.failures.iter().any(FailurePlan::draws)
            || (!self.knowledge.failures.is_empty() && !is_constant(&self.knowledge.convergence))
    }
    fn warnings(&self) -> Diagnostics {
        self.warnings.clone()
    }
}

impl NetworkSystem {
    /// What watches besides, as far as it is wanted.
    fn watch(&self) -> (Option<Attribution>, Answers) {
        let attribution =
            self.grouping.as_ref().map(|grouping| Attribution::new(Arc::clone(grouping), &self.components));
        (attribution, self.asked.answers(&self.components))
    }
    fn header(&self, flow: usize) -> Header {
        let s = &self.sources[flow];
        Header { flow: flow as u32, target: s.target, class: s.class, dscp: s.dscp }
    }
    /// The network at time zero of a replication.
    fn start(&self, streams: Streams) -> Network {
        let mut clients = Vec::new();
        let sources = self.sources.iter().enumerate().map(|(flow, s)| Source {
            origin: match &s.origin {
                OriginPlan::Source(traffic) => Origin::Source(traffic.boxed_clone()),
                OriginPlan::Acknowledgements => Origin::Acknowledgements,
                OriginPlan::Client(application, settings, measures, round_trips) => {
                    let headers = (self.header(flow), self.header(flow + 1));
                    let application = application.boxed_clone();
                    let streams = s.streams(streams);
                    let measures = (*measures, round_trips.clone());
                    clients.push(Client::new(application, streams, settings.clone(), headers, s.stop, measures));
                    Origin::Client(clients.len() as u32 - 1)
                }
            },
            streams: s.streams(streams),
            node: s.node,
            entry: s.entry,
            target: s.target,
            class: s.class,
            dscp: s.dscp,
            coded: s.coded,
            ecn: s.ecn,
            start: s.start,
            stop: s.stop,
            bits: 0,
            conversation: 0,
        });
        let sources = sources.collect();
        let stations = self.stations.chunk_by(|a, b| a.half && b.half && a.is_half_of(b)).flat_map(|link| {
            let mut ways = link.iter().map(|way| start_station(way, streams));
            match (ways.next(), ways.next()) {
                (Some(Core::Queued(there)), Some(Core::Queued(back))) => {
                    vec![Core::Half(Box::new(HalfDuplex::new([*there, *back]))), Core::Back]
                }
                (first, second) => first.into_iter().chain(second).collect(),
            }
        });
        let stations = stations.collect();
        let branch = |b: &BranchPlan| Branch { rng: streams.stream(&b.stream, "next"), ways: b.ways.clone() };
        Network {
            sources,
            stations,
            effects: Effects::default(),
            stages: self.stages.clone(),
            first: self.first.clone(),
            spread: Spread::new(self.ecmp, Arc::clone(&self.hash_keys), &self.routes),
            routes: Arc::clone(&self.routes),
            actions: Arc::clone(&self.actions),
            done: 0,
            knowledge: Knowledge::start(&self.knowledge, streams),
            link_stations: self.link_stations.clone(),
            branches: self.branches.iter().map(|b| b.as_ref().map(branch)).collect(),
            behind: self.stations.iter().map(|s| s.behind).collect(),
            transport: Transport::new(clients),
            names: Arc::clone(&self.names),
        }
    }
}

fn start_station(plan: &StationPlan, streams: Streams) -> Core {
    let (servers, service, discipline) = match &plan.works {
        Works::Serves { servers, service, discipline } => (*servers, service, discipline),
        Works::Judges(gate) => {
            let mut gate = gate.boxed_clone();
            gate.start(streams.stream(&plan.stream, "gate"));
            return Core::Gate(Checkpoint::new(plan.place.component, gate, plan.signals, Arc::clone(&plan.verdicts)));
        }
    };
    let law = match service {
        ServicePlan::None => ServiceLaw::None,
        ServicePlan::Rate(rate) => ServiceLaw::Rate(*rate),
        ServicePlan::Framed(rate, bits) => ServiceLaw::Framed(*rate, *bits),
        ServicePlan::Varying(law) => ServiceLaw::Varying(Box::new(law.clone())),
        ServicePlan::Drawn(law) => ServiceLaw::drawn(law, streams.stream(&plan.stream, "service")),
    };
    let line = (!plan.line.is_plain()).then(|| plan.line.start(&plan.stream, streams));
    if servers == 1
        && line.is_none()
        && !plan.changes
        && !plan.half
        && let Some(limit) = discipline.as_fifo()
    {
        return Core::Fused(Fused::new(plan.place, law, limit));
    }
    let spare = plan.changes.then(|| Spare::new(discipline.boxed_clone(), streams.stream(&plan.stream, "restart")));
    let mut discipline = discipline.boxed_clone();
    discipline.start(streams.stream(&plan.stream, "queue"));
    let queued = Queued::new(plan.place, law, discipline, plan.signals, servers);
    Core::Queued(Box::new(queued.over(line).with(spare)))
}
