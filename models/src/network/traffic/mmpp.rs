//! Markov-modulated Poisson process: Poisson arrivals at a rate that a Markov chain chooses.
//!
//! State i lasts for an exponential time and sends at `rates[i]` meanwhile; `transitions[i][j]` is the rate from state i to
//! state j (Fischer & Meier-Hellstern 1993, doi:10.1016/0166-5316(93)90035-S (DOI from memory)). The chain starts in
//! equilibrium, so that the mean rate holds from the first instant. With two states and rates l1, l2, r1, r2 the index of
//! dispersion of counts tends to 1 + 2 r1 r2 (l1 - l2)^2 / ((r1 + r2)^2 (l1 r2 + l2 r1)).
//!
//! Validated against: mean and index of dispersion for two states; MMPP/M/1.

use sim_core::SimDuration;
use sim_core::config::{Data, Diagnostics, Field, Table, Type, Value};
use sim_core::quantity::Dimension;

use super::rate::{PacketRate, RATE};
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
    ],
    make: |table, size, _| Ok(Mmpp::read(table, size)?.into()),
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{codes, counts, traffic};
    use super::*;

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
