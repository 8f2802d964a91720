//! A child as its supervisor's task manages it: a state machine that writes each of its
//! changes to the list of children.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use super::child::StatusFn;
use super::listing::{Entry, Key, Listing};
use super::{Child, ChildSpec, ChildState, Grace, Restart, SupervisorHandle};
use crate::stage::Reason;

/// The states of a child.
pub(super) enum Lifecycle {
    /// It has a task. Next: `Down`.
    Running(RunningTask),
    /// Its task has ended, or its start failed, and the supervisor has not yet decided what
    /// follows. Next: `Waiting` or `Ended`; by hand `Running`.
    Down(Reason),
    /// It will be started. Next: `Running`, or `Down` if the start fails; by hand `Ended`.
    Waiting {
        /// The earliest moment of the start.
        due: Instant,
    },
    /// It is not started again. Next: by hand `Running`, or `Down` if the start fails.
    Ended(Reason),
}

/// The task of a child that runs. Dropping it aborts the task, so no child outlives a
/// supervisor whose task is dropped.
pub(super) struct RunningTask {
    /// Taken when the child is asked to stop.
    stop: Option<Box<dyn FnOnce() + Send>>,
    task: AbortHandle,
    abort: Option<Box<dyn Fn() + Send>>,
    tree: Option<SupervisorHandle>,
    status: Option<StatusFn>,
    pub(super) since: Instant,
}

impl RunningTask {
    fn abort(&self) {
        match &self.abort {
            // Not the task itself: a supervisor's task has to wait for its children, and a
            // pool's for its handlers. They might otherwise still run when their successors
            // start.
            Some(abort) => abort(),
            None => self.task.abort(),
        }
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        self.abort();
    }
}

/// One child of a supervisor.
pub(super) struct ManagedChild {
    pub(super) key: Key,
    pub(super) spec: ChildSpec,
    pub(super) state: Lifecycle,
    /// The number of failures in a row.
    pub(super) failures: u32,
    starts: u64,
    last_exit: Option<Reason>,
    listing: Listing,
}

impl ManagedChild {
    /// Makes a child that is due to start now.
    pub(super) fn new(key: Key, spec: ChildSpec, listing: &Listing) -> Self {
        let state = Lifecycle::Waiting { due: Instant::now() };
        let listing = listing.clone();
        let child = Self { key, spec, state, failures: 0, starts: 0, last_exit: None, listing };
        child.publish();
        child
    }

    /// Starts the child. Returns `None` when the start failed, and the child is down.
    pub(super) fn start(&mut self) -> Option<JoinHandle<Reason>> {
        self.starts += 1;
        match self.spec.start() {
            Ok(child) => {
                let Child { task: running, stop, abort, tree, status } = child;
                let (task, since) = (running.abort_handle(), Instant::now());
                let stop = Some(stop);
                self.enter(Lifecycle::Running(RunningTask { stop, task, abort, tree, status, since }));
                Some(running)
            }
            Err(reason) => {
                self.enter(Lifecycle::Down(reason));
                None
            }
        }
    }

    /// Tells the child to stop, and returns the time it has for that.
    pub(super) fn request_stop(&mut self) -> Grace {
        let Lifecycle::Running(running) = &mut self.state else { return Grace::Kill };
        let stop = running.stop.take();
        self.publish();
        match (self.spec.grace, stop) {
            (Grace::Kill, _) | (_, None) => Grace::Kill,
            (grace, Some(stop)) => match catch_unwind(AssertUnwindSafe(stop)) {
                Ok(()) => grace,
                // The child does not know of the stop, so there is nothing to wait for.
                Err(_) => Grace::Kill,
            },
        }
    }

    /// Aborts the child if it runs.
    pub(super) fn abort(&self) {
        if let Lifecycle::Running(running) = &self.state {
            running.abort();
        }
    }

    /// Ends the child for good, unless it runs.
    pub(super) fn end(&mut self) {
        match &self.state {
            Lifecycle::Down(reason) => self.enter(Lifecycle::Ended(reason.clone())),
            Lifecycle::Waiting { .. } => self.enter(Lifecycle::Ended(Reason::Stopped)),
            Lifecycle::Running(_) | Lifecycle::Ended(_) => {}
        }
    }

    /// Returns true if a restart of its group starts this child again.
    pub(super) fn restarts_with_group(&self) -> bool {
        match &self.state {
            Lifecycle::Running(_) => self.spec.restart != Restart::Temporary,
            Lifecycle::Down(reason) => self.spec.restart.restarts_after(reason),
            Lifecycle::Waiting { .. } => true,
            Lifecycle::Ended(_) => false,
        }
    }

    /// Returns the moment of its next start, if it waits for one.
    pub(super) fn due(&self) -> Option<Instant> {
        if let Lifecycle::Waiting { due } = self.state { Some(due) } else { None }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, Lifecycle::Running(_))
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.state, Lifecycle::Down(_))
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, Lifecycle::Ended(_))
    }

    pub(super) fn enter(&mut self, state: Lifecycle) {
        if let Lifecycle::Down(reason) = &state {
            self.last_exit = Some(reason.clone());
        }
        self.state = state;
        self.publish();
    }

    /// Writes the child to the list.
    fn publish(&self) {
        let (mut below, mut status, mut since) = (None, None, None);
        let state = match &self.state {
            Lifecycle::Running(running) => {
                below = running.tree.as_ref().map(|tree| tree.listing.clone());
                status = running.status.clone();
                since = Some(running.since);
                if running.stop.is_some() { ChildState::Running } else { ChildState::Stopping }
            }
            Lifecycle::Waiting { .. } => ChildState::Restarting,
            Lifecycle::Down(reason) | Lifecycle::Ended(reason) => ChildState::Ended(reason.clone()),
        };
        // A child that was never started has no restarts either.
        let restarts = self.starts.saturating_sub(1);
        let (name, restart) = (self.spec.name.clone(), self.spec.restart);
        let last_exit = self.last_exit.clone();
        let entry = Entry { name, restart, state, restarts, since, last_exit, below, status };
        self.listing.put(self.key, entry);
    }
}
