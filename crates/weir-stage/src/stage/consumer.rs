//! The task of a consumer.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;

use super::handle::stop_consumer;
use super::inlet::{Inlet, TakenBatch};
use super::meter::{Meter, State};
use super::observe::Observer;
use super::options::Intended;
use super::producer::{contained, terminate};
use super::{
    Consumer, ConsumerRef, Kind, ProducerRef, Reason, Running, RunningConsumer, SubscribeOptions,
    SubscriptionChange,
};
use crate::panics;

/// A builder that configures and spawns a consumer. Made by
/// [`stage::consumer`](super::consumer()).
#[must_use = "a builder does nothing until `spawn`"]
pub struct ConsumerBuilder<C: Consumer> {
    consumer: C,
    name: Option<Arc<str>>,
    observer: Option<Observer>,
    subscriptions: Intended<C::Event>,
}

impl<C: Consumer> ConsumerBuilder<C> {
    pub(super) fn new(consumer: C) -> Self {
        Self { consumer, name: None, observer: None, subscriptions: Vec::new() }
    }

    /// Subscribes the stage to a producer. Call it once for each producer.
    pub fn subscribe_to(
        mut self,
        producer: &ProducerRef<C::Event>,
        options: impl Into<SubscribeOptions<C::Event>>,
    ) -> Self {
        self.subscriptions.push((producer.clone(), options.into()));
        self
    }

    /// Names the stage for logs, statuses and peers; the default is "consumer".
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Calls `observer` when a subscription begins or ends. It must not block.
    pub fn observe(mut self, observer: impl Fn(&SubscriptionChange<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Spawns the stage as a tokio task.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn spawn(self) -> RunningConsumer<C::Event> {
        let Self { consumer, name, observer, subscriptions } = self;
        let meter = Meter::new(name, Kind::Consumer, None);
        let mut inlet = Inlet::new(meter.clone(), observer).logging_drops();
        for (producer, options) in subscriptions {
            inlet.subscribe(producer, options);
        }
        let (refers, stop) = (ConsumerRef::new(inlet.address()), stop_consumer(inlet.address()));
        let task = tokio::spawn(run(consumer, inlet, meter.clone()));
        Running::new(refers, stop, task, meter)
    }
}

async fn run<C: Consumer>(mut consumer: C, mut inlet: Inlet<C::Event>, meter: Meter) -> Reason {
    // Takes effect also if this task is aborted.
    let _ended = EndedOnDrop(meter.clone());
    let reason = match contained(async { consumer.init().await }).await {
        Ok(()) => consume(&mut consumer, &mut inlet, &meter).await,
        Err(reason) => reason,
    };
    meter.state(State::Ending);
    inlet.close(reason.clone());
    terminate(async { consumer.terminate(&reason).await }).await;
    reason
}

async fn consume<C: Consumer>(consumer: &mut C, inlet: &mut Inlet<C::Event>, meter: &Meter) -> Reason {
    loop {
        // Only here, between two batches: a marker runs after the batch before it is
        // finished, and before the next one is begun.
        while let Some(marker) = inlet.take_due() {
            marker.run();
        }
        if let Some(reason) = inlet.exit() {
            return reason.clone();
        }
        if !inlet.has_waiting() {
            let message = inlet.recv().await;
            inlet.handle(message);
            continue;
        }
        let Some(TakenBatch { from, events }) = inlet.take() else { continue };
        let n = events.len();
        let outcome = {
            let work = pin!(AssertUnwindSafe(async { consumer.consume(events).await }).catch_unwind());
            // Nothing awaits between `take` and here, so an abort finds the batch either in
            // the inlet or begun.
            inlet.run(meter.time(work)).await
        };
        if let Err(panic) = outcome {
            return Reason::Panicked(panics::message(&*panic));
        }
        inlet.finished(from, n);
        match catch_unwind(AssertUnwindSafe(|| consumer.exit_reason())) {
            Ok(None) => {}
            Ok(Some(reason)) => return reason,
            Err(panic) => return Reason::Panicked(panics::message(&*panic)),
        }
    }
}

/// A guard that sets the stage's state to `Ended`, however its task ends.
struct EndedOnDrop(Meter);

impl Drop for EndedOnDrop {
    fn drop(&mut self) {
        self.0.state(State::Ended);
    }
}

impl<C: Consumer> fmt::Debug for ConsumerBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
