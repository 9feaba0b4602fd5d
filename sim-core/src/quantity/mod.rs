//! Numbers with units, read exactly.
//!
//! ```
//! use sim_core::quantity::{Dimension, Quantity};
//!
//! let rate = Quantity::parse("10 Mbit/s").unwrap();
//! assert_eq!((rate.value, rate.dimension), (1e7, Dimension::BIT_RATE));
//! assert_eq!(Quantity::parse("0.1 ms").unwrap().to_ticks(), Some(100_000_000)); // picoseconds, no rounding
//! assert_eq!(Quantity::parse("10 Mb/s").unwrap_err().hint.unwrap(), "write `Mbit` for bits or `MB` for bytes");
//! ```

mod dimension;
mod display;
mod parse;
mod ratio;
mod unit;

pub use parse::QuantityError;

use crate::time::TICKS_PER_SECOND;
use ratio::Ratio;

/// Exponents of the base dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Dimension {
    /// Length (m).
    pub m: i8,
    /// Mass (kg).
    pub kg: i8,
    /// Time (s).
    pub s: i8,
    /// Electric current (A).
    pub a: i8,
    /// Temperature (K).
    pub k: i8,
    /// Amount of substance (mol).
    pub mol: i8,
    /// Information (bit).
    pub bit: i8,
    /// Countable things: packets, molecules, vesicles.
    pub item: i8,
}

const NONE: Dimension = Dimension { m: 0, kg: 0, s: 0, a: 0, k: 0, mol: 0, bit: 0, item: 0 };

impl Dimension {
    /// A bare number.
    pub const NUMBER: Self = NONE;
    /// s
    pub const TIME: Self = Self { s: 1, ..NONE };
    /// 1/s
    pub const RATE: Self = Self { s: -1, ..NONE };
    /// bit
    pub const DATA: Self = Self { bit: 1, ..NONE };
    /// bit/s
    pub const BIT_RATE: Self = Self { bit: 1, s: -1, ..NONE };
    /// packets, molecules
    pub const ITEMS: Self = Self { item: 1, ..NONE };
    /// packets/s, molecules/s
    pub const ITEM_RATE: Self = Self { item: 1, s: -1, ..NONE };
    /// s/bit (a service time per byte)
    pub const TIME_PER_DATA: Self = Self { s: 1, bit: -1, ..NONE };
    /// m
    pub const LENGTH: Self = Self { m: 1, ..NONE };
    /// m^2
    pub const AREA: Self = Self { m: 2, ..NONE };
    /// m^3
    pub const VOLUME: Self = Self { m: 3, ..NONE };
    /// mol
    pub const AMOUNT: Self = Self { mol: 1, ..NONE };
    /// mol/m^3
    pub const CONCENTRATION: Self = Self { mol: 1, m: -3, ..NONE };
    /// mol/m^3/s
    pub const CONCENTRATION_RATE: Self = Self { mol: 1, m: -3, s: -1, ..NONE };
    /// mol/s
    pub const AMOUNT_RATE: Self = Self { mol: 1, s: -1, ..NONE };
    /// m/s
    pub const PERMEABILITY: Self = Self { m: 1, s: -1, ..NONE };
    /// m^3/mol/s (a second-order rate constant)
    pub const BIMOLECULAR: Self = Self { m: 3, mol: -1, s: -1, ..NONE };
    /// V
    pub const VOLTAGE: Self = Self { m: 2, kg: 1, s: -3, a: -1, ..NONE };
    /// A
    pub const CURRENT: Self = Self { a: 1, ..NONE };
    /// C
    pub const CHARGE: Self = Self { a: 1, s: 1, ..NONE };
    /// S
    pub const CONDUCTANCE: Self = Self { m: -2, kg: -1, s: 3, a: 2, ..NONE };
    /// ohm
    pub const RESISTANCE: Self = Self { m: 2, kg: 1, s: -3, a: -2, ..NONE };
    /// F
    pub const CAPACITANCE: Self = Self { m: -2, kg: -1, s: 4, a: 2, ..NONE };
    /// K
    pub const TEMPERATURE: Self = Self { k: 1, ..NONE };
    /// kg
    pub const MASS: Self = Self { kg: 1, ..NONE };
    /// mol/s/kg (an activity per mass of protein)
    pub const SPECIFIC_ACTIVITY: Self = Self { mol: 1, s: -1, kg: -1, ..NONE };
    /// m^2/s
    pub const DIFFUSIVITY: Self = Self { m: 2, s: -1, ..NONE };
    /// m^3/s
    pub const VOLUME_RATE: Self = Self { m: 3, s: -1, ..NONE };
    /// 1/m^2
    pub const PER_AREA: Self = Self { m: -2, ..NONE };
    /// Pa
    pub const PRESSURE: Self = Self { m: -1, kg: 1, s: -2, ..NONE };
    /// J
    pub const ENERGY: Self = Self { m: 2, kg: 1, s: -2, ..NONE };
}

/// A number with a unit: its value in SI base units (bit and items as they are) and, exactly, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// In base units: s, m, kg, A, K, mol, bit, item.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
    /// `value` exactly, as numerator and denominator (denominator > 0).
    pub exact: (i128, i128),
}

impl Quantity {
    /// Reads a number and its unit; an error says what is wrong and where in `text`.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse::parse(text)
    }

    /// Exactly `num / den` base units; `None` if `den` is zero or a part is too large.
    pub fn ratio(num: i128, den: i128, dimension: Dimension) -> Option<Self> {
        Ratio::new(num, den).map(|exact| Self::of(exact, dimension))
    }

    /// The shortest decimal that reads as `value` base units; `None` if not finite or too large or fine to be exact.
    pub fn from_value(value: f64, dimension: Dimension) -> Option<Self> {
        ratio::decimal(&format!("{value:e}")).ok().map(|exact| Self::of(exact, dimension))
    }

    /// A time in ticks (picoseconds), rounded to the nearest; `None` if it is no time, negative, or over 2^63 ticks.
    pub fn to_ticks(self) -> Option<u64> {
        if self.dimension != Dimension::TIME || self.exact.0 < 0 {
            return None;
        }
        let per_second = Ratio::new(i128::from(TICKS_PER_SECOND), 1)?;
        let ticks = Ratio { num: self.exact.0, den: self.exact.1 }.mul(per_second)?.round();
        u64::try_from(ticks).ok().filter(|&t| t <= 1 << 63)
    }

    fn of(exact: Ratio, dimension: Dimension) -> Self {
        Self { value: exact.to_f64(), dimension, exact: (exact.num, exact.den) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str) -> Option<u64> {
        Quantity::parse(text).unwrap().to_ticks()
    }

    #[test]
    fn times_become_ticks_exactly() {
        assert_eq!(ticks("0.1 ms"), Some(100_000_000));
        assert_eq!(ticks("1/3 s"), Some(333_333_333_333));
        assert_eq!(ticks("0.5 ps"), Some(1));
        assert_eq!(ticks("0.4 ps"), Some(0));
        assert_eq!(ticks("106 d"), Some(106 * 86_400 * 1_000_000_000_000));
        assert_eq!((ticks("107 d"), ticks("-1 s"), ticks("1 m"), ticks("1e25 s")), (None, None, None, None));
    }

    #[test]
    fn quotients_are_not_cut_to_whole_units() {
        // Mininet computes the latency of a token bucket as 15 * 8 / bw in whole milliseconds: nothing above 120 Mbit/s.
        for (megabits, exact, picoseconds) in [(100, (3, 2500), 1_200_000_000), (250, (3, 6250), 480_000_000)] {
            let burst = Quantity::parse("15 kB").unwrap().exact;
            let rate = Quantity::parse(&format!("{megabits} Mbit/s")).unwrap().exact;
            let latency = Quantity::ratio(burst.0 * rate.1, burst.1 * rate.0, Dimension::TIME).unwrap();
            assert_eq!((latency.exact, latency.to_ticks()), (exact, Some(picoseconds)));
        }
        assert_eq!(Quantity::parse("120/250 ms").unwrap().exact, (3, 6250));
        assert_eq!(ticks("15/1000 ms"), Some(15_000_000));
    }

    #[test]
    fn floats_become_their_shortest_decimal() {
        assert_eq!(Quantity::from_value(0.1, Dimension::TIME).unwrap().exact, (1, 10));
        assert_eq!(Quantity::from_value(f64::NAN, Dimension::TIME), None);
        assert_eq!(Quantity::from_value(f64::INFINITY, Dimension::TIME), None);
        assert_eq!(Quantity::from_value(1e300, Dimension::TIME), None);
    }
}
