//! An implicit 4-ary min-heap with inline integer keys (La Marca & Ladner 1996, doi:10.1145/235141.235145).
//!
//! Four children lie side by side, so a level costs about two cache lines. Places behind the end hold a key greater than
//! any other, so that four children can always be compared without asking how many there are.

use super::entry::{Entry, LAST, NO_TIMER};

#[derive(Debug)]
pub(super) struct Heap<E> {
    /// `len` entries, then at least four of padding (once anything was pushed).
    slots: Vec<Entry<E>>,
    len: usize,
}

impl<E: Copy> Heap<E> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }
    /// The smallest key, or [`LAST`].
    #[inline]
    pub(super) fn min_key(&self) -> u128 {
        self.min().map_or(LAST, Entry::key)
    }
    #[inline]
    pub(super) fn min(&self) -> Option<&Entry<E>> {
        if self.len == 0 { None } else { self.slots.first() }
    }
    /// The time of the smallest entry, or of the smallest below it if that is a `hole`.
    #[inline]
    pub(super) fn time_behind(&self, hole: bool) -> u64 {
        let time = |i: usize| self.slots.get(i).map_or(u64::MAX, |e| e.time);
        if self.len <= usize::from(hole) {
            u64::MAX
        } else if hole {
            // Behind the end there is padding, later than anything.
            time(1).min(time(2)).min(time(3)).min(time(4))
        } else {
            time(0)
        }
    }
    /// All entries, in no order; the heap is empty afterwards.
    pub(super) fn drain_into(&mut self, out: &mut Vec<Entry<E>>) {
        out.extend_from_slice(&self.slots[..self.len]);
        self.clear();
    }
    fn clear(&mut self) {
        for e in &mut self.slots[..self.len] {
            *e = padding(e.event);
        }
        self.len = 0;
    }
    /// Keeps the entries for which `keep` holds.
    pub(super) fn retain(&mut self, keep: impl Fn(&Entry<E>) -> bool) {
        let kept: Vec<Entry<E>> = self.slots[..self.len].iter().copied().filter(|e| keep(e)).collect();
        self.clear();
        for e in kept {
            self.push(e);
        }
    }
    #[inline]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        if self.len + 5 > self.slots.len() {
            self.grow(entry.event);
        }
        let key = entry.key();
        let slots = &mut self.slots[..=self.len];
        let mut i = self.len;
        while i > 0 {
            let parent = (i - 1) / 4;
            if slots[parent].key() <= key {
                break;
            }
            slots[i] = slots[parent];
            i = parent;
        }
        slots[i] = entry;
        self.len += 1;
    }
    #[cold]
    fn grow(&mut self, event: E) {
        let n = (2 * self.slots.len()).max(64);
        self.slots.resize(n, padding(event));
    }
    /// Takes the smallest entry out and puts `entry` in: one walk down.
    #[inline]
    pub(super) fn replace_min(&mut self, entry: Entry<E>) {
        let key = entry.key();
        if self.len <= 2 {
            // A source and a server: all that the smallest networks have.
            let other = usize::from(key > self.slots[1].key());
            self.slots[0] = self.slots[1];
            self.slots[other] = entry;
            return;
        }
        // Nodes from here on have no children.
        let leaves = (self.len + 2) / 4;
        let slots = &mut self.slots[..];
        let mut i = 0;
        while i < leaves {
            let c = 4 * i + 1;
            // In bounds, since four slots of padding follow the last entry.
            let Some(four) = slots.get(c..c + 4) else { break };
            let k = [four[0].key(), four[1].key(), four[2].key(), four[3].key()];
            let (a, ka) = if k[1] < k[0] { (1, k[1]) } else { (0, k[0]) };
            let (b, kb) = if k[3] < k[2] { (3, k[3]) } else { (2, k[2]) };
            let (j, kj) = if kb < ka { (b, kb) } else { (a, ka) };
            if key <= kj {
                break;
            }
            slots[i] = slots[c + j];
            i = c + j;
        }
        slots[i] = entry;
    }
    /// Takes the smallest entry out.
    #[inline]
    pub(super) fn remove_min(&mut self) {
        self.len -= 1;
        let last = self.slots[self.len];
        self.slots[self.len] = padding(last.event);
        if self.len > 0 {
            self.replace_min(last);
        }
    }
}

fn padding<E>(event: E) -> Entry<E> {
    Entry { time: u64::MAX, order: u64::MAX, timer: NO_TIMER, event }
}
