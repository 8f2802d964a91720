//! A consumer that runs up to `concurrency` events at a time, and can be resized
//! while it runs.
//!
//! ```text
//!                     ┌─ worker ── one event at a time ─┐
//!   producer ◀─ ask ──┼─ worker ── one event at a time ─┤   Spread::Workers
//!                     └─ worker ── one event at a time ─┘
//!
//!   producer ◀─ ask ──── supervisor ── one task an event      Spread::PerEvent
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
//! # On a broadcast or a partition
//! A [broadcast](crate::dispatch::BroadcastDispatcher) and a
//! [partition](crate::dispatch::PartitionDispatcher) serve each consumer by one
//! subscription. There a pool in either mode subscribes once, and shares what it is
//! sent among up to `concurrency` handlers: it handles each event once. It asks for
//! as much in advance as its workers would together. A resize changes how many
//! handlers run and how much is asked for, and gives nothing back. With concurrency
//! 0 the subscription stays, and a broadcast waits for the pool; a pool that starts
//! with 0 is not subscribed until it grows.
//!
//! On a partition, name it with [`PoolBuilder::options`]; otherwise the pool ends
//! with [`Reason::Refused`]. Events of one key are begun in order, and one at a time
//! only with concurrency 1.
//!
//! # Panics in a handler
//! They end that event, not the worker: the pool logs it, counts it in
//! [`Pool::panics`] and goes on. The event itself is dropped by the unwinding;
//! an event that must be accounted for does so in its `Drop`, as
//! the events of `weir-parts` do. To try it again instead, and to hear of
//! those that fail for good, wrap the handler with [`retry()`].

mod foreman;
mod per_event;
mod retry;
mod settings;
mod worker;

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use retry::{AttemptError, DeadLetter, Retry, RetryAccount, RetryCounts, TryHandler, retry};
pub use settings::{PoolSettings, Spread};

use self::foreman::{Foreman, Order, Roll};
use crate::clean;
use crate::limit::Limiter;
use crate::panics;
use crate::per_thread::PerThread;
use crate::stage::stopwatch::Stopwatch;
use crate::stage::{CancelMode, Gone, Kind, ProducerRef, Reason, State, Status, SubscribeOptions};

/// What is done with each event. Implemented by async closures over one event.
pub trait Handler<T>: Send + Sync + 'static {
    /// Handles one event.
    ///
    /// # Cancel safety
    /// Dropped only when the pool is aborted; the event is then lost with it,
    /// unless it notices being dropped.
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

/// A pool to be spawned. Made by [`pool::builder`](builder).
#[derive(Debug)]
pub struct PoolBuilder<T, H> {
    handler: H,
    settings: PoolSettings,
    name: Arc<str>,
    options: SubscribeOptions<T>,
}

/// A pool that handles events with `handler`, to be named and spawned.
pub fn builder<T, H>(handler: H, settings: PoolSettings) -> PoolBuilder<T, H> {
    let options = SubscribeOptions::default().cancel(CancelMode::Resubscribe);
    PoolBuilder { handler, settings, name: "pool".into(), options }
}

impl<T, H> PoolBuilder<T, H> {
    /// How the pool subscribes: to which partition, with which selector or weight.
    /// The limits are those of the [`PoolSettings`], since a resize changes them,
    /// and a pool always asks by itself, so `limits` and `manual` have no effect.
    ///
    /// A pool ends with its producer. With [`CancelMode::Resubscribe`], which it
    /// has without options, it waits for the successor of one that failed; the
    /// other cancel modes end it at once.
    pub fn options(mut self, options: impl Into<SubscribeOptions<T>>) -> Self {
        let options = options.into();
        let cancel = match options.cancel {
            CancelMode::Resubscribe => CancelMode::Resubscribe,
            CancelMode::Permanent | CancelMode::Transient | CancelMode::Temporary => CancelMode::Permanent,
        };
        self.options = SubscribeOptions { cancel, manual: false, ..options };
        self
    }

    /// A name for statuses; by default "pool".
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Starts the pool: it consumes from `producer`, and from its successor
    /// should it fail and be [replaced](ProducerRef::reserve).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self, producer: &ProducerRef<T>) -> Pool<T>
    where
        T: Send + 'static,
        H: Handler<T>,
    {
        let Self { handler, settings, name, options } = self;
        let (orders, inbox) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        let slots = Limiter::new(Some(settings.concurrency));
        let face = Arc::new(Face { name, slots, counts: Counts::default(), roll: Roll::default(), ended });
        let work = Work { handler, face: Arc::clone(&face) };
        let mut foreman = Foreman::new(producer.clone(), work, settings, options);
        let abort = CancellationToken::new();
        let aborted = abort.clone();
        tokio::spawn(async move {
            let ended = tokio::select! {
                biased;
                // Wherever the foreman is, in the middle of a resize included.
                () = aborted.cancelled() => None,
                reason = foreman.run(inbox) => Some(reason),
            };
            let reason = match ended {
                Some(reason) => reason,
                None => foreman.dismiss_all().await,
            };
            end.send_replace(Some(reason));
        });
        Pool { orders, face, abort }
    }
}

/// A running pool. Dropping it aborts its workers and what they run.
pub struct Pool<T> {
    orders: mpsc::UnboundedSender<Order<T>>,
    face: Arc<Face>,
    /// A token and not the task's handle: somebody has to wait for the handlers,
    /// which go on to their next await.
    abort: CancellationToken,
}

/// What can be seen of a pool, and what its workers share.
#[derive(Debug)]
struct Face {
    name: Arc<str>,
    slots: Limiter,
    counts: Counts,
    roll: Roll,
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

    /// Applies new settings. Returns when they are in force: every worker has
    /// heard of them and prefetched events are back with the producer. Events
    /// that run already may still be running.
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub async fn resize(&self, settings: PoolSettings) {
        let (done, applied) = oneshot::channel();
        if self.orders.send(Order::Resize { settings, done }).is_ok() {
            // A pool that has ended has nothing to resize. It may have ended with
            // the order in its inbox, and a receiver that goes while something
            // is being sent leaves that where it is: nobody would answer.
            tokio::select! {
                _ = applied => {}
                _ = self.ended() => {}
            }
        }
    }

    /// Handles an event that did not come from the producer. It takes no slot
    /// and counts towards no demand.
    ///
    /// # Errors
    /// [`Gone`], with the pool; the event is dropped.
    pub fn start(&self, event: T) -> Result<(), Gone> {
        self.orders.send(Order::Start(event)).map_err(|_| Gone)
    }

    /// How many events from the producer are being handled.
    pub fn busy(&self) -> usize {
        self.face.slots.in_use()
    }

    /// How many handlers have panicked.
    pub fn panics(&self) -> u64 {
        self.face.counts.panics.load(Ordering::Relaxed)
    }

    /// What the pool is doing, as one stage: its members' numbers added up. Busy
    /// time is the sum over its handlers, so that it grows by up to `concurrency`
    /// seconds a second.
    pub fn status(&self) -> Status {
        self.face.status()
    }

    /// The same, for whoever does not hold the pool.
    pub(crate) fn status_fn(&self) -> impl Fn() -> Status + Send + Sync + 'static {
        let face = Arc::clone(&self.face);
        move || face.status()
    }

    /// Tells the pool to take nothing more, finish what it has begun, and end.
    /// What it had not begun goes back to the producer. See
    /// [`ended`](Self::ended).
    pub fn stop(&self) {
        // A pool that is gone has stopped.
        drop(self.orders.send(Order::Stop));
    }

    /// The same, for whoever does not hold the pool.
    pub(crate) fn stopper(&self) -> impl FnOnce() + Send + 'static
    where
        T: Send + 'static,
    {
        let orders = self.orders.clone();
        move || drop(orders.send(Order::Stop))
    }

    /// Waits until the producer has ended and every event is finished, and says
    /// why the producer ended.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pool running.
    pub async fn ended(&self) -> Reason {
        match self.face.ended.clone().wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(Reason::Aborted),
            Err(_) => Reason::Aborted,
        }
    }

    /// Drops all running work at its next await. Events that were not started go
    /// back to the producer. The pool has [`ended`](Self::ended) when nothing of
    /// it runs any more, with [`Reason::Aborted`].
    pub fn abort(&self) {
        self.abort.cancel();
    }

    /// The same, for whoever does not hold the pool.
    pub(crate) fn aborter(&self) -> impl Fn() + Send + 'static {
        let abort = self.abort.clone();
        move || abort.cancel()
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

impl Face {
    fn status(&self) -> Status {
        let members = self.roll.sum();
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
            events_in: members.events_in,
            events_out: 0,
            asked: members.asked,
            demand: 0,
            buffered: 0,
            held: members.held,
            dropped: members.dropped,
            busy: self.counts.busy(),
        }
    }
}

/// What is counted of the handlers.
#[derive(Debug, Default)]
struct Counts {
    panics: AtomicU64,
    watches: PerThread<Stopwatch>,
}

impl Counts {
    fn busy(&self) -> Duration {
        self.watches.iter().map(Stopwatch::read).sum()
    }
}

/// The work, as each worker does it.
struct Work<H> {
    handler: H,
    face: Arc<Face>,
}

impl<H> Work<H> {
    fn slots(&self) -> &Limiter {
        &self.face.slots
    }

    /// Handles one event. A panic is that event's end and not the worker's.
    async fn run<T>(&self, event: T)
    where
        H: Handler<T>,
    {
        // The call is inside too: a closure may panic before it has a future.
        let handled = pin!(AssertUnwindSafe(async { self.handler.handle(event).await }).catch_unwind());
        let counts = &self.face.counts;
        if let Err(panic) = counts.watches.local().time(handled).await {
            counts.panics.fetch_add(1, Ordering::Relaxed);
            log::error!("a handler panicked: {}", clean::line(&panics::message(&*panic)));
        }
    }
}
