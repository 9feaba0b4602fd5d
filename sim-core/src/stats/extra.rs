//! What a component measures besides the measures that all components of its kind have.
//!
//! An element declares its [`Extra`]s as data (a discipline its marks, a connection its goodput and window) and reports to
//! them by [`Probe::record`](crate::Probe::record). All are kept as running totals in whole numbers, so that windows and
//! bins are differences and leave no trace in the run.

use super::station::Times;
use crate::time::SimTime;

/// One further measure of a component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extra {
    /// The metric's name in tables: `marked`, `goodput`, `flow_completion_time`.
    pub metric: &'static str,
    /// Its unit in tables.
    pub unit: &'static str,
    /// What one recorded unit amounts to in `unit`: 1e-12 for ticks in s.
    pub scale: f64,
    /// What is made of what is recorded.
    pub form: Form,
}

/// What is made of recorded values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Their sum over the window.
    Count,
    /// Their sum over the window, a second.
    Rate,
    /// Their distribution: mean, sd, quantiles, maximum.
    Sample,
    /// A level that holds until the next is recorded: its time average and maximum.
    Level,
    /// Sums by share (a recorded value names its share in the upper 32 bits): Jain's fairness index of the sums in the
    /// window, (sum x)^2 / (n sum x^2) over the shares that were ever recorded (Jain, Chiu & Hawe 1984, DEC-TR-301).
    Fairness,
}

impl Extra {
    /// Counts.
    pub const fn count(metric: &'static str, unit: &'static str) -> Self {
        Self { metric, unit, scale: 1.0, form: Form::Count }
    }
    /// Times in ticks, reported in s.
    pub const fn times(metric: &'static str) -> Self {
        Self { metric, unit: "s", scale: 1e-12, form: Form::Sample }
    }
}

/// The tally of one extra.
#[derive(Clone, Debug)]
pub(super) struct ExtraTally {
    pub(super) extra: Extra,
    sum: u128,
    /// Of a level: now, since when, and the greatest in the window.
    level: u64,
    last: u64,
    max: u64,
    times: Times,
    shares: Vec<u64>,
    /// `sum` and `shares` when the window opened.
    opening: (u128, Vec<u64>),
}

impl ExtraTally {
    pub(super) fn new(extra: Extra) -> Self {
        let (times, shares) = (Times::default(), Vec::new());
        Self { extra, sum: 0, level: 0, last: 0, max: 0, times, shares, opening: (0, Vec::new()) }
    }
    pub(super) fn record(&mut self, at: SimTime, value: u64) {
        match self.extra.form {
            Form::Count | Form::Rate => self.sum += u128::from(value),
            Form::Sample => self.times.add(value),
            Form::Level => {
                self.advance(at);
                self.level = value;
                self.max = self.max.max(value);
            }
            Form::Fairness => {
                let share = (value >> 32) as usize;
                if share >= self.shares.len() {
                    self.shares.resize(share + 1, 0);
                }
                self.shares[share] += value & u64::from(u32::MAX);
            }
        }
    }
    /// Brings the integral of a level up to `at`.
    pub(super) fn advance(&mut self, at: SimTime) {
        if self.extra.form == Form::Level {
            self.sum += u128::from(self.level) * u128::from((at - SimTime::from_ticks(self.last)).ticks());
            self.last = at.ticks();
        }
    }
    /// Of a level: what it is now.
    pub(super) fn level(&self) -> f64 {
        self.level as f64 * self.extra.scale
    }
    pub(super) fn open_window(&mut self) {
        self.opening = (self.sum, self.shares.clone());
        self.max = self.level;
        self.times.clear();
    }
    /// The running total that bins take differences of, with the factor that makes it a series value: a rate or a level.
    pub(super) fn running(&self) -> u128 {
        self.sum
    }
    /// Calls `add(stat, value)` for every number of a window of `ticks`.
    pub(super) fn report(&self, ticks: f64, mut add: impl FnMut(&'static str, f64)) {
        let scale = self.extra.scale;
        let total = (self.sum - self.opening.0) as f64 * scale;
        match self.extra.form {
            Form::Count => add("mean", total),
            Form::Rate => add("mean", total / (ticks / crate::TICKS_PER_SECOND as f64)),
            Form::Level => {
                add("time_mean", total / ticks);
                add("max", self.max as f64 * scale);
            }
            Form::Sample => self.times.report(scale, add),
            Form::Fairness => add("mean", self.fairness()),
        }
    }
    fn fairness(&self) -> f64 {
        let before = self.opening.1.iter().copied().chain(std::iter::repeat(0));
        let shares = self.shares.iter().zip(before).map(|(now, before)| (now - before) as f64);
        let (n, sum, squares) = shares.fold((0.0, 0.0, 0.0), |(n, s, q), x| (n + 1.0, s + x, q + x * x));
        sum * sum / (n * squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(tally: &ExtraTally, seconds: f64) -> Vec<(&'static str, f64)> {
        let mut out = Vec::new();
        tally.report(seconds * 1e12, |stat, x| out.push((stat, x)));
        out
    }

    #[test]
    fn windows_are_differences() {
        let mut goodput = ExtraTally::new(Extra { metric: "goodput", unit: "bit/s", scale: 8.0, form: Form::Rate });
        goodput.record(SimTime::from_secs(1), 100);
        goodput.open_window();
        goodput.record(SimTime::from_secs(2), 500);
        assert_eq!(reported(&goodput, 2.0), [("mean", 2000.0)]);
    }

    #[test]
    fn levels_hold_until_the_next() {
        let mut window = ExtraTally::new(Extra { metric: "cwnd", unit: "packet", scale: 1.0, form: Form::Level });
        window.record(SimTime::ZERO, 40);
        window.record(SimTime::from_secs(1), 10);
        window.advance(SimTime::from_secs(2));
        window.open_window();
        window.record(SimTime::from_secs(3), 20);
        window.advance(SimTime::from_secs(6));
        assert_eq!(reported(&window, 4.0), [("time_mean", 17.5), ("max", 20.0)]);
    }

    #[test]
    fn jains_index_of_equal_and_single_shares() {
        let mut shares = ExtraTally::new(Extra { metric: "fairness", unit: "1", scale: 1.0, form: Form::Fairness });
        let record = |s: &mut ExtraTally, share: u64, n: u64| s.record(SimTime::ZERO, share << 32 | n);
        record(&mut shares, 3, 7);
        shares.open_window();
        for share in 0..4 {
            record(&mut shares, share, 5);
        }
        assert_eq!(reported(&shares, 1.0), [("mean", 1.0)]);
        // One of four has all but nothing: the index tends to a quarter.
        record(&mut shares, 0, u64::from(u32::MAX));
        assert!((reported(&shares, 1.0)[0].1 - 0.25).abs() < 1e-6);
    }
}
