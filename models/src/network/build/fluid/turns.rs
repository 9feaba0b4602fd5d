//! What holds from which time on: capacities, ways, and what steady traffic takes before anything is shared.

use std::collections::BTreeMap;

use sim_core::config::Diagnostic;
use sim_core::{SimTime, TICKS_PER_SECOND};

use super::super::changes::{Change, Changes};
use super::super::flows::Flow;
use super::super::ways::Ways;
use super::super::{Builder, Load, Origin, ticks};
use super::{bucket, is_fair, rate, refusal};
use crate::network::fluid::open_loop::{SWEEPS, settle};
use crate::network::fluid::{Turn, Way};
use crate::network::routing::{Routes, Step};

/// Directed links at some time.
struct Links {
    /// Of the links and of token buckets at them, in bit/s; infinite without one.
    rates: Vec<f64>,
    buckets: Vec<f64>,
    /// Ticks.
    delays: Vec<u64>,
    /// By link, both ways.
    down: Vec<bool>,
    /// Whether each flow has a queue of its own.
    fair: Vec<bool>,
}

impl Links {
    fn capacity(&self, l: usize) -> f64 {
        if self.down[l / 2] { 0.0 } else { self.rates[l].min(self.buckets[l]) }
    }
    /// A change of a link comes about.
    fn take(&mut self, change: &Change) {
        match *change {
            Change::Down(link) => self.down[link] = true,
            Change::Up(link) => self.down[link] = false,
            Change::Rate(link, rate, sides) => {
                sides.of_link(link).for_each(|l| self.rates[l] = rate.rate());
            }
            Change::Delay(link, delay, sides) => sides.of_link(link).for_each(|l| self.delays[l] = delay),
            Change::Flow(..) => {}
        }
    }
    /// In s, how long packets of so many bits take over some links if nothing else is there.
    fn seconds(&self, way: &[usize], bits: u32) -> f64 {
        let of = |l: usize| self.delays[l] as f64 / TICKS_PER_SECOND as f64 + f64::from(bits) / self.rates[l];
        way.iter().map(|l| of(*l)).sum()
    }
    /// Whether those who come to a link can bring more than it takes: by the links that they come from, and what begins here.
    fn can_be_full(&self, link: usize, paths: &[Path]) -> bool {
        let capacity = self.capacity(link);
        // A link that is down passes nothing of anybody.
        if capacity <= 0.0 || capacity == f64::INFINITY {
            return false;
        }
        let (mut from, mut brought) = (Vec::new(), 0.0);
        for path in paths.iter().filter(|p| p.arrives) {
            let Some(place) = path.links.iter().position(|l| *l == link) else { continue };
            match path.links[..place].iter().rfind(|l| self.capacity(**l).is_finite()) {
                Some(before) if from.contains(before) => {}
                Some(before) => {
                    from.push(*before);
                    brought += self.capacity(*before);
                }
                None => brought += path.steady.unwrap_or(f64::INFINITY),
            }
        }
        brought > capacity * (1.0 + 1e-9)
    }
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

impl Builder<'_> {
    /// All turns; `index` is the place of each directed link that is used.
    pub(super) fn turns(&mut self, ways: &Ways, changes: &Changes, index: &[u32]) -> Vec<Turn> {
        let links = 0..ways.used.len();
        let mut now = Links {
            rates: links.clone().map(|l| rate(&self.link(l))).collect(),
            buckets: links.clone().map(|l| bucket(&self.link(l))).collect(),
            delays: links.clone().map(|l| ticks(self.link(l).delay)).collect(),
            down: vec![false; self.graph.links.len()],
            fair: links.map(|l| is_fair(&self.link(l))).collect(),
        };
        let mut rates: Vec<f64> = self.flows.iter().map(|f| f.steady_rate().unwrap_or(0.0)).collect();
        let sources = self.flows.iter().filter(|f| matches!(f.origin, Origin::Load(Load::Source(_))));
        let starts = sources.flat_map(|f| [SimTime::ZERO + f.start, f.stop]);
        let told = changes.all.iter().map(|c| c.0).chain(changes.epochs.iter().map(|e| e.0));
        let mut times: Vec<SimTime> = told.chain(starts).filter(|at| *at < SimTime::NEVER).collect();
        times.push(SimTime::ZERO);
        times.sort_unstable();
        times.dedup();
        let mut turns = Vec::new();
        for at in times {
            for (_, change) in changes.all.iter().filter(|c| c.0 == at) {
                match change {
                    Change::Flow(flow, source) => rates[*flow] = source.mean_rate() * self.flows[*flow].mean_bits,
                    change => now.take(change),
                }
            }
            let state = changes.epochs.iter().rfind(|epoch| epoch.0 <= at).map_or(0, |epoch| epoch.1);
            turns.push(self.turn(&ways.tables[state], &now, &rates, index, at));
        }
        await_ways(&mut turns);
        turns
    }

    fn turn(&mut self, routes: &Routes, now: &Links, rates: &[f64], index: &[u32], at: SimTime) -> Turn {
        let used: Vec<usize> = (0..index.len()).filter(|l| index[*l] != u32::MAX).collect();
        let capacities: Vec<f64> = used.iter().map(|l| now.capacity(*l)).collect();
        let paths = self.paths(routes, rates, at);
        let indices = |links: &[usize]| links.iter().map(|l| index[*l]).collect::<Vec<u32>>();
        let steady = || paths.iter().filter(|p| p.arrives).filter_map(|p| Some((p, p.steady?)));
        let shared: Vec<Vec<u32>> = steady().map(|(p, _)| indices(&p.links[..p.first_fair(now)])).collect();
        let offered: Vec<(f64, &[u32])> = steady().zip(&shared).map(|((_, rate), p)| (rate, &p[..])).collect();
        let settled = settle(&capacities, &offered, SWEEPS);
        if settled.is_none() {
            let (first, _) = steady().next().expect("nothing settles at once");
            let flow = &self.flows[first.flow];
            let message = format!("what arrives of `{}` and other steady traffic has no fluid", flow.name);
            let label = "full links make a ring, and the shares that they lose do not settle";
            let d = refusal(flow.span, message, label, Some("send less, or by other ways"));
            self.diagnostics.push(d);
        }
        self.check_behind_fair_queues(&paths, now);
        let mut left = settled.iter().flat_map(|s| s.left.iter().copied());
        let ways = paths.iter().map(|path| {
            let delay = path.links.iter().map(|l| now.delays[*l]).fold(0, u64::saturating_add);
            let (from, ceiling) = match path.steady {
                Some(_) if path.arrives => (path.first_fair(now), left.next().unwrap_or(0.0)),
                None if path.arrives => (0, self.window_rate(path, routes, now)),
                _ => (path.links.len(), 0.0),
            };
            Way { path: indices(&path.links[from..]), delay, ceiling, offered: path.steady.unwrap_or(0.0) }
        });
        let ways = ways.collect();
        let taken = settled.map_or(Vec::new(), |s| s.carried);
        Turn { at, capacities, taken, ways }
    }

    /// What the receiver's window allows each transfer of a flow, in bit/s.
    fn window_rate(&self, path: &Path, routes: &Routes, now: &Links) -> f64 {
        let Origin::Load(Load::Application(_, settings)) = &self.flows[path.flow].origin else { return f64::INFINITY };
        // The flow after that of data is of its acknowledgements.
        let back: Vec<usize> = self.way(&self.flows[path.flow + 1], routes).collect();
        let segment = settings.segment_bits();
        let trip = now.seconds(&path.links, segment) + now.seconds(&back, settings.ack_bits());
        let slowest = path.links.iter().map(|l| now.rates[*l]).fold(f64::INFINITY, f64::min);
        settings.window_rate(trip, f64::from(segment) / slowest)
    }

    /// That steady traffic that has been through a fair queue comes to no shared one that can be full.
    fn check_behind_fair_queues(&mut self, paths: &[Path], now: &Links) {
        let mut full = BTreeMap::new();
        for path in paths.iter().filter(|p| p.arrives && p.steady.is_some()) {
            let first = path.first_fair(now);
            let mut behind = path.links.iter().skip(first + 1).filter(|l| !now.fair[**l]);
            let found = behind.find(|l| *full.entry(**l).or_insert_with(|| now.can_be_full(**l, paths)));
            let Some(&link) = found else { continue };
            let d = self.behind_a_fair_queue(path, path.links[first], link);
            if !self.diagnostics.iter().any(|known| known.span == d.span && known.message == d.message) {
                self.diagnostics.push(d);
            }
        }
    }

    /// The way of each flow but those of acknowledgements.
    fn paths(&self, routes: &Routes, rates: &[f64], at: SimTime) -> Vec<Path> {
        let path = |(flow, f): (usize, &Flow)| {
            let steady = match f.origin {
                Origin::Load(Load::Application(..)) => None,
                Origin::Load(Load::Source(_)) if at < SimTime::ZERO + f.start || at >= f.stop => Some(0.0),
                Origin::Load(Load::Source(_)) => Some(rates[flow]),
                Origin::Acknowledgements => return None,
            };
            let links: Vec<usize> = self.way(f, routes).collect();
            let end = links.last().map_or(f.from, |l| self.end_of(*l));
            let arrives = f.to.is_some_and(|to| routes.step(to as u32, end as u32) == Step::Here);
            Some(Path { flow, links, arrives, steady })
        };
        self.flows.iter().enumerate().filter_map(path).collect()
    }

    /// That steady traffic comes from a fair queue to a shared one that can be full.
    fn behind_a_fair_queue(&self, path: &Path, fair: usize, full: usize) -> Diagnostic {
        let flow = &self.flows[path.flow];
        let name = |l: usize| self.graph.links[l / 2].name.as_str();
        let message = format!(
            "what `{}` loses at `{}`, behind the fair queue of `{}`, has no fluid",
            flow.name,
            name(full),
            name(fair)
        );
        let label = "how much comes there depends on those who have to give way to it";
        let instead = format!(
            "give `{}` a queue of kind `fq_codel`, too, or a rate that those before it cannot fill",
            name(full)
        );
        refusal(flow.span, message, label, Some(&instead))
    }
}

/// While a flow has no way, what it sends is to go by the next that it has; at the end, by the last.
fn await_ways(turns: &mut [Turn]) {
    for flow in 0..turns[0].ways.len() {
        let mut next = turns.iter().rev().map(|t| &t.ways[flow]).find(|w| !w.path.is_empty()).map_or(0, |w| w.delay);
        for turn in turns.iter_mut().rev() {
            let way = &mut turn.ways[flow];
            if way.path.is_empty() {
                way.delay = next;
            } else {
                next = way.delay;
            }
        }
    }
}
