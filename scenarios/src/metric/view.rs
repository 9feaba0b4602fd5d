//! What a metric sees of a study: its readings, point by point and replication by replication.

use super::gather::Readings;
use super::vary::Pair;
use crate::summary::{Moments, t_quantile};
use crate::tables::{self, Axis, Estimate, Point};

/// The readings of a metric, and what the study says of its points.
pub struct View<'a> {
    /// The metric's name.
    pub name: &'a str,
    /// The axes of the sweep.
    pub axes: &'a [Axis],
    /// The points of the sweep.
    pub points: &'a [Point],
    /// The confidence of intervals, 0 to 1.
    pub confidence: f64,
    /// The study's seed.
    pub seed: u64,
    pub(super) readings: &'a [Readings],
    pub(super) pairs: &'a [Vec<Pair>],
}

impl View<'_> {
    /// What was read of each replication of a point; nothing of one that failed or is missing. Beyond the points of the sweep
    /// there are those of varied parameters.
    pub(super) fn of(&self, point: usize) -> &[Option<Vec<f64>>] {
        &self.readings[point]
    }
    /// The replications that have all of their numbers at all of `points`.
    pub(super) fn complete(&self, points: &[usize]) -> Vec<usize> {
        let fewest = points.iter().map(|&p| self.of(p).len()).min().unwrap_or(0);
        let is_whole = |r: &Option<Vec<f64>>| r.as_ref().is_some_and(|xs| xs.iter().all(|x| x.is_finite()));
        (0..fewest).filter(|&r| points.iter().all(|&p| is_whole(&self.of(p)[r]))).collect()
    }
    /// Reading `k` of replication `r` of a point, which has it.
    pub(super) fn value(&self, point: usize, r: usize, k: usize) -> f64 {
        self.of(point)[r].as_ref().map_or(f64::NAN, |xs| xs[k])
    }
    /// Where `point` is, for a sentence; empty without a sweep.
    pub(super) fn place(&self, point: usize) -> String {
        tables::place(self.axes, &self.points[point])
    }
    /// The mean of reading `k` over the replications of a point, with Student's interval.
    pub(super) fn mean(&self, point: usize, k: usize) -> Estimate {
        let mut moments = Moments::default();
        self.of(point).iter().flatten().for_each(|xs| moments.add(xs[k]));
        moments.estimate(self.confidence)
    }
    /// `value` with the interval of an estimate whose replications contribute `influence` to it (their mean is 0 to first
    /// order): the delta method, with Student's t.
    pub(super) fn delta(&self, value: f64, influence: &[f64]) -> Estimate {
        let mut moments = Moments::default();
        for &x in influence {
            moments.add(x);
        }
        let spread = moments.estimate(self.confidence);
        let half = moments.half_width(t_quantile(self.confidence, moments.n()));
        Estimate { mean: value, sd: spread.sd, ci_low: value - half, ci_high: value + half, n: moments.n() }
    }
}
