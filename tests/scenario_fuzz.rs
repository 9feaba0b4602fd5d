//! Whatever stands in a scenario file, loading it ends with a scenario or with findings, never with a panic.

mod common;

use common::{CELL, NETWORK};
use egress::scenarios::{Overrides, Scenario, Source, library};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

/// One change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    /// A token less.
    Delete(Index),
    /// A token twice.
    Duplicate(Index),
    /// A token in the place of another.
    Replace(Index, Index),
    /// A token that means something elsewhere.
    Insert(Index, &'static str),
    /// Any characters anywhere.
    Splice(Index, String),
    /// The end is missing.
    Cut(Index),
}

/// Words that scenario files are made of, and values at the edges.
const WORDS: &[&str] = &[
    "kind",
    "\"pump\"",
    "\"0 s\"",
    "\"-1 s\"",
    "\"1e308 s\"",
    "\"NaN\"",
    "nan",
    "-inf",
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "\"\"",
    "{",
    "}",
    "[",
    "]",
    "[[figure]]",
    "[run]",
    "[link.x]",
    "=",
    ".",
    ",",
    "\"1 uM\"",
    "\"1 packets/s\"",
    "true",
    "1979-05-27",
    "'''",
    "\"\\u0000\"",
    "\u{feff}",
    "é",
    "\"lan\"",
    "\"cell\"",
];

/// Words, quoted texts, punctuation and white space, one after the other.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let end = match first {
            '"' => rest[1..].find('"').map_or(rest.len(), |i| i + 2),
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

/// The nearest character boundary at or before a place in `text`.
fn boundary(text: &str, at: Index) -> usize {
    let mut at = at.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn mutate(text: &str, mutation: &Mutation) -> String {
    let mut tokens = tokens(text);
    match mutation {
        _ if tokens.is_empty() => {}
        Mutation::Delete(at) => drop(tokens.remove(at.index(tokens.len()))),
        Mutation::Duplicate(at) => {
            let at = at.index(tokens.len());
            let token = tokens[at];
            tokens.insert(at, token);
        }
        Mutation::Replace(at, with) => {
            let with = tokens[with.index(tokens.len())];
            let at = at.index(tokens.len());
            tokens[at] = with;
        }
        Mutation::Insert(at, word) => {
            let at = at.index(tokens.len());
            tokens.insert(at, word);
        }
        Mutation::Splice(at, more) => {
            let at = boundary(text, *at);
            return format!("{}{more}{}", &text[..at], &text[at..]);
        }
        Mutation::Cut(at) => return text[..boundary(text, *at)].to_owned(),
    }
    tokens.concat()
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    prop_oneof![
        2 => place().prop_map(Mutation::Delete),
        2 => place().prop_map(Mutation::Duplicate),
        4 => (place(), place()).prop_map(|(a, b)| Mutation::Replace(a, b)),
        4 => (place(), proptest::sample::select(WORDS)).prop_map(|(a, w)| Mutation::Insert(a, w)),
        2 => (place(), proptest::collection::vec(any::<char>(), 1..6)).prop_map(|(a, c)| Mutation::Splice(a, c.into_iter().collect())),
        1 => place().prop_map(Mutation::Cut),
    ]
}

/// The scenarios to start from.
fn texts() -> Vec<&'static str> {
    let bundled = library::list().into_iter().filter_map(|(name, _)| library::get(name).ok());
    bundled.chain([NETWORK, CELL]).collect()
}

fn load(text: String) {
    let source = Source::Text { name: "fuzz".into(), text };
    match Scenario::load(&source, &Overrides::default(), &egress::registry()) {
        Ok(scenario) => assert!(scenario.plan().points > 0),
        Err(e) => assert!(e.diagnostics.has_errors() && e.diagnostics.iter().all(|d| !d.message.is_empty())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changed_scenarios_load_or_are_refused(
        which in any::<Index>(),
        mutations in proptest::collection::vec(mutation(), 1..5),
    ) {
        let texts = texts();
        let text = texts[which.index(texts.len())].to_owned();
        load(mutations.iter().fold(text, |text, m| mutate(&text, m)));
    }

    #[test]
    fn arbitrary_texts_are_refused(text in any::<String>()) {
        load(text);
    }

    #[test]
    fn arbitrary_overrides_load_or_are_refused(path in "[a-z.\"]{0,20}", value in any::<String>()) {
        let overrides = Overrides {
            set: vec![format!("{path}={value}"), value.clone()],
            sweep: vec![format!("link.wire.rate={value}"), value],
            ..Overrides::default()
        };
        let source = Source::Text { name: "fuzz".into(), text: NETWORK.into() };
        let refused = Scenario::load(&source, &overrides, &egress::registry()).err();
        prop_assert!(refused.is_some_and(|e| e.diagnostics.has_errors()));
    }
}

#[test]
fn tokens_are_the_whole_text() {
    for text in texts() {
        assert_eq!(tokens(text).concat(), text);
    }
}
