//! A mergeable sketch of a distribution of times.
//!
//! Buckets are the leading bits of the tick count: 128 to an octave, so a quantile is within 0.4 % (linear
//! interpolation inside a bucket makes it better where the density is smooth). Merging adds counts, so it does not depend
//! on order: shards and threads cannot change a published quantile. Cf. `DDSketch` (Masson, Rim & Lee 2019, doi:10.14778/3352063.3352135) and
//! `HdrHistogram`.

/// log2 of the buckets in an octave.
const SUB_BITS: u32 = 7;
const SUB: u64 = 1 << SUB_BITS;

/// Counts of times in ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// The bucket that the counts begin with.
    first: usize,
    /// The counts modulo 2^16, and, from when one of them exceeds that, multiples of 2^16 to be added: the thousands of
    /// sketches of a large network are written to in turn, and the less memory that takes the more of it is in the caches.
    low: Box<[u16]>,
    high: Box<[u64]>,
}

/// log2 of what one in `high` stands for.
const LOW_BITS: u32 = u16::BITS;

/// The bucket of `x`. Values below 2 x 128 have buckets of their own.
#[inline]
fn bucket_of(x: u64) -> usize {
    let octave = (x | SUB).ilog2() - SUB_BITS;
    ((u64::from(octave) << SUB_BITS) + (x >> octave)) as usize
}

/// The least value in bucket `b`, and the bucket's width.
fn range_of(b: usize) -> (f64, f64) {
    let b = b as u64;
    if b < 2 * SUB {
        return (b as f64, 1.0);
    }
    let octave = (b >> SUB_BITS) - 1;
    let width = libm::exp2(octave as f64);
    ((b - (octave << SUB_BITS)) as f64 * width, width)
}

impl Sketch {
    /// Counts one `x`.
    #[inline]
    pub fn add(&mut self, x: u64) {
        self.add_many(x, 1);
    }
    /// Counts `n` of `x`.
    #[inline]
    pub fn add_many(&mut self, x: u64, n: u64) {
        let bucket = bucket_of(x);
        let i = bucket.wrapping_sub(self.first);
        if i < self.low.len() {
            self.count(i, n);
        } else {
            self.widen(bucket);
            self.count(bucket - self.first, n);
        }
    }
    /// Adds `n` to the count at place `i`.
    #[inline]
    fn count(&mut self, i: usize, n: u64) {
        let sum = u64::from(self.low[i]) + n;
        self.low[i] = sum as u16;
        if sum >> LOW_BITS > 0 {
            self.carry(i, sum >> LOW_BITS);
        }
    }
    #[cold]
    fn carry(&mut self, i: usize, carry: u64) {
        if self.high.is_empty() {
            self.high = vec![0; self.low.len()].into();
        }
        self.high[i] += carry;
    }
    /// The counts, from the first bucket on.
    fn counts(&self) -> impl Iterator<Item = u64> {
        let high = self.high.iter().copied().chain(std::iter::repeat(0));
        self.low.iter().zip(high).map(|(&low, high)| high << LOW_BITS | u64::from(low))
    }
    /// Makes room for counts of bucket `b`.
    #[cold]
    fn widen(&mut self, b: usize) {
        let end = self.first + self.low.len();
        let (first, end) = if self.low.is_empty() {
            // Four octaves at once, so that a run soon stops growing it.
            let first = b.saturating_sub(2 * SUB as usize);
            (first, first + 4 * SUB as usize)
        } else if b < self.first {
            (self.first - (self.first - b).next_multiple_of(SUB as usize).min(self.first), end)
        } else {
            (self.first, self.first + (b - self.first + 1).next_multiple_of(SUB as usize))
        };
        let ahead = self.first.saturating_sub(first);
        if !self.high.is_empty() {
            self.high = widened(&self.high, ahead, end - first);
        }
        (self.first, self.low) = (first, widened(&self.low, ahead, end - first));
    }
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.low.fill(0);
        self.high = Box::default();
    }
    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.low.iter().map(|n| u64::from(*n)).sum::<u64>() + (self.high.iter().sum::<u64>() << LOW_BITS)
    }
    /// How many were zero: exact, since small values have buckets of their own.
    pub fn zeros(&self) -> u64 {
        if self.first == 0 { self.counts().next().unwrap_or(0) } else { 0 }
    }
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, n) in (other.first..).zip(other.counts()).filter(|(_, n)| *n > 0) {
            if bucket.wrapping_sub(self.first) >= self.low.len() {
                self.widen(bucket);
            }
            self.count(bucket - self.first, n);
        }
    }
    /// The `p`-quantile in ticks (0 <= p <= 1), or NaN if nothing was counted.
    pub fn quantile(&self, p: f64) -> f64 {
        self.quantiles([p])[0]
    }
    /// The quantiles of several `ps`, which must ascend.
    pub fn quantiles<const N: usize>(&self, ps: [f64; N]) -> [f64; N] {
        let total = self.total() as f64;
        let mut found = [f64::NAN; N];
        let (mut next, mut below) = (0, 0.0);
        for (bucket, n) in (self.first..).zip(self.counts()).filter(|(_, n)| *n > 0) {
            let n = n as f64;
            while next < N && below + n >= ps[next] * total {
                let (low, width) = range_of(bucket);
                // A bucket of a single value has no inside.
                let inside = if width == 1.0 { 0.0 } else { ((ps[next] * total - below) / n).clamp(0.0, 1.0) };
                found[next] = low + width * inside;
                next += 1;
            }
            below += n;
        }
        found
    }
    /// The non-empty buckets, in order: upper edge in ticks, and count.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        (self.first..).zip(self.counts()).filter(|(_, n)| *n > 0).map(|(bucket, n)| {
            let (low, width) = range_of(bucket);
            (low + width, n)
        })
    }
    /// The parts to store: the first bucket's index and the counts from there on.
    pub fn to_parts(&self) -> (usize, Vec<u64>) {
        (self.first, self.counts().collect())
    }
    /// From stored parts.
    pub fn from_parts(first: usize, counts: &[u64]) -> Self {
        let mut sketch = Self { first, low: vec![0; counts.len()].into(), high: Box::default() };
        counts.iter().enumerate().for_each(|(i, &n)| sketch.count(i, n));
        sketch
    }
}

/// `counts` with room before and behind them, `len` in all.
fn widened<T: Copy + Default>(counts: &[T], ahead: usize, len: usize) -> Box<[T]> {
    let mut wide = vec![T::default(); len];
    wide[ahead..ahead + counts.len()].copy_from_slice(counts);
    wide.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_tile_the_line() {
        for x in (0..100_000u64).chain([u64::MAX / 3, u64::MAX]) {
            let (low, width) = range_of(bucket_of(x));
            assert!(low <= x as f64 && x as f64 <= low + width, "{x}: {low} + {width}");
            assert!(width <= (low / SUB as f64).max(1.0));
        }
    }

    #[test]
    fn counts_go_beyond_16_bits() {
        let mut sketch = Sketch::default();
        sketch.add_many(1000, (1 << 32) - 65_536);
        (0..65_536).for_each(|_| sketch.add(1000));
        sketch.add(1);
        sketch.add_many(1 << 40, 5 << 32);
        let counts = |s: &Sketch| s.buckets().map(|b| b.1).collect::<Vec<_>>();
        assert_eq!((counts(&sketch), sketch.total()), (vec![1, 1 << 32, 5 << 32], (6 << 32) + 1));
        // Six tenths of the way through the bucket of 1000 to 1004.
        assert!((sketch.quantile(0.1) - 1002.4).abs() < 1e-8);
        let (first, parts) = sketch.to_parts();
        assert_eq!(Sketch::from_parts(first, &parts), sketch);
        let mut twice = sketch.clone();
        twice.merge(&sketch);
        assert_eq!(counts(&twice), [2, 2 << 32, 10 << 32]);
        twice.clear();
        assert_eq!((counts(&twice), twice.total()), (vec![], 0));
    }

    proptest! {
        #[test]
        fn quantiles_are_near_the_exact_ones(mut xs in prop::collection::vec(1u64..1_000_000_000_000, 100..500), p in 0.01f64..0.99) {
            let mut s = Sketch::default();
            for &x in &xs { s.add(x); }
            xs.sort_unstable();
            let i = ((p * xs.len() as f64).ceil() as usize).clamp(1, xs.len()) - 1;
            let exact = xs[i] as f64;
            prop_assert!((s.quantile(p) - exact).abs() <= exact / 128.0 + 1.0);
        }

        #[test]
        fn merging_does_not_depend_on_order(xs in prop::collection::vec(any::<u64>(), 1..200), cut in 0usize..200) {
            let cut = cut.min(xs.len());
            let of = |xs: &[u64]| {
                let mut s = Sketch::default();
                for &x in xs {
                    s.add(x);
                }
                s
            };
            let (mut a, b, whole) = (of(&xs[..cut]), of(&xs[cut..]), of(&xs));
            let mut c = b.clone();
            c.merge(&a);
            a.merge(&b);
            prop_assert!(a.buckets().eq(whole.buckets()));
            prop_assert!(c.buckets().eq(whole.buckets()));
        }
    }
}
