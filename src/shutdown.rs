//! The end: one token says stop, a tracker says done.
//!
//! Draining means to take nothing new and to finish what was accepted, until a
//! deadline. After it, or when somebody insists, what still runs is dropped. Who
//! accepted events reports the ones that were left.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

/// Ends a group of tasks in order. Clones belong to the same group.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Take nothing new.
    stop: CancellationToken,
    /// Drop everything.
    abort: CancellationToken,
    tasks: TaskTracker,
}

/// How a drain came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task has ended.
    Completely,
    /// The deadline passed first.
    DeadlinePassed,
    /// [`Shutdown::abort`] was called first.
    Aborted,
}

pin_project! {
    /// A task that ends when the group is aborted. `select!` in an `async` block would
    /// keep the task twice, which counts where there are hundreds of thousands.
    struct UntilAborted<F> {
        #[pin]
        task: F,
        #[pin]
        aborted: WaitForCancellationFutureOwned,
    }
}

impl<F: Future<Output = ()>> Future for UntilAborted<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match this.task.poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => this.aborted.poll(cx),
        }
    }
}

impl Shutdown {
    /// A group without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Spawns a task that a drain waits for, and that is dropped when the drain
    /// is over.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(UntilAborted { task, aborted: self.abort.clone().cancelled_owned() });
    }

    /// Says stop: whoever watches [`stopping`](Self::stopping) takes nothing
    /// new.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Says stop, and drops what still runs.
    pub fn abort(&self) {
        self.stop.cancel();
        self.abort.cancel();
    }

    /// Completes when it is time to stop.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub fn stopping(&self) -> WaitForCancellationFuture<'_> {
        self.stop.cancelled()
    }

    /// A token of one's own, which is cancelled when it is time to stop at the
    /// latest.
    pub fn child_token(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Whether it is time to stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Completes when everything is to be dropped.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub fn aborting(&self) -> WaitForCancellationFuture<'_> {
        self.abort.cancelled()
    }

    /// Says stop, and waits for the tasks until `deadline` has passed. Those that
    /// remain then go on until [`drop_rest`](Self::drop_rest).
    ///
    /// # Cancel safety
    /// Dropping the future leaves the group stopped and its tasks running.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.stop();
        self.tasks.close();
        tokio::select! {
            biased;
            // First: an abort also makes the tasks end.
            () = self.abort.cancelled() => Drained::Aborted,
            () = self.tasks.wait() => Drained::Completely,
            () = tokio::time::sleep(deadline) => Drained::DeadlinePassed,
        }
    }

    /// Drops what still runs. When it returns, no task is left.
    ///
    /// # Cancel safety
    /// Dropping the future leaves tasks that are about to be dropped.
    pub async fn drop_rest(&self) {
        self.abort();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    #[tokio::test(start_paused = true)]
    async fn a_drain_waits_for_the_tasks_and_no_longer() {
        let shutdown = Shutdown::new();
        shutdown.spawn(sleep(Duration::from_secs(3)));
        let start = Instant::now();
        assert_eq!(shutdown.drain(Duration::from_secs(10)).await, Drained::Completely);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_ends_at_its_deadline_with_nothing_running() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending());
        assert_eq!(shutdown.drain(Duration::from_secs(10)).await, Drained::DeadlinePassed);
        assert_eq!(shutdown.tasks.len(), 1);
        shutdown.drop_rest().await;
        assert!(shutdown.tasks.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_abort_ends_a_drain_at_once() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending());
        let other = shutdown.clone();
        let drain = tokio::spawn(async move { other.drain(Duration::from_secs(10)).await });
        shutdown.stopping().await;
        shutdown.abort();
        assert_eq!(drain.await.unwrap(), Drained::Aborted);
    }
}
