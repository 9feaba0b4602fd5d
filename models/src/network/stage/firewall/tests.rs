//! Verdicts by hand, and the audit against an enumeration of all packets.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::super::fixture;
use super::audit::{Fate, fate};
use super::*;
use crate::network::classifier::{FIELDS, Ranges};
use crate::network::label::Label;
use crate::network::traffic::fixture::codes;

/// A flow `protocol source:port > destination:port`; ICMP has no ports.
fn flow(text: &str) -> Label {
    let (protocol, ends) = text.split_once(' ').unwrap();
    let (from, to) = ends.split_once(" > ").unwrap();
    let end = |text: &str| {
        let (address, port) = text.split_once(':').unwrap_or((text, "0"));
        (address.parse::<Ipv4Addr>().unwrap().into(), port.parse().unwrap())
    };
    let ((source, source_port), (destination, destination_port)) = (end(from), end(to));
    let protocol = crate::network::label::protocol_of(protocol).unwrap();
    Label { name: text.into(), source, destination, protocol, source_port, destination_port, ..Label::default() }
}

/// Which rule decides about each packet, and whether it passes.
fn verdicts(text: &str, packets: &[&str]) -> Vec<(String, bool)> {
    let flows: Vec<Label> = packets.iter().map(|p| flow(p)).collect();
    let mut firewall = fixture::gate(text, &flows);
    let names = firewall.verdicts();
    let mut verdict = |f: u32| {
        let mut effects = Effects::default();
        let passed = firewall.judge(&mut Packet::new(f, 8, SimTime::ZERO), SimTime::ZERO, &mut effects);
        let [(signal, 1)] = effects.signals[..] else { panic!("one verdict: {effects:?}") };
        assert!(passed == Ok(()) || passed == Err(signal));
        let verdict = &names[usize::from(signal - OWN)];
        assert!(passed.is_ok() || verdict.drops, "{verdict:?}");
        (verdict.name.clone(), passed.is_ok())
    };
    (0..packets.len() as u32).map(&mut verdict).collect()
}

const OFFICE: &str = "{ kind = 'firewall', default = 'DEFAULT', rules = [
    { name = 'blocked', action = 'drop', match = { destination = '203.0.113.0/28' } },
    { action = 'accept', match = { protocol = 'tcp', source = '10.1.0.0/16', destination_port = ['80', '440-443'] } },
    { name = 'dns', action = 'accept', match = { protocol = 'udp', destination = '192.0.2.53', destination_port = 53 } },
    { name = 'others', action = 'drop', match = { protocol = 'udp', destination = '!192.0.2.0/24', destination_port = [53, 853] } },
    { name = 'ping', action = 'accept', match = { protocol = 'icmp', source = '10.0.0.0/8' } },
    { name = 'low', action = 'drop', match = { source_port = '0-1023' } },
    { name = 'tcp', action = 'accept', match = { protocol = 'tcp', source = '10.2.0.0/15', destination_port = '!25' } },
] }";

#[test]
fn the_first_rule_that_matches_decides() {
    let packets = [
        ("tcp 10.1.2.3:50000 > 198.51.100.10:443", "2", true),
        ("tcp 10.1.2.3:50000 > 198.51.100.10:440", "2", true),
        ("tcp 10.1.2.3:50000 > 198.51.100.10:444", "default", false),
        ("tcp 10.1.2.3:50000 > 203.0.113.15:443", "blocked", false),
        ("tcp 10.1.2.3:50000 > 203.0.113.16:80", "2", true),
        ("udp 10.9.9.9:4000 > 192.0.2.53:53", "dns", true),
        ("udp 10.9.9.9:4000 > 192.0.2.54:53", "default", false),
        ("udp 10.9.9.9:4000 > 192.0.3.53:853", "others", false),
        ("icmp 10.255.255.255 > 1.1.1.1", "ping", true),
        ("icmp 11.0.0.0 > 1.1.1.1", "default", false),
        ("tcp 10.2.0.1:1023 > 5.5.5.5:3306", "low", false),
        ("tcp 10.2.0.1:1024 > 5.5.5.5:3306", "tcp", true),
        ("tcp 10.3.255.255:1024 > 5.5.5.5:25", "default", false),
        ("tcp 10.4.0.0:1024 > 5.5.5.5:26", "default", false),
        ("tcp 0.0.0.0:1 > 255.255.255.255:65535", "low", false),
    ];
    let texts = packets.map(|p| p.0);
    let dropping = verdicts(&OFFICE.replace("DEFAULT", "drop"), &texts);
    let accepting = verdicts(&OFFICE.replace("DEFAULT", "accept"), &texts);
    for ((text, rule, passes), (dropping, accepting)) in packets.iter().zip(dropping.iter().zip(&accepting)) {
        assert_eq!((dropping.0.as_str(), dropping.1), (*rule, *passes), "{text}");
        assert_eq!((accepting.0.as_str(), accepting.1), (*rule, *passes || *rule == "default"), "{text}");
    }
}

#[test]
fn rules_that_no_packet_comes_to_have_no_reason_to_drop() {
    let flows = [flow("udp 10.0.0.1:9 > 192.0.2.1:53")];
    let text = "{ kind = 'firewall', rules = [{ action = 'drop', match = { destination_port = 53 } },
        { action = 'drop', match = { destination_port = 54 } }, { action = 'accept' }] }";
    let firewall = fixture::gate(text, &flows);
    let drops: Vec<bool> = firewall.verdicts().iter().map(|v| v.drops).collect();
    assert_eq!(drops, [true, false, false, false]);
    assert!(!firewall.draws());
}

/// The findings about a list of rules, each its action and its `match`.
fn doubts(rules: &[(&str, &str)]) -> Vec<(String, String)> {
    let rules: Vec<String> = rules.iter().map(|(a, m)| format!("{{ action = '{a}', match = {m} }}")).collect();
    let text = format!("{{ kind = 'firewall', rules = [{}] }}", rules.join(", "));
    let (made, found) = fixture::read(&text, &[]);
    assert!(made.is_ok());
    found.iter().map(|d| (d.message.clone(), d.label.clone())).collect()
}

#[test]
fn rules_that_never_decide_are_told() {
    let one = |rules: &[(&str, &str)]| {
        let found = doubts(rules);
        assert_eq!(found.len(), 1, "{rules:?}: {found:?}");
        format!("{}: {}", found[0].0, found[0].1)
    };
    let net = "{ source = '10.1.2.0/24' }";
    let found = one(&[("drop", "{ source = '10.1.0.0/16' }"), ("accept", net)]);
    assert!(found.contains("rule `2` is shadowed") && found.ends_with("by rule `1` (drop)"), "{found}");
    let found = one(&[("accept", "{}"), ("accept", net)]);
    assert!(found.contains("rule `2` is redundant") && found.ends_with("by rule `1` (accept)"), "{found}");
    // Each half alone leaves the other.
    let halves = [("drop", "{ source = '10.1.2.0/25' }"), ("drop", "{ source = '10.1.2.128/25' }"), ("accept", net)];
    let found = one(&halves);
    assert!(found.contains("rule `3` is shadowed") && found.ends_with("`1` (drop), `2` (drop)"), "{found}");
    let found = one(&[halves[0], ("accept", "{ source = '10.1.2.128/25' }"), halves[2]]);
    assert!(found.contains("rule `3` is partly shadowed and partly redundant"), "{found}");
    // What is excluded is left over, and taken by the next.
    let but = ("drop", "{ source = '!10.1.2.7', protocol = 'tcp' }");
    assert_eq!(doubts(&[but, ("accept", "{ source = '10.1.2.0/24', protocol = 'tcp' }")]), []);
    let found =
        one(&[but, ("drop", "{ source = '10.1.2.7' }"), ("accept", "{ protocol = 'tcp', destination_port = '!25' }")]);
    assert!(found.contains("rule `3` is shadowed"), "{found}");
    // A rule that names all ports leaves protocols without ports.
    let ports = ("drop", "{ destination_port = '0-65535' }");
    assert_eq!(doubts(&[ports, ("accept", "{ protocol = ['icmp', 'tcp'] }")]), []);
    let found = one(&[ports, ("accept", "{ protocol = ['udp', 'tcp'] }")]);
    assert!(found.contains("rule `2` is shadowed"), "{found}");
    let found = one(&[("accept", "{ protocol = 'icmp', destination_port = 80 }")]);
    assert!(found.contains("rule `1` matches no packet"), "{found}");
}

#[test]
fn mistakes_are_told() {
    let refused = |rules: &str| {
        let found = fixture::read(&format!("{{ kind = 'firewall', rules = [{rules}] }}"), &[]).0.unwrap_err();
        codes(&found).into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(refused("{ name = 'default', action = 'drop' }"), ["E0383"]);
    assert_eq!(refused("{ name = '', action = 'drop' }, { name = 'a b', action = 'drop' }"), ["E0383", "E0383"]);
    assert_eq!(refused("{ name = '2', action = 'drop' }, { action = 'accept' }"), ["E0383"]);
    assert_eq!(refused("{ action = 'drop', match = { destination_port = '9-1', source = 'x' } }"), ["E0325", "E0371"]);
    let long = vec!["{ action = 'drop' }"; RULES_MAX + 1].join(", ");
    assert_eq!(refused(&long), ["E0383"]);
}

/// Boxes in three fields of eight values each.
fn regions(rules: &[[(u32, u32); 3]]) -> Vec<[Ranges; FIELDS]> {
    let of = |sides: &[(u32, u32); 3]| {
        let mut region: [Ranges; FIELDS] = std::array::from_fn(|_| Ranges::up_to(0));
        for (field, (a, b)) in region.iter_mut().zip(sides) {
            // From the greater to the less: all but what is between.
            let between = Ranges::union(vec![(*a.min(b), *a.max(b))]);
            *field = if a <= b { between } else { Ranges::up_to(7).without(&between) };
        }
        region
    };
    rules.iter().map(of).collect()
}

proptest! {
    /// The search finds what becomes of each of 512 packets.
    #[test]
    fn the_audit_is_exact(rules in prop::collection::vec([(0u32..8, 0u32..8), (0u32..8, 0u32..8), (0u32..8, 0u32..8)], 1..9)) {
        let regions = regions(&rules);
        let has = |r: &[Ranges; FIELDS], p: u32| (0..3).all(|f| r[f].contains(p >> (3 * f) & 7));
        let deciders: Vec<Option<usize>> = (0..512).map(|p| regions.iter().position(|r| has(r, p))).collect();
        let boxes: Vec<&[Ranges; FIELDS]> = regions.iter().collect();
        for (i, region) in regions.iter().enumerate() {
            let mut by: Vec<usize> = (0..512).filter(|p| has(region, *p)).filter_map(|p| deciders[p as usize]).collect();
            by.sort_unstable();
            by.dedup();
            let expected = if by.is_empty() { Fate::Contradicts } else if by.contains(&i) { Fate::Reached } else { Fate::Taken(by) };
            prop_assert_eq!(fate(&boxes, i, u64::MAX).0, expected);
        }
    }
}

#[test]
fn a_search_ends() {
    // Each of 64 rules takes a column of a cube, and the last rule is the cube.
    let rules: Vec<[(u32, u32); 3]> = (0..8).flat_map(|x| (0..8).map(move |y| [(x, x), (y, y), (0, 7)])).collect();
    let regions = regions(&[rules, vec![[(0, 7); 3]]].concat());
    let boxes: Vec<&[Ranges; FIELDS]> = regions.iter().collect();
    let (found, spent) = fate(&boxes, 64, u64::MAX);
    assert_eq!(found, Fate::Taken((0..64).collect()));
    assert_eq!(fate(&boxes, 64, spent), (found, spent));
    assert_eq!(fate(&boxes, 64, spent - 1), (Fate::Unknown, spent - 1));
}
