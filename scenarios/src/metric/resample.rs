//! The bootstrap over replications (Efron 1979, doi:10.1214/aos/1176344552): what an estimate would have been of other
//! replications, drawn with replacement from those that there are. Replications are drawn whole, at all points at once,
//! because points share their random numbers.

use sim_core::rng::Streams;

use super::view::View;
use crate::tables::Estimate;

/// Draws of `n` replications out of as many, `times` times over, from a stream of the metric's own.
pub(super) fn draws(study: &View<'_>, n: usize, times: usize) -> impl Iterator<Item = Vec<usize>> + use<> {
    let mut rng = Streams::new(study.seed, 0).stream(&format!("metric.{}", study.name), "bootstrap");
    (0..times).map(move |_| (0..n).map(|_| rng.below(n as u64) as usize).collect())
}

/// As [`estimate`], of something that noise makes larger or smaller than it is, such as a maximum: resamples have that noise
/// twice, and are as far from `value` as that is from the truth. So the interval is turned round about it (the basic
/// bootstrap; Davison & Hinkley 1997, section 5.2 (from memory)), and ends at zero, below which there is nothing.
pub(super) fn turned(value: f64, resampled: Vec<f64>, confidence: f64, n: usize) -> Estimate {
    let e = estimate(value, resampled, confidence, n);
    Estimate { ci_low: (2.0 * value - e.ci_high).max(0.0_f64.min(value)), ci_high: 2.0 * value - e.ci_low, ..e }
}

/// `value` with the interval that the middle `confidence` of the `resampled` ones take (NaN ones left out), from `n`
/// replications; without an interval if there is but one, or if half of the resamples came to nothing.
pub(super) fn estimate(value: f64, mut resampled: Vec<f64>, confidence: f64, n: usize) -> Estimate {
    let all = resampled.len();
    resampled.retain(|x| x.is_finite());
    resampled.sort_by(f64::total_cmp);
    let none = Estimate { mean: value, sd: f64::NAN, ci_low: f64::NAN, ci_high: f64::NAN, n: n as u32 };
    if n < 2 || 2 * resampled.len() <= all || !value.is_finite() {
        return none;
    }
    let m = resampled.len() as f64;
    let mean = resampled.iter().sum::<f64>() / m;
    let sd = (resampled.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (m - 1.0)).sqrt();
    let tail = 0.5 * (1.0 - confidence);
    let (low, high) = (quantile(&resampled, tail), quantile(&resampled, 1.0 - tail));
    // Of skewed estimates from few the interval may miss the value itself, which it must not be said to do.
    Estimate { sd, ci_low: low.min(value), ci_high: high.max(value), ..none }
}

/// The `p`-quantile of ascending numbers, between neighbours by proportion.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_quantiles_of_what_might_have_been() {
        let e = estimate(50.0, (0..=100).map(f64::from).collect(), 0.9, 20);
        assert_eq!((e.mean, e.n), (50.0, 20));
        assert!((e.ci_low - 5.0).abs() < 1e-9 && (e.ci_high - 95.0).abs() < 1e-9, "{e:?}");
        let largest = turned(50.0, (0..=100).map(|x| 48.0 + f64::from(x)).collect(), 0.9, 20);
        assert!(largest.ci_low == 0.0 && (largest.ci_high - 50.0).abs() < 1e-9, "{largest:?}");
        let few = estimate(50.0, vec![1.0, f64::NAN], 0.9, 20);
        assert!(few.ci_low.is_nan() && few.mean == 50.0);
        assert!(estimate(50.0, vec![1.0; 9], 0.9, 1).ci_low.is_nan());
    }
}
