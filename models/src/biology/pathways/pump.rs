//! Active efflux by N carriers with Michaelis-Menten kinetics.
//!
//! ```text
//! v = N kcat n / (Km free + n loaded),   free = (1 + sum I_c/Ki) prod(1 + I_n/Ki),   loaded = (1 + sum I_u/Ki) prod(1 + I_n/Ki)
//! ```
//! over competitive (c), uncompetitive (u) and non-competitive (n) inhibitors; n and Km in the compartment pumped from.
//! This is right in the mean but makes turnover a Poisson stream (randomness 1). With `explicit = true` carriers are
//! simulated one by one (`carriers.rs`).
//!
//! Validated against the exact law of leak-in and pump-out and the inhibition formulas.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Compartment, Inhibition, Inhibitor, Law, Passage, PathwayBuilder};
use super::carriers::{Binder, Carriers};
use super::{MakePathway, same_place};
use crate::registry::Kind;

const INHIBITOR: &[Field] = &[
    Field::required("species", Type::Text, "What inhibits."),
    Field::required("Ki", Type::Quantity(&[Dimension::CONCENTRATION]), "Inhibition constant."),
    Field::default(
        "mode",
        Type::Choice(&["competitive", "noncompetitive", "uncompetitive"]),
        "\"competitive\"",
        "What it binds to: the free carrier, both alike, or the loaded carrier.",
    ),
    Field::optional(
        "in",
        Type::Reference("compartment"),
        "The compartment whose concentration of it counts. If left out: `to`, if that holds it (under `fixed` or \
         `initial`, or by an element before this one), else `from`, if that does, else `to`, where there is none at first.",
    ),
    Field::optional(
        "k_off",
        Type::Quantity(&[Dimension::RATE]),
        "Unbinding, of explicit carriers, where it must be given; it binds at k_off / Ki.",
    ),
];
const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What is pumped."),
    Field::required("from", Type::Reference("compartment"), "Where from."),
    Field::required("to", Type::Reference("compartment"), "Where to."),
    Field::required("N", Type::Number { min: 0.0, max: 1e15 }, "Number of carriers."),
    Field::required("kcat", Type::Quantity(&[Dimension::RATE]), "Turnovers of a saturated carrier per time."),
    Field::required("Km", Type::Quantity(&[Dimension::CONCENTRATION]), "Concentration at half the greatest rate."),
    Field::default("inhibitors", Type::List(&Type::Record(INHIBITOR)), "[]", "What slows it down."),
    Field::default(
        "explicit",
        Type::Bool,
        "false",
        "Whether every carrier's binding and release is simulated. A molecule that is bound is counted with the carriers \
         (`NAME.bound`), not in its compartment: arrivals, departures, throughput and residence times there are from one \
         binding or release to the next. What leaves for good is the throughput of the pump.",
    ),
    Field::optional("k_on", Type::Quantity(&[Dimension::BIMOLECULAR]), "Binding, of explicit carriers."),
    Field::optional(
        "k_off",
        Type::Quantity(&[Dimension::RATE]),
        "Unbinding, of explicit carriers; 0 if neither is given.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "pump",
    doc: "Active efflux by N carriers with inhibitors: Michaelis-Menten kinetics, or explicit carriers.",
    fields: FIELDS,
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let (inside, outside) = (to.compartment(table, "from")?, to.compartment(table, "to")?);
    if inside == outside {
        return Err(same_place(table, "to", table.text("to")));
    }
    let substrate = to.species_in(table, "species", "from")?;
    let product = to.species_in(table, "species", "to")?;
    let (n, kcat, km) = (table.number("N"), table.quantity("kcat").value, table.quantity("Km").value);
    if km <= 0.0 {
        return Err(not_positive(table, "Km"));
    }
    let inhibitors = table.list("inhibitors").iter().filter_map(|v| v.as_table());
    if table.bool("explicit") {
        let binders = inhibitors.map(|t| binder(t, to, [outside, inside])).collect::<Result<Vec<_>, _>>()?;
        let (k_on, k_off) = binding(table, kcat, km)?;
        // A pair meets at k_on / (V N_A).
        let carriers = Carriers { k_on: k_on / inside.molecules(1.0), k_off, kcat, substrate, product, binders };
        return carriers.add(table, to);
    }
    for key in ["k_on", "k_off"] {
        if table.get(key).is_some() {
            let message = format!("`{}.{key}` is only for explicit carriers", table.path);
            let d = Diagnostic::error("E0607", table.span_of(key), message, "not used without `explicit = true`");
            return Err(d.help("add `explicit = true` or leave it out"));
        }
    }
    let inhibitors = inhibitors.map(|t| reduced(t, to, [outside, inside])).collect::<Result<Vec<_>, _>>()?;
    let law = Law::MichaelisMenten { vmax: n * kcat, km: inside.molecules(km), substrate, inhibitors };
    to.channel(Channel::new(&[substrate], &[product], law, Passage::Forward));
    to.busy_by_rate(n * kcat);
    Ok(())
}

/// An inhibitor of carriers that are not simulated one by one.
fn reduced(table: &Table, to: &mut PathwayBuilder<'_>, places: [Compartment; 2]) -> Result<Inhibitor, Diagnostic> {
    if table.get("k_off").is_some() {
        let message = format!("`{}.k_off` is only for explicit carriers", table.path);
        let d = Diagnostic::error("E0607", table.span_of("k_off"), message, "not used without `explicit = true`");
        return Err(d.help("add `explicit = true` to the pump or leave it out"));
    }
    inhibitor(table, to, places)
}

/// An inhibitor that binds to carriers one by one.
fn binder(table: &Table, to: &mut PathwayBuilder<'_>, places: [Compartment; 2]) -> Result<Binder, Diagnostic> {
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

fn inhibitor(table: &Table, to: &mut PathwayBuilder<'_>, places: [Compartment; 2]) -> Result<Inhibitor, Diagnostic> {
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

/// Binding (m^3/mol/s) and unbinding (1/s) with `Km = (k_off + kcat) / k_on`.
fn binding(table: &Table, kcat: f64, km: f64) -> Result<(f64, f64), Diagnostic> {
    let get = |key| table.opt_quantity(key).map(|q| q.value);
    match (get("k_on"), get("k_off")) {
        (None, k_off) => {
            let k_off = k_off.unwrap_or(0.0);
            Ok(((k_off + kcat) / km, k_off))
        }
        (Some(k_on), None) if k_on * km >= kcat * (1.0 - 1e-12) => Ok((k_on, (k_on * km - kcat).max(0.0))),
        (Some(k_on), Some(k_off)) if ((k_off + kcat) / k_on / km - 1.0).abs() < 1e-6 => Ok((k_on, k_off)),
        (Some(_), _) => {
            let message = format!("the rate constants of `{}` contradict its Km", table.path);
            let d = Diagnostic::error("E0607", table.span_of("k_on"), message, "Km must be (k_off + kcat) / k_on");
            Err(d.help("leave `k_on` or `k_off` out: it follows from Km and kcat"))
        }
    }
}

fn not_positive(table: &Table, key: &str) -> Diagnostic {
    Diagnostic::error("E0607", table.span_of(key), format!("`{}.{key}` is zero", table.path), "must be above zero")
}
