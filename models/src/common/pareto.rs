//! The Pareto law, bounded or not: P(X > x) = (min / x)^alpha, and given X <= max (Crovella, Harchol-Balter & Murta 1998 for
//! tasks (from memory)).
//!
//! Drawn by inversion: X = min (1 - U s)^(-1 / alpha), where s = 1 - (min / max)^alpha is 1 without a bound.
//!
//! Validated against: quantiles, mean and second moment; M/G/1 (Pollaczek-Khinchine).

use sim_core::rng::Rng;

/// A Pareto law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    min: f64,
    alpha: f64,
    /// ln(min / max); minus infinity without a bound.
    log: f64,
    /// P(X <= max) of the law without a bound.
    share: f64,
}

impl Pareto {
    /// From `min`, positive, up to `max`, greater; infinite for no bound.
    pub fn new(min: f64, max: f64, alpha: f64) -> Self {
        let log = libm::log(min / max);
        Self { min, alpha, log, share: -libm::expm1(alpha * log) }
    }
    /// One variate.
    #[inline]
    pub fn draw(&self, rng: &mut Rng) -> f64 {
        self.min * libm::pow(1.0 - rng.uniform() * self.share, -1.0 / self.alpha)
    }
    /// The mean of X^`power`; infinite without a bound if alpha is no more than `power`.
    pub fn moment(&self, power: f64) -> f64 {
        let over = self.alpha - power;
        // The integral of x^(power - alpha - 1) from 1 to max / min.
        let integral = if over == 0.0 { -self.log } else { -libm::expm1(over * self.log) / over };
        libm::pow(self.min, power) * self.alpha / self.share * integral
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_law() {
        let n = 200_000;
        for (max, alpha) in [(f64::INFINITY, 1.2), (f64::INFINITY, 3.0), (20.0, 0.5), (20.0, 1.0), (200.0, 1.5)] {
            let law = Pareto::new(2.0, max, alpha);
            let mut rng = Rng::seed_from_u64(51);
            let draws: Vec<f64> = (0..n).map(|_| law.draw(&mut rng)).collect();
            assert!(draws.iter().all(|x| (2.0..=max).contains(x)), "{max} {alpha}");
            let above = |x: f64| f64::powf(2.0 / x, alpha);
            let beyond = above(max);
            for x in [2.1, 3.0, 6.0, 12.0, 19.0] {
                let p = (above(x) - beyond) / (1.0 - beyond);
                let share = draws.iter().filter(|d| **d > x).count() as f64 / f64::from(n);
                assert!(
                    (share - p).abs() < 4.0 * (p * (1.0 - p) / f64::from(n)).sqrt(),
                    "{max} {alpha} {x}: {share}, {p}"
                );
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_law() {
        let n = 400_000;
        for (max, alpha) in [(f64::INFINITY, 9.0), (20.0, 0.5), (20.0, 1.0), (20.0, 2.0), (200.0, 1.5)] {
            let law = Pareto::new(2.0, max, alpha);
            let mut rng = Rng::seed_from_u64(52);
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let x = law.draw(&mut rng);
                (sum, squares) = (sum + x, squares + x * x);
            }
            for (found, power) in [(sum, 1.0), (squares, 2.0)] {
                let (found, mean) = (found / f64::from(n), law.moment(power));
                let error = ((law.moment(2.0 * power) - mean * mean) / f64::from(n)).sqrt();
                assert!((found - mean).abs() < 4.0 * error, "{max} {alpha}: {found} not {mean}");
            }
        }
        // By hand: alpha min / (alpha - 1); where alpha is 1, min ln(max / min) / (1 - min / max).
        assert!((Pareto::new(2.0, f64::INFINITY, 1.5).moment(1.0) - 6.0).abs() < 1e-12);
        assert!((Pareto::new(2.0, 20.0, 1.0).moment(1.0) - 2.0 * 10f64.ln() / 0.9).abs() < 1e-12);
        assert!(Pareto::new(2.0, f64::INFINITY, 1.0).moment(1.0).is_infinite());
        assert!(Pareto::new(2.0, f64::INFINITY, 0.7).moment(1.0).is_infinite());
    }
}
