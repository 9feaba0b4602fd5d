//! `egress completions`: completion scripts for shells.

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, Done, print_out};

/// Print the completion script of a shell.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress completions bash > ~/.local/share/bash-completion/completions/egress
  egress completions fish > ~/.config/fish/completions/egress.fish")]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Done {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "egress", &mut script);
    print_out(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
