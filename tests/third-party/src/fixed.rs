//! A congestion control that does not control: a fixed window.

use egress::models::Kind;
use egress::models::network::transport::congestion::{Ack, CongestionControl, MakeCongestionControl, Window};
use egress::sim_core::SimTime;
use egress::sim_core::config::{Field, Type};

pub const KIND: Kind<MakeCongestionControl> = Kind {
    name: "fixed",
    doc: "Always the same window.",
    fields: &[Field::required("segments", Type::Integer { min: 1, max: 1_000_000 }, "The window.")],
    make: |table| Ok(Box::new(Fixed { segments: table.integer("segments") as f64 })),
};

#[derive(Clone, Debug)]
struct Fixed {
    segments: f64,
}

impl CongestionControl for Fixed {
    fn open(&mut self, _: Window, _: SimTime) {}
    fn on_ack(&mut self, window: &mut Window, _: &Ack) {
        window.size = self.segments;
    }
    fn on_loss(&mut self, window: &mut Window, _: f64, _: SimTime) {
        window.threshold = self.segments;
    }
    fn boxed_clone(&self) -> Box<dyn CongestionControl> {
        Box::new(self.clone())
    }
}
