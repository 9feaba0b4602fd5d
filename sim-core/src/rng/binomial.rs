//! Binomial counts by inversion, one uniform a count.
//!
//! P(k) = C(n, k) p^k (1 - p)^(n - k) is worked out at the mode by the saddle-point expansion, which is good to the last digits
//! for any n (Loader 2000, Fast and accurate computation of binomial probabilities (from memory)), and from there outwards by the
//! ratio of neighbours. The uniform is used up by the probabilities, the mode's first, then those on both sides in turn: about
//! as many as the standard deviation, so that a count out of a million takes some hundred steps and one out of ten a few.
//!
//! Validated against: sums of the probabilities, the exact law of small counts (chi-square), mean and variance of large ones.

use std::f64::consts::PI;

use super::Rng;

impl Rng {
    /// How many of `n` there are if each is one with probability `p`, 0 to 1. Takes one uniform whatever comes of it.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        let mut left = self.uniform();
        if n == 0 || p <= 0.0 {
            return 0;
        }
        if p >= 1.0 {
            return n;
        }
        let mode = (((n + 1) as f64 * p) as u64).min(n);
        let odds = p / (1.0 - p);
        let (mut low, mut high) = (mode, mode);
        let mut at_low = probability(n, mode, p);
        let mut at_high = at_low;
        left -= at_high;
        while left >= 0.0 {
            // What rounding leaves over belongs nowhere.
            if (high == n || at_high == 0.0) && (low == 0 || at_low == 0.0) {
                return mode;
            }
            if high < n {
                at_high *= (n - high) as f64 / (high + 1) as f64 * odds;
                high += 1;
                left -= at_high;
                if left < 0.0 {
                    return high;
                }
            }
            if low > 0 {
                at_low *= low as f64 / (n - low + 1) as f64 / odds;
                low -= 1;
                left -= at_low;
                if left < 0.0 {
                    return low;
                }
            }
        }
        mode
    }
}

/// The probability of `k` out of `n` at `p`, which is neither 0 nor 1.
fn probability(n: u64, k: u64, p: f64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    if k == 0.0 {
        return libm::exp(n * libm::log1p(-p));
    }
    if k == n {
        return libm::exp(n * libm::log(p));
    }
    let rest = n - k;
    let exponent = stirling_error(n)
        - stirling_error(k)
        - stirling_error(rest)
        - deviance(k, n * p)
        - deviance(rest, n * (1.0 - p));
    (n / (2.0 * PI * k * rest)).sqrt() * libm::exp(exponent)
}

/// ln n! less Stirling's formula.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - 0.5 * libm::log(2.0 * PI);
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square) / square)
        / n
}

/// x ln(x / m) + m - x, without cancellation where x is near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * libm::log(x / m) + m - x;
    }
    let v = (x - m) / (x + m);
    let (mut sum, mut term) = ((x - m) * v, 2.0 * x * v);
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::Streams;
    use super::*;

    #[test]
    fn probabilities_sum_to_one() {
        for n in [1, 2, 10, 37, 1000] {
            for p in [1e-6, 0.1, 0.5, 0.77, 0.999] {
                let sum: f64 = (0..=n).map(|k| probability(n, k, p)).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{n} {p}: {sum}");
            }
        }
        // C(10, 3) / 2^10, and C(20, 10) / 2^20.
        assert!((probability(10, 3, 0.5) - 120.0 / 1024.0).abs() < 1e-15);
        assert!((probability(20, 10, 0.5) - 184_756.0 / 1_048_576.0).abs() < 1e-15);
    }

    #[test]
    fn small_counts_have_their_exact_law() {
        let mut rng = Streams::new(3, 0).stream("binomial", "test");
        let draws = 200_000;
        for (n, p) in [(1, 0.3), (5, 0.5), (10, 0.05), (10, 0.9)] {
            let mut seen = vec![0u32; n as usize + 1];
            for _ in 0..draws {
                seen[rng.binomial(n, p) as usize] += 1;
            }
            let (mut chi, mut cells) = (0.0, 0.0);
            for (k, &found) in (0..).zip(&seen) {
                let expected = f64::from(draws) * probability(n, k, p);
                if expected > 5.0 {
                    chi += (f64::from(found) - expected).powi(2) / expected;
                    cells += 1.0;
                }
            }
            // Mean and variance of chi-square: its degrees, and twice that.
            let degrees: f64 = cells - 1.0;
            assert!(chi < degrees + 4.0 * (2.0 * degrees).sqrt() + 8.0, "{n} {p}: {chi} of {degrees}");
        }
    }

    #[test]
    fn large_counts_have_their_moments() {
        let mut rng = Streams::new(4, 0).stream("binomial", "test");
        let draws = 20_000;
        for (n, p) in [(100, 0.5), (4000, 0.066), (1_000_000, 0.2), (1_000_000_000, 1e-7)] {
            let (mean, variance) = (n as f64 * p, n as f64 * p * (1.0 - p));
            let xs: Vec<f64> = (0..draws).map(|_| rng.binomial(n, p) as f64).collect();
            let m = xs.iter().sum::<f64>() / f64::from(draws);
            let v = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(draws);
            let kurtosis = 3.0 + (1.0 - 6.0 * p * (1.0 - p)) / variance;
            assert!((m - mean).abs() < 4.0 * (variance / f64::from(draws)).sqrt(), "{n} {p}: {m}");
            assert!((v / variance - 1.0).abs() < 4.0 * ((kurtosis - 1.0) / f64::from(draws)).sqrt(), "{n} {p}: {v}");
        }
    }

    #[test]
    fn one_uniform_a_count_whatever_comes() {
        let (mut a, mut b) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
        for (n, p) in [(0, 0.5), (10, 0.0), (10, 1.0), (10, 0.3), (1_000_000, 0.9)] {
            let k = a.binomial(n, p);
            assert!(k <= n);
            b.uniform();
        }
        assert_eq!(a.bits(), b.bits());
        assert_eq!((a.binomial(7, 1.0), a.binomial(7, 0.0)), (7, 0));
    }
}
