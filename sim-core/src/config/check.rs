//! Checks a tree against declarations: every finding in one pass, defaults filled in.
//!
//! What is refused leaves a stand-in behind, marked as wrong, and what is misspelt is read as what it was probably meant
//! for. So the table that comes out can always be built from, and whoever builds finds further mistakes in the same pass.

use std::collections::BTreeMap;

use super::literal::literal;
use super::{
    Data, Diagnostic, Diagnostics, Field, Key, Node, Presence, Span, Table, Tree, Type, Value, did_you_mean, nearest,
};
use crate::quantity::Quantity;

/// What the checker asks a registry of kinds.
pub trait Kinds {
    /// The names of the kinds of a family, in the registry's order; empty if there is no such family.
    fn names(&self, family: &str) -> Vec<&'static str>;
    /// The declared fields of a kind (without `kind` itself).
    fn fields(&self, family: &str, kind: &str) -> Option<&'static [Field]>;
    /// One sentence about a kind.
    fn doc(&self, family: &str, kind: &str) -> Option<&'static str>;
    /// Whether elements of `section` may also come from elsewhere than the file (nodes of a generated topology), so
    /// that a reference to an unknown one is left to whoever builds them; no by default.
    fn open(&self, section: &str, root: &Node) -> bool {
        let _ = (section, root);
        false
    }
}

/// One top-level section of a scenario file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its key.
    pub name: &'static str,
    /// One table, a table of named tables, or an array of tables.
    pub shape: Shape,
    /// If set, its tables have a `kind` of this family and, besides `fields`, the kind's fields. The kind must be given
    /// unless `fields` declares a `kind` with a default.
    pub family: Option<&'static str>,
    /// The fields that all its tables have.
    pub fields: &'static [Field],
    /// One sentence.
    pub doc: &'static str,
}

/// The shape of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[run]`: must be there if it has no family and a required field; filled in if all its fields can be left out.
    Single,
    /// `[link.NAME]`
    Keyed,
    /// `[[figure]]`
    Array,
    /// `[sweep]`: free keys, any values; the studies crate reads it.
    Free,
}

/// Tables in each other beyond this depth are refused.
const DEEPEST: usize = 64;

/// Up to so many accepted keys are listed in a hint.
const LISTED: usize = 16;

/// Checks a whole scenario; every finding goes to `diagnostics`. If there are errors, parts of the table are marked as
/// wrong: it can be built from to find more of them, but not run.
pub fn check(root: &Node, sections: &[Section], kinds: &dyn Kinds, diagnostics: &mut Diagnostics) -> Table {
    let placed: Vec<(&Key, &Node, Option<&Section>)> =
        entries(root).iter().map(|(key, node)| (key, node, meant(&key.name, sections))).collect();
    let mut names = BTreeMap::new();
    for section in sections.iter().filter(|s| s.shape == Shape::Keyed && !kinds.open(s.name, root)) {
        let given = placed.iter().filter(|p| p.2.is_some_and(|s| s.name == section.name));
        let given = given.flat_map(|(_, node, _)| entries(node).iter().map(|(k, _)| k.name.clone()));
        names.insert(section.name, given.collect());
    }
    let unplaced = placed.iter().filter(|p| p.2.is_none());
    let lost = unplaced.flat_map(|(_, node, _)| entries(node).iter().map(|(k, _)| k.name.clone())).collect();
    let mut checker = Checker { kinds, names: Some(names), lost, diagnostics, depth: 0 };
    let mut result = Table::new("", root.span);
    for (key, node, section) in placed {
        if section.is_none_or(|s| s.name != key.name) {
            checker.unknown_section(key, sections);
        }
        let data = match section {
            Some(section) => checker.section(section, key, node),
            None => Some(Data::Any(node.clone())),
        };
        let name = section.map_or(key.name.as_str(), |s| s.name);
        match (data, result.get(name)) {
            (Some(Data::Table(more)), Some(_)) => result.absorb(name, more),
            (Some(data), None) => {
                let wrong = section.is_none();
                result.entries.push((name.to_owned(), key.span, Value { wrong, ..Value::given(data, node.span) }));
            }
            _ => result.wrong = true,
        }
    }
    for section in sections.iter().filter(|s| s.shape == Shape::Single) {
        if result.get(section.name).is_some() {
            continue;
        }
        if let Some(table) = checker.missing_section(section, root.span) {
            let value = Value { defaulted: true, ..Value::given(Data::Table(table), root.span) };
            result.entries.push((section.name.to_owned(), root.span, value));
        }
    }
    result
}

/// The section called `name`, or the one that was probably meant.
fn meant<'a>(name: &str, sections: &'a [Section]) -> Option<&'a Section> {
    let of = |name: &str| sections.iter().find(|s| s.name == name);
    of(name).or_else(|| nearest(name, sections.iter().map(|s| s.name)).and_then(of))
}

impl Table {
    /// Takes over what `more` has and the table under `key` lacks.
    fn absorb(&mut self, key: &str, more: Self) {
        let Some((.., Value { data: Data::Table(there), .. })) = self.entries.iter_mut().find(|e| e.0 == key) else {
            return;
        };
        for entry in more.entries.into_iter().filter(|e| !e.2.defaulted && !e.2.wrong) {
            if there.get(&entry.0).is_none() {
                there.entries.push(entry);
            }
        }
    }
}

/// Checks one table at `path` against `fields`; references are taken as they are.
pub fn check_table(
    node: &Node,
    path: &str,
    fields: &[Field],
    kinds: &dyn Kinds,
    diagnostics: &mut Diagnostics,
) -> Table {
    Checker { kinds, names: None, lost: Vec::new(), diagnostics, depth: 0 }
        .table(node, path, &[fields])
        .unwrap_or_default()
}

/// The entries of a table; none of anything else.
fn entries(node: &Node) -> &[(Key, Node)] {
    if let Tree::Table(t) = &node.tree { t } else { &[] }
}

pub(super) struct Checker<'a> {
    pub(super) kinds: &'a dyn Kinds,
    /// The elements of each keyed section; a section that is not here takes any reference.
    pub(super) names: Option<BTreeMap<&'static str, Vec<String>>>,
    /// The keys of sections that are not known: a reference to one of them is not blamed as well.
    pub(super) lost: Vec<String>,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) depth: usize,
}

impl Checker<'_> {
    pub(super) fn report(&mut self, d: Diagnostic) {
        self.diagnostics.push(d);
    }

    fn unknown_section(&mut self, key: &Key, sections: &[Section]) {
        let names = || sections.iter().map(|s| s.name);
        let all = format!("sections: {}", names().collect::<Vec<_>>().join(", "));
        let help = did_you_mean(&key.name, names()).map_or(all.clone(), |near| format!("{near} {all}"));
        let message = format!("unknown section `{}`", key.name);
        self.report(Diagnostic::error("E0101", key.span, message, "not a section of a scenario").help(help));
    }

    fn section(&mut self, section: &Section, key: &Key, node: &Node) -> Option<Data> {
        let name = section.name;
        let wanted = match section.shape {
            Shape::Array => matches!(node.tree, Tree::Array(_)),
            _ => matches!(node.tree, Tree::Table(_)),
        };
        if !wanted {
            let written = match section.shape {
                Shape::Keyed => format!("named tables `[{name}.NAME]`"),
                Shape::Array => format!("tables `[[{name}]]`"),
                Shape::Single | Shape::Free => format!("a table `[{name}]`"),
            };
            let span = if node.span.end > node.span.start { node.span } else { key.span };
            let message = format!("expected {written}, found {}", node.describe());
            self.report(Diagnostic::error("E0104", span, message, format!("`{name}` holds {written}")));
            return None;
        }
        match (section.shape, &node.tree) {
            (Shape::Single, _) => self.element(section, node, name).map(Data::Table),
            (Shape::Array, Tree::Array(items)) => {
                let each = items.iter().enumerate();
                Some(Data::List(each.filter_map(|(i, n)| self.item(section, n, &format!("{name}.{i}"))).collect()))
            }
            (Shape::Keyed, _) => Some(Data::Table(self.named_tables(section, node))),
            _ => Some(Data::Any(node.clone())),
        }
    }

    fn item(&mut self, section: &Section, node: &Node, path: &str) -> Option<Value> {
        let table = self.element(section, node, path)?;
        Some(Value::given(Data::Table(table), node.span))
    }

    fn named_tables(&mut self, section: &Section, node: &Node) -> Table {
        let mut all = Table::new(section.name, node.span);
        let unnamed = entries(node).iter().find(|(_, n)| !matches!(n.tree, Tree::Table(_)));
        if let Some((key, n)) = unnamed {
            let message = format!("expected a table `[{}.NAME]`, found {}", section.name, n.describe());
            let help = if self.has_key(section, &key.name) {
                format!("give the table a name: `[{}.NAME]`, with `{}` in it", section.name, key.name)
            } else {
                format!("`{0}.{1}` is a table: set one of its keys, as in `[{0}.{1}]`", section.name, key.name)
            };
            let label = format!("every entry of `{}` is a named table", section.name);
            self.report(Diagnostic::error("E0104", key.span, message, label).help(help));
            all.wrong = true;
        }
        for (key, n) in entries(node).iter().filter(|(_, n)| matches!(n.tree, Tree::Table(_))) {
            self.element_name(key);
            match self.item(section, n, &format!("{}.{}", section.name, key.name)) {
                Some(value) => all.entries.push((key.name.clone(), key.span, value)),
                None => all.wrong = true,
            }
        }
        all
    }

    /// Whether tables of a section may have `key`.
    fn has_key(&self, section: &Section, key: &str) -> bool {
        let has = |fields: &[Field]| fields.iter().any(|f| f.name == key);
        let of_kind =
            |family| self.kinds.names(family).into_iter().any(|k| self.kinds.fields(family, k).is_some_and(has));
        has(section.fields) || section.family.is_some_and(|family| key == "kind" || of_kind(family))
    }

    /// A dot or a blank in a name would break the paths that `--set` and `[sweep]` use.
    fn element_name(&mut self, key: &Key) {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if key.name.is_empty() || !key.name.chars().all(fits) {
            let message = format!("`{}` cannot be a name", key.name.escape_debug());
            let label = "letters, digits, `_` and `-` only";
            self.report(Diagnostic::error("E0107", key.span, message, label).help("names are parts of paths"));
        }
    }

    fn element(&mut self, section: &Section, node: &Node, path: &str) -> Option<Table> {
        match section.family {
            Some(family) => self.kind_table(node, path, family, section.fields),
            None => self.table(node, path, &[section.fields]),
        }
    }

    fn missing_section(&mut self, section: &Section, span: Span) -> Option<Table> {
        let required: Vec<&str> = section.fields.iter().filter(|f| is_required(f)).map(|f| f.name).collect();
        let kind_given = section.fields.iter().any(|f| f.name == "kind" && matches!(f.presence, Presence::Default(_)));
        if section.family.is_some() && !kind_given {
            return None;
        }
        let empty = Node { tree: Tree::Table(Vec::new()), span };
        if !required.is_empty() {
            let message = format!("missing section `[{}]`", section.name);
            let help = format!("add `[{}]` with {}", section.name, quoted(&required));
            let end = Span { start: span.start, end: span.start, ..span };
            self.report(Diagnostic::error("E0103", end, message, section.doc).help(help));
            return self.muted(|c| c.element(section, &empty, section.name));
        }
        self.element(section, &empty, section.name)
    }

    /// A table with a `kind`: `common` fields and those of the kind.
    pub(super) fn kind_table(&mut self, node: &Node, path: &str, family: &str, common: &[Field]) -> Option<Table> {
        let Tree::Table(_) = node.tree else {
            return self.not_a_table(node, path, Some(family));
        };
        let declared = common.iter().find(|f| f.name == "kind");
        let default = declared.and_then(|f| if let Presence::Default(l) = f.presence { Some(l) } else { None });
        let kind = match node.get("kind") {
            Some(given) => Some(given.clone()),
            None => default.and_then(|l| literal(l, node.span)),
        };
        let Some(kind) = kind else {
            let message = format!("missing key `kind` in `{path}`");
            let help = format!("kinds: {}", self.kinds.names(family).join(", "));
            self.report(Diagnostic::error("E0103", node.span, message, "`kind` is required").help(help));
            return self.as_likely_kind(node, path, family, common);
        };
        let Some(own) = self.kind_fields(&kind, family) else {
            return self.as_likely_kind(node, path, family, common);
        };
        let implied = [Field::required("kind", Type::Text, "")];
        let kind_field: &[Field] = if declared.is_some() { &[] } else { &implied };
        self.table(node, path, &[kind_field, common, own])
    }

    /// A table without a right kind as one of the nearest kind, or of the first; only what is wrong with keys that do not
    /// depend on the kind is reported.
    fn as_likely_kind(&mut self, node: &Node, path: &str, family: &str, common: &[Field]) -> Option<Table> {
        for (key, value) in entries(node).iter().filter(|(k, _)| k.name != "kind") {
            if let Some(field) = common.iter().find(|f| f.name == key.name) {
                self.value(value, &join(path, &key.name), &field.ty);
            }
        }
        let names = self.kinds.names(family);
        let given = if let Some(Tree::Str(s)) = node.get("kind").map(|n| &n.tree) { s.as_str() } else { "" };
        let likely = nearest(given, names.iter().copied()).or(names.first().copied())?;
        let mut keys: Vec<(Key, Node)> = entries(node).iter().filter(|(k, _)| k.name != "kind").cloned().collect();
        let (name, span) = ("kind".to_owned(), node.get("kind").map_or(start_of(node.span), |n| n.span));
        keys.push((Key { name, span }, Node { tree: Tree::Str(likely.to_owned()), span }));
        let meant = Node { tree: Tree::Table(keys), span: node.span };
        let mut table = self.muted(|c| c.kind_table(&meant, path, family, common))?;
        for (.., value) in table.entries.iter_mut().filter(|e| e.0 == "kind") {
            value.wrong = true;
        }
        table.wrong = true;
        Some(table)
    }

    /// What `f` makes, without what it has to say.
    pub(super) fn muted<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let said = std::mem::take(self.diagnostics);
        let made = f(self);
        *self.diagnostics = said;
        made
    }

    fn kind_fields(&mut self, kind: &Node, family: &str) -> Option<&'static [Field]> {
        let Tree::Str(name) = &kind.tree else {
            let message = format!("expected a string, found {}", kind.describe());
            self.report(Diagnostic::error("E0104", kind.span, message, "`kind` is a string"));
            return None;
        };
        let fields = self.kinds.fields(family, name);
        if fields.is_none() {
            let kinds = self.kinds.names(family);
            let all = format!("kinds: {}", kinds.join(", "));
            let help = did_you_mean(name, kinds).map_or(all.clone(), |near| format!("{near} {all}"));
            let message = format!("unknown kind `{name}`");
            self.report(Diagnostic::error("E0105", kind.span, message, format!("not a kind of {family}")).help(help));
        }
        fields
    }

    fn not_a_table(&mut self, node: &Node, path: &str, family: Option<&str>) -> Option<Table> {
        let message = format!("expected a table, found {}", node.describe());
        let mut d = Diagnostic::error("E0104", node.span, message, format!("`{path}` is a table"));
        if let (Tree::Str(s), Some(family)) = (&node.tree, family) {
            let names = self.kinds.names(family);
            let kind = || names.iter().find(|n| *n == s).or(names.first());
            let table = self.kind_of_one(family, s).or_else(|| kind().map(|k| format!("{{ kind = \"{k}\" }}")));
            d.help = table.map(|table| format!("write `{table}`"));
        }
        self.report(d);
        None
    }

    /// What was meant by the quantity `text` in the place of a table: the first kind that needs such a quantity and nothing else.
    fn kind_of_one(&self, family: &str, text: &str) -> Option<String> {
        let dimension = Quantity::parse(text).ok()?.dimension;
        self.kinds.names(family).into_iter().find_map(|kind| {
            let mut required =
                self.kinds.fields(family, kind)?.iter().filter(|f| matches!(f.presence, Presence::Required));
            match (required.next()?, required.next()) {
                (Field { name, ty: Type::Quantity(fit), .. }, None) if fit.contains(&dimension) => {
                    Some(format!("{{ kind = \"{kind}\", {name} = \"{text}\" }}"))
                }
                _ => None,
            }
        })
    }

    /// A table whose keys are those of all `groups` of fields.
    pub(super) fn table(&mut self, node: &Node, path: &str, groups: &[&[Field]]) -> Option<Table> {
        let Tree::Table(given) = &node.tree else { return self.not_a_table(node, path, None) };
        if self.depth >= DEEPEST {
            let message = format!("tables are nested more than {DEEPEST} deep");
            self.report(Diagnostic::error("E0110", node.span, message, "too deep"));
            return None;
        }
        self.depth += 1;
        let fields = || groups.iter().flat_map(|g| g.iter());
        let mut table = Table::new(path, node.span);
        for (key, value) in given {
            let Some(field) = fields().find(|f| f.name == key.name) else {
                self.unknown_key(key, path, &fields().map(|f| f.name).collect::<Vec<_>>());
                let likely = nearest(&key.name, fields().map(|f| f.name).filter(|n| node.get(n).is_none()));
                match fields().find(|f| Some(f.name) == likely && table.get(f.name).is_none()) {
                    Some(field) => {
                        let meant = self.muted(|c| c.value_or_stand_in(value, &join(path, field.name), &field.ty));
                        table.entries.push((field.name.to_owned(), key.span, Value { wrong: true, ..meant }));
                    }
                    None => table.wrong = true,
                }
                continue;
            };
            let value = self.value_or_stand_in(value, &join(path, &key.name), &field.ty);
            table.entries.push((key.name.clone(), key.span, value));
        }
        let lacking: Vec<&Field> = fields().filter(|f| table.get(f.name).is_none()).collect();
        for field in lacking {
            let value = match field.presence {
                Presence::Optional => None,
                Presence::Required => {
                    self.missing_key(field, path, node.span);
                    Some(self.stand_in(&field.ty, None, &join(path, field.name), start_of(node.span)))
                }
                Presence::Default(text) => self.default(field, text, path, node.span),
            };
            table.entries.extend(value.map(|v| (field.name.to_owned(), node.span, v)));
        }
        self.depth -= 1;
        Some(table)
    }

    fn default(&mut self, field: &Field, text: &str, path: &str, span: Span) -> Option<Value> {
        let Some(node) = literal(text, span) else {
            let message = format!("the default `{text}` of `{}` is not a TOML value", join(path, field.name));
            self.report(Diagnostic::error("E0199", span, message, "a mistake in the declaration of the element"));
            return None;
        };
        let mut value = self.value(&node, &join(path, field.name), &field.ty)?;
        mark_defaulted(&mut value);
        Some(value)
    }

    fn missing_key(&mut self, field: &Field, path: &str, span: Span) {
        let message = format!("missing key `{}` in `{path}`", field.name);
        let label = format!("`{}` is required: {}", field.name, super::explain::expectation(&field.ty));
        let example = super::explain::example(&field.ty);
        self.report(Diagnostic::error("E0103", span, message, label).help(format!("add `{} = {example}`", field.name)));
    }

    fn unknown_key(&mut self, key: &Key, path: &str, accepted: &[&str]) {
        let message = format!("unknown key `{}`", key.name);
        let near = did_you_mean(&key.name, accepted.iter().copied());
        let list = (accepted.len() <= LISTED).then(|| match accepted {
            [] => "this table takes no keys".to_owned(),
            _ => format!("accepted keys: {}", accepted.join(", ")),
        });
        let help: Vec<String> = near.into_iter().chain(list).collect();
        let mut d = Diagnostic::error("E0102", key.span, message, format!("not a key of `{path}`"));
        d.help = (!help.is_empty()).then(|| help.join(" "));
        self.report(d);
    }
}

fn is_required(field: &Field) -> bool {
    matches!(field.presence, Presence::Required)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The place where `span` begins, without extent: nothing stands there.
fn start_of(span: Span) -> Span {
    Span { end: span.start, ..span }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn mark_defaulted(value: &mut Value) {
    value.defaulted = true;
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(mark_defaulted),
        Data::Table(t) => t.entries.iter_mut().for_each(|(.., v)| mark_defaulted(v)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{KINDS, SECTIONS, tree};
    use super::*;
    use proptest::prelude::*;

    /// The codes and messages of a scenario's findings, with their hints.
    fn findings(text: &str) -> Vec<(&'static str, String, String)> {
        let mut found = Diagnostics::default();
        check(&tree(text), SECTIONS, &KINDS, &mut found);
        found.iter().map(|d| (d.code, d.message.clone(), d.help.clone().unwrap_or_default())).collect()
    }

    fn link(keys: &str) -> Vec<(&'static str, String, String)> {
        findings(&format!(r#"{{ node = {{ a = {{}}, b = {{}} }}, link = {{ up = {{ to = "b", {keys} }} }} }}"#))
    }

    fn only(found: Vec<(&'static str, String, String)>) -> (&'static str, String, String) {
        let [one] = <[_; 1]>::try_from(found).unwrap_or_else(|f| panic!("not one finding: {f:?}"));
        one
    }

    #[test]
    fn a_right_scenario_is_typed_and_filled_in() {
        let mut found = Diagnostics::default();
        let root = tree(
            r#"{ node = { a = { v = "-70 mV" }, b = {} }, run = { duration = "1 min", warmup = "10 s" },
                link = { up = { from = "a", to = "b", rate = "10 Mbit/s", loss = "5 %", queue = { kind = "codel" } } },
                traffic = { web = { from = "a", rate = "800 packets/s" } }, figure = [{ title = "F" }] }"#,
        );
        let t = check(&root, SECTIONS, &KINDS, &mut found);
        assert!(found.is_empty(), "{found:?}");
        let up = t.table("link").table("up");
        assert_eq!((up.path.as_str(), up.text("from"), up.number("loss")), ("link.up", "a", 0.05));
        assert_eq!(up.quantity("rate").value, 1e7);
        assert_eq!((up.table("queue").kind(), up.table("queue").path.as_str()), ("codel", "link.up.queue"));
        assert_eq!(up.table("queue").quantity("target").to_ticks(), Some(5_000_000_000));
        assert!(up.get("delay").unwrap().defaulted && !up.get("queue").unwrap().defaulted);
        assert_eq!(t.table("run").quantity("warmup").value, 10.0);
        assert_eq!(t.table("traffic").table("web").kind(), "poisson");
        assert_eq!(t.list("figure")[0].as_table().unwrap().path, "figure.0");
        assert_eq!(t.named("node").map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn all_mistakes_are_found_in_one_pass() {
        let found = findings(
            r#"{ lnik = {}, run = { warmup = "5 mM", duration = "-1 s" }, node = { a = {}, "x.y" = {} },
                link = { up = { from = "b", capcity = 1, rate = 5, loss = 2, queue = { kind = "fifoo" } } },
                traffic = { web = { kind = "posson", from = "c" } }, figure = {} }"#,
        );
        let codes: Vec<&str> = found.iter().map(|f| f.0).collect();
        let expected = [
            "E0101", "E0201", "E0203", "E0107", "E0106", "E0102", "E0104", "E0108", "E0105", "E0103", "E0105", "E0106",
            "E0104",
        ];
        assert_eq!(codes, expected, "{found:#?}");
    }

    #[test]
    fn hints_name_the_nearest() {
        let complete = r#"from = "a", rate = "1 bit/s""#;
        let (_, message, help) = only(link(&format!("{complete}, dely = \"1 s\"")));
        assert_eq!(message, "unknown key `dely`");
        assert!(help.starts_with("did you mean `delay`? accepted keys: from, to,"), "{help}");
        let (_, message, help) = only(link(&format!("{complete}, queue = {{ kind = \"code\" }}")));
        assert_eq!(
            (message.as_str(), help.as_str()),
            ("unknown kind `code`", "did you mean `codel`? kinds: fifo, codel, nest")
        );
        let (.., help) = only(link(&format!("{complete}, queue = \"codel\"")));
        assert_eq!(help, "write `{ kind = \"codel\" }`");
        let (.., help) = only(link(r#"from = "a", rate = 10"#));
        assert_eq!(help, "write it with a unit and in quotes, for example `\"10 Mbit/s\"`");
        // A number as large is meant in the base unit.
        for (number, unit) in [("1e7", "10000000 bit/s"), ("64000", "64000 bit/s"), ("2.5", "2.5 Mbit/s")] {
            let (.., help) = only(link(&format!("from = \"a\", rate = {number}")));
            assert_eq!(help, format!("write it with a unit and in quotes, for example `\"{unit}\"`"));
        }
        let (code, message, _) = only(link(r#"from = "a""#));
        assert_eq!((code, message.as_str()), ("E0103", "missing key `rate` in `link.up`"));
        let (_, message, help) = only(findings(r#"{ link = { from = "a", rate = "1 bit/s" } }"#));
        assert_eq!(message, "expected a table `[link.NAME]`, found a string");
        assert!(help.contains("[link.NAME]"), "{help}");
    }

    #[test]
    fn quantities_and_numbers_are_judged() {
        let given = |key: &str, value: &str| only(link(&format!(r#"from = "a", {key} = {value}"#)));
        assert_eq!(given("rate", "\"5 mM\"").1, "expected a bit rate, found a concentration");
        assert_eq!(given("rate", "\"5\"").1, "expected a bit rate, found a bare number");
        let (code, message, help) = given("rate", "\"10 Mb/s\"");
        assert_eq!((code, message.as_str()), ("E0202", "unknown unit `Mb`"));
        assert_eq!(help, "write `Mbit` for bits or `MB` for bytes");
        assert_eq!(given("rate", "\"-1 bit/s\"").0, "E0203");
        let rated = |key: &str, value: &str| only(link(&format!(r#"from = "a", rate = "1 bit/s", {key} = {value}"#)));
        assert_eq!(rated("loss", "1.5").0, "E0108");
        assert_eq!(rated("loss", "\"0.5\"").2, "remove the quotes: `0.5`");
        assert_eq!(rated("queue", "{ kind = \"fifo\", limit = 1.0 }").2, "write it without a point: `1`");
        assert_eq!(rated("rules", "[{ id = 1 }]").1, "expected a string, found a whole number");
        assert_eq!(rated("weights", "{ a = 1, b = 10 }").1, "`link.up.weights.b` is out of bounds");
    }

    #[test]
    fn one_of_blames_the_likeliest_alternative() {
        let warmup = |value: &str| only(findings(&format!("{{ run = {{ warmup = {value} }} }}")));
        assert_eq!(warmup("\"atuo\"").2, "did you mean `auto`? choices: auto, none");
        assert_eq!(warmup("\"5 mS\"").1, "expected a time, found a conductance");
        assert_eq!(warmup("true").1, "expected a time, \"auto\" or \"none\", found a truth value");
        assert_eq!(warmup("10").2, "write it with a unit and in quotes, for example `\"10 ms\"`");
        for endless in ["\"inf\"", "\"Unlimited\"", "\"infinite\"", "\"no limit\""] {
            assert_eq!(warmup(endless).2, "write `warmup = \"none\"`", "{endless}");
        }
    }

    #[test]
    fn references_to_generated_elements_are_left_open() {
        let scenario =
            r#"{ topology = { kind = "ring", n = 3 }, traffic = { t = { from = "n2", rate = "1 packets/s" } } }"#;
        assert_eq!(findings(scenario), []);
        let (code, message, help) = only(findings(
            r#"{ node = { gateway = {} }, traffic = { t = { from = "gatway", rate = "1 packets/s" } } }"#,
        ));
        assert_eq!(
            (code, message.as_str(), help.as_str()),
            ("E0106", "there is no node `gatway`", "did you mean `gateway`?")
        );
    }

    #[test]
    fn a_missing_section_is_filled_in_or_asked_for() {
        const NAME: &[Field] = &[Field::required("name", Type::Text, "Its name.")];
        let mut found = Diagnostics::default();
        let t = check(&tree("{}"), SECTIONS, &KINDS, &mut found);
        assert!(found.is_empty());
        assert!(t.get("run").unwrap().defaulted && t.get("topology").is_none());
        let needed = Section { name: "scenario", shape: Shape::Single, family: None, fields: NAME, doc: "The head." };
        check(&tree("{}"), &[needed], &KINDS, &mut found);
        assert_eq!(found.iter().next().unwrap().message, "missing section `[scenario]`");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let open = "{ kind = \"nest\", inner = ".repeat(90);
        let text = format!("from = \"a\", rate = \"1 bit/s\", queue = {open}{{ kind = \"fifo\" }}{}", "}".repeat(90));
        assert_eq!(link(&text)[0].0, "E0110");
    }

    fn any_tree() -> impl Strategy<Value = Node> {
        let at = |tree| Node { tree, span: Span { source: 0, start: 3, end: 5 } };
        let word = prop::sample::select(vec![
            "run", "node", "link", "traffic", "figure", "sweep", "topology", "a", "up", "from", "kind", "queue",
            "fifo", "nest", "inner", "rate", "loss", "warmup", "5 ms", "-1 s", "10 Mb/s", "5 %", "", "é.",
        ]);
        let leaf = prop_oneof![
            word.clone().prop_map(|s| Tree::Str(s.to_owned())),
            any::<i64>().prop_map(Tree::Int),
            any::<f64>().prop_map(Tree::Float),
            any::<bool>().prop_map(Tree::Bool),
        ]
        .prop_map(at);
        leaf.prop_recursive(5, 60, 6, move |inner| {
            let key = word.clone().prop_map(|s| Key { name: s.to_owned(), span: Span::default() });
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(move |v| at(Tree::Array(v))),
                prop::collection::vec((key, inner), 0..6).prop_map(move |v| at(Tree::Table(v))),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_is_checked_without_a_panic(root in any_tree()) {
            let mut found = Diagnostics::default();
            let table = check(&root, SECTIONS, &KINDS, &mut found);
            super::super::resolved(&table);
        }
    }
}
