//! What happens in a part at set times, beside its firings: passages that take a time of their own.
//!
//! Whoever comes into the species of a delay draws a time; when that has passed, the delay's channel fires for it. The
//! channel's propensity is zero: nothing else makes it fire. The numbers are those of an M/G/infinity system: in the steady
//! state Poisson with the mean rate times mean time, whatever the law of times (Takacs 1962).
//!
//! A delay goes by at a *speed*, 1 unless an intervention says otherwise. Another speed stretches what is left of all that is
//! under way; at speed 0 all of it stands still.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_core::rng::{Rng, Streams};

use super::network::{NONE, Network, Phase};
use crate::common::service::Service;

/// A channel that fires for each of its species a time after it came.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    pub(super) channel: u32,
    /// The slot of the species.
    pub(super) slot: u32,
    pub(super) time: Service,
    pub(super) speed: f64,
}

/// One that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Passage {
    /// When it ends. While its delay stands still: what is left of it.
    at: u64,
    /// Of those that end at one instant, who began first is first.
    order: u64,
    delay: u32,
    since: u64,
}

/// The end of a passage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) channel: u32,
    pub(super) slot: u32,
    /// When it began.
    pub(super) since: u64,
}

/// All that is under way in a part.
#[derive(Debug)]
pub(super) struct Agenda {
    delays: Vec<Delay>,
    /// By delay.
    rngs: Vec<Rng>,
    /// By slot, or [`NONE`].
    delay_of: Vec<u32>,
    due: BinaryHeap<Reverse<Passage>>,
    /// Of delays that stand still.
    still: Vec<Passage>,
    begun: u64,
}

impl Agenda {
    /// That of a part, at time zero, if it has delays.
    pub(super) fn new(network: &Network, phase: &Phase, streams: Streams) -> Option<Self> {
        if phase.delays.is_empty() {
            return None;
        }
        let mut delay_of = vec![NONE; network.initial.len()];
        for (delay, i) in phase.delays.iter().zip(0..) {
            delay_of[delay.slot as usize] = i;
        }
        let stream = |delay: &Delay| streams.stream(&network.channel_names[delay.channel as usize], "delay");
        let rngs = phase.delays.iter().map(stream).collect();
        let delays = phase.delays.clone();
        let mut agenda = Self { delays, rngs, delay_of, due: BinaryHeap::new(), still: Vec::new(), begun: 0 };
        for delay in &phase.delays {
            agenda.come(delay.slot, network.initial[delay.slot as usize], 0);
        }
        Some(agenda)
    }

    /// When the next passage ends; `u64::MAX` if none does.
    #[inline]
    pub(super) fn next(&self) -> u64 {
        self.due.peek().map_or(u64::MAX, |next| next.0.at)
    }
    /// Whether what is in `slot` is under way.
    #[inline]
    pub(super) fn holds(&self, slot: u32) -> bool {
        self.delay_of[slot as usize] != NONE
    }
    /// The passage that ends next is over.
    pub(super) fn take(&mut self) -> Option<Arrival> {
        let Passage { delay, since, .. } = self.due.pop()?.0;
        let Delay { channel, slot, .. } = self.delays[delay as usize];
        Some(Arrival { channel, slot, since })
    }

    /// `n` come into `slot` now: each begins a passage.
    pub(super) fn come(&mut self, slot: u32, n: f64, now: u64) {
        for _ in 0..n as u64 {
            self.begin(self.delay_of[slot as usize], now);
        }
    }
    /// Takes out `n` of those under way in `slot`, any of them alike; returns when each came.
    pub(super) fn take_out(&mut self, slot: u32, n: f64) -> Vec<u64> {
        let delay = self.delay_of[slot as usize];
        let mut all = self.underway(delay);
        let rng = &mut self.rngs[delay as usize];
        let gone: Vec<Passage> = (0..n as u64).map(|_| all.swap_remove(rng.below(all.len() as u64) as usize)).collect();
        let is_gone = |p: &Passage| gone.iter().any(|g| g.order == p.order);
        self.due.retain(|p| !is_gone(&p.0));
        self.still.retain(|p| !is_gone(p));
        gone.iter().map(|p| p.since).collect()
    }
    fn begin(&mut self, delay: u32, now: u64) {
        let Delay { time, speed, .. } = &self.delays[delay as usize];
        let left = time.draw(&mut self.rngs[delay as usize], 0).max(1);
        let passage = Passage { at: left, order: self.begun, delay, since: now };
        self.begun += 1;
        self.plan(passage, *speed, now);
    }
    /// Plans the end of a passage of which `at` is left.
    fn plan(&mut self, passage: Passage, speed: f64, now: u64) {
        if speed > 0.0 {
            // Longer than any run is never.
            let left = if speed == 1.0 { passage.at } else { (passage.at as f64 / speed) as u64 };
            self.due.push(Reverse(Passage { at: now.saturating_add(left), ..passage }));
        } else {
            self.still.push(passage);
        }
    }
    /// Those of one delay, in the order in which they began.
    fn underway(&self, delay: u32) -> Vec<Passage> {
        let all = self.due.iter().map(|p| p.0).chain(self.still.iter().copied());
        let mut own: Vec<Passage> = all.filter(|p| p.delay == delay).collect();
        own.sort_unstable_by_key(|p| p.order);
        own
    }

    /// From now on the delays are those of `phase`: their times for who comes, their speeds for all.
    pub(super) fn follow(&mut self, phase: &Phase, now: u64) {
        for (i, new) in (0..).zip(&phase.delays) {
            let old = std::mem::replace(&mut self.delays[i as usize], new.clone());
            if old.speed.to_bits() == new.speed.to_bits() {
                continue;
            }
            let own = self.underway(i);
            self.due.retain(|p| p.0.delay != i);
            self.still.retain(|p| p.delay != i);
            for passage in own {
                let left =
                    if old.speed > 0.0 { ((passage.at - now) as f64 * old.speed).round() as u64 } else { passage.at };
                self.plan(Passage { at: left, ..passage }, new.speed, now);
            }
        }
    }
}
