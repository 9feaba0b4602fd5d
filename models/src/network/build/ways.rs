//! Where packets go: routes, random branches, and the nodes where they end.

use std::borrow::Cow;

use sim_core::TICKS_PER_SECOND;
use sim_core::config::{Diagnostic, Table};
use sim_core::quantity::Quantity;

use super::flows::{Flow, Origin};
use super::{Builder, NodePlan, ticks};
use crate::network::model::Hop;
use crate::network::routing::Routes;
use crate::network::station::Serialisation;
use crate::network::system::BranchPlan;
use crate::network::topology::LinkSpec;
use crate::network::traffic::Load;
use crate::network::transport::Path;

/// More entries than this in the routing table (1 GiB) are refused.
const ROUTES_MAX: usize = 1 << 28;

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
    pub(super) fn check_ways(&mut self) {
        let routes = self.routes();
        for flow in &self.flows {
            let from = &self.graph.nodes[flow.from].name;
            match flow.to {
                Some(to) if routes.hops(routes.row(to), flow.from as u32).is_none() => {
                    let to = &self.graph.nodes[to].name;
                    let d = Diagnostic::error(
                        "E0321",
                        flow.span,
                        format!("no way leads from `{from}` to `{to}`"),
                        "unreachable destination",
                    )
                    .help("add a [link.NAME] on the way, or `duplex = true` to one that points the other way");
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

    /// The nodes that packets are addressed to, each once.
    fn targets(&self) -> Vec<usize> {
        let mut targets: Vec<usize> = self.flows.iter().filter_map(|f| f.to).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    pub(super) fn routes(&self) -> Routes {
        Routes::new(&self.graph, &self.targets())
    }

    /// That the routing table has a reasonable size.
    pub(super) fn check_size(&mut self) {
        let (targets, nodes) = (self.targets().len(), self.graph.nodes.len());
        if targets.saturating_mul(nodes) > ROUTES_MAX {
            let d = Diagnostic::error(
                "E0343",
                self.scenario.span,
                format!("{targets} destinations in a network of {nodes} nodes"),
                format!("destinations times nodes must not exceed {ROUTES_MAX}"),
            )
            .help("address fewer nodes, or make the topology smaller");
            self.diagnostics.push(d);
        }
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
    /// stage there takes time.
    pub(super) fn find_instant_loops(&mut self, holds: impl Fn(usize) -> bool) {
        // A step takes no time if no stage of the node does and the hop is direct or over a link without rate and delay.
        let instant: Vec<Vec<usize>> = (0..self.nodes.len())
            .map(|n| {
                let steps = self.nodes[n].next.iter().filter(|(_, p)| *p > 0.0).filter_map(|(to, _)| *to);
                steps.filter(|&to| !holds(to) && self.takes_no_time(n, to)).collect()
            })
            .collect();
        if let Some(cycle) = find_cycle(&instant) {
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
    }

    pub(super) fn takes_no_time(&self, from: usize, to: usize) -> bool {
        self.link_between(from, to).is_none_or(|l| {
            let link = self.link(l);
            link.rate.is_none() && ticks(link.delay) == 0
        })
    }

    /// Which directed links anything can be sent over.
    pub(super) fn used_links(&self, routes: &Routes) -> Vec<bool> {
        let mut used = vec![false; 2 * self.graph.links.len()];
        for flow in &self.flows {
            let Some(to) = flow.to else { continue };
            let mut node = flow.from;
            while node != to {
                let l = routes.next(routes.row(to), node as u32) as usize;
                used[l] = true;
                node = self.end_of(l);
            }
        }
        if self.flows.iter().any(|f| f.to.is_none()) {
            for (n, plan) in self.nodes.iter().enumerate() {
                for to in plan.next.iter().filter_map(|(to, _)| *to) {
                    if let Some(l) = self.link_between(n, to) {
                        used[l] = true;
                    }
                }
            }
        }
        used
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

    /// The directed links that an addressed flow takes, in order.
    pub(super) fn way<'a>(&'a self, flow: &Flow, routes: &'a Routes) -> impl Iterator<Item = usize> + 'a {
        let (mut node, to) = (flow.from, flow.to);
        std::iter::from_fn(move || {
            let to = to.filter(|to| *to != node)?;
            let link = routes.next(routes.row(to), node as u32) as usize;
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

    /// The nodes where every packet that passes the stages has arrived and calls for nothing more.
    pub(super) fn sinks(&self, routes: &Routes) -> Vec<bool> {
        let wandering = self.flows.iter().any(|f| f.to.is_none());
        let mut sinks: Vec<bool> = self.nodes.iter().map(|n| !(wandering && n.branches)).collect();
        for flow in &self.flows {
            let Some(to) = flow.to else { continue };
            let mut node = flow.from;
            while node != to {
                sinks[node] = false;
                node = self.end_of(routes.next(routes.row(to), node as u32) as usize);
            }
            if flow.origin.is_answered() {
                sinks[to] = false;
            }
        }
        sinks
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
