//! The event loop.

use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use crate::probe::Probe;
use crate::queue::{Queue, Ticket, TimerSlot};
use crate::time::{SimDuration, SimTime};

/// A system that moves by events.
///
/// `P` is what watches it. A model is monomorphised over its probe: watching nothing costs nothing.
pub trait Model<P: Probe> {
    /// What happens: a small `Copy` value, best four bytes (an index and a kind).
    type Event: Copy;

    /// Called once, at time zero, to schedule the first events.
    fn start(&mut self, ctx: &mut Ctx<'_, Self::Event, P>);

    /// Called for each event when its time has come.
    fn handle(&mut self, event: Self::Event, ctx: &mut Ctx<'_, Self::Event, P>);

    /// Called for an event that will be handled soon, when so many are pending that what it needs is hardly in the
    /// processor's caches: reads (by [`std::hint::black_box`]) something of it, so that it is there by then, and lets the
    /// probe do likewise ([`Probe::prefetch`]). The misses of several events at once cost little more than one. Must
    /// change nothing.
    #[inline]
    fn prefetch(&self, event: Self::Event, probe: &P) {
        let _ = (event, probe);
    }

    /// Reports to the probe what has happened before `at` but was not told yet (departures that were computed ahead,
    /// firings inside a group). Must change nothing that `handle` sees.
    fn settle(&mut self, at: SimTime, probe: &mut P) {
        let _ = (at, probe);
    }

    /// Reports every entity that is held at `at` by [`Probe::hold`], from the model's own queues and lanes (not from
    /// counters), so that the laws of conservation can be checked against what was counted. Called after `settle`.
    fn census(&mut self, at: SimTime, probe: &mut P) {
        let _ = (at, probe);
    }

    /// The element that `event` happens at, for messages.
    fn element(&self, event: Self::Event) -> String {
        let _ = event;
        String::from("an element without a name")
    }
}

/// A run that handles this many events and more at one instant is stopped, within as many again: it would never end.
pub const EVENTS_PER_INSTANT_MAX: u64 = 1 << 20;

/// A run that is to be given up looks whether it is at least once in so many events.
const EVENTS_BETWEEN_LOOKS: u64 = 1 << 16;

/// The flag of a run that nobody gives up.
static NEVER: AtomicBool = AtomicBool::new(false);

/// Order among events at the same instant, before the order of scheduling: lower first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

impl Priority {
    /// Interventions: they act before anything else that falls due at their time.
    pub const FIRST: Self = Self(0);
    /// Everything else.
    pub const NORMAL: Self = Self(128);
}

/// Why a run stopped before its end.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum RunError {
    /// More than [`EVENTS_PER_INSTANT_MAX`] events at one instant.
    #[error("no progress: over {EVENTS_PER_INSTANT_MAX} events at {at:?}, the last of them at {element}")]
    Livelock {
        /// The instant.
        at: SimTime,
        /// The element whose event was handled last.
        element: String,
    },
    /// A model found itself in a state that it cannot go on from.
    #[error("at {at:?}: {message}")]
    Model {
        /// When.
        at: SimTime,
        /// What, and which element.
        message: String,
    },
    /// It was given up from outside: see [`Engine::run_unless`].
    #[error("given up at {at:?}")]
    Cancelled {
        /// The instant reached.
        at: SimTime,
    },
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Events handled since the engine was made.
    pub events: u64,
    /// The simulated time reached.
    pub end: SimTime,
}

/// What a model may do while it handles an event.
pub struct Ctx<'a, E, P> {
    queue: &'a mut Queue<E>,
    probe: &'a mut P,
    end: SimTime,
    error: &'a mut Option<RunError>,
    batched: &'a mut u64,
    cancel: &'a AtomicBool,
}

impl<E: Copy, P: Probe> Ctx<'_, E, P> {
    /// The present instant.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.queue.now()
    }
    /// Schedules `event` to happen `delay` from now.
    #[inline]
    pub fn after(&mut self, delay: SimDuration, event: E) {
        self.after_with(delay, Priority::NORMAL, event);
    }
    /// Schedules `event` with a priority among those at the same instant.
    #[inline]
    pub fn after_with(&mut self, delay: SimDuration, priority: Priority, event: E) {
        let ticket = self.queue.ticket(priority.0);
        self.queue.push(self.queue.now() + delay, ticket, event);
    }
    /// Draws a place in the order of ties now, for an event that [`Ctx::at`] schedules later.
    #[inline]
    pub fn ticket(&mut self) -> Ticket {
        self.queue.ticket(Priority::NORMAL.0)
    }
    /// Schedules `event` at `at` (no earlier than now) in the place of `ticket`.
    #[inline]
    pub fn at(&mut self, at: SimTime, ticket: Ticket, event: E) {
        self.queue.push(at.max(self.queue.now()), ticket, event);
    }
    /// A new timer, not set.
    pub fn new_timer(&mut self) -> TimerSlot {
        self.queue.new_timer()
    }
    /// Sets `timer` to `delay` from now; an earlier setting is void.
    pub fn set_timer(&mut self, timer: TimerSlot, delay: SimDuration, event: E) {
        let ticket = self.queue.ticket(Priority::NORMAL.0);
        self.queue.set_timer(timer, self.queue.now() + delay, ticket, event);
    }
    /// Voids what `timer` was set to.
    pub fn clear_timer(&mut self, timer: TimerSlot) {
        self.queue.clear_timer(timer);
    }
    /// Until when (exclusive) nothing else can happen: the next pending event, or the end of the stretch being run. A
    /// component with many small steps may take them up to here by itself, without the queue (horizon batching).
    #[inline]
    pub fn horizon(&mut self) -> SimTime {
        self.queue.next_time().min(self.end)
    }
    /// As [`Ctx::at`], but if nothing else is due before `at` (or at it) in the stretch being run, moves the clock there at
    /// once and returns true: the caller goes on as if its event had come. The run is the same, without the queue.
    #[inline]
    pub fn at_or_now(&mut self, at: SimTime, ticket: Ticket, event: E) -> bool {
        let express = at < self.end && self.queue.skip_to(at);
        if !express {
            self.at(at, ticket, event);
            return false;
        }
        *self.batched += 1;
        if self.batched.is_multiple_of(EVENTS_BETWEEN_LOOKS) && self.is_cancelled() {
            self.at(at, ticket, event);
            return false;
        }
        true
    }
    /// Reports `n` steps that were taken by horizon batching, so that they count as events.
    #[inline]
    pub fn batched(&mut self, n: u64) {
        *self.batched += n;
    }
    /// What watches.
    #[inline]
    pub fn probe(&mut self) -> &mut P {
        self.probe
    }
    /// Whether the run is to be given up; it then ends with [`RunError::Cancelled`]. A component that takes many steps by
    /// itself asks every so often and stops stepping.
    #[cold]
    pub fn is_cancelled(&mut self) -> bool {
        let cancelled = self.cancel.load(Ordering::Relaxed);
        if cancelled {
            let at = self.now();
            self.error.get_or_insert(RunError::Cancelled { at });
        }
        cancelled
    }
    /// Ends the run with an error that names the element at fault.
    #[cold]
    pub fn fail(&mut self, message: impl Into<String>) {
        let at = self.now();
        self.error.get_or_insert_with(|| RunError::Model { at, message: message.into() });
    }
}

/// Runs a model.
#[derive(Debug)]
pub struct Engine<M: Model<P>, P: Probe> {
    model: M,
    probe: P,
    queue: Queue<M::Event>,
    started: bool,
    events: u64,
}

impl<M: Model<P>, P: Probe> Engine<M, P> {
    /// An engine at time zero.
    pub fn new(model: M, probe: P) -> Self {
        Self { model, probe, queue: Queue::new(), started: false, events: 0 }
    }
    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }
    /// What watches.
    pub fn probe(&self) -> &P {
        &self.probe
    }
    /// What watches, to change.
    pub fn probe_mut(&mut self) -> &mut P {
        &mut self.probe
    }
    /// Takes a census at `at`, the end of the last stretch.
    pub fn census(&mut self, at: SimTime) {
        self.model.census(at, &mut self.probe);
    }
    /// Model and probe.
    pub fn into_parts(self) -> (M, P) {
        (self.model, self.probe)
    }
    /// Runs all events before `end`, then settles the model there. Going on from there later gives the same run as
    /// going through in one stretch.
    ///
    /// Fails if the model does or if it makes no progress.
    pub fn run_until(&mut self, end: SimTime) -> Result<RunSummary, RunError> {
        self.run_unless(&NEVER, end)
    }
    /// As [`Engine::run_until`], but gives up within a fraction of a second once `cancel` is true.
    ///
    /// Fails if the model does, if it makes no progress, or if it was given up; the engine is of no use then.
    pub fn run_unless(&mut self, cancel: &AtomicBool, end: SimTime) -> Result<RunSummary, RunError> {
        self.stretch(end, u64::MAX, cancel)?;
        self.model.settle(end, &mut self.probe);
        Ok(RunSummary { events: self.events, end })
    }
    /// As [`Engine::run_unless`], with all events at `at` as well; the model is settled there. Later stretches must end after `at`.
    ///
    /// Fails as it does.
    pub(crate) fn run_through(&mut self, cancel: &AtomicBool, at: SimTime) -> Result<(), RunError> {
        self.stretch(SimTime::from_ticks(at.ticks() + 1), u64::MAX, cancel)?;
        self.model.settle(at, &mut self.probe);
        Ok(())
    }
    /// Runs `count` events (fewer if none is left), without settling the model: for benchmarks and step-by-step tests.
    ///
    /// Fails if the model does or if it makes no progress.
    pub fn run_events(&mut self, count: u64) -> Result<RunSummary, RunError> {
        self.stretch(SimTime::NEVER, count, &NEVER)?;
        Ok(RunSummary { events: self.events, end: self.queue.now() })
    }
    fn stretch(&mut self, end: SimTime, count: u64, cancel: &AtomicBool) -> Result<(), RunError> {
        let mut error = None;
        let mut batched = 0;
        let Self { model, probe, queue, .. } = self;
        let mut ctx = Ctx { queue, probe, end, error: &mut error, batched: &mut batched, cancel };
        if !self.started {
            self.started = true;
            model.start(&mut ctx);
        }
        let mut handled = 0;
        while handled < count && ctx.error.is_none() && !ctx.is_cancelled() {
            let before = ctx.now();
            let chunk = (count - handled).min(EVENTS_PER_INSTANT_MAX);
            let (done, last) = handle_events(model, &mut ctx, chunk);
            handled += done;
            if done < chunk {
                break;
            }
            if let Some(event) = last.filter(|_| done == EVENTS_PER_INSTANT_MAX && ctx.now() == before) {
                let livelock = RunError::Livelock { at: before, element: model.element(event) };
                ctx.error.get_or_insert(livelock);
            }
        }
        self.events += handled + batched;
        error.map_or(Ok(()), Err)
    }
}

/// Handles events until `count` are done, none is left before the end of the stretch, or the model fails. Returns how
/// many, and the last one.
#[inline]
fn handle_events<M: Model<P>, P: Probe>(
    model: &mut M,
    ctx: &mut Ctx<'_, M::Event, P>,
    count: u64,
) -> (u64, Option<M::Event>) {
    let mut last = None;
    for done in 0..count {
        let Some(event) = ctx.queue.pop_before(ctx.end, |event| model.prefetch(event, ctx.probe)) else {
            return (done, last);
        };
        last = Some(event);
        model.handle(event, ctx);
        if ctx.error.is_some() {
            return (done + 1, last);
        }
    }
    (count, last)
}
