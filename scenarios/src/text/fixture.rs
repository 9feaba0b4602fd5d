//! A small registry for the tests of this module.

use sim_core::config::{Field, Kinds, Section, Shape, Type};
use sim_core::quantity::Dimension;

/// Two disciplines, one of which holds another.
pub(super) struct TestKinds;

impl Kinds for TestKinds {
    fn names(&self, family: &str) -> Vec<&'static str> {
        if family == "discipline" { vec!["fifo", "prio"] } else { Vec::new() }
    }
    fn fields(&self, family: &str, kind: &str) -> Option<&'static [Field]> {
        match (family, kind) {
            ("discipline", "fifo") => Some(&[FIFO_LIMIT]),
            ("discipline", "prio") => Some(&[BANDS]),
            _ => None,
        }
    }
    fn doc(&self, family: &str, kind: &str) -> Option<&'static str> {
        self.fields(family, kind).map(|_| "A queue discipline.")
    }
}

const FIFO_LIMIT: Field =
    Field::default("limit", Type::Quantity(&[Dimension::ITEMS]), "\"1000 packets\"", "Held at most.");
const BANDS: Field =
    Field::default("bands", Type::List(&Type::Kind("discipline")), "[]", "One queue a band | in order.");
const RULES: &[Field] = &[
    Field::required("id", Type::Text, "Its name."),
    Field::default("ports", Type::List(&Type::Integer { min: 0, max: 65535 }), "[]", "Ports."),
];

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "run",
        shape: Shape::Single,
        family: None,
        fields: &[
            Field::required("duration", Type::Quantity(&[Dimension::TIME]), "How long."),
            Field::default(
                "warmup",
                Type::OneOf(&[Type::Quantity(&[Dimension::TIME]), Type::Choice(&["auto", "none"])]),
                "\"none\"",
                "When statistics begin.",
            ),
        ],
        doc: "The run.",
    },
    Section { name: "node", shape: Shape::Keyed, family: None, fields: &[], doc: "A node." },
    Section {
        name: "link",
        shape: Shape::Keyed,
        family: None,
        fields: &[
            Field::required("from", Type::Reference("node"), "Where it begins."),
            Field::required("rate", Type::Quantity(&[Dimension::BIT_RATE]), "Its capacity."),
            Field::default("delay", Type::Quantity(&[Dimension::TIME]), "\"1/3 s\"", "Propagation."),
            Field::default("loss", Type::Number { min: 0.0, max: 1.0 }, "0.0", "Loss probability."),
            Field::default("queue", Type::Kind("discipline"), "{ kind = \"fifo\" }", "Its queue."),
            Field::optional("rules", Type::List(&Type::Record(RULES)), "Rules."),
            Field::optional("weights", Type::Map(&Type::Number { min: 0.0, max: f64::INFINITY }), "Weights."),
            Field::optional("bias", Type::Signed(&[Dimension::VOLTAGE, Dimension::NUMBER]), "Bias."),
        ],
        doc: "A link.",
    },
    Section {
        name: "figure",
        shape: Shape::Array,
        family: None,
        fields: &[
            Field::required("title", Type::Text, "Its title."),
            Field::default(
                "size",
                Type::Record(&[Field::default("w", Type::Integer { min: 1, max: 9 }, "3", "W.")]),
                "{}",
                "Size.",
            ),
        ],
        doc: "A figure.",
    },
    Section { name: "queue", shape: Shape::Keyed, family: Some("discipline"), fields: &[], doc: "A queue." },
    Section { name: "sweep", shape: Shape::Free, family: None, fields: &[], doc: "The sweep." },
];

/// A right scenario that uses every type.
pub(super) const SCENARIO: &str = r#"
[run]
duration = "10 min"

[node.lan]
[node.gateway]

[link.uplink]
from = "gateway"
rate = "10 Mbit/s"
loss = "5 %"
queue = { kind = "prio", bands = [{ kind = "fifo" }, { kind = "prio", bands = [{ kind = "fifo", limit = "3 packets" }] }] }
rules = [{ id = "we\"b", ports = [80, 443] }, { id = "µ" }]
weights = { "a b" = 1, c = 2.5e300 }
bias = "-70 mV"

[link.access]
from = "lan"
rate = "1 Gbit/s"
bias = 0.1

[[figure]]
title = "one"
[[figure]]
title = "two"
size = { w = 9 }

[queue.q]
kind = "fifo"

[sweep]
"link.uplink.rate" = ["5 Mbit/s", 1e9, { from = "1 bit/s", n = 3 }]
deep.er = 1
"#;
