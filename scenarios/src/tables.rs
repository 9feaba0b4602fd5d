//! The results of a study as tables: what is written to the results folder and what figures are drawn from.

use sim_core::stats::{Component, Sketch};

use crate::metric::hill::Hill;

/// One axis of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The column name in tables: the swept path, `link.uplink.rate`.
    pub name: String,
    /// The unit of `values`, for labels; empty for bare numbers and names.
    pub unit: String,
    /// The values as the scenario writes them.
    pub labels: Vec<String>,
    /// The values as numbers in `unit`; `None` for values that are not (sub-tables, names).
    pub values: Option<Vec<f64>>,
    /// Whether the values are spaced evenly in their logarithm (or span more than a factor of 30).
    pub log: bool,
}

/// One point of a sweep: an index into each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Index into the labels of each axis, in the order of the axes.
    pub coordinates: Vec<usize>,
}

/// Where `point` is, for a sentence: ` at 10 Mbit/s`; empty without a sweep.
pub(crate) fn place(axes: &[Axis], point: &Point) -> String {
    let here = axes.iter().zip(&point.coordinates).filter(|(a, _)| a.labels.len() > 1);
    let labels: Vec<&str> = here.map(|(a, &at)| a.labels[at].as_str()).collect();
    if labels.is_empty() { String::new() } else { format!(" at {}", labels.join(", ")) }
}

/// A mean over replications with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean; NaN if no replication had a value.
    pub mean: f64,
    /// Standard deviation over replications; NaN for fewer than two.
    pub sd: f64,
    /// Lower end of the confidence interval (Student's t over replications); NaN for fewer than two.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
    /// Replications with a value.
    pub n: u32,
}

/// One row of `summary.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Index of the point.
    pub point: usize,
    /// Name of the component.
    pub component: String,
    /// Metric, as in [`sim_core::stats::Measure`].
    pub metric: String,
    /// Statistic within a run.
    pub stat: String,
    /// Over replications.
    pub estimate: Estimate,
    /// Unit.
    pub unit: String,
}

/// A series averaged over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesSummary {
    /// Index of the point.
    pub point: usize,
    /// Name of the component.
    pub component: String,
    /// `throughput`, `occupancy` or `utilization`.
    pub metric: String,
    /// Unit of the values.
    pub unit: String,
    /// Width of a bin in s; bin k covers [k, k + 1) widths.
    pub bin: f64,
    /// Mean over replications, bin by bin.
    pub mean: Vec<f64>,
    /// Half-width of the confidence interval, bin by bin; NaN for one replication.
    pub half_width: Vec<f64>,
}

/// What a metric of the scenario came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricTable {
    /// Its name, which stands for a component in `summary.csv`.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its numbers.
    pub rows: Vec<MetricRow>,
    /// The curves that were fitted.
    pub curves: Vec<DoseResponse>,
    /// What is to be said of them, in sentences.
    pub notes: Vec<String>,
}

/// A number of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRow {
    /// The point that it is of; the first of them, if it is of several.
    pub point: usize,
    /// The axis along which it is of all points, if it is.
    pub along: Option<usize>,
    /// What it is.
    pub metric: String,
    /// How it was made of the runs' numbers.
    pub stat: &'static str,
    /// Its value and interval.
    pub estimate: Estimate,
    /// Its unit.
    pub unit: String,
}

impl MetricRow {
    /// A number of a single point.
    pub(crate) fn new(point: usize, metric: &str, stat: &'static str, estimate: Estimate, unit: &str) -> Self {
        Self { point, along: None, metric: metric.to_owned(), stat, estimate, unit: unit.to_owned() }
    }
}

/// Responses to doses, and the curve through them.
#[derive(Clone, Debug, PartialEq)]
pub struct DoseResponse {
    /// The first of its points.
    pub point: usize,
    /// The axis of the doses.
    pub axis: usize,
    /// What responds: component, metric and stat as in the summary.
    pub response: [String; 3],
    /// The unit of the responses.
    pub unit: String,
    /// The doses, ascending, in the unit of the axis.
    pub doses: Vec<f64>,
    /// The response to each.
    pub responses: Vec<Estimate>,
    /// The fitted curve, if there is one.
    pub curve: Option<Hill>,
    /// The half-maximal dose with its interval.
    pub half: Option<Estimate>,
}

impl StudyTables {
    /// Whether nothing is drawn at any of the points.
    pub fn is_without_chance(&self) -> bool {
        !self.points.is_empty() && self.alike.len() == self.points.len()
    }
}

/// Everything that figures are drawn from.
#[derive(Clone, Debug, Default)]
pub struct StudyTables {
    /// The scenario's name.
    pub name: String,
    /// The scenario's title.
    pub title: String,
    /// Axes of the sweep; empty if there is none.
    pub axes: Vec<Axis>,
    /// Points of the sweep; one without coordinates if there is none.
    pub points: Vec<Point>,
    /// The components, as the system of the first point describes them.
    pub components: Vec<Component>,
    /// Summary over replications.
    pub summary: Vec<SummaryRow>,
    /// Series, averaged over replications, in bins that a figure has room for.
    pub series: Vec<SeriesSummary>,
    /// Distributions of sojourn times, merged over replications: point, component, sketch.
    pub sojourns: Vec<(usize, String, Sketch)>,
    /// What the metrics of the scenario came to.
    pub metrics: Vec<MetricTable>,
    /// Where statistics begin, in s.
    pub warmup: f64,
    /// The end of a run, in s.
    pub end: f64,
    /// Replications a point that are in the tables; one where they are all the same.
    pub replications: u32,
    /// The points at which all replications came out the same, to the bit: nothing is drawn there, and they count as one.
    pub alike: Vec<usize>,
    /// The study's seed.
    pub seed: u64,
    /// The confidence of all intervals, 0 to 1.
    pub confidence: f64,
}
