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
use sim_core::{Ctx, Engine, Model, NoProbe, SimDuration, SimTime, TICKS_PER_SECOND};

/// One process, on a cache line of its own.
#[repr(align(64))]
struct Process {
    rng: Rng,
    count: u64,
}

#[derive(Clone, Copy)]
enum Increment {
    Exponential,
    Uniform,
    Bimodal,
    Constant,
    Pareto,
}

impl Increment {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "exponential" => Self::Exponential,
            "uniform" => Self::Uniform,
            "bimodal" => Self::Bimodal,
            "constant" => Self::Constant,
            "pareto" => Self::Pareto,
            _ => return None,
        })
    }
    /// All have mean 1.
    #[inline]
    fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Exponential => rng.exponential(),
            Self::Uniform => 2.0 * rng.uniform(),
            // Nine in ten within 0.1, the rest up to 19: bursts and long waits.
            Self::Bimodal => {
                let u = rng.uniform();
                if u < 0.9 { u / 9.0 } else { (u - 0.9) * 190.0 }
            }
            Self::Constant => 1.0,
            Self::Pareto => rng.pareto(1.5) / 3.0,
        }
    }
}

struct Hold {
    processes: Vec<Process>,
    tokens: u32,
    remote: f64,
    increment: Increment,
}

impl Hold {
    fn delay(&mut self, process: u32) -> SimDuration {
        let x = self.increment.draw(&mut self.processes[process as usize].rng);
        SimDuration::from_ticks_f64(x * TICKS_PER_SECOND as f64)
    }
}

impl Model<NoProbe> for Hold {
    type Event = u32;

    fn start(&mut self, ctx: &mut Ctx<'_, u32, NoProbe>) {
        for i in 0..self.processes.len() as u32 {
            for _ in 0..self.tokens {
                let delay = self.delay(i);
                ctx.after(delay, i);
            }
        }
    }
    #[inline]
    fn handle(&mut self, me: u32, ctx: &mut Ctx<'_, u32, NoProbe>) {
        let n = self.processes.len() as u64;
        let process = &mut self.processes[me as usize];
        process.count += 1;
        let away = self.remote >= 1.0 || process.rng.uniform() < self.remote;
        let target = if away { process.rng.below(n) as u32 } else { me };
        let x = self.increment.draw(&mut process.rng);
        ctx.after(SimDuration::from_ticks_f64(x * TICKS_PER_SECOND as f64), target);
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: f64| -> f64 {
        args.get(i).map_or(default, |a| a.parse().unwrap_or_else(|_| usage(&format!("`{a}` is not a number"))))
    };
    let (n, p, remote, events) = (number(0, 4096.0), number(1, 1.0), number(2, 1.0), number(3, 1e7));
    let name = args.get(4).map_or("exponential", String::as_str);
    let Some(increment) = Increment::parse(name) else { usage(&format!("no increment `{name}`")) };
    let processes = (0..n as u64)
        .map(|i| Process { rng: Rng::seed_from_u64(1u64.wrapping_mul(0x1_0000_0001) ^ i), count: 0 })
        .collect();
    let mut engine = Engine::new(Hold { processes, tokens: p as u32, remote, increment }, NoProbe);
    let pending = n * p;
    // A pending token falls due once in a unit of time, so `events` of them take `events / pending`.
    engine.run_until(SimTime::ZERO).expect("the model does not fail");
    let warm = engine.run_events((pending as u64).min(1_000_000)).expect("the model does not fail");
    #[allow(clippy::disallowed_types, reason = "a benchmark reads the wall clock")]
    let clock = Instant::now();
    let done = engine.run_events(events as u64).expect("the model does not fail");
    let wall = clock.elapsed().as_secs_f64();
    let digest = engine
        .model()
        .processes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |h, p| (h ^ p.count).wrapping_mul(0x100_0000_01b3))
        >> 16;
    let made = black_box(done.events - warm.events);
    println!(
        "{{\"peer\":\"egress\",\"version\":\"{}\",\"workload\":\"hold\",\"size\":\"N={n},P={p},R={remote},{name}\",\
         \"wall_s\":{wall:.6},\"rate\":{:.6e},\"unit\":\"events/s\",\"results\":{{\"events\":{made},\"t_end\":{:.9},\"check\":{digest}}}}}",
        env!("CARGO_PKG_VERSION"),
        made as f64 / wall,
        done.end.as_secs_f64(),
    );
}

fn usage(problem: &str) -> ! {
    eprintln!("{problem}\nusage: hold N [P] [R] [EVENTS] [exponential|uniform|bimodal|constant|pareto]");
    std::process::exit(2)
}
