//! Poisson arrivals: independent exponential gaps, at a constant rate or at one that follows a waveform.
//!
//! With a `shape` f the rate at t is `rate` x f(t), and an arrival comes where the integral of the rate from the one
//! before has reached an exponential variate of mean 1: exact for any course, one variate an arrival.
//!
//! With a `batch` of n, n packets come at each arrival and arrivals are n times rarer, so that the rate stays.
//!
//! Of several `conversations` each arrival is in one, all equally likely: then each of them is a Poisson process, and they
//! are independent (Kingman 1993, Poisson Processes, section 5.1; from memory). An arrival costs the same however many they
//! are.
//!
//! Validated against: index of dispersion 1 (n with batches), M/M/1, M/D/1, M/G/1, M^X/M/1; counts by phase of a sine;
//! independent Poisson counts of each of several conversations.

use std::hint::black_box;

use sim_core::SimDuration;
use sim_core::config::{Field, Table, Type};
use sim_core::rng::{Exponentials, Rng};

use super::conversations::{COUNT, Count, in_turn};
use super::rate::{PacketRate, RATE_FIELD};
use super::shape::{SHAPE, Shape};
use super::{Emission, Load, MakeTraffic, Streams, Traffic};
use crate::common::waveform::Course;
use crate::network::size::Size;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "poisson",
    doc: "Poisson arrivals: independent, exponentially distributed gaps.",
    fields: &[
        RATE_FIELD,
        SHAPE,
        Field::default(
            "batch",
            Type::Integer { min: 1, max: 1_000_000 },
            "1",
            "How many packets come at once; `rate` counts packets.",
        ),
        Field::default("conversations", COUNT, "1", CONVERSATIONS),
    ],
    make: |table, size, context| {
        let rate = PacketRate::new(table.quantity("rate"), size, table.span_of("rate"))?;
        let batch = table.integer("batch") as u32;
        let poisson = Poisson::new(rate, size).every(batch);
        Ok(match Shape::read(table, context)? {
            None => divided(poisson, size, batch, table),
            Some(shape) => divided(poisson.shaped(shape), size, batch, table),
        })
    },
};

const CONVERSATIONS: &str = "In how many conversations its packets are, each arrival in one of them, all equally likely, for fair queues, multipath routes and `nat`; \"per_packet\" makes each packet a conversation. Not for fluids.";

#[derive(Clone, Debug)]
pub(super) struct Poisson {
    size: Size,
    rate: f64,
    /// Ticks.
    mean_gap: f64,
    /// Of the stream of gaps, which nothing else draws from.
    ahead: Exponentials,
}

impl Poisson {
    pub(super) fn new(rate: PacketRate, size: &Size) -> Self {
        Self { size: size.clone(), rate: rate.per_second(), mean_gap: rate.mean_gap(), ahead: Exponentials::default() }
    }
    /// The same at a rate that follows a waveform.
    pub(super) fn shaped(self, shape: Shape) -> Shaped {
        Shaped { poisson: self, shape }
    }
    /// Only every n-th of the arrivals.
    fn every(self, n: u32) -> Self {
        let n = f64::from(n);
        Self { rate: self.rate / n, mean_gap: self.mean_gap * n, ..self }
    }
}

/// `source` with so many packets at each arrival, in as many conversations as its table says.
fn divided<T: Traffic + Clone + 'static>(source: T, size: &Size, batch: u32, table: &Table) -> Load {
    match Count::read(table) {
        Count::Some(1) => batched(source, size, batch),
        Count::Some(conversations) => batched(Shared { source, conversations, chooser: None }, size, batch),
        Count::PerPacket => in_turn(batched(source, size, batch), u32::MAX),
    }
}

/// Arrivals each of which is in one of several conversations.
#[derive(Clone, Debug)]
struct Shared<T> {
    source: T,
    conversations: u32,
    /// Says in which; seeded from the first number of the stream of gaps, whose others it leaves alone.
    chooser: Option<Rng>,
}

impl<T: Traffic + Clone + 'static> Traffic for Shared<T> {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let chooser = self.chooser.get_or_insert_with(|| Rng::seed_from_u64(streams.gap.bits()));
        let conversation = chooser.below(self.conversations.into()) as u32;
        Some(Emission { conversation, ..self.source.next(streams)? })
    }
    fn mean_rate(&self) -> f64 {
        self.source.mean_rate()
    }
    fn prefetch(&self) {
        self.source.prefetch();
    }
    // No steady rate: where conversations share a link, a fluid has one share for all of them.
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

/// `source` with so many packets at each arrival.
fn batched<T: Traffic + Clone + 'static>(source: T, size: &Size, batch: u32) -> Load {
    if batch == 1 {
        return source.into();
    }
    Batched { source, size: size.clone(), batch, left: 0, conversation: 0 }.into()
}

/// Packets that come together.
#[derive(Clone, Debug)]
struct Batched<T> {
    source: T,
    size: Size,
    batch: u32,
    /// Packets of the last arrival that are still to come, and whose it was.
    left: u32,
    conversation: u32,
}

impl<T: Traffic + Clone + 'static> Traffic for Batched<T> {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        if self.left == 0 {
            let first = self.source.next(streams)?;
            (self.left, self.conversation) = (self.batch - 1, first.conversation);
            return Some(first);
        }
        self.left -= 1;
        let bits = self.size.draw(&mut streams.size);
        Some(Emission { gap: SimDuration::ZERO, bits, conversation: self.conversation })
    }
    fn mean_rate(&self) -> f64 {
        self.source.mean_rate() * f64::from(self.batch)
    }
    fn steady_rate(&self) -> Option<f64> {
        Some(self.source.steady_rate()? * f64::from(self.batch))
    }
    fn shaped_rate(&self) -> Option<(f64, Course, f64)> {
        let (rate, course, most) = self.source.shaped_rate()?;
        Some((rate * f64::from(self.batch), course, most))
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

impl Traffic for Poisson {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let gap = SimDuration::from_ticks_f64(self.mean_gap * self.ahead.next(&mut streams.gap));
        Some(Emission { gap, bits: self.size.draw(&mut streams.size), conversation: 0 })
    }
    fn mean_rate(&self) -> f64 {
        self.rate
    }
    fn steady_rate(&self) -> Option<f64> {
        Some(self.rate)
    }
    fn prefetch(&self) {
        black_box((self.rate, &self.size));
        self.ahead.prefetch();
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

/// Poisson arrivals whose rate follows a waveform.
#[derive(Clone, Debug)]
pub(super) struct Shaped {
    poisson: Poisson,
    shape: Shape,
}

impl Traffic for Shaped {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let area = self.poisson.ahead.next(&mut streams.gap) * self.poisson.mean_gap;
        let gap = self.shape.gap(area)?;
        Some(Emission { gap, bits: self.poisson.size.draw(&mut streams.size), conversation: 0 })
    }
    fn mean_rate(&self) -> f64 {
        self.poisson.rate * self.shape.max
    }
    fn shaped_rate(&self) -> Option<(f64, Course, f64)> {
        Some((self.poisson.rate, self.shape.course(), self.shape.max))
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use sim_core::config::Span;
    use sim_core::quantity::Quantity;

    use super::super::fixture::{assert_poisson, counts, of_size, sent, streams, traffic, waveform};
    use super::*;

    #[test]
    fn counts_vary_as_much_as_their_mean() {
        let mut source = traffic("{ kind = 'poisson', rate = '800 packets/s' }").unwrap();
        let n = 20_000;
        let (mean, dispersion) = counts(source.as_mut(), 3, n, 0.01);
        // Four standard errors: of a mean of counts with variance 8, and of a variance (2/n) around the mean.
        assert!((mean - 8.0).abs() < 4.0 * (8.0 / n as f64).sqrt(), "{mean}");
        assert!((dispersion - 1.0).abs() < 4.0 * (2.1 / n as f64).sqrt(), "{dispersion}");
    }

    #[test]
    fn batches_come_at_once_and_keep_the_rate() {
        let mut source = traffic("{ kind = 'poisson', rate = '800 packets/s', batch = 4 }").unwrap();
        assert_eq!(source.mean_rate(), 800.0);
        let sent = sent(source.as_mut(), 7, 1.0);
        assert!(sent.chunks_exact(4).all(|four| four.iter().all(|p| p.0 == four[0].0)));
        let mut source = traffic("{ kind = 'poisson', rate = '800 packets/s', batch = 4 }").unwrap();
        let n = 20_000;
        let (mean, dispersion) = counts(source.as_mut(), 3, n, 0.01);
        // Four times a Poisson count of mean 2: variance 32, whose own variance is (2 + 1/2) its square.
        assert!((mean - 8.0).abs() < 3.3 * (32.0 / n as f64).sqrt(), "{mean}");
        assert!((dispersion / 4.0 - 1.0).abs() < 3.3 * (2.5 / n as f64).sqrt(), "{dispersion}");
    }

    #[test]
    fn conversations_are_each_poisson_and_independent() {
        // Counts of each of five in windows with a mean of 4, and the variance of their sum, which is that of one process.
        let mut source = traffic("{ kind = 'poisson', rate = '2000 packets/s', conversations = 5 }").unwrap();
        assert_eq!(source.mean_rate(), 2000.0);
        let (mut streams, n, width) = (streams(5), 4000, 10_000_000_000);
        let mut counts = vec![[0u32; 5]; n];
        let mut at = 0;
        loop {
            let e = source.next(&mut streams).unwrap();
            at += e.gap.ticks();
            let Some(window) = counts.get_mut((at / width) as usize) else { break };
            window[e.conversation as usize] += 1;
        }
        for k in 0..5 {
            let all: Vec<f64> = counts.iter().map(|c| f64::from(c[k])).collect();
            assert_poisson(&all, 4.0, 3.3, &format!("conversation {k}"));
        }
        let sums: Vec<f64> = counts.iter().map(|c| f64::from(c.iter().sum::<u32>())).collect();
        assert_poisson(&sums, 20.0, 3.3, "all");
    }

    #[test]
    fn a_batch_is_of_one_conversation() {
        let mut source =
            traffic("{ kind = 'poisson', rate = '400 packets/s', batch = 3, conversations = 50 }").unwrap();
        assert_eq!(source.mean_rate(), 400.0);
        let mut streams = streams(5);
        let all: Vec<Emission> = (0..300).map(|_| source.next(&mut streams).unwrap()).collect();
        assert!(all.chunks_exact(3).all(|batch| batch.iter().all(|e| e.conversation == batch[0].conversation)));
        assert!(all.chunks_exact(3).any(|batch| batch[0].conversation != all[0].conversation));
    }

    #[test]
    fn a_bit_rate_holds_in_bits() {
        let size = Size::Uniform { min: 1000, max: 3000 };
        let mut source = of_size("{ kind = 'poisson', rate = '2 Mbit/s' }", &size).unwrap();
        assert_eq!(source.mean_rate(), 1000.0);
        let bits: f64 = sent(source.as_mut(), 5, 200.0).iter().map(|p| f64::from(p.1)).sum();
        assert!((bits / 200.0 / 2e6 - 1.0).abs() < 0.01, "{bits}");
    }

    #[test]
    fn a_law_of_sizes_does_not_move_arrivals() {
        let times = |size: &Size| -> Vec<u64> {
            let mut source = of_size("{ kind = 'poisson', rate = '100 packets/s' }", size).unwrap();
            sent(source.as_mut(), 9, 10.0).iter().map(|p| p.0).collect()
        };
        assert_eq!(times(&Size::Constant(8)), times(&Size::Uniform { min: 8, max: 80_000 }));
    }

    #[test]
    fn a_shape_gives_each_phase_its_counts() {
        let day = waveform("{ kind = 'sine', amplitude = 0.9, period = '4 s' }");
        let rate = PacketRate::new(Quantity::parse("20 packets/s").unwrap(), &Size::Constant(8), Span::default());
        let poisson = Poisson::new(rate.unwrap(), &Size::Constant(8));
        let n = 4000;
        // By quarter of a period: Poisson counts, mean 20 (1 +- 0.9 x 2/pi), all independent.
        let mut counts = vec![[0u32; 4]; n];
        let mut source = poisson.shaped(Shape::of(&day));
        for (at, _) in sent(&mut source, 11, 4.0 * n as f64) {
            let second = (at / 1_000_000_000_000) as usize;
            counts[second / 4][second % 4] += 1;
        }
        for quarter in 0..4 {
            let sign = if quarter < 2 { 1.0 } else { -1.0 };
            let expected = 20.0 * (1.0 + sign * 0.9 * 2.0 / std::f64::consts::PI);
            let all: Vec<f64> = counts.iter().map(|c| f64::from(c[quarter])).collect();
            assert_poisson(&all, expected, 3.3, &format!("quarter {quarter}"));
        }
    }
}
