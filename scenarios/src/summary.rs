//! From many runs to estimates: Student's t over replications, and which station is the bottleneck.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::tables::{Estimate, StudyTables};

/// Running moments (Welford 1962), fed in the order of replications so that sums do not depend on threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    n: u32,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes in one value; NaN (nothing to measure in that run) is left out.
    pub fn add(&mut self, x: f64) {
        if x.is_nan() {
            return;
        }
        self.n += 1;
        let d = x - self.mean;
        self.mean += d / f64::from(self.n);
        self.squares += d * (x - self.mean);
    }
    /// The mean with its interval at `confidence` (0 to 1).
    pub fn estimate(&self, confidence: f64) -> Estimate {
        let half = self.half_width(t_quantile(confidence, self.n));
        let mean = if self.n == 0 { f64::NAN } else { self.mean };
        Estimate { mean, sd: self.sd(), ci_low: mean - half, ci_high: mean + half, n: self.n }
    }
    /// How many values there were.
    pub fn n(&self) -> u32 {
        self.n
    }
    /// Their mean; 0 if there were none.
    pub fn mean(&self) -> f64 {
        self.mean
    }
    /// Half of the interval's width, for the `t` that [`t_quantile`] gives for [`Moments::n`].
    pub fn half_width(&self, t: f64) -> f64 {
        t * self.sd() / f64::from(self.n).sqrt()
    }
    fn sd(&self) -> f64 {
        if self.n < 2 { f64::NAN } else { (self.squares / f64::from(self.n - 1)).sqrt() }
    }
}

/// The two-sided quantile of Student's t for the mean of `n` values; NaN for fewer than two.
pub fn t_quantile(confidence: f64, n: u32) -> f64 {
    if n < 2 {
        return f64::NAN;
    }
    StudentsT::new(0.0, 1.0, f64::from(n - 1)).map_or(f64::NAN, |t| t.inverse_cdf(0.5 + 0.5 * confidence))
}

/// One station or pathway in the ranking of bottlenecks.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottleneck {
    /// Name of the component.
    pub component: String,
    /// Its utilization, 0 to 1.
    pub utilization: Estimate,
    /// The share of what arrived there that was lost, where that is measured.
    pub loss_ratio: Option<Estimate>,
}

/// The stations and saturable pathways of a point, busiest first; equally busy ones in the order of components.
pub fn bottlenecks(tables: &StudyTables, point: usize) -> Vec<Bottleneck> {
    let rows = || tables.summary.iter().filter(|r| r.point == point);
    let loss = |c: &str| rows().find(|r| r.component == c && r.metric == "loss_ratio" && r.stat == "mean");
    let mut ranking: Vec<Bottleneck> = rows()
        .filter(|r| r.metric == "utilization" && r.stat == "time_mean" && !r.estimate.mean.is_nan())
        .map(|r| Bottleneck {
            component: r.component.clone(),
            utilization: r.estimate,
            loss_ratio: loss(&r.component).map(|l| l.estimate),
        })
        .collect();
    ranking.sort_by(|a, b| b.utilization.mean.total_cmp(&a.utilization.mean));
    ranking
}

/// The slope of the straight line that is nearest to `ys` at 0, 1, 2 and so on; NaN for fewer than two.
pub(crate) fn slope(ys: &[f64]) -> f64 {
    let n = ys.len() as f64;
    let middle = 0.5 * (n - 1.0);
    let products: f64 = ys.iter().enumerate().map(|(i, y)| (i as f64 - middle) * y).sum();
    if ys.len() < 2 { f64::NAN } else { products / (n * (n * n - 1.0) / 12.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::SummaryRow;

    fn of(xs: &[f64]) -> Estimate {
        let mut m = Moments::default();
        for &x in xs {
            m.add(x);
        }
        m.estimate(0.95)
    }

    #[test]
    fn intervals_are_students() {
        // t(0.975, 4) = 2.776445; sd of 1..5 is sqrt(2.5).
        let e = of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((e.mean, e.n), (3.0, 5));
        let half = 2.776_445_105 * (2.5f64 / 5.0).sqrt();
        assert!((e.ci_high - 3.0 - half).abs() < 1e-8 && (3.0 - e.ci_low - half).abs() < 1e-8);
    }

    #[test]
    fn runs_without_a_value_are_left_out() {
        let e = of(&[f64::NAN, 2.0, f64::NAN, 4.0]);
        assert_eq!((e.mean, e.n), (3.0, 2));
        let none = of(&[f64::NAN]);
        assert!(none.mean.is_nan() && none.ci_low.is_nan() && none.n == 0);
        let one = of(&[7.0]);
        assert!(one.mean == 7.0 && one.sd.is_nan() && one.ci_high.is_nan());
    }

    #[test]
    fn the_busiest_comes_first() {
        let row = |component: &str, metric: &str, mean: f64| SummaryRow {
            point: 0,
            component: component.into(),
            metric: metric.into(),
            stat: if metric == "utilization" { "time_mean" } else { "mean" }.into(),
            estimate: Estimate { mean, sd: 0.0, ci_low: mean, ci_high: mean, n: 3 },
            unit: "1".into(),
        };
        let summary = vec![
            row("access", "utilization", 0.1),
            row("uplink", "loss_ratio", 0.02),
            row("uplink", "utilization", 0.9),
            row("idle", "utilization", f64::NAN),
            // Fluid links tell the highest share as well.
            SummaryRow { stat: "max".into(), ..row("access", "utilization", 1.0) },
        ];
        let tables = StudyTables { summary, ..StudyTables::default() };
        let ranking = bottlenecks(&tables, 0);
        let names: Vec<&str> = ranking.iter().map(|b| b.component.as_str()).collect();
        assert_eq!(names, ["uplink", "access"]);
        assert_eq!(ranking[0].loss_ratio.unwrap().mean, 0.02);
        assert_eq!(ranking[1].loss_ratio, None);
        assert!(bottlenecks(&tables, 1).is_empty());
    }

    #[test]
    fn slopes_are_those_of_straight_lines() {
        assert!((slope(&[3.0, 5.0, 7.0, 9.0]) - 2.0).abs() < 1e-12);
        assert!(slope(&[1.0, 1.0, 1.0]).abs() < 1e-12);
        assert!(slope(&[1.0]).is_nan() && slope(&[]).is_nan());
        // (0, 0), (1, 2), (2, 1): products -0 + 0 + 1, over 2.
        assert!((slope(&[0.0, 2.0, 1.0]) - 0.5).abs() < 1e-12);
    }
}
