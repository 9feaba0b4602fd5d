//! The distribution of delays (residence times): its complement on logarithmic axes, where tails show.

use scenarios::tables::StudyTables;
use sim_core::TICKS_PER_SECOND;
use sim_core::stats::Sketch;

use crate::axis::Scale;
use crate::caption::{Caption, brief, counted};
use crate::chart::{Axis, Chart, Dot, Line};
use crate::figure::{Draft, Rows};
use crate::font::Words;
use crate::select::{self, Choice};
use crate::style::{LINES_MAX, Look};
use crate::unit::Unit;

/// Quantiles that are marked on the lines.
const MARKED: [f64; 3] = [0.5, 0.9, 0.99];
/// Steps of a line, in decades of either axis, below which dots are left out.
const STEP: f64 = 0.01;
/// A bucket's low end over its high end: there are 128 buckets to an octave.
const BUCKET_LOW: f64 = 128.0 / 129.0;
/// A ratio of times between which nothing was counted that is drawn as level.
const GAP: f64 = 1.02;
/// Below this the axis ends, however many were counted.
const FLOOR: f64 = 1e-6;

type Distribution = (usize, String, Sketch);

/// The figure, or nothing if no times were recorded.
pub(crate) fn draft(tables: &StudyTables) -> Option<Draft> {
    let all: Vec<&Distribution> = tables.sojourns.iter().filter(|(_, _, s)| s.total() > 0).collect();
    let first = all.iter().map(|(point, _, _)| *point).min()?;
    let scored: Vec<(&str, f64)> =
        all.iter().filter(|d| d.0 == first).map(|(_, name, s)| (name.as_str(), s.total() as f64)).collect();
    let choice = select::choose(tables, select::order("sojourn_time"), &scored, LINES_MAX);
    let shown = shown(tables, &all, &choice, first);
    let lines: Vec<Line> = shown.iter().enumerate().map(|(i, (name, s))| line(name, s, i)).collect();
    let times = || lines.iter().flat_map(|l| &l.dots).map(|d| d.x).filter(|x| *x > 0.0);
    let (low, high) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    if high <= 0.0 {
        return None;
    }

    let entity = select::entity(tables, &choice.names);
    let quantity = select::sojourn_name(entity);
    let unit = Unit::of("s", None, (low * high).sqrt());
    let csv = csv(&lines);
    let least = lines.iter().flat_map(|l| &l.dots).map(|d| d.y).filter(|y| *y > 0.0).fold(1.0, f64::min);
    let lines: Vec<Line> = lines.into_iter().map(|l| printed(l, unit.factor)).collect();
    let chart = Chart {
        x: Axis::new(Scale::log_snug(low * unit.factor, high * unit.factor), unit.after(quantity)),
        y: Axis::new(
            Scale::log_rounded(least.clamp(FLOOR, 0.1), 1.0),
            Words::plain(format!("P({} > t)", quantity.to_lowercase())),
        ),
        lines,
        shade: None,
        marked: false,
    };
    let caption = caption(tables, &choice, &shown, entity, first);
    Some(Draft { name: "delay_ccdf".into(), caption, page: chart.draw(), csv })
}

/// What is drawn: components of the first point, or the points of the only component.
fn shown<'a>(
    tables: &StudyTables,
    all: &[&'a Distribution],
    choice: &Choice<'_>,
    first: usize,
) -> Vec<(String, &'a Sketch)> {
    if let ([only], true) = (&choice.names[..], tables.points.len() > 1) {
        let of: Vec<&Distribution> = all.iter().filter(|d| d.1 == *only).copied().collect();
        let label = |d: &Distribution| select::point_label(tables, d.0, |_| true);
        return select::spread(of.len(), LINES_MAX).into_iter().map(|i| (label(of[i]), &of[i].2)).collect();
    }
    let sketch = |name: &str| all.iter().find(|d| d.0 == first && d.1 == name).map(|d| &d.2);
    choice.names.iter().filter_map(|name| Some(((*name).to_owned(), sketch(name)?))).collect()
}

/// Share of times beyond t, at the upper edges of the buckets; t in s.
fn line(name: &str, sketch: &Sketch, i: usize) -> Line {
    let seconds = |ticks: f64| ticks / TICKS_PER_SECOND as f64;
    let total = sketch.total();
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

fn caption(
    tables: &StudyTables,
    choice: &Choice<'_>,
    shown: &[(String, &Sketch)],
    entity: Option<&str>,
    first: usize,
) -> String {
    let quantity = select::sojourn_name(entity).to_lowercase();
    let mut caption = Caption::new(tables, &format!("Complementary cumulative distribution of {quantity}"));
    let all = counted(shown.iter().map(|(_, s)| s.total()).sum(), entity);
    let pooled = match tables.replications {
        0 | 1 => "from one replication".to_owned(),
        n => format!("pooled over n = {n} replications"),
    };
    caption.say(format!("{all} after the warm-up ({} s), {pooled}.", brief(tables.warmup)));
    caption.say("Marks: the median, the 90th and the 99th percentile.");
    caption.points(choice, shown.len(), first);
    caption.say(choice.left_out("count"));
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
        let ends: Vec<f64> = line.dots.iter().rev().take(2).map(|d| d.y).collect();
        // The last bucket holds no more than its width.
        assert!(ends[0] == 0.0 && ends[1] > 0.0 && ends[1] < 0.009, "{ends:?}");
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
        assert!(line.dots.len() >= 2 && line.dots[0].y == 1.0 && line.dots[line.dots.len() - 1].y == 0.0);
        assert!(line.marks.is_empty());
    }
}
