//! The token bucket filter: a shaper. What waits may go as fast as its tokens allow, and no faster.
//!
//! A packet of `L` bits goes when the bucket of `rate` and `burst` and, with a `peakrate`, a second one of `peakrate` and
//! `mtu` both have `L` tokens; until then it and all behind it wait. Over any interval of length `t` no more than
//! `burst + rate t` (and `mtu + peakrate t`) leaves. Waiting packets are kept by a queue of any discipline inside. In the
//! terms of Linux' `tc-tbf(8)` and of Le Boudec & Thiran, Network Calculus, section 1.5.
//!
//! The station's utilization is the share of the tokens that was used, `X L / rate` as of a link of that rate.
//!
//! The next packet is taken out of the queue inside as soon as there is one, and waits for its tokens at the head, so that
//! its size is known: disciplines that judge by waiting time see the time up to there.
//!
//! | parameter | | default |
//! |---|---|---|
//! | `rate` | bit/s | |
//! | `burst` | depth of the bucket | 4 ms of `rate`, at least `mtu` |
//! | `peakrate` | bit/s, at most this fast even with tokens | none |
//! | `mtu` | depth of the bucket of `peakrate` | 1500 B, at least the largest packet that traffic is known to send |
//! | `limit` | what may wait altogether; a time is what `rate` lets go in it, as `latency` of `tc-tbf(8)` | 1000 packets |
//! | `queue` | what keeps it | `fifo` without a limit |
//!
//! Validated against: the sequences of the token bucket filter tests of ns-3 (`tbf-queue-disc-test-suite.cc`), times of
//! release worked out by hand, the envelope between any two departures, the delay bound `T + b / R`, the utilization law.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Severity, Table, Type};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::rng::Rng;

use super::children::{Child, Children};
use super::{
    Discipline, DisciplineContext, Effects, Largest, Limit, MTU, MakeDiscipline, Next, OVERLIMIT, Reason, Signal,
};
use crate::network::Packet;
use crate::network::token_bucket::{self, TokenBucket};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "tbf",
    doc: "Token bucket filter: holds packets back so that over any time t at most burst + rate t goes; larger packets than \
          the burst are dropped. Utilization is the share of the tokens that is used.",
    fields: FIELDS,
    make: |table, context| Tbf::read(table, context).map(|t| Box::new(t) as Box<dyn Discipline>),
};

/// The parameters, which the stage `shaper` has, too.
pub(in crate::network) const FIELDS: &[Field] = &[
    Field::required("rate", Type::Quantity(&[Dimension::BIT_RATE]), "How fast tokens come in."),
    Field::optional(
        "burst",
        Type::Quantity(&[Dimension::DATA]),
        "How many tokens there can be; if left out, those of 4 ms, but at least `mtu`.",
    ),
    Field::optional(
        "peakrate",
        Type::Quantity(&[Dimension::BIT_RATE]),
        "How fast packets go while there are tokens; without it, at once.",
    ),
    Field::optional(
        "mtu",
        Type::Quantity(&[Dimension::DATA]),
        "The largest packet: with a `peakrate`, what goes at once. If left out, 1500 B, but at least the largest packet that \
         traffic is known to send.",
    ),
    Limit::FIELD,
    Field::default(
        "queue",
        Type::Kind("discipline"),
        "{ kind = \"fifo\", limit = \"none\" }",
        "The queue that keeps what waits; `limit` holds besides its own.",
    ),
];

/// A shaper and what waits in it.
#[derive(Clone, Debug)]
pub struct Tbf {
    bucket: TokenBucket,
    peak: Option<TokenBucket>,
    /// Larger packets never have enough tokens.
    largest: Largest,
    limit: Limit,
    queue: Children,
    /// The next to go.
    head: Option<Packet>,
    /// Bits that have gone.
    gone: u64,
}

impl Tbf {
    /// Reads the parameters.
    ///
    /// Fails with every finding, each at its place.
    pub(in crate::network) fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut wrong = Diagnostics::default();
        let mut take = |found: Result<u64, Diagnostic>| found.map_err(|d| wrong.push(d)).unwrap_or(0);
        let rate = table.quantity("rate");
        let mtu = match table.get("mtu") {
            Some(_) => take(token_bucket::bits(table, "mtu")),
            None => u64::from(context.largest).max(12_000),
        };
        let burst = match table.get("burst") {
            Some(_) => take(token_bucket::bits(table, "burst")),
            None => usual_burst(rate, mtu),
        };
        // What waits goes as fast as the tokens come in, or as the link sends, if that is slower.
        let slower = context.rate.filter(|link| link.value < rate.value);
        let behind = DisciplineContext { rate: Some(slower.unwrap_or(rate)), ..*context };
        let queue = behind.make(table.table("queue")).map_err(|d| wrong.extend(d)).ok();
        let queue = queue.map(|q| Children::new(vec![Child::from(q)]));
        let bucket = TokenBucket::read(table, "rate", burst).map_err(|d| wrong.push(d)).ok();
        let peak = table.opt_quantity("peakrate").map(|peak| {
            if peak.value < rate.value {
                wrong.push(slow_peak(table));
            }
            TokenBucket::read(table, "peakrate", mtu).map_err(|d| wrong.push(d)).ok()
        });
        match doubtful_burst(table, burst, mtu) {
            _ if wrong.has_errors() => {}
            Some(d) if d.severity == Severity::Error => wrong.push(d),
            found => found.into_iter().for_each(|d| context.warn(d)),
        }
        let limit = Limit::read(table, &behind).map_err(|d| wrong.extend(d)).ok();
        let (Some(queue), Some(bucket), Some(limit), false) = (queue, bucket, limit, wrong.has_errors()) else {
            return Err(wrong);
        };
        let largest = if peak.is_some() && mtu < burst {
            Largest::new(table, "mtu", mtu)
        } else {
            Largest::new(table, "burst", burst)
        };
        Ok(Self { bucket, peak: peak.flatten(), largest, limit, queue, head: None, gone: 0 })
    }

    /// Whether the next to go can go; if not, from when on it can.
    fn conforms(&mut self, bits: u32, now: SimTime) -> Result<(), SimTime> {
        self.bucket.fill(now);
        let mut ready = self.bucket.ready(bits);
        if let Some(peak) = &mut self.peak {
            peak.fill(now);
            ready = ready.max(peak.ready(bits));
        }
        match ready {
            Some(at) if at > now => Err(at),
            _ => {
                self.bucket.take(bits);
                if let Some(peak) = &mut self.peak {
                    peak.take(bits);
                }
                Ok(())
            }
        }
    }
}

fn slow_peak(table: &Table) -> Diagnostic {
    let (peak, rate) = (table.quantity("peakrate"), table.quantity("rate"));
    let message = format!("the peak rate of {peak} is below the rate of {rate}");
    Diagnostic::error("E0381", table.span_of("peakrate"), message, "at least `rate`")
        .help("leave it out, or give the lower one as `rate`")
}

/// The depth in bits of a bucket of `rate` that is not told: what comes in in 4 ms, but at least the largest packet.
pub(super) fn usual_burst(rate: Quantity, largest: u64) -> u64 {
    ((rate.value * 4e-3) as u64).max(largest)
}

/// A burst that is certainly not meant: below what `mtu` allows, or beyond 100 ms of the rate.
fn doubtful_burst(table: &Table, burst: u64, mtu: u64) -> Option<Diagnostic> {
    let given = table.get("burst")?;
    let (q, rate) = (table.quantity("burst"), table.quantity("rate"));
    if burst == 0 {
        let d = Diagnostic::error("E0380", given.span, "a bucket of no tokens passes nothing", "more than zero");
        return Some(d.help("at least the largest packet: `burst = \"1500 B\"`"));
    }
    if burst < mtu && table.get("mtu").is_some() {
        let message = format!("the burst of {q} is smaller than the MTU of {}", table.quantity("mtu"));
        let d = Diagnostic::error("E0380", given.span, message, "the largest packets would never go");
        return Some(d.help("give a burst of at least `mtu`"));
    }
    long_burst(table, "burst", rate.value)
}

/// A warning if the size under `key` is what a rate of `rate` bit/s sends in over 100 ms.
pub(in crate::network) fn long_burst(table: &Table, key: &str, rate: f64) -> Option<Diagnostic> {
    let q = table.quantity(key);
    let seconds = q.value / rate;
    (seconds > 0.1).then(|| {
        let message = format!("a burst of {q} is {:.0} ms of the rate", seconds * 1e3);
        Diagnostic::warning("W0380", table.span_of(key), message, "more than 100 ms")
            .help("bursts this long pass unshaped and defeat congestion control downstream; 4 ms of the rate are usual")
    })
}

impl Discipline for Tbf {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        if u64::from(packet.bits) > self.largest.bits {
            return Err(MTU);
        }
        if !self.limit.admits(packet.bits, self.len() as u64, self.bits()) {
            return Err(OVERLIMIT);
        }
        self.queue.enqueue(0, packet, now, effects)
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        let next = self.head.take().map_or_else(|| self.queue.dequeue(0, now, effects), Next::Packet);
        let Next::Packet(packet) = &next else { return next };
        match self.conforms(packet.bits, now) {
            Ok(()) => {
                self.gone += u64::from(packet.bits);
                next
            }
            Err(at) => {
                self.head = Some(*packet);
                Next::NotBefore(at)
            }
        }
    }
    fn len(&self) -> usize {
        self.queue.len() + usize::from(self.head.is_some())
    }
    fn bits(&self) -> u64 {
        self.queue.bits() + self.head.map_or(0, |p| u64::from(p.bits))
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.head.iter().for_each(&mut *show);
        self.queue.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn start(&mut self, rng: Rng) {
        self.queue.start(rng);
    }
    fn steps_aside(&self) -> bool {
        false
    }
    fn paced(&self) -> bool {
        true
    }
    fn used(&self, tell: &mut dyn FnMut(u64)) {
        tell(self.bucket.time(self.gone));
        self.queue.used(tell);
    }
    fn largest(&self, packet: &Packet) -> Option<Largest> {
        self.queue.largest(0, packet).into_iter().chain([self.largest]).min_by_key(|l| l.bits)
    }
    fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.queue.reasons();
        reasons.extend([OVERLIMIT, MTU]);
        reasons
    }
    fn signals(&self) -> Vec<Signal> {
        self.queue.signals()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::super::{DISCIPLINES, Fifo};
    use super::*;
    use crate::network::traffic::fixture::{codes, table};
    use crate::registry::registry;

    const MS: u64 = 1_000_000_000;

    fn read(text: &str) -> (Result<Tbf, Diagnostics>, Diagnostics) {
        let (registry, warnings) = (registry(), RefCell::default());
        let context = DisciplineContext {
            classes: &[],
            flows: &[],
            rate: None,
            registry: &registry,
            largest: 12_144,
            warnings: &warnings,
        };
        let made = Tbf::read(&table(DISCIPLINES, text), &context);
        (made, warnings.into_inner())
    }

    fn tbf(text: &str) -> Tbf {
        read(&format!("{{ kind = 'tbf', {text} }}")).0.unwrap()
    }

    fn packet(bytes: u32) -> Packet {
        Packet::new(0, 8 * bytes, SimTime::ZERO)
    }

    fn offer(tbf: &mut Tbf, bytes: u32, now: u64) -> Result<(), Reason> {
        tbf.enqueue(&packet(bytes), SimTime::from_ticks(now), &mut Effects::default())
    }

    /// Asks for a packet: `Ok(bytes)`, or the tick to ask again at.
    fn ask(tbf: &mut Tbf, now: u64) -> Result<u32, u64> {
        match tbf.dequeue(SimTime::from_ticks(now), &mut Effects::default()) {
            Next::Packet(p) => Ok(p.bits / 8),
            Next::NotBefore(at) => Err(at.ticks()),
            Next::Empty => panic!("nothing waits"),
        }
    }

    #[test]
    fn the_limit_holds_and_every_packet_takes_its_tokens() {
        // ns-3, tbf-queue-disc-test-suite.cc, test 1.
        let mut t = tbf("rate = '1 bit/s', burst = '6000 B', limit = '4 packets'");
        let offered: Vec<_> = (0..5).map(|_| offer(&mut t, 1500, 0)).collect();
        assert_eq!(offered, [Ok(()), Ok(()), Ok(()), Ok(()), Err(OVERLIMIT)]);
        for left in [4500.0, 3000.0, 1500.0, 0.0] {
            assert_eq!(ask(&mut t, 0), Ok(1500));
            assert_eq!(t.bucket.level() / 8.0, left);
        }
        assert!(t.is_empty());
    }

    /// Offers 1000 B before each attempt; attempts every 100 ms from 200 ms on.
    fn attempts(t: &mut Tbf, n: u64) -> Vec<Result<u32, u64>> {
        let attempt = |k| {
            offer(t, 1000, (200 + 100 * k - 10) * MS).unwrap();
            ask(t, (200 + 100 * k) * MS)
        };
        (0..n).map(attempt).collect()
    }

    #[test]
    fn tokens_that_suffice_block_nothing() {
        // ns-3, test 2.
        let mut t = tbf("rate = '10 kB/s', burst = '10000 B', mtu = '1000 B', peakrate = '100 kB/s'");
        assert!(attempts(&mut t, 100).iter().all(|a| *a == Ok(1000)));
    }

    #[test]
    fn tokens_that_run_out_block_until_there_are_enough() {
        // ns-3, test 3: half a packet's tokens at 1.1 s, the rest 100 ms later.
        let mut t = tbf("rate = '5 kB/s', burst = '5000 B'");
        let tried = attempts(&mut t, 10);
        assert!(tried[..9].iter().all(|a| *a == Ok(1000)));
        assert_eq!(tried[9], Err(1200 * MS));
        assert_eq!(ask(&mut t, 1200 * MS - 1), Err(1200 * MS));
        assert_eq!(ask(&mut t, 1200 * MS), Ok(1000));
    }

    #[test]
    fn the_peak_rate_spaces_packets_that_have_tokens() {
        // ns-3, test 4: 40 ms bring 800 B at 20 kB/s, the missing 200 B take 10 ms.
        let mut t = tbf("rate = '15 kB/s', burst = '15000 B', mtu = '1000 B', peakrate = '20 kB/s'");
        for k in 0..9 {
            let at = 100 * k * MS;
            offer(&mut t, 1000, at).unwrap();
            offer(&mut t, 1000, at).unwrap();
            assert_eq!(ask(&mut t, at), Ok(1000));
            assert_eq!(ask(&mut t, at + 40 * MS), Err(at + 50 * MS));
            assert_eq!(ask(&mut t, at + 50 * MS), Ok(1000));
        }
    }

    /// When packets `(ticks, bytes)` leave that are asked for as soon as they may go.
    fn releases(t: &mut Tbf, packets: &[(u64, u32)]) -> Vec<u64> {
        let (mut next, mut now, mut out) = (0, 0, Vec::new());
        while out.len() < packets.len() {
            while next < packets.len() && packets[next].0 <= now {
                offer(t, packets[next].1, packets[next].0).unwrap();
                next += 1;
            }
            let coming = packets.get(next).map_or(u64::MAX, |p| p.0);
            match t.dequeue(SimTime::from_ticks(now), &mut Effects::default()) {
                Next::Packet(_) => out.push(now),
                Next::NotBefore(at) => now = at.ticks().min(coming),
                Next::Empty => now = coming,
            }
        }
        out
    }

    #[test]
    fn packets_go_at_the_tick_that_their_tokens_are_there() {
        let us = 1_000_000;
        let packets = [
            (0, 1500),
            (0, 1000),
            (0, 500),
            (1000, 200),
            (4000, 500),
            (8000, 1000),
            (12_000, 64),
            (12_000, 1500),
            (20_000, 1500),
            (44_000, 3000),
            (44_001, 40),
            (60_000, 1500),
            (60_000, 500),
            (61_000, 200),
            (62_000, 1500),
        ]
        .map(|(at, bytes)| (at * us, bytes));
        let expected =
            [0, 0, 0, 1600, 5600, 13_600, 14_112, 26_112, 38_112, 62_112, 62_432, 74_432, 78_432, 80_032, 92_032];
        let mut t = tbf("rate = '1 Mbit/s', burst = '3000 B'");
        assert_eq!(releases(&mut t, &packets), expected.map(|at| at * us));
    }

    #[test]
    fn no_interval_passes_more_than_its_envelope() {
        let mut rng = Rng::seed_from_u64(17);
        let mut at = 0;
        let mut draw = |_| {
            at += if rng.uniform() < 0.7 { 0 } else { rng.below(40_000_000_000) };
            (at, 40 + rng.below(1461) as u32)
        };
        let packets: Vec<(u64, u32)> = (0..1500).map(&mut draw).collect();
        let mut t = tbf("rate = '1/3 Mbit/s', burst = '4000 B', mtu = '1500 B', peakrate = '1 Mbit/s', limit = 'none'");
        let out = releases(&mut t, &packets);
        // Bits of the packets s..=e against burst + rate t, in thirds of bits and ticks: exactly.
        for s in 0..out.len() {
            let mut bits = 0;
            for e in s..out.len() {
                bits += i128::from(packets[e].1) * 8;
                let ticks = i128::from(out[e] - out[s]);
                assert!(3 * bits * 1_000_000 <= 3 * 32_000 * 1_000_000 + ticks, "from {s} to {e}");
                assert!(bits * 1_000_000 <= 12_000 * 1_000_000 + ticks, "peak, from {s} to {e}");
            }
        }
        // It works to capacity: what waits for the rate goes as soon as the envelope lets it.
        assert!(out.last() > packets.last().map(|p| &p.0));
    }

    #[test]
    fn larger_packets_than_the_burst_are_refused() {
        let mut t = tbf("rate = '1 Mbit/s', burst = '1000 B'");
        assert_eq!((offer(&mut t, 1001, 0), offer(&mut t, 1000, 0)), (Err(MTU), Ok(())));
    }

    #[test]
    fn defaults_are_four_milliseconds_and_no_less_than_a_packet() {
        assert_eq!(tbf("rate = '100 Mbit/s'").largest.bits, 400_000);
        assert_eq!(tbf("rate = '1 Mbit/s', mtu = '9000 B'").largest.bits, 72_000);
        // The scenario sends 1518 B.
        assert_eq!(tbf("rate = '1 Mbit/s'").largest.bits, 12_144);
        assert_eq!(tbf("rate = '1 Mbit/s', burst = '90 kB', peakrate = '2 Mbit/s'").largest.bits, 12_144);
    }

    #[test]
    fn what_waits_is_shown_with_its_head() {
        let mut t = tbf("rate = '1 Mbit/s', burst = '1500 B'");
        (0..3).for_each(|_| offer(&mut t, 1500, 0).unwrap());
        assert_eq!(ask(&mut t, 0), Ok(1500));
        assert!(ask(&mut t, 0).is_err());
        let mut shown = 0;
        t.for_each(&mut |p| shown += p.bits);
        assert_eq!((t.len(), t.bits(), shown), (2, 24_000, 24_000));
        assert!(
            t.boxed_clone().len() == 2
                && Fifo::new(Limit::Unlimited).largest(&Packet::new(0, 8, SimTime::ZERO)).is_none()
        );
    }

    #[test]
    fn mistakes_and_doubts() {
        let refused = |text: &str| codes(&read(&format!("{{ kind = 'tbf', {text} }}")).0.unwrap_err());
        assert_eq!(refused("rate = '0 bit/s'"), ["E0380"]);
        assert_eq!(refused("rate = '1 Mbit/s', burst = '0 B'"), ["E0380"]);
        assert_eq!(refused("rate = '1 Mbit/s', burst = '1000 B', mtu = '1500 B'"), ["E0380"]);
        assert_eq!(refused("rate = '1 Mbit/s', burst = '0.5 bit'"), ["E0380"]);
        assert_eq!(refused("rate = '1 Mbit/s', peakrate = '999 kbit/s'"), ["E0381"]);
        let doubts = |text: &str| codes(&read(&format!("{{ kind = 'tbf', rate = '1 Mbit/s', {text} }}")).1);
        assert_eq!(doubts("burst = '12501 B'"), ["W0380"]);
        assert_eq!(doubts("burst = '12500 B'"), [""; 0]);
    }
}
