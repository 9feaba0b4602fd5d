//! Bundled scenarios show what they say of themselves.

mod common;

use common::{Place, number};

/// A study of a bundled scenario. What is claimed holds for a run as a rule, so that medians over replications are compared:
/// a mean would also be that of what happens now and then (flows that hash to one queue).
struct Study {
    place: Place,
}

impl Study {
    fn of(name: &str, reps: &str, more: &[&str]) -> Self {
        let place = Place::new();
        let args = [&["run", name, "--quiet", "--reps", reps, "--out", "out"], more].concat();
        place.egress(&args).ends_with(0);
        Self { place }
    }
    fn medians<const N: usize>(&self, component: &str, metric: &str, stat: &str) -> [f64; N] {
        let rows = common::about(&self.place.path("out/metrics.csv"), component, metric, stat);
        std::array::from_fn(|point| {
            let of_point = rows.iter().filter(|r| r["point"] == point.to_string());
            let mut values: Vec<f64> = of_point.map(|r| number(r, "value")).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        })
    }
}

#[track_caller]
fn within(what: &str, x: f64, low: f64, high: f64) {
    assert!((low..high).contains(&x), "{what}: {x} is not between {low} and {high}");
}

#[test]
fn managed_queues_shorten_the_wait_behind_uploads_and_cost_nothing() {
    let study = Study::of("bufferbloat", "3", &[]);
    let [fifo, codel, fq_codel, pie] = study.medians("pings", "wait_time", "mean");
    // 600 packets of 0.6 ms are full or nearly so; CoDel's and PIE's targets are 5 and 15 ms; a packet takes 0.6 ms.
    within("fifo", fifo, 0.28, 0.36);
    within("codel", codel, 3e-3, 10e-3);
    within("fq_codel", fq_codel, 0.3e-3, 0.6e-3);
    within("pie", pie, 10e-3, 20e-3);
    for goodput in study.medians::<4>("uploads", "goodput", "mean") {
        within("uploads", goodput, 0.99 * 19.45e6, 19.47e6);
    }
}

#[test]
fn a_fading_link_keeps_what_a_long_queue_holds_and_leaves_a_short_one_empty() {
    let study = Study::of("cellular-uplink", "3", &[]);
    let [fifo, codel, fq_codel, pie] = study.medians("pings", "sojourn_time", "mean");
    within("fifo", fifo, 0.5, 0.9);
    within("fifo, p99", study.medians::<4>("pings", "sojourn_time", "p99")[0], 1.8, 3.0);
    assert!(fq_codel < codel && codel < pie && pie < fifo / 10.0, "{fq_codel} {codel} {pie} {fifo}");
    // The mean of the course is 0.5385; the long queue never lets the link idle.
    let [all, codel, fq_codel, pie] = study.medians("radio", "bit_rate", "mean");
    within("all that can be sent", all, 0.998 * 10.77e6, 1.002 * 10.77e6);
    within("codel", codel / all, 0.75, 0.88);
    within("fq_codel", fq_codel / all, 0.75, 0.88);
    within("pie", pie / all, 0.85, 0.95);
    // Busy time counts pauses, and is not what the link could have sent.
    let [fifo, codel, ..] = study.medians::<4>("radio", "utilization", "time_mean");
    within("fifo", fifo, 0.999, 1.0 + 1e-12);
    within("codel", codel, 0.8, 0.9);
}

#[test]
fn reno_yields_to_cubic_the_more_the_farther_away_and_sessions_pay_for_both() {
    let study = Study::of("dumbbell-tcp", "5", &[]);
    let [old, new] = ["old", "new"].map(|flow| study.medians::<5>(flow, "goodput", "mean").map(|x| x / 1e6));
    within("Reno, 2 ms", old[0], 19.0, 23.0);
    within("CUBIC, 2 ms", new[0], 22.0, 26.0);
    within("Reno, 80 ms", old[4], 10.5, 13.5);
    within("CUBIC, 80 ms", new[4], 29.0, 33.0);
    assert!(old[1] > old[3] && old[3] > old[4] && new[1] < new[3] && new[3] < new[4], "{old:?} {new:?}");
    // 200 packets of 0.24 ms, nearly full, against 4.5 ms there and back: and less, the longer the empty path takes.
    let slowdown = study.medians::<5>("sessions", "slowdown", "mean");
    within("slowdown, 2 ms", slowdown[0], 17.0, 23.0);
    within("slowdown, 80 ms", slowdown[4], 1.6, 2.0);
    assert!(slowdown.is_sorted_by(|a, b| a > b), "{slowdown:?}");
    within("wait, 2 ms", study.medians::<5>("uplink", "wait_time", "mean")[0], 0.036, 0.048);
}

#[test]
fn slow_start_that_ends_early_loses_nothing_and_spares_those_beside_it() {
    let study = Study::of("slow-start", "8", &[]);
    let [standard, hystart, plus_plus] = study.medians::<3>("access", "loss_ratio", "mean");
    within("standard", standard, 0.1, 0.14);
    assert!(hystart == 0.0, "{hystart}");
    within("hystart_plus_plus", plus_plus, 0.01, 0.015);
    let [standard, hystart, plus_plus] = study.medians::<3>("calls", "sojourn_time", "mean");
    within("calls, standard", standard, 0.09, 0.12);
    within("calls, hystart", hystart, 0.043, 0.047);
    assert!(plus_plus > hystart, "{plus_plus}");
}

/// The rates of the four connections of the parking lot, in Mbit/s, by queue.
fn parked(more: &[&str]) -> [[f64; 4]; 4] {
    let study = Study::of("parking-lot", "3", more);
    let of = |flow: &str| study.medians::<4>(flow, "goodput", "mean").map(|x| x / 1e6);
    let all = ["long", "first", "second", "third"].map(of);
    std::array::from_fn(|queue| all.map(|flow| flow[queue]))
}

/// Jain's index of fairness.
fn jain(rates: [f64; 4]) -> f64 {
    rates.iter().sum::<f64>().powi(2) / (4.0 * rates.iter().map(|x| x * x).sum::<f64>())
}

#[test]
fn a_connection_over_three_bottlenecks_gets_less_than_its_max_min_share_unless_flows_have_queues() {
    // In the fluid each has a half of what pings leave, whatever the queue: 1460 of 1500 B are payload.
    let half = (10.0 - 20.0 * 98.0 * 8.0 / 1e6) / 2.0 * 1460.0 / 1500.0;
    for rates in parked(&["--set", "run.fidelity=fluid"]) {
        assert!(rates.iter().all(|x| (x / half - 1.0).abs() < 1e-4), "{rates:?} {half}");
    }
    let [fifo, codel, pie, fq_codel] = parked(&[]);
    // The rates of Reno go with 1/(RTT sqrt(p)): 3 sqrt(3) times less for the long connection.
    let short = 2.0 * half / (1.0 + 1.0 / 27f64.sqrt());
    for (queue, rates) in [("codel", codel), ("pie", pie)] {
        within(queue, rates[0] / (short / 27f64.sqrt()), 0.75, 1.25);
        assert!(rates[1..].iter().all(|x| (x / short - 1.0).abs() < 0.05), "{queue}: {rates:?} {short}");
    }
    within("fifo", fifo[0], 0.4, 1.5);
    within("fq_codel", fq_codel[0] / half, 0.85, 1.0);
    let [fifo, codel, pie, fq_codel] = [fifo, codel, pie, fq_codel].map(jain);
    assert!(
        [fifo, codel, pie].iter().all(|j| (0.75..0.87).contains(j)) && fq_codel > 0.98,
        "{fifo} {codel} {fq_codel}"
    );

    let cubic: Vec<String> =
        ["long", "first", "second", "third"].map(|flow| format!("traffic.{flow}.tcp.cc.kind=cubic")).to_vec();
    let more: Vec<&str> = cubic.iter().flat_map(|set| ["--set", set.as_str()]).collect();
    let [fifo, .., fq_codel] = parked(&more);
    within("fifo, CUBIC", fifo[0], 0.4, 2.0);
    within("fq_codel, CUBIC", fq_codel[0] / half, 0.98, 1.0);
}

#[test]
fn transfers_over_a_busy_link_are_slowed_down_as_processor_sharing_says() {
    let study = Study::of("abilene-day", "3", &["--sweep", "traffic.demand.load=[0.0012, 0.002]"]);
    let busy = study.medians::<2>("ATLAng_IPLSng.reverse", "utilization", "time_mean");
    let slowdown = study.medians::<2>("demand.CHINng-HSTNng", "slowdown", "mean");
    let elsewhere = study.medians::<2>("demand.WASHng-NYCMng", "slowdown", "mean");
    for (i, load) in [0.0012, 0.002].into_iter().enumerate() {
        // 815 589 Mbit/s of payload in segments of 1460 B of 1500, over 2480 Mbit/s; sizes vary by twice their mean, so that
        // the volume of 5000 transfers and more does by 3 %.
        let expected = 815_589.0 * load / 2480.0 * 1500.0 / 1460.0;
        within("utilization", busy[i] / expected, 0.93, 1.07);
        within("slowdown", slowdown[i] * (1.0 - busy[i]), 0.94, 1.06);
        within("elsewhere", elsewhere[i], 1.0, 1.2);
    }
    // Some 77 760 at 0.0024.
    let counted = common::rows(&study.place.path("out/metrics.csv"));
    let of_a_run = |r: &&std::collections::BTreeMap<String, String>| {
        r["point"] == "1"
            && r["replication"] == "0"
            && r["metric"] == "departures"
            && r["component"].starts_with("demand.")
    };
    let n: f64 = counted.iter().filter(of_a_run).map(|r| number(r, "value")).sum();
    let expected: f64 = 77_760.0 * 0.002 / 0.0024 * 22.0 / 24.0;
    within("transfers", n, expected - 4.0 * expected.sqrt(), expected + 4.0 * expected.sqrt());
}

#[test]
fn transfers_wait_for_each_other_in_the_evening() {
    // A day of four hours: 280 000 transfers a run, whose sizes are long-tailed.
    let short = ["--set", "run.duration=4 h", "--set", "waveform.day.period=4 h", "--set", "waveform.day.shift=2 h"];
    let [busy] = Study::of("evening-peak", "3", &short).medians("access", "utilization", "time_mean");
    let load = 19.5 * 24e6 * 1500.0 / 1460.0 / 1e9;
    within("utilization", busy / load, 0.98, 1.02);
    // E[(1 + a s) / (1 - U (1 + a s))] over s = sin of the phase, and 5 ms.
    let slowdown = |swing: f64| {
        let at = |i: u32| 1.0 + swing * (std::f64::consts::TAU * (f64::from(i) + 0.5) / 1000.0).sin();
        (0..1000).map(|i| at(i) / (1.0 - load * at(i))).sum::<f64>() / 1000.0
    };
    let alone = 24e6 * 1500.0 / 1460.0 / 1e9;
    within("the day as told", 5e-3 + alone * slowdown(0.8), 0.1005, 0.1015);
    within("an even day as told", 5e-3 + alone * slowdown(0.0), 0.0520, 0.0530);
    let [time] = Study::of("evening-peak", "3", &short).medians("web", "sojourn_time", "mean");
    within("transfers", time / (5e-3 + alone * slowdown(0.8)), 0.93, 1.07);
    let even = [&short[..], &["--set", "waveform.day.amplitude=0"]].concat();
    let [time] = Study::of("evening-peak", "3", &even).medians("web", "sojourn_time", "mean");
    within("transfers of an even day", time / (5e-3 + alone * slowdown(0.0)), 0.95, 1.05);
}

#[test]
fn classes_of_their_own_keep_calls_from_what_backups_do() {
    let study = Study::of("qos-voice-vs-bulk", "3", &[]);
    let [fifo, prio, drr, htb] = study.medians("calls", "sojourn_time", "p99");
    // 10 ms of propagation, 0.436 ms to send a call's packet and 3 ms for one that is on the wire.
    within("fifo", fifo, 0.15, 0.25);
    assert!(prio < htb && htb < drr && drr < 0.02, "{prio} {htb} {drr}");
    assert!(study.medians::<4>("calls", "sojourn_time", "max")[1] < 13.5e-3);
    let [fifo, rest @ ..] = study.medians::<4>("calls", "loss_ratio", "mean");
    within("fifo, lost", fifo, 0.09, 0.17);
    assert_eq!(rest, [0.0; 3]);
    for lost in study.medians::<4>("backups", "loss_ratio", "mean") {
        within("backups, lost", lost, 0.38, 0.5);
    }
}

#[test]
fn insulin_comes_in_two_phases_and_glucose_supplies_the_second() {
    let granules = |warmup: &str, duration: &str, more: &[&str]| {
        let window = ["--set", warmup, "--set", duration];
        let study = Study::of("beta-cell-biphasic", "20", &[&window[..], more].concat());
        study.medians::<2>("granules", "throughput", "mean").map(|rate| 600.0 * rate)
    };
    let first = |more: &[&str]| granules("run.warmup=2 min", "run.duration=12 min", more);
    let later = |more: &[&str]| granules("run.warmup=22 min", "run.duration=32 min", more);
    // Of whole granules: the median of 20 lies within some 12 of 126 (sd 11), and so on.
    let ([_, first_fed], [later_unfed, later_fed]) = (first(&[]), later(&[]));
    within("first phase", first_fed, 114.0, 138.0);
    within("second phase", later_fed, 82.0, 102.0);
    assert!(later_unfed < 0.4 * later_fed, "{later_unfed} without glucose, {later_fed} with it");
    // The published equations.
    let mean = ["--set", "run.fidelity=mean"];
    within("first phase in the mean", first(&mean)[1], 124.0, 128.0);
    within("second phase in the mean", later(&mean)[1], 91.0, 93.0);
}

#[test]
fn lysosomes_keep_the_share_that_absorption_says() {
    let study = Study::of("transcytosis", "9", &["--duration", "4 h"]);
    let arrived = study.medians::<3>("tissue.cargo", "in_system", "mean").map(|n| n / 2000.0);
    // Binomial of 2000: the median of nine is within three of its standard errors, 0.004.
    for (found, expected) in arrived.into_iter().zip([1.0, 0.769, 0.4]) {
        within("arrived", found, expected - 0.02, expected + 0.02);
    }
    let early = Study::of("transcytosis", "9", &["--duration", "16 min"]);
    within("after 16 min", early.medians::<3>("tissue.cargo", "in_system", "mean")[0], 950.0, 1080.0);
}

#[test]
fn a_depressing_synapse_releases_no_faster_than_its_sites_recover() {
    let study = Study::of("synapse-depression", "100", &[]);
    let rates = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let e = |f: f64| f64::exp(-1.0 / (0.8 * f));
    let filled = |f: f64| (1.0 - e(f)) / (1.0 - 0.5 * e(f));
    let found = told(&study, "synapse", "throughput", "mean");
    for (found, f) in found.into_iter().zip(rates) {
        near(&format!("released a second at {f} /s"), found, 10.0 * 0.5 * filled(f) * f);
    }
    // Each spike adds 0.1 exp(-t / 0.1 s) to the rate of recovery: the integral is that of 10 ms.
    for (found, f) in told(&study, "aided", "throughput", "mean").into_iter().zip(rates) {
        let e = f64::exp(-(1.0 / f + 0.01) / 0.8);
        near(&format!("aided at {f} /s"), found, 5.0 * (1.0 - e) / (1.0 - 0.5 * e) * f);
    }
    // At 20 /s it is 91 % of what is possible, at 100 /s 98 %.
    within("20 /s", 5.0 * filled(20.0) * 20.0 / 12.5, 0.91, 0.92);
    within("100 /s", 5.0 * filled(100.0) * 100.0 / 12.5, 0.98, 0.99);
    for (found, f) in told(&study, "pair", "ratio_of_means", "replications").into_iter().zip(rates) {
        near(&format!("pair at {f} /s"), found, 1.0 - 0.5 * e(f));
    }
    for (k, mean) in [(1, 5.0), (2, 2.531_06), (3, 1.311_92), (4, 0.709_92), (5, 0.412_66)] {
        near(
            &format!("spike {k} at 100 /s"),
            told(&study, "each", &format!("mean.spike {k}"), "replications")[6],
            mean,
        );
    }
    // A site that releases at the first spike does so at the second with 0.5 (1 - e), any with 0.5 (1 - 0.5 e).
    let first = told(&study, "each", "covariance.spike 1", "replications")[6];
    near("neighbours at 100 /s", first, 10.0 * 0.25 * ((1.0 - e(100.0)) - (1.0 - 0.5 * e(100.0))));
}

#[test]
fn a_synapse_without_uptake_runs_out_and_recovers() {
    let study = Study::of("synaptic-vesicle-cycle", "100", &[]);
    // Sites release 10 U R a spike; what is under way is that rate times 15 s.
    let e = f64::exp(-0.1 / 0.5);
    let released = 10.0 * 0.25 * (1.0 - e) / (1.0 - 0.75 * e) / 0.1;
    within("released a second", released, 11.7, 11.8);
    for at in ["59 s", "239 s"] {
        near(
            &format!("under way at {at}"),
            told(&study, &format!("bouton.fused@{at}"), "count", "mean")[0],
            15.0 * released,
        );
    }
    // While uptake is blocked all 400 fuse, to the last, and stay.
    assert_eq!(told(&study, "bouton.fused@119 s", "count", "mean")[0], [400.0, 400.0, 400.0]);
    let constant = "pathway.uptake.delay={ kind = 'constant', time = '15 s' }";
    let study = Study::of("synaptic-vesicle-cycle", "100", &["--set", constant]);
    near("with constant times", told(&study, "bouton.fused@59 s", "count", "mean")[0], 15.0 * released);
    assert_eq!(told(&study, "bouton.fused@119 s", "count", "mean")[0], [400.0, 400.0, 400.0]);
}

#[test]
fn quantal_analysis_finds_the_sites_and_the_quantum_again() {
    // Of 500 trials the standard error is 5 %; of 2000 it is half of that.
    let study = Study::of("quantal-analysis", "2000", &[]);
    for (metric, expected) in [("sites", 8.0), ("quantal_size", 5000.0)] {
        let found = told(&study, "quanta", metric, "fit")[0];
        near(metric, found, expected);
        assert!(found[2] - found[1] < 0.14 * expected, "{metric} is known to some 3 %: {found:?}");
    }
    let released = [0.1, 0.25, 0.4, 0.5, 0.7, 0.9];
    for (found, p) in told(&study, "quanta", "release_probability", "fit").into_iter().zip(released) {
        near("p", found, p);
    }
    for (found, p) in told(&study, "quanta", "content_from_failures", "replications").into_iter().zip(&released[..3]) {
        near("from failures", found, -8.0 * f64::ln(1.0 - p));
    }
    // u = U + (1 - U) U exp(-1/4) finds 1 - U exp(-1/10) of the sites; after x1 releases, 8 - x1 exp(-1/10) of them.
    let (means, each) = ("ratio_of_means", "mean_of_ratios");
    let [means, each] = [means, each].map(|metric| told(&study, "pair", metric, "replications"));
    for ((means, each), p) in means.into_iter().zip(each).zip(released) {
        let (u, e) = (p + (1.0 - p) * p * f64::exp(-0.25), f64::exp(-0.1));
        near(&format!("pair at {p}"), means, u / p * (1.0 - p * e));
        let (mut share, mut sum, mut some) = (f64::powi(1.0 - p, 8), 0.0, 0.0);
        for k in 1..=8 {
            share *= f64::from(9 - k) / f64::from(k) * p / (1.0 - p);
            sum += share * u * (8.0 - e * f64::from(k)) / f64::from(k);
            some += share;
        }
        near(&format!("mean of ratios at {p}"), each, sum / some);
    }
}

/// The rows of a metric in `summary.csv`: mean and both ends of the interval, in the order of the points.
fn told(study: &Study, name: &str, metric: &str, stat: &str) -> Vec<[f64; 3]> {
    let rows = common::about(&study.place.path("out/summary.csv"), name, metric, stat);
    rows.iter().map(|r| ["mean", "ci_low", "ci_high"].map(|c| number(r, c))).collect()
}

/// Four standard errors are twice the half of a 95 % interval and a little more.
#[track_caller]
fn near(what: &str, [mean, low, high]: [f64; 3], expected: f64) {
    let half = (high - mean).max(mean - low);
    assert!((mean - expected).abs() < 2.1 * half, "{what}: {mean} ({low} to {high}), not {expected}");
}

#[test]
fn a_pump_that_works_against_a_leak_has_a_half_maximal_dose_far_above_its_inhibition_constant() {
    let study = Study::of("pgp-dose-response", "50", &[]);
    // The curve of the exact stationary means, through the same fit.
    let per_um = 602.214_076;
    let doses: Vec<f64> = (0..10).map(|i| 0.1 * 1000f64.powf(f64::from(i) / 9.0)).collect();
    let held = |dose: f64| {
        let (mut weight, mut total, mut first) = (1.0, 1.0, 0.0);
        for n in (1..2000).map(f64::from) {
            weight *= 0.002 * per_um / (0.002 * n + 30.11 * n / (3.0 * (1.0 + dose / 0.5) * per_um + n));
            total += weight;
            first += n * weight;
        }
        first / total
    };
    let exact = egress::scenarios::metric::hill::Hill::fit(&doses, &doses.iter().map(|&d| held(d)).collect::<Vec<_>>());
    let exact = exact.unwrap().x50;
    // Ki (1 + PS_e / PS) = 4.67 uM of a pump that is far from saturation; this one is nearly.
    within("exact", exact, 4.4, 4.7);
    let [ec50] = told(&study, "accumulation", "ec50", "fit")[..] else { panic!("one curve") };
    let [ic50] = told(&study, "efflux", "ic50", "fit")[..] else { panic!("one curve") };
    near("EC50", ec50, exact);
    near("IC50", ic50, exact);
    assert!(ec50[1] > 4.0 && ec50[2] - ec50[1] < 0.6, "{ec50:?}");
    near("Hill coefficient", told(&study, "accumulation", "hill_coefficient", "fit")[0], 1.0);
    // Of those who leave, the share by the pump is what its flux is of both; and all leave after the same time.
    let share = study.medians::<10>("cell.drug@pgp", "exit_share", "mean");
    within("by the pump, little inhibited", share[0], 0.86, 0.90);
    within("by the pump, much inhibited", share[9], 0.02, 0.06);
    let [pump, leak] = ["cell.drug@pgp", "cell.drug@leak"].map(|c| study.medians::<10>(c, "sojourn_time", "mean"));
    for (a, b) in pump.iter().zip(leak).take(6) {
        assert!((a / b - 1.0).abs() < 0.1, "{pump:?} {leak:?}");
    }
    assert!(study.place.path("out/figures/dose_response_accumulation.svg").exists());
}

#[test]
fn what_is_lost_of_a_pump_shows_late_and_slowly() {
    let study = Study::of("export-defects", "40", &[]);
    let factors = [10.0, 1.0, 0.5, 0.1, 0.0];
    let (leak, pump) = (0.002, 10_000.0 * 0.30111 / (300.0 * 602.214_076));
    let outside = 602.214_076;
    let level = |f: f64| outside * leak / (leak + f * pump);
    let ratios = told(&study, "dysfunction", "accumulation_ratio", "mean");
    for (ratio, f) in ratios.iter().zip(factors) {
        // (k + k_e) / (k + f k_e): 1.8065, 5.0909 and 9.3333 for what is lost. Km is 300 uM: saturation is 0.3 % at most.
        let expected = level(f) / level(1.0);
        let slack = [ratio[0], ratio[1] - 0.003 * expected, ratio[2] + 0.003 * expected];
        near(&format!("f = {f}"), slack, expected);
        assert!((ratio[2] - ratio[1]) / expected < 0.12, "{ratio:?}");
    }
    // |C - C_end| / C_end = |C_0 / C_end - 1| exp(-(k + f k_e) t) is 0.2; in bins of 10 s.
    let settling = told(&study, "homeostasis", "settling_time", "course");
    for (got, f) in settling.iter().zip(factors) {
        let away = (level(1.0) / level(f) - 1.0).abs();
        let expected = if away > 0.2 { (away / 0.2).ln() / (leak + f * pump) } else { 0.0 };
        let slack = 20.0 + 0.1 * expected;
        assert!((got[0] - expected).abs() < slack, "f = {f}: {got:?}, not {expected}");
    }
    // The area over 301 molecules: from 290 s on, 301.1 - 537.7 exp(-k t).
    let areas = told(&study, "toxicity", "toxic_auc", "mean");
    assert_eq!(areas[1], [0.0; 3]);
    let (end, start) = (level(0.0), level(1.0));
    let threshold = 0.5 * outside;
    let from = ((end - start) / (end - threshold)).ln() / leak;
    let tail = |t: f64| (end - start) / leak * (-leak * t).exp();
    let expected = (end - threshold) * (5400.0 - from) - (tail(from) - tail(5400.0));
    within("toxic area", areas[4][0] / expected, 0.98, 1.03);
    // J / n of a pump far from saturation is f k_e.
    let rates = told(&study, "clearance", "elimination_rate", "mean");
    for (rate, f) in rates.iter().zip(factors) {
        assert!((rate[0] - f * pump).abs() <= 0.02 * f * pump, "f = {f}: {rate:?}");
    }
    // 1 fL in a second is 6e-8 uL in a minute.
    let clearance = told(&study, "clearance", "clearance", "mean");
    assert!((clearance[1][0] / rates[1][0] / 6e-8 - 1.0).abs() < 1e-9);
    for balance in told(&study, "balance", "balance_index", "mean") {
        within("balance", balance[0], -0.02, 0.02);
    }
    // d ln n / d ln k_e = - f k_e / (k + f k_e), and the same of the leak with the other sign: 0 in sum.
    let coefficients = told(&study, "control", "control.pathway.pump.kcat", "mean");
    for (c, f) in coefficients.iter().zip(factors) {
        let expected = -f * pump / (leak + f * pump);
        assert!((c[0] - expected).abs() < 0.02 + 2.1 * (c[2] - c[0]), "f = {f}: {c:?}, not {expected}");
    }
    for sum in told(&study, "control", "control.sum", "mean") {
        assert!(sum[0].abs() < 2.1 * (sum[2] - sum[0]) + 1e-9, "{sum:?}");
    }
}

#[test]
fn the_step_with_the_largest_control_coefficient_limits_the_export() {
    let study = Study::of("export-bottleneck", "40", &[]);
    let of = |path: &str| told(&study, "export", &format!("control.{path}"), "mean");
    let [uptake, conjugation, pump] = ["pathway.uptake.P", "reaction.conjugation.k", "pathway.mrp2.kcat"].map(of);
    // Two pumps are saturated and have all the control; more of them have none: 5/6 is the uptake's, 1/6 the conjugation's.
    for (point, expected) in
        [[0.0, 0.0, 1.0], [5.0 / 6.0, 1.0 / 6.0, 0.0], [5.0 / 6.0, 1.0 / 6.0, 0.0]].iter().enumerate()
    {
        for (c, e) in [&uptake, &conjugation, &pump].into_iter().zip(expected) {
            near(&format!("point {point}"), [c[point][0], c[point][1] - 0.01, c[point][2] + 0.01], *e);
            assert!(c[point][2] - c[point][1] < 0.15, "{c:?}");
        }
    }
    // The summation theorem, within three standard errors (1.5 halves of the interval) at each point.
    for sum in told(&study, "export", "control.sum", "mean") {
        assert!((sum[0] - 1.0).abs() < 1.6 * (sum[2] - sum[0]), "{sum:?}");
    }
    // Behind saturated pumps there is no steady state: the count grows by p - Vmax, 1.2044 5/6 - 0.6.
    let drift = told(&study, "conjugates", "drift", "mean");
    near("drift", drift[0], 0.002 * 602.214_076 * 5.0 / 6.0 - 0.6);
    for steady in &drift[1..] {
        near("steady", *steady, 0.0);
    }
    let notes = common::manifest(&study.place.path("out"))["notes"].to_string();
    assert!(notes.matches("is not steady").count() == 1, "{notes}");
}

#[test]
fn a_slow_link_or_the_round_trip_controls_an_upload_whichever_is_less() {
    let study = Study::of("window-or-link", "4", &[]);
    let of = |path: &str| told(&study, "upload_rate", &format!("control.{path}"), "mean");
    let [rate, calls] = ["link.uplink.rate", "traffic.calls.rate"].map(of);
    let [uplink, access] = ["link.uplink.delay", "link.access.delay"].map(of);
    // Behind 5 Mbit/s the upload has what 1 Mbit/s of calls leave: R / (R - r) and - r / (R - r).
    within("slow, rate", rate[0][0], 1.2, 1.3);
    within("slow, calls", calls[0][0], -0.3, -0.2);
    within("slow, delay", uplink[0][0], -0.02, 0.02);
    // At 100 Mbit/s a window goes each round trip: 22 ms of propagation, and a little on the links.
    within("fast, rate", rate[2][0], 0.0, 0.15);
    within("fast, delays", uplink[2][0] + access[2][0], -1.0, -0.85);
    for sum in told(&study, "upload_rate", "control.sum", "mean") {
        within("sum", sum[0], 0.97, 1.03);
    }
    let notes = common::manifest(&study.place.path("out"))["notes"].to_string();
    for bottleneck in ["at 5 Mbit/s: link.uplink.rate (1.2", "at 100 Mbit/s: link.uplink.delay (-0.8"] {
        assert!(notes.contains(&format!("bottleneck of upload.goodput {bottleneck}")), "{notes}");
    }
}

#[test]
fn blocked_carriers_lead_to_another_steady_state_or_to_none() {
    let study = Study::of("uptake-block", "60", &[]);
    let (release, km) = (200.0, 20.0 * 0.2 * 602.214_076);
    let capacity = |blocked: f64| 20.0 * 30.0 * (1.0 - blocked);
    let (means, noise) = (told(&study, "noise", "mean", "replications"), told(&study, "noise", "fano", "replications"));
    let (drift, balance) = (told(&study, "growth", "drift", "mean"), told(&study, "balance", "balance_index", "mean"));
    // Births at p and deaths at Vmax n / (Km + n): negative binomial.
    for (point, blocked) in [0.0, 0.3].into_iter().enumerate() {
        let rho = release / capacity(blocked);
        near("mean", means[point], rho * (km + 1.0) / (1.0 - rho));
        near("Fano factor", noise[point], 1.0 / (1.0 - rho));
        near("drift", drift[point], 0.0);
        near("balance", balance[point], 0.0);
    }
    // Beyond the capacity the count grows by p - Vmax, and Vmax is what comes in.
    for (point, blocked) in [(2, 0.8), (3, 1.0)] {
        let vmax = capacity(blocked);
        // The count is 7 Km and more: uptake is at nearly nine tenths of Vmax when the window opens, and nears it.
        let below = 0.15 * vmax;
        assert!(drift[point][2] > release - vmax && drift[point][1] < release - vmax + below, "{:?}", drift[point]);
        let index = (release - vmax) / (release + vmax);
        within("balance", balance[point][0], index - 0.01, index + 0.07);
    }
    assert_eq!(balance[3], [1.0; 3]);
    let notes = common::manifest(&study.place.path("out"))["notes"].to_string();
    assert!(notes.matches("is not steady").count() == 2, "{notes}");
}

#[test]
fn lactate_settles_by_protons_alone_and_above_that_if_glycolysis_drives_it() {
    // 6022 molecules are 1 mM.
    let held = |study: &Study| study.medians::<3>("cell.lactate", "occupancy", "time_mean").map(|n| n / 6022.14);
    let protons = [39.8107, 63.0957, 158.489];
    let inside = 63.0957 / 39.8107;
    let idle = ["--set", "pathway.glycolysis.rate=0 uM/s"];
    for carriers in
        [&idle[..], &[&idle[..], &["--set", "pathway.mct4.N=300", "--set", "pathway.mct4.kcat=10 /s"]].concat()]
    {
        let ratios = held(&Study::of("lactate-export", "3", carriers));
        for (ratio, (outside, expected)) in ratios.into_iter().zip(protons.into_iter().zip([0.630_957, 1.0, 2.511_886]))
        {
            assert!(f64::abs(outside / 63.0957 / expected - 1.0) < 1e-5);
            within("without glycolysis", ratio / expected, 0.95, 1.05);
        }
    }
    let made = 16.6667e-3 * 6022.14 / 2000.0;
    let driven = held(&Study::of("lactate-export", "3", &[]));
    for (lactate, outside) in driven.into_iter().zip(protons) {
        let q = outside / 39.8107 / 28.0;
        let expected = (made * (1.0 + q) + q) / (1.0 - made) * 28.0 / inside;
        within("with glycolysis", lactate / expected, 0.96, 1.04);
    }
}

#[test]
fn a_pump_keeps_out_what_porins_let_in_slowly() {
    let inside = |study: &Study, drug: &str, um: f64| {
        study.medians::<2>(&format!("periplasm.{drug}"), "occupancy", "time_mean").map(|n| n / (um * 120.442_8))
    };
    let intact = Study::of("acrab-tolc", "3", &["--set", "run.duration=3 s", "--set", "run.warmup=2 s"]);
    // Influx and efflux balance at 0.97920 and 0.05317; with ampicillin's permeability at a third of 50 uM.
    let [own, slow] = inside(&intact, "cephaloridine", 50.0);
    within("cephaloridine", own, 0.974, 0.984);
    let outside = 50.0;
    let balance = |c: f64| 0.28e-5 * 132.0 * (outside - c) - 1.82 * c.powf(1.75) / (288f64.powf(1.75) + c.powf(1.75));
    let (mut low, mut high) = (0.0, outside);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        *if balance(middle) > 0.0 { &mut low } else { &mut high } = middle;
    }
    within("with the permeability of ampicillin", slow / (low / outside), 0.93, 1.08);
    assert!(1.0 - slow > 25.0 * (1.0 - own), "{slow} {own}");
    let [ampicillin, _] = inside(&intact, "ampicillin", 5.72);
    within("ampicillin", ampicillin / 0.05317, 0.85, 1.15);
    // After the loss both come in; ampicillin takes seconds.
    let late = [
        "--set",
        "run.duration=16 s",
        "--set",
        "run.warmup=12 s",
        "--sweep",
        "pathway.porins.P=0.28e-5 cm/s,0.1e-5 cm/s",
    ];
    let lost = Study::of("acrab-tolc", "3", &late);
    within("ampicillin, no pump", inside(&lost, "ampicillin", 5.72)[0], 0.96, 1.02);
}

#[test]
fn bile_salts_rise_as_export_pumps_are_lost() {
    let study = Study::of("bile-export", "3", &[]);
    let held = |study: &Study, salt: &str| study.medians::<4>(&format!("cell.{salt}"), "occupancy", "time_mean");
    // (k + k_e) / (k + f k_e), with k_e / k = 8.333 and 3.22.
    for (salt, influx, ratio) in [("TC", 56.25, 8.333), ("GC", 20.0, 3.2197)] {
        let counts = held(&study, salt);
        for (count, left) in counts.into_iter().zip([1.0, 0.5, 0.1, 0.0]) {
            let expected = (1.0 + ratio) / (1.0 + left * ratio);
            within(salt, count / counts[0] / expected, 0.94, 1.06);
        }
        within("as it is", counts[0] / (influx / 0.01 / (1.0 + ratio)), 0.95, 1.05);
    }
    // A dose of cyclosporin as great as its Ki is the loss of half the pumps.
    let dosed = Study::of("bile-export", "3", &["--set", "compartment.cell.fixed.CsA=9.5 uM"]);
    within("cyclosporin", held(&dosed, "TC")[0] / held(&study, "TC")[1], 0.95, 1.05);
}

#[test]
fn a_toxin_takes_open_channels_and_voltage_opens_them() {
    let study = Study::of("potassium-channel", "9", &[]);
    let open = study.medians::<6>("K", "utilization", "time_mean");
    for (at, p) in [0.486_538, 0.681_923, 0.799_409].into_iter().enumerate() {
        // A mean over 20 ms of a thousand channels that forget in some 2 ms: sd of less than 0.7 %.
        within("without the toxin", open[2 * at], p - 0.015, p + 0.015);
        let blocked = p / (1.0 + 2.0 * p);
        within("with the toxin", open[2 * at + 1], blocked - 0.015, blocked + 0.015);
    }
    // An opening ends at 4 beta(V), and by the toxin at 1000 /s.
    let stays = told(&study, "K@open", "sojourn_time", "mean");
    for (at, open) in [3.5101e-3, 4.5071e-3, 5.7872e-3].into_iter().enumerate() {
        near("an opening", stays[2 * at], open);
        near("an opening with the toxin", stays[2 * at + 1], 1.0 / (1.0 / open + 1000.0));
    }
}

#[test]
fn probes_exhaust_a_translator_unless_they_are_dropped_before() {
    let study = Study::of("office-firewall", "3", &[]);
    let [a, .., z, b, _, _, _, _, y]: [f64; 12] = study.medians("pages", "flow_completion_time", "mean");
    for (what, x) in [("few probes", a), ("probes that are dropped", z), ("few that pass", b)] {
        within(what, x, 0.065, 0.08);
    }
    within("many that pass", y, 5.0, 8.0);
    // By far more mappings are asked for than there are ports: 320 x 30 s of probes, and what pages ask for again and again.
    let lost: [f64; 12] = study.medians("probes", "loss_ratio", "mean");
    within("probes without a port", lost[11], 0.79, 0.81);
    assert_eq!((lost[0], lost[5], lost[6]), (1.0, 1.0, 0.0));
    let hits: [f64; 12] = study.medians("wall", "hits.default", "mean");
    // A reason only where it drops.
    let dropped: [f64; 6] = study.medians("probes", "dropped.rule:default", "mean");
    assert_eq!(hits[..6], dropped);
    within("mappings", study.medians::<12>("translator", "mappings", "time_mean")[11], 2600.0, 2800.0);
    assert_eq!(study.medians::<12>("queries", "dropped", "mean"), [0.0; 12]);
}
