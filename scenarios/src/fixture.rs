//! A world of its own for the tests of this crate: stations with rates, whose runs are made up from their streams.

use std::sync::atomic::AtomicBool;

use models::{BuildContext, System};
use sim_core::RunError;
use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Table, Type, check};
use sim_core::quantity::Dimension;
use sim_core::rng::Streams;
use sim_core::stats::{Checks, Component, ComponentKind, Measure, RunRecord, Series, SeriesRow, Sketch, Window};

use crate::scenario::{LoadError, Overrides, Scenario, Source, World};
use crate::text::parse;

const STATION: Section = Section {
    name: "station",
    shape: Shape::Keyed,
    family: None,
    fields: &[
        Field::required("rate", Type::Quantity(&[Dimension::RATE]), "Its rate."),
        Field::default("servers", Type::Integer { min: 1, max: 99 }, "1", "Its servers."),
        Field::default("failing", Type::Number { min: 0.0, max: 1.0 }, "0.0", "The share of runs that fail."),
        Field::default("wrong", Type::Number { min: 0.0, max: 1.0 }, "0.0", "The share of runs that violate a law."),
        Field::default("queue", Type::Record(&[LIMIT, DROP]), "{ drop = \"tail\" }", "Its queue."),
        Field::optional("file", Type::Text, "A file."),
    ],
    doc: "A station.",
};
const LIMIT: Field = Field::default("limit", Type::Integer { min: 1, max: 99 }, "10", "Its places.");
const DROP: Field = Field::required("drop", Type::Text, "What is dropped.");

/// Stations instead of networks and cells.
pub(crate) fn world() -> World {
    World { sections: [crate::sections::SECTIONS, &[STATION]].concat(), build, registry: models::registry() }
}

/// A scenario of stations, checked.
pub(crate) fn checked(text: &str) -> Table {
    let (root, mut found) = parse("test", text, 0);
    let world = world();
    let with_name =
        if root.get("scenario").is_some() { text.to_owned() } else { format!("scenario.name = 'x'\n{text}") };
    let root = if found.is_empty() { parse("test", &with_name, 0).0 } else { root };
    let table = check(&root, &world.sections, &world.registry, &mut found);
    assert!(!found.has_errors(), "{found:?}");
    table
}

/// Loads a scenario of stations from a text.
pub(crate) fn load(text: &str, overrides: &Overrides) -> Result<Scenario, LoadError> {
    Scenario::load_in(&Source::Text { name: "test.toml".into(), text: text.into() }, overrides, &world())
}

fn build(scenario: &Table, _: &BuildContext<'_>) -> Result<Box<dyn System>, Diagnostics> {
    let mut found = Diagnostics::default();
    let (mut components, mut stations) = (Vec::new(), Vec::new());
    for (name, _, value) in scenario.opt_table("station").map_or(&[][..], |t| &t.entries) {
        let Some(t) = value.as_table() else { continue };
        let rate = t.quantity("rate").value;
        if rate == 0.0 {
            found.push(Diagnostic::error("E0900", t.span_of("rate"), "a station at rest", "expected a rate over zero"));
        }
        let kind = ComponentKind::Station { servers: t.integer("servers") as u32, paced: false };
        components.push(Component::new(name, kind, "packet"));
        stations.push(Station { path: t.path.clone(), rate, failing: t.number("failing"), wrong: t.number("wrong") });
    }
    if found.has_errors() { Err(found) } else { Ok(Box::new(Stations { components, stations })) }
}

struct Station {
    path: String,
    rate: f64,
    failing: f64,
    wrong: f64,
}

struct Stations {
    components: Vec<Component>,
    stations: Vec<Station>,
}

impl System for Stations {
    fn components(&self) -> &[Component] {
        &self.components
    }
    fn event_rate(&self) -> f64 {
        self.stations.iter().map(|s| s.rate).sum()
    }
    fn run_unless(&self, _: &AtomicBool, streams: Streams, window: Window) -> Result<RunRecord, RunError> {
        let bin = window.end.as_secs_f64() / f64::from(window.bins);
        let mut record = RunRecord { series: Series { bin, rows: Vec::new() }, ..RunRecord::default() };
        for (i, s) in self.stations.iter().enumerate() {
            let mut rng = streams.stream(&s.path, "gap");
            if streams.stream(&s.path, "fate").uniform() < s.failing {
                return Err(RunError::Model { at: window.warmup, message: format!("{}: seized up", s.path) });
            }
            if streams.stream(&s.path, "law").uniform() < s.wrong {
                record.checks.violations.push(format!("{}: conservation: 3 is not 4", s.path));
            }
            let mut sketch = Sketch::default();
            let times: Vec<f64> = (0..100).map(|_| rng.exponential() / s.rate).collect();
            for t in &times {
                sketch.add((t * 1e12) as u64);
            }
            let component = i as u32;
            let mut add = |metric, stat, value, unit| {
                record.measures.push(Measure { component, metric, stat, value, unit });
            };
            add("arrivals", "mean", 100.0, "packet");
            add("loss_ratio", "mean", 0.0, "1");
            add("sojourn_time", "mean", times.iter().sum::<f64>() / 100.0, "s");
            add("utilization", "time_mean", 1.0 / (1.0 + s.rate) + 0.01 * rng.uniform(), "1");
            let values = (0..window.bins).map(|_| rng.uniform()).collect();
            record.series.rows.push(SeriesRow { component, metric: "throughput", unit: "1/s", values });
            record.sojourns.push((component, sketch));
            record.events += 100;
            record.checks = Checks { made: record.checks.made + 2, ..std::mem::take(&mut record.checks) };
        }
        Ok(record)
    }
}
