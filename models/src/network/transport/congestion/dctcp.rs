//! Data Center TCP (RFC 8257; Alizadeh et al. 2010, doi:10.1145/1851182.1851192).
//!
//! Reno that answers marks in proportion: alpha is the smoothed share of marked segments, updated once a window,
//! alpha = (1 - g) alpha + g F, and a window with a mark is multiplied by 1 - alpha/2. Losses halve it. The receiver echoes
//! every mark by itself, and packets are always marked rather than dropped.
//!
//! Validated against: the amplitude and the maximum of the queue over a threshold in Alizadeh et al. 2010; the utilization
//! and alpha of ns-3's `tcp-validation.cc`.

use sim_core::SimTime;
use sim_core::config::{Field, Type};

use super::{Ack, CongestionControl, LEAST, MakeCongestionControl, Window, slow_start};
use crate::registry::Kind;

const SHARE: Type = Type::Number { min: 0.0, max: 1.0 };

pub(super) const KIND: Kind<MakeCongestionControl> = Kind {
    name: "dctcp",
    doc: "Reduces the window by the share of packets that were marked (RFC 8257).",
    fields: &[
        Field::default("g", SHARE, "0.0625", "The weight of the last window in the share of marks."),
        Field::default("alpha", SHARE, "1.0", "The share of marks that is assumed at first."),
    ],
    make: |table| {
        let initial = table.number("alpha");
        Ok(Box::new(Dctcp { g: table.number("g"), initial, alpha: initial, seen: 0, marked: 0, until: 0 }))
    },
};

#[derive(Clone, Debug)]
struct Dctcp {
    g: f64,
    initial: f64,
    alpha: f64,
    /// Segments delivered in the present window, and those of acknowledgements that echoed a mark.
    seen: u32,
    marked: u32,
    /// The window ends when this segment is acknowledged.
    until: u64,
}

impl Dctcp {
    fn observe(&mut self, ack: &Ack) {
        self.seen += ack.delivered;
        self.marked += if ack.marked { ack.delivered } else { 0 };
        if ack.first > self.until && self.seen > 0 {
            self.alpha += self.g * (f64::from(self.marked) / f64::from(self.seen) - self.alpha);
            (self.seen, self.marked, self.until) = (0, 0, ack.next);
        }
    }
}

impl CongestionControl for Dctcp {
    fn open(&mut self, _window: Window, _now: SimTime) {
        (self.alpha, self.seen, self.marked, self.until) = (self.initial, 0, 0, 0);
    }
    fn on_ack(&mut self, window: &mut Window, ack: &Ack) {
        self.observe(ack);
        if ack.acknowledged == 0 || ack.recovering || ack.marked || !ack.limited {
            return;
        }
        if window.in_slow_start() {
            slow_start(window, f64::from(ack.acknowledged).min(2.0));
        } else {
            window.size += f64::from(ack.acknowledged) / window.size;
        }
    }
    fn on_loss(&mut self, window: &mut Window, flight: f64, _now: SimTime) {
        window.threshold = (flight / 2.0).max(LEAST);
    }
    fn on_mark(&mut self, window: &mut Window, _flight: f64, _now: SimTime) {
        window.threshold = (window.size * (1.0 - self.alpha / 2.0)).max(LEAST);
    }
    fn counts_marks(&self) -> bool {
        true
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
    fn alpha_is_forgotten_by_a_sixteenth_a_window() {
        // ns-3's tcp-validation.cc at 80 ms: below 0.01 six seconds after the start, 75 windows without a mark.
        let mut dctcp = Dctcp { g: 0.0625, initial: 1.0, alpha: 1.0, seen: 0, marked: 0, until: 0 };
        for n in 1..=75u64 {
            dctcp.observe(&Ack { first: n, next: n, ..ack(0.0, 1, 0.08) });
        }
        assert!((dctcp.alpha - 0.9375f64.powi(75)).abs() < 1e-12 && dctcp.alpha < 0.01, "{}", dctcp.alpha);
    }

    #[test]
    fn the_window_falls_by_half_the_share_of_marks() {
        let mut dctcp = control("{ kind = 'dctcp' }");
        let mut window = Window { size: 100.0, threshold: 50.0 };
        // Windows of ten segments, one in ten marked: alpha falls from 1 to 0.1.
        for n in 0..2000u64 {
            let marked = n % 10 == 0;
            dctcp.on_ack(&mut window, &Ack { marked, first: n, next: n + 9, limited: false, ..ack(0.0, 1, 0.1) });
        }
        dctcp.on_mark(&mut window, 100.0, SimTime::ZERO);
        assert!((window.threshold - 95.0).abs() < 0.05, "{}", window.threshold);
        dctcp.on_loss(&mut window, 100.0, SimTime::ZERO);
        assert_eq!(window.threshold, 50.0);
        // A new connection assumes that all are marked.
        dctcp.open(window, SimTime::ZERO);
        dctcp.on_mark(&mut window, 100.0, SimTime::ZERO);
        assert_eq!(window.threshold, 50.0);
    }
}
