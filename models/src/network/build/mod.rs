//! From checked tables to a network that can run.

mod attribution;
mod changes;
mod failures;
mod flows;
mod fluid;
mod looks;
mod loose;
mod marks;
pub(in crate::network) mod routes;
mod sizes;
mod stations;
mod trapped;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Span, Table, Type, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::stats::{Component, ComponentKind};

use super::address::Prefix;
use super::failures::FailurePlan;
use super::label::{self, Label};
use super::model::Event;
use super::packet::Packet;
use super::routing::{Destination, Routes, StaticRoutes};
use super::system::{NetworkSystem, SourcePlan, Works};
use super::topology::{self, Graph};
use super::traffic::Load;
use super::transport::Path;
use crate::{BuildContext, System, probe};
use attribution::Layout;
use changes::Changes;
use flows::{Flow, Origin};
use stations::Stations;
use ways::Ways;

/// The sections of a network scenario.
pub(crate) fn sections() -> Vec<Section> {
    [topology::SECTIONS, &[routes::SECTION], SECTIONS].concat()
}

const SECTIONS: &[Section] = &[
    Section {
        name: "stage",
        shape: Shape::Keyed,
        family: Some("stage"),
        fields: &[],
        doc: "What packets pass at a node that lists it under `stages`, in that order.",
    },
    Section {
        name: "traffic",
        shape: Shape::Keyed,
        family: Some("traffic"),
        fields: &[
            Field::optional("from", Type::Text, "The node where packets come in."),
            Field::optional(
                "to",
                Type::OneOf(&[Type::Text, Type::List(&Type::Text)]),
                "The node that they are addressed to; several, of which the nearest takes them; or an IPv4 address, which \
                 belongs to the nodes with the longest `prefix` around it. Without it they wander: each node draws the \
                 next by its `next`.",
            ),
            Field::default("class", Type::Text, "\"default\"", "The class, for disciplines that tell classes apart."),
            Field::default("start", Type::Quantity(&[Dimension::TIME]), "\"0 s\"", "When the source begins."),
            Field::optional(
                "stop",
                Type::Quantity(&[Dimension::TIME]),
                "When it ends; without it, at the end of the run.",
            ),
            Field::default(
                "size",
                Type::Kind("size"),
                "{ kind = \"constant\", size = \"1500 B\" }",
                "The law of packet sizes, in bytes on the wire.",
            ),
            label::FIELDS[0],
            label::FIELDS[1],
            label::FIELDS[2],
            label::FIELDS[3],
            label::FIELDS[4],
        ],
        doc: "A flow of packets from one node to another.",
    },
];

/// Makes the network of `scenario`.
pub(crate) fn build(scenario: &Table, context: &BuildContext<'_>) -> Result<Box<dyn System>, Diagnostics> {
    let (graph, found) = topology::graph(scenario, context);
    let mut builder = Builder::new(scenario, context, graph);
    builder.diagnostics = found;
    builder.read_nodes();
    builder.read_flows();
    let probes = builder.probes();
    builder.check_delays();
    let changes = builder.read_changes();
    let ways = builder.check_size(&changes).then(|| builder.ways(&changes));
    if let Some(ways) = &ways {
        builder.check_ways(ways);
    }
    if builder.diagnostics.has_errors() {
        // What would come up only when stations are made.
        let holds: Vec<bool> = builder.nodes.iter().map(|n| !n.stages.is_empty()).collect();
        if !builder.find_instant_loops(|node| holds[node]) {
            builder.check_exits();
        }
        builder.check_queues();
    }
    builder.stop_if_wrong()?;
    let ways = ways.expect("the tables have a size that fits");
    if fluid::is_asked_for(scenario) {
        builder.finish_fluid(ways, &changes)
    } else {
        builder.finish(ways, &changes, &probes)
    }
}

/// A node's own declarations.
struct NodePlan {
    /// Its addresses.
    prefix: Prefix,
    /// Whether it names them: then others know it by its prefix.
    announced: bool,
    /// Names of its stages.
    stages: Vec<(String, Span)>,
    /// Nodes that wandering packets go to next (`None`: out), with their probabilities.
    next: Vec<(Option<usize>, f64)>,
    branches: bool,
}

impl NodePlan {
    /// Node number `n` without declarations: it has the addresses 10.x.y.0/24, or 10.x.y.z beyond 65 536 nodes.
    fn new(n: usize) -> Self {
        let base = 10 << 24;
        let prefix = match n {
            ..0x1_0000 => Prefix { base: base | (n as u32) << 8, length: 24 },
            _ => Prefix { base: base | (n as u32 & 0xFF_FFFF), length: 32 },
        };
        Self { prefix, announced: false, stages: Vec::new(), next: Vec::new(), branches: false }
    }
}

/// The stations of a network, and where they are.
struct Made {
    stations: Stations,
    /// Those of all nodes' stages, and where each node's begin.
    stages: Vec<u32>,
    first: Vec<u32>,
    /// Of each directed link, if it is used.
    link_stations: Vec<u32>,
}

struct Builder<'a> {
    scenario: &'a Table,
    context: &'a BuildContext<'a>,
    graph: Graph,
    by_name: BTreeMap<String, usize>,
    classes: Vec<String>,
    flows: Vec<Flow>,
    /// The headers of each flow.
    labels: Vec<Label>,
    nodes: Vec<NodePlan>,
    /// What flows are addressed to: the rows of the routing tables.
    destinations: Vec<Destination>,
    /// The destinations whose first node is this.
    rows: BTreeMap<usize, Vec<usize>>,
    /// Static routes by node.
    statics: BTreeMap<usize, StaticRoutes>,
    diagnostics: Diagnostics,
    /// What does not keep the network from running.
    warnings: Diagnostics,
}

fn ticks(q: Quantity) -> u64 {
    q.to_ticks().unwrap_or(SimTime::HORIZON_MAX.ticks())
}

/// The tables of a keyed section.
fn tables<'a>(scenario: &'a Table, section: &str) -> impl Iterator<Item = (&'a str, &'a Table)> {
    let entries = scenario.opt_table(section).map_or(&[][..], |t| &t.entries);
    entries.iter().filter_map(|(name, _, v)| Some((name.as_str(), v.as_table()?)))
}

impl<'a> Builder<'a> {
    fn new(scenario: &'a Table, context: &'a BuildContext<'a>, graph: Graph) -> Self {
        let by_name = graph.nodes.iter().enumerate().map(|(i, n)| (n.name.clone(), i)).collect();
        let nodes = (0..graph.nodes.len()).map(NodePlan::new).collect();
        Self {
            scenario,
            context,
            graph,
            by_name,
            classes: Vec::new(),
            flows: Vec::new(),
            labels: Vec::new(),
            nodes,
            destinations: Vec::new(),
            rows: BTreeMap::new(),
            statics: BTreeMap::new(),
            diagnostics: Diagnostics::default(),
            warnings: Diagnostics::default(),
        }
    }

    fn stop_if_wrong(&mut self) -> Result<(), Diagnostics> {
        if self.diagnostics.has_errors() { Err(std::mem::take(&mut self.diagnostics)) } else { Ok(()) }
    }

    fn node(&mut self, name: &str, span: Span) -> Option<usize> {
        let found = self.by_name.get(name).copied();
        if found.is_none() && !self.graph.incomplete {
            let near = || did_you_mean(name, self.by_name.keys().map(String::as_str));
            let help = self.graph.name_hint(name).or_else(near).unwrap_or_else(|| {
                let some: Vec<&str> = self.by_name.keys().take(8).map(String::as_str).collect();
                match self.by_name.len() {
                    0 => "declare it as [node.NAME], or see `topology`".to_string(),
                    n => format!("the nodes are {}{}", some.join(", "), if n > some.len() { ", ..." } else { "" }),
                }
            });
            let d = Diagnostic::error("E0310", span, format!("there is no node `{name}`"), "unknown node").help(help);
            self.diagnostics.push(d);
        }
        found
    }

    fn read_nodes(&mut self) {
        for (name, table) in tables(self.scenario, "node") {
            let Some(&node) = self.by_name.get(name) else { continue };
            for v in table.list("stages") {
                let stage = v.as_text().unwrap_or_default().to_string();
                self.nodes[node].stages.push((stage, v.span));
            }
            if table.get("prefix").is_some()
                && let Some(prefix) = self.prefix(table, "prefix")
            {
                (self.nodes[node].prefix, self.nodes[node].announced) = (prefix, true);
            }
            self.read_routes(node, table);
            if let Some(next) = table.opt_table("next") {
                self.read_branches(node, next);
            }
        }
    }

    /// Makes the stations, and looks whether packets can pass them; what is wrong with that is among the diagnostics.
    ///
    /// Fails if they could not be made, with all that is wrong so far.
    fn stations(&mut self, ways: &Ways, changes: &Changes) -> Result<Made, Diagnostics> {
        let mut stations = Stations::new(self.flows.len());
        let mut link_stations = vec![u32::MAX; 2 * self.graph.links.len()];
        for (l, _) in ways.used.iter().enumerate().filter(|(_, used)| **used) {
            link_stations[l] = stations.plans.len() as u32;
            self.add_link(l, &ways.last, changes, &mut stations);
        }
        let (stages, first) = self.add_stages(&ways.sinks, &mut stations);
        let found = self.find_instant_loops(|node| {
            let own = first[node] as usize..first[node + 1] as usize;
            stages[own].iter().any(|&stage| stations.plans[stage as usize].takes_time())
        });
        if !found {
            self.check_exits();
        }
        self.check_names(stations.components.iter().map(|c| c.name.as_str()));
        let size = self.flows.len().max(stations.plans.len());
        if size > Event::INDEX_MAX {
            let d = Diagnostic::error("E0332", self.scenario.span, format!("{size} elements of a kind"), "too many");
            self.diagnostics.push(d);
        }
        self.stop_if_wrong()?;
        let layout = Layout { stages: &stages, first: &first, link_stations: &link_stations };
        self.check_sizes(&ways.tables[0], &stations, &layout);
        self.check_bursts(&ways.used);
        self.check_marks(&ways.tables[0], &stations, &layout);
        Ok(Made { stations, stages, first, link_stations })
    }

    fn finish(mut self, ways: Ways, changes: &Changes, probes: &[&Table]) -> Result<Box<dyn System>, Diagnostics> {
        let Made { mut stations, stages, first, link_stations } = self.stations(&ways, changes)?;
        let layout = Layout { stages: &stages, first: &first, link_stations: &link_stations };
        let (grouping, shares) = match probes.iter().find(|p| p.kind() == "attribution") {
            Some(probe) => {
                let (grouping, shares) = self.grouping(probe, &ways, changes, &stations, &layout);
                (Some(Arc::new(grouping)), shares)
            }
            None => (None, Vec::new()),
        };
        let branches = self.branches(&link_stations);
        let reasons = stations.reasons(ways.stranded);
        let routes = &ways.tables[0];
        let event_rate = self.event_rate(routes);
        let paths: Vec<Option<Path>> = (0..self.flows.len()).map(|f| self.path(f, routes)).collect();
        let (ecmp, hash_keys) = (self.ecmp(), self.hash_keys().into());
        let failures = self.failures(changes, &link_stations);
        let convergence = self.convergence_law();
        let serves = |station: u32| matches!(stations.plans[station as usize].works, Works::Serves { .. });
        let entries: Vec<_> = self.flows.iter().map(|flow| ways.entry(flow, &layout, serves)).collect();
        let turns: f64 = failures.iter().map(FailurePlan::event_rate).sum();
        let actions = changes.actions(&self.flows, &link_stations);
        let mut components: Vec<Component> = Vec::new();
        let round_trips = self.round_trips(probes);
        let flows = std::mem::take(&mut self.flows);
        let sources = flows.into_iter().zip(paths).zip(entries).enumerate().map(|(i, ((f, path), entry))| SourcePlan {
            origin: {
                let (origin, extras) = f.origin.plan(i, path, round_trips.contains(&i));
                let reasons = reasons.clone();
                let component = Component::new(f.name, ComponentKind::Flow, "packet");
                components.push(Component { reasons, extras, ..component });
                origin
            },
            stream: f.stream,
            node: f.from as u32,
            entry,
            target: f.to.map_or(Packet::WANDERING, |to| to as u32),
            class: f.class,
            dscp: f.dscp,
            coded: f.coded,
            ecn: f.ecn,
            start: f.start,
            stop: f.stop.min(changes.next_of(i, 0)),
        });
        let sources = sources.collect();
        components.append(&mut stations.components);
        let mut looks = self.looks(probes, &components);
        components.extend(shares);
        components.extend(looks.components);
        self.check_names(components.iter().map(|c| c.name.as_str()));
        self.stop_if_wrong()?;
        let (tails, answers) = probe::ask_tails(&probe::tails(probes), &components)?;
        looks.asked.tails = tails.into();
        components.extend(answers);
        Ok(Box::new(NetworkSystem {
            names: Arc::new(components.iter().map(|c| c.name.clone()).collect()),
            components,
            sources,
            stations: stations.plans,
            stages,
            first,
            routes: Arc::clone(&ways.tables[0]),
            knowledge: ways.knowledge(changes, failures, convergence),
            ecmp,
            hash_keys,
            actions: actions.into(),
            link_stations,
            branches,
            event_rate: event_rate + turns,
            grouping,
            asked: looks.asked,
            warnings: self.warnings,
        }))
    }

    fn event_rate(&self, routes: &Routes) -> f64 {
        let of = |f: &Flow| {
            // A wandering packet is taken to visit ten stations.
            let hops = f.to.map_or(10.0, |to| {
                let shares = routes.shares(to as u32, f.from as u32, |link| self.end_of(link as usize) as u32);
                shares.iter().map(|s| s.1).sum()
            });
            debug_assert!(f.mean_bits >= 1.0, "sizes are at least a bit");
            let rate = match &f.origin {
                Origin::Load(Load::Source(source)) => source.mean_rate(),
                Origin::Load(Load::Application(application, settings)) => {
                    // With the acknowledgements, twice as many packets as segments at most.
                    let most = self.slowest(f, routes).map_or(f64::INFINITY, |q| q.value);
                    let wanted = application.mean_rate().unwrap_or(f64::INFINITY) * 8.0;
                    let bits = most.min(wanted);
                    if bits.is_finite() { 2.0 * bits / f64::from(settings.segment_bits()) } else { 0.0 }
                }
                Origin::Acknowledgements => 0.0,
            };
            rate * (1.0 + hops)
        };
        self.flows.iter().map(of).sum()
    }
}
