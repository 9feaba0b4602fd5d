//! The house style: sizes, colours, dashes and marks, after what journals ask of figures in a column.

use crate::font::Words;
use crate::sheet::{Anchor, Ink, Pen, Place, Shape, Sheet, Text};

/// 89 mm, a journal's column.
pub(crate) const WIDTH: f64 = 89.0 / 25.4 * 72.0;
/// Lines that a reader can tell apart in one panel.
pub(crate) const LINES_MAX: usize = 7;
/// Okabe & Ito's colours without the yellow, which is too light for lines.
pub(crate) const PALETTE: [Ink; LINES_MAX] = [
    Ink::solid(0x00, 0x72, 0xb2),
    Ink::solid(0xd5, 0x5e, 0x00),
    Ink::solid(0x00, 0x9e, 0x73),
    Ink::solid(0xcc, 0x79, 0xa7),
    Ink::solid(0xe6, 0x9f, 0x00),
    Ink::solid(0x56, 0xb4, 0xe9),
    Ink::BLACK,
];
pub(crate) const DASHES: [&[f64]; LINES_MAX] =
    [&[], &[4.0, 1.5], &[1.0, 1.0], &[6.0, 1.5, 1.0, 1.5], &[2.2, 1.2], &[6.0, 1.2, 1.0, 1.2, 1.0, 1.2], &[9.0, 2.0]];
pub(crate) const LABEL_SIZE: f64 = 7.0;
pub(crate) const TICK_SIZE: f64 = 6.0;
pub(crate) const AXIS_PEN: Pen = Pen { ink: Ink::BLACK, width: 0.5, dash: &[] };
const MINOR_PEN: Pen = Pen { ink: Ink::BLACK, width: 0.35, dash: &[] };
pub(crate) const SHADE: Ink = Ink::solid(0xe9, 0xe9, 0xe9);
pub(crate) const TICK: f64 = 2.5;
const MINOR_TICK: f64 = 1.5;
/// Between the page's edge and what is on it.
pub(crate) const MARGIN: f64 = 2.5;
pub(crate) const MARK: f64 = 1.7;
/// The height of a row of legend keys.
pub(crate) const LEGEND_ROW: f64 = 8.6;

/// How a line is told from the others: indices into colours, dashes and marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) color: usize,
    pub(crate) dash: usize,
    pub(crate) mark: usize,
    /// Whether the mark is an outline only.
    pub(crate) open: bool,
}

impl Look {
    pub(crate) fn nth(i: usize) -> Self {
        Self { color: i, dash: i, mark: i, open: false }
    }
}

/// Where legend keys of these widths begin, in rows from the top of the page between `left` and `right`.
pub(crate) fn in_rows(widths: &[f64], left: f64, right: f64) -> Vec<Place> {
    let (mut x, mut y) = (left, MARGIN + LEGEND_ROW / 2.0);
    let mut places = Vec::new();
    for width in widths {
        if x > left && x + width > right {
            (x, y) = (left, y + LEGEND_ROW);
        }
        places.push((x, y));
        x += width + 9.0;
    }
    places
}

/// Text in the size of tick labels.
pub(crate) fn small(words: &Words, at: Place, anchor: Anchor, upwards: bool) -> Text {
    Text { at, words: words.clone(), size: TICK_SIZE, bold: false, anchor, upwards }
}

/// A tick outwards from the axis at `at`.
pub(crate) fn tick(sheet: &Sheet, at: Place, (dx, dy): Place, major: bool) {
    let (length, pen) = if major { (TICK, AXIS_PEN) } else { (MINOR_TICK, MINOR_PEN) };
    sheet.line(vec![at, (at.0 + dx * length, at.1 + dy * length)], pen);
}

/// A mark: its shape tells lines apart where colour does not.
pub(crate) fn mark(sheet: &Sheet, look: Look, (x, y): Place) {
    let colour = PALETTE[look.color % LINES_MAX];
    let white = Ink::solid(255, 255, 255);
    let (ink, edge) = if look.open {
        (white, Pen { ink: colour, width: 0.8, dash: &[] })
    } else {
        (colour, Pen { ink: white, width: 0.35, dash: &[] })
    };
    let polygon = |corners: &[Place]| Shape::Area {
        points: corners.iter().map(|(dx, dy)| (x + dx * MARK, y + dy * MARK)).collect(),
        fill: ink,
        outline: Some(edge),
    };
    sheet.add(match look.mark % LINES_MAX {
        0 => Shape::Disc { centre: (x, y), radius: MARK, fill: ink, outline: Some(edge) },
        1 => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        2 => polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
        3 => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        4 => polygon(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
        5 => Shape::Disc {
            centre: (x, y),
            radius: MARK * 0.9,
            fill: Ink::solid(255, 255, 255),
            outline: Some(Pen { ink: colour, width: 0.8, dash: &[] }),
        },
        _ => polygon(&[
            (-0.4, -1.2),
            (0.4, -1.2),
            (0.4, -0.4),
            (1.2, -0.4),
            (1.2, 0.4),
            (0.4, 0.4),
            (0.4, 1.2),
            (-0.4, 1.2),
            (-0.4, 0.4),
            (-1.2, 0.4),
            (-1.2, -0.4),
            (-0.4, -0.4),
        ]),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = [f64; 3];

    /// What severe protanopes and deuteranopes see, in linear RGB (Machado, Oliveira & Fernandes 2009,
    /// doi:10.1109/TVCG.2009.113), and everybody else.
    const EYES: [[Rgb; 3]; 3] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ];

    fn times(m: &[Rgb; 3], v: Rgb) -> Rgb {
        m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    fn linear(ink: Ink) -> Rgb {
        let (r, g, b) = ink.rgb;
        [r, g, b].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// CIE L*a*b* under D65.
    fn lab(rgb: Rgb) -> Rgb {
        let xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        let [x, y, z] = times(&xyz, rgb.map(|c| c.clamp(0.0, 1.0)));
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let (x, y, z) = (f(x / 0.9505), f(y), f(z / 1.089));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn apart(a: Rgb, b: Rgb) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn colours_are_told_apart_by_the_colour_blind() {
        for eye in &EYES {
            let seen: Vec<Rgb> = PALETTE.iter().map(|ink| lab(times(eye, linear(*ink)))).collect();
            for (i, a) in seen.iter().enumerate() {
                for (j, b) in seen.iter().enumerate().skip(i + 1) {
                    // Patches side by side differ from about 2 on; lines are thin and apart.
                    assert!(apart(*a, *b) > 10.0, "{i} and {j}: {}", apart(*a, *b));
                }
                assert!(apart(*a, lab([1.0; 3])) > 30.0, "{i} on white");
            }
        }
    }
}
