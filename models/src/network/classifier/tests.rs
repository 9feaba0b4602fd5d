//! Conditions by hand, and tables against a plain evaluation of the rules.

use super::rule::CONDITIONS;
use super::*;
use crate::network::label::{Headers, Recorded};
use crate::network::traffic::fixture::{codes, tree};
use crate::registry::registry;
use proptest::prelude::*;
use sim_core::SimTime;
use sim_core::config::{Diagnostics, check_table};

const CLASSES: [&str; 3] = ["voice", "web", "bulk"];

fn flows() -> Vec<Label> {
    let flow = |name: &str, class, dscp, source: u8, port, protocol| Label {
        name: name.to_owned(),
        class,
        source: 10 << 24 | u32::from(source) << 16 | 1,
        destination: 192 << 24 | u32::from(source),
        protocol,
        source_port: 1000 + port,
        destination_port: port,
        dscp,
        ..Label::default()
    };
    vec![
        flow("calls", 0, 46, 1, 5060, 17),
        flow("pages", 1, 0, 2, 443, 6),
        flow("more", 1, 10, 3, 8080, 6),
        flow("copies.a-b", 2, 8, 2, 22, 6),
        flow("copies.b-a", 2, 0, 4, 22, 6),
    ]
}

fn with<T>(f: impl FnOnce(&DisciplineContext<'_>) -> T) -> T {
    let (classes, flows) = (CLASSES.map(str::to_owned), flows());
    let (registry, warnings) = (registry(), std::cell::RefCell::default());
    f(&DisciplineContext {
        classes: &classes,
        flows: &flows,
        rate: None,
        registry: &registry,
        largest: 0,
        warnings: &warnings,
    })
}

fn rule(text: &str) -> Result<Rule, Diagnostics> {
    let mut found = Diagnostics::default();
    let table = check_table(&tree(text), "match", CONDITIONS, &registry(), &mut found);
    assert!(found.is_empty(), "{text}: {found:?}");
    with(|context| Rule::read(&table, context))
}

/// The queue of each flow's packets, as they are sent; rules are numbered, the rest is 9.
fn queues(rules: &[&str]) -> (Vec<usize>, Compiled) {
    let rules: Vec<Rule> = rules.iter().map(|r| rule(r).unwrap_or_else(|d| panic!("{r}: {d:?}"))).collect();
    let numbered: Vec<(&Rule, u8)> = rules.iter().zip(0..).collect();
    let compiled = with(|context| Classifier::compile(&numbered, 9, context));
    let packet = |(f, l): (usize, &Label)| Packet { dscp: l.dscp, ..Packet::new(f as u32, 8, SimTime::ZERO) };
    let queues = flows().iter().enumerate().map(|f| compiled.classifier.class(&packet(f))).collect();
    (queues, compiled)
}

#[test]
fn every_condition_selects_its_flows() {
    for (conditions, expected) in [
        ("{ class = 'voice' }", [0, 9, 9, 9, 9]),
        ("{ class = ['voice', 'bulk'] }", [0, 9, 9, 0, 0]),
        ("{ flow = 'pages' }", [9, 0, 9, 9, 9]),
        ("{ flow = 'copies' }", [9, 9, 9, 0, 0]),
        ("{ flow = ['copies.b-a', 'calls'] }", [0, 9, 9, 9, 0]),
        ("{ dscp = 'EF' }", [0, 9, 9, 9, 9]),
        ("{ dscp = ['AF11', 8] }", [9, 9, 0, 0, 9]),
        ("{ source = '10.2.0.0/16' }", [9, 0, 9, 0, 9]),
        ("{ source = ['10.1.0.1', '10.4.0.0/14'] }", [0, 9, 9, 9, 0]),
        ("{ destination = '192.0.0.2/31' }", [9, 0, 0, 0, 9]),
        ("{ destination_port = [443, '8000-8099'] }", [9, 0, 0, 9, 9]),
        ("{ source_port = '1022' }", [9, 9, 9, 0, 0]),
        ("{ protocol = 'udp' }", [0, 9, 9, 9, 9]),
        ("{ protocol = [6] }", [9, 0, 0, 0, 0]),
        ("{ protocol = 'tcp', source = '10.2.0.0/16', class = 'web' }", [9, 0, 9, 9, 9]),
        ("{}", [0; 5]),
        // `!` excludes; of a list one of the others must hold, if there are any.
        ("{ class = '!voice' }", [9, 0, 0, 0, 0]),
        ("{ flow = ['copies', '!copies.b-a'] }", [9, 9, 9, 0, 9]),
        ("{ dscp = ['!EF', '!8'] }", [9, 0, 0, 9, 0]),
        ("{ source = ['10.0.0.0/14', '!10.2.0.0/16'] }", [0, 9, 0, 9, 9]),
        ("{ destination = ['!192.0.0.1', '! 192.0.0.3'] }", [9, 0, 9, 0, 0]),
        ("{ destination_port = ['!443', '!5000-8100'] }", [9, 9, 9, 0, 0]),
        ("{ protocol = '!tcp' }", [0, 9, 9, 9, 9]),
        ("{ protocol = '!17' }", [9, 0, 0, 0, 0]),
        ("{ protocol = 'any', source = 'any', source_port = 'any', dscp = 'any' }", [0; 5]),
        ("{ destination_port = ['any', '!22'] }", [0, 0, 0, 9, 9]),
        ("{ source = '!any' }", [9; 5]),
    ] {
        assert_eq!(queues(&[conditions]).0, expected, "{conditions}");
    }
}

#[test]
fn a_rule_that_names_a_port_needs_a_protocol_that_has_ports() {
    let mut flows = flows();
    flows[0].protocol = 1;
    flows[3].protocol = 132;
    for (conditions, expected) in [
        ("{ destination_port = '0-65535' }", [false, true, true, true, true]),
        ("{ source_port = '!1' }", [false, true, true, true, true]),
        ("{ source_port = 'any' }", [true; 5]),
        ("{ protocol = 'icmp', destination_port = 'any' }", [true, false, false, false, false]),
        ("{ protocol = 'icmp', destination_port = 5060 }", [false; 5]),
    ] {
        let rule = rule(conditions).unwrap();
        let found: Vec<bool> = flows.iter().enumerate().map(|(f, l)| rule.takes(f, &l.headers())).collect();
        assert_eq!(found, expected, "{conditions}");
    }
}

#[test]
fn bits_beyond_the_length_of_a_block_do_not_count_and_are_told() {
    let found = with(|context| {
        let mut found = Diagnostics::default();
        let text = "{ source = ['10.2.3.4/16', '!10.2.9.0/24'] }";
        let table = check_table(&tree(text), "match", CONDITIONS, &registry(), &mut found);
        let rule = Rule::read(&table, context).unwrap();
        let takes: Vec<bool> = context.flows.iter().enumerate().map(|(f, l)| rule.takes(f, &l.headers())).collect();
        (takes, context.warnings.borrow().clone())
    });
    assert_eq!(found.0, [false, true, false, true, false]);
    assert_eq!(codes(&found.1), ["W0325"]);
    assert!(found.1.iter().next().unwrap().label.contains("10.2.0.0/16"));
}

#[test]
fn the_first_match_wins_and_what_never_matches_is_noticed() {
    let (found, compiled) = queues(&[
        "{ protocol = 'tcp' }",
        "{ class = 'web' }",
        "{ class = 'voice', protocol = 'tcp' }",
        "{ dscp = 'EF' }",
    ]);
    assert_eq!(found, [3, 0, 0, 0, 0]);
    let idle = |rule, shadowed| Idle { rule, shadowed };
    assert_eq!(compiled.idle, [idle(1, true), idle(2, false)]);
    assert_eq!(compiled.unmatched, [0usize; 0]);
    assert_eq!(queues(&["{ class = 'web' }"]).1.unmatched, [0, 3, 4]);
}

#[test]
fn code_points_are_read_from_the_packet() {
    let (_, compiled) = queues(&["{ dscp = ['EF', 'AF41'] }", "{ class = 'bulk' }"]);
    let queue = |flow, dscp| compiled.classifier.class(&Packet { dscp, ..Packet::new(flow, 8, SimTime::ZERO) });
    assert_eq!([queue(1, 46), queue(1, 0), queue(3, 34), queue(3, 35), queue(0, 0)], [0, 9, 0, 1, 9]);
    assert!(matches!(queues(&["{ class = 'web' }"]).1.classifier, Classifier::ByFlow(_)));
}

#[test]
fn conversations_of_a_recording_have_headers_of_their_own() {
    let told = |source: u32, port: u16| {
        Some(Headers { source, destination: 9, protocol: 17, source_port: 5, destination_port: port })
    };
    let recorded =
        Recorded { conversations: vec![told(10 << 24, 53), None, told(11 << 24, 443)], codes: 1 | 1 << 46, ipv6: 0 };
    let mut flows = flows();
    flows[1].recorded = Some(recorded.into());
    let classes = CLASSES.map(str::to_owned);
    let (registry, warnings) = (registry(), std::cell::RefCell::default());
    let context = DisciplineContext {
        classes: &classes,
        flows: &flows,
        rate: None,
        registry: &registry,
        largest: 0,
        warnings: &warnings,
    };
    let compile = |texts: &[&str]| {
        let rules: Vec<Rule> = texts.iter().map(|text| rule(text).unwrap()).collect();
        let numbered: Vec<(&Rule, u8)> = rules.iter().zip(0..).collect();
        Classifier::compile(&numbered, 9, &context)
    };
    let class = |compiled: &Compiled, flow, conversation, dscp| {
        compiled.classifier.class(&Packet { conversation, dscp, ..Packet::new(flow, 8, SimTime::ZERO) })
    };
    let compiled =
        compile(&["{ destination_port = 53, dscp = 'EF' }", "{ source = '11.0.0.0/8' }", "{ flow = 'pages' }"]);
    // The second conversation has the headers of the flow; others than the recorded ones do not come.
    let found = [(1, 0, 46), (1, 0, 0), (1, 1, 46), (1, 2, 0), (0, 7, 0), (4, 0, 46)];
    assert_eq!(found.map(|(f, c, d)| class(&compiled, f, c, d)), [0, 2, 2, 1, 9, 9]);
    assert_eq!((compiled.idle.len(), compiled.unmatched), (0, vec![0, 2, 3, 4]));
    // Code points that packets have and that no rule takes; rules that ask for no headers need no further rows.
    let compiled = compile(&["{ dscp = 0 }", "{ class = ['voice', 'bulk'] }"]);
    assert_eq!(compiled.unmatched, [1, 2]);
    assert!(matches!(compiled.classifier, Classifier::ByCodePoint(_)));
}

#[test]
fn mistakes_are_told() {
    for (conditions, code, hint) in [
        ("{ class = 'vioce' }", "E0330", "did you mean `voice`?"),
        ("{ class = 'x' }", "E0330", "voice, web, bulk"),
        ("{ flow = 'copies.a' }", "E0370", "did you mean `copies.a-b`?"),
        ("{ flow = 'x' }", "E0370", "calls, pages"),
        ("{ dscp = 'AF44' }", "E0337", "AF43"),
        ("{ source = '10.0.0.1/33' }", "E0325", "10.20.0.0/22"),
        ("{ destination = 'there' }", "E0325", "10.20.0.0/22"),
        ("{ source_port = '99-1' }", "E0371", "1024-65535"),
        ("{ destination_port = [80, '70000'] }", "E0371", "1024-65535"),
        ("{ protocol = 'sctp' }", "E0337", "IANA"),
        ("{ protocol = '!256' }", "E0337", "IANA"),
        ("{ class = '!vioce' }", "E0330", "did you mean `voice`?"),
        ("{ source_port = '!99-1' }", "E0371", "1024-65535"),
        ("{ destination_port = '1-2-3' }", "E0371", "1024-65535"),
        ("{ source = '!' }", "E0325", "10.20.0.0/22"),
    ] {
        let found = rule(conditions).unwrap_err();
        assert_eq!(codes(&found), [code], "{conditions}");
        let help = found.iter().next().and_then(|d| d.help.clone()).unwrap_or_default();
        assert!(help.contains(hint), "{conditions}: {help}");
    }
    assert_eq!(codes(&rule("{ class = ['x', 'y'], dscp = 'z' }").unwrap_err()), ["E0330", "E0330", "E0337"]);
}

proptest! {
    /// The table says what the rules say, for every flow and code point.
    #[test]
    fn tables_agree_with_the_rules(picks in prop::collection::vec((0usize..8, 0usize..6), 0..6)) {
        const PARTS: [&str; 8] = ["class = 'web'", "class = ['web', 'bulk']", "flow = 'copies'", "protocol = 'udp'",
            "source = '10.2.0.0/15'", "destination_port = '80-9000'", "source_port = 6060", ""];
        const CODES: [&str; 6] = ["", "", "dscp = 'EF'", "dscp = [0, 'EF', 'AF11']", "dscp = 'CS1'", "dscp = 63"];
        let texts: Vec<String> = picks.iter().map(|&(p, c)| {
            let both = [PARTS[p], CODES[c]];
            format!("{{ {} }}", both.iter().filter(|t| !t.is_empty()).copied().collect::<Vec<_>>().join(", "))
        }).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (_, compiled) = queues(&texts);
        let rules: Vec<Rule> = texts.iter().map(|t| rule(t).unwrap()).collect();
        for (f, label) in flows().iter().enumerate() {
            for dscp in 0..64 {
                let first = rules.iter().position(|r| r.takes(f, &label.headers()) && r.dscp >> dscp & 1 == 1).unwrap_or(9);
                let packet = Packet { dscp, ..Packet::new(f as u32, 8, SimTime::ZERO) };
                prop_assert_eq!(compiled.classifier.class(&packet), first);
            }
        }
    }
}
