//! Records which task has which event in hand, and since when the event is in the resource.
//!
//! The pool knows which event a worker holds, and the ledger when an event was admitted,
//! but neither knows both. Here the pipeline's handler notes when its task begins an event
//! and when the resource admits it. A task of its own, as each event has with
//! `consumers.mode = "per_event"`, can be killed here.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use tokio::task::{Id, try_id};

use crate::per_thread::PerThread;
use crate::pipeline::Stamp;

/// More consumers than this are not shown one by one.
pub(super) const MOST: u64 = 60;

/// The events that consumers are handling. Each thread records its own, so threads seldom
/// wait for each other.
#[derive(Debug, Default)]
pub(super) struct Cells(PerThread<Mutex<Shard>>);

#[derive(Debug, Default)]
struct Shard {
    cells: Vec<Option<Cell>>,
    /// The free places.
    free: Vec<usize>,
}

/// A task that has begun an event.
#[derive(Debug)]
struct Cell {
    working: Working,
    /// Wakes the task, so that it notices the kill.
    waker: Option<Waker>,
    /// Dropped when the task has dropped the event.
    killed: Option<oneshot::Sender<()>>,
}

/// The event that a task has in hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Working {
    pub(super) task: Id,
    /// The id of the event.
    pub(super) event: u64,
    /// When the resource admitted the event; `None` while it waits at the door.
    pub(super) admitted: Option<Stamp>,
}

/// Notes that a task handles an event, until it is dropped.
#[derive(Debug)]
pub(super) struct InCell<'a> {
    cells: &'a Cells,
    shard: usize,
    /// None outside of a task.
    place: Option<usize>,
}

impl Cells {
    /// Notes that this task begins an event.
    pub(super) fn enter(&self, event: u64) -> InCell<'_> {
        let shard = self.0.local_index();
        let place = try_id().map(|task| {
            let cell = Cell { working: Working { task, event, admitted: None }, waker: None, killed: None };
            lock(self.0.at(shard)).add(cell)
        });
        InCell { cells: self, shard, place }
    }

    /// Returns the events that tasks have in hand now, oldest first.
    pub(super) fn working(&self) -> Vec<Working> {
        let mut all = Vec::new();
        for shard in self.0.iter() {
            all.extend(lock(shard).cells.iter().flatten().map(|cell| cell.working));
        }
        all.sort_unstable_by_key(|working| working.event);
        all
    }

    /// Makes a task drop the event it has in hand. Returns the event's id once the task has
    /// dropped or finished it, or `None` if no task with an event has this id.
    ///
    /// # Cancel safety
    /// The event is dropped even if the future is dropped.
    pub(super) async fn kill(&self, task: Id) -> Option<u64> {
        let (sender, dropped) = oneshot::channel();
        let mut sender = Some(sender);
        let (event, waker) = self.0.iter().find_map(|shard| {
            let mut shard = lock(shard);
            let cell = shard.cells.iter_mut().flatten().find(|cell| cell.working.task == task)?;
            cell.killed = sender.take();
            Some((cell.working.event, cell.waker.take()))
        })?;
        if let Some(waker) = waker {
            waker.wake();
        }
        // The cell is removed, and the sender dropped with it.
        let _ = dropped.await;
        Some(event)
    }
}

impl Shard {
    fn add(&mut self, cell: Cell) -> usize {
        match self.free.pop() {
            Some(place) => {
                self.cells[place] = Some(cell);
                place
            }
            None => {
                self.cells.push(Some(cell));
                self.cells.len() - 1
            }
        }
    }

    fn remove(&mut self, place: usize) -> Option<Cell> {
        self.free.push(place);
        self.cells[place].take()
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl InCell<'_> {
    fn with<R>(&self, change: impl FnOnce(&mut Cell) -> R) -> Option<R> {
        lock(self.cells.0.at(self.shard)).cells.get_mut(self.place?)?.as_mut().map(change)
    }

    /// Notes that the resource has admitted the event.
    pub(super) fn admitted(&self, now: Stamp) {
        self.with(|cell| cell.working.admitted = Some(now));
    }

    /// Runs the work on the event until it is done or the task is [killed](Cells::kill), and
    /// drops it then.
    ///
    /// # Cancel safety
    /// Cancel safe if the work is.
    pub(super) async fn unless_killed(&self, work: impl Future<Output = ()>) {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Pending if !self.is_killed(cx) => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }

    /// Returns true if the task is killed; otherwise it will be woken when it is.
    fn is_killed(&self, cx: &Context<'_>) -> bool {
        let killed = self.with(|cell| {
            if !cell.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                cell.waker = Some(cx.waker().clone());
            }
            cell.killed.is_some()
        });
        killed.unwrap_or(false)
    }
}

impl Drop for InCell<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let removed = lock(self.cells.0.at(self.shard)).remove(place);
        // Dropped after the lock is released: this may wake the task that ordered the kill.
        drop(removed);
    }
}
