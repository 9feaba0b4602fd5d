//! A station with any discipline and any number of servers: one event at every end of service.

use std::collections::VecDeque;

use sim_core::{Ctx, Departure, Probe, SimTime, Ticket};

use super::{Outgoing, Placement, ServiceLaw};
use crate::network::discipline::{Discipline, Reason};
use crate::network::model::Event;
use crate::network::packet::Packet;

/// A server and the packet in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::network) struct Slot {
    /// The station that it belongs to.
    pub(in crate::network) station: u32,
    packet: Packet,
    started: u64,
    ends: u64,
    busy: bool,
}

impl Slot {
    /// An idle server of station `station`.
    pub(in crate::network) fn idle(station: u32) -> Self {
        let packet =
            Packet { born: SimTime::ZERO, entered: SimTime::ZERO, waited: 0, bits: 0, flow: 0, target: 0, class: 0 };
        Self { station, packet, started: 0, ends: 0, busy: false }
    }
}

#[derive(Debug)]
pub(in crate::network) struct Queued {
    place: Placement,
    law: ServiceLaw,
    discipline: Box<dyn Discipline>,
    /// Idle servers, by index among the slots of all stations.
    idle: Vec<u32>,
    slots: std::ops::Range<u32>,
    /// Packets that propagate: when each arrives, and its place in the order of ties.
    lane: VecDeque<(SimTime, Ticket, Packet)>,
    /// Scratch for packets that the discipline drops.
    dropped: Vec<(Packet, Reason)>,
}

impl Queued {
    /// `slots` are this station's servers among those of all stations.
    pub(in crate::network) fn new(
        place: Placement,
        law: ServiceLaw,
        discipline: Box<dyn Discipline>,
        slots: std::ops::Range<u32>,
    ) -> Self {
        let idle = slots.clone().rev().collect();
        Self { place, law, discipline, idle, slots, lane: VecDeque::new(), dropped: Vec::new() }
    }

    /// A packet comes in now.
    pub(in crate::network) fn enter<P: Probe>(
        &mut self,
        mut packet: Packet,
        slots: &mut [Slot],
        ctx: &mut Ctx<'_, Event, P>,
    ) {
        let now = ctx.now();
        packet.entered = now;
        if let Some(slot) = self.idle.pop() {
            ctx.probe().enter(self.place.component, now);
            self.start(packet, slot, slots, ctx);
            return;
        }
        let taken = self.discipline.enqueue(packet, now, &mut self.dropped);
        match taken {
            Ok(()) => ctx.probe().enter(self.place.component, now),
            Err(reason) => {
                ctx.probe().reject(self.place.component, now, reason);
                ctx.probe().lose(packet.flow, now, packet.born, reason);
            }
        }
        self.report_dropped(ctx);
    }

    fn report_dropped<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        for (packet, reason) in self.dropped.drain(..) {
            ctx.probe().lose(self.place.component, now, packet.entered, reason);
            ctx.probe().lose(packet.flow, now, packet.born, reason);
        }
    }

    #[inline]
    fn start<P: Probe>(&mut self, mut packet: Packet, slot: u32, slots: &mut [Slot], ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        packet.waited += (now - packet.entered).ticks();
        let ends = now.ticks().saturating_add(self.law.ticks(packet.bits));
        slots[slot as usize] = Slot { packet, started: now.ticks(), ends, busy: true, ..slots[slot as usize] };
        let ticket = ctx.ticket();
        ctx.at(SimTime::from_ticks(ends), ticket, Event::done(slot));
    }

    /// Server `slot` is done. The packet that goes on now, unless it propagates first.
    pub(in crate::network) fn done<P: Probe>(
        &mut self,
        slot: u32,
        index: u32,
        slots: &mut [Slot],
        ctx: &mut Ctx<'_, Event, P>,
    ) -> Option<Outgoing> {
        let now = ctx.now();
        let Slot { packet, started, ends, .. } = slots[slot as usize];
        slots[slot as usize].busy = false;
        let wait = started - packet.entered.ticks();
        let (service, size) = (ends - started, u64::from(packet.bits));
        let departure = Departure { at: now, since: packet.entered, wait, service, size };
        ctx.probe().leave(self.place.component, departure);
        let next = self.discipline.dequeue(now, &mut self.dropped);
        self.report_dropped(ctx);
        match next {
            Some(next) => self.start(next, slot, slots, ctx),
            None => self.idle.push(slot),
        }
        if self.place.delay == 0 {
            return Some(Outgoing { packet, at: now });
        }
        let at = SimTime::from_ticks(now.ticks() + self.place.delay);
        let ticket = ctx.ticket();
        if self.lane.is_empty() {
            ctx.at(at, ticket, Event::arrival(index));
        }
        self.lane.push_back((at, ticket, packet));
        None
    }

    /// The head of the lane arrives at the next node.
    pub(in crate::network) fn arrive<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) -> Outgoing {
        let (at, _, packet) = self.lane.pop_front().expect("an arrival has a packet");
        if let Some(&(at, ticket, _)) = self.lane.front() {
            ctx.at(at, ticket, Event::arrival(index));
        }
        Outgoing { packet, at }
    }

    /// Shows the probe every packet held at `at`.
    pub(in crate::network) fn census<P: Probe>(&self, at: SimTime, slots: &[Slot], probe: &mut P) {
        self.discipline.for_each(&mut |p| {
            probe.hold(self.place.component, at, p.entered, 0);
            probe.hold(p.flow, at, p.born, 0);
        });
        for slot in slots[self.slots.start as usize..self.slots.end as usize].iter().filter(|s| s.busy) {
            probe.hold(self.place.component, at, slot.packet.entered, at.ticks() - slot.started);
            probe.hold(slot.packet.flow, at, slot.packet.born, 0);
        }
        for (_, _, p) in &self.lane {
            probe.hold(p.flow, at, p.born, 0);
        }
    }
}
