//! Throughput and occupancy over time, with bands.

use scenarios::tables::{SeriesSummary, StudyTables};

use crate::axis::Scale;
use crate::caption::{Caption, brief};
use crate::chart::{Axis, Chart, Dot, Line};
use crate::figure::{Draft, Rows};
use crate::select::{self, Choice};
use crate::style::{LINES_MAX, Look};
use crate::unit::Unit;

/// Bins beyond which neighbours are averaged: finer than this the eye and the printer see none.
const BINS_MAX: usize = 250;
/// A ratio of the highest to the lowest series' mean beyond which a linear axis would flatten the lowest.
const LOG_FROM: f64 = 30.0;
/// How far above the highest mean the axis may reach for the sake of a band.
const BAND_REACH: f64 = 1.6;

/// The figure of `metric`, or nothing if there is no series of it.
pub(crate) fn draft(tables: &StudyTables, metric: &'static str) -> Option<Draft> {
    let all: Vec<&SeriesSummary> = tables.series.iter().filter(|s| s.metric == metric).collect();
    let first = all.iter().map(|s| s.point).min()?;
    let scored: Vec<(&str, f64)> =
        all.iter().filter(|s| s.point == first).map(|s| (s.component.as_str(), level(s, tables.warmup))).collect();
    let choice = select::choose(tables, select::order(metric), &scored, LINES_MAX);
    let shown = shown(tables, &all, &choice, first);
    let (lines, averaged): (Vec<_>, Vec<_>) = shown
        .iter()
        .map(|(name, s)| thinned(name.clone(), s))
        .filter(|(l, _)| l.dots.iter().any(|d| d.y.is_finite()))
        .unzip();
    let unit = &shown.first()?.1.unit;
    let averaged = averaged.into_iter().max()?;

    let entity = select::entity(tables, &choice.names);
    let top = lines.iter().map(highest).fold(0.0, f64::max);
    let y_unit = Unit::of(unit, entity, top);
    let end = tables.end.max(all.iter().map(|s| s.bin * s.mean.len() as f64).fold(0.0, f64::max));
    let x_unit = Unit::of("s", None, end);
    let raw = Rows::of_lines(&lines, &["series", "time_s", metric, "ci_low", "ci_high", "unit"], unit);
    let lines: Vec<Line> = lines.into_iter().enumerate().map(|(i, l)| printed(l, i, &x_unit, &y_unit)).collect();
    let scale = y_scale(&lines);
    let warmup = tables.warmup > 0.0 && tables.warmup < end;
    let chart = Chart {
        x: Axis::new(Scale::Linear { low: 0.0, high: end * x_unit.factor }, x_unit.after("Time")),
        y: Axis::new(scale, y_unit.after(quantity(metric))),
        lines,
        shade: warmup.then_some((tables.warmup * x_unit.factor, "warm-up")),
        marked: false,
    };
    let caption = caption(tables, metric, &choice, &shown, averaged, &chart);
    Some(Draft { name: metric.to_owned(), caption, page: chart.draw(), csv: raw })
}

/// What is drawn: components of the first point, or the points of the only component.
fn shown<'a>(
    tables: &StudyTables,
    all: &[&'a SeriesSummary],
    choice: &Choice<'_>,
    first: usize,
) -> Vec<(String, &'a SeriesSummary)> {
    if let ([only], true) = (&choice.names[..], tables.points.len() > 1) {
        let of: Vec<&SeriesSummary> = all.iter().filter(|s| s.component == *only).copied().collect();
        let label = |s: &SeriesSummary| select::point_label(tables, s.point, |_| true);
        return select::spread(of.len(), LINES_MAX).into_iter().map(|i| (label(of[i]), of[i])).collect();
    }
    let series = |name: &&str| all.iter().find(|s| s.point == first && s.component == **name).copied();
    choice.names.iter().filter_map(|name| Some(((*name).to_owned(), series(name)?))).collect()
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

/// The series as a line in base units, and how many bins make a dot.
///
/// A half-width of an average is at most the average of the half-widths, so averaged bands err on the wide side.
fn thinned(name: String, s: &SeriesSummary) -> (Line, usize) {
    let per = s.mean.len().div_ceil(BINS_MAX).max(1);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let dots = s.mean.chunks(per).enumerate().map(|(k, chunk)| {
        let first = k * per;
        let y = mean(chunk);
        let half = s.half_width.get(first..first + chunk.len()).map_or(f64::NAN, mean);
        let x = (first as f64 + chunk.len() as f64 / 2.0) * s.bin;
        // Levels and rates are not below zero.
        let low = if half.is_nan() { half } else { (y - half).max(0.0) };
        Dot { x, y, low, high: y + half }
    });
    (Line { name, look: Look::nth(0), dots: dots.collect(), marks: Vec::new() }, per)
}

/// The line in printed units, with its own look.
fn printed(line: Line, i: usize, x: &Unit, y: &Unit) -> Line {
    let scaled = |d: &Dot| Dot { x: d.x * x.factor, y: d.y * y.factor, low: d.low * y.factor, high: d.high * y.factor };
    Line { look: Look::nth(i), dots: line.dots.iter().map(scaled).collect(), ..line }
}

fn y_scale(lines: &[Line]) -> Scale {
    let top = lines.iter().map(highest).fold(0.0, f64::max);
    let levels: Vec<f64> = lines.iter().map(highest).filter(|h| *h > 0.0).collect();
    let lowest = levels.iter().copied().fold(f64::INFINITY, f64::min);
    if top > LOG_FROM * lowest {
        let positive = lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| *y > 0.0 && y.is_finite());
        // Filling up from nothing must not stretch the axis.
        return Scale::log_rounded(positive.fold(f64::INFINITY, f64::min).max(lowest / 10.0), top);
    }
    let bands = lines.iter().flat_map(|l| &l.dots).map(|d| d.high).filter(|y| y.is_finite()).fold(top, f64::max);
    Scale::from_zero(bands.min(top * BAND_REACH), 5)
}

fn caption(
    tables: &StudyTables,
    metric: &str,
    choice: &Choice<'_>,
    shown: &[(String, &SeriesSummary)],
    averaged: usize,
    chart: &Chart,
) -> String {
    let mut caption = Caption::new(tables, &format!("{} over time", quantity(metric)));
    let first = shown[0].1;
    caption.say(format!("Lines: mean in bins of {} s.", brief(first.bin * averaged as f64)));
    caption.interval("Bands");
    if averaged > 1 && tables.replications > 1 {
        caption.say(format!(
            "{averaged} recorded bins make one; its half-width is their mean, which errs on the wide side."
        ));
    }
    if tables.warmup > 0.0 {
        caption.say(format!("Grey: warm-up ({} s), left out of all statistics.", brief(tables.warmup)));
    }
    if chart.y.scale.is_log() {
        caption.say("Logarithmic axis; bins at zero are gaps.");
    }
    if chart.cuts_intervals() {
        caption.say("Bands are cut at the ends of the axis.");
    }
    caption.points(choice, shown.len(), first.point);
    caption.say(choice.left_out(metric));
    caption.finish()
}

fn quantity(metric: &str) -> &'static str {
    if metric == "throughput" { "Throughput" } else { "Occupancy" }
}
