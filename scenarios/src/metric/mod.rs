//! `[metric.NAME]`: numbers that are made from what the runs of a study have measured: a fit over a sweep, a comparison of
//! points, a ratio of windows. A kind is one file and one line in [`METRICS`].
//!
//! ```text
//! StoredRun --readings--> a few numbers a run --rows--> estimates with intervals, notes (MetricTable)
//! ```
//! A metric changes no run: it reads what is there, and what it needs besides are further points, which share the random
//! numbers of the others. Nothing of it is part of a run's identity, so that it may be added to a study that is finished.

mod accumulation;
mod balance;
mod clearance;
mod content;
mod control;
mod dose_response;
mod drift;
mod exposure;
mod gather;
pub mod hill;
mod moments;
mod paired_pulse;
mod per_spike;
mod quantal;
mod ratio;
mod reading;
mod regulation;
mod resample;
mod vary;
mod view;

use std::cell::RefCell;
use std::fmt::Debug;

use models::{Family, Kind, Registry};
use sim_core::config::{Diagnostic, Diagnostics, Field, Kinds, Node, Section, Shape, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::stats::Window;

pub use control::CONTROL;
pub(crate) use gather::Gathered;
pub(crate) use reading::Known;
pub(crate) use vary::{Pair, Varied, vary};
pub use view::View;

use crate::results::record::StoredRun;
use crate::tables::{Axis, MetricTable};

/// The section.
pub(crate) const SECTION: Section = Section {
    name: "metric",
    shape: Shape::Keyed,
    family: Some("metric"),
    fields: &[],
    doc: "A number made from what the runs have measured.",
};

/// The kinds of metrics.
pub const METRICS: &[Kind<MakeMetric>] = &[
    dose_response::KIND,
    control::KIND,
    regulation::KIND,
    exposure::KIND,
    clearance::KIND,
    accumulation::KIND,
    balance::KIND,
    drift::KIND,
    moments::KIND,
    per_spike::KIND,
    paired_pulse::KIND,
    quantal::KIND,
];

/// Makes a metric from its checked table; none if it is left out, which a warning says.
///
/// Fails with what is wrong with it.
pub type MakeMetric = fn(&Table, &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic>;

/// A metric, ready to compute.
pub trait Metric: Debug + Send + Sync {
    /// The parameters that it varies by itself: each point of the sweep is run with each of them less and more.
    fn varied(&self) -> &[Varied] {
        &[]
    }
    /// What it takes of a run: always so many numbers, NaN where there is none.
    fn readings(&self, run: &StoredRun) -> Vec<f64>;
    /// What it makes of the readings of all runs.
    fn tell(&self, study: &View<'_>, to: &mut MetricTable);
}

/// What a metric may look at when it is made.
pub struct Context<'a> {
    /// The checked scenario without the sweep's values.
    pub(crate) scenario: &'a Table,
    /// What runs measure.
    pub(crate) known: &'a Known,
    /// The axes of the sweep.
    pub(crate) axes: &'a [&'a Axis],
    /// What part of a run is measured, at the first point.
    pub(crate) window: Window,
    /// What is doubtful.
    warnings: RefCell<Diagnostics>,
}

impl<'a> Context<'a> {
    /// What metrics of `scenario` may look at.
    pub(crate) fn new(scenario: &'a Table, known: &'a Known, axes: &'a [&'a Axis], window: Window) -> Self {
        Self { scenario, known, axes, window, warnings: RefCell::default() }
    }
}

impl Context<'_> {
    fn warn(&self, d: Diagnostic) {
        self.warnings.borrow_mut().push(d);
    }
    /// The beginning and the end, in s, of the stretch of time under `key`; the run's window unless it is given.
    ///
    /// Fails if it is not within a run.
    fn stretch(&self, table: &Table, key: &str) -> Result<(f64, f64), Diagnostic> {
        let Some(given) = self.opt_stretch(table, key)? else {
            return Ok((self.window.warmup.as_secs_f64(), self.window.end.as_secs_f64()));
        };
        Ok(given)
    }
    /// The same; none unless it is given.
    fn opt_stretch(&self, table: &Table, key: &str) -> Result<Option<(f64, f64)>, Diagnostic> {
        let Some(value) = table.get(key) else { return Ok(None) };
        let times: Vec<f64> = table.list(key).iter().filter_map(|v| Some(v.as_quantity()?.value)).collect();
        let end = self.window.end.as_secs_f64();
        let wrong = |message: String| {
            let d = Diagnostic::error("E0433", value.span, message, "expected a beginning and an end within the run");
            Err(d.help("for example `[\"12 min\", \"15 min\"]`"))
        };
        match times[..] {
            [from, to] if from >= to => wrong(format!("`{}.{key}` is no stretch of time", table.path)),
            [_, to] if to > end => wrong(format!("`{}.{key}` ends after the run, at {end} s", table.path)),
            // Series have bins: less than one of them has no value.
            [from, to] if (to - from) * f64::from(self.window.bins) < end => {
                wrong(format!("`{}.{key}` is shorter than a bin of the series", table.path))
            }
            [from, to] => Ok(Some((from, to))),
            _ => wrong(format!("`{}.{key}` has {} times", table.path, times.len())),
        }
    }
}

/// The field of a stretch of time.
const fn stretch(name: &'static str, doc: &'static str) -> Field {
    Field::optional(name, Type::List(&Type::Quantity(&[Dimension::TIME])), doc)
}

/// A metric with its name, and what it is given to look at.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) metric: Box<dyn Metric>,
    /// By point of the sweep, by varied parameter: the points where it is less and more.
    pub(crate) pairs: Vec<Vec<Pair>>,
}

/// The metrics of a checked scenario.
pub(crate) fn read(scenario: &Table, context: &Context<'_>, found: &mut Diagnostics) -> Vec<Named> {
    let family = Family::new(METRICS);
    let mut all = Vec::new();
    for (name, table) in scenario.named("metric").filter(|(_, t)| !t.has_wrong()) {
        let Some(kind) = family.get(table.kind()) else { continue };
        if context.known.components().any(|c| c == name) {
            let message = format!("`{name}` is measured already");
            let d = Diagnostic::error("E0431", table.span, message, "tables could not tell them apart");
            found.push(d.help("give the metric another name"));
            continue;
        }
        match (kind.make)(table, context) {
            Ok(Some(metric)) => {
                let (name, kind) = (name.to_owned(), kind.name.to_owned());
                all.push(Named { name, kind, metric, pairs: Vec::new() });
            }
            Ok(None) => {}
            Err(d) => found.push(d),
        }
    }
    found.extend(context.warnings.take());
    all
}

/// The kinds of elements, and those of metrics, for the check and for reference pages.
#[derive(Clone, Copy, Debug)]
pub struct AllKinds<'a>(pub &'a Registry);

impl Kinds for AllKinds<'_> {
    fn names(&self, family: &str) -> Vec<&'static str> {
        if family == "metric" { METRICS.iter().map(|k| k.name).collect() } else { self.0.names(family) }
    }
    fn fields(&self, family: &str, kind: &str) -> Option<&'static [Field]> {
        match family {
            "metric" => METRICS.iter().find(|k| k.name == kind).map(|k| k.fields),
            _ => self.0.fields(family, kind),
        }
    }
    fn doc(&self, family: &str, kind: &str) -> Option<&'static str> {
        match family {
            "metric" => METRICS.iter().find(|k| k.name == kind).map(|k| k.doc),
            _ => self.0.doc(family, kind),
        }
    }
    fn open(&self, section: &str, root: &Node) -> bool {
        self.0.open(section, root)
    }
}

#[cfg(test)]
mod tests;
