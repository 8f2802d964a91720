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
//! # How this differs from GenStage, on purpose
//! - A producer's work is one async method. The *stage* remembers demand that
//!   was not served, so an author cannot forget it.
//! - What was delivered to a consumer and not started is given back when the
//!   subscription is cancelled or the consumer dies; GenStage loses it.
//! - A producer that has ended waits until its consumers have finished what it
//!   gave them; only then is it gone.

mod consumer;
pub(crate) mod inlet;
pub(crate) mod mail;
mod outlet;
mod producer;
mod producer_consumer;

use std::future::Future;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use consumer::ConsumerBuilder;
pub use producer::ProducerBuilder;
pub use producer_consumer::ProducerConsumerBuilder;

use crate::demand::Limits;
use mail::{ToConsumer, ToProducer};

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

/// How a consumer subscribes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubscribeOptions {
    /// How much to ask for, and when. By default 1000 and 500.
    pub limits: Limits,
    /// What to do when the producer goes. By default to stop too.
    pub cancel: CancelMode,
}

impl From<Limits> for SubscribeOptions {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// Refers to a running producer, to subscribe to it or to pause it. Clones refer
/// to the same stage.
#[derive(Debug)]
pub struct ProducerRef<T>(mpsc::UnboundedSender<ToProducer<T>>);

impl<T> Clone for ProducerRef<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> ProducerRef<T> {
    pub(crate) fn new(mail: mpsc::UnboundedSender<ToProducer<T>>) -> Self {
        Self(mail)
    }

    pub(crate) fn into_mail(self) -> mpsc::UnboundedSender<ToProducer<T>> {
        self.0
    }

    /// Dispatches nothing more until [`release`](Self::release) is called as
    /// often as `hold`. Asks made meanwhile are kept. Returns once everything
    /// dispatched before is in the consumers' mailboxes.
    ///
    /// # Cancel safety
    /// The hold is in force even if the future is dropped.
    pub async fn hold(&self) {
        let (done, held) = oneshot::channel();
        if self.0.send(ToProducer::Hold { done }).is_ok() {
            // An error means that the stage is gone: nothing more is dispatched.
            let _ = held.await;
        }
    }

    /// Takes back one [`hold`](Self::hold).
    pub fn release(&self) {
        drop(self.0.send(ToProducer::Release));
    }

    /// Completes when the stage is gone.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn gone(&self) {
        self.0.closed().await;
    }

    /// Whether the stage is gone.
    pub fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

/// A spawned stage without a producing side. Dropping the handle leaves the
/// stage running.
#[derive(Debug)]
pub struct Running<T> {
    mail: mpsc::UnboundedSender<ToConsumer<T>>,
    task: JoinHandle<Reason>,
}

impl<T> Running<T> {
    /// Tells the stage to give back what it has not started, finish what it has,
    /// and end. See [`join`](Self::join).
    pub fn stop(&self) {
        // Whether it has heard shows in `join`.
        let (done, _) = oneshot::channel();
        drop(self.mail.send(ToConsumer::Stop { done }));
    }

    /// Subscribes the running stage to a further producer.
    pub fn subscribe_to(&self, producer: &ProducerRef<T>, options: impl Into<SubscribeOptions>) {
        let (producer, options) = (producer.clone(), options.into());
        drop(self.mail.send(ToConsumer::Subscribe { producer, options }));
    }

    /// Waits until the stage has ended and says why.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the stage running.
    pub async fn join(self) -> Reason {
        joined(self.task).await
    }

    /// Ends the stage at its next await. What it held and had not started goes
    /// back to its producers.
    pub fn abort(&self) {
        self.task.abort();
    }
}

/// A spawned stage with a producing side. Dropping the handle leaves the stage
/// running.
#[derive(Debug)]
pub struct RunningProducer<T> {
    producer: ProducerRef<T>,
    task: JoinHandle<Reason>,
}

impl<T> RunningProducer<T> {
    /// A reference that consumers can subscribe to.
    pub fn producer(&self) -> ProducerRef<T> {
        self.producer.clone()
    }

    /// Tells the stage to produce nothing more, deliver what it has emitted, and
    /// end when its consumers have finished. A [`Producer::produce`] that is
    /// waiting is dropped.
    pub fn stop(&self) {
        drop(self.producer.0.send(ToProducer::Stop));
    }

    /// Waits until the stage has ended and says why.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the stage running.
    pub async fn join(self) -> Reason {
        drop(self.producer);
        joined(self.task).await
    }

    /// Ends the stage at its next await. Events it had buffered are dropped.
    pub fn abort(&self) {
        self.task.abort();
    }
}

async fn joined(task: JoinHandle<Reason>) -> Reason {
    match task.await {
        Ok(reason) => reason,
        Err(error) if error.is_panic() => Reason::Panicked(panic_message(&*error.into_panic())),
        Err(_) => Reason::Lost,
    }
}

/// The text of a panic, as far as it has one.
pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
