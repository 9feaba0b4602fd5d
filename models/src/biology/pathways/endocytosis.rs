//! Endocytosis: vesicles that have fused are taken up again, each a time of its own after it came.
//!
//! Either by a first-order rate constant `k`, or after a time of any law (`delay`): compensatory uptake takes from some
//! hundred milliseconds (ultrafast) to tens of seconds (clathrin-mediated) and is of several steps, hence no exponential time
//! (Watanabe et al. 2013, doi:10.1038/nature12809; Sudhof 2004, doi:10.1146/annurev.neuro.26.041002.131412; DOIs from memory).
//! Means in the steady state are the same for all laws of the same mean, and so is the law of what is under way if it comes as
//! a Poisson process. `speed` is how fast uptake goes: an intervention that blocks it (dynamin inhibitors) holds what is under
//! way, and lets it go on when it is lifted.
//!
//! Validated against: a closed loop (multinomial, whatever the law of times), M/D/infinity (Poisson, transient too), release
//! that runs down to what there was.

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::super::{Channel, Law, Passage, PathwayBuilder};
use super::{MakePathway, not_positive};
use crate::common::service::Service;
use crate::registry::Kind;

const FIELDS: &[Field] = &[
    Field::required(
        "from",
        Type::Text,
        "What is taken up, as `compartment.species`; each begins its time when it comes there.",
    ),
    Field::required("to", Type::Text, "Where vesicles come to: a reserve, as `compartment.species`."),
    Field::optional("k", Type::Quantity(&[Dimension::RATE]), "Rate constant of each vesicle, instead of `delay`."),
    Field::optional("delay", Type::Kind("service"), "The law of the times that uptake takes, instead of `k`."),
    Field::default(
        "speed",
        Type::Number { min: 0.0, max: 1e6 },
        "1",
        "How fast it goes, for interventions: 0 holds what is under way, 2 halves what is left of its times.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "endocytosis",
    doc: "Uptake of vesicles that have fused: by a rate constant, or each after a time of any law.",
    fields: FIELDS,
    make,
};

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let fused = to.place(table.text("from"), table.span_of("from"))?;
    let reserve = to.place(table.text("to"), table.span_of("to"))?;
    if fused == reserve {
        let message = format!("`{}` leads from `{}` to itself", table.path, table.text("from"));
        let d = Diagnostic::error("E0604", table.span_of("to"), message, "the same as `from`");
        return Err(d.help("name the reserve that vesicles go back to"));
    }
    to.is_vesicle(fused);
    to.is_vesicle(reserve);
    let speed = table.number("speed");
    let law = match (table.opt_quantity("k"), table.opt_table("delay")) {
        (Some(k), None) if k.value > 0.0 => Law::FirstOrder { k: k.value * speed, of: fused },
        (Some(_), None) => return Err(not_positive(table, "k")),
        (None, Some(_)) => match to.times(table, "delay")? {
            // Who has an exponential time has no memory: nobody need know when it came.
            Service::Exponential { .. } => {
                Law::FirstOrder { k: speed / table.table("delay").quantity("mean").value, of: fused }
            }
            time => Law::Delay { time, speed, of: fused },
        },
        (Some(_), Some(_)) => {
            let message = format!("`{}` has both `k` and `delay`", table.path);
            let d = Diagnostic::error("E0607", table.span_of("delay"), message, "one of them");
            return Err(d.help("leave out `k`: it is short for exponential times of mean 1 / k"));
        }
        (None, None) => {
            let message = format!("`{}` has neither `k` nor `delay`", table.path);
            let d = Diagnostic::error("E0607", table.span, message, "how long does it take?");
            return Err(d.help("for example `delay = { kind = \"gamma\", mean = \"15 s\", cv = 0.5 }`"));
        }
    };
    to.channel(Channel::new(&[fused], &[reserve], law, Passage::Forward));
    Ok(())
}
