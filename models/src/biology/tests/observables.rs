//! Expressions that are told: exact in counts, and along waveforms to what is promised.

use super::*;

/// Two pools in equilibrium that have nothing to do with each other: Poisson of mean 3 and 1.
const TWO: &str = r#"
[compartment.cell]
volume = "1 pL"
fixed = { S = 3 }
initial = { A = 3, B = 1 }
[reaction.come-a]
equation = "-> A"
law = "3"
[reaction.go-a]
equation = "A ->"
law = "A"
[reaction.come-b]
equation = "-> B"
law = "1"
[reaction.go-b]
equation = "B ->"
law = "B"
"#;

fn of(s: &dyn System, n: u64, component: &str, metric: &str, stat: &str, end: f64) -> Vec<f64> {
    (0..n).map(|rep| measure(s, &run(s, rep, 0.0, end), component, metric, stat)).collect()
}

#[test]
fn totals_and_joint_states_have_their_laws() {
    let s = system(&format!(
        "{TWO}[observable.total]\nvalue = \"A + B\"\n[observable.none]\nvalue = \"A == 0 and B == 0\"\n\
         [probe.p]\nkind = \"count\"\nof = \"total\"\ntimes = [\"20 s\"]\n"
    ));
    // The sum of two of Poisson is of Poisson.
    Moments::poisson(4.0).assert(&of(&*s, 4000, "total@20 s", "count", "mean", 20.5), "total");
    // Neither is there for exp(-4) of the time. It comes about at that times 4 a second, and ends so soon that what of the time is
    // so, over 2000 s in the window, has a variance of at most 2 exp(-4) / 4 / 2000 if visits are of their own.
    let shares: Vec<f64> =
        (0..60).map(|rep| measure(&*s, &run(&*s, rep, 20.0, 2020.0), "none", "value", "time_mean")).collect();
    let mean = shares.iter().sum::<f64>() / 60.0;
    let sd = (shares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
    let z = (mean - (-4_f64).exp()) / (sd / 60_f64.sqrt());
    assert!(z.abs() < 4.0, "{mean} is not exp(-4): z = {z}");
}

#[test]
fn what_is_told_is_that_of_the_counts_and_changes_none() {
    let plain = system(TWO);
    let more = format!(
        "{TWO}[observable.twice]\nvalue = \"2 * A\"\n[observable.held]\nvalue = \"S\"\n[observable.c]\nvalue = \"[A] * volume * N_A\"\n"
    );
    let s = system(&more);
    for rep in 0..5 {
        let (whole, before) = (run(&*s, rep, 1.0, 9.0), run(&*plain, rep, 1.0, 9.0));
        let a = |stat| measure(&*plain, &before, "cell.A", "occupancy", stat);
        let twice = |stat| measure(&*s, &whole, "twice", "value", stat);
        for stat in ["time_mean", "sd", "max"] {
            assert!((twice(stat) - 2.0 * a(stat)).abs() < 1e-9, "{stat}: {} is not twice {}", twice(stat), a(stat));
            assert_eq!(a(stat), measure(&*s, &whole, "cell.A", "occupancy", stat));
            assert!((measure(&*s, &whole, "c", "value", stat) - a(stat)).abs() < 1e-9);
        }
        assert_eq!(measure(&*s, &whole, "held", "value", "time_mean"), 3.0);
        let cut = s.run(Streams::new(1, rep), window(1.0, 9.0, 311)).unwrap();
        assert_eq!(whole.measures, cut.measures);
    }
}

#[test]
fn parts_of_all_kernels_are_observed_alike() {
    // One more channel than the kernels of few take, delays, followed molecules, waveforms and interventions.
    let many: Vec<String> =
        (0..20).map(|i| format!("[reaction.x{i}]\nequation = \"A -> A\"\nlaw = \"0.1 * A\"\n")).collect();
    let many = many.concat();
    let waveform = "[waveform.w]\nkind = \"sine\"\nmean = 1\namplitude = 0.5\nperiod = \"1 s\"\n\
                    [reaction.driven]\nequation = \"A ->\"\nlaw = \"0.2 * A * w\"\n";
    let residence = "[probe.r]\nkind = \"residence\"\nof = \"cell.A\"\n";
    let jump = "[intervention.half]\nwhen = \"A > 6\"\nchanges = { \"cell.A\" = \"A / 2\" }\n\
                [intervention.dose]\nat = \"3 s\"\ntarget = \"cell.A\"\nop = \"add\"\nvalue = 5\n";
    for extra in [&many, waveform, residence, jump] {
        let s = system(&format!("{TWO}{extra}[observable.twice]\nvalue = \"2 * A\"\n"));
        for rep in 0..5 {
            let record = run(&*s, rep, 0.5, 9.0);
            for stat in ["time_mean", "sd", "max"] {
                let (a, twice) =
                    (measure(&*s, &record, "cell.A", "occupancy", stat), measure(&*s, &record, "twice", "value", stat));
                assert!((twice - 2.0 * a).abs() < 1e-9, "{extra}: {stat} of {twice} is not twice {a}");
            }
        }
    }
}

/// One count of 2 that nothing changes until 6 s.
const DRIVEN: &str = r#"
[compartment.cell]
volume = "1 pL"
initial = { A = 2 }
[intervention.more]
at = "6 s"
target = "cell.A"
value = 3
[waveform.surge]
kind = "gaussian"
base = 0
height = 1
centre = "5 s"
sigma = "1 ms"
[observable.clock]
value = "A * time"
[observable.seen]
value = "A * surge"
[observable.rung]
value = "exp(-time)"
[probe.p]
kind = "count"
of = "clock"
times = ["0 s", "2 s", "6 s"]
"#;

#[test]
fn what_follows_the_time_is_integrated() {
    for mode in ["", "[run]\nfidelity = \"mean\"\n"] {
        let s = system(&format!("{mode}{DRIVEN}"));
        let record = run(&*s, 0, 1.0, 9.0);
        let of = |name: &str, stat: &str| measure(&*s, &record, name, "value", stat);
        let close =
            |found: f64, exact: f64| assert!((found / exact - 1.0).abs() < 1e-7, "{mode}: {found} is not {exact}");
        close(of("clock", "time_mean"), (35.0 + 3.0 * 22.5) / 8.0);
        let square = (4.0 * (216.0 - 1.0) / 3.0 + 9.0 * (729.0 - 216.0) / 3.0) / 8.0;
        close(of("clock", "sd"), (square - ((35.0 + 67.5) / 8.0_f64).powi(2)).sqrt());
        // To 1e-9 of its greatest value.
        let surge = 2.0 * 1e-3 * (2.0 * std::f64::consts::PI).sqrt() / 8.0;
        assert!((of("seen", "time_mean") - surge).abs() < 2e-9, "{mode}: {}", of("seen", "time_mean"));
        close(of("rung", "time_mean"), ((-1_f64).exp() - (-9_f64).exp()) / 8.0);
        assert_eq!(of("clock", "mean"), 27.0);
        for (at, value) in [("0 s", 0.0), ("2 s", 4.0), ("6 s", 18.0)] {
            assert_eq!(measure(&*s, &record, &format!("clock@{at}"), "count", "mean"), value);
        }
    }
}

#[test]
fn the_mean_has_the_expression_of_the_mean() {
    let s = system(
        "[run]\nfidelity = \"mean\"\n[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 100 }\n\
         [reaction.go]\nequation = \"A ->\"\nlaw = \"0.5 * A\"\n[observable.log]\nvalue = \"log(A)\"\n",
    );
    let record = run(&*s, 0, 0.0, 4.0);
    let mean = measure(&*s, &record, "log", "value", "time_mean");
    assert!((mean - (100_f64.ln() - 1.0)).abs() < 1e-7, "{mean}");
    assert!((measure(&*s, &record, "log", "value", "mean") - (100_f64.ln() - 2.0)).abs() < 1e-6);
}

#[test]
fn counts_at_a_time_are_those_after_what_happens_then() {
    let s = system(&format!(
        "{TWO}[intervention.wash]\nat = \"5 s\"\ntarget = \"cell.A\"\nvalue = 50\n\
         [intervention.held]\nat = \"5 s\"\ntarget = \"compartment.cell.fixed.S\"\nvalue = 7\n\
         [probe.a]\nkind = \"count\"\nof = \"cell.A\"\ntimes = [\"5 s\"]\n\
         [probe.s]\nkind = \"count\"\nof = \"cell.S\"\ntimes = [\"4.9 s\", \"5 s\"]\n"
    ));
    for bins in [1, 2, 40] {
        // Whether or not something else is looked at then.
        let record = s.run(Streams::new(1, 3), window(5.0, 10.0, bins)).unwrap();
        for (name, count) in [("cell.A@5 s", 50.0), ("cell.S@4.9 s", 3.0), ("cell.S@5 s", 7.0)] {
            assert_eq!(measure(&*s, &record, name, "count", "mean"), count, "{bins} bins: {name}");
        }
    }
}

#[test]
fn what_is_no_number_ends_the_run() {
    let s = system(&format!("{TWO}[observable.ratio]\nvalue = \"A / B\"\n"));
    let failed = s.run(Streams::new(1, 0), window(0.0, 100.0, 1)).unwrap_err().to_string();
    assert!(failed.contains("`observable.ratio` is") && failed.contains("no number"), "{failed}");
}

#[test]
fn bad_observables_are_refused() {
    let code = |more: &str| build(&format!("{TWO}{more}")).err().unwrap().iter().next().unwrap().code;
    assert_eq!(code("[observable.x]\nvalue = \"A +\"\n"), "E0613");
    assert_eq!(code("[observable.x]\nvalue = \"Z\"\n"), "E0613");
    assert_eq!(code("[observable.x]\nvalue = \"normal(0, 1)\"\n"), "E0613");
    assert_eq!(code("[observable.come-a]\nvalue = \"A\"\n"), "E0608");
    assert_eq!(code("[variable.x]\n[observable.x]\nvalue = \"A\"\n"), "E0608");
    let states = "[observable.x]\nvalue = \"A\"\n[probe.p]\nkind = \"states\"\nof = \"x\"\ncounts = [1]\n";
    assert_eq!(code(states), "E0609");
}
