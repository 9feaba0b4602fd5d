//! Replay of a packet capture: pcap (micro- and nanosecond stamps, either byte order) and pcapng, read by `pcap-parser`.
//!
//! Times are those of the capture, the first packet at the start of the source; sizes are the original lengths, not what was
//! kept of each packet. Packets of one 5-tuple (addresses, protocol, ports) are one conversation, so that fair queueing and
//! multipath routing treat them as in the network that they were taken from; so are all packets that are not IP. Classifiers
//! see the addresses (of IPv4), protocol and ports of each conversation and the code point of each packet, but for what the
//! traffic says itself; where packets go is a matter of its `to`. Contents are not looked at any further.
//!
//! Validated against: sums of packets and bytes, order, gaps, headers and code points of a written capture in each format.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::Ipv6Addr;

use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use sim_core::SimDuration;
use sim_core::config::{Field, Type};

use super::trace::{Trace, no_size};
use super::{Emission, MakeTraffic};
use crate::common::rows::{one, open};
use crate::network::label::Headers;
use crate::network::size::BITS_MAX;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "pcap",
    doc: "Replays the packets of a capture (pcap or pcapng): its times, sizes and conversations, and for classifiers their addresses (IPv4), ports, protocols and code points.",
    fields: &[Field::required("file", Type::Text, "The capture, from the scenario's folder.")],
    make: |table, _, context| {
        no_size(table, "a capture")?;
        let file = open(table, "file", context.folder, MIB_MAX)?;
        let reading = read(file).map_err(|(message, help)| {
            let message = format!("{}: {message}", table.text("file"));
            one("E0358", table.span_of("file"), message, "in this file", help)
        })?;
        let ipv6 = reading.ipv6();
        Ok(Trace::new(reading.packets).with_headers(reading.headers, &reading.codes, ipv6).into())
    },
};

/// Larger captures are refused.
const MIB_MAX: u64 = 4096;
/// The reader's buffer: more than the largest packet that a capture holds (256 KiB).
const BUFFER: usize = 1 << 20;

/// What is wrong, and a hint.
type Complaint = (String, String);

/// How stamps of an interface count: units a second, and what its packets begin with.
#[derive(Clone, Copy)]
struct Interface {
    units: u64,
    link: Linktype,
}

/// Packets read so far.
#[derive(Default)]
struct Reading {
    packets: Vec<Emission>,
    interfaces: Vec<Interface>,
    /// The number of each conversation; what is not IP is one.
    conversations: BTreeMap<Option<Tuple>, u32>,
    headers: Vec<Option<Headers>>,
    /// The code point of each packet.
    codes: Vec<u8>,
    /// The stamp of the first packet and of the last, in ps.
    first: Option<u128>,
    last: u128,
}

fn read(file: impl Read + Send) -> Result<Reading, Complaint> {
    let not_a_capture =
        |_| ("not a pcap or pcapng file".to_string(), "other formats: tshark -F pcap -w ...".to_string());
    let mut reader = create_reader(BUFFER, file).map_err(not_a_capture)?;
    let mut reading = Reading::default();
    // The reader asks for more where a block does not end in what it has; if nothing comes, the file is cut.
    let mut starved = false;
    loop {
        let n = reading.packets.len();
        let cut = || {
            let message = format!("cut off in packet {}", n + 1);
            (message, "leave out the incomplete end: editcap can write the whole packets to a new file".to_string())
        };
        match reader.next() {
            Ok((used, block)) => {
                reading.take(&block)?;
                reader.consume(used);
                starved = false;
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) if !starved => {
                reader.refill().map_err(|_| cut())?;
                starved = reader.reader_exhausted();
            }
            Err(PcapError::Incomplete(_) | PcapError::UnexpectedEof) => return Err(cut()),
            Err(_) => {
                let message = format!("damaged after packet {n}");
                return Err((message, "capinfos tells more about a damaged capture".into()));
            }
        }
    }
    if reading.packets.is_empty() {
        return Err(("a capture without packets".into(), "capture something, or leave the source out".into()));
    }
    Ok(reading)
}

impl Reading {
    /// How many conversations have addresses that are no IPv4.
    fn ipv6(&self) -> usize {
        let is_ipv6 = |t: &Tuple| Ipv6Addr::from(t.0).to_ipv4_mapped().is_none();
        self.conversations.keys().flatten().filter(|t| is_ipv6(t)).count()
    }
    fn take(&mut self, block: &PcapBlockOwned<'_>) -> Result<(), Complaint> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let units = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                self.interfaces = vec![Interface { units, link: header.network }];
            }
            PcapBlockOwned::Legacy(b) => {
                let Some(&of) = self.interfaces.first() else { return Ok(()) };
                let stamp = u128::from(b.ts_sec) * u128::from(of.units) + u128::from(b.ts_usec);
                self.packet(stamp, of, b.origlen, b.data)?;
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(d)) => {
                let units = d.ts_resolution().filter(|u| *u > 0);
                let units = units.ok_or(("an interface with an unknown unit of time".to_string(), String::new()))?;
                self.interfaces.push(Interface { units, link: d.linktype });
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(b)) => {
                let Some(&of) = self.interfaces.get(b.if_id as usize) else {
                    let message = format!("packet {} is of an interface that is not described", self.packets.len() + 1);
                    return Err((message, "the capture is damaged".into()));
                };
                let stamp = u128::from(b.ts_high) << 32 | u128::from(b.ts_low);
                self.packet(stamp, of, b.origlen, b.data)?;
            }
            PcapBlockOwned::NG(_) => {}
        }
        Ok(())
    }

    fn packet(&mut self, stamp: u128, of: Interface, size: u32, data: &[u8]) -> Result<(), Complaint> {
        let n = self.packets.len() + 1;
        let at = stamp * 1_000_000_000_000 / u128::from(of.units);
        let first = *self.first.get_or_insert(at);
        if at < self.last || at < first {
            let message = format!("packet {n} was captured before the one in front of it");
            return Err((message, "sort the capture by time: reordercap does".into()));
        }
        let gap = at - self.last.max(first);
        self.last = at;
        let bits = size.checked_mul(8).filter(|b| (1..=BITS_MAX).contains(b));
        let bits = bits.ok_or_else(|| (format!("packet {n} has {size} bytes"), "from 1 to 268435456 bytes".into()))?;
        let (tuple, code) = tuple(of.link, data).map_or((None, 0), |(tuple, code)| (Some(tuple), code));
        let conversation = *self.conversations.entry(tuple).or_insert_with(|| {
            self.headers.push(tuple.as_ref().map(headers));
            self.headers.len() as u32 - 1
        });
        self.codes.push(code);
        let gap = SimDuration::from_ticks(u64::try_from(gap).unwrap_or(u64::MAX));
        self.packets.push(Emission { gap, bits, conversation });
        Ok(())
    }
}

/// Source and destination address, protocol, and ports where the protocol has them.
type Tuple = ([u8; 16], [u8; 16], u8, [u8; 4]);

/// As classifiers see them: ports are in network order, and an address of IPv6 is none.
fn headers((source, destination, protocol, [a, b, c, d]): &Tuple) -> Headers {
    let address = |bytes: &[u8; 16]| Ipv6Addr::from(*bytes).to_ipv4_mapped().map_or(0, u32::from);
    Headers {
        source: address(source),
        destination: address(destination),
        protocol: *protocol,
        source_port: u16::from_be_bytes([*a, *b]),
        destination_port: u16::from_be_bytes([*c, *d]),
    }
}

/// What tells a packet's conversation from others, and its code point, if it is IP.
fn tuple(link: Linktype, data: &[u8]) -> Option<(Tuple, u8)> {
    let packet = match link {
        Linktype::ETHERNET => match data.get(12..14)? {
            // One VLAN tag (IEEE 802.1Q).
            [0x81, 0x00] => data.get(18..)?,
            _ => data.get(14..)?,
        },
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => data,
        Linktype::LINUX_SLL => data.get(16..)?,
        _ => return None,
    };
    let (mut source, mut destination) = ([0; 16], [0; 16]);
    let (protocol, rest, class) = match packet.first()? >> 4 {
        4 => {
            // As addresses of IPv6 that stand for them (RFC 4291 section 2.5.5.2).
            source[10..12].fill(0xFF);
            destination[10..12].fill(0xFF);
            source[12..].copy_from_slice(packet.get(12..16)?);
            destination[12..].copy_from_slice(packet.get(16..20)?);
            (*packet.get(9)?, packet.get(usize::from(packet[0] & 15) * 4..)?, packet[1])
        }
        6 => {
            source.copy_from_slice(packet.get(8..24)?);
            destination.copy_from_slice(packet.get(24..40)?);
            (*packet.get(6)?, packet.get(40..)?, packet[0] << 4 | packet[1] >> 4)
        }
        _ => return None,
    };
    let has_ports = [6, 17, 132].contains(&protocol);
    let ports = rest.get(..4).filter(|_| has_ports).and_then(|p| p.try_into().ok()).unwrap_or_default();
    // The lower two bits of the class are those of ECN.
    Some(((source, destination, protocol, ports), class >> 2))
}

#[cfg(test)]
mod tests {
    use sim_core::config::Diagnostics;

    use super::super::fixture::{TestFile, codes, sent, streams, traffic};
    use super::Headers;

    /// Stamp in units, original length, what was kept.
    type Captured = (u64, u32, Vec<u8>);

    /// An Ethernet frame with IPv4 and UDP from port `port`.
    fn frame(port: u8) -> Vec<u8> {
        let mut f = vec![0; 14 + 20 + 8];
        f[12] = 8;
        f[14] = 0x45;
        f[23] = 17;
        f[35] = port;
        f
    }

    fn packets() -> Vec<Captured> {
        vec![(5_000_100, 100, frame(1)), (5_000_100, 1500, frame(2)), (6_250_000, 64, frame(1))]
    }

    /// A capture as libpcap writes it.
    fn pcap(magic: u32, big: bool, packets: &[Captured]) -> Vec<u8> {
        let put = |out: &mut Vec<u8>, x: u32| out.extend(if big { x.to_be_bytes() } else { x.to_le_bytes() });
        let mut out = Vec::new();
        put(&mut out, magic);
        out.extend(if big { [0, 2, 0, 4] } else { [2, 0, 4, 0] });
        for x in [0, 0, 65_535, 1] {
            put(&mut out, x);
        }
        let units = if magic == 0xA1B2_C3D4 { 1_000_000 } else { 1_000_000_000 };
        for (stamp, length, data) in packets {
            let fields = [(stamp / units) as u32, (stamp % units) as u32, data.len() as u32, *length];
            for x in fields {
                put(&mut out, x);
            }
            out.extend(data);
        }
        out
    }

    /// A capture in pcapng, little-endian, microseconds.
    fn pcapng(packets: &[Captured]) -> Vec<u8> {
        let block = |kind: u32, body: &[u8]| {
            let length = (12 + body.len()) as u32;
            [&kind.to_le_bytes()[..], &length.to_le_bytes(), body, &length.to_le_bytes()].concat()
        };
        let mut section = 0x1A2B_3C4Du32.to_le_bytes().to_vec();
        section.extend([1, 0, 0, 0]);
        section.extend([0xFF; 8]);
        let mut out = [block(0x0A0D_0D0A, &section), block(1, &[1, 0, 0, 0, 0, 0, 4, 0])].concat();
        for (stamp, length, data) in packets {
            let mut body = Vec::new();
            for x in [0, (stamp >> 32) as u32, *stamp as u32, data.len() as u32, *length] {
                body.extend(x.to_le_bytes());
            }
            body.extend(data);
            body.resize(body.len().next_multiple_of(4), 0);
            out.extend(block(6, &body));
        }
        out
    }

    fn replay(name: &str, content: &[u8]) -> Result<Box<dyn super::super::Traffic>, Diagnostics> {
        let file = TestFile::new(name, content);
        traffic(&format!("{{ kind = 'pcap', file = '{}' }}", file.name))
    }

    #[test]
    fn every_format_gives_the_same_packets() {
        let expected = [(0, 800), (0, 12_000), (1_249_900_000_000, 512)];
        let nano: Vec<Captured> = packets().into_iter().map(|(t, n, d)| (t * 1000, n, d)).collect();
        for (name, content) in [
            ("a.pcap", pcap(0xA1B2_C3D4, false, &packets())),
            ("b.pcap", pcap(0xA1B2_C3D4, true, &packets())),
            ("c.pcap", pcap(0xA1B2_3C4D, false, &nano)),
            ("d.pcapng", pcapng(&packets())),
        ] {
            let mut source = replay(name, &content).unwrap_or_else(|d| panic!("{name}: {d:?}"));
            assert_eq!(sent(source.boxed_clone().as_mut(), 1, 10.0), expected, "{name}");
            let mut streams = streams(1);
            let conversations: Vec<u32> =
                std::iter::from_fn(|| source.next(&mut streams)).map(|e| e.conversation).collect();
            assert_eq!(conversations, [0, 1, 0], "{name}");
        }
    }

    #[test]
    fn headers_and_code_points_are_those_of_the_capture() {
        let mut udp = frame(0);
        udp[15] = 46 << 2 | 1;
        udp[26..34].copy_from_slice(&[10, 0, 0, 1, 192, 0, 2, 7]);
        udp[34..38].copy_from_slice(&[0x13, 0xC4, 1, 187]);
        let mut marked = udp.clone();
        marked[15] = 10 << 2;
        // IPv6 with TCP: class 0x28 is code point 10.
        let mut six = vec![0; 14 + 40 + 20];
        six[12..14].copy_from_slice(&[0x86, 0xDD]);
        six[14..16].copy_from_slice(&[0x62, 0x80]);
        (six[20], six[22], six[45]) = (6, 0xFE, 1);
        six[54..58].copy_from_slice(&[0, 80, 0, 22]);
        let mut arp = vec![0; 42];
        arp[12..14].copy_from_slice(&[8, 6]);
        let packets: Vec<Captured> =
            [udp, arp, marked, six].into_iter().zip(1..).map(|(data, t)| (t, data.len() as u32, data)).collect();
        let mut source = replay("l.pcap", &pcap(0xA1B2_C3D4, false, &packets)).unwrap();
        let recorded = source.recorded().unwrap();
        let told = |source, destination, protocol, source_port, destination_port| {
            Some(Headers { source, destination, protocol, source_port, destination_port })
        };
        let udp = told(10 << 24 | 1, 192 << 24 | 2 << 8 | 7, 17, 0x13C4, 443);
        assert_eq!(recorded.conversations, [udp, None, told(0, 0, 6, 80, 22)]);
        assert_eq!((recorded.codes, recorded.ipv6), (1 << 46 | 1 | 1 << 10, 1));
        let mut streams = streams(1);
        let sent: Vec<(u32, u8)> =
            std::iter::from_fn(|| source.next(&mut streams).map(|e| (e.conversation, source.code_point()))).collect();
        assert_eq!(sent, [(0, 46), (1, 0), (0, 10), (2, 10)]);
    }

    #[test]
    fn what_is_no_whole_capture_is_refused() {
        let whole = pcap(0xA1B2_C3D4, false, &packets());
        let mut backwards = packets();
        backwards.swap(0, 2);
        for (name, content, message) in [
            ("e.pcap", &whole[..whole.len() - 5], "cut off in packet 3"),
            ("f.pcap", &whole[..30], "cut off in packet 1"),
            ("g.pcap", &whole[..24], "without packets"),
            ("h.pcap", &b"time,size\n0,100\n"[..], "not a pcap"),
            ("i.pcap", &[][..], "not a pcap"),
            ("j.pcap", &pcap(0xA1B2_C3D4, false, &backwards), "packet 2 was captured before"),
            ("k.pcapng", &pcapng(&packets())[..100], "cut off in packet 1"),
        ] {
            let found = replay(name, content).err().unwrap_or_else(|| panic!("{name}"));
            assert_eq!(codes(&found), ["E0358"], "{name}");
            let d = found.iter().next().unwrap();
            assert!(d.message.contains(message) && d.help.is_some(), "{name}: {}", d.message);
        }
    }
}
