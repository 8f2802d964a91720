//! The orders that a shard's task takes besides events, in a mailbox of their own: a shard that
//! waits for a slow watcher takes no events, but still takes these.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Settings;
use super::watcher::{BehindWatcher, Joined, LeftReason, Since, WatcherId};

/// An order to one shard.
#[derive(Debug)]
pub(super) enum Command<S> {
    /// Adds a watcher. `own` is sent first.
    Join { sink: Arc<S>, own: Vec<u8>, since: Since, done: oneshot::Sender<Option<Joined>> },
    /// Sends bytes to one watcher. `done` is dropped if it leaves before they are written.
    Say { id: WatcherId, bytes: Vec<u8>, done: oneshot::Sender<()> },
    /// Closes one watcher with a last frame.
    Close { id: WatcherId, frame: Vec<u8>, reason: LeftReason },
    /// Lets go of one watcher.
    Leave { id: WatcherId, reason: LeftReason },
    /// The watcher's sink takes bytes again.
    Writable(WatcherId),
    /// Applies new settings.
    Change(Settings),
    /// Lists the watchers that are furthest behind.
    Slowest { most: usize, done: oneshot::Sender<Vec<(BehindWatcher, Arc<S>)>> },
    /// Forgets the longest walk.
    ResetPeaks,
    /// Closes all watchers with a last frame, once each has every event.
    CloseAll { frame: Vec<u8>, done: oneshot::Sender<()> },
    /// Panics, to show how the shard recovers.
    Crash,
}
