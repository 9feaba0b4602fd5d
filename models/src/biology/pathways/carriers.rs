//! Carriers of a pump one by one, with inhibitors that bind and let go.
//!
//! ```text
//! E + S <-> ES -> E + P    at k_on S, k_off; kcat
//! E + I <-> EI             competitive: blocks the free carrier
//! ES + I <-> ESI           uncompetitive: blocks the loaded carrier
//! X + I <-> XI             non-competitive: binds to X = E, ES, EI, ESI alike and stops turnover alone
//! ```
//! Inhibitors bind at `k_off` / Ki each and are used up by it. A carrier that a non-competitive inhibitor keeps from turning
//! over lets its substrate go back at `k_off` + kcat: only so does the inhibitor leave Km as it is, which is what the name
//! says. At constant concentrations the mean turnover is then that of the reduced law in every mode and mixture, and each
//! carrier is in one of
//!
//! ```text
//! E : EI : ES : ESI = 1 : I/Ki : S/Km : S/Km I/Ki,    each with a non-competitive inhibitor bound with I / (Ki + I)
//! ```
//! Turnover is no Poisson stream (Kou et al. 2005, doi:10.1021/jp051490q): without inhibitors the mean time is
//! `(k_on S + k_off + kcat) / (k_on S kcat)` and the randomness `1 - 2 k_on S kcat / (k_on S + k_off + kcat)^2`. `k_on` is
//! `(k_off + kcat) / Km` unless given.
//!
//! Whoever binds has left the count of the compartment, and is back when it is released: there, throughput and residence
//! times are those of free molecules.
//!
//! Validated against this occupancy (binomial counts of states) and against mean and variance of turnovers of a single
//! carrier's Markov chain in every mode.

use sim_core::config::{Diagnostic, Table};

use super::super::{Channel, Inhibition, Inhibitor, Law, Passage, PathwayBuilder, Species};

/// An inhibitor, and how fast it lets go.
pub(super) struct Binder {
    pub(super) name: String,
    pub(super) inhibitor: Inhibitor,
    /// Unbinding, 1/s.
    pub(super) k_off: f64,
}

/// A bank of carriers.
pub(super) struct Carriers {
    /// Binding of a pair, 1/s.
    pub(super) k_on: f64,
    /// Unbinding, 1/s.
    pub(super) k_off: f64,
    /// Turnover, 1/s.
    pub(super) kcat: f64,
    pub(super) substrate: Species,
    pub(super) product: Species,
    pub(super) binders: Vec<Binder>,
}

/// What is bound to a carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    loaded: bool,
    /// The one competitive or uncompetitive inhibitor.
    blocker: Option<usize>,
    /// The non-competitive ones, one bit each.
    stoppers: u64,
}

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
            let d = Diagnostic::error("E0607", table.span_of("inhibitors"), message, "too many inhibitors");
            return Err(d.help("each non-competitive one doubles the states; leave some out, or `explicit`"));
        };
        // All are free at first.
        let pool = |(i, s): (usize, &State)| to.state(&self.name(s), if i == 0 { n } else { 0.0 });
        let pools: Vec<Species> = states.iter().enumerate().map(pool).collect();
        let pool = |state: State| states.iter().position(|s| *s == state).map(|i| pools[i]);
        for &state in &states {
            self.pump(state, &pool, to);
            self.block(state, &pool, to);
        }
        let turning = State { loaded: true, blocker: None, stoppers: 0 };
        if let Some(turning) = pool(turning) {
            to.busy_by_count(turning, n);
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
            for (loaded, mode) in [(false, Inhibition::Competitive), (true, Inhibition::Uncompetitive)] {
                let blockers = std::iter::once(None).chain(of_mode(mode).map(Some));
                states.extend(blockers.map(|blocker| State { loaded, blocker, stoppers }));
            }
        }
        (states.len() <= STATES_MAX).then_some(states)
    }

    /// `free`, `bound+verapamil`: what tables call the carriers in a state.
    fn name(&self, state: &State) -> String {
        let bound = (0..self.binders.len()).filter(|&i| state.blocker == Some(i) || state.stoppers >> i & 1 == 1);
        let base = String::from(if state.loaded { "bound" } else { "free" });
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

    /// Binding, release and turnover of the substrate.
    fn pump(&self, state: State, pool: &impl Fn(State) -> Option<Species>, to: &mut PathwayBuilder<'_>) {
        let loaded = State { loaded: true, ..state };
        let (false, Some(free), Some(bound)) = (state.loaded || state.blocker.is_some(), pool(state), pool(loaded))
        else {
            return;
        };
        let (substrate, product) = (self.substrate, self.product);
        let bind = Law::MassAction { c: self.k_on, reactants: vec![(substrate, 1), (free, 1)] };
        let release = |k| Law::FirstOrder { k, of: bound };
        to.channel(Channel::new(&[substrate, free], &[bound], bind, Passage::Internal));
        let back = if state.stoppers == 0 { self.k_off } else { self.k_off + self.kcat };
        to.channel(Channel::new(&[bound], &[substrate, free], release(back), Passage::Internal));
        if state.stoppers == 0 {
            to.channel(Channel::new(&[bound], &[free, product], release(self.kcat), Passage::Forward));
        }
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
