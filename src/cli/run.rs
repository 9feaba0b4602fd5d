//! `egress run`: a study from a scenario to a folder of results.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clap::Args as ClapArgs;
use models::Registry;
use scenarios::study::{Outcome, RunOptions, Study};
use scenarios::{Scenario, StudyError};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::input::{Changes, load, load_quietly};
use super::progress::{Form, reporter};
use super::report::report;
use super::{Done, Failure, counted, print_out, tell, threads};

/// Run studies: replications, sweeps, confidence intervals, tables and figures.
///
/// Results go to a folder. Run the same command again after an interruption and only what is missing is run.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress run branch-office
  egress run my.toml --out results/a --reps 50 --threads 2
  egress run pgp-efflux --set 'intervention.dose.value=1 uM'
  egress run branch-office --sweep 'link.uplink.rate=5 Mbit/s,10 Mbit/s,20 Mbit/s'

Exit codes: 0 done; 1 some runs failed or a file could not be written; 2 usage; 3 scenario not valid;
5 a self-check was violated; 130 interrupted, 143 terminated (the finished runs are kept).")]
pub(super) struct Args {
    /// Names of bundled scenarios, or files.
    #[arg(required = true, value_name = "NAME|FILE")]
    scenarios: Vec<String>,
    /// The results folder. Default: out/NAME. With several scenarios: a folder of folders.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// Threads; 0 means one a core. Results do not depend on it.
    #[arg(long, value_name = "T", default_value_t = 0, value_parser = threads, allow_negative_numbers = true)]
    threads: usize,
    /// Draw no figures; the tables have all that they would show, and the same command without it draws them.
    #[arg(long)]
    no_figures: bool,
    /// Say nothing but errors.
    #[arg(long, short)]
    quiet: bool,
    /// How progress is shown on standard error.
    #[arg(long, value_enum, default_value = "bar")]
    progress: Form,
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let interrupts = Interrupts::default();
    let mut code = 0;
    for name in &args.scenarios {
        match run_one(name, args, registry, &interrupts) {
            Ok(c) => code = code.max(c),
            // With several scenarios one that is wrong does not stop the others.
            Err(failure) if args.scenarios.len() > 1 => {
                tell(&failure.message);
                code = code.max(failure.code);
            }
            Err(failure) => return Err(failure),
        }
        if interrupts.cancel.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(code)
}

fn run_one(name: &str, args: &Args, registry: &Registry, interrupts: &Interrupts) -> Done {
    let load = if args.quiet { load_quietly } else { load };
    let scenario = load(name, &args.changes, registry)?;
    let out = match &args.out {
        Some(out) if args.scenarios.len() > 1 => Some(out.join(scenario.name())),
        out => out.clone(),
    };
    let options = RunOptions { out, threads: args.threads, command: std::env::args().collect() };
    let study = Study::prepare(scenario, options).map_err(|e| failure(&e))?;
    let talk = !args.quiet;
    // Until here there is nothing to put in order: a signal ends the program at once.
    interrupts.catch()?;
    if study.has_runs_of_another_build() {
        tell(&format!(
            "warning: runs in {} were made by another build of egress {}; they are kept\nhelp: to make all runs with this \
             build, name another folder with `--out FOLDER`",
            study.folder().display(),
            env!("CARGO_PKG_VERSION"),
        ));
    }
    if talk {
        announce(&study);
    }
    let form = if args.quiet { Form::None } else { args.progress };
    let outcome = study.run(&*reporter(form, study.scenario().name()), &interrupts.cancel).map_err(|e| failure(&e))?;
    let figures = if args.no_figures { 0 } else { draw(&outcome, &study, talk)? };
    if talk && outcome.counts.done > 0 {
        print_out(&report(&outcome, study.plan()))?;
    }
    tell_end(&outcome, study.scenario(), figures, talk);
    Ok(if outcome.interrupted { interrupts.exit_code() } else { outcome.exit_code() })
}

fn failure(e: &StudyError) -> Failure {
    Failure::new(e.exit_code(), format!("error: {e}"))
}

/// What Ctrl-C and requests to terminate set: the first one stops the study in order, a second one the program at once.
#[derive(Default)]
struct Interrupts {
    cancel: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    caught: OnceCell<()>,
}

impl Interrupts {
    /// Catches them from now on.
    fn catch(&self) -> Result<(), Failure> {
        if self.caught.set(()).is_ok() {
            for signal in [SIGINT, SIGTERM] {
                self.watch(signal).map_err(|e| Failure::new(1, format!("error: cannot catch interrupts: {e}")))?;
            }
        }
        Ok(())
    }
    /// In the order in which it is to happen: only a second signal finds the flag set.
    fn watch(&self, signal: i32) -> std::io::Result<()> {
        flag::register_conditional_shutdown(signal, exit_code(signal), Arc::clone(&self.cancel))?;
        flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
        flag::register(signal, Arc::clone(&self.cancel))?;
        Ok(())
    }
    fn exit_code(&self) -> u8 {
        exit_code(self.signal.load(Ordering::Relaxed) as i32) as u8
    }
}

/// As shells have it.
fn exit_code(signal: i32) -> i32 {
    if signal == SIGTERM { 143 } else { 130 }
}

/// What is going to be done, with the defaults that decide what the numbers mean.
fn announce(study: &Study) {
    let s = study.scenario();
    let plan = study.plan();
    let title = if s.title().is_empty() { String::new() } else { format!(": {}", s.title()) };
    let swept = s.points().len();
    let points = match plan.points - swept {
        0 if swept == 1 => String::new(),
        0 => format!("{swept} points x "),
        more => format!("{} and {more} that metrics vary x ", counted(swept as u64, "point")),
    };
    let run = s.table().table("run");
    let length = run.get("duration").and_then(|v| v.written.as_deref()).unwrap_or_default();
    let warmup = match run.get("warmup").and_then(|v| v.written.as_deref()) {
        Some(time) if s.window(0).warmup.ticks() > 0 => format!("statistics from {time}"),
        _ => "no warm-up".to_owned(),
    };
    let swept = if s.axes().iter().any(|a| a.name.starts_with("run.")) { " (but where swept)" } else { "" };
    let intervals = match plan.replications {
        1 if !s.draws() => "no chance in it: one run tells all".to_owned(),
        _ if !s.draws() => "no chance in it: no intervals".to_owned(),
        1 => "no intervals".to_owned(),
        _ => format!("{} % confidence intervals", (1e6 * s.confidence()).round() / 1e4),
    };
    let drawn = if study.seed_drawn() { " (drawn; kept in the results)" } else { "" };
    tell(&format!("{}{title}", s.name()));
    tell(&format!(
        "  {points}{} of {length}, {warmup}{swept}; seed {}{drawn}\n  {intervals}; all defaults: {}",
        counted(plan.replications.into(), "replication"),
        study.seed(),
        study.folder().join("scenario.resolved.toml").display(),
    ));
}

/// Draws the figures into the results folder.
fn draw(outcome: &Outcome, study: &Study, talk: bool) -> Result<usize, Failure> {
    if outcome.counts.done == 0 {
        return Ok(0);
    }
    let wanted = study.scenario().figures();
    let written = viz::write_all(&outcome.tables, &wanted, &outcome.folder)
        .map_err(|e| Failure::new(1, format!("error: figures: {e}")))?;
    for request in written.empty.iter().filter(|_| talk) {
        let metric = request.metric.as_ref().map_or(String::new(), |m| format!(" of `{m}`"));
        tell(&format!("warning: there is nothing to draw for the figure `{}`{metric}", request.kind));
    }
    Ok(written.figures)
}

/// Reasons for failed runs that are spelt out.
const REASONS_MAX: usize = 5;

fn tell_end(outcome: &Outcome, scenario: &Scenario, figures: usize, talk: bool) {
    for failure in outcome.failures.reasons.iter().take(REASONS_MAX) {
        let runs = counted(failure.runs, "run");
        let place = scenario.place_of(&failure.reason).map_or(String::new(), |place| format!("\n --> {place}"));
        tell(&format!("error: {runs} failed: {}{place}\nhelp: the first is {}", failure.reason, failure.first));
    }
    let others =
        outcome.failures.reasons.iter().skip(REASONS_MAX).map(|f| f.runs).sum::<u64>() + outcome.failures.others;
    if others > 0 {
        tell(&format!("error: {} more failed for other reasons", counted(others, "run")));
    }
    for violation in &outcome.violations {
        tell(&format!("error: a law that must hold does not: {violation}"));
    }
    for caution in outcome.cautions.iter().filter(|_| talk) {
        tell(&format!("warning: {caution}"));
    }
    let folder = outcome.folder.display();
    if outcome.interrupted {
        let (done, planned) = (outcome.counts.done, outcome.counts.planned);
        tell(&format!("interrupted: {done} of {planned} runs are kept in {folder}\nto resume: {}", command_line()));
    } else if talk && outcome.counts.done == 0 {
        tell(&format!("no run was finished: see {}", outcome.folder.join("runs.csv").display()));
    } else if talk {
        let figures = counted(figures as u64, "figure");
        let kept = match outcome.resumed {
            0 => String::new(),
            n => format!("; {n} of {} were there already", counted(outcome.counts.planned, "run")),
        };
        tell(&format!("results: {folder} ({figures}; start with summary.csv{kept})"));
    }
}

/// The command as it was given, quoted for a shell.
fn command_line() -> String {
    let quoted = std::env::args().map(|a| {
        let plain = !a.is_empty() && a.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,+".contains(c));
        if plain { a } else { format!("'{}'", a.replace('\'', r"'\''")) }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
