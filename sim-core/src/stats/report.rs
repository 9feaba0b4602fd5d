//! The measures of a window, and the laws that must hold in it.

use super::component::{Component, ComponentKind, Measure};
use super::extra::Extra;
use super::observe::Watch;
use super::sketch::Sketch;
use super::station::{Census, Times, Totals};
use super::statistics::{Snapshot, Statistics, Tally};
use super::window::{Opening, Window};
use crate::time::{SimTime, TICKS_PER_SECOND};

/// The laws that must hold in every run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// How many comparisons were made.
    pub made: u32,
    /// What did not hold, in words; empty if all is well.
    pub violations: Vec<String>,
}

/// Every number that a run of a system with these `components` has, with nothing measured: which metrics, statistics and
/// units there are.
pub fn numbers(components: &[Component]) -> Vec<Measure> {
    let mut statistics = Statistics::new(components);
    let mut opening = || Opening { totals: statistics.snapshot(), census: statistics.take_census() };
    let (opening, closing) = (opening(), opening().census);
    Report { components, window: UNMEASURED, opening, closing, statistics }.measures()
}

/// The same with those of what watches besides, which has seen nothing.
pub fn numbers_with<W: Watch>(watch: &W, components: &[Component]) -> Vec<Measure> {
    let mut all = numbers(components);
    watch.report(UNMEASURED, components, &mut all);
    all
}

/// A window in which nothing was.
const UNMEASURED: Window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 1 };

/// Makes the measures and checks the laws.
pub(super) struct Report<'a> {
    pub(super) components: &'a [Component],
    pub(super) window: Window,
    pub(super) opening: Opening,
    pub(super) closing: Vec<Census>,
    pub(super) statistics: Statistics,
}

impl Report<'_> {
    pub(super) fn measures(&self) -> Vec<Measure> {
        let mut out = Vec::new();
        let closing = self.statistics.snapshot();
        for (i, (c, t)) in self.components.iter().zip(&self.statistics.tallies).enumerate() {
            let mut to = Out { measures: &mut out, component: i as u32, entity: c.entity };
            let ticks = (self.window.end - self.window.warmup).ticks() as f64;
            match (t, closing[i], self.opening.totals[i]) {
                (Tally::Station(s), Snapshot::Entities(now), Snapshot::Entities(before)) => {
                    to.passages(&now, &before, ticks);
                    to.occupancy(
                        (now.area - before.area) as f64 / ticks,
                        Some((now.squares - before.squares) as f64 / ticks),
                        Some(s.held_max as f64),
                    );
                    to.times("sojourn_time", &s.sojourn);
                    to.waits(&s.wait);
                    to.add("utilization", "time_mean", self.utilization(i, &now, &before, ticks), "1");
                }
                (Tally::Gate(_), Snapshot::Entities(now), Snapshot::Entities(before)) => {
                    to.passages(&now, &before, ticks);
                }
                (Tally::Flow(f), Snapshot::Entities(now), Snapshot::Entities(before)) => {
                    to.passages(&now, &before, ticks);
                    to.occupancy((now.area - before.area) as f64 / ticks, None, None);
                    to.times("sojourn_time", &f.sojourn);
                    to.waits(&f.wait);
                }
                (Tally::Population(l), Snapshot::Level(now), Snapshot::Level(before)) => {
                    let seconds = ticks / TICKS_PER_SECOND as f64;
                    to.occupancy(
                        (now.area - before.area) / ticks,
                        Some((now.squares - before.squares) / ticks),
                        Some(l.max),
                    );
                    to.add("arrivals", "mean", now.inward - before.inward, c.entity);
                    to.add("departures", "mean", now.outward - before.outward, c.entity);
                    to.add("in_system", "mean", l.now, c.entity);
                    to.add("throughput", "mean", (now.outward - before.outward) / seconds, "1/s");
                    if matches!(c.kind, ComponentKind::Population { tagged: true, .. }) {
                        to.times("sojourn_time", &l.residence);
                    }
                }
                (Tally::Variable(l), Snapshot::Level(now), Snapshot::Level(before)) => {
                    let (mean, square) = (now.area - before.area, now.squares - before.squares);
                    to.value(l.now, mean / ticks, square / ticks, l.max);
                }
                (Tally::Pathway(_), Snapshot::Level(now), Snapshot::Level(before)) => {
                    let seconds = ticks / TICKS_PER_SECOND as f64;
                    let out = now.outward - before.outward;
                    let back = now.inward - before.inward;
                    to.add("throughput", "mean", out / seconds, "1/s");
                    to.add("influx", "mean", back / seconds, "1/s");
                    to.add("net_flux", "mean", (out - back) / seconds, "1/s");
                    if matches!(c.kind, ComponentKind::Pathway { saturable: true }) {
                        to.add("utilization", "time_mean", (now.area - before.area) / ticks, "1");
                    }
                }
                (Tally::Exit(times), ..) => {
                    let ComponentKind::Exit { of } = c.kind else { unreachable!("an exit") };
                    let Tally::Population(all) = &self.statistics.tallies[of as usize] else {
                        unreachable!("an exit is of a population")
                    };
                    let n = times.n() as f64;
                    to.add("departures", "mean", n, c.entity);
                    to.add("throughput", "mean", n / (ticks / TICKS_PER_SECOND as f64), "1/s");
                    to.add("exit_share", "mean", n / all.residence.n() as f64, "1");
                    to.times("sojourn_time", times);
                }
                (Tally::Sample(level), ..) => {
                    let ComponentKind::Sample { of, extra, .. } = c.kind else { unreachable!("a sample") };
                    let extra = extra.map(|e| self.components[of as usize].extras[e as usize]);
                    let (metric, unit) = extra.map_or(("count", c.entity), |e| (e.metric, e.unit));
                    to.add(metric, "mean", *level, unit);
                }
                (Tally::Passed { count, .. }, ..) => to.add("passages", "mean", *count, c.entity),
                (Tally::Dwell(dwell), ..) => {
                    to.add("departures", "mean", dwell.stays.n() as f64, c.entity);
                    to.times("sojourn_time", &dwell.stays);
                    if matches!(c.kind, ComponentKind::Dwell { bursts: true, .. }) {
                        let (mean, sd) = dwell.openings();
                        to.add("openings", "mean", mean, "opening");
                        to.add("openings", "sd", sd, "opening");
                    }
                }
                (Tally::Share, ..) => continue,
                _ => unreachable!("a component keeps its kind"),
            }
            let further = &self.statistics.further[i];
            for (n, (_, metric)) in further.lost().zip(&c.reasons) {
                to.add(metric, "mean", n as f64, c.entity);
            }
            for tally in &further.extras {
                let Extra { metric, unit, .. } = tally.extra;
                tally.report(ticks, |stat, value| to.add(metric, stat, value, unit));
            }
        }
        out
    }

    /// The busy share of station `i`, or the used share of its tokens if that is more.
    fn utilization(&self, i: usize, now: &Totals, before: &Totals, ticks: f64) -> f64 {
        let ComponentKind::Station { servers, paced } = self.components[i].kind else { unreachable!("a station") };
        let busy = if paced {
            let given = now.service - before.service + self.closing[i].served;
            given - self.opening.census[i].served
        } else {
            now.busy - before.busy
        };
        let busy = busy as f64 / ticks / f64::from(servers);
        busy.max(self.statistics.further[i].used_share(ticks))
    }

    pub(super) fn sojourns(&self) -> Vec<(u32, Sketch)> {
        let mut out = Vec::new();
        for (i, t) in self.statistics.tallies.iter().enumerate() {
            let times = match t {
                Tally::Station(s) => &s.sojourn,
                Tally::Flow(f) => &f.sojourn,
                Tally::Population(l) | Tally::Pathway(l) => &l.residence,
                Tally::Exit(times) => times,
                Tally::Dwell(dwell) => &dwell.stays,
                Tally::Gate(_) | Tally::Variable(_) | Tally::Sample(_) | Tally::Passed { .. } | Tally::Share => {
                    continue;
                }
            };
            if times.n() > 0 {
                out.push((i as u32, times.sketch.clone()));
            }
        }
        out
    }

    pub(super) fn checks(&self) -> Checks {
        let mut checks = Checks::default();
        let closing = self.statistics.snapshot();
        for (i, (c, t)) in self.components.iter().zip(&self.statistics.tallies).enumerate() {
            let mut check = |law: &str, left: u128, right: u128| {
                checks.made += 1;
                if left != right {
                    checks.violations.push(format!("{}: {law}: {left} is not {right}", c.name));
                }
            };
            let (a, b) = (self.opening.census[i], self.closing[i]);
            match (t, closing[i], self.opening.totals[i]) {
                (Tally::Station(s), Snapshot::Entities(now), Snapshot::Entities(before)) => {
                    laws_of_passage(&mut check, &now, &before, a, b, &s.sojourn);
                    // U = X S: time with busy servers against service given, both in the window.
                    if matches!(c.kind, ComponentKind::Station { paced: false, .. }) {
                        let given = now.service - before.service + b.served;
                        check("utilization law", now.busy - before.busy + a.served, given);
                    }
                }
                (Tally::Gate(_), Snapshot::Entities(now), _) => {
                    let gone = now.departures + now.dropped;
                    check("conservation", now.arrivals.into(), (gone + b.held).into());
                }
                (Tally::Flow(f), Snapshot::Entities(now), Snapshot::Entities(before)) => {
                    laws_of_passage(&mut check, &now, &before, a, b, &f.sojourn);
                }
                (Tally::Population(l), Snapshot::Level(now), _) => {
                    // The level is what came in less what went out: exactly, if counts are whole; a mean is as good as its steps.
                    let expected = l.initial + now.inward - now.outward;
                    let is_whole = l.now.fract() == 0.0 && expected.fract() == 0.0;
                    let rounding = 1e-6 * (l.initial + now.inward + now.outward);
                    let is_close = !is_whole && (l.now - expected).abs() <= rounding;
                    let expected = if is_close { l.now } else { expected };
                    check("conservation", l.now.to_bits().into(), expected.to_bits().into());
                }
                _ => {}
            }
        }
        checks
    }
}

/// Conservation and Little's law, exactly, in integers.
fn laws_of_passage(
    check: &mut impl FnMut(&str, u128, u128),
    now: &Totals,
    before: &Totals,
    opening: Census,
    closing: Census,
    sojourn: &Times,
) {
    let gone = now.departures + now.dropped;
    check("conservation", now.arrivals.into(), (gone + closing.held).into());
    let area = now.area - before.area;
    let lost = now.wasted - before.wasted;
    check("Little's law", sojourn.sum + lost + closing.age, area + opening.age);
}

struct Out<'a> {
    measures: &'a mut Vec<Measure>,
    component: u32,
    entity: &'static str,
}

impl Out<'_> {
    fn add(&mut self, metric: &'static str, stat: &'static str, value: f64, unit: &'static str) {
        self.measures.push(Measure { component: self.component, metric, stat, value, unit });
    }
    fn passages(&mut self, now: &Totals, before: &Totals, ticks: f64) {
        let seconds = ticks / TICKS_PER_SECOND as f64;
        let arrivals = now.arrivals - before.arrivals;
        let departures = now.departures - before.departures;
        let dropped = now.dropped - before.dropped;
        self.add("arrivals", "mean", arrivals as f64, self.entity);
        self.add("departures", "mean", departures as f64, self.entity);
        self.add("dropped", "mean", dropped as f64, self.entity);
        self.add("in_system", "mean", (now.arrivals - now.departures - now.dropped) as f64, self.entity);
        self.add("throughput", "mean", departures as f64 / seconds, "1/s");
        if self.entity == "packet" {
            self.add("bit_rate", "mean", (now.size - before.size) as f64 / seconds, "bit/s");
        }
        self.add("loss_ratio", "mean", dropped as f64 / arrivals as f64, "1");
    }
    /// That of a variable at the end of the window, and over it.
    fn value(&mut self, last: f64, mean: f64, mean_square: f64, max: f64) {
        // What is left of a value that stays the same is rounding.
        let variance = Some(mean_square - mean * mean).filter(|v| *v > 1e-13 * mean_square);
        let sd = variance.unwrap_or(0.0).sqrt();
        for (stat, value) in [("mean", last), ("time_mean", mean), ("sd", sd), ("max", max)] {
            self.add("value", stat, value, self.entity);
        }
    }
    fn occupancy(&mut self, mean: f64, mean_square: Option<f64>, max: Option<f64>) {
        self.add("occupancy", "time_mean", mean, self.entity);
        if let Some(square) = mean_square {
            self.add("occupancy", "sd", (square - mean * mean).max(0.0).sqrt(), self.entity);
        }
        if let Some(max) = max {
            self.add("occupancy", "max", max, self.entity);
        }
    }
    fn waits(&mut self, wait: &Times) {
        self.times("wait_time", wait);
        self.add("wait_ratio", "mean", wait.share_above_zero(), "1");
    }
    fn times(&mut self, metric: &'static str, times: &Times) {
        times.report(1.0 / TICKS_PER_SECOND as f64, |stat, value| self.add(metric, stat, value, "s"));
    }
}
