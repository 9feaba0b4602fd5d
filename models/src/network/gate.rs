//! Gates: what judges packets as they pass, without holding them.
//!
//! A meter, a policer, a marker: a packet comes in, is changed or dropped, and is gone at the same instant. A gate in a
//! third-party crate is one file: a type that implements [`Gate`] and a kind of stage that makes it
//! ([`Registry::stages`](crate::Registry::stages)).

use std::fmt::Debug;

use sim_core::rng::Rng;
use sim_core::{Departure, Probe, SimTime};

use super::discipline::{Effects, Largest, Reason, Signal, SignalMap};
use super::packet::Packet;

/// A judge of packets. `now` never goes back.
pub trait Gate: Debug + Send + Sync {
    /// Lets `packet` pass, perhaps changed, or gives the reason why it is dropped.
    fn judge(&mut self, packet: &mut Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason>;
    /// A gate in the state of this one; each replication starts from a copy.
    fn boxed_clone(&self) -> Box<dyn Gate>;
    /// Called once at the start of a replication with a stream of random numbers of its own, for those that draw.
    fn start(&mut self, rng: Rng) {
        let _ = rng;
    }
    /// The largest packet that it ever lets pass, if there is a bound.
    fn largest(&self) -> Option<Largest> {
        None
    }
    /// The largest packet that can keep to its rate, of a gate that lets pass what does not, but changed.
    fn largest_conforming(&self) -> Option<Largest> {
        None
    }
    /// For which reasons it drops, so that each is counted by itself.
    fn reasons(&self) -> Vec<Reason> {
        Vec::new()
    }
    /// What it signals through [`Effects::signal`].
    fn signals(&self) -> Vec<Signal> {
        Vec::new()
    }
}

/// A gate at its place in a network.
#[derive(Debug)]
pub(super) struct Checkpoint {
    component: u32,
    gate: Box<dyn Gate>,
    signals: SignalMap,
}

impl Checkpoint {
    pub(super) fn new(component: u32, gate: Box<dyn Gate>, signals: SignalMap) -> Self {
        Self { component, gate, signals }
    }
    /// Judges a packet and tells the probe; false if it was dropped.
    pub(super) fn pass<P: Probe>(
        &mut self,
        packet: &mut Packet,
        now: SimTime,
        effects: &mut Effects,
        probe: &mut P,
    ) -> bool {
        let verdict = self.gate.judge(packet, now, effects);
        for (signal, value) in effects.signals.drain(..) {
            probe.record(self.component, self.signals.extra(signal), now, value);
        }
        match verdict {
            Ok(()) => {
                let size = u64::from(packet.bits);
                probe.leave(
                    self.component,
                    Departure { at: now, since: now, size, flow: packet.flow, ..Departure::default() },
                );
            }
            Err(reason) => {
                probe.reject(self.component, now, reason);
                packet.lose(Some(self.component), now, reason, probe);
            }
        }
        verdict.is_ok()
    }
}
