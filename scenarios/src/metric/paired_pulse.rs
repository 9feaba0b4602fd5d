//! `paired_pulse`: how much the second of two spikes releases, relative to the first.
//!
//! ```text
//! ratio_of_means = mean(x2) / mean(x1)
//! mean_of_ratios = mean(x2 / x1) over replications with x1 > 0
//! ```
//! Both are in use. The second is biased, mostly upwards: the mean of 1 / x1 is above 1 / mean(x1), so that it shows facilitation
//! that there is not (Kim & Alger 2001, doi:10.1523/JNEUROSCI.21-24-09608.2001 (DOI from memory)). Trials in which the first spike
//! fails cannot count in it; where it fails often, what is left has released more than the mean at first, and the bias turns round.
//! Intervals are bootstrapped over replications.
//!
//! Validated against: pairs with depression and facilitation in closed form, both estimators: of N sites, with u at the second spike
//! and e = exp(-D / `tau_rec`), E(x2 | x1) = u (N - e x1).

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::reading::{Reading, mean};
use super::view::View;
use super::{Context, MakeMetric, Metric, per_spike, resample};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

const SPIKE: Type = Type::Integer { min: 1, max: 1_000_000_000 };

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "paired_pulse",
    doc: "How much the second of two spikes releases, relative to the first: `ratio_of_means`; `mean_of_ratios` of the replications in \
          which the first releases something, which is biased, mostly upwards; `failures` of the first. With a `[probe.NAME] kind = \"per_spike\"`.",
    fields: &[
        Field::required("of", Type::Text, "The pathway that the probe looks at."),
        Field::default("first", SPIKE, "1", "The first spike, counted from 1."),
        Field::default("second", SPIKE, "2", "The second spike."),
        Field::default("resamples", Type::Integer { min: 100, max: 100_000 }, "1000", "Resamples of the bootstrap."),
    ],
    make,
};

#[derive(Debug)]
struct Pair {
    of: String,
    first: Reading,
    second: Reading,
    resamples: usize,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let all = per_spike::spikes(table.text("of"), table.span_of("of"), context)?;
    let reading = |key: &str| {
        let spike = table.integer(key) as u64;
        let found = all.iter().find(|s| s.0 == spike).map(|s| s.1.clone());
        found.ok_or_else(|| {
            let message = format!("nothing counts what is released at spike {spike}");
            let d = Diagnostic::error("E0436", table.span_of(key), message, "not of those that the probe looks at");
            let (from, to) = (all.first().map_or(0, |s| s.0), all.last().map_or(0, |s| s.0));
            d.help(format!("it looks at spikes {from} to {to}"))
        })
    };
    let (first, second) = (reading("first")?, reading("second")?);
    let of = table.text("of").to_owned();
    Ok(Some(Box::new(Pair { of, first, second, resamples: table.integer("resamples") as usize })))
}

impl Metric for Pair {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.first.take(run), self.second.take(run)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            let runs = study.complete(&[point]);
            let pairs: Vec<(f64, f64)> =
                runs.iter().map(|&r| (study.value(point, r, 0), study.value(point, r, 1))).collect();
            let value = Ratios::of(pairs.iter().copied());
            let draw = |draw: Vec<usize>| Ratios::of(draw.into_iter().map(|i| pairs[i]));
            let resampled: Vec<Ratios> = resample::draws(study, pairs.len(), self.resamples).map(draw).collect();
            for (metric, of) in Ratios::NUMBERS {
                let all = resampled.iter().map(of).collect();
                let estimate = resample::estimate(of(&value), all, study.confidence, pairs.len());
                to.rows.push(MetricRow::new(point, metric, "replications", estimate, "1"));
            }
            if value.failures > 0.0 {
                to.notes.push(format!(
                    "{}{}: the first spike releases nothing in {:.1} % of the replications, which are not in `mean_of_ratios`",
                    self.of,
                    study.place(point),
                    100.0 * value.failures
                ));
            }
        }
    }
}

/// The estimators.
#[derive(Clone, Copy, Debug)]
struct Ratios {
    of_means: f64,
    of_each: f64,
    failures: f64,
}

type Number = (&'static str, fn(&Ratios) -> f64);

impl Ratios {
    const NUMBERS: [Number; 3] =
        [("ratio_of_means", |r| r.of_means), ("mean_of_ratios", |r| r.of_each), ("failures", |r| r.failures)];

    fn of(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let n = pairs.clone().count() as f64;
        let (first, second) = pairs.clone().fold((0.0, 0.0), |sum, x| (sum.0 + x.0, sum.1 + x.1));
        let each: Vec<f64> = pairs.filter(|x| x.0 > 0.0).map(|x| x.1 / x.0).collect();
        Self { of_means: second / first, of_each: mean(&each), failures: 1.0 - each.len() as f64 / n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimators_differ_where_the_first_fails() {
        let r = Ratios::of([(0.0, 3.0), (1.0, 2.0), (3.0, 3.0), (4.0, 0.0)].into_iter());
        assert_eq!((r.of_means, r.of_each, r.failures), (1.0, 1.0, 0.25));
        let r = Ratios::of([(1.0, 2.0), (4.0, 2.0)].into_iter());
        assert_eq!((r.of_means, r.of_each, r.failures), (0.8, 1.25, 0.0));
        assert!(Ratios::of([(0.0, 1.0)].into_iter()).of_each.is_nan());
    }
}
