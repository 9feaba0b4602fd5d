//! `[probe.NAME] kind = "attribution"`: which groups of flows there are, and which elements they can come to.

use std::collections::BTreeSet;

use sim_core::config::{Diagnostic, Table};
use sim_core::stats::{Component, ComponentKind, Grouping, Part};

use super::changes::Changes;
use super::flows::{Flow, Origin};
use super::stations::Stations;
use super::ways::Ways;
use super::{Builder, Load};
use crate::network::routing::{Routes, Step};
use crate::network::system::{ServicePlan, StationPlan, Works};
use crate::network::transport::REPAIR;
use crate::probe;
use crate::world::World;

/// More pairs of a group and an element than this are refused.
const PARTS_MAX: usize = 1 << 20;

/// The stages of all nodes and where each node's begin, and the stations of all links.
pub(super) struct Layout<'a> {
    pub(super) stages: &'a [u32],
    pub(super) first: &'a [u32],
    pub(super) link_stations: &'a [u32],
}

impl<'a> Builder<'a> {
    /// All probes, of which one at most asks for attribution.
    pub(super) fn probes(&mut self) -> Vec<&'a Table> {
        let (probes, wrong) = probe::of(self.scenario, World::Network, self.context.registry);
        self.diagnostics.extend(wrong);
        for probe in probes.iter().filter(|p| p.kind() == "attribution").skip(1) {
            let d = Diagnostic::error("E0397", probe.span, "a second attribution", "there can be one");
            self.diagnostics.push(d.help("run the scenario once by class and once by flow"));
        }
        probes
    }

    /// The groups and parts that `probe` asks for, and their components, which come after those of all stations.
    pub(super) fn grouping(
        &mut self,
        probe: &Table,
        ways: &Ways,
        changes: &Changes,
        stations: &Stations,
        layout: &Layout<'_>,
    ) -> (Grouping, Vec<Component>) {
        let (names, groups) = self.groups(probe.text("by") == "class");
        let reached = self.reached(&groups, ways, changes, layout);
        let flows = self.flows.len();
        let first = (flows + stations.plans.len()) as u32;
        let mut components: Vec<Component> = names.iter().map(|name| component(name, "end_to_end")).collect();
        let mut parts = Vec::new();
        if names.len() * stations.plans.len() > PARTS_MAX {
            let message = format!("{} groups at {} elements", names.len(), stations.plans.len());
            let d = Diagnostic::error("E0397", probe.span, message, format!("at most {PARTS_MAX} pairs can be told"));
            self.diagnostics.push(d.help("`by = \"class\"` tells fewer groups apart"));
            return (Grouping::default(), Vec::new());
        }
        for (group, stations_of) in (0..).zip(&reached) {
            for &station in stations_of {
                let plan = &stations.plans[station as usize];
                let element = &stations.components[station as usize];
                parts.push(Part { group, element: plan.place.component, delays: delays(plan) });
                components.push(component(&names[group as usize], &element.name));
            }
        }
        let repairs = self.flows.iter().map(|f| match f.origin {
            Origin::Load(Load::Application(..)) => Some(REPAIR),
            _ => None,
        });
        let repairs = repairs.collect();
        (Grouping { groups, repairs, first, count: names.len() as u32, parts }, components)
    }

    /// The names of the groups, and the group of each flow.
    fn groups(&self, by_class: bool) -> (Vec<String>, Vec<Option<u32>>) {
        if !by_class {
            return (
                self.flows.iter().map(|f| f.name.clone()).collect(),
                (0..).map(Some).take(self.flows.len()).collect(),
            );
        }
        let groups =
            self.flows.iter().map(|f| (!matches!(f.origin, Origin::Acknowledgements)).then_some(f.class.into()));
        (self.classes.clone(), groups.collect())
    }

    /// The stations that each group can come to.
    fn reached(
        &self,
        groups: &[Option<u32>],
        ways: &Ways,
        changes: &Changes,
        layout: &Layout<'_>,
    ) -> Vec<BTreeSet<u32>> {
        let count = groups.iter().flatten().max().map_or(0, |g| *g as usize + 1);
        let mut reached = vec![BTreeSet::new(); count];
        let mut known = BTreeSet::new();
        for (flow, group) in self.flows.iter().zip(groups) {
            let Some(group) = *group else { continue };
            if known.insert((group, flow.from, flow.to)) {
                self.walk(flow, ways, changes, layout, &mut reached[group as usize]);
            }
        }
        reached
    }
    /// Adds the stations that packets of `flow` can come to.
    fn walk(&self, flow: &Flow, ways: &Ways, changes: &Changes, layout: &Layout<'_>, stations: &mut BTreeSet<u32>) {
        let mut nodes = BTreeSet::from([flow.from]);
        // Where packets are when tables change, they go on by the new ones.
        loop {
            let before = nodes.len();
            for (_, routes) in ways.met(changes) {
                self.go_on(flow, routes, layout, &mut nodes, stations);
            }
            if Ways::settles(changes, before, nodes.len()) {
                break;
            }
        }
    }
    /// The stations that packets of `flow` can come to by one table, each once.
    pub(super) fn stations_passed(&self, flow: &Flow, routes: &Routes, layout: &Layout<'_>) -> Vec<u32> {
        let mut stations = Vec::new();
        self.go_on(flow, routes, layout, &mut BTreeSet::from([flow.from]), &mut stations);
        stations
    }
    /// Whether packets of `flow` can arrive without coming to a station: on another of several paths of equal cost.
    pub(super) fn is_avoidable(&self, station: u32, flow: &Flow, routes: &Routes, layout: &Layout<'_>) -> bool {
        let Some(row) = flow.to else { return false };
        let (mut seen, mut open) = (BTreeSet::from([flow.from]), vec![flow.from]);
        while let Some(node) = open.pop() {
            let stages = layout.first[node] as usize..layout.first[node + 1] as usize;
            if layout.stages[stages].contains(&station) {
                continue;
            }
            if routes.step(row as u32, node as u32) == Step::Here {
                return true;
            }
            let others = self.steps(flow, routes, node).into_iter();
            let others = others.filter(|(link, _)| link.is_none_or(|l| layout.link_stations[l] != station));
            open.extend(others.map(|(_, to)| to).filter(|to| seen.insert(*to)));
        }
        false
    }
    /// Adds the nodes and stations that packets of `flow` can come to from where they are, at `nodes`.
    fn go_on(
        &self,
        flow: &Flow,
        routes: &Routes,
        layout: &Layout<'_>,
        nodes: &mut BTreeSet<usize>,
        stations: &mut impl Extend<u32>,
    ) {
        let mut open: Vec<usize> = nodes.iter().copied().collect();
        while let Some(node) = open.pop() {
            let stages = layout.first[node] as usize..layout.first[node + 1] as usize;
            stations.extend(layout.stages[stages].iter().copied());
            for (link, to) in self.steps(flow, routes, node) {
                stations.extend(link.map(|l| layout.link_stations[l]));
                if nodes.insert(to) {
                    open.push(to);
                }
            }
        }
    }
    /// The links, and the nodes behind them, that packets of `flow` may take from `node`.
    fn steps(&self, flow: &Flow, routes: &Routes, node: usize) -> Vec<(Option<usize>, usize)> {
        if let Some(row) = flow.to {
            let links = routes.links(row as u32, node as u32).iter().map(|l| *l as usize);
            return links.map(|l| (Some(l), self.end_of(l))).collect();
        }
        let next = self.nodes[node].next.iter().filter_map(|(to, _)| *to);
        next.map(|to| (self.link_between(node, to), to)).collect()
    }
}

fn component(group: &str, element: &str) -> Component {
    Component::new(format!("{group}@{element}"), ComponentKind::Share, "packet")
}

/// The metrics of the causes that can delay packets at a station.
fn delays(plan: &StationPlan) -> [Option<&'static str>; sim_core::stats::CAUSES] {
    let Works::Serves { service, discipline, .. } = &plan.works else { return [None; 4] };
    let served = match service {
        ServicePlan::None => None,
        ServicePlan::Rate(_) | ServicePlan::Framed(..) | ServicePlan::Varying(_) => Some("transmission_delay"),
        ServicePlan::Drawn(_) => Some("inspection_delay"),
    };
    let travels = plan.place.delay > 0 || plan.line.jitter.is_some() || plan.changes;
    [
        Some("queueing_delay"),
        discipline.paced().then_some("shaping_delay"),
        served,
        travels.then_some("propagation_delay"),
    ]
}
