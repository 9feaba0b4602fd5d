//! The ways of flows through links that fail and change, and what steady traffic takes before anything is shared.

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::config::Span;
use sim_core::{SimDuration, SimTime, TICKS_PER_SECOND};

use super::open_loop::{SWEEPS, settle};
use super::{Turn, Way};
use crate::network::packet::Packet;
use crate::network::routing::{Ecmp, Routes, Step, pick};
use crate::network::transport::Settings;

/// Directed links at some time.
#[derive(Clone, Debug)]
pub(in crate::network) struct Links {
    /// Of the links and of token buckets at them, in bit/s; infinite without one.
    pub(in crate::network) rates: Vec<f64>,
    pub(in crate::network) buckets: Vec<f64>,
    /// Ticks.
    pub(in crate::network) delays: Vec<u64>,
    /// By link, both ways: how many things have it down, an intervention and its own failures.
    pub(in crate::network) down: Vec<u8>,
    /// Whether each flow has a queue of its own.
    pub(in crate::network) fair: Vec<bool>,
}

/// A change of links.
#[derive(Clone, Copy, Debug)]
pub(in crate::network) enum Change {
    /// A link, both ways.
    Down(usize),
    Up(usize),
    /// A directed link: bit/s.
    Rate(usize, f64),
    /// A directed link: ticks.
    Delay(usize, u64),
}

impl Links {
    /// A change comes about.
    pub(in crate::network) fn take(&mut self, change: Change) {
        match change {
            Change::Down(link) => self.down[link] += 1,
            Change::Up(link) => self.down[link] -= 1,
            Change::Rate(l, rate) => self.rates[l] = rate,
            Change::Delay(l, delay) => self.delays[l] = delay,
        }
    }
    fn capacity(&self, l: usize) -> f64 {
        if self.down[l / 2] > 0 { 0.0 } else { self.rates[l].min(self.buckets[l]) }
    }
    /// In s, how long packets of so many bits take over some links if nothing else is there.
    fn seconds(&self, way: &[usize], bits: u32) -> f64 {
        let of = |l: usize| self.delays[l] as f64 / TICKS_PER_SECOND as f64 + f64::from(bits) / self.rates[l];
        way.iter().map(|l| of(*l)).sum()
    }
}

/// What is known of a flow beforehand.
#[derive(Clone, Debug)]
pub(in crate::network) struct FlowFacts {
    pub(in crate::network) name: String,
    pub(in crate::network) span: Span,
    pub(in crate::network) from: u32,
    /// Its row in the routing tables.
    pub(in crate::network) to: Option<u32>,
    pub(in crate::network) start: SimDuration,
    pub(in crate::network) stop: SimTime,
    pub(in crate::network) carries: Carries,
}

/// What a flow carries.
#[derive(Clone, Debug)]
pub(in crate::network) enum Carries {
    /// Transfers; the flow after it carries their acknowledgements.
    Transfers(Settings),
    Steady,
    /// Acknowledgements, which weigh nothing here.
    Acknowledgements,
}

/// Something without a fluid.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::network) struct Refusal {
    pub(in crate::network) span: Span,
    pub(in crate::network) message: String,
    pub(in crate::network) label: String,
    pub(in crate::network) instead: String,
}

/// What ways are made from, whatever links do.
#[derive(Debug)]
pub(in crate::network) struct WayMaker {
    /// All flows, as the packets have them.
    pub(in crate::network) flows: Vec<FlowFacts>,
    /// The node that each directed link leads to.
    pub(in crate::network) ends: Vec<u32>,
    /// Names of links.
    pub(in crate::network) names: Vec<String>,
    /// The place of each directed link among those of the fluid; [`u32::MAX`] for one that is not used.
    pub(in crate::network) index: Vec<u32>,
    pub(in crate::network) ecmp: Ecmp,
    /// What is hashed of each flow; empty if the conversation is.
    pub(in crate::network) keys: Arc<[u64]>,
}

/// The way of a flow at some time, in directed links.
struct Path {
    flow: usize,
    links: Vec<usize>,
    arrives: bool,
    /// What it sends in bit/s, if that is steady.
    steady: Option<f64>,
}

impl Path {
    /// The place of the first of its links where each flow has a queue of its own that can fill; behind its last without one.
    fn first_fair(&self, now: &Links) -> usize {
        let fair = |l: &usize| now.fair[*l] && now.rates[*l].min(now.buckets[*l]).is_finite();
        self.links.iter().position(fair).unwrap_or(self.links.len())
    }
}

impl WayMaker {
    /// The directed links that packets of a conversation take, in order.
    fn links(&self, flow: usize, conversation: u32, routes: &Routes) -> Vec<usize> {
        let FlowFacts { from, to: Some(to), .. } = self.flows[flow] else { return Vec::new() };
        let packet = Packet { conversation, ..Packet::new(flow as u32, 8, SimTime::ZERO) };
        let (mut node, mut links) = (from, Vec::new());
        loop {
            let link = match routes.step(to, node) {
                Step::Link(link) => link,
                Step::Group(group) => pick(self.ecmp, &self.keys, routes.group(group), &packet, node),
                Step::Here | Step::Nowhere => return links,
            };
            links.push(link as usize);
            node = self.ends[link as usize];
        }
    }

    /// The way of a conversation of flow `flow`; `steady` is what it sends in bit/s if it does so steadily.
    fn path(&self, flow: usize, conversation: u32, routes: &Routes, steady: Option<f64>) -> Path {
        let facts = &self.flows[flow];
        let links = self.links(flow, conversation, routes);
        let end = links.last().map_or(facts.from, |l| self.ends[*l]);
        let arrives = facts.to.is_some_and(|to| routes.step(to, end) == Step::Here);
        Path { flow, links, arrives, steady }
    }

    fn indices(&self, links: &[usize]) -> Vec<u32> {
        links.iter().map(|l| self.index[*l]).collect()
    }

    /// The way of a transfer of a flow in a conversation.
    pub(super) fn way(&self, flow: usize, conversation: u32, routes: &Routes, now: &Links) -> Way {
        let path = self.path(flow, conversation, routes, None);
        self.way_along(&path, conversation, routes, now)
    }

    fn way_along(&self, path: &Path, conversation: u32, routes: &Routes, now: &Links) -> Way {
        let delay = path.links.iter().map(|l| now.delays[*l]).fold(0, u64::saturating_add);
        let ceiling = if path.arrives { self.window_rate(path, conversation, routes, now) } else { 0.0 };
        let links = if path.arrives { self.indices(&path.links) } else { Vec::new() };
        Way { path: links, delay, ceiling, offered: 0.0 }
    }

    /// What holds from `at` on, if steady flows send at `rates`. What has no fluid then is `found`.
    pub(in crate::network) fn turn(
        &self,
        routes: &Routes,
        now: &Links,
        rates: &[f64],
        at: SimTime,
        found: &mut Vec<Refusal>,
    ) -> Turn {
        let places = self.index.iter().filter(|i| **i != u32::MAX).max().map_or(0, |last| *last as usize + 1);
        let mut capacities = vec![f64::INFINITY; places];
        for (l, place) in self.index.iter().enumerate().filter(|(_, place)| **place != u32::MAX) {
            capacities[*place as usize] = now.capacity(l);
        }
        let paths = self.paths(routes, rates, at);
        let steady = || paths.iter().filter(|p| p.arrives).filter_map(|p| Some((p, p.steady?)));
        let shared: Vec<Vec<u32>> = steady().map(|(p, _)| self.indices(&p.links[..p.first_fair(now)])).collect();
        let offered: Vec<(f64, &[u32])> = steady().zip(&shared).map(|((_, rate), p)| (rate, &p[..])).collect();
        let settled = settle(&capacities, &offered, SWEEPS);
        if settled.is_none() {
            let (first, _) = steady().next().expect("nothing settles at once");
            let flow = &self.flows[first.flow];
            found.push(Refusal {
                span: flow.span,
                message: format!("what arrives of `{}` and other steady traffic has no fluid", flow.name),
                label: "full links make a ring, and the shares that they lose do not settle".to_owned(),
                instead: "send less, or by other ways".to_owned(),
            });
        }
        self.check_behind_fair_queues(&paths, now, found);
        let mut left = settled.iter().flat_map(|s| s.left.iter().copied());
        let ways = paths.iter().map(|path| {
            let Some(offered) = path.steady else { return self.way_along(path, 0, routes, now) };
            let delay = path.links.iter().map(|l| now.delays[*l]).fold(0, u64::saturating_add);
            let (from, ceiling) =
                if path.arrives { (path.first_fair(now), left.next().unwrap_or(0.0)) } else { (path.links.len(), 0.0) };
            Way { path: self.indices(&path.links[from..]), delay, ceiling, offered }
        });
        let ways = ways.collect();
        let taken = settled.map_or(vec![0.0; places], |s| s.carried);
        Turn { at, capacities, taken, ways, standing: None }
    }

    /// What the receiver's window allows each transfer of a flow, in bit/s.
    fn window_rate(&self, path: &Path, conversation: u32, routes: &Routes, now: &Links) -> f64 {
        let Carries::Transfers(settings) = &self.flows[path.flow].carries else { return f64::INFINITY };
        let back = self.links(path.flow + 1, conversation, routes);
        let segment = settings.segment_bits();
        let trip = now.seconds(&path.links, segment) + now.seconds(&back, settings.ack_bits());
        let slowest = path.links.iter().map(|l| now.rates[*l]).fold(f64::INFINITY, f64::min);
        settings.window_rate(trip, f64::from(segment) / slowest)
    }

    /// That steady traffic that has been through a fair queue comes to no shared one that can be full.
    fn check_behind_fair_queues(&self, paths: &[Path], now: &Links, found: &mut Vec<Refusal>) {
        let mut full = BTreeMap::new();
        for path in paths.iter().filter(|p| p.arrives && p.steady.is_some()) {
            let first = path.first_fair(now);
            let mut behind = path.links.iter().skip(first + 1).filter(|l| !now.fair[**l]);
            let full = behind.find(|l| *full.entry(**l).or_insert_with(|| self.can_be_full(**l, paths, now)));
            let Some(&link) = full else { continue };
            let refusal = self.behind_a_fair_queue(path, path.links[first], link);
            if !found.contains(&refusal) {
                found.push(refusal);
            }
        }
    }

    /// Whether those who come to a link can bring more than it takes: by the links that they come from, and what begins here.
    fn can_be_full(&self, link: usize, paths: &[Path], now: &Links) -> bool {
        let capacity = now.capacity(link);
        // A link that is down passes nothing of anybody.
        if capacity <= 0.0 || capacity == f64::INFINITY {
            return false;
        }
        let (mut from, mut brought) = (Vec::new(), 0.0);
        for path in paths.iter().filter(|p| p.arrives) {
            let here = |l: &usize| self.index[*l] == self.index[link];
            let Some(place) = path.links.iter().position(here) else { continue };
            match path.links[..place].iter().rfind(|l| now.capacity(**l).is_finite()) {
                Some(before) if from.contains(before) => {}
                Some(before) => {
                    from.push(*before);
                    brought += now.capacity(*before);
                }
                None => brought += path.steady.unwrap_or(f64::INFINITY),
            }
        }
        brought > capacity * (1.0 + 1e-9)
    }

    /// The way of each flow but those of acknowledgements; of those with several, that of their first conversation.
    fn paths(&self, routes: &Routes, rates: &[f64], at: SimTime) -> Vec<Path> {
        let path = |(flow, f): (usize, &FlowFacts)| {
            let steady = match f.carries {
                Carries::Transfers(_) => None,
                Carries::Steady if at < SimTime::ZERO + f.start || at >= f.stop => Some(0.0),
                Carries::Steady => Some(rates[flow]),
                Carries::Acknowledgements => return None,
            };
            Some(self.path(flow, 0, routes, steady))
        };
        self.flows.iter().enumerate().filter_map(path).collect()
    }

    /// That steady traffic comes from a fair queue to a shared one that can be full.
    fn behind_a_fair_queue(&self, path: &Path, fair: usize, full: usize) -> Refusal {
        let flow = &self.flows[path.flow];
        let (fair, full) = (&self.names[fair / 2], &self.names[full / 2]);
        Refusal {
            span: flow.span,
            message: format!("what `{}` loses at `{full}`, behind the fair queue of `{fair}`, has no fluid", flow.name),
            label: "how much comes there depends on those who have to give way to it".to_owned(),
            instead: format!(
                "give `{full}` a queue of kind `fq_codel`, too, or a rate that those before it cannot fill"
            ),
        }
    }
}
