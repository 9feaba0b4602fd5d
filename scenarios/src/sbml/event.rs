//! Events: interventions at a time where the trigger is `time >= T`, else interventions with a condition. Those of one instant act by
//! priority, then in the order of the file.
//!
//! Interventions at a time know nothing of delays, of triggers that no longer hold and of priorities that change. Where an event has one of
//! these, all are interventions with a condition, which act in turn as events do.

use std::collections::BTreeSet;
use std::fmt::Write;

use sim_core::config::{Diagnostic, Span};

use super::math::{Expr, Formula, Op};
use super::model::{Event, Model};
use super::print::{Names, formula, number, quoted};
use super::resolve::{Resolved, Resolver, Symbol, apply};
use super::translate::{Role, Translator};
use super::xml::{invalid, unsupported};

/// The sections of all events; what is wrong with them is told to the translator.
pub(super) fn all(t: &mut Translator<'_>) -> String {
    let mut sections: Vec<Section> = Vec::new();
    for (k, event) in in_order(t) {
        let name = event.id.clone().unwrap_or_else(|| format!("event_{}", k + 1));
        let section = one(t, event, name).and_then(|section| place(&mut sections, section, event));
        section.unwrap_or_else(|d| t.found.push(d));
    }
    sections.iter().map(|s| s.text(t)).collect()
}

/// The events, each with its place in the file, in the order in which those of one instant act: by priority, the greatest first; those
/// without one after all that have one; else in the order of the file.
fn in_order<'a>(t: &mut Translator<'a>) -> Vec<(usize, &'a Event)> {
    let mut all = Vec::new();
    for (k, event) in t.model.events.iter().enumerate() {
        let priority = event.priority.as_ref().map_or(Ok(f64::NEG_INFINITY), |(formula, span)| {
            let resolved = t.resolver.resolve(formula, None, *span)?;
            if resolved.draws() {
                let help = "let an event assign a parameter, and let that be the priority";
                return Err(unsupported(*span, "a draw in a <priority>", help));
            }
            // What changes is found out when it is their turn.
            if is_constant(t, &resolved) { t.resolver.evaluate(&resolved, None, *span) } else { Ok(0.0) }
        });
        match priority {
            Ok(priority) => all.push((priority, k, event)),
            Err(d) => t.found.push(d),
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().map(|(_, k, event)| (k, event)).collect()
}

/// Whether the events of `model` must wait for conditions, all of them.
fn act_in_turn(model: &Model) -> bool {
    let changes = |(priority, _): &(Formula, Span)| priority.reads_time() || priority.names().next().is_some();
    let in_turn = |e: &Event| e.delay.is_some() || !e.persistent || e.priority.as_ref().is_some_and(changes);
    model.events.iter().any(in_turn)
}

/// Whether nothing that a formula reads changes or is drawn.
fn is_constant(t: &Translator<'_>, e: &Resolved) -> bool {
    !e.has_time() && !e.draws() && !e.any(&mut |symbol| t.known.contains_key(symbol))
}

/// Whether all that events do with parameter `id` is to set it at times to numbers known beforehand, and no event reads it. Parameters
/// of which `is_variable` holds may change.
pub(super) fn sets_at_times(
    model: &Model,
    resolver: &Resolver<'_>,
    id: &str,
    is_variable: &dyn Fn(&str) -> bool,
) -> bool {
    let changes = |symbol: &Symbol| match symbol {
        Symbol::Count(_) => true,
        Symbol::Parameter(id) => is_variable(id),
        _ => false,
    };
    let is_known = |e: &Resolved| !e.any(&mut |symbol| changes(symbol)) && !e.has_time() && !e.draws();
    let reads = |e: &Resolved| e.any(&mut |symbol| *symbol == Symbol::Parameter(id.to_owned()));
    !act_in_turn(model)
        && model.events.iter().all(|event| {
            let resolve = |formula| resolver.resolve(formula, None, event.span).ok();
            let Some(trigger) = resolve(&event.trigger) else { return true };
            let is_timed = threshold(&trigger).is_some_and(|(time, _)| is_known(time));
            !reads(&trigger)
                && event.assignments.iter().all(|(target, value)| {
                    let Some(value) = resolve(value) else { return true };
                    !reads(&value) && (target.id != id || is_timed && is_known(&value))
                })
        })
}

/// When an event happens.
#[derive(PartialEq)]
enum When {
    /// Once, at this time in s.
    At(f64),
    If(String),
    Never,
}

/// What an event becomes.
struct Section {
    name: String,
    when: When,
    /// How it waits for its turn: lines of its section.
    turn: String,
    /// Species and variables, and the text of what each becomes.
    changes: Vec<(Symbol, String)>,
    /// Parameters, and what each becomes.
    parameters: Vec<(String, f64)>,
    /// The species and variables that what it assigns is worked out from.
    reads: BTreeSet<Symbol>,
    /// Whether that is from those of the instant that set it off.
    at_trigger: bool,
}

impl Section {
    /// Whether it changes what `other` reads.
    fn disturbs(&self, other: &Self) -> bool {
        self.changes.iter().any(|c| other.reads.contains(&c.0))
    }

    /// Takes over what `later` does at the same instant.
    fn join(&mut self, later: Self) {
        self.changes.retain(|c| later.changes.iter().all(|l| l.0 != c.0));
        self.changes.extend(later.changes);
        self.changes.sort_by(|a, b| a.0.cmp(&b.0));
        self.parameters.retain(|p| later.parameters.iter().all(|l| l.0 != p.0));
        self.parameters.extend(later.parameters);
        self.reads.extend(later.reads);
        self.at_trigger &= later.at_trigger;
    }

    fn text(&self, t: &Translator<'_>) -> String {
        let name = &self.name;
        let (head, at) = match &self.when {
            When::Never => {
                return format!("\n# event `{name}`: its trigger holds from before the start, so it never happens\n");
            }
            When::At(at) => (format!("at = \"{} s\"", number(*at)), *at),
            When::If(condition) => (format!("when = {}", quoted(condition)), 0.0),
        };
        let mut out = String::new();
        if !self.changes.is_empty() {
            let change = |(symbol, text): &(Symbol, String)| match symbol {
                Symbol::Count(s) if t.roles[*s] == Role::Counted => {
                    format!("{} = {}", quoted(&t.path(*s)), quoted(text))
                }
                _ => format!("{} = {}", t.name_of(symbol), quoted(text)),
            };
            let changes: Vec<String> = self.changes.iter().map(change).collect();
            let _ =
                writeln!(out, "\n[intervention.{name}]\n{head}\n{}changes = {{ {} }}", self.turn, changes.join(", "));
        }
        self.parameters.iter().for_each(|(id, value)| out.push_str(&parameter(t, id, *value, at, name)));
        out
    }
}

/// Puts what `event` becomes with the others, which act before it if they are of one instant.
///
/// Each takes its values from the instant itself, unless it says otherwise: where one of a time reads what another before it changes, all
/// of that time are one intervention. Those with conditions act in turn by themselves.
fn place(before: &mut Vec<Section>, section: Section, event: &Event) -> Result<(), Diagnostic> {
    if !matches!(section.when, When::At(_)) {
        before.push(section);
        return Ok(());
    }
    let same: Vec<usize> = (0..before.len()).filter(|&i| before[i].when == section.when).collect();
    let disturbing = same.iter().map(|&i| &before[i]).find(|other| other.disturbs(&section));
    let in_turn = !section.at_trigger || same.iter().any(|&i| !before[i].at_trigger);
    if let Some(other) = disturbing
        && in_turn
        && (same.len() > 1 || section.at_trigger)
    {
        let (a, b) = (&other.name, &section.name);
        let what =
            format!("that one of events `{a}` and `{b}` reads at its time what the other assigns at the same instant");
        return Err(unsupported(event.span, what, "make one event of them, or let them differ in time"));
    }
    let joins = disturbing.is_some() && section.at_trigger;
    before.push(section);
    if joins {
        let first = same[0];
        let rest: Vec<Section> = same[1..].iter().rev().map(|&i| before.remove(i)).collect();
        let last = before.pop();
        for later in rest.into_iter().rev().chain(last) {
            before[first].join(later);
        }
    }
    Ok(())
}

fn one(t: &Translator<'_>, event: &Event, name: String) -> Result<Section, Diagnostic> {
    let when = when(t, event)?;
    let turn = if matches!(when, When::If(_)) { turn(t, event)? } else { String::new() };
    let mut section = Section {
        name,
        when,
        turn,
        changes: Vec::new(),
        parameters: Vec::new(),
        reads: BTreeSet::new(),
        at_trigger: event.at_trigger,
    };
    for (target, value) in &event.assignments {
        let id = target.id.as_str();
        let value = match t.model.clocks.get(id) {
            // What is kept of a clock is its value less what it has run.
            Some(rate) => {
                let run = Expr::Apply(Op::Times, vec![rate.clone(), Expr::Time]);
                Expr::Apply(Op::Minus, vec![value.clone(), run])
            }
            None => value.clone(),
        };
        let value = t.resolver.resolve(&value, None, event.span)?;
        let cannot = || {
            let message = format!("an event assigns `{id}`, which is constant or has a rule");
            Err(invalid(target.span, message, "cannot change"))
        };
        let parameter = Symbol::Parameter(id.to_owned());
        let (symbol, value) = if let Some(species) = t.resolver.species(id) {
            if t.model.species[species].constant || t.roles[species] == Role::Ruled {
                return cannot();
            }
            (Symbol::Count(species), t.resolver.count_of(species, value, target.span)?)
        } else if t.variables.contains_key(&parameter) {
            (parameter, value)
        } else if t.model.parameters.contains_key(id) {
            if t.model.rules.contains_key(id) {
                return cannot();
            }
            section.parameters.push((id.to_owned(), t.resolver.evaluate(&value, None, target.span)?));
            continue;
        } else {
            let what = format!("an event that assigns `{id}`, which is no species or parameter,");
            return Err(unsupported(target.span, what, "sizes and stoichiometries are constant"));
        };
        section.changes.push((symbol, text(t, &value, event.span)?));
        value.any(&mut |symbol| {
            if t.known.contains_key(symbol) {
                section.reads.insert(symbol.clone());
            }
            false
        });
    }
    Ok(section)
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
    if trigger.draws() {
        let help =
            "a trigger is looked at all the time: there would be no end of draws; let another event assign a parameter";
        return Err(unsupported(event.trigger_span, "a draw in a <trigger>", help));
    }
    if let Some((time, at_once)) = threshold(&trigger)
        && is_constant(t, time)
    {
        let time = t.resolver.evaluate(time, None, event.trigger_span)? * t.model.units.seconds;
        let holds = time < 0.0 || time == 0.0 && at_once;
        if holds && event.initially {
            return Ok(When::Never);
        }
        if !act_in_turn(t.model) {
            return Ok(When::At(time.max(0.0)));
        }
    }
    text(t, &trigger, event.trigger_span).map(When::If)
}

/// How an event with a condition waits for its turn, as lines of its section.
fn turn(t: &Translator<'_>, event: &Event) -> Result<String, Diagnostic> {
    let mut out = String::new();
    if let Some((delay, span)) = &event.delay {
        let delay = t.resolver.resolve(delay, None, *span)?;
        let seconds = t.model.units.seconds;
        let delay = if seconds == 1.0 { delay } else { apply(Op::Times, vec![delay, Expr::Number(seconds)]) };
        let _ = if is_constant(t, &delay) {
            let delay = t.resolver.evaluate(&delay, None, *span)?;
            if !(delay >= 0.0 && delay.is_finite()) {
                return Err(invalid(*span, format!("a delay of {delay} s"), "expected zero or more"));
            }
            writeln!(out, "delay = \"{} s\"", number(delay))
        } else {
            writeln!(out, "delay = {}", quoted(&text(t, &delay, *span)?))
        };
    }
    if !event.persistent {
        out.push_str("persistent = false\n");
    }
    if event.at_trigger == event.delay.is_some() {
        let _ = writeln!(out, "values_from = \"{}\"", if event.at_trigger { "trigger" } else { "action" });
    }
    if let Some((priority, span)) = &event.priority {
        let priority = t.resolver.resolve(priority, None, *span)?;
        let _ = writeln!(out, "priority = {}", quoted(&text(t, &priority, *span)?));
    }
    // Whether it holds at the start matters only if that does not count. What is drawn may hold.
    let trigger = t.resolver.resolve(&event.trigger, None, event.trigger_span)?;
    if event.initially && t.resolver.evaluate(&trigger, None, event.trigger_span).map_or(true, |held| held != 0.0) {
        out.push_str("held_before = true\n");
    }
    Ok(out)
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

/// The text of a formula in an intervention.
fn text(t: &Translator<'_>, e: &Resolved, span: Span) -> Result<String, Diagnostic> {
    let e = if is_constant(t, e) { Expr::Number(t.resolver.evaluate(e, None, span)?) } else { t.with_values(e, span)? };
    Ok(formula(&e, &Names::new(&t.known)))
}
