//! Generalized processor sharing: the fluid that weighted fair queueing follows, in whole numbers.
//!
//! Between two events of the fluid the set of classes with a backlog does not change, and V grows by dt C / W. The events
//! are arrivals and the instants at which a class runs empty, which is when V reaches its last tag; so the time since the
//! last call is gone through from one such instant to the next, each stretch with the weights of the set *during* it. (An
//! implementation that takes the set after the event, or forgets departures, is unfair by whole packets.)
//!
//! Virtual time counts units of 1/S bit per unit of weight, S a common multiple of the weights, so that tags have no
//! rounding. Of a stretch of time, what is no whole unit is carried on as work.

use sim_core::SimTime;
use sim_core::quantity::{Dimension, Quantity};

use super::heap::Heap;

/// At most this many parts of a weight are told apart, where weights have no small common multiple.
const PARTS: u64 = 1 << 16;
/// Units of virtual time a bit, about.
const UNITS: u64 = 1 << 24;
/// Virtual time is counted from a new origin when it exceeds this.
const FAR: u64 = 1 << 61;

#[derive(Clone, Debug)]
pub(super) struct Fluid {
    /// V, in units, and the work done beyond it.
    virtual_time: u64,
    work: u64,
    /// Where V holds.
    last: u64,
    /// Weights of all classes, and of those with a backlog together.
    weights: Vec<u64>,
    sum: u64,
    /// Units that a bit of each class takes.
    per_bit: Vec<u64>,
    /// The virtual time at which each class has been served all that has come.
    finish: Vec<u64>,
    /// Classes with a backlog, by `finish`.
    busy: Heap,
    /// A tick is this much work; V grows by a unit with `per_unit` work a unit of weight.
    per_tick: u128,
    per_unit: u128,
    #[cfg(test)]
    units: u64,
}

/// Whole numbers in the proportion of `weights`, and a common multiple: exactly, unless they have no small one.
pub(super) fn integer_weights(weights: &[f64]) -> (Vec<u64>, u64) {
    exact(weights).unwrap_or_else(|| {
        let most = weights.iter().copied().fold(0.0, f64::max);
        let part = |w: &f64| ((w / most * PARTS as f64).round() as u64).max(1);
        (weights.iter().map(part).collect(), UNITS)
    })
}

fn exact(weights: &[f64]) -> Option<(Vec<u64>, u64)> {
    let fraction =
        |w: &f64| Quantity::from_value(*w, Dimension::NUMBER).map(|q| (q.exact.0 as u128, q.exact.1 as u128));
    let parts: Vec<(u128, u128)> = weights.iter().map(fraction).collect::<Option<_>>()?;
    let of = parts.iter().try_fold(1, |l, p| lcm(l, p.1))?;
    let whole: Vec<u128> = parts.iter().map(|p| p.0.checked_mul(of / p.1)).collect::<Option<_>>()?;
    let measure = whole.iter().fold(0, |g, w| gcd(g, *w)).max(1);
    let multiple = whole.iter().try_fold(1, |l, w| lcm(l, w / measure)).filter(|m| *m <= UNITS.into())?;
    Some((whole.iter().map(|w| (w / measure) as u64).collect(), multiple as u64))
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn lcm(a: u128, b: u128) -> Option<u128> {
    (a / gcd(a, b).max(1)).checked_mul(b)
}

impl Fluid {
    /// Nothing has come yet; `rate` is a fraction in bit/s, `multiple` one of the weights'.
    pub(super) fn new(weights: &[u64], multiple: u64, (num, den): (i128, i128)) -> Self {
        let units = multiple << (UNITS / multiple).ilog2();
        let (per_tick, per_unit) =
            (num as u128 * u128::from(units), den as u128 * u128::from(sim_core::TICKS_PER_SECOND));
        let common = gcd(per_tick, per_unit);
        Self {
            virtual_time: 0,
            work: 0,
            last: 0,
            weights: weights.to_vec(),
            sum: 0,
            per_bit: weights.iter().map(|w| units / w).collect(),
            finish: vec![0; weights.len()],
            busy: Heap::new(weights.len()),
            per_tick: per_tick / common,
            per_unit: per_unit / common,
            #[cfg(test)]
            units,
        }
    }

    /// `bits` come to class `c`; returns the virtual time at which the fluid has served them.
    #[inline]
    pub(super) fn arrive(&mut self, c: usize, bits: u32, now: SimTime) -> u64 {
        self.advance(now.ticks());
        if !self.busy.contains(c as u32) {
            self.finish[c] = self.virtual_time;
            self.sum += self.weights[c];
        }
        let finish = self.finish[c] + self.size(c, bits);
        self.finish[c] = finish;
        self.busy.set(c as u32, finish);
        finish
    }

    #[inline]
    pub(super) fn size(&self, c: usize, bits: u32) -> u64 {
        u64::from(bits) * self.per_bit[c]
    }

    /// Takes `bits` that were dropped out of the backlog of class `c`, as far as the fluid has not served them; returns by
    /// how much earlier the class now finishes.
    pub(super) fn shrink(&mut self, c: usize, bits: u32) -> u64 {
        if !self.busy.contains(c as u32) {
            return 0;
        }
        let less = self.size(c, bits).min(self.finish[c] - self.virtual_time);
        self.finish[c] -= less;
        self.busy.set(c as u32, self.finish[c]);
        less
    }

    /// Brings V up to `now`.
    #[inline]
    pub(super) fn advance(&mut self, now: u64) {
        let elapsed = now - self.last;
        self.last = now;
        if self.sum == 0 {
            return;
        }
        // More work than a number holds is more than any backlog.
        let done = u128::from(elapsed).saturating_mul(self.per_tick);
        let mut work = done.saturating_add(self.work.into());
        while let Some((finish, c)) = self.busy.first_item() {
            let unit = self.per_unit * u128::from(self.sum);
            let need = u128::from(finish - self.virtual_time).checked_mul(unit);
            let Some(rest) = need.and_then(|need| work.checked_sub(need)) else {
                let (units, rest) = divide(work, unit);
                self.virtual_time += units;
                self.work = rest;
                return;
            };
            work = rest;
            self.virtual_time = finish;
            self.busy.remove(c);
            self.sum -= self.weights[c as usize];
        }
        self.work = 0;
    }

    /// How far virtual time has come, if so far that tags should be counted from a later origin.
    #[inline]
    pub(super) fn is_far(&self) -> bool {
        self.virtual_time > FAR
    }
    /// Counts virtual time from `origin`, which is not later than V.
    pub(super) fn restart(&mut self, origin: u64) {
        self.virtual_time -= origin;
        for c in 0..self.finish.len() {
            if self.busy.contains(c as u32) {
                self.finish[c] -= origin;
                self.busy.set(c as u32, self.finish[c]);
            }
        }
    }
    pub(super) fn now(&self) -> u64 {
        self.virtual_time
    }

    /// V, in bits a unit of weight.
    #[cfg(test)]
    pub(super) fn virtual_time(&mut self, now: SimTime) -> f64 {
        self.advance(now.ticks());
        self.virtual_time as f64 / self.units as f64
    }
}

/// Quotient and remainder, both of which are known to fit; the common case is a hardware division.
#[inline]
fn divide(a: u128, b: u128) -> (u64, u64) {
    if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
        return (a / b, a % b);
    }
    ((a / b) as u64, (a % b) as u64)
}
