//! A biological scenario made ready to run.

use std::sync::atomic::AtomicBool;

use sim_core::RunError;
use sim_core::config::{Diagnostics, Table};
use sim_core::rng::Streams;
use sim_core::stats::{Component, ComponentKind, RunRecord, Window, observe};

use super::assemble::assemble;
use super::builder::World;
use super::group::Group;
use super::intervention;
use super::network::{NONE, Network, Phase};
use crate::{BuildContext, System};

/// A well-mixed reaction network with what will happen to it.
#[derive(Debug)]
pub(super) struct Biology {
    pub(super) components: Vec<Component>,
    pub(super) network: Network,
    pub(super) phases: Vec<Phase>,
}

/// Makes the system of a checked scenario.
pub(crate) fn build(scenario: &Table, context: &BuildContext<'_>) -> Result<Box<dyn System>, Diagnostics> {
    Ok(Box::new(biology(scenario, context)?))
}

pub(super) fn biology(scenario: &Table, context: &BuildContext<'_>) -> Result<Biology, Diagnostics> {
    let world = assemble(scenario, context.registry)?;
    let (components, of_pool) = components(&world);
    let first_pathway = components.len() as u32 - world.pathways.len() as u32;
    let network = Network::new(&world, of_pool, first_pathway);
    let phases = intervention::phases(scenario, context.registry, &world, &network)?;
    Ok(Biology { components, network, phases })
}

/// What is measured: every species that can change, then pathways and reactions; and the component of each species.
fn components(world: &World) -> (Vec<Component>, Vec<u32>) {
    let mut components = Vec::new();
    let mut of_pool = Vec::new();
    for pool in &world.pools {
        if pool.fixed {
            of_pool.push(NONE);
            continue;
        }
        of_pool.push(components.len() as u32);
        let kind = ComponentKind::Population { initial: pool.initial, tagged: pool.tagged };
        components.push(Component::new(&pool.name, kind, pool.entity));
    }
    for pathway in &world.pathways {
        let kind = ComponentKind::Pathway { saturable: pathway.busy.is_some() };
        components.push(Component::new(&pathway.name, kind, pathway.entity));
    }
    (components, of_pool)
}

impl System for Biology {
    fn components(&self) -> &[Component] {
        &self.components
    }

    fn run_unless(&self, cancel: &AtomicBool, streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        observe(Group::new(&self.network, &self.phases, streams), &self.components, window, cancel)
    }

    fn event_rate(&self) -> f64 {
        let mut counts = self.network.initial.clone();
        let mut fastest = 0.0_f64;
        for phase in &self.phases {
            for &(slot, held) in &phase.fixed {
                counts[slot as usize] = held;
            }
            fastest = fastest.max((0..self.network.channels()).map(|q| phase.rates.rate(q, &counts)).sum());
        }
        // What comes in goes out again.
        2.0 * fastest
    }
}
