//! The mean windows of RFC 9438 under regular losses, down to one in a hundred million, without a network.
//!
//! Tables 1 and 2 of RFC 9438 are for a path on which nothing but every 1/p-th segment is lost, so that a control can be
//! given its acknowledgements by hand: one for every hundredth of the window, a round trip long in all. The window falls to
//! the threshold at a loss, and no round trip is spent on its repair.

use sim_core::{SimDuration, SimTime};

use super::fixture::{ack, control};
use super::*;

/// The mean window over the last tenth of `cycles` losses, every `every` segments; `start` segments at the first.
fn mean_window(text: &str, every: f64, round_trip: f64, start: f64, cycles: u32) -> f64 {
    let mut control = control(text);
    let mut window = Window { size: start, threshold: start };
    let (mut now, mut segments, mut seconds) = (0.0, 0.0, 0.0);
    for cycle in 0..cycles {
        let flight = window.size;
        control.on_loss(&mut window, flight, SimTime::ZERO + SimDuration::from_secs_f64(now));
        window.size = window.threshold;
        let mut sent = 0.0;
        while sent < every {
            let n = (window.size / 20.0).floor().max(1.0);
            let took = n / window.size * round_trip;
            now += took;
            sent += n;
            control.on_ack(&mut window, &ack(now, n as u32, round_trip));
            if cycle >= cycles - cycles / 10 {
                segments += n;
                seconds += took;
            }
        }
    }
    segments / seconds * round_trip
}

/// CUBIC's after 400 losses: from far off it comes near soon, but at the plateau of its curve only as the inverse root of
/// the number of losses.
fn cubic_window(every: f64, round_trip: f64, start: f64) -> f64 {
    // The window before a loss is 4/(3 + beta) of the mean.
    mean_window("{ kind = 'cubic', fast_convergence = false }", every, round_trip, start * 4.0 / 3.7, 400)
}

/// Whether CUBIC has the expected windows, from a quarter above as from a quarter below.
fn cubic_comes_to(round_trip: f64, expected: &[(f64, f64)]) {
    for &(every, expected) in expected {
        for start in [0.75, 1.25] {
            let window = cubic_window(every, round_trip, start * expected);
            // The tables have 1.2/sqrt(p) where Reno is faster, which is by 2 % less than sqrt(3/2), and the greater of two
            // laws where both count.
            assert!((window / expected - 1.0).abs() < 0.055, "1/{every}: {window} is not {expected}");
        }
    }
}

#[test]
fn cubic_has_the_mean_windows_of_its_rfc_at_long_round_trips() {
    // Table 1, 0.1 s. At 1e-2 and 1e-3 it is as fast as Reno.
    cubic_comes_to(0.1, &[(1e2, 12.0), (1e3, 38.0), (1e4, 187.0), (1e5, 1054.0)]);
    cubic_comes_to(0.1, &[(1e6, 5926.0), (1e7, 33_325.0), (1e8, 187_400.0)]);
}

#[test]
fn cubic_has_the_mean_windows_of_its_rfc_at_short_round_trips() {
    // Table 2, 0.01 s. Down to 1e-6 it is as fast as Reno.
    cubic_comes_to(0.01, &[(1e2, 12.0), (1e3, 38.0), (1e4, 120.0), (1e5, 379.0)]);
    cubic_comes_to(0.01, &[(1e6, 1200.0), (1e7, 5926.0), (1e8, 33_325.0)]);
}

#[test]
fn reno_has_the_mean_windows_of_the_same_tables() {
    // 1.2/sqrt(p), whatever the round trip; the square-root law has sqrt(3/2) = 1.2247.
    let expected = [12.0, 38.0, 120.0, 379.0, 1200.0, 3795.0, 12_000.0];
    for (every, expected) in [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].into_iter().zip(expected) {
        let window = mean_window("{ kind = 'reno', byte_counting = true }", every, 0.1, expected, 40);
        assert!((window / expected - 1.0).abs() < 0.05, "1/{every}: {window} is not {expected}");
    }
}

#[test]
fn ten_gigabits_a_second_need_few_losses() {
    // Table 3: segments of 1500 B, 0.1 s: the losses at which the mean window fills the path, by the laws of the tables:
    // 1.2/sqrt(p) for Reno, (C (3 + beta)/(4 (1 - beta)))^(1/4) (RTT/p)^(3/4) for CUBIC.
    for (rate, reno, cubic) in [(10e9, 2.0e-10, 2.9e-8), (1e9, 2.0e-8, 6.3e-7)] {
        let window: f64 = rate * 0.1 / 12e3;
        let constant = (0.4f64 * 3.7 / 1.2).powf(0.25);
        let (r, c) = ((1.2 / window).powi(2), 0.1 * (constant / window).powf(4.0 / 3.0));
        assert!((r / reno - 1.0).abs() < 0.05 && (c / cubic - 1.0).abs() < 0.02, "{r} {c}");
        // And the control itself then fills the path.
        let filled = cubic_window(1.0 / c, 0.1, window);
        assert!((filled / window - 1.0).abs() < 0.05, "{filled} is not {window}");
    }
}
