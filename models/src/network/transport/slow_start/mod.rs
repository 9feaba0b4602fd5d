//! Slow start: how a window that nothing is known for finds what the path holds.
//!
//! The congestion control doubles the window in each round trip. What stands here looks at the acknowledgements and may end
//! that, by a threshold at the present window, before losses do. It does not matter to controls that pace (BBR has a start of
//! its own).
//!
//! One in a third-party crate is one file: a type that implements [`SlowStart`] and a [`Kind`] that is added to
//! [`Registry::slow_starts`](crate::Registry::slow_starts).

mod hystart;
mod hystart_plus_plus;

use std::fmt::Debug;

use sim_core::config::{Diagnostics, Table};

use super::congestion::{Ack, Window};
use crate::registry::Kind;

/// A law of slow start.
pub trait SlowStart: Debug + Send + Sync {
    /// A connection begins. Whatever was before is forgotten.
    fn open(&mut self);
    /// An acknowledgement came in slow start, and the control has let the window grow from `before`. May take some of the
    /// growth back, and ends slow start by lowering the threshold to the window.
    fn on_ack(&mut self, window: &mut Window, before: f64, ack: &Ack);
    /// The retransmission timer expired: another slow start follows.
    fn on_timeout(&mut self) {}
    /// A law in the state of this one; each connection starts from a copy.
    fn boxed_clone(&self) -> Box<dyn SlowStart>;
}

/// Makes a law of slow start from its checked table; `None` is that of RFC 5681.
pub type MakeSlowStart = fn(&Table) -> Result<Option<Box<dyn SlowStart>>, Diagnostics>;

/// The laws of slow start that come with the program.
pub const SLOW_STARTS: &[Kind<MakeSlowStart>] = &[
    Kind {
        name: "standard",
        doc: "The window doubles every round trip until a loss, a mark or the threshold (RFC 5681 section 3.1).",
        fields: &[],
        make: |_| Ok(None),
    },
    hystart::KIND,
    hystart_plus_plus::KIND,
];

/// A round: it ends with the acknowledgement of the first segment that was sent after it had begun.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// That segment.
    end: u64,
}

impl Round {
    /// Whether a new one begins with this acknowledgement.
    fn turns(&mut self, ack: &Ack) -> bool {
        let over = ack.first > self.end;
        if over {
            self.end = ack.next;
        }
        over
    }
}

#[cfg(test)]
mod fixture {
    use super::*;
    use crate::network::traffic::fixture::table;

    /// The law of a table, which must not be the standard one.
    pub(super) fn law(text: &str) -> Box<dyn SlowStart> {
        let table = table(SLOW_STARTS, text);
        let make = SLOW_STARTS.iter().find(|k| k.name == table.kind()).expect("checked").make;
        make(&table).expect("the parameters are right").expect("a law of its own")
    }
}
