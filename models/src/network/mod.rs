//! Networks: packets through links, queues and stages.
//!
//! A node holds ordered stages; a link holds a queue discipline. A packet's walk: its source's stages judge it in order,
//! routing names the link, the link's discipline takes it (or drops it with a reason) and it rides the link's lane to the
//! next node's stages, until the sink hands it to the probes. Links and stages are both *stations*: a
//! queue discipline in front of one or more servers. A first-in-first-out station with one server computes departures on
//! arrival (Lindley 1952, doi:10.1017/S0305004100027638) and costs one event a packet. Traffic over connections (TCP) is two
//! flows, data one way and acknowledgements the other.

pub mod address;
mod build;
pub mod classifier;
pub mod discipline;
mod failures;
mod fluid;
pub mod gate;
pub mod label;
pub mod loss;
mod model;
mod packet;
mod routing;
pub mod size;
pub mod stage;
mod station;
mod system;
#[cfg(test)]
mod tests;
pub mod token_bucket;
pub mod topology;
pub mod traffic;
pub mod transport;

pub use discipline::{DISCIPLINES, MakeDiscipline};
pub use loss::{LOSSES, MakeLoss};
pub use packet::{Color, Ecn, Packet};
pub use size::{MakeSize, SIZES};
pub use stage::{MakeStage, STAGES, StageSpec};
pub use traffic::{Load, MakeTraffic, TRAFFIC};
pub use transport::congestion::{CONGESTION_CONTROLS, MakeCongestionControl};
pub use transport::slow_start::{MakeSlowStart, SLOW_STARTS};

pub(crate) use build::{build, sections};
