//! Events: interventions at a time where the trigger is `time >= T`, else interventions with a condition.

use std::fmt::Write;

use sim_core::config::Diagnostic;

use super::law::has_species;
use super::math::{Expr, Op};
use super::model::Event;
use super::print::{Names, formula, number, quoted};
use super::resolve::{Resolved, Symbol};
use super::translate::{Role, Translator};
use super::xml::{invalid, unsupported};

/// The sections of all events; what is wrong with them is told to the translator.
pub(super) fn all(t: &mut Translator<'_>) -> String {
    let mut out = String::new();
    for (k, event) in t.model.events.iter().enumerate() {
        let name = event.id.clone().unwrap_or_else(|| format!("event_{}", k + 1));
        match one(t, event, &name) {
            Ok(section) => out.push_str(&section),
            Err(d) => t.found.push(d),
        }
    }
    out
}

/// When an event happens.
enum When {
    /// Once, at this time in s.
    At(f64),
    If(String),
    Never,
}

fn one(t: &Translator<'_>, event: &Event, name: &str) -> Result<String, Diagnostic> {
    let when = when(t, event)?;
    let (mut changes, mut others) = (Vec::new(), String::new());
    for (target, value) in &event.assignments {
        let id = target.id.as_str();
        let value = t.resolver.resolve(value, None, event.span)?;
        if let Some(species) = t.resolver.species(id) {
            let s = &t.model.species[species];
            if s.constant || t.roles[species] == Role::Ruled {
                let message = format!("an event assigns `{id}`, which is constant or has a rule");
                return Err(invalid(target.span, message, "cannot change"));
            }
            let count = t.resolver.count_of(species, value, target.span)?;
            changes.push(format!("{} = {}", quoted(&t.path(species)), quoted(&text(t, &count, event)?)));
        } else if t.model.parameters.contains_key(id) {
            let When::At(at) = when else {
                let what = format!("an event that the state sets off and that assigns the parameter `{id}`");
                return Err(unsupported(target.span, what, "make `{id}` a species, or write its course into the law"));
            };
            if has_species(&value) || value.has_time() {
                let what = format!("an event that assigns the parameter `{id}` a value that depends on the state");
                return Err(unsupported(target.span, what, "a number, or a formula of constants, is"));
            }
            let value = t.resolver.evaluate(&fixed(t, &value, event)?, None, target.span)?;
            others.push_str(&parameter(t, id, value, at, name));
        } else {
            let what = format!("an event that assigns `{id}`, which is no species or parameter,");
            return Err(unsupported(target.span, what, "sizes and stoichiometries are constant"));
        }
    }
    let mut out = String::new();
    let head = match when {
        When::Never => {
            return Ok(format!("\n# event `{name}`: its trigger holds from before the start, so it never happens\n"));
        }
        When::At(at) => format!("at = \"{} s\"", number(at)),
        When::If(condition) => format!("when = {}", quoted(&condition)),
    };
    if !changes.is_empty() {
        let _ = writeln!(out, "\n[intervention.{name}]\n{head}\nchanges = {{ {} }}", changes.join(", "));
    }
    Ok(out + &others)
}

/// The interventions that give a parameter another value wherever it is read.
fn parameter(t: &Translator<'_>, id: &str, value: f64, at: f64, event: &str) -> String {
    let symbol = Symbol::Parameter(id.to_owned());
    let mut out = String::new();
    for (r, reaction) in t.model.reactions.iter().enumerate().filter(|(r, _)| t.uses[*r].contains(&symbol)) {
        let _ = writeln!(
            out,
            "\n[intervention.{event}-{id}-{}]\nat = \"{} s\"\ntarget = \"reaction.{}.parameters.{}\"\nvalue = {}",
            reaction.id,
            number(at),
            reaction.id,
            t.parameters[r].get(&symbol),
            number(value),
        );
    }
    out
}

fn when(t: &Translator<'_>, event: &Event) -> Result<When, Diagnostic> {
    let trigger = t.resolver.resolve(&event.trigger, None, event.trigger_span)?;
    if let Some((time, at_once)) = threshold(&trigger)
        && !has_species(time)
        && !time.has_time()
    {
        let time = t.resolver.evaluate(&fixed(t, time, event)?, None, event.trigger_span)? * t.model.units.seconds;
        let holds = time < 0.0 || time == 0.0 && at_once;
        return Ok(if holds && event.initially { When::Never } else { When::At(time.max(0.0)) });
    }
    let condition = fixed(t, &trigger, event)?;
    let start = t.resolver.evaluate(&condition, None, event.trigger_span)?;
    if start != 0.0 && event.initially {
        let what = "an event whose trigger holds at the start and does not count (`initialValue`)";
        return Err(unsupported(
            event.trigger_span,
            what,
            "say `initialValue=\"false\"` if it is to happen at the start",
        ));
    }
    text(t, &trigger, event).map(When::If)
}

/// The time from which `trigger` holds, if that is all that it says, and whether it holds at that time itself.
fn threshold(trigger: &Resolved) -> Option<(&Resolved, bool)> {
    let Expr::Apply(Op::Compare(symbol), operands) = trigger else { return None };
    let is_time = |e: &Resolved| match e {
        Expr::Time => true,
        // In another unit.
        Expr::Apply(Op::Divide, of) => matches!(of.as_slice(), [Expr::Time, Expr::Number(_)]),
        _ => false,
    };
    match (*symbol, operands.as_slice()) {
        (">=" | ">", [time, at]) if is_time(time) => Some((at, *symbol == ">=")),
        ("<=" | "<", [at, time]) if is_time(time) => Some((at, *symbol == "<=")),
        _ => None,
    }
}

/// The text of a formula in an intervention, where parameters have no names: their values stand for them.
fn text(t: &Translator<'_>, e: &Resolved, event: &Event) -> Result<String, Diagnostic> {
    let mut e = fixed(t, e, event)?;
    if !has_species(&e) && !e.has_time() {
        e = Expr::Number(t.resolver.evaluate(&e, None, event.span)?);
    }
    Ok(formula(&e, &Names::new(&t.names)))
}

/// The formula with the values of parameters and sizes in their places.
fn fixed(t: &Translator<'_>, e: &Resolved, event: &Event) -> Result<Resolved, Diagnostic> {
    Ok(match e {
        Expr::Symbol(Symbol::Count(_)) | Expr::Number(_) | Expr::Time | Expr::Call(..) => e.clone(),
        Expr::Symbol(symbol) => {
            let assigned = |id: &str| t.model.events.iter().any(|e| e.assignments.iter().any(|a| a.0.id == id));
            if let Symbol::Parameter(id) = symbol
                && assigned(id)
            {
                let what = format!("an event that reads the parameter `{id}`, which events assign,");
                return Err(unsupported(event.span, what, "write its value there"));
            }
            Expr::Number(t.resolver.value(symbol, None, event.span)?)
        }
        Expr::Apply(op, operands) => {
            Expr::Apply(*op, operands.iter().map(|e| fixed(t, e, event)).collect::<Result<_, _>>()?)
        }
    })
}
