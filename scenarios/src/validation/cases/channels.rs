//! Ion channels: open probability, stays of single channels and bursts.

use super::super::case::{Case, Observable};
use super::case;

const SCHEME: (&str, &str) = (
    "C - B - O: sojourns in O are exponential; shut times, from B, are of two exponentials; each of at least 0.5 ms ends a burst",
    "Colquhoun & Hawkes 1982, doi:10.1098/rstb.1982.0156",
);

const BURSTS: &str = include_str!("channel-bursts.toml");

/// A shut time of at least this ends a burst, s.
const GAP: f64 = 0.5e-3;

/// Weights and rates of the two exponentials of the shut time: B -> C at 2000, B -> O at 15 000, C -> B at 100 /s.
fn shut() -> [(f64, f64); 2] {
    let (beta, sum) = (15_000.0, 17_100.0);
    let root = f64::sqrt(sum * sum - 4.0 * beta * 100.0);
    let (fast, slow) = (0.5 * (sum + root), 0.5 * (sum - root));
    let weight = (beta - slow) / (fast - slow);
    [(weight, fast), (1.0 - weight, slow)]
}

fn sum(of: impl Fn(f64) -> f64) -> f64 {
    shut().iter().map(|(weight, rate)| weight * of(*rate)).sum()
}

pub(super) fn cases() -> [Case; 1] {
    let ends = sum(|rate| f64::exp(-rate * GAP));
    let openings = 1.0 / ends;
    let within = sum(|rate| (1.0 - f64::exp(-rate * GAP) * (1.0 + rate * GAP)) / rate) / (1.0 - ends);
    let stay = |name, at, stat, exact| Observable::mean(name, at, ("sojourn_time", stat), exact, "s");
    let observables = vec![
        Observable::mean("open probability", "receptor", ("utilization", "time_mean"), 15.0 / 57.0, "1"),
        stay("open", "receptor@open", "mean", 0.5e-3),
        stay("open, standard deviation", "receptor@open", "sd", 0.5e-3).within(0.002),
        stay("shut", "receptor@shut", "mean", sum(|rate| 1.0 / rate)),
        stay("a burst", "receptor@burst", "mean", openings * 0.5e-3 + (openings - 1.0) * within),
        Observable::mean("openings a burst", "receptor@burst", ("openings", "mean"), openings, "opening"),
        Observable::mean(
            "openings, standard deviation",
            "receptor@burst",
            ("openings", "sd"),
            openings * (1.0 - ends).sqrt(),
            "opening",
        ),
    ];
    [case("channel-bursts", "Single channels that open in bursts", SCHEME, BURSTS, observables)]
}
