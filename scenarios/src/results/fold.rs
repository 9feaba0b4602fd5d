//! Folds the runs of a point, in the order of replications, into estimates; memory does not grow with their number.

use sim_core::stats::Sketch;

use super::record::{MeasureKey, StoredRun, StoredSeries};
use crate::summary::{Moments, t_quantile};
use crate::tables::{Estimate, SeriesSummary, SummaryRow};

/// What the runs of one point come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct PointFold {
    measures: Vec<(MeasureKey, Moments)>,
    series: Vec<(StoredSeries, Vec<Moments>)>,
    /// The same in fewer bins, for figures: means of neighbours have narrower intervals than their mean.
    coarse: Vec<Vec<Moments>>,
    bin: f64,
    sojourns: Vec<(String, Sketch)>,
}

/// The tables of one point.
#[derive(Clone, Debug, Default)]
pub(crate) struct PointTables {
    pub(crate) summary: Vec<SummaryRow>,
    pub(crate) series: Vec<SeriesSummary>,
    /// Replications behind each series.
    pub(crate) series_n: Vec<u32>,
    /// The series in bins that a figure has room for.
    pub(crate) coarse: Vec<SeriesSummary>,
    pub(crate) sojourns: Vec<(usize, String, Sketch)>,
}

/// Values that cannot be more than all.
const SHARES: [&str; 6] = ["utilization", "loss_ratio", "wait_ratio", "fairness", "exit_share", "time_share"];

/// Cuts an interval where the value cannot be: below zero, but for a balance; above one, for shares. The cut interval holds
/// the true mean whenever the whole one does, so its confidence is the same.
fn within_bounds(key: &MeasureKey, e: Estimate) -> Estimate {
    if key.metric == "net_flux" || e.ci_low.is_nan() {
        return e;
    }
    let most = if SHARES.contains(&key.metric.as_str()) { 1.0 } else { f64::INFINITY };
    // A mean beyond its bounds would be a fault of the model, not to be hidden.
    let (low, high) = (e.mean.min(0.0), e.mean.max(most));
    Estimate { ci_low: e.ci_low.max(low), ci_high: e.ci_high.min(high), ..e }
}

/// The place of the entry that `same` accepts: at `hint`, where it is if all runs are alike, or anywhere.
fn place<T>(all: &[T], hint: usize, same: impl Fn(&T) -> bool) -> Option<usize> {
    if all.get(hint).is_some_and(&same) { Some(hint) } else { all.iter().position(same) }
}

impl PointFold {
    /// Takes in the next run; one that failed has nothing to give.
    pub(crate) fn add(&mut self, run: &StoredRun) {
        if run.error.is_some() {
            return;
        }
        for (i, m) in run.measures.iter().enumerate() {
            let at = place(&self.measures, i, |(key, _)| *key == m.key).unwrap_or_else(|| {
                self.measures.push((m.key.clone(), Moments::default()));
                self.measures.len() - 1
            });
            self.measures[at].1.add(m.value);
        }
        self.bin = run.bin;
        for (i, row) in run.series.iter().enumerate() {
            let same = |(s, _): &(StoredSeries, _)| s.component == row.component && s.metric == row.metric;
            let at = place(&self.series, i, same).unwrap_or_else(|| {
                let label = StoredSeries { values: Vec::new(), ..row.clone() };
                self.series.push((label, vec![Moments::default(); row.values.len()]));
                self.coarse.push(vec![Moments::default(); row.values.len().div_ceil(together(row.values.len()))]);
                self.series.len() - 1
            });
            self.series[at].1.iter_mut().zip(&row.values).for_each(|(m, &x)| m.add(x));
            let chunks = row.values.chunks(together(row.values.len()));
            let means = chunks.map(|c| c.iter().sum::<f64>() / c.len() as f64);
            self.coarse[at].iter_mut().zip(means).for_each(|(m, x)| m.add(x));
        }
        for (i, (component, sketch)) in run.sojourns.iter().enumerate() {
            match place(&self.sojourns, i, |(c, _)| c == component) {
                Some(at) => self.sojourns[at].1.merge(sketch),
                None => self.sojourns.push((component.clone(), sketch.clone())),
            }
        }
    }

    /// The tables of point `point` with intervals at `confidence`.
    pub(crate) fn finish(self, point: usize, confidence: f64) -> PointTables {
        let mut summary = Vec::with_capacity(self.measures.len());
        for (key, moments) in &self.measures {
            let row = |stat: &str, estimate| SummaryRow {
                point,
                component: key.component.clone(),
                metric: key.metric.clone(),
                stat: stat.to_owned(),
                estimate,
                unit: key.unit.clone(),
            };
            let estimate = within_bounds(key, moments.estimate(confidence));
            summary.push(row(&key.stat, estimate));
            if let Some(bound) = self.bound_on_loss(key, estimate, confidence) {
                summary.push(row("upper", bound));
            }
        }
        let (mut series, mut series_n, mut coarse) = (Vec::new(), Vec::new(), Vec::new());
        for ((label, bins), few) in self.series.iter().zip(&self.coarse) {
            let n = bins.iter().map(Moments::n).max().unwrap_or(0);
            series.push(summarised(label, bins, self.bin, point, confidence));
            coarse.push(summarised(label, few, self.bin * together(bins.len()) as f64, point, confidence));
            series_n.push(n);
        }
        let sojourns = self.sojourns.into_iter().map(|(component, s)| (point, component, s)).collect();
        PointTables { summary, series, series_n, coarse, sojourns }
    }

    /// Where nothing was lost in any run, a loss ratio of 0 says little. The exact bound at the study's confidence for 0 out
    /// of n, 1 - (1 - confidence)^(1/n) (Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404, one-sided), stays below 1
    /// however few arrived; at 95 % and for many it is the rule of three, 3/n. It takes losses as independent: where they
    /// come in bursts, less is known.
    fn bound_on_loss(&self, key: &MeasureKey, loss: Estimate, confidence: f64) -> Option<Estimate> {
        if key.metric != "loss_ratio" || loss.n == 0 || loss.mean != 0.0 {
            return None;
        }
        let arrivals = |k: &MeasureKey| k.component == key.component && k.metric == "arrivals" && k.stat == "mean";
        let (_, m) = self.measures.iter().find(|(k, _)| arrivals(k))?;
        let total = m.mean() * f64::from(m.n());
        let mean = -libm::expm1(libm::log1p(-confidence) / total);
        let bound = Estimate { mean, sd: f64::NAN, ci_low: f64::NAN, ci_high: f64::NAN, n: loss.n };
        (total > 0.0).then_some(bound)
    }
}

/// Bins beyond which neighbours are put together for figures, and how many are then left at most: finer than this the eye
/// and the printer see none, and bands are wide.
const BINS: (usize, usize) = (250, 125);

/// How many of `bins` make one in a figure.
fn together(bins: usize) -> usize {
    if bins > BINS.0 { bins.div_ceil(BINS.1) } else { 1 }
}

fn summarised(label: &StoredSeries, bins: &[Moments], bin: f64, point: usize, confidence: f64) -> SeriesSummary {
    let n = bins.iter().map(Moments::n).max().unwrap_or(0);
    let t = t_quantile(confidence, n);
    let mean = |m: &Moments| if m.n() == 0 { f64::NAN } else { m.mean() };
    let half = |m: &Moments| if m.n() == n { m.half_width(t) } else { m.half_width(t_quantile(confidence, m.n())) };
    SeriesSummary {
        point,
        component: label.component.clone(),
        metric: label.metric.clone(),
        unit: label.unit.clone(),
        bin,
        mean: bins.iter().map(mean).collect(),
        half_width: bins.iter().map(half).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::StoredMeasure;
    use super::*;

    fn measure(metric: &str, value: f64) -> StoredMeasure {
        let key = MeasureKey { component: "a".into(), metric: metric.into(), stat: "mean".into(), unit: "1".into() };
        StoredMeasure { key, value }
    }

    fn run(arrivals: f64, loss: f64) -> StoredRun {
        StoredRun {
            measures: vec![measure("arrivals", arrivals), measure("loss_ratio", loss)],
            bin: 0.5,
            series: vec![StoredSeries {
                component: "a".into(),
                metric: "throughput".into(),
                unit: "1/s".into(),
                values: vec![arrivals, 2.0 * arrivals],
            }],
            ..StoredRun::default()
        }
    }

    fn fold(runs: &[StoredRun]) -> PointTables {
        let mut fold = PointFold::default();
        for r in runs {
            fold.add(r);
        }
        fold.finish(3, 0.95)
    }

    #[test]
    fn no_observed_loss_has_an_exact_bound() {
        let t = fold(&[run(100.0, 0.0), run(200.0, 0.0)]);
        let stats: Vec<(&str, &str)> = t.summary.iter().map(|r| (r.metric.as_str(), r.stat.as_str())).collect();
        assert_eq!(stats, [("arrivals", "mean"), ("loss_ratio", "mean"), ("loss_ratio", "upper")]);
        // 0 of 300: 1 - 0.05^(1/300).
        assert!((t.summary[2].estimate.mean - 0.009_936_1).abs() < 1e-7, "{:?}", t.summary[2]);
        let bound = |arrivals, confidence| {
            let mut few = PointFold::default();
            few.add(&run(arrivals, 0.0));
            few.finish(0, confidence).summary[2].estimate.mean
        };
        // One packet that came through: at 95 % confidence the ratio may still be 0.95.
        assert!((bound(1.0, 0.95) - 0.95).abs() < 1e-15 && (bound(2.0, 0.99) - 0.9).abs() < 1e-15);
        assert!(t.summary.iter().all(|r| r.point == 3 && r.estimate.n == 2));
        let lossy = fold(&[run(100.0, 0.0), run(200.0, 0.5)]);
        assert_eq!(lossy.summary.len(), 2);
        // Nothing arrived: nothing is known of loss.
        assert_eq!(fold(&[run(0.0, f64::NAN)]).summary.len(), 2);
    }

    #[test]
    fn intervals_end_where_values_do() {
        let of = |metric: &str, values: [f64; 2]| {
            let mut fold = PointFold::default();
            for x in values {
                fold.add(&StoredRun { measures: vec![measure(metric, x)], ..StoredRun::default() });
            }
            let e = fold.finish(0, 0.95).summary[0].estimate;
            (e.ci_low, e.ci_high)
        };
        // t(0.975, 1) = 12.7062; half of the interval is that times half of the difference.
        let (low, high) = of("loss_ratio", [0.0, 0.01]);
        assert!(low == 0.0 && (high - 0.005 - 12.7062 * 0.005).abs() < 1e-6, "{low} {high}");
        let (low, high) = of("utilization", [0.9, 1.0]);
        assert!((low - 0.95 + 12.7062 * 0.05).abs() < 1e-6 && high == 1.0, "{low} {high}");
        assert_eq!((of("throughput", [0.0, 10.0]).0, of("slowdown", [1.0, 9.0]).0), (0.0, 0.0));
        assert!(of("throughput", [0.0, 10.0]).1 > 60.0 && of("net_flux", [0.0, 10.0]).0 < -50.0);
        // NaN stays what it is.
        let mut one = PointFold::default();
        one.add(&run(100.0, 0.1));
        assert!(one.finish(0, 0.95).summary[1].estimate.ci_low.is_nan());
    }

    #[test]
    fn failed_runs_are_left_out() {
        let failed = StoredRun { error: Some("no progress".into()), ..StoredRun::default() };
        let t = fold(&[run(100.0, 0.1), failed, run(300.0, 0.1)]);
        assert_eq!((t.summary[0].estimate.mean, t.summary[0].estimate.n), (200.0, 2));
        assert_eq!((t.series[0].mean.clone(), t.series_n[0]), (vec![200.0, 400.0], 2));
        // t(0.975, 1) = 12.7062; the sd of 100 and 300 is sqrt(20000).
        assert!((t.series[0].half_width[0] - 1270.62).abs() < 0.01);
    }

    #[test]
    fn figures_have_fewer_bins_with_intervals_of_their_own() {
        let of = |values: Vec<f64>| {
            let mut r = run(1.0, 0.0);
            r.series[0].values = values;
            r
        };
        let even = |k: usize| k.is_multiple_of(2);
        // What differs between neighbours differs less between their means.
        let a: Vec<f64> = (0..1000).map(|k| if even(k) { 1.0 } else { 5.0 }).collect();
        let b: Vec<f64> = (0..1000).map(|k| if even(k) { 5.0 } else { 1.0 }).collect();
        let t = fold(&[of(a), of(b)]);
        assert_eq!((t.series[0].mean.len(), t.coarse[0].mean.len(), t.coarse[0].bin), (1000, 125, 4.0));
        assert!(t.series[0].half_width[0] > 20.0 && t.coarse[0].half_width.iter().all(|h| *h == 0.0));
        assert!(t.coarse[0].mean.iter().all(|m| *m == 3.0));
        // A few are left as they are.
        let few = fold(&[of(vec![1.0; 250]), of(vec![2.0; 250])]);
        assert_eq!(few.coarse, few.series);
    }

    #[test]
    fn runs_need_not_measure_the_same_in_the_same_order() {
        let mut second = run(300.0, 0.1);
        second.measures.reverse();
        second.measures.push(measure("influx", 1.0));
        let t = fold(&[run(100.0, 0.1), second]);
        let got: Vec<(&str, f64, u32)> =
            t.summary.iter().map(|r| (r.metric.as_str(), r.estimate.mean, r.estimate.n)).collect();
        assert_eq!(got, [("arrivals", 200.0, 2), ("loss_ratio", 0.1, 2), ("influx", 1.0, 1)]);
    }
}
