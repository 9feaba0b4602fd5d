//! The laws that biological systems must follow, from scenario text to measures.

mod carriers;
mod chain;
mod channels;
mod conditions;
mod determinism;
mod dwell;
mod endocytosis;
mod enzymes;
mod errors;
mod granules;
mod interventions;
mod ions;
mod mean;
mod mean_delays;
mod observables;
mod pathways;
mod reactions;
mod release_sites;
mod sensor;
mod states;
mod toml;
mod transport;
mod turns;
mod variables;
mod waveforms;

use std::path::Path;

use sim_core::SimTime;
use sim_core::config::{Diagnostics, Table, check};
use sim_core::rng::Streams;
use sim_core::stats::{RunRecord, Sketch, Window};

use crate::registry::registry;
use crate::{BuildContext, System};

/// The checked tables of `text`.
fn tables(text: &str) -> Result<Table, Diagnostics> {
    let mut findings = Diagnostics::default();
    let sections = [crate::sections(), vec![crate::network::traffic::fixture::run_section()]].concat();
    let table = check(&toml::read(text), &sections, &registry(), &mut findings);
    if findings.has_errors() { Err(findings) } else { Ok(table) }
}

fn build(text: &str) -> Result<Box<dyn System>, Diagnostics> {
    let registry = registry();
    let context = BuildContext::new(&registry, Path::new("."));
    crate::build(&tables(text)?, &context)
}

fn system(text: &str) -> Box<dyn System> {
    build(text).unwrap_or_else(|e| panic!("{:#?}", e.iter().collect::<Vec<_>>()))
}

fn window(warmup: f64, end: f64, bins: u32) -> Window {
    let at = |s: f64| SimTime::from_ticks((s * 1e12) as u64);
    Window { warmup: at(warmup), end: at(end), bins }
}

/// Replication `rep`, measured from `warmup` to `end` (s).
fn run(system: &dyn System, rep: u64, warmup: f64, end: f64) -> RunRecord {
    let record = system.run(Streams::new(1, rep), window(warmup, end, 1)).unwrap();
    assert_eq!(record.checks.violations, Vec::<String>::new());
    record
}

fn measure(system: &dyn System, record: &RunRecord, component: &str, metric: &str, stat: &str) -> f64 {
    let at = system.components().iter().position(|c| c.name == component).expect(component) as u32;
    let found = record.measures.iter().find(|m| (m.component, m.metric, m.stat) == (at, metric, stat));
    found.unwrap_or_else(|| panic!("no {metric} {stat} at {component}")).value
}

/// The count of `component` at `end` in each of `n` replications.
fn final_counts(system: &dyn System, component: &str, n: u64, end: f64) -> Vec<f64> {
    (0..n).map(|rep| measure(system, &run(system, rep, 0.0, end), component, "in_system", "mean")).collect()
}

/// A reference law by its moments; `kurtosis` is the fourth standardized moment.
#[derive(Clone, Copy, Debug)]
struct Moments {
    mean: f64,
    variance: f64,
    kurtosis: f64,
}

impl Moments {
    fn binomial(n: f64, p: f64) -> Self {
        let variance = n * p * (1.0 - p);
        Self { mean: n * p, variance, kurtosis: 3.0 + (1.0 - 6.0 * p * (1.0 - p)) / variance }
    }
    fn poisson(mean: f64) -> Self {
        Self { mean, variance: mean, kurtosis: 3.0 + 1.0 / mean }
    }
    /// Of weights over 0, 1, 2, ...
    fn of(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let expect =
            |f: &dyn Fn(f64) -> f64| weights.iter().zip(0..).map(|(w, n)| w * f(f64::from(n))).sum::<f64>() / total;
        let mean = expect(&|n| n);
        let variance = expect(&|n| (n - mean).powi(2));
        Self { mean, variance, kurtosis: expect(&|n| (n - mean).powi(4)) / variance.powi(2) }
    }

    /// Mean and variance of a sample within four standard errors.
    fn assert(self, sample: &[f64], what: &str) {
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let z = n.sqrt() * (mean - self.mean) / self.variance.sqrt();
        let y = n.sqrt() * (variance / self.variance - 1.0) / (self.kurtosis - 1.0).sqrt();
        assert!(z.abs() < 4.0, "{what}: mean {mean} is not {} (z = {z})", self.mean);
        assert!(y.abs() < 4.0, "{what}: variance {variance} is not {} (y = {y})", self.variance);
    }
}
