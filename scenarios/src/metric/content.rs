//! Levels that a scenario gives as a set point or threshold, in the unit of what they are compared with: of molecules in a
//! compartment, a concentration is a count in its volume.

use models::biology::AVOGADRO;
use sim_core::config::{Diagnostic, Table, Type};
use sim_core::quantity::Dimension;

use super::Context;
use super::reading::Reading;

/// What a level may be.
pub(super) const LEVEL: Type = Type::Quantity(&[
    Dimension::NUMBER,
    Dimension::ITEMS,
    Dimension::CONCENTRATION,
    Dimension::AMOUNT,
    Dimension::RATE,
    Dimension::BIT_RATE,
    Dimension::TIME,
]);

/// The level under `key` of `table` in the unit of `of`; none if it is not given.
///
/// Fails if it is of another dimension, or a concentration in a volume that is swept.
pub(super) fn level(table: &Table, key: &str, of: &Reading, context: &Context<'_>) -> Result<Option<f64>, Diagnostic> {
    let Some(quantity) = table.opt_quantity(key) else { return Ok(None) };
    let count = matches!(quantity.dimension, Dimension::NUMBER | Dimension::ITEMS);
    let entities = !matches!(of.key.unit.as_str(), "1" | "1/s" | "bit/s" | "s");
    let wrong = || {
        let message = format!("`{}.{key}` is {}", table.path, quantity.dimension.describe());
        let d = Diagnostic::error("E0435", table.span_of(key), message, "of another dimension than what it is for");
        d.help(format!("`{}` is in the unit {}", of.name(), of.key.unit))
    };
    Ok(Some(match (of.key.unit.as_str(), quantity.dimension) {
        ("s", Dimension::TIME)
        | ("1/s", Dimension::RATE)
        | ("bit/s", Dimension::BIT_RATE)
        | ("1", Dimension::NUMBER) => quantity.value,
        _ if entities && count => quantity.value,
        _ if entities && quantity.dimension == Dimension::AMOUNT => quantity.value * AVOGADRO,
        _ if entities && quantity.dimension == Dimension::CONCENTRATION => {
            quantity.value * volume(of, table, key, context)? * AVOGADRO
        }
        _ => return Err(wrong()),
    }))
}

/// The volume that the species `of` is about is in, m^3; `key` of `table` needs it.
///
/// Fails if it is in none, or if it is swept.
pub(super) fn volume(of: &Reading, table: &Table, key: &str, context: &Context<'_>) -> Result<f64, Diagnostic> {
    let place = of.key.component.split_once('.').map_or("", |(place, _)| place);
    let compartment = context.scenario.opt_table("compartment").and_then(|all| all.opt_table(place));
    let error = |message: String, label: &str| Err(Diagnostic::error("E0435", table.span_of(key), message, label));
    let Some(volume) = compartment.and_then(|c| c.opt_quantity("volume")) else {
        return error(format!("`{}` is in no compartment", of.key.component), "expected a species of a compartment");
    };
    if context.axes.iter().any(|a| a.name.starts_with(&format!("compartment.{place}.volume"))) {
        return error(format!("the volume of `{place}` is swept"), "give a count of molecules instead");
    }
    Ok(volume.value)
}
