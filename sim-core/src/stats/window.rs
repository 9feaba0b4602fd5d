//! The part of a run that is measured.

use super::station::Census;
use super::statistics::Snapshot;
use crate::time::SimTime;

/// What part of a run the measures are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Measures begin here; series show everything.
    pub warmup: SimTime,
    /// The end of the run (exclusive).
    pub end: SimTime,
    /// Bins of the series.
    pub bins: u32,
}

/// The state at the opening of the window.
pub(super) struct Opening {
    pub(super) totals: Vec<Snapshot>,
    pub(super) census: Vec<Census>,
}
