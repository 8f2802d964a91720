//! What the handle of a queue and the thread that commits share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::index::Index;
use crate::store::Store;

/// The file, and the index of it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    index: Mutex<Index>,
    /// Wakes those who ask.
    pub(crate) news: Notify,
}

impl Shared {
    pub(crate) fn new(store: Store, index: Index) -> Self {
        Self { store, index: Mutex::new(index), news: Notify::new() }
    }

    /// Locks the index. Nothing that holds it waits for the thread that commits.
    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
