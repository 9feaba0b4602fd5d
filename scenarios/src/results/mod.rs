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
//! journal/runs.bin        the finished runs, from which all tables are made
//! journal/runs.jsonl      one line each: where it is
//! ```
//!
//! A run is there if its journal line is and what the line names is whole. Tables are made from the runs in the order of
//! points and replications, so that they are the same bytes for any number of threads and however often the study was
//! interrupted.

pub(crate) mod caution;
mod cut;
pub(crate) mod files;
pub(crate) mod fold;
pub mod manifest;
mod parquet;
mod passage;
pub mod record;
pub(crate) mod store;
mod trend;
pub(crate) mod write;

pub use write::load;
