//! Pipelines: a source, stages and a pool, put together and handled as one.
//!
//! ```text
//!   source ─▶ stage ─▶ … ─▶ pool ─▶ handler
//! ```
//!
//! ```
//! use weir_stage::demand::Limits;
//! use weir_parts::pipeline::Pipeline;
//! use weir_stage::pool::{self, Spread, PoolSettings};
//! use weir_stage::stage;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), weir_stage::demand::LimitsError> {
//! let words = futures::stream::iter(["to", "be", "or", "not"]);
//! let shout = |words: Vec<&'static str>| async move { words.iter().map(|w| w.to_uppercase()).collect() };
//! let print = |word: String| async move { println!("{word}") };
//! let settings =
//!     PoolSettings { concurrency: 2, spread: Spread::Workers, limits: Limits::new(1, 0)?, requeue: true };
//!
//! let pipeline = Pipeline::from(stage::from_stream(words).named("words"))
//!     .through(stage::producer_consumer_fn(shout).named("shout"), Limits::new(10, 5)?)
//!     .into(pool::builder(print, settings).named("print"));
//!
//! pipeline.resize(PoolSettings { concurrency: 4, ..settings }).await;
//! pipeline.ended().await;
//! for stage in pipeline.inspect() {
//!     println!("{}: {} in, {} out", stage.name, stage.events_in, stage.events_out);
//! }
//! # Ok(()) }
//! ```
//!
//! # Events that must not be lost
//! An event travels in a [`Ticket`], which cannot vanish: a ticket that is dropped unsettled,
//! by a panic or an abort, counts as failed. An [`Account`] does the counting.
//!
//! # Failure of a stage
//! The reason a stage failed goes down the pipeline, and [`Pipeline::ended`] returns it. To
//! restart stages, put them under a [supervisor](weir_stage::supervise) instead,
//! each at a [seat](weir_stage::stage::ProducerRef::reserve) of its own.

mod ages;
mod build;
mod event;
mod ledger;
mod source;
mod ticket;

use std::fmt;
use std::time::Duration;

pub use build::PipelineBuilder;
pub use event::{Clock, Event, EventTimes, Stamp};
pub use ledger::{Account, Keeper, LedgerCounts, Outcome};
pub use source::QueueSource;
pub use ticket::Ticket;

use self::build::{Head, Part};
use weir_stage::dispatch::Dispatcher;
use weir_stage::pool::{Pool, PoolSettings};
use weir_stage::shutdown::Drained;
use weir_stage::stage::{Producer, ProducerBuilder, Reason, State, Status};

/// A running pipeline whose pool handles `T`.
///
/// Dropping it aborts its stages and the handlers that run, as dropping a [`Pool`] does. Call
/// [`drain`](Self::drain) first to finish what has begun.
#[must_use = "dropping a pipeline aborts it"]
pub struct Pipeline<T> {
    head: Box<dyn Head>,
    /// The stages in the order in which events go through them.
    stages: Vec<Box<dyn Part>>,
    pool: Pool<T>,
}

impl<T: Send + 'static> Pipeline<T> {
    /// Starts a source of `T`. Continue with [`PipelineBuilder::through`] and
    /// [`PipelineBuilder::into`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn from<P, D>(source: ProducerBuilder<P, D>) -> PipelineBuilder<T>
    where
        P: Producer<Event = T>,
        D: Dispatcher<T>,
    {
        PipelineBuilder::from(source)
    }
}

impl<T> Pipeline<T> {
    /// Applies new settings to the pool. See [`PoolRef::resize`](weir_stage::pool::PoolRef::resize).
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub async fn resize(&self, settings: PoolSettings) {
        self.pool.resize(settings).await;
    }

    /// Stops taking events from the source until [`resume`](Self::resume). Events that have
    /// left it go on.
    ///
    /// # Cancel safety
    /// The pause is in force even if the future is dropped.
    pub async fn pause(&self) {
        self.head.pause().await;
    }

    /// Continues after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.head.resume();
    }

    /// Returns the status of each stage, in the order in which events go through them. The pool
    /// is the last.
    pub fn inspect(&self) -> Vec<Status> {
        let mut all: Vec<Status> = self.stages.iter().map(|stage| stage.status()).collect();
        all.push(self.pool.status());
        all
    }

    /// Returns the pool at the end.
    pub fn pool(&self) -> &Pool<T> {
        &self.pool
    }

    /// Returns the number of events that are being handled.
    pub fn busy(&self) -> usize {
        self.pool.busy()
    }

    /// Tells the source to produce nothing more, as
    /// [`Running::stop`](weir_stage::stage::Running::stop) does. The events it has produced are
    /// finished; see [`ended`](Self::ended).
    pub fn stop(&self) {
        if let Some(source) = self.stages.first() {
            source.stop(Reason::Stopped);
        }
    }

    /// Tells the source to produce nothing more, and waits until everything is finished or the
    /// deadline has passed. Events left then go on: [`left`](Self::left) counts them, and
    /// [`abort`](Self::abort) drops them.
    ///
    /// A call of [`produce`](Producer::produce) that is in progress counts as unfinished until
    /// it returns, because it may have collected events. The drain of an idle source therefore
    /// takes until the deadline, unless the source says with
    /// [`finish_within`](Producer::finish_within) that there is nothing to wait for. Channels,
    /// streams and [`QueueSource`] do.
    ///
    /// # Cancel safety
    /// The source stays stopped and the rest keeps running if the future is dropped.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        if let Some(source) = self.stages.first() {
            source.finish(Reason::Stopped);
        }
        match tokio::time::timeout(deadline, self.ended()).await {
            Ok(_) => Drained::Completely,
            Err(_) => Drained::DeadlinePassed,
        }
    }

    /// Returns the number of events in the pipeline: buffered by a stage, on their way, or held.
    /// It is exact when nothing moves. The events of an aborted stage were dropped with it and
    /// do not count.
    pub fn left(&self) -> usize {
        let all = self.inspect();
        let left = all.iter().filter(|stage| stage.state != State::Ended);
        left.map(|stage| stage.buffered + stage.held).sum()
    }

    /// Waits until the source has ended and all its events are finished. Returns why the source
    /// ended.
    ///
    /// # Cancel safety
    /// The pipeline keeps running if the future is dropped.
    pub async fn ended(&self) -> Reason {
        self.pool.ended().await
    }

    /// Drops every event in the pipeline that is not finished. The runtime does so when it next
    /// polls each task.
    pub fn abort(&self) {
        self.pool.abort();
        for stage in &self.stages {
            stage.abort();
        }
    }
}

impl<T> Drop for Pipeline<T> {
    /// Aborts its stages and its pool.
    fn drop(&mut self) {
        self.abort();
    }
}

impl<T> fmt::Debug for Pipeline<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.inspect()).finish()
    }
}
