//! What has come and gone in a part so far, from how often each of its channels has fired.

use super::network::{NONE, Network};

/// Sums since time zero, worked out when they are asked for.
#[derive(Clone, Debug)]
pub(super) struct Turnover {
    /// By slot: how many came in and went out.
    pub(super) slots: Vec<(f64, f64)>,
    /// By pathway in [`Network::passed`]: passages backwards and forwards.
    pub(super) passed: Vec<(f64, f64)>,
}

impl Turnover {
    pub(super) fn new(network: &Network) -> Self {
        Self { slots: vec![(0.0, 0.0); network.initial.len()], passed: vec![(0.0, 0.0); network.passed.len()] }
    }

    /// Works the sums out: `dosed` is what interventions have put into slots and taken out, `fired` how often each channel
    /// has fired.
    pub(super) fn count(
        &mut self,
        network: &Network,
        dosed: impl Iterator<Item = (u32, (f64, f64))>,
        fired: impl Iterator<Item = f64>,
    ) {
        self.slots.fill((0.0, 0.0));
        self.passed.fill((0.0, 0.0));
        for (slot, dosed) in dosed {
            self.slots[slot as usize] = dosed;
        }
        for (q, n) in fired.enumerate() {
            for &(slot, change) in network.changes.row(q) {
                let (inward, outward) = &mut self.slots[slot as usize];
                *if change > 0.0 { inward } else { outward } += n * change.abs();
            }
            let (place, backwards) = network.passages[q];
            if place != NONE {
                let (inward, outward) = &mut self.passed[place as usize];
                *if backwards { inward } else { outward } += n;
            }
        }
    }
}
