//! Links: framing, store and forward, losses, jitter, MTU, two directions; the laws hold with all of them.

use super::*;

/// Two nodes and a link between them with these keys, and a flow of this kind.
fn link(keys: &str, traffic: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ l = {{ from = 'a', to = 'b', {keys} }} }},
            traffic = {{ x = {{ from = 'a', to = 'b', {traffic} }} }} }}"
    )
}

#[test]
fn framing_takes_its_share_of_the_rate() {
    // A TCP segment of 1460 B (1448 B with time stamps) has 40 B (52 B) of headers and 38 B of Ethernet around it.
    for (size, overhead, share) in
        [(1460, "78 B", 1460.0 / 1538.0), (1448, "90 B", 1448.0 / 1538.0), (1500, "ethernet", 1500.0 / 1538.0)]
    {
        let text = link(
            &format!("rate = '10 Mbit/s', overhead = '{overhead}', queue = {{ kind = 'fifo', limit = '5 packets' }}"),
            &format!("kind = 'constant', rate = '12 Mbit/s', size = {{ kind = 'constant', size = '{size} B' }}"),
        );
        let record = run(&text, 100, 1);
        let goodput = value(&record, 0, "bit_rate", "mean") / 10e6;
        // To within a packet in 90 s.
        assert!((goodput - share).abs() < 1500.0 * 8.0 / 900e6, "{goodput} {share}");
        assert_eq!(value(&record, 1, "utilization", "time_mean"), 1.0);
    }
}

#[test]
fn framing_is_as_good_as_larger_packets() {
    let text = |overhead: u32, size: u32| {
        link(
            &format!("rate = '1.1 Mbit/s', delay = '3 ms', overhead = '{overhead} B'"),
            &format!("kind = 'poisson', rate = '80 packets/s', size = {{ kind = 'constant', size = '{size} B' }}"),
        )
    };
    let (framed, larger) = (run(&text(38, 1500), 100, 1), run(&text(0, 1538), 100, 1));
    for metric in ["sojourn_time", "wait_time"] {
        for stat in ["mean", "sd", "p99", "max"] {
            assert_eq!(value(&framed, 0, metric, stat), value(&larger, 0, metric, stat));
        }
    }
}

/// Three links: 100 Mbit/s and 1 ms, 10 Mbit/s and 5 ms, 50 Mbit/s and 0.2 ms.
fn three_links(keys: &str, trace: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
            link = {{ ab = {{ from = 'a', to = 'b', rate = '100 Mbit/s', delay = '1 ms', {keys} }},
                      bc = {{ from = 'b', to = 'c', rate = '10 Mbit/s', delay = '5 ms', {keys} }},
                      cd = {{ from = 'c', to = 'd', rate = '50 Mbit/s', delay = '0.2 ms', {keys} }} }},
            traffic = {{ x = {{ kind = 'trace', from = 'a', to = 'd', file = '{trace}' }} }} }}"
    )
}

fn from_empty(text: &str) -> RunRecord {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 1 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert!(record.checks.violations.is_empty(), "{text}: {:?}", record.checks);
    record
}

#[test]
fn packets_are_stored_and_forwarded_over_unequal_links() {
    let one = TestFile::new("one.csv", b"time,size\n0,1500\n");
    let train = TestFile::new("twenty.csv", format!("time,size\n{}", "0,1500\n".repeat(20)).as_bytes());
    // Plain links, and links that could lose packets but do not.
    for keys in ["", "loss = { kind = 'bernoulli', p = 0 }"] {
        let near = |x: f64, ms: f64| assert!((x - ms * 1e-3).abs() < 1e-15, "{x}");
        near(value(&from_empty(&three_links(keys, &one.name)), 0, "sojourn_time", "max"), 7.76);
        let record = from_empty(&three_links(keys, &train.name));
        // The first at 7.76 ms, then one each 1.2 ms.
        near(value(&record, 0, "sojourn_time", "max"), 30.56);
        near(value(&record, 0, "sojourn_time", "mean"), 7.76 + 9.5 * 1.2);
        assert_eq!(value(&record, 2, "occupancy", "max"), 19.0);
    }
}

#[test]
fn a_full_queue_drops_at_its_tail() {
    // Four places besides the packet on the wire, 1 ms each; the accepted leave at 1, 2, ..., 9 ms.
    let micros = [0, 0, 0, 0, 0, 0, 0, 1001, 1100, 1201, 1202, 2500, 2501, 2502, 2503, 2504, 2505, 2506, 6003, 6004];
    let rows: Vec<String> = micros.iter().map(|us| format!("{:.6},1250", f64::from(*us) * 1e-6)).collect();
    let file = TestFile::new("tail.csv", format!("time,size\n{}", rows.join("\n")).as_bytes());
    let traffic = format!("kind = 'trace', file = '{}'", file.name);
    let record = from_empty(&link("rate = '10 Mbit/s', queue = { kind = 'fifo', limit = '4 packets' }", &traffic));
    assert_eq!((value(&record, 1, "dropped", "mean"), value(&record, 1, "departures", "mean")), (11.0, 9.0));
    let arrived = [0, 0, 0, 0, 0, 1001, 2500, 6003, 6004].map(f64::from);
    let sum: f64 = (1..=9).map(|k| f64::from(k) * 1e-3).sum::<f64>() - arrived.iter().sum::<f64>() * 1e-6;
    assert!((value(&record, 0, "sojourn_time", "mean") - sum / 9.0).abs() < 1e-12);
}

#[test]
fn a_lost_packet_has_been_sent() {
    let text = |p: f64| {
        link(
            &format!("rate = '1 Mbit/s', delay = '3 ms', loss = {{ kind = 'bernoulli', p = {p} }}"),
            "kind = 'poisson', rate = '60 packets/s'",
        )
    };
    let (none, some, all) = (run(&text(0.0), 200, 1), run(&text(0.3), 200, 1), run(&text(1.0), 200, 1));
    for record in [&some, &all] {
        for (metric, stat) in [("utilization", "time_mean"), ("occupancy", "time_mean"), ("arrivals", "mean")] {
            assert_eq!(value(record, 1, metric, stat), value(&none, 1, metric, stat), "{metric}");
        }
    }
    assert_eq!(value(&all, 0, "departures", "mean"), 0.0);
    assert_eq!(value(&all, 1, "dropped.link_loss", "mean"), value(&all, 1, "dropped", "mean"));
    // 10 800 packets: 3.3 standard errors of sqrt(0.3 0.7 / n).
    assert!((value(&some, 0, "loss_ratio", "mean") - 0.3).abs() < 3.3 * (0.21f64 / 10_800.0).sqrt());
}

#[test]
fn the_number_lost_of_a_thousand_is_binomial() {
    let text = link(
        "rate = '100 Mbit/s', loss = { kind = 'bernoulli', p = 0.02 }",
        "kind = 'constant', rate = '1000 packets/s', size = { kind = 'constant', size = '100 B' }",
    );
    let system = system(&text).unwrap_or_else(|d| panic!("{d:?}"));
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_ticks(999_500_000_000), bins: 1 };
    let n = 2000;
    let lost: Vec<f64> = (0..n)
        .map(|rep| {
            let record = system.run(Streams::new(1, rep), window).unwrap();
            assert_eq!(value(&record, 0, "arrivals", "mean"), 1000.0);
            value(&record, 0, "dropped.link_loss", "mean")
        })
        .collect();
    let n = n as f64;
    let mean = lost.iter().sum::<f64>() / n;
    let variance = lost.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    assert!((mean - 20.0).abs() <= 3.3 * (19.6 / n).sqrt(), "{mean}");
    assert!((variance / 19.6 - 1.0).abs() <= 3.3 * (2.045 / n).sqrt(), "{variance}");
}

#[test]
fn a_link_that_loses_nothing_is_a_plain_link() {
    let traffic = "kind = 'poisson', rate = '900 packets/s', size = { kind = 'imix' }";
    let keys = "rate = '3 Mbit/s', delay = '20 ms', queue = { kind = 'fifo', limit = '20 packets' }";
    let plain = run(&link(keys, traffic), 60, 97);
    for more in
        ["loss = { kind = 'bernoulli', p = 0 }", "mtu = '1518 B'", "loss = { kind = 'gilbert_elliott', p = 0, r = 1 }"]
    {
        let record = run(&link(&format!("{keys}, {more}"), traffic), 60, 97);
        assert!(value(&plain, 0, "dropped", "mean") > 0.0, "the limit must be met");
        for m in &plain.measures {
            let same = value(&record, m.component, m.metric, m.stat);
            assert_eq!(same.to_bits(), m.value.to_bits(), "{more}: {} {}", m.metric, m.stat);
        }
    }
}

#[test]
fn larger_packets_than_the_mtu_are_dropped_and_told_before() {
    let traffic = "kind = 'poisson', rate = '100 packets/s', size = { kind = 'imix' }";
    let text = link("rate = '10 Mbit/s', mtu = '1500 B'", traffic);
    let codes = |text: &str| system(text).unwrap().warnings().iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes(&text), ["W0381"]);
    assert_eq!(codes(&link("rate = '10 Mbit/s', mtu = '1518 B', overhead = 'ethernet'", traffic)), [""; 0]);
    let record = run(&text, 500, 1);
    // One in twelve of 45 000.
    let p: f64 = 1.0 / 12.0;
    let lost = value(&record, 0, "dropped.mtu", "mean") / value(&record, 0, "arrivals", "mean");
    assert!((lost - p).abs() < 3.3 * (p * (1.0 - p) / 45_000.0).sqrt(), "{lost}");
    assert_eq!(value(&record, 0, "dropped", "mean"), value(&record, 1, "dropped.mtu", "mean"));
}

#[test]
fn jitter_adds_to_the_delay_of_packets_that_are_far_apart() {
    let jitter = "jitter = { kind = 'uniform', min = '1 ms', max = '3 ms' }";
    let text =
        link(&format!("rate = '12 Mbit/s', delay = '10 ms', {jitter}"), "kind = 'constant', rate = '200 packets/s'");
    let record = run(&text, 500, 1);
    // 1 ms to send, 10 ms of delay, 2 ms of jitter with a variance of 1/3 ms^2; 90 000 packets.
    let (mean, sd) = (value(&record, 0, "sojourn_time", "mean"), value(&record, 0, "sojourn_time", "sd"));
    let n = 90_000.0f64;
    assert!((mean - 13e-3).abs() < 3.3e-3 * (1.0 / 3.0 / n).sqrt(), "{mean}");
    assert!((3.0 * sd * sd * 1e6 - 1.0).abs() < 3.3 * (0.8 / n).sqrt(), "{sd}");
    assert!(value(&record, 0, "sojourn_time", "max") <= 14e-3);
}

#[test]
fn the_ways_of_a_duplex_link_have_their_own_rates_and_chances() {
    let text = "{ node = { a = {}, b = {} },
        link = { l = { from = 'a', to = 'b', rate = '12 Mbit/s', delay = '10 ms', loss = { kind = 'bernoulli', p = 0.5 },
                       reverse = { rate = '1.2 Mbit/s', delay = '30 ms' } } },
        traffic = { x = { kind = 'constant', from = 'a', to = 'b', rate = '50 packets/s' },
                    y = { kind = 'constant', from = 'b', to = 'a', rate = '50 packets/s' } } }";
    let record = run(text, 100, 50);
    assert_eq!(value(&record, 0, "sojourn_time", "max"), 11e-3);
    assert_eq!(value(&record, 1, "sojourn_time", "max"), 40e-3);
    // Losses of one way are not those of the other.
    let lost = |flow| value(&record, flow, "dropped.link_loss", "mean");
    assert!(lost(0) > 2000.0 && lost(1) > 2000.0 && lost(0) != lost(1), "{} {}", lost(0), lost(1));
}

/// Everything at once, to a node and on.
const EVERYTHING: &str = "{
    node = { a = { stages = ['mark', 'edge'] }, b = { stages = ['police', 'two', 'shape'] }, c = {} },
    stage = { mark = { kind = 'marker', class = 'voice', dscp = 'EF' },
              edge = { kind = 'srtcm', cir = '2 Mbit/s', cbs = '10 kB', ebs = '30 kB', yellow = { dscp = 'AF12' } },
              two = { kind = 'trtcm', cir = '1.5 Mbit/s', cbs = '10 kB', pir = '2 Mbit/s', pbs = '20 kB', color_aware = true },
              police = { kind = 'policer', rate = '1.9 Mbit/s', burst = '12 kB' },
              shape = { kind = 'shaper', rate = '1.8 Mbit/s', burst = '3 kB', peakrate = '8 Mbit/s', limit = '30 packets',
                        queue = { kind = 'priority', classes = ['voice'], limit = '12 packets' } } },
    link = { ab = { from = 'a', to = 'b', rate = '4 Mbit/s', delay = '7 ms', overhead = 'ethernet', mtu = '1500 B',
                    loss = { kind = 'gilbert_elliott', p = 0.02, r = 0.3, h = 0.2, k = 0.999 },
                    jitter = { kind = 'exponential', mean = '2 ms' },
                    reverse = { rate = '500 kbit/s', queue = { kind = 'tbf', rate = '300 kbit/s', limit = '20 kB' } } },
             bc = { from = 'b', to = 'c', rate = '2 Mbit/s', delay = '3 ms', loss = { kind = 'bernoulli', p = 0.01 },
                    queue = { kind = 'tbf', rate = '1.4 Mbit/s', burst = '5 kB', limit = '10 packets' } } },
    traffic = { v = { kind = 'constant', from = 'a', to = 'c', rate = '200 kbit/s', class = 'voice',
                      size = { kind = 'constant', size = '200 B' } },
                d = { kind = 'poisson', from = 'a', to = 'c', rate = '2.5 Mbit/s', size = { kind = 'imix' } },
                u = { kind = 'poisson', from = 'c', to = 'a', rate = '400 kbit/s', size = { kind = 'imix' } } } }";

#[test]
fn the_laws_hold_and_bins_leave_no_trace_with_everything_at_once() {
    let (few, many) = (run(EVERYTHING, 60, 1), run(EVERYTHING, 60, 1009));
    assert!(few.measures.iter().zip(&many.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()));
    // Each reason occurs, and the reasons of all elements together are all losses of the flows.
    let sum = |metric: &str, flows: bool| -> f64 {
        few.measures.iter().filter(|m| (m.component < 3) == flows && m.metric == metric).map(|m| m.value).sum()
    };
    for reason in ["dropped.policed", "dropped.mtu", "dropped.link_loss", "dropped.overlimit", "dropped.tail_drop"] {
        assert!(sum(reason, false) > 0.0, "{reason}");
        assert_eq!(sum(reason, true), sum(reason, false), "{reason}");
    }
    assert!(["green", "yellow", "red", "marked"].iter().all(|color| sum(color, false) > 0.0));
}

#[test]
fn connections_get_through_lossy_shaped_links() {
    let text = "{ node = { a = { stages = ['p'] }, b = {} },
        stage = { p = { kind = 'shaper', rate = '4 Mbit/s', burst = '6 kB', limit = '20 packets' } },
        link = { l = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '10 ms', overhead = 'ethernet',
                       loss = { kind = 'gilbert_elliott', p = 0.001, r = 0.5 },
                       jitter = { kind = 'exponential', mean = '1 ms' },
                       reverse = { rate = '1 Mbit/s', jitter = { kind = 'uniform', min = '0 s', max = '2 ms' } } } },
        traffic = { x = { kind = 'bulk', from = 'a', to = 'b' } } }";
    let record = run(text, 60, 30);
    let goodput = value(&record, 0, "goodput", "mean");
    assert!((2e6..4e6 * 1460.0 / 1500.0).contains(&goodput), "{goodput}");
    assert!(value(&record, 0, "dropped.link_loss", "mean") > 0.0);
}

/// A half-duplex link of 10 Mbit/s and 5 ms, with flows x there and y back.
fn half_duplex(queue: &str, x: &str, y: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, b = {{}} }},
            link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', delay = '5 ms', duplex = 'half' {queue} }} }},
            traffic = {{ x = {{ from = 'a', to = 'b', {x} }}, y = {{ from = 'b', to = 'a', {y} }} }} }}"
    )
}

#[test]
fn two_ways_take_turns_by_who_came_first() {
    // Every 3 ms a packet of 1 ms each way, the way there first. Then two there and one back between them.
    let size = "size = { kind = 'constant', size = '1250 B' }";
    let constant = |packets: u32, start: &str| {
        format!("kind = 'constant', rate = '{packets} packets/s', {size}, start = '{start}'")
    };
    let record = run(&half_duplex("", &constant(300, "0 s"), &constant(300, "0 s")), 10, 3);
    assert_eq!([0, 1].map(|flow| value(&record, flow, "sojourn_time", "max")), [0.006, 0.007]);
    assert_eq!(
        [2, 3].map(|way| value(&record, way, "utilization", "time_mean")).map(|u| (u * 1000.0).round()),
        [300.0; 2]
    );
    // The packet back comes 0.5 ms after that there, every 10 ms: it waits for the other 0.5 ms.
    let record = run(&half_duplex("", &constant(100, "0 s"), &constant(100, "500 us")), 10, 3);
    assert_eq!([0, 1].map(|flow| value(&record, flow, "sojourn_time", "max")), [0.006, 0.0065]);
    // A full-duplex link keeps nobody waiting.
    let full =
        half_duplex("", &constant(300, "0 s"), &constant(300, "0 s")).replace("duplex = 'half'", "duplex = true");
    assert_eq!([0, 1].map(|flow| value(&run(&full, 10, 3), flow, "sojourn_time", "max")), [0.006; 2]);
}

#[test]
fn both_ways_of_a_half_duplex_link_are_one_queue() {
    // 300 and 400 packets/s of 1 ms on average: M/M/1 at 0.7, 10/3 ms for all of them. By links of 5 ms.
    let poisson = |rate| {
        format!("kind = 'poisson', rate = '{rate} packets/s', size = {{ kind = 'exponential', mean = '1250 B' }}")
    };
    for queue in ["", ", queue = { kind = 'plain', limit = 'none' }"] {
        let record = run(&half_duplex(queue, &poisson(300), &poisson(400)), 2500, 2);
        for way in [2, 3] {
            // The standard error of the number in the system is 0.5 % of 7/3 in 2 million services (Whitt 1989).
            let time = value(&record, way, "sojourn_time", "mean");
            assert!((time * 300.0 - 1.0).abs() < 0.018, "{way}: {time}");
        }
    }
}

#[test]
fn half_duplex_links_keep_the_laws_with_any_queue_and_failures() {
    let poisson = |rate| format!("kind = 'poisson', rate = '{rate} Mbit/s', size = {{ kind = 'imix' }}");
    let failures =
        ", failures = { up = { kind = 'exponential', mean = '2 s' }, down = { kind = 'exponential', mean = '0.2 s' } }";
    let shaped = "{ kind = 'tbf', rate = '4 Mbit/s', burst = '3 kB', limit = '50 packets' }";
    for queue in ["{ kind = 'fifo', limit = '20 packets' }", "{ kind = 'codel' }", "{ kind = 'fq_codel' }", shaped] {
        for failures in ["", failures] {
            let text = half_duplex(&format!(", queue = {queue} {failures}"), &poisson(6), &poisson(5));
            // Conservation, Little's law and the utilization law of each way are checked in the run.
            let records = [1, 97].map(|bins| run(&text, 60, bins));
            let all = records[0].measures.iter().zip(&records[1].measures);
            assert!(all.clone().count() > 60);
            all.for_each(|(a, b)| assert!(a.value.to_bits() == b.value.to_bits(), "{queue}: {} {}", a.metric, a.stat));
            let used = [2, 3].map(|way| value(&records[0], way, "utilization", "time_mean"));
            assert!(used[0] + used[1] <= 1.0 || queue == shaped, "{used:?}");
            let carried = [0, 1].map(|flow| value(&records[0], flow, "bit_rate", "mean") / 1e6);
            let expected = if queue == shaped { 8.0 } else { 10.0 };
            assert!(
                (carried[0] + carried[1]) / expected > if failures.is_empty() { 0.95 } else { 0.75 },
                "{queue}: {carried:?}"
            );
        }
    }
}
