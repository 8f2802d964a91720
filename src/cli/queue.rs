//! `weir queue`: inspects, verifies, exports and purges the queue and its dead letters.
//!
//! The queue is in a running server, or in the file of the engine `disk`. [`Place`] is one of them;
//! both have the same verbs (`server.rs`, `file.rs`) and the same texts (`show.rs`).

mod file;
mod server;
mod show;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::Method;

use super::Exit;
use super::ask::{Ask, Said};
use super::help::queue as help;
use super::output::complain;
use super::server::Server;
use crate::clean;
use crate::config::{Queue, Settings, Sources};
use crate::measure::{Peer, RequestError, Token, local_url};

pub(super) use show::engine_of;

/// The options of `weir queue`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// URL of the server [default: the configured listen address]
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print where the events are, what a 202 promises, and the book: the totals so far
    #[command(after_help = help::INSPECT)]
    Inspect {
        /// File of the engine disk [default: the running server, or else its file]
        file: Option<PathBuf>,
    },
    /// Check every page of a file, and compare its events with its book
    #[command(after_help = help::VERIFY)]
    Verify {
        /// File of the engine disk [default: queue.redb in data.directory]
        file: Option<PathBuf>,
    },
    /// List, retry or delete dead letters: events that failed for good
    #[command(after_help = help::DEAD)]
    Dead {
        #[command(subcommand)]
        verb: DeadVerb,
        /// File of the engine disk [default: the running server, or else its file]
        #[arg(long, value_name = "FILE", global = true)]
        file: Option<PathBuf>,
    },
    /// Print the held events and dead letters of a file as JSON, one per line
    #[command(after_help = help::EXPORT)]
    Export {
        /// File of the engine disk [default: queue.redb in data.directory]
        file: Option<PathBuf>,
    },
    /// Drop the waiting events; the ledger counts them as dropped
    #[command(after_help = help::PURGE)]
    Purge {
        /// File of the engine disk [default: the running server, or else its file]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum DeadVerb {
    /// List dead letters: id, attempts, reason and payload
    #[command(after_help = help::DEAD_LIST)]
    List {
        /// List only letters with a higher id
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
        /// Largest number of letters, 1 to 1000
        #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u16).range(1..=1000))]
        most: u16,
    },
    /// Accept dead letters again, each as a new event
    #[command(after_help = help::DEAD_RETRY)]
    Retry {
        /// Id, as listed by `weir queue dead list`
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<u64>,
        /// All dead letters
        #[arg(long)]
        all: bool,
    },
    /// Delete all dead letters; the ledger still counts them as failed
    #[command(after_help = help::DEAD_PURGE)]
    Purge,
}

/// Where the queue is.
enum Place {
    /// In a running server.
    Server(Peer),
    /// In a file. `unreached` is the URL at which no server answered.
    File { file: PathBuf, unreached: Option<String> },
}

/// Runs a verb.
///
/// # Errors
/// If a server answers with something unexpected.
pub(super) fn run(args: &Args, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Exit> {
    let settings = match sources.load() {
        Ok(config) => config.settings,
        Err(error) => {
            complain(error);
            return Ok(Exit::Usage);
        }
    };
    let done = place(args, &settings, sources, token).and_then(|place| match &place {
        Place::Server(peer) => {
            server::run(&args.verb, &Ask { peer, lab: "/api/queue", as_json: args.json })
        }
        Place::File { file, unreached } => file::run(&args.verb, file, args.json, settings.queue.attempts)
            .map_err(|said| explained(said, unreached.as_deref())),
    });
    match done {
        Ok(exit) => Ok(exit),
        Err(Said::No { exit, words }) => {
            complain(words);
            Ok(exit)
        }
        Err(Said::Nothing(error)) => Err(error),
    }
}

/// Decides where the queue is: in the given file or at the given URL, else in the server at the
/// configured address, else in the configured file. `verify` and `export` always take a file.
fn place(
    args: &Args,
    settings: &Settings,
    sources: &Sources,
    token: Option<&Token>,
) -> Result<Place, Said> {
    let (file, of_files) = match &args.verb {
        Verb::Verify { file } | Verb::Export { file } => (file, true),
        Verb::Inspect { file } | Verb::Purge { file } | Verb::Dead { file, .. } => (file, false),
    };
    let wrong = |words: &str| Said::No { exit: Exit::Usage, words: words.to_owned() };
    match (file, &args.url) {
        (Some(_), Some(_)) => return Err(wrong("give a file or --url, not both")),
        (None, Some(_)) if of_files => {
            let words = "`verify` and `export` read a file, after its server has ended; ask a running server \
                         with `weir queue inspect --url` or `weir queue dead list --url`";
            return Err(wrong(words));
        }
        (Some(file), None) => return Ok(Place::File { file: file.clone(), unreached: None }),
        _ => {}
    }
    let own = Queue::file(Path::new(&settings.data.directory));
    if of_files {
        return Ok(Place::File { file: own, unreached: None });
    }
    let peer = Server::at(args.url.clone()).peer(sources, token);
    let peer = peer.map_err(|error| wrong(&format!("{error:#}")))?;
    match peer.request(Method::GET, "/healthz") {
        Err(RequestError::NoServer { .. }) if args.url.is_none() => {
            let unreached = Some(local_url(settings.server.listen));
            Ok(Place::File { file: own, unreached })
        }
        // The verb itself reports any other trouble with the server.
        _ => Ok(Place::Server(peer)),
    }
}

/// Adds to a failure on a file that no server answered at `unreached`.
fn explained(said: Said, unreached: Option<&str>) -> Said {
    match (said, unreached) {
        (Said::No { exit, words }, Some(url)) => {
            let words = format!("no server answers at {}; {words}", clean::line(url));
            Said::No { exit, words }
        }
        (said, _) => said,
    }
}
