//! What holds from which time on: turns that are known beforehand, or what they are made from during a run.

use std::sync::Arc;

use sim_core::SimTime;

use super::super::changes::{Change, Changes, Course};
use super::super::flows::Flow;
use super::super::ways::Ways;
use super::super::{Builder, Load, Origin, ticks};
use super::{bucket, is_fair, rate, refusal};
use crate::network::fluid::driver::{DriverPlan, Rate, Step};
use crate::network::fluid::ways::{Carries, Change as LinkChange, FlowFacts, Links, Refusal, WayMaker};
use crate::network::fluid::{self, Turn};
use crate::network::traffic::Traffic;

impl Flow {
    /// What a source of the flow sends if it is steady, or would be without a waveform.
    pub(super) fn fluid_rate(&self, source: &dyn Traffic) -> Option<Rate> {
        let steady = source.steady_rate().map(|rate| Rate { rate: rate * self.mean_bits, shape: None });
        let shaped = || {
            let (rate, course, most) = source.shaped_rate()?;
            Some(Rate { rate: rate * self.mean_bits, shape: Some((course, most)) })
        };
        steady.or_else(shaped)
    }
    /// The same of its source at the start.
    pub(super) fn own_fluid_rate(&self) -> Option<Rate> {
        match &self.origin {
            Origin::Load(Load::Source(source)) => self.fluid_rate(source.as_ref()),
            _ => None,
        }
    }
}

impl Builder<'_> {
    /// What ways are made from; `index` is the place of each directed link that is used.
    pub(super) fn way_maker(&self, index: &[u32]) -> WayMaker {
        let facts = |f: &Flow| FlowFacts {
            name: f.name.clone(),
            span: f.span,
            from: f.from as u32,
            to: f.to.map(|to| to as u32),
            start: f.start,
            stop: f.stop,
            carries: match &f.origin {
                Origin::Load(Load::Application(_, settings)) => Carries::Transfers(settings.clone()),
                Origin::Load(Load::Source(_)) => Carries::Steady,
                Origin::Acknowledgements => Carries::Acknowledgements,
            },
        };
        WayMaker {
            flows: self.flows.iter().map(facts).collect(),
            ends: (0..index.len()).map(|l| self.end_of(l) as u32).collect(),
            names: self.graph.links.iter().map(|l| l.name.clone()).collect(),
            index: index.to_vec(),
            ecmp: self.ecmp(),
            keys: self.hash_keys().into(),
        }
    }

    /// What holds when; the ways of single transfers have to be worked out if any flow `splits`.
    pub(super) fn course(
        &mut self,
        ways: Ways,
        changes: &Changes,
        maker: &Arc<WayMaker>,
        splits: bool,
    ) -> fluid::Course {
        let links = 0..ways.used.len();
        let links = Links {
            rates: links.clone().map(|l| rate(&self.link(l))).collect(),
            buckets: links.clone().map(|l| bucket(&self.link(l))).collect(),
            delays: links.clone().map(|l| ticks(self.link(l).delay)).collect(),
            down: vec![0; self.graph.links.len()],
            fair: links.map(|l| is_fair(&self.link(l))).collect(),
        };
        let steps = self.planned_steps(changes);
        let rates: Vec<Option<Rate>> = self.flows.iter().map(Flow::own_fluid_rate).collect();
        let changed = steps.iter().filter_map(|s| if let Step::Rate(_, rate) = &s.1 { Some(rate) } else { None });
        let is_shaped = rates.iter().flatten().chain(changed).any(|rate| rate.shape.is_some());
        if changes.course == Course::Planned && !is_shaped {
            let rates = rates.into_iter().map(|rate| rate.map_or(0.0, |rate| rate.rate)).collect();
            return fluid::Course::Planned(self.turns(&ways, changes, (maker, splits), links, rates, &steps).into());
        }
        // What has no fluid at the start is told before anything runs.
        let routes = Arc::clone(&ways.tables[0]);
        let mut found = Vec::new();
        let mut first = rates.clone();
        let now: Vec<f64> = first.iter_mut().map(|r| r.as_mut().map_or(0.0, |r| r.hold(SimTime::ZERO).0)).collect();
        maker.turn(&routes, &links, &now, SimTime::ZERO, &mut found);
        self.refuse(found);
        let failures = self.failures(changes, &vec![u32::MAX; ways.used.len()]);
        let convergence = self.convergence_law();
        let knowledge = ways.knowledge(changes, failures, convergence);
        let maker = Arc::clone(maker);
        let steps = steps.into();
        fluid::Course::Driven(Box::new(DriverPlan { maker, links, rates, routes, knowledge, steps, splits }))
    }

    /// What interventions do, and when steady sources begin and end, in order of time.
    fn planned_steps(&self, changes: &Changes) -> Vec<(SimTime, Step)> {
        let mut steps = Vec::new();
        for (at, change) in &changes.all {
            let mut link = |change| steps.push((*at, Step::Link(change)));
            match change {
                Change::Down(l) => link(LinkChange::Down(*l)),
                Change::Up(l) => link(LinkChange::Up(*l)),
                Change::Rate(l, rate, sides) => {
                    sides.of_link(*l).for_each(|l| link(LinkChange::Rate(l, rate.rate())));
                }
                Change::Delay(l, delay, sides) => {
                    sides.of_link(*l).for_each(|l| link(LinkChange::Delay(l, *delay)));
                }
                Change::Flow(flow, source) => {
                    let rate = self.flows[*flow].fluid_rate(source.as_ref());
                    steps.extend(rate.map(|rate| (*at, Step::Rate(*flow, rate))));
                }
            }
        }
        steps.extend(changes.news.iter().map(|(at, news)| (*at, Step::News(news.clone()))));
        let sources = self.flows.iter().filter(|f| matches!(f.origin, Origin::Load(Load::Source(_))));
        let looks = sources.flat_map(|f| [SimTime::ZERO + f.start, f.stop]);
        steps.extend(looks.filter(|at| *at < SimTime::NEVER).map(|at| (at, Step::Look)));
        steps.sort_by_key(|step| step.0);
        steps
    }

    /// All turns, where they are known.
    fn turns(
        &mut self,
        ways: &Ways,
        changes: &Changes,
        (maker, splits): (&WayMaker, bool),
        mut links: Links,
        mut rates: Vec<f64>,
        steps: &[(SimTime, Step)],
    ) -> Vec<Turn> {
        let told = steps.iter().map(|step| step.0).chain(changes.epochs.iter().map(|e| e.0));
        let mut times: Vec<SimTime> = told.filter(|at| *at < SimTime::NEVER).collect();
        times.push(SimTime::ZERO);
        times.sort_unstable();
        times.dedup();
        let (mut turns, mut found) = (Vec::new(), Vec::new());
        for at in times {
            for (_, step) in steps.iter().filter(|step| step.0 == at) {
                match step {
                    Step::Link(change) => links.take(*change),
                    Step::Rate(flow, rate) => rates[*flow] = rate.rate,
                    Step::News(_) | Step::Look => {}
                }
            }
            let state = changes.epochs.iter().rfind(|epoch| epoch.0 <= at).map_or(0, |epoch| epoch.1);
            let routes = &ways.tables[state];
            let mut turn = maker.turn(routes, &links, &rates, at, &mut found);
            if splits {
                turn.standing = Some(Arc::new((Arc::clone(routes), links.clone())));
            }
            turns.push(turn);
        }
        self.refuse(found);
        await_ways(&mut turns);
        turns
    }

    fn refuse(&mut self, found: Vec<Refusal>) {
        for Refusal { span, message, label, instead } in found {
            let d = refusal(span, message, &label, Some(&instead));
            if !self.diagnostics.iter().any(|known| known.span == d.span && known.message == d.message) {
                self.diagnostics.push(d);
            }
        }
    }
}

/// While a flow has no way, what it sends is to go by the next that it has; at the end, by the last.
fn await_ways(turns: &mut [Turn]) {
    for flow in 0..turns[0].ways.len() {
        let mut next = turns.iter().rev().map(|t| &t.ways[flow]).find(|w| !w.path.is_empty()).map_or(0, |w| w.delay);
        for turn in turns.iter_mut().rev() {
            let way = &mut turn.ways[flow];
            if way.path.is_empty() {
                way.delay = next;
            } else {
                next = way.delay;
            }
        }
    }
}
