//! Nodes and links: written in the scenario, imported from a file, or generated.
//!
//! `[topology]` names a file or a regular graph; `[node.NAME]` and `[link.NAME]` add to it, and change what it has under
//! the same name. Without `[topology]` there is what the scenario writes.
//!
//! ```toml
//! [topology]
//! kind  = "graphml"                 # the Topology Zoo's format
//! file  = "Geant2012.graphml"
//! rate  = "10 Gbit/s"               # for links of which the file has no speed
//! delay = "2 ms"
//!
//! [link.UK-NL]                      # one of them, changed
//! rate = "1 Gbit/s"
//! ```

mod declared;
mod edge_list;
mod generated;
mod graphml;
mod sections;

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Span, Table};
use sim_core::quantity::Quantity;

use super::size::BITS_MAX;
use crate::BuildContext;

pub use sections::SECTIONS;

/// More nodes are refused.
pub const NODES_MAX: usize = 100_000;
/// More links are refused.
pub const LINKS_MAX: usize = 1_000_000;

/// The nodes and links of a network before they are made ready to run.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Nodes, by name.
    pub nodes: Vec<NodeSpec>,
    /// Links between them.
    pub links: Vec<LinkSpec>,
    /// Links of which an end is not known: the network cannot run, but what they may have led to counts.
    pub loose: Vec<LooseLink>,
    /// Whether there may be nodes and links that could not be read.
    pub incomplete: bool,
    /// Nodes by what an imported file calls them among its lines, where that is not their name.
    pub ids: BTreeMap<String, usize>,
}

impl Graph {
    /// What to tell somebody who calls a node by `id`, if an imported file does, too.
    pub(in crate::network) fn name_hint(&self, id: &str) -> Option<String> {
        let name = &self.nodes[*self.ids.get(id)?].name;
        Some(format!(
            "the node with the id `{id}` is called `{name}`: nodes of a GraphML file are named by their `label`"
        ))
    }
}

/// A link with an end that is not known.
#[derive(Clone, Debug)]
pub struct LooseLink {
    /// The node that it is to start from and the one that it is to lead to: what is said of them, if anything.
    pub ends: [Option<String>; 2],
    /// Whether it also leads back.
    pub duplex: bool,
}

/// A node.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// Its name, unique.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
}

/// A link, in one direction or both.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// Its name, unique; the component's name.
    pub name: String,
    /// Index of the node it starts from.
    pub from: usize,
    /// Index of the node it leads to.
    pub to: usize,
    /// Whether it also leads back, with a queue of its own.
    pub duplex: bool,
    /// Whether both ways share its rate.
    pub half: bool,
    /// Bits a second, exactly; `None` for a link without serialisation.
    pub rate: Option<Quantity>,
    /// Propagation delay.
    pub delay: Quantity,
    /// Length for routing: shortest paths minimise the sum.
    pub cost: f64,
    /// The checked table of its queue discipline.
    pub queue: Arc<Table>,
    /// What else it does to packets.
    pub medium: Medium,
    /// The checked table of its failures at random.
    pub failures: Option<Arc<Table>>,
    /// The checked table of what is different on the way back.
    pub reverse: Option<Arc<Table>>,
    /// Where it is declared.
    pub span: Span,
}

/// The waveform that a link's rate is multiplied by.
#[derive(Clone, Debug)]
pub struct ShapeSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Where the link names it.
    pub span: Span,
}

/// What a link does to packets besides queueing, sending and delaying them: keys that few links have.
#[derive(Clone, Debug, Default)]
pub struct Medium {
    /// How the rate varies.
    pub shape: Option<ShapeSpec>,
    /// Bits that each packet has on the wire besides its own.
    pub overhead: u32,
    /// The largest packet in bits.
    pub mtu: Option<u32>,
    /// The checked table of its law of loss.
    pub loss: Option<Arc<Table>>,
    /// The checked table of the law of its jitter.
    pub jitter: Option<Arc<Table>>,
}

impl LinkSpec {
    /// The link as packets on their way back see it: with the keys of `reverse`.
    #[must_use]
    pub fn back(&self) -> Self {
        let mut back = Self { from: self.to, to: self.from, ..self.clone() };
        if let Some(table) = &self.reverse {
            back.span = table.span;
            // What is wrong with them has been reported.
            back.change(table, &mut Diagnostics::default());
        }
        back
    }
    /// Changes it by the keys of `table` that are given.
    fn change(&mut self, table: &Table, wrong: &mut Diagnostics) {
        let given = |key: &str| table.get(key).is_some_and(|v| !v.defaulted);
        if given("rate") {
            self.rate = table.opt_quantity("rate");
        }
        if given("delay") {
            self.delay = table.quantity("delay");
        }
        if given("queue") {
            self.queue = Arc::new(table.table("queue").clone());
        }
        if let Some(failures) = table.opt_table("failures") {
            self.failures = Some(Arc::new(failures.clone()));
        }
        self.medium.change(table, wrong);
    }
}

impl Medium {
    fn read(table: &Table, wrong: &mut Diagnostics) -> Self {
        let mut medium = Self::default();
        medium.change(table, wrong);
        medium
    }
    fn change(&mut self, table: &Table, wrong: &mut Diagnostics) {
        let given = |key: &str| table.get(key).is_some_and(|v| !v.defaulted);
        if given("shape") {
            let shape = |name: &str| ShapeSpec { name: name.into(), span: table.span_of("shape") };
            self.shape = table.opt_text("shape").filter(|name| *name != "none").map(shape);
        }
        let mut size = |key: &str, help: &str| size(table, key, help).map_err(|d| wrong.push(d)).ok();
        if given("overhead") {
            let named = OVERHEADS.iter().find(|(name, _)| table.opt_text("overhead") == Some(name));
            let bits = named.map(|(_, bytes)| 8 * bytes);
            self.overhead = bits.or_else(|| size("overhead", "overhead = \"ethernet\" is 38 B")).unwrap_or(0);
        }
        if given("mtu") {
            self.mtu = match table.opt_text("mtu") {
                Some(_) => None,
                None => size("mtu", "mtu = \"1500 B\"").map(|bits| bits.max(1)),
            };
        }
        for (key, law) in [("loss", &mut self.loss), ("jitter", &mut self.jitter)] {
            if let Some(table) = table.opt_table(key) {
                *law = Some(Arc::new(table.clone()));
            }
        }
    }
}

/// Named framings, in bytes: Ethernet is header 14, check sequence 4, preamble 8 and gap 12 (IEEE 802.3); a VLAN tag is 4
/// more (IEEE 802.1Q).
const OVERHEADS: &[(&str, u32)] = &[("none", 0), ("ethernet", 38), ("ethernet_vlan", 42)];

/// More framing than any link has, in bits.
const FRAMING_MAX: u32 = 8 * 65_536;

/// A size in whole bits; framings are bounded, MTUs by what a packet can be.
fn size(table: &Table, key: &str, help: &str) -> Result<u32, Diagnostic> {
    let q = table.quantity(key);
    let max = if key == "overhead" { FRAMING_MAX } else { BITS_MAX };
    let bits = u32::try_from(q.exact.0).ok().filter(|&b| q.exact.1 == 1 && b <= max);
    bits.filter(|&b| key == "overhead" || b > 0).ok_or_else(|| {
        let label = format!("a whole number of bits, up to {} B", max / 8);
        Diagnostic::error("E0346", table.span_of(key), format!("`{key}` of {q}"), label).help(help)
    })
}

/// Reads the nodes and links of a scenario.
///
/// With every unknown node, duplicate name, bad file and absurd size, each at its place; the graph is then what is left.
pub fn graph(scenario: &Table, context: &BuildContext<'_>) -> (Graph, Diagnostics) {
    let mut draft = Draft::default();
    if let Some(table) = scenario.opt_table("topology") {
        draft.graph.incomplete = table.has_wrong();
        if let Err(found) = import(table, context, &mut draft) {
            draft.wrong.extend(found);
            draft.graph.incomplete = true;
        }
    }
    for section in ["node", "link"] {
        draft.graph.incomplete |= scenario.opt_table(section).is_some_and(|t| t.wrong);
    }
    declared::add(scenario, &mut draft);
    check_shapes(&mut draft);
    check_half(&mut draft);
    (draft.graph, draft.wrong)
}

/// That what is multiplied is there.
fn check_shapes(draft: &mut Draft) {
    let mut told: Vec<Span> = Vec::new();
    for link in &draft.graph.links {
        for way in std::iter::once(link.clone()).chain(link.duplex.then(|| link.back())) {
            let Some(shape) = way.medium.shape.filter(|_| way.rate.is_none()) else { continue };
            // Links of a topology have it from one place.
            if !told.contains(&shape.span) {
                told.push(shape.span);
                let message = format!("`{}` has a `shape` and no `rate`", link.name);
                let d = Diagnostic::error("E0347", shape.span, message, "multiplies nothing");
                draft.wrong.push(d.help("rate = \"10 Mbit/s\""));
            }
        }
    }
}

/// What `[topology]` says.
fn import(table: &Table, context: &BuildContext<'_>, draft: &mut Draft) -> Result<(), Diagnostics> {
    sections::check_keys(table)?;
    let template = Template::read(table)?;
    match table.text("kind") {
        "inline" => Ok(()),
        "graphml" => graphml::import(table, &template, context, draft),
        "edge_list" => edge_list::import(table, &template, context, draft),
        _ => generated::generate(table, &template, draft),
    }
}

/// A graph in the making.
#[derive(Default)]
struct Draft {
    graph: Graph,
    nodes: BTreeMap<String, usize>,
    links: BTreeMap<String, usize>,
    /// How many links have been added between the ends that give a link its name.
    parallel: BTreeMap<String, u32>,
    wrong: Diagnostics,
}

impl Draft {
    /// Adds a node of a new name; `None` if it cannot be added, which is reported.
    fn add_node(&mut self, name: String, span: Span) -> Option<usize> {
        if name == "exit" {
            let d = Diagnostic::error("E0344", span, "a node cannot be called `exit`", "a reserved name");
            self.wrong.push(d.help("`exit` in `next` is where packets leave the network; choose another name"));
            return None;
        }
        let index = self.graph.nodes.len();
        if index >= NODES_MAX {
            // Once is enough.
            if index == NODES_MAX && !self.wrong.has_errors() {
                self.wrong.push(too_large(span, "nodes", NODES_MAX + 1, NODES_MAX));
            }
            return None;
        }
        self.graph.nodes.push(NodeSpec { name: name.clone(), span });
        self.nodes.insert(name, index);
        Some(index)
    }
    /// Adds a link that the scenario does not name: after its ends, and `#2`, `#3` for those parallel to the first.
    fn add_unnamed(&mut self, from: usize, to: usize, link: &Template) -> &mut LinkSpec {
        let ends = format!("{}-{}", self.graph.nodes[from].name, self.graph.nodes[to].name);
        let n = self.parallel.entry(ends.clone()).and_modify(|n| *n += 1).or_insert(1);
        let name = if *n == 1 { ends } else { format!("{ends}#{n}") };
        self.add_link(link.link(name, from, to))
    }
    fn add_link(&mut self, link: LinkSpec) -> &mut LinkSpec {
        let index = self.graph.links.len();
        self.links.insert(link.name.clone(), index);
        self.graph.links.push(link);
        &mut self.graph.links[index]
    }
    /// Whether another link fits; reports if not.
    fn has_room(&mut self, span: Span) -> bool {
        let room = self.graph.links.len() < LINKS_MAX;
        if !room {
            self.wrong.push(too_large(span, "links", LINKS_MAX + 1, LINKS_MAX));
        }
        room
    }
}

fn too_large(span: Span, what: &str, found: impl std::fmt::Display, limit: usize) -> Diagnostic {
    Diagnostic::error("E0343", span, format!("a network of {found} {what}"), format!("at most {limit} {what}"))
        .help("simulate a part of it, or a smaller one of the same kind")
}

/// What all links that a file or a generator makes have in common.
struct Template {
    rate: Option<Quantity>,
    delay: Quantity,
    cost: f64,
    duplex: Duplex,
    queue: Arc<Table>,
    medium: Medium,
    failures: Option<Arc<Table>>,
    reverse: Option<Arc<Table>>,
    span: Span,
}

impl Template {
    fn read(table: &Table) -> Result<Self, Diagnostics> {
        let mut wrong = Diagnostics::default();
        let rate = table.opt_quantity("rate");
        let delay = table.quantity("delay");
        check_rate(rate, table.span_of("rate"), &mut wrong);
        check_delay(delay, table.span_of("delay"), &mut wrong);
        let (medium, reverse) = (Medium::read(table, &mut wrong), read_reverse(table, &mut wrong));
        if wrong.has_errors() {
            return Err(wrong);
        }
        Ok(Self {
            rate,
            delay,
            cost: table.number("cost"),
            duplex: Duplex::read(table),
            queue: Arc::new(table.table("queue").clone()),
            medium,
            failures: table.opt_table("failures").map(|t| Arc::new(t.clone())),
            reverse,
            span: table.span,
        })
    }
    fn link(&self, name: String, from: usize, to: usize) -> LinkSpec {
        LinkSpec {
            name,
            from,
            to,
            duplex: self.duplex.back,
            half: self.duplex.half,
            rate: self.rate,
            delay: self.delay,
            cost: self.cost,
            queue: Arc::clone(&self.queue),
            medium: self.medium.clone(),
            failures: self.failures.clone(),
            reverse: self.reverse.clone(),
            span: self.span,
        }
    }
}

/// The ways of a link.
#[derive(Clone, Copy, Debug)]
struct Duplex {
    /// It leads back.
    back: bool,
    /// Both ways share its rate.
    half: bool,
}

impl Duplex {
    /// What a link says; one that says it wrongly leads back, so that no way is missed on its account.
    fn read(table: &Table) -> Self {
        let half = table.opt_text("duplex") == Some("half");
        Self { back: half || table.is_wrong("duplex") || table.bool("duplex"), half }
    }
}

/// That what two ways share is there, and nothing is different on the way back.
fn check_half(draft: &mut Draft) {
    let mut told: Vec<Span> = Vec::new();
    for link in draft.graph.links.iter().filter(|link| link.half) {
        let (span, message, help) = match (&link.reverse, link.rate) {
            (Some(reverse), _) => (
                reverse.span,
                format!("both ways of `{}` are one", link.name),
                "leave out `reverse`, or `duplex = \"half\"`",
            ),
            (None, None) => (
                link.span,
                format!("the ways of `{}` share a rate, and it has none", link.name),
                "rate = \"10 Mbit/s\", or leave out `duplex = \"half\"`",
            ),
            _ => continue,
        };
        // Links of a topology have it from one place.
        if !told.contains(&span) {
            told.push(span);
            draft.wrong.push(Diagnostic::error("E0346", span, message, "of a half-duplex link").help(help));
        }
    }
}

/// The table of what is different on the way back, once it is known to be right.
fn read_reverse(table: &Table, wrong: &mut Diagnostics) -> Option<Arc<Table>> {
    let reverse = table.opt_table("reverse")?;
    check_rate(reverse.opt_quantity("rate"), reverse.span_of("rate"), wrong);
    if let Some(delay) = reverse.opt_quantity("delay") {
        check_delay(delay, reverse.span_of("delay"), wrong);
    }
    let _ = Medium::read(reverse, wrong);
    let duplex = Duplex::read(table);
    if !duplex.back {
        let d = Diagnostic::error(
            "E0346",
            table.span_of("reverse"),
            "a link in one direction has no way back",
            "does nothing here",
        );
        wrong.push(d.help("leave out `reverse`, or `duplex = false`"));
    }
    Some(Arc::new(reverse.clone()))
}

fn check_rate(rate: Option<Quantity>, span: Span, wrong: &mut Diagnostics) {
    if rate.is_some_and(|r| r.exact.0 == 0) {
        let d = Diagnostic::error("E0346", span, "a link of rate zero passes nothing", "more than zero");
        wrong.push(d.help("leave `rate` out for a link without serialisation"));
    }
}

fn check_delay(delay: Quantity, span: Span, wrong: &mut Diagnostics) {
    if delay.to_ticks().is_none() {
        let d = Diagnostic::error("E0346", span, format!("a delay of {delay}"), "at most 106 d");
        wrong.push(d.help("nothing that is sent would ever arrive"));
    }
}

/// `raw` as the name of an element: every run of other characters than letters, digits, `_` and `-` becomes one `_`.
fn element_name(raw: &str) -> String {
    let mut name = String::with_capacity(raw.len());
    for c in raw.trim().chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let trimmed = name.trim_end_matches('_').len();
    if !raw.trim().ends_with('_') {
        name.truncate(trimmed);
    }
    name
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::traffic::fixture::{codes, scenario, within};
    use super::*;

    pub(super) fn read_in(folder: &Path, text: &str) -> Result<Graph, Diagnostics> {
        let scenario = scenario(SECTIONS, text);
        within(folder, |context| match graph(&scenario, context) {
            (graph, wrong) if !wrong.has_errors() => Ok(graph),
            (_, wrong) => Err(wrong),
        })
    }

    pub(super) fn read(text: &str) -> Result<Graph, Diagnostics> {
        read_in(&std::env::temp_dir(), text)
    }

    /// Links as `name: from>to`, or `from=to` for duplex ones.
    pub(super) fn links(graph: &Graph) -> Vec<String> {
        let name = |n: usize| graph.nodes[n].name.as_str();
        let arrow = |l: &LinkSpec| if l.duplex { "=" } else { ">" };
        graph.links.iter().map(|l| format!("{}: {}{}{}", l.name, name(l.from), arrow(l), name(l.to))).collect()
    }

    pub(super) fn refused(text: &str) -> Vec<&'static str> {
        codes(&read(text).unwrap_err())
    }

    #[test]
    fn foreign_names_become_element_names() {
        for (raw, name) in [
            ("New York", "New_York"),
            ("St. Louis", "St_Louis"),
            (" Paris (2) ", "Paris_2"),
            ("a.b-c_", "a.b-c_".replace('.', "_").as_str()),
            ("Gy\u{151}r", "Gy_r"),
            ("?", ""),
        ] {
            assert_eq!(element_name(raw), name, "{raw}");
        }
    }

    #[test]
    fn what_is_written_changes_what_is_generated() {
        let g = read(
            "{ topology = { kind = 'line', nodes = 3, rate = '1 Gbit/s', delay = '1 ms', cost = 2, duplex = false },
               node = { lan = {}, n1 = {} },
               link = { n0-n1 = { rate = '10 Mbit/s', duplex = true }, up = { from = 'lan', to = 'n0' } } }",
        )
        .unwrap();
        assert_eq!(g.nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["n0", "n1", "n2", "lan"]);
        assert_eq!(links(&g), ["n0-n1: n0=n1", "n1-n2: n1>n2", "up: lan=n0"]);
        let [first, second, up] = &g.links[..] else { panic!("three links") };
        assert_eq!((first.rate.unwrap().value, first.delay.value, first.cost), (1e7, 1e-3, 2.0));
        assert_eq!((second.rate.unwrap().value, second.cost), (1e9, 2.0));
        assert_eq!((up.rate, up.delay.value, up.cost), (None, 0.0, 1.0));
        assert_eq!(up.queue.kind(), "fifo");
    }

    #[test]
    fn mistakes_are_reported_together() {
        assert_eq!(
            refused(
                "{ node = { a = {}, exit = {} }, link = { x = { from = 'a', to = 'aa' }, y = { from = 'a' },
                   z = { from = 'a', to = 'a', rate = '0 bit/s', delay = '200 d' } } }"
            ),
            ["E0344", "E0310", "E0345", "E0346", "E0346", "E0345"]
        );
    }

    #[test]
    fn the_way_back_differs_by_what_it_says() {
        let g = read(
            "{ node = { a = {}, b = {} },
               link = { l = { from = 'a', to = 'b', rate = '100 Mbit/s', delay = '5 ms', overhead = 'ethernet', mtu = '1500 B',
                              loss = { kind = 'bernoulli', p = 0.01 },
                              reverse = { rate = '10 Mbit/s', mtu = 'none', loss = { kind = 'gilbert_elliott', p = 0.1, r = 1 } } },
                        m = { from = 'a', to = 'b', reverse = { overhead = '42 B' } } } }",
        )
        .unwrap();
        let [l, m] = &g.links[..] else { panic!("two links") };
        let back = l.back();
        assert_eq!((l.rate.unwrap().value, l.medium.overhead, l.medium.mtu), (1e8, 304, Some(12_000)));
        assert_eq!((back.rate.unwrap().value, back.delay.value, (back.from, back.to)), (1e7, 5e-3, (1, 0)));
        assert_eq!((back.medium.overhead, back.medium.mtu), (304, None));
        let kind = |link: &LinkSpec| link.medium.loss.as_ref().map(|t| t.kind().to_string());
        assert_eq!((kind(l).as_deref(), kind(&back).as_deref()), (Some("bernoulli"), Some("gilbert_elliott")));
        assert_eq!((m.medium.overhead, m.back().medium.overhead, kind(m)), (0, 336, None));
    }

    #[test]
    fn what_a_topology_says_of_all_links_can_be_changed() {
        let g = read(
            "{ topology = { kind = 'line', nodes = 3, overhead = 'ethernet', reverse = { rate = '1 Mbit/s' } },
               link = { n0-n1 = { overhead = 'none', delay = '1 ms', reverse = { delay = '2 ms' } }, n1-n2 = { rate = '8 Mbit/s' } } }",
        )
        .unwrap();
        let [first, second] = &g.links[..] else { panic!("two links") };
        assert_eq!((first.medium.overhead, second.medium.overhead), (0, 304));
        assert_eq!((first.back().rate, first.back().delay.value), (None, 2e-3));
        assert_eq!((second.back().rate.unwrap().value, second.back().delay.value), (1e6, 0.0));
    }

    #[test]
    fn absurd_media_are_refused() {
        let link = |keys: &str| {
            refused(&format!(
                "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ l = {{ from = 'a', to = 'b', {keys} }} }} }}"
            ))
        };
        for keys in [
            "overhead = '65537 B'",
            "overhead = '0.5 bit'",
            "mtu = '0 B'",
            "mtu = '1 GB'",
            "reverse = { mtu = '0 B' }",
            "reverse = { rate = '0 bit/s' }",
            "reverse = { delay = '200 d' }",
            "duplex = false, reverse = { delay = '2 ms' }",
        ] {
            assert_eq!(link(keys), ["E0346"], "{keys}");
        }
    }

    #[test]
    fn an_unknown_node_is_met_with_the_nearest() {
        let found = read("{ node = { lan = {}, wan = {} }, link = { l = { from = 'lna', to = 'wan' } } }").unwrap_err();
        assert_eq!(found.iter().next().unwrap().help.as_deref(), Some("did you mean `lan`?"));
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        for text in [
            "{ topology = { kind = 'ring', nodes = 4, rows = 2 } }",
            "{ topology = { rate = '1 Mbit/s' } }",
            "{ topology = { kind = 'grid', rows = 2 } }",
            "{ topology = { kind = 'graphml' } }",
            "{ topology = { kind = 'tree' } }",
            "{ topology = { kind = 'tree', nodes = 3, depth = 1 } }",
            "{ topology = { kind = 'ring', nodes = 2 } }",
        ] {
            assert_eq!(refused(text), ["E0342"], "{text}");
        }
        assert_eq!(
            refused("{ topology = { kind = 'line', nodes = 2, rate = '0 bit/s', delay = '200 d' } }"),
            ["E0346"; 2]
        );
    }

    #[test]
    fn the_declared_sections_are_optional() {
        assert!(read("{}").unwrap().nodes.is_empty());
    }
}
