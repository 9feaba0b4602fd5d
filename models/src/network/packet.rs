//! A packet: a small record that is copied, never boxed.

use sim_core::{Departure, Probe, SimTime};

use super::discipline::Reason;

/// One packet, or one customer of a queueing system.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// When its source sent it.
    pub born: SimTime,
    /// When it came into the station where it is.
    pub entered: SimTime,
    /// For how long it waited before service so far, in ticks, over all stations.
    pub waited: u64,
    /// Its size in bits.
    pub bits: u32,
    /// The index of its flow.
    pub flow: u32,
    /// The destination that it is addressed to, a row of the routing tables; [`Packet::WANDERING`] if nodes choose its
    /// way at random.
    pub target: u32,
    /// Which of the flow's conversations (connections, sub-flows) it belongs to, from 0.
    pub conversation: u32,
    /// Its transport segment, or [`Packet::BARE`].
    pub segment: u32,
    /// The index of its class among the classes of the scenario.
    pub class: u8,
    /// Its differentiated-services code point (RFC 2474), 0 to 63.
    pub dscp: u8,
    /// Its congestion-notification code point.
    pub ecn: Ecn,
    /// The colour that the last meter gave it.
    pub color: Color,
}

/// Explicit congestion notification (RFC 3168 section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecn {
    /// The transport does not react to marks: congestion drops.
    #[default]
    NotCapable,
    /// The transport reacts to marks.
    Capable,
    /// Congestion was experienced.
    Congested,
}

/// The verdict of a meter (RFC 2697, RFC 2698).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Color {
    /// Conforms. Packets that no meter has seen are green.
    #[default]
    Green,
    /// Exceeds the committed rate or burst.
    Yellow,
    /// Exceeds what is tolerated.
    Red,
}

impl Packet {
    /// Addressed to nobody: every node on its way draws the next.
    pub const WANDERING: u32 = u32::MAX;
    /// No transport segment: a datagram.
    pub const BARE: u32 = u32::MAX;

    /// A packet of `bits` that flow `flow` sends at `born`; everything else as a datagram that wanders.
    pub const fn new(flow: u32, bits: u32, born: SimTime) -> Self {
        Self {
            born,
            entered: born,
            waited: 0,
            bits,
            flow,
            target: Self::WANDERING,
            conversation: 0,
            segment: Self::BARE,
            class: 0,
            dscp: 0,
            ecn: Ecn::NotCapable,
            color: Color::Green,
        }
    }
    /// A number that is the same for all packets of a conversation and looks random between conversations: what a hash of
    /// addresses, protocol and ports is to a router. `salt` makes independent hashes.
    #[inline]
    pub const fn hash(&self, salt: u64) -> u64 {
        mix((self.flow as u64) << 32 | self.conversation as u64, salt)
    }
    /// Marks congestion. False if the transport would not react: then the packet has to be dropped instead.
    #[inline]
    pub fn mark(&mut self) -> bool {
        if self.ecn == Ecn::NotCapable {
            return false;
        }
        self.ecn = Ecn::Congested;
        true
    }
    /// The same with a mark of congestion, if the transport reacts to it.
    #[inline]
    pub fn marked(&self) -> Option<Self> {
        let mut packet = *self;
        packet.mark().then_some(packet)
    }
    /// Tells `probe` that the packet is where it was to go. Flows are the first components, in order.
    #[inline]
    pub(super) fn deliver<P: Probe>(&self, at: SimTime, probe: &mut P) {
        let size = u64::from(self.bits);
        let service = (at - self.born).ticks() - self.waited;
        probe.leave(
            self.flow,
            Departure {
                at,
                since: self.born,
                wait: self.waited,
                service,
                size,
                flow: self.flow,
                ..Departure::default()
            },
        );
    }
    /// Tells `probe` that the packet was lost on its way, at component `c` if at any.
    #[inline]
    pub(super) fn lose<P: Probe>(&self, c: Option<u32>, at: SimTime, reason: Reason, probe: &mut P) {
        probe.lose(self.flow, at, self.born, 0, reason);
        if let Some(c) = c {
            probe.blame(self.flow, c, reason);
        }
    }
}

/// Another number for each `key`, as good as random; `salt` makes independent ones.
#[inline]
pub(super) const fn mix(key: u64, salt: u64) -> u64 {
    // The finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195).
    let mut z = key.wrapping_add(salt.wrapping_mul(0xD134_2543_DE82_EF95)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_fits_a_cache_line_with_room_for_what_a_lane_adds() {
        assert_eq!(size_of::<Packet>(), 48);
    }

    #[test]
    fn only_capable_packets_are_marked() {
        let mut packet = Packet::new(0, 8, SimTime::ZERO);
        assert!(!packet.mark() && packet.ecn == Ecn::NotCapable);
        packet.ecn = Ecn::Capable;
        assert!(packet.mark() && packet.ecn == Ecn::Congested && packet.mark());
    }

    #[test]
    fn hashes_tell_conversations_and_salts_apart() {
        let of = |flow, conversation, salt| {
            let packet = Packet { conversation, ..Packet::new(flow, 8, SimTime::ZERO) };
            packet.hash(salt)
        };
        let all = [of(0, 0, 0), of(0, 1, 0), of(1, 0, 0), of(0, 0, 1)];
        assert!((0..4).all(|i| !all[..i].contains(&all[i])));
        // Spread over 8 buckets: each gets an eighth of 8000 conversations, to within four standard deviations.
        let mut buckets = [0i32; 8];
        (0..8000).for_each(|c| buckets[(of(3, c, 7) % 8) as usize] += 1);
        assert!(buckets.iter().all(|n| (n - 1000).abs() < 120), "{buckets:?}");
    }
}
