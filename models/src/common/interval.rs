//! Arithmetic on intervals: every result of the operation on any members lies in the result (Moore 1966, Interval Analysis, ch. 3
//! (from memory)). Ends are rounded to nearest; whoever needs a strict bound adds what rounding may have taken.

/// Lowest and highest value.
pub type Interval = (f64, f64);

/// Nothing is known.
pub(super) const ANY: Interval = (f64::NEG_INFINITY, f64::INFINITY);

/// The interval, or any if an end is not a number.
pub(super) fn known(i: Interval) -> Interval {
    if i.0.is_nan() || i.1.is_nan() { ANY } else { i }
}

/// Either of two.
pub(super) fn either(a: Interval, b: Interval) -> Interval {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Of four numbers.
fn around(corners: [f64; 4]) -> Interval {
    if corners.iter().any(|c| c.is_nan()) {
        return ANY;
    }
    corners.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |i, c| (i.0.min(c), i.1.max(c)))
}

pub(super) fn multiply(a: Interval, b: Interval) -> Interval {
    around([a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1])
}

pub(super) fn divide(a: Interval, b: Interval) -> Interval {
    if b.0 <= 0.0 && b.1 >= 0.0 {
        return ANY;
    }
    around([a.0 / b.0, a.0 / b.1, a.1 / b.0, a.1 / b.1])
}

pub(super) fn power(a: Interval, b: Interval) -> Interval {
    if a.0 > 0.0 {
        return around([libm::pow(a.0, b.0), libm::pow(a.0, b.1), libm::pow(a.1, b.0), libm::pow(a.1, b.1)]);
    }
    let exponent = b.0;
    if exponent != b.1 {
        return ANY;
    }
    let ends = known((libm::pow(a.0, exponent), libm::pow(a.1, exponent)));
    match (exponent >= 0.0, exponent.fract() == 0.0, exponent % 2.0 == 0.0) {
        // What is below zero has no broken power.
        (true, false, _) if a.0 < 0.0 => ANY,
        (true, true, true) if a.1 >= 0.0 => (0.0, ends.0.max(ends.1)),
        (true, true, true) => (ends.1, ends.0),
        (true, ..) => ends,
        (false, ..) => ANY,
    }
}
