//! Longest-prefix match (RFC 1812 section 5.2.4.3, RFC 4632): a binary trie, one level a bit.
//!
//! Tables are asked while a network is built and never during a run: the destination of a flow does not change.
//!
//! Validated against: a linear scan on 10^5 random addresses; nested, adjacent and host prefixes by hand.

use crate::network::address::Prefix;

/// Routes by prefix.
#[derive(Clone, Debug)]
pub(in crate::network) struct PrefixTable {
    nodes: Vec<Fork>,
}

/// A prefix of the trie.
#[derive(Clone, Debug, Default)]
struct Fork {
    /// The prefixes that are one bit longer; 0 for none, since nothing leads back to the root.
    longer: [u32; 2],
    routes: Vec<u32>,
}

impl PrefixTable {
    /// A table without routes.
    pub(in crate::network) fn new() -> Self {
        Self { nodes: vec![Fork::default()] }
    }
    /// Adds `route` under `prefix`, after those that are there.
    pub(in crate::network) fn insert(&mut self, prefix: Prefix, route: u32) {
        let mut at = 0;
        for depth in 0..prefix.length {
            let bit = bit(prefix.base, depth);
            if self.nodes[at].longer[bit] == 0 {
                self.nodes[at].longer[bit] = self.nodes.len() as u32;
                self.nodes.push(Fork::default());
            }
            at = self.nodes[at].longer[bit] as usize;
        }
        self.nodes[at].routes.push(route);
    }
    /// The prefixes that contain `address`, the longest first: the length of each, and its routes in the order in which
    /// they were added.
    pub(in crate::network) fn matches(&self, address: u32) -> impl Iterator<Item = (u8, &[u32])> {
        let (mut found, mut at) = (Vec::new(), 0);
        for depth in 0..=32 {
            let fork = &self.nodes[at];
            if !fork.routes.is_empty() {
                found.push((depth, &fork.routes[..]));
            }
            if depth == 32 {
                break;
            }
            at = fork.longer[bit(address, depth)] as usize;
            if at == 0 {
                break;
            }
        }
        found.into_iter().rev()
    }
}

/// Bit number `depth` of an address, the most significant first.
fn bit(address: u32, depth: u8) -> usize {
    (address >> (31 - depth)) as usize & 1
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use sim_core::rng::Rng;

    use super::*;

    fn table(prefixes: &[&str]) -> PrefixTable {
        let mut table = PrefixTable::new();
        for (i, p) in prefixes.iter().enumerate() {
            table.insert(Prefix::parse(p).unwrap(), i as u32);
        }
        table
    }

    fn longest(table: &PrefixTable, address: &str) -> Option<u32> {
        table.matches(address.parse::<Ipv4Addr>().unwrap().into()).next().map(|(_, routes)| routes[0])
    }

    #[test]
    fn the_longest_prefix_decides() {
        let t = table(&["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "0.0.0.0/0"]);
        for (address, route) in [("10.1.2.3", 2), ("10.1.9.9", 1), ("10.2.0.0", 0), ("11.0.0.0", 3)] {
            assert_eq!(longest(&t, address), Some(route), "{address}");
        }
        let all: Vec<(u8, u32)> = t.matches(u32::from_be_bytes([10, 1, 2, 3])).map(|(l, r)| (l, r[0])).collect();
        assert_eq!(all, [(24, 2), (16, 1), (8, 0), (0, 3)]);
        assert_eq!(longest(&table(&["10.0.0.0/8"]), "11.0.0.0"), None);
    }

    #[test]
    fn nested_adjacent_and_host_prefixes() {
        // Seventeen routes; of those to 192.0.2.0/24 the one with the lower metric was added first.
        let routes = [
            ("0.0.0.0/0", "isp-a"),
            ("10.0.0.0/8", "core"),
            ("10.64.0.0/10", "dc1"),
            ("10.64.0.0/16", "dc2"),
            ("10.64.128.0/17", "dc3"),
            ("10.64.128.0/24", "lab"),
            ("10.64.128.128/25", "lab2"),
            ("10.64.128.254/31", "p2p"),
            ("10.64.128.255/32", "host"),
            ("192.0.2.0/24", "dmz"),
            ("192.0.2.0/24", "dmz-backup"),
            ("192.0.2.64/26", "blackhole"),
            ("198.51.100.0/22", "agg"),
            ("198.51.102.0/23", "agg-b"),
            ("203.0.113.0/30", "x1"),
            ("203.0.113.4/30", "x2"),
            ("128.0.0.0/1", "isp-b"),
        ];
        let t = table(&routes.map(|r| r.0));
        let expected = "0.0.0.0 isp-a 9.255.255.255 isp-a 10.0.0.0 core 10.63.255.255 core 10.64.0.0 dc2 \
            10.64.127.255 dc2 10.64.128.0 lab 10.64.128.127 lab 10.64.128.128 lab2 10.64.128.253 lab2 \
            10.64.128.254 p2p 10.64.128.255 host 10.64.129.0 dc3 10.64.255.255 dc3 10.65.0.0 dc1 10.127.255.255 dc1 \
            10.128.0.0 core 10.255.255.255 core 11.0.0.0 isp-a 127.255.255.255 isp-a 128.0.0.0 isp-b \
            192.0.1.255 isp-b 192.0.2.0 dmz 192.0.2.63 dmz 192.0.2.64 blackhole 192.0.2.127 blackhole 192.0.2.128 dmz \
            192.0.2.255 dmz 192.0.3.0 isp-b 198.51.99.255 isp-b 198.51.100.0 agg 198.51.101.255 agg 198.51.102.0 agg-b \
            198.51.103.255 agg-b 198.51.104.0 isp-b 203.0.113.3 x1 203.0.113.4 x2 203.0.113.7 x2 203.0.113.8 isp-b \
            255.255.255.255 isp-b";
        let words: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(words.len(), 2 * 40);
        for pair in words.chunks(2) {
            assert_eq!(longest(&t, pair[0]).map(|r| routes[r as usize].1), Some(pair[1]), "{}", pair[0]);
        }
    }

    #[test]
    fn a_linear_scan_finds_the_same() {
        let mut rng = Rng::seed_from_u64(1);
        let mut prefixes: Vec<Prefix> = Vec::new();
        while prefixes.len() < 2000 {
            // Few first bytes, so that prefixes nest.
            let length = rng.below(33) as u8;
            let address = (rng.bits() as u32) & 0x03FF_FFFF;
            let base = if length == 0 { 0 } else { address >> (32 - length) << (32 - length) };
            let prefix = Prefix { base, length };
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        let mut table = PrefixTable::new();
        prefixes.iter().enumerate().for_each(|(i, p)| table.insert(*p, i as u32));
        let mut found = 0;
        for _ in 0..100_000 {
            let address = (rng.bits() as u32) & 0x07FF_FFFF;
            let scan =
                (0..prefixes.len()).filter(|&i| prefixes[i].contains(address)).max_by_key(|&i| prefixes[i].length);
            assert_eq!(table.matches(address).next().map(|(_, r)| r[0] as usize), scan);
            found += usize::from(scan.is_some_and(|i| prefixes[i].length > 8));
        }
        assert!(found > 1000, "the table must matter: {found}");
    }
}
