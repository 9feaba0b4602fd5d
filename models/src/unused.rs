//! Elements that nothing in a scenario uses: probably a name was forgotten where they were to stand.

use std::collections::BTreeSet;

use sim_core::config::{Data, Diagnostic, Diagnostics, Node, Table, Tree, Value};

use crate::world::World;

/// Where elements of a section are used, and how to tell the user that one is not.
struct Use {
    section: &'static str,
    /// The sections that can name one.
    named_in: &'static [&'static str],
    label: &'static str,
    help: &'static str,
}

const NETWORK: &[Use] = &[
    Use {
        section: "stage",
        named_in: &["node"],
        label: "no node lists it",
        help: "let packets pass it: `stages = [\"NAME\"]` in a [node.NAME]",
    },
    Use {
        section: "node",
        named_in: &["node", "link", "traffic"],
        label: "no link and no traffic has an end here",
        help: "join it by a [link.NAME], or leave it out",
    },
    Use {
        section: "waveform",
        named_in: &["traffic", "link", "topology"],
        label: "no traffic and no link follows it",
        help: "let a rate follow it: `shape = \"NAME\"` in a [traffic.NAME] of kind `poisson` or in a [link.NAME]",
    },
];

const BIOLOGY: &[Use] = &[
    Use {
        section: "species",
        named_in: &["compartment", "pathway", "reaction"],
        label: "in no compartment, pathway or reaction",
        help: "name it where it takes part, or leave it out",
    },
    Use {
        section: "compartment",
        named_in: &["pathway", "reaction"],
        label: "nothing is in it, and nothing leads here",
        help: "say what it holds (`initial`, `fixed`), name it in a pathway, or leave it out",
    },
    Use {
        section: "variable",
        named_in: &["variable", "pathway", "reaction", "intervention", "observable", "probe"],
        label: "nothing reads it, and nothing sets it",
        help: "name it in a `law`, or in the `when` or `changes` of an intervention",
    },
    Use {
        section: "spikes",
        named_in: &["pathway", "waveform", "probe"],
        label: "it drives nothing",
        help: "let release sites follow it: `spikes = \"NAME\"` in a [pathway.NAME] of kind `release_site`",
    },
    Use {
        section: "waveform",
        named_in: &["pathway", "reaction", "intervention", "observable", "spikes"],
        label: "no rate follows it",
        help: "let a rate follow it: `shape = \"NAME\"` in a [pathway.NAME] or [reaction.NAME], or its name in a `law`",
    },
];

/// Warnings about elements of `scenario` that nothing uses.
pub fn unused(scenario: &Table) -> Diagnostics {
    let mut found = Diagnostics::default();
    let uses = match World::of(scenario) {
        World::Network => NETWORK,
        World::Biology => BIOLOGY,
    };
    for u in uses.iter().filter(|u| scenario.opt_table(u.section).is_some() && !names_come_from_elsewhere(u, scenario))
    {
        let mut words = BTreeSet::new();
        for section in u.named_in.iter().filter_map(|s| scenario.opt_table(s)) {
            words_of_elements(section, &mut words);
        }
        for (name, table) in scenario.named(u.section).filter(|(name, t)| !words.contains(name) && !has_contents(t)) {
            let message = format!("nothing uses `{}`", table.path);
            let d = Diagnostic::warning("W0310", table.span, message, u.label);
            found.push(d.help(u.help.replace("\"NAME\"", &format!("\"{name}\""))));
        }
    }
    found
}

/// Whether names of nodes may stand in other files, or follow from a generator.
fn names_come_from_elsewhere(u: &Use, scenario: &Table) -> bool {
    let is_inline = scenario.opt_table("topology").is_none_or(|t| t.text("kind") == "inline");
    u.section == "node" && (!is_inline || scenario.named("traffic").any(|(_, t)| t.get("file").is_some()))
}

/// Whether the element is of use by what it says itself: a compartment with something in it, a node with addresses.
fn has_contents(table: &Table) -> bool {
    let held = |key: &str| table.opt_table(key).is_some_and(|t| !t.entries.is_empty());
    held("initial") || held("fixed") || table.get("prefix").is_some()
}

/// The words of a section, but not the names of its elements.
fn words_of_elements<'a>(section: &'a Table, words: &mut BTreeSet<&'a str>) {
    for (.., value) in &section.entries {
        words_of_value(value, words);
    }
}

/// All keys and texts of a table, and the words in them.
fn words_of<'a>(table: &'a Table, words: &mut BTreeSet<&'a str>) {
    for (key, _, value) in &table.entries {
        words.insert(key);
        words_of_value(value, words);
    }
}

fn words_of_value<'a>(value: &'a Value, words: &mut BTreeSet<&'a str>) {
    match &value.data {
        Data::Text(text) => words_of_text(text, words),
        Data::List(items) => items.iter().for_each(|v| words_of_value(v, words)),
        Data::Table(t) => words_of(t, words),
        Data::Any(node) => words_of_node(node, words),
        _ => {}
    }
}

fn words_of_node<'a>(node: &'a Node, words: &mut BTreeSet<&'a str>) {
    match &node.tree {
        Tree::Str(text) => words_of_text(text, words),
        Tree::Array(items) => items.iter().for_each(|n| words_of_node(n, words)),
        Tree::Table(entries) => entries.iter().for_each(|(_, n)| words_of_node(n, words)),
        _ => {}
    }
}

/// A text may be a name, a path of names (`cell.drug`) or an expression (`2 A -> B`).
fn words_of_text<'a>(text: &'a str, words: &mut BTreeSet<&'a str>) {
    words.insert(text);
    words.extend(text.split('.'));
    words.extend(text.split(|c: char| !(c.is_alphanumeric() || c == '_')));
}

#[cfg(test)]
mod tests {
    use sim_core::config::check;

    use super::*;
    use crate::network::traffic::fixture::tree;
    use crate::registry::registry;
    use crate::sections;

    /// The places of all warnings about a scenario.
    fn idle(text: &str) -> Vec<String> {
        let mut found = Diagnostics::default();
        let table = check(&tree(text), &sections(), &registry(), &mut found);
        assert!(!found.has_errors(), "{text}: {found:?}");
        unused(&table).iter().map(|d| d.message.split('`').nth(1).unwrap().to_owned()).collect()
    }

    #[test]
    fn elements_of_networks_that_nothing_uses_are_named() {
        let text = "{ node = { a = { stages = ['used'] }, b = {}, island = {} },
              stage = { used = { kind = 'server', service = { kind = 'constant', time = '1 ms' } }, firewall = { kind = 'server', service = { kind = 'constant', time = '1 ms' } } },
              link = { l = { from = 'a', to = 'b', rate = '1 Mbit/s' } },
              waveform = { day = { kind = 'sine', mean = 1, amplitude = 0.5, period = '1 s' },
                           week = { kind = 'sine', mean = 1, amplitude = 0.5, period = '1 s' } },
              traffic = { t = { kind = 'poisson', from = 'a', to = 'b', rate = '1 packets/s', shape = 'day' } } }";
        assert_eq!(idle(text), ["stage.firewall", "node.island", "waveform.week"]);
        // Where a node is between others, where it is one of several ends, and where it has addresses.
        for more in ["next = { island = 1.0 }", "routes = [{ prefix = '10.0.0.0/8', via = 'island' }]"] {
            assert_eq!(
                idle(&text.replace("b = {}", &format!("b = {{ {more} }}"))),
                ["stage.firewall", "waveform.week"]
            );
        }
        assert_eq!(idle(&text.replace("to = 'b', rate = '1 p", "to = ['b', 'island'], rate = '1 p")).len(), 2);
        assert_eq!(idle(&text.replace("island = {}", "island = { prefix = '10.9.0.0/16' }")).len(), 2);
        let generated = "{ topology = { kind = 'line', nodes = 2, rate = '1 Mbit/s' }, node = { n0 = {}, n1 = {} },
              traffic = { t = { kind = 'poisson', from = 'n0', to = 'n1', rate = '1 packets/s' } } }";
        assert_eq!(idle(generated), [""; 0]);
    }

    #[test]
    fn elements_of_cells_that_nothing_uses_are_named() {
        let text = "{ compartment = { cell = { volume = '1 pL', initial = { A = 5 } }, sink = { volume = '1 pL' },
                                      lost = { volume = '1 pL' } },
              species = { B = {}, C = {}, D = {} },
              waveform = { day = { kind = 'sine', mean = 1, amplitude = 0.5, period = '1 s' } },
              reaction = { r = { equation = '2 A->B', in = 'cell', k = '1 /uM/s' } },
              pathway = { leak = { kind = 'permeation', species = 'D', between = ['cell', 'sink'], k_out = '1 /s' } } }";
        assert_eq!(idle(text), ["species.C", "compartment.lost", "waveform.day"]);
        for (rate, follows) in
            [("k_out = '1 /s'", "k_out = '1 /s', shape = 'day'"), ("k = '1 /uM/s'", "law = 'A * day'")]
        {
            assert_eq!(idle(&text.replace(rate, follows)), ["species.C", "compartment.lost"]);
        }
    }
}
