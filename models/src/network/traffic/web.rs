//! Sessions that come at random, each with a connection of its own and a transfer of heavy-tailed size.
//!
//! Sessions arrive as a Poisson process, which holds for sessions though not for packets (Paxson & Floyd 1995,
//! doi:10.1109/90.392383).
//!
//! Validated against: the exponential law of the times between sessions; the mean of goodput, rate x size; packets are no
//! Poisson process.

use sim_core::SimDuration;
use sim_core::config::{Field, Type};
use sim_core::quantity::Dimension;

use super::rate::PacketRate;
use super::transfer::{ALPHA, BYTES, CV, PARETO, Transfer};
use super::{Load, MakeTraffic, Streams};
use crate::network::transport::{self, Application, Opening, Settings};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "web",
    doc: "Sessions that arrive as a Poisson process, each a TCP connection with one transfer of random size.",
    fields: &[
        Field::required("rate", Type::Quantity(&[Dimension::RATE]), "Sessions a second, \"20 /s\"."),
        BYTES,
        PARETO,
        ALPHA,
        CV,
        transport::FIELD,
    ],
    make: |table, size, context| {
        let settings = Settings::read(table, context)?;
        let (transfer, mean) = Transfer::read(table)?;
        let rate = PacketRate::new(table.quantity("rate"), size, table.span_of("rate"))?.per_second();
        Ok(Load::Application(Box::new(Web::new(transfer, mean, rate)), settings))
    },
};

#[derive(Clone, Debug)]
pub(super) struct Web {
    transfer: Transfer,
    mean: f64,
    /// Sessions a second.
    rate: f64,
}

impl Web {
    /// `rate` sessions a second with transfers of this law, `mean` bytes on average.
    pub(super) fn new(transfer: Transfer, mean: f64, rate: f64) -> Self {
        Self { transfer, mean, rate }
    }
}

impl Application for Web {
    fn open(&mut self, streams: &mut Streams) -> Option<Opening> {
        let gap = SimDuration::from_secs_f64(streams.gap.exponential() / self.rate);
        Some(Opening { gap, bytes: Some(self.transfer.draw(&mut streams.size)) })
    }
    fn is_finite(&self) -> bool {
        true
    }
    fn mean_rate(&self) -> Option<f64> {
        Some(self.rate * self.mean)
    }
    fn transfer_rate(&self) -> Option<f64> {
        Some(self.rate)
    }
    fn boxed_clone(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::streams;
    use super::*;

    #[test]
    fn sessions_are_a_poisson_process() {
        let mut web = Web { transfer: Transfer::Constant(1), mean: 1.0, rate: 20.0 };
        let mut streams = streams(17);
        let n = 100_000;
        let mut gaps: Vec<f64> = (0..n).map(|_| 20.0 * web.open(&mut streams).unwrap().gap.as_secs_f64()).collect();
        let n = f64::from(n);
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 3.3 / n.sqrt(), "{mean}");
        assert!((variance - 1.0).abs() < 3.3 * (8.0 / n).sqrt(), "{variance}");
        // Kolmogorov and Smirnov: sqrt(n) D is above 1.95 with a chance of 0.001.
        gaps.sort_by(f64::total_cmp);
        let distance = |(i, g): (usize, &f64)| (-(-g).exp_m1() - (i as f64 + 0.5) / n).abs();
        let d = gaps.iter().enumerate().map(distance).fold(0.0, f64::max);
        assert!(n.sqrt() * d < 1.95, "{d}");
    }
}
