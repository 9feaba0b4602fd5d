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
    // Each link of a ring of 17 fails.
    let ring = format!(
        "{{ topology = {{ kind = 'ring', nodes = 17, failures = {{ up = {law}, down = {law} }} }},
            traffic = {{ x = {{ from = 'n0', to = 'n5', kind = 'poisson', rate = '1 Mbit/s' }} }} }}"
    );
    let found = system(&ring).err().unwrap();
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0343"]);
    assert!(system(&ring.replace("17", "10")).is_ok());
}
