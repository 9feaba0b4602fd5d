//! Wandering packets that would never leave: a walk over the `next` of nodes from which there is no way out.

use sim_core::SimDuration;
use sim_core::config::Diagnostic;

use super::flows::Origin;
use super::{Builder, Load, tables};

impl Builder<'_> {
    /// Finds nodes that wandering packets come to and that they never leave the network from. The packets of a recording are
    /// let go round: they have a number, and the network is a closed one (Gordon & Newell 1967, from memory).
    pub(super) fn check_exits(&mut self) {
        let leaves = self.nodes_that_lead_out();
        let mut told = Vec::new();
        for flow in self.flows.iter().filter(|f| f.to.is_none()) {
            let runs_dry = match &flow.origin {
                Origin::Load(Load::Source(source)) => source.supply(SimDuration::ZERO).is_some(),
                _ => true,
            };
            let trap = if runs_dry { None } else { self.trap(flow.from, &leaves) };
            let Some(node) = trap.filter(|node| !told.contains(node)) else { continue };
            told.push(node);
            // Whatever comes next is trapped as well.
            let mut way = vec![node];
            let around = loop {
                let next = self.successors(way[way.len() - 1]).next().unwrap_or(node);
                if let Some(start) = way.iter().position(|n| *n == next) {
                    break way[start..].iter().chain([&next]).copied().collect::<Vec<_>>();
                }
                way.push(next);
            };
            let names: Vec<&str> = around.iter().map(|&n| self.graph.nodes[n].name.as_str()).collect();
            let message = format!("the packets of `{}` go round for ever: {}", flow.name, names.join(" -> "));
            let table = tables(self.scenario, "node").find(|(name, _)| *name == names[0]).map(|(_, table)| table);
            let span = table.map_or(self.scenario.span, |table| table.span_of("next"));
            let d = Diagnostic::error("E0326", span, message, "no way out of the network");
            let help = format!("let some leave at one of these nodes: `next = {{ {} = 0.9, exit = 0.1 }}`", names[1]);
            self.diagnostics.push(d.help(help));
        }
    }

    /// The nodes that packets may go to next.
    fn successors(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.nodes[node].next.iter().filter(|(_, p)| *p > 0.0).filter_map(|(to, _)| *to)
    }

    /// For each node whether packets there may leave the network at some time; where none is drawn they do at once.
    fn nodes_that_lead_out(&self) -> Vec<bool> {
        let is_exit = |n: &super::NodePlan| !n.branches || n.next.iter().any(|(to, p)| to.is_none() && *p > 0.0);
        let mut leads: Vec<bool> = self.nodes.iter().map(is_exit).collect();
        let mut before = vec![Vec::new(); self.nodes.len()];
        for node in 0..self.nodes.len() {
            self.successors(node).for_each(|to| before[to].push(node));
        }
        let mut open: Vec<usize> = (0..leads.len()).filter(|n| leads[*n]).collect();
        while let Some(node) = open.pop() {
            for &from in &before[node] {
                if !std::mem::replace(&mut leads[from], true) {
                    open.push(from);
                }
            }
        }
        leads
    }

    /// A node that packets from `from` come to and do not lead out of.
    fn trap(&self, from: usize, leads: &[bool]) -> Option<usize> {
        let (mut seen, mut open) = (vec![false; leads.len()], vec![from]);
        while let Some(node) = open.pop() {
            if !leads[node] {
                return Some(node);
            }
            if !std::mem::replace(&mut seen[node], true) {
                open.extend(self.successors(node));
            }
        }
        None
    }
}
