//! A firewall: an ordered list of rules, of which the first that a packet matches decides, and a default for the rest.
//!
//! That is how chains of nft and iptables and access lists of routers decide. The default is to drop, as NIST SP 800-41
//! (rev. 1, section 4.2) has it. Rules ask for headers, class, flow and code point as classifiers do
//! ([`classifier`](crate::network::classifier)); a packet costs one look-up, however many rules there are. The filter
//! knows packets, not connections: what comes back needs a rule of its own.
//!
//! When it is made, rules that can never decide a packet are told ([`audit`]). Each rule counts the packets that it decides.
//!
//! Validated against: verdicts of a list of rules worked out by hand, a plain evaluation for every flow, and for the audit
//! an enumeration of all packets of a small space.

mod audit;

use std::sync::Arc;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};

use super::{MakeStage, StageSpec};
use crate::network::classifier::{Classifier, MATCH, Rule};
use crate::network::discipline::{DisciplineContext, Effects, OWN, Reason};
use crate::network::gate::{Gate, Verdict};
use crate::network::packet::Packet;
use crate::registry::Kind;

/// Longer lists are refused.
const RULES_MAX: usize = 10_000;
/// What the verdict of the packets is called that match no rule.
const DEFAULT: &str = "default";

const ACTION: Type = Type::Choice(&["accept", "drop"]);

pub(super) const KIND: Kind<MakeStage> = Kind {
    name: "firewall",
    doc: "An ordered list of rules: the first that a packet matches accepts or drops it. Counts the packets \
          that each decides. It knows packets, not connections: what comes back needs a rule. Rules that can never decide a packet \
          are told by `egress check`.",
    fields: &[
        Field::required(
            "rules",
            Type::List(&Type::Record(&[
                Field::optional(
                    "name",
                    Type::Text,
                    "What it is called in results: letters, digits, `-` and `_`. Without it, its number in the list, from 1.",
                ),
                Field::required("action", ACTION, "What becomes of packets that it decides: \"accept\" or \"drop\"."),
                Field::optional("match", MATCH, "Which packets match it; without it, all."),
            ])),
            "The rules, in the order in which they are tried.",
        ),
        Field::default("default", ACTION, "\"drop\"", "What becomes of packets that match no rule."),
    ],
    make: read,
};

/// A rule as the scenario has it.
struct Entry {
    name: String,
    accepts: bool,
    rule: Rule,
}

fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics> {
    let list = table.list("rules");
    if list.len() > RULES_MAX {
        let message = format!("{} rules", list.len());
        return Err(Diagnostic::error("E0383", table.span_of("rules"), message, format!("at most {RULES_MAX}")).into());
    }
    let mut found = Diagnostics::default();
    let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
    for (i, table) in list.iter().filter_map(|v| v.as_table()).enumerate() {
        let name = name(table, i, &entries).map_err(|d| found.push(d));
        let rule = match table.opt_table("match") {
            Some(conditions) => Rule::read(conditions, context).map_err(|d| found.extend(d)),
            None => Ok(Rule::all(table.span, context)),
        };
        if let (Ok(name), Ok(rule)) = (name, rule) {
            entries.push(Entry { name, accepts: accepts(table, "action"), rule });
        }
    }
    if found.has_errors() {
        return Err(found);
    }
    for d in audit::audit(&entries) {
        context.warn(d);
    }
    Ok(StageSpec::Gate(Box::new(Firewall::new(&entries, accepts(table, "default"), context))))
}

fn accepts(table: &Table, key: &str) -> bool {
    table.text(key) == "accept"
}

/// What rule number `i` is called.
fn name(table: &Table, i: usize, before: &[Entry]) -> Result<String, Diagnostic> {
    let name = table.opt_text("name").map_or_else(|| (i + 1).to_string(), str::to_owned);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let wrong = if name == DEFAULT {
        "stands for the packets that match no rule"
    } else if name.is_empty() || !name.chars().all(is_plain) {
        "a name has letters, digits, `-` and `_`"
    } else if before.iter().any(|e| e.name == name) {
        "an earlier rule is called so"
    } else {
        return Ok(name);
    };
    let d = Diagnostic::error("E0383", table.span_of("name"), format!("a rule cannot be called `{name}`"), wrong);
    Err(d.help("name = \"web\"; rules without a name are called by their number in the list"))
}

/// A list of rules, worked out for the flows of a scenario.
#[derive(Clone, Debug)]
struct Firewall {
    /// The number of the deciding rule; of the default, one more than the last.
    classifier: Classifier<u16>,
    accepts: Arc<[bool]>,
    verdicts: Arc<[Verdict]>,
}

impl Firewall {
    fn new(entries: &[Entry], default: bool, context: &DisciplineContext<'_>) -> Self {
        let numbered: Vec<(&Rule, u16)> = entries.iter().map(|e| &e.rule).zip(0..).collect();
        let compiled = Classifier::compile(&numbered, entries.len() as u16, context);
        let accepts: Arc<[bool]> = entries.iter().map(|e| e.accepts).chain([default]).collect();
        let names = entries.iter().map(|e| e.name.as_str()).chain([DEFAULT]);
        let mut verdicts: Vec<Verdict> =
            names.zip(&*accepts).map(|(name, accepts)| Verdict { name: name.to_owned(), drops: !accepts }).collect();
        // Rules that no packet of this scenario comes to drop none.
        compiled.idle.iter().for_each(|idle| verdicts[idle.rule].drops = false);
        verdicts[entries.len()].drops &= compiled.leaves_some;
        Self { classifier: compiled.classifier, accepts, verdicts: verdicts.into() }
    }
}

impl Gate for Firewall {
    fn judge(&mut self, packet: &mut Packet, _now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let rule = self.classifier.class(packet);
        let own = OWN + rule as u16;
        effects.signal(own, 1);
        if self.accepts[rule] { Ok(()) } else { Err(own) }
    }
    fn boxed_clone(&self) -> Box<dyn Gate> {
        Box::new(self.clone())
    }
    fn draws(&self) -> bool {
        false
    }
    fn verdicts(&self) -> Vec<Verdict> {
        self.verdicts.to_vec()
    }
}

#[cfg(test)]
mod tests;
