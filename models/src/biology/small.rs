//! The direct method for small networks of plain mass action: arrays of fixed size, no dependency lists.
//!
//! With up to sixteen channels it is faster to work out every propensity after each firing than to look up which have
//! changed: there is nothing to predict and nothing to chase. It gives bit for bit what the general method gives.

use sim_core::Probe;

use super::group::{Book, Group, is_rate};
use super::network::Network;
use super::rates::Rates;
use super::tree;

/// Slots, the last of which always holds 1 and takes changes by 0.
const SLOTS: usize = 16;
const ONE: usize = SLOTS - 1;
/// The most channels.
const CHANNELS: usize = 8;
/// The most slots that a channel may change.
const CHANGES: usize = 4;

/// `c x[i] (x[j] - d)` for each channel, and what it changes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    channels: usize,
    changes: usize,
    c: [f64; CHANNELS],
    d: [f64; CHANNELS],
    i: [u8; CHANNELS],
    j: [u8; CHANNELS],
    slots: [[u8; CHANGES]; CHANNELS],
    by: [[f64; CHANGES]; CHANNELS],
}

impl Plan {
    /// The plan of a network, if it is small and plain enough.
    pub(super) fn new(network: &Network, rates: &Rates) -> Option<Self> {
        let (channels, one) = (network.channels(), network.one());
        let most = (0..channels).map(|q| network.changes.row(q).len()).max()?;
        if channels > CHANNELS || one > ONE || most > CHANGES || !rates.all_common() {
            return None;
        }
        let mut plan = Self {
            channels,
            changes: most,
            c: [0.0; CHANNELS],
            d: [0.0; CHANNELS],
            i: [ONE as u8; CHANNELS],
            j: [ONE as u8; CHANNELS],
            slots: [[ONE as u8; CHANGES]; CHANNELS],
            by: [[0.0; CHANGES]; CHANNELS],
        };
        let place = |slot: u32| if slot as usize == one { ONE as u8 } else { slot as u8 };
        for (q, law) in rates.common.iter().enumerate() {
            (plan.c[q], plan.d[q], plan.i[q], plan.j[q]) = (law.c, law.d, place(law.i), place(law.j));
            for (k, &(slot, change)) in network.changes.row(q).iter().enumerate() {
                (plan.slots[q][k], plan.by[q][k]) = (place(slot), change);
            }
        }
        Some(plan)
    }
}

/// As the general method: fires until `limit` (exclusive), at most `most` times; returns how often.
pub(super) fn advance<P: Probe, const TAGGED: bool>(
    group: &mut Group<'_>,
    plan: &Plan,
    limit: u64,
    most: u64,
    probe: &mut P,
) -> u64 {
    match (plan.channels, group.x.len() - 1) {
        (0..=2, 0..=2) => run::<P, 2, 2, TAGGED>(group, plan, limit, most, probe),
        (0..=4, 0..=4) => run::<P, 4, 4, TAGGED>(group, plan, limit, most, probe),
        (0..=4, _) => run::<P, 4, 0, TAGGED>(group, plan, limit, most, probe),
        (_, _) => run::<P, 8, 0, TAGGED>(group, plan, limit, most, probe),
    }
}

/// `M` channels at most. With `DENSE` slots at most, all of which are entered in the books at every firing; if 0, only
/// those that change are.
fn run<P: Probe, const M: usize, const DENSE: usize, const TAGGED: bool>(
    group: &mut Group<'_>,
    plan: &Plan,
    limit: u64,
    most: u64,
    probe: &mut P,
) -> u64 {
    let slots = group.x.len() - 1;
    let mut x = [1.0; SLOTS];
    let mut books = [Book::default(); SLOTS];
    let mut fired = [0u64; CHANNELS];
    x[..slots].copy_from_slice(&group.x[..slots]);
    books[..slots].copy_from_slice(&group.books[..slots]);
    let mut all = Dense::<DENSE>::new(&books, &x, group.now);
    let (mut now, mut next, mut hazard) = (group.now, group.next, group.hazard);
    let mut rng = group.rng.clone();
    let mut n = 0;
    let mut rates = Propensities::<M>::new(plan, &x);
    let mut total = rates.total();
    while next < limit && n < most && is_rate(total) {
        if DENSE > 0 {
            all.pass(&x, (next - now) as f64);
        }
        now = next;
        let mut fire = |q: usize| {
            let q = tree::that_can_fire(&rates.0, q);
            fired[q] += 1;
            for k in 0..plan.changes {
                let slot = plan.slots[q][k] as usize % SLOTS;
                let (from, to) = (x[slot], x[slot] + plan.by[q][k]);
                if DENSE == 0 {
                    books[slot].enter(from, to, now);
                }
                x[slot] = to;
                if TAGGED && slot < slots {
                    group.tag(slot, plan.by[q][k], now, probe);
                }
            }
        };
        let u = rng.uniform() * total;
        let [p0, p1, p2, ..] = rates.0;
        // Among few channels the processor often foresees which fires, and goes ahead; among many it never does.
        match M {
            2 if u < p0 => fire(0),
            2 => fire(1),
            4 if u < p0 => fire(0),
            4 if u < p0 + p1 => fire(1),
            4 if u < (p0 + p1) + p2 => fire(2),
            4 => fire(3),
            _ => fire(tree::select(&rates.0, u).0),
        }
        rates = Propensities::new(plan, &x);
        total = rates.total();
        hazard = rng.exponential();
        next = Group::due(now, hazard, total);
        n += 1;
    }
    if DENSE > 0 {
        all.write(&mut books, &x, now);
    }
    group.x[..slots].copy_from_slice(&x[..slots]);
    group.books[..slots].copy_from_slice(&books[..slots]);
    for (all, new) in group.fired.iter_mut().zip(fired) {
        *all += new;
    }
    (group.now, group.next, group.hazard, group.rng) = (now, next, hazard, rng);
    group.take_rates(&rates.0);
    n
}

/// Books of all slots side by side.
struct Dense<const N: usize> {
    area: [f64; N],
    squares: [f64; N],
    max: [f64; N],
}

impl<const N: usize> Dense<N> {
    /// The books, brought up to `now`.
    fn new(books: &[Book; SLOTS], x: &[f64; SLOTS], now: u64) -> Self {
        let at = |i: usize| {
            let mut book = books[i];
            book.enter(x[i], x[i], now);
            book
        };
        let from = std::array::from_fn::<Book, N, _>(at);
        Self { area: from.map(|b| b.area), squares: from.map(|b| b.squares), max: from.map(|b| b.max) }
    }

    /// Counts have been `x` for `dt` ticks.
    #[inline]
    fn pass(&mut self, x: &[f64; SLOTS], dt: f64) {
        for i in 0..N {
            let area = x[i] * dt;
            self.area[i] += area;
            self.squares[i] += x[i] * area;
            self.max[i] = if x[i] > self.max[i] { x[i] } else { self.max[i] };
        }
    }

    fn write(&self, books: &mut [Book; SLOTS], x: &[f64; SLOTS], now: u64) {
        for i in 0..N {
            books[i] = Book { area: self.area[i], squares: self.squares[i], max: self.max[i].max(x[i]), last: now };
        }
    }
}

/// Propensities, in a node as the tree has them.
struct Propensities<const M: usize>([f64; CHANNELS]);

impl<const M: usize> Propensities<M> {
    #[inline]
    fn new(plan: &Plan, x: &[f64; SLOTS]) -> Self {
        let mut p = [0.0; CHANNELS];
        for q in 0..M {
            let (i, j) = (plan.i[q] as usize % SLOTS, plan.j[q] as usize % SLOTS);
            p[q] = plan.c[q] * x[i] * (x[j] - plan.d[q]);
        }
        Self(p)
    }

    /// As the tree adds them up.
    #[inline]
    fn total(&self) -> f64 {
        let x = &self.0;
        match M {
            2 => x[0] + x[1],
            4 => (x[0] + x[1]) + (x[2] + x[3]),
            _ => tree::sum(x),
        }
    }
}
