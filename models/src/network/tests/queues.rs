//! Single queues: packets one by one, regular arrivals, and what a queue makes of random ones.

use super::*;

/// A link of 10 Mbit/s from a to b.
fn line(keys: &str, traffic: &str) -> String {
    format!(
        "{{ node = {{ a = {{}}, b = {{}} }}, link = {{ l = {{ from = 'a', to = 'b', rate = '10 Mbit/s', {keys} }} }},
            traffic = {{ x = {{ from = 'a', to = 'b', {traffic} }} }} }}"
    )
}

#[test]
fn a_packet_takes_its_transmission_and_propagation() {
    let file = TestFile::new("single.csv", b"time,size\n0.1,1500\n");
    let text = line("delay = '5 ms'", &format!("kind = 'trace', file = '{}'", file.name));
    let system = system(&text).unwrap_or_else(|d| panic!("{d:?}"));
    let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(1), bins: 1 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert_eq!(value(&record, 0, "sojourn_time", "max"), 6.2e-3);
    assert_eq!(value(&record, 0, "sojourn_time", "mean"), 6.2e-3);
}

#[test]
fn regular_packets_do_not_wait() {
    // D/D/1 at half the rate and at all of it.
    for rate in ["5 Mbit/s", "10 Mbit/s"] {
        let record = run(&line("", &format!("kind = 'constant', rate = '{rate}'")), 100, 1);
        assert_eq!(value(&record, 1, "wait_time", "max"), 0.0, "{rate}");
        assert_eq!(value(&record, 0, "sojourn_time", "max"), 1.2e-3, "{rate}");
        assert_eq!(value(&record, 1, "occupancy", "max"), 1.0, "{rate}");
    }
}

/// Departures in 100 000 intervals of 10 ms, at load 0.8 and 800 packets/s.
fn departures(size: &str) -> Vec<f64> {
    let text = line(
        "queue = { kind = 'fifo', limit = 'none' }",
        &format!("kind = 'poisson', rate = '800 packets/s', size = {size}"),
    );
    let record = run(&text, 1000, 100_000);
    let row = record.series.rows.iter().find(|r| r.component == 1 && r.metric == "throughput").expect("a series");
    row.values[10_000..].iter().map(|rate| (rate * 0.01).round()).collect()
}

/// Mean, variance over mean, and the correlation of neighbours.
fn moments(counts: &[f64]) -> (f64, f64, f64) {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
    let next = counts.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum::<f64>() / n;
    (mean, variance / mean, next / variance)
}

#[test]
fn departures_of_an_mm1_queue_are_a_poisson_process() {
    // Burke 1956, doi:10.1287/opre.4.6.699 (DOI from memory). Counts have mean and variance 8 and the shape of Poisson's
    // law, and those of neighbouring intervals are independent.
    let counts = departures("{ kind = 'exponential', mean = '10 kbit' }");
    let n = counts.len() as f64;
    let (mean, dispersion, neighbours) = moments(&counts);
    assert!((mean - 8.0).abs() < 3.3 * (8.0 / n).sqrt(), "{mean}");
    assert!((dispersion - 1.0).abs() < 3.3 * (2.125 / n).sqrt(), "{dispersion}");
    assert!(neighbours.abs() < 3.3 / n.sqrt(), "{neighbours}");
    // Chi-squared over 2 to 15 departures, with the tails in two cells.
    let (mut p, mut cells) = ((-8.0f64).exp(), vec![(0.0, 0.0); 16]);
    for k in 0..200 {
        cells[(k as usize).clamp(1, 16) - 1].1 += n * p;
        p *= 8.0 / f64::from(k + 1);
    }
    for c in &counts {
        cells[(*c as usize).clamp(1, 16) - 1].0 += 1.0;
    }
    let chi2: f64 = cells.iter().map(|(found, expected)| (found - expected).powi(2) / expected).sum();
    assert!((chi2 - 15.0).abs() < 3.3 * 30f64.sqrt(), "{chi2}");
    // Packets of one size leave more regularly than they come: the test can fail.
    let (_, dispersion, neighbours) = moments(&departures("{ kind = 'constant', size = '10 kbit' }"));
    assert!(dispersion < 0.8 && neighbours.abs() > 0.02, "{dispersion} {neighbours}");
}
