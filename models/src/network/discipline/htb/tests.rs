//! Shares, guarantees and ceilings of the hierarchical token bucket.

use super::super::wire::{Sent, backlog, bits_of, constant, faults, make, merged, send, us, warnings};
use super::*;
use sim_core::rng::Rng;

const ABC: [(&str, u8); 3] = [("a", 0), ("b", 0), ("c", 0)];
const LINK: u64 = 10_000_000;

/// Three classes on 10 Mbit/s; each text has `rate` and what else it needs.
fn three(classes: [&str; 3]) -> String {
    let class = |(c, n): (&str, char)| {
        format!("{n} = {{ match = {{ class = '{n}' }}, queue = {{ kind = 'fifo', limit = 'none' }}, {c} }}")
    };
    let classes: Vec<String> = classes.into_iter().zip('a'..).map(class).collect();
    format!("{{ kind = 'htb', classes = {{ {} }} }}", classes.join(", "))
}

/// Percent of the link for each class over ten seconds, for what each offers in per cent.
fn shares(text: &str, offered: [f64; 3]) -> Vec<f64> {
    let end = us(10e6);
    let stream = |(f, share): (usize, f64)| match share {
        0.0 => Vec::new(),
        _ => constant(f as u32, 8000, us(0.0), us(80_000.0 / share), end),
    };
    let arrivals = merged(&offered.into_iter().enumerate().map(stream).collect::<Vec<_>>());
    let mut htb = make(text, &ABC, LINK).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let sent = send(htb.as_mut(), &arrivals, LINK, end);
    bits_of(&sent, 3, end).into_iter().map(|b| b as f64 / 1e6).collect()
}

#[test]
fn what_is_not_needed_is_lent_in_proportion_to_the_rates() {
    // Percent of 10 Mbit/s: quanta of 37.5, 12.5 and 75 kB.
    let open = |rate: u32| format!("rate = '{rate}00 kbit/s', ceil = '10 Mbit/s'");
    let rates = three([&open(30), &open(10), &open(60)]);
    let capped = three(["rate = '3 Mbit/s', ceil = '6 Mbit/s', cburst = '20 kB'", &open(10), &open(60)]);
    for (text, offered, expected) in [
        (&rates, [100.0, 100.0, 0.0], [75.0, 25.0, 0.0]),
        (&rates, [100.0, 100.0, 20.0], [60.0, 20.0, 20.0]),
        (&capped, [100.0, 100.0, 0.0], [60.0, 40.0, 0.0]),
        (&rates, [100.0, 100.0, 100.0], [30.0, 10.0, 60.0]),
    ] {
        let found = shares(text, offered);
        // A quantum of 75 kB is 0.6 % of what is sent.
        let near = found.iter().zip(expected).all(|(f, e): (&f64, f64)| (f - e).abs() <= 0.6);
        assert!(near, "{offered:?}: {found:?} not {expected:?}");
    }
}

#[test]
fn the_rate_is_the_class_s_not_the_flows() {
    // Two flows in the one class, one in the other, equal rates: a half, not a third each.
    let text = "{ kind = 'htb', classes = {
        ab = { rate = '5 Mbit/s', ceil = '10 Mbit/s', match = { class = ['a', 'b'] }, queue = { kind = 'fifo', limit = 'none' } },
        c = { rate = '5 Mbit/s', ceil = '10 Mbit/s', queue = { kind = 'fifo', limit = 'none' } } } }";
    let mut htb = make(text, &ABC, LINK).unwrap();
    let sent = send(htb.as_mut(), &backlog(4000, &[8000; 3]), LINK, us(4e6));
    let bits = bits_of(&sent, 3, us(4e6));
    assert!(bits[0].abs_diff(bits[1]) <= 8000, "{bits:?}");
    // To within a quantum of 62.5 kB.
    assert!(bits[2].abs_diff(20_000_000) <= 500_000 && bits[0] + bits[1] + bits[2] == 40_000_000, "{bits:?}");
}

#[test]
fn shares_are_exact_in_the_long_run() {
    // Quanta of three packets and one: what is lent is 3 to 1 without rest.
    let lend =
        |rate: u32, quantum: u32| format!("rate = '{rate}00 kbit/s', ceil = '10 Mbit/s', quantum = '{quantum} kB'");
    let text = three([&lend(30, 3), &lend(10, 1), &lend(60, 6)]);
    let found = shares(&text, [100.0, 100.0, 0.0]);
    assert!((found[0] - 75.0).abs() < 0.05 && (found[1] - 25.0).abs() < 0.05, "{found:?}");
}

#[test]
fn quanta_below_a_packet_keep_their_proportion() {
    let lend = |quantum: u32| format!("rate = '100 kbit/s', ceil = '10 Mbit/s', quantum = '{quantum} B'");
    let found = shares(&three([&lend(150), &lend(450), &lend(300)]), [100.0, 100.0, 0.0]);
    // 98 % are lent, 1 to 3.
    assert!((found[0] - 25.5).abs() < 0.1 && (found[1] - 74.5).abs() < 0.1, "{found:?}");
}

#[test]
fn lower_prio_borrows_first() {
    let class = |prio: u32| format!("rate = '1 Mbit/s', ceil = '8 Mbit/s', prio = {prio}");
    let found = shares(&three([&class(1), &class(0), &class(2)]), [100.0, 100.0, 100.0]);
    for (f, e) in found.iter().zip([10.0, 80.0, 10.0]) {
        assert!((f - e).abs() < 0.1, "{found:?}");
    }
}

#[test]
fn a_parent_keeps_what_it_lends_in_the_family() {
    // Half belongs to the family of a and b; a is idle: b has the family's half and its share of what c leaves.
    let text = "{ kind = 'htb', classes = {
        family = { rate = '5 Mbit/s', ceil = '10 Mbit/s' },
        a = { parent = 'family', rate = '4 Mbit/s', ceil = '10 Mbit/s', match = { class = 'a' } },
        b = { parent = 'family', rate = '1 Mbit/s', ceil = '10 Mbit/s', match = { class = 'b' } },
        c = { rate = '5 Mbit/s', ceil = '10 Mbit/s' } } }";
    for (offered, expected) in [
        ([0.0, 100.0, 100.0], [0.0, 50.0, 50.0]),
        ([30.0, 100.0, 100.0], [30.0, 20.0, 50.0]),
        ([0.0, 100.0, 20.0], [0.0, 80.0, 20.0]),
        ([0.0, 100.0, 0.0], [0.0, 100.0, 0.0]),
    ] {
        let found = shares(text, offered);
        assert!(found.iter().zip(expected).all(|(f, e): (&f64, f64)| (f - e).abs() < 0.2), "{offered:?}: {found:?}");
    }
}

#[test]
fn packets_go_at_the_very_instant_at_which_they_may() {
    // 1 Mbit/s on a link of 10: 1600 B at once, then 10 000 bit every 10 ms.
    let text = "{ kind = 'htb', classes = { a = { rate = '1 Mbit/s', burst = '1600 B', cburst = '1600 B', queue = { kind = 'fifo', limit = 'none' } } } }";
    let mut htb = make(text, &[("a", 0)], 10_000_000).unwrap();
    let sent = send(htb.as_mut(), &backlog(100, &[10_000]), 10_000_000, us(990_000.0));
    let starts: Vec<u64> = sent.iter().map(|s| s.start.ticks()).collect();
    assert_eq!(starts[..2], [0, 1_000_000_000]);
    // Tokens: 12 800 - 10 000 + 1000 - 10 000 = -6200 at 1 ms.
    let expected: Vec<u64> = (0..98).map(|k| 7_200_000_000 + k * 10_000_000_000).collect();
    assert_eq!(starts[2..], expected);
}

/// A link with room for quanta of 200 kB.
const FAST: u64 = 100_000_000;

/// Packets of three flows in bursts of random length and size, for a second.
fn bursty(rng: &mut Rng) -> Vec<(SimTime, u32, u32)> {
    let flow = |rng: &mut Rng, f| {
        let (mut at, mut all) = (0.0, Vec::new());
        while at < 1e6 {
            for _ in 0..rng.below(60) {
                all.push((us(at), f, 8 * (64 + rng.below(1437) as u32)));
            }
            at += rng.exponential() * 8000.0;
        }
        all
    };
    merged(&(0..3).map(|f| flow(rng, f)).collect::<Vec<_>>())
}

/// The most that flow `f` sent beyond `rate` bit/s over any interval from the start of one packet to that of another,
/// both counted, in bits.
fn excess(sent: &[Sent], f: u32, rate: f64) -> f64 {
    let (mut total, mut least, mut most) = (0.0, f64::INFINITY, 0.0f64);
    for s in sent.iter().filter(|s| s.flow == f) {
        least = least.min(total - rate * s.start.as_secs_f64());
        total += f64::from(s.bits);
        most = most.max(total - rate * s.start.as_secs_f64() - least);
    }
    most
}

/// The least that flow `f` sent less than `rate` bit/s over any interval in which it always had packets, in bits.
fn arrears(sent: &[Sent], f: u32, rate: f64) -> f64 {
    let mut worst = 0.0f64;
    let (mut begun, mut had, mut last) = (0.0, 0.0, 0.0);
    for s in sent.iter().filter(|s| s.flow == f) {
        let (came, end) = (s.came.as_secs_f64(), s.end.as_secs_f64());
        if came > last {
            // It had nothing when this came.
            (begun, had) = (came, 0.0);
        }
        worst = worst.max(rate * (end - begun) - had);
        had += f64::from(s.bits);
        last = end;
    }
    worst
}

#[test]
fn guarantees_and_ceilings_hold_over_every_interval() {
    let text = three([
        "rate = '30 Mbit/s', ceil = '40 Mbit/s', burst = '3 kB', cburst = '2 kB'",
        "rate = '10 Mbit/s', ceil = '100 Mbit/s', burst = '3 kB'",
        "rate = '60 Mbit/s', ceil = '70 Mbit/s', burst = '12 kB', cburst = '15 kB', prio = 3",
    ]);
    let largest = 12_000.0;
    let mut tight = f64::INFINITY;
    for seed in 0..20 {
        let arrivals = bursty(&mut Rng::seed_from_u64(seed));
        let mut htb = make(&text, &ABC, FAST).unwrap();
        let sent = send(htb.as_mut(), &arrivals, FAST, us(2e6));
        assert_eq!(sent.len(), arrivals.len());
        for (f, ceil, cburst) in [(0, 40e6, 16_000.0), (1, 100e6, 12_800.0), (2, 70e6, 120_000.0)] {
            let (over, bound) = (excess(&sent, f, ceil), cburst + largest);
            assert!(over <= bound + 1e-3, "seed {seed}, class {f}: {over} beyond the ceiling");
            if f == 0 {
                tight = tight.min(bound - over);
            }
        }
        // A packet on the wire, and one of the other class that is due as well; the last class also waits for what the
        // others have saved up.
        for (f, rate, bound) in
            [(0, 30e6, 3.0 * largest), (1, 10e6, 3.0 * largest), (2, 60e6, 5.0 * largest + 48_000.0)]
        {
            let behind = arrears(&sent, f, rate);
            assert!(behind <= bound, "seed {seed}, class {f}: {behind} below the guarantee");
        }
    }
    assert!(tight < 8000.0, "the ceiling is not reached: {tight}");
}

#[test]
fn what_is_borrowed_is_signalled() {
    let text = three(["rate = '30 Mbit/s', ceil = '100 Mbit/s'", "rate = '10 Mbit/s'", "rate = '10 Mbit/s'"]);
    let mut htb = make(&text, &ABC, FAST).unwrap();
    assert_eq!(htb.signals(), [BORROWED]);
    let mut effects = Effects::default();
    for _ in 0..20_000 {
        htb.enqueue(&Packet::new(0, 8000, SimTime::ZERO), SimTime::ZERO, &mut effects).unwrap();
    }
    for k in 0..12_500 {
        htb.dequeue(us(f64::from(k) * 80.0), &mut effects).packet().expect("the whole link is its");
    }
    // In a second: all but its rate and its burst, which is that of 4 ms.
    let borrowed: u64 = effects.signals.iter().filter(|s| s.0 == BORROWED).map(|s| s.1).sum();
    assert!(borrowed.abs_diff(70_000_000 - 120_000) <= 8000, "{borrowed}");
}

#[test]
fn mistakes_are_told() {
    let class = |name: &str, rest: &str| format!("{name} = {{ rate = '100 kbit/s', match = {{}}, {rest} }}");
    let text = |classes: &str| format!("{{ kind = 'htb', classes = {{ {classes} }} }}");
    for (classes, codes, hint) in [
        (class("a", "quantum = '0 B'"), vec!["E0375"], "leave it out"),
        (class("a", "ceil = '99 kbit/s'"), vec!["E0376"], ""),
        (class("a", "parent = 'topp'") + ", top = { rate = '1 kbit/s' }", vec!["E0374"], "did you mean `top`?"),
        (
            "a = { parent = 'b', rate = '1 kbit/s' }, b = { parent = 'a', rate = '1 kbit/s' }".into(),
            vec!["E0374"],
            "on top",
        ),
        ("a = { parent = 'a', rate = '1 kbit/s' }".into(), vec!["E0374"], "on top"),
        ("a = { rate = '600 kbit/s' }, b = { rate = '600 kbit/s', match = {} }".into(), vec!["E0376"], "lower"),
        (
            "p = { rate = '1 kbit/s' }, a = { parent = 'p', rate = '2 kbit/s' }".into(),
            vec!["E0376"],
            "`ceil` is what a class may have",
        ),
        ("a = { rate = '0 bit/s' }".into(), vec!["E0376"], "only borrows"),
        ("a = { rate = '1 kbit/s', match = { class = 'a' } }".into(), vec!["E0373"], "default"),
        (
            "p = { rate = '1 kbit/s', match = {} }, a = { parent = 'p', rate = '1 kbit/s' }".into(),
            vec!["E0372"],
            "whose `parent`",
        ),
        (
            "p = { rate = '1 kbit/s', queue = { kind = 'fifo' } }, a = { parent = 'p', rate = '1 kbit/s' }".into(),
            vec!["E0372"],
            "",
        ),
        (String::new(), vec!["E0372"], ""),
        (
            (0..9).fold("a0 = { rate = '1 kbit/s' }".to_owned(), |t, i| {
                format!("{t}, a{} = {{ rate = '1 kbit/s', parent = 'a{i}' }}", i + 1)
            }),
            vec!["E0374"; 3],
            "",
        ),
    ] {
        let found = faults(&text(&classes), &ABC);
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), codes, "{classes}: {found:?}");
        assert!(found[0].help.as_deref().unwrap_or_default().contains(hint), "{classes}: {:?}", found[0].help);
    }
    let small = text(&class("a", "burst = '1 kB'"));
    let warned = warnings(&small, &ABC, 1_000_000);
    assert_eq!(warned.iter().map(|d| d.code).collect::<Vec<_>>(), ["W0371"]);
    let uneven = text(&class("a", "ceil = '1 Mbit/s'").replace("100 kbit/s", "60 kbit/s"));
    let warned = warnings(&uneven, &ABC, 1_000_000);
    assert_eq!(warned.iter().map(|d| d.code).collect::<Vec<_>>(), ["W0372"]);
    assert!(make(&text(&class("a", "")), &ABC, 0).is_err());
}
