//! Queue disciplines: which packet is served next, and which is dropped.
//!
//! A discipline in a third-party crate is one file: a type that implements [`Discipline`] and a
//! [`Kind`] that is added to [`Registry::disciplines`](crate::Registry::disciplines).

mod fifo;
mod limit;
mod priority;

use std::fmt::Debug;

use sim_core::SimTime;
use sim_core::config::{Diagnostics, Table};

use super::packet::Packet;
use crate::registry::Kind;

pub use fifo::Fifo;
pub use limit::Limit;
pub use priority::Priority;

/// Why a discipline dropped a packet: an index into [`REASONS`].
pub type Reason = u8;

/// The reasons for which disciplines drop.
pub const REASONS: &[&str] = &["tail_drop"];

/// The queue was full when the packet came.
pub const TAIL_DROP: Reason = 0;

/// The waiting room of a station. Packets in service are not in it.
///
/// `now` never goes back. A discipline is a passive state machine: the station asks it for a packet when a server is
/// free.
pub trait Discipline: Debug + Send + Sync {
    /// Takes `packet` in, or gives the reason why it is refused. Packets that were taken in before and must go go to
    /// `dropped`.
    fn enqueue(&mut self, packet: Packet, now: SimTime, dropped: &mut Vec<(Packet, Reason)>) -> Result<(), Reason>;
    /// The packet to serve next. Packets that are dropped on the way to it go to `dropped`.
    fn dequeue(&mut self, now: SimTime, dropped: &mut Vec<(Packet, Reason)>) -> Option<Packet>;
    /// How many packets wait.
    fn len(&self) -> usize;
    /// Whether none waits.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Shows every packet that waits, in any order.
    fn for_each(&self, show: &mut dyn FnMut(&Packet));
    /// A discipline in the state of this one; each replication starts from a copy.
    fn boxed_clone(&self) -> Box<dyn Discipline>;
    /// `Some` if this serves first in, first out and drops only what comes when the limit is reached: then a station
    /// with one server works departures out on arrival and asks this no more.
    fn as_fifo(&self) -> Option<Limit> {
        None
    }
}

/// What a discipline may need to know of the scenario.
#[derive(Clone, Copy, Debug)]
pub struct DisciplineContext<'a> {
    /// The names of the classes of traffic; a packet's `class` is an index into it.
    pub classes: &'a [String],
}

/// Makes a discipline from its checked table.
pub type MakeDiscipline = fn(&Table, &DisciplineContext<'_>) -> Result<Box<dyn Discipline>, Diagnostics>;

/// The disciplines that come with the program.
pub const DISCIPLINES: &[Kind<MakeDiscipline>] = &[fifo::KIND, priority::KIND];
