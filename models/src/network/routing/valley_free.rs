//! Routes by business relations, as between autonomous systems (Gao & Rexford 2001, doi:10.1109/90.974523).
//!
//! A node prefers routes that it has from a customer to those from a peer, and these to those from a provider; of one kind
//! it takes the least sum of costs. It tells everybody of its own addresses and of what it has from customers, and its
//! customers of all that it has. Then a path goes up to providers, over at most one link between peers, and down to
//! customers: it has no valley in which a customer would carry traffic between its providers or peers.
//!
//! Validated against: an enumeration of all valley-free paths on small graphs; no valley on a generated hierarchy.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Destination, Directed};

/// What the end of a link is to its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::network) enum Relation {
    Customer,
    Peer,
    Provider,
}

impl Relation {
    /// The relation of a checked name.
    pub(in crate::network) fn named(name: &str) -> Self {
        match name {
            "customer" => Self::Customer,
            "peer" => Self::Peer,
            _ => Self::Provider,
        }
    }
    /// The other way round.
    pub(in crate::network) fn inverse(self) -> Self {
        match self {
            Self::Customer => Self::Provider,
            Self::Peer => Self::Peer,
            Self::Provider => Self::Customer,
        }
    }
}

/// From whom the best route of a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Own,
    From(Relation),
    Nobody,
}

/// The best route of each node.
struct Best {
    source: Vec<Source>,
    cost: Vec<f64>,
}

/// The nodes that have a route, with the links that they can take, those of a node in the order of ties. `relations` are
/// those of links, forwards.
pub(super) fn valley_free(
    destination: &Destination,
    nodes: usize,
    links: &[Directed],
    relations: &[Relation],
) -> Vec<(usize, u32)> {
    let relation = |l: &Directed| {
        let ahead = relations[l.id as usize / 2];
        if l.id.is_multiple_of(2) { ahead } else { ahead.inverse() }
    };
    let of = |r: Relation| {
        let mut into = vec![Vec::new(); nodes];
        links.iter().filter(|l| relation(l) == r).for_each(|l| into[l.to].push((l.from, l.cost)));
        into
    };
    let mut best = Best { source: vec![Source::Nobody; nodes], cost: vec![f64::INFINITY; nodes] };
    for &node in &destination.nodes {
        (best.source[node], best.cost[node]) = (Source::Own, 0.0);
    }
    best.extend(&of(Relation::Customer), Relation::Customer);
    // Routes from peers go no further than one link.
    let known: Vec<usize> = (0..nodes).filter(|&n| best.source[n] != Source::Nobody).collect();
    let peers = of(Relation::Peer);
    for to in known {
        for &(from, cost) in &peers[to] {
            best.offer(from, best.cost[to] + cost, Relation::Peer);
        }
    }
    best.extend(&of(Relation::Provider), Relation::Provider);
    let usable = |l: &&Directed| {
        let exported = relation(l) == Relation::Provider
            || !matches!(best.source[l.to], Source::From(Relation::Peer | Relation::Provider));
        exported && best.source[l.from] == Source::From(relation(l)) && best.cost[l.to] + l.cost == best.cost[l.from]
    };
    links.iter().filter(usable).map(|l| (l.from, l.id)).collect()
}

impl Best {
    /// Offers a node a route; true if it takes it. Routes of a better kind come first, so that none of them is replaced.
    fn offer(&mut self, node: usize, cost: f64, from: Relation) -> bool {
        let kept = match self.source[node] {
            Source::Nobody => false,
            source => source != Source::From(from) || self.cost[node] <= cost,
        };
        if !kept {
            (self.source[node], self.cost[node]) = (Source::From(from), cost);
        }
        !kept
    }
    /// Hands routes on over links of one kind, `into[n]` those that lead to n (Dijkstra's algorithm).
    fn extend(&mut self, into: &[Vec<(usize, f64)>], from: Relation) {
        // Costs are positive, so that their bits are in the order of their values.
        let known = (0..into.len()).filter(|&n| self.source[n] != Source::Nobody);
        let mut next: BinaryHeap<_> = known.map(|n| Reverse((self.cost[n].to_bits(), n))).collect();
        while let Some(Reverse((cost, node))) = next.pop() {
            if cost != self.cost[node].to_bits() {
                continue;
            }
            for &(neighbour, step) in &into[node] {
                let cost = self.cost[node] + step;
                if self.offer(neighbour, cost, from) {
                    next.push(Reverse((cost.to_bits(), neighbour)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::rng::Rng;

    use super::*;

    /// (from, to, what `to` is to `from`), each in both directions.
    type Edge = (usize, usize, Relation);

    fn directed(edges: &[Edge]) -> Vec<Directed> {
        let both = |(i, &(from, to, _)): (usize, &Edge)| {
            let id = 2 * i as u32;
            [Directed { id, from, to, cost: 1.0 }, Directed { id: id + 1, from: to, to: from, cost: 1.0 }]
        };
        edges.iter().enumerate().flat_map(both).collect()
    }

    /// The first next hop of each node towards `target`: where it leads, and what that node is to it.
    fn hops(nodes: usize, edges: &[Edge], target: usize) -> Vec<Option<(usize, Relation)>> {
        let relations: Vec<Relation> = edges.iter().map(|e| e.2).collect();
        let destination = Destination { nodes: vec![target], address: 0, length: 0 };
        let mut next = vec![None; nodes];
        let links = directed(edges);
        for (node, id) in valley_free(&destination, nodes, &links, &relations) {
            let ahead = relations[id as usize / 2];
            let relation = if id.is_multiple_of(2) { ahead } else { ahead.inverse() };
            next[node] = next[node].or(Some((links[id as usize].to, relation)));
        }
        next
    }

    fn path(next: &[Option<(usize, Relation)>], from: usize, target: usize) -> Option<Vec<Relation>> {
        let (mut at, mut path) = (from, Vec::new());
        while at != target {
            let (to, relation) = next[at]?;
            path.push(relation);
            at = to;
            assert!(path.len() <= next.len(), "a loop");
        }
        Some(path)
    }

    /// Up to providers, at most one peer, down to customers.
    fn is_valley_free(path: &[Relation]) -> bool {
        let up = path.iter().take_while(|r| **r == Relation::Provider).count();
        let across = usize::from(path.get(up) == Some(&Relation::Peer));
        path[up + across..].iter().all(|r| *r == Relation::Customer)
    }

    /// Whether any valley-free path leads there, by trying all steps: (node, whether it has turned down).
    fn reachable(nodes: usize, edges: &[Edge], from: usize, target: usize) -> bool {
        let mut seen = vec![[false; 2]; nodes];
        let mut stack = vec![(from, 0)];
        while let Some((node, down)) = stack.pop() {
            if std::mem::replace(&mut seen[node][down], true) {
                continue;
            }
            for &(a, b, r) in edges {
                for (x, y, r) in [(a, b, r), (b, a, r.inverse())] {
                    let turned = usize::from(r != Relation::Provider);
                    if x == node && (down == 0 || r == Relation::Customer) {
                        stack.push((y, turned.max(down)));
                    }
                }
            }
        }
        seen[target] != [false; 2]
    }

    #[test]
    fn customers_do_not_carry_for_their_providers() {
        use Relation::{Peer, Provider};
        // 1 has the providers 0 and 2, which are not connected otherwise; 3 is a peer of 0.
        let edges = [(1, 0, Provider), (1, 2, Provider), (3, 0, Peer)];
        let next = hops(4, &edges, 2);
        assert_eq!((next[1].map(|h| h.0), next[0], next[3]), (Some(2), None, None));
        // From a provider down to 1 is fine, and from the peer of a provider.
        let next = hops(4, &edges, 1);
        assert_eq!([0, 2, 3].map(|n| next[n].map(|h| h.0)), [Some(1), Some(1), Some(0)]);
        // A longer way through customers comes before a shorter one by a provider.
        let edges = [(1, 0, Provider), (2, 1, Provider), (3, 2, Provider), (1, 4, Provider), (3, 4, Provider)];
        assert_eq!(hops(5, &edges, 3)[1].map(|h| h.0), Some(2));
    }

    #[test]
    fn a_generated_hierarchy_has_no_valley() {
        // Five nodes at the top, all peers; each of the others has one to three providers above it, some have peers.
        let (nodes, mut rng) = (300, Rng::seed_from_u64(4));
        let mut edges: Vec<Edge> = (0..5).flat_map(|a| (a + 1..5).map(move |b| (a, b, Relation::Peer))).collect();
        for n in 5..nodes {
            for _ in 0..=rng.below(3) {
                edges.push((n, rng.below(n as u64) as usize, Relation::Provider));
            }
            if n > 20 && rng.below(3) == 0 {
                edges.push((n, 5 + rng.below(n as u64 - 5) as usize, Relation::Peer));
            }
        }
        let (mut paths, mut turns) = (0, 0);
        for target in (0..nodes).step_by(7) {
            let next = hops(nodes, &edges, target);
            for from in (0..nodes).filter(|n| *n != target) {
                let path = path(&next, from, target).expect("everybody reaches the top");
                assert!(is_valley_free(&path), "{from} to {target}: {path:?}");
                paths += 1;
                turns += usize::from(path.contains(&Relation::Peer));
            }
        }
        assert!(paths > 12_000 && turns > 1000, "{paths} {turns}");
    }

    #[test]
    fn whoever_can_be_reached_is() {
        let mut rng = Rng::seed_from_u64(11);
        let kinds = [Relation::Customer, Relation::Peer, Relation::Provider];
        let mut none = 0;
        for _ in 0..300 {
            let nodes = 3 + rng.below(5) as usize;
            let mut end = || rng.below(nodes as u64) as usize;
            let ends: Vec<(usize, usize)> = (0..=nodes).map(|_| (end(), end())).filter(|e| e.0 != e.1).collect();
            // Providers have lower numbers: nobody is his own.
            let relation = |a: usize, b: usize, kind: usize| match kinds[kind] {
                Relation::Peer => Relation::Peer,
                _ if b < a => Relation::Provider,
                _ => Relation::Customer,
            };
            let edges: Vec<Edge> = ends.iter().map(|&(a, b)| (a, b, relation(a, b, rng.below(3) as usize))).collect();
            for target in 0..nodes {
                let next = hops(nodes, &edges, target);
                for from in 0..nodes {
                    let found = path(&next, from, target);
                    assert_eq!(found.is_some(), reachable(nodes, &edges, from, target), "{edges:?} {from} {target}");
                    none += usize::from(found.is_none());
                    assert!(found.is_none_or(|p| is_valley_free(&p)));
                }
            }
        }
        assert!(none > 100, "some must be out of reach: {none}");
    }
}
