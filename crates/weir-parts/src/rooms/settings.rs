//! The settings of rooms.

use std::time::Duration;

/// When a move is acknowledged, and whether there is a second copy of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backup {
    /// The room acknowledges, and its state exists once. A killed room begins anew.
    None,
    /// The room acknowledges, and the backup takes what is new every
    /// [`RoomSettings::backup_every`]. What it has not taken is lost with the room.
    After,
    /// The backup acknowledges when it has the move, so a killed room loses nothing that was
    /// acknowledged.
    Before,
}

/// The settings of the rooms of a house. All of them can be changed while rooms run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomSettings {
    /// When a move is acknowledged. A change moves each running room, in order, into a new life.
    pub backup: Backup,
    /// With [`Backup::After`]: how long the backup waits before it takes new updates; 10 ms by
    /// default.
    pub backup_every: Duration,
    /// The number of moves that may wait at a room; 1,000 by default. For rooms that start later.
    pub mailbox: usize,
    /// The time without moves and watchers after which a room gives its processes back; 10 minutes
    /// by default. It is checked four times within that time.
    pub idle_stop: Duration,
    /// The number of updates after which the backup makes a new snapshot; 100 by default.
    pub snapshot_every: usize,
    /// The number of updates that the history of a room keeps; 1,000 by default. 0: no history.
    pub history: usize,
    /// The most rooms; 100,000 by default.
    pub max_rooms: usize,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            backup: Backup::Before,
            backup_every: Duration::from_millis(10),
            mailbox: 1_000,
            idle_stop: Duration::from_secs(600),
            snapshot_every: 100,
            history: 1_000,
            max_rooms: 100_000,
        }
    }
}
