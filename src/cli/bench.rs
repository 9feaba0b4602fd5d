//! `egress bench`: how fast a scenario runs, without writing results.

use std::collections::BTreeMap;
use std::path::Path;
#[allow(clippy::disallowed_types, reason = "a benchmark reads the wall clock; nothing of it enters a result")]
use std::time::Instant;

use clap::{Args as ClapArgs, ValueEnum};
use models::Registry;
use scenarios::Scenario;
use sim_core::rng::Streams;
use sim_core::stats::{ComponentKind, RunRecord};

use super::input::{Changes, load};
use super::{Done, Failure, print_out};

/// Run the replications of the first point on one thread, without writing results, and print the rate.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress bench branch-office --reps 1
  egress bench mm1.toml --json --reps 3
  egress bench tree.toml --json --count hops")]
pub(super) struct Args {
    /// A file, or the name of a bundled scenario.
    #[arg(value_name = "NAME|FILE")]
    scenario: String,
    /// One JSON line: `peer`, `version`, `workload`, `size`, `wall_s`, `rate`, `unit`, `results`.
    #[arg(long)]
    json: bool,
    /// What the rate counts. Default: packets in a network (with connections, those that the busiest link sends), firings
    /// in a biological system.
    #[arg(long, value_enum)]
    count: Option<Count>,
    #[command(flatten)]
    changes: Changes,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    /// Packets delivered.
    Packets,
    /// Packets that left a link or stage.
    Hops,
    /// Packets that left the busiest link or stage.
    Bottleneck,
    /// Firings of reactions and pathways.
    Firings,
    /// Events of the engine.
    Events,
}

impl Count {
    /// Whether there is such a thing in a network, or else in a cell.
    fn is_of(self, network: bool) -> bool {
        match self {
            Self::Packets | Self::Hops | Self::Bottleneck => network,
            Self::Firings => !network,
            Self::Events => true,
        }
    }
}

/// What happened, summed over replications.
#[derive(Default)]
struct Work {
    packets: f64,
    hops: f64,
    /// Packets that left the station with the highest utilization, its mean occupancy and the sum of goodputs.
    bottleneck: f64,
    occupancy: f64,
    goodput: f64,
    events: f64,
    /// Sum over flows and replications of delivered packets' sojourn times.
    sojourn: f64,
}

impl Work {
    fn add(&mut self, scenario: &Scenario, record: &RunRecord) {
        self.events += record.events as f64;
        let components = scenario.system(0).components();
        let mut values = BTreeMap::new();
        for m in record.measures.iter().filter(|m| matches!(m.stat, "mean" | "time_mean")) {
            values.entry((m.component, m.metric, m.stat)).or_insert(m.value);
        }
        let value = |component, metric, stat| values.get(&(component, metric, stat)).copied().unwrap_or_default();
        let mut busiest = (0.0, 0.0, 0.0);
        for (i, c) in components.iter().enumerate() {
            match c.kind {
                ComponentKind::Flow => {
                    let departures = value(i as u32, "departures", "mean");
                    self.packets += departures;
                    self.goodput += value(i as u32, "goodput", "mean");
                    if departures > 0.0 {
                        self.sojourn += departures * value(i as u32, "sojourn_time", "mean");
                    }
                }
                ComponentKind::Station { .. } => {
                    let departures = value(i as u32, "departures", "mean");
                    self.hops += departures;
                    let busy = value(i as u32, "utilization", "time_mean");
                    if busy > busiest.0 {
                        busiest = (busy, departures, value(i as u32, "occupancy", "time_mean"));
                    }
                }
                _ => {}
            }
        }
        self.bottleneck += busiest.1;
        self.occupancy += busiest.2;
    }
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let scenario = load(&args.scenario, &args.changes, registry)?;
    let seed = scenario.seed().unwrap_or(1);
    let reps = scenario.plan().replications;
    let network = scenario.system(0).components().iter().any(|c| c.kind == ComponentKind::Flow);
    if let Some(count) = args.count.filter(|c| !c.is_of(network)) {
        let (name, world, others) = if network {
            ("a network", "packets", "packets, hops, bottleneck, events")
        } else {
            ("a cell", "molecules", "firings, events")
        };
        let count = count.to_possible_value().map_or(String::new(), |v| v.get_name().to_owned());
        return Err(Failure::new(
            2,
            format!("error: there are no {count} in {name}, where {world} move\nhelp: count one of {others}"),
        ));
    }
    let mut work = Work::default();
    let mut wall = 0.0;
    for replication in 0..reps {
        #[allow(clippy::disallowed_types, reason = "a benchmark reads the wall clock")]
        let clock = Instant::now();
        let record = scenario.system(0).run(Streams::new(seed, u64::from(replication)), scenario.window(0));
        wall += clock.elapsed().as_secs_f64();
        let record = record.map_err(|e| Failure::new(1, format!("error: replication {replication}: {e}")))?;
        work.add(&scenario, &record);
    }
    let count = args.count.unwrap_or(match network {
        true if work.goodput > 0.0 => Count::Bottleneck,
        true => Count::Packets,
        false => Count::Firings,
    });
    let (done, unit) = match count {
        Count::Packets => (work.packets, "packets/s"),
        Count::Hops => (work.hops, "packet-hops/s"),
        Count::Bottleneck => (work.bottleneck, "bottleneck-packets/s"),
        Count::Firings => (work.events, "firings/s"),
        Count::Events => (work.events, "events/s"),
    };
    let text = if args.json {
        json(args, &scenario, &work, wall, done / wall, unit)
    } else {
        let events = work.events / wall / 1e6;
        format!(
            "{}: {:.3} M {unit} ({done:.0} in {wall:.3} s; {events:.3} M events/s)\n",
            args.scenario,
            done / wall / 1e6
        )
    };
    print_out(&text)?;
    Ok(0)
}

fn json(args: &Args, scenario: &Scenario, work: &Work, wall: f64, rate: f64, unit: &str) -> String {
    let workload = Path::new(&args.scenario).file_stem().map_or(String::new(), |s| s.to_string_lossy().into_owned());
    let reps = f64::from(scenario.plan().replications);
    let end = scenario.window(0).end.as_secs_f64();
    let line = serde_json::json!({
        "peer": "egress",
        "version": env!("CARGO_PKG_VERSION"),
        "workload": workload,
        "size": format!("{end} s x {}", scenario.plan().replications),
        "wall_s": wall,
        "rate": rate,
        "unit": unit,
        "results": {
            "events": work.events,
            "packets": work.packets,
            "hops": work.hops,
            "bottleneck_packets": work.bottleneck,
            "bottleneck_occupancy": work.occupancy / reps,
            "goodput_bit_per_s": if work.goodput > 0.0 { Some(work.goodput / reps) } else { None },
            "mean_sojourn_s": if work.packets > 0.0 { Some(work.sojourn / work.packets) } else { None },
        },
    });
    format!("{line}\n")
}
