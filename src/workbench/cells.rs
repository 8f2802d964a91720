//! Which consumer has its event in the resource since when, for a picture of them one by
//! one.
//!
//! The pool knows which event a worker holds, and the ledger when an event was admitted,
//! but neither knows both. Here the pipeline's handler notes when its task begins an event
//! and when the resource admits it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::{Id, try_id};

use crate::pipeline::Stamp;

/// More consumers than this are not shown one by one, and nothing is noted of them: a lock
/// that a thousand consumers share would slow them down.
pub(super) const MOST: u64 = 60;

/// The events that consumers are handling, in the order in which they were begun.
#[derive(Debug, Default)]
pub(super) struct Cells {
    are_many: AtomicBool,
    working: Mutex<Vec<Working>>,
}

/// A task that has begun an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Working {
    pub(super) task: Id,
    /// When the resource admitted the event; `None` while it waits at the door.
    pub(super) admitted: Option<Stamp>,
}

/// Notes that a task handles an event, until it is dropped.
#[derive(Debug)]
pub(super) struct InCell<'a> {
    cells: &'a Cells,
    /// None where nothing is noted.
    task: Option<Id>,
}

impl Cells {
    /// Says how many consumers there are.
    pub(super) fn resize(&self, consumers: u64) {
        self.are_many.store(consumers > MOST, Ordering::Relaxed);
    }

    /// Notes that this task begins an event.
    pub(super) fn enter(&self) -> InCell<'_> {
        let task = if self.are_many.load(Ordering::Relaxed) { None } else { try_id() };
        if let Some(task) = task {
            self.lock().push(Working { task, admitted: None });
        }
        InCell { cells: self, task }
    }

    /// Returns the tasks that have an event now.
    pub(super) fn working(&self) -> Vec<Working> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Working>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InCell<'_> {
    /// Notes that the resource has admitted the event.
    pub(super) fn admitted(&self, now: Stamp) {
        let Some(task) = self.task else { return };
        if let Some(work) = self.cells.lock().iter_mut().find(|work| work.task == task) {
            work.admitted = Some(now);
        }
    }
}

impl Drop for InCell<'_> {
    fn drop(&mut self) {
        let Some(task) = self.task else { return };
        let mut working = self.cells.lock();
        if let Some(place) = working.iter().position(|work| work.task == task) {
            working.remove(place);
        }
    }
}
