//! Scenario files, studies, runs and results.
//!
//! The trip of a user's data, one module a step: [`text`] (file to tree) -> [`scenario`] (typed) -> [`plan`] (points times
//! replications) -> [`study`] (runs) -> [`results`] (folder) -> [`tables`] -> figures (in the crate `viz`).

#![forbid(unsafe_code)]

pub mod attribution;
pub mod error;
pub mod figure;
#[cfg(test)]
mod fixture;
mod identity;
pub mod library;
pub mod metric;
pub mod plan;
pub mod results;
pub mod sbml;
pub mod scenario;
pub mod sections;
pub mod study;
pub mod summary;
mod sweep;
pub mod tables;
pub mod text;
pub mod validation;

pub use error::StudyError;
pub use figure::FigureRequest;
pub use identity::InputFile;
pub use scenario::{LoadError, Overrides, Scenario, Source, sections};
pub use study::{Outcome, Progress, RunOptions, Study, run_once};
