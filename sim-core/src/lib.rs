//! The engine of `egress`: time, order, chance, observation and quantities.
//!
//! Nothing here knows what a cell or a network is. A model family implements [`Model`]; an [`Engine`] runs it over a
//! totally ordered event queue; a [`Probe`] watches. Random numbers come from streams that are named after what draws
//! from them ([`rng::Streams`]), so that adding an element changes no other element's numbers.
//!
//! ```
//! use sim_core::{Ctx, Engine, Model, NoProbe, SimDuration, SimTime};
//!
//! /// Counts to ten, one tick a second.
//! struct Ticker(u32);
//! impl Model<NoProbe> for Ticker {
//!     type Event = ();
//!     fn start(&mut self, ctx: &mut Ctx<'_, (), NoProbe>) {
//!         ctx.after(SimDuration::from_secs(1), ());
//!     }
//!     fn handle(&mut self, (): (), ctx: &mut Ctx<'_, (), NoProbe>) {
//!         self.0 += 1;
//!         ctx.after(SimDuration::from_secs(1), ());
//!     }
//! }
//! let mut engine = Engine::new(Ticker(0), NoProbe);
//! engine.run_until(SimTime::from_secs(11)).unwrap();
//! assert_eq!(engine.model().0, 10); // a run is half-open: the tick at 11 s is not in it
//! ```
//!
//! # Determinism
//! A run is a pure function of model, seed and replication. Events are ordered by `(time, priority, sequence)`; ties
//! are first in, first out; time is an integer; no hash order, wall clock or thread enters.

#![forbid(unsafe_code)]

pub mod config;
mod engine;
pub mod probe;
pub mod quantity;
mod queue;
pub mod rng;
pub mod stats;
mod time;

pub use engine::{Ctx, EVENTS_PER_INSTANT_MAX, Engine, Model, Priority, RunError, RunSummary};
pub use probe::{ComponentId, Departure, LevelTotals, LossReason, NoProbe, Probe};
pub use queue::{Queue, Ticket, TimerSlot};
pub use time::{SimDuration, SimTime, TICKS_PER_SECOND};
