//! The answers of the rooms lab.

use serde::Deserialize;

use super::{Quantiles, Verdict};

/// `GET /api/rooms`, and `GET /api/rooms/NAME` with the room.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Snapshot {
    pub(in crate::cli) backup: String,
    pub(in crate::cli) backup_every_ms: f64,
    pub(in crate::cli) now: Now,
    #[serde(default)]
    pub(in crate::cli) rooms: Vec<Row>,
    #[serde(default)]
    pub(in crate::cli) columns: Option<Columns>,
    #[serde(default)]
    pub(in crate::cli) elsewhere: Elsewhere,
    #[serde(default)]
    pub(in crate::cli) open: Option<Open>,
    pub(in crate::cli) ledger: Ledger,
    pub(in crate::cli) verdict: Verdict,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Now {
    pub(in crate::cli) rooms: u64,
    pub(in crate::cli) up: u64,
    pub(in crate::cli) idle: u64,
    pub(in crate::cli) moves_s: f64,
    pub(in crate::cli) ack_us: Option<Quantiles>,
    pub(in crate::cli) watchers: u64,
}

/// The rooms of other nodes: how many, and the first ones.
#[derive(Debug, Default, Deserialize)]
pub(in crate::cli) struct Elsewhere {
    pub(in crate::cli) count: usize,
    pub(in crate::cli) first: Vec<FarRoom>,
}

/// A room of another node.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct FarRoom {
    pub(in crate::cli) name: String,
    pub(in crate::cli) node: String,
    pub(in crate::cli) generation: u64,
}

/// A room in the list.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Row {
    pub(in crate::cli) name: String,
    pub(in crate::cli) phase: String,
    pub(in crate::cli) day: u64,
    pub(in crate::cli) alive: u64,
    pub(in crate::cli) players: u64,
    pub(in crate::cli) life: u64,
    pub(in crate::cli) n: u64,
    pub(in crate::cli) state: String,
    pub(in crate::cli) lost: u64,
}

/// Many rooms: only their names are read.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Columns {
    pub(in crate::cli) name: Vec<String>,
}

/// A room.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Open {
    pub(in crate::cli) name: String,
    pub(in crate::cli) generation: u64,
    pub(in crate::cli) life: u64,
    pub(in crate::cli) n: u64,
    pub(in crate::cli) state: String,
    pub(in crate::cli) status: Status,
    #[serde(default)]
    pub(in crate::cli) seat: Option<Seat>,
    #[serde(default)]
    pub(in crate::cli) kill: Option<LastKill>,
    #[serde(default)]
    pub(in crate::cli) told: Vec<Told>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Status {
    pub(in crate::cli) phase: String,
    pub(in crate::cli) day: u64,
    pub(in crate::cli) players: Vec<Player>,
    #[serde(default)]
    pub(in crate::cli) winner: Option<String>,
    #[serde(default)]
    pub(in crate::cli) log: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Player {
    pub(in crate::cli) name: String,
    pub(in crate::cli) alive: bool,
    #[serde(default)]
    pub(in crate::cli) role: Option<String>,
    #[serde(default)]
    pub(in crate::cli) voted: Option<String>,
}

/// What a player may see.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Seat {
    #[serde(flatten)]
    pub(in crate::cli) status: Status,
    pub(in crate::cli) you: String,
    pub(in crate::cli) role: Option<String>,
    pub(in crate::cli) may: Option<May>,
    pub(in crate::cli) chosen: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct May {
    #[serde(rename = "move")]
    pub(in crate::cli) kind: String,
    #[serde(default)]
    pub(in crate::cli) targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct LastKill {
    pub(in crate::cli) what: String,
    pub(in crate::cli) ago_ms: f64,
    pub(in crate::cli) lost_updates: u64,
    pub(in crate::cli) down_ms: f64,
}

/// A watcher of the room.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Told {
    pub(in crate::cli) who: String,
    pub(in crate::cli) how: String,
    pub(in crate::cli) word: String,
    pub(in crate::cli) from: Option<u64>,
    pub(in crate::cli) to: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Ledger {
    pub(in crate::cli) acknowledged: u64,
    pub(in crate::cli) unanswered: u64,
    pub(in crate::cli) in_state: u64,
    pub(in crate::cli) lost: u64,
    pub(in crate::cli) unaccounted: i64,
}

/// `POST /api/rooms`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Created {
    pub(in crate::cli) name: String,
    pub(in crate::cli) generation: u64,
}

/// `POST /api/rooms/NAME/move`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Moved {
    pub(in crate::cli) life: u64,
    pub(in crate::cli) n: u64,
    pub(in crate::cli) repeated: bool,
}

/// `POST /api/rooms/NAME/kill`, and `POST /api/rooms/kill` for a random room.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Killed {
    pub(in crate::cli) name: String,
    pub(in crate::cli) what: String,
    pub(in crate::cli) life: u64,
    pub(in crate::cli) n: u64,
    pub(in crate::cli) lost: u64,
    pub(in crate::cli) from: Option<u64>,
    pub(in crate::cli) to: Option<u64>,
    pub(in crate::cli) acked: u64,
    pub(in crate::cli) down_ms: f64,
}

/// The node that has a room.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Place {
    pub(in crate::cli) name: String,
    /// `None` with one server.
    pub(in crate::cli) node: Option<String>,
    pub(in crate::cli) url: Option<String>,
    pub(in crate::cli) generation: u64,
    pub(in crate::cli) here: bool,
}

/// `POST /api/rooms/kill` for the registry.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct RegistryKilled {
    pub(in crate::cli) names: u64,
}

/// `POST /api/rooms/NAME/play` and `/pause`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Playing {
    #[serde(default)]
    pub(in crate::cli) rate: f64,
}

/// `GET /api/rooms/NAME/history`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct History {
    pub(in crate::cli) entries: Vec<Past>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(in crate::cli) enum Past {
    Update { life: u64, n: u64, text: String },
    Gap { life: u64, from: u64, to: u64 },
    Resumed { life: u64, n: u64 },
}

/// `GET /api/rooms/dead`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Dead {
    pub(in crate::cli) dead: Vec<Letter>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Letter {
    pub(in crate::cli) ago_ms: f64,
    pub(in crate::cli) room: String,
    pub(in crate::cli) command: String,
    pub(in crate::cli) panic: String,
    pub(in crate::cli) attempts: u64,
}
