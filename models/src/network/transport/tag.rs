//! What a transport packet carries, in the 32 bits of [`Packet::segment`](crate::network::Packet::segment).
//!
//! Sequence numbers count segments, not bytes: a segment once cut is never cut again. 28 bits of the number travel, as 32
//! bits do in TCP (RFC 9293 section 3.4), and are completed by the receiver from what it expects; three flags stand above
//! them. What does not fit, selective acknowledgements, waits at the connection under the number.

const NUMBER_BITS: u32 = 28;
const NUMBER: u32 = (1 << NUMBER_BITS) - 1;

/// A number and flags. The top bit is never set, so no tag is [`Packet::BARE`](crate::network::Packet::BARE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// Opens a connection, or accepts it.
    pub(super) const SYN: u32 = 1 << 28;
    /// Of data: the window was reduced (CWR). Of an acknowledgement: congestion was experienced (ECE). RFC 3168 section 6.1.
    pub(super) const ECN: u32 = 1 << 29;
    /// Of data: the last segment of a transfer. Of an acknowledgement: the number is that of a report of selective
    /// acknowledgements.
    pub(super) const MORE: u32 = 1 << 30;

    #[inline]
    pub(super) const fn new(number: u64, flags: u32) -> Self {
        Self(number as u32 & NUMBER | flags)
    }
    #[inline]
    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
    #[inline]
    pub(super) const fn bits(self) -> u32 {
        self.0
    }
    #[inline]
    pub(super) const fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
    /// The whole number: the one nearest to `expected` that ends in the bits that travelled.
    #[inline]
    pub(super) const fn number(self, expected: u64) -> u64 {
        let above = 32 - NUMBER_BITS;
        let difference = ((self.0 << above).wrapping_sub((expected as u32) << above) as i32) >> above;
        expected.wrapping_add_signed(difference as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Packet;

    #[test]
    fn numbers_are_completed_from_what_is_expected() {
        for expected in [0u64, 5, (1 << 28) - 1, 1 << 28, (1 << 28) + 3, 1 << 40, (1 << 40) - 1] {
            for difference in [-1000i64, -1, 0, 1, 1000, (1 << 27) - 1] {
                let Some(number) = expected.checked_add_signed(difference) else { continue };
                let tag = Tag::new(number, Tag::SYN | Tag::ECN | Tag::MORE);
                assert_eq!(tag.number(expected), number);
                assert!(tag.has(Tag::SYN) && tag.has(Tag::ECN) && tag.has(Tag::MORE));
                assert_ne!(tag.bits(), Packet::BARE);
                assert!(!Tag::new(number, 0).has(Tag::SYN | Tag::ECN | Tag::MORE));
            }
        }
    }
}
