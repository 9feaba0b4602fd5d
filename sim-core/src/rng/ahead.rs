//! Exponential variates drawn ahead.
//!
//! One variate is a chain of some eighty clock cycles that the next step of a simulation waits for; eight of them at once
//! overlap, and later draws are loads. From a stream that is used for nothing else the values are those of single draws.

use super::Rng;

/// Variates in a block: one cache line.
const BLOCK: usize = 8;

/// A block of exponential variates of mean 1 from one stream.
#[derive(Clone, Debug, Default)]
pub struct Exponentials {
    values: [f64; BLOCK],
    left: usize,
}

impl Exponentials {
    /// Reads it, so that it is in the processor's caches when the next variate is drawn.
    #[inline]
    pub fn prefetch(&self) {
        std::hint::black_box((self.left, self.values[0]));
    }
    /// The next variate of `rng`'s, which should be a stream of its own.
    #[inline]
    pub fn next(&mut self, rng: &mut Rng) -> f64 {
        if self.left == 0 {
            for value in self.values.iter_mut().rev() {
                *value = rng.exponential();
            }
            self.left = BLOCK;
        }
        self.left -= 1;
        self.values[self.left % BLOCK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_single_draws() {
        let (mut a, mut b) = (Rng::seed_from_u64(3), Rng::seed_from_u64(3));
        let mut ahead = Exponentials::default();
        for _ in 0..100 {
            assert_eq!(ahead.next(&mut a).to_bits(), b.exponential().to_bits());
        }
    }
}
