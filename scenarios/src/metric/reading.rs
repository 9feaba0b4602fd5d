//! What a metric reads of each run: a number of it, or the mean of a series over a stretch of time.
//!
//! A number is called as in `summary.csv`: `COMPONENT.METRIC`, or `COMPONENT.METRIC.STAT` where the usual statistic
//! (`time_mean` of levels, else `mean`) is not meant.

use sim_core::config::{Diagnostic, Span, did_you_mean};
use sim_core::stats::{Component, Measure, series_of};

use super::Context;
use crate::results::fold::beside;
use crate::results::record::{MeasureKey, StoredRun};

/// The numbers and the series that runs have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    numbers: Vec<MeasureKey>,
    /// Component and metric.
    series: Vec<(String, String)>,
}

impl Known {
    /// What runs of a system with these components measure.
    pub(crate) fn new(components: &[Component], numbers: &[Measure]) -> Self {
        let name = |c: u32| components[c as usize].name.clone();
        let key = |m: &Measure| MeasureKey {
            component: name(m.component),
            metric: m.metric.into(),
            stat: m.stat.into(),
            unit: m.unit.into(),
        };
        let series = series_of(components).into_iter().map(|s| (name(s.component), s.metric.to_owned()));
        Self { numbers: numbers.iter().map(key).collect(), series: series.collect() }
    }
    /// The names of all that is measured, some more than once.
    pub(crate) fn components(&self) -> impl Iterator<Item = &str> {
        self.numbers.iter().map(|k| k.component.as_str())
    }
    /// All series: component and metric.
    pub(crate) fn series(&self) -> impl Iterator<Item = (&str, &str)> {
        self.series.iter().map(|(component, metric)| (component.as_str(), metric.as_str()))
    }
    /// All that summaries may tell: component, metric and statistic. Beside the numbers of runs there are those that are made of
    /// all replications together.
    pub(crate) fn told(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.numbers.iter().flat_map(|k| {
            let component = k.component.as_str();
            let further = beside(&k.metric).into_iter().map(move |(metric, stat)| (component, metric, stat));
            std::iter::once((component, k.metric.as_str(), k.stat.as_str())).chain(further)
        })
    }
    /// What passes the pathway `of` at each spike that a probe looks at: the spike, counted from 1, and the number.
    pub(super) fn at_spikes(&self, of: &str) -> Vec<(u64, MeasureKey)> {
        let spike = |k: &MeasureKey| k.component.strip_prefix(of)?.strip_prefix("@spike ")?.parse().ok();
        let mut all: Vec<(u64, MeasureKey)> =
            self.numbers.iter().filter_map(|k| Some((spike(k)?, k.clone()))).collect();
        all.sort_by_key(|(spike, _)| *spike);
        all
    }
    /// The number called `text`.
    fn find(&self, text: &str) -> Option<&MeasureKey> {
        let called = |k: &&MeasureKey| {
            let rest = text.strip_prefix(k.component.as_str()).and_then(|r| r.strip_prefix('.'));
            let rest = rest.and_then(|r| r.strip_prefix(k.metric.as_str()));
            rest.is_some_and(|r| r.is_empty() || r.strip_prefix('.') == Some(k.stat.as_str()))
        };
        let all = || self.numbers.iter().filter(called);
        let usual = |stat: &str| all().find(|k| k.stat == stat);
        usual("time_mean").or_else(|| usual("mean")).or_else(|| all().next())
    }
    /// What is wrong with `text`, which calls nothing.
    fn unknown(&self, text: &str, span: Span) -> Diagnostic {
        let component = self.components().filter(|c| text.strip_prefix(*c).is_some_and(|r| r.starts_with('.')));
        let Some(component) = component.max_by_key(|c| c.len()) else {
            let message = format!("nothing that is measured is called `{text}`");
            let d = Diagnostic::error("E0430", span, message, "expected `COMPONENT.METRIC`");
            let called: Vec<String> = self.numbers.iter().map(|k| format!("{}.{}", k.component, k.metric)).collect();
            let near = did_you_mean(text, called.iter().map(String::as_str));
            return d.help(near.unwrap_or_else(|| "as in `summary.csv`, such as `cell.drug.occupancy`".into()));
        };
        let mut metrics: Vec<&str> =
            self.numbers.iter().filter(|k| k.component == component).map(|k| k.metric.as_str()).collect();
        metrics.dedup();
        let wanted = &text[component.len() + 1..];
        let message = format!("`{component}` has no number called `{wanted}`");
        let d = Diagnostic::error("E0430", span, message, "no metric of it");
        let all = format!("there are: {}", metrics.join(", "));
        d.help(did_you_mean(wanted, metrics.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}")))
    }
}

/// What is read of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) key: MeasureKey,
    /// Over which stretch of time, in s; else the run's own number.
    pub(super) over: Option<(f64, f64)>,
}

impl Reading {
    /// The number called `text`, which stands at `span`.
    ///
    /// Fails if there is none.
    pub(super) fn new(text: &str, span: Span, context: &Context<'_>) -> Result<Self, Diagnostic> {
        let key = context.known.find(text).ok_or_else(|| context.known.unknown(text, span))?;
        Ok(Self { key: key.clone(), over: None })
    }
    /// The mean of its series over a stretch of time.
    ///
    /// Fails if there is no series of it.
    pub(super) fn over(self, over: (f64, f64), span: Span, context: &Context<'_>) -> Result<Self, Diagnostic> {
        self.check_series(span, context)?;
        Ok(Self { over: Some(over), ..self })
    }
    /// That there is a series of it.
    pub(super) fn check_series(&self, span: Span, context: &Context<'_>) -> Result<(), Diagnostic> {
        let is_it = |s: &(String, String)| s.0 == self.key.component && s.1 == self.key.metric;
        if matches!(self.key.stat.as_str(), "time_mean" | "mean") && context.known.series.iter().any(is_it) {
            return Ok(());
        }
        let message = format!("there is no series of `{}`", self.name());
        let d = Diagnostic::error("E0430", span, message, "known for the run as a whole only");
        Err(d.help("series are of `occupancy`, `throughput` and `utilization`: see `series/`"))
    }
    /// What it is called.
    pub(super) fn name(&self) -> String {
        let usual = matches!(self.key.stat.as_str(), "time_mean" | "mean");
        let stat = if usual { String::new() } else { format!(".{}", self.key.stat) };
        format!("{}.{}{stat}", self.key.component, self.key.metric)
    }
    /// Its value in a run; NaN if there is none.
    pub(super) fn take(&self, run: &StoredRun) -> f64 {
        match self.over {
            None => run.measures.iter().find(|m| m.key == self.key).map_or(f64::NAN, |m| m.value),
            Some((from, to)) => self.bins(run, from, to).map_or(f64::NAN, mean),
        }
    }
    /// The bins of its series that are within a stretch of time.
    pub(super) fn bins<'a>(&self, run: &'a StoredRun, from: f64, to: f64) -> Option<&'a [f64]> {
        let series = run.series.iter().find(|s| s.component == self.key.component && s.metric == self.key.metric)?;
        // An edge that is a bin's but for rounding is meant to be.
        let first = (from / run.bin - 1e-6).ceil().max(0.0) as usize;
        let end = ((to / run.bin + 1e-6).floor() as usize).min(series.values.len());
        series.values.get(first..end).filter(|bins| !bins.is_empty())
    }
}

/// The mean of some numbers.
pub(super) fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len() as f64
}
