//! Sketches of very many flows, told of a few packets at a time.
//!
//! The sketches of some hundred flows and more do not fit the caches, and a run would wait for memory at nearly every packet.
//! Told of several packets in one go, it waits for all of them at once. What is counted is the same.

use super::statistics::Tally;
use crate::probe::{ComponentId, Departure};

/// With fewer flows than this, sketches are told at once.
const MANY: usize = 256;
/// Packets told of at a time: about as many as a processor looks ahead.
const BATCH: usize = 16;

/// Times that sketches have still to be told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketching {
    /// Flow, sojourn time and wait in ticks.
    put_off: Vec<(ComponentId, u64, u64)>,
    /// Whether anything is put off.
    pub(super) is_batched: bool,
}

impl Sketching {
    pub(super) fn new(tallies: &[Tally]) -> Self {
        let flows = tallies.iter().filter(|t| matches!(t, Tally::Flow(_))).count();
        Self { put_off: Vec::with_capacity(BATCH), is_batched: flows >= MANY }
    }
    /// A packet has left flow `c`, whose sketches do not know it yet.
    #[inline]
    pub(super) fn add(&mut self, c: ComponentId, d: &Departure, tallies: &mut [Tally]) {
        self.put_off.push((c, (d.at - d.since).ticks(), d.wait));
        if self.put_off.len() == BATCH {
            self.finish(tallies);
        }
    }
    /// Tells the sketches all that was put off.
    #[inline(never)]
    pub(super) fn finish(&mut self, tallies: &mut [Tally]) {
        for (c, sojourn, wait) in self.put_off.drain(..) {
            if let Tally::Flow(flow) = &mut tallies[c as usize] {
                flow.sojourn.sketch.add(sojourn);
                flow.wait.sketch.add(wait);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::component::{Component, ComponentKind};
    use super::super::sketch::Sketch;
    use super::super::statistics::Statistics;
    use super::*;
    use crate::probe::Probe;
    use crate::rng::Rng;
    use crate::time::SimTime;

    fn two(tally: &Tally) -> [&Sketch; 2] {
        let Tally::Flow(flow) = tally else { unreachable!("all are flows") };
        [&flow.sojourn.sketch, &flow.wait.sketch]
    }

    #[test]
    fn batches_count_what_single_packets_would() {
        // A few flows, whose sketches are told at once, and more than `MANY`: the same packets of the first ones, a window that
        // opens in the middle of a batch, and a look at any time.
        let of = |flows: usize| {
            let flow = |i| Component::new(format!("f{i}"), ComponentKind::Flow, "packet");
            let components: Vec<_> = (0..flows).map(flow).collect();
            let (mut statistics, mut rng) = (Statistics::new(&components), Rng::seed_from_u64(5));
            let mut sketches: Vec<Vec<Sketch>> = Vec::new();
            for k in 1..=1000u64 {
                let (c, at) = (rng.below(10) as u32, SimTime::from_ticks(k << 20));
                let since = SimTime::from_ticks(at.ticks() - rng.below(1 << 20));
                statistics.enter(c, since);
                statistics.leave(c, Departure { at, since, wait: rng.below(1 << 16), ..Departure::default() });
                if [507, 900, 1000].contains(&k) {
                    statistics.advance(at);
                    sketches.push(statistics.tallies[..10].iter().flat_map(two).cloned().collect());
                    if k == 507 {
                        statistics.open_window();
                    }
                }
            }
            assert_eq!(statistics.sketching.is_batched, flows >= MANY);
            sketches
        };
        let (few, many) = (of(10), of(MANY));
        assert_eq!(few, many);
        // Before the window, and in it.
        let totals = |k: usize| few[k].iter().step_by(2).map(Sketch::total).sum::<u64>();
        assert_eq!([0, 1, 2].map(totals), [507, 393, 493]);
    }
}
