//! Packets that are known to be too large for what they pass.

use std::collections::BTreeSet;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Span};
use sim_core::quantity::{Dimension, Quantity};

use super::Builder;
use super::attribution::Layout;
use super::flows::Flow;
use super::stations::Stations;
use crate::network::discipline::MTU;
use crate::network::packet::Packet;
use crate::network::routing::Routes;
use crate::network::system::{StationPlan, Works};

/// What bounds the packets that something lets pass, or lets pass as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// A shaper, which is not meant to drop any.
    Burst,
    /// A meter, which is.
    Policer,
    /// A meter that marks them.
    Marker,
    Mtu,
}

/// The largest packet that something lets pass, or lets pass as it is.
#[derive(Clone, Copy)]
struct Bound {
    by: By,
    bits: u64,
    /// Where a burst is told.
    span: Option<Span>,
}

impl Bound {
    /// Whether there can be one for any packet.
    fn is_possible(plan: &StationPlan) -> bool {
        plan.line.mtu.is_some()
            || match &plan.works {
                Works::Serves { discipline, .. } => discipline.reasons().contains(&MTU),
                Works::Judges(gate) => gate.largest().or(gate.largest_conforming()).is_some(),
            }
    }
    /// For packets that are like `packet`.
    fn of(plan: &StationPlan, packet: &Packet) -> Option<Self> {
        let (by, own) = match &plan.works {
            Works::Serves { discipline, .. } => (By::Burst, discipline.largest(packet)),
            Works::Judges(gate) => match gate.largest_conforming() {
                Some(largest) => (By::Marker, Some(largest)),
                None => (By::Policer, gate.largest()),
            },
        };
        let own = own.map(|l| Self { by, bits: l.bits, span: Some(l.span) });
        let mtu = plan.line.mtu.map(|bits| Self { by: By::Mtu, bits: bits.into(), span: None });
        own.into_iter().chain(mtu).min_by_key(|bound| bound.bits)
    }
    fn what(self) -> &'static str {
        if self.by == By::Mtu { "an MTU" } else { "a burst" }
    }
    /// The code of a warning, what becomes of larger packets, and what is to be known of that.
    fn fate(self) -> (&'static str, &'static str, &'static str) {
        match self.by {
            By::Marker => ("W0383", "they always exceed it", ""),
            _ => ("W0381", "they are always dropped there", "; nothing is fragmented"),
        }
    }
    /// The share of packets that are larger, of those whose sizes are exponential.
    fn share_above(self, mean: f64) -> f64 {
        (-(self.bits as f64) / mean).exp()
    }
    /// Of sizes without a bound.
    fn doubt(self, flow: &Flow, at: &str) -> Diagnostic {
        let share = 100.0 * self.share_above(flow.mean_bits);
        let (what, name) = (self.what(), &flow.name);
        let message =
            format!("`{at}` has {what} of {}, and {share:.2} % of the packets of `{name}` are larger", size(self.bits));
        let (code, label, note) = self.fate();
        Diagnostic::warning(code, self.span.unwrap_or(flow.span), message, label)
            .help(format!("give `{at}` {what} of some more, or sizes with a bound{note}"))
    }
    /// Of packets that are larger. An error where no packet is meant to be dropped, and none can go another way.
    fn finding(self, flow: &Flow, largest: u32, at: &str, avoidable: bool) -> Diagnostic {
        let (packets, bound, what) = (size(largest.into()), size(self.bits), self.what());
        let message = format!("`{at}` has {what} of {bound}, but `{}` sends packets of {packets}", flow.name);
        let span = self.span.unwrap_or(flow.span);
        let (code, always, note) = self.fate();
        let label = if avoidable && code == "W0381" { "those that take this path are dropped" } else { always };
        let d = if self.by == By::Burst && !avoidable {
            Diagnostic::error("E0382", span, message, label)
        } else {
            Diagnostic::warning(code, span, message, label)
        };
        d.help(format!("give `{at}` {what} of {packets}, or send smaller packets{note}"))
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

    /// Finds flows whose largest packets are never let pass somewhere on their way: an error at a shaper that all of them come
    /// to, else a warning.
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
                    Some(largest) if bound.bits < largest.into() => {
                        bound.finding(flow, largest, at, self.is_avoidable(station, flow, routes, layout))
                    }
                    None if bound.share_above(flow.mean_bits) > RARE => bound.doubt(flow, at),
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
