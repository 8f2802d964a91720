//! The figures of rooms: the ledger of moves, kills, and the errors of a move.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::Instant;

use super::Position;

/// An acknowledged move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The position of its last update. A move that changed nothing has that of the state.
    pub at: Position,
    /// True if the move was in the state before.
    pub repeated: bool,
}

/// Why a move was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ActError<F> {
    /// The rules do not allow it now.
    #[error("the rules of the room do not allow the move")]
    Refused(F),
    /// The room panicked each time that it tried to make the move. The move is a dead letter.
    #[error("the room panicked on the move {attempts} times: {panic}")]
    Poison {
        /// How often it was tried.
        attempts: u32,
        /// The message of the panic.
        panic: String,
    },
    /// The move may be in the state or not. A client that has given it a
    /// [`MoveId`](super::MoveId) sends it again.
    #[error("the move may have been made or not")]
    Unknown,
    /// The room was removed, or the house was stopped.
    #[error("the room does not exist any more")]
    Gone,
}

/// An error: the room was removed, or the house was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the room does not exist any more")]
pub struct RoomGone;

/// Why a room was not created.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is one with this name.
    #[error("there is a room with this name (generation {generation})")]
    Taken {
        /// The generation of its claim.
        generation: u64,
    },
    /// There are as many rooms as [`max_rooms`](super::RoomSettings::max_rooms) allows.
    #[error("there are {max} rooms, as many as may be")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The house was stopped.
    #[error("the house of the rooms has stopped")]
    Stopped,
}

/// A process of a room that can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The room.
    Room,
    /// Its backup.
    Backup,
    /// Both at the same time.
    Both,
    /// The history.
    History,
}

/// The end of a process of a room, and its repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// What ended.
    pub part: Part,
    /// True if it was killed with [`RoomRef::kill`](super::RoomRef::kill); false after a panic.
    pub by_hand: bool,
    /// When its end was noticed.
    pub at: Instant,
    /// The position of the last acknowledged move at that time.
    pub acknowledged: Position,
    /// The position that the backup had, if there was one.
    pub backed: Option<Position>,
    /// The numbers of the first and the last acknowledged update that is lost.
    pub lost: Option<(u64, u64)>,
    /// The number of acknowledged updates that are lost.
    pub lost_updates: u64,
    /// The time until the process was there again.
    pub down: Duration,
    /// The position at which the room goes on.
    pub resumed: Position,
}

/// What a room does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomState {
    /// Its processes run.
    Up,
    /// Its keeper repairs it.
    Restarting,
    /// It has no processes; its state waits for the next move.
    Idle,
    /// It was removed, or the house was stopped.
    Gone,
}

/// The figures of a room.
#[derive(Debug, Clone)]
pub struct RoomFigures {
    /// What it does.
    pub state: RoomState,
    /// The position of the room.
    pub room: Position,
    /// The position of the backup, if there is one.
    pub backup: Option<Position>,
    /// The position of the last update that the history has.
    pub history: Option<Position>,
    /// The position of the last acknowledged move.
    pub acknowledged: Position,
    /// How often the room was restarted.
    pub restarts: u64,
    /// How often the backup was restarted.
    pub backup_restarts: u64,
    /// How often the history was restarted.
    pub history_restarts: u64,
    /// The number of watchers.
    pub watchers: usize,
    /// The ledger.
    pub ledger: MoveLedger,
    /// The last ends of its processes, oldest first.
    pub kills: Vec<Kill>,
}

/// The ledger of updates: acknowledged = in the state + lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoveLedger {
    /// Updates whose move was acknowledged.
    pub acknowledged: u64,
    /// Updates whose answer was lost with a backup. Their clients ask again.
    pub unanswered: u64,
    /// Acknowledged updates that are in a state.
    pub in_state: u64,
    /// Acknowledged updates that were lost with a process.
    pub lost: u64,
}

impl MoveLedger {
    /// Returns acknowledged − in the state − lost. It is 0 while no move is on its way.
    pub fn unaccounted(&self) -> i64 {
        self.acknowledged as i64 - self.in_state as i64 - self.lost as i64
    }

    pub(super) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unanswered += other.unanswered;
        self.in_state += other.in_state;
        self.lost += other.lost;
    }
}

/// A move that made its room panic each time.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// When it was given up.
    pub at: Instant,
    /// The room.
    pub room: Arc<str>,
    /// The command, as its `Debug` writes it, cut to 500 characters.
    pub command: String,
    /// The message of the last panic, cut to 500 characters.
    pub panic: String,
    /// How often it was tried.
    pub attempts: u32,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Room => "room",
            Self::Backup => "backup",
            Self::Both => "both",
            Self::History => "history",
        })
    }
}
