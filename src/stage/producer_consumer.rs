//! The task of a producer-consumer.
//!
//! It asks upstream as any consumer does, but handles a batch only while
//! somebody downstream wants events. What one batch yields beyond that demand
//! is buffered, so the buffer holds at most the output of one batch.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use super::inlet::{Inlet, Taken};
use super::producer::{Counter, while_serving};
use super::{ProducerConsumer, ProducerRef, Reason, RunningProducer, SubscribeOptions, panic_message};
use crate::buffer::Buffer;
use crate::dispatch::{DemandDispatcher, Dispatcher};

/// A producer-consumer to be configured and spawned. Made by
/// [`stage::producer_consumer`](super::producer_consumer()).
pub struct ProducerConsumerBuilder<P: ProducerConsumer, D = DemandDispatcher> {
    stage: P,
    inlet: Inlet<P::In>,
    dispatcher: D,
}

impl<P: ProducerConsumer> ProducerConsumerBuilder<P> {
    pub(super) fn new(stage: P) -> Self {
        Self { stage, inlet: Inlet::new(), dispatcher: DemandDispatcher::new() }
    }
}

impl<P: ProducerConsumer, D: Dispatcher<P::Out>> ProducerConsumerBuilder<P, D> {
    /// Subscribes to a producer. May be called for several of them.
    pub fn subscribe_to(
        mut self,
        producer: &ProducerRef<P::In>,
        options: impl Into<SubscribeOptions<P::In>>,
    ) -> Self {
        self.inlet.subscribe(producer.clone(), options.into());
        self
    }

    /// Dispatches with `dispatcher` instead of a [`DemandDispatcher`].
    pub fn dispatcher<E: Dispatcher<P::Out>>(self, dispatcher: E) -> ProducerConsumerBuilder<P, E> {
        ProducerConsumerBuilder { stage: self.stage, inlet: self.inlet, dispatcher }
    }

    /// Starts the stage.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> RunningProducer<P::Out> {
        let (counter, mail) = Counter::new(self.dispatcher, Buffer::default());
        let task = tokio::spawn(run(self.stage, self.inlet, counter));
        RunningProducer { producer: ProducerRef::new(mail), task }
    }
}

async fn run<P, D>(mut stage: P, mut inlet: Inlet<P::In>, mut counter: Counter<P::Out, D>) -> Reason
where
    P: ProducerConsumer,
    D: Dispatcher<P::Out>,
{
    let reason = loop {
        if let Some(reason) = inlet.exit() {
            break reason.clone();
        }
        if !inlet.has_waiting() {
            match while_serving(&mut counter, inlet.recv()).await {
                Some(message) => inlet.handle(message),
                None => break Reason::Stopped,
            }
            continue;
        }
        if !counter.is_wanted() {
            // Upstream may still have something to say while we wait.
            let message = tokio::select! {
                biased;
                demand = counter.demand() => {
                    if demand.is_none() { break Reason::Stopped }
                    continue;
                }
                message = inlet.recv() => message,
            };
            inlet.handle(message);
            continue;
        }
        let Some(Taken { slot, events }) = inlet.take() else { continue };
        let n = events.len();
        let work = AssertUnwindSafe(stage.process(events)).catch_unwind();
        match while_serving(&mut counter, work).await {
            Some(Ok(events)) => {
                if !events.is_empty() {
                    counter.emit(events);
                }
                inlet.finished(slot, n);
            }
            Some(Err(panic)) => break Reason::Panicked(panic_message(&*panic)),
            None => break Reason::Stopped,
        }
    };
    inlet.stop();
    counter.end(reason.clone()).await;
    reason
}
