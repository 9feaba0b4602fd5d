//! `[probe.NAME] kind = "tail"`: what share of the times at a component is longer than so much, and percentiles of one's choice.

use sim_core::config::{Diagnostic, Diagnostics, Table, did_you_mean};
use sim_core::stats::{Component, ComponentKind, Form, TailOf, TailQuestion};

/// The probes of this kind among `probes`.
pub(crate) fn tails<'a>(probes: &[&'a Table]) -> Vec<&'a Table> {
    probes.iter().copied().filter(|table| table.kind() == "tail").collect()
}

/// What `probes` ask about `components`, and the components of the answers.
///
/// Fails with everything that is wrong with them.
pub(crate) fn ask(
    probes: &[&Table],
    components: &[Component],
) -> Result<(Vec<TailQuestion>, Vec<Component>), Diagnostics> {
    let (mut questions, mut answers, mut wrong) = (Vec::new(), Vec::<Component>::new(), Diagnostics::default());
    for table in probes {
        let of = of(table, components).and_then(|of| Ok((of, times(table, &components[of])?)));
        match of.and_then(|(of, times)| question(table, of as u32, times)) {
            Ok((question, names)) => {
                for name in names {
                    if components.iter().chain(&answers).any(|other| other.name == name) {
                        let message = format!("`{name}` is asked for twice");
                        let d = Diagnostic::error("E0608", table.span, message, "tables could not tell them apart");
                        wrong.push(d);
                    }
                    answers.push(Component::new(name, ComponentKind::Asked, components[question.of as usize].entity));
                }
                questions.push(question);
            }
            Err(d) => wrong.push(d),
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok((questions, answers)) }
}

/// The place of the component that `table` is of.
fn of(table: &Table, components: &[Component]) -> Result<usize, Diagnostic> {
    let of = table.text("of");
    components.iter().position(|c| c.name == of).ok_or_else(|| {
        let names = || components.iter().filter(|c| !known(c).is_empty()).map(|c| c.name.as_str());
        let message = format!("there is no `{of}` to look at");
        let label = "expected something that single entities pass or stay in";
        let d = Diagnostic::error("E0398", table.span_of("of"), message, label);
        let all = || format!("there are: {}", names().take(8).collect::<Vec<_>>().join(", "));
        d.help(did_you_mean(of, names()).unwrap_or_else(all))
    })
}

/// The times that are known of a component: the metric, and which they are.
fn known(c: &Component) -> Vec<(&'static str, TailOf)> {
    const SOJOURNS: (&str, TailOf) = ("sojourn_time", TailOf::Sojourns);
    const WAITS: (&str, TailOf) = ("wait_time", TailOf::Waits);
    const GAPS: (&str, TailOf) = ("interval", TailOf::Gaps);
    let mut all = match c.kind {
        ComponentKind::Station { .. } => vec![SOJOURNS, WAITS, GAPS],
        ComponentKind::Flow => vec![SOJOURNS, WAITS],
        ComponentKind::Population { tagged: true, .. } | ComponentKind::Exit { .. } | ComponentKind::Dwell { .. } => {
            vec![SOJOURNS]
        }
        ComponentKind::Pathway { .. } => vec![GAPS],
        _ => Vec::new(),
    };
    let samples = c.extras.iter().enumerate().filter(|(_, extra)| extra.form == Form::Sample && extra.unit == "s");
    all.extend(samples.map(|(i, extra)| (extra.metric, TailOf::Extra(i as u16))));
    all
}

/// Which times of component `c` a probe asks about.
fn times(table: &Table, c: &Component) -> Result<TailOf, Diagnostic> {
    let (metric, known) = (table.text("metric"), known(c));
    let is_given = table.get("metric").is_some_and(|v| v.span != table.span);
    let span = table.span_of(if is_given { "metric" } else { "of" });
    if let Some((_, times)) = known.iter().find(|(name, _)| *name == metric) {
        return Ok(*times);
    }
    let d = Diagnostic::error("E0398", span, format!("of `{}` no `{metric}` is known", c.name), "no such times");
    Err(match (&c.kind, &known[..]) {
        (ComponentKind::Population { .. }, _) => d.help(format!(
            "add `[probe.NAME]` with `kind = \"residence\"` and `of = \"{}\"`, which follows single ones",
            c.name
        )),
        (_, []) => d.help("nobody stays there for a time"),
        _ => d.help(format!("there are: {}", known.iter().map(|k| k.0).collect::<Vec<_>>().join(", "))),
    })
}

/// What a probe asks about component number `of`, and what the answers are called.
///
/// Fails if it asks nothing, or about times that are too long.
fn question(table: &Table, of: u32, times: TailOf) -> Result<(TailQuestion, Vec<String>), Diagnostic> {
    let (name, metric) = (table.text("of"), table.text("metric"));
    let (mut longer_than, mut quantiles, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for value in table.list("longer_than") {
        let Some(quantity) = value.as_quantity() else { continue };
        let written = value.written.as_deref().map_or_else(|| quantity.to_string(), str::to_owned);
        let Some(ticks) = quantity.to_ticks() else {
            let message = format!("{written} is longer than any run");
            return Err(Diagnostic::error("E0609", value.span, message, "a run lasts at most 106 d"));
        };
        longer_than.push(ticks);
        names.push(format!("{name}@{metric}>{written}"));
    }
    for value in table.list("percentiles") {
        let Some(percent) = value.as_number() else { continue };
        quantiles.push(percent / 100.0);
        names.push(format!("{name}@{metric} p{percent}"));
    }
    if names.is_empty() {
        let d = Diagnostic::error(
            "E0608",
            table.span,
            format!("`{}` asks nothing", table.path),
            "no times, no percentiles",
        );
        return Err(d.help(
            "add `longer_than = [\"10 ms\"]` for the share that takes longer, or `percentiles = [99.9]` for what so many \
             percent do not take longer than",
        ));
    }
    Ok((TailQuestion { of, times, longer_than, quantiles }, names))
}
