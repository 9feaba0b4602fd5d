//! The XML of a model, with places for messages.

use std::ops::Range;

use roxmltree::{Document, Error, Node, ParsingOptions, TextPos};
use sim_core::config::{Diagnostic, Span};

use super::guard;

/// Elements, attributes, texts and comments.
const NODES_MAX: u32 = 2_000_000;

/// An element.
pub(super) type Element<'a> = Node<'a, 'a>;

/// What is not XML, or would be too much work.
const NOT_XML: &str = "E0701";
/// What SBML has and counts of molecules have not, or not here.
pub(super) const UNSUPPORTED: &str = "E0703";
/// What is not as SBML has it.
pub(super) const INVALID: &str = "E0704";

/// Parses `text`.
///
/// Fails if it is not XML, or asks too much of its reader.
pub(super) fn parse(text: &str) -> Result<Document<'_>, Diagnostic> {
    guard::check(text).map_err(|e| {
        let message = format!("the file has {}", e.what);
        Diagnostic::error(NOT_XML, span(&e.at), message, "not in a model").help("SBML needs none of it: remove it")
    })?;
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|e| {
        let at = if matches!(e, Error::NodesLimitReached) { 0 } else { byte_at(text, e.pos()) };
        let said = e.to_string();
        // The reader's messages end in "at LINE:COLUMN", which the place says already.
        let said = said.rsplit_once(" at ").filter(|s| s.1.contains(':')).map_or(said.as_str(), |s| s.0);
        let d = Diagnostic::error(NOT_XML, span(&(at..at + 1)), format!("not XML: {said}"), "cannot be read");
        d.help("an SBML file is an XML document whose root is <sbml>")
    })
}

fn byte_at(text: &str, at: TextPos) -> usize {
    let line = text.split_inclusive('\n').take(at.row as usize - 1).map(str::len).sum::<usize>();
    let columns = text[line..].char_indices().nth(at.col as usize - 1);
    columns.map_or(text.len().saturating_sub(1), |c| line + c.0)
}

pub(super) fn span(range: &Range<usize>) -> Span {
    Span { source: 0, start: range.start as u32, end: range.end as u32 }
}

/// The place of an element: its start tag up to the name's end.
pub(super) fn place(e: Element<'_>) -> Span {
    let start = e.range().start;
    span(&(start..start + 1 + e.tag_name().name().len()))
}

/// The place of an attribute's value, or that of the element if it has none.
pub(super) fn place_of(e: Element<'_>, attribute: &str) -> Span {
    e.attribute_node(attribute).map_or_else(|| place(e), |a| span(&a.range_value()))
}

pub(super) fn invalid(at: Span, message: impl Into<String>, expected: impl Into<String>) -> Diagnostic {
    Diagnostic::error(INVALID, at, message, expected)
}

/// That something is not supported, by its name in SBML.
pub(super) fn unsupported(at: Span, what: impl std::fmt::Display, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error(UNSUPPORTED, at, format!("{what} is not supported"), "not in this simulator").help(help)
}

/// The children that are elements of SBML itself (or of `MathML`), not of a package or annotation.
pub(super) fn children(e: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    let own = e.tag_name().namespace();
    e.children().filter(move |c| c.is_element() && c.tag_name().namespace() == own)
}

/// The child called `name`.
pub(super) fn child<'a>(e: Element<'a>, name: &str) -> Option<Element<'a>> {
    children(e).find(|c| c.tag_name().name() == name)
}

/// The elements of the list called `name`, apart from notes.
pub(super) fn list<'a>(e: Element<'a>, name: &str) -> Vec<Element<'a>> {
    let items = child(e, name).into_iter().flat_map(children);
    items.filter(|c| !matches!(c.tag_name().name(), "notes" | "annotation")).collect()
}

/// The `math` of an element.
///
/// Fails if it has none.
pub(super) fn math(e: Element<'_>) -> Result<Element<'_>, Diagnostic> {
    let math = e.children().find(|c| c.is_element() && c.tag_name().name() == "math");
    let operand = math.and_then(|m| m.children().find(Element::is_element));
    operand.ok_or_else(|| invalid(place(e), format!("<{}> has no formula", e.tag_name().name()), "expected <math>"))
}

/// The identifier under `attribute`.
///
/// Fails if there is none, or if it is none.
pub(super) fn id<'a>(e: Element<'a>, attribute: &str) -> Result<&'a str, Diagnostic> {
    let name = e.tag_name().name();
    let Some(id) = e.attribute(attribute) else {
        return Err(invalid(place(e), format!("<{name}> has no `{attribute}`"), "needs one"));
    };
    let mut letters = id.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if starts && letters.all(|c| c.is_ascii_alphanumeric() || c == '_') && id.len() <= 200 {
        return Ok(id);
    }
    let message = format!("`{}` is no identifier", id.escape_debug());
    Err(invalid(place_of(e, attribute), message, "expected letters, digits and `_`"))
}

/// The number under `attribute`, if given.
///
/// Fails if it is no number.
pub(super) fn number(e: Element<'_>, attribute: &str) -> Result<Option<f64>, Diagnostic> {
    let Some(text) = e.attribute(attribute) else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(Some(x)),
        _ => {
            let message = format!("`{attribute}` is `{}`, which is no number", text.escape_debug());
            Err(invalid(place_of(e, attribute), message, "expected a finite number"))
        }
    }
}

/// The same where infinity is a number.
pub(super) fn number_or_infinity(e: Element<'_>, attribute: &str) -> Result<Option<f64>, Diagnostic> {
    match e.attribute(attribute).map(str::trim) {
        Some("INF") => Ok(Some(f64::INFINITY)),
        Some("-INF") => Ok(Some(f64::NEG_INFINITY)),
        _ => number(e, attribute),
    }
}

/// The truth value under `attribute`, or `default`.
///
/// Fails if it is none.
pub(super) fn flag(e: Element<'_>, attribute: &str, default: bool) -> Result<bool, Diagnostic> {
    match e.attribute(attribute).map(str::trim) {
        None => Ok(default),
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(other) => {
            let message = format!("`{attribute}` is `{}`", other.escape_debug());
            Err(invalid(place_of(e, attribute), message, "expected `true` or `false`"))
        }
    }
}
