//! `egress show`: the text of a bundled scenario.

use clap::Args as ClapArgs;
use scenarios::library;

use super::{Done, Failure, print_out};

/// Print a bundled scenario, to read or to start from.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress show pgp-efflux
  egress show branch-office > my.toml")]
pub(super) struct Args {
    /// The name of a bundled scenario; `egress list` has them.
    name: String,
}

pub(super) fn run(args: &Args) -> Done {
    let text = library::get(&args.name).map_err(|d| {
        let help = d.help.map_or(String::new(), |h| format!("\nhelp: {h}"));
        Failure::new(2, format!("error[{}]: {}{help}", d.code, d.message))
    })?;
    print_out(text)?;
    Ok(0)
}
