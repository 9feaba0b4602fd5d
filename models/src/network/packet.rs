//! A packet: a small record that is copied, never boxed.

use sim_core::{Departure, Probe, SimTime};

/// One packet, or one customer of a queueing system.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// When its source sent it.
    pub born: SimTime,
    /// When it came into the station where it is.
    pub entered: SimTime,
    /// For how long it waited before service so far, in ticks, over all stations.
    pub waited: u64,
    /// Its size in bits.
    pub bits: u32,
    /// The index of its flow.
    pub flow: u32,
    /// The node it is addressed to; [`Packet::WANDERING`] if nodes choose its way at random.
    pub target: u32,
    /// The index of its class among the classes of the scenario.
    pub class: u8,
}

impl Packet {
    /// Addressed to no node: every node on its way draws the next.
    pub const WANDERING: u32 = u32::MAX;
}

impl Packet {
    /// Tells `probe` that the packet is where it was to go. Flows are the first components, in order.
    #[inline]
    pub(super) fn deliver<P: Probe>(&self, at: SimTime, probe: &mut P) {
        let size = u64::from(self.bits);
        let service = (at - self.born).ticks() - self.waited;
        probe.leave(self.flow, Departure { at, since: self.born, wait: self.waited, service, size });
    }
}
