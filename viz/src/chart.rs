//! One panel with two axes: layout from real text measures, lines and bands by plotters, axes and legend by hand.

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::{ChartBuilder, DrawingArea, IntoDrawingArea, LineSeries, PathElement, Polygon};
use plotters::style::{Color, RGBColor};

use crate::axis::{Scale, Tick};
use crate::font::{self, Words};
use crate::sheet::{Anchor, Layer, Page, Pen, Place, Shape, Sheet, Text, UNITS, place};
use crate::style::{
    AXIS_PEN, DASHES, LABEL_SIZE, LINES_MAX, Look, MARGIN, MARK, PALETTE, SHADE, TICK, TICK_SIZE, WIDTH, in_rows, mark,
    small, tick,
};

const PLOT_HEIGHT: f64 = 116.0;
const KEY: f64 = 14.0;
const DATA_WIDTH: f64 = 1.0;
const BAND: f64 = 0.2;
const TURNED_LABEL_MAX: f64 = 60.0;
const LABELLED_CHARS: usize = 4;

/// A value with its interval; an interval that is not known is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// One series.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) dots: Vec<Dot>,
    /// Where marks stand, beside those at dots if [`Chart::marked`].
    pub(crate) marks: Vec<Place>,
}

/// One axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) scale: Scale,
    pub(crate) quantity: Words,
    /// Names at 0, 1, 2 and so on, in place of numbers.
    pub(crate) names: Option<Vec<String>>,
    /// Values to label in place of round ones, if their labels are short and fit.
    pub(crate) labelled: Vec<f64>,
}

impl Axis {
    pub(crate) fn new(scale: Scale, quantity: Words) -> Self {
        Self { scale, quantity, names: None, labelled: Vec::new() }
    }
}

/// A panel in the axes' printed units.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Series that are drawn as marks with whiskers, without a line.
    pub(crate) scattered: Vec<Line>,
    /// The legend's keys, if they are not one a line.
    pub(crate) legend: Option<Vec<Key>>,
    /// From the left end to here is shaded, and the legend says what it is.
    pub(crate) shade: Option<(f64, &'static str)>,
    /// Whether every dot has a mark.
    pub(crate) marked: bool,
}

/// Where things are on the page.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    height: f64,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    x_turned: bool,
    /// Legend keys: what, and where the row's key begins.
    keys: Vec<(Key, Place)>,
}

/// A key of the legend.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// How its lines look; without one, it is what is shaded.
    pub(crate) look: Option<Look>,
    /// Whether they have marks.
    pub(crate) marked: bool,
}

impl Chart {
    /// Whether an interval reaches beyond the y axis, where it is cut.
    pub(crate) fn cuts_intervals(&self) -> bool {
        let (low, high) = (self.y.scale.low() * 0.999, self.y.scale.high() * 1.001);
        let beyond = |d: &Dot| self.takes(d) && (d.high > high || self.low_end(d) < low);
        self.lines.iter().chain(&self.scattered).any(|l| l.dots.iter().any(beyond))
    }

    /// Where an interval ends below. On a logarithmic axis it is that of the mean's logarithm (delta method), which does not
    /// reach zero.
    fn low_end(&self, d: &Dot) -> f64 {
        let half = (d.high - d.y).max(d.y - d.low);
        if self.y.scale.is_log() && half.is_finite() { d.y * (-half / d.y).exp() } else { d.low }
    }

    pub(crate) fn draw(&self) -> Page {
        let frame = self.frame();
        let sheet = Sheet::new(WIDTH, frame.height);
        sheet.layer(Layer::Background);
        self.draw_shade(&sheet, &frame);
        // Marks at zero lie on the axis, not under it.
        sheet.layer(Layer::Axes);
        self.draw_axes(&sheet, &frame);
        sheet.layer(Layer::Data);
        self.draw_data(&sheet, &frame);
        sheet.layer(Layer::Legend);
        self.draw_legend(&sheet, &frame);
        sheet.page()
    }

    fn frame(&self) -> Frame {
        let y_ticks = self.y.scale.ticks(if self.y.scale.is_log() { 7 } else { 5 });
        let widest = y_ticks.iter().filter_map(|t| t.label.as_ref()).map(|w| w.width(TICK_SIZE, false));
        let left = MARGIN + LABEL_SIZE + 4.0 + widest.fold(0.0, f64::max) + 2.0 + TICK;
        let (x_ticks, x_turned) = self.x_ticks(WIDTH - left - 2.0 * MARGIN);
        let overhang = match x_ticks.iter().rfind(|t| t.label.is_some()) {
            Some(Tick { value, label: Some(words) }) if !x_turned => {
                let beyond = (1.0 - self.x.scale.fraction(*value)) * (WIDTH - left);
                (words.width(TICK_SIZE, false) / 2.0 - beyond).max(0.0)
            }
            _ => 0.0,
        };
        let right = WIDTH - MARGIN - overhang.max(2.0);
        let keys = self.keys(left, right);
        let top = keys.last().map_or(MARGIN + 3.0, |(_, at)| at.1 + 7.5);
        let bottom = top + PLOT_HEIGHT;
        let labels = if x_turned {
            x_ticks.iter().filter_map(|t| t.label.as_ref()).map(|w| w.width(TICK_SIZE, false)).fold(0.0, f64::max)
        } else {
            TICK_SIZE
        };
        let height = bottom + TICK + 2.0 + labels + 3.5 + LABEL_SIZE + MARGIN;
        Frame { left, right, top, bottom, height, x_ticks, y_ticks, x_turned, keys }
    }

    /// The ticks of the x axis, `room` pt long, and whether their labels are turned to fit.
    fn x_ticks(&self, room: f64) -> (Vec<Tick>, bool) {
        let Some(names) = &self.x.names else {
            if let Some(ticks) = self.labelled_ticks().filter(|t| fits(t, self.x.scale, room)) {
                return (ticks, false);
            }
            let wanted = (2..=6).rev().find(|n| fits(&self.x.scale.ticks(*n), self.x.scale, room)).unwrap_or(1);
            return (self.x.scale.ticks(wanted), false);
        };
        let slot = room / names.len().max(1) as f64;
        let turned = names.iter().any(|n| font::width(n, TICK_SIZE, false) > slot - 4.0);
        let space = if turned { TURNED_LABEL_MAX } else { slot - 4.0 };
        // Turned labels need the height of a line each.
        let every = if turned { (TICK_SIZE * 1.2 / slot).ceil().max(1.0) as usize } else { 1 };
        let label = |i: usize, n: &String| {
            i.is_multiple_of(every).then(|| Words::plain(font::ellipsise(n, TICK_SIZE, false, space)))
        };
        let tick = |(i, n)| Tick { value: i as f64, label: label(i, n) };
        (names.iter().enumerate().map(tick).collect(), turned)
    }

    /// The ticks at the values that the x axis would rather label, and minor ones.
    fn labelled_ticks(&self) -> Option<Vec<Tick>> {
        let label = |v: &f64| Some(v.to_string()).filter(|text| text.len() <= LABELLED_CHARS);
        let labels: Vec<String> = self.x.labelled.iter().map(label).collect::<Option<_>>()?;
        if labels.is_empty() {
            return None;
        }
        let major = self.x.labelled.iter().zip(labels).map(|(v, l)| Tick { value: *v, label: Some(Words::plain(l)) });
        let mut major: Vec<Tick> = major.collect();
        major.sort_by(|a, b| a.value.total_cmp(&b.value));
        // On a linear axis the eye needs no help.
        let minor = if self.x.scale.is_log() { self.x.scale.ticks(1) } else { Vec::new() };
        let minor = minor.into_iter().filter(|t| !self.x.labelled.contains(&t.value));
        Some(major.into_iter().chain(minor.map(|t| Tick { label: None, ..t })).collect())
    }

    /// The room for a legend's sample: a mark, or a stretch of a line.
    fn key_width(&self) -> f64 {
        if self.x.names.is_some() { 2.0 * MARK } else { KEY }
    }

    /// The legend's keys in rows above the plot.
    fn keys(&self, left: f64, right: f64) -> Vec<(Key, Place)> {
        let each =
            |l: &Line| Key { name: l.name.clone(), look: Some(l.look), marked: self.marked || !l.marks.is_empty() };
        let mut keys = self.legend.clone().unwrap_or_else(|| self.lines.iter().map(each).collect());
        if let Some((_, name)) = self.shade {
            keys.push(Key { name: name.into(), look: None, marked: false });
        }
        for key in &mut keys {
            key.name = font::ellipsise(&key.name, TICK_SIZE, false, (right - left) * 0.6);
        }
        let width = |key: &Key| self.key_width() + 3.0 + font::width(&key.name, TICK_SIZE, false);
        let places = in_rows(&keys.iter().map(width).collect::<Vec<_>>(), left, right);
        keys.into_iter().zip(places).collect()
    }

    fn draw_shade(&self, sheet: &Sheet, f: &Frame) {
        if let Some((until, _)) = self.shade {
            let x = f.left + (f.right - f.left) * self.x.scale.fraction(until);
            let points = vec![(f.left, f.top), (x, f.top), (x, f.bottom), (f.left, f.bottom)];
            sheet.add(Shape::Area { points, fill: SHADE, outline: None });
        }
    }

    fn draw_data(&self, sheet: &Sheet, f: &Frame) {
        let root = sheet.clone().into_drawing_area();
        let area = plot_area(&root, self.x.scale, self.y.scale, f);
        // All bands lie below all lines.
        for line in self.lines.iter().filter(|_| self.x.names.is_none()) {
            for run in runs(&line.dots, |d| self.takes(d) && d.low.is_finite() && d.high.is_finite()) {
                let outline: Vec<Place> =
                    run.iter().map(|d| (d.x, d.high)).chain(run.iter().rev().map(|d| (d.x, self.low_end(d)))).collect();
                drawn(area.draw(&Polygon::new(outline, color(line.look).mix(BAND))));
            }
        }
        for line in &self.lines {
            let style = color(line.look).stroke_width((DATA_WIDTH * UNITS) as u32);
            if self.x.names.is_none() {
                sheet.dash(DASHES[line.look.dash % LINES_MAX]);
                for run in runs(&line.dots, |d| self.takes(d)) {
                    let series = LineSeries::new(run.iter().map(|d| (d.x, d.y)), style);
                    for piece in series {
                        drawn(area.draw(&piece));
                    }
                }
                sheet.dash(&[]);
            } else {
                let thin = color(line.look).stroke_width((0.7 * UNITS) as u32);
                for d in line.dots.iter().filter(|d| self.takes(d) && d.low.is_finite() && d.high.is_finite()) {
                    drawn(area.draw(&PathElement::new([(d.x, self.low_end(d)), (d.x, d.high)], thin)));
                }
            }
            let dots = line.dots.iter().filter(|d| self.marked && self.takes(d)).map(|d| (d.x, d.y));
            for at in dots.chain(line.marks.iter().copied()) {
                mark(sheet, line.look, place(area.map_coordinate(&at)));
            }
        }
        for line in &self.scattered {
            let thin = color(line.look).stroke_width((0.7 * UNITS) as u32);
            for d in line.dots.iter().filter(|d| self.takes(d)) {
                if d.low.is_finite() && d.high.is_finite() {
                    drawn(area.draw(&PathElement::new([(d.x, self.low_end(d)), (d.x, d.high)], thin)));
                }
                mark(sheet, line.look, place(area.map_coordinate(&(d.x, d.y))));
            }
        }
    }

    fn takes(&self, d: &Dot) -> bool {
        self.x.scale.takes(d.x) && self.y.scale.takes(d.y)
    }

    fn draw_axes(&self, sheet: &Sheet, f: &Frame) {
        sheet.line(vec![(f.left, f.top), (f.left, f.bottom), (f.right, f.bottom)], AXIS_PEN);
        for t in &f.y_ticks {
            let y = f.bottom - (f.bottom - f.top) * self.y.scale.fraction(t.value);
            tick(sheet, (f.left, y), (-1.0, 0.0), t.label.is_some());
            if let Some(words) = &t.label {
                let at = (f.left - TICK - 2.0, y + TICK_SIZE * 0.36);
                sheet.add(Shape::Text(small(words, at, Anchor::End, false)));
            }
        }
        for t in &f.x_ticks {
            let x = f.left + (f.right - f.left) * self.x.scale.fraction(t.value);
            tick(sheet, (x, f.bottom), (0.0, 1.0), t.label.is_some());
            if let Some(words) = &t.label {
                let base = f.bottom + TICK + 2.0;
                let text = if f.x_turned {
                    small(words, (x + TICK_SIZE * 0.36, base), Anchor::End, true)
                } else {
                    small(words, (x, base + TICK_SIZE * font::ASCENT + 0.4), Anchor::Middle, false)
                };
                sheet.add(Shape::Text(text));
            }
        }
        let label = |words: &Words, at, room, upwards| {
            let words = fit(words, room);
            sheet.add(Shape::Text(Text { at, words, size: LABEL_SIZE, bold: false, anchor: Anchor::Middle, upwards }));
        };
        // A label longer than its axis is centred on the page, where there is more room.
        let (room, middle) = (f.right - f.left, f64::midpoint(f.left, f.right));
        let long = self.x.quantity.width(LABEL_SIZE, false) > room;
        let (room, middle) = if long { (WIDTH - 2.0 * MARGIN, WIDTH / 2.0) } else { (room, middle) };
        label(&self.x.quantity, (middle, f.height - MARGIN - LABEL_SIZE * font::DESCENT), room, false);
        let side = (MARGIN + LABEL_SIZE * 0.95, f64::midpoint(f.top, f.bottom));
        label(&self.y.quantity, side, f.bottom - f.top, true);
    }

    fn draw_legend(&self, sheet: &Sheet, f: &Frame) {
        let width = self.key_width();
        for (key, (x, y)) in &f.keys {
            if let Some(look) = key.look {
                if self.x.names.is_none() {
                    let ink = PALETTE[look.color % LINES_MAX];
                    let pen = Pen { ink, width: DATA_WIDTH, dash: DASHES[look.dash % LINES_MAX] };
                    sheet.line(vec![(*x, *y), (x + width, *y)], pen);
                }
                if key.marked {
                    mark(sheet, look, (x + width / 2.0, *y));
                }
            } else {
                let points = vec![(*x, y - 2.2), (x + width, y - 2.2), (x + width, y + 2.2), (*x, y + 2.2)];
                sheet.add(Shape::Area { points, fill: SHADE, outline: None });
            }
            let at = (x + width + 3.0, y + TICK_SIZE * 0.36);
            sheet.add(Shape::Text(small(&Words::plain(key.name.clone()), at, Anchor::Start, false)));
        }
    }
}

/// Whether the labels of ticks along `room` pt keep apart.
fn fits(ticks: &[Tick], scale: Scale, room: f64) -> bool {
    let mut end = f64::NEG_INFINITY;
    ticks.iter().filter_map(|t| Some((t.value, t.label.as_ref()?))).all(|(value, words)| {
        let (middle, half) = (room * scale.fraction(value), words.width(TICK_SIZE, false) / 2.0);
        let apart = middle - half > end + 4.0;
        end = middle + half;
        apart
    })
}

/// `words`, the quantity's name cut where they are wider than `room`; the unit is kept.
fn fit(words: &Words, room: f64) -> Words {
    let excess = words.width(LABEL_SIZE, false) - room;
    if excess <= 0.0 {
        return words.clone();
    }
    let (name, unit) = match words.head.rfind(" (") {
        Some(i) => words.head.split_at(i),
        None => (words.head.as_str(), ""),
    };
    let room = font::width(name, LABEL_SIZE, false) - excess - 0.5;
    Words { head: font::ellipsise(name, LABEL_SIZE, false, room) + unit, ..words.clone() }
}

fn color(look: Look) -> RGBColor {
    let (r, g, b) = PALETTE[look.color % LINES_MAX].rgb;
    RGBColor(r, g, b)
}

/// A page takes everything, so plotters has nothing to fail at.
fn drawn<E: std::fmt::Debug>(result: Result<(), E>) {
    result.expect("a page takes everything");
}

fn plot_area(
    root: &DrawingArea<Sheet, Shift>,
    x: Scale,
    y: Scale,
    f: &Frame,
) -> DrawingArea<Sheet, Cartesian2d<Scale, Scale>> {
    let (width, height) = root.dim_in_pixel();
    let units = |pt: f64| (pt * UNITS).round() as i32;
    let chart = ChartBuilder::on(root)
        .margin_left(units(f.left))
        .margin_top(units(f.top))
        .margin_right(width as i32 - units(f.right))
        .margin_bottom(height as i32 - units(f.bottom))
        .build_cartesian_2d(x, y)
        .expect("a page has room for a plot");
    chart.plotting_area().clone()
}

/// The longest stretches of two dots or more that are `good`.
fn runs(dots: &[Dot], good: impl Fn(&Dot) -> bool + Copy) -> impl Iterator<Item = &[Dot]> {
    dots.chunk_by(move |a, b| good(a) == good(b)).filter(move |run| run.len() > 1 && good(&run[0]))
}
