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
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Ends a group of tasks in order. Clones belong to the same group.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// Send nothing more: cancelled with `stop` at the latest.
    quiet: CancellationToken,
    feeders: TaskTracker,
    /// Take nothing new.
    stop: CancellationToken,
    /// Wait no longer for a drain.
    hurry: CancellationToken,
    /// Drop everything.
    abort: CancellationToken,
    tasks: TaskTracker,
}

/// Something in this process that sends work to the group, such as a load. It is told
/// to stop while the group still answers, so that it can finish its account. It counts
/// as running until this is dropped.
#[derive(Debug)]
pub struct Feeder {
    stop: CancellationToken,
    _running: TaskTrackerToken,
}

impl Feeder {
    /// Is cancelled when it is to send nothing more. Cancelling it stops this feeder
    /// alone.
    pub fn token(&self) -> &CancellationToken {
        &self.stop
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        let stop = CancellationToken::new();
        Self {
            quiet: stop.child_token(),
            feeders: TaskTracker::new(),
            stop,
            hurry: CancellationToken::new(),
            abort: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }
}

/// How a drain came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task has ended.
    Completely,
    /// The deadline passed first.
    DeadlinePassed,
    /// [`Shutdown::abort`] or [`Shutdown::hurry`] was called first.
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

    /// Registers a feeder.
    pub fn feeder(&self) -> Feeder {
        Feeder { stop: self.quiet.child_token(), _running: self.feeders.token() }
    }

    /// Tells the feeders to stop and waits until they have, at most for `limit`, or
    /// until an abort.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the feeders told to stop.
    pub async fn stop_feeders(&self, limit: Duration) {
        self.quiet.cancel();
        self.feeders.close();
        tokio::select! {
            biased;
            () = self.feeders.wait() => {}
            () = self.hurry.cancelled() => {}
            () = tokio::time::sleep(limit) => {}
        }
    }

    /// Says stop: whoever watches [`stopping`](Self::stopping) takes nothing
    /// new.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Says stop, ends a [`drain`](Self::drain) at once, and drops what still runs.
    pub fn abort(&self) {
        self.hurry();
        self.abort.cancel();
    }

    /// Says stop, and ends a [`drain`](Self::drain) at once. What still runs goes on: to
    /// wake and drop hundreds of thousands of tasks takes seconds.
    pub fn hurry(&self) {
        self.stop.cancel();
        self.hurry.cancel();
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

    /// Whether a drain was ended before its time.
    pub fn is_hurried(&self) -> bool {
        self.hurry.is_cancelled()
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
            () = self.hurry.cancelled() => Drained::Aborted,
            () = self.tasks.wait() => Drained::Completely,
            () = tokio::time::sleep(deadline) => Drained::DeadlinePassed,
        }
    }

    /// Drops what still runs. When it returns, no task is left.
    ///
    /// # Cancel safety
    /// Dropping the future leaves tasks that are about to be dropped.
    pub async fn drop_rest(&self) {
        self.stop.cancel();
        self.abort.cancel();
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
    async fn feeders_stop_before_anything_else_does() {
        let shutdown = Shutdown::new();
        let feeder = shutdown.feeder();
        let group = shutdown.clone();
        let feeding = tokio::spawn(async move {
            feeder.token().cancelled().await;
            sleep(Duration::from_secs(1)).await;
            group.is_stopping()
        });
        let start = Instant::now();
        shutdown.stop_feeders(Duration::from_secs(10)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        assert!(!feeding.await.unwrap(), "the group still answers");
    }

    #[tokio::test(start_paused = true)]
    async fn a_feeder_that_does_not_stop_is_waited_for_no_longer_than_the_limit() {
        let shutdown = Shutdown::new();
        let _feeder = shutdown.feeder();
        let start = Instant::now();
        shutdown.stop_feeders(Duration::from_secs(2)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
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
