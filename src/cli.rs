//! The command line: parses the arguments, runs the command, and maps its result to an
//! exit code.

mod answers;
mod ask;
mod banner;
mod check;
mod compare;
mod complete;
mod components;
mod exercise;
mod flags;
mod follow;
mod help;
mod interrupt;
mod jobs;
mod load;
mod log;
mod matches;
mod output;
mod paint;
mod predict;
mod queue;
mod report;
mod rooms;
mod runs;
mod serve;
mod server;
mod set;
mod simulate;
mod snapshot;
mod sse;
mod text;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use hyper::Method;

use crate::clean;
use crate::config::Sources;
use crate::measure::{Peer, Token, TokenError};
use crate::runs::Store;
use crate::workbench::Purged;
use output::{complain, say};
use server::Server;

/// The default configuration file.
const CONFIG_FILE: &str = "config.toml";
/// The default folder of exercises.
const EXERCISES: &str = "exercises";

/// The result of a command, as the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success. After a shutdown: every accepted event was finished.
    Success = 0,
    /// Something outside failed: an address is in use, no server answers.
    Failure = 1,
    /// The arguments or the configuration are wrong.
    Usage = 2,
    /// The drain timeout passed, and accepted events were lost.
    EventsLost = 3,
    /// A run was made, but its figures cannot be trusted.
    Invalid = 4,
    /// The server drained, but could not store a run.
    RunNotKept = 5,
    /// A second signal stopped the server at once.
    Interrupted = 130,
}

/// A backpressured data-pipeline workbench: predict, simulate, measure, explain.
#[derive(Debug, Parser)]
#[command(name = "weir", version, after_help = help::WEIR, max_term_width = 80)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// Configuration file [default: config.toml in the current folder, if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Set a configuration key, overriding the file. The value is TOML or bare text.
    /// Example: --set consumers.concurrency=3
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS", global = true)]
    listen: Option<String>,
    /// Refuse every request that changes something: pause, loads, checks and so on
    #[arg(long, global = true)]
    read_only: bool,
    /// Token that a change needs if the server listens beyond loopback. Prefer the
    /// variable WEIR_TOKEN: a list of processes shows arguments
    #[arg(long, value_name = "TOKEN", global = true)]
    token: Option<Token>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the page and the endpoints (the default)
    #[command(after_help = help::SERVE)]
    Serve(serve::Args),
    /// Validate the configuration and print the effective settings
    #[command(after_help = help::CHECK_CONFIG)]
    CheckConfig {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Generate a closed or open load, and measure the answers
    #[command(after_help = help::LOAD)]
    Load(load::Args),
    /// Simulate the same load on the same bench, under virtual time
    #[command(after_help = help::SIMULATE)]
    Simulate(simulate::Args),
    /// Predict the result of a load with queueing theory
    #[command(after_help = help::PREDICT)]
    Predict(predict::Args),
    /// Compare runs with each other, or a run with theory and simulation
    #[command(after_help = help::COMPARE)]
    Compare(compare::Args),
    /// List, show, export, import, rename and delete stored runs
    #[command(after_help = help::RUNS)]
    Runs(runs::Args),
    /// Work through the exercises: predict, measure, compare, understand
    #[command(after_help = help::EXERCISE)]
    Exercise(exercise::Args),
    /// Print the figures of a running server
    #[command(after_help = help::SNAPSHOT)]
    Snapshot(snapshot::Args),
    /// Print the supervision tree of a running server, worker by worker
    #[command(after_help = help::COMPONENTS)]
    Components(components::Args),
    /// Kill a component or a worker of a running server, and print what it cost
    #[command(after_help = help::KILL)]
    Kill(components::KillArgs),
    /// Restart a component of a running server; it has 3 s to finish its events in hand
    #[command(after_help = help::RESTART)]
    Restart(components::RestartArgs),
    /// Run jobs in the jobs lab of a running server: find, stop and repair them
    #[command(after_help = help::JOBS)]
    Jobs(jobs::Args),
    /// Play, watch and measure the matches of a running server: one event, many watchers
    #[command(after_help = help::MATCH, alias = "matches")]
    Match(matches::Args),
    /// Create, play, watch and kill the rooms of a running server: state that survives
    #[command(after_help = help::ROOM, alias = "rooms")]
    Room(rooms::Args),
    /// Pause a running server: its consumers get no events until `weir resume`
    #[command(after_help = help::PAUSE)]
    Pause(Server),
    /// Resume a paused server
    #[command(after_help = help::RESUME)]
    Resume(Server),
    /// Empty the queue of a running server: drop the waiting events
    #[command(after_help = help::PURGE)]
    Purge(Server),
    /// Inspect, verify and export the queue; list and retry its dead letters
    #[command(after_help = help::QUEUE)]
    Queue(queue::Args),
    /// Change keys of a running server's configuration
    #[command(after_help = help::SET)]
    Set(set::Args),
    /// Zero the counters, peaks and histograms of a running server
    #[command(after_help = help::RESET)]
    Reset(Server),
    /// Print the completion script of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// Shell
        shell: Shell,
    },
}

impl ConfigArgs {
    fn sources(&self) -> Sources {
        let default = || Path::new(CONFIG_FILE).exists().then(|| PathBuf::from(CONFIG_FILE));
        let listen = self.listen.as_ref().map(|address| format!("server.listen={address:?}"));
        let read_only = self.read_only.then(|| "server.read_only=true".to_owned());
        Sources {
            file: self.config.clone().or_else(default),
            flags: self.set.iter().cloned().chain(listen).chain(read_only).collect(),
        }
    }

    /// The token from the flag, or else from the environment.
    fn token(&self) -> Result<Option<Token>, TokenError> {
        let from_environment = || std::env::var("WEIR_TOKEN").ok().filter(|token| !token.is_empty());
        match &self.token {
            Some(token) => Ok(Some(token.clone())),
            None => from_environment().map(|token| token.parse()).transpose(),
        }
    }
}

/// Runs the command that the arguments name, and prints why it failed if it did.
pub fn run() -> Exit {
    run_command().unwrap_or_else(|error| {
        complain(format_args!("weir: {error:#}"));
        // In a server the thread of the log prints it.
        log::writer().map(|writer| writer.flush(Duration::from_secs(1)));
        Exit::Failure
    })
}

fn run_command() -> anyhow::Result<Exit> {
    output::clean_panics();
    // No clap command, since the completions would list it.
    if let Some(words) = complete::asked() {
        return Ok(complete::run(&words));
    }
    if let Some(run) = exercise::asked_to_measure() {
        return exercise::measure_run(&run);
    }
    crate::exercise::set_program(std::env::current_exe()?);
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Clap quotes arguments verbatim, and a file name may be hostile.
        Err(error) if error.use_stderr() && error.to_string() != clean::text(&error.to_string()) => {
            complain(clean::record(&error.to_string()));
            return Ok(Exit::Usage);
        }
        Err(error) => error.exit(),
    };
    let sources = args.config.sources();
    let token = match args.config.token() {
        Ok(token) => token,
        Err(error) => {
            complain(format_args!("WEIR_TOKEN: {error}"));
            return Ok(Exit::Usage);
        }
    };
    let token = token.as_ref();
    let command = args.command.unwrap_or_else(|| Command::Serve(serve::Args::default()));
    if let Some(why) = flags::without_effect(&command, &sources) {
        complain(why);
        return Ok(Exit::Usage);
    }
    match command {
        Command::Serve(args) => serve::run(&args, &sources, token),
        Command::CheckConfig { json } => Ok(check::run(&sources, json)),
        Command::Load(args) => load::run(&args, &sources, token),
        Command::Simulate(args) => simulate::run(&args, &sources),
        Command::Predict(args) => predict::run(&args, &sources),
        Command::Compare(args) => on_store(&sources, |store| compare::run(&args, store)),
        Command::Runs(args) => on_store(&sources, |store| runs::run(&args, store)),
        Command::Exercise(args) => exercise::run(&args, &sources, token),
        Command::Snapshot(args) => on_server(args.peer(&sources), |peer| snapshot::run(&args, peer)),
        Command::Components(args) => on_server(args.peer(&sources), |peer| components::show(&args, peer)),
        Command::Kill(args) => on_server(args.peer(&sources, token), |peer| components::kill(&args, peer)),
        Command::Restart(args) => {
            on_server(args.peer(&sources, token), |peer| components::restart(&args, peer))
        }
        Command::Jobs(args) => on_server(args.peer(&sources, token), |peer| jobs::run(&args, peer)),
        Command::Match(args) => {
            on_server(args.peer(&sources, token), |peer| matches::run(&args, peer, &sources))
        }
        Command::Room(args) => on_server(args.peer(&sources, token), |peer| rooms::run(&args, peer)),
        Command::Pause(server) => on_server(server.peer(&sources, token), |peer| post(peer, "/api/pause")),
        Command::Resume(server) => {
            on_server(server.peer(&sources, token), |peer| post(peer, "/api/resume"))
        }
        Command::Purge(server) => on_server(server.peer(&sources, token), purge),
        Command::Queue(args) => queue::run(&args, &sources, token),
        Command::Set(args) => on_server(args.server.peer(&sources, token), |peer| set::run(&args, peer)),
        Command::Reset(server) => on_server(server.peer(&sources, token), |peer| post(peer, "/api/reset")),
        Command::Completions { shell } => {
            let mut command = Args::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "weir", &mut script);
            // The reader of a pipe may leave early.
            let _ = std::io::stdout()
                .write_all(complete::script(shell, &String::from_utf8_lossy(&script)).as_bytes());
            Ok(Exit::Success)
        }
    }
}

/// Runs a command on a server. An unknown address is a mistake in the arguments or the
/// configuration.
fn on_server(
    peer: anyhow::Result<Peer>,
    run: impl FnOnce(&Peer) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    match peer {
        Ok(peer) => run(&peer),
        Err(error) => {
            complain(format_args!("{error:#}"));
            Ok(Exit::Usage)
        }
    }
}

/// Runs a command on the stored runs of the configured data directory.
fn on_store(sources: &Sources, run: impl FnOnce(&Store) -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    match sources.load() {
        Ok(config) => run(&Store::new(config.settings.data.runs())),
        Err(error) => {
            complain(error);
            Ok(Exit::Usage)
        }
    }
}

fn post(peer: &Peer, path: &str) -> anyhow::Result<Exit> {
    peer.request(Method::POST, path)?;
    Ok(Exit::Success)
}

/// Empties the queue, and prints the number of dropped events.
fn purge(peer: &Peer) -> anyhow::Result<Exit> {
    let path = "/api/purge";
    let body = peer.request(Method::POST, path)?;
    let purged: Purged = serde_json::from_slice(&body)
        .with_context(|| format!("{}{path} answered with something unexpected", peer.base))?;
    say(purged);
    Ok(Exit::Success)
}
