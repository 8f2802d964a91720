//! What is supervised: a started child, and how to start it.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::shutdown::StopToken;
use tokio::task::JoinHandle;

use super::{Grace, Restart, Supervisor, SupervisorHandle};
use crate::panics;
use crate::pool::Pool;
use crate::stage::mail::StopLimit;
use crate::stage::{Reason, Running, Status};

/// A started child: a task, and a way to tell it to stop.
pub struct Child {
    pub(super) task: JoinHandle<Reason>,
    pub(super) stop: Box<dyn FnOnce() + Send>,
    /// How to abort it, if not by its task: one that has others to wait for.
    pub(super) abort: Option<Box<dyn Fn() + Send>>,
    /// A nested supervisor, to be listed.
    pub(super) tree: Option<SupervisorHandle>,
    pub(super) status: Option<StatusFn>,
}

/// Says what a child is doing.
pub(super) type StatusFn = Arc<dyn Fn() -> Status + Send + Sync>;

impl Child {
    /// A child that runs as `task`, ends when that ends, and is told to stop by
    /// `stop`. An aborted task has ended with [`Reason::Aborted`].
    pub fn new(task: JoinHandle<Reason>, stop: impl FnOnce() + Send + 'static) -> Self {
        Self { task, stop: Box::new(stop), abort: None, tree: None, status: None }
    }

    /// Has [`ChildInfo::status`](super::ChildInfo::status) say what `look` says.
    pub fn with_status(mut self, status: impl Fn() -> Status + Send + Sync + 'static) -> Self {
        self.status = Some(Arc::new(status));
        self
    }
}

/// A stage is told to stop as [`Running::stop`] does.
impl<R> From<Running<R>> for Child {
    fn from(stage: Running<R>) -> Self {
        let (stop, task, meter) = stage.into_parts();
        Self::new(task, move || stop(Reason::Stopped, StopLimit::Configured))
            .with_status(move || meter.read())
    }
}

/// A pool is told to stop as [`Pool::stop`] does.
impl<T: Send + 'static> From<Pool<T>> for Child {
    fn from(pool: Pool<T>) -> Self {
        let (stop, abort, status) = (pool.stopper(), pool.aborter(), pool.status_fn());
        let task = tokio::spawn(async move { pool.ended().await });
        Self { abort: Some(Box::new(abort)), ..Self::new(task, stop) }.with_status(status)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("task", &self.task).field("tree", &self.tree).finish_non_exhaustive()
    }
}

/// How to start a child, again and again, and what to do when it ends.
pub struct ChildSpec {
    pub(super) name: String,
    pub(super) restart: Restart,
    pub(super) grace: Grace,
    start: Box<dyn FnMut() -> Result<Child, Reason> + Send>,
}

impl ChildSpec {
    /// A child that is whatever `start` starts. It is called once for each life of
    /// the child: the first time where the supervisor is spawned, later in the
    /// supervisor's task. It should not block.
    ///
    /// A `start` that panics is contained: the child has ended with
    /// [`Reason::Panicked`].
    pub fn new<C: Into<Child>>(
        name: impl Into<String>,
        mut start: impl FnMut() -> C + Send + 'static,
    ) -> Self {
        Self::fallible(name.into(), Grace::default(), move || Ok(start().into()))
    }

    /// A child that is one future. It is told to stop by the token.
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

    /// A child that is a supervisor. All of its children are started before the
    /// next sibling is. It has [`Grace::Forever`] by default, because its
    /// children have their own.
    ///
    /// When `build` names two children alike, the child has failed to start.
    pub fn supervisor(
        name: impl Into<String>,
        mut build: impl FnMut() -> Supervisor + Send + 'static,
    ) -> Self {
        Self::fallible(name.into(), Grace::Forever, move || {
            let (tree, task) = build().launch().map_err(|refused| Reason::Failed(refused.to_string()))?;
            let (told, aborted) = (tree.clone(), tree.clone());
            let abort: Box<dyn Fn() + Send> = Box::new(move || aborted.abort());
            Ok(Child { abort: Some(abort), tree: Some(tree), ..Child::new(task, move || told.stop()) })
        })
    }

    fn fallible(
        name: String,
        grace: Grace,
        start: impl FnMut() -> Result<Child, Reason> + Send + 'static,
    ) -> Self {
        Self { name, restart: Restart::default(), grace, start: Box::new(start) }
    }

    /// Whether it is started again when it ends. By default always.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// How long it may take to stop. By default 5 seconds.
    pub fn grace(mut self, grace: Grace) -> Self {
        self.grace = grace;
        self
    }

    /// Starts the child, or says why that failed.
    pub(super) fn start(&mut self) -> Result<Child, Reason> {
        // The closure is the author's: what a panic leaves behind in it is seen
        // by nobody but itself.
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
