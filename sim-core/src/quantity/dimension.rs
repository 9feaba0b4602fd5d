//! What a quantity measures, in symbols and in words.

use std::fmt;

use super::Dimension;

/// A dimension with its name and an example of a value, for messages and for the reference page.
const NAMED: &[(Dimension, &str, &str)] = &[
    (Dimension::NUMBER, "a bare number", "1"),
    (Dimension::TIME, "a time", "5 ms"),
    (Dimension::RATE, "a rate", "2 /s"),
    (Dimension::DATA, "a data size", "1500 B"),
    (Dimension::BIT_RATE, "a bit rate", "10 Mbit/s"),
    (Dimension::ITEMS, "a count", "1000 packets"),
    (Dimension::ITEM_RATE, "a rate of items", "800 packets/s"),
    (Dimension::TIME_PER_DATA, "a time per data", "2 ns/B"),
    (Dimension::LENGTH, "a length", "10 um"),
    (Dimension::AREA, "an area", "500 um^2"),
    (Dimension::VOLUME, "a volume", "1 pL"),
    (Dimension::AMOUNT, "an amount of substance", "5 nmol"),
    (Dimension::CONCENTRATION, "a concentration", "2 uM"),
    (Dimension::CONCENTRATION_RATE, "a concentration rate", "1 uM/s"),
    (Dimension::AMOUNT_RATE, "an amount rate", "200 pmol/min"),
    (Dimension::PERMEABILITY, "a permeability or speed", "1e-6 cm/s"),
    (Dimension::BIMOLECULAR, "a second-order rate constant", "9e7 /M/s"),
    (Dimension::VOLTAGE, "a voltage", "-70 mV"),
    (Dimension::CURRENT, "an electric current", "2 pA"),
    (Dimension::CHARGE, "an electric charge", "1 pC"),
    (Dimension::CONDUCTANCE, "a conductance", "20 pS"),
    (Dimension::CAPACITANCE, "a capacitance", "10 pF"),
    (Dimension::TEMPERATURE, "a temperature", "310.15 K"),
    (Dimension::MASS, "a mass", "1 mg"),
    (Dimension::SPECIFIC_ACTIVITY, "an activity per mass of protein", "200 pmol/min/mg"),
    (Dimension::DIFFUSIVITY, "a diffusion coefficient", "100 um^2/s"),
    (Dimension::VOLUME_RATE, "a volume rate", "1 uL/min"),
    (Dimension::PER_AREA, "a density per area", "100 /um^2"),
    (Dimension::PRESSURE, "a pressure", "100 kPa"),
    (Dimension::ENERGY, "an energy", "50 zJ"),
];

impl Dimension {
    /// Its name with an article, for messages: "a bit rate", "a time", "a concentration".
    pub fn describe(self) -> &'static str {
        self.named().map_or("a quantity of another dimension", |n| n.1)
    }

    /// A value of this dimension as one would write it: `5 ms` for a time; its base unit for an unnamed dimension.
    pub fn example(self) -> String {
        self.named().map_or_else(|| format!("1 {}", self.unit()), |n| n.2.to_owned())
    }

    /// As [`Dimension::example`], where a value of any of `dimensions` may stand: what is counted beside amounts or
    /// concentrations are molecules.
    pub fn example_among(self, dimensions: &[Self]) -> String {
        let of_cells = dimensions.iter().any(|d| d.mol != 0) && dimensions.iter().all(|d| d.bit == 0);
        let example = self.example();
        if of_cells && self.item != 0 { example.replace("packets", "molecules") } else { example }
    }

    /// The product of base units that stands behind a number of this dimension: `bit/s`, `/s`, empty for a number.
    pub(super) fn unit(self) -> String {
        let text = self.to_string();
        if text == "1" { String::new() } else { text.strip_prefix('1').map_or(text.clone(), str::to_owned) }
    }

    /// The dimension of a product, if no exponent overflows.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let add = i8::checked_add;
        Some(Self {
            m: add(self.m, other.m)?,
            kg: add(self.kg, other.kg)?,
            s: add(self.s, other.s)?,
            a: add(self.a, other.a)?,
            k: add(self.k, other.k)?,
            mol: add(self.mol, other.mol)?,
            bit: add(self.bit, other.bit)?,
            item: add(self.item, other.item)?,
        })
    }

    /// The dimension of a power, if no exponent overflows.
    pub(super) fn times(self, exponent: i8) -> Option<Self> {
        let mul = |e: i8| e.checked_mul(exponent);
        Some(Self {
            m: mul(self.m)?,
            kg: mul(self.kg)?,
            s: mul(self.s)?,
            a: mul(self.a)?,
            k: mul(self.k)?,
            mol: mul(self.mol)?,
            bit: mul(self.bit)?,
            item: mul(self.item)?,
        })
    }

    fn named(self) -> Option<&'static (Dimension, &'static str, &'static str)> {
        NAMED.iter().find(|n| n.0 == self)
    }

    /// Base units with their exponents, in the order in which they are written.
    fn exponents(self) -> [(&'static str, i8); 8] {
        [
            ("bit", self.bit),
            ("item", self.item),
            ("mol", self.mol),
            ("kg", self.kg),
            ("m", self.m),
            ("A", self.a),
            ("K", self.k),
            ("s", self.s),
        ]
    }
}

impl fmt::Display for Dimension {
    /// Writes the base unit: `bit/s`, `mol/m^3`, `1/s`, `1` for a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = |e: u8| if e == 1 { String::new() } else { format!("^{e}") };
        let mut over = Vec::new();
        let mut under = String::new();
        for (unit, e) in self.exponents() {
            if e > 0 {
                over.push(format!("{unit}{}", power(e.unsigned_abs())));
            } else if e < 0 {
                under.extend(["/", unit, &power(e.unsigned_abs())]);
            }
        }
        let over = if over.is_empty() { "1".to_owned() } else { over.join("*") };
        f.pad(&(over + &under))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quantity;
    use super::*;

    #[test]
    fn dimensions_read_like_units() {
        assert_eq!(Dimension::BIT_RATE.to_string(), "bit/s");
        assert_eq!(Dimension::CONCENTRATION.to_string(), "mol/m^3");
        assert_eq!(Dimension::RATE.to_string(), "1/s");
        assert_eq!(Dimension::NUMBER.to_string(), "1");
        assert_eq!(Dimension::VOLTAGE.to_string(), "kg*m^2/A/s^3");
        assert_eq!((Dimension::RATE.unit(), Dimension::NUMBER.unit()), ("/s".into(), String::new()));
    }

    #[test]
    fn what_is_counted_follows_from_what_else_there_may_be() {
        let in_a_cell = [Dimension::CONCENTRATION, Dimension::ITEMS, Dimension::ITEM_RATE];
        assert_eq!(Dimension::ITEMS.example_among(&in_a_cell), "1000 molecules");
        assert_eq!(Dimension::ITEM_RATE.example_among(&in_a_cell), "800 molecules/s");
        assert_eq!(Dimension::CONCENTRATION.example_among(&in_a_cell), Dimension::CONCENTRATION.example());
        let in_a_network = [Dimension::ITEM_RATE, Dimension::BIT_RATE];
        assert_eq!(Dimension::ITEM_RATE.example_among(&in_a_network), "800 packets/s");
        let anywhere = [in_a_cell.as_slice(), &in_a_network].concat();
        assert_eq!(Dimension::ITEMS.example_among(&anywhere), "1000 packets");
    }

    #[test]
    fn every_named_dimension_has_an_example_of_itself() {
        for &(dimension, name, example) in NAMED {
            assert_eq!(Quantity::parse(example).unwrap().dimension, dimension, "{name}");
        }
        let odd = Dimension { mol: 2, ..Dimension::VOLTAGE };
        assert_eq!(Quantity::parse(&odd.example()).unwrap().dimension, odd);
        assert_eq!(odd.describe(), "a quantity of another dimension");
    }
}
