//! A child as its supervisor's task knows it: a state machine that writes each
//! of its changes on the board.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use super::board::{Board, Card, Key};
use super::child::StatusFn;
use super::{Child, ChildSpec, ChildState, Grace, Restart, SupervisorHandle};
use crate::stage::Reason;

/// Where a child is in its life.
pub(super) enum Phase {
    /// It has a task. Next: `Down`.
    Running(Run),
    /// It has no task any more, or got none, and the supervisor has still to
    /// decide what follows. Next: `Waiting`, `Ended`; by hand `Running`.
    Down(Reason),
    /// It will be started. Next: `Running`, or `Down` if that fails; by hand
    /// `Ended`.
    Waiting {
        /// Not before this.
        due: Instant,
    },
    /// It is not started any more. Next: by hand `Running`, or `Down` if that
    /// fails.
    Ended(Reason),
}

/// A life of a child. Dropping it aborts the task, so when a supervisor's task is
/// dropped with its members, no child outlives it.
pub(super) struct Run {
    /// TakenBatch when the child is told.
    stop: Option<Box<dyn FnOnce() + Send>>,
    task: AbortHandle,
    abort: Option<Box<dyn Fn() + Send>>,
    tree: Option<SupervisorHandle>,
    status: Option<StatusFn>,
    pub(super) since: Instant,
}

impl Run {
    fn abort(&self) {
        match &self.abort {
            // Not its task: that of a supervisor has to wait for its children, and
            // that of a pool for its handlers, or they might still run when their
            // successors start.
            Some(abort) => abort(),
            None => self.task.abort(),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.abort();
    }
}

/// One child.
pub(super) struct Member {
    pub(super) key: Key,
    pub(super) spec: ChildSpec,
    pub(super) phase: Phase,
    /// How often it has ended in a row.
    pub(super) failures: u32,
    starts: u64,
    board: Board,
}

impl Member {
    /// A child that is to be started now.
    pub(super) fn new(key: Key, spec: ChildSpec, board: &Board) -> Self {
        let phase = Phase::Waiting { due: Instant::now() };
        let member = Self { key, spec, phase, failures: 0, starts: 0, board: board.clone() };
        member.show();
        member
    }

    /// Starts it. `None` when that failed, and the member is down.
    pub(super) fn start(&mut self) -> Option<JoinHandle<Reason>> {
        self.starts += 1;
        match self.spec.start() {
            Ok(child) => {
                let Child { task: running, stop, abort, tree, status } = child;
                let (task, since) = (running.abort_handle(), Instant::now());
                self.enter(Phase::Running(Run { stop: Some(stop), task, abort, tree, status, since }));
                Some(running)
            }
            Err(reason) => {
                self.enter(Phase::Down(reason));
                None
            }
        }
    }

    /// Tells it to stop, and says how long it has.
    pub(super) fn tell(&mut self) -> Grace {
        let Phase::Running(run) = &mut self.phase else { return Grace::Kill };
        let stop = run.stop.take();
        self.show();
        match (self.spec.grace, stop) {
            (Grace::Kill, _) | (_, None) => Grace::Kill,
            (grace, Some(stop)) => match catch_unwind(AssertUnwindSafe(stop)) {
                Ok(()) => grace,
                // It was not told, so there is nothing to wait for.
                Err(_) => Grace::Kill,
            },
        }
    }

    /// Aborts it, if it runs.
    pub(super) fn abort(&self) {
        if let Phase::Running(run) = &self.phase {
            run.abort();
        }
    }

    /// Leaves it as it is for good, unless it runs.
    pub(super) fn settle(&mut self) {
        match &self.phase {
            Phase::Down(reason) => self.enter(Phase::Ended(reason.clone())),
            Phase::Waiting { .. } => self.enter(Phase::Ended(Reason::Stopped)),
            Phase::Running(_) | Phase::Ended(_) => {}
        }
    }

    /// Whether it is started again when its group is.
    pub(super) fn returns_with_group(&self) -> bool {
        match &self.phase {
            Phase::Running(_) => self.spec.restart != Restart::Temporary,
            Phase::Down(reason) => self.spec.restart.restarts_after(reason),
            Phase::Waiting { .. } => true,
            Phase::Ended(_) => false,
        }
    }

    /// When it is to be started, if it is.
    pub(super) fn due(&self) -> Option<Instant> {
        if let Phase::Waiting { due } = self.phase { Some(due) } else { None }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running(_))
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.phase, Phase::Down(_))
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.show();
    }

    fn show(&self) {
        let (mut below, mut status) = (None, None);
        let state = match &self.phase {
            Phase::Running(run) => {
                below = run.tree.as_ref().map(|tree| tree.board.clone());
                status = run.status.clone();
                if run.stop.is_some() { ChildState::Running } else { ChildState::Stopping }
            }
            Phase::Waiting { .. } => ChildState::Restarting,
            Phase::Down(reason) | Phase::Ended(reason) => ChildState::Ended(reason.clone()),
        };
        let (name, restarts) = (self.spec.name.clone(), self.starts.saturating_sub(1));
        self.board.put(self.key, Card { name, restart: self.spec.restart, state, restarts, below, status });
    }
}
