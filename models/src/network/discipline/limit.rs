//! How much may wait.

use sim_core::config::{Data, Field, Table, Type};
use sim_core::quantity::Dimension;

/// The size of a waiting room, packets in service not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// No limit.
    Unlimited,
    /// So many packets.
    Packets(u64),
    /// So many bits.
    Bits(u64),
}

impl Limit {
    /// The field `limit`, for the declaration of a discipline. The default is that of Linux' `pfifo` at a
    /// `txqueuelen` of 1000.
    pub const FIELD: Field = Field::default(
        "limit",
        Type::OneOf(&[Type::Choice(&["none"]), Type::Quantity(&[Dimension::ITEMS, Dimension::DATA])]),
        "\"1000 packets\"",
        "How much may wait, not counting what is being sent or served: packets, bytes or \"none\".",
    );
    /// Reads the field.
    pub fn read(table: &Table) -> Self {
        match table.get("limit").map(|v| &v.data) {
            Some(Data::Quantity(q)) if q.dimension == Dimension::ITEMS => Self::Packets(q.value as u64),
            Some(Data::Quantity(q)) => Self::Bits(q.value as u64),
            _ => Self::Unlimited,
        }
    }
    /// Whether a packet of `bits` still fits where `packets` and `held` bits wait.
    #[inline]
    pub fn admits(self, bits: u32, packets: u64, held: u64) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Packets(n) => packets < n,
            Self::Bits(n) => held + u64::from(bits) <= n,
        }
    }
}
