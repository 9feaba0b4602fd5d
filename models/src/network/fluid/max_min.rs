//! Max-min fair rates: no flow's rate can be raised without lowering that of one that has no more.
//!
//! Progressive filling (Bertsekas & Gallager 1992, Data Networks, section 6.5.2): the rates of all flows grow together; a
//! flow stops where it reaches what it asks for or where a link of its path is full. Flows of one bundle share path and
//! ceiling, hence their rate, so the cost grows with bundles and links, not with flows: O(rounds x (bundles x hops +
//! links)), with as many rounds as there are bottlenecks.
//!
//! Open-loop traffic has a demand at each link of its path that shares fairly: it is never more than what the link before
//! lets through, but no link further on makes it take less, since nothing tells its sender.
//!
//! Validated against: the parking lot, and the definition itself on random networks; open-loop flows by hand.

/// Flows that share a path.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    /// The links that they pass, each once.
    pub(super) path: Vec<u32>,
    /// How many there are now.
    pub(super) flows: u64,
    /// What each asks for at most, in bit/s; infinite if it takes what it gets.
    pub(super) ceiling: f64,
    /// The demand that feeds this one, which comes before it: it gets no more than that one does.
    pub(super) after: Option<u32>,
    /// What each gets, in bit/s.
    pub(super) rate: f64,
    /// Whether the rate is still growing.
    grows: bool,
}

impl Demand {
    /// Of nobody so far.
    pub(super) const fn new(path: Vec<u32>, ceiling: f64) -> Self {
        Self { path, flows: 0, ceiling, after: None, rate: 0.0, grows: false }
    }
}

/// Works out rates again and again without allocating.
#[derive(Clone, Debug)]
pub(super) struct MaxMin {
    links: Vec<Link>,
    /// Demands whose rates still grow.
    open: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    /// bit/s
    capacity: f64,
    /// What is left of it.
    left: f64,
    /// Flows on it whose rates still grow.
    growing: u64,
    is_full: bool,
}

/// A link with less than this share of its capacity left is full: rounding.
const ROUNDING: f64 = 1e-12;

impl MaxMin {
    /// Links of these capacities, in bit/s. Every path must have a finite one on it, or its demand a finite ceiling; 0 passes nothing.
    pub(super) fn new(capacities: &[f64]) -> Self {
        let link = |&capacity: &f64| Link { capacity, left: capacity, growing: 0, is_full: false };
        Self { links: capacities.iter().map(link).collect(), open: Vec::new() }
    }

    /// Links of other capacities.
    pub(super) fn set_capacities(&mut self, capacities: impl Iterator<Item = f64>) {
        for (link, capacity) in self.links.iter_mut().zip(capacities) {
            link.capacity = capacity;
        }
    }

    /// Sets the rates of all demands.
    pub(super) fn fill(&mut self, demands: &mut [Demand]) {
        self.empty(demands);
        let mut level = 0.0;
        while !self.open.is_empty() {
            let next = self.next_level(level, demands);
            for link in &mut self.links {
                link.left = (link.left - (next - level) * link.growing as f64).max(0.0);
                link.is_full = link.capacity < f64::INFINITY && link.left <= ROUNDING * link.capacity;
            }
            self.close(next, demands);
            level = next;
        }
    }

    /// Before anything flows.
    fn empty(&mut self, demands: &mut [Demand]) {
        for link in &mut self.links {
            (link.left, link.growing) = (link.capacity, 0);
        }
        self.open.clear();
        for (d, demand) in demands.iter_mut().enumerate() {
            demand.rate = 0.0;
            demand.grows = demand.flows > 0;
            if demand.grows {
                self.open.push(d as u32);
                for l in &demand.path {
                    self.links[*l as usize].growing += demand.flows;
                }
            }
        }
    }

    /// The rate at which the first link is full, or the first demand has what it asks for.
    fn next_level(&self, level: f64, demands: &[Demand]) -> f64 {
        let links = self.links.iter().filter(|l| l.growing > 0);
        let full = links.map(|l| level + l.left / l.growing as f64);
        let asked = self.open.iter().map(|d| demands[*d as usize].ceiling);
        full.chain(asked).fold(f64::INFINITY, f64::min).max(level)
    }

    /// Gives the rate `level` to all that grew up to it, and stops those that cannot grow on.
    fn close(&mut self, level: f64, demands: &mut [Demand]) {
        let Self { open, links } = self;
        open.retain(|d| {
            let fed = demands[*d as usize].after.is_none_or(|before| demands[before as usize].grows);
            let demand = &mut demands[*d as usize];
            demand.rate = level;
            let grows = fed && level < demand.ceiling && !demand.path.iter().any(|l| links[*l as usize].is_full);
            demand.grows = grows;
            if !grows {
                for l in &demand.path {
                    links[*l as usize].growing -= demand.flows;
                }
            }
            grows
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn demand(path: &[u32], flows: u64, ceiling: f64) -> Demand {
        Demand { flows, rate: f64::NAN, ..Demand::new(path.to_vec(), ceiling) }
    }

    fn rates(capacities: &[f64], mut demands: Vec<Demand>) -> Vec<f64> {
        MaxMin::new(capacities).fill(&mut demands);
        demands.iter().map(|d| d.rate).collect()
    }

    const ANY: f64 = f64::INFINITY;

    #[test]
    fn the_parking_lot() {
        // Links of 10 and 4; one flow over both, one over each.
        let all = vec![demand(&[0, 1], 1, ANY), demand(&[0], 1, ANY), demand(&[1], 1, ANY)];
        assert_eq!(rates(&[10.0, 4.0], all), [2.0, 8.0, 2.0]);
    }

    #[test]
    fn ceilings_leave_the_rest_to_others() {
        let all = vec![demand(&[0], 2, 1.0), demand(&[0], 4, ANY), demand(&[0], 0, ANY)];
        assert_eq!(rates(&[10.0], all), [1.0, 2.0, 0.0]);
    }

    #[test]
    fn links_without_a_rate_are_never_full() {
        let all = vec![demand(&[0, 2], 1, ANY), demand(&[1, 2], 2, ANY)];
        assert_eq!(rates(&[10.0, 4.0, ANY], all), [10.0, 2.0]);
    }

    #[test]
    fn open_loop_traffic_takes_less_only_where_it_loses() {
        // One of 8 over links of 10 and 4, each shared with a transfer. It takes 5 of the first, of which the second, where it
        // has 2, loses 3; as a transfer over both it would have taken 2, and left 8.
        let behind = Demand { after: Some(2), ..demand(&[1], 1, 8.0) };
        let all = vec![demand(&[0], 1, ANY), demand(&[1], 1, ANY), demand(&[0], 1, 8.0), behind];
        assert_eq!(rates(&[10.0, 4.0], all), [5.0, 2.0, 5.0, 2.0]);
        // The other way round it brings 2 of 8 to the link of 10.
        let behind = Demand { after: Some(1), ..demand(&[0], 1, 8.0) };
        let all = vec![demand(&[1], 1, ANY), demand(&[1], 1, 8.0), behind, demand(&[0], 1, ANY)];
        assert_eq!(rates(&[10.0, 4.0], all), [2.0, 2.0, 2.0, 8.0]);
    }

    proptest! {
        #[test]
        fn no_rate_can_grow_at_the_cost_of_larger_ones_only(
            capacities in prop::collection::vec(1.0f64..1000.0, 1..8),
            raw in prop::collection::vec((prop::collection::btree_set(0usize..8, 1..5), 1u64..50, 1.0f64..2000.0), 1..12),
        ) {
            let n = capacities.len();
            let mut demands: Vec<Demand> = raw
                .iter()
                .map(|(path, flows, ceiling)| {
                    let mut path: Vec<u32> = path.iter().map(|l| (l % n) as u32).collect();
                    path.sort_unstable();
                    path.dedup();
                    demand(&path, *flows, if *ceiling > 1000.0 { ANY } else { *ceiling })
                })
                .collect();
            MaxMin::new(&capacities).fill(&mut demands);
            let load = |l: usize| -> f64 {
                demands.iter().filter(|d| d.path.contains(&(l as u32))).map(|d| d.rate * d.flows as f64).sum()
            };
            for (l, capacity) in capacities.iter().enumerate() {
                prop_assert!(load(l) <= capacity * (1.0 + 1e-9), "link {l} carries {} of {capacity}", load(l));
            }
            // The definition: each flow has what it asks for, or a full link on which nobody has more.
            for d in &demands {
                let bottleneck = d.path.iter().any(|&l| {
                    let largest = demands.iter().filter(|e| e.path.contains(&l)).map(|e| e.rate).fold(0.0, f64::max);
                    load(l as usize) >= capacities[l as usize] * (1.0 - 1e-9) && d.rate >= largest * (1.0 - 1e-9)
                });
                prop_assert!(bottleneck || d.rate >= d.ceiling * (1.0 - 1e-9), "{d:?}");
            }
        }
    }
}
