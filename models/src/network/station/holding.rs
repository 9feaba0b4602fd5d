//! When a station held packets back although a server was idle: a shaper without tokens.
//!
//! A packet's wait is partly for others in service and partly because the discipline lets nothing go. The second part is
//! the time during which the station was held back between the packet's entry and its start. Disciplines may serve in any
//! order, so the periods are kept from the entry of the packet on that has waited longest.

use std::collections::VecDeque;

use sim_core::SimTime;

/// A period that is over.
#[derive(Clone, Copy, Debug)]
struct Period {
    from: u64,
    to: u64,
    /// The sum of all periods before.
    before: u64,
}

/// The times at which a station was held back.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// In order of time.
    periods: VecDeque<Period>,
    /// It is held back, since then.
    now: Option<u64>,
    /// The sum of all periods.
    total: u64,
    /// So many periods are kept before those are looked for that nobody needs.
    most: usize,
}

impl Holding {
    /// It is held back from now on, if it is not already.
    pub(super) fn begin(&mut self, now: SimTime) {
        self.now.get_or_insert(now.ticks());
    }
    /// Something may go, or nothing waits any more.
    pub(super) fn end(&mut self, now: SimTime) {
        let Some(from) = self.now.take() else { return };
        let to = now.ticks();
        if from < to {
            self.periods.push_back(Period { from, to, before: self.total });
            self.total += to - from;
        }
    }
    /// For how long it was held back from `entered` on.
    pub(super) fn since(&self, entered: SimTime) -> u64 {
        let entered = entered.ticks();
        let first = self.periods.partition_point(|p| p.to <= entered);
        let before = self.periods.get(first).map_or(self.total, |p| p.before + entered.saturating_sub(p.from));
        self.total - before
    }
    /// Forgets, now and then, the periods before the entry of the packet that has waited longest.
    pub(super) fn forget(&mut self, oldest: impl FnOnce() -> SimTime) {
        if self.periods.len() > self.most {
            let oldest = oldest().ticks();
            let past = self.periods.partition_point(|p| p.to <= oldest);
            self.periods.drain(..past);
            self.most = 64.max(2 * self.periods.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(t: u64) -> SimTime {
        SimTime::from_ticks(t)
    }

    #[test]
    fn only_what_lies_after_the_entry_counts() {
        let mut holding = Holding::default();
        for (from, to) in [(10, 20), (30, 50), (50, 50), (60, 65)] {
            holding.begin(at(from));
            holding.begin(at(from + 1));
            holding.end(at(to));
        }
        let since: Vec<u64> = [0, 10, 15, 20, 25, 30, 49, 50, 60, 64, 65, 99].map(|t| holding.since(at(t))).into();
        assert_eq!(since, [35, 35, 30, 25, 25, 25, 6, 5, 5, 1, 0, 0]);
    }

    #[test]
    fn what_nobody_needs_is_forgotten() {
        let mut holding = Holding::default();
        for k in 0..100_000 {
            holding.begin(at(10 * k));
            holding.end(at(10 * k + 3));
            // The oldest entered fifty periods ago.
            let oldest = at(10 * k.saturating_sub(50));
            holding.forget(|| oldest);
            assert_eq!(holding.since(oldest), 3 * k.min(50) + 3);
        }
        assert!(holding.periods.len() <= 2 * 129, "{}", holding.periods.len());
    }
}
