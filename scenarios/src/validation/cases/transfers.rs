//! TCP connections: what is known of their rates, approximately.

use super::super::case::{Case, Observable};
use super::super::closed_form::with_timeouts;
use super::{BUSY, case};

const LOSSES: (&str, &str) = (
    "MSS / (RTT sqrt(2 p / 3) + RTO 3 sqrt(3 p / 8) p (1 + 32 p^2)), an approximation: within 10, 10 and 15 %",
    "Padhye et al. 1998, doi:10.1145/285237.285291, as in RFC 5348 section 3.1",
);
const MANAGED: (&str, &str) = (
    "RFC 8289: a target of 5 ms; RFC 8033: 15 ms; drop-tail: its limit. A range: 1 to 7 ms, 10 to 20 ms, the limit to 2 %",
    "RFC 8289, RFC 8033",
);
const SHARING: (&str, &str) = (
    "M/G/1-PS: E[T] = E[S] / (1 - rho), of TCP within 15 %",
    "Kleinrock 1976, Queueing Systems vol. 2, ch. 4; Massoulie & Roberts 2000, doi:10.1023/A:1019146925423 (both from memory)",
);

const MANAGED_QUEUE: &str = include_str!("managed-queue.toml");

pub(super) fn cases() -> Vec<Case> {
    let pie = "link.line.queue={ kind = \"pie\" }";
    let tail = "link.line.queue={ kind = \"fifo\", limit = \"400 packets\" }";
    // 400 packets of 1500 B at 50 Mbit/s.
    let full = 400.0 * 1500.0 * 8.0 / 50e6;
    vec![
        case(
            "tcp-losses",
            "Reno over a path that loses packets",
            LOSSES,
            include_str!("lossy-transfer.toml"),
            losses(),
        ),
        managed("control-codel", "Four connections through CoDel", "p50", 4e-3, 0.75),
        managed("control-pie", "Four connections through PIE", "mean", 15e-3, 0.33).with(&[pie]),
        managed("control-tail", "Four connections through a drop-tail queue", "max", full, 0.02).with(&[tail]),
        case(
            "tcp-sharing",
            "Transfers over TCP that share a link",
            SHARING,
            include_str!("packets-sharing.toml"),
            shared(),
        ),
    ]
}

fn about(tolerance: f64, observable: Observable) -> Observable {
    Observable { tolerance, ..observable }
}

fn losses() -> Vec<Observable> {
    let at = |(point, (p, tolerance)): (usize, (f64, f64))| {
        let rate = with_timeouts(8.0 * 1460.0, 0.1, p);
        let name = format!("goodput at {} %", 100.0 * p);
        about(tolerance, Observable::mean(&name, "bulk", ("goodput", "mean"), rate, "bit/s").within(0.02)).at(point)
    };
    [(0.001, 0.1), (0.01, 0.1), (0.05, 0.15)].into_iter().enumerate().map(at).collect()
}

/// The wait in the queue of long connections, and that the link is busy all the same.
fn managed(id: &'static str, title: &str, stat: &'static str, wait: f64, tolerance: f64) -> Case {
    let observables = vec![
        about(tolerance, Observable::mean(&format!("wait, {stat}"), "line", ("wait_time", stat), wait, "s")),
        about(0.05, Observable::mean("utilization", "line", BUSY, 1.0, "1")),
    ];
    case(id, title, MANAGED, MANAGED_QUEUE, observables)
}

fn shared() -> Vec<Observable> {
    // 100 segments of 1500 B at 10 Mbit/s.
    let service = 0.12;
    let at = |(point, rate): (usize, f64)| {
        let name = format!("time of a transfer at load {}", rate * service);
        let time = service / (1.0 - rate * service);
        let time = Observable::mean(&name, "transfers", ("flow_completion_time", "mean"), time, "s").within(0.04);
        about(0.15, time).at(point)
    };
    [4.0, 6.0].into_iter().enumerate().map(at).collect()
}
