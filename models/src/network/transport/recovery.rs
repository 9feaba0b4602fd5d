//! What a loss does to the window: fast recovery (RFC 6675; RFC 6582 without selective acknowledgements) and proportional
//! rate reduction (RFC 6937), and the repair after a time-out.
//!
//! | `recovery` | window while losses are repaired |
//! |---|---|
//! | `prr` | `pipe + sndcnt`: as long as the pipe is above the threshold, as many segments are sent for each delivered one as brings it there within a round trip; below it, one more than was delivered (slow-start reduction bound) |
//! | `standard` | the threshold at once, so that nothing is sent until the pipe has drained to it |
//!
//! Without selective acknowledgements a duplicate takes a segment out of the pipe; that is RFC 6582's inflated window said
//! the other way round. The first lost segment is sent at once in both.
//!
//! Validated against: the example of RFC 6937 section 4 (the number sent in recovery and the window at its end).

/// How the window is brought down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Proportional,
    Standard,
}

/// What the sender is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is known to be lost.
    Open,
    /// Repairs losses that acknowledgements told of.
    Recovery,
    /// Repairs what a time-out gave up for lost, in slow start.
    Timeout,
}

/// The state of loss recovery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    pub(super) state: State,
    /// Recovery ends when everything below is acknowledged.
    pub(super) point: u64,
    style: Style,
    /// The first retransmission is still to be sent, whatever the window.
    pub(super) forced: bool,
    /// Since recovery began: segments delivered and sent, and those outstanding when it began.
    delivered: u64,
    sent: u64,
    flight: u64,
}

impl Recovery {
    pub(super) fn new(style: Style) -> Self {
        Self { state: State::Open, point: 0, style, forced: false, delivered: 0, sent: 0, flight: 0 }
    }
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.style);
    }
    /// Recovery begins with `flight` segments outstanding, all of them below `point`.
    pub(super) fn enter(&mut self, point: u64, flight: u32) {
        *self = Self { state: State::Recovery, point, forced: true, flight: flight.into(), ..Self::new(self.style) };
    }
    /// The timer expired; everything below `point` was outstanding.
    pub(super) fn time_out(&mut self, point: u64) {
        *self = Self { state: State::Timeout, point, ..Self::new(self.style) };
    }
    /// Whether an acknowledgement of everything below `ack` ends it.
    #[inline]
    pub(super) fn ends(&self, ack: u64) -> bool {
        self.state != State::Open && ack >= self.point
    }
    /// A segment was sent.
    #[inline]
    pub(super) fn count_sent(&mut self) {
        self.sent += 1;
    }
    /// The window after an acknowledgement in recovery that told of `delivered` segments.
    pub(super) fn window(&mut self, pipe: u32, threshold: f64, delivered: u32) -> f64 {
        if self.style == Style::Standard {
            return threshold;
        }
        let (pipe, target) = (u64::from(pipe), threshold as u64);
        self.delivered += u64::from(delivered);
        let count = if pipe > target {
            (self.delivered * target).div_ceil(self.flight.max(1)).saturating_sub(self.sent)
        } else {
            let limit = self.delivered.saturating_sub(self.sent).max(delivered.into()) + 1;
            limit.min(target - pipe)
        };
        (pipe + count) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recovery from the loss of the first `lost` of `flight` segments: what is sent for each acknowledgement.
    fn sent(flight: u32, lost: u32, threshold: f64, style: Style) -> Vec<u32> {
        let mut recovery = Recovery::new(style);
        // Three segments above the gap have been delivered when recovery begins; the others follow one by one.
        let mut pipe = flight - lost - 2;
        recovery.enter(100, flight);
        (0..flight - lost - 2)
            .map(|_| {
                pipe -= 1;
                let mut n = (recovery.window(pipe, threshold, 1) as u32).saturating_sub(pipe);
                if std::mem::take(&mut recovery.forced) {
                    n = n.max(1);
                }
                (0..n).for_each(|_| recovery.count_sent());
                pipe += n;
                n
            })
            .collect()
    }

    #[test]
    fn one_loss_is_spread_over_the_round_trip() {
        // 20 segments, the first lost, down to 10: about one for every two delivered, and 10 in the pipe at the end.
        let n = sent(20, 1, 10.0, Style::Proportional);
        assert!(n.iter().all(|n| *n <= 1), "{n:?}");
        assert_eq!(17 - n.len() as u32 + n.iter().sum::<u32>(), 10, "{n:?}");
        // Half a window of silence without it.
        let n = sent(20, 1, 10.0, Style::Standard);
        assert_eq!(n[..8], [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(n[8..], [1; 9]);
    }

    #[test]
    fn many_losses_are_repaired_as_in_slow_start() {
        // RFC 6937's second example: 20 segments, 15 lost: the pipe is far below the threshold, every acknowledgement
        // sends up to two.
        let n = sent(20, 15, 10.0, Style::Proportional);
        assert!(n.iter().all(|n| *n == 2), "{n:?}");
    }
}
