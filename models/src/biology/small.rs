//! The direct method for small networks of plain mass action: arrays of fixed size, no dependency lists.
//!
//! With up to sixteen channels it is faster to work out every propensity after each firing than to look up which have
//! changed: there is nothing to predict and nothing to chase. It gives bit for bit what the general method gives.

use sim_core::Probe;

use super::group::{Book, Draw, Group, due};
use super::network::Network;
use super::rates::Rates;
use super::tree;

/// The most species. The slot after them always holds 1 and takes changes by 0.
const SPECIES: usize = 15;
const ONE: usize = SPECIES;
/// The most channels.
const CHANNELS: usize = 16;
/// The most slots that a channel may change.
const CHANGES: usize = 4;

/// So many species and channels at most are a few.
const FEW: usize = 4;

/// Counts; as many as a `u8` can name, so that none is out of bounds.
type Counts = [f64; 256];

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
    /// The same by slot, of the first few slots.
    dense: [[f64; FEW]; CHANNELS],
}

impl Plan {
    /// The plan of a network, if it is small and plain enough.
    pub(super) fn new(network: &Network, rates: &Rates) -> Option<Self> {
        let (channels, one) = (network.channels(), network.one());
        let most = (0..channels).map(|q| network.changes.row(q).len()).max()?;
        if channels > CHANNELS || one > SPECIES || most > CHANGES || !rates.all_common() {
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
            dense: [[0.0; FEW]; CHANNELS],
        };
        let place = |slot: u32| if slot as usize == one { ONE as u8 } else { slot as u8 };
        for (q, law) in rates.common.iter().enumerate() {
            (plan.c[q], plan.d[q], plan.i[q], plan.j[q]) = (law.c, law.d, place(law.i), place(law.j));
            for (k, &(slot, change)) in network.changes.row(q).iter().enumerate() {
                (plan.slots[q][k], plan.by[q][k]) = (place(slot), change);
                if let Some(by) = plan.dense[q].get_mut(slot as usize) {
                    *by = change;
                }
            }
        }
        Some(plan)
    }
}

/// As the general method: fires until `limit` (exclusive), at most `most` times; returns how often.
/// Compiled by itself: inlined into a caller, its loops are given fewer registers.
#[inline(never)]
pub(super) fn advance<P: Probe>(group: &mut Group<'_>, plan: &Plan, limit: u64, most: u64, probe: &mut P) -> u64 {
    let stretch = Stretch { limit, most, followed: group.is_followed() };
    let slots = group.x.len() - 1;
    match (plan.channels, slots, plan.changes) {
        (0..=2, 0..=2, _) => few::<P, 2, 2>(group, plan, stretch, probe),
        (0..=FEW, 0..=FEW, _) => few::<P, 4, 4>(group, plan, stretch, probe),
        (0..=8, _, _) => run::<P, 8, 4>(group, plan, stretch, probe),
        (_, _, 0..=2) => run::<P, 16, 2>(group, plan, stretch, probe),
        (_, _, 3) => run::<P, 16, 3>(group, plan, stretch, probe),
        (_, _, _) => run::<P, 16, 4>(group, plan, stretch, probe),
    }
}

/// Until when and how often to fire at most, and whether entities are followed.
#[derive(Clone, Copy)]
struct Stretch {
    limit: u64,
    most: u64,
    followed: bool,
}

/// A few channels (`M`) over a few species (`N`): all species are changed and entered in the books at every firing, which
/// takes no longer than to look up which do, and lets the processor go ahead with the channel that it expects.
fn few<P: Probe, const M: usize, const N: usize>(
    group: &mut Group<'_>,
    plan: &Plan,
    stretch: Stretch,
    probe: &mut P,
) -> u64 {
    let slots = group.x.len() - 1;
    // The slot that always holds 1 is the last, as the low bits of its number say.
    let mut x = [1.0; 2 * FEW];
    x[..slots].copy_from_slice(&group.x[..slots]);
    let mut books = Books::<N>::new(&group.books, &x, group.now);
    let mut fired = [0u64; M];
    let (mut now, mut next, mut draw) = (group.now, group.next, group.draw);
    let mut rng = group.rng.clone();
    let mut n = 0;
    let rates = |x: &[f64; 2 * FEW]| -> [f64; M] {
        std::array::from_fn(|q| {
            let (i, j) = (plan.i[q] as usize % (2 * FEW), plan.j[q] as usize % (2 * FEW));
            plan.c[q] * x[i] * (x[j] - plan.d[q])
        })
    };
    // As the tree adds them up.
    let sum = |p: &[f64; M]| if M == 2 { p[0] + p[1] } else { (p[0] + p[1]) + (p[2] + p[3]) };
    let mut p = rates(&x);
    let mut total = sum(&p);
    while next < stretch.limit && n < stretch.most {
        books.pass(&x, (next - now) as i64 as f64);
        now = next;
        let mut fire = |mut q: usize| {
            // Rounding may lead past the last one that can.
            while p[q] <= 0.0 && q > 0 {
                q -= 1;
            }
            fired[q] += 1;
            for (x, by) in x[..N].iter_mut().zip(plan.dense[q]) {
                *x += by;
            }
            if stretch.followed {
                group.tag_changes(q, now, probe);
            }
        };
        let u = draw.pick * total;
        // Before it is known which fires: no time is lost on this if the processor expected another.
        draw = Draw::new(&mut rng);
        match M {
            2 if u < p[0] => fire(0),
            2 => fire(1),
            _ if u < p[0] => fire(0),
            _ if u < p[0] + p[1] => fire(1),
            _ if u < (p[0] + p[1]) + p[2] => fire(2),
            _ => fire(3),
        }
        p = rates(&x);
        total = sum(&p);
        next = due(now, draw.hazard, total);
        n += 1;
    }
    group.x[..slots].copy_from_slice(&x[..slots]);
    books.write(&mut group.books[..slots], &x, now);
    for (all, new) in group.fired.iter_mut().zip(fired) {
        *all += new;
    }
    (group.now, group.next, group.draw, group.rng) = (now, next, draw, rng);
    group.take_rates(&p);
    n
}

/// `M` channels at most, each changing `K` slots at most.
fn run<P: Probe, const M: usize, const K: usize>(
    group: &mut Group<'_>,
    plan: &Plan,
    stretch: Stretch,
    probe: &mut P,
) -> u64 {
    let slots = group.x.len() - 1;
    let mut x: Counts = [1.0; 256];
    let mut books = [Book::default(); SPECIES + 1];
    let mut fired = [0u64; CHANNELS];
    x[..slots].copy_from_slice(&group.x[..slots]);
    books[..slots].copy_from_slice(&group.books[..slots]);
    let (mut now, mut next, mut draw) = (group.now, group.next, group.draw);
    let mut rng = group.rng.clone();
    let mut n = 0;
    let mut p = [[0.0; 8]; 2];
    propensities::<M>(&mut p, plan, &x);
    let mut total = total::<M>(&p);
    while next < stretch.limit && n < stretch.most {
        now = next;
        let q = select::<M>(&p, draw.pick * total);
        draw = Draw::new(&mut rng);
        fired[q] += 1;
        for k in 0..K {
            let (slot, change) = (plan.slots[q][k], plan.by[q][k]);
            let from = x[slot as usize];
            books[slot as usize % (SPECIES + 1)].enter(from, from + change, now);
            x[slot as usize] = from + change;
        }
        if stretch.followed {
            group.tag_changes(q, now, probe);
        }
        propensities::<M>(&mut p, plan, &x);
        total = self::total::<M>(&p);
        next = due(now, draw.hazard, total);
        n += 1;
    }
    group.x[..slots].copy_from_slice(&x[..slots]);
    group.books[..slots].copy_from_slice(&books[..slots]);
    for (all, new) in group.fired.iter_mut().zip(fired) {
        *all += new;
    }
    (group.now, group.next, group.draw, group.rng) = (now, next, draw, rng);
    group.take_rates(p.as_flattened());
    n
}

/// Works out the propensities of `M` channels, in nodes as the tree has them.
#[inline]
fn propensities<const M: usize>(p: &mut [[f64; 8]; 2], plan: &Plan, x: &Counts) {
    for q in 0..M {
        p[q / 8][q % 8] = plan.c[q] * x[plan.i[q] as usize] * (x[plan.j[q] as usize] - plan.d[q]);
    }
}

/// As the tree adds them up.
#[inline]
fn total<const M: usize>([x, y]: &[[f64; 8]; 2]) -> f64 {
    if M <= 8 { tree::sum(x) } else { tree::sum(x) + tree::sum(y) }
}

/// As the tree selects.
#[inline]
fn select<const M: usize>(p: &[[f64; 8]; 2], u: f64) -> usize {
    if M <= 8 {
        return tree::select(&p[0], u).0;
    }
    let first = tree::sum(&p[0]);
    let second = usize::from(u >= first && tree::sum(&p[1]) > 0.0);
    8 * second + tree::select(&p[second], u - [0.0, first][second]).0
}

/// Books of a few species side by side.
struct Books<const N: usize> {
    area: [f64; N],
    squares: [f64; N],
    max: [f64; N],
}

impl<const N: usize> Books<N> {
    /// The books, brought up to `now`.
    fn new(books: &[Book], x: &[f64], now: u64) -> Self {
        let from: [Book; N] = std::array::from_fn(|i| {
            let mut book = books.get(i).copied().unwrap_or_default();
            book.enter(x[i], x[i], now);
            book
        });
        Self { area: from.map(|b| b.area), squares: from.map(|b| b.squares), max: from.map(|b| b.max) }
    }

    /// Counts have been `x` for `dt` ticks.
    #[inline]
    fn pass(&mut self, x: &[f64; 2 * FEW], dt: f64) {
        for (i, &x) in x[..N].iter().enumerate() {
            let area = x * dt;
            self.area[i] += area;
            self.squares[i] += x * area;
            self.max[i] = if x > self.max[i] { x } else { self.max[i] };
        }
    }

    fn write(&self, books: &mut [Book], x: &[f64], now: u64) {
        for (i, book) in books.iter_mut().enumerate() {
            *book = Book { area: self.area[i], squares: self.squares[i], max: self.max[i].max(x[i]), last: now };
        }
    }
}
