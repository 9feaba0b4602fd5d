//! Routes: shortest paths, static routes and equal-cost multipath, frozen into flat tables.
//!
//! While a network is built, every node gets its next hops towards each destination that traffic is addressed to; a run
//! only looks them up. What a node knows, in the order of a router's (RFC 1812 section 5.2.4):
//!
//! 1. The longest prefix that contains the destination's address decides: of a static route, or of the node that has the
//!    address (as the shortest path to it). Of equal prefixes the static route is taken, of equal static routes the one
//!    with the lower metric. A static route is withdrawn while no link to its `via` is up.
//! 2. Shortest paths minimise the sum of the links' `cost`, or of their delays, by Dijkstra's algorithm (1959,
//!    doi:10.1007/BF01386390) from the destination against the direction of the links; with the default cost of 1 they have
//!    the fewest hops. Instead, paths can follow the business relations of links ([`valley_free`]).
//! 3. A destination may be several nodes (anycast). A packet goes to the nearest, of equally near ones to the first (hot
//!    potato).
//! 4. Among links on equally short paths a node takes the one declared first, a link's own direction before the way back;
//!    with [`Ecmp`] it uses all of them.
//!
//! Where links fail and recover there is one table for each state of the topology that comes to be known ([`Tables`]): no
//! path outlives a change that it depended on. A table has no loops (shortest paths cannot have any, and those of static
//! routes are refused), so that a packet passes a finite number of nodes, however often tables change, and needs no hop
//! limit.
//!
//! Validated against: all-pairs shortest paths by relaxation on random graphs; hop counts and loads of Abilene.

mod ecmp;
mod prefixes;
mod tables;
mod valley_free;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Graph as Net;
use petgraph::algo::dijkstra;
use petgraph::graph::NodeIndex;

pub(super) use ecmp::{Ecmp, Spread, pick};
pub(super) use prefixes::PrefixTable;
pub(super) use tables::Tables;
pub(super) use valley_free::Relation;

/// What traffic is addressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// The nodes that take its packets, the most welcome of equally near ones first.
    pub(super) nodes: Vec<usize>,
    /// The address in its packets.
    pub(super) address: u32,
    /// The length of the prefix by which others know it; static routes with shorter ones come after shortest paths.
    pub(super) length: u8,
}

/// A static route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StaticRoute {
    /// The neighbour.
    pub(super) via: usize,
    /// Of routes with the same prefix, the one with the lower metric is taken.
    pub(super) metric: u32,
}

/// The static routes of a node.
#[derive(Clone, Debug)]
pub(super) struct StaticRoutes {
    pub(super) table: PrefixTable,
    /// Those of one prefix in the order of their metrics.
    pub(super) routes: Vec<StaticRoute>,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) duplex: bool,
}

/// What all tables of a network have in common.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) nodes: usize,
    pub(super) links: Vec<Ends>,
    /// One row of the tables each.
    pub(super) destinations: Vec<Destination>,
    /// By node.
    pub(super) statics: BTreeMap<usize, StaticRoutes>,
    /// Whether all links on shortest paths are used.
    pub(super) multipath: bool,
    /// What the end of each link is to its beginning, if paths are to have no valleys.
    pub(super) relations: Option<Vec<Relation>>,
}

/// A length of a link that routes minimise the sum of: more than nothing.
///
/// Kept as its bits, which are in the order of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Length(u64);

impl Length {
    pub(super) fn new(value: f64) -> Self {
        debug_assert!(value > 0.0, "paths must not go round for nothing");
        Self(value.to_bits())
    }
    fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// What routing depends on of a link, and a run can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkState {
    pub(super) down: bool,
    /// Forwards and back.
    pub(super) lengths: [Length; 2],
}

impl LinkState {
    /// A link that is up.
    pub(super) fn up(lengths: [f64; 2]) -> Self {
        Self { down: false, lengths: lengths.map(Length::new) }
    }
}

/// What routing depends on and a run can change, by link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct State {
    pub(super) links: Vec<LinkState>,
}

/// What a node does with a packet for a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Sends it over this directed link (2 l for link l forwards, 2 l + 1 back).
    Link(u32),
    /// Sends it over one of this group of links.
    Group(u32),
    /// Takes it.
    Here,
    /// Has no route.
    Nowhere,
}

/// The next hops of all nodes towards all destinations, in one state of the topology.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    nodes: usize,
    /// `next[row * nodes + node]`: a directed link; [`GROUP`] and a place in `groups`; [`HERE`] or [`NOWHERE`].
    next: Vec<u32>,
    /// Groups of directed links, each behind its size.
    groups: Vec<u32>,
}

const GROUP: u32 = 1 << 31;
const HERE: u32 = u32::MAX;
const NOWHERE: u32 = u32::MAX - 1;

impl Routes {
    /// The tables of a network in `state`.
    pub(super) fn new(plan: &Plan, state: &State) -> Self {
        let nodes = plan.nodes;
        let links: Vec<Directed> = directed(plan, state).collect();
        let mut net = against(nodes, &links);
        let next = vec![NOWHERE; nodes * plan.destinations.len()];
        let mut routes = Self { nodes, next, groups: Vec::new() };
        for (row, destination) in plan.destinations.iter().enumerate() {
            let mut hops = match &plan.relations {
                None => shortest(destination, &mut net, &links),
                Some(relations) => valley_free::valley_free(destination, nodes, &links, relations),
            };
            hops.sort_by_key(|h| h.0);
            for same in hops.chunk_by(|a, b| a.0 == b.0) {
                let used = if plan.multipath { same } else { &same[..1] };
                routes.set(row, same[0].0, &used.iter().map(|h| h.1).collect::<Vec<_>>());
            }
            for (&node, statics) in &plan.statics {
                let reached = routes.next[row * nodes + node] != NOWHERE;
                if let Some(hops) = static_hops(node, statics, destination, reached, &links, plan.multipath) {
                    routes.set(row, node, &hops);
                }
            }
            for &node in &destination.nodes {
                routes.next[row * nodes + node] = HERE;
            }
        }
        routes
    }
    /// Every link that packets may take in any state of the topology, and perhaps some more: all that lead to a node from which
    /// the destination can be reached while no link is down. Without static routes.
    pub(super) fn of_all_states(plan: &Plan) -> Self {
        let nodes = plan.nodes;
        let next = vec![NOWHERE; nodes * plan.destinations.len()];
        let mut routes = Self { nodes, next, groups: Vec::new() };
        let (mut into, mut out_of) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for (id, (from, to)) in plan.ways() {
            into[to].push(from);
            out_of[from].push((id, to));
        }
        for (row, destination) in plan.destinations.iter().enumerate() {
            let mut leads = vec![false; nodes];
            let mut open = destination.nodes.clone();
            while let Some(node) = open.pop() {
                if !std::mem::replace(&mut leads[node], true) {
                    open.extend(&into[node]);
                }
            }
            for (node, ways) in out_of.iter().enumerate() {
                let links: Vec<u32> = ways.iter().filter(|(_, to)| leads[*to]).map(|(id, _)| *id).collect();
                routes.set(row, node, &links);
            }
            for &node in &destination.nodes {
                routes.next[row * nodes + node] = HERE;
            }
        }
        routes
    }
    /// How many entries it has.
    fn size(&self) -> usize {
        self.next.len() + self.groups.len()
    }
    fn set(&mut self, row: usize, node: usize, links: &[u32]) {
        self.next[row * self.nodes + node] = match links {
            [] => NOWHERE,
            [link] => *link,
            _ => {
                let place = self.groups.len() as u32;
                self.groups.push(links.len() as u32);
                self.groups.extend(links);
                GROUP | place
            }
        };
    }
    /// What `node` does with a packet for the destination of `row`.
    #[inline]
    pub(super) fn step(&self, row: u32, node: u32) -> Step {
        match self.next[row as usize * self.nodes + node as usize] {
            link @ ..GROUP => Step::Link(link),
            HERE => Step::Here,
            NOWHERE => Step::Nowhere,
            group => Step::Group(group & !GROUP),
        }
    }
    /// Routes of a node that spreads over these links.
    #[cfg(test)]
    fn of_group(links: &[u32]) -> Self {
        let mut routes = Self { nodes: 1, next: vec![NOWHERE], groups: Vec::new() };
        routes.set(0, 0, links);
        routes
    }
    /// The links of a group.
    pub(super) fn group(&self, place: u32) -> &[u32] {
        let from = place as usize + 1;
        &self.groups[from..from + self.groups[place as usize] as usize]
    }
    /// All links that `node` may send a packet for `row` over.
    pub(super) fn links(&self, row: u32, node: u32) -> &[u32] {
        match self.step(row, node) {
            Step::Link(_) => std::slice::from_ref(&self.next[row as usize * self.nodes + node as usize]),
            Step::Group(group) => self.group(group),
            Step::Here | Step::Nowhere => &[],
        }
    }
    /// The share of the packets from node `from` to the destination of `row` that each link carries if every node spreads
    /// them evenly over its next hops. Their sum is the mean number of hops.
    pub(super) fn shares(&self, row: u32, from: u32, end_of: impl Fn(u32) -> u32) -> Vec<(u32, f64)> {
        let mut out = Vec::new();
        let mut at: BTreeMap<u32, f64> = BTreeMap::from([(from, 1.0)]);
        for node in self.downstream(row, from, &end_of) {
            let links = self.links(row, node);
            let share = at.get(&node).copied().unwrap_or(0.0) / links.len() as f64;
            for &link in links {
                out.push((link, share));
                *at.entry(end_of(link)).or_insert(0.0) += share;
            }
        }
        out
    }
    /// The nodes that a packet can pass, each before those behind it.
    pub(super) fn downstream(&self, row: u32, from: u32, end_of: &impl Fn(u32) -> u32) -> Vec<u32> {
        let mut seen = BTreeSet::from([from]);
        let (mut left, mut stack) = (Vec::new(), vec![(from, 0)]);
        while let Some((node, next)) = stack.last_mut() {
            if let Some(&link) = self.links(row, *node).get(*next) {
                *next += 1;
                let to = end_of(link);
                if seen.insert(to) {
                    stack.push((to, 0));
                }
            } else {
                left.push(*node);
                stack.pop();
            }
        }
        left.reverse();
        left
    }
}

/// One direction of a link.
struct Directed {
    id: u32,
    from: usize,
    to: usize,
    cost: f64,
}

impl Plan {
    /// The ends of all directions of links.
    fn ways(&self) -> impl Iterator<Item = (u32, (usize, usize))> + '_ {
        (0..).zip(&self.links).flat_map(|(l, link): (u32, &Ends)| {
            let back = link.duplex.then_some((2 * l + 1, (link.to, link.from)));
            [Some((2 * l, (link.from, link.to))), back].into_iter().flatten()
        })
    }
}

/// All directions of links that are up, in the order in which ties are broken.
fn directed<'a>(plan: &'a Plan, state: &'a State) -> impl Iterator<Item = Directed> + 'a {
    plan.ways().filter_map(|(id, (from, to))| {
        let link = &state.links[id as usize / 2];
        let cost = link.lengths[id as usize % 2].value();
        (!link.down).then_some(Directed { id, from, to, cost })
    })
}

/// The network with every direction turned round, and a node more that leads nowhere yet.
fn against(nodes: usize, links: &[Directed]) -> Net<(), f64> {
    let mut net = Net::with_capacity(nodes + 1, links.len());
    for _ in 0..=nodes {
        net.add_node(());
    }
    for l in links {
        net.add_edge(NodeIndex::new(l.to), NodeIndex::new(l.from), l.cost);
    }
    net
}

/// The distance of every node to the nearest of `targets`.
fn distances(targets: &[usize], net: &mut Net<(), f64>) -> Vec<f64> {
    let nodes = net.node_count() - 1;
    let found = if let [target] = targets {
        dijkstra(&*net, NodeIndex::new(*target), None, |e| *e.weight())
    } else {
        let all = NodeIndex::new(nodes);
        let edges: Vec<_> = targets.iter().map(|&t| net.add_edge(all, NodeIndex::new(t), 0.0)).collect();
        let found = dijkstra(&*net, all, None, |e| *e.weight());
        // The last first: removing an edge gives its index to the last one.
        for edge in edges.into_iter().rev() {
            net.remove_edge(edge);
        }
        found
    };
    (0..nodes).map(|n| found.get(&NodeIndex::new(n)).copied().unwrap_or(f64::INFINITY)).collect()
}

/// The nodes that have a shortest path, with the links that they can take, those in the order of ties.
fn shortest(destination: &Destination, net: &mut Net<(), f64>, links: &[Directed]) -> Vec<(usize, u32)> {
    let distance = distances(&destination.nodes, net);
    // The sum is the one that gave the distance, so equality is exact. Costs are never so small beside a distance that
    // adding one leaves it as it is: each step comes nearer.
    let shortest = |l: &&Directed| distance[l.to].is_finite() && distance[l.to] + l.cost == distance[l.from];
    let nearest = nearest(destination, &distance, links.iter().filter(shortest));
    let hops = links.iter().filter(shortest).filter(|l| nearest[l.to] == nearest[l.from]);
    hops.map(|l| (l.from, l.id)).collect()
}

/// Which of the destination's nodes each node sends to: the first of the nearest.
fn nearest<'a>(destination: &Destination, distance: &[f64], links: impl Iterator<Item = &'a Directed>) -> Vec<usize> {
    let mut nearest = vec![usize::MAX; distance.len()];
    for (rank, &node) in destination.nodes.iter().enumerate() {
        nearest[node] = rank;
    }
    if destination.nodes.len() > 1 {
        let mut links: Vec<&Directed> = links.collect();
        // From near to far: what a node can choose from is known before the node is asked.
        links.sort_by(|a, b| distance[a.from].total_cmp(&distance[b.from]));
        for l in links {
            nearest[l.from] = nearest[l.from].min(nearest[l.to]);
        }
    } else {
        nearest.fill(0);
    }
    nearest
}

/// The next hops by static routes of a node, if it has such that come before its shortest path (if `reached` by one).
fn static_hops(
    node: usize,
    statics: &StaticRoutes,
    destination: &Destination,
    reached: bool,
    links: &[Directed],
    multipath: bool,
) -> Option<Vec<u32>> {
    let mut matches = statics.table.matches(destination.address);
    matches.find_map(|(length, routes)| {
        let comes_first = length >= destination.length || !reached;
        comes_first.then(|| in_force(node, routes, statics, links, multipath)).flatten()
    })
}

/// The links of those routes of one prefix that have the lowest metric among those whose neighbour can be reached.
fn in_force(
    node: usize,
    routes: &[u32],
    statics: &StaticRoutes,
    links: &[Directed],
    multipath: bool,
) -> Option<Vec<u32>> {
    let (mut found, mut metric) = (Vec::new(), None);
    for route in routes.iter().map(|r| statics.routes[*r as usize]) {
        if metric.is_some_and(|m| m < route.metric) {
            break;
        }
        let ways = || links.iter().filter(|l| l.from == node && l.to == route.via);
        let Some(least) = ways().map(|l| l.cost).min_by(f64::total_cmp) else { continue };
        found.extend(ways().filter(|l| l.cost == least).map(|l| l.id));
        metric = Some(route.metric);
    }
    if !multipath {
        found.truncate(1);
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// (from, to, duplex, cost)
    type Edge = (usize, usize, bool, f64);

    /// A network of so many nodes.
    struct Graph {
        nodes: usize,
        links: Vec<Edge>,
    }

    impl Graph {
        fn state(&self) -> State {
            State { links: self.links.iter().map(|l| LinkState::up([l.3; 2])).collect() }
        }
        fn plan(&self, destinations: &[Destination], multipath: bool) -> Plan {
            let links = self.links.iter().map(|&(from, to, duplex, _)| Ends { from, to, duplex }).collect();
            let (destinations, statics) = (destinations.to_vec(), BTreeMap::new());
            Plan { nodes: self.nodes, links, destinations, statics, multipath, relations: None }
        }
    }

    fn graph(nodes: usize, edges: &[Edge]) -> Graph {
        Graph { nodes, links: edges.to_vec() }
    }

    fn to(node: usize) -> Destination {
        Destination { nodes: vec![node], address: 0, length: 0 }
    }

    /// Tables without static routes.
    fn plain(graph: &Graph, destinations: &[Destination], multipath: bool, state: &State) -> Routes {
        Routes::new(&graph.plan(destinations, multipath), state)
    }

    fn all_targets(g: &Graph) -> Routes {
        let all: Vec<Destination> = (0..g.nodes).map(to).collect();
        plain(g, &all, false, &g.state())
    }

    fn end_of(g: &Graph) -> impl Fn(u32) -> u32 + '_ {
        |link| {
            let l = &g.links[link as usize / 2];
            (if link.is_multiple_of(2) { l.1 } else { l.0 }) as u32
        }
    }

    /// How many links lie on the way from `node`; `None` if no way leads there.
    fn hops(g: &Graph, routes: &Routes, row: u32, node: u32) -> Option<u32> {
        let (mut at, mut hops) = (node, 0);
        loop {
            match routes.step(row, at) {
                Step::Here => return Some(hops),
                Step::Link(link) => (at, hops) = (end_of(g)(link), hops + 1),
                Step::Group(_) | Step::Nowhere => return None,
            }
        }
    }

    /// Distances to `target` by relaxing every link until nothing changes.
    fn distances(nodes: usize, edges: &[Edge], target: usize) -> Vec<f64> {
        let mut d = vec![f64::INFINITY; nodes];
        d[target] = 0.0;
        for _ in 0..nodes {
            for &(from, to, duplex, cost) in edges {
                d[from] = d[from].min(d[to] + cost);
                if duplex {
                    d[to] = d[to].min(d[from] + cost);
                }
            }
        }
        d
    }

    proptest! {
        #[test]
        fn paths_are_as_short_as_relaxation_finds(
            nodes in 1usize..9,
            raw in prop::collection::vec((0usize..9, 0usize..9, any::<bool>(), 1u32..5), 0..20),
        ) {
            let edges: Vec<Edge> =
                raw.iter().map(|&(a, b, duplex, c)| (a % nodes, b % nodes, duplex, f64::from(c))).collect();
            let g = graph(nodes, &edges);
            let routes = all_targets(&g);
            for target in 0..nodes {
                let d = distances(nodes, &edges, target);
                let row = target as u32;
                for node in 0..nodes {
                    if node == target || d[node].is_infinite() {
                        let step = if node == target { Step::Here } else { Step::Nowhere };
                        prop_assert_eq!(routes.step(row, node as u32), step);
                        continue;
                    }
                    // The first declared direction that loses no cost, tried one by one.
                    let first = edges.iter().enumerate().find_map(|(i, &(from, to, duplex, cost))| {
                        if from == node && d[to] + cost == d[node] {
                            return Some(2 * i as u32);
                        }
                        (duplex && to == node && d[from] + cost == d[node]).then_some(2 * i as u32 + 1)
                    });
                    prop_assert_eq!(routes.links(row, node as u32), &[first.unwrap()]);
                    let mut cost = 0.0;
                    let (mut at, mut n) = (node, 0);
                    while at != target {
                        let link = routes.links(row, at as u32)[0];
                        cost += edges[link as usize / 2].3;
                        n += 1;
                        at = end_of(&g)(link) as usize;
                    }
                    prop_assert_eq!(cost, d[node]);
                    prop_assert_eq!(hops(&g, &routes, row, node as u32), Some(n));
                }
            }
        }
    }

    #[test]
    fn the_link_declared_first_breaks_ties() {
        // A square; both ways from 0 to 3 have two hops.
        let square = [(0, 2, true, 1.0), (2, 3, true, 1.0), (0, 1, true, 1.0), (1, 3, true, 1.0)];
        let routes = all_targets(&graph(4, &square));
        assert_eq!((routes.step(3, 0), routes.step(0, 3)), (Step::Link(0), Step::Link(3)));
        // Of two parallel links the first is taken, unless the second costs less.
        let parallel = all_targets(&graph(2, &[(0, 1, true, 1.0), (0, 1, true, 1.0)]));
        assert_eq!((parallel.step(1, 0), parallel.step(0, 1)), (Step::Link(0), Step::Link(1)));
        let cheaper = all_targets(&graph(2, &[(0, 1, true, 2.0), (0, 1, true, 1.0)]));
        assert_eq!((cheaper.step(1, 0), cheaper.step(0, 1)), (Step::Link(2), Step::Link(3)));
    }

    #[test]
    fn cost_decides() {
        let g = graph(3, &[(0, 2, true, 5.0), (0, 1, true, 2.0), (1, 2, true, 2.5)]);
        let routes = plain(&g, &[to(2)], false, &g.state());
        assert_eq!(hops(&g, &routes, 0, 0), Some(2));
        // Raised beyond the direct link, and lowered again.
        let mut state = g.state();
        state.links[2] = LinkState::up([3.5; 2]);
        assert_eq!(plain(&g, &[to(2)], false, &state).step(0, 0), Step::Link(0));
        let equal = graph(3, &[(0, 2, true, 4.5), (0, 1, true, 2.0), (1, 2, true, 2.5)]);
        assert_eq!(plain(&equal, &[to(2)], true, &equal.state()).links(0, 0), [0, 2]);
        // Each way has a length of its own.
        state.links[2].lengths = [Length::new(2.5), Length::new(9.0)];
        let there_and_back = plain(&g, &[to(2), to(0)], false, &state);
        assert_eq!((there_and_back.step(0, 0), there_and_back.step(1, 2)), (Step::Link(2), Step::Link(1)));
    }

    #[test]
    fn the_dearest_path_still_leads_on() {
        // The bounds of `cost`: a step of the least cost behind the most expensive way.
        let n = 50_000;
        let mut edges: Vec<Edge> = (0..n).map(|i| (i, i + 1, true, 16_777_216.0)).collect();
        edges.extend([(n + 1, 0, true, 0.001), (n + 2, n + 1, true, 0.001)]);
        let g = graph(n + 3, &edges);
        let routes = plain(&g, &[to(n)], false, &g.state());
        assert_eq!(hops(&g, &routes, 0, n as u32 + 2), Some(n as u32 + 2));
    }

    #[test]
    fn no_path_outlives_a_link() {
        // A ring of five: the way round is taken while the short one is down, and nothing is stale in either state.
        let g =
            graph(5, &[(0, 1, true, 1.0), (1, 2, true, 1.0), (2, 3, true, 1.0), (3, 4, true, 1.0), (4, 0, true, 1.0)]);
        let all: Vec<Destination> = (0..5).map(to).collect();
        for down in 0..5 {
            let mut state = g.state();
            state.links[down].down = true;
            let routes = plain(&g, &all, false, &state);
            for (target, node) in (0..5).flat_map(|t| (0..5).map(move |n| (t, n))) {
                let links: Vec<u32> = routes.shares(target, node, end_of(&g)).into_iter().map(|s| s.0 / 2).collect();
                assert!(links.iter().all(|l| *l as usize != down), "{target} {node}");
                // On the line that is left, the distance is that along it.
                let along = |n: u32| (i64::from(n) - down as i64 - 1).rem_euclid(5);
                assert_eq!(links.len() as i64, (along(target) - along(node)).abs());
            }
            state.links[down].down = false;
            assert_eq!(plain(&g, &all, false, &state).next, all_targets(&g).next);
        }
    }

    #[test]
    fn links_of_all_states_are_those_of_each() {
        let mut rng = sim_core::rng::Rng::seed_from_u64(5);
        for _ in 0..200 {
            let nodes = 3 + rng.below(4) as usize;
            let mut end = || rng.below(nodes as u64) as usize;
            let edges: Vec<Edge> = (0..8).map(|_| (end(), end(), true, 1.0)).filter(|e| e.0 != e.1).collect();
            let g = graph(nodes, &edges);
            let all: Vec<Destination> = (0..nodes).map(to).collect();
            let any = Routes::of_all_states(&g.plan(&all, false));
            for set in 0..1 << edges.len() {
                let mut state = g.state();
                state.links.iter_mut().enumerate().for_each(|(l, link)| link.down = set >> l & 1 == 1);
                let routes = plain(&g, &all, true, &state);
                for (row, node) in (0..nodes as u32).flat_map(|t| (0..nodes as u32).map(move |n| (t, n))) {
                    assert!(routes.links(row, node).iter().all(|l| any.links(row, node).contains(l)));
                    assert_eq!(routes.step(row, node) == Step::Here, any.step(row, node) == Step::Here);
                }
            }
        }
    }

    #[test]
    fn the_nearest_exit_is_taken_and_ties_go_to_the_first() {
        // 0 -1- 1 -1- 2 -1- 3 with exits at both ends: 1 leaves at 0, 2 at 3.
        let g =
            graph(5, &[(0, 1, true, 1.0), (1, 2, true, 1.0), (2, 3, true, 1.0), (4, 1, true, 1.0), (4, 2, true, 1.0)]);
        let exits = |nodes: &[usize]| Destination { nodes: nodes.to_vec(), address: 0, length: 0 };
        let all = [exits(&[0, 3]), exits(&[3, 0])];
        let routes = plain(&g, &all, true, &g.state());
        assert_eq!((routes.step(0, 0), routes.step(0, 3)), (Step::Here, Step::Here));
        assert_eq!((routes.step(0, 1), routes.step(0, 2)), (Step::Link(1), Step::Link(4)));
        // 4 is two steps from both: the one that is named first, and no split between them.
        assert_eq!((routes.step(0, 4), routes.step(1, 4)), (Step::Link(6), Step::Link(8)));
        // Once the way to the exit is cut, the other one is.
        let mut state = g.state();
        state.links[0].down = true;
        let routes = plain(&g, &all, false, &state);
        assert_eq!((routes.step(0, 1), routes.step(0, 4)), (Step::Link(2), Step::Link(8)));
    }

    #[test]
    fn static_routes_come_by_length_then_metric_and_go_with_their_links() {
        // 0 has links to 1, 2 and 3, and all of them to 4.
        let g = graph(
            5,
            &[
                (0, 1, true, 1.0),
                (0, 2, true, 1.0),
                (0, 3, true, 1.0),
                (1, 4, true, 1.0),
                (2, 4, true, 1.0),
                (3, 4, true, 1.0),
            ],
        );
        let net = |text| super::super::address::Prefix::parse(text).unwrap();
        let mut table = PrefixTable::new();
        table.insert(net("10.4.0.0/16"), 0);
        table.insert(net("10.4.0.0/16"), 1);
        table.insert(net("0.0.0.0/0"), 2);
        let route = |via, metric| StaticRoute { via, metric };
        let statics = StaticRoutes { table, routes: vec![route(3, 1), route(2, 5), route(2, 1)] };
        let statics = BTreeMap::from([(0, statics)]);
        let step = |length, down: &[usize]| {
            let destinations = [Destination { nodes: vec![4], address: 0x0A04_0001, length }];
            let mut state = g.state();
            for &l in down {
                state.links[l].down = true;
            }
            Routes::new(&Plan { statics: statics.clone(), ..g.plan(&destinations, false) }, &state).step(0, 0)
        };
        // Of the same prefix as the destination's: the static route with the lower metric, then the other.
        assert_eq!((step(16, &[]), step(16, &[2])), (Step::Link(4), Step::Link(2)));
        // A longer one is announced: the shortest path, as long as there is one.
        assert_eq!((step(24, &[]), step(24, &[3])), (Step::Link(0), Step::Link(2)));
        assert_eq!(step(24, &[3, 4, 5]), Step::Link(4));
        // Both of the prefix withdrawn: the default route still comes before shortest paths if nothing is announced.
        assert_eq!((step(0, &[2]), step(0, &[1, 2])), (Step::Link(2), Step::Link(0)));
    }

    /// The names of a section's tables in a scenario's text.
    fn named(text: &str, section: &str) -> Vec<String> {
        let head = format!("[{section}.");
        text.lines().filter_map(|l| Some(l.strip_prefix(&head)?.trim_end_matches(']').to_string())).collect()
    }

    #[test]
    fn abilene_has_its_hop_counts_and_loads() {
        // The instance `abilene` of SNDlib: 12 nodes, 15 links, 132 demands in Mbit/s; hop counts and even splits.
        let text = include_str!("../../../../scenarios/library/abilene.toml");
        let nodes = named(text, "node");
        let at = |name: &str| nodes.iter().position(|n| n == name).unwrap();
        let ends = |l: &String| l.split_once('_').map(|(a, b)| (at(a), at(b), true, 1.0)).unwrap();
        let edges: Vec<Edge> = named(text, "link").iter().map(ends).collect();
        let g = graph(12, &edges);
        let routes = all_targets(&g);
        let pairs = || (0..12).flat_map(|t| (0..12).map(move |n| (t, n)));
        let hops: Vec<u32> = pairs().map(|(t, n)| hops(&g, &routes, t, n).unwrap()).collect();
        assert_eq!((edges.len(), hops.iter().max()), (15, Some(&5)));
        assert_eq!(f64::from(hops.iter().sum::<u32>()) / 132.0, 2.5);

        let all: Vec<Destination> = (0..12).map(to).collect();
        let spread = plain(&g, &all, true, &g.state());
        let (mut loads, mut total, mut demands) = ([0.0; 30], 0.0, 0);
        for entry in text[text.find("[\"").unwrap()..].split("[\"").skip(1) {
            let cells: Vec<&str> = entry.split([',', '"', ' ', ']']).filter(|c| !c.is_empty()).collect();
            let rate: f64 = cells[2].parse().unwrap();
            (total, demands) = (total + rate, demands + 1);
            for (link, share) in spread.shares(at(cells[1]) as u32, at(cells[0]) as u32, end_of(&g)) {
                loads[link as usize] += rate * share;
            }
        }
        assert_eq!((demands, total), (132, 3_000_002.0));
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
        let load = |from: &str, to: &str| {
            let link = (0..30).find(|&l| end_of(&g)(l) as usize == at(to) && end_of(&g)(l ^ 1) as usize == at(from));
            loads[link.unwrap() as usize]
        };
        near(load("CHINng", "IPLSng"), 882_037.5);
        near(load("LOSAng", "HSTNng"), 774_480.0);
        near(load("ATLAng", "HSTNng"), 675_385.0);
        assert_eq!(loads.iter().copied().fold(0.0, f64::max), load("CHINng", "IPLSng"));
        near(loads.iter().sum(), 8_095_027.0);
        near(loads.iter().sum::<f64>() / total, 2.698_34);
    }
}
