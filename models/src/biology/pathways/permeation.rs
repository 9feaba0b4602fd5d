//! Passive permeation through a membrane, both ways: of molecules that dissolve in it, and of ions in a field.
//!
//! A species crosses with flux `P A (C_1 / K_p - C_2)`: each molecule leaves the first compartment with rate constant
//! `P A / (K_p V_1)` and the second with `P A / V_2` (Stein 1986, Transport and Diffusion across Cell Membranes, ch. 2 (from
//! memory)). `K_p` is how many times more concentrated it is in the first compartment at equilibrium: the partition
//! coefficient of tissue and plasma, or of a lipid phase and water; that of the membrane itself is in `P`. Or the rate
//! constants are given directly, `k_out` out of the first compartment of `between` and `k_in` into it.
//!
//! An ion of charge `z` in a constant field crosses with the one-way fluxes of Goldman (1943, doi:10.1085/jgp.27.1.37) and Hodgkin
//! & Katz (1949, doi:10.1113/jphysiol.1949.sp004310)
//!
//! ```text
//! J_out = P C_1 u / (1 - exp(-u))    J_in = P C_2 u exp(-u) / (1 - exp(-u))    u = z F V / (R T)
//! J_out / J_in = (C_1 / C_2) exp(u)
//! ```
//! `V` is the potential of the first compartment against that of the second. With the cell first it is the membrane voltage,
//! and at -70 mV cations are drawn into the cell. At u = 0 both are `P C`. Where `V` is a waveform, rates follow it exactly.
//!
//! Forward is from the first compartment to the second, whatever is held constant where: the pathway's `throughput` counts
//! what leaves the first, its `influx` what comes back, and `net_flux` is the difference.
//!
//! Validated against the binomial law of independent molecules and Poisson immigration-death; fluxes, their ratio and reversal
//! potentials of potassium and calcium; the binomial law under voltages that step and swing.

use sim_core::config::{Diagnostic, Field, Table, Type, Value};
use sim_core::quantity::Dimension;

use super::super::law::READS_MAX;
use super::super::{Channel, Compartment, Law, Passage, PathwayBuilder, Species};
use super::{MakePathway, same_place};
use crate::common::expression::{Expression, Name, Symbol, exprel};
use crate::registry::Kind;

/// F / R, K/V: Faraday's constant over the gas constant (exact since 2019).
const FARADAY_OVER_GAS: f64 = 96_485.332_123_310_02 / 8.314_462_618_153_24;

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
    Field::default(
        "K_p",
        Type::Number { min: 0.0, max: 1e12 },
        "1",
        "Partition coefficient: the concentration in the first of `between` over that in the second at equilibrium. It slows the \
         way out of the first down. With P and area only.",
    ),
    Field::optional(
        "z",
        Type::Integer { min: -20, max: 20 },
        "Charge of an ion, -1 for chloride: one-way fluxes in a constant field (Goldman, Hodgkin and Katz). Needs `V`.",
    ),
    Field::optional(
        "V",
        Type::OneOf(&[Type::Signed(&[Dimension::VOLTAGE]), Type::Reference("waveform")]),
        "Potential of the first of `between` against the second: a voltage, or the [waveform.NAME] of one. With the cell first \
         it is the membrane voltage, and `-70 mV` draws cations into the cell.",
    ),
    Field::default(
        "temperature",
        Type::Quantity(&[Dimension::TEMPERATURE]),
        "\"310.15 K\"",
        "Temperature, of which the effect of a voltage depends: u = z F V / (R T).",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "permeation",
    doc: "Passive permeation through a membrane: each molecule crosses with rate constant P A / V of where it is; ions in a field \
          (Goldman, Hodgkin and Katz).",
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
    let field = Drive::of(table, to)?;
    field.cross(first.1, second.1, k_out, 1.0, to);
    field.cross(second.1, first.1, k_in, -1.0, to);
    Ok(())
}

/// What acts on a charge.
enum Drive {
    /// `u = z F V / (R T)`; 0 for what has no charge.
    Constant(f64),
    /// u over the voltage (1/V), and the waveform of that.
    Waveform { per_volt: f64, voltage: String },
}

impl Drive {
    /// That of a table.
    ///
    /// Fails if only a part of it is given, or if a waveform is none of voltages.
    fn of(table: &Table, to: &PathwayBuilder<'_>) -> Result<Self, Diagnostic> {
        let given = |key| table.get(key).filter(|v: &&Value| !v.defaulted);
        let (charge, voltage) = match (given("z"), given("V"), given("temperature")) {
            (Some(_), Some(voltage), _) => (table.integer("z") as f64, voltage),
            (None, None, None) => return Ok(Self::Constant(0.0)),
            (Some(z), None, _) => {
                let message = format!("`{}` has a charge but no voltage", table.path);
                let d = Diagnostic::error("E0606", z.span, message, "expected `V` as well");
                return Err(d.help("add `V = \"-70 mV\"`, or the name of a waveform of voltages"));
            }
            (None, Some(alone), _) | (None, None, Some(alone)) => {
                let message = format!("`{}` has no charge that a field could act on", table.path);
                let d = Diagnostic::error("E0606", alone.span, message, "expected `z` as well");
                return Err(d.help("add `z = 1` for a cation, or leave this out"));
            }
        };
        let temperature = table.quantity("temperature").value;
        if temperature <= 0.0 {
            let message = format!("`{}.temperature` is zero", table.path);
            let d = Diagnostic::error("E0606", table.span_of("temperature"), message, "must be above zero");
            return Err(d.help("for example `temperature = \"310.15 K\"`"));
        }
        let per_volt = charge * FARADAY_OVER_GAS / temperature;
        match voltage.as_text() {
            Some(name) => {
                to.check_signed_waveform(name, voltage.span, Dimension::VOLTAGE)?;
                Ok(Self::Waveform { per_volt, voltage: name.to_owned() })
            }
            None => Ok(Self::Constant(per_volt * table.quantity("V").value)),
        }
    }

    /// The way out of `from` into `into`, at rate constant `k` without a field; `sign` is 1 for the way that a positive u
    /// drives, else -1.
    fn cross(&self, from: Species, into: Species, k: f64, sign: f64, to: &mut PathwayBuilder<'_>) {
        let law = match self {
            // u / (1 - exp(-u)) = 1 / exprel(-u) has no gap at zero.
            Self::Constant(u) => Law::FirstOrder { k: k / exprel(-sign * u), of: from },
            Self::Waveform { per_volt, voltage } => {
                let symbol = |name: Name<'_>| {
                    Some(match name {
                        Name::Plain("n") => Symbol::Variable { index: 0, scale: k },
                        _ => Symbol::Variable { index: READS_MAX as u32, scale: -sign * per_volt },
                    })
                };
                let law = Expression::parse("n / exprel(u)", &mut |name| symbol(name)).expect("it is one");
                Law::Expression { law: law.into(), reads: vec![from], follows: vec![voltage.as_str().into()] }
            }
        };
        let passage = if sign > 0.0 { Passage::Forward } else { Passage::Backward };
        to.channel(Channel::new(&[from], &[into], law, passage));
    }
}

/// Rate constants out of `first` and out of `second`, 1/s.
fn rates(table: &Table, first: Compartment, second: Compartment) -> Result<(f64, f64), Diagnostic> {
    let get = |key| table.opt_quantity(key).map(|q| q.value);
    let partition = table.number("K_p");
    if partition <= 0.0 {
        let message = format!("`{}.K_p` is zero", table.path);
        let d = Diagnostic::error("E0606", table.span_of("K_p"), message, "must be above zero");
        return Err(d.help("leave it out if the species is equally concentrated on both sides"));
    }
    let (message, label, help) = match (get("P"), get("area"), get("k_out"), get("k_in")) {
        (Some(p), Some(area), None, None) => {
            return Ok((p * area / (first.volume * partition), p * area / second.volume));
        }
        (None, None, k_out, k_in) if k_out.is_some() || k_in.is_some() => {
            if table.get("K_p").is_some_and(|v| !v.defaulted) {
                let message = format!("`{}` is given rate constants and `K_p`", table.path);
                let d =
                    Diagnostic::error("E0606", table.span_of("K_p"), message, "what rate constants say by themselves");
                return Err(d.help("leave out `K_p`: at equilibrium k_out C_1 V_1 = k_in C_2 V_2"));
            }
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
