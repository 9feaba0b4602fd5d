//! Permeation of ions in a field, and between phases.

use super::*;

/// Potassium, or what has charge `z`, between a cell and a medium, at the concentrations `inside` and `outside` in mM.
fn ion(z: i32, inside: f64, outside: f64, voltage: &str) -> Box<dyn System> {
    system(&format!(
        r#"
[compartment.cell]
volume = "1 pL"
fixed = {{ ion = "{inside} mM" }}
[compartment.medium]
volume = "3 pL"
fixed = {{ ion = "{outside} mM" }}
[pathway.leak]
kind = "permeation"
species = "ion"
between = ["cell", "medium"]
P = "1e-6 cm/s"
area = "1 um^2"
z = {z}
V = "{voltage}"
"#
    ))
}

/// One-way fluxes in mol/m^2/s: out and in.
fn fluxes(z: i32, inside: f64, outside: f64, voltage: &str) -> [f64; 2] {
    // With everything held constant the initial propensity is the rate; `event_rate` doubles it.
    let flux = |system: Box<dyn System>| system.event_rate() / 2.0 / 6.022_140_76e23 / 1e-12;
    [flux(ion(z, inside, 0.0, voltage)), flux(ion(z, 0.0, outside, voltage))]
}

#[track_caller]
fn near(got: f64, want: f64, relative: f64) {
    assert!((got / want - 1.0).abs() < relative, "{got} is not {want}");
}

#[test]
fn one_way_fluxes_are_those_of_goldman_hodgkin_and_katz() {
    // 310.15 K, P = 1e-8 m/s; six digits of the formula worked out elsewhere.
    let [out, back] = fluxes(1, 140.0, 4.0, "-70 mV");
    near(out, 2.881_88e-7, 3e-6);
    near(back, 1.129_98e-7, 3e-6);
    near(out / back, 2.550_37, 3e-6);
    let [out, back] = fluxes(2, 1e-4, 2.0, "-20 mV");
    near(out, 4.317_26e-13, 3e-6);
    near(back, 3.856_72e-8, 3e-6);
    // The formula itself, of either sign of charge and voltage.
    for (z, mv) in [(1, -70.0), (2, -20.0), (-1, -70.0), (1, 35.0), (-2, 120.0)] {
        let u = f64::from(z) * mv * 1e-3 * 96_485.332_12 / (8.314_462_618 * 310.15);
        let [out, back] = fluxes(z, 10.0, 30.0, &format!("{mv} mV"));
        near(out, 1e-8 * 10.0 * u / (1.0 - (-u).exp()), 1e-9);
        near(back, 1e-8 * 30.0 * u * (-u).exp() / (1.0 - (-u).exp()), 1e-9);
        near(out / back, 10.0 / 30.0 * u.exp(), 1e-9);
    }
}

#[test]
fn fluxes_are_equal_at_the_reversal_potential_and_have_a_limit_without_a_field() {
    for (z, inside, outside, reversal) in [(1, 140.0, 4.0, "-95.023 mV"), (2, 1e-4, 2.0, "132.344 mV")] {
        let [out, back] = fluxes(z, inside, outside, reversal);
        // The potentials are given to half a microvolt.
        near(out, back, 4e-5);
    }
    for voltage in ["0 mV", "1e-9 mV", "-1e-12 mV"] {
        let [out, back] = fluxes(1, 140.0, 4.0, voltage);
        near(out, 1e-8 * 140.0, 1e-10);
        near(back, 1e-8 * 4.0, 1e-10);
    }
    assert_eq!(fluxes(0, 140.0, 4.0, "-70 mV"), fluxes(1, 140.0, 4.0, "0 mV"));
    // So strong a field lets nothing against it.
    assert_eq!(fluxes(1, 140.0, 4.0, "-1 kV")[0], 0.0);
}

/// The share of ions that are in the cell after `t` s, all at first, with `out` and `back` as one-way rate constants without a
/// field: Runge-Kutta over the course of u.
fn share_inside(out: f64, back: f64, u: &dyn Fn(f64) -> f64, t: f64) -> f64 {
    let factor = |u: f64| if u.abs() < 1e-9 { 1.0 + u / 2.0 } else { u / (1.0 - (-u).exp()) };
    let slope = |t: f64, p: f64| -out * factor(u(t)) * p + back * factor(-u(t)) * (1.0 - p);
    let n = 20_000;
    let h = t / f64::from(n);
    (0..n).fold(1.0, |p, i| {
        let t = f64::from(i) * h;
        let a = slope(t, p);
        let b = slope(t + h / 2.0, p + h / 2.0 * a);
        let c = slope(t + h / 2.0, p + h / 2.0 * b);
        let d = slope(t + h, p + h * c);
        p + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
    })
}

/// 500 ions in a cell, with `k_out` = 0.8 /s and `k_in` = 0.3 /s without a field.
fn driven(waveform: &str) -> Box<dyn System> {
    system(&format!(
        r#"
[compartment.cell]
volume = "1 fL"
initial = {{ ion = 500 }}
[compartment.medium]
volume = "1 fL"
[waveform.vm]
{waveform}
[pathway.leak]
kind = "permeation"
species = "ion"
between = ["cell", "medium"]
k_out = "0.8 /s"
k_in = "0.3 /s"
z = 1
V = "vm"
temperature = "293.15 K"
"#
    ))
}

#[test]
fn ions_under_a_changing_voltage_are_binomial() {
    type Course<'a> = (&'a str, &'a dyn Fn(f64) -> f64, f64);
    const PER_MV: f64 = 1e-3 * 96_485.332_12 / (8.314_462_618 * 293.15);
    let sine = |t: f64| (-30.0 + 80.0 * (2.0 * std::f64::consts::PI * t / 0.7).sin()) * PER_MV;
    // The step is at the end of a step of the quadrature.
    let steps = |t: f64| if t < 0.5 - 1e-9 { -70.0 * PER_MV } else { 40.0 * PER_MV };
    let linear = |t: f64| (-100.0 + 150.0 * t) * PER_MV;
    let courses: [Course<'_>; 3] = [
        ("kind = \"sine\"\nmean = \"-30 mV\"\namplitude = \"80 mV\"\nperiod = \"0.7 s\"", &sine, 1.1),
        ("kind = \"steps\"\npoints = [[\"0 s\", \"-70 mV\"], [\"0.5 s\", \"40 mV\"]]", &steps, 1.0),
        ("kind = \"linear\"\npoints = [[\"0 s\", \"-100 mV\"], [\"2 s\", \"200 mV\"]]", &linear, 1.5),
    ];
    for (waveform, u, t) in courses {
        let p = share_inside(0.8, 0.3, u, t);
        // Had the voltage at the start been kept, the mean would be off by dozens of standard errors.
        let frozen = share_inside(0.8, 0.3, &|_| u(0.0), t);
        assert!((frozen - p).abs() > 0.05, "{frozen} {p}");
        Moments::binomial(500.0, p).assert(&final_counts(&*driven(waveform), "cell.ion", 1000, t), waveform);
    }
}

#[test]
fn a_voltage_that_is_a_waveform_without_change_is_the_voltage() {
    let p = |u: f64| share_inside(0.8, 0.3, &move |_| u, 1.0);
    let flat = driven("kind = \"steps\"\npoints = [[\"0 s\", \"-50 mV\"]]");
    let u = -0.05 * 96_485.332_12 / (8.314_462_618 * 293.15);
    Moments::binomial(500.0, p(u)).assert(&final_counts(&*flat, "cell.ion", 1000, 1.0), "a flat course");
}

#[test]
fn partition_settles_at_its_ratio() {
    // Three times as concentrated in the tissue: k_out = P A / (3 V), k_in = P A / V of twice the volume.
    let s = system(
        r#"
[compartment.tissue]
volume = "1 fL"
initial = { drug = 0 }
[compartment.plasma]
volume = "2 fL"
initial = { drug = 800 }
[pathway.wall]
kind = "permeation"
species = "drug"
between = ["tissue", "plasma"]
P = "1e-6 cm/s"
area = "0.3 um^2"
K_p = 3
"#,
    );
    let (out, back) = (1e-8 * 0.3e-12 / 3e-18, 1e-8 * 0.3e-12 / 2e-18);
    for t in [200.0, 20_000.0] {
        let p = back / (out + back) * -f64::exp_m1(-(out + back) * t);
        Moments::binomial(800.0, p).assert(&final_counts(&*s, "tissue.drug", 2000, t), &format!("t = {t}"));
    }
    // C_1 / C_2 = (p / V) / ((1 - p) / 2 V) = 3.
    let p = back / (out + back);
    near(2.0 * p / (1.0 - p), 3.0, 1e-12);
}

#[test]
fn an_intervention_may_change_the_voltage() {
    let text = |change: &str| {
        format!(
            r#"
[compartment.cell]
volume = "1 fL"
initial = {{ ion = 500 }}
[compartment.medium]
volume = "1 fL"
fixed = {{ ion = 0 }}
[pathway.leak]
kind = "permeation"
species = "ion"
between = ["cell", "medium"]
k_out = "1 /s"
z = 1
V = "-60 mV"
[intervention.clamp]
at = "1 s"
target = "pathway.leak.V"
{change}
"#
        )
    };
    let factor = |mv: f64| {
        let u = mv * 1e-3 * 96_485.332_12 / (8.314_462_618 * 310.15);
        u / (1.0 - (-u).exp())
    };
    for (change, after) in [("value = \"20 mV\"", 20.0), ("op = \"add\"\nvalue = \"-10 mV\"", -70.0)] {
        let p = (-factor(-60.0) - 0.5 * factor(after)).exp();
        let counts = final_counts(&*system(&text(change)), "cell.ion", 1000, 1.5);
        Moments::binomial(500.0, p).assert(&counts, change);
    }
}
