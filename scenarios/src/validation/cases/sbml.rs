//! Models in SBML, translated and run.

use super::super::case::{Case, Observable};
use super::super::closed_form::{Law, batches, binomial, birth_death_at, normal_above, poisson, poisson_modulo};
use super::cells::counts;
use super::{case, moments};

const IMMIGRATION: (&str, &str) = (
    "N(t) is Poisson with mean lambda / mu (1 - exp(-mu t))",
    "Gardiner 2009, Stochastic Methods, ch. 11 (from memory)",
);
const MASTER: (&str, &str) = (
    "p(t) = sum_j Poisson(q t; j) p(0) (I + Q/q)^j over all states",
    "uniformisation of the master equation; Jensen 1953, doi:10.1080/03461238.1953.10419459 (DOI from memory)",
);
const BATCHES: (&str, &str) = (
    "kappa_m = alpha int_0^t E B(s)^m ds, B(s) binomial of 5 and exp(-mu s)",
    "compound Poisson; Evans, Gillespie & Wilkinson 2008, doi:10.1093/bioinformatics/btm566, model 004",
);
const EVENTS: (&str, &str) = (
    "X: of 200 set at 12.5 s, exp(-mu (t - 12.5)) are left, and newcomers are Poisson; Q: Poisson modulo 10",
    "Gardiner 2009, Stochastic Methods, ch. 11 (from memory)",
);
const DELAYS: (&str, &str) = (
    "X: Poisson, from 12.5 s on as if it were then what it was at 10 s; W: 1 with probability exp(-nu 1 s), else 0",
    "Gardiner 2009, Stochastic Methods, ch. 11 (from memory)",
);
const DRAWS: (&str, &str) = (
    "X: normal, given that it is over 2.5; M: Poisson with mean 40 exp(-mu t); N: births at 2 /s, from the fifth on at 10 /s",
    "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions, ch. 13 (from memory); uniformisation, Jensen 1953",
);
const PARTITIONING: (&str, &str) = (
    "N(t) is Poisson with mean V K A [(exp(c t) - exp(-K t))/(c + K) - (exp(d t) - exp(-K t))/(d + K)]",
    "immigration at the rate V K A (exp(c t) - exp(d t)) and deaths at K; the values of BIOMD0000001040",
);

/// Runs of these lengths, of mean and variance.
fn sbml(
    id: &'static str,
    title: &str,
    law: (&'static str, &'static str),
    model: &'static str,
    (seed, times): (u32, &[f64]),
    observables: Vec<Observable>,
) -> Case {
    let lengths: Vec<String> = times.iter().map(|t| format!("{t} s")).collect();
    let mut case = case(id, title, law, model, observables).with(&[&format!("study.seed={seed}"), "run.bins=1"]);
    case.sweep = vec![format!("run.duration={}", lengths.join(","))];
    case.replications = Some(10_000);
    case
}

pub(super) fn cases() -> Vec<Case> {
    let newcomers = |t: f64| poisson(100.0 * -(-0.1 * t).exp_m1());
    let times = &[5.0, 20.0, 50.0];
    let dimers = |t| birth_death_at(20, |d| 0.005 * (40.0 - 2.0 * d) * (39.0 - 2.0 * d), |d| 0.1 * d, t);
    let after = &[14.0, 25.0];
    let reset = |t: f64| -> Law {
        binomial(200.0, (-0.1 * (t - 12.5)).exp()).plus(poisson(100.0 * -(-0.1 * (t - 12.5)).exp_m1()))
    };
    let events = [counts("cell.X", after, reset), counts("cell.Q", after, |t| poisson_modulo(2.0 * t, 10))].concat();
    let hours = &[2.0, 4.0, 6.0, 8.0, 10.0];
    let partitioned = |t: f64| {
        let (a, k, c, d) = (1_382.061_426_984_31, 0.044_531_256_83, -0.215_608_884_195_034, -0.783_006_790_599_975);
        let term = |r: f64| ((r * t).exp() - (-k * t).exp()) / (r + k);
        poisson(2.198 * k * a * (term(c) - term(d)))
    };
    let seconds = &[2.2, 6.8];
    let births = |t| birth_death_at(150, |n| if n < 5.0 { 2.0 } else { 10.0 }, |_| 0.0, t);
    let drawn = |(point, t): (usize, &f64)| {
        let names = [(format!("what was drawn, at {t} s"), "1"), (format!("its variance at {t} s"), "1")];
        moments(names, "X", ("value", "mean"), &normal_above(3.0, 1.5, 2.5)).map(|o| o.at(point))
    };
    let draws = [
        seconds.iter().enumerate().flat_map(drawn).collect(),
        counts("cell.N", seconds, births),
        counts("cell.M", seconds, |t| poisson(40.0 * (-0.1 * t).exp())),
    ];
    let echo = &[12.0, 14.0, 25.0];
    let echoed = |t: f64| {
        let then = -(-0.1 * if t < 12.5 { t } else { 10.0 }).exp_m1();
        let since = if t < 12.5 { 0.0 } else { t - 12.5 };
        poisson(100.0 * (then * (-0.1 * since).exp() - (-0.1 * since).exp_m1()))
    };
    let waited = moments(
        [("what was waited for, at 12 s".to_owned(), "1"), ("its variance".to_owned(), "1")],
        "W",
        ("value", "mean"),
        &binomial(1.0, f64::exp(-0.5)),
    );
    vec![
        sbml(
            "sbml-delays",
            "SBML: events that act some time after their triggers, or are given up",
            DELAYS,
            include_str!("sbml-delays.xml"),
            (67, echo),
            [counts("cell.X", echo, echoed), waited.map(|o| o.at(0)).into()].concat(),
        ),
        sbml(
            "sbml-draws",
            "SBML: draws by a clock and at the start, a rate that a count switches",
            DRAWS,
            include_str!("sbml-draws.xml"),
            (66, seconds),
            draws.concat(),
        ),
        sbml(
            "sbml-immigration-death",
            "SBML: concentrations, functions, rules and hidden parameters",
            IMMIGRATION,
            include_str!("sbml-immigration-death.xml"),
            (61, times),
            counts("cell.X", times, newcomers),
        ),
        sbml(
            "sbml-dimerisation",
            "SBML: a reversible law in two halves",
            MASTER,
            include_str!("sbml-dimerisation.xml"),
            (62, &[1.0, 3.0, 20.0]),
            counts("cell.D", &[1.0, 3.0, 20.0], dimers),
        ),
        sbml(
            "sbml-batches",
            "SBML: five at a time, in minutes",
            BATCHES,
            include_str!("sbml-batches.xml"),
            (63, times),
            counts("cell.X", times, |t| batches(2.0, 5, 0.2, t)),
        ),
        sbml(
            "sbml-events",
            "SBML: resets at a time and at a count",
            EVENTS,
            include_str!("sbml-events.xml"),
            (64, after),
            events,
        ),
        sbml(
            "sbml-partitioning",
            "SBML: a rate that follows an assignment rule in time, zero at the start",
            PARTITIONING,
            include_str!("sbml-partitioning.xml"),
            (65, hours),
            counts("cells.M", hours, partitioned),
        ),
    ]
}
