//! What becomes a `[variable.NAME]`: numbers that events assign or that are drawn at the start, rather than counts of molecules.
//!
//! A species is one if no reaction changes it, but an event does, or a draw at the start. A parameter is one if an event assigns it, or if its
//! value at the start depends on a draw; not if all that events do is to set it at times to numbers known beforehand, and only laws read it:
//! then an intervention changes those.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sim_core::config::{Diagnostic, Span};

use super::event;
use super::math::Expr;
use super::model::Model;
use super::print::{Names, formula, is_reserved, number, quoted};
use super::resolve::{Resolved, Resolver, Symbol};
use super::translate::{Role, Translator};
use super::xml::unsupported;

/// Whether reactions take or give species `s`.
pub(super) fn is_changed_by_reactions(model: &Model, s: usize) -> bool {
    let takes_part = model.reactions.iter().any(|r| r.takes.iter().chain(&r.gives).any(|t| t.0 == s));
    takes_part && !model.species[s].boundary && !model.species[s].constant
}

/// Whether an event assigns `id`.
pub(super) fn is_assigned(model: &Model, id: &str) -> bool {
    model.events.iter().any(|e| e.assignments.iter().any(|a| a.0.id == id))
}

/// The parameters that become variables, and what those are called.
pub(super) fn parameters(model: &Model, resolver: &Resolver<'_>) -> BTreeMap<Symbol, String> {
    let is_candidate = |id: &&String| {
        !model.rules.contains_key(*id)
            && (is_assigned(model, id) || model.clocks.contains_key(*id) || resolver.is_drawn(id))
    };
    let candidates: BTreeSet<&String> = model.parameters.keys().filter(is_candidate).collect();
    let is_variable = |id: &str| candidates.iter().any(|c| *c == id);
    let mut names = BTreeMap::new();
    for id in &candidates {
        let is_fixed = !model.clocks.contains_key(*id) && !resolver.is_drawn(id);
        let is_of_laws = is_read_by_laws(model, resolver, id) && !is_read_by_rules(model, resolver, id);
        if is_fixed && event::sets_at_times(model, resolver, id, &is_variable) && is_of_laws {
            continue;
        }
        // The value of a clock goes on: what is kept is another number.
        let mut name = if model.clocks.contains_key(*id) { format!("{id}_at_0") } else { (*id).clone() };
        while is_reserved(&name) || name != **id && is_taken(model, &name) {
            name.push('_');
        }
        names.insert(Symbol::Parameter((*id).clone()), name);
    }
    names
}

/// Whether anything of the model that has a name in the scenario is called `name`.
fn is_taken(model: &Model, name: &str) -> bool {
    model.parameters.contains_key(name)
        || model.species.iter().any(|s| s.id == name)
        || model.compartments.iter().any(|c| c.id == name)
        || model.reactions.iter().any(|r| r.id == name)
}

fn is_read_by_laws(model: &Model, resolver: &Resolver<'_>, id: &str) -> bool {
    let reads = |e: &Resolved| e.any(&mut |symbol| *symbol == Symbol::Parameter(id.to_owned()));
    let law = |r: &super::model::Reaction| resolver.resolve(&r.law, Some(&r.local), r.law_span);
    model.reactions.iter().any(|r| law(r).is_ok_and(|law| reads(&law)))
}

/// Whether a rule depends on `id`: what it gives is told, and has to be known from then on.
fn is_read_by_rules(model: &Model, resolver: &Resolver<'_>, id: &str) -> bool {
    let reads = |e: &Resolved| e.any(&mut |symbol| *symbol == Symbol::Parameter(id.to_owned()));
    model.rules.values().any(|rule| resolver.resolve(rule, None, Span::default()).is_ok_and(|rule| reads(&rule)))
}

/// A value at the start that is worked out in each run.
struct Drawn {
    symbol: Symbol,
    value: Resolved,
    span: Span,
}

/// The sections of all variables, and the intervention that draws counts at the start.
///
/// What is wrong with them is told to the translator.
pub(super) fn sections(t: &mut Translator<'_>) -> String {
    let mut out = String::new();
    let (mut drawn, mut counts) = (Vec::new(), Vec::new());
    let species = t.roles.iter().enumerate().filter(|r| *r.1 == Role::Variable).map(|(s, _)| Symbol::Count(s));
    let all: Vec<Symbol> = species.chain(t.variables.keys().cloned()).collect();
    for symbol in all {
        let (id, span) = declared(t, &symbol);
        if t.resolver.is_drawn(&id) {
            match at_start(t, &symbol, &id, span) {
                Ok(value) => drawn.push(Drawn { symbol, value, span }),
                Err(d) => t.found.push(d),
            }
            continue;
        }
        match t.resolver.value(&symbol, None, span) {
            Ok(value) if value.is_finite() => {
                let _ = writeln!(out, "\n[variable.{}]\ninitial = {}", t.name_of(&symbol), number(value));
            }
            Ok(value) => t.found.push(super::xml::invalid(span, format!("`{id}` is {value} at first"), "no number")),
            Err(d) => t.found.push(d),
        }
    }
    for s in 0..t.roles.len() {
        let (id, span) = declared(t, &Symbol::Count(s));
        if t.roles[s] == Role::Counted && t.resolver.is_drawn(&id) {
            match at_start(t, &Symbol::Count(s), &id, span).and_then(|value| text(t, &value, span)) {
                Ok(text) => counts.push(format!("{} = {}", quoted(&t.path(s)), quoted(&text))),
                Err(d) => t.found.push(d),
            }
        }
    }
    // Each after those that it reads.
    while !drawn.is_empty() {
        let waits: Vec<bool> = drawn.iter().map(|d| drawn.iter().any(|other| reads(&d.value, &other.symbol))).collect();
        let Some(next) = waits.iter().position(|waits| !waits) else {
            let message = "draws at the start depend on each other without end";
            t.found.push(super::xml::invalid(drawn[0].span, message, "in a circle"));
            break;
        };
        let Drawn { symbol, value, span } = drawn.remove(next);
        match text(t, &value, span) {
            Ok(text) => {
                let _ = writeln!(out, "\n[variable.{}]\ninitial = {}", t.name_of(&symbol), quoted(&text));
            }
            Err(d) => t.found.push(d),
        }
    }
    if !counts.is_empty() {
        let _ = writeln!(out, "\n[intervention.initial-counts]\nat = \"0 s\"\nchanges = {{ {} }}", counts.join(", "));
    }
    out
}

/// What a symbol is called in the file, and where that stands.
fn declared(t: &Translator<'_>, symbol: &Symbol) -> (String, Span) {
    let model = t.model;
    let assigned = |id: &str| model.assigned.iter().find(|a| a.0.id == id).map(|a| a.0.span);
    match symbol {
        Symbol::Count(s) => {
            (model.species[*s].id.clone(), assigned(&model.species[*s].id).unwrap_or(model.species[*s].span))
        }
        Symbol::Parameter(id) => {
            let event = || model.events.iter().flat_map(|e| &e.assignments).find(|a| a.0.id == *id).map(|a| a.0.span);
            (id.clone(), assigned(id).or_else(event).unwrap_or_default())
        }
        _ => (String::new(), Span::default()),
    }
}

/// The value at the start of what is drawn.
fn at_start(t: &Translator<'_>, symbol: &Symbol, id: &str, span: Span) -> Result<Resolved, Diagnostic> {
    let initial = t.model.initial.get(id);
    let value = match initial {
        Some(formula) => t.resolver.resolve(formula, None, span)?,
        None => return Err(unsupported(span, format!("the draw of `{id}`"), "give it an initial assignment")),
    };
    match symbol {
        Symbol::Count(s) => t.resolver.count_of(*s, value, span),
        _ => Ok(value),
    }
}

/// The text of a value at the start.
fn text(t: &Translator<'_>, value: &Resolved, span: Span) -> Result<String, Diagnostic> {
    let is_drawn_count = |symbol: &Symbol| matches!(symbol, Symbol::Count(s) if t.roles[*s] == Role::Counted && t.resolver.is_drawn(&t.model.species[*s].id));
    if value.any(&mut |symbol| is_drawn_count(symbol)) {
        let help = "draw a parameter, and make both of it";
        return Err(unsupported(span, "a value at the start that depends on a count that is drawn,", help));
    }
    let value = at_zero(value);
    Ok(formula(&t.with_values(&value, span)?, &Names::new(&t.known)))
}

/// The formula at time zero.
fn at_zero(e: &Resolved) -> Resolved {
    match e {
        Expr::Time => Expr::Number(0.0),
        Expr::Apply(op, operands) => Expr::Apply(*op, operands.iter().map(at_zero).collect()),
        other => other.clone(),
    }
}

fn reads(e: &Resolved, symbol: &Symbol) -> bool {
    e.any(&mut |s| s == symbol)
}
