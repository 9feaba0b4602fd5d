//! Whole scenarios, read from the files in `benches/scenarios`, with all their statistics.

use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use egress::scenarios::{Overrides, Scenario, Source};
use sim_core::rng::Streams;

/// Name, and a duration short enough to be repeated.
const SCENARIOS: [(&str, &str); 10] = [
    ("mm1", "100000 s"),
    ("udp", "100 s"),
    ("tree", "1 s"),
    ("mm", "200 s"),
    ("dimer", "20 s"),
    ("vilar", "50 s"),
    ("sir", "1000 s"),
    ("ens", "1000 s"),
    ("ring", "100 s"),
    ("floc", "1000 s"),
];

fn scenarios(c: &mut Criterion) {
    let mut group = c.benchmark_group("scenario");
    group.sample_size(10);
    for (name, duration) in SCENARIOS {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("benches/scenarios/{name}.toml"));
        let overrides = Overrides { set: vec![format!("run.duration={duration}")], ..Overrides::default() };
        let scenario = Scenario::load(&Source::File(file), &overrides, &egress::registry())
            .unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics));
        let run = || scenario.system(0).run(Streams::new(1, 0), scenario.window(0)).expect("runs");
        group.throughput(Throughput::Elements(run().events));
        group.bench_function(name, |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(benches, scenarios);
criterion_main!(benches);
