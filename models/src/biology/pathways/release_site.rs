//! Release sites of a synapse that a train of spikes drives, with depression and facilitation.
//!
//! N independent sites hold a vesicle each or none. At each spike every filled site releases its vesicle with probability u; an
//! empty one is filled again after an exponential time of mean `tau_rec`. What u is depends on the spikes before (facilitation):
//!
//! ```text
//! filled -> empty + q of `to`    at spike n, each with probability u_n
//! empty (+ `from`) -> filled     1 / tau_rec
//! u_n = U + (1 - U) u_(n-1) exp(-(t_n - t_(n-1)) / tau_facil),  u_1 = U;   u_n = U without facilitation
//! ```
//! This is the model of Tsodyks & Markram (1997, doi:10.1073/pnas.94.2.719), with whole vesicles (Fuhrmann et al. 2002,
//! doi:10.1152/jn.00258.2001). u jumps first and the spike releases with what it has become (Tsodyks, Pawelzik & Markram 1998,
//! doi:10.1162/089976698300017502). Names are those of NEST's `quantal_stp_synapse`, whose `n` is `sites` here.
//!
//! With a regular train of period D, e = exp(-D / T) with T = `tau_rec` and no facilitation, the sites are filled before a spike with
//! probability R = (1 - e) / (1 - (1 - U) e) in the long run, and what a spike releases is exactly binomial: N, U R. Releases at
//! neighbouring spikes have the covariance N U^2 R ((1 - e) - R), below zero.
//!
//! Validated against: these laws, the approach to them, limiting rates N / T, facilitation and pairs of pulses in closed
//! form.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder, Species};
use super::{MakePathway, not_positive};
use crate::registry::Kind;

const FIELDS: &[Field] = &[
    Field::required("spikes", Type::Reference("spikes"), "The [spikes.NAME] that drives them."),
    Field::required(
        "sites",
        Type::Integer { min: 1, max: 1_000_000_000 },
        "How many release sites there are, N; each has a vesicle at first.",
    ),
    Field::required(
        "U",
        Type::Number { min: 0.0, max: 1.0 },
        "The probability with which a filled site releases at a spike after a long rest.",
    ),
    Field::required(
        "tau_rec",
        Type::Quantity(&[Dimension::TIME]),
        "The mean time until an empty site has a vesicle again.",
    ),
    Field::default(
        "tau_facil",
        Type::Quantity(&[Dimension::TIME]),
        "\"0 s\"",
        "The time constant with which the probability of release falls back to U after a spike has raised it; 0 for no \
         facilitation.",
    ),
    Field::optional("from", Type::Text, "The reserve that fills sites, `compartment.species`; endless if not given."),
    Field::optional(
        "to",
        Type::Text,
        "Where what is released goes, `compartment.species`: transmitter, or fused vesicles; it vanishes if not given.",
    ),
    Field::default(
        "q",
        Type::Integer { min: 1, max: 1_000_000_000 },
        "1",
        "The quantal size: how many of `to` a vesicle sets free.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "release_site",
    doc: "Release sites that a train of spikes drives: depression by empty sites and facilitation (Tsodyks-Markram), vesicle by \
          vesicle. Throughput counts vesicles, utilization is the share of empty sites; a `shape` multiplies the rate at which they are filled.",
    fields: FIELDS,
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let u = table.number("U");
    if u <= 0.0 {
        let message = format!("`{}.U` is zero", table.path);
        let d = Diagnostic::error("E0607", table.span_of("U"), message, "must be above zero, and 1 at most");
        return Err(d.help("for example `U = 0.5`"));
    }
    let tau_rec = table.quantity("tau_rec").value;
    if tau_rec <= 0.0 {
        return Err(not_positive(table, "tau_rec"));
    }
    let sites = table.integer("sites") as f64;
    let filled = to.state("filled", sites);
    let empty = to.state("empty", 0.0);
    to.is_vesicle(filled);
    to.counts_as(empty, "site");
    // It fires at spikes only.
    let law = Law::FirstOrder { k: 0.0, of: filled };
    let mut gives = vec![(empty, 1)];
    gives.extend(released(table, to)?);
    to.channel(Channel { takes: vec![(filled, 1)], gives, law, passage: Passage::Forward });
    to.release_at_spikes(filled, table, u, table.quantity("tau_facil").value)?;
    let mut takes = vec![empty];
    if let Some(place) = table.opt_text("from") {
        let reserve = to.place(place, table.span_of("from"))?;
        to.is_vesicle(reserve);
        takes.push(reserve);
    }
    let law = Law::FirstOrder { k: 1.0 / tau_rec, of: empty };
    to.channel(Channel::new(&takes, &[filled], law, Passage::Internal));
    to.busy_by_count(empty, sites);
    Ok(())
}

/// What a vesicle sets free, and how many.
fn released(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<Option<(Species, u32)>, Diagnostic> {
    let q = table.integer("q") as u32;
    let Some(place) = table.opt_text("to") else {
        if q == 1 {
            return Ok(None);
        }
        let message = format!("`{}` sets {q} of nothing free", table.path);
        let d = Diagnostic::error("E0607", table.span_of("q"), message, "how many of `to`");
        return Err(d.help("add `to = \"cleft.transmitter\"`, or leave out `q`"));
    };
    let species = to.place(place, table.span_of("to"))?;
    if q == 1 {
        to.counts_as(species, "vesicle");
    }
    Ok(Some((species, q)))
}
