//! First in, first out, with a limit in packets or bytes (drop-tail).
//!
//! Validated against: M/M/1, M/D/1, M/G/1, M/M/1/K (closed forms), the store-and-forward train.

use std::collections::VecDeque;

use sim_core::SimTime;

use super::{Discipline, Effects, Limit, MakeDiscipline, Next, Reason, TAIL_DROP};
use crate::network::Packet;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "fifo",
    doc: "First in, first out; what comes when the queue is full is dropped (drop-tail).",
    fields: &[Limit::FIELD],
    make: |table, context| Ok(Box::new(Fifo::new(Limit::read(table, context)?))),
};

/// The queue.
#[derive(Clone, Debug)]
pub struct Fifo {
    limit: Limit,
    packets: VecDeque<Packet>,
    bits: u64,
}

impl Fifo {
    /// An empty queue.
    pub const fn new(limit: Limit) -> Self {
        Self { limit, packets: VecDeque::new(), bits: 0 }
    }
    /// The packet that has waited longest.
    #[inline]
    pub fn head(&self) -> Option<&Packet> {
        self.packets.front()
    }
    /// Takes out the packet that has waited longest.
    #[inline]
    pub fn pop(&mut self) -> Option<Packet> {
        let packet = self.packets.pop_front()?;
        self.bits -= u64::from(packet.bits);
        Some(packet)
    }
}

impl Discipline for Fifo {
    fn enqueue(&mut self, packet: &Packet, _now: SimTime, _effects: &mut Effects) -> Result<(), Reason> {
        if !self.limit.admits(packet.bits, self.packets.len() as u64, self.bits) {
            return Err(TAIL_DROP);
        }
        self.bits += u64::from(packet.bits);
        self.packets.push_back(*packet);
        Ok(())
    }
    fn dequeue(&mut self, _now: SimTime, _effects: &mut Effects) -> Next {
        self.pop().map_or(Next::Empty, Next::Packet)
    }
    fn len(&self) -> usize {
        self.packets.len()
    }
    fn bits(&self) -> u64 {
        self.bits
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.packets.iter().for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn as_fifo(&self) -> Option<Limit> {
        Some(self.limit)
    }
}
