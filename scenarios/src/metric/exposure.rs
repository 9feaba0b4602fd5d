//! `exposure`: how much, and how long, a level is over a threshold.
//!
//! ```text
//! toxic_auc = integral of max(0, x - threshold) dt     time_above = time with x > threshold, as a share
//! ```
//! Taken of each replication, from the bins of its series: what happens within a bin is averaged, so bins have to be short
//! against what is looked for (`run.bins`).
//!
//! Validated against: a level that decays exponentially from above the threshold.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table};

use super::content::{LEVEL, level};
use super::reading::Reading;
use super::view::View;
use super::{Context, MakeMetric, Metric, stretch};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "exposure",
    doc: "Exposure to a level over a threshold, of each replication: `toxic_auc`, the area between the two over time, and \
          `time_above`, the share of the time.",
    fields: &[
        Field::required("of", sim_core::config::Type::Text, "The level: `COMPONENT.METRIC`."),
        Field::required("threshold", LEVEL, "What it is harmful beyond: a count, or a concentration in a compartment."),
        stretch("window", "From when to when; the run's window unless given."),
    ],
    make,
};

#[derive(Debug)]
struct Exposure {
    of: Reading,
    threshold: f64,
    window: (f64, f64),
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let span = table.span_of("of");
    let of = Reading::new(table.text("of"), span, context)?;
    of.check_series(span, context)?;
    let threshold = level(table, "threshold", &of, context)?.unwrap_or(f64::NAN);
    Ok(Some(Box::new(Exposure { of, threshold, window: context.stretch(table, "window")? })))
}

impl Metric for Exposure {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        let bins = self.of.bins(run, self.window.0, self.window.1).unwrap_or_default();
        let area: f64 = bins.iter().map(|x| (x - self.threshold).max(0.0)).sum();
        let above = bins.iter().filter(|x| **x > self.threshold).count();
        vec![area * run.bin, above as f64 / bins.len() as f64]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            // Neither is less than nothing, nor is a share more than all.
            let cut = |k: usize, most: f64| {
                let e = study.mean(point, k);
                let within = |x: f64| if x.is_nan() { x } else { x.clamp(0.0, most) };
                crate::tables::Estimate { ci_low: within(e.ci_low), ci_high: within(e.ci_high), ..e }
            };
            let unit = format!("{} s", self.of.key.unit);
            to.rows.push(MetricRow::new(point, "toxic_auc", "mean", cut(0, f64::INFINITY), &unit));
            to.rows.push(MetricRow::new(point, "time_above", "mean", cut(1, 1.0), "1"));
        }
    }
}
