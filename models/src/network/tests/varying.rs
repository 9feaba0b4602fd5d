//! Links whose rate varies: steps and sines by hand, pauses, and all that a link can have besides.

use std::f64::consts::TAU;

use super::*;

/// Two nodes, a link of 12 Mbit/s (1 ms a packet of 1500 B) with these keys, and a flow of this kind.
fn link(waveform: &str, keys: &str, traffic: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, b = {{}} }}, waveform = {{ w = {waveform} }},
            link = {{ l = {{ from = 'a', to = 'b', rate = '12 Mbit/s', {keys} }} }},
            traffic = {{ x = {{ from = 'a', to = 'b', {traffic} }} }} }}"
    )
}

/// From empty, with a bin for each ms: the laws are checked at its end.
fn from_empty(text: &str, ms: u64) -> RunRecord {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let end = SimTime::from_ticks(ms * 1_000_000_000);
    let record = system.run(Streams::new(1, 0), Window { warmup: SimTime::ZERO, end, bins: 10 }).unwrap();
    assert!(record.checks.made > 0 && record.checks.violations.is_empty(), "{text}: {:?}", record.checks);
    record
}

/// Every packet of 1500 B that comes at one of `ms`, as `Trace` sends it.
fn trace(name: &str, ms: &[f64]) -> TestFile {
    let rows: Vec<String> = ms.iter().map(|t| format!("{:.6},1500", t * 1e-3)).collect();
    TestFile::new(name, format!("time,size\n{}", rows.join("\n")).as_bytes())
}

/// When each packet of a trace arrives, in ms: runs that end 1 ps before and at the time expected tell.
fn assert_arrives(text: &str, expected: &[f64]) {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let arrived = |end: u64| {
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_ticks(end), bins: 1 };
        let record = system.run(Streams::new(1, 0), window).unwrap();
        assert!(record.checks.violations.is_empty(), "{text}: {:?}", record.checks);
        value(&record, 0, "departures", "mean") as usize
    };
    for (k, at) in expected.iter().enumerate() {
        let ticks = (at * 1e9).round() as u64;
        // What happens at the end of a window is not in it.
        assert_eq!((arrived(ticks), arrived(ticks + 1)), (k, k + 1), "packet {k} at {at} ms");
    }
}

const QUEUES: [&str; 2] = ["fifo", "plain"];

#[test]
fn a_shape_of_one_changes_nothing() {
    let ones = "{ kind = 'steps', points = [['0 s', 1], ['0.7 s', 1], ['1.3 s', 1]], period = '1.9 s' }";
    for keys in [
        "queue = { kind = 'fifo', limit = '20 packets' }",
        "queue = { kind = 'plain', limit = '20 packets' }, delay = '3 ms', overhead = 'ethernet'",
        "queue = { kind = 'fq_codel' }, loss = { kind = 'bernoulli', p = 0.1 }",
        "queue = { kind = 'drr' }, jitter = { kind = 'exponential', mean = '1 ms' }",
        "queue = { kind = 'htb', classes = { all = { rate = '10 Mbit/s' } } }",
    ] {
        // A rate that takes no whole ticks a bit.
        let traffic = "kind = 'poisson', rate = '12 Mbit/s', size = { kind = 'imix' }";
        let text = |keys: &str| link(ones, keys, traffic).replace("12 Mbit/s', queue", "11.3 Mbit/s', queue");
        let plain = run(&text(keys), 60, 97);
        assert!(value(&plain, 1, "wait_time", "mean") > 1e-3, "{keys}");
        assert!(same(&run(&text(&format!("{keys}, shape = 'w'")), 60, 97), &plain), "{keys}");
    }
}

#[test]
fn a_constant_shape_is_another_rate() {
    let half = "{ kind = 'steps', points = [['0 s', 0.5]] }";
    let traffic = "kind = 'poisson', rate = '5 Mbit/s', size = { kind = 'imix' }";
    let text = |keys: &str| link(half, &format!("queue = {{ kind = 'fifo', limit = '9 packets' }}{keys}"), traffic);
    // Rates that take whole ticks a bit; otherwise a tick is carried to another packet.
    let [fast, slow] =
        [(", shape = 'w'", "10 Mbit/s"), ("", "5 Mbit/s")].map(|(k, rate)| text(k).replace("12 Mbit/s", rate));
    assert!(same(&run(&fast, 60, 97), &run(&slow, 60, 97)));
}

#[test]
fn packets_leave_by_the_steps_of_the_rate() {
    // 1 until 2.5 ms, nothing until 4 ms, 2 until 5 ms, a half from there on.
    let steps = "{ kind = 'steps', points = [['0 s', 1], ['2.5 ms', 0], ['4 ms', 2], ['5 ms', 0.5]] }";
    let file = trace("steps.csv", &[0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 20.0]);
    for queue in QUEUES {
        let keys = format!("shape = 'w', queue = {{ kind = '{queue}' }}");
        let text = link(steps, &keys, &format!("kind = 'trace', file = '{}'", file.name));
        // The third has half of it done at 2.5 ms, pauses, and needs 0.25 ms; the fourth 0.5 ms; the fifth half of its
        // bits in the 0.25 ms until 5 ms, and 1 ms for the others.
        assert_arrives(&text, &[1.0, 2.0, 4.25, 4.75, 6.0, 8.0, 22.0]);
        let record = from_empty(&text, 30);
        // Busy until 8 ms, pause included, and for 2 ms.
        assert_eq!(value(&record, 1, "utilization", "time_mean"), 10.0 / 30.0);
        assert_eq!(value(&record, 0, "wait_time", "max"), 4.75e-3);
    }
}

#[test]
fn framing_is_sent_at_the_varying_rate_too() {
    // 38 B are 25 1/3 us, of which 25 333 333 ps count now and a third is carried on, and twice as long at half the rate.
    let half = "{ kind = 'steps', points = [['0 s', 1], ['1 ms', 0.5]] }";
    let file = trace("framed.csv", &[0.0]);
    let keys = "shape = 'w', overhead = 'ethernet'";
    let record = from_empty(&link(half, keys, &format!("kind = 'trace', file = '{}'", file.name)), 2);
    assert_eq!(value(&record, 0, "sojourn_time", "max"), 1_050_666_666e-12);
}

#[test]
fn a_train_ends_where_the_integral_of_a_sine_has_its_bits() {
    // 1 + 0.9 sin(2 pi t / T), T = 7 ms: packet number k ends where the integral is k ms.
    let sine = "{ kind = 'sine', amplitude = 0.9, period = '7 ms' }";
    let integral = |t: f64| t + 0.9 * 7.0 / TAU * (1.0 - (TAU * t / 7.0).cos());
    let n = 20;
    let file = trace("sine.csv", &[0.0; 20]);
    let record = from_empty(&link(sine, "shape = 'w'", &format!("kind = 'trace', file = '{}'", file.name)), 1000);
    // By bisection, here.
    let ends: Vec<f64> = (1..=n)
        .map(|k| {
            let (mut low, mut high) = (0.0, 100.0);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if integral(middle) < f64::from(k) { low = middle } else { high = middle }
            }
            low
        })
        .collect();
    let (last, mean) = (ends[19], ends.iter().sum::<f64>() / f64::from(n));
    // The last is off by a tick or so, not by one for each before it.
    assert!((value(&record, 0, "sojourn_time", "max") - last * 1e-3).abs() < 2e-12);
    assert!((value(&record, 0, "sojourn_time", "mean") - mean * 1e-3).abs() < 2e-12);
}

#[test]
fn a_link_that_is_on_half_of_the_time_holds_what_comes_while_it_is_off() {
    // On for 10 ms of each 20 ms. Packets come every 4 ms from 1 ms on: at 1, 5, 9, 13 and 17 ms of each 20 ms. The first
    // two leave after 1 ms. The third has 1 ms left: it ends with the window, at 10 ms. Those of 13 and 17 ms leave at 21
    // and 22 ms, so that the next, of 21 ms, leaves at 23 ms, after 2 ms; then all is as before.
    let wave = "{ kind = 'steps', points = [['0 s', 1], ['10 ms', 0]], period = '20 ms' }";
    let traffic = "kind = 'constant', rate = '250 packets/s', start = '1 ms'";
    for queue in QUEUES {
        let keys = format!("shape = 'w', queue = {{ kind = '{queue}' }}");
        let window = Window { warmup: SimTime::from_secs(1), end: SimTime::from_secs(11), bins: 1 };
        let system = system(&link(wave, &keys, traffic)).unwrap();
        let record = system.run(Streams::new(1, 0), window).unwrap();
        assert!(record.checks.violations.is_empty(), "{:?}", record.checks);
        assert_eq!(value(&record, 0, "departures", "mean"), 2500.0);
        // (2 + 1 + 1 + 8 + 5) / 5 ms.
        assert!((value(&record, 0, "sojourn_time", "mean") - 3.4e-3).abs() < 1e-12);
        assert_eq!(value(&record, 0, "sojourn_time", "max"), 8e-3);
        // From 13 to 23 ms, and 1 ms each for the two that do not wait.
        assert!((value(&record, 1, "utilization", "time_mean") - 12.0 / 20.0).abs() < 1e-12);
        // Of what the link could send on average, 6 Mbit/s, a half is sent.
        assert_eq!(value(&record, 0, "bit_rate", "mean"), 3e6);
    }
}

#[test]
fn a_link_that_stops_for_ever_keeps_what_it_holds() {
    let dying = "{ kind = 'steps', points = [['0 s', 1], ['10.5 ms', 0]] }";
    let fading = "{ kind = 'exponential', from = 1, to = 0, tau = '11 ms' }";
    for (waveform, sent) in [(dying, 10.0), (fading, 10.0), ("{ kind = 'steps', points = [['0 s', 0]] }", 0.0)] {
        for queue in QUEUES {
            let keys = format!("shape = 'w', queue = {{ kind = '{queue}', limit = '5 packets' }}");
            let record = from_empty(&link(waveform, &keys, "kind = 'constant', rate = '1500 packets/s'"), 1000);
            assert_eq!(value(&record, 0, "departures", "mean"), sent, "{waveform}");
            assert_eq!(value(&record, 1, "in_system", "mean"), 6.0);
            assert_eq!(value(&record, 0, "in_system", "mean"), 6.0);
        }
    }
}

#[test]
fn one_lane_gives_the_same_run_as_single_events() {
    let text = |kind: &str| {
        format!(
            "{{ node = {{ a = {{}}, b = {{}}, c = {{}} }},
               waveform = {{ day = {{ kind = 'sine', amplitude = 1, period = '3 s' }},
                             gaps = {{ kind = 'steps', points = [['0 s', 2], ['0.4 s', 0]], period = '1 s' }} }},
               link = {{ ab = {{ from = 'a', to = 'b', rate = '12345679 bit/s', delay = '20 ms', shape = 'day',
                                 queue = {{ kind = '{kind}', limit = '50 kB' }} }},
                         bc = {{ from = 'b', to = 'c', rate = '15 Mbit/s', shape = 'gaps',
                                 queue = {{ kind = '{kind}', limit = '700 packets' }} }} }},
               traffic = {{ x = {{ kind = 'poisson', from = 'a', to = 'c', rate = '900 packets/s', size = {{ kind = 'imix' }} }},
                            y = {{ kind = 'poisson', from = 'b', to = 'c', rate = '300 packets/s' }} }} }}"
        )
    };
    let (fused, single) = (run(&text("fifo"), 60, 97), run(&text("plain"), 60, 97));
    assert!(value(&fused, 0, "dropped", "mean") > 0.0, "the limits must be met");
    assert!(same(&fused, &single));
    let few = run(&text("fifo"), 60, 1);
    assert!(few.measures.iter().zip(&fused.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()));
}

#[test]
fn every_discipline_keeps_the_laws() {
    let wave = "{ kind = 'steps', points = [['0 s', 1.5], ['300 ms', 0.2], ['500 ms', 0]], period = '700 ms' }";
    let traffic = "kind = 'poisson', rate = '9 Mbit/s', size = { kind = 'imix' }, ecn = true";
    for queue in [
        "{ kind = 'fifo', limit = '10 ms' }",
        "{ kind = 'priority', classes = ['default'] }",
        "{ kind = 'prio' }",
        "{ kind = 'drr' }",
        "{ kind = 'wfq' }",
        "{ kind = 'htb', classes = { all = { rate = '5 Mbit/s', ceil = '12 Mbit/s' } } }",
        "{ kind = 'tbf', rate = '8 Mbit/s' }",
        "{ kind = 'red' }",
        "{ kind = 'codel' }",
        "{ kind = 'fq_codel', ecn = true }",
        "{ kind = 'pie' }",
    ] {
        let more =
            "mtu = '2000 B', loss = { kind = 'bernoulli', p = 0.01 }, jitter = { kind = 'exponential', mean = '1 ms' }";
        for keys in [String::new(), format!(", delay = '2 ms', overhead = 'ethernet', {more}")] {
            let text = link(wave, &format!("shape = 'w', queue = {queue}{keys}"), traffic);
            let (few, many) = (run(&text, 30, 1), run(&text, 30, 1009));
            assert!(
                few.measures.iter().zip(&many.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()),
                "{queue}"
            );
            let sent = value(&few, 1, "bit_rate", "mean");
            assert!(sent > 2e6 && sent < 0.7 * 12e6, "{queue} {keys}: {sent}");
        }
    }
}

#[test]
fn rates_change_and_links_fail_with_a_shape() {
    let wave = "{ kind = 'steps', points = [['0 s', 1], ['10 ms', 0]], period = '20 ms' }";
    let file = trace("changed.csv", &[0.0, 0.0, 9.5, 30.5, 41.0, 41.0]);
    let acts = "intervention = { r = { at = '0.5 ms', target = 'link.l.rate', op = 'scale', factor = 0.5 },
                                 f = { at = '12 ms', target = 'link.l', op = 'fail' },
                                 m = { at = '30 ms', target = 'link.l', op = 'recover' } }, routing = { convergence = '0 s' },";
    for queue in QUEUES {
        let keys = format!("shape = 'w', queue = {{ kind = '{queue}' }}");
        let text = link(wave, &keys, &format!("kind = 'trace', file = '{}'", file.name));
        let text = text.replacen('{', &format!("{{ {acts}"), 1);
        // The first keeps its end, the second takes 2 ms; the third has a quarter of its bits out when the link pauses and
        // is lost with it. The one of 30.5 ms starts in a pause, the course having gone on: it ends 2 ms after 40 ms.
        assert_arrives(&text, &[1.0, 3.0, 42.0, 44.0, 46.0]);
        let record = from_empty(&text, 100);
        assert_eq!(value(&record, 0, "dropped.link_down", "mean"), 1.0);
    }
}

#[test]
fn each_way_has_its_own_shape() {
    let text = |reverse: &str| {
        format!(
            "{{ node = {{ a = {{}}, b = {{}} }}, waveform = {{ w = {{ kind = 'steps', points = [['0 s', 0.5]] }},
                                                               v = {{ kind = 'steps', points = [['0 s', 0.25]] }} }},
                link = {{ l = {{ from = 'a', to = 'b', rate = '12 Mbit/s', shape = 'w'{reverse} }} }},
                traffic = {{ x = {{ from = 'a', to = 'b', kind = 'constant', rate = '10 packets/s' }},
                             y = {{ from = 'b', to = 'a', kind = 'constant', rate = '10 packets/s' }} }} }}"
        )
    };
    for (reverse, back) in [("", 2e-3), (", reverse = { shape = 'v' }", 4e-3), (", reverse = { shape = 'none' }", 1e-3)]
    {
        let record = from_empty(&text(reverse), 1000);
        let longest = [0, 1].map(|flow| value(&record, flow, "sojourn_time", "max"));
        assert_eq!(longest, [2e-3, back], "{reverse}");
    }
}

#[test]
fn tcp_fills_a_link_that_swings() {
    // Reno over a queue of several times the product of bandwidth and delay: it never runs dry, so that all is sent that
    // the link can send, 12 Mbit/s x 0.6 on average.
    let wave = "{ kind = 'linear', points = [['0 s', 1], ['2 s', 0.2]], period = '4 s' }";
    let text = link(
        wave,
        "shape = 'w', delay = '10 ms', queue = { kind = 'fifo', limit = '150 packets' }",
        "kind = 'bulk', tcp = { cc = { kind = 'reno' } }",
    );
    let record = run(&text, 60, 97);
    let sent = value(&record, 2, "bit_rate", "mean");
    // From 6 s to 60 s: 13.5 periods, the half being a descent, 0.6 on average too.
    assert!((sent / (0.6 * 12e6) - 1.0).abs() < 0.01, "{sent}");
}

#[test]
fn mistakes_are_told_with_their_codes() {
    let code = |text: &str| {
        let found = system(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        found.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let traffic = "kind = 'poisson', rate = '1 Mbit/s'";
    let steps = "{ kind = 'steps', points = [['0 s', 1]] }";
    let good = link(steps, "shape = 'w'", traffic);
    assert_eq!(code(&good.replace("rate = '12 Mbit/s',", "")), ["E0347"]);
    assert_eq!(
        code(&good.replace("shape = 'w'", "reverse = { shape = 'w' }").replace("rate = '12 Mbit/s',", "")),
        ["E0347"]
    );
    assert_eq!(code(&good.replace("1]]", "1e9]]")), ["E0333"]);
    // Wrong in itself, and nothing that follows from it.
    assert_eq!(code(&good.replace("['0 s', 1]", "['1 s', 1]")), ["E0366"]);
    let line = |keys: &str| {
        format!(
            "{{ topology = {{ kind = 'line', nodes = 4, shape = 'w' {keys} }}, waveform = {{ w = {steps} }},
                traffic = {{ x = {{ from = 'n0', to = 'n3', {traffic} }} }} }}"
        )
    };
    assert_eq!(code(&line("")), ["E0347"], "once, not for each link");
    assert!(system(&line(", rate = '2 Mbit/s'")).is_ok());
    assert!(system(&line("").replace("traffic =", "link = { n0-n1 = { shape = 'none' } }, traffic =")).is_err());
}
