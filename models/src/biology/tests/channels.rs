//! Ion channels against equilibria, relaxations and dwell times in closed form.

use super::*;

/// A compartment, and channels of these keys.
fn channel(keys: &str) -> Box<dyn System> {
    system(&text(keys))
}

fn text(keys: &str) -> String {
    format!("[compartment.outside]\nvolume = \"1 pL\"\n{keys}")
}

/// The same in the mean.
fn mean(keys: &str) -> Box<dyn System> {
    system(&format!("[run]\nfidelity = \"mean\"\n{}", text(keys)))
}

/// A hundred channels that open at 200 /s and close at 800 /s.
const TWO_STATES: &str = r#"
[pathway.k]
kind = "channel"
N = 100
states = ["C", "O"]
conducting = ["O"]
transitions = [{ from = "C", to = "O", rate = "200 /s" }, { from = "O", to = "C", rate = "800 /s" }]
"#;

/// The open probability t s after all were closed.
fn two_states(t: f64) -> f64 {
    0.2 * (1.0 - (-1000.0 * t).exp())
}

#[test]
fn two_states_relax_with_a_time_constant_of_a_millisecond() {
    let closed = channel(TWO_STATES);
    let opened = channel(&format!("{TWO_STATES}initial = {{ O = 100 }}\n"));
    for t in [0.3e-3, 1e-3, 20e-3] {
        let what = format!("open at {t} s");
        Moments::binomial(100.0, two_states(t)).assert(&final_counts(&*closed, "k.O", 4000, t), &what);
        let p = 0.2 + 0.8 * (-1000.0 * t).exp();
        Moments::binomial(100.0, p).assert(&final_counts(&*opened, "k.O", 4000, t), &what);
    }
}

#[test]
fn the_autocovariance_of_two_states_is_an_exponential() {
    // Of the mean over a time T: 2 var tau / T (1 - tau / T (1 - exp(-T / tau))) with var = 16 of 100^2 and tau = 1 ms.
    let channels = channel(TWO_STATES);
    for over in [0.5e-3, 5e-3] {
        let share =
            |rep| measure(&*channels, &run(&*channels, rep, 20e-3, 20e-3 + over), "k", "utilization", "time_mean");
        let shares: Vec<f64> = (0..4000).map(share).collect();
        let tau: f64 = 1e-3 / over;
        let variance = 16e-4 * 2.0 * tau * (1.0 - tau * (1.0 - (-1.0 / tau).exp()));
        // A hundred channels together are all but normal.
        Moments { mean: 0.2, variance, kurtosis: 3.0 }.assert(&shares, &format!("share of {over} s"));
    }
}

#[test]
fn openings_are_counted_as_throughput() {
    // 100 channels open 160 times a second each. Openings of one are a stationary renewal process, whose cycles have the mean
    // m = 6.25 ms, the variance v = 1.25^2 + 5^2 ms^2 and the third central moment w. Over a long time T their number has the
    // mean T / m and the variance T v / m^3 + 1/6 + v^2 / (2 m^4) - w / (3 m^3) (Cox 1962, Renewal Theory, ch. 4).
    let channels = channel(TWO_STATES);
    let opened = |rep| measure(&*channels, &run(&*channels, rep, 20e-3, 0.52), "k", "throughput", "mean") * 0.5;
    let openings: Vec<f64> = (0..400).map(opened).collect();
    let (cycle, spread): (f64, f64) = (6.25e-3, 1.25e-3_f64.powi(2) + 5e-3_f64.powi(2));
    let (each, ratio) = (0.5 / cycle, spread / cycle.powi(2));
    // The third central moment of a sum of two exponential times is the sum of theirs.
    let third = 2.0 * (1.25e-3_f64.powi(3) + 5e-3_f64.powi(3));
    let constant = 1.0 / 6.0 + ratio * ratio / 2.0 - third / (3.0 * cycle.powi(3));
    let variance = 100.0 * (each * ratio + constant);
    Moments { mean: 100.0 * each, variance, kurtosis: 3.0 }.assert(&openings, "openings");
}

/// C - A C <-> O of del Castillo & Katz, with the ligand at 1 uM.
const LIGAND: &str = r#"
fixed = { A = "1 uM" }
[pathway.r]
kind = "channel"
N = 100
states = ["R", "AR", "O"]
conducting = ["O"]
parameters = { k_plus = "1e8 /M/s", k_minus = "2000 /s" }
transitions = [{ from = "R", to = "AR", rate = "k_plus * [A]" }, { from = "AR", to = "R", rate = "k_minus" }, { from = "AR", to = "O", rate = "15000 /s" }, { from = "O", to = "AR", rate = "2000 /s" }]
"#;

#[test]
fn the_scheme_of_del_castillo_and_katz() {
    let p = 7.5 / (20.0 + 1.0 + 7.5);
    assert!((p - 0.263_158_f64).abs() < 1e-6);
    let receptors = channel(LIGAND);
    Moments::binomial(100.0, p).assert(&final_counts(&*receptors, "r.O", 4000, 50e-3), "open");
    Moments::binomial(100.0, 1.0 / 28.5).assert(&final_counts(&*receptors, "r.AR", 4000, 50e-3), "bound");
    assert!(
        (measure(&*mean(LIGAND), &run(&*mean(LIGAND), 0, 0.2, 0.3), "r", "utilization", "time_mean") / p - 1.0).abs()
            < 1e-6
    );
}

/// The potassium channel of Hodgkin & Huxley 1952 at `points` of a voltage.
fn potassium(points: &str, keys: &str) -> String {
    let alpha = "100 / exprel((10 - v * V - 65) / 10)";
    let beta = "125 * exp(-(v * V + 65) / 80)";
    let states = ["n0", "n1", "n2", "n3", "n4"];
    let steps: Vec<String> = (0..4)
        .flat_map(|k| {
            let (a, b) = (states[k], states[k + 1]);
            [
                format!("{{ from = \"{a}\", to = \"{b}\", rate = \"{} * {alpha}\" }}", 4 - k),
                format!("{{ from = \"{b}\", to = \"{a}\", rate = \"{} * {beta}\" }}", k + 1),
            ]
        })
        .collect();
    format!(
        "[waveform.V]\nkind = \"steps\"\npoints = [{points}]
         [pathway.k]\nkind = \"channel\"\nN = 40\nstates = {states:?}\nconducting = [\"n4\"]\nparameters = {{ v = 1000 }}
         transitions = [{}]\n{keys}",
        steps.join(", ")
    )
}

/// alpha and beta at a voltage in mV, 1/s.
fn gates(mv: f64) -> (f64, f64) {
    let u = (10.0 - mv - 65.0) / 10.0;
    (100.0 * u / u.exp_m1(), 125.0 * (-(mv + 65.0) / 80.0).exp())
}

#[test]
fn potassium_channels_open_with_the_fourth_power() {
    for (mv, published) in [(-65.0, 0.010_185), (-20.0, 0.486_538), (0.0, 0.681_923), (20.0, 0.799_409)] {
        let (alpha, beta) = gates(mv);
        let p = (alpha / (alpha + beta)).powi(4);
        assert!((p - published).abs() < 1e-6, "{mv} mV: {p}");
        let text = potassium(&format!("[\"0 s\", \"{mv} mV\"]"), "");
        Moments::binomial(40.0, p).assert(&final_counts(&*channel(&text), "k.n4", 1000, 60e-3), &format!("{mv} mV"));
        let record = run(&*mean(&text), 0, 0.2, 0.3);
        let found = measure(&*mean(&text), &record, "k", "utilization", "time_mean");
        assert!((found / p - 1.0).abs() < 1e-6, "{mv} mV in the mean: {found}");
    }
}

/// A step from rest to 0 mV at 40 ms, and back at 50 ms.
const STEPS: &str = "[\"0 s\", \"-65 mV\"], [\"40 ms\", \"0 mV\"], [\"50 ms\", \"-65 mV\"]";

/// n at `t` s under these steps, from none.
fn n(t: f64) -> f64 {
    let towards = |n: f64, mv: f64, t: f64| {
        let (alpha, beta) = gates(mv);
        let rest = alpha / (alpha + beta);
        rest + (n - rest) * (-(alpha + beta) * t).exp()
    };
    let mut n = towards(0.0, -65.0, t.min(40e-3));
    if t > 40e-3 {
        n = towards(n, 0.0, (t - 40e-3).min(10e-3));
    }
    if t > 50e-3 {
        n = towards(n, -65.0, t - 50e-3);
    }
    n
}

#[test]
fn potassium_channels_follow_a_voltage_step_with_a_delay() {
    let text = potassium(STEPS, "");
    let (exact, mean) = (channel(&text), mean(&text));
    // Sigmoid on opening, exponential on closing.
    for t in [41e-3, 42e-3, 44e-3, 49e-3, 51e-3, 54e-3] {
        let p = n(t).powi(4);
        Moments::binomial(40.0, p).assert(&final_counts(&*exact, "k.n4", 2000, t), &format!("{t} s"));
        let found = measure(&*mean, &run(&*mean, 0, 0.0, t), "k.n4", "in_system", "mean");
        assert!((found / (40.0 * p) - 1.0).abs() < 1e-6, "{t} s in the mean: {found}");
    }
}

#[test]
fn a_blocker_of_open_channels_takes_them_away() {
    let blocked = |keys: &str| {
        format!(
            "fixed = {{ B = \"30 uM\" }}\n[pathway.k]\nkind = \"channel\"\nN = 100\nstates = [\"C\", \"O\", \"B\"]\nconducting = [\"O\"]
             transitions = [{{ from = \"C\", to = \"O\", rate = \"200 /s\" }}, {{ from = \"O\", to = \"C\", rate = \"800 /s\" }}, \
             {{ from = \"O\", to = \"B\", rate = \"k_b * [B]\" }}, {{ from = \"B\", to = \"O\", rate = \"500 /s\" }}]
             parameters = {{ k_b = \"1e8 /M/s\" }}\n{keys}"
        )
    };
    // K = 3000 / 500 of the open ones.
    let p = 0.2 / (1.0 + 0.2 * 6.0);
    let (exact, mean) = (channel(&blocked("")), mean(&blocked("")));
    Moments::binomial(100.0, p).assert(&final_counts(&*exact, "k.O", 4000, 50e-3), "open");
    let found = measure(&*mean, &run(&*mean, 0, 0.2, 0.3), "k", "utilization", "time_mean");
    assert!((found / p - 1.0).abs() < 1e-6, "{found}");
    // A toxin that is washed out.
    let washed =
        blocked("[intervention.wash]\nat = \"40 ms\"\ntarget = \"compartment.outside.fixed.B\"\nvalue = \"0 uM\"\n");
    Moments::binomial(100.0, 0.2).assert(&final_counts(&*channel(&washed), "k.O", 4000, 80e-3), "open again");
}

#[test]
fn a_ligand_that_goes_away_leaves_channels_unbound() {
    // ln(C / N) = -k A_0 (1 - exp(-l t)) / l.
    let text = "initial = { A = 60221 }\n[reaction.decay]\nequation = \"A ->\"\nk = \"20 /s\"\n[pathway.k]\nkind = \"channel\"\nN = 1000
         states = [\"C\", \"O\"]\nconducting = [\"O\"]\ntransitions = [{ from = \"C\", to = \"O\", rate = \"k * [A]\" }]
         parameters = { k = \"1e9 /M/s\" }\n";
    let mean = mean(text);
    for t in [1e-3, 20e-3, 0.3] {
        let a = 60_221.0 / 6.022_140_76e8;
        let closed = 1000.0 * (-1e6 * a * (1.0 - (-20.0_f64 * t).exp()) / 20.0).exp();
        let found = measure(&*mean, &run(&*mean, 0, 0.0, t), "k.C", "in_system", "mean");
        assert!((found / closed - 1.0).abs() < 1e-6, "{t} s: {found} is not {closed}");
    }
}

#[test]
fn ions_leave_through_open_channels() {
    // A Poisson process whose rate follows the open ones, of which the integral has the variance of the autocovariance.
    let text = "fixed = { K = 50 }\n[compartment.cell]\nvolume = \"1 pL\"\nfixed = { K = 2000 }\n".to_owned()
        + TWO_STATES
        + "species = \"K\"\nfrom = \"cell\"\nto = \"outside\"\nk_out = \"10 /s\"\nk_in = \"40 /s\"\n";
    let channels = channel(&text);
    let t = 10e-3;
    let (mut out, mut back) = (Vec::new(), Vec::new());
    for rep in 0..4000 {
        let record = run(&*channels, rep, 20e-3, 20e-3 + t);
        out.push(measure(&*channels, &record, "k", "throughput", "mean") * t);
        back.push(measure(&*channels, &record, "k", "influx", "mean") * t);
    }
    let tau: f64 = 1e-3 / t;
    let area = 16.0 * t * t * 2.0 * tau * (1.0 - tau * (1.0 - (-1.0 / tau).exp()));
    for (passed, rate, what) in [(out, 10.0 * 2000.0, "out"), (back, 40.0 * 50.0, "back")] {
        let mean = 20.0 * rate * t;
        Moments { mean, variance: mean + rate * rate * area, kurtosis: 3.0 }.assert(&passed, what);
    }
    assert_eq!(channels.components().iter().find(|c| c.name == "k").map(|c| c.entity), Some("molecule"));
}

#[test]
fn several_states_conduct_together() {
    let ring = "[pathway.k]\nkind = \"channel\"\nN = 60\nstates = [\"C\", \"O1\", \"O2\"]\nconducting = [\"O1\", \"O2\"]
         transitions = [{ from = \"C\", to = \"O1\", rate = \"300\" }, { from = \"O1\", to = \"O2\", rate = \"200 /s\" }, \
         { from = \"O2\", to = \"C\", rate = \"if(1 < 2, 100, 0)\" }]\n";
    // Shares as the mean times, 1/300, 1/200 and 1/100 s; one opening a cycle of 18.33 ms.
    let (exact, mean) = (channel(ring), mean(ring));
    let p = 15.0 / (15.0 + 10.0 / 3.0);
    let counts = |rep| {
        let record = run(&*exact, rep, 0.0, 0.5);
        measure(&*exact, &record, "k.O1", "in_system", "mean") + measure(&*exact, &record, "k.O2", "in_system", "mean")
    };
    Moments::binomial(60.0, p).assert(&(0..2000).map(counts).collect::<Vec<_>>(), "open");
    let record = run(&*mean, 0, 1.0, 1.1);
    assert!((measure(&*mean, &record, "k", "utilization", "time_mean") / p - 1.0).abs() < 1e-6);
    assert!((measure(&*mean, &record, "k", "throughput", "mean") * 55.0 / 3.0 / 60e3 - 1.0).abs() < 1e-6);
}

#[test]
fn channels_that_never_open_again_are_open_for_a_time() {
    let text = TWO_STATES.replace("{ from = \"C\", to = \"O\", rate = \"200 /s\" }, ", "") + "initial = { O = 100 }\n";
    for channels in [channel(&text), mean(&text)] {
        let share = measure(&*channels, &run(&*channels, 0, 0.0, 0.1), "k", "utilization", "time_mean");
        // A hundred exponential times of 1.25 ms in 100 ms.
        assert!((share - 0.0125).abs() < 4.0 * 0.00125, "{share}");
    }
}

/// Replaces `from` by `to` in the two states, and expects an error at the text `at`, with `message` and `help` in it.
fn refused(from: &str, to: &str, at: &str, message: &str, help: &str) {
    assert_eq!(TWO_STATES.matches(from).count(), 1, "{from}");
    let text = text(&TWO_STATES.replace(from, to));
    let Err(found) = build(&text) else { panic!("{to} was accepted") };
    let d = found.iter().next().expect("a finding");
    assert!(d.message.contains(message) && d.help.clone().unwrap_or_default().contains(help), "{to}: {d:?}");
    assert_eq!(&text[d.span.start as usize..d.span.end as usize], at, "{to}: {d:?}");
}

#[test]
fn mistakes_are_located() {
    let first = "{ from = \"C\", to = \"O\", rate = \"200 /s\" }";
    refused("from = \"O\"", "from = \"P\"", "\"P\"", "there is no state `P`", "there are: C, O");
    refused("conducting = [\"O\"]", "conducting = [\"open\"]", "\"open\"", "there is no state `open`", "");
    refused("conducting = [\"O\"]", "conducting = [\"O\", \"O\"]", "\"O\"", "`O` is listed twice", "");
    refused("conducting = [\"O\"]", "conducting = []", "[]", "never conducts", "");
    refused("[\"C\", \"O\"]", "[\"C\", \"O\", \"C\"]", "\"C\"", "`C` is listed twice", "");
    refused("[\"C\", \"O\"]", "[]", "[]", "has no states", "");
    refused("[\"C\", \"O\"]", "[\"C\", \"O\", \"a.b\"]", "\"a.b\"", "no name of a state", "");
    refused("[\"C\", \"O\"]", "[\"C\", \"O\", \"I\"]", "\"I\"", "nothing leads to state `I`", "to = \"I\"");
    refused("from = \"O\"", "from = \"C\"", "\"C\"", "`C` leads to itself", "");
    refused(first, &format!("{first}, {first}"), first, "`C` to `O` is given twice", "add the rates up");
    refused("200 /s", "200 uM", "\"200 uM\"", "`200 uM` is a concentration, not a rate", "200 /s");
    refused("200 /s", "-200 /s", "\"-200 /s\"", "`-200 /s` is below zero", "");
    refused("200 /s", "3 - 4", "\"3 - 4\"", "the rate is -1 /s", "");
    refused("200 /s", "k * 2", "k", "unknown name `k`", "parameters");
    refused("N = 100", "N = 1.5", "1.5", "1.5 channels", "");
    refused("N = 100", "N = 100\ninitial = { C = 90 }", "{ C = 90 }", "adds up to 90", "");
    refused("N = 100", "N = 100\ninitial = { C = 99.5, O = 0.5 }", "99.5", "99.5 channels in `C`", "");
    refused("N = 100", "N = 100\ninitial = { D = 100 }", "D", "there is no state `D`", "");
    refused("N = 100", "N = 100\nspecies = \"K\"", "\"K\"", "has `species` but no `from`", "leave all of them out");
    let through = "N = 100\nspecies = \"K\"\nfrom = \"outside\"\nto = \"outside\"";
    refused("N = 100", through, "\"K\"", "lets nothing through", "k_out");
    refused("N = 100", &format!("{through}\nk_out = \"1 /s\""), "\"outside\"", "stays within", "");
}
