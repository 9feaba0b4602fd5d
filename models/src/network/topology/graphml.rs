//! GraphML (Brandes et al. 2002, doi:10.1007/3-540-45848-4_59), as the Internet Topology Zoo writes it (Knight et al. 2011,
//! doi:10.1109/JSAC.2011.111002).
//!
//! A node is called by its `label` if no other node has that label, else by its id; characters that names cannot have
//! become `_`. A link's rate is its `LinkSpeedRaw` (bit/s) if the file has one, else the topology's `rate`. Directed edges
//! become one-way links, and edges from a node to itself are left out. Coordinates and everything else are not read. Files
//! are at most 16 MiB; a document type declaration is refused, and with it every entity.

use std::collections::BTreeMap;
use std::io::Read;

use roxmltree::{Document, Node, ParsingOptions};
use sim_core::config::{Diagnostic, Diagnostics, Span, Table};
use sim_core::quantity::{Dimension, Quantity};

use super::{Draft, LINKS_MAX, NODES_MAX, Template, element_name, too_large};
use crate::BuildContext;
use crate::common::rows::{one, open};

const MIB_MAX: u64 = 16;
/// Elements, texts and comments of a file: far more than 16 MiB of a sane one hold.
const XML_NODES_MAX: u32 = 4_000_000;

pub(super) fn import(
    table: &Table,
    template: &Template,
    context: &BuildContext<'_>,
    draft: &mut Draft,
) -> Result<(), Diagnostics> {
    let (name, span) = (table.text("file"), table.span_of("file"));
    let refuse = |message: String, help: &str| one("E0341", span, message, "in this file", help);
    let mut text = String::new();
    open(table, "file", context.folder, MIB_MAX)?
        .read_to_string(&mut text)
        .map_err(|e| refuse(format!("cannot read `{name}`: {e}"), "GraphML is UTF-8 text"))?;
    let options = ParsingOptions { nodes_limit: XML_NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|e| match e {
        roxmltree::Error::DtdDetected => refuse(
            format!("`{name}` has a document type declaration"),
            "remove `<!DOCTYPE ...>`: GraphML does not need it",
        ),
        e => refuse(format!("`{name}` is not XML: {e}"), "expected a GraphML file"),
    })?;
    File { document: &document, name, span }.read(template, draft)
}

struct File<'a> {
    document: &'a Document<'a>,
    name: &'a str,
    span: Span,
}

impl<'a> File<'a> {
    fn refuse(&self, at: Node<'_, '_>, message: &str, help: &str) -> Diagnostics {
        let line = self.document.text_pos_at(at.range().start).row;
        one("E0341", self.span, format!("{}, line {line}: {message}", self.name), "in this file", help)
    }

    fn elements(&self, tag: &'static str) -> impl Iterator<Item = Node<'a, 'a>> + use<'a> {
        self.document.descendants().filter(move |n| n.is_element() && n.tag_name().name() == tag)
    }

    fn read(&self, template: &Template, draft: &mut Draft) -> Result<(), Diagnostics> {
        let root = self.document.root_element();
        match root.tag_name().name() {
            "graphml" => {}
            "network" => {
                return Err(self.refuse(root, "SNDlib's format, which is not read", "expected a GraphML file"));
            }
            _ => return Err(self.refuse(root, "not a GraphML file", "its root is <graphml>")),
        }
        for (tag, what, limit) in [("node", "nodes", NODES_MAX), ("edge", "links", LINKS_MAX)] {
            let found = self.elements(tag).count();
            if found > limit {
                let mut wrong = Diagnostics::default();
                wrong.push(too_large(self.span, what, found, limit));
                return Err(wrong);
            }
        }
        let nodes = self.nodes(draft)?;
        self.edges(&nodes, template, draft)
    }

    /// The ids of the keys called `name` that `element`s may have.
    fn keys(&self, name: &str, element: &str) -> Vec<&'a str> {
        let of = |k: &Node<'_, '_>| k.attribute("for").is_none_or(|f| f == element || f == "all");
        let keys = self.elements("key").filter(|k| k.attribute("attr.name") == Some(name) && of(k));
        keys.filter_map(|k| k.attribute("id")).collect()
    }

    /// Adds the nodes; returns their indices by id.
    fn nodes(&self, draft: &mut Draft) -> Result<BTreeMap<&'a str, usize>, Diagnostics> {
        let keys = self.keys("label", "node");
        let mut labels: BTreeMap<String, u32> = BTreeMap::new();
        let mut read = Vec::new();
        for node in self.elements("node") {
            let help = "every <node> has an id of its own";
            let id = node.attribute("id").ok_or_else(|| self.refuse(node, "a node without an id", help))?;
            let label = element_name(data(node, &keys).unwrap_or_default());
            *labels.entry(label.clone()).or_insert(0) += 1;
            read.push((node, id, label));
        }
        let mut indices = BTreeMap::new();
        for (node, id, label) in read {
            let name = if !label.is_empty() && labels[&label] == 1 { label } else { name_by_id(id, &labels) };
            if name.is_empty() || name == "exit" || draft.nodes.contains_key(&name) || indices.contains_key(id) {
                let message = format!("a node cannot be called `{name}`: the name is empty, reserved or taken");
                return Err(self.refuse(node, &message, "give the node another label or id"));
            }
            let is_named_so = name == id;
            let Some(index) = draft.add_node(name, self.span) else { continue };
            indices.insert(id, index);
            if !is_named_so {
                draft.graph.ids.insert(id.to_owned(), index);
            }
        }
        Ok(indices)
    }

    fn edges(
        &self,
        nodes: &BTreeMap<&'a str, usize>,
        template: &Template,
        draft: &mut Draft,
    ) -> Result<(), Diagnostics> {
        let keys = self.keys("LinkSpeedRaw", "edge");
        let words = [self.keys("LinkType", "edge"), self.keys("LinkLabel", "edge")].concat();
        let mut without_rate = Vec::new();
        for edge in self.elements("edge") {
            let end = |key| {
                let id = edge.attribute(key).unwrap_or_default();
                let unknown = || self.refuse(edge, &format!("`{key}` is no node: `{id}`"), "the id of a <node>");
                nodes.get(id).copied().ok_or_else(unknown)
            };
            let (from, to) = (end("source")?, end("target")?);
            if from == to {
                continue;
            }
            let rate = data(edge, &keys).map(|text| self.rate(edge, text)).transpose()?;
            let link = draft.add_unnamed(from, to, template);
            link.rate = rate.or(template.rate);
            link.duplex = template.duplex.back && !is_directed(edge);
            link.half &= link.duplex;
            if link.rate.is_none() {
                without_rate.push((link.name.clone(), data(edge, &words)));
            }
        }
        self.check_rates(&without_rate, draft)
    }

    fn rate(&self, edge: Node<'_, '_>, text: &str) -> Result<Quantity, Diagnostics> {
        let rate = text.parse::<f64>().ok().filter(|r| *r > 0.0);
        rate.and_then(|r| Quantity::from_value(r, Dimension::BIT_RATE)).ok_or_else(|| {
            let message = format!("LinkSpeedRaw is not a rate: `{text}`");
            self.refuse(edge, &message, "a number of bits a second, more than zero")
        })
    }

    /// `without`: links without a rate, and what the file calls them.
    fn check_rates(&self, without: &[(String, Option<&str>)], draft: &Draft) -> Result<(), Diagnostics> {
        let Some((first, words)) = without.first() else { return Ok(()) };
        let (n, all) = (without.len(), draft.graph.links.len());
        let message = format!("{n} of {all} links of `{}` have no speed, {first} for one", self.name);
        let mut wrong = Diagnostics::default();
        let d = Diagnostic::error("E0341", self.span, message, "LinkSpeedRaw is missing");
        let words = words.map_or(String::new(), |words| format!("the file calls it `{words}`; "));
        wrong.push(d.help(format!("{words}give them one: rate = \"10 Gbit/s\" in [topology]")));
        Err(wrong)
    }
}

/// An id as a name; `n` goes in front if the name is also the label of another node.
fn name_by_id(id: &str, labels: &BTreeMap<String, u32>) -> String {
    let name = element_name(id);
    if labels.contains_key(&name) { format!("n{name}") } else { name }
}

/// Whether an edge is directed: by its own word, else by its graph's.
fn is_directed(edge: Node<'_, '_>) -> bool {
    match edge.attribute("directed") {
        Some(own) => own == "true",
        None => edge.parent_element().and_then(|g| g.attribute("edgedefault")) == Some("directed"),
    }
}

/// The text of an element's `<data>` under one of `keys`.
fn data<'a>(element: Node<'a, '_>, keys: &[&str]) -> Option<&'a str> {
    let found = element
        .children()
        .find(|d| d.tag_name().name() == "data" && d.attribute("key").is_some_and(|k| keys.contains(&k)))?;
    found.text().map(str::trim).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::tests::{links, read, read_in};
    use super::*;
    use crate::network::traffic::fixture::{TestFile, codes};

    fn import_text(name: &str, text: &str, more: &str) -> Result<super::super::Graph, Diagnostics> {
        let file = TestFile::new(name, text.as_bytes());
        read(&format!("{{ topology = {{ kind = 'graphml', file = '{}' {more} }} }}", file.name))
    }

    const SMALL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="d1" />
  <key attr.name="label" attr.type="string" for="node" id="d0" />
  <key attr.name="label" attr.type="string" for="graph" id="d2" />
  <key attr.name="LinkType" attr.type="string" for="edge" id="d3" />
  <graph edgedefault="undirected">
    <data key="d2">Small</data>
    <node id="0"><data key="d0">New York</data></node>
    <node id="1"><data key="d0">Paris</data></node>
    <node id="2"><data key="d0">Paris</data></node>
    <node id="3"><data key="d0">1</data></node>
    <node id="4" />
    <edge source="0" target="1"><data key="d1">2500000000.0</data></edge>
    <edge source="1" target="0" directed="true"><data key="d3">OC-48</data></edge>
    <edge source="0" target="1"/>
    <edge source="2" target="2"/>
    <edge source="3" target="4"><data key="d1"></data></edge>
  </graph>
</graphml>"#;

    #[test]
    fn labels_name_nodes_unless_they_are_shared() {
        let g = import_text("small.graphml", SMALL, ", rate = '1 Gbit/s'").unwrap();
        assert_eq!(g.nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["New_York", "n1", "2", "1", "4"]);
        assert_eq!(
            links(&g),
            ["New_York-n1: New_York=n1", "n1-New_York: n1>New_York", "New_York-n1#2: New_York=n1", "1-4: 1=4"]
        );
        assert_eq!(g.links.iter().map(|l| l.rate.unwrap().value).collect::<Vec<_>>(), [2.5e9, 1e9, 1e9, 1e9]);
    }

    #[test]
    fn nodes_called_by_their_ids_are_told_by_their_labels() {
        let g = import_text("ids.graphml", SMALL, ", rate = '1 Gbit/s'").unwrap();
        let hint = g.name_hint("0").unwrap();
        assert_eq!(
            hint,
            "the node with the id `0` is called `New_York`: nodes of a GraphML file are named by their `label`"
        );
        assert_eq!((g.name_hint("2"), g.name_hint("9")), (None, None));
    }

    #[test]
    fn links_without_speed_need_a_rate() {
        let found = import_text("speed.graphml", SMALL, "").unwrap_err();
        let message = &found.iter().next().unwrap().message;
        assert!(message.starts_with("3 of 4 links") && message.contains("n1-New_York"), "{message}");
        let help = found.iter().next().unwrap().help.as_deref().unwrap();
        assert!(help.starts_with("the file calls it `OC-48`; give them one: rate = \"10 Gbit/s\""), "{help}");
    }

    #[test]
    fn hostile_and_broken_files_are_refused() {
        let laughs = "<!DOCTYPE g [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><graphml>&b;</graphml>";
        let node = "<graphml><graph><node id=\"a\"/>";
        let end = "</graph></graphml>";
        for (i, (text, message)) in [
            (laughs.to_string(), "document type declaration"),
            ("<graphml>".to_string(), "is not XML"),
            ("<gexf/>".to_string(), "not a GraphML file"),
            ("<network version=\"1.0\"/>".to_string(), "SNDlib's format, which is not read"),
            (format!("{node}<edge source=\"a\" target=\"b\"/>{end}"), "`target` is no node: `b`"),
            (format!("{node}<edge source=\"a\"/>{end}"), "`target` is no node"),
            (format!("{node}<node id=\"a\"/>{end}"), "empty, reserved or taken"),
            (format!("{node}<node id=\"exit\"/>{end}"), "empty, reserved or taken"),
            (format!("{node}<node/>{end}"), "without an id"),
            (SMALL.replace("2500000000.0", "fast"), "LinkSpeedRaw is not a rate"),
            (SMALL.replace("2500000000.0", "-1"), "LinkSpeedRaw is not a rate"),
        ]
        .into_iter()
        .enumerate()
        {
            let found = import_text(&format!("bad-{i}.graphml"), &text, ", rate = '1 Mbit/s'").unwrap_err();
            assert_eq!(codes(&found), ["E0341"], "{text}");
            let got = &found.iter().next().unwrap().message;
            assert!(got.contains(message), "{got}");
        }
    }

    #[test]
    fn large_and_deep_files_are_refused_or_read_in_time() {
        let large = " ".repeat((16 << 20) + 1);
        assert_eq!(codes(&import_text("large.graphml", &large, "").unwrap_err()), ["E0340"]);
        let many = format!("<graphml><graph>{}</graph></graphml>", "<node id=\"x\"/>".repeat(100_001));
        assert_eq!(codes(&import_text("many.graphml", &many, "").unwrap_err()), ["E0343"]);
        // A million levels must not exhaust the stack, whether they are refused or read.
        let deep = format!("<graphml>{}{}</graphml>", "<graph>".repeat(900_000), "</graph>".repeat(900_000));
        let result = import_text("deep.graphml", &deep, "");
        assert!(result.is_ok_and(|g| g.nodes.is_empty()));
    }

    /// The folder of real input files, if the environment names one.
    fn zoo() -> Option<PathBuf> {
        std::env::var_os("EGRESS_TEST_DATA").map(|data| PathBuf::from(data).join("topology"))
    }

    #[test]
    fn files_of_the_topology_zoo_are_read() {
        let Some(folder) = zoo() else { return };
        let abilene = "{ topology = { kind = 'graphml', file = 'Abilene.graphml', rate = '10 Gbit/s' } }";
        let g = read_in(&folder, abilene).unwrap();
        assert_eq!((g.nodes.len(), g.links.len()), (11, 14));
        // It has no speeds, only the words OC-192.
        let found = read_in(&folder, &abilene.replace(", rate = '10 Gbit/s'", "")).unwrap_err();
        assert!(found.iter().next().unwrap().help.as_ref().unwrap().contains("`OC-192`"));
        assert!(g.nodes.iter().any(|n| n.name == "New_York"));
        let geant = "{ topology = { kind = 'graphml', file = 'Geant2012.graphml', rate = '10 Gbit/s' } }";
        let g = read_in(&folder, geant).unwrap();
        assert_eq!((g.nodes.len(), g.links.len()), (40, 61));
        let slow = g.links.iter().filter(|l| l.rate.is_some_and(|r| r.value == 2.5e9)).count();
        assert!(slow > 0, "links of 2.5 Gbit/s");
        let without = "{ topology = { kind = 'graphml', file = 'Geant2012.graphml' } }";
        assert_eq!(codes(&read_in(&folder, without).unwrap_err()), ["E0341"]);
    }
}
