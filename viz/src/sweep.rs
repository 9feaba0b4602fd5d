//! Metrics against the axes of a sweep: a line with its band a component, or a value of the other axes.

use std::collections::BTreeMap;

use scenarios::FigureRequest;
use scenarios::tables::{Axis as SweepAxis, StudyTables};
use sim_core::stats::ComponentKind;

use crate::axis::Scale;
use crate::caption::Caption;
use crate::chart::{self, Axis, Chart, Dot, Line};
use crate::figure::{Draft, Rows};
use crate::font::Words;
use crate::label;
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
#[derive(Clone, Debug)]
struct Key<'a> {
    /// What it is called in the figure's name.
    name: &'a str,
    metric: &'a str,
    stats: Vec<&'a str>,
}

impl<'a> Key<'a> {
    fn new(name: &'a str, metric: &'a str, stats: &[&'a str]) -> Self {
        Self { name, metric, stats: stats.to_vec() }
    }
}

/// The figures of all axes, or of the one and the metric that are asked for.
pub(crate) fn drafts(tables: &StudyTables, wanted: &FigureRequest) -> Vec<Draft> {
    let estimates = Estimates::of(tables);
    let mut out = Vec::new();
    for (at, axis) in tables.axes.iter().enumerate().filter(|(_, a)| a.labels.len() > 1) {
        if wanted.axis.as_ref().is_some_and(|path| *path != axis.name) {
            continue;
        }
        let groups = groups(tables, at);
        let sweep = Sweep { tables, estimates: &estimates, at, axis, groups, wanted };
        if let Some(metric) = &wanted.metric {
            out.extend(sweep.draft(&asked(tables, metric, wanted.stat.as_deref())));
            continue;
        }
        let [first, then] = keys(tables);
        out.extend(first.iter().filter_map(|key| sweep.draft(key)));
        out.extend(then.iter().filter_map(|key| sweep.draft(key)).take(FIGURES_MAX));
    }
    out
}

/// The metrics that are drawn unless others are asked for: those of connections and transfers, which nothing else
/// measures, and those that all systems have, of which some are enough.
fn keys(tables: &StudyTables) -> [Vec<Key<'static>>; 2] {
    let connections =
        [("goodput", &["mean"][..]), ("flow_completion_time", &["mean", "p99"]), ("slowdown", &["mean", "p99"])];
    let connections = connections.map(|(metric, stats)| Key::new(metric, metric, stats)).to_vec();
    let counts = tables.components.iter().any(|c| matches!(c.kind, ComponentKind::Population { .. }));
    let is_flow = |name: &str| tables.components.iter().any(|c| c.name == name && c.kind == ComponentKind::Flow);
    // Networks are about bits.
    let bits = tables.summary.iter().any(|r| r.metric == "bit_rate" && is_flow(&r.component));
    let throughput = Key::new("throughput", if bits { "bit_rate" } else { "throughput" }, &["mean"]);
    let sojourn = Key::new("sojourn_time", "sojourn_time", &["mean", "p99"]);
    let loss = Key::new("loss_ratio", "loss_ratio", &["mean"]);
    let utilization = Key::new("utilization", "utilization", &["time_mean"]);
    let occupancy = Key::new("occupancy", "occupancy", &["time_mean"]);
    // Where counts are modelled, they are the response that is asked for.
    let all = if counts {
        vec![throughput, occupancy, sojourn, utilization, loss]
    } else {
        vec![throughput, sojourn, loss, utilization, occupancy]
    };
    [connections, all]
}

/// A metric that is asked for, with the statistic that is, or those that it has.
fn asked<'a>(tables: &'a StudyTables, metric: &'a str, stat: Option<&'a str>) -> Key<'a> {
    let has = |stat: &str| tables.summary.iter().any(|r| r.metric == metric && r.stat == stat);
    let stats = match stat {
        Some(stat) => vec![stat],
        None if has("time_mean") => vec!["time_mean"],
        None if has("p99") => vec!["mean", "p99"],
        None => vec!["mean"],
    };
    Key { name: metric, metric, stats }
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
    wanted: &'a FigureRequest,
}

impl Sweep<'_> {
    fn draft(&self, key: &Key<'_>) -> Option<Draft> {
        let scored: Vec<(&str, f64)> =
            self.tables.components.iter().map(|c| (c.name.as_str(), self.score(&c.name, key))).collect();
        if key.metric == "loss_ratio" && !scored.iter().any(|(_, s)| *s > 0.0) {
            return None;
        }
        let most = if self.groups.len() > 1 { 1 } else { LINES_MAX / key.stats.len() };
        // Flows that lose nothing would hide each other on the axis.
        let none: Vec<&str> =
            scored.iter().filter(|(_, s)| key.metric == "loss_ratio" && *s == 0.0).map(|s| s.0).collect();
        let scored: Vec<(&str, f64)> = scored.into_iter().filter(|(name, _)| !none.contains(name)).collect();
        let choice = select::pick(self.tables, select::order(key.metric), &scored, most, self.wanted);
        let component = *choice.names.first()?;
        let unit = self.estimates.unit(component, key.metric)?;
        let entity = select::entity(self.tables, &choice.names);
        let lines = self.lines(key, &choice);

        let numbers = self.numbers();
        let highest = lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| y.is_finite()).fold(0.0, f64::max);
        let y_scale = self.scale(&lines, highest, f64::INFINITY);
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
        let legend = self.legend(key, &choice);
        let y_label = match &self.wanted.y_label {
            Some(label) => label.clone(),
            None if self.groups.len() > 1 => format!("{} of {component}", quantity(key, entity)),
            None => quantity(key, entity),
        };
        let lines: Vec<Line> = lines.into_iter().map(|l| printed(l, x_unit.factor, y_unit.factor)).collect();
        let top = highest * y_unit.factor;
        let limit = if percent { 100.0_f64.max(top) } else { f64::INFINITY };
        let chart = Chart {
            x: self.x_axis(numbers.as_deref(), &x_unit),
            y: Axis::new(self.scale(&lines, top, limit), y_unit.after(&y_label)),
            lines,
            scattered: Vec::new(),
            legend,
            shade: None,
            marked: true,
        };
        let none = self.without_loss(&none, &choice);
        let caption = self.caption(key, &choice, entity, &chart, &none);
        let name = format!("sweep_{}_{}", self.axis.name, key.name);
        Some(Draft { name, caption, page: chart.draw(), csv })
    }

    /// The mean of the metric's first statistic over all points; NaN if there is none.
    fn score(&self, component: &str, key: &Key<'_>) -> f64 {
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
        let label = self.wanted.x_label.clone().unwrap_or_else(|| label::of_path(&self.axis.name));
        let Some(numbers) = numbers else {
            let last = self.axis.labels.len() as f64 - 1.0;
            let scale = Scale::Linear { low: -0.5, high: last + 0.5 };
            let names = Some(self.axis.labels.iter().map(|l| pretty(l)).collect());
            return Axis { names, ..Axis::new(scale, Words::plain(label)) };
        };
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min) * unit.factor;
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max) * unit.factor;
        let scale = if self.axis.log { Scale::log_padded(low, high) } else { Scale::padded(low, high) };
        let labelled = numbers.iter().map(|v| v * unit.factor).collect();
        Axis { labelled, ..Axis::new(scale, unit.after(&label)) }
    }

    /// What the lines are of: components, or one component at groups of points, each with its name.
    fn sources<'c>(&self, key: &Key<'_>, choice: &Choice<'c>) -> Vec<(String, &'c str, &[usize])> {
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
        sources
    }

    /// The legend of several statistics: a colour and a mark for each source, a dash for each statistic.
    fn legend(&self, key: &Key<'_>, choice: &Choice<'_>) -> Option<Vec<chart::Key>> {
        if key.stats.len() < 2 {
            return None;
        }
        let names = self.sources(key, choice).into_iter().map(|source| source.0);
        let of_source = |(i, name): (usize, String)| chart::Key {
            name,
            look: Some(Look { dash: 0, ..Look::nth(i) }),
            marked: true,
        };
        let stats = key.stats.iter().enumerate();
        let of_stat = |(s, stat): (usize, &&str)| {
            // In black, which no source of two statistics has.
            let look = Some(Look { color: LINES_MAX - 1, dash: s, mark: 0, open: s > 0 });
            chart::Key { name: (*stat).to_owned(), look, marked: true }
        };
        Some(names.enumerate().map(of_source).chain(stats.map(of_stat)).collect())
    }

    /// The flows and stations among `none` that are of the kinds in `choice`.
    fn without_loss<'n>(&self, none: &[&'n str], choice: &Choice<'_>) -> Vec<&'n str> {
        let kind = |name: &str| {
            self.tables.components.iter().find(|c| c.name == name).map(|c| std::mem::discriminant(&c.kind))
        };
        let kinds: Vec<_> = choice.names.iter().filter_map(|n| kind(n)).collect();
        none.iter()
            .copied()
            .filter(|n| kind(n).is_some_and(|k| kinds.contains(&k)) && n.strip_suffix(".acks").is_none())
            .collect()
    }

    /// Lines in base units; every statistic has its own dash.
    fn lines(&self, key: &Key<'_>, choice: &Choice<'_>) -> Vec<Line> {
        let mut lines = Vec::new();
        for (i, (name, component, points)) in self.sources(key, choice).into_iter().enumerate() {
            for (s, stat) in key.stats.iter().enumerate() {
                let dots = points.iter().filter_map(|p| self.dot(*p, component, key.metric, stat)).collect();
                let (name, look) = if key.stats.len() > 1 {
                    (format!("{name}, {stat}"), Look { color: i, dash: s, mark: i, open: s > 0 })
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

    fn csv(&self, key: &Key<'_>, lines: &[Line], unit: &str, numeric: bool) -> String {
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

    fn caption(
        &self,
        key: &Key<'_>,
        choice: &Choice<'_>,
        entity: Option<&str>,
        chart: &Chart,
        none: &[&str],
    ) -> String {
        let t = self.tables;
        let mut caption = Caption::new(t, &format!("{} against {}", quantity(key, entity), self.axis.name));
        caption.say(match key.stats[..] {
            ["mean", "p99"] => "Mean and 99th percentile within a run, averaged over replications.".to_owned(),
            ["time_mean"] => "Time average after the warm-up, averaged over replications.".to_owned(),
            ["mean"] => "Mean after the warm-up, averaged over replications.".to_owned(),
            _ => format!("{} within a run, averaged over replications.", key.stats.join(", ")),
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
        caption.ends(chart, t.replications);
        match none {
            [] => {}
            [_, .., _] if none.len() > 4 => caption.say(format!("{} more components lost nothing.", none.len())),
            _ => caption.say(format!("No loss: {}.", none.join(", "))),
        }
        caption.finish()
    }

    /// The y axis of lines whose highest mean is `highest`, no farther than `limit`.
    fn scale(&self, lines: &[Line], highest: f64, limit: f64) -> Scale {
        let values = || lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| y.is_finite());
        let lowest = values().filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min);
        if highest > 0.0 && self.wanted.log.unwrap_or(highest > LOG_FROM * lowest) {
            return Scale::log_rounded(lowest, highest);
        }
        let ends = lines.iter().flat_map(|l| &l.dots).map(|d| d.high).filter(|y| y.is_finite());
        Scale::from_zero(ends.fold(highest, f64::max).min(highest * BAND_REACH).min(limit), 5)
    }
}

fn quantity(key: &Key<'_>, entity: Option<&str>) -> String {
    match key.metric {
        "bit_rate" => "Throughput".to_owned(),
        "sojourn_time" => select::sojourn_name(entity).to_owned(),
        "flow_completion_time" => "Completion time".to_owned(),
        metric => label::of_metric(metric),
    }
}

fn printed(line: Line, x: f64, y: f64) -> Line {
    let scaled = |d: &Dot| Dot { x: d.x * x, y: d.y * y, low: d.low * y, high: d.high * y };
    Line { dots: line.dots.iter().map(scaled).collect(), ..line }
}
