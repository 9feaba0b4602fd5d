//! From `[traffic.NAME]` tables to flows.

use std::collections::BTreeMap;

use sim_core::config::{Data, Diagnostic, Span, Table, Value};
use sim_core::stats::Extra;
use sim_core::{SimDuration, SimTime};

use super::{Builder, tables, ticks};
use crate::network::label::{self, Label};
use crate::network::packet::Ecn;
use crate::network::size::Size;
use crate::network::system::OriginPlan;
use crate::network::traffic::{Load, matrix};
use crate::network::transport::{Measures, Path};

/// What sends the packets of a flow.
pub(super) enum Origin {
    Load(Load),
    /// Acknowledges the flow before.
    Acknowledgements,
}

impl Origin {
    /// Whether packets bring about others where they arrive.
    pub(super) fn is_answered(&self) -> bool {
        !matches!(self, Self::Load(Load::Source(_)))
    }
    /// As it is started, and what is measured of it at component `component`, its round trips if they are `asked` for. `path` is
    /// known of applications.
    pub(super) fn plan(self, component: usize, path: Option<Path>, asked: bool) -> (OriginPlan, Vec<Extra>) {
        match (self, path) {
            (Self::Load(Load::Application(application, settings)), Some(path)) if asked => {
                let (measures, round_trips, extras) =
                    Measures::with_round_trips(component as u32, application.as_ref(), path);
                (OriginPlan::Client(application, settings, measures, Some(round_trips)), extras)
            }
            (Self::Load(Load::Application(application, settings)), Some(path)) => {
                let (measures, extras) = Measures::new(component as u32, application.as_ref(), path);
                (OriginPlan::Client(application, settings, measures, None), extras)
            }
            (Self::Load(Load::Source(source)), _) => (OriginPlan::Source(source), Vec::new()),
            _ => (OriginPlan::Acknowledgements, Vec::new()),
        }
    }
}

/// A flow before routes are known.
pub(super) struct Flow {
    pub(super) name: String,
    pub(super) stream: String,
    pub(super) origin: Origin,
    pub(super) from: usize,
    /// The index of its destination, unless its packets wander.
    pub(super) to: Option<usize>,
    pub(super) class: u8,
    pub(super) dscp: u8,
    /// Whether its packets bring code points of their own.
    pub(super) coded: bool,
    pub(super) ecn: Ecn,
    pub(super) start: SimDuration,
    pub(super) stop: SimTime,
    pub(super) mean_bits: f64,
    /// The size in bits of its largest packets, if it is known to send such.
    pub(super) largest: Option<u32>,
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
                return self.diagnostics.push(d.help("tell conversations apart by flow, code point or ports instead"));
            }
            if table.kind() == matrix::NAME {
                self.read_matrix(name, table);
            } else {
                self.read_flow(name, table);
            }
        }
        // Links fail whether or not anything is sent.
        let fails = self.graph.links.iter().any(|link| link.failures.is_some());
        if self.flows.is_empty() && !fails && !self.diagnostics.has_errors() {
            let help = match self.graph.nodes.len() {
                0 => {
                    "add [node.NAME], [link.NAME] and [traffic.NAME] for a network, or [compartment.NAME] and \
                      [pathway.NAME] for a cell"
                }
                _ => "add a [traffic.NAME] table",
            };
            let d = Diagnostic::error("E0300", self.scenario.span, "nothing moves in this scenario", "no traffic");
            self.diagnostics.push(d.help(help));
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
        let to = self.read_destination(table);
        let Some(size) = self.size(table) else { return };
        let make = self.context.registry.traffic.get(table.kind()).expect("the checker knows the kind").make;
        let load = match make(table, &size, self.context) {
            Ok(load) => load,
            Err(d) => return self.diagnostics.extend(d),
        };
        let Some(from) = from else { return };
        if to.is_none() && table.get("to").is_some() {
            return;
        }
        let load = Origin::Load(load);
        if let Origin::Load(Load::Application(..)) = load {
            return self.read_client(name, table, load, from, to);
        }
        let flow = self.flow(name.to_string(), table, load, from, to, &size);
        self.warn_of_unsent(&flow, table);
        self.warn_of_ipv6(table);
        self.flows.push(flow);
    }

    /// Traffic over connections: a flow of data and one of acknowledgements back.
    fn read_client(&mut self, name: &str, table: &Table, load: Origin, from: usize, to: Option<usize>) {
        let one_end = |to: &usize| matches!(self.destinations[*to].nodes[..], [node] if node != from);
        let Some(to) = to.filter(one_end) else {
            let d = Diagnostic::error("E0361", table.span, "connections need another node to end at", "no other end");
            return self.diagnostics.push(d.help("give the traffic a `to` that is one node and not its `from`"));
        };
        if let Some(size) = table.get("size").filter(|v| !v.defaulted) {
            let message = "connections cut their data themselves";
            let d = Diagnostic::error("E0361", size.span, message, "not for connections");
            return self.diagnostics.push(d.help("give `tcp = { mss = \"1460 B\" }` in place of `size`"));
        }
        let Origin::Load(Load::Application(_, settings)) = &load else { unreachable!("asked before") };
        let sizes = [settings.segment_bits(), settings.ack_bits()].map(Size::Constant);
        let reacts_to_marks = settings.reacts_to_marks();
        let data = self.flow(name.to_string(), table, load, from, Some(to), &sizes[0]);
        let (back, other) = (self.at_node(from), self.destinations[to].nodes[0]);
        let mut acks = self.flow(format!("{name}.acks"), table, Origin::Acknowledgements, other, Some(back), &sizes[1]);
        acks.stream.clone_from(&data.stream);
        if let [.., there, back] = self.labels.as_mut_slice() {
            there.ecn = reacts_to_marks;
            back.ecn = false;
            back.acknowledges = true;
            std::mem::swap(&mut back.source_port, &mut back.destination_port);
        }
        self.flows.extend([data, acks]);
    }

    /// Rules that look at addresses see none of IPv6 in the capture that was read last.
    fn warn_of_ipv6(&mut self, table: &Table) {
        let recorded = self.labels.last().and_then(|label| label.recorded.as_ref());
        let Some(recorded) = recorded.filter(|r| r.ipv6 > 0 && matches_addresses(self.scenario)) else { return };
        let (n, all) = (recorded.ipv6, recorded.conversations.len());
        let message = format!("{n} of the {all} conversations of `{}` are of IPv6", table.path);
        let label = "rules with `source` or `destination` see 0.0.0.0 there";
        let d = Diagnostic::warning("W0342", table.span_of("file"), message, label);
        self.warnings.push(d.help("tell them apart by `protocol`, ports or `dscp`"));
    }

    /// Packets of a trace that come too late are not sent, which should not pass in silence. Those behind a `stop` are cut
    /// off on purpose, unless nothing is left.
    fn warn_of_unsent(&mut self, flow: &Flow, table: &Table) {
        let run = self.scenario.opt_table("run");
        let Some(end) = run.and_then(|r| r.opt_quantity("duration")) else { return };
        let Origin::Load(Load::Source(source)) = &flow.origin else { return };
        let sent_by = |at: SimTime| {
            let time = at.ticks().saturating_sub(flow.start.ticks());
            source.supply(SimDuration::from_ticks(time))
        };
        let (Some((all, in_time)), Some((_, sent))) =
            (sent_by(SimTime::from_ticks(ticks(end))), sent_by(flow.stop.min(SimTime::from_ticks(ticks(end)))))
        else {
            return;
        };
        let (count, why) = match table.opt_quantity("stop") {
            Some(stop) if sent == 0 && in_time > 0 => (all, format!("`stop`, {stop}")),
            _ if in_time < all => (all - in_time, format!("the end of the run, {end}")),
            _ => return,
        };
        let message = format!("{count} of the {all} packets of `{}` are never sent", table.path);
        let label = format!("they come at or after {why}");
        let help = "make `run.duration` longer, or cut the file; `start` is added to its times";
        self.warnings.push(Diagnostic::warning("W0341", table.span_of("file"), message, label).help(help));
    }

    pub(super) fn flow(
        &mut self,
        name: String,
        table: &Table,
        origin: Origin,
        from: usize,
        to: Option<usize>,
        size: &Size,
    ) -> Flow {
        let mut label = self.label(&name, table, from, to);
        if let Origin::Load(Load::Source(source)) = &origin {
            label.recorded = source.recorded().map(|recorded| recorded.with_given(table, &label));
        }
        let coded = label.recorded.is_some() && table.get("dscp").is_none_or(|v| v.defaulted);
        let (dscp, ecn) = (label.dscp, if label.ecn { Ecn::Capable } else { Ecn::NotCapable });
        self.labels.push(label);
        // Recorded packets bring their own sizes.
        let recorded = match &origin {
            Origin::Load(Load::Source(source)) => source.largest(),
            _ => None,
        };
        let largest = recorded.or_else(|| size.largest());
        Flow {
            stream: format!("traffic.{name}"),
            name,
            origin,
            from,
            to,
            class: self.class(table.text("class")),
            dscp,
            coded,
            ecn,
            start: SimDuration::from_ticks(ticks(table.quantity("start"))),
            stop: table.opt_quantity("stop").map_or(SimTime::NEVER, |q| SimTime::from_ticks(ticks(q))),
            mean_bits: size.mean(),
            largest,
            span: table.span,
        }
    }

    /// The headers of a flow's packets.
    fn label(&mut self, name: &str, table: &Table, from: usize, to: Option<usize>) -> Label {
        let mut or_tell = |found: Result<u8, Diagnostic>| found.map_err(|d| self.diagnostics.push(d)).unwrap_or(0);
        let (dscp, protocol) = (or_tell(label::dscp(table, "dscp")), or_tell(label::protocol(table, "protocol")));
        let connects = table.get("tcp").is_some() || table.get("transfers").is_some();
        let protocol = if connects && table.get("protocol").is_some_and(|v| v.defaulted) { 6 } else { protocol };
        let port = |key| table.opt_integer(key).unwrap_or(0) as u16;
        Label {
            name: name.to_string(),
            class: self.class(table.text("class")),
            source: self.nodes[from].prefix.host(0),
            destination: to.map_or(0, |to| self.destinations[to].address),
            protocol,
            source_port: port("source_port"),
            destination_port: port("destination_port"),
            dscp,
            ecn: table.bool("ecn"),
            acknowledges: false,
            recorded: None,
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
            let load = match matrix::load(table, &demand, &size, self.context) {
                Ok(load) => Origin::Load(load),
                Err(d) => {
                    self.diagnostics.extend(d);
                    continue;
                }
            };
            let pair = format!("{name}.{}-{}", demand.from, demand.to);
            let n = times_seen.entry(pair.clone()).and_modify(|n| *n += 1).or_insert(1);
            let full = if *n == 1 { pair } else { format!("{pair}#{n}") };
            let to = Some(self.at_node(to));
            if let Origin::Load(Load::Application(..)) = load {
                self.read_client(&full, table, load, from, to);
            } else {
                let flow = self.flow(full, table, load, from, to, &size);
                self.flows.push(flow);
            }
        }
    }
}

/// Whether a rule anywhere in `table` asks for addresses.
fn matches_addresses(table: &Table) -> bool {
    let is_asked = |rule: &Table| ["source", "destination"].iter().any(|key| rule.get(key).is_some());
    table.entries.iter().any(|(key, _, value)| match &value.data {
        Data::Table(inner) => (key == "match" && is_asked(inner)) || matches_addresses(inner),
        Data::List(items) => items.iter().filter_map(Value::as_table).any(matches_addresses),
        _ => false,
    })
}
