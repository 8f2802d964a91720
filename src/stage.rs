//! Stages: tasks that produce, consume, or both, and move events only against
//! demand.
//!
//! ```text
//!              ask 10 ◀──────          ask 4 ◀──────
//!   ┌──────────┐        ┌───────────────────┐        ┌──────────┐
//!   │ Producer │ ─────▶ │ ProducerConsumer  │ ─────▶ │ Consumer │
//!   └──────────┘ events └───────────────────┘ events └──────────┘
//! ```
//!
//! A consumer subscribes to a producer and asks for events; the producer never
//! delivers more than was asked. How much is asked, and when, is decided by the
//! subscription's [`Limits`]; who gets which event by the producer's
//! [`Dispatcher`](crate::dispatch::Dispatcher).
//!
//! # Example
//!
//! ```
//! use weir::stage::{self, Consumer, Producer, SubscribeOptions};
//!
//! /// Counts to `last`.
//! struct Counter { next: u64, last: u64 }
//!
//! impl Producer for Counter {
//!     type Event = u64;
//!     async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
//!         let first = self.next;
//!         self.next = (first + demand as u64).min(self.last + 1);
//!         (first < self.next).then(|| (first..self.next).collect())
//!     }
//! }
//!
//! struct Print;
//!
//! impl Consumer for Print {
//!     type Event = u64;
//!     async fn consume(&mut self, events: Vec<u64>) {
//!         println!("{} events, the first is {}", events.len(), events[0]);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let counter = stage::producer(Counter { next: 0, last: 99 }).spawn();
//! let printer = stage::consumer(Print)
//!     .subscribe_to(&counter.producer(), SubscribeOptions::default())
//!     .spawn();
//! printer.join().await;
//! # }
//! ```
//!
//! # The rest of the ecosystem
//!
//! Any `Stream` can be a producer, and any subscription can be read as a
//! `Stream`. It asks for more as it is read, so a slow reader holds the whole
//! chain back:
//!
//! ```
//! use futures::{StreamExt, stream};
//! use weir::{demand::Limits, stage};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let numbers = stage::from_stream(stream::iter(1..=1000)).spawn();
//! let limits = Limits::new(100, 50).expect("50 is below 100");
//! let some: Vec<u32> = numbers.producer().subscribe(limits).take(3).collect().await;
//! assert_eq!(some, [1, 2, 3]);
//! # }
//! ```
//!
//! # How this differs from GenStage, on purpose
//! - A producer's work is one async method. The *stage* remembers demand that
//!   was not served, so an author cannot forget it.
//! - What was delivered to a consumer and not started is given back when the
//!   subscription is cancelled or the consumer dies; GenStage loses it.
//! - A producer that has ended waits until its consumers have finished what it
//!   gave them; only then is it gone.

mod consumer;
mod handle;
pub(crate) mod inlet;
pub(crate) mod mail;
mod outlet;
mod producer;
mod producer_consumer;
mod stream;

use std::fmt;
use std::future::Future;

use futures::Stream;

pub use consumer::ConsumerBuilder;
pub use handle::{ProducerRef, Running, RunningProducer};
pub use producer::ProducerBuilder;
pub use producer_consumer::ProducerConsumerBuilder;
pub use stream::{FromStream, Subscription};

use crate::demand::Limits;
use crate::dispatch::Selector;

/// Produces events when it is asked for them.
pub trait Producer: Send + 'static {
    /// What is produced.
    type Event: Send + 'static;

    /// Returns the next events: at least one, at most `demand`; or `None` when
    /// there will never be more. If there are none yet, wait for them here.
    ///
    /// `demand` is all that consumers want at the moment and is at least 1.
    /// What is not served is not lost: the stage asks for it again. Should more
    /// than `demand` be returned, the excess is buffered.
    ///
    /// # Cancel safety
    /// Not needed. The stage keeps the future alive while it answers its
    /// consumers, and drops it only when the stage is stopped or aborted.
    fn produce(&mut self, demand: usize) -> impl Future<Output = Option<Vec<Self::Event>>> + Send;
}

/// Turns events into other events.
pub trait ProducerConsumer: Send + 'static {
    /// What comes in.
    type In: Send + 'static;
    /// What goes out.
    type Out: Send + 'static;

    /// Handles one batch and returns what comes of it: as many events as it
    /// likes, none included.
    ///
    /// It is called only while somebody downstream wants events, with at most
    /// `max_demand - min_demand` of them.
    fn process(&mut self, events: Vec<Self::In>) -> impl Future<Output = Vec<Self::Out>> + Send;
}

/// Handles events.
pub trait Consumer: Send + 'static {
    /// What is consumed.
    type Event: Send + 'static;

    /// Handles one batch of at least one and at most `max_demand - min_demand`
    /// events. The consumer asks for more when this returns.
    fn consume(&mut self, events: Vec<Self::Event>) -> impl Future<Output = ()> + Send;
}

/// A stage around a [`Producer`], to be configured and spawned.
pub fn producer<P: Producer>(producer: P) -> ProducerBuilder<P> {
    ProducerBuilder::new(producer)
}

/// A stage that produces what a stream yields, and ends when it ends. For an
/// iterator, wrap it with `futures::stream::iter`.
pub fn from_stream<S>(stream: S) -> ProducerBuilder<FromStream<S>>
where
    S: Stream<Item: Send> + Send + 'static,
{
    ProducerBuilder::new(FromStream::new(stream))
}

/// A stage around a [`ProducerConsumer`], to be configured and spawned.
pub fn producer_consumer<P: ProducerConsumer>(stage: P) -> ProducerConsumerBuilder<P> {
    ProducerConsumerBuilder::new(stage)
}

/// A stage around a [`Consumer`], to be configured and spawned.
pub fn consumer<C: Consumer>(consumer: C) -> ConsumerBuilder<C> {
    ConsumerBuilder::new(consumer)
}

/// Why a stage or a subscription ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The source ran out and everything was delivered.
    Finished,
    /// The consumer cancelled the subscription.
    Cancelled,
    /// The stage was told to stop.
    Stopped,
    /// The producer's dispatcher did not take the subscription; with the reason.
    Refused(String),
    /// The author's code panicked; with the message.
    Panicked(String),
    /// The stage went without a word: its task was aborted.
    Lost,
}

impl Reason {
    /// Whether this is an orderly end.
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Stopped)
    }
}

/// What a consumer does when a producer it is subscribed to goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CancelMode {
    /// Stop with the producer's reason, whatever it is.
    #[default]
    Permanent,
    /// Stop unless the producer ended normally.
    Transient,
    /// Go on, with the other producers or none.
    Temporary,
}

impl CancelMode {
    /// Whether a consumer with this mode stops when its producer ends so.
    pub fn stops_on(self, reason: &Reason) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !reason.is_normal(),
            Self::Temporary => false,
        }
    }
}

/// How a consumer subscribes. Limits alone can stand for it:
/// `Limits::new(10, 5)?.into()`.
pub struct SubscribeOptions<T> {
    /// How much to ask for, and when. By default 1000 and 500.
    pub limits: Limits,
    /// What to do when the producer goes. By default to stop too.
    pub cancel: CancelMode,
    /// Which partition of a producer with a
    /// [`PartitionDispatcher`](crate::dispatch::PartitionDispatcher).
    pub partition: Option<usize>,
    /// Which events of a producer with a
    /// [`BroadcastDispatcher`](crate::dispatch::BroadcastDispatcher); by default
    /// all.
    pub selector: Option<Selector<T>>,
    /// How many events a turn of a producer with a
    /// [`FairDispatcher`](crate::dispatch::FairDispatcher); by default 1.
    pub weight: usize,
}

impl<T> Default for SubscribeOptions<T> {
    fn default() -> Self {
        let (limits, cancel) = (Limits::default(), CancelMode::default());
        Self { limits, cancel, partition: None, selector: None, weight: 1 }
    }
}

impl<T> From<Limits> for SubscribeOptions<T> {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

impl<T> Clone for SubscribeOptions<T> {
    fn clone(&self) -> Self {
        Self { selector: self.selector.clone(), ..*self }
    }
}

impl<T> fmt::Debug for SubscribeOptions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscribeOptions")
            .field("limits", &self.limits)
            .field("cancel", &self.cancel)
            .field("partition", &self.partition)
            .field("selects", &self.selector.is_some())
            .field("weight", &self.weight)
            .finish()
    }
}

/// The text of a panic, as far as it has one.
pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
