//! Whole transfers against what can be worked out by hand.

use std::path::Path;

use sim_core::SimTime;
use sim_core::config::check;
use sim_core::rng::Streams;
use sim_core::stats::{RunRecord, Window};

use crate::network::discipline::{Effects, LINK_LOSS, Reason};
use crate::network::gate::Gate;
use crate::network::packet::Packet;
use crate::network::stage::{MakeStage, StageSpec};
use crate::network::traffic::fixture::tree;
use crate::registry::{Kind, registry};
use crate::{BuildContext, System, build, sections};
use sim_core::config::{Field, Type};
use sim_core::rng::Rng;

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
    let mut found = Default::default();
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
}
