//! References to a running pool, which resize it, read its state and kill its workers. They
//! do not own the pool.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{mpsc, oneshot};
use tokio::task::Id;

use super::task::Command;
use super::{PoolSettings, Shared};
use crate::stage::mail::Peek;
use crate::stage::{Gone, Reason, Status};

/// A reference to a running [`Pool`](super::Pool). Clones refer to the same pool. Dropping
/// them leaves it running.
pub struct PoolRef<T> {
    pub(super) commands: mpsc::UnboundedSender<Command<T>>,
    pub(super) shared: Arc<Shared>,
}

/// The events that a killed worker held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KilledWorker {
    /// Events that the worker had begun, which were dropped with it. With a task per event,
    /// events that ended at the same moment also count.
    pub dropped: u64,
    /// Events that the worker had prefetched but not begun. They went back to the producer.
    pub requeued: u64,
}

impl<T> Clone for PoolRef<T> {
    fn clone(&self) -> Self {
        Self { commands: self.commands.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<T> PoolRef<T> {
    /// Applies new settings. Returns when they are in force: every worker knows them, and
    /// requeued events are back with the producer. Handlers that had begun may still run.
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub async fn resize(&self, settings: PoolSettings) {
        self.request(|done| Command::Resize { settings, done }).await;
    }

    /// Kills a worker of [`workers`](Self::workers): aborts its task at its next await, and
    /// starts another one in its place unless the pool is ending or shrinking. Once the task
    /// has ended, returns what the worker held. Returns `None` if there is no such worker.
    ///
    /// With [`Spread::PerEvent`](super::Spread::PerEvent), the only worker spawns the tasks,
    /// which are aborted with it.
    ///
    /// # Cancel safety
    /// The worker is killed even if the future is dropped.
    pub async fn kill(&self, worker: Id) -> Option<KilledWorker> {
        self.request(|done| Command::Kill { worker, done }).await?
    }

    /// Sends a command and waits for its answer. Returns `None` if the pool has ended.
    async fn request<A>(&self, command: impl FnOnce(oneshot::Sender<A>) -> Command<T>) -> Option<A> {
        let (done, answer) = oneshot::channel();
        self.commands.send(command(done)).ok()?;
        // A pool may end with the command in its mailbox. A receiver that is dropped while a
        // message is being sent can leave the message there, unanswered.
        tokio::select! {
            answer = answer => answer.ok(),
            _ = self.ended() => None,
        }
    }

    /// Applies `read` to the first `most` events that each worker has prefetched and not
    /// begun, oldest first, and returns the results. A worker answers between two polls of its handler, so
    /// one that blocks its thread delays the answer.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn prefetched<R>(
        &self,
        most: usize,
        read: impl Fn(&T) -> R + Clone + Send + 'static,
    ) -> Vec<(Id, Vec<R>)>
    where
        R: Send + 'static,
    {
        let (sender, mut answers) = mpsc::unbounded_channel();
        let peek = move |worker: Id| {
            let (sender, read) = (sender.clone(), read.clone());
            Peek::new(move |events: &mut dyn Iterator<Item = &T>| {
                // The caller may have dropped its future.
                let _ = sender.send((worker, events.take(most).map(read).collect()));
            })
        };
        if self.commands.send(Command::Peek(Box::new(peek))).is_err() {
            return Vec::new();
        }
        let collect = async {
            let mut all = Vec::new();
            while let Some(answer) = answers.recv().await {
                all.push(answer);
            }
            all
        };
        tokio::select! {
            all = collect => all,
            _ = self.ended() => Vec::new(),
        }
    }

    /// Handles an event that did not come from the producer. It takes no slot and counts
    /// towards no demand.
    ///
    /// # Errors
    /// [`Gone`] if the pool has ended; the event is dropped.
    pub fn start(&self, event: T) -> Result<(), Gone> {
        self.commands.send(Command::Start(event)).map_err(|_| Gone)
    }

    /// Returns the number of events from the producer that are being handled.
    pub fn busy(&self) -> usize {
        self.shared.slots.in_use()
    }

    /// Returns the state of each worker, the oldest first, with the id of its task. With
    /// [`Spread::Workers`](super::Spread::Workers), a worker handles its events in this task;
    /// with [`Spread::PerEvent`](super::Spread::PerEvent), the only worker spawns a task per
    /// event. A retiring worker is listed until it has finished.
    pub fn workers(&self) -> Vec<(Id, Status)> {
        self.shared.meters.workers()
    }

    /// Returns the number of handlers that have panicked.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }

    /// Returns the state of the pool as that of one stage: the sums over its workers. Busy
    /// time is summed over the handlers, so it grows by up to `concurrency` seconds a second.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Tells the pool to take nothing more, finish what it has begun, and end. It requeues
    /// the events it has not begun. See [`ended`](Self::ended).
    pub fn stop(&self) {
        // A send fails only if the pool has already ended.
        drop(self.commands.send(Command::Stop));
    }

    /// Waits until the producer has ended and every event is finished. Returns why the
    /// producer ended.
    ///
    /// # Cancel safety
    /// The pool keeps running if the future is dropped.
    pub async fn ended(&self) -> Reason {
        match self.shared.ended.clone().wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(Reason::Aborted),
            Err(_) => Reason::Aborted,
        }
    }
}

impl<T> fmt::Debug for PoolRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolRef").field(&self.status()).finish()
    }
}
