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
between = ["medium", "cell"]
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
