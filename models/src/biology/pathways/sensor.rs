//! Exocytosis by vesicles with a calcium sensor: n sites bind calcium cooperatively and set fusion off.
//!
//! ```text
//! V_j -> V_(j+1)    (n - j) k_on [Ca]
//! V_j -> V_(j-1)    j k_off b^(j-1)
//! V_j -> fused      gamma if j = n (sequential: `gamma`);  L_plus f^j (allosteric: `L_plus`, `f`)
//! ```
//! (Schneggenburger & Neher 2000, doi:10.1038/35022702; Lou, Scheuss & Schneggenburger 2005, doi:10.1038/nature03568.) Calcium is a
//! waveform of concentrations or a species of a compartment. Vesicles are counted by the number of sites occupied
//! (`NAME.V0` to `NAME.Vn`): those in one state are alike, so the law of release is that of vesicles simulated one by one,
//! and the cost does not depend on it. Each release site is refilled with rate constant `refill.k`, from a reserve if one is
//! named.
//!
//! The preset `kobbersmed2022` is another scheme, in `dual_sensor.rs`.
//!
//! Validated against the release probability under surges of calcium, and the distribution of times to fusion after steps, from the
//! matrix exponential.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder, Propensity, Species};
use super::{MakePathway, dual_sensor, empty_sites};
use crate::common::term::Term;
use crate::registry::Kind;

const REFILL: &[Field] = &[
    Field::optional("from", Type::Text, "The reserve, `compartment.species`; endless if not given."),
    Field::required("k", Type::Quantity(&[Dimension::RATE]), "Rate constant of each empty release site."),
];

const FIELDS: &[Field] = &[
    Field::required(
        "calcium",
        Type::Text,
        "The [waveform.NAME] of the calcium concentration at the sensor, or a species, `compartment.species`.",
    ),
    Field::required("N", Type::Number { min: 1.0, max: 1e9 }, "Release sites; each has a vesicle at first."),
    Field::optional(
        "preset",
        Type::Choice(&["schneggenburger2000", "lou2005", "voets2000", "voets2000_srp", "eshra2021", dual_sensor::NAME]),
        "Published constants: calyx of Held, sequential and allosteric; chromaffin cell, readily and slowly releasable; \
         cerebellar mossy fibre bouton. What is given besides replaces them. `kobbersmed2022` is a scheme of its own, of \
         synaptotagmins that bind calcium and PIP2.",
    ),
    Field::optional("n", Type::Integer { min: 1, max: 16 }, "Sites for calcium on a vesicle's sensor."),
    Field::optional("k_on", Type::Quantity(&[Dimension::BIMOLECULAR]), "Binding to a site."),
    Field::optional(
        "k_off",
        Type::Quantity(&[Dimension::RATE]),
        "Unbinding from a site if it is the only one occupied.",
    ),
    Field::optional(
        "b",
        Type::Number { min: 0.0, max: 1.0 },
        "Cooperativity: by what unbinding slows down with each further site; 1 for none.",
    ),
    Field::optional("gamma", Type::Quantity(&[Dimension::RATE]), "Fusion with all sites occupied (sequential)."),
    Field::optional("L_plus", Type::Quantity(&[Dimension::RATE]), "Fusion with no site occupied (allosteric)."),
    Field::optional(
        "f",
        Type::Number { min: 1.0, max: 1e6 },
        "By what each occupied site speeds fusion up (allosteric).",
    ),
    Field::optional(
        "to",
        Type::Text,
        "Where fused vesicles are counted, `compartment.species`; they vanish if not given.",
    ),
    Field::optional("refill", Type::Record(REFILL), "How empty sites get vesicles again."),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "sensor",
    doc: "Release of vesicles by a calcium sensor with n sites, sequential or allosteric, with published presets.",
    fields: FIELDS,
    make,
};

/// What is published: `k_on` in 1/(M s), rates in 1/s.
struct Preset {
    n: i64,
    k_on: f64,
    k_off: f64,
    b: f64,
    fusion: Fusion,
}

#[derive(Clone, Copy, Debug)]
enum Fusion {
    Sequential { gamma: f64 },
    Allosteric { l_plus: f64, f: f64 },
}

fn preset(name: &str) -> Preset {
    let sequential = |gamma| Fusion::Sequential { gamma };
    match name {
        // Constants from memory.
        "schneggenburger2000" => Preset { n: 5, k_on: 9e7, k_off: 9500.0, b: 0.25, fusion: sequential(6000.0) },
        "lou2005" => {
            Preset { n: 5, k_on: 1e8, k_off: 4000.0, b: 0.5, fusion: Fusion::Allosteric { l_plus: 2e-4, f: 31.3 } }
        }
        // Voets 2000, doi:10.1016/S0896-6273(00)00114-8 (constants and DOI from memory).
        "voets2000" => Preset { n: 3, k_on: 4.4e6, k_off: 56.0, b: 1.0, fusion: sequential(1450.0) },
        "voets2000_srp" => Preset { n: 3, k_on: 0.5e6, k_off: 4.0, b: 1.0, fusion: sequential(20.0) },
        // Eshra, Schmidt, Eilers & Hallermann 2021, doi:10.7554/eLife.70408, table 3, model 2.
        _ => Preset { n: 5, k_on: 5.10e8, k_off: 2.55e4, b: 0.25, fusion: sequential(1.77e4) },
    }
}

/// A preset with what the table gives in its place.
fn constants(table: &Table) -> Result<Preset, Diagnostic> {
    // 1/(M s) is 1e-3 m^3/(mol s).
    const PER_MOLAR: f64 = 1e-3;
    let known = table.opt_text("preset").map(preset);
    let missing = |key: &str, example: &str| {
        let message = format!("`{}` has neither a preset nor `{key}`", table.path);
        let d = Diagnostic::error("E0607", table.span, message, "a sensor needs n, k_on, k_off and its fusion");
        d.help(format!("add `preset = \"lou2005\"`, or `{key} = {example}`"))
    };
    let quantity = |key: &str, preset: Option<f64>, example: &str| {
        let given = table.opt_quantity(key).map(|q| q.value);
        given.or(preset).ok_or_else(|| missing(key, example))
    };
    let n = match (table.get("n"), &known) {
        (Some(_), _) => table.integer("n"),
        (None, Some(known)) => known.n,
        (None, None) => return Err(missing("n", "5")),
    };
    let k_on = quantity("k_on", known.as_ref().map(|p| p.k_on * PER_MOLAR), "\"1e8 /M/s\"")?;
    let k_off = quantity("k_off", known.as_ref().map(|p| p.k_off), "\"4000 /s\"")?;
    let b = table.opt_number("b").or(known.as_ref().map(|p| p.b)).unwrap_or(1.0);
    let rate = |key| table.opt_quantity(key).map(|q| q.value);
    let fusion = match (rate("gamma"), rate("L_plus"), table.opt_number("f"), known.map(|p| p.fusion)) {
        (Some(_), l_plus, f, _) if l_plus.is_some() || f.is_some() => {
            let message = format!("`{}` is sequential by `gamma` and allosteric by `L_plus` and `f`", table.path);
            let d = Diagnostic::error("E0607", table.span_of("gamma"), message, "one of them");
            return Err(d.help("leave out `gamma`, or `L_plus` and `f`"));
        }
        (Some(gamma), ..) => Fusion::Sequential { gamma },
        (None, Some(l_plus), Some(f), _) => Fusion::Allosteric { l_plus, f },
        (None, l, f, Some(Fusion::Allosteric { l_plus, f: f_known })) => {
            Fusion::Allosteric { l_plus: l.unwrap_or(l_plus), f: f.unwrap_or(f_known) }
        }
        (None, None, None, Some(known)) => known,
        _ => return Err(missing("gamma", "\"6000 /s\"")),
    };
    Ok(Preset { n, k_on, k_off, b, fusion })
}

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let sites = table.number("N");
    if sites.fract() != 0.0 {
        let message = format!("{sites} release sites");
        return Err(Diagnostic::error("E0607", table.span_of("N"), message, "expected a whole number"));
    }
    let mut gives = Vec::new();
    if let Some(place) = table.opt_text("to") {
        let fused = to.place(place, table.span_of("to"))?;
        to.is_vesicle(fused);
        gives.push(fused);
    }
    if table.opt_text("preset") == Some(dual_sensor::NAME) {
        return dual_sensor::add(table, sites, &gives, to);
    }
    let states = add_sites(table, sites, &gives, to)?;
    match table.opt_table("refill") {
        Some(refill) => add_refill(refill, &states, sites, to),
        None => Ok(()),
    }
}

/// Adds vesicles by how many of their sites are occupied.
fn add_sites(
    table: &Table,
    sites: f64,
    fused: &[Species],
    to: &mut PathwayBuilder<'_>,
) -> Result<Vec<Species>, Diagnostic> {
    let Preset { n, k_on, k_off, b, fusion } = constants(table)?;
    let n = n as u32;
    let states: Vec<Species> = (0..=n).map(|j| to.state(&format!("V{j}"), if j == 0 { sites } else { 0.0 })).collect();
    for state in &states {
        to.is_vesicle(*state);
    }
    let calcium = Calcium::of(table, to)?;
    for j in 0..n {
        let (from, next) = (states[j as usize], states[j as usize + 1]);
        calcium.bind(f64::from(n - j) * k_on, from, next, to);
        let off = f64::from(j + 1) * k_off * libm::pow(b, f64::from(j));
        to.channel(Channel::new(&[next], &[from], Law::FirstOrder { k: off, of: next }, Passage::Internal));
    }
    for (j, &state) in (0..=n).zip(&states) {
        let k = match fusion {
            Fusion::Sequential { gamma } if j == n => gamma,
            Fusion::Sequential { .. } => continue,
            Fusion::Allosteric { l_plus, f } => l_plus * libm::pow(f, f64::from(j)),
        };
        to.channel(Channel::new(&[state], fused, Law::FirstOrder { k, of: state }, Passage::Forward));
    }
    Ok(states)
}

/// Where calcium comes from.
pub(super) enum Calcium {
    Waveform(String),
    /// A species, and the molecules of a concentration of one.
    Species(Species, f64),
}

impl Calcium {
    pub(super) fn of(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<Self, Diagnostic> {
        let (name, span) = (table.text("calcium"), table.span_of("calcium"));
        if let Some((compartment, _)) = name.split_once('.') {
            let place = to.compartment_named(compartment, span)?;
            return Ok(Self::Species(to.place(name, span)?, place.molecules(1.0)));
        }
        to.check_waveform(name, span, Dimension::CONCENTRATION)?;
        Ok(Self::Waveform(name.to_owned()))
    }
    /// A site of those in `from` is occupied, at `k` (m^3/mol/s) times the concentration.
    fn bind(&self, k: f64, from: Species, next: Species, to: &mut PathwayBuilder<'_>) {
        match self {
            Self::Waveform(name) => {
                to.channel(Channel::new(&[from], &[next], Law::FirstOrder { k, of: from }, Passage::Internal));
                to.follow_waveform(name);
            }
            // Binding does not use calcium up: buffers hold it.
            Self::Species(ion, per_unit) => {
                let law = Law::MassAction { c: k / per_unit, reactants: vec![(*ion, 1), (from, 1)] };
                to.channel(Channel::new(&[from], &[next], law, Passage::Internal));
            }
        }
    }
}

/// The reserve of a refill, if one is named.
pub(super) fn reserve(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<Option<Species>, Diagnostic> {
    let Some(place) = table.opt_text("from") else { return Ok(None) };
    let reserve = to.place(place, table.span_of("from"))?;
    to.is_vesicle(reserve);
    Ok(Some(reserve))
}

fn add_refill(table: &Table, states: &[Species], sites: f64, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let reserve = reserve(table, to)?;
    let propensity = Arc::new(EmptySites { k: table.quantity("k").value, sites, states: states.len() });
    let reads = states.iter().chain(&reserve).copied().collect();
    let law = Law::Custom { propensity, reads };
    to.channel(Channel::new(reserve.as_slice(), &states[..1], law, Passage::Internal));
    Ok(())
}

/// `k (sites - vesicles)`; nothing without a reserve that has any.
#[derive(Debug)]
struct EmptySites {
    k: f64,
    sites: f64,
    states: usize,
}

impl Propensity for EmptySites {
    fn rate(&self, counts: &[f64]) -> f64 {
        let vesicles: f64 = counts[..self.states].iter().sum();
        self.k * (self.sites - vesicles).max(0.0)
    }
    fn term(&self, counts: &[Term]) -> Option<Term> {
        Some(empty_sites(self.k, self.sites, &counts[..self.states]))
    }
}
