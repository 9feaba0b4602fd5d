//! The four-parameter logistic curve of doses and responses (Hill 1910, J Physiol 40:iv; as in `DeLean`, Munson & Rodbard
//! 1978, doi:10.1152/ajpendo.1978.235.2.E97 (both from memory)), fitted by least squares.
//!
//! ```text
//! y(x) = a + (b - a) s(x)     s(x) = x^h / (x50^h + x^h)     a without any dose, b at full effect, h > 0
//! ```
//! The fit begins at the best of a grid over (x50, h), where a and b follow from linear regression, and goes on with the steps
//! of Levenberg (1944) and Marquardt (1963, doi:10.1137/0111030 (from memory)) in (a, b, ln x50, ln h).
//!
//! Validated against: curves without noise, which it gives back; the interval of its users against a known one.

/// A curve of responses against doses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hill {
    /// The response without any dose.
    pub none: f64,
    /// The response at full effect.
    pub full: f64,
    /// The dose of half the effect.
    pub x50: f64,
    /// The Hill coefficient, above 0.
    pub h: f64,
}

/// The steepest and the flattest curve that are looked for.
const H: (f64, f64) = (0.1, 20.0);
/// How far beyond the doses the half-maximal one is looked for, as a factor.
const BEYOND: f64 = 1e3;
const STEPS_MAX: usize = 200;
/// Four parameters need as many doses, and one to judge them by.
pub(super) const DOSES_MIN: usize = 5;

impl Hill {
    /// The response at dose `x`, 0 or more.
    pub fn at(&self, x: f64) -> f64 {
        self.none + (self.full - self.none) * share(x, libm::log(self.x50), self.h)
    }
    /// The lower plateau.
    pub fn bottom(&self) -> f64 {
        self.none.min(self.full)
    }
    /// The higher plateau.
    pub fn top(&self) -> f64 {
        self.none.max(self.full)
    }
    /// Whether the response rises with the dose.
    pub fn rises(&self) -> bool {
        self.full > self.none
    }
    /// The curve nearest to the responses `ys` at the doses `xs` (0 or more, ascending), by the sum of squares; none if there
    /// are fewer than five doses, or if all responses are the same.
    pub fn fit(xs: &[f64], ys: &[f64]) -> Option<Self> {
        let positive = || xs.iter().copied().filter(|x| *x > 0.0);
        let (low, high) = positive().fold((f64::INFINITY, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
        let level = ys.first()?;
        if positive().count() < 3
            || xs.len() < DOSES_MIN
            || ys.iter().all(|y| y == level)
            || ys.iter().any(|y| !y.is_finite())
        {
            return None;
        }
        let (low, high) = (libm::log(low), libm::log(high));
        let mut best: Option<(f64, [f64; 4])> = None;
        for i in 0..=40 {
            // From a tenth of the lowest dose to ten times the highest.
            let margin = std::f64::consts::LN_10;
            let u = low - margin + (high - low + 2.0 * margin) * f64::from(i) / 40.0;
            for h in [0.5, 1.0, 2.0, 4.0] {
                let Some(p) = plateaus(xs, ys, u, h) else { continue };
                let rest = squares(xs, ys, &p);
                if best.is_none_or(|b| rest < b.0) {
                    best = Some((rest, p));
                }
            }
        }
        Self::refine(xs, ys, best?.1)
    }
    /// The same from where another fit ended.
    pub(super) fn fit_from(self, xs: &[f64], ys: &[f64]) -> Option<Self> {
        let (u, h) = (libm::log(self.x50), self.h);
        Self::refine(xs, ys, plateaus(xs, ys, u, h)?)
    }

    /// Levenberg and Marquardt's steps from `p` = (a, b, ln x50, ln h).
    fn refine(xs: &[f64], ys: &[f64], mut p: [f64; 4]) -> Option<Self> {
        let positive = || xs.iter().copied().filter(|x| *x > 0.0);
        let limits = (
            libm::log(positive().fold(f64::INFINITY, f64::min) / BEYOND),
            libm::log(positive().fold(0.0, f64::max) * BEYOND),
        );
        let mut rest = squares(xs, ys, &p);
        let mut damping = 1e-3;
        for _ in 0..STEPS_MAX {
            let (normal, gradient) = normal_equations(xs, ys, &p);
            let mut damped = normal;
            (0..4).for_each(|i| damped[i][i] += damping * normal[i][i].max(1e-300));
            let Some(step) = solve(damped, gradient) else { break };
            let mut next: [f64; 4] = std::array::from_fn(|i| p[i] + step[i]);
            next[2] = next[2].clamp(limits.0, limits.1);
            next[3] = next[3].clamp(libm::log(H.0), libm::log(H.1));
            let after = squares(xs, ys, &next);
            if after <= rest {
                let scale = [p[0].abs().max(p[1].abs()), p[0].abs().max(p[1].abs()), 1.0, 1.0];
                let still = (0..4).all(|i| (next[i] - p[i]).abs() <= 1e-11 * scale[i].max(1e-300));
                (p, rest, damping) = (next, after, (damping / 10.0).max(1e-12));
                if still {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e12 {
                    break;
                }
            }
        }
        let [none, full, u, g] = p;
        let curve = Self { none, full, x50: libm::exp(u), h: libm::exp(g) };
        p.iter().all(|x| x.is_finite()).then_some(curve)
    }
}

/// `x^h / (x50^h + x^h)` for `u = ln x50`.
fn share(x: f64, u: f64, h: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { 1.0 / (1.0 + libm::exp(h * (u - libm::log(x)))) }
}

/// The curve of (u, h) with the plateaus that are best for it.
fn plateaus(xs: &[f64], ys: &[f64], u: f64, h: f64) -> Option<[f64; 4]> {
    let n = xs.len() as f64;
    let shares: Vec<f64> = xs.iter().map(|&x| share(x, u, h)).collect();
    let (s, y) = (shares.iter().sum::<f64>() / n, ys.iter().sum::<f64>() / n);
    let across: f64 = shares.iter().zip(ys).map(|(a, b)| (a - s) * (b - y)).sum();
    let spread: f64 = shares.iter().map(|a| (a - s) * (a - s)).sum();
    let slope = across / spread;
    let none = y - slope * s;
    (spread > 1e-12).then(|| [none, none + slope, u, libm::log(h)])
}

fn squares(xs: &[f64], ys: &[f64], &[a, b, u, g]: &[f64; 4]) -> f64 {
    let h = libm::exp(g);
    xs.iter().zip(ys).map(|(&x, y)| y - a - (b - a) * share(x, u, h)).map(|r| r * r).sum()
}

/// `J'J` and `J'r` at `p`.
fn normal_equations(xs: &[f64], ys: &[f64], &[a, b, u, g]: &[f64; 4]) -> ([[f64; 4]; 4], [f64; 4]) {
    let h = libm::exp(g);
    let (mut normal, mut gradient) = ([[0.0; 4]; 4], [0.0; 4]);
    for (&x, y) in xs.iter().zip(ys) {
        let s = share(x, u, h);
        let bend = (b - a) * s * (1.0 - s) * h;
        let by_g = if x > 0.0 { bend * (libm::log(x) - u) } else { 0.0 };
        let row = [1.0 - s, s, -bend, by_g];
        let rest = y - a - (b - a) * s;
        for i in 0..4 {
            gradient[i] += row[i] * rest;
            (0..4).for_each(|j| normal[i][j] += row[i] * row[j]);
        }
    }
    (normal, gradient)
}

/// The solution of `m x = v` by elimination with pivots; none if there is not one.
fn solve(mut m: [[f64; 4]; 4], mut v: [f64; 4]) -> Option<[f64; 4]> {
    for k in 0..4 {
        let pivot = (k..4).max_by(|&i, &j| m[i][k].abs().total_cmp(&m[j][k].abs()))?;
        m.swap(k, pivot);
        v.swap(k, pivot);
        if !(m[k][k].abs() > 0.0 && m[k][k].is_finite()) {
            return None;
        }
        for i in k + 1..4 {
            let factor = m[i][k] / m[k][k];
            let above = m[k];
            (k..4).for_each(|j| m[i][j] -= factor * above[j]);
            v[i] -= factor * v[k];
        }
    }
    let mut x = [0.0; 4];
    for k in (0..4).rev() {
        let known: f64 = (k + 1..4).map(|j| m[k][j] * x[j]).sum();
        x[k] = (v[k] - known) / m[k][k];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOSES: [f64; 9] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

    #[test]
    fn curves_without_noise_are_given_back() {
        for curve in [
            Hill { none: 66.7, full: 595.0, x50: 4.67, h: 1.0 },
            Hill { none: 10.0, full: 1.0, x50: 0.2, h: 2.5 },
            Hill { none: 0.0, full: -3.0, x50: 60.0, h: 0.7 },
            Hill { none: 1e-9, full: 5e-9, x50: 1.0, h: 4.0 },
        ] {
            let ys = DOSES.map(|x| curve.at(x));
            let got = Hill::fit(&DOSES, &ys).unwrap();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * (a.abs() + b.abs()).max(1e-12);
            assert!(near(got.x50, curve.x50) && near(got.h, curve.h), "{got:?} {curve:?}");
            assert!((got.none - curve.none).abs() < 1e-6 * (curve.full - curve.none).abs(), "{got:?}");
            assert!((got.full - curve.full).abs() < 1e-6 * (curve.full - curve.none).abs(), "{got:?}");
            assert_eq!(got.rises(), curve.rises());
        }
    }

    #[test]
    fn a_dose_of_nothing_shows_the_plateau() {
        let curve = Hill { none: 2.0, full: 8.0, x50: 3.0, h: 1.5 };
        let xs: Vec<f64> = [0.0].into_iter().chain(DOSES).collect();
        let ys: Vec<f64> = xs.iter().map(|&x| curve.at(x)).collect();
        assert_eq!(ys[0], 2.0);
        let got = Hill::fit(&xs, &ys).unwrap();
        assert!((got.x50 - 3.0).abs() < 1e-6 && (got.none - 2.0).abs() < 1e-6, "{got:?}");
    }

    #[test]
    fn the_fit_is_a_minimum() {
        // Whatever the noise, no curve nearby is nearer.
        let curve = Hill { none: 2.0, full: 8.0, x50: 3.0, h: 1.5 };
        let ys: Vec<f64> =
            DOSES.iter().enumerate().map(|(i, &x)| curve.at(x) + 0.3 * libm::sin(7.0 * i as f64)).collect();
        let got = Hill::fit(&DOSES, &ys).unwrap();
        let p = [got.none, got.full, libm::log(got.x50), libm::log(got.h)];
        let least = squares(&DOSES, &ys, &p);
        for i in 0..4 {
            for step in [-1e-3, 1e-3] {
                let mut other = p;
                other[i] += step;
                assert!(squares(&DOSES, &ys, &other) >= least, "{i} {step}");
            }
        }
    }

    #[test]
    fn what_is_no_curve_is_none() {
        assert_eq!(Hill::fit(&DOSES, &[1.0; 9]), None);
        assert_eq!(Hill::fit(&DOSES[..4], &[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(Hill::fit(&DOSES, &[f64::NAN; 9]), None);
    }
}
