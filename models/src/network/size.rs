//! Laws of packet sizes: bits on the wire, framing included, so that `rate` of a link is what its interface serialises.
//!
//! | kind | law | mean |
//! |---|---|---|
//! | `constant` | every packet has `size` | `size` |
//! | `exponential` | geometric in whole bits: the exponential law as far as bits allow | exactly `mean` |
//! | `uniform` | any whole number of bits from `min` to `max` | their middle |
//! | `pareto` | bounded Pareto of shape `alpha` between `min` and `max`, rounded to whole bits | that of the law |
//! | `imix` | the simple Internet mix, 7:4:1 of three sizes | 361.83 B or 340.33 B |
//! | `empirical` | the sizes of a list, by weight | their weighted mean |
//!
//! Validated against: M/M/1 (exponential), M/G/1 by Pollaczek and Khinchine with the two mixes.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Field, Span, Table, Type};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::rng::Rng;

use crate::common::pareto::Pareto;
use crate::registry::Kind;

/// A law of packet sizes, in bits.
#[derive(Clone, Debug)]
pub enum Size {
    /// Always the same.
    Constant(u32),
    /// Geometric on 1, 2, ... bits.
    Exponential {
        /// Mean in bits, at least 1.
        mean: f64,
        /// The scale of the exponential variate that is rounded up.
        scale: f64,
    },
    /// Any whole number of bits from `min` to `max`.
    Uniform {
        /// Least size in bits.
        min: u32,
        /// Greatest size in bits.
        max: u32,
    },
    /// Bounded Pareto, rounded.
    Pareto {
        /// The law in bits.
        law: Pareto,
        /// Greatest size in bits.
        max: u32,
    },
    /// Weighted values.
    Empirical(Arc<Alias>),
}

/// Makes a law from its checked table.
pub type MakeSize = fn(&Table) -> Result<Size, Diagnostics>;

/// The largest packet, in bits (256 MiB).
pub const BITS_MAX: u32 = 1 << 31;

/// The largest mean of the exponential law, in bits (4 MiB): no variate of 53 random bits then exceeds [`BITS_MAX`].
const EXPONENTIAL_MEAN_MAX: f64 = (1 << 25) as f64;

/// The laws that come with the program.
pub const SIZES: &[Kind<MakeSize>] = &[
    Kind {
        name: "constant",
        doc: "Every packet has the same size.",
        fields: &[Field::required("size", BITS, "The size on the wire, 1 bit to 256 MiB.")],
        make: |table| bits(table, "size").map(Size::Constant),
    },
    Kind {
        name: "exponential",
        doc: "Exponential sizes, rounded up to whole bits so that the mean is exact (the geometric law); for M/M/1 and its \
              relatives.",
        fields: &[Field::required("mean", BITS, "The mean size, 1 bit to 4 MiB.")],
        make: |table| exponential(table.quantity("mean"), table.span_of("mean")),
    },
    Kind {
        name: "uniform",
        doc: "Every whole number of bits from `min` to `max` is as likely as every other.",
        fields: &[
            Field::required("min", BITS, "The least size, at least 1 bit."),
            Field::required("max", BITS, "The greatest size, at most 256 MiB."),
        ],
        make: uniform,
    },
    Kind {
        name: "pareto",
        doc: "Bounded Pareto sizes: P(S > s) falls as s^-alpha between `min` and `max`.",
        fields: &[
            Field::required("min", BITS, "The least size, at least 1 bit."),
            Field::required(
                "alpha",
                Type::Number { min: 0.01, max: 100.0 },
                "The shape: the less, the heavier the tail.",
            ),
            Field::default(
                "max",
                BITS,
                "\"65535 B\"",
                "The greatest size, more than `min` and at most 256 MiB; by default that of an IP packet.",
            ),
        ],
        make: pareto,
    },
    Kind {
        name: "imix",
        doc: "The simple Internet mix: small, middle and large packets as 7 to 4 to 1.",
        fields: &[Field::default(
            "variant",
            Type::Choice(&["64-594-1518", "40-576-1500"]),
            "\"64-594-1518\"",
            "The three sizes in bytes: Ethernet frames (mean 361.83 B), or IP packets (mean 340.33 B).",
        )],
        make: |table| {
            let sizes = if table.text("variant") == "40-576-1500" { [40, 576, 1500] } else { [64, 594, 1518] };
            let values: Vec<(u32, f64)> = sizes.iter().zip([7.0, 4.0, 1.0]).map(|(b, w)| (8 * b, w)).collect();
            Ok(Size::Empirical(Arc::new(Alias::new(&values))))
        },
    },
    Kind {
        name: "empirical",
        doc: "The sizes of a list, each as often as its weight says.",
        fields: &[Field::required(
            "values",
            Type::List(&Type::Record(&[
                Field::required("size", BITS, "A size on the wire, 1 bit to 256 MiB."),
                Field::default(
                    "weight",
                    Type::Number { min: 0.0, max: 1e12 },
                    "1.0",
                    "How often, relative to the others.",
                ),
            ])),
            "Sizes with their weights.",
        )],
        make: empirical,
    },
];

const BITS: Type = Type::Quantity(&[Dimension::DATA]);

fn refuse<T>(
    code: &'static str,
    span: Span,
    message: impl Into<String>,
    label: &str,
    help: &str,
) -> Result<T, Diagnostics> {
    let mut all = Diagnostics::default();
    all.push(Diagnostic::error(code, span, message, label).help(help));
    Err(all)
}

/// A whole number of bits from 1 to [`BITS_MAX`].
fn bits(table: &Table, key: &str) -> Result<u32, Diagnostics> {
    let (q, span) = (table.quantity(key), table.span_of(key));
    let whole = u32::try_from(q.exact.0).ok().filter(|&b| q.exact.1 == 1 && (1..=BITS_MAX).contains(&b));
    whole.map_or_else(|| refuse("E0350", span, format!("a packet of {q}"), OUT_OF_RANGE, "for example `1500 B`"), Ok)
}

const OUT_OF_RANGE: &str = "a packet has a whole number of bits from 1 to 2^31";

fn exponential(mean: Quantity, span: Span) -> Result<Size, Diagnostics> {
    let m = mean.value;
    if !(1.0..=EXPONENTIAL_MEAN_MAX).contains(&m) {
        let label = "the mean is from 1 bit to 4 MiB";
        return refuse("E0350", span, format!("a mean size of {mean}"), label, "for example `1000 B`");
    }
    // ceil(s E) with s = -1/ln(1 - 1/m) is geometric with success probability 1/m, whose mean is m.
    Ok(Size::Exponential { mean: m, scale: -1.0 / libm::log1p(-1.0 / m) })
}

fn uniform(table: &Table) -> Result<Size, Diagnostics> {
    let (min, max) = (bits(table, "min")?, bits(table, "max")?);
    if min > max {
        let label = "less than `min`";
        return refuse("E0351", table.span_of("max"), "`max` is less than `min`", label, "exchange them");
    }
    Ok(Size::Uniform { min, max })
}

fn pareto(table: &Table) -> Result<Size, Diagnostics> {
    let (min, max) = (bits(table, "min")?, bits(table, "max")?);
    if min >= max {
        let key = if table.get("max").is_some_and(|v| v.defaulted) { "min" } else { "max" };
        let (message, label) =
            (format!("`max`, {}, is not more than `min`", table.quantity("max")), "expected `min` < `max`");
        return refuse("E0351", table.span_of(key), message, label, "for example min = \"64 B\", max = \"1500 B\"");
    }
    Ok(Size::Pareto { law: Pareto::new(min.into(), max.into(), table.number("alpha")), max })
}

fn empirical(table: &Table) -> Result<Size, Diagnostics> {
    let (mut values, mut wrong) = (Vec::new(), Diagnostics::default());
    for entry in table.list("values").iter().filter_map(|v| v.as_table()) {
        match bits(entry, "size") {
            Ok(size) => values.push((size, entry.number("weight"))),
            Err(d) => wrong.extend(d),
        }
    }
    if wrong.has_errors() {
        return Err(wrong);
    }
    if !values.iter().any(|(_, w)| *w > 0.0) {
        let help = "values = [{ size = \"64 B\", weight = 7 }, { size = \"1518 B\", weight = 1 }]";
        return refuse("E0351", table.span_of("values"), "no size has a weight", "nothing to draw from", help);
    }
    Ok(Size::Empirical(Arc::new(Alias::new(&values))))
}

impl Size {
    /// One size in bits, at least 1.
    #[inline]
    pub fn draw(&self, rng: &mut Rng) -> u32 {
        if let Self::Constant(bits) = self { *bits } else { self.draw_anew(rng) }
    }
    #[inline(never)]
    fn draw_anew(&self, rng: &mut Rng) -> u32 {
        match self {
            Self::Constant(bits) => *bits,
            Self::Exponential { scale, .. } => (libm::ceil(scale * rng.exponential()) as u32).max(1),
            Self::Uniform { min, max } => min + rng.below(u64::from(max - min) + 1) as u32,
            Self::Pareto { law, .. } => (law.draw(rng) + 0.5) as u32,
            Self::Empirical(alias) => alias.draw(rng),
        }
    }
    /// The mean in bits.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(bits) => f64::from(*bits),
            Self::Exponential { mean, .. } => *mean,
            Self::Uniform { min, max } => f64::midpoint(f64::from(*min), f64::from(*max)),
            Self::Pareto { law, .. } => law.moment(1.0),
            Self::Empirical(alias) => alias.mean,
        }
    }
    /// The largest in bits; `None` if there is no bound.
    pub fn largest(&self) -> Option<u32> {
        match self {
            Self::Constant(bits) => Some(*bits),
            Self::Exponential { .. } => None,
            Self::Uniform { max, .. } | Self::Pareto { max, .. } => Some(*max),
            Self::Empirical(alias) => alias.slots.iter().map(|s| s.value).max(),
        }
    }
}

/// Weighted values, drawn in constant time from one uniform by the alias method (Walker 1977, doi:10.1145/355744.355749;
/// table construction of Vose 1991, doi:10.1109/32.92917).
#[derive(Clone, Debug)]
pub struct Alias {
    mean: f64,
    slots: Vec<Slot>,
}

/// An equal share of the probability: `value` up to `keep` of it, `other` beyond.
#[derive(Clone, Copy, Debug)]
struct Slot {
    keep: f64,
    value: u32,
    other: u32,
}

impl Alias {
    /// A table for values and weights that are not negative; at least one is positive.
    fn new(values: &[(u32, f64)]) -> Self {
        let values: Vec<(u32, f64)> = values.iter().copied().filter(|(_, w)| *w > 0.0).collect();
        let sum: f64 = values.iter().map(|(_, w)| w).sum();
        let mean = values.iter().map(|(v, w)| f64::from(*v) * (w / sum)).sum();
        let n = values.len() as f64;
        let mut slots: Vec<Slot> =
            values.iter().map(|&(v, w)| Slot { keep: w / sum * n, value: v, other: v }).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..slots.len()).partition(|&i| slots[i].keep < 1.0);
        // What is left when either runs out is whole but for rounding, and keeps itself as its alias.
        while let Some(&rich) = large.last() {
            let Some(poor) = small.pop() else { break };
            slots[poor].other = slots[rich].value;
            slots[rich].keep -= 1.0 - slots[poor].keep;
            if slots[rich].keep < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        Self { mean, slots }
    }
    #[inline]
    fn draw(&self, rng: &mut Rng) -> u32 {
        let u = rng.uniform() * self.slots.len() as f64;
        let i = u as usize;
        let slot = &self.slots[i];
        if u - (i as f64) < slot.keep { slot.value } else { slot.other }
    }
}

#[cfg(test)]
mod tests {
    use super::super::traffic::fixture::table;
    use super::*;

    fn size(text: &str) -> Result<Size, Diagnostics> {
        let table = table(SIZES, text);
        (SIZES.iter().find(|k| k.name == table.kind()).unwrap().make)(&table)
    }

    /// Mean and squared coefficient of variation of a sample.
    fn moments(law: &Size, n: u32) -> (f64, f64) {
        let mut rng = Rng::seed_from_u64(7);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let x = f64::from(law.draw(&mut rng));
            sum += x;
            squares += x * x;
        }
        let mean = sum / f64::from(n);
        (mean, squares / f64::from(n) / (mean * mean) - 1.0)
    }

    /// min ln(max / min) / (1 - min / max) for 800 and 80 000 bits.
    const PARETO_MEAN: f64 = 800.0 * 4.605_170_185_988_092 / 0.99;

    #[test]
    fn laws_have_their_moments() {
        // Mean in bits and squared coefficient of variation; the latter of the mixes are known (1.38329 and 1.58166).
        for (text, mean, scv) in [
            ("{ kind = 'constant', size = '1250 B' }", 10_000.0, 0.0),
            ("{ kind = 'exponential', mean = '1000 B' }", 8000.0, 1.0),
            ("{ kind = 'exponential', mean = '3 bit' }", 3.0, 2.0 / 3.0),
            ("{ kind = 'exponential', mean = '1 bit' }", 1.0, 0.0),
            ("{ kind = 'uniform', min = '1 bit', max = '6 bit' }", 3.5, (35.0 / 12.0) / 12.25),
            // The second moment for alpha = 1 is min x max.
            (
                "{ kind = 'pareto', min = '100 B', alpha = 1, max = '10 kB' }",
                PARETO_MEAN,
                8e2 * 8e4 / (PARETO_MEAN * PARETO_MEAN) - 1.0,
            ),
            ("{ kind = 'imix' }", 361.833_333 * 8.0, 1.38329),
            ("{ kind = 'imix', variant = '40-576-1500' }", 340.333_333 * 8.0, 1.58166),
            ("{ kind = 'empirical', values = [{ size = '1 B', weight = 3 }, { size = '9 B' }] }", 24.0, 4.0 / 3.0),
        ] {
            let law = size(text).unwrap();
            assert!((law.mean() / mean - 1.0).abs() < 1e-8, "{text}: {}", law.mean());
            let n = 400_000;
            let (m, c) = moments(&law, n);
            let error = (scv / f64::from(n)).sqrt();
            assert!((m / mean - 1.0).abs() <= 4.0 * error, "{text}: mean {m}");
            assert!((c - scv).abs() <= 0.02 * scv, "{text}: scv {c}");
        }
    }

    #[test]
    fn an_alias_table_holds_the_exact_probabilities() {
        for weights in [vec![7.0, 4.0, 1.0], vec![1.0], vec![0.0, 1.0, 0.0], vec![0.1; 10], vec![1e-9, 1.0, 1e9]] {
            let values: Vec<(u32, f64)> = weights.iter().enumerate().map(|(i, w)| (i as u32, *w)).collect();
            let alias = Alias::new(&values);
            let sum: f64 = weights.iter().sum();
            let n = alias.slots.len() as f64;
            for (i, w) in weights.iter().enumerate() {
                let share = |s: &Slot| {
                    let (v, keep) = (i as u32, s.keep.min(1.0));
                    f64::from(u8::from(s.value == v)) * keep + f64::from(u8::from(s.other == v)) * (1.0 - keep)
                };
                let p = alias.slots.iter().map(share).sum::<f64>() / n;
                assert!((p - w / sum).abs() < 1e-14, "{weights:?}: {i} has {p}");
                assert!(*w > 0.0 || p == 0.0, "{weights:?}: {i} is drawn without a weight");
            }
        }
    }

    #[test]
    fn the_largest_exponential_packet_fits() {
        let Size::Exponential { scale, .. } = size("{ kind = 'exponential', mean = '4 MiB' }").unwrap() else {
            panic!("not exponential")
        };
        assert!(scale * 53.0 * std::f64::consts::LN_2 < f64::from(BITS_MAX));
    }

    #[test]
    fn sizes_that_no_packet_has_are_refused() {
        for (text, code) in [
            ("{ kind = 'constant', size = '0 B' }", "E0350"),
            ("{ kind = 'constant', size = '0.5 bit' }", "E0350"),
            ("{ kind = 'constant', size = '1 GiB' }", "E0350"),
            ("{ kind = 'exponential', mean = '0 bit' }", "E0350"),
            ("{ kind = 'exponential', mean = '1 GB' }", "E0350"),
            ("{ kind = 'uniform', min = '2 B', max = '1 B' }", "E0351"),
            ("{ kind = 'pareto', min = '2 B', max = '2 B', alpha = 1 }", "E0351"),
            ("{ kind = 'pareto', min = '1 MB', alpha = 1 }", "E0351"),
            ("{ kind = 'pareto', min = '0 B', alpha = 1 }", "E0350"),
            ("{ kind = 'empirical', values = [] }", "E0351"),
            ("{ kind = 'empirical', values = [{ size = '1 B', weight = 0 }] }", "E0351"),
            ("{ kind = 'empirical', values = [{ size = '0 B' }, { size = '1 B' }] }", "E0350"),
        ] {
            let found = size(text).unwrap_err();
            assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{text}");
        }
    }
}
