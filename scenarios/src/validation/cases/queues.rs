//! Single queues, on links and at stages.

use super::super::case::{Case, Observable, Quantity};
use super::super::closed_form::{
    Mm1, Queue, cobham, erlang_b, erlang_c, md1k_loss, mm1, mm1k, mmc, mmc_wait_quantile, mmc_waits_longer,
    pollaczek_khinchine,
};
use super::{BUSY, LOSS, NUMBER, QUANTILE_ERROR, SOJOURN, WAIT, WAITS, case};

const MM1: (&str, &str) = (
    "L = rho / (1 - rho); W = 1 / (mu - lambda), exponential; Wq = rho W; Var N = rho / (1 - rho)^2",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)",
);
const UNEVEN: (&str, &str) = (
    "where arrivals and the server follow one course w, the queue is M/M/1 in the time that the integral of w tells: at any \
     time the number has the law of M/M/1, and W = L / lambda",
    "time change, as for a Poisson process; Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)",
);
const MMC: (&str, &str) = (
    "P(wait) = C(c, a), Erlang C; Wq = C / (c mu - lambda)",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)",
);
const TAIL: (&str, &str) = (
    "P(W > t) = C(c, a) exp(-(c mu - lambda) t); P(T > t) = exp(-(mu - lambda) t) of one server",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)",
);
const MM1K: (&str, &str) =
    ("P(loss) = (1 - rho) rho^K / (1 - rho^(K+1))", "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)");
const MG1: (&str, &str) = (
    "Wq = lambda E[S^2] / (2 (1 - rho)), Pollaczek-Khinchine",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 5 (from memory)",
);
const MD1K: (&str, &str) = (
    "P(loss) = 1 - 1 / (p_0 + rho), p_0 the share of departures that leave it empty",
    "chain embedded at departures; Kleinrock 1975, Queueing Systems vol. 1, ch. 5 (from memory)",
);
const ERLANG_B: (&str, &str) =
    ("P(loss) = B(c, a), Erlang B, for any law of service times", "Erlang 1917; Sevast'yanov 1957 (from memory)");
const COBHAM: (&str, &str) = (
    "W_k = sum(lambda_i E[S_i^2]) / 2 / ((1 - sigma_(k-1)) (1 - sigma_k))",
    "Cobham 1954, doi:10.1287/opre.2.1.70 (DOI from memory)",
);

const CONSERVED: (&str, &str) = (
    "W_k = W_0 / ((1 - sigma_(k-1)) (1 - sigma_k)), W_0 = sum(lambda_i E[S_i^2]) / 2; sum(rho_k W_k) = rho W_0 / (1 - rho)",
    "Cobham 1954, doi:10.1287/opre.2.1.70; Kleinrock 1976, Queueing Systems vol. 2, ch. 3 (from memory)",
);

const LINK: &str = include_str!("mm1-link.toml");
const VARYING: &str = include_str!("mm1-varying.toml");
const SERVER: &str = include_str!("server.toml");
const MG1_LINK: &str = include_str!("mg1.toml");
const ROOM: &str = include_str!("finite-room.toml");
const TAILS: &str = include_str!("tails.toml");
const PRIORITY: &str = include_str!("priority.toml");
const PRIORITIES: &str = include_str!("priorities.toml");

/// Service rate of the exponential cases, 1/s.
const MU: f64 = 1000.0;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("mm1-050", "M/M/1 at load 0.5, on a link", MM1, LINK, single("line", &mm1(500.0, MU))).with(&[
            "traffic.customers.rate=500 packets/s",
            "run.duration=42 s",
            "run.warmup=2 s",
            "study.seed=101",
        ]),
        case("mm1-080", "M/M/1 at load 0.8, on a link", MM1, LINK, single("line", &mm1(800.0, MU))),
        // Fluctuations last for some 1500 services: long runs, see the asymptotic variance 2 rho (1 + rho) / (1 - rho)^4.
        case("mm1-095", "M/M/1 at load 0.95, on a link", MM1, LINK, single("line", &mm1(950.0, MU))).with(&[
            "traffic.customers.rate=950 packets/s",
            "run.duration=1030 s",
            "run.warmup=30 s",
            "study.seed=103",
        ]),
        case(
            "mm1-varying",
            "M/M/1 at load 0.8, on a link whose rate and traffic swing",
            UNEVEN,
            VARYING,
            uneven("line"),
        ),
        case("mm1-server", "M/M/1 at load 0.8, at a stage", MM1, SERVER, single("workers", &mm1(800.0, MU))),
        many("mmc-4", "M/M/4 at load 0.75", 3.0, 4).with(&["study.seed=105"]),
        case("mmc-tail", "Tails of M/M/4 at load 0.85 and of M/M/1 at load 0.8", TAIL, TAILS, tails()),
        mm1k_case("mm1k", "M/M/1/10 at load 0.8", 800.0, 10),
        erlang("erlang-b", "M/M/15/15 at 10 erlangs", 10, 15).with(&["study.seed=107"]),
        md1("md1", "M/D/1 at load 0.8, on a link", 0.8),
        md1k("md1k", "M/D/1/K at load 1, K = 2, 5, 6, 11, 21, on a link", 1.0),
        imix("mg1-imix", "M/G/1 with the Internet mix at load 0.8, on a link", FRAMES, 0.8),
        hyperexponential(),
        bounded_pareto(),
        case("priority-cobham", "M/M/1 with two classes, the first with priority", COBHAM, PRIORITY, priorities()),
        case("prio-exponential", "M/M/1 in three bands of priority", CONSERVED, PRIORITIES, bands(2.0)),
        case("prio-constant", "M/D/1 in three bands of priority", CONSERVED, PRIORITIES, bands(1.0)).with(&[
            "traffic.calls.size={ kind = \"constant\", size = \"1000 bit\" }",
            "traffic.pages.size={ kind = \"constant\", size = \"1000 bit\" }",
            "traffic.files.size={ kind = \"constant\", size = \"1000 bit\" }",
            "run.duration=105 s",
            "study.replications=40",
            "study.seed=121",
        ]),
    ]
}

/// Cases of a full validation only.
pub(super) fn further() -> Vec<Case> {
    let constant = "stage.workers.service={ kind = \"constant\", time = \"1 ms\" }";
    let uneven = "stage.workers.service={ kind = \"hyperexponential\", mean = \"1 ms\", cv = 2.0 }";
    vec![
        case("mm1-040", "M/M/1 at load 0.4, on a link", MM1, LINK, single("line", &mm1(400.0, MU))).with(&[
            "traffic.customers.rate=400 packets/s",
            "run.duration=42 s",
            "run.warmup=2 s",
            "study.seed=100",
        ]),
        many("mmc-8", "M/M/8 at load 0.9", 7.2, 8).with(&["study.seed=111"]),
        many("mmc-8-075", "M/M/8 at load 0.75", 6.0, 8).with(&["study.seed=112"]),
        mm1k_case("mm1k-overload", "M/M/1/10 at load 1.2", 1200.0, 10),
        mm1k_case("mm1k-critical", "M/M/1/10 at load 1", 1000.0, 10),
        mm1k_case("mm1k-20", "M/M/1/20 at load 0.9", 900.0, 20),
        md1("md1-050", "M/D/1 at load 0.5, on a link", 0.5),
        md1("md1-090", "M/D/1 at load 0.9, on a link", 0.9),
        md1("md1-095", "M/D/1 at load 0.95, on a link", 0.95).with(&["run.duration=405 s"]),
        md1k("md1k-090", "M/D/1/K at load 0.9, K = 2, 5, 6, 11, 21, on a link", 0.9),
        md1k("md1k-110", "M/D/1/K at load 1.1, K = 2, 5, 6, 11, 21, on a link", 1.1),
        imix("mg1-imix-050", "M/G/1 with the Internet mix at load 0.5, on a link", FRAMES, 0.5),
        imix("mg1-imix-090", "M/G/1 with the Internet mix at load 0.9, on a link", FRAMES, 0.9),
        imix("mg1-imix-ip", "M/G/1 with the Internet mix of IP packets at load 0.8, on a link", PACKETS, 0.8),
        imix("mg1-imix-ip-050", "M/G/1 with the Internet mix of IP packets at load 0.5, on a link", PACKETS, 0.5),
        imix("mg1-imix-ip-090", "M/G/1 with the Internet mix of IP packets at load 0.9, on a link", PACKETS, 0.9),
        erlang("erlang-b-3", "M/M/3/3 at 2 erlangs", 2, 3).with(&["study.seed=115"]),
        erlang("erlang-b-110", "M/M/110/110 at 100 erlangs", 100, 110).with(&["run.duration=15 s", "study.seed=116"]),
        erlang("erlang-b-constant", "M/D/15/15 at 10 erlangs", 10, 15).with(&[constant, "study.seed=117"]),
        erlang("erlang-b-long", "M/H2/15/15 (cv 2) at 10 erlangs", 10, 15).with(&[uneven, "study.seed=118"]),
    ]
}

fn means(at: &'static str, q: &Queue) -> Vec<Observable> {
    vec![
        Observable::mean("number in system", at, NUMBER, q.number, "packet"),
        Observable::mean("sojourn time", at, SOJOURN, q.sojourn, "s"),
        Observable::mean("wait", at, WAIT, q.wait, "s"),
        Observable::mean("utilization", at, BUSY, q.utilization, "1"),
    ]
}

/// Everything that is known of an M/M/1 queue.
fn single(at: &'static str, q: &Mm1) -> Vec<Observable> {
    let quantile = |name, stat, p| Observable {
        tolerance: QUANTILE_ERROR,
        ..Observable::mean(name, at, ("sojourn_time", stat), q.sojourn_quantile(p), "s").within(0.02)
    };
    let mut all = means(at, &q.means);
    all.push(quantile("sojourn time, median", "p50", 0.5));
    all.push(quantile("sojourn time, 99 %", "p99", 0.99));
    all.push(variance(at, q));
    all
}

/// What of an M/M/1 queue does not depend on how its clock runs.
fn uneven(at: &'static str) -> Vec<Observable> {
    let q = mm1(800.0, MU);
    let mut all = means(at, &q.means);
    all.push(Observable::mean("share that waits", at, ("wait_ratio", "mean"), q.means.utilization, "1"));
    all.push(variance(at, &q));
    all
}

fn variance(at: &'static str, q: &Mm1) -> Observable {
    Observable {
        quantity: Quantity::SquaredDeviation { component: at, mean: q.means.number },
        ..Observable::mean("variance of the number", at, NUMBER, q.number_variance, "1").within(0.04)
    }
}

/// M/M/c with `a` erlangs.
fn many(id: &'static str, title: &str, a: f64, c: u32) -> Case {
    let lambda = a * MU;
    let mut observables = means("workers", &mmc(lambda, MU, c));
    observables.push(Observable::mean("share that waits", "workers", WAITS, erlang_c(c, lambda / MU), "1"));
    let mut case = case(id, title, MMC, SERVER, observables);
    case.set.push(format!("stage.workers.workers={c}"));
    case.set.push(format!("traffic.customers.rate={lambda} packets/s"));
    case
}

/// Shares beyond a threshold, and percentiles, of waits at four servers and of sojourns at one.
fn tails() -> Vec<Observable> {
    let share = |name: &str, at, exact| Observable::mean(name, at, ("exceedance", "mean"), exact, "1");
    let quantile = |name: &str, at, exact| Observable {
        tolerance: QUANTILE_ERROR,
        ..Observable::mean(name, at, ("percentile", "mean"), exact, "s").within(0.02)
    };
    let waits = |t| mmc_waits_longer(3400.0, MU, 4, t);
    let one = mm1(800.0, MU);
    vec![
        share("share that waits", "workers@wait_time>0 s", waits(0.0)),
        share("share that waits longer than 1.149 ms", "workers@wait_time>1.149 ms", waits(1.149e-3)),
        share("share that waits longer than 8 ms", "workers@wait_time>8 ms", waits(8e-3)).within(0.05),
        quantile("wait, 99.9 %", "workers@wait_time p99.9", mmc_wait_quantile(3400.0, MU, 4, 0.999)),
        share("share that stays longer than 20 ms", "clerk@sojourn_time>20 ms", libm::exp(-200.0 * 20e-3)).within(0.05),
        quantile("sojourn time, 99.9 %", "clerk@sojourn_time p99.9", one.sojourn_quantile(0.999)),
    ]
}

/// M/G/c/c with `a` erlangs, exponential unless more is said.
fn erlang(id: &'static str, title: &str, a: u32, c: u32) -> Case {
    let (a, loss) = (f64::from(a), erlang_b(c, f64::from(a)));
    let observables = vec![
        Observable::mean("loss ratio", "workers", LOSS, loss, "1"),
        Observable::mean("number in system", "workers", NUMBER, a * (1.0 - loss), "packet"),
    ];
    let mut case = case(id, title, ERLANG_B, SERVER, observables)
        .with(&["stage.workers.queue.limit=0 packets", "run.duration=35 s"]);
    case.set.push(format!("stage.workers.workers={c}"));
    case.set.push(format!("traffic.customers.rate={} packets/s", a * MU));
    case
}

fn mm1k_case(id: &'static str, title: &str, lambda: f64, k: u32) -> Case {
    let q = mm1k(lambda, MU, k);
    let observables = vec![
        Observable::mean("loss ratio", "workers", LOSS, q.loss, "1").within(0.02),
        Observable::mean("number in system", "workers", NUMBER, q.number, "packet"),
        Observable::mean("sojourn time", "workers", SOJOURN, q.sojourn, "s"),
        Observable::mean("utilization", "workers", BUSY, q.utilization, "1"),
    ];
    let mut case = case(id, title, MM1K, SERVER, observables).with(&["study.seed=106"]);
    case.set.push(format!("stage.workers.queue.limit={} packets", k - 1));
    case.set.push(format!("traffic.customers.rate={lambda} packets/s"));
    case
}

fn md1(id: &'static str, title: &str, load: f64) -> Case {
    let service = 1.0 / MU;
    let q = pollaczek_khinchine(load * MU, service, service * service);
    let mut case = case(id, title, MG1, MG1_LINK, means("line", &q)).with(&["study.seed=108"]);
    case.set.push(format!("traffic.customers.rate={} packets/s", load * MU));
    case
}

/// At every point of the sweep of [`ROOM`], whose limits are K - 1.
fn md1k(id: &'static str, title: &str, load: f64) -> Case {
    let loss = |(point, k): (usize, usize)| {
        let name = format!("loss ratio, K = {k}");
        Observable::mean(&name, "line", LOSS, md1k_loss(load, k), "1").within(0.02).at(point)
    };
    let mut case = case(id, title, MD1K, ROOM, [2, 5, 6, 11, 21].into_iter().enumerate().map(loss).collect());
    case.set.push(format!("traffic.customers.rate={} packets/s", load * MU));
    case
}

/// A variant of the Internet mix and its sizes in bytes, which come as 7 to 4 to 1.
type Mix = (&'static str, [f64; 3]);

const FRAMES: Mix = ("64-594-1518", [64.0, 594.0, 1518.0]);
const PACKETS: Mix = ("40-576-1500", [40.0, 576.0, 1500.0]);

/// At 10 Mbit/s.
fn imix(id: &'static str, title: &str, (variant, sizes): Mix, load: f64) -> Case {
    let moment = |power| {
        let term = |(bytes, weight): (f64, f64)| weight / 12.0 * (8.0 * bytes / 1e7).powi(power);
        sizes.into_iter().zip([7.0, 4.0, 1.0]).map(term).sum::<f64>()
    };
    let lambda = load / moment(1);
    let q = pollaczek_khinchine(lambda, moment(1), moment(2));
    let mut case = case(id, title, MG1, MG1_LINK, means("line", &q));
    case.set.push(format!("traffic.customers.size={{ kind = \"imix\", variant = \"{variant}\" }}"));
    case.set.push(format!("traffic.customers.rate={lambda} packets/s"));
    case
}

fn hyperexponential() -> Case {
    let q = pollaczek_khinchine(800.0, 1e-3, 5e-6);
    let observables = means("workers", &q).into_iter().map(|o| o.within(0.015)).collect();
    case("mh2-1", "M/H2/1 with services of cv 2 at load 0.8", MG1, SERVER, observables).with(&[
        "stage.workers.service={ kind = \"hyperexponential\", mean = \"1 ms\", cv = 2.0 }",
        "run.duration=305 s",
        "study.seed=109",
    ])
}

/// Service times from 0.37 to 37 ms of shape 1.5: a mean of 1 ms, a cv of 1.64.
fn bounded_pareto() -> Case {
    let (min, max, alpha) = (0.37e-3f64, 37e-3f64, 1.5);
    let moment = |power: f64| {
        let integral = (min.powf(power - alpha) - max.powf(power - alpha)) / (alpha - power);
        alpha * integral / (min.powf(-alpha) - max.powf(-alpha))
    };
    let q = pollaczek_khinchine(800.0, moment(1.0), moment(2.0));
    let observables = means("workers", &q).into_iter().map(|o| o.within(0.015)).collect();
    case("mg1-pareto", "M/G/1 with bounded Pareto services (alpha 1.5) at load 0.8", MG1, SERVER, observables).with(&[
        "stage.workers.service={ kind = \"pareto\", min = \"0.37 ms\", max = \"37 ms\", alpha = 1.5 }",
        "run.duration=305 s",
        "study.seed=122",
    ])
}

/// Three classes with priority whose service times of mean 1 / `MU` have the second moment `second` / `MU`^2.
fn bands(second: f64) -> Vec<Observable> {
    let service = 1.0 / MU;
    let rates = [200.0, 300.0, 300.0];
    let waits = cobham(&rates.map(|lambda| (lambda, service, second * service * service)));
    // The conservation law: with equal services, the mean over all classes is that without priorities.
    let all = pollaczek_khinchine(800.0, service, second * service * service);
    let mut observables = vec![
        Observable::mean("wait, first band", "calls", WAIT, waits[0], "s"),
        Observable::mean("wait, second band", "pages", WAIT, waits[1], "s"),
        Observable::mean("wait, third band", "files", WAIT, waits[2], "s"),
        Observable::mean("wait, all", "line", WAIT, all.wait, "s"),
    ];
    observables.extend(["calls", "pages", "files"].into_iter().zip(rates).zip(&waits).map(|((flow, rate), wait)| {
        Observable::mean(&format!("number in system, {flow}"), flow, NUMBER, rate * (wait + service), "packet")
    }));
    observables
}

fn priorities() -> Vec<Observable> {
    let service = 1.0 / MU;
    let class = |lambda| (lambda, service, 2.0 * service * service);
    let rates = [300.0, 500.0];
    let waits = cobham(&rates.map(class));
    let all = mm1(800.0, MU).means;
    vec![
        Observable::mean("wait, urgent", "calls", WAIT, waits[0], "s"),
        Observable::mean("wait, bulk", "files", WAIT, waits[1], "s"),
        Observable::mean("number in system, urgent", "calls", NUMBER, rates[0] * (waits[0] + service), "packet"),
        Observable::mean("number in system, bulk", "files", NUMBER, rates[1] * (waits[1] + service), "packet"),
        Observable::mean("number in system", "line", NUMBER, all.number, "packet"),
        Observable::mean("utilization", "line", BUSY, all.utilization, "1"),
    ]
}
