//! An input text as a tree whose every part knows where it stands.

use super::diagnostic::Span;

/// A key with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key's text.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub tree: Tree,
    /// Where it stands.
    pub span: Span,
}

/// A value as TOML has them (dates are refused when the text is read).
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A string.
    Str(String),
    /// A whole number.
    Int(i64),
    /// A number with a point, an exponent, `inf` or `nan`.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An array.
    Array(Vec<Node>),
    /// A table; keys in the order of the text.
    Table(Vec<(Key, Node)>),
}

impl Node {
    /// The value under `key`, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.tree {
            Tree::Table(t) => t.iter().find(|(k, _)| k.name == key).map(|(_, v)| v),
            _ => None,
        }
    }
    /// The value under `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.tree {
            Tree::Table(t) => t.iter_mut().find(|(k, _)| k.name == key).map(|(_, v)| v),
            _ => None,
        }
    }
    /// What this is, in words for a message: "a string", "a table".
    pub fn describe(&self) -> &'static str {
        match self.tree {
            Tree::Str(_) => "a string",
            Tree::Int(_) => "a whole number",
            Tree::Float(_) => "a number",
            Tree::Bool(_) => "a truth value",
            Tree::Array(_) => "an array",
            Tree::Table(_) => "a table",
        }
    }
}
