//! `[observable.NAME]`: an expression over counts, variables and the time that is told as the value of a component of its own.
//!
//! One that reads counts and variables only changes at firings and interventions, and its time averages are exact. One that follows the time
//! or waveforms is integrated between those, to 1e-9 of its greatest value (see [`quadrature`](crate::common::quadrature)); its values at
//! times are exact. Whatever an observable reads is of one part of the system. It changes nothing of a run.
//!
//! Validated against: moments of a Poisson law, joint states of two pools, integrals of waveforms in closed form.

use sim_core::config::{Diagnostics, Field, Section, Shape, Span, Table, Type};
use sim_core::{LevelTotals, Probe, SimTime};

use super::assemble::tables;
use super::builder::World;
use super::group::Book;
use super::jump::{Condition, Kind, condition};
use super::network::{Network, Phase};
use super::variable::check_name;
use super::watch::evaluate;
use crate::common::interval::Interval;
use crate::common::quadrature::{Integrand, integrate};
use crate::common::waveform::Course;

const FIELDS: &[Field] = &[Field::required(
    "value",
    Type::Text,
    "What it is: an expression over species (`\"A + B\"`, `\"[A]\"` for a concentration, `\"cell.A\"` where there are several compartments), \
     variables, waveforms and the `time`, as in the `when` of an intervention. A condition is 1 where it holds and 0 elsewhere: \
     `\"A == 0 and B > 3\"` is told as a share of the time.",
)];
/// The section.
pub(super) const SECTION: Section = Section {
    name: "observable",
    shape: Shape::Keyed,
    family: None,
    fields: FIELDS,
    doc: "An expression over the state whose `value` is told: a total, a ratio, a logarithm, a joint state.",
};

/// An observable as the scenario says it.
#[derive(Clone, Debug)]
pub(super) struct Observable {
    pub(super) name: String,
    pub(super) value: Condition,
}

/// The same in a part.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub(super) component: u32,
    pub(super) name: String,
    pub(super) value: Condition,
}

/// Adds the observables of a scenario to the world.
pub(super) fn add(scenario: &Table, world: &mut World, findings: &mut Diagnostics) {
    for (name, span, table) in tables(scenario, "observable") {
        if let Err(d) = check_name(name, span, scenario, world, "observable") {
            findings.push(d);
            continue;
        }
        if let Err(found) = observe(name, table.text("value"), table.span_of("value"), world) {
            findings.extend(found);
        }
    }
}

/// Adds the observable called `name` that tells `value`; `span` is where that stands.
///
/// Fails if it is no expression.
pub(super) fn observe(name: &str, value: &str, span: Span, world: &mut World) -> Result<(), Diagnostics> {
    let value = condition(value, span, Kind::Observable, world)?;
    world.observables.push(Observable { name: name.to_owned(), value });
    Ok(())
}

/// What one has come to.
#[derive(Clone, Copy, Debug)]
struct Seen {
    level: f64,
    book: Book,
}

/// The observables of a part in one run.
#[derive(Debug)]
pub(super) struct Observers<'a> {
    network: &'a Network,
    /// Counts as they were told last.
    x: Vec<f64>,
    courses: Vec<Course>,
    values: Vec<f64>,
    ranges: Vec<Interval>,
    seen: Vec<Seen>,
    /// Whether firings change any.
    pub(super) is_moved: bool,
    /// What is no number, in words.
    pub(super) flaw: Option<String>,
}

impl<'a> Observers<'a> {
    /// The observables of a part at time zero in its first phase; none if it has none.
    pub(super) fn new(network: &'a Network, phase: &Phase, x: &[f64]) -> Option<Self> {
        if network.observed.is_empty() {
            return None;
        }
        let mut observers = Self {
            network,
            x: x.to_vec(),
            courses: phase.watched.clone(),
            values: vec![0.0; phase.watched.len()],
            ranges: vec![(0.0, 0.0); phase.watched.len()],
            seen: vec![Seen { level: 0.0, book: Book::default() }; network.observed.len()],
            is_moved: (0..network.channels()).any(|q| !network.observers.row(q).is_empty()),
            flaw: None,
        };
        observers.look(x, 0);
        for seen in &mut observers.seen {
            seen.book.max = seen.level;
        }
        Some(observers)
    }

    /// Channel `q` has fired at `now`.
    pub(super) fn fired(&mut self, q: usize, now: u64) {
        let touched = self.network.observers.row(q);
        for &i in touched {
            self.accrue(i as usize, now);
        }
        for &(slot, change) in self.network.changes.row(q) {
            self.x[slot as usize] += change;
        }
        for &i in touched {
            self.enter(i as usize, now);
        }
    }

    /// Something else than a firing is about to happen at `now`.
    pub(super) fn accrue_all(&mut self, now: u64) {
        (0..self.seen.len()).for_each(|i| self.accrue(i, now));
    }
    /// Another phase begins.
    pub(super) fn follow(&mut self, phase: &Phase) {
        self.courses.clone_from(&phase.watched);
    }
    /// It has happened: counts are `x` at `now`.
    pub(super) fn look(&mut self, x: &[f64], now: u64) {
        self.x.copy_from_slice(x);
        (0..self.seen.len()).for_each(|i| self.enter(i, now));
    }

    /// Enters what observable `i` has been until `now` in its book.
    fn accrue(&mut self, i: usize, now: u64) {
        let value = &self.network.observed[i].value;
        let Seen { level, book } = &mut self.seen[i];
        if !value.is_driven() {
            book.enter(*level, *level, now);
            return;
        }
        let (courses, values, ranges) = (&mut self.courses[..], &mut self.values[..], &mut self.ranges[..]);
        let mut stretch = Stretch { value, x: &self.x, courses, values, ranges };
        while book.last < now {
            let end = stretch.courses.iter_mut().map(|c| c.end(book.last)).min().unwrap_or(now).min(now);
            let sum = integrate(&mut stretch, book.last, end);
            book.area += sum.area;
            book.squares += sum.squares;
            book.max = book.max.max(sum.seen.1);
            book.last = end;
        }
    }

    /// Works observable `i` out anew at `now`, up to which it has accrued.
    fn enter(&mut self, i: usize, now: u64) {
        let observed = &self.network.observed[i];
        if observed.value.is_driven() {
            evaluate(&mut self.courses, &mut self.values, now);
        }
        let level = observed.value.value(&self.x, &self.values);
        if !level.is_finite() && self.flaw.is_none() {
            self.flaw = Some(format!(
                "`observable.{}` is {level}, which is no number: `if(condition, then, else)` can say what it is then",
                observed.name
            ));
        }
        let Seen { level: last, book } = &mut self.seen[i];
        *last = level;
        book.max = book.max.max(level);
    }

    /// Tells what they have been up to `at`.
    pub(super) fn settle<P: Probe>(&mut self, at: SimTime, probe: &mut P) {
        let end = at.ticks();
        for i in 0..self.seen.len() {
            let observed = &self.network.observed[i];
            if observed.value.is_driven() {
                self.accrue(i, end);
                self.enter(i, end);
            }
            let Seen { level, book } = &mut self.seen[i];
            // What looks at the run is not to change how it is added up.
            let area = *level * (end - book.last) as f64;
            let (area, squares) = (book.area + area, book.squares + *level * area);
            let totals = LevelTotals { level: *level, max: book.max, area, squares, inward: 0.0, outward: 0.0 };
            book.max = *level;
            probe.totals(observed.component, at, &totals);
        }
    }
}

/// An observable between two changes of counts, within one piece of each course.
struct Stretch<'a> {
    value: &'a Condition,
    x: &'a [f64],
    courses: &'a mut [Course],
    values: &'a mut [f64],
    ranges: &'a mut [Interval],
}

impl Integrand for Stretch<'_> {
    fn value(&mut self, at: u64) -> f64 {
        evaluate(self.courses, self.values, at);
        self.value.value(self.x, self.values)
    }
    fn range(&mut self, from: u64, to: u64) -> Interval {
        for (range, course) in self.ranges.iter_mut().zip(self.courses.iter_mut()) {
            *range = course.range(from, to);
        }
        self.value.range(self.x, self.ranges)
    }
}
