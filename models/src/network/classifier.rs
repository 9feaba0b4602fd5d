//! Classifiers: which queue of a classful discipline a packet belongs to.
//!
//! A rule is a table of conditions that must all hold, each a value or a list of which one must hold:
//!
//! ```toml
//! match = { class = "voice", dscp = "EF", source = "10.0.0.0/8", destination_port = [80, 443, "8000-8099"] }
//! ```
//!
//! The first rule that matches wins, as in a list of packet filters. What a packet's headers say is fixed for its flow
//! ([`Label`]), but for its code point, which a marker on the way may change (RFC 2475 section 2.3.3). So rules are not
//! evaluated for packets: all are worked out at load into a table by flow, or by flow and code point where a rule asks for
//! the code point, and a packet costs one look-up. Conditions on headers look at a flow's first conversation; of a recording, at
//! each, with a row for each.
//!
//! Validated against: a plain evaluation of the rules for every flow and code point.

use std::sync::Arc;

use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Span, Table, Type, Value, did_you_mean};

use super::address::Prefix;
use super::discipline::DisciplineContext;
use super::label::{Headers, Label, dscp_of, protocol_of};
use super::packet::Packet;

/// Code points.
const CODE_POINTS: usize = 64;

/// More queues than this in one discipline with rules are refused.
pub const CLASSES_MAX: usize = 255;

const NAMES: Type = Type::OneOf(&[Type::Text, Type::List(&Type::Text)]);
const CODE: Type = Type::OneOf(&[Type::Integer { min: 0, max: 63 }, Type::Text]);
const PORTS: Type = Type::OneOf(&[Type::Integer { min: 0, max: 65_535 }, Type::Text]);
const PROTOCOL: Type = Type::OneOf(&[Type::Integer { min: 0, max: 255 }, Type::Text]);

/// The keys of a rule.
const CONDITIONS: &[Field] = &[
    Field::optional("class", NAMES, "The class of the traffic, or a list of classes."),
    Field::optional(
        "flow",
        NAMES,
        "The flow: the NAME of a `[traffic.NAME]`, which for a matrix is all its flows, or the name of one of those.",
    ),
    Field::optional(
        "dscp",
        Type::OneOf(&[CODE, Type::List(&CODE)]),
        "The packet's code point when it comes here: a number, a name (\"EF\", \"AF41\", \"CS1\", \"BE\") or a list.",
    ),
    Field::optional("source", NAMES, "The block of addresses that it is from, \"10.0.0.0/8\", or a list of blocks."),
    Field::optional("destination", NAMES, "The block of addresses that it goes to, or a list of blocks."),
    Field::optional(
        "source_port",
        Type::OneOf(&[PORTS, Type::List(&PORTS)]),
        "The source port: a number, a range \"1024-65535\" or a list of these.",
    ),
    Field::optional(
        "destination_port",
        Type::OneOf(&[PORTS, Type::List(&PORTS)]),
        "The destination port: a number, a range or a list of these.",
    ),
    Field::optional(
        "protocol",
        Type::OneOf(&[PROTOCOL, Type::List(&PROTOCOL)]),
        "The protocol: \"udp\", \"tcp\", \"icmp\", an IANA number or a list.",
    ),
];

/// The type of a rule.
pub const MATCH: Type = Type::Record(CONDITIONS);

/// The conditions of a rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Where it stands.
    pub span: Span,
    classes: Option<Vec<u8>>,
    flows: Option<Vec<String>>,
    /// One bit a code point.
    dscp: u64,
    source: Option<Vec<Prefix>>,
    destination: Option<Vec<Prefix>>,
    source_port: Option<Vec<(u16, u16)>>,
    destination_port: Option<Vec<(u16, u16)>>,
    protocol: Option<Vec<u8>>,
}

/// The values of a condition: of a list, each.
fn values<'a>(table: &'a Table, key: &str) -> Option<&'a [Value]> {
    let value = table.get(key)?;
    Some(if let Data::List(list) = &value.data { list } else { std::slice::from_ref(value) })
}

impl Rule {
    /// Reads a checked table of conditions.
    ///
    /// Fails with everything that is wrong with them.
    pub fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut reader = Reader { table, found: Diagnostics::default() };
        let rule = Self {
            span: table.span,
            classes: reader.each("class", |v| class(v, context)),
            flows: reader.each("flow", |v| flow(v, context)),
            dscp: reader.each("dscp", code_point).map_or(u64::MAX, |c| c.iter().fold(0, |m, &c| m | 1 << c)),
            source: reader.each("source", prefix),
            destination: reader.each("destination", prefix),
            source_port: reader.each("source_port", ports),
            destination_port: reader.each("destination_port", ports),
            protocol: reader.each("protocol", protocol),
        };
        if reader.found.has_errors() { Err(reader.found) } else { Ok(rule) }
    }

    /// Whether packets of a flow match, for those code points that the rule asks for.
    fn takes(&self, label: &Label, headers: &Headers) -> bool {
        fn one<T>(wanted: Option<&Vec<T>>, holds: impl Fn(&T) -> bool) -> bool {
            wanted.is_none_or(|list| list.iter().any(holds))
        }
        one(self.classes.as_ref(), |c| *c == label.class)
            && one(self.flows.as_ref(), |f| is_of(&label.name, f))
            && one(self.source.as_ref(), |p| p.contains(headers.source))
            && one(self.destination.as_ref(), |p| p.contains(headers.destination))
            && one(self.source_port.as_ref(), |r| (r.0..=r.1).contains(&headers.source_port))
            && one(self.destination_port.as_ref(), |r| (r.0..=r.1).contains(&headers.destination_port))
            && one(self.protocol.as_ref(), |p| *p == headers.protocol)
    }
    /// Whether it depends on addresses, protocol or ports.
    fn reads_headers(&self) -> bool {
        let addresses = self.source.is_some() || self.destination.is_some();
        addresses || self.protocol.is_some() || self.source_port.is_some() || self.destination_port.is_some()
    }
}

/// Whether a flow is called `name`, or is one of a matrix of this name.
fn is_of(flow: &str, name: &str) -> bool {
    flow.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

struct Reader<'a> {
    table: &'a Table,
    found: Diagnostics,
}

impl Reader<'_> {
    fn each<T>(&mut self, key: &str, read: impl Fn(&Value) -> Result<T, Diagnostic>) -> Option<Vec<T>> {
        let results = values(self.table, key)?.iter().map(read);
        Some(results.filter_map(|r| r.map_err(|d| self.found.push(d)).ok()).collect())
    }
}

fn class(value: &Value, context: &DisciplineContext<'_>) -> Result<u8, Diagnostic> {
    let name = value.as_text().unwrap_or_default();
    context.classes.iter().position(|c| c == name).map(|i| i as u8).ok_or_else(|| {
        let help = did_you_mean(name, context.classes.iter().map(String::as_str))
            .unwrap_or_else(|| format!("the classes of this scenario's traffic are {}", context.classes.join(", ")));
        Diagnostic::error("E0330", value.span, format!("no traffic has the class `{name}`"), "unknown class").help(help)
    })
}

fn flow(value: &Value, context: &DisciplineContext<'_>) -> Result<String, Diagnostic> {
    let name = value.as_text().unwrap_or_default();
    if context.flows.iter().any(|l| is_of(&l.name, name)) {
        return Ok(name.to_owned());
    }
    let names = || context.flows.iter().map(|l| l.name.as_str());
    let help = did_you_mean(name, names()).unwrap_or_else(|| {
        let some: Vec<&str> = names().take(8).collect();
        format!("the flows are {}{}", some.join(", "), if context.flows.len() > some.len() { ", ..." } else { "" })
    });
    Err(Diagnostic::error("E0370", value.span, format!("there is no flow `{name}`"), "unknown flow").help(help))
}

fn code_point(value: &Value) -> Result<u8, Diagnostic> {
    let name = value.as_text().unwrap_or_default();
    value.as_integer().map(|n| n as u8).or_else(|| dscp_of(name)).ok_or_else(|| {
        Diagnostic::error("E0337", value.span, format!("there is no code point `{name}`"), "unknown code point")
            .help("names are EF, VA, LE, BE (or CS0), CS1 to CS7 and AF11 to AF43; a number is from 0 to 63")
    })
}

fn protocol(value: &Value) -> Result<u8, Diagnostic> {
    let name = value.as_text().unwrap_or_default();
    value.as_integer().map(|n| n as u8).or_else(|| protocol_of(name)).ok_or_else(|| {
        Diagnostic::error("E0337", value.span, format!("there is no protocol `{name}`"), "unknown protocol")
            .help("\"udp\", \"tcp\", \"icmp\" or an IANA protocol number from 0 to 255")
    })
}

fn prefix(value: &Value) -> Result<Prefix, Diagnostic> {
    Prefix::parse(value.as_text().unwrap_or_default()).map_err(|message| {
        Diagnostic::error("E0325", value.span, message, "not a block of addresses").help("for example \"10.20.0.0/22\"")
    })
}

fn ports(value: &Value) -> Result<(u16, u16), Diagnostic> {
    if let Some(n) = value.as_integer() {
        return Ok((n as u16, n as u16));
    }
    let text = value.as_text().unwrap_or_default();
    let ends = text.split_once('-').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    let single = || text.trim().parse().ok().map(|n: u16| (n, n));
    ends.or_else(single).filter(|(low, high)| low <= high).ok_or_else(|| {
        let message = format!("`{text}` is not a port or a range of ports");
        Diagnostic::error("E0371", value.span, message, "ports are from 0 to 65535, the lower one first")
            .help("for example 443, or \"1024-65535\"")
    })
}

/// From packets to indices of queues.
#[derive(Clone, Debug)]
pub enum Classifier {
    /// A queue for each flow.
    Flow,
    /// A queue for each class of traffic.
    Class,
    /// By flow.
    ByFlow(Arc<[u8]>),
    /// By flow and code point.
    ByCodePoint(Arc<[u8]>),
    /// By conversation of recordings, and otherwise by flow.
    ByConversation(Arc<ByConversation>),
}

/// A table of rows for flows, several for a recording.
#[derive(Debug)]
pub struct ByConversation {
    /// The first row of each flow, and how many there are.
    first: Vec<u32>,
    /// Places in a row: one, or one for each code point.
    width: usize,
    table: Vec<u8>,
}

impl ByConversation {
    #[inline]
    fn class(&self, packet: &Packet) -> usize {
        let flow = packet.flow as usize;
        let (first, next) = (self.first[flow], self.first[flow + 1]);
        let row = first + packet.conversation.min(next - first - 1);
        self.table[row as usize * self.width + packet.dscp as usize % self.width] as usize
    }
}

/// A classifier, and what was noticed when it was made.
#[derive(Debug)]
pub struct Compiled {
    /// The classifier.
    pub classifier: Classifier,
    /// Rules that no packet can match: they fit no flow, or rules before them take all.
    pub idle: Vec<Idle>,
    /// Flows whose packets, as they are sent, match no rule.
    pub unmatched: Vec<usize>,
}

/// A rule that no packet can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Its index.
    pub rule: usize,
    /// Whether it fits packets at all, which earlier rules take.
    pub shadowed: bool,
}

impl Idle {
    /// The finding at `span`.
    pub fn warning(self, span: Span) -> Diagnostic {
        let (label, help) = if self.shadowed {
            ("rules before it take all that it fits", "the first match wins: move it up, or leave it out")
        } else {
            ("it fits no flow of this scenario", "all its conditions must hold at once")
        };
        Diagnostic::warning("W0370", span, "this rule never matches", label).help(help)
    }
}

impl Classifier {
    /// Works out `rules`, each with the index of its queue; packets that match none go to `rest`.
    pub fn compile(rules: &[(&Rule, u8)], rest: u8, context: &DisciplineContext<'_>) -> Compiled {
        let wide = rules.iter().any(|(r, _)| r.dscp != u64::MAX);
        let width = if wide { CODE_POINTS } else { 1 };
        let headed = rules.iter().any(|(r, _)| r.reads_headers());
        let (mut table, mut first) = (Vec::new(), vec![0]);
        let (mut fits, mut used) = (vec![false; rules.len()], vec![false; rules.len()]);
        let mut unmatched = Vec::new();
        for (f, label) in context.flows.iter().enumerate() {
            let recorded = label.recorded.as_ref().filter(|_| headed);
            for headers in recorded.map_or(&[None][..], |r| &r.conversations) {
                let headers = headers.unwrap_or_else(|| label.headers());
                let mut free = u64::MAX;
                table.resize(table.len() + width, rest);
                let row = table.len() - width;
                for (r, (rule, queue)) in rules.iter().enumerate().filter(|(_, (rule, _))| rule.takes(label, &headers))
                {
                    let taken = free & rule.dscp;
                    fits[r] = true;
                    used[r] |= taken != 0;
                    free &= !taken;
                    for (_, place) in (0..).zip(&mut table[row..]).filter(|(code, _)| taken >> code & 1 == 1) {
                        *place = *queue;
                    }
                }
                if free & label.codes() != 0 && unmatched.last() != Some(&f) {
                    unmatched.push(f);
                }
            }
            first.push((table.len() / width) as u32);
        }
        let idle = (0..rules.len()).filter(|&r| !used[r]).map(|rule| Idle { rule, shadowed: fits[rule] }).collect();
        let classifier = if table.len() > width * context.flows.len() {
            Self::ByConversation(ByConversation { first, width, table }.into())
        } else if wide {
            Self::ByCodePoint(table.into())
        } else {
            Self::ByFlow(table.into())
        };
        Compiled { classifier, idle, unmatched }
    }

    /// The index of the packet's queue.
    #[inline]
    pub fn class(&self, packet: &Packet) -> usize {
        match self {
            Self::Flow => packet.flow as usize,
            Self::Class => packet.class as usize,
            Self::ByFlow(table) => table[packet.flow as usize] as usize,
            Self::ByCodePoint(table) => {
                table[packet.flow as usize * CODE_POINTS + packet.dscp as usize % CODE_POINTS] as usize
            }
            Self::ByConversation(rows) => rows.class(packet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::label::Recorded;
    use crate::network::traffic::fixture::{codes, tree};
    use crate::registry::registry;
    use proptest::prelude::*;
    use sim_core::SimTime;
    use sim_core::config::check_table;

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
            ecn: false,
            recorded: None,
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
        ] {
            assert_eq!(queues(&[conditions]).0, expected, "{conditions}");
        }
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
        let recorded = Recorded {
            conversations: vec![told(10 << 24, 53), None, told(11 << 24, 443)],
            codes: 1 | 1 << 46,
            ipv6: 0,
        };
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
            ("{ source = '10.0.0.1/8' }", "E0325", "10.20.0.0/22"),
            ("{ destination = 'there' }", "E0325", "10.20.0.0/22"),
            ("{ source_port = '99-1' }", "E0371", "1024-65535"),
            ("{ destination_port = [80, '70000'] }", "E0371", "1024-65535"),
            ("{ protocol = 'sctp' }", "E0337", "IANA"),
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
                    let first = rules.iter().position(|r| r.takes(label, &label.headers()) && r.dscp >> dscp & 1 == 1).unwrap_or(9);
                    let packet = Packet { dscp, ..Packet::new(f as u32, 8, SimTime::ZERO) };
                    prop_assert_eq!(compiled.classifier.class(&packet), first);
                }
            }
        }
    }
}
