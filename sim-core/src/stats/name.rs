//! Names of metrics that a scenario makes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A name that lasts. Metrics are called by names of the program, which need no owner; the few that a scenario makes, one
/// for each rule of a filter, are kept once each for as long as the program runs.
pub fn lasting(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let new: &'static str = Box::leak(name.into());
    names.insert(new);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let first = lasting("hits.web");
        assert_eq!(first, "hits.web");
        assert!(std::ptr::eq(first, lasting(&["hits", "web"].join("."))));
        assert_ne!(lasting("hits.mail"), first);
    }
}
