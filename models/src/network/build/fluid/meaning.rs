//! What of links has a fluid: everything that is not named here is refused.

use sim_core::config::{Span, Table};

use crate::network::topology::{LinkSpec, Medium};

/// What a queue is in the fluid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Meaning {
    /// The rate of the slowest token bucket in it, in bit/s; infinite without one.
    pub(super) bucket: f64,
    /// Whether each flow has a queue of its own; else all share one.
    pub(super) fair: bool,
    /// Where a limit stands that all these queues share: what waits of one flow then makes others lose.
    pub(super) limited: Option<Span>,
}

impl Meaning {
    const SHARED: Self = Self { bucket: f64::INFINITY, fair: false, limited: None };
}

/// Something without a fluid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Missing {
    pub(super) span: Span,
    /// What it is.
    pub(super) what: String,
    /// Why it has none.
    pub(super) why: &'static str,
    /// What else could be done.
    pub(super) instead: Option<&'static str>,
}

/// Queues that conversations hash to: with fewer of them, what shares one would share its rate, too.
const QUEUES: i64 = 1024;

/// What a queue, and those inside it, come to.
///
/// Fails with the one that has no fluid.
pub(super) fn of_queue(queue: &Table) -> Result<Meaning, Missing> {
    match queue.kind() {
        "fifo" | "red" | "codel" | "pie" => Ok(Meaning::SHARED),
        "fq_codel" if queue.integer("flows") < QUEUES => Err(Missing {
            span: queue.span_of("flows"),
            what: format!("`fq_codel` with {} queues", queue.integer("flows")),
            why: "in the fluid each flow has a queue of its own",
            instead: Some("give `flows` of 1024 or more; a single queue is `codel`"),
        }),
        // At its own limit it is the flow with the longest queue that loses.
        "fq_codel" => Ok(Meaning { fair: true, ..Meaning::SHARED }),
        "tbf" => {
            let inside = of_queue(queue.table("queue"))?;
            let is_limited = inside.fair && queue.opt_text("limit") != Some("none");
            let limited = if is_limited { Some(queue.span_of("limit")) } else { inside.limited };
            Ok(Meaning { bucket: inside.bucket.min(queue.quantity("rate").value), limited, ..inside })
        }
        kind => Err(Missing {
            span: queue.span,
            what: format!("`{kind}`"),
            why: "which of those that wait goes first needs packets",
            instead: Some(
                "have a queue that all share (`fifo`, `red`, `codel`, `pie`) or one for each flow (`fq_codel`), in a `tbf` or not",
            ),
        }),
    }
}

/// What of a link has no fluid.
pub(super) fn missing(link: &LinkSpec) -> Vec<Missing> {
    let LinkSpec {
        name: _,
        from: _,
        to: _,
        duplex: _,
        half: _,
        rate: _,
        delay: _,
        cost: _,
        queue,
        medium,
        failures: _,
        reverse: _,
        span,
    } = link;
    let Medium { shape, overhead, mtu, loss, jitter } = medium;
    let mut all = Vec::new();
    let mut miss = |span: Span, what: &str, why, instead| {
        all.push(Missing { span, what: what.to_owned(), why, instead });
    };
    if let Some(shape) = shape {
        let instead = Some("change the rate by steps: [intervention.NAME] with its `target`, `at` and `value`");
        miss(shape.span, "a `shape`", "in the fluid rates hold from one event to the next", instead);
    }
    if *overhead > 0 {
        let instead = Some("leave out `overhead` and make the rate less by its share");
        miss(*span, "an `overhead`", "it depends on the sizes of packets", instead);
    }
    if mtu.is_some() {
        miss(*span, "an `mtu`", "it depends on the sizes of packets", None);
    }
    if let Some(loss) = loss {
        miss(loss.span, "a `loss`", "what senders make of single losses needs packets", None);
    }
    if let Some(jitter) = jitter {
        miss(jitter.span, "a `jitter`", "there are no packets to delay", None);
    }
    all.extend(of_queue(queue).err());
    all
}
