//! A watcher: its name, how it begins, and why it ends.

use std::io;
use std::time::Duration;

/// The name of a watcher of one hub. It is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatcherId {
    pub(super) shard: u32,
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl WatcherId {
    /// Returns the number of its shard, counted over all framings.
    pub fn shard(self) -> usize {
        self.shard as usize
    }

    /// Returns its place in the order in which its shard serves watchers. A later watcher may
    /// take the place of one that has left.
    pub fn place(self) -> usize {
        self.slot as usize
    }
}

/// Where a watcher begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Since {
    /// With the [snapshot](super::Encode::snapshot), and then the event after it.
    #[default]
    Snapshot,
    /// With the next event.
    Now,
    /// With this event. If the shard has not seen it yet, the watcher waits for it. If it is
    /// older than the window, the watcher is sent the gap, and then what the window has.
    Event(u64),
}

/// The result of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The watcher's name.
    pub id: WatcherId,
    /// The number of the first event that the watcher is sent.
    pub next: u64,
    /// The number of events between the requested one and `next`. The window no longer had
    /// them.
    pub missed: u64,
}

/// Why a hub let go of a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftReason {
    /// The application said that the watcher leaves ([`Hub::leave`](super::Hub::leave)).
    Left,
    /// The application closed it with a last frame ([`Hub::close`](super::Hub::close)).
    Closed,
    /// It was further behind than [`Behind::Close`](super::Behind::Close) allows.
    Behind,
    /// It read nothing for [`Settings::silence`](super::Settings::silence).
    Silent,
    /// It left more than [`MAX_UNREAD`](super::MAX_UNREAD) bytes of its own frames unread.
    Unread,
    /// Its socket failed.
    Failed(io::ErrorKind),
    /// The source has ended, or the hub closed all watchers, and it has every event.
    Ended,
    /// The hub was stopped, or a shard failed in a way that cannot be mended.
    Stopped,
}

impl std::fmt::Display for LeftReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Left => f.write_str("left"),
            Self::Closed => f.write_str("closed by the application"),
            Self::Behind => f.write_str("too far behind"),
            Self::Silent => f.write_str("read nothing for too long"),
            Self::Unread => f.write_str("left its answers unread"),
            Self::Failed(error) => write!(f, "the connection failed: {error}"),
            Self::Ended => f.write_str("the events have ended"),
            Self::Stopped => f.write_str("the hub has stopped"),
        }
    }
}

/// A watcher whose socket takes no more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BehindWatcher {
    /// The watcher.
    pub id: WatcherId,
    /// The number of events that wait for it.
    pub events: u64,
    /// The number of events that it has lost since it joined.
    pub dropped: u64,
    /// The number of the first event that it does not have.
    pub next: u64,
    /// The time since its socket took bytes.
    pub blocked: Duration,
    /// The gap that the hub sends it when it reads again: its first event, and the event after it.
    pub gap: Option<(u64, u64)>,
}

/// The report of a watcher that a hub let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The watcher.
    pub id: WatcherId,
    /// Why it left.
    pub reason: LeftReason,
    /// The number of the first event that it does not have, from which it can resume
    /// ([`Since::Event`]).
    pub next: u64,
}
