//! A token bucket without rounding.
//!
//! Instead of a number of tokens that grows with time, it keeps the instant z at which tokens were, or will be, zero: at
//! time t there are min(burst, rate (t - z)). Sending L bits moves z to max(z, t - burst / rate) + L / rate. Instants
//! count in 1/q ticks, where a bit takes p/q ticks in lowest terms, so that every step is exact and nothing drifts.

use sim_core::SimTime;

#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// A bit takes `p / q` ticks.
    p: u64,
    q: u64,
    /// How far behind the present z may lie, in 1/q ticks.
    depth: i128,
    /// z, in 1/q ticks.
    zero: i128,
}

impl Bucket {
    /// Full at time zero. `rate` is a fraction in bit/s; `None` if it is too large or too fine to be kept.
    pub(super) fn new((num, den): (i128, i128), burst: u64) -> Option<Self> {
        let (p, q) = (i128::from(sim_core::TICKS_PER_SECOND).checked_mul(den)?, num);
        let common = gcd(p, q);
        let (p, q) = (u64::try_from(p / common).ok()?, u64::try_from(q / common).ok()?);
        let depth = i128::from(burst) * i128::from(p);
        Some(Self { p, q, depth, zero: -depth })
    }
    /// Whether tokens are not negative.
    #[inline]
    pub(super) fn is_ready(&self, now: u64) -> bool {
        self.zero <= product(now, self.q)
    }
    /// The first tick at which tokens are not negative.
    pub(super) fn ready(&self) -> u64 {
        let zero = self.zero.max(0) as u128;
        // The common case fits a hardware division.
        match u64::try_from(zero) {
            Ok(zero) => zero.div_ceil(self.q),
            Err(_) => u64::try_from(zero.div_ceil(self.q.into())).unwrap_or(u64::MAX),
        }
    }
    /// How long the tokens for `bits` take to come in, in whole ticks.
    pub(super) fn time(&self, bits: u64) -> u64 {
        let ticks = u128::from(bits) * u128::from(self.p) / u128::from(self.q);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
    /// Takes tokens for `bits` that are sent now.
    #[inline]
    pub(super) fn take(&mut self, bits: u32, now: SimTime) {
        let full = product(now.ticks(), self.q) - self.depth;
        self.zero = self.zero.max(full) + product(bits.into(), self.p);
    }
}

/// A product that fits, for time is below 2^63.
#[inline]
fn product(a: u64, b: u64) -> i128 {
    (u128::from(a) * u128::from(b)) as i128
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_below_zero_by_what_is_sent() {
        // 1 Mbit/s: a bit a microsecond. Three packets of 1000 bit at once, from a bucket of 2500.
        let mut bucket = Bucket::new((1_000_000, 1), 2500).unwrap();
        for ready in [0, 0, 500] {
            bucket.take(1000, SimTime::ZERO);
            assert_eq!(bucket.ready(), ready * 1_000_000);
        }
        // After a long rest it is full, and not more.
        for ready in [0, 0, 500] {
            bucket.take(1000, SimTime::from_secs(9));
            assert_eq!(bucket.ready().saturating_sub(9_000_000_000_000), ready * 1_000_000);
        }
    }

    #[test]
    fn a_rate_that_divides_nothing_does_not_drift() {
        // 7/3 Mbit/s in packets of 1001 bit, each sent as soon as it may be: the n-th at n 1001 3/7 us, rounded up once.
        let mut bucket = Bucket::new((7_000_000, 3), 0).unwrap();
        let mut now = SimTime::ZERO;
        for n in 1..100_000u128 {
            bucket.take(1001, now);
            now = SimTime::from_ticks(bucket.ready());
            assert!(bucket.is_ready(now.ticks()) && !bucket.is_ready(now.ticks() - 1));
            let exact = n * 1001 * 3 * 1_000_000;
            // What a tick is late is a fraction of a tick of tokens lost, as the bucket holds none.
            assert!(u128::from(now.ticks()) - exact / 7 <= n);
        }
        let mut deep = Bucket::new((7_000_000, 3), 8008).unwrap();
        let mut now = SimTime::ZERO;
        for _ in 0..100_000 {
            deep.take(1001, now);
            now = SimTime::from_ticks(deep.ready());
        }
        let exact = (100_000u128 * 1001 - 8008) * 3 * 1_000_000;
        assert_eq!(u128::from(now.ticks()), exact.div_ceil(7));
    }
}
