//! Calcium sensors of vesicles.

use super::*;

const SIGMA: &str = "0.212330 ms";

fn terminal(calcium: &str, sensor: &str) -> Box<dyn System> {
    system(&format!(
        "[compartment.terminal]\nvolume = \"1 fL\"\ninitial = {{ fused = 0, reserve = 300 }}\n[waveform.ca]\n{calcium}
         [pathway.release]\nkind = \"sensor\"\ncalcium = \"ca\"\nto = \"terminal.fused\"\n{sensor}"
    ))
}

#[test]
fn times_to_fusion_after_a_step_are_those_of_the_published_schemes() {
    // Shares of 2000 vesicles fused at 0.5, 1, 2, 5 and 10 ms, from the matrix exponential of the scheme.
    let cases = [
        ("schneggenburger2000", "5 uM", [0.000_05, 0.000_75, 0.006_17, 0.040_77, 0.107_44]),
        ("schneggenburger2000", "20 uM", [0.017_17, 0.146_11, 0.528_21, 0.955_13, 0.999_24]),
        ("lou2005", "5 uM", [0.000_19, 0.002_10, 0.012_47, 0.057_15, 0.129_89]),
        ("lou2005", "20 uM", [0.029_87, 0.193_83, 0.561_52, 0.942_31, 0.998_06]),
        ("voets2000", "50 uM", [0.000_18, 0.002_13, 0.019_82, 0.194_34, 0.550_27]),
    ];
    for (preset, calcium, shares) in cases {
        let step = format!("kind = \"steps\"\npoints = [[\"0 s\", \"{calcium}\"]]");
        let system = terminal(&step, &format!("N = 2000\npreset = \"{preset}\""));
        for (ms, share) in [0.5, 1.0, 2.0, 5.0, 10.0].into_iter().zip(shares).filter(|c| c.1 > 1e-3) {
            let fused = final_counts(system.as_ref(), "terminal.fused", 40, ms * 1e-3);
            Moments::binomial(2000.0, share).assert(&fused, &format!("{preset} at {calcium}, {ms} ms"));
        }
    }
}

#[test]
fn release_under_a_surge_is_that_of_the_published_schemes() {
    let cases = [
        ("schneggenburger2000", 15, 0.012_642),
        ("schneggenburger2000", 25, 0.077_423),
        ("lou2005", 10, 0.007_181),
        ("lou2005", 20, 0.066_360),
        ("lou2005", 30, 0.192_811),
    ];
    for (preset, peak, share) in cases {
        let surge = format!(
            "kind = \"gaussian\"\nbase = \"50 nM\"\nheight = \"{peak} uM\"\ncentre = \"2 ms\"\nsigma = \"{SIGMA}\""
        );
        let system = terminal(&surge, &format!("N = 4000\npreset = \"{preset}\""));
        let fused = final_counts(system.as_ref(), "terminal.fused", 40, 10e-3);
        Moments::binomial(4000.0, share).assert(&fused, &format!("{preset}, {peak} uM"));
    }
}

#[test]
fn constants_replace_those_of_a_preset_and_calcium_may_be_a_species() {
    let text = |sensor: &str| {
        format!(
            "[compartment.terminal]\nvolume = \"1 pL\"\nfixed = {{ Ca = \"20 uM\" }}\ninitial = {{ fused = 0 }}
             [pathway.release]\nkind = \"sensor\"\ncalcium = \"terminal.Ca\"\nto = \"terminal.fused\"\nN = 2000\n{sensor}"
        )
    };
    let by_hand = "n = 5\nk_on = \"9e7 /M/s\"\nk_off = \"9500 /s\"\nb = 0.25\ngamma = \"6000 /s\"";
    for sensor in [
        by_hand,
        "preset = \"schneggenburger2000\"",
        "preset = \"lou2005\"\nk_on = \"9e7 /M/s\"\nk_off = \"9500 /s\"\nb = 0.25\ngamma = \"6000 /s\"",
    ] {
        let fused = final_counts(system(&text(sensor)).as_ref(), "terminal.fused", 40, 2e-3);
        Moments::binomial(2000.0, 0.528_21).assert(&fused, sensor);
    }
    // Without release sites left to calcium, nothing is released.
    let blocked = "preset = \"schneggenburger2000\"\ngamma = \"0 /s\"";
    assert!(final_counts(system(&text(blocked)).as_ref(), "terminal.fused", 3, 2e-3).iter().all(|n| *n == 0.0));
}

#[test]
fn empty_sites_are_refilled_from_the_reserve() {
    // Fusion far faster than refilling: a site is empty nearly always, and the reserve leaves it at k.
    let step = "kind = \"steps\"\npoints = [[\"0 s\", \"100 uM\"]]";
    let refill = "N = 100\npreset = \"schneggenburger2000\"\nrefill = { k = \"2 /s\", from = \"terminal.reserve\" }";
    let system = terminal(step, refill);
    let all = final_counts(system.as_ref(), "terminal.fused", 30, 100.0);
    assert!(all.iter().all(|n| *n == 400.0), "what is in reserve is released, and no more: {all:?}");
    let endless = terminal(step, "N = 100\npreset = \"schneggenburger2000\"\nrefill = { k = \"2 /s\" }");
    let released = final_counts(endless.as_ref(), "terminal.fused", 400, 3.0);
    // 100 at first, and then a renewal process at each site: refilling of mean 0.5 s, fusion within some 0.5 ms.
    let mean = released.iter().sum::<f64>() / 400.0;
    assert!((mean / 700.0 - 1.0).abs() < 0.01, "{mean}");
}

#[test]
fn sensors_that_make_no_sense_are_located() {
    let step = "kind = \"steps\"\npoints = [[\"0 s\", \"5 uM\"]]";
    let codes = |calcium: &str, sensor: &str| {
        let text = format!(
            "[compartment.t]\nvolume = \"1 fL\"\ninitial = {{ f = 0 }}\n[waveform.ca]\n{calcium}\n[pathway.r]\nkind = \"sensor\"\nN = 10\n{sensor}"
        );
        build(&text).err().map(|d| d.iter().map(|d| d.code).collect::<Vec<_>>())
    };
    assert_eq!(codes(step, "calcium = \"ca\"\npreset = \"lou2005\""), None);
    assert_eq!(codes(step, "calcium = \"ca\""), Some(vec!["E0607"]));
    assert_eq!(codes(step, "calcium = \"ca\"\npreset = \"lou2005\"\ngamma = \"1 /s\"\nf = 2"), Some(vec!["E0607"]));
    assert_eq!(
        codes("kind = \"steps\"\npoints = [[\"0 s\", 5]]", "calcium = \"ca\"\npreset = \"lou2005\""),
        Some(vec!["E0366"])
    );
    assert_eq!(codes(step, "calcium = \"cax\"\npreset = \"lou2005\""), Some(vec!["E0365"]));
}

/// Vesicles with the sensor of two ligands, whose calcium steps from 50 nM to `calcium` at 30 ms.
fn dual(fidelity: &str, calcium: &str, n: u32) -> Box<dyn System> {
    system(&format!(
        "[run]\nfidelity = \"{fidelity}\"\n[compartment.terminal]\nvolume = \"1 fL\"\ninitial = {{ fused = 0 }}
         [waveform.ca]\nkind = \"steps\"\npoints = [[\"0 s\", \"50 nM\"], [\"30 ms\", \"{calcium}\"]]
         [pathway.release]\nkind = \"sensor\"\ncalcium = \"ca\"\nto = \"terminal.fused\"\npreset = \"kobbersmed2022\"\nN = {n}"
    ))
}

#[test]
fn two_ligands_are_bound_at_rest_as_published() {
    let system = dual("mean", "50 nM", 4000);
    let record = run(system.as_ref(), 0, 20e-3, 30e-3);
    let mut shares = [0.0; 4];
    for c in system.components() {
        if let Some((_, state)) = c.name.split_once(".c").filter(|_| c.name.starts_with("release.")) {
            let numbers: Vec<usize> = state.split(['p', 'd']).map(|n| n.parse().unwrap()).collect();
            shares[numbers[1] + numbers[2]] += measure(system.as_ref(), &record, &c.name, "in_system", "mean") / 4000.0;
        }
    }
    for (found, expected) in shares.into_iter().zip([0.169_50, 0.423_05, 0.328_49, 0.078_95]) {
        assert!((found - expected).abs() < 1e-5, "{shares:?}");
    }
    let spontaneous = measure(system.as_ref(), &record, "release", "throughput", "mean");
    assert!((spontaneous / 1.758 - 1.0).abs() < 1e-3, "{spontaneous}");
}

#[test]
fn times_to_fusion_with_two_ligands_are_those_published() {
    // The mean is the integral of the share that is left, the mean square twice that of t times it; by the end less than
    // 1e-6 is left.
    for (calcium, mean, sd, end) in [
        ("5 uM", 22.194e-3, 19.516e-3, 0.43),
        ("10 uM", 4.9218e-3, 3.5700e-3, 0.15),
        ("20 uM", 2.4664e-3, 1.6876e-3, 0.09),
        ("50 uM", 1.9066e-3, 1.3400e-3, 0.09),
    ] {
        let system = dual("mean", calcium, 4000);
        let (step, bins) = (30e-3, (end * 10e3) as u32);
        let record = system.run(Streams::new(1, 0), window(step, end, bins)).unwrap();
        let mut left = vec![0.0; bins as usize];
        for row in record.series.rows.iter().filter(|row| row.metric == "occupancy") {
            if system.components()[row.component as usize].name.starts_with("release.c") {
                left.iter_mut().zip(&row.values).for_each(|(left, x)| *left += x / 4000.0);
            }
        }
        // Bins begin at time zero, and one ends at the step.
        let width = end / f64::from(bins);
        let after = left.iter().enumerate().map(|(i, x)| ((i as f64 + 0.5) * width - step, x));
        let (first, second) = after
            .filter(|(t, _)| *t > 0.0)
            .fold((0.0, 0.0), |(first, second), (t, x)| (first + x * width, second + 2.0 * t * x * width));
        assert!((first / mean - 1.0).abs() < 1e-3, "{calcium}: {first}");
        let found = (second - first * first).sqrt();
        assert!((found / sd - 1.0).abs() < 1e-3, "{calcium}: {found}");
    }
}

#[test]
fn vesicles_with_two_ligands_follow_their_mean() {
    let share = {
        let mean = dual("mean", "20 uM", 4000);
        measure(mean.as_ref(), &run(mean.as_ref(), 0, 0.0, 32e-3), "terminal.fused", "in_system", "mean") / 4000.0
    };
    let fused = final_counts(dual("molecule", "20 uM", 100).as_ref(), "terminal.fused", 60, 32e-3);
    Moments::binomial(100.0, share).assert(&fused, "2 ms after a step to 20 uM");
    // Vesicles and empty sites are as many as sites, and what the reserve loses has come to them.
    let refilled = system(
        "[compartment.terminal]\nvolume = \"1 fL\"\ninitial = { fused = 0, reserve = 50 }
         [waveform.ca]\nkind = \"steps\"\npoints = [[\"0 s\", \"20 uM\"]]
         [pathway.release]\nkind = \"sensor\"\ncalcium = \"ca\"\nto = \"terminal.fused\"\npreset = \"kobbersmed2022\"\nN = 20
         refill = { k = \"1000 /s\", from = \"terminal.reserve\" }",
    );
    let record = run(refilled.as_ref(), 0, 0.0, 0.2);
    assert_eq!(measure(refilled.as_ref(), &record, "terminal.fused", "in_system", "mean"), 70.0);
    assert_eq!(measure(refilled.as_ref(), &record, "release.empty", "in_system", "mean"), 20.0);
    let refused = build(
        "[compartment.terminal]\nvolume = \"1 fL\"\n[waveform.ca]\nkind = \"steps\"\npoints = [[\"0 s\", \"50 nM\"]]
         [pathway.release]\nkind = \"sensor\"\ncalcium = \"ca\"\npreset = \"kobbersmed2022\"\nN = 10\nf = 30",
    );
    assert_eq!(refused.err().unwrap_or_default().iter().map(|d| d.code).collect::<Vec<_>>(), ["E0607"]);
}
