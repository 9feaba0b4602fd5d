//! The fluid network in motion: transfers begin and end, rates are max-min fair in between.

use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::{Ctx, Departure, Model, Priority, Probe, SimDuration, SimTime, TICKS_PER_SECOND, TimerSlot};

use super::Turn;
use super::bundle::Bundle;
use super::max_min::{Demand, MaxMin};
use crate::network::traffic::Streams;
use crate::network::transport::{Application, Opening};

/// What happens in a fluid network.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// Client `.0` opens a connection.
    Open(u32),
    /// A pause between two transfers of a connection is over: the entry of the slab of pauses.
    Again(u32),
    /// The first bit of the next transfer of client `.0` has reached the other end.
    Begin(u32),
    /// A transfer ends.
    End,
    /// The next turn is due.
    Turn,
}

/// Extra measures of a flow.
pub(super) const GOODPUT: u8 = 0;
pub(super) const SLOWDOWN: u8 = 1;
/// Extra measures of a link; only one with a rate has the second.
pub(super) const BIT_RATE: u8 = 0;
pub(super) const UTILIZATION: u8 = 1;
/// Slowdowns are recorded in millionths.
pub(super) const MILLIONTH: f64 = 1e-6;
/// Utilizations in billionths.
pub(super) const BILLIONTH: f64 = 1e-9;

/// A transfer between its opening and the arrival of its first bit.
#[derive(Clone, Copy, Debug)]
struct Coming {
    at: SimTime,
    since: SimTime,
    bytes: u64,
    bits: f64,
}

/// Traffic over connections.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) application: Box<dyn Application>,
    pub(super) streams: Streams,
    /// Propagation along its path, in ticks.
    pub(super) delay: u64,
    /// What a byte of payload is on the wire, in bits: headers included.
    pub(super) wire: f64,
    /// What a transfer that is alone has on its path, in bit/s.
    pub(super) capacity: f64,
    pub(super) start: SimDuration,
    /// No connection is opened from here on.
    pub(super) stop: SimTime,
    /// Payload of the connection that opens next; `None` never ends.
    pub(super) next: Option<u64>,
    pub(super) bundle: Bundle,
    coming: VecDeque<Coming>,
    /// Payload sent, in bits.
    sent: Meter,
}

impl Client {
    pub(super) fn new(
        application: Box<dyn Application>,
        streams: Streams,
        wire: f64,
        start: SimDuration,
        stop: SimTime,
    ) -> Self {
        let (bundle, coming, sent) = (Bundle::default(), VecDeque::new(), Meter::default());
        let (delay, capacity, next) = (0, f64::INFINITY, None);
        Self { application, streams, delay, wire, capacity, start, stop, next, bundle, coming, sent }
    }
    /// When the next connection opens, after the one at `after`.
    fn draw_next(&mut self, after: SimTime) -> Option<SimTime> {
        let Opening { gap, bytes } = self.application.open(&mut self.streams)?;
        self.next = bytes;
        Some(after + gap).filter(|at| *at < self.stop)
    }
    /// In ticks, how long a transfer of `bits` takes if it is alone.
    fn alone(&self, bits: f64) -> u64 {
        self.delay.saturating_add((bits / self.capacity * TICKS_PER_SECOND as f64) as u64)
    }
}

/// Open-loop traffic: a constant rate as far as there is room.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) flow: u32,
    sent: Meter,
}

impl Stream {
    pub(super) fn new(flow: u32) -> Self {
        Self { flow, sent: Meter::default() }
    }
}

/// A fluid network at an instant.
#[derive(Debug)]
pub(super) struct FluidNetwork {
    pub(super) clients: Vec<Client>,
    /// The flow of each client.
    pub(super) flows: Vec<u32>,
    pub(super) streams: Vec<Stream>,
    /// Those of clients, then those of streams.
    pub(super) demands: Vec<Demand>,
    pub(super) max_min: MaxMin,
    pub(super) links: Vec<Link>,
    turns: Arc<[Turn]>,
    /// How many turns have been.
    turned: usize,
    /// Pauses between transfers: client, and payload of the next.
    pauses: Vec<(u32, Option<u64>)>,
    free: Vec<u32>,
    ends: Option<TimerSlot>,
    /// Until when what was sent has been worked out.
    at: SimTime,
}

/// A link of a fluid network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) component: u32,
    pub(super) is_rated: bool,
    /// In bit/s: infinite without a rate, 0 if it is down.
    pub(super) capacity: f64,
    /// In bit/s.
    pub(super) load: f64,
    /// Bits carried.
    pub(super) carried: Meter,
}

/// A total that is told in whole numbers as often as somebody asks, without any trace of how often that was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    /// At the last change of rates.
    total: f64,
    told: u64,
}

impl Meter {
    /// What to tell if `further` came since the last change of rates.
    fn tell(&mut self, further: f64) -> u64 {
        let now = (self.total + further) as u64;
        let news = now.saturating_sub(self.told);
        self.told += news;
        news
    }
}

impl FluidNetwork {
    pub(super) fn new(
        (clients, flows): (Vec<Client>, Vec<u32>),
        streams: Vec<Stream>,
        demands: Vec<Demand>,
        links: Vec<Link>,
        turns: Arc<[Turn]>,
    ) -> Self {
        let max_min = MaxMin::new(&turns[0].capacities);
        let (pauses, free, at) = (Vec::new(), Vec::new(), SimTime::ZERO);
        Self { clients, flows, streams, demands, max_min, links, turns, turned: 0, pauses, free, ends: None, at }
    }

    /// The next turn comes now. `catch_up` first, and `share` afterwards.
    fn turn<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        let turns = Arc::clone(&self.turns);
        let turn = &turns[self.turned];
        self.turned += 1;
        for (link, &capacity) in self.links.iter_mut().zip(&turn.capacities) {
            link.capacity = capacity;
        }
        self.max_min.set_capacities(&turn.capacities);
        let flows = self.flows.iter().copied().chain(self.streams.iter().map(|s| s.flow));
        for (demand, flow) in self.demands.iter_mut().zip(flows) {
            let way = &turn.ways[flow as usize];
            demand.path.clone_from(&way.path);
            demand.ceiling = way.ceiling;
        }
        for (client, &flow) in self.clients.iter_mut().zip(&self.flows) {
            let way = &turn.ways[flow as usize];
            client.delay = way.delay;
            let capacity = way.path.iter().map(|l| turn.capacities[*l as usize]).fold(way.ceiling, f64::min);
            // While there is no way, a transfer is measured by the one that there was.
            if capacity > 0.0 {
                client.capacity = capacity;
            }
        }
        if let Some(next) = turns.get(self.turned) {
            ctx.after_with(next.at - ctx.now(), Priority::FIRST, Event::Turn);
        }
    }

    /// A transfer of `bytes` (`None`: without end) of client `c` is opened now.
    fn open<P: Probe>(&mut self, c: u32, bytes: Option<u64>, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let client = &mut self.clients[c as usize];
        ctx.probe().enter(self.flows[c as usize], now);
        // A way that has become shorter does not make it overtake.
        let before = client.coming.back().map_or(SimTime::ZERO, |c| c.at);
        let at = SimTime::from_ticks(now.ticks().saturating_add(client.delay)).max(before);
        let bits = bytes.map_or(f64::INFINITY, |b| b as f64 * client.wire);
        if client.coming.is_empty() {
            let ticket = ctx.ticket();
            ctx.at(at, ticket, Event::Begin(c));
        }
        client.coming.push_back(Coming { at, since: now, bytes: bytes.unwrap_or(0), bits });
    }

    /// Tells what was sent up to `at` at the present rates.
    fn tell<P: Probe>(&mut self, at: SimTime, probe: &mut P) {
        let seconds = (at - self.at).ticks() as f64 / TICKS_PER_SECOND as f64;
        for ((client, flow), demand) in self.clients.iter_mut().zip(&self.flows).zip(&self.demands) {
            let wire = demand.rate * demand.flows as f64 * seconds;
            probe.record(*flow, GOODPUT, at, client.sent.tell(wire * 8.0 / client.wire));
        }
        for (stream, demand) in self.streams.iter_mut().zip(&self.demands[self.clients.len()..]) {
            probe.record(stream.flow, GOODPUT, at, stream.sent.tell(demand.rate * seconds));
        }
        for link in &mut self.links {
            probe.record(link.component, BIT_RATE, at, link.carried.tell(link.load * seconds));
        }
    }

    /// Brings everything up to `now`, where rates are about to change.
    fn catch_up<P: Probe>(&mut self, now: SimTime, probe: &mut P) {
        self.tell(now, probe);
        let seconds = (now - self.at).ticks() as f64 / TICKS_PER_SECOND as f64;
        self.at = now;
        for client in &mut self.clients {
            client.sent.total += client.bundle.catch_up(now) * 8.0 / client.wire;
        }
        for (stream, demand) in self.streams.iter_mut().zip(&self.demands[self.clients.len()..]) {
            stream.sent.total += demand.rate * seconds;
        }
        for link in &mut self.links {
            link.carried.total += link.load * seconds;
        }
    }

    /// Gives everybody the rate that is fair now. `catch_up` first.
    fn share<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        for (demand, client) in self.demands.iter_mut().zip(&self.clients) {
            demand.flows = client.bundle.flows();
        }
        self.max_min.fill(&mut self.demands);
        for link in &mut self.links {
            link.load = 0.0;
        }
        for demand in &self.demands {
            for l in &demand.path {
                self.links[*l as usize].load += demand.rate * demand.flows as f64;
            }
        }
        let now = ctx.now();
        for link in self.links.iter().filter(|l| l.is_rated) {
            let used = if link.capacity > 0.0 { link.load / link.capacity } else { 0.0 };
            let share = used.min(1.0) / BILLIONTH;
            ctx.probe().record(link.component, UTILIZATION, now, share.round() as u64);
        }
        let mut next = SimTime::NEVER;
        for (demand, client) in self.demands.iter().zip(&mut self.clients) {
            client.bundle.set_rate(demand.rate);
            next = next.min(client.bundle.next_end());
        }
        let timer = self.ends.expect("made at the start");
        if next == SimTime::NEVER {
            ctx.clear_timer(timer);
        } else {
            ctx.set_timer(timer, next - now, Event::End);
        }
    }

    /// Everything that ends now.
    fn end<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        self.catch_up(now, ctx.probe());
        for c in 0..self.clients.len() {
            while self.clients[c].bundle.next_end() <= now {
                self.complete(c, ctx);
            }
        }
        self.share(ctx);
    }

    fn complete<P: Probe>(&mut self, c: usize, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let (client, flow) = (&mut self.clients[c], self.flows[c]);
        let Some(transfer) = client.bundle.end() else { return };
        let (took, alone) = ((now - transfer.since).ticks(), client.alone(transfer.bits));
        let service = alone.min(took);
        let departure = Departure {
            at: now,
            since: transfer.since,
            wait: took - service,
            service,
            size: 8 * transfer.bytes,
            flow,
            ..Departure::default()
        };
        ctx.probe().leave(flow, departure);
        let slowdown = took as f64 / (alone as f64).max(1.0) / MILLIONTH;
        ctx.probe().record(flow, SLOWDOWN, now, slowdown.round() as u64);
        for l in &self.demands[c].path {
            ctx.probe().count(self.links[*l as usize].component, now, 1, false);
        }
        if let Some(Opening { gap, bytes }) = client.application.again(&mut client.streams) {
            let entry = (c as u32, bytes);
            let pause = self.free.pop().unwrap_or(self.pauses.len() as u32);
            match self.pauses.get_mut(pause as usize) {
                Some(slot) => *slot = entry,
                None => self.pauses.push(entry),
            }
            ctx.after(gap, Event::Again(pause));
        }
    }
}

impl<P: Probe> Model<P> for FluidNetwork {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        self.ends = Some(ctx.new_timer());
        for c in 0..self.clients.len() {
            let start = SimTime::ZERO + self.clients[c].start;
            if let Some(at) = self.clients[c].draw_next(start) {
                let ticket = ctx.ticket();
                ctx.at(at, ticket, Event::Open(c as u32));
            }
        }
        self.turn(ctx);
        self.share(ctx);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event, P>) {
        match event {
            Event::Open(c) => {
                let bytes = self.clients[c as usize].next;
                self.open(c, bytes, ctx);
                if let Some(at) = self.clients[c as usize].draw_next(ctx.now()) {
                    let ticket = ctx.ticket();
                    ctx.at(at, ticket, event);
                }
            }
            Event::Again(pause) => {
                let (c, bytes) = self.pauses[pause as usize];
                self.free.push(pause);
                self.open(c, bytes, ctx);
            }
            Event::Begin(c) => {
                self.catch_up(ctx.now(), ctx.probe());
                let client = &mut self.clients[c as usize];
                let coming = client.coming.pop_front().expect("a transfer was coming");
                client.bundle.begin(coming.bits, coming.bytes, coming.since);
                if let Some(next) = client.coming.front() {
                    let ticket = ctx.ticket();
                    ctx.at(next.at, ticket, event);
                }
                self.share(ctx);
            }
            Event::End => self.end(ctx),
            Event::Turn => {
                self.catch_up(ctx.now(), ctx.probe());
                self.turn(ctx);
                self.share(ctx);
            }
        }
    }

    fn settle(&mut self, at: SimTime, probe: &mut P) {
        self.tell(at, probe);
    }

    fn census(&mut self, at: SimTime, probe: &mut P) {
        for (client, &flow) in self.clients.iter().zip(&self.flows) {
            client.bundle.for_each(|since| probe.hold(flow, at, since, 0));
            client.coming.iter().for_each(|c| probe.hold(flow, at, c.since, 0));
        }
    }

    fn element(&self, event: Event) -> String {
        match event {
            Event::Open(c) | Event::Begin(c) => format!("client {c}"),
            Event::Again(_) => "a connection's next transfer".into(),
            Event::End => "the end of a transfer".into(),
            Event::Turn => "an intervention".into(),
        }
    }
}
