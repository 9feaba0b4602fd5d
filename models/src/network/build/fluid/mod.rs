//! From a scenario to its fluid network.

mod meaning;
mod turns;

use std::collections::BTreeSet;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Span, Table};

use super::changes::{Change, Changes};
use super::flows::Flow;
use super::ways::Ways;
use super::{Builder, Load, Origin};
use crate::System;
use crate::network::fluid::{FlowPlan, FluidSystem, LinkPlan, LoadPlan};
use crate::network::routing::{Ecmp, Routes, Step};
use crate::network::topology::LinkSpec;
use meaning::Missing;

/// Whether the scenario asks for its fluid.
pub(super) fn is_asked_for(scenario: &Table) -> bool {
    scenario.opt_table("run").and_then(|run| run.opt_text("fidelity")) == Some("fluid")
}

impl Builder<'_> {
    pub(super) fn finish_fluid(mut self, ways: Ways, changes: &Changes) -> Result<Box<dyn System>, Diagnostics> {
        // What is wrong with the packets is wrong here, too.
        if let Err(found) = self.stations(&ways, changes) {
            self.diagnostics = found;
        }
        self.check_fluid(&ways, changes);
        self.check_sizes_of_fluid();
        self.stop_if_wrong()?;
        let mut index = vec![u32::MAX; ways.used.len()];
        let mut links = Vec::new();
        for l in (0..ways.used.len()).filter(|l| ways.used[*l]) {
            let link = self.link(l);
            if link.half && index[l ^ 1] != u32::MAX {
                // Both ways are one.
                index[l] = index[l ^ 1];
                continue;
            }
            index[l] = links.len() as u32;
            let name =
                if link.half || l.is_multiple_of(2) { link.name.clone() } else { format!("{}.reverse", link.name) };
            links.push(LinkPlan { name, is_rated: rate(&link).min(bucket(&link)).is_finite() });
        }
        let splits: Vec<bool> = (0..self.flows.len()).map(|f| self.splits(f, &ways, changes)).collect();
        let any_splits = splits.contains(&true);
        let maker = Arc::new(self.way_maker(&index));
        let course = self.course(ways, changes, &maker, any_splits);
        self.stop_if_wrong()?;
        let flows = self.flows.into_iter().zip(splits).enumerate().filter_map(|(number, (f, splits))| {
            let load = match f.origin {
                Origin::Load(Load::Application(application, settings)) => {
                    LoadPlan::Transfers { wire: settings.wire_bits_per_byte(), application }
                }
                Origin::Load(Load::Source(_)) => LoadPlan::Steady,
                // Acknowledgements weigh nothing here.
                Origin::Acknowledgements => return None,
            };
            let number = number as u32;
            Some(FlowPlan { name: f.name, stream: f.stream, start: f.start, stop: f.stop, load, number, splits })
        });
        let flows = flows.collect();
        Ok(Box::new(FluidSystem::new(flows, links, course, any_splits.then_some(maker), self.warnings)))
    }

    /// That the scenario has a fluid.
    fn check_fluid(&mut self, ways: &Ways, changes: &Changes) {
        for (_, change) in &changes.all {
            if let Change::Flow(flow, source) = change
                && self.flows[*flow].fluid_rate(source.as_ref()).is_none()
            {
                let flow = &self.flows[*flow];
                let message = format!("`{}` comes to have no steady rate", flow.name);
                self.diagnostics.push(refusal(flow.span, message, "an intervention changes it", None));
            }
        }
        for (_, table) in self.scenario.named("intervention") {
            let target = table.text("target");
            if target.starts_with("traffic.") && target.contains(".size.") {
                let instead = Some("change the `rate` instead");
                let span = table.span_of("target");
                self.diagnostics.push(refusal(span, "sizes of packets have no fluid", NEEDS_PACKETS, instead));
            }
        }
        for (_, table) in self.scenario.named("probe") {
            let message = "a probe has nothing to look at in a fluid";
            self.diagnostics.push(refusal(table.span, message, NEEDS_PACKETS, None));
        }
        for (stage, span) in self.nodes.iter().flat_map(|node| &node.stages) {
            self.diagnostics.push(refusal(*span, format!("stage `{stage}` has no fluid"), NEEDS_PACKETS, None));
        }
        self.check_links(ways);
        self.check_limits(ways, changes);
        if let Some(table) = self.routing().filter(|_| self.ecmp() == Ecmp::PerPacket)
            && self.flows.iter().any(|flow| ways.met(changes).iter().any(|(_, routes)| self.is_split(flow, routes)))
        {
            let instead =
                Some("have a hash choose (`hash_threshold`, `modulo`, `hrw`), by which each transfer has one path");
            let message = "equal-cost paths that packets take in turn have no fluid";
            self.diagnostics.push(refusal(table.span_of("ecmp"), message, NEEDS_PACKETS, instead));
        }
        for flow in &self.flows {
            if matches!(flow.origin, Origin::Load(Load::Source(_))) && flow.own_fluid_rate().is_none() {
                let message = format!("`{}` has no steady rate", flow.name);
                let label = "a trace, a rate that varies by chance, or several conversations";
                let instead =
                    Some("`constant` or `poisson`, with a `shape` or changed by interventions where it is to change");
                self.diagnostics.push(refusal(flow.span, message, label, instead));
            }
            if flow.to.is_none() {
                let instead = Some("give the traffic a `to`");
                self.diagnostics.push(refusal(flow.span, "packets that wander have no fluid", "no `to`", instead));
            } else if matches!(flow.origin, Origin::Load(Load::Application(..)))
                && ways.met(changes).iter().any(|(_, routes)| self.is_unlimited(flow, routes))
            {
                let message = format!("nothing limits the rate of `{}`", flow.name);
                let d = Diagnostic::error("E0390", flow.span, message, "no link on its way has a rate");
                self.diagnostics.push(d.help("give a link of the way a `rate`"));
            }
        }
    }

    /// That no packets are dropped for their size, of which a warning is enough where they are simulated. What drops them
    /// elsewhere than in the queue of a link has been refused by now.
    fn check_sizes_of_fluid(&mut self) {
        if self.diagnostics.has_errors() {
            return;
        }
        for doubt in self.warnings.iter().filter(|d| d.code == "W0381") {
            let instead = Some("give sizes with a bound, or a burst that holds them");
            let label = "in the fluid none would be dropped";
            self.diagnostics.push(refusal(doubt.span, doubt.message.clone(), label, instead));
        }
    }

    /// That links have a fluid.
    fn check_links(&mut self, ways: &Ways) {
        for l in (0..ways.used.len()).filter(|l| ways.used[*l]) {
            let link = self.link(l).into_owned();
            for Missing { span, what, why, instead } in meaning::missing(&link) {
                let d = refusal(span, format!("{what} at link `{}` has no fluid", link.name), why, instead);
                // Links of a topology have it from one place.
                if !self.diagnostics.iter().any(|known| (known.code, known.span) == (d.code, d.span)) {
                    self.diagnostics.push(d);
                }
            }
        }
    }

    /// That steady traffic leaves others the room that is theirs in queues for each flow.
    fn check_limits(&mut self, ways: &Ways, changes: &Changes) {
        let mut found: Vec<Diagnostic> = Vec::new();
        let met = ways.met(changes);
        for flow in self.flows.iter().filter(|f| matches!(f.origin, Origin::Load(Load::Source(_)))) {
            for l in met.iter().flat_map(|(_, routes)| self.may_take(flow, routes)) {
                let link = self.link(l);
                let Some(span) = meaning::of_queue(&link.queue).ok().and_then(|m| m.limited) else { continue };
                if found.iter().all(|known| known.span != span) {
                    let message = format!("the limit of `tbf` around `fq_codel` at link `{}` has no fluid", link.name);
                    let label = format!("where it is full of packets of `{}`, those of others are dropped", flow.name);
                    let instead = Some("give it `limit = \"none\"`: `fq_codel` has a limit of its own");
                    found.push(refusal(span, message, &label, instead));
                }
            }
        }
        for d in found {
            self.diagnostics.push(d);
        }
    }

    /// Whether no link on a way of a flow has a rate.
    fn is_unlimited(&self, flow: &Flow, routes: &Routes) -> bool {
        let Some(to) = flow.to else { return false };
        let (mut seen, mut open) = (BTreeSet::from([flow.from]), vec![flow.from]);
        while let Some(node) = open.pop() {
            if routes.step(to as u32, node as u32) == Step::Here {
                return true;
            }
            let links = routes.links(to as u32, node as u32).iter().map(|l| *l as usize);
            let unlimited = links.filter(|l| !rate(&self.link(*l)).min(bucket(&self.link(*l))).is_finite());
            open.extend(unlimited.map(|l| self.end_of(l)).filter(|to| seen.insert(*to)));
        }
        false
    }

    /// The links that packets of a flow may take.
    fn may_take(&self, flow: &Flow, routes: &Routes) -> Vec<usize> {
        let Some(to) = flow.to else { return Vec::new() };
        let end_of = |link| self.end_of(link as usize) as u32;
        let nodes = routes.downstream(to as u32, flow.from as u32, &end_of).into_iter();
        nodes.flat_map(|node| routes.links(to as u32, node)).map(|l| *l as usize).collect()
    }

    /// Whether packets of a flow may take one way or another.
    fn is_split(&self, flow: &Flow, routes: &Routes) -> bool {
        let Some(to) = flow.to else { return false };
        let end_of = |link| self.end_of(link as usize) as u32;
        let nodes = routes.downstream(to as u32, flow.from as u32, &end_of);
        nodes.into_iter().any(|node| routes.links(to as u32, node).len() > 1)
    }

    /// Whether the transfers of flow `f`, if it has such, may take several ways, there or with acknowledgements.
    fn splits(&self, f: usize, ways: &Ways, changes: &Changes) -> bool {
        let is_split = |f: usize| ways.met(changes).iter().any(|(_, routes)| self.is_split(&self.flows[f], routes));
        let by_hash = matches!(self.ecmp(), Ecmp::HashThreshold | Ecmp::Modulo | Ecmp::HighestRandomWeight);
        let has_transfers = matches!(self.flows[f].origin, Origin::Load(Load::Application(..)));
        by_hash && has_transfers && (is_split(f) || is_split(f + 1))
    }
}

/// The rate of a link, in bit/s; infinite without one.
fn rate(link: &LinkSpec) -> f64 {
    link.rate.map_or(f64::INFINITY, |q| q.value)
}

/// The rate of the slowest token bucket at a link, in bit/s; infinite without one.
fn bucket(link: &LinkSpec) -> f64 {
    meaning::of_queue(&link.queue).map_or(f64::INFINITY, |m| m.bucket)
}

/// Whether each flow has a queue of its own at a link.
fn is_fair(link: &LinkSpec) -> bool {
    meaning::of_queue(&link.queue).is_ok_and(|m| m.fair)
}

/// The usual reason.
const NEEDS_PACKETS: &str = "needs packets";

/// That something has no fluid, and what could be done `instead` of simulating packets.
fn refusal(span: Span, message: impl Into<String>, label: &str, instead: Option<&str>) -> Diagnostic {
    let packets = "leave out `fidelity` (or give \"packet\") to simulate packets";
    let d = Diagnostic::error("E0390", span, message, label);
    d.help(instead.map_or_else(|| packets.to_owned(), |instead| format!("{packets}; or {instead}")))
}
