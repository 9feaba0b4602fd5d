//! A link whose two ways share one transmitter: while it sends one way, the other way waits.
//!
//! Each way has a queue, a discipline and a component of its own. When the transmitter is free it sends of that way in which,
//! among those that wait, a packet came first: two first-in-first-out queues are served as one would be. If that way is held back
//! (by a shaper), the other goes. Packets that a discipline drops while they wait leave their turn to the next of their way.
//!
//! Both ways are made up for together, in the order of the times of either.
//!
//! Validated against: M/M/1 with the packets of both ways, each way's mean wait; regular packets by hand; the fluid.

use std::collections::VecDeque;

use sim_core::{Ctx, Probe, SimTime};

use super::{Outgoing, Queued};
use crate::network::discipline::Effects;
use crate::network::model::Event;
use crate::network::packet::Packet;

/// The two ways of a half-duplex link.
#[derive(Debug)]
pub(in crate::network) struct HalfDuplex {
    ways: [Queued; 2],
    /// The way of each packet that waits, in the order in which they came; perhaps some that do not wait any more.
    order: VecDeque<u8>,
}

impl HalfDuplex {
    pub(in crate::network) fn new(mut ways: [Queued; 2]) -> Self {
        for way in &mut ways {
            way.servers.withhold(true);
        }
        Self { ways, order: VecDeque::new() }
    }
    pub(in crate::network) fn ways(&self) -> &[Queued; 2] {
        &self.ways
    }

    /// A packet comes in now for `way`. `index` is the first way's, for its events.
    pub(in crate::network) fn enter<P: Probe>(
        &mut self,
        packet: &Packet,
        (index, way): (u32, usize),
        effects: &mut Effects,
        ctx: &mut Ctx<'_, Event, P>,
    ) {
        let now = ctx.now();
        self.catch_up(now.ticks() + 1, effects, ctx.probe());
        let may_go = !self.is_busy();
        let queue = &mut self.ways[way];
        let before = queue.discipline.len();
        queue.servers.withhold(!may_go);
        queue.admit(packet, now, effects, ctx.probe());
        queue.servers.withhold(true);
        if queue.discipline.len() > before {
            self.order.push_back(way as u8);
        }
        if may_go && self.is_busy() {
            self.ways[1 - way].end_hold(now);
        }
        self.expect(index, ctx);
    }

    /// The next packet of `way` arrives at the next node.
    pub(in crate::network) fn arrive<P: Probe>(
        &mut self,
        (index, way): (u32, usize),
        effects: &mut Effects,
        ctx: &mut Ctx<'_, Event, P>,
    ) -> Option<Outgoing> {
        let now = ctx.now();
        if !self.ways[way].is_due(now) {
            return None;
        }
        self.catch_up(now.ticks() + 1, effects, ctx.probe());
        let head = self.ways[way].lane.pop_front_if(|head| head.0 == now);
        self.expect(index, ctx);
        head.map(|(at, packet)| Outgoing { packet, at })
    }

    /// Changes one way, once all that happens before now has.
    pub(in crate::network) fn change<P: Probe>(
        &mut self,
        (index, way): (u32, usize),
        effects: &mut Effects,
        ctx: &mut Ctx<'_, Event, P>,
        change: impl FnOnce(&mut Queued, SimTime, &mut P),
    ) {
        let now = ctx.now();
        self.catch_up(now.ticks(), effects, ctx.probe());
        change(&mut self.ways[way], now, ctx.probe());
        self.expect(index, ctx);
    }

    /// Makes up for all that happens before `until` (exclusive).
    pub(in crate::network) fn catch_up<P: Probe>(&mut self, until: u64, effects: &mut Effects, probe: &mut P) {
        loop {
            let next = |way: usize| self.ways[way].servers.next_end().min(self.ways[way].wake.ticks());
            let way = usize::from(next(1) < next(0));
            let at = next(way);
            if at >= until {
                break;
            }
            let queue = &mut self.ways[way];
            if queue.servers.next_end() == at {
                queue.finish(effects, probe);
            } else {
                queue.wake = SimTime::NEVER;
            }
            self.serve(SimTime::from_ticks(at), effects, probe);
        }
        self.ways.iter_mut().for_each(|queue| queue.deliver_terminal(until, probe));
    }

    /// Whether it sends, one way or the other.
    fn is_busy(&self) -> bool {
        self.ways.iter().any(|queue| queue.servers.next_end() < u64::MAX)
    }

    /// Sends the next packet if nothing is being sent.
    fn serve<P: Probe>(&mut self, now: SimTime, effects: &mut Effects, probe: &mut P) {
        if self.is_busy() {
            return;
        }
        let waits = |way: &u8| !self.ways[usize::from(*way)].discipline.is_empty();
        while self.order.pop_front_if(|way| !waits(way)).is_some() {}
        let first = self.order.front().map_or(0, |way| usize::from(*way));
        for way in [first, 1 - first] {
            let queue = &mut self.ways[way];
            queue.servers.withhold(false);
            queue.serve(now, effects, probe);
            queue.servers.withhold(true);
            if self.is_busy() {
                if let Some(place) = self.order.iter().position(|w| usize::from(*w) == way) {
                    self.order.remove(place);
                }
                return self.ways[1 - way].end_hold(now);
            }
        }
    }

    /// Sees to it that there is an event when a packet of either way may be at the next node.
    fn expect<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        for way in 0..2 {
            let waits = !self.ways[way].discipline.is_empty();
            // What waits for the other way can go no sooner than that ends.
            let free = if waits { self.ways[1 - way].servers.next_end() } else { u64::MAX };
            self.ways[way].expect_by(SimTime::from_ticks(free), index + way as u32, ctx);
        }
    }

    /// Tells the probe all that has happened up to `at`.
    pub(in crate::network) fn settle<P: Probe>(&mut self, at: SimTime, effects: &mut Effects, probe: &mut P) {
        self.catch_up(at.ticks(), effects, probe);
        self.ways.iter().for_each(|queue| queue.tell_used(probe));
    }
}
