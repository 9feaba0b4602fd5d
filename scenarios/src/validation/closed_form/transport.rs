//! The rate of a TCP connection that loses packets. Approximations, which know nothing of whole segments.
//!
//! Mathis, Semke, Mahdavi & Ott 1997, doi:10.1145/263932.264023 (losses at regular intervals, no time-outs); Padhye,
//! Firoiu, Towsley & Kurose 1998, doi:10.1145/285237.285291, in the form of RFC 5348 section 3.1 (losses in bursts within
//! a round trip, time-outs).

/// `MSS / RTT sqrt(3/2) / sqrt(p)`, each segment acknowledged: segments of `mss` bits, a loss every 1/`p` segments.
pub fn square_root_law(mss: f64, rtt: f64, p: f64) -> f64 {
    mss / rtt * (1.5 / p).sqrt()
}

/// RFC 5348 section 3.1 with b = 1 and a time-out of four round trips, the form of the RFC; segments of `mss` bits are
/// lost with probability `p`.
pub fn with_timeouts(mss: f64, rtt: f64, p: f64) -> f64 {
    let timeouts = 4.0 * rtt * 3.0 * (3.0 * p / 8.0).sqrt() * p * (1.0 + 32.0 * p * p);
    mss / (rtt * (2.0 * p / 3.0).sqrt() + timeouts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::closed_form::near;

    #[test]
    fn a_round_trip_of_a_tenth_of_a_second() {
        let mss = 8.0 * 1460.0;
        for (p, plain, full) in [(1e-4, 14.305e6, 14.292e6), (1e-3, 4.5236e6, 4.483e6), (1e-2, 1.4305e6, 1.312e6)] {
            near(square_root_law(mss, 0.1, p), plain, 1e-4);
            near(with_timeouts(mss, 0.1, p), full, 1e-3);
        }
        near(with_timeouts(mss, 0.1, 0.05), 0.431e6, 2e-3);
    }
}
