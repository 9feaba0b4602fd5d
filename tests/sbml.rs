//! Models in SBML, through the program.

mod common;

use common::{Place, samples};

const EVENTS: &str = include_str!("../scenarios/src/validation/cases/sbml-events.xml");

#[test]
fn a_model_runs_as_it_is() {
    let place = Place::with("resets.xml", EVENTS);
    let run =
        place.egress(&["run", "resets.xml", "--duration", "20 s", "--reps", "3", "--seed", "1", "--progress", "none"]);
    let told = run.ends_with(0);
    assert!(told.err.contains("resets.xml is SBML: One `item` is one molecule; one `second` is 1 s."), "{}", told.err);
    assert!(told.err.contains("Runs of 20 s (`--duration`)"), "{}", told.err);
    assert!(told.out.contains("cell.Q"), "{}", told.out);
    let check = place.egress(&["check", "resets.xml"]).ends_with(0);
    assert!(
        check.out.starts_with("resets.xml: ok") && check.err.contains("Runs of 100 s"),
        "{}{}",
        check.out,
        check.err
    );
    place.egress(&["bench", "resets.xml", "--json"]).ends_with(0);
}

/// Bartholome et al. 2007 (BIOMD0000000197): the amounts that other solvers of the same equations give.
#[test]
fn the_mean_of_a_published_model_is_that_of_other_solvers() {
    let place = Place::with("transport.xml", include_str!("models/vectorial-transport.xml"));
    let species = ["basolateral.x1", "basolateral.x2", "cell.x3", "cell.x4", "apical.x5"];
    for (time, amounts) in [
        ("60 s", [31.35299, 49.00344, 0.62587, 3.81205, 3.20565]),
        ("120 s", [29.63074, 46.53931, 0.66323, 4.04601, 7.12070]),
        ("240 s", [26.77695, 42.19257, 0.61810, 3.77342, 14.63896]),
    ] {
        let set = ["--set", "run.fidelity=mean", "--duration", time, "--out", time, "--quiet"];
        place.egress(&[&["run", "transport.xml"], &set[..]].concat()).ends_with(0);
        for (name, amount) in species.iter().zip(amounts) {
            let found = samples(&place.path(time), name, "in_system", "mean");
            assert!(found.len() == 1 && (found[0] - amount).abs() <= 0.6e-5, "{time}, {name}: {found:?}, not {amount}");
        }
    }
}

#[test]
fn an_imported_model_gives_the_numbers_of_the_model() {
    let place = Place::with("resets.xml", EVENTS);
    let import = place.egress(&["import", "sbml", "resets.xml", "-o", "resets.toml"]).ends_with(0);
    assert!(import.err.contains("wrote resets.toml; next: egress run resets.toml"), "{}", import.err);
    let shown = place.egress(&["import", "sbml", "resets.xml"]).ends_with(0).out;
    assert!(
        shown.contains("\n[intervention.spill]\nwhen = \"Q >= 10\"\nchanges = { \"cell.Q\" = \"0\" }\n"),
        "{shown}"
    );
    assert!(shown.contains("\n[intervention.reset]\nat = \"12.5 s\"\n"), "{shown}");
    let summary = |file: &str, out: &str| {
        let args = ["run", file, "--out", out, "--reps", "4", "--seed", "5", "--duration", "30 s", "--quiet"];
        place.egress(&args).ends_with(0);
        place.read(&format!("{out}/summary.csv"))
    };
    assert_eq!(summary("resets.xml", "a"), summary("resets.toml", "b"));
}

#[test]
fn what_is_not_supported_is_located_in_the_model() {
    let model = EVENTS.replace(
        "    <listOfReactions>",
        "    <listOfRules>\n      <rateRule variable=\"X\"><math><cn>1</cn></math></rateRule>\n    </listOfRules>\n    <listOfReactions>",
    );
    let line = model.lines().position(|l| l.contains("<rateRule")).expect("a rule") + 1;
    let place = Place::with("rates.xml", &model);
    for args in [&["check", "rates.xml"][..], &["run", "rates.xml"], &["import", "sbml", "rates.xml"]] {
        let told = place.egress(args).ends_with(3);
        assert!(told.err.contains("error[E0703]: this <rateRule> of `X` is not supported"), "{}", told.err);
        assert!(told.err.contains(&format!(" --> rates.xml:{line}:7\n")), "{}", told.err);
    }
    place.egress(&["import", "sbml", "nowhere.xml"]).ends_with(2);
    place.egress(&["import", "sbml", "rates.xml", "--particles-per-unit", "0"]).ends_with(2);
}

#[test]
fn hostile_files_are_refused() {
    let bomb = "<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>\n<sbml>&b;</sbml>";
    let told = Place::with("bomb.xml", bomb).egress(&["check", "bomb.xml"]).ends_with(3);
    assert!(told.err.contains("has a document type declaration") && told.err.contains("bomb.xml:1:1"), "{}", told.err);
    let deep = format!("<sbml>\n{}", "<a>".repeat(1_000_000));
    let told = Place::with("deep.xml", &deep).egress(&["check", "deep.xml"]).ends_with(3);
    assert!(told.err.contains("more than 200 elements within each other"), "{:.300}", told.err);
    let wide = format!("<sbml>{}</sbml>", "<a xmlns:x='u' y='v'/>".repeat(500_000));
    Place::with("wide.xml", &wide).egress(&["check", "wide.xml"]).ends_with(3);
    let place = Place::with("huge.xml", "<sbml/>");
    let file = std::fs::OpenOptions::new().write(true).open(place.path("huge.xml")).expect("the file");
    file.set_len(100 << 20).expect("room");
    let told = place.egress(&["check", "huge.xml"]).ends_with(2);
    assert!(told.err.contains("larger than 16 MiB"), "{}", told.err);
}

#[test]
fn an_exported_scenario_is_the_same_system() {
    // Means are without chance, so that every count must agree: of pumps with a dose, sensors under surges, expressions.
    let cases = [
        ("pgp-efflux", "70 min", "intervention.dose.value=1 uM", &[("cell.drug", "cell.cell_drug")][..]),
        (
            "calyx-100hz",
            "60 ms",
            "pathway.release.N=1000",
            &[("terminal.released", "terminal.released"), ("release.V3", "terminal.release_V3")],
        ),
        (
            "beta-cell-biphasic",
            "10 min",
            "pathway.granules.glucose=1.2",
            &[("outside.granules", "outside.granules"), ("granules.N6", "outside.granules_N6")],
        ),
    ];
    for (name, duration, value, species) in cases {
        let place = Place::new();
        place.egress(&["export", "sbml", name, "--set", value, "--duration", duration, "-o", "m.xml"]).ends_with(0);
        let mean = ["--duration", duration, "--set", "run.fidelity=mean", "--quiet", "--out"];
        place.egress(&[&["run", name, "--set", value][..], &mean, &["a"]].concat()).ends_with(0);
        place.egress(&[&["run", "m.xml"][..], &mean, &["b"]].concat()).ends_with(0);
        let (a, b) = (common::rows(&place.path("a/summary.csv")), common::rows(&place.path("b/summary.csv")));
        for (species, again) in species {
            let count = |rows: &[std::collections::BTreeMap<String, String>], component: &str| {
                let row = rows.iter().find(|r| r["component"] == component && r["metric"] == "in_system");
                common::number(row.unwrap_or_else(|| panic!("{name}: no {component}")), "mean")
            };
            let (here, there) = (count(&a, species), count(&b, again));
            // Granules are whole in a model, of which there are two more at the start.
            let within = if name == "beta-cell-biphasic" { 0.02 } else { 1e-5 };
            assert!((here / there - 1.0).abs() < within, "{name}: {species} is {here}, exported {there}");
        }
    }
}

/// Everything that an intervention is called, some at one time.
const SPELT: &str = r#"[scenario]
name = "spelt"
[run]
duration = "20 s"
fidelity = "mean"
[compartment.cell]
volume = "1 pL"
initial = { drug = 1000 }
[compartment.medium]
volume = "1 nL"
fixed = { drug = "1 uM" }
[pathway.pgp]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "2 /s"
Km = "1 uM"
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["cell", "medium"]
k_out = "0.1 /s"
k_in = "1e-4 /s"
[intervention.bolus]
at = "2 s"
op = "dose"
target = "cell.drug"
value = 200
[intervention.sample]
at = "2 s"
op = "add"
target = "cell.drug"
value = -50
[intervention.faster]
at = "4 s"
op = "ramp"
target = "pathway.leak.k_out"
value = "0.5 /s"
over = "4 s"
[intervention.verapamil]
at = "10 s"
op = "inhibit"
target = "pathway.pgp"
value = "1 uM"
Ki = "0.5 uM"
[intervention.fresh]
at = "14 s"
op = "washout"
target = "compartment.medium.fixed.drug"
[intervention.fewer]
at = "15 s"
op = "knockdown"
target = "pathway.pgp.N"
factor = 0.3
[intervention.stop]
at = "17 s"
op = "block"
target = "pathway.pgp.kcat"
[intervention.empty]
at = "18 s"
op = "washout"
target = "cell.drug"
[intervention.again]
at = "18 s"
op = "dose"
target = "cell.drug"
value = 70
"#;

#[test]
fn what_interventions_are_called_is_exported_too() {
    let place = Place::with("spelt.toml", SPELT);
    place.egress(&["export", "sbml", "spelt.toml", "-o", "spelt.xml"]).ends_with(0);
    let text = place.read("spelt.xml");
    // What happens at one time is one event: two would have no order.
    assert_eq!(text.matches("<event ").count(), 2, "{text}");
    place.egress(&["run", "spelt.toml", "--quiet", "--out", "a"]).ends_with(0);
    let mean = ["--set", "run.fidelity=mean", "--duration", "20 s", "--quiet", "--out", "b"];
    place.egress(&[&["run", "spelt.xml"][..], &mean].concat()).ends_with(0);
    let numbers = |out: &str, component: &str| {
        let rows = common::rows(&place.path(&format!("{out}/summary.csv")));
        let of = |(metric, stat): (&str, &str)| {
            let row = rows.iter().find(|r| r["component"] == component && r["metric"] == metric && r["stat"] == stat);
            common::number(row.unwrap_or_else(|| panic!("no {metric} {stat}")), "mean")
        };
        [("occupancy", "time_mean"), ("occupancy", "sd"), ("in_system", "mean")].map(of)
    };
    for (here, there) in numbers("a", "cell.drug").into_iter().zip(numbers("b", "cell.cell_drug")) {
        // Both by steps of their own. What comes and goes at one instant is told apart in one alone: departures differ.
        assert!((here / there - 1.0).abs() < 1e-5, "{here}, exported {there}");
    }
}

#[test]
fn what_sbml_cannot_say_is_refused_by_its_name() {
    let uptake = |law: &str| {
        format!(
            "[scenario]\nname = \"uptake\"\n[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ fused = 5, ready = 0 }}\n[pathway.endo]\nkind = \"endocytosis\"\n\
             from = \"cell.fused\"\nto = \"cell.ready\"\n{law}\n[run]\nduration = \"1 s\"\n"
        )
    };
    let place = Place::with("late.toml", &uptake("delay = { kind = \"constant\", time = \"5 s\" }"));
    let told = place.egress(&["export", "sbml", "late.toml"]).ends_with(3).err;
    assert!(told.contains("error[E0720]: `pathway.endo` takes times that are not exponential"), "{told}");
    assert!(told.contains("late.toml:10:") && told.contains("no reactions with memory"), "{told}");
    place.write("soon.toml", uptake("delay = { kind = \"exponential\", mean = \"5 s\" }"));
    assert!(place.egress(&["export", "sbml", "soon.toml"]).ends_with(0).out.contains("<cn>0.2</cn>"));
}

#[test]
fn interventions_on_counts_are_exported_as_events() {
    let place = Place::with("resets.xml", EVENTS);
    place.egress(&["import", "sbml", "resets.xml", "-o", "resets.toml"]).ends_with(0);
    place.egress(&["export", "sbml", "resets.toml", "-o", "again.xml"]).ends_with(0);
    let final_counts = |file: &str, out: &str, component: &str| {
        let args = ["run", file, "--out", out, "--reps", "400", "--seed", "3", "--duration", "20 s", "--quiet"];
        place.egress(&args).ends_with(0);
        let samples = common::samples(&place.path(out), component, "in_system", "mean");
        common::mean_and_error(&samples)
    };
    for species in ["X", "Q"] {
        let (a, a_error) = final_counts("resets.xml", &format!("a{species}"), &format!("cell.{species}"));
        let (b, b_error) = final_counts("again.xml", &format!("b{species}"), &format!("cell.{species}"));
        assert!((a - b).abs() <= 4.0 * a_error.hypot(b_error), "{species}: {a} +- {a_error}, again {b} +- {b_error}");
    }
    let told = place.egress(&["export", "sbml", "abilene"]).ends_with(3);
    assert!(told.err.contains("error[E0721]: a network is no SBML model"), "{}", told.err);
}

/// What is drawn, what the state sets and how it is told, from the model to the tables.
#[test]
fn draws_are_variables_of_the_tables() {
    let place = Place::with("draws.xml", include_str!("../scenarios/src/validation/cases/sbml-draws.xml"));
    let args = ["run", "draws.xml", "--duration", "4 s", "--reps", "50", "--seed", "2", "--quiet", "--out"];
    place.egress(&[&args[..], &["a"]].concat()).ends_with(0);
    place.egress(&[&args[..], &["b", "--threads", "2"]].concat()).ends_with(0);
    assert_eq!(place.read("a/metrics.csv"), place.read("b/metrics.csv"), "at any number of threads");
    let of = |component: &str| samples(&place.path("a"), component, "value", "mean");
    assert!(of("X").iter().all(|x| *x > 2.5) && of("X").iter().any(|x| x.fract() != 0.0), "{:?}", of("X"));
    // Set back at 0.5, 1.5, 2.5 and 3.5 s, to -0.5 each time.
    assert_eq!(of("t_at_0"), vec![-4.0; 50]);
    assert!(of("k").iter().all(|k| [2.0, 10.0].contains(k)), "{:?}", of("k"));
    // A probe comes with the command, as a whole.
    let probe = "probe.p={ kind = \"count\", of = \"X\", times = [\"0 s\", \"3 s\"] }";
    place.egress(&[&args[..], &["c", "--set", probe]].concat()).ends_with(0);
    let at = |time: &str| samples(&place.path("c"), &format!("X@{time}"), "count", "mean");
    assert!(at("0 s").iter().all(|x| *x == 0.0) && at("3 s").iter().all(|x| *x > 2.5), "{:?}", at("3 s"));
    let part = place.egress(&["check", "draws.xml", "--set", "probe.p.kind=count"]).ends_with(3);
    assert!(part.err.contains("E0401") && part.err.contains("probe.p = { kind = ... }"), "{}", part.err);
}
