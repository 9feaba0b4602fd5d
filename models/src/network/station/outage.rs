//! What interventions, and failures at random, do to a station: it fails, recovers, has another rate or delay.
//!
//! A link that fails loses what waits, what is in service (with the service that it has had) and what propagates. Until it
//! recovers it loses what is sent over it. It begins again empty, its discipline as at the start of the run. With another
//! rate the packet in service keeps its end; with another delay those on their way keep theirs, and none overtakes them.

use sim_core::rng::Rng;
use sim_core::{Probe, SimTime};

use super::{Queued, Serialisation, ServiceLaw};
use crate::network::discipline::{AVAILABILITY, Discipline, FAILURES, LINK_DOWN};
use crate::network::packet::Packet;

/// What a station takes up after a failure.
#[derive(Debug)]
pub(in crate::network) struct Spare {
    /// As it is before the start of a run.
    discipline: Box<dyn Discipline>,
    /// Seeds for what disciplines draw after a failure.
    seeds: Rng,
    /// How far the token buckets of those before were used.
    used: Vec<u64>,
}

impl Spare {
    pub(in crate::network) fn new(discipline: Box<dyn Discipline>, seeds: Rng) -> Self {
        Self { discipline, seeds, used: Vec::new() }
    }
    pub(super) fn used(&self) -> &[u64] {
        &self.used
    }
    fn take_up(&mut self, failed: &dyn Discipline) -> Box<dyn Discipline> {
        let mut budget = 0;
        failed.used(&mut |time| {
            self.used.resize(self.used.len().max(budget + 1), 0);
            self.used[budget] += time;
            budget += 1;
        });
        let mut discipline = self.discipline.boxed_clone();
        discipline.start(Rng::seed_from_u64(self.seeds.bits()));
        discipline
    }
}

impl Queued {
    /// The link fails now; it has caught up.
    pub(in crate::network) fn fail<P: Probe>(&mut self, now: SimTime, probe: &mut P) {
        self.down += 1;
        if self.down > 1 {
            return;
        }
        let component = self.place.component;
        probe.record(component, self.signals.extra(FAILURES), now, 1);
        probe.record(component, self.signals.extra(AVAILABILITY), now, 0);
        let mut lose = |packet: &Packet, served| {
            probe.lose(component, now, packet.entered, served, LINK_DOWN);
            packet.lose(Some(component), now, LINK_DOWN, probe);
        };
        for stopped in self.servers.interrupt() {
            lose(&stopped.packet, now.ticks() - stopped.started);
        }
        self.discipline.for_each(&mut |packet| lose(packet, 0));
        if let Some(spare) = &mut self.spare {
            self.discipline = spare.take_up(&*self.discipline);
        }
        self.wake = SimTime::NEVER;
        self.end_hold(now);
        for (_, packet) in self.lane.drain(..) {
            packet.lose(Some(component), now, LINK_DOWN, probe);
        }
    }
    /// What had it down has it no more; the link works again if nothing else has.
    pub(in crate::network) fn recover<P: Probe>(&mut self, now: SimTime, probe: &mut P) {
        self.down -= 1;
        if self.down == 0 {
            probe.record(self.place.component, self.signals.extra(AVAILABILITY), now, 1);
        }
    }
    /// At time zero: a link that can fail is up.
    pub(in crate::network) fn tell_up<P: Probe>(&self, probe: &mut P) {
        if self.signals.has(AVAILABILITY) {
            probe.record(self.place.component, self.signals.extra(AVAILABILITY), SimTime::ZERO, 1);
        }
    }
    /// What is served from now on is served at this rate.
    pub(in crate::network) fn set_rate(&mut self, rate: Serialisation) {
        match &mut self.law {
            ServiceLaw::Framed(old, _) => *old = rate,
            ServiceLaw::Varying(law) => law.rate = rate,
            law => *law = ServiceLaw::Rate(rate),
        }
    }
    /// What is sent from now on propagates for this long.
    pub(in crate::network) fn set_delay(&mut self, ticks: u64) {
        self.place.delay = ticks;
    }
}
