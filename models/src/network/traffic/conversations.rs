//! Packets of one source in several conversations: in turn, or each in one of its own.
//!
//! A conversation is what ends at one pair of addresses and ports: fair queues, multipath routes and translators tell
//! them apart. An intervention that changes the source begins to number them anew.

use std::sync::Arc;

use sim_core::SimDuration;
use sim_core::config::{Field, Table, Type};

use super::{Emission, Load, Streams, Traffic};
use crate::network::label::Recorded;

/// What may be given for a number of conversations.
pub(super) const COUNT: Type = Type::OneOf(&[Type::Integer { min: 1, max: 1 << 31 }, Type::Choice(&["per_packet"])]);

/// The key of sources whose conversations take turns.
pub(super) const CONVERSATIONS: Field = Field::default(
    "conversations",
    COUNT,
    "1",
    "In how many conversations its packets are, which take turns, for fair queues, multipath routes and `nat`; \"per_packet\" makes each packet a conversation. Not for fluids.",
);

/// How many conversations there are.
pub(super) enum Count {
    Some(u32),
    /// One a packet.
    PerPacket,
}

impl Count {
    pub(super) fn read(table: &Table) -> Self {
        match table.opt_integer("conversations") {
            Some(n) => Self::Some(n as u32),
            None if table.opt_text("conversations").is_some() => Self::PerPacket,
            None => Self::Some(1),
        }
    }
}

/// `load` in as many conversations as its table says, which take turns.
pub(super) fn divided(table: &Table, load: Load) -> Load {
    match Count::read(table) {
        Count::Some(count) => in_turn(load, count),
        Count::PerPacket => in_turn(load, u32::MAX),
    }
}

/// `load` in so many conversations, which take turns.
pub(super) fn in_turn(load: Load, count: u32) -> Load {
    match load {
        Load::Source(source) if count > 1 => Divided { source, count, next: 0 }.into(),
        load => load,
    }
}

/// A source whose packets are in `count` conversations in turn.
#[derive(Debug)]
struct Divided {
    source: Box<dyn Traffic>,
    count: u32,
    next: u32,
}

impl Traffic for Divided {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let packet = self.source.next(streams)?;
        let conversation = self.next;
        self.next = (conversation + 1) % self.count;
        Some(Emission { conversation, ..packet })
    }
    fn mean_rate(&self) -> f64 {
        self.source.mean_rate()
    }
    fn largest(&self) -> Option<u32> {
        self.source.largest()
    }
    fn recorded(&self) -> Option<Arc<Recorded>> {
        self.source.recorded()
    }
    fn code_point(&self) -> u8 {
        self.source.code_point()
    }
    fn supply(&self, time: SimDuration) -> Option<(u64, u64)> {
        self.source.supply(time)
    }
    fn draws(&self) -> bool {
        self.source.draws()
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(Self { source: self.source.boxed_clone(), ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{TestFile, streams, traffic};

    /// The gaps and conversations of the first packets.
    fn sent(text: &str) -> (Vec<u64>, Vec<u32>) {
        let (mut source, mut streams) = (traffic(text).unwrap(), streams(1));
        (0..5).map(|_| source.next(&mut streams).unwrap()).map(|p| (p.gap.ticks(), p.conversation)).unzip()
    }

    #[test]
    fn packets_take_turns_or_stand_alone() {
        let file = TestFile::new("turns.csv", b"1,10\n2,10\n3,10\n4,10\n5,10\n");
        for (kind, turns) in [
            ("kind = 'constant', rate = '3 packets/s'".to_owned(), true),
            ("kind = 'poisson', rate = '3 packets/s'".to_owned(), false),
            ("kind = 'poisson', rate = '3 packets/s', batch = 2".to_owned(), false),
            (format!("kind = 'trace', file = '{}'", file.name), true),
        ] {
            let (gaps, conversations) = sent(&format!("{{ {kind} }}"));
            assert_eq!(conversations, [0; 5], "{kind}");
            // Nothing else of the packets changes.
            if turns {
                let in_three = sent(&format!("{{ {kind}, conversations = 3 }}"));
                assert_eq!(in_three, (gaps.clone(), vec![0, 1, 2, 0, 1]), "{kind}");
            }
            assert_eq!(sent(&format!("{{ {kind}, conversations = 'per_packet' }}")), (gaps, vec![0, 1, 2, 3, 4]));
        }
    }

    #[test]
    fn copies_start_where_the_source_stands() {
        let mut source = traffic("{ kind = 'constant', rate = '3 packets/s', conversations = 4 }").unwrap();
        source.next(&mut streams(1));
        let next = source.boxed_clone().next(&mut streams(1)).unwrap();
        assert_eq!(next.conversation, 1);
        // In a fluid a flow is one conversation.
        assert!(!source.draws() && source.steady_rate().is_none() && source.mean_rate() == 3.0);
    }
}
