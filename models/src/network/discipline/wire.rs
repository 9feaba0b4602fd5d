//! A wire behind a discipline, for tests: packets from a list come in, and leave at an exact rate.

use std::cell::RefCell;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::rng::Rng;

use super::{DISCIPLINES, Discipline, DisciplineContext, Effects, Next};
use crate::network::Packet;
use crate::network::label::Label;
use crate::network::traffic::fixture::table;
use crate::registry::registry;

/// Flows of these classes, one each, with a code point; a flow is called as its class with an `f` before it.
pub(super) fn labels(classes: &[(&str, u8)]) -> Vec<Label> {
    let label = |(i, (class, dscp)): (usize, &(&str, u8))| Label {
        name: format!("f{class}"),
        class: i as u8,
        source: 10 << 24 | (i as u32) << 8 | 1,
        destination: 192 << 24 | 168 << 16 | i as u32,
        protocol: if i.is_multiple_of(2) { 17 } else { 6 },
        source_port: 5000 + i as u16,
        destination_port: 80 + i as u16,
        dscp: *dscp,
        ..Label::default()
    };
    classes.iter().enumerate().map(label).collect()
}

/// The discipline of an inline table, for flows of `classes`, in front of a link of so many bit/s.
pub(super) fn make(text: &str, classes: &[(&str, u8)], rate: u64) -> Result<Box<dyn Discipline>, Diagnostics> {
    let names: Vec<String> = classes.iter().map(|c| c.0.to_owned()).collect();
    make_for(text, &names, &labels(classes), rate)
}

pub(super) fn make_for(
    text: &str,
    classes: &[String],
    flows: &[Label],
    rate: u64,
) -> Result<Box<dyn Discipline>, Diagnostics> {
    told(text, classes, flows, rate).0
}

/// The discipline of an inline table, and what is said about it besides.
fn told(
    text: &str,
    classes: &[String],
    flows: &[Label],
    rate: u64,
) -> (Result<Box<dyn Discipline>, Diagnostics>, Diagnostics) {
    let rate = (rate > 0).then(|| Quantity::from_value(rate as f64, Dimension::BIT_RATE).expect("a rate"));
    let (registry, warnings) = (registry(), RefCell::default());
    let context = DisciplineContext { classes, flows, rate, registry: &registry, largest: 0, warnings: &warnings };
    let made = context.make(&table(DISCIPLINES, text));
    (made, warnings.into_inner())
}

/// The warnings about a valid inline table.
pub(super) fn warnings(text: &str, classes: &[(&str, u8)], rate: u64) -> Diagnostics {
    let names: Vec<String> = classes.iter().map(|c| c.0.to_owned()).collect();
    let (made, warnings) = told(text, &names, &labels(classes), rate);
    made.unwrap_or_else(|d| panic!("{text}: {d:?}"));
    warnings
}

/// The codes of the errors of an inline table.
pub(super) fn faults(text: &str, classes: &[(&str, u8)]) -> Vec<Diagnostic> {
    match make(text, classes, 1_000_000) {
        Ok(d) => panic!("accepted: {text}: {d:?}"),
        Err(found) => found.iter().cloned().collect(),
    }
}

/// Instants in microseconds.
pub(super) fn us(t: f64) -> SimTime {
    SimTime::from_ticks((t * 1e6).round() as u64)
}

/// A packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) flow: u32,
    pub(super) bits: u32,
    /// When it came, when its first and when its last bit left.
    pub(super) came: SimTime,
    pub(super) start: SimTime,
    pub(super) end: SimTime,
    /// Its number among those that came.
    pub(super) number: u32,
}

/// Sends what comes over a wire of `rate` bit/s until `until`. Arrivals are instants, flows and bits, in order of time;
/// one at the instant at which the wire is free comes before that.
pub(super) fn send(
    discipline: &mut dyn Discipline,
    arrivals: &[(SimTime, u32, u32)],
    rate: u64,
    until: SimTime,
) -> Vec<Sent> {
    let mut effects = Effects::default();
    discipline.start(Rng::seed_from_u64(1));
    let (mut sent, mut next, mut free) = (Vec::new(), 0, SimTime::ZERO);
    while free <= until {
        while let Some(&(at, flow, bits)) = arrivals.get(next).filter(|a| a.0 <= free) {
            let packet = Packet { segment: next as u32, class: flow as u8, ..Packet::new(flow, bits, at) };
            // A limit may refuse it.
            let _ = discipline.enqueue(&packet, at, &mut effects);
            next += 1;
        }
        let coming = arrivals.get(next).map_or(SimTime::NEVER, |a| a.0);
        free = match discipline.dequeue(free, &mut effects) {
            Next::Packet(p) => {
                let end = SimTime::from_ticks(free.ticks() + u64::from(p.bits) * 1_000_000_000_000 / rate);
                sent.push(Sent { flow: p.flow, bits: p.bits, came: p.born, start: free, end, number: p.segment });
                end
            }
            Next::Empty => coming,
            Next::NotBefore(at) => {
                assert!(at > free, "it may go now");
                at.min(coming)
            }
        };
    }
    sent
}

/// Bits of each of `n` flows that were sent before `until`.
pub(super) fn bits_of(sent: &[Sent], n: usize, until: SimTime) -> Vec<u64> {
    let mut bits = vec![0; n];
    for s in sent.iter().filter(|s| s.end <= until) {
        bits[s.flow as usize] += u64::from(s.bits);
    }
    bits
}

/// `count` packets of `bits` of each flow at time zero, flows in turn.
pub(super) fn backlog(count: usize, bits: &[u32]) -> Vec<(SimTime, u32, u32)> {
    (0..count).flat_map(|_| bits.iter().enumerate().map(|(f, b)| (SimTime::ZERO, f as u32, *b))).collect()
}

/// Packets of flow `flow` of `bits` every `every` from `from` on, before `until`.
pub(super) fn constant(
    flow: u32,
    bits: u32,
    from: SimTime,
    every: SimTime,
    until: SimTime,
) -> Vec<(SimTime, u32, u32)> {
    let times = (from.ticks()..until.ticks()).step_by(every.ticks() as usize);
    times.map(|t| (SimTime::from_ticks(t), flow, bits)).collect()
}

/// Several flows' arrivals in order of time.
pub(super) fn merged(flows: &[Vec<(SimTime, u32, u32)>]) -> Vec<(SimTime, u32, u32)> {
    let mut all = flows.concat();
    all.sort_by_key(|a| a.0);
    all
}
