//! Carriers that several substrates share, with Hill coefficients, driven by ATP.

use super::*;

#[track_caller]
fn near(got: f64, want: f64, relative: f64) {
    assert!((got / want - 1.0).abs() < relative, "{got} is not {want}");
}

/// 1000 carriers of 10 /s between compartments of 1 pL where everything is held constant: what `cell` and `outside` hold, and
/// further keys.
fn bank(cell: &str, outside: &str, more: &str) -> Box<dyn System> {
    system(&format!(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = {{ {cell} }}
[compartment.bile]
volume = "1 pL"
fixed = {{ {outside} }}
[pathway.pump]
kind = "pump"
species = "TC"
from = "cell"
to = "bile"
N = 1000
kcat = "10 /s"
{more}
"#
    ))
}

/// Its rate, over the greatest.
fn share(cell: &str, outside: &str, more: &str) -> f64 {
    // With everything held constant the initial propensity is the rate; `event_rate` doubles it.
    bank(cell, outside, more).event_rate() / 2.0 / 10_000.0
}

#[test]
fn a_hill_coefficient_bends_the_curve() {
    for (s, h) in [(0.3, 1.75), (2.0, 1.9), (40.0, 2.0), (5.0, 0.5), (7.0, 3.0)] {
        for (mode, i) in [("competitive", 0.0), ("competitive", 3.0), ("noncompetitive", 3.0), ("uncompetitive", 3.0)] {
            let more = format!(
                "Km = \"2 uM\"\nn_H = {h}\ninhibitors = [{{ species = \"I\", Ki = \"0.5 uM\", mode = \"{mode}\" }}]"
            );
            let found = share(&format!("TC = \"{s} uM\""), &format!("TC = 0, I = \"{i} uM\""), &more);
            let (bound, a) = (f64::powf(s / 2.0, h), 1.0 + i / 0.5);
            let expected = match mode {
                "competitive" => bound / (a + bound),
                "noncompetitive" => bound / (1.0 + bound) / a,
                _ => bound / (1.0 + bound * a),
            };
            near(found, expected, 1e-12);
        }
    }
}

#[test]
fn atp_drives_all_of_it() {
    let atp = |atp: f64| {
        share(&format!("TC = \"2 uM\", ATP = \"{atp} mM\""), "TC = 0", "Km = \"2 uM\"\nATP = { K = \"0.5 mM\" }")
    };
    for (held, factor) in [(0.0, 0.0), (0.5, 0.5), (4.5, 0.9)] {
        assert!((atp(held) - 0.5 * factor).abs() < 1e-12, "{held}");
    }
    let elsewhere = "Km = \"2 uM\"\nn_H = 2\nATP = { species = \"GTP\", in = \"bile\", K = \"1 mM\" }";
    near(share("TC = \"2 uM\"", "TC = 0, GTP = \"3 mM\"", elsewhere), 0.5 * 0.75, 1e-12);
}

/// Bile salts at BSEP (Byrne et al. 2002): Km of taurocholate, Ki of others and of cyclosporin A, in uM.
const TC: f64 = 4.25;
const GC: f64 = 11.0;
const GCDC: f64 = 7.0;
const CSA: f64 = 9.5;

#[test]
fn bile_salts_and_cyclosporin_compete_at_bsep() {
    let others = |kcat: &str| {
        format!(
            "Km = \"{TC} uM\"\ncompetitors = [{{ species = \"GC\", Km = \"{GC} uM\"{kcat} }}, {{ species = \"GCDC\", Km = \"{GCDC} uM\"{kcat} }}]\n\
             inhibitors = [{{ species = \"CsA\", Ki = \"{CSA} uM\" }}]"
        )
    };
    let (tc, gc, gcdc) = (1.0 / TC, 20.0 / GC, 5.0 / GCDC);
    for csa in [0.0, 3.0, 30.0] {
        let cell = "TC = \"1 uM\", GC = \"20 uM\", GCDC = \"5 uM\"";
        let bile = format!("TC = 0, GC = 0, GCDC = 0, CsA = \"{csa} uM\"");
        let sum = 1.0 + csa / CSA + tc + gc + gcdc;
        // v_i = Vmax_i S_i/K_i / (1 + sum S_j/K_j): all together, and taurocholate alone if the others do not turn over.
        near(share(cell, &bile, &others("")), (tc + gc + gcdc) / sum, 1e-12);
        near(share(cell, &bile, &others(", kcat = \"0 /s\"")), tc / sum, 1e-12);
        near(share(cell, &bile, &others(", kcat = \"3 /s\"")), (tc + 0.3 * (gc + gcdc)) / sum, 1e-12);
    }
    // Half inhibition by cyclosporin at 1 uM of taurocholate alone: 9.5 (1 + 1/4.25) = 11.7353 uM.
    let rate = |csa: f64| {
        let bile = format!("TC = 0, GC = 0, GCDC = 0, CsA = \"{csa} uM\"");
        share("TC = \"1 uM\", GC = 0, GCDC = 0", &bile, &others(""))
    };
    near(rate(11.735_294_117_647_06), rate(0.0) / 2.0, 1e-12);
}

#[test]
fn each_substrate_is_a_passage_of_its_own() {
    let text = r#"
[compartment.cell]
volume = "1 fL"
initial = { TC = 4000, GC = 3000 }
[compartment.bile]
volume = "1 fL"
[pathway.pump]
kind = "pump"
species = "TC"
from = "cell"
to = "bile"
N = 50
kcat = "2 /s"
Km = "4.25 uM"
competitors = [{ species = "GC", Km = "11 uM", kcat = "1 /s" }]
"#;
    let s = system(text);
    let n = 400;
    let records: Vec<RunRecord> = (0..n).map(|rep| run(&*s, rep, 0.0, 1.0)).collect();
    let values = |component: &str, metric: &str, stat: &str| -> Vec<f64> {
        records.iter().map(|r| measure(&*s, r, component, metric, stat)).collect()
    };
    let (tc, gc) = (values("pump", "throughput", "mean"), values("pump.GC", "throughput", "mean"));
    // What has passed is what is there, each by itself.
    assert_eq!(tc, values("bile.TC", "in_system", "mean"));
    assert_eq!(gc, values("bile.GC", "in_system", "mean"));
    // Within a second hardly anything changes: 4000 fall to 3940, so that rates change by half a percent.
    let (a, b) = (4000.0 / 602.214 / 4.25, 3000.0 / 602.214 / 11.0);
    for (sample, rate) in [(&tc, 100.0 * a / (1.0 + a + b)), (&gc, 50.0 * b / (1.0 + a + b))] {
        let mean = sample.iter().sum::<f64>() / n as f64;
        assert!((mean - rate).abs() < 4.0 * (rate / n as f64).sqrt() + 0.006 * rate, "{mean} is not {rate}");
    }
    let busy = |name| values(name, "utilization", "time_mean").iter().sum::<f64>() / n as f64;
    near(busy("pump"), a / (1.0 + a + b), 0.006);
    near(busy("pump.GC"), b / (1.0 + a + b), 0.006);
}

#[test]
fn influx_and_acrb_balance_in_the_periplasm() {
    // P A (C_o - C_p) = Vmax C_p^h / (K^h + C_p^h) by mg of dry weight, A = 132 cm^2/mg: C_p / C_o worked out elsewhere.
    let cephaloridine =
        (57.1e-5, 1.82, 288.0, 1.75, vec![(50.0, 0.97920), (100.0, 0.96876), (500.0, 0.96562), (1000.0, 0.97839)]);
    let ampicillin = (
        0.28e-5,
        0.085,
        2.16,
        1.9,
        vec![(1.0, 0.11593), (3.0, 0.07102), (5.72, 0.05317), (10.0, 0.04148), (30.0, 0.02611), (100.0, 0.01849)],
    );
    for (p, vmax, km, h, table) in [cephaloridine, ampicillin] {
        for (outside, ratio) in table {
            let inside = outside * ratio;
            let more = format!("Km = \"{km} uM\"\nn_H = {h}");
            // uM cm^3 is nmol.
            let efflux = vmax * share(&format!("TC = \"{inside} uM\""), "TC = 0", &more);
            let influx = p * 132.0 * (outside - inside);
            // The ratio has five digits, of which the difference keeps fewer.
            let error = 5e-6 / (1.0 - ratio) + 5e-6 / ratio * h;
            near(efflux, influx, error);
        }
    }
}

#[test]
fn a_cell_that_leaks_in_and_pumps_out_settles_where_both_balance() {
    // 1 uM outside, k = 0.002 /s, Vmax = 0.05 uM/s, Km = 3 uM, Ki = 0.5 uM, in 100 fL: C in uM worked out elsewhere.
    const PER_UM: f64 = 60_221.407_6;
    for (inhibitor, inside) in [(0.0, 0.11066), (1.0, 0.27051), (10.0, 0.71821)] {
        let s = system(&format!(
            r#"
[compartment.medium]
volume = "1 uL"
fixed = {{ drug = "1 uM", I = "{inhibitor} uM" }}
[compartment.cell]
volume = "100 fL"
initial = {{ drug = "{inside} uM" }}
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["cell", "medium"]
k_out = "0.002 /s"
[pathway.leak_in]
kind = "influx"
species = "drug"
to = "cell"
rate = "0.002 uM/s"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 3011.07038
kcat = "1 /s"
Km = "3 uM"
inhibitors = [{{ species = "I", Ki = "0.5 uM" }}]
"#
        ));
        let t = 20_000.0;
        let mean = measure(&*s, &run(&*s, 0, 500.0, 500.0 + t), "cell.drug", "occupancy", "time_mean");
        // Nearly Poisson, and remembered for the time C / influx, at most 360 s.
        let n = inside * PER_UM;
        let error = (n * 2.0 * (inside / 0.002) / t).sqrt();
        assert!((mean - n).abs() < 4.0 * error + 1e-4 * n, "{inhibitor}: {mean} is not {n} +- {error}");
        assert!(error < 0.011 * n, "{error}");
    }
}

#[test]
fn a_layer_of_cells_lets_back_more_than_there() {
    // Clearances of 1 fL/s through either membrane and of 10 fL/s by a pump back, far from saturation: with the other side a
    // sink, J there = PS_A PS_B / (PS_A + PS_B + PS_e), J back = PS_B (PS_A + PS_e) / (the same), and their ratio is 1 + PS_e/PS_A.
    let flux = |from: &str, to: &str, pathways: [&str; 2]| {
        let s = system(&format!(
            "[run]\nfidelity = \"mean\"\n[compartment.{from}]\nvolume = \"1 uL\"\nfixed = {{ drug = \"1 uM\" }}\n\
             [compartment.{to}]\nvolume = \"1 uL\"\nfixed = {{ drug = \"0 uM\" }}\n\
             [compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ drug = 0 }}\n\
             [pathway.apex]\nkind = \"permeation\"\nspecies = \"drug\"\nbetween = [\"cell\", \"apical\"]\nP = \"1e-6 cm/s\"\narea = \"100 um^2\"\n\
             [pathway.base]\nkind = \"permeation\"\nspecies = \"drug\"\nbetween = [\"cell\", \"basal\"]\nP = \"1e-6 cm/s\"\narea = \"100 um^2\"\n\
             [pathway.pump]\nkind = \"pump\"\nspecies = \"drug\"\nfrom = \"cell\"\nto = \"apical\"\nN = 6022141\nkcat = \"100 /s\"\nKm = \"100 mM\"\n"
        ));
        let record = run(&*s, 0, 40_000.0, 50_000.0);
        pathways
            .iter()
            .map(|p| if p.is_empty() { 0.0 } else { measure(&*s, &record, p, "net_flux", "mean") })
            .sum::<f64>()
    };
    let (there, back) = (flux("apical", "basal", ["base", ""]), flux("basal", "apical", ["apex", "pump"]));
    // 1 uM in 1 fL/s is 602 molecules a second.
    let per_clearance = 602.214_076;
    assert!((there / per_clearance * 12.0 - 1.0).abs() < 1e-5, "{there}");
    assert!((back / per_clearance * 12.0 - 11.0).abs() < 1e-4, "{back}");
    assert!((back / there - 11.0).abs() < 1e-4, "{}", back / there);
}
