//! The channels of a part that follow waveforms, exactly.
//!
//! Their hazards change between firings, so they are thinned (Lewis & Shedler 1979, doi:10.1002/nav.3800260304): the group's
//! clock runs at a bound of the sum of all propensities, and a candidate at t is taken with the ratio of its channel's rate at t
//! to the channel's bound. Bounds hold within a *cell* of time. They come from the least and greatest values that waveforms have
//! in it, which are known in closed form: the greatest factor, or interval arithmetic over the expression of a law. So they are
//! proven, whatever the scenario says, and the result is exact whatever they are.
//!
//! Bounds only decide how many candidates are drawn in vain. A cell ends with the pieces of the waveforms, and is made so short
//! that bounds are within a quarter of the rates in its middle, or that less than one candidate is expected in it. Where
//! waveforms are constant, every candidate is taken.
//!
//! Validated against: binomial and Poisson laws under every form of waveform, and the release of vesicles with calcium sensors under
//! surges against the matrix exponential of their states.

use sim_core::TICKS_PER_SECOND;
use sim_core::rng::{Rng, Streams};

use super::group::is_rate;
use super::network::{Drive, Phase};
use super::rates::Rates;
use crate::common::interval::Interval;
use crate::common::waveform::Course;

const TICKS: f64 = TICKS_PER_SECOND as f64;
/// What a bound is raised by for what its arithmetic may have lost.
const ROUNDING: f64 = 1.0 + 1e-12;
/// How far a bound may be above the rate.
const SLACK: f64 = 1.25;

/// What follows waveforms, and the cell of time that its bounds are for.
#[derive(Debug)]
pub(super) struct Varying {
    /// By channel.
    drives: Vec<Drive>,
    /// Those that are not steady.
    pub(super) channels: Vec<u32>,
    courses: Vec<Course>,
    /// The values that each course has in the cell.
    ranges: Vec<Interval>,
    /// Those that were looked up last.
    values: Vec<f64>,
    /// Of the cell, exclusive.
    pub(super) end: u64,
    /// How long the last cell was meant to be.
    length: u64,
    /// Draws who is taken.
    rng: Rng,
}

impl Varying {
    /// Those of a part in its first phase, if there are any. The first cell is still to begin.
    pub(super) fn new(phase: &Phase, element: &str, streams: Streams) -> Option<Self> {
        let channels: Vec<u32> = (0..).zip(&phase.drives).filter(|c| *c.1 != Drive::Steady).map(|c| c.0).collect();
        let n = phase.courses.len();
        (!channels.is_empty()).then(|| Self {
            drives: phase.drives.clone(),
            channels,
            courses: phase.courses.iter().map(|c| c.1.clone()).collect(),
            ranges: vec![(0.0, 0.0); n],
            values: vec![0.0; n],
            end: 0,
            length: u64::MAX / 8,
            rng: streams.stream(element, "thinning"),
        })
    }
    /// Takes over the courses of a phase that begins now; if any is another, the cell is over.
    pub(super) fn follow(&mut self, phase: &Phase, now: u64) {
        for (course, (_, new)) in self.courses.iter_mut().zip(&phase.courses) {
            if !course.is_same(new) {
                *course = new.clone();
                self.end = now;
            }
        }
    }

    /// A bound on the propensity of channel `q` in the cell, or the propensity itself if it is steady. Not a number if it is below
    /// zero throughout, infinite if there is no bound.
    #[inline]
    pub(super) fn bound(&self, q: usize, rates: &Rates, x: &[f64]) -> f64 {
        match self.drives[q] {
            Drive::Steady => rates.rate(q, x),
            Drive::Shape(course) => rates.rate(q, x) * self.ranges[course as usize].1 * ROUNDING,
            Drive::Law => {
                let (_, high) = rates.range(q, x, &self.ranges);
                if high < 0.0 { f64::NAN } else { high * ROUNDING }
            }
        }
    }
    /// The propensity of channel `q` with the values that were looked up last.
    #[inline]
    pub(super) fn rate(&self, q: usize, rates: &Rates, x: &[f64]) -> f64 {
        match self.drives[q] {
            Drive::Steady => rates.rate(q, x),
            Drive::Shape(course) => rates.rate(q, x) * self.values[course as usize],
            Drive::Law => rates.rate_at(q, x, &self.values),
        }
    }
    /// Whether a candidate of channel `q`, drawn at `bound`, is taken now; an error if its rate is none.
    #[inline]
    pub(super) fn takes(&mut self, q: usize, bound: f64, now: u64, rates: &Rates, x: &[f64]) -> Result<bool, ()> {
        match self.drives[q] {
            Drive::Steady => return Ok(true),
            Drive::Shape(course) => self.values[course as usize] = self.courses[course as usize].value(now),
            Drive::Law => self.look(now),
        }
        let rate = self.rate(q, rates, x);
        debug_assert!(rate.is_nan() || rate <= bound, "{rate} above its bound {bound}");
        if rate >= 0.0 && rate.is_finite() { Ok(self.rng.uniform() * bound < rate) } else { Err(()) }
    }

    /// The cell is over: chooses the next one from `now` on, for the state `x`.
    pub(super) fn begin_cell(&mut self, now: u64, rates: &Rates, x: &[f64]) {
        let most = self.courses.iter_mut().map(|c| c.end(now)).min().unwrap_or(u64::MAX);
        self.length = self.length.saturating_mul(4);
        loop {
            self.end = now.saturating_add(self.length).min(most);
            for (range, course) in self.ranges.iter_mut().zip(&mut self.courses) {
                *range = course.range(now, self.end);
            }
            self.look(now + (self.end - now) / 2);
            let sum = |of: &dyn Fn(usize) -> f64| self.channels.iter().map(|q| of(*q as usize)).sum::<f64>();
            let (bound, rate) = (sum(&|q| self.bound(q, rates, x)), sum(&|q| self.rate(q, rates, x)));
            let tight = bound <= SLACK * rate || bound * ((self.end - now) as f64 / TICKS) <= 1.0;
            if tight && (bound == 0.0 || is_rate(bound)) || self.length <= 1 {
                return;
            }
            self.length = (self.length / 4).max(1);
        }
    }
    /// Looks the values at `at` up.
    fn look(&mut self, at: u64) {
        for (value, course) in self.values.iter_mut().zip(&mut self.courses) {
            *value = course.value(at);
        }
    }
}
