//! Stiff ordinary differential equations: ESDIRK4(3)6L\[2\]SA of Kennedy & Carpenter (2003, doi:10.1016/S0168-9274(02)00138-1; the
//! implicit half of ARK4(3)6L\[2\]SA, coefficients from memory, held against the order conditions in the tests).
//!
//! Six stages, the first explicit, all others with the same diagonal, so that one factored matrix `I - h gamma J` serves them
//! all; order 4 with an embedded order 3, stiffly accurate and L-stable. Stages are found by simplified Newton iterations.
//! Time is in ticks, so a step is a whole number of them, and steps end exactly where something happens.
//!
//! Validated against: the order conditions; decay, a stiff chain and a nonlinear equation with known solutions (in the tests of
//! the mean of biological systems).

mod lu;

use lu::Lu;
use sim_core::TICKS_PER_SECOND;

/// Stages.
pub(crate) const STAGES: usize = 6;
const GAMMA: f64 = 0.25;
/// When each stage is, as a share of the step.
pub(crate) const NODES: [f64; STAGES] = [0.0, 0.5, 83.0 / 250.0, 31.0 / 50.0, 17.0 / 20.0, 1.0];
/// What each stage takes from those before it.
const LOWER: [[f64; STAGES - 1]; STAGES] = [
    [0.0; 5],
    [0.25, 0.0, 0.0, 0.0, 0.0],
    [8611.0 / 62500.0, -1743.0 / 31250.0, 0.0, 0.0, 0.0],
    [5_012_029.0 / 34_652_500.0, -654_441.0 / 2_922_500.0, 174_375.0 / 388_108.0, 0.0, 0.0],
    [
        15_267_082_809.0 / 155_376_265_600.0,
        -71_443_401.0 / 120_774_400.0,
        730_878_875.0 / 902_184_768.0,
        2_285_395.0 / 8_070_912.0,
        0.0,
    ],
    [82889.0 / 524_892.0, 0.0, 15625.0 / 83664.0, 69875.0 / 102_672.0, -2260.0 / 8211.0],
];
/// Weights of the stages in the solution.
pub(crate) const WEIGHTS: [f64; STAGES] =
    [82889.0 / 524_892.0, 0.0, 15625.0 / 83664.0, 69875.0 / 102_672.0, -2260.0 / 8211.0, GAMMA];
/// Weights of the embedded solution of order 3.
const EMBEDDED: [f64; STAGES] = [
    4_586_570_599.0 / 29_645_900_160.0,
    0.0,
    178_811_875.0 / 945_068_544.0,
    814_220_225.0 / 1_159_782_912.0,
    -3_700_637.0 / 11_593_932.0,
    61727.0 / 225_920.0,
];
/// An integral over a step from values at its stages, as a share of the step, and how far the embedded solution is from it.
pub(crate) fn integral(values: &[f64; STAGES]) -> (f64, f64) {
    let sum = |weights: &[f64; STAGES]| weights.iter().zip(values).map(|(w, x)| w * x).sum::<f64>();
    let area = sum(&WEIGHTS);
    (area, (area - sum(&EMBEDDED)).abs())
}

/// The error of a step is kept below `RELATIVE |x| + ABSOLUTE + ROUNDING max |x|`.
const RELATIVE: f64 = 1e-8;
const ABSOLUTE: f64 = 1e-11;
const ROUNDING: f64 = 1e-14;
/// So many iterations find a stage, or the step is too long.
const ITERATIONS_MAX: usize = 8;
/// How much of the error of a step an iteration may leave.
const NEWTON: f64 = 0.02;

/// A system `x' = f(t, x)`.
pub(crate) trait Field {
    /// Writes f at stage `stage` of the step for state `x`; what it must remember of the stage, it does.
    fn derivative(&mut self, stage: usize, x: &[f64], out: &mut [f64]);
    /// Writes df/dx at the beginning of the step, rows one after another.
    fn jacobian(&mut self, x: &[f64], out: &mut [f64]);
}

/// What it takes from one step to the next.
#[derive(Debug, Default)]
pub(crate) struct Esdirk {
    lu: Lu,
    jacobian: Vec<f64>,
    /// h gamma of the factored matrix; 0 if there is none.
    factored: f64,
    slopes: [Vec<f64>; STAGES],
    stage: Vec<f64>,
    known: Vec<f64>,
    work: Vec<f64>,
}

impl Esdirk {
    /// The Jacobian is another: something has happened to the system.
    pub(crate) fn forget(&mut self) {
        self.factored = 0.0;
        self.jacobian.clear();
    }

    /// Takes a step of `h` seconds from `x`. Returns the error relative to what is allowed, a step is good up to 1; infinite if
    /// there is no solution. The stages are then what the field has seen last.
    pub(crate) fn step(&mut self, field: &mut impl Field, x: &[f64], h: f64) -> f64 {
        let n = x.len();
        for v in self.slopes.iter_mut().chain([&mut self.stage, &mut self.known, &mut self.work]) {
            v.resize(n, 0.0);
        }
        field.derivative(0, x, &mut self.slopes[0]);
        if !is_finite(&self.slopes[0]) {
            return f64::INFINITY;
        }
        let is_fresh = self.jacobian.is_empty();
        if self.try_step(field, x, h) {
            return self.error(x, h);
        }
        if is_fresh {
            return f64::INFINITY;
        }
        // It may be the Jacobian that is too old.
        self.forget();
        field.derivative(0, x, &mut self.slopes[0]);
        if self.try_step(field, x, h) { self.error(x, h) } else { f64::INFINITY }
    }

    fn try_step(&mut self, field: &mut impl Field, x: &[f64], h: f64) -> bool {
        let n = x.len();
        if self.jacobian.is_empty() && n > 0 {
            self.jacobian.resize(n * n, 0.0);
            field.jacobian(x, &mut self.jacobian);
            self.factored = 0.0;
        }
        if self.factored.to_bits() != (h * GAMMA).to_bits() {
            let jacobian = &self.jacobian;
            let fill = |to: &mut [f64]| {
                for (to, j) in to.iter_mut().zip(jacobian) {
                    *to = -h * GAMMA * j;
                }
                for i in 0..n {
                    to[i * n + i] += 1.0;
                }
            };
            if !self.lu.factor(n, fill) {
                self.forget();
                return false;
            }
            self.factored = h * GAMMA;
        }
        (1..STAGES).all(|i| self.find_stage(field, x, h, i))
    }

    /// Solves for stage `i`.
    fn find_stage(&mut self, field: &mut impl Field, x: &[f64], h: f64, i: usize) -> bool {
        self.known.copy_from_slice(x);
        for (slopes, a) in self.slopes[..i].iter().zip(LOWER[i]).filter(|s| s.1 != 0.0) {
            for (known, slope) in self.known.iter_mut().zip(slopes) {
                *known += h * a * slope;
            }
        }
        // As if the slope stayed what it was in the stage before.
        for ((y, known), slope) in self.stage.iter_mut().zip(&self.known).zip(&self.slopes[i - 1]) {
            *y = known + h * GAMMA * slope;
        }
        let mut last = f64::INFINITY;
        for _ in 0..ITERATIONS_MAX {
            field.derivative(i, &self.stage, &mut self.slopes[i]);
            for ((to, y), (known, slope)) in
                self.work.iter_mut().zip(&self.stage).zip(self.known.iter().zip(&self.slopes[i]))
            {
                *to = known + h * GAMMA * slope - y;
            }
            self.lu.solve(&mut self.work);
            let change = norm(&self.work, x);
            if !change.is_finite() || change > 2.0 * last {
                return false;
            }
            for (y, d) in self.stage.iter_mut().zip(&self.work) {
                *y += d;
            }
            // What rounding has left does not get less.
            if change < NEWTON || (change < 0.5 && change > 0.5 * last) {
                field.derivative(i, &self.stage, &mut self.slopes[i]);
                let is_good = is_finite(&self.slopes[i]);
                // Where f is steep, it makes much of what the iteration has left; the stage itself does not.
                for ((slope, y), known) in self.slopes[i].iter_mut().zip(&self.stage).zip(&self.known) {
                    *slope = (y - known) / (h * GAMMA);
                }
                return is_good;
            }
            last = change;
        }
        false
    }

    fn error(&mut self, x: &[f64], h: f64) -> f64 {
        self.work.fill(0.0);
        for (slopes, (b, c)) in self.slopes.iter().zip(WEIGHTS.iter().zip(EMBEDDED)) {
            for (e, slope) in self.work.iter_mut().zip(slopes) {
                *e += h * (b - c) * slope;
            }
        }
        // What is stiff has died away by the end of the step.
        self.lu.solve(&mut self.work);
        norm(&self.work, x)
    }
}

fn is_finite(all: &[f64]) -> bool {
    all.iter().all(|x| x.is_finite())
}

/// The greatest of `errors` in units of what is allowed at `x`.
fn norm(errors: &[f64], x: &[f64]) -> f64 {
    let floor = ABSOLUTE + ROUNDING * x.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    errors.iter().zip(x).fold(0.0, |most, (e, x)| {
        let share = e.abs() / (floor + RELATIVE * x.abs());
        // Keeps what is no number.
        if share > most || share.is_nan() { share } else { most }
    })
}

/// How long steps are, in ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(u64);

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    TooLong,
    /// It cannot be shorter.
    Hopeless,
}

impl Pace {
    /// As fast as it goes.
    pub(crate) fn new() -> Self {
        Self(u64::MAX)
    }
    /// The length of the next step where something happens in `room` ticks. No tiny step is left over.
    pub(crate) fn step(self, room: u64) -> u64 {
        if self.0 >= room { room } else { self.0.min(room.div_ceil(2)) }
    }
    /// Judges a step of `h` of `room` ticks by its error in units of what is allowed.
    pub(crate) fn judge(&mut self, h: u64, room: u64, error: f64) -> Verdict {
        let growth = if error.is_finite() { (0.9 * error.max(1e-10).powf(-0.25)).clamp(0.2, 5.0) } else { 0.2 };
        let next = ((h as f64 * growth) as u64).max(1);
        if error <= 1.0 {
            // A step cut short says little about those that follow.
            self.0 = if h == room { next.max(self.0) } else { next };
            Verdict::Accepted
        } else if h == 1 {
            Verdict::Hopeless
        } else {
            self.0 = next.min(h - 1);
            Verdict::TooLong
        }
    }
}

/// A time in ticks in s.
pub(crate) fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> [[f64; STAGES]; STAGES] {
        let mut a = [[0.0; STAGES]; STAGES];
        for i in 0..STAGES {
            a[i][..STAGES - 1].copy_from_slice(&LOWER[i]);
            if i > 0 {
                a[i][i] = GAMMA;
            }
        }
        a
    }

    /// Sums over rooted trees up to order 4 (Hairer, Norsett & Wanner 1993, Solving ODEs I, II.2).
    #[test]
    fn the_tableau_meets_the_conditions_of_its_order() {
        let (a, c) = (full(), NODES);
        let product = |v: &dyn Fn(usize) -> f64| -> [f64; STAGES] {
            std::array::from_fn(|i| (0..STAGES).map(|j| a[i][j] * v(j)).sum())
        };
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-12, "{x} is not {y}");
        for (i, sum) in product(&|_| 1.0).into_iter().enumerate() {
            close(sum, c[i]);
        }
        let (ac, acc) = (product(&|j| c[j]), product(&|j| c[j] * c[j]));
        let aac = product(&|j| ac[j]);
        let sum = |b: &[f64; STAGES], v: &dyn Fn(usize) -> f64| (0..STAGES).map(|i| b[i] * v(i)).sum::<f64>();
        for b in [WEIGHTS, EMBEDDED] {
            close(sum(&b, &|_| 1.0), 1.0);
            close(sum(&b, &|i| c[i]), 1.0 / 2.0);
            close(sum(&b, &|i| c[i] * c[i]), 1.0 / 3.0);
            close(sum(&b, &|i| ac[i]), 1.0 / 6.0);
        }
        close(sum(&WEIGHTS, &|i| c[i].powi(3)), 1.0 / 4.0);
        close(sum(&WEIGHTS, &|i| c[i] * ac[i]), 1.0 / 8.0);
        close(sum(&WEIGHTS, &|i| acc[i]), 1.0 / 12.0);
        close(sum(&WEIGHTS, &|i| aac[i]), 1.0 / 24.0);
        // Stiffly accurate: the last stage is the solution.
        assert_eq!(a[STAGES - 1], WEIGHTS);
    }
}
