//! `egress export`: scenarios as models of other programs.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use models::Registry;
use scenarios::sbml::export;
use scenarios::text::Sources;
use scenarios::{LoadError, Scenario};

use super::input::{Changes, failure, source, warn};
use super::{Done, Failure, print_out, tell};

/// Write a cell as a model of another format.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress export sbml pgp-efflux                to standard output
  egress export sbml my.toml -o model.xml --set pathway.pgp.N=50

A sweep is left out: `--set` chooses its values. What an SBML model cannot say: docs/sbml.md.")]
pub(super) struct Args {
    /// What to write.
    format: Format,
    /// A file, or the name of a bundled scenario.
    #[arg(value_name = "NAME|FILE")]
    scenario: String,
    /// The file to write, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// SBML Level 3 Version 2, core.
    Sbml,
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let Format::Sbml = args.format;
    let source = source(&args.scenario);
    let scenario = Scenario::load(&source, &args.changes.overrides(), registry).map_err(|e| failure(&e))?;
    warn(scenario.warnings(), scenario.sources());
    let sources: Sources = scenario.sources().clone();
    let outline = scenario
        .outline(&source.folder(), registry)
        .map_err(|diagnostics| failure(&LoadError { diagnostics, sources, not_found: false }))?;
    let text = export(&outline, scenario.name(), scenario.title());
    match &args.output {
        Some(file) => {
            let shown = file.display();
            std::fs::write(file, &text).map_err(|e| Failure::io(&format!("cannot write `{shown}`"), &e))?;
            tell(&format!("wrote {shown}; `egress run {shown} --duration TIME` runs it"));
        }
        None => print_out(&text)?,
    }
    Ok(0)
}
