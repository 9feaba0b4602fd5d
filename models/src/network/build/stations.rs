//! From links and stages to stations.

use std::collections::BTreeMap;

use sim_core::config::{Diagnostic, Span, Table};
use sim_core::stats::{Component, ComponentKind};

use super::{Builder, tables, ticks};
use crate::network::discipline::{Discipline, DisciplineContext};
use crate::network::station::{Placement, Serialisation};
use crate::network::system::{ServicePlan, StationPlan};

/// The stations made so far.
pub(super) struct Stations {
    pub(super) flows: usize,
    pub(super) plans: Vec<StationPlan>,
    pub(super) components: Vec<Component>,
    pub(super) slots: usize,
}

impl Stations {
    pub(super) fn new(flows: usize) -> Self {
        Self { flows, plans: Vec::new(), components: Vec::new(), slots: 0 }
    }
    #[allow(
        clippy::too_many_arguments,
        reason = "one call for links, one for stages; a struct would be filled and emptied"
    )]
    pub(super) fn add(
        &mut self,
        name: String,
        stream: &str,
        behind: (u32, u32),
        delay: u64,
        terminal: bool,
        servers: u32,
        service: ServicePlan,
        discipline: Box<dyn Discipline>,
    ) {
        let component = (self.flows + self.plans.len()) as u32;
        self.slots += servers as usize;
        let kind = ComponentKind::Station { servers };
        self.components.push(Component { name, kind, entity: "packet" });
        let place = Placement { component, delay, terminal };
        self.plans.push(StationPlan { stream: stream.to_string(), place, behind, servers, service, discipline });
    }
}

impl Builder<'_> {
    pub(super) fn discipline(&mut self, table: &Table) -> Option<Box<dyn Discipline>> {
        let make = self.context.registry.disciplines.get(table.kind()).expect("the checker knows the kind").make;
        let context = DisciplineContext { classes: &self.classes };
        make(table, &context).map_err(|d| self.diagnostics.extend(d)).ok()
    }

    pub(super) fn add_link(&mut self, directed: usize, sinks: &[bool], stations: &mut Stations) {
        let link = self.graph.links[directed / 2].clone();
        let to = self.end_of(directed);
        let name = if directed.is_multiple_of(2) { link.name.clone() } else { format!("{}.reverse", link.name) };
        let Some(discipline) = self.discipline(&link.queue) else { return };
        let service = match link.rate.map(|rate| (rate, Serialisation::new(rate.exact))) {
            None => ServicePlan::None,
            Some((_, Some(serialisation))) => ServicePlan::Rate(serialisation),
            Some((rate, None)) => {
                let d = Diagnostic::error("E0333", link.span, format!("a rate of {rate}"), "out of range")
                    .help("rates from 1 bit/s to 1000 Tbit/s can be simulated");
                return self.diagnostics.push(d);
            }
        };
        let terminal = sinks[to] && self.nodes[to].stages.is_empty();
        stations.add(
            name,
            &format!("link.{}", link.name),
            (to as u32, 0),
            ticks(link.delay),
            terminal,
            1,
            service,
            discipline,
        );
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
                let spec = match make(table, self.context) {
                    Ok(spec) => spec,
                    Err(d) => {
                        self.diagnostics.extend(d);
                        continue;
                    }
                };
                let Some(discipline) = self.discipline(&spec.queue) else { continue };
                let at = &self.graph.nodes[node].name;
                let name = if uses[stage] == 1 { stage.clone() } else { format!("{at}.{stage}") };
                let stream = format!("stage.{stage}@{at}");
                let terminal = is_sink && k + 1 == own.len();
                let behind = (node as u32, k as u32 + 1);
                stages.push(stations.plans.len() as u32);
                let service = ServicePlan::Drawn(spec.service);
                stations.add(name, &stream, behind, 0, terminal, spec.workers, service, discipline);
            }
            self.nodes[node].stages = own;
            first.push(stages.len() as u32);
        }
        (stages, first)
    }

    /// Names of components must differ, since tables name them alone.
    pub(super) fn check_names(&mut self, stations: &Stations) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let flows = self.flows.iter().map(|f| (f.name.as_str(), f.span));
        let stations = stations.components.iter().map(|c| (c.name.as_str(), self.scenario.span));
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
