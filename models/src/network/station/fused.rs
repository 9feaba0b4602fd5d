//! A first-in-first-out station with one server, without an event for the end of service.
//!
//! On arrival, start = max(now, end of the last service) and end = start + service are known (Lindley's recursion), and
//! with a constant propagation delay so is the arrival at the next node. The packets wait, are served and propagate in
//! one lane; only the head of the lane is in the event queue. Each packet draws its place in the order of ties when it
//! comes in, so that a lane gives the same run as single events.

use sim_core::{Ctx, Departure, Probe, SimTime, Ticket};

use super::lane::Lane;
use super::{Outgoing, Placement, ServiceLaw};
use crate::network::discipline::{Limit, TAIL_DROP};
use crate::network::model::Event;
use crate::network::packet::Packet;

#[derive(Clone, Copy, Debug)]
struct Travelling {
    packet: Packet,
    /// End of service.
    leaves: u64,
    ticket: Ticket,
}

#[derive(Debug)]
pub(in crate::network) struct Fused {
    place: Placement,
    law: ServiceLaw,
    limit: Limit,
    lane: Lane<Travelling>,
    /// The first of these many in the lane have been served and only propagate.
    served: u32,
    /// The end of the last of their services.
    before: u64,
    /// The end of the last service in the lane.
    free: u64,
    /// Bits that wait or are in service.
    bits: u64,
}

impl Fused {
    pub(in crate::network) fn new(place: Placement, law: ServiceLaw, limit: Limit) -> Self {
        let any = Travelling { packet: Packet::new(0, 0, SimTime::ZERO), leaves: 0, ticket: Ticket::default() };
        Self { place, law, limit, lane: Lane::new(any), served: 0, before: 0, free: 0, bits: 0 }
    }

    /// A packet comes in now. `index` is this station's, for its events.
    #[inline]
    pub(in crate::network) fn enter<P: Probe>(&mut self, packet: &Packet, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        self.catch_up(now.ticks() + 1, ctx.probe());
        if self.is_full(packet.bits) {
            ctx.probe().reject(self.place.component, now, TAIL_DROP);
            packet.lose(Some(self.place.component), now, TAIL_DROP, ctx.probe());
            return;
        }
        ctx.probe().enter(self.place.component, now);
        let start = self.free.max(now.ticks());
        self.free = start.saturating_add(self.law.ticks(packet.bits, start));
        self.bits += u64::from(packet.bits);
        let ticket = ctx.ticket();
        if self.lane.is_empty() && !self.place.terminal {
            ctx.at(SimTime::from_ticks(self.free.saturating_add(self.place.delay)), ticket, Event::arrival(index));
        }
        let packet = Packet { entered: now, waited: packet.waited + (start - now.ticks()), ..*packet };
        self.lane.push(Travelling { packet, leaves: self.free, ticket });
    }

    #[inline]
    fn is_full(&self, bits: u32) -> bool {
        // The packet in service does not count.
        let Some(in_service) = self.lane.get(self.served) else { return false };
        let waiting = self.lane.len() - self.served - 1;
        !self.limit.admits(bits, u64::from(waiting), self.bits - u64::from(in_service.packet.bits))
    }

    /// The head of the lane arrives at the next node.
    #[inline]
    pub(in crate::network) fn arrive<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) -> Outgoing {
        let now = ctx.now();
        if self.served == 0 {
            self.serve(ctx.probe());
        }
        self.served -= 1;
        let head = self.lane.pop().expect("an arrival has a packet");
        if let Some(next) = self.lane.get(0) {
            let at = SimTime::from_ticks(next.leaves.saturating_add(self.place.delay));
            ctx.at(at, next.ticket, Event::arrival(index));
        }
        Outgoing { packet: head.packet, at: now }
    }

    /// Tells the probe of the next end of service.
    #[inline(never)]
    fn serve<P: Probe>(&mut self, probe: &mut P) {
        let Some(&Travelling { packet, leaves, .. }) = self.lane.get(self.served) else { return };
        let start = self.before.max(packet.entered.ticks());
        (self.before, self.served) = (leaves, self.served + 1);
        self.bits -= u64::from(packet.bits);
        let departure = Departure {
            at: SimTime::from_ticks(leaves),
            since: packet.entered,
            wait: start - packet.entered.ticks(),
            service: leaves - start,
            size: u64::from(packet.bits),
            flow: packet.flow,
            held_back: 0,
            propagation: self.place.delay,
        };
        probe.leave(self.place.component, departure);
    }

    /// Tells the probe of every end of service before `until` (exclusive), and, if packets end here, of their arrival.
    #[expect(clippy::inline_always, reason = "mostly there is one service to tell of, in a call of its own")]
    #[inline(always)]
    pub(in crate::network) fn catch_up<P: Probe>(&mut self, until: u64, probe: &mut P) {
        while self.lane.get(self.served).is_some_and(|t| t.leaves < until) {
            self.serve(probe);
        }
        if self.place.terminal {
            self.deliver(until, probe);
        }
    }

    /// Tells the probe of every arrival before `until`.
    #[inline(never)]
    fn deliver<P: Probe>(&mut self, until: u64, probe: &mut P) {
        while self.served > 0
            && let Some(head) = self.lane.get(0)
            && let at = head.leaves.saturating_add(self.place.delay)
            && at < until
        {
            head.packet.deliver(SimTime::from_ticks(at), probe);
            self.lane.pop();
            self.served -= 1;
        }
    }

    /// Shows the probe every packet held at `at`.
    pub(in crate::network) fn census<P: Probe>(&self, at: SimTime, probe: &mut P) {
        let mut before = self.before;
        for (i, t) in (0u32..).zip(self.lane.iter()) {
            probe.hold(t.packet.flow, at, t.packet.born, 0);
            if i >= self.served {
                let start = before.max(t.packet.entered.ticks());
                before = t.leaves;
                probe.hold(self.place.component, at, t.packet.entered, at.ticks().saturating_sub(start));
            }
        }
    }
}
