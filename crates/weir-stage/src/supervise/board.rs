//! What everybody may read about the children: a board on which the
//! supervisor's task writes each change as it makes it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Restart;
use super::child::StatusFn;
use crate::stage::{Reason, Status};

/// Names a child for as long as its spec is kept. Ascending in the order of
/// start, so whatever is sorted by it is in that order.
pub(super) type Key = u64;

/// How a child is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// Its task runs.
    Running,
    /// Its task runs, and was told to stop.
    Stopping,
    /// It will be started: its backoff is not over, or those before it are not
    /// up yet.
    Restarting,
    /// It is down, for this reason.
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

/// What is known of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its name, after the names of the supervisors between it and the one that
    /// was asked.
    pub path: Vec<String>,
    /// Whether it is started again when it ends.
    pub restart: Restart,
    /// How it is.
    pub state: ChildState,
    /// How often it was started after the first time, by hand included.
    pub restarts: u64,
    /// What it is doing, if it is a stage or a pool and runs.
    pub status: Option<Status>,
}

impl ChildInfo {
    /// Its own name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// How many supervisors are between it and the one that was asked: 0 for
    /// that one's own children.
    pub fn depth(&self) -> usize {
        self.path.len().saturating_sub(1)
    }
}

/// How many children there are, at all depths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChildCounts {
    /// Those with a task, [`Running`](ChildState::Running) or
    /// [`Stopping`](ChildState::Stopping).
    pub running: usize,
    /// Those that will be started.
    pub restarting: usize,
    /// All, those that are down included.
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

/// One child on the board.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) restart: Restart,
    pub(super) state: ChildState,
    pub(super) restarts: u64,
    /// The board of a supervisor, while it runs.
    pub(super) below: Option<Board>,
    pub(super) status: Option<StatusFn>,
}

/// Clones are the same board.
#[derive(Clone, Default)]
pub(super) struct Board(Arc<Mutex<BTreeMap<Key, Card>>>);

impl Board {
    pub(super) fn put(&self, key: Key, card: Card) {
        self.lock().insert(key, card);
    }

    pub(super) fn remove(&self, key: Key) {
        self.lock().remove(&key);
    }

    /// Each child, and after a supervisor those below it.
    pub(super) fn list(&self) -> Vec<ChildInfo> {
        let mut children = Vec::new();
        self.collect(&[], &mut children);
        children
    }

    fn collect(&self, above: &[String], children: &mut Vec<ChildInfo>) {
        // Copied, so that never two boards are locked.
        let cards: Vec<Card> = self.lock().values().cloned().collect();
        for Card { name, restart, state, restarts, below, status } in cards {
            let path = [above, &[name]].concat();
            let status = status.map(|read| read());
            children.push(ChildInfo { path: path.clone(), restart, state, restarts, status });
            if let Some(below) = below {
                below.collect(&path, children);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Card>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}
