//! Congestion controls: how many segments may be in the network, and how fast they may follow each other.
//!
//! One in a third-party crate is one file: a type that implements [`CongestionControl`] and a [`Kind`] that is added to
//! [`Registry::congestion_controls`](crate::Registry::congestion_controls).

mod bbr;
mod cubic;
mod dctcp;
#[cfg(test)]
mod equilibria;
mod reno;

use std::fmt::Debug;

use sim_core::config::{Diagnostics, Table};
use sim_core::{SimDuration, SimTime};

use crate::registry::Kind;

/// The congestion window, in segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// So many segments may be in the network; the fraction is kept, the whole part counts.
    pub size: f64,
    /// The slow-start threshold; infinite at first.
    pub threshold: f64,
}

impl Window {
    /// Whether the window is below the threshold.
    #[inline]
    pub fn in_slow_start(&self) -> bool {
        self.size < self.threshold
    }
}

/// What an acknowledgement told.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    /// When it came.
    pub now: SimTime,
    /// Segments that are known to be delivered now and were not before.
    pub delivered: u32,
    /// Segments acknowledged by its number alone.
    pub acknowledged: u32,
    /// It echoed congestion (ECE).
    pub marked: bool,
    /// Losses are being repaired: the sender itself sets the window of those that do not pace.
    pub recovering: bool,
    /// The window was what held the sender back, so that it may grow.
    pub limited: bool,
    /// A sample of the round-trip time.
    pub round_trip: Option<SimDuration>,
    /// The smoothed round-trip time; zero before the first sample.
    pub smoothed: SimDuration,
    /// Segments in the network before it came.
    pub flight: u32,
    /// The first segment not acknowledged, and the next new one: a round trip ends when the former passes what the latter
    /// was at its beginning.
    pub first: u64,
    /// See `first`.
    pub next: u64,
    /// How fast segments were delivered.
    pub rate: Option<RateSample>,
}

/// A sample of the delivery rate (draft-cheng-iccrg-delivery-rate-estimation-00).
#[derive(Clone, Copy, Debug)]
pub struct RateSample {
    /// Segments delivered.
    pub segments: u64,
    /// Over so long.
    pub interval: SimDuration,
    /// Segments delivered since the connection began, when the sampled segment was sent.
    pub before: u64,
    /// Segments delivered since the connection began, now.
    pub total: u64,
    /// The application had nothing to send: the path may be faster.
    pub limited: bool,
}

/// A congestion control. `now` never goes back.
pub trait CongestionControl: Debug + Send + Sync {
    /// A connection begins; `window` is the initial one. Whatever was before is forgotten.
    fn open(&mut self, window: Window, now: SimTime);
    /// An acknowledgement of something new came.
    fn on_ack(&mut self, window: &mut Window, ack: &Ack);
    /// The first loss in a window was found, with `flight` segments outstanding: sets the threshold, which the sender takes
    /// the window down to.
    fn on_loss(&mut self, window: &mut Window, flight: f64, now: SimTime);
    /// The retransmission timer expired for the first time for a segment: sets the threshold. The sender sets the window to
    /// one segment.
    fn on_timeout(&mut self, window: &mut Window, flight: f64, now: SimTime) {
        self.on_loss(window, flight, now);
    }
    /// The first mark in a window was echoed: sets the threshold, to which the window falls at once.
    fn on_mark(&mut self, window: &mut Window, flight: f64, now: SimTime) {
        self.on_loss(window, flight, now);
    }
    /// Segments a second, if segments are to be spread out; the control then sets the window in recovery too.
    fn pacing_rate(&self) -> Option<f64> {
        None
    }
    /// Whether every mark is to be echoed on its own (RFC 8257) and not until the sender says that it reacted (RFC 3168);
    /// implies that packets are marked rather than dropped.
    fn counts_marks(&self) -> bool {
        false
    }
    /// A control in the state of this one; each connection starts from a copy.
    fn boxed_clone(&self) -> Box<dyn CongestionControl>;
}

/// Makes a congestion control from its checked table.
pub type MakeCongestionControl = fn(&Table) -> Result<Box<dyn CongestionControl>, Diagnostics>;

/// The congestion controls that come with the program.
pub const CONGESTION_CONTROLS: &[Kind<MakeCongestionControl>] = &[cubic::KIND, reno::KIND, dctcp::KIND, bbr::KIND];

/// The least window after a loss, in segments.
const LEAST: f64 = 2.0;

/// Segments that slow start adds for an acknowledgement, at most up to the threshold; what is left of `acknowledged`.
#[inline]
fn slow_start(window: &mut Window, by: f64) {
    window.size = (window.size + by).min(window.threshold);
}

#[cfg(test)]
pub(super) mod fixture {
    use super::*;
    use crate::network::traffic::fixture::table;

    pub(crate) fn control(text: &str) -> Box<dyn CongestionControl> {
        let table = table(CONGESTION_CONTROLS, text);
        let make = CONGESTION_CONTROLS.iter().find(|k| k.name == table.kind()).expect("checked").make;
        make(&table).expect("the parameters are right")
    }

    /// An acknowledgement of `n` segments at `now` seconds to a sender that its window holds back.
    pub(crate) fn ack(now: f64, n: u32, round_trip: f64) -> Ack {
        let round_trip = SimDuration::from_secs_f64(round_trip);
        Ack {
            now: SimTime::ZERO + SimDuration::from_secs_f64(now),
            delivered: n,
            acknowledged: n,
            marked: false,
            recovering: false,
            limited: true,
            round_trip: Some(round_trip),
            smoothed: round_trip,
            flight: n,
            first: 0,
            next: 0,
            rate: None,
        }
    }
}
