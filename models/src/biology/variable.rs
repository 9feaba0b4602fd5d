//! `[variable.NAME]`: a number of any size and sign that interventions set and that laws, conditions and changes read.
//!
//! Nothing but interventions changes it, so between those it is a constant of the system: a rate that the state switches, a
//! threshold, what was drawn last. Where its value at first is drawn, each replication has its own: cells that differ.
//!
//! It is kept beside the counts, in a slot of its own; what reads or sets it is of one part of the system.
//!
//! Validated against: a rate that a state sets (phase-type passage times), draws at the start and at events by their moments.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Span, Table, Type};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::rng::Streams;

use super::assemble::tables;
use super::builder::{PathwayBuilder, Pool, World};
use super::formula::{FormulaText, RESERVED};
use super::law::{READS_MAX, Species};
use super::network::Network;
use crate::common::expression::Expression;
use crate::intervention::Change;

const FIELDS: &[Field] = &[Field::default(
    "initial",
    Type::OneOf(&[Type::Number { min: f64::MIN, max: f64::MAX }, Type::Text]),
    "0",
    "Its value at first: a number, or an expression as in the `changes` of an intervention, worked out in each run. It may draw: \
     `\"lognormal(0, 0.3)\"`; and read counts at first, and variables above it.",
)];
/// The section.
pub(super) const SECTION: Section = Section {
    name: "variable",
    shape: Shape::Keyed,
    family: None,
    fields: FIELDS,
    doc: "A number that interventions set, and that laws, conditions and changes read by its name. It has no unit, and may be below zero.",
};

/// The value of a variable at first, where it is worked out in each run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Start {
    pub(super) of: Species,
    /// `variable.NAME`
    pub(super) path: String,
    value: Arc<Expression>,
    reads: Vec<Species>,
}

impl Start {
    /// The counts and variables that it reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = Species> {
        self.reads.iter().copied()
    }
    /// The same of other species.
    pub(super) fn with_species(&self, other: &impl Fn(Species) -> Species) -> Self {
        let reads = self.reads.iter().map(|s| other(*s)).collect();
        Self { of: other(self.of), reads, ..self.clone() }
    }
    /// Whether it is drawn.
    pub(super) fn draws(&self) -> bool {
        self.value.draws()
    }
    fn value(&self, x: &[f64], streams: Streams) -> f64 {
        let mut counts = [0.0; READS_MAX];
        for (to, species) in counts.iter_mut().zip(&self.reads) {
            *to = x[species.slot as usize];
        }
        if self.draws() {
            self.value.sample(&counts, &mut streams.stream(&self.path, "initial"))
        } else {
            self.value.evaluate(&counts)
        }
    }
}

impl Network {
    /// What slots hold at time zero of a run, and what is wrong with that, if something is.
    pub(super) fn at_start(&self, streams: Streams) -> (Vec<f64>, Option<String>) {
        let (mut x, mut flaw) = (self.initial.clone(), None);
        for start in &self.starts {
            let value = start.value(&x, streams);
            if !value.is_finite() {
                flaw = Some(format!("`{}` is {value} at first, which is no number", start.path));
            }
            x[start.of.slot as usize] = value;
        }
        (x, flaw)
    }
}

/// Whether `name` is that of a variable of `scenario`.
pub(super) fn is_one(name: &str, scenario: &Table) -> bool {
    scenario.opt_table("variable").is_some_and(|all| all.get(name).is_some())
}

/// What the variable that the intervention in `table` is on becomes, as an expression.
///
/// Fails if the intervention says too little or too much, or if it has a unit.
pub(super) fn becomes(table: &Table) -> Result<String, Diagnostic> {
    let target = table.text("target");
    let plain = |value: Quantity| {
        if value.dimension == Dimension::NUMBER {
            return Ok(value.value);
        }
        let message = format!("`{target}` is a variable, not {}", value.dimension.describe());
        let d = Diagnostic::error("E0621", table.span_of("value"), message, "of another dimension");
        Err(d.help("a variable is a bare number"))
    };
    Ok(match Change::of(table)? {
        Change::Set(value) => format!("{:?}", plain(value)?),
        Change::Add(value) => format!("{target} + {:?}", plain(value)?),
        Change::Scale(factor) => format!("{target} * {factor:?}"),
    })
}

/// Adds the variables of a scenario to the world.
pub(super) fn add(scenario: &Table, world: &mut World, findings: &mut Diagnostics) {
    for (name, span, table) in tables(scenario, "variable") {
        if let Err(d) = check_name(name, span, scenario, world, "variable") {
            findings.push(d);
            continue;
        }
        let pool = Pool {
            compartment: None,
            species: name.to_owned(),
            name: name.to_owned(),
            fixed: false,
            initial: table.opt_number("initial").unwrap_or(0.0),
            entity: "1",
            tagged: false,
            variable: true,
        };
        let start = match table.opt_text("initial") {
            Some(text) => formula(text, table, world).map(Some),
            None => Ok(None),
        };
        let of = world.add_pool(pool);
        match start {
            Ok(start) => world.starts.extend(start.map(|s| Start { of, ..s })),
            Err(found) => findings.extend(found),
        }
    }
}

/// The value at first that `text` says, of which variable is still to be said.
fn formula(text: &str, table: &Table, world: &mut World) -> Result<Start, Diagnostics> {
    let home = match world.compartments.as_slice() {
        [(_, only)] => Some(*only),
        _ => None,
    };
    let (span, names) = (table.span_of("initial"), world.pools.iter().map(|p| p.name.clone()).collect());
    let text =
        FormulaText { text, span, each_of: None, home, parameters: None, names, what: "value at first", draws: true };
    let formula = text.read(&mut PathwayBuilder { world, pathway: 0 })?;
    if let Some(course) = formula.follows.first() {
        let d =
            Diagnostic::error("E0613", span, format!("`{course}` has no meaning at first"), "it is a course in time");
        return Err(d.help("use its value at the time zero").into());
    }
    let of = Species { slot: 0, fixed: false };
    Ok(Start { of, path: table.path.clone(), value: formula.law, reads: formula.reads })
}

/// That no law could take the variable or observable (`section`) called `name` for something else, and no table.
pub(super) fn check_name(
    name: &str,
    span: Span,
    scenario: &Table,
    world: &World,
    section: &str,
) -> Result<(), Diagnostic> {
    let is_given = |section: &str| scenario.opt_table(section).is_some_and(|all| all.get(name).is_some());
    let what = if RESERVED.contains(&name) {
        "means something by itself in laws"
    } else if !name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        || name.contains(|c: char| !(c.is_alphanumeric() || c == '_'))
    {
        "is no name that laws could read"
    } else if section == "variable" && world.declared.iter().any(|(species, _)| species == name) {
        "is the name of a species"
    } else if section == "observable" && is_given("variable") {
        "is the name of a variable"
    } else if is_given("waveform") {
        "is the name of a waveform"
    } else if is_given("pathway") || is_given("reaction") {
        "is the name of a pathway or reaction"
    } else {
        return Ok(());
    };
    let an = if section == "observable" { "an" } else { "a" };
    let d = Diagnostic::error("E0608", span, format!("`{name}` {what}"), format!("no name for {an} {section}"));
    Err(d.help("expected letters, digits and `_`, and a name of its own"))
}
