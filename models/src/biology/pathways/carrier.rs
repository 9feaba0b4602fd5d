//! Carriers that let a species across a membrane: facilitated diffusion, co- and counter-transport, uptake.
//!
//! ```text
//! mm          v = N kcat s / (free + loaded s)                            one way
//! reversible  v_out = N kcat s / D,  v_back = N kcat_back p / D,  D = free + loaded (s + p)
//! s = S_from / Km (ion / at)^n ...,    p = S_to / Km_back (ion / at)^n ...
//! ```
//! with `free` and `loaded` by inhibitors as of a pump (`bank.rs`); the two ways are two channels, never the net of both, which
//! would have the mean but not the noise. A carrier makes nothing out of nothing: at equilibrium `S_to / S_from = Keq`, which is 1
//! unless something else drives it, and the relation of Haldane (1930, Enzymes (from memory))
//!
//! ```text
//! Keq = kcat Km_back / (kcat_back Km)
//! ```
//! must hold. What is not given follows from it, and constants that break it are refused with the affinity of their cycle,
//! `ln(kcat Km_back / (kcat_back Km Keq))` in units of kT.
//!
//! **Coupled ions** go along (symport: bound with the substrate, at the side where that is) or the other way (antiport: bound at
//! the far side). `at` is their concentration at which Km and kcat are measured. At equilibrium, for lactate with a proton,
//! `[Lac]_i [H]_i = [Lac]_o [H]_o` whatever N and kcat are. Transport is taken to be electroneutral: no voltage acts on it.
//!
//! `model = "cycle"` has explicit carriers (`cycle.rs`). **Uptake** is a carrier whose `from` is outside.
//!
//! The reduced laws are right in the mean; turnover is a Poisson stream, and near equilibrium at counts of a few molecules the
//! rates before and after a passage differ by one molecule in `D`.
//!
//! Validated against these formulas; the exact law of the count beside a constant concentration (birth and death); equilibria of
//! lactate at three pairs of pH.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Compartment, Law, Passage, PathwayBuilder, Species};
use super::bank::{Bank, Factor};
use super::inhibitor::{BINDER, inhibitors};
use super::{MakePathway, cycle, not_positive, same_place};
use crate::registry::Kind;

const COUPLED: &[Field] = &[
    Field::required("species", Type::Text, "The ion, `H` or `Na`; it must be known on both sides."),
    Field::required(
        "at",
        Type::Quantity(&[Dimension::CONCENTRATION]),
        "Its concentration at which Km and rate constants are measured: of protons at pH 7.4, `39.8 nM`.",
    ),
    Field::default("stoichiometry", Type::Integer { min: 1, max: 8 }, "1", "How many go with each molecule."),
    Field::default(
        "direction",
        Type::Choice(&["symport", "antiport"]),
        "\"symport\"",
        "With the molecule, or the other way.",
    ),
];

const RATE: Type = Type::Quantity(&[Dimension::RATE]);
const BINDING: Type = Type::Quantity(&[Dimension::BIMOLECULAR]);
const CONCENTRATION: Type = Type::Quantity(&[Dimension::CONCENTRATION]);

const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What is carried."),
    Field::required("from", Type::Reference("compartment"), "Where from; the medium, if it is uptake."),
    Field::required("to", Type::Reference("compartment"), "Where to. What goes back is counted as `influx`."),
    Field::required(
        "model",
        Type::Choice(&["mm", "reversible", "cycle"]),
        "One way with Michaelis-Menten kinetics; both ways with Haldane's relation; explicit carriers that alternate between the \
         two sides.",
    ),
    Field::required("N", Type::Number { min: 0.0, max: 1e15 }, "Number of carriers; whole, of a `cycle`."),
    Field::optional("kcat", RATE, "`mm`, `reversible`: turnovers of a saturated carrier per time."),
    Field::optional("Km", CONCENTRATION, "`mm`, `reversible`: concentration in `from` at half the greatest rate."),
    Field::optional("kcat_back", RATE, "`reversible`: turnovers backwards; follows from the others if not given."),
    Field::optional("Km_back", CONCENTRATION, "`reversible`: the same as Km, in `to`; Km if not given."),
    Field::default(
        "Keq",
        Type::Number { min: 0.0, max: 1e30 },
        "1",
        "`reversible`, `cycle`: concentration in `to` over that in `from` at equilibrium, coupled ions being alike; 1 of a passive \
         carrier. Constants that contradict it are refused.",
    ),
    Field::default(
        "inhibitors",
        Type::List(&Type::Record(BINDER)),
        "[]",
        "What slows it down; in a `cycle` it binds to what faces its side: competitive to Ti or To, uncompetitive to TiS or ToS.",
    ),
    Field::default("coupled", Type::List(&Type::Record(COUPLED)), "[]", "Ions that go along or the other way."),
    Field::optional("k_on", BINDING, "`cycle`: binding in `from`, Ti + S -> TiS."),
    Field::optional("k_off", RATE, "`cycle`: unbinding in `from`, TiS -> Ti + S."),
    Field::optional("k_loaded", RATE, "`cycle`: the loaded carrier turns, TiS -> ToS."),
    Field::optional("k_empty", RATE, "`cycle`: the empty carrier turns back, To -> Ti."),
    Field::optional("k_on_back", BINDING, "`cycle`: binding in `to`; k_on if not given."),
    Field::optional("k_off_back", RATE, "`cycle`: unbinding in `to`; k_off if not given."),
    Field::optional("k_loaded_back", RATE, "`cycle`: ToS -> TiS; k_loaded if not given."),
    Field::optional("k_empty_back", RATE, "`cycle`: Ti -> To; follows from detailed balance if not given."),
];

/// Keys, and the models that read them; the others are of all.
const KEYS: &[(&str, &[&str])] = &[
    ("kcat", &["mm", "reversible"]),
    ("Km", &["mm", "reversible"]),
    ("kcat_back", &["reversible"]),
    ("Km_back", &["reversible"]),
    ("Keq", &["reversible", "cycle"]),
    ("k_on", &["cycle"]),
    ("k_off", &["cycle"]),
    ("k_loaded", &["cycle"]),
    ("k_empty", &["cycle"]),
    ("k_on_back", &["cycle"]),
    ("k_off_back", &["cycle"]),
    ("k_loaded_back", &["cycle"]),
    ("k_empty_back", &["cycle"]),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "carrier",
    doc: "Facilitated or coupled transport by N carriers, passive unless ions or Keq drive it; uptake, if `from` is outside.",
    fields: FIELDS,
    make,
};

/// A side of the membrane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) place: Compartment,
    /// What is carried, there.
    pub(super) species: Species,
}

/// An ion that goes along.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ion {
    /// In `from` and in `to`: with the count at which its factor is 1, to the power of its stoichiometry.
    pub(super) sides: [Factor; 2],
    pub(super) n: u32,
    pub(super) symport: bool,
}

impl Ion {
    /// Where it is bound by a carrier that binds its substrate on `side` (0 `from`, 1 `to`).
    pub(super) fn bound_at(&self, side: usize) -> Factor {
        self.sides[if self.symport { side } else { 1 - side }]
    }
}

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let (from, into) = (to.compartment(table, "from")?, to.compartment(table, "to")?);
    if from == into {
        return Err(same_place(table, "to", table.text("to")));
    }
    let model = table.text("model");
    let given = |key: &str| table.get(key).is_some_and(|v| !v.defaulted);
    if let Some((key, models)) = KEYS.iter().find(|(key, models)| given(key) && !models.contains(&model)) {
        let message = format!("`{}.{key}` has no meaning in model `{model}`", table.path);
        let d = Diagnostic::error("E0607", table.span_of(key), message, "of another model");
        return Err(d.help(format!("leave it out, or use `model = \"{}\"`", models.join("\"` or `\""))));
    }
    let sides = [
        Side { place: from, species: to.species_in(table, "species", "from")? },
        Side { place: into, species: to.species_in(table, "species", "to")? },
    ];
    let ions = table.list("coupled").iter().filter_map(|v| v.as_table());
    let ions = ions.map(|t| ion(t, &sides, to)).collect::<Result<Vec<_>, _>>()?;
    match model {
        "cycle" => cycle::add(table, sides, &ions, to),
        _ => reduced(table, sides, &ions, to),
    }
}

fn ion(table: &Table, sides: &[Side; 2], to: &mut PathwayBuilder<'_>) -> Result<Ion, Diagnostic> {
    let (name, span) = (table.text("species"), table.span_of("species"));
    let at = table.quantity("at").value;
    if at <= 0.0 {
        return Err(not_positive(table, "at"));
    }
    let n = table.integer("stoichiometry") as u32;
    let mut factor = |side: &Side| -> Result<Factor, Diagnostic> {
        let species = to.species(name, &side.place, span)?;
        if species == side.species {
            let message = format!("`{name}` is coupled to itself");
            return Err(Diagnostic::error("E0607", span, message, "expected another species"));
        }
        Ok(Factor { species, at: side.place.molecules(at), power: f64::from(n) })
    };
    Ok(Ion { sides: [factor(&sides[0])?, factor(&sides[1])?], n, symport: table.text("direction") == "symport" })
}

/// The value of a rate constant or concentration, above zero.
///
/// Fails if it is not given or zero.
pub(super) fn constant(table: &Table, key: &'static str, example: &str) -> Result<f64, Diagnostic> {
    match table.opt_quantity(key) {
        Some(q) if q.value > 0.0 => Ok(q.value),
        Some(_) => Err(not_positive(table, key)),
        None => {
            let message = format!("`{}` has no `{key}`", table.path);
            let label = format!("a carrier of model `{}` needs it", table.text("model"));
            Err(Diagnostic::error("E0607", table.span, message, label).help(format!("add `{key} = \"{example}\"`")))
        }
    }
}
/// The same of one that may be left out.
pub(super) fn constant_or(table: &Table, key: &'static str, other: f64) -> Result<f64, Diagnostic> {
    if table.get(key).is_none() { Ok(other) } else { constant(table, key, "") }
}

/// The constant under `key` that closes the cycle: what follows from detailed balance, or what is given if that is the same.
///
/// Fails if it is not, with the affinity of the cycle.
pub(super) fn closing(table: &Table, key: &'static str, follows: f64) -> Result<f64, Diagnostic> {
    let Some(given) = table.opt_quantity(key).map(|q| q.value) else { return Ok(follows) };
    let affinity = libm::log(follows / given);
    if affinity.abs() < 1e-6 {
        return Ok(given);
    }
    // As many digits as are compared.
    let shown: f64 = format!("{follows:.7e}").parse().unwrap_or(follows);
    let message = format!(
        "the constants of `{}` contradict Keq = {}: its cycle has an affinity of {affinity:.4} kT",
        table.path,
        table.number("Keq")
    );
    let d = Diagnostic::error("E0607", table.span_of(key), message, format!("expected {shown} /s"));
    Err(d.help(format!("leave `{key}` out, which then follows; what drives a carrier goes into `coupled` or `Keq`")))
}

/// Keq, above zero.
pub(super) fn equilibrium(table: &Table) -> Result<f64, Diagnostic> {
    let keq = table.number("Keq");
    if keq > 0.0 { Ok(keq) } else { Err(not_positive(table, "Keq")) }
}

/// One way or both by the law of all carriers together.
fn reduced(table: &Table, sides: [Side; 2], ions: &[Ion], to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let n = table.number("N");
    let (kcat, km) = (constant(table, "kcat", "10 /s")?, constant(table, "Km", "5 uM")?);
    let one_way = table.text("model") == "mm";
    let mut constants = vec![(kcat, km)];
    if !one_way {
        let km_back = constant_or(table, "Km_back", km)?;
        constants.push((closing(table, "kcat_back", kcat * km_back / (km * equilibrium(table)?))?, km_back));
    }
    let inhibitors = inhibitors(table, to, [sides[1].place, sides[0].place])?;
    let substrate = |(side, &(_, km)): (usize, &(f64, f64))| {
        let Side { place, species } = sides[side];
        let own = Factor { species, at: place.molecules(km), power: 1.0 };
        std::iter::once(own).chain(ions.iter().map(|ion| ion.bound_at(side))).collect()
    };
    let bank = Bank {
        substrates: constants.iter().enumerate().map(substrate).collect(),
        inhibitors: inhibitors.clone(),
        ..Bank::default()
    };
    for (side, &(k, km)) in constants.iter().enumerate() {
        let law = if one_way && ions.is_empty() {
            let Side { place, species: substrate } = sides[side];
            Law::MichaelisMenten { vmax: n * k, km: place.molecules(km), substrate, inhibitors: inhibitors.clone() }
        } else {
            bank.law(side, n * k, table)?
        };
        to.channel(crossing(sides, ions, side, law));
        if side == 0 {
            to.busy_by_rate(n * k);
        }
    }
    Ok(())
}

/// The channel out of `side`.
fn crossing(sides: [Side; 2], ions: &[Ion], side: usize, law: Law) -> Channel {
    let mut takes = vec![(sides[side].species, 1)];
    let mut gives = vec![(sides[1 - side].species, 1)];
    for ion in ions {
        let bound = ion.bound_at(side).species;
        let [from, into] = ion.sides.map(|f| f.species);
        takes.push((bound, ion.n));
        gives.push((if bound == from { into } else { from }, ion.n));
    }
    let passage = if side == 0 { Passage::Forward } else { Passage::Backward };
    Channel { takes, gives, law, passage }
}
