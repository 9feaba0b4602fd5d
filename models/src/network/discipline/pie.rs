//! PIE, proportional integral controller enhanced: drops arriving packets at random, with a probability that a controller
//! steers so that the delay in the queue meets a target.
//!
//! Rong Pan, Preethi Natarajan, Fred Baker and Greg White 2017, RFC 8033 section 4. Every `tupdate`, with the delay d in
//! seconds and its value at the update before,
//!
//! `p += (alpha (d - target) + beta (d - d_old)) / scale(p)`,
//!
//! scale 2048, 512, 128, 32, 8, 2 below 10^-6, 10^-5, ..., 0.1, and 1 from there on; a step is at most 0.02 once p is 0.1
//! or more (section 5.5), and p decays by a factor of 0.98 if d and `d_old` are zero. An arriving packet is dropped
//! (`early`) with probability p, except while a burst is allowed for (`max_burst` since the start, or since there was no
//! congestion), if the old delay was below half the target and p below 0.2, or if no more than two `mean_packet` wait.
//!
//! | parameter | default | |
//! |---|---|---|
//! | `target` | 15 ms | the delay to keep (`QDELAY_REF`) |
//! | `tupdate` | 15 ms | time between updates |
//! | `alpha`, `beta` | 0.125, 1.25 | per second |
//! | `max_burst` | 150 ms | for how long a burst passes untouched |
//! | `ecn`, `mark_ecnth` | false, 0.1 | marks instead of drops as long as p is below the threshold |
//! | `mean_packet` | 1000 B | as in ns-3 |
//! | `limit` | 1000 packets | `tail_drop` |
//!
//! The delay is that of the packet that left last, and zero once nothing waits (the timestamps of section 4.3, as in
//! Linux), not the estimate of section 5.2. Of the options, derandomisation (5.4) and switching off (5.3) are left out.
//! Updates happen at multiples of `tupdate`; those that fell due are made up at the next packet, exactly, since nothing
//! changes in between, and `drop_probability` is reported from then on.
//!
//! Validated against: the RFC's arithmetic for constant and rising delays, the orderings of ns-3's test suite.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::codel::{limit, positive};
use super::{
    DROP_PROBABILITY, Discipline, DisciplineContext, EARLY, Effects, Fifo, Limit, MARKED, MakeDiscipline, Next, Reason,
    Signal, TAIL_DROP,
};
use crate::network::Packet;
use crate::registry::Kind;

const TIME: Type = Type::Quantity(&[Dimension::TIME]);
const GAIN: Type = Type::Number { min: 0.0, max: 1e6 };

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "pie",
    doc: "Proportional integral controller enhanced (PIE, RFC 8033): drops arriving packets with a probability that keeps \
          the delay at a target.",
    fields: &[
        Field::default("target", TIME, "\"15 ms\"", "The delay in the queue that is aimed at."),
        Field::default("tupdate", TIME, "\"15 ms\"", "The time between updates of the probability, at least 1 us."),
        Field::default("alpha", GAIN, "0.125", "How the probability follows the delay beyond the target, per second."),
        Field::default("beta", GAIN, "1.25", "How it follows the change of the delay, per second."),
        Field::default("max_burst", TIME, "\"150 ms\"", "For how long a burst after a quiet time is let through."),
        Field::default(
            "ecn",
            Type::Bool,
            "false",
            "Whether packets of traffic with `ecn` are marked instead of dropped.",
        ),
        Field::default(
            "mark_ecnth",
            Type::Number { min: 0.0, max: 1.0 },
            "0.1",
            "From this probability on they are dropped all the same.",
        ),
        Field::default(
            "mean_packet",
            Type::Quantity(&[Dimension::DATA]),
            "\"1000 B\"",
            "A typical packet: while no more than two of them wait, nothing is dropped.",
        ),
        Limit::FIELD,
    ],
    make: |table, context| {
        let law = PieLaw::read(table, context)?;
        Ok(Box::new(Pie::new(limit(table, context)?, law)))
    },
};

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub struct PieLaw {
    /// The delay that is aimed at, in seconds.
    pub target: f64,
    /// Ticks between updates.
    pub tupdate: u64,
    /// Gain of the delay beyond the target.
    pub alpha: f64,
    /// Gain of the change of the delay.
    pub beta: f64,
    /// For how many ticks a burst is let through.
    pub max_burst: u64,
    /// Whether packets are marked if they can be.
    pub ecn: bool,
    /// The probability from which on they are dropped all the same.
    pub mark_ecnth: f64,
    /// Two typical packets, in bits.
    pub two_packets: u64,
}

impl PieLaw {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        positive(table, "target")?;
        let tupdate = positive(table, "tupdate")?;
        if tupdate < sim_core::TICKS_PER_SECOND / 1_000_000 {
            let span = table.span_of("tupdate");
            let d = Diagnostic::error("E0363", span, "updates without end", "at least 1 us between them");
            return Err(d.help("RFC 8033 recommends `tupdate = \"15 ms\"`").into());
        }
        context.check_marks(table);
        Ok(Self {
            target: table.quantity("target").value,
            tupdate,
            alpha: table.number("alpha"),
            beta: table.number("beta"),
            max_burst: table.quantity("max_burst").to_ticks().unwrap_or(SimTime::HORIZON_MAX.ticks()),
            ecn: table.bool("ecn"),
            mark_ecnth: table.number("mark_ecnth"),
            two_packets: 2 * table.quantity("mean_packet").value as u64,
        })
    }
}

/// What the gains are divided by at a probability of `p` (RFC 8033 section 4.2).
fn scale(p: f64) -> f64 {
    const STEPS: [(f64, f64); 6] =
        [(1e-6, 2048.0), (1e-5, 512.0), (1e-4, 128.0), (1e-3, 32.0), (1e-2, 8.0), (0.1, 2.0)];
    STEPS.iter().find(|(below, _)| p < *below).map_or(1.0, |(_, by)| *by)
}

/// The controller's state.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Controller {
    /// The probability of a drop.
    p: f64,
    /// The delay at the last update, in seconds.
    old_delay: f64,
    /// For how many ticks more packets pass untouched.
    burst: u64,
}

impl Controller {
    /// The state after an update at which the delay is `delay`.
    fn updated(self, law: &PieLaw, delay: f64) -> Self {
        let step = (law.alpha * (delay - law.target) + law.beta * (delay - self.old_delay)) / scale(self.p);
        let step = if self.p >= 0.1 { step.min(0.02) } else { step };
        let decay = if delay == 0.0 && self.old_delay == 0.0 { 0.98 } else { 1.0 };
        let p = ((self.p + step) * decay).clamp(0.0, 1.0);
        let quiet = p == 0.0 && delay < law.target / 2.0 && self.old_delay < law.target / 2.0;
        let burst = if quiet { law.max_burst } else { self.burst.saturating_sub(law.tupdate) };
        Self { p, old_delay: delay, burst }
    }
}

/// A first-in-first-out queue under the controller.
#[derive(Clone, Debug)]
pub struct Pie {
    queue: Fifo,
    limit: Limit,
    law: PieLaw,
    controller: Controller,
    /// The delay now, in seconds.
    delay: f64,
    /// When the last update was, in ticks.
    updated: u64,
    rng: Rng,
}

impl Pie {
    /// An empty queue.
    pub fn new(limit: Limit, law: PieLaw) -> Self {
        Self {
            queue: Fifo::new(Limit::Unlimited),
            limit,
            law,
            controller: Controller { p: 0.0, old_delay: 0.0, burst: law.max_burst },
            delay: 0.0,
            updated: 0,
            rng: Rng::seed_from_u64(0),
        }
    }

    /// Makes up the updates that were due up to `now`.
    #[inline]
    fn update(&mut self, now: SimTime, effects: &mut Effects) {
        if now.ticks() - self.updated >= self.law.tupdate {
            self.make_up(now, effects);
        }
    }

    fn make_up(&mut self, now: SimTime, effects: &mut Effects) {
        let due = (now.ticks() - self.updated) / self.law.tupdate;
        self.updated += due * self.law.tupdate;
        let before = self.controller.p;
        for _ in 0..due {
            let next = self.controller.updated(&self.law, self.delay);
            if next == self.controller {
                // It stays there.
                break;
            }
            self.controller = next;
        }
        if self.controller.p != before {
            effects.signal(DROP_PROBABILITY, (self.controller.p * 1e9).round() as u64);
        }
    }

    /// Whether an arriving packet is to be dropped or marked.
    #[inline]
    fn draws_drop(&mut self) -> bool {
        let Controller { p, old_delay, burst } = self.controller;
        let spared = burst > 0
            || p == 0.0
            || (old_delay < self.law.target / 2.0 && p < 0.2)
            || self.queue.bits() <= self.law.two_packets;
        !spared && self.rng.uniform() < p
    }
}

impl Discipline for Pie {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.update(now, effects);
        if !self.limit.admits(packet.bits, self.queue.len() as u64, self.queue.bits()) {
            return Err(TAIL_DROP);
        }
        if self.draws_drop() {
            let marks = self.law.ecn && self.controller.p < self.law.mark_ecnth;
            let Some(marked) = packet.marked().filter(|_| marks) else { return Err(EARLY) };
            effects.signal(MARKED, 1);
            return self.queue.enqueue(&marked, now, effects);
        }
        self.queue.enqueue(packet, now, effects)
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        self.update(now, effects);
        let Some(packet) = self.queue.pop() else { return Next::Empty };
        self.delay = if self.queue.is_empty() { 0.0 } else { (now - packet.entered).as_secs_f64() };
        Next::Packet(packet)
    }
    fn len(&self) -> usize {
        self.queue.len()
    }
    fn bits(&self) -> u64 {
        self.queue.bits()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.queue.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn start(&mut self, rng: Rng) {
        self.rng = rng;
    }
    fn steps_aside(&self) -> bool {
        false
    }
    fn reasons(&self) -> Vec<Reason> {
        vec![EARLY, TAIL_DROP]
    }
    fn signals(&self) -> Vec<Signal> {
        if self.law.ecn { vec![DROP_PROBABILITY, MARKED] } else { vec![DROP_PROBABILITY] }
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{Driver, assert_counts, capable, drain, findings, made, ms, packet};
    use super::*;

    const LAW: PieLaw = PieLaw {
        target: 0.015,
        tupdate: 15_000_000_000,
        alpha: 0.125,
        beta: 1.25,
        max_burst: 150_000_000_000,
        ecn: false,
        mark_ecnth: 0.1,
        two_packets: 16_000,
    };

    fn probabilities(delays: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut c = Controller { p: 0.0, old_delay: 0.0, burst: 0 };
        delays
            .map(|delay| {
                c = c.updated(&LAW, delay);
                c.p
            })
            .collect()
    }

    /// That values are sums of `steps` to rounding, and those of a table of six digits.
    fn assert_sums(got: &[f64], steps: impl Iterator<Item = f64>, table: &[f64]) {
        let mut sum = 0.0;
        for ((got, step), told) in got.iter().zip(steps).zip(table) {
            sum += step;
            assert!((got / sum - 1.0).abs() < 1e-12, "{got} {sum}");
            let last_digit = 10f64.powf(told.log10().floor() - 5.0);
            assert!((got - told).abs() < 0.51 * last_digit, "{got} {told}");
        }
        assert_eq!(got.len(), table.len());
    }

    #[test]
    fn the_probability_follows_a_constant_and_a_rising_delay_as_the_rfc_computes() {
        let constant = [
            1.92261e-5, 3.38745e-5, 4.85229e-5, 6.31714e-5, 7.78198e-5, 9.24683e-5, 1.07117e-4, 1.65710e-4, 2.24304e-4,
            2.82898e-4,
        ];
        let by = [2048.0, 128.0, 128.0, 128.0, 128.0, 128.0, 128.0, 32.0, 32.0, 32.0];
        let steps = (0..).zip(by).map(|(k, by)| (0.125 * 0.015 + if k == 0 { 1.25 * 0.030 } else { 0.0 }) / by);
        assert_sums(&probabilities(std::iter::repeat_n(0.030, 10)), steps, &constant);
        let rising = [5.79834e-6, 3.14331e-5, 1.43738e-4, 6.32019e-4, 1.15936e-3, 3.42499e-3, 5.84686e-3, 8.42499e-3];
        let by = [2048.0, 512.0, 128.0, 32.0, 32.0, 8.0, 8.0, 8.0];
        let steps = (1..).zip(by).map(|(k, by)| (0.125 * (0.010 * f64::from(k) - 0.015) + 1.25 * 0.010) / by);
        assert_sums(&probabilities((1..=8).map(|k| 0.010 * f64::from(k))), steps, &rising);
    }

    #[test]
    fn steps_are_capped_and_an_empty_queue_forgets() {
        let at = |p, old_delay, delay| Controller { p, old_delay, burst: 0 }.updated(&LAW, delay).p;
        // 0.125 x 0.485 + 1.25 x 0.2 = 0.310625 is too large a step from 0.1 on, halved below it.
        assert_eq!(at(0.1, 0.3, 0.5), 0.1 + 0.02);
        assert!((at(0.099_999, 0.3, 0.5) - 0.099_999 - 0.155_312_5).abs() < 1e-12);
        // Decreases are not capped; probabilities stay within 0 and 1.
        assert!((at(0.5, 0.5, 0.3) - (0.5 + 0.125 * 0.285 - 0.25)).abs() < 1e-12);
        assert_eq!((at(0.01, 0.5, 0.0), at(0.99, 5.0, 5.0)), (0.0, 1.0));
        // A queue that was and is empty: - alpha x target, and 0.98 of that.
        assert!((at(0.5, 0.0, 0.0) - 0.98 * (0.5 - 0.125 * 0.015)).abs() < 1e-12);
        let mut p = 1.0;
        let n = (1..1000).find(|_| {
            p = at(p, 0.0, 0.0);
            p == 0.0
        });
        // From 1 to nothing in 2.7 s: 86 updates to 0.1, 47 to 0.01, 27 to 0.001, ...
        assert!(n.is_some_and(|n| (170..190).contains(&n)), "{n:?}");
    }

    #[test]
    fn a_burst_passes_until_its_allowance_is_spent() {
        let mut c = Controller { p: 0.0, old_delay: 0.0, burst: LAW.max_burst };
        let mut left = Vec::new();
        for _ in 0..11 {
            c = c.updated(&LAW, 0.1);
            left.push(c.burst / LAW.tupdate);
        }
        assert_eq!(left, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
        // It is granted again once there is no congestion.
        let quiet = |old_delay, delay| Controller { p: 0.0, old_delay, burst: 0 }.updated(&LAW, delay).burst;
        assert_eq!((quiet(0.007, 0.007), quiet(0.0076, 0.007)), (LAW.max_burst, 0));
    }

    #[test]
    fn updates_that_were_due_are_made_up() {
        // The same delay for a second, asked after once or every millisecond.
        let state = |every: u64| {
            let mut pie = Pie::new(Limit::Unlimited, LAW);
            pie.delay = 0.040;
            for k in (every..=1000).step_by(every as usize) {
                pie.update(SimTime::from_ticks(k * 1_000_000_000), &mut Effects::default());
            }
            (pie.controller, pie.updated)
        };
        assert_eq!(state(1000), state(1));
        assert!(state(1000).0.p > 0.0 && state(1000).1 == 66 * LAW.tupdate);
        // However long nothing came.
        let mut pie = Pie::new(Limit::Unlimited, LAW);
        pie.controller = Controller { p: 0.3, old_delay: 0.02, burst: 0 };
        pie.update(SimTime::from_secs(1_000_000), &mut Effects::default());
        assert_eq!(pie.controller, Controller { p: 0.0, old_delay: 0.0, burst: LAW.max_burst });
    }

    /// `n` packets of 1000 B every 10 ms, asked for every `every` ms: the driver, and all probabilities told.
    fn suite(text: &str, n: u32, every: f64, seed: u64, arriving: Packet) -> (Driver, Vec<f64>) {
        let text =
            format!("{{ kind = 'pie', tupdate = '30 ms', max_burst = '100 ms', limit = '300 packets', {text} }}");
        let mut d = Driver::of(made(&text, Some("10 Mbit/s")).expect("valid"), seed);
        let mut events: Vec<(SimTime, bool)> =
            (0..n).flat_map(|k| [(ms(10.0 * f64::from(k)), true), (ms(every * f64::from(k + 1)), false)]).collect();
        events.sort_by_key(|e| e.0);
        for (at, comes) in events {
            if comes {
                d.put(at, arriving);
            } else {
                d.take(at);
            }
        }
        assert_counts(d.queue.as_ref());
        let told = d.signals.iter().filter(|s| s.0 == DROP_PROBABILITY).map(|s| s.1 as f64 * 1e-9).collect();
        (d, told)
    }

    #[test]
    fn drops_are_ordered_as_in_ns3() {
        let drops = |text: &str, every: f64| -> usize {
            (0..20).map(|seed| suite(text, 400, every, seed, packet(0, 1000)).0.losses(0, EARLY)).sum()
        };
        let base = drops("target = '20 ms'", 12.0);
        assert!(drops("target = '80 ms'", 12.0) < base);
        assert!(drops("target = '20 ms'", 15.0) > base);
        // With the cap of section 5.5, no step from 0.1 on is larger than 0.02.
        let (_, p) = suite("target = '20 ms'", 400, 25.0, 1, packet(0, 1000));
        let largest = p.windows(2).filter(|w| w[0] >= 0.1).map(|w| w[1] - w[0]).fold(0.0, f64::max);
        assert!((largest - 0.02).abs() < 1e-8, "{largest}");
    }

    #[test]
    fn marks_come_instead_of_drops_up_to_the_threshold() {
        let text = "target = '20 ms', ecn = true, mark_ecnth = 0.3";
        // In the first 0.9 s the probability is below the threshold: marks only.
        let begun: Vec<Driver> = (0..20).map(|seed| suite(text, 90, 12.0, seed, capable(0, 1000)).0).collect();
        let marks: usize = begun.iter().map(Driver::marks).sum();
        assert!(marks > 20 && begun.iter().all(|d| d.lost.is_empty()), "{marks}");
        // Then drops.
        let (d, p) = suite(text, 400, 12.0, 1, capable(0, 1000));
        assert!(p.iter().any(|p| *p > 0.3) && d.losses(0, EARLY) > 5);
        assert_eq!(d.losses(0, TAIL_DROP), 0);
    }

    #[test]
    fn an_overloaded_link_settles_at_the_target() {
        // A quarter too much in packets of 1250 B at 10 Mbit/s.
        let mut d = Driver::new("{ kind = 'pie' }");
        let mut rng = Rng::seed_from_u64(8033);
        let mut at = 0.0;
        let arrivals = std::iter::repeat_with(move || {
            at += 0.8 * rng.exponential();
            (ms(at), packet(0, 1250))
        });
        let served = d.serve(arrivals, |_| ms(1.0), ms(200_000.0));
        let late = served.iter().filter(|(at, _)| *at > ms(50_000.0));
        let delays: Vec<f64> = late.map(|(at, p)| (*at - p.entered).as_secs_f64()).collect();
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        assert!((mean - 0.015).abs() < 0.001, "{mean}");
        // The share that must go is 1 - 1 / 1.25; the probability is a little more, since those that find next to nothing
        // are spared.
        let p: Vec<f64> = d.signals.iter().skip(3000).map(|s| s.1 as f64 * 1e-9).collect();
        let p = p.iter().sum::<f64>() / p.len() as f64;
        assert!((0.2..0.24).contains(&p), "{p}");
        assert!(drain(&mut d, ms(200_001.0)) > 0);
    }

    #[test]
    fn mistakes_and_oddities_are_told() {
        let code = |text: &str| findings(&format!("{{ kind = 'pie', {text} }}"), true);
        assert_eq!(code("target = '0 s'"), ["E0363"]);
        assert_eq!(code("tupdate = '0 s'"), ["E0363"]);
        assert_eq!(code("tupdate = '1 ns'"), ["E0363"]);
        assert_eq!(code("limit = '0 packets'"), ["E0363"]);
        assert!(code("ecn = true").is_empty());
        assert_eq!(findings("{ kind = 'pie', ecn = true }", false), ["W0360"]);
    }
}
