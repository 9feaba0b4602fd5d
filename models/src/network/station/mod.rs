//! A station: a queue discipline in front of servers, and what comes after them.
//!
//! [`Fused`] is a first-in-first-out station with one server: departures are worked out on arrival. [`Queued`] is any
//! other, and that of a link with an MTU, losses or jitter. Both have an event for each packet's arrival at the next node,
//! none behind the last station, and catch up with what lies in between.

mod fused;
mod half_duplex;
mod holding;
mod lane;
mod law;
mod line;
mod outage;
mod queued;
mod servers;
mod varying;

pub(super) use fused::Fused;
pub(super) use half_duplex::HalfDuplex;
pub(super) use law::{Serialisation, ServiceLaw, gcd};
pub(super) use line::LinePlan;
pub(super) use outage::Spare;
pub(super) use queued::Queued;
pub(super) use varying::Varying;

use super::gate::Checkpoint;
use super::packet::Packet;

/// What a station needs to know of its surroundings; fixed during a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    /// Its component.
    pub(super) component: u32,
    /// Ticks of propagation after service.
    pub(super) delay: u64,
    /// All packets that leave this station have arrived where they are going: no event is needed to tell.
    pub(super) terminal: bool,
}

/// A packet on its way out of a station, and when it is where it goes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing {
    pub(super) packet: Packet,
    pub(super) at: sim_core::SimTime,
}

/// A link or stage.
#[derive(Debug)]
#[repr(align(64))]
pub(super) enum Core {
    Fused(Fused),
    Queued(Box<Queued>),
    Gate(Checkpoint),
    /// Both ways of a link that share a transmitter.
    Half(Box<HalfDuplex>),
    /// The second way of the station before.
    Back,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_fits_two_cache_lines() {
        assert_eq!(size_of::<Core>(), 128);
    }
}
