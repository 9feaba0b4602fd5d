//! Sets of whole numbers: addresses, ports, protocols, flows.

/// A set of numbers, as ranges in order with both ends in it, which neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::network) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// All numbers that lie in one of these ranges at least.
    pub(in crate::network) fn union(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if u64::from(low) <= u64::from(last.1) + 1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self(merged)
    }
    /// All numbers up to `most`.
    pub(in crate::network) fn up_to(most: u32) -> Self {
        Self(vec![(0, most)])
    }
    pub(in crate::network) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub(in crate::network) fn contains(&self, number: u32) -> bool {
        let next = self.0.partition_point(|r| r.1 < number);
        self.0.get(next).is_some_and(|r| r.0 <= number)
    }
    /// Whether a number is in both.
    pub(in crate::network) fn meets(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        few.0.iter().any(|&(low, high)| {
            let next = many.0.partition_point(|r| r.1 < low);
            many.0.get(next).is_some_and(|r| r.0 <= high)
        })
    }
    /// The numbers in both.
    pub(in crate::network) fn and(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(&&x), Some(&&y)) = (a.peek(), b.peek()) {
            let (low, high) = (x.0.max(y.0), x.1.min(y.1));
            if low <= high {
                both.push((low, high));
            }
            if x.1 <= y.1 {
                a.next()
            } else {
                b.next()
            };
        }
        Self(both)
    }
    /// The numbers that are not in `other`.
    pub(in crate::network) fn without(&self, other: &Self) -> Self {
        let mut gaps = Vec::with_capacity(other.0.len() + 1);
        let mut next = Some(0);
        for &(low, high) in &other.0 {
            gaps.extend(next.filter(|n| *n < low).map(|n| (n, low - 1)));
            next = high.checked_add(1);
        }
        gaps.extend(next.map(|n| (n, u32::MAX)));
        self.and(&Self(gaps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_belong_to_ranges() {
        let ports = Ranges::union(vec![(53, 53), (80, 90), (54, 60), (85, 95)]);
        assert_eq!(ports, Ranges(vec![(53, 60), (80, 95)]));
        assert!([53, 60, 80, 95].iter().all(|p| ports.contains(*p)));
        assert!([52, 61, 79, 96].iter().all(|p| !ports.contains(*p)));
        let all = Ranges::up_to(u32::MAX);
        assert_eq!(all.without(&ports), Ranges(vec![(0, 52), (61, 79), (96, u32::MAX)]));
        assert!(all.without(&all).is_empty() && !all.is_empty());
    }

    proptest! {
        /// Sets of numbers are what sets of bits are.
        #[test]
        fn ranges_are_sets(a in prop::collection::vec((0u32..64, 0u32..9), 0..6), b in prop::collection::vec((0u32..64, 0u32..9), 0..6)) {
            let of = |list: &[(u32, u32)]| Ranges::union(list.iter().map(|&(low, n)| (low, (low + n).min(63))).collect());
            let (a, b) = (of(&a), of(&b));
            let bits = |set: &Ranges| (0..64).fold(0u64, |m, i| m | u64::from(set.contains(i)) << i);
            prop_assert_eq!(bits(&a.and(&b)), bits(&a) & bits(&b));
            prop_assert_eq!(bits(&a.without(&b)), bits(&a) & !bits(&b));
            prop_assert_eq!(a.and(&b).without(&a), Ranges::default());
            prop_assert_eq!(a.meets(&b), bits(&a) & bits(&b) != 0);
            prop_assert!(a.without(&b).0.windows(2).all(|w| w[0].1 + 1 < w[1].0));
        }
    }
}
