//! Gates: what judges packets as they pass, without holding them.
//!
//! A meter, a policer, a marker: a packet comes in, is changed or dropped, and is gone at the same instant. A gate in a
//! third-party crate is one file: a type that implements [`Gate`] and a kind of stage that makes it
//! ([`Registry::stages`](crate::Registry::stages)).

use std::fmt::Debug;
use std::sync::Arc;

use sim_core::rng::Rng;
use sim_core::{Departure, Probe, SimTime};

use super::discipline::{Effects, Largest, OWN, Reason, Signal, SignalMap};
use super::packet::Packet;

/// A decision that is counted by itself: a rule of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it is called: the measure that counts it is `hits.NAME`.
    pub name: String,
    /// Whether packets can be dropped by it, for the reason `rule:NAME`.
    pub drops: bool,
}

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
    /// Whether it may draw.
    fn draws(&self) -> bool {
        true
    }
    /// Signals what has happened by itself up to `until`.
    fn settle(&mut self, until: SimTime, effects: &mut Effects) {
        let _ = (until, effects);
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
    /// Decisions that have names of their own. Number k is signalled as [`OWN`] + k, 1 for each packet, and the same
    /// number is the reason for a drop.
    fn verdicts(&self) -> Vec<Verdict> {
        Vec::new()
    }
}

/// A gate at its place in a network.
#[derive(Debug)]
pub(super) struct Checkpoint {
    component: u32,
    gate: Box<dyn Gate>,
    signals: SignalMap,
    /// The reasons of its verdicts.
    own: Arc<[Reason]>,
}

impl Checkpoint {
    pub(super) fn new(component: u32, gate: Box<dyn Gate>, signals: SignalMap, own: Arc<[Reason]>) -> Self {
        Self { component, gate, signals, own }
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
        self.report(now, effects, probe);
        match verdict {
            Ok(()) => {
                let size = u64::from(packet.bits);
                probe.leave(
                    self.component,
                    Departure { at: now, since: now, size, flow: packet.flow, ..Departure::default() },
                );
            }
            Err(reason) => {
                let reason = if reason < OWN { reason } else { self.own[usize::from(reason - OWN)] };
                probe.reject(self.component, now, reason);
                packet.lose(Some(self.component), now, reason, probe);
            }
        }
        verdict.is_ok()
    }
    /// Tells the probe all that has happened up to `until`.
    pub(super) fn settle<P: Probe>(&mut self, until: SimTime, effects: &mut Effects, probe: &mut P) {
        self.gate.settle(until, effects);
        self.report(until, effects, probe);
    }
    fn report<P: Probe>(&self, now: SimTime, effects: &mut Effects, probe: &mut P) {
        for (at, signal, value) in effects.past.drain(..) {
            probe.record(self.component, self.extra(signal), at, value);
        }
        for (signal, value) in effects.signals.drain(..) {
            probe.record(self.component, self.extra(signal), now, value);
        }
    }
    /// Which of the further measures a signal is: those of verdicts come last.
    fn extra(&self, signal: Signal) -> u16 {
        if signal < OWN { self.signals.extra(signal) } else { self.signals.count + (signal - OWN) }
    }
}
