//! Runs a model and watches it: the measures, the series and the laws.

use std::sync::atomic::AtomicBool;

use super::component::{Component, Measure};
use super::due::Due;
use super::report::{Checks, Report};
use super::series::{Recorder, Series};
use super::sketch::Sketch;
use super::statistics::Statistics;
use super::window::{Opening, Window};
use crate::engine::{Engine, Model, RunError};
use crate::probe::{ComponentId, NoProbe, Probe};
use crate::time::SimTime;

/// Everything that one run is kept by.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    /// Numbers of the window.
    pub measures: Vec<Measure>,
    /// Binned series of the whole run.
    pub series: Series,
    /// Distributions of sojourn times in the window, by component.
    pub sojourns: Vec<(u32, Sketch)>,
    /// Whether the laws held.
    pub checks: Checks,
    /// Events handled.
    pub events: u64,
}

/// What watches a run beside [`Statistics`] and has numbers of its own to tell.
pub trait Watch: Probe {
    /// What lies before `at` is not measured.
    fn open_window(&mut self, at: SimTime);
    /// Adds its numbers of the window.
    fn report(&self, window: Window, components: &[Component], out: &mut Vec<Measure>);
    /// Adds its distributions of times in the window.
    fn sketches(&self, out: &mut Vec<(ComponentId, Sketch)>) {
        let _ = out;
    }
}

impl Watch for NoProbe {
    fn open_window(&mut self, _at: SimTime) {}
    fn report(&self, _window: Window, _components: &[Component], _out: &mut Vec<Measure>) {}
}

impl<A: Watch, B: Watch> Watch for (A, B) {
    fn open_window(&mut self, at: SimTime) {
        self.0.open_window(at);
        self.1.open_window(at);
    }
    fn report(&self, window: Window, components: &[Component], out: &mut Vec<Measure>) {
        self.0.report(window, components, out);
        self.1.report(window, components, out);
    }
    fn sketches(&self, out: &mut Vec<(ComponentId, Sketch)>) {
        self.0.sketches(out);
        self.1.sketches(out);
    }
}

impl<W: Watch> Watch for Option<W> {
    fn open_window(&mut self, at: SimTime) {
        if let Some(watch) = self {
            watch.open_window(at);
        }
    }
    fn report(&self, window: Window, components: &[Component], out: &mut Vec<Measure>) {
        if let Some(watch) = self {
            watch.report(window, components, out);
        }
    }
    fn sketches(&self, out: &mut Vec<(ComponentId, Sketch)>) {
        if let Some(watch) = self {
            watch.sketches(out);
        }
    }
}

/// Runs `model` over `window` and returns what was seen; gives up soon after `cancel` has become true.
///
/// Fails if the model does, or if it is given up. Violated laws are not an error here: they are in [`RunRecord::checks`].
pub fn observe<M: Model<(Statistics, NoProbe)>>(
    model: M,
    components: &[Component],
    window: Window,
    cancel: &AtomicBool,
) -> Result<RunRecord, RunError> {
    observe_with(NoProbe, model, components, window, cancel)
}

/// The same with something beside that watches too.
pub fn observe_with<W: Watch, M: Model<(Statistics, W)>>(
    watch: W,
    model: M,
    components: &[Component],
    window: Window,
    cancel: &AtomicBool,
) -> Result<RunRecord, RunError> {
    let engine = Engine::new(model, (Statistics::new(components), watch));
    let mut course = Course::new(engine, components, cancel);
    let mut recorder = Recorder::new(components, window);
    let mut opening = None;
    for bin in 0..window.bins {
        let edge = recorder.edge(bin + 1);
        if opening.is_none() && window.warmup < edge {
            opening = Some(course.open(window.warmup)?);
        }
        course.run_to(edge)?;
        course.engine.probe_mut().0.advance(edge);
        recorder.record(&course.engine.probe().0);
    }
    let opening = opening.expect("the window opens before the end");
    course.end(window.end);
    let mut engine = course.engine;
    engine.census(window.end);
    let closing = engine.probe_mut().0.take_census();
    let events = engine.run_until(window.end)?.events;
    let (_, (statistics, watch)) = engine.into_parts();
    let report = Report { components, window, opening, closing, statistics };
    let mut measures = report.measures();
    watch.report(window, components, &mut measures);
    let mut sojourns = report.sojourns();
    watch.sketches(&mut sojourns);
    Ok(RunRecord { measures, series: recorder.series, sojourns, checks: report.checks(), events })
}

/// A run on its way from one instant to look at it to the next.
struct Course<'a, W: Watch, M: Model<(Statistics, W)>> {
    engine: Engine<M, (Statistics, W)>,
    components: &'a [Component],
    cancel: &'a AtomicBool,
    /// What samples are taken, the last first.
    samples: Vec<Due>,
}

impl<'a, W: Watch, M: Model<(Statistics, W)>> Course<'a, W, M> {
    fn new(engine: Engine<M, (Statistics, W)>, components: &'a [Component], cancel: &'a AtomicBool) -> Self {
        let mut samples: Vec<Due> = components.iter().flat_map(|c| Due::of(c, components)).flatten().collect();
        samples.sort_unstable_by(|a, b| b.cmp(a));
        samples.dedup();
        Self { engine, components, cancel, samples }
    }
    /// Goes on to `at`, taking the samples that are due until then.
    fn run_to(&mut self, at: SimTime) -> Result<(), RunError> {
        let last = Due { at, with_instant: false };
        while let Some(due) = self.samples.pop_if(|due| *due <= last) {
            if due.with_instant {
                self.engine.run_through(self.cancel, due.at)?;
            } else {
                self.engine.run_unless(self.cancel, due.at)?;
            }
            self.engine.probe_mut().0.sample(self.components, due);
        }
        self.engine.run_unless(self.cancel, at)?;
        Ok(())
    }
    /// Takes the samples of the end of the run, `at` which it is: nothing happens there any more.
    fn end(&mut self, at: SimTime) {
        while let Some(due) = self.samples.pop_if(|due| due.at <= at) {
            self.engine.probe_mut().0.sample(self.components, due);
        }
    }
    /// Opens the window at `at`.
    fn open(&mut self, at: SimTime) -> Result<Opening, RunError> {
        self.run_to(at)?;
        self.engine.census(at);
        let (probe, watch) = self.engine.probe_mut();
        watch.open_window(at);
        probe.advance(at);
        probe.open_window();
        Ok(Opening { totals: probe.snapshot(), census: probe.take_census() })
    }
}
