//! Laws of times: how long a worker is busy with a packet, how much later than others it arrives, how long a vesicle is on its
//! way.
//!
//! | kind | law | squared coefficient of variation |
//! |---|---|---|
//! | `constant` | always `time` | 0 |
//! | `exponential` | exponential with mean `mean` | 1 |
//! | `uniform` | between `min` and `max` | (max - min)^2 / (3 (max + min)^2) |
//! | `linear` | `base` + `per_byte` x size | that of the sizes, scaled |
//! | `gamma` | gamma with mean `mean`, coefficient of variation `cv`; Erlang-k at cv = 1/sqrt(k) | cv^2 |
//! | `lognormal` | lognormal with mean `mean`, coefficient of variation `cv` | cv^2 |
//! | `hyperexponential` | one of two exponentials with balanced means, cv > 1 | cv^2 |
//! | `pareto` | Pareto with shape `alpha` from `min` on, up to `max` if there is one | infinite up to alpha = 2 without `max` |
//!
//! Validated against: M/M/1, M/D/1, M/G/1 (Pollaczek-Khinchine), M/M/c (Erlang C).

use std::f64::consts::TAU;

use sim_core::TICKS_PER_SECOND;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::pareto::Pareto;
use crate::registry::Kind;

/// A law of service times.
#[derive(Clone, Debug)]
pub enum Service {
    /// `ticks` always.
    Constant {
        /// Picoseconds.
        ticks: u64,
    },
    /// Exponential.
    Exponential {
        /// Picoseconds.
        mean: f64,
    },
    /// Between `min` and `min + span`.
    Uniform {
        /// Picoseconds.
        min: f64,
        /// Picoseconds.
        span: f64,
    },
    /// `base + per_bit * bits`.
    Linear {
        /// Picoseconds.
        base: f64,
        /// Picoseconds a bit.
        per_bit: f64,
    },
    /// Gamma.
    Gamma {
        /// Picoseconds.
        mean: f64,
        /// 1 / cv^2.
        shape: f64,
    },
    /// exp(mu + sigma N).
    Lognormal {
        /// Mean of the logarithm of the time in picoseconds.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Exponential with mean `means[0]` with probability `p`, else with mean `means[1]`.
    Hyperexponential {
        /// Probability of the first.
        p: f64,
        /// Picoseconds.
        means: [f64; 2],
    },
    /// Pareto, in picoseconds.
    Pareto(Pareto),
}

/// Makes a law from its checked table.
pub type MakeService = fn(&Table) -> Result<Service, Diagnostics>;

const TIME: Type = Type::Quantity(&[Dimension::TIME]);
const MEAN: Field = Field::required("mean", TIME, "The mean time, at least 1 ps.");
const CV_MAX: f64 = 1000.0;

/// The laws that come with the program.
pub const SERVICES: &[Kind<MakeService>] = &[
    Kind {
        name: "constant",
        doc: "Every packet takes the same time.",
        fields: &[Field::required("time", TIME, "How long.")],
        make: |table| Ok(Service::Constant { ticks: time(table, "time")? as u64 }),
    },
    Kind {
        name: "exponential",
        doc: "Exponential times.",
        fields: &[MEAN],
        make: |table| Ok(Service::Exponential { mean: time(table, "mean")? }),
    },
    Kind {
        name: "uniform",
        doc: "Any time between two bounds is as likely as any other.",
        fields: &[
            Field::required("min", TIME, "The least time."),
            Field::required("max", TIME, "The greatest time, at least 1 ps."),
        ],
        make: uniform,
    },
    Kind {
        name: "linear",
        doc: "A fixed time and a further time for each byte of the packet, as of a filter that scans the payload.",
        fields: &[
            Field::default("base", TIME, "\"0 s\"", "The time that any packet takes."),
            Field::required("per_byte", Type::Quantity(&[Dimension::TIME_PER_DATA]), "The time a byte: \"2 ns/B\"."),
        ],
        make: linear,
    },
    Kind {
        name: "gamma",
        doc: "Gamma times; Erlang-k for cv = 1/sqrt(k), and long-tailed for cv over 1.",
        fields: &[
            MEAN,
            Field::required("cv", Type::Number { min: 0.001, max: CV_MAX }, "Standard deviation over mean."),
        ],
        make: |table| Ok(Service::Gamma { mean: time(table, "mean")?, shape: table.number("cv").powi(-2) }),
    },
    Kind {
        name: "lognormal",
        doc: "Lognormal times, the usual fit to measured processing times.",
        fields: &[MEAN, Field::required("cv", Type::Number { min: 0.0, max: CV_MAX }, "Standard deviation over mean.")],
        make: |table| {
            let cv = table.number("cv");
            let variance = libm::log1p(cv * cv);
            let mu = libm::log(time(table, "mean")?) - 0.5 * variance;
            Ok(Service::Lognormal { mu, sigma: libm::sqrt(variance) })
        },
    },
    Kind {
        name: "hyperexponential",
        doc: "Either of two exponential times that contribute equally to the mean (balanced means): bursts of long jobs \
              among short ones.",
        fields: &[
            MEAN,
            Field::required("cv", Type::Number { min: 1.0, max: CV_MAX }, "Standard deviation over mean, 1 or more."),
        ],
        make: |table| {
            let (mean, c2) = (time(table, "mean")?, table.number("cv").powi(2));
            let p = 0.5 * (1.0 + libm::sqrt((c2 - 1.0) / (c2 + 1.0)));
            Ok(Service::Hyperexponential { p, means: [mean / (2.0 * p), mean / (2.0 * (1.0 - p))] })
        },
    },
    Kind {
        name: "pareto",
        doc: "Pareto times, P(T > t) = (min / t)^alpha: a heavy tail. With `max`, given that they are no longer (bounded Pareto).",
        fields: &[
            Field::required("min", TIME, "The least time, at least 1 ps."),
            Field::required(
                "alpha",
                Type::Number { min: 0.01, max: 100.0 },
                "The shape; without `max`, over 1, and up to 2 their variance is infinite.",
            ),
            Field::optional("max", TIME, "The greatest time; without it there is none."),
        ],
        make: pareto,
    },
];

fn refuse<T>(table: &Table, key: &str, message: impl Into<String>, label: &str, help: &str) -> Result<T, Diagnostics> {
    let mut all = Diagnostics::default();
    all.push(Diagnostic::error("E0352", table.span_of(key), message, label).help(help));
    Err(all)
}

/// The time under `key` in ticks, at least one: packets that take no time could go round a loop for ever.
fn time(table: &Table, key: &str) -> Result<f64, Diagnostics> {
    let q = table.quantity(key);
    match q.to_ticks() {
        Some(ticks) if ticks > 0 => Ok(ticks as f64),
        _ => refuse(table, key, format!("a time of {q}"), "from 1 ps to 106 d", "the least is 1 ps"),
    }
}

fn uniform(table: &Table) -> Result<Service, Diagnostics> {
    let (min, max) = (table.quantity("min").to_ticks().map_or(f64::INFINITY, |t| t as f64), time(table, "max")?);
    if min > max {
        return refuse(table, "max", "`max` is less than `min`", "less than `min`", "exchange them");
    }
    Ok(Service::Uniform { min, span: max - min })
}

fn linear(table: &Table) -> Result<Service, Diagnostics> {
    let Some(base) = table.quantity("base").to_ticks() else {
        return refuse(table, "base", "a time that no run can last", "at most 106 d", "for example `120 us`");
    };
    let per_bit = table.quantity("per_byte").value * TICKS_PER_SECOND as f64;
    if base == 0 && per_bit == 0.0 {
        let label = "`base` is zero, too";
        return refuse(table, "per_byte", "a service that takes no time", label, "leave out what takes no time");
    }
    Ok(Service::Linear { base: base as f64, per_bit })
}

fn pareto(table: &Table) -> Result<Service, Diagnostics> {
    let (min, alpha) = (time(table, "min")?, table.number("alpha"));
    let max = if table.get("max").is_some() { time(table, "max")? } else { f64::INFINITY };
    if max <= min {
        return refuse(table, "max", "`max` is not more than `min`", "expected more", "exchange them");
    }
    if alpha <= 1.0 && max.is_infinite() {
        let message = format!("Pareto times of shape {alpha} have no mean");
        return refuse(table, "alpha", message, "more than 1, if there is no `max`", "give the times a `max`");
    }
    Ok(Service::Pareto(Pareto::new(min, max, alpha)))
}

impl Service {
    /// One service time in ticks, for a packet of `bits`.
    #[inline]
    pub fn draw(&self, rng: &mut Rng, bits: u32) -> u64 {
        let ticks = match self {
            Self::Constant { ticks } => return *ticks,
            Self::Exponential { mean } => mean * rng.exponential(),
            Self::Uniform { min, span } => min + span * rng.uniform(),
            Self::Linear { base, per_bit } => base + per_bit * f64::from(bits),
            Self::Gamma { mean, shape } => mean / shape * gamma(rng, *shape),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal(rng)),
            Self::Hyperexponential { p, means } => {
                let mean = means[usize::from(rng.uniform() >= *p)];
                mean * rng.exponential()
            }
            Self::Pareto(law) => law.draw(rng),
        };
        // A time beyond any run is as good as the longest run.
        ((ticks + 0.5) as i64).max(0) as u64
    }
    /// The mean in s for packets of `bits` on average.
    pub fn mean(&self, bits: f64) -> f64 {
        let ticks = match self {
            Self::Constant { ticks } => *ticks as f64,
            Self::Exponential { mean } | Self::Gamma { mean, .. } => *mean,
            Self::Uniform { min, span } => min + 0.5 * span,
            Self::Linear { base, per_bit } => base + per_bit * bits,
            Self::Lognormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Self::Hyperexponential { p, means } => p * means[0] + (1.0 - p) * means[1],
            Self::Pareto(law) => law.moment(1.0),
        };
        ticks / TICKS_PER_SECOND as f64
    }
}

/// A standard normal variate (Box and Muller 1958, doi:10.1214/aoms/1177706645): always two uniforms, so that streams
/// stay in step.
pub(crate) fn normal(rng: &mut Rng) -> f64 {
    let radius = libm::sqrt(2.0 * rng.exponential());
    radius * libm::cos(TAU * rng.uniform())
}

/// A gamma variate of scale 1 (Marsaglia and Tsang 2000, doi:10.1145/358407.358414).
pub(crate) fn gamma(rng: &mut Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        // G(a) = G(a + 1) U^(1/a).
        return gamma(rng, shape + 1.0) * libm::exp(-rng.exponential() / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        // Accept with probability exp(x^2/2 + d - d v + d ln v).
        if v > 0.0 && rng.exponential() > -(0.5 * x * x + d - d * v + d * libm::log(v)) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::traffic::fixture::table;

    fn service(text: &str) -> Result<Service, Diagnostics> {
        let table = table(SERVICES, text);
        (SERVICES.iter().find(|k| k.name == table.kind()).unwrap().make)(&table)
    }

    #[test]
    fn laws_have_their_moments() {
        // Mean in us for packets of 8000 bit, squared coefficient of variation, tolerance of the latter.
        for (text, mean, scv, tolerance) in [
            ("{ kind = 'constant', time = '3 us' }", 3.0, 0.0, 0.0),
            ("{ kind = 'exponential', mean = '20 us' }", 20.0, 1.0, 0.02),
            ("{ kind = 'uniform', min = '0 s', max = '20 us' }", 10.0, 1.0 / 3.0, 0.01),
            ("{ kind = 'linear', base = '120 us', per_byte = '2 ns/B' }", 122.0, 0.0, 0.0),
            ("{ kind = 'linear', per_byte = '2 ns/B' }", 2.0, 0.0, 0.0),
            ("{ kind = 'gamma', mean = '10 us', cv = 0.5 }", 10.0, 0.25, 0.01),
            ("{ kind = 'gamma', mean = '10 us', cv = 2 }", 10.0, 4.0, 0.05),
            ("{ kind = 'lognormal', mean = '10 us', cv = 0.5 }", 10.0, 0.25, 0.01),
            ("{ kind = 'lognormal', mean = '10 us', cv = 0 }", 10.0, 0.0, 1e-12),
            ("{ kind = 'hyperexponential', mean = '10 us', cv = 2 }", 10.0, 4.0, 0.05),
            ("{ kind = 'hyperexponential', mean = '10 us', cv = 1 }", 10.0, 1.0, 0.02),
            // Without a bound, alpha min / (alpha - 1) and 1 / (alpha (alpha - 2)); with one, the second over the squared
            // first moment: 27.027027 / 2.7027027^2.
            ("{ kind = 'pareto', min = '9 us', alpha = 10 }", 10.0, 1.0 / 80.0, 0.01),
            ("{ kind = 'pareto', min = '10 us', alpha = 1.5, max = '1 ms' }", 27.0 / 0.999, 2.7, 0.06),
        ] {
            let law = service(text).unwrap();
            assert!((law.mean(8000.0) / (mean * 1e-6) - 1.0).abs() < 1e-12, "{text}: {}", law.mean(8000.0));
            let mut rng = Rng::seed_from_u64(11);
            let n = 400_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let x = law.draw(&mut rng, 8000) as f64 * 1e-6;
                sum += x;
                squares += x * x;
            }
            let m = sum / f64::from(n);
            let c = squares / f64::from(n) / (m * m) - 1.0;
            assert!((m / mean - 1.0).abs() <= 4.0 * (scv / f64::from(n)).sqrt() + 1e-9, "{text}: mean {m}");
            assert!((c - scv).abs() <= tolerance * scv.max(1.0) + 1e-9, "{text}: scv {c}");
        }
    }

    /// The share of draws up to `x` us.
    fn below(law: &Service, x: f64) -> f64 {
        let mut rng = Rng::seed_from_u64(13);
        let n = 400_000;
        let hits = (0..n).filter(|_| law.draw(&mut rng, 0) as f64 * 1e-6 <= x).count();
        hits as f64 / f64::from(n)
    }

    #[test]
    fn quantiles_are_those_of_the_laws() {
        // Erlang-4 with mean 4: P(X <= 4) = 1 - e^-4 (1 + 4 + 8 + 32/3). Error bars: four times sqrt(p q / n).
        let erlang = service("{ kind = 'gamma', mean = '4 us', cv = 0.5 }").unwrap();
        let p = 1.0 - (-4f64).exp() * (1.0 + 4.0 + 8.0 + 32.0 / 3.0);
        assert!((below(&erlang, 4.0) - p).abs() < 0.0033);
        // Gamma of shape 1/2 is chi-squared with one degree of freedom, over two: P(X <= mean) = erf(sqrt(1/2)).
        let chi = service("{ kind = 'gamma', mean = '1 us', cv = 1.4142135623730951 }").unwrap();
        assert!((below(&chi, 1.0) - libm::erf(0.5f64.sqrt())).abs() < 0.0033);
        // The median of a lognormal is mean / sqrt(1 + cv^2), its upper quantiles those of the normal law.
        let log = service("{ kind = 'lognormal', mean = '2 us', cv = 1.7320508075688772 }").unwrap();
        assert!((below(&log, 1.0) - 0.5).abs() < 0.0033);
        let sigma = 4f64.ln().sqrt();
        assert!((below(&log, sigma.exp()) - 0.841_344_746).abs() < 0.0033);
    }

    #[test]
    fn services_without_duration_are_refused() {
        for text in [
            "{ kind = 'constant', time = '0 s' }",
            "{ kind = 'constant', time = '200 d' }",
            "{ kind = 'exponential', mean = '0.1 ps' }",
            "{ kind = 'uniform', min = '2 s', max = '1 s' }",
            "{ kind = 'uniform', min = '200 d', max = '1 s' }",
            "{ kind = 'linear', per_byte = '0 s/B' }",
            "{ kind = 'linear', base = '200 d', per_byte = '1 ns/B' }",
            "{ kind = 'pareto', min = '0 s', alpha = 2 }",
            "{ kind = 'pareto', min = '1 s', alpha = 2, max = '1 s' }",
            "{ kind = 'pareto', min = '1 s', alpha = 1 }",
        ] {
            let found = service(text).unwrap_err();
            assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0352"], "{text}");
        }
    }
}
