//! Token buckets, and links that lose packets or fail.

use super::super::case::{Case, Observable, Statistic};
use super::super::closed_form::{
    Law, binomial, failures_at, gilbert_elliott, interval_availability, md1_wait_beyond, md1k_loss, point_availability,
};
use super::{LOSS, NUMBER, WAIT, case, moments};

const POLICER: (&str, &str) = (
    "a policer of K packets accepts what finds at most K - 1 services of work: the loss of M/D/1/K, 1 - 1 / (p_0 + rho)",
    "chain embedded at departures; Kleinrock 1975, Queueing Systems vol. 1, ch. 5 (from memory)",
);
const SHAPER: (&str, &str) = (
    "a shaper of b packets holds a packet for E (W - (b - 1) S)+, W the wait in M/D/1",
    "Crommelin 1932 (from memory)",
);
const BERNOULLI: (&str, &str) = ("the number of n packets lost is binomial", "independent losses");
const GILBERT: (&str, &str) = (
    "a two-state Markov chain in equilibrium; its law by recursion over packets",
    "Gilbert 1960, doi:10.1002/j.1538-7305.1960.tb03959.x (DOI from memory)",
);
const RENEWAL: (&str, &str) = (
    "A(t) = mu / k + l / k exp(-k t), k = l + mu; its mean over the time; failures are every other turn of a chain",
    "Barlow & Proschan 1965, Mathematical Theory of Reliability, ch. 3 (from memory)",
);

const GATE: &str = include_str!("gate.toml");
const LOSSY: &str = include_str!("lossy-link.toml");
const FAILING: &str = include_str!("failing-link.toml");

/// Packets of a run of [`LOSSY`].
const SENT: usize = 2000;

pub(super) fn cases() -> Vec<Case> {
    let bursty = "link.line.loss={ kind = \"gilbert_elliott\", p = 0.02, r = 0.25 }";
    vec![
        policer("policer", "Policer of five packets at load 0.9", 0.9, 5),
        shaper("shaper", "Shaper of three packets at load 0.8", 0.8, 3),
        case("link-loss", "Independent losses on a link, 2 %", BERNOULLI, LOSSY, lost(&binomial(SENT as f64, 0.02))),
        case(
            "link-bursts",
            "Losses in bursts of four on average",
            GILBERT,
            LOSSY,
            lost(&gilbert_elliott(SENT, 0.02, 0.25, [0.0, 1.0])),
        )
        .with(&[bursty, "study.seed=138"]),
        case("link-failures", "A link that fails at random, without traffic", RENEWAL, FAILING, failures()),
    ]
}

/// Cases of a full validation only.
pub(super) fn further() -> Vec<Case> {
    let soft = "link.line.loss={ kind = \"gilbert_elliott\", p = 0.1, r = 0.4, h = 0.3, k = 0.95 }";
    vec![
        policer("policer-overload", "Policer of 21 packets at load 1.1", 1.1, 21),
        shaper("shaper-one", "Shaper of one packet at load 0.8", 0.8, 1),
        case(
            "link-soft-bursts",
            "Losses in either state of a link",
            GILBERT,
            LOSSY,
            lost(&gilbert_elliott(SENT, 0.1, 0.4, [0.05, 0.7])),
        )
        .with(&[soft, "study.seed=139"]),
    ]
}

fn policer(id: &'static str, title: &str, load: f64, k: usize) -> Case {
    let loss = Observable::mean("loss ratio", "bucket", LOSS, md1k_loss(load, k), "1");
    let mut case = case(id, title, POLICER, GATE, vec![loss]);
    case.set.push(format!("stage.bucket.burst={} bit", 1000 * k));
    case.set.push(format!("traffic.customers.rate={} packets/s", 1000.0 * load));
    case
}

fn shaper(id: &'static str, title: &str, load: f64, burst: u32) -> Case {
    let wait = md1_wait_beyond(load, burst - 1) / 1000.0;
    let observables = vec![
        Observable::mean("wait", "bucket", WAIT, wait, "s"),
        Observable::mean("number held back", "bucket", NUMBER, 1000.0 * load * wait, "packet"),
    ];
    let mut case = case(id, title, SHAPER, GATE, observables).with(&[
        "stage.bucket.kind=shaper",
        "run.duration=205 s",
        "study.seed=133",
    ]);
    case.set.push(format!("stage.bucket.burst={} bit", 1000 * burst));
    case.set.push("stage.bucket.limit=none".to_owned());
    // Few packets are held, in bursts: with 40 replications the standard error was above 1 %.
    case.replications = Some(120);
    case.set.push(format!("traffic.customers.rate={} packets/s", 1000.0 * load));
    case
}

/// A link of [`FAILING`]: whether it is up at certain times, for what share of the time, and how often it fails.
fn failures() -> Vec<Observable> {
    let (failure, repair, end) = (1.0 / 100.0, 1.0 / 5.0, 200.0);
    let of = |name: &str, at, metric, exact, sd: f64| {
        Observable::mean(name, at, metric, exact, "1").known(Statistic::MeanOfKnown { sd })
    };
    let up = |at: &'static str, t: f64| {
        let p = point_availability(failure, repair, t);
        of(&format!("up after {t} s"), at, ("availability", "mean"), p, (p * (1.0 - p)).sqrt())
    };
    let (share, sd) = interval_availability(failure, repair, end);
    let names = [("number of failures".to_owned(), "1"), ("its variance".to_owned(), "1")];
    let mut all = vec![
        up("line@availability 2 s", 2.0),
        up("line@availability 5 s", 5.0),
        up("line@availability 10 s", 10.0),
        up("line@availability 50 s", 50.0),
        of("share of the time up", "line", ("availability", "time_mean"), share, sd),
    ];
    all.extend(moments(names, "line", ("failures", "mean"), &failures_at(failure, repair, end)));
    all
}

/// Mean and variance of the number that arrives.
fn lost(law: &Law) -> Vec<Observable> {
    let names = [("number that arrives".to_owned(), "packet"), ("its variance".to_owned(), "1")];
    let arrived = Law { mean: SENT as f64 - law.mean, ..*law };
    let [mean, variance] = moments(names, "customers", ("departures", "mean"), &arrived);
    vec![mean, variance.within(0.04)]
}
