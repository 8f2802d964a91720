//! A consumer that runs up to `concurrency` events at a time, and can be resized
//! while it runs.
//!
//! ```text
//!                     ┌─ worker ── one event at a time ─┐
//!   producer ◀─ ask ──┼─ worker ── one event at a time ─┤   Mode::Workers
//!                     └─ worker ── one event at a time ─┘
//!
//!   producer ◀─ ask ──── supervisor ── one task an event      Mode::PerEvent
//! ```
//!
//! **Workers** are `concurrency` consumers, each with a subscription and demand
//! of its own, as when a GenStage application starts several consumers. **Per
//! event** is GenStage's `ConsumerSupervisor`: one subscription, and a task for
//! each event. Events take the same time in both; what differs is who holds the
//! events that were asked for in advance.
//!
//! # Resizing
//! Running work is never cancelled. Growing adds workers; shrinking retires
//! them, and a retired worker finishes the event in its hands. With recall,
//! which is the default, events that were prefetched and not started go back to
//! the producer and are dispatched again, in order and in equal shares, so that
//! new workers find something to do. Never do more than `concurrency` handlers
//! *start*: a worker takes a slot before it begins an event, and all workers,
//! old, new or retired, share the slots.
//!
//! # Panics in a handler
//! They end that event, not the worker: the pool logs it, counts it in
//! [`Pool::panics`] and goes on. The event itself is dropped by the unwinding;
//! an event that must be accounted for does so in its `Drop`, as
//! [`pipeline`](crate::pipeline)'s do. To try it again instead, and to hear of
//! those that fail for good, wrap the handler with [`retry()`].

mod retry;
mod supervisor;
mod worker;

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

pub use retry::{DeadLetter, Failure, Retry, RetryAccount, RetryCounts, TryHandler, retry};

use crate::demand::Limits;
use crate::limit::Limiter;
use crate::stage::inlet::Inlet;
use crate::stage::mail::ToConsumer;
use crate::stage::meter::Meter;
use crate::stage::{CancelMode, Kind, ProducerRef, Reason, SubscribeOptions, panic_message};

/// What is done with each event. Implemented by async closures over one event.
pub trait Handler<T>: Send + Sync + 'static {
    /// Handles one event.
    fn handle(&self, event: T) -> impl Future<Output = ()> + Send;
}

impl<T, F, Fut> Handler<T> for F
where
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    fn handle(&self, event: T) -> impl Future<Output = ()> + Send {
        self(event)
    }
}

/// How a pool spreads its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// `concurrency` consumers, each with its own demand.
    #[default]
    Workers,
    /// One consumer, one task an event.
    PerEvent,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workers => "workers",
            Self::PerEvent => "per_event",
        })
    }
}

/// What can be changed while a pool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// How many events are handled at once. With 0 the pool rests.
    pub concurrency: usize,
    /// How they are spread.
    pub mode: Mode,
    /// The limits of each worker's subscription. Per event, `concurrency` takes
    /// their place: as many are asked for as can run.
    pub limits: Limits,
    /// Whether a resize recalls events that were prefetched and not started.
    pub recall: bool,
}

/// A running pool. Dropping it aborts its workers and what they run.
#[derive(Debug)]
pub struct Pool {
    commands: mpsc::UnboundedSender<Resize>,
    slots: Limiter,
    panics: Arc<AtomicU64>,
    ended: watch::Receiver<Option<Reason>>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Resize {
    settings: PoolSettings,
    done: oneshot::Sender<()>,
}

impl Pool {
    /// Starts a pool that consumes from `producer`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn<T, H>(producer: ProducerRef<T>, handler: H, settings: PoolSettings) -> Self
    where
        T: Send + 'static,
        H: Handler<T>,
    {
        let (commands, inbox) = mpsc::unbounded_channel();
        let slots = Limiter::new(Some(settings.concurrency));
        let panics = Arc::new(AtomicU64::new(0));
        let work = Work { handler, slots: slots.clone(), panics: Arc::clone(&panics) };
        let foreman = Foreman {
            producer,
            work: Arc::new(work),
            settings,
            members: Vec::new(),
            tasks: JoinSet::new(),
        };
        let (end, ended) = watch::channel(None);
        let task = tokio::spawn(async move {
            let reason = foreman.run(inbox).await;
            end.send_replace(Some(reason));
        });
        Self { commands, slots, panics, ended, task: task.abort_handle() }
    }

    /// Applies new settings. Returns when they are in force: every worker has
    /// heard of them and prefetched events are back with the producer. Events
    /// that run already may still be running.
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub async fn resize(&self, settings: PoolSettings) {
        let (done, applied) = oneshot::channel();
        if self.commands.send(Resize { settings, done }).is_ok() {
            // An error means that the pool has ended; there is nothing to resize.
            let _ = applied.await;
        }
    }

    /// How many events are being handled.
    pub fn busy(&self) -> usize {
        self.slots.in_use()
    }

    /// How many handlers have panicked, each of them with a line in the log.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Waits until the producer has ended and every event is finished.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pool running.
    pub async fn ended(&self) -> Reason {
        match self.ended.clone().wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(Reason::Lost),
            Err(_) => Reason::Lost,
        }
    }

    /// Drops all running work at its next await. Events that were not started go
    /// back to the producer.
    pub fn abort(&self) {
        self.task.abort();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.abort();
    }
}

/// What all workers of a pool share.
struct Work<H> {
    handler: H,
    slots: Limiter,
    panics: Arc<AtomicU64>,
}

impl<H> Work<H> {
    /// Handles one event. A panic is that event's end and not the worker's.
    async fn run<T>(&self, event: T)
    where
        H: Handler<T>,
    {
        // The call is inside too: a closure may panic before it has a future.
        let handled = AssertUnwindSafe(async { self.handler.handle(event).await }).catch_unwind();
        if let Err(panic) = handled.await {
            self.panics.fetch_add(1, Ordering::Relaxed);
            log::error!("a handler panicked: {}", panic_message(&*panic));
        }
    }
}

/// One worker, or the supervisor, as the foreman knows it.
struct Member<T> {
    id: tokio::task::Id,
    mail: mpsc::UnboundedSender<ToConsumer<T>>,
}

impl<T> Member<T> {
    /// Sends an order and waits until it is carried out.
    async fn told(&self, order: impl FnOnce(oneshot::Sender<()>) -> ToConsumer<T>) {
        let (done, carried_out) = oneshot::channel();
        if self.mail.send(order(done)).is_ok() {
            // An error means that it ended, and gave back all it had.
            let _ = carried_out.await;
        }
    }
}

/// Hires and retires workers.
struct Foreman<T, H> {
    producer: ProducerRef<T>,
    work: Arc<Work<H>>,
    settings: PoolSettings,
    /// Those that are not retired, oldest first.
    members: Vec<Member<T>>,
    /// All of them, and the retired ones that still have an event in hand.
    tasks: JoinSet<Reason>,
}

impl<T: Send + 'static, H: Handler<T>> Foreman<T, H> {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Resize>) -> Reason {
        self.hire();
        loop {
            tokio::select! {
                Some(Resize { settings, done }) = inbox.recv() => {
                    self.resize(settings).await;
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
                Some(ended) = self.tasks.join_next_with_id() => {
                    let (id, reason) = match ended {
                        Ok(ended) => ended,
                        Err(error) => (error.id(), Reason::Lost),
                    };
                    self.members.retain(|member| member.id != id);
                    // One that has finished is not replaced while others still
                    // work. The last one is: a retired worker may have given
                    // events back after the others had left.
                    if reason != Reason::Finished || self.tasks.is_empty() {
                        self.hire();
                    }
                }
                // Only then is there certainly nothing more to do.
                () = self.producer.gone(), if self.tasks.is_empty() => return Reason::Finished,
                else => return Reason::Stopped,
            }
        }
    }

    async fn resize(&mut self, new: PoolSettings) {
        let old = std::mem::replace(&mut self.settings, new);
        if old == new {
            return;
        }
        // While the producer holds, everything it has dispatched is in some
        // worker's mailbox, and nothing is dispatched to the first who asks.
        self.producer.hold().await;
        self.work.slots.resize(Some(new.concurrency));
        let wanted = if old.mode == new.mode { self.wanted() } else { 0 };
        for retired in self.members.split_off(wanted.min(self.members.len())) {
            retired.told(|done| ToConsumer::Stop { reason: Reason::Stopped, done }).await;
        }
        if new.recall || self.limits_of(old) != self.limits_of(new) {
            self.recall().await;
        }
        self.hire();
        self.producer.release();
    }

    /// Has every member give back what it has not started and ask anew.
    async fn recall(&self) {
        let limits = self.limits_of(self.settings);
        for member in &self.members {
            member.told(|done| ToConsumer::Recall { limits, done }).await;
        }
    }

    fn hire(&mut self) {
        let Some(limits) = self.limits_of(self.settings) else { return };
        while self.members.len() < self.wanted() && !self.producer.is_gone() {
            let mut inlet = Inlet::new(Meter::new(None, Kind::Consumer, None), None);
            let mail = inlet.address();
            let options =
                SubscribeOptions { limits, cancel: CancelMode::Resubscribe, ..Default::default() };
            inlet.subscribe(self.producer.clone(), options);
            let work = Arc::clone(&self.work);
            let task = match self.settings.mode {
                Mode::Workers => self.tasks.spawn(worker::run(inlet, work)),
                Mode::PerEvent => self.tasks.spawn(supervisor::run(inlet, work)),
            };
            self.members.push(Member { id: task.id(), mail });
        }
    }

    fn wanted(&self) -> usize {
        match self.settings.mode {
            Mode::Workers => self.settings.concurrency,
            Mode::PerEvent => self.settings.concurrency.min(1),
        }
    }

    /// The limits of each member's subscription; none when the pool rests.
    fn limits_of(&self, settings: PoolSettings) -> Option<Limits> {
        match settings.mode {
            Mode::Workers => Some(settings.limits),
            // Asking again after each event keeps `concurrency` of them running.
            Mode::PerEvent => Limits::new(settings.concurrency, settings.concurrency.checked_sub(1)?).ok(),
        }
    }
}
