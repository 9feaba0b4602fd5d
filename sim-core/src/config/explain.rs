//! Words for declared types, and what to write instead of a value that does not fit.

use super::{Node, Tree, Type};
use crate::quantity::{Dimension, Quantity};

/// How well the TOML type of a value fits a declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    No,
    Perhaps,
    Likely,
}

/// How likely it is that `node` was meant as a `ty`.
pub(super) fn fit(node: &Node, ty: &Type) -> Fit {
    let numeric = |s: &str| s.trim_start().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    match (ty, &node.tree) {
        (Type::Quantity(_) | Type::Signed(_), Tree::Str(s)) => likely(numeric(s)),
        (Type::Choice(_) | Type::Reference(_) | Type::Text, Tree::Str(s)) => likely(!numeric(s)),
        (Type::Quantity(d) | Type::Signed(d), Tree::Int(_) | Tree::Float(_)) => likely(d.contains(&Dimension::NUMBER)),
        (Type::Number { .. }, Tree::Int(_) | Tree::Float(_))
        | (Type::Integer { .. }, Tree::Int(_))
        | (Type::Bool, Tree::Bool(_))
        | (Type::List(_), Tree::Array(_))
        | (Type::Map(_), Tree::Table(_))
        | (Type::Any, _) => Fit::Likely,
        (Type::Kind(_), Tree::Table(_)) => likely(node.get("kind").is_some()),
        (Type::Record(fields), Tree::Table(_)) => likely(fields.iter().any(|f| node.get(f.name).is_some())),
        (Type::OneOf(types), _) => types.iter().map(|t| fit(node, t)).max().unwrap_or(Fit::No),
        _ => Fit::No,
    }
}

/// The words of all choices among `types`.
pub(super) fn choices(types: &[Type]) -> impl Iterator<Item = &'static str> {
    let words = |ty: &Type| if let Type::Choice(words) = ty { *words } else { &[] };
    types.iter().flat_map(move |ty| words(ty).iter().copied())
}

/// Whether a value stands for "no limit".
pub(super) fn is_boundless(node: &Node) -> bool {
    const WORDS: [&str; 12] = [
        "inf",
        "infinity",
        "infinite",
        "\u{221e}",
        "unlimited",
        "unbounded",
        "endless",
        "limitless",
        "no limit",
        "nolimit",
        "never",
        "off",
    ];
    match &node.tree {
        Tree::Float(x) => *x == f64::INFINITY,
        Tree::Str(s) => {
            let text = s.trim().trim_start_matches('+').to_lowercase();
            let first = text.split([' ', '_', '-']).next().unwrap_or_default();
            WORDS.contains(&text.as_str()) || WORDS.contains(&first)
        }
        _ => false,
    }
}

fn likely(yes: bool) -> Fit {
    if yes { Fit::Likely } else { Fit::Perhaps }
}

/// What a type takes, with an article: "a time", "\"a\" or \"b\"".
pub(super) fn expectation(ty: &Type) -> String {
    one_of(alternatives(ty).into_iter())
}

fn alternatives(ty: &Type) -> Vec<String> {
    let one = match ty {
        Type::Quantity(d) | Type::Signed(d) => return d.iter().map(|d| d.describe().to_owned()).collect(),
        Type::Choice(choices) => return choices.iter().map(|c| format!("\"{c}\"")).collect(),
        Type::OneOf(types) => return types.iter().flat_map(alternatives).collect(),
        Type::Number { .. } => "a number".to_owned(),
        Type::Integer { .. } => "a whole number".to_owned(),
        Type::Bool => "`true` or `false`".to_owned(),
        Type::Text => "a string".to_owned(),
        Type::Reference(section) => format!("the name of a {section}"),
        Type::List(_) => "an array".to_owned(),
        Type::Map(_) | Type::Record(_) => "a table".to_owned(),
        Type::Kind(family) => format!("a table with a `kind` of {family}"),
        Type::Any => "any value".to_owned(),
    };
    vec![one]
}

/// "a", "a or b", "a, b or c", without repetitions.
pub(super) fn one_of(parts: impl Iterator<Item = String>) -> String {
    let mut unique: Vec<String> = Vec::new();
    for part in parts.filter(|p| !p.is_empty()) {
        if !unique.contains(&part) {
            unique.push(part);
        }
    }
    let Some(last) = unique.pop() else { return "nothing".to_owned() };
    if unique.is_empty() { last } else { format!("{} or {last}", unique.join(", ")) }
}

/// A TOML value that a type takes.
pub(super) fn example(ty: &Type) -> String {
    match ty {
        Type::Quantity(d) | Type::Signed(d) => {
            format!("\"{}\"", d.first().map(|f| f.example_among(d)).unwrap_or_default())
        }
        Type::Number { min, max } => format!("{:?}", 1_f64.clamp(*min, max.max(*min))),
        Type::Integer { min, max } => 1.clamp(*min, *max.max(min)).to_string(),
        Type::Bool => "true".to_owned(),
        Type::Text => "\"...\"".to_owned(),
        Type::Choice(choices) => format!("\"{}\"", choices.first().unwrap_or(&"...")),
        Type::Reference(section) => format!("\"{}\"", section.to_uppercase()),
        Type::List(item) => format!("[{}]", example(item)),
        Type::Map(item) => format!("{{ NAME = {} }}", example(item)),
        Type::Record(fields) => {
            let required = fields.iter().filter(|f| matches!(f.presence, super::Presence::Required));
            let inner: Vec<String> = required.map(|f| format!("{} = {}", f.name, example(&f.ty))).collect();
            if inner.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", inner.join(", ")) }
        }
        Type::Kind(_) => "{ kind = \"...\" }".to_owned(),
        Type::OneOf(types) => types.first().map(example).unwrap_or_default(),
        Type::Any => "...".to_owned(),
    }
}

/// What to write instead of a value of the wrong TOML type, if that is plain.
pub(super) fn repair(node: &Node, ty: &Type) -> Option<String> {
    match (ty, &node.tree) {
        (Type::Number { .. }, Tree::Str(s)) if s.trim().parse::<f64>().is_ok() => {
            Some(format!("remove the quotes: `{}`", s.trim()))
        }
        (Type::Integer { .. }, Tree::Str(s)) if s.trim().parse::<i64>().is_ok() => {
            Some(format!("remove the quotes: `{}`", s.trim()))
        }
        (Type::Integer { .. }, Tree::Float(x)) if x.fract() == 0.0 && x.abs() < 1e15 => {
            Some(format!("write it without a point: `{}`", *x as i64))
        }
        (Type::Bool, Tree::Str(s)) if s == "true" || s == "false" => Some(format!("remove the quotes: `{s}`")),
        (Type::Bool, Tree::Str(_) | Tree::Int(_)) => Some("write `true` or `false`, without quotes".to_owned()),
        (Type::Text | Type::Choice(_) | Type::Reference(_), Tree::Int(_) | Tree::Float(_) | Tree::Bool(_)) => {
            Some("put it in quotes".to_owned())
        }
        (Type::List(_), Tree::Str(s)) => Some(format!("write `[\"{s}\"]`")),
        (Type::OneOf(types), Tree::Int(_) | Tree::Float(_)) => types.iter().find_map(|t| match t {
            Type::Quantity(d) | Type::Signed(d) => with_unit(node, d),
            _ => repair(node, t),
        }),
        (Type::OneOf(types), _) => types.iter().find_map(|t| repair(node, t)),
        _ => None,
    }
}

/// A bare number, quoted and with a unit of the first of `dimensions`: the usual one, but where that is a large multiple of
/// the base unit and so is the number, the base unit (10000000 at a rate is meant in bit/s, 10 in Mbit/s).
pub(super) fn with_unit(node: &Node, dimensions: &[Dimension]) -> Option<String> {
    const LARGE: f64 = 1000.0;
    let dimension = dimensions.first()?;
    let example = dimension.example_among(dimensions);
    let (number, written) = match &node.tree {
        Tree::Int(i) => (*i as f64, i.to_string()),
        Tree::Float(x) if x.is_finite() => (*x, x.to_string()),
        _ => return Some(format!("for example `\"{example}\"`")),
    };
    let usual = example.split_once(' ').map_or("", |(_, unit)| unit);
    let is_multiple = Quantity::parse(&format!("1 {usual}")).is_ok_and(|one| one.value >= LARGE);
    let base = dimension.to_string();
    let unit = if is_multiple && number.abs() >= LARGE { &base } else { usual };
    Some(format!("write it with a unit and in quotes, for example `\"{written} {unit}\"`"))
}

/// "between 0 and 1", "at least 0", "at most 9".
pub(super) fn bounds(min: f64, max: f64) -> String {
    match (min > f64::MIN, max < f64::MAX) {
        (true, true) => format!("between {min} and {max}"),
        (true, false) => format!("at least {min}"),
        (false, _) => format!("at most {max}"),
    }
}

/// As [`bounds`], for whole numbers.
pub(super) fn integer_bounds(min: i64, max: i64) -> String {
    match (min > i64::MIN, max < i64::MAX) {
        (true, true) => format!("between {min} and {max}"),
        (true, false) => format!("at least {min}"),
        (false, _) => format!("at most {max}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_listed_once() {
        let d = &[Dimension::TIME, Dimension::RATE, Dimension::TIME];
        assert_eq!(expectation(&Type::Quantity(d)), "a time or a rate");
        assert_eq!(expectation(&Type::Choice(&["a", "b", "c"])), "\"a\", \"b\" or \"c\"");
        assert_eq!(one_of(std::iter::empty()), "nothing");
    }

    #[test]
    fn examples_keep_to_the_bounds() {
        assert_eq!(example(&Type::Integer { min: 5, max: 9 }), "5");
        assert_eq!(example(&Type::Number { min: 0.0, max: 0.5 }), "0.5");
        assert_eq!(bounds(0.0, f64::INFINITY), "at least 0");
    }
}
