//! Markov-modulated Poisson process: Poisson arrivals at a rate that a Markov chain chooses.
//!
//! State i lasts for an exponential time and sends at `rates[i]` meanwhile; `transitions[i][j]` is the rate from state i to
//! state j (Fischer & Meier-Hellstern 1993, doi:10.1016/0166-5316(93)90035-S (DOI from memory)). The chain starts in
//! equilibrium, so that the mean rate holds from the first instant. With two states and rates l1, l2, r1, r2 the index of
//! dispersion of counts tends to 1 + 2 r1 r2 (l1 - l2)^2 / ((r1 + r2)^2 (l1 r2 + l2 r1)).
//!
//! With a `shape` f state i sends at `rates[i]` x f(t); the chain keeps its own time. In each state the next packet comes where
//! the integral of the rate has reached an exponential variate, unless the state ends before: both are memoryless, so that
//! what is left of them is drawn anew, and nothing is thinned.
//!
//! Validated against: mean and index of dispersion for two states; mean and variance of counts by phase of a shape; MMPP/M/1.

use sim_core::config::{Data, Diagnostics, Field, Table, Type, Value};
use sim_core::quantity::Dimension;
use sim_core::{SimDuration, TICKS_PER_SECOND};

use super::rate::{PacketRate, RATE};
use super::shape::{SHAPE, Shape};
use super::{Emission, MakeTraffic, Streams, Traffic};
use crate::common::rows::one;
use crate::network::size::Size;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: "mmpp",
    doc: "Poisson arrivals at a rate that a Markov chain chooses: bursts with a memory.",
    fields: &[
        Field::required(
            "rates",
            Type::List(&RATE),
            "What is sent in each state: \"16 packets/s\" or \"1 Mbit/s\"; zero for silence.",
        ),
        Field::required(
            "transitions",
            Type::List(&Type::List(&Type::Quantity(&[Dimension::RATE]))),
            "Row i: the rates from state i to each state, [\"0 /s\", \"0.1 /s\"]; the diagonal does not matter.",
        ),
        SHAPE,
    ],
    make: |table, size, context| {
        let mmpp = Mmpp::read(table, size)?;
        Ok(match Shape::read(table, context)? {
            None => mmpp.into(),
            Some(shape) => Shaped { mmpp, shape }.into(),
        })
    },
};

/// More states than this are refused.
const STATES_MAX: usize = 256;

#[derive(Clone, Debug)]
struct Mmpp {
    size: Size,
    /// Packets a second in each state.
    rates: Vec<f64>,
    /// By state: the rate of leaving it, and cumulated shares of where to.
    leaving: Vec<f64>,
    ways: Vec<Vec<f64>>,
    /// The law of equilibrium.
    equilibrium: Vec<f64>,
    state: Option<usize>,
}

impl Mmpp {
    fn read(table: &Table, size: &Size) -> Result<Self, Diagnostics> {
        let rates = read_rates(table, size)?;
        let n = rates.len();
        let rows = table.list("transitions");
        let matrix: Vec<Vec<f64>> = rows.iter().map(row).collect();
        if let Some(bad) = rows.iter().zip(&matrix).find(|(_, r)| r.len() != n) {
            let message = format!("{} rates for {n} states", bad.1.len());
            return Err(one("E0357", bad.0.span, message, "one for each state", "the diagonal is \"0 /s\""));
        }
        if rows.len() != n {
            let message = format!("{} rows for {n} states", rows.len());
            let help = "transitions = [[\"0 /s\", \"0.1 /s\"], [\"0.1 /s\", \"0 /s\"]]";
            return Err(one("E0357", table.span_of("transitions"), message, "one for each state", help));
        }
        let Some(equilibrium) = equilibrium(&matrix) else {
            let message = "the chain does not come from every state to every other";
            return Err(one(
                "E0357",
                table.span_of("transitions"),
                message,
                "not irreducible",
                "give each state a way out and in",
            ));
        };
        let mean: f64 = rates.iter().zip(&equilibrium).map(|(r, p)| r * p).sum();
        if mean <= 0.0 {
            let message = "a source that is silent in every state";
            return Err(one("E0357", table.span_of("rates"), message, "nothing is sent", "give a state a rate"));
        }
        let off_diagonal = |(i, row): (usize, &Vec<f64>)| -> Vec<f64> {
            row.iter().enumerate().map(|(j, r)| if i == j { 0.0 } else { *r }).collect()
        };
        let ways: Vec<Vec<f64>> = matrix.iter().enumerate().map(off_diagonal).collect();
        let leaving = ways.iter().map(|row| row.iter().sum()).collect();
        Ok(Self { size: size.clone(), rates, leaving, ways, equilibrium, state: None })
    }
}

fn row(value: &Value) -> Vec<f64> {
    let cells = if let Data::List(cells) = &value.data { cells.as_slice() } else { &[] };
    cells.iter().filter_map(Value::as_quantity).map(|q| q.value).collect()
}

fn read_rates(table: &Table, size: &Size) -> Result<Vec<f64>, Diagnostics> {
    let values = table.list("rates");
    if values.is_empty() || values.len() > STATES_MAX {
        let message = format!("{} states", values.len());
        return Err(one("E0357", table.span_of("rates"), message, "from 1 to 256", "rates = [\"16 /s\", \"2 /s\"]"));
    }
    let (mut rates, mut wrong) = (Vec::new(), Diagnostics::default());
    for value in values {
        let q = value.as_quantity().expect("the checker knows the type");
        if q.exact.0 == 0 {
            rates.push(0.0);
            continue;
        }
        match PacketRate::new(q, size, value.span) {
            Ok(rate) => rates.push(rate.per_second()),
            Err(d) => wrong.extend(d),
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(rates) }
}

/// The law that the chain keeps, by elimination without subtraction (Grassmann, Taksar & Heyman 1985,
/// doi:10.1287/opre.33.5.1107); `None` if some state does not reach those before it.
fn equilibrium(matrix: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = matrix.len();
    let mut a = matrix.to_vec();
    for k in (1..n).rev() {
        let out: f64 = a[k][..k].iter().sum();
        if out <= 0.0 {
            return None;
        }
        for i in 0..k {
            a[i][k] /= out;
            for j in (0..k).filter(|j| *j != i) {
                a[i][j] += a[i][k] * a[k][j];
            }
        }
    }
    let mut law = vec![1.0; n];
    for k in 1..n {
        law[k] = (0..k).map(|i| law[i] * a[i][k]).sum();
    }
    let total: f64 = law.iter().sum();
    let law: Vec<f64> = law.into_iter().map(|p| p / total).collect();
    law.iter().all(|p| *p > 0.0).then_some(law)
}

/// The index that `u` in [0, total) falls on in a row of weights.
fn pick(weights: &[f64], mut u: f64) -> usize {
    let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
    weights
        .iter()
        .position(|w| {
            u -= w;
            u < 0.0
        })
        .unwrap_or(last)
}

impl Traffic for Mmpp {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let rng = &mut streams.gap;
        let mut state = self.state.unwrap_or_else(|| pick(&self.equilibrium, rng.uniform()));
        let mut seconds = 0.0;
        loop {
            let (send, leave) = (self.rates[state], self.leaving[state]);
            // With one state there is nowhere to go; a state that neither sends nor ends was refused.
            seconds += rng.exponential() / (send + leave);
            let u = rng.uniform() * (send + leave);
            if u < send {
                break;
            }
            state = pick(&self.ways[state], u - send);
        }
        self.state = Some(state);
        Some(Emission {
            gap: SimDuration::from_secs_f64(seconds),
            bits: self.size.draw(&mut streams.size),
            conversation: 0,
        })
    }
    fn mean_rate(&self) -> f64 {
        self.rates.iter().zip(&self.equilibrium).map(|(r, p)| r * p).sum()
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

/// The same at rates that follow a waveform.
#[derive(Clone, Debug)]
struct Shaped {
    mmpp: Mmpp,
    shape: Shape,
}

impl Traffic for Shaped {
    fn next(&mut self, streams: &mut Streams) -> Option<Emission> {
        let Self { mmpp, shape } = self;
        let rng = &mut streams.gap;
        let mut state = mmpp.state.unwrap_or_else(|| pick(&mmpp.equilibrium, rng.uniform()));
        let mut gap = 0u64;
        loop {
            let (send, leave) = (mmpp.rates[state], mmpp.leaving[state]);
            // The only state of a chain is never left.
            let stay = if leave > 0.0 { rng.exponential() / leave } else { f64::INFINITY };
            let stay = SimDuration::from_secs_f64(stay).ticks();
            if send > 0.0 {
                let area = rng.exponential() / send * TICKS_PER_SECOND as f64;
                if let Some(last) = shape.gap_within(stay, area) {
                    gap += last;
                    break;
                }
                if shape.is_over() {
                    return None;
                }
            } else {
                shape.pass(stay);
            }
            gap = gap.saturating_add(stay);
            state = pick(&mmpp.ways[state], rng.uniform() * leave);
        }
        mmpp.state = Some(state);
        let bits = mmpp.size.draw(&mut streams.size);
        Some(Emission { gap: SimDuration::from_ticks(gap), bits, conversation: 0 })
    }
    fn mean_rate(&self) -> f64 {
        self.mmpp.mean_rate() * self.shape.max
    }
    fn steady_rate(&self) -> Option<f64> {
        None
    }
    fn boxed_clone(&self) -> Box<dyn Traffic> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{codes, counts, sent, table, traffic, waveform};
    use super::*;

    /// Two states whose rates follow `shape`.
    fn shaped(shape: &str) -> Shaped {
        let table = table(super::super::TRAFFIC, TWO);
        Shaped { mmpp: Mmpp::read(&table, &Size::Constant(8)).unwrap(), shape: Shape::of(&waveform(shape)) }
    }

    #[test]
    fn a_shape_gives_each_phase_its_mean_and_variance() {
        // Twice the rates for 20 s, half of them for 10 s, nothing for 5 s, and again: fresh sources, four phases each.
        let shape = "{ kind = 'steps', period = '35 s', points = [['0 s', 2], ['20 s', 0.5], ['30 s', 0]] }";
        let phases = [(0.0, 20.0, 2.0), (20.0, 30.0, 0.5), (30.0, 35.0, 0.0), (35.0, 55.0, 2.0)];
        let (source, n) = (shaped(shape), 4000);
        assert_eq!((source.mean_rate(), source.steady_rate()), (18.0, None));
        let mut copies = vec![[0.0; 4]; n];
        for (seed, counts) in (500..).zip(&mut copies) {
            for (at, _) in sent(&mut source.clone(), seed, 55.0) {
                let phase = phases.iter().position(|p| (at as f64) < p.1 * 1e12).unwrap();
                counts[phase] += 1.0;
            }
        }
        for (phase, (from, to, value)) in phases.into_iter().enumerate() {
            // The rate of the chain has the covariance 49 exp(-r u), r = 0.2 /s; a count has the variance of its mean and that
            // of the integral, 2 x 49 (r t - 1 + exp(-r t)) / r^2.
            let (t, r) = (to - from, 0.2);
            let mean = 9.0 * value * t;
            let variance = mean + value * value * 98.0 * (r * t - 1.0 + f64::exp(-r * t)) / (r * r);
            let n = n as f64;
            let found = copies.iter().map(|counts| counts[phase]).sum::<f64>() / n;
            let moment = |k: i32| copies.iter().map(|counts| (counts[phase] - mean).powi(k)).sum::<f64>() / n;
            // The variance of a sample variance is (m4 - v^2) / n.
            let error = ((moment(4) - variance * variance) / n).max(0.0).sqrt();
            assert!((found - mean).abs() <= 4.0 * (variance / n).sqrt(), "{from}: {found} not {mean}");
            assert!((moment(2) - variance).abs() <= 4.0 * error, "{from}: {} not {variance}", moment(2));
        }
    }

    #[test]
    fn a_shape_of_one_changes_nothing_and_one_that_ends_ends_all() {
        let mut source = shaped("{ kind = 'steps', points = [['0 s', 1]] }");
        let (mean, dispersion) = counts(&mut source, 41, 400, 100.0);
        // IDC(100 s) = 1 + 54.444 (1 - (1 - exp(-20)) / 20).
        let expected: f64 = 1.0 + 490.0 / 9.0 * 0.95;
        assert!((mean - 900.0).abs() < 4.0 * (expected * 900.0 / 400.0).sqrt(), "{mean}");
        // Counts of twenty memories are nearly normal: a variance has the standard error sqrt(2/n).
        assert!((dispersion / expected - 1.0).abs() < 4.0 * (2.2f64 / 400.0).sqrt(), "{dispersion} not {expected}");
        let mut once = shaped("{ kind = 'steps', points = [['0 s', 1], ['40 s', 0]] }");
        let all = sent(&mut once, 42, 1e6);
        assert!(all.last().unwrap().0 < 40_000_000_000_000 && all.len() > 50, "{}", all.len());
    }

    const TWO: &str =
        "{ kind = 'mmpp', rates = ['16 /s', '2 /s'], transitions = [['0 /s', '0.1 /s'], ['0.1 /s', '0 /s']] }";

    #[test]
    fn two_states_have_their_mean_and_dispersion() {
        let source = traffic(TWO).unwrap();
        assert_eq!(source.mean_rate(), 9.0);
        // IDC(t) = 1 + 54.444 (1 - (1 - exp(-r t)) / (r t)), r = 0.2; windows of 2000 s: 1 + 54.444 (1 - 1/400).
        let expected = 1.0 + 490.0 / 9.0 * (1.0 - 1.0 / 400.0);
        let (width, n, copies) = (2000.0, 200, 20);
        let (mut mean, mut dispersion) = (0.0, 0.0);
        for seed in 0..copies {
            let (m, d) = counts(source.boxed_clone().as_mut(), 40 + seed, n, width);
            mean += m / copies as f64;
            dispersion += d / copies as f64;
        }
        // 4000 windows: standard errors 0.09 % of the mean (4.2 x 0.09 % < 0.5 %) and 2.2 % of the dispersion.
        assert!((mean / 18_000.0 - 1.0).abs() < 0.005, "{mean}");
        assert!((dispersion / expected - 1.0).abs() < 0.05, "{dispersion} not {expected}");
    }

    #[test]
    fn equilibrium_solves_the_balance() {
        let matrix = vec![vec![0.0, 1.0, 2.0], vec![0.5, 0.0, 0.0], vec![0.0, 3.0, 0.0]];
        let law = equilibrium(&matrix).unwrap();
        for j in 0..3 {
            let inward: f64 = (0..3).filter(|i| *i != j).map(|i| law[i] * matrix[i][j]).sum();
            let outward: f64 = law[j] * (0..3).filter(|i| *i != j).map(|i| matrix[j][i]).sum::<f64>();
            assert!((inward - outward).abs() < 1e-12, "{j}");
        }
        assert_eq!(equilibrium(&[vec![0.0, 1.0], vec![0.0, 0.0]]), None);
        assert_eq!(equilibrium(&[vec![0.0, 0.0], vec![1.0, 0.0]]), None);
    }

    #[test]
    fn one_state_is_a_poisson_process() {
        let mut source = traffic("{ kind = 'mmpp', rates = ['8 /s'], transitions = [['0 /s']] }").unwrap();
        let (mean, dispersion) = counts(source.as_mut(), 3, 20_000, 1.0);
        assert!((mean - 8.0).abs() < 0.08 && (dispersion - 1.0).abs() < 0.04, "{mean} {dispersion}");
    }

    #[test]
    fn chains_that_make_no_sense_are_refused() {
        for text in [
            "{ kind = 'mmpp', rates = [], transitions = [] }",
            "{ kind = 'mmpp', rates = ['1 /s', '2 /s'], transitions = [['0 /s', '1 /s']] }",
            "{ kind = 'mmpp', rates = ['1 /s', '2 /s'], transitions = [['0 /s', '1 /s'], ['1 /s']] }",
            "{ kind = 'mmpp', rates = ['1 /s', '2 /s'], transitions = [['0 /s', '1 /s'], ['0 /s', '0 /s']] }",
            "{ kind = 'mmpp', rates = ['0 /s', '0 /s'], transitions = [['0 /s', '1 /s'], ['1 /s', '0 /s']] }",
        ] {
            assert_eq!(codes(&traffic(text).unwrap_err()), ["E0357"], "{text}");
        }
    }
}
