//! Packets that are known to be too large for what they pass.

use sim_core::config::{Diagnostic, Span};
use sim_core::quantity::{Dimension, Quantity};

use super::Builder;
use super::attribution::Layout;
use super::stations::Stations;
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
    fn of(plan: &StationPlan) -> Option<Self> {
        let own = match &plan.works {
            Works::Serves { discipline, .. } => discipline.largest().map(Self::Burst),
            Works::Judges(gate) => gate.largest().map(Self::Policed),
        };
        own.or_else(|| plan.line.mtu.map(|bits| Self::Mtu(bits.into())))
    }
    fn bits(self) -> u64 {
        let (Self::Burst(bits) | Self::Policed(bits) | Self::Mtu(bits)) = self;
        bits
    }
    fn finding(self, span: Span, flow: &str, largest: u32, at: &str) -> Diagnostic {
        let (makes, what): (fn(_, _, String, &'static str) -> _, _) = match self {
            Self::Burst(_) => (Diagnostic::error, "a burst"),
            Self::Policed(_) => (Diagnostic::warning, "a burst"),
            Self::Mtu(_) => (Diagnostic::warning, "an MTU"),
        };
        let size = |bits: u64| {
            let exact = Quantity::ratio(bits.into(), 1, Dimension::DATA);
            exact.map_or_else(|| format!("{bits} bit"), |q| q.to_string())
        };
        let (packets, bound) = (size(largest.into()), size(self.bits()));
        let message = format!("`{flow}` sends packets of {packets}, but `{at}` has {what} of {bound}");
        let code = if matches!(self, Self::Burst(_)) { "E0382" } else { "W0381" };
        makes(code, span, message, "they are always dropped there")
            .help(format!("send smaller packets, or give `{at}` {what} of {packets}; nothing is fragmented"))
    }
}

impl Builder<'_> {
    /// Finds flows whose largest packets are never let pass somewhere on their way: an error at a shaper, else a warning.
    pub(super) fn check_sizes(&mut self, routes: &Routes, stations: &Stations, layout: &Layout<'_>) {
        let mut bounds: Vec<Option<Bound>> = stations.plans.iter().map(Bound::of).collect();
        if bounds.iter().all(Option::is_none) {
            return;
        }
        let mut found = Vec::new();
        for flow in &self.flows {
            let (Some(row), Some(largest)) = (flow.to, flow.largest) else { continue };
            for station in self.stations_passed(row, flow.from, routes, layout) {
                // Once for each station.
                if let Some(bound) = bounds[station as usize].take_if(|b| b.bits() < largest.into()) {
                    let at = &stations.components[station as usize].name;
                    found.push(bound.finding(flow.span, &flow.name, largest, at));
                }
            }
        }
        for d in found {
            if d.code == "E0382" { self.diagnostics.push(d) } else { self.warnings.push(d) }
        }
    }
}
