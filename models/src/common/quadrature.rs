//! Integrals over time of what follows waveforms, to 1e-9 of its greatest value.
//!
//! Gauss-Legendre sums of four points over a stretch are held against those over its two parts, and so on with these (adaptive
//! quadrature, as in Davis & Rabinowitz 1984, Methods of Numerical Integration, ch. 6 (from memory)). Parts are 2/5 and 3/5 of a stretch: halves
//! could come to the same as the whole at a step in the middle. That alone would miss a surge between points: bounds by
//! interval arithmetic say what values there can be, and a stretch is cut until its points have seen most of that range.
//!
//! Validated against: integrals in closed form, surges that are short against the stretch, steps.

use super::interval::Interval;

/// The difference that is allowed, relative to the greatest value over all of the stretch. At a step the error is up to 25 times that.
const TOLERANCE: f64 = 1e-12;
/// How much of the range of values the points may miss.
const UNSEEN: f64 = 0.2;
/// A stretch of so few ticks is not cut.
const SHORT: u64 = 5;
/// So many stretches are looked at, then the rest is taken as it is seen.
const STRETCHES_MAX: usize = 4000;

/// What has been seen of a function over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sum {
    /// The integral, in ticks.
    pub(crate) area: f64,
    /// The integral of the square.
    pub(crate) squares: f64,
    /// Least and greatest value seen.
    pub(crate) seen: Interval,
}

impl Sum {
    const NOTHING: Self = Self { area: 0.0, squares: 0.0, seen: (f64::INFINITY, f64::NEG_INFINITY) };

    fn and(self, other: Self) -> Self {
        Self {
            area: self.area + other.area,
            squares: self.squares + other.squares,
            seen: (self.seen.0.min(other.seen.0), self.seen.1.max(other.seen.1)),
        }
    }

    /// The greatest size of a value seen.
    fn size(&self) -> f64 {
        self.seen.0.abs().max(self.seen.1.abs())
    }
}

/// A function of time.
pub(crate) trait Integrand {
    /// Its value at a tick.
    fn value(&mut self, at: u64) -> f64;
    /// Bounds on it between two ticks.
    fn range(&mut self, from: u64, to: u64) -> Interval;
}

/// Integrates `f` over the ticks from `from` up to `to`.
pub(crate) fn integrate(f: &mut impl Integrand, from: u64, to: u64) -> Sum {
    let first = points(f, from, to);
    let (whole, mut size) = ((to - from) as f64, first.size());
    let mut sum = Sum::NOTHING;
    let mut stretches = vec![(from, to, first)];
    let mut looked = 0;
    while let Some((from, to, coarse)) = stretches.pop() {
        let middle = from + (to - from) / 5 * 2;
        let parts = (points(f, from, middle), points(f, middle, to));
        let fine = parts.0.and(parts.1);
        looked += 1;
        size = size.max(fine.size());
        let is_close = (fine.area - coarse.area).abs() <= TOLERANCE * size * whole
            && (fine.squares - coarse.squares).abs() <= TOLERANCE * size * size * whole;
        let (low, high) = f.range(from, to);
        let missed = (fine.seen.0 - low).max(high - fine.seen.1);
        let is_seen = !missed.is_finite()
            || missed <= UNSEEN * (high - low)
            || missed * (to - from) as f64 <= TOLERANCE * low.abs().max(high.abs()) * whole;
        // What is no number stays none.
        if is_close && is_seen || to - from < SHORT || looked >= STRETCHES_MAX || fine.area.is_nan() {
            sum = sum.and(fine);
        } else {
            stretches.push((middle, to, parts.1));
            stretches.push((from, middle, parts.0));
        }
    }
    sum
}

/// The sum over the four points of one stretch.
fn points(f: &mut impl Integrand, from: u64, to: u64) -> Sum {
    if from == to {
        return Sum::NOTHING;
    }
    let root = (1.2_f64).sqrt();
    let (inner, outer) = ((3.0 / 7.0 - 2.0 / 7.0 * root).sqrt(), (3.0 / 7.0 + 2.0 / 7.0 * root).sqrt());
    let (heavy, light) = ((18.0 + 30f64.sqrt()) / 72.0, (18.0 - 30f64.sqrt()) / 72.0);
    let span = (to - from) as f64;
    let mut sum = Sum::NOTHING;
    for (node, weight) in [(-outer, light), (-inner, heavy), (inner, heavy), (outer, light)] {
        // What happens at its end is of the next.
        let at = from + ((0.5 * (1.0 + node) * span).round() as u64).min(to - from - 1);
        let x = f.value(at);
        let area = weight * span * x;
        sum = sum.and(Sum { area, squares: area * x, seen: (x, x) });
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000_000;

    /// A function and bounds on it.
    struct Known<F, G>(F, G);

    impl<F: Fn(u64) -> f64, G: Fn(u64, u64) -> Interval> Integrand for Known<F, G> {
        fn value(&mut self, at: u64) -> f64 {
            self.0(at)
        }
        fn range(&mut self, from: u64, to: u64) -> Interval {
            self.1(from, to)
        }
    }

    fn close(found: f64, exact: f64, size: f64) {
        assert!((found - exact).abs() <= 1e-9 * size, "{found} is not {exact}");
    }

    #[test]
    fn smooth_functions_are_those_of_the_closed_form() {
        let seconds = |t: u64| t as f64 / SECOND as f64;
        let value = |t| (-seconds(t)).exp();
        let sum = integrate(&mut Known(value, |a, b| (value(b), value(a))), SECOND, 7 * SECOND);
        close(sum.area / SECOND as f64, (-1f64).exp() - (-7f64).exp(), 6.0 * 0.37);
        close(sum.squares / SECOND as f64, 0.5 * ((-2f64).exp() - (-14f64).exp()), 6.0 * 0.37 * 0.37);
    }

    #[test]
    fn a_short_surge_is_not_missed() {
        // A pulse of 1 ms somewhere within 1000 s.
        let (begin, end) = (417 * SECOND + 123_456_789, 417 * SECOND + 1_123_456_789);
        let value = |t: u64| f64::from(u8::from(t >= begin && t < end));
        let range = |a: u64, b: u64| {
            let none = b <= begin || a >= end;
            let all = a >= begin && b <= end;
            (f64::from(u8::from(all)), f64::from(u8::from(!none)))
        };
        let sum = integrate(&mut Known(value, range), 0, 1000 * SECOND);
        close(sum.area / SECOND as f64, 1e-3, 1000.0);
        close(sum.squares / SECOND as f64, 1e-3, 1000.0);
        assert_eq!(sum.seen, (0.0, 1.0));
    }

    #[test]
    fn single_ticks_count() {
        let mut three = Known(|_| 3.0, |_, _| (3.0, 3.0));
        let sum = integrate(&mut three, 5, 6);
        close(sum.area, 3.0, 3.0);
        close(sum.squares, 9.0, 9.0);
        close(integrate(&mut three, 5, 5).area, 0.0, 0.0);
    }
}
