//! `[reaction.NAME]`: an equation with mass action or with a rate law of one's own.
//!
//! Mass action: the reaction proceeds at `k [A]^a [B]^b` (in amount per time and volume), so a channel of order m in a
//! volume V has the stochastic constant `c = k a! b! / (V N_A)^(m-1)` and the propensity `c` times the number of ways to
//! choose the reactants (Gillespie 1992, doi:10.1016/0378-4371(92)90283-V). `c` may be given directly.
//!
//! A `law` is the propensity itself, in firings per second. A species' name stands for its count, `[A]` for its
//! concentration in mol/m^3, which is the base unit that parameters with units come in; `volume` (m^3), `N_A` (1/mol),
//! `time` (s), the waveforms and the variables of the scenario are known. A channel that lacks its reactants does not fire, whatever its law says.

use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::{Dimension, Quantity};

use super::builder::{Channel, Compartment, Passage, PathwayBuilder};
use super::equation::{self, Equation, Term};
use super::formula::{Formula, FormulaText, part, species_of};
use super::law::{AVOGADRO, Law, Species};

/// m^6/mol^2/s
const THIRD_ORDER: Dimension = Dimension { m: 6, mol: -2, ..Dimension::RATE };
const CONSTANTS: Type = Type::Quantity(&[
    Dimension::RATE,
    Dimension::BIMOLECULAR,
    Dimension::CONCENTRATION_RATE,
    Dimension::ITEM_RATE,
    Dimension::AMOUNT_RATE,
    THIRD_ORDER,
]);
const STOCHASTIC: Type = Type::Number { min: 0.0, max: f64::MAX };

/// Dimensions that a parameter of a rate law or the value of an intervention may have.
pub(crate) const ANY_DIMENSION: &[Dimension] = &[
    Dimension::NUMBER,
    Dimension::TIME,
    Dimension::RATE,
    Dimension::ITEMS,
    Dimension::ITEM_RATE,
    Dimension::CONCENTRATION,
    Dimension::CONCENTRATION_RATE,
    Dimension::AMOUNT,
    Dimension::AMOUNT_RATE,
    Dimension::BIMOLECULAR,
    THIRD_ORDER,
    Dimension::PERMEABILITY,
    Dimension::LENGTH,
    Dimension::AREA,
    Dimension::VOLUME,
    Dimension::VOLUME_RATE,
    Dimension::TEMPERATURE,
    Dimension::VOLTAGE,
    Dimension::DIFFUSIVITY,
    Dimension::PER_AREA,
];

pub(super) const FIELDS: &[Field] = &[
    Field::required(
        "equation",
        Type::Text,
        "`2 A + B -> C`; `<->` for both ways; `compartment.A` for another compartment.",
    ),
    Field::optional("in", Type::Reference("compartment"), "The compartment; may be left out if there is only one."),
    Field::optional("k", CONSTANTS, "Rate constant of mass action, `/s`, `/uM/s`, by order."),
    Field::optional("k_back", CONSTANTS, "Rate constant backwards."),
    Field::optional(
        "c",
        STOCHASTIC,
        "Stochastic rate constant in 1/s, instead of k: propensity c n (n - 1) / 2 for 2 A.",
    ),
    Field::optional("c_back", STOCHASTIC, "Stochastic rate constant backwards."),
    Field::optional(
        "law",
        Type::Text,
        "Propensity in 1/s as an expression, instead of k and c. `A` is a count, `[A]` a concentration in mol/m^3, the name \
         of a waveform its value now in SI base units, that of a `[variable.NAME]` its value, `time` the time in s; `parameters`, `volume` (of the compartment, m^3) \
         and `N_A` are known. Numbers, `+ - * / ^`, comparisons (`<`, `<=`, `>`, `>=`, `==`, `!=`: 1 if true, else 0), `not`, `and`, `or`, \
         `exp(x)`, `exprel(x)` ((exp(x) - 1) / x, 1 at 0), `log(x)` (natural), `sqrt(x)`, `abs(x)`, `floor(x)`, `ceil(x)`, `sin(x)`, `cos(x)`, \
         `tanh(x)`, `min(x, y, ...)`, `max(x, y, ...)`, `if(condition, then, else)`.",
    ),
    Field::optional("law_back", Type::Text, "Propensity backwards, as `law`."),
    Field::optional("shape", Type::Reference("waveform"), "The [waveform.NAME] that multiplies the rate forwards."),
    Field::optional(
        "shape_back",
        Type::Reference("waveform"),
        "The [waveform.NAME] that multiplies the rate backwards.",
    ),
    Field::optional(
        "parameters",
        Type::Map(&Type::Signed(ANY_DIMENSION)),
        "Named values of the law, in SI base units.",
    ),
];

/// Adds the channels of a reaction.
pub(super) fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostics> {
    let text = table.text("equation");
    let span = table.span_of("equation");
    let equation = equation::parse(text)
        .map_err(|e| Diagnostic::error("E0610", part(span, text, &e.range), e.message, e.expected))
        .map_err(|d| d.help("for example `2 A + B -> C`, `A <-> B`, or `-> A`"))?;
    let home = home(table, to)?;
    let reaction = Reaction { table, equation: &equation, home };
    let left = reaction.side(&equation.left, to)?;
    let right = reaction.side(&equation.right, to)?;
    let mut wrong = Diagnostics::default();
    let mut law = |keys, reactants: &[_]| reaction.law(keys, reactants, to).map_err(|d| wrong.extend(d)).ok();
    let forward = law(["k", "c", "law"], &left);
    let back = ["k_back", "c_back", "law_back", "shape_back"];
    let backward = equation.reversible.then(|| law([back[0], back[1], back[2]], &right)).flatten();
    if let Some(key) = back.into_iter().find(|k| !equation.reversible && table.get(k).is_some()) {
        let message = format!("`{}` only goes one way", table.path);
        let d = Diagnostic::error("E0611", table.span_of(key), message, "a constant backwards needs `<->`");
        wrong.push(d.help(format!("write `equation = \"{}\"`", text.replace("->", "<->"))));
    }
    if let Some(law) = forward {
        to.channel(Channel { takes: left.clone(), gives: right.clone(), law, passage: Passage::Forward });
        to.follow(table, "shape").unwrap_or_else(|d| wrong.push(d));
    }
    if let Some(law) = backward {
        to.channel(Channel { takes: right, gives: left, law, passage: Passage::Backward });
        to.follow(table, "shape_back").unwrap_or_else(|d| wrong.push(d));
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(()) }
}

/// The compartment that names without a dot are in, if there is one.
pub(super) fn home(table: &Table, to: &PathwayBuilder<'_>) -> Result<Option<Compartment>, Diagnostic> {
    if table.get("in").is_some() {
        return to.compartment(table, "in").map(Some);
    }
    Ok(match to.world.compartments.as_slice() {
        [(_, only)] => Some(*only),
        _ => None,
    })
}

struct Reaction<'a> {
    table: &'a Table,
    equation: &'a Equation,
    home: Option<Compartment>,
}

impl Reaction<'_> {
    fn side(&self, terms: &[Term], to: &mut PathwayBuilder<'_>) -> Result<Vec<(Species, u32)>, Diagnostic> {
        let (text, span) = (self.table.text("equation"), self.table.span_of("equation"));
        let mut side: Vec<(Species, u32)> = Vec::new();
        for t in terms {
            let species = species_of(&t.name, self.home, part(span, text, &t.range), to)?.0;
            match side.iter_mut().find(|s| s.0 == species) {
                Some(same) => same.1 += t.n,
                None => side.push((species, t.n)),
            }
        }
        Ok(side)
    }

    /// The law given by one of `keys`: a rate constant, a stochastic constant or an expression.
    fn law(
        &self,
        keys: [&'static str; 3],
        reactants: &[(Species, u32)],
        to: &mut PathwayBuilder<'_>,
    ) -> Result<Law, Diagnostics> {
        let given: Vec<&str> = keys.into_iter().filter(|k| self.table.get(k).is_some()).collect();
        let mass_action = |c| Law::MassAction { c, reactants: reactants.to_vec() };
        match given.as_slice() {
            [k] if *k == keys[0] => Ok(mass_action(self.stochastic(k, reactants, to)?)),
            [c] if *c == keys[1] => Ok(mass_action(self.table.number(c))),
            [law] => self.expression(law, to),
            [] => {
                let message = format!("`{}` has no rate", self.table.path);
                let label = format!("expected `{}`, `{}` or `{}`", keys[0], keys[1], keys[2]);
                let d = Diagnostic::error("E0611", self.table.span, message, label);
                Err(d.help(format!("add `{} = \"{}\"`", keys[0], example(order(reactants)))).into())
            }
            [.., more] => {
                let message = format!("`{}` has more than one rate", self.table.path);
                let label = format!("expected one of {}", given.join(", "));
                Err(Diagnostic::error("E0611", self.table.span_of(more), message, label).into())
            }
        }
    }

    /// The stochastic constant of the rate constant under `key`.
    fn stochastic(&self, key: &str, reactants: &[(Species, u32)], to: &PathwayBuilder<'_>) -> Result<f64, Diagnostic> {
        let k = self.table.quantity(key);
        let order = order(reactants);
        // Between compartments the reaction happens at the membrane of the one that it is said to be in.
        let volume = self.home.or_else(|| {
            let first = reactants.first()?.0;
            let home = to.world.pools[first.slot as usize].compartment?;
            Some(to.world.compartments[home].1)
        });
        let volume = volume.map_or(0.0, |c| c.volume) * AVOGADRO;
        let wanted = match order {
            0 => {
                [Dimension::CONCENTRATION_RATE, Dimension::ITEM_RATE, Dimension::RATE, Dimension::AMOUNT_RATE].to_vec()
            }
            1 => vec![Dimension::RATE],
            2 => vec![Dimension::BIMOLECULAR],
            3 => vec![THIRD_ORDER],
            _ => Vec::new(),
        };
        if !wanted.contains(&k.dimension) {
            let message =
                format!("`{}.{key}` is {}, but the reaction is of order {order}", self.table.path, describe(k));
            let d = Diagnostic::error("E0612", self.table.span_of(key), message, "does not fit the order");
            return Err(match order {
                0..=3 => d.help(format!("for example `{key} = \"{}\"`", example(order))),
                _ => d.help("give the stochastic constant `c` instead"),
            });
        }
        let ways: f64 = reactants.iter().map(|&(_, n)| (1..=n).map(f64::from).product::<f64>()).product();
        Ok(match k.dimension {
            Dimension::CONCENTRATION_RATE => k.value * volume,
            Dimension::AMOUNT_RATE => k.value * AVOGADRO,
            _ if order > 1 => k.value * ways / volume.powi(order as i32 - 1),
            _ => k.value,
        })
    }

    fn expression(&self, key: &str, to: &mut PathwayBuilder<'_>) -> Result<Law, Diagnostics> {
        let terms = self.equation.left.iter().chain(&self.equation.right);
        let names = terms.map(|t| t.name.clone()).collect();
        let text = FormulaText {
            text: self.table.text(key),
            span: self.table.span_of(key),
            each_of: None,
            home: self.home,
            parameters: self.table.opt_table("parameters"),
            names,
            what: "rate law",
            draws: false,
        };
        let Formula { law, reads, follows } = text.read(to)?;
        Ok(Law::Expression { law, reads, follows })
    }
}

fn order(reactants: &[(Species, u32)]) -> u32 {
    reactants.iter().map(|r| r.1).sum()
}

fn example(order: u32) -> &'static str {
    match order {
        0 => "1 uM/s",
        1 => "0.5 /s",
        2 => "0.1 /uM/s",
        _ => "0.1 /uM^2/s",
    }
}

fn describe(q: Quantity) -> &'static str {
    q.dimension.describe()
}
