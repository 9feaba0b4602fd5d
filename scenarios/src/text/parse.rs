//! Reads TOML into a tree of which every part knows its place.

use std::collections::BTreeSet;
use std::ops::Range;

use sim_core::config::{Diagnostic, Diagnostics, Key, Node, Span, Tree};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The code of a key or table that is given a second time: the first one is taken, so that all the rest can be read.
pub const GIVEN_TWICE: &str = "E0004";

/// Reads the `text` of the source of index `source`; all syntax errors are reported, and what could be read is returned.
pub fn parse(source_name: &str, text: &str, source: u32) -> (Node, Diagnostics) {
    let mut found = Diagnostics::default();
    if text.len() as u64 > super::FILE_LIMIT {
        let message = format!("`{source_name}` is larger than {} MiB", super::FILE_LIMIT >> 20);
        found.push(Diagnostic::error("E0003", Span { source, ..Span::default() }, message, ""));
        return (Node { tree: Tree::Table(Vec::new()), span: Span { source, ..Span::default() } }, found);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    // After one slip the reader is out of step up to the end of the line, and in an array without an end up to that of the
    // file.
    let endless = errors.iter().any(|e| e.message().starts_with("unclosed array"));
    let mut lines = BTreeSet::new();
    for e in errors {
        let span = place(source, &e.span().unwrap_or(text.len()..text.len()));
        let d = syntax_error(text, span, e.message());
        let in_it = endless && d.message.contains("array");
        if d.code == GIVEN_TWICE || lines.insert(line_start(text, span)) {
            found.push(if in_it { d.help("is there a `]` missing?") } else { d });
        }
        if in_it {
            break;
        }
    }
    let mut reader = Reader { source, found };
    let root = Node { tree: reader.table(table.get_ref()), span: place(source, &(0..text.len())) };
    (root, reader.found)
}

fn place(source: u32, range: &Range<usize>) -> Span {
    Span { source, start: range.start as u32, end: range.end as u32 }
}

/// The reader says "what is wrong, expected what"; the second half goes under the underline.
fn syntax_error(text: &str, span: Span, said: &str) -> Diagnostic {
    let (what, expected) = said.split_once(", expected ").unwrap_or((said, ""));
    if let Some(help) = unquoted(text, span) {
        return Diagnostic::error("E0001", span, what, "a string without quotes").help(help);
    }
    let found = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    if what == "duplicate key" {
        let message = format!("`{found}` is given twice");
        return Diagnostic::error(GIVEN_TWICE, span, message, "the second time")
            .help("put all keys of a table in one place");
    }
    let label = if expected.is_empty() { String::new() } else { format!("expected {expected}") };
    let d = Diagnostic::error("E0001", span, what, label);
    if expected == "`=`" { d.help("a key is one word, or in quotes: `\"two words\" = ...`") } else { d }
}

/// Where the line of a place begins.
fn line_start(text: &str, span: Span) -> usize {
    let at = super::source::floor_boundary(text, span.start as usize);
    text[..at].rfind('\n').map_or(0, |i| i + 1)
}

/// The most common slip: a value with a unit, but without quotes.
fn unquoted(text: &str, span: Span) -> Option<String> {
    let line = text[line_start(text, span)..].lines().next()?.split('#').next()?;
    let value = line.split_once('=')?.1.trim();
    let bare = value.starts_with(|c: char| c.is_ascii_digit() || c == '-') && value.contains(char::is_alphabetic);
    (bare && !value.contains(['"', '\'', '[', '{'])).then(|| format!("write `\"{value}\"`, in quotes"))
}

struct Reader {
    source: u32,
    found: Diagnostics,
}

impl Reader {
    fn table(&mut self, table: &DeTable<'_>) -> Tree {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(table.len());
        for (key, value) in table {
            let span = place(self.source, &key.span());
            if let Some(node) = self.value(value) {
                entries.push((Key { name: key.get_ref().to_string(), span }, node));
            }
        }
        // The reader sorts by name; findings and the resolved scenario follow the file.
        entries.sort_by_key(|(key, _)| key.span.start);
        Tree::Table(entries)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Node> {
        let span = place(self.source, &value.span());
        let tree = match value.get_ref() {
            DeValue::String(s) => Tree::Str(s.to_string()),
            DeValue::Boolean(b) => Tree::Bool(*b),
            DeValue::Array(items) => Tree::Array(items.iter().filter_map(|v| self.value(v)).collect()),
            DeValue::Table(t) => self.table(t),
            DeValue::Integer(i) => match i64::from_str_radix(&i.as_str().replace('_', ""), i.radix()) {
                Ok(i) => Tree::Int(i),
                Err(_) => return self.refuse(span, "this whole number is too large", "beyond 64 bits", None),
            },
            DeValue::Float(x) => match x.as_str().replace('_', "").parse::<f64>() {
                Ok(f) if f.is_finite() || x.as_str().contains("inf") || x.as_str().contains("nan") => Tree::Float(f),
                _ => return self.refuse(span, "this number is too large", "beyond 64-bit floating point", None),
            },
            DeValue::Datetime(_) => {
                let help = "put it in quotes if it is a name; simulated time starts at zero and has no calendar";
                return self.refuse_date(span, help);
            }
        };
        Some(Node { tree, span })
    }

    fn refuse_date(&mut self, span: Span, help: &str) -> Option<Node> {
        let message = "dates and times of day are not used in scenarios";
        self.found.push(Diagnostic::error("E0002", span, message, "a TOML date").help(help));
        None
    }

    fn refuse(&mut self, span: Span, message: &str, label: &str, help: Option<&str>) -> Option<Node> {
        let mut d = Diagnostic::error("E0001", span, message, label);
        d.help = help.map(str::to_owned);
        self.found.push(d);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_know_their_places_and_their_order() {
        let text = "[z]\nrate = \"5 ms\"\n[a.b]\nx = [1, 2.5]\n";
        let (root, found) = parse("f", text, 7);
        assert!(found.is_empty(), "{found:?}");
        let Tree::Table(entries) = &root.tree else { panic!() };
        assert_eq!(entries.iter().map(|(k, _)| k.name.as_str()).collect::<Vec<_>>(), ["z", "a"]);
        let rate = root.get("z").unwrap().get("rate").unwrap();
        assert_eq!((&text[rate.span.start as usize..rate.span.end as usize], rate.span.source), ("\"5 ms\"", 7));
        let z = root.get("z").unwrap().span;
        assert_eq!(&text[z.start as usize..z.end as usize], "[z]");
        let b = root.get("a").unwrap().get("b").unwrap();
        assert_eq!(&text[b.span.start as usize..b.span.end as usize], "[a.b]");
        let x = b.get("x").unwrap();
        assert!(matches!(&x.tree, Tree::Array(v) if v[0].tree == Tree::Int(1) && v[1].tree == Tree::Float(2.5)));
    }

    #[test]
    fn all_syntax_errors_come_in_one_pass() {
        let text = "a = 10 Mbit/s\nb = \nc = 1979-05-27\nd = 99999999999999999999\nd2 = 1e999\na = 2\ngood = 1\n";
        let (root, found) = parse("f", text, 0);
        let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
        assert!(
            codes.iter().filter(|c| **c == "E0001").count() >= 4
                && codes.contains(&GIVEN_TWICE)
                && codes.contains(&"E0002"),
            "{found:#?}"
        );
        assert_eq!(found.iter().find_map(|d| d.help.clone()).unwrap(), "write `\"10 Mbit/s\"`, in quotes");
        assert!(found.iter().any(|d| d.message == "`a` is given twice"), "{found:#?}");
        assert_eq!(root.get("good").unwrap().tree, Tree::Int(1));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read_any(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn any_text_like_toml_is_read_without_a_panic(text in "[]\\[{}=.,\"'a-c0-9 \n#é\\\\-]{0,80}") {
            read_any(&text);
        }
    }

    fn read_any(text: &str) {
        let mut sources = super::super::Sources::default();
        let source = sources.add("f", text);
        let (_, found) = parse("f", text, source);
        assert_eq!(super::super::render(&found, &sources, false).is_empty(), found.is_empty());
    }
}
