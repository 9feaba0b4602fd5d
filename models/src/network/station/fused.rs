//! A first-in-first-out station with one server, without an event for the end of service.
//!
//! On arrival, start = max(now, end of the last service) and end = start + service are known (Lindley's recursion), and
//! with a constant propagation delay so is the arrival at the next node. The packets wait, are served and propagate in
//! one lane; only the head of the lane is in the event queue. Each packet draws its place in the order of ties when it
//! comes in, so that a lane gives the same run as single events.

use std::collections::VecDeque;

use sim_core::{Ctx, Departure, Probe, SimTime, Ticket};

use super::{Outgoing, Placement, ServiceLaw};
use crate::network::discipline::{Limit, TAIL_DROP};
use crate::network::model::Event;
use crate::network::packet::Packet;

#[derive(Clone, Copy, Debug)]
struct Travelling {
    packet: Packet,
    /// End of service.
    leaves: u64,
    service: u64,
    ticket: Ticket,
}

#[derive(Debug)]
pub(in crate::network) struct Fused {
    place: Placement,
    law: ServiceLaw,
    limit: Limit,
    /// The end of the last service.
    free: u64,
    lane: VecDeque<Travelling>,
    /// The first of these many in the lane have been served and only propagate.
    served: usize,
    /// Bits that wait or are in service.
    bits: u64,
}

impl Fused {
    pub(in crate::network) fn new(place: Placement, law: ServiceLaw, limit: Limit) -> Self {
        Self { place, law, limit, free: 0, lane: VecDeque::new(), served: 0, bits: 0 }
    }

    /// A packet comes in now. `index` is this station's, for its events.
    #[inline]
    pub(in crate::network) fn enter<P: Probe>(&mut self, mut packet: Packet, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        self.catch_up(now.ticks() + 1, ctx.probe());
        if self.is_full(packet.bits) {
            ctx.probe().reject(self.place.component, now, TAIL_DROP);
            packet.lose(Some(self.place.component), now, TAIL_DROP, ctx.probe());
            return;
        }
        let start = self.free.max(now.ticks());
        let service = self.law.ticks(packet.bits, start);
        self.free = start.saturating_add(service);
        packet.entered = now;
        packet.waited += start - now.ticks();
        ctx.probe().enter(self.place.component, now);
        self.bits += u64::from(packet.bits);
        let ticket = ctx.ticket();
        if self.lane.is_empty() && !self.place.terminal {
            ctx.at(SimTime::from_ticks(self.free.saturating_add(self.place.delay)), ticket, Event::arrival(index));
        }
        self.lane.push_back(Travelling { packet, leaves: self.free, service, ticket });
    }

    #[inline]
    fn is_full(&self, bits: u32) -> bool {
        // The packet in service does not count.
        let waiting = (self.lane.len() - self.served) as u64;
        let Some(in_service) = self.lane.get(self.served) else { return false };
        !self.limit.admits(bits, waiting - 1, self.bits - u64::from(in_service.packet.bits))
    }

    /// The head of the lane arrives at the next node.
    #[inline]
    pub(in crate::network) fn arrive<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) -> Outgoing {
        let now = ctx.now();
        if self.served == 0 {
            self.serve(ctx.probe());
        }
        self.served -= 1;
        let head = self.lane.pop_front().expect("an arrival has a packet");
        if let Some(next) = self.lane.front() {
            ctx.at(
                SimTime::from_ticks(next.leaves.saturating_add(self.place.delay)),
                next.ticket,
                Event::arrival(index),
            );
        }
        Outgoing { packet: head.packet, at: now }
    }

    /// Tells the probe of the next end of service.
    #[inline]
    fn serve<P: Probe>(&mut self, probe: &mut P) {
        let t = &self.lane[self.served];
        self.served += 1;
        self.bits -= u64::from(t.packet.bits);
        let at = SimTime::from_ticks(t.leaves);
        let wait = t.leaves - t.service - t.packet.entered.ticks();
        let size = u64::from(t.packet.bits);
        let departure = Departure {
            at,
            since: t.packet.entered,
            wait,
            service: t.service,
            size,
            flow: t.packet.flow,
            held_back: 0,
            propagation: self.place.delay,
        };
        probe.leave(self.place.component, departure);
    }

    /// Tells the probe of every end of service before `until` (exclusive), and, if packets end here, of their arrival.
    #[inline]
    pub(in crate::network) fn catch_up<P: Probe>(&mut self, until: u64, probe: &mut P) {
        while self.lane.get(self.served).is_some_and(|t| t.leaves < until) {
            self.serve(probe);
        }
        if self.place.terminal {
            while self.served > 0 && self.lane[0].leaves.saturating_add(self.place.delay) < until {
                self.served -= 1;
                let t = self.lane.pop_front().expect("served packets are in the lane");
                t.packet.deliver(SimTime::from_ticks(t.leaves + self.place.delay), probe);
            }
        }
    }

    /// Shows the probe every packet held at `at`.
    pub(in crate::network) fn census<P: Probe>(&self, at: SimTime, probe: &mut P) {
        for (i, t) in self.lane.iter().enumerate() {
            probe.hold(t.packet.flow, at, t.packet.born, 0);
            if i >= self.served {
                let served = at.ticks().saturating_sub(t.leaves - t.service);
                probe.hold(self.place.component, at, t.packet.entered, served);
            }
        }
    }
}
