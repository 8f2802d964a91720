//! Stages from closures, sinks and channels, for authors who need no type of their own.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use futures::{Sink, SinkExt};
use tokio::sync::mpsc;

use super::{Consumer, Producer, ProducerConsumer, Reason};

/// A producer from a closure. Made by [`stage::producer_fn`](super::producer_fn).
pub struct ProducerFn<F>(pub(super) F);

impl<F, Fut, T> Producer for ProducerFn<F>
where
    F: FnMut(usize) -> Fut + Send + 'static,
    Fut: Future<Output = Option<Vec<T>>> + Send,
    T: Send + 'static,
{
    type Event = T;

    fn produce(&mut self, demand: usize) -> impl Future<Output = Option<Vec<T>>> + Send {
        (self.0)(demand)
    }
}

/// A producer-consumer from a closure. Made by
/// [`stage::producer_consumer_fn`](super::producer_consumer_fn).
pub struct ProducerConsumerFn<F, T>(pub(super) F, pub(super) PhantomData<fn(T)>);

impl<F, Fut, I, O> ProducerConsumer for ProducerConsumerFn<F, I>
where
    F: FnMut(Vec<I>) -> Fut + Send + 'static,
    Fut: Future<Output = Vec<O>> + Send,
    I: Send + 'static,
    O: Send + 'static,
{
    type In = I;
    type Out = O;

    fn process(&mut self, events: Vec<I>) -> impl Future<Output = Vec<O>> + Send {
        (self.0)(events)
    }
}

/// A consumer from a closure. Made by [`stage::consumer_fn`](super::consumer_fn).
pub struct ConsumerFn<F, T>(pub(super) F, pub(super) PhantomData<fn(T)>);

impl<F, Fut, T> Consumer for ConsumerFn<F, T>
where
    F: FnMut(Vec<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
    T: Send + 'static,
{
    type Event = T;

    fn consume(&mut self, events: Vec<T>) -> impl Future<Output = ()> + Send {
        (self.0)(events)
    }
}

/// A consumer that sends every event to a sink. Made by
/// [`stage::to_sink`](super::to_sink).
pub struct ToSink<S, T> {
    sink: Pin<Box<S>>,
    failed: Option<Reason>,
    events: PhantomData<fn(T)>,
}

impl<S, T> ToSink<S, T> {
    pub(super) fn new(sink: S) -> Self {
        Self { sink: Box::pin(sink), failed: None, events: PhantomData }
    }
}

impl<S, T> Consumer for ToSink<S, T>
where
    S: Sink<T, Error: fmt::Display> + Send + 'static,
    T: Send + 'static,
{
    type Event = T;

    /// Sends the batch and flushes once. A sink that is not ready holds the stage back, and
    /// with it the producer.
    async fn consume(&mut self, events: Vec<T>) {
        let mut all = futures::stream::iter(events.into_iter().map(Ok));
        if let Err(error) = self.sink.send_all(&mut all).await {
            self.failed = Some(Reason::failed(error));
        }
    }

    fn exit_reason(&mut self) -> Option<Reason> {
        self.failed.clone()
    }

    async fn terminate(&mut self, _reason: &Reason) {
        if self.failed.is_none()
            && let Err(error) = self.sink.close().await
        {
            log::error!("a sink could not be closed: {error}");
        }
    }
}

/// A producer that ends when all senders are gone. A full channel makes its senders wait,
/// fail or time out, depending on whether they call `send`, `try_send` or `send_timeout`.
impl<T: Send + 'static> Producer for mpsc::Receiver<T> {
    type Event = T;

    async fn produce(&mut self, demand: usize) -> Option<Vec<T>> {
        let mut events = Vec::new();
        let n = self.recv_many(&mut events, demand).await;
        (n > 0).then_some(events)
    }

    /// Returns zero: while `produce` waits, no event has left the channel.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}

/// A producer that ends when all senders are gone, for senders that never wait.
impl<T: Send + 'static> Producer for mpsc::UnboundedReceiver<T> {
    type Event = T;

    async fn produce(&mut self, demand: usize) -> Option<Vec<T>> {
        let mut events = Vec::new();
        let n = self.recv_many(&mut events, demand).await;
        (n > 0).then_some(events)
    }

    /// Returns zero: while `produce` waits, no event has left the channel.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}

impl<F> fmt::Debug for ProducerFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProducerFn")
    }
}

impl<F, T> fmt::Debug for ProducerConsumerFn<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProducerConsumerFn")
    }
}

impl<F, T> fmt::Debug for ConsumerFn<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsumerFn")
    }
}

impl<S, T> fmt::Debug for ToSink<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToSink").field("failed", &self.failed).finish_non_exhaustive()
    }
}
