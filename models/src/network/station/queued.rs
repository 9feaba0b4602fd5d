//! A station with any discipline and any number of servers: an event at every end of service.

use std::collections::VecDeque;

use sim_core::{Ctx, Departure, Probe, SimTime, Ticket};

use super::holding::Holding;
use super::line::Line;
use super::{Outgoing, Placement, ServiceLaw, Spare};
use crate::network::discipline::{Discipline, Effects, LINK_DOWN, LINK_LOSS, MTU, Next, SignalMap};
use crate::network::model::Event;
use crate::network::packet::Packet;

/// A server, among those of all stations.
#[derive(Clone, Copy, Debug)]
pub(in crate::network) struct Slot {
    pub(in crate::network) station: u32,
    packet: Packet,
    started: u64,
    ends: u64,
    /// For how much of its wait the packet was held back.
    held_back: u64,
    busy: bool,
}

impl Slot {
    /// An idle server of station `station`.
    pub(in crate::network) fn idle(station: u32) -> Self {
        Self { station, packet: Packet::new(0, 0, SimTime::ZERO), started: 0, ends: 0, held_back: 0, busy: false }
    }
    /// Stops what is going on now: the packet and the service that it has had.
    pub(super) fn interrupt(&mut self, now: SimTime) -> Option<(Packet, u64)> {
        std::mem::take(&mut self.busy).then_some((self.packet, now.ticks() - self.started))
    }
}

/// What the stations of a network share.
#[derive(Debug, Default)]
pub(in crate::network) struct Shared {
    /// The servers of all stations.
    pub(in crate::network) slots: Vec<Slot>,
    /// Scratch for what disciplines and gates do besides.
    pub(in crate::network) effects: Effects,
}

#[derive(Debug)]
pub(in crate::network) struct Queued {
    pub(super) place: Placement,
    pub(super) law: ServiceLaw,
    pub(super) discipline: Box<dyn Discipline>,
    /// What is wrong with the link, if it is one and anything is.
    line: Option<Box<Line>>,
    /// As the discipline says; asked once.
    steps_aside: bool,
    /// When it was held back, if its discipline ever does that.
    holding: Option<Box<Holding>>,
    signals: SignalMap,
    /// Idle servers, by index among the slots of all stations.
    pub(super) idle: Vec<u32>,
    pub(super) slots: std::ops::Range<u32>,
    /// The next time that the discipline is to be asked again; [`SimTime::NEVER`] if it need not be.
    pub(super) wake: SimTime,
    /// Packets that propagate: when each arrives, and its place in the order of ties.
    pub(super) lane: VecDeque<(SimTime, Ticket, Packet)>,
    /// It has failed.
    pub(super) down: bool,
    /// Of those that change.
    pub(super) spare: Option<Spare>,
}

impl Queued {
    /// `slots` are this station's servers among those of all stations.
    pub(in crate::network) fn new(
        place: Placement,
        law: ServiceLaw,
        discipline: Box<dyn Discipline>,
        signals: SignalMap,
        slots: std::ops::Range<u32>,
    ) -> Self {
        let idle = slots.clone().rev().collect();
        let steps_aside = discipline.steps_aside();
        let holding = discipline.paced().then(Box::default);
        let (wake, lane) = (SimTime::NEVER, VecDeque::new());
        let (line, down, spare) = (None, false, None);
        Self { place, law, discipline, line, steps_aside, holding, signals, idle, slots, wake, lane, down, spare }
    }
    /// The same over a link that may refuse, lose or delay packets.
    pub(in crate::network) fn over(mut self, line: Option<Line>) -> Self {
        self.line = line.map(Box::new);
        self
    }
    /// The same with what it takes up after a failure, if it can fail.
    pub(in crate::network) fn with(mut self, spare: Option<Spare>) -> Self {
        self.spare = spare;
        self
    }

    /// A packet comes in now. `index` is this station's, for its events.
    pub(in crate::network) fn enter<P: Probe>(
        &mut self,
        packet: &Packet,
        index: u32,
        shared: &mut Shared,
        ctx: &mut Ctx<'_, Event, P>,
    ) {
        let now = ctx.now();
        let packet = Packet { entered: now, ..*packet };
        if self.down {
            ctx.probe().reject(self.place.component, now, LINK_DOWN);
            return packet.lose(Some(self.place.component), now, LINK_DOWN, ctx.probe());
        }
        if self.line.as_ref().is_some_and(|line| !line.takes(packet.bits)) {
            ctx.probe().reject(self.place.component, now, MTU);
            return packet.lose(Some(self.place.component), now, MTU, ctx.probe());
        }
        if self.steps_aside
            && let Some(slot) = self.idle.pop()
        {
            ctx.probe().enter(self.place.component, now);
            self.start(packet, 0, slot, &mut shared.slots, ctx);
            return;
        }
        match self.discipline.enqueue(packet, now, &mut shared.effects) {
            Ok(()) => ctx.probe().enter(self.place.component, now),
            Err(reason) => {
                ctx.probe().reject(self.place.component, now, reason);
                packet.lose(Some(self.place.component), now, reason, ctx.probe());
            }
        }
        self.report(&mut shared.effects, ctx);
        if !self.steps_aside {
            self.serve(index, shared, ctx);
        }
    }

    /// Tells the probe what the discipline did besides.
    #[inline]
    fn report<P: Probe>(&self, effects: &mut Effects, ctx: &mut Ctx<'_, Event, P>) {
        if effects.is_empty() {
            return;
        }
        let now = ctx.now();
        for (packet, reason) in effects.dropped.drain(..) {
            ctx.probe().lose(self.place.component, now, packet.entered, 0, reason);
            packet.lose(Some(self.place.component), now, reason, ctx.probe());
        }
        for (signal, value) in effects.signals.drain(..) {
            ctx.probe().record(self.place.component, self.signals.extra(signal), now, value);
        }
    }

    /// Gives idle servers what waits, as far as the discipline lets it go.
    fn serve<P: Probe>(&mut self, index: u32, shared: &mut Shared, ctx: &mut Ctx<'_, Event, P>) {
        while let Some(&slot) = self.idle.last() {
            let next = self.discipline.dequeue(ctx.now(), &mut shared.effects);
            self.report(&mut shared.effects, ctx);
            match next {
                Next::Packet(packet) => {
                    self.idle.pop();
                    let held_back = self.release(&packet, ctx.now());
                    self.start(packet, held_back, slot, &mut shared.slots, ctx);
                }
                Next::Empty => return self.end_hold(ctx.now()),
                Next::NotBefore(at) => return self.ask_again(at, index, ctx),
            }
        }
    }

    /// Nothing is held back any more.
    #[inline]
    pub(super) fn end_hold(&mut self, now: SimTime) {
        if let Some(holding) = &mut self.holding {
            holding.end(now);
        }
    }
    /// For how long `packet`, which may go now, was held back.
    #[inline]
    fn release(&mut self, packet: &Packet, now: SimTime) -> u64 {
        self.end_hold(now);
        let Some(holding) = &mut self.holding else { return 0 };
        let discipline = &self.discipline;
        holding.forget(|| {
            let mut oldest = now;
            discipline.for_each(&mut |p| oldest = oldest.min(p.entered));
            oldest.min(packet.entered)
        });
        holding.since(packet.entered)
    }

    fn ask_again<P: Probe>(&mut self, at: SimTime, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        if let Some(holding) = &mut self.holding {
            holding.begin(ctx.now());
        }
        if at < self.wake {
            // An entry for a later time stays in the queue: when it comes up it is not the one waited for.
            self.wake = at;
            let ticket = ctx.ticket();
            ctx.at(at, ticket, Event::wake(index));
        }
    }

    /// Tells the probe how far the token buckets have been used.
    pub(in crate::network) fn settle<P: Probe>(&self, probe: &mut P) {
        if self.holding.is_some() {
            let before = self.spare.as_ref().map_or(&[][..], Spare::used);
            let mut budget = 0;
            self.discipline.used(&mut |time| {
                probe.used(self.place.component, budget, time + before.get(budget).unwrap_or(&0));
                budget += 1;
            });
        }
    }
    /// The time that the discipline named has come.
    pub(in crate::network) fn wake<P: Probe>(&mut self, index: u32, shared: &mut Shared, ctx: &mut Ctx<'_, Event, P>) {
        if ctx.now() == self.wake {
            self.wake = SimTime::NEVER;
            self.serve(index, shared, ctx);
        }
    }

    #[inline]
    fn start<P: Probe>(
        &mut self,
        packet: Packet,
        held_back: u64,
        slot: u32,
        slots: &mut [Slot],
        ctx: &mut Ctx<'_, Event, P>,
    ) {
        let now = ctx.now();
        let ends = now.ticks().saturating_add(self.law.ticks(packet.bits, now.ticks()));
        let server = &mut slots[slot as usize];
        server.packet = packet;
        server.packet.waited += (now - packet.entered).ticks();
        (server.started, server.ends, server.held_back, server.busy) = (now.ticks(), ends, held_back, true);
        let ticket = ctx.ticket();
        ctx.at(SimTime::from_ticks(ends), ticket, Event::done(slot));
    }

    /// Server `slot` is done. The packet that goes on now, unless it propagates first.
    pub(in crate::network) fn done<P: Probe>(
        &mut self,
        slot: u32,
        index: u32,
        shared: &mut Shared,
        ctx: &mut Ctx<'_, Event, P>,
    ) -> Option<Outgoing> {
        let now = ctx.now();
        let server = &mut shared.slots[slot as usize];
        let Slot { packet, started, ends, held_back, busy, .. } = server;
        if !*busy || *ends != now.ticks() {
            // The end of a service that a failure has stopped.
            return None;
        }
        *busy = false;
        let (started, ends, held_back) = (*started, *ends, *held_back);
        let wait = started - packet.entered.ticks();
        let (service, size) = (ends - started, u64::from(packet.bits));
        if self.line.as_mut().is_some_and(|line| line.loses()) {
            ctx.probe().lose(self.place.component, now, packet.entered, service, LINK_LOSS);
            packet.lose(Some(self.place.component), now, LINK_LOSS, ctx.probe());
            self.idle.push(slot);
            self.serve(index, shared, ctx);
            return None;
        }
        let at = match &mut self.line {
            None => SimTime::from_ticks(now.ticks() + self.place.delay),
            Some(line) => line.arrival(packet.bits, now, self.place.delay),
        };
        // After a change of the delay nobody overtakes those before.
        let at = at.max(self.lane.back().map_or(SimTime::ZERO, |l| l.0));
        let propagation = (at - now).ticks();
        let (since, flow) = (packet.entered, packet.flow);
        let departure = Departure { at: now, since, wait, service, size, flow, held_back, propagation };
        ctx.probe().leave(self.place.component, departure);
        self.idle.push(slot);
        let at_once = at == now && self.lane.is_empty();
        if at_once && self.place.terminal {
            packet.deliver(at, ctx.probe());
            self.serve(index, shared, ctx);
            return None;
        }
        let packet = *packet;
        self.serve(index, shared, ctx);
        if at_once {
            return Some(Outgoing { packet, at });
        }
        let ticket = ctx.ticket();
        if self.lane.is_empty() {
            ctx.at(at, ticket, Event::arrival(index));
        }
        self.lane.push_back((at, ticket, packet));
        None
    }

    /// The head of the lane arrives at the next node.
    pub(in crate::network) fn arrive<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) -> Option<Outgoing> {
        let now = ctx.now();
        // Otherwise it is the arrival of one that was lost when the link failed.
        let (at, _, packet) = self.lane.pop_front_if(|head| head.0 == now)?;
        if let Some(&(at, ticket, _)) = self.lane.front() {
            ctx.at(at, ticket, Event::arrival(index));
        }
        Some(Outgoing { packet, at })
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
