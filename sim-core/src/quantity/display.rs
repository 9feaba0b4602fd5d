//! Writes a quantity so that reading it again gives exactly the same.

use std::fmt;

use super::ratio::Ratio;
use super::{Dimension, Quantity, parse};

/// Units worth writing, by dimension; small before large.
const UNITS: &[(Dimension, &[&str])] = &[
    (Dimension::TIME, &["ps", "ns", "us", "ms", "s", "min", "h", "d"]),
    (Dimension::DATA, &["bit", "B", "kB", "KiB", "MB", "MiB", "GB", "GiB"]),
    (Dimension::BIT_RATE, &["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]),
    (Dimension::ITEMS, &["items"]),
    (Dimension::ITEM_RATE, &["items/s"]),
    (Dimension::TIME_PER_DATA, &["ps/B", "ns/B", "us/B", "ms/B", "s/B", "s/bit"]),
    (Dimension::LENGTH, &["nm", "um", "mm", "cm", "m", "km"]),
    (Dimension::AREA, &["nm^2", "um^2", "mm^2", "cm^2", "m^2"]),
    (Dimension::VOLUME, &["aL", "fL", "pL", "nL", "uL", "mL", "L"]),
    (Dimension::AMOUNT, &["amol", "fmol", "pmol", "nmol", "umol", "mmol", "mol"]),
    (Dimension::CONCENTRATION, &["fM", "pM", "nM", "uM", "mM", "M"]),
    (Dimension::CONCENTRATION_RATE, &["pM/s", "nM/s", "uM/s", "uM/min", "mM/s", "M/s"]),
    (Dimension::AMOUNT_RATE, &["fmol/s", "pmol/s", "nmol/s", "pmol/min", "nmol/min", "umol/min", "mol/s"]),
    (Dimension::SPECIFIC_ACTIVITY, &["pmol/min/mg", "nmol/min/mg", "umol/min/mg"]),
    (Dimension::PERMEABILITY, &["nm/s", "um/s", "cm/s", "m/s"]),
    (Dimension::BIMOLECULAR, &["/M/s", "/mM/s", "/uM/s"]),
    (Dimension::VOLTAGE, &["uV", "mV", "V", "kV"]),
    (Dimension::CURRENT, &["fA", "pA", "nA", "uA", "mA", "A"]),
    (Dimension::CONDUCTANCE, &["fS", "pS", "nS", "uS", "mS", "S"]),
    (Dimension::CHARGE, &["fC", "pC", "nC", "C"]),
    (Dimension::CAPACITANCE, &["fF", "pF", "nF", "uF", "F"]),
    (Dimension::TEMPERATURE, &["K"]),
    (Dimension::MASS, &["pg", "ng", "ug", "mg", "g", "kg"]),
    (Dimension::DIFFUSIVITY, &["um^2/s", "cm^2/s", "m^2/s"]),
    (Dimension::VOLUME_RATE, &["uL/min", "mL/min", "L/s"]),
    (Dimension::PER_AREA, &["/um^2", "/cm^2", "/m^2"]),
];

impl fmt::Display for Quantity {
    /// Writes the shortest number among the usual units, or an exact fraction of the base unit: `10 Mbit/s`, `1/3 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = Ratio { num: self.exact.0, den: self.exact.1 };
        let usual = UNITS.iter().find(|u| u.0 == self.dimension).map_or(&[][..], |u| u.1);
        let base = self.dimension.unit();
        let shortest = usual
            .iter()
            .filter_map(|unit| Some((number(exact.div(size(unit)?)?)?, *unit)))
            .min_by_key(|(n, unit)| (n.contains('e'), n.len(), n.contains('.'), unit.len()))
            .or_else(|| Some((number(exact)?, base.as_str())));
        let (number, unit) = shortest.unwrap_or_else(|| (format!("{}/{}", exact.num, exact.den), &base));
        f.pad(format!("{number} {unit}").trim_end())
    }
}

fn size(unit: &str) -> Option<Ratio> {
    let one = parse::parse(&format!("1 {unit}")).ok()?;
    Some(Ratio { num: one.exact.0, den: one.exact.1 })
}

/// `x` as a decimal, with an exponent if that is shorter; `None` if it has no finite decimal.
fn number(x: Ratio) -> Option<String> {
    let (mut den, mut twos, mut fives) = (x.den, 0_u32, 0_u32);
    while den % 2 == 0 {
        (den, twos) = (den / 2, twos + 1);
    }
    while den % 5 == 0 {
        (den, fives) = (den / 5, fives + 1);
    }
    let places = twos.max(fives);
    if den != 1 {
        return None;
    }
    let scale = 10_i128.checked_pow(places)?;
    let digits = x.num.unsigned_abs().checked_mul((scale / x.den).unsigned_abs())?;
    // Read back, the digits must fit an i128.
    i128::try_from(digits).ok()?;
    let sign = if x.num < 0 { "-" } else { "" };
    Some(format!("{sign}{}", shorter(&digits.to_string(), places as usize)))
}

fn shorter(digits: &str, places: usize) -> String {
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let plain = if places == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
    let exponent = digits.len() as i64 - 1 - places as i64;
    let (first, rest) = significant.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let scientific = format!("{first}{point}{rest}e{exponent}");
    if (-4..7).contains(&exponent) || plain.len() <= scientific.len() { plain } else { scientific }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        Quantity::parse(text).unwrap().to_string()
    }

    #[test]
    fn usual_values_come_back_as_people_write_them() {
        for text in [
            "10 Mbit/s",
            "8 ms",
            "10 min",
            "90 s",
            "90 min",
            "2 uM",
            "1 pL",
            "500 um^2",
            "64 KiB",
            "-70 mV",
            "2 ns/B",
            "0.3011 /s",
            "200 pmol/min/mg",
            "1 h",
            "0 s",
            "120 us",
            "310.15 K",
            "300 Gbit/s",
            "1/3 s",
            "42",
            "1 d",
            "-0.5",
        ] {
            assert_eq!(written(text), text);
        }
        assert_eq!(written("1000 packets"), "1000 items");
        assert_eq!(written("9e7 /M/s"), "90 /uM/s");
        assert_eq!(written("1 V*mol"), "1 mol*kg*m^2/A/s^3");
    }

    #[test]
    fn every_listed_unit_has_its_dimension() {
        for (dimension, units) in UNITS {
            for unit in *units {
                assert_eq!(Quantity::parse(&format!("1 {unit}")).unwrap().dimension, *dimension, "{unit}");
            }
        }
    }

    proptest! {
        #[test]
        fn reading_what_was_written_gives_the_same(
            num in any::<i128>(), den in prop_oneof![1_i128..1_000_000, any::<i128>()], which in 0..UNITS.len(), s in -3_i8..3, cut in 0_u32..127,
        ) {
            let dimension = Dimension { s, ..UNITS[which].0 };
            if let Some(q) = Quantity::ratio(num >> cut, den, dimension) {
                prop_assert_eq!(Quantity::parse(&q.to_string()), Ok(q));
            }
        }

        #[test]
        fn a_float_keeps_its_value(value in -1e15_f64..1e15, scale in -15_i32..1) {
            let value = value * 10_f64.powi(scale);
            let q = Quantity::from_value(value, Dimension::TIME).unwrap();
            prop_assert_eq!(q.value, value);
            prop_assert_eq!(Quantity::parse(&q.to_string()).unwrap(), q);
        }
    }
}
