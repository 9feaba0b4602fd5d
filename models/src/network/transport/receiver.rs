//! The receiving end: what has come, what is acknowledged and when.
//!
//! An acknowledgement is sent for every `delayed_ack` segments in order or `delayed_ack_timeout` after the first of them;
//! at once for a segment out of order, one that fills a gap, one that came before (RFC 5681 section 4.2), and for the last
//! of a transfer. Selective acknowledgements name three blocks, the one that grew last first (RFC 2018 section 4). Marks are
//! echoed until the sender says that it has reduced its window (RFC 3168 section 6.1.3), or one by one (RFC 8257
//! section 3.2).

use std::collections::VecDeque;

/// An acknowledgement that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Echo {
    /// Everything below has come.
    pub(super) next: u64,
    /// Congestion is echoed.
    pub(super) marked: bool,
    /// Blocks beyond are reported under this number.
    pub(super) report: Option<u64>,
}

/// What a segment calls for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Acknowledgements to send now; the first of two tells the state of marks before this segment.
    pub(super) now: [Option<Echo>; 2],
    /// It had not come before.
    pub(super) new: bool,
}

/// A segment that came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) number: u64,
    /// The network marked it.
    pub(super) marked: bool,
    /// The sender says that it reduced its window.
    pub(super) reduced: bool,
    /// The last of a transfer.
    pub(super) last: bool,
}

/// How a receiver acknowledges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Segments an acknowledgement.
    pub(super) every: u32,
    pub(super) selective: bool,
    /// Marks are echoed one by one.
    pub(super) counts_marks: bool,
}

/// What one acknowledgement reports: the next segment in order, and blocks beyond; unused ones are empty.
type Report = (u64, [(u64, u64); 3]);

/// The state of a receiver.
#[derive(Clone, Debug, Default)]
pub(super) struct Receiver {
    /// Everything below has come.
    next: u64,
    /// What came beyond, as blocks `[from, to)`, rising.
    blocks: Vec<(u64, u64)>,
    /// A segment of each of the blocks that grew last, latest first.
    recent: [u64; 3],
    /// Segments in order that were not acknowledged yet.
    pending: u32,
    /// Congestion is to be echoed; if marks are counted, whether the last segment was marked.
    echo: bool,
    /// Reports on their way, and the number of the first.
    reports: VecDeque<Report>,
    first_report: u64,
}

impl Receiver {
    /// Forgets everything; numbers begin at 0 again.
    pub(super) fn clear(&mut self) {
        let (mut blocks, mut reports) = (std::mem::take(&mut self.blocks), std::mem::take(&mut self.reports));
        blocks.clear();
        reports.clear();
        *self = Self { blocks, reports, ..Self::default() };
    }
    /// The next segment in order.
    #[inline]
    pub(super) fn next(&self) -> u64 {
        self.next
    }
    /// Whether an acknowledgement is due when the delay has passed.
    #[inline]
    pub(super) fn is_pending(&self) -> bool {
        self.pending > 0
    }

    /// A segment comes.
    #[inline]
    pub(super) fn receive(&mut self, segment: Arrival, manner: Manner) -> Answer {
        let mut answer = Answer::default();
        if manner.counts_marks {
            if segment.marked != self.echo {
                answer.now[0] = (self.pending > 0).then(|| self.acknowledge(manner));
                self.echo = segment.marked;
            }
        } else {
            self.echo = segment.marked || self.echo && !segment.reduced;
        }
        let in_order = segment.number == self.next && self.blocks.is_empty();
        answer.new = if in_order {
            self.next += 1;
            self.pending += 1;
            true
        } else {
            self.take(segment.number)
        };
        if !in_order || self.pending >= manner.every || segment.last {
            answer.now[1] = Some(self.acknowledge(manner));
        }
        answer
    }
    /// Takes in a segment while some are missing, or one that came before. False if it came before.
    #[cold]
    fn take(&mut self, number: u64) -> bool {
        if number < self.next {
            return false;
        }
        // The first block that ends at this segment or behind it.
        let i = self.blocks.partition_point(|b| b.1 < number);
        let joins_above = |b: Option<&(u64, u64)>| b.is_some_and(|b| b.0 == number + 1);
        match self.blocks.get(i).copied() {
            Some((from, to)) if from <= number && number < to => {
                self.remember(number);
                return false;
            }
            Some((_, to)) if to == number => {
                self.blocks[i].1 = number + 1;
                if joins_above(self.blocks.get(i + 1)) {
                    self.blocks[i].1 = self.blocks.remove(i + 1).1;
                }
            }
            block if joins_above(block.as_ref()) => self.blocks[i].0 = number,
            _ => self.blocks.insert(i, (number, number + 1)),
        }
        self.remember(number);
        if self.blocks[0].0 == self.next {
            self.next = self.blocks.remove(0).1;
        }
        true
    }
    fn remember(&mut self, number: u64) {
        let block = self.block_of(number);
        // Others of the same block say nothing more.
        let others = self.recent.into_iter().filter(|n| *n >= self.next && self.block_of(*n) != block);
        let mut recent = [number, 0, 0];
        recent[1..].iter_mut().zip(others).for_each(|(r, n)| *r = n);
        self.recent = recent;
    }
    fn block_of(&self, number: u64) -> Option<(u64, u64)> {
        let i = self.blocks.partition_point(|b| b.1 <= number);
        self.blocks.get(i).copied().filter(|b| b.0 <= number)
    }

    /// The acknowledgement of everything so far.
    #[inline]
    pub(super) fn acknowledge(&mut self, manner: Manner) -> Echo {
        self.pending = 0;
        let report = (manner.selective && !self.blocks.is_empty()).then(|| self.report());
        Echo { next: self.next, marked: self.echo, report }
    }
    #[cold]
    fn report(&mut self) -> u64 {
        let mut report = [(0, 0); 3];
        let recent = self.recent.into_iter().filter(|n| *n > self.next).filter_map(|n| self.block_of(n));
        // Those that grew lately may all have been acknowledged since.
        let mut named = 0;
        for block in recent.chain(self.blocks.iter().copied().take(8)) {
            if named < report.len() && !report[..named].contains(&block) {
                report[named] = block;
                named += 1;
            }
        }
        self.reports.push_back((self.next, report));
        self.first_report + self.reports.len() as u64 - 1
    }
    /// The number of a report near which the next to arrive is.
    pub(super) fn expected_report(&self) -> u64 {
        self.first_report
    }
    /// Report `number` has arrived at the sender; those before it that have not are lost or overtaken, and of no use any
    /// more. `None` if it was overtaken itself.
    pub(super) fn collect(&mut self, number: u64) -> Option<Report> {
        let before = number.checked_sub(self.first_report)? as usize;
        if before >= self.reports.len() {
            return None;
        }
        self.reports.drain(..before);
        self.first_report = number + 1;
        self.reports.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MANNER: Manner = Manner { every: 2, selective: true, counts_marks: false };

    fn data(number: u64) -> Arrival {
        Arrival { number, marked: false, reduced: false, last: false }
    }
    fn blocks(echo: Echo, receiver: &mut Receiver) -> Vec<(u64, u64)> {
        let (next, report) = receiver.collect(echo.report.unwrap()).unwrap();
        assert_eq!(next, echo.next);
        report.into_iter().filter(|b| b.0 < b.1).collect()
    }

    #[test]
    fn every_second_segment_in_order_is_acknowledged() {
        let mut r = Receiver::default();
        assert_eq!(r.receive(data(0), MANNER), Answer { now: [None; 2], new: true });
        assert!(r.is_pending());
        let ack = r.receive(data(1), MANNER).now[1].unwrap();
        assert_eq!((ack.next, ack.report, r.is_pending()), (2, None, false));
        // The last of a transfer does not wait.
        assert!(r.receive(Arrival { last: true, ..data(2) }, MANNER).now[1].is_some());
    }

    #[test]
    fn blocks_are_reported_latest_first() {
        let mut r = Receiver::default();
        let mut last = Vec::new();
        for n in [1, 3, 5, 7, 4] {
            let ack = r.receive(data(n), MANNER).now[1].unwrap();
            assert_eq!(ack.next, 0);
            last = blocks(ack, &mut r);
        }
        // 4 joined two blocks; the oldest is left out no more.
        assert_eq!(last, [(3, 6), (7, 8), (1, 2)]);
        let ack = r.receive(data(0), MANNER).now[1].unwrap();
        assert_eq!((ack.next, blocks(ack, &mut r)), (2, vec![(3, 6), (7, 8)]));
        assert!(!r.receive(data(4), MANNER).new && !r.receive(data(0), MANNER).new);
        let ack = r.receive(data(2), MANNER).now[1].unwrap();
        assert_eq!((ack.next, blocks(ack, &mut r)), (6, vec![(7, 8)]));
    }

    #[test]
    fn reports_that_were_overtaken_are_dropped() {
        let mut r = Receiver::default();
        let reports: Vec<u64> = [1, 3, 5].map(|n| r.receive(data(n), MANNER).now[1].unwrap().report.unwrap()).into();
        assert_eq!(r.collect(reports[1]).map(|r| r.1[0]), Some((3, 4)));
        assert_eq!(r.collect(reports[0]), None);
        assert_eq!(r.collect(reports[2]).map(|r| r.1[0]), Some((5, 6)));
        assert_eq!((r.reports.len(), r.collect(reports[2] + 5)), (0, None));
    }

    #[test]
    fn marks_are_echoed_until_the_sender_has_reacted() {
        let mut r = Receiver::default();
        let one = Manner { every: 1, ..MANNER };
        let mut echo = |number, marked, reduced| {
            r.receive(Arrival { marked, reduced, ..data(number) }, one).now[1].unwrap().marked
        };
        assert_eq!([echo(0, false, false), echo(1, true, false), echo(2, false, false)], [false, true, true]);
        assert_eq!([echo(3, false, true), echo(4, false, false), echo(5, true, true)], [false, false, true]);
    }

    #[test]
    fn counted_marks_are_told_apart() {
        // RFC 8257: what was pending is acknowledged with the state before.
        let mut r = Receiver::default();
        let manner = Manner { counts_marks: true, ..MANNER };
        assert_eq!(r.receive(data(0), manner).now, [None; 2]);
        let answer = r.receive(Arrival { marked: true, ..data(1) }, manner).now;
        assert_eq!((answer[0].map(|e| (e.next, e.marked)), answer[1]), (Some((1, false)), None));
        let answer = r.receive(Arrival { marked: true, ..data(2) }, manner).now;
        assert_eq!((answer[0], answer[1].map(|e| (e.next, e.marked))), (None, Some((3, true))));
    }

    proptest! {
        #[test]
        fn any_order_ends_complete(order in Just((0u64..40).collect::<Vec<_>>()).prop_shuffle(), again in prop::collection::vec(0u64..40, 0..20)) {
            let mut r = Receiver::default();
            let mut come = [false; 40];
            let mut all = order;
            for (i, n) in again.into_iter().enumerate() {
                all.insert((i * 7) % all.len(), n);
            }
            for n in all {
                let answer = r.receive(data(n), MANNER);
                prop_assert_eq!(answer.new, !come[n as usize]);
                come[n as usize] = true;
                let next = come.iter().position(|c| !c).unwrap_or(40) as u64;
                prop_assert_eq!(r.next(), next);
                if let Some((_, report)) = answer.now[1].and_then(|a| a.report).and_then(|n| r.collect(n)) {
                    for (from, to) in report.into_iter().filter(|b| b.0 < b.1) {
                        prop_assert!(from > next && (from..to).all(|i| come[i as usize]) && come.get(to as usize) != Some(&true));
                        prop_assert!(!come[from as usize - 1]);
                    }
                    prop_assert!(report[0].0 < report[0].1);
                }
            }
            prop_assert_eq!((r.next(), r.blocks.len()), (40, 0));
        }
    }
}
