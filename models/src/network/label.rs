//! What the headers of a flow's packets say: addresses, protocol, ports, code point. Fixed for a flow, so that
//! classifiers and routing tables are worked out once and not for every packet. A recording has them for each of its
//! conversations, and a code point for each packet.

use std::sync::Arc;

use sim_core::config::{Diagnostic, Field, Table, Type};

/// What the headers of a conversation's packets say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Source address (IPv4); 0 if it has none.
    pub source: u32,
    /// Destination address, likewise.
    pub destination: u32,
    /// IANA protocol number.
    pub protocol: u8,
    /// Source port; 0 if the protocol has none.
    pub source_port: u16,
    /// Destination port, likewise.
    pub destination_port: u16,
}

/// What a recording tells of its packets' headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// By conversation; `None` of packets that are not IP, which have the headers of their flow.
    pub conversations: Vec<Option<Headers>>,
    /// The code points that packets have, a bit each.
    pub codes: u64,
    /// How many of the conversations are of IPv6, whose addresses classifiers see as 0.0.0.0.
    pub ipv6: usize,
}

impl Recorded {
    /// The same with what the table of the traffic says itself.
    pub(super) fn with_given(self: Arc<Self>, table: &Table, label: &Label) -> Arc<Self> {
        let is_given = |key| table.get(key).is_some_and(|v| !v.defaulted);
        let [source_port, destination_port, protocol, dscp] =
            ["source_port", "destination_port", "protocol", "dscp"].map(is_given);
        if ![source_port, destination_port, protocol, dscp].contains(&true) {
            return self;
        }
        let mut own = Self::clone(&self);
        for headers in own.conversations.iter_mut().flatten() {
            if source_port {
                headers.source_port = label.source_port;
            }
            if destination_port {
                headers.destination_port = label.destination_port;
            }
            if protocol {
                headers.protocol = label.protocol;
            }
        }
        if dscp {
            own.codes = 1 << label.dscp;
        }
        own.into()
    }
}

/// The headers of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The flow's name in tables.
    pub name: String,
    /// The index of its class.
    pub class: u8,
    /// Source address (IPv4).
    pub source: u32,
    /// Destination address; 0 if it has none.
    pub destination: u32,
    /// IANA protocol number: 6 TCP, 17 UDP.
    pub protocol: u8,
    /// Source port, of the first of its conversations.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Differentiated-services code point.
    pub dscp: u8,
    /// Whether its transport reacts to congestion marks.
    pub ecn: bool,
    /// Whether its packets are the acknowledgements of the flow before.
    pub acknowledges: bool,
    /// What a recording tells of its conversations and packets; it comes before the above.
    pub recorded: Option<Arc<Recorded>>,
}

impl Label {
    /// The headers of its packets, unless they are those of a recording.
    pub fn headers(&self) -> Headers {
        let Self { source, destination, protocol, source_port, destination_port, .. } = *self;
        Headers { source, destination, protocol, source_port, destination_port }
    }
    /// The code points with which its packets are sent, a bit each.
    pub fn codes(&self) -> u64 {
        self.recorded.as_ref().map_or(1 << self.dscp, |recorded| recorded.codes)
    }
}

/// A port.
const PORT: Type = Type::Integer { min: 0, max: 65_535 };

/// The keys of `[traffic.NAME]` that say what the packets' headers are.
pub(super) const FIELDS: [Field; 5] = [
    Field::default("dscp", Type::OneOf(&[Type::Integer { min: 0, max: 63 }, Type::Text]), "0", DSCP),
    Field::default("protocol", Type::OneOf(&[Type::Integer { min: 0, max: 255 }, Type::Text]), "\"udp\"", PROTOCOL),
    Field::optional(
        "source_port",
        PORT,
        "The source port, for classifiers; of several conversations, that of the first. A capture has its own.",
    ),
    Field::optional("destination_port", PORT, "The destination port, for classifiers. A capture has its own."),
    Field::default("ecn", Type::Bool, "false", ECN),
];
const DSCP: &str = "The code point of its packets (RFC 2474): a number or a name, \"EF\", \"AF41\", \"CS1\", \"BE\". Packets of a capture have their own, unless it is given.";
const ECN: &str = "Whether its transport reacts to congestion marks (RFC 3168): queues with `ecn` mark its packets instead of dropping them. Always so with a congestion control that counts marks.";
const PROTOCOL: &str = "The protocol of its packets: \"udp\", \"tcp\", \"icmp\" or an IANA number; TCP sources are \"tcp\", and a capture has its own.";

/// The code point of a name or number.
///
/// Fails with a located finding if it is neither.
pub fn dscp(table: &Table, key: &str) -> Result<u8, Diagnostic> {
    let value = table.get(key).expect("declared with a default");
    if let Some(n) = value.as_integer() {
        return Ok(n as u8);
    }
    let name = value.as_text().unwrap_or_default();
    dscp_of(name).ok_or_else(|| {
        Diagnostic::error("E0337", value.span, format!("there is no code point `{name}`"), "unknown code point")
            .help("names are EF, VA, LE, BE (or CS0), CS1 to CS7 and AF11 to AF43; a number is from 0 to 63")
    })
}

/// The code point of a name: RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF), RFC 5865 (VA), RFC 8622 (LE).
pub fn dscp_of(name: &str) -> Option<u8> {
    let name = name.to_ascii_uppercase();
    let digits = |text: &str| -> Option<Vec<u8>> { text.chars().map(|c| c.to_digit(10).map(|d| d as u8)).collect() };
    match name.as_str() {
        "BE" | "DF" => Some(0),
        "LE" => Some(1),
        "VA" => Some(44),
        "EF" => Some(46),
        _ => match (name.get(..2)?, digits(name.get(2..)?)?.as_slice()) {
            ("CS", [n @ 0..=7]) => Some(8 * n),
            ("AF", [class @ 1..=4, precedence @ 1..=3]) => Some(8 * class + 2 * precedence),
            _ => None,
        },
    }
}

/// The protocol number of a name or number.
///
/// Fails with a located finding if it is neither.
pub fn protocol(table: &Table, key: &str) -> Result<u8, Diagnostic> {
    let value = table.get(key).expect("declared with a default");
    if let Some(n) = value.as_integer() {
        return Ok(n as u8);
    }
    let name = value.as_text().unwrap_or_default();
    protocol_of(name).ok_or_else(|| {
        Diagnostic::error("E0337", value.span, format!("there is no protocol `{name}`"), "unknown protocol")
            .help("\"udp\", \"tcp\", \"icmp\" or an IANA protocol number from 0 to 255")
    })
}

/// The IANA number of a protocol's name.
pub fn protocol_of(name: &str) -> Option<u8> {
    match name.to_ascii_lowercase().as_str() {
        "icmp" => Some(1),
        "tcp" => Some(6),
        "udp" => Some(17),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_have_their_names() {
        let all = [("EF", 46), ("AF11", 10), ("af43", 38), ("CS0", 0), ("CS6", 48), ("BE", 0), ("LE", 1), ("VA", 44)];
        for (name, code) in all {
            assert_eq!(dscp_of(name), Some(code), "{name}");
        }
        for name in ["", "E", "AF44", "AF01", "CS8", "CS", "XX11", "AF1\u{e9}"] {
            assert_eq!(dscp_of(name), None, "{name}");
        }
    }
}
