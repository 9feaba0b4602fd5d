//! The kinds of pathways that come with the program. One more is one more file and one more line.

mod bank;
mod carrier;
mod carriers;
mod chain;
mod channel;
mod cycle;
mod degradation;
mod dual_sensor;
mod endocytosis;
mod exocytosis;
mod granules;
mod influx;
mod inhibitor;
mod permeation;
mod pump;
mod release_site;
mod sensor;

use sim_core::config::{Diagnostic, Table};

use super::PathwayBuilder;
use crate::common::term::Term;
use crate::registry::Kind;

/// Makes a pathway: reads its checked table, finds species, adds channels. See [`PathwayBuilder`].
pub type MakePathway = fn(&Table, &mut PathwayBuilder<'_>) -> Result<(), Diagnostic>;

/// The kinds of pathways that come with the program.
pub const PATHWAYS: &[Kind<MakePathway>] = &[
    permeation::KIND,
    pump::KIND,
    carrier::KIND,
    exocytosis::KIND,
    endocytosis::KIND,
    influx::KIND,
    degradation::KIND,
    sensor::KIND,
    granules::KIND,
    channel::KIND,
    chain::KIND,
    release_site::KIND,
];

/// The error of a pathway that leads from a compartment into itself.
fn same_place(table: &Table, key: &str, name: &str) -> Diagnostic {
    let message = format!("`{}` stays within compartment `{name}`", table.path);
    Diagnostic::error("E0604", table.span_of(key), message, "a pathway leads from one compartment to another")
        .help("name two different compartments, or write a `[reaction.NAME]` for what happens within one")
}

/// `k` for each of `sites` that has no vesicle.
fn empty_sites(k: f64, sites: f64, vesicles: &[Term]) -> Term {
    let empty = Term::two("minus", Term::Number(sites), Term::sum(vesicles.to_vec()));
    Term::product(vec![Term::Number(k), Term::two("max", empty, Term::Number(0.0))])
}

/// The error of a constant that is zero.
fn not_positive(table: &Table, key: &str) -> Diagnostic {
    let example = table.opt_quantity(key).map_or_else(|| "1".to_owned(), |q| format!("\"{}\"", q.dimension.example()));
    let message = format!("`{}.{key}` is zero", table.path);
    let d = Diagnostic::error("E0607", table.span_of(key), message, "must be above zero");
    d.help(format!("for example `{key} = {example}`"))
}
