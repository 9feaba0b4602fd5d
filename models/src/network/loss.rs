//! Laws of loss on links: which packets arrive damaged and are discarded.
//!
//! | kind | law | loss rate |
//! |---|---|---|
//! | `periodic` | every `every`-th packet, the first of them number `every` | 1/`every` |
//! | `bernoulli` | each packet with probability `p`, independently | p |
//! | `gilbert_elliott` | a state, good or bad, changes before each packet: good to bad with `p`, bad to good with `r`; a packet arrives with `k` in the good state, `h` in the bad one | (1-k) r/(p+r) + (1-h) p/(p+r) |
//!
//! The Gilbert-Elliott chain (Gilbert 1960, doi:10.1002/j.1538-7305.1960.tb03959.x; Elliott 1963,
//! doi:10.1002/j.1538-7305.1963.tb00955.x; DOIs from memory) starts in equilibrium. With `h` = 0 and `k` = 1 losses come in
//! bursts whose length is geometric with mean 1/r. The letters are those of Gilbert and Elliott and of Linux' netem
//! (`gemodel p r 1-h 1-k`).
//!
//! Validated against: every n-th packet, exactly; the binomial law (mean, variance); loss rate and burst lengths of the chain (mean, variance), and the
//! variance of the number lost, n pi (1 - pi) (1 + a) / (1 - a) with a = 1 - p - r.

use sim_core::config::{Diagnostics, Field, Table, Type};
use sim_core::rng::Rng;

use crate::registry::Kind;

/// A law of loss.
#[derive(Clone, Debug)]
pub enum Loss {
    /// At regular intervals.
    Periodic {
        /// How many packets make one loss.
        every: u64,
    },
    /// Independent.
    Bernoulli {
        /// The probability of loss.
        p: f64,
    },
    /// In bursts.
    GilbertElliott {
        /// Probability of going bad before a packet.
        p: f64,
        /// Probability of getting good again before a packet.
        r: f64,
        /// Probability that a packet is lost in the good and in the bad state.
        lost: [f64; 2],
    },
}

/// Makes a law from its checked table.
pub type MakeLoss = fn(&Table) -> Result<Loss, Diagnostics>;

const PROBABILITY: Type = Type::Number { min: 0.0, max: 1.0 };

/// The laws that come with the program.
pub const LOSSES: &[Kind<MakeLoss>] = &[
    Kind {
        name: "periodic",
        doc: "Every n-th packet is lost, which draws nothing: for transfers whose course is to be exact.",
        fields: &[Field::required(
            "every",
            Type::Integer { min: 1, max: i64::MAX },
            "n: the first loss is packet number n.",
        )],
        make: |table| Ok(Loss::Periodic { every: table.integer("every") as u64 }),
    },
    Kind {
        name: "bernoulli",
        doc: "Each packet is lost with the same probability, independently of all others.",
        fields: &[Field::required("p", PROBABILITY, "The probability that a packet is lost.")],
        make: |table| Ok(Loss::Bernoulli { p: table.number("p") }),
    },
    Kind {
        name: "gilbert_elliott",
        doc: "Losses in bursts: a state, good or bad, may change before each packet (a Markov chain in equilibrium).",
        fields: &[
            Field::required("p", PROBABILITY, "The probability of going from good to bad."),
            Field::required(
                "r",
                PROBABILITY,
                "The probability of going from bad to good; 1/r is the mean length of bursts.",
            ),
            Field::default("h", PROBABILITY, "0.0", "The probability that a packet arrives in the bad state."),
            Field::default("k", PROBABILITY, "1.0", "The probability that a packet arrives in the good state."),
        ],
        make: |table| {
            let lost = [1.0 - table.number("k"), 1.0 - table.number("h")];
            Ok(Loss::GilbertElliott { p: table.number("p"), r: table.number("r"), lost })
        },
    },
];

/// A law at work on a link.
#[derive(Clone, Debug)]
pub(super) struct Losses {
    law: Loss,
    rng: Rng,
    bad: bool,
    /// Packets since the last loss, of losses at intervals.
    passed: u64,
}

impl Losses {
    /// Begins in equilibrium.
    pub(super) fn new(law: &Loss, mut rng: Rng) -> Self {
        let bad = match law {
            Loss::GilbertElliott { p, r, .. } if *p > 0.0 => rng.uniform() * (p + r) < *p,
            _ => false,
        };
        Self { law: law.clone(), rng, bad, passed: 0 }
    }
    /// Whether the next packet is lost. Takes as many numbers from the stream for every packet.
    pub(super) fn next(&mut self) -> bool {
        match self.law {
            Loss::Periodic { every } => {
                self.passed = (self.passed + 1) % every;
                self.passed == 0
            }
            Loss::Bernoulli { p } => self.rng.uniform() < p,
            Loss::GilbertElliott { p, r, lost } => {
                let change = if self.bad { r } else { p };
                self.bad ^= self.rng.uniform() < change;
                self.rng.uniform() < lost[usize::from(self.bad)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::traffic::fixture::table;
    use super::*;

    fn losses(text: &str, seed: u64) -> Losses {
        let table = table(LOSSES, text);
        let law = (LOSSES.iter().find(|k| k.name == table.kind()).unwrap().make)(&table).unwrap();
        Losses::new(&law, Rng::seed_from_u64(seed))
    }

    /// Mean and variance of the numbers lost of `n` packets, in `runs` runs.
    fn lost(text: &str, n: u32, runs: u32) -> (f64, f64) {
        let of_run = |seed| {
            let mut l = losses(text, u64::from(seed));
            f64::from((0..n).filter(|_| l.next()).count() as u32)
        };
        let all: Vec<f64> = (0..runs).map(of_run).collect();
        moments(&all)
    }

    fn moments(all: &[f64]) -> (f64, f64) {
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        (mean, all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    /// Against an exact mean and variance, with the kurtosis of the law: within 3.3 standard errors.
    fn assert_law((mean, variance): (f64, f64), exact: (f64, f64), kurtosis: f64, n: f64) {
        let z = (mean - exact.0) / (exact.1 / n).sqrt();
        assert!(z.abs() <= 3.3, "mean {mean}, not {}: z = {z}", exact.0);
        let z = (variance / exact.1 - 1.0) / ((kurtosis - 1.0) / n).sqrt();
        assert!(z.abs() <= 3.3, "variance {variance}, not {}: z = {z}", exact.1);
    }

    #[test]
    fn every_third_is_lost() {
        let mut l = losses("{ kind = 'periodic', every = 3 }", 1);
        assert_eq!([(); 7].map(|()| l.next()), [false, false, true, false, false, true, false]);
        let mut all = losses("{ kind = 'periodic', every = 1 }", 1);
        assert!((0..5).all(|_| all.next()));
    }

    #[test]
    fn independent_losses_are_binomial() {
        // 1000 packets at 2 %: mean 20, variance 19.6, excess kurtosis 0.045.
        let found = lost("{ kind = 'bernoulli', p = 0.02 }", 1000, 10_000);
        assert_law(found, (20.0, 19.6), 3.045, 1e4);
        assert_eq!(lost("{ kind = 'bernoulli', p = 0 }", 1000, 2), (0.0, 0.0));
        assert_eq!(lost("{ kind = 'bernoulli', p = 1 }", 1000, 2), (1000.0, 0.0));
    }

    #[test]
    fn bursts_are_geometric() {
        let (p, r) = (0.02, 0.25);
        let mut l = losses(&format!("{{ kind = 'gilbert_elliott', p = {p}, r = {r} }}"), 3);
        let (mut bursts, mut gaps, mut length, mut bad) = (Vec::new(), Vec::new(), 0.0, None);
        while bursts.len() < 40_000 {
            let now = l.next();
            if bad.is_some_and(|b| b != now) {
                (if now { &mut gaps } else { &mut bursts }).push(length);
                length = 0.0;
            }
            length += 1.0;
            bad = Some(now);
        }
        // Geometric with parameter q: mean 1/q, variance (1 - q)/q^2, kurtosis 9 + q^2/(1 - q). The first stretch is one of
        // equilibrium, which is geometric, too.
        for (lengths, q) in [(&bursts, r), (&gaps, p)] {
            let kurtosis = 9.0 + q * q / (1.0 - q);
            assert_law(moments(lengths), (1.0 / q, (1.0 - q) / (q * q)), kurtosis, lengths.len() as f64);
        }
    }

    #[test]
    fn the_number_lost_in_bursts_has_its_mean_and_variance() {
        // X is lost or not, P(X) = e_s in state s. Var of the sum: n e (1 - e) + 2 (e_1 - e_0)^2 pi_0 pi_1 sum (n - j) a^j.
        for (text, p, r, lost_in) in [
            ("{ kind = 'gilbert_elliott', p = 0.02, r = 0.25 }", 0.02, 0.25, [0.0, 1.0]),
            ("{ kind = 'gilbert_elliott', p = 0.1, r = 0.4, h = 0.3, k = 0.95 }", 0.1, 0.4, [0.05, 0.7]),
        ] {
            let n = 1000;
            let (pi, a) = (p / (p + r), 1.0 - p - r);
            let rate = (1.0 - pi) * lost_in[0] + pi * lost_in[1];
            let lags: f64 = (1..n).map(|j| f64::from(n - j) * f64::powi(a, j)).sum();
            let spread: f64 = lost_in[1] - lost_in[0];
            let variance = f64::from(n) * rate * (1.0 - rate) + 2.0 * spread.powi(2) * pi * (1.0 - pi) * lags;
            // Near normal: bursts of 4 in 1000 packets.
            assert_law(lost(text, n as u32, 10_000), (f64::from(n) * rate, variance), 3.05, 1e4);
        }
    }

    #[test]
    fn chains_that_never_change_keep_their_state() {
        let of = |text: &str| lost(text, 1000, 2).0;
        assert_eq!(of("{ kind = 'gilbert_elliott', p = 0, r = 0 }"), 0.0);
        assert_eq!(of("{ kind = 'gilbert_elliott', p = 0.1, r = 0 }"), 1000.0);
        // Every other packet.
        assert_eq!(of("{ kind = 'gilbert_elliott', p = 1, r = 1 }"), 500.0);
    }
}
