//! Shapers, policers and meters in whole networks.

use super::*;

fn at_gateway(stage: &str, link: &str, traffic: &str) -> String {
    format!(
        "{{ node = {{ a = {{ stages = ['s'] }}, b = {{}} }}, stage = {{ s = {{ {stage} }} }},
            link = {{ l = {{ from = 'a', to = 'b', {link} }} }}, traffic = {{ x = {{ from = 'a', to = 'b', {traffic} }} }} }}"
    )
}

fn from_empty(text: &str, seconds: u64) -> RunRecord {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(seconds), bins: 1 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert!(record.checks.violations.is_empty(), "{text}: {:?}", record.checks);
    record
}

/// Arrivals in us, sizes in bytes.
const PACKETS: [(u32, u32); 15] = [
    (0, 1500),
    (0, 1000),
    (0, 500),
    (1000, 200),
    (4000, 500),
    (8000, 1000),
    (12_000, 64),
    (12_000, 1500),
    (20_000, 1500),
    (44_000, 3000),
    (44_001, 40),
    (60_000, 1500),
    (60_000, 500),
    (61_000, 200),
    (62_000, 1500),
];

fn trace(name: &str) -> TestFile {
    let row = |(us, bytes): &(u32, u32)| format!("{:.6},{bytes}\n", f64::from(*us) * 1e-6);
    TestFile::new(name, format!("time,size\n{}", PACKETS.iter().map(row).collect::<String>()).as_bytes())
}

#[test]
fn a_shaper_releases_packets_when_their_tokens_are_there() {
    let released =
        [0, 0, 0, 1600, 5600, 13_600, 14_112, 26_112, 38_112, 62_112, 62_432, 74_432, 78_432, 80_032, 92_032];
    let waits = PACKETS.iter().zip(released).map(|(p, at)| f64::from(at - p.0) * 1e-6);
    let file = trace("shaped.csv");
    let traffic = format!("kind = 'trace', file = '{}'", file.name);
    // As a stage, and as the queue of a link that takes no time.
    let shaper = "rate = '1 Mbit/s', burst = '3000 B'";
    let queue = format!("queue = {{ kind = 'tbf', {shaper} }}");
    let server = "kind = 'server', service = { kind = 'constant', time = '1 ps' }";
    for (stage, link) in [(format!("kind = 'shaper', {shaper}"), ""), (server.to_string(), queue.as_str())] {
        let record = from_empty(&at_gateway(&stage, link, &traffic), 1);
        assert_eq!(value(&record, 0, "departures", "mean"), 15.0);
        let found = [value(&record, 0, "sojourn_time", "mean"), value(&record, 0, "sojourn_time", "max")];
        let expected = [waits.clone().sum::<f64>() / 15.0, waits.clone().fold(0.0, f64::max)];
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-10), "{found:?} {expected:?}");
    }
}

#[test]
fn a_limit_in_time_bounds_the_wait_for_tokens() {
    // Twice the rate of the tokens: the queue is full, and a packet that gets in waits for 100 ms of the rate at most.
    let shaper = "rate = '1 Mbit/s', burst = '1500 B', limit = '100 ms'";
    let traffic = "kind = 'constant', rate = '2 Mbit/s', size = { kind = 'constant', size = '125 B' }";
    let server = "kind = 'server', service = { kind = 'constant', time = '1 ps' }";
    let line = format!("rate = '100 Mbit/s', queue = {{ kind = 'tbf', {shaper} }}");
    for (stage, link) in [(format!("kind = 'shaper', {shaper}"), ""), (server.to_string(), line.as_str())] {
        let found = value(&run(&at_gateway(&stage, link, traffic), 20, 1), 0, "wait_time", "max");
        assert!((0.099..=0.1).contains(&found), "{found}");
    }
}

/// The utilization of component `component` in 100 s, and its bits over what 1 Mbit/s lets go in that time: U = X S, with
/// the time S that the tokens of a packet take.
fn utilization(text: &str, component: u32) -> (f64, f64) {
    let record = run(text, 100, 50);
    let found = value(&record, component, "utilization", "time_mean");
    let rows = |r: &&sim_core::stats::SeriesRow| r.component == component && r.metric == "utilization";
    let series = &record.series.rows.iter().find(rows).unwrap().values;
    assert!(series.iter().all(|u| (0.0..=1.0).contains(u)), "{series:?}");
    (found, value(&record, component, "bit_rate", "mean") / 1e6)
}

#[test]
fn a_shaper_is_as_busy_as_its_tokens_are_used() {
    // In 90 s, to the packets that a bucket of 5 kB holds: 40 kbit.
    let near = |found: f64, expected: f64| (found - expected).abs() < 40e3 / 1e6 / 90.0;
    let size = "size = { kind = 'constant', size = '1250 B' }";
    let shaper = "rate = '1 Mbit/s', burst = '5 kB'";
    let server = "kind = 'server', service = { kind = 'constant', time = '1 ps' }";
    let line = |queue: &str| format!("rate = '100 Mbit/s', queue = {{ {queue} }}");
    let tbf = format!("kind = 'tbf', {shaper}");
    let within = format!("kind = 'prio', bands = 2, queue = {{ {tbf} }}");
    for (stage, link, component) in [
        (format!("kind = 'shaper', {shaper}"), String::new(), 2),
        (server.to_owned(), line(&tbf), 1),
        (server.to_owned(), line(&within), 1),
    ] {
        let of = |traffic: &str| utilization(&at_gateway(&stage, &link, &format!("{traffic}, {size}")), component);
        // Nothing ever waits; the link is busy for 0.6 %.
        let (found, bits) = of("kind = 'constant', rate = '600 kbit/s'");
        assert!(near(found, 0.6) && near(found, bits), "{stage} {link}: {found} {bits}");
        let (found, bits) = of("kind = 'poisson', rate = '800 kbit/s'");
        assert!(near(found, bits) && (found - 0.8).abs() < 3.3 * (0.8 * 0.01 / 90.0f64).sqrt(), "{found} {bits}");
        let (found, bits) = of("kind = 'poisson', rate = '2 Mbit/s'");
        assert!(near(found, 1.0) && near(bits, 1.0), "{found} {bits}");
    }
}

#[test]
fn a_link_is_as_busy_as_its_most_used_class_or_itself() {
    let text = |whole: &str, rates: [&str; 2]| {
        let [one, two] = rates;
        format!(
            "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', queue = {{ kind = 'htb', {whole}
                  classes = {{ one = {{ match = {{ flow = 'one' }}, rate = '500 kbit/s', ceil = '1 Mbit/s' }},
                               two = {{ rate = '500 kbit/s', ceil = '10 Mbit/s', cburst = '15 kB' }} }} }} }} }},
                traffic = {{ one = {{ kind = 'poisson', from = 'a', to = 'b', rate = '{one}' }},
                             two = {{ kind = 'poisson', from = 'a', to = 'b', rate = '{two}' }} }} }}"
        )
    };
    let found = |whole: &str, rates| {
        let record = run(&text(whole, rates), 100, 10);
        (value(&record, 2, "utilization", "time_mean"), value(&record, 2, "bit_rate", "mean"))
    };
    // A class at its ceiling, over a link that is idle for nine tenths.
    let (used, bits) = found("", ["2 Mbit/s", "1 kbit/s"]);
    assert!(used > 0.999 && bits < 1.1e6, "{used} {bits}");
    // Classes that have enough, over a busy link; a whole that is less than the link.
    let (used, bits) = found("", ["100 kbit/s", "8 Mbit/s"]);
    assert!((used - bits / 1e7).abs() < 1e-3 && used > 0.79, "{used} {bits}");
    let (used, bits) = found("rate = '4 Mbit/s',", ["100 kbit/s", "8 Mbit/s"]);
    assert!(used > 0.999 && (bits / 4e6 - 1.0).abs() < 1e-3, "{used} {bits}");
}

#[test]
fn tokens_used_before_a_failure_count() {
    let text = "{ node = { a = {}, b = {} },
        link = { l = { from = 'a', to = 'b', rate = '100 Mbit/s', queue = { kind = 'tbf', rate = '1 Mbit/s' } } },
        traffic = { x = { kind = 'constant', from = 'a', to = 'b', rate = '500 kbit/s' } },
        intervention = { down = { at = '55 s', target = 'link.l', op = 'fail' },
                         up = { at = '73 s', target = 'link.l', op = 'recover' } } }";
    // Of the 90 s from 10 s on, 72 s.
    let (found, bits) = utilization(text, 1);
    assert!((found - 0.4).abs() < 2e-3 && (bits - 0.4).abs() < 2e-3, "{found} {bits}");
}

#[test]
fn a_policer_counts_what_it_drops() {
    let file = trace("policed.csv");
    let text = at_gateway(
        "kind = 'policer', rate = '1 Mbit/s', burst = '3000 B'",
        "",
        &format!("kind = 'trace', file = '{}'", file.name),
    );
    let record = from_empty(&text, 1);
    assert_eq!(value(&record, 0, "dropped.policed", "mean"), 6.0);
    assert_eq!((value(&record, 2, "green", "mean"), value(&record, 2, "red", "mean")), (9.0, 6.0));
}

#[test]
fn a_shaped_flow_keeps_the_bounds_of_network_calculus() {
    // 15 kB and 1 Mbit/s into 2 Mbit/s and 5 ms: at most 65 ms and 125 kbit, which a greedy flow reaches.
    let rows = "0,1500\n".repeat(40);
    let file = TestFile::new("greedy.csv", format!("time,size\n{rows}").as_bytes());
    let text = at_gateway(
        "kind = 'shaper', rate = '1 Mbit/s', burst = '15 kB'",
        "rate = '2 Mbit/s', delay = '5 ms'",
        &format!("kind = 'trace', file = '{}'", file.name),
    );
    let warned: Vec<_> = system(&text).unwrap().warnings().iter().map(|d| d.code).collect();
    assert_eq!(warned, ["W0380"], "a burst of 120 ms");
    let record = from_empty(&text, 1);
    let link = 1;
    assert_eq!(value(&record, link, "sojourn_time", "max") + 5e-3, 65e-3);
    // 120 kbit in the link, and 5 ms of the rate behind it: 10 packets.
    assert_eq!(value(&record, link, "occupancy", "max"), 10.0);
    // Random packets come less close.
    let poisson =
        text.replace(&format!("kind = 'trace', file = '{}'", file.name), "kind = 'poisson', rate = '990 kbit/s'");
    let found = value(&run(&poisson, 500, 1), link, "sojourn_time", "max");
    assert!(found <= 60e-3 && found > 20e-3, "{found}");
}

#[test]
fn bounds_hold_over_a_chain_of_elements() {
    // A flow of 15 kB and 1 Mbit/s through a filter (0.2 ms a packet), an inspection (1 ms and 2 us a byte) and a link of
    // 2 Mbit/s and 5 ms. Of full packets each is a rate-latency server: 60, 3 and 2 Mbit/s, with a packet's time at all but
    // the last to have it as a whole. At most b / min R + 0.2 ms + 4 ms + 5 ms = 69.2 ms, which a greedy flow reaches.
    let text = |file: &str| {
        format!(
            "{{ node = {{ a = {{ stages = ['shaper'] }}, b = {{ stages = ['filter', 'inspection'] }}, c = {{}} }},
                stage = {{ shaper = {{ kind = 'shaper', rate = '1 Mbit/s', burst = '15 kB' }},
                           filter = {{ kind = 'server', service = {{ kind = 'constant', time = '0.2 ms' }} }},
                           inspection = {{ kind = 'server', service = {{ kind = 'linear', base = '1 ms', per_byte = '2 us/B' }} }} }},
                link = {{ ab = {{ from = 'a', to = 'b' }}, bc = {{ from = 'b', to = 'c', rate = '2 Mbit/s', delay = '5 ms' }} }},
                traffic = {{ x = {{ kind = 'trace', from = 'a', to = 'c', file = '{file}' }} }} }}"
        )
    };
    // Ten at once, and one whenever it has its tokens, 12 ms later.
    let times = |gap: &dyn Fn(u32) -> u32| {
        let mut at = 0;
        let row = |i| {
            at += if i < 10 { 0 } else { 12_000 + gap(i) };
            format!("{:.6},1500\n", f64::from(at) * 1e-6)
        };
        format!("time,size\n{}", (0..60).map(row).collect::<String>())
    };
    let greedy = TestFile::new("chain.csv", times(&|_| 0).as_bytes());
    let record = from_empty(&text(&greedy.name), 2);
    assert_eq!(value(&record, 0, "departures", "mean"), 60.0);
    let longest = value(&record, 0, "sojourn_time", "max");
    assert!((longest - 69.2e-3).abs() < 1e-12, "{longest}");
    // The shaper itself holds nothing back of what keeps to it.
    assert_eq!(value(&record, 3, "wait_time", "max"), 0.0);
    // Pauses, after which tokens have gathered for bursts.
    let uneven = TestFile::new("uneven.csv", times(&|i| if i % 10 == 0 { 60_000 } else { 0 }).as_bytes());
    let record = from_empty(&text(&uneven.name), 2);
    assert!(value(&record, 0, "sojourn_time", "max") <= 69.2e-3 + 1e-12);
    assert_eq!(value(&record, 3, "wait_time", "max"), 0.0);
}

#[test]
fn a_shaper_smooths_what_a_policer_drops() {
    let run_with = |stage: &str| run(&at_gateway(stage, "", "kind = 'poisson', rate = '800 kbit/s'"), 500, 1);
    let shaped = run_with("kind = 'shaper', rate = '1 Mbit/s', burst = '3 kB', limit = 'none'");
    let policed = run_with("kind = 'policer', rate = '1 Mbit/s', burst = '3 kB'");
    assert_eq!(value(&shaped, 0, "loss_ratio", "mean"), 0.0);
    assert!(value(&shaped, 0, "wait_time", "mean") > 5e-3);
    assert_eq!(value(&policed, 0, "wait_time", "max"), 0.0);
    // M/D/1/2 at load 0.8: 1 - 1 / (p + 0.8) with p = 1 / (1 + (1 - a) / a), a = exp(-0.8).
    let expected = 1.0 - 1.0 / ((-0.8f64).exp() + 0.8);
    let found = value(&policed, 0, "loss_ratio", "mean");
    assert!((found - expected).abs() < 0.015 * expected, "{found} {expected}");
}

#[test]
fn a_marked_packet_keeps_its_mark() {
    // The first meter makes what exceeds it AF12; the second, aware, drops exactly that.
    let text = "{ node = { a = { stages = ['mark', 'one'] }, b = { stages = ['two'] }, c = {} },
        stage = { mark = { kind = 'marker', flow = 'x', dscp = 'AF11' },
                  one = { kind = 'policer', rate = '500 kbit/s', burst = '3 kB', exceed = { dscp = 'AF12' } },
                  two = { kind = 'srtcm', cir = '1 Gbit/s', cbs = '10 MB', ebs = '10 MB', color_aware = true,
                          green = 'pass', yellow = 'drop' } },
        link = { ab = { from = 'a', to = 'b' }, bc = { from = 'b', to = 'c' } },
        traffic = { x = { kind = 'poisson', from = 'a', to = 'c', rate = '600 kbit/s' } } }";
    let record = run(text, 200, 1);
    // Stages come after the links, in the order of the nodes.
    let (one, two) = (4, 5);
    assert!(value(&record, one, "red", "mean") > 1000.0);
    assert_eq!(value(&record, one, "dropped", "mean"), 0.0);
    // What an earlier meter made red stays red, whatever its code point says.
    assert_eq!(value(&record, two, "red", "mean"), value(&record, one, "red", "mean"));
    assert_eq!(value(&record, 3, "marked", "mean"), value(&record, 0, "arrivals", "mean"));
}

#[test]
fn each_stage_meters_the_aggregate_of_its_node() {
    // Two flows of 400 kbit/s share 500 kbit/s at a; the same policer at b measures its own.
    let text = "{ node = { a = { stages = ['p'] }, b = { stages = ['p'] }, c = {} },
        stage = { p = { kind = 'policer', rate = '500 kbit/s', burst = '3 kB' } },
        link = { ac = { from = 'a', to = 'c' }, bc = { from = 'b', to = 'c' } },
        traffic = { x = { kind = 'constant', from = 'a', to = 'c', rate = '400 kbit/s' },
                    y = { kind = 'constant', from = 'a', to = 'c', rate = '400 kbit/s', start = '1 ms' },
                    z = { kind = 'constant', from = 'b', to = 'c', rate = '400 kbit/s' } } }";
    let record = run(text, 200, 1);
    let delivered = |flow| value(&record, flow, "bit_rate", "mean");
    assert!((delivered(0) + delivered(1) - 500e3).abs() < 500.0, "{} {}", delivered(0), delivered(1));
    assert_eq!(value(&record, 2, "dropped", "mean"), 0.0);
}

#[test]
fn mistakes_are_told_with_their_codes() {
    let code = |text: &str| {
        let found = system(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        found.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let traffic = "kind = 'poisson', rate = '1 /s', size = { kind = 'imix' }";
    // A shaper is not meant to drop: a burst below the packets that are certain to come is an error.
    assert_eq!(code(&at_gateway("kind = 'shaper', rate = '1 Mbit/s', burst = '1500 B'", "", traffic)), ["E0382"]);
    let policer = system(&at_gateway("kind = 'policer', rate = '1 Mbit/s', burst = '1500 B'", "", traffic)).unwrap();
    assert_eq!(policer.warnings().iter().map(|d| d.code).collect::<Vec<_>>(), ["W0381"]);
    let marker = "kind = 'policer', rate = '1 Mbit/s', burst = '1500 B', exceed = { dscp = 'AF12' }";
    let found = system(&at_gateway(marker, "", traffic)).unwrap().warnings();
    let found: Vec<_> = found.iter().map(|d| (d.code, d.label.clone())).collect();
    assert_eq!(found, [("W0383", "they always exceed it".to_owned())]);
    let passing = "kind = 'policer', rate = '1 Mbit/s', burst = '1500 B', exceed = 'pass'";
    assert!(system(&at_gateway(passing, "", traffic)).unwrap().warnings().is_empty());
    assert!(system(&at_gateway("kind = 'shaper', rate = '1 Mbit/s'", "", traffic)).unwrap().warnings().is_empty());
    // So is one inside a classful queue, for the flows that come to it.
    let child = |class: &str| {
        format!(
            "queue = {{ kind = 'drr', classes = {{ small = {{ match = {{ class = '{class}' }},
                         queue = {{ kind = 'tbf', rate = '1 Mbit/s', burst = '1 kB' }} }}, rest = {{}} }} }}"
        )
    };
    let plain = "kind = 'shaper', rate = '1 Mbit/s', burst = '12500 B'";
    let of_class = format!("{traffic}, class = 'bulk'");
    assert_eq!(code(&at_gateway(plain, &child("bulk"), &of_class)), ["E0382"]);
    let warned = |text: &str| {
        let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
        system.warnings().iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let exponential = "kind = 'poisson', rate = '1 /s', size = { kind = 'exponential', mean = '500 B' }";
    let tbf = |burst: &str, mtu: &str| format!("queue = {{ kind = 'tbf', rate = '1 Mbit/s', burst = '{burst}' }}{mtu}");
    assert_eq!(warned(&at_gateway(plain, &tbf("1500 B", ""), exponential)), ["W0381"]);
    assert_eq!(warned(&at_gateway(plain, &tbf("5 kB", ""), exponential)), [""; 0], "one in 22 000");
    assert_eq!(warned(&at_gateway(plain, &tbf("3 kB", ", mtu = '9000 B'"), traffic)), ["W0381"]);
    // A warning of one flow does not hide an error of another, nor a burst an MTU.
    let both = at_gateway(plain, &tbf("1 kB", ""), exponential)
        .replace("traffic = { x =", "traffic = { y = { from = 'a', to = 'b', kind = 'poisson', rate = '1 /s' }, x =");
    assert_eq!(code(&both), ["E0382"]);
    let swapped = both.replace(" y = ", " z = ").replace(" x = ", " y = ").replace(" z = ", " x = ");
    assert_eq!(code(&swapped), ["E0382"]);
    assert_eq!(warned(&at_gateway(plain, &tbf("10 kB", ", mtu = '1000 B'"), traffic)), ["W0381"]);
    let file = TestFile::new("large.csv", b"0.1,100\n0.2,1500\n");
    let recorded = format!("kind = 'trace', file = '{}'", file.name);
    assert_eq!(code(&at_gateway(plain, &tbf("1 kB", ""), &recorded)), ["E0382"]);
    let paths = "{ node = { a = {}, b = {}, c = {}, d = {} }, routing = { ecmp = 'modulo' },
        link = { ab = { from = 'a', to = 'b' }, bd = { from = 'b', to = 'd' }, ac = { from = 'a', to = 'c' },
                 cd = { from = 'c', to = 'd', queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '1 kB' } } },
        traffic = { x = { from = 'a', to = 'd', kind = 'poisson', rate = '1 /s' } } }";
    // What hashes to the other path still flows.
    assert_eq!(warned(paths), ["W0381"]);
    let both =
        paths.replace("to = 'd' }, ac", "to = 'd', queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '1 kB' } }, ac");
    assert_eq!(warned(&both), ["W0381", "W0381"]);
    let shaper = "d = { stages = ['s'] } }, stage = { s = { kind = 'shaper', rate = '1 Mbit/s', burst = '1 kB' } }";
    assert_eq!(code(&paths.replace("d = {} }", shaper)), ["E0382"]);
    for key in ["class", "flow"] {
        assert_eq!(code(&at_gateway(&format!("kind = 'marker', dscp = 'EF', {key} = 'xx'"), "", traffic)), ["E0330"]);
    }
    assert_eq!(code(&at_gateway("kind = 'marker', dscp = 'EFF'", "", traffic)), ["E0337"]);
    // Gates take no time: packets would go round one for ever.
    let loops =
        "{ node = { a = { stages = ['m'], next = { a = 1.0 } } }, stage = { m = { kind = 'marker', dscp = 8 } },
                   traffic = { x = { kind = 'poisson', rate = '1 /s', from = 'a' } } }";
    assert_eq!(code(loops), ["E0323"]);
}
