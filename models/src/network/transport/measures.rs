//! What is measured of connections, at the component of the data's flow.
//!
//! | metric | what |
//! |---|---|
//! | `goodput` | payload that came for the first time, in bit/s |
//! | `retransmissions` | segments sent again |
//! | `retransmission_delay` | for how long a segment that is sent again had been out |
//! | `timeouts` | expiries of the retransmission timer with data outstanding |
//! | `flow_completion_time` | from the opening of a transfer until all of it is acknowledged |
//! | `slowdown` | that time over what the empty path would take |
//! | `fairness` | Jain's index of the connections' goodputs |
//! | `cwnd` | the mean congestion window, in whole segments |

use sim_core::stats::{Extra, Form};
use sim_core::{Probe, SimTime};

use super::application::Application;
use super::round_trips::RoundTrips;
use super::settings::Settings;

/// The way of a flow without anything else on it.
#[derive(Clone, Copy, Debug)]
pub(in crate::network) struct Path {
    /// Ticks that a full segment and its acknowledgement take.
    pub(in crate::network) round_trip: u64,
    /// Ticks a bit at the slowest link; 0 if none has a rate.
    pub(in crate::network) ticks_per_bit: f64,
}

const GOODPUT: u16 = 0;
const RETRANSMISSIONS: u16 = 1;
const TIMEOUTS: u16 = 2;
/// What lost segments cost before they were sent for the last time.
pub(in crate::network) const REPAIR: u16 = 3;
/// Of transfers that end, the two that follow.
const COMPLETION: u16 = 4;
const SLOWDOWN: u16 = 5;

/// Slowdowns are recorded in millionths.
const MILLIONTH: f64 = 1e-6;

/// Where the measures of an application are, and what they need.
#[derive(Clone, Copy, Debug)]
pub(in crate::network) struct Measures {
    component: u32,
    path: Path,
    finite: bool,
    /// Index of the fairness, if there is more than one connection.
    fairness: Option<u16>,
    /// Index of the mean window, if the number of connections is known.
    window: Option<u16>,
    /// The sum of the windows of all connections.
    windows: u64,
}

impl Measures {
    /// The measures of `application` at component `component`, and their declarations.
    pub(in crate::network) fn new(component: u32, application: &dyn Application, path: Path) -> (Self, Vec<Extra>) {
        let mut extras = vec![
            Extra { metric: "goodput", unit: "bit/s", scale: 1.0, form: Form::Rate },
            Extra::count("retransmissions", "packet"),
            Extra::count("timeouts", "1"),
            Extra::times("retransmission_delay"),
        ];
        let finite = application.is_finite();
        if finite {
            extras.push(Extra::times("flow_completion_time"));
            extras.push(Extra { metric: "slowdown", unit: "1", scale: MILLIONTH, form: Form::Sample });
        }
        let mut measures = Self { component, path, finite, fairness: None, window: None, windows: 0 };
        if let Some(n) = application.connections() {
            if n > 1 {
                measures.fairness = Some(extras.len() as u16);
                extras.push(Extra { metric: "fairness", unit: "1", scale: 1.0, form: Form::Fairness });
            }
            measures.window = Some(extras.len() as u16);
            let scale = 1.0 / f64::from(n);
            extras.push(Extra { metric: "cwnd", unit: "packet", scale, form: Form::Level });
        }
        (measures, extras)
    }
    /// The same with the round trips of its connections.
    pub(in crate::network) fn with_round_trips(
        component: u32,
        application: &dyn Application,
        path: Path,
    ) -> (Self, RoundTrips, Vec<Extra>) {
        let (measures, mut extras) = Self::new(component, application, path);
        let (round_trips, more) = RoundTrips::new(component, extras.len(), application.connections());
        extras.extend(more);
        (measures, round_trips, extras)
    }
    #[inline]
    pub(super) fn arrived<P: Probe>(&self, share: u32, bits: u32, now: SimTime, probe: &mut P) {
        probe.record(self.component, GOODPUT, now, bits.into());
        if let Some(fairness) = self.fairness {
            probe.record(self.component, fairness, now, u64::from(share) << 32 | u64::from(bits));
        }
    }
    /// A segment is sent again that was sent last `after` ticks ago.
    pub(super) fn retransmission<P: Probe>(&self, after: u64, now: SimTime, probe: &mut P) {
        probe.record(self.component, RETRANSMISSIONS, now, 1);
        probe.record(self.component, REPAIR, now, after);
    }
    pub(super) fn timeout<P: Probe>(&self, now: SimTime, probe: &mut P) {
        probe.record(self.component, TIMEOUTS, now, 1);
    }
    pub(super) fn completed<P: Probe>(
        &self,
        bytes: u64,
        since: SimTime,
        settings: &Settings,
        now: SimTime,
        probe: &mut P,
    ) {
        if self.finite {
            let took = (now - since).ticks();
            probe.record(self.component, COMPLETION, now, took);
            let unloaded = settings.unloaded(bytes, self.path.round_trip, self.path.ticks_per_bit);
            let slowdown = took as f64 / unloaded.max(1.0) / MILLIONTH;
            probe.record(self.component, SLOWDOWN, now, slowdown as u64);
        }
    }
    /// The window of a connection, of which `shown` whole segments were told, is `size`.
    #[inline]
    pub(super) fn window<P: Probe>(&mut self, shown: &mut u64, size: f64, now: SimTime, probe: &mut P) {
        let size = size as u64;
        if *shown != size {
            self.windows = self.windows + size - *shown;
            *shown = size;
            if let Some(window) = self.window {
                probe.record(self.component, window, now, self.windows);
            }
        }
    }
}
