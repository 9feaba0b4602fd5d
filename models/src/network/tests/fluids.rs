//! The fluid of a network is of the same network: what limits rates there limits them here, and what cannot be is refused.

use super::*;

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
    // 20 segments in 100 ms: 2.336 Mbit/s each, of 97.3 Mbit/s.
    assert!((goodput(&text("", &windowed(1), "")) / 2.336e6 - 1.0).abs() < 1e-6);
    assert!((goodput(&text("", &windowed(10), "")) / 23.36e6 - 1.0).abs() < 1e-6);
    let all = goodput(&text("", &windowed(100), ""));
    assert!((all / 1e8 - 1460.0 / 1500.0).abs() < 1e-6, "{all}");
    // As packets: the window's last segment leaves when the acknowledgement of the first is back.
    let packets = text("", &windowed(1), "").replace("fluid", "packet");
    let record = run(&packets, 20, 4);
    let goodput = value(&record, 0, "goodput", "mean");
    assert!((goodput / 2.336e6 - 1.0).abs() < 0.02, "{goodput}");
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
fn what_has_no_fluid_is_refused_by_name() {
    let bulk = "kind = 'bulk'";
    for queue in ["kind = 'priority', classes = ['default']", "kind = 'prio'", "kind = 'drr'", "kind = 'wfq'"] {
        assert_eq!(codes(&text(&format!(", queue = {{ {queue} }}"), bulk, "")), ["E0390"], "{queue}");
    }
    let shaped = "kind = 'poisson', rate = '10 packets/s', shape = 'day'";
    let day = ", waveform = { day = { kind = 'sine', mean = 1, amplitude = 0.9, period = '10 s' } }";
    assert_eq!(codes(&text("", shaped, day)), ["E0390"]);
    assert_eq!(codes(&text("", &format!("{shaped}, batch = 3"), day)), ["E0390"], "in batches too");
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
    let diamond = |routing: &str| {
        let link =
            |from: &str, to: &str| format!("{from}{to} = {{ from = '{from}', to = '{to}', rate = '10 Mbit/s' }}");
        format!(
            "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
                link = {{ {}, {}, {}, {} }}, routing = {{ {routing} }},
                traffic = {{ x = {{ from = 'a', to = 'd', kind = 'bulk', connections = 20 }} }} }}",
            link("a", "b"),
            link("b", "d"),
            link("a", "c"),
            link("c", "d")
        )
    };
    assert_eq!(codes(&diamond("ecmp = 'hash_threshold'")), ["E0390"]);
    assert!(system(&diamond("ecmp = 'off'")).is_ok());
}
