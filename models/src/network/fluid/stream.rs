//! Open-loop traffic under way.

use super::meter::Meter;

/// Open-loop traffic: a constant rate, and what arrives of it.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) flow: u32,
    /// The links at which it has a demand, and what comes to them, in bit/s.
    pub(super) path: Vec<u32>,
    pub(super) ceiling: f64,
    /// bit/s
    pub(super) offered: f64,
    pub(super) arrives: f64,
    /// Its demands at links where each flow has a queue of its own, the last of which decides what arrives.
    pub(super) last: Option<u32>,
    pub(super) sent: Meter,
    pub(super) lost: Meter,
}

impl Stream {
    pub(super) fn new(flow: u32) -> Self {
        let (sent, lost) = (Meter::default(), Meter::default());
        Self { flow, path: Vec::new(), ceiling: 0.0, offered: 0.0, arrives: 0.0, last: None, sent, lost }
    }
    /// bit/s
    pub(super) fn loses(&self) -> f64 {
        (self.offered - self.arrives).max(0.0)
    }
}
