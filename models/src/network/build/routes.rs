//! What routing reads from a scenario: `[routing]`, destinations of traffic, static routes of nodes.

use std::net::Ipv4Addr;

use sim_core::config::{Data, Diagnostic, Field, Section, Shape, Span, Table, Type, Value, did_you_mean};
use sim_core::quantity::Dimension;

use super::{Builder, ticks};
use crate::network::address::Prefix;
use crate::network::routing::{Destination, Ecmp, LinkState, PrefixTable, Relation, State, StaticRoute, StaticRoutes};
use crate::network::topology::{Graph, LinkSpec};

/// `[routing]`.
pub(super) const SECTION: Section = Section {
    name: "routing",
    shape: Shape::Single,
    family: None,
    fields: &[
        Field::default(
            "policy",
            Type::Choice(&["shortest", "valley_free"]),
            "\"shortest\"",
            "Which paths are taken: the shortest by `metric`; or those that the `relation` of links allows, routes from \
             customers before those from peers and from providers (Gao & Rexford), the shortest of them.",
        ),
        Field::default(
            "ecmp",
            Type::Choice(&["off", "hash_threshold", "modulo", "hrw", "per_packet"]),
            "\"off\"",
            "What a node does with several next hops of the same cost: takes the first; spreads flows over them by a hash \
             (RFC 2992: regions of the hash, its remainder, or the highest random weight); or packets, in turn.",
        ),
        Field::default(
            "hash",
            Type::Choice(&["conversation", "addresses"]),
            "\"conversation\"",
            "What is hashed: what tells conversations apart (addresses, protocol and ports), or the addresses alone.",
        ),
        Field::default(
            "metric",
            Type::Choice(&["cost", "delay"]),
            "\"cost\"",
            "What paths are short by: the sum of the `cost` of their links, or of their `delay`, the propagation alone, each \
             way its own. A link without a delay counts as one of 1 ps, so that of ways of equal delay the one with fewest links \
             is taken; no rates, queues or jitter count. Routes follow interventions on delays as those on costs.",
        ),
        Field::default(
            "convergence",
            Type::OneOf(&[Type::Quantity(&[Dimension::TIME]), Type::Kind("service")]),
            "\"150 ms\"",
            "How long after a failure, a recovery or a change of what paths are short by routes follow; until then packets are sent \
             over links that have failed, and are lost. The default is BFD's, three intervals of 50 ms. Or a law of times, as of \
             services, of which one is drawn for each failure, recovery or change (one for a node and all its links): OSPF with \
             a hello each 10 s and a dead interval of 40 s notices a failure after { kind = \"uniform\", min = \"30 s\", max = \
             \"40 s\" }. News of a link that later news overtake are dropped: a failure that is over before anybody noticed \
             it, and whose end was noticed, changes no routes.",
        ),
    ],
    doc: "How packets with a destination find their way. Random next hops (`next`) do not depend on it.",
};

/// One static route of a node.
pub(in crate::network) const ROUTE: &[Field] = &[
    Field::required("prefix", Type::Text, "The destinations (IPv4): \"10.20.0.0/22\", \"0.0.0.0/0\" for all."),
    Field::required("via", Type::Text, "The neighbour that takes what is sent there."),
    Field::default(
        "metric",
        Type::Integer { min: 0, max: u32::MAX as i64 },
        "10",
        "Of several routes for a prefix, the one with the lowest metric of which the neighbour can be reached is used.",
    ),
];

/// Convergence without `[routing]`, in ticks: as its default.
const CONVERGENCE: u64 = 150_000_000_000;

/// Up to here sums of whole numbers of ticks are exact.
const DELAYS_MAX: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// What paths are short by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Cost,
    Delay,
}

impl Metric {
    /// The lengths of a link, forwards and back.
    fn lengths(self, link: &LinkSpec) -> [f64; 2] {
        // A length of nothing would let paths go round.
        let ticks = |delay| ticks(delay).max(1) as f64;
        match self {
            Self::Cost => [link.cost; 2],
            Self::Delay if link.reverse.is_some() => [ticks(link.delay), ticks(link.back().delay)],
            Self::Delay => [ticks(link.delay); 2],
        }
    }
}

impl Builder<'_> {
    pub(super) fn routing(&self) -> Option<&Table> {
        self.scenario.opt_table("routing")
    }
    pub(super) fn ecmp(&self) -> Ecmp {
        self.routing().map_or(Ecmp::Off, |t| Ecmp::named(t.text("ecmp")))
    }
    /// In ticks, how long it takes until routes follow, if it is always the same.
    pub(super) fn convergence(&self) -> Option<u64> {
        let Some(routing) = self.routing() else { return Some(CONVERGENCE) };
        if let Some(q) = routing.opt_quantity("convergence") {
            return Some(ticks(q));
        }
        let law = routing.table("convergence");
        (law.kind() == "constant").then(|| ticks(law.quantity("time")))
    }
    /// What paths are short by.
    pub(super) fn metric(&self) -> Metric {
        match self.routing().map(|t| t.text("metric")) {
            Some("delay") => Metric::Delay,
            _ => Metric::Cost,
        }
    }
    /// The state of the topology of `graph` while no link is down.
    pub(super) fn state(&self, graph: &Graph) -> State {
        let metric = self.metric();
        State { links: graph.links.iter().map(|link| LinkState::up(metric.lengths(link))).collect() }
    }
    /// That sums of delays are exact, if paths are short by them; `span` is where that of link `changed` stands.
    ///
    /// Fails with the link to blame.
    pub(super) fn check_lengths(&self, graph: &Graph, changed: usize, span: Span) -> Result<(), Diagnostic> {
        let sum: f64 = graph.links.iter().flat_map(|link| self.metric().lengths(link)).sum();
        if self.metric() == Metric::Cost || sum <= DELAYS_MAX {
            return Ok(());
        }
        let link = &graph.links[changed];
        let message = format!("a delay of {} at link `{}`, by which routes are to be short", link.delay, link.name);
        let d = Diagnostic::error("E0349", span, message, "delays of all links must not exceed 9007 s in all");
        Err(d.help("shorter delays, or [routing] metric = \"cost\""))
    }
    /// The same at the start.
    pub(super) fn check_delays(&mut self) {
        let longest = |(_, link): &(usize, &LinkSpec)| ticks(link.delay);
        let Some((longest, link)) = self.graph.links.iter().enumerate().max_by_key(longest) else { return };
        if let Err(d) = self.check_lengths(&self.graph, longest, link.span) {
            self.diagnostics.push(d);
        }
    }
    /// What is hashed of each flow; nothing if it is the conversation.
    pub(super) fn hash_keys(&self) -> Vec<u64> {
        let by_address = self.routing().is_some_and(|t| t.text("hash") == "addresses");
        let labels = if by_address { &self.labels[..] } else { &[] };
        labels.iter().map(|l| u64::from(l.source) << 32 | u64::from(l.destination)).collect()
    }

    /// The relations of links, if paths follow them.
    pub(super) fn relations(&mut self) -> Option<Vec<Relation>> {
        self.routing().filter(|t| t.text("policy") == "valley_free")?;
        let given = |name: &str| self.scenario.opt_table("link")?.opt_table(name)?.opt_text("relation");
        let all: Vec<_> = self.graph.links.iter().map(|l| given(&l.name).map(Relation::named)).collect();
        if let Some(l) = all.iter().position(Option::is_none) {
            let link = &self.graph.links[l];
            let message = format!("the link `{}` has no `relation`", link.name);
            let d = Diagnostic::error("E0395", link.span, message, "what is its `to` to its `from`?");
            let help =
                "relation = \"provider\", \"customer\" or \"peer\"; with [routing] policy = \"shortest\" it needs none";
            self.diagnostics.push(d.help(help));
        }
        all.into_iter().collect()
    }

    /// The index of a destination, which is added if it is new.
    pub(super) fn destination(&mut self, destination: Destination) -> usize {
        // Found by its first node, of which most destinations have an own one.
        let known = self.rows.entry(destination.nodes[0]).or_default();
        if let Some(&row) = known.iter().find(|&&row| self.destinations[row] == destination) {
            return row;
        }
        known.push(self.destinations.len());
        self.destinations.push(destination);
        self.destinations.len() - 1
    }
    /// The destination that is this node.
    pub(super) fn at_node(&mut self, node: usize) -> usize {
        let plan = &self.nodes[node];
        let length = if plan.announced { plan.prefix.length } else { 0 };
        let address = plan.prefix.host(0);
        self.destination(Destination { nodes: vec![node], address, length })
    }

    /// What traffic's `to` names, if it is given: a node, several, or an address. `None` also if there is no such, which is
    /// reported.
    pub(super) fn read_destination(&mut self, table: &Table) -> Option<usize> {
        let value = table.get("to")?;
        match &value.data {
            Data::List(names) => self.any_of(names, value.span),
            _ => self.named(value.as_text().unwrap_or_default(), value.span),
        }
    }
    fn named(&mut self, name: &str, span: Span) -> Option<usize> {
        match name.parse::<Ipv4Addr>() {
            Ok(address) if !self.by_name.contains_key(name) => self.holders(address.into(), span),
            _ => self.node(name, span).map(|node| self.at_node(node)),
        }
    }
    fn any_of(&mut self, names: &[Value], span: Span) -> Option<usize> {
        let mut nodes = Vec::new();
        for value in names {
            let node = self.node(value.as_text().unwrap_or_default(), value.span)?;
            if nodes.contains(&node) {
                let message = format!("`{}` is named twice", self.graph.nodes[node].name);
                let d = Diagnostic::error("E0394", value.span, message, "named before");
                self.diagnostics.push(d.help("each node once, the one to prefer among equally near ones first"));
                return None;
            }
            nodes.push(node);
        }
        let Some(&first) = nodes.first() else {
            let d = Diagnostic::error("E0394", span, "a destination without nodes", "an empty list");
            self.diagnostics.push(d.help("to = [\"NODE\", \"NODE\"]: the nearest of them takes the packets"));
            return None;
        };
        let one = self.at_node(first);
        let Destination { address, length, .. } = self.destinations[one];
        Some(self.destination(Destination { nodes, address, length }))
    }
    /// The nodes that have the longest prefix with an address.
    fn holders(&mut self, address: u32, span: Span) -> Option<usize> {
        let mut table = PrefixTable::new();
        for (n, node) in self.nodes.iter().enumerate().filter(|n| n.1.announced) {
            table.insert(node.prefix, n as u32);
        }
        let longest = table.matches(address).next().map(|(length, nodes)| (length, nodes.to_vec()));
        let Some((length, nodes)) = longest else {
            let message = format!("no node has the address {}", Ipv4Addr::from(address));
            let d = Diagnostic::error("E0394", span, message, "in no node's `prefix`");
            self.diagnostics
                .push(d.help("give the node that it belongs to a `prefix`, \"0.0.0.0/0\" for all addresses"));
            return None;
        };
        let nodes = nodes.into_iter().map(|n| n as usize).collect();
        Some(self.destination(Destination { nodes, address, length }))
    }

    /// Reads the static routes of a node.
    pub(super) fn read_routes(&mut self, node: usize, table: &Table) {
        let mut read: Vec<(Prefix, StaticRoute)> = Vec::new();
        for value in table.list("routes") {
            let Some(route) = value.as_table() else { continue };
            let prefix = self.prefix(route, "prefix");
            let via = self.node(route.text("via"), route.span_of("via"));
            let (Some(prefix), Some(via)) = (prefix, via) else { continue };
            let metric = route.integer("metric") as u32;
            self.check_neighbour(node, via, route.span_of("via"));
            self.check_twin(&read, (prefix, StaticRoute { via, metric }), value.span);
            read.push((prefix, StaticRoute { via, metric }));
        }
        if read.is_empty() {
            return;
        }
        read.sort_by_key(|r| r.1.metric);
        let mut statics = StaticRoutes { table: PrefixTable::new(), routes: Vec::new() };
        for (prefix, route) in read {
            statics.table.insert(prefix, statics.routes.len() as u32);
            statics.routes.push(route);
        }
        self.statics.insert(node, statics);
    }
    /// The block of addresses under `key`.
    pub(super) fn prefix(&mut self, table: &Table, key: &str) -> Option<Prefix> {
        let wrong = |message| {
            let d = Diagnostic::error("E0325", table.span_of(key), message, "not a block of addresses");
            self.diagnostics.push(d.help("prefix = \"10.20.0.0/22\""));
        };
        Prefix::parse(table.text(key)).map_err(wrong).ok()
    }
    fn check_neighbour(&mut self, node: usize, via: usize, span: Span) {
        let ends = self.graph.links.iter().flat_map(|l| [Some((l.from, l.to)), l.duplex.then_some((l.to, l.from))]);
        let neighbours: Vec<usize> = ends.flatten().filter(|e| e.0 == node).map(|e| e.1).collect();
        if neighbours.contains(&via) {
            return;
        }
        let name = |n: usize| self.graph.nodes[n].name.as_str();
        let all: Vec<&str> = neighbours.iter().map(|n| name(*n)).collect();
        let list = match all.len() {
            0 => format!("no link leads away from `{}`", name(node)),
            _ => format!("its neighbours are {}", all.join(", ")),
        };
        let help = did_you_mean(name(via), all.iter().copied()).map_or(list.clone(), |near| format!("{near} {list}"));
        let message = format!("no link leads from `{}` to `{}`", name(node), name(via));
        self.diagnostics.push(Diagnostic::error("E0391", span, message, "not a neighbour").help(help));
    }
    /// That no two routes contradict each other.
    fn check_twin(&mut self, read: &[(Prefix, StaticRoute)], new: (Prefix, StaticRoute), span: Span) {
        let same = |r: &&(Prefix, StaticRoute)| r.0 == new.0 && r.1.metric == new.1.metric;
        let Some(twin) = read.iter().find(same) else { return };
        if twin.1.via != new.1.via && self.ecmp() != Ecmp::Off {
            return;
        }
        let message = format!("two routes for {} have the metric {}", new.0, new.1.metric);
        let help = if twin.1.via == new.1.via {
            "leave out one of them"
        } else {
            "give one a higher `metric`, or use both: [routing] with an `ecmp` other than \"off\""
        };
        let d = Diagnostic::error("E0392", span, message, "which of them is used?");
        self.diagnostics.push(d.help(help));
    }
}
