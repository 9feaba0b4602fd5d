//! Regular graphs: nodes n0, n1, ..., links named after their ends.
//!
//! | kind | links |
//! |---|---|
//! | `line` | n0-n1, n1-n2, ... |
//! | `ring` | the same, and from the last node to n0 |
//! | `star` | from the hub n0 to every other node |
//! | `tree` | from every node to its `arity` children, level by level from the root n0 |
//! | `grid` | to the right and to the lower neighbour; nodes are numbered row by row |

use sim_core::config::{Diagnostic, Diagnostics, Table};

use super::{Draft, NODES_MAX, Template, too_large};

/// Adds a generated graph.
///
/// Fails if it has too many nodes, before any of them is made.
pub(super) fn generate(table: &Table, template: &Template, draft: &mut Draft) -> Result<(), Diagnostics> {
    let kind = table.text("kind");
    let get = |key: &str| table.opt_integer(key).map_or(0, i64::unsigned_abs);
    let arity = table.opt_integer("arity").map_or(2, i64::unsigned_abs);
    let nodes = match kind {
        "grid" => u128::from(get("rows")) * u128::from(get("columns")),
        "tree" if table.get("depth").is_some() => full_tree(arity, get("depth")),
        _ => u128::from(get("nodes")),
    };
    let refuse = |d: Diagnostic| {
        let mut wrong = Diagnostics::default();
        wrong.push(d);
        Err(wrong)
    };
    if nodes > NODES_MAX as u128 {
        return refuse(too_large(table.span, "nodes", describe(nodes), NODES_MAX));
    }
    if kind == "ring" && nodes < 3 {
        let d = Diagnostic::error("E0342", table.span_of("nodes"), "a ring has at least 3 nodes", "too few");
        return refuse(d.help("two nodes with one link are a `line`"));
    }
    let n = nodes as usize;
    for i in 0..n {
        draft.add_node(format!("n{i}"), table.span);
    }
    let columns = get("columns") as usize;
    for i in 0..n {
        match kind {
            "ring" => add(draft, template, i, Some((i + 1) % n)),
            "star" => add(draft, template, 0, (i > 0).then_some(i)),
            "tree" => add(draft, template, i.saturating_sub(1) / arity as usize, (i > 0).then_some(i)),
            "grid" => {
                add(draft, template, i, ((i + 1) % columns != 0).then_some(i + 1));
                add(draft, template, i, (i + columns < n).then_some(i + columns));
            }
            _ => add(draft, template, i, (i + 1 < n).then_some(i + 1)),
        }
    }
    Ok(())
}

fn add(draft: &mut Draft, template: &Template, from: usize, to: Option<usize>) {
    if let Some(to) = to {
        draft.add_unnamed(from, to, template);
    }
}

/// Nodes of a tree with `depth` full levels below the root, or more than the limit.
fn full_tree(arity: u64, depth: u64) -> u128 {
    let (mut level, mut nodes) = (1u128, 1u128);
    for _ in 0..depth {
        level = level.saturating_mul(u128::from(arity));
        nodes = nodes.saturating_add(level);
        if nodes > NODES_MAX as u128 {
            break;
        }
    }
    nodes
}

/// Astronomical counts by their magnitude.
fn describe(nodes: u128) -> String {
    if nodes < 1_000_000_000 { nodes.to_string() } else { format!("about 10^{}", nodes.ilog10()) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{links, read, refused};

    fn names(text: &str) -> Vec<String> {
        let names = links(&read(&format!("{{ topology = {text} }}")).unwrap());
        names.iter().map(|l| l.split(':').next().unwrap_or_default().to_string()).collect()
    }

    #[test]
    fn graphs_have_their_links() {
        assert_eq!(names("{ kind = 'line', nodes = 4 }"), ["n0-n1", "n1-n2", "n2-n3"]);
        assert_eq!(names("{ kind = 'line', nodes = 1 }"), [""; 0]);
        assert_eq!(names("{ kind = 'ring', nodes = 3 }"), ["n0-n1", "n1-n2", "n2-n0"]);
        assert_eq!(names("{ kind = 'star', nodes = 4 }"), ["n0-n1", "n0-n2", "n0-n3"]);
        assert_eq!(names("{ kind = 'tree', depth = 2 }"), ["n0-n1", "n0-n2", "n1-n3", "n1-n4", "n2-n5", "n2-n6"]);
        assert_eq!(names("{ kind = 'tree', nodes = 5, arity = 3 }"), ["n0-n1", "n0-n2", "n0-n3", "n1-n4"]);
        assert_eq!(
            names("{ kind = 'grid', rows = 2, columns = 3 }"),
            ["n0-n1", "n0-n3", "n1-n2", "n1-n4", "n2-n5", "n3-n4", "n4-n5"]
        );
    }

    #[test]
    fn the_largest_is_made_and_larger_ones_are_refused() {
        let g = read("{ topology = { kind = 'grid', rows = 100, columns = 1000 } }").unwrap();
        assert_eq!((g.nodes.len(), g.links.len()), (100_000, 2 * 100_000 - 100 - 1000));
        for text in [
            "{ kind = 'ring', nodes = 1000000000 }",
            "{ kind = 'grid', rows = 9223372036854775807, columns = 9223372036854775807 }",
            "{ kind = 'tree', depth = 9223372036854775807, arity = 9223372036854775807 }",
            "{ kind = 'tree', depth = 100001, arity = 1 }",
        ] {
            assert_eq!(refused(&format!("{{ topology = {text} }}")), ["E0343"], "{text}");
        }
        let found = read("{ topology = { kind = 'ring', nodes = 1000000000 } }").unwrap_err();
        assert_eq!(found.iter().next().unwrap().message, "a network of about 10^9 nodes");
    }

    #[test]
    fn one_node_too_many_in_the_file_is_refused() {
        assert_eq!(refused("{ topology = { kind = 'line', nodes = 100000 }, node = { a = {}, b = {} } }"), ["E0343"]);
    }
}
