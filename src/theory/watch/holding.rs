//! What watchers hold: memory of the server, and events that a slow one has not read.

use serde::Serialize;

use super::Broadcast;
use crate::config::{Behind, Writer};

/// Resident bytes of a watcher of a shard: its slot, its socket in the runtime, its reader.
const WATCHER: u64 = 1_550;
/// The read buffer of a watcher with a task of its own. All of it is touched, while the write
/// buffer grows no further than its frames.
const BUFFER: u64 = 128 * 1024;
/// The task itself.
const TASK: u64 = 700;

/// Resident memory of the server for its watchers, in bytes. The kernel's socket buffers are
/// not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Bytes of a watcher with `writer = "shards"`.
    pub shards_each: u64,
    /// Bytes of a watcher with `writer = "task"`.
    pub task_each: u64,
    /// Bytes of all watchers with the configured writer.
    pub all: u64,
}

/// The point at which `behind = "wait"` stops a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// Events that the kernel takes for a watcher that reads nothing.
    pub in_kernel: u64,
    /// Events that the window takes then.
    pub in_window: u64,
    /// Events until no watcher gets any more.
    pub after: u64,
}

impl Broadcast {
    pub(super) fn memory(&self) -> Memory {
        let (shards_each, task_each) = (WATCHER, WATCHER + BUFFER + TASK);
        let each = if self.writer == Writer::Task { task_each } else { shards_each };
        Memory { shards_each, task_each, all: each * u64::from(self.watchers) }
    }

    /// Returns where one watcher that reads nothing stops the match, under `wait`.
    ///
    /// The kernel doubles `SO_SNDBUF` for its own overhead. The receiver's buffer takes bytes
    /// before the sender's does.
    pub(super) fn stop(&self) -> Option<Stop> {
        let bytes = 2 * self.send_buffer + self.receive_buffer;
        let in_kernel = bytes / u64::from(self.frame.max(1));
        let in_window = 2 * u64::from(self.behind_limit.max(1));
        (self.behind == Behind::Wait).then_some(Stop { in_kernel, in_window, after: in_kernel + in_window })
    }
}
