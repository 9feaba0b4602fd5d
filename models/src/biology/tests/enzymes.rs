//! Pumps: the exact law of leak-in and pump-out, inhibition, turnover statistics.

use super::*;

/// P-glycoprotein in a cell, with `dose` of verapamil from 15 min on; concentrations in `unit`.
fn pgp(dose: u32, unit: &str) -> String {
    format!(
        r#"
[compartment.medium]
volume = "1 uL"
fixed  = {{ drug = "1 {unit}", verapamil = "0 {unit}" }}
[compartment.cell]
volume  = "1 pL"
initial = {{ drug = "0 {unit}" }}

[pathway.leak]
kind    = "permeation"
species = "drug"
between = ["cell", "medium"]
P       = "4.0e-7 cm/s"
area    = "500 um^2"
[pathway.pgp]
kind    = "pump"
species = "drug"
from    = "cell"
to      = "medium"
N       = 100
kcat    = "0.3011 /s"
Km      = "3 {unit}"
inhibitors = [{{ species = "verapamil", Ki = "0.5 {unit}", mode = "competitive" }}]

[intervention.dose]
at     = "15 min"
target = "compartment.medium.fixed.verapamil"
value  = "{dose} {unit}"
"#
    )
}

/// Weights of the birth-death law: in at `influx`, out at `k n + vmax n / (km + n)`.
fn birth_death(influx: f64, k: f64, vmax: f64, km: f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    for n in 1..4000 {
        let n = f64::from(n);
        let next = weights[weights.len() - 1] * influx / (k * n + vmax * n / (km + n));
        weights.push(next);
    }
    weights
}

#[test]
fn leak_and_pump_have_the_exact_birth_death_law() {
    // Molecules in 1 nM of 1 pL.
    let per_nm = 602.214_076;
    for (dose, mean, variance) in [(0, 66.67, 68.85), (1, 162.93, 166.47), (10, 432.52, 433.90)] {
        let km = 3.0 * per_nm * (1.0 + f64::from(dose) / 0.5);
        let law = Moments::of(&birth_death(0.002 * per_nm, 0.002, 100.0 * 0.3011, km));
        // Worked out elsewhere for Vmax = 0.05 nM/s, of which 30.11/s falls short by 2e-5.
        assert!((law.mean / mean - 1.0).abs() < 2e-4 && (law.variance / variance - 1.0).abs() < 2e-4, "{law:?}");
        let s = system(&pgp(dose, "nM"));
        law.assert(&final_counts(&*s, "cell.drug", 2000, 4500.0), &format!("{dose} nM"));
    }
}

#[test]
fn micromolar_drug_overruns_a_hundred_pumps() {
    // 1204 molecules/s leak in and the pumps take 30.11/s at most: 0.002 n + 30.11 n / (km + n) = 1204.43.
    let s = system(&pgp(0, "uM"));
    let (influx, km): (f64, f64) = (0.002 * 602_214.076, 3.0 * 602_214.076);
    let b = 30.11 + 0.002 * km - influx;
    let n = (-b + (b * b + 4.0 * 0.002 * influx * km).sqrt()) / 0.004;
    let mean = measure(&*s, &run(&*s, 0, 4000.0, 5400.0), "cell.drug", "occupancy", "time_mean");
    assert!(
        (mean - n).abs() < 4.0 * n.sqrt() && (mean / 0.993_8 / 602_214.076 - 1.0).abs() < 0.01,
        "{mean} is not {n}"
    );
}

#[test]
fn flux_saturation_and_residence_agree_with_theory() {
    let text = pgp(0, "nM") + "[probe.stay]\nkind = \"residence\"\nof = \"cell.drug\"\n";
    let s = system(&text);
    let n = 40;
    let records: Vec<RunRecord> = (0..n).map(|rep| run(&*s, rep, 600.0, 20_600.0)).collect();
    let mean = |component: &str, metric: &str, stat: &str| {
        records.iter().map(|r| measure(&*s, r, component, metric, stat)).sum::<f64>() / n as f64
    };
    let near = |got: f64, want: f64, rel: f64| assert!((got / want - 1.0).abs() < rel, "{got} is not {want}");
    near(mean("cell.drug", "occupancy", "time_mean"), 66.672, 0.005);
    near(mean("pgp", "throughput", "mean"), 1.071_08, 0.005);
    // Influx and the part of the efflux that is not pumped.
    near(mean("leak", "influx", "mean"), 1.204_43, 0.005);
    near(mean("leak", "throughput", "mean"), 1.204_43 * (1.0 - 0.88929), 0.02);
    near(mean("pgp", "utilization", "time_mean"), 1.071_08 / 30.11, 0.005);
    // Little: E n / influx.
    near(mean("cell.drug", "sojourn_time", "mean"), 55.356, 0.01);
    near(mean("cell.drug", "sojourn_time", "p50"), 38.33, 0.03);
    let dosed = system(&pgp(1, "nM"));
    let utilization = measure(&*dosed, &run(&*dosed, 0, 2700.0, 200_000.0), "pgp", "utilization", "time_mean");
    near(utilization, 0.878_58 / 30.11, 0.01);
}

/// The rate of a pump of 1000/s with Km = 2 uM at S and I (uM), by its throughput over 1000 s with S held constant.
fn inhibited(mode: &str, s: f64, i: f64) -> f64 {
    let text = format!(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = {{ drug = "{s} uM" }}
[compartment.medium]
volume = "1 pL"
fixed = {{ drug = 0, blocker = "{i} uM" }}
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "10 /s"
Km = "2 uM"
inhibitors = [{{ species = "blocker", Ki = "0.5 uM", mode = "{mode}" }}]
"#
    );
    // With everything held constant the initial propensity is the rate; `event_rate` doubles it.
    system(&text).event_rate() / 2.0
}

#[test]
fn inhibition_follows_the_textbook() {
    for (s, i) in [(1.0, 0.0), (1.0, 0.5), (4.0, 2.0), (0.1, 10.0)] {
        let a: f64 = 1.0 + i / 0.5;
        for (mode, rate) in [
            ("competitive", 1000.0 * s / (2.0 * a + s)),
            ("noncompetitive", 1000.0 * s / (2.0 + s) / a),
            ("uncompetitive", 1000.0 * s / (2.0 + s * a)),
        ] {
            let got = inhibited(mode, s, i);
            assert!((got / rate - 1.0).abs() < 1e-12, "{mode} S = {s}, I = {i}: {got} is not {rate}");
        }
    }
    // Cheng and Prusoff 1973: half of the uninhibited rate at IC50.
    for (mode, ic50) in
        [("competitive", 0.5 * (1.0 + 4.0 / 2.0)), ("noncompetitive", 0.5), ("uncompetitive", 0.5 * (1.0 + 2.0 / 4.0))]
    {
        assert!((inhibited(mode, 4.0, ic50) / inhibited(mode, 4.0, 0.0) - 0.5).abs() < 1e-12, "{mode}");
    }
}

#[test]
fn half_inhibition_is_where_cheng_and_prusoff_say() {
    for s in [0.2, 2.0, 14.0] {
        for (mode, expected) in
            [("competitive", 0.5 * (1.0 + s / 2.0)), ("noncompetitive", 0.5), ("uncompetitive", 0.5 * (1.0 + 2.0 / s))]
        {
            let half = inhibited(mode, s, 0.0) / 2.0;
            // Between a thousandth and a thousand times that.
            let (mut low, mut high): (f64, f64) = (expected * 1e-3, expected * 1e3);
            while high / low > 1.0 + 1e-9 {
                let middle = (low * high).sqrt();
                *if inhibited(mode, s, middle) > half { &mut low } else { &mut high } = middle;
            }
            assert!((low / expected - 1.0).abs() < 1e-6, "{mode} at {s} uM: {low} is not {expected}");
        }
    }
}

#[test]
fn an_inhibitor_whose_count_changes_acts_at_once() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = { drug = "2 uM" }
initial = { blocker = "1 uM" }
[compartment.medium]
volume = "1 pL"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "10 /s"
Km = "2 uM"
inhibitors = [{ species = "blocker", Ki = "1 uM", mode = "noncompetitive" }]
[pathway.clearance]
kind = "degradation"
species = "blocker"
from = "cell"
k = "1 /s"
"#,
    );
    // Early 250/s with the blocker there (602 of 602.2 molecules), late 500/s without.
    let rate = |warmup: f64, end: f64| {
        let n = 20;
        (0..n).map(|r| measure(&*s, &run(&*s, r, warmup, end), "pump", "throughput", "mean")).sum::<f64>() / n as f64
    };
    let early = rate(0.0, 0.01);
    assert!((early - 250.0).abs() < 4.0 * (250.0_f64 / 0.01 / 20.0).sqrt(), "{early}");
    let late = rate(20.0, 40.0);
    assert!((late - 500.0).abs() < 4.0 * (500.0_f64 / 20.0 / 20.0).sqrt(), "{late}");
}

/// Turnovers of one carrier in 200 s at S = Km = 1.5 uM: binding 10 /uM/s, unbinding 5 /s, turnover 10 /s.
fn turnovers(explicit: bool) -> Vec<f64> {
    let carriers = if explicit { "explicit = true\nk_off = \"5 /s\"" } else { "explicit = false" };
    let s = system(&format!(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = {{ drug = "1.5 uM" }}
[compartment.medium]
volume = "1 pL"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 1
kcat = "10 /s"
Km = "1.5 uM"
{carriers}
"#
    ));
    (0..4000).map(|rep| 200.0 * measure(&*s, &run(&*s, rep, 20.0, 220.0), "pump", "throughput", "mean")).collect()
}

#[test]
fn turnover_of_an_explicit_carrier_is_more_regular_than_poisson() {
    // Kou et al. 2005: rate 5/s, randomness 2/3 (long intervals; the correction to the variance is of order 1).
    let explicit = turnovers(true);
    let law = Moments { mean: 1000.0, variance: 1000.0 * 2.0 / 3.0, kurtosis: 3.0 };
    law.assert(&explicit, "explicit");
    // The reduced law has the same mean and is Poisson.
    Moments::poisson(1000.0).assert(&turnovers(false), "reduced");
}

#[test]
fn busy_carriers_are_binomial_with_unlimited_substrate() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = { drug = "3 uM" }
[compartment.medium]
volume = "1 pL"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "10 /s"
Km = "3 uM"
explicit = true
"#,
    );
    Moments::binomial(100.0, 0.5).assert(&final_counts(&*s, "pump.bound", 4000, 3.0), "busy");
    let utilization = measure(&*s, &run(&*s, 0, 10.0, 500.0), "pump", "utilization", "time_mean");
    assert!((utilization - 0.5).abs() < 0.005, "{utilization}");
}

/// A pump with explicit carriers at S = 3 uM = 2 Km: binding 10 /uM/s, unbinding 5 /s, turnover 10 /s; inhibitors of the
/// given modes at 1 uM, with Ki = 2, 1 and 0.5 uM, that let go at 4, 2 and 1 /s.
fn blocked_pump(n: u32, modes: &[&str]) -> Box<dyn System> {
    let inhibitor = |(i, mode): (usize, &&str)| {
        let (ki, k_off) = (2.0 / f64::from(1 << i), 4 >> i);
        format!("{{ species = \"I{i}\", Ki = \"{ki} uM\", k_off = \"{k_off} /s\", mode = \"{mode}\" }}")
    };
    let inhibitors: Vec<String> = modes.iter().enumerate().map(inhibitor).collect();
    system(&format!(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = {{ drug = "3 uM", I0 = "1 uM", I1 = "1 uM", I2 = "1 uM" }}
[compartment.medium]
volume = "1 pL"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = {n}
kcat = "10 /s"
Km = "1.5 uM"
k_off = "5 /s"
explicit = true
inhibitors = [{}]
"#,
        inhibitors.join(", ")
    ))
}

#[test]
fn explicit_carriers_share_and_are_driven_as_the_reduced_law_says() {
    // s = 3 / 1.5 = 2 of the drug and 1 / 0.5 = 2 of the dye, a = 2 / 3; free = 2, and one carrier of three is not stopped:
    // v = N kcat a s / (2 + 2 + 2) / 3, whatever the carriers' own rate constants.
    let text = |head: &str, carriers: &str, k_off: &str| {
        format!(
            r#"{head}
[compartment.cell]
volume = "1 pL"
fixed = {{ drug = "3 uM", dye = "1 uM", ATP = "1 mM", I = "1 uM", J = "1 uM" }}
[compartment.medium]
volume = "1 pL"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "10 /s"
Km = "1.5 uM"
competitors = [{{ species = "dye", Km = "0.5 uM", kcat = "4 /s" }}]
ATP = {{ K = "0.5 mM" }}
inhibitors = [{{ species = "I", Ki = "1 uM", mode = "competitive"{k_off} }}, {{ species = "J", Ki = "0.5 uM", mode = "noncompetitive"{k_off} }}]
{carriers}
"#
        )
    };
    let explicit = |head: &str| system(&text(head, "explicit = true\nk_off = \"5 /s\"", ", k_off = \"2 /s\""));
    let mean = "[run]\nfidelity = \"mean\"";
    let (reduced, limit, drawn) = (system(&text(mean, "", "")), explicit(mean), explicit(""));
    let exact = |s: &dyn System, pump: &str, metric, stat| measure(s, &run(s, 0, 20.0, 40.0), pump, metric, stat);
    let runs: Vec<RunRecord> = (0..40).map(|rep| run(&*drawn, rep, 20.0, 40.0)).collect();
    for (pump, flux, busy) in [("pump", 2000.0 / 27.0, 1.0 / 9.0), ("pump.dye", 800.0 / 27.0, 1.0 / 9.0)] {
        for s in [&*reduced, &*limit] {
            let found = exact(s, pump, "throughput", "mean");
            assert!((found / flux - 1.0).abs() < 1e-5, "{pump}: {found} is not {flux}");
        }
        // With ATP two of three times: a carrier is loaded more often than it would turn.
        let utilization = exact(&*limit, pump, "utilization", "time_mean");
        assert!((utilization / busy - 1.0).abs() < 1e-5, "{pump}: {utilization} is not {busy}");
        let rates: Vec<f64> = runs.iter().map(|r| measure(&*drawn, r, pump, "throughput", "mean")).collect();
        let average = rates.iter().sum::<f64>() / 40.0;
        let variance = rates.iter().map(|x| (x - average).powi(2)).sum::<f64>() / 39.0;
        assert!((average - flux).abs() < 4.0 * (variance / 40.0).sqrt(), "{pump}: {average} is not {flux}");
        assert!((variance / 40.0).sqrt() < 0.02 * flux, "{pump}: {variance}");
    }
}

#[test]
fn states_of_blocked_carriers_are_multinomial() {
    let s = blocked_pump(40, &["competitive", "uncompetitive", "noncompetitive"]);
    let runs: Vec<RunRecord> = (0..2000).map(|rep| run(&*s, rep, 0.0, 8.0)).collect();
    // E : EI : ES : ESI = 1 : 1/2 : 2 : 2; the third inhibitor is bound to two carriers of three.
    for (state, weight) in [("free", 1.0), ("free+I0", 0.5), ("bound", 2.0), ("bound+I1", 2.0)] {
        for (suffix, share) in [("", 1.0 / 3.0), ("+I2", 2.0 / 3.0)] {
            let name = format!("pump.{state}{suffix}");
            let counts: Vec<f64> = runs.iter().map(|r| measure(&*s, r, &name, "in_system", "mean")).collect();
            Moments::binomial(40.0, weight / 5.5 * share).assert(&counts, &name);
        }
    }
}

/// Mean and variance of the turnovers of one carrier within `t` s in equilibrium: moments of a Markov chain over `n`
/// states, `(from, to, rate, turns)`, by Runge-Kutta steps.
fn turnover_moments(n: usize, steps: &[(usize, usize, f64, bool)], t: f64) -> (f64, f64) {
    // Probabilities, and first and second moments of the number of turnovers in each state.
    type Y = [[f64; 4]; 3];
    let slope = |y: &Y| -> Y {
        let mut d = [[0.0; 4]; 3];
        for &(from, to, rate, turns) in steps {
            let [p, m, q] = [0, 1, 2].map(|k| rate * y[k][from]);
            for (k, flow) in [p, m, q].into_iter().enumerate() {
                d[k][from] -= flow;
                d[k][to] += flow;
            }
            if turns {
                d[1][to] += p;
                d[2][to] += 2.0 * m + p;
            }
        }
        d
    };
    let plus = |y: &Y, d: &Y, h: f64| -> Y { std::array::from_fn(|k| std::array::from_fn(|i| y[k][i] + h * d[k][i])) };
    let h = 0.002;
    let advance = |mut y: Y, t: f64| {
        for _ in 0..(t / h) as usize {
            let a = slope(&y);
            let b = slope(&plus(&y, &a, h / 2.0));
            let c = slope(&plus(&y, &b, h / 2.0));
            let d = slope(&plus(&y, &c, h));
            for (slope, weight) in [(a, 1.0), (b, 2.0), (c, 2.0), (d, 1.0)] {
                y = plus(&y, &slope, weight * h / 6.0);
            }
        }
        y
    };
    let start = std::array::from_fn(|i| if i < n { 1.0 / n as f64 } else { 0.0 });
    let stationary = advance([start, [0.0; 4], [0.0; 4]], 40.0)[0];
    let y = advance([stationary, [0.0; 4], [0.0; 4]], t);
    let [mean, square] = [1, 2].map(|k| y[k].iter().sum::<f64>());
    (mean, square - mean * mean)
}

#[test]
fn turnover_of_a_blocked_carrier_is_that_of_its_markov_chain() {
    // E = 0, ES = 1; binding at 10 /uM/s of 3 uM.
    let pump = [(0, 1, 30.0, false), (1, 0, 5.0, false), (1, 0, 10.0, true)];
    for (mode, n, block, reduced) in [
        ("competitive", 3, vec![(0, 2, 2.0, false), (2, 0, 4.0, false)], 10.0 * 2.0 / (1.5 + 2.0)),
        ("uncompetitive", 3, vec![(1, 2, 2.0, false), (2, 1, 4.0, false)], 10.0 * 2.0 / (1.0 + 2.0 * 1.5)),
        (
            "noncompetitive",
            4,
            vec![
                (0, 2, 2.0, false),
                (2, 0, 4.0, false),
                (1, 3, 2.0, false),
                (3, 1, 4.0, false),
                (2, 3, 30.0, false),
                (3, 2, 15.0, false),
            ],
            10.0 * 2.0 / 3.0 / 1.5,
        ),
    ] {
        let (mean, variance) = turnover_moments(n, &[&pump[..], &block[..]].concat(), 100.0);
        assert!((mean / (100.0 * reduced) - 1.0).abs() < 1e-9, "{mode}: the mean of the reduced law");
        assert!((variance / mean - 1.0).abs() > 0.05, "{mode}: no Poisson law");
        let s = blocked_pump(1, &[mode]);
        let turnovers = |rep| 100.0 * measure(&*s, &run(&*s, rep, 10.0, 110.0), "pump", "throughput", "mean");
        let law = Moments { mean, variance, kurtosis: 3.0 };
        law.assert(&(0..2000).map(turnovers).collect::<Vec<_>>(), mode);
    }
}

#[test]
fn carriers_bind_inhibitors_away() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 fL"
initial = { drug = 100, blocker = 5 }
[compartment.medium]
volume = "1 fL"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 20
kcat = "1 /s"
Km = "1 uM"
explicit = true
inhibitors = [{ species = "blocker", Ki = "1 nM", k_off = "1 /s" }, { species = "blocker", Ki = "1 nM", k_off = "1 /s", mode = "noncompetitive" }]
"#,
    );
    let record = run(&*s, 0, 0.0, 1000.0);
    let held = |name: &str| measure(&*s, &record, name, "in_system", "mean");
    let states = s.components().iter().filter(|c| c.name.starts_with("pump."));
    let of_state = |name: &str| held(name) * (name.matches('+').count() as f64);
    assert_eq!(states.clone().map(|c| of_state(&c.name)).sum::<f64>() + held("cell.blocker"), 5.0);
    assert_eq!(states.map(|c| held(&c.name)).sum::<f64>(), 20.0);
    assert_eq!(held("medium.drug"), 100.0);
    assert!(s.components().iter().any(|c| c.name == "pump.free+blocker1+blocker2"));
}
