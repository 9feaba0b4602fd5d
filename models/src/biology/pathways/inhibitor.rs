//! Inhibitors of carriers, as a table names them.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Compartment, Inhibition, Inhibitor, PathwayBuilder};
use super::not_positive;

const SPECIES: Field = Field::required("species", Type::Text, "What inhibits.");
const KI: Field = Field::required("Ki", Type::Quantity(&[Dimension::CONCENTRATION]), "Inhibition constant.");
const MODE: Field = Field::default(
    "mode",
    Type::Choice(&["competitive", "noncompetitive", "uncompetitive"]),
    "\"competitive\"",
    "What it binds to: the free carrier, both alike, or the loaded carrier.",
);
const IN: Field = Field::optional(
    "in",
    Type::Reference("compartment"),
    "The compartment whose concentration of it counts. If left out: `to`, if that holds it (under `fixed` or \
     `initial`, or by an element before this one), else `from`, if that does, else `to`, where there is none at first.",
);
const K_OFF: Field = Field::optional(
    "k_off",
    Type::Quantity(&[Dimension::RATE]),
    "Unbinding, of explicit carriers, where it must be given; it binds at k_off / Ki.",
);

/// The keys of an inhibitor.
pub(super) const INHIBITOR: &[Field] = &[SPECIES, KI, MODE, IN];
/// The same of carriers that may be explicit.
pub(super) const BINDER: &[Field] = &[SPECIES, KI, MODE, IN, K_OFF];

/// All under `inhibitors` of a pathway between `places`, the one whose concentration counts first.
///
/// Fails with the first that is wrong.
pub(super) fn inhibitors(
    table: &Table,
    to: &mut PathwayBuilder<'_>,
    places: [Compartment; 2],
) -> Result<Vec<Inhibitor>, Diagnostic> {
    table.list("inhibitors").iter().filter_map(|v| v.as_table()).map(|t| inhibitor(t, to, places)).collect()
}

/// The inhibitor in `table`; without `in` it is in the first of `places` that holds it, or in the first.
pub(super) fn inhibitor(
    table: &Table,
    to: &mut PathwayBuilder<'_>,
    places: [Compartment; 2],
) -> Result<Inhibitor, Diagnostic> {
    let name = table.text("species");
    let span = table.span_of("species");
    let (place, species) = if table.get("in").is_some() {
        let place = to.compartment(table, "in")?;
        (place, to.species(name, &place, span)?)
    } else {
        let there = places.iter().find_map(|p| Some((*p, to.find(name, p)?)));
        match there {
            Some(found) => found,
            None => (places[0], to.species(name, &places[0], span)?),
        }
    };
    let ki = table.quantity("Ki").value;
    if ki <= 0.0 {
        return Err(not_positive(table, "Ki"));
    }
    let mode = match table.text("mode") {
        "competitive" => Inhibition::Competitive,
        "noncompetitive" => Inhibition::NonCompetitive,
        _ => Inhibition::Uncompetitive,
    };
    Ok(Inhibitor { species, ki: place.molecules(ki), mode })
}
