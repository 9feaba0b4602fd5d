//! `[probe.NAME]` of links, stages and flows: how many they hold at certain times (`count`), for what share of the time they
//! hold so many (`states`), when they first do (`first_passage`), and when what departs departs (`passages`). Tails of times come
//! after them, when all components are known.

use std::sync::Arc;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Table, did_you_mean};
use sim_core::stats::{Component, ComponentKind};

use super::Builder;
use crate::probe::{self, Asked, Instant};

/// What is looked at beside what is always measured.
pub(super) struct Looks {
    /// A component for each time, and then for each question.
    pub(super) components: Vec<Component>,
    pub(super) asked: Asked,
}

impl Builder<'_> {
    /// Reads the probes of flows and of these `stations`, whose components come after those of the flows.
    pub(super) fn looks(&mut self, probes: &[&Table], stations: &[Component]) -> Looks {
        let (mut instants, mut states, mut passages) = (Vec::new(), Vec::new(), Vec::new());
        for table in probes.iter().filter(|table| !matches!(table.kind(), "attribution" | "tail")) {
            let is_count = table.kind() == "count";
            let done = self.looked_at(table, stations, is_count).and_then(|of| {
                match table.kind() {
                    "count" => instants.extend(probe::instants(table)?.into_iter().map(|i| (of, i))),
                    "passages" => passages.extend(probe::passages(table, of)?),
                    _ => states.extend(probe::states(table, of)?),
                }
                Ok(())
            });
            if let Err(d) = done {
                self.diagnostics.push(d);
            }
        }
        let instant = |(of, i): &(u32, Instant<'_>)| {
            let kind = ComponentKind::Sample { of: *of, at: SimTime::from_ticks(i.ticks) };
            Component::new(i.name(), kind, "packet")
        };
        let asked = |name: &String| Component::new(name, ComponentKind::Asked, "packet");
        let names = states.iter().map(|s| &s.1).chain(passages.iter().map(|p| &p.1));
        Looks {
            components: instants.iter().map(instant).chain(names.map(asked)).collect(),
            asked: Asked {
                states: states.into_iter().map(|s| s.0).collect(),
                passages: passages.into_iter().map(|p| p.0).collect(),
                tails: Arc::default(),
            },
        }
    }

    /// The component that a probe is of.
    ///
    /// Fails if there is none, or none that can be looked at so.
    fn looked_at(&self, table: &Table, stations: &[Component], is_count: bool) -> Result<u32, Diagnostic> {
        let (of, span) = (table.text("of"), table.span_of("of"));
        let flows = self.flows.iter().map(|f| (f.name.as_str(), is_count));
        let holds = |c: &Component| matches!(c.kind, ComponentKind::Station { .. });
        let known = flows.chain(stations.iter().map(|c| (c.name.as_str(), holds(c))));
        match known.clone().zip(0..).find(|((name, _), _)| *name == of) {
            Some(((_, true), place)) => Ok(place),
            Some(_) => {
                let label = if is_count {
                    "expected a link, a stage that takes time, or a flow"
                } else {
                    "expected a link or a stage that takes time"
                };
                Err(Diagnostic::error("E0398", span, format!("`{of}` holds nothing that could be counted"), label))
            }
            None => {
                let names = || known.clone().filter(|k| k.1).map(|k| k.0);
                let message = format!("there is no `{of}` to look at");
                let d = Diagnostic::error("E0398", span, message, "expected a link or a stage");
                let all = || format!("there are: {}", names().take(8).collect::<Vec<_>>().join(", "));
                Err(d.help(did_you_mean(of, names()).unwrap_or_else(all)))
            }
        }
    }
}
