//! Checked values: typed, units resolved, defaults filled in.
//!
//! The getters of [`Table`] take what the declaration promises. Asking for a key that was not declared so is a bug in
//! the element, hence a panic that names the key, never a user's error.

use super::diagnostic::Span;
use super::node::Node;
use crate::quantity::Quantity;

/// A checked value and where it was given.
#[derive(Clone, Debug)]
pub struct Value {
    /// The value.
    pub data: Data,
    /// Where it was given; for a default, the table that lacks it.
    pub span: Span,
    /// Whether a default stood in.
    pub defaulted: bool,
    /// Whether it stands in for one that is missing or was refused: what follows from it tells the user nothing.
    pub wrong: bool,
    /// A quantity as it was written: `"1500 B"`, where the same is `1.5 kB` too.
    pub written: Option<Box<str>>,
}

/// A checked value.
#[derive(Clone, Debug)]
pub enum Data {
    /// A number with a unit.
    Quantity(Quantity),
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A string, a choice or a reference.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A table: of a record, a map, or a kind (whose `kind` is among its keys).
    Table(Table),
    /// Whatever stood there.
    Any(Node),
}

/// A checked table; keys in the order of the file, defaults last.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its dotted path in the scenario (`link.uplink`).
    pub path: String,
    /// Where it stands.
    pub span: Span,
    /// Keys, where each stands, and values.
    pub entries: Vec<(String, Span, Value)>,
    /// Whether something that was given in it could not be taken in at all.
    pub wrong: bool,
}

impl Table {
    /// An empty table.
    pub fn new(path: impl Into<String>, span: Span) -> Self {
        Self { path: path.into(), span, ..Self::default() }
    }
    /// Whether anything in it has been found wrong.
    pub fn has_wrong(&self) -> bool {
        self.wrong || self.entries.iter().any(|(.., v)| v.has_wrong())
    }
    /// Whether the value under `key` was found wrong.
    pub fn is_wrong(&self, key: &str) -> bool {
        self.get(key).is_some_and(Value::has_wrong)
    }
    /// The value under `key`, if given or defaulted.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(k, ..)| k == key).map(|(.., v)| v)
    }
    /// Where the value under `key` stands, or the table itself.
    pub fn span_of(&self, key: &str) -> Span {
        self.get(key).map_or(self.span, |v| v.span)
    }
    fn want<'a, T>(&'a self, key: &str, what: &str, f: impl FnOnce(&'a Value) -> Option<T>) -> T {
        let Some(v) = self.get(key) else {
            panic!("{}: `{key}` was declared neither required nor with a default", self.path)
        };
        f(v).unwrap_or_else(|| panic!("{}: `{key}` was not declared as {what}", self.path))
    }
    /// The quantity under `key`.
    pub fn quantity(&self, key: &str) -> Quantity {
        self.want(key, "a quantity", Value::as_quantity)
    }
    /// The quantity under `key`, if given.
    pub fn opt_quantity(&self, key: &str) -> Option<Quantity> {
        self.get(key).and_then(Value::as_quantity)
    }
    /// The number under `key` (an integer counts).
    pub fn number(&self, key: &str) -> f64 {
        self.want(key, "a number", Value::as_number)
    }
    /// The number under `key`, if given.
    pub fn opt_number(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(Value::as_number)
    }
    /// The whole number under `key`.
    pub fn integer(&self, key: &str) -> i64 {
        self.want(key, "a whole number", Value::as_integer)
    }
    /// The whole number under `key`, if given.
    pub fn opt_integer(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Value::as_integer)
    }
    /// The truth value under `key`.
    pub fn bool(&self, key: &str) -> bool {
        self.want(key, "a truth value", Value::as_bool)
    }
    /// The truth value under `key`, if given.
    pub fn opt_bool(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }
    /// The string under `key`.
    pub fn text(&self, key: &str) -> &str {
        self.want(key, "a string", Value::as_text)
    }
    /// The string under `key`, if given.
    pub fn opt_text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_text)
    }
    /// The list under `key`; empty if not given.
    pub fn list(&self, key: &str) -> &[Value] {
        match self.get(key).map(|v| &v.data) {
            Some(Data::List(l)) => l,
            _ => &[],
        }
    }
    /// The table under `key`.
    pub fn table(&self, key: &str) -> &Table {
        self.want(key, "a table", Value::as_table)
    }
    /// The table under `key`, if given.
    pub fn opt_table(&self, key: &str) -> Option<&Table> {
        self.get(key).and_then(Value::as_table)
    }
    /// The named tables under `key`, the key of a keyed section or of a map of tables; none if not given.
    pub fn named<'a>(&'a self, key: &str) -> impl Iterator<Item = (&'a str, &'a Table)> {
        let tables = self.opt_table(key).map_or(&[][..], |t| &t.entries);
        tables.iter().filter_map(|(name, _, v)| Some((name.as_str(), v.as_table()?)))
    }
    /// The kind of a table declared as [`Type::Kind`](super::Type::Kind).
    pub fn kind(&self) -> &str {
        self.text("kind")
    }
}

impl Value {
    /// A value as it was given.
    pub fn given(data: Data, span: Span) -> Self {
        Self { data, span, defaulted: false, wrong: false, written: None }
    }
    /// Whether it, or anything in it, has been found wrong.
    pub fn has_wrong(&self) -> bool {
        self.wrong
            || match &self.data {
                Data::Table(t) => t.has_wrong(),
                Data::List(items) => items.iter().any(Self::has_wrong),
                _ => false,
            }
    }
    /// As a quantity.
    pub fn as_quantity(&self) -> Option<Quantity> {
        if let Data::Quantity(q) = self.data { Some(q) } else { None }
    }
    /// As a number.
    pub fn as_number(&self) -> Option<f64> {
        match self.data {
            Data::Number(x) => Some(x),
            Data::Integer(i) => Some(i as f64),
            _ => None,
        }
    }
    /// As a whole number.
    pub fn as_integer(&self) -> Option<i64> {
        if let Data::Integer(i) = self.data { Some(i) } else { None }
    }
    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Data::Bool(b) = self.data { Some(b) } else { None }
    }
    /// As a string.
    pub fn as_text(&self) -> Option<&str> {
        if let Data::Text(s) = &self.data { Some(s) } else { None }
    }
    /// As a table.
    pub fn as_table(&self) -> Option<&Table> {
        if let Data::Table(t) = &self.data { Some(t) } else { None }
    }
}
