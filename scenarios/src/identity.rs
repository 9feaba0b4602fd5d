//! What a run is known by: hashes of the resolved scenario, so that results of another scenario are never taken for its.

use std::path::Path;

use sim_core::config::{Data, Table, Value, node_text};

use crate::plan::NOT_THE_SYSTEM;

/// A file that a scenario names, and what it held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputFile {
    /// As the scenario names it.
    pub name: String,
    /// BLAKE3 of its content.
    pub hash: String,
}

/// The files under the keys `file` of a scenario, read from `folder`; those that cannot be read are left out.
pub(crate) fn input_files(scenario: &Table, folder: &Path) -> Vec<InputFile> {
    let mut names = Vec::new();
    files_in(scenario, &mut names);
    names.sort();
    names.dedup();
    let read = |name: String| {
        let hash = blake3::hash(&std::fs::read(folder.join(&name)).ok()?).to_hex().to_string();
        Some(InputFile { name, hash })
    };
    names.into_iter().filter_map(read).collect()
}

fn files_in(table: &Table, names: &mut Vec<String>) {
    for (key, _, value) in &table.entries {
        if let (true, Data::Text(name)) = (key == "file", &value.data) {
            names.push(name.clone());
        }
        within(value, names);
    }
}

fn within(value: &Value, names: &mut Vec<String>) {
    match &value.data {
        Data::Table(t) => files_in(t, names),
        Data::List(items) => items.iter().for_each(|v| within(v, names)),
        _ => {}
    }
}

/// 16 hexadecimal digits that stand for the system and the window that `scenario` describes: for everything but its name,
/// seed, replications, sweep, metrics and figures. Defaults count as given; values count, not how they are written.
pub(crate) fn identity(scenario: &Table, inputs: &[InputFile]) -> String {
    let mut hash = Feed(blake3::Hasher::new());
    hash.text("egress/point/v1");
    hash.text(env!("CARGO_PKG_VERSION"));
    let mut sections: Vec<_> = scenario.entries.iter().filter(|e| !NOT_THE_SYSTEM.contains(&e.0.as_str())).collect();
    sections.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, _, value) in sections {
        hash.text(name);
        match &value.data {
            // The order of elements may decide ties between events, so it counts.
            Data::Table(elements) if elements.entries.iter().all(|(.., v)| v.as_table().is_some()) => {
                hash.number(elements.entries.len());
                for (name, _, element) in &elements.entries {
                    hash.text(name);
                    hash.value(element);
                }
            }
            _ => hash.value(value),
        }
    }
    for file in inputs {
        hash.text(&file.name);
        hash.text(&file.hash);
    }
    hash.0.finalize().to_hex()[..16].to_owned()
}

/// Hashes values so that no two sequences of them give the same bytes: each with its type and length.
struct Feed(blake3::Hasher);

impl Feed {
    fn number(&mut self, n: usize) {
        self.0.update(&(n as u64).to_le_bytes());
    }
    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text.as_bytes());
    }
    fn value(&mut self, value: &Value) {
        match &value.data {
            Data::Quantity(q) => {
                self.text("quantity");
                self.text(&q.dimension.to_string());
                self.0.update(&q.exact.0.to_le_bytes());
                self.0.update(&q.exact.1.to_le_bytes());
            }
            // A whole number may stand where a number is expected: 1 is 1.0.
            Data::Number(x) => self.float(*x),
            Data::Integer(i) => self.float(*i as f64),
            Data::Bool(b) => self.text(if *b { "true" } else { "false" }),
            Data::Text(s) => {
                self.text("text");
                self.text(s);
            }
            Data::List(items) => {
                self.text("list");
                self.number(items.len());
                for v in items {
                    self.value(v);
                }
            }
            Data::Table(t) => {
                self.text("table");
                self.number(t.entries.len());
                let mut entries: Vec<_> = t.entries.iter().collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                for (key, _, v) in entries {
                    self.text(key);
                    self.value(v);
                }
            }
            Data::Any(node) => self.text(&node_text(node)),
        }
    }
    fn float(&mut self, x: f64) {
        self.text("number");
        self.0.update(&x.to_bits().to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::checked;

    fn id(text: &str) -> String {
        identity(&checked(text), &[])
    }

    const A: &str = "run = { duration = '10 s' }\nstation = { a = { rate = '2 /s' }, b = { rate = '3 /s' } }";

    #[test]
    fn only_what_is_run_counts() {
        let same = "run = { warmup = '0 s', duration = '10000 ms' }\nstudy = { seed = 7 }\nfigure = [{ kind = 'sweep' }]\n\
                    station = { a = { servers = 1, rate = '120 /min' }, b = { rate = '3 /s' } }";
        assert_eq!(id(A), id(same));
        assert_ne!(id(A), id(&A.replace("'2 /s'", "'2.1 /s'")));
        assert_ne!(id(A), id(&A.replace("10 s", "11 s")));
        // The order of elements may decide ties.
        assert_ne!(
            id(A),
            id("run = { duration = '10 s' }\nstation = { b = { rate = '3 /s' }, a = { rate = '2 /s' } }")
        );
    }

    #[test]
    fn files_count_by_their_content() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gaps.csv"), "1\n2\n").unwrap();
        let text = "run = { duration = '10 s' }\nstation = { a = { rate = '2 /s', file = 'gaps.csv' } }";
        let before = input_files(&checked(text), folder.path());
        assert_eq!((before.len(), before[0].name.as_str()), (1, "gaps.csv"));
        std::fs::write(folder.path().join("gaps.csv"), "1\n3\n").unwrap();
        let after = input_files(&checked(text), folder.path());
        assert_ne!(identity(&checked(text), &before), identity(&checked(text), &after));
    }
}
