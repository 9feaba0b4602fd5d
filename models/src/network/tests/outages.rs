//! What happens during a run: links and nodes that fail and recover, rates, delays and traffic that change.

use sim_core::stats::Measure;

use super::*;

/// Two ways from a to z, the first one shorter. `more` is put in front of the links, `traffic` is the flow x.
fn two_ways(more: &str, queue: &str, traffic: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, m = {{}}, z = {{}} }}, {more}
            link = {{ short = {{ from = 'a', to = 'z', rate = '10 Mbit/s', delay = '20 ms', queue = {{ kind = '{queue}' }} }},
                      am = {{ from = 'a', to = 'm', rate = '10 Mbit/s', delay = '5 ms', queue = {{ kind = '{queue}' }} }},
                      mz = {{ from = 'm', to = 'z', rate = '10 Mbit/s', delay = '5 ms', queue = {{ kind = '{queue}' }} }} }},
            traffic = {{ x = {{ from = 'a', to = 'z', {traffic} }} }} }}"
    )
}

fn lost(record: &RunRecord, component: u32, reason: &str) -> f64 {
    value(record, component, reason, "mean")
}

const CUT: &str = "cut = { at = '5 s', target = 'link.short', op = 'fail' }";
const MEND: &str = "mend = { at = '7 s', target = 'link.short', op = 'recover' }";

#[test]
fn what_is_sent_until_routes_converge_is_lost() {
    // 1000 packets/s for 150 ms; on a link without rate and delay nothing else is lost.
    let text = "{ node = { a = {}, m = {}, z = {} }, intervention = { cut = { at = '5 s', target = 'link.short', op = 'fail' } },
                  link = { short = { from = 'a', to = 'z' }, am = { from = 'a', to = 'm' }, mz = { from = 'm', to = 'z' } },
                  traffic = { x = { kind = 'constant', from = 'a', to = 'z', rate = '1000 packets/s' } } }";
    let record = run(text, 10, 1);
    assert_eq!(lost(&record, 0, "dropped.link_down"), 150.0);
    assert_eq!(lost(&record, 1, "dropped.link_down"), 150.0);
    assert_eq!(value(&record, 0, "departures", "mean"), 9000.0 - 150.0);
    assert_eq!([1, 2, 3].map(|l| value(&record, l, "departures", "mean")), [4000.0, 4850.0, 4850.0]);
    for (convergence, expected) in [("0 s", 0.0), ("20 ms", 20.0), ("1 s", 1000.0), ("1 min", 5000.0)] {
        let text = text.replace("link =", &format!("routing = {{ convergence = '{convergence}' }}, link ="));
        assert_eq!(lost(&run(&text, 10, 1), 0, "dropped.link_down"), expected, "{convergence}");
    }
    // A failure that three lost messages of BFD tell of (50 ms each), hellos of OSPF on average (the last came up to 10 s
    // ago, 40 s are waited for it), or BGP's hold timer.
    for (convergence, expected) in [("150 ms", 150.0), ("35 s", 35_000.0), ("90 s", 90_000.0)] {
        let text = text
            .replace("'5 s'", "'50 s'")
            .replace("link =", &format!("routing = {{ convergence = '{convergence}' }}, link ="));
        assert_eq!(lost(&run(&text, 200, 1), 0, "dropped.link_down"), expected, "{convergence}");
    }
}

#[test]
fn a_failing_link_loses_what_it_holds() {
    // 12 Mbit/s into 10 Mbit/s from 0 on: a packet of 1.2 ms every 1 ms. At 100 ms, 100 have come (0, ..., 99 ms; the one
    // at 100 ms finds the link down). Number k leaves at 1.2 (k + 1) ms: 83 have, of which those before 80 ms (66) have
    // arrived 20 ms later; 17 propagate, number 83 has been in service since 99.6 ms, 16 wait.
    let text = two_ways(
        "intervention = { cut = { at = '100 ms', target = 'link.short', op = 'fail' } }, routing = { convergence = '0 s' },",
        "fifo",
        "kind = 'constant', rate = '12 Mbit/s', stop = '100 ms'",
    );
    let system = system(&text).unwrap();
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 10 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert!(record.checks.violations.is_empty(), "{:?}", record.checks);
    assert_eq!(value(&record, 0, "departures", "mean"), 66.0);
    assert_eq!(lost(&record, 0, "dropped.link_down"), 34.0);
    assert_eq!((value(&record, 1, "departures", "mean"), lost(&record, 1, "dropped.link_down")), (83.0, 17.0));
    // Busy for all of the 100 ms, the last 0.4 ms for nothing.
    assert_eq!(value(&record, 1, "utilization", "time_mean"), 0.1);
}

#[test]
fn traffic_moves_to_the_other_way_and_back() {
    let text = |queue: &str| {
        let more = format!("intervention = {{ {MEND}, {CUT} }},");
        two_ways(&more, queue, "kind = 'poisson', rate = '8 Mbit/s', size = { kind = 'imix' }")
    };
    let (record, single) = (run(&text("fifo"), 10, 1000), run(&text("plain"), 10, 1000));
    assert!(same(&record, &single));
    // Without bins, and with a window that opens while the link is down, the run is the same and the laws hold.
    let few = run(&text("fifo"), 10, 1);
    for (a, b) in record.measures.iter().zip(&few.measures) {
        assert_eq!(a.value.to_bits(), b.value.to_bits(), "{a:?} {b:?}");
    }
    let system = system(&text("fifo")).unwrap();
    for warmup in [5_050, 5_150, 6_000, 7_000, 7_100, 8_000] {
        let warmup = SimTime::from_ticks(warmup * 1_000_000_000);
        let record = system.run(Streams::new(5, 0), Window { warmup, end: SimTime::from_secs(10), bins: 7 }).unwrap();
        assert!(record.checks.violations.is_empty(), "{warmup:?}: {:?}", record.checks);
    }
    // Down for 2 s; over the other way from 5.15 s to 7.15 s.
    let packets = |c: u32| value(&record, c, "departures", "mean");
    let rate = packets(0) / (9.0 - 0.15);
    let near =
        |n: f64, seconds: f64| assert!((n - rate * seconds).abs() < 4.0 * (rate * seconds).sqrt(), "{n} {seconds}");
    near(packets(2), 2.0);
    near(packets(1), 9.0 - 2.0 - 0.15);
    let down = lost(&record, 0, "dropped.link_down");
    // What came in 150 ms, and what was on the way for 20 ms; what waits is a packet or a few.
    assert!((down - rate * 0.17).abs() < 4.0 * (rate * 0.17).sqrt() + 10.0, "{down} {rate}");
    assert_eq!(value(&record, 0, "dropped", "mean"), down);
}

#[test]
fn no_other_way_is_no_route_until_routes_follow_the_recovery() {
    // 5 s to 5.15 s link down, to 7.15 s no route: the link is up again from 7 s on, which nobody knows.
    let text = format!(
        "{{ node = {{ a = {{}}, z = {{}} }}, intervention = {{ {CUT}, {MEND} }}, link = {{ short = {{ from = 'a', to = 'z' }} }},
            traffic = {{ x = {{ kind = 'constant', from = 'a', to = 'z', rate = '1000 packets/s' }} }} }}"
    );
    let record = run(&text, 10, 10);
    assert_eq!(lost(&record, 0, "dropped.link_down"), 150.0);
    assert_eq!(lost(&record, 0, "dropped.no_route"), 2000.0);
    assert_eq!(value(&record, 0, "departures", "mean"), 9000.0 - 2150.0);
    // A recovery before routes have noticed: they change away and back 150 ms later.
    let short = text.replace("'7 s'", "'5.1 s'");
    let record = run(&short, 10, 10);
    assert_eq!(lost(&record, 0, "dropped.link_down"), 100.0);
    assert_eq!(lost(&record, 0, "dropped.no_route"), 100.0);
}

#[test]
fn a_node_fails_with_all_its_links() {
    let text = |target: &str| {
        let event =
            |name: &str, at: &str, op: &str| format!("{name} = {{ at = '{at}', target = '{target}', op = '{op}' }}");
        format!(
            "{{ node = {{ a = {{}}, m = {{}}, n = {{}}, z = {{}} }},
                intervention = {{ {}, {} }},
                link = {{ am = {{ from = 'a', to = 'm' }}, mz = {{ from = 'm', to = 'z', delay = '10 ms' }},
                          an = {{ from = 'a', to = 'n' }}, nz = {{ from = 'n', to = 'z', delay = '10 ms' }} }},
                traffic = {{ x = {{ kind = 'constant', from = 'a', to = 'z', rate = '1000 packets/s' }},
                             y = {{ kind = 'constant', from = 'm', to = 'z', rate = '1000 packets/s' }} }} }}",
            event("cut", "5 s", "fail"),
            event("mend", "7 s", "recover")
        )
    };
    let record = run(&text("node.m"), 10, 10);
    // 10 ms of packets of both flows are on the way to z.
    assert_eq!(lost(&record, 0, "dropped.link_down"), 160.0);
    assert_eq!((lost(&record, 1, "dropped.link_down"), lost(&record, 1, "dropped.no_route")), (160.0, 2000.0));
    // If only a link of it has failed, there is a way round it.
    let record = run(&text("link.mz"), 10, 10);
    assert_eq!(lost(&record, 1, "dropped.link_down"), 160.0);
    assert!(record.measures.iter().all(|m| m.metric != "dropped.no_route"));
}

#[test]
fn the_packet_in_service_keeps_its_end_when_the_rate_changes() {
    // 1500 byte at 1 Mbit/s take 12 ms, at 4 Mbit/s 3 ms. Three packets at 0; the rate changes at 15 ms, in the second's
    // service: it ends at 24 ms, the third at 27 ms.
    let file = TestFile::new("three.csv", b"time,size\n0,1500\n0,1500\n0,1500\n");
    let text = |change: &str| {
        format!(
            "{{ node = {{ a = {{}}, z = {{}} }}, link = {{ l = {{ from = 'a', to = 'z', rate = '1 Mbit/s', delay = '1 ms' }} }},
                intervention = {{ faster = {{ at = '15 ms', {change} }} }},
                traffic = {{ x = {{ kind = 'trace', from = 'a', to = 'z', file = '{}' }} }} }}",
            file.name
        )
    };
    let sojourns = |change: &str| {
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 3 };
        let record = system(&text(change)).unwrap().run(Streams::new(1, 0), window).unwrap();
        assert!(record.checks.violations.is_empty());
        (value(&record, 0, "sojourn_time", "max"), value(&record, 0, "sojourn_time", "mean") * 3.0)
    };
    let near = |(max, sum): (f64, f64), expected: (f64, f64)| {
        assert!((max - expected.0).abs() < 1e-12 && (sum - expected.1).abs() < 1e-12, "{max} {sum} {expected:?}");
    };
    near(sojourns("target = 'link.l.rate', value = '4 Mbit/s'"), (28e-3, 13e-3 + 25e-3 + 28e-3));
    near(sojourns("target = 'link.l.rate', op = 'scale', factor = 0.25"), (73e-3, 13e-3 + 25e-3 + 73e-3));
    // The first is on its way until 13 ms; the others propagate for 3 ms instead of 1.
    near(sojourns("target = 'link.l.delay', value = '3 ms'"), (39e-3, 13e-3 + 27e-3 + 39e-3));
}

#[test]
fn a_shorter_delay_lets_nobody_overtake() {
    // One packet each ms; the delay falls from 10 ms to 1 ms at 20 ms. Those sent before arrive until 29.x ms, and those
    // sent from then on no earlier.
    let text = "{ node = { a = {}, z = {} }, link = { l = { from = 'a', to = 'z', delay = '10 ms', queue = { kind = 'fifo' } } },
                  intervention = { nearer = { at = '20 ms', target = 'link.l.delay', value = '1 ms' } },
                  traffic = { x = { kind = 'constant', from = 'a', to = 'z', rate = '1000 packets/s', stop = '40 ms' } } }";
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 1 };
    let record = system(text).unwrap().run(Streams::new(1, 0), window).unwrap();
    // 20 take 10 ms; those of 20, ..., 28 ms arrive at 29 ms; the other 11 take 1 ms.
    let expected: u32 = 20 * 10 + (20..29).map(|t| 29 - t).sum::<u32>() + 11;
    assert!((value(&record, 0, "sojourn_time", "mean") * 40.0 - f64::from(expected) * 1e-3).abs() < 1e-12);
}

#[test]
fn an_intervention_that_changes_nothing_changes_nothing() {
    let text = |more: &str| two_ways(more, "fifo", "kind = 'poisson', rate = '9 Mbit/s', size = { kind = 'imix' }");
    let plain = run(&text(""), 30, 11);
    let touched = |what: &str| run(&text(&format!("intervention = {{ i = {{ at = '9 s', {what} }} }},")), 30, 11);
    for what in [
        "target = 'link.short.rate', op = 'scale', factor = 1",
        "target = 'link.short.delay', value = '20 ms'",
        "target = 'link.mz.cost', value = 3",
    ] {
        assert!(same(&plain, &touched(what)), "{what}");
    }
    // A link that nothing is sent over fails; the flow knows one more reason to be lost, and is not.
    let cut = touched("target = 'link.am', op = 'fail'");
    assert!(plain.measures.iter().all(|m| cut.measures.contains(m)));
}

#[test]
fn traffic_changes_its_law_at_its_time() {
    let text = |kind: &str, changes: &str| {
        format!(
            "{{ node = {{ a = {{}}, z = {{}} }}, link = {{ l = {{ from = 'a', to = 'z' }} }}, intervention = {{ {changes} }},
                traffic = {{ x = {{ kind = '{kind}', from = 'a', to = 'z', rate = '100 packets/s', start = '2 s', stop = '90 s' }} }} }}"
        )
    };
    let sent = |kind: &str, changes: &str| {
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(100), bins: 1 };
        let record = system(&text(kind, changes)).unwrap().run(Streams::new(7, 0), window).unwrap();
        value(&record, 0, "arrivals", "mean")
    };
    let double = "d = { at = '50 s', target = 'traffic.x.rate', op = 'scale', factor = 2 }";
    let slow = "s = { at = '70 s', target = 'traffic.x.rate', value = '10 packets/s' }";
    assert_eq!(sent("constant", double), 48.0 * 100.0 + 40.0 * 200.0);
    assert_eq!(sent("constant", &format!("{slow}, {double}")), 48.0 * 100.0 + 20.0 * 200.0 + 20.0 * 10.0);
    // Before the start, and at the start of the run: from the first packet on.
    assert_eq!(sent("constant", &double.replace("50", "1")), 88.0 * 200.0);
    assert_eq!(sent("constant", &double.replace("50", "0")), 88.0 * 200.0);
    assert_eq!(sent("constant", &double.replace("50", "95")), 88.0 * 100.0);
    // Four standard deviations of a Poisson count.
    let (n, mean) = (sent("poisson", double), 48.0 * 100.0 + 40.0 * 200.0);
    assert!((n - mean).abs() < 4.0 * mean.sqrt(), "{n}");
    // A law that has ended begins again.
    assert_eq!(sent("constant", "i = { at = '50 s', target = 'traffic.x.size.size', value = '100 B' }"), 8800.0);
}

#[test]
fn disciplines_begin_again_after_a_failure() {
    // Two classes with priority, full when the link fails: it begins again empty, and the laws hold.
    let text = format!(
        "{{ node = {{ a = {{}}, z = {{}} }}, intervention = {{ {CUT}, {MEND} }}, routing = {{ convergence = '0 s' }},
            link = {{ short = {{ from = 'a', to = 'z', rate = '10 Mbit/s',
                                 queue = {{ kind = 'priority', classes = ['v'], limit = '100 packets' }} }} }},
            traffic = {{ v = {{ kind = 'poisson', from = 'a', to = 'z', rate = '2 Mbit/s', class = 'v' }},
                         d = {{ kind = 'poisson', from = 'a', to = 'z', rate = '12 Mbit/s' }} }} }}"
    );
    let record = run(&text, 10, 100);
    // Full with the lower class (100 and the one in service), and then nothing is sent over it.
    let down = lost(&record, 2, "dropped.link_down");
    assert!((95.0..=103.0).contains(&down), "{down}");
    assert!(lost(&record, 2, "dropped.tail_drop") > 0.0);
}

#[test]
fn a_connection_survives_its_link() {
    // Bulk data over the short way, cut at 5 s: segments of 150 ms and those on the way are sent again, and it goes on
    // over the other way; after the recovery over the short one.
    let more = format!("intervention = {{ {CUT}, {MEND} }},");
    let text = two_ways(&more, "fifo", "kind = 'bulk'");
    let record = run(&text, 10, 100);
    assert!(lost(&record, 0, "dropped.link_down") > 0.0);
    assert!(value(&record, 0, "retransmissions", "mean") >= lost(&record, 0, "dropped.link_down"));
    assert!(value(&record, 0, "timeouts", "mean") >= 1.0);
    let sent = |c: u32| value(&record, c, "departures", "mean");
    let way = |l: &str| system(&text).unwrap().components().iter().position(|c| c.name == l).unwrap() as u32;
    // 833 packets/s fill either way.
    assert!(sent(way("am")) > 800.0 && sent(way("short")) > 4500.0, "{} {}", sent(way("am")), sent(way("short")));
    let plain = run(&text.replace("'fifo'", "'plain'"), 10, 100);
    // All but the greatest number at an instant at which one comes as another goes.
    let differs = |(a, b): (&Measure, &Measure)| a.value.to_bits() != b.value.to_bits() && a.stat != "max";
    assert!(!record.measures.iter().zip(&plain.measures).any(differs));
    // It ends at one node.
    let two = system(&text.replace("to = 'z', kind", "to = ['z', 'm'], kind")).err().unwrap();
    assert_eq!(two.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0361"]);
}

#[test]
fn a_law_that_follows_a_waveform_takes_it_up_where_the_run_is() {
    // The shape is 1 until 50 s and 3 afterwards, the rate 10 packets/s until 60 s and 100 packets/s afterwards.
    let text = "{ node = { a = {}, z = {} }, link = { l = { from = 'a', to = 'z' } },
                  waveform = { w = { kind = 'steps', points = [['0 s', 1], ['50 s', 3]] } },
                  intervention = { i = { at = '60 s', target = 'traffic.x.rate', value = '100 packets/s' } },
                  traffic = { x = { kind = 'poisson', from = 'a', to = 'z', rate = '10 packets/s', shape = 'w' } } }";
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(100), bins: 1 };
    let record = system(text).unwrap().run(Streams::new(7, 0), window).unwrap();
    let (n, mean) = (value(&record, 0, "arrivals", "mean"), 50.0 * 10.0 + 10.0 * 30.0 + 40.0 * 300.0);
    assert!((n - mean).abs() < 4.0 * f64::sqrt(mean), "{n} {mean}");
}

#[test]
fn mistakes_are_told_with_their_codes_and_places() {
    let found = |intervention: &str| {
        let text =
            two_ways(&format!("intervention = {{ {intervention} }},"), "fifo", "kind = 'poisson', rate = '1 Mbit/s'");
        let found = system(&text).err().unwrap_or_else(|| panic!("accepted: {intervention}"));
        let [d] = &found.iter().collect::<Vec<_>>()[..] else { panic!("{intervention}: {found:?}") };
        assert!(!d.message.is_empty() && !d.label.is_empty());
        (d.code, d.help.clone().unwrap_or_default())
    };
    let at = |rest: &str| found(&format!("i = {{ at = '1 s', {rest} }}"));
    for (rest, code, hint) in [
        ("target = 'link.shrt', op = 'fail'", "E0620", "did you mean `link.short`?"),
        ("target = 'node.zz', op = 'fail'", "E0620", "did you mean `node.z`?"),
        ("target = 'traffic.x', op = 'fail'", "E0620", "there are: link.short"),
        ("target = 'short', op = 'recover'", "E0620", "link.short"),
        ("target = 'link.short.rat', value = '1 Mbit/s'", "E0620", "did you mean `link.short.rate`?"),
        ("target = 'traffic.x.start', value = '1 s'", "E0620", "traffic.x.rate"),
        ("target = 'compartment.c.volume', value = '1 pL'", "E0620", "there are:"),
        ("target = 'link.short', op = 'fail', value = 1", "E0621", ""),
        ("target = 'link.short.rate'", "E0621", "value"),
        ("target = 'link.short.rate', op = 'knockdown', factor = 1", "E0621", "op = \"fail\""),
        ("target = 'link.short.rate', value = '5 ms'", "E0621", ""),
        ("target = 'link.short.delay', value = '200 d'", "E0621", ""),
        ("target = 'link.short.cost', value = 0", "E0621", ""),
        ("target = 'traffic.x.rate', op = 'scale', factor = 0", "E0353", ""),
        ("target = 'link.short', op = 'recover'", "E0624", "order of `at`"),
    ] {
        let (got, help) = at(rest);
        assert!(got == code && help.contains(hint), "{rest}: {got} {help}");
    }
    assert_eq!(found(&format!("{CUT}, again = {{ at = '6 s', target = 'link.short', op = 'fail' }}")).0, "E0624");
    assert_eq!(found("i = { at = '107 d', target = 'link.short', op = 'fail' }").0, "E0621");
}
