//! The two views of a village: the public one, and that of one seat.

use serde::{Deserialize, Serialize};

use super::{LEAST_PLAYERS, Line, Phase, Player, Role, Village, Winner, Word};

/// A player, as a view shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerView {
    /// The name.
    pub name: Word,
    /// False if the player is out.
    pub alive: bool,
    /// The role, if the viewer may know it. Every viewer knows those of players that are out,
    /// and all of them when the game is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The player that this one votes for, by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voted: Option<Word>,
}

/// What every watcher may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The phase.
    pub phase: Phase,
    /// The number of the day and of the night before it; 0 before the first game.
    pub day: u32,
    /// The players, in the order in which they joined.
    pub players: Vec<PlayerView>,
    /// The side that won.
    pub winner: Option<Winner>,
    /// The last 12 public lines, the newest last.
    pub log: Vec<Word>,
}

/// What one player may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// The public view, with the roles and the lines that this player may know.
    #[serde(flatten)]
    pub status: Status,
    /// The player.
    pub you: Word,
    /// The player's role in the current or last game.
    pub role: Option<Role>,
    /// The move that the game waits for from this player.
    pub may: Option<May>,
    /// The player that this one chose tonight, or votes for today.
    pub chosen: Option<Word>,
    /// True if the player may say something.
    pub speaks: bool,
}

/// A move that a player may make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct May {
    /// The move.
    #[serde(rename = "move")]
    pub kind: MoveKind,
    /// The players that the move may name.
    pub targets: Vec<Word>,
}

/// A kind of move that a game waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveKind {
    /// Joins the lobby.
    Join,
    /// Begins a game.
    Start,
    /// Chooses at night.
    Choose,
    /// Votes by day.
    Vote,
}

impl Village {
    pub(super) fn public(&self) -> Status {
        let is_known = |player: &Player| self.phase == Phase::Over || !player.is_alive;
        self.view(is_known, |line| !line.is_private)
    }

    /// Returns what a player may see, or what a guest who has not joined sees.
    pub fn seat(&self, name: &str) -> SeatView {
        let at = self.position(name);
        let player = at.map(|at| &self.players[at]);
        let has_roles = self.phase != Phase::Lobby;
        let role = player.filter(|_| has_roles).map(|player| player.role);
        // A werewolf that is out sees what the others still whisper: it may watch.
        let is_werewolf = role == Some(Role::Werewolf);
        let is_known = |other: &Player| {
            let is_own = player.is_some_and(|player| player.name == other.name);
            let is_fellow = is_werewolf && other.role == Role::Werewolf;
            self.phase == Phase::Over || !other.is_alive || has_roles && (is_own || is_fellow)
        };
        SeatView {
            status: self.view(is_known, |line| !line.is_private || is_werewolf),
            you: player.map_or_else(|| name.into(), |player| player.name.clone()),
            role,
            may: self.may(at),
            chosen: player.and_then(|player| self.chosen(player)),
            speaks: player.is_some_and(|player| match self.phase {
                Phase::Lobby | Phase::Over => true,
                Phase::Day => player.is_alive,
                Phase::Night => player.is_alive && is_werewolf,
            }),
        }
    }

    fn view(&self, is_known: impl Fn(&Player) -> bool, is_shown: impl Fn(&Line) -> bool) -> Status {
        let is_day = self.phase == Phase::Day;
        let players = self.players.iter().map(|player| PlayerView {
            name: player.name.clone(),
            alive: player.is_alive,
            role: is_known(player).then_some(player.role),
            voted: if is_day { self.chosen(player) } else { None },
        });
        let log = self.log.iter().filter(|line| is_shown(line)).map(|line| line.text.clone());
        Status {
            phase: self.phase,
            day: self.day,
            players: players.collect(),
            winner: self.winner,
            log: log.collect(),
        }
    }

    fn chosen(&self, player: &Player) -> Option<Word> {
        player.choice.and_then(|at| self.players.get(at)).map(|chosen| chosen.name.clone())
    }

    fn may(&self, at: Option<usize>) -> Option<May> {
        let player = at.map(|at| &self.players[at]);
        let others = |is_target: fn(&Player) -> bool| {
            let others = self.living().filter(|(other, player)| Some(*other) != at && is_target(player));
            others.map(|(_, player)| player.name.clone()).collect()
        };
        let (kind, targets) = match (self.phase, player) {
            (Phase::Lobby, None) if self.players.len() < super::MOST_PLAYERS => {
                (MoveKind::Join, Vec::new())
            }
            (Phase::Lobby | Phase::Over, Some(_)) if self.players.len() >= LEAST_PLAYERS => {
                (MoveKind::Start, Vec::new())
            }
            (Phase::Night, Some(player)) if player.is_alive && player.role == Role::Werewolf => {
                (MoveKind::Choose, others(|other| other.role != Role::Werewolf))
            }
            (Phase::Day, Some(player)) if player.is_alive => (MoveKind::Vote, others(|_| true)),
            _ => return None,
        };
        Some(May { kind, targets })
    }
}
