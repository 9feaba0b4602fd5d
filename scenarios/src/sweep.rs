//! Reads `[sweep]`: for each path the values that it takes, as a list or as a range.

use sim_core::config::{Data, Diagnostic, Diagnostics, Key, Node, Section, Span, Table, Tree, did_you_mean, node_text};
use sim_core::quantity::{Dimension, Quantity};

use crate::plan::{NO_SUCH_PATH, NOT_THE_SYSTEM, find, is_lost};
use crate::tables::Axis;
use crate::text::{apply_set, get_path, value_at};

/// An axis with what is put into the scenario at each of its values.
#[derive(Clone, Debug)]
pub(crate) struct SweepAxis {
    pub(crate) axis: Axis,
    pub(crate) values: Vec<Node>,
    /// Where the path stands.
    pub(crate) span: Span,
}

/// Beyond this factor between its ends an axis is drawn on a logarithmic scale.
const WIDE: f64 = 30.0;

/// The axes of the sweep `section` of the scenario `root`, which without it checks to `base`.
pub(crate) fn axes(
    section: &[(Key, Node)],
    root: &Node,
    base: &Table,
    sections: &[Section],
    found: &mut Diagnostics,
) -> Vec<SweepAxis> {
    let mut axes = Vec::new();
    for (key, node) in section {
        let path = key.name.trim();
        let head = path.split('.').next().unwrap_or_default();
        let allowed = if NOT_THE_SYSTEM.contains(&head) {
            let message = format!("`{path}` cannot be swept");
            let label = format!("`{head}` is the same at all points");
            Err(Diagnostic::error("E0405", key.span, message, label).help("sweep what the system is made of"))
        } else {
            find(root, base, sections, path, key.span)
        };
        match allowed.and_then(|()| values(node, path, base)) {
            Ok((values, log)) => axes.push(SweepAxis { axis: axis(path, &values, log), values, span: key.span }),
            Err(d) if d.code == NO_SUCH_PATH && is_lost(root, base, path) => {}
            Err(d) => found.push(d),
        }
    }
    axes
}

/// Adds the axis of a `--sweep PATH=A,B,C` (or `PATH={ from = ... }`, `PATH=[A, B]`), the text of source `source`, to
/// the entries of `[sweep]`; an axis of the same path is replaced.
pub(crate) fn add_argument(section: &mut Vec<(Key, Node)>, text: &str, source: u32) -> Result<(), Diagnostic> {
    let span = |range: std::ops::Range<usize>| Span { source, start: range.start as u32, end: range.end as u32 };
    let Some((path, list)) = text.split_once('=') else {
        let d = Diagnostic::error("E0301", span(0..text.len()), format!("`{text}` has no `=`"), "expected PATH=VALUES");
        return Err(d.help("such as `--sweep 'link.uplink.rate=5 Mbit/s,10 Mbit/s'`"));
    };
    let start = path.len() + 1;
    let whole = span(start..text.len());
    let tree = if list.trim_start().starts_with(['[', '{']) && pieces(list).len() == 1 {
        value(list, whole)?.tree
    } else {
        let items = pieces(list).into_iter().map(|r| value(&list[r.clone()], span(start + r.start..start + r.end)));
        Tree::Array(items.collect::<Result<_, _>>()?)
    };
    section.retain(|(k, _)| k.name != path.trim());
    let key = Key { name: path.trim().to_owned(), span: span(0..path.len()) };
    section.push((key, Node { tree, span: whole }));
    Ok(())
}

fn value(text: &str, span: Span) -> Result<Node, Diagnostic> {
    let mut root = Node { tree: Tree::Table(Vec::new()), span };
    apply_set(&mut root, &format!("v={text}"), span.source).map_err(|d| Diagnostic { span, ..d })?;
    let mut node = get_path(&root, "v").cloned().unwrap_or(root);
    place_at(&mut node, span);
    Ok(node)
}

fn place_at(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.tree {
        Tree::Array(items) => items.iter_mut().for_each(|n| place_at(n, span)),
        Tree::Table(entries) => entries.iter_mut().for_each(|(k, n)| {
            k.span = span;
            place_at(n, span);
        }),
        _ => {}
    }
}

/// The parts of `list` between the commas that are outside quotes and brackets.
fn pieces(list: &str) -> Vec<std::ops::Range<usize>> {
    let (mut start, mut depth, mut quote, mut all) = (0, 0i32, None, Vec::new());
    for (at, c) in list.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                all.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(start..list.len());
    all
}

/// The values of an axis, and whether its scale was said to be logarithmic.
fn values(node: &Node, path: &str, base: &Table) -> Result<(Vec<Node>, bool), Diagnostic> {
    match &node.tree {
        Tree::Array(items) if !items.is_empty() => Ok((items.clone(), false)),
        Tree::Table(entries) if node.get("from").is_some() || node.get("to").is_some() => {
            let whole = matches!(value_at(base, path).map(|v| &v.data), Some(Data::Integer(_)));
            range(node, entries, whole)
        }
        Tree::Array(_) => Err(shape_error(node, format!("`{path}` has no values"))),
        _ => Err(shape_error(node, format!("expected the values of `{path}`, found {}", node.describe()))),
    }
}

fn shape_error(node: &Node, message: String) -> Diagnostic {
    Diagnostic::error("E0402", node.span, message, "an axis is a list of values or a range").help(
        "such as `[\"5 Mbit/s\", \"10 Mbit/s\"]` or `{ from = \"1 uM\", to = \"10 uM\", n = 4, scale = \"log\" }`",
    )
}

/// The values of `{ from, to, n, scale }`. The ends are taken as they are written; values between them are rounded to
/// six digits, so that what tables show is exactly what was run.
fn range(node: &Node, entries: &[(Key, Node)], whole: bool) -> Result<(Vec<Node>, bool), Diagnostic> {
    const KEYS: [&str; 4] = ["from", "to", "n", "scale"];
    if let Some((key, _)) = entries.iter().find(|(k, _)| !KEYS.contains(&k.name.as_str())) {
        let d = Diagnostic::error("E0102", key.span, format!("unknown key `{}`", key.name), "not a key of a range");
        return Err(d.help(did_you_mean(&key.name, KEYS).unwrap_or_else(|| "a range has from, to, n, scale".into())));
    }
    let missing = |key: &str| Diagnostic::error("E0103", node.span, format!("missing key `{key}`"), "a range needs it");
    let want = |key: &str| node.get(key).ok_or_else(|| missing(key));
    let (first, last, n) = (want("from")?, want("to")?, want("n")?);
    let Tree::Int(count @ 2..=10_000) = n.tree else {
        let message = "a range has from 2 to 10000 values";
        let d = Diagnostic::error("E0403", n.span, message, "expected a whole number");
        return Err(d.help("for example `n = 10`"));
    };
    let steps = count as usize - 1;
    let log = match node.get("scale").map(|s| (&s.tree, s.span)) {
        None => false,
        Some((Tree::Str(s), _)) if s == "log" || s == "linear" => s == "log",
        Some((_, span)) => {
            return Err(Diagnostic::error("E0109", span, "unknown scale", "\"linear\" or \"log\""));
        }
    };
    let (a, unit) = end_of_range(first)?;
    let (b, other) = end_of_range(last)?;
    let (size, size_b) = (unit.size(), other.size());
    if unit.dimension() != other.dimension() {
        let message = format!("a range from {} to {}", unit.dimension().describe(), other.dimension().describe());
        let d = Diagnostic::error("E0403", last.span, message, "of another dimension than `from`");
        let unit = if unit.text.is_empty() { "without a unit" } else { &format!("in {}", unit.text) };
        return Err(d.help(format!("write it {unit}, as `from` is")));
    }
    let b = if unit.text == other.text { b } else { b * size_b / size };
    if log && !(a > 0.0 && b > 0.0) {
        let d =
            Diagnostic::error("E0403", node.span, "a logarithmic range must be positive", "has an end at or below 0");
        return Err(d.help("begin at a small value instead of 0, or use a list"));
    }
    let between = |k: usize| {
        let share = k as f64 / steps as f64;
        let x = if log { a * (b / a).powf(share) } else { a + (b - a) * share };
        if whole { x.round() } else { format!("{x:.5e}").parse().unwrap_or(x) }
    };
    let inner: Vec<f64> = (1..steps).map(between).collect();
    let all: Vec<f64> = [a].into_iter().chain(inner.iter().copied()).chain([b]).collect();
    if all.windows(2).any(|w| w[0] == w[1]) {
        let d = Diagnostic::error("E0403", n.span, "two values of this range are the same", "fewer are enough");
        return Err(d.help("values between the ends have six digits; whole numbers stay whole"));
    }
    let inner = inner.iter().map(|&x| Node { tree: unit.write(x, whole), span: node.span });
    Ok(([first.clone()].into_iter().chain(inner).chain([last.clone()]).collect(), log))
}

/// The unit of a range's end: empty for a bare number.
pub(crate) struct Unit<'a> {
    text: &'a str,
    one: Option<Quantity>,
}

impl Unit<'_> {
    fn size(&self) -> f64 {
        self.one.map_or(1.0, |q| q.value)
    }
    fn dimension(&self) -> Dimension {
        self.one.map_or(Dimension::NUMBER, |q| q.dimension)
    }
    /// `x` of it.
    pub(crate) fn write(&self, x: f64, whole: bool) -> Tree {
        match (self.text, whole) {
            ("", true) => Tree::Int(x as i64),
            ("", false) => Tree::Float(x),
            (unit, _) => Tree::Str(format!("{} {unit}", crate::results::files::number(x))),
        }
    }
}

pub(crate) fn end_of_range(node: &Node) -> Result<(f64, Unit<'_>), Diagnostic> {
    let bare = |x: f64| Ok((x, Unit { text: "", one: None }));
    match &node.tree {
        Tree::Int(i) => bare(*i as f64),
        Tree::Float(x) if x.is_finite() => bare(*x),
        Tree::Str(s) => match (Quantity::parse(s), split_unit(s)) {
            (Ok(_), Some((x, text))) => Ok((x, Unit { text, one: Quantity::parse(&format!("1 {text}")).ok() })),
            (Err(e), _) => Err(Diagnostic::error("E0202", node.span, e.message, "an end of the range")),
            (Ok(_), None) => Err(Diagnostic::error("E0403", node.span, "not a decimal number", "an end of the range")),
        },
        _ => {
            let message = format!("expected a number or a string with a unit, found {}", node.describe());
            Err(Diagnostic::error("E0403", node.span, message, "an end of the range"))
        }
    }
}

/// `10 Mbit/s` as number and unit, if the number is a plain decimal.
fn split_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    Some((number.parse().ok()?, unit.trim()))
}

/// How an axis is shown.
fn axis(path: &str, values: &[Node], log: bool) -> Axis {
    let labels = labels(values);
    let (unit, numbers) = numbers(values);
    let log = log || numbers.as_deref().is_some_and(is_logarithmic);
    Axis { name: path.to_owned(), unit, labels, values: numbers, log }
}

/// What each value is called: tables by their kind, if that tells them apart.
fn labels(values: &[Node]) -> Vec<String> {
    let text = |n: &Node| if let Tree::Str(s) = &n.tree { s.clone() } else { node_text(n) };
    let kind = |n: &Node| if let Some(Tree::Str(s)) = n.get("kind").map(|k| &k.tree) { s.clone() } else { text(n) };
    let kinds: Vec<String> = values.iter().map(kind).collect();
    let mut distinct = kinds.clone();
    distinct.sort();
    distinct.dedup();
    if distinct.len() == kinds.len() { kinds } else { values.iter().map(text).collect() }
}

/// The values as numbers in the unit of the first, if they all are.
fn numbers(values: &[Node]) -> (String, Option<Vec<f64>>) {
    let Some(Ok((_, unit))) = values.first().map(end_of_range) else { return (String::new(), None) };
    let number = |n: &Node| {
        let (x, own) = end_of_range(n).ok()?;
        let same = own.dimension() == unit.dimension();
        same.then(|| if own.text == unit.text { x } else { x * own.size() / unit.size() })
    };
    match values.iter().map(number).collect() {
        Some(numbers) => (unit.text.to_owned(), Some(numbers)),
        None => (String::new(), None),
    }
}

fn is_logarithmic(values: &[f64]) -> bool {
    let (min, max) = values.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), &x| (a.min(x), b.max(x)));
    if min <= 0.0 || values.len() < 3 {
        return false;
    }
    let ratio = values[1] / values[0];
    let even = ratio != 1.0 && values.windows(2).all(|w| (w[1] / w[0] / ratio - 1.0).abs() < 1e-3);
    even || max / min > WIDE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse;

    fn read(value: &str) -> Result<(Vec<Node>, bool), Diagnostic> {
        let (root, found) = parse("f", &format!("v = {value}"), 0);
        assert!(found.is_empty(), "{value}");
        values(root.get("v").unwrap(), "v", &Table::default())
    }

    fn shown(value: &str) -> Axis {
        let (values, log) = read(value).unwrap();
        axis("v", &values, log)
    }

    #[test]
    fn lists_are_taken_as_written() {
        let a = shown(r#"["5 Mbit/s", "10 Mbit/s", "20 Mbit/s"]"#);
        assert_eq!((a.unit.as_str(), a.log), ("Mbit/s", true));
        assert_eq!(a.values.unwrap(), [5.0, 10.0, 20.0]);
        let a = shown(r#"["500 kbit/s", "1 Mbit/s", "1.5 Mbit/s"]"#);
        assert_eq!((a.values.unwrap(), a.log), (vec![500.0, 1000.0, 1500.0], false));
        let a = shown("[1, 2, 3]");
        assert_eq!((a.labels.join(" "), a.values.unwrap()), ("1 2 3".into(), vec![1.0, 2.0, 3.0]));
        let a = shown(r#"["fifo", "codel"]"#);
        assert_eq!((a.values, a.labels.join(" ")), (None, "fifo codel".into()));
    }

    #[test]
    fn tables_are_called_by_their_kinds_if_these_differ() {
        assert_eq!(shown(r#"[{ kind = "fifo" }, { kind = "priority", n = 2 }]"#).labels, ["fifo", "priority"]);
        let same = shown(r#"[{ kind = "fifo", limit = 1 }, { kind = "fifo", limit = 2 }]"#);
        assert_eq!(same.labels[1], r#"{ kind = "fifo", limit = 2 }"#);
    }

    #[test]
    fn ranges_keep_their_ends_and_show_what_is_run() {
        let a = shown(r#"{ from = "0.1 uM", to = "100 uM", n = 10, scale = "log" }"#);
        assert_eq!((a.labels.len(), a.log, a.unit.as_str()), (10, true, "uM"));
        assert_eq!([&a.labels[0], &a.labels[1], &a.labels[9]], ["0.1 uM", "0.215443 uM", "100 uM"]);
        assert_eq!(a.values.unwrap()[1], 0.215_443);
        let a = shown("{ from = 0, to = 1, n = 5 }");
        assert_eq!(a.values.unwrap(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        let a = shown(r#"{ from = "500 ms", to = "1 s", n = 3 }"#);
        assert_eq!(a.labels, ["500 ms", "750 ms", "1 s"]);
    }

    #[test]
    fn ranges_of_whole_numbers_stay_whole() {
        let (root, _) = parse("f", r#"v = { from = 1, to = 100, n = 4, scale = "log" }"#, 0);
        let node = root.get("v").unwrap();
        let Tree::Table(entries) = &node.tree else { panic!() };
        let (values, _) = range(node, entries, true).unwrap();
        let trees: Vec<&Tree> = values.iter().map(|n| &n.tree).collect();
        assert_eq!(trees, [&Tree::Int(1), &Tree::Int(5), &Tree::Int(22), &Tree::Int(100)]);
    }

    #[test]
    fn what_is_no_axis_says_why() {
        let code = |v: &str| read(v).expect_err(v).code;
        assert_eq!((code("5"), code("[]"), code(r#"{ kind = "fifo" }"#)), ("E0402", "E0402", "E0402"));
        assert_eq!(code("{ from = 1, to = 2 }"), "E0103");
        assert_eq!(code("{ from = 1, to = 2, n = 1 }"), "E0403");
        assert_eq!(code("{ from = 1, to = 2, n = 3, step = 1 }"), "E0102");
        assert_eq!(code(r#"{ from = 0, to = 2, n = 3, scale = "log" }"#), "E0403");
        assert_eq!(code(r#"{ from = "1 s", to = "2 m", n = 3 }"#), "E0403");
        assert_eq!(code(r#"{ from = "1 uMM", to = "2 uM", n = 3 }"#), "E0202");
        assert_eq!(code(r#"{ from = 1, to = 2, n = 3, scale = "sqrt" }"#), "E0109");
        assert_eq!(code("{ from = 1, to = 1, n = 3 }"), "E0403");
    }

    #[test]
    fn arguments_are_lists_too() {
        let mut section = Vec::new();
        add_argument(&mut section, "link.up.rate=5 Mbit/s, 10 Mbit/s", 2).unwrap();
        add_argument(&mut section, "queue={ kind = \"a\", n = 1 },{ kind = \"b\" }", 3).unwrap();
        add_argument(&mut section, "link.up.rate=1 Mbit/s,2 Mbit/s,3 Mbit/s", 4).unwrap();
        add_argument(&mut section, "x={ from = 1, to = 2, n = 3 }", 5).unwrap();
        let names: Vec<&str> = section.iter().map(|(k, _)| k.name.as_str()).collect();
        assert_eq!(names, ["queue", "link.up.rate", "x"]);
        let Tree::Array(rates) = &section[1].1.tree else { panic!() };
        assert_eq!(rates[1].tree, Tree::Str("2 Mbit/s".into()));
        assert_eq!((rates[1].span.source, rates[1].span.start, rates[1].span.end), (4, 22, 30));
        assert!(matches!(&section[0].1.tree, Tree::Array(a) if a.len() == 2 && a[0].get("n").is_some()));
        assert!(matches!(section[2].1.tree, Tree::Table(_)));
        assert_eq!(add_argument(&mut section, "x", 6).unwrap_err().code, "E0301");
    }
}
