//! Replay of recorded packets from a CSV file with the columns `time` (s from the start) and `size` (bytes on the wire).
//!
//! ```text
//! time (s), size (bytes)
//! 0.000000, 1500
//! 0.000120, 64
//! ```
//! Times are read exactly and rounded to ticks of 1 ps; they never go back, and may be equal. A trace brings its own
//! sizes. When it ends, the source is silent.
//!
//! Validated against: every packet of the file is sent, in its order, at its time.

use std::sync::Arc;

use sim_core::SimDuration;
use sim_core::config::{Diagnostics, Field, Table, Type};
use sim_core::quantity::Quantity;

use super::conversations::{CONVERSATIONS, divided};
use super::{Emission, MakeTraffic, Streams, Traffic};
use crate::BuildContext;
use crate::common::rows::{Complaint, Row, for_each_row, one};
use crate::network::label::{Headers, Recorded};
use crate::network::size::BITS_MAX;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "trace",
    doc: "Replays packets from a CSV file with the columns time (s) and size (bytes).",
    fields: &[
        Field::required("file", Type::Text, "The CSV file, from the scenario's folder; its header is optional."),
        CONVERSATIONS,
    ],
    make: |table, _, context| Ok(divided(table, read(table, context)?.into())),
};

const MIB_MAX: u64 = 1024;

/// Packets of a file: all replications share them.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    packets: Arc<[Emission]>,
    at: usize,
    mean_rate: f64,
    /// What is told of headers, if anything is.
    recorded: Option<Arc<Recorded>>,
    /// The code point of each packet, unless all are zero.
    codes: Option<Arc<[u8]>>,
}

impl Trace {
    /// A replay of these packets, of which there is one at least.
    pub(super) fn new(packets: Vec<Emission>) -> Self {
        // A trace of an instant is taken to last for a second.
        let seconds: f64 = packets.iter().map(|p| p.gap.as_secs_f64()).sum();
        let mean_rate = packets.len() as f64 / seconds.max(1.0);
        Self { mean_rate, packets: packets.into(), at: 0, recorded: None, codes: None }
    }
    /// The same with the headers of its conversations, and the code point of each packet.
    pub(super) fn with_headers(self, conversations: Vec<Option<Headers>>, codes: &[u8], ipv6: usize) -> Self {
        let all = codes.iter().fold(0, |all, code| all | 1 << code);
        let recorded = Recorded { conversations, codes: all, ipv6 };
        Self { recorded: Some(recorded.into()), codes: (all != 1).then(|| codes.into()), ..self }
    }
}

/// That no law of sizes is given where `what` brings its own.
pub(super) fn no_size(table: &Table, what: &str) -> Result<(), Diagnostics> {
    let Some(size) = table.get("size").filter(|v| !v.defaulted) else { return Ok(()) };
    let help = "leave out `size`, or use another kind of traffic";
    Err(one("E0355", size.span, format!("{what} brings its own sizes"), "not needed here", help))
}

fn read(table: &Table, context: &BuildContext<'_>) -> Result<Trace, Diagnostics> {
    no_size(table, "a trace")?;
    let (mut packets, mut last) = (Vec::new(), 0);
    for_each_row(table, "file", context.folder, MIB_MAX, &["time", "size"], &mut |row| {
        let (time, bits) = packet(row)?;
        if time < last {
            let message = format!("the time goes back from {} s to {} s", last as f64 / 1e12, time as f64 / 1e12);
            return Err((message, "sort the file by time".into()));
        }
        packets.push(Emission { gap: SimDuration::from_ticks(time - last), bits, conversation: 0 });
        last = time;
        Ok(())
    })?;
    if packets.is_empty() {
        let help = "two columns, time in seconds and size in bytes: `0.00012, 1500`";
        let message = format!("`{}` has no packets", table.text("file"));
        return Err(one("E0341", table.span_of("file"), message, "nothing to replay", help));
    }
    Ok(Trace::new(packets))
}

fn packet(row: &Row<'_>) -> Result<(u64, u32), Complaint> {
    let expected = || "a row is a time in seconds and a size in bytes: `0.00012, 1500`".to_string();
    let (Some(time), Some(size)) = (row.cell(0), row.cell(1)) else {
        return Err(("a row without time and size".into(), expected()));
    };
    let ticks = Quantity::parse(&format!("{time} s")).ok().and_then(Quantity::to_ticks);
    let Some(ticks) = ticks else {
        return Err((format!("`{time}` is not a time from 0 to 106 d in seconds"), expected()));
    };
    let bits = size.parse::<u32>().ok().and_then(|b| b.checked_mul(8)).filter(|b| (1..=BITS_MAX).contains(b));
    let Some(bits) = bits else {
        return Err((format!("`{size}` is not a size from 1 to 268435456 in bytes"), expected()));
    };
    Ok((ticks, bits))
}

impl Traffic for Trace {
    fn next(&mut self, _streams: &mut Streams) -> Option<Emission> {
        let packet = self.packets.get(self.at).copied()?;
        self.at += 1;
        Some(packet)
    }
    fn mean_rate(&self) -> f64 {
        self.mean_rate
    }
    fn largest(&self) -> Option<u32> {
        self.packets.iter().map(|p| p.bits).max()
    }
    fn recorded(&self) -> Option<Arc<Recorded>> {
        self.recorded.clone()
    }
    fn code_point(&self) -> u8 {
        self.codes.as_ref().and_then(|codes| codes.get(self.at.wrapping_sub(1))).copied().unwrap_or(0)
    }
    fn supply(&self, time: SimDuration) -> Option<(u64, u64)> {
        let times = self.packets.iter().scan(0, |at: &mut u64, p| {
            *at += p.gap.ticks();
            Some(*at)
        });
        Some((self.packets.len() as u64, times.take_while(|&at| at < time.ticks()).count() as u64))
    }
    fn draws(&self) -> bool {
        false
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{TestFile, codes, sent, traffic};
    use super::*;

    fn trace(name: &str, content: &[u8]) -> Result<Box<dyn Traffic>, Diagnostics> {
        let file = TestFile::new(name, content);
        traffic(&format!("{{ kind = 'trace', file = '{}' }}", file.name))
    }

    #[test]
    fn every_packet_is_sent_at_its_time() {
        let expected = [(100_000_000_000, 512), (100_000_000_000, 12_000), (250_000_000_001, 8)];
        let rows = "0.1, 64\n0.1, 1500\n0.250000000001, 1\n";
        for (name, header) in
            [("a.csv", ""), ("b.csv", "time (s), size (bytes)\n"), ("c.csv", "# a comment\nTime,Size\n")]
        {
            let mut source = trace(name, format!("{header}{rows}").as_bytes()).unwrap();
            assert_eq!(sent(source.as_mut(), 1, 10.0), expected, "{header}");
            assert_eq!(source.mean_rate(), 3.0);
        }
        let mut swapped = trace("d.csv", b"size,time\n64,0.5\n").unwrap();
        assert_eq!(sent(swapped.as_mut(), 1, 10.0), [(500_000_000_000, 512)]);
    }

    #[test]
    fn each_replication_replays_from_the_start() {
        let source = trace("e.csv", b"1,10\n2,20\n").unwrap();
        let all = |mut copy: Box<dyn Traffic>| sent(copy.as_mut(), 1, 10.0);
        assert_eq!(all(source.boxed_clone()), all(source.boxed_clone()));
    }

    #[test]
    fn complaints_name_the_line() {
        for (name, content, line) in [
            ("f.csv", &b"time,size\n1,10\n0.5,10\n"[..], "line 3: the time goes back from 1 s to 0.5 s"),
            ("g.csv", b"1,10\n\n2\n", "line 3: a row without time and size"),
            ("h.csv", b"x,10\n", "line 1: `x` is not a time"),
            ("i.csv", b"-1,10\n", "line 1: `-1` is not a time"),
            ("j.csv", b"1,0\n", "line 1: `0` is not a size"),
            ("k.csv", b"1,10\n2,\xff\n", "line 2: not UTF-8 text"),
            ("l.csv", b"time,sizes\n", "line 1: there is no column `sizes`"),
        ] {
            let found = trace(name, content).unwrap_err();
            assert_eq!(codes(&found), ["E0341"], "{name}");
            let message = &found.iter().next().unwrap().message;
            assert!(message.contains(line), "{message}");
        }
    }

    #[test]
    fn missing_and_empty_files_are_refused() {
        assert_eq!(codes(&trace("m.csv", b"").err().unwrap()), ["E0341"]);
        assert_eq!(codes(&traffic("{ kind = 'trace', file = 'egress-no-such-file.csv' }").unwrap_err()), ["E0340"]);
        assert_eq!(codes(&traffic("{ kind = 'trace', file = '.' }").unwrap_err()), ["E0340"]);
    }

    #[test]
    fn complaints_about_one_file_are_bounded() {
        let found = trace("n.csv", "x,1\n".repeat(1000).as_bytes()).unwrap_err();
        assert_eq!(found.iter().count(), 3);
    }
}
