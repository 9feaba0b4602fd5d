//! `FQ-CoDel`: queues of their own for conversations, served in turn by bytes, each under `CoDel`'s law.
//!
//! Toke Høiland-Jørgensen, Paul `McKenney`, Dave Täht, Jim Gettys and Eric Dumazet 2018, RFC 8290. A packet's conversation
//! is hashed to one of `flows` queues. A queue that gets something to do joins the *new* queues, which are served before
//! the *old* ones; it may send `quantum` bytes at its turn (deficit round robin, Shreedhar & Varghese 1996,
//! doi:10.1109/90.502236) and goes to the end of the old ones when they are spent. A new queue that is empty at its turn
//! goes to the end of the old ones first, if there are any: no queue can stay new by going idle. A conversation that
//! sends less than a quantum a round hence waits for at most a quantum of each of the others.
//!
//! | parameter | default | |
//! |---|---|---|
//! | `flows` | 1024 | queues; conversations that share one are treated as one |
//! | `quantum` | 1514 B | what a queue may send at its turn |
//! | `limit` | 10240 packets | of all queues together; beyond it the fattest loses packets from its head (`overlimit`) |
//! | `drop_batch` | 64 | so many at most at a time, and no more than half of that queue |
//!
//! and those of `CoDel`. The hash is perturbed anew in every replication. Where Linux searches all queues for the fattest,
//! this keeps a tournament (see `fattest`): the same queue is found (the longest known of equals), at a cost of at most
//! O(log `flows`) a packet. A packet costs O(1) otherwise; if `quantum` is less than its size, a turn for each quantum of
//! it. Queues take memory once they have been used, packets lie in one slab.
//!
//! Linux also raises `CoDel`'s count by what overflow drops, which the RFC does not ask for; not done here.
//!
//! Validated against: ns-3's tests of its queue disc, the birthday problem, the bound on a sparse conversation's wait,
//! equal shares.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::codel::{Backlog, CONTROL, State, limit};
use super::fattest::Fattest;
use super::{
    Control, Discipline, DisciplineContext, Effects, Limit, MakeDiscipline, Next, OVERLIMIT, Reason, Signal,
    TARGET_EXCEEDED,
};
use crate::network::Packet;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "fq_codel",
    doc: "Fair queueing with controlled delay (FQ-CoDel, RFC 8290): conversations in queues of their own that take turns, \
          each under CoDel's law.",
    fields: &[
        Field::default("flows", Type::Integer { min: 1, max: 1 << 20 }, "1024", "Queues that conversations hash to."),
        Field::default(
            "quantum",
            Type::Quantity(&[Dimension::DATA]),
            "\"1514 B\"",
            "How much a queue sends at its turn.",
        ),
        Limit::field("\"10240 packets\""),
        Field::default(
            "drop_batch",
            Type::Integer { min: 1, max: 1 << 20 },
            "64",
            "At the limit, the fattest queue loses at most so many packets at a time, and no more than half of it.",
        ),
        CONTROL[0],
        CONTROL[1],
        CONTROL[2],
        CONTROL[3],
        CONTROL[4],
    ],
    make: |table, context| Ok(Box::new(FqCoDel::new(Sharing::read(table, context)?, Control::read(table, context)?))),
};

/// How conversations share the link.
#[derive(Clone, Copy, Debug)]
pub struct Sharing {
    /// How many queues there are.
    pub flows: u32,
    /// What a queue may send at its turn, in bits.
    pub quantum: u64,
    /// How much may wait in all queues.
    pub limit: Limit,
    /// How many packets the fattest queue loses at most at a time when more waits.
    pub drop_batch: u32,
}

impl Default for Sharing {
    /// As RFC 8290 section 5.2 has it.
    fn default() -> Self {
        Self { flows: 1024, quantum: 8 * 1514, limit: Limit::Packets(10_240), drop_batch: 64 }
    }
}

impl Sharing {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let (quantum, mtu) = (table.quantity("quantum"), table.quantity("mtu"));
        let span = table.span_of("quantum");
        if quantum.value < 1.0 {
            let d = Diagnostic::error("E0363", span, "a queue sends nothing at its turn", "a quantum of zero");
            return Err(d.help("\"1514 B\" holds any Ethernet frame").into());
        }
        if quantum.value < mtu.value {
            let message = format!("a packet of {mtu} takes several turns");
            let d = Diagnostic::warning("W0361", span, message, "less than `mtu`")
                .help("RFC 8290 recommends the largest packet; less lets small packets of other queues go before");
            context.warn(d);
        }
        Ok(Self {
            flows: table.integer("flows") as u32,
            quantum: quantum.value as u64,
            limit: limit(table, context)?,
            drop_batch: table.integer("drop_batch") as u32,
        })
    }
}

/// No slot, no queue.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Slot {
    packet: Packet,
    next: u32,
}

/// The packets of all queues.
#[derive(Clone, Debug)]
struct Slab {
    slots: Vec<Slot>,
    /// The first slot that is free.
    free: u32,
    packets: usize,
    bits: u64,
}

impl Slab {
    #[inline]
    fn put(&mut self, packet: Packet) -> u32 {
        self.packets += 1;
        self.bits += u64::from(packet.bits);
        let slot = Slot { packet, next: NONE };
        if self.free == NONE {
            self.slots.push(slot);
            return (self.slots.len() - 1) as u32;
        }
        let at = self.free;
        self.free = std::mem::replace(&mut self.slots[at as usize], slot).next;
        at
    }
    /// The packet at `at`, and the slot behind it.
    #[inline]
    fn take(&mut self, at: u32) -> (Packet, u32) {
        let Slot { packet, next } = self.slots[at as usize];
        self.slots[at as usize].next = self.free;
        self.free = at;
        self.packets -= 1;
        self.bits -= u64::from(packet.bits);
        (packet, next)
    }
}

/// A chain of packets in the slab.
#[derive(Clone, Copy, Debug)]
struct Chain {
    head: u32,
    tail: u32,
    bits: u64,
}

/// Where a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Idle,
    New,
    Old,
}

/// One of the queues, once something was hashed to it; in a cache line of its own.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Queue {
    chain: Chain,
    /// Bits that it may still send at its turn.
    deficit: i64,
    state: State,
    /// The queue behind it in its list.
    next: u32,
    place: Place,
}

/// A chain with the slab that it lies in.
struct Held<'a> {
    chain: &'a mut Chain,
    slab: &'a mut Slab,
}

impl Backlog for Held<'_> {
    #[inline]
    fn head(&self) -> Option<&Packet> {
        self.slab.slots.get(self.chain.head as usize).map(|slot| &slot.packet)
    }
    #[inline]
    fn pop(&mut self) -> Option<Packet> {
        if self.chain.head == NONE {
            return None;
        }
        let (packet, next) = self.slab.take(self.chain.head);
        self.chain.head = next;
        self.chain.bits -= u64::from(packet.bits);
        Some(packet)
    }
    #[inline]
    fn backlog(&self) -> u64 {
        self.chain.bits
    }
}

/// A list of queues.
#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
}

impl List {
    const EMPTY: Self = Self { head: NONE, tail: NONE };

    #[inline]
    fn append(&mut self, queue: u32, queues: &mut [Queue]) {
        queues[queue as usize].next = NONE;
        match self.head {
            NONE => self.head = queue,
            _ => queues[self.tail as usize].next = queue,
        }
        self.tail = queue;
    }
    /// Takes out the first; there must be one.
    #[inline]
    fn pop(&mut self, queues: &[Queue]) {
        self.head = queues[self.head as usize].next;
    }
}

/// All queues of a link.
#[derive(Clone, Debug)]
pub struct FqCoDel {
    sharing: Sharing,
    control: Control,
    /// What perturbs the hash.
    salt: u64,
    /// The queue of each bucket of the hash, [`NONE`] as long as it was not used.
    buckets: Vec<u32>,
    queues: Vec<Queue>,
    slab: Slab,
    new: List,
    old: List,
    fattest: Fattest,
}

impl FqCoDel {
    /// Empty queues.
    pub fn new(sharing: Sharing, control: Control) -> Self {
        Self {
            sharing,
            control,
            salt: 0,
            buckets: vec![NONE; sharing.flows as usize],
            queues: Vec::new(),
            slab: Slab { slots: Vec::new(), free: NONE, packets: 0, bits: 0 },
            new: List::EMPTY,
            old: List::EMPTY,
            fattest: Fattest::default(),
        }
    }

    /// The queue that `packet` belongs to.
    #[inline]
    fn queue_of(&mut self, packet: &Packet) -> u32 {
        let bucket = bucket(packet, self.salt, self.sharing.flows);
        let known = self.buckets[bucket];
        if known != NONE {
            return known;
        }
        let queue = self.queues.len() as u32;
        self.buckets[bucket] = queue;
        let chain = Chain { head: NONE, tail: NONE, bits: 0 };
        self.queues.push(Queue { chain, deficit: 0, state: State::NEW, next: NONE, place: Place::Idle });
        queue
    }

    /// Drops from the head of the fattest queue: half of it, up to `drop_batch` packets.
    fn drop_from_fattest(&mut self, effects: &mut Effects) {
        let queues = &self.queues;
        let fattest = self.fattest.find(queues.len(), |q| queues[q as usize].chain.bits);
        let mut held = Held { chain: &mut self.queues[fattest as usize].chain, slab: &mut self.slab };
        let rest = held.backlog() - held.backlog() / 2;
        for _ in 0..self.sharing.drop_batch {
            let Some(packet) = held.pop() else { break };
            effects.drop(packet, OVERLIMIT);
            if held.backlog() <= rest {
                break;
            }
        }
    }
}

/// The bucket of a packet's conversation.
#[inline]
fn bucket(packet: &Packet, salt: u64, flows: u32) -> usize {
    // The upper half of the product: as even as a remainder, without a division.
    ((u128::from(packet.hash(salt)) * u128::from(flows)) >> 64) as usize
}

impl Discipline for FqCoDel {
    fn enqueue(&mut self, packet: &Packet, _now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let id = self.queue_of(packet);
        let at = self.slab.put(*packet);
        let queue = &mut self.queues[id as usize];
        match queue.chain.head {
            NONE => queue.chain.head = at,
            _ => self.slab.slots[queue.chain.tail as usize].next = at,
        }
        queue.chain.tail = at;
        queue.chain.bits += u64::from(packet.bits);
        let bits = queue.chain.bits;
        if queue.place == Place::Idle {
            queue.place = Place::New;
            queue.deficit = self.sharing.quantum as i64;
            self.new.append(id, &mut self.queues);
        }
        self.fattest.note(id, bits);
        while !self.sharing.limit.covers(self.slab.packets as u64, self.slab.bits) {
            self.drop_from_fattest(effects);
        }
        Ok(())
    }

    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        loop {
            let list = if self.new.head == NONE { &mut self.old } else { &mut self.new };
            let id = list.head;
            if id == NONE {
                return Next::Empty;
            }
            let queue = &mut self.queues[id as usize];
            if queue.deficit <= 0 {
                queue.deficit += self.sharing.quantum as i64;
                queue.place = Place::Old;
                list.pop(&self.queues);
                self.old.append(id, &mut self.queues);
                continue;
            }
            let mut held = Held { chain: &mut queue.chain, slab: &mut self.slab };
            let packet = queue.state.next(&self.control, &mut held, now, effects);
            if let Some(packet) = packet {
                queue.deficit -= i64::from(packet.bits);
                return Next::Packet(packet);
            }
            list.pop(&self.queues);
            let queue = &mut self.queues[id as usize];
            if queue.place == Place::New && self.old.head != NONE {
                queue.place = Place::Old;
                self.old.append(id, &mut self.queues);
            } else {
                queue.place = Place::Idle;
            }
        }
    }
    fn len(&self) -> usize {
        self.slab.packets
    }
    fn bits(&self) -> u64 {
        self.slab.bits
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        for queue in &self.queues {
            let mut at = queue.chain.head;
            while at != NONE {
                let slot = &self.slab.slots[at as usize];
                show(&slot.packet);
                at = slot.next;
            }
        }
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn start(&mut self, mut rng: Rng) {
        self.salt = rng.bits();
    }
    fn steps_aside(&self) -> bool {
        false
    }
    fn reasons(&self) -> Vec<Reason> {
        vec![TARGET_EXCEEDED, OVERLIMIT]
    }
    fn signals(&self) -> Vec<Signal> {
        self.control.signals()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::config::Presence;

    use super::super::driver::{Driver, assert_counts, capable, drain, findings, ms, packet};
    use super::*;

    fn driver(text: &str) -> Driver {
        Driver::new(&format!("{{ kind = 'fq_codel', {text} }}"))
    }

    #[test]
    fn a_queue_fits_a_cache_line() {
        assert_eq!(size_of::<Queue>(), 64);
    }

    #[test]
    fn defaults_are_those_of_the_rfc() {
        let default = |name: &str| match KIND.fields.iter().find(|f| f.name == name).map(|f| f.presence) {
            Some(Presence::Default(literal)) => literal,
            other => panic!("{name}: {other:?}"),
        };
        let all = ["quantum", "flows", "limit", "target", "interval", "drop_batch", "mtu", "ecn"].map(default);
        let rfc = ["\"1514 B\"", "1024", "\"10240 packets\"", "\"5 ms\"", "\"100 ms\"", "64", "\"1500 B\"", "false"];
        assert_eq!(all, rfc);
    }

    /// Five flows of twenty packets of 120 B each, three of which react to marks, asked for sixty times.
    fn five_flows(text: &str, every: f64) -> (Driver, Vec<Packet>) {
        let mut d = driver(text);
        for flow in 0..5 {
            d.put_all(SimTime::ZERO, 20, if flow < 3 { capable(flow, 120) } else { packet(flow, 120) });
        }
        let out = (1..=60).filter_map(|k| d.take(ms(every * f64::from(k)))).collect();
        assert_counts(d.queue.as_ref());
        (d, out)
    }

    fn congested(out: &[Packet], flow: u32) -> usize {
        out.iter().filter(|p| p.flow == flow && p.ecn == crate::network::Ecn::Congested).count()
    }

    #[test]
    fn marks_and_drops_of_five_flows_are_those_of_ns3() {
        // FqCoDelQueueDiscECNMarking, case 1: asked every 110 ms.
        let (d, out) = five_flows("ecn = true", 110.0);
        for flow in 0..3 {
            assert_eq!((congested(&out, flow), d.losses(flow, TARGET_EXCEEDED)), (6, 0), "{flow}");
        }
        for flow in 3..5 {
            // At 220, 330 and 440 ms of its turns, or 100, 210 and 280.7 ms after the first; then 13 packets are left. The
            // roots of ns-3 (0.5 and 0.5625 for 2 and 3) make a fourth due at 426 ms.
            assert_eq!((congested(&out, flow), d.losses(flow, TARGET_EXCEEDED)), (0, 3), "{flow}");
        }
        assert_eq!((d.marks(), d.lost.len()), (18, 6));
        // Case 2: a threshold of 2 ms, asked every 0.1 ms: a turn is 13 packets.
        let (d, out) = five_flows("ecn = true, ce_threshold = '2 ms'", 0.1);
        let marks: Vec<usize> = (0..5).map(|f| congested(&out, f)).collect();
        assert_eq!((marks, d.lost.len()), (vec![0, 6, 13, 0, 0], 0));
        // Case 3: both, and no packet is marked twice.
        let (d, out) = five_flows("ecn = true, ce_threshold = '2 ms'", 110.0);
        let sent = |flow| out.iter().filter(|p| p.flow == flow).count();
        for flow in 0..3 {
            assert_eq!((congested(&out, flow), d.losses(flow, TARGET_EXCEEDED)), (sent(flow), 0));
        }
        assert_eq!(d.marks(), (0..3).map(sent).sum::<usize>());
        assert_eq!((d.losses(3, TARGET_EXCEEDED), d.losses(4, TARGET_EXCEEDED)), (3, 3));
    }

    #[test]
    fn new_queues_go_first_and_only_once() {
        let mut d = driver("quantum = '1000 B', mtu = '1000 B'");
        let order =
            |d: &mut Driver, n: usize| (0..n).map(|_| d.take(SimTime::ZERO).expect("one").flow).collect::<Vec<_>>();
        d.put_all(SimTime::ZERO, 4, packet(1, 1000));
        d.put_all(SimTime::ZERO, 4, packet(2, 500));
        // A quantum each, first as new queues, then as old ones.
        assert_eq!(order(&mut d, 4), [1, 2, 2, 1]);
        // A newcomer goes before the rest of the old ones' turn; what it has beyond a quantum waits for the next.
        d.put_all(SimTime::ZERO, 3, packet(3, 500));
        // (1 has spent its turn and goes behind them.)
        assert_eq!(order(&mut d, 5), [3, 3, 2, 2, 3]);
        assert_eq!(drain(&mut d, SimTime::ZERO), 2);
        // A queue that runs empty as a new one is an old one until its turn has passed: it cannot go first again.
        let mut d = driver("quantum = '2000 B'");
        d.put_all(SimTime::ZERO, 6, packet(1, 1000));
        d.put(SimTime::ZERO, packet(4, 100));
        assert_eq!(order(&mut d, 4), [1, 1, 4, 1]);
        d.put(SimTime::ZERO, packet(4, 100));
        assert_eq!(order(&mut d, 3), [1, 4, 1]);
        assert_eq!(drain(&mut d, SimTime::ZERO), 1);
    }

    #[test]
    fn deficits_go_below_zero_and_come_back_a_quantum_at_a_time() {
        // FqCoDelQueueDiscDeficit of ns-3: a quantum of 90 B, packets of 120 B, three of one flow and two of another.
        let mut q = FqCoDel::new(Sharing { quantum: 8 * 90, ..Sharing::default() }, Control::default());
        let mut effects = Effects::default();
        for flow in [1, 1, 1, 2, 2] {
            q.enqueue(&packet(flow, 120), SimTime::ZERO, &mut effects).expect("there is room");
        }
        let mut step = || {
            let flow = q.dequeue(SimTime::ZERO, &mut effects).packet().map(|p| p.flow);
            (flow, [0, 1].map(|k: usize| (q.queues[k].deficit / 8, q.queues[k].place)))
        };
        let (new, old, idle) = (Place::New, Place::Old, Place::Idle);
        assert_eq!(step(), (Some(1), [(-30, new), (90, new)]));
        assert_eq!(step(), (Some(2), [(60, old), (-30, new)]));
        assert_eq!(step(), (Some(1), [(-60, old), (60, old)]));
        assert_eq!(step(), (Some(2), [(30, old), (-60, old)]));
        assert_eq!(step(), (Some(1), [(-90, old), (30, old)]));
        assert_eq!(step(), (None, [(90, idle), (30, idle)]));
    }

    #[test]
    fn shares_are_equal_in_bytes() {
        let mut d = driver("limit = 'none', target = '10 s', interval = '100 s'");
        let sizes = [100, 400, 700, 1000, 1500];
        for (flow, size) in (0..).zip(sizes) {
            d.put_all(SimTime::ZERO, 20_000, packet(flow, size));
        }
        let mut sent = [0u64; 5];
        for _ in 0..5000 {
            let p = d.take(SimTime::ZERO).expect("enough");
            sent[p.flow as usize] += u64::from(p.bits) / 8;
        }
        // Shreedhar & Varghese 1996, theorem: a quantum and a largest packet apart at any time.
        let (least, most) = (sent.iter().min().expect("five"), sent.iter().max().expect("five"));
        assert!(most - least <= 1514 + 1500, "{sent:?}");
    }

    #[test]
    fn a_sparse_conversation_waits_for_a_quantum_of_each_other_at_most() {
        // Eight flows send twice what a link of 10 Mbit/s takes; a ninth sends 200 B every 37 ms.
        let wait = |text: &str| {
            let mut d = Driver::new(text);
            let heavy = (0..).map(|k| (ms(0.6 * f64::from(k)), packet(k as u32 % 8, 1500)));
            let sparse = (0..).map(|k| (ms(100.0 + 37.0 * f64::from(k)), packet(8, 200)));
            let mut arrivals: Vec<_> = heavy.take(20_000).chain(sparse.take(300)).collect();
            arrivals.sort_by_key(|a| a.0);
            let served = d.serve(arrivals, |p| SimTime::from_ticks(u64::from(p.bits) * 100_000), ms(11_000.0));
            let waits: Vec<u64> =
                served.iter().filter(|(_, p)| p.flow == 8).map(|(at, p)| (*at - p.entered).ticks()).collect();
            (waits.len(), *waits.iter().max().expect("some") as f64 * 1e-12)
        };
        let bound = 8.0 * 1514.0 * 8.0 / 1e7;
        let (n, longest) = wait("{ kind = 'fq_codel' }");
        assert!(n >= 294 && longest <= bound, "{n} {longest} {bound}");
        // The bound means something: without queues of their own it is far exceeded.
        assert!(wait("{ kind = 'codel' }").1 > 3.0 * bound);
    }

    #[test]
    fn conversations_share_buckets_as_people_share_birthdays() {
        let z = |hits: u32, n: u32, p: f64| {
            let mean = f64::from(hits) / f64::from(n);
            (mean - p) / (p * (1.0 - p) / f64::from(n)).sqrt()
        };
        let mut rng = Rng::seed_from_u64(8290);
        let mut buckets = |n: u32| {
            let salt = rng.bits();
            (0..n).map(|flow| bucket(&packet(flow, 1), salt, 1024)).collect::<Vec<_>>()
        };
        for (n, trials, p) in
            [(10, 300_000, 0.043_094), (20, 60_000, 0.170_300), (50, 20_000, 0.703_605), (100, 20_000, 0.993_258)]
        {
            let exact = 1.0 - (0..n).map(|k| 1.0 - f64::from(k) / 1024.0).product::<f64>();
            assert!((exact - p).abs() < 1e-4, "{n}: {exact}");
            let any = (0..trials).filter(|_| {
                let mut all = buckets(n);
                all.sort_unstable();
                all.windows(2).any(|w| w[0] == w[1])
            });
            let z = z(any.count() as u32, trials, exact);
            assert!(z.abs() < 3.3, "{n}: {z}");
        }
        for (n, trials, p) in [(100, 120_000, 0.0922), (200, 60_000, 0.1767)] {
            let exact = 1.0 - (1023.0f64 / 1024.0).powi(n - 1);
            assert!((exact - p).abs() < 1e-4, "{n}: {exact}");
            let shared = (0..trials).filter(|_| {
                let all = buckets(n as u32);
                all[1..].contains(&all[0])
            });
            let z = z(shared.count() as u32, trials, exact);
            assert!(z.abs() < 3.3, "{n}: {z}");
        }
    }

    #[test]
    fn the_fattest_queue_pays_for_the_limit() {
        let mut d = driver("limit = '100 packets', drop_batch = 10");
        d.put_all(SimTime::ZERO, 90, packet(1, 100));
        d.put_all(SimTime::ZERO, 10, packet(2, 1000));
        assert!(d.lost.is_empty());
        // Ten packets of 1000 B are more than ninety of 100 B: half of them go, from the head.
        d.put(SimTime::ZERO, packet(3, 100));
        assert_eq!((d.losses(2, OVERLIMIT), d.lost.len(), d.queue.len()), (5, 5, 96));
        // Then the ninety are, and lose no more than a batch.
        d.put_all(SimTime::ZERO, 5, packet(3, 100));
        assert_eq!((d.losses(1, OVERLIMIT), d.lost.len(), d.queue.len()), (10, 15, 91));
        assert_counts(d.queue.as_ref());
        // A limit in bytes holds, too, and a packet that is larger than all of it goes by itself.
        let mut d = driver("limit = '10 kB'");
        d.put_all(SimTime::ZERO, 40, packet(1, 1000));
        assert!(d.queue.bits() <= 80_000 && d.queue.len() >= 5);
        let mut d = driver("limit = '1 kB'");
        d.put(SimTime::ZERO, packet(1, 1001));
        assert_eq!((d.lost.len(), drain(&mut d, SimTime::ZERO)), (1, 0));
    }

    #[test]
    fn the_slab_does_not_grow_with_time() {
        let mut q = FqCoDel::new(Sharing::default(), Control::default());
        let mut effects = Effects::default();
        for k in 0..100_000u32 {
            let now = SimTime::from_ticks(u64::from(k) * 1_000_000);
            let p = Packet { entered: now, ..packet(k % 77, 100) };
            q.enqueue(&p, now, &mut effects).expect("taken");
            if k >= 100 {
                assert!(q.dequeue(now, &mut effects).packet().is_some());
            }
        }
        assert_eq!((q.len(), q.slab.slots.len(), q.queues.len() <= 77), (100, 101, true));
        assert!(effects.is_empty());
    }

    #[test]
    fn mistakes_and_oddities_are_told() {
        let code = |text: &str| findings(&format!("{{ kind = 'fq_codel', {text} }}"), true);
        assert_eq!(code("quantum = '0 B'"), ["E0363"]);
        assert_eq!(code("quantum = '300 B'"), ["W0361"]);
        assert_eq!(code("quantum = '300 B', mtu = '300 B'"), [""; 0]);
        assert_eq!(code("target = '200 ms'"), ["E0363"]);
        assert_eq!(code("limit = '0 packets'"), ["E0363"]);
        assert_eq!(findings("{ kind = 'fq_codel', ecn = true }", false), ["W0360"]);
    }
}
