//! Equal-cost multipath: which of several next hops a packet takes.
//!
//! - `hash_threshold` (RFC 2992): the space of hashes is cut into N equal regions. Taking hop k of N away moves
//!   1/4 + 1/(4 N) of all flows at best (the middle), a half at worst (an end).
//! - `modulo`: the hash modulo N; going from N to N - 1 hops moves 1 - 1/N of all flows.
//! - `hrw` (highest random weight, Thaler & Ravishankar 1998, doi:10.1109/90.663936; RFC 2991): the hop with the greatest
//!   hash of flow and hop; only the flows of a hop that is gone move, 1/N of all.
//! - `per_packet`: each hop in turn, whatever flow a packet belongs to. Packets of a flow can overtake each other.
//!
//! Hashes are salted with the node, so that nodes behind each other choose independently (without that, all flows that a
//! node gets have hashes that chose it: polarisation).
//!
//! Validated against: the fractions of RFC 2992 section 3; 1 - 1/N; 1/N; equal shares.

use std::sync::Arc;

use super::Routes;
use crate::network::packet::{Packet, mix};

/// How next hops of equal cost are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::network) enum Ecmp {
    /// Only the first of them.
    Off,
    HashThreshold,
    Modulo,
    HighestRandomWeight,
    PerPacket,
}

impl Ecmp {
    /// The method of a checked name.
    pub(in crate::network) fn named(name: &str) -> Self {
        match name {
            "hash_threshold" => Self::HashThreshold,
            "modulo" => Self::Modulo,
            "hrw" => Self::HighestRandomWeight,
            "per_packet" => Self::PerPacket,
            _ => Self::Off,
        }
    }
}

/// Spreads packets over next hops.
#[derive(Clone, Debug)]
pub(in crate::network) struct Spread {
    method: Ecmp,
    /// What is hashed of each flow; empty if the conversation is.
    keys: Arc<[u64]>,
    /// For turns: packets so far of each group, by its place in the routes.
    turns: Vec<u32>,
}

impl Spread {
    /// For a run that begins with `routes`.
    pub(in crate::network) fn new(method: Ecmp, keys: Arc<[u64]>, routes: &Routes) -> Self {
        let mut spread = Self { method, keys, turns: Vec::new() };
        spread.begin(routes);
        spread
    }
    /// Takes up new routes; turns begin again.
    pub(in crate::network) fn begin(&mut self, routes: &Routes) {
        if self.method == Ecmp::PerPacket {
            self.turns.clear();
            self.turns.resize(routes.groups.len(), 0);
        }
    }
    /// The link that `packet` takes at `node`, of those of `group`.
    pub(in crate::network) fn choose(&mut self, routes: &Routes, group: u32, packet: &Packet, node: u32) -> u32 {
        let links = routes.group(group);
        if self.method == Ecmp::PerPacket {
            let turn = &mut self.turns[group as usize];
            let place = *turn as usize;
            *turn = if place + 1 == links.len() { 0 } else { *turn + 1 };
            return links[place];
        }
        pick(self.method, &self.keys, links, packet, node)
    }
}

/// The link of `links` that a method other than turns has `packet` take at `node`; `keys` are what is hashed of each flow, if it
/// is not the conversation.
#[inline]
pub(in crate::network) fn pick(method: Ecmp, keys: &[u64], links: &[u32], packet: &Packet, node: u32) -> u32 {
    let n = links.len() as u64;
    let key = keys.get(packet.flow as usize);
    let hash = |salt: u64| key.map_or_else(|| packet.hash(salt), |&key| mix(key, salt));
    // Salts of nodes and of links (32 bits each) must differ.
    let place = match method {
        Ecmp::Off | Ecmp::PerPacket => 0,
        Ecmp::HashThreshold => ((u128::from(hash(u64::from(node))) * u128::from(n)) >> 64) as usize,
        Ecmp::Modulo => (hash(u64::from(node)) % n) as usize,
        Ecmp::HighestRandomWeight => (0..links.len()).max_by_key(|&i| hash(1 << 32 | u64::from(links[i]))).unwrap_or(0),
    };
    links[place]
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;

    use super::*;

    const FLOWS: u32 = 100_000;

    /// The links that many flows choose of `links`.
    fn chosen(method: Ecmp, links: &[u32]) -> Vec<u32> {
        let routes = Routes::of_group(links);
        let mut spread = Spread::new(method, Arc::default(), &routes);
        (0..FLOWS).map(|flow| spread.choose(&routes, 0, &Packet::new(flow, 8, SimTime::ZERO), 7)).collect()
    }

    /// The fraction of flows that move when hop `gone` of `n` is taken away, with its standard error.
    fn moved(method: Ecmp, n: u32, gone: u32) -> (f64, f64) {
        let all: Vec<u32> = (0..n).collect();
        let left: Vec<u32> = all.iter().copied().filter(|l| *l != gone).collect();
        let (before, after) = (chosen(method, &all), chosen(method, &left));
        let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        let p = moved as f64 / f64::from(FLOWS);
        (p, (p * (1.0 - p) / f64::from(FLOWS)).sqrt())
    }

    fn assert_moved(method: Ecmp, n: u32, gone: u32, expected: f64) {
        let (p, se) = moved(method, n, gone);
        assert!(se / expected < 0.01 && (p - expected).abs() < 3.3 * se, "{method:?} {n} without {gone}: {p} {se}");
    }

    #[test]
    fn thresholds_move_what_rfc_2992_says() {
        for (n, fractions) in [(5, &[0.5, 0.35, 0.3, 0.35, 0.5][..]), (4, &[0.5, 1.0 / 3.0, 1.0 / 3.0, 0.5][..])] {
            for (gone, &expected) in fractions.iter().enumerate() {
                assert_moved(Ecmp::HashThreshold, n, gone as u32, expected);
            }
        }
        // Of eight, the ends and the middle.
        for (gone, expected) in [(0, 0.5), (7, 0.5), (3, 2.0 / 7.0), (4, 2.0 / 7.0)] {
            assert_moved(Ecmp::HashThreshold, 8, gone, expected);
        }
    }

    #[test]
    fn a_modulus_moves_almost_all() {
        assert_moved(Ecmp::Modulo, 5, 4, 0.8);
        assert_moved(Ecmp::Modulo, 4, 3, 0.75);
    }

    #[test]
    fn the_greatest_weight_moves_only_those_that_must() {
        assert_moved(Ecmp::HighestRandomWeight, 5, 2, 0.2);
        let (before, after) =
            (chosen(Ecmp::HighestRandomWeight, &[0, 1, 2, 3, 4]), chosen(Ecmp::HighestRandomWeight, &[0, 1, 3, 4]));
        assert!(before.iter().zip(&after).all(|(a, b)| a == b || *a == 2));
    }

    #[test]
    fn shares_are_equal() {
        for method in [Ecmp::HashThreshold, Ecmp::Modulo, Ecmp::HighestRandomWeight, Ecmp::PerPacket] {
            let mut counts = [0i32; 5];
            for link in chosen(method, &[0, 1, 2, 3, 4]) {
                counts[link as usize] += 1;
            }
            // Four standard deviations of 20 000 of 100 000.
            let limit = if method == Ecmp::PerPacket { 0 } else { 506 };
            assert!(counts.iter().all(|n| (n - 20_000).abs() <= limit), "{method:?}: {counts:?}");
        }
        assert!(chosen(Ecmp::Off, &[3, 1]).iter().all(|l| *l == 3));
    }

    #[test]
    fn nodes_behind_each_other_choose_independently() {
        let routes = Routes::of_group(&[0, 1]);
        let mut spread = Spread::new(Ecmp::HashThreshold, Arc::default(), &routes);
        let mut both = [0i32; 4];
        for flow in 0..FLOWS {
            let packet = Packet::new(flow, 8, SimTime::ZERO);
            let (a, b) = (spread.choose(&routes, 0, &packet, 1), spread.choose(&routes, 0, &packet, 2));
            both[(2 * a + b) as usize] += 1;
        }
        // Four standard deviations of a quarter.
        assert!(both.iter().all(|n| (n - 25_000).abs() < 548), "{both:?}");
    }

    #[test]
    fn flows_with_one_key_keep_together() {
        let routes = Routes::of_group(&[0, 1, 2, 3]);
        let keys: Vec<u64> = (0..200).map(|f| f / 100).collect();
        let mut spread = Spread::new(Ecmp::HashThreshold, keys.into(), &routes);
        let mut of = |flow, conversation| {
            spread.choose(&routes, 0, &Packet { conversation, ..Packet::new(flow, 8, SimTime::ZERO) }, 3)
        };
        assert!((0..100).all(|f| of(f, f) == of(0, 0) && of(100 + f, f) == of(100, 0)));
    }
}
