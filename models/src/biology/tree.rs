//! The propensities of all channels with their sums: a tree of fan-out 8.
//!
//! A sum is recomputed from its eight children whenever one of them changes, so that it never drifts away from them as
//! running differences would. Up to eight channels this is a plain array, up to 64 it has two levels; a firing among M
//! channels costs about log8 M nodes (the direct method, Gillespie 1976, doi:10.1016/0021-9991(76)90041-3, with the
//! partial sums of Gibson & Bruck 2000, doi:10.1021/jp993732q).

const FAN: usize = 8;
/// 2^52: what is added to it stands in its low bits.
pub(super) const WHOLE: f64 = 4_503_599_627_370_496.0;

/// Two nodes, child by child in turn. So no two children of a node are neighbours, and a node is read child by child: what
/// has just been written by itself would not be forwarded to a load of several, which would wait for the cache.
type Pair = [f64; 2 * FAN];

#[derive(Clone, Debug)]
pub(super) struct SumTree {
    /// Level by level, leaves first, the root last.
    nodes: Vec<Pair>,
    /// The number of the root.
    root: usize,
    /// Where each level begins.
    levels: Vec<usize>,
}

impl SumTree {
    /// A tree for `n` channels, all at rest.
    pub(super) fn new(n: usize) -> Self {
        let mut levels = vec![0];
        let mut width = n.div_ceil(FAN).max(1);
        let mut total = width;
        while width > 1 {
            levels.push(total);
            width = width.div_ceil(FAN);
            total += width;
        }
        Self { nodes: vec![[0.0; 2 * FAN]; total.div_ceil(2)], root: total - 1, levels }
    }

    /// The nodes whose sums change when the channels in `leaves` do, as [`SumTree::refresh`] takes them.
    pub(super) fn touched(&self, leaves: impl Iterator<Item = usize>) -> Vec<(u32, u32)> {
        let mut nodes: Vec<usize> = leaves.map(|q| q / FAN).collect();
        let mut out = Vec::new();
        for (level, &start) in self.levels.iter().enumerate().take(self.levels.len() - 1) {
            nodes.sort_unstable();
            nodes.dedup();
            out.extend(nodes.iter().map(|n| ((start + n) as u32, (self.levels[level + 1] * FAN + n) as u32)));
            for n in &mut nodes {
                *n /= FAN;
            }
        }
        out
    }

    #[inline]
    pub(super) fn set(&mut self, channel: usize, rate: f64) {
        let node = channel / FAN;
        self.nodes[node / 2][2 * (channel % FAN) + node % 2] = rate;
    }

    /// What was set of a channel.
    pub(super) fn leaf(&self, channel: usize) -> f64 {
        self.node(channel / FAN)[channel % FAN]
    }

    /// The children of a node.
    #[inline]
    fn node(&self, node: usize) -> [f64; FAN] {
        let pair = &self.nodes[node / 2];
        std::array::from_fn(|child| pair[2 * child + node % 2])
    }

    /// Brings the sums of `touched` nodes up to date, lower levels first.
    #[inline]
    pub(super) fn refresh(&mut self, touched: &[(u32, u32)]) {
        for &(from, to) in touched {
            let sum = sum(&self.node(from as usize));
            self.set(to as usize, sum);
        }
    }

    /// The sum over all channels.
    #[inline]
    pub(super) fn total(&self) -> f64 {
        sum(&self.node(self.root))
    }

    /// The channel at `u` (zero or more, below the total) in the row of all channels' propensities.
    #[inline]
    pub(super) fn select(&self, mut u: f64) -> usize {
        let mut index = 0;
        for &start in self.levels.iter().rev() {
            let (child, rest) = select(&self.node(start + index), u);
            u = rest;
            index = index * FAN + child;
        }
        index
    }
}

/// The sum of eight in a fixed order.
#[inline]
pub(super) fn sum(x: &[f64; FAN]) -> f64 {
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
}

/// Which of eight `u` falls on in their row, and how far into it. Without branches on `u`, which no processor foresees.
#[inline]
pub(super) fn select(x: &[f64; FAN], u: f64) -> (usize, f64) {
    // The sums before each, by as few steps in a row as `sum` takes, so that the last agrees with it.
    let two = x[0] + x[1];
    let four = two + (x[2] + x[3]);
    let six = four + (x[4] + x[5]);
    let before = [0.0, x[0], two, two + x[2], four, four + x[4], six, six + x[6]];
    let child: usize = before[1..].iter().map(|&b| usize::from(u >= b)).sum();
    let child = that_can_fire(x, child);
    (child, u - before[child])
}

/// `child`, or if rounding has led past the last one that can fire, that one.
#[inline]
pub(super) fn that_can_fire(x: &[f64; FAN], mut child: usize) -> usize {
    while x[child % FAN] <= 0.0 && child > 0 {
        child -= 1;
    }
    child % FAN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_in_proportion_at_every_size() {
        for n in [1usize, 7, 8, 9, 64, 65, 513, 5000] {
            let mut tree = SumTree::new(n);
            let rate = |q: usize| if q % 3 == 1 { 0.0 } else { (q % 5 + 1) as f64 };
            for q in 0..n {
                tree.set(q, rate(q));
                let touched = tree.touched(std::iter::once(q));
                tree.refresh(&touched);
            }
            let total: f64 = (0..n).map(rate).sum();
            assert_eq!(tree.total(), total, "{n} channels");
            let mut low = 0.0;
            for q in (0..n).filter(|&q| rate(q) > 0.0) {
                assert_eq!((tree.select(low), tree.select(low + rate(q) - 0.5)), (q, q), "{n} channels");
                low += rate(q);
            }
            // Past the end: the last that can fire.
            let last = (0..n).rfind(|&q| rate(q) > 0.0).unwrap();
            assert_eq!(tree.select(total), last, "{n} channels");
        }
    }

    #[test]
    fn nodes_shared_by_several_channels_are_refreshed_once() {
        let tree = SumTree::new(100);
        assert_eq!(tree.touched([0, 3, 9, 99].into_iter()).len(), 3 + 2);
        assert!(SumTree::new(8).touched([0, 7].into_iter()).is_empty());
    }
}
