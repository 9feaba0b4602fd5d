//! Meters: who keeps to a rate and who exceeds it, and what becomes of either.
//!
//! | kind | a packet of `B` bytes is | reference |
//! |---|---|---|
//! | `policer` | green if the bucket of `rate` and `burst` has `B` tokens, which it takes; else red | RFC 2215 section 3.5 |
//! | `srtcm` | green if the bucket of `cir` and `cbs` has them; yellow if the one of `ebs`, which gets what runs over from the first, has them; else red | RFC 2697 section 3 |
//! | `trtcm` | red if the bucket of `pir` and `pbs` lacks them; yellow if that of `cir` and `cbs` does, taking from the first; else green, taking from both | RFC 2698 section 3 |
//!
//! Tokens come in continuously (the RFCs say "CIR times per second") and all buckets are full at time zero. With
//! `color_aware`, no packet gets better than it came: the worse of the colour that an earlier meter gave it and of the drop
//! precedence of its code point (RFC 2597: AF11 to AF41 green, AF12 to AF42 yellow, AF13 to AF43 red; any other is green).
//!
//! Each colour has an action: `"pass"`, `"drop"` or `{ dscp = "AF12" }`. A meter stands at a node and measures the aggregate
//! of all that passes it.
//!
//! Validated against: sequences of colours worked out by hand from the RFCs, verdicts and tokens of a policed sequence, and
//! M/D/1/K: Poisson packets of one size through a policer with a burst of K packets are lost as from a queue with K places.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::{MakeStage, StageSpec};
use crate::network::discipline::{Effects, GREEN, Largest, POLICED, RED, Reason, Signal, YELLOW, long_burst};
use crate::network::gate::Gate;
use crate::network::label;
use crate::network::packet::{Color, Packet};
use crate::network::token_bucket::{self, TokenBucket};
use crate::registry::Kind;

const RATE: Type = Type::Quantity(&[Dimension::BIT_RATE]);
const DATA: Type = Type::Quantity(&[Dimension::DATA]);
const ACTION: Type = Type::OneOf(&[
    Type::Choice(&["pass", "drop"]),
    Type::Record(&[Field::required(
        "dscp",
        Type::OneOf(&[Type::Integer { min: 0, max: 63 }, Type::Text]),
        "The code point that it goes on with.",
    )]),
]);
const GREEN_ACTION: Field =
    Field::default("green", ACTION, "\"pass\"", "What becomes of green packets: \"pass\", \"drop\" or { dscp = ... }.");
const YELLOW_ACTION: Field =
    Field::default("yellow", ACTION, "\"pass\"", "What becomes of yellow packets, as for `green`.");
const RED_ACTION: Field = Field::default("red", ACTION, "\"drop\"", "What becomes of red packets, as for `green`.");
const AWARE: Field = Field::default(
    "color_aware",
    Type::Bool,
    "false",
    "Whether packets that an earlier meter, or their code point (AFx2, AFx3), makes yellow or red get no better colour.",
);
const CIR: Field = Field::required("cir", RATE, "Committed information rate.");
const CBS: Field = Field::required("cbs", DATA, "Committed burst size.");

pub(super) const POLICER: Kind<MakeStage> = Kind {
    name: "policer",
    doc: "A token bucket that drops, or marks, what exceeds it, and delays nothing.",
    fields: &[
        Field::required("rate", RATE, "How fast tokens come in."),
        Field::required("burst", DATA, "How many there can be; larger packets always exceed."),
        Field::default(
            "exceed",
            ACTION,
            "\"drop\"",
            "What becomes of packets that exceed: \"drop\", \"pass\" or { dscp = ... }.",
        ),
    ],
    make: |table, context| {
        let read = |wrong: &mut Diagnostics| {
            let bucket = bucket(table, "rate", "burst", wrong)?;
            nonzero(table, &["burst"], wrong);
            if let Some(d) = long_burst(table, "burst", table.quantity("rate").value) {
                context.warn(d);
            }
            let actions = [Action::Pass, Action::Pass, action(table, "exceed", wrong)];
            let law = Law::Policer { bucket };
            Some(Meter { largest: law.largest(table), law, actions, aware: false })
        };
        finish(read)
    },
};

pub(super) const SRTCM: Kind<MakeStage> = Kind {
    name: "srtcm",
    doc: "Single-rate three-colour meter (RFC 2697): green within a committed burst, yellow within an excess burst, else red.",
    fields: &[
        CIR,
        CBS,
        Field::required("ebs", DATA, "Excess burst size."),
        AWARE,
        GREEN_ACTION,
        YELLOW_ACTION,
        RED_ACTION,
    ],
    make: |table, _| {
        let read = |wrong: &mut Diagnostics| {
            let (committed, excess) = (bucket(table, "cir", "cbs", wrong)?, bucket(table, "cir", "ebs", wrong)?);
            if table.quantity("cbs").value == 0.0 {
                nonzero(table, &["ebs", "cbs"], wrong);
            }
            Some(Meter::read(table, Law::SingleRate { committed, excess }, wrong))
        };
        finish(read)
    },
};

pub(super) const TRTCM: Kind<MakeStage> = Kind {
    name: "trtcm",
    doc: "Two-rate three-colour meter (RFC 2698): red beyond the peak rate, yellow beyond the committed rate, else green.",
    fields: &[
        CIR,
        CBS,
        Field::required("pir", RATE, "Peak information rate, at least `cir`."),
        Field::required("pbs", DATA, "Peak burst size."),
        AWARE,
        GREEN_ACTION,
        YELLOW_ACTION,
        RED_ACTION,
    ],
    make: |table, _| {
        let read = |wrong: &mut Diagnostics| {
            let (committed, peak) = (bucket(table, "cir", "cbs", wrong)?, bucket(table, "pir", "pbs", wrong)?);
            nonzero(table, &["cbs"], wrong);
            nonzero(table, &["pbs"], wrong);
            let (cir, pir) = (table.quantity("cir"), table.quantity("pir"));
            if pir.value < cir.value {
                let message = format!("the peak rate of {pir} is below the committed rate of {cir}");
                let d = Diagnostic::error("E0381", table.span_of("pir"), message, "at least `cir`");
                wrong.push(d.help("exchange them, or use `srtcm` if there is one rate"));
            }
            Some(Meter::read(table, Law::TwoRate { committed, peak }, wrong))
        };
        finish(read)
    },
};

fn finish(read: impl FnOnce(&mut Diagnostics) -> Option<Meter>) -> Result<StageSpec, Diagnostics> {
    let mut wrong = Diagnostics::default();
    match read(&mut wrong) {
        Some(meter) if !wrong.has_errors() => Ok(StageSpec::Gate(Box::new(meter))),
        _ => Err(wrong),
    }
}

fn bucket(table: &Table, rate: &str, burst: &str, wrong: &mut Diagnostics) -> Option<TokenBucket> {
    let made = token_bucket::bits(table, burst).and_then(|bits| TokenBucket::read(table, rate, bits));
    made.map_err(|d| wrong.push(d)).ok()
}

/// That the first of these sizes is not zero; the others are then zero, too.
fn nonzero(table: &Table, keys: &[&str], wrong: &mut Diagnostics) {
    let key = keys[0];
    if table.quantity(key).value == 0.0 {
        let message = format!("{} of zero: nothing would ever conform", keys.join(" and "));
        let d = Diagnostic::error("E0380", table.span_of(key), message, "more than zero");
        wrong.push(d.help(format!("at least the largest packet: `{key} = \"1500 B\"`")));
    }
}

/// What becomes of packets of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Pass,
    Drop,
    Mark(u8),
}

fn action(table: &Table, key: &str, wrong: &mut Diagnostics) -> Action {
    match (table.opt_table(key), table.opt_text(key)) {
        (Some(mark), _) => label::dscp(mark, "dscp").map_or_else(
            |d| {
                wrong.push(d);
                Action::Pass
            },
            Action::Mark,
        ),
        (None, Some("drop")) => Action::Drop,
        _ => Action::Pass,
    }
}

/// Which colour a packet gets.
#[derive(Clone, Debug)]
enum Law {
    Policer { bucket: TokenBucket },
    SingleRate { committed: TokenBucket, excess: TokenBucket },
    TwoRate { committed: TokenBucket, peak: TokenBucket },
}

impl Law {
    /// The colour of a packet of `bits` that came as `before`.
    fn color(&mut self, bits: u32, before: Color, now: SimTime) -> Color {
        match self {
            Self::Policer { bucket } => {
                bucket.fill(now);
                if bucket.take(bits) { Color::Green } else { Color::Red }
            }
            Self::SingleRate { committed, excess } => {
                excess.pour(committed.fill(now));
                if before == Color::Green && committed.take(bits) {
                    Color::Green
                } else if before <= Color::Yellow && excess.take(bits) {
                    Color::Yellow
                } else {
                    Color::Red
                }
            }
            Self::TwoRate { committed, peak } => {
                committed.fill(now);
                peak.fill(now);
                if before == Color::Red || !peak.take(bits) {
                    Color::Red
                } else if before == Color::Yellow || !committed.take(bits) {
                    Color::Yellow
                } else {
                    Color::Green
                }
            }
        }
    }
    /// The largest packet that is not always red, of the meter of `table`.
    fn largest(&self, table: &Table) -> Largest {
        let (key, bucket) = match self {
            Self::Policer { bucket } => ("burst", bucket),
            Self::SingleRate { committed, excess } if excess.burst() > committed.burst() => ("ebs", excess),
            Self::SingleRate { committed, .. } => ("cbs", committed),
            Self::TwoRate { peak, .. } => ("pbs", peak),
        };
        Largest::new(table, key, bucket.burst())
    }
}

/// A meter with its actions.
#[derive(Clone, Debug)]
struct Meter {
    law: Law,
    /// For green, yellow and red.
    actions: [Action; 3],
    aware: bool,
    /// Larger packets are always red.
    largest: Largest,
}

impl Meter {
    fn read(table: &Table, law: Law, wrong: &mut Diagnostics) -> Self {
        let actions = ["green", "yellow", "red"].map(|key| action(table, key, wrong));
        Self { largest: law.largest(table), law, actions, aware: table.bool("color_aware") }
    }
}

/// The colour that the drop precedence of a code point stands for.
fn precedence(dscp: u8) -> Color {
    // Assured forwarding (RFC 2597): 001 to 100 in the upper three bits, then 01, 10 or 11, then 0.
    match (dscp >> 3, dscp & 7) {
        (1..=4, 4) => Color::Yellow,
        (1..=4, 6) => Color::Red,
        _ => Color::Green,
    }
}

impl Gate for Meter {
    fn judge(&mut self, packet: &mut Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let before = if self.aware { packet.color.max(precedence(packet.dscp)) } else { Color::Green };
        packet.color = self.law.color(packet.bits, before, now);
        effects.signal([GREEN, YELLOW, RED][packet.color as usize], 1);
        match self.actions[packet.color as usize] {
            Action::Pass => {}
            Action::Drop => return Err(POLICED),
            Action::Mark(dscp) => packet.dscp = dscp,
        }
        Ok(())
    }
    fn boxed_clone(&self) -> Box<dyn Gate> {
        Box::new(self.clone())
    }
    fn largest(&self) -> Option<Largest> {
        (self.actions[Color::Red as usize] == Action::Drop).then_some(self.largest)
    }
    fn largest_conforming(&self) -> Option<Largest> {
        matches!(self.actions[Color::Red as usize], Action::Mark(_)).then_some(self.largest)
    }
    fn reasons(&self) -> Vec<Reason> {
        if self.actions.contains(&Action::Drop) { vec![POLICED] } else { Vec::new() }
    }
    fn signals(&self) -> Vec<Signal> {
        match self.law {
            Law::Policer { .. } => vec![GREEN, RED],
            _ => vec![GREEN, YELLOW, RED],
        }
    }
}

#[cfg(test)]
mod tests;
