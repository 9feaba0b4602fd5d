//! What has an assignment rule is told as an `[observable.NAME]`: a species as its amount, a parameter as it is.

use std::collections::BTreeSet;
use std::fmt::Write;

use models::biology::READS_MAX;
use sim_core::config::{Diagnostic, Span};

use super::print::{Names, formula, is_reserved, quoted};
use super::resolve::Resolved;
use super::translate::Translator;

/// The sections of all observables.
///
/// What is wrong with them is told to the translator.
pub(super) fn sections(t: &mut Translator<'_>) -> String {
    let mut out = String::new();
    if t.found.has_errors() {
        // What is wrong with a rule is wrong with the laws that it is worked into.
        return out;
    }
    let rules = t.model.rules.keys().filter(|id| !t.resolver.is_compartment(id)).cloned().collect::<Vec<_>>();
    let clocks = t.model.clocks.keys().cloned();
    for id in rules.into_iter().chain(clocks) {
        let given = t.model.assigned.iter().find(|a| a.0.id == id).map(|a| a.0.span);
        match text(t, &id, given.unwrap_or_default()) {
            Ok(None) => {
                let _ = writeln!(out, "\n# `{id}` follows from more than {READS_MAX} counts, and is not told.");
            }
            Ok(Some(text)) => {
                let name = if is_reserved(&id) { format!("{id}_") } else { id };
                let _ = writeln!(out, "\n[observable.{name}]\nvalue = {}", quoted(&text));
            }
            Err(d) => t.found.push(d),
        }
    }
    out
}

/// The value of what is called `id`; none if it reads too much.
fn text(t: &Translator<'_>, id: &str, span: Span) -> Result<Option<String>, Diagnostic> {
    let value: Resolved = t.resolver.resolve_name(id, span)?;
    let value = match t.resolver.species(id) {
        Some(species) => t.resolver.count_of(species, value, span)?,
        None => value,
    };
    let mut reads = BTreeSet::new();
    value.any(&mut |symbol| {
        reads.extend(t.known.contains_key(symbol).then(|| symbol.clone()));
        false
    });
    let is_told = reads.len() <= READS_MAX;
    is_told.then(|| Ok(formula(&t.with_values(&value, span)?, &Names::new(&t.known)))).transpose()
}
