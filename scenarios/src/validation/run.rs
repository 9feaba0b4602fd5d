//! Runs cases: every replication of every case is a job of its own, and results are put together in their order.

use std::sync::atomic::{AtomicU64, Ordering};

use models::Registry;
use rayon::prelude::*;
use serde::Serialize;
use sim_core::rng::Streams;
use sim_core::stats::{Component, RunRecord};

use super::case::{Case, Quantity};
use super::judge::{Row, Verdict, judge};
use crate::scenario::{Scenario, Source};
use crate::study::Progress;
use crate::text::render;

/// How cases are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Instead of the seed of each case.
    pub seed: Option<u64>,
    /// Instead of each case's number of replications.
    pub replications: Option<u32>,
    /// Threads; 0 for as many as there are processors. Results do not depend on it.
    pub threads: usize,
}

/// What came out of a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    /// Name of the case.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The comparisons.
    pub rows: Vec<Row>,
    /// Runs made.
    pub runs: usize,
    /// Comparisons that the runs made by themselves: conservation, Little's law, the utilization law.
    pub checks: u64,
    /// What went wrong in runs, or why there were none; empty if all is well.
    pub violations: Vec<String>,
}

impl CaseResult {
    /// The worst verdict of its rows; it fails if anything was violated.
    pub fn verdict(&self) -> Verdict {
        let worst = self.rows.iter().map(|r| r.verdict).max().unwrap_or(Verdict::Inconclusive);
        if self.violations.is_empty() { worst } else { Verdict::Fail }
    }
}

/// Runs `cases` and judges them as one table.
pub fn run(cases: &[Case], registry: &Registry, options: Options, progress: &dyn Progress) -> Vec<CaseResult> {
    let work = || {
        let jobs: Vec<Result<Prepared<'_>, String>> = cases.par_iter().map(|c| prepare(c, registry, options)).collect();
        let runs: Vec<(&Prepared<'_>, usize, u64)> = jobs.iter().flatten().flat_map(Prepared::runs).collect();
        let (done, events) = (AtomicU64::new(0), AtomicU64::new(0));
        let one = |&(case, point, replication): &(&Prepared<'_>, usize, u64)| {
            let outcome = case.run(point, replication);
            let events = events.fetch_add(outcome.events, Ordering::Relaxed) + outcome.events;
            progress.runs(done.fetch_add(1, Ordering::Relaxed) + 1, runs.len() as u64, events);
            outcome
        };
        let mut outcomes = runs.par_iter().map(one).collect::<Vec<Outcome>>().into_iter();
        let rows = cases.iter().map(|c| c.observables.len()).sum();
        let finish = |(case, job): (&Case, &Result<Prepared<'_>, String>)| match job {
            Ok(prepared) => prepared.finish(&mut outcomes, rows),
            Err(why) => nothing(case, why.clone()),
        };
        cases.iter().zip(&jobs).map(finish).collect()
    };
    match rayon::ThreadPoolBuilder::new().num_threads(options.threads).build() {
        Ok(pool) => pool.install(work),
        // No threads to be had: the caller's own do as well.
        Err(_) => work(),
    }
}

fn nothing(case: &Case, why: String) -> CaseResult {
    let violations = vec![why];
    CaseResult { id: case.id.to_owned(), title: case.title.clone(), rows: Vec::new(), runs: 0, checks: 0, violations }
}

/// A case with its systems.
struct Prepared<'a> {
    case: &'a Case,
    scenario: Scenario,
    seed: u64,
}

/// What is kept of one run.
struct Outcome {
    /// Values of the observables of its point, in their order.
    values: Vec<f64>,
    events: u64,
    checks: u32,
    violations: Vec<String>,
}

fn prepare<'a>(case: &'a Case, registry: &Registry, options: Options) -> Result<Prepared<'a>, String> {
    let source = Source::Text { name: format!("{}.toml", case.id), text: case.scenario.to_owned() };
    let mut overrides = case.overrides(options.seed);
    overrides.replications = options.replications.or(overrides.replications);
    let scenario =
        Scenario::load(&source, &overrides, registry).map_err(|e| render(&e.diagnostics, &e.sources, false))?;
    let points = scenario.plan().points;
    let components = |point: usize| scenario.system(point).components();
    if let Some(wrong) = case.observables.iter().find(|o| {
        let (Quantity::Measure { component, .. } | Quantity::SquaredDeviation { component, .. }) = o.quantity;
        o.point >= points || components(o.point).iter().all(|c| c.name != component)
    }) {
        return Err(format!("nothing to measure `{}` at", wrong.name));
    }
    let seed = scenario.seed().unwrap_or_default();
    Ok(Prepared { case, scenario, seed })
}

impl Prepared<'_> {
    fn runs(&self) -> impl Iterator<Item = (&Self, usize, u64)> {
        let plan = self.scenario.plan();
        (0..plan.points).flat_map(move |p| (0..u64::from(plan.replications)).map(move |r| (self, p, r)))
    }

    fn run(&self, point: usize, replication: u64) -> Outcome {
        let system = self.scenario.system(point);
        let label = |text: String| format!("{}, replication {replication}: {text}", self.place(point));
        match system.run(Streams::new(self.seed, replication), self.scenario.window(point)) {
            Err(e) => Outcome { values: Vec::new(), events: 0, checks: 0, violations: vec![label(e.to_string())] },
            Ok(record) => Outcome {
                values: self.observed(point, system.components(), &record),
                events: record.events,
                checks: record.checks.made,
                violations: record.checks.violations.into_iter().map(label).collect(),
            },
        }
    }

    fn place(&self, point: usize) -> String {
        let axes = self.scenario.axes().iter().zip(&self.scenario.points()[point].coordinates);
        let axes: Vec<String> = axes.map(|(a, &i)| format!("{} = {}", a.name, a.labels[i])).collect();
        [vec![self.case.id.to_owned()], axes].concat().join(", ")
    }

    fn observed(&self, point: usize, components: &[Component], record: &RunRecord) -> Vec<f64> {
        let here = self.case.observables.iter().filter(|o| o.point == point);
        here.map(|o| value(o.quantity, components, record)).collect()
    }

    /// Takes this case's outcomes off the front and judges them.
    fn finish(&self, outcomes: &mut impl Iterator<Item = Outcome>, rows: usize) -> CaseResult {
        let plan = self.scenario.plan();
        let mut result = nothing(self.case, String::new());
        result.violations.clear();
        let mut judged: Vec<(usize, Row)> = Vec::new();
        for point in 0..plan.points {
            let outcomes: Vec<Outcome> = outcomes.by_ref().take(plan.replications as usize).collect();
            let here = self.case.observables.iter().enumerate().filter(|(_, o)| o.point == point);
            for (k, (index, observable)) in here.enumerate() {
                let values: Vec<f64> = outcomes.iter().filter_map(|o| o.values.get(k).copied()).collect();
                judged.push((index, judge(self.case.id, self.case.source, observable, &values, rows)));
            }
            result.runs += outcomes.len();
            result.checks += outcomes.iter().map(|o| u64::from(o.checks)).sum::<u64>();
            result.violations.extend(outcomes.into_iter().flat_map(|o| o.violations));
        }
        judged.sort_by_key(|(index, _)| *index);
        result.rows = judged.into_iter().map(|(_, row)| row).collect();
        result
    }
}

/// The value of a quantity in a run; NaN if it is not measured.
fn value(quantity: Quantity, components: &[Component], record: &RunRecord) -> f64 {
    let measure = |component: &str, metric: &str, stat: &str| {
        let at = |m: &&sim_core::stats::Measure| {
            components[m.component as usize].name == component && m.metric == metric && m.stat == stat
        };
        record.measures.iter().find(at).map_or(f64::NAN, |m| m.value)
    };
    match quantity {
        Quantity::Measure { component, metric, stat } => measure(component, metric, stat),
        Quantity::SquaredDeviation { component, mean } => {
            let (average, sd) = (measure(component, "occupancy", "time_mean"), measure(component, "occupancy", "sd"));
            sd * sd + (average - mean) * (average - mean)
        }
    }
}
