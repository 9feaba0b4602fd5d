//! One stretch of a waveform, with a closed form and a closed integral.

/// A stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// s; the last one of a waveform that does not repeat has no end.
    pub(super) length: f64,
    pub(super) form: Form,
}

/// The value at u s from the beginning of a piece.
#[derive(Clone, Copy, Debug)]
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
            Form::Gaussian { base, height, centre, sigma } => {
                let z = (u - centre) / sigma;
                base + height * libm::exp(-0.5 * z * z)
            }
        }
    }
    /// The integral from `a` to `b` s.
    pub(super) fn integral(&self, a: f64, b: f64) -> f64 {
        match self.form {
            Form::Constant(v) => v * (b - a),
            Form::Linear { from, slope } => (from + 0.5 * slope * (a + b)) * (b - a),
            Form::Sine { mean, amplitude, omega, phase } => {
                // cos x - cos y = 2 sin((x + y) / 2) sin((y - x) / 2): nothing cancels over a short stretch.
                let half = 0.5 * omega * (b - a);
                let middle = 0.5 * omega * (a + b) + phase;
                mean * (b - a) + amplitude * 2.0 / omega * libm::sin(middle) * libm::sin(half)
            }
            Form::Exponential { to, gap, rate } => {
                to * (b - a) + gap / rate * libm::exp(-rate * a) * -libm::expm1(-rate * (b - a))
            }
            Form::Gaussian { base, height, centre, sigma } => {
                let z = |u: f64| (u - centre) / (sigma * std::f64::consts::SQRT_2);
                let area = sigma * (std::f64::consts::PI / 2.0).sqrt();
                base * (b - a) + height * area * (libm::erf(z(b)) - libm::erf(z(a)))
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
            Form::Gaussian { base, height, .. } => both(base, base + height),
        }
    }
    /// Where the integral from `from` has reached `area`, or the integral from there to the end, which is less.
    pub(super) fn reach(&self, from: f64, area: f64) -> Result<f64, f64> {
        match self.form {
            Form::Constant(v) => {
                let has = if v == 0.0 { 0.0 } else { v * (self.length - from) };
                if has < area || v == 0.0 && area > 0.0 {
                    Err(has)
                } else {
                    Ok(from + if v == 0.0 { 0.0 } else { area / v })
                }
            }
            Form::Linear { slope, .. } => {
                let has = self.integral(from, self.length);
                if has < area {
                    return Err(has);
                }
                // area = v s + slope s^2 / 2, by the root that does not cancel.
                let v = self.value(from);
                let root = (v * v + 2.0 * slope * area).max(0.0).sqrt();
                Ok((from + if area == 0.0 { 0.0 } else { 2.0 * area / (v + root) }).min(self.length))
            }
            _ => self.search(from, area),
        }
    }
    /// As [`Piece::reach`], by Newton's method inside a bracket.
    fn search(&self, from: f64, area: f64) -> Result<f64, f64> {
        let (mut low, mut high) = (from, self.length);
        if high == f64::INFINITY {
            let mut step = 1.0;
            high = from + step;
            while self.integral(from, high) < area {
                low = high;
                step *= 2.0;
                high = from + step;
                if step > 1e9 {
                    // Longer than any run.
                    return Err(self.integral(from, high));
                }
            }
        } else {
            let has = self.integral(from, high);
            if has < area {
                return Err(has);
            }
        }
        let mut at = 0.5 * (low + high);
        for _ in 0..100 {
            let excess = self.integral(from, at) - area;
            if excess > 0.0 {
                high = at;
            } else {
                low = at;
            }
            let newton = at - excess / self.value(at);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - at).abs() <= 1e-13 * at.max(1e-3) {
                return Ok(next);
            }
            at = next;
        }
        Ok(at)
    }
}
