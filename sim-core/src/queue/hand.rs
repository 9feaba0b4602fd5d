//! The calendar's bucket in hand: the entries that fall due next, in order.
//!
//! Most buckets hold fewer than eight entries. Those are put in order by a sorting network (Batcher 1968,
//! doi:10.1145/1468075.1468121): not one branch depends on a time, so nothing is mispredicted.

use super::entry::{Entry, LAST};

/// Entries in a chunk of a bucket.
pub(super) const CHUNK: usize = 8;
/// An entry is put in among this many of the earliest; further back is not searched.
const NEAR: usize = 16;

#[derive(Debug)]
pub(super) struct Hand<E> {
    /// Latest first, so that the next one is taken off the end.
    entries: Vec<Entry<E>>,
    /// A bucket as it comes from the calendar.
    unsorted: Vec<Entry<E>>,
}

impl<E: Copy> Hand<E> {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), unsorted: Vec::new() }
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
    pub(super) fn events(&self) -> impl Iterator<Item = E> {
        self.entries.iter().map(|e| e.event)
    }
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<E>> {
        self.entries.pop()
    }
    /// Takes the next entry if it lies before `end`.
    #[inline]
    pub(super) fn pop_before(&mut self, end: u64) -> Option<Entry<E>> {
        self.entries.pop_if(|e| e.time < end)
    }
    /// Puts `entry` in its place if that is among the next few; false if not.
    pub(super) fn insert(&mut self, entry: Entry<E>) -> bool {
        let key = entry.key();
        let n = self.entries.len();
        let from = n.saturating_sub(NEAR);
        let earlier = self.entries[from..].iter().filter(|e| e.key() < key).count();
        let fits = earlier < NEAR;
        if fits {
            self.entries.push(entry);
            let mut i = n;
            while i > n - earlier {
                self.entries[i] = self.entries[i - 1];
                i -= 1;
            }
            self.entries[i] = entry;
        }
        fits
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
    /// Takes the first `n` entries of a bucket's only chunk, in order; the hand must be empty. All lie within
    /// 2^`shift` ticks from `base` on.
    #[inline]
    pub(super) fn take_chunk(&mut self, chunk: &[Entry<E>; CHUNK], n: usize, base: u64, shift: u32) {
        // A time since `base` and, below it, a place: no two are equal, and free places come last.
        let mut keys = [u64::MAX; CHUNK];
        if shift > u64::BITS - 4 {
            self.add_reversed(&chunk[..n]);
            return self.sort();
        }
        for (i, (key, e)) in keys.iter_mut().zip(chunk).enumerate() {
            if i < n {
                *key = ((e.time - base) << 3) | i as u64;
            }
        }
        sort_eight(&mut keys);
        let mut ties = false;
        for i in (0..n.min(CHUNK)).rev() {
            self.entries.push(chunk[keys[i] as usize % CHUNK]);
            ties |= i > 0 && keys[i] >> 3 == keys[i - 1] >> 3;
        }
        if ties {
            std::mem::swap(&mut self.entries, &mut self.unsorted);
            self.sort();
        }
    }
    /// Puts what was added in order; the hand must be empty.
    #[cold]
    pub(super) fn sort(&mut self) {
        self.entries.append(&mut self.unsorted);
        // Also finds out, in one pass, that they are in order already.
        self.entries.sort_unstable_by_key(|e| std::cmp::Reverse(e.key()));
    }
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
