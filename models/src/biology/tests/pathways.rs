//! Permeation, sources and sinks, vesicle pools, residence times.

use super::*;

fn membrane(k_out: &str) -> String {
    format!(
        r#"
[compartment.cell]
volume = "1 pL"
initial = {{ drug = "1000 molecules" }}
[compartment.medium]
volume = "4 pL"
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["cell", "medium"]
{k_out}
"#
    )
}

#[test]
fn permeation_is_binomial() {
    // Stein 1986: k_out = 0.005/s, k_in = 0.00125/s.
    let s = system(&membrane("P = \"1e-6 cm/s\"\narea = \"500 um^2\""));
    for t in [50.0, 100.0, 200.0, 500.0, 1000.0] {
        let p = 0.2 + 0.8 * f64::exp(-0.00625 * t);
        Moments::binomial(1000.0, p).assert(&final_counts(&*s, "cell.drug", 3000, t), &format!("t = {t}"));
    }
    assert!((s.event_rate() - 10.0).abs() < 1e-9);
}

#[test]
fn forward_is_from_the_first_to_the_second_whatever_is_held_constant() {
    for [first, second] in [["initial", "initial"], ["fixed", "initial"], ["initial", "fixed"]] {
        let text = format!(
            r#"
[compartment.a]
volume = "1 pL"
{first} = {{ drug = "1000 molecules" }}
[compartment.b]
volume = "4 pL"
{second} = {{ drug = "1000 molecules" }}
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["a", "b"]
k_out = "1e-3 /s"
"#
        );
        let flux = |text: &str, metric: &str| {
            let s = system(text);
            measure(&*s, &run(&*s, 0, 0.0, 10.0), "leak", metric, "mean")
        };
        // Nothing goes but out of `a`, where 1000 molecules are: about one a second. Then nothing but out of `b`.
        let out = flux(&text, "throughput");
        assert!((0.1..3.0).contains(&out), "{first}, {second}: {out}");
        assert_eq!([flux(&text, "influx"), flux(&text, "net_flux")], [0.0, out], "{first}, {second}");
        let back = text.replace("k_out", "k_in");
        assert_eq!(flux(&back, "throughput"), 0.0, "{first}, {second}");
        assert!((0.1..3.0).contains(&flux(&back, "influx")), "{first}, {second}");
    }
}

#[test]
fn immigration_and_death_is_poisson() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 pL"
[species.drug]
[pathway.synthesis]
kind = "influx"
species = "drug"
to = "cell"
rate = "4 molecules/s"
[pathway.decay]
kind = "degradation"
species = "drug"
from = "cell"
k = "0.2 /s"
"#,
    );
    // The transient of an empty start is Poisson as well.
    for (t, mean) in [(2.0, 20.0 * (1.0 - (-0.4_f64).exp())), (100.0, 20.0)] {
        Moments::poisson(mean).assert(&final_counts(&*s, "cell.drug", 10_000, t), &format!("t = {t}"));
    }
}

#[test]
fn residence_of_first_order_exit_is_exponential() {
    let text = membrane("k_out = \"0.005 /s\"") + "[probe.stay]\nkind = \"residence\"\nof = \"cell.drug\"\n";
    let s = system(&text);
    let n = 40;
    let stat = |stat: &str| {
        let all = (0..n).map(|rep| measure(&*s, &run(&*s, rep, 0.0, 20_000.0), "cell.drug", "sojourn_time", stat));
        all.sum::<f64>() / n as f64
    };
    // Exp(0.005/s): mean = sd = 200 s, median 138.63 s, over 40 000 molecules.
    let error = 200.0 / (1000.0 * n as f64).sqrt();
    assert!((stat("mean") - 200.0).abs() < 4.0 * error, "{}", stat("mean"));
    assert!((stat("sd") - 200.0).abs() < 4.0 * error * 2.0_f64.sqrt() + 0.5, "{}", stat("sd"));
    assert!((stat("p50") - 138.629).abs() < 4.0 * error + 1.0, "{}", stat("p50"));
}

#[test]
fn following_entities_does_not_change_the_run() {
    let plain = membrane("P = \"1e-6 cm/s\"\narea = \"500 um^2\"");
    let followed = plain.clone() + "[probe.stay]\nkind = \"residence\"\nof = \"cell.drug\"\n";
    let measures = |text: &str| {
        let s = system(text);
        let record = run(&*s, 3, 100.0, 5000.0);
        let kept = record.measures.iter().filter(|m| m.metric != "sojourn_time").copied().collect::<Vec<_>>();
        (kept, record.events)
    };
    assert_eq!(measures(&plain), measures(&followed));
}

/// The largest difference between the share of times up to t and 1 - exp(-rate t), over the edges of the sketch's buckets,
/// times the root of how many there are: below 1.95 in 999 of 1000 (Kolmogorov 1933).
fn kolmogorov(times: &Sketch, rate: f64) -> f64 {
    let (total, mut below, mut most) = (times.total() as f64, 0.0, 0.0_f64);
    for (upper, n) in times.buckets() {
        below += n as f64;
        most = most.max((below / total - (1.0 - (-rate * upper * 1e-12).exp())).abs());
    }
    most * total.sqrt()
}

#[test]
fn of_competing_exits_each_has_its_share_and_all_have_the_same_times() {
    // k = 0.0025 + 0.0015 + 0.001 /s: the time is exponential with the sum whichever exit it is, and a share is k_j / sum.
    let text = membrane("k_out = \"0.0025 /s\"")
        + r#"
[pathway.metabolism]
kind = "degradation"
species = "drug"
from = "cell"
k = "0.0015 /s"
[reaction.binding]
equation = "drug -> complex"
in = "cell"
k = "0.001 /s"
[species.complex]
[probe.stay]
kind = "residence"
of = "cell.drug"
split_by = "pathway"
"#;
    let s = system(&text);
    let exits: Vec<&str> = s.components().iter().map(|c| c.name.as_str()).filter(|n| n.contains('@')).collect();
    assert_eq!(exits, ["cell.drug@leak", "cell.drug@metabolism", "cell.drug@binding"]);
    let records: Vec<RunRecord> = (0..40).map(|rep| run(&*s, rep, 0.0, 20_000.0)).collect();
    let at = |name: &str| s.components().iter().position(|c| c.name == name).unwrap() as u32;
    let times = |name: &str| {
        let mut all = Sketch::default();
        let of = |r: &RunRecord| r.sojourns.iter().find(|(c, _)| *c == at(name)).unwrap().1.clone();
        for r in &records {
            all.merge(&of(r));
        }
        all
    };
    let everyone = times("cell.drug");
    assert_eq!(everyone.total(), exits.iter().map(|e| times(e).total()).sum::<u64>());
    // Of the whole: Exp(0.005/s), the median at 138.63 s.
    assert!(kolmogorov(&everyone, 0.005) < 1.95, "{}", kolmogorov(&everyone, 0.005));
    let n = everyone.total() as f64;
    for (exit, share) in exits.iter().zip([0.5, 0.3, 0.2]) {
        let of_exit = times(exit);
        assert!(kolmogorov(&of_exit, 0.005) < 1.95, "{exit}: {}", kolmogorov(&of_exit, 0.005));
        let (got, error) = (of_exit.total() as f64 / n, (share * (1.0 - share) / n).sqrt());
        assert!((got - share).abs() < 4.0 * error, "{exit}: {got}");
        // The variance over runs of 1000 molecules each is binomial too; that of 40 values has a relative error of 0.226.
        let shares: Vec<f64> = records.iter().map(|r| measure(&*s, r, exit, "exit_share", "mean")).collect();
        let mean = shares.iter().sum::<f64>() / 40.0;
        let variance = shares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 39.0;
        let ratio = variance / (share * (1.0 - share) / 1000.0);
        assert!((ratio - 1.0).abs() < 4.0 * 0.226, "{exit}: {ratio}");
    }
}

#[test]
fn telling_exits_apart_does_not_change_the_run() {
    let followed =
        membrane("P = \"1e-6 cm/s\"\narea = \"500 um^2\"") + "[probe.stay]\nkind = \"residence\"\nof = \"cell.drug\"\n";
    let split = followed.clone() + "split_by = \"pathway\"\n";
    let (a, b) = (system(&followed), system(&split));
    let (first, second) = (run(&*a, 3, 100.0, 5000.0), run(&*b, 3, 100.0, 5000.0));
    assert_eq!(first.measures[..], second.measures[..first.measures.len()]);
    assert_eq!(first.events, second.events);
    // There and back again: whoever comes in is not on the way out.
    let of = |metric| measure(&*b, &second, "cell.drug@leak", metric, "mean");
    assert_eq!((of("exit_share"), of("departures")), (1.0, measure(&*b, &second, "cell.drug", "departures", "mean")));
}

#[test]
fn counts_are_taken_at_their_times_and_change_nothing() {
    let plain = membrane("P = \"1e-6 cm/s\"\narea = \"500 um^2\"");
    let text = plain.clone()
        + "[probe.late]\nkind = \"count\"\nof = \"cell.drug\"\ntimes = [\"200 s\", \"50 s\", \"5000 s\", \"6000 s\"]\n\
           [probe.first]\nkind = \"count\"\nof = \"medium.drug\"\ntimes = [\"0 s\"]\n";
    let (without, with) = (system(&plain), system(&text));
    let (a, b) = (run(&*without, 3, 100.0, 5000.0), run(&*with, 3, 100.0, 5000.0));
    assert_eq!((&a.measures[..], a.events), (&b.measures[..a.measures.len()], b.events));
    let count = |record: &RunRecord, name: &str| measure(&*with, record, name, "count", "mean");
    assert_eq!(count(&b, "cell.drug@5000 s"), measure(&*with, &b, "cell.drug", "in_system", "mean"));
    assert_eq!(count(&b, "medium.drug@0 s"), 0.0);
    assert!(count(&b, "cell.drug@6000 s").is_nan(), "after the end");
    // Stein 1986: of 1000, binomial with p = 0.2 + 0.8 exp(-0.00625 t), whichever other times are looked at.
    let records: Vec<RunRecord> = (0..3000).map(|rep| run(&*with, rep, 0.0, 250.0)).collect();
    for (name, t) in [("cell.drug@50 s", 50.0), ("cell.drug@200 s", 200.0)] {
        let counts: Vec<f64> = records.iter().map(|r| count(r, name)).collect();
        Moments::binomial(1000.0, 0.2 + 0.8 * f64::exp(-0.00625 * t)).assert(&counts, name);
    }
    let twice = plain + "[probe.x]\nkind = \"count\"\nof = \"cell.drug\"\ntimes = [\"60 s\", \"1 min\"]\n";
    assert!(build(&twice).err().unwrap().iter().any(|d| d.code == "E0608"));
}

#[test]
fn release_sites_fill_independently() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 pL"
initial = { rrp = "100 vesicles" }
[compartment.cleft]
volume = "1 aL"
[species.fused]
[species.glutamate]
[pathway.release]
kind = "exocytosis"
from = "cell.rrp"
to = "cleft.fused"
k = "3 /s"
capacity = 100
refill = { k = "1 /s" }
cargo = { to = "cleft.glutamate", molecules = 5000 }
"#,
    );
    Moments::binomial(100.0, 0.25).assert(&final_counts(&*s, "cell.rrp", 5000, 10.0), "occupied sites");
    let record = run(&*s, 0, 0.0, 10.0);
    let fused = measure(&*s, &record, "cleft.fused", "in_system", "mean");
    assert_eq!(measure(&*s, &record, "cleft.glutamate", "in_system", "mean"), 5000.0 * fused);
    assert_eq!(measure(&*s, &record, "release", "throughput", "mean"), fused / 10.0);
    let entity = |name: &str| s.components().iter().find(|c| c.name == name).unwrap().entity;
    assert_eq!((entity("cell.rrp"), entity("release"), entity("cleft.glutamate")), ("vesicle", "vesicle", "molecule"));
}

#[test]
fn pools_in_a_row_are_first_order() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 pL"
initial = { reserve = 300, rrp = 0 }
[pathway.release]
kind = "exocytosis"
from = "cell.rrp"
k = "2 /s"
refill = { from = "cell.reserve", k = "0.5 /s" }
"#,
    );
    // P(ready at t) for a vesicle of the reserve.
    let t: f64 = 1.0;
    let p = 0.5 / 1.5 * ((-0.5 * t).exp() - (-2.0 * t).exp());
    Moments::binomial(300.0, p).assert(&final_counts(&*s, "cell.rrp", 5000, t), "ready");
    Moments::binomial(300.0, (-0.5 * t).exp()).assert(&final_counts(&*s, "cell.reserve", 5000, t), "reserve");
}

#[test]
fn counts_follow_concentration_and_volume() {
    let s = system(
        r#"
[compartment.cell]
volume = "1 pL"
initial = { a = "1 uM", b = "3 molecules", c = 7, d = "1e-21 mol" }
"#,
    );
    let record = run(&*s, 0, 0.0, 1.0);
    let held = |name: &str| measure(&*s, &record, name, "occupancy", "time_mean");
    // 1 uM of 1 pL, and rounding to whole molecules.
    assert_eq!([held("cell.a"), held("cell.b"), held("cell.c"), held("cell.d")], [602_214.0, 3.0, 7.0, 602.0]);
}
