//! `quantal`: how many release sites there are and how large a quantum is, from variances and means.
//!
//! N sites that release a quantum of size q each with probability p give
//!
//! ```text
//! M = N p q,   Var = q M - M^2 / N
//! ```
//! a parabola through zero on which points of different p lie (Clements & Silver 2000, doi:10.1016/S0166-2236(99)01520-9 (DOI from
//! memory)). It is fitted to the means and variances of the points of a sweep by least squares; a variance is known the less the
//! larger it is, so that points are weighted by the parabola's own variance to the power of minus two, found by iteration.
//! Intervals are bootstrapped over replications. Beside it the mean number of quanta from failures alone, -ln(failures) (del Castillo
//! & Katz 1954, doi:10.1113/jphysiol.1954.sp005129), which is right for small p only: it takes the law for Poisson.
//!
//! Five hundred trials at each of six probabilities give N and q with a standard error of about 5 %.
//!
//! Validated against: points that lie on a parabola; release sites, N and q from 2000 trials at six probabilities, within four of
//! their standard errors of 3 %.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};

use super::dose_response::{along, groups};
use super::reading::Reading;
use super::view::View;
use super::{Context, MakeMetric, Metric, resample};
use crate::results::record::StoredRun;
use crate::tables::{MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "quantal",
    doc: "Quantal analysis: `sites` (N) and `quantal_size` (q) from the parabola Var = q M - M^2 / N through the points of a sweep of the \
          release probability; of each point the `release_probability` M / (N q), and the quanta that its failures speak of, \
          `content_from_failures`.",
    fields: &[
        Field::required(
            "of",
            Type::Text,
            "What a spike releases: `COMPONENT.METRIC`, such as `synapse@spike 1.passages` or `cleft.glu@5 ms.count`.",
        ),
        Field::optional("axis", Type::Text, "The path of what is swept in `[sweep]`; needed if there are several."),
        Field::default("resamples", Type::Integer { min: 100, max: 100_000 }, "1000", "Resamples of the bootstrap."),
    ],
    make,
};

#[derive(Debug)]
struct Quantal {
    of: Reading,
    axis: usize,
    resamples: usize,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let of = Reading::new(table.text("of"), table.span_of("of"), context)?;
    let Some((axis, values)) = along(table, context)? else { return Ok(None) };
    if values.labels.len() < 3 {
        let message = format!("`{}` is left out", table.path);
        context.warn(Diagnostic::warning("W0430", table.span, message, "a parabola needs three points or more"));
        return Ok(None);
    }
    Ok(Some(Box::new(Quantal { of, axis, resamples: table.integer("resamples") as usize })))
}

impl Metric for Quantal {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.of.take(run)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for points in groups(study.points, self.axis) {
            let runs = study.complete(&points);
            let rows: Vec<Vec<f64>> =
                points.iter().map(|&p| runs.iter().map(|&r| study.value(p, r, 0)).collect()).collect();
            let fit = |draw: &[usize]| {
                let all: Vec<(f64, f64)> = rows.iter().map(|row| spread(row, draw)).collect();
                (Parabola::fit(&all), all)
            };
            let whole: Vec<usize> = (0..runs.len()).collect();
            let value = fit(&whole);
            let resampled: Vec<Fit> =
                resample::draws(study, runs.len(), self.resamples).map(|draw| fit(&draw)).collect();
            let estimate = |of: &dyn Fn(&Fit) -> f64| {
                resample::estimate(of(&value), resampled.iter().map(of).collect(), study.confidence, runs.len())
            };
            for (metric, estimate, unit) in [
                ("sites", estimate(&|fit| fit.0.sites()), "1"),
                ("quantal_size", estimate(&|fit| fit.0.q), self.of.key.unit.as_str()),
            ] {
                let row = MetricRow::new(points[0], metric, "fit", estimate, unit);
                to.rows.push(MetricRow { along: Some(self.axis), ..row });
            }
            for (k, (row, &point)) in rows.iter().zip(&points).enumerate() {
                let p = estimate(&|fit| fit.1[k].0 / (fit.0.sites() * fit.0.q));
                to.rows.push(MetricRow::new(point, "release_probability", "fit", p, "1"));
                if let Some((content, each)) = content_from_failures(row) {
                    let estimate = study.delta(content, &each);
                    to.rows.push(MetricRow::new(point, "content_from_failures", "replications", estimate, "1"));
                }
            }
            let value = value.0;
            if !value.sites().is_finite() {
                let place = self.of.name();
                to.notes
                    .push(format!("{place}: variances do not bend down at high means, so that no N could be fitted"));
            }
        }
    }
}

/// A parabola, and the means and variances that it was fitted to.
type Fit = (Parabola, Vec<(f64, f64)>);

/// The mean number of quanta that the share of failures speaks of, and what each replication adds to it; none without failures.
fn content_from_failures(row: &[f64]) -> Option<(f64, Vec<f64>)> {
    let share = row.iter().filter(|x| **x == 0.0).count() as f64 / row.len() as f64;
    // -ln f: a failure adds -(1 - f) / f to it, anything else 1.
    let each = row.iter().map(|x| if *x == 0.0 { 1.0 - 1.0 / share } else { 1.0 }).collect();
    (share > 0.0).then(|| (-libm::log(share), each))
}

/// Mean and variance of the drawn of some numbers.
fn spread(row: &[f64], draw: &[usize]) -> (f64, f64) {
    let n = draw.len() as f64;
    let m = draw.iter().map(|&i| row[i]).sum::<f64>() / n;
    (m, draw.iter().map(|&i| (row[i] - m) * (row[i] - m)).sum::<f64>() / (n - 1.0))
}

/// Var = q M - bend M^2
#[derive(Clone, Copy, Debug)]
struct Parabola {
    q: f64,
    bend: f64,
}

/// So often weights are worked out anew: they settle within a few.
const ROUNDS: usize = 10;

impl Parabola {
    /// The one that is nearest to points of means and variances; NaN if there is none.
    fn fit(points: &[(f64, f64)]) -> Self {
        let mut fit = Self::weighted(points, &|m, _| 1.0 / m.max(f64::MIN_POSITIVE));
        for _ in 0..ROUNDS {
            let last = fit;
            // A parabola that has come down below zero says nothing of how well a point is known; its variance does.
            fit = Self::weighted(points, &|m, v| {
                let expected = last.at(m);
                let variance = if expected > 0.1 * v { expected } else { 0.1 * v };
                1.0 / (variance * variance)
            });
        }
        fit
    }
    fn weighted(points: &[(f64, f64)], weight: &dyn Fn(f64, f64) -> f64) -> Self {
        let (mut a, mut b, mut c, mut y, mut z) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &(m, v) in points.iter().filter(|p| p.0 > 0.0 && p.1 > 0.0) {
            let w = weight(m, v);
            a += w * m * m;
            b += w * m * m * m;
            c += w * m * m * m * m;
            y += w * v * m;
            z += w * v * m * m;
        }
        let det = a * c - b * b;
        Self { q: (y * c - z * b) / det, bend: (y * b - z * a) / det }
    }
    fn at(&self, m: f64) -> f64 {
        self.q * m - self.bend * m * m
    }
    /// N; NaN if variances do not bend down.
    fn sites(&self) -> f64 {
        if self.bend > 0.0 { 1.0 / self.bend } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_parabola_give_it_back() {
        for (n, q) in [(10.0, 1.0), (5.0, 20.0), (400.0, 0.3)] {
            let point = |p: f64| (n * p * q, q * q * n * p * (1.0 - p));
            let fit = Parabola::fit(&[0.1, 0.3, 0.5, 0.8, 0.95].map(point));
            assert!((fit.sites() / n - 1.0).abs() < 1e-9 && (fit.q / q - 1.0).abs() < 1e-9, "{fit:?}");
        }
        // A straight line has no N.
        let fit = Parabola::fit(&[(1.0, 2.0), (2.0, 4.1), (3.0, 6.3)]);
        assert!(fit.sites().is_nan() && fit.q > 1.9, "{fit:?}");
    }

    #[test]
    fn failures_speak_of_quanta() {
        let (content, each) = content_from_failures(&[0.0, 0.0, 1.0, 3.0]).unwrap();
        assert!((content - 2.0_f64.ln()).abs() < 1e-12 && each == [-1.0, -1.0, 1.0, 1.0]);
        assert!(content_from_failures(&[1.0, 2.0]).is_none());
    }

    #[test]
    fn spreads_are_those_of_what_is_drawn() {
        assert_eq!(spread(&[1.0, 5.0, 9.0], &[0, 1, 2]), (5.0, 16.0));
        assert_eq!(spread(&[1.0, 5.0, 9.0], &[1, 1]), (5.0, 0.0));
    }
}
