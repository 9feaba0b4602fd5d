//! From links and stages to stations.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Span, Table};
use sim_core::quantity::Quantity;
use sim_core::stats::{Component, ComponentKind, Extra, lasting};

use super::changes::Changes;
use super::{Builder, tables, ticks};
use crate::common::waveform::Course;
use crate::network::discipline::{
    AVAILABILITY, DisciplineContext, FAILURES, LINK_DOWN, LINK_LOSS, MTU, NO_ROUTE, REASONS, Reason, SignalMap,
    TAIL_DROP,
};
use crate::network::stage::StageSpec;
use crate::network::station::{LinePlan, Placement, Serialisation, Varying};
use crate::network::system::{ServicePlan, StationPlan, Works};
use crate::network::topology::{LinkSpec, Medium};

/// No link sends more bits a second, at any time.
const RATE_MAX: f64 = 1e15;

/// The links and stages made so far.
pub(super) struct Stations {
    pub(super) flows: usize,
    pub(super) plans: Vec<StationPlan>,
    pub(super) components: Vec<Component>,
    /// The metrics of reasons that rules make, in order of their numbers, which come after those of [`REASONS`].
    rules: Vec<&'static str>,
}

/// Where a link or stage stands.
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(super) struct Site {
    /// Its name in tables.
    pub(super) name: String,
    /// What its random streams are named after.
    pub(super) stream: String,
    /// Node and stage of it that come next.
    pub(super) behind: (u32, u32),
    /// Ticks of propagation.
    pub(super) delay: u64,
    /// Nothing comes after it.
    pub(super) terminal: bool,
    /// What is wrong with it, if it is a link.
    pub(super) line: LinePlan,
    /// It fails at some time.
    pub(super) fails: bool,
    /// It fails or changes otherwise.
    pub(super) changes: bool,
    /// It shares a transmitter with the other way of its link.
    pub(super) half: bool,
}

impl Stations {
    pub(super) fn new(flows: usize) -> Self {
        Self { flows, plans: Vec::new(), components: Vec::new(), rules: Vec::new() }
    }
    pub(super) fn add(&mut self, site: Site, works: Works) {
        let component = (self.flows + self.plans.len()) as u32;
        let (kind, mut reasons, mut signals, verdicts) = match &works {
            Works::Serves { servers, discipline, .. } => {
                // The transmitter of a half-duplex link may be busy with the other way while a packet waits.
                let kind = ComponentKind::Station { servers: *servers, paced: discipline.paced() || site.half };
                (kind, discipline.reasons(), discipline.signals(), Vec::new())
            }
            Works::Judges(gate) => (ComponentKind::Gate, gate.reasons(), gate.signals(), gate.verdicts()),
        };
        reasons.extend(site.line.mtu.map(|_| MTU));
        reasons.extend(site.line.loss.as_ref().map(|_| LINK_LOSS));
        if site.fails {
            reasons.push(LINK_DOWN);
            signals.extend([AVAILABILITY, FAILURES]);
        }
        let (signals, mut extras) = SignalMap::new(&signals);
        extras.extend(verdicts.iter().map(|v| Extra::count(lasting(&format!("hits.{}", v.name)), "packet")));
        let own = verdicts.iter().map(|v| if v.drops { self.rule(&v.name) } else { Reason::MAX }).collect();
        reasons.extend(verdicts.iter().filter(|v| v.drops).map(|v| self.rule(&v.name)));
        self.components.push(Component {
            reasons: self.told(reasons),
            extras,
            ..Component::new(&site.name, kind, "packet")
        });
        let place = Placement { component, delay: site.delay, terminal: site.terminal };
        let Site { stream, behind, line, changes, half, .. } = site;
        self.plans.push(StationPlan { stream, place, behind, changes, half, signals, verdicts: own, line, works });
    }
    /// The reason for drops by the rule called `name`: one for all rules of this name.
    fn rule(&mut self, name: &str) -> Reason {
        let metric = lasting(&format!("dropped.rule:{name}"));
        let place = self.rules.iter().position(|known| *known == metric).unwrap_or_else(|| {
            self.rules.push(metric);
            self.rules.len() - 1
        });
        (REASONS.len() + place) as Reason
    }
    /// Why packets can be lost anywhere here, or, if they can be `stranded`, at a node without a route.
    pub(super) fn reasons(&self, stranded: bool) -> Vec<(Reason, &'static str)> {
        let mut all: Vec<_> = self.components.iter().flat_map(|c| c.reasons.iter().copied()).collect();
        if stranded {
            all.extend(self.named(vec![NO_ROUTE]));
        }
        if all.is_empty() {
            return all;
        }
        // Where some station tells its reasons, those that do not drop at the tail.
        all.extend(self.named(vec![TAIL_DROP]));
        all.sort_unstable();
        all.dedup();
        all
    }
    fn named(&self, reasons: Vec<Reason>) -> Vec<(Reason, &'static str)> {
        let metrics: Vec<&'static str> = REASONS.iter().map(|r| r.1).chain(self.rules.iter().copied()).collect();
        reasons.into_iter().map(|r| (r, metrics[usize::from(r)])).collect()
    }
    /// The reasons that are counted apart: none if a full queue is the only one, since `dropped` says as much.
    fn told(&self, mut reasons: Vec<Reason>) -> Vec<(Reason, &'static str)> {
        reasons.sort_unstable();
        reasons.dedup();
        if reasons == [TAIL_DROP] { Vec::new() } else { self.named(reasons) }
    }
}

impl Builder<'_> {
    /// Makes something that may need to know of the scenario, behind a link of `rate` if there is one.
    fn make<T>(
        &mut self,
        rate: Option<Quantity>,
        make: impl FnOnce(&DisciplineContext<'_>) -> Result<T, Diagnostics>,
    ) -> Option<T> {
        let warnings = RefCell::default();
        let context = DisciplineContext {
            classes: &self.classes,
            flows: &self.labels,
            rate,
            registry: self.context.registry,
            largest: self.flows.iter().filter_map(|f| f.largest).max().unwrap_or(0),
            warnings: &warnings,
        };
        let made = make(&context);
        for d in warnings.into_inner().iter() {
            // The queue of a link, or of a stage at several nodes, is made more than once.
            if !self.warnings.iter().any(|w| (w.code, w.span) == (d.code, d.span)) {
                self.warnings.push(d.clone());
            }
        }
        made.map_err(|d| self.diagnostics.extend(d)).ok()
    }

    pub(super) fn add_link(&mut self, directed: usize, last: &[bool], changes: &Changes, stations: &mut Stations) {
        let link = self.link(directed).into_owned();
        let name = if directed.is_multiple_of(2) { link.name.clone() } else { format!("{}.reverse", link.name) };
        let to = link.to;
        let Some(discipline) = self.make(link.rate, |context| context.make(&link.queue)) else { return };
        let Some(line) = self.line(&link) else { return };
        let service = match self.service(&link) {
            Ok(service) => service,
            Err(found) => return self.diagnostics.extend(found),
        };
        let terminal = last[directed] && self.nodes[to].stages.is_empty();
        let stream = format!("link.{name}");
        let (fails, changes) = (changes.failing[directed / 2], changes.changing[directed / 2]);
        let (behind, delay) = ((to as u32, 0), ticks(link.delay));
        let half = link.half;
        let site = Site { name, stream, behind, delay, terminal, line, fails, changes, half };
        stations.add(site, Works::Serves { servers: 1, service, discipline });
    }

    /// How a link serves.
    fn service(&self, link: &LinkSpec) -> Result<ServicePlan, Diagnostics> {
        let Some(rate) = link.rate else { return Ok(ServicePlan::None) };
        let out_of_range = |span, rate: String| {
            let d = Diagnostic::error("E0333", span, format!("a rate of {rate}"), "out of range");
            Diagnostics::from(d.help("rates from 1 bit/s to 1000 Tbit/s can be simulated"))
        };
        let Some(serialisation) = Serialisation::new(rate.exact) else {
            return Err(out_of_range(link.span, rate.to_string()));
        };
        let overhead = link.medium.overhead;
        let Some(shape) = &link.medium.shape else {
            return Ok(match overhead {
                0 => ServicePlan::Rate(serialisation),
                _ => ServicePlan::Framed(serialisation, overhead),
            });
        };
        let waveform = self.context.waveforms.factor(&shape.name, shape.span)?;
        if rate.value * waveform.max() > RATE_MAX {
            return Err(out_of_range(shape.span, format!("{rate} times {}", waveform.max())));
        }
        Ok(ServicePlan::Varying(Varying::new(serialisation, overhead, Course::new(waveform))))
    }

    /// What is wrong with a link.
    fn line(&mut self, link: &LinkSpec) -> Option<LinePlan> {
        let registry = self.context.registry;
        let Medium { mtu, loss, jitter, .. } = &link.medium;
        let loss = loss.as_ref().map(|table| {
            let make = registry.losses.get(table.kind()).expect("the checker knows the kind").make;
            make(table)
        });
        let jitter = jitter.as_ref().map(|table| {
            let make = registry.services.get(table.kind()).expect("the checker knows the kind").make;
            make(table)
        });
        match (loss.transpose(), jitter.transpose()) {
            (Ok(loss), Ok(jitter)) => Some(LinePlan { mtu: *mtu, loss, jitter }),
            (loss, jitter) => {
                let found = [loss.err(), jitter.err()];
                found.into_iter().flatten().for_each(|d| self.diagnostics.extend(d));
                None
            }
        }
    }

    /// What is wrong with the queues of links and with stages, for a network that will not be made.
    pub(super) fn check_queues(&mut self) {
        let mut queues: Vec<(Arc<Table>, Option<Quantity>)> = Vec::new();
        for link in &self.graph.links {
            // Links of a topology share one table.
            if !queues.last().is_some_and(|(q, _)| Arc::ptr_eq(q, &link.queue)) {
                queues.push((Arc::clone(&link.queue), link.rate));
            }
        }
        for (queue, rate) in queues {
            // Only what is wrong with it matters.
            drop(self.make(rate, |context| context.make(&queue)));
        }
        for (_, table) in tables(self.scenario, "stage") {
            let make = self.context.registry.stages.get(table.kind()).expect("the checker knows the kind").make;
            drop(self.make(None, |context| make(table, context)));
        }
        let links = self.graph.links.iter().map(|l| l.name.clone());
        let stages = tables(self.scenario, "stage").map(|(name, _)| name.to_owned());
        let names: Vec<String> = links.chain(stages).collect();
        self.check_names(names.iter().map(String::as_str));
    }

    /// Makes the stations of all nodes' stages; returns them in order of nodes, and where each node's begin.
    pub(super) fn add_stages(&mut self, sinks: &[bool], stations: &mut Stations) -> (Vec<u32>, Vec<u32>) {
        let specs: BTreeMap<&str, &Table> = tables(self.scenario, "stage").collect();
        let mut uses: BTreeMap<String, u32> = BTreeMap::new();
        for (stage, _) in self.nodes.iter().flat_map(|n| &n.stages) {
            *uses.entry(stage.clone()).or_insert(0) += 1;
        }
        let (mut stages, mut first) = (Vec::new(), vec![0]);
        for (node, &is_sink) in sinks.iter().enumerate() {
            let own = std::mem::take(&mut self.nodes[node].stages);
            for (k, (stage, _)) in own.iter().enumerate() {
                let Some(table) = specs.get(stage.as_str()) else { continue };
                let make = self.context.registry.stages.get(table.kind()).expect("the checker knows the kind").make;
                let works = match self.make(None, |context| make(table, context)) {
                    Some(StageSpec::Station { workers: servers, service, queue: discipline }) => {
                        let service = service.map_or(ServicePlan::None, ServicePlan::Drawn);
                        Works::Serves { servers, service, discipline }
                    }
                    Some(StageSpec::Gate(gate)) => Works::Judges(gate),
                    None => continue,
                };
                let at = &self.graph.nodes[node].name;
                let name = if uses[stage] == 1 { stage.clone() } else { format!("{at}.{stage}") };
                let stream = format!("stage.{stage}@{at}");
                let terminal = is_sink && k + 1 == own.len();
                stages.push(stations.plans.len() as u32);
                let (behind, line) = ((node as u32, k as u32 + 1), LinePlan::default());
                let site =
                    Site { name, stream, behind, delay: 0, terminal, line, fails: false, changes: false, half: false };
                stations.add(site, works);
            }
            self.nodes[node].stages = own;
            first.push(stages.len() as u32);
        }
        (stages, first)
    }

    /// Names of components must differ, since tables name them alone.
    pub(super) fn check_names<'n>(&mut self, stations: impl Iterator<Item = &'n str>) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let flows = self.flows.iter().map(|f| (f.name.as_str(), f.span));
        let stations = stations.map(|name| (name, self.scenario.span));
        let mut twice = Vec::new();
        for (name, span) in flows.chain(stations) {
            if let Some(first) = seen.insert(name, span) {
                twice.push((name.to_string(), first));
            }
        }
        for (name, span) in twice {
            let d = Diagnostic::error("E0324", span, format!("two elements are called `{name}`"), "name used twice")
                .help("traffic, links and stages share one column of the tables; give one of them another name");
            self.diagnostics.push(d);
        }
    }
}
