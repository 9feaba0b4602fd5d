//! The retransmission time-out (RFC 6298).
//!
//! With the first sample R: SRTT = R, RTTVAR = R/2. With every further one, in this order,
//! RTTVAR = (1 - beta) RTTVAR + beta |SRTT - R| and SRTT = (1 - alpha) SRTT + alpha R, with alpha = 1/8 and beta = 1/4. Then
//! RTO = SRTT + max(G, 4 RTTVAR), from `rto_min` to `rto_max`. Every expiry doubles it, until the next sample. No segment
//! that was sent twice gives a sample (Karn & Partridge 1987, doi:10.1145/55483.55484): the scoreboard sees to that.
//!
//! Validated against: the series of ns-3's `rtt-test.cc` and of RFC 6298 with and without a minimum, exactly; doubling up
//! to the maximum.

/// Clock granularity G, in ticks: 1 ms.
const GRANULARITY: f64 = 1e9;
/// Before the first sample, in ticks: 1 s (RFC 6298 rule 2.1).
const INITIAL: u64 = 1_000_000_000_000;
/// For data if the SYN had to be sent again: 3 s (RFC 6298 rule 5.7).
const AFTER_SYN_LOSS: u64 = 3 * INITIAL;

/// The estimator and the time-out; all times in ticks.
#[derive(Clone, Debug)]
pub(super) struct Rto {
    alpha: f64,
    beta: f64,
    min: u64,
    max: u64,
    smoothed: f64,
    variation: f64,
    /// No sample yet.
    fresh: bool,
    timeout: u64,
    /// The last sample, until it is taken; 0 if there is none.
    sample: u64,
}

impl Rto {
    pub(super) fn new(min: u64, max: u64) -> Self {
        Self::with_gains(1.0 / 8.0, 1.0 / 4.0, min, max)
    }
    fn with_gains(alpha: f64, beta: f64, min: u64, max: u64) -> Self {
        let mut rto = Self { alpha, beta, min, max, smoothed: 0.0, variation: 0.0, fresh: true, timeout: 0, sample: 0 };
        rto.restart();
        rto
    }
    /// Forgets everything.
    pub(super) fn restart(&mut self) {
        (self.smoothed, self.variation, self.fresh, self.sample) = (0.0, 0.0, true, 0);
        self.timeout = INITIAL.clamp(self.min, self.max);
    }
    /// Takes a sample of the round-trip time.
    #[inline]
    pub(super) fn sample(&mut self, round_trip: u64) {
        let r = round_trip as f64;
        self.sample = round_trip;
        if self.fresh {
            (self.smoothed, self.variation, self.fresh) = (r, r / 2.0, false);
        } else {
            self.variation += self.beta * ((self.smoothed - r).abs() - self.variation);
            self.smoothed += self.alpha * (r - self.smoothed);
        }
        let timeout = self.smoothed + (4.0 * self.variation).max(GRANULARITY);
        self.timeout = (timeout as i64 as u64).clamp(self.min, self.max);
    }
    /// It expired.
    pub(super) fn back_off(&mut self) {
        self.timeout = self.timeout.saturating_mul(2).min(self.max);
    }
    /// Data follow a SYN that was sent more than once.
    pub(super) fn after_syn_loss(&mut self) {
        self.timeout = AFTER_SYN_LOSS.clamp(self.min, self.max);
    }
    /// The time-out.
    #[inline]
    pub(super) fn timeout(&self) -> u64 {
        self.timeout
    }
    /// The smoothed round-trip time; 0 before the first sample.
    #[inline]
    pub(super) fn smoothed(&self) -> f64 {
        self.smoothed
    }
    /// Its variation; 0 before the first sample.
    pub(super) fn variation(&self) -> f64 {
        self.variation
    }
    /// The sample since this was asked last, if there was one above zero.
    pub(super) fn take_sample(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.sample)).filter(|sample| *sample > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: f64 = 1e9;
    const SECOND: f64 = 1e12;

    fn series(gains: (f64, f64), samples: &[f64]) -> Vec<(f64, f64)> {
        let mut rto = Rto::with_gains(gains.0, gains.1, 0, u64::MAX);
        samples
            .iter()
            .map(|r| {
                rto.sample((r * SECOND) as u64);
                (rto.smoothed / SECOND, rto.variation / SECOND)
            })
            .collect()
    }

    fn agree(found: &[(f64, f64)], expected: &[(f64, f64)]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f.0 - e.0).abs() < 1e-9 && (f.1 - e.1).abs() < 1e-9, "{f:?} is not {e:?}");
        }
    }

    #[test]
    fn estimates_are_those_of_the_ns3_suite() {
        agree(&series((0.125, 0.25), &[1.0, 1.2, 0.9]), &[(1.0, 0.5), (1.025, 0.425), (1.009_375, 0.35)]);
        agree(&series((0.1, 0.1), &[1.2, 0.95, 1.4]), &[(1.2, 0.6), (1.175, 0.565), (1.1975, 0.531)]);
        agree(&series((1.0, 1.0), &[1.0, 2.5, 7.0]), &[(1.0, 0.5), (2.5, 1.5), (7.0, 4.5)]);
    }

    #[test]
    fn timeouts_follow_rfc_6298() {
        let samples = [0.1, 0.12, 0.08, 0.1, 0.4, 0.1, 0.1, 0.1, 0.35, 0.36, 0.37, 0.05, 0.05, 0.05, 0.1];
        let expected = [
            0.3,
            0.2725,
            0.249_687_5,
            0.212_539_062_5,
            0.522_143_554_687,
            0.458_526_000_977,
            0.405_573_043_823,
            0.361_273_508_072,
            0.555_363_568_068,
            0.687_567_558_438,
            0.775_339_940_917,
            0.765_945_149_588,
            0.737_406_531_854,
            0.697_196_609_845,
            0.606_833_954_47,
        ];
        let (mut free, mut bounded) = (Rto::new(0, u64::MAX), Rto::new(SECOND as u64, u64::MAX));
        for (r, e) in samples.iter().zip(expected) {
            free.sample((r * SECOND) as u64);
            bounded.sample((r * SECOND) as u64);
            assert!((free.timeout() as f64 / SECOND - e).abs() < 1e-9, "{} is not {e}", free.timeout());
            assert_eq!(bounded.timeout(), SECOND as u64);
        }
    }

    #[test]
    fn expiries_double_it_up_to_the_maximum_until_the_next_sample() {
        let mut rto = Rto::new(SECOND as u64, 60 * SECOND as u64);
        let doubled: Vec<f64> = (0..8)
            .map(|_| {
                let now = rto.timeout() as f64 / SECOND;
                rto.back_off();
                now
            })
            .collect();
        assert_eq!(doubled, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        rto.sample((400.0 * MS) as u64);
        assert_eq!(rto.timeout() as f64, 1.2 * SECOND);
    }
}
