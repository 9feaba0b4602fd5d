//! Where the delay of each class or flow arises: horizontal bars of what it is made of, cause by cause, and within a cause
//! element by element.

use scenarios::FigureRequest;
use scenarios::attribution::{self, CAUSES, Piece};
use scenarios::tables::StudyTables;
use sim_core::stats::ComponentKind;

use crate::axis::Scale;
use crate::caption::{Caption, brief, time};
use crate::figure::{Draft, Rows, number};
use crate::font::{self, Words};
use crate::select::{self, point_label};
use crate::sheet::{Anchor, Ink, Layer, Page, Pen, Shape, Sheet, Text};
use crate::style::{AXIS_PEN, LABEL_SIZE, LEGEND_ROW, MARGIN, PALETTE, TICK_SIZE, WIDTH, in_rows, small, tick};
use crate::unit::Unit;

/// Bars in one figure.
const BARS_MAX: usize = 15;
const ROW: f64 = 12.0;
const BAR: f64 = 8.0;
const SWATCH: f64 = 5.0;
/// Delays that differ by more than this factor are shown as shares.
const WIDE: f64 = 10.0;
const EDGE: Pen = Pen { ink: Ink::solid(255, 255, 255), width: 0.3, dash: &[] };
/// The colour of each cause.
const COLORS: [usize; CAUSES.len()] = [1, 4, 3, 0, 5, 6];

struct Bar {
    group: String,
    point: usize,
    name: String,
    pieces: Vec<Piece>,
}

impl Bar {
    fn total(&self) -> f64 {
        self.pieces.iter().map(|p| p.delay).sum()
    }
}

/// The figure, or nothing if no delays are split. Of a sweep all points are shown if there is room for their bars.
pub(crate) fn draft(tables: &StudyTables, wanted: &FigureRequest) -> Option<Draft> {
    let mut groups = attribution::groups(tables);
    groups.retain(|g| wanted.components.is_empty() || wanted.components.iter().any(|w| w == g));
    let all_points = groups.len() * tables.points.len() <= BARS_MAX;
    let points = if all_points { tables.points.len() } else { 1 };
    let mut bars = Vec::new();
    for group in &groups {
        for point in 0..points {
            let label = if points > 1 { point_label(tables, point, |_| true) } else { String::new() };
            let name = if label.is_empty() { (*group).to_owned() } else { format!("{group}, {label}") };
            let pieces = attribution::pieces(tables, point, group);
            bars.push(Bar { group: (*group).to_owned(), point, name, pieces });
        }
    }
    let of = bars.len();
    bars.truncate(BARS_MAX);
    if !bars.iter().any(|b| b.total() > 0.0) {
        return None;
    }
    let mut rows = Rows::new(&["group", "point", "element", "cause", "delay", "unit"]);
    for bar in &bars {
        let point = point_label(tables, bar.point, |_| true);
        for p in &bar.pieces {
            let fields = [&bar.group, &point, &p.element, CAUSES[p.cause].1].map(str::to_owned);
            rows.add(fields.into_iter().chain([number(p.delay), "s".into()]));
        }
    }
    let mut caption =
        Caption::new(tables, "Where delay arises: mean delay of an entity that reached its end, by cause");
    caption.say("Within a cause, elements are divided by white lines, the largest first.");
    caption.say(format!("Mean after the warm-up ({} s).", brief(tables.warmup)));
    if !all_points {
        caption.point(0);
    }
    if of > bars.len() {
        caption.say(format!("Shown are the first {} of {of} groups.", bars.len()));
    }
    let shares = in_shares(&bars);
    if shares {
        caption.say("Bars: shares of each delay, since the delays, at the right, differ widely.");
    }
    let page = draw(tables, &bars, shares, wanted.x_label.as_deref());
    Some(Draft { name: "attribution".into(), caption: caption.finish(), page, csv: rows.finish() })
}

/// Whether the shortest bar would hardly be seen beside the longest.
fn in_shares(bars: &[Bar]) -> bool {
    let totals = || bars.iter().map(Bar::total).filter(|t| *t > 0.0);
    totals().fold(0.0, f64::max) > WIDE * totals().fold(f64::INFINITY, f64::min)
}

fn draw(tables: &StudyTables, bars: &[Bar], shares: bool, said: Option<&str>) -> Page {
    let used: Vec<usize> =
        (0..CAUSES.len()).filter(|c| bars.iter().any(|b| b.pieces.iter().any(|p| p.cause == *c))).collect();
    let names: Vec<String> = bars.iter().map(|b| font::ellipsise(&b.name, TICK_SIZE, false, WIDTH * 0.36)).collect();
    let left = MARGIN + names.iter().map(|t| font::width(t, TICK_SIZE, false)).fold(0.0, f64::max) + 4.0;
    let totals: Vec<String> = bars.iter().map(|b| time(b.total())).collect();
    let right = WIDTH - MARGIN - totals.iter().map(|t| font::width(t, TICK_SIZE, false)).fold(0.0, f64::max) - 6.0;
    let widths: Vec<f64> = used.iter().map(|c| SWATCH + 3.0 + font::width(CAUSES[*c].1, TICK_SIZE, false)).collect();
    let keys = in_rows(&widths, MARGIN, WIDTH - MARGIN);
    let top = keys.last().map_or(MARGIN, |k| k.1 + LEGEND_ROW / 2.0) + 2.5;
    let bottom = top + ROW * bars.len() as f64 + 1.5;
    let height = bottom + 2.5 + 2.0 + TICK_SIZE + 3.5 + LABEL_SIZE + MARGIN;
    let reach = bars.iter().map(Bar::total).fold(0.0, f64::max);
    let unit = if shares { Unit::of("%", None, 1.0) } else { Unit::of("s", None, reach) };
    let scale = Scale::from_zero(if shares { 100.0 } else { reach * unit.factor }, 5);
    let at = |value: f64| left + (right - left) * scale.fraction(value * unit.factor);

    let sheet = Sheet::new(WIDTH, height);
    for (i, (bar, name)) in bars.iter().zip(&names).enumerate() {
        let y = top + ROW * (i as f64 + 0.5) + 0.75;
        let base = y + TICK_SIZE * 0.36;
        let mut from = 0.0;
        let whole = if shares { bar.total() } else { 1.0 };
        for piece in &bar.pieces {
            let (x0, x1) = (at(from / whole), at((from + piece.delay) / whole));
            from += piece.delay;
            let (up, down) = (y - BAR / 2.0, y + BAR / 2.0);
            let (points, fill) = (vec![(x0, up), (x1, up), (x1, down), (x0, down)], PALETTE[COLORS[piece.cause]]);
            sheet.layer(Layer::Data);
            // An edge would hide a sliver.
            let outline = (x1 - x0 > 1.5).then_some(EDGE);
            sheet.add(Shape::Area { points, fill, outline });
            if font::width(&piece.element, font::SMALLEST, false) + 4.0 < x1 - x0 {
                let at = (f64::midpoint(x0, x1), y + font::SMALLEST * 0.36);
                let words = Words::plain(piece.element.clone());
                let label = small(&words, at, Anchor::Middle, false);
                sheet.add(Shape::Text(Text { size: font::SMALLEST, ..label }));
            }
        }
        sheet.layer(Layer::Axes);
        sheet.add(Shape::Text(small(&Words::plain(name.clone()), (left - 4.0, base), Anchor::End, false)));
        let total = Words::plain(totals[i].clone());
        sheet.add(Shape::Text(small(&total, (WIDTH - MARGIN, base), Anchor::End, false)));
    }
    sheet.layer(Layer::Axes);
    sheet.line(vec![(left, top - 1.0), (left, bottom), (right, bottom)], AXIS_PEN);
    for t in scale.ticks(5) {
        let x = at(t.value / unit.factor);
        tick(&sheet, (x, bottom), (0.0, 1.0), true);
        if let Some(words) = &t.label {
            let base = bottom + 4.5 + TICK_SIZE * font::ASCENT + 0.4;
            sheet.add(Shape::Text(small(words, (x, base), Anchor::Middle, false)));
        }
    }
    let entity = tables.components.iter().find(|c| c.kind == ComponentKind::Share).map(|c| c.entity);
    let quantity = select::sojourn_name(entity);
    let quantity = if shares { format!("Share of {}", quantity.to_lowercase()) } else { quantity.to_owned() };
    let label = Text {
        at: (f64::midpoint(left, right), height - MARGIN - LABEL_SIZE * font::DESCENT),
        words: unit.after(said.unwrap_or(&quantity)),
        size: LABEL_SIZE,
        bold: false,
        anchor: Anchor::Middle,
        upwards: false,
    };
    sheet.add(Shape::Text(label));
    sheet.layer(Layer::Legend);
    for (cause, (x, y)) in used.into_iter().zip(keys) {
        let (_, name) = CAUSES[cause];
        let (up, down) = (y - SWATCH / 2.0, y + SWATCH / 2.0);
        let points = vec![(x, up), (x + SWATCH, up), (x + SWATCH, down), (x, down)];
        sheet.add(Shape::Area { points, fill: PALETTE[COLORS[cause]], outline: None });
        let at = (x + SWATCH + 3.0, y + TICK_SIZE * 0.36);
        sheet.add(Shape::Text(small(&Words::plain(name), at, Anchor::Start, false)));
    }
    sheet.page()
}
