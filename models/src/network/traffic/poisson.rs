//! Poisson arrivals: independent exponential gaps.
//!
//! Validated against: index of dispersion 1, M/M/1, M/D/1, M/G/1.

use sim_core::SimDuration;
use sim_core::rng::Exponentials;

use super::rate::{PacketRate, RATE_FIELD};
use super::{Emission, MakeTraffic, Streams, Traffic};
use crate::network::size::Size;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "poisson",
    doc: "Poisson arrivals: independent, exponentially distributed gaps.",
    fields: &[RATE_FIELD],
    make: |table, size, _| {
        let rate = PacketRate::new(table.quantity("rate"), size, table.span_of("rate"))?;
        Ok(Box::new(Poisson::new(rate, size)))
    },
};

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
}

impl Traffic for Poisson {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let gap = SimDuration::from_ticks_f64(self.mean_gap * self.ahead.next(&mut streams.gap));
        Some(Emission { gap, bits: self.size.draw(&mut streams.size) })
    }
    fn mean_rate(&self) -> f64 {
        self.rate
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{counts, of_size, sent, traffic};
    use crate::network::size::Size;

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
}
