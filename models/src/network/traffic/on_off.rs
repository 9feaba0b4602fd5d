//! On-off sources: packets at a constant peak rate while on, silence while off.
//!
//! Durations of both are exponential, or Pareto with shape `alpha`: with 1 < alpha < 2 their variance is infinite, and
//! the sum of many such sources is long-range dependent with Hurst parameter H = (3 - alpha)/2 (Willinger, Taqqu,
//! Sherman, Wilson 1997, doi:10.1109/90.554723).
//!
//! The source starts in equilibrium: on with probability on/(on + off), in a period of which the residual life is drawn,
//! with its first packet after a uniform share of the packet period. Packets come at whole multiples of the packet period
//! of time spent on, so that the mean rate is peak x on/(on + off) exactly, however short the on periods are.
//!
//! `sources` such sources send as one flow, each a conversation of its own.
//!
//! Validated against: mean rate, stationarity of the mean from the first instant, tail of the periods, slope of the
//! variance-time plot.

use sim_core::SimDuration;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;
use sim_core::rng::Rng;

use super::rate::{PacketRate, Period, RATE};
use super::superposition::{SOURCES, superposed};
use super::{Emission, MakeTraffic, Streams, Traffic};
use crate::network::size::Size;
use crate::registry::Kind;

const PEAK: Field = Field::required(
    "peak",
    RATE,
    "What is sent while on: \"100 packets/s\" or \"10 Mbit/s\", which the mean packet size converts.",
);
const ON: Field = Field::required("on", Type::Quantity(&[Dimension::TIME]), "Mean length of the on periods.");
const OFF: Field = Field::required("off", Type::Quantity(&[Dimension::TIME]), "Mean length of the off periods.");

pub(super) const EXPONENTIAL: Kind<MakeTraffic> = Kind {
    name: "on_off_exponential",
    doc: "Constant bit rate during exponential on periods, silence during exponential off periods.",
    fields: &[PEAK, ON, OFF, SOURCES],
    make: |table, size, _| superposed(table, OnOff::read(table, size, Law::Exponential)?),
};

pub(super) const PARETO: Kind<MakeTraffic> = Kind {
    name: "on_off_pareto",
    doc: "Constant bit rate during Pareto on periods, silence during Pareto off periods; the sum of many is self-similar.",
    fields: &[
        PEAK,
        ON,
        OFF,
        Field::default(
            "alpha",
            Type::Number { min: 1.01, max: 100.0 },
            "1.5",
            "The shape of both laws; under 2 their variance is infinite.",
        ),
        SOURCES,
    ],
    make: |table, size, _| superposed(table, OnOff::read(table, size, Law::Pareto { alpha: table.number("alpha") })?),
};

/// Fewer packets than this an on period, on average, are refused: all the time would go into empty periods.
const PACKETS_A_PERIOD_MIN: f64 = 0.001;

/// A law of durations with mean 1.
#[derive(Clone, Copy, Debug)]
enum Law {
    Exponential,
    Pareto { alpha: f64 },
}

impl Law {
    #[inline]
    fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Exponential => rng.exponential(),
            Self::Pareto { alpha } => (alpha - 1.0) / alpha * rng.pareto(alpha),
        }
    }
    /// What is left of the period that a random instant falls into.
    fn residual(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Exponential => rng.exponential(),
            Self::Pareto { alpha } => {
                // Its density is P(X > x) over the mean: flat up to the least value, a power law beyond.
                let least = (alpha - 1.0) / alpha;
                let u = rng.uniform();
                if u < least {
                    return u;
                }
                least * libm::pow(alpha * (1.0 - u), -1.0 / (alpha - 1.0))
            }
        }
    }
}

#[derive(Clone, Debug)]
struct OnOff {
    size: Size,
    law: Law,
    mean_rate: f64,
    period: Period,
    /// Mean ticks.
    on: f64,
    off: f64,
    /// Ticks left of the present on period; `None` before the first packet.
    left: Option<u64>,
}

impl OnOff {
    fn read(table: &Table, size: &Size, law: Law) -> Result<Self, Diagnostics> {
        let rate = PacketRate::new(table.quantity("peak"), size, table.span_of("peak"))?;
        let (on, off) = (table.quantity("on"), table.quantity("off"));
        let mut wrong = Diagnostics::default();
        for (key, q) in [("on", on), ("off", off)] {
            if q.to_ticks().is_none_or(|t| t == 0 && key == "on") {
                let message = format!("a mean period of {q}");
                wrong.push(Diagnostic::error("E0354", table.span_of(key), message, "from 1 ps to 106 d"));
            }
        }
        if !wrong.has_errors() && rate.per_second() * on.value < PACKETS_A_PERIOD_MIN {
            let message = "fewer than one packet in a thousand on periods";
            let d = Diagnostic::error("E0354", table.span_of("on"), message, "too short for the peak rate");
            wrong.push(d.help("lengthen `on`, or raise `peak`; `poisson` sends single packets at random"));
        }
        if wrong.has_errors() {
            return Err(wrong);
        }
        let ticks = |q: sim_core::quantity::Quantity| q.to_ticks().map_or(0.0, |t| t as f64);
        let (on, off) = (ticks(on), ticks(off));
        let mean_rate = rate.per_second() * on / (on + off);
        Ok(Self { size: size.clone(), law, mean_rate, period: Period::new(rate), on, off, left: None })
    }

    fn duration(mean: f64, of_mean: f64) -> u64 {
        SimDuration::from_ticks_f64(mean * of_mean).ticks()
    }

    /// Draws the state at the start; returns the time until on, and the time on until the first packet.
    fn begin(&mut self, rng: &mut Rng) -> (u64, u64) {
        let is_on = rng.uniform() * (self.on + self.off) < self.on;
        let residual = self.law.residual(rng);
        let (silent, on) = if is_on {
            (0, Self::duration(self.on, residual))
        } else {
            (Self::duration(self.off, residual), Self::duration(self.on, self.law.draw(rng)))
        };
        self.left = Some(on);
        (silent, (self.period.next() as f64 * rng.uniform()) as u64)
    }
}

impl Traffic for OnOff {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let rng = &mut streams.gap;
        let (mut gap, mut need) = if self.left.is_none() { self.begin(rng) } else { (0, self.period.next()) };
        let mut left = self.left.unwrap_or_default();
        while need > left {
            need -= left;
            gap += left + Self::duration(self.off, self.law.draw(rng));
            left = Self::duration(self.on, self.law.draw(rng));
            if gap >= SimDuration::MAX.ticks() {
                // Silent for longer than any run.
                return None;
            }
        }
        self.left = Some(left - need);
        let gap = SimDuration::from_ticks(gap + need);
        Some(Emission { gap, bits: self.size.draw(&mut streams.size), conversation: 0 })
    }
    fn mean_rate(&self) -> f64 {
        self.mean_rate
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{codes, counts, sent, traffic};
    use super::*;

    const VOICE: &str = "{ kind = 'on_off_exponential', peak = '50 packets/s', on = '1 s', off = '1.35 s' }";

    #[test]
    fn the_mean_rate_is_exact() {
        let source = traffic(VOICE).unwrap();
        assert!((source.mean_rate() - 50.0 / 2.35).abs() < 1e-12);
        // The second has on periods of a tenth of the packet period, the third Pareto periods of finite variance.
        for (text, rate) in [
            (VOICE, 50.0 / 2.35),
            ("{ kind = 'on_off_exponential', peak = '10 packets/s', on = '10 ms', off = '30 ms' }", 2.5),
            ("{ kind = 'on_off_pareto', peak = '100 packets/s', on = '20 ms', off = '60 ms', alpha = 3.5 }", 25.0),
            ("{ kind = 'on_off_exponential', peak = '10 packets/s', on = '10 ms', off = '0 s' }", 10.0),
        ] {
            let mut source = traffic(text).unwrap();
            let (mean, dispersion) = counts(source.as_mut(), 17, 400, 100.0);
            let expected = rate * 100.0;
            let error = (dispersion * mean / 400.0).sqrt();
            assert!((mean - expected).abs() < 4.0 * error + 0.01, "{text}: {mean} not {expected} +- {error}");
        }
    }

    #[test]
    fn the_mean_rate_holds_from_the_start() {
        // In the first 10 ms, far less than a period: most sources send nothing, some at the peak rate.
        for text in [
            "{ kind = 'on_off_exponential', peak = '1000 packets/s', on = '1 s', off = '3 s' }",
            "{ kind = 'on_off_pareto', peak = '1000 packets/s', on = '1 s', off = '3 s', alpha = 1.4 }",
        ] {
            let source = traffic(text).unwrap();
            let n = 20_000u32;
            let total: usize = (0..n).map(|seed| sent(source.boxed_clone().as_mut(), seed.into(), 0.01).len()).sum();
            let mean = total as f64 / f64::from(n);
            // A source sends 10 with probability 1/4 or so: standard deviation sqrt(75/4).
            assert!((mean - 2.5).abs() < 4.0 * (75.0 / 4.0 / f64::from(n)).sqrt(), "{text}: {mean}");
        }
    }

    #[test]
    fn bursts_disperse_counts() {
        // The time spent on has the variance 2 on^2 off^2 / (on + off)^3 a second (an alternating renewal process), so that
        // counts over many cycles have the index of dispersion 2 peak on off^2 / (on + off)^2.
        let mut source =
            traffic("{ kind = 'on_off_exponential', peak = '100 packets/s', on = '0.5 s', off = '0.5 s' }").unwrap();
        let (_, dispersion) = counts(source.as_mut(), 23, 4000, 50.0);
        let expected = 2.0 * 100.0 * 0.5 * 0.25;
        assert!((dispersion / expected - 1.0).abs() < 0.1, "{dispersion} not {expected}");
    }

    #[test]
    fn pareto_periods_have_their_tail_and_mean() {
        let mut rng = Rng::seed_from_u64(29);
        let n = 200_000;
        for alpha in [1.2, 1.5, 2.5] {
            let law = Law::Pareto { alpha };
            let least = (alpha - 1.0) / alpha;
            let draws: Vec<f64> = (0..n).map(|_| law.draw(&mut rng)).collect();
            assert!(draws.iter().all(|x| *x >= least));
            for factor in [2.0, 10.0, 50.0] {
                let p = f64::powf(factor, -alpha);
                let share = draws.iter().filter(|x| **x > factor * least).count() as f64 / f64::from(n);
                assert!((share - p).abs() < 4.0 * (p / f64::from(n)).sqrt(), "{alpha} {factor}: {share} not {p}");
            }
        }
        let mean = (0..n).map(|_| Law::Pareto { alpha: 3.0 }.draw(&mut rng)).sum::<f64>() / f64::from(n);
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }

    #[test]
    fn residual_lives_are_those_of_equilibrium() {
        // P(residual > y) = (1/alpha) (y/least)^(1 - alpha) beyond the least value; 1 - y below.
        let (alpha, n) = (1.5, 200_000);
        let law = Law::Pareto { alpha };
        let least = (alpha - 1.0) / alpha;
        let mut rng = Rng::seed_from_u64(31);
        let draws: Vec<f64> = (0..n).map(|_| law.residual(&mut rng)).collect();
        for (y, p) in [(0.2, 0.8), (1.0, least.powf(alpha - 1.0) / alpha), (100.0, (100.0 / least).powf(-0.5) / alpha)]
        {
            let share = draws.iter().filter(|x| **x > y).count() as f64 / f64::from(n);
            assert!((share - p).abs() < 4.0 * (p * (1.0 - p) / f64::from(n)).sqrt(), "{y}: {share} not {p}");
        }
    }

    #[test]
    fn periods_that_would_hang_are_refused() {
        for text in [
            "{ kind = 'on_off_exponential', peak = '1 packets/s', on = '0 s', off = '1 s' }",
            "{ kind = 'on_off_exponential', peak = '1 packets/s', on = '1 us', off = '1 us' }",
            "{ kind = 'on_off_pareto', peak = '1 packets/s', on = '1 s', off = '200 d' }",
        ] {
            assert_eq!(codes(&traffic(text).unwrap_err()), ["E0354"], "{text}");
        }
    }
}
