//! Nodes and links that the scenario writes itself.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Span, Table, did_you_mean};

use super::{Draft, Duplex, LinkSpec, LooseLink, Medium, check_delay, check_rate, read_reverse};

/// Adds `[node.NAME]` and `[link.NAME]` to what was imported or generated; the same name changes what is there.
pub(super) fn add(scenario: &Table, draft: &mut Draft) {
    for (name, table) in scenario.named("node") {
        match draft.nodes.get(name) {
            Some(&node) => draft.graph.nodes[node].span = table.span,
            None => {
                draft.add_node(name.to_string(), table.span);
            }
        }
    }
    for (name, table) in scenario.named("link") {
        let (from, to) = (end(table, "from", draft), end(table, "to", draft));
        check_rate(table.opt_quantity("rate"), table.span_of("rate"), &mut draft.wrong);
        check_delay(table.quantity("delay"), table.span_of("delay"), &mut draft.wrong);
        let known = draft.links.get(name).copied();
        match (known, from, to) {
            (Some(link), from, to) => {
                change(&mut draft.graph.links[link], table, from.node(), to.node(), &mut draft.wrong);
            }
            (None, End::Node(from), End::Node(to)) => {
                if draft.has_room(table.span) {
                    let link = link(name, table, from, to, &mut draft.wrong);
                    draft.add_link(link);
                }
            }
            (None, from, to) => {
                for (key, end) in [("from", from), ("to", to)] {
                    if matches!(end, End::Missing) {
                        report_missing(name, key, table.span, draft);
                    }
                }
                draft.graph.loose.push(loose(table));
                continue;
            }
        }
        check_ends(name, table, draft);
    }
}

/// What a link says of one of its ends.
#[derive(Clone, Copy)]
enum End {
    Missing,
    /// There is no such node, which has been reported.
    Unknown,
    Node(usize),
}

impl End {
    fn node(self) -> Option<usize> {
        if let Self::Node(n) = self { Some(n) } else { None }
    }
}

fn end(table: &Table, key: &str, draft: &mut Draft) -> End {
    let Some(name) = table.opt_text(key) else { return End::Missing };
    let found = draft.nodes.get(name).copied();
    // A reserved name has been reported where it is declared.
    if found.is_none() && name != "exit" && !draft.graph.incomplete {
        let near = || did_you_mean(name, draft.nodes.keys().map(String::as_str));
        let help = draft.graph.name_hint(name).or_else(near);
        let help = help.unwrap_or_else(|| format!("declare it as [node.{name}], or see `topology`"));
        let message = format!("there is no node `{name}`");
        draft.wrong.push(Diagnostic::error("E0310", table.span_of(key), message, "unknown node").help(help));
    }
    found.map_or(End::Unknown, End::Node)
}

fn report_missing(name: &str, key: &str, span: Span, draft: &mut Draft) {
    let help = did_you_mean(name, draft.links.keys().map(String::as_str))
        .unwrap_or_else(|| format!("{key} = \"NODE\"; only links of the topology can do without"));
    let message = format!("the link `{name}` has no `{key}`");
    draft.wrong.push(Diagnostic::error("E0345", span, message, format!("missing key `{key}`")).help(help));
}

fn link(name: &str, table: &Table, from: usize, to: usize, wrong: &mut Diagnostics) -> LinkSpec {
    LinkSpec {
        name: name.to_string(),
        from,
        to,
        duplex: Duplex::read(table).back,
        half: Duplex::read(table).half,
        rate: table.opt_quantity("rate"),
        delay: table.quantity("delay"),
        cost: table.number("cost"),
        queue: Arc::new(table.table("queue").clone()),
        medium: Medium::read(table, wrong),
        failures: table.opt_table("failures").map(|t| Arc::new(t.clone())),
        reverse: read_reverse(table, wrong),
        span: table.span,
    }
}

fn loose(table: &Table) -> LooseLink {
    // A stand-in for a name says nothing.
    let said = |key: &str| table.get(key).filter(|v| !v.wrong).and_then(|v| v.as_text()).map(str::to_owned);
    LooseLink { ends: [said("from"), said("to")], duplex: Duplex::read(table).back }
}

/// Changes a link by the keys that are given.
fn change(link: &mut LinkSpec, table: &Table, from: Option<usize>, to: Option<usize>, wrong: &mut Diagnostics) {
    let given = |key: &str| table.get(key).is_some_and(|v| !v.defaulted);
    link.from = from.unwrap_or(link.from);
    link.to = to.unwrap_or(link.to);
    link.span = table.span;
    link.change(table, wrong);
    if given("cost") {
        link.cost = table.number("cost");
    }
    if given("duplex") {
        let Duplex { back, half } = Duplex::read(table);
        (link.duplex, link.half) = (back, half);
    }
    link.reverse = read_reverse(table, wrong).or(link.reverse.take());
}

fn check_ends(name: &str, table: &Table, draft: &mut Draft) {
    let Some(link) = draft.links.get(name).map(|&l| &draft.graph.links[l]) else { return };
    if link.from == link.to {
        let message = format!("the link `{name}` leads from a node to itself");
        let d = Diagnostic::error("E0345", table.span_of("to"), message, "the same as `from`");
        draft.wrong.push(d.help("a delay or a service at a node is a [stage.NAME]"));
    }
}
