//! Links from a CSV file with the columns `from`, `to` and, if wanted, `rate`, `delay`, `cost`.
//!
//! ```text
//! from, to, rate, delay
//! lan, gateway, 1 Gbit/s, 0.1 ms
//! gateway, internet, 10 Mbit/s,
//! ```
//! Cells carry their units; an empty cell takes the topology's value. Nodes are those that links name, in the order in
//! which they come up.

use std::collections::BTreeMap;

use sim_core::config::{Diagnostics, Table};
use sim_core::quantity::{Dimension, Quantity};

use super::{Draft, LINKS_MAX, NODES_MAX, Template, element_name};
use crate::BuildContext;
use crate::common::rows::{Complaint, Row, for_each_row};

const MIB_MAX: u64 = 256;
const COLUMNS: &[&str] = &["from", "to", "rate", "delay", "cost"];

pub(super) fn import(
    table: &Table,
    template: &Template,
    context: &BuildContext<'_>,
    draft: &mut Draft,
) -> Result<(), Diagnostics> {
    // The file's spelling of each name, so that two that become one are noticed.
    let mut spelled: BTreeMap<String, String> = BTreeMap::new();
    for_each_row(table, "file", context.folder, MIB_MAX, COLUMNS, &mut |row| {
        if draft.graph.links.len() >= LINKS_MAX || draft.graph.nodes.len() + 2 > NODES_MAX {
            let message = format!("a network of more than {NODES_MAX} nodes or {LINKS_MAX} links");
            return Err((message, "simulate a part of it".into()));
        }
        let from = node(row, 0, template, draft, &mut spelled)?;
        let to = node(row, 1, template, draft, &mut spelled)?;
        if from == to {
            return Err(("a link from a node to itself".into(), "leave it out".into()));
        }
        let rate = quantity(row, 2, Dimension::BIT_RATE)?.or(template.rate);
        let rate = rate.filter(|r| r.exact.0 > 0).ok_or_else(|| {
            ("a link without a rate".to_string(), "add a column `rate`, or give [topology] a `rate`".to_string())
        })?;
        let delay = quantity(row, 3, Dimension::TIME)?.unwrap_or(template.delay);
        if delay.to_ticks().is_none() {
            return Err((format!("a delay of {delay}"), "at most 106 d".into()));
        }
        let cost = cost(row)?;
        let link = draft.add_unnamed(from, to, template);
        link.rate = Some(rate);
        link.delay = delay;
        link.cost = cost.unwrap_or(template.cost);
        Ok(())
    })
}

fn node(
    row: &Row<'_>,
    column: usize,
    template: &Template,
    draft: &mut Draft,
    spelled: &mut BTreeMap<String, String>,
) -> Result<usize, Complaint> {
    let help = || "a row is FROM, TO and, if wanted, a rate, a delay and a cost".to_string();
    let raw = row.cell(column).ok_or_else(|| (format!("a row without `{}`", COLUMNS[column]), help()))?;
    let name = element_name(raw);
    if let Some(&known) = draft.nodes.get(&name) {
        let before = &spelled[&name];
        return if before == raw {
            Ok(known)
        } else {
            Err((format!("`{raw}` and `{before}` both become `{name}`"), "rename one of them".into()))
        };
    }
    if name.is_empty() || name == "exit" {
        return Err((format!("`{raw}` cannot be the name of a node"), "use letters, digits, `_` and `-`".into()));
    }
    spelled.insert(name.clone(), raw.to_string());
    draft.add_node(name, template.span).ok_or_else(|| ("too many nodes".to_string(), help()))
}

fn quantity(row: &Row<'_>, column: usize, dimension: Dimension) -> Result<Option<Quantity>, Complaint> {
    let Some(text) = row.cell(column) else { return Ok(None) };
    let what = dimension.describe();
    let example = format!("for example `{}`", dimension.example());
    match Quantity::parse(text) {
        Ok(q) if q.dimension == dimension && q.exact.0 >= 0 => Ok(Some(q)),
        Ok(_) => Err((format!("`{text}` is not {what}"), example)),
        Err(e) => Err((format!("`{text}` is not {what}: {}", e.message), e.hint.unwrap_or(example))),
    }
}

fn cost(row: &Row<'_>) -> Result<Option<f64>, Complaint> {
    let Some(text) = row.cell(4) else { return Ok(None) };
    let cost = text.parse::<f64>().ok().filter(|c| (0.001..=16_777_216.0).contains(c));
    cost.map(Some).ok_or_else(|| (format!("`{text}` is not a cost"), "a number from 0.001 to 16777216".into()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{links, read};
    use crate::network::traffic::fixture::{TestFile, codes};

    #[test]
    fn rows_become_links() {
        let text = "from,to,rate,delay,cost\nlan,gate way,1 Gbit/s,0.1 ms,\ngate way,net,,,2.5\nnet,gate way,1 kB/s,0 s,1\n\
                    \"lan\",\"gate way\",,,\n";
        let file = TestFile::new("edges.csv", text.as_bytes());
        let g = read(&format!(
            "{{ topology = {{ kind = 'edge_list', file = '{}', rate = '10 Mbit/s', delay = '5 ms' }} }}",
            file.name
        ))
        .unwrap();
        assert_eq!(
            links(&g),
            [
                "lan-gate_way: lan=gate_way",
                "gate_way-net: gate_way=net",
                "net-gate_way: net=gate_way",
                "lan-gate_way#2: lan=gate_way"
            ]
        );
        let got: Vec<_> = g.links.iter().map(|l| (l.rate.unwrap().value, l.delay.value, l.cost)).collect();
        assert_eq!(got, [(1e9, 1e-4, 1.0), (1e7, 5e-3, 2.5), (8e3, 0.0, 1.0), (1e7, 5e-3, 1.0)]);
    }

    #[test]
    fn files_of_other_formats_are_called_that_once() {
        let native = "?SNDlib native format; type: network; version: 1.0\n# network abilene\nNODES (\n  ATLA ( -84.4 33.7 )\n)\n";
        let xml = "\u{feff}<?xml version=\"1.0\"?>\n<network xmlns=\"http://sndlib.zib.de/network\" version=\"1.0\">\n";
        for (name, text, message) in [
            ("native.txt", native, "is in SNDlib's native format, which is not read"),
            ("network.xml", xml, "is XML, which is not read here"),
        ] {
            let file = TestFile::new(name, text.as_bytes());
            let found =
                read(&format!("{{ topology = {{ kind = 'edge_list', file = '{}' }} }}", file.name)).unwrap_err();
            assert_eq!(codes(&found), ["E0341"], "{name}");
            let d = found.iter().next().unwrap();
            assert!(d.message.ends_with(message), "{}", d.message);
            assert!(d.help.as_ref().unwrap().contains("the columns from, to, rate, delay, cost"), "{:?}", d.help);
        }
        // Of many lines that are wrong alike, three are enough.
        let file = TestFile::new("alike.csv", "a;b;1 Mbit/s\n".repeat(50).as_bytes());
        let found = read(&format!("{{ topology = {{ kind = 'edge_list', file = '{}' }} }}", file.name)).unwrap_err();
        assert_eq!(codes(&found), ["E0341"; 3]);
    }

    #[test]
    fn complaints_name_the_line() {
        for (i, (row, message)) in [
            ("a,b", "a link without a rate"),
            ("a,,1 bit/s", "a row without `to`"),
            ("a,a,1 bit/s", "a link from a node to itself"),
            ("exit,b,1 bit/s", "`exit` cannot be the name"),
            ("a,?,1 bit/s", "`?` cannot be the name"),
            ("a,b,1 ms", "`1 ms` is not a bit rate"),
            ("a,b,10 Mb/s", "`10 Mb/s` is not a bit rate"),
            ("a,b,0 bit/s", "a link without a rate"),
            ("a,b,1 bit/s,200 d", "a delay of"),
            ("a,b,1 bit/s,,0", "`0` is not a cost"),
            ("x.y,b,1 bit/s\nx y,b,1 bit/s", "`x y` and `x.y` both become `x_y`"),
        ]
        .into_iter()
        .enumerate()
        {
            let file =
                TestFile::new(&format!("bad-edges-{i}.csv"), format!("from,to,rate,delay,cost\n{row}\n").as_bytes());
            let found =
                read(&format!("{{ topology = {{ kind = 'edge_list', file = '{}' }} }}", file.name)).unwrap_err();
            assert_eq!(codes(&found), ["E0341"], "{row}");
            let got = &found.iter().next().unwrap().message;
            assert!(got.contains(message) && got.contains(", line "), "{row}: {got}");
        }
    }
}
