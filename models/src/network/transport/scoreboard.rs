//! What is known of the segments in flight (RFC 2018, RFC 6675).
//!
//! A ring holds one record for each segment from the first unacknowledged one on. A segment is *sacked* if an
//! acknowledgement reported it, *lost* if three segments above it are sacked (RFC 6675 `IsLost` with `DupThresh` = 3; in
//! whole segments its rules in segments and in bytes are one) or if the timer expired, and *resent* if it was sent again
//! since. What is in the network is `pipe = outstanding - sacked - lost + resent`, kept as counters.
//!
//! Without selective acknowledgements every duplicate acknowledgement stands for one sacked segment, not known which
//! (RFC 6582; RFC 3042 follows).
//!
//! Validated against: a scan of all segments as RFC 6675 describes it, on random patterns.

use std::collections::VecDeque;

/// Segments above a gap that make it a loss (RFC 5681, RFC 6675).
pub(super) const DUP_THRESHOLD: usize = 3;

const SACKED: u8 = 1;
const LOST: u8 = 2;
const RESENT: u8 = 4;
/// Was sent more than once, ever: gives no sample of the round-trip time.
const TWICE: u8 = 8;

/// A segment in flight. Times in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// When it was sent last.
    pub(super) at: u64,
    /// The state of the delivery-rate estimator when it was sent (draft-cheng-iccrg-delivery-rate-estimation-00).
    pub(super) mark: RateMark,
    /// Payload in bytes.
    pub(super) length: u32,
    flags: u8,
}

/// How much had been delivered when a segment was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RateMark {
    /// Segments delivered, and when the last of them was.
    pub(super) delivered: u64,
    pub(super) delivered_at: u64,
    /// When the first segment of the flight was sent that is being measured.
    pub(super) first_sent: u64,
    /// The application had nothing to send.
    pub(super) limited: bool,
}

/// What an acknowledgement brought.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct News {
    /// Segments that are known to be delivered now and were not before.
    pub(super) delivered: u32,
    /// When the first of them was sent that was sent only once.
    pub(super) sent: Option<u64>,
    /// One of them was sent more than once.
    pub(super) ambiguous: bool,
    /// The one sent last: when, and its mark.
    pub(super) latest: Option<(u64, RateMark)>,
}

impl News {
    #[inline]
    fn deliver(&mut self, segment: &Sent) {
        self.delivered += 1;
        if segment.flags & TWICE != 0 {
            self.ambiguous = true;
        } else if self.sent.is_none() {
            self.sent = Some(segment.at);
        }
        if self.latest.is_none_or(|(_, mark)| segment.mark.delivered >= mark.delivered) {
            self.latest = Some((segment.at, segment.mark));
        }
    }
}

/// All segments in flight of a sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Scoreboard {
    ring: VecDeque<Sent>,
    /// The number of the first in the ring.
    first: u64,
    sacked: u32,
    lost: u32,
    resent: u32,
    /// One more than the numbers of the highest segments sacked, falling.
    highest: [u64; DUP_THRESHOLD],
    /// Segments below were looked at for losses.
    judged: u64,
    /// No segment below is lost and not sent again.
    hint: u64,
    /// The blocks that the last report named.
    known: [(u64, u64); 3],
}

impl Scoreboard {
    /// Forgets everything; numbers begin at 0 again.
    pub(super) fn clear(&mut self) {
        let ring = std::mem::take(&mut self.ring);
        *self = Self { ring, ..Self::default() };
        self.ring.clear();
    }
    /// The first segment not acknowledged.
    #[inline]
    pub(super) fn first(&self) -> u64 {
        self.first
    }
    /// The number of the next new segment.
    #[inline]
    pub(super) fn next(&self) -> u64 {
        self.first + self.ring.len() as u64
    }
    /// Segments sent and not acknowledged, the flight size of RFC 5681.
    #[inline]
    pub(super) fn outstanding(&self) -> u32 {
        self.ring.len() as u32
    }
    /// Segments in the network (RFC 6675 `pipe`).
    #[inline]
    pub(super) fn pipe(&self) -> u32 {
        self.outstanding() - self.sacked - self.lost + self.resent
    }
    /// Segments known to be lost and not acknowledged.
    #[inline]
    pub(super) fn lost(&self) -> u32 {
        self.lost
    }
    /// A new segment was sent.
    #[inline]
    pub(super) fn push(&mut self, at: u64, length: u32, mark: RateMark) -> u64 {
        let number = self.next();
        self.ring.push_back(Sent { at, mark, length, flags: 0 });
        number
    }

    /// Everything below `ack` was received. Returns how many segments that acknowledges.
    #[inline]
    pub(super) fn advance(&mut self, ack: u64, news: &mut News) -> u32 {
        let n = ack.min(self.next()).saturating_sub(self.first);
        for _ in 0..n {
            let Some(segment) = self.ring.pop_front() else { break };
            if segment.flags & (SACKED | LOST | RESENT) == 0 {
                news.deliver(&segment);
                continue;
            }
            self.forget(segment.flags);
            if segment.flags & SACKED == 0 {
                news.deliver(&segment);
            }
        }
        self.first += n;
        self.judged = self.judged.max(self.first);
        self.hint = self.hint.max(self.first);
        n as u32
    }
    fn forget(&mut self, flags: u8) {
        self.sacked -= u32::from(flags & SACKED != 0);
        self.lost -= u32::from(flags & LOST != 0);
        self.resent -= u32::from(flags & RESENT != 0);
    }

    /// An acknowledgement reports the blocks `[from, to)`.
    pub(super) fn report(&mut self, blocks: &[(u64, u64)], news: &mut News) {
        for &(from, to) in blocks {
            let (from, to) = (from.max(self.first), to.min(self.next()));
            // What the last report said of this block is known.
            let inside = self.known.iter().find(|k| k.0 < k.1 && from <= k.0 && k.1 <= to);
            let (low, high) = inside.map_or((to, to), |k| *k);
            (from..low).for_each(|n| self.sack(n, news));
            (high..to).for_each(|n| self.sack(n, news));
        }
        self.known = [(0, 0); 3];
        self.known.iter_mut().zip(blocks).for_each(|(k, b)| *k = *b);
    }
    #[inline]
    fn sack(&mut self, number: u64, news: &mut News) {
        let segment = &mut self.ring[(number - self.first) as usize];
        if segment.flags & SACKED != 0 {
            return;
        }
        news.deliver(segment);
        let before = segment.flags;
        segment.flags = before & TWICE | SACKED;
        self.forget(before);
        self.sacked += 1;
        let mut above = number + 1;
        for h in &mut self.highest {
            if above > *h {
                std::mem::swap(h, &mut above);
            }
        }
    }

    /// Looks for losses by the blocks reported so far.
    #[inline]
    pub(super) fn find_losses(&mut self) {
        let third = self.highest[DUP_THRESHOLD - 1].saturating_sub(1);
        while self.judged < third {
            self.lose(self.judged);
            self.judged += 1;
        }
    }
    #[inline]
    fn lose(&mut self, number: u64) {
        let segment = &mut self.ring[(number - self.first) as usize];
        if segment.flags & (SACKED | LOST) == 0 {
            segment.flags |= LOST;
            self.lost += 1;
            self.hint = self.hint.min(number);
        }
    }
    /// The timer expired: all that is not sacked is lost, sent again or not.
    pub(super) fn lose_all(&mut self, selective: bool) {
        if !selective {
            self.sacked = 0;
        }
        for segment in &mut self.ring {
            segment.flags &= !RESENT;
            if segment.flags & (SACKED | LOST) == 0 {
                segment.flags |= LOST;
                self.lost += 1;
            }
        }
        self.resent = 0;
        (self.judged, self.hint) = (self.next(), self.first);
    }

    /// Without selective acknowledgements: one more segment has left the network, not known which.
    pub(super) fn duplicate(&mut self) {
        self.sacked = (self.sacked + 1).min(self.outstanding() - self.lost);
    }
    /// Without selective acknowledgements: duplicates so far.
    pub(super) fn duplicates(&self) -> u32 {
        self.sacked
    }
    /// Without selective acknowledgements: `n` segments were acknowledged, of which all but one had their duplicate. Returns
    /// how many of them duplicates had told of before.
    pub(super) fn explain_duplicates(&mut self, n: u32) -> u32 {
        let told = self.sacked.min(n.saturating_sub(1));
        self.sacked = (self.sacked - told).min(self.outstanding() - self.lost);
        told
    }
    /// Without selective acknowledgements: no duplicate is left unexplained.
    pub(super) fn forget_duplicates(&mut self) {
        self.sacked = 0;
    }
    /// Without selective acknowledgements: the first segment is lost.
    pub(super) fn lose_first(&mut self) {
        if !self.ring.is_empty() {
            self.sacked = self.sacked.min(self.outstanding() - self.lost - 1);
            self.lose(self.first);
        }
    }

    /// The first lost segment that was not sent again (RFC 6675 `NextSeg` rule 1).
    #[inline]
    pub(super) fn next_lost(&mut self) -> Option<u64> {
        if self.lost == self.resent {
            return None;
        }
        // Every lost segment that was not sent again is at the hint or above it.
        while self.ring[(self.hint - self.first) as usize].flags & (LOST | RESENT) != LOST {
            self.hint += 1;
        }
        Some(self.hint)
    }
    /// Segment `number`, lost, is sent again. Returns its length, and when it was sent before.
    pub(super) fn resend(&mut self, number: u64, at: u64, mark: RateMark) -> (u32, u64) {
        let segment = &mut self.ring[(number - self.first) as usize];
        segment.flags |= RESENT | TWICE;
        let before = std::mem::replace(&mut segment.at, at);
        segment.mark = mark;
        self.resent += 1;
        (segment.length, before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn board(n: u32) -> Scoreboard {
        let mut board = Scoreboard::default();
        for i in 0..n {
            board.push(u64::from(i), 1000, RateMark::default());
        }
        board
    }
    fn lost(board: &Scoreboard) -> Vec<u64> {
        (0..board.ring.len()).filter(|i| board.ring[*i].flags & LOST != 0).map(|i| board.first + i as u64).collect()
    }

    #[test]
    fn three_segments_above_a_gap_make_it_a_loss() {
        let mut b = board(10);
        let mut news = News::default();
        b.report(&[(1, 3)], &mut news);
        b.find_losses();
        assert_eq!((lost(&b), b.pipe(), news.delivered), (vec![], 8, 2));
        b.report(&[(4, 5), (1, 3)], &mut news);
        b.find_losses();
        // Segment 3 has one segment above it, segment 0 three.
        assert_eq!((lost(&b), b.pipe(), b.next_lost()), (vec![0], 6, Some(0)));
        b.resend(0, 99, RateMark::default());
        assert_eq!((b.pipe(), b.next_lost()), (7, None));
        // The gap is filled up to 3: the segment sent twice gives no sample.
        let mut news = News::default();
        assert_eq!(b.advance(3, &mut news), 3);
        assert_eq!((news.delivered, news.sent, news.ambiguous, b.pipe()), (1, None, true, 6));
    }

    #[test]
    fn a_timeout_loses_all_but_what_is_sacked() {
        let mut b = board(5);
        b.report(&[(2, 3)], &mut News::default());
        b.lose_all(true);
        assert_eq!((lost(&b), b.pipe()), (vec![0, 1, 3, 4], 0));
        let order: Vec<u64> = std::iter::from_fn(|| {
            let n = b.next_lost()?;
            b.resend(n, 9, RateMark::default());
            Some(n)
        })
        .collect();
        assert_eq!((order, b.pipe()), (vec![0, 1, 3, 4], 4));
    }

    proptest! {
        #[test]
        fn losses_and_pipe_are_those_of_a_full_scan(
            n in 4u32..60,
            steps in prop::collection::vec((0u64..60, 1u64..6, 0u8..8), 1..40),
        ) {
            let mut b = board(n);
            // As RFC 6675 has it: sets, and a count of what is above.
            let (mut sacked, mut resent, mut ever_lost) = (vec![false; 60], vec![false; 60], vec![false; 60]);
            let mut first = 0;
            for (from, length, what) in steps {
                let mut news = News::default();
                match what {
                    0 => {
                        let mut ack = first.max(from.min(u64::from(n)));
                        while ack < u64::from(n) && sacked[ack as usize] {
                            ack += 1;
                        }
                        b.advance(ack, &mut news);
                        first = ack;
                    }
                    1 => {
                        if let Some(lost) = b.next_lost() {
                            let least = (first..u64::from(n)).find(|i| ever_lost[*i as usize] && !sacked[*i as usize] && !resent[*i as usize]);
                            prop_assert_eq!(Some(lost), least);
                            b.resend(lost, 0, RateMark::default());
                            resent[lost as usize] = true;
                        }
                    }
                    _ => {
                        let (from, to) = (from.max(first + 1).min(u64::from(n)), (from + length).min(u64::from(n)));
                        if from < to {
                            b.report(&[(from, to)], &mut news);
                            (from..to).for_each(|i| sacked[i as usize] = true);
                        }
                    }
                }
                b.find_losses();
                for i in first..u64::from(n) {
                    let above = (i + 1..u64::from(n)).filter(|j| sacked[*j as usize]).count();
                    if above >= DUP_THRESHOLD && !sacked[i as usize] {
                        ever_lost[i as usize] = true;
                    }
                }
                let pipe = (first..u64::from(n)).filter(|i| {
                    let i = *i as usize;
                    !sacked[i] && (!ever_lost[i] || resent[i])
                });
                prop_assert_eq!(b.pipe() as usize, pipe.count());
            }
        }
    }
}
