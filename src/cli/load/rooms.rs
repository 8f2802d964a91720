//! `weir load rooms`: moves in many rooms, kills, and the ledger of moves from the clients' side.

use std::str::FromStr;
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Output, ProgressLine, read_time, stop_on_interrupt};
use crate::cli::Exit;
use crate::cli::output::complain;
use crate::cli::server::Server;
use crate::cli::text::{number, time};
use crate::config::Sources;
use crate::load::rooms::{KillWhat, RoomsError, RoomsPlan, RoomsProgress, RoomsTarget, play};
use crate::measure::{TOKEN_HEADER, Token};
use crate::record::Origin;
use crate::shutdown::StopToken;

/// Moves in rooms.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Number of rooms; those that are missing are created
    #[arg(short, long, value_name = "N", default_value = "1000")]
    rooms: usize,
    /// First part of the rooms' names: `load` stands for load-0, load-1 and so on
    #[arg(long, value_name = "NAME", default_value = "load")]
    prefix: String,
    /// Number of players in each room, 1 to 12
    #[arg(short, long, value_name = "N", default_value = "2")]
    players: usize,
    /// Moves per second and room, by the clock, or `max`: each player moves again as soon as its
    /// last move is acknowledged
    #[arg(short, long, value_name = "RATE", default_value = "5/s", value_parser = read_moves)]
    moves: Moves,
    /// Kills per second
    #[arg(short, long, value_name = "RATE", default_value = "0/s", value_parser = read_rate)]
    kill: f64,
    /// What a kill ends; `alternate` takes a room and a backup in turn
    #[arg(long, default_value = "room", value_parser = what())]
    what: KillWhat,
    /// Length of the run, from the first move; a plain number is seconds
    #[arg(short, long, value_name = "TIME", value_parser = read_time, default_value = "30s")]
    duration: Duration,
    /// Number of connections for moves
    #[arg(short, long, value_name = "N", default_value = "64")]
    connections: usize,
    /// Seed of the players, the due times and the kills
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Number of watchers over server-sent events, which check every update
    #[arg(short, long, value_name = "N", default_value = "0")]
    watchers: usize,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// The pace of moves; `None` is `max`.
type Moves = Option<f64>;

/// All four, which completion knows by name.
fn what() -> impl TypedValueParser<Value = KillWhat> {
    PossibleValuesParser::new(KillWhat::NAMES).try_map(|name| KillWhat::from_str(&name))
}

/// Reads `1/s` or `1`.
fn read_rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim();
    let rate = number.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
    rate.ok_or_else(|| "expected a number per second, such as 1/s or 0.5".to_owned())
}

/// Reads `5/s`, `5` or `max`.
fn read_moves(text: &str) -> Result<Moves, String> {
    match text {
        "max" => Ok(None),
        _ => read_rate(text).map(Some).map_err(|error| format!("{error}, or max")),
    }
}

impl Args {
    fn plan(&self) -> RoomsPlan {
        RoomsPlan {
            prefix: self.prefix.clone(),
            rooms: self.rooms,
            players: self.players,
            moves: self.moves,
            kills: self.kill,
            what: self.what,
            duration: self.duration,
            connections: self.connections,
            seed: self.seed,
            watchers: self.watchers,
        }
    }

    fn target(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<RoomsTarget> {
        let peer = self.server.peer(sources, token)?;
        let header = |token: &Token| (TOKEN_HEADER.as_str().to_owned(), token.reveal().to_owned());
        Ok(RoomsTarget::new(&peer.base, peer.token.iter().map(header).collect()))
    }
}

pub(super) fn run(args: &Args, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Exit> {
    let plan = args.plan();
    let prepared = args.output.check().and_then(|()| Ok(plan.check()?));
    let target = match prepared.and_then(|()| args.target(sources, token)) {
        Ok(target) => target,
        Err(error) => {
            complain(format_args!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let stop = StopToken::new();
    stop_on_interrupt(&stop)?;
    let line = ProgressLine::new(args.output.quiet);
    line.announce(&format!("{plan}, at {}", target.base()));
    let played = thread::scope(|scope| {
        // The load wants a thread of its own, whose CPU time is that of the generator.
        let load = || play(&target, &plan, &stop, &mut |progress| line.write(&in_words(progress)));
        let load = thread::Builder::new().name("weir-rooms".to_owned()).spawn_scoped(scope, load);
        load.map(|load| load.join())
    })?;
    line.clear();
    let played = match played {
        Ok(played) => played,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    let run = match played {
        Err(error) if error.is_usage() => {
            complain(&error);
            if matches!(error, RoomsError::NoPlace { .. }) {
                complain("give another --prefix, or remove the room with `weir room remove`");
            }
            return Ok(Exit::Usage);
        }
        played => played?.into_run().audited(),
    };
    let exit = args.output.finish(run, sources)?;
    Ok(if stop.is_cancelled() { Exit::Interrupted } else { exit })
}

/// The progress in one line.
fn in_words(progress: &RoomsProgress) -> String {
    let RoomsProgress { seconds, acknowledged, retries, kills, lost, p50_ms, p99_ms } = progress;
    let retries = if *retries > 0 { format!(", {retries} repeats") } else { String::new() };
    let kills = if *kills > 0 { format!(", {kills} kills lost {lost}") } else { String::new() };
    let ms = |ms: &Option<f64>, what: &str| {
        ms.map_or(String::new(), |ms| format!("{what} {} ms", time(ms, Origin::Load)))
    };
    format!(
        "{seconds:.0} s: {} moves{retries}{kills}{}{}",
        number(*acknowledged as f64),
        ms(p50_ms, ", p50"),
        ms(p99_ms, ", p99")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn plan(words: &[&str]) -> Result<RoomsPlan, String> {
        let line = Line::try_parse_from(["rooms"].iter().chain(words));
        line.map(|line| line.args.plan()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_plan() {
        assert_eq!(plan(&[]).unwrap(), RoomsPlan::default());
        let words = "--rooms 10 --moves 2.5 --kill 1/s --what alternate -d 2 -w 3 --players 1 --seed 7";
        let given = plan(&words.split(' ').collect::<Vec<_>>()).unwrap();
        let text = "10 rooms of 1 player, 2.5 moves/s each, 1 kills/s (alternate), 3 watchers, 2 s";
        assert_eq!((given.to_string().as_str(), given.seed), (text, 7));
        assert_eq!(plan(&["--moves", "max"]).unwrap().moves, None);
    }

    #[test]
    fn what_is_no_rate_and_nothing_to_kill_is_refused() {
        for words in [["--moves", "fast"], ["--kill", "-1"], ["--kill", "max"], ["--what", "registry"]] {
            let error = plan(&words).unwrap_err();
            assert!(error.contains(words[1]), "{error}");
        }
        assert!(plan(&["--kill", "inf"]).unwrap_err().contains("expected a number per second"));
    }

    #[test]
    fn the_progress_fits_into_a_line() {
        let progress = RoomsProgress {
            seconds: 12.0,
            acknowledged: 60_000,
            retries: 12,
            kills: 11,
            lost: 40,
            p50_ms: Some(0.7),
            p99_ms: Some(2.1),
        };
        let text = in_words(&progress);
        assert_eq!(text, "12 s: 60000 moves, 12 repeats, 11 kills lost 40, p50 0.700 ms, p99 2.10 ms");
        assert_eq!(in_words(&RoomsProgress::default()), "0 s: 0 moves");
    }
}
