//! Passive permeation through a membrane, both ways.
//!
//! A species crosses with flux `P A (C_1 - C_2)`: each molecule leaves compartment i with rate constant `P A / V_i`
//! (Stein 1986, Transport and Diffusion across Cell Membranes, ch. 2). Or the rate constants are given directly, `k_out`
//! out of the first compartment of `between` and `k_in` into it.
//!
//! Forward is from the first compartment to the second, whatever is held constant where: the pathway's `throughput` counts
//! what leaves the first, its `influx` what comes back, and `net_flux` is the difference.
//!
//! Validated against the binomial law of independent molecules and Poisson immigration-death.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Compartment, Law, Passage, PathwayBuilder, Species};
use super::{MakePathway, same_place};
use crate::registry::Kind;

const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What crosses."),
    Field::required(
        "between",
        Type::List(&Type::Reference("compartment")),
        "The two compartments on either side. `throughput` counts what goes from the first to the second, `influx` what goes \
         from the second to the first; `net_flux` is the difference.",
    ),
    Field::optional(
        "P",
        Type::Quantity(&[Dimension::PERMEABILITY]),
        "Permeability coefficient; drugs 1e-7 to 1e-4 cm/s.",
    ),
    Field::optional("area", Type::Quantity(&[Dimension::AREA]), "Area of the membrane."),
    Field::optional(
        "k_out",
        Type::Quantity(&[Dimension::RATE]),
        "Rate constant out of the first of `between`, instead of P and area; 0 if only `k_in` is given.",
    ),
    Field::optional(
        "k_in",
        Type::Quantity(&[Dimension::RATE]),
        "Rate constant into the first of `between`, that is, out of the second; 0 if only `k_out` is given.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "permeation",
    doc: "Passive permeation through a membrane: each molecule crosses with rate constant P A / V of where it is.",
    fields: FIELDS,
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let [a, b] = table.list("between") else {
        let message = format!("`{}.between` names {} compartments", table.path, table.list("between").len());
        return Err(Diagnostic::error("E0605", table.span_of("between"), message, "expected two"));
    };
    let name = |v: &sim_core::config::Value| v.as_text().unwrap_or_default().to_owned();
    if name(a) == name(b) {
        return Err(same_place(table, "between", &name(b)));
    }
    let mut side = |v| -> Result<(Compartment, Species), Diagnostic> {
        let place = to.compartment_named(&name(v), v.span)?;
        Ok((place, to.species(table.text("species"), &place, table.span_of("species"))?))
    };
    let (first, second) = (side(a)?, side(b)?);
    let (k_out, k_in) = rates(table, first.0, second.0)?;
    let mut way = |from: Species, to_: Species, k, passage| {
        to.channel(Channel::new(&[from], &[to_], Law::FirstOrder { k, of: from }, passage));
    };
    way(first.1, second.1, k_out, Passage::Forward);
    way(second.1, first.1, k_in, Passage::Backward);
    Ok(())
}

/// Rate constants out of `first` and out of `second`, 1/s.
fn rates(table: &Table, first: Compartment, second: Compartment) -> Result<(f64, f64), Diagnostic> {
    let get = |key| table.opt_quantity(key).map(|q| q.value);
    let (message, label, help) = match (get("P"), get("area"), get("k_out"), get("k_in")) {
        (Some(p), Some(area), None, None) => return Ok((p * area / first.volume, p * area / second.volume)),
        (None, None, k_out, k_in) if k_out.is_some() || k_in.is_some() => {
            return Ok((k_out.unwrap_or(0.0), k_in.unwrap_or(0.0)));
        }
        (None, None, ..) => (
            "needs a permeability and an area, or rate constants",
            "expected `P` and `area`, or `k_out` and `k_in`",
            "add `P = \"1e-6 cm/s\"` and `area = \"500 um^2\"`",
        ),
        (Some(_), None, None, None) => {
            ("has a permeability but no area", "expected `area` as well", "add `area = \"500 um^2\"`")
        }
        (None, Some(_), None, None) => {
            ("has an area but no permeability", "expected `P` as well", "add `P = \"1e-6 cm/s\"`")
        }
        _ => return Err(given_twice(table)),
    };
    Err(Diagnostic::error("E0606", table.span, format!("`{}` {message}", table.path), label).help(help))
}

/// A permeability or an area stands beside rate constants.
fn given_twice(table: &Table) -> Diagnostic {
    let given = |keys: [&'static str; 2]| keys.into_iter().filter(|k| table.get(k).is_some()).collect::<Vec<_>>();
    let (membrane, constants) = (given(["P", "area"]), given(["k_out", "k_in"]));
    let both = |keys: &[&str]| keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" and ");
    let message = format!("`{}` is given both {} and {}", table.path, both(&membrane), both(&constants));
    let d = Diagnostic::error("E0606", table.span_of(constants[0]), message, "two answers to how fast molecules cross");
    d.help(format!("leave out {}, or {}", both(&constants), both(&membrane)))
}
