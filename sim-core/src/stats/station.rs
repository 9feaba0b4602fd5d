//! What is tallied at components that entities pass: stations and flows.

use super::sketch::Sketch;
use crate::probe::Departure;
use crate::time::SimTime;

/// Moments and sketch of a set of times, in ticks.
#[derive(Clone, Debug)]
pub(super) struct Times {
    pub(super) sum: u128,
    squares: f64,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) sketch: Sketch,
}

impl Default for Times {
    fn default() -> Self {
        Self { sum: 0, squares: 0.0, min: u64::MAX, max: 0, sketch: Sketch::default() }
    }
}

impl Times {
    #[inline]
    pub(super) fn add(&mut self, ticks: u64) {
        self.sum += u128::from(ticks);
        // Below 2^63, where the signed conversion is one instruction.
        let x = ticks as i64 as f64;
        self.squares += x * x;
        self.min = self.min.min(ticks);
        self.max = self.max.max(ticks);
        self.sketch.add(ticks);
    }
    /// How many.
    pub(super) fn n(&self) -> u64 {
        self.sketch.total()
    }
    pub(super) fn clear(&mut self) {
        self.sketch.clear();
        *self = Self { sketch: std::mem::take(&mut self.sketch), ..Self::default() };
    }
    /// In ticks; NaN if empty.
    pub(super) fn mean(&self) -> f64 {
        self.sum as f64 / self.n() as f64
    }
    /// Calls `add(stat, value)` for every number of the distribution, with values times `scale`.
    pub(super) fn report(&self, scale: f64, mut add: impl FnMut(&'static str, f64)) {
        add("mean", self.mean() * scale);
        add("sd", self.sd() * scale);
        for (stat, p) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            add(stat, self.quantile(p) * scale);
        }
        add("max", if self.n() == 0 { f64::NAN } else { self.max as f64 * scale });
    }
    /// In ticks; NaN for fewer than two.
    pub(super) fn sd(&self) -> f64 {
        if self.n() < 2 {
            return f64::NAN;
        }
        let n = self.n() as f64;
        ((self.squares - n * self.mean() * self.mean()).max(0.0) / (n - 1.0)).sqrt()
    }
    /// The `p`-quantile in ticks, within what was seen: a bucket may reach beyond that. NaN if empty.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        self.sketch.quantile(p).clamp(self.min.min(self.max) as f64, self.max as f64)
    }
    /// The share of those that are not zero; NaN if empty.
    pub(super) fn share_above_zero(&self) -> f64 {
        (self.n() - self.sketch.zeros()) as f64 / self.n() as f64
    }
}

/// Counters that only grow; a window's value is a difference of two states.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) arrivals: u64,
    pub(super) departures: u64,
    pub(super) dropped: u64,
    /// Bits (or entities) that left.
    pub(super) size: u128,
    /// Integral of the number held over time, in entity ticks.
    pub(super) area: u128,
    /// Integral of the number of busy servers, in server ticks.
    pub(super) busy: u128,
    /// Service given to those who left, in ticks.
    pub(super) service: u128,
    /// Integral of the squared number held.
    pub(super) squares: u128,
    /// Time that entities lost after being taken in had spent, in ticks.
    pub(super) wasted: u128,
}

/// What a census found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Census {
    pub(super) held: u64,
    /// Sum over those held of the time since they came in.
    pub(super) age: u128,
    /// Sum over those held of the service they had.
    pub(super) served: u128,
}

/// The tally of a station: exact integrals, kept in order of time.
#[derive(Clone, Debug)]
pub(super) struct Station {
    /// Zero if busy time is known from the service given alone.
    servers: u64,
    pub(super) held: u64,
    last: u64,
    pub(super) totals: Totals,
    pub(super) held_max: u64,
    /// Time in the station, of those who left in the window.
    pub(super) sojourn: Times,
    pub(super) wait: Times,
    pub(super) census: Census,
}

impl Station {
    pub(super) fn new(servers: u32) -> Self {
        Self {
            servers: u64::from(servers),
            held: 0,
            last: 0,
            totals: Totals::default(),
            held_max: 0,
            sojourn: Times::default(),
            wait: Times::default(),
            census: Census::default(),
        }
    }
    #[inline]
    pub(super) fn advance(&mut self, at: SimTime) {
        let dt = at.ticks() - self.last;
        self.last = at.ticks();
        // In whole numbers, so that the edges of bins leave no trace in the sums.
        self.totals.area += u128::from(self.held) * u128::from(dt);
        self.totals.squares += u128::from(self.held * self.held) * u128::from(dt);
        self.totals.busy += u128::from(self.held.min(self.servers)) * u128::from(dt);
    }
    #[inline]
    pub(super) fn enter(&mut self, at: SimTime) {
        self.advance(at);
        self.held += 1;
        self.held_max = self.held_max.max(self.held);
        self.totals.arrivals += 1;
    }
    #[inline]
    pub(super) fn leave(&mut self, d: &Departure) {
        self.advance(d.at);
        self.held -= 1;
        self.totals.departures += 1;
        self.totals.size += u128::from(d.size);
        self.totals.service += u128::from(d.service);
        self.sojourn.add((d.at - d.since).ticks());
        self.wait.add(d.wait);
    }
    #[inline]
    pub(super) fn reject(&mut self) {
        self.totals.arrivals += 1;
        self.totals.dropped += 1;
    }
    #[inline]
    pub(super) fn lose(&mut self, at: SimTime, since: SimTime, service: u64) {
        self.advance(at);
        self.held -= 1;
        self.totals.wasted += u128::from((at - since).ticks());
        self.totals.service += u128::from(service);
        self.totals.dropped += 1;
    }
    /// Forgets what lies before the window; running counters go on.
    pub(super) fn open_window(&mut self) {
        self.held_max = self.held;
        self.sojourn.clear();
        self.wait.clear();
    }
}

/// The tally of a gate: entities pass at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    pub(super) totals: Totals,
}

impl Gate {
    #[inline]
    pub(super) fn leave(&mut self, d: &Departure) {
        self.totals.arrivals += 1;
        self.totals.departures += 1;
        self.totals.size += u128::from(d.size);
    }
    #[inline]
    pub(super) fn reject(&mut self) {
        self.totals.arrivals += 1;
        self.totals.dropped += 1;
    }
}

/// The tally of a flow: as a station's, but calls may come out of order of time (its packets travel on several links),
/// so that occupancy is summed from instants of entry and exit.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    pub(super) held: u64,
    entered: u128,
    left: u128,
    pub(super) totals: Totals,
    pub(super) sojourn: Times,
    pub(super) wait: Times,
    pub(super) census: Census,
}

impl Flow {
    #[inline]
    pub(super) fn enter(&mut self, at: SimTime) {
        self.held += 1;
        self.entered += u128::from(at.ticks());
        self.totals.arrivals += 1;
    }
    #[inline]
    pub(super) fn leave(&mut self, d: &Departure) {
        self.held -= 1;
        self.left += u128::from(d.at.ticks());
        self.totals.departures += 1;
        self.totals.size += u128::from(d.size);
        self.sojourn.add((d.at - d.since).ticks());
        self.wait.add(d.wait);
    }
    #[inline]
    pub(super) fn lose(&mut self, at: SimTime, since: SimTime) {
        self.held -= 1;
        self.totals.wasted += u128::from((at - since).ticks());
        self.left += u128::from(at.ticks());
        self.totals.dropped += 1;
    }
    /// Brings the integral of occupancy up to `at`, no earlier than anything reported.
    pub(super) fn advance(&mut self, at: SimTime) {
        self.totals.area = self.left + u128::from(self.held) * u128::from(at.ticks()) - self.entered;
    }
    pub(super) fn open_window(&mut self) {
        self.sojourn.clear();
        self.wait.clear();
    }
}
