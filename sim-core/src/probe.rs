//! Observation, outside the models.
//!
//! A model tells a [`Probe`] what happens at its *components*: a link, a stage, a traffic flow, a species in a
//! compartment, a pathway. The vocabulary is the same for cells and networks. [`NoProbe`] compiles away.
//!
//! Two kinds of components exist. *Entity* components (links, stages, flows, tagged pools) report single entities by
//! [`enter`](Probe::enter), [`leave`](Probe::leave), [`lose`](Probe::lose). *Population* components (species counts,
//! busy carriers) report a level by [`level`](Probe::level) and passages by [`count`](Probe::count).
//!
//! Calls for one component are in order of time; calls for different components need not be, because a link may work
//! out departures ahead of the clock. [`Model::settle`](crate::Model::settle) brings all of them up to an instant.

use crate::time::SimTime;

/// Index of a component, given by the model in the order of its description.
pub type ComponentId = u32;

/// Why an entity was lost; an index into the model's list of reasons.
pub type LossReason = u16;

/// What an entity component learns when an entity leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Departure {
    /// When it left.
    pub at: SimTime,
    /// When it came in.
    pub since: SimTime,
    /// For how long it waited before service, in ticks.
    pub wait: u64,
    /// For how long it was in service, in ticks.
    pub service: u64,
    /// Its size in bits (packets); 1 for a molecule or vesicle.
    pub size: u64,
    /// The flow that it belongs to, if entities of this component belong to flows.
    pub flow: ComponentId,
    /// For how much of the wait it was held back although a server was idle (a shaper without tokens), in ticks.
    pub held_back: u64,
    /// For how long it travels before it is anywhere else, in ticks.
    pub propagation: u64,
}

/// Running totals of a population or pathway since time zero, from a model that keeps its own books. Passages are whole
/// numbers, exact up to 2^53, unless the model follows means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LevelTotals {
    /// The level now.
    pub level: f64,
    /// The greatest level since the last report.
    pub max: f64,
    /// The integral of the level over time, in ticks.
    pub area: f64,
    /// The integral of its square.
    pub squares: f64,
    /// Entities that came in, or passed backwards.
    pub inward: f64,
    /// Entities that went out, or passed forwards.
    pub outward: f64,
}

/// Watches a run. All methods do nothing by default.
pub trait Probe {
    /// Component `c` will be told of soon: what is kept of it may be read, so that it is in the processor's caches by then.
    #[inline]
    fn prefetch(&self, c: ComponentId) {
        let _ = c;
    }
    /// An entity comes into component `c`.
    #[inline]
    fn enter(&mut self, c: ComponentId, at: SimTime) {
        let _ = (c, at);
    }
    /// An entity leaves component `c` at the end of its way through it.
    #[inline]
    fn leave(&mut self, c: ComponentId, departure: Departure) {
        let _ = (c, departure);
    }
    /// An entity that arrives at `c` is lost before it is taken in.
    #[inline]
    fn reject(&mut self, c: ComponentId, at: SimTime, reason: LossReason) {
        let _ = (c, at, reason);
    }
    /// An entity that was in component `c` since `since` is lost there, after `service` ticks of service.
    #[inline]
    fn lose(&mut self, c: ComponentId, at: SimTime, since: SimTime, service: u64, reason: LossReason) {
        let _ = (c, at, since, service, reason);
    }
    /// An entity of flow `flow`, of which [`Probe::lose`] tells or told, was lost at component `c`.
    #[inline]
    fn blame(&mut self, flow: ComponentId, c: ComponentId, reason: LossReason) {
        let _ = (flow, c, reason);
    }
    /// Component `c` reports `value` for its extra measure `extra` (an index into
    /// [`Component::extras`](crate::stats::Component::extras)).
    #[inline]
    fn record(&mut self, c: ComponentId, extra: u16, at: SimTime, value: u64) {
        let _ = (c, extra, at, value);
    }
    /// What has passed component `c` since time zero has used its budget number `budget`, the tokens of a bucket, as far as
    /// they come in in `time` ticks. Told when the model settles.
    #[inline]
    fn used(&mut self, c: ComponentId, budget: usize, time: u64) {
        let _ = (c, budget, time);
    }
    /// At a census: an entity that came into `c` at `since` and has been in service there for `served` ticks is in `c`.
    #[inline]
    fn hold(&mut self, c: ComponentId, at: SimTime, since: SimTime, served: u64) {
        let _ = (c, at, since, served);
    }
    /// The level of population component `c` (a count, or the busy share of a carrier bank) becomes `level`.
    #[inline]
    fn level(&mut self, c: ComponentId, at: SimTime, level: f64) {
        let _ = (c, at, level);
    }
    /// `n` entities come into (`inward`) or go out of population component `c`, or pass pathway `c` forwards (`!inward`)
    /// or backwards (`inward`).
    #[inline]
    fn count(&mut self, c: ComponentId, at: SimTime, n: u64, inward: bool) {
        let _ = (c, at, n, inward);
    }
    /// What population component or pathway `c` amounts to at `at`, in place of single changes by [`Probe::level`] and
    /// [`Probe::count`]: from a model that takes many steps by itself, when it settles.
    #[inline]
    fn totals(&mut self, c: ComponentId, at: SimTime, totals: &LevelTotals) {
        let _ = (c, at, totals);
    }
}

/// Watches nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;
impl Probe for NoProbe {}

/// Two probes side by side.
impl<A: Probe, B: Probe> Probe for (A, B) {
    #[inline]
    fn prefetch(&self, c: ComponentId) {
        self.0.prefetch(c);
        self.1.prefetch(c);
    }
    #[inline]
    fn enter(&mut self, c: ComponentId, at: SimTime) {
        self.0.enter(c, at);
        self.1.enter(c, at);
    }
    #[expect(clippy::inline_always, reason = "as of the one that tallies")]
    #[inline(always)]
    fn leave(&mut self, c: ComponentId, departure: Departure) {
        self.0.leave(c, departure);
        self.1.leave(c, departure);
    }
    #[inline]
    fn reject(&mut self, c: ComponentId, at: SimTime, reason: LossReason) {
        self.0.reject(c, at, reason);
        self.1.reject(c, at, reason);
    }
    #[inline]
    fn lose(&mut self, c: ComponentId, at: SimTime, since: SimTime, service: u64, reason: LossReason) {
        self.0.lose(c, at, since, service, reason);
        self.1.lose(c, at, since, service, reason);
    }
    #[inline]
    fn blame(&mut self, flow: ComponentId, c: ComponentId, reason: LossReason) {
        self.0.blame(flow, c, reason);
        self.1.blame(flow, c, reason);
    }
    #[inline]
    fn record(&mut self, c: ComponentId, extra: u16, at: SimTime, value: u64) {
        self.0.record(c, extra, at, value);
        self.1.record(c, extra, at, value);
    }
    #[inline]
    fn used(&mut self, c: ComponentId, budget: usize, time: u64) {
        self.0.used(c, budget, time);
        self.1.used(c, budget, time);
    }
    #[inline]
    fn hold(&mut self, c: ComponentId, at: SimTime, since: SimTime, served: u64) {
        self.0.hold(c, at, since, served);
        self.1.hold(c, at, since, served);
    }
    #[inline]
    fn level(&mut self, c: ComponentId, at: SimTime, level: f64) {
        self.0.level(c, at, level);
        self.1.level(c, at, level);
    }
    #[inline]
    fn count(&mut self, c: ComponentId, at: SimTime, n: u64, inward: bool) {
        self.0.count(c, at, n, inward);
        self.1.count(c, at, n, inward);
    }
    #[inline]
    fn totals(&mut self, c: ComponentId, at: SimTime, totals: &LevelTotals) {
        self.0.totals(c, at, totals);
        self.1.totals(c, at, totals);
    }
}

/// A probe if it is wanted.
impl<P: Probe> Probe for Option<P> {
    #[inline]
    fn prefetch(&self, c: ComponentId) {
        if let Some(probe) = self {
            probe.prefetch(c);
        }
    }
    #[inline]
    fn enter(&mut self, c: ComponentId, at: SimTime) {
        if let Some(probe) = self {
            probe.enter(c, at);
        }
    }
    #[inline]
    fn leave(&mut self, c: ComponentId, departure: Departure) {
        if let Some(probe) = self {
            probe.leave(c, departure);
        }
    }
    #[inline]
    fn reject(&mut self, c: ComponentId, at: SimTime, reason: LossReason) {
        if let Some(probe) = self {
            probe.reject(c, at, reason);
        }
    }
    #[inline]
    fn lose(&mut self, c: ComponentId, at: SimTime, since: SimTime, service: u64, reason: LossReason) {
        if let Some(probe) = self {
            probe.lose(c, at, since, service, reason);
        }
    }
    #[inline]
    fn blame(&mut self, flow: ComponentId, c: ComponentId, reason: LossReason) {
        if let Some(probe) = self {
            probe.blame(flow, c, reason);
        }
    }
    #[inline]
    fn record(&mut self, c: ComponentId, extra: u16, at: SimTime, value: u64) {
        if let Some(probe) = self {
            probe.record(c, extra, at, value);
        }
    }
    #[inline]
    fn used(&mut self, c: ComponentId, budget: usize, time: u64) {
        if let Some(probe) = self {
            probe.used(c, budget, time);
        }
    }
    #[inline]
    fn hold(&mut self, c: ComponentId, at: SimTime, since: SimTime, served: u64) {
        if let Some(probe) = self {
            probe.hold(c, at, since, served);
        }
    }
    #[inline]
    fn level(&mut self, c: ComponentId, at: SimTime, level: f64) {
        if let Some(probe) = self {
            probe.level(c, at, level);
        }
    }
    #[inline]
    fn count(&mut self, c: ComponentId, at: SimTime, n: u64, inward: bool) {
        if let Some(probe) = self {
            probe.count(c, at, n, inward);
        }
    }
    #[inline]
    fn totals(&mut self, c: ComponentId, at: SimTime, totals: &LevelTotals) {
        if let Some(probe) = self {
            probe.totals(c, at, totals);
        }
    }
}
