//! Reno: slow start and congestion avoidance (RFC 5681).
//!
//! Below the threshold the window grows by one segment for each acknowledgement, above it by one over the window; a loss
//! halves it. With `byte_counting` (RFC 3465) it grows by what is acknowledged, two segments at most in slow start, so that
//! delayed acknowledgements do not slow it down. Recovery (RFC 6582, or by selective acknowledgements) is the sender's.
//!
//! Validated against: the slow start of ns-3's `tcp-slow-start-test.cc`, the square-root law of Mathis et al. 1997
//! (doi:10.1145/263932.264023), the utilization of a sawtooth over a buffer.

use sim_core::SimTime;
use sim_core::config::{Field, Type};

use super::{Ack, CongestionControl, LEAST, MakeCongestionControl, Window, slow_start};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeCongestionControl> = Kind {
    name: "reno",
    doc: "Slow start and additive increase, multiplicative decrease (RFC 5681).",
    fields: &[Field::default(
        "byte_counting",
        Type::Bool,
        "false",
        "Whether the window grows by what is acknowledged (RFC 3465) instead of by acknowledgements.",
    )],
    make: |table| Ok(Box::new(Reno { byte_counting: table.bool("byte_counting") })),
};

#[derive(Clone, Debug)]
struct Reno {
    byte_counting: bool,
}

impl CongestionControl for Reno {
    fn open(&mut self, _window: Window, _now: SimTime) {}
    fn on_ack(&mut self, window: &mut Window, ack: &Ack) {
        if ack.acknowledged == 0 || ack.recovering || ack.marked || !ack.limited {
            return;
        }
        let n = if self.byte_counting { f64::from(ack.acknowledged) } else { 1.0 };
        if window.in_slow_start() {
            slow_start(window, n.min(2.0));
        } else {
            window.size += n / window.size;
        }
    }
    fn on_loss(&mut self, window: &mut Window, flight: f64, _now: SimTime) {
        window.threshold = (flight / 2.0).max(LEAST);
    }
    fn boxed_clone(&self) -> Box<dyn CongestionControl> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{ack, control};
    use super::*;

    #[test]
    fn slow_start_adds_a_segment_an_acknowledgement() {
        // ns-3's tcp-slow-start-test: initial window 2, seven segments, each acknowledged by itself.
        let mut reno = control("{ kind = 'reno' }");
        let mut window = Window { size: 2.0, threshold: f64::INFINITY };
        let sizes: Vec<f64> = (0..7)
            .map(|_| {
                reno.on_ack(&mut window, &ack(0.0, 1, 0.1));
                window.size
            })
            .collect();
        assert_eq!(sizes, [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        // Never above the threshold.
        let mut window = Window { size: 2.0, threshold: 3.5 };
        reno.on_ack(&mut window, &ack(0.0, 1, 0.1));
        reno.on_ack(&mut window, &ack(0.0, 1, 0.1));
        assert_eq!(window.size, 3.5);
    }

    #[test]
    fn avoidance_adds_a_segment_a_round_trip_and_a_loss_halves() {
        let mut reno = control("{ kind = 'reno' }");
        let mut window = Window { size: 10.0, threshold: 10.0 };
        for _ in 0..10 {
            reno.on_ack(&mut window, &ack(0.0, 1, 0.1));
        }
        assert!((window.size - 10.96).abs() < 0.01, "{}", window.size);
        reno.on_loss(&mut window, 10.0, SimTime::ZERO);
        assert_eq!(window.threshold, 5.0);
        reno.on_timeout(&mut window, 3.0, SimTime::ZERO);
        assert_eq!(window.threshold, 2.0);
    }

    #[test]
    fn counting_bytes_makes_up_for_delayed_acknowledgements() {
        let grown = |text: &str, size: f64, threshold: f64| {
            let mut reno = control(text);
            let mut window = Window { size, threshold };
            reno.on_ack(&mut window, &ack(0.0, 4, 0.1));
            window.size - size
        };
        assert_eq!(grown("{ kind = 'reno', byte_counting = true }", 10.0, 100.0), 2.0);
        assert_eq!(grown("{ kind = 'reno' }", 10.0, 100.0), 1.0);
        assert!((grown("{ kind = 'reno', byte_counting = true }", 10.0, 10.0) - 0.4).abs() < 1e-12);
        assert!((grown("{ kind = 'reno' }", 10.0, 10.0) - 0.1).abs() < 1e-12);
    }
}
