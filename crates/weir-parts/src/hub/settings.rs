//! The settings of a hub: what happens to a watcher that is behind, how much is kept for it,
//! and how often an event is encoded.

use std::time::Duration;

/// The most bytes of its own frames that a watcher may leave unread: 64 KiB. A watcher that
/// asks and does not read the answers is closed there.
pub const MAX_UNREAD: usize = 64 * 1024;

/// What a hub does with a watcher that is behind because its socket takes no more bytes.
///
/// Every policy sends whole frames only: a frame that was begun is finished first. A watcher
/// that lost events is sent the encoder's [gap](super::Encode::gap) frame in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// The watcher skips to the newest event as soon as its socket takes bytes again.
    Latest,
    /// The watcher loses its oldest events. It keeps the newest `n`, and may have up to twice
    /// that amount before the next check.
    DropOldest(usize),
    /// The watcher is closed once more than `n` events wait for it. Checked every `n` events.
    Close(usize),
    /// The hub stops taking events until the watcher has room, so the publisher and all other
    /// watchers wait. The window absorbs the first 2 × [`Settings::window`] events. A watcher
    /// that reads nothing for [`Settings::silence`] is closed, or it would stop the hub for
    /// good.
    Wait,
}

impl Behind {
    /// Returns the number of events that the policy lets a watcher be behind, if it has one.
    pub(super) fn limit(self) -> Option<usize> {
        match self {
            Self::DropOldest(n) | Self::Close(n) => Some(n.max(1)),
            Self::Latest | Self::Wait => None,
        }
    }
}

/// How often a shard encodes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Once for all its watchers.
    #[default]
    Once,
    /// Again for each watcher, as a server with a task per watcher does. Costs CPU and changes
    /// nothing else; it is here to be measured.
    Each,
}

/// The settings of a hub. All of them can be [changed](super::Hub::change) while watchers are
/// connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What happens to a watcher that is behind; by default it loses the oldest of 64 events.
    pub behind: Behind,
    /// The number of events that each shard keeps for watchers that are behind or resume; 64 by
    /// default. A shard keeps at least this number, or the policy's own if that is larger, and
    /// at most twice as many.
    pub window: usize,
    /// The time after which a watcher with unsent bytes that reads nothing is closed; 60 s by
    /// default. Checked four times within it, so closing may take a quarter longer.
    pub silence: Duration,
    /// How often an event is encoded.
    pub encoding: Encoding,
}

impl Settings {
    /// Returns the number of events that a shard keeps at least.
    pub(super) fn keep(&self) -> usize {
        self.window.max(self.behind.limit().unwrap_or(1)).max(1)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            behind: Behind::DropOldest(64),
            window: 64,
            silence: Duration::from_secs(60),
            encoding: Encoding::Once,
        }
    }
}
