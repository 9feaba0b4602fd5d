//! `[probe.NAME]`: something to look at more closely than every run does. One section for both families.

use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Table, Type};
use sim_core::quantity::Dimension;

use crate::registry::{Kind, Registry};
use crate::world::World;

/// The section.
pub(crate) const SECTION: Section = Section {
    name: "probe",
    shape: Shape::Keyed,
    family: Some("probe"),
    fields: &[],
    doc: "Something to look at more closely.",
};

/// The kinds of probes that come with the program.
pub(crate) const PROBES: &[Kind<World>] = &[
    Kind {
        name: "residence",
        doc: "How long single entities of a species stay: until they cross, react or bind to an explicit carrier; only where \
              asked for, counts are enough otherwise.",
        fields: &[
            Field::required("of", Type::Text, "Where: `compartment.species`."),
            Field::optional(
                "split_by",
                Type::Choice(&["pathway"]),
                "Tell apart by which pathway or reaction they leave: of each `COMPARTMENT.SPECIES@PATHWAY`, with its residence \
                 times and its share of those who leave (`exit_share`).",
            ),
        ],
        make: World::Biology,
    },
    Kind {
        name: "count",
        doc: "How many of a species there are at certain times, exactly: of each time `COMPARTMENT.SPECIES@TIME`, as `count`. What \
              happens at that time is not counted yet.",
        fields: &[
            Field::required("of", Type::Text, "Where: `compartment.species`."),
            Field::required("times", Type::List(&Type::Quantity(&[Dimension::TIME])), "When: `[\"10 s\", \"1 min\"]`."),
        ],
        make: World::Biology,
    },
    Kind {
        name: "per_spike",
        doc: "How many vesicles are released at each spike: of each `PATHWAY@spike K`, counted from 1, as `passages`. What passes \
              from a spike on until the next belongs to it.",
        fields: &[
            Field::required("of", Type::Text, "The pathway: a `release_site`, or another that follows a waveform."),
            Field::optional(
                "train",
                Type::Reference("spikes"),
                "The [spikes.NAME] that tells when; of a `release_site` the one that drives it unless given.",
            ),
            Field::optional(
                "window",
                Type::Quantity(&[Dimension::TIME]),
                "For how long after a spike what passes belongs to it; until the next spike unless given.",
            ),
            Field::default(
                "skip",
                Type::Integer { min: 0, max: 1_000_000_000 },
                "0",
                "How many spikes to leave out first.",
            ),
            Field::optional(
                "count",
                Type::Integer { min: 1, max: 2000 },
                "How many spikes to look at; all unless given.",
            ),
        ],
        make: World::Biology,
    },
    Kind {
        name: "dwell",
        doc: "How long single channels stay open and shut: `PATHWAY@open` and `PATHWAY@shut`, as `sojourn_time`; and with a \
              `burst_gap`, bursts of openings: `PATHWAY@burst`, with its length and how many `openings` it has.",
        fields: &[
            Field::required("of", Type::Text, "The pathway: a `channel`."),
            Field::optional(
                "burst_gap",
                Type::Quantity(&[Dimension::TIME]),
                "Shut times of at least this length are between bursts, shorter ones within.",
            ),
        ],
        make: World::Biology,
    },
    Kind {
        name: "attribution",
        doc: "What delays and losses are made of, element by element: of each class or flow and each element `GROUP@ELEMENT`, \
              with the delay by cause (`queueing_delay`, `shaping_delay`, `transmission_delay`, `inspection_delay`, \
              `propagation_delay`) an entity that reached its end, and the losses by reason; and `GROUP@end_to_end`.",
        fields: &[Field::default(
            "by",
            Type::Choice(&["class", "flow"]),
            "\"class\"",
            "What to tell apart. Acknowledgements belong to no class.",
        )],
        make: World::Network,
    },
];

/// The probes of a scenario that describes a `world`, and those that are for the other.
pub(crate) fn of<'a>(scenario: &'a Table, world: World, registry: &Registry) -> (Vec<&'a Table>, Diagnostics) {
    let (mut probes, mut wrong) = (Vec::new(), Diagnostics::default());
    for (_, table) in scenario.named("probe") {
        if registry.probes.get(table.kind()).is_some_and(|kind| kind.make == world) {
            probes.push(table);
            continue;
        }
        let (looks_at, is) = match world {
            World::Network => ("molecules in a compartment", "this is a network"),
            World::Biology => ("packets", "there is no network"),
        };
        let message = format!("`{}` looks at {looks_at}", table.kind());
        wrong.push(Diagnostic::error("E0626", table.span_of("kind"), message, is));
    }
    (probes, wrong)
}
