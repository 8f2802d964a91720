//! The options of a queue.

use std::time::Duration;

/// The options of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
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
            group: 512,
            attempts: 3,
            max_payload: 64 << 10,
            reserve: 16 << 20,
            least_commit: Duration::ZERO,
        }
    }
}
