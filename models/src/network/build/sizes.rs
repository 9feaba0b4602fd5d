//! Packets that are known to be too large for what they pass.

use std::collections::BTreeSet;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Span};
use sim_core::quantity::{Dimension, Quantity};

use super::Builder;
use super::attribution::Layout;
use super::stations::Stations;
use crate::network::discipline::MTU;
use crate::network::packet::Packet;
use crate::network::routing::Routes;
use crate::network::system::{StationPlan, Works};

/// The largest packet in bits that something lets pass.
#[derive(Clone, Copy)]
enum Bound {
    /// Of a shaper, which is not meant to drop any.
    Burst(u64),
    /// Of a meter, which is.
    Policed(u64),
    Mtu(u64),
}

impl Bound {
    /// Whether there can be one for any packet.
    fn is_possible(plan: &StationPlan) -> bool {
        plan.line.mtu.is_some()
            || match &plan.works {
                Works::Serves { discipline, .. } => discipline.reasons().contains(&MTU),
                Works::Judges(gate) => gate.largest().is_some(),
            }
    }
    /// For packets that are like `packet`.
    fn of(plan: &StationPlan, packet: &Packet) -> Option<Self> {
        let own = match &plan.works {
            Works::Serves { discipline, .. } => discipline.largest(packet).map(Self::Burst),
            Works::Judges(gate) => gate.largest().map(Self::Policed),
        };
        let mtu = plan.line.mtu.map(|bits| Self::Mtu(bits.into()));
        own.into_iter().chain(mtu).min_by_key(|bound| bound.bits())
    }
    fn bits(self) -> u64 {
        let (Self::Burst(bits) | Self::Policed(bits) | Self::Mtu(bits)) = self;
        bits
    }
    /// The share of packets that are larger, of those whose sizes are exponential.
    fn share_above(self, mean: f64) -> f64 {
        (-(self.bits() as f64) / mean).exp()
    }
    /// Of sizes without a bound.
    fn doubt(self, span: Span, flow: &str, mean: f64, at: &str) -> Diagnostic {
        let what = if matches!(self, Self::Mtu(_)) { "an MTU" } else { "a burst" };
        let share = 100.0 * self.share_above(mean);
        let message = format!(
            "{share:.2} % of the packets of `{flow}` are larger than {what} of {} at `{at}`",
            size(self.bits())
        );
        Diagnostic::warning("W0381", span, message, "they are always dropped there")
            .help(format!("give `{at}` {what} of some more, or sizes with a bound; nothing is fragmented"))
    }
    fn finding(self, span: Span, flow: &str, largest: u32, at: &str) -> Diagnostic {
        let (makes, what): (fn(_, _, String, &'static str) -> _, _) = match self {
            Self::Burst(_) => (Diagnostic::error, "a burst"),
            Self::Policed(_) => (Diagnostic::warning, "a burst"),
            Self::Mtu(_) => (Diagnostic::warning, "an MTU"),
        };
        let (packets, bound) = (size(largest.into()), size(self.bits()));
        let message = format!("`{flow}` sends packets of {packets}, but `{at}` has {what} of {bound}");
        let code = if matches!(self, Self::Burst(_)) { "E0382" } else { "W0381" };
        makes(code, span, message, "they are always dropped there")
            .help(format!("send smaller packets, or give `{at}` {what} of {packets}; nothing is fragmented"))
    }
}

/// What so many bits are called.
fn size(bits: u64) -> String {
    let exact = Quantity::ratio(bits.into(), 1, Dimension::DATA);
    exact.map_or_else(|| format!("{bits} bit"), |q| q.to_string())
}

/// Losses of a smaller share are not worth a warning.
const RARE: f64 = 1e-4;

impl Builder<'_> {
    /// Warns of token buckets at links that hold less than the largest packet that the link takes.
    pub(super) fn check_bursts(&mut self, used: &[bool]) {
        for l in (0..used.len()).filter(|l| used[*l]) {
            let link = self.link(l);
            let (Some(mtu), "tbf") = (link.medium.mtu, link.queue.kind()) else { continue };
            let Some(burst) = link.queue.opt_quantity("burst") else { continue };
            if burst.value < f64::from(mtu) {
                let message =
                    format!("a burst of {burst} holds no packet of {}, the MTU of `{}`", size(mtu.into()), link.name);
                let d = Diagnostic::warning(
                    "W0381",
                    link.queue.span_of("burst"),
                    message,
                    "larger packets are always dropped",
                );
                self.warnings.push(d.help("give a burst of at least the MTU"));
            }
        }
    }

    /// Finds flows whose largest packets are never let pass somewhere on their way: an error at a shaper, else a warning.
    pub(super) fn check_sizes(&mut self, routes: &Routes, stations: &Stations, layout: &Layout<'_>) {
        if !stations.plans.iter().any(Bound::is_possible) {
            return;
        }
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut told = BTreeSet::new();
        for (i, flow) in self.flows.iter().enumerate() {
            if flow.to.is_none() {
                continue;
            }
            let (class, dscp) = (flow.class, flow.dscp);
            let packet = Packet { class, dscp, ..Packet::new(i as u32, flow.mean_bits as u32, SimTime::ZERO) };
            for station in self.stations_passed(flow, routes, layout) {
                let Some(bound) = Bound::of(&stations.plans[station as usize], &packet) else { continue };
                let at = &stations.components[station as usize].name;
                let finding = match flow.largest {
                    Some(largest) if bound.bits() < largest.into() => bound.finding(flow.span, &flow.name, largest, at),
                    None if bound.share_above(flow.mean_bits) > RARE => {
                        bound.doubt(flow.span, &flow.name, flow.mean_bits, at)
                    }
                    _ => continue,
                };
                // Of errors and of warnings, one for each station.
                if told.insert((station, finding.code)) {
                    found.push(finding);
                }
            }
        }
        for d in found {
            if d.code == "E0382" { self.diagnostics.push(d) } else { self.warnings.push(d) }
        }
    }
}
