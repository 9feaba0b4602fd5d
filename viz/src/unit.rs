//! The unit that an axis is printed in, chosen so that its numbers are between 0.1 and 1000.

use crate::font::Words;

/// How values become printed numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unit {
    /// Printed number = value times this.
    pub(crate) factor: f64,
    /// What stands in the parentheses after the quantity; empty for bare numbers.
    pub(crate) label: Words,
}

/// Units of seconds with their length in s, for values at or above the length times the third number.
const LONG_TIMES: [(&str, f64, f64); 3] = [("d", 86_400.0, 30.0), ("h", 3_600.0, 12.0), ("min", 60.0, 1000.0 / 60.0)];

/// Units that are written with a `u` for micro.
const MICRO: [&str; 6] = ["M", "L", "m", "s", "g", "mol"];

impl Unit {
    /// The unit in which to print values of `unit` about as large as `typical`; rates and counts name the `entity`
    /// that they count, where there is one.
    pub(crate) fn of(unit: &str, entity: Option<&str>, typical: f64) -> Self {
        match (unit, entity) {
            ("s", _) => Self::time(typical),
            ("bit/s", _) => {
                let (power, prefix) = prefix(typical);
                Self { factor: ten_to(-power), label: Words::plain(format!("{prefix}bit/s")) }
            }
            ("%", _) => Self { factor: 100.0, label: Words::plain("%") },
            ("1" | "", _) => Self::scaled(typical, ""),
            ("1/s", Some(entity)) => Self::scaled(typical, &format!("{}/s", plural(entity))),
            (_, Some(entity)) if unit == entity => Self::scaled(typical, &plural(entity)),
            _ => Self::scaled(typical, &pretty(unit)),
        }
    }
    fn time(typical: f64) -> Self {
        if let Some((name, length, _)) = LONG_TIMES.iter().find(|(_, length, from)| typical >= length * from) {
            return Self { factor: 1.0 / length, label: Words::plain(*name) };
        }
        let (power, prefix) = prefix(typical);
        Self { factor: ten_to(-power), label: Words::plain(format!("{prefix}s")) }
    }
    /// A power of ten before the unit where the numbers need it.
    fn scaled(typical: f64, unit: &str) -> Self {
        match power_of_thousand(typical) {
            0 => Self { factor: 1.0, label: Words::plain(unit) },
            power => {
                let tail = if unit.is_empty() { String::new() } else { format!(" {unit}") };
                Self { factor: ten_to(-power), label: Words::power_of_ten(power, &tail) }
            }
        }
    }
    /// `quantity (unit)`.
    pub(crate) fn after(&self, quantity: &str) -> Words {
        if self.label == Words::default() {
            return Words::plain(quantity);
        }
        let label = self.label.clone();
        if label.sup.is_empty() {
            return Words::plain(format!("{quantity} ({})", label.head));
        }
        Words { head: format!("{quantity} ({}", label.head), sup: label.sup, tail: format!("{})", label.tail) }
    }
}

/// A quantity as the scenario spells it, in print: `2 uM` -> `2 µM`, `um^2` -> `µm²`.
pub(crate) fn pretty(text: &str) -> String {
    let micro = |word: &str| match word.strip_prefix('u') {
        Some(rest)
            if MICRO.iter().any(|u| rest.strip_prefix(u).is_some_and(|r| !r.starts_with(char::is_alphanumeric))) =>
        {
            format!("µ{rest}")
        }
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split(' ').map(|w| w.split('/').map(micro).collect::<Vec<_>>().join("/")).collect();
    words.join(" ").replace("^2", "²").replace("^3", "³")
}

/// `molecule` -> `molecules`.
pub(crate) fn plural(entity: &str) -> String {
    format!("{entity}s")
}

fn ten_to(power: i32) -> f64 {
    format!("1e{power}").parse().expect("a decimal number")
}

/// The multiple of three that brings `typical` into 1..1000 (0.1..1 stays as it is).
fn power_of_thousand(typical: f64) -> i32 {
    let size = typical.abs();
    if !size.is_normal() || (0.1..1000.0).contains(&size) {
        return 0;
    }
    3 * (size.log10() / 3.0 + 1e-12).floor() as i32
}

fn prefix(typical: f64) -> (i32, &'static str) {
    let power = power_of_thousand(typical).clamp(-12, 12);
    let prefix = match power {
        -12 => "p",
        -9 => "n",
        -6 => "µ",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        _ => "",
    };
    (power, prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(unit: &Unit) -> String {
        let w = unit.after("Q");
        if w.sup.is_empty() { w.head } else { format!("{}^{}{}", w.head, w.sup, w.tail) }
    }

    #[test]
    fn printed_numbers_are_between_a_tenth_and_a_thousand() {
        for (unit, typical) in
            [("s", 3e-7), ("s", 0.05), ("s", 0.5), ("s", 7.0), ("bit/s", 9.3e6), ("1/s", 2e-5), ("s", 5400.0)]
        {
            let number = typical * Unit::of(unit, None, typical).factor;
            assert!((0.1..1000.0).contains(&number), "{typical} {unit} -> {number}");
        }
    }

    #[test]
    fn labels_are_quantity_and_unit() {
        assert_eq!(text(&Unit::of("s", None, 0.012)), "Q (ms)");
        assert_eq!(text(&Unit::of("s", None, 3e-5)), "Q (µs)");
        assert_eq!(text(&Unit::of("s", None, 5400.0)), "Q (min)");
        assert_eq!(text(&Unit::of("1/s", Some("packet"), 800.0)), "Q (packets/s)");
        assert_eq!(text(&Unit::of("1/s", Some("packet"), 12_000.0)), "Q (10^3 packets/s)");
        assert_eq!(text(&Unit::of("molecule", Some("molecule"), 12.0)), "Q (molecules)");
        assert_eq!(text(&Unit::of("1/s", None, 0.002)), "Q (10^\u{2212}3 1/s)");
        assert_eq!(text(&Unit::of("bit/s", None, 9.5e6)), "Q (Mbit/s)");
        assert_eq!(text(&Unit::of("1", None, 0.5)), "Q");
        assert_eq!(text(&Unit::of("%", None, 0.5)), "Q (%)");
    }

    #[test]
    fn micro_is_printed_as_such() {
        for (typed, printed) in [("2 uM", "2 µM"), ("um^2", "µm²"), ("umol/us", "µmol/µs"), ("uplink", "uplink")] {
            assert_eq!(pretty(typed), printed);
        }
    }

    #[test]
    fn zero_and_nan_keep_the_base_unit() {
        assert_eq!(Unit::of("s", None, 0.0).factor, 1.0);
        assert_eq!(Unit::of("1/s", None, f64::NAN).factor, 1.0);
    }
}
