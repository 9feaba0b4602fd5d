//! The two model families of `egress`, network and biology, on the engine of `sim_core`.
//!
//! A [`Registry`] lists every kind of element that a scenario file may name; [`registry`] is the list of those that come
//! with the program, and a third-party crate adds its own to it. [`build`] turns a checked scenario into a [`System`]
//! that can be run any number of times, from several threads.

#![forbid(unsafe_code)]

pub mod biology;
pub mod common;
mod intervention;
pub mod network;
mod probe;
mod registry;
mod system;
mod unused;
mod world;
mod wrong;

pub use intervention::late_interventions;
pub use registry::{Family, Kind, Registry, registry};
pub use system::{BuildContext, System, build, sections};
pub use unused::unused;
pub use world::World;
pub use wrong::Wrong;
