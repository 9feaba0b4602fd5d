//! Users that ask for something, wait until they have it, think, and ask again: a closed loop.
//!
//! Each of `users` has a connection that stays open. A response of random size is sent from `from` to `to`; when all of it
//! is acknowledged the user thinks for an exponential time before the next begins. The time that a request is on its way
//! is part of the thinking. The first responses begin after thinking, too.
//!
//! Validated against: the interactive response time law, X (R + Z) = N (Denning & Buzen 1978, doi:10.1145/356733.356735).

use sim_core::SimDuration;
use sim_core::config::{Field, Table, Type};
use sim_core::quantity::Dimension;

use super::transfer::{ALPHA, BYTES, CONSTANT, CV, Transfer};
use super::{Load, MakeTraffic, Streams};
use crate::network::transport::{self, Application, Opening, Settings};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "request_response",
    doc: "Users that ask, wait for the response over their TCP connection, think, and ask again (a closed loop).",
    fields: &[
        Field::default("users", Type::Integer { min: 1, max: 1_000_000 }, "1", "How many, each with a connection."),
        Field::required(
            "think",
            Type::Quantity(&[Dimension::TIME]),
            "The mean of the exponential time from the end of a response to the beginning of the next.",
        ),
        BYTES,
        CONSTANT,
        ALPHA,
        CV,
        transport::FIELD,
    ],
    make: |table, _, context| {
        let settings = Settings::read(table, context)?;
        let (transfer, mean) = Transfer::read(table)?;
        Ok(Load::Application(Box::new(RequestResponse::new(table, transfer, mean)), settings))
    },
};

#[derive(Clone, Debug)]
struct RequestResponse {
    transfer: Transfer,
    mean: f64,
    users: u32,
    /// Ticks.
    think: f64,
    opened: u32,
}

impl RequestResponse {
    fn new(table: &Table, transfer: Transfer, mean: f64) -> Self {
        let think = table.quantity("think").value * sim_core::TICKS_PER_SECOND as f64;
        Self { transfer, mean, users: table.integer("users") as u32, think, opened: 0 }
    }
    fn opening(&self, think: f64, streams: &mut Streams) -> Opening {
        let gap = SimDuration::from_ticks_f64(think * streams.gap.exponential());
        Opening { gap, bytes: Some(self.transfer.draw(&mut streams.size)) }
    }
}

impl Application for RequestResponse {
    fn open(&mut self, streams: &mut Streams) -> Option<Opening> {
        if self.opened == self.users {
            return None;
        }
        // The first of those who still think is done after a share of the time that one takes.
        let thinking = self.users - self.opened;
        self.opened += 1;
        Some(self.opening(self.think / f64::from(thinking), streams))
    }
    fn again(&mut self, streams: &mut Streams) -> Option<Opening> {
        Some(self.opening(self.think, streams))
    }
    fn connections(&self) -> Option<u32> {
        Some(self.users)
    }
    fn is_finite(&self) -> bool {
        true
    }
    fn mean_rate(&self) -> Option<f64> {
        let cycle = self.think / sim_core::TICKS_PER_SECOND as f64;
        (cycle > 0.0).then(|| f64::from(self.users) * self.mean / cycle)
    }
    fn boxed_clone(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}
