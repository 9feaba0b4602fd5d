//! The channels of a part that follow waveforms: exactly, with one clock for each course.
//!
//! Channels whose rates are multiplied by the same waveform share a clock. The hazard of a clock is `A f(t)`, `A` the sum of its
//! channels' propensities, which only firings change; the clock goes when the integral of its hazard has used up a unit
//! exponential variate (the random time change of Kurtz, and the modified next reaction method of Anderson 2007,
//! doi:10.1063/1.2799998). The integral of a waveform has a closed form and an inverse ([`Course`]), so nothing is frozen between
//! firings and nothing is rejected. Channels that follow nothing have the clock of the constant 1. What one clock's firing
//! changes of another's sum uses up that one's hazard at the old sum so far.
//!
//! A law in whose expression waveforms stand anywhere has no such integral. These channels share a clock that runs at a bound of
//! their rates and thins (Lewis & Shedler 1979, doi:10.1002/nav.3800260304): a candidate at t is taken with the ratio
//! of the rate at t to the bound. Bounds are those of interval arithmetic over the values that the waveforms have in a *cell* of
//! time. A cell is made so short that the bound is within a quarter of the rate in its middle, or that less than one candidate is
//! expected in it. The result is exact whatever the bounds are; they only decide how many candidates are drawn in vain.
//!
//! Validated against: binomial and Poisson laws under every form of course, both kinds of clock against each other, first-order
//! chains under surges against their ODE.

use sim_core::TICKS_PER_SECOND;
use sim_core::rng::{Rng, Streams};

use super::group::{self, Draw};
use super::network::{Drive, Phase};
use super::rates::Rates;
use super::tree::SumTree;
use crate::common::interval::Interval;
use crate::common::waveform::Course;

const TICKS: f64 = TICKS_PER_SECOND as f64;
/// What a bound is raised by for what its arithmetic may have lost.
const ROUNDING: f64 = 1.0 + 1e-12;

/// Channels that follow the same course.
#[derive(Debug)]
struct Clock {
    /// `None` is the constant 1.
    course: Option<Course>,
    /// By leaf of the tree.
    channels: Vec<u32>,
    tree: SumTree,
    nodes: Vec<(u32, u32)>,
    draw: Draw,
    rng: Rng,
    /// The hazard of `draw` is what is left from here on, at this sum of propensities.
    since: u64,
    total: f64,
    next: u64,
}

/// Whether there is no going on with this sum of propensities.
fn is_fault(total: f64) -> bool {
    total != 0.0 && !group::is_rate(total)
}

impl Clock {
    fn new(course: Option<Course>, channels: Vec<u32>, mut rng: Rng) -> Self {
        let tree = SumTree::new(channels.len());
        let nodes = tree.touched(0..channels.len());
        let draw = Draw::new(&mut rng);
        Self { course, channels, tree, nodes, draw, rng, since: 0, total: 0.0, next: u64::MAX }
    }
    /// Uses up the hazard until `now`.
    fn settle(&mut self, now: u64) {
        let area = match &mut self.course {
            None => (now - self.since) as f64,
            Some(course) => course.area(self.since, now),
        };
        if self.total > 0.0 {
            self.draw.hazard = (self.draw.hazard - self.total * area / TICKS).max(0.0);
        }
        self.since = now;
    }
    /// Finds out when it goes next.
    fn aim(&mut self) {
        self.total = self.tree.total();
        self.next = match &mut self.course {
            _ if !group::is_rate(self.total) => u64::MAX,
            None => group::due(self.since, self.draw.hazard, self.total),
            Some(course) => {
                let reached = course.reach(self.since, self.draw.hazard * TICKS / self.total);
                reached.map_or(u64::MAX, |(span, _)| self.since.saturating_add(span))
            }
        };
    }
    fn redraw(&mut self, now: u64) {
        self.draw = Draw::new(&mut self.rng);
        self.since = now;
    }
}

/// The stretch of time that the bounds of thinned channels are for.
#[derive(Debug)]
struct Cell {
    courses: Vec<Course>,
    /// The values that each has in the stretch.
    ranges: Vec<Interval>,
    values: Vec<f64>,
    /// Exclusive.
    end: u64,
    /// How long the last was.
    length: u64,
}

/// All channels of a part of which some follow waveforms.
#[derive(Debug)]
pub(super) struct Driven {
    /// The last is that of thinned channels, if there is a cell.
    clocks: Vec<Clock>,
    /// By channel: its clock and its leaf there.
    place: Vec<(u32, u32)>,
    cell: Option<Cell>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A clock goes.
    Clock(usize),
    /// The cell ends.
    Cell,
}

impl Driven {
    /// The clocks of a part in its first phase, if any of its channels follows anything.
    pub(super) fn new(phase: &Phase, element: &str, streams: Streams) -> Option<Self> {
        if phase.drives.iter().all(|d| *d == Drive::Steady) {
            return None;
        }
        let mut driven = Self { clocks: Vec::new(), place: vec![(0, 0); phase.drives.len()], cell: None };
        let shapes = (0..phase.courses.len()).map(|course| (Drive::Shape(course as u32), Some(course)));
        for (drive, course) in [(Drive::Steady, None)].into_iter().chain(shapes).chain([(Drive::Law, None)]) {
            let channels: Vec<u32> = (0..).zip(&phase.drives).filter(|(_, d)| **d == drive).map(|c| c.0).collect();
            if channels.is_empty() {
                continue;
            }
            for (leaf, &q) in (0..).zip(&channels) {
                driven.place[q as usize] = (driven.clocks.len() as u32, leaf);
            }
            let stream = match drive {
                Drive::Steady => "firing".to_owned(),
                Drive::Shape(course) => format!("firing.{}", phase.courses[course as usize].0),
                Drive::Law => {
                    driven.cell = Some(Cell::new(phase));
                    "firing.law".to_owned()
                }
            };
            let course = course.map(|c| phase.courses[c].1.clone());
            driven.clocks.push(Clock::new(course, channels, streams.stream(element, &stream)));
        }
        Some(driven)
    }

    /// Another phase begins now: takes over its courses where they differ from those `before`.
    pub(super) fn follow(&mut self, before: &Phase, phase: &Phase, now: u64) {
        let differs = |course: usize| !before.courses[course].1.is_same(&phase.courses[course].1);
        for clock in &mut self.clocks {
            if let Drive::Shape(course) = phase.drives[clock.channels[0] as usize]
                && differs(course as usize)
            {
                clock.settle(now);
                clock.course = Some(phase.courses[course as usize].1.clone());
                clock.total = f64::NAN;
            }
        }
        if let Some(cell) = &mut self.cell
            && (0..phase.courses.len()).any(differs)
        {
            *cell = Cell { end: now, length: cell.length, ..Cell::new(phase) };
        }
    }

    /// The values that waveforms may have until the cell ends, if laws follow any.
    pub(super) fn ranges(&self) -> &[Interval] {
        self.cell.as_ref().map_or(&[], |cell| &cell.ranges)
    }
    /// Whether channel `q` is thinned.
    pub(super) fn is_thinned(&self, q: usize) -> bool {
        self.cell.is_some() && self.place[q].0 as usize == self.clocks.len() - 1
    }
    /// Channel `q` has this propensity, apart from the waveform that multiplies it, or no greater one if it is thinned.
    #[inline]
    pub(super) fn set(&mut self, q: usize, rate: f64) {
        let (clock, leaf) = self.place[q];
        self.clocks[clock as usize].tree.set(leaf as usize, rate);
    }
    /// Takes over all changes of propensities now.
    pub(super) fn refresh(&mut self, now: u64) {
        for clock in &mut self.clocks {
            clock.tree.refresh(&clock.nodes);
            if clock.tree.total().to_bits() != clock.total.to_bits() {
                clock.settle(now);
                clock.aim();
            }
        }
    }

    /// What comes next, and when; `u64::MAX` if nothing does.
    #[inline]
    pub(super) fn next(&self) -> (u64, Due) {
        let mut next = (u64::MAX, Due::Clock(0));
        if self.clocks.iter().any(|c| is_fault(c.total)) {
            return next;
        }
        for (i, clock) in self.clocks.iter().enumerate() {
            if clock.next < next.0 {
                next = (clock.next, Due::Clock(i));
            }
        }
        match &self.cell {
            Some(cell) if cell.end < next.0 => (cell.end, Due::Cell),
            _ => next,
        }
    }
    /// The sum of all propensities; not a number if one is none.
    pub(super) fn total(&self) -> f64 {
        self.clocks.iter().map(|c| c.tree.total()).sum()
    }
    /// The rate of channel `q`, as it was looked at last if it is thinned.
    pub(super) fn rate(&self, q: usize, rates: &Rates, x: &[f64]) -> f64 {
        rates.rate_at(q, x, self.cell.as_ref().map_or(&[], |cell| &cell.values))
    }
    /// The channel that fires as clock `i` goes now; none if the candidate is not taken.
    pub(super) fn candidate(&mut self, i: usize, now: u64, rates: &Rates, x: &[f64]) -> Option<usize> {
        let clock = &mut self.clocks[i];
        let leaf = clock.tree.select(clock.draw.pick * clock.total);
        let q = clock.channels[leaf] as usize;
        let taken = match &mut self.cell {
            Some(cell) if self.place[q].0 as usize + 1 == self.clocks.len() => {
                let clock = &mut self.clocks[i];
                let (rate, bound) = (rates.rate_at(q, x, cell.at(now)), clock.tree.leaf(leaf));
                debug_assert!(rate.is_nan() || rate <= bound, "{rate} above its bound {bound}");
                if !(rate >= 0.0 && rate.is_finite()) {
                    // Ends the run.
                    clock.tree.set(leaf, f64::NAN);
                }
                clock.rng.uniform() * bound < rate
            }
            _ => true,
        };
        self.clocks[i].redraw(now);
        // The sum may stay as it is; the clock must be aimed nevertheless.
        self.clocks[i].total = f64::NAN;
        taken.then_some(q)
    }

    /// The cell is over: chooses the next one from `now` on, for the state `x`. Propensities have to be worked out anew.
    pub(super) fn begin_cell(&mut self, now: u64, rates: &Rates, x: &[f64]) {
        let Some(cell) = &mut self.cell else { return };
        let channels = &self.clocks[self.clocks.len() - 1].channels;
        cell.length = cell.length.saturating_mul(4);
        loop {
            let end = cell.end_by(now, now.saturating_add(cell.length));
            cell.look(now, end);
            let bound: f64 = channels.iter().map(|&q| greatest(rates, q as usize, x, &cell.ranges)).sum();
            let middle = cell.at(now + (end - now) / 2);
            let rate: f64 = channels.iter().map(|&q| rates.rate_at(q as usize, x, middle)).sum();
            let tight = bound <= 1.25 * rate || bound * ((end - now) as f64 / TICKS) <= 1.0;
            cell.end = end;
            if !is_fault(bound) && tight || cell.length <= 1 {
                return;
            }
            cell.length = (cell.length / 4).max(1);
        }
    }
    /// The cell is over at `now`, or has never begun.
    pub(super) fn needs_cell(&self, now: u64) -> bool {
        self.cell.as_ref().is_some_and(|cell| cell.end <= now)
    }
}

/// A bound on the rate of channel `q`; not a number if the rate is below zero, infinite if there is no bound.
pub(super) fn greatest(rates: &Rates, q: usize, x: &[f64], ranges: &[Interval]) -> f64 {
    let (_, high) = rates.range(q, x, ranges);
    if high < 0.0 { f64::NAN } else { high * ROUNDING }
}

impl Cell {
    /// One that is over at time zero.
    fn new(phase: &Phase) -> Self {
        let courses: Vec<Course> = phase.courses.iter().map(|c| c.1.clone()).collect();
        let n = courses.len();
        Self { courses, ranges: vec![(0.0, 0.0); n], values: vec![0.0; n], end: 0, length: u64::MAX / 8 }
    }
    /// The values at `at`.
    fn at(&mut self, at: u64) -> &[f64] {
        for (value, course) in self.values.iter_mut().zip(&mut self.courses) {
            *value = course.value(at);
        }
        &self.values
    }
    /// `end`, or the first end of a piece after `now`.
    fn end_by(&mut self, now: u64, end: u64) -> u64 {
        self.courses.iter_mut().map(|c| c.end(now)).fold(end, u64::min)
    }
    /// Looks up what values there are from `from` to `to`.
    fn look(&mut self, from: u64, to: u64) {
        for (range, course) in self.ranges.iter_mut().zip(&mut self.courses) {
            *range = course.range(from, to);
        }
    }
}
