//! What uses connections: when they open and how much they carry.

use std::fmt::Debug;

use sim_core::{SimDuration, SimTime};

use crate::network::traffic::Streams;

/// A transfer that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// How long after the opening before it (after the start, for the first); of a further transfer, after the end of the
    /// one before.
    pub gap: SimDuration,
    /// How much is sent, at least a byte; `None` never ends.
    pub bytes: Option<u64>,
}

/// A use of connections: bulk transfers, exchanges, sessions.
pub trait Application: Debug + Send + Sync {
    /// The next connection, or `None` if there are no more. It opens whether or not those before have ended.
    fn open(&mut self, streams: &mut Streams) -> Option<Opening>;
    /// A transfer is complete at `at`: the next on the same connection, or `None` to close it.
    fn again(&mut self, at: SimTime, streams: &mut Streams) -> Option<Opening> {
        let _ = (at, streams);
        None
    }
    /// How many connections there will be, if that is known and they stay open.
    fn connections(&self) -> Option<u32> {
        None
    }
    /// Whether transfers end, so that their durations are measured.
    fn is_finite(&self) -> bool;
    /// Bytes a second, if they are bounded on average: for estimates only.
    fn mean_rate(&self) -> Option<f64>;
    /// Transfers a second, if that is known: for estimates only.
    fn transfer_rate(&self) -> Option<f64> {
        None
    }
    /// Whether it ever draws from its streams.
    fn draws(&self) -> bool {
        true
    }
    /// An application in the state of this one; each replication starts from a copy.
    fn boxed_clone(&self) -> Box<dyn Application>;
}
