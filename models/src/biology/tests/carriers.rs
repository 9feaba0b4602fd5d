//! Carriers that let through what they carry: both ways, coupled to ions, as cycles of states, as queues.

use super::*;

#[track_caller]
fn near(got: f64, want: f64, relative: f64) {
    assert!((got / want - 1.0).abs() < relative, "{got} is not {want}");
}

/// Mean and standard error over runs.
fn mean_and_error(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The measure `metric` of the pathway `carrier` in each of `n` runs from 1 s on.
fn fluxes(system: &dyn System, metric: &str, n: u64, seconds: f64) -> Vec<f64> {
    (0..n).map(|rep| measure(system, &run(system, rep, 1.0, 1.0 + seconds), "carrier", metric, "mean")).collect()
}

/// Carriers between a cell and a medium of 1 pL that hold `inside` and `outside`.
fn carrier(inside: &str, outside: &str, keys: &str) -> String {
    format!(
        r#"
[compartment.cell]
volume = "1 pL"
{inside}
[compartment.medium]
volume = "1 pL"
{outside}
[pathway.carrier]
kind = "carrier"
species = "S"
from = "cell"
to = "medium"
{keys}
"#
    )
}

fn fixed(contents: &str) -> String {
    format!("fixed = {{ {contents} }}")
}

/// A bank of `n` carriers in four states that bind at 1 /uM/s, let go at 100 /s and turn at 50 /s, `more` besides.
fn four_states(n: u32, inside: &str, outside: &str, more: &str) -> Box<dyn System> {
    let keys = format!(
        "model = \"cycle\"\nN = {n}\nk_on = \"1 /uM/s\"\nk_off = \"100 /s\"\nk_loaded = \"50 /s\"\nk_empty = \"50 /s\"\n{more}"
    );
    system(&carrier(&fixed(inside), &fixed(outside), &keys))
}

#[test]
fn alternating_carriers_have_the_flux_of_their_cycle() {
    // Vmax = 16.6667 /s, Km = 133.333 uM; fluxes by carrier from the linear equations of the four states.
    for (inside, outside, flux) in
        [(10, 0, 1.162_791), (100, 0, 7.142_857), (1000, 0, 14.705_882), (100, 100, 0.0), (100, 1000, -7.894_737)]
    {
        let s = four_states(200, &format!("S = \"{inside} uM\""), &format!("S = \"{outside} uM\""), "");
        let (mean, error) = mean_and_error(&fluxes(&*s, "net_flux", 24, 5.0));
        assert!(
            (mean - 200.0 * flux).abs() < 4.0 * error,
            "{inside} {outside}: {mean} +- {error}, not {}",
            200.0 * flux
        );
        assert!(error < 12.0, "{error}");
    }
}

#[test]
fn inhibitors_of_alternating_carriers_are_dead_ends_of_the_cycle() {
    // At S = 10 uM inside the states without inhibitor are as 20 : 1.5 : 0.5 : 21, and 50 / 43 pass a carrier. At I = Ki as many
    // more are blocked as are in the states that it binds to.
    let text = |head: &str, outside: u32, mode: &str, place: &str| {
        let keys = format!(
            "model = \"cycle\"\nN = 200\nk_on = \"1 /uM/s\"\nk_off = \"100 /s\"\nk_loaded = \"50 /s\"\nk_empty = \"50 /s\"\n\
             inhibitors = [{{ species = \"I\", in = \"{place}\", Ki = \"2 uM\", k_off = \"20 /s\", mode = \"{mode}\" }}]"
        );
        let contents =
            |s: u32, at: &str| fixed(&format!("S = \"{s} uM\", I = \"{} uM\"", if at == place { 2 } else { 0 }));
        format!("{head}{}", carrier(&contents(10, "cell"), &contents(outside, "medium"), &keys))
    };
    let mean = "[run]\nfidelity = \"mean\"\n";
    let net = |s: &dyn System| measure(s, &run(s, 0, 5.0, 10.0), "carrier", "net_flux", "mean");
    for (mode, place, blocked) in [
        ("competitive", "cell", 20.0),
        ("uncompetitive", "cell", 1.5),
        ("noncompetitive", "cell", 21.5),
        ("competitive", "medium", 21.0),
        ("uncompetitive", "medium", 0.5),
    ] {
        let flux = 200.0 * 50.0 / (43.0 + blocked);
        near(net(&*system(&text(mean, 0, mode, place))), flux, 1e-5);
        let drawn = system(&text("", 0, mode, place));
        let (found, error) = mean_and_error(&fluxes(&*drawn, "net_flux", 24, 5.0));
        assert!((found - flux).abs() < 4.0 * error && error < 12.0, "{mode} {place}: {found} +- {error}, not {flux}");
        // What is blocked drives nothing.
        let even = net(&*system(&text(mean, 10, mode, place)));
        assert!(even.abs() < 1e-3, "{mode} {place}: {even}");
    }
    let elsewhere =
        text("[compartment.blood]\nvolume = \"1 pL\"\nfixed = { I = \"2 uM\" }\n", 0, "competitive", "blood");
    let found = build(&elsewhere).err().expect("an error");
    assert!(found.iter().any(|d| d.message == "`I` is on neither side of the carriers"), "{found:?}");
    // Another bank may have the same inhibitor, one bank has it once.
    let one = text("", 0, "competitive", "cell");
    let section = &one[one.find("[pathway.carrier]").expect("a pathway")..];
    system(&format!("{one}\n{}", section.replace("[pathway.carrier]", "[pathway.second]")));
    let list = one.split_once("inhibitors = [").expect("a list").1.split_once(']').expect("its end").0;
    let found = build(&one.replace(list, &format!("{list}, {list}"))).err().expect("an error");
    assert!(found.iter().any(|d| d.message == "`I` is there twice"), "{found:?}");
}

#[test]
fn states_of_alternating_carriers_are_multinomial() {
    let s = four_states(200, "S = \"10 uM\"", "S = 0", "");
    let runs: Vec<RunRecord> = (0..3000).map(|rep| run(&*s, rep, 0.0, 0.5)).collect();
    // 0.46512, 0.03488, 0.01163, 0.48837.
    for (state, share) in [("Ti", 20.0), ("TiS", 1.5), ("ToS", 0.5), ("To", 21.0)] {
        let name = format!("carrier.{state}");
        let counts: Vec<f64> = runs.iter().map(|r| measure(&*s, r, &name, "in_system", "mean")).collect();
        Moments::binomial(200.0, share / 43.0).assert(&counts, &name);
    }
    let busy = measure(&*s, &run(&*s, 0, 1.0, 100.0), "carrier", "utilization", "time_mean");
    near(busy, 2.0 / 43.0, 0.01);
}

#[test]
fn fluctuations_of_a_cycle_have_the_symmetry_of_its_affinity() {
    // ln(P(n) / P(-n)) = n ln(S_from / S_to) for n net cycles of one carrier in a long time. After 2 s the slope is 0.9965
    // ln 2 for all n, by the master equation of states and cycles.
    let s = four_states(1, "S = \"20 uM\"", "S = \"10 uM\"", "");
    let n = 60_000;
    let mut seen = [[0.0; 2]; 5];
    for rep in 0..n {
        let cycles = 2.0 * measure(&*s, &run(&*s, rep, 1.0, 3.0), "carrier", "net_flux", "mean");
        let size = cycles.abs().round() as usize;
        if (1..5).contains(&size) {
            seen[size][usize::from(cycles < 0.0)] += 1.0;
        }
    }
    // Slopes of single n, weighted by what is known of them.
    let (mut sum, mut weights) = (0.0, 0.0);
    for (n, [forward, backward]) in (0..5_u8).zip(seen).skip(1) {
        let n = f64::from(n);
        let weight = n * n / (1.0 / forward + 1.0 / backward);
        sum += weight * (forward / backward).ln() / n;
        weights += weight;
    }
    let (slope, error) = (sum / weights, 1.0 / f64::sqrt(weights));
    let exact = 0.9965 * std::f64::consts::LN_2;
    assert!((slope - exact).abs() < 4.0 * error, "{slope} +- {error} is not {exact}");
    assert!((slope / std::f64::consts::LN_2 - 1.0).abs() < 0.03, "{slope}");
    assert!(error < 0.01 * exact, "{error}");
}

/// A reversible carrier with kcat = 10 /s, Km = 5 mM and `more`.
fn reversible(more: &str) -> String {
    format!("model = \"reversible\"\nN = 1000\nkcat = \"10 /s\"\nKm = \"5 mM\"\n{more}")
}

#[test]
fn a_reversible_carrier_has_two_ways() {
    let s = |inside: f64, outside: f64, more: &str| {
        system(&carrier(
            &fixed(&format!("S = \"{inside} mM\"")),
            &fixed(&format!("S = \"{outside} mM\"")),
            &reversible(more),
        ))
    };
    for (inside, outside) in [(1.0, 0.0), (0.0, 2.0), (5.0, 5.0), (20.0, 1.0)] {
        // What follows from Haldane's relation, and the same given.
        for (more, keq, km_back) in [
            ("", 1.0, 5.0),
            ("kcat_back = \"10 /s\"", 1.0, 5.0),
            ("Km_back = \"2 mM\"", 1.0, 2.0),
            ("Km_back = \"2 mM\"\nkcat_back = \"4 /s\"", 1.0, 2.0),
            ("Keq = 20", 20.0, 5.0),
            ("Keq = 20\nkcat_back = \"0.2 /s\"\nKm_back = \"2 mM\"", 20.0, 2.0),
        ] {
            let (a, b, back) = (inside / 5.0, outside / km_back, 10.0 * km_back / (5.0 * keq));
            let expected = 1000.0 * (10.0 * a + back * b) / (1.0 + a + b);
            // With everything held constant the initial propensities are the rates; `event_rate` doubles them.
            near(s(inside, outside, more).event_rate() / 2.0, expected, 1e-12);
        }
    }
    // Each way is counted by itself, and at equilibrium they are equal on average.
    let s = s(2.0, 2.0, "");
    let rate = 1000.0 * 10.0 * 0.4 / 1.8;
    for metric in ["throughput", "influx"] {
        let n = 200;
        let counts: Vec<f64> = fluxes(&*s, metric, n, 1.0);
        Moments::poisson(rate).assert(&counts, metric);
    }
}

#[test]
fn inhibitors_slow_both_ways_alike() {
    for (mode, free, loaded) in [("competitive", 3.0, 1.0), ("noncompetitive", 3.0, 3.0), ("uncompetitive", 1.0, 3.0)] {
        let more = format!("inhibitors = [{{ species = \"I\", Ki = \"1 uM\", mode = \"{mode}\" }}]");
        let rate = |inside: f64, outside: f64| {
            let outside = format!("S = \"{outside} mM\", I = \"2 uM\"");
            system(&carrier(&fixed(&format!("S = \"{inside} mM\"")), &fixed(&outside), &reversible(&more))).event_rate()
                / 2.0
        };
        near(rate(3.0, 0.0), 1e4 * 0.6 / (free + loaded * 0.6), 1e-12);
        near(rate(0.0, 3.0), 1e4 * 0.6 / (free + loaded * 0.6), 1e-12);
        near(rate(3.0, 1.0), 1e4 * 0.8 / (free + loaded * 0.8), 1e-12);
    }
}

/// The law of the count beside a constant concentration: in at `n_carriers kcat_back p / D`, out at `n_carriers kcat s / D`,
/// `D = 1 + s + p`, s = n / km. Factors of rates that are the same at all counts do not matter.
fn beside(km: f64, equilibrium: f64, p: f64) -> Moments {
    let busy = |n: f64| 1.0 + n / km + p;
    let mut weights = vec![1.0];
    for n in 1..2000 {
        let n = f64::from(n);
        let next = weights[weights.len() - 1] * (equilibrium / busy(n - 1.0)) / (n / busy(n));
        weights.push(next);
        if weights.len() % 100 == 0 {
            let most = weights.iter().copied().fold(0.0, f64::max);
            for w in &mut weights {
                *w /= most;
            }
        }
    }
    Moments::of(&weights)
}

#[test]
fn lactate_follows_protons_whatever_the_carriers_are() {
    // [Lac]_i / [Lac]_o = [H]_o / [H]_i: pH 7.2 inside; 0.2 aL, where 1 mM is 120.4 molecules.
    for (ph, ratio) in [(7.4, 0.630_957), (7.2, 1.0), (6.8, 2.511_886)] {
        let protons = |ph: f64| 1e9 * f64::powf(10.0, -ph);
        for (n, kcat) in [(200, 10), (20, 100)] {
            let s = system(&format!(
                r#"
[compartment.cell]
volume = "0.2 aL"
initial = {{ lactate = "1 mM" }}
fixed = {{ H = "{} nM" }}
[compartment.medium]
volume = "1 pL"
fixed = {{ lactate = "1 mM", H = "{} nM" }}
[pathway.mct]
kind = "carrier"
model = "reversible"
species = "lactate"
from = "cell"
to = "medium"
N = {n}
kcat = "{kcat} /s"
Km = "4 mM"
coupled = [{{ species = "H", at = "39.8107 nM" }}]
"#,
                protons(7.2),
                protons(ph)
            ));
            // With as many protons as Km is measured at, s = S/Km; inside they are 10^0.2 times as many.
            let (one_mm, at_ph) = (120.442_815, |ph: f64| f64::powf(10.0, 7.4 - ph));
            let (km, p) = (4.0 * one_mm / at_ph(7.2), 0.25 * at_ph(ph));
            let law = beside(km, ratio * one_mm, p);
            // One molecule at most beside the ratio itself.
            assert!((law.mean - ratio * one_mm).abs() < 1.0, "{law:?}");
            law.assert(&final_counts(&*s, "cell.lactate", 600, 6.0), &format!("pH {ph}, {n} carriers"));
        }
    }
}

#[test]
fn coupled_ions_set_the_equilibrium_of_every_model() {
    // Sodium 12 and 145 mM: with two going along, 146 times more inside; with one the other way, 12/145 of outside.
    let coupled = |n: u32, direction: &str| {
        format!("coupled = [{{ species = \"Na\", at = \"145 mM\", stoichiometry = {n}, direction = \"{direction}\" }}]")
    };
    for (n, direction, ratio) in [
        (2, "symport", (145.0_f64 / 12.0).powi(2)),
        (1, "symport", 145.0 / 12.0),
        (1, "antiport", 12.0 / 145.0),
        (2, "antiport", (12.0_f64 / 145.0).powi(2)),
    ] {
        let coupled = coupled(n, direction);
        let outside = 1.0;
        let contents = |s: f64, na: f64| format!("S = \"{s} mM\", Na = \"{na} mM\"");
        let carriers = |inside: f64| {
            let sides = [fixed(&contents(inside, 12.0)), fixed(&contents(outside, 145.0))];
            [
                system(&carrier(&sides[0], &sides[1], &reversible(&coupled))),
                four_states(200, &contents(inside, 12.0), &contents(outside, 145.0), &coupled),
            ]
        };
        for s in carriers(outside * ratio) {
            let (mean, error) = mean_and_error(&fluxes(&*s, "net_flux", 30, 2.0));
            assert!(mean.abs() < 4.0 * error, "{n} {direction}: {mean} +- {error}");
        }
        for (s, sign) in carriers(outside * ratio * 2.0).into_iter().zip([1.0; 2]) {
            let (mean, error) = mean_and_error(&fluxes(&*s, "net_flux", 30, 2.0));
            assert!(sign * mean > 4.0 * error, "{n} {direction}: {mean} +- {error}");
        }
    }
}

#[test]
fn ions_cross_as_they_are_coupled() {
    for (model, direction, sign) in [
        ("reversible", "symport", 1.0),
        ("reversible", "antiport", -1.0),
        ("mm", "symport", 1.0),
        ("mm", "antiport", -1.0),
        ("cycle", "symport", 1.0),
        ("cycle", "antiport", -1.0),
    ] {
        let keys = if model == "cycle" {
            "N = 50\nk_on = \"1 /uM/s\"\nk_off = \"100 /s\"\nk_loaded = \"50 /s\"\nk_empty = \"50 /s\""
        } else {
            "N = 50\nkcat = \"10 /s\"\nKm = \"1 uM\""
        };
        let keys = format!(
            "model = \"{model}\"\n{keys}\ncoupled = [{{ species = \"Na\", at = \"1 uM\", stoichiometry = 2, direction = \"{direction}\" }}]"
        );
        let text = carrier("initial = { S = 900, Na = 5000 }", "initial = { S = 100, Na = 5000 }", &keys);
        let s = system(&text.replace("1 pL", "1 fL"));
        let record = run(&*s, 0, 0.0, 3.0);
        let held = |name: &str| measure(&*s, &record, name, "in_system", "mean");
        let bound = |state: &str| if model == "cycle" { held(&format!("carrier.{state}")) } else { 0.0 };
        // What is bound to loaded carriers of a symporter has its ions with it.
        let (tis, tos) = (bound("TiS"), bound("ToS"));
        assert_eq!(held("cell.S") + held("medium.S") + tis + tos, 1000.0, "{model}");
        let crossed = held("medium.S") - 100.0;
        let ions = held("medium.Na") - 5000.0;
        assert!(crossed.abs() > 20.0, "{model} {direction}: {crossed}");
        if model != "cycle" {
            assert_eq!(ions, sign * 2.0 * crossed, "{model} {direction}");
        } else if direction == "symport" {
            assert_eq!(ions, 2.0 * crossed);
            assert_eq!(held("cell.Na") + held("medium.Na") + 2.0 * (tis + tos), 10_000.0);
        } else {
            assert_eq!(held("cell.Na") + held("medium.Na"), 10_000.0);
            // Each empty carrier that turned back brought two, but for those on their way.
            assert!((ions + 2.0 * crossed).abs() <= 100.0, "{ions} {crossed}");
        }
    }
}

/// Carriers as the servers of a queue: `c` of them, each turning over at 1 /s, and molecules that come at `rate`; they bind at
/// once. Mean number that waits.
fn waiting(c: u32, rate: f64) -> (f64, f64) {
    let s = system(&format!(
        r#"
[compartment.cell]
volume = "1 fL"
[species.S]
[compartment.medium]
volume = "1 fL"
fixed = {{ S = 0 }}
[pathway.source]
kind = "influx"
species = "S"
to = "cell"
rate = "{rate} molecules/s"
[pathway.carrier]
kind = "pump"
explicit = true
species = "S"
from = "cell"
to = "medium"
N = {c}
kcat = "1 /s"
Km = "1e-8 uM"
"#
    ));
    let value = |rep| measure(&*s, &run(&*s, rep, 200.0, 10_200.0), "cell.S", "occupancy", "time_mean");
    mean_and_error(&(0..30).map(value).collect::<Vec<_>>())
}

#[test]
fn a_bank_of_carriers_is_a_queue_with_as_many_servers() {
    // Erlang C: P(wait) = 0.409180 for ten at 8 /s, 0.363864 for fifty at 45 /s.
    for (c, rate, expected) in [(1, 0.8, 3.2), (10, 8.0, 1.636_721), (50, 45.0, 3.274_780)] {
        let (mean, error) = waiting(c, rate);
        // Binding takes microseconds.
        assert!((mean - expected).abs() < 4.0 * error + 1e-4, "{c}: {mean} +- {error} is not {expected}");
        assert!(error < 0.05 * expected, "{error}");
    }
}

/// Expects that `keys` are refused at the text `at`.
fn refused(keys: &str, at: &str, message: &str, help: &str) {
    let text = carrier("initial = { S = 10, H = 1, I = 1 }", "initial = { S = 10 }", keys);
    let Err(found) = build(&text) else { panic!("{keys} was accepted") };
    let d = found.iter().next().expect("a finding");
    let place = &text[d.span.start as usize..d.span.end as usize];
    assert!(d.message.contains(message) && d.help.as_deref().unwrap_or_default().contains(help), "{keys}: {d:?}");
    assert_eq!(place, at, "{keys}: {d:?}");
    assert_eq!(found.iter().count(), 1, "{keys}: {:?}", found.iter().collect::<Vec<_>>());
}

#[test]
fn carriers_that_would_pump_are_refused_with_their_affinity() {
    let affinity = "contradict Keq = 1: its cycle has an affinity of 0.6931 kT";
    refused(&reversible("kcat_back = \"5 /s\""), "\"5 /s\"", affinity, "leave `kcat_back` out");
    refused(
        &reversible("kcat_back = \"5 /s\"\nKeq = 4"),
        "\"5 /s\"",
        "contradict Keq = 4: its cycle has an affinity of -0.6931 kT",
        "",
    );
    refused(&reversible("kcat_back = \"0 /s\""), "\"0 /s\"", "an affinity of inf kT", "");
    let cycle = |more: &str| {
        format!(
            "model = \"cycle\"\nN = 10\nk_on = \"1 /uM/s\"\nk_off = \"100 /s\"\nk_loaded = \"50 /s\"\nk_empty = \"50 /s\"\n{more}"
        )
    };
    refused(&cycle("k_empty_back = \"25 /s\""), "\"25 /s\"", affinity, "leave `k_empty_back` out");
    // It follows, whatever the others are.
    for more in [
        "k_on_back = \"3 /uM/s\"",
        "k_off_back = \"7 /s\"\nKeq = 3",
        "k_on_back = \"2 /uM/s\"\nk_off_back = \"200 /s\"\nk_empty_back = \"50 /s\"",
    ] {
        system(&carrier("initial = { S = 10 }", "initial = { S = 10 }", &cycle(more)));
    }
    // What is expected is printed, and is accepted.
    let text = carrier(
        "initial = { S = 10 }",
        "initial = { S = 10 }",
        &reversible("kcat_back = \"5 /s\"\nKm_back = \"1.7 mM\""),
    );
    assert_eq!(build(&text).err().unwrap().iter().next().unwrap().label, "expected 3.4 /s");
    system(&text.replace("\"5 /s\"", "\"3.4 /s\""));
    // An intervention may not break it either.
    let text = carrier("initial = { S = 10 }", "initial = { S = 10 }", &reversible("kcat_back = \"10 /s\""))
        + "[intervention.i]\nat = \"1 s\"\ntarget = \"pathway.carrier.kcat\"\nvalue = \"20 /s\"\n";
    assert!(build(&text).err().unwrap().iter().next().unwrap().message.contains("affinity of 0.6931 kT"));
}

#[test]
fn mistakes_in_carriers_are_located() {
    refused("model = \"reversible\"\nN = 5\nKm = \"1 mM\"", "]", "`pathway.carrier` has no `kcat`", "kcat = \"10 /s\"");
    refused("model = \"cycle\"\nN = 5\nk_on = \"1 /uM/s\"", "]", "has no `k_off`", "k_off = \"100 /s\"");
    refused(&reversible("Km_back = \"0 mM\""), "\"0 mM\"", "`pathway.carrier.Km_back` is zero", "");
    refused(&reversible("Keq = 0"), "0", "`pathway.carrier.Keq` is zero", "");
    refused(
        &reversible("k_on = \"1 /uM/s\""),
        "\"1 /uM/s\"",
        "`pathway.carrier.k_on` has no meaning in model `reversible`",
        "`model = \"cycle\"`",
    );
    refused(
        "model = \"mm\"\nN = 5\nkcat = \"1 /s\"\nKm = \"1 mM\"\nKeq = 2",
        "2",
        "no meaning in model `mm`",
        "\"reversible\"` or",
    );
    let cycle = "model = \"cycle\"\nk_on = \"1 /uM/s\"\nk_off = \"1 /s\"\nk_loaded = \"1 /s\"\nk_empty = \"1 /s\"\n";
    refused(&format!("{cycle}N = 2.5"), "2.5", "2.5 explicit carriers", "");
    refused(&format!("{cycle}N = 0"), "0", "0 explicit carriers", "");
    refused(&format!("{cycle}N = -1"), "-1", "", "");
    let inhibitors = "[{ species = \"I\", Ki = \"1 uM\" }]";
    let (table, k_off) = ("{ species = \"I\", Ki = \"1 uM\" }", "add `k_off = \"1 /s\"`");
    refused(&format!("{cycle}N = 1\ninhibitors = {inhibitors}"), table, "has no `k_off`", k_off);
    let bound = inhibitors.replace(" }", ", k_off = \"3 /s\" }");
    refused(
        &reversible(&format!("inhibitors = {bound}")),
        "\"3 /s\"",
        "only for explicit carriers",
        "model = \"cycle\"",
    );
    let coupled = |text: &str| reversible(&format!("coupled = [{{ {text} }}]"));
    refused(&coupled("species = \"K\", at = \"1 mM\""), "\"K\"", "there is no species `K`", "");
    refused(&coupled("species = \"S\", at = \"1 mM\""), "\"S\"", "`S` is coupled to itself", "");
    refused(&coupled("species = \"H\", at = \"0 mM\""), "\"0 mM\"", "at` is zero", "");
    refused(&coupled("species = \"H\", at = \"1 nM\", stoichiometry = 1.5"), "1.5", "", "");
    refused(&coupled("species = \"H\", at = \"1 nM\", stoichiometry = 0"), "0", "", "");
    let within = carrier("initial = { S = 10 }", "", &reversible("")).replace("to = \"medium\"", "to = \"cell\"");
    assert!(build(&within).err().unwrap().iter().next().unwrap().message.contains("stays within compartment `cell`"));
}
