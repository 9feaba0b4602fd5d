//! Calcium in a beta cell under a voltage: in the microdomains at its channels and in the cytosol.
//!
//! ```text
//! d Cmd/dt = -fmd J_L - fmd B (Cmd - Ci)                        J_L = alpha g_L m(V) (V - V_Ca) / v_md
//! d Ci/dt  = -fi J_R + fv fi B (Cmd - Ci) - fi L(Ci)            J_R = alpha g_R m(V) (V - V_Ca) / v_cell
//! L(Ci) = 41 Ci^2 / (0.27^2 + Ci^2) + 21 Ci / (0.5 + Ci) + 18.67 (Ci - 0.25) - 0.94
//! m(V) = 1 / (1 + exp((-20 - V) / 5))
//! ```
//! in uM, s, mV, pS, l (Chen, Wang & Sherman 2008, doi:10.1529/biophysj.107.124990; Pedersen & Sherman 2009,
//! doi:10.1073/pnas.0901202106; constants of the authors' programs). Calcium is far more copious than granules and is followed as
//! differential equations; granules see it as two waveforms, straight lines within 1e-4 of the solution.
//!
//! Validated against: the published plateaus after a step to -20 mV.

use sim_core::SimTime;

use crate::common::ode::{Esdirk, Field, NODES, Pace, STAGES, Verdict, seconds};
use crate::common::waveform::{Course, Waveform};

/// Calcium that a fA carries in a second, umol.
const ALPHA: f64 = 5.18e-15;
/// Volume of the cell, l.
const CELL: f64 = 1.15e-12;
/// Buffered: the free share of what comes in.
const FREE: f64 = 0.01;
/// What straight lines may be off.
const LINES: f64 = 1e-4;
/// At the beginning, in the domains and in the cytosol, uM.
const AT_REST: [f64; 2] = [0.0674, 0.062_74];

/// What differs between the cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handling {
    /// Conductance of the channels at domains, and of those that let calcium into the cytosol, pS.
    pub(super) domain_conductance: f64,
    pub(super) cytosol_conductance: f64,
    /// Volume of all domains, l.
    pub(super) domains: f64,
    /// Exchange between domains and cytosol, 1/s.
    pub(super) exchange: f64,
}

impl Handling {
    /// Calcium in the domains and in the cytosol (uM) up to `end` under `voltage` (V).
    ///
    /// Fails if there is no solution.
    pub(super) fn trace(&self, voltage: &Waveform, end: SimTime) -> Option<[Waveform; 2]> {
        let mut flow = Flow { handling: self, voltage: Course::new(voltage), volts: [0.0; STAGES], last: AT_REST };
        let (mut solver, mut pace) = (Esdirk::default(), Pace::new());
        let (mut x, mut now) = (AT_REST, 0);
        let mut points = vec![(0.0, x)];
        while now < end.ticks() {
            let room = end.ticks().min(flow.voltage.end(now)) - now;
            let h = pace.step(room);
            flow.look(now, h);
            let error = solver.step(&mut flow, &x, seconds(h));
            let bend = flow.bend(&x, seconds(h)) / LINES;
            match pace.judge(h, room, error.max(bend * bend)) {
                Verdict::Accepted => {
                    (x, now) = (flow.last, now + h);
                    points.push((seconds(now), x));
                }
                Verdict::TooLong => {}
                Verdict::Hopeless => return None,
            }
        }
        let course = |i: usize| Waveform::through(points.iter().map(|(t, x)| (*t, x[i])));
        Some([course(0), course(1)])
    }

    /// The slopes at `volts`.
    fn slopes(&self, volts: f64, [domain, cytosol]: [f64; 2]) -> [f64; 2] {
        let mv = volts * 1e3;
        let current = |conductance: f64| conductance / (1.0 + libm::exp((-20.0 - mv) / 5.0)) * (mv - 25.0);
        let into_domains = -ALPHA * current(self.domain_conductance) / self.domains;
        let into_cytosol = -ALPHA * current(self.cytosol_conductance) / CELL;
        let exchange = self.exchange * (domain - cytosol);
        let square = cytosol * cytosol;
        let pumped = 41.0 * square / (0.27 * 0.27 + square) + 21.0 * cytosol / (0.5 + cytosol);
        let lost = pumped + 18.67 * (cytosol - 0.25) - 0.94;
        [FREE * (into_domains - exchange), FREE * (into_cytosol + self.domains / CELL * exchange - lost)]
    }
}

struct Flow<'a> {
    handling: &'a Handling,
    voltage: Course,
    volts: [f64; STAGES],
    /// What was looked at last.
    last: [f64; 2],
}

impl Flow<'_> {
    fn look(&mut self, at: u64, h: u64) {
        for (volts, node) in self.volts.iter_mut().zip(NODES) {
            *volts = self.voltage.value(at + ((node * h as f64).round() as u64).min(h - 1));
        }
    }
    /// How far the solution bends away from a straight line in the step from `x`, relative to it.
    fn bend(&self, x: &[f64; 2], h: f64) -> f64 {
        let (a, b) = (self.handling.slopes(self.volts[0], *x), self.handling.slopes(self.volts[STAGES - 1], self.last));
        let of = |i: usize| h * (b[i] - a[i]).abs() / 8.0 / x[i].min(self.last[i]).max(1e-9);
        of(0).max(of(1))
    }
}

impl Field for Flow<'_> {
    fn derivative(&mut self, stage: usize, x: &[f64], out: &mut [f64]) {
        self.last.copy_from_slice(x);
        out.copy_from_slice(&self.handling.slopes(self.volts[stage], self.last));
    }
    fn jacobian(&mut self, x: &[f64], out: &mut [f64]) {
        let at = |x: [f64; 2]| self.handling.slopes(self.volts[0], x);
        let here = at([x[0], x[1]]);
        for j in 0..2 {
            let mut there = [x[0], x[1]];
            let nudge = 1e-7 * there[j].max(1e-3);
            there[j] += nudge;
            let there = at(there);
            for i in 0..2 {
                out[2 * i + j] = (there[i] - here[i]) / nudge;
            }
        }
    }
}
