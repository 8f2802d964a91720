//! The rooms, their players, how fast they move, and what is killed meanwhile.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::load::http::{Talker, TargetError};
use crate::load::{RequestError, TooFewDescriptors};

/// The most rooms, as many as a server may have.
const MOST_ROOMS: usize = 1_000_000;
/// The most players of a room, as many as the game takes.
const MOST_PLAYERS: usize = 12;
/// The most moves per second over all rooms.
const MOST_MOVES: f64 = 1e6;
/// The most kills per second.
const MOST_KILLS: f64 = 1000.0;
/// The most connections.
const MOST_CONNECTIONS: usize = 10_000;
/// The longest prefix: a room's name has 40 characters at most.
const LONGEST_PREFIX: usize = 32;
/// The time limit for an answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// What a kill ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KillWhat {
    /// The process of a room.
    #[default]
    Room,
    /// The backup of a room.
    Backup,
    /// Both at once, so that the state is lost.
    Both,
    /// A room and a backup in turn.
    Alternate,
}

impl KillWhat {
    /// The names of all, in the order of their declaration.
    pub const NAMES: [&str; 4] = ["room", "backup", "both", "alternate"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Returns what the kill with this number ends, from 0.
    pub(super) fn of(self, kill: u64) -> &'static str {
        match self {
            Self::Alternate if kill % 2 == 1 => Self::Backup.name(),
            Self::Alternate => Self::Room.name(),
            what => what.name(),
        }
    }
}

impl FromStr for KillWhat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "room" => Ok(Self::Room),
            "backup" => Ok(Self::Backup),
            "both" => Ok(Self::Both),
            "alternate" => Ok(Self::Alternate),
            _ => Err("expected room, backup, both or alternate".to_owned()),
        }
    }
}

/// How many rooms and players, how fast they move, and what is killed.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomsPlan {
    /// The first part of the rooms' names: `load` stands for `load-0`, `load-1` and so on.
    pub prefix: String,
    /// The number of rooms.
    pub rooms: usize,
    /// Players of each room.
    pub players: usize,
    /// Moves per second and room, by the clock. `None`: each player sends its next move when
    /// the last one is acknowledged.
    pub moves: Option<f64>,
    /// Kills per second. 0 kills nothing.
    pub kills: f64,
    /// What they end.
    pub what: KillWhat,
    /// The length of the run, from the first move.
    pub duration: Duration,
    /// Connections for moves. A connection carries one move at a time.
    pub connections: usize,
    /// Seeds the players' choices, the due times and the kills.
    pub seed: u64,
    /// Watchers over server-sent events, each on a connection of its own.
    pub watchers: usize,
}

impl Default for RoomsPlan {
    /// 1,000 rooms of 2 players with 5 moves per second each for 30 s, and no kills.
    fn default() -> Self {
        Self {
            prefix: "load".to_owned(),
            rooms: 1000,
            players: 2,
            moves: Some(5.0),
            kills: 0.0,
            what: KillWhat::Room,
            duration: Duration::from_secs(30),
            connections: 64,
            seed: 1,
            watchers: 0,
        }
    }
}

/// A Weir server with rooms, and the headers of each request, such as a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomsTarget {
    base: String,
    headers: Vec<(String, String)>,
}

impl RoomsTarget {
    /// The server at `base`, such as `http://127.0.0.1:4000`.
    pub fn new(base: &str, headers: Vec<(String, String)>) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), headers }
    }

    /// The URL of the server.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn talker(&self) -> Result<Talker, RoomsError> {
        Ok(Talker::new(&self.base, &self.headers, TIMEOUT)?)
    }
}

/// Why a load on rooms cannot begin.
#[derive(Debug, Error)]
pub enum RoomsError {
    /// The URL names no server, or a header cannot be sent.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The plan contradicts itself.
    #[error("{0}")]
    Plan(String),
    /// Too few file descriptors.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// The server did not answer a question that the load needs.
    #[error("{method} {path}: {error}")]
    Unanswered {
        /// The method.
        method: &'static str,
        /// The path.
        path: String,
        /// The reason.
        error: RequestError,
    },
    /// The server answered with another status than a success, or with something else than
    /// the API of rooms.
    #[error("{method} {path} was answered {status}: {said}")]
    Refused {
        /// The method.
        method: &'static str,
        /// The path.
        path: String,
        /// The status.
        status: u16,
        /// The message of the answer.
        said: String,
    },
    /// A room refuses the players of the load.
    #[error("room {room} takes no more players: {said}")]
    NoPlace {
        /// The room.
        room: String,
        /// The server's words.
        said: String,
    },
    /// The system refused something that the load needs.
    #[error("cannot start the load: {0}")]
    System(std::io::Error),
}

// Written out, because a text that includes the cause must not name it as a source as well.
impl From<std::io::Error> for RoomsError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl RoomsError {
    /// True if the caller asked for something impossible.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Target(TargetError::Url { .. } | TargetError::Header { .. })
                | Self::Plan(_)
                | Self::Descriptors(_)
                | Self::NoPlace { .. }
        )
    }
}

impl RoomsPlan {
    /// Checks that the plan can be carried out.
    ///
    /// # Errors
    /// [`RoomsError::Plan`], with what was found and what is allowed.
    pub fn check(&self) -> Result<(), RoomsError> {
        let Self { prefix, rooms, players, moves, kills, duration, connections, watchers, .. } = self;
        let wrong = |says: String| Err(RoomsError::Plan(says));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=LONGEST_PREFIX).contains(&prefix.len()) || !prefix.chars().all(plain) {
            return wrong(format!(
                "prefix {prefix:?}: expected 1 to {LONGEST_PREFIX} of a\u{2013}z, 0\u{2013}9 and \"-\""
            ));
        }
        if !(1..=MOST_ROOMS).contains(rooms) {
            return wrong(format!("{rooms} rooms: expected 1 to {MOST_ROOMS}"));
        }
        if !(1..=MOST_PLAYERS).contains(players) {
            return wrong(format!("{players} players a room: expected 1 to {MOST_PLAYERS}"));
        }
        if let Some(moves) = moves {
            let all = moves * *rooms as f64;
            if !(all > 0.0 && all <= MOST_MOVES) {
                return wrong(format!(
                    "{moves} moves/s in each of {rooms} rooms are {all}/s: expected more than 0 and at most {MOST_MOVES}"
                ));
            }
        }
        if !(0.0..=MOST_KILLS).contains(kills) {
            return wrong(format!("{kills} kills/s: expected 0 to {MOST_KILLS}"));
        }
        if !(1..=MOST_CONNECTIONS).contains(connections) {
            return wrong(format!("{connections} connections: expected 1 to {MOST_CONNECTIONS}"));
        }
        if *watchers > MOST_CONNECTIONS {
            return wrong(format!("{watchers} watchers: expected at most {MOST_CONNECTIONS}"));
        }
        if duration.is_zero() {
            return wrong("the run lasts no time at all".to_owned());
        }
        Ok(())
    }

    /// The name of room `n`.
    pub(super) fn room(&self, n: usize) -> String {
        format!("{}-{n}", self.prefix)
    }

    /// The number of players of all rooms.
    pub(super) fn clients(&self) -> usize {
        self.rooms * self.players
    }
}

impl fmt::Display for RoomsPlan {
    /// Such as `1000 rooms of 2 players, 5 moves/s each, 1 kills/s (room), 30 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rooms, players, moves, kills, what, duration, watchers, .. } = self;
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        write!(f, "{rooms} room{} of {players} player{}", plural(*rooms), plural(*players))?;
        match moves {
            Some(rate) => write!(f, ", {rate} moves/s each")?,
            None => write!(f, ", each move when the last is acknowledged")?,
        }
        if *kills > 0.0 {
            write!(f, ", {kills} kills/s ({})", what.name())?;
        }
        if *watchers > 0 {
            write!(f, ", {watchers} watcher{}", plural(*watchers))?;
        }
        write!(f, ", {} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_contradicts_itself_is_refused_with_the_numbers() {
        let plan = RoomsPlan::default();
        assert!(plan.check().is_ok());
        assert_eq!(plan.to_string(), "1000 rooms of 2 players, 5 moves/s each, 30 s");
        for (plan, says) in [
            (RoomsPlan { rooms: 0, ..plan.clone() }, "0 rooms: expected 1 to 1000000"),
            (RoomsPlan { players: 13, ..plan.clone() }, "13 players a room: expected 1 to 12"),
            (
                RoomsPlan { moves: Some(1001.0), ..plan.clone() },
                "1001 moves/s in each of 1000 rooms are 1001000/s",
            ),
            (RoomsPlan { moves: Some(f64::NAN), ..plan.clone() }, "NaN moves/s"),
            (RoomsPlan { kills: -1.0, ..plan.clone() }, "-1 kills/s: expected 0 to 1000"),
            (RoomsPlan { connections: 0, ..plan.clone() }, "0 connections: expected 1 to 10000"),
            (RoomsPlan { watchers: 10_001, ..plan.clone() }, "10001 watchers: expected at most 10000"),
            (RoomsPlan { prefix: "A b".to_owned(), ..plan.clone() }, "prefix \"A b\": expected 1 to 32"),
            (RoomsPlan { duration: Duration::ZERO, ..plan.clone() }, "the run lasts no time"),
        ] {
            let error = plan.check().unwrap_err();
            assert!(error.to_string().starts_with(says) && error.is_usage(), "{error}");
        }
        let storm = RoomsPlan {
            rooms: 1,
            players: 1,
            moves: None,
            kills: 2.0,
            what: KillWhat::Alternate,
            watchers: 3,
            ..plan
        };
        assert!(storm.check().is_ok());
        let text = "1 room of 1 player, each move when the last is acknowledged, 2 kills/s (alternate), \
                    3 watchers, 30 s";
        assert_eq!(storm.to_string(), text);
    }

    #[test]
    fn kills_alternate_between_room_and_backup() {
        let what = |what: KillWhat| [0, 1, 2].map(|kill| what.of(kill));
        assert_eq!(what(KillWhat::Alternate), ["room", "backup", "room"]);
        assert_eq!(what(KillWhat::Both), ["both"; 3]);
        for name in KillWhat::NAMES {
            assert_eq!(name.parse::<KillWhat>().map(KillWhat::name), Ok(name));
        }
        assert!("rooms".parse::<KillWhat>().is_err());
    }
}
