//! Sessions that come at random, each with a connection of its own and a transfer of heavy-tailed size.
//!
//! Sessions arrive as a Poisson process, which holds for sessions though not for packets (Paxson & Floyd 1995,
//! doi:10.1109/90.392383), at a rate that may follow a waveform (`shape`).
//!
//! Validated against: the exponential law of the times between sessions; the mean of goodput, rate x size; packets are no
//! Poisson process.

use sim_core::config::{Field, Type};
use sim_core::quantity::Dimension;
use sim_core::{SimDuration, TICKS_PER_SECOND};

use super::rate::PacketRate;
use super::shape::{SHAPE, Shape};
use super::transfer::{ALPHA, BYTES, CV, PARETO, Transfer};
use super::{Load, MakeTraffic, Streams};
use crate::network::transport::{self, Application, Opening, Settings};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "web",
    doc: "Sessions that arrive as a Poisson process, each a TCP connection with one transfer of random size.",
    fields: &[
        Field::required("rate", Type::Quantity(&[Dimension::RATE]), "Sessions a second, \"20 /s\"."),
        SHAPE,
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
        Ok(Load::Application(Box::new(Web::new(transfer, mean, rate, Shape::read(table, context)?)), settings))
    },
};

#[derive(Clone, Debug)]
pub(super) struct Web {
    transfer: Transfer,
    mean: f64,
    /// Sessions a second.
    rate: f64,
    shape: Option<Shape>,
}

impl Web {
    /// `rate` sessions a second, times what `shape` says, with transfers of this law, `mean` bytes on average.
    pub(super) fn new(transfer: Transfer, mean: f64, rate: f64, shape: Option<Shape>) -> Self {
        Self { transfer, mean, rate, shape }
    }
    /// Sessions a second where there are most.
    fn most(&self) -> f64 {
        self.rate * self.shape.as_ref().map_or(1.0, |shape| shape.max)
    }
}

impl Application for Web {
    fn open(&mut self, streams: &mut Streams) -> Option<Opening> {
        let seconds = streams.gap.exponential() / self.rate;
        let gap = match &mut self.shape {
            None => SimDuration::from_secs_f64(seconds),
            Some(shape) => shape.gap(seconds * TICKS_PER_SECOND as f64)?,
        };
        Some(Opening { gap, bytes: Some(self.transfer.draw(&mut streams.size)) })
    }
    fn is_finite(&self) -> bool {
        true
    }
    fn mean_rate(&self) -> Option<f64> {
        Some(self.most() * self.mean)
    }
    fn transfer_rate(&self) -> Option<f64> {
        Some(self.most())
    }
    fn boxed_clone(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{assert_poisson, streams, waveform};
    use super::*;

    #[test]
    fn sessions_are_a_poisson_process() {
        let mut web = Web::new(Transfer::Constant(1), 1.0, 20.0, None);
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

    #[test]
    fn a_shape_gives_each_phase_its_sessions() {
        let day = waveform("{ kind = 'sine', amplitude = 0.9, period = '4 s' }");
        let mut web = Web::new(Transfer::Constant(1), 1.0, 20.0, Some(Shape::of(&day)));
        assert!((web.transfer_rate().unwrap() - 38.0).abs() < 1e-9);
        let (mut streams, n, mut at) = (streams(18), 4000, SimDuration::ZERO);
        let mut counts = vec![[0u32; 2]; n];
        loop {
            at += web.open(&mut streams).unwrap().gap;
            let half = (at.as_secs_f64() / 2.0) as usize;
            let Some(count) = counts.get_mut(half / 2) else { break };
            count[half % 2] += 1;
        }
        // By half of a period: Poisson counts, mean 40 (1 +- 0.9 x 2/pi).
        for (half, sign) in [1.0, -1.0].into_iter().enumerate() {
            let expected = 40.0 * (1.0 + sign * 0.9 * 2.0 / std::f64::consts::PI);
            let all: Vec<f64> = counts.iter().map(|c| f64::from(c[half])).collect();
            assert_poisson(&all, expected, 4.0, &format!("half {half}"));
        }
    }
}
