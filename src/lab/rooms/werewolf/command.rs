//! The moves of players, as they stand in JSON: `{"move":"vote","player":"ada","target":"ben"}`.

use serde::{Deserialize, Serialize};

/// The longest name of a player, in characters.
pub const LONGEST_NAME: usize = 20;

/// The longest text that a player says, in characters.
pub const LONGEST_TEXT: usize = 280;

/// A move. Each names the player that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum Command {
    /// Joins the lobby. Joining again changes nothing.
    Join {
        /// The player.
        player: String,
    },
    /// Leaves the lobby.
    Leave {
        /// The player.
        player: String,
    },
    /// Begins a game with the players of the lobby, or again after a game.
    Start {
        /// The player.
        player: String,
        /// Decides the roles, and ties at night. Without one it is 0: the server draws it, so
        /// that the rules draw nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Chooses a player at night. A werewolf may choose again while the night lasts.
    Choose {
        /// The werewolf.
        player: String,
        /// The chosen player.
        target: String,
    },
    /// Votes by day. A player may vote again while the day lasts.
    Vote {
        /// The player.
        player: String,
        /// The player to vote out.
        target: String,
    },
    /// Says something. At night only werewolves speak, and only werewolves hear it.
    Say {
        /// The player.
        player: String,
        /// The words.
        text: String,
    },
    /// Ends the night or the day with the choices that were made.
    EndPhase {
        /// The player.
        player: String,
    },
}

impl Command {
    /// Returns the name of the player that makes the move.
    pub fn player(&self) -> &str {
        match self {
            Self::Join { player }
            | Self::Leave { player }
            | Self::Start { player, .. }
            | Self::Choose { player, .. }
            | Self::Vote { player, .. }
            | Self::Say { player, .. }
            | Self::EndPhase { player } => player,
        }
    }

    /// Gives a start without a seed this one. Other moves stay as they are.
    #[must_use]
    pub fn seeded(mut self, drawn: u64) -> Self {
        if let Self::Start { seed, .. } = &mut self {
            seed.get_or_insert(drawn);
        }
        self
    }
}

/// Returns true if a player may have this name: 1 to 20 of the letters a–z and A–Z, digits, `-`
/// and `_`.
pub fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_plain)
}
