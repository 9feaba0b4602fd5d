//! Times of first passages over replications, some of which did not come to pass within the run.
//!
//! A mean over those that did would be too short: the long ones are missing from it. All are observed for as long as the run
//! lasts, so what can be told without a model of the law is
//!
//! - the share that came to pass, with the exact interval of a binomial share (Clopper & Pearson 1934,
//!   doi:10.1093/biomet/26.4.404);
//! - quantiles below that share: with one common end of observation the estimate of Kaplan & Meier (1958,
//!   doi:10.1080/01621459.1958.10501452) is the share that has passed by then; with the distribution-free interval between two order
//!   statistics, whose ranks are binomial quantiles;
//! - a lower bound of the mean: that of min(T, end), the *restricted mean*.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF};

use crate::summary::Moments;
use crate::tables::Estimate;

/// The metrics that are times of a first passage, one a run.
pub(crate) const PASSAGES: [&str; 2] = ["first_passage_time", "passage_time"];
/// The metric that is the share of runs in which one came to pass.
pub(crate) const PASSAGE_SHARE: &str = "passage_share";
/// The statistic that is the restricted mean.
pub(crate) const LOWER: &str = "lower";
/// The quantiles that are told.
const QUANTILES: [(&str, f64); 2] = [("p50", 0.5), ("p90", 0.9)];

/// The statistics that are told of such a metric beside its mean.
pub(crate) fn stats() -> impl Iterator<Item = &'static str> {
    std::iter::once(LOWER).chain(QUANTILES.map(|q| q.0))
}

/// One time a replication.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passing {
    /// Those that came to pass.
    times: Vec<f64>,
    all: u32,
}

impl Passing {
    /// Takes in the next; NaN if it did not come to pass.
    pub(crate) fn add(&mut self, time: f64) {
        self.all += 1;
        if !time.is_nan() {
            self.times.push(time);
        }
    }
    /// How many came to pass, and of how many.
    pub(crate) fn counts(&self) -> (u32, u32) {
        (self.times.len() as u32, self.all)
    }
    /// Whether all came to pass.
    pub(crate) fn is_complete(&self) -> bool {
        self.times.len() == self.all as usize
    }
    /// The share that came to pass.
    pub(crate) fn share(&self, confidence: f64) -> Estimate {
        let (k, n) = (f64::from(self.counts().0), f64::from(self.all));
        let beta = |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |law| law.inverse_cdf(p));
        let tail = (1.0 - confidence) / 2.0;
        let ci_low = if k == 0.0 { 0.0 } else { beta(k, n - k + 1.0, tail) };
        let ci_high = if k == n { 1.0 } else { beta(k + 1.0, n - k, 1.0 - tail) };
        let share = k / n;
        Estimate { mean: share, sd: (share * (1.0 - share)).sqrt(), ci_low, ci_high, n: self.all }
    }
    /// The mean of min(T, `end`), which that of T is not below.
    pub(crate) fn restricted_mean(&self, end: f64, confidence: f64) -> Estimate {
        let mut moments = Moments::default();
        let late = self.all as usize - self.times.len();
        self.times.iter().copied().chain(std::iter::repeat_n(end, late)).for_each(|t| moments.add(t));
        moments.estimate(confidence)
    }
    /// The quantiles that were reached, by the name of the statistic. An interval whose upper end was not reached is left out.
    pub(crate) fn quantiles(&self, confidence: f64) -> Vec<(&'static str, Estimate)> {
        let mut sorted = self.times.clone();
        sorted.sort_by(f64::total_cmp);
        let of = |(stat, p): (&'static str, f64)| {
            let rank = (p * f64::from(self.all)).ceil().max(1.0) as usize;
            let mean = *sorted.get(rank - 1)?;
            let (ci_low, ci_high) = self.ranks(p, confidence).map_or((f64::NAN, f64::NAN), |(low, high)| {
                sorted.get(high - 1).map_or((f64::NAN, f64::NAN), |h| (sorted[low - 1], *h))
            });
            Some((stat, Estimate { mean, sd: f64::NAN, ci_low, ci_high, n: self.all }))
        };
        QUANTILES.into_iter().filter_map(of).collect()
    }
    /// The ranks, from 1, of the order statistics between which the quantile lies with this confidence at least.
    fn ranks(&self, p: f64, confidence: f64) -> Option<(usize, usize)> {
        let (n, tail) = (u64::from(self.all), (1.0 - confidence) / 2.0);
        let below = Binomial::new(p, n).ok()?;
        // P(fewer than `low` are below it) and P(`high` or more are).
        let low = (1..=n).take_while(|l| below.cdf(l - 1) <= tail).last()?;
        let high = (low..=n).find(|h| 1.0 - below.cdf(h - 1) <= tail)?;
        Some((low as usize, high as usize))
    }
}

#[cfg(test)]
mod tests {
    use sim_core::rng::Rng;

    use super::*;

    fn of(times: impl IntoIterator<Item = f64>) -> Passing {
        let mut passing = Passing::default();
        times.into_iter().for_each(|t| passing.add(t));
        passing
    }

    #[test]
    fn shares_have_the_exact_interval() {
        // Clopper & Pearson at 95 %: 0 of 10 is (0, 0.3085), 3 of 10 is (0.0667, 0.6525).
        let none = of([f64::NAN; 10]).share(0.95);
        assert!(none.mean == 0.0 && none.ci_low == 0.0 && (none.ci_high - 0.3085).abs() < 1e-4, "{none:?}");
        let three = of([1.0, 2.0, 3.0].into_iter().chain([f64::NAN; 7])).share(0.95);
        assert!((three.ci_low - 0.0667).abs() < 1e-4 && (three.ci_high - 0.6525).abs() < 1e-4, "{three:?}");
        let all = of([1.0; 10]).share(0.95);
        assert!(all.mean == 1.0 && all.ci_high == 1.0 && (all.ci_low - 0.6915).abs() < 1e-4, "{all:?}");
    }

    #[test]
    fn quantiles_end_where_observation_does() {
        // The median of ten lies between the second and the ninth at 97.9 %.
        let ten = of((1..=10).map(f64::from));
        let [(_, median), (_, p90)] = ten.quantiles(0.95)[..] else { panic!() };
        assert_eq!((median.mean, median.ci_low, median.ci_high), (5.0, 2.0, 9.0));
        // No sample of ten is surely above the 90th percentile: 0.9^10 = 0.35.
        assert!(p90.mean == 9.0 && p90.ci_high.is_nan());
        let six = of((1..=6).map(f64::from).chain([f64::NAN; 4]));
        let [(stat, median)] = six.quantiles(0.95)[..] else { panic!() };
        assert!(stat == "p50" && median.mean == 5.0 && median.ci_high.is_nan() && median.n == 10);
        assert!(of([1.0, f64::NAN, f64::NAN]).quantiles(0.95).is_empty());
    }

    #[test]
    fn of_exponential_times_that_are_cut_the_truth_is_covered() {
        // Mean 20, seen until 10: 1 - exp(-1/2) pass, E min(T, 10) = 20 (1 - exp(-1/2)). 400 samples of 200; those that pass have
        // a mean of 4.59, which a mean over them would tell as 20.
        let mut rng = Rng::seed_from_u64(1);
        let share = 1.0 - libm::exp(-0.5);
        let (mut covered, samples) = ([0.0; 2], 400);
        for _ in 0..samples {
            let draw = |_| Some(20.0 * rng.exponential()).filter(|t| *t < 10.0).unwrap_or(f64::NAN);
            let passing = of((0..200).map(draw));
            let holds = |e: Estimate, truth: f64| f64::from(u8::from(e.ci_low <= truth && truth <= e.ci_high));
            covered[0] += holds(passing.share(0.95), share);
            covered[1] += holds(passing.restricted_mean(10.0, 0.95), 20.0 * share);
        }
        // 0.95 less four standard errors of a share of 400: 0.906.
        assert!(covered.iter().all(|c| c / f64::from(samples) > 0.906), "{covered:?}");
    }
}
