//! Where packets go: routes, random branches, and the nodes where they end.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Table};
use sim_core::quantity::Quantity;
use sim_core::{SimTime, TICKS_PER_SECOND};

use super::attribution::Layout;
use super::changes::{Changes, Course};
use super::flows::{Flow, Origin};
use super::loose::Mended;
use super::{Builder, NodePlan, ticks};
use crate::common::service::Service;
use crate::network::failures::{FailurePlan, KnowledgePlan};
use crate::network::model::Hop;
use crate::network::routing::{Ecmp, Ends, Plan, Routes, State, Step, Tables};
use crate::network::station::Serialisation;
use crate::network::system::BranchPlan;
use crate::network::topology::LinkSpec;
use crate::network::traffic::Load;
use crate::network::transport::Path;

/// More entries than this in the routing tables (1 GiB) are refused.
const ROUTES_MAX: usize = 1 << 28;

/// The tables of a network, and what packets reach by them.
pub(super) struct Ways {
    /// One table for each state of the topology that is listed; the first is that of the start.
    pub(super) tables: Vec<Arc<Routes>>,
    /// Where there are too many to list: all that packets may pass in any state.
    pub(super) any: Option<Routes>,
    /// What tables are made from.
    pub(super) plan: Plan,
    /// Which directed links anything can be sent over.
    pub(super) used: Vec<bool>,
    /// The nodes where every packet that passes the stages has arrived and calls for nothing more.
    pub(super) sinks: Vec<bool>,
    /// The directed links at whose end every packet has arrived and calls for nothing more, if no stages are there.
    pub(super) last: Vec<bool>,
    /// Whether a packet can come to a node that has no route for it.
    pub(super) stranded: bool,
    /// Whether packets can go round: the network cannot be made.
    loops: bool,
}

impl Ways {
    /// What packets are routed by and from when on, in the order in which they meet it; if it comes by chance, in any order and
    /// again and again ([`Ways::settles`]).
    pub(super) fn met(&self, changes: &Changes) -> Vec<(SimTime, &Routes)> {
        match (changes.course, &self.any) {
            (Course::Planned, _) => changes.epochs.iter().map(|&(at, state)| (at, &*self.tables[state])).collect(),
            (Course::Countless, Some(any)) => vec![(SimTime::ZERO, any)],
            _ => self.tables.iter().map(|table| (SimTime::ZERO, &**table)).collect(),
        }
    }
    /// The station that packets of a flow come to first, if it is always the same. `serves` tells which stations hold packets.
    pub(super) fn entry(&self, flow: &Flow, layout: &Layout<'_>, serves: impl Fn(u32) -> bool) -> Option<u32> {
        let stages = layout.first[flow.from] as usize..layout.first[flow.from + 1] as usize;
        if let Some(&first) = layout.stages[stages].first() {
            return serves(first).then_some(first);
        }
        let to = flow.to? as u32;
        let mut steps = self.tables.iter().map(|routes| routes.step(to, flow.from as u32));
        let Some(Step::Link(link)) = steps.next() else { return None };
        let always = self.any.is_none() && steps.all(|s| s == Step::Link(link));
        always.then(|| layout.link_stations[link as usize])
    }
    /// What becomes known of links during a run.
    pub(super) fn knowledge(
        self,
        changes: &Changes,
        failures: Vec<FailurePlan>,
        convergence: Service,
    ) -> KnowledgePlan {
        let changes_ever = !failures.is_empty() || !changes.news.is_empty();
        let first = State { links: if changes_ever { changes.states[0].links.clone() } else { Vec::new() } };
        let made = changes.states.iter().cloned().zip(self.tables).collect();
        KnowledgePlan { failures, convergence, tables: Arc::new(Tables::new(self.plan, made)), first }
    }
    /// Whether nothing more can be reached, once a pass over all that is met has led from so many nodes to so many.
    pub(super) fn settles(changes: &Changes, before: usize, after: usize) -> bool {
        changes.course == Course::Planned || before == after
    }
}

impl Builder<'_> {
    pub(super) fn read_branches(&mut self, node: usize, next: &Table) {
        let mut sum = 0.0;
        for (name, span, value) in &next.entries {
            let p = value.as_number().unwrap_or(0.0);
            sum += p;
            let to = if name == "exit" { Some(None) } else { self.node(name, *span).map(Some) };
            if let Some(to) = to {
                self.nodes[node].next.push((to, p));
            }
        }
        self.nodes[node].branches = true;
        if (sum - 1.0).abs() > 1e-9 {
            let d = Diagnostic::error(
                "E0320",
                next.span,
                format!("the probabilities of `next` sum to {sum}, not to 1"),
                "must sum to 1",
            )
            .help("`exit` takes what leaves the network here: next = { a = 0.7, exit = 0.3 }");
            self.diagnostics.push(d);
        }
    }

    /// That every addressed flow has a way, and every wandering one a first step.
    pub(super) fn check_ways(&mut self, ways: &Ways) {
        if self.graph.incomplete || ways.loops {
            return;
        }
        let mended = Mended::new(&self.graph);
        for flow in &self.flows {
            let from = &self.graph.nodes[flow.from].name;
            match flow.to {
                Some(to) => {
                    let Some((at, some_arrive)) = self.stranded(&ways.tables[0], to as u32, flow.from as u32) else {
                        continue;
                    };
                    if self.destinations[to].nodes.iter().any(|&to| mended.leads(flow.from, to)) {
                        continue;
                    }
                    let to: Vec<&str> =
                        self.destinations[to].nodes.iter().map(|&n| self.graph.nodes[n].name.as_str()).collect();
                    if some_arrive {
                        let (at, to) = (&self.graph.nodes[at as usize].name, to.join("` or `"));
                        let message =
                            format!("one of the paths from `{from}` to `{to}` ends at `{at}`, which has no route");
                        let d = Diagnostic::warning("W0321", flow.span, message, "packets that take it are dropped");
                        self.warnings.push(d.help(format!("give `{at}` a route, or no node a route to it")));
                        continue;
                    }
                    let d = Diagnostic::error(
                        "E0321",
                        flow.span,
                        format!("no way leads from `{from}` to `{}`", to.join("` or `")),
                        "unreachable destination",
                    )
                    .help(if self.graph.loose.is_empty() {
                        "add a [link.NAME] on the way, or `duplex = true` to one that points the other way"
                    } else {
                        "add a [link.NAME] on the way, unless one of those without an end was to lead there"
                    });
                    self.diagnostics.push(d);
                }
                None if !self.nodes[flow.from].branches && self.nodes[flow.from].stages.is_empty() => {
                    let d = Diagnostic::error(
                        "E0322",
                        flow.span,
                        format!("packets at `{from}` have nowhere to go"),
                        "neither `to` here nor `next` at the node",
                    )
                    .help("give the traffic a `to`, or the node a `next = { NODE = 1.0 }` or stages");
                    self.diagnostics.push(d);
                }
                _ => {}
            }
        }
    }
    /// A node without a route that packets from `from` can come to, if there is one, and whether others arrive.
    fn stranded(&self, routes: &Routes, row: u32, from: u32) -> Option<(u32, bool)> {
        let mut at = from;
        loop {
            match routes.step(row, at) {
                Step::Link(link) => at = self.end_of(link as usize) as u32,
                Step::Here => return None,
                Step::Nowhere => return Some((at, false)),
                Step::Group(_) => {
                    let end_of = |link| self.end_of(link as usize) as u32;
                    let passed = routes.downstream(row, at, &end_of);
                    let stuck = passed.iter().find(|n| routes.step(row, **n) == Step::Nowhere)?;
                    return Some((*stuck, passed.iter().any(|n| routes.step(row, *n) == Step::Here)));
                }
            }
        }
    }

    /// That the routing tables have a reasonable size; returns whether they have.
    pub(super) fn check_size(&mut self, changes: &Changes) -> bool {
        let (targets, nodes, states) = (self.destinations.len(), self.graph.nodes.len(), changes.states.len());
        let fits = targets.saturating_mul(nodes).saturating_mul(states) <= ROUTES_MAX;
        if !fits {
            let times = if states > 1 { format!(" in {states} states") } else { String::new() };
            let d = Diagnostic::error(
                "E0343",
                self.scenario.span,
                format!("{targets} destinations in a network of {nodes} nodes{times}"),
                format!("destinations times nodes must not exceed {ROUTES_MAX}"),
            )
            .help("address fewer nodes, or make the topology smaller");
            self.diagnostics.push(d);
        }
        fits
    }

    /// Makes the tables of all states, and follows packets through them in the order of time.
    pub(super) fn ways(&mut self, changes: &Changes) -> Ways {
        let relations = self.relations();
        let ends = |link: &LinkSpec| Ends { from: link.from, to: link.to, duplex: link.duplex };
        let plan = Plan {
            nodes: self.graph.nodes.len(),
            links: self.graph.links.iter().map(ends).collect(),
            destinations: self.destinations.clone(),
            statics: self.statics.clone(),
            multipath: self.ecmp() != Ecmp::Off,
            relations,
        };
        let multipath = plan.multipath;
        let wandering = self.flows.iter().any(|f| f.to.is_none());
        let mut ways = Ways {
            tables: changes.states.iter().map(|state| Arc::new(Routes::new(&plan, state))).collect(),
            any: (changes.course == Course::Countless).then(|| Routes::of_all_states(&plan)),
            plan,
            used: vec![false; 2 * self.graph.links.len()],
            sinks: vec![true; self.nodes.len()],
            last: vec![true; 2 * self.graph.links.len()],
            // In some state there is no way.
            stranded: changes.course == Course::Countless,
            loops: false,
        };
        // The nodes where the arrival of a packet for them calls for nothing more.
        let mut quiet: Vec<bool> = self.nodes.iter().map(|n| !(wandering && n.branches)).collect();
        let mut sources = vec![Vec::new(); self.destinations.len()];
        for flow in &self.flows {
            let Some(to) = flow.to else { continue };
            sources[to].push(flow.from);
            if flow.origin.is_answered() {
                self.destinations[to].nodes.iter().for_each(|&n| quiet[n] = false);
            }
        }
        let mut passed = Passed {
            used: std::mem::take(&mut ways.used),
            sinks: std::mem::take(&mut ways.sinks),
            last: std::mem::take(&mut ways.last),
            stranded: ways.stranded,
        };
        let mut loops = false;
        let met = ways.met(changes);
        let may_split = multipath || met.len() > 1 || changes.course == Course::Countless;
        let mut seen = vec![u32::MAX; self.nodes.len()];
        let mut walk = 0;
        for (row, mut reached) in sources.into_iter().enumerate() {
            let mut last = BTreeSet::new();
            loop {
                let before = reached.len();
                for &(at, routes) in &met {
                    // Whatever has been reached may hold packets when tables change.
                    walk += 1;
                    self.follow(row as u32, routes, &mut passed, (&mut seen, walk), &mut reached, &mut last);
                    // That there are none where states are not listed has been refused.
                    if !self.statics.is_empty() && ways.any.is_none() {
                        loops |= self.find_routing_loop(routes, row as u32, &reached, at.as_secs_f64());
                    }
                }
                if Ways::settles(changes, before, reached.len()) {
                    break;
                }
            }
            if may_split && last.len() > 1 {
                // Where a flow ends by several links, each arrival is an event, so that they are told in order of time.
                self.destinations[row].nodes.iter().for_each(|&n| quiet[n] = false);
            }
        }
        let Passed { used, sinks, last, stranded } = passed;
        (ways.used, ways.sinks, ways.last, ways.stranded, ways.loops) = (used, sinks, last, stranded, loops);
        for (link, last) in ways.last.iter_mut().enumerate() {
            *last &= quiet[self.end_of(link)];
        }
        for (sink, quiet) in ways.sinks.iter_mut().zip(quiet) {
            *sink &= quiet;
        }
        // They fail whether or not anything is sent over them.
        changes.random.iter().for_each(|link| ways.used[2 * link] = true);
        if wandering {
            for (n, plan) in self.nodes.iter().enumerate() {
                for to in plan.next.iter().filter_map(|(to, _)| *to) {
                    if let Some(l) = self.link_between(n, to) {
                        ways.used[l] = true;
                    }
                }
            }
        }
        ways
    }
    /// Follows packets of `row` from the nodes that they have reached; those that they reach now are added, and the links
    /// by which they arrive. What is seen is marked by the number of the walk.
    fn follow(
        &self,
        row: u32,
        routes: &Routes,
        ways: &mut Passed,
        seen: (&mut [u32], u32),
        reached: &mut Vec<usize>,
        last: &mut BTreeSet<u32>,
    ) {
        let (seen, walk) = seen;
        let mut fresh = Vec::new();
        for node in std::mem::take(reached) {
            if std::mem::replace(&mut seen[node], walk) != walk {
                fresh.push(node);
            }
        }
        while let Some(node) = fresh.pop() {
            reached.push(node);
            match routes.step(row, node as u32) {
                Step::Here => continue,
                Step::Nowhere => ways.stranded = true,
                Step::Link(_) | Step::Group(_) => ways.sinks[node] = false,
            }
            for &link in routes.links(row, node as u32) {
                ways.used[link as usize] = true;
                let to = self.end_of(link as usize);
                if routes.step(row, to as u32) == Step::Here {
                    last.insert(link);
                } else {
                    ways.last[link as usize] = false;
                }
                if std::mem::replace(&mut seen[to], walk) != walk {
                    fresh.push(to);
                }
            }
        }
    }
    /// Tells of a cycle that static routes send packets round; false if there is none.
    fn find_routing_loop(&mut self, routes: &Routes, row: u32, reached: &[usize], at: f64) -> bool {
        let mut next = vec![Vec::new(); self.nodes.len()];
        for &node in reached {
            next[node] = routes.links(row, node as u32).iter().map(|&l| self.end_of(l as usize)).collect();
        }
        let Some(cycle) = find_cycle(&next) else { return false };
        let name = |n: usize| self.graph.nodes[n].name.as_str();
        let way: Vec<&str> = cycle.iter().chain(&cycle[..1]).map(|&n| name(n)).collect();
        let to = name(self.destinations[row as usize].nodes[0]);
        let when = if at > 0.0 { format!(" from {at} s on") } else { String::new() };
        let message = format!("packets for `{to}` go round{when}: {}", way.join(" -> "));
        let nodes = self.scenario.opt_table("node");
        let routes = |n: &usize| nodes?.opt_table(name(*n)).filter(|t| !t.list("routes").is_empty());
        let span = cycle.iter().find_map(routes).map_or(self.scenario.span, |t| t.span_of("routes"));
        let d = Diagnostic::error("E0393", span, message, "routing loop");
        let help = format!("change a `via`, or give `{to}` a `prefix` that is longer than those of the routes");
        if !self.diagnostics.iter().any(|known| known.message == d.message) {
            self.diagnostics.push(d.help(help));
        }
        true
    }

    /// The link from one node to another that wandering packets take; `None` if they step over at once.
    pub(super) fn link_between(&self, from: usize, to: usize) -> Option<usize> {
        self.graph.links.iter().enumerate().find_map(|(i, l)| match () {
            () if l.from == from && l.to == to => Some(2 * i),
            () if l.duplex && l.from == to && l.to == from => Some(2 * i + 1),
            () => None,
        })
    }

    /// Cycles on which wandering packets would go round without any time passing. `holds` tells of each node whether a
    /// stage there takes time. Returns whether there are any.
    pub(super) fn find_instant_loops(&mut self, holds: impl Fn(usize) -> bool) -> bool {
        // A step takes no time if no stage of the node does and the hop is direct or over a link without rate and delay.
        let instant: Vec<Vec<usize>> = (0..self.nodes.len())
            .map(|n| {
                let steps = self.nodes[n].next.iter().filter(|(_, p)| *p > 0.0).filter_map(|(to, _)| *to);
                steps.filter(|&to| !holds(to) && self.takes_no_time(n, to)).collect()
            })
            .collect();
        let cycle = find_cycle(&instant);
        if let Some(cycle) = &cycle {
            let names: Vec<&str> = cycle.iter().map(|&n| self.graph.nodes[n].name.as_str()).collect();
            let way = names.join(" -> ");
            let d = Diagnostic::error(
                "E0323",
                self.graph.nodes[cycle[0]].span,
                format!("packets can go round without any time passing: {way} -> {}", names[0]),
                "zero-delay loop",
            )
            .help("give a link of the loop a rate or a delay, or a node of it a stage that takes time");
            self.diagnostics.push(d);
        }
        cycle.is_some()
    }

    pub(super) fn takes_no_time(&self, from: usize, to: usize) -> bool {
        self.link_between(from, to).is_none_or(|l| {
            let link = self.link(l);
            link.rate.is_none() && ticks(link.delay) == 0
        })
    }

    /// A directed link, with the keys of its way back if it is that.
    pub(super) fn link(&self, directed: usize) -> Cow<'_, LinkSpec> {
        let link = &self.graph.links[directed / 2];
        if directed.is_multiple_of(2) { Cow::Borrowed(link) } else { Cow::Owned(link.back()) }
    }

    /// The node that a directed link leads to.
    pub(super) fn end_of(&self, directed: usize) -> usize {
        let link = &self.graph.links[directed / 2];
        if directed.is_multiple_of(2) { link.to } else { link.from }
    }

    /// The directed links that an addressed flow takes, in order; of several of equal cost the first.
    pub(super) fn way<'a>(&'a self, flow: &Flow, routes: &'a Routes) -> impl Iterator<Item = usize> + 'a {
        let (mut node, to) = (flow.from, flow.to);
        std::iter::from_fn(move || {
            let link = *routes.links(to? as u32, node as u32).first()? as usize;
            node = self.end_of(link);
            Some(link)
        })
    }
    /// The rate of the slowest link on the way of a flow, if any has one.
    pub(super) fn slowest(&self, flow: &Flow, routes: &Routes) -> Option<Quantity> {
        let rates = self.way(flow, routes).filter_map(|l| self.link(l).rate);
        rates.min_by(|a, b| a.value.total_cmp(&b.value))
    }
    /// What the empty way of a flow over connections takes.
    pub(super) fn path(&self, flow: usize, routes: &Routes) -> Option<Path> {
        let data = &self.flows[flow];
        let Origin::Load(Load::Application(_, settings)) = &data.origin else { return None };
        let one_way = |flow: &Flow, bits: u32| -> u64 {
            let of = |l: usize| {
                let link = self.link(l);
                let bits = bits + link.medium.overhead;
                let service = link.rate.and_then(|r| Serialisation::new(r.exact)).map_or(0, |mut s| s.ticks(bits));
                service.saturating_add(ticks(link.delay))
            };
            self.way(flow, routes).map(of).fold(0, u64::saturating_add)
        };
        let there = one_way(data, settings.segment_bits());
        let back = one_way(&self.flows[flow + 1], settings.ack_bits());
        let ticks_per_bit = self.slowest(data, routes).map_or(0.0, |rate| TICKS_PER_SECOND as f64 / rate.value);
        Some(Path { round_trip: there.saturating_add(back), ticks_per_bit })
    }

    pub(super) fn branches(&self, link_stations: &[u32]) -> Vec<Option<BranchPlan>> {
        let plan = |(n, node): (usize, &NodePlan)| {
            node.branches.then(|| {
                let mut sum = 0.0;
                let ways = node.next.iter().map(|&(to, p)| {
                    sum += p;
                    let hop = match to {
                        None => Hop::Exit,
                        Some(to) => match self.link_between(n, to) {
                            Some(l) => Hop::Link(link_stations[l]),
                            None => Hop::Node(to as u32),
                        },
                    };
                    (sum, hop)
                });
                let mut ways: Vec<(f64, Hop)> = ways.collect();
                // Rounding must not let a packet fall off the end.
                if let Some(last) = ways.last_mut() {
                    last.0 = 1.0;
                }
                BranchPlan { stream: format!("node.{}", self.graph.nodes[n].name), ways }
            })
        };
        self.nodes.iter().enumerate().map(plan).collect()
    }
}

/// What packets pass by the tables that have been looked at.
struct Passed {
    used: Vec<bool>,
    sinks: Vec<bool>,
    last: Vec<bool>,
    stranded: bool,
}

/// A cycle of a directed graph given as lists of successors, if there is one.
fn find_cycle(next: &[Vec<usize>]) -> Option<Vec<usize>> {
    // 0 new, 1 on the present path, 2 done.
    let mut state = vec![0u8; next.len()];
    for root in 0..next.len() {
        if state[root] != 0 {
            continue;
        }
        let mut path = vec![(root, 0)];
        state[root] = 1;
        while let Some((node, edge)) = path.last_mut() {
            let node = *node;
            let Some(&to) = next[node].get(*edge) else {
                state[node] = 2;
                path.pop();
                continue;
            };
            *edge += 1;
            match state[to] {
                0 => {
                    state[to] = 1;
                    path.push((to, 0));
                }
                1 => {
                    let from = path.iter().position(|(n, _)| *n == to)?;
                    return Some(path[from..].iter().map(|(n, _)| *n).collect());
                }
                _ => {}
            }
        }
    }
    None
}
