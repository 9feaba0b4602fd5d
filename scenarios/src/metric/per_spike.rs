//! `per_spike`: how what is released scatters over replications, spike by spike.
//!
//! ```text
//! mean, variance     of what a spike releases
//! covariance         with what the next one releases; below zero where sites take time to recover
//! failures           the share of replications in which the spike releases nothing
//! ```
//! Intervals are those of the delta method, from the replications' own contributions, so that the law need not be normal.
//!
//! Validated against: release sites under a regular train, whose moments are known.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Span, Table, Type};

use super::reading::{Reading, mean};
use super::view::View;
use super::{Context, MakeMetric, Metric};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "per_spike",
    doc: "How what is released at each spike scatters over replications: `mean.spike K`, `variance.spike K`, `failures.spike K` (the \
          share of those with nothing) and `covariance.spike K` (with the next spike). With a `[probe.NAME] kind = \"per_spike\"`.",
    fields: &[Field::required("of", Type::Text, "The pathway that the probe looks at.")],
    make,
};

/// What passes a pathway at each spike that a probe looks at.
///
/// Fails if no probe does.
pub(super) fn spikes(of: &str, span: Span, context: &Context<'_>) -> Result<Vec<(u64, Reading)>, Diagnostic> {
    let all = context.known.at_spikes(of);
    if all.is_empty() {
        let d =
            Diagnostic::error("E0436", span, format!("nothing counts what `{of}` releases at spikes"), "no such probe");
        let help = "add `[probe.NAME]` with `kind = \"per_spike\"` and";
        return Err(d.help(format!("{help} `of = \"{of}\"`; in a mean (`run.fidelity`) nothing is counted")));
    }
    Ok(all.into_iter().map(|(spike, key)| (spike, Reading { key, over: None })).collect())
}

#[derive(Debug)]
struct Releases(Vec<(u64, Reading)>);

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    Ok(Some(Box::new(Releases(spikes(table.text("of"), table.span_of("of"), context)?))))
}

impl Metric for Releases {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        // They stand in a row.
        let first = run.measures.iter().position(|m| m.key == self.0[0].1.key).unwrap_or(run.measures.len());
        let row = &run.measures[first..];
        let of = |(i, (_, reading)): (usize, &(u64, Reading))| match row.get(i) {
            Some(m) if m.key == reading.key => m.value,
            _ => reading.take(run),
        };
        self.0.iter().enumerate().map(of).collect()
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            for (k, (spike, reading)) in self.0.iter().enumerate() {
                let is_next = self.0.get(k + 1).is_some_and(|next| next.0 == spike + 1);
                let columns = if is_next { k..k + 2 } else { k..k + 1 };
                let rows: Vec<&[f64]> = study.of(point).iter().flatten().map(|xs| &xs[columns.clone()]).collect();
                let rows: Vec<&[f64]> = rows.into_iter().filter(|xs| xs.iter().all(|x| x.is_finite())).collect();
                let unit = reading.key.unit.as_str();
                for (metric, value, each, unit) in moments(&rows, unit) {
                    let mut estimate = study.delta(value, &each);
                    if metric == "failures" {
                        // A share.
                        estimate.ci_low = estimate.ci_low.max(0.0);
                        estimate.ci_high = estimate.ci_high.min(1.0);
                    }
                    let metric = format!("{metric}.spike {spike}");
                    to.rows.push(MetricRow::new(point, &metric, "replications", estimate, &unit));
                }
            }
        }
    }
}

/// Moments of what a spike releases, and of that with what the next one does: names, values, contributions, units.
fn moments(rows: &[&[f64]], unit: &str) -> Vec<(&'static str, f64, Vec<f64>, String)> {
    let column = |k: usize| -> Vec<f64> { rows.iter().filter_map(|xs| xs.get(k).copied()).collect() };
    let (xs, ys) = (column(0), column(1));
    let (n, m) = (xs.len() as f64, mean(&xs));
    let spread = |products: Vec<f64>| {
        let value = products.iter().sum::<f64>() / (n - 1.0);
        let each = products.into_iter().map(|p| p * n / (n - 1.0) - value).collect();
        (value, each)
    };
    let (variance, of_variance) = spread(xs.iter().map(|x| (x - m) * (x - m)).collect());
    let failed = |x: &f64| f64::from(u8::from(*x == 0.0));
    let failures = mean(&xs.iter().map(failed).collect::<Vec<f64>>());
    let square = format!("{unit}^2");
    let mut all = vec![
        ("mean", m, xs.iter().map(|x| x - m).collect(), unit.to_owned()),
        ("variance", variance, of_variance, square.clone()),
        ("failures", failures, xs.iter().map(|x| failed(x) - failures).collect(), "1".to_owned()),
    ];
    if !ys.is_empty() {
        let my = mean(&ys);
        let (covariance, each) = spread(xs.iter().zip(&ys).map(|(x, y)| (x - m) * (y - my)).collect());
        all.push(("covariance", covariance, each, square));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_rows() {
        let rows: [&[f64]; 4] = [&[0.0, 4.0], &[2.0, 2.0], &[2.0, 2.0], &[4.0, 0.0]];
        let all = moments(&rows, "vesicle");
        let values: Vec<(&str, f64)> = all.iter().map(|m| (m.0, m.1)).collect();
        let third = 8.0 / 3.0;
        assert_eq!(values, [("mean", 2.0), ("variance", third), ("failures", 0.25), ("covariance", -third)]);
        assert!(all.iter().all(|m| m.2.iter().sum::<f64>().abs() < 1e-12), "contributions cancel: {all:?}");
        let last: [&[f64]; 2] = [&[1.0], &[3.0]];
        assert_eq!(moments(&last, "vesicle").len(), 3);
    }
}
