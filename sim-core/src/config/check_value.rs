//! Checks one value against its declared type.

use super::check::{Checker, join};
use super::explain::{self, Fit};
use super::{Data, Diagnostic, Diagnostics, Node, Span, Table, Tree, Type, Value, did_you_mean, nearest};
use crate::quantity::{Dimension, Quantity, QuantityError};

impl Checker<'_> {
    /// The checked value, or `None` after reporting why there is none.
    pub(super) fn value(&mut self, node: &Node, path: &str, ty: &Type) -> Option<Value> {
        let data = match (ty, &node.tree) {
            (Type::Quantity(dimensions), _) => self.quantity(node, path, dimensions, false),
            (Type::Signed(dimensions), _) => self.quantity(node, path, dimensions, true),
            (Type::Number { min, max }, _) => self.number(node, path, *min, *max),
            (Type::Integer { min, max }, Tree::Int(i)) => self.integer(*i, node.span, path, *min, *max),
            (Type::Bool, Tree::Bool(b)) => Some(Data::Bool(*b)),
            (Type::Text, Tree::Str(s)) => Some(Data::Text(s.clone())),
            (Type::Choice(choices), Tree::Str(s)) => self.choice(s, node.span, choices),
            (Type::Reference(section), Tree::Str(s)) => self.reference(s, node.span, section),
            (Type::List(item), Tree::Array(nodes)) => Some(self.list(nodes, path, item)),
            (Type::Map(item), Tree::Table(_)) => Some(self.map(node, path, item)),
            (Type::Record(fields), _) => self.table(node, path, &[fields]).map(Data::Table),
            (Type::Kind(family), _) => self.kind_table(node, path, family, &[]).map(Data::Table),
            (Type::OneOf(types), _) => return self.one_of(node, path, ty, types),
            (Type::Any, _) => Some(Data::Any(node.clone())),
            _ => self.wrong_type(node, path, ty),
        }?;
        let written = match (&data, &node.tree) {
            (Data::Quantity(_), Tree::Str(s)) => Some(s.trim().into()),
            _ => None,
        };
        Some(Value { written, ..Value::given(data, node.span) })
    }

    /// The checked value, or after a report what stands in for it.
    pub(super) fn value_or_stand_in(&mut self, node: &Node, path: &str, ty: &Type) -> Value {
        self.value(node, path, ty).unwrap_or_else(|| self.stand_in(ty, Some(node), path, node.span))
    }

    /// A likely value of a type in the place of one that is missing or was refused, so that what depends on it can go on.
    pub(super) fn stand_in(&mut self, ty: &Type, given: Option<&Node>, path: &str, span: Span) -> Value {
        let empty = Node { tree: Tree::Table(Vec::new()), span };
        let text = if let Some(Tree::Str(s)) = given.map(|n| &n.tree) { s.as_str() } else { "?" };
        // Where tables are too deep in each other, the stand-in begins anew.
        let depth = std::mem::replace(&mut self.depth, 0);
        let data = match ty {
            Type::Quantity(d) | Type::Signed(d) => {
                let example = d.first().and_then(|d| Quantity::parse(&d.example()).ok());
                example.or_else(|| Quantity::from_value(1.0, *d.first()?)).map_or(Data::Number(1.0), Data::Quantity)
            }
            Type::Number { min, max } => Data::Number(1_f64.max(*min).min(*max)),
            Type::Integer { min, max } => Data::Integer(1.max(*min).min(*max)),
            Type::Bool => Data::Bool(false),
            Type::Choice(choices) => Data::Text(choices.first().copied().unwrap_or_default().to_owned()),
            Type::Text => Data::Text(text.to_owned()),
            Type::Reference(section) => {
                let known = self.names.as_ref().and_then(|n| n.get(section)).map_or(&[][..], Vec::as_slice);
                let near = nearest(text, known.iter().map(String::as_str));
                Data::Text(near.or(known.first().map(String::as_str)).unwrap_or(text).to_owned())
            }
            Type::List(_) => Data::List(Vec::new()),
            Type::Map(_) => Data::Table(Table::new(path, span)),
            Type::Record(fields) => Data::Table(self.muted(|c| c.table(&empty, path, &[fields])).unwrap_or_default()),
            Type::Kind(family) => {
                Data::Table(self.muted(|c| c.kind_table(&empty, path, family, &[])).unwrap_or_default())
            }
            Type::OneOf(types) => match types.first() {
                Some(first) => self.stand_in(first, given, path, span).data,
                None => Data::Any(empty),
            },
            Type::Any => Data::Any(empty),
        };
        self.depth = depth;
        Value { wrong: true, ..Value::given(data, span) }
    }

    fn wrong_type(&mut self, node: &Node, path: &str, ty: &Type) -> Option<Data> {
        let expected = explain::expectation(ty);
        let label = format!("`{path}` takes {expected}");
        let message = format!("expected {expected}, found {}", node.describe());
        let mut d = Diagnostic::error("E0104", node.span, message, label);
        d.help = explain::repair(node, ty);
        self.report(d);
        None
    }

    fn quantity(&mut self, node: &Node, path: &str, dimensions: &[Dimension], signed: bool) -> Option<Data> {
        let number = |x: f64| Quantity::from_value(x, Dimension::NUMBER);
        let bare = dimensions.contains(&Dimension::NUMBER);
        let parsed = match &node.tree {
            Tree::Str(s) => match Quantity::parse(s) {
                Ok(q) => Some(q),
                Err(e) => return self.unreadable(node, s, &e, dimensions),
            },
            Tree::Int(i) if bare => Quantity::ratio(i128::from(*i), 1, Dimension::NUMBER),
            Tree::Float(x) if bare => number(*x),
            _ => None,
        };
        let Some(q) = parsed else {
            let ty = if signed { "a string with a number and a unit" } else { "a string with a unit" };
            let expected = explain::one_of(dimensions.iter().map(|d| d.describe().to_owned()));
            let message = format!("expected {expected}, found {}", node.describe());
            let mut d = Diagnostic::error("E0104", node.span, message, format!("`{path}` takes {ty}"));
            d.help = explain::with_unit(node, dimensions);
            self.report(d);
            return None;
        };
        if !dimensions.contains(&q.dimension) {
            return self.wrong_dimension(node, path, q, dimensions);
        }
        if !signed && q.exact.0 < 0 {
            let message = format!("{} cannot be negative", q.dimension.describe());
            let d = Diagnostic::error("E0203", node.span, message, format!("`{path}` is zero or more"));
            self.report(d.help(format!("for example `{}`", q.dimension.example_among(dimensions))));
            return None;
        }
        Some(Data::Quantity(q))
    }

    fn unreadable(&mut self, node: &Node, text: &str, e: &QuantityError, dimensions: &[Dimension]) -> Option<Data> {
        let expected = explain::one_of(dimensions.iter().map(|d| d.describe().to_owned()));
        let label = format!("expected {expected}");
        let mut d = Diagnostic::error("E0202", within(node.span, text, &e.range), e.message.clone(), label);
        let example = dimensions.first().map(|d| d.example_among(dimensions));
        d.help = e.hint.clone().or_else(|| example.map(|e| format!("write a number, then its unit: `{e}`")));
        self.report(d);
        None
    }

    fn wrong_dimension(&mut self, node: &Node, path: &str, q: Quantity, wanted: &[Dimension]) -> Option<Data> {
        let expected = explain::one_of(wanted.iter().map(|d| d.describe().to_owned()));
        let message = format!("expected {expected}, found {}", q.dimension.describe());
        let label = match q.dimension {
            Dimension::NUMBER => "the unit is missing".to_owned(),
            d => format!("this is in {d}"),
        };
        let example = wanted.first().map(|d| d.example_among(wanted)).unwrap_or_default();
        let help = format!("`{path}` takes {expected}, for example `{example}`");
        self.report(Diagnostic::error("E0201", node.span, message, label).help(help));
        None
    }

    fn number(&mut self, node: &Node, path: &str, min: f64, max: f64) -> Option<Data> {
        let x = match &node.tree {
            Tree::Int(i) => *i as f64,
            Tree::Float(x) => *x,
            Tree::Str(s) if s.ends_with('%') => match Quantity::parse(s) {
                Ok(q) if q.dimension == Dimension::NUMBER => q.value,
                _ => return self.wrong_type(node, path, &Type::Number { min, max }),
            },
            _ => return self.wrong_type(node, path, &Type::Number { min, max }),
        };
        if !x.is_finite() {
            let message = "expected a finite number";
            self.report(Diagnostic::error("E0204", node.span, message, format!("`{path}` must be finite")));
            return None;
        }
        if x < min || x > max {
            return self.out_of_bounds(node.span, path, &explain::bounds(min, max), x.clamp(min, max));
        }
        Some(Data::Number(x))
    }

    fn integer(&mut self, i: i64, span: Span, path: &str, min: i64, max: i64) -> Option<Data> {
        if i < min || i > max {
            return self.out_of_bounds(span, path, &explain::integer_bounds(min, max), i.clamp(min, max));
        }
        Some(Data::Integer(i))
    }

    fn out_of_bounds(&mut self, span: Span, path: &str, bounds: &str, nearest: impl std::fmt::Display) -> Option<Data> {
        let message = format!("`{path}` is out of bounds");
        let d = Diagnostic::error("E0108", span, message, format!("must be {bounds}"));
        self.report(d.help(format!("the nearest is `{nearest}`")));
        None
    }

    fn choice(&mut self, text: &str, span: Span, choices: &[&'static str]) -> Option<Data> {
        if choices.contains(&text) {
            return Some(Data::Text(text.to_owned()));
        }
        let all = format!("choices: {}", choices.join(", "));
        let help = did_you_mean(text, choices.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}"));
        let message = format!("`{text}` is not one of the choices");
        self.report(Diagnostic::error("E0109", span, message, "not known here").help(help));
        None
    }

    fn reference(&mut self, text: &str, span: Span, section: &str) -> Option<Data> {
        let Some(known) = self.names.as_ref().and_then(|n| n.get(section)) else {
            return Some(Data::Text(text.to_owned()));
        };
        if known.iter().any(|n| n == text) {
            return Some(Data::Text(text.to_owned()));
        }
        if self.lost.iter().any(|n| n == text) {
            return None;
        }
        let help = match did_you_mean(text, known.iter().map(String::as_str)) {
            Some(near) => near,
            None if known.is_empty() => format!("declare it with `[{section}.{text}]`"),
            None => format!("there are: {}", known.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("there is no {section} `{text}`");
        let label = format!("not a `[{section}.NAME]` of this scenario");
        self.report(Diagnostic::error("E0106", span, message, label).help(help));
        None
    }

    fn list(&mut self, nodes: &[Node], path: &str, item: &Type) -> Data {
        let each = nodes.iter().enumerate();
        Data::List(each.map(|(i, n)| self.value_or_stand_in(n, &join(path, &i.to_string()), item)).collect())
    }

    fn map(&mut self, node: &Node, path: &str, item: &Type) -> Data {
        let mut table = Table::new(path, node.span);
        let Tree::Table(given) = &node.tree else { return Data::Table(table) };
        for (key, n) in given {
            let value = self.value_or_stand_in(n, &join(path, &key.name), item);
            table.entries.push((key.name.clone(), key.span, value));
        }
        Data::Table(table)
    }

    /// The first type that takes the value; if none does, the findings of the one that was most likely meant.
    fn one_of(&mut self, node: &Node, path: &str, ty: &Type, types: &[Type]) -> Option<Value> {
        if explain::is_boundless(node) && explain::choices(types).any(|c| c == "none") {
            return self.boundless(node, path, ty);
        }
        let mut likeliest: Option<(Fit, Diagnostics)> = None;
        for alternative in types {
            let mut found = Diagnostics::default();
            let outer = std::mem::take(self.diagnostics);
            let value = self.value(node, path, alternative);
            std::mem::swap(&mut found, self.diagnostics);
            *self.diagnostics = outer;
            if !found.has_errors() && value.is_some() {
                self.diagnostics.extend(found);
                return value;
            }
            let fit = explain::fit(node, alternative);
            if likeliest.as_ref().is_none_or(|(best, _)| fit >= *best) {
                likeliest = Some((fit, found));
            }
        }
        match likeliest {
            Some((fit, found)) if fit > Fit::No => self.diagnostics.extend(found),
            _ => drop(self.wrong_type(node, path, ty)),
        }
        None
    }

    /// Infinity, where "none" is the word for it.
    fn boundless(&mut self, node: &Node, path: &str, ty: &Type) -> Option<Value> {
        let message = format!("expected {}, found {}", explain::expectation(ty), super::print::node_text(node));
        let key = path.rsplit('.').next().unwrap_or(path);
        let d = Diagnostic::error("E0104", node.span, message, format!("`{path}` has a word for it"));
        self.report(d.help(format!("write `{key} = \"none\"`")));
        None
    }
}

/// The place of a `range` of a string's bytes within `span`, if the string stands there without escapes.
fn within(span: Span, text: &str, range: &std::ops::Range<usize>) -> Span {
    let offset = match (span.end.saturating_sub(span.start) as usize).checked_sub(text.len()) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return span,
    };
    let place = |at: usize| span.start + offset + at as u32;
    // An empty range (something is missing at the end) still needs a character to underline.
    let end = range.end.max(range.start + usize::from(range.start == range.end && offset == 1));
    Span { source: span.source, start: place(range.start), end: place(end) }
}
