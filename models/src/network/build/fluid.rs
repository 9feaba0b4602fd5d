//! From a scenario to its fluid network.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Span, Table};

use super::changes::{Change, Changes};
use super::flows::Flow;
use super::ways::Ways;
use super::{Builder, Load, Origin, ticks};
use crate::System;
use crate::network::fluid::{FlowPlan, FluidSystem, LinkPlan, LoadPlan, Turn, Way};
use crate::network::routing::{Ecmp, Routes, Step};
use crate::network::topology::{LinkSpec, Medium};

/// Whether the scenario asks for its fluid.
pub(super) fn is_asked_for(scenario: &Table) -> bool {
    scenario.opt_table("run").and_then(|run| run.opt_text("fidelity")) == Some("fluid")
}

impl Builder<'_> {
    pub(super) fn finish_fluid(mut self, ways: &Ways, changes: &Changes) -> Result<Box<dyn System>, Diagnostics> {
        self.check_fluid(ways, changes);
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
        Ok(Box::new(FluidSystem::new(flows, links, turns)))
    }

    /// What holds from which time on; `index` is the place of each directed link that is used.
    fn turns(&self, ways: &Ways, changes: &Changes, index: &[u32]) -> Vec<Turn> {
        let links = 0..ways.used.len();
        let mut now = Links {
            rates: links.clone().map(|l| rate(&self.link(l))).collect(),
            buckets: links.clone().map(|l| bucket(&self.link(l))).collect(),
            delays: links.map(|l| ticks(self.link(l).delay)).collect(),
            down: vec![false; self.graph.links.len()],
        };
        let mut rates: Vec<f64> = self.flows.iter().map(|f| f.steady_rate().unwrap_or(0.0)).collect();
        let sources = self.flows.iter().filter(|f| matches!(f.origin, Origin::Load(Load::Source(_))));
        let starts = sources.flat_map(|f| [SimTime::ZERO + f.start, f.stop]);
        let told = changes.all.iter().map(|c| c.0).chain(changes.epochs.iter().map(|e| e.0));
        let mut times: Vec<SimTime> = told.chain(starts).filter(|at| *at < SimTime::NEVER).collect();
        times.push(SimTime::ZERO);
        times.sort_unstable();
        times.dedup();
        let mut turns = Vec::new();
        for at in times {
            for (_, change) in changes.all.iter().filter(|c| c.0 == at) {
                match change {
                    Change::Flow(flow, source) => rates[*flow] = source.mean_rate() * self.flows[*flow].mean_bits,
                    change => now.take(change),
                }
            }
            let state = changes.epochs.iter().rfind(|epoch| epoch.0 <= at).map_or(0, |epoch| epoch.1);
            let capacities = (0..index.len()).filter(|l| index[*l] != u32::MAX).map(|l| now.capacity(l)).collect();
            let ways = self.fluid_ways(&ways.tables[state], &now, &rates, index, at);
            turns.push(Turn { at, capacities, ways });
        }
        turns
    }

    /// The way of each flow but those of acknowledgements.
    fn fluid_ways(&self, routes: &Routes, now: &Links, rates: &[f64], index: &[u32], at: SimTime) -> Vec<Way> {
        let delay = |f: &Flow| self.way(f, routes).map(|l| now.delays[l]).fold(0, u64::saturating_add);
        let mut ways = Vec::new();
        for (i, f) in self.flows.iter().enumerate() {
            let ceiling = match &f.origin {
                Origin::Load(Load::Application(_, settings)) => {
                    // The flow after that of data is of its acknowledgements.
                    let back = self.flows.get(i + 1).map_or(0, &delay);
                    settings.window_rate(delay(f).saturating_add(back))
                }
                Origin::Load(Load::Source(_)) if at < SimTime::ZERO + f.start || at >= f.stop => 0.0,
                Origin::Load(Load::Source(_)) => rates[i],
                Origin::Acknowledgements => continue,
            };
            let arrives = f.to.is_some_and(|to| {
                let end = self.way(f, routes).last().map_or(f.from, |l| self.end_of(l));
                routes.step(to as u32, end as u32) == Step::Here
            });
            let path = if arrives { self.way(f, routes).map(|l| index[l]).collect() } else { Vec::new() };
            ways.push(Way { path, delay: delay(f), ceiling: if arrives { ceiling } else { 0.0 } });
        }
        ways
    }

    /// That the scenario has a fluid.
    fn check_fluid(&mut self, ways: &Ways, changes: &Changes) {
        for (_, change) in &changes.all {
            if let Change::Flow(flow, source) = change
                && source.steady_rate().is_none()
            {
                let flow = &self.flows[*flow];
                let message = format!("`{}` comes to have no steady rate", flow.name);
                self.diagnostics.push(refusal(flow.span, message, "an intervention changes it"));
            }
        }
        for (_, table) in self.scenario.named("intervention") {
            let target = table.text("target");
            if target.starts_with("traffic.") && target.contains(".size.") {
                self.diagnostics.push(refusal(
                    table.span_of("target"),
                    "sizes of packets have no fluid",
                    NEEDS_PACKETS,
                ));
            }
        }
        for (_, table) in self.scenario.named("probe") {
            let message = "a probe has nothing to look at in a fluid";
            self.diagnostics.push(refusal(table.span, message, NEEDS_PACKETS));
        }
        for (stage, span) in self.nodes.iter().flat_map(|node| &node.stages) {
            self.diagnostics.push(refusal(*span, format!("stage `{stage}` has no fluid"), NEEDS_PACKETS));
        }
        for l in (0..ways.used.len()).filter(|l| ways.used[*l]) {
            if let Some(d) = without_fluid(&self.link(l))
                && !self.diagnostics.iter().any(|known| (known.code, known.span) == (d.code, d.span))
            {
                self.diagnostics.push(d);
            }
        }
        if let Some(table) = self.routing().filter(|_| self.ecmp() != Ecmp::Off)
            && self.flows.iter().any(|flow| ways.tables.iter().any(|routes| self.is_split(flow, routes)))
        {
            let d = refusal(table.span_of("ecmp"), "equal-cost paths have no fluid", NEEDS_PACKETS);
            self.diagnostics.push(d);
        }
        for flow in &self.flows {
            if matches!(flow.origin, Origin::Load(Load::Source(_))) && flow.steady_rate().is_none() {
                let message = format!("`{}` has no steady rate", flow.name);
                self.diagnostics.push(refusal(flow.span, message, "a trace, or a rate that follows a waveform"));
            }
            if flow.to.is_none() {
                self.diagnostics.push(refusal(flow.span, "packets that wander have no fluid", "no `to`"));
            } else if matches!(flow.origin, Origin::Load(Load::Application(..)))
                && ways.tables.iter().any(|routes| self.is_unlimited(flow, routes))
            {
                let message = format!("nothing limits the rate of `{}`", flow.name);
                let d = Diagnostic::error("E0390", flow.span, message, "no link on its way has a rate");
                self.diagnostics.push(d.help("give a link of the way a `rate`"));
            }
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

/// Directed links at some time.
struct Links {
    /// Of the links and of token buckets at them, in bit/s; infinite without one.
    rates: Vec<f64>,
    buckets: Vec<f64>,
    /// Ticks.
    delays: Vec<u64>,
    /// By link, both ways.
    down: Vec<bool>,
}

impl Links {
    fn capacity(&self, l: usize) -> f64 {
        if self.down[l / 2] { 0.0 } else { self.rates[l].min(self.buckets[l]) }
    }
    /// A change of a link comes about.
    fn take(&mut self, change: &Change) {
        match *change {
            Change::Down(link) => self.down[link] = true,
            Change::Up(link) => self.down[link] = false,
            Change::Rate(link, rate, sides) => {
                sides.of_link(link).for_each(|l| self.rates[l] = rate.rate());
            }
            Change::Delay(link, delay, sides) => sides.of_link(link).for_each(|l| self.delays[l] = delay),
            Change::Flow(..) => {}
        }
    }
}

/// The rate of a link, in bit/s; infinite without one.
fn rate(link: &LinkSpec) -> f64 {
    link.rate.map_or(f64::INFINITY, |q| q.value)
}

/// The rate of the token bucket at a link, in bit/s; infinite without one.
fn bucket(link: &LinkSpec) -> f64 {
    if link.queue.kind() == "tbf" { link.queue.quantity("rate").value } else { f64::INFINITY }
}

/// The usual reason.
const NEEDS_PACKETS: &str = "needs packets";

/// That something has no fluid.
fn refusal(span: Span, message: impl Into<String>, label: &str) -> Diagnostic {
    let d = Diagnostic::error("E0390", span, message, label);
    d.help("leave out `fidelity` (or give \"packet\") to simulate packets")
}

/// What of a link needs packets, if anything does.
fn without_fluid(link: &LinkSpec) -> Option<Diagnostic> {
    let Medium { shape, overhead, mtu, loss, jitter } = &link.medium;
    let refuse = |span, message| Some(refusal(span, message, NEEDS_PACKETS));
    if let Some(shape) = shape {
        return refuse(shape.span, format!("the shape of link `{}` has no fluid", link.name));
    }
    if ["priority", "prio", "drr", "wfq", "htb"].contains(&link.queue.kind()) {
        let message = format!("what `{}` gives to classes at link `{}` has no fluid", link.queue.kind(), link.name);
        return refuse(link.queue.span, message);
    }
    if *overhead > 0 || mtu.is_some() || loss.is_some() || jitter.is_some() {
        let message = format!("the overhead, MTU, losses and jitter of link `{}` have no fluid", link.name);
        return refuse(link.span, message);
    }
    None
}
