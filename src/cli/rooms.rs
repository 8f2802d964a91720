//! `weir room`: creates, plays, watches and kills the rooms of a running server.
//!
//! Each verb sends one or a few requests and turns the answer into text; `--json` prints the
//! answer as received.

mod compare;
mod moves;
mod show;
mod tail;

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use serde_json::json;

use self::moves::{Play, Target, Who};
use super::Exit;
use super::answers::rooms::{Created, Dead, History, Killed, Place, Playing, RegistryKilled, Snapshot};
use super::ask::{Ask, Said, words_of};
use super::help::rooms as help;
use super::output::{complain, say};
use super::server::Server;
use super::set::encoded;
use crate::config::Sources;
use crate::measure::{Peer, Token};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    of: OfServer,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The server, as an option of each verb.
#[derive(Debug, clap::Args)]
struct OfServer {
    /// URL of the server [default: the configured listen address]
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the rooms, with their games and positions
    #[command(after_help = help::LIST)]
    List,
    /// Create a room
    #[command(after_help = help::CREATE)]
    Create {
        /// Name: 1 to 40 letters (a-z), digits or '-'
        name: String,
    },
    /// Print a room: its game, its processes, its last kill and its watchers
    #[command(after_help = help::SHOW)]
    Show {
        /// Room
        name: String,
        /// Print what this player may see as well
        #[arg(long, value_name = "PLAYER")]
        seat: Option<String>,
    },
    /// Join the game of a room
    #[command(after_help = help::JOIN)]
    Join(Who),
    /// Leave the lobby of a room
    #[command(after_help = help::LEAVE)]
    Leave(Who),
    /// Start a game with the players of the lobby
    #[command(after_help = help::START)]
    Start {
        #[command(flatten)]
        who: Who,
        /// Seed of the roles [default: a random one]
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Choose a player at night, as a werewolf
    #[command(after_help = help::CHOOSE)]
    Choose(Target),
    /// Vote a player out, by day
    #[command(after_help = help::VOTE)]
    Vote(Target),
    /// Say something; at night only werewolves speak, and only they hear it
    #[command(after_help = help::SAY)]
    Say {
        #[command(flatten)]
        who: Who,
        /// Words
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// End the night or the day with the choices that were made
    #[command(after_help = help::END_PHASE)]
    EndPhase(Who),
    /// Print the public status of a game
    #[command(after_help = help::STATUS)]
    Status {
        /// Room
        name: String,
        /// Watch the room until it ends
        #[arg(long)]
        follow: bool,
    },
    /// Print the newest records of a room's history
    #[command(after_help = help::HISTORY)]
    History {
        /// Room
        name: String,
        /// Number of records
        #[arg(long, value_name = "N", default_value_t = 200)]
        most: u64,
    },
    /// Kill a process of a room, and print what it cost
    #[command(after_help = help::KILL)]
    Kill {
        /// Room [default: a random one]
        name: Option<String>,
        /// Process
        #[arg(long, value_enum, default_value = "room")]
        what: What,
    },
    /// Print where a name leads: the generation of its claim, and the room's processes
    #[command(after_help = help::WHERE)]
    Where {
        /// Room
        name: String,
    },
    /// Remove a room with its state
    #[command(after_help = help::REMOVE)]
    Remove {
        /// Room
        name: String,
    },
    /// Let players play a room by themselves
    #[command(after_help = help::PLAY)]
    Play(Play),
    /// Stop the players that play a room by themselves
    #[command(after_help = help::PAUSE)]
    Pause {
        /// Room
        name: String,
    },
    /// List the dead letters: moves that made a room panic three times
    #[command(after_help = help::DEAD)]
    Dead,
    /// Kill a room under each `rooms.backup`, and compare what is lost
    #[command(after_help = help::COMPARE)]
    Compare(compare::Args),
}

/// A process that can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The room
    Room,
    /// Its backup
    Backup,
    /// The room and its backup at the same time
    Both,
    /// Its history
    History,
    /// The registry, which maps names to rooms
    Registry,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Backup => "backup",
            Self::Both => "both",
            Self::History => "history",
            Self::Registry => "registry",
        }
    }
}

impl Args {
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        Server::at(self.of.url.clone()).peer(sources, token)
    }
}

/// Runs a verb.
pub(super) fn run(args: &Args, peer: &Peer) -> anyhow::Result<Exit> {
    let ask = Ask { peer, lab: "/api/rooms", as_json: args.json };
    match run_verb(&args.verb, &ask) {
        Ok(exit) => Ok(exit),
        Err(Said::No { exit, words }) => {
            complain(words_of(&words));
            Ok(exit)
        }
        Err(Said::Nothing(error)) => Err(error),
    }
}

fn run_verb(verb: &Verb, ask: &Ask<'_>) -> Result<Exit, Said> {
    match verb {
        Verb::List => ask.get::<Snapshot>("")?.print(ask, show::list),
        Verb::Create { name } => {
            let created = ask.tell::<Created>("", json!({ "name": name }).to_string())?;
            created.print(ask, show::created);
        }
        Verb::Show { name, seat } => {
            let seat = seat.as_ref().map_or(String::new(), |seat| format!("?seat={}", encoded(seat)));
            ask.get::<Snapshot>(&path(name, &seat))?.print(ask, show::room);
        }
        Verb::Join(who) => moves::make(ask, who, json!({ "move": "join" }))?,
        Verb::Leave(who) => moves::make(ask, who, json!({ "move": "leave" }))?,
        Verb::Start { who, seed } => moves::make(ask, who, json!({ "move": "start", "seed": seed }))?,
        Verb::Choose(Target { who, target }) => {
            moves::make(ask, who, json!({ "move": "choose", "target": target }))?;
        }
        Verb::Vote(Target { who, target }) => {
            moves::make(ask, who, json!({ "move": "vote", "target": target }))?;
        }
        Verb::Say { who, text } => moves::make(ask, who, json!({ "move": "say", "text": text.join(" ") }))?,
        Verb::EndPhase(who) => moves::make(ask, who, json!({ "move": "end_phase" }))?,
        Verb::Status { name, follow: true } => return tail::run(ask, name),
        Verb::Status { name, follow: false } => status(ask, name)?,
        Verb::History { name, most } => {
            let history = ask.get::<History>(&path(name, &format!("/history?most={most}")))?;
            history.print(ask, show::history);
        }
        Verb::Kill { name, what } => kill(ask, name.as_deref(), *what)?,
        Verb::Where { name } => {
            let place = ask.get::<Place>(&path(name, "/where"))?;
            // With one server, the processes of the room say more than the server's name.
            match place.read.node.is_some() {
                true => place.print(ask, show::node),
                false => ask.get::<Snapshot>(&path(name, ""))?.print(ask, show::place),
            }
        }
        Verb::Remove { name } => {
            ask.send(Method::DELETE, &path(name, ""), String::new())?;
            if !ask.as_json {
                say(format!("{name} is removed, and its name is free"));
            }
        }
        Verb::Play(Play { name, rate }) => {
            let playing = ask.post::<Playing>(&path(name, &format!("/play?rate={rate}")))?;
            playing.print(ask, |playing| show::playing(name, playing.rate));
        }
        Verb::Pause { name } => {
            ask.post::<Playing>(&path(name, "/pause"))?.print(ask, |_| format!("{name} is paused"));
        }
        Verb::Dead => ask.get::<Dead>("/dead")?.print(ask, |dead| show::dead(&dead.dead)),
        Verb::Compare(compare) => return compare::run(ask, compare),
    }
    Ok(Exit::Success)
}

/// The path of a room, or of something below it.
fn path(name: &str, below: &str) -> String {
    format!("/{}{below}", encoded(name))
}

/// Prints the public status of a game.
fn status(ask: &Ask<'_>, name: &str) -> Result<(), Said> {
    let answer = ask.get::<serde_json::Value>(&path(name, ""))?;
    let open = &answer.read["open"];
    if ask.as_json {
        say(&open["status"]);
        return Ok(());
    }
    let open = serde_json::from_value(open.clone()).map_err(|error| Said::Nothing(error.into()))?;
    say(show::status(&open).trim_end());
    Ok(())
}

fn kill(ask: &Ask<'_>, name: Option<&str>, what: What) -> Result<(), Said> {
    match (name, what) {
        (_, What::Registry) => {
            let body = json!({ "what": "registry" }).to_string();
            ask.tell::<RegistryKilled>("/kill", body)?.print(ask, show::registry_killed);
        }
        (Some(name), what) => {
            let body = json!({ "what": what.word() }).to_string();
            ask.tell::<Killed>(&path(name, "/kill"), body)?.print(ask, show::killed);
        }
        (None, what) => {
            let body = json!({ "what": "random", "part": what.word() }).to_string();
            ask.tell::<Killed>("/kill", body)?.print(ask, show::killed);
        }
    }
    Ok(())
}
