//! What happened in a village. An update is a fact: it contains what the lots decided.

use std::fmt;

use super::{Role, Village, Winner, Word};

/// A player that is out, and the role that is revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// The player.
    pub player: Word,
    /// The role.
    pub role: Role,
}

/// A change of a village. It may contain secrets; [`Village::text`] is its public line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// A player joined.
    Joined {
        /// The player.
        player: Word,
    },
    /// A player left.
    Left {
        /// The player.
        player: Word,
    },
    /// A game and its first night began.
    Started {
        /// Decides ties at night.
        seed: u64,
        /// The roles, in the order of the players.
        roles: Vec<Role>,
    },
    /// A further night began.
    NightFell {
        /// The number of the night.
        day: u32,
    },
    /// A werewolf chose.
    Chose {
        /// The werewolf.
        player: Word,
        /// The chosen player.
        target: Word,
    },
    /// The night ended.
    DayBroke {
        /// The number of the day.
        day: u32,
        /// The player that the werewolves took.
        out: Option<Out>,
    },
    /// A player voted.
    Voted {
        /// The player.
        player: Word,
        /// The player to vote out.
        target: Word,
    },
    /// The vote ended.
    VotedOut {
        /// The player with the most votes; none after a tie.
        out: Option<Out>,
    },
    /// A player said something.
    Said {
        /// The player.
        player: Word,
        /// The words.
        text: Word,
        /// Only werewolves hear it.
        to_werewolves: bool,
    },
    /// The game ended.
    Won {
        /// The side that won.
        winner: Winner,
    },
}

impl Village {
    /// Returns the public line about an update. It names no player with a secret role.
    pub fn text(update: &Update) -> String {
        match update {
            Update::Joined { player } => format!("{player} joined"),
            Update::Left { player } => format!("{player} left"),
            Update::Started { roles, .. } => {
                let werewolves = roles.iter().filter(|role| **role == Role::Werewolf).count();
                let plural = if werewolves == 1 { "werewolf" } else { "werewolves" };
                format!("night 1 fell on {} players, {werewolves} {plural}", roles.len())
            }
            Update::NightFell { day } => format!("night {day} fell"),
            Update::Chose { .. } => "a werewolf chose".into(),
            Update::DayBroke { day, out: Some(Out { player, role }) } => {
                format!("day {day} broke: {player} was taken, {role}")
            }
            Update::DayBroke { day, out: None } => format!("day {day} broke: no player was taken"),
            Update::Voted { player, target } => format!("{player} voted for {target}"),
            Update::VotedOut { out: Some(Out { player, role }) } => {
                format!("{player} was voted out, {role}")
            }
            Update::VotedOut { out: None } => "no player was voted out".into(),
            Update::Said { to_werewolves: true, .. } => "a werewolf whispered".into(),
            Update::Said { player, text, .. } => format!("{player}: {text}"),
            Update::Won { winner: Winner::Village } => "the village won".into(),
            Update::Won { winner: Winner::Werewolves } => "the werewolves won".into(),
        }
    }

    /// Returns the line that only werewolves see, if the update has one.
    pub(super) fn whisper(update: &Update) -> Option<String> {
        match update {
            Update::Chose { player, target } => Some(format!("{player} chose {target}")),
            Update::Said { player, text, to_werewolves: true } => Some(format!("{player}: {text}")),
            _ => None,
        }
    }
}

/// Writes it with its article: `a villager`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Villager => "a villager",
            Self::Werewolf => "a werewolf",
        })
    }
}
