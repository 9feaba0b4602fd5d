//! Queues whose arrivals are not a Poisson process. Rates per unit of time; first in, first out; infinite waiting room.
//!
//! Regular arrivals: Kleinrock 1975, Queueing Systems vol. 1, ch. 6 (G/M/1). Modulated ones: Neuts 1981, Matrix-Geometric
//! Solutions in Stochastic Models, ch. 3. Fluid in bursts: Anick, Mitra & Sondhi 1982,
//! doi:10.1002/j.1538-7305.1982.tb03089.x. Heavy traffic: Kingman 1961, doi:10.1017/S0305004100036094. (All from memory.)

use super::queues::{Queue, exponential_quantile};

/// A D/M/1 queue in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dm1 {
    /// Mean values.
    pub means: Queue,
    /// The share of customers that wait.
    pub waits: f64,
}

impl Dm1 {
    /// Quantile `p` of the time in the system, which is exponential.
    pub fn sojourn_quantile(&self, p: f64) -> f64 {
        exponential_quantile(self.means.sojourn, p)
    }
}

/// D/M/1: sigma = exp(-mu (1 - sigma) / lambda) is the chance to wait, and the time in the system is exponential with
/// rate mu (1 - sigma).
pub fn dm1(lambda: f64, mu: f64) -> Dm1 {
    // From below the sequence rises to the root that is less than 1.
    let waits = (0..100_000).fold(0.0, |sigma: f64, _| (-mu * (1.0 - sigma) / lambda).exp());
    let wait = waits / (mu * (1.0 - waits));
    Dm1 { means: Queue::from_wait(lambda, 1.0 / mu, 1.0, wait), waits }
}

/// Kingman's approximation for one server under heavy traffic: Wq = rho / (1 - rho) (ca^2 + cs^2) / 2 services.
pub fn kingman(lambda: f64, service: f64, ca2: f64, cs2: f64) -> Queue {
    let rho = lambda * service;
    Queue::from_wait(lambda, service, 1.0, rho / (1.0 - rho) * 0.5 * (ca2 + cs2) * service)
}

type Matrix = [[f64; 2]; 2];

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let entry = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

fn inverse(a: &Matrix) -> Matrix {
    let d = a[0][0] * a[1][1] - a[0][1] * a[1][0];
    [[a[1][1] / d, -a[0][1] / d], [-a[1][0] / d, a[0][0] / d]]
}

/// Mean number in MMPP/M/1 with two states: arrivals at `rates[i]` in state i, which is left at rate `leave[i]`; services
/// at rate `mu`. The vectors of probabilities of n customers are `p_0 R^n`, R the least solution of
/// `A0 + R A1 + R^2 A2 = 0`.
pub fn mmpp_m1_number(rates: [f64; 2], leave: [f64; 2], mu: f64) -> f64 {
    // Level up, stay, level down: A0 = diag(rates), A1 = Q - A0 - A2, A2 = mu.
    let stay = [[-leave[0] - rates[0] - mu, leave[0]], [leave[1], -leave[1] - rates[1] - mu]];
    let away = inverse(&stay);
    let mut r: Matrix = [[0.0; 2]; 2];
    loop {
        let square = product(&r, &r);
        let up = |i: usize, j: usize| if i == j { rates[i] } else { 0.0 } + mu * square[i][j];
        let next = product(&[[up(0, 0), up(0, 1)], [up(1, 0), up(1, 1)]], &away);
        let next = [[-next[0][0], -next[0][1]], [-next[1][0], -next[1][1]]];
        // From below, every entry rises to its limit.
        let rise: f64 = next.as_flattened().iter().zip(r.as_flattened()).map(|(n, o)| n - o).sum();
        r = next;
        if rise < 1e-15 {
            break;
        }
    }
    let below = inverse(&[[1.0 - r[0][0], -r[0][1]], [-r[1][0], 1.0 - r[1][1]]]);
    // The queue is empty in state i with probability p_i: all levels together are the states' own equilibrium,
    // p (I - R)^-1 = (leave[1], leave[0]) / sum.
    let states = [leave[1] / (leave[0] + leave[1]), leave[0] / (leave[0] + leave[1])];
    // L = sum of n p R^n 1 = p (I - R)^-1 R (I - R)^-1 1.
    let after = product(&r, &below);
    states[0] * (after[0][0] + after[0][1]) + states[1] * (after[1][0] + after[1][1])
}

/// What a fluid source leaves in a buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// The share of time at which the buffer is not empty: the load.
    pub busy: f64,
    /// Mean content.
    pub mean: f64,
    /// Variance of the content.
    pub variance: f64,
}

/// One source that sends at rate `peak` during exponential periods of mean `on`, with exponential pauses of mean `off`,
/// into a buffer that is emptied at rate `c` < `peak`: P(Q > x) = rho exp(-eta x), eta = 1 / on / (peak - c) - 1 / off / c.
pub fn on_off_fluid(peak: f64, on: f64, off: f64, c: f64) -> Bursts {
    let busy = peak * on / (on + off) / c;
    let eta = 1.0 / on / (peak - c) - 1.0 / off / c;
    let mean = busy / eta;
    Bursts { busy, mean, variance: 2.0 * busy / (eta * eta) - mean * mean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::closed_form::near;

    #[test]
    fn regular_arrivals() {
        let q = dm1(0.8, 1.0);
        near(q.waits, 0.628_630, 1e-6);
        near(q.means.wait, 1.692_731, 1e-6);
        near(q.sojourn_quantile(0.5), std::f64::consts::LN_2 / (1.0 - q.waits), 1e-12);
        // Kingman's value is what it tends to.
        near(dm1(0.99, 1.0).means.wait, kingman(0.99, 1.0, 0.0, 1.0).wait, 0.02);
    }

    #[test]
    fn kingman_is_exact_for_poisson_arrivals() {
        near(kingman(0.8, 1.0, 1.0, 1.0).wait, 4.0, 1e-12);
    }

    #[test]
    fn modulated_arrivals() {
        near(mmpp_m1_number([16.0, 2.0], [0.1, 0.1], 12.0), 51.4855, 1e-6);
        // Equal rates are a Poisson process.
        near(mmpp_m1_number([9.0, 9.0], [0.3, 0.1], 12.0), 3.0, 1e-9);
        // Rates that change at once mix to their mean.
        near(mmpp_m1_number([16.0, 2.0], [1e4, 1e4], 12.0), 3.0, 1e-2);
    }

    #[test]
    fn bursts_of_fluid() {
        let q = on_off_fluid(2.0, 1.0, 2.5, 1.0);
        near(q.busy, 0.571_429, 1e-5);
        near(q.mean, 0.952_381, 1e-6);
        // Second moment 2 rho / eta^2, eta = 0.6.
        near(q.variance + q.mean * q.mean, 2.0 * 4.0 / 7.0 / 0.36, 1e-12);
    }
}
