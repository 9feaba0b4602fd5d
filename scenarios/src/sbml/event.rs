//! Events: interventions at a time where the trigger is `time >= T`, else interventions with a condition.

use std::collections::BTreeSet;
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
    let mut sections: Vec<Section> = Vec::new();
    for (k, event) in t.model.events.iter().enumerate() {
        let name = event.id.clone().unwrap_or_else(|| format!("event_{}", k + 1));
        let section = one(t, event, name).and_then(|section| place(&mut sections, section, event));
        section.unwrap_or_else(|d| t.found.push(d));
    }
    sections.iter().map(|s| s.text(t)).collect()
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
    /// Species by index, and the text of what each becomes.
    changes: Vec<(usize, String)>,
    /// Parameters, and what each becomes.
    parameters: Vec<(String, f64)>,
    /// The species that what it assigns is worked out from.
    reads: BTreeSet<usize>,
    /// Whether that is from those of the instant that set it off.
    at_trigger: bool,
}

impl Section {
    /// Whether it changes what `other` reads.
    fn disturbs(&self, other: &Self) -> bool {
        self.changes.iter().any(|c| other.reads.contains(&c.0))
    }

    /// Takes over what `other` does.
    fn join(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.changes.sort_by_key(|c| c.0);
        self.changes.dedup_by_key(|c| c.0);
        self.parameters.extend(other.parameters);
        self.parameters.sort_by(|a, b| a.0.cmp(&b.0));
        self.parameters.dedup_by(|a, b| a.0 == b.0);
        self.reads.extend(other.reads);
        self.at_trigger &= other.at_trigger;
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
            let change =
                |(species, text): &(usize, String)| format!("{} = {}", quoted(&t.path(*species)), quoted(text));
            let changes: Vec<String> = self.changes.iter().map(change).collect();
            let _ = writeln!(out, "\n[intervention.{name}]\n{head}\nchanges = {{ {} }}", changes.join(", "));
        }
        self.parameters.iter().for_each(|(id, value)| out.push_str(&parameter(t, id, *value, at, name)));
        out
    }
}

/// Puts what `event` becomes with the others, `before` it in the file.
///
/// SBML has no order for events of one instant without priorities. Each takes its values from the instant itself, unless it says otherwise:
/// where one reads what another changes, all of that time are one intervention. What would depend on the order is refused.
fn place(before: &mut Vec<Section>, section: Section, event: &Event) -> Result<(), Diagnostic> {
    let help = "their order is not defined: make one event of them, or let them differ in time";
    let refuse = |what: String| Err(unsupported(event.span, what, help));
    let same: Vec<usize> = (0..before.len()).filter(|&i| before[i].when == section.when).collect();
    let mut joined = false;
    for other in same.iter().map(|&i| &before[i]) {
        let (a, b) = (&other.name, &section.name);
        let clashes = section.changes.iter().any(|c| other.changes.iter().any(|o| o.0 == c.0 && o.1 != c.1))
            || section.parameters.iter().any(|p| other.parameters.iter().any(|o| o.0 == p.0 && o.1 != p.1));
        if clashes {
            return refuse(format!("that events `{a}` and `{b}` assign the same at one instant"));
        }
        let (first, second) = (other.disturbs(&section), section.disturbs(other));
        if first && !section.at_trigger || second && !other.at_trigger {
            return refuse(format!(
                "that one of events `{a}` and `{b}` reads at its time what the other assigns at the same instant"
            ));
        }
        // Conditions look at the instant itself.
        joined |= (first || second) && matches!(section.when, When::At(_));
    }
    before.push(section);
    if joined {
        for &i in same[1..].iter().rev() {
            let other = before.remove(i);
            before[same[0]].join(other);
        }
        if let Some(last) = before.pop() {
            before[same[0]].join(last);
        }
    }
    Ok(())
}

fn one(t: &Translator<'_>, event: &Event, name: String) -> Result<Section, Diagnostic> {
    let when = when(t, event)?;
    let mut section = Section {
        name,
        when,
        changes: Vec::new(),
        parameters: Vec::new(),
        reads: BTreeSet::new(),
        at_trigger: event.at_trigger,
    };
    for (target, value) in &event.assignments {
        let id = target.id.as_str();
        let value = t.resolver.resolve(value, None, event.span)?;
        let cannot = || {
            let message = format!("an event assigns `{id}`, which is constant or has a rule");
            Err(invalid(target.span, message, "cannot change"))
        };
        if let Some(species) = t.resolver.species(id) {
            if t.model.species[species].constant || t.roles[species] == Role::Ruled {
                return cannot();
            }
            let count = t.resolver.count_of(species, value, target.span)?;
            section.changes.push((species, text(t, &count, event)?));
            count.any(&mut |symbol| {
                if let Symbol::Count(read) = symbol {
                    section.reads.insert(*read);
                }
                false
            });
        } else if t.model.parameters.contains_key(id) {
            if t.model.rules.contains_key(id) {
                return cannot();
            }
            if !matches!(section.when, When::At(_)) {
                let what = format!("an event that the state sets off and that assigns the parameter `{id}`");
                return Err(unsupported(target.span, what, "make it a species, or write its course into the law"));
            }
            if has_species(&value) || value.has_time() {
                let what = format!("an event that assigns the parameter `{id}` a value that depends on the state");
                return Err(unsupported(target.span, what, "a number, or a formula of constants, is"));
            }
            let value = t.resolver.evaluate(&fixed(t, &value, event)?, None, target.span)?;
            section.parameters.push((id.to_owned(), value));
        } else {
            let what = format!("an event that assigns `{id}`, which is no species or parameter,");
            return Err(unsupported(target.span, what, "sizes and stoichiometries are constant"));
        }
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
