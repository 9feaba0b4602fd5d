//! Hierarchical token bucket (M. Devera 2002, "HTB Linux queuing discipline manual"; `net/sched/sch_htb.c`; from memory).
//!
//! Classes form a tree. Every class has two token buckets: one fills at its `rate`, which is guaranteed, one at its `ceil`,
//! which it never exceeds; each holds a burst. Packets wait in the leaves. A leaf whose own tokens are not negative sends
//! at level 0. One that has none left *borrows* from the nearest ancestor that has, if no class on the way is over its
//! ceiling. Leaves that can send at a lower level go first, among these those of a lower `prio`, among these deficit
//! round robin, so that what is lent is shared in proportion to `quantum`, by default in proportion to the rates. A packet
//! takes tokens of the lender and of all above it, and ceiling tokens of all on the way; those below the lender keep
//! theirs, which is what makes the loan one. Tokens that find a bucket full are lost: where a class is to reach its ceiling
//! beside others that borrow, `cburst` must hold what it may have while each of them uses its quantum.
//!
//! The root is implicit: it has the rate of the link, or `rate`, and classes without `parent` borrow from it if their
//! `ceil` lets them.
//!
//! The station's utilization is that of the class with the most used ceiling, or of the line if that is more.
//!
//! This is the ideal discipline: tokens are exact (file `bucket.rs`) and the next packet goes at the very instant at which
//! it may, where the kernel's timers and the batches of its events add their grain. A decision looks at every leaf that has
//! packets.
//!
//! Parameters: `rate`; `ceil` = rate; `burst`, `cburst` what `rate` or `ceil` sends in 4 ms (a jiffy of 250 Hz), at least 1500 B
//! and the largest packet that traffic is known to send, as of the whole; `prio` 0; `quantum` = rate / `r2q`, r2q 10, not under
//! 1000 B nor over 200 000 B, as `tc-htb(8)`. Validated against: shares of what is lent (30/10/60 of 100 with the third
//! idle: 75/25, and variants), guarantees, ceilings over every interval, a sum of tokens without drift.

mod bucket;
mod read;
#[cfg(test)]
mod tests;

use sim_core::SimTime;
use sim_core::config::{Field, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::children::Children;
use super::classes::{DEFAULT, QUEUE, RULE};
use super::{BORROWED, Discipline, Effects, Largest, MakeDiscipline, Next, Reason, Signal};
use crate::network::Packet;
use crate::network::classifier::Classifier;
use crate::registry::Kind;
use bucket::Bucket;

/// Priorities of classes.
const PRIORITIES: usize = 8;
/// Classes in each other beyond this depth are refused, as by Linux.
const LEVELS: usize = 8;

const DATA: Type = Type::Quantity(&[Dimension::DATA]);
const BIT_RATE: Type = Type::Quantity(&[Dimension::BIT_RATE]);

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "htb",
    doc: "Hierarchical token bucket: classes in a tree, each with a guaranteed rate and a ceiling, which lend each other what they do not need. The utilization is that of the most used ceiling, or of the line.",
    fields: &[
        Field::required(
            "classes",
            Type::Map(&Type::Record(&[
                Field::optional("parent", Type::Text, "The class that it borrows from; without it, the whole."),
                Field::required("rate", BIT_RATE, "What it is guaranteed."),
                Field::optional("ceil", BIT_RATE, "What it may have if others do not need it; without it, its rate."),
                Field::optional(
                    "burst",
                    DATA,
                    "What it may send at once after it has been idle; without it, what its rate sends in 4 ms, but at least 1500 B \
                     and the largest packet that traffic is known to send.",
                ),
                Field::optional(
                    "cburst",
                    DATA,
                    "What it may send at once beyond its ceiling; without it, what its ceiling sends in 4 ms, as `burst`. It must \
                     outlast a round of quanta for the ceiling to be reached.",
                ),
                Field::default(
                    "prio",
                    Type::Integer { min: 0, max: PRIORITIES as i64 - 1 },
                    "0",
                    "Among classes that borrow from the same level, lower values go first.",
                ),
                Field::optional(
                    "quantum",
                    DATA,
                    "Its share of what is lent; without it, what its rate sends in 1/r2q s, from 1000 B to 200 000 B.",
                ),
                RULE,
                QUEUE,
            ])),
            "The classes; those that are nobody's parent hold the packets.",
        ),
        DEFAULT,
        Field::optional(
            "rate",
            BIT_RATE,
            "The rate of the whole; without it, that of the link that the queue stands before.",
        ),
        Field::default("r2q", Type::Number { min: 0.001, max: 1e6 }, "10", "Rate, in B/s, over quantum, in B."),
    ],
    make: |table, context| read::read(table, context).map(|h| Box::new(h) as Box<dyn Discipline>),
};

/// The tree of classes with their queues.
#[derive(Clone, Debug)]
pub struct Htb {
    classifier: Classifier,
    queues: Children,
    nodes: Vec<Node>,
    /// By index of their queues.
    leaves: Vec<Leaf>,
    /// The leaf whose turn it is, for each level and priority.
    turns: [[u8; PRIORITIES]; LEVELS],
}

/// A class.
#[derive(Clone, Debug)]
struct Node {
    parent: Option<u32>,
    /// 0 for a leaf; the more, the nearer to the root.
    level: u8,
    rate: Bucket,
    ceil: Bucket,
    /// Bits that it or classes in it have sent.
    sent: u64,
}

/// A class that holds packets.
#[derive(Clone, Debug)]
struct Leaf {
    node: u32,
    prio: u8,
    /// In bits, as the deficits.
    quantum: i64,
    /// One for each level that it borrows from.
    deficits: [i64; LEVELS],
}

/// A leaf that may send.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    level: u8,
    prio: u8,
    leaf: u8,
    lender: u32,
}

impl Htb {
    fn new(classifier: Classifier, queues: Children, nodes: Vec<Node>, leaves: Vec<Leaf>) -> Self {
        Self { classifier, queues, nodes, leaves, turns: [[0; PRIORITIES]; LEVELS] }
    }

    /// The nearest class that lets leaf `l` send now.
    #[inline]
    fn lender(&self, l: usize, now: u64) -> Option<u32> {
        let mut at = Some(self.leaves[l].node);
        while let Some(n) = at {
            let node = &self.nodes[n as usize];
            if !node.ceil.is_ready(now) {
                return None;
            }
            if node.rate.is_ready(now) {
                return Some(n);
            }
            at = node.parent;
        }
        None
    }
    /// When a class will let leaf `l` send, if nothing is sent before.
    fn ready(&self, l: usize) -> u64 {
        let (mut soonest, mut ceiling) = (u64::MAX, 0);
        let mut at = Some(self.leaves[l].node);
        while let Some(n) = at {
            let node = &self.nodes[n as usize];
            ceiling = ceiling.max(node.ceil.ready());
            soonest = soonest.min(ceiling.max(node.rate.ready()));
            at = node.parent;
        }
        soonest
    }

    /// The leaves that have packets, those in `skipped` excepted.
    #[inline]
    fn backlogged<'a>(&'a self, skipped: &'a Skipped) -> impl Iterator<Item = usize> + 'a {
        (0..self.leaves.len()).filter(|&l| self.queues.get(l).len() > 0 && !skipped.has(l))
    }

    /// Whose turn it is.
    fn choose(&self, now: u64, skipped: &Skipped) -> Option<Candidate> {
        let (mut best, mut least) = (None, usize::MAX);
        for l in self.backlogged(skipped) {
            let Some(lender) = self.lender(l, now) else { continue };
            let (level, prio) = (self.nodes[lender as usize].level, self.leaves[l].prio);
            let turn = usize::from(self.turns[level as usize][prio as usize]);
            let distance = if l >= turn { l - turn } else { l + self.leaves.len() - turn };
            // By level, then prio, then distance from the turn.
            let order = usize::from(level) << 16 | usize::from(prio) << 8 | distance;
            if order < least {
                (best, least) = (Some(Candidate { level, prio, leaf: l as u8, lender }), order);
            }
        }
        best
    }

    /// Lets the turn pass by a leaf whose last packet was larger than its quantum and is not made up for; false if there
    /// is none to make up for. (The kernel lets it send all the same, and warns of small quanta.)
    fn passes(&mut self, c: Candidate) -> bool {
        let leaf = &mut self.leaves[c.leaf as usize];
        let deficit = &mut leaf.deficits[c.level as usize];
        if *deficit >= 0 {
            return false;
        }
        *deficit += leaf.quantum;
        self.give_turn(c, 1);
        true
    }

    /// Takes tokens and turn for a packet that is sent.
    fn charge(&mut self, c: Candidate, bits: u32, now: SimTime) {
        let mut lent = false;
        let mut at = Some(self.leaves[c.leaf as usize].node);
        while let Some(n) = at {
            let node = &mut self.nodes[n as usize];
            lent |= n == c.lender;
            if lent {
                node.rate.take(bits, now);
            }
            node.ceil.take(bits, now);
            node.sent += u64::from(bits);
            at = node.parent;
        }
        let leaf = &mut self.leaves[c.leaf as usize];
        let deficit = &mut leaf.deficits[c.level as usize];
        *deficit -= i64::from(bits);
        let over = *deficit < 0;
        if over {
            *deficit += leaf.quantum;
        }
        self.give_turn(c, usize::from(over));
    }

    /// The turn is at the leaf that is `further` than `c`.
    #[inline]
    fn give_turn(&mut self, c: Candidate, further: usize) {
        let next = (usize::from(c.leaf) + further) % self.leaves.len();
        self.turns[c.level as usize][c.prio as usize] = next as u8;
    }
}

/// Leaves whose queues give nothing now.
#[derive(Default)]
struct Skipped([u64; 4]);

impl Skipped {
    #[inline]
    fn has(&self, l: usize) -> bool {
        self.0[l / 64] >> (l % 64) & 1 == 1
    }
    fn add(&mut self, l: usize) {
        self.0[l / 64] |= 1 << (l % 64);
    }
}

impl Discipline for Htb {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.queues.enqueue(self.classifier.class(packet), packet, now, effects)
    }

    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        if self.queues.len() == 0 {
            return Next::Empty;
        }
        let (mut skipped, mut soonest) = (Skipped::default(), u64::MAX);
        loop {
            let Some(candidate) = self.choose(now.ticks(), &skipped) else {
                let at = self.backlogged(&skipped).map(|l| self.ready(l)).fold(soonest, u64::min);
                return if at == u64::MAX { Next::Empty } else { Next::NotBefore(SimTime::from_ticks(at)) };
            };
            if self.passes(candidate) {
                continue;
            }
            let next = self.queues.dequeue(candidate.leaf.into(), now, effects);
            match &next {
                Next::Packet(Packet { bits, .. }) => {
                    self.charge(candidate, *bits, now);
                    if candidate.level > 0 {
                        effects.signal(BORROWED, u64::from(*bits));
                    }
                    return next;
                }
                Next::NotBefore(at) => soonest = soonest.min(at.ticks()),
                Next::Empty => {}
            }
            skipped.add(candidate.leaf.into());
        }
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
        // Every packet takes tokens.
        false
    }
    fn paced(&self) -> bool {
        true
    }
    fn used(&self, tell: &mut dyn FnMut(u64)) {
        self.nodes.iter().for_each(|n| tell(n.ceil.time(n.sent)));
        self.queues.used(tell);
    }
    fn largest(&self, packet: &Packet) -> Option<Largest> {
        self.queues.largest(self.classifier.class(packet), packet)
    }
    fn reasons(&self) -> Vec<Reason> {
        self.queues.reasons()
    }
    fn signals(&self) -> Vec<Signal> {
        let mut signals = self.queues.signals();
        signals.push(BORROWED);
        signals
    }
}
