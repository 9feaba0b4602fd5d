//! Shares of time in certain states, counts at certain times on the way to the steady state, first passages and gaps between
//! passages, of queues and of molecules; and queues that are written as reactions.

use super::super::case::{Case, Observable, Statistic};
use super::super::closed_form::{Law, birth_death_at, erlang_c};
use super::{NUMBER, QUANTILE_ERROR, case, moments};

const ROOM: (&str, &str) =
    ("P(n) = (1 - rho) rho^n / (1 - rho^(K + 1))", "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)");
const WAITING: (&str, &str) = (
    "P(k or more wait) = C(c, a) rho^k, Erlang C; what waits is free in the cell",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)",
);
const TRANSIENT: (&str, &str) =
    ("the forward equations of birth and death, from empty", "uniformisation, Jensen 1953 (from memory)");

const SHARES: &str = concat!(
    include_str!("server.toml"),
    "[probe.states]\nkind = \"states\"\nof = \"workers\"\ncounts = [0, 10]\nat_least = [5]\n"
);
const NUMBERS: &str = concat!(
    include_str!("server.toml"),
    "[probe.number]\nkind = \"count\"\nof = \"workers\"\ntimes = [\"1 ms\", \"5 ms\", \"20 ms\"]\n"
);
const EXPORT: &str = concat!(
    include_str!("carrier-queue.toml"),
    "[probe.states]\nkind = \"states\"\nof = \"cell.drug\"\ncounts = [0]\nat_least = [1, 5]\n"
);

const BURKE: (&str, &str) =
    ("departures of M/M/1 are Poisson", "Burke 1956, doi:10.1287/opre.4.6.699 (DOI from memory)");
const LAST: (&str, &str) = (
    "each leaves at k: the last of n after the sum of 1 / (k i), with the variance that of 1 / (k i)^2, the first after 1 / (k n)",
    "order statistics of exponentials, Feller 1971, An Introduction to Probability Theory vol. 2, ch. I (from memory)",
);
const ENGSET: (&str, &str) =
    ("P(n) proportional to C(20, n) 0.5^n; those who find all busy see 19 sources", "Engset 1918 (from memory)");
const KAUFMAN: (&str, &str) = (
    "n q(n) = sum of a b q(n - b) over classes; a class is refused where fewer than its b are free",
    "Kaufman 1981, doi:10.1109/TCOM.1981.1094894; Roberts 1981 (DOI from memory)",
);
const PREEMPTIVE: (&str, &str) = (
    "T = S / (1 - s') + R / ((1 - s') (1 - s)), s' and s the loads before a class and with it, R = s S",
    "Kleinrock 1976, Queueing Systems vol. 2, ch. 3 (from memory)",
);
const GAPS: &str = concat!(include_str!("server.toml"), "[probe.gaps]\nkind = \"passages\"\nof = \"workers\"\n");

const SHARE: (&str, &str) = ("time_share", "time_mean");

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("states-mm1k", "M/M/1/10 at load 0.9, for what share of the time it holds so many", ROOM, SHARES, room())
            .with(&["traffic.customers.rate=900 packets/s", "stage.workers.queue.limit=9 packets", "study.seed=181"]),
        case(
            "transient-mm1",
            "M/M/1 at load 0.8 from empty, the number at 1, 5 and 20 ms",
            TRANSIENT,
            NUMBERS,
            from_empty(),
        )
        .with(&["run.duration=30 ms", "run.warmup=0 s", "study.replications=20000", "study.seed=182"]),
        case(
            "states-carriers",
            "Ten explicit carriers at load 0.8, for what share of the time so many wait",
            WAITING,
            EXPORT,
            waiting(),
        )
        .with(&["study.seed=183"]),
        case("departures-mm1", "M/M/1 at load 0.8, the gaps between departures", BURKE, GAPS, departures())
            .with(&["study.seed=184"]),
        case(
            "last-of-ten",
            "Ten molecules leave a cell one by one",
            LAST,
            include_str!("last-of-ten.toml"),
            last_of_ten(),
        ),
        case(
            "finite-sources",
            "Twenty sources at ten circuits, as reactions",
            ENGSET,
            include_str!("finite-sources.toml"),
            engset(),
        ),
        case(
            "circuits",
            "Calls of one and of three circuits at ten, as reactions",
            KAUFMAN,
            include_str!("circuits.toml"),
            kaufman(),
        ),
        case(
            "preemptive",
            "M/M/1 in three classes with preemption, as reactions",
            PREEMPTIVE,
            include_str!("preemptive.toml"),
            preemptive(),
        ),
    ]
}

fn room() -> Vec<Observable> {
    let weights: Vec<f64> = (0..=10).map(|n| 0.9_f64.powi(n)).collect();
    let share = |from: usize, to: usize| weights[from..=to].iter().sum::<f64>() / weights.iter().sum::<f64>();
    let of = |name: &str, at, exact| Observable::mean(name, at, SHARE, exact, "1");
    vec![
        of("share of time empty", "workers@n=0", share(0, 0)),
        of("share of time full", "workers@n=10", share(10, 10)),
        of("share of time with 5 or more", "workers@n>=5", share(5, 10)),
    ]
}

fn from_empty() -> Vec<Observable> {
    let number = |at, t| {
        // Of more than 200 the chance is 0.8^200.
        let law = birth_death_at(200, |_| 800.0, |_| 1000.0, t);
        let t = t * 1e3;
        let names = [(format!("number at {t} ms"), "packet"), (format!("its variance at {t} ms"), "1")];
        moments(names, at, ("count", "mean"), &law).map(|o| o.within(0.02))
    };
    [number("workers@1 ms", 0.001), number("workers@5 ms", 0.005), number("workers@20 ms", 0.02)].concat()
}

fn waiting() -> Vec<Observable> {
    let waits = |k: i32| erlang_c(10, 8.0) * 0.8_f64.powi(k);
    let of = |name: &str, at, exact| Observable::mean(name, at, SHARE, exact, "1");
    vec![
        of("share of time in which none waits", "cell.drug@n=0", 1.0 - waits(1)),
        of("share of time in which one or more wait", "cell.drug@n>=1", waits(1)).within(0.02),
        of("share of time in which five or more wait", "cell.drug@n>=5", waits(5)).within(0.05),
    ]
}

fn departures() -> Vec<Observable> {
    let of = |name: &str, stat, exact| Observable::mean(name, "workers@interval", ("interval", stat), exact, "s");
    let median = Observable { tolerance: QUANTILE_ERROR, ..of("median", "p50", 2.0_f64.ln() / 800.0) };
    vec![of("gap", "mean", 1.0 / 800.0), of("its standard deviation", "sd", 1.0 / 800.0), median]
}

fn last_of_ten() -> Vec<Observable> {
    let time = |i: u32| 1.0 / (0.5 * f64::from(i));
    let sum = |power: i32| (1..=10).map(|i| time(i).powi(power)).sum::<f64>();
    let (mean, variance) = (sum(1), sum(2));
    // Cumulants add up: the fourth of an exponential is six times the fourth power of its mean.
    let law = Law { mean, variance, kurtosis: 3.0 + 6.0 * sum(4) / (variance * variance) };
    let names = [("time of the last".to_owned(), "s"), ("its variance".to_owned(), "s^2")];
    let [last, its_variance] = moments(names, "cell.A@first n<=0", ("first_passage_time", "mean"), &law);
    let first = Observable::mean("time of the first", "out@passage 1", ("passage_time", "mean"), time(10), "s");
    vec![
        last,
        its_variance.within(0.03),
        first.known(Statistic::MeanOfKnown { sd: time(10) }),
        Observable::mean("mean gap", "out@interval", ("interval", "mean"), (mean - time(10)) / 9.0, "s"),
    ]
}

fn rate(name: &str, at: &'static str, exact: f64) -> Observable {
    Observable::mean(name, at, ("throughput", "mean"), exact, "1/s")
}

fn engset() -> Vec<Observable> {
    let weights: Vec<f64> = (0..=10)
        .scan(1.0, |w, n| {
            let now = *w;
            *w *= 0.5 * f64::from(20 - n) / f64::from(n + 1);
            Some(now)
        })
        .collect();
    let all: f64 = weights.iter().sum();
    let accepted: f64 = (0..10).map(|n| weights[n] / all * 0.5 * (20 - n) as f64).sum();
    let full = weights[10] / all;
    vec![
        Observable::mean("share of time congested", "trunk.busy@n=10", SHARE, full, "1").within(0.02),
        rate("calls refused", "refused", 5.0 * full).within(0.02),
        rate("calls accepted", "accepted", accepted),
    ]
}

fn kaufman() -> Vec<Observable> {
    let mut q = vec![1.0];
    for n in 1..=10 {
        let of = |a: f64, b: usize| if n >= b { a * b as f64 * q[n - b] } else { 0.0 };
        let next = (of(4.0, 1) + of(1.0, 3)) / n as f64;
        q.push(next);
    }
    let all: f64 = q.iter().sum();
    let refused = |b: usize| q[11 - b..].iter().sum::<f64>() / all;
    vec![
        rate("calls of one accepted", "ones", 4.0 * (1.0 - refused(1))),
        rate("calls of three accepted", "threes", 1.0 - refused(3)),
    ]
}

fn preemptive() -> Vec<Observable> {
    let loads = [0.2, 0.3, 0.3];
    let number = |k: usize| {
        let (before, with): (f64, f64) = (loads[..k].iter().sum(), loads[..=k].iter().sum());
        loads[k] * (1.0 / (1.0 - before) + with / ((1.0 - before) * (1.0 - with)))
    };
    let of = |name: &str, at, k| Observable::mean(name, at, NUMBER, number(k), "molecule");
    vec![
        of("first in the system", "queue.first", 0),
        of("second in the system", "queue.second", 1),
        of("third in the system", "queue.third", 2).within(0.02),
    ]
}
