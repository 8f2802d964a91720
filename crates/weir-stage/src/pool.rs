//! A consumer that handles up to `concurrency` events at a time, and can be resized while it
//! runs.
//!
//! ```text
//!                     ┌─ worker ── one event at a time ─┐
//!   producer ◀─ ask ──┼─ worker ── one event at a time ─┤   Spread::Workers
//!                     └─ worker ── one event at a time ─┘
//!
//!   producer ◀─ ask ──── worker ──── one task per event       Spread::PerEvent
//! ```
//!
//! **Workers** are `concurrency` consumers, each with a subscription and demand of its own,
//! as when a GenStage application starts several consumers. **Per event** is GenStage's
//! `ConsumerSupervisor`: one subscription, and a task for each event. An event takes the same
//! time either way. The difference is which task holds the events that were asked for in
//! advance.
//!
//! # Resizing
//! A resize never cancels running work. Growing adds workers. Shrinking retires workers, and
//! a retiring worker finishes the event it has begun. With [`PoolSettings::requeue`], which
//! is the default, events that were prefetched and not begun go back to the producer. It
//! dispatches them again, in order and in equal shares, so that new workers get work at once.
//! All workers, old, new or retiring, share `concurrency` slots and take one before each
//! event, so a resize never starts more handlers than allowed.
//!
//! # On a broadcast or a partition
//! A [broadcast](crate::dispatch::BroadcastDispatcher) and a
//! [partition](crate::dispatch::PartitionDispatcher) serve each consumer by one subscription.
//! There a pool subscribes once, however it spreads its events, and handles each event once
//! with up to `concurrency` handlers. It asks for as much in advance as its workers would ask
//! for together. A resize changes the number of handlers and the demand, and requeues
//! nothing. With concurrency 0 the subscription stays, and a broadcast waits for the pool. A
//! pool that starts with 0 subscribes when it grows.
//!
//! On a partition, set its number with [`PoolBuilder::options`]; otherwise the pool ends with
//! [`Reason::Refused`]. Events of one key begin in order, and run one at a time only with
//! concurrency 1.
//!
//! # Panics in a handler
//! A panic ends its event, not the worker: the pool logs it, counts it in [`PoolRef::panics`]
//! and goes on. Unwinding drops the event. An event that must be accounted for does so in its
//! `Drop`, as a ticket of `weir-parts` does. To try the event again, and to receive those
//! that fail for good, wrap the handler with [`retry()`].

mod meters;
mod per_event;
mod refs;
mod retry;
mod settings;
mod task;
mod worker;

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use refs::{KilledWorker, PoolRef};
pub use retry::{AttemptError, DeadLetter, Retry, RetryAccount, RetryCounts, TryHandler, retry};
pub use settings::{PoolSettings, Spread};

use self::meters::Meters;
use self::task::PoolTask;
use crate::clean;
use crate::limit::Limiter;
use crate::panics;
use crate::per_thread::PerThread;
use crate::stage::stopwatch::Stopwatch;
use crate::stage::{CancelMode, Kind, ProducerRef, Reason, State, Status, SubscribeOptions};

/// The work a pool does for each event. Implemented by async closures over one event.
pub trait Handler<T>: Send + Sync + 'static {
    /// Handles one event.
    ///
    /// # Cancel safety
    /// The future is dropped only when the pool is aborted, and the event with it.
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

/// A pool that is configured and not spawned yet. Made by [`pool::builder`](builder).
#[derive(Debug)]
#[must_use = "a pool handles nothing until it is spawned"]
pub struct PoolBuilder<T, H> {
    handler: H,
    settings: PoolSettings,
    name: Arc<str>,
    options: SubscribeOptions<T>,
}

/// Configures a pool that handles events with `handler`.
pub fn builder<T, H>(handler: H, settings: PoolSettings) -> PoolBuilder<T, H> {
    let options = SubscribeOptions::default().cancel(CancelMode::Resubscribe);
    PoolBuilder { handler, settings, name: "pool".into(), options }
}

impl<T, H> PoolBuilder<T, H> {
    /// Sets how the pool subscribes: to which partition, with which selector or weight. The
    /// limits come from the [`PoolSettings`], because a resize changes them. A pool always
    /// asks by itself. So `limits` and `manual` have no effect here.
    ///
    /// A pool ends with its producer. With [`CancelMode::Resubscribe`], the default, it waits
    /// for the successor of a producer that failed. The other cancel modes end it at once.
    pub fn options(mut self, options: impl Into<SubscribeOptions<T>>) -> Self {
        let options = options.into();
        let cancel = match options.cancel {
            CancelMode::Resubscribe => CancelMode::Resubscribe,
            CancelMode::Permanent | CancelMode::Transient | CancelMode::Temporary => CancelMode::Permanent,
        };
        self.options = SubscribeOptions { cancel, manual: false, ..options };
        self
    }

    /// Sets the name in statuses, which is "pool" by default.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Starts the pool. It consumes from `producer`, and from its successor if it fails and
    /// is [replaced](ProducerRef::reserve).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self, producer: &ProducerRef<T>) -> Pool<T>
    where
        T: Send + 'static,
        H: Handler<T>,
    {
        let Self { handler, settings, name, options } = self;
        let (commands, inbox) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        let slots = Limiter::new(Some(settings.concurrency));
        let shared = Arc::new(Shared {
            name,
            slots,
            panics: AtomicU64::new(0),
            busy: PerThread::default(),
            meters: Meters::default(),
            ended,
        });
        let work = Work { handler, shared: Arc::clone(&shared) };
        let mut task = PoolTask::new(producer.clone(), work, settings, options);
        let abort = CancellationToken::new();
        let aborted = abort.clone();
        tokio::spawn(async move {
            let ended = tokio::select! {
                biased;
                // Whatever the task is doing, in the middle of a resize included.
                () = aborted.cancelled() => None,
                reason = task.run(inbox) => Some(reason),
            };
            let reason = match ended {
                Some(reason) => reason,
                None => task.abort_all().await,
            };
            end.send_replace(Some(reason));
        });
        Pool { refers: PoolRef { commands, shared }, abort }
    }
}

/// A running pool.
///
/// Dropping it aborts its workers and the handlers they run. A pool is owned by one caller,
/// which decides when its work ends; [`stop`](PoolRef::stop) it and wait until it has
/// [`ended`](PoolRef::ended) to finish what has begun. It has all methods of its
/// [`reference`](Self::reference).
#[must_use = "dropping a pool aborts it"]
pub struct Pool<T> {
    refers: PoolRef<T>,
    /// A token instead of the task's abort handle: the task has to wait for the handlers,
    /// which run on to their next await.
    abort: CancellationToken,
}

/// The state that a pool's handle and its workers share.
#[derive(Debug)]
struct Shared {
    name: Arc<str>,
    slots: Limiter,
    /// The number of handlers that have panicked.
    panics: AtomicU64,
    /// The time spent in handlers.
    busy: PerThread<Stopwatch>,
    meters: Meters,
    ended: watch::Receiver<Option<Reason>>,
}

impl<T> Pool<T> {
    /// Starts a pool that consumes from `producer`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn<H>(producer: ProducerRef<T>, handler: H, settings: PoolSettings) -> Self
    where
        T: Send + 'static,
        H: Handler<T>,
    {
        builder(handler, settings).spawn(&producer)
    }

    /// Returns a reference that does not own the pool. For a pool that is handed to a
    /// supervisor.
    pub fn reference(&self) -> PoolRef<T> {
        self.refers.clone()
    }

    /// Returns [`status`](PoolRef::status) as a closure that does not borrow the pool.
    pub(crate) fn status_fn(&self) -> impl Fn() -> Status + Send + Sync + 'static {
        let shared = Arc::clone(&self.refers.shared);
        move || shared.status()
    }

    /// Returns [`stop`](PoolRef::stop) as a closure that does not borrow the pool.
    pub(crate) fn stop_fn(&self) -> impl FnOnce() + Send + 'static
    where
        T: Send + 'static,
    {
        let refers = self.refers.clone();
        move || refers.stop()
    }

    /// Drops every running handler at its next await, and requeues the events that were not
    /// begun. The pool has [`ended`](PoolRef::ended), with [`Reason::Aborted`], when no handler
    /// runs any more.
    pub fn abort(&self) {
        self.abort.cancel();
    }

    /// Returns [`abort`](Self::abort) as a closure that does not borrow the pool.
    pub(crate) fn abort_fn(&self) -> impl Fn() + Send + 'static {
        let abort = self.abort.clone();
        move || abort.cancel()
    }
}

impl<T> Deref for Pool<T> {
    type Target = PoolRef<T>;

    fn deref(&self) -> &PoolRef<T> {
        &self.refers
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        self.abort();
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.status()).finish()
    }
}

impl Shared {
    fn status(&self) -> Status {
        let workers = self.meters.totals();
        let state = if self.ended.borrow().is_some() || self.ended.has_changed().is_err() {
            State::Ended
        } else if self.slots.limit() == Some(0) {
            State::Paused
        } else {
            State::Running
        };
        Status {
            name: Arc::clone(&self.name),
            kind: Kind::Pool,
            state,
            dispatcher: None,
            producers: usize::from(state != State::Ended),
            consumers: 0,
            events_in: workers.events_in,
            events_out: 0,
            asked: workers.asked,
            demand: 0,
            buffered: 0,
            held: workers.held,
            dropped: workers.dropped,
            requeued: workers.requeued,
            busy: self.busy.iter().map(Stopwatch::read).sum::<Duration>(),
        }
    }
}

/// The handler, with the state its workers share.
struct Work<H> {
    handler: H,
    shared: Arc<Shared>,
}

impl<H> Work<H> {
    fn slots(&self) -> &Limiter {
        &self.shared.slots
    }

    /// Handles one event. A panic ends the event and not the worker.
    async fn run<T>(&self, event: T)
    where
        H: Handler<T>,
    {
        // Inside `catch_unwind` is the call too: a closure may panic before it returns its
        // future.
        let handled = pin!(AssertUnwindSafe(async { self.handler.handle(event).await }).catch_unwind());
        let shared = &self.shared;
        if let Err(panic) = shared.busy.local().time(handled).await {
            shared.panics.fetch_add(1, Ordering::Relaxed);
            log::error!("a handler panicked: {}", clean::line(&panics::message(&*panic)));
        }
    }
}
