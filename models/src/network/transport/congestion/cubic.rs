//! CUBIC (RFC 9438; Ha, Rhee & Xu 2008, doi:10.1145/1400097.1400105).
//!
//! Since the last reduction, t ago, the window follows W(t) = C (t - K)^3 + Wmax with K = cbrt((Wmax - W0)/C), where W0 is
//! the window at the start of the epoch and Wmax the one before the reduction. Where Reno with a decrease by `beta` would be
//! faster, it follows that: West grows by alpha = 3 (1 - beta)/(1 + beta) a round trip, by 1 beyond the window before the
//! reduction. With fast convergence a loss below the last Wmax sets Wmax = W (1 + beta)/2, to make room for others. W0 is
//! the true window (RFC 8312 started below it).
//!
//! Validated against: points of the curve and K, exactly; fast convergence; RFC 9438's tables of mean windows.

use sim_core::SimTime;
use sim_core::config::{Field, Type};

use super::{Ack, CongestionControl, LEAST, MakeCongestionControl, Window, slow_start};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeCongestionControl> = Kind {
    name: "cubic",
    doc: "The window as a cubic function of the time since the last loss (RFC 9438).",
    fields: &[
        Field::default("c", Type::Number { min: 1e-6, max: 1e6 }, "0.4", "The constant C, in segments/s^3."),
        Field::default("beta", Type::Number { min: 0.1, max: 0.99 }, "0.7", "What a loss multiplies the window by."),
        Field::default("fast_convergence", Type::Bool, "true", "Whether a loss below the last maximum makes room."),
        Field::default("reno_friendly", Type::Bool, "true", "Whether the window is at least what Reno's would be."),
    ],
    make: |table| {
        Ok(Box::new(Cubic {
            c: table.number("c"),
            beta: table.number("beta"),
            fast_convergence: table.bool("fast_convergence"),
            reno_friendly: table.bool("reno_friendly"),
            maximum: 0.0,
            prior: 0.0,
            after_loss: false,
            epoch: None,
        }))
    },
};

#[derive(Clone, Debug)]
struct Cubic {
    c: f64,
    beta: f64,
    fast_convergence: bool,
    reno_friendly: bool,
    /// Wmax; 0 before the first loss.
    maximum: f64,
    /// The window before the last reduction.
    prior: f64,
    /// The next epoch follows a reduction that was no time-out.
    after_loss: bool,
    epoch: Option<Epoch>,
}

/// A stretch of congestion avoidance.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    start: SimTime,
    /// Seconds until the window is at `maximum` again.
    k: f64,
    maximum: f64,
    /// What Reno's window would be.
    reno: f64,
}

impl Cubic {
    fn begin(&self, window: f64, now: SimTime) -> Epoch {
        // After slow start there is no earlier maximum to come back to: the window grows convexly from where it is.
        let maximum = if self.after_loss { self.maximum.max(window) } else { window };
        Epoch { start: now, k: libm::cbrt((maximum - window) / self.c), maximum, reno: window }
    }
    /// W(t), `seconds` after the start of the epoch.
    fn curve(&self, epoch: &Epoch, seconds: f64) -> f64 {
        let d = seconds - epoch.k;
        self.c * d * d * d + epoch.maximum
    }
    fn reduce(&mut self, window: &mut Window, flight: f64) {
        let size = window.size.min(flight);
        let shrinks = self.fast_convergence && size < self.maximum;
        self.maximum = if shrinks { size * f64::midpoint(1.0, self.beta) } else { size };
        self.prior = size;
        self.epoch = None;
        window.threshold = (size * self.beta).max(LEAST);
    }
}

impl CongestionControl for Cubic {
    fn open(&mut self, _window: Window, _now: SimTime) {
        (self.maximum, self.prior, self.after_loss, self.epoch) = (0.0, 0.0, false, None);
    }
    fn on_ack(&mut self, window: &mut Window, ack: &Ack) {
        if ack.acknowledged == 0 || ack.recovering || ack.marked {
            return;
        }
        if !ack.limited {
            // Time that the sender had nothing to send in does not count.
            self.epoch = None;
            return;
        }
        let n = f64::from(ack.acknowledged);
        if window.in_slow_start() {
            return slow_start(window, n);
        }
        let mut epoch = self.epoch.unwrap_or_else(|| self.begin(window.size, ack.now));
        let t = (ack.now - epoch.start).as_secs_f64();
        let alpha = if epoch.reno < self.prior { 3.0 * (1.0 - self.beta) / (1.0 + self.beta) } else { 1.0 };
        epoch.reno += alpha * n / window.size;
        if self.reno_friendly && self.curve(&epoch, t) < epoch.reno {
            window.size = window.size.max(epoch.reno);
        } else {
            let ahead = self.curve(&epoch, t + ack.smoothed.as_secs_f64());
            let target = ahead.clamp(window.size, 1.5 * window.size);
            window.size = (window.size + n * (target - window.size) / window.size).min(target);
        }
        self.epoch = Some(epoch);
    }
    fn on_loss(&mut self, window: &mut Window, flight: f64, _now: SimTime) {
        self.reduce(window, flight);
        self.after_loss = true;
    }
    fn on_timeout(&mut self, window: &mut Window, flight: f64, _now: SimTime) {
        self.reduce(window, flight);
        self.after_loss = false;
    }
    fn boxed_clone(&self) -> Box<dyn CongestionControl> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::ack;
    use super::*;

    fn cubic(maximum: f64) -> Cubic {
        Cubic {
            c: 0.4,
            beta: 0.7,
            fast_convergence: true,
            reno_friendly: true,
            maximum,
            prior: maximum,
            after_loss: true,
            epoch: None,
        }
    }

    #[test]
    fn the_curve_goes_through_its_points() {
        let cubic = cubic(100.0);
        let epoch = cubic.begin(70.0, SimTime::ZERO);
        assert!((epoch.k - 4.217_163).abs() < 1e-6, "{}", epoch.k);
        let points = [(0.0, 70.0), (1.0, 86.68), (2.0, 95.64), (3.0, 99.28), (5.0, 100.19), (6.0, 102.27)];
        for (t, w) in points {
            assert!((cubic.curve(&epoch, t) - w).abs() <= 5e-3, "{t}: {}", cubic.curve(&epoch, t));
        }
        let far = super::tests::cubic(1000.0);
        assert!((far.begin(700.0, SimTime::ZERO).k - 9.085_603).abs() < 1e-6);
    }

    #[test]
    fn a_loss_below_the_last_maximum_makes_room() {
        let mut c = cubic(120.0);
        let mut window = Window { size: 100.0, threshold: 50.0 };
        c.on_loss(&mut window, 100.0, SimTime::ZERO);
        assert!((c.maximum - 85.0).abs() < 1e-12 && (window.threshold - 70.0).abs() < 1e-12, "{c:?}");
        // From the true window: K^3 C is 85 - 70, 0.15 of the peak.
        let k = c.begin(70.0, SimTime::ZERO).k;
        assert!((k * k * k * 0.4 - 15.0).abs() < 1e-9, "{k}");
        c.fast_convergence = false;
        c.maximum = 120.0;
        c.on_loss(&mut window, 100.0, SimTime::ZERO);
        assert!((c.maximum - 100.0).abs() < 1e-12);
    }

    #[test]
    fn it_is_no_slower_than_reno() {
        // With C so small that the curve is flat, the window grows by alpha = 9/17 a round trip.
        let mut c = Cubic { c: 1e-6, ..cubic(1e6) };
        c.prior = 1e6;
        let mut window = Window { size: 1000.0, threshold: 1000.0 };
        for _ in 0..1000 {
            c.on_ack(&mut window, &ack(0.1, 1, 0.1));
        }
        assert!((window.size - 1000.0 - 0.529_412).abs() < 2e-4, "{}", window.size);
        // Beyond the window before the loss, by a whole segment.
        c.prior = 100.0;
        let before = window.size;
        for _ in 0..1000 {
            c.on_ack(&mut window, &ack(0.1, 1, 0.1));
        }
        assert!((window.size - before - 1.0).abs() < 1e-2, "{}", window.size - before);
    }

    #[test]
    fn after_a_timeout_it_grows_from_where_slow_start_ends() {
        let mut c = cubic(100.0);
        let mut window = Window { size: 100.0, threshold: 50.0 };
        c.on_timeout(&mut window, 100.0, SimTime::ZERO);
        let epoch = c.begin(window.threshold, SimTime::ZERO);
        assert_eq!((epoch.k, epoch.maximum), (0.0, window.threshold));
    }
}
