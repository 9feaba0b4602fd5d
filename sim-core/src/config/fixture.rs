//! A small registry for the tests of this module.

use super::literal::literal;
use super::{Field, Kinds, Node, Section, Shape, Span, Type};
use crate::quantity::Dimension;

type Kind = (&'static str, &'static str, &'static [Field]);

/// Kinds as rows of family, name and fields.
pub(super) struct TestKinds(pub(super) &'static [Kind]);

impl Kinds for TestKinds {
    fn names(&self, family: &str) -> Vec<&'static str> {
        self.0.iter().filter(|k| k.0 == family).map(|k| k.1).collect()
    }
    fn fields(&self, family: &str, kind: &str) -> Option<&'static [Field]> {
        self.0.iter().find(|k| k.0 == family && k.1 == kind).map(|k| k.2)
    }
    fn doc(&self, family: &str, kind: &str) -> Option<&'static str> {
        self.fields(family, kind).map(|_| "A kind for tests.")
    }
    fn open(&self, section: &str, root: &Node) -> bool {
        section == "node" && root.get("topology").is_some()
    }
}

const LIMIT: Field = Field::default("limit", Type::Integer { min: 1, max: 1_000_000 }, "1000", "Packets held.");
const RULE: &[Field] = &[
    Field::required("id", Type::Text, "Its name."),
    Field::default("ports", Type::List(&Type::Integer { min: 0, max: 65535 }), "[]", "Ports."),
];

pub(super) const KINDS: TestKinds = TestKinds(&[
    ("discipline", "fifo", &[LIMIT]),
    ("discipline", "codel", &[Field::default("target", Type::Quantity(&[Dimension::TIME]), "\"5 ms\"", "Target.")]),
    ("discipline", "nest", &[Field::required("inner", Type::Kind("discipline"), "Another.")]),
    ("source", "poisson", &[Field::required("rate", Type::Quantity(&[Dimension::ITEM_RATE]), "Mean rate.")]),
    ("topology", "ring", &[Field::required("n", Type::Integer { min: 2, max: 99 }, "Nodes.")]),
]);

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "run",
        shape: Shape::Single,
        family: None,
        fields: &[
            Field::optional("duration", Type::Quantity(&[Dimension::TIME]), "How long."),
            Field::default(
                "warmup",
                Type::OneOf(&[Type::Quantity(&[Dimension::TIME]), Type::Choice(&["auto", "none"])]),
                "\"none\"",
                "When statistics begin.",
            ),
        ],
        doc: "The run.",
    },
    Section { name: "topology", shape: Shape::Single, family: Some("topology"), fields: &[], doc: "Nodes." },
    Section {
        name: "node",
        shape: Shape::Keyed,
        family: None,
        fields: &[Field::optional("v", Type::Signed(&[Dimension::VOLTAGE]), "A voltage.")],
        doc: "A node.",
    },
    Section {
        name: "link",
        shape: Shape::Keyed,
        family: None,
        fields: &[
            Field::required("from", Type::Reference("node"), "Where it begins."),
            Field::required("to", Type::Reference("node"), "Where it ends."),
            Field::required("rate", Type::Quantity(&[Dimension::BIT_RATE]), "Its capacity."),
            Field::default("delay", Type::Quantity(&[Dimension::TIME]), "\"0 s\"", "Propagation."),
            Field::default("loss", Type::Number { min: 0.0, max: 1.0 }, "0.0", "Loss probability."),
            Field::default("queue", Type::Kind("discipline"), "{ kind = \"fifo\" }", "Its queue."),
            Field::optional("rules", Type::List(&Type::Record(RULE)), "Rules."),
            Field::optional("weights", Type::Map(&Type::Number { min: 0.0, max: 9.0 }), "Weights."),
        ],
        doc: "A link.",
    },
    Section {
        name: "traffic",
        shape: Shape::Keyed,
        family: Some("source"),
        fields: &[
            Field::required("from", Type::Reference("node"), "Where it comes from."),
            Field::default("kind", Type::Text, "\"poisson\"", "Which source."),
        ],
        doc: "A source.",
    },
    Section {
        name: "figure",
        shape: Shape::Array,
        family: None,
        fields: &[Field::required("title", Type::Text, "Its title.")],
        doc: "A figure.",
    },
    Section { name: "sweep", shape: Shape::Free, family: None, fields: &[], doc: "The sweep." },
];

/// The tree of an inline table.
pub(super) fn tree(text: &str) -> Node {
    literal(text, Span::default()).unwrap_or_else(|| panic!("not a tree: {text}"))
}
