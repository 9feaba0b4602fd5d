//! The engine as a whole: order, ends of stretches, horizon batching, livelock.

use sim_core::{Ctx, Engine, Model, NoProbe, Priority, RunError, SimDuration, SimTime, TimerSlot};

const S: SimDuration = SimDuration::from_secs(1);

/// Writes down what happens, and pushes what a script says.
struct Script {
    log: Vec<(SimTime, u32)>,
    react: fn(u32, &mut Ctx<'_, u32, NoProbe>),
}

impl Model<NoProbe> for Script {
    type Event = u32;
    fn start(&mut self, ctx: &mut Ctx<'_, u32, NoProbe>) {
        (self.react)(0, ctx);
    }
    fn handle(&mut self, event: u32, ctx: &mut Ctx<'_, u32, NoProbe>) {
        self.log.push((ctx.now(), event));
        (self.react)(event, ctx);
    }
    fn element(&self, event: u32) -> String {
        format!("element {event}")
    }
}

fn run(react: fn(u32, &mut Ctx<'_, u32, NoProbe>), end: u64) -> Vec<u32> {
    let mut engine = Engine::new(Script { log: Vec::new(), react }, NoProbe);
    engine.run_until(SimTime::from_secs(end)).unwrap();
    engine.into_parts().0.log.into_iter().map(|l| l.1).collect()
}

#[test]
fn ties_are_first_in_first_out_within_a_priority() {
    let react: fn(u32, &mut Ctx<'_, u32, NoProbe>) = |event, ctx| {
        if event == 0 {
            ctx.after(S, 1);
            ctx.after(S, 2);
            ctx.after_with(S, Priority::FIRST, 3);
            ctx.after(SimDuration::ZERO, 4);
        }
    };
    assert_eq!(run(react, 2), [4, 3, 1, 2]);
}

#[test]
fn an_event_at_the_present_instant_comes_after_those_scheduled_before_it() {
    let react: fn(u32, &mut Ctx<'_, u32, NoProbe>) = |event, ctx| match event {
        0 => {
            ctx.after(S, 1);
            ctx.after(S, 2);
        }
        1 => ctx.after(SimDuration::ZERO, 3),
        _ => {}
    };
    assert_eq!(run(react, 2), [1, 2, 3]);
}

#[test]
fn a_ticket_keeps_its_place_among_ties() {
    let react: fn(u32, &mut Ctx<'_, u32, NoProbe>) = |event, ctx| {
        if event == 0 {
            let early = ctx.ticket();
            ctx.after(S, 1);
            ctx.at(SimTime::from_secs(1), early, 2);
        }
    };
    assert_eq!(run(react, 2), [2, 1]);
}

#[test]
fn a_run_is_half_open() {
    let react: fn(u32, &mut Ctx<'_, u32, NoProbe>) = |event, ctx| {
        if event < 10 {
            ctx.after(S, event + 1);
        }
    };
    assert_eq!(run(react, 3), [1, 2]);
}

/// Goes round in one instant, and keeps no log of it.
struct Silent;
impl Model<NoProbe> for Silent {
    type Event = ();
    fn start(&mut self, ctx: &mut Ctx<'_, (), NoProbe>) {
        ctx.after(SimDuration::ZERO, ());
    }
    fn handle(&mut self, (): (), ctx: &mut Ctx<'_, (), NoProbe>) {
        ctx.after(SimDuration::ZERO, ());
    }
    fn element(&self, (): ()) -> String {
        "loop".into()
    }
}

#[test]
fn an_endless_instant_is_an_error_that_names_the_element() {
    let react: fn(u32, &mut Ctx<'_, u32, NoProbe>) = |_, ctx| ctx.after(SimDuration::ZERO, 7);
    let mut engine = Engine::new(Script { log: Vec::new(), react }, NoProbe);
    let error = Engine::new(Silent, NoProbe).run_until(SimTime::from_secs(1)).unwrap_err();
    assert_eq!(error, RunError::Livelock { at: SimTime::ZERO, element: "loop".into() });
    assert!(error.to_string().contains("loop"));
    assert_eq!(engine.run_events(3).unwrap().events, 3);
}

/// Steps every 0.3 s by itself up to the horizon, beside a clock that ticks every second.
struct Batching {
    next: SimTime,
    timer: Option<TimerSlot>,
    log: Vec<(SimTime, char)>,
}

#[derive(Clone, Copy)]
enum Beat {
    Steps,
    Clock,
}

impl Batching {
    const STEP: SimDuration = SimDuration::from_ticks(300_000_000_000);

    fn steps(&mut self, ctx: &mut Ctx<'_, Beat, NoProbe>) {
        let horizon = ctx.horizon();
        while self.next < horizon {
            self.log.push((self.next, 's'));
            self.next = self.next + Self::STEP;
            ctx.batched(1);
        }
        let timer = self.timer.expect("made at the start");
        ctx.set_timer(timer, self.next - ctx.now(), Beat::Steps);
    }
}

impl Model<NoProbe> for Batching {
    type Event = Beat;
    fn start(&mut self, ctx: &mut Ctx<'_, Beat, NoProbe>) {
        self.timer = Some(ctx.new_timer());
        ctx.after(S, Beat::Clock);
        self.next = SimTime::ZERO + Self::STEP;
        ctx.set_timer(self.timer.expect("just made"), Self::STEP, Beat::Steps);
    }
    fn handle(&mut self, event: Beat, ctx: &mut Ctx<'_, Beat, NoProbe>) {
        match event {
            Beat::Clock => {
                self.log.push((ctx.now(), 'c'));
                ctx.after(S, Beat::Clock);
            }
            Beat::Steps => {
                self.log.push((self.next, 's'));
                self.next = self.next + Self::STEP;
                self.steps(ctx);
            }
        }
    }
}

#[test]
fn horizon_batching_keeps_the_order_of_everything() {
    let mut engine = Engine::new(Batching { next: SimTime::ZERO, timer: None, log: Vec::new() }, NoProbe);
    engine.run_until(SimTime::from_secs(10)).unwrap();
    let log = engine.into_parts().0.log;
    assert!(log.windows(2).all(|w| w[0].0 <= w[1].0), "out of order: {log:?}");
    assert_eq!(log.iter().filter(|l| l.1 == 's').count(), 33);
    assert_eq!(log.iter().filter(|l| l.1 == 'c').count(), 9);
}

#[test]
fn stretches_do_not_change_a_run() {
    let whole = {
        let mut engine = Engine::new(Batching { next: SimTime::ZERO, timer: None, log: Vec::new() }, NoProbe);
        engine.run_until(SimTime::from_secs(100)).unwrap();
        engine.into_parts().0.log
    };
    let mut engine = Engine::new(Batching { next: SimTime::ZERO, timer: None, log: Vec::new() }, NoProbe);
    for ms in (0..=100_000u64).step_by(37).chain([100_000]) {
        engine.run_until(SimTime::from_ticks(ms * 1_000_000_000)).unwrap();
    }
    assert_eq!(engine.into_parts().0.log, whole);
}
