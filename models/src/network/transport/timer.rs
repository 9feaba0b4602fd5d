//! Timers that are set anew at almost every packet and seldom come up: one entry of the engine each, re-armed lazily.
//!
//! Setting a timer later than its entry leaves the entry where it is; when it comes up too early it moves on to the present
//! deadline. Nothing is ever cancelled.

use sim_core::{Ctx, Probe, SimTime};

use crate::network::model::Event;

/// One timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    /// When it is due; [`SimTime::NEVER`] if it is off.
    deadline: SimTime,
    /// When its entry comes up; [`SimTime::NEVER`] if it has none.
    pending: SimTime,
}

impl Timer {
    pub(super) const OFF: Self = Self { deadline: SimTime::NEVER, pending: SimTime::NEVER };

    /// It is due at `deadline` from now on, or never. `event` is what its entries are.
    #[inline]
    pub(super) fn set<P: Probe>(&mut self, deadline: SimTime, event: Event, ctx: &mut Ctx<'_, Event, P>) {
        self.deadline = deadline;
        if deadline < self.pending {
            self.arm(event, ctx);
        }
    }
    fn arm<P: Probe>(&mut self, event: Event, ctx: &mut Ctx<'_, Event, P>) {
        self.pending = self.deadline;
        let ticket = ctx.ticket();
        ctx.at(self.deadline, ticket, event);
    }
    /// An entry has come up; true if the timer is due, and off from now on.
    pub(super) fn is_due<P: Probe>(&mut self, event: Event, ctx: &mut Ctx<'_, Event, P>) -> bool {
        if ctx.now() != self.pending {
            // An earlier entry took its place.
            return false;
        }
        self.pending = SimTime::NEVER;
        if self.deadline <= ctx.now() {
            self.deadline = SimTime::NEVER;
            return true;
        }
        if self.deadline < SimTime::NEVER {
            self.arm(event, ctx);
        }
        false
    }
}
