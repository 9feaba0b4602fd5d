//! Sketches of very many flows, told of a few packets at a time.
//!
//! The sketches of some hundred flows and more do not fit the caches, and a run would wait for memory at nearly every packet.
//! Told of several packets in one go, it waits for all of them at once. What is counted is the same.

use super::statistics::Tally;
use crate::probe::{ComponentId, Departure};

/// With fewer flows than this, sketches are told at once.
const MANY: usize = 256;
/// Packets told of at a time: about as many as a processor looks ahead.
const BATCH: usize = 16;

/// Times that sketches have still to be told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketching {
    /// Flow, sojourn time and wait in ticks.
    put_off: Vec<(ComponentId, u64, u64)>,
    /// Whether anything is put off.
    pub(super) is_batched: bool,
}

impl Sketching {
    pub(super) fn new(tallies: &[Tally]) -> Self {
        let flows = tallies.iter().filter(|t| matches!(t, Tally::Flow(_))).count();
        Self { put_off: Vec::with_capacity(BATCH), is_batched: flows >= MANY }
    }
    /// A packet has left flow `c`, whose sketches do not know it yet.
    #[inline]
    pub(super) fn add(&mut self, c: ComponentId, d: &Departure, tallies: &mut [Tally]) {
        self.put_off.push((c, (d.at - d.since).ticks(), d.wait));
        if self.put_off.len() == BATCH {
            self.finish(tallies);
        }
    }
    /// Tells the sketches all that was put off.
    #[inline(never)]
    pub(super) fn finish(&mut self, tallies: &mut [Tally]) {
        for (c, sojourn, wait) in self.put_off.drain(..) {
            if let Tally::Flow(flow) = &mut tallies[c as usize] {
                flow.sojourn.sketch.add(sojourn);
                flow.wait.sketch.add(wait);
            }
        }
    }
}
