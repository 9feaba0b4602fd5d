//! The probe that tallies a run.

use super::component::{Component, ComponentKind};
use super::population::{self, Level};
use super::station::{Census, Flow, Station, Totals};
use crate::probe::{ComponentId, Departure, LevelTotals, LossReason, Probe};
use crate::time::SimTime;

/// What is kept of one component.
#[derive(Clone, Debug)]
pub(super) enum Tally {
    Station(Station),
    Flow(Flow),
    Population(Level),
    Pathway(Level),
}

/// The probe that tallies a run.
#[derive(Clone, Debug)]
pub struct Statistics {
    pub(super) tallies: Vec<Tally>,
}

impl Statistics {
    /// Tallies for these components.
    pub fn new(components: &[Component]) -> Self {
        let tallies = components
            .iter()
            .map(|c| match c.kind {
                ComponentKind::Station { servers } => Tally::Station(Station::new(servers)),
                ComponentKind::Flow => Tally::Flow(Flow::default()),
                ComponentKind::Population { initial, .. } => Tally::Population(Level::new(initial)),
                ComponentKind::Pathway { .. } => Tally::Pathway(Level::default()),
            })
            .collect();
        Self { tallies }
    }
    pub(super) fn advance(&mut self, at: SimTime) {
        for t in &mut self.tallies {
            match t {
                Tally::Station(s) => s.advance(at),
                Tally::Flow(f) => f.advance(at),
                Tally::Population(l) | Tally::Pathway(l) => l.advance(at),
            }
        }
    }
    pub(super) fn open_window(&mut self) {
        for t in &mut self.tallies {
            match t {
                Tally::Station(s) => s.open_window(),
                Tally::Flow(f) => f.open_window(),
                Tally::Population(l) | Tally::Pathway(l) => l.open_window(),
            }
        }
    }
    /// Takes what the census found, leaving nothing.
    pub(super) fn take_census(&mut self) -> Vec<Census> {
        self.tallies
            .iter_mut()
            .map(|t| match t {
                Tally::Station(s) => std::mem::take(&mut s.census),
                Tally::Flow(f) => std::mem::take(&mut f.census),
                Tally::Population(_) | Tally::Pathway(_) => Census::default(),
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
            Tally::Population(_) | Tally::Pathway(_) => {}
        }
    }
    // Called twice a packet: inlined, what it is told stays in registers (a tenth of the instructions of an M/M/1 run).
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    fn leave(&mut self, c: ComponentId, d: Departure) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.leave(&d),
            Tally::Flow(f) => f.leave(&d),
            Tally::Population(l) | Tally::Pathway(l) => l.residence.add((d.at - d.since).ticks()),
        }
    }
    #[inline]
    fn reject(&mut self, c: ComponentId, _at: SimTime, _reason: LossReason) {
        if let Tally::Station(s) = &mut self.tallies[c as usize] {
            s.reject();
        }
    }
    #[inline]
    fn lose(&mut self, c: ComponentId, at: SimTime, since: SimTime, _reason: LossReason) {
        match &mut self.tallies[c as usize] {
            Tally::Station(s) => s.lose(at, since),
            Tally::Flow(f) => f.lose(at, since),
            Tally::Population(_) | Tally::Pathway(_) => {}
        }
    }
    fn hold(&mut self, c: ComponentId, at: SimTime, since: SimTime, served: u64) {
        let census = match &mut self.tallies[c as usize] {
            Tally::Station(s) => &mut s.census,
            Tally::Flow(f) => &mut f.census,
            Tally::Population(_) | Tally::Pathway(_) => return,
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
}

pub(super) fn snapshot(t: &Tally) -> Snapshot {
    match t {
        Tally::Station(s) => Snapshot::Entities(s.totals),
        Tally::Flow(f) => Snapshot::Entities(f.totals),
        Tally::Population(l) | Tally::Pathway(l) => Snapshot::Level(l.totals),
    }
}
