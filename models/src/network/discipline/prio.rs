//! Strict priority between bands, non-preemptive, with any discipline in each band.
//!
//! A free server takes the next packet of the first band that has one to give; band 0 is the most urgent. Which band a
//! packet comes to is said by `rules`, first match first, and for packets that match none by the packet's Linux priority,
//! an index of `priomap`. Linux works the priority out of the bits of the old TOS octet (RFC 1349; `ip_tos2prio` in
//! `net/ipv4/route.c`, read in copies of the kernel's table), of which a code point keeps the lower three:
//!
//! | code point mod 8 | 0, 1 | 2, 3 | 4, 5 | 6, 7 |
//! |---|---|---|---|---|
//! | priority | 0 best effort | 2 bulk | 6 interactive | 4 interactive bulk |
//! | band of the default `priomap` | 1 | 2 | 0 | 1 |
//!
//! so that expedited forwarding (EF, 46) comes to band 1, together with best effort, as it does on Linux: a rule
//! `{ match = { dscp = "EF" }, band = 0 }` is what is usually wanted.
//!
//! Parameters: `bands` 3, `priomap` 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1, `queue` FIFO, as `tc-prio(8)`. Validated against:
//! the band of every priority; Cobham 1954 (doi:10.1287/opre.2.1.70), exponential and constant service; Kleinrock's
//! conservation law; a starved class.

use sim_core::SimTime;
use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::rng::Rng;

use super::children::{Child, Children};
use super::classes::Findings;
use super::{Discipline, DisciplineContext, Effects, Largest, MakeDiscipline, Next, Reason, Signal};
use crate::network::Packet;
use crate::network::classifier::{Classifier, MATCH, Rule};
use crate::registry::Kind;

const BAND: Type = Type::Integer { min: 0, max: 15 };
/// The priorities of Linux.
const PRIORITIES: usize = 16;
/// The band of a packet that matches no rule.
const BY_PRIORITY: u8 = u8::MAX;

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "prio",
    doc: "Strict priority between bands, without preemption; the band by rules or by code point, as in Linux; any discipline in each band.",
    fields: &[
        Field::default(
            "bands",
            Type::Integer { min: 1, max: 16 },
            "3",
            "How many bands there are; 0 is the most urgent.",
        ),
        Field::default(
            "priomap",
            Type::List(&BAND),
            "[1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]",
            "The band of each of the 16 priorities of Linux, for packets that match no rule. Code points 0 and 1 mod 8 have priority 0; 2 and 3: 2; 4 and 5: 6; 6 and 7, with EF: 4.",
        ),
        Field::optional(
            "rules",
            Type::List(&Type::Record(&[
                Field::required("match", MATCH, "Which packets."),
                Field::required("band", BAND, "The band that they come to."),
            ])),
            "Which packets come to which band; the first match decides.",
        ),
        Field::default(
            "queue",
            Type::Kind("discipline"),
            "{ kind = \"fifo\" }",
            "Where packets of a band wait: any discipline.",
        ),
        Field::optional(
            "queues",
            Type::List(&Type::Kind("discipline")),
            "A queue for each band instead, band 0 first.",
        ),
    ],
    make: |table, context| Prio::read(table, context).map(|p| Box::new(p) as Box<dyn Discipline>),
};

/// The queues of all bands.
#[derive(Clone, Debug)]
pub struct Prio {
    classifier: Option<Classifier>,
    /// The band of each code point that no rule speaks of.
    band_of: [u8; 64],
    bands: Children,
}

/// The priority that Linux gives a packet for the bits of the former TOS field, of which a code point holds three.
const fn linux_priority(dscp: usize) -> usize {
    const OF_TOS: [usize; 4] = [0, 2, 6, 4];
    OF_TOS[dscp % 8 / 2]
}

impl Prio {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut found = Findings::default();
        let bands = table.integer("bands") as usize;
        let map = read_map(table, bands, &mut found);
        let classifier = read_rules(table, bands, context, &mut found);
        let queues = read_queues(table, bands, context, &mut found);
        let band_of = std::array::from_fn(|dscp| map.get(linux_priority(dscp)).copied().unwrap_or(0));
        found.or_errors(context, || Self { classifier, band_of, bands: Children::new(queues) })
    }
    #[inline]
    fn band(&self, packet: &Packet) -> usize {
        let ruled = self.classifier.as_ref().map_or(BY_PRIORITY.into(), |c| c.class(packet));
        if ruled == BY_PRIORITY as usize { self.band_of[packet.dscp as usize % 64].into() } else { ruled }
    }
}

fn unknown_band(band: i64, bands: usize, value: &sim_core::config::Value) -> Diagnostic {
    let last = bands - 1;
    Diagnostic::error("E0374", value.span, format!("there is no band {band}"), format!("bands are 0 to {last}"))
        .help(format!("name a band from 0 to {last}, or raise `bands`"))
}

fn read_map(table: &Table, bands: usize, found: &mut Findings) -> Vec<u8> {
    let map = table.list("priomap");
    let defaulted = table.get("priomap").is_some_and(|v| v.defaulted);
    if map.len() != PRIORITIES {
        let message = format!("`priomap` has {} bands", map.len());
        found.error(Diagnostic::error("E0374", table.span_of("priomap"), message, "one for each of 16 priorities"));
    }
    let mut band = |value: &sim_core::config::Value| {
        let band = value.as_integer().unwrap_or(0);
        if defaulted {
            // With fewer than three bands, the default's last are one.
            return (band as usize).min(bands - 1) as u8;
        }
        if band as usize >= bands {
            found.error(unknown_band(band, bands, value));
        }
        band as u8
    };
    map.iter().map(&mut band).collect()
}

fn read_rules(
    table: &Table,
    bands: usize,
    context: &DisciplineContext<'_>,
    found: &mut Findings,
) -> Option<Classifier> {
    let mut rules = Vec::new();
    for rule in table.list("rules").iter().filter_map(|v| v.as_table()) {
        let band = rule.integer("band");
        if band as usize >= bands {
            found.error(unknown_band(band, bands, rule.get("band")?));
        }
        rules.extend(found.keep(Rule::read(rule.table("match"), context)).map(|r| (r, band as u8)));
    }
    if rules.is_empty() {
        return None;
    }
    let by_band: Vec<(&Rule, u8)> = rules.iter().map(|(r, band)| (r, *band)).collect();
    let compiled = Classifier::compile(&by_band, BY_PRIORITY, context);
    found.warnings.extend(compiled.idle.iter().map(|idle| idle.warning(rules[idle.rule].0.span)));
    Some(compiled.classifier)
}

fn read_queues(table: &Table, bands: usize, context: &DisciplineContext<'_>, found: &mut Findings) -> Vec<Child> {
    let Some(given) = table.get("queues") else {
        let queue = found.keep(context.make(table.table("queue")));
        return queue.map_or(Vec::new(), |q| (0..bands).map(|_| Child::from(q.boxed_clone())).collect());
    };
    let Data::List(queues) = &given.data else { return Vec::new() };
    if queues.len() != bands {
        let message = format!("{} queues for {bands} bands", queues.len());
        found.error(Diagnostic::error("E0374", given.span, message, "one for each band, band 0 first"));
    }
    if let Some(queue) = table.get("queue").filter(|q| !q.defaulted) {
        let d = Diagnostic::error("E0372", queue.span, "both `queue` and `queues` are given", "one of them");
        found.error(d);
    }
    queues.iter().filter_map(|q| found.keep(context.make(q.as_table()?)).map(Child::from)).collect()
}

impl Discipline for Prio {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.bands.enqueue(self.band(packet), packet, now, effects)
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        let mut soonest = SimTime::NEVER;
        for band in 0..self.bands.count() {
            if self.bands.get(band).is_idle() {
                continue;
            }
            match self.bands.dequeue(band, now, effects) {
                Next::Packet(packet) => return Next::Packet(packet),
                Next::NotBefore(at) => soonest = soonest.min(at),
                Next::Empty => {}
            }
        }
        if soonest == SimTime::NEVER { Next::Empty } else { Next::NotBefore(soonest) }
    }
    fn len(&self) -> usize {
        self.bands.len()
    }
    fn bits(&self) -> u64 {
        self.bands.bits()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.bands.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn start(&mut self, rng: Rng) {
        self.bands.start(rng);
    }
    fn steps_aside(&self) -> bool {
        self.bands.steps_aside()
    }
    fn paced(&self) -> bool {
        self.bands.paced()
    }
    fn used(&self, tell: &mut dyn FnMut(u64)) {
        self.bands.used(tell);
    }
    fn largest(&self, packet: &Packet) -> Option<Largest> {
        self.bands.largest(self.band(packet), packet)
    }
    fn reasons(&self) -> Vec<Reason> {
        self.bands.reasons()
    }
    fn signals(&self) -> Vec<Signal> {
        self.bands.signals()
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{faults, make, send, warnings};
    use super::*;

    fn order(text: &str, dscps: &[u8]) -> Vec<u32> {
        let names: Vec<String> = (0..dscps.len()).map(|i| i.to_string()).collect();
        let classes: Vec<(&str, u8)> = names.iter().map(String::as_str).zip(dscps.iter().copied()).collect();
        let mut prio = make(text, &classes, 1_000_000).unwrap_or_else(|d| panic!("{text}: {d:?}"));
        let mut effects = Effects::default();
        for (flow, &dscp) in dscps.iter().enumerate() {
            let packet = Packet { dscp, ..Packet::new(flow as u32, 8000, SimTime::ZERO) };
            prio.enqueue(&packet, SimTime::ZERO, &mut effects).unwrap();
        }
        assert_eq!((prio.len(), prio.bits()), (dscps.len(), 8000 * dscps.len() as u64));
        std::iter::from_fn(|| prio.dequeue(SimTime::ZERO, &mut effects).packet()).map(|p| p.flow).collect()
    }

    #[test]
    fn priorities_of_the_tos_bits_are_those_of_linux() {
        // ip_tos2prio[(tos & 0x1E) >> 1], tos = 4 dscp.
        const TABLE: [usize; 16] = [0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4];
        for dscp in 0..64 {
            assert_eq!(linux_priority(dscp), TABLE[((dscp << 2) & 0x1E) >> 1], "{dscp}");
        }
    }

    #[test]
    fn bands_go_by_the_map_and_packets_of_a_band_in_order() {
        // Priorities 0, 2, 6, 4 in bands 1, 2, 0, 1; EF has priority 4.
        assert_eq!(order("{ kind = 'prio' }", &[0, 2, 4, 6, 46, 3, 5, 1]), [2, 6, 0, 3, 4, 7, 1, 5]);
        // The map of ns-3's test: priorities 0, 2, 6, 4 in bands 0, 2, 2, 0.
        let map = "[0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]";
        let text = format!("{{ kind = 'prio', bands = 4, priomap = {map} }}");
        assert_eq!(order(&text, &[2, 0, 4, 6, 1]), [1, 3, 4, 0, 2]);
        // With one band nothing is left of it.
        assert_eq!(order("{ kind = 'prio', bands = 1 }", &[2, 4, 0]), [0, 1, 2]);
    }

    #[test]
    fn each_of_sixteen_priorities_has_its_band() {
        use crate::network::discipline::DISCIPLINES;
        use crate::network::traffic::fixture::table;
        let read = |text: &str, bands| read_map(&table(DISCIPLINES, text), bands, &mut Findings::default());
        assert_eq!(read("{ kind = 'prio' }", 3), [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        let ns3 = "{ kind = 'prio', bands = 4, priomap = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3] }";
        assert_eq!(read(ns3, 4), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
        // With a band for each priority, all code points come out in the order of their priorities, and in that of their
        // arrival within one.
        let text = "{ kind = 'prio', bands = 16, priomap = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] }";
        let all: Vec<u8> = (0..64).collect();
        let mut expected: Vec<u32> = (0..64).collect();
        expected.sort_by_key(|dscp| linux_priority(*dscp as usize));
        assert_eq!(order(text, &all), expected);
    }

    #[test]
    fn rules_come_before_the_map() {
        let text =
            "{ kind = 'prio', rules = [{ match = { dscp = 'EF' }, band = 0 }, { match = { flow = 'f0' }, band = 2 }] }";
        // The flow of the first has EF when it comes: the first rule takes it.
        assert_eq!(order(text, &[46, 0, 46, 4]), [0, 2, 3, 1]);
        assert_eq!(order(text, &[0, 0, 46, 4]), [2, 3, 1, 0]);
    }

    #[test]
    fn the_urgent_class_takes_the_whole_link() {
        // High: 1250 B every 1 ms, as much as the link sends; low: every 10 ms, from 0.1 ms on.
        use super::super::wire::{constant, merged, us};
        let text = "{ kind = 'prio', rules = [{ match = { class = 'high' }, band = 0 }] }";
        let mut prio = make(text, &[("high", 0), ("low", 0)], 10_000_000).unwrap();
        let end = us(10e6);
        let high = constant(0, 10_000, us(0.0), us(1000.0), end);
        let low = constant(1, 10_000, us(100.0), us(10_000.0), end);
        let sent = send(prio.as_mut(), &merged(&[high, low]), 10_000_000, us(10e6 - 1.0));
        assert_eq!(sent.iter().filter(|s| s.flow == 0).count(), 10_000);
        assert!(sent.iter().all(|s| s.flow == 0 && s.start == s.came));
        assert_eq!(prio.len(), 1000);
    }

    #[test]
    fn a_band_that_may_not_send_lets_others_go() {
        // Band 0 holds a shaper of a tenth of the link.
        use super::super::wire::{backlog, bits_of, us};
        let text = "{ kind = 'prio', rules = [{ match = { class = 'a' }, band = 0 }, { match = {}, band = 1 }], queues = [
            { kind = 'htb', rate = '1 Mbit/s', classes = { a = { rate = '1 Mbit/s' } } }, { kind = 'fifo', limit = 'none' },
            { kind = 'fifo' }] }";
        let mut prio = make(text, &[("a", 0), ("b", 0)], 10_000_000).unwrap();
        assert!(prio.paced() && !prio.steps_aside() && prio.signals() == [super::super::BORROWED]);
        let sent = send(prio.as_mut(), &backlog(1000, &[8000, 8000]), 10_000_000, us(800_000.0));
        let bits = bits_of(&sent, 2, us(800_000.0));
        assert!(bits[0].abs_diff(800_000) <= 8000 + 12_800 && bits[0] + bits[1] == 8_000_000, "{bits:?}");
    }

    #[test]
    fn mistakes_are_told() {
        for (text, code) in [
            ("{ kind = 'prio', bands = 2, rules = [{ match = { class = 'a' }, band = 2 }] }", "E0374"),
            ("{ kind = 'prio', rules = [{ match = { class = 'x' }, band = 2 }] }", "E0330"),
            ("{ kind = 'prio', priomap = [0, 1] }", "E0374"),
            ("{ kind = 'prio', bands = 2, priomap = [1, 2, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1] }", "E0374"),
            ("{ kind = 'prio', queues = [{ kind = 'fifo' }] }", "E0374"),
            ("{ kind = 'prio', bands = 1, queue = { kind = 'fifo' }, queues = [{ kind = 'fifo' }] }", "E0372"),
            ("{ kind = 'prio', queue = { kind = 'drr', quantum = '0 B' } }", "E0375"),
        ] {
            let codes: Vec<&str> = faults(text, &[("a", 0)]).iter().map(|d| d.code).collect();
            assert_eq!(codes, [code], "{text}");
        }
        let text = "{ kind = 'prio', rules = [{ match = { }, band = 0 }, { match = { class = 'a' }, band = 1 }] }";
        let warned: Vec<&str> = warnings(text, &[("a", 0)], 0).iter().map(|d| d.code).collect();
        assert_eq!(warned, ["W0370"]);
    }
}
