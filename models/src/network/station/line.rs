//! What a link does to packets besides sending and delaying them: it refuses those that are too large, damages some, and
//! lets them arrive unevenly.
//!
//! A lost packet has been sent: the link was busy with it (the loss is at the end of its service), and whoever waits behind
//! it has waited for it. Jitter adds a time of its own to each packet's propagation, but packets do not overtake:
//!
//! ```text
//! arrival = max(arrival of the packet before, end of sending + delay + jitter)
//! ```
//!
//! so that what follows a late packet closely is late with it.

use sim_core::SimTime;
use sim_core::rng::{Rng, Streams};

use crate::common::service::Service;
use crate::network::loss::{Loss, Losses};

/// What is wrong with a link, as every replication starts it.
#[derive(Clone, Debug, Default)]
pub(in crate::network) struct LinePlan {
    /// The largest packet in bits.
    pub(in crate::network) mtu: Option<u32>,
    pub(in crate::network) loss: Option<Loss>,
    pub(in crate::network) jitter: Option<Service>,
}

impl LinePlan {
    /// Whether it does nothing to any packet.
    pub(in crate::network) fn is_plain(&self) -> bool {
        self.mtu.is_none() && self.loss.is_none() && self.jitter.is_none()
    }
    /// The line at time zero; `element` names its streams.
    pub(in crate::network) fn start(&self, element: &str, streams: Streams) -> Line {
        Line {
            mtu: self.mtu.unwrap_or(u32::MAX),
            losses: self.loss.as_ref().map(|law| Losses::new(law, streams.stream(element, "loss"))),
            jitter: self.jitter.clone().map(|law| (law, streams.stream(element, "jitter"))),
            last: 0,
        }
    }
}

/// What is wrong with a link, in motion.
#[derive(Debug)]
pub(in crate::network) struct Line {
    mtu: u32,
    losses: Option<Losses>,
    jitter: Option<(Service, Rng)>,
    /// When the last packet arrives, in ticks.
    last: u64,
}

impl Line {
    pub(super) fn takes(&self, bits: u32) -> bool {
        bits <= self.mtu
    }
    /// Whether the packet that has just been sent is lost.
    pub(super) fn loses(&mut self) -> bool {
        self.losses.as_mut().is_some_and(Losses::next)
    }
    /// When a packet that has been sent now arrives.
    pub(super) fn arrival(&mut self, bits: u32, now: SimTime, delay: u64) -> SimTime {
        let jitter = self.jitter.as_mut().map_or(0, |(law, rng)| law.draw(rng, bits));
        self.last = self.last.max(now.ticks().saturating_add(delay).saturating_add(jitter));
        SimTime::from_ticks(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_delays_and_never_lets_packets_overtake() {
        let jitter = Some(Service::Exponential { mean: 1e9 });
        let plan = LinePlan { jitter, ..LinePlan::default() };
        let mut line = plan.start("link.x", Streams::new(1, 0));
        let (gap, delay, n) = (100_000_000, 5_000_000_000, 100_000);
        let (mut before, mut held, mut extra) = (0, 0u32, 0.0);
        for k in 0..n {
            let sent = SimTime::from_ticks(k * gap);
            let at = line.arrival(8, sent, delay).ticks();
            assert!(at >= before && at >= sent.ticks() + delay);
            held += u32::from(at == before);
            extra += (at - sent.ticks() - delay) as f64;
            before = at;
        }
        // Gaps of a tenth of the mean jitter d: most are held by one before. The extra delay is the greatest of E_j - j g,
        // whose mean is the integral of 1 - prod_j (1 - exp(-(x + j g)/d)).
        let step = 1e-4;
        let none = |x: f64| (0..400).map(|j| 1.0 - (-x - 0.1 * f64::from(j)).exp()).product::<f64>();
        let mean: f64 = (0..150_000).map(|i| step * (1.0 - none((f64::from(i) + 0.5) * step))).sum();
        // The maximum forgets in some 30 packets: 3 % of standard error would be noticed at 1e5 packets.
        assert!((extra / n as f64 / 1e9 / mean - 1.0).abs() < 0.02, "{} {mean}", extra / n as f64 / 1e9);
        assert!(held > 80_000, "{held}");
    }

    #[test]
    fn spread_packets_have_their_jitter_alone() {
        let jitter = Some(Service::Uniform { min: 1e6, span: 2e6 });
        let mut line = LinePlan { jitter, ..LinePlan::default() }.start("link.x", Streams::new(1, 0));
        let n = 100_000u64;
        let extra = |k: u64| {
            let sent = SimTime::from_ticks(k * 10_000_000);
            (line.arrival(8, sent, 7).ticks() - sent.ticks() - 7) as f64 / 1e6
        };
        let all: Vec<f64> = (0..n).map(extra).collect();
        let mean = all.iter().sum::<f64>() / n as f64;
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        // Uniform from 1 to 3: variance 1/3, kurtosis 9/5.
        assert!((mean - 2.0).abs() <= 3.3 * (1.0 / 3.0 / n as f64).sqrt(), "{mean}");
        assert!((3.0 * variance - 1.0).abs() <= 3.3 * (0.8 / n as f64).sqrt(), "{variance}");
    }
}
