//! Many independent sources of one kind as one flow: their packets in order of time, each source a conversation.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use sim_core::SimDuration;
use sim_core::config::{Diagnostics, Field, Table, Type};

use super::{Emission, Load, Streams, Traffic};

/// How many sources a flow is made of.
pub(super) const SOURCES: Field = Field::default(
    "sources",
    Type::Integer { min: 1, max: 100_000 },
    "1",
    "So many independent sources send as this flow, each a conversation of its own.",
);

/// `source` as often as the table says, each from a start of its own.
#[expect(clippy::unnecessary_wraps, reason = "the last step of makers that fail")]
pub(super) fn superposed<T: Traffic + Clone + 'static>(table: &Table, source: T) -> Result<Load, Diagnostics> {
    let n = table.opt_integer("sources").unwrap_or(1);
    if n == 1 {
        return Ok(source.into());
    }
    Ok(Superposition { sources: vec![source; n as usize], next: BinaryHeap::new(), at: 0, started: false }.into())
}

/// The sources and when each sends next.
#[derive(Clone, Debug)]
struct Superposition<T> {
    sources: Vec<T>,
    /// Time in ticks since the start, source, size.
    next: BinaryHeap<Reverse<(u64, u32, u32)>>,
    at: u64,
    started: bool,
}

impl<T: Traffic> Superposition<T> {
    #[cold]
    fn start(&mut self, streams: &mut Streams) {
        for (number, source) in (0..).zip(&mut self.sources) {
            self.next.extend(source.next(streams).map(|first| Reverse((first.gap.ticks(), number, first.bits))));
        }
    }
}

impl<T: Traffic + Clone + 'static> Traffic for Superposition<T> {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        if !self.started {
            self.started = true;
            self.start(streams);
        }
        let mut first = self.next.peek_mut()?;
        let Reverse((at, source, bits)) = *first;
        match self.sources[source as usize].next(streams) {
            // In its place: one walk down the heap.
            Some(Emission { gap, bits, .. }) => *first = Reverse((at.saturating_add(gap.ticks()), source, bits)),
            None => drop(PeekMut::pop(first)),
        }
        let gap = SimDuration::from_ticks(at - self.at);
        self.at = at;
        Some(Emission { gap, bits, conversation: source })
    }
    fn mean_rate(&self) -> f64 {
        self.sources.iter().map(Traffic::mean_rate).sum()
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{sent, streams, traffic};

    #[test]
    fn packets_come_in_order_from_all_sources() {
        let text = "{ kind = 'on_off_exponential', peak = '20 packets/s', on = '1 s', off = '1 s', sources = 8 }";
        let mut source = traffic(text).unwrap();
        assert_eq!(source.mean_rate(), 80.0);
        let mut streams = streams(3);
        let mut seen = [0; 8];
        (0..4000).for_each(|_| seen[source.next(&mut streams).unwrap().conversation as usize] += 1);
        assert!(seen.iter().all(|n| *n > 200), "{seen:?}");
        let all = sent(traffic(text).unwrap().as_mut(), 3, 100.0);
        assert!(all.windows(2).all(|w| w[0].0 <= w[1].0));
        assert!((all.len() as f64 / 8000.0 - 1.0).abs() < 0.2, "{}", all.len());
    }

    #[test]
    fn pareto_sources_are_long_range_dependent() {
        // The variance of counts in windows of length m grows like m^(2H), H = (3 - alpha)/2 (Willinger et al. 1997), from
        // some hundred periods on. Periods have a mean of 50 ms, windows 16 and 256 s.
        let variance = |times: &[(u64, u32)], width: f64, windows: usize| {
            let mut counts = vec![0.0; windows];
            for (at, _) in times {
                counts[(*at as f64 / (width * 1e12)) as usize] += 1.0;
            }
            // Around the true mean: around that of the sample it would be too small, and the more so the longer the memory.
            let mean = 100.0 * width;
            counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / windows as f64
        };
        let pareto = |alpha: f64| {
            format!(
                "{{ kind = 'on_off_pareto', peak = '40 packets/s', on = '50 ms', off = '50 ms', alpha = {alpha}, sources = 5 }}"
            )
        };
        // Poisson packets of the same rate have no memory.
        let poisson = "{ kind = 'poisson', rate = '100 packets/s' }";
        for (text, hurst) in [(pareto(1.2), 0.9), (pareto(1.4), 0.8), (pareto(1.6), 0.7), (poisson.to_owned(), 0.5)] {
            let (mut short, mut long) = (0.0, 0.0);
            for seed in 100..108 {
                let times = sent(traffic(&text).unwrap().as_mut(), seed, 8192.0);
                short += variance(&times, 16.0, 512);
                long += variance(&times, 256.0, 32);
            }
            let estimate = (long / short).ln() / 16f64.ln() / 2.0;
            assert!((estimate - hurst).abs() < 0.05, "{text}: H {estimate} not {hurst}");
        }
    }
}
