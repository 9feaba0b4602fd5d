//! What the delay and the losses of groups of flows are made of, element by element and cause by cause.
//!
//! A group is a class of traffic, or a single flow. Of each element that its entities pass it has a *part*: how long they
//! waited there for others, were held back, were served and travelled afterwards, and how many were lost. Delays are sums
//! over the entities that left the element in the window, divided by the entities of the group that reached their end in
//! it. So the delays of all parts add up to the mean time from end to end, up to what is on its way when the window opens
//! and closes; what lost entities waited before they were lost elsewhere is in it, where they waited.
//!
//! The group as a *whole* has the measures of a flow, the fairness among its flows, and, of connections, the time that
//! lost segments cost before they were sent for the last time.

use std::sync::Arc;

use super::component::{Component, Measure};
use super::observe::Watch;
use super::window::Window;
use crate::probe::{ComponentId, Departure, LossReason, Probe};
use crate::time::{SimTime, TICKS_PER_SECOND};

/// The causes of delay at an element: waiting for others, being held back, service, and travelling afterwards.
pub const CAUSES: usize = 4;

/// A group at one element.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The group.
    pub group: u32,
    /// The element's component.
    pub element: ComponentId,
    /// The metric of each cause; those without one cannot occur there.
    pub delays: [Option<&'static str>; CAUSES],
}

/// Which flows belong together, and what is told of them.
///
/// The last components are those of the groups, in order, and after them those of the parts.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// The group of each flow, if it belongs to any; flows are the first components.
    pub groups: Vec<Option<u32>>,
    /// The extra measure of each flow that tells what lost segments cost, if it has one.
    pub repairs: Vec<Option<u16>>,
    /// The component of the first group.
    pub first: ComponentId,
    /// How many groups there are.
    pub count: u32,
    /// All parts.
    pub parts: Vec<Part>,
}

/// What is kept of a part.
#[derive(Clone, Debug, Default)]
struct PartTally {
    departures: u64,
    ticks: [u128; CAUSES],
    /// In the order of the component's reasons, and the rest.
    lost: Vec<u64>,
}

/// What is kept of a group.
#[derive(Clone, Copy, Debug, Default)]
struct Whole {
    arrivals: u64,
    departures: u64,
    dropped: u64,
    sojourn: u128,
    bits: u128,
    repair: u128,
}

#[derive(Clone, Debug, Default)]
struct Tallies {
    parts: Vec<PartTally>,
    wholes: Vec<Whole>,
    /// Bits of each flow that reached their end.
    bits: Vec<u64>,
}

/// The probe that splits delays and losses.
#[derive(Clone, Debug)]
pub struct Attribution {
    grouping: Arc<Grouping>,
    /// The part of a group at an element: `index[group * elements + element]`.
    index: Vec<u32>,
    elements: usize,
    /// Why entities are lost at each part.
    reasons: Vec<Vec<(LossReason, &'static str)>>,
    now: Tallies,
    /// When the window opened.
    before: Tallies,
}

impl Attribution {
    /// Nothing seen yet, of `components`.
    pub fn new(grouping: Arc<Grouping>, components: &[Component]) -> Self {
        let elements = grouping.first as usize;
        let mut index = vec![u32::MAX; elements * grouping.count as usize];
        let mut now = Tallies {
            parts: Vec::with_capacity(grouping.parts.len()),
            wholes: vec![Whole::default(); grouping.count as usize],
            bits: vec![0; grouping.groups.len()],
        };
        let mut reasons = Vec::new();
        for (k, part) in grouping.parts.iter().enumerate() {
            index[part.group as usize * elements + part.element as usize] = k as u32;
            let known = components[part.element as usize].reasons.clone();
            now.parts.push(PartTally { lost: vec![0; known.len() + 1], ..PartTally::default() });
            reasons.push(known);
        }
        Self { grouping, index, elements, reasons, before: now.clone(), now }
    }
    #[inline]
    fn part(&self, flow: ComponentId, element: ComponentId) -> Option<usize> {
        let group = self.grouping.groups[flow as usize]? as usize;
        let part = self.index[group * self.elements + element as usize];
        (part != u32::MAX).then_some(part as usize)
    }
    fn whole(&mut self, c: ComponentId) -> Option<&mut Whole> {
        let group = (*self.grouping.groups.get(c as usize)?)?;
        Some(&mut self.now.wholes[group as usize])
    }
    /// Jain's fairness index of what the flows of `group` brought to their ends, if there are several.
    fn fairness(&self, group: u32) -> Option<f64> {
        let flows = self.grouping.groups.iter().enumerate().filter(|(_, g)| **g == Some(group));
        let shares = flows.map(|(f, _)| (self.now.bits[f] - self.before.bits[f]) as f64);
        let (n, sum, squares) = shares.fold((0.0, 0.0, 0.0), |(n, s, q), x| (n + 1.0, s + x, q + x * x));
        (n > 1.0).then(|| sum * sum / (n * squares))
    }
}

impl Probe for Attribution {
    #[inline]
    fn enter(&mut self, c: ComponentId, _at: SimTime) {
        if let Some(whole) = self.whole(c) {
            whole.arrivals += 1;
        }
    }
    #[inline]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        if (c as usize) < self.grouping.groups.len() {
            let Some(whole) = self.whole(c) else { return };
            whole.departures += 1;
            whole.sojourn += u128::from((d.at - d.since).ticks());
            whole.bits += u128::from(d.size);
            self.now.bits[c as usize] += d.size;
        } else if let Some(part) = self.part(d.flow, c) {
            let part = &mut self.now.parts[part];
            part.departures += 1;
            let ticks = [d.wait - d.held_back, d.held_back, d.service, d.propagation];
            part.ticks.iter_mut().zip(ticks).for_each(|(sum, t)| *sum += u128::from(t));
        }
    }
    fn lose(&mut self, c: ComponentId, _at: SimTime, _since: SimTime, _service: u64, _reason: LossReason) {
        if let Some(whole) = self.whole(c) {
            whole.dropped += 1;
        }
    }
    fn blame(&mut self, flow: ComponentId, c: ComponentId, reason: LossReason) {
        if let Some(part) = self.part(flow, c) {
            let known = &self.reasons[part];
            let which = known.iter().position(|r| r.0 == reason).unwrap_or(known.len());
            self.now.parts[part].lost[which] += 1;
        }
    }
    fn record(&mut self, c: ComponentId, extra: u16, _at: SimTime, value: u64) {
        if self.grouping.repairs.get(c as usize) == Some(&Some(extra))
            && let Some(whole) = self.whole(c)
        {
            whole.repair += u128::from(value);
        }
    }
}

impl Watch for Attribution {
    fn open_window(&mut self, _at: SimTime) {
        self.before = self.now.clone();
    }
    fn report(&self, window: Window, components: &[Component], out: &mut Vec<Measure>) {
        let seconds = (window.end - window.warmup).ticks() as f64 / TICKS_PER_SECOND as f64;
        let first = self.grouping.first;
        for (group, (now, before)) in (0..).zip(self.now.wholes.iter().zip(&self.before.wholes)) {
            let component = first + group;
            let mut add = |metric, stat, value, unit| out.push(Measure { component, metric, stat, value, unit });
            let entity = components[component as usize].entity;
            let (arrivals, dropped) = (now.arrivals - before.arrivals, now.dropped - before.dropped);
            let departures = (now.departures - before.departures) as f64;
            add("arrivals", "mean", arrivals as f64, entity);
            add("departures", "mean", departures, entity);
            add("dropped", "mean", dropped as f64, entity);
            add("loss_ratio", "mean", dropped as f64 / arrivals as f64, "1");
            add("throughput", "mean", departures / seconds, "1/s");
            add("bit_rate", "mean", (now.bits - before.bits) as f64 / seconds, "bit/s");
            let per_entity = |ticks: u128| ticks as f64 / TICKS_PER_SECOND as f64 / departures;
            add("sojourn_time", "mean", per_entity(now.sojourn - before.sojourn), "s");
            let mut flows = self.grouping.groups.iter().zip(&self.grouping.repairs);
            if flows.any(|(g, repair)| *g == Some(group) && repair.is_some()) {
                add("retransmission_delay", "mean", per_entity(now.repair - before.repair), "s");
            }
            if let Some(fairness) = self.fairness(group) {
                add("fairness", "mean", fairness, "1");
            }
        }
        for (k, part) in self.grouping.parts.iter().enumerate() {
            let component = first + self.grouping.count + k as u32;
            let mut add = |metric, stat, value, unit| out.push(Measure { component, metric, stat, value, unit });
            let (now, before) = (&self.now.parts[k], &self.before.parts[k]);
            let entity = components[component as usize].entity;
            let group = part.group as usize;
            let (whole, then) = (&self.now.wholes[group], &self.before.wholes[group]);
            let ended = (whole.departures - then.departures) as f64;
            add("departures", "mean", (now.departures - before.departures) as f64, entity);
            for ((now, before), metric) in now.ticks.iter().zip(&before.ticks).zip(part.delays) {
                if let Some(metric) = metric {
                    add(metric, "mean", (now - before) as f64 / TICKS_PER_SECOND as f64 / ended, "s");
                }
            }
            let lost: Vec<u64> = now.lost.iter().zip(&before.lost).map(|(now, before)| now - before).collect();
            let dropped = lost.iter().sum::<u64>() as f64;
            add("dropped", "mean", dropped, entity);
            add("loss_ratio", "mean", dropped / (whole.arrivals - then.arrivals) as f64, "1");
            for ((_, metric), n) in self.reasons[k].iter().zip(&lost) {
                add(metric, "mean", *n as f64, entity);
            }
        }
    }
}
