//! `weir simulate`: the same load on the same bench, under virtual time.

use super::Exit;
use super::load::{Output, ProgressLine};
use super::output::complain;
use crate::config::Sources;
use crate::measure::{PlanArgs, Stage};
use crate::simulate::simulate;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let prepared = args.plan.on_bench("simulate").and_then(|(mode, plan)| {
        args.output.check()?;
        Ok((mode, plan, sources.load()?))
    });
    let (mode, plan, config) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            complain(format_args!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let mut line = ProgressLine::new(args.output.quiet);
    let run = simulate(config, mode, &plan, &mut |progress| line.show(Stage::Load(*progress)));
    line.clear();
    match run {
        Ok(run) => args.output.finish(run, sources),
        Err(error) => {
            complain(error);
            Ok(Exit::Usage)
        }
    }
}
