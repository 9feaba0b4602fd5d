//! What disciplines and connections know: RED's average and probability, round trips and what RFC 6298 makes of them.

use super::*;

fn all(text: &str, end: SimTime) -> impl Fn(&str, &str, &str) -> f64 {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let window = Window { warmup: SimTime::ZERO, end, bins: 1 };
    let record = system.run(Streams::new(1, 0), window).unwrap();
    assert_eq!(record.checks.violations, Vec::<String>::new());
    let names: Vec<String> = system.components().iter().map(|c| c.name.clone()).collect();
    move |name, metric, stat| {
        let component = names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no {name} in {names:?}"));
        value(&record, component as u32, metric, stat)
    }
}

#[test]
fn reds_probability_is_that_of_its_average() {
    let times: Vec<String> = (1..=200).map(|k| format!("'{} ms'", 5 * k)).collect();
    for gentle in [false, true] {
        let text = format!(
            "{{ node = {{ a = {{}}, z = {{}} }},
                link = {{ l = {{ from = 'a', to = 'z', rate = '10 Mbit/s',
                     queue = {{ kind = 'red', min_th = 5, max_th = 15, max_p = 0.1, w_q = 0.02, gentle = {gentle}, limit = '40 packets' }} }} }},
                traffic = {{ x = {{ from = 'a', to = 'z', kind = 'on_off_exponential', peak = '30 Mbit/s', on = '40 ms', off = '60 ms',
                     size = {{ kind = 'constant', size = '1250 B' }} }} }},
                probe = {{ average = {{ kind = 'count', of = 'l', metric = 'average_queue', times = [{times}] }},
                           share = {{ kind = 'count', of = 'l', metric = 'drop_probability', times = [{times}] }} }} }}",
            times = times.join(", ")
        );
        let of = all(&text, SimTime::from_ticks(1_100_000_000_000));
        let (mut lower, mut upper) = (0, 0);
        for k in 1..=200 {
            let at = |metric: &str| of(&format!("l@{metric} {} ms", 5 * k), metric, "mean");
            let (average, p) = (at("average_queue"), at("drop_probability"));
            let exact = match average {
                ..5.0 => 0.0,
                ..15.0 => 0.1 * (average - 5.0) / 10.0,
                ..30.0 if gentle => 0.1 + 0.9 * (average - 15.0) / 15.0,
                _ => 1.0,
            };
            // The average is told to a millionth of a packet.
            assert!((p - exact).abs() < 0.06e-6 + 1e-9, "gentle {gentle}, {average}: {p} is not {exact}");
            lower += u32::from((5.0..15.0).contains(&average));
            upper += u32::from(average >= 15.0);
        }
        assert!(lower > 10 && upper > 5, "{lower} {upper}");
    }
}

/// A connection with one segment under way at a time, the k-th of which takes `course[k]` us; the SYN is the first. Its levels a
/// millisecond after each, in s.
fn connection(course: &[u64], rto_min: &str) -> (Vec<[f64; 3]>, [f64; 2]) {
    let (mut sent, mut changes, mut times) = (0, Vec::new(), Vec::new());
    for (k, trip) in course.iter().enumerate() {
        if k > 0 {
            // While the one before is under way.
            changes.push(format!(
                "i{k} = {{ at = '{} us', target = 'link.l.delay', value = '{trip} us' }}",
                sent - 10_000
            ));
        }
        sent += trip;
        times.push(sent + 1000);
    }
    let quoted: Vec<String> = times.iter().map(|t| format!("'{t} us'")).collect();
    let level = |metric: &str| {
        format!("{metric} = {{ kind = 'count', of = 'x', metric = '{metric}', times = [{}] }}", quoted.join(", "))
    };
    let text = format!(
        "{{ node = {{ a = {{}}, z = {{}} }}, intervention = {{ {} }},
            link = {{ l = {{ from = 'a', to = 'z', delay = '{} us', reverse = {{ delay = '0 s' }} }} }},
            traffic = {{ x = {{ from = 'a', to = 'z', kind = 'bulk',
                                tcp = {{ receive_window = '1460 B', delayed_ack = 1, rto_min = '{rto_min}' }} }} }},
            probe = {{ trips = {{ kind = 'round_trip', of = 'x' }}, {}, {}, {} }} }}",
        changes.join(", "),
        course[0],
        level("srtt"),
        level("rttvar"),
        level("rto")
    );
    let of = all(&text, SimTime::from_ticks((sent + 2000) * 1_000_000));
    assert_eq!(of("x", "timeouts", "mean"), 0.0);
    let at = |t: &u64| ["srtt", "rttvar", "rto"].map(|metric| of(&format!("x@{metric} {t} us"), metric, "mean"));
    (times.iter().map(at).collect(), ["mean", "max"].map(|stat| of("x", "round_trip_time", stat)))
}

/// Smoothed time, variation and time-out without a minimum after each sample (RFC 6298 section 2, G of 1 ms), in s.
fn rfc_6298(samples: &[u64]) -> Vec<[f64; 3]> {
    let (mut smoothed, mut variation) = (f64::NAN, 0.0);
    let next = |sample: &u64| {
        let r = *sample as f64 * 1e-6;
        if smoothed.is_nan() {
            (smoothed, variation) = (r, r / 2.0);
        } else {
            variation = 0.75 * variation + 0.25 * (smoothed - r).abs();
            smoothed = 0.875 * smoothed + 0.125 * r;
        }
        [smoothed, variation, smoothed + f64::max(0.001, 4.0 * variation)]
    };
    samples.iter().map(next).collect()
}

#[test]
fn time_outs_follow_the_round_trips_of_a_link_whose_delay_changes() {
    let ms = [100, 120, 80, 100, 400, 100, 100, 100, 350, 360, 370, 50, 50, 50, 100];
    let samples = ms.map(|t| t * 1000);
    let (levels, [mean, max]) = connection(&samples, "1 s");
    let exact = rfc_6298(&samples);
    for (found, exact) in levels.iter().zip(&exact) {
        assert!((found[0] - exact[0]).abs() < 1e-11 && (found[1] - exact[1]).abs() < 1e-11, "{found:?} {exact:?}");
        // All are below the minimum.
        assert_eq!(found[2], 1.0);
    }
    // The last of the series that other software gives.
    assert!((exact[14][2] - 0.606_833_954_47).abs() < 1e-9);
    let sum: u64 = ms.iter().sum();
    assert!((mean - sum as f64 / 15_000.0).abs() < 1e-12 && (max - 0.4).abs() < 1e-12, "{mean} {max}");
    // One that never comes too late: the time-out as it is.
    let samples: Vec<u64> = (0..12).map(|k| 100_000 + 10_000 * (k % 5)).collect();
    let (levels, _) = connection(&samples, "1 ms");
    for (found, exact) in levels.iter().zip(rfc_6298(&samples)) {
        assert!(found.iter().zip(exact).all(|(f, e)| (f - e).abs() < 1e-11), "{found:?} {exact:?}");
    }
}

#[test]
fn round_trips_are_told_where_they_are_asked_for() {
    let text = |traffic: &str, probe: &str| {
        format!(
            "{{ node = {{ a = {{}}, z = {{}} }}, probe = {{ {probe} }},
                link = {{ l = {{ from = 'a', to = 'z', rate = '10 Mbit/s', delay = '5 ms' }} }},
                traffic = {{ x = {{ from = 'a', to = 'z', {traffic} }} }} }}"
        )
    };
    let probe = "p = { kind = 'round_trip', of = 'x' }";
    let web = "kind = 'web', rate = '3 /s', bytes = '20 kB'";
    let metrics = |traffic: &str, probe: &str| {
        let system = system(&text(traffic, probe)).unwrap_or_else(|d| panic!("{d:?}"));
        let window = Window { warmup: SimTime::ZERO, end: SimTime::from_secs(9), bins: 3 };
        let record = system.run(Streams::new(1, 0), window).unwrap();
        record.measures.iter().map(|m| (m.component, m.metric, m.stat, m.value.to_bits())).collect::<Vec<_>>()
    };
    for (traffic, levels) in [("kind = 'bulk', connections = 3", true), (web, false)] {
        let (plain, asked) = (metrics(traffic, ""), metrics(traffic, probe));
        let is_new = |m: &&(u32, &str, &str, u64)| ["round_trip_time", "srtt", "rttvar", "rto"].contains(&m.1);
        assert_eq!(asked.iter().filter(|m| !is_new(m)).collect::<Vec<_>>(), plain.iter().collect::<Vec<_>>());
        assert_eq!(asked.iter().any(|m| m.1 == "rto"), levels, "{traffic}");
        let mean = asked.iter().find(|m| (m.1, m.2) == ("round_trip_time", "mean")).unwrap();
        // 10 ms of propagation and 1.2 ms for a segment at least.
        assert!(f64::from_bits(mean.3) > 0.01, "{}", f64::from_bits(mean.3));
    }
    for (traffic, probe, code) in [
        ("kind = 'poisson', rate = '1 Mbit/s'", probe, "E0398"),
        ("kind = 'bulk'", "p = { kind = 'round_trip', of = 'y' }", "E0398"),
        ("kind = 'bulk'", "p = { kind = 'round_trip', of = 'x' }, q = { kind = 'round_trip', of = 'x' }", "E0608"),
        ("kind = 'bulk'", "p = { kind = 'count', of = 'x', metric = 'rto', times = ['1 s'] }", "E0398"),
    ] {
        let found = system(&text(traffic, probe)).err().unwrap_or_else(|| panic!("accepted: {probe}"));
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{probe}");
    }
}
