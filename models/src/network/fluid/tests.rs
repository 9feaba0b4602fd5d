//! Transfers over shared links, by hand; processor sharing in equilibrium.

use sim_core::config::Diagnostics;
use sim_core::rng::Streams;
use sim_core::stats::{RunRecord, Window};
use sim_core::{SimDuration, SimTime};

use super::{Course, FlowPlan, FluidSystem, LinkPlan, LoadPlan, Turn, Way};
use crate::System;
use crate::network::traffic;
use crate::network::transport::{Application, Opening};

/// The law of sizes of a stream of transfers.
#[derive(Clone, Copy, Debug)]
enum Sizes {
    /// All of one size; `n` of them begin at once.
    Same {
        bytes: u64,
        n: u32,
    },
    Exponential,
    Pareto {
        alpha: f64,
    },
}

/// Poisson arrivals at rate 1 of transfers with a mean of 100 kB, or some at once.
#[derive(Clone, Copy, Debug)]
struct Arrivals {
    sizes: Sizes,
    opened: u32,
}

impl Application for Arrivals {
    fn open(&mut self, streams: &mut traffic::Streams) -> Option<Opening> {
        self.opened += 1;
        let mean = 1e5;
        let bytes = match self.sizes {
            Sizes::Same { bytes, n } => {
                let opening = Opening { gap: SimDuration::ZERO, bytes: Some(bytes) };
                return (self.opened <= n).then_some(opening);
            }
            Sizes::Exponential => mean * streams.size.exponential(),
            Sizes::Pareto { alpha } => mean * (alpha - 1.0) / alpha * streams.size.pareto(alpha),
        };
        Some(Opening { gap: SimDuration::from_secs_f64(streams.gap.exponential()), bytes: Some(bytes as u64 + 1) })
    }
    fn is_finite(&self) -> bool {
        true
    }
    fn mean_rate(&self) -> Option<f64> {
        Some(1e5)
    }
    fn boxed_clone(&self) -> Box<dyn Application> {
        Box::new(*self)
    }
}

fn flow(name: &str, path: &[u32], delay: f64, sizes: Sizes) -> (FlowPlan, Way) {
    let plan = FlowPlan {
        name: name.into(),
        stream: format!("traffic.{name}"),
        start: SimDuration::ZERO,
        stop: SimTime::NEVER,
        load: LoadPlan::Transfers { application: Box::new(Arrivals { sizes, opened: 0 }), wire: 8.0 },
        number: 0,
        splits: false,
    };
    (plan, Way { path: path.to_vec(), delay: (delay * 1e12) as u64, ceiling: f64::INFINITY, offered: 0.0 })
}

/// A system in which nothing changes.
fn system(flows: Vec<(FlowPlan, Way)>, capacities: &[f64]) -> FluidSystem {
    let (flows, ways) = flows.into_iter().unzip();
    fluid(flows, capacities, vec![turn(0, capacities, &[], ways)])
}

/// What holds from `at` on, in s; of links of which nothing is said nothing is taken.
fn turn(at: u64, capacities: &[f64], taken: &[f64], ways: Vec<Way>) -> Turn {
    let mut taken = taken.to_vec();
    taken.resize(capacities.len(), 0.0);
    Turn { at: SimTime::from_secs(at), capacities: capacities.to_vec(), taken, ways, standing: None }
}

fn fluid(flows: Vec<FlowPlan>, capacities: &[f64], turns: Vec<Turn>) -> FluidSystem {
    let link = |(i, c): (usize, &f64)| LinkPlan { name: format!("l{i}"), is_rated: c.is_finite() };
    let links = capacities.iter().enumerate().map(link).collect();
    FluidSystem::new(flows, links, Course::Planned(turns.into()), None, Diagnostics::default())
}

fn run(system: &FluidSystem, seed: u64, seconds: u64, bins: u32) -> RunRecord {
    let warmup = SimTime::from_secs(seconds / 10);
    let record = system.run(Streams::new(seed, 0), Window { warmup, end: SimTime::from_secs(seconds), bins }).unwrap();
    assert!(record.checks.made > 0 && record.checks.violations.is_empty(), "{:?}", record.checks);
    record
}

fn value(record: &RunRecord, component: u32, metric: &str, stat: &str) -> f64 {
    let found = record.measures.iter().find(|m| (m.component, m.metric, m.stat) == (component, metric, stat));
    found.unwrap_or_else(|| panic!("no {metric} {stat} of {component}")).value
}

/// The last end of all transfers, in s.
fn last_end(record: &RunRecord, flows: u32) -> f64 {
    (0..flows).map(|f| value(record, f, "sojourn_time", "max")).fold(0.0, f64::max)
}

/// Runs from zero without a warm-up.
fn all_of(system: &FluidSystem) -> RunRecord {
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1000), bins: 3 };
    system.run(Streams::new(1, 0), window).unwrap()
}

const THOUSAND: Sizes = Sizes::Same { bytes: 1000, n: 1 };

#[test]
fn transfers_one_way_share_and_both_ways_do_not() {
    // 1000 B at 100 B/s, m there and n back on a duplex link: 10 max(m, n).
    let (m, n) = (3, 2);
    let there = flow("there", &[0], 0.0, Sizes::Same { bytes: 1000, n: m });
    let back = flow("back", &[1], 0.0, Sizes::Same { bytes: 1000, n });
    let record = all_of(&system(vec![there, back], &[800.0, 800.0]));
    assert_eq!(value(&record, 0, "sojourn_time", "max"), 30.0);
    assert_eq!(value(&record, 1, "sojourn_time", "max"), 20.0);
    assert_eq!(value(&record, 0, "departures", "mean"), 3.0);
}

#[test]
fn a_triangle_of_one_way_links() {
    // Three links of 100 B/s and 0.1 s; each transfer of 1000 B takes two of them: all share, 20 s and two delays.
    let flows =
        vec![flow("a", &[0, 1], 0.2, THOUSAND), flow("b", &[1, 2], 0.2, THOUSAND), flow("c", &[2, 0], 0.2, THOUSAND)];
    assert_eq!(last_end(&all_of(&system(flows, &[800.0; 3])), 3), 20.2);
    let alone = system(vec![flow("a", &[0, 1], 0.2, THOUSAND)], &[800.0; 2]);
    assert_eq!(last_end(&all_of(&alone), 1), 10.2);
}

#[test]
fn steady_traffic_gives_way_only_in_a_queue_of_its_own() {
    // 600 bit/s of 1000, and a transfer of 8000 bits. In a queue of its own the steady flow has 500 of the link while both
    // want more, and loses 100; in one that both share, the transfer has 400.
    for (own_queue, seconds) in [(true, 16.0), (false, 20.0)] {
        let (plan, way) = flow("steady", if own_queue { &[0] } else { &[] }, 0.0, THOUSAND);
        let (plan, way) = (FlowPlan { load: LoadPlan::Steady, ..plan }, Way { ceiling: 600.0, offered: 600.0, ..way });
        let (transfer, its_way) = flow("x", &[0], 0.0, THOUSAND);
        let taken = if own_queue { 0.0 } else { 600.0 };
        let turns = vec![turn(0, &[1000.0], &[taken], vec![way, its_way])];
        let record = all_of(&fluid(vec![plan, transfer], &[1000.0], turns));
        assert_eq!(value(&record, 1, "sojourn_time", "max"), seconds);
        let lost = if own_queue { 16.0 * 100.0 / 1000.0 } else { 0.0 };
        assert!((value(&record, 0, "lost", "mean") - lost).abs() < 0.01);
        assert!((value(&record, 0, "goodput", "mean") - (600.0 - lost)).abs() < 0.01);
        let load = 8.0 + 600.0 - lost;
        assert!((value(&record, 2, "utilization", "time_mean") - load / 1000.0).abs() < 1e-9);
        assert!((value(&record, 2, "bit_rate", "mean") - load).abs() < 0.01);
        // Eight seconds alone, and what others make it wait.
        assert!((value(&record, 1, "wait_time", "mean") - (seconds - 8.0)).abs() < 1e-9);
        assert!((value(&record, 1, "slowdown", "mean") - seconds / 8.0).abs() < 1e-5);
    }
}

#[test]
fn bins_do_not_change_a_run() {
    let make = || {
        let sizes = Sizes::Pareto { alpha: 1.5 };
        let flows = vec![
            flow("a", &[0, 1], 0.02, sizes),
            flow("b", &[0], 0.0, Sizes::Exponential),
            flow("c", &[1], 0.1, sizes),
        ];
        system(flows, &[2e6, 2.5e6])
    };
    let (few, many) = (run(&make(), 3, 2000, 1), run(&make(), 3, 2000, 1009));
    assert!(few.measures.iter().zip(&many.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits()));
}

#[test]
fn sharing_is_insensitive_to_the_law_of_sizes() {
    // M/G/1-PS: E[T | x] = x / (1 - rho) for any law, so that the mean slowdown is 2 at load 1/2, whatever the sizes, and
    // the number under way is geometric: mean rho / (1 - rho) = 1, variance rho / (1 - rho)^2 = 2.
    for sizes in [Sizes::Exponential, Sizes::Pareto { alpha: 2.5 }] {
        let system = system(vec![flow("x", &[0], 0.0, sizes)], &[1.6e6]);
        let (n, seconds) = (20, 48_000);
        let runs: Vec<RunRecord> = (0..n).map(|seed| run(&system, 50 + seed, seconds, 1)).collect();
        for (metric, stat, expected) in
            [("slowdown", "mean", 2.0), ("occupancy", "time_mean", 1.0), ("goodput", "mean", 8e5)]
        {
            let all: Vec<f64> = runs.iter().map(|r| value(r, 0, metric, stat)).collect();
            let mean = all.iter().sum::<f64>() / n as f64;
            let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
            let error = (variance / n as f64).sqrt();
            assert!(error < 0.01 * expected, "{sizes:?} {metric}: no power, {error}");
            assert!((mean - expected).abs() < 3.3 * error, "{sizes:?} {metric}: {mean} not {expected} +- {error}");
        }
    }
}

#[test]
fn transfers_go_on_where_links_let_them() {
    // 1000 B at 100 B/s; at 4 s half the rate, at 6 s none, at 10 s by another link of 50 B/s with 0.5 s more to go.
    let (plan, way) = flow("x", &[0], 0.0, THOUSAND);
    let turn = |at, capacities: [f64; 2], way: &Way| turn(at, &capacities, &[], vec![way.clone()]);
    let other = Way { path: vec![1], delay: 500_000_000_000, ..way.clone() };
    let none = Way { path: Vec::new(), ceiling: 0.0, ..other.clone() };
    let turns = vec![
        turn(0, [800.0, 400.0], &way),
        turn(4, [400.0, 400.0], &way),
        turn(6, [0.0, 400.0], &way),
        turn(8, [0.0, 400.0], &none),
        turn(10, [0.0, 400.0], &other),
    ];
    let record = all_of(&fluid(vec![plan], &[800.0, 400.0], turns));
    // 400 B, 100 B, and the other 500 B in 10 s.
    assert_eq!(last_end(&record, 1), 20.0);
    let busy = |link: u32| value(&record, 1 + link, "utilization", "time_mean") * 1000.0;
    assert!((busy(0) - 6.0).abs() < 1e-5 && (busy(1) - 10.0).abs() < 1e-5, "{} {}", busy(0), busy(1));
    // Measured by the best that it had all the time: 10 s.
    assert!((value(&record, 0, "slowdown", "mean") - 2.0).abs() < 1e-6);
}

#[test]
fn nobody_is_faster_than_alone_on_the_best_path() {
    // 1000 B in 10 s, of which the last second by a path that is ten times slower and two seconds longer: 19 s. It was alone
    // with the better path for as long, which a measure by the path on which it ends would have made 102 s.
    let (plan, way) = flow("x", &[0], 0.0, THOUSAND);
    let slow = Way { path: vec![1], delay: 2_000_000_000_000, ..way.clone() };
    let turns = vec![turn(0, &[800.0, 80.0], &[], vec![way.clone()]), turn(9, &[800.0, 80.0], &[], vec![slow.clone()])];
    let record = all_of(&fluid(vec![plan], &[800.0, 80.0], turns));
    assert_eq!(last_end(&record, 1), 19.0);
    assert!((value(&record, 0, "slowdown", "mean") - 1.9).abs() < 1e-6);
    // One that is opened on the slow path, and goes on by the fast one after a second: 2 s for its first bit, 10 s.
    let (plan, _) = flow("x", &[0], 0.0, THOUSAND);
    let turns = vec![turn(0, &[800.0, 80.0], &[], vec![slow]), turn(1, &[800.0, 80.0], &[], vec![way])];
    let record = all_of(&fluid(vec![plan], &[800.0, 80.0], turns));
    assert_eq!(last_end(&record, 1), 12.0);
    assert!((value(&record, 0, "slowdown", "mean") - 1.2).abs() < 1e-6);
    assert_eq!(value(&record, 0, "wait_time", "max"), 2.0);
}
