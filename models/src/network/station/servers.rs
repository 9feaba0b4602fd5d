//! The servers of a station: which are idle, and which of the others is done next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_core::SimTime;

use crate::network::packet::Packet;

/// A packet in service, or what it was when it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    /// Its `waited` holds the wait here, too.
    pub(super) packet: Packet,
    pub(super) started: u64,
    pub(super) ends: u64,
    /// For how much of its wait the packet was held back.
    pub(super) held_back: u64,
}

/// All servers of a station.
#[derive(Debug)]
pub(super) struct Servers {
    each: Box<[Served]>,
    /// By index.
    idle: Vec<u32>,
    /// The one that is done next, and when; `u64::MAX` if all are idle.
    next: (u64, u32),
    /// Idle ones may not begin.
    withheld: bool,
    /// The other busy ones; of those that are done at once the first is first.
    later: BinaryHeap<Reverse<(u64, u32)>>,
}

/// What `next` is if none is busy.
const NEVER: (u64, u32) = (u64::MAX, u32::MAX);

impl Servers {
    pub(super) fn new(count: u32) -> Self {
        let idle = Served { packet: Packet::new(0, 0, SimTime::ZERO), started: 0, ends: 0, held_back: 0 };
        let each = vec![idle; count as usize].into();
        Self { each, idle: (0..count).rev().collect(), next: NEVER, withheld: false, later: BinaryHeap::new() }
    }
    #[inline]
    pub(super) fn any_idle(&self) -> bool {
        !self.idle.is_empty() && !self.withheld
    }
    /// Whether idle ones may not begin from now on: what they need is not free.
    pub(super) fn withhold(&mut self, withheld: bool) {
        self.withheld = withheld;
    }
    /// When the next service ends; `u64::MAX` if none is going on.
    #[inline]
    pub(super) fn next_end(&self) -> u64 {
        self.next.0
    }
    /// An idle server begins with `packet` at `now`.
    #[inline]
    pub(super) fn start(&mut self, packet: &Packet, now: SimTime, ends: u64, held_back: u64) {
        let server = self.idle.pop().expect("one is idle");
        let waited = packet.waited + (now - packet.entered).ticks();
        let packet = Packet { waited, ..*packet };
        self.each[server as usize] = Served { packet, started: now.ticks(), ends, held_back };
        // A service without an end is never done.
        let mut begun = (ends.min(u64::MAX - 1), server);
        if begun < self.next {
            std::mem::swap(&mut begun, &mut self.next);
        }
        if begun != NEVER {
            self.later.push(Reverse(begun));
        }
    }
    /// The server that is done next is idle.
    #[inline]
    pub(super) fn finish(&mut self) -> &Served {
        let server = self.next.1;
        self.next = self.later.pop().map_or(NEVER, |Reverse(next)| next);
        self.idle.push(server);
        &self.each[server as usize]
    }
    /// All that goes on, in the order of its ends.
    pub(super) fn busy(&self) -> impl Iterator<Item = &Served> {
        let mut servers: Vec<_> = self.later.iter().map(|l| l.0).chain([self.next]).filter(|n| *n != NEVER).collect();
        servers.sort_unstable();
        servers.into_iter().map(|(_, server)| &self.each[server as usize])
    }
    /// Stops all that goes on.
    pub(super) fn interrupt(&mut self) -> Vec<Served> {
        let stopped = self.busy().copied().collect();
        *self = Self::new(self.each.len() as u32);
        stopped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a search through all: what is done next is what ends first.
        #[test]
        fn they_end_in_the_order_of_their_ends(count in 1u32..5, steps in prop::collection::vec(0u64..9, 1..200)) {
            let mut servers = Servers::new(count);
            let mut oracle: Vec<(u64, u32)> = Vec::new();
            let (mut now, mut bits) = (0, 0);
            for step in steps {
                if servers.any_idle() && step > 0 {
                    bits += 1;
                    let packet = Packet::new(0, bits, SimTime::from_ticks(now));
                    servers.start(&packet, SimTime::from_ticks(now), now + step, 0);
                    oracle.push((now + step, bits));
                } else if let Some(ends) = oracle.iter().map(|o| o.0).min() {
                    prop_assert_eq!(servers.next_end(), ends);
                    let &Served { packet, ends, .. } = servers.finish();
                    now = ends;
                    let place = oracle.iter().position(|o| *o == (ends, packet.bits));
                    prop_assert!(place.is_some());
                    oracle.remove(place.expect("checked"));
                }
                let mut busy: Vec<u64> = servers.busy().map(|s| s.ends).collect();
                prop_assert!(busy.is_sorted());
                prop_assert_eq!(servers.any_idle(), busy.len() < count as usize);
                busy.sort_unstable();
                let mut expected: Vec<u64> = oracle.iter().map(|o| o.0).collect();
                expected.sort_unstable();
                prop_assert_eq!(busy, expected);
            }
            prop_assert_eq!(servers.interrupt().len(), oracle.len());
            prop_assert_eq!(servers.next_end(), u64::MAX);
        }
    }
}
