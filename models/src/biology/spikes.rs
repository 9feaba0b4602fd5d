//! `[probe.NAME] kind = "per_spike"`: what passes a pathway at each spike of a train.
//!
//! What passes from a spike on until the next one, or for a given time, belongs to the spike. At release sites that is what the spike
//! releases; at sensors that follow a waveform of the train, what its calcium does.

use sim_core::config::{Diagnostic, Table, did_you_mean};

use super::builder::{Passed, World};
use crate::common::spikes::Train;

/// Looking at a spike costs as much as the edge of a bin.
const SPIKES_MAX: usize = 2000;

/// Adds the spikes that the probe in `table` looks at.
///
/// Fails if there is no such pathway, or if nothing is known of its spikes before a run.
pub(super) fn count(table: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let pathway = pathway(table, world)?;
    let (name, train) = train(table, pathway, world)?;
    let span = table.span_of(if table.get("train").is_some() { "train" } else { "of" });
    let end = world.end.ticks();
    let Some(times) = train.times(end) else {
        let message = format!("the spikes of `spikes.{name}` differ from run to run");
        let d = Diagnostic::error("E0632", span, message, "not known beforehand");
        return Err(d.help("look at spikes of a `regular` train or at those of a file"));
    };
    let (skip, most) = (table.integer("skip") as usize, SPIKES_MAX + 2);
    let most = if table.get("count").is_some() { table.integer("count") as usize + 1 } else { most };
    let mut times: Vec<u64> = times.skip(skip).take(most).collect();
    let last = if times.len() == most { times.pop().unwrap_or(end) } else { end };
    if times.is_empty() {
        let message = format!("there is no spike of `spikes.{name}` to look at");
        let d = Diagnostic::error("E0632", span, message, "none before the run ends");
        return Err(d.help("leave out fewer (`skip`), or let the run be longer"));
    }
    if times.len() > SPIKES_MAX {
        let message = format!("`spikes.{name}` has more than {SPIKES_MAX} spikes");
        let d = Diagnostic::error("E0632", span, message, "too many to look at one by one");
        return Err(d.help("look at some of them: `skip = 100` and `count = 50`"));
    }
    let window = table.opt_quantity("window").map(|q| q.to_ticks().unwrap_or(u64::MAX));
    if window == Some(0) {
        let message = format!("`{}.window` is zero", table.path);
        let d = Diagnostic::error("E0632", table.span_of("window"), message, "nothing passes in no time");
        return Err(d.help("window = \"10 ms\""));
    }
    let ends = times.iter().skip(1).copied().chain([last]);
    for (spike, (&from, next)) in (skip as u64 + 1..).zip(times.iter().zip(ends)) {
        if world.passed.iter().any(|p| (p.pathway, p.spike) == (pathway, spike)) {
            let message = format!("`{}` is looked at twice at spike {spike}", table.text("of"));
            return Err(Diagnostic::error("E0608", span, message, "tables could not tell them apart"));
        }
        let until = window.map_or(next, |window| from.saturating_add(window).min(next));
        world.passed.push(Passed { pathway, spike, from, until });
    }
    Ok(())
}

/// The pathway that the probe looks at, by index.
fn pathway(table: &Table, world: &World) -> Result<u32, Diagnostic> {
    let (of, span) = (table.text("of"), table.span_of("of"));
    let names = || world.pathways.iter().map(|p| p.name.as_str());
    let at = names().position(|name| name == of).map(|at| at as u32);
    at.ok_or_else(|| {
        let d =
            Diagnostic::error("E0632", span, format!("there is no pathway `{of}`"), "expected the name of a pathway");
        let all = || format!("there are: {}", names().collect::<Vec<_>>().join(", "));
        d.help(did_you_mean(of, names()).unwrap_or_else(all))
    })
}

/// The train whose spikes are looked at, and its name.
fn train<'a>(table: &'a Table, pathway: u32, world: &'a World) -> Result<(&'a str, &'a Train), Diagnostic> {
    if let Some(name) = table.opt_text("train") {
        return Ok((name, world.waveforms.trains().get(name, table.span_of("train"))?));
    }
    let own = world.releases.iter().find(|r| world.channels[r.channel as usize].pathway == pathway);
    own.map(|r| (&*r.train_name, &r.train)).ok_or_else(|| {
        let message = format!("`{}` does not say whose spikes", table.path);
        let label = format!("`{}` is no release site that spikes drive", table.text("of"));
        Diagnostic::error("E0632", table.span_of("of"), message, label).help("name a [spikes.NAME]: `train = \"NAME\"`")
    })
}
