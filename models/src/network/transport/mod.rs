//! TCP: connections whose segments and acknowledgements are packets of the network.
//!
//! Traffic over connections is two flows: NAME carries data, NAME.acks the acknowledgements back, through the queues that
//! are on their ways. A connection is a sender at one end and a receiver at
//! the other; neither knows the engine. This module stands between them and the network: it hands them what arrives, sends
//! what they want sent, and keeps three timers for each connection (retransmission, delayed acknowledgement, pace or pause).
//!
//! A packet carries 32 bits of the transport (a number and flags), and the number of its connection's slot. Slots are used again,
//! so that memory grows with the connections that are open at a time; twelve bits of the number tell the connections of
//! a slot apart.
//!
//! Validated against: RFC examples and closed forms in the files of this folder, whole transfers in `tests.rs`.

mod application;
pub mod congestion;
mod measures;
mod receiver;
mod recovery;
mod round_trips;
mod rto;
mod scoreboard;
mod sender;
mod settings;
pub mod slow_start;
mod tag;
#[cfg(test)]
mod tests;
mod timer;

use std::collections::VecDeque;

use sim_core::{Ctx, Probe, SimDuration, SimTime};

use super::model::Event;
use super::packet::{Ecn, Packet};
use super::traffic::Streams;
pub use application::{Application, Opening};
pub(in crate::network) use measures::{Measures, Path, REPAIR};
use receiver::{Arrival, Echo, Receiver};
pub(in crate::network) use round_trips::RoundTrips;
use sender::{Next, Sender};
pub(in crate::network) use settings::bytes;
pub use settings::{FIELD, Settings};
use tag::Tag;
use timer::Timer;

/// The bits of a conversation's number that are its slot; the others count the connections that the slot had.
pub(in crate::network) const SLOT_BITS: u32 = 20;
const SLOT: u32 = (1 << SLOT_BITS) - 1;

/// The timers of a connection.
const TIMERS: usize = 3;
/// Nothing was acknowledged for too long.
const RETRANSMIT: usize = 0;
/// An acknowledgement has waited long enough.
const ACKNOWLEDGE: usize = 1;
/// The pace allows the next segment, or the pause before the next transfer is over.
const RESUME: usize = 2;

/// What packets of one flow have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) flow: u32,
    pub(super) target: u32,
    pub(super) class: u8,
    pub(super) dscp: u8,
}

impl Header {
    fn packet(self, bits: u32, conversation: u32, tag: Tag, now: SimTime) -> Packet {
        Packet {
            target: self.target,
            class: self.class,
            dscp: self.dscp,
            conversation,
            segment: tag.bits(),
            ..Packet::new(self.flow, bits, now)
        }
    }
}

/// An application with its two flows, at the start of a replication.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) application: Box<dyn Application>,
    pub(super) streams: Streams,
    pub(super) settings: Settings,
    pub(super) data: Header,
    pub(super) acks: Header,
    /// No new data from here on.
    pub(super) stop: SimTime,
    pub(super) measures: Measures,
    /// If somebody asks for them.
    round_trips: Option<RoundTrips>,
    /// What the connection that is opened next sends.
    next: Option<u64>,
    /// Slots that it was given, and those of them that are free.
    slots: u32,
    free: Vec<u32>,
}

impl Client {
    pub(super) fn new(
        application: Box<dyn Application>,
        streams: Streams,
        settings: Settings,
        (data, acks): (Header, Header),
        stop: SimTime,
        (measures, round_trips): (Measures, Option<RoundTrips>),
    ) -> Self {
        let (next, slots, free) = (None, 0, Vec::new());
        Self { application, streams, settings, data, acks, stop, measures, round_trips, next, slots, free }
    }
    /// When the next connection opens, if one does.
    fn draw_next(&mut self, after: SimTime) -> Option<SimTime> {
        let opening = self.application.open(&mut self.streams)?;
        self.next = Some(opening.bytes.unwrap_or(sender::ENDLESS));
        Some(after + opening.gap).filter(|at| *at < self.stop)
    }
}

#[derive(Debug)]
struct Connection {
    client: u32,
    /// As in its packets.
    conversation: u32,
    /// Its slot among those of its client.
    share: u32,
    sender: Sender,
    receiver: Receiver,
    timers: [Timer; TIMERS],
    /// The transfer that goes on: bytes, and since when.
    bytes: u64,
    since: SimTime,
    /// Bytes of the transfer after the present pause; 0 if there is no pause.
    paused: u64,
    /// The window that the measures know.
    shown: u64,
}

/// All connections of a network.
#[derive(Debug, Default)]
pub(super) struct Transport {
    clients: Vec<Client>,
    connections: Vec<Connection>,
    /// Packets to be sent now; the network takes them after each event.
    pub(super) out: VecDeque<Packet>,
}

impl Transport {
    pub(super) fn new(clients: Vec<Client>) -> Self {
        Self { clients, ..Self::default() }
    }
    /// Draws the first connection of client `c`: when it opens.
    pub(super) fn first_opening(&mut self, c: usize, start: SimTime) -> Option<SimTime> {
        self.clients[c].draw_next(start)
    }
    /// The client that the timer with this index is of.
    pub(super) fn flow_of_timer(&self, index: u32) -> u32 {
        self.clients[self.connections[index as usize / TIMERS].client as usize].data.flow
    }
    /// The flow of a client.
    pub(super) fn flow_of_client(&self, c: usize) -> u32 {
        self.clients[c].data.flow
    }

    /// Client `c` opens a connection.
    pub(super) fn open<P: Probe>(&mut self, c: usize, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let Some(bytes) = self.clients[c].next.take() else { return };
        if let Some(at) = self.clients[c].draw_next(now) {
            let ticket = ctx.ticket();
            ctx.at(at, ticket, Event::open(c as u32));
        }
        let Some(slot) = self.slot(c) else { return ctx.fail(format!("more than {SLOT} connections are open")) };
        let (client, connection) = (&mut self.clients[c], &mut self.connections[slot]);
        connection.sender.open(client.settings.handshake, client.stop, now);
        connection.receiver.clear();
        self.begin(slot, bytes, ctx);
    }
    /// A slot for a new connection of client `c`; `None` if there is no room.
    fn slot(&mut self, c: usize) -> Option<usize> {
        if let Some(slot) = self.clients[c].free.pop() {
            return Some(slot as usize);
        }
        let slot = self.connections.len();
        if slot > SLOT as usize {
            return None;
        }
        let client = &mut self.clients[c];
        client.slots += 1;
        self.connections.push(Connection {
            client: c as u32,
            conversation: slot as u32,
            share: client.slots - 1,
            sender: Sender::new(&client.settings),
            receiver: Receiver::default(),
            timers: [Timer::OFF; TIMERS],
            bytes: 0,
            since: SimTime::ZERO,
            paused: 0,
            shown: 0,
        });
        Some(slot)
    }
    /// A transfer of `bytes` begins.
    fn begin<P: Probe>(&mut self, slot: usize, bytes: u64, ctx: &mut Ctx<'_, Event, P>) {
        let connection = &mut self.connections[slot];
        (connection.bytes, connection.since, connection.paused) = (bytes, ctx.now(), 0);
        connection.sender.give(bytes, ctx.now());
        self.pump(slot, ctx);
    }

    /// Sends what the sender of `slot` may send now, and sets its timers.
    fn pump<P: Probe>(&mut self, slot: usize, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let connection = &mut self.connections[slot];
        let client = &mut self.clients[connection.client as usize];
        loop {
            match connection.sender.next(now) {
                Next::Segment { tag, length, again } => {
                    let syn = tag.has(Tag::SYN);
                    let bits = if syn { client.settings.ack_bits } else { 8 * length + client.settings.header_bits };
                    let mut packet = client.data.packet(bits, connection.conversation, tag, now);
                    // Neither a SYN nor what is sent again may be marked (RFC 3168 sections 6.1.1 and 6.1.5).
                    if client.settings.ecn && again.is_none() && !syn {
                        packet.ecn = Ecn::Capable;
                    }
                    if let Some(after) = again {
                        client.measures.retransmission(after, now, ctx.probe());
                    }
                    self.out.push_back(packet);
                }
                Next::Later(at) => {
                    connection.timers[RESUME].set(at, timer(slot, RESUME), ctx);
                    break;
                }
                Next::Nothing => break,
            }
        }
        client.measures.window(&mut connection.shown, connection.sender.window.size, now, ctx.probe());
        if let Some(round_trips) = &mut client.round_trips {
            round_trips.tell(connection.share as usize, &mut connection.sender, now, ctx.probe());
        }
        connection.timers[RETRANSMIT].set(connection.sender.deadline(), timer(slot, RETRANSMIT), ctx);
    }

    /// A packet of the transport has come to where it is addressed.
    #[inline]
    pub(super) fn receive<P: Probe>(&mut self, packet: &Packet, ctx: &mut Ctx<'_, Event, P>) {
        let slot = (packet.conversation & SLOT) as usize;
        let connection = &mut self.connections[slot];
        // The slot may have gone to another connection since.
        if connection.conversation != packet.conversation {
            return;
        }
        if packet.flow == self.clients[connection.client as usize].data.flow {
            self.take_data(slot, packet, ctx);
        } else {
            self.take_acknowledgement(slot, Tag::from_bits(packet.segment), ctx);
        }
    }

    #[inline]
    fn take_data<P: Probe>(&mut self, slot: usize, packet: &Packet, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let Connection { client, conversation, share, receiver, timers, .. } = &mut self.connections[slot];
        let client = &mut self.clients[*client as usize];
        let tag = Tag::from_bits(packet.segment);
        if tag.has(Tag::SYN) {
            let accept = Tag::new(0, Tag::SYN);
            return self.out.push_back(client.acks.packet(client.settings.ack_bits, *conversation, accept, now));
        }
        let arrival = Arrival {
            number: tag.number(receiver.next()),
            marked: packet.ecn == Ecn::Congested,
            reduced: tag.has(Tag::ECN),
            last: tag.has(Tag::MORE),
        };
        let was_pending = receiver.is_pending();
        let answer = receiver.receive(arrival, client.settings.manner);
        if answer.new {
            client.measures.arrived(*share, packet.bits - client.settings.header_bits, now, ctx.probe());
        }
        for echo in answer.now.into_iter().flatten() {
            self.out.push_back(acknowledgement(client, *conversation, echo, now));
        }
        if receiver.is_pending() != was_pending || answer.now[0].is_some() {
            let timeout = SimDuration::from_ticks(client.settings.delayed_ack_timeout);
            let deadline = if receiver.is_pending() { now + timeout } else { SimTime::NEVER };
            timers[ACKNOWLEDGE].set(deadline, timer(slot, ACKNOWLEDGE), ctx);
        }
    }

    #[inline]
    fn take_acknowledgement<P: Probe>(&mut self, slot: usize, tag: Tag, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let Connection { sender, receiver, .. } = &mut self.connections[slot];
        if tag.has(Tag::SYN) {
            sender.accepted(now);
        } else if tag.has(Tag::MORE) {
            let number = tag.number(receiver.expected_report());
            let Some((next, blocks)) = receiver.collect(number) else { return };
            let named = blocks.iter().position(|b| b.0 == b.1).unwrap_or(blocks.len());
            sender.acknowledge(next, &blocks[..named], tag.has(Tag::ECN), now);
        } else {
            sender.acknowledge(tag.number(sender.first()), &[], tag.has(Tag::ECN), now);
        }
        self.pump(slot, ctx);
        if self.connections[slot].sender.is_done() {
            self.finish(slot, ctx);
        }
    }

    /// Everything that was handed over is acknowledged: the next transfer, or the end of the connection.
    fn finish<P: Probe>(&mut self, slot: usize, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now();
        let connection = &mut self.connections[slot];
        if connection.bytes == 0 {
            // Between transfers.
            return;
        }
        let client = &mut self.clients[connection.client as usize];
        client.measures.completed(connection.bytes, connection.since, &client.settings, now, ctx.probe());
        connection.bytes = 0;
        if let Some(Opening { gap, bytes }) = client.application.again(now, &mut client.streams) {
            let at = now + gap;
            if at < client.stop {
                connection.paused = bytes.unwrap_or(sender::ENDLESS);
                connection.timers[RESUME].set(at, timer(slot, RESUME), ctx);
            }
            return;
        }
        connection.sender.close();
        client.measures.window(&mut connection.shown, 0.0, now, ctx.probe());
        for (which, t) in connection.timers.iter_mut().enumerate() {
            t.set(SimTime::NEVER, timer(slot, which), ctx);
        }
        connection.conversation = connection.conversation.wrapping_add(1 << SLOT_BITS);
        client.free.push(slot as u32);
    }

    /// A timer's entry has come up.
    pub(super) fn timer<P: Probe>(&mut self, index: u32, ctx: &mut Ctx<'_, Event, P>) {
        let (slot, which) = (index as usize / TIMERS, index as usize % TIMERS);
        let now = ctx.now();
        let Connection { client, conversation, sender, receiver, timers, paused, .. } = &mut self.connections[slot];
        if !timers[which].is_due(timer(slot, which), ctx) {
            return;
        }
        let client = &mut self.clients[*client as usize];
        match which {
            RETRANSMIT => {
                if sender.time_out(now) {
                    client.measures.timeout(now, ctx.probe());
                }
                self.pump(slot, ctx);
            }
            ACKNOWLEDGE => {
                if receiver.is_pending() {
                    let echo = receiver.acknowledge(client.settings.manner);
                    self.out.push_back(acknowledgement(client, *conversation, echo, now));
                }
            }
            _ if *paused > 0 => {
                let bytes = *paused;
                self.begin(slot, bytes, ctx);
            }
            _ => self.pump(slot, ctx),
        }
    }
}

fn timer(slot: usize, which: usize) -> Event {
    Event::timer((slot * TIMERS + which) as u32)
}

fn acknowledgement(client: &Client, conversation: u32, echo: Echo, now: SimTime) -> Packet {
    let marked = if echo.marked { Tag::ECN } else { 0 };
    let tag = match echo.report {
        Some(report) => Tag::new(report, Tag::MORE | marked),
        None => Tag::new(echo.next, marked),
    };
    client.acks.packet(client.settings.ack_bits, conversation, tag, now)
}
