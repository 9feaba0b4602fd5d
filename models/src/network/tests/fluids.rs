//! The fluid of a network is of the same network: what limits rates there limits them here, and what cannot be is refused.

use super::*;

fn text(link: &str, traffic: &str, further: &str) -> String {
    format!(
        "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}} }},
            link = {{ up = {{ from = 'a', to = 'b', rate = '100 Mbit/s', delay = '50 ms'{link} }} }},
            traffic = {{ x = {{ from = 'a', to = 'b', {traffic} }} }} {further} }}"
    )
}

/// What `x` brings to its end, in bit/s of payload.
fn goodput(text: &str) -> f64 {
    let record = run(text, 20, 4);
    value(&record, 0, "goodput", "mean")
}

fn codes(text: &str) -> Vec<&'static str> {
    system(text).map(|_| ()).unwrap_err().iter().map(|d| d.code).collect()
}

#[test]
fn a_token_bucket_is_a_link_of_its_rate() {
    let bulk = "kind = 'bulk'";
    let (free, shaped) = (
        goodput(&text("", bulk, "")),
        goodput(&text(", queue = { kind = 'tbf', rate = '1 Mbit/s', burst = '3 kB' }", bulk, "")),
    );
    // 1460 of 1500 bytes are payload.
    assert!((free / 1e8 - 1460.0 / 1500.0).abs() < 1e-6, "{free}");
    assert!((shaped / 1e6 - 1460.0 / 1500.0).abs() < 1e-6, "{shaped}");
}

#[test]
fn a_window_goes_once_a_round_trip() {
    let windowed = |n: u32| format!("kind = 'bulk', connections = {n}, tcp = {{ receive_window = '29200 B' }}");
    // 20 segments in 100 ms: 2.336 Mbit/s each, of 97.3 Mbit/s.
    assert!((goodput(&text("", &windowed(1), "")) / 2.336e6 - 1.0).abs() < 1e-6);
    assert!((goodput(&text("", &windowed(10), "")) / 23.36e6 - 1.0).abs() < 1e-6);
    let all = goodput(&text("", &windowed(100), ""));
    assert!((all / 1e8 - 1460.0 / 1500.0).abs() < 1e-6, "{all}");
    // As packets: the window's last segment leaves when the acknowledgement of the first is back.
    let packets = text("", &windowed(1), "").replace("fluid", "packet");
    let record = run(&packets, 20, 4);
    let goodput = value(&record, 0, "goodput", "mean");
    assert!((goodput / 2.336e6 - 1.0).abs() < 0.02, "{goodput}");
}

#[test]
fn what_has_no_fluid_is_refused_by_name() {
    let bulk = "kind = 'bulk'";
    for queue in ["prio", "drr", "wfq"] {
        assert_eq!(codes(&text(&format!(", queue = {{ kind = '{queue}' }}"), bulk, "")), ["E0390"], "{queue}");
    }
    let shaped = "kind = 'poisson', rate = '10 packets/s', shape = 'day'";
    let day = ", waveform = { day = { kind = 'sine', mean = 1, amplitude = 0.9, period = '10 s' } }";
    assert_eq!(codes(&text("", shaped, day)), ["E0390"]);
    let diamond = |routing: &str| {
        let link =
            |from: &str, to: &str| format!("{from}{to} = {{ from = '{from}', to = '{to}', rate = '10 Mbit/s' }}");
        format!(
            "{{ run = {{ fidelity = 'fluid' }}, node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }},
                link = {{ {}, {}, {}, {} }}, routing = {{ {routing} }},
                traffic = {{ x = {{ from = 'a', to = 'd', kind = 'bulk', connections = 20 }} }} }}",
            link("a", "b"),
            link("b", "d"),
            link("a", "c"),
            link("c", "d")
        )
    };
    assert_eq!(codes(&diamond("ecmp = 'hash_threshold'")), ["E0390"]);
    assert!(system(&diamond("ecmp = 'off'")).is_ok());
}
