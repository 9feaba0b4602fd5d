//! Sessions that come at random, each with a connection of its own and a transfer of heavy-tailed size.
//!
//! Sessions arrive as a Poisson process, which holds for sessions though not for packets (Paxson & Floyd 1995,
//! doi:10.1109/90.392383).
//!
//! Validated against: the mean of goodput, rate x size.

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
        Ok(Load::Application(Box::new(Web { transfer, mean, rate }), settings))
    },
};

#[derive(Clone, Debug)]
struct Web {
    transfer: Transfer,
    mean: f64,
    /// Sessions a second.
    rate: f64,
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
    fn boxed_clone(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}
