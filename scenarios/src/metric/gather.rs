//! Gathers the readings of all metrics, run by run.

use super::{Named, View};
use crate::results::record::StoredRun;
use crate::tables::{MetricTable, StudyTables};

/// What a metric read of the replications of a point.
pub(super) type Readings = Vec<Option<Vec<f64>>>;

/// The readings so far, by metric and point, those of varied parameters included.
#[derive(Debug)]
pub(crate) struct Gathered<'a> {
    metrics: &'a [Named],
    readings: Vec<Vec<Readings>>,
}

impl<'a> Gathered<'a> {
    /// Nothing yet, of so many points.
    pub(crate) fn new(metrics: &'a [Named], points: usize) -> Self {
        Self { metrics, readings: vec![vec![Vec::new(); points]; metrics.len()] }
    }
    /// Takes in the next replication of a point; none if it is missing.
    pub(crate) fn add(&mut self, point: usize, run: Option<&StoredRun>) {
        let run = run.filter(|r| r.error.is_none());
        for (named, readings) in self.metrics.iter().zip(&mut self.readings) {
            readings[point].push(run.map(|r| named.metric.readings(r)));
        }
    }
    /// Keeps the first replication of a point only: the others are the same.
    pub(crate) fn keep_first(&mut self, point: usize) {
        for readings in &mut self.readings {
            let first = readings[point].iter().position(Option::is_some).unwrap_or(0);
            readings[point].drain(..first);
            readings[point].truncate(1);
        }
    }
    /// What all metrics come to in a study whose other tables are `tables`.
    pub(crate) fn finish(self, tables: &StudyTables) -> Vec<MetricTable> {
        let tell = |(named, readings): (&Named, &Vec<Readings>)| {
            let mut table =
                MetricTable { name: named.name.clone(), kind: named.kind.clone(), ..MetricTable::default() };
            let view = View {
                name: &named.name,
                axes: &tables.axes,
                points: &tables.points,
                confidence: tables.confidence,
                seed: tables.seed,
                readings,
                pairs: &named.pairs,
            };
            named.metric.tell(&view, &mut table);
            table
        };
        self.metrics.iter().zip(&self.readings).map(tell).collect()
    }
}
