//! Open-loop traffic where it meets nobody who makes it give way: queues that all share lose of each flow in proportion.
//!
//! A link of capacity C to which open-loop flows bring A bit/s in all, each what is left of it by the links before, passes
//! the share min(1, C/A) of each. Those who react to losses find C - A, or nothing: open-loop traffic does not give way, and
//! what it brings to a full link has used the links before it (Floyd & Fall 1999, doi:10.1109/90.793002 (DOI from memory)).
//!
//! Where no flow comes back to a link that its own losses reach, one sweep after the other settles link by link, exactly.
//! Where overloaded links make a ring, each share is brought nearer to what the others make of it until none changes: by one
//! part in k at a time, k the longest path, since in a symmetric ring near its capacity a step changes the next one by up to
//! -(k - 1)/2 of itself.
//!
//! Validated against: chains by hand, the ring of two hops (x^2 + r x = r C), packets.

/// What links pass of the open-loop flows that come to them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::network) struct Settled {
    /// What each link carries, in bit/s.
    pub(in crate::network) carried: Vec<f64>,
    /// What is left of each flow behind its last link, in bit/s.
    pub(in crate::network) left: Vec<f64>,
}

/// A change of a share by less is rounding.
const ROUNDING: f64 = 1e-13;
/// More sweeps are not worth waiting for.
pub(in crate::network) const SWEEPS: usize = 100_000;

/// Flows of so many bit/s, each over the links of its path, over links of these capacities (infinite without a rate).
///
/// `None` if that has not settled after `sweeps`.
pub(in crate::network) fn settle(capacities: &[f64], flows: &[(f64, &[u32])], sweeps: usize) -> Option<Settled> {
    let longest = flows.iter().map(|f| f.1.len()).max().unwrap_or(0).max(1);
    let mut pass = vec![1.0; capacities.len()];
    for sweep in 0..sweeps {
        let (arrivals, left) = carry(&pass, flows);
        let step = if sweep <= capacities.len() { 1.0 } else { 1.0 / longest as f64 };
        let mut change: f64 = 0.0;
        for ((pass, arrival), capacity) in pass.iter_mut().zip(&arrivals).zip(capacities) {
            let new = if arrival > capacity { capacity / arrival } else { 1.0 };
            change = change.max((new - *pass).abs());
            *pass += step * (new - *pass);
        }
        if change <= ROUNDING {
            let carried = arrivals.iter().zip(capacities).map(|(a, c)| a.min(*c)).collect();
            return Some(Settled { carried, left });
        }
    }
    None
}

/// What comes to each link, and what is left of each flow, if links pass these shares.
fn carry(pass: &[f64], flows: &[(f64, &[u32])]) -> (Vec<f64>, Vec<f64>) {
    let mut arrivals = vec![0.0; pass.len()];
    let through = |&(rate, path): &(f64, &[u32])| {
        path.iter().fold(rate, |rate, l| {
            arrivals[*l as usize] += rate;
            rate * pass[*l as usize]
        })
    };
    let left = flows.iter().map(through).collect();
    (arrivals, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-9 * e.max(1.0))
    }

    #[test]
    fn overloaded_links_pass_flows_in_proportion() {
        // 12 + 6 to 9: half of each. What is left of the first, 6, meets 4 before a link of 5: half again.
        let flows: [(f64, &[u32]); 4] = [(12.0, &[0, 1]), (6.0, &[0]), (4.0, &[1, 2]), (7.0, &[3])];
        let settled = settle(&[9.0, 5.0, 100.0, f64::INFINITY], &flows, SWEEPS).unwrap();
        assert!(near(&settled.left, &[3.0, 3.0, 2.0, 7.0]), "{settled:?}");
        assert!(near(&settled.carried, &[9.0, 5.0, 2.0, 7.0]), "{settled:?}");
        // A link that is down passes nothing, and nothing comes to what is behind it.
        let settled = settle(&[0.0, 5.0], &[(3.0, &[0, 1])], SWEEPS).unwrap();
        assert_eq!((settled.left[0], settled.carried[1]), (0.0, 0.0));
    }

    #[test]
    fn rings_settle_where_all_shares_agree() {
        // n links in a ring, a flow of r from each node over the next k. By symmetry r (1 + p + ... + p^(k - 1)) p = C.
        for (n, k, r, c) in [(3, 2, 9.0, 10.0), (7, 6, 2.0, 11.5), (40, 30, 1.0, 29.0)] {
            let paths: Vec<Vec<u32>> = (0..n).map(|i| (0..k).map(|j| (i + j) % n).collect()).collect();
            let flows: Vec<(f64, &[u32])> = paths.iter().map(|p| (r, &p[..])).collect();
            let settled = settle(&vec![c; n as usize], &flows, SWEEPS).unwrap();
            let (mut low, mut high) = (0.0, 1.0);
            for _ in 0..60 {
                let p = f64::midpoint(low, high);
                let arrival: f64 = (0..k).map(|i| r * p.powi(i as i32)).sum();
                if arrival * p < c { low = p } else { high = p }
            }
            let expected = r * f64::powi(low, k as i32);
            assert!(near(&settled.left, &vec![expected; n as usize]), "{n} {k}: {settled:?}, not {expected}");
            assert!(near(&settled.carried, &vec![c; n as usize]));
        }
        // Of two hops: x = r p with x^2 + r x = r C.
        let flows: [(f64, &[u32]); 3] = [(9.0, &[0, 1]), (9.0, &[1, 2]), (9.0, &[2, 0])];
        let x = f64::midpoint(-9.0, f64::sqrt(81.0 + 360.0));
        let settled = settle(&[10.0; 3], &flows, SWEEPS).unwrap();
        assert!(near(&settled.left, &[x * x / 9.0; 3]), "{settled:?}");
        assert_eq!(settle(&[10.0; 3], &flows, 5), None, "not after five sweeps");
    }
}
