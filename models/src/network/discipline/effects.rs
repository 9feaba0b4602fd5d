//! What a discipline or a gate does besides letting packets pass: drops and signals, with the tables of both.

use sim_core::SimTime;
use sim_core::stats::{Extra, Form};

use super::Packet;

/// Why a packet was dropped: an index into [`REASONS`].
pub type Reason = u16;

/// The reasons for drops: the name, and the metric that counts it.
pub const REASONS: &[(&str, &str)] = &[
    ("tail_drop", "dropped.tail_drop"),
    ("early", "dropped.early"),
    ("forced", "dropped.forced"),
    ("target_exceeded", "dropped.target_exceeded"),
    ("overlimit", "dropped.overlimit"),
    ("policed", "dropped.policed"),
    ("mtu", "dropped.mtu"),
    ("link_loss", "dropped.link_loss"),
    ("link_down", "dropped.link_down"),
    ("no_route", "dropped.no_route"),
    ("ttl", "dropped.ttl"),
    ("port_exhausted", "dropped.port_exhausted"),
    ("no_mapping", "dropped.no_mapping"),
];

/// The queue was full when the packet came.
pub const TAIL_DROP: Reason = 0;
/// Active queue management dropped it at random before the queue was full.
pub const EARLY: Reason = 1;
/// The average queue was beyond the greatest threshold.
pub const FORCED: Reason = 2;
/// Packets had waited longer than the target for too long.
pub const TARGET_EXCEEDED: Reason = 3;
/// A limit of all queues of a discipline together, or of a shaper, was exceeded.
pub const OVERLIMIT: Reason = 4;
/// A meter's action was to drop.
pub const POLICED: Reason = 5;
/// It was larger than the link takes.
pub const MTU: Reason = 6;
/// The link damaged it.
pub const LINK_LOSS: Reason = 7;
/// The link had failed.
pub const LINK_DOWN: Reason = 8;
/// A node had no route to its destination.
pub const NO_ROUTE: Reason = 9;
/// It had passed too many nodes.
pub const TTL: Reason = 10;
/// No port was free for a new mapping of a translator.
pub const PORT_EXHAUSTED: Reason = 11;
/// A packet from outside for which a translator has no mapping.
pub const NO_MAPPING: Reason = 12;

/// Something that is counted or followed at an element besides packets: an index into [`SIGNALS`].
pub type Signal = u16;

/// What disciplines and gates can signal, and how it is measured.
pub const SIGNALS: &[Extra] = &[
    Extra::count("marked", "packet"),
    Extra { metric: "average_queue", unit: "packet", scale: 1e-6, form: Form::Level },
    Extra { metric: "drop_probability", unit: "1", scale: 1e-9, form: Form::Level },
    Extra { metric: "borrowed", unit: "bit/s", scale: 1.0, form: Form::Rate },
    Extra::count("green", "packet"),
    Extra::count("yellow", "packet"),
    Extra::count("red", "packet"),
    Extra { metric: "mappings", unit: "mapping", scale: 1.0, form: Form::Level },
    Extra::count("translated", "packet"),
    Extra { metric: "availability", unit: "1", scale: 1.0, form: Form::Level },
    Extra::count("failures", "1"),
];

/// Packets marked instead of dropped; signal 1 for each.
pub const MARKED: Signal = 0;
/// The average queue that decides about drops, in millionths of a packet.
pub const AVERAGE_QUEUE: Signal = 1;
/// The probability of a drop, in 10^-9.
pub const DROP_PROBABILITY: Signal = 2;
/// Bits sent beyond a class's own rate.
pub const BORROWED: Signal = 3;
/// Packets that a meter found green; signal 1 for each.
pub const GREEN: Signal = 4;
/// Packets that a meter found yellow.
pub const YELLOW: Signal = 5;
/// Packets that a meter found red.
pub const RED: Signal = 6;
/// Mappings that a translator holds.
pub const MAPPINGS: Signal = 7;
/// Packets that went through a mapping; signal 1 for each.
pub const TRANSLATED: Signal = 8;

/// Reasons and signals from here on are a gate's own: those of its verdicts, in order. See
/// [`Gate::verdicts`](crate::network::gate::Gate::verdicts).
pub const OWN: u16 = 256;

/// Of links that can fail: whether it is up, 1 or 0.
pub(in crate::network) const AVAILABILITY: Signal = 9;
/// Of links that can fail: that it has failed; signal 1 for each.
pub(in crate::network) const FAILURES: Signal = 10;

/// What happened besides: taken over by the station or gate after each call, empty before the next.
#[derive(Debug, Default)]
pub struct Effects {
    pub(in crate::network) dropped: Vec<(Packet, Reason)>,
    pub(in crate::network) signals: Vec<(Signal, u64)>,
    pub(in crate::network) past: Vec<(SimTime, Signal, u64)>,
}

impl Effects {
    /// Drops a packet that was taken in before.
    pub fn drop(&mut self, packet: Packet, reason: Reason) {
        self.dropped.push((packet, reason));
    }
    /// Signals a count or a level; the element must list it under its `signals`.
    pub fn signal(&mut self, signal: Signal, value: u64) {
        self.signals.push((signal, value));
    }
    /// The same of what a gate finds to have happened at `at`, since it was last called. In order of time.
    pub fn signal_at(&mut self, at: SimTime, signal: Signal, value: u64) {
        self.past.push((at, signal, value));
    }
    pub(in crate::network) fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.signals.is_empty()
    }
}

/// Where the signals of an element are among the extra measures of its component.
#[derive(Clone, Copy, Debug)]
pub(in crate::network) struct SignalMap {
    places: [u8; SIGNALS.len()],
    /// How many measures there are.
    pub(in crate::network) count: u16,
}

impl SignalMap {
    /// The map and the extra measures for these signals.
    pub(in crate::network) fn new(signals: &[Signal]) -> (Self, Vec<Extra>) {
        let (mut places, mut extras) = ([u8::MAX; SIGNALS.len()], Vec::new());
        for &s in signals {
            if places[s as usize] == u8::MAX {
                places[s as usize] = extras.len() as u8;
                extras.push(SIGNALS[s as usize]);
            }
        }
        (Self { places, count: extras.len() as u16 }, extras)
    }
    /// Whether the element has this signal.
    pub(in crate::network) fn has(self, signal: Signal) -> bool {
        self.places[signal as usize] != u8::MAX
    }
    #[inline]
    pub(in crate::network) fn extra(self, signal: Signal) -> u16 {
        self.places[signal as usize].into()
    }
}
