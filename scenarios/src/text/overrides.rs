//! Changes to a scenario's tree before it is checked: `--set path=value`, and the values of a sweep's points.

use sim_core::config::{Diagnostic, Key, Node, Span, Tree};

use super::parse::parse;
use super::path::split_path;

/// The codes of assignments that cannot be read at all.
pub const NO_ASSIGNMENT: [&str; 2] = ["E0301", "E0303"];

/// Applies `path=value`, the text of source `source`; the value is TOML or, if it is not, a string.
///
/// Tables on the way are made as needed. An error if the path is malformed or leads through a value, or if a value that
/// begins like a TOML string, array or table is not one.
pub fn apply_set(root: &mut Node, assignment: &str, source: u32) -> Result<(), Diagnostic> {
    let whole = span(source, 0, assignment.len());
    let Some(equals) = assignment_sign(assignment) else {
        let message = format!("`{assignment}` has no `=`");
        let d = Diagnostic::error("E0301", whole, message, "expected PATH=VALUE");
        return Err(d.help("such as `--set link.uplink.rate=\"20 Mbit/s\"`"));
    };
    let value = value_of(assignment, equals + 1, source)?;
    set_at(root, &assignment[..equals], value, span(source, 0, equals), true)
}

/// Puts `value` at a dotted `path`; tables on the way are made as needed. An error if the path is malformed or leads
/// through a value that is no table.
pub fn set_path(root: &mut Node, path: &str, value: Node) -> Result<(), Diagnostic> {
    let place = value.span;
    set_at(root, path, value, place, false)
}

/// The value at a dotted path; array elements by index.
pub fn get_path<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    split_path(path.trim())?.iter().try_fold(root, |node, (key, _)| match &node.tree {
        Tree::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => node.get(key),
    })
}

fn span(source: u32, start: usize, end: usize) -> Span {
    Span { source, start: start as u32, end: end as u32 }
}

/// The first `=` outside quotes.
fn assignment_sign(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '=') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), _) if q == c => quote = None,
            _ => {}
        }
    }
    None
}

fn value_of(assignment: &str, start: usize, source: u32) -> Result<Node, Diagnostic> {
    const HEAD: &str = "v = ";
    let text = &assignment[start..];
    let whole = span(source, start, assignment.len());
    let (mut root, found) = parse("", &format!("{HEAD}{text}"), source);
    let single = found.is_empty() && matches!(&root.tree, Tree::Table(t) if t.len() == 1);
    if let Some(node) = root.get_mut("v").filter(|_| single) {
        shift(node, start as i64 - HEAD.len() as i64);
        return Ok(node.clone());
    }
    if text.trim_start().starts_with(['"', '\'', '[', '{']) {
        let why = found.iter().next().map_or("more than one value".to_owned(), |d| d.message.clone());
        return Err(Diagnostic::error("E0303", whole, format!("the value is not TOML: {why}"), "cannot be read"));
    }
    Ok(Node { tree: Tree::Str(text.trim().to_owned()), span: whole })
}

/// Moves the places of a tree by some bytes.
fn shift(node: &mut Node, by: i64) {
    let moved = |s: Span| Span { start: (i64::from(s.start) + by) as u32, end: (i64::from(s.end) + by) as u32, ..s };
    node.span = moved(node.span);
    match &mut node.tree {
        Tree::Array(items) => items.iter_mut().for_each(|n| shift(n, by)),
        Tree::Table(entries) => {
            for (key, n) in entries {
                key.span = moved(key.span);
                shift(n, by);
            }
        }
        _ => {}
    }
}

/// Puts `value` at `path`; with `rename`, what is wrong with the last key is then told of at `place`.
fn set_at(root: &mut Node, path: &str, value: Node, place: Span, rename: bool) -> Result<(), Diagnostic> {
    let Some(keys) = split_path(path.trim()) else {
        let message = format!("`{path}` is not a path");
        let d = Diagnostic::error("E0301", place, message, "expected keys with dots between them");
        return Err(d.help("such as `link.uplink.rate`; a key with a dot in it goes in quotes"));
    };
    let mut node = root;
    let mut walked = String::new();
    let last = keys.len() - 1;
    for (k, (key, _)) in keys.into_iter().enumerate() {
        if let (true, Tree::Table(entries)) = (rename && k == last, &mut node.tree) {
            entries.iter_mut().filter(|(k, _)| k.name == key).for_each(|(k, _)| k.span = place);
        }
        node = step(node, key.clone(), &walked, place)?;
        walked = if walked.is_empty() { key } else { format!("{walked}.{key}") };
    }
    *node = value;
    Ok(())
}

/// The node under `key`, made if a table lacks it.
fn step<'a>(node: &'a mut Node, key: String, walked: &str, place: Span) -> Result<&'a mut Node, Diagnostic> {
    let what = node.describe();
    match &mut node.tree {
        Tree::Table(entries) => {
            let at = entries.iter().position(|(k, _)| k.name == key).unwrap_or_else(|| {
                let fresh = Node { tree: Tree::Table(Vec::new()), span: place };
                entries.push((Key { name: key, span: place }, fresh));
                entries.len() - 1
            });
            Ok(&mut entries[at].1)
        }
        Tree::Array(items) => {
            let count = items.len();
            key.parse::<usize>().ok().and_then(|i| items.get_mut(i)).ok_or_else(|| {
                let message = format!("`{walked}` has no element `{key}`");
                let label = format!("an array of {count}");
                Diagnostic::error("E0302", place, message, label).help("elements are counted from 0")
            })
        }
        _ => {
            let message = format!("`{walked}` is {what}, not a table");
            Err(Diagnostic::error("E0302", place, message, format!("there is no `{key}` in it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn root() -> Node {
        parse("f", "[link.up]\nrate = \"1 bit/s\"\n[[figure]]\nkind = \"a\"\n", 0).0
    }

    fn set(assignment: &str, path: &str) -> Tree {
        let mut r = root();
        apply_set(&mut r, assignment, 1).unwrap();
        get_path(&r, path).unwrap().tree.clone()
    }

    #[test]
    fn values_are_toml_or_strings() {
        assert_eq!(set("link.up.rate=2 bit/s", "link.up.rate"), Tree::Str("2 bit/s".into()));
        assert_eq!(set("link.up.rate = \"2 bit/s\"", "link.up.rate"), Tree::Str("2 bit/s".into()));
        assert_eq!(set("study.seed=7", "study.seed"), Tree::Int(7));
        assert_eq!(set("a.b.c=true", "a.b.c"), Tree::Bool(true));
        assert_eq!(set("figure.0.kind=b", "figure.0.kind"), Tree::Str("b".into()));
        assert_eq!(set("sweep.\"link.up.rate\"=[1, 2]", "sweep.\"link.up.rate\".1"), Tree::Int(2));
        assert_eq!(set("a=x = 1\ny = 2", "a"), Tree::Str("x = 1\ny = 2".into()));
        assert_eq!(set("day=2024-01-01", "day"), Tree::Str("2024-01-01".into()));
    }

    #[test]
    fn places_are_those_of_the_argument() {
        let (mut r, text) = (root(), "study.seed = { a = 5 }");
        apply_set(&mut r, text, 3).unwrap();
        let a = get_path(&r, "study.seed.a").unwrap().span;
        assert_eq!((a.source, &text[a.start as usize..a.end as usize]), (3, "5"));
    }

    #[test]
    fn what_cannot_be_set_says_why() {
        let refusal = |text: &str| apply_set(&mut root(), text, 1).expect_err(text);
        assert_eq!(refusal("link.up.rate").message, "`link.up.rate` has no `=`");
        assert_eq!(refusal("link..rate=1").message, "`link..rate` is not a path");
        assert_eq!(refusal("=1").code, "E0301");
        assert_eq!(refusal("link.up.rate.x=1").message, "`link.up.rate` is a string, not a table");
        assert_eq!(refusal("figure.1.kind=b").message, "`figure` has no element `1`");
        assert_eq!(refusal("a=[1, 2").code, "E0303");
    }

    proptest! {
        #[test]
        fn any_assignment_is_taken_or_refused(text in "\\PC{0,20}|[a-c.=\"'0-2\\[\\]{}]{0,20}") {
            let mut r = root();
            let result = apply_set(&mut r, &text, 0);
            let path = assignment_sign(&text).map(|at| text[..at].trim());
            prop_assert_eq!(result.is_ok(), result.is_ok() && get_path(&r, path.unwrap()).is_some());
        }
    }
}
