//! IPv4 addresses and prefixes (RFC 4632), as labels of nodes and flows: for classifiers, routing tables and logs.

use std::fmt;
use std::net::Ipv4Addr;

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    /// The first address; the bits beyond `length` are zero.
    pub base: u32,
    /// Leading bits that all its addresses share, 0 to 32.
    pub length: u8,
}

impl Prefix {
    /// Reads `10.20.0.0/22`, or a single address.
    ///
    /// Fails, in words, if it is neither, or if bits beyond the length are set.
    pub fn parse(text: &str) -> Result<Self, String> {
        match Self::around(text)? {
            (prefix, true) => Ok(prefix),
            (prefix, false) => Err(format!("`{text}` has bits set beyond its length; the block is {prefix}")),
        }
    }
    /// Reads the block around an address, `10.20.3.7/22`, and whether the address is the block's own: no bits beyond
    /// the length are set.
    ///
    /// Fails, in words, if it is no block.
    pub fn around(text: &str) -> Result<(Self, bool), String> {
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let base: Ipv4Addr = address.parse().map_err(|_| format!("`{address}` is not an IPv4 address"))?;
        let length: u8 = length.parse().ok().filter(|l| *l <= 32).ok_or("a length is from 0 to 32")?;
        let given = Self { base: base.into(), length };
        let prefix = Self { base: given.base & given.mask(), length };
        Ok((prefix, prefix == given))
    }
    /// The first of its addresses and the last.
    pub fn ends(self) -> (u32, u32) {
        (self.base, self.base | !self.mask())
    }
    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0)
    }
    /// Whether `address` lies in the block.
    pub fn contains(self, address: u32) -> bool {
        (address ^ self.base) & self.mask() == 0
    }
    /// The address of the host with this number, from 0: the first usable one of a block, or the address itself.
    pub fn host(self, number: u32) -> u32 {
        if self.length >= 31 { self.base } else { self.base + 1 + number % ((!self.mask()) - 1) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_contain_their_addresses() {
        let lan = Prefix::parse("10.20.0.0/22").unwrap();
        let address = |text: &str| u32::from(text.parse::<Ipv4Addr>().unwrap());
        assert!(lan.contains(address("10.20.3.255")) && !lan.contains(address("10.20.4.0")));
        assert!(Prefix::parse("0.0.0.0/0").unwrap().contains(address("203.0.113.9")));
        let one = Prefix::parse("10.0.0.7").unwrap();
        assert!(one.contains(address("10.0.0.7")) && !one.contains(address("10.0.0.6")));
        assert_eq!((lan.host(0), one.host(5)), (address("10.20.0.1"), address("10.0.0.7")));
        assert_eq!(lan.to_string(), "10.20.0.0/22");
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.256/24", "lan"] {
            assert!(Prefix::parse(text).is_err(), "{text}");
        }
        assert!(Prefix::parse("10.0.0.1/24").unwrap_err().contains("10.0.0.0/24"));
    }
}
