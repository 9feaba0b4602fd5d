//! The command line. Standard output is data, standard error is talk.
//!
//! Exit codes: 0 all is well; 1 some runs failed or a file could not be written; 2 usage; 3 the scenario is not valid;
//! 4 a validation case is inconclusive; 5 a law that must hold was violated, or a validation case failed; 130 interrupted.

mod bench;
mod check;
mod completions;
mod export;
mod import;
mod input;
mod list;
mod metrics;
mod new;
mod number;
mod progress;
mod report;
mod run;
mod schema;
mod show;
mod validate;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use models::Registry;
use scenarios::study::THREADS_MAX;
use sim_core::config::nearest;

/// How a sub-command went: its exit code, or an error that was not told yet.
type Done = Result<u8, Failure>;

/// An error for the user: text for standard error, and the exit code.
#[derive(Debug)]
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { message: message.into(), code }
    }
    fn io(what: &str, e: &std::io::Error) -> Self {
        Self::new(1, format!("error: {what}: {e}"))
    }
}

/// Simulate egress pathways: how molecules leave cells and packets leave networks.
#[derive(Parser, Debug)]
#[command(
    name = "egress",
    version,
    max_term_width = 100,
    after_help = "Examples:
  egress run branch-office                     the bundled study, with figures, in out/branch-office
  egress new network my.toml && egress run my.toml
  egress run pgp-efflux --sweep 'pathway.pgp.N=0,50,100,200'

`egress COMMAND --help` has more examples."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::Args),
    Check(check::Args),
    List(list::Args),
    Show(show::Args),
    New(new::Args),
    Import(import::Args),
    Export(export::Args),
    Schema(schema::Args),
    Validate(validate::Args),
    Bench(bench::Args),
    Completions(completions::Args),
}

/// Runs the command line of this process with these kinds of elements.
#[expect(clippy::needless_pass_by_value, reason = "a `main` hands its registry over and ends")]
pub fn main(registry: Registry) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are no errors; clap knows which stream and which code.
            let _ = e.print();
            if let Some(command) = meant(&e) {
                tell(&format!("help: did you mean `egress {command}`?"));
            }
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::run(&args, &registry),
        Command::Check(args) => check::run(&args, &registry),
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::New(args) => new::run(&args),
        Command::Import(args) => import::run(&args, &registry),
        Command::Export(args) => export::run(&args, &registry),
        Command::Schema(args) => schema::run(&args, &registry),
        Command::Validate(args) => validate::run(&args, &registry),
        Command::Bench(args) => bench::run(&args, &registry),
        Command::Completions(args) => completions::run(&args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            tell(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// The sub-command that was probably meant by one that there is not.
fn meant(e: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(given)) = e.get(ContextKind::InvalidSubcommand) else { return None };
    // Where clap has something to suggest it says so.
    if e.kind() != ErrorKind::InvalidSubcommand || e.get(ContextKind::SuggestedSubcommand).is_some() {
        return None;
    }
    let cli = Cli::command();
    nearest(given, cli.get_subcommands().map(clap::Command::get_name)).map(str::to_owned)
}

/// Writes to standard error, as lines of their own; where that is closed or full there is nobody to tell.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}

/// `1 point`, `2 points`.
fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Reads a number of threads.
fn threads(text: &str) -> Result<usize, String> {
    whole(text, 0, THREADS_MAX as i128).map(|n| n as usize)
}

/// Reads a whole number from `least` to `most`.
fn whole(text: &str, least: i128, most: i128) -> Result<i128, String> {
    match text.trim().parse::<i128>() {
        Ok(n) if n < least => Err(format!("must be at least {least}")),
        Ok(n) if n > most => Err(format!("must be at most {most}")),
        Ok(n) => Ok(n),
        Err(_) => Err("not a whole number".to_owned()),
    }
}

/// Writes to standard output; a reader that has gone away (`| head`) is no error.
fn print_out(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::io("cannot write to standard output", &e)),
        _ => Ok(()),
    }
}
