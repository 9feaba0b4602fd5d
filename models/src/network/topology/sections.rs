//! What a scenario may say about its topology, nodes and links.

use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Table, Type};
use sim_core::quantity::Dimension;

use crate::network::build::routes::ROUTE;

const COUNT: Type = Type::Integer { min: 1, max: i64::MAX };
const RATE: Type = Type::Quantity(&[Dimension::BIT_RATE]);
const TIME: Type = Type::Quantity(&[Dimension::TIME]);
// Beyond these bounds a path's sum could lose a link's cost to rounding.
const COST: Type = Type::Number { min: 0.001, max: 16_777_216.0 };

const DELAY: Field = Field::default("delay", TIME, "\"0 s\"", "Propagation delay.");
const COST_FIELD: Field = Field::default(
    "cost",
    COST,
    "1.0",
    "Length for routing: shortest paths have the least sum; ties go to the link declared first.",
);
const DUPLEX: Field = Field::default(
    "duplex",
    Type::OneOf(&[Type::Bool, Type::Choice(&["half"])]),
    "true",
    "Whether it leads back, too, with a queue of its own (`NAME.reverse`); \"half\" if both ways share its rate, too: while a packet is \
     sent one way, the other way waits, and then a packet of that way goes in which one came first. In the fluid, where one row \
     tells of both, all share the rate.",
);
const QUEUE: Field =
    Field::default("queue", Type::Kind("discipline"), "{ kind = \"fifo\" }", "The queue discipline of each direction.");

const SHAPE: Field = Field::default(
    "shape",
    Type::OneOf(&[Type::Choice(&["none"]), Type::Reference("waveform")]),
    "\"none\"",
    "The [waveform.NAME] that multiplies the rate: at t the link sends `rate` times its value. A packet that is being sent \
     slows down and pauses with it; time that it pauses is busy time. What queues work out from the rate (a limit in time) \
     uses `rate` as it stands.",
);
const OVERHEAD: Field = Field::default(
    "overhead",
    Type::OneOf(&[Type::Choice(&["none", "ethernet", "ethernet_vlan"]), Type::Quantity(&[Dimension::DATA])]),
    "\"none\"",
    "What each packet takes on the wire besides its size: \"ethernet\" is 38 B (header, check sequence, preamble, gap), \
     \"ethernet_vlan\" 42 B, or a size. Bit rates in tables are without it.",
);
const MTU: Field = Field::default(
    "mtu",
    Type::OneOf(&[Type::Choice(&["none"]), Type::Quantity(&[Dimension::DATA])]),
    "\"none\"",
    "The largest packet, without `overhead`; larger ones are dropped (there is no fragmentation).",
);
const LOSS: Field = Field::optional(
    "loss",
    Type::Kind("loss"),
    "The law by which packets are damaged on the way and discarded at its end; the link is busy with them nevertheless.",
);
const JITTER: Field = Field::optional(
    "jitter",
    Type::Kind("service"),
    "A law of times, as of services: what each packet's propagation takes besides `delay`. Packets do not overtake: one \
     that is late holds back those behind it.",
);
const FAILURES: Field = Field::optional(
    "failures",
    Type::Record(&[
        Field::required(
            "up",
            Type::Kind("service"),
            "The law of the times for which it works, the first of them included.",
        ),
        Field::required("down", Type::Kind("service"), "The law of the times until it works again."),
    ]),
    "That it fails at random, both ways at once, whatever is sent and if nothing is: times up and down alternate. A failed link is as one that an \
     intervention fails: it loses what it holds and what is sent over it, and routes follow when they have converged.",
);
const REVERSE: Field = Field::optional(
    "reverse",
    Type::Record(&[
        Field::optional("rate", RATE, "As of the link."),
        Field::optional("shape", SHAPE.ty, "As of the link."),
        Field::optional("delay", TIME, "As of the link."),
        Field::optional("queue", Type::Kind("discipline"), "As of the link."),
        Field::optional("overhead", OVERHEAD.ty, "As of the link."),
        Field::optional("mtu", MTU.ty, "As of the link."),
        Field::optional("loss", Type::Kind("loss"), "As of the link."),
        Field::optional("jitter", Type::Kind("service"), "As of the link."),
    ]),
    "What is different on the way back of a duplex link: { rate = \"10 Mbit/s\" }.",
);

/// `[topology]`, `[node.NAME]` and `[link.NAME]`.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "topology",
        shape: Shape::Single,
        family: None,
        fields: &[
            Field::default(
                "kind",
                Type::Choice(&["inline", "graphml", "edge_list", "line", "ring", "star", "tree", "grid"]),
                "\"inline\"",
                "Where nodes and links come from: this file, an imported one, or a generator, which calls them n0, n1, ... \
                 and n0-n1, ...",
            ),
            Field::optional(
                "file",
                Type::Text,
                "For `graphml` and `edge_list`: the file, from the scenario's folder. An edge list is CSV with the columns \
                 from, to and, if wanted, rate, delay, cost. Of GraphML are read: a node's `label`, which becomes its name \
                 (with `_` for what names cannot have; its `id` where several have one label or it has none), an edge's \
                 `LinkSpeedRaw` (bit/s), which becomes its rate, and `directed`. Nothing else is: delays do not follow from \
                 coordinates; give a `delay`.",
            ),
            Field::optional("nodes", COUNT, "For `line`, `ring`, `star` (its hub n0 counts) and `tree`: how many."),
            Field::optional(
                "depth",
                COUNT,
                "For `tree`, instead of `nodes`: levels below the root n0, all of them full.",
            ),
            Field::optional("arity", COUNT, "For `tree`: children of a node; 2 if left out."),
            Field::optional("rows", COUNT, "For `grid`."),
            Field::optional("columns", COUNT, "For `grid`."),
            Field::optional("rate", RATE, "The rate of links for which the file has none, or of all generated links."),
            SHAPE,
            DELAY,
            COST_FIELD,
            DUPLEX,
            QUEUE,
            OVERHEAD,
            MTU,
            LOSS,
            JITTER,
            FAILURES,
            REVERSE,
        ],
        doc: "Nodes and links that are imported or generated, besides those of the scenario; 100000 nodes and 1000000 links \
              at most.",
    },
    Section {
        name: "node",
        shape: Shape::Keyed,
        family: None,
        fields: &[
            Field::optional("stages", Type::List(&Type::Reference("stage")), "What packets pass here, in this order."),
            Field::optional(
                "next",
                Type::Map(&Type::Number { min: 0.0, max: 1.0 }),
                "Where packets without a destination go next, with probabilities that sum to 1; `exit` is out.",
            ),
            Field::optional(
                "prefix",
                Type::Text,
                "Its addresses (IPv4), \"10.20.0.0/22\"; if left out, 10.x.y.0/24, which every static route that fits \
                 comes before.",
            ),
            Field::default(
                "routes",
                Type::List(&Type::Record(ROUTE)),
                "[]",
                "Static routes. The longest prefix around a destination decides, its own `prefix` or that of a route; what \
                 routes leave open, shortest paths decide.",
            ),
        ],
        doc: "A node. One of the same name in the topology gets these keys.",
    },
    Section {
        name: "link",
        shape: Shape::Keyed,
        family: None,
        fields: &[
            Field::optional(
                "from",
                Type::Text,
                "The node where it begins; only a link of the topology can do without.",
            ),
            Field::optional("to", Type::Text, "The node where it ends; only a link of the topology can do without."),
            Field::optional("rate", RATE, "Its capacity in bits a second; without one, packets take no time to send."),
            SHAPE,
            DELAY,
            COST_FIELD,
            Field::optional(
                "relation",
                Type::Choice(&["customer", "peer", "provider"]),
                "What its `to` is to its `from`, for `routing.policy = \"valley_free\"`.",
            ),
            DUPLEX,
            QUEUE,
            OVERHEAD,
            MTU,
            LOSS,
            JITTER,
            FAILURES,
            REVERSE,
        ],
        doc: "A link between two nodes. One of the same name in the topology is changed by the keys given here.",
    },
];

/// The keys that say what a kind is; all kinds but `inline` take those of links as well.
fn own_keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "graphml" | "edge_list" => &["file"],
        "line" | "ring" | "star" => &["nodes"],
        "tree" => &["nodes", "depth", "arity"],
        "grid" => &["rows", "columns"],
        _ => &[],
    }
}

const OF_LINKS: &[&str] =
    &["rate", "shape", "delay", "cost", "duplex", "queue", "overhead", "mtu", "loss", "jitter", "failures", "reverse"];

/// That `[topology]` has the keys of its kind and no others.
pub(super) fn check_keys(table: &Table) -> Result<(), Diagnostics> {
    let kind = table.text("kind");
    let own = own_keys(kind);
    let mut wrong = Diagnostics::default();
    for (key, span, _) in table.entries.iter().filter(|(k, _, v)| k != "kind" && !v.defaulted) {
        if !own.contains(&key.as_str()) && (kind == "inline" || !OF_LINKS.contains(&key.as_str())) {
            let help = match kind {
                "inline" => "give the topology a `kind`, or write the key at each [link.NAME]".to_string(),
                _ => format!("keys of `{kind}`: {}", [own, OF_LINKS].concat().join(", ")),
            };
            let message = format!("a topology of kind `{kind}` has no `{key}`");
            wrong.push(Diagnostic::error("E0342", *span, message, "does nothing here").help(help));
        }
    }
    let given = |key: &&&str| table.get(key).is_some();
    match kind {
        "tree" if ["nodes", "depth"].iter().filter(given).count() != 1 => {
            let message = "a tree has either `nodes` or `depth`";
            wrong.push(Diagnostic::error("E0342", table.span, message, "one of them").help("depth = 3"));
        }
        "tree" => {}
        _ => {
            for key in own.iter().filter(|key| !given(key)) {
                let message = format!("a topology of kind `{kind}` needs `{key}`");
                let example = if *key == "file" { "\"network\"" } else { "4" };
                let d = Diagnostic::error("E0342", table.span, message, format!("missing key `{key}`"));
                wrong.push(d.help(format!("{key} = {example}")));
            }
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(()) }
}
