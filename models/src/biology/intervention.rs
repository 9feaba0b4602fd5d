//! `[intervention.NAME]`: from `at` on, the scenario reads as if a value in it were another; or a count is changed at once.
//!
//! An intervention edits the scenario's own tables and builds the laws anew, so that whatever a kind of pathway reads
//! from its table can be changed during a run, without a word about interventions in the kind. What is only read at the
//! start (initial counts, the number of explicit carriers) cannot. A count is no value of the scenario but of the run; what
//! changes it is a [`Dose`].

use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Span, Table, Type, Value, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};

use super::assemble::{assemble, tables};
use super::dose::{self, Dose};
use super::network::{Network, Phase};
use super::parts::{Piece, split};
use super::reaction::ANY_DIMENSION;
use super::system::Part;
use crate::registry::Registry;

pub(super) const FIELDS: &[Field] = &[
    Field::required("at", Type::Quantity(&[Dimension::TIME]), "When; it acts before anything else at that time."),
    Field::required(
        "target",
        Type::Text,
        "The value to change, by its path: `compartment.medium.fixed.drug`, `pathway.pgp.N`, `reaction.r.k`; or a count, \
         by the name of its species: `cell.drug`.",
    ),
    Field::default(
        "op",
        Type::Choice(&["set", "add", "scale", "knockdown"]),
        "\"set\"",
        "What to do with it. A count becomes whole, to the nearest; molecules that are put in or taken out are arrivals \
         or departures of their species.",
    ),
    Field::optional(
        "value",
        Type::Signed(ANY_DIMENSION),
        "The new value (set), or what is added to it (add); less than nothing takes away, of a count at most all.",
    ),
    Field::optional(
        "factor",
        Type::Number { min: 0.0, max: 1e12 },
        "What to multiply by (scale), or the share that is taken away (knockdown: 1 takes all).",
    ),
];

/// The sections whose values can be changed.
const OPEN: &[&str] = &["compartment", "pathway", "reaction"];

/// Gives every part a phase for each intervention, in order of time.
///
/// Fails with every intervention that cannot be done.
pub(super) fn add_phases(scenario: &Table, registry: &Registry, parts: &mut [Part]) -> Result<(), Diagnostics> {
    let mut findings = Diagnostics::default();
    let mut now = scenario.clone();
    let mut all: Vec<(u64, &Table)> = tables(scenario, "intervention")
        .map(|(_, _, t)| (t.quantity("at").to_ticks().unwrap_or(u64::MAX), t))
        .collect();
    all.sort_by_key(|i| i.0);
    for (at, table) in all {
        match intervene(table, at, &mut now, registry, parts) {
            Ok(phases) => parts.iter_mut().zip(phases).for_each(|(part, phase)| part.phases.push(phase)),
            Err(found) => findings.extend(found),
        }
    }
    if findings.has_errors() { Err(findings) } else { Ok(()) }
}

/// The phase that an intervention begins, of each part.
fn intervene(
    table: &Table,
    at: u64,
    scenario: &mut Table,
    registry: &Registry,
    parts: &[Part],
) -> Result<Vec<Phase>, Diagnostics> {
    let one = |d| {
        let mut all = Diagnostics::default();
        all.push(d);
        all
    };
    let span = table.span_of("target");
    if at == u64::MAX {
        let message = format!("`{}.at` is longer than any run", table.path);
        return Err(one(Diagnostic::error("E0621", table.span_of("at"), message, "a run lasts at most 106 d")));
    }
    let before = scenario.clone();
    let counted = dose::is_count(table.text("target"), scenario);
    if !counted {
        edit(table, scenario).map_err(one)?;
    }
    // What is wrong with the new value is reported where the new value stands.
    let place = table.get("value").or(table.get("factor")).map_or(span, |v| v.span);
    let world = assemble(scenario, registry).map_err(|found| {
        let mut all = Diagnostics::default();
        for d in found.iter() {
            all.push(Diagnostic { span: place, ..d.clone() });
        }
        all
    });
    let result = world.and_then(|world| {
        let dose = if counted { Some(Dose::of(table, &world).map_err(one)?) } else { None };
        let pieces = split(&world);
        let fresh: Vec<Network> = pieces.iter().map(Network::new).collect();
        if fresh.len() == parts.len() && fresh.iter().zip(parts).all(|(new, old)| new.same_shape(&old.network)) {
            let phase = |(piece, network): (&Piece, &Network)| {
                let mut phase = Phase::new(at, &piece.world, network);
                phase.dose = dose.as_ref().and_then(|(name, dose)| Some((network.slot_of(name)?, *dose)));
                phase
            };
            return Ok(pieces.iter().zip(&fresh).map(phase).collect());
        }
        let message = format!("`{}` cannot change during a run", table.text("target"));
        let d = Diagnostic::error("E0622", span, message, "it is only read at the start");
        Err(one(d.help("change a rate, a number of carriers or what is held constant instead")))
    });
    if result.is_err() {
        *scenario = before;
    }
    result
}

/// Makes the change that `table` describes to the scenario.
fn edit(table: &Table, scenario: &mut Table) -> Result<(), Diagnostic> {
    let (target, span) = (table.text("target"), table.span_of("target"));
    let candidates = candidates(scenario);
    let Some(found) = candidates.iter().any(|c| c == target).then(|| find(scenario, target)).flatten() else {
        let message = format!("there is no value `{target}`");
        let d = Diagnostic::error("E0620", span, message, "matches nothing that can change");
        return Err(d.help(match target.strip_prefix("compartment.").and_then(|t| t.split_once(".initial.")) {
            Some((place, species)) => format!("the count itself is `{place}.{species}`"),
            None => nearest(target, &[candidates, dose::counts(scenario)].concat()),
        }));
    };
    match Change::of(table)? {
        Change::Set(new) => set(found, new, target, table.span_of("value")),
        Change::Add(more) => add(found, more, target, table.span_of("value")),
        Change::Scale(factor) => scale(found, factor, target, span),
    }
}

/// What is to be done with a value.
pub(super) enum Change {
    Set(Quantity),
    Add(Quantity),
    Scale(f64),
}

impl Change {
    pub(super) fn of(table: &Table) -> Result<Self, Diagnostic> {
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
            let held = target.starts_with("compartment.") && amount(old.dimension) && amount(new.dimension);
            if old.dimension != new.dimension && !held {
                return Err(wrong(old.dimension.describe()));
            }
            if negative && !parameter {
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

/// The value at the dotted path `target`.
fn find<'a>(scenario: &'a mut Table, target: &str) -> Option<&'a mut Value> {
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

/// The paths of all values that can change.
fn candidates(scenario: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for section in OPEN {
        if let Some(v) = scenario.get(section) {
            collect(v, section, &mut out);
        }
    }
    out.retain(|path| !path.starts_with("compartment.") || !path.contains(".initial."));
    out
}

fn collect(value: &Value, path: &str, out: &mut Vec<String>) {
    match &value.data {
        Data::Table(t) => t.entries.iter().for_each(|(k, _, v)| collect(v, &format!("{path}.{k}"), out)),
        Data::List(list) => list.iter().enumerate().for_each(|(i, v)| collect(v, &format!("{path}.{i}"), out)),
        Data::Quantity(_) | Data::Number(_) | Data::Integer(_) => out.push(path.to_owned()),
        _ => {}
    }
}

/// A hint for a path that matches nothing: the nearest one and those under the same element.
fn nearest(target: &str, candidates: &[String]) -> String {
    let near = did_you_mean(target, candidates.iter().map(String::as_str));
    let element = target.rsplit_once('.').map_or(target, |(head, _)| head);
    let same: Vec<&str> = candidates.iter().map(String::as_str).filter(|c| c.starts_with(element)).take(8).collect();
    let list = if same.is_empty() { candidates.iter().map(String::as_str).take(8).collect() } else { same };
    let list = format!("there are: {}", list.join(", "));
    near.map_or(list.clone(), |n| format!("{n} {list}"))
}
