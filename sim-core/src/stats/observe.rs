//! Runs a model and watches it: the measures, the series and the laws.

use std::sync::atomic::AtomicBool;

use super::component::{Component, Measure};
use super::report::{Checks, Report};
use super::series::{Recorder, Series};
use super::sketch::Sketch;
use super::statistics::Statistics;
use super::window::{Opening, Window};
use crate::engine::{Engine, Model, RunError};
use crate::probe::{NoProbe, Probe};
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
    /// What lies before is not measured.
    fn open_window(&mut self);
    /// Adds its numbers of the window.
    fn report(&self, window: Window, components: &[Component], out: &mut Vec<Measure>);
}

impl Watch for NoProbe {
    fn open_window(&mut self) {}
    fn report(&self, _window: Window, _components: &[Component], _out: &mut Vec<Measure>) {}
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
    let mut engine = Engine::new(model, (Statistics::new(components), watch));
    let mut recorder = Recorder::new(components, window);
    let mut opening = None;
    for bin in 0..window.bins {
        let edge = recorder.edge(bin + 1);
        if opening.is_none() && window.warmup < edge {
            opening = Some(open(&mut engine, window.warmup, cancel)?);
        }
        engine.run_unless(cancel, edge)?;
        engine.probe_mut().0.advance(edge);
        recorder.record(&engine.probe().0);
    }
    let opening = opening.expect("the window opens before the end");
    engine.census(window.end);
    let closing = engine.probe_mut().0.take_census();
    let events = engine.run_until(window.end)?.events;
    let (_, (statistics, watch)) = engine.into_parts();
    let report = Report { components, window, opening, closing, statistics };
    let mut measures = report.measures();
    watch.report(window, components, &mut measures);
    Ok(RunRecord { measures, series: recorder.series, sojourns: report.sojourns(), checks: report.checks(), events })
}

fn open<W: Watch, M: Model<(Statistics, W)>>(
    engine: &mut Engine<M, (Statistics, W)>,
    at: SimTime,
    cancel: &AtomicBool,
) -> Result<Opening, RunError> {
    engine.run_unless(cancel, at)?;
    engine.census(at);
    let (probe, watch) = engine.probe_mut();
    watch.open_window();
    probe.advance(at);
    probe.open_window();
    Ok(Opening { totals: probe.snapshot(), census: probe.take_census() })
}
