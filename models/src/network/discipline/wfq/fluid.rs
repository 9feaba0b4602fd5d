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

use super::heap::Heap;

/// At most this many parts of a weight are told apart, where weights have no small common multiple.
const PARTS: u128 = 1 << 16;
/// Units of virtual time a bit, at least.
const UNITS_MIN: u128 = 1 << 20;
const UNITS_MAX: u128 = 1 << 32;

#[derive(Clone, Debug)]
pub(super) struct Fluid {
    /// V, in units, and the work done beyond it.
    virtual_time: u128,
    work: u128,
    /// Where V holds.
    last: u64,
    /// Weights of all classes, and of those with a backlog together.
    weights: Vec<u128>,
    sum: u128,
    /// The virtual time at which each class has been served all that has come.
    finish: Vec<u128>,
    /// Classes with a backlog, by `finish`.
    busy: Heap,
    /// Units a bit.
    units: u128,
    /// A tick is this much work; V grows by a unit with `per_unit` work a unit of weight.
    per_tick: u128,
    per_unit: u128,
}

/// Whole numbers in the proportion of `weights`: exactly, unless they have no small common measure.
pub(super) fn integer_weights(weights: &[f64]) -> Vec<u128> {
    let exact = || -> Option<Vec<u128>> {
        let parts: Option<Vec<(i128, i128)>> = weights.iter().map(|w| fraction(*w)).collect();
        let parts = parts?;
        let of = parts.iter().try_fold(1u128, |l, p| lcm(l, p.1 as u128))?;
        let whole: Option<Vec<u128>> = parts.iter().map(|p| (p.0 as u128).checked_mul(of / p.1 as u128)).collect();
        let whole = whole?;
        let measure = whole.iter().fold(0, |g, w| gcd(g, *w)).max(1);
        let whole: Vec<u128> = whole.iter().map(|w| w / measure).collect();
        let multiple = whole.iter().try_fold(1u128, |l, w| lcm(l, *w))?;
        (multiple <= UNITS_MAX).then_some(whole)
    };
    exact().unwrap_or_else(|| {
        let most = weights.iter().copied().fold(0.0, f64::max);
        weights.iter().map(|w| ((w / most * PARTS as f64).round() as u128).max(1)).collect()
    })
}

fn fraction(weight: f64) -> Option<(i128, i128)> {
    use sim_core::quantity::{Dimension, Quantity};
    Quantity::from_value(weight, Dimension::NUMBER).map(|q| q.exact).filter(|q| q.0 > 0)
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
    /// Nothing has come yet; `rate` is a fraction in bit/s.
    pub(super) fn new(weights: &[u128], (num, den): (i128, i128)) -> Self {
        let multiple = weights.iter().try_fold(1u128, |l, w| lcm(l, *w)).filter(|m| *m <= UNITS_MAX);
        let units = multiple.map_or(UNITS_MAX, |m| m * (UNITS_MIN / m).max(1));
        let (per_tick, per_unit) = (num as u128 * units, den as u128 * u128::from(sim_core::TICKS_PER_SECOND));
        let common = gcd(per_tick, per_unit);
        Self {
            virtual_time: 0,
            work: 0,
            last: 0,
            weights: weights.to_vec(),
            sum: 0,
            finish: vec![0; weights.len()],
            busy: Heap::new(weights.len()),
            units,
            per_tick: per_tick / common,
            per_unit: per_unit / common,
        }
    }

    /// `bits` come to class `c`; returns the virtual time at which the fluid has served them.
    #[inline]
    pub(super) fn arrive(&mut self, c: usize, bits: u32, now: SimTime) -> u128 {
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
    pub(super) fn size(&self, c: usize, bits: u32) -> u128 {
        u128::from(bits) * self.units / self.weights[c]
    }

    /// Takes `bits` that were dropped out of the backlog of class `c`, as far as the fluid has not served them; returns by
    /// how much earlier the class now finishes.
    pub(super) fn shrink(&mut self, c: usize, bits: u32) -> u128 {
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
        let mut work =
            u128::from(elapsed).checked_mul(self.per_tick).map_or(u128::MAX, |w| w.saturating_add(self.work));
        while let Some((finish, c)) = self.busy.first_item() {
            let unit = self.per_unit * self.sum;
            let need = (finish - self.virtual_time).checked_mul(unit);
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

    /// V, in bits a unit of weight.
    #[cfg(test)]
    pub(super) fn virtual_time(&mut self, now: SimTime) -> f64 {
        self.advance(now.ticks());
        self.virtual_time as f64 / self.units as f64
    }
}

/// Quotient and remainder; the common case fits a hardware division.
#[inline]
fn divide(a: u128, b: u128) -> (u128, u128) {
    if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
        return ((a / b).into(), (a % b).into());
    }
    (a / b, a % b)
}
