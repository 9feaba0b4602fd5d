//! Rules that can never decide a packet.
//!
//! A rule is *shadowed* if every packet that it matches is decided by earlier rules with the other action, and *redundant* if
//! they have the same one (Al-Shaer & Hamed 2004, doi:10.1109/TNSM.2004.4623689, DOI from memory). They tell so by pairs of rules;
//! here it is asked whether all earlier rules together leave anything of the rule, which is exact. The packets that are
//! asked about are all that headers allow, not only those of the scenario's traffic; of classes and flows there are those
//! that the scenario has.
//!
//! A rule is a box: a set of values for each field. What a box leaves of another is one box a field at most, so a search
//! follows what is left of the rule through the earlier ones until something is left of all of them, or nothing.
//! That can take as many steps as there are combinations, so it ends after some, and says so.

use sim_core::config::Diagnostic;

use super::Entry;
use crate::network::classifier::{FIELDS, Ranges};

/// Comparisons of boxes that a list of rules is worth, and one of its rules.
const COMPARISONS: u64 = 20_000_000;
const OF_A_RULE: u64 = 1_000_000;
/// So many deciding rules are named.
const NAMED: usize = 4;

type Region = [Ranges; FIELDS];

/// What becomes of the packets that a rule matches before they come to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Some come to it.
    Reached,
    /// It matches none.
    Contradicts,
    /// These earlier rules decide all of them.
    Taken(Vec<usize>),
    /// The search was ended.
    Unknown,
}

/// Warnings of rules that can never decide a packet.
pub(super) fn audit(entries: &[Entry]) -> Vec<Diagnostic> {
    let regions: Vec<&Region> = entries.iter().map(|e| e.rule.sets()).collect();
    let (mut left, mut unknown) = (COMPARISONS, Vec::new());
    let mut found = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let budget = left.min(OF_A_RULE);
        let (fate, spent) = fate(&regions, i, budget);
        left -= spent;
        match fate {
            Fate::Reached => {}
            Fate::Unknown => unknown.push(entry),
            Fate::Contradicts => found.push(contradiction(entry)),
            Fate::Taken(by) => found.push(never_decides(entry, &by.iter().map(|&j| &entries[j]).collect::<Vec<_>>())),
        }
    }
    if let [first, others @ ..] = &unknown[..] {
        let more = if others.is_empty() { String::new() } else { format!(" and {} others", others.len()) };
        let message = format!("it was not found out whether rule `{}`{more} can decide a packet", first.name);
        let d = Diagnostic::warning("W0384", first.rule.span, message, "too many combinations with earlier rules");
        found.push(d.help("the rules work all the same; shorter lists can be told in full"));
    }
    found
}

fn contradiction(entry: &Entry) -> Diagnostic {
    let message = format!("rule `{}` matches no packet", entry.name);
    Diagnostic::warning("W0383", entry.rule.span, message, "its conditions contradict each other")
        .help("all conditions of a rule must hold at once; a port is none of protocols without ports")
}

fn never_decides(entry: &Entry, by: &[&Entry]) -> Diagnostic {
    let same = by.iter().filter(|e| e.accepts == entry.accepts).count();
    let what = match same {
        0 => "is shadowed",
        n if n == by.len() => "is redundant",
        _ => "is partly shadowed and partly redundant",
    };
    let mut names: Vec<String> = by.iter().take(NAMED).map(|e| format!("`{}` ({})", e.name, verb(e))).collect();
    if by.len() > NAMED {
        names.push(format!("{} others", by.len() - NAMED));
    }
    let rules = if by.len() == 1 { "rule" } else { "rules" };
    let message = format!("rule `{}` {what}: it can never decide a packet", entry.name);
    let label = format!("all that it matches is decided before by {rules} {}", names.join(", "));
    let help = if same == by.len() { "leave it out" } else { "the first match decides: move it up, or leave it out" };
    Diagnostic::warning("W0383", entry.rule.span, message, label).help(help)
}

fn verb(entry: &Entry) -> &'static str {
    if entry.accepts { "accept" } else { "drop" }
}

/// What becomes of the packets of rule `i`, and how many comparisons it took to tell, `budget` at most.
pub(super) fn fate(regions: &[&Region], i: usize, budget: u64) -> (Fate, u64) {
    if regions[i].iter().any(Ranges::is_empty) {
        return (Fate::Contradicts, 0);
    }
    let mut takes = vec![false; i];
    let mut spent = 0;
    let mut open = vec![(regions[i].clone(), 0)];
    while let Some((mut rest, from)) = open.pop() {
        let taker = (from..i).find(|&j| meet(&rest, regions[j]));
        spent += taker.map_or(i - from, |j| j - from + 1) as u64;
        if spent > budget {
            return (Fate::Unknown, budget);
        }
        let Some(taker) = taker else { return (Fate::Reached, spent) };
        takes[taker] = true;
        for field in 0..FIELDS {
            let outside = rest[field].without(&regions[taker][field]);
            if !outside.is_empty() {
                let mut piece = rest.clone();
                piece[field] = outside;
                open.push((piece, taker + 1));
            }
            rest[field] = rest[field].and(&regions[taker][field]);
        }
    }
    (Fate::Taken((0..i).filter(|&j| takes[j]).collect()), spent)
}

/// Whether a packet can be in both.
fn meet(a: &Region, b: &Region) -> bool {
    a.iter().zip(b).all(|(a, b)| a.meets(b))
}
