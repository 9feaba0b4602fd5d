//! Captures in a network: what classifiers see of their packets.

use super::*;

/// Six packets at once: port 53 and 443 in turn, the code point EF for 443, from 10.0.0.1 and 10.0.0.2.
fn capture() -> Vec<u8> {
    let mut all = [&0xA1B2_C3D4u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8], &[255, 255, 0, 0, 101, 0, 0, 0]].concat();
    for n in 0..6u8 {
        let odd = n % 2;
        let mut ip = vec![0x45, (odd * 46) << 2, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1 + odd, 192, 0, 2, 1];
        ip.extend([[0u8, 99], [[0, 53], [1, 187]][usize::from(odd)], [0, 8], [0, 0]].concat());
        all.extend([1u32, 0, ip.len() as u32, 125].map(u32::to_le_bytes).concat());
        all.extend(ip);
    }
    all
}

/// How many are lost at a link that keeps those that match `rule`, and of the others one.
fn lost(rule: &str, keys: &str) -> f64 {
    let file = TestFile::new("recordings.pcap", &capture());
    let text = format!(
        "{{ node = {{ a = {{}}, b = {{}} }},
            link = {{ l = {{ from = 'a', to = 'b', rate = '1 Mbit/s', queue = {{ kind = 'drr', classes = {{
                kept = {{ match = {{ {rule} }} }}, rest = {{ queue = {{ kind = 'fifo', limit = '1 packets' }} }} }} }} }} }},
            traffic = {{ x = {{ kind = 'pcap', file = '{}', start = '2 s', from = 'a', to = 'b' {keys} }} }} }}",
        file.name
    );
    let record = run(&text, 10, 1);
    assert_eq!(value(&record, 0, "departures", "mean") + value(&record, 0, "dropped", "mean"), 6.0, "{rule}");
    value(&record, 1, "dropped", "mean")
}

#[test]
fn classifiers_see_ports_addresses_protocols_and_code_points_of_a_capture() {
    // The first packet is sent at once. Of the two or three others of the rest, one waits.
    for (rule, dropped) in [
        ("destination_port = 443", 1.0),
        ("destination_port = 53", 2.0),
        ("source = '10.0.0.2'", 1.0),
        ("source = '10.0.0.1', destination = '192.0.2.0/24'", 2.0),
        ("dscp = 'EF'", 1.0),
        ("dscp = 0, source_port = 99", 2.0),
        ("protocol = 'udp'", 0.0),
        ("dscp = 'AF11'", 4.0),
    ] {
        assert_eq!(lost(rule, ""), dropped, "{rule}");
    }
    // What the traffic says itself holds for all.
    assert_eq!(lost("dscp = 'AF11'", ", dscp = 'AF11'"), 0.0);
    assert_eq!(lost("destination_port = 80", ", destination_port = 80"), 0.0);
    assert_eq!(lost("protocol = 'tcp'", ", protocol = 'tcp'"), 0.0);
}

#[test]
fn addresses_of_ipv6_are_told_to_be_none_where_rules_ask_for_them() {
    let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
    six.extend([[0xFE; 16], [0xFD; 16]].concat());
    six.extend([0, 99, 0, 53, 0, 8, 0, 0]);
    let mut capture = capture();
    capture.extend([2u32, 0, six.len() as u32, 125].map(u32::to_le_bytes).concat());
    capture.extend(six);
    let file = TestFile::new("ipv6.pcap", &capture);
    let warned = |rule: &str| {
        let text = format!(
            "{{ node = {{ a = {{}}, b = {{}} }},
                link = {{ l = {{ from = 'a', to = 'b', rate = '1 Mbit/s', queue = {{ kind = 'drr', classes = {{
                    kept = {{ match = {{ {rule} }} }}, rest = {{}} }} }} }} }},
                traffic = {{ x = {{ kind = 'pcap', file = '{}', from = 'a', to = 'b' }} }} }}",
            file.name
        );
        let found = system(&text).unwrap_or_else(|d| panic!("{d:?}")).warnings();
        found.iter().map(|d| (d.code, d.message.clone())).collect::<Vec<_>>()
    };
    assert_eq!(warned("destination_port = 53"), []);
    let message = "1 of the 3 conversations of `traffic.x` are of IPv6".to_owned();
    assert_eq!(warned("source = '10.0.0.2'"), [("W0342", message)]);
}
