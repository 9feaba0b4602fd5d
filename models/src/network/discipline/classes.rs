//! The classes of a classful discipline as a scenario declares them: a table by name, each with a rule, and which of them
//! takes what no rule takes.

use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type, did_you_mean};
use sim_core::quantity::Quantity;

use super::DisciplineContext;
use super::children::Child;
use crate::network::classifier::{CLASSES_MAX, Classifier, MATCH, Rule};

/// The key `match` of a class.
pub(super) const RULE: Field = Field::optional(
    "match",
    MATCH,
    "Which packets belong to it; of several classes that match, the first. The class without it takes the rest.",
);
/// The key `queue` of a class where it has a default of its own.
pub(super) const QUEUE: Field =
    Field::default("queue", Type::Kind("discipline"), "{ kind = \"fifo\" }", "Where its packets wait: any discipline.");
/// The key `queue` of a class where that of the whole discipline stands in.
pub(super) const OWN_QUEUE: Field = Field::optional(
    "queue",
    Type::Kind("discipline"),
    "Where its packets wait: any discipline; without it, that of the discipline.",
);
/// The key `queue` of a discipline for the classes that have none.
pub(super) const COMMON_QUEUE: Field = Field::default(
    "queue",
    Type::Kind("discipline"),
    "{ kind = \"fifo\" }",
    "Where packets of a class wait that has no queue of its own: any discipline.",
);
/// The key `default` of a discipline.
pub(super) const DEFAULT: Field = Field::optional(
    "default",
    Type::Text,
    "The class of packets that match no class; without it, the class that has no `match`.",
);
/// The key `by` of a discipline that can do without declared classes.
pub(super) const BY: Field = Field::optional(
    "by",
    Type::Choice(&["class", "flow"]),
    "Instead of `classes`: a queue for each class of traffic, or for each flow.",
);

/// What reading a discipline found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) errors: Diagnostics,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Findings {
    pub(super) fn error(&mut self, d: Diagnostic) {
        self.errors.push(d);
    }
    /// `value`, or the errors if there is one; the warnings go to the user.
    pub(super) fn or_errors<T>(
        self,
        context: &DisciplineContext<'_>,
        value: impl FnOnce() -> T,
    ) -> Result<T, Diagnostics> {
        self.warnings.into_iter().for_each(|d| context.warn(d));
        if self.errors.has_errors() { Err(self.errors) } else { Ok(value()) }
    }
    /// The value of a result, whose errors are kept.
    pub(super) fn keep<T>(&mut self, result: Result<T, Diagnostics>) -> Option<T> {
        result.map_err(|d| self.errors.extend(d)).ok()
    }
}

/// The queues of a discipline whose classes all stand side by side.
pub(super) struct Flat<'a> {
    pub(super) classifier: Classifier,
    pub(super) queues: Vec<Child>,
    /// The table of each class; none for those that `by` makes.
    pub(super) tables: Vec<Option<&'a Table>>,
}

/// Reads `classes`, or makes them as `by` says.
pub(super) fn read_flat<'a>(
    table: &'a Table,
    context: &DisciplineContext<'_>,
    found: &mut Findings,
) -> Option<Flat<'a>> {
    let declared: Vec<(&str, &Table)> = table.named("classes").collect();
    let common = found.keep(context.make(table.table("queue")))?;
    if let Some(given) = table.get("classes") {
        if let Some(by) = table.get("by") {
            let d = Diagnostic::error("E0372", by.span, "both `by` and `classes` are given", "one of them");
            found.error(d.help("`by` makes the classes; `classes` declares them"));
        }
        if declared.is_empty() {
            found.error(Diagnostic::error("E0372", given.span, "`classes` is empty", "at least one class"));
            return None;
        }
        let mut queues = Vec::new();
        for (_, class) in &declared {
            let own = class.opt_table("queue").map_or_else(|| Ok(common.boxed_clone()), |q| context.make(q));
            queues.extend(found.keep(own).map(Child::from));
        }
        let classifier = classify(table, &declared, context, found)?;
        return Some(Flat { classifier, queues, tables: declared.into_iter().map(|(_, t)| Some(t)).collect() });
    }
    if let Some(default) = table.get("default") {
        let d = Diagnostic::error("E0372", default.span, "`default` without `classes`", "there are no rules");
        found.error(d.help("declare `classes = { NAME = { match = { ... } } }`"));
    }
    let (classifier, count) = match table.opt_text("by") {
        Some("flow") => (Classifier::Flow, context.flows.len()),
        _ => (Classifier::Class, context.classes.len()),
    };
    let queues = (0..count).map(|_| Child::from(common.boxed_clone())).collect();
    Some(Flat { classifier, queues, tables: vec![None; count] })
}

/// The classifier of the classes `leaves` of the discipline declared in `table`.
pub(super) fn classify(
    table: &Table,
    leaves: &[(&str, &Table)],
    context: &DisciplineContext<'_>,
    found: &mut Findings,
) -> Option<Classifier> {
    if leaves.len() > CLASSES_MAX {
        let message = format!("{} classes", leaves.len());
        found.error(Diagnostic::error("E0372", table.span_of("classes"), message, format!("at most {CLASSES_MAX}")));
        return None;
    }
    let mut rules = Vec::new();
    for (i, (_, class)) in leaves.iter().enumerate() {
        if let Some(conditions) = class.opt_table("match") {
            rules.extend(found.keep(Rule::read(conditions, context)).map(|rule| (rule, i as u8)));
        }
    }
    let rest = rest(table, leaves, found);
    if found.errors.has_errors() {
        return None;
    }
    let by_queue: Vec<(&Rule, u8)> = rules.iter().map(|(rule, i)| (rule, *i)).collect();
    // What only a marker on the way could make unmatched goes to the last class.
    let compiled = Classifier::compile(&by_queue, rest.unwrap_or(leaves.len() - 1) as u8, context);
    found.warnings.extend(compiled.idle.iter().map(|idle| idle.warning(rules[idle.rule].0.span)));
    if let (None, [first, others @ ..]) = (rest, &compiled.unmatched[..]) {
        let more = if others.is_empty() { String::new() } else { format!(" and of {} other flows", others.len()) };
        let message = format!("packets of `{}`{more} match no class", context.flows[*first].name);
        let d = Diagnostic::error("E0373", table.span_of("classes"), message, "no class takes them");
        found.error(d.help(format!(
            "say which does: default = \"{}\"; or leave out the `match` of one class",
            leaves[leaves.len() - 1].0
        )));
        return None;
    }
    Some(compiled.classifier)
}

/// Which class takes the packets that match none.
fn rest(table: &Table, leaves: &[(&str, &Table)], found: &mut Findings) -> Option<usize> {
    let open: Vec<usize> = (0..leaves.len()).filter(|&i| leaves[i].1.get("match").is_none()).collect();
    let Some(default) = table.get("default") else {
        if let [first, second, ..] = open[..] {
            let (a, b) = (leaves[first].0, leaves[second].0);
            let message = format!("neither `{a}` nor `{b}` has a `match`");
            let d = Diagnostic::error("E0373", leaves[second].1.span, message, "which of them takes the rest?");
            found.error(d.help(format!("default = \"{a}\", and a `match` for the others")));
        }
        return open.first().copied();
    };
    let name = default.as_text().unwrap_or_default();
    let Some(rest) = leaves.iter().position(|(n, _)| *n == name) else {
        let d = Diagnostic::error("E0374", default.span, format!("there is no class `{name}`"), "unknown class");
        found.error(d.help(known(name, leaves.iter().map(|l| l.0))));
        return None;
    };
    for i in open.into_iter().filter(|&i| i != rest) {
        let (name, class) = leaves[i];
        let message = format!("no packet belongs to the class `{name}`");
        let d = Diagnostic::warning("W0370", class.span, message, "it has no `match` and is not the default");
        found.warnings.push(d);
    }
    Some(rest)
}

/// The rate of the field `rate`, or that of the link.
pub(super) fn rate(table: &Table, context: &DisciplineContext<'_>, found: &mut Findings) -> Option<Quantity> {
    let rate = table.opt_quantity("rate").or(context.rate);
    match rate {
        None => {
            let message = "the rate that is shared is not known";
            let d = Diagnostic::error("E0376", table.span, message, "no `rate`, and no link that has one");
            found.error(d.help("rate = \"10 Mbit/s\", here or at the link"));
        }
        Some(rate) if rate.exact.0 == 0 => {
            let d = Diagnostic::error("E0376", table.span_of("rate"), format!("a rate of {rate}"), "must be positive");
            found.error(d);
        }
        Some(rate) => return Some(rate),
    }
    None
}

/// A hint that names the nearest class, or some.
pub(super) fn known<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    did_you_mean(name, names.clone()).unwrap_or_else(|| {
        let some: Vec<&str> = names.take(8).collect();
        format!("classes that can be named here: {}", some.join(", "))
    })
}
