//! `[intervention.NAME]`: what happens to a system during a run, at times that the scenario fixes.
//!
//! One section for both families. `set`, `add`, `scale` and `knockdown` change a value that the scenario names by its path;
//! what experiments are called (`block`, `dose`, `washout`, `inhibit`, `ramp`) is spelt out in these terms ([`spell`]);
//! `fail` and `recover` act on links and nodes of networks. Which values can change each family says for itself.

mod spell;

use sim_core::SimTime;
use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Section, Shape, Span, Table, Type, Value, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};

use crate::biology::ANY_DIMENSION;

pub(crate) use spell::spelt_out;

/// What a new value can be: whatever a cell has, and data and their rates.
const VALUES: &[Dimension] = &{
    let mut all = [Dimension::BIT_RATE; ANY_DIMENSION.len() + 2];
    let mut i = 0;
    while i < ANY_DIMENSION.len() {
        all[i] = ANY_DIMENSION[i];
        i += 1;
    }
    all[i] = Dimension::DATA;
    all
};

/// The section.
pub(crate) const SECTION: Section = Section {
    name: "intervention",
    shape: Shape::Keyed,
    family: None,
    fields: &[
        Field::optional("at", Type::Quantity(&[Dimension::TIME]), "When; it acts before anything else at that time."),
        Field::optional(
            "when",
            Type::Text,
            "In a cell, in place of `at`: an expression as in a `law`, such as `cell.P > 30`. It acts each time that this \
             becomes true, at the start too if it is true then, and again only after it was false in between. Acts on \
             counts and variables only. Several that become true at one instant act one after another: by `priority`, else in the order \
             of the file; what each changes is worked out from what there was when they became true, unless `values_from` says otherwise.",
        ),
        Field::optional(
            "delay",
            Type::OneOf(&[Type::Quantity(&[Dimension::TIME]), Type::Text]),
            "With `when`: how long after that it acts, `\"5 s\"`; or an expression for the seconds, worked out when the condition becomes \
             true, which may draw: `\"exponential(0.2)\"`. It may be set off again before it has acted.",
        ),
        Field::optional(
            "persistent",
            Type::Bool,
            "With `when`: whether it acts even if the condition is no longer true when it is its turn, after a `delay` or another \
             intervention of the instant; `true` unless given.",
        ),
        Field::optional(
            "values_from",
            Type::Choice(&["trigger", "action"]),
            "With `when`: whether `changes` are worked out when the condition becomes true, or when it acts; the latter unless given if \
             there is a `delay`.",
        ),
        Field::optional(
            "priority",
            Type::OneOf(&[Type::Number { min: f64::MIN, max: f64::MAX }, Type::Text]),
            "With `when`: of those whose turn it is at one instant the one of the greatest priority acts first, those without one last. A \
             number, or an expression of the state then.",
        ),
        Field::optional(
            "held_before",
            Type::Bool,
            "With `when`: whether the condition counts as true before the start, so that it does not act there; `false` unless given.",
        ),
        Field::optional(
            "target",
            Type::Text,
            "The value to change, by its path: `compartment.medium.fixed.drug`, `pathway.pgp.N`, `reaction.r.k`, \
             `link.wan.rate` (or `delay`, `cost`), `traffic.web.rate`; a count, by the name of its species: `cell.drug`; a variable, by its name; for \
             `fail` and `recover`, a link or a node: `link.wan`.",
        ),
        Field::default(
            "op",
            Type::Choice(&[
                "set",
                "add",
                "scale",
                "knockdown",
                "block",
                "dose",
                "washout",
                "inhibit",
                "ramp",
                "fail",
                "recover",
            ]),
            "\"set\"",
            "What to do with it: `block` scales by 0, `dose` adds, `washout` sets to 0, `inhibit` is an inhibitor of the carriers \
             of a `pathway.NAME` with `Km` and `kcat`, `ramp` goes to the value in equal steps. A count becomes whole, to the nearest; molecules that are put in or taken out are arrivals \
             or departures of their species. A failed link loses what it holds and what is sent over it until routes have converged; \
             a failed node fails all its links.",
        ),
        Field::optional(
            "value",
            Type::Signed(VALUES),
            "The new value (set, ramp), what is added to it (add, dose; less than nothing takes away, of a count at most all), or \
             the concentration of the inhibitor (inhibit).",
        ),
        Field::optional(
            "factor",
            Type::Number { min: 0.0, max: 1e12 },
            "What to multiply by (scale), or the share that is taken away (knockdown: 1 takes all).",
        ),
        Field::optional("over", Type::Quantity(&[Dimension::TIME]), "How long a ramp takes, from `at` on."),
        Field::optional(
            "steps",
            Type::Integer { min: 1, max: 10_000 },
            "Steps of a ramp, 100 unless given. A rate that is to change smoothly follows a waveform (`shape`).",
        ),
        Field::optional("Ki", Type::Quantity(&[Dimension::CONCENTRATION]), "Of `inhibit`: the inhibition constant."),
        Field::optional(
            "mode",
            Type::Choice(&["competitive", "noncompetitive", "uncompetitive"]),
            "Of `inhibit`: what the inhibitor binds to, as in a pump; `competitive` unless given.",
        ),
        Field::optional(
            "changes",
            Type::Map(&Type::Text),
            "In a cell, in place of `target`: counts and variables that change together, and what each becomes, as expressions of what \
             was there just before: `{ \"cell.P\" = \"cell.P + 2 * cell.D\", \"cell.D\" = \"0\", k = \"3\" }`. Counts are rounded to whole ones. \
             Here expressions may draw: `normal(mean, sd)`, `uniform(low, high)`, `exponential(rate)`, `gamma(shape, scale)`, \
             `poisson(mean)`, `binomial(n, p)`, `bernoulli(p)`, `lognormal(mu, sigma)`, `cauchy(location, scale)`, `laplace(location, \
             scale)`, `chisquare(degrees)`, `rayleigh(scale)`; all but `uniform` and `bernoulli` take a lower and an upper bound besides, of which \
             one may be `inf`.",
        ),
    ],
    doc: "Something that happens during the run: a dose, a knock-down, a link that fails, a rate that changes.",
};

/// The interventions of a scenario at fixed times in order of time, those of one time in the order of the file; none that are
/// for an element with a mistake in it.
///
/// Those that are later than any run lasts, or do not say what they do or when, are findings.
pub(crate) fn in_order(scenario: &Table) -> (Vec<(u64, &Table)>, Diagnostics) {
    let (mut all, mut wrong) = (Vec::new(), Diagnostics::default());
    let aims_at_wrong = |t: &Table| t.opt_text("target").is_some_and(|target| aims_at_wrong(scenario, target));
    for (_, table) in scenario.named("intervention").filter(|(_, t)| !aims_at_wrong(t)) {
        if table.has_wrong() {
            continue;
        }
        if let Err(d) = check_form(table) {
            wrong.push(d);
            continue;
        }
        let Some(at) = table.opt_quantity("at") else { continue };
        if let Some(at) = at.to_ticks() {
            all.push((at, table));
        } else {
            let message = format!("`{}.at` is longer than any run", table.path);
            wrong.push(Diagnostic::error("E0621", table.span_of("at"), message, "a run lasts at most 106 d"));
        }
    }
    all.sort_by_key(|i| i.0);
    (all, wrong)
}

/// That it says when, once, and what, once.
pub(crate) fn check_form(table: &Table) -> Result<(), Diagnostic> {
    for (one, other, example) in [("at", "when", "at = \"10 s\""), ("target", "changes", "target = \"cell.drug\"")] {
        let path = &table.path;
        match (table.get(one), table.get(other)) {
            (Some(_), Some(_)) => {
                let message = format!("`{path}` has both `{one}` and `{other}`");
                return Err(Diagnostic::error("E0627", table.span_of(other), message, "leave one of them out"));
            }
            (None, None) => {
                let message = format!("`{path}` has no `{one}`");
                let d = Diagnostic::error("E0627", table.span, message, format!("expected `{one}` or `{other}`"));
                return Err(d.help(format!("for example `{example}`")));
            }
            _ => {}
        }
    }
    let given = |key: &&str| table.get(key).is_some_and(|v| !v.defaulted);
    let of_conditions = ["delay", "persistent", "values_from", "priority", "held_before"];
    if let Some(key) = of_conditions.iter().find(|key| table.get("at").is_some() && given(key)) {
        let message = format!("`{key}` is for what waits for a condition");
        let d = Diagnostic::error("E0627", table.span_of(key), message, "it has a time");
        return Err(d.help(match *key {
            "delay" => "let `at` be later",
            _ => "leave it out, or say `when = \"time >= 10\"` in place of `at`",
        }));
    }
    if let Some(key) = ["op", "value", "factor"].iter().find(|key| table.get("changes").is_some() && given(key)) {
        let message = format!("`{}.changes` says what counts become: `{key}` has no meaning", table.path);
        return Err(Diagnostic::error("E0627", table.span_of(key), message, "leave it out"));
    }
    Ok(())
}

/// That it is not one that only cells can have.
pub(crate) fn check_plain(table: &Table) -> Result<(), Diagnostic> {
    let Some(key) = ["when", "changes"].into_iter().find(|key| table.get(key).is_some()) else { return Ok(()) };
    let message = format!("`{key}` is for counts of molecules");
    let d = Diagnostic::error("E0627", table.span_of(key), message, "not in a network");
    Err(d.help("give a time `at` and a `target`"))
}

/// What is done to an element with a mistake in it may be right for the element that was meant.
fn aims_at_wrong(scenario: &Table, target: &str) -> bool {
    let mut parts = target.split('.');
    let element = parts.next().and_then(|section| scenario.opt_table(section)?.opt_table(parts.next()?));
    element.is_some_and(Table::has_wrong)
}

/// Warnings about interventions and counts of `scenario` that a run which ends at `end` never comes to.
pub fn late_interventions(scenario: &Table, end: SimTime) -> Diagnostics {
    let mut late = Diagnostics::default();
    for (_, table) in scenario.named("intervention") {
        if table.opt_quantity("at").and_then(Quantity::to_ticks).is_some_and(|at| at >= end.ticks()) {
            let message = format!("`{}` comes after the end of the run", table.path);
            let d = Diagnostic::warning("W0620", table.span_of("at"), message, "never happens");
            late.push(d.help("let the run last longer (`run.duration`), or let it happen earlier"));
        }
    }
    for (_, table) in scenario.named("probe").filter(|(_, t)| t.kind() == "count") {
        let beyond = |v: &&Value| v.as_quantity().and_then(Quantity::to_ticks).is_some_and(|at| at > end.ticks());
        if let Some(value) = table.list("times").iter().find(beyond) {
            let message = format!("`{}` looks after the end of the run", table.path);
            let d = Diagnostic::warning("W0620", value.span, message, "never comes");
            late.push(d.help("let the run last longer (`run.duration`), or look earlier"));
        }
    }
    late
}

/// Whether it fails or recovers an element, rather than changing a value.
pub(crate) fn is_outage(table: &Table) -> bool {
    matches!(table.text("op"), "fail" | "recover")
}

/// That a failure or recovery has no value.
///
/// Fails if it has one.
pub(crate) fn check_outage(table: &Table) -> Result<(), Diagnostic> {
    let Some(key) = ["value", "factor"].into_iter().find(|key| table.get(key).is_some()) else { return Ok(()) };
    let message = format!("`{}` takes no `{key}`", table.text("op"));
    Err(Diagnostic::error("E0621", table.span_of(key), message, "leave it out"))
}

/// Changes `value` as `table` says.
///
/// Fails if the new value is missing, of another dimension or out of range.
pub(crate) fn change(table: &Table, value: &mut Value) -> Result<(), Diagnostic> {
    let (target, span) = (table.text("target"), table.span_of("target"));
    match Change::of(table)? {
        Change::Set(new) => set(value, new, target, table.span_of("value")),
        Change::Add(more) => add(value, more, target, table.span_of("value")),
        Change::Scale(factor) => scale(value, factor, target, span),
    }
}

/// What is to be done with a value or a count.
pub(crate) enum Change {
    /// It becomes this.
    Set(Quantity),
    /// This is added to it.
    Add(Quantity),
    /// It is multiplied by this.
    Scale(f64),
}

impl Change {
    /// What `table` says; not a failure or recovery.
    ///
    /// Fails if it says too little or too much.
    pub(crate) fn of(table: &Table) -> Result<Self, Diagnostic> {
        let op = table.text("op");
        let takes_value = op == "set" || op == "add";
        let (wanted, unwanted) = if takes_value { ("value", "factor") } else { ("factor", "value") };
        if table.get(wanted).is_none() {
            let message = format!("`{}` has no `{wanted}`", table.path);
            let d = Diagnostic::error("E0621", table.span, message, format!("`{op}` needs one"));
            return Err(if takes_value { d.help("add `value = \"1 uM\"`") } else { d.help("add `factor = 0.5`") });
        }
        if table.get(unwanted).is_some() {
            let message = format!("`{op}` takes no `{unwanted}`");
            return Err(Diagnostic::error("E0621", table.span_of(unwanted), message, format!("give `{wanted}` alone")));
        }
        match op {
            "set" => Ok(Self::Set(table.quantity("value"))),
            "add" => Ok(Self::Add(table.quantity("value"))),
            "scale" => Ok(Self::Scale(table.number("factor"))),
            _ => {
                let share = table.number("factor");
                if share > 1.0 {
                    let message = format!("a knockdown by {share}");
                    let d = Diagnostic::error("E0621", table.span_of("factor"), message, "takes away at most all, 1");
                    return Err(d.help("to multiply by a factor, use `op = \"scale\"`"));
                }
                Ok(Self::Scale(1.0 - share))
            }
        }
    }
}

fn set(value: &mut Value, new: Quantity, target: &str, span: Span) -> Result<(), Diagnostic> {
    let wrong = |expected: &str| {
        let message = format!("`{target}` is {expected}, not {}", new.dimension.describe());
        Diagnostic::error("E0621", span, message, "of another dimension")
    };
    let negative = new.value < 0.0;
    match &mut value.data {
        Data::Quantity(old) => {
            let counts = [Dimension::NUMBER, Dimension::ITEMS, Dimension::CONCENTRATION, Dimension::AMOUNT];
            let amount = |d| counts.contains(&d);
            let parameter = target.starts_with("reaction.") && target.contains(".parameters.");
            let signed = parameter || old.dimension == Dimension::VOLTAGE;
            let held = target.starts_with("compartment.") && amount(old.dimension) && amount(new.dimension);
            if old.dimension != new.dimension && !held {
                return Err(wrong(old.dimension.describe()));
            }
            if negative && !signed {
                let message = format!("`{target}` cannot be negative");
                return Err(Diagnostic::error("E0621", span, message, "expected zero or more"));
            }
            *old = new;
        }
        Data::Number(_) | Data::Integer(_) => {
            if new.dimension != Dimension::NUMBER && new.dimension != Dimension::ITEMS {
                return Err(wrong("a bare number"));
            }
            if negative {
                let message = format!("`{target}` cannot be negative");
                return Err(Diagnostic::error("E0621", span, message, "expected zero or more"));
            }
            number(value, new.value, target, span)?;
        }
        _ => return Err(wrong("no number")),
    }
    Ok(())
}

fn add(value: &mut Value, more: Quantity, target: &str, span: Span) -> Result<(), Diagnostic> {
    let sum = match &value.data {
        Data::Quantity(old) if old.dimension == more.dimension => old.value + more.value,
        Data::Quantity(old) => {
            let (is, added) = (old.dimension.describe(), more.dimension.describe());
            let message = format!("`{target}` is {is}, to which {added} cannot be added");
            return Err(Diagnostic::error("E0621", span, message, "of another dimension"));
        }
        Data::Number(x) => x + more.value,
        Data::Integer(i) => *i as f64 + more.value,
        _ => more.value,
    };
    set(value, Quantity::from_value(sum, more.dimension).unwrap_or(more), target, span)
}

fn scale(value: &mut Value, factor: f64, target: &str, span: Span) -> Result<(), Diagnostic> {
    match &mut value.data {
        Data::Quantity(q) => {
            let scaled = q.value * factor;
            *q = Quantity::from_value(scaled, q.dimension).unwrap_or(Quantity { value: scaled, ..*q });
            Ok(())
        }
        Data::Number(x) => {
            *x *= factor;
            Ok(())
        }
        Data::Integer(i) => {
            let scaled = *i as f64 * factor;
            number(value, scaled, target, span)
        }
        _ => Ok(()),
    }
}

/// Puts a number in the place of one of the same type.
fn number(value: &mut Value, new: f64, target: &str, span: Span) -> Result<(), Diagnostic> {
    match &mut value.data {
        Data::Integer(i) if new.fract() == 0.0 => *i = new as i64,
        Data::Integer(_) => {
            let message = format!("`{target}` would become {new}");
            return Err(Diagnostic::error("E0621", span, message, "it is a whole number"));
        }
        data => *data = Data::Number(new),
    }
    Ok(())
}

/// The value at the dotted path `target` of `scenario`.
pub(crate) fn find<'a>(scenario: &'a mut Table, target: &str) -> Option<&'a mut Value> {
    let mut parts = target.split('.');
    let first = parts.next()?;
    let mut value = entry(scenario, first)?;
    for part in parts {
        value = match &mut value.data {
            Data::Table(t) => entry(t, part)?,
            Data::List(list) => list.get_mut(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn entry<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    table.entries.iter_mut().find(|e| e.0 == key).map(|e| &mut e.2)
}

/// Adds the paths of all numbers under `value`, which stands at `path`.
pub(crate) fn collect(value: &Value, path: &str, out: &mut Vec<String>) {
    match &value.data {
        Data::Table(t) => t.entries.iter().for_each(|(k, _, v)| collect(v, &format!("{path}.{k}"), out)),
        Data::List(list) => list.iter().enumerate().for_each(|(i, v)| collect(v, &format!("{path}.{i}"), out)),
        Data::Quantity(_) | Data::Number(_) | Data::Integer(_) => out.push(path.to_owned()),
        _ => {}
    }
}

/// A hint for a path that matches nothing: the nearest one and those under the same element.
pub(crate) fn nearest(target: &str, candidates: &[String]) -> String {
    let near = did_you_mean(target, candidates.iter().map(String::as_str));
    let element = target.rsplit_once('.').map_or(target, |(head, _)| head);
    let same: Vec<&str> = candidates.iter().map(String::as_str).filter(|c| c.starts_with(element)).take(8).collect();
    let list = if same.is_empty() { candidates.iter().map(String::as_str).take(8).collect() } else { same };
    let list = format!("there are: {}", list.join(", "));
    near.map_or(list.clone(), |n| format!("{n} {list}"))
}
