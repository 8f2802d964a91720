//! From a source, through stages, into a pool: put together, and handled as one.
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
//! The bench's events travel in a [`Ticket`], which cannot vanish: whoever drops
//! it unsettled, by a panic or an abort, has it counted as failed. What they are
//! counted in is an [`Account`].
//!
//! # When a stage dies
//! Its reason goes down the pipeline, and [`Pipeline::ended`] says it. To have
//! stages started again, put them under a [supervisor](weir_stage::supervise) instead,
//! each at a [seat](weir_stage::stage::ProducerRef::reserve) of its own.

mod build;
mod event;
mod inside;
mod ledger;
mod source;
mod ticket;

use std::fmt;
use std::time::Duration;

pub use build::PipelineBuilder;
pub use event::{Clock, Event, EventTimes, Stamp};
pub use ledger::{Account, LedgerCounts, Outcome};
pub use source::QueueSource;
pub use ticket::Ticket;

use self::build::{Head, Part};
use weir_stage::dispatch::Dispatcher;
use weir_stage::pool::{Pool, PoolSettings};
use weir_stage::shutdown::Drained;
use weir_stage::stage::{Producer, ProducerBuilder, Reason, State, Status};

/// A running pipeline whose pool handles `T`. Dropping it aborts what runs.
pub struct Pipeline<T> {
    head: Box<dyn Head>,
    /// In the order in which events go through them.
    stages: Vec<Box<dyn Part>>,
    pool: Pool<T>,
}

impl<T: Send + 'static> Pipeline<T> {
    /// Begins with a source of `T`; go on with [`PipelineBuilder::through`] and
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
    /// Changes concurrency, mode or limits of the pool. See [`Pool::resize`].
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub async fn resize(&self, settings: PoolSettings) {
        self.pool.resize(settings).await;
    }

    /// Takes nothing more from the source until [`resume`](Self::resume). What
    /// has left it goes on.
    ///
    /// # Cancel safety
    /// The pause is in force even if the future is dropped.
    pub async fn pause(&self) {
        self.head.pause().await;
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.head.resume();
    }

    /// What each stage is doing, in the order in which events go through them;
    /// the pool is the last.
    pub fn inspect(&self) -> Vec<Status> {
        let mut all: Vec<Status> = self.stages.iter().map(|stage| stage.status()).collect();
        all.push(self.pool.status());
        all
    }

    /// The pool at the end.
    pub fn pool(&self) -> &Pool<T> {
        &self.pool
    }

    /// How many events are being handled.
    pub fn busy(&self) -> usize {
        self.pool.busy()
    }

    /// Tells the source to produce nothing more, as
    /// [`Running::stop`](weir_stage::stage::Running::stop) does. What it has produced is
    /// finished: see [`ended`](Self::ended).
    pub fn stop(&self) {
        if let Some(source) = self.stages.first() {
            source.stop(Reason::Stopped);
        }
    }

    /// Tells the source to produce nothing more, and waits until everything is
    /// finished or the deadline has passed. What is left then goes on; how much that
    /// is, [`left`](Self::left) says, and [`abort`](Self::abort) drops it.
    ///
    /// A [`produce`](Producer::produce) that is under way counts as unfinished until
    /// it returns, for it may have collected events: only its author knows. So
    /// the drain of an idle source takes until the deadline, unless the source says
    /// with [`finish_within`](Producer::finish_within) that it need not be waited
    /// for. Channels, streams and [`QueueSource`] say so.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the source stopped and the rest running.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        if let Some(source) = self.stages.first() {
            source.finish(Reason::Stopped);
        }
        match tokio::time::timeout(deadline, self.ended()).await {
            Ok(_) => Drained::Completely,
            Err(_) => Drained::DeadlinePassed,
        }
    }

    /// How many events are in the pipeline: buffered by a stage, on their way, or
    /// held. Exact when nothing moves. What an aborted stage had is dropped with
    /// it, and not left.
    pub fn left(&self) -> usize {
        let all = self.inspect();
        let left = all.iter().filter(|stage| stage.state != State::Ended);
        left.map(|stage| stage.buffered + stage.held).sum()
    }

    /// Waits until the source has ended and everything that came of it is
    /// finished; says why it ended.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pipeline running.
    pub async fn ended(&self) -> Reason {
        self.pool.ended().await
    }

    /// Drops everything in the pipeline that is not finished, at the latest when
    /// the runtime has got round to every task.
    pub fn abort(&self) {
        self.pool.abort();
        for stage in &self.stages {
            stage.abort();
        }
    }
}

impl<T> Drop for Pipeline<T> {
    /// Aborts what runs.
    fn drop(&mut self) {
        self.abort();
    }
}

impl<T> fmt::Debug for Pipeline<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.inspect()).finish()
    }
}
