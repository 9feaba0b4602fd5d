//! What the queue holds, and its order.

/// A pending event with its key inline. 24 bytes for events of up to four.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<E> {
    pub(super) time: u64,
    /// Priority in the top byte, sequence number below: ties in time are broken by priority, then first in first out.
    pub(super) order: u64,
    /// The timer slot that armed this, or [`NO_TIMER`].
    pub(super) timer: u32,
    pub(super) event: E,
}

/// Marks an entry that no timer slot armed.
pub(super) const NO_TIMER: u32 = u32::MAX;

/// Greater than the key of any entry.
pub(super) const LAST: u128 = u128::MAX;

impl<E> Entry<E> {
    /// The total order, as one integer.
    #[inline]
    pub(super) fn key(&self) -> u128 {
        (u128::from(self.time) << 64) | u128::from(self.order)
    }
}
