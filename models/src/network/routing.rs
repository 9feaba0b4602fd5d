//! Shortest paths, frozen into flat tables.
//!
//! Dijkstra's algorithm (1959, doi:10.1007/BF01386390) from every node that packets are addressed to, against the
//! direction of the links, while the network is built; a run only looks up the next link. Paths minimise the sum of the
//! links' `cost`; with the default cost of 1 they have the fewest hops. Among links on equally short paths a node takes
//! the one declared first, a link's own direction before the way back.
//!
//! Validated against: all-pairs shortest paths by relaxation on random graphs; hop counts and loads of Abilene.

use petgraph::Graph as Net;
use petgraph::algo::dijkstra;
use petgraph::graph::NodeIndex;

use super::topology::Graph;

/// For each target that packets are addressed to: the link to take from each node.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    nodes: usize,
    /// `next[row * nodes + node]`: a directed link (2 l for link l forwards, 2 l + 1 back), or [`Routes::NONE`].
    next: Vec<u32>,
    /// The row of each node as a target, or [`Routes::NONE`].
    rows: Vec<u32>,
    /// The target of each row.
    targets: Vec<u32>,
    /// The node that each directed link leads to.
    ends: Vec<u32>,
}

impl Routes {
    /// There is no way, or the target has no row.
    pub(super) const NONE: u32 = u32::MAX;

    /// Shortest paths (sum of link costs; ties go to the link declared first) to each of `targets`.
    pub(super) fn new(graph: &Graph, targets: &[usize]) -> Self {
        let nodes = graph.nodes.len();
        let mut rows = vec![Self::NONE; nodes];
        for (row, &target) in targets.iter().enumerate() {
            rows[target] = row as u32;
        }
        let links: Vec<Directed> = directed(graph).collect();
        let net = against(nodes, &links);
        let mut next = vec![Self::NONE; nodes * targets.len()];
        for (row, &target) in next.chunks_exact_mut(nodes.max(1)).zip(targets) {
            fill(row, target, &net, &links);
        }
        let ends = graph.links.iter().flat_map(|l| [l.to as u32, l.from as u32]).collect();
        Self { nodes, next, rows, targets: targets.iter().map(|&t| t as u32).collect(), ends }
    }
    /// The row of `target`, to be looked up once a flow.
    pub(super) fn row(&self, target: usize) -> u32 {
        self.rows[target]
    }
    /// The directed link from `node` towards the target of `row`.
    #[inline]
    pub(super) fn next(&self, row: u32, node: u32) -> u32 {
        self.next[row as usize * self.nodes + node as usize]
    }
    /// How many links lie between `node` and the target of `row`; `None` if no way leads there.
    pub(super) fn hops(&self, row: u32, node: u32) -> Option<u32> {
        let target = self.targets[row as usize];
        let (mut at, mut hops) = (node, 0);
        while at != target {
            let link = self.next(row, at);
            if link == Self::NONE {
                return None;
            }
            at = self.ends[link as usize];
            hops += 1;
        }
        Some(hops)
    }
}

/// One direction of a link.
struct Directed {
    id: u32,
    from: usize,
    to: usize,
    cost: f64,
}

/// All directions that links have, in the order in which ties are broken.
fn directed(graph: &Graph) -> impl Iterator<Item = Directed> {
    graph.links.iter().enumerate().flat_map(|(l, link)| {
        let ahead = Directed { id: 2 * l as u32, from: link.from, to: link.to, cost: link.cost };
        let back = Directed { id: ahead.id + 1, from: link.to, to: link.from, cost: link.cost };
        [Some(ahead), link.duplex.then_some(back)].into_iter().flatten()
    })
}

/// The network with every direction turned round.
fn against(nodes: usize, links: &[Directed]) -> Net<(), f64> {
    let mut net = Net::with_capacity(nodes, links.len());
    for _ in 0..nodes {
        net.add_node(());
    }
    for l in links {
        net.add_edge(NodeIndex::new(l.to), NodeIndex::new(l.from), l.cost);
    }
    net
}

fn fill(row: &mut [u32], target: usize, net: &Net<(), f64>, links: &[Directed]) {
    let found = dijkstra(net, NodeIndex::new(target), None, |e| *e.weight());
    let distance: Vec<f64> =
        (0..row.len()).map(|n| found.get(&NodeIndex::new(n)).copied().unwrap_or(f64::INFINITY)).collect();
    for l in links {
        // The sum is the one that gave the distance, so equality is exact. Costs are never so small beside a distance
        // that adding one leaves it as it is: each step comes nearer.
        let on_a_shortest_path = distance[l.to].is_finite() && distance[l.to] + l.cost == distance[l.from];
        if on_a_shortest_path && l.from != target && row[l.from] == Routes::NONE {
            row[l.from] = l.id;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sim_core::config::Span;
    use sim_core::quantity::{Dimension, Quantity};

    use super::super::topology::{LinkSpec, Medium, NodeSpec};
    use super::*;

    /// (from, to, duplex, cost)
    type Edge = (usize, usize, bool, f64);

    fn graph(nodes: usize, edges: &[Edge]) -> Graph {
        let delay = Quantity::ratio(0, 1, Dimension::TIME).unwrap();
        let node = |n: usize| NodeSpec { name: format!("n{n}"), span: Span::default() };
        let link = |(i, &(from, to, duplex, cost)): (usize, &Edge)| LinkSpec {
            name: format!("l{i}"),
            from,
            to,
            duplex,
            rate: None,
            delay,
            cost,
            queue: std::sync::Arc::default(),
            medium: Medium::default(),
            reverse: None,
            span: Span::default(),
        };
        Graph { nodes: (0..nodes).map(node).collect(), links: edges.iter().enumerate().map(link).collect() }
    }

    fn all_targets(g: &Graph) -> Routes {
        Routes::new(g, &(0..g.nodes.len()).collect::<Vec<_>>())
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
            let routes = all_targets(&graph(nodes, &edges));
            for target in 0..nodes {
                let d = distances(nodes, &edges, target);
                let row = routes.row(target);
                for node in 0..nodes {
                    if node == target || d[node].is_infinite() {
                        prop_assert_eq!(routes.next(row, node as u32), Routes::NONE);
                        prop_assert_eq!(routes.hops(row, node as u32), (node == target).then_some(0));
                        continue;
                    }
                    // The first declared direction that loses no cost, tried one by one.
                    let first = edges.iter().enumerate().find_map(|(i, &(from, to, duplex, cost))| {
                        if from == node && d[to] + cost == d[node] {
                            return Some(2 * i as u32);
                        }
                        (duplex && to == node && d[from] + cost == d[node]).then_some(2 * i as u32 + 1)
                    });
                    prop_assert_eq!(Some(routes.next(row, node as u32)), first);
                    let mut cost = 0.0;
                    let (mut at, mut hops) = (node, 0);
                    while at != target {
                        let link = routes.next(row, at as u32) as usize;
                        let (from, to, _, c) = edges[link / 2];
                        cost += c;
                        hops += 1;
                        at = if link.is_multiple_of(2) { to } else { from };
                    }
                    prop_assert_eq!(cost, d[node]);
                    prop_assert_eq!(routes.hops(row, node as u32), Some(hops));
                }
            }
        }
    }

    #[test]
    fn the_link_declared_first_breaks_ties() {
        // A square; both ways from 0 to 3 have two hops.
        let square = [(0, 2, true, 1.0), (2, 3, true, 1.0), (0, 1, true, 1.0), (1, 3, true, 1.0)];
        let routes = all_targets(&graph(4, &square));
        assert_eq!(routes.next(routes.row(3), 0), 0);
        assert_eq!(routes.next(routes.row(0), 3), 3);
        // Of two parallel links the first is taken, unless the second costs less.
        let parallel = all_targets(&graph(2, &[(0, 1, true, 1.0), (0, 1, true, 1.0)]));
        assert_eq!((parallel.next(1, 0), parallel.next(0, 1)), (0, 1));
        let cheaper = all_targets(&graph(2, &[(0, 1, true, 2.0), (0, 1, true, 1.0)]));
        assert_eq!((cheaper.next(1, 0), cheaper.next(0, 1)), (2, 3));
    }

    #[test]
    fn cost_decides_and_hops_are_counted() {
        let g = graph(3, &[(0, 2, true, 5.0), (0, 1, true, 2.0), (1, 2, true, 2.5)]);
        let routes = Routes::new(&g, &[2]);
        assert_eq!(routes.hops(routes.row(2), 0), Some(2));
        assert_eq!(routes.row(0), Routes::NONE);
    }

    #[test]
    fn the_dearest_path_still_leads_on() {
        // The bounds of `cost`: a step of the least cost behind the most expensive way.
        let n = 50_000;
        let mut edges: Vec<Edge> = (0..n).map(|i| (i, i + 1, true, 16_777_216.0)).collect();
        edges.extend([(n + 1, 0, true, 0.001), (n + 2, n + 1, true, 0.001)]);
        let routes = Routes::new(&graph(n + 3, &edges), &[n]);
        assert_eq!(routes.hops(0, n as u32 + 2), Some(n as u32 + 2));
    }

    #[test]
    fn abilene_has_its_hop_counts() {
        // The 15 links of Abilene; diameter 5, mean over the 132 ordered pairs 2.5.
        let names = [
            "ATLAM5", "ATLAng", "CHINng", "DNVRng", "HSTNng", "IPLSng", "KSCYng", "LOSAng", "NYCMng", "SNVAng",
            "STTLng", "WASHng",
        ];
        let at = |name: &str| names.iter().position(|n| n.starts_with(name)).unwrap();
        let links = "ATLAM5-ATLAng ATLAng-HSTN ATLAng-IPLS ATLAng-WASH CHIN-IPLS CHIN-NYCM DNVR-KSCY DNVR-SNVA DNVR-STTL \
                     HSTN-KSCY HSTN-LOSA IPLS-KSCY LOSA-SNVA NYCM-WASH SNVA-STTL";
        let edges: Vec<Edge> = links
            .split_whitespace()
            .map(|l| l.split_once('-').unwrap())
            .map(|(a, b)| (at(a), at(b), true, 1.0))
            .collect();
        let routes = all_targets(&graph(12, &edges));
        let hops: Vec<u32> =
            (0..12).flat_map(|t| (0..12).map(move |n| (t, n))).map(|(t, n)| routes.hops(t, n).unwrap()).collect();
        assert_eq!(hops.iter().max(), Some(&5));
        assert_eq!(f64::from(hops.iter().sum::<u32>()) / 132.0, 2.5);
    }
}
