//! Stages from short texts, for the tests of this family.

use std::cell::RefCell;

use sim_core::config::Diagnostics;

use super::{STAGES, StageSpec};
use crate::network::discipline::DisciplineContext;
use crate::network::gate::Gate;
use crate::network::label::Label;
use crate::network::traffic::fixture::table;
use crate::registry::registry;

/// What is made of a stage among these flows, all of the class `default`, and what is doubtful about it.
pub(super) fn read(text: &str, flows: &[Label]) -> (Result<StageSpec, Diagnostics>, Diagnostics) {
    let (registry, warnings) = (registry(), RefCell::default());
    let classes = ["default".to_owned()];
    let context = DisciplineContext {
        classes: &classes,
        flows,
        rate: None,
        registry: &registry,
        largest: 0,
        warnings: &warnings,
    };
    let table = table(STAGES, text);
    let made = (STAGES.iter().find(|k| k.name == table.kind()).unwrap().make)(&table, &context);
    (made, warnings.into_inner())
}

/// A gate that is made without doubts.
pub(super) fn gate(text: &str, flows: &[Label]) -> Box<dyn Gate> {
    match read(text, flows).0.unwrap() {
        StageSpec::Gate(gate) => gate,
        StageSpec::Station { .. } => panic!("not a gate: {text}"),
    }
}
