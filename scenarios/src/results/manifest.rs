//! `manifest.json`: what was run, from what, and what became of it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sim_core::SimTime;
use sim_core::stats::{Component, ComponentKind};

use super::files::write_file;
use crate::error::StudyError;
use crate::plan::Plan;
use crate::scenario::{PreparedPoint, Variant};
use crate::tables::Axis;

/// The layout of the folder; another number is another layout.
pub const SCHEMA_VERSION: u32 = 1;

/// The content of `manifest.json`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Manifest {
    /// The layout of the folder.
    pub schema_version: u32,
    /// The program that wrote it.
    pub program: String,
    /// Its version.
    pub version: String,
    /// BLAKE3 of the executables that made the runs, the present one last: builds of one version may differ.
    #[serde(default)]
    pub executables: Vec<String>,
    /// Where the study stands.
    pub status: Status,
    /// The scenario's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The hash of the scenario without its name, seed, replications, sweep, metrics and figures.
    pub study: String,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Whether the seed was drawn, not given.
    pub seed_drawn: bool,
    /// Runs of each point.
    pub replications: u32,
    /// The confidence of intervals, 0 to 1.
    pub confidence: f64,
    /// Where statistics begin, in s (at the first point).
    pub warmup_s: f64,
    /// The end of a run, in s (at the first point).
    pub end_s: f64,
    /// Whether anything is drawn: if not, one replication is as good as many.
    #[serde(default = "is_drawn")]
    pub chance: bool,
    /// How many bins figures have, if the scenario says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure_bins: Option<u32>,
    /// The command line.
    pub command: Vec<String>,
    /// Files that the scenario names, and the scenario itself.
    pub inputs: Vec<Input>,
    /// The sweep.
    pub axes: Vec<StoredAxis>,
    /// The hash of each point's resolved scenario.
    pub points: Vec<String>,
    /// The points that metrics need besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<StoredVariant>,
    /// What is measured, at the first point.
    pub components: Vec<StoredComponent>,
    /// How many runs there are.
    pub counts: Counts,
    /// The self-checks.
    pub checks: CheckSummary,
    /// What is to be said of metrics, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Findings that did not stop the study, in words.
    pub warnings: Vec<String>,
}

/// What manifests without that entry are of.
fn is_drawn() -> bool {
    true
}

/// Where a study stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Runs are being made, or the process was killed.
    Running,
    /// It was interrupted in an orderly way: the tables hold what was done.
    Interrupted,
    /// All runs were made.
    Done,
}

/// A file and what it held.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Input {
    /// As the scenario names it.
    pub file: String,
    /// BLAKE3 of its content.
    pub blake3: String,
}

/// How many runs there are, and what they took.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Counts {
    /// Points times replications.
    pub planned: u64,
    /// Runs that came to their end.
    pub done: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Events of all runs.
    pub events: u64,
}

/// What the self-checks of all runs came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct CheckSummary {
    /// Comparisons made: conservation, Little's law, the utilization law.
    pub made: u64,
    /// How many did not hold.
    pub violated: u64,
    /// The first of those, in words, with the run.
    pub violations: Vec<String>,
}

/// A point of the sweep with one parameter varied.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct StoredVariant {
    /// The hash of its resolved scenario.
    pub id: String,
    /// The point of the sweep.
    pub of: usize,
    /// The parameter's path.
    pub path: String,
    /// Its value, as in a scenario.
    pub value: String,
}

impl From<(&Variant, &PreparedPoint)> for StoredVariant {
    fn from((variant, point): (&Variant, &PreparedPoint)) -> Self {
        let Variant { of, path, value } = variant.clone();
        Self { id: point.id.clone(), of, path, value }
    }
}

/// An [`Axis`], as stored.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct StoredAxis {
    name: String,
    unit: String,
    labels: Vec<String>,
    values: Option<Vec<f64>>,
    log: bool,
}

/// A [`Component`], as stored.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct StoredComponent {
    name: String,
    entity: String,
    #[serde(flatten)]
    kind: StoredKind,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum StoredKind {
    Station {
        servers: u32,
        #[serde(default)]
        paced: bool,
    },
    Gate,
    Flow,
    Share,
    Asked,
    Variable,
    Exit {
        of: u32,
    },
    Sample {
        of: u32,
        at_ps: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extra: Option<u8>,
    },
    Passed {
        of: u32,
        from_ps: u64,
        until_ps: u64,
    },
    Dwell {
        of: u32,
        bursts: bool,
    },
    Population {
        initial: f64,
        tagged: bool,
    },
    Pathway {
        saturable: bool,
    },
}

impl Manifest {
    /// The manifest of a folder, if there is one.
    ///
    /// Fails if it cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>, StudyError> {
        let path = folder.join("manifest.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(e) => return Err(StudyError::io("read", &path)(e)),
        };
        let damaged = |reason: String| StudyError::Damaged { path: path.clone(), reason };
        let manifest: Self = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        if manifest.schema_version != SCHEMA_VERSION {
            let reason = format!("layout {}, this program knows {SCHEMA_VERSION}", manifest.schema_version);
            return Err(damaged(reason));
        }
        Ok(Some(manifest))
    }
    /// Writes it into `folder`, whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), StudyError> {
        let path = folder.join("manifest.json");
        let mut text = serde_json::to_string_pretty(self).map_err(|e| StudyError::io("write", &path)(e.into()))?;
        text.push('\n');
        write_file(&path, text.as_bytes())
    }
    /// Points, those of metrics included, and replications.
    pub fn plan(&self) -> Plan {
        Plan { points: self.points.len() + self.variants.len(), replications: self.replications }
    }
    /// What the folder holds, for messages.
    pub(crate) fn describe(&self) -> String {
        format!("{} {} of {} {}", self.name, self.study, self.program, self.version)
    }
}

impl From<&Axis> for StoredAxis {
    fn from(a: &Axis) -> Self {
        let Axis { name, unit, labels, values, log } = a.clone();
        Self { name, unit, labels, values, log }
    }
}

impl From<StoredAxis> for Axis {
    fn from(a: StoredAxis) -> Self {
        let StoredAxis { name, unit, labels, values, log } = a;
        Self { name, unit, labels, values, log }
    }
}

impl From<&Component> for StoredComponent {
    fn from(c: &Component) -> Self {
        let kind = match c.kind {
            ComponentKind::Station { servers, paced } => StoredKind::Station { servers, paced },
            ComponentKind::Gate => StoredKind::Gate,
            ComponentKind::Flow => StoredKind::Flow,
            ComponentKind::Population { initial, tagged } => StoredKind::Population { initial, tagged },
            ComponentKind::Variable => StoredKind::Variable,
            ComponentKind::Pathway { saturable } => StoredKind::Pathway { saturable },
            ComponentKind::Exit { of } => StoredKind::Exit { of },
            ComponentKind::Sample { of, at, extra } => StoredKind::Sample { of, at_ps: at.ticks(), extra },
            ComponentKind::Passed { of, from, until } => {
                StoredKind::Passed { of, from_ps: from.ticks(), until_ps: until.ticks() }
            }
            ComponentKind::Dwell { of, bursts } => StoredKind::Dwell { of, bursts },
            ComponentKind::Share => StoredKind::Share,
            ComponentKind::Asked => StoredKind::Asked,
        };
        Self { name: c.name.clone(), entity: c.entity.to_owned(), kind }
    }
}

/// What components of the program's own kinds hold.
const ENTITIES: [&str; 13] = [
    "packet", "molecule", "vesicle", "transfer", "ion", "carrier", "channel", "site", "opening", "stay", "burst",
    "entity", "1",
];

impl From<StoredComponent> for Component {
    fn from(c: StoredComponent) -> Self {
        let kind = match c.kind {
            StoredKind::Station { servers, paced } => ComponentKind::Station { servers, paced },
            StoredKind::Gate => ComponentKind::Gate,
            StoredKind::Flow => ComponentKind::Flow,
            StoredKind::Population { initial, tagged } => ComponentKind::Population { initial, tagged },
            StoredKind::Variable => ComponentKind::Variable,
            StoredKind::Pathway { saturable } => ComponentKind::Pathway { saturable },
            StoredKind::Exit { of } => ComponentKind::Exit { of },
            StoredKind::Sample { of, at_ps, extra } => {
                ComponentKind::Sample { of, at: SimTime::from_ticks(at_ps), extra }
            }
            StoredKind::Passed { of, from_ps, until_ps } => {
                ComponentKind::Passed { of, from: SimTime::from_ticks(from_ps), until: SimTime::from_ticks(until_ps) }
            }
            StoredKind::Dwell { of, bursts } => ComponentKind::Dwell { of, bursts },
            StoredKind::Share => ComponentKind::Share,
            StoredKind::Asked => ComponentKind::Asked,
        };
        let entity = ENTITIES.iter().copied().find(|e| *e == c.entity).unwrap_or("entity");
        Self::new(c.name, kind, entity)
    }
}
