//! `clearance`: the volume that is cleared of a species in a time, `CL = J_out / C`, and the share of it that leaves in a
//! time, `J_out / n`.
//!
//! Validated against: first-order exit, where they are k V and k.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::content::volume;
use super::ratio::ratio;
use super::reading::Reading;
use super::view::View;
use super::{Context, MakeMetric, Metric};
use crate::results::record::StoredRun;
use crate::tables::{Estimate, MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "clearance",
    doc: "How fast pathways clear a species: `clearance`, their flux over its concentration, and `elimination_rate`, their flux \
          over its count, in the run's window.",
    fields: &[
        Field::required("of", Type::Text, "The species: `COMPARTMENT.SPECIES`."),
        Field::required(
            "by",
            Type::List(&Type::Text),
            "The fluxes out, added up: `[\"pgp.throughput\", \"leak.net_flux\"]`.",
        ),
    ],
    make,
};

/// Microlitres a minute in a cubic metre a second.
const UL_PER_MIN: f64 = 1e9 * 60.0;

#[derive(Debug)]
struct Clearance {
    level: Reading,
    fluxes: Vec<Reading>,
    /// m^3
    volume: f64,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let level = Reading::new(&format!("{}.occupancy", table.text("of")), table.span_of("of"), context)?;
    let volume = volume(&level, table, "of", context)?;
    Ok(Some(Box::new(Clearance { level, fluxes: fluxes(table, "by", context)?, volume })))
}

/// The fluxes under `key`.
///
/// Fails if there is none, or something that is none.
pub(super) fn fluxes(table: &Table, key: &str, context: &Context<'_>) -> Result<Vec<Reading>, Diagnostic> {
    let read = |v: &sim_core::config::Value| {
        let reading = Reading::new(v.as_text().unwrap_or_default(), v.span, context)?;
        if matches!(reading.key.unit.as_str(), "1/s" | "bit/s") {
            return Ok(reading);
        }
        let message = format!("`{}` is no flux", reading.name());
        let d = Diagnostic::error("E0435", v.span, message, format!("in the unit {}", reading.key.unit));
        Err(d.help("fluxes are `throughput`, `influx`, `net_flux`, `bit_rate` and `goodput`"))
    };
    let all: Vec<Reading> = table.list(key).iter().map(read).collect::<Result<_, _>>()?;
    let unit = all.first().map(|r| r.key.unit.clone());
    if let Some(at) = all.iter().position(|r| Some(&r.key.unit) != unit.as_ref()) {
        let message = format!("`{}` is not in the unit of the first", all[at].name());
        return Err(Diagnostic::error("E0435", table.list(key)[at].span, message, "cannot be added to it"));
    }
    if all.is_empty() {
        let message = format!("`{}.{key}` names no flux", table.path);
        let d = Diagnostic::error("E0435", table.span_of(key), message, "nothing to add up");
        return Err(d.help("for example `[\"pgp.throughput\"]`"));
    }
    Ok(all)
}

impl Metric for Clearance {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.level.take(run), self.fluxes.iter().map(|f| f.take(run)).sum()]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            let rate = ratio(study, point, |x| x[1], |x| x[0]);
            let by = |x: f64| x * self.volume * UL_PER_MIN;
            let clearance = Estimate {
                mean: by(rate.mean),
                sd: by(rate.sd),
                ci_low: by(rate.ci_low),
                ci_high: by(rate.ci_high),
                n: rate.n,
            };
            to.rows.push(MetricRow::new(point, "clearance", "mean", clearance, "uL/min"));
            to.rows.push(MetricRow::new(point, "elimination_rate", "mean", rate, "1/s"));
        }
    }
}
