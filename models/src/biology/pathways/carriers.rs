//! Carriers of a pump one by one, with inhibitors that bind and let go.
//!
//! ```text
//! E + S <-> ES -> E + P    at k_on S, k_off; kcat. The same of each further substrate: ES_i, at k_on_i S_i, k_off; kcat_i
//! E + I <-> EI             competitive: blocks the free carrier
//! ES + I <-> ESI           uncompetitive: blocks the loaded carrier
//! X + I <-> XI             non-competitive: binds to X = E, ES, EI, ESI alike and stops turnover alone
//! ```
//! Inhibitors bind at `k_off` / Ki each and are used up by it. A carrier that a non-competitive inhibitor keeps from turning
//! over lets its substrate go back at `k_off` + kcat: only so does the inhibitor leave Km as it is, which is what the name
//! says. So it is without ATP, which binds to all states alike and much faster than anything else happens: a loaded carrier turns over at
//! kcat a and lets its substrate go at `k_off` + kcat (1 - a), a = ATP / (K + ATP). At constant concentrations the mean turnover is then
//! that of the reduced law in every mode and mixture, and each carrier is in one of
//!
//! ```text
//! E : EI : ES_i : ES_i I = 1 : I/Ki : S_i/Km_i : S_i/Km_i I/Ki,    each with a non-competitive inhibitor bound with I / (Ki + I)
//! ```
//! Turnover is no Poisson stream (Kou et al. 2005, doi:10.1021/jp051490q): without inhibitors the mean time is
//! `(k_on S + k_off + kcat) / (k_on S kcat)` and the randomness `1 - 2 k_on S kcat / (k_on S + k_off + kcat)^2`. `k_on` is
//! `(k_off + kcat) / Km` unless given.
//!
//! Whoever binds has left the count of the compartment, and is back when it is released: there, throughput and residence
//! times are those of free molecules.
//!
//! Validated against this occupancy (binomial counts of states), against mean and variance of turnovers of a single
//! carrier's Markov chain in every mode, and against the reduced law with several substrates and ATP.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Table};

use super::super::{Channel, Inhibition, Law, Passage, PathwayBuilder, Propensity, Species};
use super::bank::Energy;
use super::inhibitor::Binder;
use crate::common::term::Term;

/// A substrate.
pub(super) struct Load {
    pub(super) name: String,
    /// Binding of a pair, 1/s.
    pub(super) k_on: f64,
    /// Turnover, 1/s.
    pub(super) kcat: f64,
    pub(super) substrate: Species,
    pub(super) product: Species,
}

/// A bank of carriers.
pub(super) struct Carriers {
    /// What is pumped, the pump's own first.
    pub(super) loads: Vec<Load>,
    /// Unbinding of any, 1/s.
    pub(super) k_off: f64,
    pub(super) energy: Option<Energy>,
    pub(super) binders: Vec<Binder>,
}

/// What is bound to a carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    /// Which substrate.
    load: Option<usize>,
    /// The one competitive or uncompetitive inhibitor.
    blocker: Option<usize>,
    /// The non-competitive ones, one bit each.
    stoppers: u64,
}

/// A carrier with nothing on it.
const EMPTY: State = State { load: None, blocker: None, stoppers: 0 };
/// A carrier can be in so many states at most.
const STATES_MAX: usize = 64;

impl Carriers {
    /// Adds the states of the carriers and what leads from one to another.
    pub(super) fn add(&self, table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
        let n = table.number("N");
        if n.fract() != 0.0 || n == 0.0 {
            let message = format!("{n} explicit carriers");
            return Err(Diagnostic::error("E0607", table.span_of("N"), message, "expected a whole number, 1 or more"));
        }
        let Some(states) = self.states() else {
            let message = format!("a carrier of `{}` could be in more than {STATES_MAX} states", table.path);
            let key = if self.binders.is_empty() { "competitors" } else { "inhibitors" };
            let d = Diagnostic::error("E0607", table.span_of(key), message, format!("too many {key}"));
            return Err(d.help("each non-competitive inhibitor doubles the states; leave some out, or `explicit`"));
        };
        // All are free at first.
        let pool = |(i, s): (usize, &State)| to.state(&self.name(s), if i == 0 { n } else { 0.0 });
        let pools: Vec<Species> = states.iter().enumerate().map(pool).collect();
        let pool = |state: State| states.iter().position(|s| *s == state).map(|i| pools[i]);
        for &state in &states {
            self.pump(state, &pool, to);
            self.block(state, &pool, to);
        }
        for (i, load) in self.loads.iter().enumerate() {
            let (Some(free), Some(bound)) = (pool(EMPTY), pool(State { load: Some(i), ..EMPTY })) else { continue };
            if i == 0 {
                to.busy_by_count(bound, n);
            } else {
                let mut branch = to.branch(&load.name);
                self.turn(load, free, bound, &mut branch);
                branch.busy_by_count(bound, n);
            }
        }
        Ok(())
    }

    /// All states, that of an empty carrier first; none if there are too many.
    fn states(&self) -> Option<Vec<State>> {
        let of_mode = |mode| (0..self.binders.len()).filter(move |&i| self.binders[i].inhibitor.mode == mode);
        let stoppers: Vec<usize> = of_mode(Inhibition::NonCompetitive).collect();
        if stoppers.len() as u32 >= STATES_MAX.ilog2() || self.binders.len() > STATES_MAX {
            return None;
        }
        let mut states = Vec::new();
        for subset in 0..1_u64 << stoppers.len() {
            let bound = stoppers.iter().enumerate().filter(|(bit, _)| subset >> bit & 1 == 1);
            let stoppers = bound.fold(0, |all, (_, &i)| all | 1 << i);
            for load in std::iter::once(None).chain((0..self.loads.len()).map(Some)) {
                let mode = if load.is_some() { Inhibition::Uncompetitive } else { Inhibition::Competitive };
                let blockers = std::iter::once(None).chain(of_mode(mode).map(Some));
                states.extend(blockers.map(|blocker| State { load, blocker, stoppers }));
            }
        }
        (states.len() <= STATES_MAX).then_some(states)
    }

    /// `free`, `bound+verapamil`, `bound-dye` of a further substrate: what tables call the carriers in a state.
    fn name(&self, state: &State) -> String {
        let bound = (0..self.binders.len()).filter(|&i| state.blocker == Some(i) || state.stoppers >> i & 1 == 1);
        let base = match state.load {
            None => String::from("free"),
            Some(0) => String::from("bound"),
            Some(i) => format!("bound-{}", self.loads[i].name),
        };
        bound.fold(base, |name, i| name + "+" + &self.label(i))
    }

    /// The name of an inhibitor; with its place in the list if two that bind to the same carrier share their name.
    fn label(&self, i: usize) -> String {
        let Binder { name, inhibitor, .. } = &self.binders[i];
        let apart = |other: Inhibition| {
            let both = [inhibitor.mode, other];
            both.contains(&Inhibition::Competitive) && both.contains(&Inhibition::Uncompetitive)
        };
        let alike = |(j, b): (usize, &Binder)| j != i && b.name == *name && !apart(b.inhibitor.mode);
        if self.binders.iter().enumerate().any(alike) { format!("{name}{}", i + 1) } else { name.clone() }
    }

    /// Binding and release of each substrate, and turnover of the first.
    fn pump(&self, state: State, pool: &impl Fn(State) -> Option<Species>, to: &mut PathwayBuilder<'_>) {
        if state.load.is_some() || state.blocker.is_some() {
            return;
        }
        let Some(free) = pool(state) else { return };
        for (i, load) in self.loads.iter().enumerate() {
            let Some(bound) = pool(State { load: Some(i), ..state }) else { continue };
            let substrate = load.substrate;
            let bind = Law::MassAction { c: load.k_on, reactants: vec![(substrate, 1), (free, 1)] };
            to.channel(Channel::new(&[substrate, free], &[bound], bind, Passage::Internal));
            let release = match self.energy {
                _ if state.stoppers != 0 => Law::FirstOrder { k: self.k_off + load.kcat, of: bound },
                None => Law::FirstOrder { k: self.k_off, of: bound },
                Some(energy) => Driven { base: self.k_off, kcat: load.kcat, half: energy.k, turns: false }
                    .law(bound, energy.species),
            };
            to.channel(Channel::new(&[bound], &[substrate, free], release, Passage::Internal));
            if state.stoppers == 0 && i == 0 {
                self.turn(load, free, bound, to);
            }
        }
    }

    /// Turnover of what is `bound`.
    fn turn(&self, load: &Load, free: Species, bound: Species, to: &mut PathwayBuilder<'_>) {
        let law = match self.energy {
            None => Law::FirstOrder { k: load.kcat, of: bound },
            Some(energy) => {
                Driven { base: 0.0, kcat: load.kcat, half: energy.k, turns: true }.law(bound, energy.species)
            }
        };
        to.channel(Channel::new(&[bound], &[free, load.product], law, Passage::Forward));
    }

    /// Inhibitors that bind to a carrier in `state` and let go again.
    fn block(&self, state: State, pool: &impl Fn(State) -> Option<Species>, to: &mut PathwayBuilder<'_>) {
        for (i, Binder { inhibitor, k_off, .. }) in self.binders.iter().enumerate() {
            let blocked = match inhibitor.mode {
                Inhibition::NonCompetitive if state.stoppers >> i & 1 == 1 => continue,
                Inhibition::NonCompetitive => State { stoppers: state.stoppers | 1 << i, ..state },
                _ if state.blocker.is_some() => continue,
                _ => State { blocker: Some(i), ..state },
            };
            // There is no such state if it binds to the other kind of carrier only.
            let (Some(open), Some(blocked)) = (pool(state), pool(blocked)) else { continue };
            let species = inhibitor.species;
            let bind = Law::MassAction { c: k_off / inhibitor.ki, reactants: vec![(species, 1), (open, 1)] };
            let release = Law::FirstOrder { k: *k_off, of: blocked };
            to.channel(Channel::new(&[species, open], &[blocked], bind, Passage::Internal));
            to.channel(Channel::new(&[blocked], &[species, open], release, Passage::Internal));
        }
    }
}

/// What a loaded carrier does with ATP bound, or without it: the rate is `n (base + kcat a)` if it `turns`, else
/// `n (base + kcat (1 - a))`.
#[derive(Debug)]
struct Driven {
    base: f64,
    kcat: f64,
    /// The count of ATP at which half of the carriers have it.
    half: f64,
    turns: bool,
}

impl Driven {
    fn law(self, bound: Species, atp: Species) -> Law {
        Law::Custom { propensity: Arc::new(self), reads: vec![bound, atp] }
    }
}

impl Propensity for Driven {
    fn rate(&self, counts: &[f64]) -> f64 {
        let (bound, atp) = (counts[0], counts[1]);
        let share = if self.turns { atp } else { self.half } / (self.half + atp);
        bound * (self.base + self.kcat * share)
    }
    fn term(&self, counts: &[Term]) -> Option<Term> {
        let (bound, atp, half) = (counts[0].clone(), counts[1].clone(), Term::Number(self.half));
        let above = if self.turns { atp.clone() } else { half.clone() };
        let share = Term::two("divide", above, Term::sum(vec![half, atp]));
        let driven = Term::product(vec![Term::Number(self.kcat), share]);
        Some(Term::product(vec![bound, Term::sum(vec![Term::Number(self.base), driven])]))
    }
}
