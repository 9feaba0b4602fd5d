//! Whether a level grows through the whole window: where more comes in than can go out there is no steady state, and what a
//! run tells of its queue, its delay or its count depends on how long the run is.
//!
//! The window is cut into parts. Of each replication the slope of the straight line through their means is taken (least squares,
//! as the metric `drift` does), and of the mean course how straight it is: what a step, a day or an overshoot does to a level
//! is no line, and what noise does differs from replication to replication.

use crate::summary::{Moments, slope};

/// Parts of the window.
const PARTS: usize = 8;
/// Fewer parts make no trend.
const PARTS_MIN: usize = 4;
/// The share of the mean course's variance that a straight line has to account for.
const STRAIGHT: f64 = 0.9;
/// By how much of its mean a level has to grow in the window.
const SHARE: f64 = 0.2;
/// The same where there are too few replications to tell growth from noise.
const SHARE_OF_FEW: f64 = 0.5;
/// How many are too few.
const FEW: u32 = 4;
/// The confidence at which growth must be above zero.
const CONFIDENCE: f64 = 0.99;

/// The course of a level through the window, over replications.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trend {
    /// Means of the parts.
    parts: Vec<Moments>,
    /// By how much the line rises in the window.
    growth: Moments,
}

impl Trend {
    /// Takes in the bins of a replication's window.
    pub(crate) fn add(&mut self, bins: &[f64]) {
        let parts = bins.len().min(PARTS);
        if parts < PARTS_MIN {
            return;
        }
        let part = |k: usize| &bins[k * bins.len() / parts..(k + 1) * bins.len() / parts];
        let means: Vec<f64> = (0..parts).map(part).map(|b| b.iter().sum::<f64>() / b.len() as f64).collect();
        self.parts.resize(parts, Moments::default());
        self.parts.iter_mut().zip(&means).for_each(|(m, x)| m.add(*x));
        self.growth.add(line(&means).0 * parts as f64);
    }

    /// From which mean to which the level grew between the first and the last part, if it grew all the way.
    pub(crate) fn growth(&self) -> Option<(f64, f64)> {
        let course: Vec<f64> = self.parts.iter().map(Moments::mean).collect();
        let (first, last) = (*course.first()?, *course.last()?);
        let level = course.iter().sum::<f64>() / course.len() as f64;
        let growth = self.growth.estimate(CONFIDENCE);
        let (share, is_sure) = if growth.n < FEW { (SHARE_OF_FEW, true) } else { (SHARE, growth.ci_low > 0.0) };
        // Of less than one entity no queue is made.
        let is_material = growth.mean > (share * level).max(1.0);
        (is_sure && is_material && line(&course).1 > STRAIGHT).then_some((first, last))
    }
}

/// The slope of the straight line through evenly spaced values, and the share of their variance that it accounts for.
fn line(ys: &[f64]) -> (f64, f64) {
    let n = ys.len() as f64;
    let (slope, mean) = (slope(ys), ys.iter().sum::<f64>() / n);
    let squares: f64 = ys.iter().map(|y| (y - mean) * (y - mean)).sum();
    // Of 0, 1 .. n - 1 the squares about their mean come to n (n^2 - 1) / 12.
    let straight = slope * slope * n * (n * n - 1.0) / 12.0;
    (slope, if squares > 0.0 { straight / squares } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use sim_core::rng::Rng;

    use super::*;

    /// The course of a random walk with reflection at zero: a queue whose steps up and down are as likely as `up` says.
    fn queue(up: f64, seed: u64) -> Vec<f64> {
        let mut rng = Rng::seed_from_u64(seed);
        let mut level = 0.0f64;
        let step = |_: usize| {
            for _ in 0..100 {
                level = (level + if rng.uniform() < up { 1.0 } else { -1.0 }).max(0.0);
            }
            level
        };
        (0..900).map(step).collect()
    }

    fn trend(up: f64, replications: u64) -> Option<(f64, f64)> {
        let mut trend = Trend::default();
        (0..replications).for_each(|seed| trend.add(&queue(up, seed)[100..]));
        trend.growth()
    }

    #[test]
    fn lines_have_their_slope() {
        let (slope, straight) = line(&[1.0, 3.0, 5.0, 7.0]);
        assert!((slope - 2.0).abs() < 1e-12 && (straight - 1.0).abs() < 1e-12);
        assert_eq!(line(&[2.0; 4]), (0.0, 0.0));
        // (0, 0, 1, 1): the slope is 2/5, and the line accounts for 4/5.
        let (slope, straight) = line(&[0.0, 0.0, 1.0, 1.0]);
        assert!((slope - 0.4).abs() < 1e-12 && (straight - 0.8).abs() < 1e-12);
    }

    #[test]
    fn overload_is_told_by_how_much_it_grew_and_a_steady_state_is_not() {
        // 100 steps a bin of +1 at 0.55, -1 otherwise: 10 a bin, from bin 100 to 900. The middles of the first and last part are
        // at bins 150 and 850; the sd of 85 000 steps is 290.
        for n in [1, 2, 20] {
            let (from, to) = trend(0.55, n).unwrap();
            assert!((from - 1500.0).abs() < 600.0 && (to - 8500.0).abs() < 1200.0, "{n}: {from} to {to}");
        }
        // The level's law is geometric with ratio 9/11: its mean is 4.5, and its course is noise.
        for n in 1..30 {
            assert_eq!(trend(0.45, n), None, "{n}");
        }
    }

    #[test]
    fn steps_swings_and_saturation_are_no_growth() {
        let course = |f: fn(f64) -> f64| {
            let mut trend = Trend::default();
            (0..10)
                .for_each(|i| trend.add(&(0..800).map(|k| f(f64::from(k) / 800.0) + f64::from(i)).collect::<Vec<_>>()));
            trend.growth()
        };
        assert!(course(|t| 1000.0 * t).is_some());
        assert_eq!(course(|t| if t > 0.6 { 1000.0 } else { 10.0 }), None);
        assert_eq!(course(|t| 1000.0 * (1.0 - libm::cos(std::f64::consts::TAU * t))), None);
        assert_eq!(course(|t| 1000.0 * (1.0 - libm::exp(-8.0 * t))), None);
        assert_eq!(course(|t| 1000.0 + 150.0 * t), None);
        assert_eq!(course(|t| 0.9 * t), None);
        // Too few bins.
        let mut few = Trend::default();
        few.add(&[1.0, 100.0, 1000.0]);
        assert_eq!(few.growth(), None);
    }
}
