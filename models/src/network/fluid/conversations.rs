//! Numbers of connections, as the transport of the packets gives them: what routers hash.
//!
//! A connection has a slot of its client that is free, or a new one; each connection of a slot has another number. So the
//! connections of two runs have the same numbers as long as they open and close in the same order.

use crate::network::transport::SLOT_BITS;

/// Numbers of the connections of all clients.
#[derive(Clone, Debug)]
pub(super) struct Conversations {
    /// The number that the next connection of each slot has.
    slots: Vec<u32>,
    /// Slots of each client that are free.
    free: Vec<Vec<u32>>,
}

impl Conversations {
    pub(super) fn new(clients: usize) -> Self {
        Self { slots: Vec::new(), free: vec![Vec::new(); clients] }
    }
    /// A connection of client `c` opens.
    pub(super) fn open(&mut self, c: usize) -> u32 {
        let slot = self.free[c].pop().unwrap_or_else(|| {
            self.slots.push(self.slots.len() as u32);
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize]
    }
    /// It closes.
    pub(super) fn close(&mut self, c: usize, conversation: u32) {
        let slot = conversation & ((1 << SLOT_BITS) - 1);
        self.slots[slot as usize] = conversation.wrapping_add(1 << SLOT_BITS);
        self.free[c].push(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_under_other_numbers() {
        let mut all = Conversations::new(2);
        assert_eq!([all.open(0), all.open(1), all.open(0)], [0, 1, 2]);
        all.close(0, 0);
        // That of another client is not taken.
        assert_eq!([all.open(1), all.open(0), all.open(0)], [3, 1 << SLOT_BITS, 4]);
        all.close(0, 1 << SLOT_BITS);
        assert_eq!(all.open(0), 2 << SLOT_BITS);
    }
}
