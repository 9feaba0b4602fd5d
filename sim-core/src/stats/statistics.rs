//! The probe that tallies a run.

use super::component::{Component, ComponentKind};
use super::due::Due;
use super::extra::ExtraTally;
use super::population::{self, Level};
use super::sketching::Sketching;
use super::station::{Census, Flow, Gate, Losses, Station, Times, Totals};
use crate::probe::{ComponentId, Departure, LevelTotals, LossReason, Probe};
use crate::time::SimTime;

/// What is kept of one component and touched at every event: four cache lines.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) enum Tally {
    Station(Station),
    Gate(Gate),
    Flow(Flow),
    Population(Level),
    Pathway(Level),
    Variable(Level),
    /// One way out of a population.
    Exit(Times),
    /// The count of another component at an instant; NaN before.
    Sample(f64),
    /// What has passed another component in a stretch of time, and what had before; NaN before it begins and ends.
    Passed {
        before: f64,
        count: f64,
    },
    /// Stays, and how many openings each had.
    Dwell(Dwell),
    /// Told of by what watches besides.
    Share,
}

/// Stays in a class of states.
#[derive(Clone, Debug, Default)]
pub(super) struct Dwell {
    pub(super) stays: Times,
    openings: u64,
    squares: u64,
}

impl Dwell {
    fn add(&mut self, spent: u64, openings: u64) {
        self.stays.add(spent);
        self.openings += openings;
        self.squares += openings * openings;
    }
    /// Mean and standard deviation of the number of openings; NaN if there was no stay.
    pub(super) fn openings(&self) -> (f64, f64) {
        let n = self.stays.n() as f64;
        let mean = self.openings as f64 / n;
        (mean, (self.squares as f64 / n - mean * mean).max(0.0).sqrt())
    }
}

impl Tally {
    /// An entity leaves a component that is neither a station nor a flow, after `spent` ticks.
    #[inline(never)]
    fn leave_otherwise(&mut self, spent: u64, size: u64) {
        match self {
            Self::Gate(g) => g.leave(size),
            Self::Population(l) | Self::Pathway(l) => l.residence.add(spent),
            Self::Exit(times) => times.add(spent),
            Self::Dwell(dwell) => dwell.add(spent, size),
            Self::Station(_)
            | Self::Flow(_)
            | Self::Variable(_)
            | Self::Sample(_)
            | Self::Passed { .. }
            | Self::Share => {}
        }
    }
}

/// What is kept of one component besides.
#[derive(Clone, Debug)]
pub(super) struct Further {
    pub(super) extras: Vec<ExtraTally>,
    losses: Losses,
    census: Census,
    /// Losses since time zero, and until the window opened, in the order of the component's reasons.
    lost: Vec<(LossReason, u64)>,
    lost_before: Vec<u64>,
    /// How far the budgets have been used since time zero, in ticks, and until the window opened.
    budgets: Vec<u64>,
    budgets_before: Vec<u64>,
}

impl Further {
    fn new(c: &Component) -> Self {
        let extras = c.extras.iter().map(|e| ExtraTally::new(*e)).collect();
        let (lost, lost_before) = (c.reasons.iter().map(|r| (r.0, 0)).collect(), vec![0; c.reasons.len()]);
        let (losses, census) = (Losses::default(), Census::default());
        Self { extras, losses, census, lost, lost_before, budgets: Vec::new(), budgets_before: Vec::new() }
    }
    /// An entity is dropped after `spent` ticks.
    #[cold]
    fn lose(&mut self, spent: u64, reason: LossReason) {
        self.losses.dropped += 1;
        self.losses.wasted += u128::from(spent);
        if let Some((_, n)) = self.lost.iter_mut().find(|(r, _)| *r == reason) {
            *n += 1;
        }
    }
    fn open_window(&mut self) {
        self.lost_before = self.lost.iter().map(|l| l.1).collect();
        self.budgets_before.clone_from(&self.budgets);
        self.extras.iter_mut().for_each(ExtraTally::open_window);
    }
    /// Losses in the window, in the order of the component's reasons.
    pub(super) fn lost(&self) -> impl Iterator<Item = u64> {
        self.lost.iter().zip(&self.lost_before).map(|(now, before)| now.1 - before)
    }
    fn used(&mut self, budget: usize, time: u64) {
        self.budgets.resize(self.budgets.len().max(budget + 1), 0);
        self.budgets[budget] = time;
    }
    /// How far the budgets have been used.
    pub(super) fn budgets(&self) -> &[u64] {
        &self.budgets
    }
    /// The share of the most used budget in a window of `ticks`.
    pub(super) fn used_share(&self, ticks: f64) -> f64 {
        most_used(&self.budgets, &self.budgets_before, ticks)
    }
}

/// The share of the budget that was used most in `ticks`, between two states. Tokens that were saved up before may let more
/// pass for a while than comes in, but nothing is used more than fully.
pub(super) fn most_used(now: &[u64], before: &[u64], ticks: f64) -> f64 {
    let before = before.iter().copied().chain(std::iter::repeat(0));
    let shares = now.iter().zip(before).map(|(now, before)| (now - before) as f64 / ticks);
    shares.fold(0.0, f64::max).min(1.0)
}

/// The probe that tallies a run.
#[derive(Clone, Debug)]
pub struct Statistics {
    pub(super) tallies: Vec<Tally>,
    pub(super) further: Vec<Further>,
    pub(super) sketching: Sketching,
    /// Components that have a level, and those that have extra measures: of the others nothing goes on between events.
    levels: Vec<u32>,
    with_extras: Vec<u32>,
    /// Up to when everything has been told.
    now: SimTime,
}

impl Statistics {
    /// Tallies for these components.
    pub fn new(components: &[Component]) -> Self {
        let tallies: Vec<Tally> = components
            .iter()
            .map(|c| match c.kind {
                ComponentKind::Station { servers, paced } => {
                    Tally::Station(Station::new(if paced { 0 } else { servers }))
                }
                ComponentKind::Gate => Tally::Gate(Gate::default()),
                ComponentKind::Flow => Tally::Flow(Flow::default()),
                ComponentKind::Population { initial, .. } => Tally::Population(Level::new(initial)),
                ComponentKind::Pathway { .. } => Tally::Pathway(Level::default()),
                ComponentKind::Variable => Tally::Variable(Level::default()),
                ComponentKind::Exit { .. } => Tally::Exit(Times::default()),
                ComponentKind::Sample { .. } => Tally::Sample(f64::NAN),
                ComponentKind::Passed { .. } => Tally::Passed { before: f64::NAN, count: f64::NAN },
                ComponentKind::Dwell { .. } => Tally::Dwell(Dwell::default()),
                ComponentKind::Share | ComponentKind::Asked => Tally::Share,
            })
            .collect();
        let (further, sketching) = (components.iter().map(Further::new).collect(), Sketching::new(&tallies));
        let has_level = |t: &Tally| matches!(t, Tally::Population(_) | Tally::Pathway(_) | Tally::Variable(_));
        let levels = (0..).zip(&tallies).filter(|t| has_level(t.1)).map(|t| t.0).collect();
        let with_extras = (0..).zip(components).filter(|c| !c.1.extras.is_empty()).map(|c| c.0).collect();
        Self { tallies, further, sketching, levels, with_extras, now: SimTime::ZERO }
    }
    /// Everything up to `at` has been told.
    pub(super) fn advance(&mut self, at: SimTime) {
        self.now = at;
        self.sketching.finish(&mut self.tallies);
        for &c in &self.levels {
            if let Tally::Population(l) | Tally::Pathway(l) | Tally::Variable(l) = &mut self.tallies[c as usize] {
                l.advance(at);
            }
        }
        for &c in &self.with_extras {
            self.further[c as usize].extras.iter_mut().for_each(|e| e.advance(at));
        }
    }
    /// Takes the samples that are `due`, up to which everything has been told.
    pub(super) fn sample(&mut self, components: &[Component], due: Due) {
        let at = due.at;
        for (i, c) in components.iter().enumerate() {
            if let ComponentKind::Sample { of, extra, .. } = c.kind
                && Due::of(c, components)[0] == Some(due)
            {
                let of = of as usize;
                let level = extra.map_or_else(|| self.level_of(of), |e| self.further[of].extras[e as usize].level());
                self.tallies[i] = Tally::Sample(level);
            }
            if let ComponentKind::Passed { of, from, until } = c.kind
                && !due.with_instant
                && (from == at || until == at)
                && let (Tally::Pathway(l), Tally::Passed { before, .. }) =
                    (&self.tallies[of as usize], &self.tallies[i])
            {
                let (passed, before) = (l.totals.outward, *before);
                self.tallies[i] = if from == at {
                    Tally::Passed { before: passed, count: f64::NAN }
                } else {
                    Tally::Passed { before, count: passed - before }
                };
            }
        }
    }
    /// How many are in a component now; NaN of one that holds none.
    fn level_of(&self, c: usize) -> f64 {
        match &self.tallies[c] {
            Tally::Population(l) | Tally::Variable(l) => l.now,
            Tally::Station(s) => s.held as f64,
            Tally::Flow(f) => f.held(self.further[c].losses) as f64,
            _ => f64::NAN,
        }
    }
    pub(super) fn open_window(&mut self) {
        for t in &mut self.tallies {
            match t {
                Tally::Station(s) => s.open_window(),
                Tally::Flow(f) => f.open_window(),
                Tally::Population(l) | Tally::Pathway(l) | Tally::Variable(l) => l.open_window(),
                Tally::Exit(times) => times.clear(),
                Tally::Dwell(dwell) => *dwell = Dwell::default(),
                Tally::Gate(_) | Tally::Sample(_) | Tally::Passed { .. } | Tally::Share => {}
            }
        }
        self.further.iter_mut().for_each(Further::open_window);
    }
    /// Takes what the census found, leaving nothing.
    pub(super) fn take_census(&mut self) -> Vec<Census> {
        self.further.iter_mut().map(|f| std::mem::take(&mut f.census)).collect()
    }
    /// The running totals of all components.
    pub(super) fn snapshot(&self) -> Vec<Snapshot> {
        (0..self.tallies.len()).map(|c| self.snapshot_of(c)).collect()
    }
    /// The running totals of component `c`.
    pub(super) fn snapshot_of(&self, c: usize) -> Snapshot {
        let losses = self.further[c].losses;
        match &self.tallies[c] {
            Tally::Station(s) => Snapshot::Entities(s.totals(self.now, losses)),
            Tally::Flow(flow) => Snapshot::Entities(flow.totals(self.now, losses)),
            Tally::Gate(g) => Snapshot::Entities(g.totals(losses)),
            Tally::Population(l) | Tally::Pathway(l) | Tally::Variable(l) => Snapshot::Level(l.totals),
            Tally::Exit(_) | Tally::Sample(_) | Tally::Passed { .. } | Tally::Dwell(_) | Tally::Share => {
                Snapshot::Nothing
            }
        }
    }
}

impl Probe for Statistics {
    #[inline]
    fn prefetch(&self, c: ComponentId) {
        if let Tally::Flow(flow) = &self.tallies[c as usize] {
            flow.prefetch();
        }
    }
    #[inline]
    fn enter(&mut self, c: ComponentId, at: SimTime) {
        let tally = &mut self.tallies[c as usize];
        if let Tally::Station(s) = tally {
            s.enter(at);
        } else if let Tally::Flow(f) = tally {
            f.enter(at);
        }
    }
    // Called twice a packet: inlined, what it is told stays in registers (a tenth of the instructions of an M/M/1 run).
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        let tally = &mut self.tallies[c as usize];
        // What happens at every event is asked for first.
        if let Tally::Station(s) = tally {
            s.leave(&d);
        } else if let Tally::Flow(f) = tally {
            if self.sketching.is_batched {
                f.leave_unsketched(&d);
                self.sketching.add(c, &d, &mut self.tallies);
            } else {
                f.leave(&d);
            }
        } else {
            tally.leave_otherwise((d.at - d.since).ticks(), d.size);
        }
    }
    #[inline]
    fn reject(&mut self, c: ComponentId, _at: SimTime, reason: LossReason) {
        self.further[c as usize].lose(0, reason);
    }
    #[inline]
    fn lose(&mut self, c: ComponentId, at: SimTime, since: SimTime, service: u64, reason: LossReason) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.lose(at, service),
            Tally::Flow(f) => f.lose(at),
            Tally::Gate(_)
            | Tally::Population(_)
            | Tally::Pathway(_)
            | Tally::Variable(_)
            | Tally::Exit(_)
            | Tally::Sample(_)
            | Tally::Passed { .. }
            | Tally::Dwell(_)
            | Tally::Share => {}
        }
        self.further[c as usize].lose((at - since).ticks(), reason);
    }
    fn record(&mut self, c: ComponentId, extra: u16, at: SimTime, value: u64) {
        self.further[c as usize].extras[extra as usize].record(at, value);
    }
    fn used(&mut self, c: ComponentId, budget: usize, time: u64) {
        self.further[c as usize].used(budget, time);
    }
    fn hold(&mut self, c: ComponentId, at: SimTime, since: SimTime, served: u64) {
        let census = &mut self.further[c as usize].census;
        census.held += 1;
        census.age += u128::from((at - since).ticks());
        census.served += u128::from(served);
    }
    #[inline]
    fn level(&mut self, c: ComponentId, at: SimTime, level: f64) {
        if let Tally::Population(l) | Tally::Pathway(l) | Tally::Variable(l) = &mut self.tallies[c as usize] {
            l.set(at, level);
        }
    }
    #[inline]
    fn count(&mut self, c: ComponentId, _at: SimTime, n: u64, inward: bool) {
        if let Tally::Population(l) | Tally::Pathway(l) | Tally::Variable(l) = &mut self.tallies[c as usize] {
            l.count(n, inward);
        }
    }
    fn totals(&mut self, c: ComponentId, at: SimTime, totals: &LevelTotals) {
        if let Tally::Population(l) | Tally::Pathway(l) | Tally::Variable(l) = &mut self.tallies[c as usize] {
            l.take(at, totals);
        }
    }
}

/// Running totals of a component at an instant.
#[derive(Clone, Copy)]
pub(super) enum Snapshot {
    Entities(Totals),
    Level(population::Totals),
    /// No running totals are kept.
    Nothing,
}
