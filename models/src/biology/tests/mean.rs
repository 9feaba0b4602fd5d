//! The mean by differential equations against solutions in closed form.

use super::*;

const MEAN: &str = "[run]\nfidelity = \"mean\"\n";

fn mean(text: &str) -> Box<dyn System> {
    system(&format!("{MEAN}{text}"))
}

/// What `component` holds at `end`.
fn holds(system: &dyn System, component: &str, end: f64) -> f64 {
    measure(system, &run(system, 0, 0.0, end), component, "in_system", "mean")
}

#[track_caller]
fn close(found: f64, expected: f64, within: f64) {
    assert!((found / expected - 1.0).abs() < within, "{found} is not {expected}");
}

#[test]
fn permeation_relaxes_as_an_exponential() {
    let system = mean(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { drug = 1000 }
         [compartment.medium]\nvolume = \"4 pL\"\ninitial = { drug = 0 }
         [pathway.leak]\nkind = \"permeation\"\nspecies = \"drug\"\nbetween = [\"cell\", \"medium\"]\nP = \"1e-6 cm/s\"
         area = \"500 um^2\"",
    );
    for t in [50.0_f64, 100.0, 200.0, 500.0, 1000.0] {
        let decay = (-0.00625 * t).exp();
        close(holds(system.as_ref(), "cell.drug", t), 200.0 + 800.0 * decay, 1e-7);
        let record = run(system.as_ref(), 0, 0.0, t);
        let area = 200.0 * t + 800.0 * (1.0 - decay) / 0.00625;
        close(measure(system.as_ref(), &record, "cell.drug", "occupancy", "time_mean"), area / t, 1e-7);
        close(measure(system.as_ref(), &record, "leak", "throughput", "mean"), 0.005 * area / t, 1e-7);
        close(measure(system.as_ref(), &record, "leak", "net_flux", "mean"), 800.0 * (1.0 - decay) / t, 1e-7);
    }
}

#[test]
fn second_order_is_that_of_many_molecules() {
    // A' = -c A^2 with the propensity c A (A - 1) / 2 and two lost at a time.
    let system = mean(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 10, D = 0 }
         [reaction.bind]\nin = \"cell\"\nequation = \"2 A -> D\"\nc = 0.3",
    );
    for t in [0.1, 1.0, 30.0] {
        let left = 10.0 / (1.0 + 10.0 * 0.3 * t);
        close(holds(system.as_ref(), "cell.A", t), left, 1e-6);
        close(holds(system.as_ref(), "cell.D", t), (10.0 - left) / 2.0, 1e-6);
    }
}

#[test]
fn stiff_chains_are_followed_at_the_pace_of_the_slow_step() {
    let system = mean(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 1000, B = 0, C = 0 }
         [reaction.slow]\nin = \"cell\"\nequation = \"A -> B\"\nk = \"2 /s\"
         [reaction.fast]\nin = \"cell\"\nequation = \"B -> C\"\nk = \"5e6 /s\"",
    );
    for t in [1e-7, 1e-3, 1.0, 8.0] {
        let (a, b): (f64, f64) = (2.0, 5e6);
        let middle = 1000.0 * a / (b - a) * ((-a * t).exp() - (-b * t).exp());
        close(holds(system.as_ref(), "cell.B", t), middle, 1e-6);
        close(holds(system.as_ref(), "cell.A", t), 1000.0 * (-a * t).exp(), 1e-6);
    }
}

#[test]
fn hazards_follow_waveforms_and_no_surge_is_missed() {
    let decay = |waveform: &str| {
        mean(&format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ A = 1 }}\n[waveform.w]\n{waveform}
             [reaction.decay]\nequation = \"A ->\"\nk = \"1 /s\"\nshape = \"w\""
        ))
    };
    let sine = decay("kind = \"sine\"\namplitude = 0.9\nperiod = \"1 s\"");
    for (t, survival) in [(0.25, 0.674_867), (0.5, 0.455_446), (1.0, 0.367_879)] {
        close(holds(sine.as_ref(), "cell.A", t), survival, 2e-6);
    }
    // A surge of a millisecond in an hour of nothing, and steps.
    let surge = decay("kind = \"gaussian\"\nbase = 0\nheight = 1000\ncentre = \"2000 s\"\nsigma = \"1 ms\"");
    let area = 1000.0 * 1e-3 * (2.0 * std::f64::consts::PI).sqrt();
    close(holds(surge.as_ref(), "cell.A", 3600.0), (-area).exp(), 1e-6);
    let steps = decay("kind = \"steps\"\npoints = [[\"0 s\", 0], [\"100 s\", 3], [\"100.5 s\", 0]]");
    close(holds(steps.as_ref(), "cell.A", 500.0), (-1.5_f64).exp(), 1e-7);
}

#[test]
fn release_under_a_surge_is_that_of_the_published_schemes() {
    let cases = [
        ("schneggenburger2000", 10, 0.002_471),
        ("schneggenburger2000", 30, 0.134_746),
        ("lou2005", 15, 0.027_618),
        ("lou2005", 25, 0.122_798),
    ];
    for (preset, peak, share) in cases {
        let system = mean(&format!(
            "[compartment.terminal]\nvolume = \"1 fL\"\ninitial = {{ fused = 0 }}
             [waveform.ca]\nkind = \"gaussian\"\nbase = \"50 nM\"\nheight = \"{peak} uM\"\ncentre = \"2 ms\"\nsigma = \"0.21233 ms\"
             [pathway.release]\nkind = \"sensor\"\npreset = \"{preset}\"\ncalcium = \"ca\"\nto = \"terminal.fused\"\nN = 4000"
        ));
        let fused = holds(system.as_ref(), "terminal.fused", 10e-3) / 4000.0;
        // Six digits are published, and the height is above the base.
        assert!((fused - share).abs() < 2e-6 + 2e-4 * share, "{preset} at {peak} uM: {fused} is not {share}");
    }
}

#[test]
fn a_leak_and_a_pump_come_to_the_root_of_a_quadratic() {
    for inhibitor in [0.0, 0.1, 1.0, 10.0, 100.0] {
        let system = mean(&format!(
            "[compartment.medium]\nvolume = \"1 uL\"\nfixed = {{ drug = \"1 uM\", verapamil = \"{inhibitor} uM\" }}
             [compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ drug = 0 }}
             [pathway.leak]\nkind = \"permeation\"\nspecies = \"drug\"\nbetween = [\"medium\", \"cell\"]\nP = \"4e-7 cm/s\"
             area = \"500 um^2\"
             [pathway.pgp]\nkind = \"pump\"\nspecies = \"drug\"\nfrom = \"cell\"\nto = \"medium\"\nN = 100000
             kcat = \"0.3011070384 /s\"\nKm = \"3 uM\"
             inhibitors = [{{ species = \"verapamil\", Ki = \"0.5 uM\" }}]"
        ));
        // k (1 - C) = Vmax C / (K + C) with k = 0.002 /s, Vmax = 0.05 uM/s.
        let (k, vmax, km) = (0.002, 0.05, 3.0 * (1.0 + inhibitor / 0.5));
        let b: f64 = k * km + vmax - k;
        let c = (-b + (b * b + 4.0 * k * k * km).sqrt()) / (2.0 * k);
        let count = c * 602_214.076;
        close(holds(system.as_ref(), "cell.drug", 2e4), count, 1e-6);
        let record = run(system.as_ref(), 0, 1e4, 2e4);
        close(measure(system.as_ref(), &record, "pgp", "utilization", "time_mean"), c / (km + c), 1e-6);
    }
}

#[test]
fn what_a_law_does_not_read_runs_out_and_no_further() {
    let system = mean(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 100, B = 0 }
         [reaction.drain]\nin = \"cell\"\nequation = \"A -> B\"\nlaw = \"5\"",
    );
    close(holds(system.as_ref(), "cell.A", 10.0), 50.0, 1e-6);
    let left = holds(system.as_ref(), "cell.A", 40.0);
    assert!((0.0..1e-6).contains(&left), "{left}");
    close(holds(system.as_ref(), "cell.B", 40.0), 100.0, 1e-6);
}

#[test]
fn interventions_change_means_as_they_are() {
    let system = mean(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 100 }
         [reaction.decay]\nin = \"cell\"\nequation = \"A ->\"\nk = \"1 /s\"
         [intervention.half]\nat = \"1 s\"\ntarget = \"cell.A\"\nop = \"scale\"\nfactor = 0.5
         [intervention.stop]\nat = \"2 s\"\ntarget = \"reaction.decay.k\"\nvalue = \"0 /s\"",
    );
    close(holds(system.as_ref(), "cell.A", 0.5), 100.0 * (-0.5_f64).exp(), 1e-7);
    close(holds(system.as_ref(), "cell.A", 1.5), 50.0 * (-1.5_f64).exp(), 1e-7);
    close(holds(system.as_ref(), "cell.A", 9.0), 50.0 * (-2.0_f64).exp(), 1e-7);
}

#[test]
fn counts_are_those_of_the_mean_at_their_times() {
    let cell = "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 100 }
         [reaction.decay]\nin = \"cell\"\nequation = \"A ->\"\nk = \"1 /s\"";
    let probe = "[probe.seen]\nkind = \"count\"\nof = \"cell.A\"\ntimes = [\"0 s\", \"0.7 s\", \"3 s\", \"9 s\"]";
    let system = mean(&format!("{cell}\n{probe}"));
    assert!(system.warnings().iter().next().is_none());
    // At the start and before the window, at its end, and after it.
    let record = run(system.as_ref(), 0, 1.0, 3.0);
    let count = |name: &str| measure(system.as_ref(), &record, name, "count", "mean");
    close(count("cell.A@0 s"), 100.0, 1e-12);
    close(count("cell.A@0.7 s"), 100.0 * (-0.7_f64).exp(), 1e-7);
    close(count("cell.A@3 s"), 100.0 * (-3.0_f64).exp(), 1e-7);
    assert!(count("cell.A@9 s").is_nan(), "after the end");
}

#[test]
fn a_mean_has_no_single_molecules() {
    let cell = "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 100 }
         [reaction.decay]\nin = \"cell\"\nequation = \"A ->\"\nk = \"1 /s\"";
    let refused = |more: &str| {
        let found = build(&format!("{MEAN}{cell}\n{more}")).err().unwrap_or_default();
        found.iter().map(|d| (d.code, d.message.clone())).collect::<Vec<_>>()
    };
    assert_eq!(refused(""), []);
    let followed = mean(&format!("{cell}\n[probe.stay]\nkind = \"residence\"\nof = \"cell.A\""));
    let warned: Vec<_> = followed.warnings().iter().map(|d| (d.code, d.message.clone())).collect();
    assert_eq!(warned, [("W0630", "`probe.stay` looks at whole molecules".to_owned())]);
    close(holds(followed.as_ref(), "cell.A", 1.0), 100.0 * (-1.0_f64).exp(), 1e-7);
    let when = "[intervention.more]\nwhen = \"cell.A < 50\"\ntarget = \"cell.A\"\nop = \"add\"\nvalue = 50";
    assert_eq!(refused(when), [("E0630", "`intervention.more` waits for a state of counts".to_owned())]);
}
