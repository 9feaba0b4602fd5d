//! Whether simulated values agree with exact ones.
//!
//! Every row is a two-sided test. The chance that a correct program fails any of a table's rows is kept at 1 % by asking
//! each of m rows for 0.01 / m (Bonferroni), whatever the dependence between them. A row whose standard error is too
//! large to notice a wrong result is `inconclusive`, so that noise cannot pass.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::case::{Observable, Statistic};

/// The chance that a correct program fails anything in a table.
pub const FALSE_ALARM: f64 = 0.01;

/// Confidence of the printed intervals.
const CONFIDENCE: f64 = 0.95;

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Agrees, and a wrong result would have been noticed.
    Pass,
    /// Does not disagree, but the runs are too few or too noisy to tell.
    Inconclusive,
    /// Disagrees, or a law was violated.
    Fail,
}

impl Verdict {
    /// As the table prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "FAIL",
        }
    }
}

/// A simulated value beside the exact one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name of the case.
    pub case: String,
    /// What is compared.
    pub observable: String,
    /// The simulated value, in `unit`; NaN if no run had one.
    pub simulated: f64,
    /// Lower end of its 95 % confidence interval.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
    /// The exact value.
    pub exact: f64,
    /// The relative error that is no fault, where the value is exact only for something near it; 0 elsewhere.
    pub tolerance: f64,
    /// The part of the difference beyond the tolerance, in standard errors.
    pub z: f64,
    /// The largest |z| that passes.
    pub limit: f64,
    /// The outcome.
    pub verdict: Verdict,
    /// Unit of the values.
    pub unit: String,
    /// Runs with a value.
    pub n: usize,
    /// Where the exact value is from.
    pub source: String,
}

/// Compares what the runs gave, in the order of replications, with what is known. `rows` is the number of rows in the
/// whole table.
pub(super) fn judge(case: &str, source: &str, observable: &Observable, values: &[f64], rows: usize) -> Row {
    let values: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let exact = observable.exact;
    let (simulated, error, degrees) = match observable.statistic {
        Statistic::Mean => (mean, (variance / n).sqrt(), Some(n - 1.0)),
        Statistic::MeanOfKnown { sd } => (mean, sd / n.sqrt(), None),
        Statistic::VarianceOfKnown { kurtosis } => (variance, exact * ((kurtosis - 1.0) / n).sqrt(), None),
    };
    let limit = quantile(degrees, 1.0 - 0.5 * FALSE_ALARM / rows as f64);
    let half = error * quantile(degrees, 0.5 + 0.5 * CONFIDENCE);
    let z = z(simulated - exact, observable.tolerance * exact.abs(), error);
    Row {
        case: case.to_owned(),
        observable: observable.name.clone(),
        simulated,
        ci_low: simulated - half,
        ci_high: simulated + half,
        exact,
        tolerance: observable.tolerance,
        z,
        limit,
        verdict: verdict(z, limit, error / exact.abs() <= observable.error_max),
        unit: observable.unit.to_owned(),
        n: values.len(),
        source: source.to_owned(),
    }
}

/// The part of a difference beyond the tolerance, in standard errors; NaN if there is none.
fn z(difference: f64, tolerance: f64, error: f64) -> f64 {
    let beyond = difference.abs() - tolerance;
    if beyond > 0.0 {
        beyond.copysign(difference) / error
    } else {
        // One run says nothing of its error, even if it hits the value; nor does no run at all.
        if beyond.is_nan() || error.is_nan() { f64::NAN } else { 0.0 }
    }
}

fn verdict(z: f64, limit: f64, precise: bool) -> Verdict {
    if z.abs() > limit {
        Verdict::Fail
    } else if precise && z.abs() <= limit {
        Verdict::Pass
    } else {
        // Also where nothing can be said at all: one run, no value.
        Verdict::Inconclusive
    }
}

/// A quantile of Student's t with so many degrees of freedom, or of the normal law; NaN without degrees of freedom.
fn quantile(degrees: Option<f64>, p: f64) -> f64 {
    match degrees {
        None => Normal::standard().inverse_cdf(p),
        Some(f) => StudentsT::new(0.0, 1.0, f).map_or(f64::NAN, |t| t.inverse_cdf(p)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observable(exact: f64, statistic: Statistic) -> Observable {
        Observable::mean("x", "c", ("occupancy", "time_mean"), exact, "1").known(statistic)
    }
    fn of(values: &[f64], exact: f64, statistic: Statistic, rows: usize) -> Row {
        judge("case", "source", &observable(exact, statistic), values, rows)
    }
    /// `n` values about `mean` whose standard deviation is `sd`.
    fn around(mean: f64, sd: f64, n: usize) -> Vec<f64> {
        let step = sd * ((n as f64 - 1.0) / n as f64).sqrt();
        (0..n).map(|i| if i % 2 == 0 { mean - step } else { mean + step }).collect()
    }

    #[test]
    fn z_is_the_difference_in_standard_errors() {
        let row = of(&around(10.3, 1.0, 100), 10.0, Statistic::Mean, 1);
        assert!((row.z - 3.0).abs() < 1e-9, "{}", row.z);
        // t(0.995, 99) = 2.6264
        assert!((row.limit - 2.6264).abs() < 1e-4, "{}", row.limit);
        assert_eq!((row.verdict, row.n), (Verdict::Fail, 100));
        // t(0.975, 99) = 1.98422
        assert!((row.ci_high - 10.3 - 0.198_422).abs() < 1e-5 && (10.3 - row.ci_low - 0.198_422).abs() < 1e-5);
    }

    #[test]
    fn longer_tables_are_judged_more_leniently_row_by_row() {
        let values = around(10.3, 1.0, 100);
        assert_eq!(of(&values, 10.0, Statistic::Mean, 1).verdict, Verdict::Fail);
        assert_eq!(of(&values, 10.0, Statistic::Mean, 50).verdict, Verdict::Pass);
        // A large difference fails in any table.
        assert_eq!(of(&values, 9.0, Statistic::Mean, 100_000).verdict, Verdict::Fail);
    }

    #[test]
    fn noise_does_not_pass() {
        assert_eq!(of(&around(10.0, 9.0, 10), 10.0, Statistic::Mean, 1).verdict, Verdict::Inconclusive);
        assert_eq!(of(&[10.0], 10.0, Statistic::Mean, 1).verdict, Verdict::Inconclusive);
        assert_eq!(of(&[], 10.0, Statistic::Mean, 1).verdict, Verdict::Inconclusive);
        assert_eq!(of(&[f64::NAN; 5], 10.0, Statistic::Mean, 1).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn without_scatter_values_must_be_equal() {
        assert_eq!(of(&[2.0; 5], 2.0, Statistic::Mean, 1).verdict, Verdict::Pass);
        assert_eq!(of(&[2.0; 5], 2.001, Statistic::Mean, 1).verdict, Verdict::Fail);
    }

    #[test]
    fn known_laws_give_the_scale() {
        let values = around(10.0, 2.0, 10_000);
        let mean = of(&values, 9.95, Statistic::MeanOfKnown { sd: 1.0 }, 1);
        assert!((mean.z - 5.0).abs() < 1e-9 && mean.verdict == Verdict::Fail);
        // sqrt(n) (S^2 / sigma^2 - 1) / sqrt(kurtosis - 1)
        let variance = of(&values, 3.9, Statistic::VarianceOfKnown { kurtosis: 3.0 }, 1);
        assert!((variance.simulated - 4.0).abs() < 1e-9);
        assert!((variance.z - 100.0 * (4.0 / 3.9 - 1.0) / 2f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_tolerance_is_taken_off_the_difference() {
        let row = |tolerance| {
            let observable = Observable { tolerance, ..observable(10.0, Statistic::Mean) };
            judge("case", "source", &observable, &around(10.1, 0.1, 100), 1)
        };
        assert_eq!(row(0.0).verdict, Verdict::Fail);
        assert_eq!((row(0.02).verdict, row(0.02).z), (Verdict::Pass, 0.0));
        assert!((row(0.005).z - 5.0).abs() < 1e-9);
    }
}
