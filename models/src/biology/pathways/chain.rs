//! A row of stages that cargo passes one after another: transcytosis, trafficking, exosomes.
//!
//! ```text
//! from --k--> stage 1 --> stage 2 --> ... --> to,    each stage exponential, or Erlang in `steps`
//!             |  back: to `from` again;  lost: gone (degraded)
//! ```
//! What enters is counted by the stage that it is in (`NAME.STAGE`), so the cost does not depend on how much is under way. Without ways out on
//! the way the time through the row is hypoexponential: means add up, and so do variances. With `steps` m a stage is the sum of m exponentials:
//! its standard deviation is its mean over the root of m, which comes near a fixed delay.
//!
//! Validated against: quantiles of a hypoexponential and of an Erlang law as binomial counts; what arrives of what enters where stages lose and
//! give back, from the absorption probabilities of the chain (Kemeny & Snell 1960, Finite Markov Chains, ch. 3).

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder, Species};
use super::{MakePathway, same_place};
use crate::registry::Kind;

const STAGE: &[Field] = &[
    Field::required(
        "mean",
        Type::Quantity(&[Dimension::TIME]),
        "How long it takes on average, if nothing else ends it.",
    ),
    Field::default(
        "steps",
        Type::Integer { min: 1, max: 100 },
        "1",
        "Exponential steps in a row: 1 is exponential, more come near a fixed time (Erlang).",
    ),
    Field::default(
        "back",
        Type::Quantity(&[Dimension::RATE]),
        "\"0 /s\"",
        "Rate constant of going back to where it came from.",
    ),
    Field::default("lost", Type::Quantity(&[Dimension::RATE]), "\"0 /s\"", "Rate constant of being degraded."),
];
const FIELDS: &[Field] = &[
    Field::required("species", Type::Text, "What is carried."),
    Field::required("from", Type::Reference("compartment"), "Where from."),
    Field::required("to", Type::Reference("compartment"), "Where to."),
    Field::required(
        "k",
        Type::Quantity(&[Dimension::RATE]),
        "Rate constant at which each molecule enters the first stage.",
    ),
    Field::required(
        "stages",
        Type::Map(&Type::Record(STAGE)),
        "The stages by name, in order: `{ endosome = { mean = \"2 min\" }, sorting = { mean = \"5 min\", lost = \"1e-3 /s\" } }`.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "chain",
    doc: "Stages in a row, with what goes back and what is lost on the way: transcytosis, trafficking, exosomes. Throughput is what \
          arrives, influx what goes back.",
    fields: FIELDS,
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    if to.compartment(table, "from")? == to.compartment(table, "to")? {
        return Err(same_place(table, "to", table.text("to")));
    }
    let source = to.species_in(table, "species", "from")?;
    let end = to.species_in(table, "species", "to")?;
    let stages: Vec<(&str, &Table)> =
        table.table("stages").entries.iter().filter_map(|(name, _, v)| Some((name.as_str(), v.as_table()?))).collect();
    if stages.is_empty() {
        let message = format!("`{}` has no stages", table.path);
        let d = Diagnostic::error("E0607", table.span_of("stages"), message, "expected one or more");
        return Err(d.help("for example `stages = { endosome = { mean = \"2 min\" } }`"));
    }
    // The pools of all steps, each with how fast it is left in each direction.
    let mut steps: Vec<(Species, &Table, f64)> = Vec::new();
    for (name, stage) in stages {
        let (mean, n) = (stage.quantity("mean").value, stage.integer("steps"));
        if mean <= 0.0 {
            let message = format!("`{}.mean` is zero", stage.path);
            return Err(Diagnostic::error("E0607", stage.span_of("mean"), message, "must be above zero"));
        }
        for step in 1..=n {
            let name = if n == 1 { name.to_owned() } else { format!("{name}_{step}") };
            steps.push((to.state(&name, 0.0), stage, n as f64 / mean));
        }
    }
    let first_order = |k, of| Law::FirstOrder { k, of };
    let enter = first_order(table.quantity("k").value, source);
    to.channel(Channel::new(&[source], &[steps[0].0], enter, Passage::Internal));
    for (i, &(pool, stage, rate)) in steps.iter().enumerate() {
        let (next, passage) = steps.get(i + 1).map_or((end, Passage::Forward), |next| (next.0, Passage::Internal));
        to.channel(Channel::new(&[pool], &[next], first_order(rate, pool), passage));
        for (key, gives, passage) in [("back", &[source][..], Passage::Backward), ("lost", &[], Passage::Internal)] {
            let k = stage.quantity(key).value;
            if k > 0.0 || !stage.get(key).is_none_or(|v| v.defaulted) {
                to.channel(Channel::new(&[pool], gives, first_order(k, pool), passage));
            }
        }
    }
    Ok(())
}
