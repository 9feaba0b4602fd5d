//! Users that ask for something, wait until they have it, think, and ask again: a closed loop.
//!
//! Each of `users` has a connection that stays open. A response of random size is sent from `from` to `to`; when all of it
//! is acknowledged the user thinks for an exponential time before the next begins. The time that a request is on its way
//! is part of the thinking. The first responses begin after thinking, too.
//!
//! With a `shape` f who thinks at t is done at the rate f(t) / `think`: the integral of f over the thinking is exponential.
//!
//! Validated against: requests by phase of a shape; the interactive response time law, X (R + Z) = N (Denning & Buzen 1978, doi:10.1145/356733.356735).

use sim_core::config::{Diagnostics, Field, Table, Type};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::{SimDuration, SimTime};

use super::shape::{SHAPE, Shape};
use super::transfer::{ALPHA, BYTES, CONSTANT, CV, Transfer};
use super::{Load, MakeTraffic, Streams};
use crate::BuildContext;
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
        SHAPE,
        BYTES,
        CONSTANT,
        ALPHA,
        CV,
        transport::FIELD,
    ],
    make: |table, _, context| {
        let settings = Settings::read(table, context)?;
        let (transfer, mean) = Transfer::read(table)?;
        Ok(Load::Application(Box::new(RequestResponse::new(table, transfer, mean, context)?), settings))
    },
};

#[derive(Clone, Debug)]
struct RequestResponse {
    transfer: Transfer,
    mean: f64,
    users: u32,
    /// Ticks.
    think: f64,
    /// How fast they think.
    shape: Option<Shape>,
    /// When the last connection was opened, if there is a shape.
    opened_at: SimTime,
    opened: u32,
}

impl RequestResponse {
    fn new(table: &Table, transfer: Transfer, mean: f64, context: &BuildContext<'_>) -> Result<Self, Diagnostics> {
        let think = table.quantity("think").value * sim_core::TICKS_PER_SECOND as f64;
        let start = table.opt_quantity("start").and_then(Quantity::to_ticks).unwrap_or(0);
        Ok(Self {
            transfer,
            mean,
            users: table.integer("users") as u32,
            think,
            shape: Shape::read(table, context)?,
            opened_at: SimTime::from_ticks(start),
            opened: 0,
        })
    }
    /// After thinking from `at` on, for so long in the mean.
    fn opening(&mut self, at: SimTime, think: f64, streams: &mut Streams) -> Option<Opening> {
        let ticks = think * streams.gap.exponential();
        let gap = match &mut self.shape {
            None => SimDuration::from_ticks_f64(ticks),
            Some(shape) => shape.gap_from(at, ticks)?,
        };
        Some(Opening { gap, bytes: Some(self.transfer.draw(&mut streams.size)) })
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
        let opening = self.opening(self.opened_at, self.think / f64::from(thinking), streams)?;
        self.opened_at = self.opened_at + opening.gap;
        Some(opening)
    }
    fn again(&mut self, at: SimTime, streams: &mut Streams) -> Option<Opening> {
        self.opening(at, self.think, streams)
    }
    fn connections(&self) -> Option<u32> {
        Some(self.users)
    }
    fn is_finite(&self) -> bool {
        true
    }
    fn mean_rate(&self) -> Option<f64> {
        let cycle = self.think / sim_core::TICKS_PER_SECOND as f64;
        let fastest = self.shape.as_ref().map_or(1.0, |shape| shape.max);
        (cycle > 0.0).then(|| f64::from(self.users) * self.mean / cycle * fastest)
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
    fn a_shape_gives_each_phase_its_requests() {
        let shape = Shape::of(&waveform("{ kind = 'sine', amplitude = 0.9, period = '4 s' }"));
        let mut users = RequestResponse {
            transfer: Transfer::Constant(1),
            mean: 1.0,
            users: 50,
            think: 2e12,
            shape: Some(shape),
            opened_at: SimTime::ZERO,
            opened: 0,
        };
        assert!((users.mean_rate().unwrap() - 47.5).abs() < 1e-9);
        // Whose responses take no time asks as a Poisson process of rate 1/2 f(t): together, 25 f(t) a second, in every
        // half of a period Poisson counts of mean 50 (1 +- 0.9 x 2/pi), the first ones as well.
        let (mut streams, n, mut opened) = (streams(19), 2000, SimTime::ZERO);
        let mut counts = vec![[0u32; 2]; n];
        while let Some(Opening { gap, .. }) = users.open(&mut streams) {
            opened = opened + gap;
            let mut at = opened;
            while let Some(count) = counts.get_mut((at.as_secs_f64() / 4.0) as usize) {
                count[(at.as_secs_f64() / 2.0) as usize % 2] += 1;
                at = at + users.again(at, &mut streams).unwrap().gap;
            }
        }
        for (half, sign) in [1.0, -1.0].into_iter().enumerate() {
            let expected = 50.0 * (1.0 + sign * 0.9 * 2.0 / std::f64::consts::PI);
            let all: Vec<f64> = counts.iter().map(|c| f64::from(c[half])).collect();
            assert_poisson(&all, expected, 4.0, &format!("half {half}"));
        }
    }
}
