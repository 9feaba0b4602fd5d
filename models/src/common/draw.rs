//! Draws in expressions: `normal(mean, sd)` and its like, each time another number.
//!
//! The laws and their arguments are those of the package *Distributions* of SBML (Smith et al. 2020, doi:10.1515/jib-2020-0018). Two further
//! arguments are bounds: the law is that of a draw given that it lies between them, both included; a bound may be `inf`, and of bounds
//! in the wrong order the lesser is the lower one. A draw with arguments that it has no law for is no number.
//!
//! Bounded draws are by inversion: by closed forms where the law has them, else by bisection, from the tail that keeps its digits. Whole
//! numbers take one uniform, which their probabilities use up from the mode outwards.
//!
//! Validated against: mean and variance of each law (of the Cauchy law its quartiles), bounded ones in closed form.

use sim_core::rng::Rng;

use super::service::{gamma, normal};

/// The names of all, for a message.
pub const DRAWS: &str = "normal, uniform, exponential, gamma, poisson, cauchy, chisquare, rayleigh, bernoulli, laplace, lognormal, binomial";

/// A law to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// `normal(mean, sd)`.
    Normal,
    /// `uniform(low, high)`.
    Uniform,
    /// `exponential(rate)`, of mean `1 / rate`.
    Exponential,
    /// `gamma(shape, scale)`, of mean `shape * scale`.
    Gamma,
    /// `poisson(mean)`.
    Poisson,
    /// `cauchy(location, scale)`; the location may be left out if there are no bounds: zero.
    Cauchy,
    /// `chisquare(degrees)`.
    ChiSquare,
    /// `rayleigh(scale)`.
    Rayleigh,
    /// `bernoulli(p)`: 1 with probability `p`, else 0.
    Bernoulli,
    /// `laplace(location, scale)`; the location may be left out if there are no bounds: zero.
    Laplace,
    /// `lognormal(mu, sigma)`: the exponential of a normal draw.
    LogNormal,
    /// `binomial(n, p)`.
    Binomial,
}

impl Draw {
    /// The law called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "normal" => Self::Normal,
            "uniform" => Self::Uniform,
            "exponential" => Self::Exponential,
            "gamma" => Self::Gamma,
            "poisson" => Self::Poisson,
            "cauchy" => Self::Cauchy,
            "chisquare" => Self::ChiSquare,
            "rayleigh" => Self::Rayleigh,
            "bernoulli" => Self::Bernoulli,
            "laplace" => Self::Laplace,
            "lognormal" => Self::LogNormal,
            "binomial" => Self::Binomial,
            _ => return None,
        })
    }

    /// What it is called in expressions and in SBML.
    pub fn name(self) -> &'static str {
        let all = DRAWS.split(", ");
        all.into_iter().find(|name| Self::named(name) == Some(self)).unwrap_or_default()
    }

    /// The numbers of arguments that it can have.
    pub fn arguments(self) -> &'static [usize] {
        match self {
            Self::Bernoulli => &[1],
            Self::Uniform => &[2],
            Self::Exponential | Self::Poisson | Self::ChiSquare | Self::Rayleigh => &[1, 3],
            Self::Cauchy | Self::Laplace => &[1, 2, 4],
            Self::Normal | Self::Gamma | Self::LogNormal | Self::Binomial => &[2, 4],
        }
    }

    /// A draw; not a number if there is no law with these arguments, of which there are as many as it can have.
    pub fn sample(self, arguments: &[f64], rng: &mut Rng) -> f64 {
        if arguments.iter().any(|x| x.is_nan()) {
            return f64::NAN;
        }
        let one = arguments[0];
        let two = || arguments.get(1).copied().unwrap_or(f64::NAN);
        match self {
            Self::Bernoulli => chance(one).map_or(f64::NAN, |p| f64::from(rng.uniform() < p)),
            Self::Uniform => one.min(two()) + (two() - one).abs() * rng.uniform(),
            Self::Exponential => Scaled::new(0.0, 1.0 / one, &arguments[1..]).draw(&Exponential, rng),
            Self::ChiSquare => Scaled::new(0.0, 2.0, &arguments[1..]).draw(&Gamma(one / 2.0), rng),
            Self::Rayleigh => Scaled::new(0.0, one, &arguments[1..]).draw(&Rayleigh, rng),
            Self::Gamma => Scaled::new(0.0, two(), &arguments[2..]).draw(&Gamma(one), rng),
            Self::Normal => Scaled::new(one, two(), &arguments[2..]).draw(&Normal, rng),
            Self::Cauchy | Self::Laplace => {
                let (location, scale, bounds) = match arguments {
                    [scale] => (0.0, *scale, &[][..]),
                    _ => (one, two(), &arguments[2..]),
                };
                let scaled = Scaled::new(location, scale, bounds);
                if self == Self::Cauchy { scaled.draw(&Cauchy, rng) } else { scaled.draw(&Laplace, rng) }
            }
            Self::LogNormal => {
                let logarithm = |x: &f64| libm::log(x.max(0.0));
                let bounds: Vec<f64> = arguments[2..].iter().map(logarithm).collect();
                libm::exp(Scaled::new(one, two(), &bounds).draw(&Normal, rng))
            }
            Self::Poisson if (0.0..COUNT_MAX).contains(&one) => {
                whole(one.floor(), &|k| k / one, (0.0, f64::INFINITY), &arguments[1..], rng)
            }
            Self::Binomial => {
                let n = one;
                match chance(two()) {
                    Some(p) if n >= 0.0 && n.fract() == 0.0 && n < COUNT_MAX => {
                        let odds = (1.0 - p) / p;
                        let mode = ((n + 1.0) * p).floor().min(n);
                        whole(mode, &|k| k / (n - k + 1.0) * odds, (0.0, n), &arguments[2..], rng)
                    }
                    _ => f64::NAN,
                }
            }
            Self::Poisson => f64::NAN,
        }
    }
}

/// Means and numbers of trials from here on have no law: a draw costs work in proportion to their root.
const COUNT_MAX: f64 = 1e12;

fn chance(p: f64) -> Option<f64> {
    (0.0..=1.0).contains(&p).then_some(p)
}

/// The lower and the upper of two bounds; none if there are none.
fn bounds(given: &[f64]) -> Option<(f64, f64)> {
    match given {
        [a, b] if a <= b => Some((*a, *b)),
        [a, b] => Some((*b, *a)),
        _ => None,
    }
}

/// A law on a line, in its standard form.
trait Standard {
    /// A draw.
    fn free(&self, rng: &mut Rng) -> f64;
    /// The probability of less than `x`, and of more, each with all its digits.
    fn tails(&self, x: f64) -> (f64, f64);
    /// Where the first of them is `p`; or, if it is `above`, the second.
    fn quantile(&self, p: f64, above: bool) -> f64;
}

/// `location + scale` times a standard draw, perhaps between bounds.
struct Scaled {
    location: f64,
    scale: f64,
    bounds: Option<(f64, f64)>,
}

impl Scaled {
    fn new(location: f64, scale: f64, given: &[f64]) -> Self {
        Self { location, scale, bounds: bounds(given) }
    }
    fn draw(&self, law: &impl Standard, rng: &mut Rng) -> f64 {
        let Self { location, scale, .. } = *self;
        // Also if it is no number.
        if !(scale >= 0.0 && scale.is_finite() && location.is_finite()) {
            return f64::NAN;
        }
        let Some((low, high)) = self.bounds else { return location + scale * law.free(rng) };
        if scale == 0.0 {
            return location.clamp(low, high);
        }
        let standard = |x: f64| (x - location) / scale;
        let (from, to) = (law.tails(standard(low)), law.tails(standard(high)));
        // In the upper tail it is the probability of more that has digits.
        let above = from.0 > 0.5;
        let (p, q) = if above { (from.1, to.1) } else { (from.0, to.0) };
        let x = law.quantile(p + (q - p) * rng.uniform(), above);
        // What has no probability at all between its bounds is at the nearer one; rounding goes no further. No number stays none.
        let value = location + scale * x;
        if value < low {
            low
        } else if value > high {
            high
        } else {
            value
        }
    }
}

struct Exponential;
impl Standard for Exponential {
    fn free(&self, rng: &mut Rng) -> f64 {
        rng.exponential()
    }
    fn tails(&self, x: f64) -> (f64, f64) {
        let x = x.max(0.0);
        (-libm::expm1(-x), libm::exp(-x))
    }
    fn quantile(&self, p: f64, above: bool) -> f64 {
        if above { -libm::log(p) } else { -libm::log1p(-p) }
    }
}

struct Rayleigh;
impl Standard for Rayleigh {
    fn free(&self, rng: &mut Rng) -> f64 {
        libm::sqrt(2.0 * rng.exponential())
    }
    fn tails(&self, x: f64) -> (f64, f64) {
        Exponential.tails(0.5 * x.max(0.0) * x)
    }
    fn quantile(&self, p: f64, above: bool) -> f64 {
        libm::sqrt(2.0 * Exponential.quantile(p, above))
    }
}

struct Laplace;
impl Standard for Laplace {
    fn free(&self, rng: &mut Rng) -> f64 {
        let (size, sign) = (rng.exponential(), rng.uniform());
        if sign < 0.5 { -size } else { size }
    }
    fn tails(&self, x: f64) -> (f64, f64) {
        let far = 0.5 * libm::exp(-x.abs());
        if x < 0.0 { (far, 1.0 - far) } else { (1.0 - far, far) }
    }
    fn quantile(&self, p: f64, above: bool) -> f64 {
        let size = |p: f64| -libm::log(2.0 * p.min(1.0 - p));
        if (p < 0.5) == above { size(p) } else { -size(p) }
    }
}

struct Cauchy;
impl Standard for Cauchy {
    fn free(&self, rng: &mut Rng) -> f64 {
        self.quantile(rng.uniform(), false)
    }
    fn tails(&self, x: f64) -> (f64, f64) {
        let far = |x: f64| libm::atan2(1.0, x) / std::f64::consts::PI;
        (far(-x), far(x))
    }
    fn quantile(&self, p: f64, above: bool) -> f64 {
        let x = 1.0 / libm::tan(std::f64::consts::PI * p);
        if above { x } else { -x }
    }
}

struct Normal;
impl Standard for Normal {
    fn free(&self, rng: &mut Rng) -> f64 {
        normal(rng)
    }
    fn tails(&self, x: f64) -> (f64, f64) {
        normal_tails(x)
    }
    fn quantile(&self, p: f64, above: bool) -> f64 {
        // Beyond these a probability is none.
        bisect(self, p, above, -40.0, 40.0)
    }
}

/// The probabilities of less and of more than `x` of a standard normal variate.
pub(crate) fn normal_tails(x: f64) -> (f64, f64) {
    let far = |x: f64| 0.5 * libm::erfc(x / std::f64::consts::SQRT_2);
    (far(-x), far(x))
}

/// Of this shape.
struct Gamma(f64);
impl Standard for Gamma {
    fn free(&self, rng: &mut Rng) -> f64 {
        if self.0 > 0.0 { gamma(rng, self.0) } else { f64::NAN }
    }
    fn tails(&self, x: f64) -> (f64, f64) {
        if self.0 > 0.0 && self.0.is_finite() { incomplete(self.0, x.max(0.0)) } else { (f64::NAN, f64::NAN) }
    }
    fn quantile(&self, p: f64, above: bool) -> f64 {
        // Beyond this a probability is none.
        bisect(self, p, above, 0.0, self.0 + 40.0 * libm::sqrt(self.0) + 800.0)
    }
}

/// Where the probability of less, or of more if it is `above`, is `p`: somewhere from `low` to `high`.
fn bisect(law: &impl Standard, p: f64, above: bool, mut low: f64, mut high: f64) -> f64 {
    if p.is_nan() {
        return f64::NAN;
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        let (less, more) = law.tails(middle);
        if if above { more > p } else { less < p } {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The regularized incomplete gamma functions P and Q of shape `a`: a series below the mode, Lentz's continued fraction above it
/// (Press et al. 2007, Numerical Recipes, section 6.2 (from memory)).
pub(crate) fn incomplete(a: f64, x: f64) -> (f64, f64) {
    if x == 0.0 {
        return (0.0, 1.0);
    }
    if x.is_infinite() {
        return (1.0, 0.0);
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut n, mut term, mut sum) = (a, 1.0 / a, 1.0 / a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        let less = (front * sum).min(1.0);
        return (less, 1.0 - less);
    }
    let mut b = x + 1.0 - a;
    let mut d = 1.0 / b;
    let (mut c, mut h) = (1e300, d);
    for i in 1..10_000 {
        let i = f64::from(i);
        let factor = i * (a - i);
        b += 2.0;
        d = 1.0 / (factor * d + b);
        c = b + factor / c;
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    let more = (front * h).min(1.0);
    (1.0 - more, more)
}

/// A whole number of a law with its mode at `mode`, where `ratio(k)` is the probability of `k - 1` over that of `k`, from
/// `least` to `most`, perhaps between bounds. Takes one uniform.
fn whole(mode: f64, ratio: &dyn Fn(f64) -> f64, (least, most): (f64, f64), given: &[f64], rng: &mut Rng) -> f64 {
    let uniform = rng.uniform();
    let (low, high) = match bounds(given) {
        Some((low, high)) => (low.max(least).ceil(), high.min(most).floor()),
        None if given.is_empty() => (least, most),
        None => return f64::NAN,
    };
    if low > high || low.is_nan() || high.is_nan() {
        return f64::NAN;
    }
    // Weights relative to that of the likeliest; the law has one hill.
    let top = mode.clamp(low, high);
    let visit = |each: &mut dyn FnMut(f64, f64) -> bool| {
        let (mut up, mut down) = ((top, 1.0), (top, 1.0));
        if !each(top, 1.0) {
            return;
        }
        while up.1 > 1e-20 || down.1 > 1e-20 {
            if up.1 > 1e-20 {
                let next = up.0 + 1.0;
                up = if next > high { (next, 0.0) } else { (next, up.1 / ratio(next)) };
                if up.1 > 0.0 && !each(up.0, up.1) {
                    return;
                }
            }
            if down.1 > 1e-20 {
                let next = down.0 - 1.0;
                down = if next < low { (next, 0.0) } else { (next, down.1 * ratio(down.0)) };
                if down.1 > 0.0 && !each(down.0, down.1) {
                    return;
                }
            }
        }
    };
    let mut sum = 0.0;
    visit(&mut |_, weight| {
        sum += weight;
        true
    });
    let (mut left, mut found) = (uniform * sum, top);
    visit(&mut |k, weight| {
        left -= weight;
        found = if left < 0.0 { k } else { found };
        left >= 0.0
    });
    found
}

#[cfg(test)]
mod tests;
