//! Net laws: `f - g` of a reversible reaction is two channels, one each way.

use super::math::{Expr, Op};
use super::resolve::{Resolved, Symbol, apply};

/// The two halves of a law that is a difference, behind factors without species and over any denominator. By its form only:
/// nothing is worked out, so both halves are what the file says.
pub(super) fn split(law: &Resolved) -> Option<(Resolved, Resolved)> {
    let Expr::Apply(op, operands) = law else { return None };
    match (op, operands.as_slice()) {
        (Op::Minus, [f, g]) => Some((f.clone(), g.clone())),
        (Op::Plus, terms) => {
            let taken = |e: &Resolved| match e {
                Expr::Apply(Op::Minus, inner) if inner.len() == 1 => Some(inner[0].clone()),
                _ => None,
            };
            let back: Vec<Resolved> = terms.iter().filter_map(taken).collect();
            let forth: Vec<Resolved> = terms.iter().filter(|e| taken(e).is_none()).cloned().collect();
            Some((sum(forth)?, sum(back)?))
        }
        (Op::Divide, [f, below]) => {
            let (a, b) = split(f)?;
            Some((apply(Op::Divide, vec![a, below.clone()]), apply(Op::Divide, vec![b, below.clone()])))
        }
        (Op::Times, factors) => {
            let with_species: Vec<usize> = (0..factors.len()).filter(|&k| has_species(&factors[k])).collect();
            let [only] = with_species.as_slice() else { return None };
            let (a, b) = split(&factors[*only])?;
            let with = |half: Resolved| {
                let mut all = factors.to_vec();
                all[*only] = half;
                apply(Op::Times, all)
            };
            Some((with(a), with(b)))
        }
        _ => None,
    }
}

fn sum(mut terms: Vec<Resolved>) -> Option<Resolved> {
    match terms.len() {
        0 => None,
        1 => Some(terms.remove(0)),
        _ => Some(apply(Op::Plus, terms)),
    }
}

/// Whether it reads a species.
pub(super) fn has_species(e: &Resolved) -> bool {
    e.any(&mut |s| matches!(s, Symbol::Count(_)))
}

/// Whether something that reads a species is subtracted from, or is, in it.
pub(super) fn subtracts(e: &Resolved) -> bool {
    match e {
        Expr::Apply(Op::Minus, operands) if operands.iter().any(has_species) => true,
        Expr::Apply(_, operands) => operands.iter().any(subtracts),
        _ => false,
    }
}
