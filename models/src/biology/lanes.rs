//! The plan of the direct method for small networks of plain mass action: everything side by side, in fixed arrays.
//!
//! Each channel has its two reactants' counts in a lane of its own. What a firing adds to them is one row of a table by the
//! channel that fires, so that nothing is looked up: one row is added, and all propensities are worked out anew, several in
//! one instruction. Counts are whole, so sums of them are exact, whatever their order.

use super::network::Network;
use super::rates::Rates;

/// Channels in a block, as in a node of the tree.
pub(super) const BLOCK: usize = 8;
/// The most slots; a number that masks.
pub(super) const SLOTS: usize = 64;
/// The most slots that a channel may change.
pub(super) const CHANGES: usize = 4;

/// One number for each of `B` blocks of `L` channels: the first of every block, the second of every block and so on, so that
/// blocks are added up side by side.
pub(super) type Lane<const B: usize, const L: usize> = [[f64; B]; L];

/// What a firing of one channel does. Aligned so that the table of 16 channels is indexed by a shift: what fires is known
/// late, and all that follows waits for its row.
#[derive(Clone, Copy, Debug)]
#[repr(align(256))]
pub(super) struct Step<const B: usize, const L: usize> {
    /// What it adds to both factors of every channel.
    left: Lane<B, L>,
    right: Lane<B, L>,
    /// Slots that change, and by how much; those that are not needed add nothing to the slot that always holds 1.
    pub(super) changes: [(u8, f64); CHANGES],
    /// The same by slot, of the first few.
    pub(super) dense: [f64; CHANGES],
}

/// `c x[i] (x[j] - d)` for each channel, and what they change.
#[derive(Clone, Debug)]
pub(super) struct Lanes<const B: usize, const L: usize> {
    c: Lane<B, L>,
    d: Lane<B, L>,
    i: [[u8; B]; L],
    j: [[u8; B]; L],
    /// How many slots a channel changes at most.
    pub(super) changes: usize,
    /// From this place of each block on, channels have one reactant at most: their second factor is one.
    pub(super) pairs: usize,
    /// By block, then by place in it.
    pub(super) steps: [[Step<B, L>; L]; B],
}

impl<const B: usize, const L: usize> Lanes<B, L> {
    /// The plan of a network, if it is small and plain enough.
    pub(super) fn new(network: &Network, rates: &Rates) -> Option<Box<Self>> {
        let (channels, one) = (network.channels(), network.one());
        let changes = (0..channels).map(|q| network.changes.row(q).len()).max()?;
        if channels > B * L || one >= SLOTS || changes > CHANGES || !rates.all_common() {
            return None;
        }
        let idle = [(one as u8, 0.0); CHANGES];
        let step = Step { left: [[0.0; B]; L], right: [[0.0; B]; L], changes: idle, dense: [0.0; CHANGES] };
        let at_rest = [[one as u8; B]; L];
        let mut lanes = Box::new(Self {
            c: [[0.0; B]; L],
            d: [[0.0; B]; L],
            i: at_rest,
            j: at_rest,
            changes,
            pairs: (rates.common.iter().enumerate().filter(|(_, law)| law.j as usize != one || law.d != 0.0))
                .map(|(q, _)| q % L + 1)
                .max()
                .unwrap_or(0),
            steps: [[step; L]; B],
        });
        for (q, law) in rates.common.iter().enumerate() {
            let (child, b) = (q % L, q / L);
            (lanes.c[child][b], lanes.d[child][b]) = (law.c, law.d);
            (lanes.i[child][b], lanes.j[child][b]) = (law.i as u8, law.j as u8);
        }
        for q in 0..channels {
            let step = lanes.step(network.changes.row(q), step);
            lanes.steps[q / L][q % L] = step;
        }
        Some(lanes)
    }

    /// What a firing does that changes these slots; `step` does nothing.
    fn step(&self, changes: &[(u32, f64)], mut step: Step<B, L>) -> Step<B, L> {
        for (to, &(slot, change)) in step.changes.iter_mut().zip(changes) {
            let slot = slot as u8;
            *to = (slot, change);
            if let Some(by) = step.dense.get_mut(slot as usize) {
                *by = change;
            }
            for child in 0..L {
                for b in 0..B {
                    step.left[child][b] += if self.i[child][b] == slot { change } else { 0.0 };
                    step.right[child][b] += if self.j[child][b] == slot { change } else { 0.0 };
                }
            }
        }
        step
    }
}

/// Both factors of every channel's propensity, without its constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors<const B: usize, const L: usize> {
    left: Lane<B, L>,
    right: Lane<B, L>,
}

impl<const B: usize, const L: usize> Factors<B, L> {
    /// The factors at counts `x`.
    pub(super) fn new(lanes: &Lanes<B, L>, x: &[f64]) -> Self {
        let each = |f: &dyn Fn(usize, usize) -> f64| -> Lane<B, L> {
            std::array::from_fn(|child| std::array::from_fn(|b| f(child, b)))
        };
        let left = each(&|child, b| x[lanes.i[child][b] as usize]);
        let right = each(&|child, b| x[lanes.j[child][b] as usize] - lanes.d[child][b]);
        Self { left, right }
    }

    /// What they are after a firing, in a plan whose channels have one reactant at most from place `R` of a block on.
    #[inline]
    pub(super) fn add<const R: usize>(&mut self, step: &Step<B, L>) {
        for child in 0..L {
            for b in 0..B {
                self.left[child][b] += step.left[child][b];
            }
        }
        for child in 0..R {
            for b in 0..B {
                self.right[child][b] += step.right[child][b];
            }
        }
    }

    /// The propensities, in such a plan.
    #[expect(clippy::needless_range_loop, reason = "arrays side by side, by the same places")]
    #[inline]
    pub(super) fn propensities<const R: usize>(&self, lanes: &Lanes<B, L>) -> Lane<B, L> {
        let mut p = [[0.0; B]; L];
        for child in 0..L {
            for b in 0..B {
                p[child][b] = lanes.c[child][b] * self.left[child][b];
            }
        }
        for child in 0..R {
            for b in 0..B {
                p[child][b] *= self.right[child][b];
            }
        }
        p
    }
}
