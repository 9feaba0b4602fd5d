//! Deficit round robin (Shreedhar & Varghese 1995, doi:10.1145/217382.217453, DOI from memory).
//!
//! Classes with packets stand in a ring. When its turn comes, a class's deficit grows by its quantum; it sends packets as
//! long as the first is not larger than the deficit, which each takes down by its size; then the turn goes on. A class
//! that has sent all leaves the ring and its deficit is forgotten. So every class with a backlog gets its quantum's share
//! of the rate, whatever the sizes of its packets: after k rounds it has sent k quanta to within one packet. The weight
//! belongs to the class, and all its flows share it.
//!
//! A class whose own queue may not send yet (a shaper inside) counts as one without packets for that turn.
//!
//! Parameters: `quantum` 1514 B (a full Ethernet frame without checksum, the default of Linux); not less than the largest
//! packet, or rounds pass without a packet and a decision is no longer O(1). Validated against: the sequence of quanta
//! 1:2:4, |sent - k Q| <= largest packet, latency (Stiliadis & Varma 1998, doi:10.1109/90.731196, DOI from memory), max-min
//! fair shares under capped demands.

#[cfg(test)]
pub(super) mod tests;

use std::collections::VecDeque;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::children::{Child, Children};
use super::classes::{BY, COMMON_QUEUE, DEFAULT, Findings, OWN_QUEUE, RULE, read_flat};
use super::{Discipline, DisciplineContext, Effects, Largest, MakeDiscipline, Next, Reason, Signal};
use crate::network::Packet;
use crate::network::classifier::Classifier;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "drr",
    doc: "Deficit round robin: classes share the rate in proportion to their quanta, whatever the sizes of their packets. Without `classes`, each class of traffic has a queue.",
    fields: &[
        Field::optional(
            "classes",
            Type::Map(&Type::Record(&[
                RULE,
                Field::optional(
                    "quantum",
                    Type::Quantity(&[Dimension::DATA]),
                    "What it may send in a round; without it, that of the discipline.",
                ),
                OWN_QUEUE,
            ])),
            "The classes.",
        ),
        DEFAULT,
        BY,
        Field::default(
            "quantum",
            Type::Quantity(&[Dimension::DATA]),
            "\"1514 B\"",
            "What a class may send in a round that has no quantum of its own; not less than the largest packet.",
        ),
        COMMON_QUEUE,
    ],
    make: |table, context| Drr::read(table, context).map(|d| Box::new(d) as Box<dyn Discipline>),
};

/// The queues and the ring.
#[derive(Clone, Debug)]
pub struct Drr {
    classifier: Classifier,
    queues: Children,
    classes: Vec<Class>,
    /// Classes that have packets, the one whose turn it is first.
    ring: VecDeque<u32>,
    /// The first of the ring has had its quantum for this turn.
    served: bool,
    /// Packets in [`Class::held`], and their bits.
    held: (usize, u64),
}

#[derive(Clone, Debug)]
struct Class {
    /// In bits, as the deficit.
    quantum: u64,
    deficit: u64,
    in_ring: bool,
    /// The head of a queue that cannot show it without giving it out.
    held: Option<Packet>,
}

/// What a class has to send.
enum Head {
    Bits(u32),
    Empty,
    NotBefore(SimTime),
}

impl Drr {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut found = Findings::default();
        let flat = read_flat(table, context, &mut found);
        let tables = flat.as_ref().map_or(&[][..], |f| &f.tables);
        let largest = context.largest.into();
        let common = quantum(table, largest, &mut found);
        let own = |class: &Table, found: &mut Findings| {
            class.get("quantum").map_or(common, |_| quantum(class, largest, found))
        };
        let quanta: Vec<u64> = tables.iter().map(|t| t.map_or(common, |t| own(t, &mut found))).collect();
        let Some(flat) = flat else { return Err(found.errors) };
        found.or_errors(context, || Self::new(flat.classifier, Children::new(flat.queues), &quanta))
    }
    fn new(classifier: Classifier, queues: Children, quanta: &[u64]) -> Self {
        let class = |&quantum: &u64| Class { quantum, deficit: 0, in_ring: false, held: None };
        let classes = quanta.iter().map(class).collect();
        Self { classifier, queues, classes, ring: VecDeque::new(), served: false, held: (0, 0) }
    }

    /// The size of the first packet of class `c`.
    #[inline]
    fn head(&mut self, c: usize, now: SimTime, effects: &mut Effects) -> Head {
        if let Child::Fifo(fifo) = self.queues.get(c) {
            return fifo.head().map_or(Head::Empty, |p| Head::Bits(p.bits));
        }
        if let Some(packet) = &self.classes[c].held {
            return Head::Bits(packet.bits);
        }
        match self.queues.dequeue(c, now, effects) {
            Next::Empty => Head::Empty,
            Next::NotBefore(at) => Head::NotBefore(at),
            Next::Packet(packet) => {
                self.classes[c].held = Some(packet);
                self.held = (self.held.0 + 1, self.held.1 + u64::from(packet.bits));
                Head::Bits(packet.bits)
            }
        }
    }
    #[inline]
    fn take(&mut self, c: usize, now: SimTime, effects: &mut Effects) -> Next {
        if let Some(packet) = self.classes[c].held.take() {
            self.held = (self.held.0 - 1, self.held.1 - u64::from(packet.bits));
            return Next::Packet(packet);
        }
        self.queues.dequeue(c, now, effects)
    }
    /// The first of the ring has nothing more to send.
    #[inline]
    fn leave(&mut self) {
        if let Some(c) = self.ring.pop_front() {
            let class = &mut self.classes[c as usize];
            (class.deficit, class.in_ring) = (0, false);
        }
        self.served = false;
    }
    /// The turn goes on to the next of the ring.
    #[inline]
    fn pass(&mut self) {
        self.ring.rotate_left(1);
        self.served = false;
    }
}

/// A quantum in bits.
fn quantum(table: &Table, largest: u64, found: &mut Findings) -> u64 {
    let (given, span) = (table.quantity("quantum"), table.span_of("quantum"));
    let quantum = given.value as u64;
    if quantum == 0 {
        let d = Diagnostic::error("E0375", span, "a quantum of nothing", "must be positive");
        found.error(d.help("a class with this quantum would never send; \"1514 B\" holds any Ethernet frame"));
    } else if 2 * quantum <= largest {
        let message = format!("a packet of {} B takes several rounds of {given}", largest.div_ceil(8));
        let d = Diagnostic::warning("W0373", span, message, "less than half of the largest packet");
        found.warnings.push(d.help("shares are the same, but a packet costs work in proportion to its rounds"));
    }
    quantum
}

impl Discipline for Drr {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let c = self.classifier.class(packet);
        self.queues.enqueue(c, packet, now, effects)?;
        let class = &mut self.classes[c];
        if !class.in_ring {
            class.in_ring = true;
            self.ring.push_back(c as u32);
        }
        Ok(())
    }

    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        let (mut blocked, mut soonest) = (0, SimTime::NEVER);
        while let Some(&first) = self.ring.front() {
            let c = first as usize;
            match self.head(c, now, effects) {
                Head::Empty => self.leave(),
                Head::NotBefore(at) => {
                    self.classes[c].deficit = 0;
                    self.pass();
                    soonest = soonest.min(at);
                    blocked += 1;
                    if blocked >= self.ring.len() {
                        return Next::NotBefore(soonest);
                    }
                }
                Head::Bits(bits) => {
                    let class = &mut self.classes[c];
                    if !self.served {
                        class.deficit += class.quantum;
                        self.served = true;
                    }
                    if u64::from(bits) > class.deficit {
                        self.pass();
                        blocked = 0;
                        continue;
                    }
                    class.deficit -= u64::from(bits);
                    let next = self.take(c, now, effects);
                    if self.queues.get(c).len() == 0 {
                        self.leave();
                    }
                    return next;
                }
            }
        }
        Next::Empty
    }
    fn len(&self) -> usize {
        self.queues.len() + self.held.0
    }
    fn bits(&self) -> u64 {
        self.queues.bits() + self.held.1
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.queues.for_each(show);
        self.classes.iter().filter_map(|c| c.held.as_ref()).for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn start(&mut self, rng: Rng) {
        self.queues.start(rng);
    }
    fn steps_aside(&self) -> bool {
        // A packet that comes to an empty ring goes at once and leaves no deficit: the ring need not see it.
        self.queues.steps_aside()
    }
    fn paced(&self) -> bool {
        self.queues.paced()
    }
    fn used(&self, tell: &mut dyn FnMut(u64)) {
        self.queues.used(tell);
    }
    fn largest(&self, packet: &Packet) -> Option<Largest> {
        self.queues.largest(self.classifier.class(packet), packet)
    }
    fn reasons(&self) -> Vec<Reason> {
        self.queues.reasons()
    }
    fn signals(&self) -> Vec<Signal> {
        self.queues.signals()
    }
}
