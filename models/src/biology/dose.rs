//! A change of a count during a run: a bolus, a wash-out of what is inside.
//!
//! ```text
//! set: n' = round(value)    add: n' = max(0, n + round(value))    scale: n' = round(factor n)    knockdown: scale by 1 - factor
//! ```
//! A value is a count or what amounts to one in the compartment's volume at that time. Nothing is drawn for the count;
//! if single molecules are followed, those taken out are drawn uniformly among those inside, and those put in count as
//! coming in at that time.
//!
//! Validated against immigration-death: the sum of a binomial and a Poisson law.

use sim_core::config::{Diagnostic, Span, Table, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};

use super::assemble::{count, tables};
use super::builder::{Compartment, Pool, World};
use super::law::Species;
use crate::intervention::Change;

/// What becomes of a count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Dose {
    Set(f64),
    Add(f64),
    Scale(f64),
    /// What a variable becomes: any number.
    Assign(f64),
}

/// Whether `target` names a species in one of the compartments of `scenario`.
pub(super) fn is_count(target: &str, scenario: &Table) -> bool {
    let Some((place, species)) = target.split_once('.') else { return false };
    !species.contains('.') && scenario.opt_table("compartment").is_some_and(|all| all.get(place).is_some())
}

/// The names of what compartments hold at first, for a hint.
pub(super) fn counts(scenario: &Table) -> Vec<String> {
    let held = |(place, _, table): (&str, _, &Table)| -> Vec<String> {
        let initial = table.opt_table("initial").map_or(&[][..], |t| &t.entries);
        initial.iter().map(|(species, ..)| format!("{place}.{species}")).collect()
    };
    tables(scenario, "compartment").flat_map(held).collect()
}

/// The names of what interventions can change at any time: counts and variables.
pub(super) fn changeables(world: &World) -> impl Iterator<Item = &str> {
    let changes = |p: &&Pool| !p.fixed && (p.variable || p.compartment.is_some());
    world.pools.iter().filter(changes).map(|p| p.name.as_str())
}

/// The species called `target`, and where it is, if its count can change.
pub(super) fn changeable(target: &str, span: Span, world: &World) -> Result<(Species, Compartment), Diagnostic> {
    let there = || world.pools.iter().zip(0..).filter(|p| p.0.compartment.is_some());
    let Some((pool, slot)) = there().find(|p| p.0.name == target) else {
        let d = Diagnostic::error("E0620", span, format!("there is no `{target}`"), "not among what is in there");
        let all = || format!("there are: {}", changeables(world).collect::<Vec<_>>().join(", "));
        return Err(d.help(did_you_mean(target, changeables(world)).unwrap_or_else(all)));
    };
    if pool.fixed {
        let message = format!("`{target}` is held constant");
        let d = Diagnostic::error("E0620", span, message, "no count that could change");
        let path = target.replacen('.', ".fixed.", 1);
        return Err(d.help(format!("change what it is held at: `compartment.{path}`")));
    }
    let place = world.compartments[pool.compartment.unwrap_or_default()].1;
    Ok((Species { slot, fixed: false }, place))
}

impl Dose {
    /// The species that the intervention in `table` changes, and how.
    pub(super) fn of(table: &Table, world: &World) -> Result<(Species, Self), Diagnostic> {
        let target = table.text("target");
        let (species, place) = changeable(target, table.span_of("target"), world)?;
        let dose = match Change::of(table)? {
            Change::Set(value) if value.value < 0.0 => {
                let message = format!("`{target}` cannot be negative");
                return Err(Diagnostic::error("E0621", table.span_of("value"), message, "expected zero or more"));
            }
            Change::Set(value) => Self::Set(molecules(value, &place, table)?),
            Change::Add(value) => Self::Add(molecules(value, &place, table)?),
            Change::Scale(factor) => Self::Scale(factor),
        };
        Ok((species, dose))
    }

    /// The count that `n` becomes.
    pub(super) fn apply(self, n: f64) -> f64 {
        self.of_mean(n).round()
    }
    /// The mean that a mean of `n` becomes, whole or not.
    pub(super) fn of_mean(self, n: f64) -> f64 {
        match self {
            Self::Set(count) | Self::Assign(count) => count,
            Self::Add(more) => (n + more).max(0.0),
            Self::Scale(factor) => n * factor,
        }
    }
}

/// The whole number that `value` of `table` amounts to in `place`, below zero if `value` is.
fn molecules(value: Quantity, place: &Compartment, table: &Table) -> Result<f64, Diagnostic> {
    let span = table.span_of("value");
    let counts = [Dimension::NUMBER, Dimension::ITEMS, Dimension::CONCENTRATION, Dimension::AMOUNT];
    if !counts.contains(&value.dimension) {
        let message = format!("`{}` is a count, not {}", table.text("target"), value.dimension.describe());
        let d = Diagnostic::error("E0621", span, message, "of another dimension");
        return Err(d.help("for example `value = 500` or `value = \"1 uM\"`"));
    }
    let size = Quantity { value: value.value.abs(), ..value };
    let n = count(size, place, true)
        .map_err(|label| Diagnostic::error("E0621", span, format!("`{}.value` is no count", table.path), label))?;
    Ok(if value.value < 0.0 { -n } else { n })
}
