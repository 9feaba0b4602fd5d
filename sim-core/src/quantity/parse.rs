//! Reads a number with a unit.
//!
//! ```text
//! quantity = number [ "/" number ] [ unit ]
//! unit     = [ "1" ] [ "/" ] factor { [ "*" | "·" | "/" ] factor }      a slash reaches over one factor
//! factor   = ( symbol | "(" unit ")" ) [ "^" exponent | superscript ]
//! ```

use std::fmt;
use std::ops::Range;

use super::ratio::{DecimalError, Ratio, decimal};
use super::{Dimension, Quantity, unit};

/// Why a text is no quantity, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError {
    /// One line: what is wrong.
    pub message: String,
    /// The range of bytes of the text that is wrong; empty at the end if something is missing.
    pub range: Range<usize>,
    /// What to write instead, if that is known.
    pub hint: Option<String>,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |h| write!(f, " ({h})"))
    }
}

impl std::error::Error for QuantityError {}

type Parsed<T> = Result<T, QuantityError>;

const DEEPEST: usize = 8;

fn error<T>(message: impl Into<String>, range: Range<usize>, hint: Option<&str>) -> Parsed<T> {
    Err(QuantityError { message: message.into(), range, hint: hint.map(str::to_owned) })
}

/// Reads `text`, of which every byte must belong to the quantity but for blanks around it.
pub(super) fn parse(text: &str) -> Parsed<Quantity> {
    let mut p = Parser { text, at: 0 };
    p.blanks();
    let start = p.at;
    let number = p.number()?;
    p.blanks();
    let (size, dimension) = if p.peek().is_none() { (Ratio::ONE, Dimension::NUMBER) } else { p.unit(0)? };
    if p.peek() == Some(')') {
        return error("a `)` without its `(`", p.at..p.at + 1, None);
    }
    let end = text.trim_end().len();
    match number.mul(size) {
        Some(exact) => Ok(Quantity::of(exact, dimension)),
        None => absurd(start..end),
    }
}

fn absurd<T>(range: Range<usize>) -> Parsed<T> {
    error(
        "this number is too large or too small to be kept exactly",
        range,
        Some("a value may have some 38 digits in its base unit, before and after the point"),
    )
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&keep) {
            self.bump();
        }
        &self.text[start..self.at]
    }

    fn blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// A decimal number or a fraction of two.
    fn number(&mut self) -> Parsed<Ratio> {
        let start = self.at;
        let over = self.decimal()?;
        let digit_follows =
            self.text[self.at..].strip_prefix('/').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        if !digit_follows {
            return Ok(over);
        }
        self.bump();
        let under_at = self.at;
        let under = self.decimal()?;
        if under.num == 0 {
            return error("a division by zero", under_at..self.at, None);
        }
        over.div(under).map_or_else(|| absurd(start..self.at), Ok)
    }

    fn decimal(&mut self) -> Parsed<Ratio> {
        let start = self.at;
        if matches!(self.peek(), Some('+' | '-' | '\u{2212}')) {
            self.bump();
        }
        self.take_while(|c| c.is_ascii_digit() || matches!(c, '_' | '.'));
        self.exponent();
        let found = &self.text[start..self.at];
        // A minus sign as typographers set it is a minus sign.
        match decimal(&found.replace('\u{2212}', "-")) {
            Ok(number) => Ok(number),
            Err(DecimalError::Unrepresentable) => absurd(start..self.at),
            Err(DecimalError::Malformed) => self.no_number(start),
        }
    }

    /// Takes `e-6`, but leaves an `e` that begins a word.
    fn exponent(&mut self) {
        let mut rest = self.text[self.at..].chars();
        if !matches!(rest.next(), Some('e' | 'E')) {
            return;
        }
        let next = rest.next();
        let signed = matches!(next, Some('+' | '-')) && rest.next().is_some_and(|c| c.is_ascii_digit());
        if signed || next.is_some_and(|c| c.is_ascii_digit()) {
            self.at += 2;
            self.take_while(|c| c.is_ascii_digit());
        }
    }

    fn no_number<T>(&self, start: usize) -> Parsed<T> {
        let found = &self.text[start..self.at];
        let rest = self.text[start..].trim_start_matches(['+', '-']).to_lowercase();
        if rest.starts_with("nan") || rest.starts_with("inf") {
            return error("this is not a finite number", start..self.text.len(), None);
        }
        if found.is_empty() || found == "-" || found == "+" {
            let end = self.text.trim_end().len().max(start);
            return error("expected a number with a unit", start..end, None);
        }
        error(format!("`{found}` is not a decimal number"), start..self.at, Some("write it as `0.5` or `5e-1`"))
    }

    /// Factors up to the end or a closing parenthesis.
    fn unit(&mut self, depth: usize) -> Parsed<(Ratio, Dimension)> {
        let mut size = Ratio::ONE;
        let mut dimension = Dimension::NUMBER;
        self.leading_one();
        let start = self.at;
        let mut first = true;
        loop {
            self.blanks();
            let sign = match self.peek() {
                None | Some(')') if !first => return Ok((size, dimension)),
                Some('/') => self.operator(-1),
                Some('*' | '·' | '⋅' | '×') if !first => self.operator(1),
                _ => 1,
            };
            first = false;
            let (factor, of) = self.factor(depth, sign)?;
            let product = size.mul(factor).zip(dimension.plus(of));
            let Some(product) = product else { return absurd(start..self.at) };
            (size, dimension) = product;
        }
    }

    /// The `1` of `1/s`.
    fn leading_one(&mut self) {
        let one = self.text[self.at..].strip_prefix('1').is_some_and(|rest| rest.trim_start().starts_with('/'));
        if one {
            self.bump();
        }
    }

    fn operator(&mut self, sign: i32) -> i32 {
        self.bump();
        self.blanks();
        sign
    }

    fn factor(&mut self, depth: usize, sign: i32) -> Parsed<(Ratio, Dimension)> {
        let start = self.at;
        let (size, dimension) = if self.peek() == Some('(') { self.group(depth)? } else { self.symbol()? };
        let exponent = self.power()? * sign;
        let power = i8::try_from(exponent).ok().and_then(|e| size.pow(exponent).zip(dimension.times(e)));
        power.map_or_else(|| absurd(start..self.at), Ok)
    }

    fn group(&mut self, depth: usize) -> Parsed<(Ratio, Dimension)> {
        let open = self.at;
        if depth >= DEEPEST {
            return error("too many parentheses in each other", open..open + 1, None);
        }
        self.bump();
        let inner = self.unit(depth + 1)?;
        if self.peek() != Some(')') {
            return error("a `(` without its `)`", open..open + 1, None);
        }
        self.bump();
        Ok(inner)
    }

    fn symbol(&mut self) -> Parsed<(Ratio, Dimension)> {
        let start = self.at;
        let symbol = self.take_while(|c| (c.is_alphabetic() || matches!(c, '%' | '°')) && superscript(c).is_none());
        if symbol.is_empty() {
            let Some(c) = self.peek() else {
                return error("a unit is missing at the end", start..start, Some("such as `ms` in `5 ms`"));
            };
            let hint = (c == ',').then_some("the decimal sign is a point");
            return error(format!("expected a unit, found `{c}`"), start..start + c.len_utf8(), hint);
        }
        if let Some(known) = unit::lookup(symbol) {
            return Ok(known);
        }
        // `um2` is one slip, not a unit `um` and a stray number.
        let digits = self.take_while(|c| c.is_ascii_digit());
        let written = &self.text[start..start + symbol.len() + digits.len()];
        let hint = unit::hint(written).or_else(|| unit::hint(symbol));
        error(format!("unknown unit `{written}`"), start..self.at, hint.as_deref())
    }

    /// `^2`, `^-1`, `²`, `⁻¹`, or nothing (1).
    fn power(&mut self) -> Parsed<i32> {
        let start = self.at;
        let raised = self.take_while(|c| superscript(c).is_some());
        let text: String = if raised.is_empty() {
            if self.peek() != Some('^') {
                return self.no_bare_digit();
            }
            self.bump();
            self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+')).to_owned()
        } else {
            raised.chars().filter_map(superscript).collect()
        };
        match text.parse::<i32>() {
            Ok(e) if i8::try_from(e).is_ok() => Ok(e),
            _ => error("an exponent is a small whole number", start..self.at, Some("as in `um^2` or `s^-1`")),
        }
    }

    fn no_bare_digit(&mut self) -> Parsed<i32> {
        let start = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Ok(1);
        }
        let hint = format!("write `^{digits}` for a power");
        error("a number stands directly after a unit", start..self.at, Some(&hint))
    }
}

fn superscript(c: char) -> Option<char> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁻".chars().zip("0123456789-".chars()).find(|&(s, _)| s == c).map(|(_, plain)| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(text: &str) -> (i128, i128) {
        parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).exact
    }

    fn fault(text: &str) -> (String, String, Option<String>) {
        let e = parse(text).expect_err(text);
        (e.message, text[e.range].to_owned(), e.hint)
    }

    #[test]
    fn values_are_exact_in_base_units() {
        let cases: &[(&str, (i128, i128), Dimension)] = &[
            ("10 Mbit/s", (10_000_000, 1), Dimension::BIT_RATE),
            ("10Mbit/s", (10_000_000, 1), Dimension::BIT_RATE),
            ("0.1 ms", (1, 10_000), Dimension::TIME),
            ("10 min", (600, 1), Dimension::TIME),
            ("2 uM", (1, 500), Dimension::CONCENTRATION),
            ("2 µM", (1, 500), Dimension::CONCENTRATION),
            ("2 μM", (1, 500), Dimension::CONCENTRATION),
            ("1 pL", (1, 1_000_000_000_000_000), Dimension::VOLUME),
            ("200 pmol/min/mg", (1, 300_000), Dimension::SPECIFIC_ACTIVITY),
            ("1e-6 cm/s", (1, 100_000_000), Dimension::PERMEABILITY),
            ("9e7 /M/s", (90_000, 1), Dimension::BIMOLECULAR),
            ("9e7 M^-1 s^-1", (90_000, 1), Dimension::BIMOLECULAR),
            ("9e7 M⁻¹·s⁻¹", (90_000, 1), Dimension::BIMOLECULAR),
            ("9e7 1/(M*s)", (90_000, 1), Dimension::BIMOLECULAR),
            ("0.3011 /s", (3011, 10_000), Dimension::RATE),
            ("1000 packets", (1000, 1), Dimension::ITEMS),
            ("64 KiB", (64 * 8192, 1), Dimension::DATA),
            ("64 kB", (512_000, 1), Dimension::DATA),
            ("1500 B", (12_000, 1), Dimension::DATA),
            ("-70 mV", (-7, 100), Dimension::VOLTAGE),
            ("\u{2212}70 mV", (-7, 100), Dimension::VOLTAGE),
            ("500 um^2", (1, 2_000_000_000), Dimension::AREA),
            ("500 µm²", (1, 2_000_000_000), Dimension::AREA),
            ("800 packets/s", (800, 1), Dimension::ITEM_RATE),
            ("2 ns/B", (1, 4_000_000_000), Dimension::TIME_PER_DATA),
            ("1/3 s", (1, 3), Dimension::TIME),
            ("5 %", (1, 20), Dimension::NUMBER),
            (" 42 ", (42, 1), Dimension::NUMBER),
            ("20 pS", (1, 50_000_000_000), Dimension::CONDUCTANCE),
            ("1 V*S/A", (1, 1), Dimension::NUMBER),
        ];
        for &(text, value, dimension) in cases {
            let q = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((q.exact, q.dimension), (value, dimension), "{text}");
            assert!(q.value.is_finite());
        }
        assert_eq!(parse("0.1 s").unwrap().value, 0.1);
        assert_eq!(exact("1 kg"), (1, 1));
    }

    #[test]
    fn mistakes_are_pointed_at_within_the_text() {
        let hint = |text| fault(text).2.unwrap();
        assert_eq!(fault("10 Mb/s").1, "Mb");
        assert_eq!(hint("10 Mb/s"), "write `Mbit` for bits or `MB` for bytes");
        assert_eq!(fault("5 msec").1, "msec");
        assert_eq!(hint("10 mbit/s"), "did you mean `Mbit`?");
        assert_eq!(hint("500 um2"), "write `^2` for a power");
        assert_eq!(hint("1,5 ms"), "the decimal sign is a point");
        assert_eq!(fault("5 ms/").0, "a unit is missing at the end");
        assert_eq!(fault("ms").0, "expected a number with a unit");
        assert_eq!(fault("").1, "");
        assert_eq!(fault("5 m^999").1, "^999");
        assert_eq!(fault("5 (m").1, "(");
        assert_eq!(fault("5 m)").1, ")");
        assert_eq!(fault("1/0 s").1, "0");
        assert_eq!(fault("inf s").0, "this is not a finite number");
        assert_eq!(fault("5 $").1, "$");
    }

    #[test]
    fn absurd_sizes_are_errors() {
        for text in ["1e30 Ebit", "1e99999 s", "1e-38 zm", "1 km^9*km^9", "5 ((((((((((m))))))))))"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let deep = format!("1 {}", "m^9*".repeat(40) + "m");
        assert!(parse(&deep).is_err());
    }

    proptest! {
        #[test]
        fn any_text_gives_a_quantity_or_an_error_within_it(text in "\\PC{0,24}|[-0-9.eE/ *^()µmsMbBK%]{0,24}") {
            match parse(&text) {
                Ok(q) => prop_assert!(q.value.is_finite() && q.exact.1 > 0),
                Err(e) => prop_assert!(text.get(e.range.clone()).is_some(), "{:?} in {:?}", e.range, text),
            }
        }
    }
}
