//! Simulated time: an unsigned number of ticks of one picosecond.
//!
//! A picosecond resolves a 64-byte packet at 100 Gbit/s (5.12 ns) and lasts 213 days in 64 bits; horizons over
//! [`SimTime::HORIZON_MAX`] (half of that) are refused when a scenario is loaded, so `now + delay` cannot overflow.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Ticks in one second.
pub const TICKS_PER_SECOND: u64 = 1_000_000_000_000;

/// An instant of simulated time, in ticks of 1 ps since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A length of simulated time, in ticks of 1 ps. Never negative, so the past cannot be expressed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

impl SimTime {
    /// The start of every run.
    pub const ZERO: Self = Self(0);
    /// Later than any event.
    pub const NEVER: Self = Self(u64::MAX);
    /// The longest run: 2^63 ticks, 106 days.
    pub const HORIZON_MAX: Self = Self(1 << 63);

    /// The instant `ticks` picoseconds after the start.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }
    /// The instant `seconds` after the start.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * TICKS_PER_SECOND)
    }
    /// Picoseconds since the start.
    #[inline]
    pub const fn ticks(self) -> u64 {
        self.0
    }
    /// Seconds since the start, rounded to the nearest `f64`.
    #[inline]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / TICKS_PER_SECOND as f64
    }
    /// How long after `earlier` this is; zero if it is not.
    #[inline]
    pub const fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// `ticks` picoseconds.
    #[inline]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }
    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * TICKS_PER_SECOND)
    }
    /// Seconds, rounded to the nearest tick; negative and NaN give zero, too long gives [`SimDuration::MAX`].
    #[inline]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self::from_ticks_f64(seconds * TICKS_PER_SECOND as f64)
    }
    /// Ticks, rounded to nearest; negative and NaN give zero, too long gives [`SimDuration::MAX`].
    #[inline]
    pub fn from_ticks_f64(ticks: f64) -> Self {
        // Between 2^52 and 2^53 an f64 counts in ones, so adding 2^52 rounds, and leaves the whole number in the low
        // bits: a shorter chain than a conversion, and an event waits for it.
        const ONES: f64 = (1u64 << 52) as f64;
        if (0.0..ONES).contains(&ticks) {
            Self((ticks + ONES).to_bits() - ONES.to_bits())
        } else {
            // `as` saturates and sends NaN to zero; i64 is one instruction where u64 takes several.
            Self((ticks as i64).max(0) as u64)
        }
    }
    /// Picoseconds.
    #[inline]
    pub const fn ticks(self) -> u64 {
        self.0
    }
    /// Seconds, rounded to the nearest `f64`.
    #[inline]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / TICKS_PER_SECOND as f64
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    /// Saturates at [`SimTime::NEVER`].
    #[inline]
    fn add(self, d: SimDuration) -> Self {
        Self(self.0.saturating_add(d.0))
    }
}
impl Add for SimDuration {
    type Output = Self;
    #[inline]
    fn add(self, d: Self) -> Self {
        Self(self.0.saturating_add(d.0))
    }
}
impl AddAssign for SimDuration {
    #[inline]
    fn add_assign(&mut self, d: Self) {
        *self = *self + d;
    }
}
impl Sub<SimTime> for SimTime {
    type Output = SimDuration;
    /// See [`SimTime::since`].
    #[inline]
    fn sub(self, earlier: Self) -> SimDuration {
        self.since(earlier)
    }
}
impl fmt::Debug for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.as_secs_f64())
    }
}
impl fmt::Debug for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_rounded_to_nearest() {
        let ticks = |x| SimDuration::from_ticks_f64(x).ticks();
        assert_eq!([0.0, 0.4, 0.6, 1.0, 1e9 + 0.7].map(ticks), [0, 0, 1, 1, 1_000_000_001]);
        let large = (1u64 << 52) as f64;
        assert_eq!([large - 1.0, large, 2.0 * large].map(ticks), [(1 << 52) - 1, 1 << 52, 1 << 53]);
        assert_eq!([-1.0, f64::NAN, f64::NEG_INFINITY].map(ticks), [0, 0, 0]);
        assert_eq!([1e19, f64::INFINITY].map(ticks), [SimDuration::MAX.ticks(); 2]);
    }

    #[test]
    fn sums_do_not_overflow() {
        assert_eq!(SimTime::NEVER + SimDuration::from_secs(1), SimTime::NEVER);
        assert_eq!(SimTime::ZERO - SimTime::from_secs(1), SimDuration::ZERO);
    }
}
