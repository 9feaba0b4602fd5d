//! Ion channels: N alike and independent, each in one of a few states.
//!
//! ```text
//! A -> B     for each transition: so many of those in A go to B a second, `rate` times their count
//! S inside -> S outside   n_open k_out S,   back n_open k_in S    (only with a permeant)
//! ```
//! (Colquhoun & Hawkes 1982, doi:10.1098/rstb.1982.0156.) Channels in one state are exchangeable, so only how many are in each is
//! simulated (`NAME.STATE`): the law is that of channels simulated one by one, and the cost does not depend on N but on how often they
//! change. A rate is a quantity or an expression over the membrane's voltage, ligands and whatever else a rate law may read; what it reads
//! is not used up. The utilization is the open probability; without a permeant, what passes is openings.
//!
//! Validated against: equilibrium and relaxation of the two-state channel and of the scheme of del Castillo & Katz, the potassium
//! channel of Hodgkin & Huxley under voltage steps (binomial with n(t)^4), open-channel block.

use sim_core::config::{Diagnostic, Field, Span, Table, Type, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};

use super::super::builder::{Compartment, first};
use super::super::formula::{Formula, FormulaText};
use super::super::reaction::{ANY_DIMENSION, home};
use super::super::{Channel, Law, Passage, PathwayBuilder, Species};
use super::{MakePathway, same_place};
use crate::registry::Kind;

const RATE: Type = Type::Quantity(&[Dimension::RATE]);

const TRANSITION: &[Field] = &[
    Field::required("from", Type::Text, "The state that is left."),
    Field::required("to", Type::Text, "The state that is entered."),
    Field::required(
        "rate",
        Type::OneOf(&[RATE, Type::Text]),
        "How often each channel does it: a rate, or an expression in 1/s as the `law` of a reaction has it: names of waveforms, \
         `[A]` for concentrations in mol/m^3, `parameters`, functions such as `exp(x)` and `exprel(x)`, (exp(x) - 1) / x.",
    ),
];

const FIELDS: &[Field] = &[
    Field::required("N", Type::Number { min: 1.0, max: 1e9 }, "How many channels there are."),
    Field::required("states", Type::List(&Type::Text), "The states of a channel; all are in the first at the start."),
    Field::optional(
        "initial",
        Type::Map(&Type::Number { min: 0.0, max: 1e9 }),
        "How many are in each state at the start instead; N together.",
    ),
    Field::required("transitions", Type::List(&Type::Record(TRANSITION)), "Which state leads to which, and how fast."),
    Field::required("conducting", Type::List(&Type::Text), "The states in which it is open."),
    Field::optional(
        "in",
        Type::Reference("compartment"),
        "The compartment of species that rates name without a dot; may be left out if there is only one.",
    ),
    Field::optional(
        "parameters",
        Type::Map(&Type::Signed(ANY_DIMENSION)),
        "Named values of the rates, in SI base units.",
    ),
    Field::optional("species", Type::Text, "What goes through open channels; unless given, openings are counted."),
    Field::optional("from", Type::Reference("compartment"), "Where that comes from."),
    Field::optional("to", Type::Reference("compartment"), "Where it goes."),
    Field::optional("k_out", RATE, "Rate constant of each open channel, outwards: ions a second for each in `from`."),
    Field::optional("k_in", RATE, "The same backwards, for each ion in `to`."),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "channel",
    doc: "Ion channels with states and transitions of one's own, whose rates may follow voltage and ligands. Utilization is \
          the open probability.",
    fields: FIELDS,
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let states = States::of(table, to)?;
    let home = home(table, to)?;
    let conducting = states.listed(table, "conducting")?;
    let is_open = |state: usize| conducting.contains(&state);
    let pools: Vec<Species> =
        states.names.iter().zip(&states.initial).map(|(name, &count)| to.state(name, count)).collect();
    for &pool in &pools {
        to.counts_as(pool, "channel");
    }
    let open: Vec<Species> = conducting.iter().map(|&state| pools[state]).collect();
    to.busy_by_counts(&open, table.number("N"));
    let has_permeant = add_permeant(table, &open, to)?;
    if !has_permeant {
        to.passes("opening");
    }
    for (step, transition) in states.transitions(table)? {
        let [from, into] = step;
        let law = law(transition, table, home, pools[from], to)?;
        let opens = !has_permeant && !is_open(from) && is_open(into);
        let passage = if opens { Passage::Forward } else { Passage::Internal };
        to.channel(Channel::new(&[pools[from]], &[pools[into]], law, passage));
    }
    Ok(())
}

/// The error of a channel whose keys contradict each other.
fn wrong(span: Span, message: String, label: &str) -> Diagnostic {
    Diagnostic::error("E0607", span, message, label)
}

/// The states of a channel.
struct States<'a> {
    names: Vec<&'a str>,
    /// How many channels are in each at the start.
    initial: Vec<f64>,
}

impl<'a> States<'a> {
    fn of(table: &'a Table, to: &PathwayBuilder<'_>) -> Result<Self, Diagnostic> {
        let n = table.number("N");
        if n.fract() != 0.0 {
            return Err(wrong(table.span_of("N"), format!("{n} channels"), "expected a whole number"));
        }
        let mut states = Self { names: Vec::new(), initial: Vec::new() };
        for value in table.list("states") {
            let name = value.as_text().unwrap_or_default();
            if name.is_empty() || name.contains(['.', ' ']) {
                return Err(wrong(
                    value.span,
                    format!("`{name}` is no name of a state"),
                    "expected a word without dots",
                ));
            }
            if states.names.contains(&name) {
                return Err(wrong(value.span, format!("`{name}` is listed twice"), "each state has a name of its own"));
            }
            states.names.push(name);
        }
        if states.names.is_empty() {
            let message = format!("`{}` has no states", table.path);
            return Err(wrong(table.span_of("states"), message, "expected `[\"C\", \"O\"]`"));
        }
        states.initial = vec![0.0; states.names.len()];
        match table.opt_table("initial") {
            Some(initial) => states.begin_with(initial, n, to)?,
            None => states.initial[0] = n,
        }
        Ok(states)
    }

    /// Enters how many of `n` are in each state at the start.
    fn begin_with(&mut self, initial: &Table, n: f64, to: &PathwayBuilder<'_>) -> Result<(), Diagnostic> {
        for (name, span, value) in &initial.entries {
            let count = value.as_number().unwrap_or_default();
            if count.fract() != 0.0 && !to.world.is_mean {
                return Err(wrong(value.span, format!("{count} channels in `{name}`"), "expected a whole number"));
            }
            let state = self.named(name, *span)?;
            self.initial[state] = count;
        }
        let sum: f64 = self.initial.iter().sum();
        // Broken counts of a mean add up to N but for rounding.
        if (sum - n).abs() > 1e-9 * n {
            let message = format!("`{}` adds up to {sum}, but there are {n} channels", initial.path);
            return Err(wrong(initial.span, message, "expected N together"));
        }
        Ok(())
    }

    /// The state called `name`; `span` is where the name stands.
    fn named(&self, name: &str, span: Span) -> Result<usize, Diagnostic> {
        self.names.iter().position(|n| *n == name).ok_or_else(|| {
            let d = wrong(span, format!("there is no state `{name}`"), "not one of `states`");
            let all = || format!("there are: {}", self.names.join(", "));
            d.help(did_you_mean(name, self.names.iter().copied()).unwrap_or_else(all))
        })
    }

    /// The states that `table` lists under `key`, each once.
    fn listed(&self, table: &Table, key: &str) -> Result<Vec<usize>, Diagnostic> {
        let mut found = Vec::new();
        for value in table.list(key) {
            let name = value.as_text().unwrap_or_default();
            let state = self.named(name, value.span)?;
            if found.contains(&state) {
                return Err(wrong(value.span, format!("`{name}` is listed twice"), "once is enough"));
            }
            found.push(state);
        }
        if found.is_empty() {
            let message = format!("`{}` never conducts", table.path);
            return Err(wrong(table.span_of(key), message, "expected a state or more"));
        }
        Ok(found)
    }

    /// Each transition: from which state to which, and its table.
    fn transitions(&self, table: &'a Table) -> Result<Vec<([usize; 2], &'a Table)>, Diagnostic> {
        let mut found: Vec<([usize; 2], &Table)> = Vec::new();
        for transition in table.list("transitions").iter().filter_map(|value| value.as_table()) {
            let state = |key| self.named(transition.text(key), transition.span_of(key));
            let step = [state("from")?, state("to")?];
            let [from, into] = step.map(|state| self.names[state]);
            if from == into {
                let message = format!("`{from}` leads to itself");
                return Err(wrong(transition.span_of("to"), message, "expected another state"));
            }
            if found.iter().any(|known| known.0 == step) {
                let d = wrong(transition.span, format!("`{from}` to `{into}` is given twice"), "one rate for each");
                return Err(d.help("add the rates up: `rate = \"a + b\"`"));
            }
            found.push((step, transition));
        }
        let is_reached = |state: usize| self.initial[state] > 0.0 || found.iter().any(|known| known.0[1] == state);
        if let Some(lost) = (0..self.names.len()).find(|&state| !is_reached(state)) {
            let name = self.names[lost];
            let span = table.list("states")[lost].span;
            let d = wrong(span, format!("nothing leads to state `{name}`"), "no transition, and none at the start");
            return Err(d.help(format!("add `{{ from = \"{}\", to = \"{name}\", rate = \"1 /s\" }}`", self.names[0])));
        }
        Ok(found)
    }
}

/// The rate of a transition, for each channel in `from`.
fn law(
    transition: &Table,
    table: &Table,
    home: Option<Compartment>,
    from: Species,
    to: &mut PathwayBuilder<'_>,
) -> Result<Law, Diagnostic> {
    let span = transition.span_of("rate");
    let Some(text) = transition.opt_text("rate") else {
        return Ok(Law::FirstOrder { k: transition.quantity("rate").value, of: from });
    };
    if let Ok(given) = Quantity::parse(text)
        && given.dimension != Dimension::NUMBER
    {
        let message = format!("`{text}` is {}, not a rate", given.dimension.describe());
        let message = if given.dimension == Dimension::RATE { format!("`{text}` is below zero") } else { message };
        return Err(
            wrong(span, message, "expected a rate or an expression in 1/s").help("for example `rate = \"200 /s\"`")
        );
    }
    let formula = FormulaText {
        text,
        span,
        each_of: Some(from),
        home,
        parameters: table.opt_table("parameters"),
        names: Vec::new(),
        what: "rate law",
        draws: false,
    };
    let Formula { law, reads, follows } = formula.read(to).map_err(|found| first(&found))?;
    if !follows.is_empty() || !reads[1..].iter().all(|s| s.is_fixed()) {
        return Ok(Law::Expression { law, reads, follows });
    }
    // What is held constant changes by interventions only, which build all laws anew.
    let held = reads[1..].iter().map(|s| to.world.pools[s.slot as usize].initial);
    let k = law.evaluate(&std::iter::once(1.0).chain(held).collect::<Vec<_>>());
    if k >= 0.0 && k.is_finite() {
        Ok(Law::FirstOrder { k, of: from })
    } else {
        Err(wrong(span, format!("the rate is {k} /s, which is no rate"), "expected zero or more"))
    }
}

/// Lets a species through the `open` ones, if one is named.
fn add_permeant(table: &Table, open: &[Species], to: &mut PathwayBuilder<'_>) -> Result<bool, Diagnostic> {
    const KEYS: [&str; 5] = ["species", "from", "to", "k_out", "k_in"];
    let is_given = |key: &&str| table.get(key).is_some();
    let Some(given) = KEYS.iter().find(|key| is_given(key)) else { return Ok(false) };
    if let Some(missing) = KEYS[..3].iter().find(|key| !is_given(key)) {
        let message = format!("`{}` has `{given}` but no `{missing}`", table.path);
        let d = wrong(table.span_of(given), message, "what goes through has a name, a place and an aim");
        return Err(d.help("add `species`, `from`, `to` and `k_out`, or leave all of them out"));
    }
    if !KEYS[3..].iter().any(is_given) {
        let message = format!("`{}` lets nothing through", table.path);
        let d = wrong(table.span_of("species"), message, "expected `k_out`, `k_in` or both");
        return Err(d.help("add `k_out = \"100 /s\"`"));
    }
    if table.text("from") == table.text("to") {
        return Err(same_place(table, "to", table.text("to")));
    }
    let inside = to.species_in(table, "species", "from")?;
    let outside = to.species_in(table, "species", "to")?;
    to.passes(to.world.pools[inside.slot as usize].entity);
    for (key, [source, target], passage) in
        [("k_out", [inside, outside], Passage::Forward), ("k_in", [outside, inside], Passage::Backward)]
    {
        let Some(k) = table.opt_quantity(key) else { continue };
        for &state in open {
            let law = Law::MassAction { c: k.value, reactants: vec![(source, 1), (state, 1)] };
            to.channel(Channel::new(&[source], &[target], law, passage));
        }
    }
    Ok(true)
}
