//! Series over bins of equal width: differences of running totals at the edges, so they cost nothing an event.

use super::component::{Component, ComponentKind};
use super::statistics::{Snapshot, Statistics, snapshot};
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
    /// `throughput`, `occupancy` or `utilization`.
    pub metric: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// One value a bin: a mean over the bin.
    pub values: Vec<f64>,
}

/// Turns running totals at the edges of bins into series.
pub(super) struct Recorder {
    window: Window,
    pub(super) series: Series,
    previous: Vec<Snapshot>,
    servers: Vec<f64>,
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
                ComponentKind::Population { .. } => add(i, "occupancy", c.entity),
                ComponentKind::Pathway { saturable } => {
                    add(i, "throughput", "1/s");
                    if saturable {
                        add(i, "utilization", "1");
                    }
                }
            }
        }
        let previous = Statistics::new(components).tallies.iter().map(snapshot).collect();
        let servers = components
            .iter()
            .map(|c| if let ComponentKind::Station { servers } = c.kind { f64::from(servers) } else { 1.0 })
            .collect();
        let bin = window.end.as_secs_f64() / f64::from(window.bins);
        Self { window, series: Series { bin, rows }, previous, servers }
    }
    /// The upper edge of bin `k` - 1.
    pub(super) fn edge(&self, k: u32) -> SimTime {
        let ticks = u128::from(self.window.end.ticks()) * u128::from(k) / u128::from(self.window.bins);
        SimTime::from_ticks(ticks as u64)
    }
    pub(super) fn record(&mut self, statistics: &Statistics) {
        let now: Vec<Snapshot> = statistics.tallies.iter().map(snapshot).collect();
        let seconds = self.series.bin;
        let ticks = seconds * TICKS_PER_SECOND as f64;
        for row in &mut self.series.rows {
            let i = row.component as usize;
            let value = match (self.previous[i], now[i], row.metric) {
                (Snapshot::Entities(a), Snapshot::Entities(b), "throughput") => {
                    (b.departures - a.departures) as f64 / seconds
                }
                (Snapshot::Entities(a), Snapshot::Entities(b), "occupancy") => (b.area - a.area) as f64 / ticks,
                (Snapshot::Entities(a), Snapshot::Entities(b), _) => (b.busy - a.busy) as f64 / ticks / self.servers[i],
                (Snapshot::Level(a), Snapshot::Level(b), "throughput") => (b.outward - a.outward) as f64 / seconds,
                (Snapshot::Level(a), Snapshot::Level(b), _) => (b.area - a.area) / ticks,
                _ => unreachable!("a component keeps its kind"),
            };
            row.values.push(value);
        }
        self.previous = now;
    }
}
