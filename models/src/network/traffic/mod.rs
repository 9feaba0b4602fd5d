//! Traffic: when a source sends packets, and how large they are.
//!
//! A source sends whatever happens to its packets (open loop); an application uses connections, which wait for
//! acknowledgements (closed loop).
//!
//! Adding a kind is one file here and one line in [`TRAFFIC`]; a third-party crate adds its own to
//! [`Registry::traffic`](crate::Registry::traffic).

mod bulk;
mod capture;
mod constant;
mod conversations;
#[cfg(test)]
pub(crate) mod fixture;
pub mod matrix;
mod mmpp;
mod on_off;
mod poisson;
mod rate;
mod request_response;
mod shape;
mod superposition;
mod trace;
mod transfer;
mod web;

use std::fmt::Debug;
use std::sync::Arc;

use sim_core::SimDuration;
use sim_core::config::{Diagnostics, Table};
use sim_core::rng::Rng;

use super::label::Recorded;
use super::size::Size;
use super::transport::{Application, Settings};
use crate::BuildContext;
use crate::common::waveform::Course;
use crate::registry::Kind;

/// What a source sends next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emission {
    /// How long after the packet before it (after the start, for the first).
    pub gap: SimDuration,
    /// Its size in bits.
    pub bits: u32,
    /// Which of the source's conversations it belongs to, from 0.
    pub conversation: u32,
}

/// The random streams of a source. Gaps and sizes have streams of their own, so that a change of one law leaves the
/// other's draws as they are.
#[derive(Clone, Debug)]
pub struct Streams {
    /// For gaps.
    pub gap: Rng,
    /// For sizes.
    pub size: Rng,
}

/// A source of packets.
pub trait Traffic: Debug + Send + Sync {
    /// The next packet, or `None` if there are no more.
    fn next(&mut self, streams: &mut Streams) -> Option<Emission>;
    /// Packets a second, on average: for estimates only.
    fn mean_rate(&self) -> f64;
    /// Packets a second, if that is the rate over any time that holds many of them: then a fluid can stand for it. `None`
    /// for sources whose rate varies, by chance or not, or that run dry.
    fn steady_rate(&self) -> Option<f64> {
        None
    }
    /// Packets a second where its waveform is 1, the waveform's course, and its greatest value, if the rate follows one and is
    /// steady but for that: as [`Traffic::steady_rate`].
    fn shaped_rate(&self) -> Option<(f64, Course, f64)> {
        None
    }
    /// The largest packet that it ever sends, in bits, if that is not told by the law of its sizes.
    fn largest(&self) -> Option<u32> {
        None
    }
    /// What it tells of its packets' headers, if it is a recording.
    fn recorded(&self) -> Option<Arc<Recorded>> {
        None
    }
    /// The code point of the packet that [`Traffic::next`] gave last; asked for only if it is [`Traffic::recorded`].
    fn code_point(&self) -> u8 {
        0
    }
    /// How many packets it has in all, and how many of them come before `time` has passed since its start; `None` for a
    /// source that does not run dry.
    fn supply(&self, time: SimDuration) -> Option<(u64, u64)> {
        let _ = time;
        None
    }
    /// Whether it ever draws from its streams.
    fn draws(&self) -> bool {
        true
    }
    /// [`Traffic::next`] will be called soon: reads (by [`std::hint::black_box`]) something of each cache line that it
    /// needs. Called only where there are many sources.
    fn prefetch(&self) {}
    /// A source in the state of this one; each replication starts from a copy.
    fn boxed_clone(&self) -> Box<dyn Traffic>;
}

/// What a kind of traffic makes.
#[derive(Debug)]
pub enum Load {
    /// Packets that are sent whatever happens to them.
    Source(Box<dyn Traffic>),
    /// Connections with these parameters.
    Application(Box<dyn Application>, Settings),
}

impl<T: Traffic + 'static> From<T> for Load {
    fn from(source: T) -> Self {
        Self::Source(Box::new(source))
    }
}

/// Makes a source or an application from the checked table of its `[traffic.NAME]` and the law of its packet sizes, which
/// applications do not use.
pub type MakeTraffic = fn(&Table, &Size, &BuildContext<'_>) -> Result<Load, Diagnostics>;

/// The kinds of traffic that come with the program.
pub const TRAFFIC: &[Kind<MakeTraffic>] = &[
    constant::KIND,
    poisson::KIND,
    mmpp::KIND,
    on_off::EXPONENTIAL,
    on_off::PARETO,
    trace::KIND,
    capture::KIND,
    matrix::KIND,
    bulk::KIND,
    request_response::KIND,
    web::KIND,
];
