//! `link.NAME.failures` and `routing.convergence`: what chance makes of the topology and of what is known of it.

use std::collections::BTreeMap;

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::Builder;
use super::changes::{Changes, Course};
use crate::common::service::Service;
use crate::network::failures::FailurePlan;
use crate::network::routing::{LinkState, State};

/// States of the topology are listed as long as their tables have so many entries together (a fraction of a second of work, and
/// at most 100 MiB of states); else it is worked out what packets may pass in any of them.
const ENTRIES_MAX: usize = 1 << 22;

impl Builder<'_> {
    /// Adds the states of the topology that chance can lead to: those in which any of the links have failed that fail at
    /// random, and where it is drawn when changes are known, those in which any of them are known.
    pub(super) fn add_random_states(&mut self, changes: &mut Changes) {
        let failing = |l: &usize| self.graph.links[*l].failures.is_some();
        changes.random = (0..self.graph.links.len()).filter(failing).collect();
        for &link in &changes.random {
            (changes.failing[link], changes.changing[link]) = (true, true);
        }
        let planned = if self.convergence().is_some() { Vec::new() } else { known_states(changes) };
        if changes.random.is_empty() && planned.is_empty() {
            return;
        }
        let table = self.destinations.len().max(1) * (self.graph.nodes.len() + self.graph.links.len());
        let before = if planned.is_empty() { changes.states.len() } else { 1 };
        let counts = planned.iter().map(|(_, states)| states.len()).chain(changes.random.iter().map(|_| 2));
        let states = counts.fold(before, usize::saturating_mul);
        if states.saturating_mul(table) > ENTRIES_MAX {
            changes.states.truncate(1);
            changes.course = Course::Countless;
            self.refuse_static_routes(changes);
            return;
        }
        changes.course = Course::Drawn;
        if !planned.is_empty() {
            changes.states.truncate(1);
        }
        for (link, known) in planned {
            let before = changes.states.clone();
            for &state in known.iter().filter(|state| **state != before[0].links[link]) {
                changes.states.extend(before.iter().map(|other| with(other, link, state)));
            }
        }
        for &link in &changes.random {
            let before = changes.states.clone();
            let down = before.iter().map(|state| with(state, link, LinkState { down: true, ..state.links[link] }));
            changes.states.extend(down);
        }
    }

    /// That nodes have no static routes where nobody can look through all tables for loops.
    fn refuse_static_routes(&mut self, changes: &Changes) {
        let Some(&node) = self.statics.keys().next() else { return };
        let node = &self.graph.nodes[node];
        let table = self.scenario.opt_table("node").and_then(|nodes| nodes.opt_table(&node.name));
        let span = table.map_or(node.span, |table| table.span_of("routes"));
        let message = format!("static routes of `{}` where so many links can fail", node.name);
        let label = "too many states of the topology to look for routing loops in all of them";
        let d = Diagnostic::error("E0343", span, message, label);
        let changing = changes.random.len();
        let help = if changing > 0 {
            format!(
                "{changing} links fail at random: let only those that matter, or leave the ways to shortest paths (`cost`)"
            )
        } else {
            "have one time of `convergence`, or leave the ways to shortest paths (`cost`)".to_owned()
        };
        self.diagnostics.push(d.help(help));
    }

    /// The links that fail at random; `stations` are those of directed links. What is wrong with a law is among the diagnostics.
    pub(super) fn failures(&mut self, changes: &Changes, stations: &[u32]) -> Vec<FailurePlan> {
        let mut plans = Vec::new();
        for &l in &changes.random {
            let link = &self.graph.links[l];
            let Some(table) = link.failures.clone() else { continue };
            let used = [2 * l, 2 * l + 1].map(|l| stations[l]).into_iter().filter(|s| *s != u32::MAX).collect();
            let stream = format!("link.{}", link.name);
            match (self.law(&table, "up"), self.law(&table, "down")) {
                (Ok(up), Ok(down)) => plans.push(FailurePlan { stream, link: l, stations: used, up, down }),
                (up, down) => {
                    [up.err(), down.err()].into_iter().flatten().for_each(|found| self.diagnostics.extend(found));
                }
            }
        }
        plans
    }

    /// The law of times until routes follow. What is wrong with it is among the diagnostics.
    pub(super) fn convergence_law(&mut self) -> Service {
        let one = |builder: &Self| Service::Constant { ticks: builder.convergence().unwrap_or(0) };
        match self.routing().cloned() {
            Some(table) if self.convergence().is_none() => self.law(&table, "convergence").unwrap_or_else(|found| {
                self.diagnostics.extend(found);
                one(self)
            }),
            _ => one(self),
        }
    }

    /// The law of times under `key`.
    fn law(&self, table: &Table, key: &str) -> Result<Service, Diagnostics> {
        let law = table.table(key);
        let make = self.context.registry.services.get(law.kind()).expect("the checker knows the kind").make;
        match make(law)? {
            Service::Linear { .. } => {
                let message = format!("`{key}` depends on the size of packets");
                let d = Diagnostic::error("E0348", law.span_of("kind"), message, "there is no packet here");
                Err(d.help("kind = \"exponential\", with a `mean`").into())
            }
            law => Ok(law),
        }
    }
}

/// The links that interventions change, and all that can be known of each.
fn known_states(changes: &Changes) -> Vec<(usize, Vec<LinkState>)> {
    let mut known: BTreeMap<usize, Vec<LinkState>> = BTreeMap::new();
    for (link, state) in changes.news.iter().flat_map(|(_, news)| &news.links) {
        let states = known.entry(*link).or_insert_with(|| vec![changes.states[0].links[*link]]);
        if !states.contains(state) {
            states.push(*state);
        }
    }
    known.into_iter().collect()
}

/// The same state but for one link.
fn with(state: &State, link: usize, its: LinkState) -> State {
    let mut state = state.clone();
    state.links[link] = its;
    state
}
