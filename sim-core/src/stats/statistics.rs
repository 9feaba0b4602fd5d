//! The probe that tallies a run.

use super::component::{Component, ComponentKind};
use super::extra::ExtraTally;
use super::population::{self, Level};
use super::station::{Census, Flow, Gate, Station, Totals};
use crate::probe::{ComponentId, Departure, LevelTotals, LossReason, Probe};
use crate::time::SimTime;

/// What is kept of one component.
#[derive(Clone, Debug)]
pub(super) enum Tally {
    Station(Station),
    Gate(Gate),
    Flow(Flow),
    Population(Level),
    Pathway(Level),
    /// Told of by what watches besides.
    Share,
}

/// What few components have, apart from what is touched at every event.
#[derive(Clone, Debug)]
pub(super) struct Further {
    pub(super) extras: Vec<ExtraTally>,
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
        Self { extras, lost, lost_before, budgets: Vec::new(), budgets_before: Vec::new() }
    }
    #[cold]
    fn lose(&mut self, reason: LossReason) {
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
}

impl Statistics {
    /// Tallies for these components.
    pub fn new(components: &[Component]) -> Self {
        let tallies = components
            .iter()
            .map(|c| match c.kind {
                ComponentKind::Station { servers, paced } => {
                    Tally::Station(Station::new(if paced { 0 } else { servers }))
                }
                ComponentKind::Gate => Tally::Gate(Gate::default()),
                ComponentKind::Flow => Tally::Flow(Flow::default()),
                ComponentKind::Population { initial, .. } => Tally::Population(Level::new(initial)),
                ComponentKind::Pathway { .. } => Tally::Pathway(Level::default()),
                ComponentKind::Share => Tally::Share,
            })
            .collect();
        Self { tallies, further: components.iter().map(Further::new).collect() }
    }
    pub(super) fn advance(&mut self, at: SimTime) {
        for t in &mut self.tallies {
            match t {
                Tally::Station(s) => s.advance(at),
                Tally::Flow(f) => f.advance(at),
                Tally::Population(l) | Tally::Pathway(l) => l.advance(at),
                Tally::Gate(_) | Tally::Share => {}
            }
        }
        self.further.iter_mut().flat_map(|f| &mut f.extras).for_each(|e| e.advance(at));
    }
    pub(super) fn open_window(&mut self) {
        for t in &mut self.tallies {
            match t {
                Tally::Station(s) => s.open_window(),
                Tally::Flow(f) => f.open_window(),
                Tally::Population(l) | Tally::Pathway(l) => l.open_window(),
                Tally::Gate(_) | Tally::Share => {}
            }
        }
        self.further.iter_mut().for_each(Further::open_window);
    }
    /// Takes what the census found, leaving nothing.
    pub(super) fn take_census(&mut self) -> Vec<Census> {
        self.tallies
            .iter_mut()
            .map(|t| match t {
                Tally::Station(s) => std::mem::take(&mut s.census),
                Tally::Flow(f) => std::mem::take(&mut f.census),
                Tally::Gate(_) | Tally::Population(_) | Tally::Pathway(_) | Tally::Share => Census::default(),
            })
            .collect()
    }
}

impl Probe for Statistics {
    #[inline]
    fn enter(&mut self, c: ComponentId, at: SimTime) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.enter(at),
            Tally::Flow(f) => f.enter(at),
            Tally::Gate(_) | Tally::Population(_) | Tally::Pathway(_) | Tally::Share => {}
        }
    }
    // Called twice a packet: inlined, what it is told stays in registers (a tenth of the instructions of an M/M/1 run).
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.leave(&d),
            Tally::Flow(f) => f.leave(&d),
            Tally::Gate(g) => g.leave(&d),
            Tally::Population(l) | Tally::Pathway(l) => l.residence.add((d.at - d.since).ticks()),
            Tally::Share => {}
        }
    }
    #[inline]
    fn reject(&mut self, c: ComponentId, _at: SimTime, reason: LossReason) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.reject(),
            Tally::Gate(g) => g.reject(),
            Tally::Flow(_) | Tally::Population(_) | Tally::Pathway(_) | Tally::Share => {}
        }
        self.further[c as usize].lose(reason);
    }
    #[inline]
    fn lose(&mut self, c: ComponentId, at: SimTime, since: SimTime, service: u64, reason: LossReason) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.lose(at, since, service),
            Tally::Flow(f) => f.lose(at, since),
            Tally::Gate(_) | Tally::Population(_) | Tally::Pathway(_) | Tally::Share => {}
        }
        self.further[c as usize].lose(reason);
    }
    fn record(&mut self, c: ComponentId, extra: u8, at: SimTime, value: u64) {
        self.further[c as usize].extras[extra as usize].record(at, value);
    }
    fn used(&mut self, c: ComponentId, budget: usize, time: u64) {
        self.further[c as usize].used(budget, time);
    }
    fn hold(&mut self, c: ComponentId, at: SimTime, since: SimTime, served: u64) {
        let census = match &mut self.tallies[c as usize] {
            Tally::Station(s) => &mut s.census,
            Tally::Flow(f) => &mut f.census,
            Tally::Gate(_) | Tally::Population(_) | Tally::Pathway(_) | Tally::Share => return,
        };
        census.held += 1;
        census.age += u128::from((at - since).ticks());
        census.served += u128::from(served);
    }
    #[inline]
    fn level(&mut self, c: ComponentId, at: SimTime, level: f64) {
        if let Tally::Population(l) | Tally::Pathway(l) = &mut self.tallies[c as usize] {
            l.set(at, level);
        }
    }
    #[inline]
    fn count(&mut self, c: ComponentId, _at: SimTime, n: u64, inward: bool) {
        if let Tally::Population(l) | Tally::Pathway(l) = &mut self.tallies[c as usize] {
            l.count(n, inward);
        }
    }
    fn totals(&mut self, c: ComponentId, at: SimTime, totals: &LevelTotals) {
        if let Tally::Population(l) | Tally::Pathway(l) = &mut self.tallies[c as usize] {
            l.take(at, totals);
        }
    }
}

/// Running totals of a component at an instant.
#[derive(Clone, Copy)]
pub(super) enum Snapshot {
    Entities(Totals),
    Level(population::Totals),
    Share,
}

pub(super) fn snapshot(t: &Tally) -> Snapshot {
    match t {
        Tally::Station(s) => Snapshot::Entities(s.totals),
        Tally::Flow(f) => Snapshot::Entities(f.totals),
        Tally::Gate(g) => Snapshot::Entities(g.totals),
        Tally::Population(l) | Tally::Pathway(l) => Snapshot::Level(l.totals),
        Tally::Share => Snapshot::Share,
    }
}
