//! Reads the TOML literals of declared defaults: strings, numbers, truth values, arrays and inline tables.
//!
//! Declarations are code, so this covers what they use and no more: basic strings with `\"` and `\\`, no dates, no
//! dotted keys.

use super::{Key, Node, Span, Tree};

/// The tree of `text`, every part of it placed at `span`; `None` if it is no literal.
pub(super) fn literal(text: &str, span: Span) -> Option<Node> {
    let mut reader = Reader { rest: text.trim(), span };
    let node = reader.value()?;
    reader.rest.is_empty().then_some(node)
}

struct Reader<'a> {
    rest: &'a str,
    span: Span,
}

impl Reader<'_> {
    fn eat(&mut self, token: char) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest).trim_start();
        found.is_some()
    }

    fn value(&mut self) -> Option<Node> {
        let tree = match self.rest.chars().next()? {
            '"' => Tree::Str(self.string()?),
            '[' => Tree::Array(self.array()?),
            '{' => Tree::Table(self.table()?),
            _ => self.scalar()?,
        };
        Some(Node { tree, span: self.span })
    }

    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(chars.next().map(|(_, c)| c).filter(|c| matches!(c, '"' | '\\'))?),
                _ => text.push(c),
            }
        }
        None
    }

    fn array(&mut self) -> Option<Vec<Node>> {
        self.eat('[');
        let mut items = Vec::new();
        while !self.eat(']') {
            items.push(self.value()?);
            if !self.eat(',') && !self.rest.starts_with(']') {
                return None;
            }
        }
        Some(items)
    }

    fn table(&mut self) -> Option<Vec<(Key, Node)>> {
        self.eat('{');
        let mut entries = Vec::new();
        while !self.eat('}') {
            let name = if self.rest.starts_with('"') { self.string()? } else { self.bare()?.to_owned() };
            if !self.eat('=') {
                return None;
            }
            entries.push((Key { name, span: self.span }, self.value()?));
            if !self.eat(',') && !self.rest.starts_with('}') {
                return None;
            }
        }
        Some(entries)
    }

    fn scalar(&mut self) -> Option<Tree> {
        let word = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))?;
        match word {
            "true" => Some(Tree::Bool(true)),
            "false" => Some(Tree::Bool(false)),
            _ if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-')) => {
                let plain = word.replace('_', "");
                plain.parse().map(Tree::Int).ok().or_else(|| plain.parse().map(Tree::Float).ok())
            }
            _ => None,
        }
    }

    fn bare(&mut self) -> Option<&str> {
        self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    }

    fn take<'s>(&mut self, keep: impl Fn(char) -> bool) -> Option<&'s str>
    where
        Self: 's,
    {
        let end = self.rest.find(|c| !keep(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Tree> {
        literal(text, Span::default()).map(|n| n.tree)
    }

    #[test]
    fn literals_of_every_type_are_read() {
        assert_eq!(read("\"5 ms\""), Some(Tree::Str("5 ms".into())));
        assert_eq!(read(r#""a\"b\\""#), Some(Tree::Str(r#"a"b\"#.into())));
        assert_eq!(read("-1_000"), Some(Tree::Int(-1000)));
        assert_eq!(read("0.5e-3"), Some(Tree::Float(0.5e-3)));
        assert_eq!(read("true"), Some(Tree::Bool(true)));
        assert_eq!(read("[]"), Some(Tree::Array(Vec::new())));
        let table = literal(r#"{ kind = "fifo", "limit" = [1, 2,] }"#, Span::default()).unwrap();
        assert_eq!(table.get("kind").unwrap().tree, Tree::Str("fifo".into()));
        assert!(matches!(&table.get("limit").unwrap().tree, Tree::Array(a) if a.len() == 2));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for bad in ["", "fifo", "\"open", "[1 2]", "{ a 1 }", "{ a = 1", "1 2", "[", "{", "--"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
