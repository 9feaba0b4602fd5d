//! Insulin granules against the published equations.

use super::*;

const STEP: &str = "kind = \"steps\"\npoints = [[\"0 s\", \"-20 mV\"]]";
const REST: &str = "kind = \"steps\"\npoints = [[\"0 s\", \"-70 mV\"]]";

fn cell(fidelity: &str, voltage: &str, keys: &str) -> Box<dyn System> {
    system(&cell_text(fidelity, voltage, keys))
}

fn cell_text(fidelity: &str, voltage: &str, keys: &str) -> String {
    format!(
        "[run]\nfidelity = \"{fidelity}\"\n[compartment.blood]\nvolume = \"1 uL\"\ninitial = {{ insulin = 0 }}
         [waveform.V]\n{voltage}\n[pathway.granules]\nkind = \"granules\"\nvoltage = \"V\"\nto = \"blood.insulin\"\n{keys}"
    )
}

/// Granules released from `from` to `to` (min).
fn released(system: &dyn System, from: f64, to: f64) -> f64 {
    let record = run(system, 0, 60.0 * from, 60.0 * to);
    measure(system, &record, "granules", "throughput", "mean") * 60.0 * (to - from)
}

#[test]
fn secretion_after_a_step_is_that_of_chen_et_al() {
    let cell = cell("mean", STEP, "preset = \"chen2008\"\nglucose = 1.2");
    // 4.5 times what was released in the two minutes before, pg/min.
    let published = [
        (2.0, 214.9),
        (3.0, 124.9),
        (4.0, 96.17),
        (5.0, 87.44),
        (6.0, 84.75),
        (8.0, 83.54),
        (10.0, 83.28),
        (20.0, 82.64),
        (60.0, 81.78),
    ];
    for (t, pg) in published {
        let secretion = 4.5 * released(cell.as_ref(), t - 2.0, t);
        assert!((secretion / pg - 1.0).abs() < 1e-3, "{t} min: {secretion} is not {pg}");
    }
    for (t, granules) in [(10.0, 125.03), (60.0, 581.82)] {
        let sum = released(cell.as_ref(), 0.0, t);
        assert!((sum / granules - 1.0).abs() < 1e-3, "{t} min: {sum} is not {granules}");
    }
    let fused = |from: f64, to: f64| {
        let record = run(cell.as_ref(), 0, from, to);
        measure(cell.as_ref(), &record, "granules.NF", "arrivals", "mean") / (to - from)
    };
    let peak = fused(0.069, 0.071);
    assert!((peak / 225.4 - 1.0).abs() < 1e-3, "fusion peaks at {peak}");
    assert!(fused(0.059, 0.061) < peak && fused(0.079, 0.081) < peak);
}

#[test]
fn at_rest_a_cell_secretes_as_it_did() {
    let cell = cell("mean", REST, "preset = \"chen2008\"\nglucose = 1.2");
    for t in [2.0, 10.0] {
        let secretion = 4.5 * released(cell.as_ref(), t - 2.0, t);
        assert!((secretion / 5.51 - 1.0).abs() < 5e-3, "{secretion} at {t} min");
    }
}

#[test]
fn whole_granules_are_released_as_often_in_the_mean() {
    let exact = cell("molecule", STEP, "preset = \"chen2008\"\nglucose = 1.2");
    let mean = cell("mean", STEP, "preset = \"chen2008\"\nglucose = 1.2");
    let (n, end) = (400, 600.0);
    let counts = final_counts(exact.as_ref(), "blood.insulin", n, end);
    let found = counts.iter().sum::<f64>() / n as f64;
    // Whole numbers at the start are at most two granules more than the published ones (of N1, N2, N5 and NR), half of which are
    // out by then. Independent granules with a Poisson supply vary less than a Poisson number.
    let expected = released(mean.as_ref(), 0.0, 10.0);
    let error = 4.0 * (expected / n as f64).sqrt();
    assert!(found > expected - error && found < expected + 2.0 + error, "{found} is not {expected}");
    let variance = counts.iter().map(|x| (x - found).powi(2)).sum::<f64>() / (n - 1) as f64;
    assert!(variance > 0.5 * expected && variance < expected * (1.0 + 4.0 * (2.0 / n as f64).sqrt()), "{variance}");
}

#[test]
fn newcomers_fuse_at_the_calcium_of_the_cytosol() {
    let cell = cell("mean", STEP, "preset = \"pedersen2009\"\nglucose = 3");
    // Released by pools at channels and by newcomers, from a solution by another program (SciPy's Radau, 1e-10).
    let solved = [
        (1.0, 9.657_829, 1.717_916),
        (2.0, 18.558_259, 5.285_039),
        (5.0, 36.528_684, 18.511_991),
        (10.0, 52.285_408, 42.901_945),
        (40.0, 112.225_466, 227.850_549),
    ];
    for (t, at_channels, newcomers) in solved {
        let record = run(cell.as_ref(), 0, 0.0, 60.0 * t);
        let of = |pool: &str| measure(cell.as_ref(), &record, &format!("granules.{pool}"), "departures", "mean");
        for (found, expected) in [(of("NR"), at_channels), (of("NRH"), newcomers)] {
            assert!((found / expected - 1.0).abs() < 1e-4, "{t} min: {found} is not {expected}");
        }
        let all = released(cell.as_ref(), 0.0, t);
        assert!((all / (at_channels + newcomers) - 1.0).abs() < 1e-4, "{t} min: {all}");
    }
}

#[test]
fn a_voltage_is_a_waveform_of_voltages_and_has_no_second_history() {
    let found = |text: &str| {
        let found = build(text).err().unwrap_or_default();
        found.iter().map(|d| (d.code, d.message.clone())).collect::<Vec<_>>()
    };
    let factor = cell_text("mean", "kind = \"steps\"\npoints = [[\"0 s\", 1]]", "preset = \"chen2008\"");
    assert_eq!(found(&factor)[0].0, "E0366");
    let text = cell_text("molecule", REST, "preset = \"chen2008\"");
    let glucose = "[intervention.sugar]\nat = \"60 s\"\ntarget = \"pathway.granules.glucose\"\nvalue = 0";
    assert_eq!(found(&format!("{text}\n{glucose}")), []);
    let pulse = "kind = \"exponential\"\nfrom = \"-70 mV\"\nto = \"-20 mV\"\ntau = \"1 s\"";
    let clamp = "[intervention.clamp]\nat = \"60 s\"\ntarget = \"waveform.V.to\"\nvalue = \"-40 mV\"";
    let text = cell_text("molecule", pulse, "preset = \"chen2008\"");
    let refused = ("E0622", "`waveform.V.to` cannot change during a run".to_owned());
    assert_eq!(found(&format!("{text}\n{clamp}")), [refused]);
}
