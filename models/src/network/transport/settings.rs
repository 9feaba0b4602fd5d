//! The parameters of connections (`tcp = { ... }` of traffic that uses them).

use sim_core::TICKS_PER_SECOND;
use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::{Dimension, Quantity};

use super::congestion::CongestionControl;
use super::receiver::Manner;
use super::recovery::Style;
use super::slow_start::SlowStart;
use crate::BuildContext;
use crate::network::size::BITS_MAX;

/// The key `tcp` that every kind of traffic over connections has.
pub const FIELD: Field = Field::default(
    "tcp",
    Type::Record(FIELDS),
    "{}",
    "How its connections behave. The size of packets is their matter.",
);

const TIME: Type = Type::Quantity(&[Dimension::TIME]);
const SIZE: Type = Type::Quantity(&[Dimension::DATA]);

const FIELDS: &[Field] = &[
    Field::default("cc", Type::Kind("congestion_control"), "{ kind = \"cubic\" }", "The congestion control."),
    Field::default(
        "slow_start",
        Type::Kind("slow_start"),
        "{ kind = \"standard\" }",
        "When the window stops to double; BBR has a start of its own.",
    ),
    Field::default("mss", SIZE, "\"1460 B\"", "Payload of a full segment."),
    Field::default("header", SIZE, "\"40 B\"", "What a segment has besides its payload on the wire: IP, TCP, framing."),
    Field::default("ack_size", SIZE, "\"40 B\"", "The size of an acknowledgement, SYN or SYN-ACK on the wire."),
    Field::default(
        "initial_window",
        Type::Integer { min: 1, max: 10_000 },
        "10",
        "Segments sent before the first acknowledgement (RFC 6928).",
    ),
    Field::optional(
        "initial_threshold",
        Type::Number { min: 2.0, max: 1e9 },
        "Segments up to which the first slow start goes; without it, up to the first loss.",
    ),
    Field::optional(
        "receive_window",
        SIZE,
        "How much the receiver takes beyond what is acknowledged; without it, any.",
    ),
    Field::default(
        "delayed_ack",
        Type::Integer { min: 1, max: 100 },
        "2",
        "Segments an acknowledgement; 1 acknowledges each.",
    ),
    Field::default("delayed_ack_timeout", TIME, "\"40 ms\"", "How long an acknowledgement waits for more segments."),
    Field::default("sack", Type::Bool, "true", "Whether acknowledgements are selective (RFC 2018, RFC 6675)."),
    Field::default(
        "recovery",
        Type::Choice(&["prr", "standard"]),
        "\"prr\"",
        "How the window falls after a loss: \"prr\" spreads it over a round trip (RFC 6937), \"standard\" is at once (RFC 6675, RFC 6582).",
    ),
    Field::default("rto_min", TIME, "\"1 s\"", "The least retransmission time-out (RFC 6298; Linux has 200 ms)."),
    Field::default("rto_max", TIME, "\"60 s\"", "The greatest retransmission time-out."),
    Field::default(
        "handshake",
        Type::Bool,
        "true",
        "Whether a connection opens with SYN and SYN-ACK; without it data are sent at once.",
    ),
];

/// The parameters of connections, checked. Times in ticks, sizes in bytes unless named otherwise.
#[derive(Debug)]
pub struct Settings {
    pub(super) control: Box<dyn CongestionControl>,
    pub(super) slow_start: Option<Box<dyn SlowStart>>,
    pub(super) mss: u32,
    pub(super) header_bits: u32,
    pub(super) ack_bits: u32,
    pub(super) initial_window: f64,
    pub(super) initial_threshold: f64,
    /// Segments.
    pub(super) receive_window: u64,
    pub(super) manner: Manner,
    pub(super) delayed_ack_timeout: u64,
    pub(super) style: Style,
    pub(super) ecn: bool,
    pub(super) rto_min: u64,
    pub(super) rto_max: u64,
    pub(super) handshake: bool,
}

impl Clone for Settings {
    fn clone(&self) -> Self {
        let slow_start = self.slow_start.as_ref().map(|law| law.boxed_clone());
        Self { control: self.control.boxed_clone(), slow_start, ..*self }
    }
}

impl Settings {
    /// What the receiver's window allows, in bit/s on the wire, if a full segment and its acknowledgement take `trip` s on the
    /// empty path and the slowest link sends a segment in `segment` s.
    ///
    /// Of a window of W segments the receiver acknowledges d at a time (`delayed_ack`): segment n may go when the one that
    /// completed the d among which n - W is has been acknowledged, and no sooner than `segment` after n - 1. The longest
    /// cycle of these conditions is W - r segments in `trip` + (d - 1 - r) `segment`, r the remainder of W by d, which is
    /// always at the receiver, waiting for others. Where its timer runs out before they come it is late by one timeout more
    /// each round, until it meets the next ones: then it is r less in only one of `trip` / `delayed_ack_timeout` rounds. Where
    /// d segments do not come within the timeout, it is the timer that acknowledges.
    pub(in crate::network) fn window_rate(&self, trip: f64, segment: f64) -> f64 {
        if self.receive_window == u64::MAX || trip <= 0.0 {
            return f64::INFINITY;
        }
        let (window, every) = (self.receive_window, u64::from(self.manner.every));
        let timeout = self.delayed_ack_timeout as f64 / TICKS_PER_SECOND as f64;
        let segments = if window < every || (every - 1) as f64 * segment > timeout {
            window as f64 / (trip + timeout)
        } else {
            let rest = window % every;
            let rounds = if rest > 0 { (trip / timeout).ceil() } else { 1.0 };
            (window as f64 - rest as f64 / rounds) / (trip + (every - 1 - rest) as f64 * segment)
        };
        segments * f64::from(self.segment_bits())
    }
    /// Reads the table under `tcp` of checked traffic.
    ///
    /// Fails with everything that is out of range.
    pub fn read(traffic: &Table, context: &BuildContext<'_>) -> Result<Self, Diagnostics> {
        let table = traffic.table("tcp");
        let mut wrong = Diagnostics::default();
        let mut bytes = |key: &str, max: u32| {
            let (q, span) = (table.quantity(key), table.span_of(key));
            whole_bytes(q).filter(|n| (1..=u64::from(max)).contains(n)).map_or_else(
                || {
                    let message = format!("`{key}` is {q}");
                    let label = format!("a whole number of bytes from 1 to {max}");
                    wrong.push(Diagnostic::error("E0360", span, message, label).help("for example `1460 B`"));
                    1
                },
                |n| n as u32,
            )
        };
        let mss = bytes("mss", BITS_MAX / 16);
        let (header, ack) = (bytes("header", BITS_MAX / 16), bytes("ack_size", BITS_MAX / 16));
        let receive_window = match table.opt_quantity("receive_window") {
            None => u64::MAX,
            Some(q) => {
                let segments = whole_bytes(q).unwrap_or(0) / u64::from(mss);
                if segments == 0 {
                    let (message, span) = (format!("`receive_window` is {q}"), table.span_of("receive_window"));
                    let d = Diagnostic::error("E0360", span, message, "smaller than a segment");
                    wrong.push(d.help("segments are sent whole: give room for one (`mss`) at least"));
                }
                segments
            }
        };
        let ticks = |key: &str| table.quantity(key).to_ticks().unwrap_or(sim_core::SimTime::HORIZON_MAX.ticks());
        let (rto_min, rto_max) = (ticks("rto_min"), ticks("rto_max"));
        if rto_min > rto_max {
            let message = format!("`rto_min` is {}, more than `rto_max`", table.quantity("rto_min"));
            wrong.push(
                Diagnostic::error("E0360", table.span_of("rto_min"), message, "more than the maximum")
                    .help("RFC 6298 has 1 s and 60 s"),
            );
        }
        if rto_max == 0 {
            let d = Diagnostic::error("E0360", table.span_of("rto_max"), "`rto_max` is zero", "never without a pause");
            wrong.push(d.help("RFC 6298 has 60 s"));
        }
        let cc = table.table("cc");
        let make = context.registry.congestion_controls.get(cc.kind()).expect("the checker knows the kind").make;
        let control = make(cc).map_err(|d| wrong.extend(d)).ok();
        let law = table.table("slow_start");
        let make = context.registry.slow_starts.get(law.kind()).expect("the checker knows the kind").make;
        let slow_start = make(law).map_err(|d| wrong.extend(d)).ok();
        let (Some(control), Some(slow_start), false) = (control, slow_start, wrong.has_errors()) else {
            return Err(wrong);
        };
        let counts_marks = control.counts_marks();
        Ok(Self {
            mss,
            header_bits: 8 * header,
            ack_bits: 8 * ack,
            initial_window: table.integer("initial_window") as f64,
            initial_threshold: table.opt_number("initial_threshold").unwrap_or(f64::INFINITY),
            receive_window,
            manner: Manner { every: table.integer("delayed_ack") as u32, selective: table.bool("sack"), counts_marks },
            delayed_ack_timeout: ticks("delayed_ack_timeout"),
            style: if table.text("recovery") == "prr" { Style::Proportional } else { Style::Standard },
            // The key of all traffic: whether its transport reacts to marks.
            ecn: traffic.get("ecn").is_some_and(|v| matches!(v.data, Data::Bool(true))) || counts_marks,
            rto_min,
            rto_max,
            handshake: table.bool("handshake"),
            control,
            slow_start,
        })
    }
    /// The size of a full segment on the wire, in bits.
    pub(in crate::network) fn segment_bits(&self) -> u32 {
        8 * self.mss + self.header_bits
    }
    /// Whether its packets can be marked.
    pub(in crate::network) fn reacts_to_marks(&self) -> bool {
        self.ecn
    }
    /// What a byte of payload is on the wire, in bits, headers of full segments included.
    pub(in crate::network) fn wire_bits_per_byte(&self) -> f64 {
        f64::from(self.segment_bits()) / f64::from(self.mss)
    }
    /// The size of an acknowledgement on the wire, in bits.
    pub(in crate::network) fn ack_bits(&self) -> u32 {
        self.ack_bits
    }
    /// In ticks, how long a transfer of `bytes` takes on an empty path whose slowest link sends a bit in
    /// `ticks_per_bit` and where a full segment and its acknowledgement take `round_trip`: one round trip (two with a
    /// handshake) and the transmission of what follows the first segment.
    pub(super) fn unloaded(&self, bytes: u64, round_trip: u64, ticks_per_bit: f64) -> f64 {
        let headers = bytes.div_ceil(u64::from(self.mss)) * u64::from(self.header_bits);
        let further = (8 * bytes + headers).saturating_sub(self.segment_bits().into());
        round_trip as f64 * if self.handshake { 2.0 } else { 1.0 } + further as f64 * ticks_per_bit
    }
}

/// The bytes under `key`, if given.
///
/// Fails if they are none or not whole.
pub(in crate::network) fn bytes(table: &Table, key: &str) -> Result<Option<u64>, Diagnostics> {
    let Some(q) = table.opt_quantity(key) else { return Ok(None) };
    if let Some(n) = whole_bytes(q).filter(|n| *n > 0) {
        return Ok(Some(n));
    }
    let mut wrong = Diagnostics::default();
    let message = format!("`{key}` is {q}");
    let d = Diagnostic::error("E0360", table.span_of(key), message, "a whole number of bytes, at least one");
    wrong.push(d.help("for example `1 MB`"));
    Err(wrong)
}

/// Bytes, if it is a whole number of them.
fn whole_bytes(q: Quantity) -> Option<u64> {
    u64::try_from(q.exact.0).ok().filter(|bits| q.exact.1 == 1 && bits % 8 == 0).map(|bits| bits / 8)
}
