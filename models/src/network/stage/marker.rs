//! A marker: sets the code point of packets (RFC 2474), of all of them or of a class or flow.
//!
//! Several markers in a row work like a list of rules. Code points have names: EF (RFC 3246), AF11 to AF43 (RFC 2597), CS0
//! to CS7.

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Field, Table, Type, did_you_mean};

use super::{MakeStage, StageSpec};
use crate::network::discipline::{DisciplineContext, Effects, MARKED, Reason, Signal};
use crate::network::gate::Gate;
use crate::network::label::{self, Label};
use crate::network::packet::Packet;
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeStage> = Kind {
    name: "marker",
    doc: "Sets the code point of packets: of all, or of those of a class or flow.",
    fields: &[
        Field::required(
            "dscp",
            Type::OneOf(&[Type::Integer { min: 0, max: 63 }, Type::Text]),
            "The code point that they go on with: a number or a name, \"EF\", \"AF41\".",
        ),
        Field::optional("class", Type::Text, "Only packets of this class."),
        Field::optional("flow", Type::Text, "Only packets of this [traffic.NAME], or of all of a matrix."),
    ],
    make: read,
};

fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<StageSpec, Diagnostics> {
    let mut wrong = Diagnostics::default();
    let dscp = label::dscp(table, "dscp").map_err(|d| wrong.push(d)).unwrap_or(0);
    if let Some(class) = table.opt_text("class")
        && !context.classes.iter().any(|c| c == class)
    {
        wrong.push(unknown(table, "class", context.classes.iter().map(String::as_str)));
    }
    if let Some(flow) = table.opt_text("flow")
        && !context.flows.iter().any(|f| is_of(f, flow))
    {
        wrong.push(unknown(table, "flow", context.flows.iter().map(|f| f.name.as_str())));
    }
    if wrong.has_errors() {
        return Err(wrong);
    }
    let chosen = |label: &Label| {
        table.opt_text("class").is_none_or(|class| context.classes[usize::from(label.class)] == class)
            && table.opt_text("flow").is_none_or(|flow| is_of(label, flow))
    };
    let marks = context.flows.iter().map(chosen).collect();
    Ok(StageSpec::Gate(Box::new(Marker { dscp, marks })))
}

/// Whether a flow is the traffic `name`, or a part of it (`NAME.a-b`, of a matrix).
fn is_of(label: &Label, name: &str) -> bool {
    label.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn unknown<'a>(table: &Table, key: &str, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let name = table.text(key);
    let help = did_you_mean(name, known.clone()).unwrap_or_else(|| {
        let some: Vec<&str> = known.take(8).collect();
        format!("there are: {}", some.join(", "))
    });
    let message = format!("no traffic has the {key} `{name}`");
    Diagnostic::error("E0330", table.span_of(key), message, format!("unknown {key}")).help(help)
}

#[derive(Clone, Debug)]
struct Marker {
    dscp: u8,
    /// Whether it marks packets of each flow.
    marks: Vec<bool>,
}

impl Gate for Marker {
    fn judge(&mut self, packet: &mut Packet, _now: SimTime, effects: &mut Effects) -> Result<(), Reason> {
        if self.marks[packet.flow as usize] {
            packet.dscp = self.dscp;
            effects.signal(MARKED, 1);
        }
        Ok(())
    }
    fn boxed_clone(&self) -> Box<dyn Gate> {
        Box::new(self.clone())
    }
    fn signals(&self) -> Vec<Signal> {
        vec![MARKED]
    }
}
