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
    /// The bucket of `counts[0]`.
    first: usize,
    counts: Vec<u64>,
    total: u64,
}

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
        let b = bucket_of(x);
        self.total += n;
        if let Some(c) = self.counts.get_mut(b.wrapping_sub(self.first)) {
            *c += n;
        } else {
            self.widen(b);
            self.counts[b - self.first] += n;
        }
    }
    #[cold]
    fn widen(&mut self, b: usize) {
        if self.counts.is_empty() {
            // Four octaves at once, so that a run soon stops growing it.
            self.first = b.saturating_sub(2 * SUB as usize);
            self.counts = vec![0; 4 * SUB as usize];
        }
        if b < self.first {
            let more = (self.first - b).next_multiple_of(SUB as usize).min(self.first);
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first -= more;
        }
        if b - self.first >= self.counts.len() {
            self.counts.resize((b - self.first + 1).next_multiple_of(SUB as usize), 0);
        }
    }
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }
    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.total
    }
    /// How many were zero: exact, since small values have buckets of their own.
    pub fn zeros(&self) -> u64 {
        if self.first == 0 { self.counts.first().copied().unwrap_or(0) } else { 0 }
    }
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (i, &n) in other.counts.iter().enumerate() {
            if n > 0 {
                let b = other.first + i;
                if b < self.first || b - self.first >= self.counts.len() {
                    self.widen(b);
                }
                self.counts[b - self.first] += n;
            }
        }
        self.total += other.total;
    }
    /// The `p`-quantile in ticks (0 <= p <= 1), or NaN if nothing was counted.
    pub fn quantile(&self, p: f64) -> f64 {
        if self.total == 0 {
            return f64::NAN;
        }
        let rank = p * self.total as f64;
        let mut below = 0.0;
        let mut last = 0.0;
        for (i, &n) in self.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            let (low, width) = range_of(self.first + i);
            let n = n as f64;
            if below + n >= rank {
                // A bucket of a single value has no inside.
                return if width == 1.0 { low } else { low + width * ((rank - below) / n).clamp(0.0, 1.0) };
            }
            below += n;
            last = low + width;
        }
        last
    }
    /// The non-empty buckets, in order: upper edge in ticks, and count.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, &n)| {
            let (low, width) = range_of(self.first + i);
            (low + width, n)
        })
    }
    /// The parts to store: the first bucket's index and the counts from there on.
    pub fn to_parts(&self) -> (usize, &[u64]) {
        (self.first, &self.counts)
    }
    /// From stored parts.
    pub fn from_parts(first: usize, counts: Vec<u64>) -> Self {
        let total = counts.iter().sum();
        Self { first, counts, total }
    }
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
