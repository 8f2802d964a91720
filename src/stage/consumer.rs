//! The task of a consumer.

use std::panic::AssertUnwindSafe;
use std::pin::pin;

use futures::FutureExt;

use super::inlet::{Inlet, Taken};
use super::{Consumer, ProducerRef, Reason, Running, SubscribeOptions, panic_message};

/// A consumer to be configured and spawned. Made by
/// [`stage::consumer`](super::consumer()).
pub struct ConsumerBuilder<C: Consumer> {
    consumer: C,
    inlet: Inlet<C::Event>,
}

impl<C: Consumer> ConsumerBuilder<C> {
    pub(super) fn new(consumer: C) -> Self {
        Self { consumer, inlet: Inlet::new() }
    }

    /// Subscribes to a producer. May be called for several of them.
    pub fn subscribe_to(
        mut self,
        producer: &ProducerRef<C::Event>,
        options: impl Into<SubscribeOptions<C::Event>>,
    ) -> Self {
        self.inlet.subscribe(producer.clone(), options.into());
        self
    }

    /// Starts the stage.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> Running<C::Event> {
        let mail = self.inlet.address();
        let task = tokio::spawn(run(self.consumer, self.inlet));
        Running { mail, task }
    }
}

async fn run<C: Consumer>(mut consumer: C, mut inlet: Inlet<C::Event>) -> Reason {
    loop {
        if let Some(reason) = inlet.exit() {
            return reason.clone();
        }
        let Some(Taken { slot, events }) = inlet.take() else {
            let message = inlet.recv().await;
            inlet.handle(message);
            continue;
        };
        let n = events.len();
        let mut work = pin!(AssertUnwindSafe(consumer.consume(events)).catch_unwind());
        // Mail is read while the handler runs, so that a stop or a resize can
        // give events back without waiting for it.
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = work.as_mut() => break outcome,
                message = inlet.recv() => inlet.handle(message),
            }
        };
        if let Err(panic) = outcome {
            return Reason::Panicked(panic_message(&*panic));
        }
        inlet.finished(slot, n);
    }
}
