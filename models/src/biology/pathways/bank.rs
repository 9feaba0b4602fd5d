//! The rate at which a bank of carriers passes one of the substrates that share it.
//!
//! ```text
//! v_i = vmax_i a s_i / (free + loaded (s_1 + s_2 + ...)),    s_j = (S_j / K_j)^h_j (ion / at)^n ...,    a = ATP / (K + ATP)
//! free = (1 + sum I_c/Ki) prod(1 + I_n/Ki),    loaded = (1 + sum I_u/Ki) prod(1 + I_n/Ki)
//! ```
//! over competitive (c), uncompetitive (u) and non-competitive (n) inhibitors: carriers are free, or loaded with one of the
//! substrates, in rapid equilibrium (Cornish-Bowden 2012, Fundamentals of Enzyme Kinetics, ch. 6 and 8 (from memory)). A
//! substrate on the far side is one of those that share it. The law reads counts alone, so what binds is not used up.
//!
//! Validated against these formulas, through the pathways that use it.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Table};

use super::super::law::READS_MAX;
use super::super::{Inhibition, Inhibitor, Law, Propensity, Species};
use crate::common::term::Term;

/// `(n / at)^power`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    pub(super) species: Species,
    /// The count at which it is 1.
    pub(super) at: f64,
    pub(super) power: f64,
}

/// What drives a carrier: all rates are multiplied by `ATP / (K + ATP)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Energy {
    pub(super) species: Species,
    /// The count at half the greatest rate.
    pub(super) k: f64,
}

/// A bank of carriers: what can be on one, what blocks it, what drives it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bank {
    /// By substrate, how much it is bound relative to a free carrier: a product.
    pub(super) substrates: Vec<Vec<Factor>>,
    pub(super) inhibitors: Vec<Inhibitor>,
    pub(super) energy: Option<Energy>,
}

impl Bank {
    /// The law by which substrate `which` passes, at `vmax` (1/s) if it had all carriers.
    ///
    /// Fails if it reads too many species; `table` is the pathway.
    pub(super) fn law(&self, which: usize, vmax: f64, table: &Table) -> Result<Law, Diagnostic> {
        let factors = self.substrates.iter().flatten().map(|f| f.species);
        let all = factors.chain(self.inhibitors.iter().map(|i| i.species)).chain(self.energy.map(|e| e.species));
        let mut reads: Vec<Species> = all.collect();
        reads.sort_unstable();
        reads.dedup();
        check_reads(&reads, table)?;
        let place = |s: Species| reads.iter().position(|r| *r == s).unwrap_or_default();
        let mut inhibitors: Vec<(usize, f64, Inhibition)> =
            self.inhibitors.iter().map(|i| (place(i.species), i.ki, i.mode)).collect();
        inhibitors.sort_by_key(|i| i.2 == Inhibition::NonCompetitive);
        let term = |t: &Vec<Factor>| t.iter().map(|f| (place(f.species), f.at, f.power)).collect();
        let propensity = Passing {
            vmax,
            which,
            substrates: self.substrates.iter().map(term).collect(),
            inhibitors,
            energy: self.energy.map(|e| (place(e.species), e.k)),
        };
        Ok(Law::Custom { propensity: Arc::new(propensity), reads })
    }
}

/// The law `k (n_1 / at_1)^p_1 (n_2 / at_2)^p_2 ...`: mass action with ions that need not be whole where they are held constant.
///
/// Fails if it reads too many species; `table` is the pathway.
pub(super) fn product(k: f64, factors: Vec<Factor>, table: &Table) -> Result<Law, Diagnostic> {
    let reads: Vec<Species> = factors.iter().map(|f| f.species).collect();
    check_reads(&reads, table)?;
    let factors = factors.into_iter().map(|f| (f.at, f.power)).collect();
    Ok(Law::Custom { propensity: Arc::new(Product { k, factors }), reads })
}

fn check_reads(reads: &[Species], table: &Table) -> Result<(), Diagnostic> {
    if reads.len() <= READS_MAX {
        return Ok(());
    }
    let message = format!("the rate of `{}` depends on {} species", table.path, reads.len());
    Err(Diagnostic::error("E0607", table.span, message, format!("at most {READS_MAX} are possible")))
}

#[derive(Debug)]
struct Product {
    k: f64,
    /// By species read: at which count it is 1, and its power.
    factors: Vec<(f64, f64)>,
}

impl Propensity for Product {
    fn rate(&self, counts: &[f64]) -> f64 {
        self.factors.iter().zip(counts).fold(self.k, |rate, (&(at, power), n)| rate * raised(n / at, power))
    }
    fn term(&self, counts: &[Term]) -> Option<Term> {
        let factors = self.factors.iter().zip(counts).map(|(&(at, power), n)| raised_term(n, at, power));
        Some(Term::product(std::iter::once(Term::Number(self.k)).chain(factors).collect()))
    }
}

/// A [`Bank`] with places of species in the counts that it is given.
#[derive(Debug)]
struct Passing {
    vmax: f64,
    which: usize,
    substrates: Vec<Vec<(usize, f64, f64)>>,
    inhibitors: Vec<(usize, f64, Inhibition)>,
    energy: Option<(usize, f64)>,
}

impl Propensity for Passing {
    fn rate(&self, counts: &[f64]) -> f64 {
        let (mut mine, mut all) = (0.0, 0.0);
        for (i, factors) in self.substrates.iter().enumerate() {
            let bound = factors.iter().fold(1.0, |s, &(at, one, power)| s * raised(counts[at] / one, power));
            all += bound;
            if i == self.which {
                mine = bound;
            }
        }
        let (mut free, mut loaded) = (1.0, 1.0);
        for &(at, ki, mode) in &self.inhibitors {
            mode.apply(counts[at] / ki, &mut free, &mut loaded);
        }
        let drive = self.energy.map_or(1.0, |(at, k)| counts[at] / (k + counts[at]));
        self.vmax * drive * mine / (free + loaded * all)
    }
    fn term(&self, counts: &[Term]) -> Option<Term> {
        let of = |factors: &Vec<(usize, f64, f64)>| {
            Term::product(factors.iter().map(|&(n, at, power)| raised_term(&counts[n], at, power)).collect())
        };
        let ratio = |at: usize, k: f64| Term::two("divide", counts[at].clone(), Term::Number(k));
        let one_and = |terms: Vec<Term>| Term::sum([vec![Term::Number(1.0)], terms].concat());
        let bound = |mode| self.inhibitors.iter().filter(move |i| i.2 == mode).map(|i| ratio(i.0, i.1));
        // Each non-competitive inhibitor has a factor of its own, on both sides.
        let both: Vec<Term> = bound(Inhibition::NonCompetitive).map(|i| one_and(vec![i])).collect();
        let side = |mode| Term::product([vec![one_and(bound(mode).collect())], both.clone()].concat());
        let all = Term::sum(self.substrates.iter().map(of).collect());
        let loaded = Term::product(vec![side(Inhibition::Uncompetitive), all]);
        let drive = self.energy.map(|(at, k)| {
            Term::two("divide", counts[at].clone(), Term::sum(vec![Term::Number(k), counts[at].clone()]))
        });
        let speed = [vec![Term::Number(self.vmax), of(&self.substrates[self.which])], drive.into_iter().collect()];
        Some(Term::two("divide", Term::product(speed.concat()), Term::sum(vec![side(Inhibition::Competitive), loaded])))
    }
}

/// `(n / at)^power` as a formula.
fn raised_term(n: &Term, at: f64, power: f64) -> Term {
    let ratio = Term::two("divide", n.clone(), Term::Number(at));
    if power == 1.0 { ratio } else { Term::two("power", ratio, Term::Number(power)) }
}

/// `x^power`, without the full function where there is no need.
fn raised(x: f64, power: f64) -> f64 {
    if power == 1.0 {
        x
    } else if power == 2.0 {
        x * x
    } else {
        libm::pow(x, power)
    }
}
