//! Active efflux by N carriers with Michaelis-Menten kinetics.
//!
//! ```text
//! v = N kcat n / (Km free + n loaded),   free = (1 + sum I_c/Ki) prod(1 + I_n/Ki),   loaded = (1 + sum I_u/Ki) prod(1 + I_n/Ki)
//! ```
//! over competitive (c), uncompetitive (u) and non-competitive (n) inhibitors; n and Km in the compartment pumped from.
//! This is right in the mean but makes turnover a Poisson stream (randomness 1). With `explicit = true` every carrier
//! binds and releases (E + S <-> ES -> E + P), which has the turnover statistics of single carriers (Kou et al. 2005,
//! doi:10.1021/jp051490q): mean `(k_on S + k_off + kcat) / (k_on S kcat)`, randomness
//! `1 - 2 k_on S kcat / (k_on S + k_off + kcat)^2`. Their `k_on` is `(k_off + kcat) / Km` unless given.
//!
//! Validated against the exact law of leak-in and pump-out, the inhibition formulas and single-carrier turnover.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Compartment, Inhibition, Inhibitor, Law, Passage, PathwayBuilder, Species};
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
        "Where its concentration counts; by default the first of `to` and `from` that has it.",
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
    Field::default("explicit", Type::Bool, "false", "Whether every carrier's binding and release is simulated."),
    Field::optional("k_on", Type::Quantity(&[Dimension::BIMOLECULAR]), "Binding, of explicit carriers."),
    Field::optional(
        "k_off",
        Type::Quantity(&[Dimension::RATE]),
        "Unbinding, of explicit carriers; 0 if neither is given.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "pump",
    doc: "Active efflux by N carriers with Michaelis-Menten kinetics and inhibitors, or explicit carriers.",
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
    if table.bool("explicit") {
        return explicit(table, to, inside, substrate, product);
    }
    for key in ["k_on", "k_off"] {
        if table.get(key).is_some() {
            let message = format!("`{}.{key}` is only for explicit carriers", table.path);
            let d = Diagnostic::error("E0607", table.span_of(key), message, "not used without `explicit = true`");
            return Err(d.help("add `explicit = true` or leave it out"));
        }
    }
    let inhibitors = table
        .list("inhibitors")
        .iter()
        .filter_map(|v| v.as_table())
        .map(|t| inhibitor(t, to, [outside, inside]))
        .collect::<Result<Vec<_>, _>>()?;
    let law = Law::MichaelisMenten { vmax: n * kcat, km: inside.molecules(km), substrate, inhibitors };
    to.channel(Channel::new(&[substrate], &[product], law, Passage::Forward));
    to.busy_by_rate(n * kcat);
    Ok(())
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

/// Carriers one by one: E + S <-> ES -> E + P.
fn explicit(
    table: &Table,
    to: &mut PathwayBuilder<'_>,
    inside: Compartment,
    substrate: Species,
    product: Species,
) -> Result<(), Diagnostic> {
    let n = table.number("N");
    if n.fract() != 0.0 || n == 0.0 {
        let message = format!("{n} explicit carriers");
        return Err(Diagnostic::error("E0607", table.span_of("N"), message, "expected a whole number, 1 or more"));
    }
    if let [first, ..] = table.list("inhibitors") {
        let message = "explicit carriers take no inhibitors";
        let d = Diagnostic::error("E0607", first.span, message, "only with `explicit = false`");
        return Err(d.help("write a `[reaction.NAME]` that binds the inhibitor to the carriers"));
    }
    let (kcat, km) = (table.quantity("kcat").value, table.quantity("Km").value);
    let (k_on, k_off) = binding(table, kcat, km)?;
    let free = to.state("free", n);
    let bound = to.state("bound", 0.0);
    // A pair meets at k_on / (V N_A).
    let bind = Law::MassAction { c: k_on / inside.molecules(1.0), reactants: vec![(substrate, 1), (free, 1)] };
    let release = |k| Law::FirstOrder { k, of: bound };
    to.channel(Channel::new(&[substrate, free], &[bound], bind, Passage::Internal));
    to.channel(Channel::new(&[bound], &[substrate, free], release(k_off), Passage::Internal));
    to.channel(Channel::new(&[bound], &[free, product], release(kcat), Passage::Forward));
    to.busy_by_count(bound, n);
    Ok(())
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
