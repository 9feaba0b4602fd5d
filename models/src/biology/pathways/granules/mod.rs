//! Insulin granules of a beta cell: pools in a row, calcium that sets fusion off, release.
//!
//! ```text
//! chen2008:      -> N6 <-> N5 <-> N1 <-> N2 <-> N3 <-> N4 -> NF -> NR -> out
//! pedersen2009:  -> NA <-> ND <-> N6 <-> N5 <-> N1 -> NF -> NR -> out,    ND -> NFH -> NRH -> out
//! ```
//! N6 docked, N5 primed, N1 at calcium channels with 0 to 3 calcium bound up to N4 (Chen, Wang & Sherman 2008,
//! doi:10.1529/biophysj.107.124990); NA newcomers, ND near the membrane, of which highly calcium-sensitive granules fuse by themselves
//! (Pedersen & Sherman 2009, doi:10.1073/pnas.0901202106). NF and NR have fused and release. Rate constants and numbers at the start are
//! those of the authors' programs. Calcium follows the voltage (`calcium.rs`); given calcium every step is of first order, so means are
//! those of the published equations, and granules are whole.
//!
//! Validated against: the published equations (secretion in windows of two minutes over an hour, peak of fusion, plateaus of calcium).

mod calcium;

use std::sync::Arc;

use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use self::calcium::Handling;
use super::super::law::READS_MAX;
use super::super::{Channel, Law, Passage, PathwayBuilder, Species};
use super::MakePathway;
use crate::common::expression::{Expression, Name, Symbol};
use crate::registry::Kind;

const FIELDS: &[Field] = &[
    Field::required(
        "preset",
        Type::Choice(&["chen2008", "pedersen2009"]),
        "Which cell: one with a docked pool at calcium channels, or one with newcomers as well, which fuse at the calcium of the \
         cytosol (their own pools, NFH and NRH).",
    ),
    Field::required("voltage", Type::Text, "The [waveform.NAME] of the membrane's voltage."),
    Field::default(
        "glucose",
        Type::Number { min: 0.0, max: 1e6 },
        "1.0",
        "Factor of glucose on the supply of granules (GlucFact): 0 without glucose; Chen et al. have 1.2 at 16.7 mM.",
    ),
    Field::optional("to", Type::Text, "What is set free and where, `compartment.species`."),
    Field::default(
        "molecules",
        Type::Integer { min: 1, max: 1_000_000_000 },
        "1",
        "How many molecules a granule sets free; 1 counts granules. A granule has some 9 pg, about 1e6 of insulin.",
    ),
];

pub(super) const KIND: Kind<MakePathway> = Kind {
    name: "granules",
    doc: "Insulin granules of a beta cell: docking, priming, fusion by calcium that follows a voltage, release. Published presets.",
    fields: FIELDS,
    make,
};

/// A published cell.
struct Preset {
    calcium: Handling,
    /// Pools and how many granules they hold at the start.
    pools: &'static [(&'static str, f64)],
    /// From where, to where (nowhere: comes from or goes out of what is modelled), and how often each granule; `md` and `ci` are
    /// calcium in the domains and in the cytosol, uM; 1/s.
    steps: &'static [(&'static str, &'static str, &'static str)],
    /// The pools that release, at so much a granule, 1/s.
    releasing: &'static [&'static str],
}

const CHEN: Preset = Preset {
    calcium: Handling { domain_conductance: 250.0, cytosol_conductance: 62.5, domains: 4.2e-15, exchange: 200.0 },
    pools: &[
        ("N6", 218.017_777),
        ("N5", 24.539_936),
        ("N1", 14.713_76),
        ("N2", 0.612_519),
        ("N3", 0.008_449_9),
        ("N4", 5.098_857e-6),
        ("NF", 0.003_399),
        ("NR", 0.509_885_75),
    ],
    steps: &[
        ("", "N6", "glucose * 1.205 * ci / (ci + 2.3)"),
        ("N6", "", "1e-4"),
        ("N6", "N5", "0.006 * ci / (ci + 2.3)"),
        ("N5", "N6", "0.001"),
        ("N5", "N1", "0.6"),
        ("N1", "N5", "1"),
        ("N1", "N2", "60 * md"),
        ("N2", "N1", "100"),
        ("N2", "N3", "40 * md"),
        ("N3", "N2", "200"),
        ("N3", "N4", "20 * md"),
        ("N4", "N3", "300"),
        ("N4", "NF", "2000"),
        ("NF", "NR", "3"),
    ],
    releasing: &["NR"],
};

const PEDERSEN: Preset = Preset {
    calcium: Handling {
        domain_conductance: 150.0,
        cytosol_conductance: 150.0,
        domains: 0.003_85e-15,
        exchange: 17_250.0,
    },
    pools: &[
        ("NA", 964.8),
        ("ND", 12.06),
        ("N6", 297.17),
        ("N5", 38.45),
        ("N1", 7.69),
        ("NF", 1.5e-7),
        ("NR", 2.3e-5),
        ("NFH", 8e-5),
        ("NRH", 0.012),
    ],
    steps: &[
        ("", "NA", "glucose * 0.224 * ci / (ci + 0.01)"),
        ("NA", "", "2e-4"),
        ("NA", "ND", "0.002"),
        ("ND", "NA", "0.16"),
        ("ND", "N6", "0.002"),
        ("N6", "ND", "7e-5"),
        ("N6", "N5", "1.5e-4 * ci / (ci + 0.01)"),
        ("N5", "N6", "0.001"),
        ("N5", "N1", "0.005"),
        ("N1", "N5", "0.025"),
        ("N1", "NF", "30 * md^4 / (22^4 + md^4)"),
        ("NF", "NR", "3"),
        ("ND", "NFH", "30 * ci^4 / (2.5^4 + ci^4)"),
        ("NFH", "NRH", "3"),
    ],
    releasing: &["NR", "NRH"],
};
/// How often a granule that has fused releases, 1/s.
const RELEASE: f64 = 0.02;

fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    let preset = if table.text("preset") == "chen2008" { &CHEN } else { &PEDERSEN };
    let follows = follow_calcium(&preset.calcium, table, to)?;
    let mut pools: Vec<(&str, Species)> = Vec::new();
    for &(name, granules) in preset.pools {
        let pool = to.state(name, granules);
        to.is_vesicle(pool);
        pools.push((name, pool));
    }
    let pool = |name: &str| pools.iter().find(|p| p.0 == name).map(|p| p.1);
    for &(from, next, rate) in preset.steps {
        let (from, next) = (pool(from), pool(next));
        let law = law(rate, from, table.number("glucose"), &follows);
        to.channel(Channel::new(from.as_slice(), next.as_slice(), law, Passage::Internal));
    }
    let mut gives = Vec::new();
    if let Some(place) = table.opt_text("to") {
        let (place, molecules) = (to.place(place, table.span_of("to"))?, table.integer("molecules") as u32);
        if molecules == 1 {
            to.is_vesicle(place);
        }
        gives.push((place, molecules));
    }
    for of in preset.releasing.iter().filter_map(|name| pool(name)) {
        let law = Law::FirstOrder { k: RELEASE, of };
        to.channel(Channel { takes: vec![(of, 1)], gives: gives.clone(), law, passage: Passage::Forward });
    }
    Ok(())
}

/// Works calcium out and makes it known; the names of its two waveforms.
fn follow_calcium(calcium: &Handling, table: &Table, to: &mut PathwayBuilder<'_>) -> Result<[Arc<str>; 2], Diagnostic> {
    let voltage = to.waveform(table.text("voltage"), table.span_of("voltage"), Dimension::VOLTAGE)?;
    let Some(traces) = calcium.trace(&voltage, to.end()) else {
        let message = format!("calcium of `{}` cannot be followed", table.path);
        return Err(Diagnostic::error("E0607", table.span_of("voltage"), message, "under this voltage"));
    };
    let names = ["md", "ci"].map(|name| Arc::from(format!("{}.{name}", to.name())));
    for (name, trace) in names.iter().zip(traces) {
        to.add_waveform(name, trace);
    }
    Ok(names)
}

/// `rate` for each granule in `of`.
fn law(rate: &str, of: Option<Species>, glucose: f64, follows: &[Arc<str>; 2]) -> Law {
    if let (Ok(k), Some(of)) = (rate.parse(), of) {
        return Law::FirstOrder { k, of };
    }
    let variable = |index: usize| Some(Symbol::Variable { index: index as u32, scale: 1.0 });
    let text = if of.is_some() { format!("n * {rate}") } else { rate.to_owned() };
    let law = Expression::parse(&text, &mut |name| match name {
        Name::Plain("n") => variable(0),
        Name::Plain("md") => variable(READS_MAX),
        Name::Plain("ci") => variable(READS_MAX + 1),
        Name::Plain("glucose") => Some(Symbol::Constant(glucose)),
        _ => None,
    });
    let law = Arc::new(law.expect("the laws of presets are laws"));
    Law::Expression { law, reads: of.into_iter().collect(), follows: follows.to_vec() }
}
