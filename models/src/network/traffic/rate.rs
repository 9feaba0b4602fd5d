//! Rates of packets, exactly, and the periods that they stand for.

use sim_core::config::{Diagnostic, Diagnostics, Field, Span, Type};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::{SimDuration, TICKS_PER_SECOND};

use crate::network::size::Size;

/// What a rate of traffic may be given in.
pub(super) const RATE: Type = Type::Quantity(&[Dimension::ITEM_RATE, Dimension::BIT_RATE, Dimension::RATE]);

/// The rate of a steady source.
pub(super) const RATE_FIELD: Field = Field::required(
    "rate",
    RATE,
    "How much is sent: \"800 packets/s\" or \"10 Mbit/s\", which the mean packet size converts.",
);

/// Sources that send more packets a second are refused: 64-byte packets at 500 Gbit/s.
const RATE_MAX: f64 = 1e9;

/// Packets a second, as a positive fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PacketRate {
    num: i128,
    den: i128,
}

impl PacketRate {
    /// The packets a second of `rate` if packets have the law `size`.
    ///
    /// Fails if there are none, or more than 10^9.
    pub(super) fn new(rate: Quantity, size: &Size, span: Span) -> Result<Self, Diagnostics> {
        let packets =
            if rate.dimension == Dimension::BIT_RATE { over_mean(rate.exact, size) } else { Some(rate.exact) };
        match packets {
            Some((num, den)) if num > 0 && num as f64 / den as f64 <= RATE_MAX => Ok(Self { num, den }),
            _ => {
                let help = if rate.exact.0 == 0 {
                    "leave out traffic that is not there, or give it a small rate"
                } else {
                    "send larger packets, or split the traffic over several sources"
                };
                let mut all = Diagnostics::default();
                let message = format!("a source cannot send {rate}");
                all.push(
                    Diagnostic::error("E0353", span, message, "more than 0 and at most 10^9 packets/s").help(help),
                );
                Err(all)
            }
        }
    }
    pub(super) fn per_second(self) -> f64 {
        self.num as f64 / self.den as f64
    }
    /// The mean gap in ticks.
    pub(super) fn mean_gap(self) -> f64 {
        TICKS_PER_SECOND as f64 * (self.den as f64 / self.num as f64)
    }
}

/// `rate` over the mean size; the latter to within 2^-20 bits.
fn over_mean(rate: (i128, i128), size: &Size) -> Option<(i128, i128)> {
    const FINE: f64 = 1_048_576.0;
    let mean = Quantity::ratio((size.mean() * FINE).round() as i128, FINE as i128, Dimension::DATA)?.exact;
    quotient(rate, mean)
}

/// `a / b`, reduced; `None` if it does not fit.
fn quotient(a: (i128, i128), b: (i128, i128)) -> Option<(i128, i128)> {
    let nums = Quantity::ratio(a.0, b.0, Dimension::NUMBER)?.exact;
    let dens = Quantity::ratio(b.1, a.1, Dimension::NUMBER)?.exact;
    product(nums, dens)
}

/// `a * b`, reduced; `None` if it does not fit.
pub(super) fn product(a: (i128, i128), b: (i128, i128)) -> Option<(i128, i128)> {
    let (num, den) = (a.0.checked_mul(b.0)?, a.1.checked_mul(b.1)?);
    Quantity::ratio(num, den, Dimension::NUMBER).map(|q| q.exact)
}

/// Steps of one period in whole ticks, the remainder carried, so that the rate is exact in the long run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    whole: u64,
    part: u64,
    of: u64,
    carry: u64,
}

impl Period {
    pub(super) fn new(rate: PacketRate) -> Self {
        let ticks = i128::from(TICKS_PER_SECOND);
        // A rate too fine for exact products is one in 10^26; what is lost there no run can see.
        let (num, den) =
            product((ticks, 1), (rate.den, rate.num)).unwrap_or_else(|| (rate.den / (rate.num / ticks).max(1), 1));
        let whole = u64::try_from(num / den).unwrap_or(u64::MAX).min(SimDuration::MAX.ticks());
        let (mut part, mut of) = ((num % den).unsigned_abs(), den.unsigned_abs());
        while of >= 1 << 63 {
            (part, of) = (part >> 1, of >> 1);
        }
        Self { whole, part: part as u64, of: of as u64, carry: 0 }
    }
    /// Ticks to the next.
    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        self.carry += self.part;
        if self.carry < self.of {
            return self.whole;
        }
        self.carry -= self.of;
        self.whole + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str, size: &Size) -> Result<PacketRate, Diagnostics> {
        PacketRate::new(Quantity::parse(text).unwrap(), size, Span::default())
    }

    #[test]
    fn bit_rates_become_packet_rates_exactly() {
        let size = Size::Constant(12_000);
        assert_eq!(rate("10 Mbit/s", &size).unwrap(), PacketRate { num: 2500, den: 3 });
        assert_eq!(rate("800 packets/s", &size).unwrap(), PacketRate { num: 800, den: 1 });
        assert_eq!(rate("800 /s", &size).unwrap(), PacketRate { num: 800, den: 1 });
        let half = Size::Uniform { min: 1, max: 2 };
        assert_eq!(rate("3 bit/s", &half).unwrap(), PacketRate { num: 2, den: 1 });
    }

    #[test]
    fn periods_carry_their_remainder() {
        for (text, n) in [("3 packets/s", 3), ("299999999 packets/s", 299_999_999), ("7/11 packets/s", 7)] {
            let mut period = Period::new(rate(text, &Size::Constant(1)).unwrap());
            let total: u64 = (0..n).map(|_| period.next()).sum();
            let expected = if text.starts_with("7/") { 11 } else { 1 } * TICKS_PER_SECOND;
            assert_eq!(total, expected, "{text}");
        }
    }

    #[test]
    fn odd_fractions_keep_their_rate() {
        // Numerator and denominator of 30 digits.
        let text = "123456789012345678901234567890/987654321098765432109876543211 packets/s";
        let mut period = Period::new(rate(text, &Size::Constant(1)).unwrap());
        let n = 1000u64;
        let total: u64 = (0..n).map(|_| period.next()).sum();
        assert!((total as f64 / n as f64 / 8.000_000_072_9e12 - 1.0).abs() < 1e-9, "{total}");
    }

    #[test]
    fn the_slowest_source_waits_longer_than_any_run() {
        let mut period = Period::new(rate("1e-30 packets/s", &Size::Constant(1)).unwrap());
        assert_eq!(period.next(), SimDuration::MAX.ticks());
    }

    #[test]
    fn impossible_rates_are_refused() {
        let size = Size::Constant(8);
        for text in ["0 packets/s", "0 Mbit/s", "1.1e9 packets/s", "9 Gbit/s"] {
            let found = rate(text, &size).unwrap_err();
            assert_eq!(found.iter().next().unwrap().code, "E0353", "{text}");
        }
        assert!(rate("1e9 packets/s", &size).is_ok() && rate("8 Gbit/s", &size).is_ok());
    }
}
