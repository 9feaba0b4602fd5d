//! `drift`: whether a level has a steady state, or how fast it grows without one.
//!
//! The slope of the straight line through its series (least squares, bin by bin), of each replication. Where production is
//! beyond what can leave, the count grows by the difference, p - Vmax, for ever: its mean over a window is then a number about the
//! window, not about the cell, and the drift is what there is to tell.
//!
//! Validated against: production beyond the capacity of a pump.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::reading::{Reading, mean};
use super::view::View;
use super::{Context, MakeMetric, Metric, stretch};
use crate::results::record::StoredRun;
use crate::summary::slope;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "drift",
    doc: "By how much a level grows in a time (`drift`, the slope of its series): zero in a steady state. Where there is none, it \
          says so.",
    fields: &[
        Field::required("of", Type::Text, "The level: `COMPONENT.METRIC`, such as `cell.drug.occupancy`."),
        stretch("window", "From when to when; the run's window unless given."),
    ],
    make,
};

/// The share of the mean level that it has to grow by in the window for its mean to say little.
const SHARE: f64 = 0.1;

#[derive(Debug)]
struct Drift {
    of: Reading,
    window: (f64, f64),
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let span = table.span_of("of");
    let of = Reading::new(table.text("of"), span, context)?;
    of.check_series(span, context)?;
    Ok(Some(Box::new(Drift { of, window: context.stretch(table, "window")? })))
}

impl Metric for Drift {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        let bins = self.of.bins(run, self.window.0, self.window.1).unwrap_or_default();
        vec![slope(bins) / run.bin, mean(bins)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        let length = self.window.1 - self.window.0;
        for point in 0..study.points.len() {
            let (drift, level) = (study.mean(point, 0), study.mean(point, 1).mean);
            let grows = drift.ci_low > 0.0 && drift.mean * length > SHARE * level;
            let falls = drift.ci_high < 0.0 && -drift.mean * length > SHARE * level;
            if grows || falls {
                let (name, at) = (self.of.name(), study.place(point));
                let (goes, rate) = (if grows { "grows" } else { "falls" }, drift.mean.abs());
                to.notes.push(format!(
                    "{name}{at} is not steady: it {goes} by {rate:.3} {} a second, and its mean says little",
                    self.of.key.unit
                ));
            }
            let unit = format!("{}/s", self.of.key.unit);
            to.rows.push(MetricRow::new(point, "drift", "mean", drift, &unit));
        }
    }
}
