//! The queues inside a classful discipline, with what all of them together hold.
//!
//! A child that is first in, first out is kept inline, so that the usual case has no virtual call.

use sim_core::SimTime;
use sim_core::rng::Rng;

use super::{Discipline, Effects, Fifo, Largest, Next, Reason, Signal};
use crate::network::Packet;

/// One queue.
#[derive(Debug)]
pub(super) enum Child {
    Fifo(Fifo),
    Other(Box<dyn Discipline>),
}

impl From<Box<dyn Discipline>> for Child {
    fn from(discipline: Box<dyn Discipline>) -> Self {
        discipline.as_fifo().map_or(Self::Other(discipline), |limit| Self::Fifo(Fifo::new(limit)))
    }
}

impl Clone for Child {
    fn clone(&self) -> Self {
        match self {
            Self::Fifo(fifo) => Self::Fifo(fifo.clone()),
            Self::Other(other) => Self::Other(other.boxed_clone()),
        }
    }
}

impl Child {
    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(fifo) => fifo.len(),
            Self::Other(other) => other.len(),
        }
    }
    /// Whether it has nothing to give and need not be asked. (Active queue management has to see that it is empty.)
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Self::Fifo(fifo) if fifo.len() == 0)
    }
    fn as_dyn(&self) -> &dyn Discipline {
        match self {
            Self::Fifo(fifo) => fifo,
            Self::Other(other) => other.as_ref(),
        }
    }
}

/// All queues of a discipline.
#[derive(Clone, Debug)]
pub(super) struct Children {
    each: Vec<Child>,
    packets: usize,
    bits: u64,
}

impl Children {
    pub(super) fn new(each: Vec<Child>) -> Self {
        Self { each, packets: 0, bits: 0 }
    }
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.each.len()
    }
    #[inline]
    pub(super) fn get(&self, i: usize) -> &Child {
        &self.each[i]
    }
    /// [`Discipline::largest`] of one.
    pub(super) fn largest(&self, i: usize, packet: &Packet) -> Option<Largest> {
        self.each[i].as_dyn().largest(packet)
    }

    #[inline]
    pub(super) fn enqueue(
        &mut self,
        i: usize,
        packet: &Packet,
        now: SimTime,
        effects: &mut Effects,
    ) -> Result<(), Reason> {
        let bits = u64::from(packet.bits);
        match &mut self.each[i] {
            Child::Fifo(fifo) => {
                fifo.enqueue(packet, now, effects)?;
                self.came(bits);
                Ok(())
            }
            Child::Other(other) => {
                let before = effects.dropped.len();
                let taken = other.enqueue(packet, now, effects);
                if taken.is_ok() {
                    self.came(bits);
                }
                self.forget_dropped(effects, before);
                taken
            }
        }
    }
    #[inline]
    fn came(&mut self, bits: u64) {
        self.packets += 1;
        self.bits += bits;
    }

    #[inline]
    pub(super) fn dequeue(&mut self, i: usize, now: SimTime, effects: &mut Effects) -> Next {
        match &mut self.each[i] {
            Child::Fifo(fifo) => {
                let Some(packet) = fifo.pop() else { return Next::Empty };
                self.packets -= 1;
                self.bits -= u64::from(packet.bits);
                Next::Packet(packet)
            }
            Child::Other(other) => {
                let before = effects.dropped.len();
                let next = other.dequeue(now, effects);
                self.forget_dropped(effects, before);
                if let Next::Packet(packet) = &next {
                    self.packets -= 1;
                    self.bits -= u64::from(packet.bits);
                }
                next
            }
        }
    }

    /// Takes what a child has dropped since `before` out of the sums.
    #[inline]
    fn forget_dropped(&mut self, effects: &Effects, before: usize) {
        for (packet, _) in &effects.dropped[before..] {
            self.packets -= 1;
            self.bits -= u64::from(packet.bits);
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.packets
    }
    #[inline]
    pub(super) fn bits(&self) -> u64 {
        self.bits
    }
    pub(super) fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.each.iter().for_each(|c| c.as_dyn().for_each(show));
    }
    /// Gives each child that may draw a stream of its own.
    pub(super) fn start(&mut self, mut rng: Rng) {
        for child in &mut self.each {
            if let Child::Other(other) = child {
                other.start(Rng::seed_from_u64(rng.bits()));
            }
        }
    }
    pub(super) fn steps_aside(&self) -> bool {
        self.each.iter().all(|c| c.as_dyn().steps_aside())
    }
    pub(super) fn paced(&self) -> bool {
        self.each.iter().any(|c| c.as_dyn().paced())
    }
    pub(super) fn used(&self, tell: &mut dyn FnMut(u64)) {
        self.each.iter().for_each(|c| c.as_dyn().used(tell));
    }
    pub(super) fn reasons(&self) -> Vec<Reason> {
        union(self.each.iter().flat_map(|c| c.as_dyn().reasons()))
    }
    pub(super) fn signals(&self) -> Vec<Signal> {
        union(self.each.iter().flat_map(|c| c.as_dyn().signals()))
    }
}

fn union(all: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut all: Vec<u16> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}
