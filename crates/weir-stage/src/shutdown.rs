//! Ends a group of tasks in order: one token says stop, a tracker says done.
//!
//! A drain takes nothing new and finishes what was accepted, until a deadline. What still
//! runs after the deadline, or after an abort, is dropped. The owner of the events reports
//! those that were left over.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A request to stop, which any number of tasks can watch. Clones share the request; a
/// [child](Self::child_token) also hears its parent's.
///
/// This is tokio-util's `CancellationToken`, wrapped so that a new 0.x release of that crate
/// does not change this one's interface. Dropping a token requests nothing.
#[derive(Debug, Clone, Default)]
pub struct StopToken(CancellationToken);

impl StopToken {
    /// Creates a token on which nothing has been requested.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the stop, here and on every child. Further calls have no effect.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Returns true once the stop was requested.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the stop is requested.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + '_ {
        self.0.cancelled()
    }

    /// Creates a token that is cancelled with this one, and can be cancelled alone before.
    #[must_use]
    pub fn child_token(&self) -> Self {
        Self(self.0.child_token())
    }
}

/// Ends a group of tasks in order. Clones belong to the same group; dropping them stops
/// nothing.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// Asks the feeders to stop sending. A child of `stop`.
    stop_feeding: StopToken,
    feeders: TaskTracker,
    /// Asks everything else to take nothing new.
    stop: StopToken,
    /// Ends a drain before its deadline.
    skip_drain: CancellationToken,
    /// Drops the tasks that still run.
    abort: CancellationToken,
    tasks: TaskTracker,
}

/// A sender of work within this process, such as a load generator. It is asked to stop
/// while the group still answers, so that it can finish its own report. It counts as
/// running until it is dropped.
#[derive(Debug)]
#[must_use = "a feeder counts as running only until it is dropped"]
pub struct Feeder {
    stop: StopToken,
    _running: TaskTrackerToken,
}

impl Feeder {
    /// The token that asks this feeder to send nothing more. Cancelling it stops this
    /// feeder alone.
    pub fn token(&self) -> &StopToken {
        &self.stop
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        let stop = StopToken::new();
        Self {
            stop_feeding: stop.child_token(),
            feeders: TaskTracker::new(),
            stop,
            skip_drain: CancellationToken::new(),
            abort: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }
}

/// The way a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task has ended.
    Completely,
    /// The deadline passed first.
    DeadlinePassed,
    /// [`Shutdown::abort`] or [`Shutdown::skip_drain`] was called first.
    Aborted,
}

pin_project! {
    /// A task that ends when the group is aborted. `select!` in an `async` block would store
    /// the task twice, which matters with hundreds of thousands of them.
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
    /// Creates a group without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Spawns a task that a drain waits for. [`drop_rest`](Self::drop_rest) and
    /// [`abort`](Self::abort) drop it.
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
        Feeder { stop: self.stop_feeding.child_token(), _running: self.feeders.token() }
    }

    /// Asks the feeders to stop, and waits until they have stopped, the `limit` has passed,
    /// or the drain is skipped.
    ///
    /// # Cancel safety
    /// The request to the feeders stays in force if the future is dropped.
    pub async fn stop_feeders(&self, limit: Duration) {
        self.stop_feeding.cancel();
        self.feeders.close();
        tokio::select! {
            biased;
            () = self.feeders.wait() => {}
            () = self.skip_drain.cancelled() => {}
            () = tokio::time::sleep(limit) => {}
        }
    }

    /// Asks the group to take nothing new. Tasks see it through
    /// [`stopping`](Self::stopping).
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Stops the group, ends a [`drain`](Self::drain) at once, and drops the tasks that still
    /// run.
    pub fn abort(&self) {
        self.skip_drain();
        self.abort.cancel();
    }

    /// Stops the group and ends a [`drain`](Self::drain) at once. The tasks keep running:
    /// waking and dropping hundreds of thousands of them takes seconds.
    pub fn skip_drain(&self) {
        self.stop.cancel();
        self.skip_drain.cancel();
    }

    /// Waits until the group is asked to stop.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + '_ {
        self.stop.cancelled()
    }

    /// Creates a token that is cancelled when the group is asked to stop, and can be
    /// cancelled before.
    #[must_use]
    pub fn child_token(&self) -> StopToken {
        self.stop.child_token()
    }

    /// Returns true once the group was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Returns true once a drain was skipped or cut short.
    pub fn is_drain_skipped(&self) -> bool {
        self.skip_drain.is_cancelled()
    }

    /// Waits until the tasks must be dropped.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub fn aborting(&self) -> impl Future<Output = ()> + Send + '_ {
        self.abort.cancelled()
    }

    /// Stops the group and waits until its tasks have ended, or until `deadline` has passed.
    /// Tasks that remain keep running until [`drop_rest`](Self::drop_rest).
    ///
    /// # Cancel safety
    /// The group stays stopped and its tasks keep running if the future is dropped.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.stop();
        self.tasks.close();
        tokio::select! {
            biased;
            // Checked first, because an abort also makes the tasks end.
            () = self.skip_drain.cancelled() => Drained::Aborted,
            () = self.tasks.wait() => Drained::Completely,
            () = tokio::time::sleep(deadline) => Drained::DeadlinePassed,
        }
    }

    /// Drops the tasks that still run, and returns when none is left.
    ///
    /// # Cancel safety
    /// The tasks are still dropped if the future is; nothing then waits for the last one.
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
    async fn a_drain_ends_with_the_last_task() {
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
    async fn feeders_stop_before_the_group_does() {
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
        assert!(!feeding.await.unwrap(), "the group stopped before the feeder");
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_a_feeder_that_does_not_stop_ends_at_the_limit() {
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
