//! What is under way in a mean: who has come into the species of a delay when, and at what rate that lets them leave now.
//!
//! ```text
//! out(t) = int_0^inf in(t - a) f(a) da
//! ```
//! for the density f of the times. Of every step the rate of coming in is kept as the parabola with its values at both ends and with its
//! integral; the integral of a parabola times f is exact, by f's partial moments. So nothing gets lost, and the error is that of a
//! parabola for the rate within a step, of the third order in the step. A step is at most a tenth of the times' own scale, a fixed time at
//! most, and what comes and leaves within one step counts as well. Those who come together (a dose, a spike, what is there at first) are kept as they are:
//! of a fixed time they leave together.
//!
//! Times go by at a speed, see [`Agenda`](super::super::agenda::Agenda): they are kept on a clock of the delay's own.
//!
//! Validated against: convolutions in closed form (fixed, uniform, Erlang, lognormal), the means of stochastic runs.

use std::collections::VecDeque;

use sim_core::TICKS_PER_SECOND;

use super::super::network::{Network, Phase};
use super::times::Times;
use crate::common::ode::{NODES, STAGES, WEIGHTS, seconds};

/// All delays of a part.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) ways: Vec<Way>,
    /// By channel: whether it is that of a delay.
    pub(super) is_delay: Vec<bool>,
}

/// One delay.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) channel: u32,
    pub(super) slot: u32,
    /// The channels that bring something, and how much.
    feeders: Vec<(u32, f64)>,
    /// The laws that there have been; the last is that of who comes now.
    laws: Vec<Law>,
    speed: f64,
    /// The time of its clock, in ticks.
    clock: f64,
    stretches: VecDeque<Stretch>,
    together: Vec<Together>,
    /// When, by its clock, its rate jumps.
    jumps: Vec<f64>,
    /// By stage of the present step: at what rate those leave who came before it, 1/s.
    past: [f64; STAGES],
    /// By stage: how long the step has lasted by its clock.
    elapsed: [f64; STAGES],
}

#[derive(Debug)]
struct Law {
    times: Times,
    memory: f64,
}

/// Those who came within a step, by the clock.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: f64,
    to: f64,
    law: usize,
    /// The rate, 1/s, at `from + u (to - from)`: `r[0] + r[1] u + r[2] u^2`; over the speed at the time.
    r: [f64; 3],
}

/// Those who came at once.
#[derive(Clone, Copy, Debug)]
struct Together {
    at: f64,
    law: usize,
    amount: f64,
}

/// Those who leave at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    pub(super) channel: u32,
    pub(super) amount: f64,
}

impl History {
    /// Of a part at time zero whose laws can be followed, with these counts.
    pub(super) fn new(network: &Network, phase: &Phase, x: &[f64]) -> Self {
        let mut history = Self { ways: Vec::new(), is_delay: vec![false; network.channels()] };
        for delay in &phase.delays {
            history.is_delay[delay.channel as usize] = true;
            let gain = |q: usize| network.changes.row(q).iter().find(|c| c.0 == delay.slot && c.1 > 0.0).map(|c| c.1);
            let feeders = (0..network.channels()).filter_map(|q| Some((q as u32, gain(q)?))).collect();
            history.ways.push(Way {
                channel: delay.channel,
                slot: delay.slot,
                feeders,
                laws: Vec::new(),
                speed: delay.speed,
                clock: 0.0,
                stretches: VecDeque::new(),
                together: Vec::new(),
                jumps: Vec::new(),
                past: [0.0; STAGES],
                elapsed: [0.0; STAGES],
            });
        }
        history.follow(phase);
        for way in &mut history.ways {
            way.come(x[way.slot as usize]);
        }
        history
    }

    /// From now on the delays are those of `phase`: their times for who comes, their speeds for all.
    pub(super) fn follow(&mut self, phase: &Phase) {
        for (way, delay) in self.ways.iter_mut().zip(&phase.delays) {
            way.speed = delay.speed;
            // What cannot be followed has been refused.
            if let Ok(times) = Times::new(&delay.time)
                && way.laws.last().is_none_or(|law| law.times != times)
            {
                let memory = times.memory();
                way.laws.push(Law { times, memory });
            }
        }
        self.jump();
    }

    /// The rates of what comes in may jump now.
    pub(super) fn jump(&mut self) {
        for way in &mut self.ways {
            way.jump();
        }
    }

    /// `change` of the count of `slot` now, which was `before`, by something else than channels' rates.
    pub(super) fn change(&mut self, slot: u32, change: f64, before: f64) {
        for way in self.ways.iter_mut().filter(|way| way.slot == slot) {
            if change > 0.0 {
                way.come(change);
            } else if before > 0.0 {
                // Whoever is taken out is any of those under way alike.
                way.thin(1.0 + change / before);
            }
        }
    }

    /// In how many ticks something happens that no step may pass, and how long a step may be at most; at least one.
    pub(super) fn room(&self) -> u64 {
        self.ways.iter().map(Way::room).fold(u64::MAX, u64::min)
    }

    /// Those who leave at once now.
    pub(super) fn leaving(&mut self) -> Vec<Leaving> {
        self.ways.iter_mut().filter_map(Way::leaving).collect()
    }

    /// Looks at a step of `h` ticks from now on.
    pub(super) fn look(&mut self, h: u64) {
        for way in &mut self.ways {
            for (stage, node) in NODES.into_iter().enumerate() {
                // What begins at its end is of the next step.
                let ticks = (node * h as f64).clamp(0.25, h as f64 - 0.25);
                way.elapsed[stage] = way.speed * ticks;
                way.past[stage] = way.out(way.clock + way.elapsed[stage]);
            }
        }
    }

    /// The step of `h` ticks was made, at these rates of all channels at its stages.
    pub(super) fn accept(&mut self, h: u64, rates: &[Vec<f64>; STAGES]) {
        for way in &mut self.ways {
            way.accept(h, rates);
        }
    }
}

impl Way {
    /// The rate at which something comes while channels fire at `rates`.
    fn inflow(&self, rates: &[f64]) -> f64 {
        self.feeders.iter().map(|&(q, n)| n * rates[q as usize]).sum()
    }

    /// The rate at which those who came before or in the step leave at `stage`.
    pub(super) fn rate(&self, stage: usize, rates: &[Vec<f64>; STAGES]) -> f64 {
        let elapsed = self.elapsed[stage];
        let past = self.past[stage];
        if stage == 0 || elapsed == 0.0 {
            return past.max(0.0);
        }
        let Some(law) = self.laws.last() else { return past.max(0.0) };
        let [share, age, _] = law.times.below(elapsed);
        let (first, now) = (self.inflow(&rates[0]), self.inflow(&rates[stage]));
        (past + now * share + (first - now) * age / elapsed).max(0.0)
    }

    /// The rate at which those who came up to now leave at `clock`, 1/s.
    fn out(&self, clock: f64) -> f64 {
        let mut sum = 0.0;
        let mut edge = (f64::NAN, usize::MAX, [0.0; 3]);
        for s in &self.stretches {
            let (times, oldest) = (&self.laws[s.law].times, clock - s.from);
            if let Times::Fixed(ticks) = times {
                let u = (oldest - ticks) / (s.to - s.from);
                if (0.0..1.0).contains(&u) {
                    sum += s.r[0] + u * (s.r[1] + u * s.r[2]);
                }
                continue;
            }
            let old = if edge.0 == s.from && edge.1 == s.law { edge.2 } else { times.below(oldest) };
            let young = times.below(clock - s.to);
            edge = (s.to, s.law, young);
            let [p, m, v] = [0, 1, 2].map(|k| old[k] - young[k]);
            let w = s.to - s.from;
            let moments = [p, (oldest * p - m) / w, (oldest * (oldest * p - 2.0 * m) + v) / (w * w)];
            sum += s.r.iter().zip(moments).map(|(r, m)| r * m).sum::<f64>();
        }
        let ticks = TICKS_PER_SECOND as f64;
        let at_once = |t: &Together| t.amount * self.laws[t.law].times.density(clock - t.at) * ticks;
        self.speed * (sum + self.together.iter().map(at_once).sum::<f64>())
    }

    fn come(&mut self, amount: f64) {
        if amount > 0.0 {
            self.together.push(Together { at: self.clock, law: self.laws.len() - 1, amount });
            self.jump();
        }
    }

    fn thin(&mut self, share: f64) {
        self.stretches.iter_mut().for_each(|s| s.r = s.r.map(|r| r * share));
        self.together.iter_mut().for_each(|t| t.amount *= share);
    }

    fn jump(&mut self) {
        let Some(law) = self.laws.last() else { return };
        let jumps = law.times.corners().map(|age| self.clock + age);
        self.jumps.extend(jumps);
    }

    /// When, by the clock, those who came at once leave at once.
    fn end(&self, t: &Together) -> Option<f64> {
        match self.laws[t.law].times {
            Times::Fixed(ticks) => Some(t.at + ticks),
            _ => None,
        }
    }

    fn room(&self) -> u64 {
        if self.speed == 0.0 {
            return u64::MAX;
        }
        let ends = self.together.iter().filter_map(|t| self.end(t));
        let ahead = |at: f64| (at - self.clock) / self.speed;
        let next = ends.chain(self.jumps.iter().copied()).map(ahead).filter(|ticks| *ticks > 0.5);
        let most = self.laws.last().map_or(f64::INFINITY, |law| law.times.step_max() / self.speed);
        next.fold(most, f64::min).round().max(1.0) as u64
    }

    fn leaving(&mut self) -> Option<Leaving> {
        let due = |t: &Together| self.end(t).is_some_and(|end| (end - self.clock) / self.speed <= 0.5);
        if self.speed == 0.0 || !self.together.iter().any(due) {
            return None;
        }
        let amount = self.together.iter().filter(|t| due(t)).map(|t| t.amount).sum();
        let left: Vec<Together> = self.together.iter().filter(|t| !due(t)).copied().collect();
        self.together = left;
        Some(Leaving { channel: self.channel, amount })
    }

    fn accept(&mut self, h: u64, rates: &[Vec<f64>; STAGES]) {
        let mean: f64 = (0..STAGES).map(|i| WEIGHTS[i] * self.inflow(&rates[i])).sum();
        let (first, last) = (self.inflow(&rates[0]), self.inflow(&rates[STAGES - 1]));
        let law = self.laws.len() - 1;
        let from = self.clock;
        self.clock += self.speed * h as f64;
        if self.speed == 0.0 {
            let amount = mean * seconds(h);
            match self.together.last_mut().filter(|t| t.at.to_bits() == from.to_bits() && t.law == law) {
                Some(t) => t.amount += amount,
                None => self.come(amount),
            }
        } else if mean != 0.0 || first != 0.0 || last != 0.0 {
            let bend = 3.0 * (first + last) - 6.0 * mean;
            let r = [first, last - first - bend, bend].map(|r| r / self.speed);
            let level = |s: &Stretch| (s.r[1].abs() + s.r[2].abs()) <= 1e-13 * s.r[0];
            let new = Stretch { from, to: self.clock, law, r };
            let same = |s: &Stretch| s.law == law && level(s) && level(&new) && (s.r[0] - r[0]).abs() <= 1e-13 * r[0];
            match self.stretches.back_mut().filter(|s| s.to.to_bits() == from.to_bits() && same(s)) {
                Some(s) => s.to = new.to,
                None => self.stretches.push_back(new),
            }
        }
        let (clock, laws) = (self.clock, &self.laws);
        while self.stretches.front().is_some_and(|s| s.to + laws[s.law].memory < clock) {
            self.stretches.pop_front();
        }
        let is_fixed = |t: &Together| matches!(laws[t.law].times, Times::Fixed(_));
        self.together.retain(|t| is_fixed(t) || t.at + laws[t.law].memory >= clock);
        self.jumps.retain(|at| *at > clock);
    }
}
