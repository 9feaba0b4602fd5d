//! The bare engine: the hold model, with 64 to a million events pending and five laws of increments.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sim_core::rng::Rng;
use sim_core::{Ctx, Engine, Model, NoProbe, SimDuration, TICKS_PER_SECOND};

struct Hold {
    rngs: Vec<Rng>,
    draw: Draw,
}

impl Hold {
    fn delay(&mut self, i: u32) -> SimDuration {
        SimDuration::from_ticks_f64((self.draw)(&mut self.rngs[i as usize]) * TICKS_PER_SECOND as f64)
    }
}

impl Model<NoProbe> for Hold {
    type Event = u32;
    fn start(&mut self, ctx: &mut Ctx<'_, u32, NoProbe>) {
        for i in 0..self.rngs.len() as u32 {
            let delay = self.delay(i);
            ctx.after(delay, i);
        }
    }
    fn handle(&mut self, me: u32, ctx: &mut Ctx<'_, u32, NoProbe>) {
        let n = self.rngs.len() as u64;
        let target = self.rngs[me as usize].below(n) as u32;
        let delay = self.delay(me);
        ctx.after(delay, target);
    }
}

type Draw = fn(&mut Rng) -> f64;

/// Laws of increments of mean 1.
const INCREMENTS: [(&str, Draw); 5] = [
    ("exponential", Rng::exponential),
    ("uniform", |r| 2.0 * r.uniform()),
    ("bimodal", |r| {
        let u = r.uniform();
        if u < 0.9 { u / 9.0 } else { (u - 0.9) * 190.0 }
    }),
    ("constant", |_| 1.0),
    ("pareto", |r| r.pareto(1.5) / 3.0),
];

fn hold(c: &mut Criterion) {
    const EVENTS: u64 = 100_000;
    for (law, draw) in INCREMENTS {
        let mut group = c.benchmark_group(format!("hold/{law}"));
        group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
        for n in [64u32, 4096, 262_144, 1_048_576] {
            let rngs = (0..n).map(|i| Rng::seed_from_u64(u64::from(i))).collect();
            let mut engine = Engine::new(Hold { rngs, draw }, NoProbe);
            engine.run_events(u64::from(n).min(1_000_000)).expect("the model does not fail");
            group.bench_function(BenchmarkId::from_parameter(n), |b| {
                b.iter(|| engine.run_events(EVENTS).expect("the model does not fail"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, hold);
criterion_main!(benches);
