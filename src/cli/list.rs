//! `egress list`: the bundled scenarios.

use clap::Args as ClapArgs;
use scenarios::library;

use super::{Done, print_out};

/// List the bundled scenarios with their titles.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress list
  egress show branch-office > my.toml")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Done {
    let scenarios = library::list();
    let width = scenarios.iter().map(|s| s.0.len()).max().unwrap_or(0);
    let lines: Vec<String> = scenarios.iter().map(|(name, title)| format!("{name:width$}  {title}\n")).collect();
    print_out(&lines.concat())?;
    Ok(0)
}
