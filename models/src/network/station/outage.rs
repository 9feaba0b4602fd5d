//! What interventions do to a station: failures, recoveries, other rates and delays.
//!
//! A link that fails loses what waits, what is in service (with the service that it has had) and what propagates. Until it
//! recovers it loses what is sent over it. It begins again empty, its discipline as at the start of the run. With another
//! rate the packet in service keeps its end; with another delay those on their way keep theirs, and none overtakes them.

use sim_core::rng::Rng;
use sim_core::{Ctx, Probe, SimTime};

use super::{Queued, Serialisation, ServiceLaw, Shared};
use crate::network::discipline::{Discipline, LINK_DOWN};
use crate::network::model::Event;

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
    /// The link fails now.
    pub(in crate::network) fn fail<P: Probe>(&mut self, shared: &mut Shared, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        self.down = true;
        for slot in self.slots.clone() {
            let server = &mut shared.slots[slot as usize];
            if let Some((packet, served)) = server.interrupt(now) {
                ctx.probe().lose(self.place.component, now, packet.entered, served, LINK_DOWN);
                packet.lose(Some(self.place.component), now, LINK_DOWN, ctx.probe());
                self.idle.push(slot);
            }
        }
        let component = self.place.component;
        self.discipline.for_each(&mut |packet| {
            ctx.probe().lose(component, now, packet.entered, 0, LINK_DOWN);
            packet.lose(Some(self.place.component), now, LINK_DOWN, ctx.probe());
        });
        if let Some(spare) = &mut self.spare {
            self.discipline = spare.take_up(&*self.discipline);
        }
        self.wake = SimTime::NEVER;
        self.end_hold(now);
        for (_, _, packet) in self.lane.drain(..) {
            packet.lose(Some(self.place.component), now, LINK_DOWN, ctx.probe());
        }
    }
    /// The link works again.
    pub(in crate::network) fn recover(&mut self) {
        self.down = false;
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
