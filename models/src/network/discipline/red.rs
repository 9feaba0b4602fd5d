//! RED, random early detection: drops at random, the more often the longer the average queue.
//!
//! Sally Floyd and Van Jacobson 1993 (doi:10.1109/90.251892). At each arrival the average is brought up to date with the
//! `q` packets that wait: `avg += w_q (q - avg)`; if the server was idle, `avg *= (1 - w_q)^m`, m the packets it could
//! have sent meanwhile. Then
//!
//! - below `min_th` nothing is dropped;
//! - up to `max_th`, `p_b = max_p (avg - min_th) / (max_th - min_th)`;
//! - beyond it everything (`forced`), or, if `gentle` (Floyd 2000), `p_b` rises from `max_p` to 1 at twice `max_th`.
//!
//! A packet is dropped (`early`) or marked with `p_a = p_b / (1 - n p_b)`, n the packets since the last: the distance from
//! one drop to the next is uniform on 1 to `1 / p_b`. With `wait`, as in ns-2 and by default in ns-3, it is uniform between
//! one and two times `1 / p_b`. If `adaptive` (Floyd, Gummadi & Shenker 2001), `max_p` is adapted every 0.5 s to keep the
//! average in the middle fifth between the thresholds: + min(0.01, `max_p` / 4) above it, while at most 0.5; x 0.9 below
//! it, while at least 0.01 (ns-3 has no such floor).
//!
//! | parameter | default | |
//! |---|---|---|
//! | `min_th`, `max_th` | 5, 15 | packets; `"auto"`: half of 5 ms of packets but at least 5, three times `min_th` |
//! | `w_q` | 0.002 | `"auto"`: `1 - exp(-1 / C)`, C the packets that the link sends in a second |
//! | `max_p` | 0.02 | |
//! | `gentle`, `adaptive`, `wait`, `ecn` | true, false, false, false | |
//! | `mean_packet` | 500 B | with the link's rate, the time of a packet for m and C |
//! | `packet_time` | | that time, where there is no rate |
//! | `limit` | 1000 packets | `tail_drop` (ns-3: 25 packets) |
//!
//! The queue is idle from when the server asks in vain. The packet that is being sent is not counted, as in ns-3; ns-3
//! rounds m down to whole packets and adds one. Whatever the average, packets are marked only where they would be dropped
//! at random; those of the forced region are dropped. `average_queue` and
//! `drop_probability`, the share `p_b` before drops are spread, are reported as of arrivals.
//!
//! Validated against: the closed form for a growing queue of the paper, the law of distances between drops, the
//! orderings of ns-3's test suite.

use sim_core::SimTime;
use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::codel::{limit, positive};
use super::{
    AVERAGE_QUEUE, DROP_PROBABILITY, Discipline, DisciplineContext, EARLY, Effects, FORCED, Fifo, Limit, MARKED,
    MakeDiscipline, Next, Reason, Signal, TAIL_DROP,
};
use crate::network::Packet;
use crate::registry::Kind;

const AUTO: Type = Type::Choice(&["auto"]);
const THRESHOLD: Type = Type::OneOf(&[AUTO, Type::Number { min: 0.0, max: 1e9 }]);

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "red",
    doc: "Random early detection (RED, Floyd & Jacobson 1993), gentle and adaptive: drops at random, the more often the \
          longer the average queue.",
    fields: &[
        Field::default(
            "min_th",
            THRESHOLD,
            "5",
            "The average queue, in packets, from which on packets are dropped; \"auto\": what the link sends in 2.5 ms, but \
             at least 5.",
        ),
        Field::default(
            "max_th",
            THRESHOLD,
            "15",
            "The average queue, in packets, at which a share of `max_p` is dropped, and beyond which more or all are; \
             \"auto\": three times `min_th`.",
        ),
        Field::default(
            "w_q",
            Type::OneOf(&[AUTO, Type::Number { min: 1e-9, max: 1.0 }]),
            "0.002",
            "The weight of a new length in the average; \"auto\": that of a time constant of one second.",
        ),
        Field::default("max_p", Type::Number { min: 0.0, max: 1.0 }, "0.02", "The share that is dropped at `max_th`."),
        Field::default(
            "gentle",
            Type::Bool,
            "true",
            "Whether the share rises steadily from `max_th` to twice that, instead of jumping to 1.",
        ),
        Field::default("adaptive", Type::Bool, "false", "Whether `max_p` is adapted every half second (ARED)."),
        Field::default(
            "wait",
            Type::Bool,
            "false",
            "Whether drops keep a distance of 1/p at least, instead of being spread evenly over 1 to 1/p packets.",
        ),
        Field::default(
            "ecn",
            Type::Bool,
            "false",
            "Whether packets of traffic with `ecn` are marked instead of dropped.",
        ),
        Field::default(
            "mean_packet",
            Type::Quantity(&[Dimension::DATA]),
            "\"500 B\"",
            "A typical packet: the average decays by one step in the time that the idle link would need for it.",
        ),
        Field::optional(
            "packet_time",
            Type::Quantity(&[Dimension::TIME]),
            "That time itself; needed where there is no link with a rate.",
        ),
        Limit::FIELD,
    ],
    make: |table, context| {
        let law = RedLaw::read(table, context)?;
        Ok(Box::new(Red::new(limit(table, context)?, law)))
    },
};

/// Half a second between adaptations.
const ADAPT_EVERY: u64 = sim_core::TICKS_PER_SECOND / 2;

/// The parameters.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the switches that the field has, each by itself")]
pub struct RedLaw {
    /// The average queue, in packets, from which on packets are dropped.
    pub min_th: f64,
    /// The average queue at which the share is `max_p`.
    pub max_th: f64,
    /// The share that is dropped at `max_th`, in (0, 1].
    pub max_p: f64,
    /// The weight of a new length in the average.
    pub w_q: f64,
    /// Whether the share rises steadily beyond `max_th`.
    pub gentle: bool,
    /// Whether `max_p` is adapted.
    pub adaptive: bool,
    /// Whether drops keep their distance.
    pub wait: bool,
    /// Whether packets are marked if they can be.
    pub ecn: bool,
    /// The time of a typical packet, in ticks.
    pub packet_time: f64,
}

impl RedLaw {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let packet_time = packet_time(table, context)?;
        let per_second = sim_core::TICKS_PER_SECOND as f64 / packet_time;
        let or_auto = |key: &str, auto: f64| match table.get(key).map(|v| &v.data) {
            Some(Data::Text(_)) | None => auto,
            Some(_) => table.number(key),
        };
        let min_th = or_auto("min_th", (0.0025 * per_second).max(5.0));
        let max_th = or_auto("max_th", 3.0 * min_th);
        let mut found = Diagnostics::default();
        if min_th >= max_th {
            let message = format!("`min_th`, {min_th}, is not less than `max_th`, {max_th}");
            let d = Diagnostic::error("E0363", table.span_of("min_th"), message, "too great");
            found.push(d.help("Floyd recommends a `max_th` of three times `min_th`"));
        }
        let max_p = table.number("max_p");
        if max_p <= 0.0 {
            let d =
                Diagnostic::error("E0363", table.span_of("max_p"), "nothing is ever dropped", "more than 0, up to 1");
            found.push(d.help("for a queue that drops only what does not fit, kind = \"fifo\""));
        }
        if found.has_errors() {
            return Err(found);
        }
        context.check_marks(table);
        Ok(Self {
            min_th,
            max_th,
            max_p,
            w_q: or_auto("w_q", -libm::expm1(-1.0 / per_second)),
            gentle: table.bool("gentle"),
            adaptive: table.bool("adaptive"),
            wait: table.bool("wait"),
            ecn: table.bool("ecn"),
            packet_time,
        })
    }

    /// The share to drop at an average queue of `average`, if the share at `max_th` is `max_p`.
    fn share(&self, average: f64, max_p: f64) -> f64 {
        if average < self.min_th {
            0.0
        } else if average < self.max_th {
            max_p * (average - self.min_th) / (self.max_th - self.min_th)
        } else if self.gentle && average < 2.0 * self.max_th {
            max_p + (1.0 - max_p) * (average - self.max_th) / self.max_th
        } else {
            1.0
        }
    }

    /// The probability for a packet, `since` packets after the last drop, if a share of `share` is to go.
    fn spread(&self, share: f64, since: u64) -> f64 {
        let passed = since as f64 * share;
        match passed {
            _ if !self.wait && passed < 1.0 => (share / (1.0 - passed)).min(1.0),
            _ if self.wait && passed < 1.0 => 0.0,
            _ if self.wait && passed < 2.0 => (share / (2.0 - passed)).min(1.0),
            _ => 1.0,
        }
    }

    /// The next `max_p` if the average is `average`.
    fn adapted(&self, max_p: f64, average: f64) -> f64 {
        let width = self.max_th - self.min_th;
        if average > self.min_th + 0.6 * width && max_p <= 0.5 {
            max_p + (max_p / 4.0).min(0.01)
        } else if average < self.min_th + 0.4 * width && max_p >= 0.01 {
            max_p * 0.9
        } else {
            max_p
        }
    }
}

/// The time of a typical packet, in ticks.
fn packet_time(table: &Table, context: &DisciplineContext<'_>) -> Result<f64, Diagnostics> {
    if table.get("packet_time").is_some() {
        return positive(table, "packet_time").map(|ticks| ticks as f64);
    }
    let Some(rate) = context.rate else {
        let message = "RED does not know how long a packet takes here";
        let d = Diagnostic::error("E0363", table.span, message, "no link with a rate")
            .help("the average decays while the server is idle: packet_time = \"1 ms\"");
        return Err(d.into());
    };
    let size = table.quantity("mean_packet").value;
    if size < 1.0 {
        let d = Diagnostic::error("E0363", table.span_of("mean_packet"), "a packet of no size", "at least 1 bit");
        return Err(d.help("a typical packet: `mean_packet = \"500 B\"`").into());
    }
    Ok(size / rate.value * sim_core::TICKS_PER_SECOND as f64)
}

/// A first-in-first-out queue under random early detection.
#[derive(Clone, Debug)]
pub struct Red {
    queue: Fifo,
    limit: Limit,
    law: RedLaw,
    /// ln(1 - `w_q`).
    decay: f64,
    max_p: f64,
    average: f64,
    /// Packets since the last drop or mark, or since the average went above `min_th`.
    since: u64,
    /// Since when the server has been asking in vain.
    idle: Option<SimTime>,
    /// When `max_p` was last adapted, in ticks.
    adapted: u64,
    /// The average and the share to drop as they were told last.
    told: u64,
    told_share: u64,
    rng: Rng,
}

impl Red {
    /// An empty queue.
    pub fn new(limit: Limit, law: RedLaw) -> Self {
        Self {
            queue: Fifo::new(Limit::Unlimited),
            limit,
            law,
            decay: libm::log1p(-law.w_q),
            max_p: law.max_p,
            average: 0.0,
            since: 0,
            idle: Some(SimTime::ZERO),
            adapted: 0,
            told: 0,
            told_share: 0,
            rng: Rng::seed_from_u64(0),
        }
    }

    /// Adapts `max_p` as often as was due up to `now`. The average has not changed since the last arrival.
    fn adapt(&mut self, now: SimTime) {
        let due = (now.ticks() - self.adapted) / ADAPT_EVERY;
        self.adapted += due * ADAPT_EVERY;
        for _ in 0..due {
            let next = self.law.adapted(self.max_p, self.average);
            if next == self.max_p {
                // It stays there.
                return;
            }
            self.max_p = next;
        }
    }

    /// Brings the average up to date with an arrival.
    #[inline]
    fn update_average(&mut self, now: SimTime) {
        if let Some(since) = self.idle.take() {
            let idle = (now - since).ticks();
            if idle > 0 && self.average > 0.0 {
                self.average *= libm::exp(idle as f64 / self.law.packet_time * self.decay);
            }
        } else {
            self.average += self.law.w_q * (self.queue.len() as f64 - self.average);
        }
    }

    /// Whether a packet goes, if a share of `share` is to.
    fn draws_drop(&mut self, share: f64) -> bool {
        let p = self.law.spread(share, self.since);
        let goes = p > 0.0 && self.rng.uniform() < p;
        self.since = if goes { 0 } else { self.since + 1 };
        goes
    }
}

impl Discipline for Red {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        if self.law.adaptive {
            self.adapt(now);
        }
        self.update_average(now);
        let level = (self.average * 1e6).round() as u64;
        if level != self.told {
            self.told = level;
            effects.signal(AVERAGE_QUEUE, level);
        }
        let share = self.law.share(self.average, self.max_p);
        let told = (share * 1e9).round() as u64;
        if told != self.told_share {
            self.told_share = told;
            effects.signal(DROP_PROBABILITY, told);
        }
        if !self.limit.admits(packet.bits, self.queue.len() as u64, self.queue.bits()) {
            self.since = 0;
            return Err(TAIL_DROP);
        }
        if share >= 1.0 {
            self.since = 0;
            return Err(FORCED);
        }
        if share <= 0.0 {
            self.since = 0;
        } else if self.draws_drop(share) {
            let Some(marked) = packet.marked().filter(|_| self.law.ecn) else { return Err(EARLY) };
            effects.signal(MARKED, 1);
            return self.queue.enqueue(&marked, now, effects);
        }
        self.queue.enqueue(packet, now, effects)
    }
    fn dequeue(&mut self, now: SimTime, _effects: &mut Effects) -> Next {
        if let Some(packet) = self.queue.pop() {
            return Next::Packet(packet);
        }
        self.idle.get_or_insert(now);
        Next::Empty
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
        vec![EARLY, FORCED, TAIL_DROP]
    }
    fn signals(&self) -> Vec<Signal> {
        let ecn = self.law.ecn.then_some(MARKED);
        [AVERAGE_QUEUE, DROP_PROBABILITY].into_iter().chain(ecn).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{Driver, assert_counts, capable, drain, findings, made, ms, packet};
    use super::*;

    const LAW: RedLaw = RedLaw {
        min_th: 5.0,
        max_th: 15.0,
        max_p: 0.02,
        w_q: 0.002,
        gentle: true,
        adaptive: false,
        wait: false,
        ecn: false,
        packet_time: 4e8,
    };

    fn near(got: f64, want: f64) -> bool {
        (got - want).abs() <= 1e-9 * want.abs()
    }

    fn put(red: &mut Red, now: SimTime, n: usize) {
        for _ in 0..n {
            red.enqueue(&packet(0, 500), now, &mut Effects::default()).expect("taken");
        }
    }

    #[test]
    fn the_average_follows_a_growing_queue_by_the_papers_formula() {
        // Floyd & Jacobson 1993, equation 3: arrivals that find 0, 1, ..., L packets.
        for (w_q, l, told) in [(0.001, 100, 4.887), (0.002, 50, 2.4687)] {
            let mut red = Red::new(Limit::Unlimited, RedLaw { w_q, min_th: 1e3, max_th: 2e3, ..LAW });
            put(&mut red, SimTime::ZERO, l + 1);
            let l = l as f64;
            let exact = l + 1.0 + ((1.0 - w_q).powf(l + 1.0) - 1.0) / w_q;
            assert!(near(red.average, exact) && (exact - told).abs() < 1e-3, "{} {exact}", red.average);
        }
    }

    #[test]
    fn the_average_decays_by_the_packets_that_could_have_been_sent() {
        let mut red = Red::new(Limit::Unlimited, RedLaw { min_th: 1e3, max_th: 2e3, ..LAW });
        put(&mut red, SimTime::ZERO, 51);
        while red.dequeue(ms(1.0), &mut Effects::default()).packet().is_some() {}
        // Asking again does not begin a new idle time.
        red.dequeue(ms(500.0), &mut Effects::default());
        let before = red.average;
        put(&mut red, ms(1001.0), 1);
        // One second of packets of 0.4 ms.
        assert!(near(red.average, before * 0.998f64.powf(2500.0)), "{} {before}", red.average);
        // A queue that is empty while the server works is not idle: the average is that of a length of zero.
        let before = red.average;
        red.dequeue(ms(1001.0), &mut Effects::default());
        put(&mut red, ms(1002.0), 1);
        assert!(near(red.average, before * 0.998));
    }

    #[test]
    fn the_share_is_that_of_plain_and_gentle_red() {
        let law = |gentle| RedLaw { gentle, max_p: 0.1, ..LAW };
        let at = [4.0, 5.0, 6.0, 8.0, 10.0, 12.5, 14.999, 15.0, 20.0, 30.0, 31.0];
        let plain = [0.0, 0.0, 0.01, 0.03, 0.05, 0.075, 0.09999, 1.0, 1.0, 1.0, 1.0];
        let gentle = [0.0, 0.0, 0.01, 0.03, 0.05, 0.075, 0.09999, 0.1, 0.4, 1.0, 1.0];
        for (k, average) in at.into_iter().enumerate() {
            assert!((law(false).share(average, 0.1) - plain[k]).abs() < 1e-9, "{average}");
            assert!((law(true).share(average, 0.1) - gentle[k]).abs() < 1e-9, "{average}");
        }
    }

    /// Distances between drops at a share of 1/50.
    fn distances(wait: bool, seed: u64, n: usize) -> Vec<usize> {
        let mut red = Red::new(Limit::Unlimited, RedLaw { wait, ..LAW });
        red.start(Rng::seed_from_u64(seed));
        (0..n).map(|_| 1 + (0..1000).take_while(|_| !red.draws_drop(0.02)).count()).collect()
    }

    #[test]
    fn drops_are_spread_evenly() {
        let (n, wait) = (100_000, [(false, 1), (true, 51)]);
        for (wait, first) in wait {
            let all = distances(wait, 1993, n);
            let mut cells = [0.0; 50];
            for d in &all {
                cells[d - first] += 1.0;
            }
            let expected = n as f64 / 50.0;
            let chi2: f64 = cells.iter().map(|c: &f64| (c - expected).powi(2) / expected).sum();
            assert!((chi2 - 49.0).abs() < 3.3 * 98f64.sqrt(), "{chi2}");
            let mean = all.iter().sum::<usize>() as f64 / n as f64;
            let exact = first as f64 + 24.5;
            let variance = all.iter().map(|d| (*d as f64 - exact).powi(2)).sum::<f64>() / n as f64;
            // Uniform on 50 values: variance 208.25, fourth moment 9/5 of its square but for a part in a thousand.
            assert!((mean - exact).abs() < 3.3 * (208.25 / n as f64).sqrt(), "{mean}");
            assert!((variance / 208.25 - 1.0).abs() < 3.3 * (0.8 / n as f64).sqrt(), "{variance}");
            assert_eq!(all.iter().max(), Some(&(first + 49)));
        }
    }

    /// Drops of 300 packets at once, summed over 20 replications.
    fn drops(text: &str, reason: Option<Reason>) -> usize {
        let text = format!("{{ kind = 'red', limit = '300 packets', {text} }}");
        let of = |seed| {
            let mut d = Driver::of(made(&text, Some("10 Mbit/s")).expect("valid"), seed);
            d.put_all(SimTime::ZERO, 300, packet(0, 500));
            assert_counts(d.queue.as_ref());
            assert_eq!(d.queue.len() + d.lost.len(), 300);
            reason.map_or(d.lost.len(), |r| d.losses(0, r))
        };
        (0..20).map(of).sum()
    }

    #[test]
    fn drops_are_ordered_as_in_ns3() {
        // red-queue-disc-test-suite.cc: 300 arrivals without service, thresholds 70 and 150.
        let base = "min_th = 70, max_th = 150";
        let of = |more: &str| drops(&format!("{base}, wait = true, {more}"), None);
        assert_eq!(of("w_q = 0.002"), 0);
        let some = of("w_q = 0.02");
        assert!(some > 0);
        assert!(drops("min_th = 70, max_th = 100, w_q = 0.02, wait = true", None) > some);
        assert!(of("w_q = 0.02, max_p = 0.2") > some);
        assert!(of("w_q = 0.02, gentle = false") > some);
        assert!(drops(&format!("{base}, w_q = 0.02"), None) > some);
        // All drops of gentle RED below twice the threshold are at random, most of plain RED's are forced.
        assert_eq!(drops(&format!("{base}, w_q = 0.02"), Some(FORCED)), 0);
        assert!(drops(&format!("{base}, w_q = 0.02, gentle = false"), Some(FORCED)) > 2000);
    }

    #[test]
    fn capable_packets_are_marked_and_not_dropped() {
        let text = "{ kind = 'red', min_th = 30, max_th = 90, max_p = 0.5, ecn = true, limit = '300 packets' }";
        let mut d = Driver::new(text);
        d.put_all(SimTime::ZERO, 300, capable(0, 500));
        assert!(d.marks() > 10 && d.lost.is_empty(), "{}", d.marks());
        let mut d = Driver::new(text);
        d.put_all(SimTime::ZERO, 300, packet(0, 500));
        assert!(d.marks() == 0 && d.losses(0, EARLY) > 10);
        // What comes when the queue is full is dropped, whatever it says.
        let mut d = Driver::new("{ kind = 'red', min_th = 30, max_th = 90, ecn = true, limit = '20 packets' }");
        d.put_all(SimTime::ZERO, 25, capable(0, 500));
        assert_eq!((d.losses(0, TAIL_DROP), d.queue.len()), (5, 20));
        assert_eq!(drain(&mut d, SimTime::ZERO), 20);
    }

    #[test]
    fn max_p_is_adapted_every_half_second_however_rarely_packets_come() {
        let law = RedLaw { adaptive: true, ..LAW };
        let at = |average: f64, max_p: f64, times: &[f64]| {
            let mut red = Red::new(Limit::Unlimited, law);
            (red.average, red.max_p) = (average, max_p);
            for t in times {
                red.adapt(ms(*t));
            }
            red.max_p
        };
        // Above 11: a quarter more, then 0.01.
        assert_eq!(at(11.1, 0.02, &[499.999]), 0.02);
        assert_eq!(at(11.1, 0.02, &[500.0]), 0.025);
        let five = 0.02 * 1.25f64.powi(4) + 0.01;
        assert!(near(at(11.1, 0.02, &[2500.0]), five));
        assert!(near(at(11.1, 0.02, &[300.0, 700.0, 1000.0, 1499.0, 1501.0, 2600.0]), five));
        // Up to the first value above 0.5, and down to the first below 0.01.
        assert!(near(at(11.1, 0.495, &[1e6]), 0.505));
        assert!(near(at(8.9, 0.02, &[1e6]), 0.02 * 0.9f64.powi(7)));
        // From 9 to 11 it stays.
        assert_eq!(at(9.1, 0.02, &[1e6]), 0.02);
        assert_eq!(at(10.9, 0.02, &[1e6]), 0.02);
    }

    #[test]
    fn adaptive_red_keeps_the_average_between_the_thresholds() {
        let average = |text: &str, every: f64| {
            let mut d = Driver::new(&format!("{{ kind = 'red', {text} }}"));
            let mut rng = Rng::seed_from_u64(7);
            let mut at = 0.0;
            let arrivals = std::iter::repeat_with(move || {
                at += every * rng.exponential();
                (ms(at), packet(0, 500))
            });
            d.serve(arrivals, |_| ms(0.4), ms(120_000.0));
            let averages = d.signals.iter().filter(|s| s.0 == AVERAGE_QUEUE).skip(200_000);
            let told: Vec<f64> = averages.map(|s| s.1 as f64 * 1e-6).collect();
            (told.iter().sum::<f64>() / told.len() as f64, d.losses(0, EARLY))
        };
        // A fifth too much: RED lets the average rise beyond the threshold, ARED does not.
        let (plain, _) = average("limit = 'none'", 0.4 / 1.2);
        let (adaptive, _) = average("limit = 'none', adaptive = true", 0.4 / 1.2);
        assert!(plain > 15.0, "{plain}");
        assert!((9.0..11.0).contains(&adaptive), "{adaptive}");
        // At a load that needs no drops, adaptive RED learns to make fewer (ns-3's adaptive suite, tests 9 and 10).
        let (_, plain) = average("max_p = 0.1", 0.4 / 0.93);
        let (_, adaptive) = average("max_p = 0.1, adaptive = true", 0.4 / 0.93);
        assert!(2 * adaptive < plain, "{plain} {adaptive}");
    }

    #[test]
    fn automatic_parameters_follow_the_link() {
        let law = |text: &str| {
            let d = made(&format!("{{ kind = 'red', {text} }}"), Some("100 Mbit/s")).expect("valid");
            format!("{d:?}")
        };
        // 25 000 packets of 500 B a second: 62.5 in 2.5 ms.
        let auto = law("min_th = 'auto', max_th = 'auto', w_q = 'auto'");
        assert!(auto.contains("min_th: 62.5, max_th: 187.5"), "{auto}");
        let w_q = 1.0 - (-1.0f64 / 25_000.0).exp();
        assert!((w_q - 3.999_920_001e-5).abs() < 1e-13 && auto.contains("w_q: 3.999920001"), "{auto}");
        assert!(law("packet_time = '1 ms', min_th = 'auto'").contains("min_th: 5.0, max_th: 15.0"));
    }

    #[test]
    fn mistakes_and_oddities_are_told() {
        let code = |text: &str| findings(&format!("{{ kind = 'red', {text} }}"), true);
        assert_eq!(code("min_th = 15"), ["E0363"]);
        assert_eq!(code("min_th = 20, max_th = 20, max_p = 0"), ["E0363", "E0363"]);
        assert_eq!(code("mean_packet = '0 B'"), ["E0363"]);
        assert_eq!(code("packet_time = '0 s'"), ["E0363"]);
        assert_eq!(code("limit = '0 packets'"), ["E0363"]);
        assert!(code("ecn = true, max_p = 1.0").is_empty());
        assert_eq!(findings("{ kind = 'red', ecn = true }", false), ["W0360"]);
        assert_eq!(made("{ kind = 'red' }", None).err(), Some(vec!["E0363"]));
        assert!(made("{ kind = 'red', packet_time = '1 ms' }", None).is_ok());
    }
}
