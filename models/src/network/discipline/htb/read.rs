//! From the declaration of the classes to their tree.

use sim_core::config::{Diagnostic, Diagnostics, Span, Table};
use sim_core::quantity::Quantity;

use super::bucket::Bucket;
use super::{Htb, LEVELS, Leaf, Node};
use crate::network::discipline::DisciplineContext;
use crate::network::discipline::children::{Child, Children};
use crate::network::discipline::classes::{self, Findings, classify, known};
use crate::network::discipline::tbf::{long_burst, usual_burst};

/// Bounds of quanta that follow from a rate, in bytes.
const QUANTUM_MIN: f64 = 1000.0;
const QUANTUM_MAX: f64 = 200_000.0;
/// A burst below this many bits does not hold a full packet.
const FULL_PACKET: u64 = 1500 * 8;

/// A declared class.
struct Class<'a> {
    name: &'a str,
    table: &'a Table,
    parent: Option<usize>,
    /// The root's children have depth 1.
    depth: usize,
    inner: bool,
}

pub(super) fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Htb, Diagnostics> {
    let mut found = Findings::default();
    let mut classes: Vec<Class<'_>> = table
        .named("classes")
        .map(|(name, table)| Class { name, table, parent: None, depth: 0, inner: false })
        .collect();
    if classes.is_empty() {
        let d = Diagnostic::error("E0372", table.span_of("classes"), "`classes` is empty", "at least one class");
        found.error(d);
    }
    let whole = classes::rate(table, context, &mut found);
    find_parents(&mut classes, &mut found);
    find_depths(&mut classes, &mut found);
    check_kinds(&classes, &mut found);
    check_rates(&classes, whole, &mut found);
    let leaves: Vec<usize> = (0..classes.len()).filter(|&i| !classes[i].inner).collect();
    let tables: Vec<(&str, &Table)> = leaves.iter().map(|&i| (classes[i].name, classes[i].table)).collect();
    let queue = |table: &Table| {
        // What waits in a class goes no faster than at its ceiling, nor than the whole.
        let ceil = table.opt_quantity("ceil").unwrap_or(table.quantity("rate"));
        let rate = whole.filter(|whole| whole.value < ceil.value).unwrap_or(ceil);
        DisciplineContext { rate: Some(rate), ..*context }.make(table.table("queue"))
    };
    let queues: Vec<Child> = tables.iter().filter_map(|(_, t)| found.keep(queue(t)).map(Child::from)).collect();
    if found.errors.has_errors() {
        return Err(found.errors);
    }
    let classifier = classify(table, &tables, context, &mut found);
    let (Some(classifier), Some(whole)) = (classifier, whole) else { return Err(found.errors) };
    let quanta: Vec<i64> = tables.iter().map(|(_, t)| quantum(t, table.number("r2q"), &mut found)).collect();
    let nodes = nodes(&classes, whole, context.largest, table.span_of("rate"), &mut found);
    found.or_errors(context, || {
        let leaf = |(&i, quantum): (&usize, i64)| Leaf {
            node: i as u32 + 1,
            prio: classes[i].table.integer("prio") as u8,
            quantum,
            deficits: [0; LEVELS],
        };
        let leaves = leaves.iter().zip(quanta).map(leaf).collect();
        Htb::new(classifier, Children::new(queues), nodes, leaves)
    })
}

fn find_parents(classes: &mut [Class<'_>], found: &mut Findings) {
    for i in 0..classes.len() {
        let Some(parent) = classes[i].table.get("parent") else { continue };
        let name = parent.as_text().unwrap_or_default();
        if let Some(p) = classes.iter().position(|c| c.name == name) {
            classes[i].parent = Some(p);
            classes[p].inner = true;
        } else {
            let d = Diagnostic::error("E0374", parent.span, format!("there is no class `{name}`"), "unknown parent");
            let others = classes.iter().map(|c| c.name).filter(|n| *n != classes[i].name);
            found.error(d.help(format!("{}; without `parent` it borrows from the whole", known(name, others))));
        }
    }
}

fn find_depths(classes: &mut [Class<'_>], found: &mut Findings) {
    for i in 0..classes.len() {
        let (mut way, mut at) = (vec![i], i);
        while let Some(parent) = classes[at].parent {
            if let Some(start) = way.iter().position(|&c| c == parent) {
                // Told once, where the first class of the loop is declared.
                if way[start..].iter().all(|&c| c >= i) && start == 0 {
                    let names: Vec<&str> = way.iter().map(|&c| classes[c].name).collect();
                    let message = format!("the classes {} are each other's parents", names.join(", "));
                    let span = classes[i].table.span_of("parent");
                    let d = Diagnostic::error("E0374", span, message, "a loop");
                    found.error(d.help("leave out the `parent` of the one that is on top"));
                }
                break;
            }
            way.push(parent);
            at = parent;
        }
        classes[i].depth = way.len();
        if way.len() >= LEVELS {
            let message = format!("`{}` is {} classes deep", classes[i].name, way.len());
            let label = format!("at most {}", LEVELS - 1);
            found.error(Diagnostic::error("E0374", classes[i].table.span_of("parent"), message, label));
        }
    }
}

/// What only a leaf has.
fn check_kinds(classes: &[Class<'_>], found: &mut Findings) {
    for class in classes.iter().filter(|c| c.inner) {
        for key in ["match", "queue"] {
            if let Some(value) = class.table.get(key).filter(|v| !v.defaulted) {
                let message = format!("`{}` has classes in it, and `{key}`", class.name);
                let d =
                    Diagnostic::error("E0372", value.span, message, "packets belong to the classes without children");
                found.error(d.help(format!("give `{key}` to one of the classes whose `parent` is `{}`", class.name)));
            }
        }
    }
}

fn check_rates(classes: &[Class<'_>], whole: Option<Quantity>, found: &mut Findings) {
    for class in classes {
        let (rate, ceil) = (class.table.quantity("rate"), class.table.opt_quantity("ceil"));
        if rate.exact.0 == 0 {
            let d = Diagnostic::error(
                "E0376",
                class.table.span_of("rate"),
                format!("a rate of {rate}"),
                "must be positive",
            );
            found.error(d.help("a class that only borrows has a small rate and a large `ceil`"));
        }
        if let Some(ceil) = ceil.filter(|c| c.value < rate.value) {
            let message = format!("a ceiling of {ceil} below the rate of {rate}");
            let d = Diagnostic::error("E0376", class.table.span_of("ceil"), message, "at least the rate");
            found.error(d.help("without `ceil` it never has more than its rate"));
        }
        for (key, of) in [("burst", rate), ("cburst", ceil.unwrap_or(rate))] {
            let Some(burst) = class.table.opt_quantity(key) else { continue };
            if of.value > 0.0 {
                found.warnings.extend(long_burst(class.table, key, of.value));
            }
            if (burst.value as u64) < FULL_PACKET {
                let message = format!("a burst of {burst} does not hold a full packet of 1500 B");
                let d = Diagnostic::warning("W0371", class.table.span_of(key), message, "small");
                found
                    .warnings
                    .push(d.help("what the class could not send while another packet was on the wire is lost to it"));
            }
        }
    }
    for parent in (0..classes.len()).map(Some).chain([None]) {
        let children = || classes.iter().filter(|c| c.parent == parent);
        let sum: f64 = children().map(|c| c.table.quantity("rate").value).sum();
        let rate = parent.map_or(whole, |p| Some(classes[p].table.quantity("rate")));
        if let Some(rate) = rate.filter(|r| sum > r.value * (1.0 + 1e-12))
            && let Some(last) = children().next_back()
        {
            let of = parent.map_or("the whole".to_owned(), |p| format!("`{}`", classes[p].name));
            let names: Vec<&str> = children().map(|c| c.name).collect();
            let sum = Quantity::from_value(sum, rate.dimension).map_or(String::new(), |s| s.to_string());
            let message = format!("rates of {sum} are guaranteed out of {rate} of {of}");
            let label = format!("the rates of {} exceed it", names.join(", "));
            let d = Diagnostic::error("E0376", last.table.span_of("rate"), message, label);
            found.error(d.help("lower the rates; `ceil` is what a class may have beyond its rate"));
        }
    }
}

/// A quantum in bits.
fn quantum(class: &Table, r2q: f64, found: &mut Findings) -> i64 {
    let Some(quantum) = class.opt_quantity("quantum") else {
        let rate = class.quantity("rate");
        let bytes = rate.value / 8.0 / r2q;
        let kept = bytes.clamp(QUANTUM_MIN, QUANTUM_MAX);
        if kept != bytes && class.opt_quantity("ceil").is_some_and(|c| c.value > rate.value) {
            let message =
                format!("a rate of {rate} over r2q gives a quantum of {bytes:.0} B, of which {kept:.0} B are taken");
            let label = "what is lent is not shared in proportion to the rates";
            let d = Diagnostic::warning("W0372", class.span_of("rate"), message, label);
            found.warnings.push(d.help("give a `quantum`, or another `r2q` to all"));
        }
        return (kept * 8.0) as i64;
    };
    if quantum.value < 1.0 {
        let d = Diagnostic::error("E0375", class.span_of("quantum"), "a quantum of nothing", "must be positive");
        found.error(d.help("leave it out, and it follows from the rate"));
    }
    quantum.value as i64
}

/// The root and all classes, in order; `largest` is the largest packet in bits, if one is known.
fn nodes(classes: &[Class<'_>], whole: Quantity, largest: u32, span: Span, found: &mut Findings) -> Vec<Node> {
    let largest = u64::from(largest).max(FULL_PACKET);
    let deepest = classes.iter().map(|c| c.depth).max().unwrap_or(0);
    let mut bucket = |rate: Quantity, burst: u64, span: Span| {
        Bucket::new(rate.exact, burst).or_else(|| {
            let d = Diagnostic::error("E0376", span, format!("a rate of {rate}"), "too large, or too finely given");
            found.error(d);
            None
        })
    };
    let mut node = |class: Option<&Class<'_>>| {
        let Some(c) = class else {
            let full = bucket(whole, usual_burst(whole, largest), span)?;
            return Some(Node { parent: None, level: deepest as u8, rate: full.clone(), ceil: full, sent: 0 });
        };
        let rate = c.table.quantity("rate");
        let ceil = c.table.opt_quantity("ceil").unwrap_or(rate);
        let bits = |key, rate| c.table.opt_quantity(key).map_or(usual_burst(rate, largest), |q| q.value as u64);
        Some(Node {
            parent: Some(c.parent.map_or(0, |p| p as u32 + 1)),
            level: if c.inner { (deepest - c.depth) as u8 } else { 0 },
            rate: bucket(rate, bits("burst", rate), c.table.span_of("rate"))?,
            ceil: bucket(ceil, bits("cburst", ceil), c.table.span_of("ceil"))?,
            sent: 0,
        })
    };
    std::iter::once(None).chain(classes.iter().map(Some)).filter_map(&mut node).collect()
}
