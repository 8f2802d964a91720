//! The state of a match, which a hub sends to new watchers.

use std::sync::Arc;

use serde::Serialize;

use super::sheet::Team;
use super::{Half, Sheet, Side};

/// The period of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Period {
    /// Before the first half.
    #[serde(rename = "not begun")]
    NotBegun,
    /// The first half.
    #[serde(rename = "first half")]
    FirstHalf,
    /// Between the halves.
    #[serde(rename = "half-time")]
    HalfTime,
    /// The second half.
    #[serde(rename = "second half")]
    SecondHalf,
    /// After the second half, until the match is stopped.
    #[serde(rename = "full time")]
    FullTime,
    /// The match is over.
    #[serde(rename = "over")]
    Over,
}

impl Period {
    /// Returns the half that is played, if one is.
    pub fn half(self) -> Option<Half> {
        match self {
            Self::FirstHalf => Some(Half::First),
            Self::SecondHalf => Some(Half::Second),
            Self::NotBegun | Self::HalfTime | Self::FullTime | Self::Over => None,
        }
    }
}

/// The state of one player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlayerState {
    /// True while the player is on the pitch.
    pub on_pitch: bool,
    /// True if the player has been on the pitch and may not return.
    pub has_left: bool,
    /// Yellow cards.
    pub yellow: u8,
    /// True if the player was sent off.
    pub sent_off: bool,
    /// Goals.
    pub goals: u16,
}

/// The state of a match after its events so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchState {
    /// The team sheet, which never changes.
    #[serde(skip)]
    pub sheet: Arc<Sheet>,
    /// The period.
    pub period: Period,
    /// The minute of the last event; 0 before the first.
    pub minute: u16,
    /// Goals of home and away.
    pub score: [u16; 2],
    /// Shots that missed, of home and away.
    pub shots: [u16; 2],
    /// Substitutions of home and away.
    pub substitutions: [u8; 2],
    /// The players of home and away, in the order of the sheet.
    pub players: [Vec<PlayerState>; 2],
}

impl MatchState {
    /// Makes the state before the first event.
    pub fn new(sheet: Arc<Sheet>) -> Self {
        let players = |team: &Team| (0..team.players.len()).map(PlayerState::at_kick_off).collect();
        let players = [players(sheet.team(Side::Home)), players(sheet.team(Side::Away))];
        Self {
            sheet,
            period: Period::NotBegun,
            minute: 0,
            score: [0; 2],
            shots: [0; 2],
            substitutions: [0; 2],
            players,
        }
    }

    /// Returns true once the first half has begun.
    pub fn has_begun(&self) -> bool {
        self.period != Period::NotBegun
    }

    /// Returns true once the match was stopped.
    pub fn is_over(&self) -> bool {
        self.period == Period::Over
    }

    /// Returns the shirt numbers of the players on the pitch.
    pub fn on_pitch(&self, side: Side) -> impl Iterator<Item = u8> + '_ {
        self.numbers(side, |player| player.on_pitch)
    }

    /// Returns the shirt numbers of the players that may still enter the pitch.
    pub fn on_bench(&self, side: Side) -> impl Iterator<Item = u8> + '_ {
        self.numbers(side, |player| !player.on_pitch && !player.has_left && !player.sent_off)
    }

    fn numbers(&self, side: Side, which: fn(&PlayerState) -> bool) -> impl Iterator<Item = u8> + '_ {
        let players = self.sheet.team(side).players.iter().zip(&self.players[side.index()]);
        players.filter(move |(_, state)| which(state)).map(|(player, _)| player.number)
    }
}

impl PlayerState {
    fn at_kick_off(position: usize) -> Self {
        let on_pitch = Team::starts(position);
        Self { on_pitch, has_left: false, yellow: 0, sent_off: false, goals: 0 }
    }
}
