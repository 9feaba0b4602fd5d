//! Classifiers: which queue of a classful discipline, or which rule of a filter, a packet belongs to.
//!
//! A rule is a table of conditions that must all hold, each a value or a list of values:
//!
//! ```toml
//! match = { class = "voice", dscp = "EF", source = "10.0.0.0/8", destination_port = [80, 443, "8000-8099"] }
//! match = { source = ["10.0.0.0/8", "!10.9.0.0/16"], protocol = "tcp", destination_port = "!25" }
//! ```
//!
//! `!` before a value excludes it, as in nft and iptables. Of a list one of the values without `!` must hold, if there are
//! any, and none of those with it. Of headers "any" is what is asked for without the key. A rule that names a port
//! never matches a protocol that has no ports.
//!
//! The first rule that matches wins, as in a list of packet filters. What a packet's headers say is fixed for its flow
//! ([`Label`]), but for its code point, which a marker on the way may change (RFC 2475 section 2.3.3). So rules are not
//! evaluated for packets: all are worked out at load into a table by flow, or by flow and code point where a rule asks for
//! the code point, and a packet costs one look-up. Conditions on headers look at a flow's first conversation; of a recording, at
//! each, with a row for each.
//!
//! Validated against: a plain evaluation of the rules for every flow and code point.

mod ranges;
mod rule;

use std::sync::Arc;

use sim_core::config::{Diagnostic, Span};

use super::discipline::DisciplineContext;
use super::label::Label;
use super::packet::Packet;

pub(in crate::network) use ranges::Ranges;
pub(in crate::network) use rule::FIELDS;
pub(in crate::network) use rule::addresses;
pub use rule::{MATCH, Rule};

/// Code points.
const CODE_POINTS: usize = 64;

/// More queues than this in one discipline with rules are refused.
pub const CLASSES_MAX: usize = 255;

/// From packets to indices of queues, or of rules where there may be more of them.
#[derive(Clone, Debug)]
pub enum Classifier<Q = u8> {
    /// A queue for each flow.
    Flow,
    /// A queue for each class of traffic.
    Class,
    /// By flow.
    ByFlow(Arc<[Q]>),
    /// By flow and code point.
    ByCodePoint(Arc<[Q]>),
    /// By conversation of recordings, and otherwise by flow.
    ByConversation(Arc<ByConversation<Q>>),
}

/// A table of rows for flows, several for a recording.
#[derive(Debug)]
pub struct ByConversation<Q> {
    /// The first row of each flow, and how many there are.
    first: Vec<u32>,
    /// Places in a row: one, or one for each code point.
    width: usize,
    table: Vec<Q>,
}

impl<Q: Copy + Into<usize>> ByConversation<Q> {
    #[inline]
    fn class(&self, packet: &Packet) -> usize {
        let flow = packet.flow as usize;
        let (first, next) = (self.first[flow], self.first[flow + 1]);
        let row = first + packet.conversation.min(next - first - 1);
        self.table[row as usize * self.width + packet.dscp as usize % self.width].into()
    }
}

/// A classifier, and what was noticed when it was made.
#[derive(Debug)]
pub struct Compiled<Q = u8> {
    /// The classifier.
    pub classifier: Classifier<Q>,
    /// Rules that no packet can match: they fit no flow, or rules before them take all.
    pub idle: Vec<Idle>,
    /// Flows whose packets, as they are sent, match no rule.
    pub unmatched: Vec<usize>,
    /// Whether there are packets, with whatever code points, that match no rule.
    pub leaves_some: bool,
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

impl<Q: Copy + Into<usize>> Classifier<Q> {
    /// Works out `rules`, each with the index of its queue; packets that match none go to `rest`.
    pub fn compile(rules: &[(&Rule, Q)], rest: Q, context: &DisciplineContext<'_>) -> Compiled<Q> {
        let wide = rules.iter().any(|(r, _)| r.dscp != u64::MAX);
        let width = if wide { CODE_POINTS } else { 1 };
        let headed = rules.iter().any(|(r, _)| r.reads_headers());
        let (mut table, mut first) = (Vec::new(), vec![0]);
        let (mut fits, mut used) = (vec![false; rules.len()], vec![false; rules.len()]);
        let (mut unmatched, mut leaves_some) = (Vec::new(), false);
        for (f, label) in context.flows.iter().enumerate() {
            let recorded = label.recorded.as_ref().filter(|_| headed);
            for headers in recorded.map_or(&[None][..], |r| &r.conversations) {
                let headers = headers.unwrap_or_else(|| label.headers());
                let mut free = u64::MAX;
                table.resize(table.len() + width, rest);
                let row = table.len() - width;
                for (r, (rule, queue)) in rules.iter().enumerate().filter(|(_, (rule, _))| rule.takes(f, &headers)) {
                    let taken = free & rule.dscp;
                    fits[r] = true;
                    used[r] |= taken != 0;
                    free &= !taken;
                    for (_, place) in (0..).zip(&mut table[row..]).filter(|(code, _)| taken >> code & 1 == 1) {
                        *place = *queue;
                    }
                }
                leaves_some |= free != 0;
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
        Compiled { classifier, idle, unmatched, leaves_some }
    }

    /// The index of the packet's queue.
    #[inline]
    pub fn class(&self, packet: &Packet) -> usize {
        match self {
            Self::Flow => packet.flow as usize,
            Self::Class => packet.class as usize,
            Self::ByFlow(table) => table[packet.flow as usize].into(),
            Self::ByCodePoint(table) => {
                table[packet.flow as usize * CODE_POINTS + packet.dscp as usize % CODE_POINTS].into()
            }
            Self::ByConversation(rows) => rows.class(packet),
        }
    }
}

#[cfg(test)]
mod tests;
