//! Series over bins of equal width: differences of running totals at the edges, so they cost nothing an event.

use super::component::{Component, ComponentKind};
use super::extra::Form;
use super::statistics::{Snapshot, Statistics, most_used};
use super::window::Window;
use crate::time::{SimTime, TICKS_PER_SECOND};

/// Series over bins of equal width.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The width of a bin, in s.
    pub bin: f64,
    /// One row a component and metric.
    pub rows: Vec<SeriesRow>,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// Index of the component.
    pub component: u32,
    /// `throughput`, `occupancy`, `utilization`, `value`, or that of an extra measure.
    pub metric: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// One value a bin: a mean over the bin.
    pub values: Vec<f64>,
}

/// The series that a run of a system with these `components` has, without values.
pub fn series_of(components: &[Component]) -> Vec<SeriesRow> {
    Recorder::new(components, Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 1 }).series.rows
}

/// Turns running totals at the edges of bins into series.
pub(super) struct Recorder {
    window: Window,
    pub(super) series: Series,
    previous: Vec<Snapshot>,
    now: Vec<Snapshot>,
    /// Servers of a station, and whether it is paced.
    servers: Vec<(f64, bool)>,
    /// How far the budgets of a component were used.
    budgets: Vec<Vec<u64>>,
    /// Of each row that is an extra's: its index among those of its component, and its running total.
    extras: Vec<Option<(usize, u128)>>,
}

impl Recorder {
    pub(super) fn new(components: &[Component], window: Window) -> Self {
        let mut rows = Vec::new();
        let mut add = |component: usize, metric, unit| {
            rows.push(SeriesRow {
                component: component as u32,
                metric,
                unit,
                values: Vec::with_capacity(window.bins as usize),
            });
        };
        for (i, c) in components.iter().enumerate() {
            match c.kind {
                ComponentKind::Station { .. } => {
                    add(i, "throughput", "1/s");
                    add(i, "occupancy", c.entity);
                    add(i, "utilization", "1");
                }
                ComponentKind::Flow => {
                    add(i, "throughput", "1/s");
                    add(i, "occupancy", c.entity);
                }
                ComponentKind::Gate => add(i, "throughput", "1/s"),
                ComponentKind::Exit { .. }
                | ComponentKind::Sample { .. }
                | ComponentKind::Passed { .. }
                | ComponentKind::Dwell { .. }
                | ComponentKind::Share
                | ComponentKind::Asked => {}
                ComponentKind::Population { .. } => add(i, "occupancy", c.entity),
                ComponentKind::Variable => add(i, "value", c.entity),
                ComponentKind::Pathway { saturable } => {
                    add(i, "throughput", "1/s");
                    if saturable {
                        add(i, "utilization", "1");
                    }
                }
            }
        }
        let mut extras = vec![None; rows.len()];
        for (i, c) in components.iter().enumerate() {
            for (k, e) in c.extras.iter().enumerate().filter(|(_, e)| matches!(e.form, Form::Rate | Form::Level)) {
                let values = Vec::with_capacity(window.bins as usize);
                rows.push(SeriesRow { component: i as u32, metric: e.metric, unit: e.unit, values });
                extras.push(Some((k, 0)));
            }
        }
        let previous = Statistics::new(components).snapshot();
        let servers = components
            .iter()
            .map(|c| match c.kind {
                ComponentKind::Station { servers, paced } => (f64::from(servers), paced),
                _ => (1.0, false),
            })
            .collect();
        let bin = window.end.as_secs_f64() / f64::from(window.bins);
        let budgets = vec![Vec::new(); components.len()];
        Self { window, series: Series { bin, rows }, previous, now: Vec::new(), servers, budgets, extras }
    }
    /// The upper edge of bin `k` - 1.
    pub(super) fn edge(&self, k: u32) -> SimTime {
        let ticks = u128::from(self.window.end.ticks()) * u128::from(k) / u128::from(self.window.bins);
        SimTime::from_ticks(ticks as u64)
    }
    pub(super) fn record(&mut self, statistics: &Statistics) {
        statistics.take_snapshot(&mut self.now);
        let now = &self.now;
        let seconds = self.series.bin;
        let ticks = seconds * TICKS_PER_SECOND as f64;
        for (row, extra) in self.series.rows.iter_mut().zip(&mut self.extras) {
            let i = row.component as usize;
            if let Some((k, before)) = extra {
                let tally = &statistics.further[i].extras[*k];
                let total = tally.running();
                let over = if tally.extra.form == Form::Level { ticks } else { seconds };
                row.values.push((total - *before) as f64 * tally.extra.scale / over);
                *before = total;
                continue;
            }
            let value = match (self.previous[i], now[i], row.metric) {
                (Snapshot::Entities(a), Snapshot::Entities(b), "throughput") => {
                    (b.departures - a.departures) as f64 / seconds
                }
                (Snapshot::Entities(a), Snapshot::Entities(b), "occupancy") => (b.area - a.area) as f64 / ticks,
                (Snapshot::Entities(a), Snapshot::Entities(b), _) => {
                    let (servers, paced) = self.servers[i];
                    let busy = if paced { b.service - a.service } else { b.busy - a.busy };
                    let used = most_used(statistics.further[i].budgets(), &self.budgets[i], ticks);
                    used.max(busy as f64 / ticks / servers)
                }
                (Snapshot::Level(a), Snapshot::Level(b), "throughput") => (b.outward - a.outward) / seconds,
                (Snapshot::Level(a), Snapshot::Level(b), _) => (b.area - a.area) / ticks,
                _ => unreachable!("a component keeps its kind"),
            };
            row.values.push(value);
        }
        for (before, further) in self.budgets.iter_mut().zip(&statistics.further) {
            before.clear();
            before.extend_from_slice(further.budgets());
        }
        std::mem::swap(&mut self.previous, &mut self.now);
    }
}
