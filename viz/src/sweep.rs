//! Metrics against the axes of a sweep: a line with its band a component, or a value of the other axes.

use std::collections::BTreeMap;

use scenarios::tables::{Axis as SweepAxis, StudyTables};
use sim_core::stats::ComponentKind;

use crate::axis::Scale;
use crate::caption::Caption;
use crate::chart::{Axis, Chart, Dot, Line};
use crate::figure::{Draft, Rows};
use crate::font::Words;
use crate::select::{self, Choice, Estimates};
use crate::style::{LINES_MAX, Look};
use crate::unit::{Unit, pretty};

/// Figures an axis, besides those of connections.
const FIGURES_MAX: usize = 4;
/// A ratio of the highest to the lowest value beyond which the y axis is logarithmic.
const LOG_FROM: f64 = 50.0;
/// How far above the highest mean the axis may reach for the sake of a band.
const BAND_REACH: f64 = 1.6;

/// A metric that sweeps are about.
struct Key {
    metric: &'static str,
    stats: &'static [&'static str],
}

/// What only connections and transfers measure.
const CONNECTIONS: [Key; 2] =
    [Key { metric: "goodput", stats: &["mean"] }, Key { metric: "slowdown", stats: &["mean", "p99"] }];
const THROUGHPUT: Key = Key { metric: "throughput", stats: &["mean"] };
const SOJOURN: Key = Key { metric: "sojourn_time", stats: &["mean", "p99"] };
const LOSS: Key = Key { metric: "loss_ratio", stats: &["mean"] };
const UTILIZATION: Key = Key { metric: "utilization", stats: &["time_mean"] };
const OCCUPANCY: Key = Key { metric: "occupancy", stats: &["time_mean"] };

/// The figures of all axes.
pub(crate) fn drafts(tables: &StudyTables) -> Vec<Draft> {
    let estimates = Estimates::of(tables);
    let counts = tables.components.iter().any(|c| matches!(c.kind, ComponentKind::Population { .. }));
    // Where counts are modelled, they are the response that is asked for.
    let keys = if counts {
        [THROUGHPUT, OCCUPANCY, SOJOURN, UTILIZATION, LOSS]
    } else {
        [THROUGHPUT, SOJOURN, LOSS, UTILIZATION, OCCUPANCY]
    };
    let mut out = Vec::new();
    for (at, axis) in tables.axes.iter().enumerate().filter(|(_, a)| a.labels.len() > 1) {
        let groups = groups(tables, at);
        let sweep = Sweep { tables, estimates: &estimates, at, axis, groups };
        out.extend(CONNECTIONS.iter().filter_map(|key| sweep.draft(key)));
        out.extend(keys.iter().filter_map(|key| sweep.draft(key)).take(FIGURES_MAX));
    }
    out
}

/// Points that differ only in the axis `at`, in its order; each group with its first point's place on the other axes.
fn groups(tables: &StudyTables, at: usize) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for (i, p) in tables.points.iter().enumerate().filter(|(_, p)| p.coordinates.len() > at) {
        let mut others = p.coordinates.clone();
        others.remove(at);
        groups.entry(others).or_default().push(i);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    // Axes that move together leave no line at fixed others: all points are one line.
    if groups.iter().all(|g| g.len() == 1) {
        groups = vec![groups.concat()];
    }
    for g in &mut groups {
        g.sort_by_key(|p| tables.points[*p].coordinates[at]);
    }
    groups
}

/// One axis of a sweep.
struct Sweep<'a> {
    tables: &'a StudyTables,
    estimates: &'a Estimates<'a>,
    at: usize,
    axis: &'a SweepAxis,
    groups: Vec<Vec<usize>>,
}

impl Sweep<'_> {
    fn draft(&self, key: &Key) -> Option<Draft> {
        let scored: Vec<(&str, f64)> =
            self.tables.components.iter().map(|c| (c.name.as_str(), self.score(&c.name, key))).collect();
        if key.metric == "loss_ratio" && !scored.iter().any(|(_, s)| *s > 0.0) {
            return None;
        }
        let most = if self.groups.len() > 1 { 1 } else { LINES_MAX / key.stats.len() };
        let choice = select::choose(self.tables, select::order(key.metric), &scored, most);
        let component = *choice.names.first()?;
        let unit = self.estimates.unit(component, key.metric)?;
        let entity = select::entity(self.tables, &choice.names);
        let lines = self.lines(key, &choice);

        let numbers = self.numbers();
        let highest = lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| y.is_finite()).fold(0.0, f64::max);
        let y_scale = scale(&lines, highest, f64::INFINITY);
        let share = matches!(key.metric, "utilization" | "loss_ratio");
        let typical = match y_scale.is_log() {
            // Of one, not of a thousand thousandths.
            true if share => 1.0,
            true => (y_scale.low() * y_scale.high()).sqrt(),
            false => highest,
        };
        // A share cannot be more than all.
        let percent = share && !y_scale.is_log();
        let y_unit = Unit::of(if percent { "%" } else { unit }, entity, typical);
        let reach = numbers.iter().flatten().map(|v| v.abs()).fold(0.0, f64::max);
        let x_unit = match &numbers {
            Some(_) if !self.axis.log => Unit::of(&self.axis.unit, None, reach),
            _ => Unit { factor: 1.0, label: Words::plain(pretty(&self.axis.unit)) },
        };
        let csv = self.csv(key, &lines, unit, numbers.is_some());
        let lines: Vec<Line> = lines.into_iter().map(|l| printed(l, x_unit.factor, y_unit.factor)).collect();
        let top = highest * y_unit.factor;
        let limit = if percent { 100.0_f64.max(top) } else { f64::INFINITY };
        let chart = Chart {
            x: self.x_axis(numbers.as_deref(), &x_unit),
            y: Axis::new(scale(&lines, top, limit), y_unit.after(quantity(key, entity))),
            lines,
            shade: None,
            marked: true,
        };
        let caption = self.caption(key, &choice, entity, &chart);
        let name = format!("sweep_{}_{}", self.axis.name, key.metric);
        Some(Draft { name, caption, page: chart.draw(), csv })
    }

    /// The mean of the metric's first statistic over all points; NaN if there is none.
    fn score(&self, component: &str, key: &Key) -> f64 {
        let values: Vec<f64> = (0..self.tables.points.len())
            .filter_map(|p| self.estimates.get(p, component, key.metric, key.stats[0]))
            .map(|e| e.mean)
            .collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// The axis' values, if all are numbers that its scale takes.
    fn numbers(&self) -> Option<Vec<f64>> {
        let values = self.axis.values.as_ref()?;
        let good = |v: &f64| v.is_finite() && (!self.axis.log || *v > 0.0);
        let distinct = values.iter().any(|v| *v != values[0]);
        (values.len() == self.axis.labels.len() && values.iter().all(good) && distinct).then(|| values.clone())
    }

    fn x_axis(&self, numbers: Option<&[f64]>, unit: &Unit) -> Axis {
        let Some(numbers) = numbers else {
            let last = self.axis.labels.len() as f64 - 1.0;
            let scale = Scale::Linear { low: -0.5, high: last + 0.5 };
            let names = Some(self.axis.labels.iter().map(|l| pretty(l)).collect());
            return Axis { names, ..Axis::new(scale, Words::plain(self.axis.name.clone())) };
        };
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min) * unit.factor;
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max) * unit.factor;
        let scale = if self.axis.log { Scale::log_padded(low, high) } else { Scale::padded(low, high) };
        let labelled = numbers.iter().map(|v| v * unit.factor).collect();
        Axis { labelled, ..Axis::new(scale, unit.after(&self.axis.name)) }
    }

    /// Lines in base units: a component each, or a group of points each; every statistic has its own dash.
    fn lines(&self, key: &Key, choice: &Choice<'_>) -> Vec<Line> {
        let mut sources: Vec<(String, &str, &[usize])> = Vec::new();
        if self.groups.len() > 1 {
            for g in select::spread(self.groups.len(), LINES_MAX / key.stats.len()) {
                let group = &self.groups[g];
                let name = select::point_label(self.tables, group[0], |axis| axis != self.at);
                sources.push((name, choice.names[0], group));
            }
        } else if let Some(all) = self.groups.first() {
            sources.extend(choice.names.iter().map(|name| ((*name).to_owned(), *name, &all[..])));
        }
        let mut lines = Vec::new();
        for (i, (name, component, points)) in sources.into_iter().enumerate() {
            for (s, stat) in key.stats.iter().enumerate() {
                let dots = points.iter().filter_map(|p| self.dot(*p, component, key.metric, stat)).collect();
                let (name, look) = if key.stats.len() > 1 {
                    (format!("{name}, {stat}"), Look { color: i, dash: s, mark: 2 * i + s })
                } else {
                    (name.clone(), Look::nth(i))
                };
                lines.push(Line { name, look, dots, marks: Vec::new() });
            }
        }
        // Names would lie on top of each other: lines at the same category stand side by side.
        if self.numbers().is_none() {
            let n = lines.len() as f64;
            for (i, line) in lines.iter_mut().enumerate() {
                let shift = (i as f64 - (n - 1.0) / 2.0) * (0.5 / n);
                line.dots.iter_mut().for_each(|d| d.x += shift);
            }
        }
        lines
    }

    fn dot(&self, point: usize, component: &str, metric: &str, stat: &str) -> Option<Dot> {
        let at = self.tables.points[point].coordinates[self.at];
        let x = self.numbers().map_or(Some(at as f64), |values| values.get(at).copied())?;
        let e = self.estimates.get(point, component, metric, stat)?;
        Some(Dot { x, y: e.mean, low: e.ci_low, high: e.ci_high })
    }

    fn csv(&self, key: &Key, lines: &[Line], unit: &str, numeric: bool) -> String {
        let header = ["series", self.axis.name.as_str(), key.metric, "ci_low", "ci_high", "unit"];
        if numeric {
            return Rows::of_lines(lines, &header, unit);
        }
        let mut rows = Rows::new(&header);
        for line in lines {
            for d in &line.dots {
                let label = self.axis.labels.get(d.x.round() as usize).cloned().unwrap_or_default();
                let numbers = [d.y, d.low, d.high].map(crate::figure::number);
                rows.add([line.name.clone(), label].into_iter().chain(numbers).chain([unit.to_owned()]));
            }
        }
        rows.finish()
    }

    fn caption(&self, key: &Key, choice: &Choice<'_>, entity: Option<&str>, chart: &Chart) -> String {
        let t = self.tables;
        let mut caption = Caption::new(t, &format!("{} against {}", quantity(key, entity), self.axis.name));
        caption.say(match key.stats {
            ["mean", "p99"] => "Mean and 99th percentile within a run, averaged over replications.",
            ["time_mean"] => "Time average after the warm-up, averaged over replications.",
            _ => "Mean after the warm-up, averaged over replications.",
        });
        caption.interval(if self.numbers().is_some() { "Bands" } else { "Whiskers" });
        let others = t.axes.iter().enumerate().filter(|(i, a)| *i != self.at && a.labels.len() > 1);
        let others = others.map(|(_, a)| a.name.as_str()).collect::<Vec<_>>().join(", ");
        let groups = self.groups.len();
        if groups > 1 {
            let drawn = groups.min(LINES_MAX / key.stats.len());
            caption.say(format!("Component: {}. Lines: {drawn} of {groups} values of {others}.", choice.names[0]));
        } else {
            if !others.is_empty() {
                caption.say(format!("Moving with it: {others}."));
            }
            caption.say(choice.left_out(&key.metric.replace('_', " ")));
        }
        if chart.y.scale.is_log() {
            caption.say("Logarithmic axis; zeros are not drawn.");
        }
        if chart.cuts_intervals() {
            caption.say("Intervals are cut at the ends of the axis.");
        }
        caption.finish()
    }
}

fn quantity(key: &Key, entity: Option<&str>) -> &'static str {
    match key.metric {
        "goodput" => "Goodput",
        "slowdown" => "Slowdown",
        "throughput" => "Throughput",
        "sojourn_time" => select::sojourn_name(entity),
        "loss_ratio" => "Loss ratio",
        "utilization" => "Utilization",
        _ => "Occupancy",
    }
}

fn printed(line: Line, x: f64, y: f64) -> Line {
    let scaled = |d: &Dot| Dot { x: d.x * x, y: d.y * y, low: d.low * y, high: d.high * y };
    Line { dots: line.dots.iter().map(scaled).collect(), ..line }
}

/// The y axis of lines whose highest mean is `highest`, no farther than `limit`.
fn scale(lines: &[Line], highest: f64, limit: f64) -> Scale {
    let values = || lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| y.is_finite());
    let lowest = values().filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min);
    if highest > LOG_FROM * lowest {
        return Scale::log_rounded(lowest, highest);
    }
    let ends = lines.iter().flat_map(|l| &l.dots).map(|d| d.high).filter(|y| y.is_finite());
    Scale::from_zero(ends.fold(highest, f64::max).min(highest * BAND_REACH).min(limit), 5)
}
