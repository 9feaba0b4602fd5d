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

/// A scenario of `benches/scenarios` with `set`.
fn load(name: &str, set: Vec<String>) -> Scenario {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("benches/scenarios/{name}.toml"));
    let overrides = Overrides { set, ..Overrides::default() };
    Scenario::load(&Source::File(file), &overrides, &egress::registry())
        .unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics))
}

fn scenarios(c: &mut Criterion) {
    let mut group = c.benchmark_group("scenario");
    group.sample_size(10);
    for (name, duration) in SCENARIOS {
        let scenario = load(name, vec![format!("run.duration={duration}")]);
        let run = || scenario.system(0).run(Streams::new(1, 0), scenario.window(0)).expect("runs");
        group.throughput(Throughput::Elements(run().events));
        group.bench_function(name, |b| b.iter(run));
    }
    group.finish();
}

/// Queues before the link of `udp`, which never hold many packets.
const QUEUES: [(&str, &str); 10] = [
    ("fifo", "limit = '100 packets'"),
    ("prio", "queue = { kind = 'fifo', limit = '100 packets' }"),
    ("drr", "by = 'flow'"),
    ("wfq", "by = 'flow'"),
    ("htb", "default = 'all', classes.all = { rate = '10 Mbit/s' }"),
    ("tbf", "rate = '10 Mbit/s', burst = '15 kB'"),
    ("red", "min_th = 50, max_th = 100"),
    ("codel", "limit = '100 packets'"),
    ("fq_codel", "limit = '1000 packets'"),
    ("pie", "limit = '1000 packets'"),
];

/// What a packet costs under each discipline, its source and all statistics included.
fn disciplines(c: &mut Criterion) {
    let mut group = c.benchmark_group("udp");
    group.sample_size(10).throughput(Throughput::Elements(80_000));
    for (kind, keys) in QUEUES {
        let queue = format!("link.wire.queue={{ kind = '{kind}', {keys} }}");
        let scenario = load("udp", vec!["run.duration=100 s".to_string(), queue]);
        let run = || scenario.system(0).run(Streams::new(1, 0), scenario.window(0)).expect("runs");
        group.bench_function(kind, |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(benches, scenarios, disciplines);
criterion_main!(benches);
