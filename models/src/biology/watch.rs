//! Conditions that interventions wait for.
//!
//! A condition that reads counts only can become true or false at firings only, and is looked at after each. One that follows
//! the time or waveforms changes between firings too: when it does is found exactly, to the tick, by bisection with interval
//! arithmetic, which says of a stretch of time that nothing changes in it, that all has changed, or that there is no telling
//! yet (as the root finders of Moore 1966, Interval Analysis, ch. 7 (from memory)).
//!
//! What a condition sets off is due at once, or after its delay. Of what is due at one instant one acts after another, the one of the
//! greatest priority first, then as they were set off, those of one look in the order of the file; after each all conditions are looked at
//! again, and what no longer holds is given up, unless it is persistent (the events of SBML Level 3 Version 2, section 4.11).
//!
//! Validated against: passage times of a birth process (Erlang), thresholds in time in closed form, resets that renew a process, delays
//! against the state that outlives them or does not.

use sim_core::SimTime;

use super::dose::Dose;
use super::jump::{Chance, Condition, Jump};
use super::network::Phase;
use crate::common::expression::is_true;
use crate::common::interval::Interval;
use crate::common::waveform::Course;

/// How often an instant is looked at before it is said that there is no end.
pub(super) const ROUNDS_MAX: usize = 10_000;
/// How many stretches of time are looked at before it is said that nothing changes in those.
const STRETCHES_MAX: usize = 2000;

/// What a condition has set off, and what is to act.
#[derive(Debug)]
struct Pending {
    /// When.
    due: u64,
    jump: usize,
    /// What it changes; none if that is worked out when it acts.
    doses: Option<Vec<(u32, Dose)>>,
}

/// The conditions of a part in one run.
#[derive(Debug)]
pub(super) struct Watch {
    courses: Vec<Course>,
    values: Vec<f64>,
    ranges: Vec<Interval>,
    /// By intervention: whether its condition held at `since`.
    held: Vec<bool>,
    /// The counts have not changed after this time.
    pub(super) since: u64,
    /// When to look next if nothing fires before; `u64::MAX` if there is no need.
    pub(super) next: u64,
    is_driven: bool,
    /// In the order in which it was set off.
    pending: Vec<Pending>,
    /// Stretches of time that are still to be looked at, the first last.
    stretches: Vec<(u64, u64)>,
}

impl Watch {
    /// The conditions of a part in its first phase, none of which has held; none if there is none.
    pub(super) fn new(phase: &Phase) -> Option<Self> {
        let triggers = || phase.jumps.iter().map(|j| j.trigger.as_ref());
        triggers().flatten().next()?;
        let n = phase.watched.len();
        Some(Self {
            courses: phase.watched.clone(),
            values: vec![0.0; n],
            ranges: vec![(0.0, 0.0); n],
            held: triggers().map(|trigger| trigger.is_some_and(|t| t.held_before)).collect(),
            since: 0,
            next: 0,
            is_driven: triggers().flatten().any(|t| t.when.is_driven()),
            pending: Vec::new(),
            stretches: Vec::new(),
        })
    }

    /// Another phase begins.
    pub(super) fn follow(&mut self, phase: &Phase) {
        self.courses.clone_from(&phase.watched);
    }

    /// Looks at all conditions at `now` and counts `x`; returns what the next intervention changes, if one is due.
    ///
    /// Fails if a count or a delay would be none.
    pub(super) fn look(
        &mut self,
        jumps: &[Jump],
        x: &[f64],
        now: u64,
        names: &[String],
        chance: &mut Chance,
    ) -> Result<Option<Vec<(u32, Dose)>>, String> {
        self.since = now;
        evaluate(&mut self.courses, &mut self.values, now);
        for (j, (jump, held)) in jumps.iter().zip(&mut self.held).enumerate() {
            let Some(trigger) = &jump.trigger else { continue };
            let holds = is_true(trigger.when.value(x, &self.values));
            if holds && !*held {
                let delay = jump.delay(x, &self.values, chance.of(j))?;
                let mut work_out = || jump.doses(x, &self.values, names, chance.of(j));
                let doses = if trigger.at_action { None } else { Some(work_out()?) };
                self.pending.push(Pending { due: now.saturating_add(delay), jump: j, doses });
            } else if *held && !holds && !trigger.persistent {
                self.pending.retain(|pending| pending.jump != j);
            }
            *held = holds;
        }
        let Some(next) = self.next_due(jumps, x, now) else { return Ok(None) };
        let Pending { jump, doses, .. } = self.pending.remove(next);
        let worked_out = |doses| Ok(Some(doses));
        doses.map_or_else(|| jumps[jump].doses(x, &self.values, names, chance.of(jump)).map(Some), worked_out)
    }

    /// The one of the pending that acts next at `now`.
    fn next_due(&self, jumps: &[Jump], x: &[f64], now: u64) -> Option<usize> {
        let priority = |pending: &Pending| {
            let priority = jumps[pending.jump].trigger.as_ref().and_then(|t| t.priority.as_ref());
            priority.map_or(f64::NEG_INFINITY, |priority| priority.value(x, &self.values))
        };
        let due = self.pending.iter().enumerate().filter(|(_, pending)| pending.due <= now);
        // The first of the greatest.
        let greater = |a: (usize, f64), b: (usize, f64)| if b.1 > a.1 { b } else { a };
        due.map(|(i, pending)| (i, priority(pending))).reduce(greater).map(|found| found.0)
    }

    /// Finds out when to look next, given that counts stay `x` until `until`.
    ///
    /// Fails if there is no telling.
    pub(super) fn aim(&mut self, jumps: &[Jump], x: &[f64], until: u64) -> Result<(), String> {
        self.next = self.pending.iter().map(|pending| pending.due).min().unwrap_or(u64::MAX);
        if !self.is_driven {
            return Ok(());
        }
        let end = self.courses.iter_mut().map(|c| c.end(self.since)).min().unwrap_or(u64::MAX);
        let last = until.min(end - 1).min(SimTime::HORIZON_MAX.ticks());
        if end <= until && end <= SimTime::HORIZON_MAX.ticks() {
            self.next = self.next.min(end);
        }
        for (j, jump) in jumps.iter().enumerate() {
            if let Some(when) = jump.trigger.as_ref().map(|t| &t.when).filter(|w| w.is_driven()) {
                let last = last.min(self.next);
                if let Some(at) = self.search(when, self.held[j], x, last) {
                    if at <= self.since {
                        return Err(format!("no telling when the condition of `{}` becomes true", jump.path));
                    }
                    self.next = self.next.min(at);
                }
            }
        }
        Ok(())
    }

    /// The first time after `since` and up to `last` at which `when` no longer holds, or no longer does not, as it has `held`;
    /// or one before which nothing has changed for certain.
    fn search(&mut self, when: &Condition, held: bool, x: &[f64], last: u64) -> Option<u64> {
        if last <= self.since {
            return None;
        }
        self.stretches.clear();
        self.stretches.push((self.since + 1, last));
        let mut seen = 0;
        while let Some((from, to)) = self.stretches.pop() {
            seen += 1;
            if seen > STRETCHES_MAX {
                return Some(from - 1);
            }
            let differs = if from == to {
                evaluate(&mut self.courses, &mut self.values, from);
                Some(is_true(when.value(x, &self.values)) != held)
            } else {
                for (range, course) in self.ranges.iter_mut().zip(&mut self.courses) {
                    *range = course.range(from, to);
                }
                truth(when.range(x, &self.ranges)).map(|holds| holds != held)
            };
            match differs {
                Some(true) => return Some(from),
                Some(false) => {}
                None => {
                    let middle = from + (to - from) / 2;
                    self.stretches.push((middle + 1, to));
                    self.stretches.push((from, middle));
                }
            }
        }
        None
    }
}

/// The values of what is watched at `at`.
pub(super) fn evaluate(courses: &mut [Course], values: &mut [f64], at: u64) {
    for (value, course) in values.iter_mut().zip(courses) {
        *value = course.value(at);
    }
}

/// Whether all values in a range are true, or none, if that is known.
fn truth((low, high): Interval) -> Option<bool> {
    if low > 0.0 || high < 0.0 {
        Some(true)
    } else if low == 0.0 && high == 0.0 {
        Some(false)
    } else {
        None
    }
}
