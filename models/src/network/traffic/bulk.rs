//! Bulk transfers: connections that send as much as they can, for ever or until so many bytes are through.

use sim_core::SimDuration;
use sim_core::config::{Field, Table, Type};
use sim_core::quantity::Dimension;

use super::{Load, MakeTraffic, Streams};
use crate::network::transport::{self, Application, Opening, Settings};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "bulk",
    doc: "TCP connections that send as much as they can. The data are one flow, the acknowledgements another, NAME.acks.",
    fields: &[
        Field::default("connections", Type::Integer { min: 1, max: 1_000_000 }, "1", "How many."),
        Field::optional(
            "bytes",
            Type::Quantity(&[Dimension::DATA]),
            "What each of them sends before it closes; without it they never end.",
        ),
        Field::default(
            "stagger",
            Type::Quantity(&[Dimension::TIME]),
            "\"0 s\"",
            "How long after the one before each of them opens.",
        ),
        transport::FIELD,
    ],
    make: |table, _, context| {
        let settings = Settings::read(table, context)?;
        Ok(Load::Application(Box::new(Bulk::read(table)?), settings))
    },
};

#[derive(Clone, Debug)]
struct Bulk {
    connections: u32,
    bytes: Option<u64>,
    stagger: SimDuration,
    opened: u32,
}

impl Bulk {
    fn read(table: &Table) -> Result<Self, sim_core::config::Diagnostics> {
        Ok(Self {
            connections: table.integer("connections") as u32,
            bytes: transport::bytes(table, "bytes")?,
            stagger: SimDuration::from_ticks(table.quantity("stagger").to_ticks().unwrap_or(u64::MAX)),
            opened: 0,
        })
    }
}

impl Application for Bulk {
    fn open(&mut self, _streams: &mut Streams) -> Option<Opening> {
        if self.opened == self.connections {
            return None;
        }
        let gap = if self.opened == 0 { SimDuration::ZERO } else { self.stagger };
        self.opened += 1;
        Some(Opening { gap, bytes: self.bytes })
    }
    fn connections(&self) -> Option<u32> {
        self.bytes.is_none().then_some(self.connections)
    }
    fn is_finite(&self) -> bool {
        self.bytes.is_some()
    }
    fn mean_rate(&self) -> Option<f64> {
        None
    }
    fn draws(&self) -> bool {
        false
    }
    fn boxed_clone(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}
