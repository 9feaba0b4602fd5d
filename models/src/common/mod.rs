//! What both families use.

pub mod draw;
pub mod expression;
pub mod interval;
pub(crate) mod ode;
pub mod pareto;
pub(crate) mod quadrature;
pub(crate) mod rows;
pub mod service;
pub mod spikes;
pub mod term;
pub mod waveform;
