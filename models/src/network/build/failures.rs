//! `link.NAME.failures`: links that fail at random, and the states of the topology that follow from them.

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::Builder;
use super::changes::Changes;
use crate::common::service::Service;
use crate::network::failures::FailurePlan;
use crate::network::routing::State;

/// More links than this cannot fail at random: each doubles the number of states of the topology.
const LINKS_MAX: usize = 16;
/// Nor can there be more entries than this in the routing tables of all of them: a second of work.
const ENTRIES_MAX: usize = 1 << 24;

impl Builder<'_> {
    /// Adds the states of the topology in which any of the links have failed at random: for each set of these a row of those
    /// that interventions lead to.
    pub(super) fn add_random_states(&mut self, changes: &mut Changes) {
        let failing = |l: &usize| self.graph.links[*l].failures.is_some();
        let links: Vec<usize> = (0..self.graph.links.len()).filter(failing).collect();
        let Some(&last) = links.last() else { return };
        let table = self.destinations.len() * (self.graph.nodes.len() + self.graph.links.len());
        let entries = (changes.states.len() * table).checked_shl(links.len() as u32).unwrap_or(usize::MAX);
        if links.len() > LINKS_MAX || entries > ENTRIES_MAX {
            let span = self.graph.links[last].failures.as_ref().map_or(self.graph.links[last].span, |t| t.span);
            let message = format!("{} links fail at random", links.len());
            let label = "each doubles the number of states of the topology that routes are made for";
            let d = Diagnostic::error("E0343", span, message, label);
            let help = format!(
                "at most {LINKS_MAX} can, fewer where there are many nodes and destinations; let those fail that matter"
            );
            self.diagnostics.push(d.help(help));
            return;
        }
        let before = changes.states.clone();
        for set in 1..1_usize << links.len() {
            let with = |state: &State| {
                let mut state = state.clone();
                for (k, &link) in links.iter().enumerate() {
                    state.down[link] |= set >> k & 1 == 1;
                }
                state
            };
            changes.states.extend(before.iter().map(with));
        }
        for &link in &links {
            (changes.failing[link], changes.changing[link]) = (true, true);
        }
        changes.random = links;
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
                (Ok(up), Ok(down)) => plans.push(FailurePlan { stream, stations: used, up, down }),
                (up, down) => {
                    [up.err(), down.err()].into_iter().flatten().for_each(|found| self.diagnostics.extend(found));
                }
            }
        }
        plans
    }

    /// The law of times under `key`.
    fn law(&self, table: &Table, key: &str) -> Result<Service, Diagnostics> {
        let law = table.table(key);
        let make = self.context.registry.services.get(law.kind()).expect("the checker knows the kind").make;
        match make(law)? {
            Service::Linear { .. } => {
                let message = format!("`{key}` depends on the size of packets");
                let d = Diagnostic::error("E0348", law.span_of("kind"), message, "no packet fails or recovers");
                Err(d.help("kind = \"exponential\", with a `mean`").into())
            }
            law => Ok(law),
        }
    }
}
