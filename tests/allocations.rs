//! Once warm, a run takes no memory from the heap: what it costs does not depend on how long it is.

#![allow(unsafe_code, reason = "a global allocator that counts cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use egress::scenarios::{Overrides, Scenario, Source};
use sim_core::rng::{Rng, Streams};
use sim_core::stats::Window;
use sim_core::{Ctx, Engine, Model, NoProbe, SimDuration, SimTime, TICKS_PER_SECOND};

/// The system's allocator, counting.
struct Counting;

thread_local! {
    /// Allocations of this thread: tests run side by side.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more.
    let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is that of `System`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is that of `System`.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is that of `System`.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations `work` makes.
fn allocations<T>(work: impl FnOnce() -> T) -> u64 {
    let before = ALLOCATIONS.get();
    std::hint::black_box(work());
    ALLOCATIONS.get() - before
}

/// The hold model: every event schedules another, so that the number of pending ones stays.
struct Hold(Vec<Rng>);

impl Hold {
    fn delay(&mut self, i: u32) -> SimDuration {
        SimDuration::from_ticks_f64(self.0[i as usize].exponential() * TICKS_PER_SECOND as f64)
    }
}

impl Model<NoProbe> for Hold {
    type Event = u32;
    fn start(&mut self, ctx: &mut Ctx<'_, u32, NoProbe>) {
        for i in 0..self.0.len() as u32 {
            let delay = self.delay(i);
            ctx.after(delay, i);
        }
    }
    fn handle(&mut self, me: u32, ctx: &mut Ctx<'_, u32, NoProbe>) {
        let delay = self.delay(me);
        ctx.after(delay, me);
    }
}

#[test]
fn a_counter_counts() {
    assert_eq!(allocations(|| Box::new(7)), 1);
    assert_eq!(allocations(|| 7), 0);
}

#[test]
fn the_engine_allocates_nothing_with_few_and_many_events_pending() {
    for pending in [64u64, 4096] {
        let model = Hold((0..pending).map(Rng::seed_from_u64).collect());
        let mut engine = Engine::new(model, NoProbe);
        engine.run_events(50 * pending).expect("the model does not fail");
        let made = allocations(|| engine.run_events(200 * pending).expect("the model does not fail"));
        assert_eq!(made, 0, "{pending} pending");
    }
}

/// Allocations of a run of `seconds`, and its events.
fn of_run(scenario: &Scenario, seconds: u64) -> (u64, u64) {
    let end = SimTime::from_secs(seconds);
    let window = Window { warmup: SimTime::ZERO, end, bins: 100 };
    let mut events = 0;
    let made = allocations(|| {
        let record = scenario.system(0).run(Streams::new(1, 0), window).expect("the run comes to its end");
        events = record.events;
        record
    });
    (made, events)
}

/// Compares runs of 1, 10 and 100 times `seconds`. `growths` is how often buffers may still grow from one to the next:
/// with the record of the longest queue, with sojourn times outside the range that was seen before, and once where a count of
/// a distribution outgrows 16 bits. The first two grow with the logarithm of time, and buffers double.
fn assert_flat(text: &str, seconds: u64, growths: u64) {
    let source = Source::Text { name: "it".into(), text: text.into() };
    let scenario = Scenario::load(&source, &Overrides::default(), &egress::registry());
    let scenario = scenario.unwrap_or_else(|e| panic!("{:?}", e.diagnostics));
    let [short, long, longest] = [1, 10, 100].map(|times| of_run(&scenario, times * seconds));
    assert!(short.1 > 5_000 && longest.1 > 90 * short.1, "{} and {} events", short.1, longest.1);
    for (a, b) in [(short, long), (long, longest)] {
        assert!(b.0 <= a.0 + growths, "{} allocations in {} events, {} in {}", a.0, a.1, b.0, b.1);
    }
}

/// An M/M/1 queue at utilization 0.8.
const QUEUE: &str = r#"[scenario]
name = "queue"
[run]
duration = "10 s"
[study]
seed = 1
[node.a]
[node.b]
[link.wire]
from = "a"
to = "b"
rate = "1 Mbit/s"
queue = { kind = "fifo", limit = "none" }
[traffic.data]
kind = "poisson"
from = "a"
to = "b"
rate = "800 packets/s"
size = { kind = "exponential", mean = "125 B" }
"#;

#[test]
fn a_queue_allocates_nothing_per_packet() {
    assert_flat(QUEUE, 20, 10);
}

#[test]
fn classful_queues_allocate_nothing_per_packet() {
    let child = "queue = { kind = \"fifo\", limit = \"30 packets\" }";
    let class = |own: &str| format!("a = {{ match = {{ dscp = \"EF\" }}, {own} {child} }}, b = {{ {own} {child} }}");
    for queue in [
        format!("{{ kind = \"prio\", {child} }}"),
        format!("{{ kind = \"drr\", classes = {{ {} }} }}", class("")),
        format!("{{ kind = \"wfq\", classes = {{ {} }} }}", class("weight = 2,")),
        format!("{{ kind = \"htb\", classes = {{ {} }} }}", class("rate = \"300 kbit/s\", ceil = \"900 kbit/s\",")),
    ] {
        let text = QUEUE.replace("{ kind = \"fifo\", limit = \"none\" }", &queue);
        let urgent = text.split_once("[traffic.data]").expect("it has traffic").1;
        assert_flat(&format!("{text}\n[traffic.urgent]\ndscp = \"EF\"{urgent}"), 10, 10);
    }
}

/// Dimers that form and fall apart: mass action of both orders in one compartment.
const DIMER: &str = r#"[scenario]
name = "dimer"
[run]
duration = "10 s"
[study]
seed = 1
[compartment.cell]
volume = "1 fL"
initial = { A = "1000", B = "0" }
[reaction.dimerisation]
equation = "2 A <-> B"
in = "cell"
k = "1e6 /M/s"
k_back = "1 /s"
"#;

#[test]
fn a_reaction_network_allocates_nothing_per_firing() {
    assert_flat(DIMER, 20, 0);
}

/// Sessions that come and go over TCP: a connection each, 200 a second, some fifty at a time.
const SESSIONS: &str = r#"[scenario]
name = "sessions"
[run]
duration = "10 s"
[study]
seed = 1
[node.a]
[node.b]
[link.wire]
from = "a"
to = "b"
rate = "20 Mbit/s"
delay = "50 ms"
[traffic.web]
kind = "web"
from = "a"
to = "b"
rate = "200 /s"
bytes = "6 kB"
law = "exponential"
"#;

#[test]
fn connections_use_their_slots_again() {
    // Each slot has a handful of buffers, and the record of connections at a time grows with the logarithm of time.
    assert_flat(SESSIONS, 10, 400);
}
