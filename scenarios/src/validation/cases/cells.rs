//! Cells: molecules that cross, come, go and are pumped.

use super::super::case::{Case, Observable, Quantity, Statistic};
use super::super::closed_form::{
    Law, binomial, birth_death_stationary, exponential_quantile, linear_birth_death, mmc, poisson,
};
use super::{BUSY, FLUX, NUMBER, QUANTILE_ERROR, case, moments};

const GARDINER: &str = "Gardiner 2009, Stochastic Methods, ch. 11 (from memory)";
const PERMEATION: (&str, &str) = (
    "N(t) is binomial, p = 0.2 + 0.8 exp(-(k_out + k_in) t), k = P A / V",
    "independent molecules; Stein 1986, Transport and Diffusion across Cell Membranes (from memory)",
);
const FIELD: (&str, &str) = (
    "k(t) = P A / V u / (1 - exp(-u)), u = F V_m(t) / (R T): N(t) is binomial, p = exp(-int k dt)",
    "Goldman 1943, doi:10.1085/jgp.27.1.37; Hodgkin & Katz 1949, doi:10.1113/jphysiol.1949.sp004310",
);
const EGRESS: (&str, &str) = ("each egress time is exponential with rate P A / V: N(t) is binomial", GARDINER);
const RESIDENCE: (&str, &str) = ("residence times are exponential; N is Poisson with mean lambda / k", GARDINER);
const EXITS: (&str, &str) =
    ("an exit is taken with probability k_j / sum k; the time is exponential with sum k, whichever it is", GARDINER);
const IMMIGRATION: (&str, &str) = ("N(t) is Poisson with mean lambda / mu (1 - exp(-mu t)), as in M/M/inf", GARDINER);
const BOLUS: (&str, &str) =
    ("those given are left with probability exp(-mu t): binomial, plus the Poisson rest", GARDINER);
const KENDALL: (&str, &str) = (
    "E N = n e^((b-d)t); Var N = n (b+d) / (b-d) e^((b-d)t) (e^((b-d)t) - 1)",
    "Kendall 1948, doi:10.1214/aoms/1177730285 (DOI from memory)",
);
const LEAK_PUMP: (&str, &str) = (
    "pi(n) proportional to prod_j lambda / (k j + Vmax j / (Km (1 + I/Ki) + j)); residence time E N / lambda",
    "product form of a birth-death chain; Karlin & Taylor 1975, ch. 4 (from memory)",
);
const INHIBITION: (&str, &str) = (
    "v = Vmax S / (Km (1 + I/Ki) + S), halved at I = Ki (1 + S/Km); firings are Poisson",
    "Cheng & Prusoff 1973, doi:10.1016/0006-2952(73)90196-2 (DOI from memory)",
);
const TURNOVER: (&str, &str) = (
    "rate = k1 S k2 / (k1 S + k-1 + k2); Var N / E N = 1 - 2 k1 S k2 / (k1 S + k-1 + k2)^2",
    "Kou, Cherayil, Min, English & Xie 2005, doi:10.1021/jp051490q (DOI from memory)",
);

const QUEUE: (&str, &str) = (
    "carriers that bind at once are servers, what is free waits: Erlang C, Wq = C / (c mu - lambda)",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 3 (from memory)",
);
const CYCLE: (&str, &str) = (
    "four states in a cycle: v = N 50/3 S / (400/3 + S), 0.04 v / N loaded; from its linear equations",
    "Hill 1977, Free Energy Transduction in Biology, ch. 2 (from memory)",
);

const LEAK_PUMP_CELL: &str = include_str!("leak-pump.toml");

/// Molecules in 1 fL at 1 uM.
const PER_MICROMOLAR: f64 = 602.214_076;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(
            "permeation",
            "Passive permeation between two compartments, from one side",
            PERMEATION,
            include_str!("permeation.toml"),
            counts("inside.drug", &[50.0, 100.0, 200.0, 500.0, 1000.0], |t| {
                binomial(1000.0, 0.2 + 0.8 * (-0.006_25 * t).exp())
            }),
        ),
        case(
            "ion-flux",
            "Permeation of an ion in a field, under a voltage that steps",
            FIELD,
            include_str!("ion-flux.toml"),
            counts("cell.K", &[50.0, 100.0, 200.0], |t| {
                let k = |voltage: f64| {
                    let u = voltage * 96_485.332_12 / (8.314_462_618 * 310.15);
                    0.005 * u / (1.0 - (-u).exp())
                };
                binomial(1000.0, (-k(-0.07) * t.min(60.0) - k(0.04) * (t - 60.0).max(0.0)).exp())
            }),
        ),
        case(
            "egress-time",
            "First-order egress into a sink: how many are still inside",
            EGRESS,
            include_str!("egress-time.toml"),
            counts("cell.drug", &[20.0, 50.0, 138.629_436_11, 300.0, 460.517_018_60], |t| {
                binomial(1000.0, (-0.005 * t).exp())
            }),
        ),
        case(
            "residence-time",
            "First-order egress in equilibrium: how long single molecules stay",
            RESIDENCE,
            include_str!("residence-time.toml"),
            residence(),
        ),
        case(
            "competing-exits",
            "Three first-order ways out of a cell: who takes which, and when",
            EXITS,
            include_str!("competing-exits.toml"),
            exits(),
        ),
        case(
            "immigration-death",
            "Constant influx and first-order degradation, from empty",
            IMMIGRATION,
            include_str!("immigration-death.toml"),
            counts("cell.protein", &[5.0, 10.0, 20.0, 50.0], |t| poisson(100.0 * -(-0.1 * t).exp_m1())),
        ),
        case(
            "bolus",
            "Constant influx and first-order degradation, and 200 molecules at once at 10 s",
            BOLUS,
            include_str!("bolus.toml"),
            counts("cell.drug", &[12.0, 20.0, 40.0], |t| {
                binomial(200.0, (-0.1 * (t - 10.0)).exp()).plus(poisson(100.0 * -(-0.1 * t).exp_m1()))
            }),
        ),
        case(
            "birth-death",
            "Linear birth and death",
            KENDALL,
            include_str!("birth-death.toml"),
            counts("cell.X", &[1.0, 4.0, 8.0], |t| linear_birth_death(20.0, 0.3, 0.2, t)),
        ),
    ];
    for (id, title, inhibitor) in [
        ("leak-pump-0", "Leak in and pump out, no inhibitor", 0.0),
        ("leak-pump-1", "Leak in and pump out, 1 uM inhibitor", 1.0),
        ("leak-pump-10", "Leak in and pump out, 10 uM inhibitor", 10.0),
    ] {
        cases.push(leak_pump(id, title, inhibitor));
    }
    cases.push(case(
        "competitive-inhibition",
        "Pumps under a competitive inhibitor: 0, IC50 and ten times that",
        INHIBITION,
        include_str!("competitive-inhibition.toml"),
        inhibition(),
    ));
    cases.extend(carriers());
    cases
}

/// Carriers one by one.
fn carriers() -> [Case; 3] {
    [
        case(
            "carrier-turnover",
            "Turnovers of a single carrier",
            TURNOVER,
            include_str!("carrier-turnover.toml"),
            turnover(),
        ),
        case(
            "carrier-queue",
            "Ten explicit carriers as the servers of a queue at load 0.8",
            QUEUE,
            include_str!("carrier-queue.toml"),
            queue(),
        ),
        case(
            "carrier-cycle",
            "Carriers that alternate between the sides of a membrane",
            CYCLE,
            include_str!("carrier-cycle.toml"),
            cycle(),
        ),
    ]
}

/// Mean and variance of a count at the ends of runs of these lengths, s.
pub(super) fn counts(at: &'static str, times: &[f64], law: impl Fn(f64) -> Law) -> Vec<Observable> {
    let pair = |(point, &t): (usize, &f64)| {
        let names = [(format!("count at {t:.4} s"), "molecule"), (format!("its variance at {t:.4} s"), "1")];
        moments(names, at, ("in_system", "mean"), &law(t)).map(|o| o.at(point))
    };
    times.iter().enumerate().flat_map(pair).collect()
}

/// Arrivals at 1/s stay for 200 s on average.
fn residence() -> Vec<Observable> {
    let time = |name, stat, exact| Observable::mean(name, "cell.drug", ("sojourn_time", stat), exact, "s");
    let quantile =
        |name, stat, p| Observable { tolerance: QUANTILE_ERROR, ..time(name, stat, exponential_quantile(200.0, p)) };
    vec![
        Observable::mean("count", "cell.drug", NUMBER, 200.0, "molecule"),
        time("residence time", "mean", 200.0),
        time("its standard deviation", "sd", 200.0),
        quantile("residence time, median", "p50", 0.5),
        quantile("residence time, 90 %", "p90", 0.9),
        quantile("residence time, 99 %", "p99", 0.99),
    ]
}

/// Out by 0.0025, 0.0015 and 0.001 /s.
fn exits() -> Vec<Observable> {
    let all = [("leak", 0.5), ("metabolism", 0.3), ("binding", 0.2)];
    let of = |(name, share): (&str, f64)| {
        let at = match name {
            "leak" => "cell.drug@leak",
            "metabolism" => "cell.drug@metabolism",
            _ => "cell.drug@binding",
        };
        let observable =
            |what: &str, metric, exact, unit| Observable::mean(&format!("{what} {name}"), at, metric, exact, unit);
        [
            observable("share by", ("exit_share", "mean"), share, "1"),
            observable("residence time of those by", ("sojourn_time", "mean"), 200.0, "s"),
            observable("its standard deviation by", ("sojourn_time", "sd"), 200.0, "s"),
        ]
    };
    all.into_iter().flat_map(of).collect()
}

/// k = 0.002 /s, 1 uM outside, Vmax = 0.05 uM/s, Km = 3 uM, Ki = 0.5 uM, in 1 fL.
fn leak_pump(id: &'static str, title: &str, inhibitor: f64) -> Case {
    let (leak, influx, vmax) = (0.002, 0.002 * PER_MICROMOLAR, 0.05 * PER_MICROMOLAR);
    let km = 3.0 * (1.0 + inhibitor / 0.5) * PER_MICROMOLAR;
    let law = birth_death_stationary(|_| influx, |n| leak * n + vmax * n / (km + n));
    let at = "cell.drug";
    let observables = vec![
        Observable::mean("count", at, NUMBER, law.mean, "molecule"),
        Observable {
            quantity: Quantity::SquaredDeviation { component: at, mean: law.mean },
            ..Observable::mean("its variance", at, NUMBER, law.variance, "1").within(0.02)
        },
        // What does not leak back is pumped.
        Observable::mean("pump flux", "pump", FLUX, influx - leak * law.mean, "1/s"),
        Observable::mean("leak flux", "leak", FLUX, leak * law.mean, "1/s"),
    ];
    let mut case = case(id, title, LEAK_PUMP, LEAK_PUMP_CELL, observables);
    case.set.push(format!("compartment.medium.fixed.inhibitor={inhibitor} uM"));
    case
}

/// 100 carriers with kcat = 0.3 /s at S = Km, for 100 s; Ki = 0.5 uM, so that IC50 = 1 uM.
fn inhibition() -> Vec<Observable> {
    let seconds = 100.0;
    let at_dose = |(point, inhibitor): (usize, &f64)| {
        let count = poisson(30.0 / (2.0 + inhibitor / 0.5) * seconds);
        let law = Law { mean: count.mean / seconds, variance: count.variance / (seconds * seconds), ..count };
        let names = [(format!("flux at {inhibitor} uM"), "1/s"), (format!("its variance at {inhibitor} uM"), "1/s^2")];
        let [mean, variance] = moments(names, "pump", FLUX, &law);
        [mean.at(point), variance.at(point).within(0.03)]
    };
    [0.0, 1.0, 10.0].iter().enumerate().flat_map(at_dose).collect()
}

/// k1 S = 15 /s, k-1 = 5 /s, k2 = 10 /s, for 400 s.
fn turnover() -> Vec<Observable> {
    let (bind, unbind, turn, seconds) = (15.0, 5.0, 10.0, 400.0);
    let sum: f64 = bind + unbind + turn;
    let rate = bind * turn / sum;
    let variance = rate / seconds * (1.0 - 2.0 * bind * turn / (sum * sum));
    let flux = |name, exact, unit| Observable::mean(name, "carrier", FLUX, exact, unit);
    vec![
        flux("turnover", rate, "1/s").within(0.005),
        // The variance of a count grows linearly up to a constant of the order of one.
        Observable { tolerance: 0.002, ..flux("its variance", variance, "1/s^2").within(0.03) }
            .known(Statistic::VarianceOfKnown { kurtosis: 3.0 }),
        Observable::mean("utilization", "carrier", BUSY, bind / sum, "1").within(0.005),
    ]
}

/// M/M/10 at 8 /s: what is free waits, what is bound is served.
fn queue() -> Vec<Observable> {
    let queue = mmc(8.0, 1.0, 10);
    vec![
        Observable::mean("number that waits", "cell.drug", NUMBER, 8.0 * queue.wait, "molecule").within(0.05),
        Observable::mean("number in service", "carriers.bound", NUMBER, 8.0, "molecule").within(0.005),
        Observable::mean("utilization", "carriers", BUSY, queue.utilization, "1").within(0.005),
    ]
}

/// Twenty carriers, binding at 1 /uM/s, unbinding at 100 /s, turning at 50 /s.
fn cycle() -> Vec<Observable> {
    let at_concentration = |(point, s): (usize, &f64)| {
        let flux = 50.0 / 3.0 * s / (400.0 / 3.0 + s);
        [
            Observable::mean(&format!("flux at {s} uM"), "carrier", ("net_flux", "mean"), 20.0 * flux, "1/s").at(point),
            Observable::mean(&format!("loaded share at {s} uM"), "carrier", BUSY, 0.04 * flux, "1").at(point),
        ]
    };
    [100.0, 1000.0].iter().enumerate().flat_map(at_concentration).collect()
}
