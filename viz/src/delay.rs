//! The distribution of delays (residence times): its complement on logarithmic axes, where tails show.

use std::collections::BTreeSet;

use scenarios::FigureRequest;
use scenarios::tables::StudyTables;
use sim_core::TICKS_PER_SECOND;
use sim_core::stats::Sketch;

use crate::axis::Scale;
use crate::caption::{Caption, brief, counted};
use crate::chart::{Axis, Chart, Dot, Line};
use crate::figure::{Draft, Rows};
use crate::font::Words;
use crate::select::{self, Shown};
use crate::style::Look;
use crate::unit::Unit;

/// Quantiles that are marked on the lines.
const MARKED: [f64; 3] = [0.5, 0.9, 0.99];
/// Steps of a line, in decades of either axis, below which dots are left out.
const STEP: f64 = 0.01;
/// A bucket's low end over its high end: there are 128 buckets to an octave.
const BUCKET_LOW: f64 = 128.0 / 129.0;
/// A ratio of times between which nothing was counted that is drawn as level.
const GAP: f64 = 1.02;
/// How many must take longer for the share of them to be drawn, or that share of all where they are few: what a handful does is
/// no law.
const TAIL: (f64, f64) = (10.0, 0.1);
/// Below this the axis ends, however many were counted.
const FLOOR: f64 = 1e-6;

type Distribution = (usize, String, Sketch);

/// The figure, or nothing if no times were recorded.
pub(crate) fn draft(tables: &StudyTables, wanted: &FigureRequest) -> Option<Draft> {
    let all: Vec<&Distribution> = tables.sojourns.iter().filter(|(_, _, s)| s.total() > 0).collect();
    let find = |point: usize, name: &str| all.iter().find(|d| d.0 == point && d.1 == name).map(|d| &d.2);
    let there: Vec<(usize, &str)> = all.iter().map(|d| (d.0, d.1.as_str())).collect();
    let points: BTreeSet<usize> = there.iter().map(|t| t.0).collect();
    // Of several points the one with the widest range of times counts, else the most counted component.
    let level = |point: usize, name: &str| match find(point, name) {
        None => f64::NAN,
        Some(s) if points.len() > 1 && wanted.point.is_none() => s.quantile(0.9),
        Some(s) => s.total() as f64,
    };
    let shown = select::shown(tables, select::order("sojourn_time"), &there, level, wanted)?;
    let sketches: Vec<(String, &Sketch)> = match &shown {
        Shown::Components(choice, point) => {
            choice.names.iter().filter_map(|n| Some(((*n).to_owned(), find(*point, n)?))).collect()
        }
        Shown::Points(name, points, _) => {
            let label = |p: usize| select::point_label(tables, p, |_| true);
            points.iter().filter_map(|&p| Some((label(p), find(p, name)?))).collect()
        }
    };
    let lines: Vec<Line> = sketches.iter().enumerate().map(|(i, (name, s))| line(name, s, i)).collect();
    let times = || lines.iter().flat_map(|l| &l.dots).map(|d| d.x).filter(|x| *x > 0.0);
    let (low, high) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    if high <= 0.0 {
        return None;
    }

    let entity = select::entity(tables, &shown.names());
    let quantity = select::sojourn_name(entity);
    let x_label = wanted.x_label.clone().unwrap_or_else(|| quantity.to_owned() + &shown.of());
    let y_label = wanted.y_label.clone().unwrap_or_else(|| format!("P({} > t)", quantity.to_lowercase()));
    let unit = Unit::of("s", None, (low * high).sqrt());
    let csv = csv(&lines);
    let least = lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| *y > 0.0).fold(1.0, f64::min);
    let lines: Vec<Line> = lines.into_iter().map(|l| printed(l, unit.factor)).collect();
    let chart = Chart {
        x: Axis::new(Scale::log_snug(low * unit.factor, high * unit.factor), unit.after(&x_label)),
        y: Axis::new(Scale::log_rounded(least.clamp(FLOOR, 0.1), 1.0), Words::plain(y_label)),
        lines,
        scattered: Vec::new(),
        legend: None,
        shade: None,
        marked: false,
    };
    let counted = sketches.iter().map(|(_, s)| s.total()).sum();
    let caption = caption(tables, &shown, counted, entity);
    Some(Draft { name: "delay_ccdf".into(), caption, page: chart.draw(), csv })
}

/// Share of times beyond t, at the upper edges of the buckets, as far as there are enough of them; t in s.
fn line(name: &str, sketch: &Sketch, i: usize) -> Line {
    let seconds = |ticks: f64| ticks / TICKS_PER_SECOND as f64;
    let total = sketch.total();
    let least = TAIL.0.min(TAIL.1 * total as f64);
    let start = seconds(sketch.quantile(0.0));
    let dot = |x: f64, y: f64| Dot { x, y, low: f64::NAN, high: f64::NAN };
    let mut dots = vec![dot(start, 1.0)];
    let mut last = dots[0];
    let mut above = total;
    for (edge, n) in sketch.buckets() {
        // Where nothing was counted the share stays what it is.
        let (edge, flat) = (seconds(edge), seconds(edge) * BUCKET_LOW);
        if flat > last.x * GAP {
            if last.x > dots[dots.len() - 1].x {
                dots.push(last);
            }
            dots.push(dot(flat, last.y));
        }
        above -= n;
        if (above as f64) < least {
            // Down to where it ends, within this bucket.
            if last.x > dots[dots.len() - 1].x {
                dots.push(last);
            }
            dots.push(dot(edge, least / total as f64));
            break;
        }
        last = dot(edge, above as f64 / total as f64);
        let drawn = dots[dots.len() - 1];
        if (last.x / drawn.x).log10() >= STEP || (drawn.y / last.y).log10() >= STEP {
            dots.push(last);
        }
    }
    let marks =
        MARKED.iter().filter(|p| (1.0 - **p) * total as f64 >= 10.0).map(|p| (seconds(sketch.quantile(*p)), 1.0 - p));
    Line { name: name.to_owned(), look: Look::nth(i), dots, marks: marks.collect() }
}

fn printed(line: Line, factor: f64) -> Line {
    // Zero is below every logarithmic axis; what is smaller than its low end is drawn there.
    let dots = line.dots.iter().map(|d| Dot { x: d.x * factor, y: d.y.max(f64::MIN_POSITIVE), ..*d }).collect();
    let marks = line.marks.iter().map(|(x, y)| (x * factor, *y)).collect();
    Line { dots, marks, ..line }
}

fn csv(lines: &[Line]) -> String {
    let mut rows = Rows::new(&["series", "time_s", "ccdf"]);
    for line in lines {
        for d in &line.dots {
            rows.add([line.name.clone(), d.x.to_string(), d.y.to_string()]);
        }
    }
    rows.finish()
}

fn caption(tables: &StudyTables, shown: &Shown<'_>, count: u64, entity: Option<&str>) -> String {
    let quantity = select::sojourn_name(entity).to_lowercase();
    let mut caption = Caption::new(tables, &format!("Complementary cumulative distribution of {quantity}"));
    let all = counted(count, entity);
    let pooled = match tables.replications {
        0 | 1 => "from one replication".to_owned(),
        n => format!("pooled over n = {n} replications"),
    };
    caption.say(format!("{all} after the warm-up ({} s), {pooled}.", brief(tables.warmup)));
    caption.say("Lines end where fewer than ten, or a tenth of all, take longer.");
    caption.say("Marks: the median, the 90th and the 99th percentile.");
    caption.shown(shown, "count");
    caption.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_the_share_beyond() {
        let mut sketch = Sketch::default();
        for k in 1..=1000u64 {
            sketch.add(k * 1_000_000_000);
        }
        let line = line("web", &sketch, 0);
        assert_eq!(line.dots[0].y, 1.0);
        assert_eq!(line.dots[line.dots.len() - 1].y, 0.01);
        assert!(line.dots.windows(2).all(|w| w[0].x < w[1].x && w[0].y >= w[1].y));
        for d in &line.dots {
            assert!((d.y - (1.0 - d.x)).abs() < 0.011, "{d:?}");
        }
        assert_eq!(line.marks.len(), 3);
        assert!((line.marks[0].0 - 0.5).abs() < 0.005);
    }

    #[test]
    fn one_time_for_all_makes_a_line_all_the_same() {
        let mut sketch = Sketch::default();
        sketch.add_many(5, 3);
        let line = line("web", &sketch, 0);
        assert!(
            line.dots.len() >= 2 && line.dots[0].y == 1.0 && (line.dots[line.dots.len() - 1].y - 0.1).abs() < 1e-15
        );
        assert!(line.marks.is_empty());
    }
}
