//! The sections of a scenario file that both worlds share: what it is called, how long it runs, how often, what is shown.

use sim_core::config::{Field, Section, Shape, Type};
use sim_core::quantity::Dimension;

use crate::{figure, metric};

/// The most replications of a point.
pub const REPLICATIONS_MAX: i64 = 1_000_000;

/// The shared sections.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "scenario",
        shape: Shape::Single,
        family: None,
        fields: &[
            Field::required("name", Type::Text, "A short name: of the results folder, and in tables."),
            Field::default("title", Type::Text, "\"\"", "One line, for figures and the report."),
            Field::optional("description", Type::Text, "What it is about, in as many lines as needed."),
            Field::default("citation", Type::List(&Type::Text), "[]", "What it is taken from."),
        ],
        doc: "What the scenario is called.",
    },
    Section {
        name: "run",
        shape: Shape::Single,
        family: None,
        fields: &[
            Field::required(
                "duration",
                Type::Quantity(&[Dimension::TIME]),
                "The simulated time of a run, up to 106 days.",
            ),
            Field::default(
                "warmup",
                Type::OneOf(&[Type::Choice(&["none"]), Type::Quantity(&[Dimension::TIME])]),
                "\"0 s\"",
                "Statistics begin here; series show everything. \"none\" is the same as \"0 s\".",
            ),
            Field::optional(
                "bins",
                Type::Integer { min: 1, max: 100_000 },
                "Bins of the series of a run. Without it 1000; in systems of over 2500 series fewer, as many as make 2.5 million \
                 values, but at least 100. Figures have as many, up to 1000, if they are given, else up to 125.",
            ),
            Field::default(
                "fidelity",
                Type::Choice(&["packet", "fluid", "molecule", "mean"]),
                "\"packet\"",
                "Networks: every packet (`packet`), or transfers at max-min fair rates without packets, for very many of them \
                 (`fluid`). Cells: every molecule (`molecule`, if nothing is given), or the mean by ordinary differential \
                 equations (`mean`), in one run without chance.",
            ),
        ],
        doc: "How long a run is.",
    },
    Section {
        name: "study",
        shape: Shape::Single,
        family: None,
        fields: &[
            Field::optional(
                "seed",
                Type::Integer { min: 0, max: i64::MAX },
                "The seed of all random numbers; drawn and written down if it is not given.",
            ),
            Field::default(
                "replications",
                Type::Integer { min: 1, max: REPLICATIONS_MAX },
                "20",
                "Runs of each point; one unless they are given where nothing is drawn.",
            ),
            Field::default(
                "confidence",
                Type::Number { min: 0.5, max: 0.9999 },
                "0.95",
                "The confidence of intervals (Student's t over replications).",
            ),
        ],
        doc: "How many runs are made, from which seed.",
    },
    Section {
        name: "sweep",
        shape: Shape::Free,
        family: None,
        fields: &[],
        doc: "Paths and the values that they take: all combinations are run. Values are a list, \
              `\"link.uplink.rate\" = [\"9 Mbit/s\", \"10 Mbit/s\"]`, or a range, `{ from = \"1 uM\", to = \"100 uM\", n = 9 }`, with \
              `scale = \"log\"` for equal factors instead of equal steps (`\"linear\"`, the default).",
    },
    metric::SECTION,
    figure::SECTION,
];

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::config::assert_declarations_valid;

    #[test]
    fn defaults_and_declarations_are_valid() {
        assert_declarations_valid(SECTIONS, &metric::AllKinds(&models::registry()));
    }
}
