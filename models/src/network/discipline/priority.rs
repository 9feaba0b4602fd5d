//! Strict priority between classes, non-preemptive, first in first out within a class.
//!
//! Each class has a queue of its own with the same limit; `prio` takes rules and any discipline for each. Validated against Cobham 1954 (doi:10.1287/opre.2.1.70):
//! the mean wait of class k is W0 / ((1 - s(k-1)) (1 - s(k))), s(k) the load of classes up to k, W0 the mean residual
//! service.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type, did_you_mean};

use super::{Discipline, DisciplineContext, Effects, Fifo, Limit, MakeDiscipline, Next, Reason};
use crate::network::Packet;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeDiscipline> = Kind {
    name: "priority",
    doc: "Strict priority between classes of traffic, without preemption; first in, first out within a class.",
    fields: &[
        Field::required(
            "classes",
            Type::List(&Type::Text),
            "The classes, the most urgent first. Classes that are not named come last, together.",
        ),
        Limit::FIELD,
    ],
    make: |table, context| Priority::read(table, context).map(|p| Box::new(p) as Box<dyn Discipline>),
};

/// The queues of all bands.
#[derive(Clone, Debug)]
pub struct Priority {
    /// The band of each class.
    band_of: Vec<u8>,
    bands: Vec<Fifo>,
}

impl Priority {
    fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let named = table.list("classes");
        let mut band_of = vec![named.len() as u8; context.classes.len()];
        for (band, value) in named.iter().enumerate() {
            let name = value.as_text().unwrap_or_default();
            if let Some(class) = context.classes.iter().position(|c| c == name) {
                band_of[class] = band as u8;
            } else {
                let known = context.classes.iter().map(String::as_str);
                let help = did_you_mean(name, known).unwrap_or_else(|| {
                    format!("the classes of this scenario's traffic are {}", context.classes.join(", "))
                });
                diagnostics.push(
                    Diagnostic::error(
                        "E0330",
                        value.span,
                        format!("no traffic has the class `{name}`"),
                        "unknown class",
                    )
                    .help(help),
                );
            }
        }
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Ok(Self::new(band_of, named.len() + 1, Limit::read(table, context)?))
    }
    /// Empty queues: `band_of[class]` names the band of a class, 0 the most urgent of `bands`.
    pub fn new(band_of: Vec<u8>, bands: usize, limit: Limit) -> Self {
        Self { band_of, bands: vec![Fifo::new(limit); bands] }
    }
}

impl Discipline for Priority {
    fn enqueue(&mut self, packet: &Packet, now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        let band = self.band_of[packet.class as usize];
        self.bands[band as usize].enqueue(packet, now, effects)
    }
    fn dequeue(&mut self, _now: SimTime, _effects: &mut Effects) -> Next {
        self.bands.iter_mut().find_map(Fifo::pop).map_or(Next::Empty, Next::Packet)
    }
    fn len(&self) -> usize {
        self.bands.iter().map(Discipline::len).sum()
    }
    fn bits(&self) -> u64 {
        self.bands.iter().map(Discipline::bits).sum()
    }
    fn for_each(&self, show: &mut dyn FnMut(&Packet)) {
        self.bands.iter().for_each(|b| b.for_each(show));
    }
    fn boxed_clone(&self) -> Box<dyn Discipline> {
        Box::new(self.clone())
    }
}
