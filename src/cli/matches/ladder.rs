//! `weir match ladder`: measures a match on each rung of the ladder, from the slowest
//! configuration to the fastest.
//!
//! ```text
//!   for each rung   POST /api/config   its settings and those below it
//!                   watch              N watchers connect and get events
//!                   POST …/rung        the server keeps the result
//!   at the end      POST /api/config   the settings as they were
//! ```
//!
//! The settings are restored after an error and after Ctrl-C too.

mod climb;
mod restore;
mod rungs;
mod table;

use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use serde_json::json;

use self::climb::{Climb, Row};
use self::restore::Restore;
use self::rungs::{Ground, Rungs};
use super::path;
use crate::cli::Exit;
use crate::cli::ask::{Ask, Said};
use crate::cli::interrupt::Interrupts;
use crate::cli::load::ProgressLine;
use crate::cli::output::{complain, say};
use crate::config::Sources;
use crate::load::watch::WatchTransport;
use crate::measure::Peer;
use crate::runs::Store;

/// The options of `weir match ladder`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Number of watchers on each rung
    #[arg(short = 'c', long, value_name = "N", default_value = "10000",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    watchers: usize,
    /// Rungs to climb, such as 0-7 or 0,4,5
    #[arg(long, value_name = "LIST", default_value = "0-7")]
    rungs: Rungs,
    /// Seconds with events on each rung, once all watchers are connected
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How events reach the watchers: ws or sse
    #[arg(long, default_value = "ws")]
    transport: WatchTransport,
    /// Print the table in Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Do not store the runs
    #[arg(long)]
    no_save: bool,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

/// Climbs the ladder. The exit code is that of the worst rung.
pub(super) fn run(ask: &Ask<'_>, args: &Args, id: &str, sources: &Sources) -> Result<Exit, Said> {
    let ground = ask.get::<Ground>(&path(id, ""))?.read;
    let chosen = ground.chosen(&args.rungs)?;
    let store = match args.no_save {
        true => None,
        false => Some(store(sources)?),
    };
    let interrupts = Interrupts::listen().map_err(Said::Nothing)?;
    // A key that a flag sets cannot be changed: better to know before the match is replaced.
    rungs::set(ask, &ground.settings_before())?;
    let is_streamed = !ask.as_json && !args.markdown;
    if is_streamed {
        say(table::title(args.watchers, args.transport.name(), id).trim_end());
    }
    let mut restore = Restore::of(ask, id, &ground, &interrupts);
    let climb = Climb {
        ask,
        id,
        watchers: args.watchers,
        full: Duration::from_secs(args.seconds),
        transport: args.transport,
        store: store.as_ref(),
        interrupts: &interrupts,
    };
    let mut line = ProgressLine::new(args.quiet || ask.as_json);
    let mut rows: Vec<Row> = Vec::new();
    let climbed = climb.begin(chosen.len()).and_then(|()| {
        for rung in &chosen {
            if interrupts.stop().is_cancelled() {
                break;
            }
            let row = climb.rung(&ground, rung, rows.iter().rfind(|row| row.is_measured()), &mut line)?;
            line.clear();
            if is_streamed {
                say(table::row(&row).trim_end());
            }
            rows.push(row);
        }
        Ok(())
    });
    line.clear();
    // The machine is measured once by the server, maybe after the ladder has begun.
    let machine = ask.get::<Ground>(&path(id, "")).ok().and_then(|answer| answer.read.machine);
    let machine = machine.or_else(|| ground.machine.clone());
    let restored = restore.now();
    if ask.as_json {
        let rows: Vec<_> = rows.iter().map(Row::to_json).collect();
        say(json!({ "watchers": args.watchers, "machine": machine, "rungs": rows }));
    } else if args.markdown {
        say(table::markdown(&rows, machine.as_ref()).trim_end());
    } else {
        say(table::ending(&rows, machine.as_ref()).trim_end());
    }
    if let Err(words) = restored {
        complain(words);
        return Ok(Exit::Failure);
    }
    climbed?;
    Ok(match interrupts.stop().is_cancelled() {
        true => Exit::Interrupted,
        false if rows.iter().any(Row::is_invalid) => Exit::Invalid,
        false => Exit::Success,
    })
}

fn store(sources: &Sources) -> Result<Store, Said> {
    match sources.load() {
        Ok(config) => Ok(Store::new(config.settings.data.runs())),
        Err(error) => Err(Said::No { exit: Exit::Usage, words: error.to_string() }),
    }
}

/// The URL of a match's server for the watchers.
fn url(peer: &Peer) -> &str {
    &peer.base
}
