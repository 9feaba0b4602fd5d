//! The measures of a small system that can be worked out by hand.

use std::sync::atomic::AtomicBool;

use sim_core::stats::{Component, ComponentKind, RunRecord, Window, observe};
use sim_core::{Ctx, Departure, Model, Probe, SimDuration, SimTime};

/// Two entities in one station with one server: in at 1 s and 2 s, served for 2 s each, so out at 3 s and 5 s; a third
/// is refused at 4 s, and a fourth comes at 9 s and is still there at the end.
struct ByHand {
    honest: bool,
}

#[derive(Clone, Copy)]
enum Step {
    Enter,
    Leave { since: u64, wait: u64 },
    Reject,
}

impl<P: Probe> Model<P> for ByHand {
    type Event = Step;
    fn start(&mut self, ctx: &mut Ctx<'_, Step, P>) {
        let at = |s| SimDuration::from_secs(s);
        ctx.after(at(1), Step::Enter);
        ctx.after(at(2), Step::Enter);
        ctx.after(at(3), Step::Leave { since: 1, wait: 0 });
        ctx.after(at(4), Step::Reject);
        ctx.after(at(5), Step::Leave { since: 2, wait: 1 });
        ctx.after(at(9), Step::Enter);
    }
    fn handle(&mut self, step: Step, ctx: &mut Ctx<'_, Step, P>) {
        let at = ctx.now();
        match step {
            Step::Enter => ctx.probe().enter(0, at),
            Step::Reject => ctx.probe().reject(0, at, 0),
            Step::Leave { since, wait } => {
                let second = SimDuration::from_secs(1).ticks();
                let departure = Departure {
                    at,
                    since: SimTime::from_secs(since),
                    wait: wait * second,
                    service: 2 * second,
                    size: 8,
                    ..Departure::default()
                };
                ctx.probe().leave(0, departure);
            }
        }
    }
    fn census(&mut self, at: SimTime, probe: &mut P) {
        if at >= SimTime::from_secs(9) && self.honest {
            probe.hold(0, at, SimTime::from_secs(9), (at - SimTime::from_secs(9)).ticks());
        }
    }
}

fn record(honest: bool, warmup: u64) -> RunRecord {
    let station = Component::new("desk", ComponentKind::Station { servers: 1, paced: false }, "packet");
    let window = Window { warmup: SimTime::from_secs(warmup), end: SimTime::from_secs(10), bins: 10 };
    observe(ByHand { honest }, &[station], window, &AtomicBool::new(false)).unwrap()
}

fn value(record: &RunRecord, metric: &str, stat: &str) -> f64 {
    let found = record.measures.iter().find(|m| m.metric == metric && m.stat == stat);
    found.unwrap_or_else(|| panic!("no {metric} {stat}")).value
}

#[test]
fn measures_are_those_worked_out_by_hand() {
    let r = record(true, 0);
    assert_eq!(value(&r, "arrivals", "mean"), 4.0);
    assert_eq!(value(&r, "departures", "mean"), 2.0);
    assert_eq!(value(&r, "dropped", "mean"), 1.0);
    assert_eq!(value(&r, "in_system", "mean"), 1.0);
    assert_eq!(value(&r, "throughput", "mean"), 0.2);
    assert_eq!(value(&r, "bit_rate", "mean"), 1.6);
    assert_eq!(value(&r, "loss_ratio", "mean"), 0.25);
    // One for 1 s, two for 1 s, one for 2 s, one for the last second.
    assert!((value(&r, "occupancy", "time_mean") - 0.6).abs() < 1e-12);
    assert_eq!(value(&r, "occupancy", "max"), 2.0);
    let square: f64 = (1.0 + 4.0 + 2.0 + 1.0) / 10.0;
    assert!((value(&r, "occupancy", "sd") - (square - 0.36).sqrt()).abs() < 1e-12);
    assert_eq!(value(&r, "utilization", "time_mean"), 0.5);
    assert_eq!(value(&r, "sojourn_time", "mean"), 2.5);
    assert!((value(&r, "sojourn_time", "sd") - 0.5f64.sqrt()).abs() < 1e-9);
    assert_eq!(value(&r, "sojourn_time", "max"), 3.0);
    assert_eq!(value(&r, "wait_time", "mean"), 0.5);
    assert!(r.checks.violations.is_empty(), "{:?}", r.checks);
    assert_eq!(r.checks.made, 3);
    let occupancy = r.series.rows.iter().find(|row| row.metric == "occupancy").unwrap();
    assert_eq!(occupancy.values, [0.0, 1.0, 2.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn what_lies_before_the_window_is_forgotten() {
    let r = record(true, 4);
    assert_eq!(value(&r, "arrivals", "mean"), 2.0);
    assert_eq!(value(&r, "departures", "mean"), 1.0);
    assert_eq!(value(&r, "sojourn_time", "mean"), 3.0);
    // One of them was in from 4 s to 5 s, another from 9 s on, in six seconds.
    assert!((value(&r, "occupancy", "time_mean") - 2.0 / 6.0).abs() < 1e-12);
    assert_eq!(value(&r, "occupancy", "max"), 1.0);
}

#[test]
fn a_model_that_loses_count_is_found_out() {
    let r = record(false, 0);
    assert!(r.checks.violations.iter().any(|v| v.contains("conservation")), "{:?}", r.checks);
    assert!(r.checks.violations.iter().any(|v| v.contains("Little")), "{:?}", r.checks);
}
