//! Prints a checked scenario as TOML with every default explicit, and single values as TOML has them. Quantities keep
//! the units that they were given in.

use super::check::join;
use super::{Data, Node, Table, Tree, Value};

/// The checked scenario as TOML that checks to the same values; what defaults gave is there as comments. (Written as
/// values they would be given, and what is given counts for more: it overrides a topology's links, and rules out other
/// keys.)
pub fn resolved(scenario: &Table) -> String {
    let mut out = String::new();
    for (name, _, value) in &scenario.entries {
        section(&mut out, name, value);
    }
    out
}

fn section(out: &mut String, name: &str, value: &Value) {
    match &value.data {
        Data::Table(t) => table(out, &key_text(name), t, value.defaulted),
        Data::List(items) => {
            for item in items {
                header(out, &format!("[[{}]]", key_text(name)), item.defaulted);
                if let Data::Table(t) = &item.data {
                    body(out, &key_text(name), t, true);
                }
            }
        }
        Data::Any(Node { tree: Tree::Table(entries), .. }) => {
            header(out, &format!("[{}]", key_text(name)), value.defaulted);
            for (key, node) in entries {
                line(out, &key.name, &node_text(node), false);
            }
        }
        _ => line(out, name, &value_text(value), value.defaulted),
    }
}

fn line(out: &mut String, key: &str, value: &str, defaulted: bool) {
    let text = format!("{} = {value}", key_text(key));
    for part in text.lines() {
        out.extend([if defaulted { "# " } else { "" }, part, "\n"]);
    }
}

fn header(out: &mut String, text: &str, defaulted: bool) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.extend([if defaulted { "# " } else { "" }, text, "\n"]);
}

/// A table under its header; one that only holds tables needs none.
fn table(out: &mut String, path: &str, t: &Table, defaulted: bool) {
    if t.entries.is_empty() || t.entries.iter().any(|(.., v)| is_line(v)) {
        header(out, &format!("[{path}]"), defaulted);
    }
    body(out, path, t, false);
}

/// Lines first: behind a sub-table's header they would be the sub-table's. Within `[[...]]`, tables stay inline.
fn body(out: &mut String, path: &str, t: &Table, inline: bool) {
    for (key, _, value) in t.entries.iter().filter(|(.., v)| inline || is_line(v)) {
        line(out, key, &value_text(value), value.defaulted);
    }
    for (key, _, value) in t.entries.iter().filter(|(.., v)| !(inline || is_line(v))) {
        if let Data::Table(sub) = &value.data {
            table(out, &join(path, &key_text(key)), sub, false);
        }
    }
}

/// Whether a value stands on a line, and not under a header: all but tables that are given.
fn is_line(value: &Value) -> bool {
    value.defaulted || !is_table(value)
}

fn is_table(value: &Value) -> bool {
    matches!(value.data, Data::Table(_))
}

/// A value on one line; a list of tables has one table a line.
fn value_text(value: &Value) -> String {
    match &value.data {
        Data::Quantity(q) => value.written.as_deref().map_or_else(|| string_text(&q.to_string()), string_text),
        Data::Number(x) => float_text(*x),
        Data::Integer(i) => i.to_string(),
        Data::Bool(b) => b.to_string(),
        Data::Text(s) => string_text(s),
        Data::List(items) if items.iter().any(is_table) => {
            let lines = items.iter().map(|v| format!("  {},{}\n", value_text(v), defaults_within(v)));
            format!("[\n{}]", lines.collect::<String>())
        }
        Data::List(items) => format!("[{}]", items.iter().map(value_text).collect::<Vec<_>>().join(", ")),
        Data::Table(t) => {
            let told = t.entries.iter().filter(|(.., v)| value.defaulted || !v.defaulted);
            inline(told.map(|(k, _, v)| (k.as_str(), flat(v))))
        }
        Data::Any(node) => node_text(node),
    }
}

/// A list of tables inside an inline table must stay on its line.
fn flat(value: &Value) -> String {
    match &value.data {
        Data::List(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        _ => value_text(value),
    }
}

/// A comment with the defaults of an inline table.
fn defaults_within(value: &Value) -> String {
    let Data::Table(t) = &value.data else { return String::new() };
    let defaults = t.entries.iter().filter(|(.., v)| v.defaulted);
    let each: Vec<String> = defaults.map(|(k, _, v)| format!("{} = {}", key_text(k), flat(v))).collect();
    if each.is_empty() { String::new() } else { format!("  # default: {}", each.join(", ")) }
}

fn inline<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> = entries.map(|(k, v)| format!("{} = {v}", key_text(k))).collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// An unchecked value as TOML, on one line.
pub fn node_text(node: &Node) -> String {
    match &node.tree {
        Tree::Str(s) => string_text(s),
        Tree::Int(i) => i.to_string(),
        Tree::Float(x) => float_text(*x),
        Tree::Bool(b) => b.to_string(),
        Tree::Array(items) => format!("[{}]", items.iter().map(node_text).collect::<Vec<_>>().join(", ")),
        Tree::Table(entries) => inline(entries.iter().map(|(k, n)| (k.name.as_str(), node_text(n)))),
    }
}

/// A key as TOML: bare if it can be, else in quotes.
pub fn key_text(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { key.to_owned() } else { string_text(key) }
}

/// A string as TOML: in double quotes, with the escapes it needs.
pub fn string_text(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.extend(["\\u", &format!("{:04X}", u32::from(c))]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// TOML spells the special values as Rust's `Debug` does, but for `NaN`.
fn float_text(x: f64) -> String {
    if x.is_nan() { "nan".to_owned() } else { format!("{x:?}") }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{KINDS, SECTIONS, tree};
    use super::super::{Diagnostics, check};
    use super::*;

    #[test]
    fn defaults_are_written_as_comments() {
        let root = tree(
            r#"{ node = { a = {}, b = {} }, link = { up = { from = "a", to = "b", rate = "10 Mbit/s",
                rules = [{ id = "x" }] } }, sweep = { "link.up.rate" = ["1 bit/s"] } }"#,
        );
        let mut found = Diagnostics::default();
        let text = resolved(&check(&root, SECTIONS, &KINDS, &mut found));
        assert!(found.is_empty(), "{found:?}");
        let expected = "\
[node.a]

[node.b]

[link.up]
from = \"a\"
to = \"b\"
rate = \"10 Mbit/s\"
rules = [
  { id = \"x\" },  # default: ports = []
]
# delay = \"0 s\"
# loss = 0.0
# queue = { kind = \"fifo\", limit = 1000 }

[sweep]
\"link.up.rate\" = [\"1 bit/s\"]

# [run]
# warmup = \"none\"
";
        assert_eq!(text, expected);
    }

    #[test]
    fn strings_and_keys_are_escaped() {
        assert_eq!(string_text("a\"b\\\n\u{1}µ"), "\"a\\\"b\\\\\\n\\u0001µ\"");
        assert_eq!(
            (key_text("fq_codel-1"), key_text("a.b"), key_text("")),
            ("fq_codel-1".into(), "\"a.b\"".into(), "\"\"".into())
        );
        assert_eq!(
            (float_text(f64::NAN), float_text(1e300), float_text(2.0)),
            ("nan".into(), "1e300".into(), "2.0".into())
        );
    }
}
