//! The mean (`[run] fidelity = "mean"`): the same scenario as ordinary differential equations.
//!
//! ```text
//! dx/dt = sum over channels of (what it gives - what it takes) a(x, t)
//! ```
//! with the rates `a` of the channels at broken counts: `c x^n / n!` for n of a kind in place of the ways to choose them, laws as
//! they are written. For networks of first order this is the mean of the exact simulation; for others it is the limit of many
//! molecules (Kurtz 1972, doi:10.1063/1.1678692). A channel whose law does not read what it takes slows down as the last of it goes.
//! Nothing is drawn, so a point is one run, whatever the study's replications say.
//!
//! Times that are not exponential have a memory: see [`history`].
//!
//! At a spike of a train, filled release sites lose the share u of what they hold: exactly the mean, since u follows from the times of
//! the spikes. Times at which something happens (interventions, spikes, pieces of waveforms, edges of bins) end a step, and a step is never so long that it
//! could miss a surge of a waveform.
//!
//! Validated against: permeation and relaxation in closed form, the calcium sensors' release probabilities, the steady state of leak and
//! pump.

mod flow;
mod history;
mod observe;
mod times;

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;

use sim_core::config::{Diagnostic, Diagnostics, Table};
use sim_core::quantity::Quantity;
use sim_core::rng::Streams;
use sim_core::stats::{Component, RunRecord, Window, observe};
use sim_core::{Ctx, LevelTotals, Model, Priority, Probe, RunError, SimDuration, SimTime};

use self::flow::Flow;
use self::observe::Observers;
use self::times::Times;
use super::assemble::tables;
use super::network::NONE;
use super::releases::Releases;
use super::system::{Biology, Part};
use super::turnover::Turnover;
use super::watch;
use crate::System;
use crate::common::ode::{Esdirk, Pace, STAGES, Verdict, WEIGHTS, seconds};

/// Matrices of so many rows take half a second to factor.
const COUNTS_MAX: usize = 2000;

/// Whether a scenario asks for the mean.
pub(super) fn is_asked(scenario: &Table) -> bool {
    scenario.opt_table("run").and_then(|run| run.opt_text("fidelity")) == Some("mean")
}

/// Delays that would need more steps than this in a run are refused: some minutes of work.
const STEPS_MAX: f64 = 1e8;

/// A biological system whose mean is followed.
#[derive(Debug)]
pub(super) struct Mean(Biology);

impl Mean {
    /// Fails if there is something in `scenario` that a mean cannot follow.
    pub(super) fn new(mut system: Biology, scenario: &Table) -> Result<Self, Diagnostics> {
        let mut found = Diagnostics::default();
        let mut refuse = |span, message: String, label: &str| {
            let d = Diagnostic::error("E0630", span, message, label);
            found.push(d.help("leave it out, or leave out `fidelity = \"mean\"` to simulate molecules"));
        };
        for (_, _, table) in tables(scenario, "intervention").filter(|(.., t)| t.get("when").is_some()) {
            let message = format!("`{}` waits for a state of counts", table.path);
            refuse(table.span_of("when"), message, "a mean is followed through times only");
        }
        let parts = || system.parts.iter();
        let starts = parts().flat_map(|p| &p.network.starts).filter(|s| s.draws()).map(|s| &s.path);
        let jumps = parts().flat_map(|p| &p.phases[0].jumps).filter(|j| j.draws()).map(|j| &j.path);
        for path in starts.chain(jumps) {
            let all = ["variable", "intervention"].into_iter().flat_map(|section| tables(scenario, section));
            let table = { all }.find(|(.., t)| t.path == *path).map(|t| t.2);
            let key = |table: &Table| ["initial", "changes"].into_iter().find(|key| table.get(key).is_some());
            let span = table.and_then(|t| Some(t.span_of(key(t)?))).unwrap_or(scenario.span);
            refuse(span, format!("`{path}` draws"), "a mean draws nothing");
        }
        let run =
            scenario.table("run").opt_quantity("duration").and_then(Quantity::to_ticks).unwrap_or_default() as f64;
        for part in &system.parts {
            for (i, delay) in part.phases[0].delays.iter().enumerate() {
                let name = &part.network.channel_names[delay.channel as usize];
                let table = tables(scenario, "pathway").find(|(of, ..)| of == name).map(|t| t.2);
                let span = table.map_or(scenario.span, |table| table.span_of("delay"));
                let times = || part.phases.iter().map(|phase| Times::new(&phase.delays[i].time));
                if times().flatten().any(|times| run / times.step_max() > STEPS_MAX) {
                    let message = format!("`{name}` takes times that are too short against the run");
                    refuse(span, message, "a mean takes steps as short as these");
                }
                let Some(law) = times().find_map(Result::err) else { continue };
                let message = format!("`{name}` takes times whose law is {law}");
                refuse(
                    span,
                    message,
                    "a mean follows other times: constant, uniform, exponential, gamma, lognormal, hyperexponential",
                );
            }
        }
        let releases = || system.parts.iter().flat_map(|part| &part.phases[0].releases);
        for release in releases().filter(|r| r.train.is_drawn()) {
            let pathway = tables(scenario, "pathway").find(|(.., t)| t.path == release.path);
            let span = pathway.map_or(scenario.span, |(.., t)| t.span_of("spikes"));
            let message = format!("the spikes of `spikes.{}` are drawn", release.train_name);
            refuse(span, message, "a mean draws nothing");
        }
        let largest = system.parts.iter().filter(|p| p.network.channels() > 0);
        let largest = largest.map(|p| p.network.components.iter().filter(|c| **c != NONE).count()).max().unwrap_or(0);
        if largest > COUNTS_MAX {
            let message = format!("{largest} connected counts are too many for a mean");
            refuse(scenario.table("run").span_of("fidelity"), message, "at most 2000");
        }
        for (_, _, table) in tables(scenario, "probe").filter(|(.., t)| t.kind() != "count") {
            let message = format!("`{}` looks at whole molecules", table.path);
            system.warnings.push(Diagnostic::warning(
                "W0630",
                table.span,
                message,
                "a mean has none: it tells nothing",
            ));
        }
        if found.has_errors() { Err(found) } else { Ok(Self(system)) }
    }
}

impl System for Mean {
    fn components(&self) -> &[Component] {
        &self.0.components
    }
    fn run_unless(&self, cancel: &AtomicBool, _streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        let fault = RefCell::new(None);
        let run = Run {
            parts: self.0.parts.iter().map(|part| Course::new(part, window.end.ticks())).collect(),
            fault: &fault,
        };
        let record = observe(run, &self.0.components, window, cancel);
        fault.take().map_or(record, Err)
    }
    fn event_rate(&self) -> f64 {
        // It takes no events; steps are as long as the accuracy allows.
        1.0
    }
    fn warnings(&self) -> Diagnostics {
        self.0.warnings.clone()
    }
}

/// Phase `.0` begins.
#[derive(Clone, Copy, Debug)]
struct Begin(u32);

/// One run.
struct Run<'a> {
    parts: Vec<Course<'a>>,
    /// What kept it from going on, when: a model that settles has no way to tell.
    fault: &'a RefCell<Option<RunError>>,
}

impl Run<'_> {
    fn advance(&mut self, to: SimTime) {
        for part in &mut self.parts {
            if self.fault.borrow().is_some() {
                return;
            }
            if let Err(message) = part.advance(to.ticks()) {
                let at = SimTime::from_ticks(part.now);
                *self.fault.borrow_mut() = Some(RunError::Model { at, message });
            }
        }
    }
}

impl<P: Probe> Model<P> for Run<'_> {
    type Event = Begin;

    fn start(&mut self, ctx: &mut Ctx<'_, Begin, P>) {
        let phases = self.parts.first().map_or(&[][..], |part| &part.part.phases);
        for (i, phase) in (0..).zip(phases).skip(1) {
            ctx.after_with(SimDuration::from_ticks(phase.at), Priority::FIRST, Begin(i));
        }
    }
    fn handle(&mut self, Begin(i): Begin, ctx: &mut Ctx<'_, Begin, P>) {
        self.advance(ctx.now());
        for part in &mut self.parts {
            if let Err(fault) = part.begin_phase(i as usize) {
                ctx.fail(fault);
            }
        }
    }
    fn settle(&mut self, at: SimTime, probe: &mut P) {
        self.advance(at);
        for part in &mut self.parts {
            part.report(at, probe);
        }
    }
    fn element(&self, _event: Begin) -> String {
        String::from("an intervention")
    }
}

/// A part of a system on its way.
struct Course<'a> {
    part: &'a Part,
    phase: usize,
    flow: Flow<'a>,
    solver: Esdirk,
    /// Counts that can change.
    x: Vec<f64>,
    now: u64,
    pace: Pace,
    /// Releases at spikes, if there are any.
    sites: Option<Releases>,
    observers: Observers<'a>,
    /// By channel: how often it has fired.
    fired: Vec<f64>,
    /// By meter: the integral of the utilization, in ticks.
    busy: Vec<f64>,
    /// By place: what interventions have put in and taken out.
    dosed: Vec<(f64, f64)>,
    turnover: Turnover,
    /// By place: integrals of the count and of its square, in ticks; the greatest count since the last report.
    area: Vec<f64>,
    squares: Vec<f64>,
    max: Vec<f64>,
}

impl<'a> Course<'a> {
    /// `part` at the start of a run of so many ticks.
    fn new(part: &'a Part, run: u64) -> Self {
        // What is drawn has been refused.
        let initial = part.network.at_start(Streams::new(0, 0)).0;
        let flow = Flow::new(&part.network, &part.phases[0], &initial);
        let x: Vec<f64> = flow.free.iter().map(|&slot| initial[slot as usize]).collect();
        let n = x.len();
        Self {
            part,
            phase: 0,
            flow,
            solver: Esdirk::default(),
            max: x.clone(),
            x,
            now: 0,
            pace: Pace::new(),
            // Times that are drawn have been refused.
            sites: Releases::new(&part.phases[0].releases, Streams::new(0, 0)),
            observers: Observers::new(&part.network.observed, &part.phases[0], run),
            fired: vec![0.0; part.network.channels()],
            busy: vec![0.0; part.network.meters.len()],
            dosed: vec![(0.0, 0.0); n],
            turnover: Turnover::new(&part.network),
            area: vec![0.0; n],
            squares: vec![0.0; n],
        }
    }

    /// Goes on to `to`.
    ///
    /// Fails if there is no solution.
    fn advance(&mut self, to: u64) -> Result<(), String> {
        while self.now < to {
            let spike = self.sites.as_ref().map_or(u64::MAX, Releases::next);
            if spike <= self.now {
                self.spike();
                continue;
            }
            let leaving = self.flow.history.leaving();
            if !leaving.is_empty() {
                for l in leaving {
                    self.pass(l.channel, l.amount);
                }
                self.interrupt();
                continue;
            }
            let piece = self.flow.end(self.now).min(self.observers.end(self.now));
            let room = (to.min(spike).min(piece) - self.now).min(self.flow.history.room());
            let mut h = self.pace.step(room);
            while !(self.flow.look(self.now, h) && self.observers.look(self.now, h)) {
                h = (h / 2).max(1);
            }
            let error = self.solver.step(&mut self.flow, &self.x, seconds(h));
            let error = error.max(self.observers.error(&self.flow, h));
            if let Some((q, rate)) = self.flow.fault() {
                let network = &self.part.network;
                let channel = network.describe(q, &self.flow.x);
                return Err(format!("the rate of {channel} is {rate}, which is no rate"));
            }
            if let Some(fault) = self.observers.fault() {
                return Err(fault);
            }
            match self.pace.judge(h, room, error) {
                Verdict::Accepted => {
                    self.accept(h);
                    if self.now == piece {
                        self.flow.history.jump();
                    }
                }
                Verdict::TooLong => {}
                Verdict::Hopeless => {
                    return Err(String::from("no progress: the mean changes faster than the clock ticks"));
                }
            }
        }
        Ok(())
    }

    /// Enters the step of `h` ticks that the flow has seen last.
    fn accept(&mut self, h: u64) {
        let ticks = h as f64;
        for (i, weight) in (0..STAGES).zip(WEIGHTS) {
            for ((area, squares), x) in self.area.iter_mut().zip(&mut self.squares).zip(&self.flow.states[i]) {
                *area += ticks * weight * x;
                *squares += ticks * weight * x * x;
            }
        }
        let network = &self.part.network;
        for q in 0..network.channels() {
            let fired = (0..STAGES).map(|i| WEIGHTS[i] * self.flow.rates[i][q]).sum::<f64>() * seconds(h);
            self.fired[q] += fired;
        }
        // The last stage is the solution.
        self.x.copy_from_slice(&self.flow.states[STAGES - 1]);
        for (busy, &(channel, _)) in self.busy.iter_mut().zip(&network.meters) {
            let capacity = self.part.phases[self.phase].capacity[channel as usize];
            let rate = (0..STAGES).map(|i| WEIGHTS[i] * self.flow.rates[i][channel as usize]).sum::<f64>();
            *busy += if capacity > 0.0 { ticks * rate / capacity } else { 0.0 };
        }
        for (max, x) in self.max.iter_mut().zip(&self.x) {
            *max = max.max(*x);
        }
        self.observers.accept(h);
        self.now += h;
        self.flow.history.accept(h, &self.flow.rates);
    }

    /// So many pass by channel `q` at once.
    fn pass(&mut self, q: u32, amount: f64) {
        let network = &self.part.network;
        self.fired[q as usize] += amount;
        for &(slot, change) in network.changes.row(q as usize) {
            let at = self.flow.free.binary_search(&slot).expect("a slot that changes is free");
            if change > 0.0 {
                self.flow.history.change(slot, change * amount, self.x[at]);
            }
            self.x[at] += change * amount;
            self.max[at] = self.max[at].max(self.x[at]);
        }
    }

    /// Something has happened: what happens next may be faster than what went before.
    fn interrupt(&mut self) {
        self.flow.history.jump();
        self.solver.forget();
        self.pace = Pace::new();
    }

    /// There are spikes now: what the sites that they drive hold on average goes down.
    fn spike(&mut self) {
        let releases = &self.part.phases[self.phase].releases;
        while let Some((site, u)) = self.sites.as_mut().and_then(|sites| sites.take(self.now, releases)) {
            let release = &releases[site];
            let place = |slot: u32| self.flow.free.binary_search(&slot).expect("a slot that changes is free");
            let released = u * self.x[place(release.filled.slot)].max(0.0);
            self.pass(release.channel, released);
        }
        self.interrupt();
    }

    /// Begins phase `i` now.
    ///
    /// Fails if a count would be none.
    fn begin_phase(&mut self, i: usize) -> Result<(), String> {
        let phase = &self.part.phases[i];
        for (&slot, &x) in self.flow.free.iter().zip(&self.x) {
            self.flow.x[slot as usize] = x;
        }
        let mut doses: Vec<_> = phase.dose.into_iter().collect();
        if let Some(jump) = phase.jump {
            let mut values = vec![0.0; phase.watched.len()];
            watch::evaluate(&mut phase.watched.clone(), &mut values, self.now);
            doses.extend(phase.jumps[jump as usize].doses(
                &self.flow.x,
                &values,
                &self.part.network.slot_names,
                &mut [],
            )?);
        }
        for (slot, dose) in doses {
            let Ok(at) = self.flow.free.binary_search(&slot) else { continue };
            let before = self.x[at];
            self.x[at] = dose.of_mean(before);
            let change = self.x[at] - before;
            self.flow.history.change(slot, change, before);
            let (inward, outward) = &mut self.dosed[at];
            *(if change > 0.0 { inward } else { outward }) += change.abs();
        }
        self.phase = i;
        self.flow.enter(phase);
        self.observers.enter(phase);
        self.interrupt();
        Ok(())
    }

    /// Tells what has happened so far.
    fn report<P: Probe>(&mut self, at: SimTime, probe: &mut P) {
        let network = &self.part.network;
        let dosed = self.flow.free.iter().copied().zip(self.dosed.iter().copied());
        self.turnover.count(network, dosed, self.fired.iter().copied());
        for (place, &slot) in self.flow.free.iter().enumerate() {
            let (level, area, squares) = (network.sound(slot, self.x[place]), self.area[place], self.squares[place]);
            let (inward, outward) = self.turnover.slots[slot as usize];
            let max = std::mem::replace(&mut self.max[place], level);
            probe.totals(
                network.components[slot as usize],
                at,
                &LevelTotals { level, max, area, squares, inward, outward },
            );
        }
        self.observers.report(&self.flow, &self.x, at, probe);
        for (&component, &(inward, outward)) in network.passed.iter().zip(&self.turnover.passed) {
            let (level, area) = self.utilization(component);
            probe.totals(component, at, &LevelTotals { level, max: level, area, squares: 0.0, inward, outward });
        }
    }

    /// How busy a pathway is, and the integral of that.
    fn utilization(&self, component: u32) -> (f64, f64) {
        let network = &self.part.network;
        let (mut level, mut busy) = (0.0, 0.0);
        for &(_, slot, capacity) in network.busy_counts.iter().filter(|b| b.0 == component) {
            if let Ok(place) = self.flow.free.binary_search(&slot) {
                level += self.x[place] / capacity;
                busy += self.area[place] / capacity;
            }
        }
        let Some(meter) = network.meters.iter().position(|m| m.1 == component) else { return (level, busy) };
        let channel = network.meters[meter].0 as usize;
        let capacity = self.part.phases[self.phase].capacity[channel];
        let level = if capacity > 0.0 { self.flow.rates[STAGES - 1][channel] / capacity } else { 0.0 };
        (level, self.busy[meter])
    }
}
