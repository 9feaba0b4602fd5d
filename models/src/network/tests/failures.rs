//! Links that fail at random.

use super::*;

/// Two ways from a to z, the first one shorter, and a link beside that nothing is sent over. `more` is put in front, `failures`
/// into the short link.
fn two_ways(more: &str, failures: &str, traffic: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, m = {{}}, z = {{}}, idle = {{}} }}, {more}
            link = {{ short = {{ from = 'a', to = 'z', rate = '10 Mbit/s', delay = '20 ms', {failures} }},
                      am = {{ from = 'a', to = 'm', rate = '10 Mbit/s', delay = '5 ms' }},
                      mz = {{ from = 'm', to = 'z', rate = '10 Mbit/s', delay = '5 ms' }},
                      spare = {{ from = 'm', to = 'idle', {failures} }} }},
            traffic = {{ x = {{ from = 'a', to = 'z', {traffic} }} }} }}"
    )
}

const BY_TURNS: &str =
    "failures = { up = { kind = 'constant', time = '2 s' }, down = { kind = 'constant', time = '1500 ms' } }";
const POISSON: &str = "kind = 'poisson', rate = '8 Mbit/s'";

fn numbers(text: &str, end: u64) -> Vec<(String, &'static str, &'static str, f64)> {
    let system = system(text).unwrap_or_else(|d| panic!("{d:?}"));
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(end), bins: 7 };
    let record = system.run(Streams::new(3, 0), window).unwrap();
    assert_eq!(record.checks.violations, Vec::<String>::new());
    let name = |c: u32| system.components()[c as usize].name.clone();
    record.measures.iter().map(|m| (name(m.component), m.metric, m.stat, m.value)).collect()
}

fn of(numbers: &[(String, &'static str, &'static str, f64)], name: &str, metric: &str) -> f64 {
    let found =
        numbers.iter().find(|(n, m, stat, _)| n == name && *m == metric && matches!(*stat, "mean" | "time_mean"));
    found.unwrap_or_else(|| panic!("no {name}.{metric}")).3
}

#[test]
fn they_act_as_interventions_do() {
    // Down from 2 to 3.5 s, from 5.5 to 7 s and from 9 s on. Of what both have, all is the same: losses, ways, times.
    let turns = [("2 s", "fail"), ("3.5 s", "recover"), ("5.5 s", "fail"), ("7 s", "recover"), ("9 s", "fail")];
    let turn = |(at, op): (&str, &str)| {
        let name = at.replace([' ', '.'], "");
        format!("t{name} = {{ at = '{at}', target = 'link.short', op = '{op}' }}")
    };
    let planned = format!("intervention = {{ {} }},", turns.map(turn).join(", "));
    for queue in ["fifo", "codel"] {
        for convergence in ["0 s", "150 ms", "1.6 s"] {
            let routing = format!("routing = {{ convergence = '{convergence}' }},");
            let queue = format!(", queue = {{ kind = '{queue}' }}");
            let random = numbers(&two_ways(&routing, &format!("{BY_TURNS}{queue}"), POISSON), 10);
            let planned = numbers(&two_ways(&format!("{routing}{planned}"), &queue[2..], POISSON), 10);
            let mut compared = 0;
            for (name, metric, stat, value) in &planned {
                let same = random.iter().find(|r| (&r.0, r.1, r.2) == (name, *metric, *stat));
                let same = same.unwrap_or_else(|| panic!("no {name}.{metric}"));
                assert_eq!(
                    same.3.to_bits(),
                    value.to_bits(),
                    "{convergence} {name}.{metric}.{stat}: {}, {value}",
                    same.3
                );
                compared += 1;
            }
            assert!(compared >= 100, "{compared}");
            for link in ["short", "spare"] {
                // Up for 2, 2 and 2 of 10 s.
                assert!((of(&random, link, "availability") - 0.6).abs() < 1e-12, "{link}");
                assert_eq!(of(&random, link, "failures"), 3.0, "{link}");
            }
            let lost = of(&random, "short", "dropped.link_down");
            assert!(lost >= 5.0, "{convergence}: {lost}");
        }
    }
}

#[test]
fn a_link_is_up_while_nothing_has_it_down() {
    // Its own failures as above; by interventions down from 3 to 6 s. Down from 2 to 7 s and from 9 s on.
    let more = "intervention = { cut = { at = '3 s', target = 'link.short', op = 'fail' },
                                 mend = { at = '6 s', target = 'link.short', op = 'recover' } },
                routing = { convergence = '10 ms' },
                probe = { p = { kind = 'count', of = 'short', metric = 'availability',
                                times = ['1 s', '2 s', '4 s', '6.5 s', '7.5 s', '9.5 s'] } },";
    let all = numbers(&two_ways(more, BY_TURNS, "kind = 'constant', rate = '500 packets/s'"), 10);
    assert!((of(&all, "short", "availability") - 0.4).abs() < 1e-12);
    assert_eq!(of(&all, "short", "failures"), 2.0);
    let at = ["1 s", "2 s", "4 s", "6.5 s", "7.5 s", "9.5 s"];
    // What happens at an instant is left out.
    let up = at.map(|t| of(&all, &format!("short@availability {t}"), "availability"));
    assert_eq!(up, [1.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    // 10 ms of 500 packets/s each time, and 20 ms of them on the wire, two of which are told when they come to the queue.
    let lost = of(&all, "short", "dropped.link_down");
    assert_eq!(lost, 10.0);
    assert!((of(&all, "mz", "departures") - 500.0 * 6.0).abs() < 30.0);
}

/// One link, and no traffic.
fn single(up: &str, down: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, z = {{}} }},
            link = {{ l = {{ from = 'a', to = 'z', failures = {{ up = {up}, down = {down} }} }} }} }}"
    )
}

#[test]
fn availability_is_that_of_renewals_whatever_the_laws() {
    // The share of time up tends to the mean time up over the mean cycle, with a variance of (v_up d^2 + v_down u^2) / c^3 t
    // (Barlow & Proschan 1965); the number of failures to t / c, with a variance of (v_up + v_down) t / c^3.
    for (up, u, v, down, d, w) in [
        ("{ kind = 'gamma', mean = '10 s', cv = 0.5 }", 10.0, 25.0, "{ kind = 'constant', time = '2 s' }", 2.0, 0.0),
        ("{ kind = 'exponential', mean = '8 s' }", 8.0, 64.0, "{ kind = 'lognormal', mean = '1 s', cv = 2 }", 1.0, 4.0),
        (
            "{ kind = 'uniform', min = '1 s', max = '7 s' }",
            4.0,
            3.0,
            "{ kind = 'exponential', mean = '4 s' }",
            4.0,
            16.0,
        ),
    ] {
        let system = system(&single(up, down)).unwrap();
        let t = 80_000.0;
        let window = Window { warmup: SimTime::from_secs(1000), end: SimTime::from_secs(81_000), bins: 1 };
        let record = system.run(Streams::new(1, 0), window).unwrap();
        let link = |metric: &str, stat: &str| value(&record, 0, metric, stat);
        let c: f64 = u + d;
        let (share, error) = (u / c, ((v * d * d + w * u * u) / (c * c * c * t)).sqrt());
        let found = link("availability", "time_mean");
        assert!((found - share).abs() < 4.0 * error, "{up} {down}: {found} is not {share} +- {error}");
        let (n, error) = (t / c, ((v + w) * t / (c * c * c)).sqrt());
        let found = link("failures", "mean");
        assert!((found - n).abs() < 4.0 * error, "{up} {down}: {found} is not {n} +- {error}");
        assert_eq!(link("arrivals", "mean"), 0.0);
    }
}

#[test]
fn nothing_else_draws_otherwise_and_each_link_for_itself() {
    // The spare link fails; what is sent, and how the short one fails, does not change.
    let exponential =
        "failures = { up = { kind = 'exponential', mean = '3 s' }, down = { kind = 'exponential', mean = '1 s' } }";
    let with = numbers(&two_ways("", exponential, POISSON), 60);
    let without = numbers(&two_ways("", exponential, POISSON).replace(&format!("'idle', {exponential}"), "'idle'"), 60);
    for (name, metric, stat, value) in &without {
        let same = with.iter().find(|r| (&r.0, r.1, r.2) == (name, *metric, *stat)).unwrap();
        assert_eq!(same.3.to_bits(), value.to_bits(), "{name}.{metric}.{stat}");
    }
    assert_ne!(of(&with, "short", "availability"), of(&with, "spare", "availability"));
    assert_eq!(format!("{with:?}"), format!("{:?}", numbers(&two_ways("", exponential, POISSON), 60)));
}

#[test]
fn mistakes_are_told_with_their_codes() {
    let law = "{ kind = 'exponential', mean = '1 s' }";
    let linear = "{ kind = 'linear', per_byte = '1 s/B' }";
    let instant = "{ kind = 'constant', time = '0 s' }";
    for (up, down, code) in [(linear, law, "E0348"), (law, instant, "E0352")] {
        let found = system(&single(up, down)).err().unwrap_or_else(|| panic!("accepted: {up} {down}"));
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code]);
    }
    // Static routes could lead round in one of 2^40 states that nobody looks at.
    let ring = |nodes: usize, routes: &str| {
        format!(
            "{{ topology = {{ kind = 'ring', nodes = {nodes}, failures = {{ up = {law}, down = {law} }} }},
                node = {{ n1 = {{ {routes} }} }},
                traffic = {{ x = {{ from = 'n0', to = 'n5', kind = 'poisson', rate = '1 Mbit/s' }} }} }}"
        )
    };
    let routes = "routes = [{ prefix = '0.0.0.0/0', via = 'n2' }]";
    let found = system(&ring(40, routes)).err().unwrap();
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0343"]);
    for fine in [ring(10, ""), ring(40, "")] {
        assert!(system(&fine).is_ok());
    }
}

#[test]
fn any_number_of_links_can_fail() {
    // A ring of 30 links, each up for a = 50/51 of the time: n0 reaches n10 over the 10 or the other 20. Nothing is on the way
    // for any time, and routes follow at once.
    let text = "{ topology = { kind = 'ring', nodes = 30, failures = { up = { kind = 'exponential', mean = '200 s' },
                                                                      down = { kind = 'exponential', mean = '4 s' } } },
                  routing = { convergence = '0 s' },
                  traffic = { x = { from = 'n0', to = 'n10', kind = 'constant', rate = '1 packets/s' } } }";
    let system = system(text).unwrap();
    let window = Window { warmup: SimTime::from_secs(200), end: SimTime::from_secs(20_200), bins: 1 };
    let lost: Vec<f64> = (0..20)
        .map(|replication| {
            let record = system.run(Streams::new(1, replication), window).unwrap();
            assert_eq!(record.checks.violations, Vec::<String>::new());
            value(&record, 0, "dropped", "mean") / 20_000.0
        })
        .collect();
    let up = |links: i32| (50.0_f64 / 51.0).powi(links);
    let (expected, n) = (1.0 - up(10) - up(20) + up(30), lost.len() as f64);
    let mean = lost.iter().sum::<f64>() / n;
    let error = (lost.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    assert!(error < 0.03 * expected && (mean - expected).abs() < 3.3 * error, "{mean} +- {error}, not {expected}");
}

#[test]
fn tables_made_during_the_run_are_those_made_before() {
    // Two networks of which one fails by chance; with 40 links more that fail beside them, no state is listed any more.
    let failures =
        "failures = { up = { kind = 'exponential', mean = '3 s' }, down = { kind = 'exponential', mean = '1 s' } }";
    let beside: Vec<String> =
        (0..40).map(|k| format!(", spare{k} = {{ from = 'm', to = 'idle', {failures} }}")).collect();
    let beside = beside.concat();
    for routing in ["convergence = '200 ms'", "ecmp = 'hash_threshold'", "metric = 'delay', ecmp = 'hrw'"] {
        let few = two_ways(&format!("routing = {{ {routing} }},"), failures, POISSON);
        // As long by m as by the short one.
        let few = few
            .replace("to = 'm', rate = '10 Mbit/s', delay = '5 ms'", "to = 'm', rate = '10 Mbit/s', delay = '15 ms'");
        let many = few.replace("} },\n            traffic", &format!("}} {beside} }},\n            traffic"));
        assert_ne!(few, many);
        let (few, many) = (numbers(&few, 60), numbers(&many, 60));
        let mut compared = 0;
        // Which reasons for losses a flow is told of depends on what could happen.
        for (name, metric, stat, value) in few.iter().filter(|r| r.2 == "mean" || r.2 == "time_mean") {
            let same = many.iter().find(|r| (&r.0, r.1, r.2) == (name, *metric, *stat)).unwrap();
            assert_eq!(same.3.to_bits(), value.to_bits(), "{routing}: {name}.{metric}: {}, {value}", same.3);
            compared += 1;
        }
        assert!(compared >= 40 && of(&few, "short", "dropped.link_down") > 0.0, "{compared}");
    }
}

/// Two ways of which the first fails at 20 s, under 10 packets a second for 100 s.
fn noticed(convergence: &str, further: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, m = {{}}, z = {{}} }}, routing = {{ convergence = {convergence} }},
            intervention = {{ cut = {{ at = '20 s', target = 'link.short', op = 'fail' }} {further} }},
            link = {{ short = {{ from = 'a', to = 'z' }}, am = {{ from = 'a', to = 'm' }}, mz = {{ from = 'm', to = 'z' }} }},
            traffic = {{ x = {{ kind = 'constant', from = 'a', to = 'z', rate = '10 packets/s' }} }} }}"
    )
}

const OSPF: &str = "{ kind = 'uniform', min = '30 s', max = '40 s' }";

/// Packets lost in runs of 100 s.
fn losses(text: &str, runs: u64) -> Vec<f64> {
    let system = system(text).unwrap_or_else(|d| panic!("{d:?}"));
    assert!(runs == 1 || system.draws(), "replications differ");
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(100), bins: 1 };
    let lost = |run| value(&system.run(Streams::new(1, run), window).unwrap(), 0, "dropped.link_down", "mean");
    (0..runs).map(lost).collect()
}

#[test]
fn what_is_lost_until_a_failure_is_noticed_has_the_law_of_that_time() {
    // Hellos each 10 s, of which four in a row are missed: uniform from 30 to 40 s, 10 packets a second. Packets come at
    // multiples of 0.1 s, so that the number is uniform over 300 to 399, if the one at 20 s is lost, plus one.
    let lost = losses(&noticed(OSPF, ""), 2000);
    let n = lost.len() as f64;
    let mean = lost.iter().sum::<f64>() / n;
    let variance = lost.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let expected = (100.0 * 100.0 - 1.0) / 12.0;
    assert!((mean - 350.5).abs() < 3.3 * (expected / n).sqrt(), "{mean}");
    // The kurtosis of a uniform law is 1.8.
    assert!((variance / expected - 1.0).abs() < 3.3 * (0.8 / n).sqrt(), "{variance}, not {expected}");
    assert!(lost.iter().all(|x| (301.0..=400.0).contains(x)));
    // A law that always gives one time is that time.
    let constant = losses(&noticed("{ kind = 'constant', time = '35 s' }", ""), 1);
    assert_eq!((constant, losses(&noticed("'35 s'", ""), 1)), (vec![350.0], vec![350.0]));
}

#[test]
fn each_failure_is_noticed_after_a_time_of_its_own() {
    // By the law of its own failures: at 10, 80 and 150 s, each for 60 s, 3000 packets a minute.
    let text = "{ node = { a = {}, m = {}, z = {} }, routing = { convergence = { kind = 'uniform', min = '2 s', max = '10 s' } },
                  link = { short = { from = 'a', to = 'z', failures = { up = { kind = 'constant', time = '10 s' },
                                                                      down = { kind = 'constant', time = '60 s' } } },
                           am = { from = 'a', to = 'm' }, mz = { from = 'm', to = 'z' } },
                  traffic = { x = { kind = 'constant', from = 'a', to = 'z', rate = '50 packets/s' } } }";
    let system = system(text).unwrap();
    let run = |replication, end| {
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(end), bins: 1 };
        value(&system.run(Streams::new(1, replication), window).unwrap(), 0, "dropped.link_down", "mean")
    };
    // Losses of a failure that begins while the recovery before is not known are less: the way is still m's.
    let (n, mut first, mut pairs) = (1000, Vec::new(), Vec::new());
    for replication in 0..n {
        let (one, two) = (run(replication, 70), run(replication, 140));
        first.push(one);
        pairs.push((one, two - one));
    }
    let mean = first.iter().sum::<f64>() / n as f64;
    let variance = first.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let expected = 400.0_f64.powi(2) / 12.0;
    assert!((mean - 300.5).abs() < 3.3 * (expected / n as f64).sqrt(), "{mean}");
    assert!((variance / expected - 1.0).abs() < 3.3 * (0.8 / n as f64).sqrt(), "{variance}");
    // The second failure, at 80 s, is noticed R2 after; the recovery at 70 s, R1. Until both the loss is 50 packets a second in
    // (80 s, 80 s + R2) from max(0, R1 - 10 s) = 0 on: it has the same law, and nothing to do with the first.
    let second = pairs.iter().map(|p| p.1).sum::<f64>() / n as f64;
    assert!((second - 300.5).abs() < 3.3 * (expected / n as f64).sqrt(), "{second}");
    let together = pairs.iter().map(|p| (p.0 - mean) * (p.1 - second)).sum::<f64>() / n as f64 / expected;
    assert!(together.abs() < 3.3 / (n as f64).sqrt(), "{together}");
}

#[test]
fn a_failure_that_is_over_before_anybody_noticed_changes_no_routes() {
    // It is told to be over 1 s later, after between 0 and 40 s; where that comes first, nothing is sent by m.
    let text = noticed(
        "{ kind = 'uniform', min = '0 s', max = '40 s' }",
        ", mend = { at = '21 s', target = 'link.short', op = 'recover' }",
    );
    let system = system(&text).unwrap();
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(100), bins: 1 };
    let n = 2000;
    let by_m = (0..n).map(|r| value(&system.run(Streams::new(1, r), window).unwrap(), 2, "departures", "mean"));
    let unnoticed = by_m.filter(|packets| *packets == 0.0).count() as f64 / n as f64;
    // P(U > 1 + V) of two uniform times on (0, 40): 39^2/40^2/2; packets come each 0.1 s.
    let expected = 39.0_f64.powi(2) / 3200.0;
    let error = (expected * (1.0 - expected) / n as f64).sqrt();
    assert!((unnoticed - expected).abs() < 3.3 * error + 0.0025, "{unnoticed} +- {error}, not {expected}");
    // What changes nothing else: where routes follow later, the source sends the same.
    let poisson = |convergence: &str| {
        let text = noticed(convergence, "").replace("'constant', from", "'poisson', from");
        run(&text, 100, 1)
    };
    let arrivals = |record: &RunRecord| value(record, 0, "arrivals", "mean");
    assert_eq!(arrivals(&poisson(OSPF)), arrivals(&poisson("'1 s'")));
    let linear = noticed("{ kind = 'linear', per_byte = '1 s/B' }", "");
    let found = super::system(&linear).err().unwrap();
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0348"]);
}
