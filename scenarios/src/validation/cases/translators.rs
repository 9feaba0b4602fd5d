//! Address translators, whose ports are the servers of a loss system.

use super::super::case::{Case, Observable};
use super::super::closed_form::erlang_b;
use super::{LOSS, case};

const PORTS: (&str, &str) = (
    "a mapping lasts for its timeout: M/D/c/c. P(no port) = B(c, a), Erlang B, for any law of holding times; a (1 - B) ports in use",
    "Erlang 1917; Sevast'yanov 1957 (from memory)",
);
const UNLIMITED: (&str, &str) =
    ("M/G/inf: lambda E[S] in use", "Takacs 1962, Introduction to the Theory of Queues, ch. 3 (from memory)");

const NAT: &str = include_str!("nat.toml");
const IN_USE: (&str, &str) = ("mappings", "time_mean");

pub(super) fn cases() -> Vec<Case> {
    let mappings = Observable::mean("mappings in use", "translator", IN_USE, 3000.0, "mapping");
    vec![
        ports("nat-15", "A translator of 15 ports under 10 erlangs", 10.0, 15),
        ports("nat-1000", "A translator of 1000 ports under 1000 erlangs", 1000.0, 1000).with(&[
            "stage.translator.ports=1000",
            "stage.translator.timeout=1 s",
            "traffic.queries.rate=1000 packets/s",
            "run.duration=205 s",
            "study.seed=181",
        ]),
        case(
            "nat-unlimited",
            "A translator that 100 conversations a second leave after 30 s",
            UNLIMITED,
            NAT,
            vec![mappings],
        )
        .with(&[
            "stage.translator.ports=1024-65535",
            "stage.translator.timeout=30 s",
            "run.duration=330 s",
            "run.warmup=30 s",
            "study.seed=182",
        ]),
    ]
}

fn ports(id: &'static str, title: &str, a: f64, c: u32) -> Case {
    let refused = erlang_b(c, a);
    let in_use = a * (1.0 - refused);
    let observables = vec![
        Observable::mean("no port free", "translator", LOSS, refused, "1"),
        Observable::mean("mappings in use", "translator", IN_USE, in_use, "mapping"),
    ];
    case(id, title, PORTS, NAT, observables)
}
