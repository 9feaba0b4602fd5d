//! `egress validate`: simulated values against closed forms.

use clap::{Args as ClapArgs, ValueEnum};
use models::Registry;
use scenarios::validation::{self, CaseResult, Options, Verdict};
use sim_core::config::did_you_mean;

use super::input::seed;
use super::progress::{Form, reporter};
use super::{Done, Failure, print_out, threads};

/// Compare the program with closed forms: simulated value, interval, exact value, z-score, verdict.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress validate
  egress validate mm1-080 priority-cobham
  egress validate --full --seed 7

Exit codes: 0 all pass; 4 a case is inconclusive; 5 a case fails or a law is violated; 2 unknown case.")]
pub(super) struct Args {
    /// Cases to run; all if none is named.
    #[arg(value_name = "CASE")]
    cases: Vec<String>,
    /// More cases and ten times the work.
    #[arg(long)]
    full: bool,
    /// A seed for all cases, instead of their own.
    #[arg(long, value_name = "S", value_parser = seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Threads; 0 means one a core. Results do not depend on it.
    #[arg(long, value_name = "T", default_value_t = 0, value_parser = threads, allow_negative_numbers = true)]
    threads: usize,
    /// A table to read, or JSON.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let mut cases = validation::cases(args.full);
    let ids: Vec<&str> = cases.iter().map(|c| c.id).collect();
    for wanted in &args.cases {
        if !ids.contains(&wanted.as_str()) {
            let near = did_you_mean(wanted, ids.iter().copied()).map_or(String::new(), |d| format!("{d} "));
            let all = ids.join(", ");
            return Err(Failure::new(2, format!("error: there is no case `{wanted}`\nhelp: {near}cases: {all}")));
        }
    }
    if !args.cases.is_empty() {
        cases.retain(|c| args.cases.iter().any(|w| w == c.id));
    }
    let options = Options { seed: args.seed, threads: args.threads, ..Options::default() };
    let results = validation::run(&cases, registry, options, &*reporter(Form::Bar, "validate"));
    print_out(&match args.format {
        Format::Table => validation::table(&results),
        Format::Json => validation::to_json(&results),
    })?;
    Ok(match results.iter().map(CaseResult::verdict).max() {
        Some(Verdict::Fail) => 5,
        Some(Verdict::Inconclusive) => 4,
        Some(Verdict::Pass) | None => 0,
    })
}
