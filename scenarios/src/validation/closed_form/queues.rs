//! Single queues. Rates per unit of time; first in, first out; infinite waiting room unless said otherwise.
//!
//! Kleinrock 1975, Queueing Systems vol. 1 (M/M/1, M/M/c, M/M/1/K, M/G/1); Erlang 1917; Cobham 1954,
//! doi:10.1287/opre.2.1.70.

/// Mean values of a queue in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Number in the system, waiting or in service (L).
    pub number: f64,
    /// Time in the system (W).
    pub sojourn: f64,
    /// Time before service (Wq).
    pub wait: f64,
    /// Busy share of a server.
    pub utilization: f64,
}

impl Queue {
    /// From the mean wait, by Little's law.
    pub(super) fn from_wait(lambda: f64, service: f64, servers: f64, wait: f64) -> Self {
        let sojourn = wait + service;
        Self { number: lambda * sojourn, sojourn, wait, utilization: lambda * service / servers }
    }
}

/// An M/M/1 queue in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mm1 {
    /// Mean values.
    pub means: Queue,
    /// Variance of the number in the system, rho / (1 - rho)^2.
    pub number_variance: f64,
}

impl Mm1 {
    /// Quantile `p` of the time in the system, which is exponential.
    pub fn sojourn_quantile(&self, p: f64) -> f64 {
        exponential_quantile(self.means.sojourn, p)
    }
}

/// Quantile `p` of an exponential time with this mean.
pub fn exponential_quantile(mean: f64, p: f64) -> f64 {
    -mean * (-p).ln_1p()
}

/// M/M/1: L = rho / (1 - rho), W = 1 / (mu - lambda); the number in the system is geometric.
pub fn mm1(lambda: f64, mu: f64) -> Mm1 {
    let rho = lambda / mu;
    Mm1 {
        means: Queue::from_wait(lambda, 1.0 / mu, 1.0, rho / (mu - lambda)),
        number_variance: rho / ((1.0 - rho) * (1.0 - rho)),
    }
}

/// Erlang B: the share of customers lost at `c` servers without a waiting room under `a` erlangs. It holds for any law of
/// service times.
pub fn erlang_b(c: u32, a: f64) -> f64 {
    (1..=c).fold(1.0, |b, n| a * b / (f64::from(n) + a * b))
}

/// Erlang C: the share of customers that wait at `c` servers under `a < c` erlangs.
pub fn erlang_c(c: u32, a: f64) -> f64 {
    let b = erlang_b(c, a);
    let c = f64::from(c);
    c * b / (c - a * (1.0 - b))
}

/// M/M/c: Wq = C / (c mu - lambda) with Erlang C.
pub fn mmc(lambda: f64, mu: f64, c: u32) -> Queue {
    let wait = erlang_c(c, lambda / mu) / (f64::from(c) * mu - lambda);
    Queue::from_wait(lambda, 1.0 / mu, f64::from(c), wait)
}

/// M/M/c: the share that waits longer than `t`, P(W > t) = C exp(-(c mu - lambda) t) with Erlang C.
pub fn mmc_waits_longer(lambda: f64, mu: f64, c: u32, t: f64) -> f64 {
    erlang_c(c, lambda / mu) * libm::exp(-(f64::from(c) * mu - lambda) * t)
}

/// M/M/c: what the share `p`, more than do not wait at all, waits no longer than.
pub fn mmc_wait_quantile(lambda: f64, mu: f64, c: u32, p: f64) -> f64 {
    libm::log(erlang_c(c, lambda / mu) / (1.0 - p)) / (f64::from(c) * mu - lambda)
}

/// An M/M/1/K queue in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mm1k {
    /// The share of customers that find the system full.
    pub loss: f64,
    /// Mean number in the system.
    pub number: f64,
    /// Mean time in the system of those who are let in.
    pub sojourn: f64,
    /// Busy share of the server.
    pub utilization: f64,
}

/// M/M/1/K: at most `k` in the system, the one in service included; P(n) is proportional to rho^n.
pub fn mm1k(lambda: f64, mu: f64, k: u32) -> Mm1k {
    let weights: Vec<f64> = (0..=k).map(|n| (lambda / mu).powi(n as i32)).collect();
    let sum: f64 = weights.iter().sum();
    let loss = weights[k as usize] / sum;
    let number = weights.iter().enumerate().map(|(n, w)| n as f64 * w).sum::<f64>() / sum;
    Mm1k { loss, number, sojourn: number / (lambda * (1.0 - loss)), utilization: 1.0 - weights[0] / sum }
}

/// M/G/1 by Pollaczek and Khinchine: Wq = lambda E[S^2] / (2 (1 - rho)).
pub fn pollaczek_khinchine(lambda: f64, service: f64, service_second_moment: f64) -> Queue {
    let wait = lambda * service_second_moment / (2.0 * (1.0 - lambda * service));
    Queue::from_wait(lambda, service, 1.0, wait)
}

/// The share lost by M/D/1/K, K with the packet in service, at load `rho`: 1 - 1 / (p + rho), p the share of departures that
/// leave it empty, from the chain embedded at departures.
pub fn md1k_loss(rho: f64, k: usize) -> f64 {
    let mut poisson = vec![(-rho).exp()];
    for i in 1..k {
        poisson.push(poisson[i - 1] * rho / i as f64);
    }
    let mut left = vec![1.0];
    for j in 0..k - 1 {
        let into = left[0] * poisson[j] + (1..=j).map(|i| left[i] * poisson[j + 1 - i]).sum::<f64>();
        left.push((left[j] - into) / poisson[0]);
    }
    1.0 - 1.0 / (1.0 / left.iter().sum::<f64>() + rho)
}

/// What waits in M/D/1 have beyond `x` services on average, E (W - x)+, in services (`x` whole and small). By Crommelin
/// 1932: P(W <= t) = (1 - rho) sum over i = 0 .. t of (rho (i - t))^i / i! exp(-rho (i - t)).
pub fn md1_wait_beyond(rho: f64, x: u32) -> f64 {
    let at_most = |t: f64| {
        let term = |i: i32| {
            let factorial: f64 = (1..=i).map(f64::from).product();
            let y = rho * (f64::from(i) - t);
            y.powi(i) / factorial * (-y).exp()
        };
        (1.0 - rho) * (0..=t as i32).map(term).sum::<f64>()
    };
    // E min(W, x) by Simpson's rule over each service, within which P is smooth.
    let (steps, mut below) = (200, 0.0);
    let h = 0.5 / f64::from(steps);
    for i in 0..x {
        for k in 0..steps {
            let t = f64::from(i) + 2.0 * h * f64::from(k);
            // From the left: P(W <= t) has a corner, not a jump, at whole t > 0.
            below += h / 3.0 * (6.0 - at_most(t) - 4.0 * at_most(t + h) - at_most(t + 2.0 * h));
        }
    }
    rho / (2.0 * (1.0 - rho)) - below
}

/// M/G/1 with priorities, not preemptive: the mean wait of each class, the most urgent first. A class is its arrival rate
/// and the first two moments of its service time. `W_k = W_0 / ((1 - sigma_(k-1)) (1 - sigma_k))`.
pub fn cobham(classes: &[(f64, f64, f64)]) -> Vec<f64> {
    let residual: f64 = classes.iter().map(|(rate, _, second)| rate * second / 2.0).sum();
    let mut load = 0.0;
    let wait = |&(rate, service, _): &(f64, f64, f64)| {
        let before = load;
        load += rate * service;
        residual / ((1.0 - before) * (1.0 - load))
    };
    classes.iter().map(wait).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::closed_form::near;

    #[test]
    fn mm1_at_eighty_per_cent() {
        let q = mm1(0.8, 1.0);
        near(q.means.number, 4.0, 1e-12);
        near(q.means.sojourn, 5.0, 1e-12);
        near(q.means.wait, 4.0, 1e-12);
        near(q.means.utilization, 0.8, 1e-12);
        near(q.number_variance, 20.0, 1e-12);
        near(q.sojourn_quantile(0.99), 5.0 * 100f64.ln(), 1e-12);
    }

    #[test]
    fn mm1_at_forty_per_cent() {
        let q = mm1(0.5, 1.25).means;
        near(q.number, 2.0 / 3.0, 1e-12);
        near(q.sojourn, 4.0 / 3.0, 1e-12);
    }

    #[test]
    fn erlangs_tables() {
        for (a, c, b) in [(2.0, 3, 0.210_526), (10.0, 15, 0.036_496_9), (100.0, 110, 0.027_463_4), (8.0, 10, 0.121_661)]
        {
            near(erlang_b(c, a), b, 1e-5);
        }
        for (a, c, p, wait) in
            [(3.0, 4, 0.509_434, 0.509_434), (6.0, 8, 0.356_981, 0.178_490), (7.2, 8, 0.701_533, 0.876_916)]
        {
            near(erlang_c(c, a), p, 1e-5);
            near(mmc(a, 1.0, c).wait, wait, 1e-5);
        }
        near(mmc(8.0, 1.0, 10).sojourn, 1.204_590, 1e-6);
        near(mmc(45.0, 1.0, 50).sojourn, 1.072_773, 1e-6);
    }

    #[test]
    fn tails_of_waits() {
        // M/M/4 at 0.85, in units of the mean service: mean wait 1.14886, P(W > that) by the formula from other software.
        near(mmc(3.4, 1.0, 4).wait, 1.148_860, 1e-6);
        near(mmc_waits_longer(3.4, 1.0, 4, 0.0), 0.689_316, 1e-6);
        near(mmc_waits_longer(3.4, 1.0, 4, 1.148_860_369_47), 0.345_981_014, 1e-8);
        let t = mmc_wait_quantile(3.4, 1.0, 4, 0.999);
        near(mmc_waits_longer(3.4, 1.0, 4, t), 0.001, 1e-12);
    }

    #[test]
    fn one_of_many_servers_is_mm1() {
        let (one, many) = (mm1(0.7, 1.0).means, mmc(0.7, 1.0, 1));
        near(one.wait, many.wait, 1e-12);
        near(one.number, many.number, 1e-12);
    }

    #[test]
    fn finite_waiting_rooms() {
        for (rho, k, loss, number) in [
            (0.8, 10, 0.023_492_9, 2.966_31),
            (1.0, 10, 0.090_909_1, 5.0),
            (1.2, 10, 0.192_586, 6.710_71),
            (0.9, 20, 0.013_651_4, 6.419_89),
        ] {
            let q = mm1k(rho, 1.0, k);
            near(q.loss, loss, 1e-5);
            near(q.number, number, 1e-5);
            // What gets in keeps the server busy.
            near(q.utilization, rho * (1.0 - q.loss), 1e-12);
        }
    }

    #[test]
    fn constant_services_in_a_finite_room() {
        for (rho, losses) in [
            (0.9, [0.234_637, 0.064_362, 0.047_203, 0.013_152, 0.001_502]),
            (1.0, [0.268_941, 0.103_449, 0.085_714, 0.046_154, 0.024_000]),
            (1.1, [0.302_101, 0.149_679, 0.134_378, 0.103_633, 0.092_546]),
        ] {
            for (k, loss) in [2, 5, 6, 11, 21].into_iter().zip(losses) {
                assert!((md1k_loss(rho, k) - loss).abs() < 1e-6, "{rho} {k}");
            }
        }
    }

    #[test]
    fn waits_beyond_some_services() {
        near(md1_wait_beyond(0.8, 0), 2.0, 1e-12);
        // E min(W, 1): P(W <= t) = (1 - rho) exp(rho t) up to one service.
        let below = 1.0 - 0.2 / 0.8 * (0.8f64.exp() - 1.0);
        near(md1_wait_beyond(0.8, 1), 2.0 - below, 1e-10);
        // The tail is exponential in the end: with the root of rho (e^s - 1) = s, each service more has e^-s of it.
        let ratio = md1_wait_beyond(0.8, 4) / md1_wait_beyond(0.8, 3);
        let s = -ratio.ln();
        near(0.8 * (s.exp() - 1.0), s, 1e-3);
    }

    #[test]
    fn general_service_times() {
        for (rho, wait) in [(0.5, 0.5), (0.8, 2.0), (0.9, 4.5), (0.95, 9.5)] {
            near(pollaczek_khinchine(rho, 1.0, 1.0).wait, wait, 1e-12);
        }
        // Ethernet mix on 10 Mbit/s, in ms.
        let sizes = [(7.0, 64.0), (4.0, 594.0), (1.0, 1518.0)].map(|(w, b)| (w / 12.0, b * 8.0 / 1e4));
        let mean: f64 = sizes.iter().map(|(w, s)| w * s).sum();
        let second: f64 = sizes.iter().map(|(w, s)| w * s * s).sum();
        for (rho, wait) in [(0.5, 0.344_942), (0.8, 1.379_766), (0.9, 3.104_474)] {
            near(pollaczek_khinchine(rho / mean, mean, second).wait, wait, 2e-6);
        }
    }

    #[test]
    fn priorities() {
        let exponential = [0.2, 0.3, 0.3].map(|rate| (rate, 1.0, 2.0));
        for (got, want) in cobham(&exponential).into_iter().zip([1.0, 2.0, 8.0]) {
            near(got, want, 1e-12);
        }
        let constant = [0.2, 0.3, 0.3].map(|rate| (rate, 1.0, 1.0));
        for (got, want) in cobham(&constant).into_iter().zip([0.5, 1.0, 4.0]) {
            near(got, want, 1e-12);
        }
    }

    #[test]
    fn priorities_conserve_the_mean_wait() {
        // Kleinrock's conservation law: sum rho_i W_i is that of first in, first out.
        let classes = [(0.3, 1.0, 2.0), (0.5, 1.0, 2.0)];
        let sum: f64 = cobham(&classes).iter().zip(&classes).map(|(w, c)| w * c.0 * c.1).sum();
        near(sum, 0.8 * pollaczek_khinchine(0.8, 1.0, 2.0).wait, 1e-12);
    }
}
