//! `weir compare`: two runs with their noise, several side by side, or one beside theory
//! and simulation.

mod tables;

use std::time::Duration;

use anyhow::{Context, bail};

use super::Exit;
use super::output::{complain, say};
use super::text::hang;
use crate::clean;
use crate::config::Config;
use crate::duration;
use crate::record::{EngineUsed, Origin, Run};
use crate::runs::{Store, StoreError, compare, without_first};
use crate::simulate::{Bounds, simulate_edited};
use crate::theory::predict;

/// The longest simulation beside a run. A run file may come from a stranger and claim
/// 2^64 requests.
const SIMULATED: Bounds = Bounds { requests: 5_000_000, seconds: 7.0 * 86_400.0 };

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One run is compared with theory and simulation. Of two runs, each difference
    /// is shown and whether it is more than noise. Up to four stand side by side
    #[arg(value_name = "RUN", required = true, num_args = 1..=4)]
    runs: Vec<String>,
    /// Show two runs side by side, with every known figure
    #[arg(long)]
    side_by_side: bool,
    /// Leave the first TIME of each run out of the figures, such as 5s
    #[arg(long, value_name = "TIME", value_parser = skip)]
    skip: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads the length of a warm-up.
///
/// # Errors
/// If the text is not a duration.
pub(super) fn skip(text: &str) -> Result<Duration, String> {
    duration::parse_seconds(text).ok_or_else(|| "not a duration, such as 5s".to_owned())
}

pub(super) fn run(args: &Args, store: &Store) -> anyhow::Result<Exit> {
    let runs: Result<Vec<Run>, StoreError> = args.runs.iter().map(|run| store.open(run)).collect();
    let runs: Vec<Run> = match runs {
        Ok(runs) => runs.iter().map(|run| without_first(run, args.skip.unwrap_or_default())).collect(),
        Err(error) => {
            complain(&error);
            return Ok(if error.is_request() { Exit::Usage } else { Exit::Failure });
        }
    };
    if !args.json {
        for (letter, run) in ["A", "B", "C", "D"].into_iter().zip(&runs) {
            if let Some(skipped) = &run.skipped {
                let lead = if runs.len() > 1 { format!("{letter}: ") } else { String::new() };
                say(hang(&lead, &skipped.says).trim_end());
            }
        }
    }
    match &runs[..] {
        [one] => {
            let all = match with_theory_and_simulation(one) {
                Ok(all) => all,
                Err(error) => {
                    complain(format_args!("{error:#}"));
                    return Ok(Exit::Usage);
                }
            };
            show(&all, args.json)?;
        }
        [a, b] if !args.side_by_side => {
            let comparison = compare(a, b);
            if args.json {
                say(serde_json::to_string_pretty(&comparison)?);
            } else {
                say(tables::pair(&comparison).trim_end());
            }
        }
        several => show(several, args.json)?,
    }
    Ok(Exit::Success)
}

fn show(runs: &[Run], json: bool) -> anyhow::Result<()> {
    if json {
        say(serde_json::to_string(runs)?);
    } else {
        say(tables::side_by_side(runs).trim_end());
    }
    Ok(())
}

/// The prediction and the simulation of a run's load and configuration, and the run.
/// Prints the reason where no model fits.
fn with_theory_and_simulation(run: &Run) -> anyhow::Result<Vec<Run>> {
    let (Some(plan), Some(effective), Some(mode)) = (&run.load, &run.config, run.mode()) else {
        bail!(
            "{} has no stored load and configuration, which theory and simulation need; use a run of \
             `weir load serial`, `async` or `pipelined`",
            clean::line(run.title())
        );
    };
    let config = Config::from_effective(effective).context("cannot read the configuration of the run")?;
    let began = crate::record::now();
    let mut runs = Vec::new();
    match predict(&config.settings, mode, plan) {
        Ok(prediction) => {
            let mut predicted = Run::new(Origin::Predicted, mode.name(), began);
            "theory".clone_into(&mut predicted.id);
            predicted.load = Some(plan.clone());
            predicted.set_bench_config(effective.clone());
            predicted.prediction = Some(prediction);
            runs.push(predicted);
        }
        Err(error) => complain(format_args!("theory: {}\n", clean::line(&error.to_string()))),
    }
    match simulate_edited(config, mode, plan, &[], SIMULATED, &mut |_| ()) {
        Ok(mut simulated) => {
            simulated.id = "simulation".to_owned();
            runs.push(simulated);
        }
        Err(error) => complain(format_args!("simulation: {}\n", clean::line(&error.to_string()))),
    }
    if run.bench.as_ref().is_some_and(|bench| !bench.drained) {
        complain(
            "this run ended before the bench drained, so its times cover only the events done by then; \
             use a longer --drain\n",
        );
    }
    if let Some(engine) = run.engine().filter(|engine| *engine != EngineUsed::memory()) {
        complain(format_args!(
            "the queue of this run had the engine {}; theory and simulation keep it in memory, where nothing \
             is synced and no failed event is tried again\n",
            clean::line(&engine.engine)
        ));
    }
    runs.push(run.clone());
    Ok(runs)
}
