//! When samples are taken.

use super::component::{Component, ComponentKind};
use crate::time::SimTime;

/// When a sample is taken: before what happens at an instant, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) at: SimTime,
    pub(super) with_instant: bool,
}

impl Due {
    /// The samples that are taken for component `c` of `components`.
    pub(super) fn of(c: &Component, components: &[Component]) -> [Option<Self>; 2] {
        let before = |at| Some(Self { at, with_instant: false });
        match c.kind {
            ComponentKind::Sample { of, at, .. } => {
                let of = components[of as usize].kind;
                let with_instant = matches!(of, ComponentKind::Population { .. } | ComponentKind::Variable);
                [Some(Self { at, with_instant }), None]
            }
            ComponentKind::Passed { from, until, .. } => [before(from), before(until)],
            _ => [None, None],
        }
    }
}
