//! Weighted fair queueing: packet-by-packet generalized processor sharing (Demers, Keshav & Shenker 1989,
//! doi:10.1145/75247.75248; Parekh & Gallager 1993, doi:10.1109/90.234856; DOIs from memory).
//!
//! The reference is a fluid that serves all classes with a backlog at once, each in proportion to its weight. Its *virtual
//! time* V grows at C / W bits per second and unit of weight, C the rate of the link and W the weights of the classes that
//! have a backlog *in the fluid*. A packet of L bits of a class of weight w that comes at time a gets the tag
//!
//! F = max(V(a), F of the packet before it in its class) + L / w,
//!
//! the virtual time at which the fluid has served it, and packets are sent in the order of their tags. None is finished
//! later than in the fluid by more than the time of the largest packet, `L_max` / C; a class whose arrivals fit a bucket of
//! sigma at a rate up to its share g is never delayed by more than sigma / g + `L_max` / C.
//!
//! The fluid is followed exactly (file `fluid.rs`). A packet costs O(log n) for n classes.
//!
//! Tags belong to places in a class's queue. Where the queue of a class is not first in, first out, its packets take the
//! places in the order in which the queue gives them; when the queue drops one, the first place goes and those behind it
//! move up by the size of what was dropped.
//!
//! Parameters: `weight` 1, `rate` that of the link. Validated against: a fluid reference in steps, S - GPS <= `L_max` / C;
//! the delay bound; a hand-worked sequence of virtual times with arrivals and departures; max-min fair shares under
//! capped demands; weights of classes with several flows.

mod fluid;
mod heap;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use sim_core::SimTime;
use sim_core::config::{Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::children::Children;
use super::classes::{BY, COMMON_QUEUE, DEFAULT, Findings, OWN_QUEUE, RULE, rate, read_flat};
use super::{Discipline, DisciplineContext, Effects, Largest, MakeDiscipline, Next, Reason, Signal};
use crate::network::Packet;
use crate::network::classifier::Classifier;
use crate::registry::Kind;
use fluid::{Fluid, integer_weights};
use heap::Heap;

const WEIGHT: Type = Type::Number { min: 1e-6, max: 1e9 };

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "wfq",
    doc: "Weighted fair queueing (PGPS): packets are sent in the order in which a fluid would finish them that serves all classes at once, in proportion to their weights. Without `classes`, each class of traffic has a queue.",
    fields: &[
        Field::optional(
            "classes",
            Type::Map(&Type::Record(&[
                RULE,
                Field::default("weight", WEIGHT, "1", "Its weight; all its flows share it."),
                OWN_QUEUE,
            ])),
            "The classes.",
        ),
        DEFAULT,
        BY,
        Field::optional(
            "rate",
            Type::Quantity(&[Dimension::BIT_RATE]),
            "The rate that is shared; without it, that of the link that the queue stands before.",
        ),
        COMMON_QUEUE,
    ],
    make: |table, context| Wfq::read(table, context).map(|w| Box::new(w) as Box<dyn Discipline>),
};

/// The queues and the fluid that they follow.
#[derive(Clone, Debug)]
pub struct Wfq {
    classifier: Classifier,
    queues: Children,
    fluid: Fluid,
    /// The tags of the places in each queue; the first is the class's key in `ready`.
    tags: Vec<VecDeque<u64>>,
    /// Classes that have packets, by their first tag.
    ready: Heap,
    /// Scratch: classes that may not send yet.
    blocked: Vec<u32>,
}

impl Wfq {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut found = Findings::default();
        let flat = read_flat(table, context, &mut found);
        let rate = rate(table, context, &mut found);
        let (Some(flat), Some(rate)) = (flat, rate) else { return Err(found.errors) };
        let weights: Vec<f64> = flat.tables.iter().map(|t| t.map_or(1.0, |t| t.number("weight"))).collect();
        found.or_errors(context, || Self::new(flat.classifier, Children::new(flat.queues), &weights, rate.exact))
    }
    fn new(classifier: Classifier, queues: Children, weights: &[f64], rate: (i128, i128)) -> Self {
        let n = weights.len();
        let (whole, multiple) = integer_weights(weights);
        let fluid = Fluid::new(&whole, multiple, rate);
        Self { classifier, queues, fluid, tags: vec![VecDeque::new(); n], ready: Heap::new(n), blocked: Vec::new() }
    }

    /// Gives up the places of packets that the queue of class `c` has dropped since `before`.
    #[inline]
    fn forget_dropped(&mut self, c: usize, effects: &Effects, before: usize) {
        if effects.dropped.len() > before {
            self.forget(c, &effects.dropped[before..]);
        }
    }
    #[cold]
    fn forget(&mut self, c: usize, dropped: &[(Packet, Reason)]) {
        for (packet, _) in dropped {
            self.tags[c].pop_front();
            let less = self.fluid.shrink(c, packet.bits);
            self.tags[c].iter_mut().for_each(|tag| *tag -= less.min(*tag));
        }
        self.rank(c);
    }
    /// Counts virtual time from the first tag in use, before numbers become too large.
    #[cold]
    fn restart(&mut self) {
        let first = self.ready.first_item().map_or(u64::MAX, |(tag, _)| tag);
        let origin = first.min(self.fluid.now());
        self.fluid.restart(origin);
        for c in 0..self.tags.len() {
            self.tags[c].iter_mut().for_each(|tag| *tag -= origin);
            self.rank(c);
        }
    }
    /// Those that were passed over for lack of tokens take part again.
    #[inline]
    fn unblock(&mut self) {
        while let Some(c) = self.blocked.pop() {
            self.rank(c as usize);
        }
    }
    /// Puts class `c` to its place among those that have packets.
    #[inline]
    fn rank(&mut self, c: usize) {
        match self.tags[c].front() {
            Some(&tag) => self.ready.set(c as u32, tag),
            None => self.ready.remove(c as u32),
        }
    }
}

impl Discipline for Wfq {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let c = self.classifier.class(packet);
        let before = effects.dropped.len();
        let taken = self.queues.enqueue(c, packet, now, effects);
        if taken.is_ok() {
            if self.fluid.is_far() {
                self.restart();
            }
            let tag = self.fluid.arrive(c, packet.bits, now);
            self.tags[c].push_back(tag);
            if self.tags[c].len() == 1 {
                self.ready.set(c as u32, tag);
            }
        }
        self.forget_dropped(c, effects, before);
        taken
    }

    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        let mut soonest = SimTime::NEVER;
        while let Some(first) = self.ready.first() {
            let c = first as usize;
            let before = effects.dropped.len();
            let next = self.queues.dequeue(c, now, effects);
            self.forget_dropped(c, effects, before);
            match &next {
                Next::Packet(_) => {
                    self.tags[c].pop_front();
                    self.rank(c);
                    self.unblock();
                    return next;
                }
                Next::Empty => self.ready.remove(first),
                Next::NotBefore(at) => {
                    soonest = soonest.min(*at);
                    self.ready.remove(first);
                    self.blocked.push(first);
                }
            }
        }
        self.unblock();
        if soonest == SimTime::NEVER { Next::Empty } else { Next::NotBefore(soonest) }
    }
    fn len(&self) -> usize {
        self.queues.len()
    }
    fn bits(&self) -> u64 {
        self.queues.bits()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.queues.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn start(&mut self, rng: Rng) {
        self.queues.start(rng);
    }
    fn steps_aside(&self) -> bool {
        // Every packet moves the virtual time.
        false
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
