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
between = ["cell", "medium"]
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

const IMMIGRATION: &str = r#"
[compartment.cell]
volume = "1 pL"
initial = { drug = 0 }
[pathway.synthesis]
kind = "influx"
species = "drug"
to = "cell"
rate = "10 molecules/s"
[pathway.decay]
kind = "degradation"
species = "drug"
from = "cell"
k = "0.5 /s"
"#;

fn immigration(lines: &str) -> Box<dyn System> {
    system(&format!("{IMMIGRATION}{lines}"))
}

fn dose(at: &str, what: &str) -> String {
    format!("[intervention.at-{}]\nat = \"{at} s\"\ntarget = \"cell.drug\"\n{what}\n", at.replace('.', "-"))
}

/// The sum of independent counts: of `n` that are still there with probability `p`, and of a Poisson count.
fn survivors_and_newcomers(n: f64, p: f64, newcomers: f64) -> Moments {
    let (old, pq) = (Moments::binomial(n, p), p * (1.0 - p));
    let variance = old.variance + newcomers;
    let fourth = old.variance * (1.0 - 6.0 * pq) + newcomers;
    Moments { mean: old.mean + newcomers, variance, kurtosis: 3.0 + fourth / variance.powi(2) }
}

#[test]
fn a_bolus_relaxes_as_its_exact_law_says() {
    // 20 (1 - e^-kt) newcomers of all the time; of 200 given at 4 s, e^-k(t-4) are left.
    let new = |t: f64| 20.0 * (1.0 - (-0.5 * t).exp());
    let left = |t: f64| (-0.5 * (t - 4.0)).exp();
    // 200 molecules of 1 pL are 0.332 nM (rounded), or 3.321e-22 mol.
    for what in ["value = 200", "value = \"0.332107798 nM\"", "value = \"3.32107798e-22 mol\""] {
        let s = immigration(&dose("4", &format!("op = \"add\"\n{what}")));
        for t in [4.5, 6.0, 12.0] {
            let law = survivors_and_newcomers(200.0, left(t), new(t));
            law.assert(&final_counts(&*s, "cell.drug", 4000, t), &format!("{what} at {t}"));
        }
    }
    // Set to 50: whoever was there is forgotten.
    let s = immigration(&dose("4", "value = 50"));
    for t in [4.5, 6.0, 12.0] {
        let law = survivors_and_newcomers(50.0, left(t), new(t - 4.0));
        law.assert(&final_counts(&*s, "cell.drug", 4000, t), &format!("set, at {t}"));
    }
}

#[test]
fn scaled_counts_are_rounded() {
    let mean = 20.0 * (1.0 - (-2.0_f64).exp());
    let mut weights = vec![0.0; 100];
    let mut p = 1.0;
    for n in 0..190_usize {
        weights[(n as f64 * 0.5).round() as usize] += p;
        p *= mean / (n + 1) as f64;
    }
    let law = Moments::of(&weights);
    for what in ["op = \"scale\"\nfactor = 0.5", "op = \"knockdown\"\nfactor = 0.5"] {
        let s = immigration(&dose("4", what));
        law.assert(&final_counts(&*s, "cell.drug", 4000, 4.000_000_001), what);
    }
    // No more can be taken than is there.
    let none = final_counts(&*immigration(&dose("4", "op = \"add\"\nvalue = -1e6")), "cell.drug", 100, 4.000_000_001);
    assert_eq!(none, vec![0.0; 100]);
}

#[test]
fn a_dose_wakes_a_system_at_rest_in_every_kernel() {
    // Michaelis-Menten is for the general method, first order for the fast one; in one phase of each kind, from nothing.
    for pump in [
        "kind = \"pump\"\nto = \"out\"\nN = 1000\nkcat = \"1 /s\"\nKm = \"1 uM\"",
        "kind = \"degradation\"\nk = \"0.5 /s\"",
    ] {
        let s = system(&format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ drug = 0 }}\n\
             [compartment.out]\nvolume = \"1 fL\"\nfixed = {{ drug = \"0 uM\" }}\n\
             [pathway.exit]\nspecies = \"drug\"\nfrom = \"cell\"\n{pump}\n{}",
            dose("5", "value = 100")
        ));
        let record = run(&*s, 0, 0.0, 1000.0);
        let of = |component, metric| measure(&*s, &record, component, metric, "mean");
        assert_eq!((of("cell.drug", "arrivals"), of("cell.drug", "departures")), (100.0, 100.0));
        assert_eq!((of("exit", "throughput") * 1000.0).round(), 100.0);
        assert_eq!(record.events, 101);
    }
}

#[test]
fn those_who_are_put_in_and_taken_out_are_followed() {
    let lines = [
        dose("3", "op = \"add\"\nvalue = 100"),
        dose("5", "op = \"scale\"\nfactor = 0.25"),
        dose("7.5", "value = 40"),
        dose("99", "value = 0"),
    ];
    let probe = "[probe.stay]\nkind = \"residence\"\nof = \"cell.drug\"\n";
    let stop = "[intervention.stop]\nat = \"99 s\"\ntarget = \"pathway.synthesis.rate\"\nvalue = \"0 molecules/s\"\n";
    let (plain, followed) = (immigration(&(lines.concat() + stop)), immigration(&(lines.concat() + stop + probe)));
    for rep in 0..20 {
        let record = run(&*followed, rep, 0.0, 100.0);
        let of = |metric, stat| measure(&*followed, &record, "cell.drug", metric, stat);
        assert_eq!(of("in_system", "mean"), 0.0);
        // Little's law: all have left, so their stays add up to the integral of the count.
        let stays = of("sojourn_time", "mean") * of("departures", "mean");
        assert!((stays / (of("occupancy", "time_mean") * 100.0) - 1.0).abs() < 1e-9, "{stays}");
        let unseen = run(&*plain, rep, 0.0, 100.0);
        let rest = record.measures.iter().filter(|m| m.metric != "sojourn_time").copied();
        assert_eq!(rest.collect::<Vec<_>>(), unseen.measures);
    }
}

#[test]
fn what_is_added_to_a_value_is_of_its_kind() {
    let s = with("[intervention.a]\nat = \"5 s\"\ntarget = \"pathway.decay.k\"\nop = \"add\"\nvalue = \"0.2 /s\"\n");
    let law = Moments::binomial(1000.0, f64::exp(-0.1 * 5.0 - 0.3 * 3.0));
    law.assert(&final_counts(&*s, "cell.drug", 2000, 8.0), "added");
}

#[test]
fn a_count_that_gets_out_of_hand_ends_the_run() {
    let text = DECAY.replace("drug = 1000", "drug = 1000, dye = 10000");
    let s = system(&(text + &dose("5", "op = \"scale\"\nfactor = 1e12").replace("cell.drug", "cell.dye")));
    let end = s.run(Streams::new(1, 0), window(0.0, 10.0, 1)).expect_err("an error").to_string();
    assert!(end.contains("an intervention makes 1e16 of `cell.dye`"), "{end}");
}

/// A pump against a leak, and what happens to it.
fn pumped(interventions: &str) -> Box<dyn System> {
    let cell = r#"
[compartment.medium]
volume = "1 uL"
fixed = { drug = "1 uM" }
[compartment.cell]
volume = "1 fL"
initial = { drug = 60 }
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["cell", "medium"]
k_out = "0.02 /s"
k_in = "1.2e-11 /s"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "0.3 /s"
Km = "3 uM"
"#;
    system(&format!("{cell}{interventions}"))
}

#[test]
fn what_experiments_are_called_is_the_same_written_out() {
    let one = |lines: &str| format!("[intervention.x]\nat = \"50 s\"\n{lines}");
    for (short, plain) in [
        ("op = \"block\"\ntarget = \"pathway.pump.N\"\n", "op = \"scale\"\ntarget = \"pathway.pump.N\"\nfactor = 0\n"),
        ("op = \"dose\"\ntarget = \"cell.drug\"\nvalue = 500\n", "op = \"add\"\ntarget = \"cell.drug\"\nvalue = 500\n"),
        ("op = \"washout\"\ntarget = \"cell.drug\"\n", "target = \"cell.drug\"\nvalue = 0\n"),
        (
            "op = \"washout\"\ntarget = \"compartment.medium.fixed.drug\"\n",
            "target = \"compartment.medium.fixed.drug\"\nvalue = \"0 uM\"\n",
        ),
        (
            "op = \"inhibit\"\ntarget = \"pathway.pump\"\nvalue = \"1.5 uM\"\nKi = \"0.5 uM\"\n",
            "op = \"scale\"\ntarget = \"pathway.pump.Km\"\nfactor = 4\n",
        ),
        (
            "op = \"inhibit\"\ntarget = \"pathway.pump\"\nvalue = \"1.5 uM\"\nKi = \"0.5 uM\"\nmode = \"noncompetitive\"\n",
            "op = \"scale\"\ntarget = \"pathway.pump.kcat\"\nfactor = 0.25\n",
        ),
        (
            "op = \"inhibit\"\ntarget = \"pathway.pump\"\nvalue = \"1.5 uM\"\nKi = \"0.5 uM\"\nmode = \"uncompetitive\"\n",
            "op = \"scale\"\ntarget = \"pathway.pump.Km\"\nfactor = 0.25\n\
             [intervention.y]\nat = \"50 s\"\nop = \"scale\"\ntarget = \"pathway.pump.kcat\"\nfactor = 0.25\n",
        ),
        (
            "op = \"ramp\"\ntarget = \"pathway.pump.N\"\nvalue = 300\nover = \"40 s\"\nsteps = 2\n",
            "target = \"pathway.pump.N\"\nvalue = 100\n[intervention.y]\nat = \"60 s\"\ntarget = \"pathway.pump.N\"\nvalue = 200\n\
             [intervention.z]\nat = \"80 s\"\ntarget = \"pathway.pump.N\"\nvalue = 300\n",
        ),
    ] {
        let (short, plain) = (pumped(&one(short)), pumped(&one(plain)));
        let (a, b) = (run(&*short, 1, 0.0, 200.0), run(&*plain, 1, 0.0, 200.0));
        assert_eq!(format!("{:?}", a.measures), format!("{:?}", b.measures));
        assert_ne!(format!("{:?}", a.measures), format!("{:?}", run(&*pumped(""), 1, 0.0, 200.0).measures));
    }
}

#[test]
fn a_ramp_has_the_integral_of_its_line() {
    // Immigration alone, 1 /s to 5 /s within 100 s: Poisson with mean 300 at its end.
    let s = system(
        "[compartment.cell]\nvolume = \"1 pL\"\n[species.drug]\n[pathway.in]\nkind = \"influx\"\nspecies = \"drug\"\nto = \"cell\"\n\
         rate = \"1 /s\"\n[intervention.more]\nat = \"0 s\"\nop = \"ramp\"\ntarget = \"pathway.in.rate\"\nvalue = \"5 /s\"\nover = \"100 s\"\n",
    );
    Moments::poisson(300.0).assert(&final_counts(&*s, "cell.drug", 4000, 100.0), "the end of the ramp");
    // Half-way the line has 1 + 2 t / 100: 100 in all, and the staircase of a hundred steps as much to 0.01.
    Moments::poisson(100.0).assert(&final_counts(&*s, "cell.drug", 4000, 50.0), "half-way");
}

#[test]
fn what_an_operation_needs_or_does_not_take_is_told() {
    let told = |lines: &str| {
        let text = format!(
            "[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ drug = 5 }}\n[pathway.out]\nkind = \"degradation\"\n\
             species = \"drug\"\nfrom = \"cell\"\nk = \"1 /s\"\n[intervention.x]\nat = \"1 s\"\n{lines}"
        );
        let found = build(&text).err().expect(lines);
        found.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("; ")
    };
    for (lines, says) in [
        ("op = \"block\"\ntarget = \"pathway.out.k\"\nfactor = 0.5\n", "`block` takes no `factor`"),
        ("op = \"washout\"\ntarget = \"pathway.out.k\"\n", "nothing that can be washed out"),
        ("op = \"inhibit\"\ntarget = \"pathway.out\"\nvalue = \"1 uM\"\nKi = \"1 uM\"\n", "has no `Km` and `kcat`"),
        ("op = \"inhibit\"\ntarget = \"pathway.out\"\nvalue = \"1 uM\"\n", "has no `Ki`"),
        ("op = \"ramp\"\ntarget = \"pathway.out.k\"\nvalue = \"2 /s\"\n", "has no `over`"),
        ("op = \"ramp\"\ntarget = \"pathway.out.k\"\nvalue = \"2 s\"\nover = \"1 s\"\n", "not a time"),
        ("op = \"scale\"\ntarget = \"pathway.out.k\"\nfactor = 2\nover = \"1 s\"\n", "`scale` takes no `over`"),
    ] {
        let text = told(lines);
        assert!(text.starts_with("E0621") && text.contains(says), "{lines}\n{text}");
    }
}
