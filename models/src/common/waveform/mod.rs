//! Waveforms: quantities that follow a given course in time, integrated exactly.
//!
//! A waveform f(t) is a row of pieces, each with a closed form and a closed integral. What happens at a rate r f(t)
//! comes where r times the integral of f has reached an amount: a packet on a link ends where that is its bits, the next
//! event of a Poisson process where it is E, exponential with mean 1 (time change of a Poisson process, Cinlar 1975,
//! Introduction to Stochastic Processes, ch. 4 (from memory)). Nothing is frozen between events and nothing is thinned.
//! [`Course`] finds these times.
//!
//! Validated against: numerical quadrature of every form; counts of a sine-driven Poisson process; departures from links
//! worked out by hand.

mod course;
mod piece;
mod read;
mod transients;

use std::sync::Arc;

pub use course::Course;
use piece::{Form, Piece};
pub(crate) use read::UNKNOWN;
pub use read::{MakeWaveform, SECTION, Sources, WAVEFORMS, Waveforms};
use sim_core::quantity::Dimension;

use super::term::Term;

/// A course in time, from zero on. Cheap to copy.
#[derive(Clone, Debug)]
pub struct Waveform {
    pieces: Arc<[Piece]>,
    /// Begins anew after the last piece; otherwise the last piece has no end.
    repeats: bool,
    /// Integral over all pieces of one that repeats.
    area: f64,
    /// Length of all pieces of one that repeats, in s.
    period: f64,
    /// Of its values.
    dimension: Dimension,
}

/// A place in a waveform: a piece, and s from its beginning.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    piece: usize,
    into: f64,
}

impl Waveform {
    /// `pieces` in a row; the last one lasts for ever, or the first follows again if it `repeats`.
    fn new(pieces: Vec<Piece>, repeats: bool) -> Self {
        let (mut area, mut period) = (0.0, 0.0);
        if repeats {
            area = pieces.iter().map(|p| p.integral(0.0, p.length)).sum();
            period = pieces.iter().map(|p| p.length).sum();
        }
        Self { pieces: pieces.into(), repeats, area, period, dimension: Dimension::NUMBER }
    }
    /// Straight lines through points (s, value) in order of time, the first at 0; after the last, its value stays.
    pub(crate) fn through(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut last: Option<(f64, f64)> = None;
        for (t, value) in points {
            if let Some((from_t, from)) = last.filter(|l| l.0 < t) {
                let length = t - from_t;
                pieces.push(Piece { length, form: Form::Linear { from, slope: (value - from) / length } });
            }
            last = Some((t, value));
        }
        pieces.push(Piece { length: f64::INFINITY, form: Form::Constant(last.map_or(0.0, |l| l.1)) });
        Self::new(pieces, false)
    }
    /// Time itself: f(t) = t, in s.
    pub fn clock() -> Self {
        let now = Piece { length: f64::INFINITY, form: Form::Linear { from: 0.0, slope: 1.0 } };
        Self { dimension: Dimension::TIME, ..Self::new(vec![now], false) }
    }
    /// The value at `t` s.
    pub fn value(&self, t: f64) -> f64 {
        let cursor = self.seek(t);
        self.pieces[cursor.piece].value(cursor.into)
    }
    /// It as a formula of the time.
    pub(crate) fn term(&self) -> Term {
        let number = Term::Number;
        let time = if self.repeats {
            let laps = Term::Apply("floor", vec![Term::two("divide", Term::Time, number(self.period))]);
            Term::two("minus", Term::Time, Term::product(vec![number(self.period), laps]))
        } else {
            Term::Time
        };
        let begin = |at: &mut f64, piece: &Piece| Some(std::mem::replace(at, *at + piece.length));
        let begins: Vec<f64> = self.pieces.iter().scan(0.0, begin).collect();
        self.pieces_term(&time, &begins, 0, self.pieces.len())
    }
    /// Pieces `from` to `to`, halved until there is one: nested no deeper than need be.
    fn pieces_term(&self, time: &Term, begins: &[f64], from: usize, to: usize) -> Term {
        if to - from > 1 {
            let middle = from + (to - from) / 2;
            let before = Term::two("lt", time.clone(), Term::Number(begins[middle]));
            let halves = [(from, middle), (middle, to)].map(|(a, b)| Box::new(self.pieces_term(time, begins, a, b)));
            let [first, second] = halves;
            return Term::If(Box::new(before), first, second);
        }
        let since = match begins[from] {
            0.0 => time.clone(),
            begin => Term::two("minus", time.clone(), Term::Number(begin)),
        };
        self.pieces[from].term(since)
    }
    /// The least value that it ever has, or tends to.
    pub fn min(&self) -> f64 {
        self.pieces.iter().map(|p| p.bounds().0).fold(f64::INFINITY, f64::min)
    }
    /// The greatest value that it ever has, or tends to.
    pub fn max(&self) -> f64 {
        self.pieces.iter().map(|p| p.bounds().1).fold(f64::NEG_INFINITY, f64::max)
    }
    /// Its mean over a period, or over the first `horizon` s of one that does not repeat.
    pub fn mean(&self, horizon: f64) -> f64 {
        if self.repeats { self.area / self.period } else { self.integral(0.0, horizon) / horizon }
    }
    /// The integral from `from` to `to` s.
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        let mut left = to - from;
        let mut sum = 0.0;
        if self.repeats {
            let laps = (left / self.period).floor();
            sum += laps * self.area;
            left -= laps * self.period;
        }
        let mut at = self.seek(from);
        while left > 0.0 {
            let piece = &self.pieces[at.piece];
            let step = left.min(piece.length - at.into);
            sum += piece.integral(at.into, step);
            left -= step;
            if left > 0.0 {
                self.step(&mut at);
            }
        }
        sum
    }
    /// The place at `t` s.
    fn seek(&self, t: f64) -> Cursor {
        let mut left = if self.repeats { t - (t / self.period).floor() * self.period } else { t };
        let mut cursor = Cursor::default();
        while left >= self.pieces[cursor.piece].length {
            left -= self.pieces[cursor.piece].length;
            self.step(&mut cursor);
        }
        cursor.into = left;
        cursor
    }
    fn step(&self, cursor: &mut Cursor) {
        let next = cursor.piece + 1;
        *cursor = Cursor { piece: if next < self.pieces.len() { next } else { 0 }, into: 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn waveforms() -> Vec<Waveform> {
        let piece = |length, form| Piece { length, form };
        let steps = [piece(2.0, Form::Constant(1.0)), piece(3.0, Form::Constant(0.0)), piece(1.0, Form::Constant(4.0))];
        let day = Form::Sine { mean: 1.0, amplitude: 0.9, omega: 2.0 * std::f64::consts::PI / 7.0, phase: 0.3 };
        vec![
            Waveform::new(vec![piece(f64::INFINITY, Form::Constant(2.5))], false),
            Waveform::new(steps.to_vec(), true),
            Waveform::new([&steps[..], &[piece(f64::INFINITY, Form::Constant(0.5))]].concat(), false),
            Waveform::new(vec![piece(7.0, day)], true),
            Waveform::new(
                vec![
                    piece(5.0, Form::Linear { from: 0.0, slope: 0.4 }),
                    piece(4.0, Form::Linear { from: 2.0, slope: -0.5 }),
                ],
                true,
            ),
            Waveform::new(
                vec![
                    piece(1.0, Form::Constant(3.0)),
                    piece(f64::INFINITY, Form::Exponential { to: 0.2, gap: 2.8, rate: 0.7 }),
                ],
                false,
            ),
            Waveform::new(
                vec![piece(f64::INFINITY, Form::Gaussian { base: 0.1, height: 2.0, centre: 9.0, sigma: 1.5 })],
                false,
            ),
            Waveform::new(
                vec![
                    piece(2.0, Form::Constant(0.5)),
                    piece(3.0, Form::Alpha { to: 0.5, gap: 0.0, slope: 2.0, rate: 0.8 }),
                    piece(f64::INFINITY, Form::Alpha { to: 0.5, gap: 0.6, slope: 1.5, rate: 0.8 }),
                ],
                false,
            ),
        ]
    }

    #[test]
    fn integrals_are_those_of_quadrature() {
        for w in waveforms() {
            for (from, to) in [(0.0, 0.5), (0.3, 6.2), (1.9, 40.0), (13.0, 13.5)] {
                let n = 400_000;
                let h = (to - from) / f64::from(n);
                let sum: f64 = (0..n).map(|i| w.value(from + (f64::from(i) + 0.5) * h) * h).sum();
                // At a jump the sum is off by up to its height times h; there are at most twenty jumps of up to 4.
                assert!((w.integral(from, to) - sum).abs() < 80.0 * h * 0.5 + 1e-9, "{w:?} {from} {to}: {sum}");
            }
        }
    }

    #[test]
    fn bounds_and_means() {
        let bounds: Vec<(f64, f64)> = waveforms().iter().map(|w| (w.min(), w.max())).collect();
        let expected = [(2.5, 2.5), (0.0, 4.0), (0.0, 4.0), (0.1, 1.9), (0.0, 2.0), (0.2, 3.0), (0.1, 2.1)];
        for (found, expected) in bounds.iter().zip(expected) {
            assert!((found.0 - expected.0).abs() < 1e-12 && (found.1 - expected.1).abs() < 1e-12, "{found:?}");
        }
        assert!((waveforms()[3].mean(1.0) - 1.0).abs() < 1e-12);
        assert!((waveforms()[1].mean(1.0) - 1.0).abs() < 1e-12);
    }
}
