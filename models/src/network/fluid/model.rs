//! The fluid network in motion: transfers begin and end, rates are max-min fair in between.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::{Ctx, Departure, Model, Priority, Probe, SimDuration, SimTime, TICKS_PER_SECOND, TimerSlot};

use super::Turn;
use super::best::Best;
use super::bundle::Bundle;
use super::max_min::{Demand, MaxMin};
use super::meter::Meter;
use super::stream::Stream;
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
pub(super) const GOODPUT: u16 = 0;
pub(super) const SLOWDOWN: u16 = 1;
pub(super) const LOST: u16 = 1;
/// Extra measures of a link; only one with a rate has the second.
pub(super) const BIT_RATE: u16 = 0;
pub(super) const UTILIZATION: u16 = 1;
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
    delay: u64,
    /// The least that it was.
    least_delay: Best<Reverse<u64>>,
    /// What a byte of payload is on the wire, in bits: headers included.
    pub(super) wire: f64,
    /// The most that a transfer that is alone had on its path, in bit/s.
    capacity: Best<f64>,
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
        let (least_delay, capacity) = (Best::default(), Best::default());
        let (delay, next) = (0, None);
        Self { application, streams, delay, least_delay, wire, capacity, start, stop, next, bundle, coming, sent }
    }
    /// When the next connection opens, after the one at `after`.
    fn draw_next(&mut self, after: SimTime) -> Option<SimTime> {
        let Opening { gap, bytes } = self.application.open(&mut self.streams)?;
        self.next = bytes;
        Some(after + gap).filter(|at| *at < self.stop)
    }
    /// In ticks, how long a transfer that was opened at `since` would have taken if it had been alone, with the best path that
    /// it had until now all the time.
    fn alone(&self, bits: f64, since: SimTime) -> u64 {
        let Reverse(delay) = self.least_delay.since(since).unwrap_or(Reverse(0));
        let capacity = self.capacity.since(since).unwrap_or(f64::INFINITY);
        delay.saturating_add((bits / capacity * TICKS_PER_SECOND as f64) as u64)
    }
}

/// A fluid network at an instant.
#[derive(Debug)]
pub(super) struct FluidNetwork {
    pub(super) clients: Vec<Client>,
    /// The flow of each client.
    pub(super) flows: Vec<u32>,
    pub(super) streams: Vec<Stream>,
    /// Those of clients, then those of streams at links that are shared fairly.
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
    /// What steady traffic takes before the rest is shared, in bit/s.
    pub(super) taken: f64,
    /// In bit/s.
    pub(super) load: f64,
    /// Bits carried.
    pub(super) carried: Meter,
}

impl FluidNetwork {
    pub(super) fn new(
        (clients, flows): (Vec<Client>, Vec<u32>),
        streams: Vec<Stream>,
        links: Vec<Link>,
        turns: Arc<[Turn]>,
    ) -> Self {
        let max_min = MaxMin::new(&turns[0].capacities);
        let demands = vec![Demand::new(Vec::new(), 0.0); clients.len()];
        let (pauses, free, at) = (Vec::new(), Vec::new(), SimTime::ZERO);
        Self { clients, flows, streams, demands, max_min, links, turns, turned: 0, pauses, free, ends: None, at }
    }

    /// The next turn comes now. `catch_up` first, and `share` afterwards.
    fn turn<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        let turns = Arc::clone(&self.turns);
        let turn = &turns[self.turned];
        self.turned += 1;
        for (link, (&capacity, &taken)) in self.links.iter_mut().zip(turn.capacities.iter().zip(&turn.taken)) {
            (link.capacity, link.taken) = (capacity, taken);
        }
        self.max_min.set_capacities(self.links.iter().map(|l| (l.capacity - l.taken).max(0.0)));
        self.demands.truncate(self.clients.len());
        let clients = self.clients.iter_mut().zip(&mut self.demands);
        for ((client, demand), &flow) in clients.zip(&self.flows) {
            let way = &turn.ways[flow as usize];
            demand.path.clone_from(&way.path);
            demand.ceiling = way.ceiling;
            client.delay = way.delay;
            client.least_delay.change(turn.at, Reverse(way.delay));
            let capacity = way.path.iter().map(|l| turn.capacities[*l as usize]).fold(way.ceiling, f64::min);
            client.capacity.change(turn.at, capacity);
        }
        for stream in &mut self.streams {
            let way = &turn.ways[stream.flow as usize];
            (stream.offered, stream.arrives, stream.last) = (way.offered, way.ceiling, None);
            for &l in &way.path {
                let mut demand = Demand::new(vec![l], way.ceiling);
                (demand.flows, demand.after) = (1, stream.last);
                self.demands.push(demand);
                stream.last = Some((self.demands.len() - 1) as u32);
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
        for stream in &mut self.streams {
            probe.record(stream.flow, GOODPUT, at, stream.sent.tell(stream.arrives * seconds));
            probe.record(stream.flow, LOST, at, stream.lost.tell(stream.loses() * seconds));
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
        for stream in &mut self.streams {
            stream.sent.total += stream.arrives * seconds;
            stream.lost.total += stream.loses() * seconds;
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
        for stream in &mut self.streams {
            if let Some(last) = stream.last {
                stream.arrives = self.demands[last as usize].rate;
            }
        }
        for link in &mut self.links {
            link.load = link.taken;
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
        let (took, alone) = ((now - transfer.since).ticks(), client.alone(transfer.bits, transfer.since));
        // A tick, or one part in 10^9, is rounding.
        let service = if took.saturating_sub(alone) <= 1 + took / 1_000_000_000 { took } else { alone };
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
        if let Some(Opening { gap, bytes }) = client.application.again(now, &mut client.streams) {
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
