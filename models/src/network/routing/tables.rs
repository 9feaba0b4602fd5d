//! The tables of a network in the states of its topology that come to be known: each is made when it is first asked for.
//!
//! With n links that can fail there are 2^n states, of which a run knows few. What a table is follows from the state alone, so
//! it does not matter which run made it, nor whether it was forgotten in between: runs share what is kept, up to so many
//! entries.
//!
//! Validated against: tables made afresh, and the runs of a network whose tables were all made beforehand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Plan, Routes, State};

/// Tables that were made during runs have so many entries at most (64 MiB); before there are more, they are made again.
const KEPT_MAX: usize = 1 << 24;

/// The tables of a network.
#[derive(Debug)]
pub(in crate::network) struct Tables {
    plan: Plan,
    /// Those that were made beforehand.
    made: BTreeMap<State, Arc<Routes>>,
    /// Those that were made during runs.
    kept: Mutex<Kept>,
    kept_max: usize,
}

#[derive(Debug, Default)]
struct Kept {
    tables: BTreeMap<State, Arc<Routes>>,
    entries: usize,
}

impl Tables {
    pub(in crate::network) fn new(plan: Plan, made: BTreeMap<State, Arc<Routes>>) -> Self {
        Self { plan, made, kept: Mutex::default(), kept_max: KEPT_MAX }
    }
    /// The table in `state`.
    pub(in crate::network) fn of(&self, state: &State) -> Arc<Routes> {
        if let Some(table) = self.made.get(state) {
            return Arc::clone(table);
        }
        // A run that panicked while it held the lock has left nothing half done.
        if let Some(table) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).tables.get(state) {
            return Arc::clone(table);
        }
        // Other runs do not wait for it; if two make the same, one is kept.
        let table = Arc::new(Routes::new(&self.plan, state));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.entries + table.size() > self.kept_max {
            *kept = Kept::default();
        }
        if kept.tables.insert(state.clone(), Arc::clone(&table)).is_none() {
            kept.entries += table.size();
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Destination, Ends, LinkState, Step};
    use super::*;

    #[test]
    fn tables_are_made_once_and_forgotten_in_time() {
        // A ring of 30.
        let n = 30;
        let links = (0..n).map(|i| Ends { from: i, to: (i + 1) % n, duplex: true }).collect();
        let destinations = vec![Destination { nodes: vec![0], address: 0, length: 0 }];
        let plan = Plan { nodes: n, links, destinations, statics: BTreeMap::new(), multipath: false, relations: None };
        let up = State { links: vec![LinkState::up([1.0; 2]); n] };
        let made = BTreeMap::from([(up.clone(), Arc::new(Routes::new(&plan, &up)))]);
        // Room for ten.
        let tables = Tables { kept_max: 10 * n, ..Tables::new(plan, made) };
        assert!(Arc::ptr_eq(&tables.of(&up), &tables.of(&up)));
        let without = |down: usize| {
            let mut state = up.clone();
            state.links[down].down = true;
            state
        };
        for down in 0..n {
            let table = tables.of(&without(down));
            assert!(Arc::ptr_eq(&table, &tables.of(&without(down))));
            for node in 1..n {
                let step = if down < node { 2 * node as u32 } else { 2 * node as u32 - 1 };
                assert_eq!(table.step(0, node as u32), Step::Link(step), "{down} {node}");
            }
            let kept = tables.kept.lock().unwrap();
            assert!(kept.tables.len() <= 10 && kept.entries == n * kept.tables.len());
        }
    }
}
