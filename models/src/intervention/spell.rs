//! What experiments are called, in terms of what a value can become.
//!
//! ```text
//! block     scale by 0                  a channel or a pump that is blocked
//! dose      add                         a bolus
//! washout   set to 0                    a fresh medium
//! inhibit   Km (1 + I/Ki)               competitive;  kcat / (1 + I/Ki) noncompetitive;  both / (1 + I/Ki) uncompetitive
//! ramp      set, step by step           from what the value is to `value`, within `over`
//! ```
//! A ramp is a staircase: step i of n is in the middle of its stretch of time, so that the integral over the ramp is that of the
//! straight line. A rate that is to follow a line exactly follows a waveform (`shape`).
//!
//! Validated against: the same interventions written out.

use std::borrow::Cow;

use sim_core::config::{Data, Diagnostic, Diagnostics, Table, Value};
use sim_core::quantity::{Dimension, Quantity};

use super::find;

/// The operations that stand for others.
const SHORT: &[&str] = &["block", "dose", "washout", "inhibit", "ramp"];
/// The keys that only one operation has, and which.
const OWN: &[(&str, &str)] = &[("over", "ramp"), ("steps", "ramp"), ("Ki", "inhibit"), ("mode", "inhibit")];
/// Steps of a ramp unless said otherwise.
const STEPS: i64 = 100;

/// The scenario with its interventions in plain terms.
///
/// What cannot be said so is a finding, and left out.
pub(crate) fn spelt_out(scenario: &Table) -> (Cow<'_, Table>, Diagnostics) {
    let mut found = Diagnostics::default();
    let is_plain = |t: &Table| !SHORT.contains(&t.text("op")) && OWN.iter().all(|(key, _)| t.get(key).is_none());
    if scenario.named("intervention").all(|(_, t)| t.has_wrong() || is_plain(t)) {
        return (Cow::Borrowed(scenario), found);
    }
    let mut spelt = scenario.clone();
    let mut entries = Vec::new();
    for (name, span, value) in scenario.opt_table("intervention").map_or(&[][..], |t| &t.entries) {
        let Some(table) = value.as_table().filter(|t| !t.has_wrong()) else {
            entries.push((name.clone(), *span, value.clone()));
            continue;
        };
        let plain = plain(table, scenario).unwrap_or_else(|d| {
            found.push(d);
            Vec::new()
        });
        let with = |t: Table| (name.clone(), *span, Value { data: Data::Table(t), ..value.clone() });
        entries.extend(plain.into_iter().map(with));
    }
    for (.., section) in spelt.entries.iter_mut().filter(|e| e.0 == "intervention") {
        if let Data::Table(t) = &mut section.data {
            t.entries = std::mem::take(&mut entries);
        }
    }
    (Cow::Owned(spelt), found)
}

/// The interventions that `table` amounts to.
fn plain(table: &Table, scenario: &Table) -> Result<Vec<Table>, Diagnostic> {
    let op = table.text("op");
    if let Some((key, of)) = OWN.iter().find(|(key, of)| table.get(key).is_some() && *of != op) {
        let message = format!("`{op}` takes no `{key}`");
        let d = Diagnostic::error("E0621", table.span_of(key), message, "leave it out");
        return Err(d.help(format!("it is for `op = \"{of}\"`")));
    }
    let without = |keys: &[&str]| match keys.iter().find(|key| table.get(key).is_some()) {
        Some(key) => {
            let message = format!("`{op}` takes no `{key}`");
            Err(Diagnostic::error("E0621", table.span_of(key), message, "leave it out"))
        }
        None => Ok(()),
    };
    match op {
        "block" => {
            without(&["value", "factor"])?;
            Ok(vec![with(table, "scale", [("factor", Data::Number(0.0))])])
        }
        "dose" => {
            without(&["factor"])?;
            Ok(vec![with(table, "add", [])])
        }
        "washout" => {
            without(&["value", "factor"])?;
            let target = table.opt_text("target").unwrap_or_default();
            if !(target.split('.').count() == 2 || target.starts_with("compartment.")) {
                let message = format!("`{target}` is nothing that can be washed out");
                let d = Diagnostic::error("E0621", table.span_of("target"), message, "expected molecules");
                return Err(d.help("such as `medium.drug`, or `compartment.medium.fixed.drug`"));
            }
            let none = Quantity::from_value(0.0, Dimension::NUMBER).expect("zero is a number");
            Ok(vec![with(table, "set", [("value", Data::Quantity(none))])])
        }
        "inhibit" => inhibit(table, scenario),
        "ramp" => {
            without(&["factor", "when", "changes"])?;
            ramp(table, scenario)
        }
        _ => Ok(vec![table.clone()]),
    }
}

/// `table` with another operation and other values; what is only short hand's is taken out.
fn with<const N: usize>(table: &Table, op: &str, values: [(&str, Data); N]) -> Table {
    let mut plain = table.clone();
    plain.entries.retain(|(key, ..)| OWN.iter().all(|(own, _)| key != own));
    for (key, data) in [("op", Data::Text(op.to_owned()))].into_iter().chain(values) {
        let span = table.span_of(key);
        plain.entries.retain(|e| e.0 != key);
        plain.entries.push((key.to_owned(), span, Value::given(data, span)));
    }
    plain
}

/// An inhibitor at `value` from then on, as a change of the carriers' constants.
fn inhibit(table: &Table, scenario: &Table) -> Result<Vec<Table>, Diagnostic> {
    let target = table.opt_text("target").unwrap_or_default();
    for key in ["value", "Ki"] {
        if table.get(key).is_none() {
            let message = format!("`{}` has no `{key}`", table.path);
            let d = Diagnostic::error("E0621", table.span, message, "`inhibit` needs one");
            return Err(d.help("for example `value = \"1 uM\"` of the inhibitor, and `Ki = \"0.5 uM\"`"));
        }
    }
    let (dose, ki) = (table.quantity("value"), table.quantity("Ki"));
    if dose.dimension != Dimension::CONCENTRATION || dose.value < 0.0 {
        let message = format!("`{}.value` is no concentration of an inhibitor", table.path);
        return Err(Diagnostic::error("E0621", table.span_of("value"), message, "expected a concentration"));
    }
    if ki.value <= 0.0 {
        return Err(Diagnostic::error("E0621", table.span_of("Ki"), "`Ki` is zero", "must be above zero"));
    }
    let mut copy = scenario.clone();
    if !["Km", "kcat"].iter().all(|key| find(&mut copy, &format!("{target}.{key}")).is_some()) {
        let message = format!("`{target}` has no `Km` and `kcat`");
        let d = Diagnostic::error("E0621", table.span_of("target"), message, "expected a pathway with carriers");
        return Err(d.help("such as `pathway.pgp`, of kind `pump`"));
    }
    let more = 1.0 + dose.value / ki.value;
    let scale = |key: &str, factor: f64| {
        let mut one =
            with(table, "scale", [("target", Data::Text(format!("{target}.{key}"))), ("factor", Data::Number(factor))]);
        one.entries.retain(|e| e.0 != "value");
        one
    };
    Ok(match table.opt_text("mode").unwrap_or("competitive") {
        "competitive" => vec![scale("Km", more)],
        "noncompetitive" => vec![scale("kcat", 1.0 / more)],
        _ => vec![scale("Km", 1.0 / more), scale("kcat", 1.0 / more)],
    })
}

/// A staircase from what the value is to `value`.
fn ramp(table: &Table, scenario: &Table) -> Result<Vec<Table>, Diagnostic> {
    let target = table.opt_text("target").unwrap_or_default();
    for (key, example) in [("value", "value = \"1 uM\""), ("over", "over = \"10 min\""), ("at", "at = \"5 min\"")] {
        if table.get(key).is_none() {
            let message = format!("`{}` has no `{key}`", table.path);
            let d = Diagnostic::error("E0621", table.span, message, "`ramp` needs one");
            return Err(d.help(format!("for example `{example}`")));
        }
    }
    let others = scenario.named("intervention").filter(|(_, t)| t.path != table.path);
    if let Some((name, _)) = others.into_iter().find(|(_, t)| t.opt_text("target") == Some(target)) {
        let message = format!("`{target}` is changed by `{name}` too");
        let d =
            Diagnostic::error("E0621", table.span_of("target"), message, "a ramp begins at the scenario's own value");
        return Err(d.help("make one intervention of them, or let a rate follow a waveform"));
    }
    let end = table.quantity("value");
    let mut copy = scenario.clone();
    let start = match find(&mut copy, target).map(|v| &v.data) {
        Some(Data::Quantity(q)) if q.dimension == end.dimension => q.value,
        Some(Data::Number(x)) if end.dimension == Dimension::NUMBER => *x,
        Some(Data::Integer(i)) if end.dimension == Dimension::NUMBER => *i as f64,
        // What is wrong with it is told as of any that is set.
        _ => return Ok(vec![with(table, "set", [])]),
    };
    let steps = table.opt_integer("steps").unwrap_or(STEPS);
    let (from, over) = (table.quantity("at").value, table.quantity("over").value);
    let step = |i: i64| {
        let share = i as f64 / steps as f64;
        let at = from + over * (i as f64 - 0.5) / steps as f64;
        let at = Quantity::from_value(at, Dimension::TIME).unwrap_or(table.quantity("at"));
        let value = if i == steps { end.value } else { start + (end.value - start) * share };
        let value = Quantity::from_value(value, end.dimension).unwrap_or(end);
        with(table, "set", [("at", Data::Quantity(at)), ("value", Data::Quantity(value))])
    };
    Ok((1..=steps).map(step).collect())
}
