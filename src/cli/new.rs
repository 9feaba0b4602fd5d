//! `egress new`: a commented scenario to start from.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{Done, Failure, tell};

/// Write a commented starter scenario.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress new network office.toml && egress run office.toml
  egress new biology cell.toml && egress check cell.toml")]
pub(super) struct Args {
    /// Which world it is of.
    world: World,
    /// The file to write; it must not exist yet.
    file: PathBuf,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum World {
    Network,
    Biology,
}

pub(super) fn run(args: &Args) -> Done {
    let text = match args.world {
        World::Network => include_str!("templates/network.toml"),
        World::Biology => include_str!("templates/biology.toml"),
    };
    let shown = args.file.display();
    let mut file = OpenOptions::new().write(true).create_new(true).open(&args.file).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(2, format!("error: `{shown}` exists already\nhelp: name another file, or remove this one"))
        }
        _ => Failure::io(&format!("cannot write `{shown}`"), &e),
    })?;
    file.write_all(text.as_bytes()).map_err(|e| Failure::io(&format!("cannot write `{shown}`"), &e))?;
    tell(&format!("wrote {shown}; next: egress run {shown}"));
    Ok(0)
}
