//! What is tallied at components that entities pass: stations and flows.

use std::hint::black_box;

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
    #[expect(clippy::inline_always, reason = "as `Statistics::leave`")]
    #[inline(always)]
    pub(super) fn add(&mut self, ticks: u64) {
        self.add_moments(ticks);
        self.sketch.add(ticks);
    }
    /// The same but for the sketch, which is to be told later.
    #[expect(clippy::inline_always, reason = "as `Statistics::leave`")]
    #[inline(always)]
    fn add_moments(&mut self, ticks: u64) {
        self.sum += u128::from(ticks);
        // Below 2^63, where the signed conversion is one instruction.
        let x = ticks as i64 as f64;
        self.squares += x * x;
        if ticks < self.min {
            self.stretch(ticks);
        }
        if ticks > self.max {
            self.stretch(ticks);
        }
    }
    // Rare: by a branch, nothing is stored in between.
    #[cold]
    fn stretch(&mut self, ticks: u64) {
        self.min = self.min.min(ticks);
        self.max = self.max.max(ticks);
    }
    /// How many.
    pub(super) fn n(&self) -> u64 {
        self.sketch.total()
    }
    pub(super) fn clear(&mut self) {
        self.sketch.clear();
        *self = Self { sketch: std::mem::take(&mut self.sketch), ..Self::default() };
    }
    /// Calls `add(stat, value)` for every number of the distribution, with values times `scale`.
    pub(super) fn report(&self, scale: f64, mut add: impl FnMut(&'static str, f64)) {
        let n = self.n() as f64;
        let mean = self.sum as f64 / n;
        // NaN for fewer than two.
        let variance = if n < 2.0 { f64::NAN } else { (self.squares - n * mean * mean).max(0.0) / (n - 1.0) };
        add("mean", mean * scale);
        add("sd", variance.sqrt() * scale);
        for (stat, quantile) in ["p50", "p90", "p99"].into_iter().zip(self.sketch.quantiles([0.5, 0.9, 0.99])) {
            add(stat, self.within(quantile) * scale);
        }
        add("max", if n == 0.0 { f64::NAN } else { self.max as f64 * scale });
    }
    /// The `p`-quantile (0 <= p <= 1); NaN if empty.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        self.within(self.sketch.quantile(p))
    }
    /// A quantile within what was seen: a bucket may reach beyond that.
    fn within(&self, quantile: f64) -> f64 {
        quantile.clamp(self.min.min(self.max) as f64, self.max as f64)
    }
    /// The share of those that are not zero; NaN if empty.
    pub(super) fn share_above_zero(&self) -> f64 {
        (self.n() - self.sketch.zeros()) as f64 / self.n() as f64
    }
}

/// Counters that only grow, at an instant; a window's value is a difference of two of them.
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

/// Entities that were dropped, and the time that those of them who had been taken in had spent, in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    pub(super) dropped: u64,
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

/// The integral over time of a level that moves in steps, by parts: up to T it is level x T less the sum of step x instant
/// over all steps, which is what is kept. In whole numbers (modulo 2^128), so that the edges of bins leave no trace.
#[derive(Clone, Copy, Debug, Default)]
struct Integral(u128);

impl Integral {
    /// The level rises by `step` at `at`.
    #[inline]
    fn rise(&mut self, step: u64, at: SimTime) {
        self.0 = self.0.wrapping_sub(u128::from(step) * u128::from(at.ticks()));
    }
    /// The level falls by `step` at `at`.
    #[inline]
    fn fall(&mut self, step: u64, at: SimTime) {
        self.0 = self.0.wrapping_add(u128::from(step) * u128::from(at.ticks()));
    }
    /// The integral up to `at`, where the level is `level`.
    fn up_to(self, at: SimTime, level: u64) -> u128 {
        self.0.wrapping_add(u128::from(level) * u128::from(at.ticks()))
    }
}

/// The tally of a station, told of everything in order of time.
#[derive(Clone, Debug)]
pub(super) struct Station {
    /// Zero if busy time is known from the service given alone.
    servers: u64,
    pub(super) held: u64,
    pub(super) held_max: u64,
    departures: u64,
    size: u128,
    service: u128,
    area: Integral,
    squares: Integral,
    busy: Integral,
    /// Time in the station, of those who left in the window.
    pub(super) sojourn: Times,
    pub(super) wait: Times,
}

impl Station {
    pub(super) fn new(servers: u32) -> Self {
        Self {
            servers: u64::from(servers),
            held: 0,
            held_max: 0,
            departures: 0,
            size: 0,
            service: 0,
            area: Integral::default(),
            squares: Integral::default(),
            busy: Integral::default(),
            sojourn: Times::default(),
            wait: Times::default(),
        }
    }
    #[inline]
    pub(super) fn enter(&mut self, at: SimTime) {
        self.area.rise(1, at);
        self.squares.rise(2 * self.held + 1, at);
        self.busy.rise(u64::from(self.held < self.servers), at);
        self.held += 1;
        self.held_max = self.held_max.max(self.held);
    }
    /// One less is held.
    #[inline]
    fn release(&mut self, at: SimTime) {
        self.held -= 1;
        self.area.fall(1, at);
        self.squares.fall(2 * self.held + 1, at);
        self.busy.fall(u64::from(self.held < self.servers), at);
    }
    #[expect(clippy::inline_always, reason = "as `Statistics::leave`")]
    #[inline(always)]
    pub(super) fn leave(&mut self, d: &Departure) {
        self.release(d.at);
        self.departures += 1;
        self.size += u128::from(d.size);
        self.service += u128::from(d.service);
        self.sojourn.add((d.at - d.since).ticks());
        self.wait.add(d.wait);
    }
    #[inline]
    pub(super) fn lose(&mut self, at: SimTime, service: u64) {
        self.release(at);
        self.service += u128::from(service);
    }
    /// The totals at `at`, no earlier than anything reported.
    pub(super) fn totals(&self, at: SimTime, losses: Losses) -> Totals {
        Totals {
            arrivals: self.departures + losses.dropped + self.held,
            departures: self.departures,
            dropped: losses.dropped,
            size: self.size,
            area: self.area.up_to(at, self.held),
            busy: self.busy.up_to(at, self.held.min(self.servers)),
            service: self.service,
            squares: self.squares.up_to(at, self.held * self.held),
            wasted: losses.wasted,
        }
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
    departures: u64,
    size: u128,
}

impl Gate {
    #[inline]
    pub(super) fn leave(&mut self, size: u64) {
        self.departures += 1;
        self.size += u128::from(size);
    }
    pub(super) fn totals(&self, losses: Losses) -> Totals {
        Totals {
            arrivals: self.departures + losses.dropped,
            departures: self.departures,
            dropped: losses.dropped,
            size: self.size,
            ..Totals::default()
        }
    }
}

/// The tally of a flow: as a station's, but calls may come out of order of time (its packets travel on several links):
/// the integral of the number held does not mind.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    arrivals: u64,
    departures: u64,
    size: u128,
    area: Integral,
    pub(super) sojourn: Times,
    pub(super) wait: Times,
}

impl Flow {
    /// Reads something of each of its cache lines.
    #[inline]
    pub(super) fn prefetch(&self) {
        black_box((self.arrivals, self.size, self.sojourn.max, self.wait.max));
    }
    #[inline]
    pub(super) fn enter(&mut self, at: SimTime) {
        self.arrivals += 1;
        self.area.rise(1, at);
    }
    #[expect(clippy::inline_always, reason = "as `Statistics::leave`")]
    #[inline(always)]
    pub(super) fn leave(&mut self, d: &Departure) {
        self.pass(d);
        self.sojourn.add((d.at - d.since).ticks());
        self.wait.add(d.wait);
    }
    /// The same but for the sketches.
    pub(super) fn leave_unsketched(&mut self, d: &Departure) {
        self.pass(d);
        self.sojourn.add_moments((d.at - d.since).ticks());
        self.wait.add_moments(d.wait);
    }
    #[inline]
    fn pass(&mut self, d: &Departure) {
        self.area.fall(1, d.at);
        self.departures += 1;
        self.size += u128::from(d.size);
    }
    #[inline]
    pub(super) fn lose(&mut self, at: SimTime) {
        self.area.fall(1, at);
    }
    /// How many are on their way.
    pub(super) fn held(&self, losses: Losses) -> u64 {
        self.arrivals - self.departures - losses.dropped
    }
    /// The totals at `at`, no earlier than anything reported.
    pub(super) fn totals(&self, at: SimTime, losses: Losses) -> Totals {
        Totals {
            arrivals: self.arrivals,
            departures: self.departures,
            dropped: losses.dropped,
            size: self.size,
            area: self.area.up_to(at, self.held(losses)),
            wasted: losses.wasted,
            ..Totals::default()
        }
    }
    pub(super) fn open_window(&mut self) {
        self.sojourn.clear();
        self.wait.clear();
    }
}
