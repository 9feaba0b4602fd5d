//! Synapses: release at spikes.

use super::super::case::{Case, Observable};
use super::super::closed_form::{binomial, poisson};
use super::{case, moments};

const DEPRESSION: (&str, &str) = (
    "released at spike k + 1 is binomial (N, U (R + (1 - R) ((1 - U) e)^k)), R = (1 - e) / (1 - (1 - U) e), e = exp(-D / tau_rec)",
    "Tsodyks & Markram 1997, doi:10.1073/pnas.94.2.719; Fuhrmann et al. 2002, doi:10.1152/jn.00258.2001",
);
const FACILITATION: (&str, &str) = (
    "binomial (N, u R): u' = U + (1 - U) u exp(-D / tau_facil), R' = 1 - (1 - R (1 - u)) exp(-D / tau_rec)",
    "Tsodyks, Pawelzik & Markram 1998, doi:10.1162/089976698300017502",
);

const UPTAKE: (&str, &str) = (
    "under way: Poisson with mean lambda E[T] whatever the law of the times T; taken up by t: Poisson, lambda (t - 5 s) if T = 5 s",
    "Takacs 1962, Introduction to the Theory of Queues, ch. 3 (M/G/infinity)",
);

const STREAM: &str = include_str!("uptake-delay.toml");
const TRAIN: &str = include_str!("release-depression.toml");

pub(super) fn cases() -> [Case; 4] {
    let depression = |k: i32| {
        let e = f64::exp(-0.01 / 0.8);
        let r = (1.0 - e) / (1.0 - 0.5 * e);
        0.5 * (r + (1.0 - r) * (0.5 * e).powi(k))
    };
    let facilitation = |k: i32| {
        let (mut u, mut r) = (0.2, 1.0);
        for _ in 0..k {
            r = 1.0 - (1.0 - r * (1.0 - u)) * f64::exp(-0.05 / 0.2);
            u = 0.2 + 0.8 * u * f64::exp(-0.05 / 1.5);
        }
        u * r
    };
    [
        case("release-depression", "Release sites under spikes at 100 /s", DEPRESSION, TRAIN, released(depression)),
        case(
            "release-facilitation",
            "Release sites that facilitate, at 20 /s",
            FACILITATION,
            TRAIN,
            released(facilitation),
        )
        .with(&[
            "run.duration=2050 ms",
            "spikes.stim.rate=20 /s",
            "pathway.synapse.U=0.2",
            "pathway.synapse.tau_rec=0.2 s",
            "pathway.synapse.tau_facil=1.5 s",
        ]),
        case("uptake-delay", "Vesicles that are taken up after exactly 5 s", UPTAKE, STREAM, {
            [under_way(), poissonian("cell.reserve", "taken up", 4.0 * 55.0)].concat()
        }),
        case("uptake-times", "Vesicles that are taken up after lognormal times of cv 1", UPTAKE, STREAM, under_way())
            .with(&["pathway.uptake.delay={ kind = 'lognormal', mean = '5 s', cv = 1 }"]),
    ]
}

fn under_way() -> Vec<Observable> {
    poissonian("cell.fused", "under way", 20.0)
}

/// Mean and variance of a Poisson count at the end.
fn poissonian(at: &'static str, what: &str, mean: f64) -> Vec<Observable> {
    let names = [(what.to_owned(), "vesicle"), (format!("{what}, variance"), "vesicle")];
    moments(names, at, ("in_system", "mean"), &poisson(mean)).to_vec()
}

/// Mean and variance of what 400 sites release at some of the spikes, each with the probability that `law` says of the spikes before.
fn released(law: impl Fn(i32) -> f64) -> Vec<Observable> {
    let all = [
        (1, "synapse@spike 1"),
        (2, "synapse@spike 2"),
        (3, "synapse@spike 3"),
        (5, "synapse@spike 5"),
        (40, "synapse@spike 40"),
    ];
    let pair = |(spike, at): (i32, &'static str)| {
        let names =
            [(format!("released at spike {spike}"), "vesicle"), (format!("its variance at spike {spike}"), "1")];
        moments(names, at, ("passages", "mean"), &binomial(400.0, law(spike - 1)))
    };
    all.into_iter().flat_map(pair).collect()
}
