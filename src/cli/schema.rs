//! `egress schema`: what a scenario file may contain, for editors and for people.

use clap::{Args as ClapArgs, ValueEnum};
use models::Registry;
use scenarios::metric::AllKinds;
use scenarios::sections;
use scenarios::text::{json_schema, reference_markdown};

use super::{Done, print_out};

/// Print the JSON Schema of scenario files, from which editors complete and check.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress schema > egress.schema.json     then begin a scenario with `#:schema ./egress.schema.json`
  egress schema --format markdown        the same as a page to read")]
pub(super) struct Args {
    /// As a JSON Schema (draft 7) or as a page of Markdown.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    Json,
    Markdown,
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let text = match args.format {
        Format::Json => format!("{:#}\n", json_schema(&sections(), &AllKinds(registry))),
        Format::Markdown => reference_markdown(&sections(), &AllKinds(registry)),
    };
    print_out(&text)?;
    Ok(0)
}
