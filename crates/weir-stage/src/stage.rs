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
//! A consumer subscribes to a producer and asks for events; the producer never delivers
//! more than was asked. The subscription's [`Limits`](crate::demand::Limits) decide how
//! much is asked, and when. The producer's [`Dispatcher`](crate::dispatch::Dispatcher)
//! decides which consumer gets which event.
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
//! A stage without a type of its own can be made from a closure ([`producer_fn`],
//! [`producer_consumer_fn`], [`consumer_fn`]), an iterator ([`from_iter`]), a stream
//! ([`from_stream`]), the receiving end of a channel ([`producer`](producer())) or a sink
//! ([`to_sink`]). Any subscription can be read as a `Stream`. It asks for more as it is
//! read, so a slow reader holds the whole chain back:
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
//! A stage may have several producers, and a producer several consumers. Subscribe when
//! you build the stage, or later through its [`ConsumerRef`], which also cancels and
//! resubscribes. [`SubscribeOptions`] decide how much is asked for and how the consumer
//! reacts to the end of its producer. With [`manual`](SubscribeOptions::manual) demand,
//! only [`ConsumerRef::ask`] asks.
//!
//! When a subscription ends, events that were delivered and not started are requeued: they
//! go back to their producer and are dispatched again in their old place. That holds when
//! the subscription is cancelled, and when the consumer stops, panics or is aborted. After
//! a panic or an abort, only the batch that the handler was processing is lost. It is
//! counted in [`Status::dropped`].
//!
//! # Buffering
//! Events emitted beyond demand are kept in the producer's
//! [`Buffer`](crate::buffer::Buffer) and sent before anything new. They come from a
//! producer that returns more than it was asked for, from [`ProducerRef::emit`], and from
//! consumers that have left. A [`Marker`] keeps its place between the events.
//!
//! # Pausing
//! [`ProducerRef::pause`] stops the flow. Asks and events are kept one by one, and
//! [`ProducerRef::resume`] serves them in order. A stage can also start
//! [paused](ProducerBuilder::paused).
//!
//! # Ending
//! When a source runs out, the chain ends from the top down: each stage delivers what it
//! has, and waits until its consumers have finished. [`Running::stop`] starts the same
//! sequence at any stage. The stage finishes what it has begun, including a pending
//! [`Producer::produce`] that [returns in time](Producer::finish_within). A
//! [`CancelMode`] decides whether a consumer ends with its producer.
//!
//! A producer may also be restarted: a [supervisor](crate::supervise) starts the successor
//! under a [reserved](ProducerRef::reserve) name, and the consumers
//! [resubscribe](CancelMode::Resubscribe).
//!
//! # Watching
//! [`Running::status`] reports what a stage is doing, at no cost to the stage.
//! [`observe`](ProducerBuilder::observe) calls a closure for each change of its
//! subscriptions.
//!
//! # Deliberate differences from GenStage
//! | GenStage | here |
//! |---|---|
//! | a producer must remember demand it did not serve | one async method; the *stage* remembers, so an author cannot forget |
//! | events prefetched by a consumer that dies are lost | they are requeued and dispatched again |
//! | a producer that stops ends at once | it waits until its consumers have finished what it gave them |
//! | a partition's queue is dropped with its consumer | it waits for the next consumer |
//! | a partition's next consumer is served at once | it is served when the one before it has finished |
//! | dispatchers send changes of demand upstream | dispatchers report its level, which cannot drift |
//! | 10,000 events are buffered, then the oldest are dropped | the buffer has no bound unless you set one, and returns what it drops |
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

/// Makes a builder for a [`Producer`]. The receiving end of a tokio channel is a producer
/// too.
pub fn producer<P: Producer>(producer: P) -> ProducerBuilder<P> {
    ProducerBuilder::new(producer)
}

/// Makes a producer from a closure that serves as its [`Producer::produce`].
pub fn producer_fn<F, Fut, T>(produce: F) -> ProducerBuilder<ProducerFn<F>>
where
    F: FnMut(usize) -> Fut + Send + 'static,
    Fut: Future<Output = Option<Vec<T>>> + Send,
    T: Send + 'static,
{
    ProducerBuilder::new(ProducerFn(produce))
}

/// Makes a producer of the items of a stream; it ends with the stream.
pub fn from_stream<S>(stream: S) -> ProducerBuilder<FromStream<S>>
where
    S: Stream<Item: Send> + Send + 'static,
{
    ProducerBuilder::new(FromStream::new(stream))
}

/// Makes a producer of the items of an iterator; it ends with the iterator. It takes only
/// items for which there is demand, so the iterator may be endless.
pub fn from_iter<I>(iter: I) -> ProducerBuilder<FromStream<Iter<I::IntoIter>>>
where
    I: IntoIterator<Item: Send, IntoIter: Send + 'static>,
{
    from_stream(futures::stream::iter(iter))
}

/// Makes a builder for a [`ProducerConsumer`].
pub fn producer_consumer<P: ProducerConsumer>(stage: P) -> ProducerConsumerBuilder<P> {
    ProducerConsumerBuilder::new(stage)
}

/// Makes a producer-consumer from a closure that serves as its
/// [`ProducerConsumer::process`].
pub fn producer_consumer_fn<F, Fut, I, O>(process: F) -> ProducerConsumerBuilder<ProducerConsumerFn<F, I>>
where
    F: FnMut(Vec<I>) -> Fut + Send + 'static,
    Fut: Future<Output = Vec<O>> + Send,
    I: Send + 'static,
    O: Send + 'static,
{
    ProducerConsumerBuilder::new(ProducerConsumerFn(process, PhantomData))
}

/// Makes a builder for a [`Consumer`].
pub fn consumer<C: Consumer>(consumer: C) -> ConsumerBuilder<C> {
    ConsumerBuilder::new(consumer)
}

/// Makes a consumer from a closure that serves as its [`Consumer::consume`].
pub fn consumer_fn<F, Fut, T>(consume: F) -> ConsumerBuilder<ConsumerFn<F, T>>
where
    F: FnMut(Vec<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
    T: Send + 'static,
{
    ConsumerBuilder::new(ConsumerFn(consume, PhantomData))
}

/// Makes a consumer that sends every event to a sink and flushes it after each batch. If
/// the sink fails, the stage ends with that failure. When the stage ends, it closes the
/// sink.
pub fn to_sink<S, T>(sink: S) -> ConsumerBuilder<ToSink<S, T>>
where
    S: Sink<T, Error: fmt::Display> + Send + 'static,
    T: Send + 'static,
{
    ConsumerBuilder::new(ToSink::new(sink))
}
