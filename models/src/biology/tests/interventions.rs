//! Interventions.

use super::*;

const DECAY: &str = r#"
[compartment.cell]
volume = "1 pL"
initial = { drug = 1000 }
[pathway.decay]
kind = "degradation"
species = "drug"
from = "cell"
k = "0.1 /s"
"#;

fn with(lines: &str) -> Box<dyn System> {
    system(&format!("{DECAY}{lines}"))
}

#[test]
fn a_rate_changes_at_its_time() {
    for (lines, exponent) in [
        ("[intervention.a]\nat = \"5 s\"\ntarget = \"pathway.decay.k\"\nvalue = \"0.3 /s\"\n", 0.1 * 5.0 + 0.3 * 3.0),
        ("[intervention.a]\nat = \"5 s\"\ntarget = \"pathway.decay.k\"\nop = \"scale\"\nfactor = 2\n", 0.5 + 0.2 * 3.0),
        (
            "[intervention.a]\nat = \"5 s\"\ntarget = \"pathway.decay.k\"\nop = \"knockdown\"\nfactor = 0.9\n",
            0.5 + 0.01 * 3.0,
        ),
        // In order of time, each on what the one before left.
        (
            "[intervention.a]\nat = \"6 s\"\ntarget = \"pathway.decay.k\"\nop = \"scale\"\nfactor = 0.5\n\
             [intervention.b]\nat = \"5 s\"\ntarget = \"pathway.decay.k\"\nvalue = \"0.4 /s\"\n",
            0.5 + 0.4 + 0.2 * 2.0,
        ),
    ] {
        let law = Moments::binomial(1000.0, f64::exp(-exponent));
        law.assert(&final_counts(&*with(lines), "cell.drug", 2000, 8.0), lines);
    }
}

#[test]
fn a_full_knockdown_stops_everything_and_a_later_dose_starts_it_again() {
    let s = with(
        "[intervention.off]\nat = \"5 s\"\ntarget = \"pathway.decay.k\"\nop = \"knockdown\"\nfactor = 1\n\
         [intervention.on]\nat = \"1000 s\"\ntarget = \"pathway.decay.k\"\nvalue = \"0.1 /s\"\n",
    );
    let early = final_counts(&*s, "cell.drug", 1000, 5.0);
    assert_eq!(early, final_counts(&*s, "cell.drug", 1000, 1000.0), "nothing moves in between");
    Moments::binomial(1000.0, (-1.0_f64).exp()).assert(&final_counts(&*s, "cell.drug", 2000, 1005.0), "after");
}

#[test]
fn an_intervention_that_changes_nothing_changes_nothing() {
    let plain = system(DECAY);
    let touched = with("[intervention.a]\nat = \"2 s\"\ntarget = \"pathway.decay.k\"\nop = \"scale\"\nfactor = 1\n");
    for rep in 0..50 {
        let (a, b) = (run(&*plain, rep, 0.0, 10.0), run(&*touched, rep, 0.0, 10.0));
        assert_eq!(a.events + 1, b.events, "the intervention is one event");
        assert_eq!(a.measures, b.measures, "to the last bit");
    }
}

#[test]
fn a_dose_reaches_everything_that_reads_it() {
    let s = system(
        r#"
[compartment.medium]
volume = "1 uL"
fixed = { drug = "0 nM" }
[compartment.cell]
volume = "1 pL"
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["medium", "cell"]
P = "4.0e-7 cm/s"
area = "500 um^2"
[intervention.dose]
at = "10 s"
target = "compartment.medium.fixed.drug"
value = "1 nM"
[intervention.washout]
at = "60 s"
target = "compartment.medium.fixed.drug"
value = "0 nM"
"#,
    );
    assert_eq!(run(&*s, 0, 0.0, 10.0).events, 0);
    let influx = 0.002 * 602.214_076;
    let loaded = influx / 0.002 * (1.0 - (-0.002_f64 * 50.0).exp());
    Moments::poisson(loaded).assert(&final_counts(&*s, "cell.drug", 5000, 60.0), "loaded");
    let washed = loaded * (-0.002_f64 * 100.0).exp();
    Moments::poisson(washed).assert(&final_counts(&*s, "cell.drug", 5000, 160.0), "washed out");
}
