//! Classful disciplines under random sequences of calls, against a plain account of what they hold; and in whole networks.

use std::collections::VecDeque;

use proptest::prelude::*;
use sim_core::SimTime;
use sim_core::stats::RunRecord;

use super::wire::make;
use super::{Effects, Next};
use crate::network::Packet;
use crate::network::tests::{run, same, value};

const CLASSES: [(&str, u8); 4] = [("voice", 46), ("web", 0), ("bulk", 8), ("rest", 4)];
const LIMITED: &str = "queue = { kind = 'fifo', limit = '40 packets' }";

/// One of each kind, and some in each other.
fn texts() -> Vec<String> {
    let classes = |of: [&str; 3], queue: &str| {
        let [voice, web, rest] = of;
        format!(
            "voice = {{ match = {{ dscp = 'EF' }}, {voice} {queue} }}, web = {{ match = {{ class = 'web' }}, {web} {queue} }},
             rest = {{ {rest} {queue} }}"
        )
    };
    let rates = [
        "rate = '200 kbit/s', ceil = '1 Mbit/s',",
        "rate = '300 kbit/s',",
        "rate = '100 kbit/s', ceil = '900 kbit/s',",
    ];
    let quanta = ["quantum = '700 B',", "quantum = '1500 B',", ""];
    let weights = ["weight = 3,", "weight = 1.5,", ""];
    let htb = |queue: &str| format!("{{ kind = 'htb', classes = {{ {} }} }}", classes(rates, queue));
    let drr = |queue: &str| format!("{{ kind = 'drr', classes = {{ {} }} }}", classes(quanta, queue));
    let wfq = |queue: &str| format!("{{ kind = 'wfq', classes = {{ {} }} }}", classes(weights, queue));
    let inner = |text: String| format!("queue = {text}");
    vec![
        format!("{{ kind = 'prio', {LIMITED} }}"),
        drr(LIMITED),
        wfq(LIMITED),
        htb(LIMITED),
        "{ kind = 'drr', by = 'flow', queue = { kind = 'priority', classes = ['web'], limit = '30 packets' } }"
            .to_owned(),
        drr(&inner(wfq(LIMITED))),
        wfq(&inner(format!("{{ kind = 'prio', {LIMITED} }}"))),
        htb(&inner(drr(LIMITED))),
        wfq(&inner(htb(LIMITED))),
        format!("{{ kind = 'prio', {} }}", inner(htb(&inner(wfq(LIMITED))))),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Come { flow: u32, bytes: u32 },
    Go,
    Wait { us: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0u32..4, 40u32..1500).prop_map(|(flow, bytes)| Step::Come { flow, bytes }),
        4 => Just(Step::Go),
        1 => (0u64..30_000).prop_map(|us| Step::Wait { us }),
    ];
    prop::collection::vec(step, 1..2000)
}

/// What a discipline must hold: the packets of each flow in order, and how many were refused.
#[derive(Default)]
struct Account {
    waiting: [VecDeque<(u32, u32)>; 4],
    refused: u32,
    sent: u32,
}

impl Account {
    fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }
    fn bits(&self) -> u64 {
        self.waiting.iter().flatten().map(|p| u64::from(p.1)).sum()
    }
}

fn follow(text: &str, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut queue = make(text, &CLASSES, 1_000_000).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let (mut account, mut effects, mut now, mut came) = (Account::default(), Effects::default(), SimTime::ZERO, 0);
    for step in steps {
        match *step {
            Step::Come { flow, bytes } => {
                let dscp = CLASSES[flow as usize].1;
                let packet = Packet { class: flow as u8, dscp, segment: came, ..Packet::new(flow, 8 * bytes, now) };
                match queue.enqueue(&packet, now, &mut effects) {
                    Ok(()) => account.waiting[flow as usize].push_back((came, packet.bits)),
                    Err(_) => account.refused += 1,
                }
                came += 1;
            }
            Step::Go => match queue.dequeue(now, &mut effects) {
                Next::Packet(p) => {
                    let expected = account.waiting[p.flow as usize].pop_front();
                    prop_assert_eq!(expected, Some((p.segment, p.bits)), "{}: packets of a flow stay in order", text);
                    account.sent += 1;
                }
                Next::Empty => prop_assert_eq!(account.len(), 0, "{}: {} wait", text, account.len()),
                Next::NotBefore(at) => {
                    prop_assert!(
                        queue.paced() && at > now && at < SimTime::NEVER && account.len() > 0,
                        "{}: {:?}",
                        text,
                        at
                    );
                }
            },
            Step::Wait { us } => now = SimTime::from_ticks(now.ticks() + us * 1_000_000),
        }
        prop_assert_eq!((queue.len(), queue.bits()), (account.len(), account.bits()), "{}", text);
    }
    let mut shown: Vec<u32> = Vec::new();
    queue.for_each(&mut |p| shown.push(p.segment));
    shown.sort_unstable();
    let mut held: Vec<u32> = account.waiting.iter().flatten().map(|p| p.0).collect();
    held.sort_unstable();
    prop_assert_eq!(shown, held);
    prop_assert!(effects.dropped.is_empty());
    prop_assert_eq!(came, account.refused + account.sent + account.len() as u32);
    // A copy goes on as the original does, until both are empty.
    let mut copy = queue.boxed_clone();
    while !queue.is_empty() {
        let (a, b) = (queue.dequeue(now, &mut effects), copy.dequeue(now, &mut effects));
        match (a, b) {
            (Next::Packet(a), Next::Packet(b)) => prop_assert_eq!(a.segment, b.segment),
            (Next::NotBefore(a), Next::NotBefore(b)) if a == b => now = a,
            other => prop_assert!(false, "{}: {:?}", text, other),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_comes_in_goes_out_once(steps in steps()) {
        for text in texts() {
            follow(&text, &steps)?;
        }
    }
}

/// A network with a discipline on its bottleneck: a call, the web and bursts of bulk, which together overload it.
fn network(queue: &str) -> String {
    format!(
        "{{ node = {{ lan = {{}}, edge = {{}}, wan = {{}} }},
            link = {{ access = {{ from = 'lan', to = 'edge', rate = '100 Mbit/s' }},
                      uplink = {{ from = 'edge', to = 'wan', rate = '1 Mbit/s', delay = '5 ms', queue = {queue} }} }},
            traffic = {{
              voice = {{ kind = 'constant', from = 'lan', to = 'wan', class = 'voice', dscp = 'EF', rate = '50 packets/s',
                         size = {{ kind = 'constant', size = '200 B' }} }},
              web = {{ kind = 'poisson', from = 'lan', to = 'wan', class = 'web', rate = '300 kbit/s', size = {{ kind = 'imix' }} }},
              bulk = {{ kind = 'on_off_exponential', from = 'edge', to = 'wan', class = 'bulk', dscp = 'CS1', peak = '2 Mbit/s',
                        on = '200 ms', off = '200 ms' }},
              rest = {{ kind = 'poisson', from = 'lan', to = 'wan', class = 'rest', rate = '50 kbit/s' }} }} }}"
    )
}

#[test]
fn networks_keep_the_laws_and_bins_do_not_change_a_run() {
    // `run` asserts conservation, Little's law and the utilization law.
    for text in texts() {
        let (few, many) = (run(&network(&text), 100, 1), run(&network(&text), 100, 1009));
        assert!(value(&few, 5, "dropped", "mean") > 0.0, "{text}: the bottleneck is not one");
        let number = |r: &RunRecord| r.measures.len();
        assert!(
            number(&few) == number(&many)
                && few.measures.iter().zip(&many.measures).all(|(a, b)| a.value.to_bits() == b.value.to_bits())
        );
        assert!(same(&few, &run(&network(&text), 100, 1)), "{text}");
    }
}

#[test]
fn classful_queues_keep_calls_out_of_the_queue() {
    // Flows in the order of the file; the wait is over the access link and the bottleneck. A packet of 1500 B takes
    // 12 ms, and 0.12 ms on the access link, where there may be two.
    let wait = |queue: &str| {
        let record = run(&network(queue), 200, 1);
        (value(&record, 0, "wait_time", "max"), value(&record, 2, "wait_time", "mean"))
    };
    let voice = "voice = { match = { dscp = 'EF' }, ";
    let rest = "rest = { queue = { kind = 'fifo', limit = '50 packets' }, ";
    for (queue, bound) in [
        ("{ kind = 'prio', rules = [{ match = { dscp = 'EF' }, band = 0 }] }".to_owned(), 0.0123),
        // Its quantum is more than it sends in the longest round: the other's quantum and a packet.
        (format!("{{ kind = 'drr', classes = {{ {voice} }}, {rest} }} }} }}"), 0.025),
        (format!("{{ kind = 'wfq', classes = {{ {voice} weight = 1 }}, {rest} weight = 4 }} }} }}"), 0.013),
        (
            format!(
                "{{ kind = 'htb', classes = {{ {voice} rate = '150 kbit/s' }}, {rest} rate = '800 kbit/s', ceil = '1 Mbit/s', prio = 1 }} }} }}"
            ),
            0.014,
        ),
    ] {
        let (voice, bulk) = wait(&queue);
        assert!(voice <= bound, "{queue}: {voice}");
        assert!(bulk > 0.1, "{queue}: {bulk}");
    }
    let (voice, _) = wait("{ kind = 'fifo', limit = '50 packets' }");
    assert!(voice > 0.3);
}

#[test]
fn what_is_borrowed_is_a_measure_of_the_link() {
    let queue = "{ kind = 'htb', classes = { voice = { match = { dscp = 'EF' }, rate = '100 kbit/s' },
        rest = { rate = '300 kbit/s', ceil = '900 kbit/s' } } }";
    let record = run(&network(queue), 200, 1);
    let (borrowed, rest) = (value(&record, 5, "borrowed", "mean"), value(&record, 5, "bit_rate", "mean") - 80_000.0);
    assert!((borrowed - (rest - 300_000.0)).abs() < 60_000.0 && borrowed > 300_000.0, "{borrowed} {rest}");
}
