//! Drives a discipline by hand, for tests: packets in and out at given times, and what became of them.

use std::cell::RefCell;

use sim_core::SimTime;
use sim_core::config::Diagnostics;
use sim_core::quantity::Quantity;
use sim_core::rng::Rng;

use super::{DISCIPLINES, Discipline, DisciplineContext, Effects, MARKED, Next, Reason, Signal};
use crate::network::label::Label;
use crate::network::packet::{Ecn, Packet};
use crate::network::traffic::fixture::{codes, table};
use crate::registry::registry;

/// A discipline and the codes of all findings about it; `flows` are the scenario's.
fn make(text: &str, rate: Option<&str>, flows: &[Label]) -> (Option<Box<dyn Discipline>>, Vec<&'static str>) {
    let (table, registry, warnings) = (table(DISCIPLINES, text), registry(), RefCell::<Diagnostics>::default());
    let rate = rate.map(|r| Quantity::parse(r).expect("a rate"));
    let context = DisciplineContext { classes: &[], flows, rate, registry: &registry, largest: 0, warnings: &warnings };
    let made = context.make(&table);
    let mut found = codes(&warnings.borrow());
    match made {
        Ok(discipline) => (Some(discipline), found),
        Err(errors) => {
            found.extend(codes(&errors));
            (None, found)
        }
    }
}

/// The discipline of a table, before a link of `rate`, or the codes of what is wrong with it.
pub(super) fn made(text: &str, rate: Option<&str>) -> Result<Box<dyn Discipline>, Vec<&'static str>> {
    let (discipline, found) = make(text, rate, &[Label::default()]);
    discipline.ok_or(found)
}

/// The codes of all findings about a discipline before a link of 10 Mbit/s; the traffic reacts to marks if `ecn`.
pub(super) fn findings(text: &str, ecn: bool) -> Vec<&'static str> {
    make(text, Some("10 Mbit/s"), &[Label { ecn, ..Label::default() }]).1
}

/// A time in milliseconds.
pub(super) fn ms(x: f64) -> SimTime {
    SimTime::from_ticks((x * 1e9).round() as u64)
}

/// A packet of flow `flow`.
pub(super) fn packet(flow: u32, bytes: u32) -> Packet {
    Packet::new(flow, 8 * bytes, SimTime::ZERO)
}

/// A packet whose transport reacts to marks.
pub(super) fn capable(flow: u32, bytes: u32) -> Packet {
    Packet { ecn: Ecn::Capable, ..packet(flow, bytes) }
}

/// A discipline under test.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) queue: Box<dyn Discipline>,
    /// Every packet that was refused or dropped: when, which, why.
    pub(super) lost: Vec<(SimTime, Packet, Reason)>,
    /// The last value of every signal that was ever given, in order.
    pub(super) signals: Vec<(Signal, u64)>,
    effects: Effects,
}

impl Driver {
    /// A discipline before a link of 10 Mbit/s.
    pub(super) fn new(text: &str) -> Self {
        Self::of(made(text, Some("10 Mbit/s")).unwrap_or_else(|e| panic!("{text}: {e:?}")), 1)
    }
    pub(super) fn of(mut queue: Box<dyn Discipline>, seed: u64) -> Self {
        queue.start(Rng::seed_from_u64(seed));
        Self { queue, lost: Vec::new(), signals: Vec::new(), effects: Effects::default() }
    }
    fn note(&mut self, now: SimTime) {
        self.lost.extend(self.effects.dropped.drain(..).map(|(p, reason)| (now, p, reason)));
        self.signals.append(&mut self.effects.signals);
    }
    /// Whether the packet was taken in.
    pub(super) fn put(&mut self, now: SimTime, packet: Packet) -> bool {
        let packet = Packet { entered: now, ..packet };
        let taken = self.queue.enqueue(&packet, now, &mut self.effects);
        if let Err(reason) = taken {
            self.lost.push((now, packet, reason));
        }
        self.note(now);
        taken.is_ok()
    }
    pub(super) fn put_all(&mut self, now: SimTime, n: usize, packet: Packet) {
        for _ in 0..n {
            self.put(now, packet);
        }
    }
    pub(super) fn take(&mut self, now: SimTime) -> Option<Packet> {
        let next = self.queue.dequeue(now, &mut self.effects);
        self.note(now);
        next.packet()
    }
    /// Serves packets that come at `arrivals`, each for `service`, until `end`: which left service and when it began.
    pub(super) fn serve(
        &mut self,
        arrivals: impl IntoIterator<Item = (SimTime, Packet)>,
        service: impl Fn(&Packet) -> SimTime,
        end: SimTime,
    ) -> Vec<(SimTime, Packet)> {
        let (mut arrivals, mut free, mut served) = (arrivals.into_iter().peekable(), SimTime::ZERO, Vec::new());
        let mut idle = true;
        loop {
            let next = arrivals.peek().map_or(SimTime::NEVER, |a| a.0);
            let now = if idle { next } else { next.min(free) };
            if now >= end {
                return served;
            }
            if next <= now {
                let (at, packet) = arrivals.next().expect("peeked");
                self.put(at, packet);
            }
            if free <= now {
                let packet = self.take(now);
                idle = packet.is_none();
                if let Some(packet) = packet {
                    free = SimTime::from_ticks(now.ticks() + service(&packet).ticks());
                    served.push((now, packet));
                }
            }
        }
    }
    /// How many packets of `flow` were lost for `reason`.
    pub(super) fn losses(&self, flow: u32, reason: Reason) -> usize {
        self.lost.iter().filter(|(_, p, r)| p.flow == flow && *r == reason).count()
    }
    pub(super) fn marks(&self) -> usize {
        self.signals.iter().filter(|s| s.0 == MARKED).count()
    }
}

/// That the counts a discipline gives are those of the packets it shows.
pub(super) fn assert_counts(queue: &dyn Discipline) {
    let (mut n, mut bits) = (0, 0);
    queue.for_each(&mut |p| (n, bits) = (n + 1, bits + u64::from(p.bits)));
    assert_eq!((n, bits), (queue.len(), queue.bits()));
}

/// A queue of which nothing is left.
pub(super) fn drain(driver: &mut Driver, now: SimTime) -> usize {
    let n = std::iter::from_fn(|| driver.take(now)).count();
    assert!(driver.queue.is_empty() && matches!(driver.queue.dequeue(now, &mut Effects::default()), Next::Empty));
    n
}
