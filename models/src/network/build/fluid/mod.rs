//! From a scenario to its fluid network.

mod meaning;
mod turns;

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
    pub(super) fn finish_fluid(mut self, ways: &Ways, changes: &Changes) -> Result<Box<dyn System>, Diagnostics> {
        // What is wrong with the packets is wrong here, too.
        if let Err(found) = self.stations(ways, changes) {
            self.diagnostics = found;
        }
        self.check_fluid(ways, changes);
        self.check_sizes_of_fluid();
        self.stop_if_wrong()?;
        let mut index = vec![u32::MAX; ways.used.len()];
        let mut links = Vec::new();
        for l in (0..ways.used.len()).filter(|l| ways.used[*l]) {
            index[l] = links.len() as u32;
            let link = self.link(l);
            let name = if l.is_multiple_of(2) { link.name.clone() } else { format!("{}.reverse", link.name) };
            links.push(LinkPlan { name, is_rated: rate(&link).min(bucket(&link)).is_finite() });
        }
        let turns = self.turns(ways, changes, &index);
        self.stop_if_wrong()?;
        let flows = self.flows.into_iter().filter_map(|f| {
            let load = match f.origin {
                Origin::Load(Load::Application(application, settings)) => {
                    LoadPlan::Transfers { wire: settings.wire_bits_per_byte(), application }
                }
                Origin::Load(Load::Source(_)) => LoadPlan::Steady,
                // Acknowledgements weigh nothing here.
                Origin::Acknowledgements => return None,
            };
            Some(FlowPlan { name: f.name, stream: f.stream, start: f.start, stop: f.stop, load })
        });
        let flows = flows.collect();
        Ok(Box::new(FluidSystem::new(flows, links, turns, self.warnings)))
    }

    /// That the scenario has a fluid.
    fn check_fluid(&mut self, ways: &Ways, changes: &Changes) {
        for (_, change) in &changes.all {
            if let Change::Flow(flow, source) = change
                && source.steady_rate().is_none()
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
        self.check_limits(ways);
        if let Some(table) = self.routing().filter(|_| self.ecmp() != Ecmp::Off)
            && self.flows.iter().any(|flow| ways.tables.iter().any(|routes| self.is_split(flow, routes)))
        {
            let instead = Some("give links of one of the ways a greater `cost`, or leave out `ecmp`");
            let d = refusal(table.span_of("ecmp"), "equal-cost paths have no fluid", NEEDS_PACKETS, instead);
            self.diagnostics.push(d);
        }
        for flow in &self.flows {
            if matches!(flow.origin, Origin::Load(Load::Source(_))) && flow.steady_rate().is_none() {
                let message = format!("`{}` has no steady rate", flow.name);
                let label = "a trace, a rate that varies, or several conversations";
                let instead =
                    Some("`constant` or `poisson` without a `shape`, changed by interventions where it is to change");
                self.diagnostics.push(refusal(flow.span, message, label, instead));
            }
            if flow.to.is_none() {
                let instead = Some("give the traffic a `to`");
                self.diagnostics.push(refusal(flow.span, "packets that wander have no fluid", "no `to`", instead));
            } else if matches!(flow.origin, Origin::Load(Load::Application(..)))
                && ways.tables.iter().any(|routes| self.is_unlimited(flow, routes))
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
    fn check_limits(&mut self, ways: &Ways) {
        let mut found: Vec<Diagnostic> = Vec::new();
        for flow in self.flows.iter().filter(|f| matches!(f.origin, Origin::Load(Load::Source(_)))) {
            for l in ways.tables.iter().flat_map(|routes| self.way(flow, routes)) {
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

    /// Whether no link on the way of a flow has a rate, if there is a way.
    fn is_unlimited(&self, flow: &Flow, routes: &Routes) -> bool {
        let mut way = self.way(flow, routes).peekable();
        (way.peek().is_some() || flow.to.is_some_and(|to| routes.step(to as u32, flow.from as u32) == Step::Here))
            && !way.any(|l| rate(&self.link(l)).min(bucket(&self.link(l))).is_finite())
    }

    /// Whether packets of a flow may take one way or another.
    fn is_split(&self, flow: &Flow, routes: &Routes) -> bool {
        let Some(to) = flow.to else { return false };
        let mut nodes = self.way(flow, routes).map(|l| self.end_of(l));
        std::iter::once(flow.from).chain(&mut nodes).any(|node| routes.links(to as u32, node as u32).len() > 1)
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
