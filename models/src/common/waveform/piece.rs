//! One stretch of a waveform, with a closed form and a closed integral.

use sim_core::{SimTime, TICKS_PER_SECOND};

use crate::common::term::Term;

/// In ticks.
const SECOND: f64 = TICKS_PER_SECOND as f64;
/// Longer than any run, in ticks.
const RUN_MAX: f64 = 2.0 * SimTime::HORIZON_MAX.ticks() as f64;

/// A stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// s (ticks where they are what a course counts); the last one of a waveform that does not repeat has no end.
    pub(super) length: f64,
    pub(super) form: Form,
}

/// The value at u from the beginning of a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Constant(f64),
    /// from + slope u
    Linear {
        from: f64,
        slope: f64,
    },
    /// mean + amplitude sin(omega u + phase)
    Sine {
        mean: f64,
        amplitude: f64,
        omega: f64,
        phase: f64,
    },
    /// to + gap exp(-rate u)
    Exponential {
        to: f64,
        gap: f64,
        rate: f64,
    },
    /// to + (gap + slope u) exp(-rate u): alpha functions, as many as one likes in sum.
    Alpha {
        to: f64,
        gap: f64,
        slope: f64,
        rate: f64,
    },
    /// base + height exp(-(u - centre)^2 / (2 sigma^2))
    Gaussian {
        base: f64,
        height: f64,
        centre: f64,
        sigma: f64,
    },
}

impl Piece {
    pub(super) fn value(&self, u: f64) -> f64 {
        match self.form {
            Form::Constant(v) => v,
            Form::Linear { from, slope } => from + slope * u,
            Form::Sine { mean, amplitude, omega, phase } => mean + amplitude * libm::sin(omega * u + phase),
            Form::Exponential { to, gap, rate } => to + gap * libm::exp(-rate * u),
            Form::Alpha { to, gap, slope, rate } => to + (gap + slope * u) * libm::exp(-rate * u),
            Form::Gaussian { base, height, centre, sigma } => {
                let z = (u - centre) / sigma;
                base + height * libm::exp(-0.5 * z * z)
            }
        }
    }
    /// The value `since` s from its beginning.
    pub(super) fn term(&self, since: Term) -> Term {
        let number = Term::Number;
        let times = |a: f64, b: Term| Term::product(vec![number(a), b]);
        let plus = |a: f64, b: Term| Term::sum(vec![number(a), b]);
        match self.form {
            Form::Constant(v) => number(v),
            Form::Linear { from, slope } => plus(from, times(slope, since)),
            Form::Sine { mean, amplitude, omega, phase } => {
                plus(mean, times(amplitude, Term::Apply("sin", vec![plus(phase, times(omega, since))])))
            }
            Form::Exponential { to, gap, rate } => plus(to, times(gap, Term::Apply("exp", vec![times(-rate, since)]))),
            Form::Alpha { to, gap, slope, rate } => {
                let decay = Term::Apply("exp", vec![times(-rate, since.clone())]);
                plus(to, Term::product(vec![plus(gap, times(slope, since)), decay]))
            }
            Form::Gaussian { base, height, centre, sigma } => {
                let off = Term::two("divide", Term::two("minus", since, number(centre)), number(sigma));
                let square = Term::two("power", off, number(2.0));
                plus(base, times(height, Term::Apply("exp", vec![times(-0.5, square)])))
            }
        }
    }
    /// The integral from `from` on over a length of `span`.
    pub(super) fn integral(&self, from: f64, span: f64) -> f64 {
        match self.form {
            Form::Constant(v) => v * span,
            Form::Linear { slope, .. } => (self.value(from) + 0.5 * slope * span) * span,
            Form::Sine { mean, amplitude, omega, phase } => {
                // cos x - cos y = 2 sin((x + y) / 2) sin((y - x) / 2): nothing cancels over a short stretch.
                let (middle, half) = (omega * (from + 0.5 * span) + phase, 0.5 * omega * span);
                mean * span + amplitude * 2.0 / omega * libm::sin(middle) * libm::sin(half)
            }
            Form::Exponential { to, gap, rate } => {
                to * span + gap / rate * libm::exp(-rate * from) * -libm::expm1(-rate * span)
            }
            Form::Alpha { to, gap, slope, rate } => {
                let decayed = libm::exp(-rate * from);
                let (gap, slope) = ((gap + slope * from) * decayed, slope * decayed);
                let x = rate * span;
                let tail = if x < f64::INFINITY { x * libm::exp(-x) } else { 0.0 };
                to * span + (gap / rate + slope / (rate * rate)) * -libm::expm1(-x) - slope / (rate * rate) * tail
            }
            Form::Gaussian { base, height, centre, sigma } => {
                let z = |u: f64| (u - centre) / (sigma * std::f64::consts::SQRT_2);
                let area = sigma * (std::f64::consts::PI / 2.0).sqrt();
                base * span + height * area * (libm::erf(z(from + span)) - libm::erf(z(from)))
            }
        }
    }
    /// Least and greatest value.
    pub(super) fn bounds(&self) -> (f64, f64) {
        let both = |a: f64, b: f64| (a.min(b), a.max(b));
        match self.form {
            Form::Constant(v) => (v, v),
            Form::Linear { from, slope } => both(from, from + slope * self.length),
            Form::Sine { mean, amplitude, .. } => (mean - amplitude.abs(), mean + amplitude.abs()),
            Form::Exponential { to, gap, .. } => both(to, to + gap),
            Form::Alpha { .. } => self.range(0.0, self.length),
            Form::Gaussian { base, height, .. } => both(base, base + height),
        }
    }
    /// Least and greatest value from `from` on over a length of `span`.
    pub(super) fn range(&self, from: f64, span: f64) -> (f64, f64) {
        let to = from + span;
        let ends = |form: &Self| {
            let (a, b) = (form.value(from), form.value(to));
            (a.min(b), a.max(b))
        };
        match self.form {
            Form::Constant(v) => (v, v),
            Form::Exponential { .. } if to == f64::INFINITY => {
                let (a, b) = (self.value(from), self.value(f64::MAX));
                (a.min(b), a.max(b))
            }
            Form::Alpha { to: level, gap, slope, rate } => {
                // Where it turns: slope = rate (gap + slope u).
                let turn = 1.0 / rate - gap / slope;
                let far = if to < f64::INFINITY { self.value(to) } else { level };
                let near = self.value(from);
                let peak = if from <= turn && turn <= to { self.value(turn) } else { near };
                (near.min(far).min(peak), near.max(far).max(peak))
            }
            Form::Linear { .. } | Form::Exponential { .. } => ends(self),
            Form::Sine { mean, amplitude, omega, phase } => {
                let turn = 2.0 * std::f64::consts::PI;
                // Whether the phase passes `at` modulo a turn.
                let passes = |at: f64| {
                    let first = ((omega * from + phase - at) / turn).ceil() * turn + at;
                    first <= omega * to + phase
                };
                let (low, high) = if to < f64::INFINITY { ends(self) } else { (mean, mean) };
                let (crest, trough) = (0.25 * turn, 0.75 * turn);
                let reach = amplitude.abs();
                (
                    if passes(trough) || amplitude < 0.0 && passes(crest) { mean - reach } else { low },
                    if passes(crest) || amplitude < 0.0 && passes(trough) { mean + reach } else { high },
                )
            }
            Form::Gaussian { base, height, centre, .. } => {
                let far = if to < f64::INFINITY { self.value(to) } else { base };
                let near = self.value(from);
                let peak = if from <= centre && centre <= to { base + height } else { near };
                (near.min(far).min(peak), near.max(far).max(peak))
            }
        }
    }
    /// The same with time counted in units of 1 / `per_second` s.
    pub(super) fn in_units(&self, per_second: f64) -> Self {
        let form = match self.form {
            Form::Constant(v) => Form::Constant(v),
            Form::Linear { from, slope } => Form::Linear { from, slope: slope / per_second },
            Form::Sine { mean, amplitude, omega, phase } => {
                Form::Sine { mean, amplitude, omega: omega / per_second, phase }
            }
            Form::Exponential { to, gap, rate } => Form::Exponential { to, gap, rate: rate / per_second },
            Form::Alpha { to, gap, slope, rate } => {
                Form::Alpha { to, gap, slope: slope / per_second, rate: rate / per_second }
            }
            Form::Gaussian { base, height, centre, sigma } => {
                Form::Gaussian { base, height, centre: centre * per_second, sigma: sigma * per_second }
            }
        };
        Self { length: self.length * per_second, form }
    }
    /// How far from `from` the integral has reached `area`, no farther than `room`; or the integral over `room`, which is
    /// less. Time is counted in ticks, and a hundredth of one is good enough.
    pub(super) fn reach(&self, from: f64, room: f64, area: f64) -> Result<f64, f64> {
        match self.form {
            Form::Constant(0.0) => Err(0.0),
            Form::Constant(v) => Some(area / v).filter(|span| *span <= room).ok_or(v * room),
            Form::Linear { slope, .. } => {
                let has = self.integral(from, room);
                if has < area {
                    return Err(has);
                }
                // area = v s + slope s^2 / 2, by the root that does not cancel.
                let v = self.value(from);
                let root = (v * v + 2.0 * slope * area).max(0.0).sqrt();
                Ok((2.0 * area / (v + root)).min(room))
            }
            _ => self.search(from, room, area),
        }
    }
    /// As [`Piece::reach`], by Newton's method inside a bracket.
    fn search(&self, from: f64, room: f64, area: f64) -> Result<f64, f64> {
        let (mut low, mut high) = (0.0, room);
        if room == f64::INFINITY {
            high = SECOND;
            while self.integral(from, high) < area {
                low = high;
                high *= 2.0;
                if high > RUN_MAX {
                    return Err(self.integral(from, high));
                }
            }
        } else {
            let has = self.integral(from, room);
            if has < area {
                return Err(has);
            }
        }
        let middle = |low: f64, high: f64| 0.5 * (low + high);
        let first = area / self.value(from);
        let mut at = if first > low && first < high { first } else { middle(low, high) };
        for _ in 0..100 {
            let excess = self.integral(from, at) - area;
            if excess > 0.0 {
                high = at;
            } else {
                low = at;
            }
            let newton = at - excess / self.value(from + at);
            let next = if newton > low && newton < high { newton } else { middle(low, high) };
            if (next - at).abs() <= 0.01 + 1e-15 * at {
                return Ok(next);
            }
            at = next;
        }
        Ok(at)
    }
}
