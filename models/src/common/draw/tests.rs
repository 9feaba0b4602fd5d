//! Draws have the laws that they say.

use super::*;

const N: usize = 200_000;

fn sample(law: Draw, arguments: &[f64]) -> Vec<f64> {
    assert!(law.arguments().contains(&arguments.len()), "{law:?} {arguments:?}");
    let mut rng = Rng::seed_from_u64(5);
    (0..N).map(|_| law.sample(arguments, &mut rng)).collect()
}

/// Mean and variance are near those given, four standard errors at most; that of the variance is estimated.
#[track_caller]
fn assert_moments(law: Draw, arguments: &[f64], mean: f64, variance: f64) {
    let xs = sample(law, arguments);
    let n = N as f64;
    let squares = |f: &dyn Fn(f64) -> f64| xs.iter().map(|&x| f(x)).sum::<f64>() / n;
    let m = squares(&|x| x);
    let v = squares(&|x| (x - mean).powi(2));
    let fourth = squares(&|x| (x - mean).powi(4));
    assert!((m - mean).abs() <= 4.0 * (variance / n).sqrt() + 1e-12, "{law:?} {arguments:?}: mean {m}, not {mean}");
    let error = ((fourth - v * v) / n).max(0.0).sqrt();
    assert!((v - variance).abs() <= 4.0 * error + 1e-12, "{law:?} {arguments:?}: variance {v}, not {variance}");
}

/// Mean and variance of a density on an interval, by the trapezoidal rule.
fn of_density(density: impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    let steps = 200_000;
    let width = (high - low) / f64::from(steps);
    let mut sums = [0.0; 3];
    for i in 0..=steps {
        let x = low + width * f64::from(i);
        let weight = density(x) * if i == 0 || i == steps { 0.5 } else { 1.0 };
        sums[0] += weight;
        sums[1] += weight * x;
        sums[2] += weight * x * x;
    }
    let mean = sums[1] / sums[0];
    (mean, sums[2] / sums[0] - mean * mean)
}

/// Mean and variance of weights of whole numbers from `from` on.
fn of_weights(from: i32, weights: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sums = [0.0; 3];
    for (k, weight) in (from..).map(f64::from).zip(weights) {
        sums[0] += weight;
        sums[1] += weight * k;
        sums[2] += weight * k * k;
    }
    let mean = sums[1] / sums[0];
    (mean, sums[2] / sums[0] - mean * mean)
}

#[test]
fn each_law_has_its_mean_and_variance() {
    let pi = std::f64::consts::PI;
    for (law, arguments, mean, variance) in [
        (Draw::Normal, &[-1.0, 1.5][..], -1.0, 2.25),
        (Draw::Normal, &[3.0, 0.0], 3.0, 0.0),
        (Draw::Uniform, &[-1.0, 3.0], 1.0, 16.0 / 12.0),
        (Draw::Uniform, &[3.0, -1.0], 1.0, 16.0 / 12.0),
        (Draw::Exponential, &[0.5], 2.0, 4.0),
        (Draw::Gamma, &[2.5, 3.0], 7.5, 22.5),
        (Draw::Gamma, &[0.3, 2.0], 0.6, 1.2),
        (Draw::Poisson, &[0.7], 0.7, 0.7),
        (Draw::Poisson, &[250.0], 250.0, 250.0),
        (Draw::Poisson, &[0.0], 0.0, 0.0),
        (Draw::ChiSquare, &[5.0], 5.0, 10.0),
        (Draw::Rayleigh, &[2.0], 2.0 * (pi / 2.0).sqrt(), 2.0 * (4.0 - pi)),
        (Draw::Bernoulli, &[0.3], 0.3, 0.21),
        (Draw::Laplace, &[1.0, 2.0], 1.0, 8.0),
        (Draw::Laplace, &[2.0], 0.0, 8.0),
        (Draw::LogNormal, &[0.5, 0.4], (0.58_f64).exp(), (0.16_f64.exp() - 1.0) * (1.16_f64).exp()),
        (Draw::Binomial, &[100.0, 0.2], 20.0, 16.0),
        (Draw::Binomial, &[7.0, 1.0], 7.0, 0.0),
        (Draw::Binomial, &[7.0, 0.0], 0.0, 0.0),
    ] {
        assert_moments(law, arguments, mean, variance);
    }
}

#[test]
fn bounds_leave_the_law_between_them() {
    let inf = f64::INFINITY;
    let bell = |x: f64| (-0.5 * x * x).exp();
    let (m, v) = of_density(bell, -1.0, 2.0);
    assert_moments(Draw::Normal, &[0.0, 1.0, -1.0, 2.0], m, v);
    assert_moments(Draw::Normal, &[0.0, 1.0, 2.0, -1.0], m, v);
    // One side only, and far out: given that it is over 9 sd, its distance beyond is nearly exponential of rate 9.
    let (m, v) = of_density(bell, 9.0, 12.0);
    assert_moments(Draw::Normal, &[0.0, 1.0, 9.0, inf], m, v);
    assert_moments(Draw::Normal, &[0.0, 1.0, -inf, -9.0], -m, v);
    // A half of the normal law: sd sqrt(2 / pi), and variance sd^2 (1 - 2 / pi).
    let half = 2.0 / std::f64::consts::PI;
    assert_moments(Draw::Normal, &[1.0, 3.0, 1.0, inf], 1.0 + 3.0 * half.sqrt(), 9.0 * (1.0 - half));
    // Memory has no part in an exponential draw.
    assert_moments(Draw::Exponential, &[2.0, 40.0, inf], 40.5, 0.25);
    let (m, v) = of_density(|x| (-x).exp(), 0.25, 0.75);
    assert_moments(Draw::Exponential, &[1.0, 0.25, 0.75], m, v);
    assert_moments(Draw::Exponential, &[1.0, -inf, 0.75], 1.0 - 0.75 / 0.75_f64.exp_m1(), {
        of_density(|x| (-x).exp(), 0.0, 0.75).1
    });
    for (shape, scale, low, high) in [(1.0, 2.0, 3.0, 6.0), (4.5, 0.5, 0.1, 1.0), (2.0, 1.0, 30.0, 60.0)] {
        let (m, v) = of_density(|x| x.powf(shape - 1.0) * (-x / scale).exp(), low, high);
        assert_moments(Draw::Gamma, &[shape, scale, low, high], m, v);
    }
    let (m, v) = of_density(|x| x * (-x / 2.0).exp(), 2.0, 8.0);
    assert_moments(Draw::ChiSquare, &[4.0, 2.0, 8.0], m, v);
    let (m, v) = of_density(|x| x * (-x * x / 8.0).exp(), 3.0, 5.0);
    assert_moments(Draw::Rayleigh, &[2.0, 3.0, 5.0], m, v);
    for (low, high) in [(2.0, 10.0), (-3.0, 2.0), (-9.0, -4.0)] {
        let (m, v) = of_density(|x: f64| (-(x - 1.0).abs() / 2.0).exp(), low, high);
        assert_moments(Draw::Laplace, &[1.0, 2.0, low, high], m, v);
        let (m, v) = of_density(|x: f64| 1.0 / (1.0 + ((x - 1.0) / 2.0).powi(2)), low, high);
        assert_moments(Draw::Cauchy, &[1.0, 2.0, low, high], m, v);
    }
    let (m, v) = of_density(|x: f64| (-0.5 * ((x.ln() - 1.0) / 2.0).powi(2)).exp() / x, 3.0, 10.0);
    assert_moments(Draw::LogNormal, &[1.0, 2.0, 3.0, 10.0], m, v);
    // Both ends are included.
    let poisson = (2..=5).scan(1.0, |p, k| Some(std::mem::replace(p, *p * 3.0 / f64::from(k + 1))));
    let (m, v) = of_weights(2, poisson);
    assert_moments(Draw::Poisson, &[3.0, 1.5, 5.0], m, v);
    let choose = [10.0, 45.0, 120.0, 210.0];
    let (m, v) = of_weights(1, choose.into_iter().zip(0..).map(|(c, k)| c * (0.3_f64 / 0.7).powi(k)));
    assert_moments(Draw::Binomial, &[10.0, 0.3, 1.0, 4.9], m, v);
    assert_moments(Draw::Poisson, &[3.0, 4.0, 4.0], 4.0, 0.0);
    assert_moments(Draw::Normal, &[3.0, 1.0, 4.0, 4.0], 4.0, 0.0);
}

#[test]
fn a_cauchy_draw_has_its_quartiles() {
    for (arguments, location, scale) in [(&[3.0, 2.0][..], 3.0, 2.0), (&[2.0], 0.0, 2.0)] {
        let mut xs = sample(Draw::Cauchy, arguments);
        xs.sort_unstable_by(f64::total_cmp);
        for (p, expected) in [(0.25, location - scale), (0.5, location), (0.75, location + scale)] {
            // The density there is 1 / (pi scale (1 + z^2)).
            let z: f64 = (expected - location) / scale;
            let error = (p * (1.0 - p) / N as f64).sqrt() * std::f64::consts::PI * scale * (1.0 + z * z);
            let found = xs[(p * N as f64) as usize];
            assert!((found - expected).abs() < 4.0 * error, "{arguments:?}: {found}, not {expected}");
        }
    }
}

#[test]
fn draws_of_whole_numbers_are_whole_and_take_one_uniform() {
    let (mut a, mut b) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
    for (law, arguments) in [
        (Draw::Poisson, &[3.0][..]),
        (Draw::Poisson, &[1e6, 0.0, 1e6]),
        (Draw::Binomial, &[1e6, 0.4]),
        (Draw::Bernoulli, &[0.5]),
    ] {
        assert_eq!(law.sample(arguments, &mut a).fract(), 0.0);
        b.uniform();
    }
    assert_eq!(a.bits(), b.bits());
}

#[test]
fn what_has_no_law_is_no_number() {
    let nan = f64::NAN;
    for (law, arguments) in [
        (Draw::Normal, &[0.0, -1.0][..]),
        (Draw::Normal, &[nan, 1.0]),
        (Draw::Normal, &[0.0, 1.0, nan, 1.0]),
        (Draw::Exponential, &[-1.0]),
        (Draw::Exponential, &[0.0]),
        (Draw::Gamma, &[-1.0, 1.0]),
        (Draw::Gamma, &[-1.0, 1.0, 1.0, 2.0]),
        (Draw::Poisson, &[-1.0]),
        (Draw::Poisson, &[1e300]),
        (Draw::Poisson, &[1.0, 1.2, 1.8]),
        (Draw::Binomial, &[2.5, 0.5]),
        (Draw::Binomial, &[2.0, 1.5]),
        (Draw::Bernoulli, &[1.5]),
        (Draw::Cauchy, &[0.0, nan]),
    ] {
        assert!(law.sample(arguments, &mut Rng::seed_from_u64(1)).is_nan(), "{law:?} {arguments:?}");
    }
}

#[test]
fn names_lead_back() {
    for name in DRAWS.split(", ") {
        assert_eq!(Draw::named(name).map(Draw::name), Some(name));
    }
}

#[test]
fn no_number_among_the_arguments_makes_none() {
    let mut rng = Rng::seed_from_u64(5);
    for law in DRAWS.split(", ").map(|name| Draw::named(name).expect("a law")) {
        for &count in law.arguments() {
            // A chance, a scale of zero and bounds around everything among them.
            for value in [0.0, 0.5, 1.0] {
                for place in 0..count {
                    let mut arguments = vec![value; count];
                    arguments[place] = f64::NAN;
                    assert!(law.sample(&arguments, &mut rng).is_nan(), "{law:?} {arguments:?}");
                }
            }
        }
    }
}
