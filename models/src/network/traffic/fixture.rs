//! Tables from short texts, and statistics of sources, for the tests of this family.

use std::path::Path;

use sim_core::SimTime;
use sim_core::config::{Data, Diagnostics, Field, Node, Section, Shape, Span, Table, Tree, Type, check, check_table};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::{Emission, Load, MakeTraffic, Streams, TRAFFIC, Traffic};
use crate::BuildContext;
use crate::common::spikes::Trains;
use crate::common::waveform::{Sources, WAVEFORMS, Waveform};
use crate::network::size::Size;
use crate::registry::{Kind, Registry, registry};

/// The tree of an inline table of TOML; `'` stands for `"`.
pub(crate) fn tree(text: &str) -> Node {
    let text: &'static str = Box::leak(text.replace('\'', "\"").into_boxed_str());
    let fields = [Field::default("it", Type::Any, text, "The tree.")];
    let empty = Node { tree: Tree::Table(Vec::new()), span: Span::default() };
    let mut found = Diagnostics::default();
    let table = check_table(&empty, "", &fields, &registry(), &mut found);
    match table.get("it").map(|v| &v.data) {
        Some(Data::Any(node)) => node.clone(),
        _ => panic!("not a tree: {text}"),
    }
}

/// `[run]` as scenarios have it, as far as models read it.
pub(crate) fn run_section() -> Section {
    const FIELDS: &[Field] = &[
        Field::default("fidelity", Type::Text, "\"packet\"", "How closely."),
        Field::optional("duration", Type::Quantity(&[Dimension::TIME]), "How long."),
    ];
    Section { name: "run", shape: Shape::Single, family: None, fields: FIELDS, doc: "How long." }
}

/// The checked table of a kind.
pub(crate) fn table<F>(kinds: &[Kind<F>], text: &str) -> Table {
    let node = tree(text);
    let Some(Tree::Str(name)) = node.get("kind").map(|n| &n.tree) else { panic!("no kind: {text}") };
    let kind = kinds.iter().find(|k| k.name == name).unwrap_or_else(|| panic!("unknown kind: {text}"));
    let fields = [&[Field::required("kind", Type::Text, "The kind.")], kind.fields].concat();
    let mut found = Diagnostics::default();
    let table = check_table(&node, "it", &fields, &registry(), &mut found);
    assert!(found.is_empty(), "{text}: {found:?}");
    table
}

/// The checked table of a scenario.
pub(crate) fn scenario(sections: &[Section], text: &str) -> Table {
    let mut found = Diagnostics::default();
    let table = check(&tree(text), sections, &registry(), &mut found);
    assert!(found.is_empty(), "{text}: {found:?}");
    table
}

/// A waveform, for runs of a minute.
pub(crate) fn waveform(text: &str) -> Waveform {
    let table = table(WAVEFORMS, text);
    let make = WAVEFORMS.iter().find(|k| k.name == table.kind()).expect("the table is of one").make;
    let (folder, trains) = (std::env::temp_dir(), Trains::default());
    make(&table, &Sources { folder: &folder, trains: &trains, end: SimTime::from_secs(60) }).expect("a good one")
}

/// Asserts that counts have the mean and the variance of a Poisson law, within `limit` standard errors.
pub(in crate::network) fn assert_poisson(counts: &[f64], expected: f64, limit: f64, what: &str) {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (n - 1.0);
    assert!((mean - expected).abs() < limit * (expected / n).sqrt(), "{what}: {mean} not {expected}");
    // The variance of a sample variance of Poisson counts is (2 m^2 + m)/n.
    let error = ((2.0 * expected * expected + expected) / n).sqrt();
    assert!((variance - expected).abs() < limit * error, "{what}: {variance} not {expected}");
}

/// Runs `f` with a context whose folder is `folder`.
pub(in crate::network) fn within<T>(folder: &Path, f: impl FnOnce(&BuildContext<'_>) -> T) -> T {
    let registry: Registry = registry();
    f(&BuildContext::new(&registry, folder))
}

/// A file that is gone when its owner is.
pub(crate) struct TestFile {
    pub(crate) name: String,
}

impl TestFile {
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("egress-test-{}-{name}", std::process::id());
        std::fs::write(std::env::temp_dir().join(&name), content).expect("the temporary folder takes a file");
        Self { name }
    }
}
impl Drop for TestFile {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = std::fs::remove_file(std::env::temp_dir().join(&self.name));
    }
}

/// A source of packets of 1250 B.
pub(super) fn traffic(text: &str) -> Result<Box<dyn Traffic>, Diagnostics> {
    of_size(text, &Size::Constant(10_000))
}

pub(super) fn of_size(text: &str, size: &Size) -> Result<Box<dyn Traffic>, Diagnostics> {
    let table = table(TRAFFIC, text);
    let make: MakeTraffic = TRAFFIC.iter().find(|k| k.name == table.kind()).expect("checked").make;
    within(&std::env::temp_dir(), |context| match make(&table, size, context)? {
        Load::Source(source) => Ok(source),
        Load::Application(..) => panic!("not a source: {text}"),
    })
}

/// The codes of the findings.
pub(in crate::network) fn codes(found: &Diagnostics) -> Vec<&'static str> {
    found.iter().map(|d| d.code).collect()
}

pub(super) fn streams(seed: u64) -> Streams {
    Streams { gap: Rng::seed_from_u64(seed), size: Rng::seed_from_u64(seed + 1_000_000) }
}

/// What a source sends before `end` seconds: times in ticks and sizes.
pub(super) fn sent(source: &mut dyn Traffic, seed: u64, end: f64) -> Vec<(u64, u32)> {
    let mut streams = streams(seed);
    let (mut at, mut all) = (0u64, Vec::new());
    while let Some(Emission { gap, bits, .. }) = source.next(&mut streams) {
        at = at.saturating_add(gap.ticks());
        if at as f64 >= end * 1e12 {
            break;
        }
        all.push((at, bits));
    }
    all
}

/// Mean and index of dispersion of the counts in `n` windows of `width` seconds.
pub(super) fn counts(source: &mut dyn Traffic, seed: u64, n: usize, width: f64) -> (f64, f64) {
    let mut counts = vec![0u32; n];
    for (at, _) in sent(source, seed, n as f64 * width) {
        counts[((at as f64 / (width * 1e12)) as usize).min(n - 1)] += 1;
    }
    let mean = counts.iter().map(|c| f64::from(*c)).sum::<f64>() / n as f64;
    let variance = counts.iter().map(|c| (f64::from(*c) - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    (mean, variance / mean)
}

#[test]
fn declarations_are_valid() {
    let registry = registry();
    sim_core::config::assert_declarations_valid(&crate::sections(), &registry);
}
