//! Studies made up for tests: shaped like a network's and a cell's results.

use scenarios::tables::{Axis, Estimate, Point, SeriesSummary, StudyTables, SummaryRow};
use sim_core::stats::{Component, ComponentKind, Sketch};

/// Uniform numbers in 0..1 from a linear congruence: enough for jitter.
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn component(name: &str, kind: ComponentKind, entity: &'static str) -> Component {
    Component::new(name, kind, entity)
}

struct Builder(StudyTables);

impl Builder {
    /// `measure` is the metric, its statistic and its unit; `rel` the interval's half-width over the mean.
    fn row(&mut self, point: usize, component: &str, measure: [&str; 3], mean: f64, rel: f64) {
        let [metric, stat, unit] = measure;
        let half = mean * rel;
        let estimate = Estimate { mean, sd: half * 2.0, ci_low: mean - half, ci_high: mean + half, n: 20 };
        self.0.summary.push(SummaryRow {
            point,
            component: component.into(),
            metric: metric.into(),
            stat: stat.into(),
            estimate,
            unit: unit.into(),
        });
    }
    /// A series that settles at `level` with time constant `settle` s.
    fn series(&mut self, point: usize, name: &str, metric: &str, unit: &str, level: f64, settle: f64) {
        let bins = 500;
        let bin = self.0.end / f64::from(bins);
        let mut jitter = Jitter::new(name.len() as u64 + point as u64 * 977 + metric.len() as u64);
        let mean: Vec<f64> = (0..bins)
            .map(|k| level * (1.0 - (-f64::from(k) * bin / settle).exp()) * (1.0 + 0.08 * (jitter.next() - 0.5)))
            .collect();
        let half_width = mean.iter().map(|m| m * 0.05 + level * 0.01).collect();
        self.0.series.push(SeriesSummary {
            point,
            component: name.into(),
            metric: metric.into(),
            unit: unit.into(),
            bin,
            mean,
            half_width,
        });
    }
    /// Exponential times with this mean, in s.
    fn sojourns(&mut self, point: usize, name: &str, mean: f64, n: u32) {
        let mut sketch = Sketch::default();
        let mut jitter = Jitter::new(point as u64 + name.len() as u64);
        for _ in 0..n {
            sketch.add(((0.2 - (1.0 - jitter.next()).ln()) * mean * 1e12) as u64);
        }
        self.0.sojourns.push((point, name.into(), sketch));
    }
}

/// Packets through stages and links; swept by rate and by queue if `swept`.
pub(crate) fn network(swept: bool) -> StudyTables {
    let mut tables = StudyTables {
        name: "branch-office".into(),
        title: "Branch-office egress through a firewall, DLP and a 10 Mbit/s uplink".into(),
        warmup: 60.0,
        end: 600.0,
        replications: 20,
        confidence: 0.95,
        seed: 1,
        points: vec![Point { coordinates: vec![] }],
        ..StudyTables::default()
    };
    let rates = [5.0, 10.0, 20.0, 40.0, 80.0];
    if swept {
        let labels = rates.iter().map(|r| format!("{r} Mbit/s")).collect();
        tables.axes = vec![
            Axis {
                name: "link.uplink.rate".into(),
                unit: "Mbit/s".into(),
                labels,
                values: Some(rates.to_vec()),
                log: true,
            },
            Axis {
                name: "link.uplink.queue".into(),
                unit: String::new(),
                labels: vec!["fifo".into(), "codel".into(), "fq_codel".into()],
                values: None,
                log: false,
            },
        ];
        tables.points = (0..15).map(|i| Point { coordinates: vec![i / 3, i % 3] }).collect();
    }
    let flows = ["web", "backup", "voice"];
    let stations = ["gateway.fw", "gateway.dlp", "access", "uplink"];
    let kind = ComponentKind::Station { servers: 1, paced: false };
    tables.components.extend(stations.map(|s| component(s, kind, "packet")));
    tables.components.extend(flows.map(|f| component(f, ComponentKind::Flow, "packet")));
    let mut b = Builder(tables);
    for point in 0..b.0.points.len() {
        let rate = if swept { rates[point / 3] } else { 10.0 };
        let queue = 1.0 + (point % 3) as f64 * 0.3;
        for (i, name) in stations.into_iter().enumerate() {
            let busy = [0.031, 0.44, 0.12, (9.3 / rate).min(0.999)][i];
            b.row(point, name, ["utilization", "time_mean", "1"], busy, 0.03);
            b.row(point, name, ["throughput", "mean", "1/s"], 790.0, 0.01);
            b.row(point, name, ["occupancy", "time_mean", "packet"], busy / (1.02 - busy), 0.1);
            b.row(point, name, ["sojourn_time", "mean", "s"], busy / 90.0, 0.1);
            b.series(point, name, "throughput", "1/s", 790.0, 5.0);
            b.series(point, name, "occupancy", "packet", busy / (1.02 - busy) * queue, 30.0);
            b.series(point, name, "utilization", "1", busy, 5.0);
        }
        for (i, name) in flows.into_iter().enumerate() {
            let offered = [500.0, 240.0, 50.0][i];
            let share = (rate / 9.3).min(1.0);
            let delay = queue * 0.008 + queue * 0.1 / rate * (i + 1) as f64;
            b.row(point, name, ["throughput", "mean", "1/s"], offered * share, 0.02);
            b.row(point, name, ["bit_rate", "mean", "bit/s"], offered * share * 8e3, 0.02);
            b.row(point, name, ["loss_ratio", "mean", "1"], 1.0 - share, 0.1);
            b.row(point, name, ["sojourn_time", "mean", "s"], delay, 0.05);
            b.row(point, name, ["sojourn_time", "p99", "s"], delay * 4.0, 0.12);
            b.series(point, name, "throughput", "1/s", offered * share, 2.0);
            b.sojourns(point, name, delay, 20_000);
        }
    }
    b.0
}

/// Molecules through pathways; swept by dose if `swept`.
pub(crate) fn biology(swept: bool) -> StudyTables {
    let mut tables = StudyTables {
        name: "pgp-efflux".into(),
        title: "P-glycoprotein efflux of a drug, with an inhibitor dose series".into(),
        warmup: 3600.0,
        end: 5400.0,
        replications: 200,
        confidence: 0.95,
        seed: 7,
        points: vec![Point { coordinates: vec![] }],
        ..StudyTables::default()
    };
    let doses: Vec<f64> = (0..10).map(|i| 0.1 * libm_pow(1000.0, f64::from(i) / 9.0)).collect();
    if swept {
        tables.axes = vec![Axis {
            name: "intervention.dose.value".into(),
            unit: "uM".into(),
            labels: doses.iter().map(|d| format!("{d:.3} uM")).collect(),
            values: Some(doses.clone()),
            log: true,
        }];
        tables.points = (0..doses.len()).map(|i| Point { coordinates: vec![i] }).collect();
    }
    let population = ComponentKind::Population { initial: 0.0, tagged: true };
    tables.components = vec![
        component("cell.drug", population, "molecule"),
        component("leak", ComponentKind::Pathway { saturable: false }, "molecule"),
        component("pgp", ComponentKind::Pathway { saturable: true }, "molecule"),
    ];
    let mut b = Builder(tables);
    let points = if swept { doses } else { vec![1.0] };
    for (point, dose) in points.into_iter().enumerate() {
        let inhibited = dose / (dose + 1.2);
        b.row(point, "cell.drug", ["occupancy", "time_mean", "molecule"], 120.0 + 480.0 * inhibited, 0.03);
        b.row(point, "cell.drug", ["sojourn_time", "mean", "s"], 900.0 + 2000.0 * inhibited, 0.03);
        b.row(point, "cell.drug", ["sojourn_time", "p99", "s"], 4200.0 + 8000.0 * inhibited, 0.05);
        b.row(point, "pgp", ["throughput", "mean", "1/s"], 0.09 * (1.0 - inhibited), 0.06);
        b.row(point, "leak", ["throughput", "mean", "1/s"], 0.02 + 0.05 * inhibited, 0.05);
        b.row(point, "pgp", ["utilization", "time_mean", "1"], 0.2 * (1.0 - 0.8 * inhibited), 0.04);
        b.series(point, "cell.drug", "occupancy", "molecule", 120.0 + 480.0 * inhibited, 700.0);
        b.series(point, "leak", "throughput", "1/s", 0.02 + 0.05 * inhibited, 700.0);
        b.series(point, "pgp", "throughput", "1/s", 0.09 * (1.0 - inhibited), 500.0);
        b.series(point, "pgp", "utilization", "1", 0.2, 500.0);
        b.sojourns(point, "cell.drug", 900.0 + 2000.0 * inhibited, 3000);
    }
    b.0
}

fn libm_pow(x: f64, y: f64) -> f64 {
    (y * x.ln()).exp()
}

/// Forty stations and flows with names that no column holds.
pub(crate) fn crowded() -> StudyTables {
    let mut tables = network(true);
    let long =
        |i: usize, name: &str| format!("rack-{i:02}.a-rather-long-prefix-for-anything.{name} & <co> {}", "x".repeat(i));
    let (components, summary, series) = (tables.components.clone(), tables.summary.clone(), tables.series.clone());
    for i in 0..8 {
        tables.components.extend(components.iter().map(|c| Component { name: long(i, &c.name), ..c.clone() }));
        tables.summary.extend(summary.iter().map(|r| SummaryRow { component: long(i, &r.component), ..r.clone() }));
        tables.series.extend(series.iter().map(|s| SeriesSummary { component: long(i, &s.component), ..s.clone() }));
    }
    for (axis, labels) in tables.axes.iter_mut().enumerate() {
        labels.name = format!("link.{}.of.the.first.axis.{axis}", "a-very-long-swept-path".repeat(4));
        labels.labels.iter_mut().for_each(|l| *l = format!("{l}{}", " and-so-on".repeat(6)));
    }
    tables
}
