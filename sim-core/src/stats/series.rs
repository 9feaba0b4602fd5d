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
    /// Components that have rows of their own kind.
    tracked: Vec<Tracked>,
    /// By row.
    sources: Vec<RowSource>,
}

/// Where the values of a row come from.
#[derive(Clone, Copy)]
enum RowSource {
    /// What is tracked, by index.
    Tracked(usize),
    /// An extra measure: its index among those of its component, and its running total.
    Extra(usize, u128),
}

/// A component at the last edge and at this one.
struct Tracked {
    component: usize,
    previous: Snapshot,
    now: Snapshot,
    /// Servers of a station, and whether it is paced.
    servers: (f64, bool),
    /// How far its budgets were used.
    budgets: Vec<u64>,
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
        let beginning = Statistics::new(components);
        let mut tracked: Vec<Tracked> = Vec::new();
        let mut sources = Vec::new();
        for row in &rows {
            let component = row.component as usize;
            if tracked.last().is_none_or(|t| t.component != component) {
                let servers = match components[component].kind {
                    ComponentKind::Station { servers, paced } => (f64::from(servers), paced),
                    _ => (1.0, false),
                };
                let at_zero = beginning.snapshot_of(component);
                tracked.push(Tracked { component, previous: at_zero, now: at_zero, servers, budgets: Vec::new() });
            }
            sources.push(RowSource::Tracked(tracked.len() - 1));
        }
        for (i, c) in components.iter().enumerate() {
            for (k, e) in c.extras.iter().enumerate().filter(|(_, e)| matches!(e.form, Form::Rate | Form::Level)) {
                let values = Vec::with_capacity(window.bins as usize);
                rows.push(SeriesRow { component: i as u32, metric: e.metric, unit: e.unit, values });
                sources.push(RowSource::Extra(k, 0));
            }
        }
        let bin = window.end.as_secs_f64() / f64::from(window.bins);
        Self { window, series: Series { bin, rows }, tracked, sources }
    }
    /// The upper edge of bin `k` - 1.
    pub(super) fn edge(&self, k: u32) -> SimTime {
        let ticks = u128::from(self.window.end.ticks()) * u128::from(k) / u128::from(self.window.bins);
        SimTime::from_ticks(ticks as u64)
    }
    pub(super) fn record(&mut self, statistics: &Statistics) {
        for tracked in &mut self.tracked {
            tracked.now = statistics.snapshot_of(tracked.component);
        }
        let seconds = self.series.bin;
        let ticks = seconds * TICKS_PER_SECOND as f64;
        for (row, source) in self.series.rows.iter_mut().zip(&mut self.sources) {
            let further = &statistics.further[row.component as usize];
            let value = match source {
                RowSource::Extra(k, before) => {
                    let tally = &further.extras[*k];
                    let total = tally.running();
                    let over = if tally.extra.form == Form::Level { ticks } else { seconds };
                    let value = (total - *before) as f64 * tally.extra.scale / over;
                    *before = total;
                    value
                }
                RowSource::Tracked(t) => self.tracked[*t].value(row.metric, further.budgets(), seconds),
            };
            row.values.push(value);
        }
        for tracked in &mut self.tracked {
            tracked.previous = tracked.now;
            tracked.budgets.clear();
            tracked.budgets.extend_from_slice(statistics.further[tracked.component].budgets());
        }
    }
}

impl Tracked {
    /// What `metric` was in the bin of so many `seconds` that ends now; how far `budgets` have been used now.
    fn value(&self, metric: &str, budgets: &[u64], seconds: f64) -> f64 {
        let ticks = seconds * TICKS_PER_SECOND as f64;
        match (self.previous, self.now, metric) {
            (Snapshot::Entities(a), Snapshot::Entities(b), "throughput") => {
                (b.departures - a.departures) as f64 / seconds
            }
            (Snapshot::Entities(a), Snapshot::Entities(b), "occupancy") => (b.area - a.area) as f64 / ticks,
            (Snapshot::Entities(a), Snapshot::Entities(b), _) => {
                let (servers, paced) = self.servers;
                let busy = if paced { b.service - a.service } else { b.busy - a.busy };
                most_used(budgets, &self.budgets, ticks).max(busy as f64 / ticks / servers)
            }
            (Snapshot::Level(a), Snapshot::Level(b), "throughput") => (b.outward - a.outward) / seconds,
            (Snapshot::Level(a), Snapshot::Level(b), _) => (b.area - a.area) / ticks,
            _ => unreachable!("a component keeps its kind"),
        }
    }
}
