//! The figures of the lab as JSON: the body of `GET /api/rooms`.

use serde::Serialize;

use super::curves::{History, Mark};
use super::open::OpenRoom;
use super::werewolf::{Phase, Word};
use crate::lab::{Percentiles, Tone};

/// The state of the lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoomsSnapshot {
    /// Milliseconds since the lab was started.
    pub at_ms: u64,
    /// Whether the server refuses changes.
    pub read_only: bool,
    /// `before`, `after` or `none`.
    pub backup: String,
    /// How long the backup waits with `after`.
    pub backup_every_ms: f64,
    /// `local`.
    pub registry: String,
    /// Seconds after which a room without moves and watchers stops.
    pub idle_stop_s: u64,
    /// Updates between two snapshots of a backup.
    pub snapshot_every: u64,
    /// Current figures.
    pub now: Now,
    /// The rooms by name; empty if there are more than 200.
    pub rooms: Vec<RoomRow>,
    /// The rooms by name, at most 2,000, if there are more than 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// The rooms of other nodes.
    pub elsewhere: Elsewhere,
    /// The room that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenRoom>,
    /// What supervises what.
    pub tree: Vec<TreeNode>,
    /// The ledger of updates.
    pub ledger: Ledger,
    /// The curves.
    pub history: History,
    /// Marks, the oldest first.
    pub marks: Vec<Mark>,
    /// The verdict, in a word and a sentence.
    pub verdict: Verdict,
}

/// Current figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Now {
    /// Rooms.
    pub rooms: u64,
    /// Rooms with processes.
    pub up: u64,
    /// Rooms without processes.
    pub idle: u64,
    /// Rooms that their keepers repair.
    pub restarting: u64,
    /// Rooms with players that play by themselves.
    pub playing: u64,
    /// Acknowledged moves per second, over the last second.
    pub moves_s: f64,
    /// The time until a move is acknowledged, in microseconds, over the last second.
    pub ack_us: Option<Percentiles>,
    /// Kills by hand since the last reset.
    pub kills: u64,
    /// Watchers.
    pub watchers: u64,
    /// Dead letters, at most 100.
    pub dead: u64,
}

/// A room in the list of all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoomRow {
    /// The name.
    pub name: Word,
    /// The phase of its game.
    pub phase: Phase,
    /// The number of the day.
    pub day: u32,
    /// Players that are not out.
    pub alive: u64,
    /// Players.
    pub players: u64,
    /// The life of the room.
    pub life: u64,
    /// The number of updates.
    pub n: u64,
    /// `up`, `restarting` or `idle`.
    pub state: &'static str,
    /// Acknowledged updates that were lost.
    pub lost: u64,
    /// Milliseconds since the last end of one of its processes.
    pub killed_ms: Option<u64>,
}

/// Many rooms: each array has an entry for each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Columns {
    /// The names.
    pub name: Vec<Word>,
    /// The first letter of each phase.
    pub phase: Vec<&'static str>,
    /// The numbers of updates.
    pub n: Vec<u64>,
    /// The lives.
    pub life: Vec<u64>,
    /// `up`, `restarting` or `idle`.
    pub state: Vec<&'static str>,
    /// Milliseconds since the last end of a process.
    pub killed_ms: Vec<Option<u64>>,
    /// Acknowledged updates that were lost.
    pub lost: Vec<u64>,
}

/// The rooms of other nodes; none if this node shares its rooms with no other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Elsewhere {
    /// How many they are.
    pub count: u64,
    /// The first 200 by name.
    pub first: Vec<FarRoom>,
}

/// A room of another node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FarRoom {
    /// The name.
    pub name: String,
    /// The node.
    pub node: String,
    /// The address of that node's API.
    pub url: String,
    /// The generation of its claim.
    pub generation: u64,
}

/// A supervisor or a process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TreeNode {
    /// The name.
    pub name: String,
    /// `supervisor` or `process`.
    pub kind: &'static str,
    /// The name of its supervisor.
    pub of: Option<String>,
    /// Its figures, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life: Option<u64>,
    /// The number of updates that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// How often it was restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
}

/// The ledger of updates: acknowledged = in the state + lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Ledger {
    /// Updates whose move was acknowledged.
    pub acknowledged: u64,
    /// Updates whose answer was lost with a backup.
    pub unanswered: u64,
    /// Acknowledged updates that are in a state.
    pub in_state: u64,
    /// Acknowledged updates that were lost with a process.
    pub lost: u64,
    /// The difference. It is 0 while no move is on its way.
    pub unaccounted: i64,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// A few words in capitals.
    pub word: String,
    /// Its tone.
    pub tone: Tone,
    /// A sentence.
    pub says: String,
}

impl From<weir_parts::rooms::MoveLedger> for Ledger {
    fn from(ledger: weir_parts::rooms::MoveLedger) -> Self {
        Self {
            acknowledged: ledger.acknowledged,
            unanswered: ledger.unanswered,
            in_state: ledger.in_state,
            lost: ledger.lost,
            unaccounted: ledger.unaccounted(),
        }
    }
}

impl Columns {
    /// Turns rows into columns.
    pub(super) fn of(rows: &[RoomRow]) -> Self {
        let letter = |row: &RoomRow| match row.phase {
            Phase::Lobby => "l",
            Phase::Night => "n",
            Phase::Day => "d",
            Phase::Over => "o",
        };
        Self {
            name: rows.iter().map(|row| row.name.clone()).collect(),
            phase: rows.iter().map(letter).collect(),
            n: rows.iter().map(|row| row.n).collect(),
            life: rows.iter().map(|row| row.life).collect(),
            state: rows.iter().map(|row| row.state).collect(),
            killed_ms: rows.iter().map(|row| row.killed_ms).collect(),
            lost: rows.iter().map(|row| row.lost).collect(),
        }
    }
}
