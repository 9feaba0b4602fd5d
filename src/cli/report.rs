//! The numbers of a study on the terminal: a table for each kind of component, every mean with its interval.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

use scenarios::attribution::{CAUSES, Piece, groups, pieces};
use scenarios::plan::Plan;
use scenarios::study::Outcome;
use scenarios::summary::bottlenecks;
use scenarios::tables::{Estimate, StudyTables, SummaryRow};
use sim_core::stats::{Component, ComponentKind};

use super::metrics::metrics;
use super::number::{Unit, aligned, significant};

/// Components of a table at most, and at least where a sweep has many points.
const COMPONENTS: (usize, usize) = (12, 3);
/// A part of a delay that is less than this says little.
const PART_MIN: f64 = 0.02;
/// Points that are shown.
const POINTS_MAX: usize = 12;
/// What is told in percent.
const SHARES: [&str; 7] =
    ["utilization", "loss_ratio", "exit_share", "time_share", "passage_share", "exceedance", "availability"];
/// What is served in fluid networks.
const TRANSFER: &str = "transfer";
/// What lost segments cost.
const RESENT: &str = "retransmission_delay";
/// The end of the names of flows of acknowledgements.
const ACKS: &str = ".acks";
/// Characters of a point's label.
const LABEL_MAX: usize = 28;

/// What is shown of a component: metric, stat, heading.
type Column = (&'static str, &'static str, &'static str);

/// A table: of which components, and what of them.
struct Class {
    /// The heading of the names, and what those are called that are not shown.
    name: (&'static str, &'static str),
    holds: fn(&Component) -> bool,
    columns: &'static [Column],
    /// The metrics by which the first to be shown are chosen, where there are too many; without any, the first there are.
    by: &'static [(&'static str, &'static str)],
    /// Rows at most, where [`COMPONENTS`] leaves a choice; the files have all.
    rows: usize,
}

const CLASSES: [Class; 10] = [
    Class {
        name: ("flow", "flows with less throughput"),
        holds: |c| c.kind == ComponentKind::Flow,
        columns: &[
            ("bit_rate", "mean", "throughput"),
            ("goodput", "mean", "goodput"),
            ("lost", "mean", "lost"),
            ("sojourn_time", "mean", "delay"),
            ("sojourn_time", "p99", "p99 of delay"),
            ("flow_completion_time", "mean", "completion"),
            ("flow_completion_time", "p99", "p99 of completion"),
            ("slowdown", "mean", "slowdown"),
            ("round_trip_time", "mean", "round trip"),
            ("rto", "time_mean", "rto"),
            ("loss_ratio", "mean", "loss"),
        ],
        by: &[("bit_rate", "mean"), ("goodput", "mean")],
        rows: 30,
    },
    Class {
        name: ("link or stage", "less utilized links and stages"),
        holds: |c| matches!(c.kind, ComponentKind::Station { .. } | ComponentKind::Gate) || is_fluid_link(c),
        columns: &[
            ("utilization", "time_mean", "utilization"),
            ("bit_rate", "mean", "throughput"),
            ("occupancy", "time_mean", "occupancy"),
            ("sojourn_time", "mean", "delay"),
            ("sojourn_time", "p99", "p99 of delay"),
            ("loss_ratio", "mean", "loss"),
            ("availability", "time_mean", "availability"),
            ("failures", "mean", "failures"),
        ],
        by: &[("utilization", "time_mean"), ("bit_rate", "mean")],
        rows: 15,
    },
    Class {
        name: ("species", "species with less throughput"),
        holds: |c| matches!(c.kind, ComponentKind::Population { .. }),
        columns: &[
            ("occupancy", "time_mean", "occupancy"),
            ("throughput", "mean", "throughput"),
            ("sojourn_time", "mean", "residence"),
            ("sojourn_time", "p99", "p99 of residence"),
        ],
        by: &[("throughput", "mean")],
        rows: 30,
    },
    Class {
        name: ("pathway", "less utilized pathways"),
        holds: |c| matches!(c.kind, ComponentKind::Pathway { .. }) && !is_fluid_link(c),
        columns: &[
            ("utilization", "time_mean", "utilization"),
            ("throughput", "mean", "throughput"),
            ("influx", "mean", "influx"),
            ("net_flux", "mean", "net flux"),
        ],
        by: &[("utilization", "time_mean"), ("throughput", "mean")],
        rows: 30,
    },
    Class {
        name: ("variable", "other variables"),
        holds: |c| c.kind == ComponentKind::Variable,
        columns: &[("value", "time_mean", "mean over time"), ("value", "mean", "at the end")],
        by: &[],
        rows: 30,
    },
    Class {
        name: ("exit", "exits that fewer take"),
        holds: |c| matches!(c.kind, ComponentKind::Exit { .. }),
        columns: &[
            ("exit_share", "mean", "share"),
            ("throughput", "mean", "throughput"),
            ("sojourn_time", "mean", "residence"),
            ("sojourn_time", "p99", "p99 of residence"),
        ],
        by: &[("throughput", "mean")],
        rows: 30,
    },
    Class {
        name: ("stay", "stays that are rarer"),
        holds: |c| matches!(c.kind, ComponentKind::Dwell { .. }),
        columns: &[
            ("sojourn_time", "mean", "stay"),
            ("sojourn_time", "sd", "its sd"),
            ("openings", "mean", "openings"),
            ("departures", "mean", "number"),
        ],
        by: &[("departures", "mean")],
        rows: 30,
    },
    Class {
        name: ("count at a time", "counts at other times"),
        holds: |c| matches!(c.kind, ComponentKind::Sample { .. }),
        columns: &[
            ("count", "mean", "count"),
            ("availability", "mean", "availability"),
            ("average_queue", "mean", "average queue"),
            ("drop_probability", "mean", "drop probability"),
            ("cwnd", "mean", "cwnd"),
            ("srtt", "mean", "srtt"),
            ("rttvar", "mean", "rttvar"),
            ("rto", "mean", "rto"),
        ],
        by: &[],
        rows: 30,
    },
    Class {
        name: ("asked", "rarer states and further passages"),
        holds: |c| c.kind == ComponentKind::Asked,
        columns: &[
            ("time_share", "time_mean", "share of the time"),
            ("passage_share", "mean", "came to pass"),
            ("first_passage_time", "mean", "first passage"),
            ("first_passage_time", "lower", "first passage at least"),
            ("first_passage_time", "p50", "median first passage"),
            ("passage_time", "mean", "passage"),
            ("passage_time", "lower", "passage at least"),
            ("passage_time", "p50", "median passage"),
            ("interval", "mean", "interval"),
            ("interval", "sd", "its sd"),
            ("exceedance", "mean", "share that is longer"),
            ("percentile", "mean", "percentile"),
        ],
        by: &[("time_share", "time_mean")],
        rows: 30,
    },
    Class {
        name: ("passages at a spike", "later spikes"),
        holds: |c| matches!(c.kind, ComponentKind::Passed { .. }),
        columns: &[("passages", "mean", "passages")],
        by: &[],
        rows: 30,
    },
];

/// Links of fluid networks have no queue: transfers pass them as molecules pass a membrane.
fn is_fluid_link(c: &Component) -> bool {
    matches!(c.kind, ComponentKind::Pathway { .. }) && c.entity == TRANSFER
}

/// The study in words and numbers.
pub(super) fn report(outcome: &Outcome, plan: Plan) -> String {
    let shown = Shown::of(&outcome.tables, plan);
    let mut text = String::new();
    if outcome.interrupted {
        let _ = writeln!(text, "interrupted: what {} of {} runs come to", outcome.counts.done, outcome.counts.planned);
    }
    for class in &CLASSES {
        for entity in shown.entities(class) {
            shown.table(&mut text, class, entity);
        }
    }
    shown.notes(&mut text);
    shown.bottlenecks(&mut text);
    shown.delays(&mut text);
    metrics(&mut text, &outcome.tables);
    text
}

/// The tables, and what of them is shown.
struct Shown<'a> {
    tables: &'a StudyTables,
    points: Vec<usize>,
    /// Axes that have more than one value.
    axes: Vec<usize>,
    /// The replications that every point should have.
    replications: u32,
    /// Rows by point, component, metric and stat.
    index: BTreeMap<(usize, &'a str, &'a str, &'a str), &'a SummaryRow>,
}

impl<'a> Shown<'a> {
    fn of(tables: &'a StudyTables, plan: Plan) -> Self {
        let all = tables.points.len();
        let points = match all {
            0..=POINTS_MAX => (0..all).collect(),
            // Evenly spread, with both ends.
            _ => (0..POINTS_MAX).map(|i| i * (all - 1) / (POINTS_MAX - 1)).collect(),
        };
        let axes = (0..tables.axes.len()).filter(|&a| tables.axes[a].labels.len() > 1).collect();
        let key = |r: &'a SummaryRow| (r.point, r.component.as_str(), r.metric.as_str(), r.stat.as_str());
        let index = tables.summary.iter().map(|r| (key(r), r)).collect();
        Self { tables, points, axes, replications: plan.replications, index }
    }

    fn rows(&self, point: usize) -> impl Iterator<Item = &'a SummaryRow> {
        self.tables.summary.iter().filter(move |r| r.point == point)
    }

    fn row(&self, point: usize, component: &str, metric: &str, stat: &str) -> Option<&'a SummaryRow> {
        self.index.get(&(point, component, metric, stat)).copied().filter(|r| !r.estimate.mean.is_nan())
    }

    /// Replications behind a point.
    fn n(&self, point: usize) -> u32 {
        self.rows(point).map(|r| r.estimate.n).max().unwrap_or(0)
    }

    /// What a point is called.
    fn label(&self, point: usize, axis: usize) -> String {
        let label = &self.tables.axes[axis].labels[self.tables.points[point].coordinates[axis]];
        if label.chars().count() <= LABEL_MAX {
            return label.clone();
        }
        label.chars().take(LABEL_MAX - 3).chain("...".chars()).collect()
    }

    fn place(&self, point: usize) -> String {
        self.axes.iter().map(|&a| self.label(point, a)).collect::<Vec<_>>().join(", ")
    }

    /// What the components of a class are of, in the order of the first of each: molecules and vesicles have tables of their own.
    fn entities(&self, class: &Class) -> Vec<&'static str> {
        let mut entities = Vec::new();
        for c in self.tables.components.iter().filter(|c| (class.holds)(c)) {
            if !entities.contains(&c.entity) {
                entities.push(c.entity);
            }
        }
        entities
    }

    /// One class of components of one entity, its rows a component's points each.
    fn table(&self, text: &mut String, class: &Class, entity: &str) {
        // Acknowledgements tell nothing that their flow does not.
        let is_shown = |c: &&Component| (class.holds)(c) && c.entity == entity && !c.name.ends_with(ACKS);
        let all: Vec<&Component> = self.tables.components.iter().filter(is_shown).collect();
        let most = match self.points.len() {
            0 | 1 => COMPONENTS.0,
            points => (class.rows / points).clamp(COMPONENTS.1, COMPONENTS.0),
        };
        let chosen = self.chosen(class, &all, most);
        let columns = self.columns(class, &chosen);
        if columns.is_empty() {
            return;
        }
        let units = self.units(&chosen, &columns, entity);
        let few = self.points.iter().any(|&p| self.n(p) < self.replications && !self.tables.alike.contains(&p));

        let axes = self.axes.iter().map(|&a| self.tables.axes[a].name.clone());
        let mut grid = vec![[class.name.0.to_owned()].into_iter().chain(axes).collect::<Vec<_>>()];
        let left = grid[0].len();
        grid.push(vec![String::new(); left]);
        for (column, unit) in columns.iter().zip(&units) {
            let heading =
                if entity == TRANSFER { column.2.replace("delay", "transfer time") } else { column.2.to_owned() };
            grid[0].push(heading);
            grid[1].push(unit.name.clone());
        }
        if few {
            grid[0].push("n".to_owned());
            grid[1].push(String::new());
        }
        for c in &chosen {
            for (k, &point) in self.points.iter().enumerate() {
                let name = if k == 0 { c.name.clone() } else { String::new() };
                let mut line = vec![name];
                line.extend(self.axes.iter().map(|&a| self.label(point, a)));
                let cells = columns.iter().zip(&units).map(|(&(metric, stat, _), unit)| {
                    self.row(point, &c.name, metric, stat).map_or(String::new(), |r| unit.cell(&r.estimate))
                });
                line.extend(cells);
                line.extend(few.then(|| self.n(point).to_string()));
                grid.push(line);
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&aligned(&grid, left));
        self.rest(text, class, &all, chosen.len());
    }

    /// The components to show: all in their order, or the first by weight.
    fn chosen(&self, class: &Class, all: &[&'a Component], most: usize) -> Vec<&'a Component> {
        if all.len() <= most {
            return all.to_vec();
        }
        let weight = |c: &Component| {
            let mean = |(metric, stat): &(&str, &str)| {
                let values = self.means(&[c], metric, stat);
                if values.is_empty() { f64::NEG_INFINITY } else { values.iter().sum::<f64>() / values.len() as f64 }
            };
            class.by.iter().map(mean).collect::<Vec<f64>>()
        };
        let mut order: Vec<(Vec<f64>, &Component)> = all.iter().map(|c| (weight(c), *c)).collect();
        // Stable: equals stay in their order.
        order.sort_by(|a, b| b.0.iter().zip(&a.0).fold(Ordering::Equal, |o, (b, a)| o.then(b.total_cmp(a))));
        order.truncate(most);
        order.into_iter().map(|o| o.1).collect()
    }

    /// The columns that have something to show.
    fn columns(&self, class: &Class, chosen: &[&Component]) -> Vec<Column> {
        // What goes one way only needs no balance.
        let both_ways = self.means(chosen, "influx", "mean").iter().any(|x| *x > 0.0);
        let has = |c: &&Column| {
            !self.means(chosen, c.0, c.1).is_empty() && (both_ways || !matches!(c.0, "influx" | "net_flux"))
        };
        class.columns.iter().filter(has).copied().collect()
    }

    /// A unit for each column; the same for all statistics of a metric.
    fn units(&self, chosen: &[&Component], columns: &[Column], entity: &str) -> Vec<Unit> {
        let of = |&(metric, stat, _): &Column| {
            let (means, here) = (self.means(chosen, metric, "mean"), self.means(chosen, metric, stat));
            let typical = if means.is_empty() { here } else { means };
            let mut rows = chosen.iter().flat_map(|c| self.points.iter().map(move |&p| (c, p)));
            let unit = rows.find_map(|(c, p)| self.row(p, &c.name, metric, stat)).map_or("", |r| &r.unit);
            let unit = if SHARES.contains(&metric) { "%" } else { unit };
            Unit::of(unit, typical.into_iter().fold(0.0, f64::max), entity)
        };
        columns.iter().map(of).collect()
    }

    /// All means that there are.
    fn means(&self, of: &[&Component], metric: &str, stat: &str) -> Vec<f64> {
        let rows = of.iter().flat_map(|c| self.points.iter().map(move |&p| (c, p)));
        rows.filter_map(|(c, p)| Some(self.row(p, &c.name, metric, stat)?.estimate.mean)).collect()
    }

    /// What there is besides the first `shown` components.
    fn rest(&self, text: &mut String, class: &Class, all: &[&Component], shown: usize) {
        if shown == all.len() {
            return;
        }
        let _ = write!(text, "... and {} {} (see summary.csv)", all.len() - shown, class.name.1);
        if all[0].kind == ComponentKind::Flow && self.points.len() == 1 {
            let sum = |metric| self.means(all, metric, "mean").into_iter().sum::<f64>();
            // Transfers of a fluid have a goodput only.
            let total = [sum("bit_rate"), sum("goodput")].into_iter().find(|x| *x > 0.0).unwrap_or(0.0);
            let unit = Unit::of("bit/s", total, "");
            let _ = write!(text, "; all {} together: {} {}", all.len(), unit.number(total), unit.name);
        }
        text.push('\n');
    }

    /// How the tables are to be read.
    fn notes(&self, text: &mut String) {
        let (tables, n) = (self.tables, self.points.iter().map(|&p| self.n(p)));
        let percent = significant(100.0 * tables.confidence, 4);
        let interval = match (n.clone().min(), n.max()) {
            _ if tables.is_without_chance() => "no chance in it: no intervals".to_owned(),
            (_, Some(0 | 1)) => "one replication: no intervals".to_owned(),
            (Some(low), Some(high)) if low < high => {
                format!("mean ± half of its {percent} % interval, over n replications")
            }
            (_, most) => format!("mean ± half of its {percent} % interval, over {} replications", most.unwrap_or(0)),
        };
        let p99 =
            tables.summary.iter().any(|r| r.stat == "p99" && r.metric == "sojourn_time" && !r.estimate.mean.is_nan());
        let p99 = if p99 { "; p99: the 99th percentile within a replication" } else { "" };
        let _ = writeln!(text, "\n{interval}{p99}");
        let more = tables.points.len() - self.points.len();
        if more > 0 {
            let _ = writeln!(text, "... and {more} more points: see summary.csv");
        }
        // What is not drawn is as it is.
        let drawn = self.points.iter().filter(|p| !tables.alike.contains(p));
        let bounds = drawn.flat_map(|&p| self.rows(p));
        let is_whole = |r: &&SummaryRow| !r.component.contains('@');
        let bounds = bounds.filter(|r| r.metric == "loss_ratio" && r.stat == "upper" && !r.estimate.mean.is_nan());
        let bounds = bounds.filter(is_whole);
        if let Some(worst) = bounds.max_by(|a, b| a.estimate.mean.total_cmp(&b.estimate.mean)) {
            let bound = significant(100.0 * worst.estimate.mean, 2);
            let of = &worst.component;
            let _ = writeln!(
                text,
                "loss 0: none was seen; the share lost is below {bound} % ({percent} %; {of} is least sure)"
            );
        }
    }

    /// The busiest station or pathway, point by point.
    fn bottlenecks(&self, text: &mut String) {
        let percent = Unit::of("%", 1.0, "");
        let told = |e: &Estimate| format!("utilization {} %", percent.cell(e));
        let mut at: Vec<(String, Vec<usize>)> = Vec::new();
        for &point in &self.points {
            let Some(first) = bottlenecks(self.tables, point).into_iter().next() else { continue };
            match at.iter_mut().find(|(name, _)| *name == first.component) {
                Some((_, points)) => points.push(point),
                None => at.push((first.component, vec![point])),
            }
        }
        let [(first, points), ..] = &at[..] else { return };
        let _ = if self.tables.points.len() == 1 {
            let ranked = bottlenecks(self.tables, points[0]);
            let next =
                ranked.get(1).map_or(String::new(), |b| format!("; next: {} ({})", b.component, told(&b.utilization)));
            writeln!(text, "bottleneck: {first} ({}){next}", told(&ranked[0].utilization))
        } else if at.len() == 1 {
            writeln!(text, "bottleneck: {first}, at every point")
        } else {
            let each = at.iter().map(|(name, points)| {
                let places: Vec<String> = points.iter().map(|&p| self.place(p)).collect();
                format!("{name} at {}", places.join(" and "))
            });
            writeln!(text, "bottleneck: {}", each.collect::<Vec<_>>().join("; "))
        };
    }

    /// Where the delay of each group arises, where that is known.
    fn delays(&self, text: &mut String) {
        let groups = groups(self.tables);
        let shown = groups.iter().take(COMPONENTS.0);
        for (group, &point) in shown.flat_map(|g| self.points.iter().map(move |p| (g, p))) {
            let mut pieces = pieces(self.tables, point, group);
            let total: f64 = pieces.iter().map(|p| p.delay).sum();
            pieces.sort_by(|a, b| b.delay.total_cmp(&a.delay));
            let part = |p: &Piece| {
                let (share, cause) = (100.0 * p.delay / total, CAUSES[p.cause].1);
                format!("{share:.0} % {cause} at {}", p.element)
            };
            let parts: Vec<String> = pieces.iter().filter(|p| p.delay > PART_MIN * total).take(4).map(part).collect();
            if !parts.is_empty() {
                let unit = Unit::of("s", total, "");
                let at =
                    if self.tables.points.len() > 1 { format!(" at {}", self.place(point)) } else { String::new() };
                let (delay, parts) = (unit.number(total), parts.join(", "));
                // The delay of a flow is that of each copy that arrives; what lost ones cost comes on top of it.
                let resent = pieces.iter().any(|p| CAUSES[p.cause].0 == RESENT && p.delay > 0.0);
                let from = if resent { " since it was first sent" } else { "" };
                let _ = writeln!(text, "delay of {group}{from}{at}: {delay} {}, of it {parts}", unit.name);
            }
        }
        if groups.len() > COMPONENTS.0 {
            let _ = writeln!(text, "... and the delays of {} more: see summary.csv", groups.len() - COMPONENTS.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::results::manifest::Counts;
    use scenarios::tables::{Axis, Point};

    fn tables(points: usize) -> StudyTables {
        let mut tables = StudyTables { confidence: 0.95, replications: 5, ..StudyTables::default() };
        tables.points = (0..points).map(|i| Point { coordinates: if points > 1 { vec![i] } else { vec![] } }).collect();
        if points > 1 {
            let labels = (0..points).map(|i| format!("{} Mbit/s", i + 1)).collect();
            tables.axes =
                vec![Axis { name: "link.up.rate".into(), unit: String::new(), labels, values: None, log: false }];
        }
        tables
    }

    fn add(tables: &mut StudyTables, name: &str, kind: ComponentKind, rows: &[(&str, &str, f64, &str)], n: u32) {
        tables.components.push(Component::new(name, kind, "packet"));
        for point in 0..tables.points.len() {
            tables.summary.extend(rows.iter().map(|&(metric, stat, mean, unit)| SummaryRow {
                point,
                component: name.into(),
                metric: metric.into(),
                stat: stat.into(),
                estimate: Estimate { mean, sd: 0.0, ci_low: mean * 0.99, ci_high: mean * 1.01, n },
                unit: unit.into(),
            }));
        }
    }

    fn station(tables: &mut StudyTables, name: &str, utilization: f64) {
        let kind = ComponentKind::Station { servers: 1, paced: false };
        let rows = [("utilization", "time_mean", utilization, "1"), ("bit_rate", "mean", 2e6, "bit/s")];
        add(tables, name, kind, &rows, 5);
    }

    fn flow(tables: &mut StudyTables, name: &str, rate: f64, n: u32) {
        let rows = [
            ("bit_rate", "mean", rate, "bit/s"),
            ("sojourn_time", "mean", 0.0123, "s"),
            ("sojourn_time", "p99", 0.5, "s"),
        ];
        add(tables, name, ComponentKind::Flow, &rows, n);
    }

    fn told(tables: StudyTables, interrupted: bool) -> String {
        let plan = Plan { points: tables.points.len(), replications: 5 };
        let counts = Counts { planned: plan.runs(), done: 3, ..Counts::default() };
        let outcome = Outcome {
            tables,
            folder: "out".into(),
            counts,
            interrupted,
            resumed: 0,
            checks_violated: 0,
            violations: Vec::new(),
            failures: scenarios::study::Failures::default(),
            cautions: Vec::new(),
        };
        report(&outcome, plan)
    }

    #[test]
    fn each_kind_has_a_table_and_each_column_one_unit() {
        let mut t = tables(1);
        flow(&mut t, "web", 8e6, 5);
        flow(&mut t, "web.acks", 8e4, 5);
        station(&mut t, "uplink", 0.8);
        let text = told(t, false);
        let expected = "\
flow     throughput         delay  p99 of delay
             Mbit/s            ms            ms
web   8.000 ± 0.080  12.30 ± 0.12   500.0 ± 5.0

link or stage   utilization     throughput
                          %         Mbit/s
uplink         80.00 ± 0.80  2.000 ± 0.020

mean ± half of its 95 % interval, over 5 replications; p99: the 99th percentile within a replication
bottleneck: uplink (utilization 80.00 ± 0.80 %)
";
        assert_eq!(text, expected);
    }

    #[test]
    fn of_many_the_busiest_are_shown_first() {
        let mut t = tables(1);
        for i in 0..30 {
            flow(&mut t, &format!("flow{i}"), 1e6 * f64::from(i), 5);
            station(&mut t, &format!("link{i}"), f64::from(i % 10) / 10.0);
        }
        let text = told(t, false);
        let names: Vec<&str> =
            text.lines().filter_map(|l| l.split(' ').next()).filter(|n| n.starts_with("link")).skip(1).collect();
        assert_eq!(names[..4], ["link9", "link19", "link29", "link8"]);
        assert_eq!(names.len(), 12);
        assert!(
            text.contains("... and 18 flows with less throughput (see summary.csv); all 30 together: 435 Mbit/s\n"),
            "{text}"
        );
        assert!(text.contains("... and 18 less utilized links and stages (see summary.csv)\n"), "{text}");
    }

    #[test]
    fn a_sweep_has_a_row_for_each_point() {
        let mut t = tables(3);
        flow(&mut t, "web", 8e6, 5);
        station(&mut t, "a", 0.8);
        station(&mut t, "b", 0.7);
        for r in t.summary.iter_mut().filter(|r| r.point == 2 && r.component == "b" && r.metric == "utilization") {
            r.estimate.mean = 0.9;
        }
        let text = told(t, false);
        assert!(text.starts_with("flow  link.up.rate "), "{text}");
        assert_eq!(text.lines().filter(|l| l.contains("3 Mbit/s ")).count(), 3, "{text}");
        assert!(text.contains("bottleneck: a at 1 Mbit/s and 2 Mbit/s; b at 3 Mbit/s\n"), "{text}");
        assert!(told(tables(40), false).contains("... and 28 more points"));
    }

    #[test]
    fn what_is_not_complete_says_how_many_runs_it_is_from() {
        let mut t = tables(1);
        flow(&mut t, "web", 8e6, 3);
        let text = told(t, true);
        assert!(text.starts_with("interrupted: what 3 of 5 runs come to\n"), "{text}");
        assert!(text.contains("  n\n") && text.lines().any(|l| l.starts_with("web") && l.ends_with("  3")), "{text}");
        let mut one = tables(1);
        flow(&mut one, "web", 8e6, 1);
        for r in &mut one.summary {
            (r.estimate.ci_low, r.estimate.ci_high) = (f64::NAN, f64::NAN);
        }
        let text = told(one, false);
        assert!(text.contains("one replication: no intervals") && !text.contains('±'), "{text}");
    }
}
