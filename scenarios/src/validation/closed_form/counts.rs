//! Laws of molecule counts.
//!
//! Independent molecules are binomial or Poisson (Gardiner 2009, Stochastic Methods, ch. 11); linear birth and death is
//! Kendall's (1948, doi:10.1214/aoms/1177730285); a chain that moves by single steps has a stationary law of product
//! form (Karlin & Taylor 1975, A First Course in Stochastic Processes, ch. 4).

/// Moments of the law of a count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// Fourth central moment over the squared variance; 3 for the normal law.
    pub kurtosis: f64,
}

/// Each of `n` molecules is there with probability `p`.
pub fn binomial(n: f64, p: f64) -> Law {
    let pq = p * (1.0 - p);
    Law { mean: n * p, variance: n * pq, kurtosis: 3.0 + (1.0 - 6.0 * pq) / (n * pq) }
}

/// How many of `n` packets are lost by the chain of Gilbert and Elliott in equilibrium (Gilbert 1960,
/// doi:10.1002/j.1538-7305.1960.tb03959.x): before each, good becomes bad with `p` and bad good with `r`; a packet is lost
/// with probability `lost[0]` in the good state, `lost[1]` in the bad one. By recursion over packets.
pub fn gilbert_elliott(n: usize, p: f64, r: f64, lost: [f64; 2]) -> Law {
    // P(state, so many lost so far).
    let mut now = [vec![0.0; n + 1], vec![0.0; n + 1]];
    (now[0][0], now[1][0]) = (r / (p + r), p / (p + r));
    for sent in 0..n {
        for count in (0..=sent + 1).rev() {
            let before = |count: usize| {
                let (good, bad) = (now[0][count], now[1][count]);
                [good * (1.0 - p) + bad * r, good * p + bad * (1.0 - r)]
            };
            let (same, fewer) = (before(count), if count == 0 { [0.0; 2] } else { before(count - 1) });
            for state in 0..2 {
                now[state][count] = same[state] * (1.0 - lost[state]) + fewer[state] * lost[state];
            }
        }
    }
    let weights: Vec<f64> = (0..=n).map(|count| now[0][count] + now[1][count]).collect();
    let expect = |f: &dyn Fn(f64) -> f64| weights.iter().enumerate().map(|(n, w)| f(n as f64) * w).sum::<f64>();
    let mean = expect(&|n| n);
    let variance = expect(&|n| (n - mean).powi(2));
    Law { mean, variance, kurtosis: expect(&|n| (n - mean).powi(4)) / (variance * variance) }
}

/// Poisson: immigration at a constant rate and independent departures, started empty (the M/M/inf queue).
pub fn poisson(mean: f64) -> Law {
    Law { mean, variance: mean, kurtosis: 3.0 + 1.0 / mean }
}

/// Normal with this mean and standard deviation, given that it is over `least`: moments by the recursion
/// E z^k = (k - 1) E z^(k-2) + a^(k-1) phi(a) / (1 - Phi(a)) (Johnson, Kotz & Balakrishnan 1994, ch. 13 (from memory)).
pub fn normal_above(mean: f64, sd: f64, least: f64) -> Law {
    let a = (least - mean) / sd;
    let over = 0.5 * libm::erfc(a / std::f64::consts::SQRT_2);
    let edge = (-0.5 * a * a).exp() / (2.0 * std::f64::consts::PI).sqrt() / over;
    let mut raw = [1.0, edge, 0.0, 0.0, 0.0];
    for k in 2..5 {
        raw[k] = (k - 1) as f64 * raw[k - 2] + a.powi(k as i32 - 1) * edge;
    }
    let [_, m, m2, m3, m4] = raw;
    let variance = m2 - m * m;
    let fourth = m4 - 4.0 * m * m3 + 6.0 * m * m * m2 - 3.0 * m.powi(4);
    Law { mean: mean + sd * m, variance: sd * sd * variance, kurtosis: fourth / (variance * variance) }
}

impl Law {
    /// The sum of two independent counts: cumulants add up.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let variance = self.variance + other.variance;
        let fourth = |law: Self| (law.kurtosis - 3.0) * law.variance * law.variance;
        let kurtosis = 3.0 + (fourth(self) + fourth(other)) / (variance * variance);
        Self { mean: self.mean + other.mean, variance, kurtosis }
    }
}

/// Each of `initial` molecules at time zero and its offspring doubles at rate `birth` and dies at rate `death`
/// (`birth != death`); the law at time `t`.
pub fn linear_birth_death(initial: f64, birth: f64, death: f64, t: f64) -> Law {
    let growth = ((birth - death) * t).exp();
    let none = death * (growth - 1.0) / (birth * growth - death);
    let more = birth * (growth - 1.0) / (birth * growth - death);
    // The offspring of one is none with probability `none`, otherwise geometric: factorial moments, then moments.
    let ratio = more / (1.0 - more);
    let f1 = (1.0 - none) / (1.0 - more);
    let (f2, f3, f4) = (2.0 * f1 * ratio, 6.0 * f1 * ratio * ratio, 24.0 * f1 * ratio * ratio * ratio);
    let (m2, m3, m4) = (f2 + f1, f3 + 3.0 * f2 + f1, f4 + 6.0 * f3 + 7.0 * f2 + f1);
    let variance = m2 - f1 * f1;
    let fourth = m4 - 4.0 * f1 * m3 + 6.0 * f1 * f1 * m2 - 3.0 * f1.powi(4);
    // Cumulants of independent ancestors add up.
    let excess = (fourth - 3.0 * variance * variance) / (variance * variance) / initial;
    Law { mean: initial * f1, variance: initial * variance, kurtosis: 3.0 + excess }
}

impl Law {
    /// Of weights over 0, 1, 2, ...
    fn of(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let expect =
            |f: &dyn Fn(f64) -> f64| weights.iter().enumerate().map(|(n, w)| f(n as f64) * w).sum::<f64>() / total;
        let mean = expect(&|n| n);
        let variance = expect(&|n| (n - mean).powi(2));
        Self { mean, variance, kurtosis: expect(&|n| (n - mean).powi(4)) / (variance * variance) }
    }
}

/// The law at `t` of a count from 0 to `most` that starts at 0, goes up by one at rate `up(n)` and down by one at `down(n)`.
pub fn birth_death_at(most: usize, up: impl Fn(f64) -> f64, down: impl Fn(f64) -> f64, t: f64) -> Law {
    Law::of(&weights_at(most, up, down, t))
}

/// How often something has failed by `t` that works at first, fails at rate `failure` and is mended at rate `repair`.
pub fn failures_at(failure: f64, repair: f64, t: f64) -> Law {
    // Turns, of which every other is a failure; so many more are improbable.
    let most = (4.0 * failure * t + 60.0) as usize;
    let rate = |turns: f64| if turns % 2.0 == 0.0 { failure } else { repair };
    let turns = weights_at(2 * most, rate, |_| 0.0, t);
    let mut failures = vec![0.0; most + 1];
    turns.iter().enumerate().for_each(|(n, p)| failures[n.div_ceil(2)] += p);
    Law::of(&failures)
}

/// The probabilities of 0 to `most` at `t`, by uniformisation (Jensen 1953): the chain takes a Poisson number of steps at a rate
/// that none exceeds.
fn weights_at(most: usize, up: impl Fn(f64) -> f64, down: impl Fn(f64) -> f64, t: f64) -> Vec<f64> {
    let rates: Vec<(f64, f64)> = (0..=most)
        .map(|n| (if n < most { up(n as f64) } else { 0.0 }, if n > 0 { down(n as f64) } else { 0.0 }))
        .collect();
    let q = rates.iter().map(|r| r.0 + r.1).fold(0.0, f64::max);
    let mut p = vec![0.0; most + 1];
    p[0] = 1.0;
    let mut sum = vec![0.0; most + 1];
    let steps = (q * t + 12.0 * (q * t).sqrt() + 30.0) as usize;
    let mut log = -q * t;
    for step in 0..=steps {
        let weight = log.exp();
        sum.iter_mut().zip(&p).for_each(|(s, p)| *s += weight * p);
        log += (q * t / (step + 1) as f64).ln();
        p = (0..=most)
            .map(|n| {
                let stay = p[n] * (1.0 - (rates[n].0 + rates[n].1) / q);
                let from_below = if n > 0 { p[n - 1] * rates[n - 1].0 / q } else { 0.0 };
                let from_above = if n < most { p[n + 1] * rates[n + 1].1 / q } else { 0.0 };
                stay + from_below + from_above
            })
            .collect();
    }
    sum
}

/// Batches of `size` come at rate `alpha`, and each molecule leaves at rate `mu`; from empty, at `t`. A compound Poisson law:
/// its cumulants are integrals of the moments of what is left of a batch, a binomial count.
pub fn batches(alpha: f64, size: u32, mu: f64, t: f64) -> Law {
    // The integral over ages of the j-th factorial moment of what is left.
    let factorial = |j: u32| {
        let ways: f64 = (0..j).map(|i| f64::from(size) - f64::from(i)).product();
        let rate = f64::from(j) * mu;
        ways * -(-rate * t).exp_m1() / rate
    };
    let f: Vec<f64> = (1..=4).map(factorial).collect();
    let (mean, variance) = (alpha * f[0], alpha * (f[0] + f[1]));
    let fourth = alpha * (f[0] + 7.0 * f[1] + 6.0 * f[2] + f[3]);
    Law { mean, variance, kurtosis: 3.0 + fourth / (variance * variance) }
}

/// The rest of a Poisson count of this mean after division by `n`: a count of arrivals that starts anew at every n-th.
pub fn poisson_modulo(mean: f64, n: usize) -> Law {
    let mut weights = vec![0.0; n];
    let most = (mean + 12.0 * mean.sqrt() + 30.0) as usize;
    let mut log = -mean;
    for k in 0..=most {
        weights[k % n] += log.exp();
        log += (mean / (k + 1) as f64).ln();
    }
    Law::of(&weights)
}

/// The stationary law of a count that goes up by one at rate `up(n)` and down by one at rate `down(n)`:
/// pi(n) is proportional to the product of up(j - 1) / down(j) over j = 1 .. n.
pub fn birth_death_stationary(up: impl Fn(f64) -> f64, down: impl Fn(f64) -> f64) -> Law {
    let mut logs = vec![0.0_f64];
    let mut greatest = 0.0_f64;
    // Beyond the mode the terms fall; below e^-80 of the greatest they count no more.
    while let Some(&last) = logs.last()
        && (last > greatest - 80.0 || logs.len() < 2)
        && logs.len() < 10_000_000
    {
        let n = logs.len() as f64;
        let next = last + (up(n - 1.0) / down(n)).ln();
        greatest = greatest.max(next);
        logs.push(next);
    }
    let weights: Vec<f64> = logs.iter().map(|l| (l - greatest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let expect = |f: &dyn Fn(f64) -> f64| weights.iter().enumerate().map(|(n, w)| f(n as f64) * w).sum::<f64>() / sum;
    let mean = expect(&|n| n);
    let variance = expect(&|n| (n - mean).powi(2));
    Law { mean, variance, kurtosis: expect(&|n| (n - mean).powi(4)) / (variance * variance) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::closed_form::near;

    #[test]
    fn a_chain_without_memory_is_binomial() {
        // p + r = 1: the state is drawn anew for each packet.
        let (chain, law) = (gilbert_elliott(300, 0.2, 0.8, [0.0, 1.0]), binomial(300.0, 0.2));
        near(chain.mean, law.mean, 1e-12);
        near(chain.variance, law.variance, 1e-12);
        near(chain.kurtosis, law.kurtosis, 1e-12);
    }

    #[test]
    fn bursts_spread_the_number_lost() {
        // n pi (1 - pi) (1 + a) / (1 - a), less the ends: 2 a (1 - a^n) pi (1 - pi) / (1 - a)^2, a = 1 - p - r.
        let (n, p, r) = (1000, 0.02, 0.25);
        let (pi, a): (f64, f64) = (p / (p + r), 1.0 - p - r);
        let ends = 2.0 * a * (1.0 - a.powi(n)) / (1.0 - a).powi(2);
        let chain = gilbert_elliott(n as usize, p, r, [0.0, 1.0]);
        near(chain.mean, f64::from(n) * pi, 1e-12);
        near(chain.variance, pi * (1.0 - pi) * (f64::from(n) * (1.0 + a) / (1.0 - a) - ends), 1e-10);
    }

    #[test]
    fn permeation_into_a_larger_compartment() {
        for (t, mean, variance) in [
            (50.0, 785.2925, 168.6082),
            (100.0, 628.2091, 233.5624),
            (200.0, 429.2038, 244.9879),
            (500.0, 235.1495, 179.8542),
            (1000.0, 201.5444, 160.9242),
        ] {
            let law = binomial(1000.0, 0.2 + 0.8 * (-0.00625_f64 * t).exp());
            near(law.mean, mean, 1e-6);
            near(law.variance, variance, 1e-6);
        }
    }

    #[test]
    fn kurtosis_of_a_coin() {
        // One fair coin: (x - 1/2)^4 is 1/16 always, the variance 1/4.
        near(binomial(1.0, 0.5).kurtosis, 1.0, 1e-12);
    }

    #[test]
    fn sums_of_like_counts_are_of_their_kind() {
        for (sum, whole) in [
            (binomial(3.0, 0.3).plus(binomial(7.0, 0.3)), binomial(10.0, 0.3)),
            (poisson(0.5).plus(poisson(2.0)), poisson(2.5)),
        ] {
            near(sum.mean, whole.mean, 1e-14);
            near(sum.variance, whole.variance, 1e-14);
            near(sum.kurtosis, whole.kurtosis, 1e-14);
        }
    }

    #[test]
    fn laws_of_the_master_equation_and_of_batches_are_poisson_where_they_must() {
        let mean = 100.0 * -(-0.5_f64).exp_m1();
        let all = poisson(mean);
        for law in
            [birth_death_at(200, |_| 10.0, |n| 0.1 * n, 5.0), batches(10.0, 1, 0.1, 5.0), poisson_modulo(mean, 1000)]
        {
            near(law.mean, all.mean, 1e-9);
            near(law.variance, all.variance, 1e-9);
            near(law.kurtosis, all.kurtosis, 1e-9);
        }
        // Of two states; and of a count of one in two.
        near(birth_death_at(1, |_| 2.0, |_| 3.0, 0.4).mean, 0.4 * -(-2.0_f64).exp_m1(), 1e-12);
        near(poisson_modulo(0.7, 2).mean, 0.5 * -(-1.4_f64).exp_m1(), 1e-12);
        // Variance of batches of b in the long run: mean (1 + (b - 1) / 2).
        near(batches(1.0, 5, 0.2, 1e3).variance, 25.0 * 3.0, 1e-12);
    }

    #[test]
    fn births_and_deaths_above_balance() {
        let law = linear_birth_death(20.0, 0.3, 0.2, 4.0);
        near(law.mean, 29.836_493_952_8, 1e-11);
        near(law.variance.sqrt(), 8.565_723_733_878, 1e-12);
        near(law.kurtosis, 3.310_998_814_211_18, 1e-12);
    }

    #[test]
    fn leak_and_pump() {
        // k = 0.002 /s, 1 uM outside, Vmax = 0.05 uM/s, Km = 3 uM, Ki = 0.5 uM; 602.214 molecules a uM in 1 fL.
        for (femtolitres, inhibitor, mean, variance) in [
            (1.0, 0.0, 66.6721, 68.8499),
            (1.0, 1.0, 162.9264, 166.4694),
            (1.0, 10.0, 432.5187, 433.8968),
            (0.05, 0.0, 3.3645, 3.4740),
        ] {
            let v = 602.214_076 * femtolitres;
            let pump = |n: f64| 0.05 * v * n / (3.0 * (1.0 + inhibitor / 0.5) * v + n);
            let law = birth_death_stationary(|_| 0.002 * v, |n| 0.002 * n + pump(n));
            near(law.mean, mean, 2e-5);
            near(law.variance, variance, 2e-5);
        }
    }

    #[test]
    fn without_a_pump_it_is_poisson() {
        let (chain, known) = (birth_death_stationary(|_| 3.0, |n| 0.1 * n), poisson(30.0));
        near(chain.mean, known.mean, 1e-12);
        near(chain.variance, known.variance, 1e-12);
        near(chain.kurtosis, known.kurtosis, 1e-12);
    }
}
