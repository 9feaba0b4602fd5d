//! Sequences, bounds and shares of deficit round robin.

use super::super::wire::{Sent, backlog, bits_of, constant, faults, make, merged, send, us, warnings};
use super::*;
use sim_core::rng::Rng;

const ABC: [(&str, u8); 3] = [("a", 0), ("b", 0), ("c", 0)];

fn quanta(bytes: [u32; 3]) -> String {
    let class = |name: &str, q: u32| format!("{name} = {{ match = {{ class = '{name}' }}, quantum = '{q} B' }}");
    let [a, b, c] = bytes;
    let classes = [class("a", a), class("b", b), class("c", c)].join(", ");
    format!("{{ kind = 'drr', queue = {{ kind = 'fifo', limit = 'none' }}, classes = {{ {classes} }} }}")
}

#[test]
fn quanta_of_one_two_and_four_packets() {
    let mut drr = make(&quanta([500, 1000, 2000]), &ABC, 4_000_000).unwrap();
    let sent = send(drr.as_mut(), &backlog(1000, &[4000; 3]), 4_000_000, us(700_000.0));
    let order: Vec<u32> = sent.iter().map(|s| s.flow).take(14).collect();
    assert_eq!(order, [0, 1, 1, 2, 2, 2, 2, 0, 1, 1, 2, 2, 2, 2]);
    assert_eq!(bits_of(&sent, 3, us(700_000.0)), [100 * 4000, 200 * 4000, 400 * 4000]);
}

#[test]
fn deficits_step_by_step() {
    // Quantum 90 B, packets of 120 B: 90 is too little, 180 - 120 = 60, 150 - 120 = 30, 120 - 120 = 0.
    let classifier = Classifier::Flow;
    let fifo = || Child::Fifo(super::super::Fifo::new(super::super::Limit::Unlimited));
    let mut drr = Drr::new(classifier, Children::new(vec![fifo(), fifo()]), &[720, 720]);
    let mut effects = Effects::default();
    for flow in [0, 0, 0, 1, 1] {
        drr.enqueue(&Packet::new(flow, 960, SimTime::ZERO), SimTime::ZERO, &mut effects).unwrap();
    }
    let mut step = || {
        let packet = drr.dequeue(SimTime::ZERO, &mut effects).packet().map(|p| p.flow);
        (packet, drr.classes[0].deficit / 8, drr.classes[1].deficit / 8)
    };
    assert_eq!(step(), (Some(0), 60, 90));
    assert_eq!(step(), (Some(1), 60, 60));
    assert_eq!(step(), (Some(0), 30, 60));
    // The last of the second class: its deficit is forgotten.
    assert_eq!(step(), (Some(1), 30, 0));
    assert_eq!(step(), (Some(0), 0, 0));
    assert_eq!(step(), (None, 0, 0));
}

/// Packets of 64 to 1500 bytes of three flows, all at time zero.
fn mixed(count: usize, seed: u64) -> Vec<(SimTime, u32, u32)> {
    let mut rng = Rng::seed_from_u64(seed);
    (0..3 * count).map(|i| (SimTime::ZERO, (i % 3) as u32, 8 * (64 + rng.below(1437) as u32))).collect()
}

#[test]
fn after_k_rounds_every_class_has_sent_k_quanta_to_within_a_packet() {
    let quantum = [1500u64, 2000, 4500].map(|q| 8 * q);
    let mut drr = make(&quanta([1500, 2000, 4500]), &ABC, 8_000_000).unwrap();
    let sent = send(drr.as_mut(), &mixed(5000, 1), 8_000_000, us(4e6));
    let (mut bits, mut rounds, mut last) = ([0u64; 3], 0, 2);
    for Sent { flow, bits: b, .. } in sent {
        if last == 2 && flow == 0 {
            for i in 0..3 {
                let had = rounds * quantum[i];
                assert!(bits[i] <= had && bits[i] + 12_000 > had, "{rounds} {bits:?}");
            }
            rounds += 1;
        }
        last = flow;
        bits[flow as usize] += u64::from(b);
    }
    assert!(rounds > 400);
}

#[test]
fn no_two_classes_differ_by_more_than_two_packets_and_a_quantum_over_any_interval() {
    // Shreedhar & Varghese 1995, theorem 2: what two classes with a backlog were sent, over their quanta relative to the
    // least one Q, differs by 2 max + Q at most.
    let weights = [1.0, 4.0 / 3.0, 3.0];
    let bound = 2.0 * 12_000.0 + 12_000.0;
    let mut worst = 0.0f64;
    for seed in 0..10 {
        let mut drr = make(&quanta([1500, 2000, 4500]), &ABC, 8_000_000).unwrap();
        let sent = send(drr.as_mut(), &mixed(5000, seed), 8_000_000, us(4e6));
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            // Over all intervals: the range of the difference since the beginning.
            let (mut difference, mut low, mut high) = (0.0, 0.0f64, 0.0f64);
            for s in &sent {
                let part = |f: usize| if s.flow as usize == f { f64::from(s.bits) / weights[f] } else { 0.0 };
                difference += part(i) - part(j);
                (low, high) = (low.min(difference), high.max(difference));
            }
            worst = worst.max(high - low);
        }
    }
    assert!(worst <= bound && worst > 0.5 * bound, "{worst}");
}

#[test]
fn latency_stays_below_the_bound_of_stiliadis_and_varma() {
    // A class with a backlog since s has had at least share (t - s - theta) by t; theta = (3 F - 2 phi) / r.
    let (rate, phi) = (1e6, [500.0, 500.0, 1000.0].map(|b| 8.0 * b));
    let frame: f64 = phi.iter().sum();
    let bounds: Vec<f64> = phi.iter().map(|p| (3.0 * frame - 2.0 * p) / rate).collect();
    assert_eq!(bounds, [0.040, 0.040, 0.032]);
    let mut worst = [0.0f64; 3];
    for seed in 0..200 {
        let mut rng = Rng::seed_from_u64(seed);
        let late = (seed % 3) as u32;
        let start = us(1e5 + rng.uniform() * 1e4);
        // No packet is larger than the least quantum.
        let packet =
            |rng: &mut Rng, f| (if f == late { start } else { SimTime::ZERO }, f, 8 * (100 + rng.below(401) as u32));
        let mut all: Vec<_> = (0..1500).map(|i| packet(&mut rng, i % 3)).collect();
        all.sort_by_key(|a| a.0);
        let mut drr = make(&quanta([500, 500, 1000]), &ABC, 1_000_000).unwrap();
        let sent = send(drr.as_mut(), &all, 1_000_000, us(1.1e6));
        let share = phi[late as usize] / frame * rate;
        let mut had = 0.0;
        for s in sent.iter().filter(|s| s.flow == late) {
            let since = (s.end - start).as_secs_f64();
            worst[late as usize] = worst[late as usize].max(since - had / share);
            had += f64::from(s.bits);
        }
    }
    for (w, bound) in worst.iter().zip(bounds) {
        assert!(*w <= bound && *w > bound / 3.0, "{worst:?}");
    }
}

/// Constant streams of 1000 B against 12 Mbit/s; returns the rates from 2 s to 22 s in kbit/s.
pub(in super::super) fn capped_shares(text: &str) -> Vec<u64> {
    const FLOWS: [(&str, u8); 4] = [("a", 0), ("b", 0), ("c", 0), ("d", 0)];
    let end = us(22e6);
    let stream = |(f, kbit): (u32, f64)| constant(f, 8000, us(f64::from(f)), us(8e6 / kbit), end);
    let arrivals = merged(&[(0, 9000.0), (1, 3000.0), (2, 10_000.0), (3, 1000.0)].map(stream));
    let mut discipline = make(text, &FLOWS, 12_000_000).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let sent = send(discipline.as_mut(), &arrivals, 12_000_000, end);
    let (before, after) = (bits_of(&sent, 4, us(2e6)), bits_of(&sent, 4, end));
    (0..4).map(|f| (after[f] - before[f]) / 20_000).collect()
}

/// Weighted max-min fair shares of these streams for weights 1, 2, 2, 4, to within a per cent.
pub(in super::super) fn assert_max_min(rates: &[u64]) {
    for (rate, expected) in rates.iter().zip([2666.67, 3000.0, 5333.33, 1000.0]) {
        assert!((*rate as f64 / expected - 1.0).abs() < 0.01, "{rates:?}");
    }
}

#[test]
fn what_some_do_not_need_is_shared_by_the_others() {
    let classes =
        "a = { match = { class = 'a' }, quantum = '1 kB' }, b = { match = { class = 'b' }, quantum = '2 kB' },
        c = { match = { class = 'c' }, quantum = '2 kB' }, d = { match = { class = 'd' }, quantum = '4 kB' }";
    assert_max_min(&capped_shares(&format!("{{ kind = 'drr', classes = {{ {classes} }} }}")));
}

#[test]
fn the_weight_is_the_class_s_not_the_flows() {
    // Two flows in the one class, one in the other, equal quanta: a half, not a third each.
    let text = "{ kind = 'drr', quantum = '1 kB', classes = { ab = { match = { class = ['a', 'b'] } }, c = {} } }";
    let mut drr = make(text, &ABC, 1_000_000).unwrap();
    let sent = send(drr.as_mut(), &backlog(400, &[8000; 3]), 1_000_000, us(1.6e6));
    assert_eq!(bits_of(&sent, 3, us(1.6e6)), [400_000, 400_000, 800_000]);
    // By flow, a third each.
    let mut drr = make("{ kind = 'drr', quantum = '1 kB', by = 'flow' }", &ABC, 1_000_000).unwrap();
    let sent = send(drr.as_mut(), &backlog(400, &[8000; 3]), 1_000_000, us(1.2e6));
    assert_eq!(bits_of(&sent, 3, us(1.2e6)), [400_000; 3]);
}

#[test]
fn a_head_that_is_held_is_counted_and_sent_in_its_order() {
    // The queues are not first in, first out, so that their heads are taken out to be seen.
    let text = "{ kind = 'drr', quantum = '100 B', queue = { kind = 'prio' }, by = 'flow' }";
    let mut drr = make(text, &ABC, 1_000_000).unwrap();
    let sent = send(drr.as_mut(), &mixed(300, 2), 1_000_000, us(1.0));
    assert_eq!((sent.len(), drr.len()), (1, 899));
    let (mut n, mut bits) = (0, 0);
    drr.for_each(&mut |p| {
        n += 1;
        bits += u64::from(p.bits);
    });
    assert_eq!((n, bits), (drr.len(), drr.bits()));
    // In the long run, equal shares.
    let mut drr = make(text, &ABC, 1_000_000).unwrap();
    let all = mixed(1000, 3);
    let sent = send(drr.as_mut(), &all, 1_000_000, us(15e6));
    let bits = bits_of(&sent, 3, us(15e6));
    assert!(bits.iter().all(|b| b.abs_diff(5_000_000) < 2 * 12_000), "{bits:?}");
    for f in 0..3 {
        let numbers: Vec<u32> = sent.iter().filter(|s| s.flow == f).map(|s| s.number).collect();
        assert!(numbers.is_sorted());
    }
}

#[test]
fn a_class_that_may_not_send_lets_others_go() {
    let text = "{ kind = 'drr', classes = {
        a = { match = { class = 'a' }, queue = { kind = 'htb', rate = '1 Mbit/s', classes = { x = { rate = '1 Mbit/s' } } } },
        b = { match = { class = 'b' }, queue = { kind = 'htb', rate = '2 Mbit/s', classes = { x = { rate = '2 Mbit/s' } } } } } }";
    let classes = [("a", 0), ("b", 0)];
    let mut drr = make(text, &classes, 10_000_000).unwrap();
    assert!(drr.paced() && !drr.steps_aside());
    let sent = send(drr.as_mut(), &backlog(900, &[8000; 2]), 10_000_000, us(2e6));
    let bits = bits_of(&sent, 2, us(2e6));
    assert!(bits[0].abs_diff(2_000_000) <= 20_800 && bits[1].abs_diff(4_000_000) <= 20_800, "{bits:?}");
}

#[test]
fn mistakes_are_told() {
    for (text, code, hint) in [
        ("{ kind = 'drr', quantum = '0 B' }", "E0375", "never send"),
        ("{ kind = 'drr', classes = { a = { quantum = '0 B' } } }", "E0375", "never send"),
        ("{ kind = 'drr', classes = {} }", "E0372", ""),
        ("{ kind = 'drr', by = 'flow', classes = { a = {} } }", "E0372", "`by` makes the classes"),
        ("{ kind = 'drr', default = 'a' }", "E0372", "declare"),
        ("{ kind = 'drr', classes = { a = { match = { class = 'a' } } } }", "E0373", "default = \"a\""),
        ("{ kind = 'drr', classes = { a = {}, b = {} } }", "E0373", "default = \"a\""),
        (
            "{ kind = 'drr', default = 'zz', classes = { a = {}, bb = { match = {} } } }",
            "E0374",
            "classes that can be named",
        ),
        ("{ kind = 'drr', default = 'rset', classes = { rest = {} } }", "E0374", "did you mean `rest`?"),
        ("{ kind = 'drr', classes = { a = { queue = { kind = 'prio', priomap = [] } } } }", "E0374", ""),
    ] {
        let found = faults(text, &ABC);
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{text}");
        assert!(found[0].help.as_deref().unwrap_or_default().contains(hint), "{text}: {:?}", found[0].help);
    }
    let text = "{ kind = 'drr', default = 'c', classes = { a = { match = { class = 'a' } }, b = {}, c = {} } }";
    let warned = warnings(text, &ABC, 0);
    assert_eq!(warned.iter().map(|d| d.code).collect::<Vec<_>>(), ["W0370"]);
}
