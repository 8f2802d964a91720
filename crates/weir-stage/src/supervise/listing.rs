//! The list of children: the supervisor's task writes each change to it, and every handle can
//! read it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::Restart;
use super::child::StatusFn;
use crate::stage::{Reason, Status};

/// Identifies a child for as long as its spec is kept. Keys ascend in the order of start, so a
/// list sorted by key is in that order.
pub(super) type Key = u64;

/// The state of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// Its task runs.
    Running,
    /// Its task runs and was asked to stop.
    Stopping,
    /// It will be started: it waits for its backoff, or for children before it to be up.
    Restarting,
    /// It has ended, for this reason.
    Ended(Reason),
}

impl fmt::Display for ChildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.pad("running"),
            Self::Stopping => f.pad("stopping"),
            Self::Restarting => f.pad("restarting"),
            Self::Ended(reason) => f.pad(&reason.to_string()),
        }
    }
}

/// A child in a supervisor's list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its name, after the names of the supervisors between it and the one that was asked.
    pub path: Vec<String>,
    /// Whether it is started again when it ends.
    pub restart: Restart,
    /// Its state.
    pub state: ChildState,
    /// The number of starts after the first one, those by hand included.
    pub restarts: u64,
    /// When it was last started. `None` if it does not run.
    pub since: Option<Instant>,
    /// Why it last ended. `None` if it never has.
    pub last_exit: Option<Reason>,
    /// The state of its stage or pool. `None` for another kind of child, and for one that
    /// does not run.
    pub status: Option<Status>,
}

impl ChildInfo {
    /// Returns its own name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// Returns the number of supervisors between it and the one that was asked: 0 for a child
    /// of that one.
    pub fn depth(&self) -> usize {
        // A path is public, so a caller may have emptied it.
        self.path.len().saturating_sub(1)
    }
}

/// The numbers of children at all depths, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChildCounts {
    /// Children with a task: [`Running`](ChildState::Running) or
    /// [`Stopping`](ChildState::Stopping).
    pub running: usize,
    /// Children that will be started.
    pub restarting: usize,
    /// All children, those that have ended included.
    pub total: usize,
}

impl ChildCounts {
    pub(super) fn of(children: &[ChildInfo]) -> Self {
        let mut counts = Self { total: children.len(), ..Self::default() };
        for child in children {
            match child.state {
                ChildState::Running | ChildState::Stopping => counts.running += 1,
                ChildState::Restarting => counts.restarting += 1,
                ChildState::Ended(_) => {}
            }
        }
        counts
    }
}

/// One child of a [`Listing`].
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) restart: Restart,
    pub(super) state: ChildState,
    pub(super) restarts: u64,
    pub(super) since: Option<Instant>,
    pub(super) last_exit: Option<Reason>,
    /// The children of a supervisor, while it runs.
    pub(super) below: Option<Listing>,
    pub(super) status: Option<StatusFn>,
}

/// The children of one supervisor. Clones share the list.
#[derive(Clone, Default)]
pub(super) struct Listing(Arc<Mutex<BTreeMap<Key, Entry>>>);

impl Listing {
    pub(super) fn put(&self, key: Key, entry: Entry) {
        self.lock().insert(key, entry);
    }

    pub(super) fn remove(&self, key: Key) {
        self.lock().remove(&key);
    }

    /// Returns each child, a supervisor followed by its own children.
    pub(super) fn list(&self) -> Vec<ChildInfo> {
        let mut children = Vec::new();
        self.collect(&[], &mut children);
        children
    }

    fn collect(&self, above: &[String], children: &mut Vec<ChildInfo>) {
        // Copied, so that two lists are never locked at the same time.
        let entries: Vec<Entry> = self.lock().values().cloned().collect();
        for Entry { name, restart, state, restarts, since, last_exit, below, status } in entries {
            let path = [above, &[name]].concat();
            let status = status.map(|read| read());
            let path_below = path.clone();
            children.push(ChildInfo { path, restart, state, restarts, since, last_exit, status });
            if let Some(below) = below {
                below.collect(&path_below, children);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}
