//! The walk of packets: lanes against single events, store and forward by hand, priorities, forwarding at random.

mod attribution;
mod failures;
mod fluids;
mod levels;
mod links;
mod looks;
mod outages;
mod queues;
mod recordings;
mod routes;
mod shaping;
mod varying;

use std::path::Path;

use sim_core::SimTime;
use sim_core::config::{Diagnostics, check};
use sim_core::rng::Streams;
use sim_core::stats::{RunRecord, Window};

use super::discipline::{Discipline, Effects, Fifo, Limit, MakeDiscipline, Next, Reason};
use super::packet::Packet;
use super::traffic::fixture::{TestFile, tree};
use crate::registry::{Kind, registry};
use crate::{BuildContext, System, build, sections};

/// A FIFO that does not say so: its stations cannot know departures on arrival.
#[derive(Clone, Debug)]
struct Plain(Fifo);

const PLAIN: Kind<MakeDiscipline> = Kind {
    name: "plain",
    doc: "First in, first out, asked at every end of service.",
    fields: &[Limit::FIELD],
    make: |table, context| Ok(Box::new(Plain(Fifo::new(Limit::read(table, context)?)))),
};

impl Discipline for Plain {
    fn enqueue(&mut self, p: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.0.enqueue(p, now, effects)
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        self.0.dequeue(now, effects)
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.0.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
}

pub(super) fn system(text: &str) -> Result<Box<dyn System>, Diagnostics> {
    let mut registry = registry();
    registry.disciplines.add(PLAIN);
    let mut found = Diagnostics::default();
    let sections = [sections(), vec![super::traffic::fixture::run_section()]].concat();
    let table = check(&tree(text), &sections, &registry, &mut found);
    assert!(!found.has_errors(), "{text}: {found:?}");
    build(&table, &BuildContext::new(&registry, Path::new(&std::env::temp_dir())))
}

pub(super) fn run(text: &str, seconds: u64, bins: u32) -> RunRecord {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let window = Window { warmup: SimTime::from_secs(seconds / 10), end: SimTime::from_secs(seconds), bins };
    let record = system.run(Streams::new(5, 0), window).unwrap();
    assert!(record.checks.made > 0 && record.checks.violations.is_empty(), "{text}: {:?}", record.checks);
    record
}

pub(super) fn value(record: &RunRecord, component: u32, metric: &str, stat: &str) -> f64 {
    let found = record.measures.iter().find(|m| (m.component, m.metric, m.stat) == (component, metric, stat));
    found.unwrap_or_else(|| panic!("no {metric} {stat} of {component}")).value
}

pub(super) fn same(a: &RunRecord, b: &RunRecord) -> bool {
    a.measures.iter().zip(&b.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()) && a.series == b.series
}

#[test]
fn lanes_give_the_same_run_as_single_events() {
    // Two flows that meet, a stage, losses, and delays longer than the gaps.
    let text = |kind: &str| {
        format!(
            "{{ node = {{ a = {{}}, b = {{ stages = ['s'] }}, c = {{}} }},
               stage = {{ s = {{ kind = 'server', service = {{ kind = 'exponential', mean = '0.7 ms' }},
                                 queue = {{ kind = '{kind}', limit = '20 packets' }} }} }},
               link = {{ ab = {{ from = 'a', to = 'b', rate = '12345679 bit/s', delay = '20 ms',
                                 queue = {{ kind = '{kind}', limit = '5 kB' }} }},
                         bc = {{ from = 'b', to = 'c', rate = '10 Mbit/s', queue = {{ kind = '{kind}', limit = 'none' }} }} }},
               traffic = {{ x = {{ kind = 'poisson', from = 'a', to = 'c', rate = '900 packets/s', size = {{ kind = 'imix' }} }},
                            y = {{ kind = 'poisson', from = 'b', to = 'c', rate = '300 packets/s' }},
                            z = {{ kind = 'poisson', from = 'a', to = 'b', rate = '400 packets/s' }} }} }}"
        )
    };
    let (fused, single) = (run(&text("fifo"), 60, 97), run(&text("plain"), 60, 97));
    assert!(value(&fused, 0, "dropped", "mean") > 0.0, "the limits must be met");
    assert!(same(&fused, &single));
}

#[test]
fn a_server_that_becomes_free_takes_what_comes_at_that_instant() {
    // Packets come exactly as fast as they go, to links where nobody may wait.
    let text = |queue: &str| {
        format!(
            "{{ topology = {{ kind = 'line', nodes = 3, rate = '10 Mbit/s', delay = '5 ms', queue = {queue} }},
                traffic = {{ x = {{ kind = 'constant', from = 'n0', to = 'n2', rate = '10 Mbit/s' }} }} }}"
        )
    };
    let kinds = ["fifo", "plain", "prio"].map(|kind| match kind {
        "prio" => "{ kind = 'prio', queue = { kind = 'fifo', limit = '0 packets' } }".to_string(),
        _ => format!("{{ kind = '{kind}', limit = '0 packets' }}"),
    });
    for record in kinds.map(|queue| run(&text(&queue), 100, 7)) {
        assert_eq!(value(&record, 0, "dropped", "mean"), 0.0);
        assert_eq!(value(&record, 0, "wait_time", "max"), 0.0);
        assert_eq!(value(&record, 1, "utilization", "time_mean"), 1.0);
    }
}

#[test]
fn the_last_station_has_no_events() {
    // A packet takes one for its source, and one to be at the second node, whatever the queues are.
    let text =
        "{ topology = { kind = 'line', nodes = 3, rate = '10 Mbit/s', delay = '5 ms', queue = { kind = 'codel' } },
                  traffic = { x = { kind = 'poisson', from = 'n0', to = 'n2', rate = '5 Mbit/s' } } }";
    let record = run(text, 100, 1);
    let sent = 100.0 / 90.0 * value(&record, 0, "arrivals", "mean");
    assert!((record.events as f64 / sent - 2.0).abs() < 0.02, "{} events, {sent} packets", record.events);
}

#[test]
fn bins_do_not_change_a_run() {
    let text =
        "{ node = { a = {}, b = {} }, link = { l = { from = 'a', to = 'b', rate = '1 Mbit/s', delay = '3 ms' } },
                  traffic = { x = { kind = 'poisson', from = 'a', to = 'b', rate = '80 packets/s' } } }";
    let (few, many) = (run(text, 100, 1), run(text, 100, 1009));
    assert!(few.measures.iter().zip(&many.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()));
}

#[test]
fn a_train_of_packets_is_stored_and_forwarded() {
    // N packets of 1500 byte over k hops of 10 Mbit/s: the last arrives after (N + k - 1) S / C (here 14.4 ms).
    let file = TestFile::new("train.csv", format!("time,size\n{}", "0,1500\n".repeat(10)).as_bytes());
    let text = format!(
        "{{ topology = {{ kind = 'line', nodes = 4, rate = '10 Mbit/s' }},
            traffic = {{ t = {{ kind = 'trace', from = 'n0', to = 'n3', file = '{}' }} }} }}",
        file.name
    );
    let system = system(&text).unwrap_or_else(|d| panic!("{d:?}"));
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 1 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert_eq!(value(&record, 0, "departures", "mean"), 10.0);
    assert_eq!(value(&record, 0, "sojourn_time", "max"), 14.4e-3);
    // The first has 3 S / C, each next one S / C more.
    assert!((value(&record, 0, "sojourn_time", "mean") - (3.0 + 4.5) * 1.2e-3).abs() < 1e-15);
    assert_eq!(value(&record, 0, "wait_time", "max"), 10.8e-3);
}

#[test]
fn a_constant_stream_above_capacity_loses_the_rest() {
    let text = "{ node = { a = {}, b = {} },
                  link = { l = { from = 'a', to = 'b', rate = '10 Mbit/s', queue = { kind = 'fifo', limit = '10 packets' } } },
                  traffic = { x = { kind = 'constant', from = 'a', to = 'b', rate = '12.5 Mbit/s' } } }";
    let record = run(text, 100, 10);
    let (lost, sent) = (value(&record, 0, "dropped", "mean"), value(&record, 0, "departures", "mean"));
    assert!((lost - 0.2 * (lost + sent)).abs() <= 1.0, "{lost} {sent}");
    assert_eq!(value(&record, 1, "utilization", "time_mean"), 1.0);
    assert_eq!(value(&record, 1, "occupancy", "max"), 11.0);
}

#[test]
fn a_matrix_of_transfers_is_connections_of_its_rates() {
    let text = "{ node = { a = {}, b = {} }, link = { l = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '5 ms' } },
                  traffic = { m = { kind = 'matrix', unit = 'Mbit/s', transfers = { bytes = '50 kB', law = 'exponential' },
                                    demands = [['a', 'b', 2], ['b', 'a', 1]] } } }";
    let names: Vec<String> = system(text).unwrap().components().iter().map(|c| c.name.clone()).collect();
    assert_eq!(names, ["m.a-b", "m.a-b.acks", "m.b-a", "m.b-a.acks", "l", "l.reverse"]);
    let record = run(text, 2000, 1);
    // 9000 and 4500 transfers in 1800 s: 3.3 standard errors of a sum of exponential sizes of a Poisson number.
    for (flow, rate, n) in [(0, 2e6, 9000.0), (2, 1e6, 4500.0)] {
        let goodput = value(&record, flow, "goodput", "mean");
        assert!((goodput / rate - 1.0).abs() < 3.3 * f64::sqrt(2.0 / n), "{goodput} {rate}");
        assert!(value(&record, flow, "slowdown", "mean") >= 1.0);
    }
}

#[test]
fn the_urgent_class_does_not_wait_for_the_other() {
    let text = "{ node = { a = {}, b = {} },
                  link = { l = { from = 'a', to = 'b', rate = '10 Mbit/s',
                                 queue = { kind = 'priority', classes = ['voice'], limit = 'none' } } },
                  traffic = { v = { kind = 'constant', from = 'a', to = 'b', rate = '1 Mbit/s', class = 'voice' },
                              d = { kind = 'poisson', from = 'a', to = 'b', rate = '8.5 Mbit/s' } } }";
    let record = run(text, 100, 10);
    // At most one packet of the other class is on the wire.
    assert!(value(&record, 0, "wait_time", "max") <= 1.2e-3);
    assert!(value(&record, 1, "wait_time", "mean") > 4e-3);
}

#[test]
fn packets_wander_by_the_probabilities_of_next() {
    let text = "{ node = { a = { stages = ['s'], next = { a = 0.5, b = 0.25, exit = 0.25 } }, b = {} },
                  stage = { s = { kind = 'server', service = { kind = 'exponential', mean = '1 ms' } } },
                  traffic = { x = { kind = 'poisson', from = 'a', rate = '100 packets/s' } } }";
    let record = run(text, 1000, 10);
    // Two visits a packet; four standard errors of 90 000 packets.
    let visits = value(&record, 1, "departures", "mean") / value(&record, 0, "departures", "mean");
    assert!((visits - 2.0).abs() < 4.0 * (2.0f64 / 90_000.0).sqrt(), "{visits}");
}

#[test]
fn mistakes_are_told_with_their_codes() {
    let code = |text: &str| {
        let found = system(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        found.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let two = "node = { a = {}, b = {} }, link = { l = { from = 'a', to = 'b', rate = '1 Mbit/s', duplex = false } }";
    let traffic = |x: &str| format!("{{ {two}, traffic = {{ x = {{ kind = 'poisson', rate = '1 /s', {x} }} }} }}");
    assert_eq!(code(&format!("{{ {two} }}")), ["E0300"]);
    assert_eq!(code(&traffic("from = 'a', to = 'bb'")), ["E0310"]);
    let graph =
        "<graphml><key id='l' for='node' attr.name='label'/><graph><node id='0'><data key='l'>Rome</data></node>
                 <node id='1'/><edge source='0' target='1'/></graph></graphml>";
    let file = TestFile::new("ids-of-nodes.graphml", graph.as_bytes());
    let text = format!(
        "{{ topology = {{ kind = 'graphml', file = '{}', rate = '1 Mbit/s' }},
            traffic = {{ x = {{ kind = 'poisson', from = '0', to = '1', rate = '1 /s' }} }} }}",
        file.name
    );
    let found = system(&text).err().unwrap();
    let help = found.iter().next().unwrap().help.clone().unwrap();
    assert!(help.contains("the node with the id `0` is called `Rome`"), "{help}");
    assert_eq!(code(&traffic("from = 'b', to = 'a'")), ["E0321"]);
    assert_eq!(code(&traffic("from = 'a'")), ["E0322"]);
    assert_eq!(code(&traffic("to = 'a'")), ["E0102"]);
    let wander = |next: &str| {
        format!(
            "{{ node = {{ a = {{ next = {next} }}, b = {{ next = {{ a = 1.0 }} }} }},
                traffic = {{ x = {{ kind = 'poisson', rate = '1 /s', from = 'a' }} }} }}"
        )
    };
    assert_eq!(code(&wander("{ b = 0.5, exit = 0.5 }")), ["E0323"]);
    assert_eq!(code(&wander("{ b = 0.5, exit = 0.4 }")), ["E0320", "E0323"]);
    // A walk that takes time and has no way out: packets would only ever become more.
    let round = |kind: &str, c: &str| {
        format!(
            "{{ node = {{ a = {{ next = {{ b = 0.5, exit = 0.5 }} }}, b = {{ next = {{ c = 1.0 }} }}, c = {{ next = {c} }} }},
                link = {{ ab = {{ from = 'a', to = 'b', rate = '1 Mbit/s' }}, bc = {{ from = 'b', to = 'c', rate = '1 Mbit/s' }},
                          cb = {{ from = 'c', to = 'b', rate = '1 Mbit/s' }} }},
                traffic = {{ x = {{ {kind}, from = 'a' }} }} }}"
        )
    };
    let poisson = "kind = 'poisson', rate = '1 /s'";
    let trapped = system(&round(poisson, "{ b = 1.0 }")).err().unwrap();
    let told: Vec<_> = trapped.iter().map(|d| (d.code, d.message.as_str())).collect();
    assert_eq!(told, [("E0326", "the packets of `x` go round for ever: b -> c -> b")]);
    assert_eq!(code(&round(poisson, "{ b = 1.0, exit = 0.0 }")), ["E0326"]);
    assert!(system(&round(poisson, "{ b = 0.9, exit = 0.1 }")).is_ok());
    // The packets of a recording have a number: they make a closed network.
    let file = TestFile::new("closed.csv", b"0,1000\n0,1000\n");
    assert!(system(&round(&format!("kind = 'trace', file = '{}'", file.name), "{ b = 1.0 }")).is_ok());
    let twice = traffic("from = 'a', to = 'b'").replace("x = {", "l = {");
    assert_eq!(code(&twice), ["E0324"]);
}

/// Two flows that overload a link together, one of which reacts to marks; `queue` is the link's discipline.
fn overload(queue: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, b = {{}}, c = {{}} }},
            link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', delay = '3 ms', queue = {queue} }},
                      m = {{ from = 'b', to = 'c', rate = '20 Mbit/s', queue = {queue} }} }},
            traffic = {{ x = {{ kind = 'poisson', from = 'a', to = 'c', rate = '600 packets/s', size = {{ kind = 'imix' }} }},
                         y = {{ kind = 'on_off_exponential', from = 'a', to = 'c', peak = '24 Mbit/s', on = '200 ms',
                               off = '200 ms', ecn = true }} }} }}"
    )
}

const MANAGED: [(&str, &[&str]); 6] = [
    ("{ kind = 'codel', limit = '100 ms' }", &["dropped.target_exceeded"]),
    ("{ kind = 'codel', ecn = true, limit = '50 packets' }", &["dropped.overlimit", "marked"]),
    ("{ kind = 'fq_codel', ecn = true, limit = '100 packets' }", &["dropped.overlimit", "marked"]),
    ("{ kind = 'red', ecn = true, limit = '40 kB' }", &["dropped.early", "dropped.tail_drop", "marked"]),
    ("{ kind = 'red', adaptive = true, gentle = false, wait = true }", &["dropped.early", "dropped.forced"]),
    ("{ kind = 'pie', ecn = true, limit = '60 packets' }", &["dropped.early", "dropped.tail_drop", "marked"]),
];

#[test]
fn managed_queues_keep_the_books_and_bins_leave_no_trace() {
    for (queue, metrics) in MANAGED {
        // `run` asserts conservation, Little's law and the utilization law.
        let (few, many) = (run(&overload(queue), 40, 1), run(&overload(queue), 40, 1009));
        assert!(
            few.measures.iter().zip(&many.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()),
            "{queue}"
        );
        for metric in metrics {
            assert!(value(&few, 2, metric, "mean") > 0.0, "{queue}: {metric}");
        }
        // What the link drops is what the flows lose.
        let dropped = |c| value(&few, c, "dropped", "mean");
        assert_eq!(dropped(0) + dropped(1), dropped(2) + dropped(3), "{queue}");
    }
}

#[test]
fn levels_of_managed_queues_are_reported() {
    let record = run(&overload("{ kind = 'red' }"), 40, 1);
    assert!((5.0..30.0).contains(&value(&record, 2, "average_queue", "time_mean")));
    let record = run(&overload("{ kind = 'pie' }"), 40, 1);
    assert!((0.01..1.0).contains(&value(&record, 2, "drop_probability", "time_mean")));
}

#[test]
fn a_queue_that_manages_nothing_is_a_fifo() {
    let text = |queue: &str| {
        format!(
            "{{ node = {{ a = {{}}, b = {{}} }},
                link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', delay = '3 ms', queue = {queue} }} }},
                traffic = {{ x = {{ kind = 'poisson', from = 'a', to = 'b', rate = '9 Mbit/s', size = {{ kind = 'imix' }} }} }} }}"
        )
    };
    let fifo = run(&text("{ kind = 'fifo', limit = 'none' }"), 60, 7);
    for idle in [
        "{ kind = 'codel', limit = 'none', target = '100 s', interval = '1000 s' }",
        "{ kind = 'fq_codel', limit = 'none', target = '100 s', interval = '1000 s' }",
        "{ kind = 'red', limit = 'none', min_th = 1e6, max_th = 1e7 }",
        "{ kind = 'pie', limit = 'none', target = '100 s' }",
    ] {
        let managed = run(&text(idle), 60, 7);
        for m in &fifo.measures {
            let other = value(&managed, m.component, m.metric, m.stat);
            assert_eq!(other.to_bits(), m.value.to_bits(), "{idle}: {} {}", m.metric, m.stat);
        }
    }
}

#[test]
fn workers_behind_managed_queues_keep_the_books() {
    for queue in
        ["{ kind = 'codel' }", "{ kind = 'fq_codel' }", "{ kind = 'red', packet_time = '1 ms' }", "{ kind = 'pie' }"]
    {
        let text = format!(
            "{{ node = {{ a = {{ stages = ['s'] }}, b = {{}} }}, link = {{ l = {{ from = 'a', to = 'b', rate = '1 Gbit/s' }} }},
                stage = {{ s = {{ kind = 'server', workers = 3, queue = {queue},
                                  service = {{ kind = 'exponential', mean = '3 ms' }} }} }},
                traffic = {{ x = {{ kind = 'poisson', from = 'a', to = 'b', rate = '1100 packets/s' }} }} }}"
        );
        let record = run(&text, 40, 3);
        assert!(value(&record, 2, "dropped", "mean") > 100.0, "{queue}");
        assert!(value(&record, 2, "utilization", "time_mean") > 0.95, "{queue}");
    }
}

#[test]
fn oddities_are_told_once_as_warnings() {
    let warnings = |queue: &str| {
        let text = overload(queue).replace("off = '200 ms', ecn = true", "off = '200 ms'");
        let system = system(&text).unwrap_or_else(|d| panic!("{d:?}"));
        system.warnings().iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(warnings("{ kind = 'codel' }"), [""; 0]);
    // Spans of these tables are all the same, so that both links tell it once.
    assert_eq!(warnings("{ kind = 'fq_codel', quantum = '100 B', ecn = true }"), ["W0361", "W0360"]);
}
