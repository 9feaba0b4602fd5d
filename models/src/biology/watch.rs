//! Conditions that interventions wait for.
//!
//! A condition that reads counts only can become true or false at firings only, and is looked at after each. One that follows
//! the time or waveforms changes between firings too: when it does is found exactly, to the tick, by bisection with interval
//! arithmetic, which says of a stretch of time that nothing changes in it, that all has changed, or that there is no telling
//! yet (as the root finders of Moore 1966, Interval Analysis, ch. 7 (from memory)). Conditions that become true at one
//! instant act in the order of the file, each on the state that made it true.
//!
//! Validated against: passage times of a birth process (Erlang), thresholds in time in closed form, resets that renew a process.

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
    /// Stretches of time that are still to be looked at, the first last.
    stretches: Vec<(u64, u64)>,
}

impl Watch {
    /// The conditions of a part in its first phase, none of which has held; none if there is none.
    pub(super) fn new(phase: &Phase) -> Option<Self> {
        let conditions = || phase.jumps.iter().filter_map(|j| j.when.as_ref());
        conditions().next()?;
        let n = phase.watched.len();
        Some(Self {
            courses: phase.watched.clone(),
            values: vec![0.0; n],
            ranges: vec![(0.0, 0.0); n],
            held: vec![false; phase.jumps.len()],
            since: 0,
            next: 0,
            is_driven: conditions().any(Condition::is_driven),
            stretches: Vec::new(),
        })
    }

    /// Another phase begins.
    pub(super) fn follow(&mut self, phase: &Phase) {
        self.courses.clone_from(&phase.watched);
    }

    /// Looks at all conditions at `now` and counts `x`: what those that have just become true change, in order.
    ///
    /// Fails if a count would be none.
    pub(super) fn look(
        &mut self,
        jumps: &[Jump],
        x: &[f64],
        now: u64,
        names: &[String],
        chance: &mut Chance,
    ) -> Result<Vec<(u32, Dose)>, String> {
        self.since = now;
        evaluate(&mut self.courses, &mut self.values, now);
        let mut doses = Vec::new();
        for (j, (jump, held)) in jumps.iter().zip(&mut self.held).enumerate() {
            let Some(when) = &jump.when else { continue };
            let holds = is_true(when.value(x, &self.values));
            if holds && !*held {
                doses.extend(jump.doses(x, &self.values, names, chance.of(j))?);
            }
            *held = holds;
        }
        Ok(doses)
    }

    /// Finds out when to look next, given that counts stay `x` until `until`.
    ///
    /// Fails if there is no telling.
    pub(super) fn aim(&mut self, jumps: &[Jump], x: &[f64], until: u64) -> Result<(), String> {
        self.next = u64::MAX;
        if !self.is_driven {
            return Ok(());
        }
        let end = self.courses.iter_mut().map(|c| c.end(self.since)).min().unwrap_or(u64::MAX);
        let last = until.min(end - 1).min(SimTime::HORIZON_MAX.ticks());
        if end <= until && end <= SimTime::HORIZON_MAX.ticks() {
            self.next = end;
        }
        for (j, jump) in jumps.iter().enumerate() {
            if let Some(when) = jump.when.as_ref().filter(|w| w.is_driven()) {
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
