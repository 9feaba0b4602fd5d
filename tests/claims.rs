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
