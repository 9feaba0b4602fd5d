//! The fluid of a network is of the same network: what limits rates there limits them here, and what cannot be is refused.

use sim_core::config::Diagnostic;

use super::*;
use crate::network::discipline::DISCIPLINES;

fn text(link: &str, traffic: &str, further: &str) -> String {
    format!(
        "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}} }},
            link = {{ up = {{ from = 'a', to = 'b', rate = '100 Mbit/s', delay = '50 ms'{link} }} }},
            traffic = {{ x = {{ from = 'a', to = 'b', {traffic} }} }} {further} }}"
    )
}

/// What `x` brings to its end, in bit/s of payload.
fn goodput(text: &str) -> f64 {
    let record = run(text, 20, 4);
    value(&record, 0, "goodput", "mean")
}

fn codes(text: &str) -> Vec<&'static str> {
    system(text).map(|_| ()).unwrap_err().iter().map(|d| d.code).collect()
}

#[test]
fn a_token_bucket_is_a_link_of_its_rate() {
    let bulk = "kind = 'bulk'";
    let (free, shaped) = (
        goodput(&text("", bulk, "")),
        goodput(&text(", queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '3 kB' }", bulk, "")),
    );
    // 1460 of 1500 bytes are payload.
    assert!((free / 1e8 - 1460.0 / 1500.0).abs() < 1e-6, "{free}");
    assert!((shaped / 1e6 - 1460.0 / 1500.0).abs() < 1e-6, "{shaped}");
}

#[test]
fn a_window_goes_once_a_round_trip() {
    let windowed = |n: u32| format!("kind = 'bulk', connections = {n}, tcp = {{ receive_window = '29200 B' }}");
    // 20 segments of 120 us in 100 ms, one segment, its acknowledgement of 3.2 us and the one that this waits for.
    let each = 20.0 * 11_680.0 / (0.1 + 120e-6 + 3.2e-6 + 120e-6);
    assert!((goodput(&text("", &windowed(1), "")) / each - 1.0).abs() < 1e-6);
    assert!((goodput(&text("", &windowed(10), "")) / (10.0 * each) - 1.0).abs() < 1e-6);
    let all = goodput(&text("", &windowed(100), ""));
    assert!((all / 1e8 - 1460.0 / 1500.0).abs() < 1e-6, "{all}");
}

#[test]
fn windows_of_few_segments_are_those_of_the_packets() {
    // Segments, how many an acknowledgement waits for, and how long; ms of propagation one way and Mbit/s.
    let cases = [
        (3, 2, 40, 5, 100),
        (20, 2, 40, 5, 100),
        (21, 2, 40, 5, 100),
        (1, 1, 40, 5, 100),
        // Fewer than are acknowledged together: the timer has to run out.
        (1, 2, 40, 5, 100),
        (3, 4, 40, 5, 100),
        (5, 4, 40, 5, 100),
        (6, 4, 40, 5, 100),
        // Segments take a good part of the round trip.
        (6, 2, 40, 5, 10),
        (7, 2, 40, 5, 10),
        // The odd one waits for less than a round trip.
        (3, 2, 40, 50, 100),
        (21, 2, 40, 50, 100),
        (8, 3, 40, 50, 100),
        // The timer runs out before the next segment comes.
        (3, 2, 1, 5, 10),
        (8, 4, 1, 5, 10),
    ];
    for (window, every, timeout, delay, rate) in cases {
        let text = format!(
            "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}}, c = {{}} }},
                link = {{ ab = {{ from = 'a', to = 'b', rate = '{rate} Mbit/s', delay = '{delay} ms' }},
                          bc = {{ from = 'b', to = 'c', rate = '1 Gbit/s' }} }},
                traffic = {{ x = {{ from = 'a', to = 'c', kind = 'bulk', tcp = {{ receive_window = '{} B',
                            delayed_ack = {every}, delayed_ack_timeout = '{timeout} ms' }} }} }} }}",
            1460 * window
        );
        let ratio = goodput(&text) / goodput(&text.replace("fluid", "packet"));
        assert!((ratio - 1.0).abs() < 0.008, "{window} {every} {timeout} ms, {delay} ms, {rate} Mbit/s: {ratio}");
    }
}

type Link<'a> = (&'a str, &'a str, u32, &'a str);
type Traffic<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Links `(from, to, Mbit/s, queue)` of 2 ms, and traffic `(name, from, to, kind and what goes with it)`.
fn network(fidelity: &str, links: &[Link<'_>], traffic: &[Traffic<'_>]) -> String {
    let link = |&(from, to, rate, queue): &Link<'_>| {
        format!(
            "{from}{to} = {{ from = '{from}', to = '{to}', rate = '{rate} Mbit/s', delay = '2 ms', queue = {{ {queue} }} }}"
        )
    };
    let flow = |&(name, from, to, what): &Traffic<'_>| format!("{name} = {{ from = '{from}', to = '{to}', {what} }}");
    let links: Vec<String> = links.iter().map(link).collect();
    let traffic: Vec<String> = traffic.iter().map(flow).collect();
    format!(
        "{{ run = {{ fidelity = '{fidelity}' }}, node = {{ a = {{}}, b = {{}}, c = {{}} }}, link = {{ {} }}, traffic = {{ {} }} }}",
        links.join(", "),
        traffic.join(", ")
    )
}

/// What arrives of each flow, in Mbit/s on the wire.
fn arrivals(text: &str, flows: &[Traffic<'_>]) -> Vec<f64> {
    let made = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let record = run(text, 30, 1);
    let of = |&(name, _, _, what): &Traffic<'_>| {
        let place = made.components().iter().position(|c| c.name == name).unwrap() as u32;
        let known = |metric| record.measures.iter().find(|m| (m.component, m.metric) == (place, metric));
        let wire = if what.contains("bulk") { 1500.0 / 1460.0 } else { 1.0 };
        known("goodput").map(|m| m.value * wire).or(known("bit_rate").map(|m| m.value)).unwrap() / 1e6
    };
    flows.iter().map(of).collect()
}

/// That the fluid is as `expected` by hand, in Mbit/s of each flow, and packets are within so much of it.
#[track_caller]
fn holds(links: &[Link<'_>], flows: &[Traffic<'_>], expected: &[f64], within: f64) {
    let fluid = arrivals(&network("fluid", links, flows), flows);
    let packets = arrivals(&network("packet", links, flows), flows);
    for ((flow, expected), (fluid, packet)) in flows.iter().zip(expected).zip(fluid.iter().zip(&packets)) {
        assert!((fluid / expected - 1.0).abs() < 1e-6, "{flow:?}: {fluid} as a fluid, not {expected}");
        assert!((packet / expected - 1.0).abs() < within, "{flow:?}: {packet} as packets, not {expected}");
    }
}

const FIFO: &str = "kind = 'fifo', limit = '200 packets'";
const FAIR: &str = "kind = 'fq_codel'";
const TCP: &str = "kind = 'bulk'";

#[test]
fn open_loop_traffic_does_not_give_way_in_a_shared_queue() {
    let (p30, p80) = ("kind = 'poisson', rate = '30 Mbit/s'", "kind = 'poisson', rate = '80 Mbit/s'");
    holds(&[("a", "b", 100, FIFO)], &[("x", "a", "b", TCP), ("y", "a", "b", p80)], &[20.0, 80.0], 0.06);
    for queue in ["kind = 'codel'", "kind = 'pie'"] {
        holds(&[("a", "b", 100, queue)], &[("x", "a", "b", TCP), ("y", "a", "b", p30)], &[70.0, 30.0], 0.06);
    }
    // More than the link takes: all lose alike.
    let (p8, p12) = ("kind = 'poisson', rate = '8 Mbit/s'", "kind = 'poisson', rate = '12 Mbit/s'");
    holds(&[("a", "b", 10, FIFO)], &[("y", "a", "b", p8), ("z", "a", "b", p12)], &[4.0, 6.0], 0.03);
}

#[test]
fn open_loop_traffic_has_its_share_in_a_queue_of_its_own() {
    let (p8, p15) = ("kind = 'poisson', rate = '8 Mbit/s'", "kind = 'poisson', rate = '15 Mbit/s'");
    let (p30, p70) = ("kind = 'poisson', rate = '30 Mbit/s'", "kind = 'poisson', rate = '70 Mbit/s'");
    holds(&[("a", "b", 100, FAIR)], &[("x", "a", "b", TCP), ("y", "a", "b", p70)], &[50.0, 50.0], 0.02);
    let inside = "kind = 'tbf', rate = '40 Mbit/s', limit = 'none', queue = { kind = 'fq_codel' }";
    let third = 40.0 / 3.0;
    let two = [("v", "a", "b", TCP), ("x", "a", "b", TCP), ("y", "a", "b", p30)];
    holds(&[("a", "b", 100, inside)], &two, &[third; 3], 0.03);
    // 30 and, of the transfer, a third of 20 Mbit/s, for that is what there is behind.
    let links = [("a", "b", 40, FAIR), ("b", "c", 20, FAIR)];
    holds(&links, &[("x", "a", "c", TCP), ("y", "a", "c", p30), ("z", "b", "c", p15)], &[20.0 / 3.0; 3], 0.04);
    // A shared queue and then a fair one; behind a fair one, a shared one that cannot be full.
    let links = [("a", "b", 20, FIFO), ("b", "c", 40, FAIR)];
    holds(&links, &[("x", "b", "c", TCP), ("y", "a", "c", p30), ("z", "b", "c", p8)], &[16.0, 16.0, 8.0], 0.05);
    let links = [("a", "b", 20, FAIR), ("b", "c", 30, FIFO)];
    holds(&links, &[("x", "a", "c", TCP), ("y", "a", "c", p15), ("z", "b", "c", p8)], &[10.0, 10.0, 8.0], 0.04);
}

#[test]
fn what_is_lost_is_told() {
    let flows = [("x", "a", "b", "kind = 'poisson', rate = '15 Mbit/s'"), ("y", "a", "b", "kind = 'bulk'")];
    let record = run(&network("fluid", &[("a", "b", 10, "kind = 'fifo'")], &flows), 30, 1);
    assert!((value(&record, 0, "goodput", "mean") / 10e6 - 1.0).abs() < 1e-6);
    assert!((value(&record, 0, "lost", "mean") / 5e6 - 1.0).abs() < 1e-6);
    assert_eq!(value(&record, 1, "goodput", "mean"), 0.0);
    assert!((value(&record, 2, "utilization", "time_mean") - 1.0).abs() < 1e-9);
}

#[test]
fn failures_and_changes_are_those_of_the_packets() {
    // 10 Mbit/s by b until 10 s; half a second without a way; 4 Mbit/s by c; from 20.5 s on by b again, which has 5 Mbit/s by then.
    let text = |fidelity: &str| {
        let link = |from: &str, to: &str, rate: &str, cost: u32| {
            format!("{from}{to} = {{ from = '{from}', to = '{to}', rate = '{rate}', delay = '5 ms', cost = {cost} }}")
        };
        format!(
            "{{ run = {{ fidelity = '{fidelity}' }}, node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
                routing = {{ convergence = '500 ms' }}, link = {{ {}, {}, {}, {} }},
                traffic = {{ x = {{ from = 'a', to = 'd', kind = 'bulk', connections = 4 }},
                            y = {{ from = 'a', to = 'b', kind = 'constant', rate = '1 Mbit/s', start = '2 s', stop = '8 s',
                                   size = {{ kind = 'constant', size = '1500 B' }} }} }},
                intervention = {{ fail = {{ at = '10 s', target = 'link.bd', op = 'fail' }},
                                  back = {{ at = '20 s', target = 'link.bd', op = 'recover' }},
                                  slow = {{ at = '20 s', target = 'link.ab.rate', value = '5 Mbit/s' }} }} }}",
            link("a", "b", "10 Mbit/s", 1),
            link("b", "d", "20 Mbit/s", 1),
            link("a", "c", "4 Mbit/s", 2),
            link("c", "d", "20 Mbit/s", 2)
        )
    };
    let course = |fidelity: &str| {
        let system = system(&text(fidelity)).unwrap_or_else(|d| panic!("{d:?}"));
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(30), bins: 60 };
        let record = system.run(Streams::new(5, 0), window).unwrap();
        assert!(record.checks.violations.is_empty(), "{:?}", record.checks);
        let goodput = record.series.rows.iter().find(|r| r.component == 0 && r.metric == "goodput").unwrap();
        goodput.values.iter().map(|v| v / 1e6 * 1500.0 / 1460.0).collect::<Vec<_>>()
    };
    let fluid = course("fluid");
    for (from, to, rate) in [(2, 4, 10.0), (6, 16, 9.0), (18, 20, 10.0), (20, 21, 0.0), (22, 40, 4.0), (42, 60, 5.0)] {
        for bin in &fluid[from..to] {
            assert!((bin - rate).abs() < 1e-3, "{from}..{to}: {bin} is not {rate}");
        }
    }
    // Packets take the same course, once their windows have found it.
    let packets = course("packet");
    for (from, to) in [(30, 40), (48, 60)] {
        let mean = |all: &[f64]| all[from..to].iter().sum::<f64>() / (to - from) as f64;
        let ratio = mean(&packets) / mean(&fluid);
        assert!((ratio - 1.0).abs() < 0.06, "{from}..{to}: {ratio}");
    }
}

#[test]
fn the_diamond_is_passed_by_the_way_of_lower_latency() {
    // 12 Mbit with headers at 1.2 Mbit/s; two links of 0.1 s each, or by the ways declared first two of 0.2 s.
    let link = |from: &str, to: &str, delay: &str| {
        format!("{from}{to} = {{ from = '{from}', to = '{to}', rate = '1.2 Mbit/s', delay = '{delay}' }}")
    };
    let links = [("a", "b", "200 ms"), ("b", "d", "200 ms"), ("a", "c", "100 ms"), ("c", "d", "100 ms")];
    let links = links.map(|(from, to, delay)| link(from, to, delay)).join(", ");
    for (metric, seconds) in [("delay", 10.2), ("cost", 10.4)] {
        let text = format!(
            "{{ run = {{ fidelity = 'fluid' }}, routing = {{ metric = '{metric}' }}, link = {{ {links} }},
                node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
                traffic = {{ x = {{ from = 'a', to = 'd', kind = 'bulk', bytes = '1460 kB', start = '10 s' }} }} }}"
        );
        let took = value(&run(&text, 30, 1), 0, "sojourn_time", "max");
        assert!((took - seconds).abs() < 1e-9, "{metric}: {took}");
    }
}

/// What is told of a scenario that is refused: code, and all that is said.
fn told(text: &str) -> Vec<(&'static str, String)> {
    let found = system(text).map(|_| ()).unwrap_err();
    let told = |d: &Diagnostic| (d.code, format!("{}; {}; {}", d.message, d.label, d.help.as_deref().unwrap_or("")));
    found.iter().map(told).collect()
}

#[test]
fn queues_have_a_fluid_or_are_refused_by_name() {
    let bulk = "kind = 'bulk'";
    let with = |queue: &str| text(&format!(", queue = {{ {queue} }}"), bulk, "");
    let known = ["fifo", "red", "codel", "pie", "fq_codel"];
    // Every kind that there is, even one of another crate; alone, in a token bucket, and in one within another.
    let all: Vec<&str> = DISCIPLINES.iter().map(|kind| kind.name).chain(["plain"]).collect();
    for kind in all.into_iter().filter(|kind| *kind != "tbf") {
        let more = match kind {
            "priority" => ", classes = ['default']",
            "htb" => ", rate = '9 Mbit/s', classes = { a = { rate = '1 Mbit/s' } }",
            _ => "",
        };
        let inner = format!("kind = '{kind}'{more}");
        let tbf = |inside: &str| format!("kind = 'tbf', rate = '10 Mbit/s', queue = {{ {inside} }}");
        for queue in [inner.clone(), tbf(&inner), tbf(&tbf(&inner))] {
            if known.contains(&kind) {
                assert!(system(&with(&queue)).is_ok(), "{queue}");
            } else {
                let told = told(&with(&queue));
                assert_eq!(told.len(), 1, "{queue}: {told:?}");
                let (code, said) = &told[0];
                assert!(*code == "E0390" && said.contains(&format!("`{kind}` at link `up` has no fluid")), "{said}");
                assert!(said.contains("leave out `fidelity`") && said.contains("`fq_codel`"), "{said}");
            }
        }
    }
    // The slowest of several buckets is the link.
    let nested = with("kind = 'tbf', rate = '10 Mbit/s', queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '3 kB' }");
    assert!((goodput(&nested) / 1e6 - 1460.0 / 1500.0).abs() < 1e-6);
    // Queues that are not one for each flow after all.
    assert!(told(&with("kind = 'fq_codel', flows = 16"))[0].1.contains("`fq_codel` with 16 queues at link `up`"));
    let shared = "kind = 'tbf', rate = '10 Mbit/s', limit = '100 packets', queue = { kind = 'fq_codel' }";
    assert!(system(&with(shared)).is_ok(), "there is nobody who does not give way");
    let poisson = "kind = 'poisson', rate = '100 packets/s'";
    let told = told(&text(&format!(", queue = {{ {shared} }}"), poisson, ""));
    assert!(told[0].1.contains("the limit of `tbf` around `fq_codel`") && told[0].1.contains("limit = \"none\""));
}

#[test]
fn what_cannot_be_told_behind_a_fair_queue_is_refused() {
    let flows = [
        ("x", "a", "c", "kind = 'bulk'"),
        ("y", "a", "c", "kind = 'poisson', rate = '15 Mbit/s'"),
        ("z", "b", "c", "kind = 'poisson', rate = '8 Mbit/s'"),
    ];
    let behind =
        |rate| network("fluid", &[("a", "b", 20, "kind = 'fq_codel'"), ("b", "c", rate, "kind = 'fifo'")], &flows);
    // 20 and 8 Mbit/s can come to it.
    assert!(system(&behind(28)).is_ok());
    let told = told(&behind(27));
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("what `y` loses at `bc`, behind the fair queue of `ab`, has no fluid"), "{told:?}");
    assert!(told[0].1.contains("give `bc` a queue of kind `fq_codel`"), "{told:?}");
}

#[test]
fn packets_that_cannot_be_are_refused_in_the_fluid_too() {
    let small = "queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '1 kB' }";
    let inner = "queue = { kind = 'tbf', rate = '9 Mbit/s', queue = { kind = 'htb', rate = '8 Mbit/s',
                 classes = { a = { rate = '1 Mbit/s', match = { dscp = 'EF' } } } } }";
    for (queue, code) in [(small, "E0382"), (inner, "E0373")] {
        for fidelity in ["fluid", "packet"] {
            let text = text(&format!(", {queue}"), "kind = 'bulk'", "").replace("fluid", fidelity);
            assert!(codes(&text).contains(&code), "{code}: {:?} as {fidelity}", codes(&text));
        }
    }
    // What is dropped for its size at random is a warning of packets; as a fluid it would pass.
    let random = "kind = 'poisson', rate = '1 /s', size = { kind = 'exponential', mean = '500 B' }";
    for (burst, refused) in [("1500 B", true), ("5 kB", false)] {
        let queue = format!(", queue = {{ kind = 'tbf', rate = '1 Mbit/s', burst = '{burst}' }}");
        let found =
            system(&text(&queue, random, "")).map(|_| ()).map_err(|d| d.iter().map(|d| d.code).collect::<Vec<_>>());
        assert_eq!(found, if refused { Err(vec!["E0390"]) } else { Ok(()) }, "{burst}");
    }
    // Other doubts stay.
    let mtu = text(", queue = { kind = 'codel' }", "kind = 'bulk', ecn = true", "");
    assert_eq!(system(&mtu).unwrap().warnings().iter().map(|d| d.code).collect::<Vec<_>>(), ["W0362"]);
}

#[test]
fn what_has_no_fluid_is_refused_by_name() {
    let shaped = "kind = 'mmpp', rates = ['10 packets/s'], transitions = [['0 /s']], shape = 'day'";
    let day = ", waveform = { day = { kind = 'sine', mean = 1, amplitude = 0.9, period = '10 s' } }";
    assert_eq!(codes(&text("", shaped, day)), ["E0390"]);
    for bursts in [
        "kind = 'on_off_exponential', peak = '1 Mbit/s', on = '1 s', off = '1 s'",
        "kind = 'mmpp', rates = ['10 packets/s', '90 packets/s'], transitions = [['0 /s', '1 /s'], ['2 /s', '0 /s']]",
    ] {
        assert_eq!(codes(&text("", bursts, "")), ["E0390"], "{bursts}");
    }
    for link in [", overhead = 'ethernet'", ", mtu = '1500 B'", ", loss = { kind = 'bernoulli', p = 0.01 }"] {
        let told = told(&text(link, "kind = 'bulk'", ""));
        let key = link[2..].split(' ').next().unwrap();
        assert!(told.len() == 1 && told[0].1.contains(&format!("`{key}` at link `up` has no fluid")), "{told:?}");
    }
    let batches = "kind = 'poisson', rate = '600 packets/s', batch = 3, size = { kind = 'constant', size = '1250 B' }";
    assert!((goodput(&text("", batches, "")) / 6e6 - 1.0).abs() < 1e-6);
    let change = |target: &str| {
        let poisson = "kind = 'poisson', rate = '10 packets/s', size = { kind = 'exponential', mean = '500 B' }";
        let change =
            format!(", intervention = {{ c = {{ at = '1 s', target = '{target}', op = 'scale', factor = 2 }} }}");
        text("", poisson, &change)
    };
    assert!(system(&change("traffic.x.rate")).is_ok());
    assert_eq!(codes(&change("traffic.x.size.mean")), ["E0390"]);
    assert_eq!(codes(&diamond("fluid", "ecmp = 'per_packet'", "", "kind = 'bulk'")), ["E0390"]);
    assert!(system(&diamond("fluid", "ecmp = 'off'", "", "kind = 'bulk'")).is_ok());
}

/// Two ways of 10 Mbit/s from a to d, with nothing on the way for any time.
fn diamond(fidelity: &str, routing: &str, more: &str, traffic: &str) -> String {
    let link = |from: &str, to: &str| format!("{from}{to} = {{ from = '{from}', to = '{to}', rate = '10 Mbit/s' }}");
    let links = [("a", "b"), ("b", "d"), ("a", "c"), ("c", "d")].map(|(from, to)| link(from, to)).join(", ");
    format!(
        "{{ run = {{ fidelity = '{fidelity}' }}, node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
            link = {{ {links} }}, routing = {{ {routing} }}, traffic = {{ x = {{ from = 'a', to = 'd', {traffic} }} }} {more} }}"
    )
}

/// Of component `name`.
fn of(text: &str, record: &RunRecord, name: &str, metric: &str, stat: &str) -> f64 {
    let system = system(text).unwrap();
    let place = system.components().iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"));
    value(record, place as u32, metric, stat)
}

/// A run of 40 s from zero on.
fn forty(text: &str) -> RunRecord {
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(40), bins: 40 };
    let record = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}")).run(Streams::new(5, 0), window).unwrap();
    assert!(record.checks.violations.is_empty(), "{:?}", record.checks);
    record
}

#[test]
fn each_transfer_takes_the_path_of_its_packets() {
    let transfers = "kind = 'bulk', connections = 60, bytes = '29.2 kB', stagger = '500 ms'";
    for method in ["hash_threshold", "modulo", "hrw"] {
        for hash in ["conversation", "addresses"] {
            let routing = format!("ecmp = '{method}', hash = '{hash}'");
            let [fluid, packet] = ["fluid", "packet"].map(|fidelity| {
                let text = diamond(fidelity, &routing, "", transfers);
                let record = forty(&text);
                let system = system(&text).unwrap();
                let metric = if fidelity == "fluid" { "throughput" } else { "departures" };
                let by = ["ab", "ac"].map(|link| {
                    let known = system.components().iter().any(|c| c.name == link);
                    if known { of(&text, &record, link, metric, "mean") } else { 0.0 }
                });
                // One a transfer in 40 s; of its packets, 20 segments and a SYN.
                by.map(|n| if fidelity == "fluid" { n * 40.0 } else { n / 21.0 })
            });
            assert_eq!(fluid, packet, "{routing}");
            assert_eq!(fluid[0] + fluid[1], 60.0);
            assert_eq!(hash == "addresses", fluid.contains(&0.0), "{routing}: {fluid:?}");
        }
    }
}

#[test]
fn those_on_one_path_share_it_and_move_when_it_fails() {
    // Both ways are full; the one by b is down from 10 to 20 s, and routes follow a second later.
    let cut = ", intervention = { cut = { at = '10 s', target = 'link.bd', op = 'fail' },
                                  mend = { at = '20 s', target = 'link.bd', op = 'recover' } }";
    let text = diamond("fluid", "ecmp = 'hrw', convergence = '1 s'", cut, "kind = 'bulk', connections = 30");
    let record = forty(&text);
    let series = |component: &str| {
        let place = system(&text).unwrap().components().iter().position(|c| c.name == component).unwrap();
        let row = record.series.rows.iter().find(|r| r.component == place as u32 && r.metric == "bit_rate");
        row.unwrap().values.iter().map(|v| v / 1e6).collect::<Vec<_>>()
    };
    let near = |found: &[f64], expected: f64| found.iter().all(|v| (v - expected).abs() < 1e-4);
    let (b, c) = (series("ab"), series("ac"));
    assert!(near(&b[..10], 10.0) && near(&b[10..21], 0.0) && near(&b[21..], 10.0), "{b:?}");
    assert!(near(&c, 10.0), "{c:?}");
}

/// Two ways without rates, of which the first fails.
fn failing(fidelity: &str, failures: &str, more: &str, traffic: &str) -> String {
    format!(
        "{{ run = {{ fidelity = '{fidelity}' }}, node = {{ a = {{}}, m = {{}}, z = {{}} }},
            link = {{ short = {{ from = 'a', to = 'z', rate = '10 Mbit/s' {failures} }},
                      am = {{ from = 'a', to = 'm', rate = '4 Mbit/s' }}, mz = {{ from = 'm', to = 'z', rate = '4 Mbit/s' }} }},
            traffic = {{ x = {{ from = 'a', to = 'z', {traffic} }} }}, {more} }}"
    )
}

#[test]
fn links_fail_by_chance_as_for_packets() {
    // By constant laws down from 10 to 15, 25 to 30 s: as interventions say. Transfers and steady traffic.
    let constant =
        ", failures = { up = { kind = 'constant', time = '10 s' }, down = { kind = 'constant', time = '5 s' } }";
    let turns = [("10 s", "fail"), ("15 s", "recover"), ("25 s", "fail"), ("30 s", "recover")];
    let turn =
        |(at, op): (&str, &str)| format!("t{} = {{ at = '{at}', target = 'link.short', op = '{op}' }}", &at[..2]);
    let planned = format!("intervention = {{ {} }},", turns.map(turn).join(", "));
    let routing = "routing = { convergence = '2 s' }";
    for traffic in ["kind = 'bulk', connections = 3", "kind = 'constant', rate = '6 Mbit/s'"] {
        let [chance, planned] = [
            forty(&failing("fluid", constant, routing, traffic)),
            forty(&failing("fluid", "", &format!("{planned} {routing}"), traffic)),
        ];
        for (a, b) in chance.measures.iter().zip(&planned.measures) {
            let same =
                a.value == b.value || a.value.is_nan() && b.value.is_nan() || (a.value / b.value - 1.0).abs() < 1e-9;
            assert!(same && a.metric == b.metric, "{traffic}: {} {} {}", a.metric, a.value, b.value);
        }
    }
    // By random laws, and noticed after random times: lost of a small steady stream are as many bits as its packets have, to a
    // packet for each turn of routes or links.
    let random =
        ", failures = { up = { kind = 'exponential', mean = '6 s' }, down = { kind = 'exponential', mean = '3 s' } }";
    let routing = "routing = { convergence = { kind = 'uniform', min = '0.5 s', max = '2 s' } }";
    let small = "kind = 'constant', rate = '1 Mbit/s', size = { kind = 'constant', size = '125 B' }";
    let (fluid, packet) = (failing("fluid", random, routing, small), failing("packet", random, routing, small));
    let lost = value(&forty(&fluid), 0, "lost", "mean") * 40.0 / 1000.0;
    let packets = value(&forty(&packet), 0, "dropped.link_down", "mean");
    assert!(packets > 2000.0 && (lost - packets).abs() < 20.0, "{lost} {packets}");
}

#[test]
fn transfers_wait_while_a_link_is_down() {
    // One way, up 10/11 of the time: what is sent in the long run is that of the rate.
    let text = "{ run = { fidelity = 'fluid' }, node = { a = {}, z = {} },
                  link = { l = { from = 'a', to = 'z', rate = '10 Mbit/s', failures = { up = { kind = 'exponential', mean = '10 s' },
                                                                        down = { kind = 'exponential', mean = '1 s' } } } },
                  traffic = { x = { from = 'a', to = 'z', kind = 'bulk' } }, routing = { convergence = '0 s' } }";
    let (system, n) = (system(text).unwrap(), 20);
    let window = Window { warmup: SimTime::from_secs(100), end: SimTime::from_secs(10_100), bins: 1 };
    let share =
        |r| value(&system.run(Streams::new(1, r), window).unwrap(), 0, "goodput", "mean") / 1e7 * 1500.0 / 1460.0;
    let shares: Vec<f64> = (0..n).map(share).collect();
    let mean = shares.iter().sum::<f64>() / f64::from(n as u32);
    let variance = shares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n as u32 - 1);
    // The variance of the share of time up is 2 u^2 d^2 / ((u + d)^3 t).
    let expected = 2.0 * 100.0 / (11.0_f64.powi(3) * 10_000.0);
    assert!((mean - 10.0 / 11.0).abs() < 3.3 * (expected / f64::from(n as u32)).sqrt(), "{mean}");
    assert!((variance / expected - 1.0).abs() < 3.3 * (2.0 / f64::from(n as u32 - 1)).sqrt(), "{variance} {expected}");
}

#[test]
fn steady_rates_follow_waveforms() {
    let text = |waveform: &str, rate: &str| {
        format!(
            "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}} }}, waveform = {{ w = {{ {waveform} }} }},
                link = {{ up = {{ from = 'a', to = 'b', rate = '100 Mbit/s' }} }},
                traffic = {{ x = {{ from = 'a', to = 'b', kind = 'poisson', rate = '{rate}', shape = 'w' }},
                            y = {{ from = 'a', to = 'b', kind = 'bulk' }} }} }}"
        )
    };
    let series = |text: &str, flow: u32| {
        let record = forty(text);
        let row = record.series.rows.iter().find(|r| r.component == flow && r.metric == "goodput").unwrap();
        row.values.iter().map(|v| v / 1e6).collect::<Vec<_>>()
    };
    // 30 Mbit/s, and 90 from 5 to 10 s of each 10; the transfer has what is left.
    let steps = text("kind = 'steps', points = [['0 s', 1], ['5 s', 3]], period = '10 s'", "30 Mbit/s");
    let (x, y) = (series(&steps, 0), series(&steps, 1));
    for (second, (x, y)) in x.iter().zip(&y).enumerate() {
        let rate = if second % 10 < 5 { 30.0 } else { 90.0 };
        assert!((x - rate).abs() < 1e-5 && (y * 1500.0 / 1460.0 - (100.0 - rate)).abs() < 1e-5, "{second}: {x} {y}");
    }
    // 40 (1 + 0.9 sin(2 pi t/10 s)): each second has its mean to a hundredth of the greatest rate, and all its mean to the bit.
    let sine = text("kind = 'sine', mean = 1, amplitude = 0.9, period = '10 s'", "40 Mbit/s");
    let x = series(&sine, 0);
    let omega = std::f64::consts::TAU / 10.0;
    for (second, x) in x.iter().enumerate() {
        let (from, to) = (second as f64, second as f64 + 1.0);
        let mean = 40.0 * (1.0 + 0.9 * ((omega * from).cos() - (omega * to).cos()) / omega);
        assert!((x - mean).abs() < 0.76, "{second}: {x} {mean}");
    }
    assert!((x.iter().sum::<f64>() / 1600.0 - 1.0).abs() < 1e-6, "{x:?}");
    // With more than the link takes the rest is lost: over half a swing that is 1.5 times its rate, at the peak.
    let over = text("kind = 'sine', mean = 1, amplitude = 0.5, period = '10 s'", "100 Mbit/s");
    let lost = value(&forty(&over), 0, "lost", "mean") / 1e6;
    // The integral of 50 sin over the half in which it is more than nothing, a swing long.
    let expected = 50.0 / std::f64::consts::PI;
    assert!((lost / expected - 1.0).abs() < 0.01, "{lost} {expected}");
}

#[test]
fn two_ways_share_a_half_duplex_link() {
    // Transfers of 10 s alone, m there and n back: 10 (m + n) s; on a duplex link 10 max(m, n).
    let text = |duplex: &str, (m, n): (u32, u32)| {
        format!(
            "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}} }},
                link = {{ l = {{ from = 'a', to = 'b', rate = '1.2 Mbit/s', duplex = {duplex} }} }},
                traffic = {{ x = {{ from = 'a', to = 'b', kind = 'bulk', connections = {m}, bytes = '1460 kB', start = '20 s' }},
                            y = {{ from = 'b', to = 'a', kind = 'bulk', connections = {n}, bytes = '1460 kB', start = '20 s' }} }} }}"
        )
    };
    let last = |text: &str| {
        let record = run(text, 200, 1);
        [0, 1].map(|flow| value(&record, flow, "sojourn_time", "max"))
    };
    for (m, n) in [(3, 2), (1, 1), (1, 4)] {
        let (half, full) = (last(&text("'half'", (m, n))), last(&text("true", (m, n))));
        let all = 10.0 * f64::from(m + n);
        assert!((half[0] - all).abs() < 1e-6 && (half[1] - all).abs() < 1e-6, "{half:?}, not {all}");
        assert!(
            (full[0] - 10.0 * f64::from(m)).abs() < 1e-6 && (full[1] - 10.0 * f64::from(n)).abs() < 1e-6,
            "{full:?}"
        );
    }
    // Of packets, which have headers and acknowledgements besides, all end after the time that all their bits take.
    let window = "start = '20 s', tcp = { receive_window = '29200 B' }";
    let packet = text("'half'", (3, 2)).replace("fluid", "packet").replace("start = '20 s'", window);
    let record = run(&packet, 200, 1);
    let packets = ["x", "y"].map(|flow| of(&packet, &record, flow, "flow_completion_time", "max"));
    assert!((50.0..51.5).contains(&packets[0].max(packets[1])), "{packets:?}");
    // One row tells of it, and it carries what both bring; steady traffic there leaves transfers back the rest.
    let text =
        text("'half'", (1, 1)).replace("kind = 'bulk', connections = 1, bytes = '1460 kB', start = '20 s' }", "@ }");
    let text = text.replacen('@', "kind = 'constant', rate = '0.9 Mbit/s'", 1).replacen('@', "kind = 'bulk'", 1);
    let names: Vec<String> = system(&text).unwrap().components().iter().map(|c| c.name.clone()).collect();
    assert_eq!(names, ["x", "y", "l"]);
    let record = run(&text, 100, 1);
    assert!((value(&record, 0, "goodput", "mean") / 0.9e6 - 1.0).abs() < 1e-6);
    assert!((value(&record, 1, "goodput", "mean") * 1500.0 / 1460.0 / 0.3e6 - 1.0).abs() < 1e-6);
    assert!((value(&record, 2, "bit_rate", "mean") / 1.2e6 - 1.0).abs() < 1e-6);
    // It fails, changes and recovers as one.
    let cut = ", intervention = { cut = { at = '50 s', target = 'link.l', op = 'fail' },
                                  mend = { at = '60 s', target = 'link.l', op = 'recover' },
                                  slow = { at = '60 s', target = 'link.l.rate', value = '1 Mbit/s' } } }";
    let changed = format!("{}{cut}", text.strip_suffix(" }").unwrap());
    let course: Vec<f64> = [(20, 50, 0.3), (50, 60, 0.0), (60, 100, 0.1)].map(|c| c.2 * f64::from(c.1 - c.0)).into();
    let window = Window { warmup: SimTime::from_secs(20), end: SimTime::from_secs(100), bins: 1 };
    let convergence = changed.replace("run =", "routing = { convergence = '0 s' }, run =");
    let record = system(&convergence).unwrap().run(Streams::new(1, 0), window).unwrap();
    let found = value(&record, 1, "goodput", "mean") * 80.0 * 1500.0 / 1460.0 / 1e6;
    assert!((found - course.iter().sum::<f64>()).abs() < 1e-4, "{found} {course:?}");
}

#[test]
fn links_without_a_rate_are_shared_by_no_one() {
    // Three there and two back, each from a host with 1.2 Mbit/s of its own, over a link without a rate: 10 s each.
    let hosts: Vec<String> = (0..5).map(|h| format!("h{h} = {{}}")).collect();
    let links: Vec<String> = (0..5)
        .map(|h| format!("l{h} = {{ from = 'h{h}', to = '{}', rate = '1.2 Mbit/s' }}", if h < 3 { "a" } else { "b" }))
        .collect();
    let flows: Vec<String> = (0..5)
        .map(|h| {
            let to = if h < 3 { "b" } else { "a" };
            format!("x{h} = {{ from = 'h{h}', to = '{to}', kind = 'bulk', bytes = '1460 kB', start = '10 s' }}")
        })
        .collect();
    let text = format!(
        "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}}, {} }},
            link = {{ ab = {{ from = 'a', to = 'b' }}, {} }}, traffic = {{ {} }} }}",
        hosts.join(", "),
        links.join(", "),
        flows.join(", ")
    );
    let record = run(&text, 60, 1);
    for flow in 0..5 {
        assert!((value(&record, flow, "sojourn_time", "max") - 10.0).abs() < 1e-6);
    }
}

#[test]
fn half_duplex_links_have_one_rate() {
    let link = |fidelity: &str, more: &str| {
        format!(
            "{{ run = {{ fidelity = '{fidelity}' }}, node = {{ a = {{}}, b = {{}} }},
                link = {{ l = {{ from = 'a', to = 'b', duplex = 'half', {more} }} }},
                traffic = {{ x = {{ from = 'a', to = 'b', kind = 'bulk' }} }} }}"
        )
    };
    for fidelity in ["fluid", "packet"] {
        assert!(system(&link(fidelity, "rate = '1 Mbit/s'")).is_ok());
        assert_eq!(codes(&link(fidelity, "rate = '1 Mbit/s', reverse = { rate = '2 Mbit/s' }")), ["E0346"]);
        assert_eq!(codes(&link(fidelity, "delay = '1 ms'"))[0], "E0346");
    }
}
