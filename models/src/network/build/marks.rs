//! Traffic that reacts to marks where nothing marks.

use sim_core::config::Diagnostic;

use super::Builder;
use super::attribution::Layout;
use super::stations::Stations;
use crate::network::discipline::MARKED;
use crate::network::routing::Routes;
use crate::network::system::{StationPlan, Works};

/// Whether congestion marks are given there.
fn marks(plan: &StationPlan) -> bool {
    matches!(&plan.works, Works::Serves { discipline, .. } if discipline.signals().contains(&MARKED))
}

impl Builder<'_> {
    /// Warns of flows whose packets can be marked and that pass no queue that does.
    pub(super) fn check_marks(&mut self, routes: &Routes, stations: &Stations, layout: &Layout<'_>) {
        let marking: Vec<bool> = stations.plans.iter().map(marks).collect();
        let mut told = Vec::new();
        for (flow, label) in self.flows.iter().zip(&self.labels) {
            if flow.to.is_none() || !label.ecn {
                continue;
            }
            // Once for all flows of a matrix.
            if told.contains(&flow.span)
                || self.stations_passed(flow, routes, layout).iter().any(|s| marking[*s as usize])
            {
                continue;
            }
            told.push(flow.span);
            let message = format!("`{}` reacts to marks, but no queue on its way marks", flow.name);
            let d = Diagnostic::warning("W0362", flow.span, message, "losses are all that tells it of congestion");
            self.warnings.push(d.help(
                "give a `red`, `codel`, `fq_codel` or `pie` on its way `ecn = true`, or leave out `ecn` (of `dctcp`, take \
                 another congestion control)",
            ));
        }
    }
}
