//! The display list that charts are drawn on: a plotters backend that records instead of painting.
//!
//! plotters counts in whole pixels; a pixel is made a twentieth of a point here, finer than any printer, and the list
//! keeps points. Dashes and layers, which plotters does not know, are the state of the pen.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

#[cfg(test)]
use crate::font;
use crate::font::Words;

/// Pixels of plotters in a point.
pub(crate) const UNITS: f64 = 20.0;

/// A place on the page: x to the right and y downwards from the upper left corner, in pt.
pub(crate) type Place = (f64, f64);

/// A colour, 0 to 255 a channel, and its opacity, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ink {
    pub(crate) rgb: (u8, u8, u8),
    pub(crate) alpha: f64,
}

impl Ink {
    pub(crate) const BLACK: Self = Self::solid(0, 0, 0);
    pub(crate) const fn solid(r: u8, g: u8, b: u8) -> Self {
        Self { rgb: (r, g, b), alpha: 1.0 }
    }
    pub(crate) const fn at(self, alpha: f64) -> Self {
        Self { rgb: self.rgb, alpha }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pen {
    pub(crate) ink: Ink,
    /// Width, pt.
    pub(crate) width: f64,
    /// Lengths of dashes and gaps in turn, pt; empty for a solid line.
    pub(crate) dash: &'static [f64],
}

/// What `Text::at` is of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    /// On the baseline.
    pub(crate) at: Place,
    pub(crate) words: Words,
    /// Size, pt.
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) anchor: Anchor,
    /// Whether it reads upwards.
    pub(crate) upwards: bool,
}

#[cfg(test)]
impl Text {
    /// The box around the text: left, top, right, bottom.
    pub(crate) fn bounds(&self) -> [f64; 4] {
        let width = self.words.width(self.size, self.bold);
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        let (up, down) = (self.words.ascent(self.size), self.size * font::DESCENT);
        let (x, y) = self.at;
        if self.upwards {
            [x - up, y - (width - before), x + down, y + before]
        } else {
            [x - before, y - up, x - before + width, y + down]
        }
    }
}

/// One thing on the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Line { points: Vec<Place>, pen: Pen },
    Area { points: Vec<Place>, fill: Ink, outline: Option<Pen> },
    Disc { centre: Place, radius: f64, fill: Ink, outline: Option<Pen> },
    Text(Text),
}

/// What a shape is part of; becomes a group in the file, so that an editor can take hold of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Background,
    Data,
    Axes,
    Legend,
}

/// A page and what is on it, in the order of painting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// Width, pt.
    pub(crate) width: f64,
    /// Height, pt.
    pub(crate) height: f64,
    pub(crate) shapes: Vec<(Layer, Shape)>,
}

struct State {
    page: Page,
    layer: Layer,
    dash: &'static [f64],
}

/// A handle to a page that is being drawn; clones draw on the same page.
#[derive(Clone)]
pub(crate) struct Sheet(Rc<RefCell<State>>);

impl Sheet {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        let page = Page { width, height, shapes: Vec::new() };
        Self(Rc::new(RefCell::new(State { page, layer: Layer::Background, dash: &[] })))
    }
    /// The layer of what is drawn from now on.
    pub(crate) fn layer(&self, layer: Layer) {
        self.0.borrow_mut().layer = layer;
    }
    /// The dashes of lines that plotters draws from now on.
    pub(crate) fn dash(&self, dash: &'static [f64]) {
        self.0.borrow_mut().dash = dash;
    }
    pub(crate) fn add(&self, shape: Shape) {
        let mut state = self.0.borrow_mut();
        let layer = state.layer;
        state.page.shapes.push((layer, shape));
    }
    pub(crate) fn line(&self, points: Vec<Place>, pen: Pen) {
        self.add(Shape::Line { points, pen });
    }
    /// The page as it is now.
    pub(crate) fn page(&self) -> Page {
        self.0.borrow().page.clone()
    }
}

/// The place of a pixel of plotters.
pub(crate) fn place((x, y): BackendCoord) -> Place {
    (f64::from(x) / UNITS, f64::from(y) / UNITS)
}

fn ink(color: BackendColor) -> Ink {
    Ink { rgb: color.rgb, alpha: color.alpha }
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Sheet {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let page = &self.0.borrow().page;
        ((page.width * UNITS).round() as u32, (page.height * UNITS).round() as u32)
    }
    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }
    fn present(&mut self) -> Drawn {
        Ok(())
    }
    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.fill_polygon([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)], &color)
    }
    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }
    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        let corners = [a, (b.0, a.1), b, (a.0, b.1)];
        if fill { self.fill_polygon(corners, style) } else { self.draw_path(corners.into_iter().chain([a]), style) }
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let dash = self.0.borrow().dash;
        let pen = Pen { ink: ink(style.color()), width: f64::from(style.stroke_width()) / UNITS, dash };
        self.line(path.into_iter().map(place).collect(), pen);
        Ok(())
    }
    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let color = ink(style.color());
        let outline = Pen { ink: color, width: f64::from(style.stroke_width()) / UNITS, dash: &[] };
        let (fill, outline) = if fill { (color, None) } else { (color.at(0.0), Some(outline)) };
        self.add(Shape::Disc { centre: place(centre), radius: f64::from(radius) / UNITS, fill, outline });
        Ok(())
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, corners: I, style: &S) -> Drawn {
        let points = corners.into_iter().map(place).collect();
        self.add(Shape::Area { points, fill: ink(style.color()), outline: None });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Ink, Pen, Shape, Sheet, Text, Words, font};
    use plotters::prelude::*;

    #[test]
    fn what_plotters_draws_is_recorded_in_points() {
        let sheet = Sheet::new(100.0, 50.0);
        let root = sheet.clone().into_drawing_area();
        sheet.dash(&[2.0, 1.0]);
        root.draw(&PathElement::new([(0, 0), (200, 100)], Color::stroke_width(&RED, 20))).unwrap();
        root.draw(&Circle::new((100, 100), 30, BLUE.filled())).unwrap();
        root.draw(&Rectangle::new([(0, 0), (20, 40)], GREEN.mix(0.5).filled())).unwrap();
        let shapes: Vec<Shape> = sheet.page().shapes.into_iter().map(|(_, s)| s).collect();
        let pen = Pen { ink: Ink::solid(255, 0, 0), width: 1.0, dash: &[2.0, 1.0] };
        assert_eq!(shapes[0], Shape::Line { points: vec![(0.0, 0.0), (10.0, 5.0)], pen });
        let disc = Shape::Disc { centre: (5.0, 5.0), radius: 1.5, fill: Ink::solid(0, 0, 255), outline: None };
        assert_eq!(shapes[1], disc);
        let points = vec![(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (0.0, 2.0)];
        assert_eq!(shapes[2], Shape::Area { points, fill: Ink::solid(0, 255, 0).at(0.5), outline: None });
    }

    #[test]
    fn the_box_of_a_text_turns_with_it() {
        let mut text = Text {
            at: (50.0, 20.0),
            words: Words::plain("delay"),
            size: 10.0,
            bold: false,
            anchor: Anchor::Middle,
            upwards: false,
        };
        let [left, top, right, bottom] = text.bounds();
        let width = font::width("delay", 10.0, false);
        assert!((right - left - width).abs() < 1e-9 && (f64::midpoint(left, right) - 50.0).abs() < 1e-9);
        assert!(top < 20.0 && bottom > 20.0);
        text.upwards = true;
        let [left, top, right, bottom] = text.bounds();
        assert!((bottom - top - width).abs() < 1e-9 && left < 50.0 && right > 50.0);
    }
}
