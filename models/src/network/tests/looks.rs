//! How many there are at certain times, and for what share of the time.

use super::*;

fn text(queue: &str, probes: &str) -> String {
    // Three packets of 1 ms each at 0, 10, 20 ms and so on: the link holds three, two and one for 1 ms each, then none.
    let flow = |name: &str| {
        format!(
            "{name} = {{ from = 'a', to = 'b', kind = 'constant', rate = '100 packets/s',
                         size = {{ kind = 'constant', size = '1250 B' }} }}"
        )
    };
    format!(
        "{{ node = {{ a = {{}}, b = {{}} }},
            link = {{ up = {{ from = 'a', to = 'b', rate = '10 Mbit/s', delay = '4 ms', queue = {queue} }} }},
            traffic = {{ {}, {}, {} }}, probe = {{ {probes} }} }}",
        flow("x"),
        flow("y"),
        flow("z")
    )
}

fn of(system: &dyn System, record: &RunRecord, name: &str, metric: &str, stat: &str) -> f64 {
    let component = system.components().iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"));
    value(record, component as u32, metric, stat)
}

#[test]
fn shares_of_time_and_counts_by_hand() {
    let probes = "share = { kind = 'states', of = 'up', counts = [0, 1, 3, 4], at_least = [2] },
                  link = { kind = 'count', of = 'up', times = ['100.5 ms', '101.5 ms', '105 ms'] },
                  flow = { kind = 'count', of = 'x', times = ['104.5 ms', '105.5 ms'] },
                  full = { kind = 'first_passage', of = 'up', down_to = [0], up_to = [2, 4] },
                  gone = { kind = 'passages', of = 'up', numbers = [1, 5] },
                  late = { kind = 'tail', of = 'up', longer_than = ['1 ms', '2 ms', '3 ms'], percentiles = [10, 50, 99.9] },
                  wait = { kind = 'tail', of = 'up', metric = 'wait_time', longer_than = ['0 s', '1.5 ms'] },
                  gaps = { kind = 'tail', of = 'up', metric = 'interval', longer_than = ['1 ms', '2 ms'] },
                  far = { kind = 'tail', of = 'z', longer_than = ['6.9 ms', '7 ms'] },
                  why = { kind = 'attribution' }";
    for queue in
        ["{ kind = 'fifo' }", "{ kind = 'codel' }", "{ kind = 'prio', queue = { kind = 'fifo', limit = '9 packets' } }"]
    {
        let system = system(&text(queue, probes)).unwrap_or_else(|d| panic!("{queue}: {d:?}"));
        let window = Window {
            warmup: SimTime::from_ticks(50_000_000_000),
            end: SimTime::from_ticks(1_050_000_000_000),
            bins: 7,
        };
        let record = system.run(Streams::new(1, 0), window).unwrap();
        let share = |name: &str| of(&*system, &record, name, "time_share", "time_mean");
        for (name, exact) in [("up@n=0", 0.7), ("up@n=1", 0.1), ("up@n=3", 0.1), ("up@n=4", 0.0), ("up@n>=2", 0.2)] {
            assert!((share(name) - exact).abs() < 1e-12, "{queue} {name}: {}", share(name));
        }
        let count = |name: &str| of(&*system, &record, name, "count", "mean");
        assert_eq!(["up@100.5 ms", "up@101.5 ms", "up@105 ms"].map(count), [3.0, 2.0, 0.0], "{queue}");
        let first = |name: &str| of(&*system, &record, name, "first_passage_time", "mean");
        assert_eq!(["up@first n<=0", "up@first n>=2"].map(first), [0.0, 0.0], "{queue}");
        assert!(first("up@first n>=4").is_nan(), "{queue}");
        let passage = |name: &str| of(&*system, &record, name, "passage_time", "mean");
        assert_eq!(["up@passage 1", "up@passage 5"].map(passage), [0.001, 0.012], "{queue}");
        // Two gaps of 1 ms, one of 8 ms.
        let gap = |stat: &str| of(&*system, &record, "up@interval", "interval", stat);
        assert!((gap("mean") - 0.01 / 3.0).abs() < 1e-12 && gap("max") == 0.008, "{queue}: {}", gap("mean"));
        // The three stay for 1, 2 and 3 ms, of which they wait for all but the last.
        let share = |name: &str| of(&*system, &record, name, "exceedance", "mean");
        for (name, thirds) in [
            ("up@sojourn_time>1 ms", 2),
            ("up@sojourn_time>2 ms", 1),
            ("up@sojourn_time>3 ms", 0),
            ("up@wait_time>0 s", 2),
            ("up@wait_time>1.5 ms", 1),
            ("up@interval>1 ms", 1),
            ("up@interval>2 ms", 1),
            ("z@sojourn_time>6.9 ms", 3),
            ("z@sojourn_time>7 ms", 0),
        ] {
            assert_eq!(share(name), f64::from(thirds) / 3.0, "{queue} {name}");
        }
        for (name, exact) in [("p10", 0.001), ("p50", 0.002), ("p99.9", 0.003)] {
            let found = of(&*system, &record, &format!("up@sojourn_time {name}"), "percentile", "mean");
            assert!((found / exact - 1.0).abs() < 0.004, "{queue} {name}: {found}");
        }
        // 4 ms on the wire: the first arrives at 105 ms.
        assert_eq!(["x@104.5 ms", "x@105.5 ms"].map(count), [1.0, 0.0], "{queue}");
    }
}

#[test]
fn looking_changes_nothing() {
    let run = |probes: &str| {
        let system = system(&text("{ kind = 'fifo' }", probes)).unwrap();
        let window = Window { warmup: SimTime::from_secs(1), end: SimTime::from_secs(3), bins: 3 };
        system.run(Streams::new(1, 0), window).unwrap().measures
    };
    let plain = run("");
    let looked =
        run("a = { kind = 'states', of = 'up', counts = [0] }, b = { kind = 'count', of = 'up', times = ['2 s'] }");
    assert_eq!(format!("{plain:?}"), format!("{:?}", &looked[..plain.len()]));
    assert_eq!(looked.len(), plain.len() + 2);
}

#[test]
fn what_cannot_be_looked_at_is_a_finding() {
    for (probes, code) in [
        ("p = { kind = 'states', of = 'up' }", "E0608"),
        ("p = { kind = 'states', of = 'up', counts = [1, 1] }", "E0608"),
        ("p = { kind = 'states', of = 'x', counts = [1] }", "E0398"),
        ("p = { kind = 'count', of = 'upp', times = ['1 s'] }", "E0398"),
        ("p = { kind = 'count', of = 'up', times = ['1 s', '1000 ms'] }", "E0608"),
        (
            "p = { kind = 'count', of = 'up', times = ['1 s'] }, q = { kind = 'count', of = 'up', times = ['1 s'] }",
            "E0324",
        ),
        ("p = { kind = 'tail', of = 'up' }", "E0608"),
        ("p = { kind = 'tail', of = 'up', percentiles = [99.9, 99.9] }", "E0608"),
        ("p = { kind = 'tail', of = 'up', longer_than = ['107 d'] }", "E0609"),
        ("p = { kind = 'tail', of = 'down', longer_than = ['1 s'] }", "E0398"),
        ("p = { kind = 'tail', of = 'x', metric = 'flow_completion_time', longer_than = ['1 s'] }", "E0398"),
        ("p = { kind = 'tail', of = 'x', metric = 'interval', longer_than = ['1 s'] }", "E0398"),
    ] {
        let found = system(&text("{ kind = 'fifo' }", probes)).map(|_| ()).unwrap_err();
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{probes}");
    }
}
