//! A case: a scenario whose exact results are known, and what is compared.

use crate::scenario::Overrides;

/// A scenario with known results.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, in kebab-case.
    pub id: &'static str,
    /// What it is, in a line.
    pub title: String,
    /// The known result, as a formula.
    pub formula: &'static str,
    /// Where the result is from.
    pub source: &'static str,
    /// The scenario, or a model in SBML. The study gives seed and replications.
    pub scenario: &'static str,
    /// `PATH=VALUE`, on top of the scenario.
    pub set: Vec<String>,
    /// `PATH=A,B,C`, likewise.
    pub sweep: Vec<String>,
    /// Instead of the scenario's number of replications.
    pub replications: Option<u32>,
    /// What is compared.
    pub observables: Vec<Observable>,
}

/// One number of a case that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Observable {
    /// How the table calls it.
    pub name: String,
    /// Point of the scenario's sweep; 0 if it has none.
    pub point: usize,
    /// What is taken from a run.
    pub quantity: Quantity,
    /// What is made of the runs' values.
    pub statistic: Statistic,
    /// The known value, in `unit`.
    pub exact: f64,
    /// Unit of the table; the quantity's own.
    pub unit: &'static str,
    /// Relative error by which the program may be off by itself (the resolution of a quantile); 0 if it is exact.
    pub tolerance: f64,
    /// If the standard error is a larger part of the value than this, agreement means nothing.
    pub error_max: f64,
}

/// What is taken from a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// A measure of the run.
    Measure {
        /// Name of the component.
        component: &'static str,
        /// Its metric, as in [`sim_core::stats::Measure`].
        metric: &'static str,
        /// Its statistic within the run.
        stat: &'static str,
    },
    /// The average over time of the squared difference between a component's occupancy and its exact mean: without bias,
    /// which the variance about a run's own mean has.
    SquaredDeviation {
        /// Name of the component.
        component: &'static str,
        /// The exact mean.
        mean: f64,
    },
}

/// What is made of the values that the runs give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Their mean, judged by their own scatter (Student's t).
    Mean,
    /// Their mean, judged by the exact standard deviation of one value.
    MeanOfKnown {
        /// The standard deviation.
        sd: f64,
    },
    /// Their variance, judged by the exact kurtosis of the law.
    VarianceOfKnown {
        /// Fourth central moment over the squared variance.
        kurtosis: f64,
    },
}

impl Case {
    /// What the command line would change in the scenario.
    pub(super) fn overrides(&self, seed: Option<u64>) -> Overrides {
        Overrides { set: self.set.clone(), sweep: self.sweep.clone(), seed, replications: self.replications }
    }
}

impl Observable {
    /// The mean over runs of a measure.
    pub(super) fn mean(
        name: &str,
        component: &'static str,
        (metric, stat): (&'static str, &'static str),
        exact: f64,
        unit: &'static str,
    ) -> Self {
        Self {
            name: name.to_owned(),
            point: 0,
            quantity: Quantity::Measure { component, metric, stat },
            statistic: Statistic::Mean,
            exact,
            unit,
            tolerance: 0.0,
            error_max: 0.01,
        }
    }
    /// At a point of the sweep.
    pub(super) fn at(self, point: usize) -> Self {
        Self { point, ..self }
    }
    /// With another largest standard error, for values that are hard to estimate.
    pub(super) fn within(self, error_max: f64) -> Self {
        Self { error_max, ..self }
    }
    /// With another statistic.
    pub(super) fn known(self, statistic: Statistic) -> Self {
        Self { statistic, ..self }
    }
}
