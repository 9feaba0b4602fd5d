//! A run is a function of the scenario and the seed: looking at it, and how it is cut up, change nothing.

use super::super::system::biology;
use super::*;

const NETWORKS: [&str; 2] = [
    // The small kernel.
    r#"
[compartment.cell]
volume = "1 pL"
initial = { S = 300, E = 10, ES = 0, P = 0 }
[reaction.bind]
equation = "S + E <-> ES"
c = 0.01
c_back = 1
[reaction.turn]
equation = "ES -> E + P"
c = 1
"#,
    // The general one, with a metered pump.
    r#"
[compartment.medium]
volume = "1 uL"
fixed = { drug = "1 nM" }
[compartment.cell]
volume = "1 pL"
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["medium", "cell"]
k_out = "0.02 /s"
k_in = "2e-8 /s"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 10
kcat = "1 /s"
Km = "0.3 nM"
[intervention.block]
at = "31 s"
target = "pathway.pump.N"
op = "knockdown"
factor = 0.5
"#,
];

#[test]
fn bins_do_not_change_a_run() {
    for text in NETWORKS {
        let s = system(text);
        let one = s.run(Streams::new(9, 2), window(7.0, 100.0, 1)).unwrap();
        assert!(one.events > 100);
        for bins in [2, 7, 997, 10_000] {
            let many = s.run(Streams::new(9, 2), window(7.0, 100.0, bins)).unwrap();
            assert_eq!(one.measures, many.measures, "{bins} bins");
            assert_eq!(one.checks.violations, many.checks.violations);
            let of = |name: &str| s.components().iter().position(|c| c.name == name).unwrap() as u32;
            let species = if text.contains("ES") { "cell.P" } else { "cell.drug" };
            let row = many.series.rows.iter().find(|r| r.component == of(species) && r.metric == "occupancy").unwrap();
            let whole = one.series.rows.iter().find(|r| r.component == of(species) && r.metric == "occupancy").unwrap();
            let mean = row.values.iter().sum::<f64>() / f64::from(bins);
            assert!((mean / whole.values[0] - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn replications_repeat_and_differ() {
    for text in NETWORKS {
        let (a, b) = (system(text), system(text));
        let values = |s: &dyn System, rep| {
            let r = run(s, rep, 0.0, 100.0);
            r.measures.iter().map(|m| m.value.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(values(&*a, 0), values(&*b, 0));
        assert_ne!(values(&*a, 0), values(&*a, 1));
    }
}

/// A chain of `n` species with an entry and an exit: `2 n - 1` channels.
fn chain(n: usize) -> String {
    let species: Vec<String> = (0..n).map(|i| format!("A{i} = 30")).collect();
    let mut text = format!("[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ {} }}\n", species.join(", "));
    text += "[reaction.in]\nequation = \"-> A0\"\nk = \"20 molecules/s\"\n";
    for i in 1..n {
        let line = format!("[reaction.r{i}]\nequation = \"2 A{} <-> A{i}\"\nc = 0.1\nc_back = 2\n", i - 1);
        text += &line;
    }
    text
}

#[test]
fn every_kernel_takes_the_path_of_the_general_method() {
    let registry = registry();
    let context = BuildContext::new(&registry, Path::new("."));
    // Up to 2, 4, 8 and 16 channels.
    for text in [&chain(1), NETWORKS[0], &chain(4), &chain(8)] {
        let fast = biology(&tables(text).unwrap(), &context).unwrap();
        let mut plain = biology(&tables(text).unwrap(), &context).unwrap();
        assert!(plain.phases[0].small.take().is_some(), "small enough");
        for rep in 0..20 {
            let (a, b) = (run(&fast, rep, 5.0, 50.0), run(&plain, rep, 5.0, 50.0));
            assert!(a.events > 100);
            assert_eq!(a.events, b.events);
            for (x, y) in a.measures.iter().zip(&b.measures) {
                // Integrals over time are summed up in another order.
                let integral = x.metric == "occupancy" && x.stat != "max";
                let same = if integral { (x.value - y.value).abs() <= 1e-9 * x.value } else { x == y };
                assert!(same, "{x:?} is not {y:?}");
            }
        }
    }
}

#[test]
fn a_long_run_is_the_continuation_of_a_short_one() {
    let s = system(NETWORKS[1]);
    let at = |end: f64| {
        let r = run(&*s, 5, 0.0, end);
        measure(&*s, &r, "cell.drug", "in_system", "mean")
    };
    let series = |end: f64, bins| s.run(Streams::new(1, 5), window(0.0, end, bins)).unwrap().series.rows;
    let (short, long) = (series(40.0, 40), series(80.0, 80));
    for (a, b) in short.iter().zip(&long) {
        assert_eq!(a.values, b.values[..40]);
    }
    assert_eq!(at(40.0), at(40.0));
}
