//! The token bucket, in whole numbers: what shapers, policers and meters share.
//!
//! Tokens come in at the rate `r` and are kept up to the burst `b`; a packet of `L` bits takes `L` of them:
//!
//! ```text
//! level(t) = min(b, level(s) + r (t - s)),    level(0) = b
//! ```
//!
//! so that no interval of length `t` passes more than `b + r t` (RFC 2215 section 3.5; Cruz 1991,
//! doi:10.1109/18.61109). The rate is an exact fraction of bits a tick, `n/d`; the level is counted in units of `1/d` bit.
//! Every operation is then one of integers: a bucket is as exact after 10^9 packets as after the first, at any rate.
//!
//! Validated against: times of release and verdicts worked out by hand, the closed form of a greedy flow, the envelope.

use sim_core::config::{Diagnostic, Table};
use sim_core::quantity::Quantity;
use sim_core::{SimTime, TICKS_PER_SECOND};

use super::station::gcd;

/// The largest burst, in bits (128 GiB).
const BURST_MAX: u64 = 1 << 40;

/// A token bucket, full at time zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// Units that come in each tick.
    per_tick: u64,
    /// Units a bit.
    unit: u64,
    /// The burst, in units.
    depth: u128,
    level: u128,
    /// When `level` was so, in ticks.
    at: u64,
}

impl TokenBucket {
    /// A bucket that `rate` (bit/s) fills, up to `burst` bits. `None` if it cannot be kept in whole numbers: a rate of
    /// zero, or beyond 10^18 bit/s or so, or a burst beyond 2^40 bits.
    pub fn new(rate: Quantity, burst: u64) -> Option<Self> {
        let (num, den) = rate.exact;
        if num <= 0 || burst > BURST_MAX {
            return None;
        }
        let den = den.checked_mul(i128::from(TICKS_PER_SECOND))?;
        let g = gcd(num, den);
        let (per_tick, unit) = (u64::try_from(num / g).ok()?, u64::try_from(den / g).ok()?);
        let depth = u128::from(burst) * u128::from(unit);
        Some(Self { per_tick, unit, depth, level: depth, at: 0 })
    }
    /// Lets the tokens of the time up to `now` in. Returns what did not fit, for [`TokenBucket::pour`].
    #[inline]
    pub fn fill(&mut self, now: SimTime) -> u128 {
        let gained = u128::from(now.ticks() - self.at) * u128::from(self.per_tick);
        self.at = now.ticks();
        self.pour(gained)
    }
    /// Adds what ran over from another bucket of the same rate; returns what does not fit here, either.
    #[inline]
    pub fn pour(&mut self, units: u128) -> u128 {
        let level = self.level.saturating_add(units);
        self.level = level.min(self.depth);
        level - self.level
    }
    /// Whether there are tokens for `bits`.
    #[inline]
    pub fn holds(&self, bits: u32) -> bool {
        self.level >= self.units(bits)
    }
    /// Takes the tokens for `bits`, if there are enough.
    #[inline]
    pub fn take(&mut self, bits: u32) -> bool {
        let units = self.units(bits);
        let enough = self.level >= units;
        if enough {
            self.level -= units;
        }
        enough
    }
    /// The first tick from which on there are tokens for `bits`, if none are taken before; `None` if there never are.
    #[inline]
    pub fn ready(&self, bits: u32) -> Option<SimTime> {
        let units = self.units(bits);
        if units > self.depth {
            return None;
        }
        let missing = units.saturating_sub(self.level);
        if missing == 0 {
            return Some(SimTime::from_ticks(self.at));
        }
        // The common case fits a hardware division.
        let ticks = match u64::try_from(missing) {
            Ok(missing) => missing.div_ceil(self.per_tick),
            Err(_) => u64::try_from(missing.div_ceil(u128::from(self.per_tick))).unwrap_or(u64::MAX),
        };
        Some(SimTime::from_ticks(self.at.saturating_add(ticks)))
    }
    /// How long the tokens for `bits` take to come in, in whole ticks.
    pub fn time(&self, bits: u64) -> u64 {
        let ticks = u128::from(bits) * u128::from(self.unit) / u128::from(self.per_tick);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
    /// The most tokens that there can be, in bits.
    pub fn burst(&self) -> u64 {
        (self.depth / u128::from(self.unit)) as u64
    }
    /// The tokens in bits when it was last filled.
    pub fn level(&self) -> f64 {
        self.level as f64 / self.unit as f64
    }
    #[inline]
    fn units(&self, bits: u32) -> u128 {
        u128::from(bits) * u128::from(self.unit)
    }
    /// The bucket of a checked table whose rate is under `key`.
    ///
    /// Fails with a located finding if there can be none.
    pub(in crate::network) fn read(table: &Table, key: &str, burst: u64) -> Result<Self, Diagnostic> {
        let rate = table.quantity(key);
        Self::new(rate, burst).ok_or_else(|| {
            Diagnostic::error("E0380", table.span_of(key), format!("tokens at a rate of {rate}"), "out of range")
                .help("rates from 1 bit/s to 1000 Tbit/s can be simulated; to pass nothing, use an action `drop`")
        })
    }
}

/// The size under `key`, in whole bits.
///
/// Fails with a located finding if it is none, or beyond 128 GiB.
pub(in crate::network) fn bits(table: &Table, key: &str) -> Result<u64, Diagnostic> {
    let q = table.quantity(key);
    let whole = u64::try_from(q.exact.0).ok().filter(|&b| q.exact.1 == 1 && b <= BURST_MAX);
    whole.ok_or_else(|| {
        let label = "a bucket holds a whole number of bits, up to 2^40";
        Diagnostic::error("E0380", table.span_of(key), format!("a bucket of {q}"), label).help("for example `15 kB`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(rate: &str, burst: u64) -> TokenBucket {
        TokenBucket::new(Quantity::parse(rate).unwrap(), burst).unwrap()
    }

    #[test]
    fn a_greedy_flow_leaves_at_the_times_of_the_closed_form() {
        // Packet n (from 1) may go when n L <= b + r t: t = ceil((n L - b) / r), however long the flow has been going.
        for rate in ["12345679 bit/s", "1/3 Mbit/s", "100 Gbit/s", "7 kbit/s"] {
            let (num, den) = Quantity::parse(rate).unwrap().exact;
            let (burst, bits) = (30_000, 12_001);
            let mut bucket = bucket(rate, burst);
            for n in 1..=200_000i128 {
                let at = bucket.ready(bits).unwrap();
                let (missing, ticks) = (n * i128::from(bits) - i128::from(burst), i128::from(TICKS_PER_SECOND));
                let expected = (missing.max(0) * den * ticks + num - 1) / num;
                assert_eq!(i128::from(at.ticks()), expected, "{rate}: packet {n}");
                bucket.fill(at);
                assert!(bucket.take(bits));
            }
        }
    }

    #[test]
    fn a_tick_too_early_is_too_early() {
        let mut bucket = bucket("1/3 Mbit/s", 8000);
        assert!(bucket.take(8000) && !bucket.holds(1));
        let ready = bucket.ready(1).unwrap();
        assert_eq!(ready.ticks(), 3_000_000);
        bucket.fill(SimTime::from_ticks(ready.ticks() - 1));
        assert!(!bucket.take(1));
        bucket.fill(ready);
        assert!(bucket.take(1) && bucket.level() == 0.0);
        assert_eq!(bucket.ready(8001), None);
    }

    #[test]
    fn what_runs_over_is_what_came_less_what_fits() {
        let (mut committed, mut excess) = (bucket("1 kbit/s", 1000), bucket("1 kbit/s", 1500));
        assert!(committed.take(600) && excess.take(1500));
        // Of 2000 bits, 600 fit the first, 1400 run over; of 4000, the rest fits the second and 3900 are lost.
        excess.pour(committed.fill(SimTime::from_secs(2)));
        assert_eq!((committed.level(), excess.level()), (1000.0, 1400.0));
        let lost = excess.pour(committed.fill(SimTime::from_secs(6)));
        assert_eq!((excess.level(), lost as f64 / excess.unit as f64), (1500.0, 3900.0));
    }

    #[test]
    fn the_extremes_do_not_overflow() {
        let mut fast = bucket("100 Tbit/s", 1 << 40);
        assert!(fast.take(1 << 31));
        fast.fill(SimTime::from_ticks(1 << 63));
        assert_eq!(fast.level(), (1u64 << 40) as f64);
        let zero = Quantity::parse("0 bit/s").unwrap();
        assert_eq!(TokenBucket::new(zero, 1), None);
        assert_eq!(TokenBucket::new(Quantity::parse("1 bit/s").unwrap(), (1 << 40) + 1), None);
    }
}
