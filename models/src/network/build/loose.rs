//! Where packets could go if links with an unknown end were mended.
//!
//! A destination that only such a link could lead to is not blamed as well: the name of its end is probably misspelt, or
//! its node was forgotten. A link that says nothing of its end may lead anywhere; so may one that is all that a node has.

use std::collections::BTreeMap;

use sim_core::config::nearest;

use crate::network::topology::{Graph, LooseLink};

/// The network with its loose links mended.
pub(super) struct Mended<'a> {
    graph: &'a Graph,
    /// The nodes that each node leads to; behind those of the graph stand the nodes that were forgotten.
    next: Vec<Vec<usize>>,
}

impl<'a> Mended<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        if !graph.loose.is_empty() {
            names.extend(graph.nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)));
        }
        let known = names.len();
        for name in graph.loose.iter().flat_map(|l| l.ends.iter().flatten()) {
            let next = names.len();
            names.entry(name).or_insert(next);
        }
        let mut all = Self { graph, next: vec![Vec::new(); names.len()] };
        if names.is_empty() {
            return all;
        }
        for l in &graph.links {
            all.lead(&[l.from], &[l.to], l.duplex);
        }
        for (&name, &node) in names.iter().filter(|n| *n.1 >= known) {
            let meant = nearest(name, graph.nodes.iter().map(|n| n.name.as_str()));
            if let Some(&meant) = meant.and_then(|m| names.get(m)) {
                all.lead(&[node], &[meant], true);
            }
        }
        let anywhere: Vec<usize> = (0..names.len()).collect();
        for LooseLink { ends, duplex } in &graph.loose {
            let [from, to] = ends.each_ref().map(|end| match end {
                Some(name) => vec![names[name.as_str()]],
                None => anywhere.clone(),
            });
            all.lead(&from, &to, *duplex);
        }
        all
    }

    fn lead(&mut self, from: &[usize], to: &[usize], duplex: bool) {
        for &a in from {
            for &b in to {
                self.next[a].push(b);
                if duplex {
                    self.next[b].push(a);
                }
            }
        }
    }

    /// Whether a node hangs on loose links alone.
    fn hangs(&self, node: usize) -> bool {
        let name = &self.graph.nodes[node].name;
        let tied = self.graph.links.iter().any(|l| l.from == node || l.to == node);
        !tied && self.graph.loose.iter().any(|l| l.ends.iter().flatten().any(|end| end == name))
    }

    /// Whether there may be a way from one node to another; there is none if no link is loose.
    pub(super) fn leads(&self, from: usize, to: usize) -> bool {
        if self.hangs(from) || self.hangs(to) {
            return true;
        }
        let mut seen = vec![false; self.next.len()];
        let mut open = if self.next.is_empty() { Vec::new() } else { vec![from] };
        while let Some(node) = open.pop() {
            if node == to {
                return true;
            }
            if !std::mem::replace(&mut seen[node], true) {
                open.extend(&self.next[node]);
            }
        }
        false
    }
}
