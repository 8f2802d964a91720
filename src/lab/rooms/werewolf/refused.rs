//! Reasons why a move is not allowed. They repeat no words of the player that are not a name.

use thiserror::Error;

use super::command::{LONGEST_NAME, LONGEST_TEXT};
use super::{LEAST_PLAYERS, MOST_PLAYERS, Phase, Word};

/// The reason why a move is refused. The village is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is not a name.
    #[error("a name has 1 to {LONGEST_NAME} letters (a-z, A-Z), digits, '-' or '_'")]
    Name,
    /// The village has no such player.
    #[error("{player} is not in the village")]
    NotJoined {
        /// The name.
        player: Word,
    },
    /// The lobby is full.
    #[error("the village has {MOST_PLAYERS} players, the most that are allowed")]
    Full,
    /// Too few players to start.
    #[error("found {found} players; allowed: {LEAST_PLAYERS} to {MOST_PLAYERS}")]
    TooFew {
        /// The number of players.
        found: usize,
    },
    /// The phase does not allow the move.
    #[error("{} allows no {action}", .phase.words())]
    Phase {
        /// The move.
        action: &'static str,
        /// The phase.
        phase: Phase,
    },
    /// The player that makes the move is out.
    #[error("{player} is out and may only watch")]
    Out {
        /// The player.
        player: Word,
    },
    /// The target is out already.
    #[error("{target} is out already")]
    TargetOut {
        /// The target.
        target: Word,
    },
    /// The target is the player that makes the move.
    #[error("{player} cannot choose {player}")]
    Oneself {
        /// The player.
        player: Word,
    },
    /// A villager cannot do this at night.
    #[error("{player} sleeps: only werewolves act at night")]
    Asleep {
        /// The player.
        player: Word,
    },
    /// A werewolf cannot choose a werewolf.
    #[error("{target} is a werewolf too")]
    Fellow {
        /// The target.
        target: Word,
    },
    /// The text is empty or too long.
    #[error("found {found} characters; allowed: 1 to {LONGEST_TEXT}")]
    Length {
        /// The number of characters.
        found: usize,
    },
    /// The text has a character that commands a terminal, or that ends or reorders a line.
    #[error("found a control character; a text is one line of plain characters")]
    Control,
}

impl Phase {
    fn words(self) -> &'static str {
        match self {
            Self::Lobby => "the lobby",
            Self::Night => "the night",
            Self::Day => "the day",
            Self::Over => "a game that is over",
        }
    }
}
