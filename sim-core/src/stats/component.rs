//! What a component is, and the names of what is measured at it.

use super::extra::Extra;
use crate::probe::{ComponentId, LossReason};
use crate::time::SimTime;

/// One component of a system, as its model describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The name in tables: as the scenario names it (`uplink`, `cell.drug`).
    pub name: String,
    /// What is measured at it.
    pub kind: ComponentKind,
    /// What passes: `"packet"`, `"molecule"`, `"vesicle"`.
    pub entity: &'static str,
    /// Why entities can be lost here: the reason that the probe is told, and the metric that counts it
    /// (`dropped.tail_drop`).
    pub reasons: Vec<(LossReason, &'static str)>,
    /// What else is measured here; [`Probe::record`](crate::Probe::record) names them by their index.
    pub extras: Vec<Extra>,
}

impl Component {
    /// A component with the measures of its kind and no others.
    pub fn new(name: impl Into<String>, kind: ComponentKind, entity: &'static str) -> Self {
        Self { name: name.into(), kind, entity, reasons: Vec::new(), extras: Vec::new() }
    }
}

/// Kinds of components.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ComponentKind {
    /// Entities wait and are served: a link, a stage.
    Station {
        /// Parallel servers.
        servers: u32,
        /// A server may idle although something waits (a shaper): busy time is then known from the service given, and
        /// not checked against the number held. Its utilization is the busy share or the used share of a budget
        /// ([`Probe::used`](crate::Probe::used)), whichever is greatest.
        paced: bool,
    },
    /// Entities are judged and pass at once, or are lost: a meter, a policer, a marker.
    Gate,
    /// Entities pass from end to end: a traffic flow, through any number of stations.
    Flow,
    /// A count: a species in a compartment, a vesicle pool. If `tagged`, single entities' residence times are known.
    Population {
        /// The count at time zero.
        initial: f64,
        /// Whether `leave` is called with residence times.
        tagged: bool,
    },
    /// A number that something sets: nothing comes or goes.
    Variable,
    /// Those who leave a tagged population one way: `leave` is called here as well as at the population.
    Exit {
        /// The population's component.
        of: ComponentId,
    },
    /// How many are in a population, station or flow at an instant, or one of its other levels. Of a population or a variable, whose
    /// changes have an order at an instant, what happens then is counted; of others it is left out.
    Sample {
        /// Its component.
        of: ComponentId,
        /// When.
        at: SimTime,
        /// Which of its extra measures, a level; how many there are if none.
        extra: Option<u8>,
    },
    /// How many pass a pathway forwards from one instant up to another.
    Passed {
        /// The pathway's component.
        of: ComponentId,
        /// What happens then is counted.
        from: SimTime,
        /// What happens then is not.
        until: SimTime,
    },
    /// Stays of single machines of a pathway in a class of states: `leave` is called with each stay. Of `bursts`, the size of
    /// a departure is how many openings the burst had.
    Dwell {
        /// The pathway's component.
        of: ComponentId,
        /// Whether stays are bursts of openings.
        bursts: bool,
    },
    /// A group of flows, or its part at one element: see [`Attribution`](crate::stats::Attribution).
    Share,
    /// A question about another component that a watch answers: see [`States`](crate::stats::States),
    /// [`Passages`](crate::stats::Passages) and [`Tails`](crate::stats::Tails).
    Asked,
    /// A pathway between compartments: passages forwards and backwards. If `saturable`, `level` is its busy share, 0 to 1.
    Pathway {
        /// Whether a utilization is reported.
        saturable: bool,
    },
}

/// One number about one component in one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Index of the component.
    pub component: u32,
    /// `throughput`, `occupancy`, `sojourn_time`, `wait_time`, `wait_ratio` (the share of departures that had waited),
    /// `utilization`, `time_share` (the share of time in certain states), `loss_ratio` (the share of arrivals that were dropped),
    /// `exit_share` (the share of departures from a population that went one way), `bit_rate`, `value` (of a variable), `arrivals`, `departures`, `dropped`, `in_system`, `influx`, `net_flux`.
    pub metric: &'static str,
    /// `mean`, `sd`, `p50`, `p90`, `p99`, `max`, `time_mean`.
    pub stat: &'static str,
    /// The value, in `unit`; NaN if there was nothing to measure.
    pub value: f64,
    /// `s`, `1/s`, `bit/s`, the entity's name, or `1`.
    pub unit: &'static str,
}
