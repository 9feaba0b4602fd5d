//! `[probe.NAME]`: something to look at more closely than every run does. One section for both families.

mod tail;

use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Span, Table, Type};
use sim_core::probe::ComponentId;
use sim_core::quantity::Dimension;
use sim_core::stats::{Component, PassageQuestion, Passages, StateQuestion, States, TailQuestion, Tails};

use crate::registry::{Kind, Registry};
use crate::world::World;
pub(crate) use tail::{ask as ask_tails, tails};

/// The section.
pub(crate) const SECTION: Section = Section {
    name: "probe",
    shape: Shape::Keyed,
    family: Some("probe"),
    fields: &[],
    doc: "Something to look at more closely.",
};

/// Numbers that may be held, up to one more than can be told apart from the next.
const HELD: Type = Type::Integer { min: 0, max: 1_000_000 };

/// The kinds of probes that come with the program, and the worlds that they look at.
pub(crate) const PROBES: &[Kind<&'static [World]>] = &[
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
        make: &[World::Biology],
    },
    Kind {
        name: "count",
        doc: "How many there are at certain times, exactly: of each time `COMPARTMENT.SPECIES@TIME` or `LINK@TIME`, as `count`; or what a \
              variable or an observable then is. What happens at that time is counted in a cell, and in a network not yet.",
        fields: &[
            Field::required(
                "of",
                Type::Text,
                "Where: `compartment.species`, or `pathway.state` of a channel or carrier; a `[variable.NAME]` or an \
                 `[observable.NAME]`; a link, a stage or a flow.",
            ),
            Field::required("times", Type::List(&Type::Quantity(&[Dimension::TIME])), "When: `[\"10 s\", \"1 min\"]`."),
            Field::default(
                "metric",
                Type::Text,
                "\"occupancy\"",
                "In a network, another level than how many there are: `availability` of a link that can fail, `average_queue`, \
                 `drop_probability`, `cwnd`; with a `round_trip` probe `srtt`, `rttvar` and `rto`. Told by that name, of each time as `LINK@availability TIME`.",
            ),
        ],
        make: &[World::Network, World::Biology],
    },
    Kind {
        name: "states",
        doc: "For what share of the time there are so many, as `time_share`: of each number `COMPARTMENT.SPECIES@n=3` or `LINK@n=3`, \
              and `@n>=10` for ten or more. A link has what waits and what is sent.",
        fields: &[
            Field::required(
                "of",
                Type::Text,
                "Where: `compartment.species`, or `pathway.state` of a channel or carrier; a link or a stage.",
            ),
            Field::optional("counts", Type::List(&HELD), "Exactly so many: `[0, 1, 5]`."),
            Field::optional("at_least", Type::List(&HELD), "So many or more: `[10, 20]`."),
        ],
        make: &[World::Network, World::Biology],
    },
    Kind {
        name: "first_passage",
        doc: "When there are first so few or so many, since time zero, as `first_passage_time`: of each number \
              `COMPARTMENT.SPECIES@first n<=0`, `LINK@first n>=100`. Runs in which that does not come to pass are left out.",
        fields: &[
            Field::required(
                "of",
                Type::Text,
                "Where: `compartment.species`, or `pathway.state` of a channel or carrier; a link or a stage.",
            ),
            Field::optional("down_to", Type::List(&HELD), "So few or fewer: `[0]`."),
            Field::optional("up_to", Type::List(&HELD), "So many or more: `[100]`."),
        ],
        make: &[World::Network, World::Biology],
    },
    Kind {
        name: "passages",
        doc: "The gaps between passages, as `interval` of `PATHWAY@interval` or `LINK@interval`; and when the first, second or other \
              ones are, since time zero, as `passage_time` of `PATHWAY@passage 1`. Runs in which there are not so many are left out.",
        fields: &[
            Field::required(
                "of",
                Type::Text,
                "What passes where: a pathway or reaction, forwards; the departures of a link or a stage.",
            ),
            Field::optional(
                "numbers",
                Type::List(&Type::Integer { min: 1, max: 1_000_000_000 }),
                "Which passages to tell the time of, counted from 1: `[1, 10]`.",
            ),
        ],
        make: &[World::Network, World::Biology],
    },
    Kind {
        name: "tail",
        doc: "How long the longest times are: what share is longer than so much, as `exceedance` of `LINK@wait_time>5 ms`, counted \
              one by one; and percentiles of one's choice, as `percentile` of `LINK@wait_time p99.9`.",
        fields: &[
            Field::required(
                "of",
                Type::Text,
                "Where: a link, a stage that takes time, or a flow; a species with a `residence` probe (`compartment.species`), \
                 one of its exits (`compartment.species@pathway`), stays of single channels (`pathway@open`), a pathway or reaction.",
            ),
            Field::default(
                "metric",
                Type::Text,
                "\"sojourn_time\"",
                "Which times: `sojourn_time`; of links, stages and flows also `wait_time`; of links, stages and pathways `interval`, \
                 the gaps between those that pass; of connections `flow_completion_time` and `retransmission_delay`.",
            ),
            Field::optional(
                "longer_than",
                Type::List(&Type::Quantity(&[Dimension::TIME])),
                "Of which times to tell the share that is longer: `[\"5 ms\", \"20 ms\"]`.",
            ),
            Field::optional(
                "percentiles",
                Type::List(&Type::Number { min: 0.0, max: 100.0 }),
                "Which percentiles of the times that are seen, to 0.4 %: `[95, 99.9]`. From n times none beyond 100 (1 - 1 / n) can be told from the \
                 maximum.",
            ),
        ],
        make: &[World::Network, World::Biology],
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
        make: &[World::Biology],
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
        make: &[World::Biology],
    },
    Kind {
        name: "round_trip",
        doc: "Round trips of connections and what they make of them (RFC 6298), at their flow: `round_trip_time`, and averaged over \
              connections, where their number is known, `srtt`, `rttvar` and `rto`.",
        fields: &[Field::required("of", Type::Text, "The traffic: `bulk`, `request_response` or `web`.")],
        make: &[World::Network],
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
        make: &[World::Network],
    },
];

/// The probes of a scenario that describes a `world`, and those that are for the other.
pub(crate) fn of<'a>(scenario: &'a Table, world: World, registry: &Registry) -> (Vec<&'a Table>, Diagnostics) {
    let (mut probes, mut wrong) = (Vec::new(), Diagnostics::default());
    for (_, table) in scenario.named("probe") {
        if registry.probes.get(table.kind()).is_some_and(|kind| kind.make.contains(&world)) {
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

/// The level that a `count` is of unless it says otherwise.
pub(crate) const HELD_NOW: &str = "occupancy";

/// A time that a probe looks at.
pub(crate) struct Instant<'a> {
    pub(crate) ticks: u64,
    /// As the scenario writes it.
    pub(crate) written: String,
    pub(crate) span: Span,
    of: &'a str,
    level: &'a str,
}

impl Instant<'_> {
    /// What is told about it is called this.
    pub(crate) fn name(&self) -> String {
        match self.level {
            HELD_NOW => format!("{}@{}", self.of, self.written),
            level => format!("{}@{level} {}", self.of, self.written),
        }
    }
}

/// The times of a `count`.
///
/// Fails if one is too long, or is there twice.
pub(crate) fn instants(table: &Table) -> Result<Vec<Instant<'_>>, Diagnostic> {
    let mut all: Vec<Instant<'_>> = Vec::new();
    for value in table.list("times") {
        let Some(quantity) = value.as_quantity() else { continue };
        let written = value.written.as_deref().map_or_else(|| quantity.to_string(), str::to_owned);
        let Some(ticks) = quantity.to_ticks() else {
            let message = format!("{written} is longer than any run");
            return Err(Diagnostic::error("E0609", value.span, message, "a run lasts at most 106 d"));
        };
        if all.iter().any(|other| other.ticks == ticks) {
            return Err(twice(value.span, table.text("of"), &written));
        }
        all.push(Instant { ticks, written, span: value.span, of: table.text("of"), level: table.text("metric") });
    }
    Ok(all)
}

fn twice(span: Span, of: &str, at: &str) -> Diagnostic {
    Diagnostic::error("E0608", span, format!("`{of}` is looked at twice at {at}"), "tables could not tell them apart")
}

/// What a `states` or a `first_passage` asks about component `of`, and what the answers are called.
///
/// Fails if it asks nothing, or the same twice.
pub(crate) fn states(table: &Table, of: ComponentId) -> Result<Vec<(StateQuestion, String)>, Diagnostic> {
    let name = table.text("of");
    let first = table.kind() == "first_passage";
    let mut all: Vec<(StateQuestion, String)> = Vec::new();
    for key in ["counts", "at_least", "down_to", "up_to"].into_iter().filter(|key| table.get(key).is_some()) {
        for value in table.list(key) {
            let n = value.as_integer().unwrap_or_default().unsigned_abs();
            let (least, most, said) = match key {
                "counts" => (n, n, format!("{name}@n={n}")),
                "at_least" => (n, u64::MAX, format!("{name}@n>={n}")),
                "down_to" => (0, n, format!("{name}@first n<={n}")),
                _ => (n, u64::MAX, format!("{name}@first n>={n}")),
            };
            if all.iter().any(|(_, other)| *other == said) {
                return Err(twice(value.span, name, &format!("{n}")));
            }
            all.push((StateQuestion { of, least, most, first }, said));
        }
    }
    if all.is_empty() {
        let d = Diagnostic::error("E0608", table.span, format!("`{}` asks nothing", table.path), "no numbers");
        return Err(d.help(if first {
            "add `down_to = [0]` for when there are first so few, or `up_to = [10]` for when there are first so many"
        } else {
            "add `counts = [0, 1]` for exactly so many, or `at_least = [10]` for so many or more"
        }));
    }
    Ok(all)
}

/// What a `passages` asks about component `of`, and what the answers are called.
///
/// Fails if it asks the same twice.
pub(crate) fn passages(table: &Table, of: ComponentId) -> Result<Vec<(PassageQuestion, String)>, Diagnostic> {
    let name = table.text("of");
    let mut all = vec![(PassageQuestion { of, number: None }, format!("{name}@interval"))];
    for value in table.get("numbers").map_or(&[][..], |_| table.list("numbers")) {
        let n = value.as_integer().unwrap_or_default().unsigned_abs();
        let said = format!("{name}@passage {n}");
        if all.iter().any(|(_, other)| *other == said) {
            return Err(twice(value.span, name, &format!("passage {n}")));
        }
        all.push((PassageQuestion { of, number: Some(n) }, said));
    }
    Ok(all)
}

/// All that is asked, of states, passages and tails. The last components are for the answers, in this order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) states: Arc<[StateQuestion]>,
    pub(crate) passages: Arc<[PassageQuestion]>,
    pub(crate) tails: Arc<[TailQuestion]>,
}

/// What answers what is asked, as far as anything is.
pub(crate) type Answers = (Option<States>, (Option<Passages>, Option<Tails>));

impl Asked {
    /// What finds the answers in a run.
    pub(crate) fn answers(&self, components: &[Component]) -> Answers {
        let of_tails = components.len() - self.tails.iter().map(TailQuestion::answers).sum::<usize>();
        let of_passages = of_tails - self.passages.len();
        let of_states = of_passages - self.states.len();
        let states = || States::new(Arc::clone(&self.states), of_states as u32, components);
        let passages = || Passages::new(Arc::clone(&self.passages), of_passages as u32);
        let tails = || Tails::new(Arc::clone(&self.tails), of_tails as u32);
        (
            (!self.states.is_empty()).then(states),
            ((!self.passages.is_empty()).then(passages), (!self.tails.is_empty()).then(tails)),
        )
    }
    /// Whether nothing is asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty() && self.passages.is_empty() && self.tails.is_empty()
    }
}
