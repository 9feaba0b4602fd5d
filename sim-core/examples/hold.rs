//! The hold model on the bare engine: what a pop and a push cost with N x P events pending.
//!
//! ```text
//! cargo run --release -p egress-sim-core --example hold -- N [P] [R] [EVENTS] [INCREMENT]
//! ```
//! N logical processes with P tokens each. A token that falls due adds one to its process' count, goes to a process drawn
//! uniformly (with probability R; else it stays), and falls due again after a random time of mean 1. INCREMENT is
//! exponential (default), uniform, bimodal, constant or pareto. Prints one JSON line with the rate in events/s; `check`
//! is a digest of all counts. Jones 1986, doi:10.1145/5684.5686; each process draws from a generator of its own.

use std::hint::black_box;
#[allow(clippy::disallowed_types, reason = "a benchmark reads the wall clock")]
use std::time::Instant;

use sim_core::rng::Rng;
use sim_core::{Ctx, Engine, Model, NoProbe, SimDuration, TICKS_PER_SECOND};

/// One process, on a cache line of its own.
///
/// It draws where its next token goes, and for how long, as soon as it has sent one: the same numbers in the same order
/// as if it drew when the token comes, but no event waits for them (see [`sim_core::rng::Exponentials`]).
#[repr(align(64))]
struct Process {
    rng: Rng,
    count: u64,
    delay: SimDuration,
    target: u32,
}

impl Process {
    fn new(seed: u64) -> Self {
        Self { rng: Rng::seed_from_u64(seed), count: 0, delay: SimDuration::ZERO, target: 0 }
    }
}

/// `D` draws increments; a type of its own, so that each law is compiled into the loop.
struct Hold<D> {
    processes: Vec<Process>,
    tokens: u32,
    remote: f64,
    draw: D,
}

#[inline]
fn ticks(x: f64) -> SimDuration {
    SimDuration::from_ticks_f64(x * TICKS_PER_SECOND as f64)
}

impl<D: Fn(&mut Rng) -> f64> Hold<D> {
    /// Draws the next hop of process `me`.
    #[inline]
    fn draw_hop(&mut self, me: u32) {
        let n = self.processes.len() as u64;
        let process = &mut self.processes[me as usize];
        let away = self.remote >= 1.0 || process.rng.uniform() < self.remote;
        process.target = if away { process.rng.below(n) as u32 } else { me };
        process.delay = ticks((self.draw)(&mut process.rng));
    }
}

impl<D: Fn(&mut Rng) -> f64> Model<NoProbe> for Hold<D> {
    type Event = u32;

    fn start(&mut self, ctx: &mut Ctx<'_, u32, NoProbe>) {
        for i in 0..self.processes.len() as u32 {
            for _ in 0..self.tokens {
                let x = (self.draw)(&mut self.processes[i as usize].rng);
                ctx.after(ticks(x), i);
            }
            self.draw_hop(i);
        }
    }
    #[inline]
    fn prefetch(&self, me: u32, _: &NoProbe) {
        black_box(self.processes[me as usize].count);
    }
    #[inline]
    fn handle(&mut self, me: u32, ctx: &mut Ctx<'_, u32, NoProbe>) {
        let process = &mut self.processes[me as usize];
        process.count += 1;
        ctx.after(process.delay, process.target);
        self.draw_hop(me);
    }
}

struct Size {
    processes: u64,
    tokens: u32,
    remote: f64,
    events: u64,
    law: String,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: f64| -> f64 {
        args.get(i).map_or(default, |a| a.parse().unwrap_or_else(|_| usage(&format!("`{a}` is not a number"))))
    };
    let size = Size {
        processes: number(0, 4096.0) as u64,
        tokens: number(1, 1.0) as u32,
        remote: number(2, 1.0),
        events: number(3, 1e7) as u64,
        law: args.get(4).map_or("exponential", String::as_str).to_owned(),
    };
    // All of mean 1.
    match size.law.as_str() {
        "exponential" => run(&size, Rng::exponential),
        "uniform" => run(&size, |rng| 2.0 * rng.uniform()),
        // Nine in ten within 0.1, the rest up to 19: bursts and long waits.
        "bimodal" => run(&size, |rng| {
            let u = rng.uniform();
            if u < 0.9 { u / 9.0 } else { (u - 0.9) * 190.0 }
        }),
        "constant" => run(&size, |_| 1.0),
        "pareto" => run(&size, |rng| rng.pareto(1.5) / 3.0),
        law => usage(&format!("no increment `{law}`")),
    }
}

fn run(size: &Size, draw: impl Fn(&mut Rng) -> f64) {
    let processes = (0..size.processes).map(|i| Process::new(1u64.wrapping_mul(0x1_0000_0001) ^ i)).collect();
    let mut engine = Engine::new(Hold { processes, tokens: size.tokens, remote: size.remote, draw }, NoProbe);
    let pending = size.processes * u64::from(size.tokens);
    let warm = engine.run_events(pending.min(1_000_000)).expect("the model does not fail");
    #[allow(clippy::disallowed_types, reason = "a benchmark reads the wall clock")]
    let clock = Instant::now();
    let done = engine.run_events(size.events).expect("the model does not fail");
    let wall = clock.elapsed().as_secs_f64();
    let digest = engine
        .model()
        .processes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |h, p| (h ^ p.count).wrapping_mul(0x100_0000_01b3))
        >> 16;
    let made = black_box(done.events - warm.events);
    println!(
        "{{\"peer\":\"egress\",\"version\":\"{}\",\"workload\":\"hold\",\"size\":\"N={},P={},R={},{}\",\
         \"wall_s\":{wall:.6},\"rate\":{:.6e},\"unit\":\"events/s\",\"results\":{{\"events\":{made},\"t_end\":{:.9},\"check\":{digest}}}}}",
        env!("CARGO_PKG_VERSION"),
        size.processes,
        size.tokens,
        size.remote,
        size.law,
        made as f64 / wall,
        done.end.as_secs_f64(),
    );
}

fn usage(problem: &str) -> ! {
    eprintln!("{problem}\nusage: hold N [P] [R] [EVENTS] [exponential|uniform|bimodal|constant|pareto]");
    std::process::exit(2)
}
