//! What is tallied at counts (species, pools) and at pathways.

use super::station::Times;
use crate::probe::LevelTotals;
use crate::time::SimTime;

/// Running integrals of a level, and passages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    /// Integral of the level over time, in ticks.
    pub(super) area: f64,
    /// Integral of its square.
    pub(super) squares: f64,
    /// In, or backwards.
    pub(super) inward: f64,
    /// Out, or forwards.
    pub(super) outward: f64,
}

/// The tally of a population or pathway.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    pub(super) now: f64,
    last: u64,
    pub(super) max: f64,
    pub(super) totals: Totals,
    /// The level when the window opened.
    pub(super) at_opening: f64,
    /// Residence times of those who left, if individuals are followed.
    pub(super) residence: Times,
    pub(super) initial: f64,
}

impl Level {
    pub(super) fn new(initial: f64) -> Self {
        Self { now: initial, max: initial, initial, ..Self::default() }
    }
    #[inline]
    pub(super) fn advance(&mut self, at: SimTime) {
        let dt = (at.ticks() - self.last) as f64;
        self.last = at.ticks();
        let area = self.now * dt;
        self.totals.area += area;
        self.totals.squares += self.now * area;
    }
    #[inline]
    pub(super) fn set(&mut self, at: SimTime, level: f64) {
        self.advance(at);
        self.now = level;
        self.max = self.max.max(level);
    }
    #[inline]
    pub(super) fn count(&mut self, n: u64, inward: bool) {
        if inward {
            self.totals.inward += n as f64;
        } else {
            self.totals.outward += n as f64;
        }
    }
    /// Takes over running totals that were kept elsewhere, up to `at`.
    pub(super) fn take(&mut self, at: SimTime, t: &LevelTotals) {
        self.now = t.level;
        self.last = at.ticks();
        self.max = self.max.max(t.max);
        self.totals = Totals { area: t.area, squares: t.squares, inward: t.inward, outward: t.outward };
    }
    pub(super) fn open_window(&mut self) {
        self.max = self.now;
        self.at_opening = self.now;
        self.residence.clear();
    }
}
