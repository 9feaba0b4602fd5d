//! The fluid network in motion: transfers begin and end, rates are max-min fair in between.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::{Ctx, Departure, Model, Priority, Probe, SimDuration, SimTime, TICKS_PER_SECOND, TimerSlot};

use super::best::Best;
use super::bundle::Bundle;
use super::conversations::Conversations;
use super::driver::{Driver, Due};
use super::max_min::{Demand, MaxMin};
use super::meter::Meter;
use super::stream::Stream;
use super::ways::{Links, WayMaker};
use super::{Turn, Way};
use crate::network::routing::Routes;
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
    /// The next turn is due, if its number is this.
    Turn(u32),
    /// Link `.0` of those that fail by chance fails or recovers.
    Fail(u32),
    /// Something comes to be known.
    Learn,
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
    conversation: u32,
}

/// The transfers of a client on one path; the demand of the same number is theirs.
#[derive(Debug)]
pub(super) struct Carried {
    client: u32,
    pub(super) bundle: Bundle,
    /// Propagation along the path, in ticks, and the most that a transfer that is alone has on it, in bit/s.
    delay: u64,
    capacity: f64,
}

/// Where turns come from.
#[derive(Debug)]
pub(super) enum Turns {
    Planned(Arc<[Turn]>),
    Driven(Box<Driver>),
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
    /// Its number among all flows of the packets.
    number: u32,
    /// Whether its transfers may take different ways.
    splits: bool,
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
        let (number, splits, coming, sent) = (0, false, VecDeque::new(), Meter::default());
        let (least_delay, capacity) = (Best::default(), Best::default());
        let (delay, next) = (0, None);
        Self {
            application,
            streams,
            delay,
            least_delay,
            wire,
            capacity,
            start,
            stop,
            next,
            number,
            splits,
            coming,
            sent,
        }
    }
    /// The same as that of flow `number` of the packets, whose transfers may take different ways if it `splits`.
    pub(super) fn of(self, number: u32, splits: bool) -> Self {
        Self { number, splits, ..self }
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
    /// Of each client that takes one way, in order, and then of those that take several.
    pub(super) carried: Vec<Carried>,
    /// Those of what is carried, then those of streams at links that are shared fairly.
    pub(super) demands: Vec<Demand>,
    pub(super) max_min: MaxMin,
    pub(super) links: Vec<Link>,
    turns: Turns,
    /// How many turns have been.
    turned: usize,
    /// What the ways of single transfers are made from, and what they follow from now.
    maker: Option<Arc<WayMaker>>,
    standing: Option<Arc<(Arc<Routes>, Links)>>,
    /// Of connections, where ways follow from them.
    conversations: Option<Conversations>,
    /// Pauses between transfers: client, payload of the next, and the connection.
    pauses: Vec<(u32, Option<u64>, u32)>,
    free: Vec<u32>,
    ends: Option<TimerSlot>,
    /// Until when what was sent has been worked out.
    at: SimTime,
    /// Scratch: bits of each client.
    wire: Vec<f64>,
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
        turns: Turns,
        maker: Option<Arc<WayMaker>>,
    ) -> Self {
        let max_min = MaxMin::new(&vec![0.0; links.len()]);
        let conversations = maker.is_some().then(|| Conversations::new(clients.len()));
        let (carried, demands, wire) = (Vec::new(), Vec::new(), vec![0.0; clients.len()]);
        let (pauses, free, at) = (Vec::new(), Vec::new(), SimTime::ZERO);
        Self {
            clients,
            flows,
            streams,
            carried,
            demands,
            max_min,
            links,
            turns,
            turned: 0,
            maker,
            standing: None,
            conversations,
            pauses,
            free,
            ends: None,
            at,
            wire,
        }
    }

    /// The next turn comes now. `catch_up` first, and `share` afterwards.
    fn turn<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        self.turned += 1;
        match &mut self.turns {
            Turns::Planned(turns) => {
                let turns = Arc::clone(turns);
                self.take_up(&turns[self.turned - 1]);
                if let Some(next) = turns.get(self.turned) {
                    ctx.after_with(next.at - ctx.now(), Priority::FIRST, Event::Turn(self.turned as u32));
                }
            }
            Turns::Driven(driver) => {
                let now = ctx.now();
                let mut due = driver.advance(now);
                if self.turned == 1 {
                    due.extend(driver.first());
                }
                let mut found = Vec::new();
                let (turn, next) = driver.turn(now, &mut found);
                if let Some(refusal) = found.first() {
                    return ctx.fail(format!("{}: {}", refusal.message, refusal.label));
                }
                self.take_up(&turn);
                for due in due {
                    await_due(due, ctx);
                }
                if next < SimTime::NEVER {
                    ctx.after_with(next - now, Priority::FIRST, Event::Turn(self.turned as u32));
                }
            }
        }
    }

    /// What `turn` says holds from now on.
    fn take_up(&mut self, turn: &Turn) {
        for (link, (&capacity, &taken)) in self.links.iter_mut().zip(turn.capacities.iter().zip(&turn.taken)) {
            (link.capacity, link.taken) = (capacity, taken);
        }
        self.max_min.set_capacities(self.links.iter().map(|l| (l.capacity - l.taken).max(0.0)));
        self.standing.clone_from(&turn.standing);
        let is_planned = matches!(self.turns, Turns::Planned(_));
        self.demands.truncate(self.carried.len());
        let splitting = self.carried.iter().position(|c| self.clients[c.client as usize].splits);
        let moved = self.carried.split_off(splitting.unwrap_or(self.carried.len()));
        self.demands.truncate(self.carried.len());
        let mut place = 0;
        for (c, &flow) in self.flows.iter().enumerate() {
            let client = &mut self.clients[c];
            if client.splits {
                continue;
            }
            let way = &turn.ways[flow as usize];
            // While there is none, what is sent is to go by the next if that is known, or else by the last.
            if is_planned || !way.path.is_empty() {
                client.delay = way.delay;
            }
            client.least_delay.change(turn.at, Reverse(client.delay));
            let capacity = way.path.iter().map(|l| turn.capacities[*l as usize]).fold(way.ceiling, f64::min);
            client.capacity.change(turn.at, capacity);
            if place == self.carried.len() {
                let bundle = Bundle::default();
                self.carried.push(Carried { client: c as u32, bundle, delay: 0, capacity: 0.0 });
                self.demands.push(Demand::new(Vec::new(), 0.0));
            }
            let demand = &mut self.demands[place];
            demand.path.clone_from(&way.path);
            demand.ceiling = way.ceiling;
            place += 1;
        }
        for stream in &mut self.streams {
            let way = &turn.ways[stream.flow as usize];
            (stream.offered, stream.arrives, stream.ceiling) = (way.offered, way.ceiling, way.ceiling);
            stream.path.clone_from(&way.path);
        }
        for mut carried in moved {
            for transfer in carried.bundle.leave() {
                let place = self.bundle_of(carried.client as usize, transfer.conversation);
                self.carried[place].bundle.take(transfer);
            }
        }
        self.place_streams();
    }

    /// Gives streams their demands, behind those of what is carried.
    fn place_streams(&mut self) {
        self.demands.truncate(self.carried.len());
        for stream in &mut self.streams {
            stream.last = None;
            for &l in &stream.path {
                let mut demand = Demand::new(vec![l], stream.ceiling);
                (demand.flows, demand.after) = (1, stream.last);
                self.demands.push(demand);
                stream.last = Some((self.demands.len() - 1) as u32);
            }
        }
    }

    /// The way of a transfer of a client whose transfers take several.
    fn way(&self, c: usize, conversation: u32) -> Way {
        let (Some(maker), Some(standing)) = (&self.maker, &self.standing) else { unreachable!("some flow splits") };
        maker.way(self.clients[c].number as usize, conversation, &standing.0, &standing.1)
    }

    /// Where a transfer of client `c` is carried that begins, or goes on, in a conversation. [`FluidNetwork::place_streams`] if it
    /// is new.
    fn bundle_of(&mut self, c: usize, conversation: u32) -> usize {
        if self.maker.is_none() {
            return c;
        }
        if !self.clients[c].splits {
            // Those that take one way stand in front, in order.
            return self.carried.partition_point(|carried| {
                !self.clients[carried.client as usize].splits && (carried.client as usize) < c
            });
        }
        let way = self.way(c, conversation);
        let known = |(carried, demand): (&Carried, &Demand)| carried.client as usize == c && demand.path == way.path;
        if let Some(place) = self.carried.iter().zip(&self.demands).position(known) {
            return place;
        }
        let capacity = way.path.iter().map(|l| self.links[*l as usize].capacity).fold(way.ceiling, f64::min);
        let mut bundle = Bundle::default();
        bundle.catch_up(self.at);
        self.demands.truncate(self.carried.len());
        self.carried.push(Carried { client: c as u32, bundle, delay: way.delay, capacity });
        self.demands.push(Demand::new(way.path, way.ceiling));
        self.carried.len() - 1
    }

    /// A connection of client `c` opens: its number.
    fn connect(&mut self, c: u32) -> u32 {
        self.conversations.as_mut().map_or(0, |all| all.open(c as usize))
    }

    /// A transfer of `bytes` (`None`: without end) of client `c` is opened now.
    fn open<P: Probe>(&mut self, c: u32, bytes: Option<u64>, conversation: u32, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let own = if self.clients[c as usize].splits { Some(self.way(c as usize, conversation).delay) } else { None };
        let client = &mut self.clients[c as usize];
        ctx.probe().enter(self.flows[c as usize], now);
        let at = SimTime::from_ticks(now.ticks().saturating_add(own.unwrap_or(client.delay)));
        let bits = bytes.map_or(f64::INFINITY, |b| b as f64 * client.wire);
        let coming = |at| Coming { at, since: now, bytes: bytes.unwrap_or(0), bits, conversation };
        if own.is_some() {
            // By ways of different lengths: each has an event, and the first of them comes first.
            let place = client.coming.partition_point(|c| c.at <= at);
            client.coming.insert(place, coming(at));
            let ticket = ctx.ticket();
            return ctx.at(at, ticket, Event::Begin(c));
        }
        // A way that has become shorter does not make it overtake.
        let at = at.max(client.coming.back().map_or(SimTime::ZERO, |c| c.at));
        if client.coming.is_empty() {
            let ticket = ctx.ticket();
            ctx.at(at, ticket, Event::Begin(c));
        }
        client.coming.push_back(coming(at));
    }

    /// The first bit of the next transfer of client `c` has come.
    fn begin<P: Probe>(&mut self, c: u32, ctx: &mut Ctx<'_, Event, P>) {
        self.catch_up(ctx.now(), ctx.probe());
        let client = &mut self.clients[c as usize];
        let coming = client.coming.pop_front().expect("a transfer was coming");
        if let Some(next) = client.coming.front().filter(|_| !client.splits) {
            let ticket = ctx.ticket();
            ctx.at(next.at, ticket, Event::Begin(c));
        }
        let before = self.carried.len();
        let place = self.bundle_of(c as usize, coming.conversation);
        if self.carried.len() > before {
            self.place_streams();
        }
        self.carried[place].bundle.begin(coming.bits, coming.bytes, coming.since, coming.conversation);
        self.share(ctx);
    }

    /// Tells what was sent up to `at` at the present rates.
    fn tell<P: Probe>(&mut self, at: SimTime, probe: &mut P) {
        let seconds = (at - self.at).ticks() as f64 / TICKS_PER_SECOND as f64;
        self.wire.fill(0.0);
        for (carried, demand) in self.carried.iter().zip(&self.demands) {
            self.wire[carried.client as usize] += demand.rate * demand.flows as f64 * seconds;
        }
        for ((client, flow), wire) in self.clients.iter_mut().zip(&self.flows).zip(&self.wire) {
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
        for carried in &mut self.carried {
            let client = &mut self.clients[carried.client as usize];
            client.sent.total += carried.bundle.catch_up(now) * 8.0 / client.wire;
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
        for (demand, carried) in self.demands.iter_mut().zip(&self.carried) {
            demand.flows = carried.bundle.flows();
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
        for (demand, carried) in self.demands.iter().zip(&mut self.carried) {
            carried.bundle.set_rate(demand.rate);
            next = next.min(carried.bundle.next_end());
        }
        let timer = self.ends.expect("made at the start");
        if next == SimTime::NEVER {
            ctx.clear_timer(timer);
        } else {
            ctx.set_timer(timer, next - now, Event::End);
        }
    }

    /// A turn comes now.
    fn turn_now<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        self.catch_up(ctx.now(), ctx.probe());
        self.turn(ctx);
        self.share(ctx);
    }

    /// Everything that ends now.
    fn end<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        self.catch_up(now, ctx.probe());
        for place in 0..self.carried.len() {
            while self.carried[place].bundle.next_end() <= now {
                self.complete(place, ctx);
            }
        }
        self.share(ctx);
    }

    /// The next transfer that is carried there ends now.
    fn complete<P: Probe>(&mut self, place: usize, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let carried = &mut self.carried[place];
        let c = carried.client as usize;
        let (client, flow) = (&mut self.clients[c], self.flows[c]);
        let Some(transfer) = carried.bundle.end() else { return };
        let took = (now - transfer.since).ticks();
        let alone = if client.splits {
            // By the path that it has had at the end.
            let service = (transfer.bits / carried.capacity * TICKS_PER_SECOND as f64) as u64;
            carried.delay.saturating_add(service).min(took)
        } else {
            client.alone(transfer.bits, transfer.since)
        };
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
        for l in &self.demands[place].path {
            ctx.probe().count(self.links[*l as usize].component, now, 1, false);
        }
        if let Some(Opening { gap, bytes }) = client.application.again(now, &mut client.streams) {
            let entry = (c as u32, bytes, transfer.conversation);
            let pause = self.free.pop().unwrap_or(self.pauses.len() as u32);
            match self.pauses.get_mut(pause as usize) {
                Some(slot) => *slot = entry,
                None => self.pauses.push(entry),
            }
            ctx.after(gap, Event::Again(pause));
        } else if let Some(conversations) = &mut self.conversations {
            conversations.close(c, transfer.conversation);
        }
    }
}

/// Schedules what has to be looked at again.
fn await_due<P: Probe>(due: Due, ctx: &mut Ctx<'_, Event, P>) {
    let (after, event) = match due {
        Due::Fail(k, after) => (after, Event::Fail(k as u32)),
        Due::Learn(after) => (after, Event::Learn),
    };
    ctx.after_with(after, Priority::FIRST, event);
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
                let (bytes, conversation) = (self.clients[c as usize].next, self.connect(c));
                self.open(c, bytes, conversation, ctx);
                if let Some(at) = self.clients[c as usize].draw_next(ctx.now()) {
                    let ticket = ctx.ticket();
                    ctx.at(at, ticket, event);
                }
            }
            Event::Again(pause) => {
                let (c, bytes, conversation) = self.pauses[pause as usize];
                self.free.push(pause);
                self.open(c, bytes, conversation, ctx);
            }
            Event::Begin(c) => self.begin(c, ctx),
            Event::End => self.end(ctx),
            Event::Turn(number) if number as usize == self.turned => self.turn_now(ctx),
            // Something else has come about since it was planned.
            Event::Turn(_) => {}
            Event::Fail(k) => {
                let Turns::Driven(driver) = &mut self.turns else { return };
                let due = driver.fail(k as usize, ctx.now());
                for due in due {
                    await_due(due, ctx);
                }
                self.turn_now(ctx);
            }
            Event::Learn => {
                let Turns::Driven(driver) = &mut self.turns else { return };
                driver.learn(ctx.now());
                self.turn_now(ctx);
            }
        }
    }

    fn settle(&mut self, at: SimTime, probe: &mut P) {
        self.tell(at, probe);
    }

    fn census(&mut self, at: SimTime, probe: &mut P) {
        for carried in &self.carried {
            let flow = self.flows[carried.client as usize];
            carried.bundle.for_each(|since| probe.hold(flow, at, since, 0));
        }
        for (client, &flow) in self.clients.iter().zip(&self.flows) {
            client.coming.iter().for_each(|c| probe.hold(flow, at, c.since, 0));
        }
    }

    fn element(&self, event: Event) -> String {
        match event {
            Event::Open(c) | Event::Begin(c) => format!("client {c}"),
            Event::Again(_) => "a connection's next transfer".into(),
            Event::End => "the end of a transfer".into(),
            Event::Turn(_) => "an intervention".into(),
            Event::Fail(_) => "links that fail at random".into(),
            Event::Learn => "routes that follow a change".into(),
        }
    }
}
