//! The mappings that a translator holds, by key, in order of their last use.

use sim_core::{SimDuration, SimTime};

use crate::network::packet::mix;

/// No slot.
const NONE: u32 = u32::MAX;

/// A mapping.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    /// When a packet last refreshed it.
    used: SimTime,
    pool: u32,
    /// The mappings that were used last before it and first after it; of a free slot, the next free one.
    older: u32,
    newer: u32,
}

/// Mappings of pools that have equally many ports each.
///
/// All live equally long after their last use, so the first to end is always the one that was used the longest ago: a list
/// in order of use needs no timers. Keys are sparse (a connection's number tells its slot and how many there were in it
/// before), so they are looked up by hashing, with linear probing; what is looked up never depends on the order in the table.
#[derive(Clone, Debug)]
pub(super) struct Mappings {
    timeout: SimDuration,
    ports: u32,
    slots: Vec<Slot>,
    /// The first free slot.
    free: u32,
    oldest: u32,
    newest: u32,
    /// Slots by the hash of their key; a power of two of places, half of them empty at least.
    places: Vec<u32>,
    /// How many ports of each pool are taken.
    taken: Vec<u32>,
    /// How many mappings there are.
    pub(super) live: u32,
}

impl Mappings {
    pub(super) fn new(ports: u32, pools: usize, timeout: SimDuration) -> Self {
        let (slots, places) = (Vec::new(), vec![NONE; 16]);
        let (free, oldest, newest) = (NONE, NONE, NONE);
        Self { timeout, ports, slots, free, oldest, newest, places, taken: vec![0; pools], live: 0 }
    }
    /// Ends the mapping that ends first, if it does up to `until`; tells when.
    pub(super) fn expire(&mut self, until: SimTime) -> Option<SimTime> {
        let first = self.slots.get(self.oldest as usize)?;
        let end = Some(first.used + self.timeout).filter(|end| *end <= until)?;
        self.remove(self.oldest);
        Some(end)
    }
    /// Whether there is a mapping of this key.
    pub(super) fn has(&self, key: u64) -> bool {
        self.places[self.place(key)] != NONE
    }
    /// Uses the mapping of a key at `now`, or makes one. `None` if none of the pool's ports is free for it, and else
    /// whether it is new.
    pub(super) fn refresh(&mut self, key: u64, pool: u32, now: SimTime) -> Option<bool> {
        let place = self.place(key);
        let slot = self.places[place];
        if slot != NONE {
            self.slots[slot as usize].used = now;
            self.unlink(slot);
            self.link(slot);
            return Some(false);
        }
        if self.taken[pool as usize] >= self.ports {
            return None;
        }
        self.taken[pool as usize] += 1;
        self.live += 1;
        let new = Slot { key, used: now, pool, older: NONE, newer: NONE };
        let slot = self.free;
        if slot == NONE {
            self.places[place] = self.slots.len() as u32;
            self.slots.push(new);
            self.link(self.places[place]);
        } else {
            self.free = self.slots[slot as usize].newer;
            self.slots[slot as usize] = new;
            self.places[place] = slot;
            self.link(slot);
        }
        if 2 * self.live as usize > self.places.len() {
            self.grow();
        }
        Some(true)
    }

    fn remove(&mut self, slot: u32) {
        let Slot { key, pool, .. } = self.slots[slot as usize];
        self.taken[pool as usize] -= 1;
        self.live -= 1;
        self.unlink(slot);
        self.vacate(self.place(key));
        self.slots[slot as usize].newer = self.free;
        self.free = slot;
    }
    /// Puts a mapping at the end of the list.
    fn link(&mut self, slot: u32) {
        (self.slots[slot as usize].older, self.slots[slot as usize].newer) = (self.newest, NONE);
        match self.slots.get_mut(self.newest as usize) {
            Some(last) => last.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }
    fn unlink(&mut self, slot: u32) {
        let Slot { older, newer, .. } = self.slots[slot as usize];
        match self.slots.get_mut(older as usize) {
            Some(before) => before.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(newer as usize) {
            Some(after) => after.older = older,
            None => self.newest = older,
        }
    }

    /// Where a key should be looked for first.
    fn home(&self, key: u64) -> usize {
        mix(key, 0) as usize & (self.places.len() - 1)
    }
    /// Where a key is, or would be.
    fn place(&self, key: u64) -> usize {
        let mut place = self.home(key);
        while self.places[place] != NONE && self.slots[self.places[place] as usize].key != key {
            place = (place + 1) & (self.places.len() - 1);
        }
        place
    }
    /// Empties a place, and moves up those behind it that would no longer be found (Knuth 1998, vol. 3, algorithm 6.4R).
    fn vacate(&mut self, mut hole: usize) {
        let mask = self.places.len() - 1;
        self.places[hole] = NONE;
        let mut place = (hole + 1) & mask;
        while self.places[place] != NONE {
            let home = self.home(self.slots[self.places[place] as usize].key);
            if place.wrapping_sub(home) & mask >= place.wrapping_sub(hole) & mask {
                self.places.swap(hole, place);
                hole = place;
            }
            place = (place + 1) & mask;
        }
    }
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.places);
        self.places = vec![NONE; 2 * old.len()];
        for slot in old.into_iter().filter(|slot| *slot != NONE) {
            let place = self.place(self.slots[slot as usize].key);
            self.places[place] = slot;
        }
    }
}
