//! From the text of a scenario file to a tree with places, and back to the reader: overrides, diagnostics, schema.
//!
//! ```
//! use scenarios::text::{Sources, apply_set, get_path, parse, render};
//!
//! let mut sources = Sources::default();
//! let file = sources.add("branch.toml", "[link.uplink]\nrate = \"10 Mbit/s\"\n");
//! let (mut root, mut found) = parse(sources.name(file), sources.text(file), file);
//! assert!(found.is_empty());
//!
//! let set = sources.add("--set", "link.uplink.rate=20 Mbit/s");
//! apply_set(&mut root, sources.text(set), set).unwrap();
//! assert!(get_path(&root, "link.uplink.rate").is_some());
//!
//! found.push(apply_set(&mut root, "link.uplink.rate.x=1", set).unwrap_err());
//! assert!(render(&found, &sources, false).starts_with("error[E0302]: `link.uplink.rate` is a string, not a table"));
//! ```

#[cfg(test)]
mod fixture;
mod overrides;
mod parse;
mod path;
mod reference;
mod render;
mod schema;
mod source;

pub use overrides::{NO_ASSIGNMENT, apply_set, get_path, set_path};
pub use parse::{GIVEN_TWICE, parse};
pub use path::{near_paths, paths, split_path, value_at};
pub use reference::reference_markdown;
pub use render::{render, without_echoes};
pub use schema::json_schema;
pub use source::{FILE_LIMIT, Sources, read_file};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sim_core::config::{Diagnostics, Table, assert_declarations_valid, check, resolved};

    use super::fixture::{SCENARIO, SECTIONS, TestKinds};
    use super::*;

    fn read(text: &str) -> (Table, Diagnostics, Sources) {
        let mut sources = Sources::default();
        let file = sources.add("demo.toml", text);
        let (root, syntax) = parse("demo.toml", text, file);
        let mut found = Diagnostics::default();
        let table = check(&root, SECTIONS, &TestKinds, &mut found);
        let mut all = syntax.clone();
        all.extend(without_echoes(&found, &syntax, &sources));
        (table, all, sources)
    }

    fn report(text: &str) -> String {
        let (_, found, sources) = read(text);
        render(&found, &sources, false)
    }

    /// The leaves of a table with their values, without places and marks.
    fn leaves(table: &Table) -> Vec<String> {
        let mut all: Vec<String> = resolved(table)
            .lines()
            .map(|l| l.trim_start_matches("# ").split("  # default").next().unwrap().to_owned())
            .collect();
        all.sort();
        all
    }

    #[test]
    fn the_resolved_scenario_checks_to_the_same_values() {
        assert_declarations_valid(SECTIONS, &TestKinds);
        assert_eq!(report(SCENARIO), "");
        let (first, ..) = read(SCENARIO);
        let text = resolved(&first);
        let (second, ..) = read(&text);
        assert_eq!(report(&text), "", "{text}");
        assert_eq!(paths(&first).len(), paths(&second).len());
        assert_eq!(leaves(&first), leaves(&second), "{text}");
        assert_eq!(second.table("link").table("uplink").quantity("delay").exact, (1, 3));
        assert!(text.contains("\n# delay = \"1/3 s\"\n"), "{text}");
    }

    #[test]
    fn a_unit_slip_is_underlined_within_the_string() {
        let text = "[run]\nduration = \"10 minuts\"\n";
        let expected = "\
error[E0202]: unknown unit `minuts`
 --> demo.toml:2:16
  |
2 | duration = \"10 minuts\"
  |                ^^^^^^ expected a time
  |
  = help: write `min` for minutes
";
        assert_eq!(report(text), expected);
    }

    #[test]
    fn syntax_and_meaning_are_reported_in_one_pass() {
        let text = "[run]\nduration = 10 min\n[link.up]\nform = \"lan\"\nrate = \"5 mM\"\n[node.lan]\n";
        let (_, found, _) = read(text);
        let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["E0001", "E0102", "E0201"], "{}", report(text));
        let text = report(text);
        assert!(text.contains(" --> demo.toml:4:1\n") && text.contains("did you mean `from`?"), "{text}");
    }

    #[test]
    fn an_unclosed_header_is_the_only_thing_wrong() {
        let text = "[scenario\nname = \"x\"\ntitle = \"y\"\n[nodee.a]\n";
        let (_, found, _) = read(text);
        let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["E0001", "E0101"], "{}", report(text));
        assert!(report(text).contains("--> demo.toml:4:"), "{}", report(text));
    }

    proptest! {
        #[test]
        fn a_damaged_scenario_is_reported_without_a_panic(
            cuts in prop::collection::vec((0..SCENARIO.len(), 0_usize..12, "[\\[\\]{}=.\"a0 \n-]{0,3}"), 1..6),
        ) {
            let mut bytes = SCENARIO.as_bytes().to_vec();
            for (at, length, instead) in cuts {
                let start = at.min(bytes.len());
                let end = (start + length).min(bytes.len());
                bytes.splice(start..end, instead.bytes());
            }
            let (table, found, sources) = read(&String::from_utf8_lossy(&bytes));
            prop_assert_eq!(render(&found, &sources, true).is_empty(), found.is_empty());
            if found.is_empty() {
                let text = resolved(&table);
                prop_assert_eq!(report(&text), "", "{}", text);
                prop_assert_eq!(leaves(&table), leaves(&read(&text).0));
            }
        }
    }

    #[test]
    fn near_paths_come_from_the_resolved_scenario() {
        let (table, ..) = read(SCENARIO);
        assert_eq!(near_paths(&table, "link.upling.rate")[0], "link.uplink.rate");
        assert_eq!(near_paths(&table, "link.uplink.dealy")[0], "link.uplink.delay");
    }
}
