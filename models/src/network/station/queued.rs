//! A station with any discipline and any number of servers.
//!
//! Others do not see when a service ends, only when its packet is at the next node. So the station has one event, for the
//! packet that gets there next, and makes up for what lies before it when that event or the next packet comes: ends of
//! service and looks at a shaper's tokens, in the order of their times, each at its own time. Behind a station after which
//! every packet has arrived where it goes there is no event at all.
//!
//! A server that becomes free at an instant is free for what comes in at that instant, as in a [`Fused`](super::Fused)
//! station.

use std::collections::VecDeque;

use sim_core::{Ctx, Departure, Probe, SimTime};

use super::holding::Holding;
use super::line::Line;
use super::servers::{Served, Servers};
use super::{Outgoing, Placement, ServiceLaw, Spare};
use crate::network::discipline::{Discipline, Effects, LINK_DOWN, LINK_LOSS, MTU, Next, SignalMap};
use crate::network::model::Event;
use crate::network::packet::Packet;

#[derive(Debug)]
pub(in crate::network) struct Queued {
    pub(super) place: Placement,
    pub(super) law: ServiceLaw,
    pub(super) discipline: Box<dyn Discipline>,
    pub(super) servers: Servers,
    /// What is wrong with the link, if it is one and anything is.
    line: Option<Box<Line>>,
    /// As the discipline says; asked once.
    steps_aside: bool,
    /// When it was held back, if its discipline ever does that.
    holding: Option<Box<Holding>>,
    pub(super) signals: SignalMap,
    /// The next time that the discipline is to be asked again; [`SimTime::NEVER`] if it need not be.
    pub(super) wake: SimTime,
    /// Packets that propagate, and when each arrives.
    pub(super) lane: VecDeque<(SimTime, Packet)>,
    /// The time of the event that is pending; [`SimTime::NEVER`] if none is.
    due: SimTime,
    /// How many things have it down: an intervention, and its own failures.
    pub(super) down: u8,
    /// Of those that change.
    pub(super) spare: Option<Spare>,
}

impl Queued {
    pub(in crate::network) fn new(
        place: Placement,
        law: ServiceLaw,
        discipline: Box<dyn Discipline>,
        signals: SignalMap,
        servers: u32,
    ) -> Self {
        let steps_aside = discipline.steps_aside();
        let holding = discipline.paced().then(Box::default);
        Self {
            place,
            law,
            discipline,
            servers: Servers::new(servers),
            line: None,
            steps_aside,
            holding,
            signals,
            wake: SimTime::NEVER,
            lane: VecDeque::new(),
            due: SimTime::NEVER,
            down: 0,
            spare: None,
        }
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

    /// A packet comes in now, as its `entered` says. `index` is this station's, for its events.
    pub(in crate::network) fn enter<P: Probe>(
        &mut self,
        packet: &Packet,
        index: u32,
        effects: &mut Effects,
        ctx: &mut Ctx<'_, Event, P>,
    ) {
        let now = ctx.now();
        self.catch_up(now.ticks() + 1, effects, ctx.probe());
        self.admit(packet, now, effects, ctx.probe());
        self.expect(index, ctx);
    }

    /// The next packet arrives at the next node.
    pub(in crate::network) fn arrive<P: Probe>(
        &mut self,
        index: u32,
        effects: &mut Effects,
        ctx: &mut Ctx<'_, Event, P>,
    ) -> Option<Outgoing> {
        let now = ctx.now();
        if !self.is_due(now) {
            return None;
        }
        self.catch_up(now.ticks() + 1, effects, ctx.probe());
        let head = self.lane.pop_front_if(|head| head.0 == now);
        self.expect(index, ctx);
        head.map(|(at, packet)| Outgoing { packet, at })
    }

    /// Whether the event that comes now is the one that is waited for; then it is that no more.
    #[inline]
    pub(super) fn is_due(&mut self, now: SimTime) -> bool {
        // If not, something was found to come earlier, or was lost when the link failed.
        let is_due = now == self.due;
        if is_due {
            self.due = SimTime::NEVER;
        }
        is_due
    }

    /// Sees to it that there is an event when a packet may be at the next node.
    #[inline]
    pub(in crate::network) fn expect<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        self.expect_by(SimTime::NEVER, index, ctx);
    }
    /// The same, and no later than `at` if nothing is on its way there.
    #[inline]
    pub(super) fn expect_by<P: Probe>(&mut self, at: SimTime, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        if self.place.terminal {
            return;
        }
        let next = match self.lane.front() {
            Some(head) => head.0,
            None => {
                SimTime::from_ticks(self.servers.next_end().saturating_add(self.place.delay)).min(self.wake).min(at)
            }
        };
        if next < self.due {
            // An entry for a later time stays in the queue: when it comes up it is not the one waited for.
            self.due = next;
            let ticket = ctx.ticket();
            ctx.at(next, ticket, Event::arrival(index));
        }
    }

    /// Makes up for all that happens before `until` (exclusive).
    #[inline]
    pub(in crate::network) fn catch_up<P: Probe>(&mut self, until: u64, effects: &mut Effects, probe: &mut P) {
        loop {
            let (end, wake) = (self.servers.next_end(), self.wake.ticks());
            if end.min(wake) >= until {
                break;
            }
            if end <= wake {
                self.finish(effects, probe);
            } else {
                self.wake = SimTime::NEVER;
                self.serve(SimTime::from_ticks(wake), effects, probe);
            }
        }
        self.deliver_terminal(until, probe);
    }

    /// Tells the probe of every arrival before `until` if nobody else does.
    #[inline]
    pub(super) fn deliver_terminal<P: Probe>(&mut self, until: u64, probe: &mut P) {
        if self.place.terminal && !self.lane.is_empty() {
            self.deliver(until, probe);
        }
    }

    /// Tells the probe of every arrival before `until`.
    fn deliver<P: Probe>(&mut self, until: u64, probe: &mut P) {
        while let Some((at, packet)) = self.lane.pop_front_if(|head| head.0.ticks() < until) {
            packet.deliver(at, probe);
        }
    }

    #[inline]
    pub(super) fn admit<P: Probe>(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects, probe: &mut P) {
        let refused = if self.down > 0 {
            Err(LINK_DOWN)
        } else if self.line.as_ref().is_some_and(|line| !line.takes(packet.bits)) {
            Err(MTU)
        } else if self.steps_aside && self.servers.any_idle() {
            probe.enter(self.place.component, now);
            return self.start(packet, now, 0);
        } else {
            self.discipline.enqueue(packet, now, effects)
        };
        match refused {
            Ok(()) => probe.enter(self.place.component, now),
            Err(reason) => {
                probe.reject(self.place.component, now, reason);
                packet.lose(Some(self.place.component), now, reason, probe);
            }
        }
        self.report(now, effects, probe);
        if !self.steps_aside {
            self.serve(now, effects, probe);
        }
    }

    /// Tells the probe what the discipline did besides.
    #[inline]
    fn report<P: Probe>(&self, now: SimTime, effects: &mut Effects, probe: &mut P) {
        if !effects.is_empty() {
            self.report_all(now, effects, probe);
        }
    }
    #[inline(never)]
    fn report_all<P: Probe>(&self, now: SimTime, effects: &mut Effects, probe: &mut P) {
        for (packet, reason) in effects.dropped.drain(..) {
            probe.lose(self.place.component, now, packet.entered, 0, reason);
            packet.lose(Some(self.place.component), now, reason, probe);
        }
        for (signal, value) in effects.signals.drain(..) {
            probe.record(self.place.component, self.signals.extra(signal), now, value);
        }
    }

    /// Gives idle servers what waits, as far as the discipline lets it go.
    #[inline]
    pub(super) fn serve<P: Probe>(&mut self, now: SimTime, effects: &mut Effects, probe: &mut P) {
        while self.servers.any_idle() {
            let next = self.discipline.dequeue(now, effects);
            self.report(now, effects, probe);
            match next {
                Next::Packet(packet) => {
                    let held_back = self.release(&packet, now);
                    self.start(&packet, now, held_back);
                }
                Next::Empty => return self.end_hold(now),
                Next::NotBefore(at) => {
                    if let Some(holding) = &mut self.holding {
                        holding.begin(now);
                    }
                    self.wake = self.wake.min(at);
                    return;
                }
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
        let Some(holding) = &mut self.holding else { return 0 };
        holding.end(now);
        let discipline = &self.discipline;
        holding.forget(|| {
            let mut oldest = now;
            discipline.for_each(&mut |p| oldest = oldest.min(p.entered));
            oldest.min(packet.entered)
        });
        holding.since(packet.entered)
    }

    #[inline]
    fn start(&mut self, packet: &Packet, now: SimTime, held_back: u64) {
        let ends = now.ticks().saturating_add(self.law.ticks(packet.bits, now.ticks()));
        self.servers.start(packet, now, ends, held_back);
    }

    /// The next end of service.
    #[inline]
    pub(super) fn finish<P: Probe>(&mut self, effects: &mut Effects, probe: &mut P) {
        let served = self.servers.finish();
        let Served { ref packet, started, ends, held_back } = *served;
        let now = SimTime::from_ticks(ends);
        let (since, flow, size) = (packet.entered, packet.flow, u64::from(packet.bits));
        let (wait, service) = (started - since.ticks(), ends - started);
        if self.line.as_mut().is_some_and(|line| line.loses()) {
            probe.lose(self.place.component, now, since, service, LINK_LOSS);
            packet.lose(Some(self.place.component), now, LINK_LOSS, probe);
            return self.serve(now, effects, probe);
        }
        let at = match &mut self.line {
            None => SimTime::from_ticks(ends + self.place.delay),
            Some(line) => line.arrival(packet.bits, now, self.place.delay),
        };
        // After a change of the delay nobody overtakes those before.
        let at = at.max(self.lane.back().map_or(SimTime::ZERO, |l| l.0));
        let propagation = (at - now).ticks();
        let departure = Departure { at: now, since, wait, service, size, flow, held_back, propagation };
        probe.leave(self.place.component, departure);
        if self.place.terminal && at == now && self.lane.is_empty() {
            packet.deliver(at, probe);
        } else {
            self.lane.push_back((at, *packet));
        }
        self.serve(now, effects, probe);
    }

    /// Tells the probe how far the token buckets have been used.
    pub(in crate::network) fn tell_used<P: Probe>(&self, probe: &mut P) {
        if self.holding.is_some() {
            let before = self.spare.as_ref().map_or(&[][..], Spare::used);
            let mut budget = 0;
            self.discipline.used(&mut |time| {
                probe.used(self.place.component, budget, time + before.get(budget).unwrap_or(&0));
                budget += 1;
            });
        }
    }

    /// Shows the probe every packet held at `at`.
    pub(in crate::network) fn census<P: Probe>(&self, at: SimTime, probe: &mut P) {
        self.discipline.for_each(&mut |p| {
            probe.hold(self.place.component, at, p.entered, 0);
            probe.hold(p.flow, at, p.born, 0);
        });
        for Served { packet, started, .. } in self.servers.busy() {
            probe.hold(self.place.component, at, packet.entered, at.ticks() - started);
            probe.hold(packet.flow, at, packet.born, 0);
        }
        for (_, p) in &self.lane {
            probe.hold(p.flow, at, p.born, 0);
        }
    }
}
