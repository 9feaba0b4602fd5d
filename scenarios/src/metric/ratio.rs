//! Ratios of means over replications.

use super::view::View;
use crate::tables::Estimate;

/// The ratio of the means of `over` and `under` over the replications of a point, each made of a replication's readings. The
/// interval is that of the delta method, with what the two have in common: contributions (a - R b) / B. A mean of the single
/// ratios would be another number, and off by their curvature.
pub(super) fn ratio(
    study: &View<'_>,
    point: usize,
    over: impl Fn(&[f64]) -> f64,
    under: impl Fn(&[f64]) -> f64,
) -> Estimate {
    let runs = study.complete(&[point]);
    let readings = || runs.iter().filter_map(|&r| study.of(point)[r].as_deref());
    let n = runs.len() as f64;
    let (a, b) = (readings().map(&over).sum::<f64>() / n, readings().map(&under).sum::<f64>() / n);
    let value = a / b;
    let influence: Vec<f64> = readings().map(|xs| (over(xs) - value * under(xs)) / b).collect();
    study.delta(value, &influence)
}
