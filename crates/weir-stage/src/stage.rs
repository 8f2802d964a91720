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
//! subscription's [`Limits`](crate::demand::Limits); who gets which event by the
//! producer's [`Dispatcher`](crate::dispatch::Dispatcher).
//!
//! # A producer and a consumer
//!
//! ```
//! use weir_stage::stage::{self, Consumer, Producer, SubscribeOptions};
//!
//! /// Counts to `last`.
//! struct Counter { next: u64, last: u64 }
//!
//! impl Producer for Counter {
//!     type Event = u64;
//!     async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
//!         let first = self.next;
//!         self.next = first.saturating_add(demand as u64).min(self.last + 1);
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
//! What needs no type of its own is a closure ([`producer_fn`],
//! [`producer_consumer_fn`], [`consumer_fn`]), an iterator ([`from_iter`]), a stream
//! ([`from_stream`]), the receiving end of a channel ([`producer`](producer())) or a sink
//! ([`to_sink`]). And any subscription can be read as a `Stream`, which asks for
//! more as it is read, so a slow reader holds the whole chain back:
//!
//! ```
//! use futures::StreamExt;
//! use weir_stage::{demand::Limits, stage};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let numbers = stage::from_iter(1..=1000).spawn();
//! let evens = stage::producer_consumer_fn(|numbers: Vec<u32>| async move {
//!     numbers.into_iter().filter(|n| n % 2 == 0).collect()
//! })
//! .subscribe_to(&numbers.producer(), Limits::default())
//! .spawn();
//! let limits = Limits::new(100, 50).expect("50 is below 100");
//! let some: Vec<u32> = evens.producer().subscribe(limits).take(3).collect().await;
//! assert_eq!(some, [2, 4, 6]);
//! # }
//! ```
//!
//! # Subscriptions
//! A stage may have several producers, and a producer several consumers. They are
//! subscribed when they are built, or while they run, by [`ConsumerRef`], which
//! also cancels, and subscribes anew. [`SubscribeOptions`] says how much is asked
//! for and what happens when the producer goes; with
//! [`manual`](SubscribeOptions::manual) demand nothing is asked for but by
//! [`ConsumerRef::ask`].
//!
//! Whatever was delivered and not started when a subscription ends goes back to
//! its producer, and is dispatched again in its old place. That holds for a
//! cancelled subscription, a stopped consumer, one that panics and one that is
//! aborted. Lost is only what such a consumer had in its hands, and that is counted
//! in [`Status::dropped`].
//!
//! # What is emitted and not asked for
//! is kept in the producer's [`Buffer`](crate::buffer::Buffer), and goes out
//! before anything new. That happens when a producer returns more than it was
//! asked for, when [`ProducerRef::emit`] has it emit something out of turn, and
//! when consumers leave. A [`Marker`] keeps its place between the events.
//!
//! # Pausing
//! [`ProducerRef::pause`] stops the flow; asks and events are kept, each by
//! itself, and dealt with in order by [`ProducerRef::resume`]. A stage can also
//! start [paused](ProducerBuilder::paused).
//!
//! # Ending
//! A source that runs out ends, then its consumers, and so on down the chain:
//! each delivers what it has and waits until it is finished. [`Running::stop`]
//! begins the same from where it is called: what has been begun there is finished,
//! a [`Producer::produce`] that is under way included, as far as it [returns in
//! time](Producer::finish_within). A [`CancelMode`] says whether a
//! consumer ends with its producer.
//!
//! A producer may also come back: at a [seat](ProducerRef::reserve), where a
//! [supervisor](crate::supervise) starts its successor, and where consumers
//! [resubscribe](CancelMode::Resubscribe).
//!
//! # Watching
//! [`Running::status`] says what a stage is doing, at no cost to it.
//! [`observe`](ProducerBuilder::observe) is told of subscriptions as they come and
//! go.
//!
//! # How this differs from GenStage, on purpose
//! | GenStage | here |
//! |---|---|
//! | a producer must remember demand it did not serve | one async method; the *stage* remembers, so an author cannot forget |
//! | events prefetched by a consumer that dies are lost | they go back and are dispatched again |
//! | a producer that stops is gone at once | it waits until its consumers have finished what it gave them |
//! | a partition's queue is dropped with its consumer | it waits for the next one |
//! | a partition's next consumer is served at once | when the one before it has finished what it began |
//! | dispatchers send changes of demand upstream | they are asked for its level, which cannot drift |
//! | 10,000 events are buffered, then the oldest are dropped | no bound unless one is set, and what is dropped is handed back |
//! | `handle_info` | a [`Marker`] is a closure |
//! | `handle_call` with events | [`ProducerRef::emit`], which returns when they are dispatched |
//! | `handle_subscribe`, `handle_cancel` | `observe` |

mod consumer;
mod empty_batch;
mod function;
mod handle;
pub(crate) mod inlet;
pub(crate) mod mail;
pub(crate) mod meter;
mod observe;
mod options;
mod outlet;
mod output;
mod producer;
mod producer_consumer;
#[cfg(test)]
mod protocol;
mod reason;
mod refs;
mod registration;
pub(crate) mod stopwatch;
mod stream;
mod traits;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use futures::stream::Iter;
use futures::{Sink, Stream};

pub use crate::marker::Marker;
pub use consumer::ConsumerBuilder;
pub use function::{ConsumerFn, ProducerConsumerFn, ProducerFn, ToSink};
pub use handle::{Running, RunningConsumer, RunningProducer, RunningProducerConsumer};
pub use meter::{Kind, State, Status};
pub use observe::{Peer, Side, SubscriptionChange};
pub use options::SubscribeOptions;
pub use producer::ProducerBuilder;
pub use producer_consumer::ProducerConsumerBuilder;
pub use reason::{CancelMode, Reason};
pub use refs::{ConsumerRef, Gone, ProducerRef};
pub use stream::{FromStream, Subscription, TryEvents};
pub use traits::{Consumer, FINISH_WITHIN, Producer, ProducerConsumer};

pub(crate) use handle::joined;

/// A stage around a [`Producer`], to be configured and spawned. The receiving
/// end of a tokio channel is a producer too.
pub fn producer<P: Producer>(producer: P) -> ProducerBuilder<P> {
    ProducerBuilder::new(producer)
}

/// A producer from a closure that is called as [`Producer::produce`] is.
pub fn producer_fn<F, Fut, T>(produce: F) -> ProducerBuilder<ProducerFn<F>>
where
    F: FnMut(usize) -> Fut + Send + 'static,
    Fut: Future<Output = Option<Vec<T>>> + Send,
    T: Send + 'static,
{
    ProducerBuilder::new(ProducerFn(produce))
}

/// A stage that produces what a stream yields, and ends when it ends.
pub fn from_stream<S>(stream: S) -> ProducerBuilder<FromStream<S>>
where
    S: Stream<Item: Send> + Send + 'static,
{
    ProducerBuilder::new(FromStream::new(stream))
}

/// A stage that produces what an iterator yields, and ends when it ends. Nothing
/// is taken from it that was not asked for, so it may be endless.
pub fn from_iter<I>(iter: I) -> ProducerBuilder<FromStream<Iter<I::IntoIter>>>
where
    I: IntoIterator<Item: Send, IntoIter: Send + 'static>,
{
    from_stream(futures::stream::iter(iter))
}

/// A stage around a [`ProducerConsumer`], to be configured and spawned.
pub fn producer_consumer<P: ProducerConsumer>(stage: P) -> ProducerConsumerBuilder<P> {
    ProducerConsumerBuilder::new(stage)
}

/// A producer-consumer from a closure that is called as
/// [`ProducerConsumer::process`] is.
pub fn producer_consumer_fn<F, Fut, I, O>(process: F) -> ProducerConsumerBuilder<ProducerConsumerFn<F, I>>
where
    F: FnMut(Vec<I>) -> Fut + Send + 'static,
    Fut: Future<Output = Vec<O>> + Send,
    I: Send + 'static,
    O: Send + 'static,
{
    ProducerConsumerBuilder::new(ProducerConsumerFn(process, PhantomData))
}

/// A stage around a [`Consumer`], to be configured and spawned.
pub fn consumer<C: Consumer>(consumer: C) -> ConsumerBuilder<C> {
    ConsumerBuilder::new(consumer)
}

/// A consumer from a closure that is called as [`Consumer::consume`] is.
pub fn consumer_fn<F, Fut, T>(consume: F) -> ConsumerBuilder<ConsumerFn<F, T>>
where
    F: FnMut(Vec<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
    T: Send + 'static,
{
    ConsumerBuilder::new(ConsumerFn(consume, PhantomData))
}

/// A consumer that sends every event to a sink, and flushes it after each batch.
/// When the sink fails, the stage ends with that failure; when the stage ends,
/// the sink is closed.
pub fn to_sink<S, T>(sink: S) -> ConsumerBuilder<ToSink<S, T>>
where
    S: Sink<T, Error: fmt::Display> + Send + 'static,
    T: Send + 'static,
{
    ConsumerBuilder::new(ToSink::new(sink))
}
