//! Workers behind a queue: M/M/c/K and its relatives.

use sim_core::config::{Diagnostics, Field, Table, Type};

use super::{MakeStage, StageSpec};
use crate::network::discipline::DisciplineContext;
use crate::registry::Kind;

/// More workers than this at one stage are refused.
const WORKERS_MAX: i64 = 1_000_000;

pub(super) const KIND: Kind<MakeStage> = Kind {
    name: "server",
    doc: "Workers behind a queue: M/M/c/K and its relatives. A station with c workers and a queue limit of K - c.",
    fields: &[
        Field::default("workers", Type::Integer { min: 1, max: WORKERS_MAX }, "1", "Parallel workers."),
        Field::required("service", Type::Kind("service"), "The law of service times."),
        Field::default("queue", Type::Kind("discipline"), "{ kind = \"fifo\" }", "The queue in front of the workers."),
    ],
    make: read,
};

fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics> {
    let law = table.table("service");
    let make = context.registry.services.get(law.kind()).expect("the checker knows the kind").make;
    Ok(StageSpec::Station {
        workers: table.integer("workers") as u32,
        service: Some(make(law)?),
        queue: context.make(table.table("queue"))?,
    })
}
