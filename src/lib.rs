//! Discrete-event simulation of *egress pathways*: the controlled ways by which something leaves a bounded system.
//! Molecules and vesicles leave a cell by permeation, carriers, pumps and exocytosis; packets leave a network through
//! queues, stages and a bottleneck link. One engine runs both, over systems that scenario files describe.
//!
//! The program `egress` is [`cli::main`] with [`registry`]. A third-party crate adds kinds of its own and gets the whole
//! command line:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     let mut registry = egress::registry();
//!     // registry.disciplines.add(my_crate::KIND);
//!     egress::cli::main(registry)
//! }
//! ```
//!
//! As a library: load a [`Scenario`](scenarios::Scenario) and run its system.
//!
//! ```
//! use egress::scenarios::{Overrides, Scenario, Source};
//!
//! let scenario = Scenario::load(&Source::Bundled("branch-office".into()), &Overrides::default(), &egress::registry());
//! let scenario = scenario.unwrap_or_else(|e| panic!("{:?}", e.diagnostics));
//! assert_eq!(scenario.name(), "branch-office");
//! assert!(scenario.system(0).components().iter().any(|c| c.name == "uplink"));
//! ```

#![forbid(unsafe_code)]

pub mod cli;

pub use models;
pub use models::{Registry, registry};
pub use scenarios;
pub use sim_core;
pub use viz;
