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
pub(super) const BINDER: &[Field] = &[SPECIES, KI, MODE, IN, K_OFF];

/// An inhibitor, and how fast it lets go.
pub(super) struct Binder {
    pub(super) name: String,
    pub(super) inhibitor: Inhibitor,
    /// Unbinding, 1/s.
    pub(super) k_off: f64,
}

/// All under `inhibitors` of a pathway of all carriers together, between `places`, the one whose concentration counts first.
///
/// Fails with the first that is wrong.
pub(super) fn inhibitors(
    table: &Table,
    to: &mut PathwayBuilder<'_>,
    places: [Compartment; 2],
) -> Result<Vec<Inhibitor>, Diagnostic> {
    let one = |table: &Table| only_explicit(table, "k_off").and_then(|()| inhibitor(table, to, places));
    table.list("inhibitors").iter().filter_map(|v| v.as_table()).map(one).collect()
}

/// That `table` has no `key`, which only carriers that are simulated one by one have.
pub(super) fn only_explicit(table: &Table, key: &str) -> Result<(), Diagnostic> {
    let Some(value) = table.get(key) else { return Ok(()) };
    let message = format!("`{}.{key}` is only for explicit carriers", table.path);
    let d = Diagnostic::error("E0607", value.span, message, "not used by a law of all carriers together");
    Err(d.help("leave it out, or add `explicit = true` to a pump, `model = \"cycle\"` to a carrier"))
}

/// An inhibitor that binds to carriers one by one.
pub(super) fn binder(
    table: &Table,
    to: &mut PathwayBuilder<'_>,
    places: [Compartment; 2],
) -> Result<Binder, Diagnostic> {
    let Some(k_off) = table.opt_quantity("k_off").map(|q| q.value) else {
        let message = format!("`{}` has no `k_off`", table.path);
        let d = Diagnostic::error("E0607", table.span, message, "explicit carriers need to know how fast it lets go");
        return Err(d.help("add `k_off = \"1 /s\"`: it then binds at k_off / Ki"));
    };
    if k_off <= 0.0 {
        return Err(not_positive(table, "k_off"));
    }
    let inhibitor = inhibitor(table, to, places)?;
    Ok(Binder { name: table.text("species").to_owned(), inhibitor, k_off })
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
