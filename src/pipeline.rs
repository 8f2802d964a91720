//! From a queue, through the stages, into a pool: put together, and handled as
//! one.
//!
//! ```text
//!   reserve, push ─▶ queue ─▶ producer ─▶ dispatcher ─▶ pool ─▶ handler
//!        Event                 Lease                      Lease
//! ```
//!
//! Outside of the queue an event travels in a [`Lease`], which cannot be lost:
//! whoever drops it unsettled, by a panic or an abort, has it counted as failed.

mod event;
mod lease;
mod ledger;

use std::sync::Arc;

pub use event::{Clock, Event, Stamp, Times};
pub use lease::Lease;
pub use ledger::{Account, Counts, Outcome};

use crate::pool::{Handler, Pool, PoolSettings};
use crate::queue::MemoryQueue;
use crate::stage::{self, Producer, ProducerRef, Reason, RunningProducer};

/// A running pipeline.
#[derive(Debug)]
pub struct Pipeline {
    pool: Pool,
    producer: RunningProducer<Lease>,
}

impl Pipeline {
    /// Starts moving events from `queue` into a pool that handles them with
    /// `handler`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn<H: Handler<Lease>>(
        queue: Arc<MemoryQueue<Event>>,
        account: Arc<Account>,
        clock: Clock,
        handler: H,
        settings: PoolSettings,
    ) -> Self {
        let producer = stage::producer(QueueProducer { queue, account, clock }).spawn();
        let pool = Pool::spawn(producer.producer(), handler, settings);
        Self { pool, producer }
    }

    /// Changes concurrency, mode or limits. See [`Pool::resize`].
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub async fn resize(&self, settings: PoolSettings) {
        self.pool.resize(settings).await;
    }

    /// A reference to the producer, to hold and release it.
    pub fn producer(&self) -> ProducerRef<Lease> {
        self.producer.producer()
    }

    /// How many events are being handled.
    pub fn busy(&self) -> usize {
        self.pool.busy()
    }

    /// Waits until the queue is closed and everything taken from it is finished.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pipeline running.
    pub async fn ended(&self) -> Reason {
        self.pool.ended().await
    }

    /// Drops everything that was taken from the queue and is not finished. Their
    /// leases count it as failed, at the latest when the runtime has got round
    /// to every task.
    pub fn abort(&self) {
        self.pool.abort();
        self.producer.abort();
    }
}

impl Drop for Pipeline {
    /// Aborts what runs.
    fn drop(&mut self) {
        self.abort();
    }
}

/// The producer at the head of a pipeline: takes from the queue what is asked
/// for, and no more.
struct QueueProducer {
    queue: Arc<MemoryQueue<Event>>,
    account: Arc<Account>,
    clock: Clock,
}

impl Producer for QueueProducer {
    type Event = Lease;

    async fn produce(&mut self, demand: usize) -> Option<Vec<Lease>> {
        let events = self.queue.pop(demand).await?;
        let dispatched = self.clock.now();
        let lease = |event| Lease::dispatched(event, dispatched, Arc::clone(&self.account));
        Some(events.into_iter().map(lease).collect())
    }
}
