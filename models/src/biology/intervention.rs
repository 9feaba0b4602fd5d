//! `[intervention.NAME]` with a time: from `at` on, the scenario reads as if a value in it were another; or a count is changed at once.
//!
//! An intervention edits the scenario's own tables and builds the laws anew, so that whatever a kind of pathway reads
//! from its table can be changed during a run, without a word about interventions in the kind. What is only read at the
//! start (initial counts, the number of explicit carriers) cannot. A count is no value of the scenario but of the run; what
//! changes it is a [`Dose`], or a [`Jump`](super::jump::Jump) if several change or the state sets it off.

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::assemble::assemble;
use super::builder::World;
use super::dose::{self, Dose};
use super::jump;
use super::law::Species;
use super::network::{Network, Phase};
use super::parts::{Piece, split};
use super::system::Part;
use crate::BuildContext;
use crate::common::waveform::Waveforms;
use crate::intervention::{change, collect, find, in_order, is_outage, nearest};

/// The sections whose values can be changed.
const OPEN: &[&str] = &["compartment", "pathway", "reaction", "waveform"];

/// Gives every part a phase for each intervention, in order of time.
///
/// Fails with every intervention that cannot be done.
pub(super) fn add_phases(scenario: &Table, context: &BuildContext<'_>, parts: &mut [Part]) -> Result<(), Diagnostics> {
    let mut now = scenario.clone();
    let (all, mut findings) = in_order(scenario);
    for (at, table) in all {
        match intervene(table, at, &mut now, context, parts) {
            Ok(phases) => parts.iter_mut().zip(phases).for_each(|(part, phase)| part.phases.push(phase)),
            Err(found) => findings.extend(found),
        }
    }
    if findings.has_errors() { Err(findings) } else { Ok(()) }
}

/// What is wrong with the interventions of a scenario that is wrong itself: with the values that they mean to change.
pub(super) fn findings(scenario: &Table) -> Diagnostics {
    let mut now = scenario.clone();
    let (all, mut findings) = in_order(scenario);
    for (_, table) in all.into_iter().filter(|(_, t)| !jump::is_one(t, scenario)) {
        if !is_outage(table) && !dose::is_count(table.text("target"), scenario) {
            edit(table, &mut now).unwrap_or_else(|d| findings.push(d));
        }
    }
    findings
}

/// The phase that an intervention begins, of each part.
fn intervene(
    table: &Table,
    at: u64,
    scenario: &mut Table,
    context: &BuildContext<'_>,
    parts: &[Part],
) -> Result<Vec<Phase>, Diagnostics> {
    let one = |d| {
        let mut all = Diagnostics::default();
        all.push(d);
        all
    };
    let jumps = jump::is_one(table, scenario);
    let target = table.opt_text("target").unwrap_or_default();
    let span = table.span_of(if table.get("changes").is_some() { "changes" } else { "target" });
    let before = scenario.clone();
    if is_outage(table) {
        let message = format!("`{}` is for links and nodes of networks", table.text("op"));
        let d = Diagnostic::error("E0621", table.span_of("op"), message, "not in a cell");
        return Err(one(d.help("to take all of something away, use `op = \"knockdown\"` with `factor = 1`")));
    }
    let counted = dose::is_count(target, scenario);
    if !counted && !jumps {
        edit(table, scenario).map_err(one)?;
    }
    // What is wrong with the new value is reported where the new value stands.
    let place = table.get("value").or(table.get("factor")).map_or(span, |v| v.span);
    let world = reassemble(scenario, context).map_err(|found| {
        let mut all = Diagnostics::default();
        for d in found.iter() {
            all.push(Diagnostic { span: place, ..d.clone() });
        }
        all
    });
    let result = world.and_then(|world| {
        let dose = if counted { Some(Dose::of(table, &world).map_err(one)?) } else { None };
        let dose = dose.map(|(species, dose)| (&world.pools[species.slot as usize].name, dose));
        let pieces = split(&world);
        let fresh: Vec<Network> = pieces.iter().map(Network::new).collect();
        if fresh.len() == parts.len() && fresh.iter().zip(parts).all(|(new, old)| new.same_shape(&old.network)) {
            let phase = |(piece, network): (&Piece, &Network)| {
                let mut phase = Phase::new(at, &piece.world, network);
                phase.dose = dose.and_then(|(name, dose)| Some((network.slot_of(name)?, dose)));
                phase.jump =
                    phase.jumps.iter().zip(0..).find(|(jump, _)| jumps && jump.path == table.path).map(|j| j.1);
                phase
            };
            let phases: Vec<Phase> = pieces.iter().zip(&fresh).map(phase).collect();
            let rewritten = phases.iter().zip(&*parts).any(|(new, part)| new.rewrites(&part.phases[0]));
            if !rewritten {
                return Ok(phases);
            }
            let message = format!("`{target}` cannot change during a run");
            let d = Diagnostic::error("E0622", span, message, "what follows from it has a history");
            return Err(one(d.help("give the voltage of the whole run as one waveform")));
        }
        let message = format!("`{target}` cannot change during a run");
        let d = Diagnostic::error("E0622", span, message, "it is only read at the start");
        Err(one(d.help("change a rate, a number of carriers or what is held constant instead")))
    });
    if result.is_err() {
        *scenario = before;
    }
    result
}

/// The world that an edited scenario describes: a waveform may be what has changed.
fn reassemble(scenario: &Table, context: &BuildContext<'_>) -> Result<World, Diagnostics> {
    let waveforms = Waveforms::read(scenario, context.registry, context.folder)?;
    assemble(scenario, &BuildContext { waveforms: &waveforms, ..*context })
}

/// What happens at a time, in the order of the scenario's interventions that have one.
pub(super) enum Happening {
    /// A count changes.
    Dose(Species, Dose),
    /// The one of the world's jumps that happens.
    Jump(usize),
    /// The world is another from then on.
    World(Box<World>),
}

/// What happens in a scenario that is built without error: when (ticks), by which intervention (its path), and what.
pub(super) fn happenings(
    scenario: &Table,
    context: &BuildContext<'_>,
    world: &World,
) -> Result<Vec<(u64, String, Happening)>, Diagnostics> {
    let mut now = scenario.clone();
    let mut all = Vec::new();
    for (at, table) in in_order(scenario).0 {
        let happening = if jump::is_one(table, scenario) {
            let jump = world.jumps.iter().position(|jump| jump.path == table.path);
            Happening::Jump(jump.unwrap_or_default())
        } else if dose::is_count(table.text("target"), scenario) {
            let (species, dose) = Dose::of(table, world)?;
            Happening::Dose(species, dose)
        } else {
            edit(table, &mut now)?;
            Happening::World(Box::new(reassemble(&now, context)?))
        };
        all.push((at, table.path.clone(), happening));
    }
    Ok(all)
}

/// Makes the change that `table` describes to the scenario.
fn edit(table: &Table, scenario: &mut Table) -> Result<(), Diagnostic> {
    let (target, span) = (table.text("target"), table.span_of("target"));
    let candidates = candidates(scenario);
    let Some(found) = candidates.iter().any(|c| c == target).then(|| find(scenario, target)).flatten() else {
        let message = format!("there is no value `{target}`");
        let d = Diagnostic::error("E0620", span, message, "matches nothing that can change");
        return Err(d.help(match target.strip_prefix("compartment.").and_then(|t| t.split_once(".initial.")) {
            Some((place, species)) => format!("the count itself is `{place}.{species}`"),
            None => nearest(target, &[candidates, dose::counts(scenario)].concat()),
        }));
    };
    change(table, found)
}

/// The paths of all values that can change.
fn candidates(scenario: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for section in OPEN {
        if let Some(v) = scenario.get(section) {
            collect(v, section, &mut out);
        }
    }
    out.retain(|path| !path.starts_with("compartment.") || !path.contains(".initial."));
    out
}
