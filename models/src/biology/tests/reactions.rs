//! Mass action and rate laws.

use super::*;

fn reaction(initial: &str, rest: &str) -> Box<dyn System> {
    system(&format!("[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ {initial} }}\n{rest}"))
}

#[test]
fn dimerisation_conserves_monomers_and_meets_its_exact_law() {
    let s =
        reaction("A = 100, D = 0", "[reaction.dimer]\nequation = \"2 A <-> D\"\nin = \"cell\"\nc = 0.02\nc_back = 1\n");
    // Stationary law of D: birth c (N-2d)(N-2d-1)/2, death d.
    let mut weights = vec![1.0];
    for d in 1..=50 {
        let free = 100.0 - 2.0 * (f64::from(d) - 1.0);
        weights.push(weights[weights.len() - 1] * 0.02 * free * (free - 1.0) / 2.0 / f64::from(d));
    }
    Moments::of(&weights).assert(&final_counts(&*s, "cell.D", 5000, 20.0), "dimers");
    let record = run(&*s, 0, 0.0, 20.0);
    let count = |name: &str| measure(&*s, &record, name, "in_system", "mean");
    assert_eq!(count("cell.A") + 2.0 * count("cell.D"), 100.0);
    let net = measure(&*s, &record, "dimer", "net_flux", "mean");
    assert!((net * 20.0 - count("cell.D")).abs() < 1e-9, "forwards less backwards is what there is");
}

#[test]
fn rate_constants_fit_the_order() {
    // Propensities at the start: k [A]^2, k [A][B], k [A], k in 1 pL with 602 214 molecules per uM.
    let per_um: f64 = 602_214.076;
    for (equation, k, rate) in [
        ("2 A -> D", "0.1 /uM/s", 0.1 * 2.0 / per_um * 100.0 * 99.0 / 2.0),
        ("A + B -> D", "0.1 /uM/s", 0.1 / per_um * 100.0 * 50.0),
        ("A -> D", "0.1 /s", 10.0),
        ("-> D", "0.1 uM/s", 0.1 * per_um),
        ("-> D", "3 molecules/s", 3.0),
        ("2 A + B -> D", "0.1 /uM^2/s", 0.1 * 2.0 / per_um.powi(2) * 100.0 * 99.0 / 2.0 * 50.0),
    ] {
        let text = format!("[reaction.r]\nequation = \"{equation}\"\nk = \"{k}\"\n");
        let got = reaction("A = 100, B = 50, D = 0", &text).event_rate() / 2.0;
        assert!((got / rate - 1.0).abs() < 1e-9, "{equation} at {k}: {got} is not {rate}");
    }
}

#[test]
fn a_law_may_be_an_expression_over_counts_and_concentrations() {
    let mass = "[reaction.r]\nequation = \"A -> B\"\nc = 0.3\n";
    let counts = "[reaction.r]\nequation = \"A -> B\"\nlaw = \"k * A\"\nparameters = { k = \"0.3 /s\" }\n";
    let amounts =
        "[reaction.r]\nequation = \"A -> B\"\nlaw = \"k * [A] * volume * N_A\"\nparameters = { k = \"0.3 /s\" }\n";
    for text in [mass, counts, amounts] {
        let s = reaction("A = 200, B = 0", text);
        Moments::binomial(200.0, (-0.6_f64).exp()).assert(&final_counts(&*s, "cell.A", 4000, 2.0), text);
    }
    let saturating = "[reaction.r]\nequation = \"A -> B\"\nlaw = \"Vmax * [A] / (Km + [A])\"\n\
                      parameters = { Vmax = \"30 /s\", Km = \"1 uM\" }\n";
    let rate = reaction("A = 602214, B = 0", saturating).event_rate() / 2.0;
    assert!((rate - 30.0 * 602_214.0 / (602_214.076 + 602_214.0)).abs() < 1e-9, "{rate}");
}

#[test]
fn mass_action_that_is_written_out_is_mass_action() {
    let laws = |given: [&str; 4]| {
        let [birth, pair, meet, part] = given;
        reaction(
            "A = 20, B = 30, D = 0, E = 0",
            &format!(
                "[reaction.birth]\nequation = \"-> A\"\n{birth}\n[reaction.pair]\nequation = \"2 A -> D\"\n{pair}\n\
                 [reaction.meet]\nequation = \"A + B -> E\"\n{meet}\n[reaction.part]\nequation = \"E -> A + B\"\n{part}\n"
            ),
        )
    };
    let mass = laws(["c = 8", "c = 0.5", "c = 0.25", "c = 2"]);
    let written = laws([
        "law = \"2 * 4\"",
        "law = \"A * (A - 1) * k / 2\"\nparameters = { k = 0.5 }",
        "law = \"B * A / 4\"",
        "law = \"k * E * 4\"\nparameters = { k = 0.5 }",
    ]);
    let record = |s: &dyn System| s.run(Streams::new(7, 0), window(1.0, 20.0, 10)).unwrap();
    let (mass, written) = (record(&*mass), record(&*written));
    assert_eq!((mass.series, mass.events), (written.series, written.events), "the same, to the bit");
    // Where a law says more than its reactants, they are not forgotten.
    let s = reaction("A = 1, B = 0", "[reaction.r]\nequation = \"2 A -> B\"\nlaw = \"3 * A\"\n");
    assert_eq!(run(&*s, 0, 0.0, 100.0).events, 0);
}

#[test]
fn a_channel_without_its_reactants_is_at_rest() {
    let s = reaction("A = 5, B = 0", "[reaction.r]\nequation = \"2 A -> B\"\nlaw = \"10\"\n");
    let record = run(&*s, 0, 0.0, 100.0);
    assert_eq!(measure(&*s, &record, "cell.A", "in_system", "mean"), 1.0);
    assert_eq!(record.events, 2);
}

#[test]
fn a_rate_that_is_no_number_ends_the_run_and_is_named() {
    let s = reaction("A = 5, B = 2", "[reaction.r]\nequation = \"A + B -> B\"\nlaw = \"(A - 2.5) * B\"\n");
    let error = s.run(Streams::new(1, 0), window(0.0, 100.0, 1)).unwrap_err().to_string();
    assert!(error.contains("the rate of `reaction.r` at cell.A = 2, cell.B = 2 is -1, which is no rate"), "{error}");
    let s = reaction("A = 5, B = 0", "[reaction.r]\nequation = \"A -> B\"\nlaw = \"1 / (A - 5)\"\n");
    let error = s.run(Streams::new(1, 0), window(0.0, 100.0, 1)).unwrap_err().to_string();
    assert!(error.contains("`reaction.r` at cell.A = 5") && error.contains("inf"), "{error}");
    let s = reaction("A = 5, B = 0", "[reaction.r]\nequation = \"A -> A\"\nc = 1e13\n");
    let error = s.run(Streams::new(1, 0), window(0.0, 1.0, 1)).unwrap_err().to_string();
    assert!(error.contains("more than the clock resolves") && error.contains("`reaction.r`"), "{error}");
}

#[test]
fn nothing_happens_where_nothing_can() {
    let s = reaction("A = 0, B = 1", "[reaction.r]\nequation = \"A -> B\"\nk = \"1 /s\"\n");
    assert_eq!(run(&*s, 0, 0.0, 1e6).events, 0);
}

#[test]
fn large_networks_and_small_ones_follow_the_same_laws() {
    // The small kernel, and trees of one level to three.
    for n in [3, 12, 30, 90] {
        let species: Vec<String> = (0..n).map(|i| format!("A{i} = {}", if i == 0 { 1000 } else { 0 })).collect();
        let step = |i| format!("[reaction.r{i}]\nequation = \"A{i} -> A{}\"\nk = \"10 /s\"\n", (i + 1) % n);
        let text: String = (0..n).map(step).collect();
        let s = reaction(&species.join(", "), &text);
        // Independent walkers around the ring: p(t) = 1/n sum exp(k t (w - 1)) over the roots of unity w, whose imaginary
        // parts cancel.
        let t = 2.0;
        let p: f64 = (0..n)
            .map(|k| {
                let angle = std::f64::consts::TAU * f64::from(k) / f64::from(n);
                (10.0 * t * (angle.cos() - 1.0)).exp() * (10.0 * t * angle.sin()).cos()
            })
            .sum::<f64>()
            / f64::from(n);
        Moments::binomial(1000.0, p).assert(&final_counts(&*s, "cell.A0", 300, t), &format!("{n} places"));
    }
}
