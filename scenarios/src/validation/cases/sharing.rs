//! Links that are shared: by queues that take turns, and by transfers as a fluid.

use super::super::case::{Case, Observable};
use super::super::closed_form::{mm1, pollaczek_khinchine};
use super::{BUSY, NUMBER, SOJOURN, WAIT, case};

const FAIR: (&str, &str) = (
    "no order of packets of one size changes the number in M/D/1, and equal classes wait alike: Wq = rho S / (2 (1 - rho))",
    "conservation law; Kleinrock 1976, Queueing Systems vol. 2, ch. 3 (from memory)",
);
const SHARING: (&str, &str) = (
    "M/G/1-PS: E[T | x] = x / (1 - rho) for any law of sizes",
    "Kleinrock 1976, Queueing Systems vol. 2, ch. 4 (from memory)",
);

const CLASSES: &str = include_str!("fair.toml");
const FLUID: &str = include_str!("sharing.toml");
const SIZES: &str = include_str!("sharing-sizes.toml");

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("drr", "Deficit round robin between equal classes", FAIR, CLASSES, equal_classes()),
        case("wfq", "Weighted fair queueing between equal classes", FAIR, CLASSES, equal_classes()).with(&[
            "link.line.queue={ kind = \"wfq\", queue = { kind = \"fifo\", limit = \"none\" } }",
            "study.seed=172",
        ]),
        case("sharing-exponential", "Exponential transfers that share a link", SHARING, FLUID, shared()),
        case("sharing-lognormal", "Lognormal transfers (cv 2) that share a link", SHARING, FLUID, shared()).with(&[
            "traffic.transfers.law=lognormal",
            "run.duration=205 s",
            "study.seed=162",
        ]),
    ]
}

/// Cases of a full validation only.
pub(super) fn further() -> Vec<Case> {
    vec![
        case("sharing-constant", "Transfers of one size that share a link", SHARING, FLUID, shared())
            .with(&["traffic.transfers.law=constant", "study.seed=163"]),
        case("sharing-pareto", "Pareto transfers (alpha 2.5) that share a link", SHARING, FLUID, shared()).with(&[
            "traffic.transfers.law=pareto",
            "traffic.transfers.alpha=2.5",
            "study.seed=164",
        ]),
        case("sharing-sizes", "Transfers of two sizes, 1 to 100, that share a link", SHARING, SIZES, two_sizes()),
    ]
}

fn equal_classes() -> Vec<Observable> {
    let q = pollaczek_khinchine(800.0, 1e-3, 1e-6);
    vec![
        Observable::mean("wait, first class", "calls", WAIT, q.wait, "s"),
        Observable::mean("wait, second class", "files", WAIT, q.wait, "s"),
        Observable::mean("number in system", "line", NUMBER, q.number, "packet"),
        Observable::mean("utilization", "line", BUSY, q.utilization, "1"),
    ]
}

/// The slowdown is the same at every size.
fn two_sizes() -> Vec<Observable> {
    let slowdown = |name, at| Observable::mean(name, at, ("slowdown", "mean"), 5.0, "1").within(0.02);
    vec![
        slowdown("slowdown, small", "small"),
        slowdown("slowdown, large", "large"),
        Observable::mean("utilization", "line", BUSY, 0.8, "1"),
    ]
}

fn shared() -> Vec<Observable> {
    let q = mm1(800.0, 1000.0).means;
    let at = "transfers";
    vec![
        Observable::mean("slowdown", at, ("slowdown", "mean"), 5.0, "1"),
        Observable::mean("time of a transfer", at, SOJOURN, q.sojourn, "s").within(0.015),
        Observable::mean("number under way", at, NUMBER, q.number, "transfer").within(0.015),
        Observable::mean("utilization", "line", BUSY, q.utilization, "1"),
    ]
}
