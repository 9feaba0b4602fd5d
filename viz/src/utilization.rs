//! Utilizations as horizontal bars, sorted, the highest marked: the first place to look for a bottleneck.

use std::collections::BTreeSet;

use scenarios::FigureRequest;
use scenarios::tables::StudyTables;

use crate::axis::Scale;
use crate::caption::{Caption, brief};
use crate::figure::{Draft, Rows, number};
use crate::font::{self, Words};
use crate::select::{self, Choice, Class, Estimates, Order, point_label};
use crate::sheet::{Anchor, Ink, Layer, Page, Pen, Shape, Sheet, Text};
use crate::style::{AXIS_PEN, LABEL_SIZE, MARGIN, PALETTE, TICK_SIZE, WIDTH, small, tick};

/// Bars in one figure.
const BARS_MAX: usize = 15;
const EVERY: Order = &[&[Class::Station, Class::Pathway, Class::Flow, Class::Population]];
const ROW: f64 = 10.5;
const BAR: f64 = 6.4;
const CAP: f64 = 1.4;
const WHISKER: Pen = Pen { ink: Ink::BLACK, width: 0.6, dash: &[] };

struct Bar {
    component: String,
    point: usize,
    name: String,
    /// In percent.
    value: f64,
    low: f64,
    high: f64,
    /// Whether it is the highest of its point.
    highest: bool,
}

/// The figure, or nothing if no component has a utilization. Of a sweep all points are shown, for as many components as
/// there is room for.
pub(crate) fn draft(tables: &StudyTables, wanted: &FigureRequest) -> Option<Draft> {
    let estimates = Estimates::of(tables);
    let get = |point: usize, name: &str| estimates.get(point, name, "utilization", "time_mean");
    let there: BTreeSet<usize> = tables.summary.iter().filter(|r| r.metric == "utilization").map(|r| r.point).collect();
    let points: Vec<usize> = match wanted.point {
        Some(point) => vec![point],
        None => there.into_iter().collect(),
    };
    let drawn: Vec<usize> = select::spread(points.len(), BARS_MAX).into_iter().map(|i| points[i]).collect();
    let most = (BARS_MAX / drawn.len().max(1)).max(1);
    let highest = |name: &str| {
        let means = points.iter().filter_map(|p| Some(get(*p, name)?.mean));
        means.fold(f64::NAN, f64::max)
    };
    let scored: Vec<(&str, f64)> = tables.components.iter().map(|c| (c.name.as_str(), highest(&c.name))).collect();
    let choice = select::pick(tables, EVERY, &scored, most, wanted);
    let mut names = choice.names.clone();
    // Stable: equals stay in the study's order.
    names.sort_by(|a, b| highest(b).total_cmp(&highest(a)));
    let mut bars = Vec::new();
    for name in &names {
        for &point in &drawn {
            let Some(e) = get(point, name) else { continue };
            let label =
                if drawn.len() > 1 { format!(", {}", point_label(tables, point, |_| true)) } else { String::new() };
            bars.push(Bar {
                component: (*name).to_owned(),
                point,
                name: format!("{name}{label}"),
                value: e.mean * 100.0,
                low: e.ci_low * 100.0,
                high: e.ci_high * 100.0,
                highest: scored.iter().filter_map(|(n, _)| get(point, n)).all(|other| other.mean <= e.mean),
            });
        }
    }
    if bars.is_empty() {
        return None;
    }
    let mut rows = Rows::new(&["component", "point", "utilization", "ci_low", "ci_high", "unit"]);
    for b in &bars {
        let point = point_label(tables, b.point, |_| true);
        rows.add([b.component.clone(), point, number(b.value), number(b.low), number(b.high), "%".into()]);
    }
    let caption = caption(tables, &choice, &drawn, points.len());
    let label = wanted.x_label.as_deref().unwrap_or("Utilization");
    Some(Draft { name: "utilization".into(), caption, page: draw(&bars, label), csv: rows.finish() })
}

fn draw(bars: &[Bar], label: &str) -> Page {
    let names: Vec<String> =
        bars.iter().map(|b| font::ellipsise(&b.name, TICK_SIZE, b.highest, WIDTH * 0.36)).collect();
    let values: Vec<String> = bars.iter().map(|b| format!("{:.1} %", b.value)).collect();
    let widest = |texts: &[String]| texts.iter().map(|t| font::width(t, TICK_SIZE, true)).fold(0.0, f64::max);
    let left = MARGIN + widest(&names) + 4.0;
    let right = WIDTH - MARGIN - widest(&values) - 6.0;
    let top = MARGIN + 1.5;
    let bottom = top + ROW * bars.len() as f64 + 1.5;
    let height = bottom + 2.5 + 2.0 + TICK_SIZE + 3.5 + LABEL_SIZE + MARGIN;
    let reach = bars.iter().flat_map(|b| [b.value, b.high]).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let scale = if reach < 10.0 { Scale::from_zero(reach, 5) } else { Scale::Linear { low: 0.0, high: 100.0 } };
    let at = |value: f64| left + (right - left) * scale.fraction(value);

    let sheet = Sheet::new(WIDTH, height);
    for (i, bar) in bars.iter().enumerate() {
        let y = top + ROW * (i as f64 + 0.5) + 0.75;
        sheet.layer(Layer::Data);
        let end = at(bar.value);
        let (up, down) = (y - BAR / 2.0, y + BAR / 2.0);
        let fill = if bar.highest { PALETTE[1] } else { PALETTE[5] };
        sheet.add(Shape::Area { points: vec![(left, up), (end, up), (end, down), (left, down)], fill, outline: None });
        if bar.low.is_finite() && bar.high.is_finite() {
            let (from, to) = (at(bar.low), at(bar.high));
            sheet.line(vec![(from, y), (to, y)], WHISKER);
            for x in [from, to] {
                sheet.line(vec![(x, y - CAP), (x, y + CAP)], WHISKER);
            }
        }
        sheet.layer(Layer::Axes);
        let base = y + TICK_SIZE * 0.36;
        let name = small(&Words::plain(names[i].clone()), (left - 4.0, base), Anchor::End, false);
        sheet.add(Shape::Text(Text { bold: bar.highest, ..name }));
        let value = small(&Words::plain(values[i].clone()), (WIDTH - MARGIN, base), Anchor::End, false);
        sheet.add(Shape::Text(Text { bold: bar.highest, ..value }));
    }
    sheet.line(vec![(left, top - 1.0), (left, bottom), (right, bottom)], AXIS_PEN);
    for t in scale.ticks(5) {
        let x = at(t.value);
        tick(&sheet, (x, bottom), (0.0, 1.0), true);
        if let Some(words) = &t.label {
            let base = bottom + 4.5 + TICK_SIZE * font::ASCENT + 0.4;
            sheet.add(Shape::Text(small(words, (x, base), Anchor::Middle, false)));
        }
    }
    let label = Text {
        at: (f64::midpoint(left, right), height - MARGIN - LABEL_SIZE * font::DESCENT),
        words: Words::plain(format!("{label} (%)")),
        size: LABEL_SIZE,
        bold: false,
        anchor: Anchor::Middle,
        upwards: false,
    };
    sheet.add(Shape::Text(label));
    sheet.page()
}

fn caption(tables: &StudyTables, choice: &Choice<'_>, drawn: &[usize], points: usize) -> String {
    let what =
        "Utilization, the share of time that servers are busy or carriers occupied, or of the tokens that were used";
    let mut caption = Caption::new(tables, what);
    caption.say(if points > 1 { "Vermillion: the highest of each point." } else { "Vermillion: the highest." });
    caption.interval("Whiskers");
    caption.say(format!("Mean after the warm-up ({} s).", brief(tables.warmup)));
    match drawn {
        [only] => caption.point(*only),
        _ if drawn.len() < points => caption.say(format!("Shown are {} of {points} points.", drawn.len())),
        _ => {}
    }
    caption.say(choice.left_out("utilization"));
    caption.finish()
}
