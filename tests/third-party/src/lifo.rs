//! Last in, first out.

use egress::models::Kind;
use egress::models::network::Packet;
use egress::models::network::discipline::{Discipline, Effects, Limit, MakeDiscipline, Next, Reason, TAIL_DROP};
use egress::sim_core::SimTime;

pub const KIND: Kind<MakeDiscipline> = Kind {
    name: "lifo",
    doc: "Last in, first out; what comes when the queue is full is dropped.",
    fields: &[Limit::FIELD],
    make: |table, context| Ok(Box::new(Lifo { limit: Limit::read(table, context)?, packets: Vec::new(), bits: 0 })),
};

#[derive(Clone, Debug)]
struct Lifo {
    limit: Limit,
    packets: Vec<Packet>,
    bits: u64,
}

impl Discipline for Lifo {
    fn enqueue(&mut self, packet: &Packet, _: SimTime, _: &mut Effects) -> Result<(), Reason> {
        if !self.limit.admits(packet.bits, self.packets.len() as u64, self.bits) {
            return Err(TAIL_DROP);
        }
        self.bits += u64::from(packet.bits);
        self.packets.push(*packet);
        Ok(())
    }
    fn dequeue(&mut self, _: SimTime, _: &mut Effects) -> Next {
        let Some(packet) = self.packets.pop() else { return Next::Empty };
        self.bits -= u64::from(packet.bits);
        Next::Packet(packet)
    }
    fn len(&self) -> usize {
        self.packets.len()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.packets.iter().for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
}
