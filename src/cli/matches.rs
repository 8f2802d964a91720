//! `weir match`: plays, watches and measures the matches of a running server.
//!
//! Each verb sends one or a few requests and turns the figures of the answer into text;
//! `--json` prints the answer as received.

mod event;
mod ladder;
mod show;
mod tail;

use clap::Subcommand;
use serde_json::Value;

use super::Exit;
use super::answers::matches::{Added, List, Snapshot};
use super::ask::{Ask, Said, words_of};
use super::help::matches as help;
use super::output::{complain, say};
use super::server::Server;
use super::set::encoded;
use crate::config::Sources;
use crate::measure::{Peer, Token};

/// The match that exists from the start of a server.
const DEFAULT: &str = "weir-sluice";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    of: OfMatch,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The server and its match, as options of each verb.
#[derive(Debug, clap::Args)]
struct OfMatch {
    /// URL of the server [default: the configured listen address]
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
    /// Match id, as listed by `weir match list`
    #[arg(long = "match", value_name = "ID", global = true, default_value = DEFAULT)]
    id: String,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the matches, with their scores and watchers
    #[command(after_help = help::LIST)]
    List,
    /// Add the next sample match
    #[command(after_help = help::ADD)]
    Add,
    /// Print the figures of a match, beside the machine's own limits
    #[command(after_help = help::SHOW)]
    Show,
    /// Play a match from a seed; while it plays, change its rate
    #[command(after_help = help::PLAY)]
    Play {
        /// Events per second [default: 2]
        #[arg(long, value_name = "R")]
        rate: Option<f64>,
        /// Seed: the same seed gives the same match [default: 1]
        #[arg(long)]
        seed: Option<u64>,
        /// Number of events in 90 minutes, about [default: 300]
        #[arg(long, value_name = "N")]
        events: Option<u32>,
    },
    /// Stop the play; the match and its watchers stay
    #[command(after_help = help::PAUSE)]
    Pause,
    /// End the match: its watchers get the last event, and are closed
    #[command(after_help = help::STOP)]
    Stop,
    /// Replace the match by a new one that has not begun
    #[command(after_help = help::AGAIN)]
    Again,
    /// Add an event by hand; the rules of the game may refuse it
    #[command(after_help = help::EVENT)]
    Event(event::Args),
    /// Crash the dispatcher of the match, or one of its shards
    #[command(after_help = help::CRASH)]
    Crash {
        /// `dispatcher`, or a shard such as `shard-0`
        #[arg(default_value = "dispatcher")]
        part: String,
    },
    /// Watch the match as one watcher, over server-sent events
    #[command(after_help = help::WATCH)]
    Watch(tail::Args),
    /// Measure a match on each rung of the ladder, and print the table
    #[command(after_help = help::LADDER)]
    Ladder(ladder::Args),
    /// Print the machine's own limits, as the server measured them
    #[command(after_help = help::MACHINE)]
    Machine,
}

impl Args {
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        Server::at(self.of.url.clone()).peer(sources, token)
    }
}

/// Runs a verb.
pub(super) fn run(args: &Args, peer: &Peer, sources: &Sources) -> anyhow::Result<Exit> {
    let ask = Ask { peer, lab: "/api/matches", as_json: args.json };
    match run_verb(args, &ask, sources) {
        Ok(exit) => Ok(exit),
        Err(Said::No { exit, words }) => {
            complain(words_of(&words));
            Ok(exit)
        }
        Err(Said::Nothing(error)) => Err(error),
    }
}

fn run_verb(args: &Args, ask: &Ask<'_>, sources: &Sources) -> Result<Exit, Said> {
    let id = args.of.id.as_str();
    match &args.verb {
        Verb::List => ask.get::<List>("")?.print(ask, |list| show::list(&list.matches)),
        Verb::Add => ask.post::<Added>("")?.print(ask, |added| show::added(&added.id)),
        Verb::Show => ask.get::<Snapshot>(&path(id, ""))?.print(ask, show::figures),
        Verb::Play { rate, seed, events } => play(ask, id, *rate, *seed, *events)?,
        Verb::Pause => order(ask, id, "/pause", show::state)?,
        Verb::Stop => order(ask, id, "/stop", show::state)?,
        Verb::Again => order(ask, id, "/again", show::again)?,
        Verb::Event(event) => {
            let answer = ask.post::<Value>(&path(id, &format!("/event?{}", event.query())))?;
            answer.print(ask, event::happened);
        }
        Verb::Crash { part } => {
            let part_of = format!("/crash?part={}", encoded(part));
            order(ask, id, &part_of, |snapshot| show::crashed(part, snapshot))?;
        }
        Verb::Watch(watch) => return tail::run(ask, watch, id),
        Verb::Ladder(ladder) => return ladder::run(ask, ladder, id, sources),
        Verb::Machine => ask.get::<List>("")?.print(ask, |list| show::machine(list.machine.as_ref())),
    }
    Ok(Exit::Success)
}

/// The path of a match, or of an order to it.
fn path(id: &str, order: &str) -> String {
    format!("/{}{order}", encoded(id))
}

/// Plays a match, or changes the rate of its play.
fn play(
    ask: &Ask<'_>,
    id: &str,
    rate: Option<f64>,
    seed: Option<u64>,
    events: Option<u32>,
) -> Result<(), Said> {
    let named = [
        rate.map(|rate| format!("rate={rate}")),
        seed.map(|seed| format!("seed={seed}")),
        events.map(|events| format!("events={events}")),
    ];
    let named: Vec<String> = named.into_iter().flatten().collect();
    let query = if named.is_empty() { String::new() } else { format!("?{}", named.join("&")) };
    order(ask, id, &format!("/play{query}"), show::playing)
}

/// Sends an order, and prints the match after it. JSON is the order's answer, or if that has
/// none, the match.
fn order(ask: &Ask<'_>, id: &str, order: &str, text: impl FnOnce(&Snapshot) -> String) -> Result<(), Said> {
    let said = ask.order(&path(id, order))?;
    if ask.as_json && said.starts_with('{') {
        say(said);
        return Ok(());
    }
    let answer = ask.get::<Value>(&path(id, ""))?;
    if ask.as_json {
        say(&answer.read["match"]);
        return Ok(());
    }
    let snapshot = serde_json::from_value(answer.read).map_err(|error| Said::Nothing(error.into()))?;
    say(text(&snapshot).trim_end());
    Ok(())
}
