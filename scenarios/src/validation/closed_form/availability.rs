//! Something that works at first, fails at a constant rate and is mended at another (Barlow & Proschan 1965, Mathematical Theory
//! of Reliability, ch. 3 (from memory)).

/// The probability that it works at `t`: A(t) = mu / k + l / k exp(-k t), k = l + mu.
pub fn point_availability(failure: f64, repair: f64, t: f64) -> f64 {
    let k = failure + repair;
    (repair + failure * libm::exp(-k * t)) / k
}

/// Mean and standard deviation of the share of the time up to `t` for which it works: the integral of A(s), and
/// 2 integral of A(s) integral of A(u) over u up to t - s, less the square of the mean.
pub fn interval_availability(failure: f64, repair: f64, t: f64) -> (f64, f64) {
    let k = failure + repair;
    let (a, b) = (repair / k, failure / k);
    let gone = -libm::expm1(-k * t);
    let mean = a * t + b * gone / k;
    let transient = t / k - gone / (k * k);
    let half = a * a * t * t / 2.0 + 2.0 * a * b * transient + b * b / k * (gone / k - t * (1.0 - gone));
    (mean / t, (2.0 * half - mean * mean).sqrt() / t)
}

#[cfg(test)]
mod tests {
    use super::super::{failures_at, near};
    use super::*;

    #[test]
    fn a_link_of_100_s_and_5_s() {
        // From other software.
        for (t, p) in
            [(2.0, 0.983_668_896_182), (5.0, 0.969_044_654_72), (10.0, 0.958_212_210_869), (50.0, 0.952_382_263_64)]
        {
            near(point_availability(0.01, 0.2, t), p, 1e-11);
        }
        let (mean, sd) = interval_availability(0.01, 0.2, 200.0);
        near(mean, 0.953_514_739_229, 1e-11);
        near(sd, 0.045_365_644_044_8, 1e-8);
        let law = failures_at(0.01, 0.2, 200.0);
        near(law.mean, 1.907_029_478_46, 1e-10);
        near(law.variance.sqrt(), 1.318_316_721_43, 1e-9);
    }

    #[test]
    fn what_is_mended_at_once_fails_as_a_poisson_process() {
        let law = failures_at(0.5, 1e4, 10.0);
        near(law.mean, 5.0, 1e-3);
        near(law.variance, 5.0, 1e-3);
        near(law.kurtosis, 3.2, 1e-3);
    }
}
