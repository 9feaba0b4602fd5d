//! A run is a function of the scenario and the seed: looking at it, and how it is cut up, change nothing.

use sim_core::stats::Measure;

use super::super::system::{Biology, biology};
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
between = ["cell", "medium"]
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

fn made(text: &str) -> Biology {
    let registry = registry();
    let context = BuildContext::new(&registry, Path::new("."));
    biology(&tables(text).unwrap(), &context).unwrap()
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
    // 1 and 3 channels; one, two, three and four blocks of 8.
    // And with what is held constant.
    for text in [&chain(1), NETWORKS[0], &chain(4), &chain(8), &chain(12), &chain(16), &held(12.5)] {
        let (fast, mut plain) = (made(text), made(text));
        assert!(plain.parts[0].phases[0].small.take().is_some(), "small enough");
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

/// Influx of B at 2/s beside dimers of A, of which so many molecules are held constant (in 1 fL).
fn held(molecules: f64) -> String {
    let a = molecules / 0.602_214_076;
    format!(
        "[compartment.cell]\nvolume = \"1 fL\"\nfixed = {{ A = \"{a} nM\" }}\ninitial = {{ B = 0 }}\n\
         [reaction.in]\nequation = \"-> B\"\nk = \"2 molecules/s\"\n\
         [reaction.pair]\nequation = \"2 A -> B\"\nc = 4\n"
    )
}

#[test]
fn of_half_a_molecule_held_constant_no_two_react() {
    // At c/2 x (x - 1) per second where that is a rate: none of half a molecule, 1.5 of one and a half.
    for (molecules, rate) in [(0.5, 2.0), (1.5, 3.5)] {
        let network = made(&held(molecules));
        assert_eq!(network.parts[0].phases[0].small.is_some(), molecules > 1.0, "lanes know no bound at zero");
        Moments::poisson(10.0 * rate).assert(&final_counts(&network, "cell.B", 4000, 10.0), &format!("{molecules}"));
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

/// What cells of these names do: influx, degradation and a dimer; with a probe.
fn cells(names: &[&str]) -> String {
    let cell = |n: &&str| {
        format!(
            r#"
[compartment.{n}]
volume = "1 fL"
initial = {{ A = 40, D = 0 }}
[pathway.synthesis-{n}]
kind = "influx"
species = "A"
to = "{n}"
rate = "20 molecules/s"
[pathway.decay-{n}]
kind = "degradation"
species = "A"
from = "{n}"
k = "0.5 /s"
[reaction.dimer-{n}]
equation = "2 A <-> D"
in = "{n}"
c = 0.01
c_back = 1
[probe.stay-{n}]
kind = "residence"
of = "{n}.A"
"#
        )
    };
    names.iter().map(cell).collect()
}

/// Everything that is known about the components of `all` that have counterparts in `some`.
fn measures_of(some: &dyn System, all: &dyn System, rep: u64) -> Vec<(String, Measure)> {
    let record = all.run(Streams::new(3, rep), window(5.0, 60.0, 7)).unwrap();
    assert_eq!(record.checks.violations, Vec::<String>::new());
    let name = |c: u32| &all.components()[c as usize].name;
    let known = |c: u32| some.components().iter().any(|s| s.name == *name(c));
    let measures = record.measures.iter().filter(|m| known(m.component));
    measures.map(|m| (name(m.component).clone(), Measure { component: 0, ..*m })).collect()
}

#[test]
fn what_is_not_connected_changes_nothing() {
    let more = cells(&["b"])
        + r#"
[reaction.odd]
equation = "A -> D"
in = "b"
law = "k * [A] * volume * N_A / (1 + D)"
parameters = { k = "0.1 /s" }
[intervention.odd]
at = "10.000000000007 s"
target = "reaction.odd.parameters.k"
op = "scale"
factor = 3
"#;
    let dose =
        "[intervention.dose]\nat = \"20 s\"\ntarget = \"pathway.synthesis-a.rate\"\nvalue = \"40 molecules/s\"\n";
    // In the fast kernel; in the general one with a metered pump; with an intervention of its own.
    for text in [cells(&["a"]), NETWORKS[1].to_owned(), cells(&["a"]) + dose] {
        let plain = system(&text);
        for (what, with_more) in [("after", format!("{text}{more}")), ("before", format!("{more}{text}"))] {
            let with_more = system(&with_more);
            for rep in 0..5 {
                let (one, two) = (measures_of(&*plain, &*plain, rep), measures_of(&*plain, &*with_more, rep));
                assert!(one.len() > 10);
                assert_eq!(one, two, "{what}");
            }
        }
    }
}

#[test]
fn a_probe_changes_no_other_probe() {
    let two =
        cells(&["a"]).replace("[probe.stay-a]", "[probe.dimers]\nkind = \"residence\"\nof = \"a.D\"\n[probe.stay-a]");
    let (one, two) = (system(&cells(&["a"])), system(&two));
    let of_a = |s: &dyn System| {
        let all = measures_of(s, s, 0).into_iter();
        all.filter(|(name, m)| name == "a.A" && m.metric == "sojourn_time").collect::<Vec<_>>()
    };
    assert!(!of_a(&*one).is_empty());
    assert_eq!(of_a(&*one), of_a(&*two));
}

#[test]
fn parts_are_what_nothing_connects() {
    let parts = |text: &str| made(text).parts.iter().map(|p| p.element.clone()).collect::<Vec<_>>();
    let two = cells(&["a", "b"]);
    assert_eq!(parts(&two), ["pathway.synthesis-a", "pathway.synthesis-b"]);
    // By what a channel takes and gives, by what its law reads, or by what is known of a carrier.
    let moves = "[reaction.move]\nequation = \"a.A -> b.A\"\nin = \"a\"\nk = \"1 /s\"\n";
    assert_eq!(parts(&(two.clone() + moves)), ["pathway.synthesis-a"]);
    let reads = "[reaction.reads]\nequation = \"a.A ->\"\nin = \"b\"\nlaw = \"D\"\n";
    assert_eq!(parts(&(two.clone() + reads)), ["pathway.synthesis-a"]);
    // A species that takes part without being used up connects what it takes part in.
    let enzyme = "[compartment.cell]\nvolume = \"1 fL\"\ninitial = { E = 5, A = 9, B = 9 }\n\
        [reaction.one]\nequation = \"A + E -> E\"\nc = 1\n[reaction.two]\nequation = \"B + E -> E\"\nc = 1\n";
    assert_eq!(parts(enzyme), ["reaction.one"]);
    // What is held constant does not; a species that nothing happens to is in no part but the last.
    let held = enzyme.replace("initial = { E = 5, ", "fixed = { E = 5 }\ninitial = { C = 7, ");
    assert_eq!(parts(&held), ["reaction.one", "reaction.two", ""]);
}

#[test]
fn two_like_processes_are_independent() {
    let text = |n: &str| {
        format!(
            "[compartment.{n}]\nvolume = \"1 pL\"\ninitial = {{ A = 0 }}\n\
             [pathway.in-{n}]\nkind = \"influx\"\nspecies = \"A\"\nto = \"{n}\"\nrate = \"10 /s\"\n\
             [pathway.out-{n}]\nkind = \"degradation\"\nspecies = \"A\"\nfrom = \"{n}\"\nk = \"0.5 /s\"\n"
        )
    };
    let s = system(&(text("a") + &text("b")));
    let (a, b) = (final_counts(&*s, "a.A", 10_000, 3.0), final_counts(&*s, "b.A", 10_000, 3.0));
    let mean = 20.0 * (1.0 - (-1.5_f64).exp());
    Moments::poisson(mean).assert(&a, "one");
    Moments::poisson(mean).assert(&b, "the other");
    // The product of two independent Poisson deviations has mean 0 and variance mean^2.
    let covariance = a.iter().zip(&b).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>() / 10_000.0;
    assert!(covariance.abs() < 4.0 * mean / 100.0, "{covariance}");
}
