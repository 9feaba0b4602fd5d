//! Queue disciplines: which packet is served next, which is dropped or marked, and from when on one may be served.
//!
//! A discipline in a third-party crate is one file: a type that implements [`Discipline`] and a
//! [`Kind`] that is added to [`Registry::disciplines`](crate::Registry::disciplines).

mod children;
mod classes;
#[cfg(test)]
mod classful;
mod codel;
#[cfg(test)]
mod driver;
mod drr;
mod effects;
mod fattest;
mod fifo;
mod fq_codel;
mod htb;
mod limit;
mod pie;
mod prio;
mod priority;
mod red;
mod tbf;
mod wfq;
#[cfg(test)]
mod wire;

use std::cell::RefCell;
use std::fmt::Debug;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Span, Table};
use sim_core::quantity::Quantity;
use sim_core::rng::Rng;

use super::label::Label;
use super::packet::Packet;
use crate::registry::{Kind, Registry};

pub use codel::{CoDel, Control};
pub use drr::Drr;
pub(in crate::network) use effects::{AVAILABILITY, FAILURES, SignalMap};
pub use effects::{
    AVERAGE_QUEUE, BORROWED, DROP_PROBABILITY, EARLY, Effects, FORCED, GREEN, LINK_DOWN, LINK_LOSS, MAPPINGS, MARKED,
    MTU, NO_MAPPING, NO_ROUTE, OVERLIMIT, OWN, POLICED, PORT_EXHAUSTED, REASONS, RED, Reason, SIGNALS, Signal,
    TAIL_DROP, TARGET_EXCEEDED, TRANSLATED, TTL, YELLOW,
};
pub use fifo::Fifo;
pub use fq_codel::{FqCoDel, Sharing};
pub use htb::Htb;
pub use limit::Limit;
pub use pie::{Pie, PieLaw};
pub use prio::Prio;
pub use priority::Priority;
pub use red::{Red, RedLaw};
pub use tbf::Tbf;
pub(in crate::network) use tbf::{FIELDS as TBF_FIELDS, long_burst};
pub use wfq::Wfq;

/// What a discipline has for a server that is free.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// This packet.
    Packet(Packet),
    /// Nothing waits.
    Empty,
    /// Something waits, and nothing may go before this instant (a shaper without tokens).
    NotBefore(SimTime),
}

impl Next {
    /// The packet, if there is one now.
    pub fn packet(self) -> Option<Packet> {
        if let Self::Packet(packet) = self { Some(packet) } else { None }
    }
}

/// The largest packet that something ever lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Largest {
    /// Its size in bits.
    pub bits: u64,
    /// Where that is told.
    pub span: Span,
}

impl Largest {
    /// `bits`, which `table` tells under `key`, or of itself.
    pub fn new(table: &Table, key: &str, bits: u64) -> Self {
        Self { bits, span: table.span_of(key) }
    }
}

/// The waiting room of a station. Packets in service are not in it.
///
/// `now` never goes back. A discipline is a passive state machine: the station asks it for a packet when a server is
/// free. Timers that change its state between two calls (a probability that is updated every 15 ms) are worked out at the
/// next call: nothing in a queue changes in between.
pub trait Discipline: Debug + Send + Sync {
    /// Takes a copy of `packet` in, or gives the reason why it is refused. Packets that were taken in before and must go go to
    /// `effects`.
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason>;
    /// What to serve next. Packets that are dropped on the way to it go to `effects`.
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next;
    /// How many packets wait.
    fn len(&self) -> usize;
    /// Whether none waits.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bits that wait.
    fn bits(&self) -> u64 {
        let mut sum = 0;
        self.for_each(&mut |p| sum += u64::from(p.bits));
        sum
    }
    /// Shows every packet that waits, in any order.
    fn for_each(&self, show: &mut dyn FnMut(&Packet));
    /// A discipline in the state of this one; each replication starts from a copy.
    fn boxed_clone(&self) -> Box<dyn Discipline>;
    /// Called once at the start of a replication with a stream of random numbers of its own, for those that draw.
    fn start(&mut self, rng: Rng) {
        let _ = rng;
    }
    /// `Some` if this serves first in, first out and drops only what comes when the limit is reached: then a station
    /// with one server works departures out on arrival and asks this no more.
    fn as_fifo(&self) -> Option<Limit> {
        None
    }
    /// Whether a packet that finds a server idle may go straight to it. Disciplines that must see every packet (active
    /// queue management, shapers) say no.
    fn steps_aside(&self) -> bool {
        true
    }
    /// Whether [`Next::NotBefore`] can be its answer.
    fn paced(&self) -> bool {
        false
    }
    /// Tells, of each token bucket that bounds what goes, how long the tokens for all that went since the start take to
    /// come in, in ticks; always in the same order. The share of the one that is used most is the utilization of the
    /// station, if that is more than the share of time in which it serves.
    fn used(&self, tell: &mut dyn FnMut(u64)) {
        let _ = tell;
    }
    /// The largest packet that it ever lets pass, of those that are like `packet` otherwise, if there is a bound.
    fn largest(&self, packet: &Packet) -> Option<Largest> {
        let _ = packet;
        None
    }
    /// For which reasons it drops, so that each is counted by itself.
    fn reasons(&self) -> Vec<Reason> {
        vec![TAIL_DROP]
    }
    /// What it signals through [`Effects::signal`].
    fn signals(&self) -> Vec<Signal> {
        Vec::new()
    }
}

/// What a discipline may need to know of the scenario.
#[derive(Clone, Copy, Debug)]
pub struct DisciplineContext<'a> {
    /// The names of the classes of traffic; a packet's `class` is an index into it.
    pub classes: &'a [String],
    /// The flows; a packet's `flow` is an index into it.
    pub flows: &'a [Label],
    /// The rate of the link that it stands before; a stage has none.
    pub rate: Option<Quantity>,
    /// The kinds of elements, for disciplines inside this one.
    pub registry: &'a Registry,
    /// The largest packet in bits that the scenario's traffic is known to send, for defaults; 0 if none is known.
    pub largest: u32,
    /// Takes what is doubtful but no error; see [`DisciplineContext::warn`].
    pub warnings: &'a RefCell<Diagnostics>,
}

impl DisciplineContext<'_> {
    /// Tells the user of something that is doubtful, but no error.
    pub fn warn(&self, d: Diagnostic) {
        self.warnings.borrow_mut().push(d);
    }
    /// The discipline of a checked table, for one inside another (`queue = { kind = "drr", ... queue = { ... } }`).
    pub fn make(&self, table: &Table) -> Result<Box<dyn Discipline>, Diagnostics> {
        let make = self.registry.disciplines.get(table.kind()).expect("the checker knows the kind").make;
        make(table, self)
    }
    /// Warns if the discipline's `ecn` asks for marks and nothing that is sent can be marked.
    fn check_marks(&self, table: &Table) {
        if table.bool("ecn") && !self.flows.iter().any(|f| f.ecn) {
            let d = Diagnostic::warning("W0360", table.span_of("ecn"), "no traffic reacts to marks", "drops instead");
            self.warn(d.help("`ecn = true` in a [traffic.NAME] says that its transport does"));
        }
    }
}

/// Makes a discipline from its checked table.
pub type MakeDiscipline = fn(&Table, &DisciplineContext<'_>) -> Result<Box<dyn Discipline>, Diagnostics>;

/// The disciplines that come with the program.
pub const DISCIPLINES: &[Kind<MakeDiscipline>] = &[
    fifo::KIND,
    priority::KIND,
    prio::KIND,
    drr::KIND,
    wfq::KIND,
    htb::KIND,
    tbf::KIND,
    red::KIND,
    codel::KIND,
    fq_codel::KIND,
    pie::KIND,
];
