//! `balance`: what goes out against what comes in, (E - I) / (E + I): 0 in balance, 1 if nothing comes in, -1 if nothing goes
//! out.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::clearance::fluxes;
use super::ratio::ratio;
use super::reading::Reading;
use super::view::View;
use super::{Context, MakeMetric, Metric};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "balance",
    doc: "Egress against ingress, (E - I) / (E + I), in the run's window: `balance_index`, 0 in balance, 1 if nothing comes \
          in, -1 if nothing goes out.",
    fields: &[
        Field::required("egress", Type::List(&Type::Text), "The fluxes out, added up: `[\"pgp.throughput\"]`."),
        Field::required("ingress", Type::List(&Type::Text), "The fluxes in, added up: `[\"leak.influx\"]`."),
    ],
    make,
};

#[derive(Debug)]
struct Balance {
    egress: Vec<Reading>,
    ingress: Vec<Reading>,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let (egress, ingress) = (fluxes(table, "egress", context)?, fluxes(table, "ingress", context)?);
    if egress[0].key.unit != ingress[0].key.unit {
        let message = format!("`{}` is not in the unit of `{}`", ingress[0].name(), egress[0].name());
        return Err(Diagnostic::error("E0435", table.span_of("ingress"), message, "cannot be compared with it"));
    }
    Ok(Some(Box::new(Balance { egress, ingress })))
}

impl Metric for Balance {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        [&self.egress, &self.ingress].map(|all| all.iter().map(|f| f.take(run)).sum()).to_vec()
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            let estimate = ratio(study, point, |x| x[0] - x[1], |x| x[0] + x[1]);
            to.rows.push(MetricRow::new(point, "balance_index", "mean", estimate, "1"));
        }
    }
}
