//! What connections get that share a link, and what each gets alone.

use super::*;

/// Senders behind links of 1 Gbit/s and these round trips (ms), `each` connections a sender, before a link of `rate`
/// Mbit/s; `more` traffic from its first node.
fn senders(round_trips: &[f64], each: u32, rate: u32, queue: &str, tcp: &str, more: &str) -> String {
    let list = |f: &dyn Fn(usize, &f64) -> String| -> String {
        round_trips.iter().enumerate().map(|(i, rtt)| f(i, rtt)).collect()
    };
    format!(
        "{{ node = {{ {} r = {{}}, b = {{}} }},
            link = {{ {} l = {{ from = 'r', to = 'b', rate = '{rate} Mbit/s', delay = '1 ms', queue = {queue} }} }},
            traffic = {{ {} {more} }} }}",
        list(&|i, _| format!("a{i} = {{}}, ")),
        list(&|i, rtt| format!(
            "k{i} = {{ from = 'a{i}', to = 'r', rate = '1 Gbit/s', delay = '{} us' }}, ",
            500.0 * rtt - 1000.0
        )),
        list(&|i, _| format!(
            "x{i} = {{ kind = 'bulk', from = 'a{i}', to = 'b', connections = {each}, stagger = '1 s',
                       start = '{} ms', tcp = {{ {tcp} }} }}, ",
            137 * i
        )),
    )
}

#[test]
fn many_connections_need_a_small_buffer() {
    // Appenzeller, Keslassy & McKeown 2004, doi:10.1145/1015467.1015499 (DOI from memory): a bandwidth-delay product over
    // the root of the number of connections keeps a link of 200 Mbit/s and 100 ms busy: 167 packets instead of 1667.
    // Their example: 11.18 Mbit for 50 000 connections on 10 Gbit/s and 250 ms, instead of 2500.
    let rule = |rate: f64, round_trip: f64, n: f64| rate * round_trip / n.sqrt();
    assert!((rule(10e9, 0.25, 5e4) / 11.18e6 - 1.0).abs() < 1e-4);
    assert!((rule(200e6, 0.1, 100.0) / 12e3 - 167.0).abs() < 0.5);
    let spread: Vec<f64> = (0..20).map(|i| 60.0 + 4.2 * f64::from(i)).collect();
    let text = senders(
        &spread,
        5,
        200,
        "{ kind = 'fifo', limit = '167 packets' }",
        "cc = { kind = 'reno' }, rto_min = '200 ms'",
        "",
    );
    let record = run(&text, 1, 10_000, 30_000);
    let utilization = value(&record, named(&text, "l"), "utilization", "time_mean");
    assert!(utilization >= 0.98, "{utilization}");
    // One connection with such a buffer leaves a fifth idle or more.
    let text = senders(&[100.0], 1, 10, "{ kind = 'fifo', limit = '8 packets' }", "cc = { kind = 'reno' }", "");
    let record = run(&text, 1, 100_000, 200_000);
    let utilization = value(&record, named(&text, "l"), "utilization", "time_mean");
    assert!(utilization < 0.9, "{utilization}");
}

#[test]
fn short_round_trips_get_more() {
    // Lakshman & Madhow 1997, doi:10.1109/90.611099 (DOI from memory): Reno's rates are as (RTT2/RTT1)^a, a from 1 (losses
    // at random) to 2 (losses at once). Other traffic keeps packets from arriving in step, in which one would get all.
    let exponent = |queue: &str| {
        let others = "bg = { kind = 'poisson', from = 'r', to = 'b', rate = '2 Mbit/s', size = { kind = 'imix' } }";
        let text = senders(&[50.0, 100.0], 1, 20, queue, "cc = { kind = 'reno' }, delayed_ack = 1", others);
        let record = run(&text, 1, 50_000, 400_000);
        let goodput = |name| value(&record, named(&text, name), "goodput", "mean");
        (goodput("x0") / goodput("x1")).log2()
    };
    let tail = exponent("{ kind = 'fifo', limit = '50 packets' }");
    assert!((1.0..2.0).contains(&tail), "{tail}");
    let random = exponent("{ kind = 'red', min_th = 12, max_th = 50, max_p = 0.1, limit = '150 packets' }");
    assert!((random - 1.0).abs() < 0.15 && random < tail, "{random} {tail}");
}

#[test]
fn equal_connections_get_equal_rates_as_in_the_fluid() {
    // Max-min: a quarter of 40 Mbit/s each, of which 1460 in 1500 are payload.
    let text = senders(&[40.0; 4], 1, 40, "{ kind = 'codel' }", "cc = { kind = 'cubic' }", "");
    let record = run(&text, 1, 20_000, 120_000);
    for i in 0..4 {
        let goodput = value(&record, named(&text, &format!("x{i}")), "goodput", "mean");
        assert!((goodput / (10e6 * 1460.0 / 1500.0) - 1.0).abs() < 0.1, "{i}: {goodput}");
    }
}

#[test]
fn a_transfer_alone_takes_its_ideal_time() {
    // Over three unequal links, of any size: bytes at the bottleneck, a segment at each other link, propagation, and the
    // last acknowledgement's way back.
    for bytes in [100u64, 1460, 14_600, 1_000_000] {
        let text = format!(
            "{{ node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
                link = {{ ab = {{ from = 'a', to = 'b', rate = '100 Mbit/s', delay = '100 us' }},
                          bc = {{ from = 'b', to = 'c', rate = '10 Mbit/s', delay = '200 us' }},
                          cd = {{ from = 'c', to = 'd', rate = '50 Mbit/s', delay = '50 us' }} }},
                traffic = {{ x = {{ kind = 'bulk', from = 'a', to = 'd', bytes = '{bytes} B',
                                    tcp = {{ handshake = false, delayed_ack = 1, initial_window = 1000 }} }} }} }}"
        );
        let record = run(&text, 1, 0, 5000);
        let (full, rest) = (bytes / 1460, bytes % 1460);
        let segments: Vec<f64> =
            (0..full).map(|_| 1500.0).chain((rest > 0).then_some(rest as f64 + 40.0)).map(|b| 8.0 * b).collect();
        // When each is through the links, first come, first served.
        let mut free = [0.0f64; 3];
        for bits in &segments {
            let mut at = 0.0;
            for (free, rate) in free.iter_mut().zip([100e6, 10e6, 50e6]) {
                *free = f64::max(*free, at) + bits / rate;
                at = *free;
            }
        }
        let back = 320.0 / 50e6 + 320.0 / 10e6 + 320.0 / 100e6;
        let ideal = free[2] + back + 2.0 * 350e-6;
        let took = value(&record, 0, "flow_completion_time", "mean");
        assert!((took - ideal).abs() < 1e-9, "{bytes} B: {took} not {ideal}");
    }
}
