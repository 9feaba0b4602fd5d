//! Sequences of colours by the RFCs, verdicts by hand, and M/D/1/K.

use sim_core::rng::Rng;

use super::super::{STAGES, fixture};
use super::*;
use crate::network::traffic::fixture::{codes, table};

const SECOND: u64 = 1_000_000_000_000;

fn read(text: &str) -> (Result<StageSpec, Diagnostics>, Diagnostics) {
    fixture::read(text, &[])
}

fn gate(text: &str) -> Box<dyn Gate> {
    fixture::gate(text, &[])
}

/// The colours of `n` packets of 500 B at each of the seconds.
fn colors(text: &str, packets: &[(u64, u32)], before: Color) -> Vec<String> {
    let mut gate = gate(text);
    let mut of_packet = |at: u64| {
        let mut packet = Packet { color: before, ..Packet::new(0, 4000, SimTime::ZERO) };
        let passed = gate.judge(&mut packet, SimTime::from_secs(at), &mut Effects::default());
        assert_eq!(passed.is_err(), packet.color == Color::Red);
        ["G", "Y", "R"][packet.color as usize]
    };
    packets.iter().map(|&(at, n)| (0..n).map(|_| of_packet(at)).collect()).collect()
}

const INPUT: &[(u64, u32)] = &[(0, 12), (1, 4), (5, 8)];

#[test]
fn one_rate_three_colors() {
    let meter = "{ kind = 'srtcm', cir = '1000 B/s', cbs = '2000 B', ebs = '3000 B', color_aware = AWARE }";
    let blind = meter.replace("AWARE", "false");
    assert_eq!(colors(&blind, INPUT, Color::Green), ["GGGGYYYYYYRR", "GGRR", "GGGGYYYY"]);
    // Colour-blind, what came before does not matter; aware, nothing gets better.
    assert_eq!(colors(&blind, INPUT, Color::Red), ["GGGGYYYYYYRR", "GGRR", "GGGGYYYY"]);
    let aware = meter.replace("AWARE", "true");
    assert_eq!(colors(&aware, INPUT, Color::Green), ["GGGGYYYYYYRR", "GGRR", "GGGGYYYY"]);
    // The committed bucket stays full, so that all that comes runs over into the excess bucket.
    assert_eq!(colors(&aware, INPUT, Color::Yellow), ["YYYYYYRRRRRR", "YYRR", "YYYYYYRR"]);
    assert_eq!(colors(&aware, INPUT, Color::Red), ["RRRRRRRRRRRR", "RRRR", "RRRRRRRR"]);
}

#[test]
fn two_rates_three_colors() {
    let meter =
        "{ kind = 'trtcm', cir = '1000 B/s', cbs = '2000 B', pir = '2000 B/s', pbs = '4000 B', color_aware = AWARE }";
    let blind = meter.replace("AWARE", "false");
    assert_eq!(colors(&blind, INPUT, Color::Green), ["GGGGYYYYRRRR", "GGYY", "GGGGYYYY"]);
    let aware = meter.replace("AWARE", "true");
    assert_eq!(colors(&aware, INPUT, Color::Yellow), ["YYYYYYYYRRRR", "YYYY", "YYYYYYYY"]);
    assert_eq!(colors(&aware, INPUT, Color::Red), ["RRRRRRRRRRRR", "RRRR", "RRRRRRRR"]);
}

#[test]
fn code_points_of_assured_forwarding_are_colors() {
    let mut gate = gate(
        "{ kind = 'srtcm', cir = '1 Mbit/s', cbs = '10 kB', ebs = '10 kB', color_aware = true, green = { dscp = 'CS1' },
           yellow = { dscp = 'AF12' }, red = { dscp = 0 } }",
    );
    for (name, color, after) in [
        ("BE", Color::Green, 8),
        ("AF11", Color::Green, 8),
        ("AF12", Color::Yellow, 12),
        ("AF42", Color::Yellow, 12),
        ("AF13", Color::Red, 0),
        ("EF", Color::Green, 8),
        ("CS5", Color::Green, 8),
    ] {
        let dscp = label::dscp_of(name).unwrap();
        let mut packet = Packet { dscp, ..Packet::new(0, 800, SimTime::ZERO) };
        let mut effects = Effects::default();
        assert_eq!(gate.judge(&mut packet, SimTime::ZERO, &mut effects), Ok(()));
        assert_eq!((packet.color, packet.dscp), (color, after), "{name}");
        assert_eq!(effects.signals, [([GREEN, YELLOW, RED][color as usize], 1)]);
    }
    assert_eq!((gate.largest(), gate.reasons()), (None, Vec::new()));
}

#[test]
fn a_policer_drops_what_has_no_tokens() {
    // Times in us and sizes in bytes; verdicts and tokens left (B) worked out by hand.
    let packets = [
        (0, 1500, true, 1500.0),
        (0, 1000, true, 500.0),
        (0, 500, true, 0.0),
        (1000, 200, false, 125.0),
        (4000, 500, true, 0.0),
        (8000, 1000, false, 500.0),
        (12_000, 64, true, 936.0),
        (12_000, 1500, false, 936.0),
        (20_000, 1500, true, 436.0),
        (44_000, 3000, true, 0.0),
        (44_001, 40, false, 0.125),
        (60_000, 1500, true, 500.0),
        (60_000, 500, true, 0.0),
        (61_000, 200, false, 125.0),
        (62_000, 1500, false, 250.0),
        (90_000, 3001, false, 3000.0),
    ];
    let table = table(STAGES, "{ kind = 'policer', rate = '1 Mbit/s', burst = '3000 B' }");
    let mut bucket = TokenBucket::read(&table, "rate", 24_000).unwrap();
    let mut gate = gate("{ kind = 'policer', rate = '1 Mbit/s', burst = '3000 B' }");
    for (at, bytes, passes, tokens) in packets {
        let now = SimTime::from_ticks(at * 1_000_000);
        let verdict = gate.judge(&mut Packet::new(0, 8 * bytes, now), now, &mut Effects::default());
        assert_eq!(verdict, if passes { Ok(()) } else { Err(POLICED) }, "at {at} us");
        bucket.fill(now);
        bucket.take(8 * bytes);
        assert_eq!(bucket.level() / 8.0, tokens, "at {at} us");
    }
}

/// P(loss) of M/D/1/K, K with the packet in service: 1 - 1 / (p + rho), p the share of departures that leave it empty.
fn md1k_loss(rho: f64, k: usize) -> f64 {
    let arrivals: Vec<f64> = (0..k)
        .scan((-rho).exp(), |p, i| {
            let now = *p;
            *p *= rho / (i + 1) as f64;
            Some(now)
        })
        .collect();
    // pi_(j+1) from the balance of state j, then normalised over 0..K-1.
    let mut pi = vec![1.0];
    for j in 0..k - 1 {
        let into: f64 = pi[0] * arrivals[j] + (1..=j).map(|i| pi[i] * arrivals[j + 1 - i]).sum::<f64>();
        pi.push((pi[j] - into) / arrivals[0]);
    }
    1.0 - 1.0 / (1.0 / pi.iter().sum::<f64>() + rho)
}

#[test]
fn the_closed_form_has_its_published_values() {
    let published = [
        (18.0, [0.234_637, 0.064_362, 0.047_203, 0.013_152, 0.001_502]),
        (20.0, [0.268_941, 0.103_449, 0.085_714, 0.046_154, 0.024_000]),
        (22.0, [0.302_101, 0.149_679, 0.134_378, 0.103_633, 0.092_546]),
    ];
    for (lambda, losses) in published {
        for (k, loss) in [2, 5, 6, 11, 21].into_iter().zip(losses) {
            assert!((md1k_loss(lambda / 20.0, k) - loss).abs() < 1e-6, "{lambda} {k}: {}", md1k_loss(lambda / 20.0, k));
        }
    }
}

#[test]
fn a_policer_of_k_packets_loses_as_a_queue_of_k() {
    // 20 packets/s of 8000 bit, against the virtual workload of a queue: accept if it is at most K - 1 services.
    const RUNS: u32 = 40;
    for (lambda, k, packets) in [(18.0, 5, 20_000), (20.0, 2, 10_000), (20.0, 11, 60_000), (22.0, 21, 40_000)] {
        let losses: Vec<f64> = (0..RUNS)
            .map(|run| {
                let mut gate = gate(&format!("{{ kind = 'policer', rate = '160 kbit/s', burst = '{k} kB' }}"));
                let mut rng = Rng::seed_from_u64(u64::from(run));
                let service = SECOND / 20;
                let (mut now, mut free, mut lost) = (0u64, 0u64, 0u32);
                let (mut seen, warm) = (0, 1000);
                for n in 0..packets + warm {
                    now += (rng.exponential() / lambda * SECOND as f64) as u64;
                    let at = SimTime::from_ticks(now);
                    let passed = gate.judge(&mut Packet::new(0, 8000, at), at, &mut Effects::default()).is_ok();
                    let workload = free.saturating_sub(now);
                    assert_eq!(passed, workload <= (k - 1) * service, "packet {n}");
                    if passed {
                        free = free.max(now) + service;
                    }
                    if n >= warm {
                        seen += 1;
                        lost += u32::from(!passed);
                    }
                }
                f64::from(lost) / f64::from(seen)
            })
            .collect();
        let (n, exact) = (f64::from(RUNS), md1k_loss(lambda / 20.0, k as usize));
        let mean = losses.iter().sum::<f64>() / n;
        let se = (losses.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
        assert!(se / exact < 0.01, "{lambda} {k}: too few packets to tell, {}", se / exact);
        assert!((mean - exact).abs() <= 3.3 * se, "{lambda} {k}: {mean}, not {exact} ({se})");
    }
}

#[test]
fn mistakes_and_doubts() {
    let refused = |text: &str| codes(&read(text).0.unwrap_err());
    assert_eq!(refused("{ kind = 'policer', rate = '0 bit/s', burst = '1 kB' }"), ["E0380"]);
    assert_eq!(refused("{ kind = 'policer', rate = '1 bit/s', burst = '0 B' }"), ["E0380"]);
    assert_eq!(refused("{ kind = 'policer', rate = '1 bit/s', burst = '200 GiB' }"), ["E0380"]);
    assert_eq!(refused("{ kind = 'srtcm', cir = '1 kbit/s', cbs = '0 B', ebs = '0 B' }"), ["E0380"]);
    assert!(read("{ kind = 'srtcm', cir = '1 kbit/s', cbs = '0 B', ebs = '1 B' }").0.is_ok());
    assert_eq!(
        refused("{ kind = 'trtcm', cir = '2 bit/s', pir = '1 bit/s', cbs = '0 B', pbs = '0 B' }"),
        ["E0380", "E0380", "E0381"]
    );
    let named = "{ kind = 'srtcm', cir = '1 kbit/s', cbs = '1 B', ebs = '1 B', red = { dscp = 'AF9' } }";
    assert_eq!(refused(named), ["E0337"]);
    let doubts = codes(&read("{ kind = 'policer', rate = '1 Mbit/s', burst = '20 kB' }").1);
    assert_eq!(doubts, ["W0380"]);
}
