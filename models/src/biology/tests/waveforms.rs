//! Rates that follow waveforms.

use std::fmt::Write as _;

use super::*;

/// One compartment of 1 fL with `initial`, `waveform` and `reaction` entries.
fn cell(initial: &str, waveforms: &str, reactions: &str) -> Box<dyn System> {
    system(&format!("[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ {initial} }}\n{waveforms}\n{reactions}"))
}

const SINE: &str = "[waveform.day]\nkind = \"sine\"\namplitude = 0.9\nperiod = \"1 s\"";

#[test]
fn survival_under_a_sine_is_the_exponential_of_its_integral() {
    // S(t) = exp(-t - 0.9 (1 - cos 2 pi t) / (2 pi)); with frozen rates it would be exp(-t).
    let laws = ["k = \"1 /s\"\nshape = \"day\"", "law = \"A * day\"", "law = \"A * (1 + 0.9 * (2 * day - 2) / 1.8)\""];
    for law in laws {
        let system = cell("A = 500", SINE, &format!("[reaction.decay]\nequation = \"A ->\"\n{law}"));
        for (t, survival) in [(0.25, 0.674_867), (0.5, 0.455_446), (1.0, 0.367_879)] {
            let left = final_counts(system.as_ref(), "cell.A", 400, t);
            Moments::binomial(500.0, survival).assert(&left, &format!("{law} at {t} s"));
        }
    }
}

#[test]
fn immigration_is_poisson_under_every_course() {
    let courses = [
        ("kind = \"sine\"\namplitude = 0.9\nperiod = \"1 s\"", 0.5, 0.786_479),
        ("kind = \"steps\"\npoints = [[\"0 s\", 0], [\"0.3 s\", 2], [\"0.4 s\", 0.5]]", 1.0, 0.5),
        ("kind = \"linear\"\npoints = [[\"0 s\", 0], [\"2 s\", 4]]", 1.5, 2.25),
        ("kind = \"exponential\"\nfrom = 3\nto = 1\ntau = \"0.5 s\"", 1.0, 1.864_665),
        ("kind = \"gaussian\"\nbase = 0\nheight = 5\ncentre = \"0.5 s\"\nsigma = \"0.1 s\"", 1.0, 1.253_313),
        (
            "kind = \"pulses\"\nbase = 0\nheight = 4\nwidth = \"0.1 s\"\nperiod = \"0.25 s\"\nstart = \"0.2 s\"\ncount = 3",
            0.8,
            1.2,
        ),
    ];
    for (course, t, area) in courses {
        let waveform = format!("[waveform.w]\n{course}");
        for law in ["c = 30\nshape = \"w\"", "law = \"30 * w\"", "law = \"30 * w^2 / (w + 1e-9)\""] {
            let reaction = format!("[reaction.in]\nequation = \"-> A\"\n{law}");
            let counts = final_counts(cell("A = 0", &waveform, &reaction).as_ref(), "cell.A", 2000, t);
            Moments::poisson(30.0 * area).assert(&counts, &format!("{course}: {law}"));
        }
    }
}

#[test]
fn a_rate_that_is_zero_neither_freezes_nor_spins() {
    // Nothing for 0.5 s, then one a second for 0.7 s, then nothing for ever.
    let steps = "[waveform.gate]\nkind = \"steps\"\npoints = [[\"0 s\", 0], [\"0.5 s\", 1], [\"1.2 s\", 0]]";
    for law in ["k = \"1 /s\"\nshape = \"gate\"", "law = \"A * gate\""] {
        let system = cell("A = 200", steps, &format!("[reaction.decay]\nequation = \"A ->\"\n{law}"));
        assert!(final_counts(system.as_ref(), "cell.A", 20, 0.49).iter().all(|n| *n == 200.0));
        let left = final_counts(system.as_ref(), "cell.A", 500, 1000.0);
        Moments::binomial(200.0, (-0.7f64).exp()).assert(&left, law);
    }
}

#[test]
fn laws_may_read_the_time() {
    // lambda(t) = 20 t exp(-t): the integral over t is 20 (1 - (1 + t) exp(-t)).
    let law = "[reaction.in]\nequation = \"-> A\"\nlaw = \"20 * time * exp(-time)\"";
    let counts = final_counts(cell("A = 0", "", law).as_ref(), "cell.A", 2000, 3.0);
    Moments::poisson(20.0 * (1.0 - 4.0 * (-3.0f64).exp())).assert(&counts, "20 t exp(-t)");
    // A rate that begins at 2.5 s, by a comparison.
    let law = "[reaction.in]\nequation = \"-> A\"\nlaw = \"if(time >= 2.5, 40, 0)\"";
    let counts = final_counts(cell("A = 0", "", law).as_ref(), "cell.A", 1000, 3.0);
    Moments::poisson(20.0).assert(&counts, "a step at 2.5 s");
}

#[test]
fn shaped_and_steady_channels_share_their_counts() {
    // Immigration at 40 f(t), death at 1: Poisson with mean m, m' = 40 f - m, f = 1 + 0.9 sin 2 pi t.
    let w = 2.0 * std::f64::consts::PI;
    let mean = |t: f64| {
        let a = 40.0 * 0.9 / (1.0 + w * w);
        40.0 * (1.0 - (-t).exp()) + a * ((w * t).sin() - w * (w * t).cos() + w * (-t).exp())
    };
    for law in ["c = 40\nshape = \"day\"", "law = \"40 * day\""] {
        let reactions =
            format!("[reaction.in]\nequation = \"-> A\"\n{law}\n[reaction.out]\nequation = \"A ->\"\nk = \"1 /s\"\n");
        let system = cell("A = 0", SINE, &reactions);
        for t in [0.3, 1.7] {
            let counts = final_counts(system.as_ref(), "cell.A", 1500, t);
            Moments::poisson(mean(t)).assert(&counts, &format!("{law} at {t} s"));
        }
    }
}

/// A sensor with five sites for calcium (Schneggenburger & Neher 2000, doi:10.1038/35022702, constants from memory) under a surge of `peak` uM
/// over 0.05 uM, 0.5 ms wide, at 2 ms.
fn sensor(peak: f64, thinned: bool) -> Box<dyn System> {
    let waveform = format!(
        "[waveform.ca]\nkind = \"gaussian\"\nbase = 0.05\nheight = {peak}\ncentre = \"2 ms\"\nsigma = \"0.212330 ms\""
    );
    let mut reactions = String::from("[reaction.fusion]\nequation = \"V5 -> F\"\nk = \"6000 /s\"\n");
    for j in 0..5 {
        let (on, off) = (90.0 * f64::from(5 - j), 9500.0 * f64::from(j + 1) * 0.25f64.powi(j));
        let (on_key, from) = if thinned {
            (format!("law = \"{on} * ca * V{j}\""), j)
        } else {
            (format!("k = \"{on} /s\"\nshape = \"ca\""), j)
        };
        let _ = write!(
            reactions,
            "[reaction.on{j}]\nequation = \"V{from} -> V{0}\"\n{on_key}\n[reaction.off{j}]\nequation = \"V{0} -> V{from}\"\nk = \"{off} /s\"\n",
            j + 1
        );
    }
    cell("V0 = 4000, V1 = 0, V2 = 0, V3 = 0, V4 = 0, V5 = 0, F = 0", &waveform, &reactions)
}

#[test]
fn release_under_a_calcium_surge_is_binomial() {
    // By the matrix exponential of the six states over short steps: reference values to six digits.
    for (peak, p) in [(10.0, 0.002_471), (20.0, 0.036_572), (30.0, 0.134_746)] {
        let released = final_counts(sensor(peak, false).as_ref(), "cell.F", 50, 10e-3);
        Moments::binomial(4000.0, p).assert(&released, &format!("{peak} uM"));
        let released = final_counts(sensor(peak, true).as_ref(), "cell.F", 30, 10e-3);
        Moments::binomial(4000.0, p).assert(&released, &format!("{peak} uM, thinned"));
    }
}

#[test]
fn an_intervention_may_change_a_course() {
    // Half the height from 1 s on: the integral over 2 s is 1 + 0.5.
    let text = |law: &str| {
        format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ A = 0 }}\n[waveform.w]\nkind = \"steps\"\npoints = [[\"0 s\", 1], [\"9 s\", 2]]
             [waveform.s]\nkind = \"sine\"\namplitude = 0\nmean = 1\nperiod = \"1 s\"
             [reaction.in]\nequation = \"-> A\"\n{law}
             [intervention.block]\nat = \"1 s\"\ntarget = \"waveform.s.mean\"\nop = \"scale\"\nfactor = 0.5"
        )
    };
    for law in ["c = 60\nshape = \"s\"", "law = \"60 * s * w\""] {
        let counts = final_counts(system(&text(law)).as_ref(), "cell.A", 1500, 2.0);
        Moments::poisson(90.0).assert(&counts, law);
    }
}

#[test]
fn what_does_not_concern_a_part_changes_nothing_in_it() {
    let text = |rest: &str| {
        format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ A = 50, B = 10 }}\n{SINE}
             [reaction.in]\nequation = \"-> A\"\nc = 40\nshape = \"day\"\n[reaction.out]\nequation = \"A ->\"\nlaw = \"A * day^2\"\n{rest}"
        )
    };
    let (plain, other) = (
        system(&text("")),
        system(&text(
            "[reaction.b]\nequation = \"B ->\"\nk = \"2 /s\"\nshape = \"day\"\n[intervention.i]\nat = \"0.7 s\"\ntarget = \"reaction.b.k\"\nvalue = \"9 /s\"",
        )),
    );
    for rep in 0..20 {
        let of = |system: &dyn System| {
            let record = run(system, rep, 0.0, 3.0);
            ["occupancy", "departures"]
                .map(|m| measure(system, &record, "cell.A", m, if m == "occupancy" { "time_mean" } else { "mean" }))
        };
        assert_eq!(of(plain.as_ref()), of(other.as_ref()));
    }
}

#[test]
fn mistakes_are_located() {
    let codes = |waveform: &str, reaction: &str| {
        let text = format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ A = 5 }}\n{waveform}\n[reaction.r]\nequation = \"A ->\"\n{reaction}"
        );
        build(&text).err().map(|d| d.iter().map(|d| d.code).collect::<Vec<_>>())
    };
    let volts = "[waveform.v]\nkind = \"sine\"\nmean = \"-20 mV\"\namplitude = \"50 mV\"\nperiod = \"1 s\"";
    assert_eq!(codes(volts, "k = \"1 /s\"\nshape = \"v\""), Some(vec!["E0366"]));
    assert_eq!(codes(volts, "law = \"A * exp(v / 0.025)\""), None);
    assert_eq!(codes(SINE, "law = \"A * day\"\nshape = \"day\""), Some(vec!["E0613"]));
    assert_eq!(codes(SINE, "law = \"A * dya\""), Some(vec!["E0613"]));
    assert_eq!(codes(SINE, "k = \"1 /s\"\nshape_back = \"day\""), Some(vec!["E0611"]));
    // A law that falls below zero at times ends the run.
    let system = cell("A = 100", SINE, "[reaction.r]\nequation = \"A ->\"\nlaw = \"A * (day - 1)\"");
    assert!(system.run(Streams::new(1, 0), window(0.0, 1.0, 1)).unwrap_err().to_string().contains("which is no rate"));
}
