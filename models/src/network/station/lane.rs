//! A line of records, first in, first out, in a ring whose size is a power of two: a place is one mask away.

/// The line.
#[derive(Clone, Debug)]
pub(super) struct Lane<T> {
    /// A power of two of them.
    slots: Box<[T]>,
    head: u32,
    len: u32,
}

impl<T: Copy> Lane<T> {
    /// An empty line; `any` record fills the places that are free.
    pub(super) fn new(any: T) -> Self {
        Self { slots: Box::new([any; 4]), head: 0, len: 0 }
    }
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.len
    }
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
    #[inline]
    fn place(&self, i: u32) -> usize {
        self.head.wrapping_add(i) as usize & (self.slots.len() - 1)
    }
    /// The record with `i` others before it.
    #[inline]
    pub(super) fn get(&self, i: u32) -> Option<&T> {
        if i < self.len { self.slots.get(self.place(i)) } else { None }
    }
    #[inline]
    pub(super) fn push(&mut self, record: T) {
        if self.len as usize == self.slots.len() {
            self.grow();
        }
        let place = self.place(self.len);
        self.slots[place] = record;
        self.len += 1;
    }
    /// Twice as many places.
    #[cold]
    fn grow(&mut self) {
        let records: Vec<T> = self.iter().chain(self.iter()).copied().collect();
        (self.slots, self.head) = (records.into(), 0);
    }
    /// Takes the first record out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        let first = *self.get(0)?;
        self.head = self.head.wrapping_add(1);
        self.len -= 1;
        Some(first)
    }
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len).filter_map(|i| self.get(i))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_double_ended_queue_of_which_one_end_is_used(pushes in prop::collection::vec(any::<bool>(), 0..300)) {
            let (mut lane, mut oracle) = (Lane::new(0), std::collections::VecDeque::new());
            for (k, push) in pushes.into_iter().enumerate() {
                if push {
                    lane.push(k);
                    oracle.push_back(k);
                } else {
                    prop_assert_eq!(lane.pop(), oracle.pop_front());
                }
                prop_assert!(lane.iter().eq(&oracle));
                prop_assert_eq!((lane.len() as usize, lane.get(1), lane.is_empty()), (oracle.len(), oracle.get(1), oracle.is_empty()));
            }
        }
    }
}
