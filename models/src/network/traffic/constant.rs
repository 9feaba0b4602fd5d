//! Constant bit rate: one packet every 1/rate, the first at the start.
//!
//! The period is the exact fraction of the rate, its remainder carried from packet to packet: 3 packets/s are three in
//! every second, although a third of a second is no whole number of ticks.
//!
//! Validated against: index of dispersion 0, D/D/1 without wait.

use sim_core::SimDuration;

use super::conversations::{CONVERSATIONS, divided};
use super::rate::{PacketRate, Period, RATE_FIELD};
use super::{Emission, MakeTraffic, Streams, Traffic};
use crate::network::size::Size;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "constant",
    doc: "One packet every 1/rate, the first at the start (constant bit rate).",
    fields: &[RATE_FIELD, CONVERSATIONS],
    make: |table, size, _| {
        let rate = PacketRate::new(table.quantity("rate"), size, table.span_of("rate"))?;
        Ok(divided(table, Constant::new(rate, size).into()))
    },
};

#[derive(Clone, Debug)]
pub(super) struct Constant {
    size: Size,
    rate: PacketRate,
    period: Period,
    started: bool,
}

impl Constant {
    pub(super) fn new(rate: PacketRate, size: &Size) -> Self {
        Self { size: size.clone(), rate, period: Period::new(rate), started: false }
    }
}

impl Traffic for Constant {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let gap = if self.started { SimDuration::from_ticks(self.period.next()) } else { SimDuration::ZERO };
        self.started = true;
        Some(Emission { gap, bits: self.size.draw(&mut streams.size), conversation: 0 })
    }
    fn mean_rate(&self) -> f64 {
        self.rate.per_second()
    }
    fn steady_rate(&self) -> Option<f64> {
        Some(self.rate.per_second())
    }
    fn draws(&self) -> bool {
        !matches!(self.size, Size::Constant(_))
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{counts, sent, traffic};

    #[test]
    fn packets_come_exactly_on_time() {
        let mut source = traffic("{ kind = 'constant', rate = '3 packets/s' }").unwrap();
        let at: Vec<u64> = sent(source.as_mut(), 1, 1.5).iter().map(|p| p.0).collect();
        assert_eq!(at, [0, 333_333_333_333, 666_666_666_666, 1_000_000_000_000, 1_333_333_333_333]);
    }

    #[test]
    fn counts_do_not_vary() {
        let mut source = traffic("{ kind = 'constant', rate = '8 Mbit/s' }").unwrap();
        assert_eq!(counts(source.as_mut(), 1, 100, 0.1), (80.0, 0.0));
        assert_eq!(source.mean_rate(), 800.0);
    }

    #[test]
    fn a_copy_starts_where_the_source_stands() {
        let mut source = traffic("{ kind = 'constant', rate = '3 packets/s' }").unwrap();
        let copy = source.boxed_clone();
        let first = sent(source.as_mut(), 1, 2.0);
        assert_eq!(sent(copy.boxed_clone().as_mut(), 2, 2.0), first);
    }
}
