//! `[rooms]`: the rooms lab.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

use super::{DAY, as_word, word_of};
use crate::config::reader::Reader;
use crate::duration;

/// `[rooms]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rooms {
    /// When a move is acknowledged.
    #[serde(serialize_with = "as_word")]
    pub backup: Backup,
    /// The time that the backup waits between two takes, with [`Backup::After`].
    #[serde(serialize_with = "duration::serialize")]
    pub backup_every: Duration,
    /// The number of moves that may wait at a room.
    pub mailbox: u64,
    /// The time after which a room without moves and watchers gives its processes back.
    #[serde(serialize_with = "duration::serialize")]
    pub idle_stop: Duration,
    /// The number of updates between two snapshots of the backup.
    pub snapshot_every: u64,
    /// The number of updates that the history of a room keeps.
    pub history: u64,
    /// What maps names to rooms.
    #[serde(serialize_with = "as_word")]
    pub registry: RegistryKind,
    /// With [`RegistryKind::Jetstream`], how long a node may be silent before other nodes take over
    /// its rooms.
    #[serde(serialize_with = "duration::serialize")]
    pub lease: Duration,
    /// The largest number of rooms.
    pub max_rooms: u64,
}

/// `rooms.backup`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backup {
    /// A move is acknowledged once the backup has it, so a kill of the room loses none.
    Before,
    /// A move is acknowledged before the backup has it.
    After,
    /// There is no backup.
    None,
}

/// `rooms.registry` and `jobs.registry`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryKind {
    /// The server's own.
    Local,
    /// One in JetStream that several servers share. A name has a log there.
    Jetstream,
}

const BACKUPS: [(&str, Backup); 3] =
    [("before", Backup::Before), ("after", Backup::After), ("none", Backup::None)];
const REGISTRIES: [(&str, RegistryKind); 2] =
    [("local", RegistryKind::Local), ("jetstream", RegistryKind::Jetstream)];

/// `rooms.lease` and `jobs.lease`: the default and the bounds.
pub(super) const DEFAULT_LEASE: Duration = Duration::from_secs(5);
pub(super) const LEASES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

impl RegistryKind {
    pub(super) fn read(reader: &mut Reader, key: &'static str) -> Self {
        reader.choice(key, Self::Local, &REGISTRIES)
    }
}

impl Rooms {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let tick = Duration::from_millis(10);
        Self {
            backup: reader.choice("rooms.backup", Backup::Before, &BACKUPS),
            backup_every: reader.duration("rooms.backup_every", tick, Duration::ZERO..=minute),
            mailbox: reader.integer("rooms.mailbox", 1_000, 1..=1_000_000),
            idle_stop: reader.duration("rooms.idle_stop", 10 * minute, second..=DAY),
            snapshot_every: reader.integer("rooms.snapshot_every", 100, 1..=100_000),
            history: reader.integer("rooms.history", 1_000, 0..=100_000),
            registry: RegistryKind::read(reader, "rooms.registry"),
            lease: reader.duration("rooms.lease", DEFAULT_LEASE, LEASES),
            max_rooms: reader.integer("rooms.max_rooms", 100_000, 1..=1_000_000),
        }
    }
}

impl Backup {
    /// All of them, beginning with the one that loses most.
    pub const ALL: [Self; 3] = [Self::None, Self::After, Self::Before];
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&BACKUPS, self))
    }
}

impl fmt::Display for RegistryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&REGISTRIES, self))
    }
}
