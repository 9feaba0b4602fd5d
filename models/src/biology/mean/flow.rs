//! The right-hand side of the mean: by how much each count changes per time, from the rates of all channels.

use super::super::network::{Drive, NONE, Network, Phase};
use super::history::History;
use crate::common::ode::{Field, NODES, STAGES};
use crate::common::waveform::Course;

/// How much of what a waveform does in a step the stages may miss.
const UNSEEN: f64 = 0.2;

/// The rates of a part as they are seen in one step.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    network: &'a Network,
    phase: &'a Phase,
    courses: Vec<Course>,
    /// What is under way.
    pub(super) history: History,
    /// The slots that can change.
    pub(super) free: Vec<u32>,
    /// By slot: its place among those, or [`NONE`].
    place_of: Vec<u32>,
    /// By place: the channels whose law reads it.
    readers: Vec<Vec<u32>>,
    /// All counts.
    pub(super) x: Vec<f64>,
    /// By stage: values of the waveforms, rates of the channels, counts that can change.
    values: [Vec<f64>; STAGES],
    pub(super) rates: [Vec<f64>; STAGES],
    pub(super) states: [Vec<f64>; STAGES],
}

impl<'a> Flow<'a> {
    pub(super) fn new(network: &'a Network, phase: &'a Phase, initial: &[f64]) -> Self {
        let free: Vec<u32> = (0..).zip(&network.components).filter(|s| *s.1 != NONE).map(|s| s.0).collect();
        let mut place = vec![NONE; network.initial.len()];
        for (at, &slot) in (0..).zip(&free) {
            place[slot as usize] = at;
        }
        let mut readers = vec![Vec::new(); free.len()];
        for q in 0..network.channels() {
            for &slot in network.reads.row(q) {
                if let Some(readers) = readers.get_mut(place[slot as usize] as usize) {
                    readers.push(q as u32);
                }
            }
        }
        let rates = std::array::from_fn(|_| vec![0.0; network.channels()]);
        let states = std::array::from_fn(|_| vec![0.0; free.len()]);
        let x = initial.to_vec();
        let mut flow = Self {
            network,
            phase,
            courses: Vec::new(),
            history: History::new(network, phase, initial),
            free,
            place_of: place,
            readers,
            x,
            values: Default::default(),
            rates,
            states,
        };
        flow.enter(phase);
        flow
    }

    /// Another phase begins.
    pub(super) fn enter(&mut self, phase: &'a Phase) {
        self.phase = phase;
        self.courses = phase.courses.iter().map(|c| c.1.clone()).collect();
        self.values = std::array::from_fn(|_| vec![0.0; self.courses.len()]);
        for &(slot, held) in &phase.fixed {
            self.x[slot as usize] = held;
        }
        self.history.follow(phase);
    }

    /// When the next piece of a waveform begins after `at`.
    pub(super) fn end(&mut self, at: u64) -> u64 {
        self.courses.iter_mut().map(|c| c.end(at)).min().unwrap_or(u64::MAX)
    }

    /// Looks the waveforms up at the stages of a step of `h` ticks from `at` on; returns whether those tell what happens in it. A
    /// surge between two stages would be missed: least and greatest values are known in closed form.
    pub(super) fn look(&mut self, at: u64, h: u64) -> bool {
        self.history.look(h);
        look(&mut self.courses, &mut self.values, at, h)
    }

    fn rate(&self, q: usize, stage: usize) -> f64 {
        let values = &self.values[stage];
        match self.phase.drives[q] {
            Drive::Steady => self.phase.rates.mean(q, &self.x, &[]),
            Drive::Shape(course) => self.phase.rates.mean(q, &self.x, &[]) * values[course as usize],
            Drive::Law => self.phase.rates.mean(q, &self.x, values),
        }
    }

    /// Writes counts that can change into `all`.
    pub(super) fn place(&self, counts: &[f64], all: &mut [f64]) {
        for (&slot, &count) in self.free.iter().zip(counts) {
            all[slot as usize] = self.network.sound(slot, count);
        }
    }

    /// A channel whose rate at the beginning of the step is none, if there is one.
    pub(super) fn fault(&self) -> Option<(usize, f64)> {
        self.rates[0].iter().copied().enumerate().find(|r| !(r.1 >= 0.0 && r.1.is_finite()))
    }
}

/// Looks `courses` up at the stages of a step of `h` ticks from `at` on; returns whether that tells what happens in it.
pub(super) fn look(courses: &mut [Course], values: &mut [Vec<f64>; STAGES], at: u64, h: u64) -> bool {
    for (values, node) in values.iter_mut().zip(NODES) {
        // What begins at its end is of the next step.
        let when = at + ((node * h as f64).round() as u64).min(h - 1);
        for (value, course) in values.iter_mut().zip(courses.iter_mut()) {
            *value = course.value(when);
        }
    }
    courses.iter_mut().enumerate().all(|(i, course)| {
        let (low, high) = course.range(at, at + h);
        let seen = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v[i]), b.max(v[i])));
        let missed = (seen.0 - low).max(high - seen.1);
        missed <= UNSEEN * (high - low) || missed <= 1e-9 * high.abs().max(low.abs()) || h == 1
    })
}

impl Field for Flow<'_> {
    fn derivative(&mut self, stage: usize, x: &[f64], out: &mut [f64]) {
        let mut all = std::mem::take(&mut self.x);
        self.place(x, &mut all);
        self.x = all;
        self.states[stage].copy_from_slice(x);
        out.fill(0.0);
        for q in (0..self.network.channels()).filter(|q| !self.history.is_delay[*q]) {
            self.rates[stage][q] = self.rate(q, stage);
        }
        for way in &self.history.ways {
            self.rates[stage][way.channel as usize] = way.rate(stage, &self.rates);
        }
        for q in 0..self.network.channels() {
            let rate = self.rates[stage][q];
            for &(slot, change) in self.network.changes.row(q) {
                out[self.place_of[slot as usize] as usize] += change * rate;
            }
        }
    }

    fn jacobian(&mut self, x: &[f64], out: &mut [f64]) {
        let n = x.len();
        out.fill(0.0);
        for s in 0..n {
            let slot = self.free[s] as usize;
            let count = self.network.sound(self.free[s], x[s]);
            let nudge = 1e-7 * count.abs().max(1e-3);
            self.x[slot] = count + nudge;
            for &q in self.readers[s].iter().filter(|q| !self.history.is_delay[**q as usize]) {
                let slope = (self.rate(q as usize, 0) - self.rates[0][q as usize]) / nudge;
                for &(to, change) in self.network.changes.row(q as usize) {
                    out[self.place_of[to as usize] as usize * n + s] += change * slope;
                }
            }
            self.x[slot] = count;
        }
    }
}
