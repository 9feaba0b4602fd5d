//! How long a packet is served.

use sim_core::SimDuration;
use sim_core::rng::{Exponentials, Rng};

use super::Varying;
use crate::common::service::Service;

/// The law of service times of a station, with its state.
#[derive(Clone, Debug)]
pub(in crate::network) enum ServiceLaw {
    /// No time at all: a link without serialisation.
    None,
    /// Serialisation at an exact rate.
    Rate(Serialisation),
    /// Serialisation of each packet with so many further bits, its framing.
    Framed(Serialisation, u32),
    /// Serialisation at a rate that varies.
    Varying(Box<Varying>),
    /// Exponential.
    Exponential(Box<Exponential>),
    /// Drawn.
    Drawn(Box<(Service, Rng)>),
}

/// Exponential times, drawn ahead.
#[derive(Clone, Debug)]
pub(in crate::network) struct Exponential {
    /// Ticks.
    mean: f64,
    rng: Rng,
    ahead: Exponentials,
}

/// Bits into ticks at an exact rate: the remainder of one packet is carried to the next, so that a link of 300 Gbit/s
/// sends exactly 300 Gbit/s although a bit takes no whole number of ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::network) struct Serialisation {
    /// Whole ticks a bit.
    whole: u64,
    /// Further `part / of` ticks a bit.
    part: u64,
    of: u64,
    carry: u64,
}

impl Serialisation {
    /// For a rate of `num / den` bit/s. `None` if it cannot be kept in 64 bits (beyond 10^18 bit/s or so).
    pub(in crate::network) fn new((num, den): (i128, i128)) -> Option<Self> {
        if num <= 0 || den <= 0 {
            return None;
        }
        let ticks = i128::from(sim_core::TICKS_PER_SECOND).checked_mul(den)?;
        let g = gcd(ticks, num);
        let (ticks, num) = (ticks / g, num / g);
        Some(Self {
            whole: u64::try_from(ticks / num).ok()?,
            part: u64::try_from(ticks % num).ok()?,
            of: u64::try_from(num).ok().filter(|n| *n < 1 << 62)?,
            carry: 0,
        })
    }
    /// In bit/s.
    pub(in crate::network) fn rate(&self) -> f64 {
        let per_bit = self.whole as f64 + self.part as f64 / self.of as f64;
        sim_core::TICKS_PER_SECOND as f64 / per_bit
    }
    #[inline]
    pub(in crate::network) fn ticks(&mut self, bits: u32) -> u64 {
        let whole = u64::from(bits) * self.whole;
        if self.part == 0 {
            return whole;
        }
        let sum = u128::from(bits) * u128::from(self.part) + u128::from(self.carry);
        // The common case fits a hardware division.
        let (more, carry) = if let Ok(sum) = u64::try_from(sum) {
            (sum / self.of, sum % self.of)
        } else {
            ((sum / u128::from(self.of)) as u64, (sum % u128::from(self.of)) as u64)
        };
        self.carry = carry;
        whole + more
    }
}

pub(in crate::network) fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl ServiceLaw {
    /// The law `law` with draws from `rng`.
    pub(in crate::network) fn drawn(law: &Service, rng: Rng) -> Self {
        match law {
            Service::Exponential { mean } => {
                Self::Exponential(Box::new(Exponential { mean: *mean, rng, ahead: Exponentials::default() }))
            }
            _ => Self::Drawn(Box::new((law.clone(), rng))),
        }
    }
    /// How long a packet of `bits` is served whose service starts at `start`.
    #[inline]
    pub(in crate::network) fn ticks(&mut self, bits: u32, start: u64) -> u64 {
        if let Self::Rate(rate) = self { rate.ticks(bits) } else { self.ticks_otherwise(bits, start) }
    }
    fn ticks_otherwise(&mut self, bits: u32, start: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::Rate(rate) => rate.ticks(bits),
            Self::Framed(rate, framing) => rate.ticks(bits + *framing),
            Self::Varying(law) => law.ticks(bits, start),
            Self::Exponential(law) => SimDuration::from_ticks_f64(law.mean * law.ahead.next(&mut law.rng)).ticks(),
            Self::Drawn(drawn) => drawn.0.draw(&mut drawn.1, bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_gigabit_are_three_hundred_gigabit() {
        let mut s = Serialisation::new((300_000_000_000, 1)).unwrap();
        // 25 Mbyte in packets of 1250 byte: 2e8 bit at 3e11 bit/s, to within a tick.
        let total: u64 = (0..20_000).map(|_| s.ticks(10_000)).sum();
        assert_eq!(total, 666_666_666);
    }

    #[test]
    fn whole_rates_take_whole_ticks() {
        let mut s = Serialisation::new((10_000_000, 1)).unwrap();
        assert_eq!(s.ticks(12_000), 1_200_000_000);
        let mut third = Serialisation::new((1_000_000_000_000, 3)).unwrap();
        assert_eq!((0..3).map(|_| third.ticks(1)).sum::<u64>(), 9);
    }
}
