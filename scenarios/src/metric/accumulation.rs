//! `accumulation`: a level against what it was before.
//!
//! ```text
//! accumulation_ratio = C_dys / C_ctrl
//! ```
//! Validated against: the knock-down of a pump to a share f, at work against a leak: in the linear range the ratio is
//! `(k + k_e) / (k + f k_e)`.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::ratio::ratio;
use super::reading::Reading;
use super::view::View;
use super::{Context, MakeMetric, Metric, stretch};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "accumulation",
    doc: "The mean of a level (or of a rate) over a window, relative to its mean over a window before: `accumulation_ratio`.",
    fields: &[
        Field::required("of", Type::Text, "The level: `COMPONENT.METRIC`, such as `cell.drug.occupancy`."),
        Field {
            presence: sim_core::config::Presence::Required,
            ..stretch("baseline", "From when to when it is as it should be.")
        },
        stretch("window", "From when to when it is looked at; the run's window unless given."),
    ],
    make,
};

#[derive(Debug)]
struct Accumulation {
    before: Reading,
    after: Reading,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let span = table.span_of("of");
    let of = Reading::new(table.text("of"), span, context)?;
    let before = of.clone().over(context.stretch(table, "baseline")?, span, context)?;
    let after = of.over(context.stretch(table, "window")?, span, context)?;
    Ok(Some(Box::new(Accumulation { before, after })))
}

impl Metric for Accumulation {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.before.take(run), self.after.take(run)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            let estimate = ratio(study, point, |x| x[1], |x| x[0]);
            to.rows.push(MetricRow::new(point, "accumulation_ratio", "mean", estimate, "1"));
        }
    }
}
