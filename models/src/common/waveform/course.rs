//! A waveform followed through a run in whole ticks: when its integral has reached an amount.
//!
//! Pieces begin and end at whole ticks, and the place in a waveform is known from the clock alone, so that nothing drifts
//! however long a run is. Where the integral reaches an amount is known to a hundredth of a tick in every form and exactly
//! in a constant one; what rounding to whole ticks leaves over is told, so that it can be made up for.

use std::sync::Arc;

use sim_core::{SimTime, TICKS_PER_SECOND};

use super::Waveform;
use super::piece::{Form, Piece};

/// A waveform at a place; the place follows the times that are asked for, which go forward for the most part.
#[derive(Clone, Debug)]
pub struct Course {
    /// In ticks, and how many.
    pieces: Arc<[(Piece, u64)]>,
    /// Length of all pieces in ticks and integral over them, if the first follows the last.
    lap: Option<(u64, f64)>,
    piece: usize,
    /// When the piece has begun.
    began: u64,
}

/// What is left of an amount that counts as nothing: half a tick at a value of one.
const NOTHING: f64 = 0.5;

impl Course {
    /// `waveform` from the start of a run on.
    pub fn new(waveform: &Waveform) -> Self {
        let pieces = waveform.pieces.iter().map(|p| {
            let piece = p.in_units(TICKS_PER_SECOND as f64);
            // No end is beyond all ticks.
            let ticks = piece.length.round() as u64;
            (Piece { length: piece.length.round(), ..piece }, ticks)
        });
        let mut pieces: Vec<(Piece, u64)> = pieces.filter(|p| p.1 > 0).collect();
        let mut lap = waveform.repeats.then(|| {
            let ticks = pieces.iter().fold(0u64, |sum, p| sum.saturating_add(p.1));
            (ticks, pieces.iter().map(|(p, _)| p.integral(0.0, p.length)).sum())
        });
        if pieces.is_empty() {
            // It repeats faster than the clock ticks.
            let mean = Piece { length: f64::INFINITY, form: Form::Constant(waveform.area / waveform.period) };
            (pieces, lap) = (vec![(mean, u64::MAX)], None);
        }
        Self { pieces: pieces.into(), lap, piece: 0, began: 0 }
    }

    /// When the integral from `at` on has reached `area` (in ticks at a value of one): how many ticks after `at`, rounded,
    /// and what that leaves over of `area`, which may be less than nothing. `None` if no run lasts as long.
    #[inline]
    pub fn reach(&mut self, at: u64, area: f64) -> Option<(u64, f64)> {
        let horizon = SimTime::HORIZON_MAX.ticks();
        if at >= horizon {
            return None;
        }
        if area <= NOTHING {
            return Some((0, area));
        }
        self.seek(at);
        let (mut from, mut left) = (at, area);
        if let Some((ticks, whole)) = self.lap {
            if whole <= 0.0 {
                return None;
            }
            // A lap is kept to walk through: an end of service at the end of a piece is not at the beginning of the next.
            let laps = (left / whole - 1.0).floor().max(0.0);
            left -= laps * whole;
            let skipped = (laps as u64).saturating_mul(ticks);
            (from, self.began) = (from.saturating_add(skipped), self.began.saturating_add(skipped));
        }
        while from < horizon {
            let (piece, ticks) = &self.pieces[self.piece];
            let end = self.began.saturating_add(*ticks);
            let room = if end == u64::MAX { f64::INFINITY } else { (end - from) as f64 };
            let into = (from - self.began) as f64;
            match piece.reach(into, room, left) {
                Ok(span) if span < horizon as f64 => {
                    let span = span.round();
                    return Some((from - at + span as u64, left - piece.integral(into, span)));
                }
                Err(has) if end < u64::MAX => {
                    left -= has;
                    if left <= NOTHING {
                        return Some((end - at, left));
                    }
                    self.step();
                    from = end;
                }
                _ => return None,
            }
        }
        None
    }

    /// Whether `other` has the same values at all times.
    pub fn is_same(&self, other: &Self) -> bool {
        self.pieces == other.pieces && self.lap == other.lap
    }
    /// The value at `at`.
    #[inline]
    pub fn value(&mut self, at: u64) -> f64 {
        self.seek(at);
        self.pieces[self.piece].0.value((at - self.began) as f64)
    }
    /// Where the piece that lasts at `at` ends; [`u64::MAX`] if it never does.
    pub fn end(&mut self, at: u64) -> u64 {
        self.seek(at);
        self.began.saturating_add(self.pieces[self.piece].1)
    }
    /// Least and greatest value from `from` up to `to`, which is no later than the end of the piece there.
    pub fn range(&mut self, from: u64, to: u64) -> (f64, f64) {
        self.seek(from);
        let span = if to == u64::MAX { f64::INFINITY } else { (to - from) as f64 };
        self.pieces[self.piece].0.range((from - self.began) as f64, span)
    }

    /// From `at` on, for how long the values are no more than `within` apart, and their mean until then: until the end of a
    /// piece that is constant; else for a part of a piece that is found by halving.
    pub(crate) fn hold(&mut self, at: u64, within: f64) -> (u64, f64) {
        let mut until = self.end(at);
        loop {
            let (low, high) = self.range(at, until);
            if high - low <= within || until - at <= 1 {
                break;
            }
            until = at + (until - at) / 2;
        }
        let (piece, _) = self.pieces[self.piece];
        let into = (at - self.began) as f64;
        let span = if until == u64::MAX { f64::INFINITY } else { (until - at) as f64 };
        let mean = if span == f64::INFINITY { piece.value(into) } else { piece.integral(into, span) / span };
        (until, mean)
    }

    /// Goes to the piece that lasts at `at`.
    #[inline]
    fn seek(&mut self, at: u64) {
        if at < self.began {
            (self.piece, self.began) = (0, 0);
        }
        if let Some((ticks, _)) = self.lap {
            self.began += (at - self.began) / ticks * ticks;
        }
        while self.began.saturating_add(self.pieces[self.piece].1) <= at {
            self.step();
        }
    }
    fn step(&mut self) {
        self.began = self.began.saturating_add(self.pieces[self.piece].1);
        self.piece = if self.piece + 1 < self.pieces.len() { self.piece + 1 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::waveforms;
    use super::*;

    const SECOND: f64 = TICKS_PER_SECOND as f64;

    fn ticks(seconds: f64) -> u64 {
        (seconds * SECOND).round() as u64
    }
    fn steps(points: &[(f64, f64)], repeats: bool) -> Course {
        let piece = |&(length, v): &(f64, f64)| Piece { length, form: Form::Constant(v) };
        Course::new(&Waveform::new(points.iter().map(piece).collect(), repeats))
    }
    const ON: f64 = f64::INFINITY;

    #[test]
    fn ranges_are_those_of_the_values() {
        for w in waveforms() {
            let mut course = Course::new(&w);
            for (from, to) in [(0.0, 0.3), (0.2, 2.1), (1.9, 2.0), (3.3, 19.0), (6.0, 6.0), (12.0, 400.0)] {
                let (a, b) = (ticks(from), ticks(to));
                let end = course.end(a).min(b);
                let (low, high) = course.range(a, end);
                let n = 4000;
                let at = |i: u32| a + (end - a) / u64::from(n) * u64::from(i);
                let values: Vec<f64> = (0..n).map(|i| course.value(at(i))).collect();
                let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |m, v| (m.0.min(*v), m.1.max(*v)));
                assert!(low <= least && most <= high, "{w:?} {from} {to}: {low} {least} {most} {high}");
                // And no wider than they must be, at this distance between values.
                assert!(low >= least - 0.01 && high <= most + 0.01, "{w:?} {from} {to}: {low} {least} {most} {high}");
            }
        }
    }

    #[test]
    fn means_stand_for_stretches_of_a_course() {
        for w in waveforms() {
            let mut course = Course::new(&w);
            let within = 0.01 * w.max().max(1.0);
            let (mut at, end, mut area, mut stretches) = (0, ticks(40.0), 0.0, 0);
            while at < end {
                let (until, mean) = course.hold(at, within);
                assert!(until > at);
                let last = until.min(end);
                for k in 0..=4 {
                    let value = course.value(at + (last - 1 - at) / 4 * k);
                    assert!((value - mean).abs() <= within * (1.0 + 1e-9), "{w:?} {at}: {value}, {mean}");
                }
                if until <= end {
                    area += mean * (until - at) as f64 / SECOND;
                    let exact = w.integral(0.0, until as f64 / SECOND);
                    assert!((area - exact).abs() < 1e-6 * exact.abs().max(1.0), "{w:?} {until}: {area} {exact}");
                }
                (at, stretches) = (last, stretches + 1);
            }
            assert!(stretches < 20_000, "{w:?}: {stretches}");
        }
    }

    #[test]
    fn what_is_reached_is_the_integral() {
        for w in waveforms() {
            for start in [0.0, 1.7, 5.5, 1e4] {
                let (mut course, mut at) = (Course::new(&w), ticks(start));
                let mut reached = 0;
                for k in 1..200 {
                    let area = 0.003 * f64::from(k * k % 37 + 1);
                    let Some((span, left)) = course.reach(at, area * SECOND) else { break };
                    let from = at as f64 / SECOND;
                    let found = w.integral(from, from + span as f64 / SECOND);
                    // The quadrature itself cannot place 1e4 s better than 2e-12 s; values are 4 at most.
                    let error = if start > 100.0 { 2e-11 } else { 1e-12 };
                    assert!((found - area).abs() < error * 4.0, "{w:?} at {from}: {found} not {area}");
                    assert!(left.abs() <= 0.5 * 4.0 + 0.1, "{left}");
                    at += span;
                    reached += 1;
                }
                assert!(reached > 50 || start > 5.0, "{w:?} from {start}");
            }
        }
    }

    #[test]
    fn a_value_of_one_is_time_itself() {
        let mut course = steps(&[(2.0, 1.0), (3.0, 1.0)], true);
        let mut plain = steps(&[(ON, 1.0)], false);
        let mut at = 0;
        for n in [1u64, 7, 1_200_000_000, 3_999_999_999_999, 12_345_678_901_234] {
            assert_eq!(course.reach(at, n as f64), Some((n, 0.0)));
            assert_eq!(plain.reach(at, n as f64), Some((n, 0.0)));
            at += n;
        }
    }

    #[test]
    fn an_end_at_the_end_of_a_piece_does_not_wait_for_the_next_lap() {
        // 10 ms of each 20 ms.
        let mut wave = steps(&[(0.01, 1.0), (0.01, 0.0)], true);
        let ms = |t: f64| ticks(t * 1e-3);
        for (at, amount, after) in [
            (0.0, 10.0, 10.0),
            (0.0, 20.0, 30.0),
            (0.0, 1e6, 2e6 - 10.0),
            (3.0, 7.0, 7.0),
            (3.0, 8.0, 18.0),
            (12.0, 1.0, 9.0),
            (12.0, 10.0, 18.0),
            (1e9 + 12.0, 10.5, 28.5),
        ] {
            assert_eq!(wave.reach(ms(at), amount * 1e-3 * SECOND), Some((ms(after), 0.0)), "{amount} from {at}");
        }
        // Back in time, as after a failure.
        assert_eq!(wave.reach(ms(1.0), 1e9), Some((ms(1.0), 0.0)));
    }

    #[test]
    fn what_is_left_over_adds_up() {
        // At a third of the speed 1e9 ticks take 3e9; at 0.3 they take 3 333 333 333 and a third.
        let mut course = steps(&[(ON, 0.3)], false);
        let (mut at, mut left) = (0, 0.0);
        for _ in 0..3000 {
            let (span, rest) = course.reach(at, 1e9 + left).unwrap();
            (at, left) = (at + span, rest);
        }
        assert_eq!(at, 10_000_000_000_000);
    }

    #[test]
    fn what_is_used_up_never_comes() {
        let mut once = steps(&[(1.0, 1.0), (ON, 0.0)], false);
        assert_eq!(once.reach(ticks(0.5), 0.25 * SECOND), Some((ticks(0.25), 0.0)));
        assert_eq!(once.reach(ticks(0.75), 0.25 * SECOND), Some((ticks(0.25), 0.0)));
        assert_eq!(once.reach(ticks(0.75), 0.3 * SECOND), None);
        assert_eq!(once.reach(ticks(5.0), 1.0), None);
        assert_eq!(once.reach(u64::MAX, 1.0), None);
        assert_eq!(steps(&[(1.0, 0.0)], true).reach(0, 1.0), None);
        // So little that no run lasts as long.
        assert_eq!(steps(&[(1.0, 0.0), (1.0, 1e-300)], true).reach(0, 1e9), None);
        assert_eq!(steps(&[(ON, 1e-300)], false).reach(0, 1e9), None);
        // A pulse of a Gaussian without a base has a finite area.
        let pulse = Form::Gaussian { base: 0.0, height: 1.0, centre: 2.0, sigma: 0.1 };
        let mut pulse = Course::new(&Waveform::new(vec![Piece { length: ON, form: pulse }], false));
        assert!(pulse.reach(0, 0.2 * SECOND).is_some());
        assert!(pulse.reach(0, 0.3 * SECOND).is_none());
    }

    #[test]
    fn laps_without_number_take_no_time_to_pass() {
        // A period of 1 ns, asked for after a day, for an hour: 3.6e12 laps.
        let mut fast = steps(&[(0.5e-9, 1.0), (0.5e-9, 0.0)], true);
        let hour = 3600 * TICKS_PER_SECOND;
        assert_eq!(fast.reach(24 * hour, 0.5 * hour as f64), Some((hour - 500, 0.0)));
        // Faster than the clock: its mean.
        let mut faster = steps(&[(1e-13, 3.0), (1e-13, 1.0)], true);
        assert_eq!(faster.reach(hour, 1e9), Some((500_000_000, 0.0)));
    }
}
