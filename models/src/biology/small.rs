//! The direct method for small networks of plain mass action: arrays of fixed size, no dependency lists.
//!
//! With up to 32 channels it is faster to work out every propensity after each firing than to look up which have
//! changed: there is nothing to predict and nothing to chase. It gives bit for bit what the general method gives.

use sim_core::Probe;

use super::group::{Book, Draw, Group, due};
use super::lanes::{BLOCK, CHANGES, Factors, Lane, Lanes, SLOTS};
use super::network::Network;
use super::rates::Rates;
use super::tree::WHOLE;

/// So many species and channels at most are a few.
const FEW: usize = 4;

/// Lanes for as many channels as there are, or somewhat more.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Two(Box<Lanes<1, 2>>),
    Four(Box<Lanes<1, FEW>>),
    TwoBlocks(Box<Lanes<2, BLOCK>>),
    FourBlocks(Box<Lanes<4, BLOCK>>),
}

impl Plan {
    /// The plan of a network, if it is small and plain enough.
    pub(super) fn new(network: &Network, rates: &Rates) -> Option<Self> {
        let few = network.one() <= FEW;
        match network.channels() {
            0..=2 if few => Lanes::new(network, rates).map(Self::Two),
            0..=FEW if few => Lanes::new(network, rates).map(Self::Four),
            0..=16 => Lanes::new(network, rates).map(Self::TwoBlocks),
            _ => Lanes::new(network, rates).map(Self::FourBlocks),
        }
    }
}

/// As the general method: fires until `limit` (exclusive), at most `most` times; returns how often.
pub(super) fn advance<P: Probe>(group: &mut Group<'_>, plan: &Plan, limit: u64, most: u64, probe: &mut P) -> u64 {
    let stretch = Stretch { limit, most };
    // What follows nobody is compiled by itself: 6 % faster with 16 channels.
    if group.is_followed() {
        fire::<P, true>(group, plan, stretch, probe)
    } else {
        fire::<P, false>(group, plan, stretch, probe)
    }
}

/// Compiled by itself: inlined into a caller, its loops are given fewer registers.
#[inline(never)]
fn fire<P: Probe, const FOLLOWED: bool>(group: &mut Group<'_>, plan: &Plan, stretch: Stretch, probe: &mut P) -> u64 {
    let slots = group.x.len() - 1;
    match plan {
        Plan::Two(lanes) if slots <= 2 => few::<P, FOLLOWED, 2, 2>(group, lanes, stretch, probe),
        Plan::Two(lanes) => few::<P, FOLLOWED, 2, FEW>(group, lanes, stretch, probe),
        Plan::Four(lanes) => few::<P, FOLLOWED, FEW, FEW>(group, lanes, stretch, probe),
        // What is not there is not worked out: a twelfth of the time.
        Plan::TwoBlocks(lanes) if lanes.pairs <= FEW && lanes.changes <= 3 => {
            many::<P, FOLLOWED, 2, FEW, 3>(group, lanes, stretch, probe)
        }
        Plan::TwoBlocks(lanes) => many::<P, FOLLOWED, 2, BLOCK, CHANGES>(group, lanes, stretch, probe),
        Plan::FourBlocks(lanes) if lanes.changes <= 3 => many::<P, FOLLOWED, 4, BLOCK, 3>(group, lanes, stretch, probe),
        Plan::FourBlocks(lanes) => many::<P, FOLLOWED, 4, BLOCK, CHANGES>(group, lanes, stretch, probe),
    }
}

/// Until when and how often to fire at most.
#[derive(Clone, Copy)]
struct Stretch {
    limit: u64,
    most: u64,
}

/// A few channels (`L`) over a few species (`N`): all species are changed and entered in the books at every firing, which
/// takes no longer than to look up which do. Nothing branches on what fires.
fn few<P: Probe, const FOLLOWED: bool, const L: usize, const N: usize>(
    group: &mut Group<'_>,
    lanes: &Lanes<1, L>,
    stretch: Stretch,
    probe: &mut P,
) -> u64 {
    let slots = group.x.len() - 1;
    let mut x = [0.0; N];
    x[..slots].copy_from_slice(&group.x[..slots]);
    let mut books = Books::<N>::new(&group.books[..slots], &x, group.now);
    let mut fired = [0u64; L];
    let (mut now, mut next, mut draw) = (group.now, group.next, group.draw);
    let mut rng = group.rng.clone();
    let mut n = 0;
    let mut factors = Factors::new(lanes, &group.x);
    // As the tree adds them up.
    let sum = |p: &[f64; L]| if L == 2 { p[0] + p[1] } else { (p[0] + p[1]) + (p[2] + p[3]) };
    let mut p = factors.propensities::<L>(lanes).map(|[p]| p);
    let mut total = sum(&p);
    while next < stretch.limit && n < stretch.most {
        books.pass(&x, (next - now) as i64 as f64);
        now = next;
        let u = draw.pick * total;
        // Since `u` is below the total, this never leads past the last that can fire.
        let q = if L == 2 {
            usize::from(u >= p[0])
        } else {
            let two = p[0] + p[1];
            usize::from(u >= p[0]) + usize::from(u >= two) + usize::from(u >= two + p[2])
        };
        draw = Draw::new(&mut rng);
        fired[q % L] += 1;
        let step = &lanes.steps[0][q % L];
        for (x, by) in x.iter_mut().zip(step.dense) {
            *x += by;
        }
        factors.add::<L>(step);
        if FOLLOWED {
            group.tag_changes(q, now, probe);
        }
        p = factors.propensities::<L>(lanes).map(|[p]| p);
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
    group.take_rates(|q| p[q]);
    n
}

/// `B` blocks of channels, with two reactants below place `R` of a block only, which change `C` slots at most.
fn many<P: Probe, const FOLLOWED: bool, const B: usize, const R: usize, const C: usize>(
    group: &mut Group<'_>,
    lanes: &Lanes<B, BLOCK>,
    stretch: Stretch,
    probe: &mut P,
) -> u64 {
    let slots = group.x.len();
    let mut x = [1.0; SLOTS];
    let mut books = [Book::default(); SLOTS];
    let mut fired = [[0u64; BLOCK]; B];
    x[..slots].copy_from_slice(&group.x);
    books[..slots].copy_from_slice(&group.books);
    let (mut now, mut next, mut draw) = (group.now, group.next, group.draw);
    let mut rng = group.rng.clone();
    let mut n = 0;
    let mut factors = Factors::new(lanes, &group.x);
    let mut row = Sums::new(factors.propensities::<R>(lanes));
    while next < stretch.limit && n < stretch.most {
        now = next;
        let q = row.select(draw.pick * row.total);
        let (b, child) = (q / BLOCK, q % BLOCK);
        let step = &lanes.steps[b][child];
        // First what the next firing waits for.
        factors.add::<R>(step);
        row = Sums::new(factors.propensities::<R>(lanes));
        draw = Draw::new(&mut rng);
        fired[b][child] += 1;
        for &(slot, change) in &step.changes[..C] {
            let slot = slot as usize % SLOTS;
            let from = x[slot];
            books[slot].enter(from, from + change, now);
            x[slot] = from + change;
        }
        if FOLLOWED {
            group.tag_changes(q, now, probe);
        }
        next = due(now, draw.hazard, row.total);
        n += 1;
    }
    group.x.copy_from_slice(&x[..slots]);
    group.books.copy_from_slice(&books[..slots]);
    for (q, all) in group.fired.iter_mut().enumerate() {
        *all += fired[q / BLOCK][q % BLOCK];
    }
    (group.now, group.next, group.draw, group.rng) = (now, next, draw, rng);
    group.take_rates(|q| row.p[q % BLOCK][q / BLOCK]);
    n
}

/// Propensities of `B` blocks with their sums, added up as in nodes of the tree, all blocks at once.
struct Sums<const B: usize> {
    p: Lane<B, BLOCK>,
    /// The sum of those before each in its block.
    before: Lane<B, BLOCK>,
    /// The sum of the blocks before each.
    blocks: [f64; B],
    total: f64,
}

impl<const B: usize> Sums<B> {
    #[inline]
    fn new(p: Lane<B, BLOCK>) -> Self {
        let add = |x: [f64; B], y: [f64; B]| -> [f64; B] { std::array::from_fn(|b| x[b] + y[b]) };
        let two = add(p[0], p[1]);
        let four = add(two, add(p[2], p[3]));
        let five_six = add(p[4], p[5]);
        let six = add(four, five_six);
        let sums = add(four, add(five_six, add(p[6], p[7])));
        // However rounded, the last begins before the block ends, so that behind its end all have begun.
        let last = add(six, p[6]);
        let last = std::array::from_fn(|b| if last[b] < sums[b] { last[b] } else { sums[b] });
        let before = [[0.0; B], p[0], two, add(two, p[2]), four, add(four, p[4]), six, last];
        let sum = |b: usize| sums.get(b).copied().unwrap_or(0.0);
        let two = sum(0) + sum(1);
        let all = [0.0, sum(0), two, two + sum(2)];
        Self {
            p,
            before,
            blocks: std::array::from_fn(|b| all[b]),
            total: if B == 2 { two } else { two + (sum(2) + sum(3)) },
        }
    }

    /// The channel that `u`, below the total, falls on: the number of those that begin at `u` or before, but for the first.
    ///
    /// Nothing branches on it, since a processor cannot foresee what fires. Of two blocks both are asked, side by side: all
    /// channels of a block before the one that `u` falls in begin before `u`, and none of one behind it. Of more blocks only
    /// that one is asked, which is less. The numbers are added up as `f64`: what is compared as `f64` then stays in the
    /// registers where it is.
    #[expect(clippy::inline_always, reason = "or its operands go through memory: a twentieth of the time")]
    #[inline(always)]
    fn select(&self, u: f64) -> usize {
        let n = if B == 2 {
            let u: [f64; B] = std::array::from_fn(|b| u - self.blocks[b]);
            let from = |k: usize| std::array::from_fn(|b| if u[b] >= self.before[k][b] { 1.0 } else { 0.0 });
            let mut first: [f64; B] = from(0);
            first[0] = WHOLE;
            let add = |x: [f64; B], y: [f64; B]| -> [f64; B] { std::array::from_fn(|b| x[b] + y[b]) };
            let first = add(add(first, from(1)), add(from(2), from(3)));
            let n = add(first, add(add(from(4), from(5)), add(from(6), from(7))));
            n[0] + n[1]
        } else {
            let b = self.blocks[1..].iter().map(|&before| usize::from(u >= before)).sum::<usize>() % B;
            let u = u - self.blocks[b];
            let from = |k: usize| if u >= self.before[k][b] { 1.0 } else { 0.0 };
            let first = WHOLE + (b * BLOCK) as f64;
            ((first + from(1)) + (from(2) + from(3))) + ((from(4) + from(5)) + (from(6) + from(7)))
        };
        let q = n.to_bits() as usize % (B * BLOCK);
        // Rounding may lead past the last of a block that can fire, to its end.
        if q % BLOCK == BLOCK - 1 && self.p[BLOCK - 1][q / BLOCK] <= 0.0 { self.last_before(q) } else { q }
    }

    /// The last channel before `q` that can fire.
    #[cold]
    fn last_before(&self, q: usize) -> usize {
        (0..q).rev().find(|q| self.p[q % BLOCK][q / BLOCK] > 0.0).unwrap_or(q)
    }
}

/// Books of a few species side by side.
struct Books<const N: usize> {
    area: [f64; N],
    squares: [f64; N],
    max: [f64; N],
}

impl<const N: usize> Books<N> {
    /// The books, brought up to `now`.
    fn new(books: &[Book], x: &[f64; N], now: u64) -> Self {
        let from: [Book; N] = std::array::from_fn(|i| {
            let mut book = books.get(i).copied().unwrap_or_default();
            book.enter(x[i], x[i], now);
            book
        });
        Self { area: from.map(|b| b.area), squares: from.map(|b| b.squares), max: from.map(|b| b.max) }
    }

    /// Counts have been `x` for `dt` ticks.
    #[inline]
    fn pass(&mut self, x: &[f64; N], dt: f64) {
        for (i, &x) in x.iter().enumerate() {
            let area = x * dt;
            self.area[i] += area;
            self.squares[i] += x * area;
            self.max[i] = if x > self.max[i] { x } else { self.max[i] };
        }
    }

    fn write(&self, books: &mut [Book], x: &[f64; N], now: u64) {
        for (i, book) in books.iter_mut().enumerate() {
            *book = Book { area: self.area[i], squares: self.squares[i], max: self.max[i].max(x[i]), last: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::rng::Rng;

    use super::super::tree::SumTree;
    use super::*;

    /// Rows of all sizes with many channels that cannot fire, at random places and at those where one channel gives way to
    /// the next: as in the tree, and never one that cannot fire.
    fn selects_as_the_tree_does<const B: usize>(rows: usize) {
        let mut rng = Rng::seed_from_u64(B as u64);
        for row in 0..rows {
            let channels = B * BLOCK;
            let mut rates: Vec<f64> = (0..channels)
                .map(
                    |_| if rng.uniform() < 0.5 { 0.0 } else { rng.exponential() * 10f64.powi((rng.bits() % 9) as i32) },
                )
                .collect();
            // Now and then all of the first block or of the last.
            match row % 4 {
                0 => rates[..BLOCK].fill(0.0),
                1 => rates[channels - BLOCK..].fill(0.0),
                _ => rates[channels / 2] = 1.0,
            }
            let mut tree = SumTree::new(channels);
            for (q, &rate) in rates.iter().enumerate() {
                tree.set(q, rate);
            }
            tree.refresh(&tree.touched(0..channels));
            let sums = Sums::<B>::new(std::array::from_fn(|k| std::array::from_fn(|b| rates[b * BLOCK + k])));
            assert_eq!(sums.total.to_bits(), tree.total().to_bits());
            let borders = (0..channels).map(|q| rates[..q].iter().sum::<f64>());
            let borders = borders.flat_map(|u| [u.next_down(), u, u.next_up()]).collect::<Vec<_>>();
            let picks = (0..20).map(|_| rng.uniform() * sums.total).collect::<Vec<_>>();
            for u in borders.into_iter().chain(picks).filter(|u| (0.0..sums.total).contains(u)) {
                let q = sums.select(u);
                assert!(rates[q] > 0.0, "{q} cannot fire: {rates:?} at {u}");
                assert_eq!(q, tree.select(u), "{rates:?} at {u}");
            }
        }
    }

    #[test]
    fn two_blocks_select_as_the_tree_does() {
        selects_as_the_tree_does::<2>(4000);
    }

    #[test]
    fn four_blocks_select_as_the_tree_does() {
        selects_as_the_tree_does::<4>(4000);
    }
}
