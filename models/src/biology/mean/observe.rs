//! What observables come to along the mean: expressions of means, which for what is not linear are no means of expressions.
//!
//! Integrals are those of the solver's stages; a step is as short as their error asks for.

use sim_core::{LevelTotals, Probe, SimTime};

use super::super::network::Phase;
use super::super::observable::Observed;
use super::super::watch;
use super::flow::{Flow, look};
use crate::common::ode::{STAGES, integral};
use crate::common::waveform::Course;

/// The error of a step's integral is kept below this share of the greatest value times the length of the run.
const TOLERANCE: f64 = 1e-10;

/// Values below this are as good as none.
const NOTHING: f64 = 1e-100;

/// What one has come to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    area: f64,
    squares: f64,
    max: f64,
}

/// The observables of a part on its way.
#[derive(Debug)]
pub(super) struct Observers<'a> {
    observed: &'a [Observed],
    courses: Vec<Course>,
    /// By stage: what courses are.
    values: [Vec<f64>; STAGES],
    /// By observable: what it is at the stages.
    stages: Vec<[f64; STAGES]>,
    sums: Vec<Sums>,
    /// All counts.
    x: Vec<f64>,
    /// The length of the run in ticks.
    run: f64,
}

impl<'a> Observers<'a> {
    /// The `observed` of a part in its first phase, in a run of so many ticks.
    pub(super) fn new(observed: &'a [Observed], phase: &Phase, run: u64) -> Self {
        let mut all = Self {
            observed,
            courses: Vec::new(),
            values: Default::default(),
            stages: vec![[0.0; STAGES]; observed.len()],
            sums: vec![Sums { max: f64::NEG_INFINITY, ..Sums::default() }; observed.len()],
            x: Vec::new(),
            run: run as f64,
        };
        all.enter(phase);
        all
    }

    /// Another phase begins.
    pub(super) fn enter(&mut self, phase: &Phase) {
        if self.observed.iter().any(|o| o.value.is_driven()) {
            self.courses.clone_from(&phase.watched);
        }
        self.values = std::array::from_fn(|_| vec![0.0; self.courses.len()]);
    }

    /// When the next piece of a waveform begins after `at`.
    pub(super) fn end(&mut self, at: u64) -> u64 {
        self.courses.iter_mut().map(|c| c.end(at)).min().unwrap_or(u64::MAX)
    }
    /// As [`Flow::look`].
    pub(super) fn look(&mut self, at: u64, h: u64) -> bool {
        look(&mut self.courses, &mut self.values, at, h)
    }

    /// Works them out at the stages of the step of `h` ticks that `flow` has seen last. Returns the error of their integrals
    /// relative to what is allowed, a step is good up to 1.
    pub(super) fn error(&mut self, flow: &Flow<'_>, h: u64) -> f64 {
        if self.observed.is_empty() {
            return 0.0;
        }
        let mut worst = 0.0_f64;
        self.x.clone_from(&flow.x);
        for i in 0..STAGES {
            flow.place(&flow.states[i], &mut self.x);
            for (stages, observed) in self.stages.iter_mut().zip(self.observed) {
                stages[i] = observed.value.value(&self.x, &self.values[i]);
            }
        }
        for (stages, sums) in self.stages.iter().zip(&self.sums) {
            let before = if sums.max.is_finite() { sums.max.abs() } else { 0.0 };
            let size = stages.iter().fold(before.max(NOTHING), |size, x| size.max(x.abs()));
            let error = integral(stages).1 * h as f64;
            worst = worst.max(error / (TOLERANCE * size * self.run));
        }
        worst
    }

    /// What is wrong with one of them in that step, in words.
    pub(super) fn fault(&self) -> Option<String> {
        let mut all = self.stages.iter().zip(self.observed);
        let (stages, observed) = all.find(|(stages, _)| stages.iter().any(|x| !x.is_finite()))?;
        let value = stages.iter().find(|x| !x.is_finite()).copied().unwrap_or_default();
        Some(format!(
            "`observable.{}` is {value}, which is no number: `if(condition, then, else)` can say what it is then",
            observed.name
        ))
    }

    /// Enters that step.
    pub(super) fn accept(&mut self, h: u64) {
        for (stages, sums) in self.stages.iter().zip(&mut self.sums) {
            sums.area += h as f64 * integral(stages).0;
            sums.squares += h as f64 * integral(&stages.map(|x| x * x)).0;
            sums.max = stages.iter().copied().fold(sums.max, f64::max);
        }
    }

    /// Tells what they have been up to `at`, where `flow` has counts `x`.
    pub(super) fn report<P: Probe>(&mut self, flow: &Flow<'_>, x: &[f64], at: SimTime, probe: &mut P) {
        if self.observed.is_empty() {
            return;
        }
        self.x.clone_from(&flow.x);
        flow.place(x, &mut self.x);
        let mut values = vec![0.0; self.courses.len()];
        watch::evaluate(&mut self.courses, &mut values, at.ticks());
        for (observed, sums) in self.observed.iter().zip(&mut self.sums) {
            let level = observed.value.value(&self.x, &values);
            let Sums { area, squares, max } = *sums;
            let totals = LevelTotals { level, max: max.max(level), area, squares, inward: 0.0, outward: 0.0 };
            sums.max = level;
            probe.totals(observed.component, at, &totals);
        }
    }
}
