//! From a scenario to its fluid network.

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::flows::Flow;
use super::ways::Ways;
use super::{Builder, Load, Origin, ticks};
use crate::System;
use crate::network::fluid::{FlowPlan, FluidSystem, LinkPlan, LoadPlan};
use crate::network::routing::{Ecmp, Routes};
use crate::network::topology::{LinkSpec, Medium};

/// Whether the scenario asks for its fluid.
pub(super) fn is_asked_for(scenario: &Table) -> bool {
    scenario.opt_table("run").and_then(|run| run.opt_text("fidelity")) == Some("fluid")
}

impl Builder<'_> {
    pub(super) fn finish_fluid(mut self, ways: &Ways) -> Result<Box<dyn System>, Diagnostics> {
        self.check_fluid(ways);
        self.stop_if_wrong()?;
        let (routes, used) = (&ways.tables[0], &ways.used);
        let mut index = vec![u32::MAX; used.len()];
        let mut links = Vec::new();
        for l in (0..used.len()).filter(|l| used[*l]) {
            index[l] = links.len() as u32;
            let link = self.link(l);
            let name = if l.is_multiple_of(2) { link.name.clone() } else { format!("{}.reverse", link.name) };
            links.push(LinkPlan { name, capacity: capacity(&link) });
        }
        let ways: Vec<(Vec<u32>, u64)> = self
            .flows
            .iter()
            .map(|f| {
                let delay = self.way(f, routes).map(|l| ticks(self.link(l).delay));
                let delay = delay.fold(0, u64::saturating_add);
                (self.way(f, routes).map(|l| index[l]).collect(), delay)
            })
            .collect();
        // The flow after that of data is of its acknowledgements.
        let back: Vec<u64> = ways.iter().skip(1).map(|way| way.1).chain([0]).collect();
        let flows = self.flows.into_iter().zip(ways).zip(back).filter_map(|((f, (path, delay)), back)| {
            let load = match f.origin {
                Origin::Load(Load::Application(application, settings)) => LoadPlan::Transfers {
                    wire: settings.wire_bits_per_byte(),
                    ceiling: settings.window_rate(delay.saturating_add(back)),
                    application,
                },
                Origin::Load(Load::Source(source)) => LoadPlan::Steady(source.mean_rate() * f.mean_bits),
                // Acknowledgements weigh nothing here.
                Origin::Acknowledgements => return None,
            };
            Some(FlowPlan { name: f.name, stream: f.stream, path, delay, start: f.start, stop: f.stop, load })
        });
        Ok(Box::new(FluidSystem::new(flows.collect(), links)))
    }

    /// That the scenario has a fluid.
    fn check_fluid(&mut self, ways: &Ways) {
        let help = "leave out `fidelity` (or give \"packet\") to simulate packets";
        for (_, table) in self.scenario.named("intervention") {
            let d = Diagnostic::error("E0390", table.span, "interventions have no fluid", "needs packets");
            self.diagnostics.push(d.help(help));
        }
        for (_, table) in self.scenario.named("probe") {
            let d =
                Diagnostic::error("E0390", table.span, "a probe has nothing to look at in a fluid", "needs packets");
            self.diagnostics.push(d.help(help));
        }
        for node in &self.nodes {
            for (stage, span) in &node.stages {
                let message = format!("stage `{stage}` has no fluid");
                self.diagnostics.push(Diagnostic::error("E0390", *span, message, "needs packets").help(help));
            }
        }
        for l in (0..ways.used.len()).filter(|l| ways.used[*l]) {
            if let Some(d) = without_fluid(&self.link(l))
                && !self.diagnostics.iter().any(|known| (known.code, known.span) == (d.code, d.span))
            {
                self.diagnostics.push(d.help(help));
            }
        }
        if let Some(table) = self.routing().filter(|_| self.ecmp() != Ecmp::Off)
            && self.flows.iter().any(|flow| self.is_split(flow, &ways.tables[0]))
        {
            let d =
                Diagnostic::error("E0390", table.span_of("ecmp"), "equal-cost paths have no fluid", "needs packets");
            self.diagnostics.push(d.help(help));
        }
        for flow in &self.flows {
            if let Origin::Load(Load::Source(source)) = &flow.origin
                && source.steady_rate().is_none()
            {
                let message = format!("`{}` has no steady rate", flow.name);
                let label = "a trace, or a rate that follows a waveform";
                self.diagnostics.push(Diagnostic::error("E0390", flow.span, message, label).help(help));
            }
            if flow.to.is_none() {
                let d = Diagnostic::error("E0390", flow.span, "packets that wander have no fluid", "no `to`");
                self.diagnostics.push(d.help(help));
            } else if self.slowest(flow, &ways.tables[0]).is_none()
                && matches!(flow.origin, Origin::Load(Load::Application(..)))
            {
                let message = format!("nothing limits the rate of `{}`", flow.name);
                let d = Diagnostic::error("E0390", flow.span, message, "no link on its way has a rate");
                self.diagnostics.push(d.help("give a link of the way a `rate`"));
            }
        }
    }
}

impl Builder<'_> {
    /// Whether packets of a flow may take one way or another.
    fn is_split(&self, flow: &Flow, routes: &Routes) -> bool {
        let Some(to) = flow.to else { return false };
        let mut nodes = self.way(flow, routes).map(|l| self.end_of(l));
        std::iter::once(flow.from).chain(&mut nodes).any(|node| routes.links(to as u32, node as u32).len() > 1)
    }
}

/// What a link carries at most, in bit/s: its rate, or that of its token bucket.
fn capacity(link: &LinkSpec) -> f64 {
    let bucket = (link.queue.kind() == "tbf").then(|| link.queue.quantity("rate").value);
    link.rate.map_or(f64::INFINITY, |q| q.value).min(bucket.unwrap_or(f64::INFINITY))
}

/// What of a link needs packets, if anything does.
fn without_fluid(link: &LinkSpec) -> Option<Diagnostic> {
    let Medium { shape, overhead, mtu, loss, jitter } = &link.medium;
    let refuse = |span, message| Some(Diagnostic::error("E0390", span, message, "needs packets"));
    if let Some(shape) = shape {
        return refuse(shape.span, format!("the shape of link `{}` has no fluid", link.name));
    }
    if ["prio", "drr", "wfq", "htb"].contains(&link.queue.kind()) {
        let message = format!("what `{}` gives to classes at link `{}` has no fluid", link.queue.kind(), link.name);
        return refuse(link.queue.span, message);
    }
    if *overhead > 0 || mtu.is_some() || loss.is_some() || jitter.is_some() {
        let message = format!("the overhead, MTU, losses and jitter of link `{}` have no fluid", link.name);
        return refuse(link.span, message);
    }
    None
}
