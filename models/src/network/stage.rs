//! Stages: what a packet passes at a node before it is forwarded.

use sim_core::config::{Diagnostics, Field, Table, Type};

use super::discipline::{Discipline, DisciplineContext};
use super::gate::Gate;
use super::service::Service;
use crate::registry::Kind;

/// A stage before it is made ready to run.
#[derive(Debug)]
pub enum StageSpec {
    /// Packets wait and are served.
    Station {
        /// Parallel workers.
        workers: u32,
        /// The law of their service times; without one, packets that are let go take no time.
        service: Option<Service>,
        /// The queue discipline in front of them.
        queue: Box<dyn Discipline>,
    },
    /// Packets are judged and pass at once.
    Gate(Box<dyn Gate>),
}

/// Makes a stage from its checked table.
pub type MakeStage = fn(&Table, &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics>;

/// More workers than this at one stage are refused.
const WORKERS_MAX: i64 = 1_000_000;

/// The stages that come with the program.
pub const STAGES: &[Kind<MakeStage>] = &[Kind {
    name: "server",
    doc: "Workers behind a queue: M/M/c/K and its relatives. A station with c workers and a queue limit of K - c.",
    fields: &[
        Field::default("workers", Type::Integer { min: 1, max: WORKERS_MAX }, "1", "Parallel workers."),
        Field::required("service", Type::Kind("service"), "The law of service times."),
        Field::default("queue", Type::Kind("discipline"), "{ kind = \"fifo\" }", "The queue in front of the workers."),
    ],
    make: read_server,
}];

fn read_server(table: &Table, context: &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics> {
    let law = table.table("service");
    let make = context.registry.services.get(law.kind()).expect("the checker knows the kind").make;
    Ok(StageSpec::Station {
        workers: table.integer("workers") as u32,
        service: Some(make(law)?),
        queue: context.make(table.table("queue"))?,
    })
}
