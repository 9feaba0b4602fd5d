//! `[probe.NAME]` of links, stages and flows: how many they hold, or another level, at certain times (`count`), for what share of the time they
//! hold so many (`states`), when they first do (`first_passage`), and when what departs departs (`passages`). Tails of times come
//! after them, when all components are known.

use std::collections::BTreeSet;
use std::sync::Arc;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Table, did_you_mean};
use sim_core::stats::{Component, ComponentKind, Form};

use super::flows::{Flow, Origin};
use super::{Builder, Load};
use crate::probe::{self, Asked, Instant};

/// What is looked at beside what is always measured.
pub(super) struct Looks {
    /// A component for each time, and then for each question.
    pub(super) components: Vec<Component>,
    pub(super) asked: Asked,
}

impl Builder<'_> {
    /// The flows of whose connections the round trips are asked for.
    pub(super) fn round_trips(&mut self, probes: &[&Table]) -> BTreeSet<usize> {
        let mut asked = BTreeSet::new();
        for table in probes.iter().filter(|table| table.kind() == "round_trip") {
            let (of, span) = (table.text("of"), table.span_of("of"));
            let has_connections = |f: &Flow| matches!(f.origin, Origin::Load(Load::Application(..)));
            let d = match self.flows.iter().position(|f| f.name == of) {
                Some(flow) if !has_connections(&self.flows[flow]) => {
                    let message = format!("`{of}` has no connections");
                    let d = Diagnostic::error("E0398", span, message, "nothing comes back to its sender");
                    d.help("round trips are those of `bulk`, `request_response` and `web`")
                }
                Some(flow) if !asked.insert(flow) => {
                    let message = format!("the round trips of `{of}` are asked for twice");
                    Diagnostic::error("E0608", table.span, message, "once is enough")
                }
                Some(_) => continue,
                None => {
                    let names = || self.flows.iter().filter(|f| has_connections(f)).map(|f| f.name.as_str());
                    let message = format!("there is no `{of}` to look at");
                    let d = Diagnostic::error("E0398", span, message, "expected traffic over connections");
                    let all = || format!("there are: {}", names().take(8).collect::<Vec<_>>().join(", "));
                    d.help(did_you_mean(of, names()).unwrap_or_else(all))
                }
            };
            self.diagnostics.push(d);
        }
        asked
    }

    /// Reads the probes of flows and stations, which these `components` are.
    pub(super) fn looks(&mut self, probes: &[&Table], components: &[Component]) -> Looks {
        let (mut instants, mut states, mut passages) = (Vec::new(), Vec::new(), Vec::new());
        for table in probes.iter().filter(|table| !matches!(table.kind(), "attribution" | "tail" | "round_trip")) {
            let done = match table.kind() {
                "count" => level_at(table, components).and_then(|(of, extra)| {
                    let new = probe::instants(table)?.into_iter().map(|i| (of, extra, i));
                    instants.extend(new);
                    Ok(())
                }),
                "passages" => station(table, components).and_then(|of| {
                    passages.extend(probe::passages(table, of)?);
                    Ok(())
                }),
                _ => station(table, components).and_then(|of| {
                    states.extend(probe::states(table, of)?);
                    Ok(())
                }),
            };
            if let Err(d) = done {
                self.diagnostics.push(d);
            }
        }
        let instant = |(of, extra, i): &(u32, Option<u8>, Instant<'_>)| {
            let kind = ComponentKind::Sample { of: *of, at: SimTime::from_ticks(i.ticks), extra: *extra };
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
}

/// The component whose level a `count` is of, and which of its levels: the number that it holds unless another is named.
///
/// Fails if there is none.
fn level_at(table: &Table, components: &[Component]) -> Result<(u32, Option<u8>), Diagnostic> {
    let holds = |c: &Component| matches!(c.kind, ComponentKind::Station { .. } | ComponentKind::Flow);
    let of = looked_at(table, components, holds, "expected a link, a stage that takes time, or a flow")?;
    let metric = table.text("metric");
    if metric == probe::HELD_NOW {
        return Ok((of, None));
    }
    let component = &components[of as usize];
    let levels = || component.extras.iter().zip(0..).filter(|(extra, _)| extra.form == Form::Level);
    let found = levels().find(|(extra, _)| extra.metric == metric).map(|(_, i)| i);
    found.map(|i| (of, Some(i))).ok_or_else(|| {
        let message = format!("of `{}` no level `{metric}` is known", component.name);
        let known: Vec<&str> = std::iter::once(probe::HELD_NOW).chain(levels().map(|(e, _)| e.metric)).collect();
        let d = Diagnostic::error("E0398", table.span_of("metric"), message, "no such level");
        if metric == "availability" {
            return d.help("it never fails: give it `failures`, or an intervention that fails it");
        }
        d.help(format!("there are: {}", known.join(", ")))
    })
}

/// The station that a probe is of.
///
/// Fails if there is none.
fn station(table: &Table, components: &[Component]) -> Result<u32, Diagnostic> {
    let holds = |c: &Component| matches!(c.kind, ComponentKind::Station { .. });
    looked_at(table, components, holds, "expected a link or a stage that takes time")
}

/// The component that a probe is of.
///
/// Fails if there is none, or none that can be looked at so.
fn looked_at(
    table: &Table,
    components: &[Component],
    holds: impl Fn(&Component) -> bool,
    expected: &str,
) -> Result<u32, Diagnostic> {
    let (of, span) = (table.text("of"), table.span_of("of"));
    match components.iter().position(|c| c.name == of) {
        Some(place) if holds(&components[place]) => Ok(place as u32),
        Some(_) => {
            Err(Diagnostic::error("E0398", span, format!("`{of}` holds nothing that could be counted"), expected))
        }
        None => {
            let names = || components.iter().filter(|c| holds(c)).map(|c| c.name.as_str());
            let message = format!("there is no `{of}` to look at");
            let d = Diagnostic::error("E0398", span, message, "expected a link or a stage");
            let all = || format!("there are: {}", names().take(8).collect::<Vec<_>>().join(", "));
            Err(d.help(did_you_mean(of, names()).unwrap_or_else(all)))
        }
    }
}
