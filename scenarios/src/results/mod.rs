//! The results folder of a study.
//!
//! ```text
//! manifest.json           what was run, from what, and what became of it; first written as running, last as it ended
//! scenario.toml           the scenario, verbatim
//! scenario.resolved.toml  the same with overrides, defaults and the seed
//! points.csv              the sweep's points
//! runs.csv                one row a run; the only table with wall-clock times
//! metrics.csv, .parquet   one row a number of a run
//! summary.csv             one row a number of a point: mean over replications, confidence interval, n
//! bottlenecks.csv         stations and pathways of each point, busiest first
//! distributions.csv       sojourn times, all replications together
//! series/point-00000.csv  series of a point, averaged over replications
//! journal/runs.jsonl      one line a finished run
//! runs/                   one file a finished run, from which all tables are made
//! ```
//!
//! A run is there if its journal line is and its file is whole: the file is written beside its place, synced and renamed
//! before the line is appended. Tables are made from run files in the order of points and replications, so that they are
//! the same bytes for any number of threads and however often the study was interrupted.

pub(crate) mod files;
pub(crate) mod fold;
pub mod manifest;
mod parquet;
pub mod record;
pub(crate) mod store;
pub(crate) mod write;

pub use write::load;
