//! What sub-commands that read a scenario share: where it comes from, and what is changed in it.

use std::io::IsTerminal;
use std::path::Path;

use clap::Args as ClapArgs;
use models::Registry;
use scenarios::sections::REPLICATIONS_MAX;
use scenarios::text::{Sources, render};
use scenarios::{LoadError, Overrides, Scenario, Source};
use sim_core::config::Diagnostics;

use super::{Failure, tell, whole};

/// Changes to a scenario.
#[derive(ClapArgs, Debug, Clone, Default)]
pub(super) struct Changes {
    /// Change a value: any path of the scenario file, such as `link.uplink.rate="5 Mbit/s"`.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
    /// Sweep over values: `link.uplink.rate=5 Mbit/s,10 Mbit/s`. Several make a grid.
    #[arg(long, value_name = "PATH=A,B,...")]
    pub(super) sweep: Vec<String>,
    /// The simulated time of a run, instead of the file's: `"50 s"`. The same as `--set run.duration=...`.
    #[arg(long, value_name = "TIME")]
    pub(super) duration: Option<String>,
    /// The study's seed, instead of the file's.
    #[arg(long, value_name = "S", value_parser = seed, allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Replications of each point, instead of the file's.
    #[arg(long, value_name = "N", value_parser = reps, allow_negative_numbers = true)]
    pub(super) reps: Option<u32>,
}

impl Changes {
    pub(super) fn overrides(&self) -> Overrides {
        let duration = self.duration.iter().map(|time| format!("run.duration={time}"));
        Overrides {
            set: self.set.iter().cloned().chain(duration).collect(),
            sweep: self.sweep.clone(),
            seed: self.seed,
            replications: self.reps,
        }
    }
}

/// Reads a seed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    whole(text, 0, i128::from(i64::MAX)).map(|n| n as u64)
}

/// Reads a number of replications.
fn reps(text: &str) -> Result<u32, String> {
    whole(text, 1, i128::from(REPLICATIONS_MAX)).map(|n| n as u32)
}

/// A file if it looks like one or is there; else the name of a bundled scenario.
pub(super) fn source(name: &str) -> Source {
    let path = Path::new(name);
    let looks_like_file = path.components().count() > 1 || path.extension().is_some();
    if looks_like_file || path.exists() { Source::File(path.to_owned()) } else { Source::Bundled(name.to_owned()) }
}

/// Loads a scenario and tells its warnings.
pub(super) fn load(name: &str, changes: &Changes, registry: &Registry) -> Result<Scenario, Failure> {
    let scenario = load_quietly(name, changes, registry)?;
    warn(scenario.warnings(), scenario.sources());
    if let Some(units) = scenario.translated() {
        let given =
            scenario.table().table("run").get("duration").and_then(|v| v.written.as_deref()).unwrap_or_default();
        tell(&format!(
            "{name} is SBML: {units} Runs of {given} (`--duration`); `egress import sbml {name}` shows the scenario"
        ));
    }
    Ok(scenario)
}

/// Loads a scenario and says nothing about it.
pub(super) fn load_quietly(name: &str, changes: &Changes, registry: &Registry) -> Result<Scenario, Failure> {
    Scenario::load(&source(name), &changes.overrides(), registry).map_err(|e| failure(&e))
}

/// All findings of a scenario that could not be loaded.
pub(super) fn failure(e: &LoadError) -> Failure {
    Failure::new(e.exit_code(), render(&e.diagnostics, &e.sources, colour()))
}

/// Tells findings that do not stop anything.
pub(super) fn warn(diagnostics: &Diagnostics, sources: &Sources) {
    if !diagnostics.is_empty() {
        tell(&render(diagnostics, sources, colour()));
    }
}

/// Whether standard error takes colours.
pub(super) fn colour() -> bool {
    if std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) {
        return false;
    }
    std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0") || std::io::stderr().is_terminal()
}
