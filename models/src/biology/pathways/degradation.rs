//! First-order degradation: each molecule vanishes with rate constant `k`.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder};
use super::MakePathway;
use crate::registry::Kind;

const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What is degraded."),
    Field::required("from", Type::Reference("compartment"), "Where."),
    Field::required("k", Type::Quantity(&[Dimension::RATE]), "Rate constant of each molecule."),
];

pub(super) const KIND: Kind<MakePathway> =
    Kind { name: "degradation", doc: "First-order degradation or metabolism.", fields: FIELDS, make };

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let species = to.species_in(table, "species", "from")?;
    let law = Law::FirstOrder { k: table.quantity("k").value, of: species };
    to.channel(Channel::new(&[species], &[], law, Passage::Forward));
    Ok(())
}
