//! A source at a constant rate: synthesis, uptake that does not depend on anything that is modelled.
//!
//! The immigration of an immigration-death process; with first-order exits its counts are Poisson.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder};
use super::MakePathway;
use crate::registry::Kind;

const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What comes in."),
    Field::required("to", Type::Reference("compartment"), "Where to."),
    Field::required(
        "rate",
        Type::Quantity(&[Dimension::RATE, Dimension::ITEM_RATE, Dimension::AMOUNT_RATE, Dimension::CONCENTRATION_RATE]),
        "How much of it, as molecules, amount or concentration per time.",
    ),
];

pub(super) const KIND: Kind<MakePathway> =
    Kind { name: "influx", doc: "A source at a constant rate (synthesis, infusion).", fields: FIELDS, make };

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let place = to.compartment(table, "to")?;
    let species = to.species_in(table, "species", "to")?;
    let rate = table.quantity("rate");
    let rate = match rate.dimension {
        Dimension::AMOUNT_RATE => rate.value * super::super::AVOGADRO,
        Dimension::CONCENTRATION_RATE => place.molecules(rate.value),
        _ => rate.value,
    };
    to.channel(Channel::new(&[], &[species], Law::Constant(rate), Passage::Forward));
    Ok(())
}
