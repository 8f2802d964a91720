//! The ledger of deliveries, and the figures of a shard and of a hub.

use std::ops::AddAssign;
use std::time::Duration;

/// The account of every delivery: one event to one watcher.
///
/// All five are counted where they happen, and none is computed from the others, so an
/// [`unaccounted`](Self::unaccounted) other than 0 reveals a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deliveries {
    /// Events × watchers at the time when each event was published, and the events of the
    /// window that a resuming watcher was given.
    pub sent: u64,
    /// Deliveries whose last byte was written.
    pub delivered: u64,
    /// Deliveries that wait in the window, counted at each watcher.
    pub behind: u64,
    /// Deliveries that were given up while the watcher stayed. The watcher is sent the gap.
    pub dropped: u64,
    /// Deliveries that were open when their watcher left.
    pub closed: u64,
}

impl Deliveries {
    /// Returns sent − delivered − behind − dropped − closed.
    pub fn unaccounted(&self) -> i64 {
        let found = self.delivered + self.behind + self.dropped + self.closed;
        self.sent.wrapping_sub(found) as i64
    }
}

impl AddAssign for Deliveries {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.behind += other.behind;
        self.dropped += other.dropped;
        self.closed += other.closed;
    }
}

/// The figures of one shard, as of the end of its last turn or walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShardFigures {
    /// The framing that the shard's watchers get.
    pub framing: usize,
    /// Watchers.
    pub watchers: u64,
    /// Watchers whose socket takes no more bytes at the moment.
    pub blocked: u64,
    /// The number of the next event.
    pub head: u64,
    /// The number of events that the slowest watcher is behind.
    pub slowest: u64,
    /// The longest time that one walk over the watchers took.
    pub longest_walk: Duration,
    /// Walks over the watchers.
    pub walks: u64,
    /// Successful writes. One write may carry several events.
    pub writes: u64,
    /// Watchers that have joined.
    pub joined: u64,
    /// Watchers that the hub let go of, by their choice or not.
    pub left: u64,
    /// Lives of the shard after its first.
    pub restarts: u64,
    /// The ledger of its watchers.
    pub deliveries: Deliveries,
}

/// The figures of a hub.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HubFigures {
    /// The number of the next event that will be published.
    pub next: u64,
    /// The figures of each shard.
    pub shards: Vec<ShardFigures>,
}

impl HubFigures {
    /// Returns the number of watchers.
    pub fn watchers(&self) -> u64 {
        self.shards.iter().map(|shard| shard.watchers).sum()
    }

    /// Returns the ledger of all shards.
    pub fn deliveries(&self) -> Deliveries {
        let mut all = Deliveries::default();
        for shard in &self.shards {
            all += shard.deliveries;
        }
        all
    }

    /// Returns true if no delivery waits and every shard has seen every event that the hub has
    /// numbered. Events may still wait in the source.
    pub fn is_quiet(&self) -> bool {
        self.shards.iter().all(|shard| shard.head == self.next && shard.deliveries.behind == 0)
    }
}
