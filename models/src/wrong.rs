//! Which findings about a scenario only follow from what is known to be wrong with it.
//!
//! The checker leaves stand-ins for what it refuses ([`Value::wrong`]), so that a builder can go on and find more. What it
//! finds because of a stand-in would send the user after a mistake that is not there. A finding is taken to follow if it
//! stands at something wrong, or at an element with something wrong in it, unless it is about a name, a file or a value
//! by itself.

use sim_core::config::{Data, Diagnostic, Diagnostics, Node, Span, Table, Tree, Value};

/// Findings that depend on nothing but the text that they stand at, and on which elements there are.
const BY_ITSELF: &[&str] = &[
    "E0310", "E0321", "E0330", "E0340", "E0341", "E0344", "E0346", "E0365", "E0367", "E0601", "E0602", "E0608",
    "E0609", "E0610", "E0620",
];

/// Findings that there is no element of a name.
const UNKNOWN_NAME: &[&str] = &["E0310", "E0330", "E0365", "E0367", "E0601", "E0602", "E0620"];

/// What is wrong with a checked scenario.
#[derive(Debug)]
pub struct Wrong<'a> {
    scenario: &'a Table,
    /// Where refused values stand.
    refused: Vec<Span>,
    /// The elements, and every place in them.
    elements: Vec<(&'a Table, Vec<Span>)>,
    /// The keys of sections that nobody knows.
    lost: Vec<&'a str>,
}

impl<'a> Wrong<'a> {
    /// What is wrong with `scenario`; `None` if nothing is.
    pub fn of(scenario: &'a Table) -> Option<Self> {
        if !scenario.has_wrong() {
            return None;
        }
        let mut all = Self { scenario, refused: Vec::new(), elements: Vec::new(), lost: Vec::new() };
        for (.., section) in &scenario.entries {
            match &section.data {
                Data::Any(Node { tree: Tree::Table(entries), .. }) if section.wrong => {
                    all.lost.extend(entries.iter().map(|(key, _)| key.name.as_str()));
                }
                Data::Table(t) if !t.entries.is_empty() && t.entries.iter().all(|(.., v)| v.as_table().is_some()) => {
                    t.entries.iter().filter_map(|(.., v)| v.as_table()).for_each(|t| all.element(t));
                }
                Data::Table(t) => all.element(t),
                Data::List(items) => items.iter().filter_map(Value::as_table).for_each(|t| all.element(t)),
                _ => {}
            }
        }
        Some(all)
    }

    fn element(&mut self, table: &'a Table) {
        let mut places = vec![table.span];
        self.places(table, &mut places);
        self.elements.push((table, places));
    }

    fn places(&mut self, table: &Table, places: &mut Vec<Span>) {
        for (_, key, value) in &table.entries {
            places.push(*key);
            self.place(value, places);
        }
    }

    fn place(&mut self, value: &Value, places: &mut Vec<Span>) {
        places.push(value.span);
        if value.wrong || matches!(value.data, Data::List(_)) && value.has_wrong() {
            self.refused.push(value.span);
        }
        match &value.data {
            Data::Table(t) => self.places(t, places),
            Data::List(items) => items.iter().for_each(|v| self.place(v, places)),
            _ => {}
        }
    }

    /// Whether `d` is nothing new.
    pub fn explains(&self, d: &Diagnostic) -> bool {
        if d.span == self.scenario.span || self.refused.iter().any(|r| contains(*r, d.span)) {
            return true;
        }
        if UNKNOWN_NAME.contains(&d.code) && self.names_are_lost(d) {
            return true;
        }
        let owner = self.elements.iter().find(|(_, places)| places.iter().any(|p| contains(*p, d.span)));
        owner.is_some_and(|(table, _)| table.has_wrong()) && !BY_ITSELF.contains(&d.code)
    }

    /// Whether an element that `d` misses may be one that could not be taken in.
    fn names_are_lost(&self, d: &Diagnostic) -> bool {
        let lossy = |section: &str| self.scenario.opt_table(section).is_some_and(|t| t.wrong);
        let contents = |t: &Table| t.wrong || ["fixed", "initial"].iter().any(|k| t.get(k).is_some_and(|v| v.wrong));
        self.scenario.wrong
            || self.lost.iter().any(|name| names(&d.message, name))
            || match d.code {
                "E0310" => lossy("node"),
                "E0330" => lossy("traffic") || self.scenario.named("traffic").any(|(_, t)| t.is_wrong("class")),
                "E0365" => lossy("waveform"),
                "E0367" => lossy("spikes"),
                "E0601" => lossy("compartment"),
                "E0602" => {
                    lossy("compartment")
                        || lossy("species")
                        || self.scenario.named("compartment").any(|c| contents(c.1))
                }
                _ => ["compartment", "pathway", "reaction"].into_iter().any(lossy),
            }
    }

    /// What of `found` is new.
    #[must_use]
    pub fn without_consequences(&self, found: &Diagnostics) -> Diagnostics {
        let mut kept = Diagnostics::default();
        found.iter().filter(|d| !self.explains(d)).for_each(|d| kept.push(d.clone()));
        kept
    }
}

/// Whether `message` speaks of `name`, alone or in a path.
fn names(message: &str, name: &str) -> bool {
    let mut quoted = message.split('`').skip(1).step_by(2);
    quoted.any(|path| path.split('.').any(|part| part == name))
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}
