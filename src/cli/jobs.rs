//! `weir jobs`: submits, inspects, stops and repairs jobs in the lab of a running server.
//!
//! Each verb sends one or two requests and turns the figures of the answer into text;
//! `--json` prints the answer as received.

pub(super) mod lateness;
mod show;
mod top;

use std::time::Duration;

use clap::Subcommand;
use hyper::Method;

use super::answers::jobs::{
    Back, Called, Inspected, Killed, Names, Registered, Rehearsal, Snapshot, Submitted, VersionRow,
};
use super::ask::{self, Ask, Said};
use super::help::jobs as help;
use super::output::say;
use super::server::Server;
use super::set::encoded;
use super::{Exit, compare};
use crate::config::Sources;
use crate::measure::{Peer, Token};

/// The time limit for a rehearsal: it runs up to 1,000 inputs on two versions of the code.
const REHEARSAL: Duration = Duration::from_secs(60);
/// The time limit of `--wait`. A job may take hours, and Ctrl-C ends the wait.
const ANSWER: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    server: GlobalServer,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The server, as an option of each verb.
#[derive(Debug, clap::Args)]
struct GlobalServer {
    /// URL of the server [default: the configured listen address]
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Submit a job: with jobs/sum.wat, the sum of 1 to N
    #[command(after_help = help::SUBMIT, allow_negative_numbers = true)]
    Submit {
        /// A 64-bit integer
        #[arg(value_name = "N")]
        input: String,
        /// Wait for the answer, however long the job takes
        #[arg(long)]
        wait: bool,
    },
    /// List the live jobs, busiest first, with the state of the lab
    #[command(after_help = help::TOP)]
    Top {
        /// Refresh every second until Ctrl-C
        #[arg(long)]
        watch: bool,
    },
    /// Print the call stack of a job, innermost function first
    #[command(after_help = help::STACK)]
    Stack {
        /// Job id, as listed by `weir jobs top`
        id: u64,
    },
    /// Trace the next calls of a job, with their arguments
    #[command(after_help = help::TRACE)]
    Trace {
        /// Job id, as listed by `weir jobs top`
        id: u64,
        /// Number of calls, 1 to 50
        #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u8).range(1..=50))]
        calls: u8,
        /// Time limit, at most 1s
        #[arg(long = "for", value_name = "TIME", default_value = "1s", value_parser = traced)]
        time: Duration,
    },
    /// Kill a job and answer its submitter
    #[command(after_help = help::KILL)]
    Kill {
        /// Job id, as listed by `weir jobs top`
        id: u64,
    },
    /// Show or change the load; a change lasts until the next edit of the configuration
    #[command(after_help = help::LOAD)]
    Load {
        /// Number of workers, up to 100000
        #[arg(long, value_name = "N")]
        workers: Option<u32>,
        /// Jobs per second of each worker
        #[arg(long, value_name = "R")]
        rate: Option<f64>,
        /// Share of jobs that get the input 13 and fail, from 0 to 1
        #[arg(long, value_name = "F")]
        fail_share: Option<f64>,
    },
    /// Try the watched file, or another file in its folder, on the latest inputs
    #[command(after_help = help::REHEARSE)]
    Rehearse {
        /// File on the server's machine [default: the file of jobs.code]
        file: Option<String>,
    },
    /// Run rehearsed code for new jobs
    #[command(after_help = help::SWAP)]
    Swap {
        /// File on the server's machine to rehearse first [default: the code rehearsed last]
        file: Option<String>,
        /// Swap in the watched file as it is, without a rehearsal
        #[arg(long, conflicts_with = "file")]
        unrehearsed: bool,
    },
    /// Restore the version before the last swap
    #[command(after_help = help::BACK)]
    Back,
    /// List the current version of the code, then those that `back` restores
    #[command(after_help = help::HISTORY)]
    History,
    /// Register a name at the server: `call` then reaches it through any node
    #[command(after_help = help::REGISTER)]
    Register {
        /// 1 to 40 letters (a-z), digits or '-'
        name: String,
    },
    /// Run a job at the node that owns a name, and wait for its answer
    #[command(after_help = help::CALL, allow_negative_numbers = true)]
    Call {
        /// Name, as listed by `weir jobs names`
        name: String,
        /// A 64-bit integer
        #[arg(value_name = "N")]
        input: String,
    },
    /// List the names of jobs with the node that owns each
    #[command(after_help = help::NAMES)]
    Names,
    /// Remove a name, for all nodes
    #[command(after_help = help::UNREGISTER)]
    Unregister {
        /// Name, as listed by `weir jobs names`
        name: String,
    },
    /// Reset the lab: zero its counters and curves, and end its load
    #[command(after_help = help::RESET)]
    Reset,
}

/// Parses the time of a trace.
fn traced(text: &str) -> Result<Duration, String> {
    let time = compare::skip(text)?;
    match time <= Duration::from_secs(1) {
        true => Ok(time),
        false => Err("a trace takes at most 1s".to_owned()),
    }
}

impl Args {
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        Server::at(self.server.url.clone()).peer(sources, token)
    }
}

/// Runs a verb.
pub(super) fn run(args: &Args, peer: &Peer) -> anyhow::Result<Exit> {
    let ask = Ask { peer, lab: "/api/jobs", as_json: args.json };
    match run_verb(&args.verb, &ask) {
        Ok(exit) => Ok(exit),
        Err(Said::No { exit, words }) => {
            super::complain(words);
            Ok(exit)
        }
        Err(Said::Nothing(error)) => Err(error),
    }
}

fn run_verb(verb: &Verb, ask: &Ask<'_>) -> Result<Exit, Said> {
    match verb {
        Verb::Submit { input, wait } => return submit(ask, input, *wait),
        Verb::Top { watch } => return top::run(ask, *watch),
        Verb::Stack { id } => {
            ask.get::<Inspected>(&format!("/{id}?calls=0"))?.print(ask, show::stack);
        }
        Verb::Trace { id, calls, time } => {
            let path = format!("/{id}?calls={calls}&for_ms={}", time.as_millis());
            ask.get::<Inspected>(&path)?.print(ask, show::trace);
        }
        Verb::Kill { id } => ask.post::<Killed>(&format!("/{id}/kill"))?.print(ask, show::kill),
        Verb::Load { workers, rate, fail_share } => load(ask, *workers, *rate, *fail_share)?,
        Verb::Rehearse { file } => rehearse(ask, file.as_deref())?.print(ask, show::rehearsal),
        Verb::Swap { file, unrehearsed } => return swap(ask, file.as_deref(), *unrehearsed),
        Verb::Back => ask
            .post::<Back>("/back")?
            .print(ask, |back| format!("version {} is in use again", back.version)),
        Verb::History => ask.get::<Vec<VersionRow>>("/history")?.print(ask, |rows| show::history(rows)),
        Verb::Register { name } => {
            ask.post::<Registered>(&format!("/names/{}", encoded(name)))?.print(ask, show::registered);
        }
        Verb::Call { name, input } => return call(ask, name, input),
        Verb::Names => ask.get::<Names>("/names")?.print(ask, |names| show::names(&names.names)),
        Verb::Unregister { name } => {
            ask.send(Method::DELETE, &format!("/names/{}", encoded(name)), String::new())?;
            match ask.as_json {
                true => say("{ \"removed\": true }"),
                false => say(format!("{name} is removed")),
            }
        }
        Verb::Reset => {
            ask.order("/reset")?;
            if ask.as_json {
                say("{ \"reset\": true }");
            }
        }
    }
    Ok(Exit::Success)
}

/// Submits a number. With `wait`, a job that does not end with a value is a failure.
fn submit(ask: &Ask<'_>, input: &str, wait: bool) -> Result<Exit, Said> {
    let waited = if wait { "&wait=true" } else { "" };
    let limit = if wait { Some(ANSWER) } else { None };
    let path = format!("/submit?n={}{waited}", encoded(input));
    let answer = ask.within::<Submitted>(limit, Method::POST, &path)?;
    let is_bad = answer.read.state.as_deref().is_some_and(|state| !matches!(state, "running" | "done"));
    answer.print(ask, |submitted| show::submitted(submitted, input));
    Ok(if is_bad { Exit::Failure } else { Exit::Success })
}

/// Calls a name. A job that does not end with a value is a failure.
fn call(ask: &Ask<'_>, name: &str, input: &str) -> Result<Exit, Said> {
    let path = format!("/names/{}/call?n={}", encoded(name), encoded(input));
    let answer = ask.within::<Called>(Some(ANSWER), Method::POST, &path)?;
    let is_bad = answer.read.job.state.as_deref() != Some("done");
    answer.print(ask, |called| show::called(called, input));
    Ok(if is_bad { Exit::Failure } else { Exit::Success })
}

/// Changes the parts of the load that are named, and prints the load.
fn load(
    ask: &Ask<'_>,
    workers: Option<u32>,
    rate: Option<f64>,
    fail_share: Option<f64>,
) -> Result<(), Said> {
    let named = [
        workers.map(|workers| format!("workers={workers}")),
        rate.map(|rate| format!("rate={rate}")),
        fail_share.map(|share| format!("fail_share={share}")),
    ];
    let named: Vec<String> = named.into_iter().flatten().collect();
    if !named.is_empty() {
        ask.order(&format!("/load?{}", named.join("&")))?;
    }
    let load = ask.get::<Snapshot>("")?.read.load;
    match ask.as_json {
        true => say(serde_json::to_string(&load).unwrap_or_default()),
        false => say(show::load(&load).trim_end()),
    }
    Ok(())
}

fn rehearse(ask: &Ask<'_>, file: Option<&str>) -> Result<ask::Answer<Rehearsal>, Said> {
    let file = file.map_or(String::new(), |file| format!("?file={}", encoded(file)));
    ask.within(Some(REHEARSAL), Method::POST, &format!("/rehearse{file}"))
}

/// Swaps in the code that was rehearsed last, after a rehearsal of `file` if one is named.
fn swap(ask: &Ask<'_>, file: Option<&str>, unrehearsed: bool) -> Result<Exit, Said> {
    if let Some(file) = file {
        let rehearsal = rehearse(ask, Some(file))?.read;
        if let Some(why) = &rehearsal.refused {
            return Err(Said::No { exit: Exit::Failure, words: crate::clean::line(why).into_owned() });
        }
        if !ask.as_json {
            say(show::rehearsal(&rehearsal));
        }
    }
    let unrehearsed = if unrehearsed { "?unrehearsed=true" } else { "" };
    ask.post::<Back>(&format!("/swap{unrehearsed}"))?.print(ask, |swapped| {
        format!("version {} is in use for new jobs; `weir jobs back` undoes it", swapped.version)
    });
    Ok(Exit::Success)
}
