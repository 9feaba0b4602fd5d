//! The calendar's bucket in hand: the entries that fall due next, in order.
//!
//! Up to eight entries are put in order by a sorting network (Batcher 1968, doi:10.1145/1468075.1468121): not one branch
//! depends on a time, so nothing is mispredicted. More are first distributed over bins of a few each, in linear time.

use super::entry::{Entry, LAST};

/// Entries in a chunk of a bucket.
pub(super) const CHUNK: usize = 8;
/// Bins are made for this many entries each, as far as there are bins.
const PER_BIN: usize = 4;
const MAX_BINS: usize = 128;
/// Events to announce at a time.
const ANNOUNCED: usize = 64;
/// An entry is put in among this many of the earliest; further back is not searched.
const NEAR: usize = 16;

#[derive(Debug)]
pub(super) struct Hand<E> {
    /// Latest first, so that the next one is taken off the end.
    entries: Vec<Entry<E>>,
    /// A bucket as it comes from the calendar.
    unsorted: Vec<Entry<E>>,
    /// Room to distribute it in.
    binned: Vec<Entry<E>>,
    /// How many of the latest were not announced yet.
    ahead: usize,
}

impl<E: Copy> Hand<E> {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), unsorted: Vec::new(), binned: Vec::new(), ahead: 0 }
    }
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// The smallest key, or [`LAST`].
    #[inline]
    pub(super) fn min_key(&self) -> u128 {
        self.entries.last().map_or(LAST, Entry::key)
    }
    /// Calls `prefetch` for the events that will be taken next, unless that was done. A few dozen at a time: what they
    /// need should still be in the cache when their turn comes.
    #[inline]
    pub(super) fn announce(&mut self, prefetch: impl FnMut(E)) {
        let n = self.entries.len();
        if n <= self.ahead {
            self.ahead = n.saturating_sub(ANNOUNCED);
            self.entries[self.ahead..].iter().map(|e| e.event).for_each(prefetch);
        }
    }
    /// The time of the next entry.
    #[inline]
    pub(super) fn min_time(&self) -> Option<u64> {
        self.entries.last().map(|e| e.time)
    }
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<E>> {
        self.entries.pop()
    }
    /// Takes the next entry if it was announced and lies before `end`.
    #[inline]
    pub(super) fn pop_before(&mut self, end: u64) -> Option<Entry<E>> {
        if self.entries.len() > self.ahead { self.entries.pop_if(|e| e.time < end) } else { None }
    }
    /// Puts `entry` in its place if that is among the next few; false if not.
    #[inline]
    pub(super) fn insert(&mut self, entry: Entry<E>) -> bool {
        let key = entry.key();
        let n = self.entries.len();
        if n >= NEAR && self.entries[n - NEAR].key() < key {
            return false;
        }
        self.entries.push(entry);
        let mut at = n;
        while at > 0 && self.entries[at - 1].key() < key {
            self.entries[at] = self.entries[at - 1];
            at -= 1;
        }
        self.entries[at] = entry;
        true
    }
    /// Adds an entry out of order; [`Hand::sort`] follows.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry<E>) {
        self.unsorted.push(entry);
    }
    /// Adds entries out of order, last first; [`Hand::sort`] follows.
    #[inline]
    pub(super) fn add_reversed(&mut self, entries: &[Entry<E>]) {
        self.unsorted.extend(entries.iter().rev());
    }
    pub(super) fn retain(&mut self, keep: impl Fn(&Entry<E>) -> bool) {
        self.entries.retain(keep);
    }
    pub(super) fn drain_into(&mut self, out: &mut Vec<Entry<E>>) {
        out.append(&mut self.entries);
    }
    /// Takes the entries of a bucket that is one chunk; the hand must be empty. None is earlier than `base`, nor later by
    /// 2^`shift` ticks.
    #[inline]
    pub(super) fn take_chunk(&mut self, chunk: &[Entry<E>], base: u64, shift: u32) {
        push_few(&mut self.entries, chunk, base, shift);
        self.ahead = self.entries.len();
    }
    /// Takes what was added, in order; the hand must be empty. None is earlier than `base`, nor later by 2^`shift` ticks.
    pub(super) fn sort(&mut self, base: u64, shift: u32) {
        self.ahead = self.unsorted.len();
        let n = self.unsorted.len();
        let bits = (n / PER_BIN).max(1).ilog2().min(MAX_BINS.ilog2());
        if shift < bits {
            self.entries.append(&mut self.unsorted);
            return sort_by_key(&mut self.entries);
        }
        // Distribution counting (Knuth 3, 5.2), latest bin first.
        let last = (1usize << bits) - 1;
        let width = shift - bits;
        let bin = |e: &Entry<E>| last - (((e.time - base) >> width) as usize & last);
        let mut ends = [0u32; MAX_BINS];
        for e in &self.unsorted {
            ends[bin(e)] += 1;
        }
        let mut start = 0;
        for end in &mut ends[..=last] {
            (*end, start) = (start, start + *end);
        }
        if self.binned.len() < n {
            self.binned.clone_from(&self.unsorted);
        }
        for e in &self.unsorted {
            let end = &mut ends[bin(e)];
            self.binned[*end as usize] = *e;
            *end += 1;
        }
        let mut start = 0;
        for &end in &ends[..=last] {
            push_few(&mut self.entries, &self.binned[start..end as usize], base, shift);
            start = end as usize;
        }
        self.unsorted.clear();
    }
}

/// Adds `few` to `sorted`, latest first. None is earlier than `base`, nor later by 2^`shift` ticks.
#[inline]
fn push_few<E: Copy>(sorted: &mut Vec<Entry<E>>, few: &[Entry<E>], base: u64, shift: u32) {
    let start = sorted.len();
    if few.len() > CHUNK || shift > u64::BITS - 4 {
        sorted.extend_from_slice(few);
        return sort_by_key(&mut sorted[start..]);
    }
    // A time since `base` and, below it, a place: no two are equal, and free places come last.
    let mut keys = [u64::MAX; CHUNK];
    for (i, (key, e)) in keys.iter_mut().zip(few).enumerate() {
        *key = ((e.time - base) << 3) | i as u64;
    }
    sort_eight(&mut keys);
    let (mut ties, mut later) = (false, u64::MAX);
    sorted.extend(keys[..few.len()].iter().rev().map(|&key| {
        ties |= key >> 3 == later;
        later = key >> 3;
        few[key as usize % CHUNK]
    }));
    if ties {
        sort_by_key(&mut sorted[start..]);
    }
}

/// Sorts latest first; finds out, in one pass, if that is done already.
#[cold]
fn sort_by_key<E: Copy>(entries: &mut [Entry<E>]) {
    entries.sort_unstable_by_key(|e| std::cmp::Reverse(e.key()));
}

/// Sorts by nineteen exchanges.
#[inline]
fn sort_eight(k: &mut [u64; 8]) {
    macro_rules! exchange {
        ($($i:literal $j:literal),*) => { $(
            (k[$i], k[$j]) = (k[$i].min(k[$j]), k[$i].max(k[$j]));
        )* };
    }
    exchange!(0 1, 2 3, 4 5, 6 7);
    exchange!(0 2, 1 3, 4 6, 5 7);
    exchange!(1 2, 5 6);
    exchange!(0 4, 1 5, 2 6, 3 7);
    exchange!(2 4, 3 5);
    exchange!(1 2, 3 4, 5 6);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::entry::NO_TIMER;
    use super::*;

    proptest! {
        #[test]
        fn buckets_come_in_order(
            // Spread out, close together, or with many ties; few and many.
            times in prop_oneof![
                prop::collection::vec(0u64..1 << 30, 0..20),
                prop::collection::vec(0u64..1 << 30, 0..600),
                prop::collection::vec(0u64..1 << 8, 0..200),
                prop::collection::vec(0u64..3, 0..40),
            ],
            shift in prop_oneof![Just(30u32), Just(44), Just(62)],
        ) {
            let base = 1 << shift;
            let entry = |(i, t): (usize, &u64)| Entry {
                time: base + t,
                // Not in the order of arrival.
                order: (i as u64 * 7919) % 10_007,
                timer: NO_TIMER,
                event: (),
            };
            let entries: Vec<Entry<()>> = times.iter().enumerate().map(entry).collect();
            let mut expected: Vec<u128> = entries.iter().map(Entry::key).collect();
            expected.sort_unstable();
            let mut hand = Hand::new();
            if entries.len() <= CHUNK {
                hand.take_chunk(&entries, base, shift);
            } else {
                hand.add_reversed(&entries);
                hand.sort(base, shift);
            }
            let got: Vec<u128> = std::iter::from_fn(|| hand.pop()).map(|e| e.key()).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
