//! Times with a memory in the mean, against convolutions in closed form and against stochastic runs.

use super::*;

fn mean(text: &str) -> Box<dyn System> {
    system(&format!("[run]\nfidelity = \"mean\"\n{text}"))
}

fn holds(system: &dyn System, component: &str, end: f64) -> f64 {
    measure(system, &run(system, 0, 0.0, end), component, "in_system", "mean")
}

#[track_caller]
fn close(found: f64, expected: f64, within: f64, what: &str) {
    assert!((found - expected).abs() <= within * expected.abs().max(1.0), "{what}: {found} is not {expected}");
}

/// P(X <= x) of a standard normal variate.
fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// A law of times, and E min(T, t).
type Times = (&'static str, fn(f64) -> f64);

fn erlang_4(t: f64) -> f64 {
    // Mean 8: four stages of 2 s. k theta P(k + 1, x) + t Q(k, x).
    let x = t / 2.0;
    let left = |k: i32| (0..k).map(|j| x.powi(j) / (1..=j).map(f64::from).product::<f64>()).sum::<f64>() * (-x).exp();
    8.0 * (1.0 - left(5)) + t * left(4)
}

fn lognormal(t: f64) -> f64 {
    // Mean 5, cv 1.
    let variance = 2_f64.ln();
    let (mu, sigma) = (5_f64.ln() - variance / 2.0, variance.sqrt());
    let z = (t.ln() - mu) / sigma;
    5.0 * phi(z - sigma) + t * (1.0 - phi(z))
}

const LAWS: [Times; 5] = [
    ("kind = \"constant\", time = \"5 s\"", |t| t.min(5.0)),
    ("kind = \"uniform\", min = \"2 s\", max = \"6 s\"", |t| {
        let within = t.clamp(2.0, 6.0);
        t.min(2.0) + (16.0 - (6.0 - within).powi(2)) / 8.0
    }),
    ("kind = \"gamma\", mean = \"8 s\", cv = 0.5", erlang_4),
    ("kind = \"lognormal\", mean = \"5 s\", cv = 1", lognormal),
    ("kind = \"hyperexponential\", mean = \"5 s\", cv = 2", |t| {
        let p = 0.5 * (1.0 + 0.6_f64.sqrt());
        let half = |p: f64| 2.5 * (1.0 - (-t * p / 2.5).exp());
        half(p) + half(1.0 - p)
    }),
];

const ENDO: &str = "[pathway.endo]\nkind = \"endocytosis\"\nfrom = \"cell.fused\"\nto = \"cell.reserve\"\ndelay = ";

#[test]
fn a_steady_stream_is_under_way_for_its_times() {
    for (law, until) in LAWS {
        let text = format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ fused = 0, reserve = 0 }}\n\
             [pathway.in]\nkind = \"influx\"\nspecies = \"fused\"\nto = \"cell\"\nrate = \"40 /s\"\n{ENDO}{{ {law} }}\n"
        );
        let system = mean(&text);
        for t in [0.5, 3.0, 5.0, 5.5, 11.0, 60.0] {
            close(holds(&*system, "cell.fused", t), 40.0 * until(t), 1e-6, &format!("{law}, {t} s"));
            close(holds(&*system, "cell.reserve", t), 40.0 * (t - until(t)), 1e-6, &format!("{law}, {t} s"));
        }
    }
}

/// A 100 at first, which become B at 0.3 /s, which go by `law`.
fn decay(law: &str) -> String {
    format!(
        "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ A = 100, fused = 0, reserve = 0 }}\n\
         [reaction.fuse]\nequation = \"A -> fused\"\nk = \"0.3 /s\"\n{ENDO}{{ {law} }}\n"
    )
}

#[test]
fn what_flows_out_is_what_flowed_in_before() {
    let fixed = mean(&decay(LAWS[0].0));
    for t in [2.0_f64, 4.9, 5.1, 7.0, 20.0] {
        let back = if t > 5.0 { 100.0 * (1.0 - (-0.3 * (t - 5.0)).exp()) } else { 0.0 };
        close(holds(&*fixed, "cell.reserve", t), back, 1e-6, &format!("fixed, {t} s"));
    }
    // Four exponential stages, one after the other, are the same as one Erlang time.
    let (erlang, mut chain) = (mean(&decay(LAWS[2].0)), decay(LAWS[2].0));
    chain.truncate(chain.find("[pathway.endo]").unwrap());
    chain = chain.replace("reserve = 0", "reserve = 0, s2 = 0, s3 = 0, s4 = 0");
    for (from, to) in [("fused", "s2"), ("s2", "s3"), ("s3", "s4"), ("s4", "reserve")] {
        chain.push_str(&["[reaction.", from, "]\nequation = \"", from, " -> ", to, "\"\nk = \"0.5 /s\"\n"].concat());
    }
    let chain = mean(&chain);
    for t in [1.0, 6.0, 13.0, 40.0] {
        let back = holds(&*chain, "cell.reserve", t);
        close(holds(&*erlang, "cell.reserve", t), back, 1e-6, &format!("Erlang, {t} s"));
    }
    // By quadrature: int_0^t k e^(-k s) F(t - s) ds, F lognormal.
    let log = mean(&decay(LAWS[3].0));
    let (mu, sigma) = (5_f64.ln() - 0.5 * 2_f64.ln(), 2_f64.ln().sqrt());
    for t in [1.0, 4.0, 15.0] {
        let n = 100_000;
        let step = t / f64::from(n);
        let at = |s: f64| 30.0 * (-0.3 * s).exp() * if s < t { phi(((t - s).ln() - mu) / sigma) } else { 0.0 };
        let back: f64 = (0..n).map(|i| step * at(step * (f64::from(i) + 0.5))).sum();
        close(holds(&*log, "cell.reserve", t), back, 1e-6, &format!("lognormal, {t} s"));
    }
}

#[test]
fn those_who_come_together_leave_by_their_law() {
    for (law, until) in LAWS {
        let text = format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ fused = 60, reserve = 0 }}\n{ENDO}{{ {law} }}\n\
             [intervention.more]\nat = \"4 s\"\ntarget = \"cell.fused\"\nop = \"add\"\nvalue = 30\n\
             [intervention.half]\nat = \"6.5 s\"\ntarget = \"cell.fused\"\nop = \"scale\"\nfactor = 0.5\n"
        );
        // The slope of E min(T, t) is P(T > t).
        let left = |t: f64| (until(t + 1e-5) - until(t - 1e-5)) / 2e-5;
        let system = mean(&text);
        for t in [1.0, 4.5, 5.5, 7.5, 9.9, 30.0] {
            let (first, second) = (60.0 * left(t), if t > 4.0 { 30.0 * left(t - 4.0) } else { 0.0 });
            let share = if t > 6.5 { 0.5 } else { 1.0 };
            close(holds(&*system, "cell.fused", t), share * (first + second), 1e-6, &format!("{law}, {t} s"));
        }
    }
}

#[test]
fn what_is_held_goes_on_at_its_speed() {
    // Held from 2 to 12 s, then at twice the speed: from 12 s on the clock of the times is 2 (t - 12) s beyond 2 s.
    for (law, until) in LAWS {
        let system = mean(&format!(
            "[compartment.cell]\nvolume = \"1 fL\"\ninitial = {{ fused = 50, reserve = 0 }}\n{ENDO}{{ {law} }}\n\
             [intervention.block]\nat = \"2 s\"\ntarget = \"pathway.endo.speed\"\nop = \"block\"\n\
             [intervention.lift]\nat = \"12 s\"\ntarget = \"pathway.endo.speed\"\nop = \"set\"\nvalue = 2\n"
        ));
        let left = |t: f64| 50.0 * (until(t + 1e-5) - until(t - 1e-5)) / 2e-5;
        for (t, clock) in [(1.5, 1.5), (12.3, 2.6), (13.4, 4.8), (13.6, 5.2), (30.0, 38.0)] {
            close(holds(&*system, "cell.fused", t), left(clock), 1e-6, &format!("{law}, {t} s"));
        }
        if !law.contains("uniform") {
            close(holds(&*system, "cell.fused", 7.0), left(2.0), 1e-6, law);
        }
    }
}

#[test]
fn the_mean_is_that_of_stochastic_runs() {
    // Spikes, refill and two delays one after the other: all of first order, so that the mean is exact.
    let text = "[compartment.bouton]\nvolume = \"1 fL\"\ninitial = { reserve = 300, fused = 0, early = 0 }
        [spikes.stim]\nkind = \"regular\"\nrate = \"2 /s\"\ncount = 12
        [pathway.synapse]\nkind = \"release_site\"\nspikes = \"stim\"\nsites = 20\nU = 0.5\ntau_rec = \"700 ms\"
        from = \"bouton.reserve\"\nto = \"bouton.fused\"
        [pathway.endo]\nkind = \"endocytosis\"\nfrom = \"bouton.fused\"\nto = \"bouton.early\"
        delay = { kind = \"gamma\", mean = \"2 s\", cv = 0.4 }
        [pathway.sort]\nkind = \"endocytosis\"\nfrom = \"bouton.early\"\nto = \"bouton.reserve\"
        delay = { kind = \"constant\", time = \"1.5 s\" }\n";
    let (exact, course) = (system(text), mean(text));
    for t in [1.7, 4.1, 8.0] {
        for species in ["bouton.fused", "bouton.early"] {
            let counts = final_counts(&*exact, species, 2000, t);
            let n = counts.len() as f64;
            let average = counts.iter().sum::<f64>() / n;
            let variance = counts.iter().map(|x| (x - average).powi(2)).sum::<f64>() / (n - 1.0);
            let expected = holds(&*course, species, t);
            let error = (variance / n).sqrt().max(1e-3);
            assert!((average - expected).abs() < 4.0 * error, "{species} at {t} s: {average} is not {expected}");
        }
    }
}

#[test]
fn how_a_mean_is_cut_matters_little() {
    let text = decay(LAWS[3].0);
    let system = mean(&text);
    let of = |bins| {
        let record = system.run(Streams::new(1, 0), window(0.0, 30.0, bins)).unwrap();
        measure(&*system, &record, "cell.reserve", "occupancy", "time_mean")
    };
    close(of(1), of(500), 1e-6, "cut");
}

#[test]
fn other_times_are_refused_by_name() {
    for (law, name) in [
        ("kind = \"gamma\", mean = \"8 s\", cv = 1.5", "gamma with a `cv` over 1"),
        ("kind = \"pareto\", min = \"1 s\", alpha = 2.5", "pareto"),
        ("kind = \"linear\", base = \"1 s\", per_byte = \"1 ns/B\"", "linear"),
    ] {
        let text = format!("[run]\nfidelity = \"mean\"\n{}", decay(law));
        let Err(found) = build(&text) else { panic!("{law} was accepted") };
        let d = found.iter().next().expect("a finding");
        assert_eq!((d.code, &*d.message), ("E0630", &*format!("`endo` takes times whose law is {name}")));
        assert_eq!(&text[d.span.start as usize..d.span.end as usize], format!("{{ {law} }}"));
    }
}

#[test]
fn delays_that_take_too_many_steps_are_refused() {
    let law = "kind = \"constant\", time = \"1 us\"";
    let of = |duration: &str| build(&format!("[run]\nfidelity = \"mean\"\nduration = \"{duration}\"\n{}", decay(law)));
    assert!(of("99 s").is_ok());
    let Err(found) = of("101 s") else { panic!("it was accepted") };
    let d = found.iter().next().expect("a finding");
    assert_eq!((d.code, &*d.message), ("E0630", "`endo` takes times that are too short against the run"));
}
