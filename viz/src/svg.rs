//! Writes a page as SVG: real text, dashes as dashes, one group a layer, a title and a description.

use std::fmt::Write;

use crate::font::{FAMILY, Words};
use crate::sheet::{Anchor, Ink, Layer, Page, Pen, Place, Shape, Text};

/// Millimetres in a point.
const MM: f64 = 25.4 / 72.0;

/// The page as a file. `title` and `description` are for search and for readers that speak.
pub(crate) fn write(page: &Page, title: &str, description: &str) -> String {
    let (width, height) = (number(page.width), number(page.height));
    let mut out = String::with_capacity(16_384);
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" font-family=\"{FAMILY}, Arial, Helvetica, sans-serif\">\n<title>{}</title>\n<desc>{}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            number(page.width * MM),
            number(page.height * MM),
            escaped(title),
            escaped(description)
        ),
    );
    let mut open = None;
    for (layer, shape) in &page.shapes {
        if open != Some(*layer) {
            if open.is_some() {
                out.push_str("</g>\n");
            }
            put(&mut out, format_args!("<g class=\"{}\">\n", class(*layer)));
            open = Some(*layer);
        }
        write_shape(&mut out, shape);
    }
    if open.is_some() {
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn put(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("a string takes everything");
}

fn class(layer: Layer) -> &'static str {
    match layer {
        Layer::Background => "background",
        Layer::Data => "data",
        Layer::Axes => "axes",
        Layer::Legend => "legend",
    }
}

/// Two decimals, a fiftieth of a line's width, without trailing zeros.
fn number(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn color(ink: Ink) -> String {
    let (r, g, b) = ink.rgb;
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn fill(ink: Ink) -> String {
    match ink.alpha {
        0.0 => " fill=\"none\"".into(),
        1.0 => format!(" fill=\"{}\"", color(ink)),
        alpha => format!(" fill=\"{}\" fill-opacity=\"{}\"", color(ink), number(alpha)),
    }
}

fn stroke(pen: &Pen) -> String {
    let mut out = format!(" stroke=\"{}\" stroke-width=\"{}\"", color(pen.ink), number(pen.width));
    if pen.ink.alpha < 1.0 {
        put(&mut out, format_args!(" stroke-opacity=\"{}\"", number(pen.ink.alpha)));
    }
    if !pen.dash.is_empty() {
        let dash: Vec<String> = pen.dash.iter().map(|d| number(*d)).collect();
        put(&mut out, format_args!(" stroke-dasharray=\"{}\"", dash.join(" ")));
    }
    out
}

fn points(places: &[Place]) -> String {
    let mut out = String::with_capacity(places.len() * 12);
    for (x, y) in places {
        let gap = if out.is_empty() { "" } else { " " };
        put(&mut out, format_args!("{gap}{},{}", number(*x), number(*y)));
    }
    out
}

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Line { points: p, pen } => put(
            out,
            format_args!(
                "<polyline points=\"{}\" fill=\"none\"{} stroke-linejoin=\"round\"/>\n",
                points(p),
                stroke(pen)
            ),
        ),
        Shape::Area { points: p, fill: ink, outline } => {
            let edge = outline.as_ref().map(stroke).unwrap_or_default();
            put(out, format_args!("<polygon points=\"{}\"{}{edge}/>\n", points(p), fill(*ink)));
        }
        Shape::Disc { centre: (x, y), radius, fill: ink, outline } => {
            let edge = outline.as_ref().map(stroke).unwrap_or_default();
            put(
                out,
                format_args!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}{edge}/>\n",
                    number(*x),
                    number(*y),
                    number(*radius),
                    fill(*ink)
                ),
            );
        }
        Shape::Text(text) => write_text(out, text),
    }
}

fn write_text(out: &mut String, text: &Text) {
    let (x, y) = (number(text.at.0), number(text.at.1));
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if text.bold { " font-weight=\"bold\"" } else { "" };
    let turn = if text.upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    put(
        out,
        format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"{weight}{anchor}{turn}>{}</text>\n",
            number(text.size),
            spans(&text.words, text.size)
        ),
    );
}

fn spans(words: &Words, size: f64) -> String {
    let head = escaped(&words.head);
    if words.sup.is_empty() {
        return head;
    }
    let rise = number(Words::sup_rise(size));
    let sup = format!(
        "<tspan dy=\"-{rise}\" font-size=\"{}\">{}</tspan>",
        number(Words::sup_size(size)),
        escaped(&words.sup)
    );
    let tail = if words.tail.is_empty() {
        String::new()
    } else {
        format!("<tspan dy=\"{rise}\">{}</tspan>", escaped(&words.tail))
    };
    format!("{head}{sup}{tail}")
}

/// Without the characters that mean something in XML, and those that it does not allow.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(12.0), "12");
        assert_eq!(number(0.25), "0.25");
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(89.000_02), "89");
    }

    #[test]
    fn names_cannot_break_the_file() {
        assert_eq!(escaped("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot; ");
    }

    #[test]
    fn superscripts_go_up_and_the_rest_comes_down_again() {
        let words = Words { head: "Rate (10".into(), sup: "3".into(), tail: " packets/s)".into() };
        assert_eq!(
            spans(&words, 7.0),
            "Rate (10<tspan dy=\"-2.38\" font-size=\"5\">3</tspan><tspan dy=\"2.38\"> packets/s)</tspan>"
        );
    }
}
