//! All parts of a system together, with one entry in the engine's queue.
//!
//! Nothing connects the parts, so none waits for another: each does all its firings up to the horizon in one go, and the
//! entry is for the earliest of the firings that come next. What is reported about one component is in order of time;
//! between the parts it is not.

use sim_core::rng::Streams;
use sim_core::{Ctx, Model, Priority, Probe, SimDuration, SimTime, TimerSlot};

use super::group::Group;
use super::system::Part;

/// What happens to a system.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The next firing is due.
    Fire,
    /// Phase `.0` begins.
    Phase(u32),
}

/// One run of a system.
#[derive(Debug)]
pub(super) struct Run<'a> {
    parts: &'a [Part],
    groups: Vec<Group<'a>>,
    timer: Option<TimerSlot>,
}

impl<'a> Run<'a> {
    /// A run at time zero.
    pub(super) fn new(parts: &'a [Part], streams: Streams) -> Self {
        Self { parts, groups: parts.iter().map(|part| Group::new(part, streams)).collect(), timer: None }
    }

    /// Sets the timer to the next firing, or ends the run if there is no telling.
    fn schedule<P: Probe>(&self, ctx: &mut Ctx<'_, Event, P>) {
        let timer = self.timer.expect("made at the start");
        let mut next = u64::MAX;
        for group in &self.groups {
            match group.due() {
                Ok(due) => next = next.min(due),
                Err(fault) => ctx.fail(fault),
            }
        }
        if next == u64::MAX {
            ctx.clear_timer(timer);
        } else {
            ctx.set_timer(timer, SimDuration::from_ticks(next.saturating_sub(ctx.now().ticks())), Event::Fire);
        }
    }
}

impl<P: Probe> Model<P> for Run<'_> {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event, P>) {
        self.timer = Some(ctx.new_timer());
        let phases = self.parts.first().map_or(&[][..], |part| &part.phases);
        for (i, phase) in (0..).zip(phases).skip(1) {
            ctx.after_with(SimDuration::from_ticks(phase.at), Priority::FIRST, Event::Phase(i));
        }
        self.schedule(ctx);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event, P>) {
        let now = ctx.now().ticks();
        match event {
            Event::Phase(i) => {
                for group in &mut self.groups {
                    if let Err(fault) = group.begin_phase(i as usize, now, ctx.probe()) {
                        ctx.fail(fault);
                    }
                }
            }
            Event::Fire => {
                // What is due now fires, also if something else happens at this instant.
                let limit = ctx.horizon().ticks().max(now + 1);
                let mut fired = 0;
                for group in &mut self.groups {
                    match group.fire(limit, ctx) {
                        Ok(n) => fired += n,
                        Err(fault) => ctx.fail(fault),
                    }
                }
                // The event itself counts as one.
                ctx.batched(fired.saturating_sub(1));
            }
        }
        self.schedule(ctx);
    }

    fn settle(&mut self, at: SimTime, probe: &mut P) {
        for group in &mut self.groups {
            group.settle(at, probe);
        }
    }

    fn element(&self, event: Event) -> String {
        match event {
            Event::Fire => String::from("the reactions"),
            Event::Phase(_) => String::from("an intervention"),
        }
    }
}
