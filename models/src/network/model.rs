//! The network in motion: sources, stations and the walk of a packet between them.

use std::hint::black_box;
use std::sync::Arc;

use sim_core::rng::Rng;
use sim_core::{Ctx, Model, Priority, Probe, SimDuration, SimTime};

use super::discipline::{Effects, NO_ROUTE};
use super::failures::Knowledge;
use super::packet::{Ecn, Packet};
use super::routing::{Routes, Spread, Step};
use super::station::{Core, Queued};
use super::system::Action;
use super::traffic::{Streams, Traffic};
use super::transport::Transport;

/// What happens in a network: a kind in the top three bits and an index below them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event(u32);

const INDEX_BITS: u32 = 29;

enum What {
    /// Source `.0` sends a packet.
    Emit(usize),
    /// A packet of station `.0` may be at the next node.
    Arrival(u32),
    /// A timer of a connection has come up.
    Timer(u32),
    /// Client `.0` of the transport opens a connection.
    Open(usize),
    /// The next action is due.
    Act,
    /// Link `.0` of those that fail at random fails or recovers.
    Turn(usize),
    /// Routes follow what has happened.
    Learn,
}

impl Event {
    /// More stations or sources than this do not fit an event.
    pub(super) const INDEX_MAX: usize = (1 << INDEX_BITS) - 1;

    fn emit(source: u32) -> Self {
        Self(source)
    }
    #[inline]
    pub(super) fn arrival(station: u32) -> Self {
        Self(1 << INDEX_BITS | station)
    }
    #[inline]
    pub(super) fn timer(timer: u32) -> Self {
        Self(2 << INDEX_BITS | timer)
    }
    pub(super) fn open(client: u32) -> Self {
        Self(3 << INDEX_BITS | client)
    }
    const ACT: Self = Self(4 << INDEX_BITS);
    fn turn(link: usize) -> Self {
        Self(5 << INDEX_BITS | link as u32)
    }
    const LEARN: Self = Self(6 << INDEX_BITS);
    #[inline]
    fn what(self) -> What {
        let index = self.0 & Self::INDEX_MAX as u32;
        match self.0 >> INDEX_BITS {
            0 => What::Emit(index as usize),
            1 => What::Arrival(index),
            2 => What::Timer(index),
            3 => What::Open(index as usize),
            4 => What::Act,
            5 => What::Turn(index as usize),
            _ => What::Learn,
        }
    }
}

/// What sends the packets of a flow.
#[derive(Debug)]
pub(super) enum Origin {
    /// A source, whatever happens to them.
    Source(Box<dyn Traffic>),
    /// A client of the transport, at the end that sends data: its index.
    Client(u32),
    /// The transport, acknowledging the flow before.
    Acknowledgements,
}

/// A flow and what sends its packets.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) streams: Streams,
    /// The node where its packets come in.
    pub(super) node: u32,
    /// The station that they come to first, if it is always the same.
    pub(super) entry: Option<u32>,
    /// The row of what they are addressed to in the routing tables, or [`Packet::WANDERING`].
    pub(super) target: u32,
    pub(super) class: u8,
    pub(super) dscp: u8,
    /// Whether the code point is that of the packet that is sent next, not of all.
    pub(super) coded: bool,
    pub(super) ecn: Ecn,
    pub(super) start: SimDuration,
    /// No packet is sent from here on.
    pub(super) stop: SimTime,
    /// The size of the packet that is sent next, and its conversation. The size is wide so that the two are not copied as
    /// one word, which would wait for both halves to be written.
    pub(super) bits: u64,
    pub(super) conversation: u32,
}

/// Where a packet that nobody addressed goes from a node.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) rng: Rng,
    /// Cumulated probabilities and the hop that each stands for; what is left over leaves the network.
    pub(super) ways: Vec<(f64, Hop)>,
}

/// One step between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    /// Over a link: a station.
    Link(u32),
    /// At once.
    Node(u32),
    /// Out of the network.
    Exit,
    /// The node has no route.
    Nowhere,
}

/// A network at an instant.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) sources: Vec<Source>,
    pub(super) stations: Vec<Core>,
    /// Scratch for what disciplines and gates do besides.
    pub(super) effects: Effects,
    /// The stations that are the stages of node n: `stages[first[n]..first[n + 1]]`.
    pub(super) stages: Vec<u32>,
    pub(super) first: Vec<u32>,
    pub(super) routes: Arc<Routes>,
    pub(super) spread: Spread,
    /// What happens at which time, and how much of it has.
    pub(super) actions: Arc<[(SimTime, Action)]>,
    pub(super) done: usize,
    pub(super) knowledge: Knowledge,
    /// The station of each directed link; `u32::MAX` for one that nothing is routed over.
    pub(super) link_stations: Vec<u32>,
    /// For nodes that draw the next hop.
    pub(super) branches: Vec<Option<Branch>>,
    /// Node and next stage behind each station.
    pub(super) behind: Vec<(u32, u32)>,
    /// The ends of connections.
    pub(super) transport: Transport,
    pub(super) names: Arc<Vec<String>>,
}

impl Network {
    /// Draws the next packet of source `s`: when it will be sent, unless there is none.
    #[inline]
    fn draw_next(&mut self, s: usize, after: SimTime) -> Option<SimTime> {
        let source = &mut self.sources[s];
        let Origin::Source(traffic) = &mut source.origin else { return None };
        let next = traffic.next(&mut source.streams)?;
        source.bits = next.bits.into();
        source.conversation = next.conversation;
        if source.coded {
            source.dscp = traffic.code_point();
        }
        Some(after + next.gap).filter(|at| *at < source.stop)
    }

    /// Sends the packet of source `s`, and those after it as long as nothing else happens in between.
    #[inline]
    fn emit<P: Probe>(&mut self, s: usize, ctx: &mut Ctx<'_, Event, P>) {
        loop {
            let now = ctx.now();
            let source = &self.sources[s];
            let packet = Packet {
                target: source.target,
                class: source.class,
                dscp: source.dscp,
                conversation: source.conversation,
                ecn: source.ecn,
                ..Packet::new(s as u32, source.bits as u32, now)
            };
            let (node, entry) = (source.node, source.entry);
            ctx.probe().enter(packet.flow, now);
            let next = self.draw_next(s, now);
            // Before the packet travels, so that its place among ties is the same whether or not it uses the queue.
            let ticket = ctx.ticket();
            match entry {
                Some(station) => self.enter(station, &packet, ctx),
                None => self.travel(packet, now, node, 0, ctx),
            }
            let Some(next) = next else { return };
            if !ctx.at_or_now(next, ticket, Event::emit(s as u32)) {
                return;
            }
        }
    }

    /// Takes a packet through node after node until a station takes it in or it has arrived.
    #[inline]
    fn travel<P: Probe>(
        &mut self,
        mut packet: Packet,
        at: SimTime,
        mut node: u32,
        mut stage: u32,
        ctx: &mut Ctx<'_, Event, P>,
    ) {
        packet.entered = at;
        loop {
            let first = self.first[node as usize] + stage;
            if first < self.first[node as usize + 1] {
                let station = self.stages[first as usize];
                if let Core::Gate(gate) = &mut self.stations[station as usize] {
                    if !gate.pass(&mut packet, at, &mut self.effects, ctx.probe()) {
                        return;
                    }
                    stage += 1;
                    continue;
                }
                return self.enter(station, &packet, ctx);
            }
            match self.hop(&packet, node) {
                Hop::Link(station) => return self.enter(station, &packet, ctx),
                Hop::Exit => {
                    packet.deliver(at, ctx.probe());
                    if packet.segment != Packet::BARE {
                        self.transport.receive(&packet, ctx);
                    }
                    return;
                }
                Hop::Nowhere => return packet.lose(None, at, NO_ROUTE, ctx.probe()),
                Hop::Node(next) => (node, stage) = (next, 0),
            }
        }
    }

    /// Sends what the transport wants sent; what that brings about at once, too.
    #[inline]
    fn send_segments<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        if !self.transport.out.is_empty() {
            self.send_waiting(ctx);
        }
    }
    fn send_waiting<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        while let Some(packet) = self.transport.out.pop_front() {
            let now = ctx.now();
            ctx.probe().enter(packet.flow, now);
            let source = &self.sources[packet.flow as usize];
            match source.entry {
                Some(station) => self.enter(station, &packet, ctx),
                None => self.travel(packet, now, source.node, 0, ctx),
            }
        }
    }

    #[inline]
    fn hop(&mut self, packet: &Packet, node: u32) -> Hop {
        if packet.target != Packet::WANDERING {
            return match self.routes.step(packet.target, node) {
                Step::Link(link) => Hop::Link(self.link_stations[link as usize]),
                Step::Here => Hop::Exit,
                Step::Group(group) => {
                    let link = self.spread.choose(&self.routes, group, packet, node);
                    Hop::Link(self.link_stations[link as usize])
                }
                Step::Nowhere => Hop::Nowhere,
            };
        }
        let Some(branch) = &mut self.branches[node as usize] else { return Hop::Exit };
        let u = branch.rng.uniform();
        branch.ways.iter().find(|(p, _)| u < *p).map_or(Hop::Exit, |(_, hop)| *hop)
    }

    #[inline]
    fn enter<P: Probe>(&mut self, station: u32, packet: &Packet, ctx: &mut Ctx<'_, Event, P>) {
        match &mut self.stations[station as usize] {
            Core::Fused(f) => f.enter(packet, station, ctx),
            Core::Queued(q) => q.enter(packet, station, &mut self.effects, ctx),
            Core::Gate(_) => unreachable!("a gate is passed, not entered"),
            Core::Half(_) | Core::Back => {
                let (first, way) = self.half_of(station);
                let Core::Half(link) = &mut self.stations[first as usize] else { unreachable!("it is the first way") };
                link.enter(packet, (first, way), &mut self.effects, ctx);
            }
        }
    }

    /// The first way of a half-duplex link, and which way `station` is.
    fn half_of(&self, station: u32) -> (u32, usize) {
        if matches!(self.stations[station as usize], Core::Back) { (station - 1, 1) } else { (station, 0) }
    }

    /// Does what is due now, and sees to what comes next.
    #[cold]
    fn act<P: Probe>(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        let actions = Arc::clone(&self.actions);
        while let Some((at, action)) = actions.get(self.done) {
            if *at > ctx.now() {
                break;
            }
            self.done += 1;
            match action {
                Action::Down(station) => self.change(*station, ctx, Queued::fail),
                Action::Up(station) => self.change(*station, ctx, Queued::recover),
                Action::Rate(station, rate) => self.change(*station, ctx, |link, _, _| link.set_rate(*rate)),
                Action::Delay(station, ticks) => self.change(*station, ctx, |link, _, _| link.set_delay(*ticks)),
                Action::Traffic { source: s, traffic, stop } => {
                    let source = &mut self.sources[*s as usize];
                    (source.origin, source.stop) = (Origin::Source(traffic.boxed_clone()), *stop);
                    let from = (SimTime::ZERO + source.start).max(ctx.now());
                    self.begin(*s as usize, from, ctx);
                }
                Action::News(news) => {
                    let after = self.knowledge.take(news, ctx.now());
                    ctx.after_with(after, Priority::FIRST, Event::LEARN);
                }
            }
        }
        self.await_action(ctx);
    }
    /// Link `k` of those that fail at random fails or recovers now.
    #[cold]
    fn turn<P: Probe>(&mut self, k: usize, ctx: &mut Ctx<'_, Event, P>) {
        let (stay, known) = self.knowledge.turn(k, ctx.now());
        let is_down = self.knowledge.failing[k].is_down;
        for i in 0..self.knowledge.failing[k].stations.len() {
            let station = self.knowledge.failing[k].stations[i];
            self.change(station, ctx, if is_down { Queued::fail } else { Queued::recover });
        }
        ctx.after_with(stay, Priority::FIRST, Event::turn(k));
        ctx.after_with(known, Priority::FIRST, Event::LEARN);
    }
    /// Packets are routed by what is known now.
    #[cold]
    fn learn(&mut self, now: SimTime) {
        self.routes = self.knowledge.learn(now);
        self.spread.begin(&self.routes);
    }
    /// Changes a link, once all that happens before now has.
    fn change<P: Probe>(
        &mut self,
        station: u32,
        ctx: &mut Ctx<'_, Event, P>,
        change: impl FnOnce(&mut Queued, SimTime, &mut P),
    ) {
        let now = ctx.now();
        if matches!(self.stations[station as usize], Core::Half(_) | Core::Back) {
            let (first, way) = self.half_of(station);
            let Core::Half(link) = &mut self.stations[first as usize] else { unreachable!("it is the first way") };
            return link.change((first, way), &mut self.effects, ctx, change);
        }
        let Core::Queued(link) = &mut self.stations[station as usize] else { unreachable!("it changes") };
        link.catch_up(now.ticks(), &mut self.effects, ctx.probe());
        change(link, now, ctx.probe());
        link.expect(station, ctx);
    }
    fn await_action<P: Probe>(&self, ctx: &mut Ctx<'_, Event, P>) {
        if let Some((at, _)) = self.actions.get(self.done) {
            ctx.after_with(*at - ctx.now(), Priority::FIRST, Event::ACT);
        }
    }
    /// Source `s` begins at `from`.
    fn begin<P: Probe>(&mut self, s: usize, from: SimTime, ctx: &mut Ctx<'_, Event, P>) {
        let (first, event) = match self.sources[s].origin {
            Origin::Source(_) => (self.draw_next(s, from), Event::emit(s as u32)),
            Origin::Client(c) => (self.transport.first_opening(c as usize, from), Event::open(c)),
            Origin::Acknowledgements => return,
        };
        if let Some(at) = first {
            let ticket = ctx.ticket();
            ctx.at(at, ticket, event);
        }
    }
}

impl<P: Probe> Model<P> for Network {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        for s in 0..self.sources.len() {
            self.begin(s, SimTime::ZERO + self.sources[s].start, ctx);
        }
        for station in &self.stations {
            match station {
                Core::Queued(link) => link.tell_up(ctx.probe()),
                Core::Half(link) => link.ways().iter().for_each(|way| way.tell_up(ctx.probe())),
                _ => {}
            }
        }
        for (k, stay) in self.knowledge.first().enumerate() {
            ctx.after_with(stay, Priority::FIRST, Event::turn(k));
        }
        self.await_action(ctx);
    }

    #[inline]
    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event, P>) {
        let (station, out) = match event.what() {
            What::Emit(source) => return self.emit(source, ctx),
            What::Arrival(station) => {
                let out = match &mut self.stations[station as usize] {
                    Core::Fused(f) => Some(f.arrive(station, ctx)),
                    Core::Queued(q) => q.arrive(station, &mut self.effects, ctx),
                    Core::Gate(_) => unreachable!("nothing propagates behind a gate"),
                    Core::Half(_) | Core::Back => {
                        let (first, way) = self.half_of(station);
                        let Core::Half(link) = &mut self.stations[first as usize] else {
                            unreachable!("it is the first way")
                        };
                        link.arrive((first, way), &mut self.effects, ctx)
                    }
                };
                (station, out)
            }
            What::Timer(timer) => {
                self.transport.timer(timer, ctx);
                return self.send_segments(ctx);
            }
            What::Open(client) => {
                self.transport.open(client, ctx);
                return self.send_segments(ctx);
            }
            What::Act => return self.act(ctx),
            What::Turn(link) => return self.turn(link, ctx),
            What::Learn => return self.learn(ctx.now()),
        };
        if let Some(out) = out {
            let (node, stage) = self.behind[station as usize];
            self.travel(out.packet, out.at, node, stage, ctx);
            self.send_segments(ctx);
        }
    }

    #[inline]
    fn prefetch(&self, event: Event, probe: &P) {
        if let What::Emit(s) = event.what() {
            let source = &self.sources[s];
            black_box((&source.streams.gap, source.bits, source.target));
            if let Origin::Source(traffic) = &source.origin {
                traffic.prefetch();
            }
            probe.prefetch(s as u32);
        }
    }

    fn settle(&mut self, at: SimTime, probe: &mut P) {
        for station in &mut self.stations {
            match station {
                Core::Fused(f) => f.catch_up(at.ticks(), probe),
                Core::Queued(q) => {
                    q.catch_up(at.ticks(), &mut self.effects, probe);
                    q.tell_used(probe);
                }
                Core::Gate(gate) => gate.settle(at, &mut self.effects, probe),
                Core::Half(link) => link.settle(at, &mut self.effects, probe),
                Core::Back => {}
            }
        }
    }

    fn census(&mut self, at: SimTime, probe: &mut P) {
        for station in &self.stations {
            match station {
                Core::Fused(f) => f.census(at, probe),
                Core::Queued(q) => q.census(at, probe),
                Core::Half(link) => link.ways().iter().for_each(|way| way.census(at, probe)),
                Core::Gate(_) | Core::Back => {}
            }
        }
    }

    fn element(&self, event: Event) -> String {
        let flows = self.sources.len();
        match event.what() {
            What::Emit(s) => self.names[s].clone(),
            What::Timer(timer) => self.names[self.transport.flow_of_timer(timer) as usize].clone(),
            What::Open(client) => self.names[self.transport.flow_of_client(client) as usize].clone(),
            What::Arrival(station) => self.names[flows + station as usize].clone(),
            What::Act => "an intervention".to_string(),
            What::Turn(_) => "links that fail at random".to_string(),
            What::Learn => "routes that follow a change".to_string(),
        }
    }
}
