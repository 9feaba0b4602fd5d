//! Statistics of one run: the same measures for cells and networks.
//!
//! [`observe`] runs a model from empty to `end`, watches its [`Component`]s and returns a [`RunRecord`]: the measures of
//! the window `[warmup, end)`, the binned series of the whole run, the distributions of times, and the result of the
//! laws that must hold in every run (conservation, Little's law, the utilization law).

mod attribution;
mod component;
mod due;
mod extra;
mod name;
mod observe;
mod passages;
mod places;
mod population;
mod report;
mod series;
mod sketch;
mod sketching;
mod states;
mod station;
mod statistics;
mod tails;
mod window;

pub use attribution::{Attribution, CAUSES, Grouping, Part};
pub use component::{Component, ComponentKind, Measure};
pub use extra::{Extra, Form};
pub use name::lasting;
pub use observe::{RunRecord, Watch, observe, observe_with};
pub use passages::{PassageQuestion, Passages};
pub use report::{Checks, numbers, numbers_with};
pub use series::{Series, SeriesRow, series_of};
pub use sketch::Sketch;
pub use states::{StateQuestion, States};
pub use statistics::Statistics;
pub use tails::{TailOf, TailQuestion, Tails};
pub use window::Window;
