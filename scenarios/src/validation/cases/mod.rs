//! The bundled cases.

mod arrivals;
mod cells;
mod channels;
mod links;
mod networks;
mod queues;
mod sbml;
mod sharing;
mod states;
mod synapses;
mod transfers;
mod translators;

use super::case::{Case, Observable, Statistic};
use super::closed_form::Law;

/// The metric and statistic of a measure.
type Measured = (&'static str, &'static str);

const NUMBER: Measured = ("occupancy", "time_mean");
const SOJOURN: Measured = ("sojourn_time", "mean");
const WAIT: Measured = ("wait_time", "mean");
const WAITS: Measured = ("wait_ratio", "mean");
const BUSY: Measured = ("utilization", "time_mean");
const LOSS: Measured = ("loss_ratio", "mean");
const FLUX: Measured = ("throughput", "mean");

/// Quantiles come from buckets 0.8 % wide, interpolated.
const QUANTILE_ERROR: f64 = 0.002;

/// How many times more replications a full validation makes.
const FULL: u32 = 10;

/// All cases. `full` makes more of them, with ten times the replications.
pub fn cases(full: bool) -> Vec<Case> {
    let mut cases = [
        queues::cases(),
        arrivals::cases(),
        sharing::cases(),
        networks::cases(),
        links::cases(),
        transfers::cases(),
        translators::cases(),
        cells::cases(),
        channels::cases().to_vec(),
        synapses::cases().to_vec(),
        states::cases(),
        sbml::cases(),
    ]
    .concat();
    if !full {
        return cases;
    }
    cases.extend(queues::further());
    cases.extend(sharing::further());
    cases.extend(links::further());
    for case in &mut cases {
        case.replications = Some(FULL * case.replications.unwrap_or_else(|| replications(case.scenario)));
    }
    cases
}

/// The number of replications that a bundled scenario gives.
fn replications(scenario: &str) -> u32 {
    let after = scenario.split("replications = ").nth(1).unwrap_or_default();
    after.lines().next().and_then(|n| n.trim().parse().ok()).expect("bundled scenarios say how many replications")
}

fn case(
    id: &'static str,
    title: &str,
    (formula, source): (&'static str, &'static str),
    scenario: &'static str,
    observables: Vec<Observable>,
) -> Case {
    let (title, set, sweep) = (title.to_owned(), Vec::new(), Vec::new());
    Case { id, title, formula, source, scenario, set, sweep, replications: None, observables }
}

/// Mean and variance of a number that has a known law, each with its name and unit; the variance need be known to 2 % only.
fn moments(
    [mean, variance]: [(String, &'static str); 2],
    at: &'static str,
    measured: Measured,
    law: &Law,
) -> [Observable; 2] {
    let of = |(name, unit): (String, _), exact, statistic| {
        Observable::mean(&name, at, measured, exact, unit).known(statistic)
    };
    [
        of(mean, law.mean, Statistic::MeanOfKnown { sd: law.variance.sqrt() }),
        of(variance, law.variance, Statistic::VarianceOfKnown { kurtosis: law.kurtosis }).within(0.02),
    ]
}

impl Case {
    /// With changes of the scenario.
    fn with(mut self, set: &[&str]) -> Self {
        self.set.extend(set.iter().map(|&s| s.to_owned()));
        self
    }
}
