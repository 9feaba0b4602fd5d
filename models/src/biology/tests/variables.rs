//! Numbers that interventions set, and draws.

use super::*;

/// Drawn once a second from half a second on, by a clock that the event itself sets back.
fn clock(law: &str) -> String {
    format!(
        "[variable.X]\n[variable.t]\n\
         [intervention.tick]\nwhen = \"t + time >= 0.5\"\nchanges = {{ X = \"{law}\", t = \"-0.5 - time\" }}\n\
         [probe.p]\nkind = \"count\"\nof = \"X\"\ntimes = [\"0 s\", \"1 s\", \"2 s\", \"20 s\"]\n"
    )
}

/// What the probe of X saw at `at` in each of `n` replications.
fn seen(s: &dyn System, at: &str, n: u64, end: f64) -> Vec<f64> {
    (0..n).map(|rep| measure(s, &run(s, rep, 0.0, end), &format!("X@{at}"), "count", "mean")).collect()
}

#[test]
fn each_draw_has_its_law_and_holds_until_the_next() {
    let s = system(&clock("normal(-1, 1.5)"));
    assert_eq!(seen(&*s, "0 s", 3, 20.5), [0.0; 3]);
    let normal = Moments { mean: -1.0, variance: 2.25, kurtosis: 3.0 };
    let draws: Vec<Vec<f64>> = ["1 s", "2 s", "20 s"].iter().map(|at| seen(&*s, at, 4000, 20.5)).collect();
    for at in &draws {
        normal.assert(at, "at a second");
    }
    // Draws of two seconds have nothing to do with each other.
    let product: f64 = draws[0].iter().zip(&draws[1]).map(|(a, b)| (a + 1.0) * (b + 1.0)).sum();
    assert!((product / 4000.0).abs() < 4.0 * 2.25 / 4000_f64.sqrt(), "{product}");
    let record = run(&*s, 0, 0.0, 2.5);
    let of = |stat| measure(&*s, &record, "X", "value", stat);
    let (first, second) = (draws[0][0], draws[1][0]);
    assert!((of("time_mean") - (first + second) / 2.5).abs() < 1e-12);
    assert_eq!(of("mean"), second);
    assert_eq!(of("max"), first.max(second).max(0.0));
    let square = (first * first + second * second) / 2.5 - ((first + second) / 2.5).powi(2);
    assert!((of("sd") - square.sqrt()).abs() < 1e-12);
}

#[test]
fn how_a_run_is_cut_changes_nothing_and_other_draws_neither() {
    let (s, more) = (system(&clock("gamma(2, 3)")), clock("gamma(2, 3)"));
    let more = format!(
        "{more}[variable.Y]\ninitial = \"uniform(0, 1)\"\n[intervention.other]\nat = \"3 s\"\nchanges = {{ Y = \"poisson(3)\" }}\n"
    );
    let more = system(&more);
    for rep in 0..10 {
        let whole = s.run(Streams::new(1, rep), window(0.0, 20.0, 1)).unwrap();
        let cut = s.run(Streams::new(1, rep), window(0.0, 20.0, 311)).unwrap();
        assert_eq!(whole.measures, cut.measures);
        let other = more.run(Streams::new(1, rep), window(0.0, 20.0, 1)).unwrap();
        for stat in ["mean", "time_mean"] {
            let of = |s: &dyn System, record: &RunRecord| measure(s, record, "X", "value", stat).to_bits();
            assert_eq!(of(&*s, &whole), of(&*more, &other));
        }
    }
}

/// Births at rate `k`, which is 2 until there are five and 10 from then on.
const SWITCH: &str = r#"
[variable.k]
initial = 2
[compartment.cell]
volume = "1 pL"
initial = { N = 0 }
[reaction.birth]
equation = "-> N"
law = "k"
[probe.first]
kind = "first_passage"
of = "cell.N"
up_to = [10]
"#;

#[test]
fn a_rate_that_the_state_sets_is_exact() {
    // The sum of five exponential times of rate 2 and five of rate 10; its third and fourth cumulants are sums, too.
    let sum = |power: i32| 5.0 / 2_f64.powi(power) + 5.0 / 10_f64.powi(power);
    let law = Moments { mean: sum(1), variance: sum(2), kurtosis: 3.0 + 6.0 * sum(4) / sum(2).powi(2) };
    for set in [
        "changes = { k = \"10\" }",
        "changes = { k = \"k * 4 + 2\" }",
        "target = \"k\"\nvalue = 10",
        "target = \"k\"\nop = \"add\"\nvalue = 8",
        "target = \"k\"\nop = \"scale\"\nfactor = 5",
    ] {
        let s = system(&format!("{SWITCH}[intervention.fast]\nwhen = \"cell.N >= 5\"\n{set}\n"));
        let times: Vec<f64> = (0..4000)
            .map(|rep| measure(&*s, &run(&*s, rep, 0.0, 100.0), "cell.N@first n>=10", "first_passage_time", "mean"))
            .collect();
        law.assert(&times, set);
    }
}

#[test]
fn a_rate_set_at_a_time_is_as_one_that_an_intervention_changes() {
    let law = "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 500 }\n\
               [reaction.r]\nequation = \"A ->\"\n";
    let plain = system(&format!(
        "{law}law = \"k * A\"\nparameters = {{ k = 0.1 }}\n\
         [intervention.i]\nat = \"3 s\"\ntarget = \"reaction.r.parameters.k\"\nvalue = 0.4\n"
    ));
    let variable = system(&format!(
        "[variable.k]\ninitial = 0.1\n{law}law = \"k * A\"\n[intervention.i]\nat = \"3 s\"\ntarget = \"k\"\nvalue = 0.4\n"
    ));
    for rep in 0..20 {
        for end in [2.0, 3.5, 10.0] {
            let of = |s: &dyn System| measure(s, &run(s, rep, 0.0, end), "cell.A", "in_system", "mean");
            assert_eq!(of(&*plain), of(&*variable), "the same path");
        }
    }
    let left = (-0.3 - 0.4 * 7.0_f64).exp();
    Moments::binomial(500.0, left).assert(&final_counts(&*variable, "cell.A", 4000, 10.0), "after both");
}

#[test]
fn cells_differ_in_what_is_drawn_at_the_start() {
    // Of 50 each is left after t with probability e^-kt, with k a gamma variate: E e^-kt = (1 + scale t)^-shape.
    let s = system(
        "[variable.half]\ninitial = \"gamma(3, 0.05)\"\n[variable.k]\ninitial = \"2 * half\"\n\
         [compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 50 }\n[reaction.r]\nequation = \"A ->\"\nlaw = \"k * A\"\n",
    );
    let t = 4.0;
    let left = |t: f64| (1.0 + 0.1 * t).powi(-3);
    let (one, two) = (left(t), left(2.0 * t));
    let variance = 50.0 * (one - two) + 2500.0 * (two - one * one);
    // Its kurtosis is not needed to more than a bound: that of counts from 0 to 50.
    let law = Moments { mean: 50.0 * one, variance, kurtosis: 3.0 };
    law.assert(&final_counts(&*s, "cell.A", 8000, t), "left");
    let k: Vec<f64> = (0..4000).map(|rep| measure(&*s, &run(&*s, rep, 0.0, 0.1), "k", "value", "mean")).collect();
    Moments { mean: 0.3, variance: 0.03, kurtosis: 5.0 }.assert(&k, "k");
}

#[test]
fn counts_may_be_drawn_and_are_whole() {
    let s = system(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 0 }\n[reaction.r]\nequation = \"A ->\"\nc = 0.1\n\
         [intervention.seed]\nat = \"0 s\"\nchanges = { \"cell.A\" = \"poisson(30)\" }\n",
    );
    Moments::poisson(30.0 * (-0.5_f64).exp()).assert(&final_counts(&*s, "cell.A", 4000, 5.0), "thinned");
}

#[test]
fn the_mean_follows_variables_and_draws_nothing() {
    let text = "[run]\nfidelity = \"mean\"\n[variable.k]\ninitial = \"0.3 - 0.2\"\n[variable.low]\ninitial = -3\n\
                [compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 500 }\n[reaction.r]\nequation = \"A ->\"\nlaw = \"k * (low + 4) * A / (low + 4)\"\n\
                [intervention.i]\nat = \"3 s\"\nchanges = { k = \"4 * k\", low = \"low - 1.5\" }\n";
    let s = system(text);
    let record = run(&*s, 0, 0.0, 10.0);
    let left = 500.0 * (-0.3 - 0.4 * 7.0_f64).exp();
    assert!((measure(&*s, &record, "cell.A", "in_system", "mean") / left - 1.0).abs() < 1e-6);
    assert_eq!(measure(&*s, &record, "low", "value", "mean"), -4.5);
    assert!((measure(&*s, &record, "low", "value", "time_mean") + 4.05).abs() < 1e-9);
    for (from, to) in [("\"0.3 - 0.2\"", "\"uniform(0, 1)\""), ("\"4 * k\"", "\"poisson(2)\"")] {
        let Err(found) = build(&text.replace(from, to)) else { panic!("{to} was accepted") };
        let d = found.iter().next().expect("a finding");
        assert!(d.message.contains("draws"), "{d:?}");
    }
}

#[test]
fn what_is_no_number_ends_the_run() {
    let fault = |lines: &str| {
        let s = system(&format!("{SWITCH}{lines}"));
        s.run(Streams::new(1, 0), window(0.0, 10.0, 1)).expect_err("an error").to_string()
    };
    let e = fault("[variable.x]\ninitial = \"normal(0, -1)\"\n");
    assert!(e.contains("`variable.x` is NaN at first, which is no number"), "{e}");
    let e = fault("[intervention.i]\nat = \"1 s\"\nchanges = { k = \"binomial(2.5, 0.5)\" }\n");
    assert!(e.contains("`intervention.i` makes `k` NaN, which is no number"), "{e}");
    let e = fault("[intervention.i]\nat = \"1 s\"\nchanges = { k = \"-1\" }\n");
    assert!(e.contains("the rate of `reaction.birth` at k = -1 is -1"), "{e}");
}

#[test]
fn mistakes_are_located() {
    for (from, to, at, message) in [
        ("law = \"k\"", "law = \"k * uniform(0, 1)\"", "\"k * uniform(0, 1)\"", "a draw in a rate law"),
        ("initial = 2", "initial = \"normal(0)\"", "normal", "takes 2 or 4 values"),
        ("initial = 2", "initial = \"time\"", "\"time\"", "`time` has no meaning at first"),
        ("initial = 2", "initial = \"later\"\n[variable.later]", "later", "unknown name `later`"),
        ("[variable.k]", "[variable.k]\n[variable.inf]", "]", "means something by itself"),
        ("[variable.k]", "[variable.k]\n[variable.N]", "]", "the name of a species"),
        ("[variable.k]", "[variable.k]\n[variable.birth]", "]", "the name of a pathway or reaction"),
        ("[variable.k]", "[variable.k]\n[variable.a-b]", "]", "is no name that laws could read"),
        ("of = \"cell.N\"", "of = \"k\"", "\"k\"", "`k` is a variable, and no count"),
        (
            "[probe.first]",
            "[intervention.i]\nwhen = \"bernoulli(0.5)\"\nchanges = { k = \"1\" }\n[probe.first]",
            "\"bernoulli(0.5)\"",
            "a draw in a condition",
        ),
        (
            "[probe.first]",
            "[intervention.i]\nat = \"1 s\"\ntarget = \"k\"\nvalue = \"3 s\"\n[probe.first]",
            "\"3 s\"",
            "`k` is a variable, not",
        ),
    ] {
        let text = SWITCH.replace(from, to);
        let Err(found) = build(&text) else { panic!("{to} was accepted") };
        let d = found.iter().next().expect("a finding");
        assert!(d.message.contains(message), "{to}: {d:?}");
        assert_eq!(&text[d.span.start as usize..d.span.end as usize], at, "{to}: {d:?}");
    }
}
