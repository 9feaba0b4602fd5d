//! `moments`: how a number scatters from replication to replication.
//!
//! ```text
//! sd = sqrt(sum (x - m)^2 / (n - 1))     cv = sd / m     fano = sd^2 / m, of counts: 1 for a Poisson law
//! ```
//! Intervals are those of the delta method, from the replications' own contributions; those of a variance are (x - m)^2 - sd^2,
//! so that the law need not be normal.
//!
//! Validated against: a reservoir that is filled at random and emptied by a saturable carrier, whose count is negative
//! binomial.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::reading::{Reading, mean};
use super::view::View;
use super::{Context, MakeMetric, Metric};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "moments",
    doc: "How a number scatters over replications: `mean`, `sd`, `cv` (sd over mean) and, of counts, `fano` (variance over mean). \
          With a `[probe.NAME] kind = \"count\"`, those of a count at a time.",
    fields: &[Field::required("of", Type::Text, "The number: `COMPONENT.METRIC`, such as `cell.drug@10 s.count`.")],
    make,
};

#[derive(Debug)]
struct Scatter(Reading);

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    Ok(Some(Box::new(Scatter(Reading::new(table.text("of"), table.span_of("of"), context)?))))
}

impl Metric for Scatter {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.0.take(run)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        let unit = self.0.key.unit.as_str();
        let is_count = !matches!(unit, "1" | "1/s" | "bit/s" | "s");
        for point in 0..study.points.len() {
            let runs = study.complete(&[point]);
            let xs: Vec<f64> = runs.iter().map(|&r| study.value(point, r, 0)).collect();
            let (n, m) = (xs.len() as f64, mean(&xs));
            let variance = xs.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (n - 1.0);
            let sd = variance.sqrt();
            // What each replication adds to the variance beyond its share.
            let of_variance = |x: f64| (x - m) * (x - m) * n / (n - 1.0) - variance;
            let mut add = |metric: &str, value: f64, influence: &dyn Fn(f64) -> f64, unit: &str| {
                let each: Vec<f64> = xs.iter().map(|&x| influence(x)).collect();
                to.rows.push(MetricRow::new(point, metric, "replications", study.delta(value, &each), unit));
            };
            add("mean", m, &|x| x - m, unit);
            add("sd", sd, &|x| of_variance(x) / (2.0 * sd), unit);
            add("cv", sd / m, &|x| of_variance(x) / (2.0 * sd * m) - sd * (x - m) / (m * m), "1");
            if is_count {
                add("fano", variance / m, &|x| of_variance(x) / m - variance * (x - m) / (m * m), "1");
            }
        }
    }
}
