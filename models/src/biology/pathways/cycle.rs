//! Explicit carriers that alternate between the two sides of a membrane (Jardetzky 1966, doi:10.1038/211969a0 (DOI from memory)).
//!
//! ```text
//! Ti + S_from <-> TiS    k_on, k_off              TiS <-> ToS    k_loaded, k_loaded_back
//! ToS <-> To + S_to      k_off_back, k_on_back    To  <-> Ti     k_empty, k_empty_back
//! ```
//! Carriers in one state are alike, so they are counted (`NAME.Ti`, `NAME.TiS`, `NAME.ToS`, `NAME.To`), at a cost that does not
//! depend on how many there are. Around the cycle detailed balance must hold,
//!
//! ```text
//! k_on k_loaded k_off_back k_empty = Keq k_off k_loaded_back k_on_back k_empty_back
//! ```
//! Symported ions bind with the substrate, at `k_on` (ion / at)^n; antiported ones go with the empty carrier, which turns at
//! `k_empty` (ion / at)^n. What crosses is counted where the loaded carrier turns: forwards as throughput, back as influx. A molecule that
//! is bound is counted with the carriers, not in its compartment.
//!
//! Inhibitors bind to what faces their side, and to what they have bound nothing else happens before they let go:
//!
//! ```text
//! T + I <-> TI     competitive, to the empty carrier          TS + I <-> TSI    uncompetitive, to the loaded one
//! ```
//! at `k_off` / Ki and `k_off`; non-competitive ones to both alike. Such dead ends leave the cycle's balance as it is: carriers that are
//! blocked are to the others as I/Ki.
//!
//! Validated against the stationary flux and the binomial counts of states from the cycle's equations, with and without inhibitors, and the symmetry of
//! fluctuations (`P(n) / P(-n) = (S_from / S_to)^n` for n net cycles in a long time).

use sim_core::config::{Diagnostic, Table};

use super::super::{Channel, Compartment, Inhibition, Inhibitor, Law, Passage, PathwayBuilder, Species};
use super::bank::{Factor, product};
use super::carrier::{Ion, Side, closing, constant, constant_or, equilibrium};
use super::inhibitor::binder;

/// Adds the four states and what leads from one to another.
pub(super) fn add(
    table: &Table,
    sides: [Side; 2],
    ions: &[Ion],
    to: &mut PathwayBuilder<'_>,
) -> Result<(), Diagnostic> {
    let n = table.number("N");
    if n.fract() != 0.0 || n == 0.0 {
        let message = format!("{n} explicit carriers");
        let d = Diagnostic::error("E0607", table.span_of("N"), message, "expected a whole number, 1 or more");
        return Err(d.help("carriers are counted by state; model `reversible` takes any number"));
    }
    let (k_on, k_off) = (constant(table, "k_on", "1 /uM/s")?, constant(table, "k_off", "100 /s")?);
    let (loaded, empty) = (constant(table, "k_loaded", "50 /s")?, constant(table, "k_empty", "50 /s")?);
    let (k_on_back, k_off_back) = (constant_or(table, "k_on_back", k_on)?, constant_or(table, "k_off_back", k_off)?);
    let loaded_back = constant_or(table, "k_loaded_back", loaded)?;
    let around = k_on * loaded * k_off_back * empty / (k_off * loaded_back * k_on_back);
    let empty_back = closing(table, "k_empty_back", around / equilibrium(table)?)?;

    let [ti, tis, tos, to_] = [("Ti", n), ("TiS", 0.0), ("ToS", 0.0), ("To", 0.0)].map(|(name, n)| to.state(name, n));
    let (with, against): (Vec<Ion>, Vec<Ion>) = ions.iter().copied().partition(|ion| ion.symport);
    for (side, free, bound, on, off) in [(0, ti, tis, k_on, k_off), (1, to_, tos, k_on_back, k_off_back)] {
        let Side { place, species } = sides[side];
        // A pair meets at k_on / (V N_A).
        let on = on / place.molecules(1.0);
        let step = Step { from: &[species, free], into: &[bound], k: on, ions: &with, takes: Some(side), gives: None };
        step.add(Passage::Internal, table, to)?;
        let step = Step { from: &[bound], into: &[species, free], k: off, ions: &with, takes: None, gives: Some(side) };
        step.add(Passage::Internal, table, to)?;
    }
    let turn = |from, into, k, passage, to: &mut PathwayBuilder<'_>| {
        to.channel(Channel::new(&[from], &[into], Law::FirstOrder { k, of: from }, passage));
    };
    turn(tis, tos, loaded, Passage::Forward, to);
    turn(tos, tis, loaded_back, Passage::Backward, to);
    for (side, from, into, k) in [(1, to_, ti, empty), (0, ti, to_, empty_back)] {
        let (takes, gives) = (Some(side), Some(1 - side));
        Step { from: &[from], into: &[into], k, ions: &against, takes, gives }.add(Passage::Internal, table, to)?;
    }
    to.busy_by_counts(&[tis, tos], n);
    let sides = sides.map(|s| s.place);
    for inhibitor in table.list("inhibitors").iter().filter_map(|v| v.as_table()) {
        block(inhibitor, sides, [("Ti", ti), ("TiS", tis), ("To", to_), ("ToS", tos)], to)?;
    }
    Ok(())
}

/// An inhibitor that binds to those of the states (empty and loaded on the first of `sides`, then on the second) that it meets.
fn block(
    table: &Table,
    sides: [Compartment; 2],
    states: [(&str, Species); 4],
    to: &mut PathwayBuilder<'_>,
) -> Result<(), Diagnostic> {
    let binder = binder(table, to, [sides[1], sides[0]])?;
    let Inhibitor { species, ki, mode } = binder.inhibitor;
    let home = to.world.pools[species.slot as usize].compartment;
    let Some(side) = sides.iter().position(|s| Some(s.index) == home) else {
        let message = format!("`{}` is on neither side of the carriers", binder.name);
        let d = Diagnostic::error("E0607", table.span_of("in"), message, "binds to what faces it");
        return Err(d.help("expected the compartment `from` or `to`"));
    };
    let [empty, loaded] = [states[2 * side], states[2 * side + 1]];
    let met = match mode {
        Inhibition::Competitive => vec![empty],
        Inhibition::Uncompetitive => vec![loaded],
        Inhibition::NonCompetitive => vec![empty, loaded],
    };
    for (name, open) in met {
        let name = format!("{name}+{}", binder.name);
        let full = format!("{}.{name}", to.world.pathways[to.pathway as usize].name);
        if to.world.pools.iter().any(|p| p.name == full) {
            let message = format!("`{}` is there twice", binder.name);
            return Err(Diagnostic::error("E0607", table.span, message, "binds to the same carriers again"));
        }
        let blocked = to.state(&name, 0.0);
        let bind = Law::MassAction { c: binder.k_off / ki, reactants: vec![(species, 1), (open, 1)] };
        let release = Law::FirstOrder { k: binder.k_off, of: blocked };
        to.channel(Channel::new(&[species, open], &[blocked], bind, Passage::Internal));
        to.channel(Channel::new(&[blocked], &[species, open], release, Passage::Internal));
    }
    Ok(())
}

/// A step of the cycle, by mass action, that takes ions on one side or gives them on one.
struct Step<'a> {
    from: &'a [Species],
    into: &'a [Species],
    k: f64,
    ions: &'a [Ion],
    takes: Option<usize>,
    gives: Option<usize>,
}

impl Step<'_> {
    fn add(&self, passage: Passage, table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
        let Self { from, into, k, .. } = *self;
        let on =
            |side: Option<usize>| side.into_iter().flat_map(|side| self.ions.iter().map(move |i| (i.sides[side], i.n)));
        let law = if on(self.takes).next().is_none() {
            Law::MassAction { c: k, reactants: from.iter().map(|&s| (s, 1)).collect() }
        } else {
            let own = from.iter().map(|&species| Factor { species, at: 1.0, power: 1.0 });
            product(k, own.chain(on(self.takes).map(|ion| ion.0)).collect(), table)?
        };
        let mut channel = Channel::new(from, into, law, passage);
        channel.takes.extend(on(self.takes).map(|(ion, n)| (ion.species, n)));
        channel.gives.extend(on(self.gives).map(|(ion, n)| (ion.species, n)));
        to.channel(channel);
        Ok(())
    }
}
