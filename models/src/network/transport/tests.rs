//! Whole transfers against what can be worked out by hand.

mod published;
mod shares;

use std::path::Path;

use sim_core::SimTime;
use sim_core::config::{Diagnostics, Field, Type, check};
use sim_core::rng::{Rng, Streams};
use sim_core::stats::{RunRecord, Window};

use crate::network::discipline::{Discipline, Effects, Fifo, LINK_LOSS, Limit, MakeDiscipline, Next, Reason};
use crate::network::gate::Gate;
use crate::network::packet::Packet;
use crate::network::stage::{MakeStage, StageSpec};
use crate::network::traffic::fixture::tree;
use crate::registry::{Kind, registry};
use crate::{BuildContext, System, build, sections};

/// Drops every n-th data segment that is sent for the first time (`probability` 0), or each at random.
#[derive(Clone, Debug)]
struct Dropper {
    every: u64,
    probability: f64,
    passed: u64,
    /// One more than the highest number that has passed.
    highest: u32,
    rng: Rng,
}

const DROPPER: Kind<MakeStage> = Kind {
    name: "dropper",
    doc: "Drops every n-th new packet of data, or any at random.",
    fields: &[
        Field::default("every", Type::Integer { min: 0, max: i64::MAX }, "0", "Which."),
        Field::default("probability", Type::Number { min: 0.0, max: 1.0 }, "0.0", "How often."),
    ],
    make: |table, _| {
        Ok(StageSpec::Gate(Box::new(Dropper {
            every: table.integer("every") as u64,
            probability: table.number("probability"),
            passed: 0,
            highest: 0,
            rng: Rng::seed_from_u64(0),
        })))
    },
};

impl Gate for Dropper {
    fn judge(&mut self, packet: &mut Packet, _: SimTime, _: &mut Effects) -> Result<(), Reason> {
        if packet.bits <= 320 {
            return Ok(());
        }
        if self.probability > 0.0 {
            return if self.rng.uniform() < self.probability { Err(LINK_LOSS) } else { Ok(()) };
        }
        let number = super::tag::Tag::from_bits(packet.segment).number(u64::from(self.highest)) as u32;
        if number < self.highest {
            return Ok(());
        }
        self.highest = number + 1;
        self.passed += 1;
        if self.every > 0 && self.passed.is_multiple_of(self.every) { Err(LINK_LOSS) } else { Ok(()) }
    }
    fn boxed_clone(&self) -> Box<dyn Gate> {
        Box::new(self.clone())
    }
    fn start(&mut self, rng: Rng) {
        self.rng = rng;
    }
    fn reasons(&self) -> Vec<Reason> {
        vec![LINK_LOSS]
    }
}

fn system(text: &str) -> Box<dyn System> {
    let mut registry = registry();
    registry.stages.add(DROPPER);
    registry.disciplines.add(MARKER);
    let mut found = Diagnostics::default();
    let table = check(&tree(text), &sections(), &registry, &mut found);
    assert!(found.is_empty(), "{text}: {found:?}");
    build(&table, &BuildContext::new(&registry, Path::new("."))).unwrap_or_else(|d| panic!("{text}: {d:?}"))
}

/// One run with all laws checked. Times in ms.
fn run(text: &str, seed: u64, warmup: u64, end: u64) -> RunRecord {
    let at = |ms: u64| SimTime::from_ticks(ms * 1_000_000_000);
    let window = Window { warmup: at(warmup), end: at(end), bins: 20 };
    let record = system(text).run(Streams::new(seed, 0), window).expect("the run ends");
    assert!(record.checks.violations.is_empty(), "{:?}", record.checks.violations);
    record
}

/// A measure of the data's flow (component 0) or of another.
fn value(record: &RunRecord, component: u32, metric: &str, stat: &str) -> f64 {
    let m = record.measures.iter().find(|m| m.component == component && m.metric == metric && m.stat == stat);
    m.unwrap_or_else(|| panic!("{component} has no {metric}.{stat}")).value
}

/// The component of this name.
fn named(text: &str, name: &str) -> u32 {
    let components = system(text);
    let found = components.components().iter().position(|c| c.name == name);
    found.unwrap_or_else(|| panic!("no {name}")) as u32
}

/// One connection from a to b over one link, with a stage in front of it.
fn one(rate: &str, delay: &str, queue: &str, stage: &str, more: &str, tcp: &str) -> String {
    format!(
        "{{ node = {{ a = {{ stages = ['drop'] }}, b = {{}} }},
            stage = {{ drop = {{ kind = 'dropper', {stage} }} }},
            link = {{ l = {{ from = 'a', to = 'b', rate = '{rate}', delay = '{delay}', duplex = true, queue = {queue} }} }},
            traffic = {{ x = {{ kind = 'bulk', from = 'a', to = 'b', {more} tcp = {{ {tcp} }} }} }} }}"
    )
}

const BOUNDLESS: &str = "{ kind = 'fifo', limit = 'none' }";

#[test]
fn a_short_transfer_takes_the_rounds_of_slow_start() {
    // 685 segments, initial window 10: 10, 20, ... 640 in seven rounds, and one for the handshake.
    let text = one("10 Gbit/s", "50 ms", BOUNDLESS, "", "bytes = '1 MB',", "delayed_ack = 1");
    let record = run(&text, 1, 0, 2000);
    let took = value(&record, 0, "flow_completion_time", "mean");
    assert!((took - 0.8).abs() < 0.05 && took > 0.8, "{took}");
    assert_eq!(value(&record, 0, "retransmissions", "mean"), 0.0);
    // Every segment is acknowledged by itself, and the SYN.
    assert_eq!((value(&record, 0, "departures", "mean"), value(&record, 1, "departures", "mean")), (686.0, 686.0));
    assert_eq!(value(&record, 0, "goodput", "mean"), 8e6 / 2.0);
}

#[test]
fn a_receive_window_limits_to_a_window_a_round_trip() {
    let text = one(
        "100 Mbit/s",
        "25 ms",
        BOUNDLESS,
        "",
        "",
        "delayed_ack = 1, cc = { kind = 'reno' }, receive_window = '65535 B'",
    );
    let record = run(&text, 1, 5000, 60_000);
    let goodput = value(&record, 0, "goodput", "mean");
    assert!((10_099_984.0..10_496_085.6).contains(&goodput), "{goodput}");
    // 44 segments a round trip of 50 ms and a transmission each way.
    let exact = 44.0 * 1460.0 * 8.0 / (0.05 + 1500.0 * 8.0 / 1e8 + 40.0 * 8.0 / 1e8);
    assert!((goodput / exact - 1.0).abs() < 1e-3, "{goodput} is not {exact}");
}

#[test]
fn periodic_losses_give_the_square_root_law() {
    // Mathis et al. 1997: MSS/RTT sqrt(3/2)/sqrt(p).
    for (every, expected, end) in [(1000u64, 4.5236e6, 600_000), (10_000, 14.305e6, 1_000_000)] {
        let stage = format!("every = {every}");
        let text = one("1 Gbit/s", "50 ms", BOUNDLESS, &stage, "", "delayed_ack = 1, cc = { kind = 'reno' }");
        let record = run(&text, 1, 60_000, end);
        let goodput = value(&record, 0, "goodput", "mean");
        assert!((goodput / expected - 1.0).abs() < 0.05, "1/{every}: {goodput} is not {expected}");
        assert_eq!(value(&record, 0, "timeouts", "mean"), 0.0);
    }
    // With windows of twelve segments, what the law leaves out is a part of it: that windows are whole and that a loss is
    // repaired in a round trip of its own. With both, losses every 1/p segments mean 3/8 W^2 + W/4 = 1/p segments in
    // W/2 + 1 round trips.
    let (p, rtt) = (0.01f64, 0.1 + 12e3 / 1e9);
    let w = ((1.0 / 16.0 + 1.5 / p).sqrt() - 0.25) / 0.75;
    let expected = 1460.0 * 8.0 / p / (rtt * (w / 2.0 + 1.0));
    let text = one("1 Gbit/s", "50 ms", BOUNDLESS, "every = 100", "", "delayed_ack = 1, cc = { kind = 'reno' }");
    let goodput = value(&run(&text, 1, 60_000, 600_000), 0, "goodput", "mean");
    assert!((goodput / expected - 1.0).abs() < 0.05, "{goodput} is not {expected}");
    assert!(goodput < 0.9 * 1.4305e6, "{goodput}");
}

#[test]
fn a_sawtooth_without_a_buffer_leaves_a_quarter_of_the_link_idle() {
    // The limit of the same law: 400 segments under way, of which one, two or eight may wait.
    for (buffer, expected) in [(1u32, 0.75), (2, 0.75), (8, 0.7648)] {
        let queue = format!("{{ kind = 'fifo', limit = '{buffer} packets' }}");
        let text = one("10 Mbit/s", "240 ms", &queue, "", "", "delayed_ack = 1, cc = { kind = 'reno' }");
        let utilization = value(&run(&text, 1, 100_000, 2_100_000), 2, "utilization", "time_mean");
        assert!((utilization / expected - 1.0).abs() < 0.02, "{buffer}: {utilization} is not {expected}");
    }
}

#[test]
fn one_connection_through_codel_has_a_buffer_of_the_target() {
    // 50 Mbit/s, 50 ms. What CoDel lets stand is 5 ms, a tenth of the path: Reno has 3/4 (1 + b)^2 / (1 + b + b^2) of the
    // link with b = 0.1. CUBIC, whose window falls to 0.7 and is soon back, has over 0.9.
    let utilization = |cc: &str| {
        let text = one("50 Mbit/s", "25 ms", "{ kind = 'codel' }", "", "", &format!("cc = {{ kind = '{cc}' }}"));
        value(&run(&text, 1, 20_000, 320_000), 2, "utilization", "time_mean")
    };
    let (reno, cubic) = (utilization("reno"), utilization("cubic"));
    let expected = 0.75 * 1.1f64.powi(2) / 1.11;
    assert!((reno / expected - 1.0).abs() < 0.02, "{reno} is not {expected}");
    assert!(cubic > 0.9, "{cubic}");
}

#[test]
fn a_sawtooth_over_a_small_buffer_leaves_the_link_idle() {
    // U = 3/4 (1 + b)^2 / (1 + b + b^2) for a buffer of b bandwidth-delay products (83.3 packets), up to b = 1.
    for (buffer, b) in [(21u32, 0.25), (42, 0.5), (83, 1.0)] {
        let queue = format!("{{ kind = 'fifo', limit = '{buffer} packets' }}");
        let text = one("10 Mbit/s", "50 ms", &queue, "", "", "delayed_ack = 1, cc = { kind = 'reno' }");
        let record = run(&text, 1, 100_000, 400_000);
        let expected = 0.75 * (1.0f64 + b).powi(2) / (1.0 + b + b * b);
        let utilization = value(&record, 2, "utilization", "time_mean");
        assert!((utilization - expected).abs() < 0.005, "{b}: {utilization} is not {expected}");
        // The buffer fills in every sawtooth.
        let longest = value(&record, 2, "wait_time", "max");
        assert!((longest / (f64::from(buffer) * 1.2e-3) - 1.0).abs() < 0.02, "{b}: {longest}");
        assert_eq!(value(&record, 0, "timeouts", "mean"), 0.0);
    }
}

#[test]
fn losses_are_repaired_without_selective_acknowledgements_too() {
    // The square-root law holds for every way of recovery, and nothing is sent twice that had come.
    for tcp in ["sack = false", "sack = false, recovery = 'standard'", "recovery = 'standard'"] {
        let tcp = format!("{tcp}, delayed_ack = 1, cc = {{ kind = 'reno' }}");
        let record = run(&one("1 Gbit/s", "50 ms", BOUNDLESS, "every = 1000", "", &tcp), 1, 60_000, 300_000);
        let goodput = value(&record, 0, "goodput", "mean");
        assert!((goodput / 4.5236e6 - 1.0).abs() < 0.06, "{tcp}: {goodput}");
        assert_eq!(value(&record, 0, "timeouts", "mean"), 0.0);
        let (again, lost) = (value(&record, 0, "retransmissions", "mean"), value(&record, 0, "dropped", "mean"));
        assert!((again - lost).abs() <= 1.0, "{tcp}: {again} sent again, {lost} lost");
    }
}

#[test]
fn every_transfer_completes_whatever_is_lost() {
    // A twentieth of all packets is lost both ways: SYNs, data, what is sent again, acknowledgements.
    for cc in ["reno", "cubic", "dctcp", "bbr"] {
        for more in ["", "sack = false,", "recovery = 'standard',", "handshake = false, receive_window = '20 kB',"] {
            let text = format!(
                "{{ node = {{ a = {{}}, b = {{}} }},
                    link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', delay = '5 ms', queue = {{ kind = 'fifo', limit = '20 packets' }},
                                    loss = {{ kind = 'bernoulli', p = 0.05 }} }} }},
                    traffic = {{ x = {{ kind = 'bulk', from = 'a', to = 'b', connections = 20, bytes = '100001 B', stagger = '100 ms',
                                       tcp = {{ {more} cc = {{ kind = '{cc}' }}, rto_min = '200 ms' }} }} }} }}"
            );
            let record = run(&text, 1, 0, 300_000);
            // All bytes, each counted once, and nothing left on the way.
            let bytes = value(&record, 0, "goodput", "mean") * 300.0 / 8.0;
            assert!((bytes - 20.0 * 100_001.0).abs() < 1e-3, "{cc} {more}: {bytes}");
            assert_eq!(value(&record, 0, "in_system", "mean"), 0.0);
            assert!(value(&record, 0, "retransmissions", "mean") >= 60.0);
        }
    }
}

#[test]
fn random_losses_follow_the_formula_with_timeouts() {
    // Padhye et al. 1998 in the form of RFC 5348 section 3.1 with b = 1 and a time-out of four round trips. Here it is a
    // second, ten of them, which tells only where time-outs are frequent.
    for (p, expected, tolerance) in
        [(1e-4, 14.292e6, 0.15), (0.001, 4.483e6, 0.05), (0.01, 1.312e6, 0.1), (0.05, 0.431e6, 0.15)]
    {
        let stage = format!("probability = {p}");
        let text = one("1 Gbit/s", "50 ms", BOUNDLESS, &stage, "", "delayed_ack = 1, cc = { kind = 'reno' }");
        let record = run(&text, 1, 60_000, 3_000_000);
        let goodput = value(&record, 0, "goodput", "mean");
        assert!((goodput / expected - 1.0).abs() < tolerance, "{p}: {goodput} is not {expected}");
    }
}

/// The mean window of CUBIC at a round trip of 0.1 s if every n-th packet is lost and acknowledgements are not delayed.
fn cubic_window(every: u64, start: u32, end: u64) -> f64 {
    cubic_window_at("50 ms", every, start, end)
}

/// As [`cubic_window`] with another delay each way.
fn cubic_window_at(delay: &str, every: u64, start: u32, end: u64) -> f64 {
    let stage = format!("every = {every}");
    let tcp =
        format!("delayed_ack = 1, cc = {{ kind = 'cubic', fast_convergence = false }}, initial_threshold = {start}");
    let text = one("10 Gbit/s", delay, BOUNDLESS, &stage, "", &tcp);
    let record = run(&text, 1, end / 2, end);
    let round_trip = if delay == "50 ms" { 0.1 } else { 0.01 };
    value(&record, 0, "goodput", "mean") / 1460.0 / 8.0 * round_trip
}

#[test]
fn cubic_has_the_mean_windows_of_its_rfc() {
    // RFC 9438 table 1, for a round trip of 0.1 s, where CUBIC is as fast as Reno.
    for (every, start, expected) in [(100, 12, 12.0), (1000, 38, 38.0)] {
        let window = cubic_window(every, start, 400_000);
        assert!((window / expected - 1.0).abs() < 0.05, "1/{every}: {window} is not {expected}");
    }
    // Table 2, for 0.01 s, where it is as fast as Reno up to larger windows.
    for (every, start, expected) in [(100, 12, 12.0), (1000, 38, 38.0), (10_000, 120, 120.0)] {
        let window = cubic_window_at("5 ms", every, start, 100_000);
        assert!((window / expected - 1.0).abs() < 0.05, "1/{every}: {window} is not {expected}");
    }
}

#[test]
#[ignore = "ten seconds: the plateau lets the window come to its equilibrium only as the inverse root of time"]
fn cubic_has_the_mean_window_of_its_rfc_at_large_windows() {
    let window = cubic_window(10_000, 150, 20_000_000);
    assert!((window / 187.0 - 1.0).abs() < 0.05, "{window}");
}

#[test]
fn slow_acknowledgements_hold_back_the_data() {
    // RFC 3449: a reverse path that takes so many acknowledgements a second passes so many, or twice so many, segments.
    for (every, expected) in [(1, 2.5e6), (2, 5e6)] {
        let text = format!(
            "{{ node = {{ a = {{}}, b = {{}} }},
                link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', delay = '10 ms', duplex = false }},
                         back = {{ from = 'b', to = 'a', rate = '100 kbit/s', delay = '10 ms', duplex = false,
                                   queue = {BOUNDLESS} }} }},
                traffic = {{ x = {{ kind = 'bulk', from = 'a', to = 'b', tcp = {{ delayed_ack = {every}, mss = '960 B',
                             initial_threshold = 20, cc = {{ kind = 'reno' }} }} }} }} }}"
        );
        let record = run(&text, 1, 10_000, 60_000);
        let rate = value(&record, 2, "bit_rate", "mean");
        assert!((rate / expected - 1.0).abs() < 0.1, "{every}: {rate} is not {expected}");
        assert!(value(&record, 3, "utilization", "time_mean") > 0.99);
    }
}

/// First in, first out, marking what finds more than `threshold` packets.
#[derive(Clone, Debug)]
struct Marker {
    queue: Fifo,
    threshold: usize,
}

const MARKER: Kind<MakeDiscipline> = Kind {
    name: "marker",
    doc: "Marks what finds more packets than a threshold.",
    fields: &[Field::default("threshold", Type::Integer { min: 0, max: 1_000_000 }, "20", "Packets.")],
    make: |table, _| {
        let threshold = table.integer("threshold") as usize;
        Ok(Box::new(Marker { queue: Fifo::new(Limit::Unlimited), threshold }))
    },
};

impl Discipline for Marker {
    fn enqueue(&mut self, p: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let marked = p.marked().filter(|_| self.queue.len() > self.threshold);
        self.queue.enqueue(marked.as_ref().unwrap_or(p), now, effects)
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        self.queue.dequeue(now, effects)
    }
    fn len(&self) -> usize {
        self.queue.len()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.queue.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
}

#[test]
fn dctcp_holds_the_queue_at_the_threshold() {
    // Alizadeh et al. 2010: two flows over 10 Gbit/s and 100 us with K = 20: the queue reaches K + N = 22 and swings by
    // sqrt(2 N (C RTT + K))/2 = 10.2 packets, so that the link is never idle.
    let text = "{ node = { a = {}, b = {} },
                  link = { l = { from = 'a', to = 'b', rate = '10 Gbit/s', delay = '50 us', queue = { kind = 'marker' } } },
                  traffic = { x = { kind = 'bulk', from = 'a', to = 'b', connections = 2, stagger = '1 ms',
                                    tcp = { cc = { kind = 'dctcp' }, delayed_ack = 1 } } } }";
    let record = run(text, 1, 200, 1000);
    let (highest, sd) = (value(&record, 2, "occupancy", "max"), value(&record, 2, "occupancy", "sd"));
    assert!((highest / 22.0 - 1.0).abs() < 0.2, "{highest}");
    // A sawtooth's standard deviation is its amplitude over the root of 12.
    assert!((sd * 12.0f64.sqrt() / 10.17 - 1.0).abs() < 0.2, "{sd}");
    assert_eq!(value(&record, 2, "utilization", "time_mean"), 1.0);
    assert!(value(&record, 0, "fairness", "mean") > 0.99);
    // From K = C RTT/7 = 11.9 packets on the link is never idle; with far fewer it is.
    let least: f64 = 10e9 * 100e-6 / 7.0 / 12e3;
    assert!((least - 11.9).abs() < 0.01, "{least}");
    let busy = |threshold: u32| {
        let text = text.replace("'marker'", &format!("'marker', threshold = {threshold}"));
        value(&run(&text, 1, 200, 1000), 2, "utilization", "time_mean")
    };
    let (above, below) = (busy(12), busy(3));
    assert!(above > 0.995 && below < above, "{above} {below}");
}

#[test]
fn classic_marks_halve_the_window_once_a_round_trip() {
    let text = "{ node = { a = {}, b = {} },
                  link = { l = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '50 ms', queue = { kind = 'marker', threshold = 83 } } },
                  traffic = { x = { kind = 'bulk', from = 'a', to = 'b',
                                    tcp = { cc = { kind = 'reno' }, delayed_ack = 1 }, ecn = true } } }";
    let record = run(text, 1, 100_000, 400_000);
    // As a buffer of a bandwidth-delay product: the queue swings between nothing and the threshold.
    let utilization = value(&record, 2, "utilization", "time_mean");
    assert!(utilization > 0.995, "{utilization}");
    assert!(value(&record, 2, "occupancy", "max") < 88.0);
    assert_eq!(value(&record, 0, "retransmissions", "mean"), 0.0);
}

#[test]
fn bbr_does_not_mind_random_losses() {
    let text = one(
        "10 Mbit/s",
        "50 ms",
        "{ kind = 'fifo', limit = '200 packets' }",
        "probability = 0.01",
        "",
        "cc = { kind = 'bbr' }",
    );
    let record = run(&text, 1, 10_000, 200_000);
    // Reno has 1.4 Mbit/s there.
    let goodput = value(&record, 0, "goodput", "mean");
    assert!(goodput > 8.5e6, "{goodput}");
    // The window is twice what the path holds, the queue nearly empty.
    assert!(value(&record, 2, "occupancy", "time_mean") < 10.0);
}

#[test]
fn users_obey_the_interactive_response_time_law() {
    let text = "{ node = { a = {}, b = {} },
                  link = { l = { from = 'a', to = 'b', rate = '10 Mbit/s', delay = '10 ms' } },
                  traffic = { x = { kind = 'request_response', from = 'a', to = 'b', users = 20, think = '1 s',
                                    bytes = '50 kB', law = 'exponential' } } }";
    let record = run(text, 1, 100_000, 2_100_000);
    let (goodput, response) = (value(&record, 0, "goodput", "mean"), value(&record, 0, "flow_completion_time", "mean"));
    // N = X (R + Z), with X in responses a second of 50 kB.
    let users = goodput / 400_000.0 * (response + 1.0);
    assert!((users / 20.0 - 1.0).abs() < 0.02, "{users} users, response {response} s");
    assert!(value(&record, 0, "slowdown", "mean") > 1.0);
}

#[test]
fn sessions_bring_their_bytes() {
    let text = "{ node = { a = {}, b = {} },
                  link = { l = { from = 'a', to = 'b', rate = '100 Mbit/s', delay = '10 ms' } },
                  traffic = { x = { kind = 'web', from = 'a', to = 'b', rate = '100 /s', bytes = '50 kB', law = 'exponential' } } }";
    let record = run(text, 1, 10_000, 410_000);
    let goodput = value(&record, 0, "goodput", "mean");
    // 40 000 sessions with a coefficient of variation of sqrt(2) in a Poisson sum: four standard errors.
    assert!((goodput / 40e6 - 1.0).abs() < 4.0 * (2.0f64 / 40_000.0).sqrt(), "{goodput}");
}

#[test]
fn packets_of_sessions_are_no_poisson_process() {
    // Sessions are one, but packets come in the bursts of their sessions, whatever the law of the sizes: counts vary far
    // more than those of a Poisson process.
    for law in ["law = 'exponential'", "law = 'lognormal', cv = 3", "law = 'pareto', alpha = 1.5"] {
        let text = format!(
            "{{ node = {{ a = {{}}, b = {{}} }},
                link = {{ l = {{ from = 'a', to = 'b', rate = '100 Mbit/s', delay = '10 ms' }} }},
                traffic = {{ x = {{ kind = 'web', from = 'a', to = 'b', rate = '100 /s', bytes = '50 kB', {law} }} }} }}"
        );
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(400), bins: 4000 };
        let record = system(&text).run(Streams::new(1, 0), window).expect("the run ends");
        let row = record.series.rows.iter().find(|r| r.component == 2 && r.metric == "throughput").expect("a series");
        let counts: Vec<f64> = row.values[100..].iter().map(|x| x * 0.1).collect();
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / counts.len() as f64;
        assert!(variance / mean > 10.0, "{law}: {}", variance / mean);
    }
}

/// The codes of what is wrong.
fn codes(text: &str) -> Vec<&'static str> {
    let registry = registry();
    let mut found = Diagnostics::default();
    let table = check(&tree(text), &sections(), &registry, &mut found);
    let built = build(&table, &BuildContext::new(&registry, Path::new("."))).err();
    found.iter().chain(built.iter().flat_map(Diagnostics::iter)).map(|d| d.code).collect()
}

#[test]
fn mistakes_are_told_with_their_codes() {
    let of = |traffic: &str| {
        codes(&format!(
            "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ l = {{ from = 'a', to = 'b', rate = '1 Mbit/s' }} }},
                traffic = {{ x = {{ kind = 'bulk', from = 'a', {traffic} }} }} }}"
        ))
    };
    assert_eq!(of("to = 'b'"), [""; 0]);
    assert_eq!(of("to = 'a'"), ["E0361"]);
    assert_eq!(of("connections = 2"), ["E0361"]);
    assert_eq!(of("to = 'b', size = { kind = 'constant', size = '1 kB' }"), ["E0361"]);
    assert_eq!(of("to = 'b', bytes = '0 B'"), ["E0360"]);
    assert_eq!(of("to = 'b', tcp = { mss = '0.5 B' }"), ["E0360"]);
    assert_eq!(of("to = 'b', tcp = { receive_window = '1000 B' }"), ["E0360"]);
    assert_eq!(of("to = 'b', tcp = { rto_min = '2 min' }"), ["E0360"]);
    let one_way =
        "{ node = { a = {}, b = {} }, link = { l = { from = 'a', to = 'b', rate = '1 Mbit/s', duplex = false } },
                     traffic = { x = { kind = 'bulk', from = 'a', to = 'b' } } }";
    assert_eq!(codes(one_way), ["E0321"]);
}
