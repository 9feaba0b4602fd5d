//! Rate rules: a parameter that grows or falls at a steady rate, a clock.

use std::collections::BTreeSet;

use sim_core::config::Diagnostic;

use super::math::{Expr, Formula, Name, Op};
use super::model::{Model, assignment};
use super::xml::{Element, invalid, place, unsupported};

/// How a parameter goes on at a steady rate.
pub(super) enum Course {
    /// As this function of the time.
    Whole(Formula),
    /// From where it is, at this rate.
    Clock(Formula),
}

/// A parameter that grows or falls at a steady rate.
/// What `moving` names has a rate rule, too.
pub(super) fn steady_rate(
    e: Element<'_>,
    model: &Model,
    moving: &BTreeSet<&str>,
) -> Result<(String, Course), Diagnostic> {
    let (id, rate) = assignment(e, "variable")?;
    let help = "only parameters may have one, at a rate and from a value that nothing changes; counts change by reactions and events";
    let refuse = || unsupported(place(e), format!("this <rateRule> of `{}`", id.escape_debug()), help);
    let is_assigned = |name: &str| model.events.iter().any(|event| event.assignments.iter().any(|a| a.0.id == name));
    let is_steady = |name: &Name| {
        let name = name.id.as_str();
        let changes = model.rules.contains_key(name) || moving.contains(name) || is_assigned(name);
        model.parameters.contains_key(name) && !changes
    };
    let Some(&value) = model.parameters.get(&id) else { return Err(refuse()) };
    let is_steady_formula = |f: &Formula| f.names().all(is_steady) && !f.reads_time() && !f.draws();
    if !is_steady_formula(&rate) {
        return Err(refuse());
    }
    let initial = model.initial.get(&id);
    if is_assigned(&id) || initial.is_some_and(Formula::draws) {
        return Ok((id, Course::Clock(rate)));
    }
    // What it starts at is worked in with it, so that nothing may change that either.
    if !initial.is_none_or(is_steady_formula) {
        return Err(refuse());
    }
    let start = match (model.initial.get(&id), value) {
        (Some(formula), _) => formula.clone(),
        (None, Some(value)) => Expr::Number(value),
        (None, None) => {
            let message = format!("the parameter `{}` has no value at the start", id.escape_debug());
            return Err(invalid(place(e), message, "expected `value` or an initial assignment"));
        }
    };
    let grown = Expr::Apply(Op::Times, vec![rate, Expr::Time]);
    Ok((id, Course::Whole(Expr::Apply(Op::Plus, vec![start, grown]))))
}
