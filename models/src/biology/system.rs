//! A biological scenario made ready to run.

use std::sync::atomic::AtomicBool;

use sim_core::config::{Diagnostics, Table};
use sim_core::rng::Streams;
use sim_core::stats::{
    Component, ComponentKind, Measure, PassageQuestion, RunRecord, StateQuestion, Window, numbers_with, observe_with,
};
use sim_core::{RunError, SimTime};

use super::assemble::{assemble, bound_while_followed};
use super::builder::World;
use super::intervention;
use super::mean::{self, Mean};
use super::network::{Drive, Network, Phase};
use super::parts::{Piece, split};
use super::run::Run;
use crate::probe::{self, Asked};
use crate::{BuildContext, System};

/// Parts that nothing connects, and what is measured at them.
#[derive(Debug)]
pub(super) struct Biology {
    pub(super) components: Vec<Component>,
    pub(super) parts: Vec<Part>,
    /// What is asked besides; the last components are for the answers.
    asked: Asked,
    pub(super) warnings: Diagnostics,
}

/// A well-mixed reaction network with what will happen to it.
#[derive(Debug)]
pub(super) struct Part {
    /// The element that its stream is named after.
    pub(super) element: String,
    pub(super) network: Network,
    /// The same number for every part.
    pub(super) phases: Vec<Phase>,
}

/// Makes the system of a checked scenario.
pub(crate) fn build(scenario: &Table, context: &BuildContext<'_>) -> Result<Box<dyn System>, Diagnostics> {
    let system = biology(scenario, context)?;
    if mean::is_asked(scenario) {
        return Ok(Box::new(Mean::new(system, scenario)?));
    }
    Ok(Box::new(system))
}

pub(super) fn biology(scenario: &Table, context: &BuildContext<'_>) -> Result<Biology, Diagnostics> {
    let world = assemble(scenario, context).map_err(|mut found| {
        found.extend(intervention::findings(scenario));
        found
    })?;
    let mut parts: Vec<Part> = split(&world).into_iter().map(Part::new).collect();
    intervention::add_phases(scenario, context, &mut parts)?;
    let first_pathway = first_pathway(&world);
    let states = world.states.iter().map(|&(q, _)| StateQuestion { of: place(&world, q.of), ..q });
    let passages = world.asked_passages.iter().map(|&(q, _)| PassageQuestion { of: first_pathway + q.of, ..q });
    let mut components = components(&world);
    // A mean has no times.
    let probes =
        if world.is_mean { Vec::new() } else { probe::of(scenario, crate::World::Biology, context.registry).0 };
    let (tails, answers) = probe::ask_tails(&probe::tails(&probes), &components)?;
    components.extend(answers);
    let asked = Asked { states: states.collect(), passages: passages.collect(), tails: tails.into() };
    Ok(Biology { components, parts, asked, warnings: bound_while_followed(scenario, &world) })
}

/// The component of the species in `slot`, or of an observable, behind all slots.
fn place(world: &World, slot: u32) -> u32 {
    let slot = slot as usize;
    let observable = slot.saturating_sub(world.pools.len());
    (world.pools.iter().take(slot).filter(|p| !p.fixed).count() + observable) as u32
}

/// The component of the first pathway.
fn first_pathway(world: &World) -> u32 {
    place(world, (world.pools.len() + world.observables.len()) as u32)
}

impl Part {
    /// A part to which nothing happens.
    fn new(piece: Piece) -> Self {
        let network = Network::new(&piece);
        let phases = vec![Phase::new(0, &piece.world, &network)];
        Self { element: piece.element, network, phases }
    }
}

/// What is measured: every species that can change and every variable, then observables, then pathways and reactions, then exits, then counts at certain times and at spikes, then stays,
/// then what is asked.
fn components(world: &World) -> Vec<Component> {
    let pools = world.pools.iter().filter(|p| !p.fixed).map(|pool| {
        let count = ComponentKind::Population { initial: pool.initial, tagged: pool.tagged };
        Component::new(&pool.name, if pool.variable { ComponentKind::Variable } else { count }, pool.entity)
    });
    let observables = world.observables.iter().map(|o| Component::new(&o.name, ComponentKind::Variable, "1"));
    let pathways = world.pathways.iter().map(|pathway| {
        let kind = ComponentKind::Pathway { saturable: pathway.busy.is_some() };
        Component::new(&pathway.name, kind, pathway.entity)
    });
    let place = |slot: u32| place(world, slot);
    let exits = world.exits().into_iter().map(|e| {
        let (pool, pathway) = (&world.pools[e.slot as usize], &world.pathways[e.pathway as usize]);
        let kind = ComponentKind::Exit { of: place(e.slot) };
        Component::new(format!("{}@{}", pool.name, pathway.name), kind, pool.entity)
    });
    let samples = world.samples.iter().map(|(slot, at, name)| {
        let entity = world.pools.get(*slot as usize).map_or("1", |pool| pool.entity);
        let kind = ComponentKind::Sample { of: place(*slot), at: SimTime::from_ticks(*at), extra: None };
        Component::new(name, kind, entity)
    });
    let states = world.states.iter().map(|(of, name)| (name, world.pools[of.of as usize].entity));
    let passages = world.asked_passages.iter().map(|(of, name)| (name, world.pathways[of.of as usize].entity));
    let asked = states.chain(passages).map(|(name, entity)| Component::new(name, ComponentKind::Asked, entity));
    let first_pathway = first_pathway(world);
    let passed = world.passed.iter().map(|passed| {
        let pathway = &world.pathways[passed.pathway as usize];
        let (from, until) = (SimTime::from_ticks(passed.from), SimTime::from_ticks(passed.until));
        let kind = ComponentKind::Passed { of: first_pathway + passed.pathway, from, until };
        Component::new(format!("{}@spike {}", pathway.name, passed.spike), kind, pathway.entity)
    });
    let dwells = world.dwells.iter().flat_map(|dwell| {
        let pathway = &world.pathways[dwell.pathway as usize];
        dwell.parts().map(move |(part, bursts)| {
            let kind = ComponentKind::Dwell { of: first_pathway + dwell.pathway, bursts };
            Component::new(format!("{}@{part}", pathway.name), kind, if bursts { "burst" } else { "stay" })
        })
    });
    pools
        .chain(observables)
        .chain(pathways)
        .chain(exits)
        .chain(samples)
        .chain(passed)
        .chain(dwells)
        .chain(asked)
        .collect()
}

impl System for Biology {
    fn components(&self) -> &[Component] {
        &self.components
    }

    fn run_unless(&self, cancel: &AtomicBool, streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        observe_with(
            self.asked.answers(&self.components),
            Run::new(&self.parts, streams),
            &self.components,
            window,
            cancel,
        )
    }

    fn numbers(&self) -> Vec<Measure> {
        numbers_with(&self.asked.answers(&self.components), &self.components)
    }

    fn warnings(&self) -> Diagnostics {
        self.warnings.clone()
    }

    fn event_rate(&self) -> f64 {
        // What comes in goes out again.
        let spikes = self.parts.iter().flat_map(|part| &part.phases[0].releases).map(|release| release.train.rate());
        2.0 * self.parts.iter().map(Part::fastest).chain(spikes).fold(0.0, |sum, rate| sum + rate)
    }
}

impl Part {
    /// Firings a second with the counts at first, in the fastest phase.
    fn fastest(&self) -> f64 {
        // What is drawn at the start is as in one of the runs.
        let mut counts = self.network.at_start(Streams::new(0, 0)).0;
        let mut fastest = 0.0_f64;
        for phase in &self.phases {
            for &(slot, held) in &phase.fixed {
                counts[slot as usize] = held;
            }
            if let Some((slot, dose)) = phase.dose {
                counts[slot as usize] = dose.apply(counts[slot as usize]);
            }
            let values: Vec<f64> = phase.courses.iter().map(|c| c.1.clone().value(0)).collect();
            let rate = |q: usize| {
                let factor = match phase.drives[q] {
                    Drive::Shape(course) => values[course as usize],
                    Drive::Steady | Drive::Law => 1.0,
                };
                factor * phase.rates.rate_at(q, &counts, &values)
            };
            fastest = fastest.max((0..self.network.channels()).map(rate).sum());
        }
        fastest
    }
}
