//! Scales and their ticks: 1-2-5 steps on linear axes, decades with minor ticks on logarithmic ones.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use crate::font::Words;

/// How values become positions; both ends are part of the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    Linear { low: f64, high: f64 },
    Log { low: f64, high: f64 },
}

/// A mark on an axis; one without a label is minor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: Option<Words>,
}

/// Slack for rounding when a tick is at the end of an axis.
const SLACK: f64 = 1e-9;

impl Scale {
    /// From zero to a round number at or above `high`, which has `steps` steps or fewer; to one if `high` is not positive.
    pub(crate) fn from_zero(high: f64, steps: u32) -> Self {
        let high = if high > 0.0 && high.is_finite() { high } else { 1.0 };
        let step = round_step(high / f64::from(steps));
        Self::Linear { low: 0.0, high: step * (high / step - SLACK).ceil() }
    }
    /// `low..high` with a margin of 4 % at both ends, so that marks keep off the other axis.
    pub(crate) fn padded(low: f64, high: f64) -> Self {
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 };
        Self::Linear { low: low - margin, high: high + margin }
    }
    /// The same for a logarithmic axis; both ends must be positive.
    pub(crate) fn log_padded(low: f64, high: f64) -> Self {
        let margin = if high > low { (high / low).powf(0.04) } else { 2.0 };
        Self::Log { low: low / margin, high: high * margin }
    }
    /// From a round number at or below `low` to one at or above `high`: powers of ten over more than two decades, 1-2-5 below.
    pub(crate) fn log_rounded(low: f64, high: f64) -> Self {
        if high / low > 100.0 {
            let down = (low.log10() + SLACK).floor() as i32;
            let up = (high.log10() - SLACK).ceil() as i32;
            return Self::Log { low: ten_to(down), high: ten_to(up) };
        }
        Self::log_snug(low, high)
    }
    /// From 1, 2 or 5 times a power of ten at or below `low` to one at or above `high`.
    pub(crate) fn log_snug(low: f64, high: f64) -> Self {
        let around = |x: f64| {
            let exponent = x.log10().floor() as i32;
            (exponent - 1..exponent + 2).flat_map(|e| [1, 2, 5].map(|digit| multiple_of_power(digit, e)))
        };
        let below = around(low).filter(|r| *r <= low * (1.0 + SLACK)).fold(f64::NAN, f64::max);
        let above = around(high).filter(|r| *r >= high * (1.0 - SLACK) && *r > below).fold(f64::NAN, f64::min);
        Self::Log { low: below, high: above }
    }
    pub(crate) fn low(self) -> f64 {
        match self {
            Self::Linear { low, .. } | Self::Log { low, .. } => low,
        }
    }
    pub(crate) fn high(self) -> f64 {
        match self {
            Self::Linear { high, .. } | Self::Log { high, .. } => high,
        }
    }
    pub(crate) fn is_log(self) -> bool {
        matches!(self, Self::Log { .. })
    }
    /// Whether the scale has a place for `value` (which may be beyond the ends).
    pub(crate) fn takes(self, value: f64) -> bool {
        value.is_finite() && (!self.is_log() || value > 0.0)
    }
    /// The position of `value`: 0 at the low end, 1 at the high end, and no farther than that.
    pub(crate) fn fraction(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => (value / low).ln() / (high / low).ln(),
        };
        // Zero and below are off a logarithmic axis at its low end.
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }
    /// Ticks, about `wanted` of them with labels.
    pub(crate) fn ticks(self, wanted: u32) -> Vec<Tick> {
        match self {
            Self::Linear { low, high } => linear_ticks(low, high, wanted.max(1)),
            Self::Log { low, high } => log_ticks(low, high, wanted.max(1)),
        }
    }
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (from, to) = (f64::from(limit.0), f64::from(limit.1));
        (from + (to - from) * self.fraction(*value)).round() as i32
    }
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let wanted = hint.bold_points().min(100) as u32;
        self.ticks(wanted).into_iter().map(|t| t.value).take(hint.max_num_points()).collect()
    }
    fn range(&self) -> Range<f64> {
        self.low()..self.high()
    }
}

fn ten_to(exponent: i32) -> f64 {
    multiple_of_power(1, exponent)
}

/// `digit` times ten to the `exponent`, correctly rounded.
fn multiple_of_power(digit: i32, exponent: i32) -> f64 {
    format!("{digit}e{exponent}").parse().expect("a decimal number")
}

/// The least of 1, 2, 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let exponent = least.log10().floor() as i32;
    let mut steps = [1, 2, 5].into_iter().map(|digit| multiple_of_power(digit, exponent));
    steps.find(|s| *s >= least * (1.0 - SLACK)).unwrap_or_else(|| ten_to(exponent + 1))
}

fn linear_ticks(low: f64, high: f64, wanted: u32) -> Vec<Tick> {
    let step = round_step((high - low) / f64::from(wanted));
    let decimals = (-(step.log10() + SLACK).floor()).max(0.0) as usize;
    let (first, last) = ((low / step - SLACK).ceil() as i64, (high / step + SLACK).floor() as i64);
    (first..=last)
        .map(|k| {
            let value = k as f64 * step;
            Tick { value, label: Some(Words::plain(signed(format!("{value:.decimals$}")))) }
        })
        .collect()
}

/// With a real minus sign.
fn signed(number: String) -> String {
    match number.strip_prefix('-') {
        Some(rest) if rest.chars().any(|c| c.is_ascii_digit() && c != '0') => format!("\u{2212}{rest}"),
        Some(rest) => rest.to_owned(),
        None => number,
    }
}

fn log_ticks(low: f64, high: f64, wanted: u32) -> Vec<Tick> {
    let (down, up) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10();
    let plain = low >= 0.99e-3 && high <= 1.01e4;
    let every = (decades / f64::from(wanted)).ceil().max(1.0) as i32;
    let mut ticks = Vec::new();
    for exponent in down..=up {
        for digit in 1..10 {
            let value = multiple_of_power(digit, exponent);
            if value < low * (1.0 - SLACK) || value > high * (1.0 + SLACK) {
                continue;
            }
            let labelled = match digit {
                1 => exponent.rem_euclid(every) == 0,
                2 | 5 => decades <= 2.0,
                _ => decades < 0.5,
            };
            let minor = decades <= 8.0 || digit == 1;
            if labelled || minor {
                ticks.push(Tick { value, label: labelled.then(|| log_label(digit, exponent, plain)) });
            }
        }
    }
    ticks
}

fn log_label(digit: i32, exponent: i32, plain: bool) -> Words {
    if plain {
        let decimals = (-exponent).max(0) as usize;
        return Words::plain(format!("{:.decimals$}", multiple_of_power(digit, exponent)));
    }
    let power = Words::power_of_ten(exponent, "");
    if digit == 1 { power } else { Words { head: format!("{digit}×10"), ..power } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<String> {
        let text = |w: &Words| if w.sup.is_empty() { w.head.clone() } else { format!("{}^{}", w.head, w.sup) };
        ticks.iter().filter_map(|t| t.label.as_ref().map(text)).collect()
    }

    #[test]
    fn linear_axes_step_by_one_two_five() {
        assert_eq!(labels(&Scale::from_zero(0.83, 5).ticks(5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Scale::from_zero(230.0, 5).ticks(5)), ["0", "50", "100", "150", "200", "250"]);
        let centred = Scale::Linear { low: -1.0, high: 1.0 };
        assert_eq!(labels(&centred.ticks(4)), ["\u{2212}1.0", "\u{2212}0.5", "0.0", "0.5", "1.0"]);
    }

    #[test]
    fn log_axes_have_decades_and_minor_ticks() {
        let ticks = Scale::log_rounded(3e-5, 0.9).ticks(6);
        assert_eq!(
            labels(&ticks),
            ["10^\u{2212}5", "10^\u{2212}4", "10^\u{2212}3", "10^\u{2212}2", "10^\u{2212}1", "10^0"]
        );
        assert_eq!(ticks.len(), 46);
        assert_eq!(labels(&Scale::log_rounded(1.5, 180.0).ticks(5)), ["1", "10", "100", "1000"]);
        assert_eq!(labels(&Scale::log_rounded(2.2, 38.0).ticks(5)), ["2", "5", "10", "20", "50"]);
    }

    #[test]
    fn wide_log_axes_label_every_other_decade() {
        let ticks = Scale::log_rounded(1e-12, 1.0).ticks(6);
        assert_eq!(labels(&ticks).len(), 7);
    }

    #[test]
    fn positions_stay_on_the_axis() {
        let log = Scale::Log { low: 1.0, high: 100.0 };
        assert_eq!(log.map(&10.0, (0, 1000)), 500);
        assert_eq!(log.map(&0.0, (0, 1000)), 0);
        assert_eq!(log.map(&1e9, (0, 1000)), 1000);
        assert_eq!(log.map(&f64::NAN, (0, 1000)), 0);
        assert_eq!(Scale::Linear { low: 0.0, high: 4.0 }.map(&1.0, (1000, 0)), 750);
    }

    #[test]
    fn odd_ranges_give_axes_all_the_same() {
        for high in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300] {
            let scale = Scale::from_zero(high, 5);
            assert!(scale.high() > scale.low() && scale.ticks(5).len() < 12, "{high}: {scale:?}");
        }
        assert_eq!(Scale::log_snug(3.0, 1300.0), Scale::Log { low: 2.0, high: 2000.0 });
        let one = Scale::padded(3.0, 3.0);
        assert!(one.low() < 3.0 && one.high() > 3.0);
        assert!(Scale::log_rounded(10.0, 10.0).high() > 10.0 - 1e-9);
    }
}
