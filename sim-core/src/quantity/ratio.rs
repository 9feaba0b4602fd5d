//! Exact fractions of `i128`, every operation checked.

/// A reduced fraction; the denominator is positive and the numerator is never `i128::MIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    pub(super) num: i128,
    pub(super) den: i128,
}

impl Ratio {
    pub(super) const ONE: Self = Self { num: 1, den: 1 };

    /// `num / den`, reduced; `None` if `den` is zero or a part does not fit.
    pub(super) fn new(num: i128, den: i128) -> Option<Self> {
        if den == 0 || num == i128::MIN || den == i128::MIN {
            return None;
        }
        let g = gcd(num.unsigned_abs(), den.unsigned_abs()).cast_signed() * den.signum();
        Some(Self { num: num / g, den: den / g })
    }

    /// `10^exponent`, if it fits.
    pub(super) fn power_of_ten(exponent: i32) -> Option<Self> {
        let p = 10_i128.checked_pow(exponent.unsigned_abs())?;
        Some(if exponent < 0 { Self { num: 1, den: p } } else { Self { num: p, den: 1 } })
    }

    pub(super) fn mul(self, other: Self) -> Option<Self> {
        // Cancelling crosswise first keeps a product that fits from overflowing on the way.
        let a = Self::new(self.num, other.den)?;
        let b = Self::new(other.num, self.den)?;
        Self::new(a.num.checked_mul(b.num)?, a.den.checked_mul(b.den)?)
    }

    pub(super) fn inverse(self) -> Option<Self> {
        Self::new(self.den, self.num)
    }

    pub(super) fn div(self, other: Self) -> Option<Self> {
        self.mul(other.inverse()?)
    }

    pub(super) fn pow(self, exponent: i32) -> Option<Self> {
        let base = if exponent < 0 { self.inverse()? } else { self };
        let n = exponent.unsigned_abs();
        Self::new(base.num.checked_pow(n)?, base.den.checked_pow(n)?)
    }

    /// The nearest `f64`, ties to even. Always finite: a part of an `i128` is below 1e39.
    pub(super) fn to_f64(self) -> f64 {
        let (n, d) = (self.num.unsigned_abs(), self.den.unsigned_abs());
        let (mut quotient, mut rest) = (n / d, n % d);
        let mut shift = 0;
        // Past 64 significant bits a sticky last bit decides every rounding to 53 bits correctly.
        while rest != 0 && quotient >> 64 == 0 {
            rest <<= 1;
            quotient = (quotient << 1) | u128::from(rest >= d);
            if rest >= d {
                rest -= d;
            }
            shift += 1;
        }
        let sticky = quotient | u128::from(rest != 0);
        let magnitude = libm::ldexp(sticky as f64, -shift);
        if self.num < 0 { -magnitude } else { magnitude }
    }

    /// The nearest whole number, halves away from zero.
    pub(super) fn round(self) -> i128 {
        let (n, d) = (self.num.unsigned_abs(), self.den.unsigned_abs());
        let rest = n % d;
        let up = rest >= d - rest;
        ((n / d) + u128::from(up)).cast_signed() * self.num.signum()
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Reads `12`, `-0.5`, `9e7`, `1_000.25e-3` exactly.
///
/// `Err` says whether the text is no decimal number, or one too large or too fine for an exact fraction.
pub(super) fn decimal(text: &str) -> Result<Ratio, DecimalError> {
    let (negative, body) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], &body[at + 1..]),
        None => (body, "0"),
    };
    let mut exponent: i32 = whole_exponent(exponent)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let dangling = mantissa.ends_with('.') || whole.is_empty();
    if dangling || whole.starts_with('_') || !is_digits(whole) || !is_digits(fraction) {
        return Err(DecimalError::Malformed);
    }
    let fraction = fraction.trim_end_matches(['0', '_']);
    let mut digits: i128 = 0;
    for c in whole.bytes().chain(fraction.bytes()).filter(|&c| c != b'_') {
        digits = digits
            .checked_mul(10)
            .and_then(|d| d.checked_add(i128::from(c - b'0')))
            .ok_or(DecimalError::Unrepresentable)?;
    }
    exponent -= i32::try_from(fraction.bytes().filter(|&c| c != b'_').count()).unwrap_or(i32::MAX / 2);
    if digits == 0 {
        return Ok(Ratio { num: 0, den: 1 });
    }
    let signed = Ratio { num: if negative { -digits } else { digits }, den: 1 };
    Ratio::power_of_ten(exponent).and_then(|p| signed.mul(p)).ok_or(DecimalError::Unrepresentable)
}

/// Why a decimal number was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecimalError {
    Malformed,
    Unrepresentable,
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|c| c.is_ascii_digit() || c == b'_')
}

fn whole_exponent(text: &str) -> Result<i32, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    match text.parse::<i32>() {
        Ok(e) if e.abs() <= 10_000 => Ok(e),
        _ => Err(DecimalError::Unrepresentable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("0.1"), Ok(Ratio { num: 1, den: 10 }));
        assert_eq!(decimal("-1_000.250e-3"), Ok(Ratio { num: -4001, den: 4000 }));
        assert_eq!(decimal("9e7"), Ok(Ratio { num: 90_000_000, den: 1 }));
        assert_eq!(decimal("0e999"), Ok(Ratio { num: 0, den: 1 }));
    }

    #[test]
    fn malformed_and_absurd_decimals_are_told_apart() {
        for bad in ["", "-", ".5", "5.", "1e", "1e+", "_1", "1..2", "1.2.3", "e5", "--1", "0x10", "nan"] {
            assert_eq!(decimal(bad), Err(DecimalError::Malformed), "{bad}");
        }
        for absurd in ["1e39", "1e-39", "1e99999999999", &"9".repeat(60)] {
            assert_eq!(decimal(absurd), Err(DecimalError::Unrepresentable), "{absurd}");
        }
    }

    #[test]
    fn a_product_that_fits_does_not_overflow_on_the_way() {
        let big = Ratio::power_of_ten(38).unwrap();
        assert_eq!(big.mul(big.inverse().unwrap()), Some(Ratio::ONE));
        assert_eq!(big.mul(big), None);
        assert_eq!(Ratio::new(1, 0), None);
    }

    #[test]
    fn halves_round_away_from_zero() {
        let round = |n, d| Ratio::new(n, d).unwrap().round();
        assert_eq!((round(5, 2), round(-5, 2), round(7, 3), round(i128::MAX, 1)), (3, -3, 2, i128::MAX));
    }

    proptest! {
        #[test]
        fn the_float_is_the_one_the_decimal_text_names(digits in any::<i64>(), exponent in -18_i32..18) {
            let text = format!("{digits}e{exponent}");
            prop_assert_eq!(decimal(&text).unwrap().to_f64(), text.parse::<f64>().unwrap());
        }
    }
}
