//! The kinds of elements that a scenario file may name. Adding one is one file and one line here.

use sim_core::config::{Field, Kinds};

use crate::common::service::{MakeService, SERVICES};
use crate::common::spikes::{MakeTrain, TRAINS};
use crate::common::waveform::{self, MakeWaveform};
use crate::probe::PROBES;
use crate::world::World;
use crate::{biology, network};

/// One kind of element: its name in a file, what it is, its parameters, and how one is made.
#[derive(Clone, Copy, Debug)]
pub struct Kind<F> {
    /// The value of `kind` in a scenario file.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// The parameters, besides those that all elements of the section have.
    pub fields: &'static [Field],
    /// Makes one from its checked table.
    pub make: F,
}

/// The kinds that may stand in one place.
#[derive(Clone, Debug)]
pub struct Family<F> {
    kinds: Vec<Kind<F>>,
}

impl<F> Default for Family<F> {
    /// No kinds.
    fn default() -> Self {
        Self { kinds: Vec::new() }
    }
}

impl<F: Copy> Family<F> {
    /// A family of these kinds.
    pub fn new(kinds: &[Kind<F>]) -> Self {
        Self { kinds: kinds.to_vec() }
    }
    /// Adds a kind; one of the same name is replaced.
    pub fn add(&mut self, kind: Kind<F>) {
        self.kinds.retain(|k| k.name != kind.name);
        self.kinds.push(kind);
    }
    /// The kind called `name`.
    pub fn get(&self, name: &str) -> Option<&Kind<F>> {
        self.kinds.iter().find(|k| k.name == name)
    }
}

/// A family without its type of maker, for checks and documentation.
trait AnyFamily {
    fn names(&self) -> Vec<&'static str>;
    fn find(&self, name: &str) -> Option<(&'static str, &'static [Field])>;
}
impl<F: Copy> AnyFamily for Family<F> {
    fn names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|k| k.name).collect()
    }
    fn find(&self, name: &str) -> Option<(&'static str, &'static [Field])> {
        self.get(name).map(|k| (k.doc, k.fields))
    }
}

/// All kinds of elements. An explicit value: a third-party `main` takes [`registry`], adds its own kinds and hands it to
/// the command line.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Queue disciplines of links and stages (`queue = { kind = "fifo" }`).
    pub disciplines: Family<network::MakeDiscipline>,
    /// Traffic (`[traffic.NAME] kind = "poisson"`).
    pub traffic: Family<network::MakeTraffic>,
    /// Congestion controls of connections (`tcp = { cc = { kind = "cubic" } }`).
    pub congestion_controls: Family<network::MakeCongestionControl>,
    /// Laws of slow start of connections (`tcp = { slow_start = { kind = "hystart" } }`).
    pub slow_starts: Family<network::MakeSlowStart>,
    /// Distributions of packet sizes (`size = { kind = "imix" }`).
    pub sizes: Family<network::MakeSize>,
    /// Distributions of service times (`service = { kind = "exponential" }`).
    pub services: Family<MakeService>,
    /// Laws of loss on links (`loss = { kind = "bernoulli" }`).
    pub losses: Family<network::MakeLoss>,
    /// Stages of nodes (`[stage.NAME] kind = "server"`).
    pub stages: Family<network::MakeStage>,
    /// Trains of spikes (`[spikes.NAME] kind = "regular"`).
    pub spikes: Family<MakeTrain>,
    /// Courses in time (`[waveform.NAME] kind = "sine"`).
    pub waveforms: Family<MakeWaveform>,
    /// Pathways between compartments (`[pathway.NAME] kind = "pump"`).
    pub pathways: Family<biology::MakePathway>,
    /// What to look at more closely (`[probe.NAME] kind = "residence"`).
    pub probes: Family<&'static [World]>,
}

/// The kinds that come with `egress`.
pub fn registry() -> Registry {
    Registry {
        disciplines: Family::new(network::DISCIPLINES),
        traffic: Family::new(network::TRAFFIC),
        congestion_controls: Family::new(network::CONGESTION_CONTROLS),
        slow_starts: Family::new(network::SLOW_STARTS),
        sizes: Family::new(network::SIZES),
        services: Family::new(SERVICES),
        losses: Family::new(network::LOSSES),
        stages: Family::new(network::STAGES),
        spikes: Family::new(TRAINS),
        waveforms: Family::new(waveform::WAVEFORMS),
        pathways: Family::new(biology::PATHWAYS),
        probes: Family::new(PROBES),
    }
}

impl Registry {
    fn family(&self, name: &str) -> Option<&dyn AnyFamily> {
        Some(match name {
            "discipline" => &self.disciplines,
            "traffic" => &self.traffic,
            "congestion_control" => &self.congestion_controls,
            "slow_start" => &self.slow_starts,
            "size" => &self.sizes,
            "service" => &self.services,
            "loss" => &self.losses,
            "stage" => &self.stages,
            "spikes" => &self.spikes,
            "waveform" => &self.waveforms,
            "pathway" => &self.pathways,
            "probe" => &self.probes,
            _ => return None,
        })
    }
}

impl Kinds for Registry {
    fn names(&self, family: &str) -> Vec<&'static str> {
        self.family(family).map_or(Vec::new(), AnyFamily::names)
    }
    fn fields(&self, family: &str, kind: &str) -> Option<&'static [Field]> {
        self.family(family)?.find(kind).map(|k| k.1)
    }
    fn doc(&self, family: &str, kind: &str) -> Option<&'static str> {
        self.family(family)?.find(kind).map(|k| k.0)
    }
}
