//! Classes in the order of their keys: a binary heap in which a key can be changed and a class taken out, in O(log n).

/// Not in the heap.
const OUT: u32 = u32::MAX;

/// A heap of classes 0 to n - 1, each at most once; of equal keys the lower class is first.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    /// Key and class.
    items: Vec<(u64, u32)>,
    /// Where each class is among `items`.
    place: Vec<u32>,
}

impl Heap {
    /// An empty heap for `n` classes.
    pub(super) fn new(n: usize) -> Self {
        Self { items: Vec::with_capacity(n), place: vec![OUT; n] }
    }
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        self.items.first().map(|i| i.1)
    }
    /// The first class with its key.
    #[inline]
    pub(super) fn first_item(&self) -> Option<(u64, u32)> {
        self.items.first().copied()
    }
    #[inline]
    pub(super) fn contains(&self, class: u32) -> bool {
        self.place[class as usize] != OUT
    }
    /// Puts `class` in with `key`, or moves it to where `key` belongs.
    #[inline]
    pub(super) fn set(&mut self, class: u32, key: u64) {
        let place = self.place[class as usize];
        if place == OUT {
            self.items.push((key, class));
            self.up(self.items.len() - 1);
        } else if key >= std::mem::replace(&mut self.items[place as usize].0, key) {
            self.down(place as usize);
        } else {
            self.up(place as usize);
        }
    }
    /// Takes `class` out, if it is in.
    #[inline]
    pub(super) fn remove(&mut self, class: u32) {
        let at = self.place[class as usize];
        if at == OUT {
            return;
        }
        self.place[class as usize] = OUT;
        let last = self.items.pop().expect("it holds the class");
        if last.1 != class {
            self.items[at as usize] = last;
            self.place[last.1 as usize] = at;
            let at = self.up(at as usize);
            self.down(at);
        }
    }
    #[inline]
    fn up(&mut self, mut at: usize) -> usize {
        let item = self.items[at];
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.items[parent] <= item {
                break;
            }
            self.put(at, self.items[parent]);
            at = parent;
        }
        self.put(at, item);
        at
    }
    #[inline]
    fn down(&mut self, mut at: usize) {
        let item = self.items[at];
        loop {
            let left = 2 * at + 1;
            let Some(&first) = self.items.get(left) else { break };
            let (child, smaller) = match self.items.get(left + 1) {
                Some(&second) if second < first => (left + 1, second),
                _ => (left, first),
            };
            if item <= smaller {
                break;
            }
            self.put(at, smaller);
            at = child;
        }
        self.put(at, item);
    }
    #[inline]
    fn put(&mut self, at: usize, item: (u64, u32)) {
        self.items[at] = item;
        self.place[item.1 as usize] = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a search through all.
        #[test]
        fn the_first_is_the_least(steps in prop::collection::vec((0u32..8, 0u64..40, 0u8..4), 1..400)) {
            let mut heap = Heap::new(8);
            let mut keys = [None; 8];
            for (class, key, what) in steps {
                if what == 0 {
                    heap.remove(class);
                    keys[class as usize] = None;
                } else {
                    heap.set(class, key);
                    keys[class as usize] = Some(key);
                }
                let least = keys.iter().zip(0..).filter_map(|(k, c)| Some(((*k)?, c))).min();
                prop_assert_eq!(heap.first_item(), least);
                for (c, k) in keys.iter().enumerate() {
                    prop_assert_eq!(heap.contains(c as u32), k.is_some());
                }
            }
        }
    }
}
