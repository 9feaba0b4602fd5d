//! Active efflux by N carriers with Michaelis-Menten kinetics.
//!
//! ```text
//! v = N kcat n / (Km free + n loaded),   free = (1 + sum I_c/Ki) prod(1 + I_n/Ki),   loaded = (1 + sum I_u/Ki) prod(1 + I_n/Ki)
//! ```
//! over competitive (c), uncompetitive (u) and non-competitive (n) inhibitors; n and Km in the compartment pumped from.
//! With a Hill coefficient `n_H`, substrates that compete for the same carriers, or `ATP` that drives them, it is the law of
//! `bank.rs`, which is the same without them.
//! This is right in the mean but makes turnover a Poisson stream (randomness 1). With `explicit = true` carriers are
//! simulated one by one (`carriers.rs`), with the same inhibitors, competitors and ATP; a Hill coefficient is of the reduced law alone.
//!
//! Validated against the exact law of leak-in and pump-out and the inhibition formulas; half-inhibition in every mode (Cheng &
//! Prusoff 1973, doi:10.1016/0006-2952(73)90196-2 (DOI from memory)); bile salts that compete at BSEP (Byrne et al. 2002,
//! Gastroenterology 123:1649); the balance of influx and `AcrB` in *E. coli* (Nagano & Nikaido 2009, doi:10.1073/pnas.0901695106).

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Compartment, Law, Passage, PathwayBuilder, Species};
use super::bank::{Bank, Energy, Factor};
use super::carriers::{Carriers, Load};
use super::inhibitor::{BINDER, binder, inhibitors, only_explicit};
use super::{MakePathway, not_positive, same_place};
use crate::registry::Kind;

const COMPETITOR: &[Field] = &[
    Field::required("species", Type::Text, "What is pumped besides, from the same compartment to the same."),
    Field::required(
        "Km",
        Type::Quantity(&[Dimension::CONCENTRATION]),
        "Concentration at half its greatest rate, by itself.",
    ),
    Field::optional(
        "kcat",
        Type::Quantity(&[Dimension::RATE]),
        "Turnovers of a carrier saturated with it; those of the pump if not given.",
    ),
    Field::default("n_H", Type::Number { min: 0.1, max: 16.0 }, "1", "Hill coefficient of it."),
];
const ATP: &[Field] = &[
    Field::required("K", Type::Quantity(&[Dimension::CONCENTRATION]), "Concentration at half the greatest rate."),
    Field::default("species", Type::Text, "\"ATP\"", "What is called so, if not ATP."),
    Field::optional("in", Type::Reference("compartment"), "Where it is; in `from` if not given."),
];
const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What is pumped."),
    Field::required("from", Type::Reference("compartment"), "Where from."),
    Field::required("to", Type::Reference("compartment"), "Where to."),
    Field::required("N", Type::Number { min: 0.0, max: 1e15 }, "Number of carriers."),
    Field::required("kcat", Type::Quantity(&[Dimension::RATE]), "Turnovers of a saturated carrier per time."),
    Field::required("Km", Type::Quantity(&[Dimension::CONCENTRATION]), "Concentration at half the greatest rate."),
    Field::default(
        "n_H",
        Type::Number { min: 0.1, max: 16.0 },
        "1",
        "Hill coefficient: the rate goes with n^n_H / (Km^n_H + n^n_H).",
    ),
    Field::default("inhibitors", Type::List(&Type::Record(BINDER)), "[]", "What slows it down."),
    Field::default(
        "competitors",
        Type::List(&Type::Record(COMPETITOR)),
        "[]",
        "Further substrates of the same carriers, which keep each other off: v_i = N kcat_i s_i / (1 + s_1 + s_2 + ...) with \
         s = S / Km. Each is a passage of its own in tables, `NAME.SPECIES`; `NAME` counts `species` alone. Explicit carriers bind each at \
         (k_off + kcat_i) / Km_i, and are then counted as `NAME.bound-SPECIES`.",
    ),
    Field::optional(
        "ATP",
        Type::Record(ATP),
        "What drives it: all rates are multiplied by ATP / (K + ATP). It is not used up. An explicit carrier without ATP lets its substrate go \
         back instead, at k_off + kcat, so that Km stays as it is.",
    ),
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
    if table.bool("explicit") {
        return explicit(
            table,
            [inside, outside],
            Load { name: String::new(), k_on: 0.0, kcat, substrate, product },
            to,
        );
    }
    only_explicit(table, "k_on")?;
    only_explicit(table, "k_off")?;
    let inhibitors = inhibitors(table, to, [outside, inside])?;
    let hill = table.number("n_H");
    if hill == 1.0 && table.list("competitors").is_empty() && table.get("ATP").is_none() {
        let law = Law::MichaelisMenten { vmax: n * kcat, km: inside.molecules(km), substrate, inhibitors };
        to.channel(Channel::new(&[substrate], &[product], law, Passage::Forward));
        to.busy_by_rate(n * kcat);
        return Ok(());
    }
    let mut shared = vec![Shared { substrate, product, kcat }];
    let mut bank = Bank { inhibitors, energy: energy(table, to, inside)?, ..Bank::default() };
    bank.substrates.push(vec![Factor { species: substrate, at: inside.molecules(km), power: hill }]);
    for competitor in table.list("competitors").iter().filter_map(|v| v.as_table()) {
        let (factor, substrate) = competing(competitor, kcat, [inside, outside], &shared, to)?;
        bank.substrates.push(vec![factor]);
        shared.push(substrate);
    }
    for (i, Shared { substrate, product, kcat }) in shared.into_iter().enumerate() {
        let law = bank.law(i, n * kcat, table)?;
        let channel = Channel::new(&[substrate], &[product], law, Passage::Forward);
        if i == 0 {
            to.channel(channel);
            to.busy_by_rate(n * kcat);
        } else {
            let name = table.list("competitors")[i - 1].as_table().map_or("", |t| t.text("species"));
            let mut branch = to.branch(name);
            branch.channel(channel);
            branch.busy_by_rate(n * kcat);
        }
    }
    Ok(())
}

/// Carriers one by one; `first` is what they pump, `k_on` of which is still to be found.
fn explicit(
    table: &Table,
    [inside, outside]: [Compartment; 2],
    first: Load,
    to: &mut PathwayBuilder<'_>,
) -> Result<(), Diagnostic> {
    one_at_a_time(table)?;
    let binders = table.list("inhibitors").iter().filter_map(|v| v.as_table());
    let binders = binders.map(|t| binder(t, to, [outside, inside])).collect::<Result<Vec<_>, _>>()?;
    let (k_on, k_off) = binding(table, first.kcat, table.quantity("Km").value)?;
    let mut shared = vec![Shared { substrate: first.substrate, product: first.product, kcat: first.kcat }];
    // A pair meets at k_on / (V N_A).
    let mut loads = vec![Load { k_on: k_on / inside.molecules(1.0), ..first }];
    for competitor in table.list("competitors").iter().filter_map(|v| v.as_table()) {
        one_at_a_time(competitor)?;
        let (factor, other) = competing(competitor, loads[0].kcat, [inside, outside], &shared, to)?;
        let Shared { substrate, product, kcat } = other;
        let name = competitor.text("species").to_owned();
        loads.push(Load { name, k_on: (k_off + kcat) / factor.at, kcat, substrate, product });
        shared.push(other);
    }
    let energy = energy(table, to, inside)?;
    Carriers { loads, k_off, energy, binders }.add(table, to)
}

/// That a substrate of explicit carriers has no Hill coefficient.
fn one_at_a_time(table: &Table) -> Result<(), Diagnostic> {
    if table.number("n_H") == 1.0 {
        return Ok(());
    }
    let message = format!("`{}.n_H` is not for explicit carriers", table.path);
    let label = "each of them binds one molecule at a time, which is a Hill coefficient of 1";
    let d = Diagnostic::error("E0607", table.span_of("n_H"), message, label);
    Err(d.help("leave out `n_H`, or leave out `explicit`: the coefficient is of a fitted law that no single scheme of binding has"))
}

/// A substrate of carriers that several share.
#[derive(Clone, Copy, Debug)]
struct Shared {
    substrate: Species,
    product: Species,
    /// Turnover, 1/s.
    kcat: f64,
}

/// A further substrate, and how it is bound; `kcat` is the turnover if it has none of its own, `others` those before it.
fn competing(
    table: &Table,
    kcat: f64,
    [inside, outside]: [Compartment; 2],
    others: &[Shared],
    to: &mut PathwayBuilder<'_>,
) -> Result<(Factor, Shared), Diagnostic> {
    let (name, span) = (table.text("species"), table.span_of("species"));
    let (substrate, product) = (to.species(name, &inside, span)?, to.species(name, &outside, span)?);
    if others.iter().any(|o| o.substrate == substrate) {
        let message = format!("`{name}` would compete with itself");
        return Err(Diagnostic::error("E0607", span, message, "a substrate of these carriers already"));
    }
    let km = table.quantity("Km").value;
    if km <= 0.0 {
        return Err(not_positive(table, "Km"));
    }
    let kcat = table.opt_quantity("kcat").map_or(kcat, |q| q.value);
    let factor = Factor { species: substrate, at: inside.molecules(km), power: table.number("n_H") };
    Ok((factor, Shared { substrate, product, kcat }))
}

/// What drives the pump, if anything does.
fn energy(table: &Table, to: &mut PathwayBuilder<'_>, inside: Compartment) -> Result<Option<Energy>, Diagnostic> {
    let Some(table) = table.opt_table("ATP") else { return Ok(None) };
    let place = if table.get("in").is_some() { to.compartment(table, "in")? } else { inside };
    let k = table.quantity("K").value;
    if k <= 0.0 {
        return Err(not_positive(table, "K"));
    }
    // Where its name is a default, the record is what asks for it.
    let span = table.get("species").filter(|v| !v.defaulted).map_or(table.span, |v| v.span);
    let species = to.species(table.text("species"), &place, span)?;
    Ok(Some(Energy { species, k: place.molecules(k) }))
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
