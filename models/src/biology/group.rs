//! All channels of one part of a system.
//!
//! The direct method (Gillespie 1977, doi:10.1021/j100540a008), run from one horizon of the engine to the next without
//! touching the queue. The time of the next firing is kept as a hazard that is still to be used up, drawn once for each
//! firing: what looks at the run, and how it is cut into stretches, changes nothing about it, and an intervention uses up
//! what has accrued and goes on with the rest (the unit-rate clock of Anderson 2007, doi:10.1063/1.2799998). One that
//! leaves the rates of the group as they are leaves its next firing where it is.
//!
//! The group keeps its own books of levels and passages and reports running totals at the end of a stretch.

use sim_core::probe::LevelTotals;
use sim_core::rng::{Rng, Streams};
use sim_core::{Ctx, Departure, EVENTS_PER_INSTANT_MAX, Probe, SimTime, TICKS_PER_SECOND};

use super::agenda::Agenda;
use super::assemble::{COUNT_MAX, FOLLOWED_MAX};
use super::dose::Dose;
use super::dwell::Dwellers;
use super::jump::Chance;
use super::network::{NONE, Network, Phase};
use super::observable::Observers;
use super::rates::{COMMON, Rates};
use super::releases::Releases;
use super::run::Event;
use super::small;
use super::system::Part;
use super::tree::{SumTree, WHOLE};
use super::turnover::Turnover;
use super::varying::Varying;
use super::watch::{self, Watch};

/// Above so many firings a second the clock's ticks of 1 ps would be felt (4e-4 of the rate).
const RATE_MAX: f64 = 1e11;
/// Ticks in a second, as propensities meet them.
const TICKS: f64 = TICKS_PER_SECOND as f64;

/// Integrals of one slot's count since time zero, up to `last`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Book {
    pub(super) area: f64,
    pub(super) squares: f64,
    /// Greatest count since the last report.
    pub(super) max: f64,
    pub(super) last: u64,
}

impl Book {
    /// Enters that the count was `x` until `now` and is `next` from then on.
    #[inline]
    pub(super) fn enter(&mut self, x: f64, next: f64, now: u64) {
        let area = x * (now - self.last) as i64 as f64;
        self.area += area;
        self.squares += x * area;
        self.max = if next > self.max { next } else { self.max };
        self.last = now;
    }
}

/// The utilization of a saturable channel.
#[derive(Clone, Copy, Debug)]
struct Meter {
    component: u32,
    share: f64,
    book: Book,
}

/// The entities of a slot, one by one.
#[derive(Clone, Debug)]
struct Tags {
    /// When each came in.
    since: Vec<u64>,
    /// Draws who leaves.
    rng: Rng,
}

/// What decides about a firing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    /// The hazard that is to be used up until then.
    pub(super) hazard: f64,
    /// Where in the row of all propensities it falls, from 0 to 1.
    pub(super) pick: f64,
}

impl Draw {
    #[inline]
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self { hazard: rng.exponential(), pick: rng.uniform() }
    }
}

/// One run of a part.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) network: &'a Network,
    pub(super) phases: &'a [Phase],
    rates: &'a Rates,
    pub(super) phase: usize,
    pub(super) x: Vec<f64>,
    pub(super) books: Vec<Book>,
    pub(super) fired: Vec<u64>,
    /// By slot: how many interventions have put in and taken out.
    dosed: Vec<(u64, u64)>,
    turnover: Turnover,
    pub(super) tree: SumTree,
    /// What follows waveforms, if anything does; the tree then holds bounds.
    varying: Option<Box<Varying>>,
    /// Releases at spikes, if there are any.
    pub(super) sites: Option<Box<Releases>>,
    /// The conditions of interventions, if there are any.
    watch: Option<Box<Watch>>,
    /// What those draw from.
    chance: Chance,
    /// What is told besides counts, if anything is.
    observers: Option<Box<Observers<'a>>>,
    /// What is wrong with what it starts from.
    flaw: Option<String>,
    /// What happens at set times, if anything does.
    pub(super) agenda: Option<Box<Agenda>>,
    /// All inner nodes of the tree.
    all_nodes: Vec<(u32, u32)>,
    meters: Vec<Meter>,
    /// By channel.
    meter_of: Vec<u32>,
    /// When the last firing or intervention was.
    pub(super) now: u64,
    /// What decides about the next firing.
    pub(super) draw: Draw,
    /// When the next firing is due; `u64::MAX` if never.
    pub(super) next: u64,
    pub(super) rng: Rng,
    /// Single channels that are looked at.
    dwellers: Vec<Dwellers<'a>>,
    /// By slot, of those that are followed; empty if none is.
    tags: Vec<Option<Tags>>,
    /// By slot: the count as it was told last; empty if none is told.
    told: Vec<f64>,
}

impl<'a> Group<'a> {
    /// A group at time zero, in its first phase.
    pub(super) fn new(part: &'a Part, streams: Streams) -> Self {
        let Part { element, network, phases } = part;
        let follow = |slot: usize| {
            let rng = streams.stream(&format!("compartment.{}", network.slot_names[slot]), "tag");
            network.tagged[slot].then(|| Tags { since: vec![0; network.initial[slot] as usize], rng })
        };
        let followed = network.tagged.contains(&true);
        let tags = if followed { (0..network.one()).map(follow).collect() } else { Vec::new() };
        let mut meter_of = vec![NONE; network.channels()];
        let meters: Vec<Meter> = network
            .meters
            .iter()
            .enumerate()
            .map(|(i, &(channel, component))| {
                meter_of[channel as usize] = i as u32;
                Meter { component, share: 0.0, book: Book::default() }
            })
            .collect();
        let tree = SumTree::new(network.channels());
        let mut rng = streams.stream(element, "firing");
        let (x, flaw) = network.at_start(streams);
        let mut group = Self {
            network,
            phases,
            rates: &phases[0].rates,
            phase: 0,
            books: x.iter().map(|&x| Book { max: x, ..Book::default() }).collect(),
            x,
            fired: vec![0; network.channels()],
            dosed: vec![(0, 0); network.initial.len()],
            turnover: Turnover::new(network),
            all_nodes: tree.touched(0..network.channels()),
            tree,
            varying: Varying::new(&phases[0], element, streams).map(Box::new),
            sites: Releases::new(&phases[0].releases, streams).map(Box::new),
            watch: Watch::new(&phases[0]).map(Box::new),
            chance: Chance::new(&phases[0].jumps, &network.slot_names, streams),
            observers: None,
            flaw,
            agenda: Agenda::new(network, &phases[0], streams).map(Box::new),
            meters,
            meter_of,
            now: 0,
            draw: Draw::new(&mut rng),
            next: u64::MAX,
            rng,
            dwellers: network.dwells.iter().map(|scheme| Dwellers::new(scheme, network, streams)).collect(),
            tags,
            told: if network.told.is_empty() { Vec::new() } else { network.initial.clone() },
        };
        group.enter_phase(0);
        group.observers = Observers::new(network, &phases[0], &group.x).map(Box::new);
        group.aim(group.total());
        group
    }

    /// The sum of all propensities, in 1/s.
    pub(super) fn total(&self) -> f64 {
        self.tree.total()
    }

    /// Works all propensities out anew.
    fn recompute(&mut self) {
        for q in 0..self.network.channels() {
            self.update(q);
        }
        self.tree.refresh(&self.all_nodes);
    }

    #[inline]
    pub(super) fn update(&mut self, q: usize) {
        let rate = match &self.varying {
            None => self.rates.rate(q, &self.x),
            Some(varying) => varying.bound(q, self.rates, &self.x),
        };
        if self.rates.common[q].other == COMMON {
            self.tree.set(q, rate);
        } else {
            self.update_other(q, rate);
        }
    }

    /// Laws that are not of the common form may be metered, and may give what is no rate.
    fn update_other(&mut self, q: usize, rate: f64) {
        // What is no rate makes the total none, which ends the run.
        self.tree.set(q, if rate >= 0.0 { rate } else { f64::NAN });
        if let Some(m) = self.meters.get_mut(self.meter_of[q] as usize) {
            let capacity = self.phases[self.phase].capacity[q];
            let share = if capacity > 0.0 { rate / capacity } else { 0.0 };
            if share.to_bits() != m.share.to_bits() {
                m.book.enter(m.share, share, self.now);
                m.share = share;
            }
        }
    }

    #[inline]
    pub(super) fn aim(&mut self, total: f64) {
        self.next = due(self.now, self.draw.hazard, total);
    }

    /// Whether counts or passages are told one by one.
    fn tells(&self) -> bool {
        !self.told.is_empty() || !self.network.told_passages.is_empty()
    }

    /// Whether it matters who comes and goes: single entities are followed or under way, or counts are told.
    pub(super) fn is_followed(&self) -> bool {
        let is_observed = self.observers.as_ref().is_some_and(|observers| observers.is_moved);
        !self.tags.is_empty() || self.agenda.is_some() || !self.dwellers.is_empty() || is_observed || self.tells()
    }

    /// Takes over propensities that were worked out elsewhere.
    pub(super) fn take_rates(&mut self, rate: impl Fn(usize) -> f64) {
        for q in 0..self.network.channels() {
            self.tree.set(q, rate(q));
        }
        self.tree.refresh(&self.all_nodes);
    }

    /// Begins phase `i` now.
    ///
    /// Fails if a count gets out of hand.
    pub(super) fn begin_phase<P: Probe>(&mut self, i: usize, now: u64, probe: &mut P) -> Result<(), String> {
        let phase = &self.phases[i];
        let mut doses: Vec<(u32, Dose)> = phase.dose.into_iter().collect();
        if let Some(jump) = phase.jump {
            let mut values = vec![0.0; phase.watched.len()];
            watch::evaluate(&mut phase.watched.clone(), &mut values, now);
            let chance = self.chance.of(jump as usize);
            doses.extend(phase.jumps[jump as usize].doses(&self.x, &values, &self.network.slot_names, chance)?);
        }
        self.intervene(now, &doses, probe, |group| {
            if let Some(varying) = &mut group.varying {
                varying.follow(phase, now);
            }
            if let Some(agenda) = &mut group.agenda {
                agenda.follow(phase, now);
            }
            if let Some(observers) = &mut group.observers {
                observers.follow(phase);
            }
            group.enter_phase(i);
        })?;
        if let Some(watch) = &mut self.watch {
            watch.follow(phase);
            self.look(now, probe)?;
        }
        Ok(())
    }

    /// Changes counts now, then what else `and` changes, which is to work out all propensities.
    ///
    /// Fails if a count gets out of hand.
    fn intervene<P: Probe>(
        &mut self,
        now: u64,
        doses: &[(u32, Dose)],
        probe: &mut P,
        and: impl FnOnce(&mut Self),
    ) -> Result<(), String> {
        let (last, before) = (self.now, self.total());
        self.now = now;
        if let Some(observers) = &mut self.observers {
            observers.accrue_all(now);
        }
        let mut dosed = false;
        for &(slot, dose) in doses {
            dosed |= self.dose(slot as usize, dose, probe)?;
        }
        and(self);
        if let Some(observers) = &mut self.observers {
            observers.look(&self.x, now);
        }
        if !dosed && self.total().to_bits() == before.to_bits() {
            // The hazard goes on as it did: the next firing stays where it is, to the tick.
            self.now = last;
            return Ok(());
        }
        self.use_up(before, last, now);
        self.aim(self.total());
        Ok(())
    }

    /// Looks at the conditions of interventions now, does what those say whose turn it is, and finds out when to look next.
    ///
    /// Fails if a count gets out of hand, or if there is no end to it.
    pub(super) fn look<P: Probe>(&mut self, now: u64, probe: &mut P) -> Result<(), String> {
        let Some(mut watch) = self.watch.take() else { return Ok(()) };
        let jumps = &self.phases[self.phase].jumps;
        for round in 0.. {
            let doses = watch.look(jumps, &self.x, now, &self.network.slot_names, &mut self.chance)?;
            let Some(doses) = doses else { break };
            if round == watch::ROUNDS_MAX {
                return Err(String::from("no progress: interventions set each other off without end at one instant"));
            }
            self.intervene(now, &doses, probe, Self::recompute)?;
        }
        let until = self.upcoming().min(self.next_spike()).min(self.next_arrival());
        watch.aim(jumps, &self.x, until)?;
        self.watch = Some(watch);
        Ok(())
    }

    /// Changes a count now; returns whether it has become another.
    fn dose<P: Probe>(&mut self, slot: usize, dose: Dose, probe: &mut P) -> Result<bool, String> {
        if let Dose::Assign(value) = dose {
            let x = std::mem::replace(&mut self.x[slot], value);
            self.books[slot].enter(x, value, self.now);
            return Ok(x.to_bits() != value.to_bits());
        }
        let (x, to) = (self.x[slot], dose.apply(self.x[slot]));
        let underway = self.agenda.as_ref().is_some_and(|agenda| agenda.holds(slot as u32));
        let most = if self.network.tagged[slot] || underway { FOLLOWED_MAX } else { COUNT_MAX };
        if to > most {
            let name = &self.network.slot_names[slot];
            return Err(format!("an intervention makes {to:e} of `{name}`; at most {most:e} are possible"));
        }
        let change = to - x;
        if change == 0.0 {
            return Ok(false);
        }
        self.books[slot].enter(x, to, self.now);
        self.x[slot] = to;
        let (inward, outward) = &mut self.dosed[slot];
        *(if change > 0.0 { inward } else { outward }) += change.abs() as u64;
        if underway && change < 0.0 {
            self.take_out(slot, -change, probe);
            self.tell(slot, change, self.now, probe);
        } else if self.is_followed() {
            self.follow(slot, change, NONE, self.now, probe);
        }
        Ok(true)
    }

    fn enter_phase(&mut self, i: usize) {
        self.phase = i;
        self.rates = &self.phases[i].rates;
        for &(slot, held) in &self.phases[i].fixed {
            self.x[slot as usize] = held;
        }
        if let Some(varying) = &mut self.varying
            && varying.end <= self.now
        {
            varying.begin_cell(self.now, self.rates, &self.x);
        }
        self.recompute();
    }

    /// Does all firings before `limit`, or those until the run is given up; returns how many.
    ///
    /// Fails if there is no end to them at one instant.
    pub(super) fn fire<P: Probe>(&mut self, limit: u64, ctx: &mut Ctx<'_, Event, P>) -> Result<u64, String> {
        // So many at one instant are no progress; and after so many it is asked whether to go on at all.
        const MOST: u64 = EVENTS_PER_INSTANT_MAX;
        let (mut fired, mut ask): (u64, u64) = (0, MOST);
        while self.next_step() < limit {
            if fired >= ask {
                if ctx.is_cancelled() {
                    break;
                }
                ask = fired + MOST;
            }
            let spike = self.next_spike();
            if spike <= self.next_of_itself() {
                // What happens at the time of a firing comes before it.
                self.spike(spike, ctx.probe())?;
                fired += 1;
                continue;
            }
            let limit = limit.min(spike);
            let progress = |group: &Self| (group.now, group.watch.as_ref().map(|watch| watch.since));
            let before = progress(self);
            let n = match &self.phases[self.phase].small {
                _ if self.watch.is_some() || self.agenda.is_some() => {
                    self.advance_by_steps(limit, MOST, ctx.probe())?
                }
                Some(plan) => small::advance(self, plan, limit, MOST, ctx.probe()),
                None if self.varying.is_some() => self.advance_varying(limit, MOST, ctx.probe()),
                None if self.is_followed() => self.advance::<P, true>(limit, MOST, ctx.probe()),
                None => self.advance::<P, false>(limit, MOST, ctx.probe()),
            };
            fired += n;
            if n == 0 {
                // There is no going on with these rates, which `due` tells.
                break;
            }
            if n == MOST && progress(self) == before {
                return Err(format!("no progress: {n} firings at one instant"));
            }
        }
        Ok(fired)
    }

    /// Fires until `limit` (exclusive), at most `most` times; returns how often.
    fn advance<P: Probe, const TAGGED: bool>(&mut self, limit: u64, most: u64, probe: &mut P) -> u64 {
        let mut n = 0;
        while self.next < limit && n < most {
            self.now = self.next;
            let q = self.tree.select(self.draw.pick * self.total());
            self.apply::<P, TAGGED>(q, probe);
            self.draw = Draw::new(&mut self.rng);
            self.aim(self.total());
            n += 1;
        }
        n
    }

    /// What a firing of channel `q` does.
    #[inline]
    pub(super) fn apply<P: Probe, const TAGGED: bool>(&mut self, q: usize, probe: &mut P) {
        self.fired[q] += 1;
        for &(slot, change) in self.network.changes.row(q) {
            let slot = slot as usize;
            let (x, to) = (self.x[slot], self.x[slot] + change);
            self.books[slot].enter(x, to, self.now);
            self.x[slot] = to;
        }
        if TAGGED {
            self.tag_changes(q, self.now, probe);
        }
        for &d in self.network.dependents.row(q) {
            self.update(d as usize);
        }
        self.tree.refresh(self.network.touched.row(q));
    }

    /// As [`Group::advance`], of a part that follows waveforms. Candidates that are not taken and ends of cells count.
    fn advance_varying<P: Probe>(&mut self, limit: u64, most: u64, probe: &mut P) -> u64 {
        let mut n = 0;
        while self.upcoming() < limit && n < most {
            let total = self.total();
            if total != 0.0 && !is_rate(total) {
                break;
            }
            n += 1;
            let Some(varying) = &mut self.varying else { break };
            let end = varying.end;
            if end <= self.next {
                self.next_cell(end);
                continue;
            }
            self.now = self.next;
            let q = self.tree.select(self.draw.pick * total);
            match varying.takes(q, self.tree.leaf(q), self.now, self.rates, &self.x) {
                Ok(true) if self.is_followed() => self.apply::<P, true>(q, probe),
                Ok(true) => self.apply::<P, false>(q, probe),
                Ok(false) => {}
                Err(()) => {
                    // Ends the run.
                    self.tree.set(q, f64::NAN);
                    self.tree.refresh(&self.all_nodes);
                }
            }
            self.draw = Draw::new(&mut self.rng);
            self.aim(self.total());
        }
        n
    }

    /// As [`Group::advance`], of a part with interventions that wait for conditions, or where things happen at set times. Those
    /// and looks between firings count.
    ///
    /// Fails as looks do.
    fn advance_by_steps<P: Probe>(&mut self, limit: u64, most: u64, probe: &mut P) -> Result<u64, String> {
        let mut n = 0;
        while n < most {
            let at = self.next_of_itself();
            if at >= limit {
                break;
            }
            // What happens at the time of a firing comes before it: first what conditions set off, then arrivals.
            let looks = self.watch.as_ref().is_some_and(|watch| watch.next <= at);
            if !looks && self.next_arrival() <= at {
                self.arrive(at, probe);
            } else if !looks {
                let fired = match (&self.varying, self.is_followed()) {
                    (Some(_), _) => self.advance_varying(limit, 1, probe),
                    (None, true) => self.advance::<P, true>(limit, 1, probe),
                    (None, false) => self.advance::<P, false>(limit, 1, probe),
                };
                if fired == 0 {
                    break;
                }
            }
            n += 1;
            self.look(at, probe)?;
        }
        Ok(n)
    }

    /// A cell of time ends at `now`, and with it the bounds of what follows waveforms.
    fn next_cell(&mut self, now: u64) {
        self.use_up(self.total(), self.now, now);
        self.now = now;
        if let Some(varying) = &mut self.varying {
            varying.begin_cell(now, self.rates, &self.x);
        }
        let mut i = 0;
        while let Some(&q) = self.varying.as_ref().and_then(|v| v.channels.get(i)) {
            self.update(q as usize);
            i += 1;
        }
        self.tree.refresh(&self.all_nodes);
        self.aim(self.total());
    }

    /// Uses up the hazard from `from` to `to` at a sum of propensities of `total`.
    pub(super) fn use_up(&mut self, total: f64, from: u64, to: u64) {
        let used = total * ((to - from) as f64 / TICKS);
        self.draw.hazard = (self.draw.hazard - used).max(0.0);
    }

    /// When it has something to do next, of itself or at a spike.
    fn next_step(&self) -> u64 {
        self.next_of_itself().min(self.next_spike())
    }

    /// When it has something to do next without a spike: a firing, an arrival, a cell or a look at conditions.
    fn next_of_itself(&self) -> u64 {
        let next = self.upcoming();
        self.watch.as_ref().map_or(next, |watch| next.min(watch.next)).min(self.next_arrival())
    }

    /// When a firing is due, or the end of a cell.
    fn upcoming(&self) -> u64 {
        self.varying.as_ref().map_or(self.next, |varying| self.next.min(varying.end))
    }

    /// Follows those that come and go when channel `q` fires.
    #[inline(never)]
    pub(super) fn tag_changes<P: Probe>(&mut self, q: usize, now: u64, probe: &mut P) {
        for dwellers in &mut self.dwellers {
            dwellers.fired(q, now, probe);
        }
        if let Some(observers) = &mut self.observers {
            observers.fired(q, now);
        }
        if let Some(&component) = self.network.told_passages.get(q).filter(|c| **c != NONE) {
            probe.count(component, SimTime::from_ticks(now), 1, false);
        }
        for &(slot, change) in self.network.changes.row(q) {
            let exit = self.network.exits[slot as usize].get(q).copied().unwrap_or(NONE);
            self.follow(slot as usize, change, exit, now, probe);
        }
    }
    /// Follows those that come into `slot` or go from it.
    fn follow<P: Probe>(&mut self, slot: usize, change: f64, exit: u32, now: u64, probe: &mut P) {
        self.tell(slot, change, now, probe);
        if let Some(agenda) = &mut self.agenda
            && agenda.holds(slot as u32)
        {
            // Who leaves is known then: see `arrive`.
            agenda.come(slot as u32, change.max(0.0), now);
        } else if !self.tags.is_empty() {
            self.tag(slot, change, exit, now, probe);
        }
    }

    /// Tells that the count of a slot has changed, if that is asked for.
    fn tell<P: Probe>(&mut self, slot: usize, change: f64, now: u64, probe: &mut P) {
        if self.network.told.get(slot) == Some(&true) {
            self.told[slot] += change;
            probe.level(self.network.components[slot], SimTime::from_ticks(now), self.told[slot]);
        }
    }

    /// Molecules in a well-mixed pool are exchangeable: whoever leaves is any of them alike. `exit` is the component of the
    /// way out, where that is told apart.
    fn tag<P: Probe>(&mut self, slot: usize, change: f64, exit: u32, now: u64, probe: &mut P) {
        let Some(Tags { since: pool, rng }) = &mut self.tags[slot] else { return };
        if change > 0.0 {
            pool.resize(pool.len() + change as usize, now);
            return;
        }
        for _ in 0..(-change) as u64 {
            let who = rng.below(pool.len() as u64) as usize;
            let since = pool.swap_remove(who);
            leave(self.network.components[slot], since, exit, now, probe);
        }
    }

    /// When the next firing is due; `u64::MAX` if never.
    ///
    /// Fails if there is no telling.
    pub(super) fn due(&self) -> Result<u64, String> {
        if let Some(flaw) = self.flaw.as_ref().or(self.observers.as_ref().and_then(|o| o.flaw.as_ref())) {
            return Err(flaw.clone());
        }
        let total = self.total();
        if total == 0.0 || is_rate(total) { Ok(self.next_step()) } else { Err(self.fault(total)) }
    }

    /// What is wrong with the propensities, in words.
    fn fault(&self, total: f64) -> String {
        let rates = |q: &usize| match &self.varying {
            Some(varying) => varying.rate(*q, self.rates, &self.x),
            None => self.rates.rate(*q, &self.x),
        };
        let bad = (0..self.network.channels()).find(|q| !(rates(q) >= 0.0 && rates(q).is_finite()));
        let fastest = (0..self.network.channels()).max_by(|a, b| rates(a).total_cmp(&rates(b)));
        match (bad, fastest) {
            (Some(q), _) => {
                format!("the rate of {} is {}, which is no rate", self.network.describe(q, &self.x), rates(&q))
            }
            (None, Some(q)) => format!(
                "{total:e} firings a second are more than the clock resolves ({RATE_MAX:e}); the fastest is {}",
                self.network.describe(q, &self.x)
            ),
            (None, None) => String::from("no channels"),
        }
    }

    /// Tells what has happened up to `at`.
    pub(super) fn settle<P: Probe>(&mut self, at: SimTime, probe: &mut P) {
        let end = at.ticks();
        let network = self.network;
        let dosed = self.dosed.iter().map(|&(inward, outward)| (inward as f64, outward as f64));
        self.turnover.count(network, (0..).zip(dosed), self.fired.iter().map(|&n| n as f64));
        let area = |book: &Book, level: f64| book.area + level * (end - book.last) as f64;
        for (slot, &component) in network.components.iter().enumerate().filter(|c| *c.1 != NONE) {
            let (book, level) = (&mut self.books[slot], self.x[slot]);
            let squares = book.squares + level * level * (end - book.last) as f64;
            let (inward, outward) = self.turnover.slots[slot];
            let area = area(book, level);
            let totals = LevelTotals { level, max: book.max, area, squares, inward, outward };
            book.max = level;
            probe.totals(component, at, &totals);
        }
        if let Some(observers) = &mut self.observers {
            observers.settle(at, probe);
        }
        for (&component, &(inward, outward)) in network.passed.iter().zip(&self.turnover.passed) {
            let meter = self.meters.iter().find(|m| m.component == component);
            let (mut level, mut busy) = meter.map_or((0.0, 0.0), |m| (m.share, area(&m.book, m.share)));
            for &(_, slot, capacity) in network.busy_counts.iter().filter(|b| b.0 == component) {
                let (book, x) = (&self.books[slot as usize], self.x[slot as usize]);
                level += x / capacity;
                busy += area(book, x) / capacity;
            }
            let totals = LevelTotals { level, max: level, area: busy, squares: 0.0, inward, outward };
            probe.totals(component, at, &totals);
        }
    }
}

/// Tells that one that came at `since` has left component `c` now, by `exit` if ways out are told apart.
pub(super) fn leave<P: Probe>(c: u32, since: u64, exit: u32, now: u64, probe: &mut P) {
    let (since, at) = (SimTime::from_ticks(since), SimTime::from_ticks(now));
    let departure = Departure { at, since, service: (at - since).ticks(), size: 1, ..Departure::default() };
    probe.leave(c, departure);
    if exit != NONE {
        probe.leave(exit, departure);
    }
}

/// When a hazard of `hazard` from `now` on is used up at `total` firings a second, to the nearest tick; never if the
/// total is no rate to go on with.
#[inline]
pub(super) fn due(now: u64, hazard: f64, total: f64) -> u64 {
    let gap = hazard * TICKS / total;
    // Added to a number below 2^51, 2^52 leaves the nearest whole number in the low bits.
    if gap < WHOLE / 2.0 && total < RATE_MAX {
        return now + ((gap + WHOLE).to_bits() - WHOLE.to_bits());
    }
    // Longer than 37 min, or no gap at all.
    if is_rate(total) { now.saturating_add(gap as u64) } else { u64::MAX }
}

/// Whether `total` propensity can be drawn from.
#[inline]
pub(super) fn is_rate(total: f64) -> bool {
    // False for NaN.
    total > 0.0 && total < RATE_MAX
}
