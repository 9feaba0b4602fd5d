//! Which way packets take: static routes, addresses, several exits, equal-cost multipath.

use super::*;

/// Three exits behind a gateway; `more` is said of nodes, `flows` of traffic.
fn exits(nodes: &str, routing: &str, to: &str) -> String {
    format!(
        "{{ node = {{ lan = {{}}, gw = {{}}, a = {{}}, b = {{}}, net = {{}} {nodes} }}, {routing}
            link = {{ up = {{ from = 'lan', to = 'gw' }}, wan_a = {{ from = 'gw', to = 'a' }},
                      wan_b = {{ from = 'gw', to = 'b' }}, an = {{ from = 'a', to = 'net' }}, bn = {{ from = 'b', to = 'net' }} }},
            traffic = {{ x = {{ kind = 'constant', from = 'lan', to = {to}, rate = '1000 packets/s' }} }} }}"
    )
}

/// Packets that left by each link, by name; links that nothing is routed over are not there.
fn carried(text: &str) -> Vec<(String, f64)> {
    let system = system(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let record = run(text, 10, 1);
    let links = system.components().iter().enumerate().skip(1);
    links.map(|(i, c)| (c.name.clone(), value(&record, i as u32, "departures", "mean"))).collect()
}

fn names(text: &str) -> Vec<String> {
    carried(text).into_iter().filter(|c| c.1 > 0.0).map(|c| c.0).collect()
}

fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}: {text}");
    text.replace(from, to)
}

#[test]
fn static_routes_come_before_shortest_paths_of_the_same_length() {
    let plain = exits("", "", "'net'");
    assert_eq!(names(&plain), ["up", "wan_a", "an"]);
    let gw = |routes: &str| replace(&plain, "gw = {}", &format!("gw = {{ routes = [{routes}] }}"));
    assert_eq!(names(&gw("{ prefix = '0.0.0.0/0', via = 'b' }")), ["up", "wan_b", "bn"]);
    // The network is known by a prefix of its own: the default route comes after it.
    let known = |text: &str| replace(text, "net = {}", "net = { prefix = '203.0.113.0/24' }");
    assert_eq!(names(&known(&gw("{ prefix = '0.0.0.0/0', via = 'b' }"))), ["up", "wan_a", "an"]);
    assert_eq!(names(&known(&gw("{ prefix = '203.0.113.0/24', via = 'b' }"))), ["up", "wan_b", "bn"]);
    assert_eq!(
        names(&known(&gw(
            "{ prefix = '203.0.113.0/24', via = 'b', metric = 20 }, { prefix = '203.0.113.0/24', via = 'a' }"
        ))),
        ["up", "wan_a", "an"]
    );
}

#[test]
fn an_address_belongs_to_the_longest_prefix() {
    let text = |to: &str| {
        let text = exits("", "", to);
        let text = replace(&text, "net = {}", "net = { prefix = '0.0.0.0/0' }");
        replace(&text, "b = {}", "b = { prefix = '198.51.100.0/24' }")
    };
    assert_eq!(names(&text("'198.51.100.7'")), ["up", "wan_b"]);
    assert_eq!(names(&text("'198.51.101.7'")), ["up", "wan_a", "an"]);
}

#[test]
fn the_nearest_exit_takes_the_packets_and_the_next_one_after_a_failure() {
    let cut = "intervention = { cut = { at = '5 s', target = 'link.wan_b', op = 'fail' } },";
    let text = exits("", "", "['b', 'a']");
    assert_eq!(names(&text), ["up", "wan_b"]);
    assert_eq!(names(&replace(&text, "wan_b = { from", "wan_b = { cost = 2, from")), ["up", "wan_a"]);
    let failed = carried(&exits("", cut, "['b', 'a']"));
    // The first second is the warm-up; 150 ms of packets are lost.
    assert_eq!(failed.iter().map(|c| c.1).collect::<Vec<_>>(), [9000.0, 4850.0, 4000.0]);
    // The same by addresses: two nodes announce one prefix.
    let same = exits("", cut, "'192.0.2.1'");
    let same = replace(&same, "b = {}, net", "b = { prefix = '192.0.2.0/24' }, net");
    let same = replace(&same, "a = {}, b", "a = { prefix = '192.0.2.0/24' }, b");
    let same = replace(&same, "wan_a = { from", "wan_a = { cost = 1.5, from");
    assert_eq!(carried(&same), failed);
}

#[test]
fn a_withdrawn_static_route_gives_way_to_the_next() {
    let routes =
        "gw = { routes = [{ prefix = '0.0.0.0/0', via = 'b' }, { prefix = '0.0.0.0/0', via = 'a', metric = 20 }] }";
    let cut = "intervention = { cut = { at = '5 s', target = 'link.wan_b', op = 'fail' } },";
    let text = replace(&exits("", cut, "'net'"), "gw = {}", routes);
    let carried = carried(&text);
    assert_eq!(carried.iter().map(|c| c.1).collect::<Vec<_>>(), [9000.0, 4850.0, 4000.0, 4850.0, 4000.0]);
}

#[test]
fn packets_take_turns() {
    let text = exits("", "routing = { ecmp = 'per_packet' },", "'net'");
    let all = carried(&text);
    assert_eq!(all.iter().map(|c| c.0.as_str()).collect::<Vec<_>>(), ["up", "wan_a", "wan_b", "an", "bn"]);
    assert_eq!(all.iter().map(|c| c.1).collect::<Vec<_>>(), [9000.0, 4500.0, 4500.0, 4500.0, 4500.0]);
}

#[test]
fn a_flow_keeps_to_one_path_and_flows_spread() {
    // Thirty flows: none is split, and both ways are used.
    let flows = |routing: &str| {
        let flow = |i: u32| format!("x{i} = {{ kind = 'constant', from = 'lan', to = 'net', rate = '10 packets/s' }}");
        let flows: Vec<String> = (0..30).map(flow).collect();
        let text = exits("", routing, "'net'");
        let from = text.find("traffic = {").unwrap();
        format!("{}traffic = {{ {} }} }}", &text[..from], flows.join(", "))
    };
    let shares = |routing: &str| -> Vec<f64> {
        let record = run(&flows(routing), 10, 1);
        [31, 32].map(|link| value(&record, link, "departures", "mean") / 90.0).to_vec()
    };
    for method in ["hash_threshold", "modulo", "hrw"] {
        let shares = shares(&format!("routing = {{ ecmp = '{method}' }},"));
        assert_eq!(shares[0] + shares[1], 30.0, "{method}");
        assert!(shares.iter().all(|s| s.fract() == 0.0 && *s > 5.0), "{method}: {shares:?}");
    }
    // All have the same addresses: by these alone they keep together.
    let together = shares("routing = { ecmp = 'hrw', hash = 'addresses' },");
    assert!(together.contains(&30.0) && together.contains(&0.0), "{together:?}");
}

#[test]
fn a_customer_is_no_way_between_its_providers() {
    // The short way leads over lan, a customer of both; the providers' own provider takes the packets.
    let text = "{ node = { a = {}, b = {}, lan = {}, top = {} }, routing = { policy = 'valley_free' },
                  link = { la = { from = 'lan', to = 'a', relation = 'provider' }, lb = { from = 'lan', to = 'b', relation = 'provider' },
                           at = { from = 'a', to = 'top', cost = 5, relation = 'provider' },
                           tb = { from = 'top', to = 'b', cost = 5, relation = 'customer' } },
                  traffic = { x = { kind = 'constant', from = 'a', to = 'b', rate = '10 packets/s' } } }";
    assert_eq!(names(text), ["at", "tb"]);
    assert_eq!(names(&replace(text, "'valley_free'", "'shortest'")), ["la.reverse", "lb"]);
    let missing = system(&replace(text, ", relation = 'customer'", "")).err().unwrap();
    assert_eq!(missing.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0395"]);
}

#[test]
fn mistakes_are_told_with_their_codes_and_places() {
    let found = |text: &str| {
        let found = system(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        found.iter().map(|d| (d.code, d.message.clone(), d.help.clone().unwrap_or_default())).collect::<Vec<_>>()
    };
    let gw =
        |routes: &str| found(&replace(&exits("", "", "'net'"), "gw = {}", &format!("gw = {{ routes = [{routes}] }}")));
    let [(code, _, help)] = &gw("{ prefix = '10.0.0.0/8', via = 'aa' }")[..] else { panic!("one") };
    assert_eq!((*code, help.as_str()), ("E0310", "did you mean `a`?"));
    let [(code, _, help)] = &gw("{ prefix = '10.0.0.0/8', via = 'net' }")[..] else { panic!("one") };
    assert_eq!((*code, help.as_str()), ("E0391", "its neighbours are lan, a, b"));
    let [(code, _, help)] = &gw("{ prefix = '10.0.0.1/8', via = 'a' }")[..] else { panic!("one") };
    assert_eq!((*code, help.as_str()), ("E0325", "prefix = \"10.20.0.0/22\""));
    let twins = "{ prefix = '10.0.0.0/8', via = 'a' }, { prefix = '10.0.0.0/8', via = 'b' }";
    let [(code, message, help)] = &gw(twins)[..] else { panic!("one") };
    assert_eq!((*code, message.as_str()), ("E0392", "two routes for 10.0.0.0/8 have the metric 10"));
    assert!(help.contains("ecmp"), "{help}");
    // With multipath both are used.
    let both = replace(
        &exits("", "routing = { ecmp = 'per_packet' },", "'net'"),
        "gw = {}",
        &format!("gw = {{ routes = [{twins}] }}"),
    );
    assert_eq!(names(&both), ["up", "wan_a", "wan_b", "an", "bn"]);
    // One that leads nowhere loses what hashes to it, and the rest flows; if both do, nothing arrives. (Static routes come
    // before shortest paths if their prefix is as long.)
    let dead_end = |text: &str, node: &str| {
        let text = replace(
            text,
            &format!("from = 'gw', to = '{node}'"),
            &format!("from = 'gw', to = '{node}', duplex = false"),
        );
        replace(&text, &format!("from = '{node}', to = 'net'"), &format!("from = 'net', to = '{node}', duplex = false"))
    };
    let one = dead_end(&both.replace("10.0.0.0/8", "10.0.4.0/24"), "b");
    let system = system(&one).unwrap_or_else(|d| panic!("{d:?}"));
    let warned = system.warnings();
    let warned: Vec<_> = warned.iter().map(|d| (d.code, d.message.as_str())).collect();
    assert_eq!(warned, [("W0321", "one of the paths from `lan` to `net` ends at `b`, which has no route")]);
    assert_eq!(found(&dead_end(&one, "a"))[0].0, "E0321");
    let twice = both.replace("via = 'b'", "via = 'a'");
    assert_eq!(found(&twice)[0].0, "E0392");
    let looped = replace(
        &exits("", "", "'net'"),
        "a = {}, b = {}",
        "a = { routes = [{ prefix = '0.0.0.0/0', via = 'gw' }] }, b = {}",
    );
    let [(code, message, _)] = &found(&looped)[..] else { panic!("one") };
    assert_eq!((*code, message.as_str()), ("E0393", "packets for `net` go round: gw -> a -> gw"));
    // One that only a failure brings about.
    let cut = "intervention = { cut = { at = '5 s', target = 'link.wan_b', op = 'fail' } },";
    let later = replace(
        &exits("", cut, "'net'"),
        "gw = {}, a = {}",
        "gw = { routes = [{ prefix = '0.0.0.0/0', via = 'b' }] }, a = { routes = [{ prefix = '0.0.0.0/0', via = 'gw' }] }",
    );
    let [(code, message, _)] = &found(&later)[..] else { panic!("one") };
    assert_eq!((*code, message.as_str()), ("E0393", "packets for `net` go round from 5.15 s on: gw -> a -> gw"));
    for (to, code) in [("'203.0.113.1'", "E0394"), ("['a', 'a']", "E0394"), ("[]", "E0394"), ("['a', 'c']", "E0310")] {
        assert_eq!(found(&exits("", "", to))[0].0, code, "{to}");
    }
}

/// A diamond of links without rates: by b, declared first, 100 and 40 ms; by c, 50 ms each.
fn diamond(routing: &str, further: &str) -> String {
    let link = |from: &str, to: &str, delay: &str| {
        format!("{from}{to} = {{ from = '{from}', to = '{to}', delay = '{delay} ms', reverse = {{ delay = '1 ms' }} }}")
    };
    let links =
        [("a", "b", "100"), ("b", "d", "40"), ("a", "c", "50"), ("c", "d", "50")].map(|(f, t, d)| link(f, t, d));
    format!(
        "{{ node = {{ a = {{}}, b = {{}}, c = {{}}, d = {{}} }}, routing = {{ {routing} }}, link = {{ {} }},
            traffic = {{ x = {{ kind = 'constant', from = 'a', to = 'd', rate = '100 packets/s' }} }} {further} }}",
        links.join(", ")
    )
}

#[test]
fn paths_can_be_short_by_their_delay() {
    assert_eq!(names(&diamond("", "")), ["ab", "bd"]);
    assert_eq!(names(&diamond("metric = 'cost'", "")), ["ab", "bd"]);
    assert_eq!(names(&diamond("metric = 'delay'", "")), ["ac", "cd"]);
    // Costs do not count then; equal delays are ties.
    let dear = diamond("metric = 'delay'", "").replace("to = 'c'", "to = 'c', cost = 100");
    assert_eq!(names(&dear), ["ac", "cd"]);
    assert_eq!(names(&diamond("metric = 'delay'", "").replace("100 ms", "60 ms")), ["ab", "bd"]);
    let both = diamond("metric = 'delay', ecmp = 'per_packet'", "").replace("100 ms", "60 ms");
    assert_eq!(names(&both), ["ab", "bd", "ac", "cd"]);
    // Back, where both ways take as long, by the one declared first; by c once it is shorter.
    let back = diamond("metric = 'delay'", "").replace("from = 'a', to = 'd', rate", "from = 'd', to = 'a', rate");
    assert_eq!(names(&back), ["ab.reverse", "bd.reverse"]);
    let shorter =
        back.replacen("from = 'c', to = 'd', delay = '50 ms', reverse = { delay = '1 ms' }", "from = 'c', to = 'd'", 1);
    assert_eq!(names(&shorter), ["ac.reverse", "cd.reverse"]);
    // Without any delays the fewest links are taken.
    let none = "{ topology = { kind = 'ring', nodes = 5 }, routing = { metric = 'delay' },
                  traffic = { x = { kind = 'constant', from = 'n0', to = 'n3', rate = '100 packets/s' } } }";
    assert_eq!(names(none).len(), 2);
}

#[test]
fn routes_follow_delays_that_change() {
    // From 5 s on the way by b is the shorter one; routes know a second later.
    let change = ", intervention = { faster = { at = '5 s', target = 'link.ab.delay', value = '20 ms' } }";
    let carried = |routing: &str| {
        let text = diamond(routing, change);
        let system = system(&text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
        let record = super::run(&text, 10, 1);
        let at = |name: &str| system.components().iter().position(|c| c.name == name);
        ["ab", "ac"].map(|name| at(name).map_or(0.0, |c| value(&record, c as u32, "departures", "mean")))
    };
    // The window begins after 1 s.
    assert_eq!(carried("metric = 'delay', convergence = '1 s'"), [400.0, 500.0]);
    assert_eq!(carried("metric = 'cost', convergence = '1 s'"), [900.0, 0.0]);
    let long = |text: &str| super::system(text).err().unwrap().iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(long(&diamond("metric = 'delay'", "").replace("100 ms", "10000 s")), ["E0349"]);
    assert_eq!(long(&diamond("metric = 'delay'", change).replace("value = '20 ms'", "value = '3 h'")), ["E0349"]);
    assert!(super::system(&diamond("", "").replace("100 ms", "10000 s")).is_ok());
}
