//! Changes of several counts at once, and changes that the state of the system sets off.
//!
//! An `[intervention.NAME]` with `when` or `changes`. What each count becomes is worked out from what was there just before,
//! for all of them, and only then are they changed. Whatever an intervention reads or changes is of one part of the system.

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::assemble::tables;
use super::builder::{PathwayBuilder, World};
use super::dose::{self, Dose};
use super::formula::{Formula, FormulaText};
use super::law::{READS_MAX, Species, VARIABLES};
use crate::common::interval::Interval;
use crate::intervention::check_form;

/// What becomes of a count.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    Dose(Dose),
    /// Of what was there before, rounded.
    Becomes(Condition),
}

/// An expression whose waveforms are known by their places among those of all interventions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    formula: Formula,
    /// Of what it follows.
    places: Vec<u32>,
}

/// An intervention of this kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Jump {
    /// `intervention.NAME`
    pub(super) path: String,
    /// What sets it off; none if it has its time.
    pub(super) when: Option<Condition>,
    pub(super) changes: Vec<(Species, Effect)>,
}

impl Condition {
    fn new(formula: Formula, world: &mut World) -> Self {
        let mut place = |name: &std::sync::Arc<str>| {
            let known = world.watched.iter().position(|w| w == name);
            known.unwrap_or_else(|| {
                world.watched.push(name.clone());
                world.watched.len() - 1
            }) as u32
        };
        let places = formula.follows.iter().map(&mut place).collect();
        Self { formula, places }
    }
    pub(super) fn formula(&self) -> &Formula {
        &self.formula
    }
    /// Whether it may change while counts do not.
    pub(super) fn is_driven(&self) -> bool {
        !self.places.is_empty()
    }
    /// Its value at counts `x` while what is watched has these `values`.
    pub(super) fn value(&self, x: &[f64], values: &[f64]) -> f64 {
        let mut all = [0.0; VARIABLES];
        for (to, species) in all.iter_mut().zip(&self.formula.reads) {
            *to = x[species.slot as usize];
        }
        for (to, &place) in all[READS_MAX..].iter_mut().zip(&self.places) {
            *to = values[place as usize];
        }
        self.formula.law.evaluate(&all)
    }
    /// Bounds on it while what is watched is within these `ranges`.
    pub(super) fn range(&self, x: &[f64], ranges: &[Interval]) -> Interval {
        let mut all = [(0.0, 0.0); VARIABLES];
        for (to, species) in all.iter_mut().zip(&self.formula.reads) {
            *to = (x[species.slot as usize], x[species.slot as usize]);
        }
        for (to, &place) in all[READS_MAX..].iter_mut().zip(&self.places) {
            *to = ranges[place as usize];
        }
        self.formula.law.range(&all)
    }
}

impl Jump {
    /// The species that it reads or changes.
    pub(super) fn species(&self) -> impl Iterator<Item = Species> {
        let formulas = self.changes.iter().filter_map(|(_, effect)| match effect {
            Effect::Becomes(condition) => Some(condition),
            Effect::Dose(_) => None,
        });
        let reads = formulas.chain(&self.when).flat_map(|c| c.formula.reads.iter().copied());
        self.changes.iter().map(|c| c.0).chain(reads)
    }
    /// The same of other species.
    pub(super) fn with_species(mut self, other: &impl Fn(Species) -> Species) -> Self {
        let replace = |c: &mut Condition| c.formula.reads.iter_mut().for_each(|s| *s = other(*s));
        self.when.iter_mut().for_each(replace);
        for (species, effect) in &mut self.changes {
            *species = other(*species);
            if let Effect::Becomes(condition) = effect {
                replace(condition);
            }
        }
        self
    }
    /// What it changes, and how, at counts `x` while what is watched has these `values`.
    ///
    /// Fails if a count would be none.
    pub(super) fn doses(&self, x: &[f64], values: &[f64], names: &[String]) -> Result<Vec<(u32, Dose)>, String> {
        let dose = |(species, effect): &(Species, Effect)| {
            let dose = match effect {
                Effect::Dose(dose) => *dose,
                Effect::Becomes(condition) => {
                    let count = condition.value(x, values).round();
                    if !(count >= 0.0 && count.is_finite()) {
                        let name = &names[species.slot as usize];
                        return Err(format!("`{}` makes `{name}` {count}, which is no count", self.path));
                    }
                    Dose::Set(count)
                }
            };
            Ok((species.slot, dose))
        };
        self.changes.iter().map(dose).collect()
    }
}

/// Adds the interventions of this kind to the world.
pub(super) fn add(scenario: &Table, world: &mut World, findings: &mut Diagnostics) {
    for (.., table) in tables(scenario, "intervention").filter(|(.., t)| !t.has_wrong()) {
        let is_jump = table.get("when").is_some() || table.get("changes").is_some();
        if !is_jump || check_form(table).is_err() {
            continue;
        }
        match jump(table, scenario, world) {
            Ok(jump) => world.jumps.push(jump),
            Err(found) => findings.extend(found),
        }
    }
}

fn jump(table: &Table, scenario: &Table, world: &mut World) -> Result<Jump, Diagnostics> {
    let when = match table.opt_text("when") {
        Some(text) => Some(condition(text, table.span_of("when"), "condition", world)?),
        None => None,
    };
    let mut changes = Vec::new();
    if let Some(target) = table.opt_text("target") {
        if !dose::is_count(target, scenario) {
            let message = format!("`{target}` is no count: it changes at a time only");
            let d = Diagnostic::error("E0627", table.span_of("target"), message, "expected `compartment.species`");
            return Err(d.help("a rate can depend on the state by its `law`: `if(cell.P > 30, 2, 1) * ...`").into());
        }
        let (species, dose) = Dose::of(table, world)?;
        changes.push((species, Effect::Dose(dose)));
    }
    for (target, span, value) in table.opt_table("changes").map_or(&[][..], |t| &t.entries) {
        let species = dose::changeable(target, *span, world)?.0;
        let becomes = condition(value.as_text().unwrap_or_default(), value.span, "change", world)?;
        changes.push((species, Effect::Becomes(becomes)));
    }
    if changes.is_empty() {
        let d = Diagnostic::error("E0627", table.span_of("changes"), format!("`{}` changes nothing", table.path), "");
        return Err(d.help("for example `changes = { \"cell.P\" = \"0\" }`").into());
    }
    Ok(Jump { path: table.path.clone(), when, changes })
}

fn condition(
    text: &str,
    span: sim_core::config::Span,
    what: &'static str,
    world: &mut World,
) -> Result<Condition, Diagnostics> {
    let home = match world.compartments.as_slice() {
        [(_, only)] => Some(*only),
        _ => None,
    };
    let names = world.pools.iter().map(|p| p.name.clone()).collect();
    let text = FormulaText { text, span, each_of: None, home, parameters: None, names, what };
    let formula = text.read(&mut PathwayBuilder { world, pathway: 0 })?;
    Ok(Condition::new(formula, world))
}
