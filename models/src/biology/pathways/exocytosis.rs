//! Release of vesicles from a pool, with refill.
//!
//! Every vesicle of the pool fuses with rate constant `k`. The pool is refilled from a reserve (each vesicle of the
//! reserve moves with rate constant `refill.k`); or, if the pool has a `capacity` of release sites, each empty site is
//! filled with rate constant `refill.k` while the reserve lasts. Without `refill.from` the reserve is endless. A fusion
//! may set `cargo` free.
//!
//! Validated against the binomial occupancy of independent sites, `refill.k / (refill.k + k)`.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder, Propensity, Species};
use super::{MakePathway, empty_sites};
use crate::common::term::Term;
use crate::registry::Kind;

const REFILL: &[Field] = &[
    Field::optional("from", Type::Text, "The reserve, `compartment.species`; endless if not given."),
    Field::required(
        "k",
        Type::Quantity(&[Dimension::RATE]),
        "Rate constant of each reserve vesicle, or of each empty site.",
    ),
];
const CARGO: &[Field] = &[
    Field::required("to", Type::Text, "What is set free and where, `compartment.species`."),
    Field::required("molecules", Type::Integer { min: 1, max: 1_000_000_000 }, "How many molecules a vesicle holds."),
];
const FIELDS: &[Field] = &[
    Field::required("from", Type::Text, "The pool of vesicles ready to fuse, `compartment.species`."),
    Field::optional(
        "to",
        Type::Text,
        "Where fused vesicles are counted, `compartment.species`; they vanish if not given.",
    ),
    Field::required("k", Type::Quantity(&[Dimension::RATE]), "Rate constant at which each vesicle fuses."),
    Field::optional(
        "capacity",
        Type::Quantity(&[Dimension::NUMBER, Dimension::ITEMS]),
        "Release sites, the most that the pool can hold when it is refilled.",
    ),
    Field::optional("refill", Type::Record(REFILL), "How the pool is refilled."),
    Field::optional("cargo", Type::Record(CARGO), "What a fusion sets free."),
];

pub(super) const KIND: Kind<MakePathway> =
    Kind { name: "exocytosis", doc: "First-order release from a vesicle pool, with refill.", fields: FIELDS, make };

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let pool = to.place(table.text("from"), table.span_of("from"))?;
    to.is_vesicle(pool);
    let mut gives = Vec::new();
    if let Some(place) = table.opt_text("to") {
        let fused = to.place(place, table.span_of("to"))?;
        to.is_vesicle(fused);
        gives.push((fused, 1));
    }
    if let Some(cargo) = table.opt_table("cargo") {
        gives.push((to.place(cargo.text("to"), cargo.span_of("to"))?, cargo.integer("molecules") as u32));
    }
    let law = Law::FirstOrder { k: table.quantity("k").value, of: pool };
    to.channel(Channel { takes: vec![(pool, 1)], gives, law, passage: Passage::Forward });
    match (table.opt_table("refill"), table.opt_quantity("capacity")) {
        (Some(table), capacity) => refill(table, pool, capacity.map(|q| q.value), to),
        (None, None) => Ok(()),
        (None, Some(_)) => {
            let message = format!("`{}` has a capacity but no refill", table.path);
            let d = Diagnostic::error("E0607", table.span_of("capacity"), message, "only a refill looks at it");
            Err(d.help("add `refill = { k = \"1 /s\" }`"))
        }
    }
}

fn refill(table: &Table, pool: Species, capacity: Option<f64>, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let k = table.quantity("k").value;
    let reserve = match table.opt_text("from") {
        Some(place) => Some(to.place(place, table.span_of("from"))?),
        None => None,
    };
    if let Some(reserve) = reserve {
        to.is_vesicle(reserve);
    }
    let law = match (reserve, capacity) {
        (_, Some(capacity)) => Law::Custom { propensity: Arc::new(EmptySites { k, capacity }), reads: vec![pool] },
        (Some(of), None) => Law::FirstOrder { k, of },
        (None, None) => {
            let message = format!("`{}` knows neither a reserve nor a capacity", table.path);
            let d = Diagnostic::error("E0607", table.span, message, "what does it refill from, or up to what?");
            return Err(d.help("add `from` to the refill, or `capacity` to the pathway"));
        }
    };
    to.channel(Channel::new(reserve.as_slice(), &[pool], law, Passage::Internal));
    Ok(())
}

/// `k (capacity - n)`.
#[derive(Debug)]
struct EmptySites {
    k: f64,
    capacity: f64,
}

impl Propensity for EmptySites {
    fn rate(&self, counts: &[f64]) -> f64 {
        self.k * (self.capacity - counts[0]).max(0.0)
    }
    fn term(&self, counts: &[Term]) -> Option<Term> {
        Some(empty_sites(self.k, self.capacity, counts))
    }
}
