//! A calendar for larger populations: the future in buckets of time, unsorted until their turn comes.
//!
//! Brown 1988 (doi:10.1145/63039.63045) with three changes. Bucket width is a power of two of ticks, found from the
//! rate at which events were taken lately, so it also fits skewed and bursty loads. What lies beyond the ring of
//! buckets is one unsorted list, looked through once a ring, that is once in several events per pending event: constant
//! work an event, whatever the increments' tail. What falls due within the bucket in hand goes there, or to the
//! caller's heap if that is far from its front: a bad width costs a heap's logarithm, never a scan.
//!
//! Buckets are chains of chunks from one pool: no allocation once the pool has its size. Some thousands pending and
//! more, a bucket gets dozens or hundreds: its chunks fill up, and those being filled stay in the cache. Sorting such a
//! bucket is linear (see `hand`).

use super::entry::Entry;
use super::hand::{CHUNK, Hand};

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Calendar<E> {
    /// log2 of the bucket width in ticks.
    shift: u32,
    /// Number of buckets, less one; a power of two less one.
    mask: u64,
    /// The bucket in hand, counted from time zero; everything in the calendar lies in later ones.
    current: u64,
    buckets: Vec<Bucket>,
    /// One bit a bucket: it is not empty.
    occupied: Vec<u64>,
    pool: Vec<Chunk<E>>,
    /// The chunk that follows a chunk in its bucket, or in the free list.
    next: Vec<u32>,
    free: u32,
    /// Entries in the ring.
    in_ring: usize,
    /// Entries beyond the ring, and the earliest bucket among them.
    far: Vec<Entry<E>>,
    far_min: u64,
}

/// On cache lines of its own.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Chunk<E>([Entry<E>; CHUNK]);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// The chunk that is being filled; fuller ones follow it.
    head: u32,
    len: u32,
}

impl<E: Copy> Calendar<E> {
    /// A calendar without buckets; [`Calendar::fit`] follows.
    pub(super) const fn new() -> Self {
        Self {
            shift: 0,
            mask: 0,
            current: 0,
            buckets: Vec::new(),
            occupied: Vec::new(),
            pool: Vec::new(),
            next: Vec::new(),
            free: NONE,
            in_ring: 0,
            far: Vec::new(),
            far_min: u64::MAX,
        }
    }
    /// Gives an empty calendar the size for about `population` entries that fall due every `gap` ticks on average.
    pub(super) fn fit(&mut self, population: usize, gap: f64, event: E) {
        // Wider buckets for larger populations: fewer places to write to, so fewer cache misses a push.
        let per_bucket = match population {
            0..=2048 => 5,
            2049..=8192 => 20,
            8193..=65_536 => 50,
            _ => 400,
        };
        let width = (gap * f64::from(per_bucket)).clamp(1.0, 9e18);
        self.shift = width.log2().round() as u32;
        let count = (4 * population / per_bucket as usize).next_power_of_two().max(64);
        self.mask = count as u64 - 1;
        self.buckets.clear();
        self.buckets.resize(count, Bucket { head: NONE, len: 0 });
        self.occupied.clear();
        self.occupied.resize(count / 64, 0);
        self.far.reserve(population / 4);
        let chunks = population.next_power_of_two() / CHUNK + count;
        self.add_chunks(chunks.saturating_sub(self.next.len()), event);
    }
    /// Sets an empty calendar to time `now`.
    pub(super) fn start(&mut self, now: u64) {
        self.current = now >> self.shift;
    }
    #[cold]
    fn add_chunks(&mut self, n: usize, event: E) {
        let first = self.next.len();
        self.pool.resize(first + n, Chunk([Entry { time: 0, order: 0, timer: 0, event }; CHUNK]));
        for c in first..first + n {
            self.next.push(self.free);
            self.free = c as u32;
        }
    }
    pub(super) fn len(&self) -> usize {
        self.in_ring + self.far.len()
    }
    /// Whether an event at `time` belongs here rather than in hand.
    #[inline]
    pub(super) fn takes(&self, time: u64) -> bool {
        time >> self.shift > self.current
    }
    /// Takes `entry` in, for which [`Calendar::takes`] holds.
    #[expect(clippy::inline_always, reason = "the entry stays in registers: copied by way of the stack, it stalls")]
    #[inline(always)]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        let bucket = entry.time >> self.shift;
        if bucket - self.current <= self.mask {
            self.push_ring(bucket, entry);
        } else {
            self.far_min = self.far_min.min(bucket);
            self.far.push(entry);
        }
    }
    #[expect(clippy::inline_always, reason = "the entry stays in registers: copied by way of the stack, it stalls")]
    #[inline(always)]
    fn push_ring(&mut self, bucket: u64, entry: Entry<E>) {
        let i = (bucket & self.mask) as usize;
        let Bucket { mut head, len } = self.buckets[i];
        let at = len as usize % CHUNK;
        if at == 0 {
            head = self.take_chunk(head, entry.event);
            self.occupied[i / 64] |= 1 << (i % 64);
        }
        self.pool[head as usize].0[at] = entry;
        self.buckets[i] = Bucket { head, len: len + 1 };
        self.in_ring += 1;
    }
    /// A free chunk, before `head` in a bucket's chain.
    #[inline]
    fn take_chunk(&mut self, head: u32, event: E) -> u32 {
        if self.free == NONE {
            self.add_chunks(self.next.len().max(8), event);
        }
        let chunk = self.free;
        self.free = self.next[chunk as usize];
        self.next[chunk as usize] = head;
        chunk
    }
    /// Moves to the next bucket that holds anything, if one does, and its entries into `hand`, which must be empty.
    #[inline(never)]
    pub(super) fn advance(&mut self, hand: &mut Hand<E>) {
        if self.in_ring == 0 {
            if self.far.is_empty() {
                return;
            }
            self.current = self.far_min - 1;
            self.fetch_far();
        }
        let mut next = self.next_occupied();
        if self.far_min <= next {
            // Everything within a ring of here moves in, so this happens at most once a ring.
            self.fetch_far();
            next = self.next_occupied();
        }
        self.current = next;
        let i = (self.current & self.mask) as usize;
        let Bucket { head, len } = self.buckets[i];
        if len as usize <= CHUNK {
            let chunk = &self.pool[head as usize].0[..len as usize];
            hand.take_chunk(chunk, self.current << self.shift, self.shift);
            self.take_bucket(|_| ());
        } else {
            self.take_bucket(|entries| hand.add_reversed(entries));
            self.sort(hand);
        }
    }
    /// Puts the bucket in hand in order.
    pub(super) fn sort(&self, hand: &mut Hand<E>) {
        hand.sort(self.current << self.shift, self.shift);
    }
    /// The next bucket that holds anything; the ring must not be empty.
    fn next_occupied(&self) -> u64 {
        let start = self.current + 1;
        let mut bit = (start & self.mask) as usize;
        let mut ahead = 0;
        loop {
            let word = self.occupied[bit / 64] >> (bit % 64);
            if word != 0 {
                return start + ahead + u64::from(word.trailing_zeros());
            }
            let step = 64 - bit % 64;
            ahead += step as u64;
            bit = (bit + step) & self.mask as usize;
        }
    }
    /// Empties the bucket in hand: its chunks, the one filled last first.
    fn take_bucket(&mut self, mut out: impl FnMut(&[Entry<E>])) {
        let i = (self.current & self.mask) as usize;
        let Bucket { head, len } = self.buckets[i];
        let mut chunk = head;
        let mut left = len as usize;
        while left > 0 {
            let n = (left - 1) % CHUNK + 1;
            out(&self.pool[chunk as usize].0[..n]);
            left -= n;
            let after = self.next[chunk as usize];
            self.next[chunk as usize] = self.free;
            self.free = chunk;
            chunk = after;
        }
        self.buckets[i] = Bucket { head: NONE, len: 0 };
        self.occupied[i / 64] &= !(1 << (i % 64));
        self.in_ring -= len as usize;
    }
    /// Moves what the ring now reaches out of the far list.
    #[cold]
    fn fetch_far(&mut self) {
        let mut i = 0;
        let mut min = u64::MAX;
        while i < self.far.len() {
            let entry = self.far[i];
            let bucket = entry.time >> self.shift;
            if bucket - self.current <= self.mask {
                self.far.swap_remove(i);
                self.push_ring(bucket, entry);
            } else {
                min = min.min(bucket);
                i += 1;
            }
        }
        self.far_min = min;
    }
    /// Takes out all entries, in no order; [`Calendar::start`] follows.
    pub(super) fn drain_into(&mut self, out: &mut Vec<Entry<E>>) {
        while self.in_ring > 0 {
            self.current = self.next_occupied();
            self.take_bucket(|entries| out.extend_from_slice(entries));
        }
        out.append(&mut self.far);
        self.far_min = u64::MAX;
    }
}
