//! Changes of several counts or variables at once, and changes that the state of the system sets off.
//!
//! An `[intervention.NAME]` with `when` or `changes`, or on a variable. What each count becomes is worked out from what was there just before,
//! for all of them, and only then are they changed. Whatever an intervention reads or changes is of one part of the system.

use sim_core::TICKS_PER_SECOND;
use sim_core::config::{Diagnostic, Diagnostics, Span, Table, did_you_mean};
use sim_core::rng::{Rng, Streams};

use super::assemble::tables;
use super::builder::{PathwayBuilder, World};
use super::dose::{self, Dose};
use super::formula::{Formula, FormulaText};
use super::law::{READS_MAX, Species, VARIABLES};
use super::variable;
use crate::common::interval::Interval;
use crate::intervention::check_form;

/// What becomes of a count.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    Dose(Dose),
    /// Of what was there before, rounded.
    Becomes(Condition),
    /// The same of a variable, not rounded.
    Assigns(Condition),
}

/// An expression whose waveforms are known by their places among those of all interventions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    formula: Formula,
    /// Of what it follows.
    places: Vec<u32>,
}

/// When an intervention that waits for a condition acts, and on what.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trigger {
    pub(super) when: Condition,
    /// How long after that, in s.
    pub(super) delay: Option<Condition>,
    /// The greatest acts first.
    pub(super) priority: Option<Condition>,
    /// Whether it acts though the condition no longer holds.
    pub(super) persistent: bool,
    /// Whether the condition counts as true before the start.
    pub(super) held_before: bool,
    /// Whether what it changes is worked out when it acts, and not when the condition becomes true.
    pub(super) at_action: bool,
}

impl Trigger {
    /// That of the checked intervention in `table`; none if it has a time.
    fn of(table: &Table, world: &mut World) -> Result<Option<Self>, Diagnostics> {
        let Some(text) = table.opt_text("when") else { return Ok(None) };
        let when = condition(text, table.span_of("when"), Kind::Condition, world)?;
        let mut expression = |key, number: Option<f64>, kind| {
            let text = number.map(|x| format!("{x:?}")).or(table.opt_text(key).map(str::to_owned));
            text.map(|text| condition(&text, table.span_of(key), kind, world)).transpose()
        };
        let delay = expression("delay", table.opt_quantity("delay").map(|q| q.value), Kind::Change)?;
        let priority = expression("priority", table.opt_number("priority"), Kind::Condition)?;
        Ok(Some(Self {
            when,
            persistent: table.opt_bool("persistent").unwrap_or(true),
            held_before: table.opt_bool("held_before").unwrap_or(false),
            at_action: table.opt_text("values_from").map_or(delay.is_some(), |from| from == "action"),
            delay,
            priority,
        }))
    }
    /// All that it looks at.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        std::iter::once(&self.when).chain(&self.delay).chain(&self.priority)
    }
    fn conditions_mut(&mut self) -> impl Iterator<Item = &mut Condition> {
        std::iter::once(&mut self.when).chain(&mut self.delay).chain(&mut self.priority)
    }
}

/// An intervention of this kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Jump {
    /// `intervention.NAME`
    pub(super) path: String,
    /// What sets it off; none if it has its time.
    pub(super) trigger: Option<Trigger>,
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
    /// The species that it reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = Species> {
        self.formula.reads.iter().copied()
    }
    /// The same of other species.
    pub(super) fn with_species(mut self, other: &impl Fn(Species) -> Species) -> Self {
        self.formula.reads.iter_mut().for_each(|s| *s = other(*s));
        self
    }
    fn variables(&self, x: &[f64], values: &[f64]) -> [f64; VARIABLES] {
        let mut all = [0.0; VARIABLES];
        for (to, species) in all.iter_mut().zip(&self.formula.reads) {
            *to = x[species.slot as usize];
        }
        for (to, &place) in all[READS_MAX..].iter_mut().zip(&self.places) {
            *to = values[place as usize];
        }
        all
    }
    /// Its value at counts `x` while what is watched has these `values`.
    pub(super) fn value(&self, x: &[f64], values: &[f64]) -> f64 {
        self.formula.law.evaluate(&self.variables(x, values))
    }
    /// The same with its draws from `rng`.
    fn sample(&self, x: &[f64], values: &[f64], rng: &mut Rng) -> f64 {
        self.formula.law.sample(&self.variables(x, values), rng)
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
            Effect::Becomes(condition) | Effect::Assigns(condition) => Some(condition),
            Effect::Dose(_) => None,
        });
        let looked_at = self.trigger.iter().flat_map(Trigger::conditions);
        let reads = formulas.chain(looked_at).flat_map(|c| c.formula.reads.iter().copied());
        self.changes.iter().map(|c| c.0).chain(reads)
    }
    /// The same of other species.
    pub(super) fn with_species(mut self, other: &impl Fn(Species) -> Species) -> Self {
        let replace = |c: &mut Condition| c.formula.reads.iter_mut().for_each(|s| *s = other(*s));
        self.trigger.iter_mut().flat_map(Trigger::conditions_mut).for_each(replace);
        for (species, effect) in &mut self.changes {
            *species = other(*species);
            if let Effect::Becomes(condition) | Effect::Assigns(condition) = effect {
                replace(condition);
            }
        }
        self
    }
    /// Whether something is drawn for it.
    pub(super) fn draws(&self) -> bool {
        let delay = self.trigger.as_ref().and_then(|trigger| trigger.delay.as_ref());
        delay.is_some_and(|delay| delay.formula.law.draws())
            || self.changes.iter().any(|(_, effect)| match effect {
                Effect::Becomes(condition) | Effect::Assigns(condition) => condition.formula.law.draws(),
                Effect::Dose(_) => false,
            })
    }
    /// How many ticks after its condition has become true it acts, at counts `x` while what is watched has these `values`.
    ///
    /// Fails if the delay is none.
    pub(super) fn delay(&self, x: &[f64], values: &[f64], chance: &mut [Rng]) -> Result<u64, String> {
        let Some(delay) = self.trigger.as_ref().and_then(|trigger| trigger.delay.as_ref()) else { return Ok(0) };
        let seconds = match chance.last_mut() {
            Some(rng) => delay.sample(x, values, rng),
            None => delay.value(x, values),
        };
        if seconds >= 0.0 {
            // Longer than all ticks is never.
            return Ok((seconds * TICKS_PER_SECOND as f64).round() as u64);
        }
        Err(format!("`{}` would act {seconds} s after its condition, which is no delay", self.path))
    }
    /// What it changes, and how, at counts `x` while what is watched has these `values`; draws are from the stream of the change
    /// in `chance`.
    ///
    /// Fails if a count or a variable would be none.
    pub(super) fn doses(
        &self,
        x: &[f64],
        values: &[f64],
        names: &[String],
        chance: &mut [Rng],
    ) -> Result<Vec<(u32, Dose)>, String> {
        let mut value = |i: usize, condition: &Condition| match chance.get_mut(i) {
            Some(rng) => condition.sample(x, values, rng),
            None => condition.value(x, values),
        };
        let dose = |(i, (species, effect)): (usize, &(Species, Effect))| {
            let name = &names[species.slot as usize];
            let dose = match effect {
                Effect::Dose(dose) => *dose,
                Effect::Becomes(condition) => {
                    let count = value(i, condition).round();
                    if !(count >= 0.0 && count.is_finite()) {
                        return Err(format!("`{}` makes `{name}` {count}, which is no count", self.path));
                    }
                    Dose::Set(count)
                }
                Effect::Assigns(condition) => {
                    let number = value(i, condition);
                    if !number.is_finite() {
                        return Err(format!("`{}` makes `{name}` {number}, which is no number", self.path));
                    }
                    Dose::Assign(number)
                }
            };
            Ok((species.slot, dose))
        };
        self.changes.iter().enumerate().map(dose).collect()
    }
}

/// What interventions draw from: a stream for each change of one that draws, then one for its delay.
#[derive(Debug)]
pub(super) struct Chance(Vec<Vec<Rng>>);

impl Chance {
    /// Of `jumps`, which change slots of these names.
    pub(super) fn new(jumps: &[Jump], names: &[String], streams: Streams) -> Self {
        let stream = |jump: &Jump, species: Species| streams.stream(&jump.path, &names[species.slot as usize]);
        let all = |jump: &Jump| {
            if !jump.draws() {
                return Vec::new();
            }
            let delay = streams.stream(&jump.path, "delay");
            jump.changes.iter().map(|c| stream(jump, c.0)).chain([delay]).collect()
        };
        // Most parts draw for none.
        Self(if jumps.iter().any(Jump::draws) { jumps.iter().map(all).collect() } else { Vec::new() })
    }
    /// The streams of the changes of a jump, by index; none if it draws nothing.
    pub(super) fn of(&mut self, jump: usize) -> &mut [Rng] {
        self.0.get_mut(jump).map_or(&mut [], Vec::as_mut_slice)
    }
}

/// Whether an intervention is of this kind: it waits for a condition, says what several things become, or is on a variable.
pub(super) fn is_one(table: &Table, scenario: &Table) -> bool {
    let target = || variable::is_one(table.opt_text("target").unwrap_or_default(), scenario);
    table.get("when").is_some() || table.get("changes").is_some() || target()
}

/// Adds the interventions of this kind to the world.
pub(super) fn add(scenario: &Table, world: &mut World, findings: &mut Diagnostics) {
    for (.., table) in tables(scenario, "intervention").filter(|(.., t)| !t.has_wrong()) {
        if !is_one(table, scenario) || check_form(table).is_err() {
            continue;
        }
        match jump(table, scenario, world) {
            Ok(jump) => world.jumps.push(jump),
            Err(found) => findings.extend(found),
        }
    }
}

fn jump(table: &Table, scenario: &Table, world: &mut World) -> Result<Jump, Diagnostics> {
    let trigger = Trigger::of(table, world)?;
    let mut changes = Vec::new();
    let target = table.opt_text("target");
    if let Some(variable) = target.and_then(|target| world.variable(target)) {
        let text = variable::becomes(table)?;
        let becomes = condition(&text, table.span_of("target"), Kind::Change, world)?;
        changes.push((variable, Effect::Assigns(becomes)));
    } else if let Some(target) = target {
        if !dose::is_count(target, scenario) {
            let message = format!("`{target}` is no count and no variable, and others change at set times only");
            let label = "expected `compartment.species` or the NAME of a `[variable.NAME]`";
            let d = Diagnostic::error("E0627", table.span_of("target"), message, label);
            let near = did_you_mean(target, dose::changeables(world));
            let help = "a `law` can read a variable, which the intervention sets";
            return Err(d.help(near.unwrap_or_else(|| help.into())).into());
        }
        let (species, dose) = Dose::of(table, world)?;
        changes.push((species, Effect::Dose(dose)));
    }
    for (target, span, value) in table.opt_table("changes").map_or(&[][..], |t| &t.entries) {
        let variable = world.variable(target);
        let species = variable.map_or_else(|| dose::changeable(target, *span, world).map(|found| found.0), Ok)?;
        let becomes = condition(value.as_text().unwrap_or_default(), value.span, Kind::Change, world)?;
        let effect = if variable.is_some() { Effect::Assigns(becomes) } else { Effect::Becomes(becomes) };
        changes.push((species, effect));
    }
    if changes.is_empty() {
        let d = Diagnostic::error("E0627", table.span_of("changes"), format!("`{}` changes nothing", table.path), "");
        return Err(d.help("for example `changes = { \"cell.P\" = \"0\" }`").into());
    }
    Ok(Jump { path: table.path.clone(), trigger, changes })
}

/// What an expression is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To be looked at all the time.
    Condition,
    /// To be worked out each time that something happens.
    Change,
    /// To be told.
    Observable,
}

/// The expression `text`, in the only compartment unless it says otherwise; `span` is where it stands.
///
/// Fails if it is none, and with everything in it that is unknown.
pub(super) fn condition(text: &str, span: Span, kind: Kind, world: &mut World) -> Result<Condition, Diagnostics> {
    let home = match world.compartments.as_slice() {
        [(_, only)] => Some(*only),
        _ => None,
    };
    let names = world.pools.iter().map(|p| p.name.clone()).collect();
    let (draws, what) = match kind {
        Kind::Condition => (false, "condition"),
        Kind::Change => (true, "change"),
        Kind::Observable => (false, "observable"),
    };
    let text = FormulaText { text, span, each_of: None, home, parameters: None, names, what, draws };
    let formula = text.read(&mut PathwayBuilder { world, pathway: 0 })?;
    Ok(Condition::new(formula, world))
}
