//! The sensor preset `kobbersmed2022`: synaptotagmins that bind two calcium ions and the PIP2 of the plasma membrane.
//!
//! A vesicle has M = 15 synaptotagmins. Each binds two calcium ions at once, and PIP2 at one of three slots of the vesicle;
//! who has bound either lets go of the other more slowly. Those that have bound both drive fusion. With c synaptotagmins with
//! calcium only, p with PIP2 only, d with both, and free = M - c - p - d:
//!
//! ```text
//! calcium: free -> c, p -> d     alpha [Ca]^2 each              c -> free: beta c       d -> p: A beta d
//! PIP2:    free -> p, c -> d     gamma [PIP2] (3 - p - d) each  p -> free: delta p      d -> c: A delta d
//! fusion:  L_plus f^d
//! ```
//! (Kobbersmed, Berns, Ditlevsen, Sorensen & Walter 2022, doi:10.7554/eLife.74810, tables 1 to 3; names from memory.) That is 140
//! states, each with its count of vesicles. Vesicles begin as at rest without calcium; calcium of 50 nM is in balance after some
//! 10 ms. Validated against: occupancy at rest, spontaneous release, mean times to fusion after steps of calcium.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Table};

use super::super::formula::FormulaText;
use super::super::{Channel, Law, Passage, PathwayBuilder, Propensity, Species};
use super::sensor::{Calcium, reserve};
use crate::common::term::Term;

/// Its name among the presets.
pub(super) const NAME: &str = "kobbersmed2022";

/// Synaptotagmins of a vesicle, and slots for PIP2.
const SYTS: u32 = 15;
const SLOTS: u32 = 3;
/// Binding of two calcium ions, 24.70 /uM^2/s in (m^3/mol)^2/s, and of PIP2 at 1.109 uM, 124.7 /uM/s, in 1/s.
const ALPHA: f64 = 24.70e6;
const TO_PIP2: f64 = 124.7 * 1.109;
/// Unbinding, 1/s.
const BETA: f64 = 221.0 * 221.0 * 24.70;
const DELTA: f64 = 20.0 * 124.7;
/// By what unbinding is slower for who has bound both.
const BOTH: f64 = (3.3 / 221.0) * (3.3 / 221.0);
/// Fusion, 1/s, and by what each that has bound both speeds it up.
const L_PLUS: f64 = 4.23e-4;
const F: f64 = 128.2;

/// Synaptotagmins with calcium only, with PIP2 only, with both.
type State = [u32; 3];

/// All states.
fn states() -> Vec<State> {
    let bound = (0..=SLOTS).flat_map(|k| (0..=k).map(move |d| (k - d, d)));
    bound.flat_map(|(p, d)| (0..=SYTS - p - d).map(move |c| [c, p, d])).collect()
}

/// The share of vesicles with k PIP2 bound at rest without calcium.
fn at_rest() -> Vec<f64> {
    let mut weights = vec![1.0];
    for k in 0..SLOTS {
        let bind = f64::from((SYTS - k) * (SLOTS - k)) * TO_PIP2;
        weights.push(weights[k as usize] * bind / (f64::from(k + 1) * DELTA));
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

/// Adds the vesicles' states with all that leads from one to another, and their refill.
///
/// Fails if `table` gives constants of the other sensors.
pub(super) fn add(table: &Table, sites: f64, fused: &[Species], to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
    if let Some(key) = ["n", "k_on", "k_off", "b", "gamma", "L_plus", "f"].iter().find(|key| table.get(key).is_some()) {
        let message = format!("`{NAME}` takes no `{key}`");
        let d = Diagnostic::error("E0607", table.span_of(key), message, "its scheme is another");
        return Err(d.help("leave it out, or leave out `preset`"));
    }
    let all = states();
    let mut counts: Vec<f64> = at_rest().iter().map(|share| share * sites).collect();
    if !to.world.is_mean {
        for n in &mut counts {
            *n = n.round();
        }
        counts[1] += sites - counts.iter().sum::<f64>();
    }
    let initial = |[c, p, d]: State| if c + d == 0 { counts[p as usize] } else { 0.0 };
    let pools: Vec<Species> =
        all.iter().map(|&s| to.state(&format!("c{}p{}d{}", s[0], s[1], s[2]), initial(s))).collect();
    for &pool in &pools {
        to.is_vesicle(pool);
    }
    // Sites without a vesicle are counted where they are filled again.
    let empty = table.opt_table("refill").map(|_| to.state("empty", 0.0));
    let gives: Vec<Species> = fused.iter().copied().chain(empty).collect();
    let calcium = Calcium::of(table, to)?;
    let step = |from: Species, [c, p, d]: State, k: f64, to: &mut PathwayBuilder<'_>| {
        let next = all.iter().position(|s| *s == [c, p, d]).map(|i| pools[i]);
        if let Some(next) = next.filter(|_| k > 0.0) {
            to.channel(Channel::new(&[from], &[next], Law::FirstOrder { k, of: from }, Passage::Internal));
        }
    };
    for (&[c, p, d], &from) in all.iter().zip(&pools) {
        let (free, slots) = (f64::from(SYTS - c - p - d), f64::from(SLOTS - p - d));
        let [has_calcium, has_pip2, has_both] = [c, p, d].map(f64::from);
        step(from, [c, p + 1, d], free * slots * TO_PIP2, to);
        step(from, [c.wrapping_sub(1), p, d + 1], has_calcium * slots * TO_PIP2, to);
        step(from, [c.wrapping_sub(1), p, d], has_calcium * BETA, to);
        step(from, [c, p.wrapping_sub(1), d], has_pip2 * DELTA, to);
        step(from, [c, p + 1, d.wrapping_sub(1)], has_both * BOTH * BETA, to);
        step(from, [c + 1, p, d.wrapping_sub(1)], has_both * BOTH * DELTA, to);
        for (next, n) in [([c + 1, p, d], free), ([c, p.wrapping_sub(1), d + 1], has_pip2)] {
            if let Some(i) = all.iter().position(|s| *s == next).filter(|_| n > 0.0) {
                let law = twice(&calcium, n * ALPHA, from, table, to)?;
                to.channel(Channel::new(&[from], &[pools[i]], law, Passage::Internal));
            }
        }
        let k = L_PLUS * libm::pow(F, has_both);
        to.channel(Channel::new(&[from], &gives, Law::FirstOrder { k, of: from }, Passage::Forward));
    }
    let (Some(empty), Some(refill)) = (empty, table.opt_table("refill")) else { return Ok(()) };
    // A vesicle that comes anew has bound nothing.
    let Some(fresh) = all.iter().position(|s| *s == [0, 0, 0]) else { return Ok(()) };
    let takes: Vec<Species> = std::iter::once(empty).chain(reserve(refill, to)?).collect();
    let law = Law::FirstOrder { k: refill.quantity("k").value, of: empty };
    to.channel(Channel::new(&takes, &[pools[fresh]], law, Passage::Internal));
    Ok(())
}

/// `k` times the square of the calcium concentration, for each of `from`.
fn twice(
    calcium: &Calcium,
    k: f64,
    from: Species,
    table: &Table,
    to: &mut PathwayBuilder<'_>,
) -> Result<Law, Diagnostic> {
    match calcium {
        Calcium::Waveform(name) => {
            let text = format!("{k:e} * {name} * {name}");
            let (span, each_of) = (table.span_of("calcium"), Some(from));
            let text = FormulaText {
                text: &text,
                span,
                each_of,
                home: None,
                parameters: None,
                names: Vec::new(),
                what: "rate law",
                draws: false,
            };
            let formula = text.read(to).map_err(|found| super::super::builder::first(&found))?;
            Ok(Law::Expression { law: formula.law, reads: formula.reads, follows: formula.follows })
        }
        Calcium::Species(ion, per_unit) => {
            let propensity = Arc::new(Twice { k: k / (per_unit * per_unit) });
            Ok(Law::Custom { propensity, reads: vec![from, *ion] })
        }
    }
}

/// `k n i^2` of n vesicles and i ions.
#[derive(Debug)]
struct Twice {
    k: f64,
}

impl Propensity for Twice {
    fn rate(&self, counts: &[f64]) -> f64 {
        self.k * counts[0] * counts[1] * counts[1]
    }
    fn term(&self, counts: &[Term]) -> Option<Term> {
        Some(Term::product(vec![Term::Number(self.k), counts[0].clone(), counts[1].clone(), counts[1].clone()]))
    }
}
