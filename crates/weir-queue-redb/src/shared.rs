//! The state that the handle of a queue shares with the thread that commits.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::index::Index;
use crate::store::Store;

/// The file, and the index of it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    index: Mutex<Index>,
    /// Wakes askers.
    pub(crate) news: Notify,
}

impl Shared {
    pub(crate) fn new(store: Store, index: Index) -> Self {
        Self { store, index: Mutex::new(index), news: Notify::new() }
    }

    /// Wakes one asker if events are ready or delayed. That asker wakes the next one if it leaves
    /// some. Waking all of them after each commit would make every idle asker look in vain. Once the
    /// queue is closed, all are woken to see whether it is empty.
    pub(crate) fn wake(&self) {
        let (is_closed, has_some) = {
            let index = self.index();
            (index.is_closed, index.live > index.leased())
        };
        if is_closed {
            self.news.notify_waiters();
        } else if has_some {
            self.news.notify_one();
        }
    }

    /// Locks the index. No holder of the lock waits for the thread that commits.
    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
