//! `[probe.NAME]` of kind `count` and `states`: how many a link, a stage or a flow holds at certain times, and for what
//! share of the time it holds so many.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Table, did_you_mean};
use sim_core::stats::{Component, ComponentKind, StateShare};

use super::Builder;
use crate::probe;

/// What is looked at beside what is always measured.
#[derive(Default)]
pub(super) struct Looks {
    /// A component for each time, and then for each question.
    pub(super) components: Vec<Component>,
    /// The questions.
    pub(super) states: Vec<StateShare>,
}

impl Builder<'_> {
    /// Reads the probes, which name flows and stations by what these `components` are called.
    pub(super) fn looks(&mut self, probes: &[&Table], components: &[Component]) -> Looks {
        let (mut looks, mut asked) = (Looks::default(), Vec::new());
        for table in probes {
            let is_count = table.kind() == "count";
            let read = match table.kind() {
                "count" | "states" => looked_at(table, components, is_count),
                _ => continue,
            };
            let done = read.and_then(|of| {
                if is_count {
                    for instant in probe::instants(table)? {
                        let kind = ComponentKind::Sample { of, at: SimTime::from_ticks(instant.ticks) };
                        looks.components.push(Component::new(instant.name(), kind, "packet"));
                    }
                } else {
                    for (least, most, name) in probe::questions(table)? {
                        looks.states.push(StateShare { of, least, most });
                        asked.push(Component::new(name, ComponentKind::State, "packet"));
                    }
                }
                Ok(())
            });
            if let Err(d) = done {
                self.diagnostics.push(d);
            }
        }
        looks.components.append(&mut asked);
        looks
    }
}

/// The component that a probe is of.
///
/// Fails if there is none, or none that can be looked at so.
fn looked_at(table: &Table, components: &[Component], is_count: bool) -> Result<u32, Diagnostic> {
    let (of, span) = (table.text("of"), table.span_of("of"));
    let holds = |kind: ComponentKind| match kind {
        ComponentKind::Station { .. } => true,
        ComponentKind::Flow => is_count,
        _ => false,
    };
    let found = components.iter().zip(0..).find(|(c, _)| c.name == of);
    match found {
        Some((c, place)) if holds(c.kind) => Ok(place),
        Some(_) => {
            let label = if is_count {
                "expected a link, a stage that takes time, or a flow"
            } else {
                "expected a link or a stage that takes time"
            };
            Err(Diagnostic::error("E0398", span, format!("`{of}` holds nothing that could be counted"), label))
        }
        None => {
            let names = || components.iter().filter(|c| holds(c.kind)).map(|c| c.name.as_str());
            let d = Diagnostic::error(
                "E0398",
                span,
                format!("there is no `{of}` to look at"),
                "expected a link or a stage",
            );
            let all = || format!("there are: {}", names().take(8).collect::<Vec<_>>().join(", "));
            Err(d.help(did_you_mean(of, names()).unwrap_or_else(all)))
        }
    }
}
