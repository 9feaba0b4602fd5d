//! Random numbers from named streams.
//!
//! Every element draws from streams of its own, seeded from (study seed, replication, element *name*, purpose) by a
//! fixed hash (BLAKE3). Adding an element changes no other element's numbers, and the points of a sweep share streams:
//! common random numbers without asking. The generator is xoshiro256++ (Blackman & Vigna 2021,
//! doi:10.1145/3460772); samplers of the core use inversion, one uniform a variate, so that streams stay in step.

mod ahead;
mod binomial;
mod exponential;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, SeedableRng};

pub use ahead::Exponentials;

/// Makes the streams of one run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
    replication: u64,
}

impl Streams {
    /// The streams of replication `replication` (from 0) of a study with seed `seed`.
    pub const fn new(seed: u64, replication: u64) -> Self {
        Self { seed, replication }
    }
    /// The stream of element `element` (its path in the scenario, `traffic.web`) for `purpose` (`"gap"`).
    pub fn stream(&self, element: &str, purpose: &str) -> Rng {
        let mut hash = blake3::Hasher::new();
        hash.update(b"egress/v1");
        hash.update(&self.seed.to_le_bytes());
        hash.update(&self.replication.to_le_bytes());
        // Lengths first, so that ("ab", "c") and ("a", "bc") differ.
        for part in [element, purpose] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Rng(Xoshiro256PlusPlus::from_seed(*hash.finalize().as_bytes()))
    }
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// A stream outside any study, for benchmarks and tests: the state is expanded from `seed` by `SplitMix64`.
    pub fn seed_from_u64(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }
    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }
    /// A whole number below `n` (bias under n/2^64).
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
    /// Exponential with mean 1, by inversion; never negative.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        exponential::neg_ln((1 << 53) - (self.bits() >> 11))
    }
    /// Pareto with minimum 1 and shape `alpha`, by inversion; its mean is `alpha / (alpha - 1)`.
    #[inline]
    pub fn pareto(&mut self, alpha: f64) -> f64 {
        libm::exp(self.exponential() / alpha)
    }
    /// A draw from a distribution of `rand_distr` (which may take several uniforms).
    #[inline]
    pub fn sample<D: rand_distr::Distribution<f64>>(&mut self, distribution: &D) -> f64 {
        distribution.sample(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_frozen() {
        // Golden: a change here changes every published result.
        let mut rng = Streams::new(1, 0).stream("traffic.web", "gap");
        let got: Vec<u64> = (0..3).map(|_| rng.bits()).collect();
        assert_eq!(got, GOLDEN_BITS);
        let mut rng = Streams::new(1, 0).stream("traffic.web", "gap");
        let e: Vec<u64> = (0..3).map(|_| rng.exponential().to_bits()).collect();
        assert_eq!(e, GOLDEN_EXPONENTIAL);
    }
    const GOLDEN_BITS: [u64; 3] = [6_150_991_089_668_913_487, 465_467_113_713_911_932, 15_799_977_865_804_845_395];
    const GOLDEN_EXPONENTIAL: [u64; 3] =
        [4_600_978_871_813_127_581, 4_583_023_477_368_424_208, 4_611_422_779_813_689_932];

    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let first = |seed, rep, element: &str, purpose: &str| Streams::new(seed, rep).stream(element, purpose).bits();
        let all = [
            first(1, 0, "a", "b"),
            first(2, 0, "a", "b"),
            first(1, 1, "a", "b"),
            first(1, 0, "ab", ""),
            first(1, 0, "", "ab"),
        ];
        for (i, x) in all.iter().enumerate() {
            assert!(!all[..i].contains(x), "stream {i} repeats another");
        }
    }

    #[test]
    fn moments_of_the_samplers() {
        let mut rng = Streams::new(7, 0).stream("moments", "test");
        let n = 1_000_000;
        let (mut m, mut v, mut u) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let e = rng.exponential();
            m += e;
            v += e * e;
            u += rng.uniform();
        }
        let n = f64::from(n);
        assert!((m / n - 1.0).abs() < 4.0 / n.sqrt());
        // E[x^2] = 2, Var[x^2] = 20.
        assert!((v / n - 2.0).abs() < 4.0 * (20.0 / n).sqrt());
        assert!((u / n - 0.5).abs() < 4.0 * (1.0 / 12.0 / n).sqrt());
    }

    #[test]
    fn laws_of_the_library_can_be_drawn_from() {
        let mut rng = Streams::new(7, 0).stream("library", "test");
        let law = rand_distr::Gamma::new(4.0, 0.5).unwrap();
        let n = 100_000;
        let mean = (0..n).map(|_| rng.sample(&law)).sum::<f64>() / f64::from(n);
        assert!((mean - 2.0).abs() < 4.0 * (1.0 / f64::from(n)).sqrt());
    }

    #[test]
    fn pareto_has_its_survival_function() {
        let mut rng = Streams::new(7, 0).stream("pareto", "test");
        let n = 200_000;
        let over = (0..n).filter(|_| rng.pareto(1.5) > 4.0).count() as f64;
        let p = 4f64.powf(-1.5);
        assert!((over / f64::from(n) - p).abs() < 4.0 * (p * (1.0 - p) / f64::from(n)).sqrt());
    }
}
