//! How often a channel fires: its propensity as a function of the counts.

use std::fmt;
use std::sync::Arc;

use crate::common::expression::Expression;
use crate::common::service::Service;
use crate::common::term::Term;

/// Avogadro's number, molecules/mol (exact since 2019).
pub const AVOGADRO: f64 = 6.022_140_76e23;

/// A species in a compartment, as a [`PathwayBuilder`](super::PathwayBuilder) knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Species {
    pub(super) slot: u32,
    pub(super) fixed: bool,
}

impl Species {
    /// Whether it is held constant by its compartment.
    pub fn is_fixed(self) -> bool {
        self.fixed
    }
}

/// The propensity of a channel, in firings per second. Species stand for their counts; a species held constant has the
/// count that its concentration amounts to, whole or not.
#[derive(Clone, Debug)]
pub enum Law {
    /// At a constant rate, 1/s.
    Constant(f64),
    /// `k n`.
    FirstOrder {
        /// Rate constant, 1/s.
        k: f64,
        /// Whose count.
        of: Species,
    },
    /// `c` times the number of ways to choose the reactants: `c a b` for A + B, `c n (n - 1) / 2` for 2 A.
    MassAction {
        /// Stochastic rate constant, 1/s.
        c: f64,
        /// Reactants and how many of each.
        reactants: Vec<(Species, u32)>,
    },
    /// `vmax n / (km + n)`, changed by inhibitors.
    MichaelisMenten {
        /// Greatest rate, 1/s.
        vmax: f64,
        /// Count at half the greatest rate.
        km: f64,
        /// Whose count.
        substrate: Species,
        /// What binds to the carrier and how.
        inhibitors: Vec<Inhibitor>,
    },
    /// An expression over counts and waveforms; a value below zero or not finite ends the run.
    Expression {
        /// The expression; variable `i` is `reads[i]`.
        law: Arc<Expression>,
        /// The species that stand for the variables.
        reads: Vec<Species>,
        /// The waveforms that stand for the variables from [`READS_MAX`] on, at most eight; `time` is one.
        follows: Vec<Arc<str>>,
    },
    /// Once for each of a species, a time of its own after it came; at a rate of zero besides. Nothing else may take of the
    /// species.
    Delay {
        /// The law of times.
        time: Service,
        /// How fast the times go by; 0 holds all of them.
        speed: f64,
        /// Whose.
        of: Species,
    },
    /// Anything else.
    Custom {
        /// The law.
        propensity: Arc<dyn Propensity>,
        /// The species that it reads, at most [`READS_MAX`].
        reads: Vec<Species>,
    },
}

/// The most species that a custom law or an expression may read.
pub const READS_MAX: usize = 16;
/// The most waveforms that an expression may read.
pub(super) const FOLLOWS_MAX: usize = 8;
/// The variables of an expression: counts, and from [`READS_MAX`] on values of waveforms.
pub(super) const VARIABLES: usize = READS_MAX + FOLLOWS_MAX;

/// A propensity law of one's own; see [`Law::Custom`].
pub trait Propensity: fmt::Debug + Send + Sync {
    /// Firings per second at these counts, in the order in which the law's species were given. Must be a pure function;
    /// a value below zero or not finite ends the run with an error.
    fn rate(&self, counts: &[f64]) -> f64;
    /// The same as a formula, for formats of other programs; none if it cannot be written.
    fn term(&self, counts: &[Term]) -> Option<Term> {
        let _ = counts;
        None
    }
}

/// A species that slows a carrier down.
#[derive(Clone, Copy, Debug)]
pub struct Inhibitor {
    /// Which.
    pub species: Species,
    /// The count at which it binds half of what it binds to.
    pub ki: f64,
    /// What it binds to.
    pub mode: Inhibition,
}

/// What an inhibitor binds to (Cornish-Bowden 2012, Fundamentals of Enzyme Kinetics, ch. 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inhibition {
    /// The free carrier: raises the apparent Km by `1 + I/Ki`. Half inhibition at `Ki (1 + S/Km)`.
    Competitive,
    /// Both alike: lowers Vmax by `1 + I/Ki`. Half inhibition at `Ki`.
    NonCompetitive,
    /// The loaded carrier: lowers Vmax and Km by `1 + I/Ki`. Half inhibition at `Ki (1 + Km/S)`.
    Uncompetitive,
}

impl Inhibition {
    /// By what the free and the loaded carrier's terms of `km free + n loaded` are multiplied at `i` = I/Ki, given what
    /// they are multiplied by already.
    pub(super) fn apply(self, i: f64, free: &mut f64, loaded: &mut f64) {
        match self {
            Self::Competitive => *free += i,
            Self::Uncompetitive => *loaded += i,
            // Applied last, by the caller's order.
            Self::NonCompetitive => {
                *free *= 1.0 + i;
                *loaded *= 1.0 + i;
            }
        }
    }
}

impl Law {
    /// The species that it reads, ascending, each once.
    pub(super) fn reads(&self) -> Vec<Species> {
        let mut all = match self {
            Self::Constant(_) => Vec::new(),
            Self::FirstOrder { of, .. } | Self::Delay { of, .. } => vec![*of],
            Self::MassAction { reactants, .. } => reactants.iter().map(|r| r.0).collect(),
            Self::MichaelisMenten { substrate, inhibitors, .. } => {
                std::iter::once(*substrate).chain(inhibitors.iter().map(|i| i.species)).collect()
            }
            Self::Expression { reads, .. } | Self::Custom { reads, .. } => reads.clone(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Puts another species in the place of each.
    pub(super) fn replace_species(&mut self, other: &impl Fn(Species) -> Species) {
        let replace = |s: &mut Species| *s = other(*s);
        match self {
            Self::Constant(_) => {}
            Self::FirstOrder { of, .. } | Self::Delay { of, .. } => replace(of),
            Self::MassAction { reactants, .. } => reactants.iter_mut().for_each(|r| replace(&mut r.0)),
            Self::MichaelisMenten { substrate, inhibitors, .. } => {
                replace(substrate);
                for i in inhibitors.iter_mut() {
                    replace(&mut i.species);
                }
            }
            Self::Expression { reads, .. } | Self::Custom { reads, .. } => reads.iter_mut().for_each(replace),
        }
    }
}
