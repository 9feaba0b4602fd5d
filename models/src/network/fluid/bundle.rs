//! Transfers that share a path, served at one rate each: who ends next is known from sizes alone.
//!
//! All transfers of a bundle have the same rate r(t) at any time, so that a transfer of x bits that begins when each has been
//! sent S bits ends when each has been sent S + x: a heap of these ends, whatever r does in between. A beginning and an end
//! cost O(log n); a change of the rate costs nothing (processor sharing in virtual time, Parekh & Gallager 1993,
//! doi:10.1109/90.234856 (DOI from memory)).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use sim_core::{SimTime, TICKS_PER_SECOND};

/// A transfer under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    /// What each transfer of the bundle has been sent when it ends, in bits since the bundle was last empty.
    end: f64,
    /// Its size in bits on the wire.
    pub(super) bits: f64,
    /// Its payload in bytes.
    pub(super) bytes: u64,
    /// When it was opened.
    pub(super) since: SimTime,
    /// The number of its connection.
    pub(super) conversation: u32,
    /// Order among those that end together.
    number: u64,
}

// The heap has the greatest on top: the earliest end is the greatest.
impl Ord for Transfer {
    fn cmp(&self, other: &Self) -> Ordering {
        other.end.total_cmp(&self.end).then(other.number.cmp(&self.number))
    }
}
impl PartialOrd for Transfer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Transfer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Transfer {}

/// The transfers under way on one path.
#[derive(Clone, Debug, Default)]
pub(super) struct Bundle {
    under_way: BinaryHeap<Transfer>,
    /// What each has been sent since the bundle was last empty, in bits.
    sent: f64,
    /// bit/s for each.
    rate: f64,
    /// Until when `sent` is worked out.
    at: SimTime,
    begun: u64,
}

impl Bundle {
    /// How many are under way.
    pub(super) fn flows(&self) -> u64 {
        self.under_way.len() as u64
    }
    /// Brings what was sent up to `now`; returns the bits that all of them were sent since the last call.
    pub(super) fn catch_up(&mut self, now: SimTime) -> f64 {
        let seconds = (now - self.at).ticks() as f64 / TICKS_PER_SECOND as f64;
        self.at = now;
        let each = self.rate * seconds;
        self.sent += each;
        each * self.under_way.len() as f64
    }
    /// From now on each has `rate` bit/s. `catch_up` first.
    pub(super) fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }
    /// A transfer begins now. `catch_up` first.
    pub(super) fn begin(&mut self, bits: f64, bytes: u64, since: SimTime, conversation: u32) {
        self.take(Transfer { end: bits, bits, bytes, since, conversation, number: 0 });
    }
    /// A transfer of which `end` is left goes on here. `catch_up` first.
    pub(super) fn take(&mut self, transfer: Transfer) {
        if self.under_way.is_empty() {
            // Small numbers are more exact.
            self.sent = 0.0;
        }
        self.begun += 1;
        self.under_way.push(Transfer { end: self.sent + transfer.end, number: self.begun, ..transfer });
    }
    /// When the next one ends at the present rate; never if none does.
    pub(super) fn next_end(&self) -> SimTime {
        let Some(first) = self.under_way.peek() else { return SimTime::NEVER };
        if self.rate <= 0.0 {
            return SimTime::NEVER;
        }
        let ticks = ((first.end - self.sent).max(0.0) / self.rate * TICKS_PER_SECOND as f64).round();
        SimTime::from_ticks(self.at.ticks().saturating_add(ticks as u64))
    }
    /// Takes out the transfer that ends now; the next after it counts what was sent from exactly its end, so that rounding
    /// to ticks does not add up.
    pub(super) fn end(&mut self) -> Option<Transfer> {
        let transfer = self.under_way.pop()?;
        self.sent = transfer.end;
        Some(transfer)
    }
    /// Takes out all that are under way, in the order in which they came; the `end` of each is what is left of it. `catch_up`
    /// first.
    pub(super) fn leave(&mut self) -> Vec<Transfer> {
        let mut all: Vec<Transfer> = self.under_way.drain().collect();
        all.sort_by_key(|transfer| transfer.number);
        for transfer in &mut all {
            transfer.end = (transfer.end - self.sent).max(0.0);
        }
        all
    }
    /// Shows each that is under way: when it was opened.
    pub(super) fn for_each(&self, mut show: impl FnMut(SimTime)) {
        self.under_way.iter().for_each(|t| show(t.since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: f64) -> SimTime {
        SimTime::from_ticks((s * 1e12) as u64)
    }

    #[test]
    fn shares_change_and_ends_follow() {
        // 100 bit/s shared by transfers of 100 and 300 bits that begin together, and one of 50 at 1 s.
        let mut bundle = Bundle::default();
        bundle.begin(100.0, 0, secs(0.0), 0);
        bundle.begin(300.0, 0, secs(0.0), 0);
        bundle.set_rate(50.0);
        assert_eq!(bundle.next_end(), secs(2.0));
        assert_eq!(bundle.catch_up(secs(1.0)), 100.0);
        bundle.begin(50.0, 0, secs(1.0), 0);
        bundle.set_rate(100.0 / 3.0);
        // Both the first and the third need 50 bits more: at 2.5 s, the first to begin first.
        assert_eq!(bundle.next_end(), secs(2.5));
        bundle.catch_up(secs(2.5));
        assert_eq!(bundle.end().unwrap().bits, 100.0);
        assert_eq!(bundle.next_end(), secs(2.5));
        assert_eq!(bundle.end().unwrap().bits, 50.0);
        bundle.set_rate(100.0);
        assert_eq!(bundle.next_end(), secs(4.5));
        bundle.catch_up(secs(4.5));
        assert_eq!((bundle.end().unwrap().bits, bundle.flows()), (300.0, 0));
        assert_eq!(bundle.next_end(), SimTime::NEVER);
    }
}
