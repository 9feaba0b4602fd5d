//! `egress check`: every finding about a scenario, in one pass, without running it.

use clap::Args as ClapArgs;
use models::Registry;

use super::input::{Changes, load};
use super::{Done, counted, print_out, tell};

/// Check scenarios without running them: all errors in one pass.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:
  egress check my.toml
  egress check my.toml --set 'link.uplink.rate=5 Mbit/s'")]
pub(super) struct Args {
    /// Files, or names of bundled scenarios.
    #[arg(required = true, value_name = "NAME|FILE")]
    scenarios: Vec<String>,
    #[command(flatten)]
    changes: Changes,
}

pub(super) fn run(args: &Args, registry: &Registry) -> Done {
    let mut code = 0;
    for name in &args.scenarios {
        match load(name, &args.changes, registry) {
            Ok(scenario) => {
                let plan = scenario.plan();
                let events: f64 = (0..plan.points)
                    .map(|p| scenario.system(p).event_rate() * scenario.window(p).end.as_secs_f64())
                    .fold(0.0, |all, each| all + each)
                    * f64::from(plan.replications);
                print_out(&format!(
                    "{name}: ok: {}, {} x {}, about {events:.1e} events\n",
                    counted(scenario.system(0).components().len() as u64, "component"),
                    counted(plan.points as u64, "point"),
                    counted(plan.replications.into(), "replication"),
                ))?;
            }
            Err(failure) => {
                tell(&failure.message);
                code = code.max(failure.code);
            }
        }
    }
    Ok(code)
}
