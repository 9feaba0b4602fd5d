//! From a scenario to its fluid network.

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::ways::Ways;
use super::{Builder, Load, Origin, ticks};
use crate::System;
use crate::network::fluid::{FlowPlan, FluidSystem, LinkPlan, LoadPlan};
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
            links.push(LinkPlan { name, capacity: link.rate.map_or(f64::INFINITY, |q| q.value) });
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
        let flows = self.flows.into_iter().zip(ways).filter_map(|(f, (path, delay))| {
            let load = match f.origin {
                Origin::Load(Load::Application(application, settings)) => {
                    LoadPlan::Transfers(application, settings.wire_bits_per_byte())
                }
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
        for flow in &self.flows {
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

/// What of a link needs packets, if anything does.
fn without_fluid(link: &LinkSpec) -> Option<Diagnostic> {
    let Medium { shape, overhead, mtu, loss, jitter } = &link.medium;
    let refuse = |span, message| Some(Diagnostic::error("E0390", span, message, "needs packets"));
    if let Some(shape) = shape {
        return refuse(shape.span, format!("the shape of link `{}` has no fluid", link.name));
    }
    if *overhead > 0 || mtu.is_some() || loss.is_some() || jitter.is_some() {
        let message = format!("the overhead, MTU, losses and jitter of link `{}` have no fluid", link.name);
        return refuse(link.span, message);
    }
    None
}
