//! Stages: what a packet passes at a node before it is forwarded.
//!
//! A stage is a station (packets wait and are served) or a gate (packets are judged and pass at once). It stands at every
//! node that lists it, each time with a state of its own, and sees all packets that pass the node: a meter measures their
//! aggregate.

mod firewall;
#[cfg(test)]
mod fixture;
mod marker;
mod meter;
mod nat;
mod server;
mod shaper;

use sim_core::config::{Diagnostics, Table};

use super::discipline::{Discipline, DisciplineContext};
use super::gate::Gate;
use crate::common::service::Service;
use crate::registry::Kind;

/// A stage before it is made ready to run.
#[derive(Debug)]
pub enum StageSpec {
    /// Packets wait and are served.
    Station {
        /// Parallel workers.
        workers: u32,
        /// The law of their service times; without one, packets that are let go take no time.
        service: Option<Service>,
        /// The queue discipline in front of them.
        queue: Box<dyn Discipline>,
    },
    /// Packets are judged and pass at once.
    Gate(Box<dyn Gate>),
}

/// Makes a stage from its checked table.
pub type MakeStage = fn(&Table, &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics>;

/// The stages that come with the program.
pub const STAGES: &[Kind<MakeStage>] =
    &[server::KIND, shaper::KIND, meter::POLICER, meter::SRTCM, meter::TRTCM, marker::KIND, firewall::KIND, nat::KIND];
