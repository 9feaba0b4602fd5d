//! Network address and port translation (NAPT, RFC 3022): endpoints inside share the ports of public addresses.
//!
//! A packet from inside uses the mapping of its endpoint, or makes one, which takes a port until no packet from inside has
//! used it for `timeout` (RFC 4787 section 4.3; packets from outside do not refresh it). Where no port is free the packet
//! is dropped, `port_exhausted`. A packet from outside passes if there is a mapping of the endpoint that it goes to, and
//! else is dropped, `no_mapping`. An endpoint is a conversation of a flow: an address, a port and a protocol; of a recording
//! those of its packets. Each protocol has all ports for itself.
//!
//! With `mapping = "endpoint_independent"` (RFC 4787 REQ-1) an endpoint has one mapping, wherever its packets go. With
//! `"endpoint_dependent"` it has one for each destination, and a port can be used towards many destinations at once: the
//! ports are those for a destination address, port and protocol.
//!
//! Ports are counted, not chosen, and headers are not rewritten: classifiers behind the translator see what those before it
//! see, the addresses inside, and so do routes. A mapping whose time is over at an instant is gone when a packet comes at
//! this instant.
//!
//! Validated against: counting where packets come one by one; M/G/inf and Erlang B where each packet is a conversation;
//! a plain list of mappings under random packets.

mod mappings;

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::{SimDuration, SimTime};

use super::{MakeStage, StageSpec};
use crate::network::classifier::{Ranges, addresses};
use crate::network::discipline::{
    DisciplineContext, Effects, MAPPINGS, NO_MAPPING, PORT_EXHAUSTED, Reason, Signal, TRANSLATED,
};
use crate::network::gate::Gate;
use crate::network::label::{Headers, Label};
use crate::network::packet::Packet;
use crate::registry::Kind;
use mappings::Mappings;

/// The ports of 260 addresses.
const PORTS_MAX: i64 = 1 << 24;

pub(super) const KIND: Kind<MakeStage> = Kind {
    name: "nat",
    doc: "Address and port translation (NAPT, RFC 3022): conversations from inside take a port each until they have been idle for a time. \
          Ports are counted, by protocol; headers are not rewritten, so classifiers and routes behind it see the addresses inside. \
          Packets from outside pass if there is a mapping for them, and do not keep it.",
    fields: &[
        Field::default(
            "ports",
            Type::OneOf(&[Type::Integer { min: 1, max: PORTS_MAX }, Type::Text]),
            "\"1024-65535\"",
            "The public ports: a range (RFC 6056 section 3.2), or how many there are; of several addresses, all together.",
        ),
        Field::default(
            "timeout",
            Type::Quantity(&[Dimension::TIME]),
            "\"5 min\"",
            "How long a mapping lasts that no packet from inside uses. RFC 4787 recommends 5 min for UDP, RFC 5382 asks for 2 h 4 min for TCP.",
        ),
        Field::default(
            "mapping",
            Type::Choice(&["endpoint_independent", "endpoint_dependent"]),
            "\"endpoint_independent\"",
            "Whether an endpoint takes a port, whatever it sends to (RFC 4787 REQ-1), or one for each destination, whose ports are then counted apart.",
        ),
        Field::optional(
            "inside",
            Type::OneOf(&[Type::Text, Type::List(&Type::Text)]),
            "The block of addresses that is inside, or a list; `!` excludes. Packets from inside to outside, and back, are translated, others pass. \
             Without it all packets are from inside, but for the acknowledgements of connections. A capture goes one way as a whole, by the addresses of its nodes.",
        ),
    ],
    make: read,
};

fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics> {
    let mut found = Diagnostics::default();
    let ports = ports(table).map_err(|d| found.push(d));
    let timeout = table.quantity("timeout");
    if timeout.value == 0.0 {
        let d = Diagnostic::error("E0384", table.span_of("timeout"), "a timeout of zero", "more than zero");
        found.push(d.help("no mapping would ever be there; RFC 4787 asks for 2 min at least"));
    }
    let inside = addresses(table, "inside", context).map_err(|d| found.extend(d));
    let (Ok(ports), Ok(inside), false) = (ports, inside, found.has_errors()) else { return Err(found) };
    let timeout = SimDuration::from_ticks(timeout.to_ticks().unwrap_or(SimTime::HORIZON_MAX.ticks()));
    let dependent = table.text("mapping") == "endpoint_dependent";
    let (flows, pools) = plan(context.flows, inside.as_ref(), dependent);
    warn_of_unsolicited(table, &flows, context);
    let mappings = Mappings::new(ports, pools, timeout);
    Ok(StageSpec::Gate(Box::new(Nat { flows: flows.into(), mappings })))
}

fn ports(table: &Table) -> Result<u32, Diagnostic> {
    if let Some(count) = table.opt_integer("ports") {
        return Ok(count as u32);
    }
    let text = table.text("ports");
    let port = |text: &str| text.trim().parse::<u16>().ok();
    let ends = text.split_once('-').and_then(|(low, high)| Some((port(low)?, port(high)?)));
    ends.filter(|(low, high)| low <= high).map(|(low, high)| u32::from(high - low) + 1).ok_or_else(|| {
        let message = format!("`{text}` is not a range of ports");
        Diagnostic::error("E0384", table.span_of("ports"), message, "ports are from 0 to 65535, the lower one first")
            .help("for example \"1024-65535\", or how many there are: 1000")
    })
}

/// Which way packets of a flow go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Out,
    Back,
    /// They stay on one side.
    Aside,
}

/// What there is to know of a flow.
#[derive(Clone, Debug)]
struct FlowPlan {
    way: Way,
    /// The flow that it is, or acknowledges.
    pair: u32,
    pool: u32,
    /// Of a recording: the first of its conversations that has the same mapping, and the pool, for each conversation.
    recorded: Vec<(u32, u32)>,
}

/// Numbers for what differs, in order of appearance.
struct Numbers<K>(BTreeMap<K, u32>);

impl<K: Ord> Numbers<K> {
    fn of(&mut self, key: K, new: u32) -> u32 {
        *self.0.entry(key).or_insert(new)
    }
}

/// The plans of all flows, and how many pools of ports they use.
fn plan(labels: &[Label], inside: Option<&Ranges>, dependent: bool) -> (Vec<FlowPlan>, usize) {
    let mut pools = Numbers(BTreeMap::new());
    let mut pool = |h: &Headers| {
        let key = if dependent { (h.protocol, h.destination, h.destination_port) } else { (h.protocol, 0, 0) };
        let next = pools.0.len() as u32;
        pools.of(key, next)
    };
    let mut plans = Vec::with_capacity(labels.len());
    for (f, label) in (0..).zip(labels) {
        let recorded = label.recorded.as_ref().map_or(&[][..], |r| &r.conversations);
        let mut endpoints = Numbers(BTreeMap::new());
        let of_conversation = (0..).zip(recorded).map(|(c, headers)| {
            let h = headers.unwrap_or_else(|| label.headers());
            let same = if dependent { c } else { endpoints.of((h.protocol, h.source, h.source_port), c) };
            (same, pool(&h))
        });
        let recorded = of_conversation.collect();
        plans.push(FlowPlan {
            way: way(label, inside),
            pair: f - u32::from(label.acknowledges),
            pool: pool(&label.headers()),
            recorded,
        });
    }
    (plans, pools.0.len())
}

fn way(label: &Label, inside: Option<&Ranges>) -> Way {
    let Some(inside) = inside else { return if label.acknowledges { Way::Back } else { Way::Out } };
    match (inside.contains(label.source), label.destination != 0 && inside.contains(label.destination)) {
        (true, false) => Way::Out,
        (false, true) => Way::Back,
        _ => Way::Aside,
    }
}

/// Warns of flows from outside that no packet from inside makes a mapping for, and if nothing is translated at all.
fn warn_of_unsolicited(table: &Table, flows: &[FlowPlan], context: &DisciplineContext<'_>) {
    let unsolicited = (0..).zip(flows).find(|(f, plan)| plan.way == Way::Back && plan.pair == *f);
    if let Some((f, _)) = unsolicited {
        let name = &context.flows[f as usize].name;
        let message = format!("packets of `{name}` come from outside without being asked for");
        let d = Diagnostic::warning("W0385", table.span, message, "they are dropped if they come here: no mapping");
        context.warn(d.help("connections are opened by their `from`; ports are not forwarded"));
    }
    if !flows.is_empty() && flows.iter().all(|plan| plan.way != Way::Out) {
        let message = "no traffic goes from inside to outside";
        let d = Diagnostic::warning("W0386", table.span_of("inside"), message, "nothing is translated");
        context.warn(d.help("traffic has the addresses of its nodes: `prefix` in [node.NAME]"));
    }
}

/// A translator.
#[derive(Clone, Debug)]
struct Nat {
    flows: Arc<[FlowPlan]>,
    mappings: Mappings,
}

impl Nat {
    /// The key of a packet's mapping, and the pool of ports that it is from.
    #[inline]
    fn mapping(plan: &FlowPlan, packet: &Packet) -> (u64, u32) {
        let (conversation, pool) = match plan.recorded.get(packet.conversation as usize) {
            Some(&known) => known,
            None => (packet.conversation, plan.pool),
        };
        (u64::from(plan.pair) << 32 | u64::from(conversation), pool)
    }
}

impl Gate for Nat {
    fn judge(&mut self, packet: &mut Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.settle(now, effects);
        let plan = &self.flows[packet.flow as usize];
        let (key, pool) = Self::mapping(plan, packet);
        match plan.way {
            Way::Aside => return Ok(()),
            Way::Back if !self.mappings.has(key) => return Err(NO_MAPPING),
            Way::Back => {}
            Way::Out => {
                if self.mappings.refresh(key, pool, now).ok_or(PORT_EXHAUSTED)? {
                    effects.signal_at(now, MAPPINGS, self.mappings.live.into());
                }
            }
        }
        effects.signal(TRANSLATED, 1);
        Ok(())
    }
    fn boxed_clone(&self) -> Box<dyn Gate> {
        Box::new(self.clone())
    }
    fn draws(&self) -> bool {
        false
    }
    fn settle(&mut self, until: SimTime, effects: &mut Effects) {
        while let Some(at) = self.mappings.expire(until) {
            effects.signal_at(at, MAPPINGS, self.mappings.live.into());
        }
    }
    fn reasons(&self) -> Vec<Reason> {
        let back = self.flows.iter().any(|plan| plan.way == Way::Back);
        std::iter::once(PORT_EXHAUSTED).chain(back.then_some(NO_MAPPING)).collect()
    }
    fn signals(&self) -> Vec<Signal> {
        vec![MAPPINGS, TRANSLATED]
    }
}

#[cfg(test)]
mod tests;
