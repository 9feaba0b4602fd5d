//! Round trips of a flow's connections and what RFC 6298 makes of them, where a `[probe.NAME] kind = "round_trip"` asks.
//!
//! | metric | what |
//! |---|---|
//! | `round_trip_time` | the samples of the round-trip time that connections take: none of segments that were sent twice |
//! | `srtt`, `rttvar` | the smoothed round-trip time and its variation, averaged over connections |
//! | `rto` | the retransmission time-out that they have, likewise |
//!
//! Levels hold until the next sample, expiry or opening, and after the end of a connection. They are told only where the
//! number of connections is known.

use sim_core::stats::{Extra, Form};
use sim_core::{Probe, SimTime};

use super::sender::Sender;

/// What is known of the round trips of one connection, in ticks: smoothed, variation, time-out.
type Levels = [u64; 3];

/// The round trips of a flow.
#[derive(Clone, Debug)]
pub(in crate::network) struct RoundTrips {
    component: u32,
    /// Index of the samples among the component's extras; levels follow, if there are any.
    first: u16,
    has_levels: bool,
    /// What was told last of each connection, and the sums.
    told: Vec<Levels>,
    sums: Levels,
}

impl RoundTrips {
    /// Those at `component`, whose extras from `first` on they are, and the declarations; of so many `connections` if that is
    /// known.
    pub(super) fn new(component: u32, first: usize, connections: Option<u32>) -> (Self, Vec<Extra>) {
        let mut extras = vec![Extra::times("round_trip_time")];
        if let Some(n) = connections {
            let scale = 1e-12 / f64::from(n);
            let level = |metric| Extra { metric, unit: "s", scale, form: Form::Level };
            extras.extend(["srtt", "rttvar", "rto"].map(level));
        }
        let has_levels = connections.is_some();
        (Self { component, first: first as u16, has_levels, told: Vec::new(), sums: [0; 3] }, extras)
    }

    /// Tells what is new of the `share`-th connection, whose sender this is.
    pub(super) fn tell<P: Probe>(&mut self, share: usize, sender: &mut Sender, now: SimTime, probe: &mut P) {
        if let Some(sample) = sender.take_round_trip() {
            probe.record(self.component, self.first, now, sample);
        }
        if !self.has_levels {
            return;
        }
        if share >= self.told.len() {
            self.told.resize(share + 1, [0; 3]);
        }
        for ((sum, told), (new, k)) in
            self.sums.iter_mut().zip(&mut self.told[share]).zip(sender.levels().into_iter().zip(1..))
        {
            if *told != new {
                *sum = *sum + new - *told;
                *told = new;
                probe.record(self.component, self.first + k, now, *sum);
            }
        }
    }
}
