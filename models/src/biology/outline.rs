//! A biological system as a list of species, reactions and events, for formats of other programs.
//!
//! Rates are propensities, firings a second of counts. What changes at a time (a rate constant, what is held constant) is worked into the
//! formulas by cases of the time; what happens to counts becomes an event.

use std::sync::Arc;

use sim_core::TICKS_PER_SECOND;
use sim_core::config::{Diagnostic, Diagnostics, Span, Table};

use super::assemble::assemble;
use super::builder::World;
use super::dose::Dose;
use super::formula::Formula;
use super::intervention::{Happening, happenings};
use super::jump::{Condition, Effect, Jump};
use super::law::{Inhibition, Inhibitor, Law, READS_MAX, Species};
use crate::BuildContext;
use crate::common::term::Term;
use crate::common::waveform::Waveforms;
use crate::intervention::spelt_out;

/// A system.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Names and volumes, m^3.
    pub compartments: Vec<(String, f64)>,
    /// What is counted.
    pub species: Vec<OutlineSpecies>,
    /// Names and values of what follows a course in time.
    pub waveforms: Vec<(String, Term)>,
    /// Names of what is told besides, and what that is.
    pub observables: Vec<(String, Term)>,
    /// What changes counts.
    pub reactions: Vec<OutlineReaction>,
    /// What changes them at times or by conditions.
    pub events: Vec<OutlineEvent>,
}

/// A species in a compartment, or a state of a pathway's own.
#[derive(Clone, Debug)]
pub struct OutlineSpecies {
    /// `cell.drug`
    pub name: String,
    /// By index; none of a state of a pathway.
    pub compartment: Option<usize>,
    /// Its count at first.
    pub initial: f64,
    /// Whether it is held constant.
    pub fixed: bool,
    /// Whether it is no count but a variable.
    pub variable: bool,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct OutlineReaction {
    /// Its pathway or reaction; several may be of one.
    pub name: String,
    /// Species by index, and how many.
    pub takes: Vec<(usize, u32)>,
    /// The same of what it gives.
    pub gives: Vec<(usize, u32)>,
    /// Firings a second.
    pub rate: Term,
}

/// Something that happens to counts.
#[derive(Clone, Debug)]
pub struct OutlineEvent {
    /// `intervention.NAME`
    pub name: String,
    /// A condition; it happens each time that this becomes true.
    pub when: Term,
    /// How long after that, s; at once if none.
    pub delay: Option<Term>,
    /// Of those of one instant the one with the greatest goes first.
    pub priority: Option<Term>,
    /// Whether it happens though the condition holds no longer.
    pub persistent: bool,
    /// Whether the condition counts as true before the start.
    pub held_before: bool,
    /// Whether what it changes is worked out when the condition becomes true, and not when it happens.
    pub at_trigger: bool,
    /// Species by index, and what each becomes.
    pub changes: Vec<(usize, Term)>,
}

impl OutlineEvent {
    /// One that happens at once, and at the start if its condition then holds.
    fn plain(name: &str, when: Term, changes: Vec<(usize, Term)>) -> Self {
        let (delay, priority, persistent, held_before, at_trigger) = (None, None, true, false, true);
        Self { name: name.to_owned(), when, delay, priority, persistent, held_before, at_trigger, changes }
    }
}

/// The system of a checked scenario.
///
/// Fails with everything that is wrong with it, or that no formula can tell.
pub fn outline(scenario: &Table, context: &BuildContext<'_>) -> Result<Outline, Diagnostics> {
    let (spelt, vague) = spelt_out(scenario);
    if vague.has_errors() {
        return Err(vague);
    }
    let scenario = &*spelt;
    let waveforms = Waveforms::read(scenario, context.registry, context.folder)?;
    let context = &BuildContext { waveforms: &waveforms, ..*context };
    let world = assemble(scenario, context)?;
    if let Some(release) = world.releases.first() {
        let message = format!("`{}` releases at spikes", release.path);
        let place = scenario.named("pathway").find(|p| p.1.path == release.path).map(|p| p.1.span_of("spikes"));
        let d = Diagnostic::error("E0720", place.unwrap_or(scenario.span), message, "how many of them is drawn");
        return Err(d.help("leave it out, or write it as a `[reaction.NAME]` with a `law`").into());
    }
    refuse_draws(scenario, &world)?;
    let happenings = happenings(scenario, context, &world)?;
    let mut phases: Vec<(u64, &World)> = vec![(0, &world)];
    phases.extend(happenings.iter().filter_map(|(at, _, h)| match h {
        Happening::World(world) => Some((*at, &**world)),
        Happening::Dose(..) | Happening::Jump(_) => None,
    }));
    let scheme = Scheme { waveforms: shared_waveforms(&world), phases };
    let mut compartments: Vec<_> = world.compartments.iter().map(|(name, c)| (name.clone(), c.volume)).collect();
    if compartments.is_empty() {
        // States of pathways have to be somewhere, which changes nothing.
        compartments.push((String::from("cell"), 1e-3));
    }
    Ok(Outline {
        compartments,
        species: world.pools.iter().map(species).collect(),
        reactions: (0..world.channels.len()).map(|q| scheme.reaction(q, scenario)).collect::<Result<_, _>>()?,
        events: scheme.events(&happenings),
        observables: world.observables.iter().map(|o| (o.name.clone(), scheme.always(o.value.formula()))).collect(),
        waveforms: scheme.waveforms,
    })
}

/// Fails if something is drawn, or worked out, other than by reactions.
fn refuse_draws(scenario: &Table, world: &World) -> Result<(), Diagnostic> {
    let tables = ["variable", "intervention"].into_iter().flat_map(|section| scenario.named(section)).map(|t| t.1);
    let is_drawn = |table: &&Table| {
        world.starts.iter().any(|s| s.path == table.path)
            || world.jumps.iter().any(|j| j.path == table.path && j.draws())
    };
    let Some(table) = { tables }.find(is_drawn) else { return Ok(()) };
    let key = ["initial", "changes"].into_iter().find(|key| table.get(key).is_some());
    let at = key.map_or(table.span, |key| table.span_of(key));
    let d = Diagnostic::error(
        "E0720",
        at,
        format!("`{}` is drawn, or worked out in each run", table.path),
        "not in SBML's core",
    );
    Err(d.help("give a number"))
}

fn species(pool: &super::builder::Pool) -> OutlineSpecies {
    let (name, compartment) = (pool.name.clone(), pool.compartment);
    OutlineSpecies { name, compartment, initial: pool.initial, fixed: pool.fixed, variable: pool.variable }
}

/// The waveforms that rates and conditions follow at first.
fn shared_waveforms(world: &World) -> Vec<(String, Term)> {
    let follows = |owned: &super::builder::Owned| match &owned.channel.law {
        Law::Expression { follows, .. } => follows.clone(),
        _ => owned.shape.iter().cloned().collect(),
    };
    let mut names: Vec<_> = world.channels.iter().flat_map(follows).chain(world.watched.iter().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    let known = |name: &Arc<str>| {
        let waveform = world.waveforms.get(name, Span::default()).ok()?;
        Some((name.to_string(), waveform.term()))
    };
    names.iter().filter_map(known).collect()
}

/// The worlds of a scenario, each from its time (ticks) on, and the waveforms of the first.
struct Scheme<'a> {
    waveforms: Vec<(String, Term)>,
    phases: Vec<(u64, &'a World)>,
}

/// What stands for the count of a species.
type Count<'a> = &'a dyn Fn(Species) -> Term;

impl Scheme<'_> {
    /// Channel `q`, whose law is another from the time of each phase on.
    fn reaction(&self, q: usize, scenario: &Table) -> Result<OutlineReaction, Diagnostic> {
        let first = self.phases[0].1;
        let owned = &first.channels[q];
        let pathway = &first.pathways[owned.pathway as usize];
        let mut rates = Vec::new();
        for &(from, world) in &self.phases {
            let count = |s: Species| self.count(s, world);
            let Some(rate) = self.rate(world, q, &count) else {
                let table = scenario.named("pathway").find(|p| p.1.path == pathway.path).map(|p| p.1);
                return Err(no_formula(&pathway.path, &owned.channel.law, table, scenario.span));
            };
            rates.push((from, rate));
        }
        let side = |side: &[(Species, u32)]| side.iter().map(|(s, n)| (s.slot as usize, *n)).collect();
        Ok(OutlineReaction {
            name: pathway.name.clone(),
            takes: side(&owned.channel.takes),
            gives: side(&owned.channel.gives),
            rate: staircase(rates),
        })
    }

    /// What stands for the count of a species while the system is `world`. What is held constant at one value is a species, else a number for
    /// each stretch of time.
    fn count(&self, s: Species, world: &World) -> Term {
        let held = |world: &World| world.pools[s.slot as usize].initial;
        let is_fixed = world.pools[s.slot as usize].fixed;
        let varies = is_fixed && self.phases.iter().any(|p| held(p.1) != held(world));
        if varies { Term::Number(held(world)) } else { Term::Count(s.slot as usize) }
    }

    /// The propensity of channel `q` of `world`; none if there is no formula.
    fn rate(&self, world: &World, q: usize, count: Count<'_>) -> Option<Term> {
        let owned = &world.channels[q];
        let law = match &owned.channel.law {
            Law::Constant(k) => Term::Number(*k),
            Law::FirstOrder { k, of } => Term::product(vec![Term::Number(*k), count(*of)]),
            Law::MassAction { c, reactants } => choices(*c, reactants, count),
            Law::MichaelisMenten { vmax, km, substrate, inhibitors } => {
                saturation(*vmax, *km, &count(*substrate), inhibitors, count)
            }
            Law::Expression { law, reads, follows } => law.term(&|i| self.leaf(i, reads, follows, count, world)),
            Law::Delay { .. } => return None,
            Law::Custom { propensity, reads } => {
                propensity.term(&reads.iter().map(|s| count(*s)).collect::<Vec<_>>())?
            }
        };
        let shape = owned.shape.iter().map(|shape| self.follow(shape, world));
        Some(Term::product(std::iter::once(law).chain(shape).collect()))
    }

    /// What variable `i` of an expression is.
    fn leaf(&self, i: u32, reads: &[Species], follows: &[Arc<str>], count: Count<'_>, world: &World) -> Term {
        match (i as usize).checked_sub(READS_MAX) {
            None => count(reads[i as usize]),
            Some(i) => self.follow(&follows[i], world),
        }
    }

    /// A waveform of the world, or the time.
    fn follow(&self, name: &str, world: &World) -> Term {
        let Ok(waveform) = world.waveforms.get(name, Span::default()) else { return Term::Time };
        let term = waveform.term();
        let shared = self.waveforms.iter().position(|w| w.0 == name && w.1 == term);
        shared.map_or(term, Term::Waveform)
    }

    /// What happens to counts: at times, then by conditions.
    ///
    /// Events of one instant would have no order, so what happens at one time is one event.
    fn events(&self, happenings: &[(u64, String, Happening)]) -> Vec<OutlineEvent> {
        let mut world = self.phases[0].1;
        let mut timed: Vec<(u64, OutlineEvent)> = Vec::new();
        for (time, path, happening) in happenings {
            let changes = match happening {
                Happening::Dose(species, dose) => vec![(species.slot as usize, dosed(*species, *dose))],
                Happening::Jump(jump) => changes(&world.jumps[*jump], &|formula| self.formula(formula, world)),
                Happening::World(next) => {
                    world = next;
                    continue;
                }
            };
            if let Some((_, event)) = timed.last_mut().filter(|last| last.0 == *time) {
                follow_up(&mut event.changes, changes);
            } else {
                let when = Term::two("geq", Term::Time, Term::Number(seconds(*time)));
                timed.push((*time, OutlineEvent::plain(path, when, changes)));
            }
        }
        let waiting = self.phases[0].1.jumps.iter().filter_map(|jump| {
            let trigger = jump.trigger.as_ref()?;
            let always = |condition: &Condition| self.always(condition.formula());
            Some(OutlineEvent {
                delay: trigger.delay.as_ref().map(always),
                priority: trigger.priority.as_ref().map(always),
                persistent: trigger.persistent,
                held_before: trigger.held_before,
                at_trigger: !trigger.at_action,
                ..OutlineEvent::plain(
                    &jump.path,
                    always(&trigger.when).truth(),
                    changes(jump, &|formula| self.always(formula)),
                )
            })
        });
        timed.into_iter().map(|t| t.1).chain(waiting).collect()
    }

    /// A formula that may find any of the worlds.
    fn always(&self, formula: &Formula) -> Term {
        staircase(self.phases.iter().map(|&(from, world)| (from, self.formula(formula, world))).collect())
    }

    /// A formula as it is in `world`.
    fn formula(&self, formula: &Formula, world: &World) -> Term {
        let count = |s: Species| self.count(s, world);
        formula.law.term(&|i| self.leaf(i, &formula.reads, &formula.follows, &count, world))
    }
}

/// What a jump changes, whose formulas are told by `formula`.
fn changes(jump: &Jump, formula: &dyn Fn(&Formula) -> Term) -> Vec<(usize, Term)> {
    let change = |(species, effect): &(Species, Effect)| {
        let becomes = match effect {
            Effect::Dose(dose) => dosed(*species, *dose),
            Effect::Becomes(condition) => nearest(formula(condition.formula())),
            Effect::Assigns(condition) => formula(condition.formula()),
        };
        (species.slot as usize, becomes)
    };
    jump.changes.iter().map(change).collect()
}

/// `changes`, and right after them those of `next`, as changes of what was there before both.
fn follow_up(changes: &mut Vec<(usize, Term)>, next: Vec<(usize, Term)>) {
    let before = changes.clone();
    let known = |species: usize| before.iter().find(|c| c.0 == species).map_or(Term::Count(species), |c| c.1.clone());
    for (species, becomes) in next {
        let becomes = becomes.with_counts(&known);
        match changes.iter_mut().find(|c| c.0 == species) {
            Some(change) => change.1 = becomes,
            None => changes.push((species, becomes)),
        }
    }
}

/// Terms that hold from their times (ticks) on, ascending, as cases of the time. Halved again and again, so that a ramp of a hundred steps
/// is no deeper than seven.
fn staircase(mut steps: Vec<(u64, Term)>) -> Term {
    // Of those of one time the last holds.
    steps.reverse();
    steps.dedup_by_key(|step| step.0);
    steps.reverse();
    steps.dedup_by(|later, earlier| later.1 == earlier.1);
    cases(&steps)
}

fn cases(steps: &[(u64, Term)]) -> Term {
    match steps {
        [] => Term::Number(0.0),
        [only] => only.1.clone(),
        _ => {
            let (early, late) = steps.split_at(steps.len() / 2);
            cases(early).until(seconds(late[0].0), cases(late))
        }
    }
}

/// That the rates of the pathway at `path`, which are by `law`, cannot be told.
fn no_formula(path: &str, law: &Law, table: Option<&Table>, scenario: Span) -> Diagnostic {
    if matches!(law, Law::Delay { .. }) {
        let message = format!("`{path}` takes times that are not exponential");
        let at = table.map_or(scenario, |t| t.span_of("delay"));
        let d = Diagnostic::error("E0720", at, message, "SBML has no reactions with memory");
        return d.help("give a rate constant `k` instead of `delay`");
    }
    let message = format!("the rates of `{path}` cannot be written as formulas");
    let d = Diagnostic::error("E0720", table.map_or(scenario, |t| t.span), message, "a law of its own");
    d.help("leave it out, or write it as a `[reaction.NAME]` with a `law`")
}

/// `c` times the number of ways to choose the reactants.
fn choices(c: f64, reactants: &[(Species, u32)], count: Count<'_>) -> Term {
    let mut factors = vec![Term::Number(c)];
    for &(species, n) in reactants {
        for i in 0..n {
            let left = |i: u32| Term::two("minus", count(species), Term::Number(f64::from(i)));
            factors.push(match i {
                0 => count(species),
                i => Term::two("divide", left(i), Term::Number(f64::from(i + 1))),
            });
        }
    }
    Term::product(factors)
}

/// `vmax n / (km free + n loaded)`.
fn saturation(vmax: f64, km: f64, n: &Term, inhibitors: &[Inhibitor], count: Count<'_>) -> Term {
    let one_and = |bound: Vec<&Inhibitor>| {
        let bound = bound.into_iter().map(|i| Term::two("divide", count(i.species), Term::Number(i.ki)));
        Term::sum(std::iter::once(Term::Number(1.0)).chain(bound).collect())
    };
    let of = |mode| inhibitors.iter().filter(move |i| i.mode == mode);
    // Each non-competitive inhibitor has a factor of its own, on both sides.
    let both: Vec<Term> = of(Inhibition::NonCompetitive).map(|i| one_and(vec![i])).collect();
    let side = |first: Term, mode| Term::product([vec![first, one_and(of(mode).collect())], both.clone()].concat());
    let free = side(Term::Number(km), Inhibition::Competitive);
    let loaded = side(n.clone(), Inhibition::Uncompetitive);
    Term::two("divide", Term::product(vec![Term::Number(vmax), n.clone()]), Term::sum(vec![free, loaded]))
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND as f64
}

/// What a count becomes.
fn dosed(species: Species, dose: Dose) -> Term {
    let (count, number) = (Term::Count(species.slot as usize), Term::Number);
    match dose {
        Dose::Set(n) | Dose::Assign(n) => number(n),
        Dose::Add(n) if n >= 0.0 => Term::sum(vec![count, number(n)]),
        Dose::Add(n) => Term::two("max", Term::sum(vec![count, number(n)]), number(0.0)),
        Dose::Scale(factor) => nearest(Term::product(vec![number(factor), count])),
    }
}

/// The nearest whole number.
fn nearest(term: Term) -> Term {
    match term {
        Term::Number(n) => Term::Number(n.round()),
        term => Term::Apply("floor", vec![Term::sum(vec![term, Term::Number(0.5)])]),
    }
}
