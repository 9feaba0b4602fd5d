//! Counting by hand, a plain list of mappings, M/G/inf.

use proptest::prelude::*;
use sim_core::rng::Rng;

use super::super::fixture;
use super::*;
use crate::network::label::Recorded;
use crate::network::traffic::fixture::{assert_poisson, codes};

const SECOND: u64 = 1_000_000_000_000;

fn flow(protocol: u8, source: u32, destination: u32, port: u16) -> Label {
    Label { name: "flow".into(), source, destination, protocol, destination_port: port, ..Label::default() }
}

/// A translator, and what has been signalled by it.
struct Bench {
    nat: Box<dyn Gate>,
    effects: Effects,
}

impl Bench {
    fn new(text: &str, flows: &[Label]) -> Self {
        Self { nat: fixture::gate(text, flows), effects: Effects::default() }
    }
    /// What becomes of a packet at so many ms.
    fn send(&mut self, ms: u64, flow: u32, conversation: u32) -> Result<(), Reason> {
        let now = SimTime::from_ticks(ms * SECOND / 1000);
        self.nat.judge(&mut Packet { conversation, ..Packet::new(flow, 8, now) }, now, &mut self.effects)
    }
    /// When the number of mappings changed, in ms, and to what.
    fn levels(&mut self) -> Vec<(u64, u64)> {
        let told = self.effects.past.drain(..);
        told.map(|(at, signal, level)| (at.ticks() * 1000 / SECOND, u64::from(signal == MAPPINGS) * level)).collect()
    }
    fn translated(&self) -> usize {
        self.effects.signals.iter().filter(|s| **s == (TRANSLATED, 1)).count()
    }
}

#[test]
fn ports_run_out_and_come_back() {
    let one = [flow(17, 1, 2, 53)];
    let passed = |timeout: &str| {
        let mut bench = Bench::new(&format!("{{ kind = 'nat', ports = 3, timeout = '{timeout}' }}"), &one);
        let passed: Vec<bool> = (0..12)
            .map(|i| match bench.send(1000 * i, 0, i as u32) {
                Ok(()) => true,
                Err(reason) => {
                    assert_eq!(reason, PORT_EXHAUSTED);
                    false
                }
            })
            .collect();
        assert_eq!(bench.translated(), passed.iter().filter(|p| **p).count());
        (passed.iter().map(|p| if *p { '+' } else { '-' }).collect::<String>(), bench.levels())
    };
    let (found, levels) = passed("5.25 s");
    assert_eq!(found, "+++---+++---");
    let expected = [(0, 1), (1000, 2), (2000, 3), (5250, 2), (6000, 3), (6250, 2), (7000, 3), (7250, 2), (8000, 3)];
    assert_eq!(levels[..9], expected);
    // A mapping that ends at the instant at which a packet comes is gone.
    assert_eq!(passed("5 s").0, "+++--+++--++");
    assert_eq!(passed("5.000000000001 s").0, "+++---+++---");
}

#[test]
fn packets_from_inside_keep_a_mapping_and_those_from_outside_do_not() {
    let back = Label { acknowledges: true, ..flow(6, 2, 1, 0) };
    let mut bench = Bench::new("{ kind = 'nat', timeout = '10 s' }", &[flow(6, 1, 2, 443), back]);
    assert_eq!(bench.nat.reasons(), [PORT_EXHAUSTED, NO_MAPPING]);
    assert_eq!(bench.send(0, 1, 7), Err(NO_MAPPING));
    assert_eq!(bench.send(0, 0, 7), Ok(()));
    assert_eq!((bench.send(5000, 1, 7), bench.send(5000, 1, 8)), (Ok(()), Err(NO_MAPPING)));
    assert_eq!(bench.send(9000, 0, 7), Ok(()));
    assert_eq!((bench.send(18_999, 1, 7), bench.send(19_000, 1, 7)), (Ok(()), Err(NO_MAPPING)));
    assert_eq!(bench.levels(), [(0, 1), (19_000, 0)]);
    assert_eq!(bench.translated(), 4);
}

#[test]
fn each_protocol_or_destination_has_all_ports() {
    // Two UDP flows to one port, one to another, one to another host, and a TCP flow.
    let flows = [flow(17, 1, 9, 53), flow(17, 1, 9, 53), flow(17, 1, 9, 123), flow(17, 1, 8, 53), flow(6, 1, 9, 53)];
    let passes = |mapping: &str| {
        let mut bench = Bench::new(&format!("{{ kind = 'nat', ports = 1, mapping = '{mapping}' }}"), &flows);
        (0..5).map(|f| bench.send(0, f, 0).is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(passes("endpoint_independent"), [true, false, false, false, true]);
    assert_eq!(passes("endpoint_dependent"), [true, false, true, true, true]);
}

#[test]
fn recordings_tell_their_endpoints() {
    let told = |source_port, destination| {
        Some(Headers { source: 1, destination, protocol: 17, source_port, destination_port: 53 })
    };
    // The first and the third conversation are of one socket.
    let recorded =
        Recorded { conversations: vec![told(5000, 8), told(5001, 8), told(5000, 9), None], codes: 1, ipv6: 0 };
    let flows = [Label { recorded: Some(recorded.into()), ..flow(17, 1, 9, 53) }];
    let live = |mapping: &str| {
        let mut bench = Bench::new(&format!("{{ kind = 'nat', mapping = '{mapping}', ports = 2 }}"), &flows);
        let passed: Vec<bool> = (0..4).map(|c| bench.send(0, 0, c).is_ok()).collect();
        (passed, bench.levels().last().copied())
    };
    assert_eq!(live("endpoint_independent"), (vec![true, true, true, false], Some((0, 2))));
    assert_eq!(live("endpoint_dependent"), (vec![true; 4], Some((0, 4))));
}

#[test]
fn addresses_tell_which_way_packets_go() {
    let (inside, outside) = (10 << 24 | 5, 192 << 24);
    let flows = [
        flow(17, inside, outside, 1),
        flow(17, outside, inside, 1),
        flow(17, inside, inside + 1, 1),
        flow(17, outside, 0, 1),
        flow(17, inside, 0, 1),
    ];
    let (made, found) = fixture::read("{ kind = 'nat', inside = ['10.0.0.0/8', '!10.9.0.0/16'] }", &flows);
    assert_eq!(codes(&found), ["W0385"]);
    let StageSpec::Gate(nat) = made.unwrap() else { panic!("a gate") };
    let mut bench = Bench { nat, effects: Effects::default() };
    let found: Vec<_> = (0..5).map(|f| bench.send(0, f, 0)).collect();
    assert_eq!(found, [Ok(()), Err(NO_MAPPING), Ok(()), Ok(()), Ok(())]);
    assert_eq!((bench.translated(), bench.levels()), (2, vec![(0, 1), (0, 2)]));
    let (_, found) = fixture::read("{ kind = 'nat', inside = '10.9.0.0/16' }", &flows);
    assert_eq!(codes(&found), ["W0386"]);
}

#[test]
fn mistakes_are_told() {
    for keys in ["ports = '9-1'", "ports = 'all'", "ports = '1-70000'", "timeout = '0 s'"] {
        assert_eq!(codes(&fixture::read(&format!("{{ kind = 'nat', {keys} }}"), &[]).0.unwrap_err()), ["E0384"]);
    }
    let found = fixture::read("{ kind = 'nat', inside = 'lan', timeout = '0 s' }", &[]).0.unwrap_err();
    assert_eq!(codes(&found), ["E0384", "E0325"]);
    assert!(fixture::read("{ kind = 'nat', ports = '0-65535' }", &[]).0.is_ok());
}

#[test]
fn conversations_of_a_packet_are_an_infinite_server_group() {
    // 50 a second that hold a port for 0.4 s: Poisson with mean 20 at any time; those 0.5 s apart have none in common.
    let mut bench = Bench::new("{ kind = 'nat', timeout = '400 ms' }", &[flow(17, 1, 2, 53)]);
    let mut rng = Rng::seed_from_u64(11);
    let (mut now, mut conversation, mut counts) = (0, 0, Vec::new());
    let (mut level, mut look) = (0.0, SECOND);
    while counts.len() < 20_000 {
        now += (rng.exponential() / 50.0 * SECOND as f64) as u64;
        while look < now {
            bench.nat.settle(SimTime::from_ticks(look), &mut bench.effects);
            level = bench.effects.past.drain(..).next_back().map_or(level, |(_, _, level)| level as f64);
            counts.push(level);
            look += SECOND / 2;
        }
        let at = SimTime::from_ticks(now);
        conversation += 1;
        let mut packet = Packet { conversation, ..Packet::new(0, 8, at) };
        assert_eq!(bench.nat.judge(&mut packet, at, &mut bench.effects), Ok(()));
        bench.effects.signals.clear();
    }
    assert_poisson(&counts, 20.0, 3.3, "mappings");
}

proptest! {
    /// Mappings are what a list of them is, whatever their keys.
    #[test]
    fn mappings_agree_with_a_plain_list(packets in prop::collection::vec((0u64..3000, 0u32..12, 0u32..2), 1..200), ports in 1u32..8) {
        let flows = [flow(17, 1, 2, 53), flow(6, 1, 2, 53)];
        let mut bench = Bench::new(&format!("{{ kind = 'nat', ports = {ports}, timeout = '5 s' }}"), &flows);
        // Flow, conversation and last use in ms; keys far apart, as those of connections are.
        let mut list: Vec<(u32, u32, u64)> = Vec::new();
        let (mut now, mut most) = (0, 0);
        for (gap, conversation, flow) in packets {
            now += gap;
            let conversation = conversation << 20;
            list.retain(|m| m.2 + 5000 > now);
            let taken = list.iter().filter(|m| m.0 == flow).count();
            let expected = if let Some(known) = list.iter_mut().find(|m| (m.0, m.1) == (flow, conversation)) {
                known.2 = now;
                Ok(())
            } else if taken < ports as usize {
                list.push((flow, conversation, now));
                Ok(())
            } else {
                Err(PORT_EXHAUSTED)
            };
            prop_assert_eq!(bench.send(now, flow, conversation), expected);
            let levels = bench.levels();
            prop_assert!(levels.windows(2).all(|w| w[0].0 <= w[1].0));
            if let Some(&(_, level)) = levels.last() {
                most = level;
            }
            prop_assert_eq!(most, list.len() as u64);
        }
    }
}
