//! The options of a queue.

use std::time::Duration;

/// How many event numbers a commit reserves ahead.
const AHEAD: u64 = 1 << 16;

/// When an accepted event is synced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// Before its push resolves, so it survives a power cut.
    #[default]
    Always,
    /// At this interval. A push resolves at once, and the event is in memory until the next commit,
    /// as is the settling of an event. A kill of the process or a power cut loses the pushes and
    /// settlings since the last commit: at most those of the interval and of the time of a commit.
    /// An event whose settling is lost is worked on twice.
    Every(Duration),
}

impl Sync {
    /// Returns how many numbers each commit reserves for events accepted before the next commit.
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
    /// The largest number of events in one transaction; 512 by default.
    pub group: usize,
    /// The attempts of an event before it is a dead letter; 3 by default, at least 1.
    pub attempts: u32,
    /// The longest payload in bytes; 64 KiB by default.
    pub max_payload: usize,
    /// Free bytes of the disk below which pushes are refused; 16 MiB by default. Settling an event
    /// needs space too, because a page is copied before it is changed.
    pub reserve: u64,
    /// The shortest time that a commit takes; zero by default. It simulates a slower disk, so that an
    /// exercise or a test knows the time of a sync on every machine.
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
