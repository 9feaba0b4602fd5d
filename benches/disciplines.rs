//! Queue disciplines by themselves: what a packet costs on its way in and out of a queue of 5000.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use models::network::Packet;
use models::network::discipline::{
    CoDel, Control, Discipline, Effects, Fifo, FqCoDel, Limit, Pie, PieLaw, Red, RedLaw, Sharing,
};
use sim_core::SimTime;

const PACKETS: u64 = 10_000;
const WAITING: u64 = 5000;

/// A discipline in the middle of a run: packets of `flows` conversations come in turn.
struct Bench {
    queue: Box<dyn Discipline>,
    flows: u64,
    sent: u64,
}

impl Bench {
    fn new(queue: impl Discipline + 'static, flows: u64, waiting: u64) -> Self {
        let mut bench = Self { queue: Box::new(queue), flows, sent: 0 };
        let mut effects = Effects::default();
        (0..waiting).for_each(|_| bench.put(&mut effects));
        bench
    }
    fn put(&mut self, effects: &mut Effects) {
        // Packets come 0.1 us apart, so that no law finds that they wait too long.
        let now = SimTime::from_ticks(self.sent * 100_000);
        // A walk through all conversations that does not follow their order in memory.
        let flow = (self.sent * 6_700_417 % self.flows) as u32;
        let packet = Packet { entered: now, ..Packet::new(flow, 8000, now) };
        let _ = self.queue.enqueue(&packet, now, effects);
        self.sent += 1;
    }
    fn take(&mut self, effects: &mut Effects) {
        std::hint::black_box(self.queue.dequeue(SimTime::from_ticks(self.sent * 100_000), effects));
    }
    /// `PACKETS` packets out, and `arrivals` times as many in.
    fn turn(&mut self, arrivals: u64) {
        let mut effects = Effects::default();
        for _ in 0..PACKETS {
            (0..arrivals).for_each(|_| self.put(&mut effects));
            self.take(&mut effects);
        }
    }
}

fn fair((flows, queues): (u64, u32), waiting: u64) -> Bench {
    let sharing = Sharing { flows: queues, ..Sharing::default() };
    Bench::new(FqCoDel::new(sharing, Control::default()), flows, waiting)
}

fn disciplines(c: &mut Criterion) {
    let mut group = c.benchmark_group("discipline");
    group.sample_size(20).throughput(Throughput::Elements(PACKETS));
    let red = RedLaw {
        min_th: 10_000.0,
        max_th: 30_000.0,
        max_p: 0.02,
        w_q: 0.002,
        gentle: true,
        adaptive: true,
        wait: false,
        ecn: false,
        packet_time: 1e5,
    };
    let ms = 1_000_000_000;
    let pie = PieLaw {
        target: 0.015,
        tupdate: 15 * ms,
        alpha: 0.125,
        beta: 1.25,
        max_burst: 150 * ms,
        ecn: false,
        mark_ecnth: 0.1,
        two_packets: 16_000,
    };
    let limit = Limit::Packets(10_000);
    let all = [
        ("fifo", Bench::new(Fifo::new(limit), 10, WAITING)),
        ("red", Bench::new(Red::new(limit, red), 10, WAITING)),
        ("codel", Bench::new(CoDel::new(limit, Control::default()), 10, WAITING)),
        ("pie", Bench::new(Pie::new(limit, pie), 10, WAITING)),
    ];
    for (name, mut bench) in all {
        group.bench_function(name, |b| b.iter(|| bench.turn(1)));
    }
    let fair_cases = [(10, 1024), (10_000, 1024), (10_000, 16_384)];
    let id = |name: &str, (flows, queues): (u64, u32)| {
        BenchmarkId::new(name, format!("{flows} conversations, {queues} queues"))
    };
    for case in fair_cases {
        let mut bench = fair(case, WAITING);
        group.bench_function(id("fq_codel", case), |b| b.iter(|| bench.turn(1)));
    }
    // Two packets come for each that leaves: every other one makes the fattest queue lose some.
    for case in fair_cases {
        let mut bench = fair(case, 10_240);
        group.bench_function(id("fq_codel over the limit", case), |b| b.iter(|| bench.turn(2)));
    }
    group.finish();
}

criterion_group!(benches, disciplines);
criterion_main!(benches);
