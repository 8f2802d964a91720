//! The pool's own task: starts its workers, stops them, and applies new settings.
//!
//! A *worker* here is any task that subscribes: one of `concurrency` under
//! [`Spread::Workers`], the only one under [`Spread::PerEvent`].

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinSet};

use super::{Handler, KilledWorker, PoolSettings, Shared, Spread, Work, per_event, worker};
use crate::demand::Limits;
use crate::dispatch::SubscribeError;
use crate::stage::inlet::Inlet;
use crate::stage::mail::{ConsumerMail, Peek, ToConsumer};
use crate::stage::meter::Meter;
use crate::stage::{CancelMode, Kind, ProducerRef, Reason, Status, SubscribeOptions};

/// A request of the pool's handle to its task.
pub(super) enum Command<T> {
    /// Apply these settings.
    Resize { settings: PoolSettings, done: oneshot::Sender<()> },
    /// Abort this worker and start another one. The answer comes once its task has ended, or
    /// is `None` if there is no such worker.
    Kill { worker: Id, done: oneshot::Sender<Option<KilledWorker>> },
    /// Have each worker read what it has prefetched.
    Peek(Box<dyn FnMut(Id) -> Peek<T> + Send>),
    /// Handle an event that did not come from the producer.
    Start(T),
    /// Finish what was begun, and end.
    Stop,
}

/// A running worker: its mailbox, and the handle that aborts its task.
struct Worker<T> {
    id: Id,
    mail: ConsumerMail<T>,
    abort: AbortHandle,
}

/// A worker that was aborted and whose task has not ended yet.
struct Kill {
    worker: Id,
    /// The events that it had dropped and requeued before.
    before: KilledWorker,
    done: oneshot::Sender<Option<KilledWorker>>,
}

impl KilledWorker {
    fn of(Status { dropped, requeued, .. }: &Status) -> Self {
        Self { dropped: *dropped, requeued: *requeued }
    }
}

impl<T> Worker<T> {
    /// Sends a message and waits until the worker has acted on it.
    async fn request(&self, message: impl FnOnce(oneshot::Sender<()>) -> ToConsumer<T>) {
        let (done, applied) = oneshot::channel();
        if self.mail.send(message(done)).is_ok() {
            // An error means that the worker has ended, and requeued all it had.
            let _ = applied.await;
        }
    }
}

/// The state of the pool's task.
///
/// Invariants:
/// 1. Each of `workers` has a task in `tasks`.
/// 2. After a resize with one subscription each, there are at most as many workers as the
///    settings say.
/// 3. Once `closing` is set, no worker starts.
pub(super) struct PoolTask<T, H> {
    producer: ProducerRef<T>,
    work: Arc<Work<H>>,
    settings: PoolSettings,
    /// How each worker subscribes; its limits come from the settings.
    options: SubscribeOptions<T>,
    /// True if the producer's dispatcher allows a consumer one subscription. The pool then
    /// has one worker, which keeps its events when the pool is resized.
    single: bool,
    /// The workers that are not retiring, oldest first.
    workers: Vec<Worker<T>>,
    /// The workers that finish the event they have begun, then end.
    retiring: Vec<Worker<T>>,
    kills: Vec<Kill>,
    /// The tasks of all workers, of retiring workers that finish an event, and of events
    /// started by hand.
    tasks: JoinSet<Reason>,
    /// Why the producer ended, once a worker has heard of it.
    ended: Option<Reason>,
    /// Why the pool is closing: it was asked to stop, or the producer refuses it.
    closing: Option<Reason>,
}

impl<T: Send + 'static, H: Handler<T>> PoolTask<T, H> {
    pub(super) fn new(
        producer: ProducerRef<T>,
        work: Work<H>,
        settings: PoolSettings,
        options: SubscribeOptions<T>,
    ) -> Self {
        Self {
            producer,
            work: Arc::new(work),
            settings,
            options,
            single: false,
            workers: Vec::new(),
            retiring: Vec::new(),
            kills: Vec::new(),
            tasks: JoinSet::new(),
            ended: None,
            closing: None,
        }
    }

    /// Runs until the producer has ended, or the pool was stopped, and everything is
    /// finished. Returns the reason.
    pub(super) async fn run(&mut self, mut commands: mpsc::UnboundedReceiver<Command<T>>) -> Reason {
        self.start_workers();
        loop {
            if self.tasks.is_empty()
                && let Some(reason) = &self.closing
            {
                return reason.clone();
            }
            tokio::select! {
                Some(command) = commands.recv() => match command {
                    Command::Resize { settings, done } => {
                        self.resize(settings).await;
                        // The caller may have dropped its future.
                        let _ = done.send(());
                    }
                    Command::Kill { worker, done } => self.kill(worker, done),
                    Command::Peek(mut peek) => {
                        for worker in &self.workers {
                            // A worker that has ended holds nothing.
                            drop(worker.mail.send(ToConsumer::Peek(peek(worker.id))));
                        }
                    }
                    Command::Start(event) => self.start_event(event),
                    Command::Stop => {
                        self.closing.get_or_insert(Reason::Stopped);
                        self.retire_above(0).await;
                    }
                },
                Some(joined) = self.tasks.join_next_with_id() => {
                    let (id, reason) = match joined {
                        Ok(ended) => ended,
                        Err(error) => (error.id(), Reason::Aborted),
                    };
                    self.on_exit(id, reason);
                }
                // Only without tasks is it certain that no event comes back.
                () = self.producer.gone(), if self.tasks.is_empty() => {
                    return self.ended.take().or(self.producer.reason()).unwrap_or(Reason::Aborted);
                }
                else => return Reason::Stopped,
            }
        }
    }

    /// Aborts all workers and the handlers they run, and waits until none runs.
    pub(super) async fn abort_all(&mut self) -> Reason {
        self.tasks.shutdown().await;
        // The tasks of single events were aborted with the worker that owns them, but that
        // does not wait for them. Each holds a slot: once the only slot is ours, all have
        // ended.
        self.shared().slots.resize(Some(1));
        drop(self.shared().slots.acquire().await);
        Reason::Aborted
    }

    fn shared(&self) -> &Shared {
        &self.work.shared
    }

    /// Removes a task that has ended, and starts a successor if one is needed.
    fn on_exit(&mut self, id: Id, reason: Reason) {
        let before = self.workers.len();
        self.workers.retain(|worker| worker.id != id);
        self.retiring.retain(|worker| worker.id != id);
        // False for a retiring or killed worker and for an event started by hand.
        let by_itself = self.workers.len() < before;
        let last = self.shared().meters.remove(id);
        let had_events = last.as_ref().is_some_and(|last| last.events_in > 0);
        let was_killed = self.answer_kill(id, last.as_ref());
        if reason == Reason::Refused(SubscribeError::OneSubscription) {
            // Every worker gets this refusal; the successor starts when the last has left.
            self.single = true;
            self.start_workers();
            return;
        }
        // Without a successor of the producer to wait for, the pool ends as its producer did.
        let waits_for_successor = self.options.cancel == CancelMode::Resubscribe;
        let failed = by_itself && !waits_for_successor && !reason.is_normal();
        if failed || matches!(reason, Reason::Refused(_)) {
            self.closing.get_or_insert(reason.clone());
        }
        // A worker that got no event is not replaced, whatever the reason: a producer that
        // is ending waits until it has no consumers, and two pools that kept replacing theirs
        // would keep it waiting. A worker that finished while others still work is not
        // replaced either. The last one is, because a retiring worker may have requeued
        // events after the others had left.
        // A killed worker is replaced only once, so this delays nothing.
        if was_killed || had_events && (self.tasks.is_empty() || reason != Reason::Finished) {
            self.start_workers();
        }
        // A worker that subscribed after the producer had gone knows no better reason.
        if by_itself && (had_events || self.ended.is_none()) {
            self.ended = Some(reason);
        }
    }

    /// Aborts a worker's task.
    fn kill(&mut self, worker: Id, done: oneshot::Sender<Option<KilledWorker>>) {
        let position = |workers: &[Worker<T>]| workers.iter().position(|other| other.id == worker);
        let found = if let Some(at) = position(&self.workers) {
            // It no longer counts as a worker, so a concurrent resize replaces it.
            Some(self.workers.remove(at))
        } else {
            position(&self.retiring).map(|at| self.retiring.remove(at))
        };
        let (Some(found), Some(status)) = (found, self.shared().meters.of(worker)) else {
            // The caller may have dropped its future, here and below.
            let _ = done.send(None);
            return;
        };
        found.abort.abort();
        self.kills.push(Kill { worker, before: KilledWorker::of(&status), done });
    }

    /// Answers the kill of a worker whose task has ended. Returns false if it was not killed.
    fn answer_kill(&mut self, worker: Id, last: Option<&Status>) -> bool {
        let Some(at) = self.kills.iter().position(|kill| kill.worker == worker) else { return false };
        let Kill { before, done, .. } = self.kills.swap_remove(at);
        let last = last.map_or(before, KilledWorker::of);
        let _ = done.send(Some(KilledWorker {
            dropped: last.dropped - before.dropped,
            requeued: last.requeued - before.requeued,
        }));
        true
    }

    /// Handles an event that did not come from the producer, in a task of its own.
    fn start_event(&mut self, event: T) {
        let work = Arc::clone(&self.work);
        self.tasks.spawn(async move {
            work.run(event).await;
            Reason::Stopped
        });
    }

    async fn resize(&mut self, new: PoolSettings) {
        let old = std::mem::replace(&mut self.settings, new);
        if old == new {
            return;
        }
        if self.single {
            self.shared().slots.resize(Some(new.concurrency));
            if let Some(limits) = new.single_limits() {
                for worker in &self.workers {
                    worker.request(|done| ToConsumer::Adjust { limits, done }).await;
                }
            }
            self.start_workers();
            return;
        }
        // While the producer is frozen, everything it has dispatched is in some worker's mailbox,
        // and requeued events are not dispatched to the first worker that asks.
        let mut freeze = self.producer.freeze();
        if let Some(freeze) = &mut freeze {
            freeze.in_force().await;
        }
        self.shared().slots.resize(Some(new.concurrency));
        let wanted = if old.spread == new.spread { new.workers_wanted() } else { 0 };
        self.retire_above(wanted).await;
        debug_assert!(self.workers.len() <= wanted, "invariant 2: workers beyond the settings");
        if new.requeue || old.worker_limits() != new.worker_limits() {
            self.requeue().await;
        }
        self.start_workers();
    }

    /// Retires all but the `n` oldest workers: each finishes the event it has begun, requeues
    /// the rest and ends.
    async fn retire_above(&mut self, n: usize) {
        for retiring in self.workers.split_off(n.min(self.workers.len())) {
            retiring.request(|done| ToConsumer::Stop { reason: Reason::Stopped, done }).await;
            self.retiring.push(retiring);
        }
    }

    /// Has every worker requeue the events it has not begun, and ask anew.
    async fn requeue(&self) {
        let limits = self.settings.worker_limits();
        for worker in &self.workers {
            worker.request(|done| ToConsumer::Requeue { limits, done }).await;
        }
    }

    /// Returns the number of workers there should be, and their limits. `None` when the pool
    /// rests.
    fn wanted(&self) -> Option<(usize, Limits)> {
        let (workers, limits) = match self.single {
            true => (1, self.settings.single_limits()),
            false => (self.settings.workers_wanted(), self.settings.worker_limits()),
        };
        Some((workers, limits?))
    }

    /// Starts the workers that are missing, unless the pool closes or the producer is gone.
    fn start_workers(&mut self) {
        debug_assert!(self.workers.len() <= self.tasks.len(), "invariant 1: a worker without a task");
        let Some((wanted, limits)) = self.wanted().filter(|_| self.closing.is_none()) else { return };
        while self.workers.len() < wanted && !self.producer.is_gone() {
            self.start_worker(limits);
        }
    }

    fn start_worker(&mut self, limits: Limits) {
        debug_assert!(self.closing.is_none(), "invariant 3: a worker starts in a pool that closes");
        let meter = Meter::new(Some(Arc::clone(&self.shared().name)), Kind::Consumer, None);
        let mut inlet = Inlet::new(meter.clone(), None);
        let mail = inlet.address();
        let (producer, options) = (self.producer.clone(), self.options.clone().limits(limits));
        match self.single {
            true => inlet.subscribe(producer, options),
            false => inlet.subscribe_pooled(producer, options),
        };
        let work = Arc::clone(&self.work);
        let task = match self.settings.spread {
            Spread::Workers if !self.single => self.tasks.spawn(worker::run(inlet, work)),
            Spread::Workers | Spread::PerEvent => self.tasks.spawn(per_event::run(inlet, work)),
        };
        self.work.shared.meters.add(task.id(), meter);
        self.workers.push(Worker { id: task.id(), mail, abort: task });
    }
}
