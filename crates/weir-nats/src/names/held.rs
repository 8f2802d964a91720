//! The names that this node owns or is about to claim.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// The state of a claim, shared with the registry.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) generation: u64,
    /// The generation that has taken over.
    lost: watch::Sender<Option<u64>>,
}

impl Held {
    pub(super) fn new(generation: u64) -> Arc<Self> {
        Arc::new(Self { generation, lost: watch::Sender::new(None) })
    }

    /// Notes that a later generation owns the name. Only the first call counts.
    pub(super) fn lose(&self, by: u64) {
        self.lost.send_if_modified(|lost| {
            let is_news = lost.is_none();
            lost.get_or_insert(by);
            is_news
        });
    }

    pub(super) fn lost_to(&self) -> Option<u64> {
        *self.lost.borrow()
    }

    pub(super) async fn lost(&self) -> u64 {
        let mut lost = self.lost.subscribe();
        // The sender is in `self`, so the wait ends with a number.
        lost.wait_for(Option::is_some).await.ok().and_then(|by| *by).unwrap_or(0)
    }
}

/// All names of this node: `None` while a claim is being made.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Mutex<HashMap<String, Option<Arc<Held>>>>,
    freed: Notify,
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Option<Arc<Held>>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a name, so that two tasks of this node do not claim it from each other. The error is
    /// the generation that this node already has, or 0 if another task is claiming the name.
    pub(super) fn reserve(self: &Arc<Self>, name: &str) -> Result<Reserved, u64> {
        let mut names = self.lock();
        match names.get(name) {
            Some(Some(held)) if held.lost_to().is_none() => Err(held.generation),
            Some(None) => Err(0),
            // A lost claim no longer counts.
            _ => {
                names.insert(name.to_owned(), None);
                Ok(Reserved { names: Arc::clone(self), name: name.to_owned(), is_kept: false })
            }
        }
    }

    /// Wakes waiters when a name of this node is free again. Register before checking the names.
    pub(super) fn freed(&self) -> &Notify {
        &self.freed
    }

    /// Forgets a claim that has ended.
    pub(super) fn forget(&self, name: &str, ended: &Arc<Held>) {
        let mut names = self.lock();
        if matches!(names.get(name), Some(Some(held)) if Arc::ptr_eq(held, ended)) {
            names.remove(name);
        }
        drop(names);
        self.freed.notify_waiters();
    }

    /// Returns the generation that this node has.
    pub(super) fn generation_of(&self, name: &str) -> Option<u64> {
        let held = self.lock().get(name)?.clone()?;
        held.lost_to().is_none().then_some(held.generation)
    }

    /// Returns all claims.
    pub(super) fn all(&self) -> Vec<(String, Arc<Held>)> {
        let names = self.lock();
        names.iter().filter_map(|(name, held)| Some((name.clone(), Arc::clone(held.as_ref()?)))).collect()
    }
}

/// A name that this node is claiming. Dropping it frees the name.
#[derive(Debug)]
pub(super) struct Reserved {
    names: Arc<Names>,
    name: String,
    is_kept: bool,
}

impl Reserved {
    /// Turns the reservation into a claim.
    pub(super) fn keep(mut self, generation: u64) -> Arc<Held> {
        let held = Held::new(generation);
        self.names.lock().insert(self.name.clone(), Some(Arc::clone(&held)));
        self.is_kept = true;
        held
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.is_kept {
            self.names.lock().remove(&self.name);
            self.names.freed.notify_waiters();
        }
    }
}
