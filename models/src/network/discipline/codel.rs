//! `CoDel`, controlled delay: drops at the head of a queue whose packets have waited too long for too long.
//!
//! Kathleen Nichols, Van Jacobson, Andrew `McGregor` and Jana Iyengar 2018, RFC 8289 section 5. The law watches the sojourn
//! time of packets as they leave. Once it has been at `target` or above for a whole `interval` without a break, packets
//! are dropped: the first at once, the (k+1)-th `interval / sqrt(k)` after the k-th, until a packet has waited for less
//! than the target. If that rate of drops is needed again soon (within 16 intervals), it is taken up where it was found:
//! the count starts at the number of drops of the last episode. A queue of no more than `mtu` is left alone.
//!
//! | parameter | default | |
//! |---|---|---|
//! | `target` | 5 ms | the sojourn time that is acceptable for good |
//! | `interval` | 100 ms | for how long more is put up with: about the longest round trip |
//! | `mtu` | 1500 B | RFC 8289's MAXPACKET |
//! | `limit` | 1000 packets | what comes beyond it is dropped (`overlimit`) |
//! | `ecn`, `ce_threshold` | off | marks instead of drops |
//!
//! With `ecn`, a packet whose transport reacts to it is marked and goes on; as in Linux, a call marks one packet at most.
//! `ce_threshold` (Linux, not in the RFC) marks every packet that waited longer. Linux and ns-3 take as `mtu` what the
//! device has, and approximate `1 / sqrt(k)` by one step of Newton's method from the value before (0.5, 0.5625, 0.4878 for
//! 2, 3, 4), so that their second and third drops come sooner than the RFC's law says; here it is exact. ns-3 leaves a queue alone below it (<), here and in the RFC also at it. The packet that is being sent is
//! not in the queue, neither here nor there.
//!
//! Validated against: the schedule of drops of the RFC's law, an unresponsive flow on a 10 Mbit/s link, ns-3's tests of
//! its queue disc.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::{
    Discipline, DisciplineContext, Effects, Fifo, Limit, MARKED, MakeDiscipline, Next, OVERLIMIT, Reason, Signal,
    TARGET_EXCEEDED,
};
use crate::network::{Ecn, Packet};
use crate::registry::Kind;

const TIME: Type = Type::Quantity(&[Dimension::TIME]);

/// The fields of the control law.
pub(super) const CONTROL: [Field; 5] = [
    Field::default("target", TIME, "\"5 ms\"", "The time in the queue that is acceptable for good."),
    Field::default(
        "interval",
        TIME,
        "\"100 ms\"",
        "For how long packets may wait beyond the target before one is dropped: about the longest round-trip time.",
    ),
    Field::default(
        "mtu",
        Type::Quantity(&[Dimension::DATA]),
        "\"1500 B\"",
        "The largest packet; a queue that holds no more is never dropped from.",
    ),
    Field::default("ecn", Type::Bool, "false", "Whether packets of traffic with `ecn` are marked instead of dropped."),
    Field::optional(
        "ce_threshold",
        TIME,
        "Packets of traffic with `ecn` that waited longer than this are marked, whatever the law says.",
    ),
];

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "codel",
    doc: "Controlled delay (CoDel, RFC 8289): drops at the head of a queue that has kept packets too long for too long.",
    fields: &[CONTROL[0], CONTROL[1], CONTROL[2], CONTROL[3], CONTROL[4], Limit::FIELD],
    make: |table, context| {
        let (limit, control) = (limit(table, context)?, Control::read(table, context)?);
        Ok(Box::new(CoDel::new(limit, control)))
    },
};

/// The limit of a discipline that every packet passes: of zero it would let none through, since also a packet that finds
/// the server idle must fit.
pub(super) fn limit(table: &Table, context: &DisciplineContext<'_>) -> Result<Limit, Diagnostics> {
    let limit = Limit::read(table, context)?;
    if matches!(limit, Limit::Packets(0) | Limit::Bits(0)) {
        let (kind, span) = (table.kind(), table.span_of("limit"));
        let d = Diagnostic::error("E0363", span, "nothing gets through this queue", "a limit of zero")
            .help(format!("every packet passes through a `{kind}` queue, also one that finds the server idle"));
        return Err(d.into());
    }
    Ok(limit)
}

/// A time in ticks, more than zero.
pub(super) fn positive(table: &Table, key: &str) -> Result<u64, Diagnostics> {
    let q = table.quantity(key);
    match q.to_ticks() {
        Some(ticks) if ticks > 0 => Ok(ticks),
        _ => {
            let message = format!("`{key}` cannot be {q}");
            let d = Diagnostic::error("E0363", table.span_of(key), message, "1 ps to 106 days");
            Err(d.help(format!("leave out `{key}` for its default")).into())
        }
    }
}

/// The parameters of the control law.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// The acceptable sojourn time, in ticks.
    pub target: u64,
    /// For how long more is put up with, in ticks.
    pub interval: u64,
    /// A queue of so many bits or less is left alone.
    pub mtu: u64,
    /// Whether packets are marked if they can be.
    pub ecn: bool,
    /// Packets that waited for more ticks than this are marked.
    pub ce_threshold: Option<u64>,
}

impl Default for Control {
    /// As RFC 8289 recommends.
    fn default() -> Self {
        let ms = 1_000_000_000;
        Self { target: 5 * ms, interval: 100 * ms, mtu: 12_000, ecn: false, ce_threshold: None }
    }
}

impl Control {
    /// Reads the fields of [`CONTROL`].
    pub(super) fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let (target, interval) = (positive(table, "target")?, positive(table, "interval")?);
        if target >= interval {
            let message = "`target` is not less than `interval`";
            let d = Diagnostic::error("E0363", table.span_of("target"), message, "too long")
                .help("RFC 8289 recommends a target of 5 to 10 % of the interval");
            return Err(d.into());
        }
        context.check_marks(table);
        let mtu = table.quantity("mtu").value as u64;
        let ce_threshold = table.opt_quantity("ce_threshold").and_then(sim_core::quantity::Quantity::to_ticks);
        Ok(Self { target, interval, mtu, ecn: table.bool("ecn"), ce_threshold })
    }
    /// What a discipline under this law signals.
    pub(super) fn signals(&self) -> Vec<Signal> {
        if self.ecn || self.ce_threshold.is_some() { vec![MARKED] } else { Vec::new() }
    }
    /// The control law: how long after the `count`-th drop the next one is due.
    fn spacing(&self, count: u32) -> u64 {
        (self.interval as f64 / f64::from(count).sqrt()).round() as u64
    }
}

/// A queue under the law: first in, first out.
pub(super) trait Backlog {
    /// The head, if there is one.
    fn head(&self) -> Option<&Packet>;
    /// Takes out the head.
    fn pop(&mut self) -> Option<Packet>;
    /// Bits that wait.
    fn backlog(&self) -> u64;
}

impl Backlog for Fifo {
    #[inline]
    fn head(&self) -> Option<&Packet> {
        Self::head(self)
    }
    #[inline]
    fn pop(&mut self) -> Option<Packet> {
        Self::pop(self)
    }
    #[inline]
    fn backlog(&self) -> u64 {
        self.bits()
    }
}

/// The state of the law at one queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// From when on packets may be dropped, if the sojourn time stays up; [`SimTime::NEVER`] while it is below target.
    first_above: SimTime,
    /// When the next drop is due.
    drop_next: SimTime,
    /// Drops since dropping began, with those of an earlier episode that it goes on from.
    count: u32,
    /// `count` when this episode began.
    last_count: u32,
    dropping: bool,
}

impl State {
    pub(super) const NEW: Self =
        Self { first_above: SimTime::NEVER, drop_next: SimTime::ZERO, count: 0, last_count: 0, dropping: false };

    /// Whether the law lets the head of the queue be dropped.
    #[inline]
    fn over(&mut self, control: &Control, queue: &impl Backlog, now: SimTime) -> bool {
        let high = queue.head().is_some_and(|head| {
            (now - head.entered).ticks() >= control.target && queue.backlog() - u64::from(head.bits) > control.mtu
        });
        if !high {
            self.first_above = SimTime::NEVER;
        } else if self.first_above == SimTime::NEVER {
            self.first_above = SimTime::from_ticks(now.ticks() + control.interval);
        }
        high && now >= self.first_above
    }

    /// The next packet to serve; those that the law drops on the way go to `effects`.
    #[inline]
    pub(super) fn next(
        &mut self,
        control: &Control,
        queue: &mut impl Backlog,
        now: SimTime,
        effects: &mut Effects,
    ) -> Option<Packet> {
        let over = self.over(control, queue, now);
        let marked = (over || self.dropping) && self.control(control, queue, over, now, effects);
        let mut packet = queue.pop()?;
        if marked {
            packet.mark();
            effects.signal(MARKED, 1);
        } else if let Some(threshold) = control.ce_threshold
            && (now - packet.entered).ticks() > threshold
            && packet.mark()
        {
            effects.signal(MARKED, 1);
        }
        Some(packet)
    }

    /// Drops what is due. Returns whether the head is to be marked instead.
    fn control(
        &mut self,
        control: &Control,
        queue: &mut impl Backlog,
        over: bool,
        now: SimTime,
        effects: &mut Effects,
    ) -> bool {
        if !self.dropping {
            let marked = drop_unless_marked(control, queue, effects);
            if !marked {
                self.over(control, queue, now);
            }
            self.begin(control, now);
            return marked;
        }
        self.dropping = over;
        while self.dropping && now >= self.drop_next {
            self.count = self.count.saturating_add(1);
            let marked = drop_unless_marked(control, queue, effects);
            if !marked {
                self.dropping = self.over(control, queue, now);
            }
            if self.dropping {
                self.drop_next = SimTime::from_ticks(self.drop_next.ticks() + control.spacing(self.count));
            }
            if marked {
                return true;
            }
        }
        false
    }

    /// Begins an episode of drops at `now`.
    fn begin(&mut self, control: &Control, now: SimTime) {
        let delta = self.count - self.last_count;
        let recent = now.ticks() < self.drop_next.ticks().saturating_add(16 * control.interval);
        self.count = if delta > 1 && recent { delta } else { 1 };
        self.last_count = self.count;
        self.drop_next = SimTime::from_ticks(now.ticks() + control.spacing(self.count));
        self.dropping = true;
    }
}

/// Drops the head, unless it can be marked: then true.
fn drop_unless_marked(control: &Control, queue: &mut impl Backlog, effects: &mut Effects) -> bool {
    if control.ecn && queue.head().is_some_and(|head| head.ecn != Ecn::NotCapable) {
        return true;
    }
    if let Some(packet) = queue.pop() {
        effects.drop(packet, TARGET_EXCEEDED);
    }
    false
}

/// One queue under the law.
#[derive(Clone, Debug)]
pub struct CoDel {
    queue: Fifo,
    control: Control,
    state: State,
}

impl CoDel {
    /// An empty queue.
    pub const fn new(limit: Limit, control: Control) -> Self {
        Self { queue: Fifo::new(limit), control, state: State::NEW }
    }
}

impl Discipline for CoDel {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        self.queue.enqueue(packet, now, effects).map_err(|_| OVERLIMIT)
    }
    fn dequeue(&mut self, now: SimTime, effects: &mut Effects) -> Next {
        self.state.next(&self.control, &mut self.queue, now, effects).map_or(Next::Empty, Next::Packet)
    }
    fn len(&self) -> usize {
        self.queue.len()
    }
    fn bits(&self) -> u64 {
        self.queue.bits()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.queue.for_each(show);
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
    fn steps_aside(&self) -> bool {
        false
    }
    fn reasons(&self) -> Vec<Reason> {
        vec![TARGET_EXCEEDED, OVERLIMIT]
    }
    fn signals(&self) -> Vec<Signal> {
        self.control.signals()
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{Driver, assert_counts, capable, drain, findings, made, ms, packet};
    use super::*;

    /// Times of drops in milliseconds.
    fn drops(driver: &Driver) -> Vec<f64> {
        driver.lost.iter().map(|(at, ..)| at.ticks() as f64 / 1e9).collect()
    }

    #[test]
    fn the_control_law_spaces_drops_by_the_inverse_root_of_their_number() {
        // A server that asks every 0.1 us, and a queue that stays long: drops at 1/sqrt(k), to within that.
        let mut control = State::NEW;
        control.begin(&Control::default(), SimTime::ZERO);
        let mut due = Vec::new();
        for _ in 0..10 {
            due.push(control.drop_next.ticks() as f64 / 1e9);
            control.count += 1;
            control.drop_next =
                SimTime::from_ticks(control.drop_next.ticks() + Control::default().spacing(control.count));
        }
        let told = [100.0, 170.71, 228.45, 278.45, 323.17, 363.99, 401.79, 437.14, 470.48, 502.10];
        // Sums of 100/sqrt(k).
        let mut sum = 0.0;
        let expected = std::array::from_fn::<f64, 10, _>(|k| {
            sum += 100.0 / ((k + 1) as f64).sqrt();
            sum
        });
        assert!(expected.iter().zip(told).all(|(exact, told)| (exact - told).abs() <= 0.005), "{expected:?}");
        assert!(due.iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-8), "{due:?}");
        // And through the queue: packets wait far beyond the target, one is asked for every microsecond.
        let mut d = Driver::new("{ kind = 'codel', limit = 'none' }");
        d.put_all(SimTime::ZERO, 1_000_000, packet(0, 1500));
        let start = 5.0;
        for us in 0..610_000 {
            d.take(ms(start + f64::from(us) * 1e-3));
        }
        let first = start + 100.0;
        let want: Vec<f64> = std::iter::once(0.0).chain(expected).map(|t| first + t).collect();
        let got = drops(&d);
        assert_eq!(got.len(), want.len(), "{got:?}");
        // At the first packet that is asked for when it is due, up to a microsecond later.
        assert!(got.iter().zip(&want).all(|(got, want)| (-1e-8..1e-3 + 1e-8).contains(&(got - want))), "{got:?}");
    }

    #[test]
    fn constants_are_those_of_the_rfc() {
        // RFC 8289: target 5 ms, interval 100 ms, a largest packet of 1500 B; from a table in which nothing is said too.
        let told = format!("{:?}", made("{ kind = 'codel' }", None).expect("valid"));
        for part in ["target: 5000000000,", "interval: 100000000000,", "mtu: 12000,"] {
            assert!(told.contains(part), "{told}");
        }
        let Control { target, interval, mtu, .. } = Control::default();
        assert_eq!((target, interval, mtu), (5_000_000_000, 100_000_000_000, 12_000));
    }

    #[test]
    fn twenty_packets_served_late_as_in_ns3() {
        // Test 5 of ns-3's codel-queue-disc-test-suite: 20 packets at 0, asked at 10, 210, 210 and 420 ms.
        let mut d = Driver::new("{ kind = 'codel' }");
        d.put_all(SimTime::ZERO, 20, packet(0, 1000));
        let mut lengths = Vec::new();
        for at in [10.0, 210.0, 210.0, 420.0] {
            assert!(d.take(ms(at)).is_some());
            lengths.push(d.queue.len());
            assert_counts(d.queue.as_ref());
        }
        assert_eq!(lengths, [19, 17, 16, 13]);
        assert_eq!((d.lost.len(), d.losses(0, TARGET_EXCEEDED)), (3, 3));
    }

    #[test]
    fn what_comes_beyond_the_limit_is_dropped_as_in_ns3() {
        let mut d = Driver::new("{ kind = 'codel', limit = '500 packets' }");
        d.put_all(SimTime::ZERO, 503, packet(0, 1000));
        assert_eq!((d.queue.len(), d.losses(0, OVERLIMIT)), (500, 3));
        assert_eq!(drain(&mut d, ms(1.0)), 500);
    }

    #[test]
    fn a_recent_rate_of_drops_is_taken_up_again() {
        let control = Control::default();
        let ended = |count, last_count, drop_next| State { count, last_count, drop_next: ms(drop_next), ..State::NEW };
        let begun = |mut s: State, at: f64| {
            s.begin(&control, ms(at));
            (s.count, s.last_count, s.drop_next)
        };
        // An episode of four further drops, as RFC 8289 section 5.6 has it: go on from four, unless 16 intervals have passed.
        assert_eq!(begun(ended(5, 1, 1000.0), 2599.9), (4, 4, ms(2649.9)));
        assert_eq!(begun(ended(5, 1, 1000.0), 2600.0), (1, 1, ms(2700.0)));
        // Also if the next drop would not have been due yet.
        assert_eq!(begun(ended(5, 1, 1000.0), 990.0), (4, 4, ms(1040.0)));
        // A single further drop says nothing.
        assert_eq!(begun(ended(5, 4, 1000.0), 1100.0), (1, 1, ms(1200.0)));
        assert_eq!(begun(State::NEW, 50.0), (1, 1, ms(150.0)));
    }

    #[test]
    fn a_whole_interval_above_target_comes_before_the_first_drop() {
        let mut d = Driver::new("{ kind = 'codel' }");
        d.put_all(SimTime::ZERO, 10, packet(0, 1500));
        // Exactly the target is above it; the interval runs from there.
        d.take(ms(5.0));
        d.take(ms(104.999));
        assert!(d.lost.is_empty());
        d.take(ms(105.0));
        assert_eq!(drops(&d), [105.0]);
        // One packet in time, and the interval starts anew.
        let mut d = Driver::new("{ kind = 'codel' }");
        d.put(SimTime::ZERO, packet(0, 1500));
        d.put_all(ms(50.0), 10, packet(0, 1500));
        d.take(ms(5.0));
        d.take(ms(54.999));
        d.take(ms(105.0));
        d.take(ms(204.999));
        assert!(d.lost.is_empty());
        d.take(ms(205.0));
        assert_eq!(drops(&d), [205.0]);
    }

    #[test]
    fn a_queue_of_one_largest_packet_is_left_alone() {
        let mut d = Driver::new("{ kind = 'codel', limit = 'none' }");
        // Behind every packet that is asked for, exactly 1500 B wait.
        for k in 0..30 {
            d.put_all(ms(100.0 * f64::from(k)), 1, packet(0, 1500));
            if k > 0 {
                d.take(ms(100.0 * f64::from(k)));
            }
        }
        assert!(d.lost.is_empty());
        d.put(ms(3000.0), packet(0, 1));
        for k in 0..3 {
            d.put(ms(3100.0 + 100.0 * f64::from(k)), packet(0, 1500));
            d.take(ms(3100.0 + 100.0 * f64::from(k)));
        }
        assert_eq!(drops(&d), [3200.0]);
    }

    #[test]
    fn an_unresponsive_flow_is_thinned_out_by_the_laws_schedule() {
        // 12.3 Mbit/s in packets of 1250 B at 10 Mbit/s: the schedule of RFC 8289's pseudocode, from an independent
        // program; each drop to within two packet times.
        let mut d = Driver::new("{ kind = 'codel', limit = 'none' }");
        let arrivals = (0..).map(|k| (ms(0.05 + 0.81 * f64::from(k)), packet(0, 1250)));
        let served = d.serve(arrivals, |_| ms(1.0), ms(3000.0));
        let expected = [
            0.12705, 0.22705, 0.29805, 0.35605, 0.40605, 0.45105, 0.49105, 0.52905, 0.56505, 0.59805, 0.63005, 0.66005,
            0.68905, 0.71605, 0.74305, 0.76905, 0.79405, 0.81805, 0.84205, 0.86505, 0.88705, 0.90905, 0.93005, 0.95105,
            0.97105, 0.99105, 1.01105, 1.03005, 1.04905, 1.06805, 1.08605, 1.10405, 1.12205, 1.13905, 1.15605, 1.17305,
            1.19005, 1.20605, 1.22205, 1.23805,
        ];
        let got = drops(&d);
        for (got, want) in got.iter().zip(expected) {
            assert!((got - want * 1e3).abs() < 2.01, "{got} {want}");
        }
        assert!(got.len().abs_diff(228) <= 2, "{}", got.len());
        let sojourn = served.iter().map(|(at, p)| (*at - p.entered).ticks()).max().expect("packets");
        assert!((sojourn as f64 * 1e-12 - 0.38556).abs() < 0.006, "{sojourn}");
    }

    #[test]
    fn marks_come_instead_of_drops_where_they_are_heeded() {
        let ask = |d: &mut Driver| (1..=8).filter_map(|k| d.take(ms(110.0 * f64::from(k)))).collect::<Vec<_>>();
        let mut d = Driver::new("{ kind = 'codel', ecn = true }");
        d.put_all(SimTime::ZERO, 40, capable(0, 1000));
        let congested = ask(&mut d).iter().filter(|p| p.ecn == Ecn::Congested).count();
        assert_eq!((d.lost.len(), d.marks(), congested), (0, 7, 7));
        let mut d = Driver::new("{ kind = 'codel', ecn = true }");
        d.put_all(SimTime::ZERO, 40, packet(0, 1000));
        ask(&mut d);
        assert!(d.marks() == 0 && d.lost.len() >= 7);
    }

    #[test]
    fn mistakes_and_oddities_are_told() {
        let code = |text: &str| findings(&format!("{{ kind = 'codel', {text} }}"), true);
        assert_eq!(code("target = '100 ms'"), ["E0363"]);
        assert_eq!(code("target = '0 ms'"), ["E0363"]);
        assert_eq!(code("interval = '0 ms'"), ["E0363"]);
        assert_eq!(code("limit = '0 packets'"), ["E0363"]);
        assert_eq!(code("limit = '0 B'"), ["E0363"]);
        assert!(code("ecn = true").is_empty());
        assert_eq!(findings("{ kind = 'codel', ecn = true }", false), ["W0360"]);
        assert_eq!(made("{ kind = 'codel', limit = '10 ms' }", None).err(), Some(vec!["E0362"]));
    }
}
