//! What can happen in a match.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two teams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The team whose stadium it is.
    Home,
    /// The visiting team.
    Away,
}

impl Side {
    /// Both sides, home first.
    pub const BOTH: [Self; 2] = [Self::Home, Self::Away];

    /// Returns the place of the side in a pair.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The colour of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Card {
    /// A caution. A player's second one sends the player off.
    Yellow,
    /// The player is sent off.
    Red,
}

/// A half of the match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Half {
    /// The first 45 minutes.
    First,
    /// The second 45 minutes.
    Second,
}

/// What happens. Players are named by their shirt number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// A half begins.
    Begin {
        /// The half.
        half: Half,
    },
    /// The half ends.
    End {
        /// The half.
        half: Half,
    },
    /// A player scores.
    Goal {
        /// The player's team, which gets the goal.
        side: Side,
        /// The scorer.
        player: u8,
    },
    /// A player misses.
    Shot {
        /// The player's team.
        side: Side,
        /// The player.
        player: u8,
    },
    /// A player is shown a card.
    Card {
        /// The player's team.
        side: Side,
        /// The player.
        player: u8,
        /// The colour.
        card: Card,
    },
    /// A player on the pitch is replaced by one from the bench.
    Substitution {
        /// The team.
        side: Side,
        /// The player that leaves the pitch.
        off: u8,
        /// The player that enters it.
        on: u8,
    },
    /// The match is over, or abandoned.
    Stop,
}

/// An event of a match: what happens in which minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The minute, counted from 1; the second half begins with 46.
    pub minute: u16,
    /// What happens.
    #[serde(flatten)]
    pub action: Action,
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first half",
            Self::Second => "second half",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin { .. } => "begin",
            Self::End { .. } => "end",
            Self::Goal { .. } => "goal",
            Self::Shot { .. } => "shot",
            Self::Card { .. } => "card",
            Self::Substitution { .. } => "substitution",
            Self::Stop => "stop",
        })
    }
}
