//! Molecules that leave in pairs: 2 S inside -> 2 S outside, propensity k n (n - 1) / 2.

use egress::models::Kind;
use egress::models::biology::{Channel, Law, MakePathway, Passage, PathwayBuilder};
use egress::sim_core::config::{Diagnostic, Field, Table, Type};
use egress::sim_core::quantity::Dimension;

pub const KIND: Kind<MakePathway> = Kind {
    name: "paired",
    doc: "Molecules leave in pairs.",
    fields: &[
        Field::required("species", Type::Text, "What leaves."),
        Field::required("from", Type::Reference("compartment"), "Where from."),
        Field::required("to", Type::Reference("compartment"), "Where to."),
        Field::required("k", Type::Quantity(&[Dimension::RATE]), "Rate constant of each pair."),
    ],
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let inside = to.species_in(table, "species", "from")?;
    let outside = to.species_in(table, "species", "to")?;
    let law = Law::MassAction { c: table.quantity("k").value, reactants: vec![(inside, 2)] };
    to.channel(Channel { takes: vec![(inside, 2)], gives: vec![(outside, 2)], law, passage: Passage::Forward });
    Ok(())
}
