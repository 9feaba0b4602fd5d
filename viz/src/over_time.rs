//! Courses over time, with bands: throughput, occupancy, or any other series.

use scenarios::FigureRequest;
use scenarios::tables::{SeriesSummary, StudyTables};

use crate::axis::Scale;
use crate::caption::{Caption, brief};
use crate::chart::{Axis, Chart, Dot, Line};
use crate::figure::{Draft, Rows};
use crate::label;
use crate::select::{self, Shown};
use crate::style::Look;
use crate::unit::Unit;

/// A ratio of the highest to the lowest series' mean beyond which a linear axis would flatten the lowest.
const LOG_FROM: f64 = 30.0;
/// Bands that together are wider than all of them from end to end by this factor say nothing.
const MUDDLED: f64 = 2.0;
/// How far above the highest mean the axis may reach for the sake of a band.
const BAND_REACH: f64 = 1.6;

/// The figure of `metric`, or nothing if there is no series of it.
pub(crate) fn draft(tables: &StudyTables, metric: &str, wanted: &FigureRequest) -> Option<Draft> {
    let all: Vec<&SeriesSummary> = tables.series.iter().filter(|s| s.metric == metric).collect();
    let find = |point: usize, name: &str| all.iter().find(|s| s.point == point && s.component == name).copied();
    let there: Vec<(usize, &str)> = all.iter().map(|s| (s.point, s.component.as_str())).collect();
    let level = |point: usize, name: &str| find(point, name).map_or(f64::NAN, |s| level(s, tables.warmup));
    let shown = select::shown(tables, select::order(metric), &there, level, wanted)?;
    let series: Vec<(String, &SeriesSummary)> = match &shown {
        Shown::Components(choice, point) => {
            choice.names.iter().filter_map(|n| Some(((*n).to_owned(), find(*point, n)?))).collect()
        }
        Shown::Points(name, points, _) => {
            let label = |p: usize| select::point_label(tables, p, |_| true);
            points.iter().filter_map(|&p| Some((label(p), find(p, name)?))).collect()
        }
    };
    let lines = series.iter().map(|(name, s)| line(name.clone(), s));
    let lines: Vec<Line> = lines.filter(|l| l.dots.iter().any(|d| d.y.is_finite())).collect();
    if lines.is_empty() {
        return None;
    }
    let first = series.first()?.1;

    let entity = select::entity(tables, &shown.names());
    let top = lines.iter().map(highest).fold(0.0, f64::max);
    let y_unit = Unit::of(&first.unit, entity, top);
    let end = tables.end.max(all.iter().map(|s| s.bin * s.mean.len() as f64).fold(0.0, f64::max));
    let x_unit = Unit::of("s", None, end);
    let raw = Rows::of_lines(&lines, &["series", "time_s", metric, "ci_low", "ci_high", "unit"], &first.unit);
    let mut lines: Vec<Line> = lines.into_iter().enumerate().map(|(i, l)| printed(l, i, &x_unit, &y_unit)).collect();
    let muddled = muddled(&lines);
    if muddled {
        lines.iter_mut().flat_map(|l| &mut l.dots).for_each(|d| (d.low, d.high) = (f64::NAN, f64::NAN));
    }
    let scale = y_scale(&lines, wanted.log);
    let warmup = tables.warmup > 0.0 && tables.warmup < end;
    let x_label = wanted.x_label.as_deref().unwrap_or("Time");
    let y_label = wanted.y_label.clone().unwrap_or_else(|| quantity(metric) + &shown.of());
    let chart = Chart {
        x: Axis::new(Scale::Linear { low: 0.0, high: end * x_unit.factor }, x_unit.after(x_label)),
        y: Axis::new(scale, y_unit.after(&y_label)),
        lines,
        scattered: Vec::new(),
        legend: None,
        shade: warmup.then_some((tables.warmup * x_unit.factor, "warm-up")),
        marked: false,
    };
    let caption = caption(tables, metric, &shown, first.bin, &chart, muddled);
    Some(Draft { name: metric.to_owned(), caption, page: chart.draw(), csv: raw })
}

/// The mean after the warm-up, or of everything if nothing is after it.
fn level(s: &SeriesSummary, warmup: f64) -> f64 {
    let mean = |from: usize| {
        let values: Vec<f64> = s.mean.iter().skip(from).copied().filter(|v| v.is_finite()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let late = mean((warmup / s.bin).ceil() as usize);
    if late.is_nan() { mean(0) } else { late }
}

fn highest(line: &Line) -> f64 {
    line.dots.iter().map(|d| d.y).filter(|y| y.is_finite()).fold(0.0, f64::max)
}

/// The series as a line in base units.
fn line(name: String, s: &SeriesSummary) -> Line {
    let dots = s.mean.iter().enumerate().map(|(k, &y)| {
        let half = s.half_width.get(k).copied().unwrap_or(f64::NAN);
        let x = (k as f64 + 0.5) * s.bin;
        // Levels and rates are not below zero.
        let low = if half.is_nan() { half } else { (y - half).max(0.0) };
        Dot { x, y, low, high: y + half }
    });
    Line { name, look: Look::nth(0), dots: dots.collect(), marks: Vec::new() }
}

/// The line in printed units, with its own look.
fn printed(line: Line, i: usize, x: &Unit, y: &Unit) -> Line {
    let scaled = |d: &Dot| Dot { x: d.x * x.factor, y: d.y * y.factor, low: d.low * y.factor, high: d.high * y.factor };
    Line { look: Look::nth(i), dots: line.dots.iter().map(scaled).collect(), ..line }
}

/// Whether bands lie on top of each other for the most part, so that nothing could be told from them.
fn muddled(lines: &[Line]) -> bool {
    let (mut widths, mut envelope) = (0.0, 0.0);
    for k in 0..lines.iter().map(|l| l.dots.len()).min().unwrap_or(0) {
        let bands = || lines.iter().map(|l| l.dots[k]).filter(|d| d.low.is_finite() && d.high.is_finite());
        let ends = bands().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), d| (a.min(d.low), b.max(d.high)));
        if ends.1 > ends.0 {
            widths += bands().map(|d| d.high - d.low).sum::<f64>();
            envelope += ends.1 - ends.0;
        }
    }
    widths > MUDDLED * envelope
}

fn y_scale(lines: &[Line], log: Option<bool>) -> Scale {
    let top = lines.iter().map(highest).fold(0.0, f64::max);
    let levels: Vec<f64> = lines.iter().map(highest).filter(|h| *h > 0.0).collect();
    let lowest = levels.iter().copied().fold(f64::INFINITY, f64::min);
    if top > 0.0 && log.unwrap_or(top > LOG_FROM * lowest) {
        let positive = lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| *y > 0.0 && y.is_finite());
        // Filling up from nothing must not stretch the axis.
        return Scale::log_rounded(positive.fold(f64::INFINITY, f64::min).max(lowest / 10.0), top);
    }
    let bands = lines.iter().flat_map(|l| &l.dots).map(|d| d.high).filter(|y| y.is_finite()).fold(top, f64::max);
    Scale::from_zero(bands.min(top * BAND_REACH), 5)
}

fn caption(tables: &StudyTables, metric: &str, shown: &Shown<'_>, bin: f64, chart: &Chart, muddled: bool) -> String {
    let mut caption = Caption::new(tables, &format!("{} over time", quantity(metric)));
    caption.say(format!("Lines: mean in bins of {} s.", brief(bin)));
    if muddled {
        caption.hidden_interval();
    } else {
        caption.interval("Bands");
    }
    if tables.warmup > 0.0 {
        caption.say(format!("Grey: warm-up ({} s), left out of all statistics.", brief(tables.warmup)));
    }
    if chart.y.scale.is_log() {
        caption.say("Logarithmic axis; bins at zero are gaps.");
    }
    if !muddled {
        caption.ends(chart, tables.replications);
    }
    caption.shown(shown, metric);
    caption.finish()
}

fn quantity(metric: &str) -> String {
    match metric {
        "cwnd" => "Congestion window".to_owned(),
        _ => label::of_metric(metric),
    }
}
