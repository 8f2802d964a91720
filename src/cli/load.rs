//! `weir load`: generates a load and prints its report.

mod rooms;
mod watch;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use super::Exit;
use super::output::{complain, say};
use super::report::report;
use super::server::Server;
use super::text::{WIDTH, cut, number, pad, time};
use crate::config::Sources;
use crate::duration;
use crate::load::Progress;
use crate::measure::{LoadTarget, Measure, Phase, PlanArgs, TargetArg, Token};
use crate::record::{Origin, Plan, Run};
use crate::runs::{Store, Table, check_name, csv, to_json};
use crate::shutdown::StopToken;

/// How `load` and `simulate` print and store a run.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// Print the run as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print the run as CSV, one row per second
    #[arg(long)]
    csv: bool,
    /// Name of the run
    #[arg(long)]
    name: Option<String>,
    /// Do not store the run
    #[arg(long)]
    no_save: bool,
    /// Show no progress
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    lab: Option<Lab>,
    #[command(flatten)]
    plan: Option<PlanArgs>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
    /// Time limit for the bench to drain after the load
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = read_time)]
    drain: Duration,
}

/// A lab beside the bench.
#[derive(Debug, clap::Subcommand)]
enum Lab {
    /// Watch a match of the matches lab over many connections, and check every event
    #[command(after_help = super::help::LOAD_WATCH)]
    Watch(watch::Args),
    /// Play in many rooms of the rooms lab, kill them, and account for every move
    #[command(after_help = super::help::LOAD_ROOMS)]
    Rooms(rooms::Args),
}

fn read_time(text: &str) -> Result<Duration, String> {
    duration::parse_seconds(text)
        .ok_or_else(|| "expected a time, such as 500ms, 10s, 2min or 1m30s".to_owned())
}

pub(super) fn run(args: &Args, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Exit> {
    let load = match (&args.lab, &args.plan) {
        (Some(Lab::Watch(watch)), _) => return watch::run(watch, sources),
        (Some(Lab::Rooms(rooms)), _) => return rooms::run(rooms, sources, token),
        (None, Some(load)) => load,
        // Clap requires one of the two.
        (None, None) => return Ok(Exit::Usage),
    };
    let (plan, target) = match prepare(args, load, sources, token) {
        Ok(prepared) => prepared,
        Err(error) => {
            complain(format_args!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let stop = StopToken::new();
    stop_on_interrupt(&stop)?;
    let mut line = ProgressLine::new(args.output.quiet);
    line.announce(&format!("{plan}, at {}", load.target_name()));
    let measure = Measure { target, plan: &plan, drain: args.drain, stop: stop.clone() };
    let run = measure.run(&mut |phase| line.show(phase));
    line.clear();
    let run = match run {
        Err(error) if error.is_usage() => {
            complain(error);
            return Ok(Exit::Usage);
        }
        run => run?,
    };
    let exit = args.output.finish(run, sources)?;
    Ok(if stop.is_cancelled() { Exit::Interrupted } else { exit })
}

/// The load and its target.
fn prepare(
    args: &Args,
    load: &PlanArgs,
    sources: &Sources,
    token: Option<&Token>,
) -> anyhow::Result<(Plan, LoadTarget)> {
    let plan = load.plan()?;
    let target = match load.target()? {
        TargetArg::Mode(mode) => LoadTarget::Bench { peer: args.server.peer(sources, token)?, mode },
        TargetArg::Url(url) => LoadTarget::Url(url),
    };
    args.output.check()?;
    Ok((plan, target))
}

/// Ends the load on the first Ctrl-C, to show what was measured, and the process on the
/// second.
fn stop_on_interrupt(stop: &StopToken) -> anyhow::Result<()> {
    let stop = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wait = move || {
        runtime.block_on(async {
            let _ = tokio::signal::ctrl_c().await;
            stop.cancel();
            let _ = tokio::signal::ctrl_c().await;
            #[expect(clippy::exit, reason = "asked for twice")]
            std::process::exit(Exit::Interrupted as i32);
        });
    };
    std::thread::Builder::new().name("weir-interrupt".to_owned()).spawn(wait)?;
    Ok(())
}

impl Output {
    /// Checks the name, before the load is made.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        Ok(self.name.as_deref().map_or(Ok(()), check_name)?)
    }

    /// Whether the output is a report, not JSON or CSV.
    pub(super) fn is_for_people(&self) -> bool {
        !self.json && !self.csv
    }

    /// Stores the run and prints it.
    pub(super) fn finish(&self, mut run: Run, sources: &Sources) -> anyhow::Result<Exit> {
        run.name.clone_from(&self.name);
        let store = Store::new(sources.load()?.settings.data.runs());
        store.give_id(&mut run);
        if !self.no_save {
            // The run is printed even if it cannot be stored.
            if let Err(error) = store.save(&run) {
                complain(format_args!("cannot store the run: {error}"));
            }
        }
        if self.json {
            say(to_json(&run)?.trim_end());
        } else if self.csv {
            say(csv(&run, Table::Series)?.trim_end());
        } else {
            say(report(&run).trim_end());
        }
        Ok(if run.audit.is_invalid() { Exit::Invalid } else { Exit::Success })
    }
}

/// A line on standard error that is overwritten as a load goes on. Silent unless standard
/// error is a terminal.
#[derive(Debug)]
pub(super) struct ProgressLine {
    is_on: bool,
}

impl ProgressLine {
    pub(super) fn new(quiet: bool) -> Self {
        Self { is_on: !quiet && std::io::stderr().is_terminal() }
    }

    /// Prints a line that stays, before the load.
    pub(super) fn announce(&self, what: &str) {
        if self.is_on {
            complain(what);
        }
    }

    pub(super) fn show(&mut self, phase: Phase) {
        match phase {
            Phase::Load(progress) => self.write(&in_words(&progress)),
            Phase::Draining(held) => self.write(&format!("draining: the bench holds {held} events")),
        }
    }

    pub(super) fn write(&self, text: &str) {
        if self.is_on {
            let _ = write!(std::io::stderr(), "\r{}", live(text, textwrap::termwidth()));
        }
    }

    /// Leaves the line empty.
    pub(super) fn clear(&self) {
        if self.is_on {
            let _ = write!(std::io::stderr(), "\r{}\r", live("", textwrap::termwidth()));
        }
    }
}

/// The live line for a terminal of `columns`: exactly one column narrower, since a
/// terminal may wrap after its last one, and as wide each time, to cover the line before.
fn live(text: &str, columns: usize) -> String {
    let width = columns.min(WIDTH).saturating_sub(1);
    pad(&cut(text, width), width)
}

/// The progress of a load in one line.
pub(super) fn in_words(progress: &Progress) -> String {
    let Progress { seconds, answered, refused, failed, aborted, in_flight, rate, p50_ms, p99_ms, .. } =
        progress;
    let bad = refused + failed + aborted;
    let bad = if bad > 0 { format!(", {bad} not ok") } else { String::new() };
    let rate = rate.map_or(String::new(), |rate| format!(", {}/s", number(rate)));
    let at = |ms: &f64| time(*ms, Origin::Load);
    // The times are those of the successful answers.
    let times = match answered.saturating_sub(refused + failed) {
        0 => String::new(),
        _ => format!(", p50 {} p99 {} ms", at(p50_ms), at(p99_ms)),
    };
    format!("{seconds:.0} s: {answered} answers{bad}{rate}, {in_flight} in flight{times}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_is_one_column_narrower_than_the_terminal_and_never_wider_than_79() {
        let long = Progress {
            answered: u64::MAX,
            refused: u64::MAX / 4,
            rate: Some(1e300),
            ..Progress::default()
        };
        for (columns, width) in [(80, 79), (200, 79), (40, 39), (0, 0)] {
            for text in [&in_words(&long), "", "日本語 \u{1b}[2J"] {
                let line = live(text, columns);
                assert_eq!(unicode_width::UnicodeWidthStr::width(line.as_str()), width, "{line:?}");
            }
        }
    }
}
