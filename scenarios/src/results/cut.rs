//! Times that the window cuts: who is still inside at the end has no time yet, so long stays are seen less often than short
//! ones.
//!
//! Of entities that come at a constant rate from time zero on, a stay of length s that ends within the window, from w to T, began
//! between max(0, w - s) and T - s. So all stays up to w are seen alike, and of those longer than that the share
//! (T - s) / (T - w) of what is seen of short ones: each that is seen stands for (s - w) / (T - s) that are not. Without a warm-up
//! those that are not seen are there to be counted: they are inside when the run ends.

use sim_core::TICKS_PER_SECOND;
use sim_core::stats::Sketch;

/// The share of stays that may be missing before it is told.
pub(crate) const MATERIAL: f64 = 0.01;
/// Where in a bucket of a sketch its times are, over its upper end.
const MIDDLE: f64 = 256.0 / 257.0;

/// How many stays are missing beside those in `sketch`, of a window from `warmup` to `end`, in s.
pub(crate) fn missing(sketch: &Sketch, warmup: f64, end: f64) -> f64 {
    let of = |(upper, n): (f64, u64)| {
        let s = (upper * MIDDLE / TICKS_PER_SECOND as f64).min(end * MIDDLE);
        n as f64 * (s - warmup).max(0.0) / (end - s)
    };
    sketch.buckets().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_that_is_seen_stands_for_those_that_are_not() {
        let mut sketch = Sketch::default();
        let second = TICKS_PER_SECOND;
        sketch.add_many(second, 900);
        sketch.add_many(40 * second, 60);
        // Of stays of 40 s in a window from 10 s to 100 s, 60 of 90 are seen; those of 1 s all are.
        assert!((missing(&sketch, 10.0, 100.0) - 30.0).abs() < 1.0, "{}", missing(&sketch, 10.0, 100.0));
        assert_eq!(missing(&sketch, 41.0, 100.0), 0.0);
        // Without a warm-up: 60 * 40 / 60, and 900 / 99.
        assert!((missing(&sketch, 0.0, 100.0) - 40.0 - 9.1).abs() < 1.0);
    }
}
