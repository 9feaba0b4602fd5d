//! Serialisation at a rate that varies: a radio link, a link that others share, one that is off for a part of the time.
//!
//! With a waveform w the link sends `rate` x w(t) bits a second at time t. A packet of L bits (framing included) whose
//! serialisation starts at t ends at T, where
//!
//! ```text
//! integral of w from t to T = L / rate
//! ```
//!
//! for the first time. Bits are served as a fluid within the packet: where w falls the packet in service slows down, where
//! w is zero it pauses, and where w stays zero it stays. Nothing happens in between: T is known at t, from the closed
//! integral of w. L / rate is worked out as on any other link, in whole ticks with a remainder that is carried on; so is
//! what rounding T to whole ticks leaves over. A w that is one gives the very times of a link without.
//!
//! Busy time (utilization) is that with a packet in service, pauses included.
//!
//! Validated against: departures over steps by hand, the integral of a sine, a square wave with regular arrivals, a
//! rate that is constant.

use super::Serialisation;
use crate::common::waveform::Course;

/// The law, and where it is in its course.
#[derive(Clone, Debug)]
pub(in crate::network) struct Varying {
    pub(super) rate: Serialisation,
    /// Bits of framing around each packet.
    overhead: u32,
    course: Course,
    /// What is left of the packets before, in ticks at `rate`; less than nothing if they took too long.
    left: f64,
}

impl Varying {
    pub(in crate::network) fn new(rate: Serialisation, overhead: u32, course: Course) -> Self {
        Self { rate, overhead, course, left: 0.0 }
    }
    /// The serialisation of a packet of `bits` from `start` on; one without end lasts until the end of time.
    pub(super) fn ticks(&mut self, bits: u32, start: u64) -> u64 {
        let amount = self.rate.ticks(bits + self.overhead) as f64 + self.left;
        let Some((ticks, left)) = self.course.reach(start, amount) else { return u64::MAX - start };
        self.left = left;
        ticks
    }
}
