//! Weighted fair queueing against the fluid that it follows.

use super::super::drr::tests::{assert_max_min, capped_shares};
use super::super::wire::{Sent, backlog, bits_of, constant, faults, make, merged, send, us};
use super::super::{Limit, children::Child};
use super::*;
use sim_core::rng::Rng;

const ABC: [(&str, u8); 3] = [("a", 0), ("b", 0), ("c", 0)];

fn weights(of: &[f64]) -> String {
    let class = |(w, n): (&f64, char)| format!("{n} = {{ match = {{ class = '{n}' }}, weight = {w:?} }}");
    let classes: Vec<String> = of.iter().zip('a'..).map(class).collect();
    format!("{{ kind = 'wfq', queue = {{ kind = 'fifo', limit = 'none' }}, classes = {{ {} }} }}", classes.join(", "))
}

#[test]
fn virtual_time_by_hand() {
    // 1 bit/us, weights 1, 1, 2. The slope is that of the set in the interval just ended, and changes with departures.
    let mut fluid = Fluid::new(&[1, 1, 2], 2, (1_000_000, 1));
    let v = |f: &mut Fluid, t: f64| f.virtual_time(us(t));
    let tag = |f: &mut Fluid, c, bits, t: f64| f.arrive(c, bits, us(t)) as f64 / f.size(0, 1) as f64;
    assert_eq!(tag(&mut fluid, 0, 400, 0.0), 400.0);
    assert_eq!(v(&mut fluid, 100.0), 100.0);
    assert_eq!(tag(&mut fluid, 1, 300, 100.0), 400.0);
    assert_eq!(v(&mut fluid, 300.0), 200.0);
    assert_eq!(tag(&mut fluid, 2, 800, 300.0), 600.0);
    // The slope is 1/4 until both others are served, at 1100 us; then 1/2.
    assert_eq!(v(&mut fluid, 1200.0), 450.0);
    assert_eq!(v(&mut fluid, 1300.0), 500.0);
    assert_eq!(tag(&mut fluid, 0, 100, 1300.0), 600.0);
    assert_eq!(v(&mut fluid, 1450.0), 550.0);
    // All 1600 bits are served after 1600 us, and V stands until the next arrival, however late it is.
    assert_eq!(v(&mut fluid, 1600.0), 600.0);
    assert_eq!(v(&mut fluid, 5000.0), 600.0);
    assert_eq!(tag(&mut fluid, 1, 200, 5000.0), 800.0);
    assert_eq!(v(&mut fluid, 5010.0), 610.0);
}

#[test]
fn weights_become_whole_numbers_in_proportion() {
    let whole = |weights: &[f64]| integer_weights(weights).0;
    assert_eq!(integer_weights(&[1.0, 2.5, 0.5]), (vec![2, 5, 1], 10));
    assert_eq!(whole(&[0.001, 0.003]), [1, 3]);
    assert_eq!(whole(&[3.0]), [1]);
    // Without a small common measure, in 65536 parts of the largest.
    assert_eq!(whole(&[1.0, std::f64::consts::FRAC_1_PI]), [65_536, 20_861]);
    assert_eq!(whole(&[1e9, 1e-6]), [65_536, 1]);
}

#[test]
fn virtual_time_does_not_drift() {
    // Three classes that are never empty at 7 Mbit/s, a rate that divides no tick; two hours.
    let mut fluid = Fluid::new(&[1, 1, 1], 1, (7_000_000, 1));
    for c in 0..3 {
        for _ in 0..8 {
            fluid.arrive(c, 4_000_000_000, us(0.0));
        }
    }
    let mut rng = Rng::seed_from_u64(9);
    let mut now = 0u64;
    for _ in 0..1_000_000 {
        now += rng.below(2_000_000_000);
        fluid.advance(now);
    }
    let exact = now as f64 * 1e-12 * 7e6 / 3.0;
    let v = fluid.virtual_time(SimTime::from_ticks(now));
    assert!((v - exact).abs() < 1e-5, "{v} {exact}");
}

#[test]
fn a_later_origin_changes_no_order() {
    // Overload without end; the origin is moved every few packets in one of the two.
    let (mut plain, mut moved) = (make_plain(), make_plain());
    let mut rng = Rng::seed_from_u64(4);
    let mut effects = Effects::default();
    for k in 0..20_000u32 {
        let now = us(f64::from(k) * 5000.0);
        for _ in 0..2 {
            let packet = Packet::new(rng.below(3) as u32, 8 * (64 + rng.below(1437) as u32), now);
            assert_eq!(plain.enqueue(&packet, now, &mut effects), moved.enqueue(&packet, now, &mut effects));
        }
        if k % 7 == 0 {
            moved.restart();
        }
        let (a, b) = (plain.dequeue(now, &mut effects).packet(), moved.dequeue(now, &mut effects).packet());
        assert_eq!(a.map(|p| (p.flow, p.bits, p.born)), b.map(|p| (p.flow, p.bits, p.born)));
    }
    assert!(plain.fluid.now() > 10 * moved.fluid.now());
}

fn make_plain() -> Wfq {
    let fifo = || Child::Fifo(super::super::Fifo::new(Limit::Packets(50)));
    let queues = Children::new((0..3).map(|_| fifo()).collect());
    Wfq::new(Classifier::Flow, queues, &[1.0, 2.0, 0.7], (1_000_000, 1))
}

/// When the fluid has served each packet, in seconds: by steps from one event to the next, in floating point.
fn fluid_ends(arrivals: &[(SimTime, u32, u32)], weights: &[f64], rate: f64) -> Vec<f64> {
    let mut ends = vec![f64::NAN; arrivals.len()];
    let mut waiting: Vec<VecDeque<(usize, f64)>> = vec![VecDeque::new(); weights.len()];
    let (mut now, mut next) = (0.0, 0);
    loop {
        let sum: f64 = waiting.iter().zip(weights).filter(|(q, _)| !q.is_empty()).map(|(_, w)| w).sum();
        let coming = arrivals.get(next).map_or(f64::INFINITY, |a| a.0.as_secs_f64());
        let first = waiting.iter().zip(weights).filter_map(|(q, w)| Some(q.front()?.1 * sum / (w * rate)));
        let step = first.fold(f64::INFINITY, f64::min).min(coming - now);
        if step == f64::INFINITY {
            return ends;
        }
        now += step;
        for (q, w) in waiting.iter_mut().zip(weights).filter(|(q, _)| !q.is_empty()) {
            let left = &mut q[0].1;
            *left -= step * w * rate / sum;
            if *left < 1e-6 {
                ends[q[0].0] = now;
                q.pop_front();
            }
        }
        while arrivals.get(next).is_some_and(|a| a.0.as_secs_f64() <= now) {
            let (_, flow, bits) = arrivals[next];
            waiting[flow as usize].push_back((next, bits.into()));
            next += 1;
        }
    }
}

#[test]
fn no_packet_ends_later_than_in_the_fluid_by_more_than_the_largest() {
    let of = [1.0, 2.0, 0.5, 4.0];
    let rate = 1_000_000;
    let (mut latest, mut ahead) = (f64::NEG_INFINITY, f64::INFINITY);
    for seed in 0..60 {
        // Bursts, lulls and an offered load about that of the link.
        let mut rng = Rng::seed_from_u64(seed);
        let mut at = 0.0;
        let mut arrivals = Vec::new();
        for _ in 0..400 {
            if rng.below(3) == 0 {
                at += rng.exponential() * 16_000.0;
            }
            arrivals.push((us(at.round()), rng.below(4) as u32, 8 * (64 + rng.below(1437) as u32)));
        }
        let largest = arrivals.iter().map(|a| a.2).max().unwrap();
        let ends = fluid_ends(&arrivals, &of, 1e6);
        let mut wfq = make(&weights(&of), &[("a", 0), ("b", 0), ("c", 0), ("d", 0)], rate).unwrap();
        let sent = send(wfq.as_mut(), &arrivals, rate, us(1e8));
        assert_eq!(sent.len(), arrivals.len());
        for s in &sent {
            let late = s.end.as_secs_f64() - ends[s.number as usize];
            assert!(late <= f64::from(largest) / 1e6 + 1e-9, "seed {seed}: {late} {s:?}");
            latest = latest.max(late);
            ahead = ahead.min(late);
        }
    }
    // The bound is nearly reached, and the fluid is far behind at times: the two are not the same.
    assert!(latest > 0.009 && ahead < -0.1, "{latest} {ahead}");
}

#[test]
fn the_delay_of_a_bucket_is_bounded() {
    // sigma = 3000 B at g = 256 kbit/s of 1 Mbit/s against a backlog of 1500 B: sigma / g + L / C = 105.75 ms.
    let mut wfq = make(&weights(&[256.0, 744.0]), &[("a", 0), ("b", 0)], 1_000_000).unwrap();
    let mut arrivals = vec![backlog(700, &[0, 12_000]).into_iter().filter(|a| a.1 == 1).collect()];
    // From 1 s on, as much as the bucket allows: 3000 B at once, then as it fills.
    for k in 0..60 {
        let at = us(1e6 + (f64::from(k) - 1.0).max(0.0) * 12_000.0 / 0.256);
        arrivals.push(vec![(at, 0, 12_000)]);
    }
    let sent = send(wfq.as_mut(), &merged(&arrivals), 1_000_000, us(5e6));
    let delays = sent.iter().filter(|s| s.flow == 0).map(|s| (s.end - s.came).as_secs_f64());
    let worst = delays.fold(0.0, f64::max);
    assert!(worst <= 0.10575 && worst > 0.09, "{worst}");
}

#[test]
fn what_some_do_not_need_is_shared_by_the_others() {
    assert_max_min(&capped_shares(&weights(&[1.0, 2.0, 2.0, 4.0])));
}

#[test]
fn the_weight_is_the_class_s_not_the_flows() {
    let text = "{ kind = 'wfq', classes = { ab = { match = { class = ['a', 'b'] } }, c = {} } }";
    let mut wfq = make(text, &ABC, 1_000_000).unwrap();
    let sent = send(wfq.as_mut(), &backlog(400, &[8000; 3]), 1_000_000, us(1.6e6));
    assert_eq!(bits_of(&sent, 3, us(1.6e6)), [400_000, 400_000, 800_000]);
    let mut wfq = make("{ kind = 'wfq', by = 'flow' }", &ABC, 1_000_000).unwrap();
    let sent = send(wfq.as_mut(), &backlog(400, &[8000; 3]), 1_000_000, us(1.2e6));
    assert_eq!(bits_of(&sent, 3, us(1.2e6)), [400_000; 3]);
}

/// Drops the packet that has waited longest when a tenth one comes.
#[derive(Clone, Debug)]
struct DropHead(super::super::Fifo);

impl Discipline for DropHead {
    fn enqueue(&mut self, p: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.0.enqueue(p, now, effects)?;
        if self.0.len() > 9 {
            effects.drop(self.0.pop().expect("ten wait"), super::super::OVERLIMIT);
        }
        Ok(())
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        self.0.dequeue(now, effects)
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.0.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
}

#[test]
fn shares_hold_when_queues_drop_what_they_had_taken() {
    // Both classes offer twice the link; weights 1 and 3. Sizes differ, and a dropped packet costs its class nothing.
    let queue = || Child::from(Box::new(DropHead(super::super::Fifo::new(Limit::Unlimited))) as Box<dyn Discipline>);
    let queues = Children::new(vec![queue(), queue()]);
    let mut wfq = Wfq::new(Classifier::Flow, queues, &[1.0, 3.0], (1_000_000, 1));
    let end = us(20e6);
    let mut arrivals = vec![constant(0, 12_000, us(0.0), us(6000.0), end), constant(1, 2000, us(1.0), us(1000.0), end)];
    arrivals.push(constant(1, 8000, us(2.0), us(9000.0), end));
    let sent = send(&mut wfq, &merged(&arrivals), 1_000_000, end);
    let bits = bits_of(&sent, 2, end);
    let share = bits[0] as f64 / (bits[0] + bits[1]) as f64;
    assert!((share - 0.25).abs() < 0.003, "{bits:?}");
    let in_step = |c: usize| wfq.tags[c].len() == wfq.queues.get(c).len();
    assert!(in_step(0) && in_step(1) && wfq.len() > 10);
}

#[test]
fn a_class_that_may_not_send_lets_others_go() {
    let text = "{ kind = 'wfq', classes = {
        a = { match = { class = 'a' }, queue = { kind = 'htb', rate = '1 Mbit/s', classes = { x = { rate = '1 Mbit/s' } } } },
        b = { match = { class = 'b' }, queue = { kind = 'htb', rate = '2 Mbit/s', classes = { x = { rate = '2 Mbit/s' } } } } } }";
    let mut wfq = make(text, &[("a", 0), ("b", 0)], 10_000_000).unwrap();
    assert!(wfq.paced());
    let sent: Vec<Sent> = send(wfq.as_mut(), &backlog(900, &[8000; 2]), 10_000_000, us(2e6));
    let bits = bits_of(&sent, 2, us(2e6));
    assert!(bits[0].abs_diff(2_000_000) <= 20_800 && bits[1].abs_diff(4_000_000) <= 20_800, "{bits:?}");
}

#[test]
fn mistakes_are_told() {
    for (text, code) in [
        ("{ kind = 'wfq', rate = '0 bit/s' }", "E0376"),
        ("{ kind = 'wfq', classes = { a = { match = { class = 'a' } } } }", "E0373"),
        ("{ kind = 'wfq', classes = { a = { match = { source = '10/8' } } } }", "E0325"),
    ] {
        let codes: Vec<&str> = faults(text, &ABC).iter().map(|d| d.code).collect();
        assert_eq!(codes, [code], "{text}");
    }
    let no_rate = make("{ kind = 'wfq' }", &ABC, 0).unwrap_err();
    assert_eq!(no_rate.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0376"]);
    assert!(make("{ kind = 'wfq', rate = '1 Mbit/s' }", &ABC, 0).is_ok());
}
