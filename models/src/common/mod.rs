//! What both families use.

pub mod expression;
mod expression_token;
pub mod interval;
pub(crate) mod ode;
pub(crate) mod rows;
pub mod service;
pub mod spikes;
pub mod term;
pub mod waveform;
