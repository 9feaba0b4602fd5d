//! A rate that follows a waveform: arrivals come where the integral of the rate has reached exponential variates, exactly.

use sim_core::config::{Diagnostics, Field, Table, Type};
use sim_core::quantity::Quantity;
use sim_core::{SimDuration, SimTime};

use crate::BuildContext;
use crate::common::waveform::Course;

/// The key `shape` of traffic that comes at random.
pub(super) const SHAPE: Field = Field::optional(
    "shape",
    Type::Reference("waveform"),
    "The [waveform.NAME] that multiplies the rate (a diurnal course).",
);

/// What a rate is multiplied by as time goes by.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// The greatest value of its course.
    pub(super) max: f64,
    course: Course,
    /// When the last arrival was, in ticks.
    at: u64,
}

impl Shape {
    /// That of the checked table of traffic, if it has one.
    pub(super) fn read(table: &Table, context: &BuildContext<'_>) -> Result<Option<Self>, Diagnostics> {
        let Some(name) = table.opt_text("shape") else { return Ok(None) };
        let shape = context.waveforms.factor(name, table.span_of("shape"))?;
        // The course is that of the run, whenever the traffic begins.
        let at = table.opt_quantity("start").and_then(Quantity::to_ticks).unwrap_or(0);
        Ok(Some(Self { max: shape.max(), course: Course::new(shape), at }))
    }
    /// What the rate is multiplied by.
    pub(super) fn course(&self) -> Course {
        self.course.clone()
    }
    /// How long after the last arrival the next one is, if the integral from one to the other is to be `area`, in ticks at a
    /// value of one; `None` if no run lasts as long.
    #[inline]
    pub(super) fn gap(&mut self, area: f64) -> Option<SimDuration> {
        let (gap, _) = self.course.reach(self.at, area)?;
        self.at += gap;
        Some(SimDuration::from_ticks(gap))
    }
    /// How long after `at` the integral has reached `area`, whenever arrivals were before; else as [`Shape::gap`].
    pub(super) fn gap_from(&mut self, at: SimTime, area: f64) -> Option<SimDuration> {
        self.at = at.ticks();
        self.gap(area)
    }
    /// Lets `ticks` pass, unless the integral reaches `area` before: how long until it does.
    pub(super) fn gap_within(&mut self, ticks: u64, area: f64) -> Option<u64> {
        let reached = self.course.reach(self.at, area).map(|(gap, _)| gap).filter(|gap| *gap <= ticks);
        self.at = self.at.saturating_add(reached.unwrap_or(ticks));
        reached
    }
    /// Lets `ticks` pass.
    pub(super) fn pass(&mut self, ticks: u64) {
        self.at = self.at.saturating_add(ticks);
    }
    /// Whether nothing comes any more in any run.
    pub(super) fn is_over(&mut self) -> bool {
        self.course.reach(self.at, 1.0).is_none()
    }
    #[cfg(test)]
    pub(super) fn of(shape: &crate::common::waveform::Waveform) -> Self {
        Self { max: shape.max(), course: Course::new(shape), at: 0 }
    }
}
