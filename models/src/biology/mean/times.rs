//! Laws of times as integrals: how much of a law lies below an age.

use sim_core::SimTime;

use crate::common::draw::{incomplete, normal_tails};
use crate::common::service::Service;

/// A law of times that a mean can follow.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Times {
    /// Always this, in ticks.
    Fixed(f64),
    /// Between two, in ticks.
    Uniform(f64, f64),
    /// Gamma of this shape and scale, in ticks.
    Gamma(f64, f64),
    /// Mean and standard deviation of the logarithm of the ticks.
    Lognormal(f64, f64),
    /// One of two exponentials: the probability of the first, and both means in ticks.
    Two(f64, [f64; 2]),
}

impl Times {
    /// Fails with what the law is called if it is none of these.
    pub(super) fn new(law: &Service) -> Result<Self, &'static str> {
        Ok(match law {
            Service::Constant { ticks } => Self::Fixed(*ticks as f64),
            Service::Uniform { min, span } if *span > 0.0 => Self::Uniform(*min, min + span),
            Service::Uniform { min, .. } => Self::Fixed(*min),
            // Those who come at once would leave at an infinite rate at once.
            Service::Gamma { shape, .. } if *shape < 1.0 => return Err("gamma with a `cv` over 1"),
            Service::Gamma { mean, shape } => Self::Gamma(*shape, mean / shape),
            Service::Lognormal { mu, sigma } if *sigma > 0.0 => Self::Lognormal(*mu, *sigma),
            Service::Lognormal { mu, .. } => Self::Fixed(libm::exp(*mu)),
            Service::Exponential { mean } => Self::Gamma(1.0, *mean),
            Service::Hyperexponential { p, means } => Self::Two(*p, *means),
            Service::Linear { .. } => return Err("linear"),
            Service::Pareto(_) => return Err("pareto"),
        })
    }

    /// The longest step, in ticks, in which little of what comes leaves again.
    pub(super) fn step_max(&self) -> f64 {
        match self {
            Self::Fixed(ticks) => *ticks,
            Self::Uniform(min, max) => min.max(0.1 * (max - min)),
            // A tenth of the mean, and of the least time scale.
            Self::Gamma(shape, scale) => 0.1 * scale * shape.sqrt(),
            Self::Lognormal(mu, sigma) => 0.1 * libm::exp(mu - sigma),
            Self::Two(_, means) => 0.1 * means[0].min(means[1]),
        }
        .max(1.0)
    }

    /// The ages, in ticks, at which the rate of leaving jumps.
    pub(super) fn corners(&self) -> impl Iterator<Item = f64> {
        let ages = match self {
            Self::Fixed(ticks) => [Some(*ticks), None],
            Self::Uniform(min, max) => [Some(*min), Some(*max)],
            _ => [None, None],
        };
        ages.into_iter().flatten()
    }

    /// The density at an age, 1/tick. Of a fixed time there is none.
    pub(super) fn density(&self, age: f64) -> f64 {
        if age < 0.0 {
            return 0.0;
        }
        match self {
            Self::Uniform(min, max) => f64::from(age >= *min && age < *max) / (max - min),
            Self::Gamma(shape, scale) => {
                let x = age / scale;
                if x == 0.0 {
                    return f64::from(*shape == 1.0) / scale;
                }
                libm::exp((shape - 1.0) * libm::log(x) - x - libm::lgamma(*shape)) / scale
            }
            Self::Lognormal(mu, sigma) if age > 0.0 => {
                let z = (libm::log(age) - mu) / sigma;
                libm::exp(-0.5 * z * z) / (age * sigma * (2.0 * std::f64::consts::PI).sqrt())
            }
            Self::Fixed(_) | Self::Lognormal(..) => 0.0,
            Self::Two(p, [a, b]) => p * libm::exp(-age / a) / a + (1.0 - p) * libm::exp(-age / b) / b,
        }
    }

    /// The integrals of the density, of the age and of its square below `age`: the probability to have left, and partial moments.
    pub(super) fn below(&self, age: f64) -> [f64; 3] {
        if age <= 0.0 {
            return [0.0; 3];
        }
        match self {
            Self::Fixed(ticks) if age < *ticks => [0.0; 3],
            Self::Fixed(ticks) => [1.0, *ticks, ticks * ticks],
            Self::Uniform(min, max) => {
                let to = age.clamp(*min, *max);
                let power = |k: i32| (to.powi(k) - min.powi(k)) / f64::from(k) / (max - min);
                [power(1), power(2), power(3)]
            }
            Self::Gamma(shape, scale) => gamma(*shape, *scale, age),
            Self::Lognormal(mu, sigma) => {
                let partial = |k: f64| {
                    let z = (libm::log(age) - mu) / sigma - k * sigma;
                    libm::exp(k * mu + 0.5 * k * k * sigma * sigma) * normal_tails(z).0
                };
                [partial(0.0), partial(1.0), partial(2.0)]
            }
            Self::Two(p, means) => {
                let [a, b] = means.map(|mean| gamma(1.0, mean, age));
                [0, 1, 2].map(|k| p * a[k] + (1.0 - p) * b[k])
            }
        }
    }

    /// An age at which hardly any is left, in ticks.
    pub(super) fn memory(&self) -> f64 {
        let end = SimTime::HORIZON_MAX.ticks() as f64;
        let (mut low, mut high) = (1.0, end);
        if self.below(high)[0] < 1.0 - LEFT {
            return end;
        }
        for _ in 0..100 {
            let middle = libm::sqrt(low * high);
            *(if self.below(middle)[0] < 1.0 - LEFT { &mut low } else { &mut high }) = middle;
        }
        high
    }
}

/// The share of those who came together that is forgotten.
const LEFT: f64 = 1e-13;

fn gamma(shape: f64, scale: f64, age: f64) -> [f64; 3] {
    let x = age / scale;
    let p = |k: f64| incomplete(shape + k, x).0;
    [p(0.0), scale * shape * p(1.0), scale * scale * shape * (shape + 1.0) * p(2.0)]
}
