//! Biology: compartments, species, pathways between compartments, reactions, interventions.
//!
//! Everything here is a well-mixed reaction network with whole counts, simulated exactly. A pathway is a kind that adds
//! [`Channel`]s through a [`PathwayBuilder`], where an example stands of how another crate adds a kind. Parts of a system
//! that nothing connects are simulated side by side, each from random numbers of its own.
//!
//! ```text
//! checked tables --assemble--> World (names, laws) --split--> Pieces (worlds of their own)
//!     --freeze--> Parts (Network + Phases: flat arrays) --run--> one Group each, together on the engine
//! ```

mod agenda;
mod assemble;
mod builder;
mod dose;
mod dwell;
mod equation;
mod formula;
mod group;
mod intervention;
mod jump;
mod lanes;
mod law;
mod mean;
mod network;
mod observable;
mod outline;
mod parts;
mod pathways;
mod rates;
mod reaction;
mod releases;
mod run;
mod small;
mod spikes;
mod system;
mod timed;
mod tree;
mod turnover;
mod variable;
mod varying;
mod watch;

use sim_core::config::{Field, Section, Shape, Type};
use sim_core::quantity::Dimension;

pub use builder::{Channel, Compartment, Passage, PathwayBuilder};
pub use law::{AVOGADRO, Inhibition, Inhibitor, Law, Propensity, READS_MAX, Species};
pub use outline::{Outline, OutlineEvent, OutlineReaction, OutlineSpecies, outline};
pub use pathways::{MakePathway, PATHWAYS};
pub(crate) use reaction::ANY_DIMENSION;
pub(crate) use system::build;

/// How much of a species: a concentration, an amount or a count.
const CONTENT: Type =
    Type::Quantity(&[Dimension::CONCENTRATION, Dimension::ITEMS, Dimension::NUMBER, Dimension::AMOUNT]);

const COMPARTMENT: &[Field] = &[
    Field::required("volume", Type::Quantity(&[Dimension::VOLUME]), "Its volume; a cell has about 1 pL."),
    Field::default("fixed", Type::Map(&CONTENT), "{}", "Species held constant, and at what."),
    Field::default("initial", Type::Map(&CONTENT), "{}", "What is in it at first; concentrations become whole counts."),
];
const SPECIES: &[Field] = &[Field::default(
    "entity",
    Type::Choice(&["molecule", "vesicle", "ion"]),
    "\"molecule\"",
    "What one of it is called in tables.",
)];
/// The sections of a scenario file that describe a biological system.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "compartment",
        shape: Shape::Keyed,
        family: None,
        fields: COMPARTMENT,
        doc: "A well-mixed volume and what is in it.",
    },
    Section {
        name: "species",
        shape: Shape::Keyed,
        family: None,
        fields: SPECIES,
        doc: "A kind of molecule; only needed for what no compartment holds at first.",
    },
    Section {
        name: "pathway",
        shape: Shape::Keyed,
        family: Some("pathway"),
        fields: &[Field::optional(
            "shape",
            Type::Reference("waveform"),
            "The [waveform.NAME] that multiplies its rates, both ways.",
        )],
        doc: "A way between compartments, or in or out of the system.",
    },
    variable::SECTION,
    observable::SECTION,
    crate::common::spikes::SECTION,
    Section {
        name: "reaction",
        shape: Shape::Keyed,
        family: None,
        fields: reaction::FIELDS,
        doc: "A reaction with mass action or a rate law of one's own.",
    },
];

#[cfg(test)]
mod tests;
