//! A started child, and the spec that says how to start it.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{Grace, Restart, Supervisor, SupervisorHandle};
use crate::panics;
use crate::pool::Pool;
use crate::server::{RunningServer, Server};
use crate::shutdown::StopToken;
use crate::stage::mail::StopLimit;
use crate::stage::{Reason, Running, Status};

/// A started child: a task, and a way to tell it to stop.
#[must_use = "a child is a running task; return it from a `ChildSpec`"]
pub struct Child {
    pub(super) task: JoinHandle<Reason>,
    pub(super) stop: Box<dyn FnOnce() + Send>,
    /// Aborts a child that has tasks of its own to wait for. `None` aborts the task itself.
    pub(super) abort: Option<Box<dyn Fn() + Send>>,
    /// The handle of a nested supervisor, whose children are listed.
    pub(super) tree: Option<SupervisorHandle>,
    pub(super) status: Option<StatusFn>,
}

/// Reads the state of a child's stage or pool.
pub(super) type StatusFn = Arc<dyn Fn() -> Status + Send + Sync>;

impl Child {
    /// Makes a child of `task`: the child ends with the task, and is asked to stop by calling
    /// `stop`. An aborted task has ended with [`Reason::Aborted`].
    pub fn new(task: JoinHandle<Reason>, stop: impl FnOnce() + Send + 'static) -> Self {
        Self { task, stop: Box::new(stop), abort: None, tree: None, status: None }
    }

    /// Sets the function that [`ChildInfo::status`](super::ChildInfo::status) is read from.
    pub fn with_status(mut self, status: impl Fn() -> Status + Send + Sync + 'static) -> Self {
        self.status = Some(Arc::new(status));
        self
    }
}

/// A stage is asked to stop as [`Running::stop`] does.
impl<R> From<Running<R>> for Child {
    fn from(stage: Running<R>) -> Self {
        let (stop, task, meter) = stage.into_parts();
        Self::new(task, move || stop(Reason::Stopped, StopLimit::Configured))
            .with_status(move || meter.read())
    }
}

/// A pool is asked to stop by [`PoolRef::stop`](crate::pool::PoolRef::stop).
impl<T: Send + 'static> From<Pool<T>> for Child {
    fn from(pool: Pool<T>) -> Self {
        let (stop, abort, status) = (pool.stop_fn(), pool.abort_fn(), pool.status_fn());
        let task = tokio::spawn(async move { pool.ended().await });
        Self { abort: Some(Box::new(abort)), ..Self::new(task, stop) }.with_status(status)
    }
}

/// A server is asked to stop ahead of the messages in its mailbox. Until then, it runs even if no
/// reference to it is left.
impl<S: Server> From<RunningServer<S>> for Child {
    fn from(server: RunningServer<S>) -> Self {
        let (server, task) = server.into_parts();
        Self::new(task, move || server.stop(Reason::Stopped))
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("task", &self.task).field("tree", &self.tree).finish_non_exhaustive()
    }
}

/// The specification of a child: how to start it, again and again, and what to do when it
/// ends.
#[must_use = "a child is started by the supervisor that has its spec"]
pub struct ChildSpec {
    pub(super) name: String,
    pub(super) restart: Restart,
    pub(super) grace: Grace,
    start: Box<dyn FnMut() -> Result<Child, Reason> + Send>,
}

impl ChildSpec {
    /// Specifies a child that `start` starts. `start` is called once for each life of the
    /// child: the first time where the supervisor is spawned, later in the supervisor's task.
    /// It should not block.
    ///
    /// A panic in `start` is caught, and the child has ended with [`Reason::Panicked`].
    pub fn new<C: Into<Child>>(
        name: impl Into<String>,
        mut start: impl FnMut() -> C + Send + 'static,
    ) -> Self {
        Self::fallible(name.into(), Grace::default(), move || Ok(start().into()))
    }

    /// Specifies a child that is one future. The token tells it to stop.
    pub fn task<F>(name: impl Into<String>, mut start: impl FnMut(StopToken) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Reason> + Send + 'static,
    {
        Self::new(name, move || {
            let stop = StopToken::new();
            let task = tokio::spawn(start(stop.clone()));
            Child::new(task, move || stop.cancel())
        })
    }

    /// Specifies a child that is a supervisor. All of its children are started before the next
    /// sibling is. Its grace is [`Grace::Forever`] by default, because its children have their
    /// own.
    ///
    /// If `build` gives two children the same name, the child has failed to start.
    pub fn supervisor(
        name: impl Into<String>,
        mut build: impl FnMut() -> Supervisor + Send + 'static,
    ) -> Self {
        Self::fallible(name.into(), Grace::Forever, move || {
            let (tree, task) = build().launch().map_err(|error| Reason::Failed(error.to_string()))?;
            let (to_stop, to_abort) = (tree.clone(), tree.clone());
            let abort: Box<dyn Fn() + Send> = Box::new(move || to_abort.abort());
            Ok(Child { abort: Some(abort), tree: Some(tree), ..Child::new(task, move || to_stop.stop()) })
        })
    }

    fn fallible(
        name: String,
        grace: Grace,
        start: impl FnMut() -> Result<Child, Reason> + Send + 'static,
    ) -> Self {
        Self { name, restart: Restart::default(), grace, start: Box::new(start) }
    }

    /// Sets whether the child is started again when it ends. The default is always.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Sets the time the child may take to stop. The default is 5 seconds.
    pub fn grace(mut self, grace: Grace) -> Self {
        self.grace = grace;
        self
    }

    /// Starts the child, or returns why that failed.
    pub(super) fn start(&mut self) -> Result<Child, Reason> {
        // The closure is the author's: only its next call sees the state a panic leaves in it.
        catch_unwind(AssertUnwindSafe(&mut self.start))
            .unwrap_or_else(|payload| Err(Reason::Panicked(panics::message(&*payload))))
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("name", &self.name)
            .field("restart", &self.restart)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
