//! The bundled font and the measures of text set in it.
//!
//! Liberation Sans has the metrics of Arial, so a figure keeps its layout where Arial or Helvetica stands in for it.

use std::sync::{Arc, LazyLock};

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use resvg::usvg::fontdb::{Database, Source};

const REGULAR: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");

/// The family's name inside the font files.
pub(crate) const FAMILY: &str = "Liberation Sans";
/// The smallest text on a page, pt.
pub(crate) const SMALLEST: f64 = 5.0;
/// How far letters rise above the baseline, in em.
pub(crate) const ASCENT: f64 = 0.74;
/// How far letters hang below the baseline, in em.
pub(crate) const DESCENT: f64 = 0.22;
/// Design units in an em.
const EM: f64 = 2048.0;
/// Ascender less descender in design units: the size at which plotters measures one pixel for a unit.
const UNIT_SIZE: f64 = 2288.0;

/// The font files, for rendering.
pub(crate) static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for face in [REGULAR, BOLD] {
        fonts.load_font_source(Source::Binary(Arc::new(face)));
    }
    Arc::new(fonts)
});

static REGISTERED: LazyLock<bool> = LazyLock::new(|| {
    register_font(FAMILY, FontStyle::Normal, REGULAR).is_ok() && register_font(FAMILY, FontStyle::Bold, BOLD).is_ok()
});

/// The width of `text` at `size` pt, in pt.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    assert!(*REGISTERED, "the bundled font is a font");
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FAMILY), UNIT_SIZE, style);
    let ((left, _), (right, _)) = font.layout_box(text).expect("the bundled font is registered");
    f64::from(right - left) / EM * size
}

/// `text`, its middle replaced by an ellipsis if it is wider than `room` pt at `size` pt: names in a family differ at
/// their ends.
pub(crate) fn ellipsise(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let all: Vec<char> = text.chars().collect();
    for kept in (1..all.len()).rev() {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let head: String = all[..head].iter().collect();
        let tail: String = all[all.len() - tail..].iter().collect();
        let shorter = format!("{}…{}", head.trim_end(), tail.trim_start());
        if width(&shorter, size, bold) <= room {
            return shorter;
        }
    }
    "…".into()
}

/// A line of text with at most one superscript: `head` `sup` `tail`, as in 10³ packets/s.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Words {
    pub(crate) head: String,
    pub(crate) sup: String,
    pub(crate) tail: String,
}

impl Words {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { head: text.into(), ..Self::default() }
    }
    /// Ten to the `exponent`, then `tail`.
    pub(crate) fn power_of_ten(exponent: i32, tail: &str) -> Self {
        let sup = exponent.to_string().replace('-', "\u{2212}");
        Self { head: "10".into(), sup, tail: tail.into() }
    }
    /// The size of a superscript beside text of `size` pt.
    pub(crate) fn sup_size(size: f64) -> f64 {
        (size * 0.7).max(SMALLEST)
    }
    /// How far a superscript's baseline is above that of text of `size` pt.
    pub(crate) fn sup_rise(size: f64) -> f64 {
        size * 0.34
    }
    pub(crate) fn width(&self, size: f64, bold: bool) -> f64 {
        let sup = width(&self.sup, Self::sup_size(size), bold);
        width(&self.head, size, bold) + sup + width(&self.tail, size, bold)
    }
    /// How far the text rises above its baseline.
    #[cfg(test)]
    pub(crate) fn ascent(&self, size: f64) -> f64 {
        if self.sup.is_empty() {
            size * ASCENT
        } else {
            (Self::sup_rise(size) + Self::sup_size(size) * ASCENT).max(size * ASCENT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg;

    /// What the renderer makes of the same text.
    fn rendered_width(text: &str, bold: bool) -> f64 {
        let weight = if bold { "bold" } else { "normal" };
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="900" height="100"><text x="5" y="50" font-family="{FAMILY}" font-size="20" font-weight="{weight}">{text}</text></svg>"#
        );
        let options = usvg::Options { fontdb: DATABASE.clone(), ..usvg::Options::default() };
        let tree = usvg::Tree::from_str(&svg, &options).unwrap();
        f64::from(tree.root().children()[0].bounding_box().width())
    }

    #[test]
    fn measures_agree_with_the_renderer() {
        for text in ["Throughput (packets/s)", "Occupancy", "0.001", "WAVE To AV", "µs, 10\u{2212}3", "illicit"] {
            for bold in [false, true] {
                let (ours, theirs) = (width(text, 20.0, bold), rendered_width(text, bold));
                assert!((ours - theirs).abs() < 0.02 * theirs + 0.3, "{text}: {ours} against {theirs}");
            }
        }
    }

    #[test]
    fn long_names_lose_their_middle_and_fit() {
        let name = "a.very.long.component.name.that.goes.on";
        let short = ellipsise(name, 6.0, false, 50.0);
        assert!(
            short.starts_with("a.v")
                && short.ends_with("on")
                && short.contains('…')
                && width(&short, 6.0, false) <= 50.0,
            "{short}"
        );
        assert_eq!(ellipsise("fw", 6.0, false, 50.0), "fw");
        assert_eq!(ellipsise("anything", 6.0, false, 0.0), "…");
    }
}
