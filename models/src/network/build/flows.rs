//! From `[traffic.NAME]` tables to flows.

use std::collections::BTreeMap;

use sim_core::config::{Diagnostic, Span, Table};
use sim_core::{SimDuration, SimTime};

use super::{Builder, tables, ticks};
use crate::network::label::{self, Label};
use crate::network::packet::Ecn;
use crate::network::size::Size;
use crate::network::traffic::{Traffic, matrix};

/// A flow before routes are known.
pub(super) struct Flow {
    pub(super) name: String,
    pub(super) stream: String,
    pub(super) traffic: Box<dyn Traffic>,
    pub(super) from: usize,
    pub(super) to: Option<usize>,
    pub(super) class: u8,
    pub(super) dscp: u8,
    pub(super) ecn: Ecn,
    pub(super) start: SimDuration,
    pub(super) stop: SimTime,
    pub(super) mean_bits: f64,
    pub(super) span: Span,
}

impl Builder<'_> {
    pub(super) fn class(&mut self, name: &str) -> u8 {
        if let Some(i) = self.classes.iter().position(|c| c == name) {
            return i as u8;
        }
        self.classes.push(name.to_string());
        (self.classes.len() - 1) as u8
    }

    pub(super) fn read_flows(&mut self) {
        for (name, table) in tables(self.scenario, "traffic") {
            if self.classes.len() > 250 {
                let d = Diagnostic::error("E0331", table.span, "more than 250 classes of traffic", "too many");
                return self.diagnostics.push(d);
            }
            if table.kind() == matrix::NAME {
                self.read_matrix(name, table);
            } else {
                self.read_flow(name, table);
            }
        }
        if self.flows.is_empty() && !self.diagnostics.has_errors() {
            let d = Diagnostic::error("E0300", self.scenario.span, "nothing moves in this scenario", "no traffic")
                .help("add a [traffic.NAME] table, or [compartment.NAME] and [pathway.NAME] for a cell");
            self.diagnostics.push(d);
        }
    }

    pub(super) fn size(&mut self, table: &Table) -> Option<Size> {
        let law = table.table("size");
        let make = self.context.registry.sizes.get(law.kind()).expect("the checker knows the kind").make;
        make(law).map_err(|d| self.diagnostics.extend(d)).ok()
    }

    pub(super) fn read_flow(&mut self, name: &str, table: &Table) {
        let from = if let Some(from) = table.opt_text("from") {
            self.node(from, table.span_of("from"))
        } else {
            let d = Diagnostic::error("E0102", table.span, "missing key `from`", "where do the packets come in?")
                .help("from = \"NODE\"");
            self.diagnostics.push(d);
            None
        };
        let to = table.opt_text("to").map(|to| self.node(to, table.span_of("to")));
        let Some(size) = self.size(table) else { return };
        let make = self.context.registry.traffic.get(table.kind()).expect("the checker knows the kind").make;
        let traffic = match make(table, &size, self.context) {
            Ok(traffic) => traffic,
            Err(d) => return self.diagnostics.extend(d),
        };
        let (Some(from), to) = (from, to) else { return };
        if to == Some(None) {
            return;
        }
        let flow = self.flow(name.to_string(), table, traffic, from, to.flatten(), size.mean());
        self.flows.push(flow);
    }

    pub(super) fn flow(
        &mut self,
        name: String,
        table: &Table,
        traffic: Box<dyn Traffic>,
        from: usize,
        to: Option<usize>,
        mean_bits: f64,
    ) -> Flow {
        let label = self.label(&name, table, from, to);
        let (dscp, ecn) = (label.dscp, if label.ecn { Ecn::Capable } else { Ecn::NotCapable });
        self.labels.push(label);
        Flow {
            stream: format!("traffic.{name}"),
            name,
            traffic,
            from,
            to,
            class: self.class(table.text("class")),
            dscp,
            ecn,
            start: SimDuration::from_ticks(ticks(table.quantity("start"))),
            stop: table.opt_quantity("stop").map_or(SimTime::NEVER, |q| SimTime::from_ticks(ticks(q))),
            mean_bits,
            span: table.span,
        }
    }

    /// The headers of a flow's packets.
    fn label(&mut self, name: &str, table: &Table, from: usize, to: Option<usize>) -> Label {
        let mut or_tell = |found: Result<u8, Diagnostic>| found.map_err(|d| self.diagnostics.push(d)).unwrap_or(0);
        let (dscp, protocol) = (or_tell(label::dscp(table, "dscp")), or_tell(label::protocol(table, "protocol")));
        let port = |key| table.opt_integer(key).unwrap_or(0) as u16;
        Label {
            name: name.to_string(),
            class: self.class(table.text("class")),
            source: self.nodes[from].prefix.host(0),
            destination: to.map_or(0, |to| self.nodes[to].prefix.host(0)),
            protocol,
            source_port: port("source_port"),
            destination_port: port("destination_port"),
            dscp,
            ecn: table.bool("ecn"),
        }
    }

    pub(super) fn read_matrix(&mut self, name: &str, table: &Table) {
        let Some(size) = self.size(table) else { return };
        let demands = match matrix::demands(table, self.context) {
            Ok(demands) => demands,
            Err(d) => return self.diagnostics.extend(d),
        };
        let mut times_seen: BTreeMap<String, u32> = BTreeMap::new();
        for demand in demands {
            let (from, to) = (self.node(&demand.from, demand.span), self.node(&demand.to, demand.span));
            let (Some(from), Some(to)) = (from, to) else { continue };
            let traffic = match matrix::traffic(table, &demand, &size) {
                Ok(traffic) => traffic,
                Err(d) => {
                    self.diagnostics.extend(d);
                    continue;
                }
            };
            let pair = format!("{name}.{}-{}", demand.from, demand.to);
            let n = times_seen.entry(pair.clone()).and_modify(|n| *n += 1).or_insert(1);
            let full = if *n == 1 { pair } else { format!("{pair}#{n}") };
            let flow = self.flow(full, table, traffic, from, Some(to), size.mean());
            self.flows.push(flow);
        }
    }
}
