//! `egress import`: models of other programs as scenarios.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use models::Registry;
use scenarios::sbml::translate;
use scenarios::text::{Sources, read_file};
use scenarios::{LoadError, Overrides, Scenario, Source};

use super::input::{failure, warn};
use super::{Done, Failure, print_out, tell};

/// Translate a model of another format to a scenario.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress import sbml model.xml                 to standard output
  egress import sbml model.xml -o model.toml && egress run model.toml --duration '50 s'
  egress import sbml nanomoles.xml --particles-per-unit 1000

`egress run model.xml` runs a model as it is. What is read and what is refused: docs/sbml.md.")]
pub(super) struct Args {
    /// What the file is.
    format: Format,
    /// The file.
    file: PathBuf,
    /// The scenario file to write, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Molecules in the model's unit of substance, instead of what the model says.
    #[arg(long, value_name = "N", value_parser = particles)]
    particles_per_unit: Option<f64>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// SBML Level 2 or 3, core.
    Sbml,
}

/// Reads a number of molecules.
fn particles(text: &str) -> Result<f64, String> {
    let n = text.trim().parse::<f64>().ok().filter(|n| *n > 0.0 && n.is_finite());
    n.ok_or_else(|| "expected a number above zero".to_owned())
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let Format::Sbml = args.format;
    let name = args.file.display().to_string();
    let mut sources = Sources::default();
    let refuse = |diagnostics, sources, not_found| failure(&LoadError { diagnostics, sources, not_found });
    let text = match read_file(&args.file) {
        Ok(text) => text,
        Err(d) => return Err(refuse(d.into(), sources, true)),
    };
    sources.add(name.as_str(), text.as_str());
    let scenario = match translate(&name, &text, args.particles_per_unit) {
        Ok(translation) => translation.scenario,
        Err(found) => return Err(refuse(found, sources, false)),
    };
    match &args.output {
        Some(file) => {
            let shown = file.display();
            std::fs::write(file, &scenario).map_err(|e| Failure::io(&format!("cannot write `{shown}`"), &e))?;
        }
        None => print_out(&scenario)?,
    }
    // What the model says may still be more than a scenario can be.
    let name = args.output.as_ref().map_or_else(|| format!("{name}, as a scenario"), |file| file.display().to_string());
    let source = Source::Text { name, text: scenario };
    let checked = Scenario::load(&source, &Overrides::default(), registry).map_err(|e| failure(&e))?;
    warn(checked.warnings(), checked.sources());
    if let Some(file) = &args.output {
        tell(&format!("wrote {}; next: egress run {0}", file.display()));
    }
    Ok(0)
}
