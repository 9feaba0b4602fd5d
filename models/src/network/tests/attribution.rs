//! What delays and losses are made of.

use super::*;

/// The component called `name` of `system`, whose value of a metric in `record` is wanted.
fn of(system: &dyn System, record: &RunRecord, name: &str, metric: &str) -> f64 {
    let component = system.components().iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"));
    value(record, component as u32, metric, "mean")
}

fn observed(text: &str, warmup: u64, end: u64) -> (Box<dyn System>, RunRecord) {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let window = Window { warmup: SimTime::from_secs(warmup), end: SimTime::from_secs(end), bins: 4 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert!(record.checks.violations.is_empty(), "{text}: {:?}", record.checks);
    (system, record)
}

#[test]
fn every_cause_by_hand() {
    // Each 100 ms two packets of 1250 B at once. Inspection by one worker: 2 ms each. The bucket has room for one and
    // refills in 10 ms; the link takes 1 ms, and 5 ms to the other side.
    let text = "{ node = { a = { stages = ['dpi'] }, b = {} },
        stage = { dpi = { kind = 'server', service = { kind = 'constant', time = '2 ms' } } },
        link = { up = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '5 ms',
                        queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '1250 B' } } },
        traffic = { first = { from = 'a', to = 'b', class = 'one', kind = 'constant', rate = '10 packets/s',
                              size = { kind = 'constant', size = '1250 B' }, stop = '9.5 s' },
                    then  = { from = 'a', to = 'b', class = 'two', kind = 'constant', rate = '10 packets/s',
                              size = { kind = 'constant', size = '1250 B' }, stop = '9.5 s' } },
        probe = { where = { kind = 'attribution' } } }";
    let (system, record) = observed(text, 1, 10);
    let ms = |name: &str, metric: &str| of(system.as_ref(), &record, name, metric) * 1e3;
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    for (class, waits) in [("one", [0.0, 0.0, 0.0]), ("two", [2.0, 0.0, 8.0])] {
        // The second comes to the link at 4 ms: the server is free since 3 ms, the tokens are there at 12 ms.
        let at = |element: &str| format!("{class}@{element}");
        near(ms(&at("dpi"), "queueing_delay"), waits[0]);
        near(ms(&at("dpi"), "inspection_delay"), 2.0);
        near(ms(&at("up"), "queueing_delay"), waits[1]);
        near(ms(&at("up"), "shaping_delay"), waits[2]);
        near(ms(&at("up"), "transmission_delay"), 1.0);
        near(ms(&at("up"), "propagation_delay"), 5.0);
        near(ms(&at("end_to_end"), "sojourn_time"), waits.iter().sum::<f64>() + 8.0);
    }
}

#[test]
fn waiting_behind_a_packet_is_queueing_and_without_tokens_shaping() {
    // Both at once at the link. The second waits 1 ms for the first and 9 ms for tokens.
    let traffic = |class: &str| {
        format!(
            "{class} = {{ from = 'a', to = 'b', class = '{class}', kind = 'constant', rate = '10 packets/s',
                size = {{ kind = 'constant', size = '1250 B' }}, stop = '9.5 s' }}"
        )
    };
    let text = format!(
        "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ up = {{ from = 'a', to = 'b', rate = '10 Mbit/s',
              queue = {{ kind = 'tbf', rate = '1 Mbit/s', burst = '1250 B' }} }} }},
            traffic = {{ {}, {} }}, probe = {{ where = {{ kind = 'attribution', by = 'flow' }} }} }}",
        traffic("one"),
        traffic("two")
    );
    let (system, record) = observed(&text, 0, 10);
    for (metric, expected) in [("queueing_delay", 1e-3), ("shaping_delay", 9e-3), ("transmission_delay", 1e-3)] {
        let found = of(system.as_ref(), &record, "two@up", metric);
        assert!((found - expected).abs() < 1e-12, "{metric}: {found}");
    }
}

#[test]
fn parts_add_up_to_the_whole() {
    // Random traffic over links that lose, drop, delay and fail; drained at the end, so that nothing is on its way.
    let text = "{ node = { a = { stages = ['dpi'] }, b = {}, c = {} },
        stage = { dpi = { kind = 'server', workers = 2, service = { kind = 'exponential', mean = '1 ms' },
                          queue = { kind = 'fifo', limit = '5 packets' } } },
        link = { one = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '3 ms', jitter = { kind = 'exponential', mean = '1 ms' },
                         loss = { kind = 'bernoulli', p = 0.02 }, queue = { kind = 'htb', classes = {
                             x = { match = { class = 'x' }, rate = '3 Mbit/s', ceil = '5 Mbit/s' }, rest = { rate = '3 Mbit/s' } } } },
                 two = { from = 'b', to = 'c', rate = '4 Mbit/s', delay = '1 ms', queue = { kind = 'fifo', limit = '9 packets' } } },
        traffic = { p = { from = 'a', to = 'c', class = 'x', kind = 'poisson', rate = '400 packets/s', stop = '60 s' },
                    q = { from = 'a', to = 'c', class = 'x', kind = 'poisson', rate = '100 packets/s', stop = '60 s' },
                    r = { from = 'a', to = 'b', class = 'y', kind = 'poisson', rate = '200 packets/s', stop = '60 s' } },
        probe = { where = { kind = 'attribution' } } }";
    let (system, record) = observed(text, 0, 70);
    let get = |name: &str, metric: &str| of(system.as_ref(), &record, name, metric);
    for (class, elements) in [("x", &["dpi", "one", "two"][..]), ("y", &["dpi", "one"])] {
        let whole = |metric| get(&format!("{class}@end_to_end"), metric);
        let sum = |metric: &str| elements.iter().map(|e| get(&format!("{class}@{e}"), metric)).sum::<f64>();
        assert_eq!(whole("arrivals"), whole("departures") + whole("dropped"));
        assert_eq!(whole("dropped"), sum("dropped"));
        assert!((whole("loss_ratio") - sum("loss_ratio")).abs() < 1e-12);
        let flows: &[&str] = if class == "x" { &["p", "q"] } else { &["r"] };
        assert_eq!(whole("departures"), flows.iter().map(|f| get(f, "departures")).sum::<f64>());
    }
    // By reason, and at the element where it was.
    assert_eq!(get("x@one", "dropped.link_loss") + get("y@one", "dropped.link_loss"), get("one", "dropped.link_loss"));
    assert_eq!(get("x@two", "dropped"), get("two", "dropped"));
    for name in ["x@two", "x@dpi", "y@dpi", "x@one", "y@one"] {
        assert!(get(name, "dropped") >= 10.0, "{name}: {}", get(name, "dropped"));
    }
    assert!(get("x@one", "shaping_delay") > 1e-4);
    // Fairness of two flows with 400 and 100 packets a second: 25/34.
    assert!((get("x@end_to_end", "fairness") - 25.0 / 34.0).abs() < 0.02);

    // Without losses the delays are those of the packets that arrive, exactly.
    let lossless = text
        .replace("p = 0.02", "p = 0")
        .replace("limit = '5 packets'", "limit = '1000000 packets'")
        .replace("'9 packets'", "'1000000 packets'");
    let lossless = lossless
        .replace("ceil = '5 Mbit/s'", "ceil = '5 Mbit/s', queue = { kind = 'fifo', limit = '1000000 packets' }");
    let lossless = lossless.replace("rate = '400 packets/s'", "rate = '200 packets/s'");
    let (system, record) = observed(&lossless, 0, 70);
    let get = |name: &str, metric: &str| of(system.as_ref(), &record, name, metric);
    for (class, elements) in [("x", &["dpi", "one", "two"][..]), ("y", &["dpi", "one"])] {
        assert_eq!(get(&format!("{class}@end_to_end"), "dropped"), 0.0);
        let mut sum = 0.0;
        for element in elements {
            let name = format!("{class}@{element}");
            sum += get(&name, "queueing_delay");
            sum += if *element == "dpi" { get(&name, "inspection_delay") } else { get(&name, "transmission_delay") };
            sum += if *element == "dpi" { 0.0 } else { get(&name, "propagation_delay") };
            sum += if *element == "one" { get(&name, "shaping_delay") } else { 0.0 };
        }
        let whole = get(&format!("{class}@end_to_end"), "sojourn_time");
        assert!((sum / whole - 1.0).abs() < 1e-9, "{class}: {sum} {whole}");
    }
}

#[test]
fn what_lost_segments_cost_is_told_of_the_connections() {
    let text = "{ node = { a = {}, b = {} },
        link = { up = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '10 ms', queue = { kind = 'fifo', limit = '30 packets' } } },
        traffic = { x = { from = 'a', to = 'b', kind = 'bulk', connections = 3 } },
        probe = { where = { kind = 'attribution' } } }";
    let (system, record) = observed(text, 1, 21);
    let get = |name: &str, metric: &str| of(system.as_ref(), &record, name, metric);
    let cost = get("default@end_to_end", "retransmission_delay") * get("default@end_to_end", "departures");
    let told = get("x", "retransmission_delay") * get("x", "retransmissions");
    assert!(get("x", "retransmissions") > 20.0 && (cost / told - 1.0).abs() < 1e-9, "{cost} {told}");
    // A loss is noticed about a round trip after it was sent (20 ms, with a full queue 56 ms), or after a time-out of 1 s.
    let each = get("x", "retransmission_delay");
    assert!(each > 0.02 && each < 1.0, "{each}");
}

#[test]
fn watching_more_closely_changes_nothing() {
    let text = |probe: &str| {
        format!(
            "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ up = {{ from = 'a', to = 'b', rate = '10 Mbit/s',
                  queue = {{ kind = 'fq_codel' }} }} }},
                traffic = {{ x = {{ from = 'a', to = 'b', kind = 'bulk' }},
                             y = {{ from = 'a', to = 'b', kind = 'poisson', rate = '100 packets/s' }} }} {probe} }}"
        )
    };
    let (_, plain) = observed(&text(""), 1, 6);
    let (_, split) = observed(&text(", probe = { where = { kind = 'attribution' } }"), 1, 6);
    let n = plain.measures.len();
    // Values that are not numbers are not equal to themselves.
    assert_eq!(format!("{:?}", plain.measures), format!("{:?}", &split.measures[..n]));
    assert!(split.measures.len() > n);
}

#[test]
fn probes_that_have_nothing_to_look_at_are_findings() {
    let text = |probe: &str, run: &str| {
        format!(
            "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ up = {{ from = 'a', to = 'b', rate = '1 Mbit/s' }} }},
                traffic = {{ x = {{ from = 'a', to = 'b', kind = 'bulk' }} }}, probe = {{ {probe} }} {run} }}"
        )
    };
    let codes = |text: &str| system(text).map(|_| ()).unwrap_err().iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes(&text("p = { kind = 'residence', of = 'cell.drug' }", "")), ["E0626"]);
    let two = "p = { kind = 'attribution' }, q = { kind = 'attribution', by = 'flow' }";
    assert_eq!(codes(&text(two, "")), ["E0397"]);
}
