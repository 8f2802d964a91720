//! The options of a queue.

use std::time::Duration;

/// Numbers that are reserved ahead of those that were given.
const AHEAD: u64 = 1 << 16;

/// When an accepted event is synced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// Before its push resolves: it survives a power cut.
    #[default]
    Always,
    /// At this interval. A push resolves at once, and the event is in memory until the next commit,
    /// as is the settling of an event. A kill of the process and a power cut take what was accepted
    /// and settled since then: at most the interval and the time of a commit. An event whose
    /// settling is lost is worked on twice.
    Every(Duration),
}

impl Sync {
    /// The numbers that each commit reserves for events that are accepted before the next one.
    pub(crate) fn ahead(self) -> u64 {
        match self {
            Self::Always => 0,
            Self::Every(_) => AHEAD,
        }
    }
}

/// The options of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// When events are synced to the disk; before their pushes resolve, by default.
    pub sync: Sync,
    /// The most events of one transaction; 512 by default.
    pub group: usize,
    /// The attempts of an event before it is a dead letter; 3 by default, at least 1.
    pub attempts: u32,
    /// The longest payload in bytes; 64 KiB by default.
    pub max_payload: usize,
    /// Free bytes of the disk below which pushes are refused; 16 MiB by default. Settling an event
    /// needs space too, because a page is copied before it is changed.
    pub reserve: u64,
    /// The least time of a commit; zero by default. Stands in for a slower disk, so that an exercise
    /// or a test knows the time of a sync on every machine.
    pub least_commit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sync: Sync::Always,
            group: 512,
            attempts: 3,
            max_payload: 64 << 10,
            reserve: 16 << 20,
            least_commit: Duration::ZERO,
        }
    }
}
