//! From a checked scenario to something that runs.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use sim_core::RunError;
use sim_core::config::{Diagnostic, Diagnostics, Section, Table};
use sim_core::rng::Streams;
use sim_core::stats::{Component, Measure, RunRecord, Window};

use crate::common::spikes;
use crate::common::waveform::{self, Waveforms};
use crate::registry::Registry;
use crate::world::{self, World};
use crate::wrong::Wrong;
use crate::{biology, intervention, network, probe};

/// A scenario made ready to run: immutable, shared by all replications of a point.
pub trait System: Send + Sync {
    /// What is measured, in the order of the indices in a record.
    fn components(&self) -> &[Component];
    /// Every number that a run has, without values.
    fn numbers(&self) -> Vec<Measure> {
        sim_core::stats::numbers(self.components())
    }
    /// Runs one replication from empty. A pure function of its arguments.
    ///
    /// Fails if the system cannot go on (no progress, a rate that is not a number).
    fn run(&self, streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        self.run_unless(&AtomicBool::new(false), streams, window)
    }
    /// As [`System::run`], but gives up with [`RunError::Cancelled`] soon after `cancel` has become true.
    fn run_unless(&self, cancel: &AtomicBool, streams: Streams, window: Window) -> Result<RunRecord, RunError>;
    /// About how many events a second of simulated time takes, to warn of runs that would never end.
    fn event_rate(&self) -> f64;
    /// Whether runs draw any random numbers. If not, all replications are the same; yes where that is not known.
    fn draws(&self) -> bool {
        true
    }
    /// What is doubtful about the scenario, but no error.
    fn warnings(&self) -> Diagnostics {
        Diagnostics::default()
    }
}

/// What making a system may look at besides the scenario.
#[derive(Clone, Copy, Debug)]
pub struct BuildContext<'a> {
    /// The kinds of elements.
    pub registry: &'a Registry,
    /// What relative file names start from: the scenario file's folder.
    pub folder: &'a Path,
    /// The scenario's courses in time.
    pub waveforms: &'a Waveforms,
}

impl<'a> BuildContext<'a> {
    /// A context without waveforms; [`build`] adds those of the scenario.
    pub fn new(registry: &'a Registry, folder: &'a Path) -> Self {
        Self { registry, folder, waveforms: Waveforms::none() }
    }
}

/// The sections of a scenario file that describe a system.
pub fn sections() -> Vec<Section> {
    [network::sections(), biology::SECTIONS.to_vec(), vec![probe::SECTION, intervention::SECTION, waveform::SECTION]]
        .concat()
}

/// Makes the system that `scenario` describes: a network or a biological one.
///
/// Fails with everything that is wrong with it, each at its place. If the checker found errors in it, what only follows
/// from those is left out, and the system that comes out is not the one that was meant.
pub fn build(scenario: &Table, context: &BuildContext<'_>) -> Result<Box<dyn System>, Diagnostics> {
    let (waveforms, mut found) = match Waveforms::read(scenario, context.registry, context.folder) {
        Ok(waveforms) => (Some(waveforms), Diagnostics::default()),
        Err(found) => (None, found),
    };
    let context = &BuildContext { waveforms: waveforms.as_ref().unwrap_or(Waveforms::none()), ..*context };
    if let Err(d) = world::check_one(scenario) {
        found.push(d);
        return Err(found);
    }
    found.extend(world::foreign(scenario));
    let (spelt, vague) = intervention::spelt_out(scenario);
    found.extend(vague);
    let scenario = &*spelt;
    let build = match World::of(scenario) {
        World::Network => network::build,
        World::Biology => biology::build,
    };
    let built = build(scenario, context).map_err(|more| {
        // Where waveforms or trains are wrong, none are known.
        let new = |d: &&Diagnostic| waveforms.is_some() || ![waveform::UNKNOWN, spikes::UNKNOWN].contains(&d.code);
        more.iter().filter(new).for_each(|d| found.push(d.clone()));
    });
    match (built, Wrong::of(scenario)) {
        (Ok(system), _) if !found.has_errors() => Ok(system),
        (_, Some(wrong)) => Err(wrong.without_consequences(&found)),
        (_, None) => Err(found),
    }
}
