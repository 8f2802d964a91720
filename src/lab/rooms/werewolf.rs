//! The game of a room: a small Werewolf. Villagers and werewolves sit in one village. At night
//! the werewolves choose a player, who is out. By day the living vote a player out. The village
//! wins when no werewolf is left, and the werewolves win when the others are no more than they.
//!
//! The village is a [`Room`]: its rules are pure, and lots are drawn from a seed that stands in
//! the command. It knows secrets, so there are two views of it: [`Status`] is what every watcher
//! may see, and [`SeatView`] what one player may see.
//!
//! ```
//! use weir::lab::rooms::werewolf::{Command, Village};
//! use weir_parts::rooms::Room;
//!
//! let mut village = Village::default();
//! let join = Command::Join { player: "ada".into() };
//! for update in village.decide(&join).expect("the lobby is open") {
//!     village.apply(&update);
//! }
//! // Joining twice changes nothing.
//! assert_eq!(village.decide(&join), Ok(vec![]));
//! ```

mod apply;
mod command;
mod play;
mod refused;
mod rules;
#[cfg(test)]
mod tests;
mod update;
mod view;
mod word;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use weir_parts::rooms::Room;

pub use command::{Command, LONGEST_NAME, LONGEST_TEXT, is_name};
pub use play::Players;
pub use refused::Refused;
pub use update::{Out, Update};
pub use view::{May, MoveKind, PlayerView, SeatView, Status};
pub use word::Word;

/// The fewest players of a game. With three, the first night would decide it.
pub const LEAST_PLAYERS: usize = 4;

/// The most players of a village.
pub const MOST_PLAYERS: usize = 12;

/// The players for each werewolf.
const PLAYERS_PER_WEREWOLF: usize = 4;

/// The lines of the log that a view shows.
const LINES: usize = 12;

/// The phase of a game.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Players come and go.
    #[default]
    Lobby,
    /// The werewolves choose.
    Night,
    /// The living vote.
    Day,
    /// A side has won. The same players may start again.
    Over,
}

/// What a player is in secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Votes by day.
    Villager,
    /// Votes by day like a villager, and chooses at night.
    Werewolf,
}

/// The side that won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// No werewolf is left.
    Village,
    /// The others are no more than the werewolves.
    Werewolves,
}

/// A village and its game. The default is an empty lobby.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Village {
    phase: Phase,
    /// The number of the day and of the night before it, from 1; 0 before the first game.
    day: u32,
    /// Decides ties at night.
    seed: u64,
    /// In the order in which they joined.
    players: Vec<Player>,
    winner: Option<Winner>,
    /// The last lines, at most [`LINES`] public and [`LINES`] private ones.
    log: VecDeque<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Player {
    name: Word,
    role: Role,
    is_alive: bool,
    /// The place of the player that this one chose tonight, or votes for today.
    choice: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: Word,
    /// Only werewolves see it.
    is_private: bool,
}

impl Village {
    /// Returns the phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the number of the day, which the night before it shares; 0 before the first game.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Returns the number of players, whether in the game or out.
    pub fn players(&self) -> usize {
        self.players.len()
    }

    /// Returns the number of players that are not out.
    pub fn alive(&self) -> usize {
        self.living().count()
    }

    /// The places and the players that are not out.
    fn living(&self) -> impl Iterator<Item = (usize, &Player)> {
        self.players.iter().enumerate().filter(|(_, player)| player.is_alive)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.players.iter().position(|player| &*player.name == name)
    }
}

impl Room for Village {
    type Command = Command;
    type Event = Update;
    type Refusal = Refused;
    type Status = Status;

    fn decide(&self, command: &Command) -> Result<Vec<Update>, Refused> {
        self.updates_of(command)
    }

    fn apply(&mut self, update: &Update) {
        self.take_in(update);
    }

    fn status(&self) -> Status {
        self.public()
    }
}
