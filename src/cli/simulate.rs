//! `weir simulate`: simulates a load on the bench under virtual time.

use super::Exit;
use super::jobs::lateness;
use super::load::{Output, ProgressLine};
use super::output::{complain, say};
use super::text::hang;
use crate::config::{Config, Sources};
use crate::measure::{Phase, PlanArgs};
use crate::record::{Mode, Plan};
use crate::simulate::{Bounds, simulate_edited};
use crate::theory::left_out;
use crate::workbench::Edit;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    lab: Option<Lab>,
    #[command(flatten)]
    plan: Option<PlanArgs>,
    /// Edit the configuration during the load, at a time. Example:
    /// --edit 20s:consumers.concurrency=3
    #[arg(long = "edit", value_name = "TIME:KEY=VALUE")]
    edits: Vec<Edit>,
    #[command(flatten)]
    output: Output,
}

/// A lab beside the bench.
#[derive(Debug, clap::Subcommand)]
enum Lab {
    /// Simulate how late jobs are beside endless ones, in the jobs lab
    #[command(after_help = super::help::SIMULATE_JOBS)]
    Jobs(lateness::SimulateArgs),
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let plan = match (&args.lab, &args.plan) {
        (Some(Lab::Jobs(bench)), _) => return Ok(lateness::simulated(bench)),
        (None, Some(plan)) => plan,
        // Clap requires one of the two.
        (None, None) => return Ok(Exit::Usage),
    };
    let (mode, plan, config) = match prepare(args, plan, sources) {
        Ok(prepared) => prepared,
        Err(error) => {
            complain(format_args!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let left_out = left_out(&config.settings, mode);
    let mut line = ProgressLine::new(args.output.quiet);
    let run = simulate_edited(config, mode, &plan, &args.edits, Bounds::NONE, &mut |progress| {
        line.show(Phase::Load(*progress));
    });
    line.clear();
    match run {
        Ok(run) => {
            let exit = args.output.finish(run, sources);
            if let Some(said) = left_out.filter(|_| args.output.is_for_people()) {
                say(hang("note:       ", &said).trim_end());
            }
            exit
        }
        Err(error) => {
            complain(error);
            Ok(Exit::Usage)
        }
    }
}

/// The load, and the configuration of the bench.
fn prepare(args: &Args, plan: &PlanArgs, sources: &Sources) -> anyhow::Result<(Mode, Plan, Config)> {
    let (mode, plan) = plan.on_bench("simulate")?;
    args.output.check()?;
    let config = sources.load()?;
    Edit::check(&args.edits, &config)?;
    Ok((mode, plan, config))
}
