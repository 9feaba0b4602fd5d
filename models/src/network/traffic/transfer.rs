//! Laws of the sizes of transfers.
//!
//! | `law` | sizes | mean |
//! |---|---|---|
//! | `constant` | `bytes` | `bytes` |
//! | `exponential` | exponential | `bytes` |
//! | `lognormal` | lognormal with the coefficient of variation `cv` | `bytes` |
//! | `pareto` | Pareto with the shape `alpha`: under 2 without variance, as the sizes of web documents (Crovella & Bestavros 1997, doi:10.1109/90.650143) | `bytes` |
//!
//! Sizes are rounded up to whole bytes.

use sim_core::config::{Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use crate::common::service::normal;
use crate::network::transport;

pub(super) const BYTES: Field =
    Field::required("bytes", Type::Quantity(&[Dimension::DATA]), "The mean size of a transfer.");
const LAWS: Type = Type::Choice(&["constant", "exponential", "lognormal", "pareto"]);
pub(super) const CONSTANT: Field = Field::default("law", LAWS, "\"constant\"", LAW);
pub(super) const PARETO: Field = Field::default("law", LAWS, "\"pareto\"", LAW);
const LAW: &str = "The law of sizes.";
pub(super) const ALPHA: Field = Field::default(
    "alpha",
    Type::Number { min: 1.01, max: 100.0 },
    "1.2",
    "The shape of Pareto sizes; under 2 their variance is infinite.",
);
pub(super) const CV: Field = Field::default(
    "cv",
    Type::Number { min: 0.001, max: 100.0 },
    "2.0",
    "The coefficient of variation of lognormal sizes.",
);

/// A law of sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Transfer {
    Constant(u64),
    Exponential { mean: f64 },
    Lognormal { mu: f64, sigma: f64 },
    Pareto { least: f64, alpha: f64 },
}

impl Transfer {
    pub(super) fn read(table: &Table) -> Result<(Self, f64), Diagnostics> {
        let bytes = transport::bytes(table, "bytes")?.unwrap_or(1);
        let mean = bytes as f64;
        let law = match table.text("law") {
            "constant" => Self::Constant(bytes),
            "exponential" => Self::Exponential { mean },
            "lognormal" => {
                let variance = libm::log1p(table.number("cv") * table.number("cv"));
                Self::Lognormal { mu: libm::log(mean) - variance / 2.0, sigma: variance.sqrt() }
            }
            _ => {
                let alpha = table.number("alpha");
                Self::Pareto { least: mean * (alpha - 1.0) / alpha, alpha }
            }
        };
        Ok((law, mean))
    }
    pub(super) fn draw(self, rng: &mut Rng) -> u64 {
        let bytes = match self {
            Self::Constant(bytes) => return bytes,
            Self::Exponential { mean } => mean * rng.exponential(),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal(rng)),
            Self::Pareto { least, alpha } => least * rng.pareto(alpha),
        };
        // Beyond what a run can carry, and short of a transfer without end.
        libm::ceil(bytes).clamp(1.0, 1e18) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_have_their_moments() {
        let mut rng = Rng::seed_from_u64(3);
        let sigma2 = libm::log(5.0);
        // Squared coefficients of variation: 0, 1, 4, and 1/(alpha (alpha - 2)) of Pareto sizes with alpha = 4.
        for (law, scv) in [
            (Transfer::Constant(100_000), 0.0),
            (Transfer::Exponential { mean: 1e5 }, 1.0),
            (Transfer::Lognormal { mu: libm::log(1e5) - sigma2 / 2.0, sigma: sigma2.sqrt() }, 4.0),
            (Transfer::Pareto { least: 75_000.0, alpha: 4.0 }, 1.0 / 8.0),
        ] {
            let n = 400_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let x = law.draw(&mut rng) as f64 / 1e5;
                sum += x;
                squares += x * x;
            }
            let mean = sum / f64::from(n);
            let found = squares / f64::from(n) / (mean * mean) - 1.0;
            assert!((mean - 1.0).abs() <= 4.0 * (scv / f64::from(n)).sqrt() + 1e-5, "{law:?}: mean {mean}");
            assert!((found - scv).abs() <= 0.08 * scv, "{law:?}: scv {found}");
        }
    }
}
