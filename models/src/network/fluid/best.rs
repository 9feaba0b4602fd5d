//! The best that something has been since some time, where it changes now and then.

use sim_core::SimTime;

/// Values that hold until the next: which of them was the greatest from a time on is found in O(log changes).
#[derive(Clone, Debug)]
pub(super) struct Best<T> {
    /// From when on each is the greatest that is to come. Times rise and values fall: what a later one reaches is left out.
    falling: Vec<(SimTime, T)>,
}

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self { falling: Vec::new() }
    }
}

impl<T: PartialOrd + Copy> Best<T> {
    /// From `at` on, which is not before any earlier change, it is `value`.
    pub(super) fn change(&mut self, at: SimTime, value: T) {
        let mut from = at;
        while let Some((earlier, _)) = self.falling.pop_if(|last| last.1 <= value) {
            from = earlier;
        }
        self.falling.push((from, value));
    }
    /// The greatest value from `time` until now; that of the first change if it came later.
    pub(super) fn since(&self, time: SimTime) -> Option<T> {
        let later = self.falling.partition_point(|(from, _)| *from <= time);
        self.falling.get(later.saturating_sub(1)).map(|f| f.1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_greatest_of_those_that_held(
            changes in prop::collection::vec((1u64..4, 0u32..6), 1..20),
            since in 0u64..80,
        ) {
            let mut best = Best::default();
            let mut all = Vec::new();
            let mut at = 0;
            for (gap, value) in changes {
                best.change(SimTime::from_ticks(at), value);
                all.push((at, value));
                at += gap;
            }
            // Those that end after `since`; the last one never ends.
            let held = |i: &usize| all.get(i + 1).is_none_or(|next| next.0 > since);
            let greatest = (0..all.len()).filter(held).map(|i| all[i].1).max();
            prop_assert_eq!(best.since(SimTime::from_ticks(since)), greatest);
        }
    }
}
