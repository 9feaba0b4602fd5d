//! Which components a watch looks at: each has a place in what it keeps of them.

use crate::probe::ComponentId;

/// The places of components, in the order in which they are first asked for.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// By component: its place, or `NONE`.
    of: Vec<u32>,
    count: u32,
}

const NONE: u32 = u32::MAX;

impl Places {
    /// None of so many components has one yet.
    pub(super) fn new(components: usize) -> Self {
        Self { of: vec![NONE; components], count: 0 }
    }
    /// The place of `c`, a new one if it has none.
    pub(super) fn enter(&mut self, c: ComponentId) -> usize {
        let place = &mut self.of[c as usize];
        if *place == NONE {
            *place = self.count;
            self.count += 1;
        }
        *place as usize
    }
    /// The place of `c`, if it has one.
    #[inline]
    pub(super) fn get(&self, c: ComponentId) -> Option<usize> {
        self.of.get(c as usize).filter(|place| **place != NONE).map(|place| *place as usize)
    }
}
