//! Folds the runs of a point, in the order of replications, into estimates; memory does not grow with their number, but for
//! the times of first passages, one a run.

use std::collections::BTreeMap;

use sim_core::stats::Sketch;

use super::caution::{Doubt, Found};
use super::cut::{MATERIAL, missing};
use super::passage::{self, LOWER, PASSAGE_SHARE, PASSAGES, Passing};
use super::record::{MeasureKey, StoredRun, StoredSeries};
use super::trend::Trend;
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
    /// By measure, of those that are times of first passages.
    passing: Vec<(usize, Passing)>,
    /// By series, of occupancies.
    trends: Vec<(usize, Trend)>,
    /// Where statistics begin, in s, if the scenario has a warm-up.
    warmup: f64,
    /// How many bins figures have, if that is not left to the program.
    figure_bins: Option<u32>,
    /// The first run, as long as all others are the same.
    first: Option<Box<StoredRun>>,
    runs: u32,
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
    /// What is to be said of them.
    pub(crate) found: Vec<Found>,
    /// Whether there were several replications and all were the same.
    pub(crate) alike: bool,
    /// Replications that count.
    pub(crate) n: u32,
}

/// Values that cannot be more than all.
const SHARES: [&str; 8] =
    ["utilization", "loss_ratio", "wait_ratio", "fairness", "exit_share", "time_share", "exceedance", "availability"];
/// The metric of which a bound is told where it is zero, and the statistic that is the bound.
const LOSS: (&str, &str) = ("loss_ratio", "upper");

/// What summaries may tell beside the `metric` of a run, made of all replications together: metric and statistic.
pub(crate) fn beside(metric: &str) -> Vec<(&str, &'static str)> {
    if PASSAGES.contains(&metric) {
        return std::iter::once((PASSAGE_SHARE, "mean")).chain(passage::stats().map(|stat| (metric, stat))).collect();
    }
    if metric == LOSS.0 { vec![LOSS] } else { Vec::new() }
}

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

/// The place of the entry that `same` accepts: at `next`, where it is if all runs are alike, or else behind it or before.
fn place<T>(all: &[T], next: usize, same: impl Fn(&T) -> bool) -> Option<usize> {
    let (before, behind) = all.split_at(next.min(all.len()));
    behind.iter().position(&same).map(|i| before.len() + i).or_else(|| before.iter().position(same))
}

/// What is kept at `at` in a list in the order of places; nothing yet if it is new there.
fn kept<T: Default>(all: &mut Vec<(usize, T)>, at: usize) -> &mut T {
    let found = all.binary_search_by_key(&at, |(place, _)| *place).unwrap_or_else(|i| {
        all.insert(i, (at, T::default()));
        i
    });
    &mut all[found].1
}

impl PointFold {
    /// Nothing yet, of runs whose statistics begin at `warmup`, in s, for figures with so many bins.
    pub(crate) fn new(warmup: f64, figure_bins: Option<u32>) -> Self {
        Self { warmup, figure_bins, ..Self::default() }
    }

    /// Takes in the next run; one that failed has nothing to give.
    pub(crate) fn add(&mut self, run: &StoredRun) {
        if run.error.is_some() {
            return;
        }
        self.runs += 1;
        match &self.first {
            None if self.runs == 1 => self.first = Some(Box::new(run.clone())),
            Some(first) if !first.is_same(run) => self.first = None,
            _ => {}
        }
        // The names of one run all differ, so that there is nothing to look for in the first.
        let is_first = self.runs == 1;
        let mut next = 0;
        for m in &run.measures {
            let known = if is_first { None } else { place(&self.measures, next, |(key, _)| *key == m.key) };
            let at = known.unwrap_or_else(|| {
                self.measures.push((m.key.clone(), Moments::default()));
                self.measures.len() - 1
            });
            next = at + 1;
            self.measures[at].1.add(m.value);
            if PASSAGES.contains(&m.key.metric.as_str()) {
                kept(&mut self.passing, at).add(m.value);
            }
        }
        self.bin = run.bin;
        next = 0;
        for row in &run.series {
            let same = |(s, _): &(StoredSeries, _)| s.component == row.component && s.metric == row.metric;
            let known = if is_first { None } else { place(&self.series, next, same) };
            let at = known.unwrap_or_else(|| {
                let label = StoredSeries { values: Vec::new(), ..row.clone() };
                self.series.push((label, vec![Moments::default(); row.values.len()]));
                let few = row.values.len().div_ceil(together(row.values.len(), self.figure_bins));
                self.coarse.push(vec![Moments::default(); few]);
                self.series.len() - 1
            });
            next = at + 1;
            self.series[at].1.iter_mut().zip(&row.values).for_each(|(m, &x)| m.add(x));
            let chunks = row.values.chunks(together(row.values.len(), self.figure_bins));
            let means = chunks.map(|c| c.iter().sum::<f64>() / c.len() as f64);
            self.coarse[at].iter_mut().zip(means).for_each(|(m, x)| m.add(x));
            if self.warmup > 0.0 && row.metric == "occupancy" {
                let first = (self.warmup / run.bin - 1e-6).ceil() as usize;
                kept(&mut self.trends, at).add(row.values.get(first..).unwrap_or_default());
            }
        }
        next = 0;
        for (component, sketch) in &run.sojourns {
            let known = if is_first { None } else { place(&self.sojourns, next, |(c, _)| c == component) };
            let at = known.unwrap_or_else(|| {
                self.sojourns.push((component.clone(), Sketch::default()));
                self.sojourns.len() - 1
            });
            next = at + 1;
            self.sojourns[at].1.merge(sketch);
        }
    }

    /// The tables of point `point` with intervals at `confidence`.
    pub(crate) fn finish(mut self, point: usize, confidence: f64) -> PointTables {
        if self.runs > 1
            && let Some(first) = self.first.take()
        {
            // They tell as much as one of them.
            let mut one = Self::new(self.warmup, self.figure_bins);
            one.add(&first);
            let mut tables = one.finish(point, confidence);
            let words = format!("{} replications", self.runs);
            tables.found.push(Found { doubt: Doubt::Alike, point, component: String::new(), words });
            tables.alike = true;
            return tables;
        }
        let found = self.doubts(point);
        let mut summary = Vec::with_capacity(self.measures.len());
        for (at, (key, moments)) in self.measures.iter().enumerate() {
            let row = |stat: &str, estimate| SummaryRow {
                point,
                component: key.component.clone(),
                metric: key.metric.clone(),
                stat: stat.to_owned(),
                estimate,
                unit: key.unit.clone(),
            };
            if let Ok(passing) = self.passing.binary_search_by_key(&at, |p| p.0) {
                let passing = &self.passing[passing].1;
                summary.extend(self.passage(passing, &row(&key.stat, moments.estimate(confidence)), confidence));
                continue;
            }
            let estimate = within_bounds(key, moments.estimate(confidence));
            summary.push(row(&key.stat, estimate));
            if let Some(bound) = self.bound_on_loss(at, estimate, confidence) {
                summary.push(row(LOSS.1, bound));
            }
        }
        let (mut series, mut series_n, mut coarse) = (Vec::new(), Vec::new(), Vec::new());
        for ((label, bins), few) in self.series.iter().zip(&self.coarse) {
            let n = bins.iter().map(Moments::n).max().unwrap_or(0);
            series.push(summarised(label, bins, self.bin, point, confidence));
            let width = self.bin * together(bins.len(), self.figure_bins) as f64;
            coarse.push(summarised(label, few, width, point, confidence));
            series_n.push(n);
        }
        let sojourns = self.sojourns.into_iter().map(|(component, s)| (point, component, s)).collect();
        PointTables { summary, series, series_n, coarse, sojourns, found, alike: false, n: self.runs }
    }

    /// The rows of a first passage whose mean over the runs in which it came to pass is `mean`: that is one only if these are
    /// all.
    fn passage(&self, passing: &Passing, mean: &SummaryRow, confidence: f64) -> Vec<SummaryRow> {
        let with = |stat: &str, estimate| SummaryRow { stat: stat.to_owned(), estimate, ..mean.clone() };
        let nothing =
            Estimate { mean: f64::NAN, sd: f64::NAN, ci_low: f64::NAN, ci_high: f64::NAN, n: mean.estimate.n };
        let mut rows = Vec::new();
        if passing.is_complete() {
            rows.push(mean.clone());
        } else {
            rows.push(with("mean", nothing));
            rows.extend(self.end().map(|end| with(LOWER, passing.restricted_mean(end, confidence))));
        }
        rows.extend(passing.quantiles(confidence).into_iter().map(|(stat, e)| with(stat, e)));
        let (metric, unit) = (PASSAGE_SHARE.to_owned(), "1".to_owned());
        rows.push(SummaryRow { metric, unit, ..with("mean", passing.share(confidence)) });
        rows
    }

    /// When the runs end, in s, if they have series to know it by.
    fn end(&self) -> Option<f64> {
        self.series.first().map(|(_, bins)| self.bin * bins.len() as f64)
    }

    /// What is to be said of the numbers.
    fn doubts(&self, point: usize) -> Vec<Found> {
        let mut found = Vec::new();
        let first_of: BTreeMap<(&str, &str), usize> = (self.measures.iter().enumerate().rev())
            .map(|(at, (key, _))| ((key.component.as_str(), key.metric.as_str()), at))
            .collect();
        // The mean of a measure over the replications, and its unit.
        let mean_of = |component: &str, metric: &str| {
            let (key, moments) = &self.measures[*first_of.get(&(component, metric))?];
            Some((moments.mean(), key.unit.as_str()))
        };
        let mut add = |doubt, component: &str, words| {
            found.push(Found { doubt, point, component: component.to_owned(), words });
        };
        for (series, trend) in &self.trends {
            let label = &self.series[*series].0;
            let component = label.component.as_str();
            // What only collects has no steady state to miss.
            let leaves = mean_of(component, "departures").is_some_and(|(n, _)| n > 0.0);
            if let Some((from, to)) = trend.growth().filter(|_| leaves) {
                let words = format!("grew from {} to {} {}s", brief(from), brief(to), label.unit);
                add(Doubt::Growing, component, words);
            }
        }
        for (measure, passing) in self.passing.iter().filter(|p| !p.1.is_complete()) {
            let (passed, all) = passing.counts();
            let words = format!("in {passed} of {all} runs");
            add(Doubt::Waiting, &self.measures[*measure].0.component, words);
        }
        for (component, sketch) in &self.sojourns {
            let left = sketch.total() as f64;
            let inside = mean_of(component, "in_system").map(|(n, unit)| (n * f64::from(self.runs), unit));
            // The exits of a species are as long as its stays.
            let is_part = mean_of(component, "exit_share").is_some();
            let (beside, words) = match (inside, self.end()) {
                (Some((n, unit)), _) if self.warmup == 0.0 => {
                    (n, format!("(left: {left} {unit}s, still inside at the end: {n:.0})"))
                }
                (_, Some(end)) if !is_part => {
                    let n = missing(sketch, self.warmup, end);
                    (n, format!("(of about {} that began, {} are missing)", brief(left + n), brief(n)))
                }
                _ => continue,
            };
            if beside > MATERIAL * (left + beside) {
                add(Doubt::Cut, component, words);
            }
        }
        found
    }

    /// Where nothing was lost in any run, a loss ratio of 0 says little. The exact bound at the study's confidence for 0 out
    /// of n, 1 - (1 - confidence)^(1/n) (Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404, one-sided), stays below 1
    /// however few arrived; at 95 % and for many it is the rule of three, 3/n. It takes losses as independent: where they
    /// come in bursts, less is known.
    fn bound_on_loss(&self, at: usize, loss: Estimate, confidence: f64) -> Option<Estimate> {
        let key = &self.measures[at].0;
        if key.metric != LOSS.0 || loss.n == 0 || loss.mean != 0.0 {
            return None;
        }
        let arrivals = |k: &MeasureKey| k.component == key.component && k.metric == "arrivals" && k.stat == "mean";
        // Those of one component stand together.
        let (before, behind) = self.measures.split_at(at);
        let (_, m) = before.iter().rev().chain(behind).find(|(k, _)| arrivals(k))?;
        let total = m.mean() * f64::from(m.n());
        let mean = -libm::expm1(libm::log1p(-confidence) / total);
        let bound = Estimate { mean, sd: f64::NAN, ci_low: f64::NAN, ci_high: f64::NAN, n: loss.n };
        (total > 0.0).then_some(bound)
    }
}

/// Bins beyond which neighbours are put together for figures unless their number is given, and how many are then left at
/// most: of more the bands are wide.
const BINS: (usize, usize) = (250, 125);
/// More bins than that no printer shows: a figure is as many dots wide, and some.
const BINS_MAX: usize = 1000;

/// How many of `bins` make one in a figure; `given` if their number is.
fn together(bins: usize, given: Option<u32>) -> usize {
    match given {
        Some(_) => bins.div_ceil(BINS_MAX),
        None if bins > BINS.0 => bins.div_ceil(BINS.1),
        None => 1,
    }
}

/// Three digits, or as many as there are before the point.
fn brief(x: f64) -> String {
    let digits = if x > 0.0 { (2 - x.log10().floor() as i32).clamp(0, 9) as usize } else { 0 };
    format!("{x:.digits$}")
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
    fn what_did_not_come_to_pass_has_no_mean() {
        let run = |time: f64| StoredRun { measures: vec![measure("first_passage_time", time)], ..run(1.0, 0.1) };
        let of = |times: &[f64]| {
            let mut fold = PointFold::default();
            for t in times {
                fold.add(&run(*t));
            }
            let t = fold.finish(0, 0.95);
            let rows = t.summary.iter().map(|r| (r.metric.clone() + "." + &r.stat, r.estimate.mean, r.estimate.n));
            (rows.collect::<Vec<_>>(), t.found)
        };
        let (rows, found) = of(&[0.2, f64::NAN, 0.4, 0.3]);
        let names: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
        let time = |stat| format!("first_passage_time.{stat}");
        assert_eq!(names, [&time("mean"), &time("lower"), &time("p50"), "passage_share.mean"]);
        assert!(rows[0].1.is_nan() && rows[0].2 == 3, "{rows:?}");
        // Runs are of two bins of 0.5 s.
        assert!((rows[1].1 - 1.9 / 4.0).abs() < 1e-12 && rows[1].2 == 4);
        assert_eq!((rows[2].1, rows[3].1), (0.3, 0.75));
        assert_eq!((found.len(), found[0].doubt, found[0].words.as_str()), (1, Doubt::Waiting, "in 3 of 4 runs"));
        let (rows, found) = of(&[0.2, 0.3, 0.4, 0.3]);
        assert!((rows[0].1 - 0.3).abs() < 1e-12 && rows.last().unwrap().1 == 1.0 && found.is_empty());
    }

    #[test]
    fn replications_that_are_the_same_count_as_one() {
        let mut fold = PointFold::default();
        (0..20).for_each(|_| fold.add(&run(100.0, 0.1)));
        let t = fold.finish(0, 0.95);
        assert!(t.alike && t.n == 1 && t.found[0].doubt == Doubt::Alike);
        let e = t.summary[0].estimate;
        assert!(e.mean == 100.0 && e.n == 1 && e.ci_low.is_nan() && t.series[0].half_width[0].is_nan());
        // The last bit of one makes chance of it.
        let mut fold = PointFold::default();
        (0..19).for_each(|_| fold.add(&run(100.0, 0.1)));
        fold.add(&run(100.0, 0.1f64.next_up()));
        let t = fold.finish(0, 0.95);
        assert!(!t.alike && t.n == 20 && t.found.is_empty());
        // One run alone says nothing of chance.
        assert!(!fold_of_one().alike);
    }

    fn fold_of_one() -> PointTables {
        fold(&[run(100.0, 0.1)])
    }

    #[test]
    fn a_steady_state_is_doubted_only_where_it_is_claimed() {
        let growing = |r: u32| {
            let mut run = run(100.0, 0.1);
            run.measures.push(measure("departures", 50.0));
            run.series[0].metric = "occupancy".into();
            run.series[0].unit = "packet".into();
            run.series[0].values = (0..100).map(|k| f64::from(k + r)).collect();
            run
        };
        let of = |warmup: f64| {
            let mut fold = PointFold::new(warmup, None);
            (0..5).for_each(|r| fold.add(&growing(r)));
            fold.finish(0, 0.95).found
        };
        // From 10 s of 50 s on: means of ten bins at the ends.
        let found = of(10.0);
        assert_eq!((found.len(), found[0].doubt), (1, Doubt::Growing));
        assert_eq!(found[0].words, "grew from 26.5 to 96.5 packets");
        assert_eq!(of(0.0), []);
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
        // Those that are given are drawn.
        let mut given = PointFold::new(0.0, Some(1000));
        given.add(&of((0..1000).map(f64::from).collect()));
        assert_eq!(given.finish(0, 0.95).coarse[0].mean[999], 999.0);
        let mut many = PointFold::new(0.0, Some(3000));
        many.add(&of((0..3000).map(f64::from).collect()));
        assert_eq!(many.finish(0, 0.95).coarse[0].mean.len(), 1000);
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
